#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sweeps and the suites beside them from outside: plans, rows, what survives, what is refused.

Usage: cli_sweep.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import collections
import csv
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import cli_support
from cli_support import (ESCAPE, PATIENCE_S, PUS, ROOT, SCHEMA, Case, documented_keys, environment,
                         finish, read_csv, run_json_keys, two_pus)

# Two layouts in one scenario, on one thread: any machine can do that, and quickly.
SMALL = ("sweep", "--layout", "pointer,embedded", "--scenario", "same-object", "--work-ns", "0",
         "--seed", "5")
ALONE = (*SMALL, "--threads", "1", "--no-plots")
PAIR = (*SMALL, "--threads", "2", "--no-plots")
# Machines that are not here.
TWO_PUS = "pack:1 l3:1 core:2 pu:1"
TWO_SOCKETS = "pack:2 numa:1 l3:1 core:4 pu:2"
PUS_512 = "pack:4 numa:2 l3:2 core:16 pu:2"
HINT = r"linebounce: what was measured is kept; go on with: linebounce sweep --resume %s\n"


def edit(path, pattern, replacement):
    """Changes a text file where the pattern is found, once; that has to be somewhere."""
    with open(path, encoding="utf-8") as file:
        text, n = re.subn(pattern, replacement, file.read(), count=1)
    assert n == 1, f"{path}: no {pattern}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines(keepends=True)


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)


