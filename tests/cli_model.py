#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command behind results/model.md, over a reference run: what it counts of cells and signs.

Usage: cli_model.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_BUILD_DIR
Exit 0 passed, 1 failed. No test looks at how good the model is.
"""

import csv
import importlib.util
import io
import os
import subprocess
import sys
import unittest

from cli_support import PROGRAM, Case

SOURCE = os.environ["LB_SOURCE_DIR"]
SCRIPT = os.path.join(SOURCE, "benchmarks", "validation", "model.py")
sys.path.insert(0, os.path.dirname(SCRIPT))  # what it shares with its neighbours
PAGE = os.path.join(SOURCE, "results", "model.md")
FOLDER = os.path.join(SOURCE, "results", "reference", "amd-epyc-zen5-2vcpu-kvm-far")
ENVIRONMENT = {**os.environ,
               "PUBLISHED": os.path.join(os.environ["LB_BUILD_DIR"], "benchmarks", "published")}


def load():
    spec = importlib.util.spec_from_file_location("model", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Signs(Case):
    def cells(self, *more):
        """A folder in which b was found slower than a by the verdict, and c faster."""
        head = {"scenario": "s", "role": "all", "regime": "0", "placement": "l3", "work_ns": "200"}
        rows = [{**head, "layout": name, "baseline": "a", "verdict": verdict}
                for name, verdict in (("a", ""), ("b", "slower"), ("c", "faster"))]
        with open(self.path("summary.csv"), "w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, rows[0])
            out.writeheader()
            out.writerows(rows)
        return [{**head, "layout": name, "folder": self.dir, "model": ns, "measured": ns}
                for name, ns in zip("abc", more)]

    def test_signs(self):
        signs = load().signs
        self.assertEqual(signs(self.cells(50.0, 60.0, 40.0)), (2, []))
        right, wrong = signs(self.cells(50.0, 40.0, 40.0))
        self.assertEqual((right, len(wrong)), (1, 1))
        self.assertIn("b (slower, model -10.0 ns)", wrong[0])

    def test_pooled(self):
        cells = [{"model": m, "measured": 100.0} for m in (95.0, 89.0, 130.0)]
        cells.append({"model": 4.0, "measured": 5.0})
        self.assertEqual(load().pooled(cells), [3, 1, 2, "15.3", 1, "1.0"])


class Whole(Case):
    def run_script(self, *args):
        return subprocess.run([sys.executable, SCRIPT, "--quick", *args], env=ENVIRONMENT,
                              text=True, capture_output=True, check=False)

    def test_page(self):
        """It writes between the two lines, and the count of cells is that of the program's rows."""
        with open(PAGE, encoding="utf-8") as file:
            before = file.read()
        page = self.path("model.md")
        with open(page, "w", encoding="utf-8") as file:
            file.write(before)
        result = self.run_script("--label", "a test", "--page", page, FOLDER)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(page, encoding="utf-8") as file:
            after = file.read()
        marks = [before.index("<!--"), after.index("<!--")]
        self.assertEqual(before[:marks[0]], after[:marks[1]])
        self.assertEqual(before.split("<!-- to here -->")[1], after.split("<!-- to here -->")[1])
        self.assertIn("a test", after)
        rows = list(csv.DictReader(io.StringIO(subprocess.run(
            [PROGRAM, "predict", FOLDER, "--format", "csv"], capture_output=True, text=True,
            check=True).stdout)))
        large = [r for r in rows if r["measured_ns"] and float(r["measured_ns"]) >= 10]
        good = [r for r in large
                if abs(float(r["model_ns"]) / float(r["measured_ns"]) - 1) <= 0.1]
        self.assertIn(f"\n| **all** | {len(large)} | {len(good)} |", after)
        self.assertGreater(len(good), 0)
        for part in ("## Page faults", "## The refcount", "## Moves"):
            self.assertIn(part, after)

    def test_no_folder(self):
        result = self.run_script(self.path("nowhere"))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("nowhere", result.stderr)


if __name__ == "__main__":
    unittest.main()
