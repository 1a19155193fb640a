#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the program says when it refuses: what was meant, and what there is.

Usage: cli_sentences.py [unittest options]
Program: $LINEBOUNCE
Exit 0 passed, 1 failed, 77 skipped: every test was.
"""

import os
import subprocess
import sys
import unittest

import cli_support
from cli_support import Case, PROGRAM, PUS, SOURCE


class Names(Case):
    def test_the_nearest_is_offered(self):
        for args, meant in (
                (("rnu",), "run"), (("comapre",), "compare"),
                (("run", "layotus"), "layouts"), (("run", "pingpng"), "pingpong"),
                (("run", "--scenario", "same-objct"), "same-object"),
                (("run", "--layout", "pionter"), "pointer"),
                (("run", "--baseline", "embeded"), "embedded"),
                (("run", "--layout", "mine:sze=256"), "size"),
                (("run", "--lock", "rwsem4"), "rwsem40"),
                (("run", "-n", "--placement", "closets"), "closest"),
                (("run", "-n", "--placement", "scater-2"), "scatter"),
                (("run", "--home", "locl"), "local"),
                (("run", "--access", "shared-zpif"), "shared-zipf"),
                (("run", "whatif", "--write-how", "incremnt"), "increment"),
                (("run", "whatif", "--preset", "mmaplock"), "mmap_lock"),
                (("run", "--prefetcher", "onn"), "on"),
                (("run", "--atomics", "lsse"), "lse"),
                (("compare", "--format", "jsn", "a", "b"), "json"),
                (("show", "topolgy"), "topology"),
                (("run", "--layuot", "embedded"), "--layout"),
                (("sweep", "--resmue", "x"), "--resume"),
                (("run", "--budgt=3"), "--budget"),
                (("compare", "--formt=csv"), "--format"),
                (("plot", "--outt", "x"), "--out"),
                (("show", "--topolgy=x"), "--topology")):
            self.assertIn(f"did you mean '{meant}'?", self.refuses(*args), args)

    def test_a_list_says_all_there_are(self):
        said = self.refuses("run", "zzz")
        self.assertNotIn("did you mean", said)
        for line in self.succeeds("show", "suites").stdout.splitlines():
            self.assertIn(line.split()[0], said)
        said = self.refuses("run", "--scenario", "zzz")
        for line in self.succeeds("show", "scenarios").stdout.splitlines():
            self.assertIn(line.split()[0], said)

    def test_options_as_getopt_takes_them(self):
        for args in (("--lay", "embedded"), ("--layout=embedded",), ("-l", "embedded"),
                     ("-lembedded",), ("--out", "--x"), ("-o", "--nosuch"), ("-no", "--nosuch"),
                     ("--quick", "--", "layouts")):
            self.succeeds("run", "--dry-run", "--threads", "1", *args)

    def test_lists_of_layouts(self):
        def layouts(text):
            plan = self.succeeds("run", "-n", "--scenario", "same-object", "--threads", "1",
                                 "--work-ns", "0", "--layout", text).stdout
            return [line.split("/")[1] for line in plan.splitlines()
                    if line.startswith("same-object/")]

        mine = "size=256,lock=192"
        self.assertEqual(layouts(f"pointer,x:{mine},padded,y:{mine}"),
                         ["pointer", "x", "padded", "y"])
        self.assertEqual(layouts(f"x:{mine},seq=44"), ["pointer", "x"])
        self.assertEqual(layouts("padded,pointer"), ["padded", "pointer"])
        for text in ("pointer,", f"pointer,,x:{mine}", f"x:{mine},", "", f"x:{mine},,pointer"):
            self.refuses("run", "-n", "--layout", text)

    @unittest.skipIf(len(PUS) < 2, "only one PU may be used here")
    def test_a_masked_pu_is_reached_by_taskset(self):
        result = subprocess.run(["taskset", "-c", str(PUS[0]), PROGRAM, "run", "-n", "--pus",
                                 str(PUS[1])], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn(f"taskset -c {PUS[1]} linebounce", result.stderr)

    def test_help_lists_what_the_tables_hold(self):
        suites = [line.split()[0]
                  for line in self.succeeds("show", "suites").stdout.splitlines()]
        things = self.refuses("show", "zzz").split("There are: ")[1].strip().split(", ")
        with open(os.path.join(SOURCE, "benchmarks/linebounce.1"), encoding="utf-8") as file:
            manual = file.read()
        for name in suites + things:
            self.assertTrue(f"\\fB{name}\\fR" in manual, f"the manual page lacks {name}")
        for args, names in ((("--help",), suites + things), (("run", "--help"), suites),
                            (("show", "--help"), things)):
            text = " ".join(self.succeeds(*args).stdout.split())
            for name in names:
                self.assertRegex(text, rf"\b{name}\b", args)


if __name__ == "__main__":
    sys.exit(cli_support.main())
