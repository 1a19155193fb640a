#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A sweep gone on with from outside: finished, torn, changed or by two at once.

Usage: cli_resume.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import cli_support
from cli_support import PATIENCE_S, PUS, SCHEMA, environment, finish, read_csv, two_pus
from cli_sweep_support import ALONE, PAIR, Sweeps, contents, read_lines


def edit(path, pattern, replacement):
    """Changes a text file where the pattern is found, once; that has to be somewhere."""
    with open(path, encoding="utf-8") as file:
        text, n = re.subn(pattern, replacement, file.read(), count=1)
    assert n == 1, f"{path}: no {pattern}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)


class Finished(Sweeps):
    """One sweep that is done, shared by tests that each have a copy of it."""

    ARGS = (*ALONE, "--rounds", "3")

    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="linebounce-")
        cls.addClassCleanup(shutil.rmtree, cls.made, ignore_errors=True)
        subprocess.run([cli_support.PROGRAM, *cls.ARGS, "--out", "out"], cwd=cls.made, check=True,
                       capture_output=True, env=environment(), timeout=PATIENCE_S)

    def setUp(self):
        super().setUp()
        self.renew()

    def renew(self):
        shutil.rmtree(self.path("out"), ignore_errors=True)
        shutil.copytree(os.path.join(self.made, "out"), self.path("out"))

    def refuses_untouched(self, *args, says, **options):
        """Status 2, that sentence last, and every file of the folder as it was."""
        before = contents(self.path("out"))
        result = self.run_it("sweep", "--resume", "out", *args, **options)
        self.assertEqual(result.returncode, 2, result.stderr)
        *_, last = result.stderr.splitlines()
        self.assertRegex(last, f"^linebounce: {says}$")
        self.assertEqual(contents(self.path("out")), before)
        return result

    def check_summary_is_the_same(self):
        """Read back from rows of six digits."""
        old = read_csv(os.path.join(self.made, "out/summary.csv"))
        new = read_csv(self.path("out/summary.csv"))
        self.assertEqual(len(old), len(new))
        for was, now in zip(old, new):
            for name, cell in was.items():
                if re.fullmatch(r"-?[\d.]+", cell):
                    self.assertAlmostEqual(float(now[name]), float(cell), msg=name,
                                           delta=0.002 * abs(float(cell)) + 0.05)
                else:
                    self.assertEqual(now[name], cell, name)


