#!/usr/bin/env python3
"""Measures keytrail beside other secret scanners, on repositories of your own.

bench/README.md tells what is measured and how to read it.
"""
from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, TextIO

import growth
from measure import Usage, measure
from repository import (Facts, Repository, RepositoryError, facts_of, make_tiny, open_repository,
                        read_packs, size_of, write_head)
from tools import (GIT, NAMES, PEERS, RIPGREP, Count, InstallError, Installer, Tool, command_line,
                   keytrail_tools, last_line, run_text, scan_environment, usable_cores, version_of)

CHECKOUT = Path(__file__).resolve().parent.parent
MIB = 1 << 20
NOTHING = "–"
COLUMNS = ("tool", "median wall s", "median CPU s", "least CPU s", "peak memory MiB", "findings",
           "CPU, keytrail = 1", "runs")


class UsageError(Exception):
    """What is wrong with what was asked for, and what to do."""


@dataclass(frozen=True)
class Contestant:
    """A tool that is there and can be run."""

    tool: Tool
    program: str
    version: str


@dataclass(frozen=True)
class Absent:
    """A tool that cannot be run, and why."""

    tool: Tool
    reason: str


@dataclass(frozen=True)
class Contestants:
    ready: Sequence[Contestant]
    absent: Sequence[Absent]

    def of(self, mode: str) -> Contestants:
        """Those that have this mode."""
        return Contestants([one for one in self.ready if one.tool.arguments(mode)],
                           [one for one in self.absent if one.tool.arguments(mode)])


@dataclass(frozen=True)
class Record:
    """One run: what it used and found, or why that is not known."""

    usage: Usage | None = None
    count: Count | None = None
    failure: str = ""
    timed_out: bool = False


@dataclass(frozen=True)
class Result:
    """What was measured of one repository in one mode."""

    repository: str
    mode: str
    facts: Facts
    tree: Sequence[int] | None
    """Files and bytes, in tree mode."""
    rows: Mapping[Contestant, list[Record]]
    absent: Sequence[Absent]


@dataclass(frozen=True)
class Bench:
    """How runs are made."""

    scratch: Path
    env: Mapping[str, str]
    timeout: float
    runs: int

    @property
    def standing(self) -> Path:
        """The empty folder that tools are started in: some look for settings where they stand."""
        return self.scratch / "standing"

    def run(self, contestant: Contestant, mode: str, path: Path) -> Record:
        """Runs a tool once. Its report is counted and deleted: it may hold secrets."""
        tool = contestant.tool
        report, errors = self.scratch / "report", self.scratch / "errors"
        command = command_line(contestant.program, tool.arguments(mode) or (), path)
        try:
            usage = measure(command, report if tool.count else Path(os.devnull), errors, self.standing,
                            self.env, self.timeout)
            record = judge(tool, usage, report, self.timeout)
            if record.failure:
                tell(f"{tool.name}: {record.failure}{last_line(errors.read_text('utf-8', 'replace'))}")
            return record
        finally:
            report.unlink(missing_ok=True)
            errors.unlink(missing_ok=True)

    def rounds(self, contestants: Sequence[Contestant], mode: str,
               path: Path) -> dict[Contestant, list[Record]]:
        """Runs every tool once, then all of them again: a loud minute hits all alike."""
        for contestant in contestants:
            if contestant.tool.fill_first:
                self.run(contestant, mode, path)
        rows: dict[Contestant, list[Record]] = {contestant: [] for contestant in contestants}
        for number in range(1, self.runs + 1):
            for contestant, records in rows.items():
                if any(record.timed_out for record in records):
                    continue
                record = self.run(contestant, mode, path)
                records.append(record)
                if record.usage and not record.failure:
                    tell(f"round {number} of {self.runs}: {contestant.tool.title} {record.usage.wall:.1f} s")
        return rows


def judge(tool: Tool, usage: Usage | None, report: Path, timeout: float) -> Record:
    """What a run that is over has brought."""
    if usage is None:
        return Record(failure=f"timed out after {timeout:g} s", timed_out=True)
    if usage.exit_code not in tool.fine_codes:
        return Record(usage, failure=end_text(usage.exit_code))
    if tool.count is None:
        return Record(usage)
    try:
        return Record(usage, tool.count(report))
    except (ValueError, KeyError, TypeError) as error:
        return Record(usage, failure=f"report not understood ({type(error).__name__})")


