#!/usr/bin/env bash
# The review in the hands of others: the page in a real browser, the OSCAL in NIST's own model.
#
#   tests/e2e/review.sh [PROGRAM]
#
# Screenshots stay in the cache folder, to be looked at.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/e2e/common.sh
source "$root/tests/e2e/common.sh"
find_program "${1:-}"
PATH=$scratch/bin:$PATH

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        fail "chromium is missing: install it and start again"
    fi
    say "installing chromium"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
    chromium=$(command -v chromium)
fi
shots=$cache/review
mkdir -p "$shots"

"$root/fixtures/life/build.sh" "$scratch/shop" >/dev/null
cd "$scratch/shop"
export KEYTRAIL_NOW=2026-06-01
status=0
keytrail review -f html="$scratch/review.html" -f json="$scratch/review.json" -f oscal="$scratch/review.oscal.json" \
    2>"$scratch/summary" || status=$?
[ "$status" -eq 1 ] || { cat "$scratch/summary" >&2; fail "a review with broken rules ended with $status"; }

# A browser of its own for each look; what it says goes to a log that must hold no complaint of the page's.
browse() {
    timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --disable-dev-shm-usage \
        --user-data-dir="$scratch/profile" --no-first-run --disable-background-networking --disable-sync \
        --enable-logging=stderr --log-level=0 --v=0 "$@" 2>"$scratch/browser.log"
}
page=file://$scratch/review.html

# The page as the browser has it, with all that it asked the network for in a log.
browse --log-net-log="$scratch/net.json" --dump-dom "$page" >"$scratch/dom.html" || {
    tail -20 "$scratch/browser.log" >&2
    fail "the browser cannot show the page"
}
if grep -E 'CONSOLE|Refused to|Content Security Policy' "$scratch/browser.log"; then
    fail "the browser complains of the page"
fi
for id in summary rules controls changes tokens times waivers coverage ledger made; do
    grep -q "<section id=\"$id\"" "$scratch/dom.html" || fail "the section $id is not there"
done
python3 - "$scratch/net.json" "$scratch/dom.html" <<'PYTHON'
import json, re, sys
text = open(sys.argv[1], encoding="utf-8", errors="replace").read().strip()
try:
    log = json.loads(text)
except ValueError:  # a log that the browser did not close
    log = json.loads(text.rstrip(",\n") + "]}")
kinds = log["constants"]["logEventTypes"]
start = kinds["URL_REQUEST_START_JOB"]
# What the browser asks its maker for by itself has no origin; a page on disk is the origin "null".
own = {event["params"]["url"] for event in log["events"] if event["type"] == start
       and event.get("params", {}).get("url", "").startswith(("http", "ws", "ftp"))
       and event["params"].get("initiator") != "not an origin"}
assert not own, f"the page asks for {own}"
dom = open(sys.argv[2], encoding="utf-8").read()
assert not re.search(r"<(script|img|iframe|link|object|embed)\b", dom), "the page loads something"
assert "<table" in dom and dom.count('scope="col"') > 10 and dom.count('scope="row"') > 10, "tables without headers"
for part in ("<main", "<nav", "<header", "<footer", 'lang="en"', "Skip to"):
    assert part in dom, part
print("  no request by the page, tables with headers, landmarks")
PYTHON

browse --window-size=1280,2400 --screenshot="$shots/light.png" "$page"
browse --window-size=1280,2400 --blink-settings=preferredColorScheme=0 --screenshot="$shots/dark.png" "$page"
browse --window-size=400,3000 --screenshot="$shots/narrow.png" "$page"
browse --no-pdf-header-footer --print-to-pdf="$shots/print.pdf" "$page"
for shot in light.png dark.png narrow.png print.pdf; do
    [ "$(wc -c <"$shots/$shot")" -gt 20000 ] || fail "$shot is empty"
done
[ "$(cksum <"$shots/light.png")" != "$(cksum <"$shots/dark.png")" ] || fail "dark is the same as light"
# Corners of the pictures: paper is light, and dark is dark.
python3 - "$shots/light.png" "$shots/dark.png" <<'PYTHON'
import struct, sys, zlib
def corner(path):
    data, at, rows = open(path, "rb").read(), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IDAT":
            rows += data[at + 8:at + 8 + size]
        at += 12 + size
    return max(zlib.decompress(rows)[1:4])
light, dark = corner(sys.argv[1]), corner(sys.argv[2])
assert light > 200 and dark < 60, (light, dark)
PYTHON
# On paper, what is folded on the screen is open: the lives of all tokens.
if ! command -v pdftotext >/dev/null && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends poppler-utils >/dev/null
fi
command -v pdftotext >/dev/null || fail "pdftotext is missing: install poppler-utils and start again"
pdftotext -layout "$shots/print.pdf" "$scratch/print.txt"
for words in "rotated" "moved from" "Reached by" "keytrail review sign"; do
    grep -q "$words" "$scratch/print.txt" || fail "on paper there is no \"$words\""
done
# Nothing is wider than a small screen.
cat >"$scratch/width.html" <<HTML
<!DOCTYPE html><meta charset="utf-8"><iframe id="f" width="400" height="800" src="review.html"></iframe>
<script>f.onload = () => { const d = f.contentDocument.documentElement; document.title = d.scrollWidth + " of " + d.clientWidth;
document.body.append(document.title) }</script>
HTML
browse --allow-file-access-from-files --virtual-time-budget=5000 --dump-dom "file://$scratch/width.html" >"$scratch/width.out"
widths=$(grep -oE '[0-9]+ of [0-9]+' "$scratch/width.out" | head -1)
[ -n "$widths" ] || fail "the width cannot be measured"
[ "${widths% of *}" -le "${widths#* of }" ] || fail "at 400 pixels the page is wider than the screen: $widths"
say "shown light, dark, narrow ($widths) and on paper: $shots"

with_pypi compliance-trestle "compliance-trestle==5.2.0"
python - "$scratch/review.oscal.json" <<'PYTHON'
import pathlib, sys
from trestle.oscal.assessment_results import AssessmentResults
results = AssessmentResults.oscal_read(pathlib.Path(sys.argv[1]))
result = results.results[0]
items = {item.uuid for item in result.local_definitions.inventory_items}
seen = {subject.subject_uuid for one in result.observations for subject in one.subjects or []}
assert seen and seen <= items, "a subject is no item"
observations = {one.uuid for one in result.observations}
for finding in result.findings:
    assert {one.observation_uuid for one in finding.related_observations} <= observations
states = {str(finding.target.status.state) for finding in result.findings}
print(f"  trestle reads {len(items)} items, {len(observations)} observations, {len(result.findings)} findings: {states}")
PYTHON
echo "review: a browser and compliance-trestle take it"
