#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From outside, suites that do not measure layouts: pairs of CPUs, words, arrays, churn; and the
prefetcher.

Usage: cli_special.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import collections
import csv
import os
import re
import shutil
import signal
import sys
import unittest

import cli_support
from cli_support import PUS, Case, documented_keys, finish, read_csv, run_json_keys, two_pus
from cli_sweep_support import ALONE


@two_pus
class Pingpong(Case):
    COLUMNS = ("schema_version", "op", "pu_a_os", "pu_b_os", "home")
    OPS = {"load-store", "compare-and-swap"}

    def test_every_pair(self):
        result = self.succeeds("run", "pingpong", "--all-pairs", "--rounds", "3", "--verbose",
                               "--out", "out")
        possible = len(PUS) * (len(PUS) - 1) // 2
        self.assertRegex(result.stdout, rf"^suite pingpong: {possible} of {possible} pairs, "
                                        r"\d+ measurements a round, 3 rounds of ")
        self.assertIn("one-way latency, ns: half a round trip of one line, handed over by a store",
                      result.stdout)
        self.assertRegex(result.stdout, r"(?m)^Results: out \([^)]*pairs\.csv,\s+matrix\.csv,"
                                        r"\s+run\.json")
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
        self.check_answer(result.stdout)

    def check_answer(self, text):
        """The median over pairs at each distance, and what a locked op takes more."""
        self.assertRegex(text, r"How long does one line take between any two CPUs\?\s+(From )?"
                               r"[\d.]+ ns one way \(CPUs \d+ and \d+, \w+\)")
        rows = read_csv(self.path("out/answer.csv"))
        self.assertEqual({r["scenario"] for r in rows}, self.OPS)
        self.assertEqual([r["verdict"] for r in rows if r["scenario"] == "load-store"][0],
                         "baseline")
        for row in rows:
            self.assertGreater(float(row["net_ns_op"]), 0)
            if row["scenario"] == "compare-and-swap":  # three rounds are too few
                self.assertEqual((row["verdict"], row["why"][:10]), ("unresolved", "fewer than"))

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
        self.assertRegex(result.stdout, r"(?m)^Results: out \([^)]*samples\.csv,\s+summary\.csv,"
                                        r"\s+pairs\.csv,\s+matrix\.csv")
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
    ARGS = ("run", "offset", "--no-plots", "--work-ns", "0", "--verbose", "--out", "out")

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
                               "--verbose", "--out", "out")
        for section in ("counters: an array of per-thread counters",
                        "counters-sum: per-thread counters, and one thread that adds them up",
                        "ring: one thread pushes into a ring, one pops",
                        "guarded: all take one lock and increment the data"):
            self.assertIn(f"\n{section}", result.stdout)
        # A sentence for whatever has good windows of both.
        for sentence in re.findall(r"(?m)^.* bytes apart.*: .* ns an op .*$", result.stdout):
            self.assertRegex(sentence, r"^  (counters of other threads|counters, with a thread "
                                       r"that sums them,|head and tail of a ring|a lock and its "
                                       r"data) (8|40|64) bytes apart")
        rows = self.check_folder(self.path("out"))
        offsets = collections.defaultdict(set)
        for row in rows:
            if row["offset_bytes"]:
                offsets[row["scenario"]].add(int(row["offset_bytes"]))
        for scenario in ("counters", "counters-sum", "ring"):
            self.assertLessEqual({8, 64, 128}, offsets[scenario], scenario)
        self.assertLessEqual({40, 64, 128}, offsets["guarded"], "a mutex has 40 bytes")

    def guarded(self, kinds):
        """(offset, kind) of the cases of guarded, and the whole plan."""
        text = self.succeeds("run", "arrays", "--dry-run", "--scenario", "guarded", "--work-ns",
                             "0", "--lock", kinds).stdout
        return re.findall(r"(?m)^guarded/apart-(\d+)/(\w+)/", text), text

    def test_every_lock_that_has_a_write_side(self):
        sizes = {"rwsem40": 40, "rwsem32": 32, "qspinlock": 4, "mutex32": 32, "mutex24": 24,
                 "qrwlock": 8, "lockref": 8, "seqlock": 8, "futex_mutex": 4, "pthread_rwlock": 56,
                 "pthread_mutex": 40}
        cases, text = self.guarded(",".join(sizes))
        self.assertEqual(set(cases), {(str(offset), kind) for kind, size in sizes.items()
                                      for offset in (8, 40, 64, 128) if offset >= size})
        self.assertRegex(text, r"left out: \d+ combinations \(first: guarded: an offset of 8 bytes "
                               r"lies within the lock rwsem40 \(40 bytes\)")
        self.assertIn("left out", self.guarded("seqcount,qspinlock")[1])

    def test_locks_that_mean_nothing(self):
        writers = "its writers come one at a time under another lock"
        for kind, says in (("refcount", writers), ("seqcount", writers),
                           ("locked_adds", "it has no write side")):
            self.assertIn(f"guarded with lock {kind}: {says}",
                          self.refuses("run", "arrays", "--dry-run", "--lock", kind))
        self.assertIn("--lock: nothing here takes a lock",
                      self.refuses("run", "arrays", "--dry-run", "--scenario", "ring", "--lock",
                                   "mutex32"))

    def test_a_run_with_a_kernels_lock(self):
        self.succeeds("run", "arrays", "--scenario", "guarded", "--work-ns", "0", "--rounds", "2",
                      "--no-plots", "--lock", "mutex24,lockref", "--offset", "24,128", "--out",
                      "out")
        rows = self.check_folder(self.path("out"))
        self.assertEqual({r["lock"] for r in rows if r["scenario"] == "guarded"},
                         {"mutex24", "lockref"})
        bases = {(r["lock"], r["offset_bytes"]): r["baseline"]
                 for r in self.check_rows(self.path("out", "summary.csv"), "summary")
                 if r["scenario"] == "guarded"}
        self.assertLessEqual(set(bases.values()), {"", "apart-128"})

    def test_wrong_options(self):
        for option in (("--layout", "embedded"), ("--baseline", "embedded"), ("--all-pairs",)):
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
                               "2", "--no-plots", "--verbose", "--out", "out")
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
                               "--offset", "8,64", "--rounds", "1", "--no-plots", "--verbose",
                               "--out", "out")
        self.assertIn("\nchurn-slab: ", result.stdout)
        self.assertIn("\nincrement: ", result.stdout)

    def test_wrong_options(self):
        self.assertIn("--offset: means nothing to suite churn",
                      self.refuses("run", "churn", "--offset", "64"))
        self.assertIn("--objects '0'", self.refuses("run", "churn", "--objects", "0"))
        self.assertIn("baseline 'apart-64': not among the layouts",
                      self.refuses("run", "churn", "--baseline", "apart-64"))


