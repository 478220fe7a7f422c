#!/usr/bin/env bash
# The ledger as others see it: its lines, checkpoints and proofs checked by implementations that are not
# ours, writers killed by the thousand, a disk that is really full, and the speed that is promised.
#
#   tests/e2e/ledger.sh [PROGRAM]
#
# KEYTRAIL_KILLS says how often a writer is killed (1000).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/e2e/common.sh
source "$root/tests/e2e/common.sh"
find_program "${1:-}"
for variable in ${!KEYTRAIL_*}; do
    case $variable in
    KEYTRAIL_KILLS | KEYTRAIL_E2E_CACHE) ;;
    *) unset "$variable" ;;
    esac
done
kills=${KEYTRAIL_KILLS:-1000}
checks=$root/tests/e2e/ledger

# Go's own signed notes and Merkle trees, which Debian packages.
modules=/usr/share/gocode
missing=()
command -v go >/dev/null || missing+=(golang-go)
[ -d "$modules/src/golang.org/x/mod/sumdb/tlog" ] || missing+=(golang-golang-x-mod-dev)
command -v ssh-keygen >/dev/null || missing+=(openssh-client)
if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        fail "missing: ${missing[*]}; install them and start again"
    fi
    say "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
GO111MODULE=off GOPATH=$modules GOFLAGS= GOCACHE=$cache/go-build \
    go build -o "$scratch/check" "$checks/check.go" || fail "the Go program does not build"
check=$scratch/check

with_pypi ledger "rfc8785==0.1.4"
with_pypi_more() {
    python -m pip show -q "${1%%[=<>]*}" 2>/dev/null || python -m pip install --quiet --disable-pip-version-check "$1"
}
with_pypi_more "cryptography>=42"

keytrail() {
    "$program" "$@"
}
record() {
    keytrail ledger append "$@" >/dev/null
}
# A run that must end with an exit code: `ends CODE COMMAND...`; its output is kept in $scratch/said.
ends() {
    local wanted=$1 status=0
    shift
    "$@" >"$scratch/said" 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] || fail "\`$*\` ended with $status and not with $wanted: $(cat "$scratch/said")"
}
# Runs a command that must go well and says how long it took, in $wall, $user and $system: seconds.
seconds() {
    local TIMEFORMAT='%3R %3U %3S'
    { time "$@" >"$scratch/said" 2>&1 || fail "\`$*\`: $(cat "$scratch/said")"; } 2>"$scratch/time"
    read -r wall user system <"$scratch/time"
}
# Whether a sum or product of numbers is at most another number.
at_most() {
    python -c "raise SystemExit(($1) > ($2))"
}

echo "lines, checkpoints and proofs"
mkdir "$scratch/ledger"
cd "$scratch/ledger"
git init --quiet
origin=example.org/acme/app/ledger
keytrail ledger init --origin "$origin" >/dev/null
python "$checks/check.py" events 400 >"$scratch/events"
record --lines <"$scratch/events"
lines=.keytrail/ledger.jsonl
python "$checks/check.py" lines "$lines"
python "$checks/check.py" same "$scratch/events" "$lines"

# One key made here, and two by ssh-keygen, one of them with a passphrase.
vkey=$(keytrail ledger keygen --key "$scratch/made" 2>/dev/null)
[ "$(stat -c %a "$scratch/made")" = 600 ] || fail "the private key can be read by others"
ssh-keygen -q -y -f "$scratch/made" >"$scratch/made.read" || fail "ssh-keygen does not read our key"
[ "$(cut -d ' ' -f 1,2 "$scratch/made.read")" = "$(cut -d ' ' -f 1,2 "$scratch/made.pub")" ] ||
    fail "ssh-keygen sees another public key"
words="four words of passphrase"
KEYTRAIL_LEDGER_PASSPHRASE=$words keytrail ledger keygen --encrypt --key "$scratch/locked" >/dev/null 2>&1
ssh-keygen -q -y -P "$words" -f "$scratch/locked" >/dev/null || fail "ssh-keygen does not open our encrypted key"
ssh-keygen -q -t ed25519 -N "" -C "" -f "$scratch/plain"
ssh-keygen -q -t ed25519 -N "$words" -C "someone@example.org" -f "$scratch/encrypted"
ssh-keygen -q -t ecdsa -N "" -f "$scratch/other"
ends 2 keytrail ledger checkpoint --key "$scratch/other"
ends 2 keytrail ledger checkpoint --key "$scratch/plain.pub"
for key in made plain encrypted; do
    echo '{"type":"test","more":true}' | record
    KEYTRAIL_LEDGER_PASSPHRASE=$words keytrail ledger checkpoint --key "$scratch/$key" >"$scratch/$key.checkpoint"
    python "$checks/check.py" signature "$scratch/$key.checkpoint" "$scratch/$key.pub"
    keytrail ledger verify --checkpoint "$scratch/$key.checkpoint" --verifier "$scratch/$key.pub" >/dev/null
