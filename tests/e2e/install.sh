#!/usr/bin/env bash
# Installs keytrail as a new user would: from a clean clone of the committed state, with whatever
# versions of its dependencies cargo finds now, and runs it.
#
#   tests/e2e/install.sh
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/e2e/common.sh
source "$root/tests/e2e/common.sh"
quick_builds

git clone --quiet --no-hardlinks "$root" "$scratch/clone"
cargo install --quiet --path "$scratch/clone" --root "$scratch/installed"
program=$scratch/installed/bin/keytrail
"$program" --version
mkdir "$scratch/folder"
"$program" scan "$scratch/folder" || fail "an empty folder is not clean"
fake_token >"$scratch/folder/leak.txt"
status=0
"$program" scan "$scratch/folder" >"$scratch/output" || status=$?
[ "$status" -eq 1 ] || fail "a scan with a finding ended with $status"
