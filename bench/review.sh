#!/usr/bin/env bash
# How long a review of many tokens takes: an inventory of made-up entries, fed to `keytrail review` as a
# table, in all forms at once.
#
#   bench/review.sh [PROGRAM] [NUMBER]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$(realpath "${1:-${CARGO_TARGET_DIR:-$root/target}/release/keytrail}")
number=${2:-10000}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
git init --quiet .
printf 'version = 1\n\n[policy]\nframeworks = ["soc2", "nist-800-53-r5"]\nreview-every-days = 30\n' >keytrail.toml
awk -v number="$number" 'BEGIN {
    print "id,name,place,owner,provider,rule,kind,scopes,active,issued,expires,last_used"
    for (i = 1; i <= number; i++)
        printf "%d,bot %d,vault: team/%d,%s,github,,access-token,%s,true,2025-%02d-01,2026-%02d-15,2026-05-%02d\n", \
            i, i, i, i % 3 ? "platform" : "", i % 5 ? "read:org" : "repo", i % 12 + 1, i % 12 + 1, i % 28 + 1
}' >tokens.csv
started=$(date +%s%N)
status=0
"$program" --now 2026-06-01 review --from-csv tokens.csv -f html=r.html -f json=r.json -f csv=r.csv -f oscal=r.oscal \
    >summary 2>&1 || status=$?
ended=$(date +%s%N)
[ "$status" -le 1 ] || { cat summary >&2; exit "$status"; }
head -3 summary
printf '%s tokens in %s ms\n' "$number" "$(((ended - started) / 1000000))"
wc -c r.html r.json r.csv r.oscal
