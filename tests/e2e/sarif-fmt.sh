#!/usr/bin/env bash
# Our SARIF as the program sarif-fmt shows it: it must parse, and point at the right line.
#
#   tests/e2e/sarif-fmt.sh [PROGRAM]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/e2e/common.sh
source "$root/tests/e2e/common.sh"
find_program "${1:-}"
quick_builds

version=0.8.0
if ! "$cache/sarif-fmt/bin/sarif-fmt" --version 2>/dev/null | grep -qF "$version"; then
    say "installing sarif-fmt $version"
    cargo install --quiet --locked --root "$cache/sarif-fmt" --version "$version" sarif-fmt
fi
sarif_fmt=$cache/sarif-fmt/bin/sarif-fmt

token=$(fake_token)
mkdir "$scratch/repository"
cd "$scratch/repository"
git init --quiet
mkdir src
printf 'first line\nsecond line\nlet token = "%s";\n' "$token" >src/settings.rs
git add .
git commit --quiet -m "First commit"

status=0
"$program" scan -f sarif="$scratch/out.sarif" . || status=$?
[ "$status" -eq 1 ] || fail "a scan with a finding ended with $status"
column=14
# In its default form sarif-fmt shows the line itself, which it reads from the file that the report
# names: the secret is in there, so only a made-up one may be shown that way.
for form in pretty plain; do
    "$sarif_fmt" --color never --message-format "$form" --input "$scratch/out.sarif" >"$scratch/shown" ||
        fail "sarif-fmt cannot read the report"
    cat "$scratch/shown"
    grep -q "settings.rs:3:$column" "$scratch/shown" ||
        fail "sarif-fmt ($form) does not point at src/settings.rs, line 3, column $column"
done
if grep -qF "$token" "$scratch/shown"; then
    fail "the plain form, which is made of the report alone, shows the secret"
fi
if grep -qF "$token" "$scratch/out.sarif"; then
    fail "the report holds the secret in the clear"
fi

rm src/settings.rs
status=0
"$program" scan -f sarif="$scratch/empty.sarif" . || status=$?
[ "$status" -eq 0 ] || fail "a scan without a finding ended with $status"
"$sarif_fmt" --color never --input "$scratch/empty.sarif" >"$scratch/shown" ||
    fail "sarif-fmt cannot read an empty report"
if grep -q 'settings.rs' "$scratch/shown"; then
    fail "an empty report shows a finding"
fi
echo "sarif-fmt: shows our report"

# Violations of a policy are results of their own, with controls as taxonomies beside them.
printf 'let token = "%s";\n' "$token" >src/settings.rs
"$program" policy init --framework pci-dss-4.0.1 --framework soc2
status=0
"$program" policy check -f sarif="$scratch/policy.sarif" || status=$?
[ "$status" -eq 1 ] || fail "a check with violations ended with $status"
"$sarif_fmt" --color never --message-format plain --input "$scratch/policy.sarif" >"$scratch/shown" ||
    fail "sarif-fmt cannot read the report of a policy"
cat "$scratch/shown"
grep -q 'settings.rs:1:.*No usable secret stands in a repository' "$scratch/shown" ||
    fail "sarif-fmt does not show the violation"
grep -qF "$token" "$scratch/policy.sarif" && fail "the report of a policy holds the secret in the clear"
echo "sarif-fmt: shows a policy"
