#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sweeps from outside: plans, rows, what survives, what is refused.

Usage: cli_sweep.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys

import cli_support
from cli_support import (ESCAPE, PATIENCE_S, PUS, ROOT, Case, documented_keys, environment, finish,
                         read_csv, run_json_keys, two_pus)
from cli_sweep_support import ALONE, PAIR, SMALL, Sweeps, contents, read_lines

# Machines that are not here.
TWO_PUS = "pack:1 l3:1 core:2 pu:1"
TWO_SOCKETS = "pack:2 numa:1 l3:1 core:4 pu:2"
PUS_512 = "pack:4 numa:2 l3:2 core:16 pu:2"
# A line of the list of placements: name, distance, home.
PLACE = re.compile(r"  \S+ +\S+ +(local|remote|interleaved|other-kind) +(node|CPUs)\b")
HINT = r"linebounce: what was measured is kept; go on with: linebounce sweep --resume %s\n"


class Plan(Case):
    def tearDown(self):
        self.assertEqual(os.listdir(self.dir), [], "a plan left files")

    def plan(self, *args):
        """The head of a plan as numbers, its other lines, and its cases."""
        result = self.succeeds("sweep", "--dry-run", "--verbose", *args)
        self.assertEqual(result.stderr, "")
        head, *lines = result.stdout.splitlines()
        match = re.fullmatch(r"sweep: (\d+) cases on (\d+) placements?, (\d+) rounds? of ([\d.]+) s"
                             r", ([\d.]+) (s|min|h); seed (\d+)", head)
        self.assertTrue(match, head)
        cases = [line for line in lines if "/threads:" in line]
        words = [line for line in lines if "/threads:" not in line]
        self.assertEqual(len(cases), int(match[1]))
        self.assertEqual(len(set(cases)), len(cases))
        self.assertEqual(len([w for w in words if PLACE.match(w)]), int(match[2]))
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
        places = [line.split()[:3] for line in words if PLACE.match(line)]
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

    def test_a_plan_is_short(self):
        """Some twenty lines, whatever the machine; budgets say what they would leave out."""
        machines = glob.glob(os.path.join(cli_support.TESTS, "topologies", "*.xml"))
        for machine in (PUS_512, TWO_SOCKETS, TWO_PUS, *machines):
            text = self.succeeds("sweep", "--dry-run", "--topology", machine).stdout
            lines = text.splitlines()
            self.assertLessEqual(len(lines), 22, text)
            self.assertEqual([line for line in lines if len(line) > 100], [])
            self.assertNotIn("/threads:", text)
        text = self.succeeds("sweep", "--dry-run", "--topology", PUS_512).stdout
        self.assertRegex(text, r"(?m)^  compact .* 512 threads.*(\n.*)?CPUs 0-511$")
        self.assertRegex(text, r"(?m)^--budget 10m +\d+ placements, \d+ rounds: ")

    def test_a_budget_is_used(self):
        for machine, budget, s in ((TWO_PUS, "5m", 300), (TWO_PUS, "2h", 7200),
                                   (TWO_SOCKETS, "8h", 28800), (PUS_512, "60h", 216000)):
            plan = self.plan("--topology", machine, "--budget", budget)
            self.assertGreaterEqual(plan["total_s"], 0.9 * s)
            self.assertLessEqual(plan["total_s"], 1.01 * s)

    def test_presets(self):
        smoke = self.plan("--topology", TWO_SOCKETS, "--preset", "smoke")
        self.assertLessEqual(smoke["total_s"], 61)
        self.assertFalse([c for c in smoke["cases"] if c.startswith("mixed")])
        night = self.plan("--topology", TWO_SOCKETS, "--preset=overnight")
        self.assertAlmostEqual(night["total_s"], 8 * 3600, delta=0.1 * 8 * 3600)
        one = self.plan("--topology", TWO_SOCKETS, "--preset=overnight", "--budget", "1h")
        self.assertLessEqual(one["total_s"], 3700)
        self.assertIn("did you mean", self.refuses("sweep", "--dry-run", "--preset", "smokey"))

    def test_what_the_user_limits_it_to(self):
        plan = self.plan("--topology", TWO_SOCKETS, "--threads", "4", "--home", "local,remote",
                         "--layout", "pointer", "--scenario", "same-object", "--rounds", "3")
        self.assertEqual(plan["rounds"], 3)
        places = [line.split()[:3] for line in plan["words"] if PLACE.match(line)]
        self.assertEqual({(name, home) for name, _, home in places},
                         {(f"{order}-4", home) for order in ("compact", "scatter")
                          for home in ("local", "remote")})
        places = self.plan("--topology", TWO_SOCKETS, "--placement", "remote,smt",
                           "--home", "interleaved")["words"]
        self.assertEqual([line.split()[:3] for line in places if PLACE.match(line)],
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
        kinds = re.findall(r"(?m)^  (\S+) +\d+ placements?, ", result.stdout)
        self.assertEqual(set(kinds), {re.split("[-@]", name)[0] for name, _ in places})
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


if __name__ == "__main__":
    sys.exit(cli_support.main())
