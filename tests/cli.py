#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line from outside: words, exit statuses, files, signals.

Usage: cli.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.

A test that takes a CPU of the machine offline runs only with LINEBOUNCE_TEST_HOTPLUG=1: other
programs lose that CPU too, and where cgroups are of version 1 their groups do not get it back.
"""

import base64
import contextlib
import csv
import html.parser
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest

import cli_support
from cli_support import (ESCAPE, PATIENCE_S, PROGRAM, PUS, ROOT, SCHEMA, SENTENCE, SOURCE, TESTS,
                         Case, cpu_s, documented_keys, environment, finish, read_csv,
                         run_json_keys, schema_columns, two_pus)

# Two layouts in one scenario; and on one thread, which any machine can do.
SMALL = ("--scenario", "same-object", "--layout", "pointer,embedded", "--no-plots")
ALONE = (*SMALL, "--threads", "1")


def has_gbench():
    shown = subprocess.run([PROGRAM, "show", "environment"], capture_output=True, text=True,
                           check=False).stdout
    return re.search(r"^libraries .*\bbenchmark\b", shown, re.MULTILINE) is not None


# An event of perf's own, which every machine counts; where its name is unknown, a role.
SOFTWARE = "cycles" if "not built in" in subprocess.run(
    [PROGRAM, "show", "counters"], capture_output=True, text=True,
    check=False).stdout else "perf::TASK-CLOCK"


class Words(Case):
    def test_help(self):
        for command in ((), ("run",), ("sweep",), ("compare",), ("show",), ("plot",)):
            result = self.succeeds(*command, "--help")
            self.assertRegex(result.stdout, r"^Usage: " + " ".join(("linebounce", *command)))
            self.assertEqual(result.stderr, "")
            self.assertEqual(self.succeeds(*command, "-?").stdout, result.stdout)

    def test_help_names_every_option_of_a_run(self):
        text = self.succeeds("run", "--help").stdout
        for option in ("layout", "lock", "scenario", "placement", "pus", "threads", "writers",
                       "work-ns", "baseline", "budget", "precision", "seed", "quick", "out",
                       "dry-run", "topology"):
            self.assertIn(f"--{option}", text)

    def test_version(self):
        with open(os.path.join(SOURCE, "meson.build"), encoding="utf-8") as file:
            version = re.search(r"version: '([^']+)'", file.read())[1]
        for command in ((), ("run",), ("sweep",), ("compare",), ("show",), ("plot",)):
            for option in ("--version", "-V"):
                result = self.succeeds(*command, option)
                self.assertEqual(result.stdout, f"linebounce {version}\n")
                self.assertEqual(result.stderr, "")

    def test_no_command(self):
        result = self.run_it()
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stdout, "")
        self.assertIn("Usage: linebounce", result.stderr)

    def test_readme_names_the_commands(self):
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
            text = file.read()
        for command in ("sh benchmarks/run.sh", "sh tests/run.sh"):
            self.assertIn(command, text)
            self.assertTrue(os.path.exists(os.path.join(SOURCE, command.split()[1])))

    def test_lost_output_is_no_success(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([PROGRAM, "show", "layouts"], stdout=full, text=True,
                                    stderr=subprocess.PIPE, env=environment(), check=False)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, SENTENCE)


class Refusals(Case):
    def tearDown(self):
        self.assertEqual(os.listdir(self.dir), [], "a refusal left files")

    def test_unknown_names(self):
        for args in (("frobnicate",), ("run", "--frobnicate"), ("show", "--frobnicate"),
                     ("plot", "--frobnicate"), ("run", "nosuite"), ("show", "nothing"),
                     ("run", "--layout", "nolayout"), ("run", "--scenario", "noscenario"),
                     ("run", "--lock", "nolock"), ("run", "--placement", "noplacement"),
                     ("run", "--baseline", "nolayout"), ("run", "--access", "noaccess"),
                     ("run", "--events", "noevent"), ("run", "--events", "bp:noword"),
                     ("run", "--events", "bp:count:x"), ("run", "--events", "none,cycles"),
                     ("run", "--events", "cycles,none"), ("run", "--events", "cycles,cycles"),
                     ("run", "--events", "bp:count,bp:count:w")):
            self.refuses(*args)

    def test_the_sentence_says_what_and_what_there_is(self):
        self.assertRegex(self.refuses("run", "--layout", "nolayout"), "nolayout.*embedded-own-line")
        self.assertRegex(self.refuses("run", "--scenario", "noscenario"), "noscenario.*neighbours")
        self.assertRegex(self.refuses("run", "--lock", "nolock"), "nolock.*rwsem40")
        self.assertRegex(self.refuses("run", "nosuite"), "nosuite.*layouts")
        self.assertRegex(self.refuses("run", "--events", "hitm_locl"), "hitm_locl.*hitm_local")
        self.assertRegex(self.refuses("run", "--events", "bp:cuont"), "bp:cuont.*nearest: count")
        self.assertRegex(self.refuses("show", "nothing"), "nothing.*topology")

    def test_values(self):
        for option, values in {
                "--threads": ("0", "-1", "1.5", "two", "nan", "", "1,,2"),
                "--rounds": ("0", "1.5", "5e9", "many"),
                "--budget": ("0", "-5s", "5 parsecs", "nan", "inf", "s"),
                "--precision": ("0", "-1", "x"),
                "--work-ns": ("-1", "x", "200,"),
                "--objects": ("0", "2.5", "x"),
                "--seed": ("-1", "x", "1.5"),
                "--writers": ("-1", "101%", "x"),
                "--sample-every": ("0", "-1", "1.5", "x", "1e12"),
                "--events": ("", ",", "cycles,,bp:count"),
                "--twin-slow": ("x",)}.items():
            for value in values:
                self.refuses("run", *SMALL, f"{option}={value}")

    def test_missing_words(self):
        for args in (("show",), ("plot",), ("run", "--threads"), ("show", "topology", "locks")):
            self.refuses(*args)

    def test_layouts_of_ones_own(self):
        for text in ("a:", ":size=256,lock=192", "a:size=256", "a:lock=192",
                     "a:size=256,align=3,lock=192", "a:size=64,align=64,lock=60",
                     "a:size=256,align=64,lock=193,seq=40", "a:size=256,lock=192,seq=192",
                     "a:size=256,lock=8", "a:size=256,lock=240", "a:size=256,lock=192,shoe=43",
                     "a:size=x,lock=192", "a:size=,lock=192", "a:size=-256,lock=192",
                     "a:size=99999999999999999999,lock=192", "a:size=256,size=256,lock=192",
                     "a:size=256,lock=192,", "a b:size=256,lock=192", "a,b:size=256,lock=192",
                     "pointer:size=256,lock=192", "", ",", "pointer,,embedded"):
            self.refuses("run", "--dry-run", "--layout", text)
        self.assertIn("overlap", self.refuses("run", "--layout", "a:size=256,lock=192,seq=192"))
        self.assertIn("align", self.refuses("run", "--layout", "a:size=256,lock=193,seq=40"))

    def test_more_threads_than_pus(self):
        self.assertIn(str(len(PUS)), self.refuses("run", *SMALL, "--threads", str(len(PUS) + 1)))

    def test_pus(self):
        for text in ("0-", "x", "", f"{PUS[0]},{PUS[0]}", "999999"):
            self.refuses("run", *SMALL, "--pus", text)

    @two_pus
    def test_pu_outside_the_allowed_set(self):
        def one_pu():
            os.sched_setaffinity(0, {PUS[0]})
        words = self.refuses("run", *SMALL, "--pus", f"{PUS[0]},{PUS[1]}", preexec_fn=one_pu)
        self.assertIn(str(PUS[1]), words)

    def test_a_scenario_that_needs_more_threads(self):
        self.refuses("run", "--scenario", "observer", "--threads", "1")

    def test_another_machine_is_not_measured(self):
        for topology in ("package:2 core:4 pu:2", os.path.join(TESTS, "topologies/hybrid.xml")):
            self.refuses("run", *SMALL, "--topology", topology)

    def test_topologies_that_are_none(self):
        for topology in ("nonsense", "", "/nonexistent.xml", os.path.join(SOURCE, "README.md")):
            for args in (("run", "--dry-run"), ("show", "topology"), ("show", "placements")):
                self.refuses(*args, "--topology", topology)


class Plans(Case):
    def tearDown(self):
        self.assertEqual(os.listdir(self.dir), [], "a plan left files")

    def test_show(self):
        for thing in ("topology", "placements", "layouts", "locks", "scenarios", "suites",
                      "counters", "environment"):
            result = self.succeeds("show", thing)
            self.assertTrue(result.stdout.strip(), thing)
            self.assertEqual(result.stderr, "", thing)

    def test_show_layouts_draws_what_is_asked_for(self):
        text = self.succeeds("show", "layouts", "--layout", "embedded-own-line").stdout
        self.assertIn("embedded-own-line", text)
        self.assertNotIn("refcount-seq", text)
        self.succeeds("show", "layouts", "--layout", "own:size=256,align=64,lock=192,seq=40")

    def test_show_layouts_at_pages(self):
        """Published figures: 54 pages per 1000 objects as shipped, 64 in the RFC, 48 since."""
        for layout, pages in (("pointer", 54), ("embedded-own-line", 64), ("refcount", 48)):
            text = self.succeeds("show", "layouts", "--layout", layout).stdout
            self.assertRegex(text, rf"\b{pages}\b")

    def test_other_machines(self):
        for topology in ("package:2 l3:2 core:4 pu:2",
                         os.path.join(TESTS, "topologies/hybrid.xml")):
            self.assertIn("PU", self.succeeds("show", "topology", "--topology", topology).stdout)
            self.assertIn("compact", self.succeeds("show", "placements", "--topology",
                                                   topology).stdout)
            self.assertIn("same-object/", self.succeeds("run", *SMALL, "--dry-run", "--topology",
                                                        topology).stdout)

    def test_plan_for_512_pus(self):
        result = self.succeeds("run", "--dry-run", *SMALL, "--threads", "512", "--topology",
                               "package:8 l3:8 core:8 pu:1")
        self.assertIn("threads:512", result.stdout)
        self.assertRegex(result.stdout, r"\d+ cases, [\d.]+ s a round")
        self.refuses("run", "--dry-run", *SMALL, "--threads", "513", "--topology",
                     "package:8 l3:8 core:8 pu:1")

    def test_dry_run_measures_nothing(self):
        result = self.succeeds("run", "--dry-run")
        self.assertRegex(result.stdout, r"^suite layouts: \d+ cases")
        self.assertEqual(result.stderr, "")


class Results(Case):
    def test_a_run(self):
        result = self.succeeds("run", *ALONE, "--rounds", "2", "--seed", "7", "--out", "out")
        self.assertIn("Results: out", result.stdout)
        for row in self.check_folder(self.path("out")):
            for name, cell in row.items():
                if name != "reason":
                    self.assertNotRegex(cell.lower(), r"(^|;|[+-])(nan|inf)", name)
            if row["status"] == "ok":
                self.assertGreater(float(row["ns_op"]), 0)
        for row in read_csv(self.path("out/summary.csv")):
            for name in ("ns_op_median", "ns_op_min", "ns_op_max"):
                self.assertTrue(not row[name] or float(row[name]) > 0)
            self.assertNotRegex(";".join(v for k, v in row.items() if k != "note").lower(),
                                r"(^|;|[+-])(nan|inf)(;|$)")
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            run = json.load(file)["run"]
        self.assertEqual(run["command"][:2], ["linebounce", "run"])
        self.assertEqual(run["seed"], "7")
        self.assertTrue(os.path.getsize(self.path("out/topology.xml")))

    def test_keys_of_run_json_are_on_the_page(self):
        self.succeeds("run", *ALONE, "--rounds", "1", "--out", "out")
        # Of other commands and options: their tests look at those.
        others = {key for key in documented_keys()
                  if key.startswith(("sweep.", "prefetcher.", "suites.pingpong."))}
        # steal time is left out where the kernel does not tell it
        self.assertEqual(run_json_keys(self.path("out")) | {"suites.NAME.steal_ms"},
                         documented_keys() - others)

    def test_a_run_without_counters_says_so_once(self):
        result = self.succeeds("run", *ALONE, "--rounds", "1", "--out", "out")
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            counters = json.load(file)["counters"]
        words = re.findall(r"(?m)^linebounce: counters: .*$", result.stderr)
        self.assertEqual(len(words), counters["state"] != "present", result.stderr)
        self.assertEqual(len(counters["events"]), 13, "every role is accounted for")
        for event in counters["events"].values():
            if event["state"] != "counted":
                self.assertTrue(event["reason"])
        for name in ("summary.csv", "samples.csv"):
            for row in read_csv(self.path("out", name)):
                if counters["state"] != "present":
                    self.assertEqual([v for k, v in row.items() if k.endswith("_per_op") and v and
                                      not k.startswith("spins_")], [])

    def test_events_that_are_not_here(self):
        """The run goes on without their columns, and no cell holds a 0 that was not counted."""
        self.succeeds("run", *ALONE, "--rounds", "2", "--out", "out",
                      "--events", f"hitm_far,{SOFTWARE},rfo_hitm_remote")
        for row in read_csv(self.path("out/summary.csv")):
            self.assertEqual(row["events"], f"hitm_far;{SOFTWARE};rfo_hitm_remote")
            states = row["event_states"].split(";")
            for value, state in zip(row["events_per_op"].split(";"), states):
                self.assertEqual(value != "", state in ("counted", "scaled"), states)

    def test_no_events_no_samples(self):
        self.succeeds("run", *ALONE, "--rounds", "1", "--out", "out", "--events", "none",
                      "--sample-every", "none")
        for row in read_csv(self.path("out/samples.csv")):
            self.assertEqual(row["events"] + row["latency_samples"] + row["own_op_ns"], "")

    def test_windows_count_up(self):
        self.succeeds("run", *ALONE, "--rounds", "2", "--out", "out")
        rows = [r for r in self.check_folder(self.path("out"))
                if not r["scenario"].startswith("anchor-")]
        self.assertEqual([int(r["window"]) for r in rows], list(range(len(rows))))

    def test_default_folder(self):
        self.succeeds("run", "fastpath", "--rounds", "1", "--no-plots")
        host, = os.listdir(self.path("results"))
        stamp, = os.listdir(self.path("results", host))
        self.assertRegex(stamp, r"^\d{8}T\d{6}Z$")
        self.check_folder(self.path("results", host, stamp))

    def order(self, seed, out):
        self.succeeds("run", *ALONE, "--rounds", "2", "--seed", str(seed), "--out", out)
        columns = ("scenario", "layout", "lock", "work_ns", "threads", "round")
        # A window that stays spoiled ends its case's round: the first of each tells the order.
        rows = [r for r in read_csv(self.path(out, "samples.csv"))
                if r["attempt"] == "0" and r["phase"] in ("", "0")]
        return [tuple(r[c] for c in columns) for r in sorted(rows, key=lambda r: int(r["window"]))]

    def test_a_seed_repeats_the_order(self):
        first = self.order(11, "a")
        self.assertEqual(first, self.order(11, "b"))
        self.assertNotEqual(first, self.order(12, "c"))

    def test_results_are_not_overwritten(self):
        self.succeeds("run", "fastpath", "--rounds", "1", "--no-plots", "--out", "out")
        with open(self.path("out/samples.csv"), "rb") as file:
            before = file.read()
        self.refuses("run", "fastpath", "--rounds", "1", "--no-plots", "--out", "out", status=1)
        with open(self.path("out/samples.csv"), "rb") as file:
            self.assertEqual(file.read(), before)

    def test_folders_are_made(self):
        self.succeeds("run", "fastpath", "--rounds", "1", "--no-plots", "--out", "a/b/c")
        self.check_folder(self.path("a/b/c"))

    def test_a_folder_that_cannot_be_made(self):
        with open(self.path("file"), "w", encoding="utf-8"):
            pass
        for out in ("file", "file/below"):
            self.assertIn("file", self.refuses("run", *ALONE, "--out", out, status=1))

    @unittest.skipIf(ROOT, "root may write anywhere")
    def test_a_folder_that_cannot_be_written(self):
        os.mkdir(self.path("closed"), 0o500)
        self.refuses("run", *ALONE, "--out", "closed", status=1)
        self.refuses("run", *ALONE, "--out", "closed/below", status=1)

    def locale_path(self):
        """A folder with de_DE.UTF-8, made where the system has the sources."""
        target = self.path("locales", "de_DE.UTF-8")
        os.mkdir(self.path("locales"))
        if shutil.which("localedef"):
            subprocess.run(["localedef", "-c", "-i", "de_DE", "-f", "UTF-8", target], check=False,
                           capture_output=True)
        return self.path("locales")

    def test_locale(self):
        env = environment(LC_ALL="de_DE.UTF-8", LOCPATH=self.locale_path())
        result = self.succeeds("run", *ALONE, "--rounds", "1", "--out", "out", env=env)
        self.assertNotRegex(result.stdout, r"\d,\d+ ns")
        for row in self.check_folder(self.path("out")):
            if row["status"] == "ok":
                self.assertGreater(float(row["ns_op"]), 0)

    def test_one_pu_only(self):
        def one_pu():
            os.sched_setaffinity(0, {PUS[0]})
        self.assertIn("2", self.refuses("run", *SMALL, "--threads", "2", preexec_fn=one_pu))
        self.refuses("run", "--scenario", "observer", preexec_fn=one_pu)
        self.succeeds("run", "fastpath", "--rounds", "2", "--no-plots", "--out", "out",
                      preexec_fn=one_pu)
        self.check_folder(self.path("out"))

    @two_pus
    def test_two_threads(self):
        self.succeeds("run", *SMALL, "--rounds", "2", "--out", "out")
        rows = [r for r in self.check_folder(self.path("out")) if r["scenario"] == "same-object"]
        self.assertTrue(rows)
        for row in rows:
            self.assertEqual(len(set(row["pus_os"].split(";"))), 2)
            if row["status"] == "ok":
                self.assertEqual(len(row["ops"].split(";")), 2)


    @two_pus
    def test_words_are_watched(self):
        shown = self.succeeds("show", "counters").stdout
        if not re.search(r"(?m)^breakpoints +[2-9]", shown) or os.uname().machine != "x86_64":
            self.skipTest("hardware breakpoints cannot be armed here")
        result = self.succeeds("run", *SMALL, "--rounds", "2", "--out", "out",
                               "--events", "bp:count,bp:owner")
        self.assertIn("bp:owner", result.stdout)
        rows = self.check_folder(self.path("out"))
        armed = [r for r in rows if r["status"] == "armed" and r["scenario"] == "same-object"]
        self.assertEqual(len(armed), 2 * 2 * 2, "layouts x works x rounds")
        for row in armed:
            self.assertEqual(row["ns_op"] + row["latency_samples"], "")
            count, owner = map(int, row["event_counts"].split(";"))
            self.assertEqual(count, 2 * int(row["total_ops"]) + int(row["retries"]))
            self.assertEqual(owner, int(row["total_ops"]))
        for row in rows:
            if row["status"] == "ok":
                self.assertNotIn("bp:", row["events"])


class Full(Case):
    """A disk that fills up in mid-run: a sentence, exit 1, and whole rows."""

    ARGS = ("run", *ALONE, "--rounds", "300", "--budget", "30s")

    def check(self, result, folder):
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, r"(?m)^linebounce: .*samples\.csv: \S")
        rows = self.check_rows(os.path.join(folder, "samples.csv"), "samples")
        self.assertGreater(len(rows), 10)

    def test_file_size_limit(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        result = self.run_it(*self.ARGS, "--out", "out", preexec_fn=limit)
        self.check(result, self.path("out"))
        self.assertLessEqual(os.path.getsize(self.path("out/samples.csv")), 20000)

    def test_file_system(self):
        if not ROOT:
            self.skipTest("only root may mount a small file system")
        os.mkdir(self.path("small"))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs",
                                  self.path("small")], capture_output=True, text=True, check=False)
        if mounted.returncode:
            self.skipTest(f"mount: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", self.path("small")], check=False)
        result = self.run_it(*self.ARGS, "--out", "small/out")
        self.check(result, self.path("small/out"))


class Signals(Case):
    ARGS = ("run", *ALONE, "--budget", "300s", "--out", "out")

    def interrupt(self, number, rows=20):
        process = self.start(*self.ARGS)
        self.wait_for_rows(self.path("out/samples.csv"), rows, process)
        process.send_signal(number)
        finish(process)
        return process.returncode

    def test_interrupt(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.assertEqual(self.interrupt(number), 130)
            self.check_folder(self.path("out"), 20)
            with open(self.path("out/run.json"), encoding="utf-8") as file:
                ended = json.load(file)["suites"]["layouts"]["ended"]
            self.assertRegex(ended, "interrupt")
            shutil.rmtree(self.path("out"))

    def test_interrupt_while_planning(self):
        """The first signal counts where there is nothing yet to conclude."""
        process = self.start("run", "--dry-run", "--topology", "pack:64 numa:4 l3:4 core:64 pu:4")
        deadline = time.monotonic() + PATIENCE_S
        while cpu_s(process.pid) < 0.1 and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertIsNone(process.poll(), "this machine plans too fast for this test")
        process.send_signal(signal.SIGINT)
        finish(process)
        self.assertEqual(process.returncode, -signal.SIGINT)

    def test_budget_for_nothing(self):
        """What does not hold one round: two lines instead of a table, and status 1."""
        result = self.run_it("run", "--no-plots", "--budget", "0.05s", "--seed", "1",
                             "--out", "out")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stdout, r"(?m)^layouts: the budget ended in round 1, after \d+ of "
                                        r"\d+ cases and [\d.]+ s")
        self.assertIn("\nWithout one whole round there is nothing to compare: no table.\n",
                      result.stdout)
        self.assertNotIn("not measured", result.stdout)
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            suite = json.load(file)["suites"]["layouts"]
        self.assertEqual((suite["rounds"], suite["ended"]), (0, "budget"))

    def test_kill(self):
        self.assertEqual(self.interrupt(signal.SIGKILL), -signal.SIGKILL)
        rows = self.check_rows(self.path("out/samples.csv"), "samples", torn=True)
        self.assertGreaterEqual(len(rows), 19)


class Terminal(Case):
    ARGS = ("run", *ALONE, "--rounds", "40", "--budget", "20s", "--out", "out")

    def test_progress(self):
        text, status = self.on_terminal(*self.ARGS)
        self.assertEqual(status, 0, text)
        self.assertRegex(text, r"\r[^\r\n]*\[[#.]{20}\] \d+ %, [^\r\n]* left, round \d+ of 40: ")
        *_, last = text.rpartition("left")
        self.assertIn("\r\x1b[K", last, "the progress line is not wiped")
        self.assertIn("Results: out", last)
        self.assertTrue(text.endswith("\r\n"))
        # Nothing but words after the wiping.
        self.assertNotIn(ESCAPE, last.rpartition("\r\x1b[K")[2])

    def test_no_color(self):
        text, status = self.on_terminal(*self.ARGS, NO_COLOR="1")
        self.assertEqual(status, 0, text)
        self.assertNotRegex(text, r"\x1b\[[0-9;]*m")

    def test_pipe(self):
        result = self.succeeds("run", *ALONE, "--rounds", "3", "--out", "out",
                               env=environment(TERM="xterm"))
        self.assertNotIn(ESCAPE, result.stdout + result.stderr)
        self.assertNotIn("\r", result.stdout + result.stderr)
        lines = re.findall(r"(?m)^linebounce: \d+ %, .*", result.stderr)
        self.assertEqual(len(lines), 1, "one at the start, then one a minute: " + result.stderr)
        self.assertRegex(lines[0], r"^linebounce: 0 %, round 1 of 3: \S+/threads:1/work_ns:")

    def test_pipe_knows_the_budget(self):
        """Where only the budget ends the run, the first line can say how long that is."""
        process = self.start("run", *ALONE, "--budget", "300s", "--out", "out")
        while line := process.stderr.readline():
            if " %, " in line:
                break
        self.assertRegex(line, r"^linebounce: 0 %, at most 4:5\d left, round 1: \S+/threads:1/")


@unittest.skipUnless(has_gbench(), "built without Google Benchmark")
class GoogleBenchmark(Case):
    NAME = r"^same-object/pointer/rwsem40/.*work_ns:200$"

    def test_list(self):
        result = self.succeeds("run", *ALONE, "--benchmark_list_tests")
        self.assertEqual(result.stderr, "")
        names = result.stdout.splitlines()
        self.assertTrue([n for n in names if re.match(self.NAME, n)], names)
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(os.listdir(self.dir), [])

    def test_filter_and_json(self):
        result = self.succeeds("run", *ALONE, f"--benchmark_filter={self.NAME}",
                               "--benchmark_format=json", "--benchmark_repetitions=3",
                               "--out", "out")
        report = json.loads(result.stdout)
        self.assertEqual(report["context"]["executable"], "linebounce")
        names = {b["run_name"] for b in report["benchmarks"]}
        self.assertEqual(len(names), 1)
        self.assertRegex(names.pop(), self.NAME)
        rows = [b for b in report["benchmarks"] if b["run_type"] == "iteration"]
        self.assertTrue(rows)
        for row in rows:
            if not row.get("error_occurred"):
                self.assertGreater(row["real_time"], 0)
        self.check_folder(self.path("out"))

    def test_same_numbers_as_the_csv(self):
        # A layout that does not roam: one window a round.
        name = self.NAME.replace("pointer", "embedded")
        result = self.succeeds("run", *ALONE, f"--benchmark_filter={name}",
                               "--benchmark_format=json", "--benchmark_repetitions=4",
                               "--out", "out")
        replayed = [b["real_time"] for b in json.loads(result.stdout)["benchmarks"]
                    if b["run_type"] == "iteration" and not b.get("error_occurred")]
        recorded = [float(r["ns_op"]) for r in read_csv(self.path("out/samples.csv"))
                    if r["status"] == "ok" and r["layout"] == "embedded"]
        self.assertTrue(recorded)
        self.assertEqual(len(replayed), len(recorded))
        for a, b in zip(sorted(replayed), sorted(recorded)):
            self.assertAlmostEqual(a / b, 1, places=4)

    def test_counters_are_user_counters(self):
        result = self.succeeds("run", *ALONE, f"--benchmark_filter={self.NAME}",
                               "--benchmark_format=json", "--benchmark_repetitions=2",
                               "--events", SOFTWARE, "--out", "out")
        for row in json.loads(result.stdout)["benchmarks"]:
            if row["run_type"] == "iteration" and not row.get("error_occurred"):
                self.assertGreater(row.get(SOFTWARE, 1), 0)
                self.assertGreater(row["latency_p50_ns"], 0)

    def test_out(self):
        self.succeeds("run", *ALONE, f"--benchmark_filter={self.NAME}", "--benchmark_repetitions=2",
                      "--benchmark_out=report.json", "--out", "out")
        with open(self.path("report.json"), encoding="utf-8") as file:
            self.assertTrue(json.load(file)["benchmarks"])

    def test_refusals(self):
        self.refuses("run", *ALONE, "--benchmark_frobnicate=1")
        self.refuses("run", *ALONE, "--benchmark_filter=^nothing$")
        self.assertEqual(os.listdir(self.dir), [])


class WithoutGoogleBenchmark(Case):
    @unittest.skipIf(has_gbench(), "built with Google Benchmark")
    def test_refused(self):
        self.refuses("run", *ALONE, "--benchmark_list_tests")


class Pictures(Case):
    """Folders to draw from."""

    def results(self, *names):
        """A small run in the first folder, and copies of it."""
        self.succeeds("run", *ALONE, "--rounds", "2", "--out", names[0])
        for name in names[1:]:
            shutil.copytree(self.path(names[0]), self.path(name))

    def change(self, path, change):
        with open(self.path(path), encoding="utf-8") as file:
            text = file.read()
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(change(text))


class Plot(Pictures):
    def test_missing_folder(self):
        self.assertIn("nowhere", self.refuses("plot", "nowhere", status=1))

    def test_folders_without_results(self):
        os.mkdir(self.path("empty"))
        self.results("out")
        for name in ("samples.csv", "summary.csv"):
            os.remove(self.path("out", name))
        for folder in ("empty", "out"):
            self.assertEqual(self.refuses("plot", folder, status=1),
                             f"linebounce: {folder}: nothing to draw: no samples.csv, summary.csv "
                             "or matrix.csv\n")
        self.assertEqual(os.listdir(self.path("empty")), [])

    def test_files_that_are_none(self):
        self.results("out", "whole")
        summary = self.path("out/summary.csv")
        header_lost = lambda text: text.split("\n", 1)[1]
        for name, change, says in (
                ("summary.csv", header_lost, "no column schema_version: its first line is no "
                                             "header of this program"),
                ("samples.csv", header_lost, "no column schema_version: its first line is no "
                                             "header of this program"),
                ("summary.csv", lambda text: text.replace("ns_op_median", "x", 1),
                 "no column ns_op_median"),
                ("samples.csv", lambda text: text.replace("object_residue", "x", 1),
                 "no column object_residue"),
                ("summary.csv", lambda text: "", "no header line"),
                ("summary.csv", lambda text: "hello\n", "no column schema_version: its first line "
                                                        "is no header of this program")):
            self.change(os.path.join("out", name), change)
            words = self.refuses("plot", "out", status=1)
            self.assertTrue(words.endswith(f"/out/{name}: {says}\n"), words)
            shutil.copy(self.path("whole", name), self.path("out", name))
        self.change("out/summary.csv", lambda text: re.sub(r"(?m)^\d+,", "2,", text))
        self.assertRegex(self.refuses("plot", "out", status=1),
                         rf"summary\.csv:2: schema_version is '2', this program reads {SCHEMA}\n$")
        self.assertTrue(os.path.exists(summary))
        self.assertFalse(os.path.exists(self.path("out/index.html")))

    def test_wrong_usage(self):
        self.results("out", "b")
        self.assertIn("which results folder?", self.refuses("plot"))
        for args, says in ((("out", "--out", "x"), "--out: is for the picture of several folders"),
                           (("out", "b", "./out/"), "./out/: the same folder as out")):
            self.assertEqual(self.refuses("plot", *args), f"linebounce: {says}\n")
        self.assertFalse(os.path.exists(self.path("out/plots")))

    def test_without_gnuplot(self):
        self.succeeds("run", "fastpath", "--rounds", "1", "--no-plots", "--out", "out")
        result = self.run_it("plot", "out", env=environment(PATH=self.dir))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, SENTENCE)
        self.assertIn("linebounce: gnuplot: not found", result.stderr)
        self.assertEqual(result.stdout, "out/index.html\n")
        with open(self.path("out/index.html"), encoding="utf-8") as file:
            page = file.read()
        self.assertIn("No pictures: gnuplot: not found", page)
        self.assertIn("<table>", page)


class Reader(html.parser.HTMLParser):
    """What a page would fetch."""

    def __init__(self):
        super().__init__()
        self.pictures, self.others = [], []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "poster", "xlink:href"):
                (self.pictures if tag == "img" else self.others).append(value)
        if tag in ("script", "iframe", "link", "object", "embed", "base"):
            self.others.append(tag)


@unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is missing")
class Drawn(Pictures):
    def test_draws(self):
        self.results("out")
        self.assertFalse(os.path.exists(self.path("out/plots")))
        result = self.succeeds("plot", "out")
        self.assertRegex(result.stdout, r"^out/plots: \d+ kinds? of picture\nout/index\.html\n\Z")
        pictures = os.listdir(self.path("out/plots"))
        self.assertTrue(pictures)
        for picture in pictures:
            self.assertTrue(os.path.getsize(self.path("out/plots", picture)), picture)

    def test_the_page_needs_nothing_else(self):
        self.results("out")
        self.change("out/run.json", lambda text: re.sub(
            r'"host":\t"[^"]*"', r'"host":\t"<img src=x>&\\""', text))
        self.succeeds("plot", "out")
        with open(self.path("out/index.html"), encoding="utf-8") as file:
            page = file.read()
        reader = Reader()
        reader.feed(page)
        self.assertEqual(reader.others, [])
        self.assertTrue(reader.pictures)
        for picture in reader.pictures:
            kind, data = re.fullmatch(r"data:image/(svg\+xml|png);base64,(.*)", picture).groups()
            drawn = base64.b64decode(data, validate=True)
            if kind == "svg+xml":
                text = drawn.decode()
                self.assertEqual(re.findall(r'href=["\'](?!#)[^"\']*', text), [])
                self.assertEqual(re.findall(r"url\((?![\"\']?#)", text), [])
        self.assertEqual(re.findall(r"https?:|url\(|@import", re.sub(r'src="[^"]*"', "", page)), [])
        self.assertNotIn(self.dir, page)
        for row in read_csv(self.path("out/summary.csv")):
            if row["layout"]:
                self.assertIn(f"<td>{row['layout']}</td>", page)

    def make_pairs(self, folder):
        """As if two threads had been measured, which takes a quiet machine."""
        path = self.path(folder, "summary.csv")
        rows = read_csv(path)
        with open(path, "w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, rows[0], lineterminator="\n")
            out.writeheader()
            out.writerows({**r, "threads": 2, "distance": "l3", "placement": "l3"} for r in rows)

    def test_several_folders(self):
        self.results("a", "b", "c")
        for folder in "abc":
            self.make_pairs(folder)
            self.change(f"{folder}/run.json", lambda text, name=folder: re.sub(
                r'"host":\t"[^"]*"', f'"host":\t"{"one" if name == "a" else "other"}"', text))
        result = self.succeeds("plot", "a", "b", "c")
        self.assertIn("a/plots/hosts.svg, hosts.png: 3 folders\n", result.stdout)
        with open(self.path("a/plots/hosts.svg"), encoding="utf-8") as file:
            picture = file.read()
        for name in ("one", "b", "c"):  # folders where two have the same host
            self.assertRegex(picture, rf">\s*{name}\s*<")
        self.assertNotRegex(picture, r">\s*other\s*<")
        for folder in "abc":
            self.assertTrue(os.path.getsize(self.path(folder, "index.html")))
        result = self.succeeds("plot", "b", "c", "--out", "d/e")
        self.assertIn("d/e/hosts.svg, hosts.png: 2 folders\n", result.stdout)
        self.assertEqual(sorted(os.listdir(self.path("d/e"))), ["hosts.png", "hosts.svg"])

    def test_several_folders_of_one_thread(self):
        self.results("a", "b")
        self.assertIn("linebounce: no picture of all: hosts: no host has a pair of threads\n",
                      self.succeeds("plot", "a", "b").stderr)

    def test_one_of_several_is_bad(self):
        self.results("a", "b")
        os.mkdir(self.path("empty"))
        result = self.run_it("plot", "a", "empty", "b")
        self.assertEqual(result.returncode, 1)
        self.assertIn("linebounce: empty: nothing to draw: ", result.stderr)
        self.assertNotIn("hosts", result.stdout)
        for folder in "ab":
            self.assertTrue(os.path.getsize(self.path(folder, "index.html")))

    @two_pus
    def test_a_folder_of_pairs_beside_one_of_windows(self):
        self.results("a")
        self.succeeds("run", "pingpong", "--rounds", "1", "--no-plots", "--out", "pairs")
        result = self.succeeds("plot", "a", "pairs")
        self.assertIn("pairs/plots: 1 kind of picture\n", result.stdout)
        self.assertIn("linebounce: no picture of all: only one of these folders has a summary.csv",
                      result.stderr)

    def test_torn_last_lines(self):
        self.results("out")
        for name in ("samples.csv", "summary.csv"):
            path = self.path("out", name)
            os.truncate(path, os.path.getsize(path) - 20)
        result = self.succeeds("plot", "out")
        for name in ("samples.csv", "summary.csv"):
            self.assertIn(f"{name}: a torn last line", result.stderr)


@two_pus
class Compare(Case):
    """Made-up results: what is planted is known, and nothing has to be measured."""

    COLUMNS = ("suite", "scenario", "layout", "lock", "placement", "distance", "threads", "work_ns",
               "role", "round", "status", "ns_op", "min_over_max", "pingpong_before_ns",
               "pingpong_after_ns", "emulated")

    def make(self, name, embedded=1.2, host=100.0, trip=90, rounds=30, record=True, **cells):
        """Two layouts: pointer takes `host` ns, embedded `embedded` times that; +-1 % by round."""
        folder = self.path(name)
        os.makedirs(folder, exist_ok=True)
        schema = schema_columns("samples")
        with open(os.path.join(folder, "samples.csv"), "w", newline="", encoding="utf-8") as file:
            rows = csv.DictWriter(file, schema, restval="", lineterminator="\n")
            rows.writeheader()
            for number in range(rounds):
                for layout, factor in (("pointer", 1.0), ("embedded", embedded)):
                    noise = 1 + 0.01 * ((number * 7 + len(layout) * 3 + len(name)) % 11 - 5) / 5
                    values = dict(zip(self.COLUMNS, (
                        "layouts", "observer", layout, "rwsem40", "l3", "l3", 2, 200, "all", number,
                        "ok", f"{host * factor * noise:.6g}", 0.9, trip, trip, 0)))
                    rows.writerow({"schema_version": SCHEMA, **values, **cells})
        if record:
            with open(os.path.join(folder, "run.json"), "w", encoding="utf-8") as file:
                json.dump({"schema_version": SCHEMA,
                           "machine": {"host": "vm", "cpu_model": "one", "kernel": f"of {name[0]}"},
                           "build": {"commit": "c0ffee"},
                           "run": {"started_utc": f"2026-01-01T00:{len(os.listdir(self.dir)):02}",
                                   "seed": name, "baseline": "pointer"}}, file)
        return name

    def six(self, factor):
        for number in range(1, 4):
            self.make(f"A{number}", 1.2 + number / 1000, 100 + number / 10)
            self.make(f"B{number}", 1.2 * factor + number / 1000, 100 + number / 10)
        return "A1", "A2", "A3", "--", "B1", "B2", "B3"

    def test_text(self):
        result = self.succeeds("compare", *self.six(1.5))
        self.assertRegex(result.stdout, r"kernel +of A \| of B")
        self.assertRegex(result.stdout,
                         r"(?m)^embedded\+rwsem40 .* 1\.\d+ \[.*\] +slower .* slower$")
        self.assertIn("time: 0 faster, 1 slower, 1 same, 0 unresolved", result.stdout)
        self.assertIn("(pointer) of the same run: 0 faster, 1 slower", result.stdout)
        self.assertEqual(result.stderr, "")

    def test_the_same_words_each_time(self):
        sides = self.six(1.1)
        first = self.succeeds("compare", *sides).stdout
        self.assertEqual(self.succeeds("compare", *sides).stdout, first)

    def test_one_run_a_side(self):
        result = self.succeeds("compare", self.make("A", 1.2), self.make("B", 1.5))
        self.assertIn("time: 0 faster, 0 slower, 0 same, 2 unresolved", result.stdout)
        self.assertIn("1 run on side A: a verdict needs 3 on each: 3 times", result.stdout)
        self.assertIn("of the same run: 0 faster, 0 slower, 0 same, 1 unresolved", result.stdout)
        self.assertRegex(result.stdout, r"embedded\+rwsem40 .* 1\.25\d +unresolved \(1\)\n")

    def test_csv_and_json(self):
        sides = self.six(1.5)
        self.succeeds("compare", "--format", "csv", "--out", "c.csv", *sides)
        rows = read_csv(self.path("c.csv"))
        self.assertEqual({r["layout"]: r["time_verdict"] for r in rows},
                         {"pointer": "same", "embedded": "slower"})
        data = json.loads(self.succeeds("compare", "--format", "json", *sides).stdout)
        self.assertEqual(data["time"]["slower"], 1)
        self.assertEqual(data["differences"]["kernel"], {"a": "of A", "b": "of B"})
        self.assertEqual(len(data["runs"]), 6)

    def test_fail_if_slower(self):
        sides = self.six(1.5)
        result = self.run_it("compare", "--fail-if-slower=5%", *sides)
        self.assertEqual(result.returncode, 3)
        self.assertRegex(result.stderr, r"1 of 2 judged cases slower by more than 5%")
        self.succeeds("compare", "--fail-if-slower", "60%", *sides)
        self.succeeds("compare", "--fail-if-slower", "5%", *sides[4:], "--", *sides[:3])

    def test_fail_if_nothing_was_judged(self):
        result = self.run_it("compare", "--fail-if-slower", "5", self.make("A"),
                             self.make("B", 1.8))
        self.assertEqual(result.returncode, 1)
        self.assertIn("no case could be judged", result.stderr)

    def test_regimes_that_do_not_meet(self):
        result = self.succeeds("compare", self.make("A"), self.make("B", trip=310))
        self.assertIn("different distances between the CPUs (round trips of 90 and 310 ns)",
                      result.stdout)

    def test_files_and_summaries(self):
        self.make("A")
        self.make("B", record=False)
        result = self.succeeds("compare", "A/samples.csv", "B/samples.csv")
        self.assertIn("no run.json", result.stdout)
        with open(self.path("B", "samples.csv"), "a", encoding="utf-8") as file:
            file.write(f"{SCHEMA},layouts,obs")
        self.assertIn("torn", self.succeeds("compare", "A", "B").stdout)

    def test_wrong_usage(self):
        self.make("A")
        self.make("B")
        for args in ((), ("A",), ("A", "B", "A"), ("A", "--"), ("--", "B"), ("A", "A"),
                     ("A", "A/samples.csv"), ("A", "B", "--format", "xml"),
                     ("A", "B", "--fail-if-slower", "x"), ("A", "B", "--fail-if-slower", "-5%"),
                     ("A", "B", "--baseline", "nolayout"),
                     ("A", "B", "--frobnicate"),
                     ("A", "B", "--out", "A/samples.csv")):
            self.refuses("compare", *args)
        self.assertEqual(len(read_csv(self.path("A", "samples.csv"))), 60)

    def test_what_cannot_be_read(self):
        self.make("A")
        self.make("emulated", emulated=1)
        self.make("old", schema_version=1)
        self.make("none", rounds=0)
        self.make("other", scenario="writers")
        os.mkdir(self.path("folder"))
        for name, text in (("text", "hello\n"), ("blank", ""),
                           ("few", f"schema_version,suite\n{SCHEMA},layouts\n")):
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(text)
        for name, says in (("nowhere", "nowhere"), ("folder", "no results folder"),
                           ("emulated", "emulated"), ("old", "schema_version is '1'"),
                           ("none", "no rows"), ("other", "no case that both sides measured"),
                           ("text", "schema_version"), ("blank", "no header"),
                           ("few", "no column scenario")):
            self.assertIn(says, self.refuses("compare", "A", name, status=1))
        self.assertIn("/nowhere/x", self.refuses("compare", "A", self.make("B"), "--out",
                                                 "/nowhere/x", status=1))

    def test_what_differs_is_named(self):
        for name in "AB":
            self.make(name)
            with open(self.path(name, "run.json"), encoding="utf-8") as file:
                record = json.load(file)
            record["machine"]["governor"] = {"A": "performance", "B": "powersave"}[name]
            record["build"] |= {"commit": f"c-{name}", "c_flags": f"-O{ord(name) - 64}"}
            record["run"] |= {"margin_ns": 2 + (name == "B"), "command": ["run", "--seed", name],
                              "baseline": {"A": "pointer", "B": "embedded"}[name]}
            with open(self.path(name, "run.json"), "w", encoding="utf-8") as file:
                json.dump(record, file)
        result = self.run_it("compare", "A", "B", "--baseline", "pointer")
        for label, a, b in (("governor", "performance", "powersave"), ("commit", "c-A", "c-B"),
                            ("compiler's flags", "-O1", "-O2"), (r"margin \(ns\)", "2", "3"),
                            ("command", "run --seed A", "run --seed B"),
                            ("baseline", "pointer", "embedded"), ("kernel", "of A", "of B")):
            self.assertRegex(result.stdout, rf"(?m)^  {label} +{a} \| {b}$")
        self.assertNotIn("  processor", result.stdout)

    def test_run_json_of_another_version(self):
        self.make("A")
        self.make("B")
        with open(self.path("B/run.json"), encoding="utf-8") as file:
            record = json.load(file)
        for text, says in (
                (json.dumps({**record, "schema_version": SCHEMA - 1}),
                 f"B: its run.json has not schema_version {SCHEMA}, which this program reads"),
                ("hello", "B/run.json: no JSON document"), ("", "B/run.json: no JSON document")):
            with open(self.path("B/run.json"), "w", encoding="utf-8") as file:
                file.write(text)
            self.assertEqual(self.refuses("compare", "A", "B", status=1), f"linebounce: {says}\n")

    def test_torn_rows(self):
        for name in "AB":
            self.make(name)
            with open(self.path(name, "samples.csv"), "a", encoding="utf-8") as file:
                file.write(f"{SCHEMA},layouts,obs")
        text = self.succeeds("compare", "A", "B").stdout
        for name in "AB":
            self.assertIn(f"\n{name}: {name} (1 run, 60 rows; left out: 0 spoiled, 0 armed)",
                          "\n" + text)
            self.assertIn(f"\nnote: {name}/samples.csv: the last line is torn and left out.\n",
                          text)

    def test_homes_are_not_mixed(self):
        """The same threads with memory at another node are another case."""
        self.make("A", home="local")
        self.make("B", home="remote")
        self.assertIn("no case that both sides measured",
                      self.refuses("compare", "A", "B", status=1))

    def test_a_group_is_named_in_full(self):
        for cells, head in (
                ({"home": "remote"}, "observer, 2 threads, l3, remote memory, 200 ns of work"),
                ({"home": "local", "objects": 1000},
                 "observer, 2 threads, l3, 1000 objects, 200 ns of work"),
                ({"objects": 16, "access": "shared-zipf", "placement": "l3@1"},
                 "observer, 2 threads, l3@1 (l3), 16 objects, shared-zipf, 200 ns of work")):
            for name in "AB":
                self.make(name, **cells)
            text = self.succeeds("compare", "A", "B").stdout
            self.assertIn(f"\n{head}\nlayout ", text)
            self.assertEqual(text.count("\nlayout "), 1)
        for name in "AB":  # an offset is part of the layout's name
            self.make(name, offset_bytes=8, lock="", layout="apart-8")
        self.assertRegex(self.succeeds("compare", "A", "B").stdout, r"(?m)^apart-8 +\d")

    def test_columns_of_json(self):
        for name in "AB":
            self.make(name, home="local", offset_bytes=64)
        data = json.loads(self.succeeds("compare", "--format", "json", "A", "B").stdout)
        case = next(c for c in data["cases"] if c["layout"] == "embedded")
        for name, cell in (("scenario", "observer"), ("home", "local"), ("threads", "2"),
                           ("offset_bytes", "64"), ("work_ns", "200"), ("role", "all")):
            self.assertEqual(case[name], cell, name)

    def test_other_columns(self):
        """Added columns are passed over, missing ones are unknown; the version is the same."""
        for name in "AB":
            self.make(name, home="local", touch="")
        self.make("few")
        needed = {"schema_version", "scenario", "layout", "lock", "placement", "threads", "work_ns",
                  "role", "round", "status", "ns_op"}
        rows = read_csv(self.path("few", "samples.csv"))
        with open(self.path("few", "samples.csv"), "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["later", *needed], extrasaction="ignore")
            writer.writeheader()
            for row in rows:
                writer.writerow({**row, "later": "of a later\nprogram"})
        self.make("fewer")
        shutil.copy(self.path("few", "samples.csv"), self.path("fewer", "samples.csv"))
        text = self.succeeds("compare", "few", "fewer").stdout
        self.assertIn("\nB against A, 2 cases of both:\n", text)
        self.assertRegex(text, r"(?m)^embedded\+rwsem40 +1\d+\.\d\d +1\d+\.\d\d ")
        for name in sorted(needed):
            with open(self.path("fewer", "samples.csv"), "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, sorted(needed - {name}), extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)
            self.assertIn(f"no column {name}", self.refuses("compare", "few", "fewer", status=1))

    def test_no_regular_files(self):
        """A FIFO or a device would be waited for or read for ever, a link leads elsewhere."""
        self.make("A")
        for name in ("fifo", "device", "link"):
            self.make(name)
        for which in ("samples.csv", "run.json"):
            for name in ("fifo", "device", "link"):
                os.rename(self.path(name, which), self.path("kept"))
            os.mkfifo(self.path("fifo", which))
            os.symlink("/dev/zero", self.path("device", which))
            os.symlink(self.path("kept"), self.path("link", which))
            for name, says in (("fifo", "no regular file"), ("device", "a symbolic link"),
                               ("link", "a symbolic link")):
                said = self.refuses("compare", "A", name, status=1)
                self.assertIn(f"{name}/{which}: {says}", said)
                os.remove(self.path(name, which))
                shutil.copy(self.path("kept"), self.path(name, which))
        for path in (os.mkfifo(self.path("one")) or "one", "/dev/zero"):
            self.assertIn(f"{path}: no regular file", self.refuses("compare", path, "A", status=1))

    def test_sizes_are_bounded(self):
        self.make("A")
        for cell, says in (("x" * 15_000_000, ":2: a row over 4 MiB"),
                           ("x" * 20_000, ":2: layout has over 16384 bytes")):
            self.make("B", layout=cell, rounds=1)
            self.assertIn("B/samples.csv" + says, self.refuses("compare", "A", "B", status=1))
        self.make("B", pingpong_before_ns=";".join(["1"] * 20_000))
        self.assertIn(":2: pingpong_before_ns has over 16384 round trips",
                      self.refuses("compare", "A", "B", status=1))
        self.make("B")
        os.truncate(self.path("B", "run.json"), 20 << 20)
        self.assertIn("B/run.json: too large", self.refuses("compare", "A", "B", status=1))

    def test_many_cases(self):
        """A sweep of 512 CPUs has 24,000 cases. What grows with their square takes a minute."""
        head = schema_columns("samples")
        for name in "AB":
            os.mkdir(self.path(name))
            with open(self.path(name, "samples.csv"), "w", newline="", encoding="utf-8") as file:
                rows = csv.DictWriter(file, head, restval="", lineterminator="\n")
                rows.writeheader()
                for number in range(24000):
                    offset = number - 20000  # placements that have to be matched, and a scan
                    values = dict(zip(self.COLUMNS, (
                        "layouts", "observer", "pointer" if number % 2 else "embedded",
                        f"lock{number % 7}", f"{name}{number // 14}", f"d{number // 14}", 2, 200,
                        "all", 0, "ok", 100 + number % 11, 0.9, 90, 90, 0)))
                    if offset > 0:
                        values |= {"layout": f"apart-{offset}", "offset_bytes": offset,
                                   "placement": "l3", "distance": "l3", "lock": ""}
                    rows.writerow({"schema_version": SCHEMA, **values})

        def few_seconds():
            resource.setrlimit(resource.RLIMIT_CPU, (10, 10))

        text = self.succeeds("compare", "A", "B", preexec_fn=few_seconds).stdout
        self.assertIn("\nB against A, 24000 cases of both:\n", text)

    def test_what_files_say_cannot_move_the_cursor(self):
        """Names, cells and run.json of others: no escape sequences, no lines of their own."""
        forged = "x\x1b[2J\r\nnote: forged\x9b\u202ey"
        for name in ("A\n\x1b[1m", "B"):
            cells = {key: forged for key in ("layout", "lock", "placement", "distance", "threads",
                                             "home", "work_ns", "role", "writers", "objects",
                                             "access", "scenario")}
            self.make(name, **cells)
            with open(self.path(name, "run.json"), encoding="utf-8") as file:
                record = json.load(file)
            record["machine"] = {"host": forged, "cpu_model": forged + name}
            record["build"]["commit"] = forged + name
            record["run"]["baseline"] = forged
            with open(self.path(name, "run.json"), "w", encoding="utf-8") as file:
                json.dump(record, file)
        for folders in (("A\n\x1b[1m", "B"), ("B", "A\n\x1b[1m"), ("B", "B\x1b[1m\nnote: forged")):
            result = self.run_it("compare", *folders)
            for text in (result.stdout, result.stderr):
                self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
                self.assertNotRegex(text, "(?m)^note: forged")
        self.assertIn("\\x1b[2J\\x0d\\x0anote: forged\\xc2\\x9b", self.run_it(
            "compare", "A\n\x1b[1m", "B").stdout)

    def test_formulas(self):
        """A name that a spreadsheet would run is kept from it; numbers stay numbers."""
        for name in "AB":
            self.make(name, placement="=HYPERLINK(1)", lock="@x")
        rows = list(csv.DictReader(self.succeeds("compare", "--format", "csv", "A",
                                                 "B").stdout.splitlines()))
        self.assertEqual({r["placement"] for r in rows}, {"'=HYPERLINK(1)"})
        self.assertEqual({r["lock"] for r in rows}, {"'@x"})
        self.assertIn("=HYPERLINK(1)", self.succeeds("compare", "A", "B").stdout)

    def test_sweeps(self):
        for name in "AB":
            self.succeeds("sweep", *ALONE, "--rounds", "2", "--out", name)
        text = self.succeeds("compare", "A", "B").stdout
        self.assertRegex(text, r"(?m)^pointer\+rwsem40 .* unresolved")
        self.assertRegex(text, r"same-object, 1 thread, compact-1")

    def test_a_real_run(self):
        for name in "AB":
            self.succeeds("run", *ALONE, "--rounds", "21", "--out", name)
        result = self.succeeds("compare", "A", "B")
        self.assertRegex(result.stdout, r"seed +\d+ \| \d+")
        self.assertIn("cases of both", result.stdout)


class Lost(Case):
    """A PU that goes away in mid-run: a sentence, exit 1, and the rows so far."""

    ARGS = ("run", *SMALL, "--budget", "60s", "--out", "out")

    def check(self, process):
        _, words = finish(process)
        self.assertEqual(process.returncode, 1, words)
        last = [line for line in words.splitlines() if " %, " not in line]
        self.assertTrue(last)
        self.assertRegex(last[-1], r"^linebounce: \S")
        self.check_folder(self.path("out"), 20)

    def group(self):
        """A cgroup of our own with a cpuset, as a path; of version 1 or 2."""
        if not ROOT:
            self.skipTest("only root may make a cgroup")
        top = next((t for t in ("/sys/fs/cgroup/cpuset", "/sys/fs/cgroup")
                    if os.path.exists(f"{t}/cgroup.procs")), None)
        if not top:
            self.skipTest("no cgroups here")
        path = f"{top}/linebounce-test-{os.getpid()}"
        try:
            os.mkdir(path)
            self.addCleanup(self.remove_group, path)
            if not os.path.exists(f"{path}/cpuset.cpus"):
                self.skipTest("the cpuset controller is not handed on to groups here")
            if top.endswith("cpuset"):
                with open(f"{top}/cpuset.mems", encoding="utf-8") as file:
                    self.write(f"{path}/cpuset.mems", file.read().strip())
            self.write(f"{path}/cpuset.cpus", f"{PUS[0]},{PUS[1]}")
        except OSError as error:
            self.skipTest(f"no cgroup of our own: {error}")
        return path

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    @staticmethod
    def remove_group(path):
        for _ in range(50):
            with contextlib.suppress(OSError):
                os.rmdir(path)
                return
            time.sleep(0.1)

    def test_cpuset_shrinks(self):
        group = self.group()
        process = self.start(*self.ARGS, preexec_fn=lambda: self.write(f"{group}/cgroup.procs",
                                                                       str(os.getpid())))
        self.wait_for_rows(self.path("out/samples.csv"), 40, process)
        self.write(f"{group}/cpuset.cpus", str(PUS[0]))
        self.check(process)

    def test_goes_offline(self):
        if os.environ.get("LINEBOUNCE_TEST_HOTPLUG") != "1":
            self.skipTest("takes a CPU of this machine offline: set LINEBOUNCE_TEST_HOTPLUG=1")
        switch = f"/sys/devices/system/cpu/cpu{PUS[-1]}/online"
        if not os.access(switch, os.W_OK):
            self.skipTest(f"{switch} cannot be written")
        process = self.start(*self.ARGS, "--pus", f"{PUS[0]},{PUS[-1]}")
        self.wait_for_rows(self.path("out/samples.csv"), 40, process)
        self.addCleanup(self.write, switch, "1")
        try:
            self.write(switch, "0")
        except OSError as error:
            self.skipTest(f"{switch}: {error}")
        self.check(process)


if __name__ == "__main__":
    sys.exit(cli_support.main())
