#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line from outside: words, exit statuses, files, signals.

Usage: cli.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.

A test that takes a CPU of the machine offline runs only with LINEBOUNCE_TEST_HOTPLUG=1: other
programs lose that CPU too, and where cgroups are of version 1 their groups do not get it back.
"""

import contextlib
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
from cli_support import (ALONE, ESCAPE, PATIENCE_S, PROGRAM, PUS, ROOT, SENTENCE, SMALL, SOURCE,
                         TESTS, Case, cpu_s, documented_keys, environment, event_quantities, finish,
                         read_csv, run_json_keys, software_event, two_pus)


class Words(Case):
    def test_help_of_a_command_and_of_words(self):
        for asked, same in ((("help",), ("--help",)), (("help", "run"), ("run", "--help")),
                            (("help", "show"), ("show", "--help")),
                            (("help", "help"), ("help", "--help")),
                            (("help", "show", "result"), ("show", "result", "--help"))):
            text = self.succeeds(*asked).stdout
            self.assertEqual(text, self.succeeds(*same).stdout)
            self.assertLessEqual(max(map(len, text.splitlines())), 100)
        words = self.succeeds("help", "words").stdout
        for word in ("baseline", "margin", "placement", "regime", "scenario", "verdict"):
            self.assertRegex(words, rf"(?m)^  (.*, )?{word}\b")
        self.assertLessEqual(max(map(len, words.splitlines())), 100)
        self.assertIn("'run'", self.refuses("help", "rum"))
        self.assertIn("'words'", self.refuses("help", "wrods"))
        self.refuses("help", "--names", "nothing")
        self.refuses("help", "--man")
        self.refuses("help", "--names", "options", "rum")

    def test_help_of_suites(self):
        """From their own tables: what is named there is planned, and the example is one."""
        suites = self.succeeds("help", "--names", "suites").stdout.split()
        overview = self.succeeds("help", "suites").stdout
        for suite in suites:
            text = self.succeeds("help", suite).stdout
            self.assertLessEqual(max(map(len, text.splitlines())), 100)
            self.assertRegex(overview, rf"(?m)^  {suite} ")
            words, *example = re.search(r"(?m)^  example +(.*)$", text)[1].split()
            self.assertEqual((words, *example[:2]), ("linebounce", "run", suite))
            if suite != "pingpong":
                self.succeeds(*example, "--dry-run")
                plan = self.succeeds("run", suite, "--dry-run", "--topology",
                                     "pack:1 numa:1 l3:1 core:2 pu:1").stdout
                scenarios = re.search(r"(?s)^  scenarios +(.*?)\n  \w", text, re.M)[1]
                for scenario in re.split(r",\s+", scenarios):
                    self.assertIn(f"\n{scenario}/", plan, suite)

    def test_options_in_the_help_of_suites_are_taken(self):
        values = {"layout": "padded", "lock": "rwsem32", "offset": "64", "scenario": "same-object",
                  "objects": "1000", "access": "shared-zipf", "work-ns": "100", "all-pairs": None}
        for suite in self.succeeds("help", "--names", "suites").stdout.split():
            text = self.succeeds("help", suite).stdout
            taken = re.findall(r"--([a-z-]+)", text[text.index("  options "):
                                                    text.index("  example ")])
            for option, value in values.items():
                args = [f"--{option}", *([value] if value else [])]
                result = self.run_it("run", suite, "--dry-run", *args)
                if "means nothing to suite" in result.stderr:
                    self.assertNotIn(option, taken, suite)
                elif option == "all-pairs":
                    self.assertIn(option, taken, suite)

    def test_help(self):
        for command in ((), ("run",), ("sweep",), ("compare",), ("show",), ("doctor",),
                        ("explain",), ("predict",), ("plot",), ("suggest",)):
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
        for command in ((), ("run",), ("sweep",), ("compare",), ("show",), ("doctor",),
                        ("explain",), ("predict",), ("plot",), ("suggest",)):
            for option in ("--version", "-V"):
                result = self.succeeds(*command, option)
                self.assertRegex(result.stdout, rf"^linebounce {re.escape(version)}\n"
                                                r"(static: .*\n)?(without: .*\n)?\Z")
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

    def test_show_expected_counts(self):
        text = self.succeeds("show", "counters", "--expected", "--handover", "migratory").stdout
        self.assertRegex(text, r"(?m)^same-object +embedded +0\.85 +0 +0 +0\.85$")
        self.assertRegex(text, r"(?m)^observer +pointer +lock +0 +0 +0 +0$")
        text = self.succeeds("show", "counters", "--expected", "--scenario", "writers").stdout
        self.assertIn("not expected by this model", text)
        self.assertNotIn("same-object", text)
        self.assertIn("'plain'", self.refuses("show", "counters", "--expected", "--handover",
                                              "plane"))
        for args in (("layouts", "--expected"), ("counters", "--scenario", "observer"),
                     ("counters", "--handover", "plain")):
            self.assertEqual(self.run_it("show", *args).returncode, 2, args)

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
        pieces = read_csv(self.path("out/lines.csv"))
        layouts = {row["layout"] for row in read_csv(self.path("out/samples.csv"))} - {""}
        self.assertEqual({row["layout"] for row in pieces}, {name.rstrip("~") for name in layouts})
        self.assertTrue(any(row["written_by"] == "whoever locks" for row in pieces))

    def test_keys_of_run_json_are_on_the_page(self):
        self.succeeds("run", *ALONE, "--rounds", "1", "--out", "out")
        # Of other commands and options: their tests look at those.
        others = {key for key in documented_keys()
                  if key.startswith(("sweep.", "prefetcher.", "suites.offset.",
                                     "suites.pingpong."))}
        # steal time is left out where the kernel does not tell it
        self.assertEqual(run_json_keys(self.path("out")) | {"suites.NAME.steal_ms"},
                         documented_keys() - others)

    def test_a_run_without_counters_says_so_once(self):
        result = self.succeeds("run", *ALONE, "--rounds", "1", "--out", "out")
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            counters = json.load(file)["counters"]
        words = re.findall(r"(?m)^linebounce: counters: .*$", result.stderr)
        self.assertEqual(len(words), counters["state"] != "present", result.stderr)
        self.assertEqual(set(counters["events"]), event_quantities(),
                         "every quantity is accounted for")
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
                      "--events", f"hitm_far,{software_event()},rfo_hitm_remote")
        for row in read_csv(self.path("out/summary.csv")):
            self.assertEqual(row["events"], f"hitm_far;{software_event()};rfo_hitm_remote")
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
                               "--events", "bp:count,bp:owner", "--verbose")
        self.assertIn("bp:owner", result.stdout)
        rows = self.check_folder(self.path("out"))
        armed = [r for r in rows if r["status"] == "armed" and r["scenario"] == "same-object"]
        self.assertEqual(len(armed), 2 * (2 + 1), "layouts x (rounds + every second, saturated)")
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
    ARGS = ("run", *ALONE, "--rounds", "40", "--budget", "20s", "--color", "never", "--out",
            "out")

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
        self.assertRegex(line, r"^linebounce: \d %, at most [34]:\d\d left, round 1: \S+/thr")


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
