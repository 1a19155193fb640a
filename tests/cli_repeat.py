#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How runs repeat: figures that are known, since the runs are made up, and runs in a row.

Usage: cli_repeat.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import csv
import json
import os
import random
import statistics
import sys

import cli_support
from cli_support import ALONE, SCHEMA, Case, read_csv, schema_columns

CELLS = {"schema_version": SCHEMA, "suite": "layouts", "lock": "rwsem40", "placement": "l3",
         "distance": "l3", "home": "local", "threads": 2, "role": "all", "work_ns": 200}
EMPTY = {"scenario": "empty", "layout": "", "lock": ""}
ROUNDS = 40


class Repeat(Case):
    """Net ns/op of pointer is 20 and half of what the round trip exceeds 85, of embedded 12."""

    def rows(self, name, table, rows):
        os.makedirs(self.path(name), exist_ok=True)
        with open(self.path(name, f"{table}.csv"), "w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, schema_columns(table), restval="", lineterminator="\n")
            out.writeheader()
            out.writerows({**CELLS, **row} for row in rows)

    def make(self, name, trip=85.0, decided=1, layouts=("embedded",), scenarios=("same-object",),
             extra=0.0):
        draw = random.Random(name)
        samples, summary = [], []
        for number in range(ROUNDS):
            here = trip + draw.gauss(0, 0.5)
            window = {"round": number, "status": "ok", "min_over_max": 1, "emulated": 0}

            def add(cells, ns, window=window, here=here):
                samples.append({**window, **cells, "ns_op": f"{ns + draw.gauss(0, 0.05):.6g}",
                                "pingpong_before_ns": f"{here * draw.gauss(1, 0.004):.6g}",
                                "pingpong_after_ns": f"{here * draw.gauss(1, 0.004):.6g}"})

            add(EMPTY, 210)
            for scenario in scenarios:
                add({"scenario": scenario, "layout": "pointer"}, 230 + (here - 85) / 2)
                for layout in layouts:
                    add({"scenario": scenario, "layout": layout}, 222 + extra)
        for scenario in scenarios:
            for number, layout in enumerate(layouts):
                verdict = "faster" if number < decided else "unresolved"
                summary.append({"scenario": scenario, "layout": layout, "regime": 0, "pairs": 40,
                                "baseline": "pointer", "verdict": verdict})
        self.rows(name, "samples", samples)
        self.rows(name, "summary", summary)
        return name

    def cases(self):
        return {row["layout"]: row for row in read_csv(self.path("out", "repeat.csv"))}

    TRIPS = (83.0, 84.2, 85.1, 86.0, 87.3)

    def test_what_goes_with_the_distance(self):
        runs = [self.make(f"r{i}", trip) for i, trip in enumerate(self.TRIPS)]
        text = self.succeeds("repeat", *runs, "--out", "out").stdout
        pointer, embedded = self.cases()["pointer"], self.cases()["embedded"]
        nets = [20 + (trip - 85) / 2 for trip in self.TRIPS]
        cv = statistics.stdev(nets) / statistics.mean(nets)
        self.assertAlmostEqual(float(pointer["net_cv"]), cv, delta=cv / 10)
        self.assertAlmostEqual(float(pointer["net_worst_ns"]), nets[-1] - nets[0], delta=0.2)
        self.assertAlmostEqual(float(pointer["net_per_trip"]), 0.5, delta=0.05)
        self.assertLess(float(pointer["net_adjusted_cv"]), cv / 4)
        self.assertAlmostEqual(float(pointer["regime_ns"]), statistics.mean(self.TRIPS), delta=0.5)
        self.assertAlmostEqual(float(embedded["net_ns"]), 12, delta=0.1)
        self.assertEqual(embedded["net_adjusted_cv"], "")
        self.assertAlmostEqual(float(embedded["diff_per_trip"]), -0.5, delta=0.05)
        self.assertLess(float(embedded["diff_adjusted_sd_ns"]), float(embedded["diff_sd_ns"]) / 4)
        self.assertEqual(pointer["diff_runs"], "0")
        self.assertIn("10 of 10 pairs of runs met in one regime", text)
        self.assertRegex(text, rf"(?m)^pointer +{100 * float(pointer['net_adjusted_cv']):.1f}\*")

    def test_decided(self):
        runs = [self.make(f"r{i}", decided=n, layouts=("a", "b", "c"))
                for i, n in enumerate((3, 1, 2))]
        text = self.succeeds("repeat", *runs, "--out", "out").stdout
        self.assertIn("Decided of 3 comparisons at 200 ns: 2 in the median of runs (1 to 3).", text)
        with open(self.path("out", "repeat.json"), encoding="utf-8") as file:
            document = json.load(file)
        self.assertEqual([run["decided"] for run in document["runs"]], [3, 1, 2])
        self.assertEqual((document["asked"], document["decided_median"]), (3, 2))

    def test_one_regime(self):
        """A run far away takes no part: it would differ for that alone."""
        runs = [self.make(f"r{i}", trip) for i, trip in enumerate((84.0, 85.0, 86.0, 330.0))]
        text = self.succeeds("repeat", *runs, "--out", "out").stdout
        self.assertIn("3 of 6 pairs of runs met in one regime", text)
        self.assertEqual(self.cases()["pointer"]["net_runs"], "3")
        self.assertLess(float(self.cases()["pointer"]["net_worst_ns"]), 2)

    def test_a_screen(self):
        layouts = [f"a-layout-with-a-long-name-{i}" for i in range(30)]
        for scenarios in (["same-object", "nested"], [f"scenario-{i}" for i in range(20)]):
            runs = [self.make(f"r{i}", layouts=layouts, scenarios=scenarios) for i in range(2)]
            lines = self.succeeds("repeat", *runs).stdout.splitlines()
            self.assertLessEqual(len(lines), 40)
            self.assertLessEqual(max(map(len, lines)), 100)
            self.assertIn("more in repeat.csv", lines[-1])

    def test_refusals(self):
        self.make("r0")
        self.assertIn("how often?", self.refuses("repeat"))
        for words in (("1",), ("0", "--quick"), ("r0",), ("3", "--out")):
            self.refuses("repeat", *words)
        self.refuses("repeat", "--frobnicate", "3")
        self.refuses("repeat", "r0", "r0", status=1)
        self.refuses("repeat", "r0", "nowhere", status=1)

    def test_what_run_refuses_ends_it(self):
        result = self.run_it("repeat", "3", "--scenario", "sideways", "--out", "out")
        self.assertEqual(result.returncode, 2)
        self.assertIn("sideways", result.stderr)
        self.assertFalse(os.path.exists(self.path("out", "2.txt")))

    def test_runs_in_a_row(self):
        self.succeeds("repeat", "2", *ALONE, "--rounds", "7", "--out=out")
        for number in "12":
            self.assertTrue(read_csv(self.path("out", number, "samples.csv")))
            self.assertTrue(os.path.getsize(self.path("out", f"{number}.txt")))
        self.assertTrue(read_csv(self.path("out", "repeat.csv")))
        again = self.refuses("repeat", "2", *ALONE, "--out", "out", status=1)
        self.assertIn("out/1: is there already", again)


if __name__ == "__main__":
    sys.exit(cli_support.main())
