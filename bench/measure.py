"""Runs a command and measures wall time, CPU time and peak memory of its whole process tree."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LAUNCHER = Path(__file__).resolve().with_name("launcher.py")
# Linux counts in kibibytes, macOS in bytes.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Usage:
    """What a run that ended by itself used. An exit code below zero is a signal."""

    exit_code: int
    wall: float
    user: float
    system: float
    peak_bytes: int

    @property
    def cpu(self) -> float:
        return self.user + self.system


def parse_usage(line: str) -> Usage:
    """Reads the line that launcher.py writes."""
    status, wall, user, system, peak = line.split()
    return Usage(os.waitstatus_to_exitcode(int(status)), float(wall), float(user), float(system),
                 int(peak) * PEAK_UNIT)


def measure(command: Sequence[str], out: Path, err: Path, cwd: Path, env: Mapping[str, str],
            timeout: float) -> Usage | None:
    """Runs the command with its output in files; None where it was stopped for the time it took.

    Both files are made here and readable for their owner only: a report may hold secrets.
    """
    reading, writing = os.pipe()
    try:
        with private_file(out) as out_file, private_file(err) as err_file:
            launcher = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER), str(writing), *command],
                stdin=subprocess.DEVNULL, stdout=out_file, stderr=err_file, cwd=cwd, env=env,
                pass_fds=[writing], start_new_session=True, umask=0o077)
        os.close(writing)
        writing = -1
        if not wait_or_kill(launcher, timeout):
            return None
        line = os.read(reading, 4096).decode()
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
    if not line:
        raise RuntimeError(f"{LAUNCHER.name} could not measure {command[0]}: "
                           + err.read_text(encoding="utf-8", errors="replace").strip())
    return parse_usage(line)


def wait_or_kill(process: subprocess.Popen, timeout: float) -> bool:
    """Whether the process ended in time; otherwise, and if we are interrupted, its group is killed."""
    ended = False
    try:
        process.wait(timeout)
        ended = True
    except subprocess.TimeoutExpired:
        pass
    finally:
        if not ended:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return ended


def private_file(path: Path) -> BinaryIO:
    """Opens a file for writing that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
