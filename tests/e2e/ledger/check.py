"""Checks a ledger with implementations that are not ours: `rfc8785` and `cryptography` from PyPI.

    check.py lines LEDGER            every line is canonical JSON, and number, chain and sum are right
    check.py signature CHECKPOINT KEY  an Ed25519 note signature by the key in an OpenSSH .pub file
    check.py events COUNT            prints random events, one a line, that are hard to write canonically
    check.py same EVENTS LEDGER      the ledger's last events are those, as `rfc8785` writes them
    check.py make COUNT              prints a ledger with so many entries, made from docs/ledger.md alone
"""

import base64
import hashlib
import json
import random
import struct
import sys

import rfc8785
from cryptography.hazmat.primitives.serialization import load_ssh_public_key


def read(text: str | bytes) -> object:
    """JSON as RFC 8785 reads it: every number is a double. Python keeps the digits of large ones."""

    def whole(digits: str) -> int | float:
        return int(digits) if abs(int(digits)) < 2**53 else float(digits)

    return json.loads(text, parse_int=whole)


def leaf(line: bytes) -> str:
    return base64.b64encode(hashlib.sha256(b"\0" + line).digest()).decode()


def summed(entry: dict) -> bytes:
    entry["sum"] = base64.b64encode(hashlib.sha256(rfc8785.dumps(entry)).digest()).decode()
    return rfc8785.dumps(entry)


def lines(path: str) -> None:
    prev = ""
    with open(path, "rb") as file:
        content = file.read()
    assert content.endswith(b"\n")
    for number, line in enumerate(content[:-1].split(b"\n")):
        entry = read(line)
        assert rfc8785.dumps(entry) == line, f"entry {number} is not canonical"
        assert entry["n"] == number and entry["prev"] == prev, f"entry {number} is not in its place"
        said = entry.pop("sum")
        assert json.loads(summed(entry))["sum"] == said, f"the sum of entry {number} is another one"
        prev = leaf(line)
    print(f"  {number + 1} lines are canonical, chained and summed")


def signature(path: str, key: str) -> None:
    with open(path, encoding="utf-8") as file:
        text, _, signatures = file.read().rpartition("\n\n")
    text += "\n"
    dash, name, encoded = signatures.strip().split(" ")
    assert dash == "\u2014"
    with open(key, "rb") as file:
        public = load_ssh_public_key(file.read())
    raw = public.public_bytes_raw()
    wanted = hashlib.sha256(name.encode() + b"\n\x01" + raw).digest()[:4]
    signed = base64.b64decode(encoded, validate=True)
    assert signed[:4] == wanted, "the key's hash is another one"
    public.verify(signed[4:], text.encode())


def events(count: int) -> None:
    dice = random.Random(8785)
    plain = "abc \"\\/\b\f\n\r\t\0\x1b\x7f\u0080\u00f6\u20ac\u2028\ud7ff\ue000\ufb33\uffff\U00010000\U0001f600"

    def text() -> str:
        return "".join(dice.choice(plain) for _ in range(dice.randrange(6)))

    def value(depth: int) -> object:
        sort = dice.randrange(8 if depth else 6)
        if sort == 0:
            return dice.choice([None, True, False])
        if sort == 1:
            return dice.randint(-(2**53) + 1, 2**53 - 1) >> dice.randrange(50)
        if sort in (2, 3):
            number = struct.unpack("<d", dice.randbytes(8))[0]
            return number if abs(number) < 1e300 and number == number else 0.1
        if sort in (4, 5):
            return text()
        if sort == 6:
            return [value(depth - 1) for _ in range(dice.randrange(4))]
        return {text(): value(depth - 1) for _ in range(dice.randrange(5))}

    for number in range(count):
        event = {"type": "test", "number": number, "value": value(4), "small": dice.random() * 10 ** dice.randrange(-9, 9)}
        print(json.dumps(event, ensure_ascii=dice.random() < 0.5))


def same(given: str, ledger: str) -> None:
    with open(given, encoding="utf-8") as file:
        wanted = [read(line) for line in file]
    with open(ledger, "rb") as file:
        found = file.read()[:-1].split(b"\n")[-len(wanted) :]
    for event, line in zip(wanted, found, strict=True):
        assert b'"event":' + rfc8785.dumps(event) + b',"n":' in line, f"{event} is {line}"
    print(f"  {len(wanted)} random events are as rfc8785 writes them")


def make(count: int) -> None:
    header = {"type": "header", "version": 1, "origin": "example.org/made"}
    prev = ""
    for number in range(count):
        event = header
        if number:
            event = {
                "type": "finding-opened",
                "fingerprint": hashlib.md5(str(number).encode()).hexdigest(),
                "rule": "github-pat-classic",
                "path": f"services/part-{number % 97}/config.yaml",
                "scope": "history",
            }
        line = summed({"at": "2026-01-31T09:30:00Z", "event": event, "n": number, "prev": prev})
        prev = leaf(line)
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command in ("events", "make"):
        {"events": events, "make": make}[command](int(rest[0]))
    else:
        {"lines": lines, "signature": signature, "same": same}[command](*rest)
