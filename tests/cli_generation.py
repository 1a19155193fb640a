#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""By the rules of which kernels objects are locked: what options say, what is recorded of them,
and what comparing says where they differ.

Usage: cli_generation.py [unittest options]
Program: $LINEBOUNCE
Exit 0 passed, 1 failed, 77 skipped: every test was.
"""

import json
import sys

import cli_support
from cli_support import Case, read_csv

SMALL = ("run", "--scenario", "same-object", "--layout", "pointer,refcount", "--no-plots",
         "--threads", "1", "--rounds", "1", "--work-ns", "200", "--events", "none")
LATER = ("--generation", "6.17", "--mm", "separate")


class Generation(Case):
    def measured(self, name, *options):
        """What run.json says of the run, and the generation of each layout's rows."""
        self.succeeds(*SMALL, *options, "--out", name)
        with open(self.path(name, "run.json"), encoding="utf-8") as file:
            said = json.load(file)["run"]
        rows = read_csv(self.path(name, "samples.csv"))
        return said, {r["layout"]: r["generation"] for r in rows if r["scenario"] == "same-object"}

    def test_each_layouts_own(self):
        said, rows = self.measured("a")
        self.assertEqual((said["generation"], said["mm"]), ("of each layout", "kernel"))
        self.assertEqual(rows, {"pointer": "6.4", "refcount": "6.15"})
        self.assertEqual([text.split(",")[0] for text in said["generations"]],
                         ["pointer: 6.4", "refcount: 6.15"])

    def test_asked_for(self):
        said, rows = self.measured("a", *LATER)
        self.assertEqual((said["generation"], said["mm"]), ("6.17", "separate"))
        self.assertEqual(rows, {"pointer": "6.17", "refcount": "6.17"})
        for text in said["generations"]:
            self.assertIn("up_read clears owner", text)

    def test_compared(self):
        self.measured("a")
        self.measured("b", *LATER)
        said = self.succeeds("compare", "a", "b").stdout
        self.assertRegex(said, r"(?m)^  generation +of each layout \| 6\.17$")
        self.assertRegex(said, r"(?m)^  address space +kernel \| separate$")

    def test_refused(self):
        self.assertIn("6.15", self.refuses(*SMALL, "--generation", "6.16"))
        self.assertIn("separate", self.refuses(*SMALL, "--mm", "apart"))

    def test_shown(self):
        locks = self.succeeds("show", "locks").stdout
        for name in ("6.4", "6.17", "7.2"):
            self.assertRegex(locks, rf"(?m)^{name} +Linux ")
        self.assertIn("as Linux 6.4: mmap_lock 184", self.succeeds("show", "layouts").stdout)


if __name__ == "__main__":
    sys.exit(cli_support.main())
