"""Tests of what compare.py does without a scanner or a network."""
from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import compare
import growth
import measure
import repository
import tools

FACTS = repository.Facts("0123abcd", 1000, 20, 5, 30000)


def tool(name: str) -> tools.Tool:
    return next(one for one in (*tools.PEERS, tools.GIT, tools.RIPGREP) if one.name == name)


def usage(cpu: float, exit_code: int = 0, peak: int = 3 * compare.MIB) -> measure.Usage:
    return measure.Usage(exit_code, cpu / 2, cpu * 0.75, cpu * 0.25, peak)


def keytrail() -> compare.Contestant:
    plain = tools.Tool("keytrail", (), (), (), frozenset((0, 1, 3)), tools.count_keytrail)
    return compare.Contestant(plain, "/bin/keytrail", "1.2.3")


class InFolder(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

    def written(self, content: object) -> Path:
        path = self.folder / "report"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path


class Counting(InFolder):
    def test_keytrail_counts_secrets_and_places(self) -> None:
        summary = {"open": 3, "places": 7, "complete": False}
        report = self.written({"summary": summary, "findings": [{}] * 5})
        self.assertEqual(tools.count_keytrail(report), tools.Count(3, 7, complete=False))

    def test_peers(self) -> None:
        self.assertEqual(tools.count_gitleaks(self.written([{}, {}])), tools.Count(2))
        report = self.written({"findings": [{}], "scan": {"state": "complete"}})
        self.assertEqual(tools.count_betterleaks(report), tools.Count(1))
        self.assertEqual(tools.count_detect_secrets(self.written({"results": {"a": [{}, {}], "b": [{}]}})),
                         tools.Count(3))
        self.assertEqual(tools.count_lines(self.written("a:1:x\nb:2:y\n")), tools.Count(2))

    def test_a_scan_that_says_it_missed_something_is_incomplete(self) -> None:
        report = self.written({"findings": [], "scan": {"state": "partial"}})
        self.assertFalse(tools.count_betterleaks(report).complete)
        for partial, failed, complete in ((0, 0, True), (1, 0, False), (0, 1, False)):
            scans = {"scan_partial": partial, "scan_failed": failed}
            report = self.written({"findings": [{}], "audit": {"summary": scans}})
            self.assertEqual(tools.count_kingfisher(report), tools.Count(1, complete=complete))


class Judging(InFolder):
    def test_found_something_is_no_failure(self) -> None:
        report = self.written([{}])
        record = compare.judge(tool("gitleaks"), usage(1, tools.FOUND), report, 9)
        self.assertEqual((record.failure, record.count), ("", tools.Count(1)))

    def test_an_error_of_gitleaks_is_a_failure(self) -> None:
        record = compare.judge(tool("gitleaks"), usage(1, 1), self.written([]), 9)
        self.assertEqual(record.failure, "exit code 1")

    def test_a_crash_is_told(self) -> None:
        record = compare.judge(tool("kingfisher"), usage(1, -11), self.written(""), 9)
        self.assertEqual(record.failure, "killed by SIGSEGV")

    def test_a_time_out_is_told(self) -> None:
        record = compare.judge(tool("git"), None, self.written(""), 9)
        self.assertEqual((record.failure, record.timed_out), ("timed out after 9 s", True))

    def test_a_cut_report_is_told(self) -> None:
        for content in ("[{", "", '{"other": 1}'):
            record = compare.judge(tool("kingfisher"), usage(1), self.written(content), 9)
            self.assertIn("report not understood", record.failure)


class Table(unittest.TestCase):
    def result(self, *records: compare.Record, absent: tuple = ()) -> compare.Result:
        other = compare.Contestant(tool("gitleaks"), "/bin/gitleaks", "8")
        rows = {keytrail(): [compare.Record(usage(2.0), tools.Count(3, 1234))], other: list(records)}
        return compare.Result("r", "history", FACTS, None, rows, absent)

    def last_row(self, result: compare.Result) -> list[str]:
        return [cell.strip() for cell in compare.table(result).splitlines()[-1].strip("|").split("|")]

    def test_a_row(self) -> None:
        records = [compare.Record(usage(cpu), tools.Count(10)) for cpu in (8.0, 4.0, 5.0)]
        self.assertEqual(self.last_row(self.result(*records)),
                         ["gitleaks 8", "2.50", "5.00", "4.00", "3", "10", "2.50", "3"])

    def test_failures_do_not_count_and_are_told(self) -> None:
        records = [compare.Record(usage(8.0), tools.Count(10)),
                   compare.Record(usage(0.1, 2), failure="exit code 2"),
                   compare.Record(usage(0.1, 2), failure="exit code 2"),
                   compare.Record(failure="timed out after 9 s", timed_out=True)]
        row = self.last_row(self.result(*records))
        self.assertEqual(row[2], "8.00")
        self.assertEqual(row[-1], "1 of 4: exit code 2 (2×), timed out after 9 s, not tried again")

    def test_nothing_but_failures(self) -> None:
        row = self.last_row(self.result(compare.Record(usage(1, 2), failure="exit code 2")))
        self.assertEqual(row[1:], ["–"] * 6 + ["0 of 1: exit code 2"])

    def test_an_absent_tool_has_its_reason_in_one_cell(self) -> None:
        absent = (compare.Absent(tool("ripsecrets"), "no | wheel\nhere"),)
        last = compare.table(self.result(absent=absent)).splitlines()[-1]
        self.assertTrue(last.startswith("| ripsecrets | – |"))
        self.assertTrue(last.endswith("| not run: no \\| wheel here |"))

    def test_every_row_has_all_columns(self) -> None:
        result = self.result(absent=(compare.Absent(tool("rg"), "not on PATH"),))
        self.assertEqual({line.count("|") for line in compare.table(result).splitlines()},
                         {len(compare.COLUMNS) + 1})

    def test_findings(self) -> None:
        self.assertEqual(compare.findings_text([]), "–")
        self.assertEqual(compare.findings_text([tools.Count(3, 1234)] * 2), "3 in 1,234 places")
        self.assertEqual(compare.findings_text([tools.Count(9), tools.Count(7)]), "7 to 9")

    def test_an_incomplete_scan_is_told(self) -> None:
        record = compare.Record(usage(1), tools.Count(0, 0, complete=False))
        self.assertEqual(compare.runs_text([record]), "1, scan incomplete")

    def test_without_keytrail_nothing_is_relative(self) -> None:
        self.assertEqual(compare.row([compare.Record(usage(1))], None)[5], "–")

    def test_raw_numbers_are_json(self) -> None:
        absent = (compare.Absent(tool("rg"), "gone"),)
        result = self.result(compare.Record(usage(1), tools.Count(1)), absent=absent)
        read = json.loads(json.dumps(compare.raw({"git": "2"}, [result])))["results"][0]
        self.assertEqual(read["tools"][1]["runs"][0]["usage"]["user"], 0.75)
        self.assertEqual(read["not_run"], {"rg": "gone"})


class Arguments(InFolder):
    def refused(self, *words: str) -> str:
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit):
            compare.arguments(words)
        return said.getvalue()

    def test_defaults(self) -> None:
        options = compare.arguments(["a", "b"])
        self.assertEqual((options.repositories, options.mode, options.runs), (["a", "b"], "history", 5))

    def test_refusals_tell_the_next_step(self) -> None:
        self.assertIn("there are keytrail", self.refused("a", "--only", "trufflehog"))
        self.assertIn("name another", self.refused("a", "--growth", "x.svg"))
        self.assertIn("--mode both", self.refused("a", "b", "--mode", "tree", "--growth", "x.svg"))
        self.assertIn("not above 0", self.refused("a", "--runs", "0"))
        self.assertIn("no number", self.refused("a", "--timeout", "soon"))
        self.assertIn("not above 0", self.refused("a", "--timeout", "nan"))
        self.assertIn("cannot be left out", self.refused("a", "--without", "keytrail"))
        self.assertIn("make it first", self.refused("a", "--json", str(self.folder / "none" / "x.json")))

    def test_wanted(self) -> None:
        self.assertTrue(compare.wanted("git", None, []))
        self.assertFalse(compare.wanted("git", None, ["git"]))
        self.assertFalse(compare.wanted("git", ["rg"], []))
        self.assertTrue(compare.wanted("git", ["git", "rg"], []))

    def test_a_missing_keytrail(self) -> None:
        with self.assertRaisesRegex(compare.UsageError, "cargo build --release"):
            compare.find_keytrail(str(self.folder / "keytrail"))

    def test_names_of_repositories(self) -> None:
        (self.folder / "a=b").mkdir()
        named = {"x/tool.git": "tool", "own=x/tool.git": "own", f"{self.folder}/a=b": "a=b"}
        for argument, name in named.items():
            self.assertEqual(repository.split_name(argument)[0], name)
        self.assertEqual(repository.split_name("own=x/y")[1], Path("x/y").resolve())