done
ends 1 keytrail ledger verify --checkpoint "$scratch/plain.checkpoint" --verifier "$scratch/made.pub"

cp "$scratch/made.checkpoint" "$scratch/older"
keytrail ledger checkpoint --key "$scratch/made" >"$scratch/checkpoint"
"$check" tree "$lines" "$scratch/older" "$vkey"
"$check" tree "$lines" "$scratch/checkpoint" "$vkey"
size=$(sed -n 2p "$scratch/checkpoint")
for number in 0 1 2 127 128 255 256 $((size - 2)) $((size - 1)); do
    keytrail ledger prove "$number" >"$scratch/proof"
    "$check" inclusion "$scratch/proof" "$scratch/checkpoint" "$vkey"
    keytrail ledger prove --tlog-proof "$number" >"$scratch/tlog-proof"
    sed -n "$((number + 1))p" "$lines" >"$scratch/line"
    "$check" tlog-proof "$scratch/tlog-proof" "$scratch/line" "$vkey"
done
sed -n 1p "$lines" >"$scratch/line"
ends 1 "$check" tlog-proof "$scratch/tlog-proof" "$scratch/line" "$vkey"
for pair in "1 2" "1 $size" "2 3" "64 65" "100 300" "128 256" "$((size - 1)) $size" "$size $size"; do
    # shellcheck disable=SC2086
    keytrail ledger consistency $pair >"$scratch/proof"
    "$check" consistency "$scratch/proof"
done
say "Go's note and tlog packages agree with 2 checkpoints, 18 inclusion and 8 consistency proofs"

# A checkpoint that Go signed.
sed -n 1,3p "$scratch/checkpoint" >"$scratch/text"
"$check" sign "$origin" "$scratch/text" >"$scratch/signed"
sed 1d "$scratch/signed" >"$scratch/foreign"
keytrail ledger verify --checkpoint "$scratch/foreign" --verifier "$(head -n 1 "$scratch/signed")" >"$scratch/said" 2>&1 ||
    # The one beside the ledger is signed by another key, which is told.
    grep -q "holds: $scratch/foreign" "$scratch/said" || fail "$(cat "$scratch/said")"

echo "a writer that is killed"
mkdir "$scratch/killed"
cd "$scratch/killed"
git init --quiet
python "$checks/crash.py" "$program" "$kills" file
python "$checks/crash.py" "$program" "$((kills / 10 + 1))" git
git fsck --strict 2>/dev/null >&2 || fail "the repository of the killed writers is damaged"

echo "a disk that is full"
mkdir "$scratch/full"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=64k tmpfs "$scratch/full" 2>/dev/null; then
    # shellcheck disable=SC2064
    trap "umount '$scratch/full'; rm -rf '$scratch'" EXIT
    cd "$scratch/full"
    keytrail ledger init --no-config --origin "$origin" >/dev/null
    event=$(printf '{"type":"test","text":"%03000d"}' 0)
    appended=0
    while status=0 && cp "$lines" "$scratch/before" && echo "$event" | record 2>"$scratch/said" || status=$? &&
        [ "$status" -eq 0 ]; do
        appended=$((appended + 1))
        [ "$appended" -lt 100 ] || fail "64 kB took 100 entries of 3 kB"
    done
    [ "$status" -eq 3 ] || fail "an append on a full disk ended with $status: $(cat "$scratch/said")"
    grep -q 'cannot be written' "$scratch/said" || fail "a full disk is told as: $(cat "$scratch/said")"
    cmp "$lines" "$scratch/before" || fail "an append on a full disk changed the ledger"
    mount -o remount,size=256k "$scratch/full"
    echo "$event" | record
    keytrail ledger verify >/dev/null
    say "$appended entries, then a clear error, and the ledger as it was"
    cd "$scratch"
else
    say "no file system can be mounted here; tests/ledger limits the size of files instead"
fi

echo "speed"
mkdir "$scratch/speed"
cd "$scratch/speed"
python "$checks/check.py" make 100000 >made.jsonl
seconds keytrail ledger verify --ledger made.jsonl
say "verify of 100,000 entries that Python made from the description: $wall s ($user s of all cores)"
# What runs beside this is not ours to know, so the bar is held against the work, not the clock.
at_most "$user + $system" 1 || fail "verify takes $user + $system s of the cores; the bar is 1 s"
yes '{"type":"test","text":"how long does an append take"}' | head -n 500 >events || true
seconds keytrail ledger append --lines --ledger made.jsonl <events
say "append to 100,000 entries: $(python -c "print(f'{$wall * 1000 / 500:.2f}')") ms each, on the disk"
# Twice the bar, for the same reason; most of it is the disk.
at_most "$wall * 1000 / 500" 10 || fail "500 appends take $wall s; the bar is 5 ms each"
echo "the ledger holds"
