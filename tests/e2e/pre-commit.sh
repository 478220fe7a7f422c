#!/usr/bin/env bash
# The hooks of .pre-commit-hooks.yaml in the real pre-commit framework: each of the three stages,
# from source (language: rust) and from PATH (language: system), blocks a made-up secret and lets a
# clean change pass. The committed state of this repository is what is checked.
#
#   tests/e2e/pre-commit.sh [PROGRAM]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/e2e/common.sh
source "$root/tests/e2e/common.sh"
find_program "${1:-}"
with_pypi pre-commit "pre-commit>=3.2"
export PATH=$scratch/bin:$PATH
# Not in the cache: the framework knows an environment by the path of the clone, which is new each time.
export PRE_COMMIT_HOME=$scratch/pre-commit-home
quick_builds
say "$(pre-commit --version), $(keytrail --version)"

# The framework clones what it is given; a clone of our own keeps changes that are not committed
# out of it.
git clone --quiet --no-hardlinks "$root" "$scratch/keytrail"
revision=$(git -C "$scratch/keytrail" rev-parse HEAD)
token=$(fake_token)

# Runs a command whose output must name the hooks given (up to `--`) as failed or passed, and must
# not show the token: `expect Failed keytrail-a keytrail-b -- COMMAND...`.
expect() {
    local outcome=$1 hooks=() status=0
    shift
    while [ "$1" != -- ]; do
        hooks+=("$1")
        shift
    done
    shift
    "$@" >"$scratch/output" 2>&1 || status=$?
    if grep -qF "$token" "$scratch/output"; then
        fail "the secret is shown in the clear by: $*"
    fi
    case $outcome in
    Failed) [ "$status" -ne 0 ] ;;
    Passed) [ "$status" -eq 0 ] ;;
    esac || { cat "$scratch/output" >&2; fail "expected ${outcome,,} (status $status): $*"; }
    local hook
    for hook in "${hooks[@]}"; do
        # A hook that failed shows its id below its name; one that passed is shown in the list.
        case $outcome in
        Failed) grep -qF -- "- hook id: $hook" "$scratch/output" ;;
        Passed) grep -q 'Passed$' "$scratch/output" ;;
        esac || { cat "$scratch/output" >&2; fail "$hook is not told as ${outcome,,}: $*"; }
    done
    # An incomplete scan or a hook that cannot start must not be taken for a finding.
    if [ "$outcome" = Failed ] && ! grep -q -- '- exit code: 1$' "$scratch/output"; then
        cat "$scratch/output" >&2
        fail "a hook failed for another reason than a finding: $*"
    fi
    say "${outcome,,}: ${hooks[*]}"
}

new_repository() {
    git init --quiet "$1"
    echo "a first file" >"$1/README"
    git -C "$1" add README
    git -C "$1" commit --quiet -m "First commit"
}

echo "pre-commit try-repo, language: system"
new_repository "$scratch/tried"
cd "$scratch/tried"
try() {
    pre-commit try-repo "$scratch/keytrail" "$@"
}
echo "clean" >clean.txt
git add clean.txt
expect Passed keytrail-system -- try keytrail-system --hook-stage pre-commit
echo "token = \"$token\"" >leak.txt
git add leak.txt
expect Failed keytrail-system -- try keytrail-system --hook-stage pre-commit

git commit --quiet --no-verify -m "Leak"
expect Failed keytrail-push-system -- \
    try keytrail-push-system --hook-stage pre-push --from-ref HEAD~1 --to-ref HEAD
echo "more" >clean.txt
git commit --quiet --no-verify -am "Clean"
expect Passed keytrail-push-system -- \
    try keytrail-push-system --hook-stage pre-push --from-ref HEAD~1 --to-ref HEAD

# The framework names no file to a hook that takes none, so the message is where git puts it.
echo "Say nothing" >.git/COMMIT_EDITMSG
expect Passed keytrail-commit-msg-system -- \
    try keytrail-commit-msg-system --hook-stage commit-msg --commit-msg-filename .git/COMMIT_EDITMSG
echo "Use $token" >.git/COMMIT_EDITMSG
expect Failed keytrail-commit-msg-system -- \
    try keytrail-commit-msg-system --hook-stage commit-msg --commit-msg-filename .git/COMMIT_EDITMSG

# Installed, as a team would use it: git itself runs the hooks. For language: rust the framework
# builds keytrail, once for all three stages.
for flavour in rust system; do
    suffix=
    [ "$flavour" = rust ] || suffix=-system
    echo "pre-commit install, language: $flavour"
    repository=$scratch/team-$flavour
    new_repository "$repository"
    cd "$repository"
    git init --quiet --bare "$repository.git"
    git remote add origin "$repository.git"
    cat >.pre-commit-config.yaml <<YAML
repos:
  - repo: $scratch/keytrail
    rev: $revision
    hooks:
      - id: keytrail$suffix
      - id: keytrail-push$suffix
      - id: keytrail-commit-msg$suffix
YAML
    pre-commit install --hook-type pre-commit --hook-type pre-push --hook-type commit-msg >"$scratch/output"
    git add .pre-commit-config.yaml
    expect Passed "keytrail$suffix" -- git commit -m "Set up the hooks"
    expect Passed "keytrail-push$suffix" -- git push origin main

    echo "key = \"$token\"" >leak.txt
    git add leak.txt
    expect Failed "keytrail$suffix" -- git commit -m "Leak"
    git rm --quiet --cached -f leak.txt
    rm leak.txt

    echo "clean" >clean.txt
    git add clean.txt
    expect Failed "keytrail-commit-msg$suffix" -- git commit -m "Use $token"
    expect Passed "keytrail$suffix" -- git commit -m "Say nothing"

    echo "key = \"$token\"" >leak.txt
    git add leak.txt
    git commit --quiet --no-verify -m "Slip past the first hook"
    expect Failed "keytrail-push$suffix" -- git push origin main
    # A branch that the remote does not have: the framework then names no range.
    expect Failed "keytrail-push$suffix" -- git push origin main:new-branch
    git reset --quiet --hard HEAD~1
    expect Passed "keytrail-push$suffix" -- git push origin main
done
echo "pre-commit: all stages block and pass"