class Tools(unittest.TestCase):
    def commands(self) -> list[tuple[str, ...]]:
        return [arguments for peer in tools.PEERS for arguments in (peer.history, peer.tree) if arguments]

    def test_no_peer_is_told_where_to_write(self) -> None:
        # gitleaks deletes the file that it is given, /dev/null included.
        for arguments in self.commands():
            self.assertNotIn(os.devnull, arguments)
            for option in ("--report-path", "--output"):
                if option in arguments:
                    self.assertEqual(arguments[arguments.index(option) + 1], "-")

    def test_every_command_has_its_path_once(self) -> None:
        for arguments in self.commands():
            self.assertEqual(arguments.count(tools.PATH), 1)

    def test_nothing_is_validated_and_reports_are_redacted(self) -> None:
        for mode in ("history", "tree"):
            for name in ("kingfisher", "gitleaks", "betterleaks"):
                self.assertIn("--redact", tool(name).arguments(mode) or ())
            self.assertIn("--no-validate", tool("kingfisher").arguments(mode) or ())
            self.assertIn("--no-update-check", tool("kingfisher").arguments(mode) or ())
        self.assertIn("--no-verify", tool("detect-secrets").tree or ())

    def test_the_second_run_needs_a_cache(self) -> None:
        with mock.patch.object(tools, "run_text", return_value="--history"):
            self.assertEqual([one.name for one in tools.keytrail_tools("k")], ["keytrail"])
        with mock.patch.object(tools, "run_text", return_value="--history --no-cache"):
            plain, second = tools.keytrail_tools("k")
        self.assertIn("--no-cache", plain.history or ())
        self.assertNotIn("--no-cache", second.history or ())
        self.assertEqual((second.fill_first, second.tree), (True, None))

    def test_versions(self) -> None:
        for text, version in (("git version 2.47.3\n", "2.47.3"), ("2.0.0-rc.4\n", "2.0.0-rc.4"),
                              ("ripgrep 15.1.0 (rev af60c2d)\n", "15.1.0"), ("dev\n", "of unknown version")):
            with mock.patch.object(tools, "run_text", return_value=text):
                self.assertEqual(tools.version_of("x", tool("git")), version)

    def test_environment(self) -> None:
        outside = {"PATH": "/bin", "GITLEAKS_CONFIG": "x", "KEYTRAIL_FAIL_ON": "never", "No_Proxy": "*",
                   "HTTPS_PROXY": "http://proxy.example"}
        with mock.patch.dict(os.environ, outside, clear=True):
            env = tools.scan_environment(Path("/cache"))
        self.assertEqual((env["PATH"], env["XDG_CACHE_HOME"]), ("/bin", "/cache"))
        self.assertEqual(env["HTTPS_PROXY"], env["https_proxy"])
        self.assertNotIn("proxy.example", "".join(env.values()))
        self.assertFalse({"GITLEAKS_CONFIG", "KEYTRAIL_FAIL_ON", "No_Proxy"} & set(env))

    def test_the_word_is_not_in_the_sources(self) -> None:
        word = tools.absent_word()
        self.assertRegex(word, "^[a-z]{12}$")
        for source in Path(tools.__file__).parent.glob("*.py"):
            self.assertNotIn(word, source.read_text(encoding="utf-8"))

    def test_commands_are_shown_without_folders(self) -> None:
        self.assertEqual(tools.shown(["/home/me/venv/bin/python", "-m", "pip"]), "python -m pip")

    def test_a_tool_that_is_not_installed(self) -> None:
        installer = tools.Installer(Path("/nowhere"), install=False)
        for name in ("gitleaks", "ripsecrets"):
            package = tool(name).package
            assert package is not None
            with self.assertRaisesRegex(tools.InstallError, "--skip-install"):
                installer.program(package)


