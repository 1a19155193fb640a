#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The answer of every suite, from folders made by hand (made_answers.py): its form, and that it
fits a screen.

Program: $LINEBOUNCE; what it has to print: $LB_TESTS_DIR/golden/suite-*.txt, written anew with
LB_UPDATE_GOLDEN=1
Exit 0 passed, 1 failed.
"""

import json
import os
import subprocess
import sys

import made_answers as made
from cli_btf import MAKE_BTF
from cli_result import Shown
from cli_support import main

READS = (("same-object", "all"), ("neighbours", "all"), ("observer", "lock"),
         ("observer", "observe"), ("nested", "all"))
LOCK = {"lock": "rwsem40"}
BUILT_IN = {"pointer": {**LOCK, "pages_per_1000_objects": 54},
            "embedded": {**LOCK, "pages_per_1000_objects": 64},
            "padded": {**LOCK, "pages_per_1000_objects": 96}}


def told_layouts(**lies):
    return [{"name": name, "lock": "rwsem40", "lies": where, "own": own}
            for name, (where, own) in lies.items()]


class Answers(Shown):
    def setUp(self):
        super().setUp()
        os.rmdir(self.path("ref"))

    def make(self, suite, question, rows, **told):
        made.write_folder(self.path("ref"), suite, question, rows, **told)

    def check(self, name):
        """The golden output, what a screen and a narrow terminal show of it, and the JSON."""
        text = self.result()
        self.same(f"suite-{name}.txt", text)
        self.fits(text, 100, 40)
        narrow = self.on_terminal_of(80, "--color", "never")
        self.fits(narrow, 80)
        told = json.loads(self.result("--format", "json"))
        for shown in text, narrow, self.result("--quiet"):
            self.assertIn(told["sentence"], " ".join(shown.split()))
            self.assertIn(told["sentence"][-30:], " ".join(shown.splitlines()[-3:]))
        self.fits(self.result("--quiet"), 100, 24)
        self.assertIn(told["sentence"], self.result("--markdown"))
        return told


class Layouts(Answers):
    QUESTION = "what does each layout cost here, in every scenario?"

    def layouts(self, layouts, lies, *places):
        rows = []
        for turn, where in enumerate(places):
            rows += [*made.controls("layouts", where),
                     *made.compared("layouts", READS, layouts, where, turn=turn,
                                    scale=1 + turn / 2)]
        self.make("layouts", self.QUESTION, rows, layouts=told_layouts(**lies))

    def test_a_layout_by_offsets(self):
        self.layouts({**BUILT_IN, "mine": {**LOCK, "pages_per_1000_objects": 60}},
                     {"mine": ("among", True)}, made.place())
        self.check("mine")

    def test_a_structure_of_a_kernel(self):
        self.layouts({"pointer": BUILT_IN["pointer"],
                      "vma": {"lock": "rwsem40", "pages_per_1000_objects": 48}},
                     {"vma": ("line", True)}, made.place())
        self.check("btf")
        if MAKE_BTF:  # such a layout is what the program makes of BTF
            subprocess.run([MAKE_BTF, "inline", self.path("x.btf")], check=True)
            plan = self.succeeds("run", "--dry-run", "--layout", "pointer", "--layout",
                                 f"btf:{self.path('x.btf')}:vm_area_struct,name=vma",
                                 "--scenario", "observer", "--threads", "2").stdout
            self.assertIn("observer/vma/", plan)

    def test_several_placements(self):
        """Each has a column, and the matrix is of the costliest."""
        self.layouts(BUILT_IN, {}, made.place("smt", trip=30.0), made.place(),
                     made.place("remote", trip=300.0))
        told = self.check("places")
        self.assertIn("(2 threads, remote)", told["sentence"])
        self.assertEqual([(p["placement"], p["threads"], p["regime_ns"])
                          for p in told["placements"]],
                         [("smt", 2, 30), ("l3", 2, 80), ("remote", 2, 300)])
        for p in told["placements"]:
            cells = [c for c in told["cells"] if c["counts"] and c["placement"] == p["placement"]]
            self.assertEqual(p["slower"], sum(c["verdict"] == "slower" for c in cells))
            self.assertEqual(p["worst"]["diff_ns"],
                             max(c["diff_ns"] for c in cells if c["verdict"] == "slower"))
        self.assertIn("at remote with 2 threads (the costliest of 3 places)",
                      " ".join(self.result().split()))

    def test_what_counters_should_have_counted(self):
        where = made.place()
        rows = made.compared("layouts", READS, BUILT_IN, where, events="cycles;hitm_local;rfo_hitm",
                             events_per_op="300;1.3;0.25", events_expected=";0.9;0.25",
                             as_expected="0")
        self.make("layouts", self.QUESTION, list(rows))
        text = self.result("--why", "same-object")
        self.assertEqual(text.count("    hitm_local expected 0.90 (model), counted 1.30; rfo_hitm "
                                    "expected 0.25 (model), counted"), len(BUILT_IN))
        self.assertIn("lines found modified are over 15 % off", " ".join(text.split()))
        self.assertNotIn("cycles", text)
        self.fits(text, 100)

    def test_one_thread_beside_two(self):
        """Alone it has no part in an answer about sharing, and the matrix is of the two."""
        self.layouts(BUILT_IN, {}, made.place("compact-1", 1), made.place())
        text = self.result()
        told = json.loads(self.result("--format", "json"))
        self.assertEqual([p["placement"] for p in told["placements"]], ["l3"])
        self.assertEqual(told["suites"][0]["compared"],
                         sum(told["suites"][0][k] for k in ("faster", "same", "not_slower",
                                                            "slower", "undecided")))
        self.assertNotIn("1 thread", text)
        self.assertIn("gains most", text)

    def test_more_placements_than_columns(self):
        places = [made.place("l3", threads) for threads in range(2, 12)]
        self.layouts(BUILT_IN, {}, *places)
        self.fits(self.result(), 100, 40)
        self.assertRegex(self.result(), r"\+\d+ ns [a-z -]+, l3\n")


class Suites(Answers):
    def test_whatif(self):
        where = made.place()
        layouts = {name: {"lock": lock, "generation": rules, "pages_per_1000_objects": pages}
                   for name, lock, rules, pages in (
                       ("f_ref", "", "", 47), ("f_ref:moved", "", "", 47),
                       ("map", "rwsem40", "6.17", 24), ("map:moved", "rwsem40", "6.17", 32))}
        rows = [*made.controls("whatif", where),
                *made.compared("whatif", (("whatif", "read"), ("whatif", "write")), layouts, where,
                               base=lambda name: name.split(":")[0])]
        self.make("whatif", "what does it cost that these fields lie so, and what would moving "
                  "one buy?", rows)
        self.check("whatif")
        self.assertIn("by the rules of Linux 6.17", self.result())

    def test_arrays(self):
        where = made.place()
        roles = (("counters", "all"), ("counters-sum", "count"), ("counters-sum", "sum"),
                 ("ring", "push"), ("ring", "pop"), ("guarded", "all"))
        layouts = {f"apart-{n}": {"offset_bytes": n} for n in (128, 8, 40, 64)}
        rows = list(made.compared("arrays", roles, layouts, where))
        for row in rows:  # of words only what lies beside a lock has one: a row all the same
            row["lock"] = "pthread_mutex" if row["scenario"] == "guarded" else ""
        self.make("arrays", "per-thread counters, a ring's two ends, a lock beside its data: how "
                  "far apart?", [*made.controls("arrays", where), *rows])
        self.check("arrays")

    def test_offset(self):
        where = made.place()
        words = {f"apart-{n}": {"offset_bytes": n}
                 for n in (512, 8, 16, 24, 32, 40, 48, 56, 64, 72, 96, 120, 128, 192, 256, 384)}
        locks = {f"lock-at-{n}": {"offset_bytes": n, **LOCK} for n in (512, 40, 48, 56, 64, 192)}
        scans = [{"scenario": s, "role": role, "placement": "l3", "lock": lock, "work_ns": work,
                  "size_bytes": size, "below_bytes": below, "confidence": sure, "cost_ns": ns,
                  "cost_ratio": 1.2} for s, role, lock, work, size, below, sure, ns in (
                      ("store", "all", False, 200, 64, 56, 1, 31.4),
                      ("load", "all", False, 200, 0, 0, 1, None),
                      ("increment", "all", False, 200, 64, 56, 0.99, 55.2),
                      ("store", "all", False, 0, 128, 96, 0.8, 12.0),
                      ("observer", "lock", True, 200, 64, 56, 1, 40.1))]
        scans.append({"scenario": "observer", "role": "observe", "placement": "l3", "lock": True,
                      "work_ns": 200, "why": "too few rounds are whole"})
        self.make("offset", "how far apart do two words, or a lock and its neighbours, have to "
                  "lie?", [*made.controls("offset", where),
                           *made.compared("offset", (("store", "all"), ("load", "all"),
                                                     ("increment", "all")), words, where),
                           *made.compared("offset", READS[2:4], locks, where)],
                  scans=scans, claims="hwloc says lines of 64 bytes, the compiler's constant is "
                                      "64, the adjacent-line prefetcher is not known")
        told = self.check("offset")
        self.assertEqual(told["scans"][-1]["why"], "too few rounds are whole")

    def test_fault(self):
        rows = []
        for threads in 1, 2:
            where = made.place("single" if threads == 1 else "l3", threads)
            for at, (scenario, role) in enumerate((
                    ("pft", "all"), ("private", "all"), ("map", "all"), ("mapper", "all"),
                    ("fault-map", "fault"), ("fault-map", "map"))):
                if threads > 1 or scenario != "fault-map":
                    rows.append({"suite": "fault", "scenario": scenario, "role": role,
                                 "layout": "recycled", "work_ns": 0, "touch": "recycled", **where,
                                 **made.cost(600.0 * (at + threads), 0)})
            rows.append({"suite": "fault", "scenario": "pft", "role": "all", "layout": "first",
                         "work_ns": 0, "touch": "first", **where, **made.cost(2500.0, 0)})
            rows.append({"suite": "fault", "scenario": "fault-bare", "role": "all", "work_ns": 0,
                         **where, **made.cost(598.0, 0), "pairs": 30, "ratio": 0.998,
                         "ratio_ci95_lo": 0.99, "ratio_ci95_hi": 1.004})
        self.make("fault", "what does a page fault cost in this kernel, alone and beside others?",
                  rows)
        self.check("fault")

    def test_churn(self):
        where = made.place("single", 1)
        layouts = {name: {"lock": "rwsem40", "pages_per_1000_objects": pages}
                   for name, pages in (("pointer", 54), ("pointer-lock-aligned", 60),
                                       ("pointer-aligned", 64), ("embedded", 64), ("padded", 96),
                                       ("refcount", 48))}
        rows = made.compared("churn", (("churn-slab", "all"), ("churn-malloc", "all")), layouts,
                             where, work=0, objects=1000)
        self.make("churn", "what do allocating, initialising and freeing an object with its lock "
                  "cost?", list(rows))
        self.check("churn")

    LEVELS = ((0, 4, "smt", 4, 21.0), (1, 5, "smt", 4, 23.0), (0, 1, "l3", 24, 41.0),
              (0, 2, "l3", 24, 47.5), (0, 8, "remote", 16, 131.0))

    def pingpong(self, levels, **options):
        self.make("pingpong", "how long does one line take between any two CPUs?", [], windows=None)
        made.write_csv(self.path("ref/pairs.csv"), list(made.pairs(levels, **options)))

    def test_pingpong(self):
        self.pingpong(self.LEVELS)
        told = self.check("pingpong")
        self.assertEqual([(c["placement"], c["scenario"], c["baseline"], c["verdict"])
                          for c in told["cells"]],
                         [("smt", "load-store", None, "baseline"),
                          ("smt", "compare-and-swap", "load-store", "slower"),
                          ("l3", "load-store", "smt", "slower"),
                          ("l3", "compare-and-swap", "load-store", "slower"),
                          ("remote", "load-store", "l3", "slower"),
                          ("remote", "compare-and-swap", "load-store", "slower")])
        smt = told["latencies"][0]
        self.assertEqual((smt["fastest"]["pu_b_os"], smt["slowest"]["pu_b_os"], smt["pairs"],
                          smt["pairs_possible"]), (4, 5, 2, 4))
        self.assertIn("| l3 | 2 of 24 | 44.2 [", self.result("--markdown"))

    def test_a_pair_alone(self):
        self.pingpong(self.LEVELS[:1])
        self.assertIn("21.1 ns one way (CPUs 0 and 4, smt); by compare-and-swap 5.5 ns more.",
                      " ".join(self.result().split()))

    def test_distances_that_are_the_same(self):
        self.pingpong((self.LEVELS[2], (0, 8, "package", 8, 41.2)))
        self.assertIn("l3 and package are the same", " ".join(self.result().split()))

    def test_too_few_rounds_tell_nothing(self):
        self.pingpong(self.LEVELS, rounds=5)
        self.assertIn("undecided whether remote takes more than l3",
                      " ".join(self.result().split()))
        self.assertEqual(self.run_it("show", "result", "ref", "--require", "settled").returncode, 4)

    def test_what_was_measured_at_another_distance_does_not_count(self):
        """A pair that was far for a third of the rounds is as near as in the others."""
        rows = list(made.pairs(self.LEVELS[:1], rounds=90))
        for row in rows:
            if 30 <= row["round"] < 60:
                row["one_way_ns"] = round(row["one_way_ns"] + 150, 3)
        self.pingpong(())
        made.write_csv(self.path("ref/pairs.csv"), rows)
        self.assertIn("21.1 ns one way (CPUs 0 and 4", self.result())
        self.assertIn("60 of 180 measurements were at another distance",
                      " ".join(self.result().split()))


if __name__ == "__main__":
    sys.exit(main())
