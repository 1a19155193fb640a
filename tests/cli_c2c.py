#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What perf c2c has seen, given to suite whatif on the command line.

Usage: cli_c2c.py [unittest options]     program: $LINEBOUNCE; $LB_DWARF empty: without libdw
Exit 0 passed, 1 failed, 77 skipped: every test was. The reports in tests/data/c2c/ were made for
this test, in the form of what perf prints since Linux 4.10, 4.19, 5.12, 6.1 and 6.12, of an arm64
with peers in place of HITM, and cut out and indented as in mails: no machine has measured them.
"""

import json
import os
import re
import shutil
import sys

from cli_dwarf import DwarfCase, with_libdw
from cli_support import SOURCE, main, two_pus

DATA = os.path.join(SOURCE, "tests", "data", "c2c")
BRIEF = ("--rounds", "2", "--no-plots", "--events", "none", "--work-ns", "200", "--out", "out")
DRY = ("--dry-run", "--threads", "2")


def report(name):
    return os.path.join(DATA, name)


class Reports(DwarfCase):
    @two_pus
    def test_every_version(self):
        for name in sorted(os.listdir(DATA)):
            self.succeeds("run", "whatif", "--c2c", report(name), *BRIEF)
            table = self.table()
            with self.subTest(name=name):
                self.assertIn("read at 0, 8; written at 12, 16", table)
                self.assertRegex(table, r"threads read at_0 at 0, at_8 at 8; half store to "
                                 r"at_12 at 12, at_16 at 16")
                self.assertIn("at_0 and at_12 share line 0", table)
                self.assertRegex(table, r"0x\w+c0: 2412 HITM \(\d+ %\), 6110 stores;")
            shutil.rmtree(self.path("out"))

    @two_pus
    def test_the_hottest_lines_are_named(self):
        self.succeeds("run", "whatif", "--c2c", report("perf-4.10.txt"), "--move",
                               "at_12=128,at_16=136", *BRIEF)
        self.assertIn("0x6020c0: 2412 HITM (76 %), 6110 stores; read at 0, 8; written at 12, 16\n"
                      "  0x602140: 768 HITM (24 %), 801 stores; read at 32; written at 40\n",
                      self.table())
        self.assertIn("as moved: no field that is read shares", self.table())
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            whatif = json.load(file)["whatif"]["line-0x6020c0"]
        self.assertEqual(whatif["source"], "perf c2c")
        self.assertEqual(whatif["read"], ["at_0 at 0", "at_8 at 8"])

    def test_refusals(self):
        with open(self.path("words"), "w", encoding="utf-8") as file:
            file.write("0 1 2 3 4 0x40\nno table\n")
        for args, says in ((("whatif", "--c2c", self.path("words")), "no table of perf c2c"),
                           (("whatif", "--c2c", "/nowhere"), "No such file"),
                           (("layouts", "--c2c", report("perf-6.1.txt")), "is for suite whatif"),
                           (("whatif", "--c2c", report("perf-6.1.txt"), "--move", "at_1=8"),
                            "nearest: at_"),
                           (("whatif", "--c2c", report("perf-6.1.txt"), "--c2c-at", "x"),
                            "c2c-at")):
            self.assertIn(says, self.refuses("run", *args, *DRY))

    def test_a_line_without_stores(self):
        with open(report("perf-5.12.txt"), encoding="utf-8") as file:
            rows = [row for row in file if not re.search(r"0xc |0x10 ", row)]
        with open(self.path("loads"), "w", encoding="utf-8") as file:
            file.writelines(rows)
        self.assertIn("no store of line 0x5581d0a0c0c0 in the report: say --write",
                      self.refuses("run", "whatif", "--c2c", self.path("loads"), *DRY))
        self.succeeds("run", "whatif", "--c2c", self.path("loads"), "--write", "at_8", *DRY)


@with_libdw
class InAProgram(DwarfCase):
    SOURCE = ("struct stats { long calls[8]; };"
              " struct page { long id; long flags_; int pad; int pins; long lsn; long rest[3];"
              " char more[%d]; } __attribute__((aligned(64)));"
              " struct page p; int main(void) { return p.pins; }\n")

    @two_pus
    def test_members_take_the_place_of_offsets(self):
        source = self.SOURCE.replace("long flags_; int pad; int pins;", "int flags; int pins;")
        program = self.text(".c", source.replace("long id;", "long id[1];") % 128)
        self.succeeds("run", "whatif", "--layout", f"dwarf:{program}:page", "--c2c",
                               report("perf-6.12.txt"), "--move", "pins=192,lsn=200",
                               *BRIEF)
        self.assertRegex(self.table(), r"half the threads read id at 0, flags at 8; half store to "
                         r"pins at 12 \(moved 192\), lsn at 16 \(moved 200\)")

    def test_where_the_line_lies_has_to_be_known(self):
        program = self.text(".c", "struct words { int a[4]; int b[60]; }; struct words w;"
                            " int main(void) { return w.a[0]; }\n")
        self.assertIn("no place where members begin", self.refuses(
            "run", "whatif", "--layout", f"dwarf:{program}:words", "--c2c",
            report("perf-6.1.txt"), *DRY))
        self.succeeds("run", "whatif", "--layout", f"dwarf:{program}:words", "--c2c",
                      report("perf-6.1.txt"), "--c2c-at", "0", *DRY)
        self.assertIn("lies in no member", self.refuses(
            "run", "whatif", "--layout", f"dwarf:{program}:words", "--c2c",
            report("perf-6.1.txt"), "--c2c-at", "256", *DRY))


if __name__ == "__main__":
    sys.exit(main())