def end_text(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"killed by signal {-exit_code}"


def tell(message: str) -> None:
    print(f"compare: {message}", file=sys.stderr, flush=True)


# What the table says


def table(result: Result) -> str:
    """The Markdown table of one repository."""
    lines = [f"| {' | '.join(COLUMNS)} |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    reference = keytrail_cpu(result)
    for contestant, records in result.rows.items():
        cells = row(records, reference)
        lines.append(f"| {contestant.tool.title} {contestant.version} | {' | '.join(cells)} |")
    for absent in result.absent:
        cells = [NOTHING] * (len(COLUMNS) - 2) + [f"not run: {in_cell(absent.reason)}"]
        lines.append(f"| {absent.tool.title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def row(records: Sequence[Record], reference: float | None) -> list[str]:
    """The cells of one tool but the first."""
    usages = good_usages(records)
    runs = runs_text(records)
    if not usages:
        return [NOTHING] * (len(COLUMNS) - 2) + [runs]
    cpu = statistics.median(usage.cpu for usage in usages)
    return [
        f"{statistics.median(usage.wall for usage in usages):.2f}",
        f"{cpu:.2f}",
        f"{min(usage.cpu for usage in usages):.2f}",
        f"{max(usage.peak_bytes for usage in usages) / MIB:.0f}",
        findings_text([record.count for record in records if record.count]),
        f"{cpu / reference:.2f}" if reference else NOTHING,
        runs,
    ]


def good_usages(records: Sequence[Record]) -> list[Usage]:
    return [record.usage for record in records if record.usage and not record.failure]


def keytrail_cpu(result: Result) -> float | None:
    """Median CPU seconds of keytrail's plain row, where a run of it went well."""
    for contestant, records in result.rows.items():
        if contestant.tool.name == "keytrail":
            return statistics.median([usage.cpu for usage in good_usages(records)] or [0.0]) or None
    return None


def findings_text(counts: Sequence[Count]) -> str:
    """How many findings, and in how many places where the tool says; a span if runs differ."""
    if not counts:
        return NOTHING
    text = span([count.findings for count in counts])
    places = [count.places for count in counts if count.places is not None]
    return f"{text} in {span(places)} places" if places else text


def span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def runs_text(records: Sequence[Record]) -> str:
    """How many runs count, and what became of the others."""
    failures = Counter(record.failure for record in records if record.failure)
    good = len(records) - sum(failures.values())
    text = str(good)
    if failures:
        told = ", ".join(f"{why} ({times}×)" if times > 1 else why for why, times in failures.items())
        text = f"{good} of {len(records)}: {told}"
    if any(record.timed_out for record in records):
        text += ", not tried again"
    if any(record.count and not record.count.complete for record in records):
        text += ", scan incomplete"
    return text


def in_cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def section(result: Result) -> str:
    """Heading, facts and table of one repository."""
    facts = result.facts
    told = [f"HEAD {facts.head}", f"{facts.pack_bytes:,} bytes of packs", f"{facts.objects:,} objects",
            f"{facts.commits:,} commits", f"{facts.blob_bytes:,} bytes of blobs inflated"]
    if result.tree:
        told.append(f"files of HEAD: {result.tree[0]:,} with {result.tree[1]:,} bytes")
    return f"### {result.repository}, {result.mode}\n\n{', '.join(told)}.\n\n{table(result)}"


def header(machine: Mapping[str, str], contestants: Sequence[Contestant], runs: int) -> str:
    from_registries = [one.tool.package for one in contestants if one.tool.package]
    packages = [f"{package.name} {package.version} ({package.registry})" for package in from_registries]
    lines = [f"- {name}: {value}" for name, value in machine.items() if name != "date"]
    lines.append(f"- runs: {runs} of each tool, in turn")
    if packages:
        lines.append(f"- packages: {', '.join(packages)}")
    return f"## {machine['date']}\n\n" + "\n".join(lines) + "\n"


# The machine


def machine_facts() -> dict[str, str]:
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": f"{cpu_model()}, {usable_cores()} usable cores, load {load} at the start",
        "OS": f"{os_name()}, {platform.system()} {platform.release()} {platform.machine()}",
        "Python": platform.python_version(),
        "git": run_text(["git", "--version"]).strip().rsplit(" ", 1)[-1],
    }


def cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    if not names and sys.platform == "darwin":
        names = [run_text(["sysctl", "-n", "machdep.cpu.brand_string"]).strip()]
    return names[0] if names else platform.processor() or "unknown"


def os_name() -> str:
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            settings = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
        return settings["PRETTY_NAME"].strip('"')
    except (OSError, KeyError):
        return platform.platform(terse=True)


# The arguments


def tool_name(word: str) -> str:
    if word not in NAMES:
        raise argparse.ArgumentTypeError(f"no tool is called {word}; there are {', '.join(NAMES)} "
                                         "(repositories go before this option)")
    return word


def positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def parse(word: str) -> float:
        try:
            number = kind(word)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{word} is no number") from None
        if not number > 0:
            raise argparse.ArgumentTypeError(f"{word} is not above 0")
        return number
    return parse


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="compare.py", description="Measure keytrail beside other secret scanners.",
        epilog=f"Tools: {', '.join(NAMES)}. bench/README.md tells what is measured.")
    parser.add_argument("repositories", nargs="+", metavar="[NAME=]PATH",
                        help="a clone, bare or with its files, and how to call it in the result "
                             "(default: as its folder)")
    parser.add_argument("--mode", choices=("history", "tree", "both"), default="history",
                        help="scan all of the history, the files of HEAD, or one after the other "
                             "(default: history)")
    parser.add_argument("--runs", type=positive(int), default=5, metavar="N",
                        help="runs of each tool (default: 5)")
    parser.add_argument("--timeout", type=positive(float), default=600.0, metavar="SECONDS",
                        help="stop a run after this long; the tool is then not tried again on that "
                             "repository (default: 600)")
    parser.add_argument("--keytrail", metavar="PATH",
                        help="the keytrail to measure (default: the one on PATH, or else "
                             "target/release/keytrail of this checkout)")
    parser.add_argument("--only", nargs="+", type=tool_name, action="extend", metavar="NAME",
                        help="run only these tools; keytrail always runs")
    parser.add_argument("--without", nargs="+", type=tool_name, action="extend", default=[], metavar="NAME",
                        help="leave these tools out")
    parser.add_argument("--work", type=Path, default=Path("~/.cache/keytrail-bench"), metavar="DIR",
                        help="where the peers are installed and reports lie until they are counted "
                             "(default: ~/.cache/keytrail-bench)")
    parser.add_argument("--skip-install", action="store_true",
                        help="run the peers that an earlier run has installed in the work folder")
    parser.add_argument("--output", type=Path, metavar="FILE",
                        help="append the result to this Markdown file, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers of every run to FILE")
    parser.add_argument("--growth", type=Path, metavar="FILE",
                        help="draw keytrail's CPU time against the repositories' sizes into this SVG; "
                             "needs history mode and at least two repositories")
    options = parser.parse_args(words)
    if options.growth and options.mode == "tree":
        parser.error("--growth draws history scans; add --mode history or --mode both")
    if options.growth and len(options.repositories) < 2:
        parser.error("--growth needs at least two repositories; name another")
    if "keytrail" in options.without:
        parser.error("keytrail cannot be left out: all others are compared with it")
    for file in (options.output, options.json, options.growth):
        if file and not file.parent.is_dir():
            parser.error(f"{file}: the folder {file.parent} is not there; make it first")
    return options


def wanted(name: str, only: Sequence[str] | None, without: Sequence[str]) -> bool:
    return name not in without and (only is None or name in only)


# Finding what to run


def find_keytrail(given: str | None) -> str:
    if given:
        program: str | None = shutil.which(str(Path(given).expanduser().absolute()))
        missing = f"{given}: no program there"
    else:
        program = shutil.which("keytrail") or shutil.which(str(CHECKOUT / "target/release/keytrail"))
        missing = "keytrail is neither on PATH nor built in this checkout"
    if program is None:
        raise UsageError(f"{missing}; run `cargo build --release`, or name it with --keytrail PATH")
    return str(Path(program).absolute())


def find_contestants(options: argparse.Namespace, keytrail: str, work: Path) -> Contestants:
    """Every tool that was asked for and has something to do."""
    try:
        ready = [Contestant(tool, keytrail, version_of(keytrail, tool)) for tool in keytrail_tools(keytrail)]
    except (InstallError, OSError) as error:
        raise UsageError(f"{keytrail} does not run: {error}; name another with --keytrail PATH") from None
    absent = []
    installer = Installer(work, not options.skip_install)
    for tool in (*PEERS, GIT, RIPGREP):
        asked_for = wanted(tool.name, options.only, options.without)
        if not asked_for or not any(tool.arguments(mode) for mode in modes_of(options.mode)):
            continue
        try:
            program = locate(tool, installer)
            ready.append(Contestant(tool, program, version_of(program, tool)))
        except (InstallError, OSError) as error:
            tell(f"{tool.name} is not run: {error}")
            absent.append(Absent(tool, str(error)))
    return Contestants(ready, absent)


def locate(tool: Tool, installer: Installer) -> str:
    if tool.package:
        if installer.install:
            tell(f"installing {tool.package.name} {tool.package.version}")
        return installer.program(tool.package)
    program = shutil.which(tool.name)
    if program is None:
        raise InstallError("not on PATH")
    return program


def modes_of(mode: str) -> Sequence[str]:
    return ("history", "tree") if mode == "both" else (mode,)


# The work itself


def compare(repository: Repository, mode: str, bench: Bench, contestants: Contestants) -> Result:
    """Runs all tools on one repository in one mode."""
    facts = facts_of(repository)
    if mode == "history":
        read_packs(repository)
        # Not the work tree: kingfisher would read its files, too.
        rows = bench.rounds(contestants.ready, mode, repository.store)
        return Result(repository.name, mode, facts, None, rows, contestants.absent)
    folder = bench.scratch / "tree"
    try:
        write_head(repository, folder)
        rows = bench.rounds(contestants.ready, mode, folder)
        return Result(repository.name, mode, facts, size_of(folder), rows, contestants.absent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def warm_up(bench: Bench, contestants: Contestants, mode: str, tiny: Path) -> None:
    """Runs every tool once on next to nothing: some compile their rules at the first start and keep
    them, and none should pay for its program being read from the disk."""
    for contestant in contestants.ready:
        bench.run(contestant, mode, tiny)


def raw(machine: Mapping[str, str], results: Sequence[Result]) -> dict[str, object]:
    """All numbers, for --json."""
    return {"machine": dict(machine), "results": [
        {"repository": result.repository, "mode": result.mode, "facts": asdict(result.facts),
         "tree": result.tree and {"files": result.tree[0], "bytes": result.tree[1]},
         "tools": [{"name": one.tool.name, "version": one.version,
                    "package": one.tool.package and f"{one.tool.package.name} {one.tool.package.version}",
                    "arguments": one.tool.arguments(result.mode),
                    "runs": [asdict(record) for record in records]}
                   for one, records in result.rows.items()],
         "not_run": {one.tool.name: one.reason for one in result.absent}} for result in results]}


def growth_picture(results: Sequence[Result]) -> str:
    """The SVG of keytrail's CPU time against what there is to read."""
    packs, blobs = [], []
    for result in results:
        seconds = keytrail_cpu(result)
        if result.mode == "history" and seconds:
            packs.append(growth.Point(result.repository, result.facts.pack_bytes, seconds))
            blobs.append(growth.Point(result.repository, result.facts.blob_bytes, seconds))
    if len(packs) < 2:
        raise UsageError("there is nothing to draw: keytrail has scanned fewer than two of the "
                         "repositories; the table says why")
    return growth.draw("keytrail scan --history: CPU time against size",
                       [growth.Panel("Packs", packs), growth.Panel("All blobs, inflated", blobs)])


def emit(text: str, files: Sequence[TextIO]) -> None:
    for file in files:
        file.write(text + "\n")
        file.flush()


def run(options: argparse.Namespace) -> int:
    repositories = [open_repository(argument) for argument in options.repositories]
    keytrail = find_keytrail(options.keytrail)
    work = options.work.expanduser().resolve()
    work.mkdir(parents=True, exist_ok=True)
    machine = machine_facts()
    contestants = find_contestants(options, keytrail, work)
    with ExitStack() as stack:
        # Only its owner can enter such a folder, so that what tools leave there stays private.
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="run-", dir=work))
        files = [sys.stdout]
        if options.output:
            files.append(stack.enter_context(open(options.output, "a", encoding="utf-8")))
        bench = Bench(Path(scratch), scan_environment(work / "cache"), options.timeout, options.runs)
        emit(header(machine, contestants.ready, options.runs), files)
        results = compare_all(repositories, modes_of(options.mode), bench, contestants, files)
    if options.json:
        options.json.write_text(json.dumps(raw(machine, results), indent=1) + "\n", encoding="utf-8")
    if options.growth:
        options.growth.write_text(growth_picture(results), encoding="utf-8")
    return 0 if all(keytrail_cpu(result) for result in results) else 1


def compare_all(repositories: Sequence[Repository], modes: Sequence[str], bench: Bench,
                contestants: Contestants, files: Sequence[TextIO]) -> list[Result]:
    """Measures everything, and writes each result as soon as it is there."""
    bench.standing.mkdir()
    tiny = bench.scratch / "tiny"
    make_tiny(tiny)
    for mode in modes:
        warm_up(bench, contestants.of(mode), mode, tiny)
    results = []
    for repository in repositories:
        for mode in modes:
            tell(f"{repository.name}, {mode}")
            results.append(compare(repository, mode, bench, contestants.of(mode)))
            emit(section(results[-1]), files)
    return results


def main() -> int:
    options = arguments()
    # So that a child is stopped and the work folder emptied, as at an interrupt.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(options)
    except (UsageError, RepositoryError, InstallError) as error:
        tell(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
