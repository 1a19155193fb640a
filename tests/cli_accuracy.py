#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command behind results/accuracy.md: that it ends, and writes what it says, where it says.

Usage: cli_accuracy.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at what the figures are.
"""

import importlib.util
import os
import re
import subprocess
import sys
import types
import unittest

import cli_support
from cli_support import Case, two_pus

SCRIPT = os.path.join(os.environ["LB_SOURCE_DIR"], "benchmarks", "validation", "accuracy.py")
sys.path.insert(0, os.path.dirname(SCRIPT))  # what it shares with its neighbours
PAGE = os.path.join(os.environ["LB_SOURCE_DIR"], "results", "accuracy.md")
ERRORS = """
97 pairs of twins, 128 rounds; 100 runs' worth of 27 consecutive rounds each (they overlap)
twins that are the same: 2 of 100 runs' worth hold a false winner (3 in all).
their 95 % intervals hold 0 in 95.7 of 100 (9700 of them).
twins whose recorded samples are scaled by 1.05:
  found in  40 of 100: many/embedded~/l3/threads:2/work_ns:200, role all
  found in  94 of 100: mixed/padded~/l3/threads:2/work_ns:200, role reader
found in at least 95 of 100 runs' worth: 95 of 97 pairs (least: 40 of 100).
"""


def load():
    spec = importlib.util.spec_from_file_location("accuracy", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Words(unittest.TestCase):
    """What is made of the program's output."""

    def setUp(self):
        self.accuracy = load()
        self.options = types.SimpleNamespace(out="nowhere", quick=True, verbose=False)

    def test_errors(self):
        self.accuracy.run = lambda *_: ERRORS
        rows = list(self.accuracy.twins(self.options))
        self.assertEqual([row[2] for row in rows], [
            "2 of 100 (97 pairs, 128 rounds)", "95.7 of 100 (9700 intervals)",
            "in 95 of 97 pairs, 40 of 100 in the least; not all in `many`, `mixed`"])

    def test_nothing_measured(self):
        self.accuracy.run = lambda *_: "too few rounds or pairs to judge\n"
        parts = (self.accuracy.twins, self.accuracy.slowed, self.accuracy.short,
                 self.accuracy.repeated)
        rows = [row for part in parts for row in part(self.options)]
        self.assertEqual({row[2].split(":")[0] for row in rows}, {"not measured"})


@two_pus
class Whole(Case):
    def test_quick(self):
        with open(PAGE, encoding="utf-8") as file:
            page = file.read()
        with open(self.path("page.md"), "w", encoding="utf-8") as file:
            file.write(page)
        result = subprocess.run(
            [sys.executable, SCRIPT, "--quick", "--out", "out", "--page", "page.md", "--label",
             "as a test"], cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            check=False, timeout=1800)
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = [line for line in result.stdout.splitlines() if line.startswith("| ")]
        self.assertGreaterEqual(len(rows), 6, result.stdout)
        for row in rows:
            self.assertEqual(len(re.split(r" \| ", row.strip("| "))), 4, row)
        with open(self.path("page.md"), encoding="utf-8") as file:
            written = file.read()
        begin, end = "<!-- accuracy.py writes from here -->", "<!-- to here -->"
        self.assertIn(f"{begin}\n{result.stdout}{end}", written)
        self.assertIn("as a test", written)
        before, after = page.split(begin)[0], page.split(end)[1]
        self.assertTrue(written.startswith(before) and written.endswith(after))


if __name__ == "__main__":
    sys.exit(cli_support.main())