@two_pus
class Causes(Case):
    CHAIN = ("pointer", "pointer-lock-aligned", "pointer-aligned", "chase256", "embedded-own-line",
             "own-line-refcount", "refcount", "chase256-refcount")

    def plan(self, *args):
        text = self.succeeds("run", "causes", "--dry-run", "--scenario", "neighbours", *args).stdout
        return re.findall(r"^neighbours/([^/]+)/([^/]+)/", text, re.MULTILINE)

    def test_the_chain(self):
        kinds = {"own-line-refcount": "refcount", "refcount": "refcount",
                 "chase256-refcount": "refcount"}
        self.assertEqual(self.plan(), [(name, kinds.get(name, "rwsem40")) for name in self.CHAIN])

    def test_from_a_baseline_on_and_of_ones_own(self):
        names = [name for name, _ in self.plan("--baseline", "pointer-aligned")]
        self.assertEqual(names, list(self.CHAIN[2:]))
        names = [name for name, _ in self.plan("--layout", "pointer,padded,refcount-seq")]
        self.assertEqual(names, ["pointer", "padded", "refcount-seq"])
        self.refuses("run", "causes", "--baseline", "nowhere")

    def test_a_run_and_what_its_differences_are_made_of(self):
        for rounds in range(8, 41, 8):  # those with a spoiled window do not count
            text = self.succeeds("run", "causes", "--scenario", "neighbours,observer", "--rounds",
                                 str(rounds), "--no-plots", "--out", "out").stdout
            if "too few rounds" not in text:
                break
            shutil.rmtree(self.path("out"))
        table = text[text.index("ns an op "):].split("\n\n")[0].splitlines()
        self.assertRegex(table[0], r"^ns an op +neighbours +observer lock +observer observe$")
        for name, line in zip(self.CHAIN[1:7], table[1:7]):
            self.assertRegex(line, rf"^\+ {name} ")
        self.assertLessEqual(max(map(len, table)), 100)
        result = self.run_it("explain", "out")
        if result.returncode:  # a busy machine: too few rounds that both have in one regime
            self.assertRegex(result.stderr, "no difference between layouts")
        else:
            self.assertIn("explained", result.stdout)


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
