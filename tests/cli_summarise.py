#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`linebounce summarise` from outside: recorded runs of made-up machines in one table.

Usage: cli_summarise.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR
Exit 0 passed, 1 failed.
"""

import csv
import glob
import json
import os
import shutil
import unittest

from cli_support import SENTENCE, SOURCE, Case

REFERENCE = sorted(glob.glob(os.path.join(SOURCE, "results/reference/*/run.json")))[0]


class Summarise(Case):
    def machine(self, name):
        """The reference run as if it were of another machine."""
        os.makedirs(self.path(name))
        shutil.copy(os.path.join(os.path.dirname(REFERENCE), "summary.csv"), self.path(name))
        with open(REFERENCE, encoding="utf-8") as file:
            record = json.load(file)
        record["machine"]["host"] = f"host of {name}"
        with open(self.path(name, "run.json"), "w", encoding="utf-8") as file:
            json.dump(record, file)
        return name

    def test_text(self):
        names = [self.machine(f"m{number}") for number in range(8)]
        lines = self.succeeds("summarise", *names).stdout.splitlines()
        for line in lines:
            self.assertLessEqual(len(line), 100, line)
        for number, name in enumerate(names, 1):
            head = f"   {number}  host of {name}, {name}: "
            self.assertTrue([line for line in lines if line.startswith(head)])
        rows = [line.split() for line in lines if line.startswith("  embedded ")]
        self.assertEqual(len(rows), 2, "eight runs are two blocks")
        self.assertEqual(len(set(rows[0][1:])), 1, "all are the same run")
        self.assertEqual(len([x for x in lines if x.startswith("  pointer ")]), 2)

    def test_csv(self):
        names = [self.machine(f"m{number}") for number in range(2)]
        text = self.succeeds("summarise", "--format", "csv", *names).stdout
        rows = list(csv.DictReader(text.splitlines()))
        self.assertEqual(list(rows[0])[:2], ["host", "run"])
        self.assertEqual({(row["host"], row["run"]) for row in rows},
                         {(f"host of {name}", name) for name in names})
        for row in rows:
            shown = [int(row[k]) for k in ("faster", "same", "not_slower", "slower", "undecided")]
            self.assertEqual(bool(row["worst_ns"]), shown[3] > 0, row)
            if row["answer"] == "COSTS":
                self.assertGreater(float(row["worst_ns"]), 0)
            self.assertGreater(float(row["near_ns"]), 0)
        self.assertIn("COSTS", {row["answer"] for row in rows})

    def test_page(self):
        names = [self.machine(f"m{number}") for number in range(3)]
        text = self.succeeds("summarise", *names).stdout
        self.assertEqual(self.succeeds("summarise", "--page", "all.html", *names).stdout, text)
        with open(self.path("all.html"), encoding="utf-8") as file:
            page = file.read()
        self.assertRegex(page, r"<h1>3 runs: (.*, )?embedded, .* cost on 3\b.*</h1>")
        for number, name in enumerate(names, 1):
            self.assertIn(f'<a href="#m{number}">host of {name}</a>', page)
            self.assertIn(f'<tr id="m{number}"><th scope="row">host of {name}</th>', page)
        self.assertRegex(page, r"<th scope=\"row\">embedded</th><td class=\"slower\"")
        self.assertNotIn(self.dir, page)
        result = self.run_it("summarise", "--page", "no/all.html", *names)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, SENTENCE)

    def test_kinds_of_lock_are_rows_of_their_own(self):
        """The same layout with another lock is another thing to be decided."""
        name = self.machine("m")
        with open(self.path(name, "summary.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        with open(self.path(name, "summary.csv"), "w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, rows[0], lineterminator="\n")
            out.writeheader()
            out.writerows(rows)
            out.writerows({**row, "lock": "rwsem32"} for row in rows if row["lock"] == "rwsem40")
        with open(self.path(name, "run.json"), encoding="utf-8") as file:
            record = json.load(file)
        for suite in record["suites"].values():
            suite["layouts"] += [{**layout, "lock": "rwsem32"} for layout in suite["layouts"]
                                 if layout["lock"] == "rwsem40"]
        with open(self.path(name, "run.json"), "w", encoding="utf-8") as file:
            json.dump(record, file)
        text = self.succeeds("summarise", name).stdout
        for lock in ("rwsem40", "rwsem32"):
            self.assertRegex(text, rf"(?m)^  embedded\+{lock} ")

    def test_a_folder_that_cannot_be_read(self):
        result = self.run_it("summarise", "nowhere", self.machine("there"))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, SENTENCE)
        self.assertIn("host of there", result.stdout)
        self.refuses("summarise")
        self.refuses("summarise", "there", "--format", "xml")


if __name__ == "__main__":
    unittest.main()