def contents(folder):
    """Every file of a folder with its bytes."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if os.path.isfile(os.path.join(folder, name)):
            with open(os.path.join(folder, name), "rb") as file:
                found[name] = file.read()
    return found


class Sweeps(Case):
    """With what every test of a measured sweep wants to know."""

    # What names a case in samples.csv.
    CASE = ("scenario", "layout", "lock", "placement", "home", "threads", "work_ns")

    def check_complete(self, folder, rounds):
        """Every case of the plan in each round, no window twice, none missing."""
        rows = [r for r in self.check_folder(folder) if not r["scenario"].startswith("anchor-")]
        with open(os.path.join(folder, "sweep.json"), encoding="utf-8") as file:
            plan = json.load(file)["plan"]
        seen = collections.defaultdict(set)
        tries = collections.Counter()
        for row in rows:
            case = tuple(row[name] for name in self.CASE)
            seen[case].add(int(row["round"]))
            tries[case, row["role"], row["round"], row["phase"], row["attempt"], row["status"]] += 1
        self.assertEqual(len(seen), plan["cases"])
        for case, in_rounds in seen.items():
            self.assertEqual(in_rounds, set(range(rounds)), case)
        self.assertEqual([t for t, n in tries.items() if n != 1], [], "measured twice")
        good = collections.Counter((t[0], *t[1:4]) for t in tries if t[5] == "ok")
        self.assertEqual([g for g, n in good.items() if n != 1], [], "measured twice")
        windows = list(dict.fromkeys(int(r["window"]) for r in rows))
        self.assertEqual(windows, list(range(len(windows))))
        return rows

    def stopped(self, args, number=signal.SIGKILL, rows=40, folder="out"):
        """Starts a sweep, or goes on with one, and stops it once so many rows are there."""
        process = self.start(*args)
        self.wait_for_rows(self.path(folder, "samples.csv"), rows, process)
        process.send_signal(number)
        _, words = finish(process)
        return process.returncode, words


class Plan(Case):
    def tearDown(self):
        self.assertEqual(os.listdir(self.dir), [], "a plan left files")

    def plan(self, *args):
        """The head of a plan as numbers, its other lines, and its cases."""
        result = self.succeeds("sweep", "--dry-run", *args)
        self.assertEqual(result.stderr, "")
        head, *lines = result.stdout.splitlines()
        match = re.fullmatch(r"sweep: (\d+) cases on (\d+) placements?, (\d+) rounds? of ([\d.]+) s"
                             r", ([\d.]+) (s|min|h); seed (\d+)", head)
        self.assertTrue(match, head)
        cases = [line for line in lines if "/threads:" in line]
        words = [line for line in lines if "/threads:" not in line]
        self.assertEqual(len(cases), int(match[1]))
        self.assertEqual(len(set(cases)), len(cases))
        self.assertEqual(len([w for w in words if w.startswith("  ")]), int(match[2]))
        rounds, round_s = int(match[3]), float(match[4])
        total_s = float(match[5]) * {"s": 1, "min": 60, "h": 3600}[match[6]]
        return {"rounds": rounds, "round_s": round_s, "total_s": total_s, "words": words,
                "cases": cases, "text": result.stdout}

    def test_this_machine(self):
        plan = self.plan()
        self.assertEqual(plan["rounds"], 30)
        self.assertAlmostEqual(plan["total_s"] / (30 * plan["round_s"] + 5), 1, delta=0.05)
        for layout in ("pointer", "embedded-own-line", "refcount"):
            self.assertTrue([c for c in plan["cases"] if f"/{layout}/" in c], layout)

    def test_absent_classes_are_named(self):
        plan = self.plan("--topology", TWO_PUS)
        self.assertIn("absent on this machine: pairs smt, l2, package, remote; "
                      "memory remote, interleaved", plan["words"])
        plan = self.plan("--topology", TWO_SOCKETS)
        self.assertIn("absent on this machine: pairs l2, package", plan["words"])

    def test_two_sockets(self):
        words = self.plan("--topology", TWO_SOCKETS, "--scenario", "same-object")["words"]
        places = [line.split()[:3] for line in words if line.startswith("  ")]
        self.assertEqual({home for _, _, home in places}, {"local", "remote", "interleaved"})
        self.assertLessEqual({"smt", "l3", "remote"}, {distance for _, distance, _ in places})
        names = {name for name, _, _ in places}
        for threads in (3, 4, 6, 8, 12):
            self.assertIn(f"compact-{threads}", names)
            self.assertIn(f"scatter-{threads}", names)
        self.assertIn("compact-1", names)
        self.assertIn("compact-16", names, "all of them")

    def test_the_same_for_the_same_seed(self):
        one = self.plan("--seed", "7", "--topology", TWO_SOCKETS)
        self.assertEqual(self.plan("--seed", "7", "--topology", TWO_SOCKETS)["text"], one["text"])
        other = self.plan("--seed", "8", "--topology", TWO_SOCKETS)
        self.assertEqual(other["text"].replace("seed 8", "seed 7"), one["text"])

    def test_512_pus(self):
        plan = self.plan("--topology", PUS_512)
        self.assertTrue([c for c in plan["cases"] if "/threads:512/" in c])
        text = self.succeeds("run", "pingpong", "--dry-run", "--all-pairs", "--topology",
                             PUS_512).stdout
        self.assertRegex(text, r"^suite pingpong: 130816 of 130816 pairs, ")
        text = self.succeeds("run", "pingpong", "--dry-run", "--budget", "5s", "--topology",
                             PUS_512).stdout
        self.assertRegex(text, r"^suite pingpong: (\d+) of 130816 pairs, ")
        self.assertIn("one pair of CPUs stands for each class that symmetry does not tell apart",
                      text)

    def test_what_the_user_limits_it_to(self):
        plan = self.plan("--topology", TWO_SOCKETS, "--threads", "4", "--home", "local,remote",
                         "--layout", "pointer", "--scenario", "same-object", "--rounds", "3")
        self.assertEqual(plan["rounds"], 3)
        places = [line.split()[:3] for line in plan["words"] if line.startswith("  ")]
        self.assertEqual({(name, home) for name, _, home in places},
                         {(f"{order}-4", home) for order in ("compact", "scatter")
                          for home in ("local", "remote")})
        places = self.plan("--topology", TWO_SOCKETS, "--placement", "remote,smt",
                           "--home", "interleaved")["words"]
        self.assertEqual([line.split()[:3] for line in places if line.startswith("  ")],
                         [["remote", "remote", "interleaved"], ["smt", "smt", "interleaved"]])

    def test_a_budget_cuts_and_says_so(self):
        last = len(self.plan("--topology", TWO_SOCKETS)["cases"])
        for budget, s in (("30m", 1800), ("5m", 300), ("1m", 60)):
            plan = self.plan("--topology", TWO_SOCKETS, "--budget", budget)
            self.assertLessEqual(plan["rounds"] * plan["round_s"], s)
            cuts = [w for w in plan["words"] if w.startswith("cut to fit the budget: ")]
            self.assertEqual(bool(cuts), len(plan["cases"]) < last or plan["rounds"] < 30, budget)
            last = len(plan["cases"])
        self.assertTrue(any("more than two threads are left out" in c for c in cuts), cuts)
        self.assertTrue(any(re.search(r"\d+ rounds? in place of 30: no verdicts below 20", c)
                            for c in cuts), cuts)

    def test_a_budget_that_suffices_cuts_nothing(self):
        plan = self.plan("--topology", TWO_SOCKETS, "--budget", "100h")
        self.assertEqual(plan["text"].count("cut to fit"), 0)
        # Two CPUs have no third thread, no other node and no symmetric pair to give up.
        plan = self.plan("--topology", TWO_PUS, "--budget", "30s")
        cuts = [w for w in plan["words"] if w.startswith("cut")]
        self.assertEqual(len(cuts), 1, cuts)
        self.assertRegex(cuts[0], r"^cut to fit the budget: \d+ rounds? in place of 30")

    def test_a_budget_too_small_for_a_round(self):
        words = self.refuses("sweep", "--dry-run", "--topology", TWO_SOCKETS, "--budget", "2s")
        self.assertRegex(words, r"^linebounce: budget: one round of the smallest sweep takes "
                                r"\d+\.\d s, and the budget leaves 1\.0 s for rounds: give more, or"
                                r" name fewer layouts, scenarios or placements\n\Z")
        self.refuses("sweep", "--topology", TWO_SOCKETS, "--budget", "2s")

    def test_what_no_set_of_pus_satisfies(self):
        for args, says in (
                (("--threads", "3"), r"placement compact: 3 threads, but only 2 allowed PUs"),
                (("--threads", "2,1000000"), r"placement compact: 1000000 threads, but only"),
                (("--placement", "remote"), r"placement remote: .* has no two PUs of that class "
                                            r"\(different .*\); it has l3"),
                (("--placement", "smt", "--threads", "2"), r"placement smt: .* it has l3"),
                (("--placement", "l3", "--threads", "3"), r"placement l3: a pair is 2 threads"),
                (("--placement", "nowhere"), "unknown placement 'nowhere'"),
                (("--home", "remote"), r"home remote: .* has one NUMA node at most"),
                (("--scenario", "observer", "--threads", "1"),
                 r"nothing to measure: observer: needs more than 1 thread")):
            words = self.refuses("sweep", "--dry-run", "--topology", TWO_PUS, *args)
            self.assertRegex(words, "^linebounce: " + says, args)

    def test_another_machine_is_not_measured(self):
        words = self.refuses("sweep", "--topology", TWO_SOCKETS)
        self.assertRegex(words, r"^linebounce: topology: .* is not this machine: it can be planned "
                                r"for \(--dry-run\), not measured\n\Z")

    def test_wrong_usage(self):
        for args, says in (
                (("layouts",), "a sweep has no suites"),
                (("--pus", "0"), "--pus: a sweep finds its own CPUs"),
                (("--all-pairs",), "--all-pairs: is for suite pingpong"),
                (("--frobnicate",), "unknown option"),
                (("--benchmark_filter=x",), "unknown option"),
                (("--budget", "0"), "--budget '0'"), (("--rounds", "0"), "--rounds '0'"),
                (("--home", "nowhere"), "nowhere"), (("--resume",), "requires an argument"),
                (("--prefetcher", "maybe"), "unknown state of the prefetcher 'maybe'")):
            self.assertIn(says, self.refuses("sweep", *args))


class Rows(Sweeps):
    """A sweep that runs to its end."""

    def test_all_of_it(self):
        result = self.succeeds(*(a for a in SMALL if a != "--no-plots"), "--rounds", "2",
                               "--out", "out")
        self.assertRegex(result.stdout, r"^sweep: \d+ cases on \d+ placements?, 2 rounds of ")
        self.assertRegex(result.stdout, r"(?m)^[\d.]+ s where [\d.]+ s were planned; [\d.]+ % of "
                                        r"it in windows and their warm-ups\.$")
        self.assertIn("Results: out", result.stdout)
        rows = self.check_complete(self.path("out"), 2)
        self.assertEqual({row["suite"] for row in rows}, {"sweep"})
        self.assertTrue(os.path.getsize(self.path("out/topology.xml")))
        places = {(r["placement"], r["home"]) for r in rows}
        for line in re.findall(r"(?m)^  (\S+) +\S+ +(\S+) .*CPUs", result.stdout):
            self.assertIn(line, places)
        self.assertLessEqual({"1", str(min(2, len(PUS)))}, {r["threads"] for r in rows})
        if shutil.which("gnuplot"):
            self.assertTrue(os.listdir(self.path("out/plots")))
            self.assertTrue(os.path.getsize(self.path("out/index.html")))

    def test_what_json_says(self):
        self.succeeds(*ALONE, "--rounds", "2", "--out", "out", "--budget", "10m")
        keys = {k for k in run_json_keys(self.path("out")) if not k.startswith("suites.NAME.")}
        self.assertLessEqual(keys, documented_keys())
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            sweep = json.load(file)["sweep"]
        self.assertEqual((sweep["rounds"], sweep["windows_resumed"]), (2, 0))
        self.assertGreater(sweep["estimated_s"], 0)
        self.assertTrue(0 < sweep["windows_share"] <= 1)
        with open(self.path("out/sweep.json"), encoding="utf-8") as file:
            identity = json.load(file)
        self.assertEqual(identity["plan"]["cases"], sweep["cases"])
        self.assertEqual(identity["plan"]["seed"], "5")
        self.assertEqual(identity["arguments"][:2], ["sweep", "--layout"])
        self.assertEqual(identity["arguments"][-2:], ["--seed", "5"])

    def test_a_seed_that_was_drawn_is_kept(self):
        args = [a for a in ALONE if a not in ("--seed", "5")]
        self.assertEqual(self.stopped([*args, "--rounds", "300", "--out", "out"], signal.SIGINT)[0],
                         130)
        with open(self.path("out/sweep.json"), encoding="utf-8") as file:
            seed = json.load(file)["plan"]["seed"]
        rows = len(read_lines(self.path("out/samples.csv")))
        _, words = self.stopped(["sweep", "--resume", "out"], signal.SIGINT, rows + 20)
        self.assertRegex(words, HINT % "out")
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["run"]["seed"], seed)

    def test_nobody_reads_its_words(self):
        """As in `linebounce sweep | head -1`: the folder is complete all the same."""
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            result = subprocess.run([cli_support.PROGRAM, *ALONE, "--rounds", "1", "--out", "out"],
                                    cwd=self.dir, stdout=pipe, stderr=subprocess.PIPE, text=True,
                                    env=environment(), check=False, timeout=PATIENCE_S)
        self.assertEqual(result.returncode, 0)
        self.assertNotIn("standard output", result.stderr)
        self.check_complete(self.path("out"), 1)

    def test_default_folder(self):
        self.succeeds(*ALONE, "--rounds", "1")
        host, = os.listdir(self.path("results"))
        stamp, = os.listdir(self.path("results", host))
        self.check_complete(self.path("results", host, stamp), 1)

    def test_results_are_not_overwritten(self):
        for args in ((*ALONE, "--rounds", "1"), ("run", "pingpong", "--rounds", "1"),
                     ("run", "fastpath", "--rounds", "1", "--no-plots")):
            if args[1] == "pingpong" and len(PUS) < 2:
                continue
            self.succeeds(*args, "--out", "out")
            before = contents(self.path("out"))
            for again in (ALONE, ("run", "fastpath"), ("run", "pingpong")):
                result = self.run_it(*again, "--rounds", "1", "--out", "out")
                if len(PUS) < 2 and "pingpong" in again:
                    continue
                self.assertEqual(result.returncode, 1)
                self.assertEqual(result.stderr, "linebounce: out: there are results already: "
                                                "choose another folder\n")
            self.assertEqual(contents(self.path("out")), before)
            shutil.rmtree(self.path("out"))


class Stopped(Sweeps):
    """Killed, interrupted, gone on with."""

    def test_killed(self):
        """Again and again, in the middle of rounds and of cases."""
        args = [*ALONE, "--rounds", "40", "--out", "out"]
        rows = 20
        for more in (5, 9, 12, 7, 14, 10):
            self.assertEqual(self.stopped(args, rows=rows)[0], -signal.SIGKILL)
            args = ["sweep", "--resume", "out"]
            rows = len(read_lines(self.path("out/samples.csv"))) + more
        result = self.succeeds(*args)
        there = int(re.search(r"(?m)^(\d+) windows were there from before\.$", result.stdout)[1])
        self.assertGreater(there, 60)
        self.check_complete(self.path("out"), 40)
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            document = json.load(file)
        self.assertEqual(document["sweep"]["windows_resumed"], there)
        self.assertEqual(document["suites"]["sweep"]["ended"], "rounds")

    @two_pus
    def test_killed_with_two_roles(self):
        args = [a if a != "same-object" else "observer" for a in PAIR]
        self.stopped([*args, "--rounds", "4", "--out", "out"], rows=60)
        self.succeeds("sweep", "--resume", "out")
        self.check_complete(self.path("out"), 4)

    def test_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            status, words = self.stopped([*ALONE, "--rounds", "100", "--out", "out"], number)
            self.assertEqual(status, 130)
            self.assertRegex(words, HINT % "out")
            self.check_folder(self.path("out"), 40)
            with open(self.path("out/run.json"), encoding="utf-8") as file:
                self.assertEqual(json.load(file)["suites"]["sweep"]["ended"], "interrupted")
            rows = len(read_lines(self.path("out/samples.csv")))
            self.assertEqual(self.stopped(["sweep", "--resume", "out"], number, rows + 20)[0], 130)
            shutil.rmtree(self.path("out"))

    def test_nohup(self):
        process = self.start(*ALONE, "--rounds", "25", "--out", "out",
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.wait_for_rows(self.path("out/samples.csv"), 40, process)
        process.send_signal(signal.SIGHUP)
        finish(process)
        self.assertEqual(process.returncode, 0)
        self.check_complete(self.path("out"), 25)

    def test_an_interrupted_one_goes_on(self):
        self.assertEqual(self.stopped([*ALONE, "--rounds", "25", "--out", "out"],
                                      signal.SIGINT)[0], 130)
        self.succeeds("sweep", "--resume", "out")
        self.check_complete(self.path("out"), 25)

    def test_the_order_is_that_of_an_unbroken_one(self):
        self.stopped([*ALONE, "--rounds", "8", "--out", "out"])
        self.succeeds("sweep", "--resume", "out")
        self.succeeds(*ALONE, "--rounds", "8", "--out", "whole")
        out, whole = ([tuple(r[n] for n in ("round", *self.CASE))
                       for r in read_csv(self.path(folder, "samples.csv"))
                       if r["phase"] in ("", "0") and r["attempt"] == "0" and r["window"]]
                      for folder in ("out", "whole"))
        self.assertEqual(out, whole)


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
                (("--writers", "2"), r"plan\.writers was 1 there and is 2 here"),
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


class Full(Sweeps):
    """A disk that fills up in mid-sweep: a sentence, exit 1, whole rows; with room it goes on."""

    ARGS = (*ALONE, "--rounds", "20")

    def check(self, result, folder, why):
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(f"linebounce: {folder}/samples.csv: {why}\n", result.stderr)
        self.assertRegex(result.stderr, HINT % folder)
        rows = self.check_rows(self.path(folder, "samples.csv"), "samples")
        self.assertGreater(len(rows), 10)
        return rows

    def goes_on(self, folder, rows):
        self.succeeds("sweep", "--resume", folder)
        after = self.check_complete(self.path(folder), 20)
        windows = [r for r in rows if r["window"]]
        self.assertEqual(after[:len(windows)], windows)

    def test_file_size_limit(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        result = self.run_it(*self.ARGS, "--out", "out", preexec_fn=limit)
        rows = self.check(result, "out", "File too large")
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["suites"]["sweep"]["ended"], "failed")
        self.goes_on("out", rows)

    def mount(self, size):
        """A small file system, skipped where there may be none."""
        if not ROOT:
            self.skipTest("only root may mount a small file system")
        os.mkdir(self.path("small"))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs",
                                  self.path("small")], capture_output=True, text=True, check=False)
        if mounted.returncode:
            self.skipTest(f"mount: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", self.path("small")], check=False)

    def resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}k", self.path("small")], check=True)

    def test_file_system(self):
        self.mount(48)
        full = "No space left on device"
        rows = self.check(self.run_it(*self.ARGS, "--out", "small/out"), "small/out", full)
        # Still full: nothing is lost.
        self.check(self.run_it("sweep", "--resume", "small/out"), "small/out", full)
        self.resize(2048)
        self.goes_on("small/out", rows)

    def without_room(self):
        """The file that a sweep has no room for."""
        result = self.run_it(*self.ARGS, "--out", "small/out")
        self.assertEqual(result.returncode, 1, result.stderr)
        name, = re.findall(r"(?m)^linebounce: small/out/(\S+): No space left on device$",
                           result.stderr)[:1]
        return name

    def test_a_disk_that_was_full_before(self):
        """Whichever file is the first without room, nothing keeps the next sweep out."""
        self.mount(4)
        failed = set()
        for size in range(4, 200, 4):
            self.resize(size)
            failed.add(self.without_room())
            if os.path.exists(self.path("small/out/sweep.json")):
                break
            self.assertLessEqual(set(os.listdir(self.path("small/out"))), {"topology.xml"})
            self.without_room()
            # A file is written beside its old self: the next one would need room for both.
            shutil.rmtree(self.path("small/out"))
        self.assertLessEqual({"topology.xml", "samples.csv", "summary.csv", "sweep.json"}, failed)
        self.resize(2048)
        self.succeeds("sweep", "--resume", "small/out")
        self.check_complete(self.path("small/out"), 20)


class Progress(Sweeps):
    def test_on_a_terminal(self):
        text, status = self.on_terminal(*ALONE, "--rounds", "60", "--out", "out", columns=200)
        self.assertEqual(status, 0, text)
        bars = re.findall(r"\r\x1b\[K(\[[#.]{20}\] [^\r\n]*)", text)
        self.assertGreater(len(bars), 2, text)
        self.assertRegex(bars[0], r"^\[\.{20}\] 0 %, round 1 of 60: [a-z-]+/\S+$")
        self.assertRegex(bars[-1], r"^\[[#.]{20}\] \d+ %, \d+:\d\d left, round \d+ of 60: "
                                   r"[a-z-]+/\S+( |$)")
        for bar in bars:
            self.assertLess(len(bar), 200, "wider than the terminal")
        self.assertTrue(any(re.search(r": [\d.]+ ns \[[\d.]+, [\d.]+\]$", bar) for bar in bars),
                        "no running estimate: " + text)
        shares = [int(re.search(r"(\d+) %", bar)[1]) for bar in bars]
        self.assertEqual(shares, sorted(shares))
        self.assertIn("Results: out", text.rpartition("\r\x1b[K")[2])

    def test_in_a_pipe(self):
        result = self.succeeds(*ALONE, "--rounds", "20", "--out", "out",
                               env=environment(TERM="xterm"))
        self.assertNotIn(ESCAPE, result.stdout + result.stderr)
        self.assertNotIn("\r", result.stdout + result.stderr)
        lines = re.findall(r"(?m)^linebounce: \d+ %, .*$", result.stderr)
        self.assertEqual(len(lines), 1, "one at the start, then one a minute: " + result.stderr)
        self.assertRegex(lines[0], r"^linebounce: 0 %, round 1 of 20: \S+/compact-1/threads:1/")

    def test_what_is_done_counts_when_it_goes_on(self):
        self.stopped([*ALONE, "--rounds", "20", "--out", "out"], rows=150)
        words = self.succeeds("sweep", "--resume", "out").stderr
        share, = re.findall(r"(?m)^linebounce: (\d+) %, \d+:\d\d left, round ", words)
        self.assertGreater(int(share), 20)


@two_pus
class Pingpong(Case):
    COLUMNS = ("schema_version", "op", "pu_a_os", "pu_b_os", "home")
    OPS = {"load-store", "compare-and-swap"}

    def test_every_pair(self):
        result = self.succeeds("run", "pingpong", "--all-pairs", "--rounds", "3", "--out", "out")
        possible = len(PUS) * (len(PUS) - 1) // 2
        self.assertRegex(result.stdout, rf"^suite pingpong: {possible} of {possible} pairs, "
                                        r"\d+ measurements a round, 3 rounds of ")
        self.assertIn("one-way latency, ns: half a round trip of one line, handed over by a store",
                      result.stdout)
        self.assertIn("Results: out (pairs.csv, matrix.csv, run.json", result.stdout)
        rows = read_csv(self.path("out/pairs.csv"))
        medians = read_csv(self.path("out/matrix.csv"))
        for name in self.COLUMNS:
            self.assertIn(name, rows[0])
            self.assertIn(name, medians[0])
        pairs = {(a, b) for a in PUS for b in PUS if a < b}
        for op in self.OPS:
            of_op = [r for r in rows if r["op"] == op]
            self.assertEqual({tuple(sorted((int(r["pu_a_os"]), int(r["pu_b_os"]))))
                              for r in of_op}, pairs)
            self.assertEqual({r["round"] for r in of_op}, {"0", "1", "2"})
        self.assertEqual({r["op"] for r in rows}, self.OPS)
        for row in rows:
            self.assertAlmostEqual(float(row["one_way_ns"]) / float(row["round_trip_ns"]), 0.5,
                                   places=3)
            self.assertIn(row["home"], ("a", "b", "both"))
            self.assertGreaterEqual(int(row["lines"]), 5, "fresh lines")
        keys = [tuple(r[c] for c in (*self.COLUMNS, "round")) for r in rows]
        self.assertEqual(len(keys), len(set(keys)))
        self.check_squares(medians)

    def check_squares(self, medians):
        for op in self.OPS:
            with open(self.path(f"out/matrix-{op}.csv"), newline="", encoding="utf-8") as file:
                header, *lines = csv.reader(file)
            self.assertEqual(header, ["pu_os", *(f"pu_{pu}" for pu in PUS)])
            self.assertEqual([int(line[0]) for line in lines], PUS)
            for i, line in enumerate(lines):
                self.assertEqual([not cell for cell in line[1:]], [k == i for k in range(len(PUS))])
            self.assertTrue([r for r in medians if r["op"] == op and float(r["one_way_ns_median"])])

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is missing")
    def test_heat_map(self):
        self.succeeds("run", "pingpong", "--rounds", "1", "--out", "out")
        for picture in ("heatmap.svg", "heatmap.png"):
            self.assertTrue(os.path.getsize(self.path("out/plots", picture)))
        with open(self.path("out/index.html"), encoding="utf-8") as file:
            self.assertIn("One-way latency", file.read())

    def test_beside_another_suite(self):
        result = self.succeeds("run", "pingpong", "fastpath", "--rounds", "1", "--no-plots",
                               "--out", "out")
        self.assertIn("Results: out (samples.csv, summary.csv, pairs.csv, matrix.csv",
                      result.stdout)
        self.check_folder(self.path("out"))
        keys = {k for k in run_json_keys(self.path("out")) if not k.startswith("suites.")}
        self.assertLessEqual(keys, documented_keys())

    def test_interrupted(self):
        process = self.start("run", "pingpong", "--rounds", "1000000", "--budget", "1h", "--out",
                             "out", "--no-plots")
        self.wait_for_rows(self.path("out/pairs.csv"), 20, process)
        process.send_signal(signal.SIGINT)
        finish(process)
        self.assertEqual(process.returncode, 130)
        for name in ("pairs.csv", "matrix.csv"):
            with open(self.path("out", name), "rb") as file:
                self.assertTrue(file.read().endswith(b"\n"))

    def test_wrong_options(self):
        for option in (("--layout", "pointer"), ("--lock", "rwsem40"), ("--threads", "2"),
                       ("--scenario", "nested"), ("--placement", "closest"), ("--home", "local"),
                       ("--work-ns", "0"), ("--offset", "64"), ("--objects", "5"), ("--twins",),
                       ("--events", "cycles"), ("--baseline", "embedded")):
            self.assertEqual(self.refuses("run", "pingpong", *option),
                             f"linebounce: {option[0]}: means nothing to suite pingpong\n")
        self.assertRegex(self.refuses("run", "pingpong", "--benchmark_list_tests"),
                         "means nothing to suite pingpong|built without Google Benchmark")
        self.assertEqual(self.refuses("run", "pingpong", "--pus", str(PUS[0]), status=1),
                         "linebounce: pingpong: there is one PU at most: no pair to measure\n")
        self.assertIn("named twice", self.refuses("run", "pingpong", "pingpong"))
        self.assertEqual(os.listdir(self.dir), [])


@two_pus
class Offset(Case):
    ARGS = ("run", "offset", "--no-plots", "--work-ns", "0", "--out", "out")

    def test_the_measured_size(self):
        result = self.succeeds(*self.ARGS, "--scenario", "increment", "--offset", "8,64",
                               "--rounds", "14")
        self.assertRegex(result.stdout, r"(?m)^Destructive interference of words at 0 ns of work, ")
        self.assertRegex(result.stdout,
                         r"(?m)^  increment +(\d+ bytes \(more than \d+\), confidence +\d+ %; .*"
                         r"|none seen, confidence +\d+ %|not known: [a-z].*)$")
        # Sure of a size, of none, or of nothing: which one it is depends on how busy it is here.
        self.assertRegex(result.stdout,
                         r"(?m)^=> (size of destructive interference here: \d+ bytes \(confidence "
                         r"\d+ %\)|no destructive interference \w+ .*|size of destructive "
                         r"interference: not known); hwloc (says lines of \d+ bytes|does not "
                         r"say.*), the compiler('s constant is \d+| has no constant), the "
                         r"adjacent-line prefetcher (is|was) .*\.$")
        rows = [r for r in self.check_folder(self.path("out")) if r["scenario"] == "increment"]
        self.assertEqual({(r["layout"], r["offset_bytes"]) for r in rows},
                         {("apart-8", "8"), ("apart-64", "64"), ("apart-512", "512")})

    def test_a_locks_offset(self):
        result = self.succeeds(*self.ARGS, "--scenario", "same-object", "--rounds", "2")
        self.assertRegex(result.stdout, r"(?m)^A lock's offset against the hot fields at 0 ns ")
        rows = [r for r in self.check_folder(self.path("out")) if r["scenario"] == "same-object"]
        offsets = {r["layout"]: r["offset_bytes"] for r in rows}
        for offset in ("40", "56", "64", "512"):  # on one line, split, beside it, apart
            self.assertEqual(offsets[f"lock-at-{offset}"], offset)

    def test_every_operation(self):
        text = self.succeeds("run", "offset", "--dry-run").stdout
        for operation in ("store", "load", "increment", "fetch-add", "compare-and-swap",
                          "read-write"):
            for offset in (8, 64, 128, 256, 512):
                self.assertIn(f"\n{operation}/apart-{offset}/", text)

    def test_wrong_options(self):
        for args, says in (
                (("--offset", "4"), "--offset '4': a number of at least 8 is expected"),
                (("--offset", "70000"), "--offset '70000': a whole number up to 65536 is expected"),
                (("--offset", "8,,64"), "--offset '8,,64': an empty item in the list"),
                (("--baseline", "apart-77"),
                 "baseline: an offset of 77 bytes is not among those of this run"),
                (("--baseline", "apart-x"),
                 "--baseline=apart-N 'x': a number of at least 8 is expected"),
                (("--baseline", "embedded"), "baseline 'embedded': not among the layouts of this "
                                             "run"),
                (("--all-pairs",), "--all-pairs: means nothing to suite offset")):
            self.assertEqual(self.refuses("run", "offset", *args), f"linebounce: {says}\n")
        text = self.succeeds("run", "offset", "--dry-run", "--offset", "12,64").stdout
        self.assertRegex(text, r"(?m)^left out: \d+ combinations \(first: store: an offset of 12 "
                               r"bytes: wants a multiple of 8")
        self.assertEqual(os.listdir(self.dir), [])


@two_pus
class Arrays(Case):
    def test_a_run(self):
        result = self.succeeds("run", "arrays", "--work-ns", "0", "--rounds", "2", "--no-plots",
                               "--out", "out")
        for section in ("counters: an array of per-thread counters",
                        "counters-sum: per-thread counters, and one thread that adds them up",
                        "ring: one thread pushes into a ring, one pops",
                        "guarded: all take one lock and increment the data"):
            self.assertIn(f"\n{section}", result.stdout)
        # A sentence for whatever has good windows of both.
        for sentence in re.findall(r"(?m)^.* bytes apart.*: .* ns an op .*$", result.stdout):
            self.assertRegex(sentence, r"^  (counters of other threads|counters, with a thread "
                                       r"that sums them,|head and tail of a ring|a mutex and its "
                                       r"data) (8|40|64) bytes apart")
        rows = self.check_folder(self.path("out"))
        offsets = collections.defaultdict(set)
        for row in rows:
            if row["offset_bytes"]:
                offsets[row["scenario"]].add(int(row["offset_bytes"]))
        for scenario in ("counters", "counters-sum", "ring"):
            self.assertLessEqual({8, 64, 128}, offsets[scenario], scenario)
        self.assertLessEqual({40, 64, 128}, offsets["guarded"], "a mutex has 40 bytes")

    def test_wrong_options(self):
        for option in (("--layout", "embedded"), ("--lock", "rwsem32"), ("--baseline", "embedded"),
                       ("--all-pairs",)):
            self.assertEqual(self.refuses("run", "arrays", *option),
                             f"linebounce: {option[0]}: means nothing to suite arrays\n")
        self.assertIn("no scenario fits", self.refuses("run", "arrays", "--scenario", "observer"))
        self.assertIn("--offset: means nothing to suite layouts",
                      self.refuses("run", "layouts", "--offset", "64"))
        self.assertIn("--layout: means nothing to any of these suites",
                      self.refuses("run", "arrays", "pingpong", "--layout", "pointer"))


class Churn(Case):
    def test_a_run(self):
        result = self.succeeds("run", "churn", "--layout", "pointer,embedded,refcount", "--rounds",
                               "2", "--no-plots", "--out", "out")
        for scenario in ("churn-slab", "churn-malloc"):
            table = result.stdout.split(f"\n{scenario}: ")[1].split("\n\n")[0]
            self.assertIn("pg/1k", table)
            # Of malloc it is known only where the C library says so, which another one may not.
            pages = r"\d+" if scenario == "churn-slab" else r"(\d+|-)"
            self.assertRegex(table, r"(?m)^  pointer +two .* (\(baseline\)|not measured) +"
                                    rf"{pages}$")
            self.assertRegex(table, rf"(?m)^  embedded +one .* {pages}$")
        rows = read_csv(self.path("out/summary.csv"))
        pages = {r["layout"]: r["pages_per_1000_objects"] for r in rows
                 if r["scenario"] == "churn-slab"}
        # Published: 54 with a separate lock, 64 with it inside and aligned, 48 with a count.
        self.assertEqual(pages, {"pointer": "54", "embedded": "64", "refcount": "48"})
        for row in rows:
            if row["scenario"] == "churn-malloc" and row["pages_per_1000_objects"]:
                self.assertGreater(float(row["pages_per_1000_objects"]), 0)

    def test_with_scenarios_of_other_suites(self):
        """A list of scenarios goes to every suite of the run."""
        result = self.succeeds("run", "churn", "offset", "--scenario", "churn-slab,increment",
                               "--layout", "pointer,embedded", "--work-ns", "0", "--threads", "2",
                               "--offset", "8,64", "--rounds", "1", "--no-plots", "--out", "out")
        self.assertIn("\nchurn-slab: ", result.stdout)
        self.assertIn("\nincrement: ", result.stdout)

    def test_wrong_options(self):
        self.assertIn("--offset: means nothing to suite churn",
                      self.refuses("run", "churn", "--offset", "64"))
        self.assertIn("--objects '0'", self.refuses("run", "churn", "--objects", "0"))
        self.assertIn("baseline 'apart-64': not among the layouts",
                      self.refuses("run", "churn", "--baseline", "apart-64"))


class Prefetcher(Case):
    """Setting it is test_prefetcher's; here, whether a machine that has none says so."""

    def test_a_machine_without(self):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            text = file.read()
        if "GenuineIntel" in text and " hypervisor" not in text:
            self.skipTest("this processor may have one")
        for command in (ALONE, ("run", "fastpath")):
            for state in ("on", "off"):
                words = self.refuses(*command, "--rounds", "1", "--prefetcher", state, "--out",
                                     "out", status=1)
                self.assertRegex(words, r"^linebounce: prefetcher: (only Intel's processors have an"
                                        r" adjacent-line prefetcher that MSR 0x1a4 controls: this "
                                        r"is '\w+'|this is a virtual machine \(.*\): its registers "
                                        r"are not the processor's)\n\Z")
        self.assertIn("'maybe'. There are: on, off",
                      self.refuses("run", "--prefetcher", "maybe"))
        self.assertEqual(os.listdir(self.dir), [])


if __name__ == "__main__":
    sys.exit(cli_support.main())
