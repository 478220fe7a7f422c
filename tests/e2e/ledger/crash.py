"""Kills a writer again and again (kill -9) and looks for what it had acknowledged.

    crash.py PROGRAM KILLS file|git   in an empty git repository
"""

import glob
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

program, kills, place = sys.argv[1], int(sys.argv[2]), sys.argv[3]
BATCH = 100
dice = random.Random(6962)
flags = ["--git"]
acknowledged: dict[int, int] = {}


def feed(pipe, first: int) -> None:
    number = first
    try:
        while True:
            # Only a write of many pages can be cut by a signal, so some are large.
            size = 700_000 if number % 5 == 0 and place == "file" else 60
            event = {"type": "test", "number": number, "text": "a word " * (size // 7)}
            pipe.write(json.dumps(event).encode() + b"\n")
            pipe.flush()
            number += 1
    except (BrokenPipeError, ValueError):
        pass


def run(first: int) -> int:
    child = subprocess.Popen(
        [program, "ledger", "append", "--lines", *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    feeder = threading.Thread(target=feed, args=(child.stdin, first), daemon=True)
    feeder.start()
    told = []
    for _ in range(dice.choice([0, 0, 1, 2, 5, 6, 10])):
        line = child.stdout.readline()
        if not line:
            break
        told.append(line)
    time.sleep(dice.random() * 0.012)
    child.send_signal(signal.SIGKILL)
    told += child.stdout.readlines()
    error = child.stderr.read().decode()
    if child.wait() != -signal.SIGKILL:
        sys.exit(f"the writer ended by itself: {error}")
    for place, line in enumerate(told):
        if line.endswith(b"\n"):
            number = int(line)
            if number in acknowledged:
                sys.exit(f"entry {number} was acknowledged twice")
            acknowledged[number] = first + place
    return first + len(told) + 1000


def lines() -> list[dict]:
    log = subprocess.run([program, "ledger", "log", "--json", *flags], check=True, capture_output=True)
    return [json.loads(line) for line in log.stdout.splitlines()]


def check() -> int:
    subprocess.run([program, "ledger", "append", *flags], input=b'{"type":"check"}', check=True, capture_output=True)
    found = lines()
    for number, wanted in acknowledged.items():
        if found[number]["n"] != number or found[number]["event"].get("number") != wanted:
            sys.exit(f"entry {number}, which was acknowledged, is not there")
    subprocess.run([program, "ledger", "verify", *flags], check=True, capture_output=True)
    return len(found)


content = total = in_all = torn = 0
for kill in range(kills):
    if kill % BATCH == 0 and (place == "file" or kill == 0):
        # A new file now and then: large entries fill the disk.
        if place == "file":
            flags = ["--ledger", f"{kill}.jsonl"]
        acknowledged.clear()
        subprocess.run(
            [program, "ledger", "init", "--origin", "example.org/crash", *flags], check=True, capture_output=True
        )
    content = run(content)
    if kill % BATCH == BATCH - 1 or kill == kills - 1:
        size = check()
        if place == "file":
            total, in_all = total + size, in_all + len(acknowledged)
            for path in glob.glob(f"{kill - kill % BATCH}.jsonl*"):
                torn += ".torn-" in path
                os.remove(path)
        else:
            total, in_all = size, len(acknowledged)
print(f"  {kills} kills ({place}): {in_all} acknowledged entries are there, of {total}; {torn} torn ends moved aside")