class Resume(Finished):
    def test_nothing_is_left_to_do(self):
        before = contents(self.path("out"))["samples.csv"]
        windows = len([r for r in read_csv(self.path("out/samples.csv")) if r["window"]])
        result = self.succeeds("sweep", "--resume", "out")
        self.assertIn(f"\n{windows} windows were there from before.\n", result.stdout)
        self.assertEqual(contents(self.path("out"))["samples.csv"], before)
        self.check_summary_is_the_same()

    def test_the_command_line_may_be_repeated(self):
        before = contents(self.path("out"))["samples.csv"]
        self.succeeds(*self.ARGS, "--resume", "out")
        self.succeeds("sweep", "--resume", "out", "--layout", "pointer", "--layout", "embedded",
                      "--rounds", "3", "--no-plots")
        self.assertEqual(contents(self.path("out"))["samples.csv"], before)

    def test_another_plan(self):
        case = "same-object/%s/rwsem40/compact-1/threads:1/work_ns:0"
        for args, says in (
                (("--layout", "padded,pointer"),
                 rf'plan\.layouts\[\d\] was "\w+: size .*" there and is "\w+: size .*" here'),
                (("--scenario", "neighbours"),
                 rf'plan\.first_cases\[2\] was "{case % "pointer"}" there and is '
                 rf'"{(case % "pointer").replace("same-object", "neighbours")}" here'),
                (("--rounds", "4"), r"plan\.rounds was 3 there and is 4 here"),
                (("--seed", "6"), r'plan\.seed was "5" there and is "6" here'),
                (("--work-ns", "200"), r'plan\.first_cases\[0\] was "empty/compact-1/threads:1/'
                                       r'work_ns:0" there and is "empty/.*work_ns:200" here'),
                (("--sample-every", "7"), r'plan\.sample_every was "by the op" there and is "7" '
                                          r"here"),
                (("--events", "bp:count"), r'plan\.events was nothing there and is \["bp:count"\] '
                                           r"here")):
            self.refuses_untouched(*args, says=r"out/sweep\.json: " + says)
        self.assertEqual(self.run_it("sweep", "--resume", "out").returncode, 0)

    @two_pus
    def test_other_placements(self):
        self.refuses_untouched("--threads", "2", says=r"out/sweep\.json: plan\.placements\[0\] was "
                               r'"compact-1 on .*" there and is ".*" here')

    def test_another_machine(self):
        for pattern, new, says in (
                (r'"cpu_model":\t"[^"]*"', '"cpu_model":\t"Other"',
                 r'machine\.cpu_model was "Other" there and is ".*" here'),
                (r'"host":\t"[^"]*"', '"host":\t"other"', r'machine\.host was "other" there .*'),
                (r'"pus":\t\d+', '"pus":\t512', r"machine\.pus was 512 there and is \d+ here"),
                (r'"kernel":\t"[^"]*"', '"kernel":\t"Linux 1.0"',
                 r'machine\.kernel was "Linux 1\.0" there and is ".*" here'),
                (r'"microcode":\t[^,]*,', "", r"machine\.microcode was nothing there and is .*")):
            edit(self.path("out/sweep.json"), pattern, new)
            self.refuses_untouched(says=r"out/sweep\.json: " + says)
            self.renew()

    def test_registers_are_set_by_the_command_line_alone(self):
        """A folder may come from anybody: what it says about the prefetcher is not obeyed."""
        path = self.path("out/sweep.json")
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        document["arguments"] += ["--prefetcher", "off"]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        self.refuses_untouched(says=r"--resume out: that sweep was begun with --prefetcher off: "
                                    r"give it again")
        self.renew()
        self.refuses_untouched("--prefetcher", "off",
                               says=r"--resume out: that sweep was begun without --prefetcher: "
                                    r"leave it out")

    def test_another_build(self):
        for pattern, new, says in (
                (r'"commit":\t[^,]*,', '"commit":\t"0123abc",',
                 r'build\.commit was "0123abc" there and is .* here'),
                (r'"c_flags":\t"[^"]*"', '"c_flags":\t"-O0"',
                 r'build\.c_flags was "-O0" there and is ".*" here'),
                (r'"compiler":\t"[^"]*"', '"compiler":\t"cc 1"', r'build\.compiler was "cc 1" .*')):
            edit(self.path("out/sweep.json"), pattern, new)
            self.refuses_untouched(says=r"out/sweep\.json: " + says)
            self.renew()

    @two_pus
    def test_a_machine_that_lost_cpus(self):
        def one_pu():
            os.sched_setaffinity(0, {PUS[0]})
        says = rf"out/sweep\.json: machine\.\w+ was \S+ there and is \S+ here"
        self.refuses_untouched(says=says, preexec_fn=one_pu)
        # Even where the plan could not be made any more.
        shutil.rmtree(self.path("out"))
        self.succeeds(*PAIR, "--rounds", "1", "--out", "out")
        self.refuses_untouched(says=says, preexec_fn=one_pu)

    def test_no_sweep(self):
        os.mkdir(self.path("empty"))
        self.succeeds("run", "fastpath", "--rounds", "1", "--no-plots", "--out", "run")
        for folder in ("nowhere", "empty", "run", "out/samples.csv", ""):
            self.assertEqual(self.refuses("sweep", "--resume", folder),
                             f"linebounce: --resume {folder}: no sweep was begun there "
                             "(no sweep.json)\n")
        self.assertEqual(os.listdir(self.path("empty")), [])

    def test_a_sweep_json_that_is_none(self):
        path = self.path("out/sweep.json")
        for text, says in (("", "no JSON document"), ("hello", "no JSON document"), ("[]", "has no "
                           "list arguments"), ('{"arguments": "sweep"}', "has no list arguments"),
                           ('{"arguments": []}', "arguments is not the command line of a sweep"),
                           ('{"arguments": ["run", "--quick"]}', "arguments is not the command "
                            "line of a sweep"), ('{"arguments": [1, 2]}', "arguments is not the "
                            "command line of a sweep")):
            write_lines(path, [text])
            self.refuses_untouched(says=rf"out/sweep\.json: {says}")
        write_lines(path, ['{"arguments": ["sweep"]}'])
        self.refuses_untouched(says=r"out/sweep\.json: build was nothing there and is \{.* here")

    def test_wrong_usage(self):
        self.assertEqual(self.refuses("sweep", "--resume", "out", "--out", "other"),
                         "linebounce: --resume out: goes on in that folder: leave out --out\n")
        self.assertEqual(self.refuses("sweep", "--resume", "out", "--dry-run"),
                         "linebounce: --resume: with --dry-run there is nothing to go on with\n")


