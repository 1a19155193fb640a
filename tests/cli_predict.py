#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`linebounce predict` from outside: two threads, a folder beside what was measured, a matrix.

Usage: cli_predict.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR
Exit 0 passed, 1 failed.
"""

import csv
import glob
import json
import os
import unittest

from cli_support import SOURCE, Case

PAIR = ("predict", "--fetch", "120", "--upgrade", "132", "--handover", "migratory")


def sockets(n):
    """Two of them, as a table without names."""
    return "\n".join(" ".join("0" if a == b else "40" if a // (n // 2) == b // (n // 2) else "130"
                              for b in range(n)) for a in range(n)) + "\n"


class Predict(Case):
    def rows(self, *args):
        return list(csv.DictReader(self.succeeds(*args, "--format", "csv").stdout.splitlines()))

    def matrix(self, text, name="matrix.txt"):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return name


class TwoThreads(Predict):
    def test_text(self):
        text = self.succeeds(*PAIR, "--threads", "2").stdout
        self.assertIn("A model of cache lines, not a measurement", text)
        self.assertRegex(text, r"within 10 % in \d+ of \d+ cells")
        self.assertRegex(text, r"\npointer +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+\n")
        self.assertIn("observer observe", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_structure(self):
        cell = {(r["scenario"], r["layout"], r["role"]): float(r["model_wait_ns"])
                for r in self.rows(*PAIR)}
        self.assertEqual(len(cell), 11 * 5)
        for layout in "embedded", "refcount", "pointer-aligned":
            self.assertEqual(cell["neighbours", layout, "all"], 0)
        self.assertGreater(cell["neighbours", "pointer", "all"], 20)
        for layout in "embedded-own-line", "padded", "refcount", "pointer":
            self.assertEqual(cell["observer", layout, "observe"], 0)
        self.assertGreater(cell["observer", "embedded", "observe"], 50)
        # One fetch where a load takes the line away, two where it does not.
        plain = {(r["scenario"], r["layout"], r["role"]): float(r["model_wait_ns"])
                 for r in self.rows(*PAIR[:-1], "plain")}
        same = "same-object", "embedded-own-line", "all"
        self.assertGreater(plain[same], 1.5 * cell[same])
        lock = "observer", "embedded", "lock"
        self.assertGreater(cell[lock], 1.5 * plain[lock])

    def test_same_numbers(self):
        self.assertEqual(self.succeeds(*PAIR).stdout, self.succeeds(*PAIR).stdout)

    def test_own_layouts_and_locks(self):
        rows = self.rows(*PAIR, "--layout", "mine:size=256,align=64,lock=192,seq=40,padded",
                         "--scenario", "observer", "--lock", "rwsem32,refcount")
        self.assertEqual({(r["layout"], r["lock"]) for r in rows},
                         {(layout, lock) for layout in ("mine", "padded")
                          for lock in ("rwsem32", "refcount")})
        self.assertLessEqual({"pointer", "mine"}, {r["layout"] for r in self.rows(
            *PAIR, "--layout", "pointer,mine:size=192,lock=128")})

    def test_json(self):
        cells = json.loads(self.succeeds(*PAIR, "--format", "json").stdout)["cells"]
        self.assertEqual([float(r["model_ns"]) for r in self.rows(*PAIR)],
                         [float(f"{c['model_ns']:.6g}") for c in cells])

    def test_refusals(self):
        for scenario, word in (("mixed", "sleep"), ("writers", "write locks"), ("many", "caches"),
                               ("churn-slab", "lines"), ("pft", "no layouts"),
                               ("whatif", "which fields")):
            self.assertIn(word, self.refuses(*PAIR, "--scenario", scenario))
        self.assertIn("one at a time", self.refuses(*PAIR, "--lock", "mutex32", "--layout",
                                                    "embedded"))
        self.assertIn("saturated", self.refuses(*PAIR, "--think", "0"))
        self.assertIn("--matrix for more", self.refuses(*PAIR, "--threads", "4"))
        self.assertIn("padded'", self.refuses(*PAIR, "--layout", "paded"))
        self.assertIn("migratory", self.refuses(*PAIR[:-1], "migratry"))
        self.assertIn("migratory or plain", self.refuses("predict", "--fetch", "120"))
        self.assertIn("goes with --matrix", self.refuses(*PAIR, "--latency", "half"))
        self.assertIn("goes with --fetch", self.refuses("predict", "x", "--upgrade", "1"))
        self.assertIn("one of them", self.refuses("predict"))
        self.assertIn("one of them", self.refuses(*PAIR, "x"))
        for option in "--rho", "--steal", "--residence":
            self.refuses(*PAIR, option, "0.3")


class Folder(Predict):
    def setUp(self):
        super().setUp()
        self.run_dir = next(path for path, known in self.references() if known)

    @staticmethod
    def references():
        """Reference runs, and whether they say how lines are handed over."""
        for path in glob.glob(os.path.join(SOURCE, "results/reference/*/run.json")):
            with open(path, encoding="utf-8") as file:
                yield os.path.dirname(path), bool(json.load(file)["machine"].get("handover"))

    def test_beside_what_was_measured(self):
        rows = self.rows("predict", self.run_dir)
        self.assertGreater(len(rows), 50)
        self.assertLessEqual({r["quantity"] for r in rows}, {"net_ns_op", "wait_ns_op"})
        self.assertFalse({"mixed", "writers", "many"} & {r["scenario"] for r in rows})
        far = [r for r in rows if float(r["regime_ns"]) > 200 and r["measured_ns"]]
        pairs = [(float(r["model_ns"]), float(r["measured_ns"])) for r in far]
        large = [(m, x) for m, x in pairs if x >= 10]
        good = [1 for m, x in large if abs(m - x) <= 0.2 * x]
        self.assertGreater(len(large), 20)
        self.assertGreaterEqual(len(good), 0.8 * len(large))

    def test_text(self):
        text = self.succeeds("predict", self.run_dir).stdout
        self.assertIn("model / measured", text)
        self.assertIn("migratory", text)
        self.assertRegex(text, r"\nembedded +[\d.]+ / [\d.]+ ")
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        some = self.rows("predict", self.run_dir, "--scenario", "observer", "--layout", "embedded")
        self.assertEqual({(r["scenario"], r["layout"]) for r in some}, {("observer", "embedded")})

    def copy(self, name, change):
        """A folder of its own, with rows and run.json as `change` leaves them."""
        with open(os.path.join(self.run_dir, "summary.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        with open(os.path.join(self.run_dir, "run.json"), encoding="utf-8") as file:
            run = json.load(file)
        change(rows, run)
        os.mkdir(self.path(name))
        with open(self.path(f"{name}/summary.csv"), "w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, rows[0])
            table.writeheader()
            table.writerows(rows)
        with open(self.path(f"{name}/run.json"), "w", encoding="utf-8") as file:
            json.dump(run, file)
        return name

    def test_costs_of_another_distance(self):
        """What a round measured before its CPUs moved says nothing of the windows behind that."""
        def move(rows, _):
            for row in rows:
                if row["scenario"] == "nested" and row["fetch_load_ns_median"]:
                    far = float(row["transfer_ns_median"]) > 60
                    for cost in ("fetch_load", "reload", "upgrade", "fetch_two", "fetch_chain"):
                        row[f"{cost}_ns_median"] = "20" if far else "900"
        asked = ("--scenario", "same-object", "--layout", "padded")
        before = self.rows("predict", self.run_dir, *asked)
        after = self.rows("predict", self.copy("moved", move), *asked)
        self.assertGreater(len(before), 0)
        for a, b in zip(before, after, strict=True):
            self.assertAlmostEqual(float(a["fetch_ns"]), float(b["fetch_ns"]), delta=2)

    def test_handover_by_the_mean(self):
        """Of lines from near by no round is sure what the mean of all says."""
        def forget(_, run):
            run["machine"]["handover"] = None
        def fog(rows, run):
            forget(rows, run)
            for row in rows:
                if row["fetch_load_ns_median"]:
                    row["reload_ns_median"] = str(0.5 * float(row["fetch_load_ns_median"]))
        asked = ("--scenario", "same-object", "--layout", "padded")
        self.assertEqual(self.rows("predict", self.copy("forgot", forget), *asked),
                         self.rows("predict", self.run_dir, *asked))
        self.assertIn("neither", self.refuses("predict", self.copy("fog", fog), status=1))

    def test_refusals(self):
        self.assertIn("nothing to say", self.refuses("predict", self.run_dir, "--scenario",
                                                     "mixed", status=1))
        self.assertIn("no case", self.refuses("predict", self.run_dir, "--layout", "nosuch",
                                              status=1))
        self.refuses("predict", "nowhere", status=1)
        self.assertIn("says that itself", self.refuses("predict", self.run_dir, "--think", "9"))
        self.assertIn("one --scenario", self.refuses("predict", self.run_dir, "--lock", "rwsem40"))
        for folder, known in self.references():
            if not known:
                self.assertIn("earlier version", self.refuses("predict", folder, status=1))


class Matrix(Predict):
    def test_brackets(self):
        name = self.matrix(sockets(16))
        rows = self.rows("predict", "--matrix", name, "--threads", "16", "--layout",
                         "pointer,embedded,embedded-split,padded", "--scenario",
                         "same-object,neighbours,observer")
        self.assertNotIn("model_ns", rows[0])
        found = {(r["scenario"], r["role"], r["layout"]): r for r in rows}
        self.assertEqual(len(found), 4 * 3)
        self.assertEqual(found["observer", "observe", "embedded"]["verdict"], "slower")
        self.assertEqual(found["observer", "observe", "padded"]["verdict"], "same")
        self.assertEqual(found["neighbours", "all", "padded"]["verdict"], "faster")
        split = found["same-object", "all", "embedded-split"]
        self.assertEqual(split["verdict"], "never faster")
        self.assertLessEqual(set(split["depends_on"].split(";")),
                             {"hand-over", "arbitration", "overlap", "keeping"})
        for row in rows:
            if row["ratio_most"]:  # empty: some setting starves the role
                self.assertLessEqual(float(row["ratio_least"]), float(row["ratio_most"]))
            self.assertEqual(bool(row["depends_on"]),
                             row["verdict"] in ("depends", "never slower", "never faster"))

    def test_list_of_threads(self):
        rows = self.rows("predict", "--matrix", self.matrix(sockets(8)), "--threads", "2,4,8",
                         "--layout", "embedded", "--baseline", "padded", "--scenario", "observer",
                         "--prefetcher", "on")
        self.assertEqual([(r["threads"], r["layout"], r["against"]) for r in rows[::2]],
                         [(n, "embedded", "padded") for n in ("2", "4", "8")])

    def test_text(self):
        name = self.matrix(sockets(8))
        text = self.succeeds("predict", "--matrix", name, "--threads", "8", "--think", "500",
                             "--held", "50", "--scenario", "observer,same-object,nested",
                             "--layout", "pointer,embedded,embedded-split,refcount", "--baseline",
                             "padded").stdout
        self.assertIn("half of a round trip (--latency trip if not)", text)
        self.assertIn("40 ns (12 pairs), 130 ns (16 pairs)", " ".join(text.split()))
        self.assertRegex(text, r"pointer +x\S+\.\.x\S+ +depends on: [a-z]")
        self.assertRegex(text, r"embedded-split +x\S+\.\.x\S+ +never faster\n")
        self.assertRegex(text, r"refcount +x\S+\.\.x\S+ +same\n")
        self.assertNotRegex(text, r"refcount +[\d.]+\n")
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        whole = self.succeeds("predict", "--matrix", name, "--latency", "trip", "--scenario",
                              "same-object", "--layout", "embedded", "--baseline",
                              "padded").stdout
        self.assertIn("20 ns (12 pairs)", whole)

    def test_topology(self):
        name = self.matrix(sockets(8))
        self.assertIn("as far apart", self.succeeds(
            "predict", "--matrix", name, "--topology", "pack:2 core:4 pu:1", "--scenario",
            "same-object", "--layout", "padded", "--baseline", "embedded").stdout)
        near = self.succeeds("predict", "--matrix", name, "--topology", "pack:2 core:4 pu:1",
                             "--placement", "compact", "--layout", "padded", "--baseline",
                             "embedded").stdout
        self.assertIn("as close together", " ".join(near.split()))
        self.assertIn("unknown placement 'compat': did you mean 'compact'?", self.refuses(
            "predict", "--matrix", name, "--topology", "pack:2 core:4 pu:1", "--placement",
            "compat"))
        self.assertIn("goes with --topology", self.refuses("predict", "--matrix", name,
                                                           "--placement", "compact"))
        self.assertIn("not in the matrix", self.refuses(
            "predict", "--matrix", name, "--topology", "pack:2 core:8 pu:1", "--threads", "8",
            status=1))

    def test_refusals(self):
        name = self.matrix(sockets(8))
        for threads in "9", "1":
            self.assertIn("2 to 8", self.refuses("predict", "--matrix", name, "--threads",
                                                 threads, status=1))
        self.assertIn("mixed", self.refuses("predict", "--matrix", name, "--scenario", "mixed"))
        self.refuses("predict", "--matrix", "nosuch", status=1)
        bad = self.matrix("0 1 2\n3 0\n", "bad.txt")
        self.assertIn("not a square", self.refuses("predict", "--matrix", bad, status=1))
        self.assertIn("pointer", self.refuses("predict", "--matrix", name, "--baseline", "pinter"))
        tiny = "tiny:size=192,align=64,lock=128,room=4,kind=refcount"
        self.assertIn("fits into it", self.refuses(
            "predict", "--matrix", name, "--layout", tiny + ",padded", "--baseline", "tiny",
            "--lock", "rwsem40", "--scenario", "observer", status=1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
