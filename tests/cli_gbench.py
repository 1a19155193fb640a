#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Google Benchmark's face from outside, or that it is not there.

Usage: cli_gbench.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import json
import os
import re
import subprocess
import sys
import unittest

import cli_support
from cli_support import ALONE, PROGRAM, Case, read_csv, software_event


def has_gbench():
    shown = subprocess.run([PROGRAM, "show", "environment"], capture_output=True, text=True,
                           check=False).stdout
    return re.search(r"^libraries .*\bbenchmark\b", shown, re.MULTILINE) is not None


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
                               "--events", software_event(), "--out", "out")
        for row in json.loads(result.stdout)["benchmarks"]:
            if row["run_type"] == "iteration" and not row.get("error_occurred"):
                self.assertGreater(row.get(software_event(), 1), 0)
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


if __name__ == "__main__":
    sys.exit(cli_support.main())