class Torn(Finished):
    """What may have become of samples.csv."""

    def test_a_torn_last_line(self):
        size = os.path.getsize(self.path("out/samples.csv"))
        for cut in (1, 20, 400, 3000):
            os.truncate(self.path("out/samples.csv"), size - cut)
            self.succeeds("sweep", "--resume", "out")
            self.check_complete(self.path("out"), 3)
            self.renew()

    def test_hardly_begun(self):
        lines = read_lines(self.path("out/samples.csv"))
        for kept in ("", lines[0][:100], lines[0], "".join(lines[:2])):
            write_lines(self.path("out/samples.csv"), [kept])
            self.succeeds("sweep", "--resume", "out")
            self.check_complete(self.path("out"), 3)
            self.renew()

    def test_lost_last_rows_are_measured_again(self):
        lines = read_lines(self.path("out/samples.csv"))
        write_lines(self.path("out/samples.csv"), lines[:-15])
        self.succeeds("sweep", "--resume", "out")
        self.check_complete(self.path("out"), 3)

    def test_other_columns(self):
        lines = read_lines(self.path("out/samples.csv"))
        no_columns = (r"out/samples\.csv: its columns are not those of samples\.csv in version "
                      + str(SCHEMA))
        for changed in (lines[1:], [lines[0].replace("ns_op", "ns_per_op"), *lines[1:]],
                        ["hello\n"], ["a,b\n1,2\n"], ["\n", *lines]):
            write_lines(self.path("out/samples.csv"), changed)
            self.refuses_untouched(says=no_columns)
        os.remove(self.path("out/samples.csv"))
        self.refuses_untouched(says=r"out/samples\.csv: No such file or directory")

    def test_rows_of_another_version(self):
        lines = read_lines(self.path("out/samples.csv"))
        old = [re.sub(r"^\d+,", "2,", line) for line in lines[1:]]
        write_lines(self.path("out/samples.csv"), [lines[0], *old])
        self.refuses_untouched(says=r"out/samples\.csv:2: schema_version is '2', this program "
                                    f"reads {SCHEMA}")

    def test_rows_that_cannot_be_of_this_sweep(self):
        lines = read_lines(self.path("out/samples.csv"))
        middle = next(i for i, line in enumerate(lines) if i > 30 and "same-object" in line)
        row = lines[middle]
        order = r"out/samples\.csv:\d+: a row of window \d+ where window \d+ was to come: " \
                r"rows are missing, there twice or out of order"
        for changed, says in (
                ([], order),  # lost
                ([row, row], order),
                ([lines[middle + 1], row], order),
                ([row.replace("same-object", "many")],
                 r"out/samples\.csv:\d+: a row of a case that is not in the plan: many, layout .*"),
                ([row.replace("compact-1", "compact-9")],
                 r"out/samples\.csv:\d+: a row of a case that is not in the plan: same-object, .*"),
                ([row.replace(",all,", ",nobody,", 1)],
                 r"out/samples\.csv:\d+: a row that this program has not written: same-object, .*"),
                ([row[:-30] + "\n"], r"out/samples\.csv:\d+: .*"),
                ([row.replace("same-object", 'same"object')], r"out/samples\.csv:\d+: a quote .*"),
                ([row[:-1] + ",\n"], r"out/samples\.csv:\d+: .*")):
            rest = middle + (2 if len(changed) == 2 and changed[0] != row else 1)
            write_lines(self.path("out/samples.csv"), lines[:middle] + changed + lines[rest:])
            result = self.refuses_untouched(says=says)
            self.assertNotIn("go on with", result.stderr)

    @two_pus
    def test_a_window_of_which_one_role_is_there(self):
        shutil.rmtree(self.path("out"))
        args = [a if a != "same-object" else "observer" for a in PAIR]
        self.succeeds(*args, "--rounds", "2", "--out", "out")
        lines = read_lines(self.path("out/samples.csv"))
        last = max(i for i, line in enumerate(lines) if ",observe," in line)
        self.assertIn(",lock,", lines[last - 1])
        write_lines(self.path("out/samples.csv"), lines[:last])
        self.succeeds("sweep", "--resume", "out")
        self.check_complete(self.path("out"), 2)
        # In the middle it is no window in flight.
        write_lines(self.path("out/samples.csv"), lines[:last] + lines[last + 1:] + lines[1:2])
        first = min(i for i, line in enumerate(lines) if ",observe," in line)
        write_lines(self.path("out/samples.csv"), lines[:first] + lines[first + 1:])
        self.refuses_untouched(says=r"out/samples\.csv:\d+: (a row of window \d+ where window "
                               r"\d+ was to come: .*|roles of a window out of order: .*)")

    @two_pus
    def test_watched_words_are_read_back(self):
        shown = self.succeeds("show", "counters").stdout
        if not re.search(r"(?m)^breakpoints +[1-9]", shown) or os.uname().machine != "x86_64":
            self.skipTest("hardware breakpoints cannot be armed here")
        shutil.rmtree(self.path("out"))
        self.succeeds(*ALONE, "--rounds", "2", "--events", "bp:count", "--out", "out")
        columns = ("scenario", "layout", "events", "events_per_op", "event_windows", "event_states")
        before = [[r[c] for c in columns] for r in read_csv(self.path("out/summary.csv"))]
        self.assertIn("counted", {row[-1] for row in before})
        self.succeeds("sweep", "--resume", "out")
        self.assertEqual([[r[c] for c in columns] for r in read_csv(self.path("out/summary.csv"))],
                         before)


class Twice(Sweeps):
    def test_two_sweeps_into_one_folder(self):
        process = self.start(*ALONE, "--rounds", "100000", "--out", "out")
        self.wait_for_rows(self.path("out/samples.csv"), 30, process)
        result = self.run_it(*ALONE, "--rounds", "1", "--out", "out")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr,
                         "linebounce: out: another run is writing there: choose another folder\n")
        result = self.run_it("sweep", "--resume", "out")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr,
                         "linebounce: out/samples.csv: another run is writing to it\n")
        process.send_signal(signal.SIGINT)
        finish(process)
        self.assertEqual(process.returncode, 130)
        rows = [r for r in self.check_folder(self.path("out"), 30) if r["window"]]
        self.assertEqual([int(r["window"]) for r in rows], list(range(len(rows))))


if __name__ == "__main__":
    sys.exit(cli_support.main())