class Measuring(InFolder):
    def run_python(self, code: str, timeout: float = 60) -> measure.Usage | None:
        return measure.measure([sys.executable, "-I", "-S", "-c", code], self.folder / "out",
                               self.folder / "err", self.folder, dict(os.environ), timeout)

    def test_a_line_of_the_launcher(self) -> None:
        expected = measure.Usage(2, 1.5, 0.25, 0.125, 10 * measure.PEAK_UNIT)
        self.assertEqual(measure.parse_usage("512 1.5 0.25 0.125 10"), expected)
        self.assertEqual(measure.parse_usage("9 1 0 0 10").exit_code, -9)

    def test_exit_code_output_and_peak(self) -> None:
        used = self.run_python("import sys; big = bytearray(64 << 20); print('out'); sys.exit(3)")
        assert used is not None
        self.assertEqual(used.exit_code, 3)
        self.assertGreater(used.peak_bytes, 64 << 20)
        self.assertEqual((self.folder / "out").read_text(), "out\n")
        self.assertEqual((self.folder / "out").stat().st_mode & 0o777, 0o600)

    def test_our_own_memory_is_not_taken_for_the_tool_s(self) -> None:
        ballast = bytearray(os.urandom(1)) * (96 << 20)
        used = self.run_python("pass")
        assert used is not None
        self.assertLess(used.peak_bytes, len(ballast) // 2)

    def test_cpu_time_of_grandchildren_counts(self) -> None:
        used = self.run_python("import os, time\n"
                               "if os.fork():\n os.wait()\n"
                               "else:\n while time.process_time() < 0.2: pass\n")
        assert used is not None
        self.assertGreaterEqual(used.cpu, 0.2)

    def test_a_program_that_is_not_there(self) -> None:
        used = measure.measure([str(self.folder / "none")], self.folder / "out", self.folder / "err",
                               self.folder, {}, 60)
        assert used is not None
        self.assertEqual(used.exit_code, 127)
        self.assertIn("none", (self.folder / "err").read_text())

    def test_a_run_over_its_time_is_stopped_with_its_children(self) -> None:
        code = ("import os, time\nchild = os.fork()\n"
                "if child: print(child, flush=True)\ntime.sleep(60)")
        self.assertIsNone(self.run_python(code, timeout=2))
        child = int((self.folder / "out").read_text())
        try:
            state = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            state = "gone"
        self.assertIn(state, ("Z", "gone"))


class Repositories(InFolder):
    def test_sums(self) -> None:
        lines = ["blob 10\n", "commit 200\n", "tree 30\n", "blob 5\n"]
        self.assertEqual(repository.sum_up(lines), (4, 1, 15))

    def test_facts_and_files_of_head(self) -> None:
        path = self.folder / "tiny"
        repository.make_tiny(path)
        (path / "not-committed").write_text("x")
        opened = repository.open_repository(str(path))
        facts = repository.facts_of(opened)
        self.assertEqual((facts.objects, facts.commits), (3, 1))
        repository.write_head(opened, self.folder / "tree")
        self.assertEqual([file.name for file in (self.folder / "tree").iterdir()], ["readme.txt"])
        self.assertEqual(repository.size_of(self.folder / "tree"), (1, facts.blob_bytes))

    def test_a_folder_within_a_repository_is_refused(self) -> None:
        path = self.folder / "tiny"
        repository.make_tiny(path)
        (path / "inner").mkdir()
        with self.assertRaisesRegex(repository.RepositoryError, "name that one"):
            repository.open_repository(str(path / "inner"))


class Growth(unittest.TestCase):
    def test_a_line_through_the_origin(self) -> None:
        line = growth.fit([(1, 2), (2, 4), (3, 6)])
        self.assertAlmostEqual(line.slope, 2)
        self.assertAlmostEqual(line.r_squared or math.nan, 1)

    def test_points_beside_the_line(self) -> None:
        # By hand: the slope is (1*1 + 2*4) / (1 + 4), what it misses 0.8 of a spread of 4.5.
        line = growth.fit([(1, 1), (2, 4)])
        self.assertAlmostEqual(line.slope, 1.8)
        self.assertAlmostEqual(line.r_squared or math.nan, 1 - 0.8 / 4.5)

    def test_no_spread_and_no_size(self) -> None:
        self.assertIsNone(growth.fit([(1, 3), (2, 3)]).r_squared)
        self.assertEqual(growth.fit([(0, 3), (0, 4)]).slope, 0)

    def test_steps(self) -> None:
        for most, step in ((5, 1), (4.9, 1), (31, 10), (0.7, 0.2), (270, 100), (1, 0.2)):
            self.assertAlmostEqual(growth.nice_step(most), step)

    def test_units(self) -> None:
        self.assertEqual(growth.byte_unit(3e9), (1e9, "GB"))
        self.assertEqual(growth.byte_unit(999), (1.0, "bytes"))

    def test_a_picture(self) -> None:
        points = [growth.Point("a<b&c", 9e6, 1.4), growth.Point("big", 3.1e7, 4.9),
                  growth.Point("none", 0, 0)]
        picture = growth.draw("title", [growth.Panel("Packs", points), growth.Panel("Blobs", points)])
        root = ElementTree.fromstring(picture)
        names = {"svg": "http://www.w3.org/2000/svg"}
        self.assertEqual((root.get("width"), root.get("height")), ("800", "500"))
        circles = root.findall("svg:circle", names)
        self.assertEqual(len(circles), 6)
        for circle in circles:
            self.assertTrue(0 <= float(circle.get("cx", "nan")) <= growth.WIDTH)
            self.assertTrue(growth.TOP <= float(circle.get("cy", "nan")) <= growth.HEIGHT - growth.BOTTOM)
        said = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertEqual(said.count("a<b&c"), 2)
        self.assertTrue(any("R² = " in text for text in said))
        self.assertIn("Packs (MB)", said)

    def test_names_are_on_nothing_else(self) -> None:
        panel = growth.Box(0, 0, 400, 400)
        taken = [growth.Box(96, 96, 104, 104)]
        place = growth.free_place("name", 100, 100, taken, panel)
        assert place is not None
        self.assertFalse(place.meets(taken[0]))
        self.assertIsNone(growth.free_place("name" * 100, 100, 100, taken, panel))

    def test_too_few_repositories_are_told(self) -> None:
        result = compare.Result("r", "history", FACTS, None, {keytrail(): [compare.Record(usage(1))]}, ())
        with self.assertRaisesRegex(compare.UsageError, "fewer than two"):
            compare.growth_picture([result])
        self.assertTrue(compare.growth_picture([result, result]).startswith("<svg"))


class Words(unittest.TestCase):
    def test_tool_names(self) -> None:
        self.assertEqual(compare.tool_name("rg"), "rg")
        with self.assertRaises(argparse.ArgumentTypeError):
            compare.tool_name("grep")


if __name__ == "__main__":
    unittest.main()
