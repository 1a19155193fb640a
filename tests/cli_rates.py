#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often roles begin their ops: what options say, and which are refused.

Usage: cli_rates.py [unittest options]
Program: $LINEBOUNCE
Exit 0 passed, 1 failed, 77 skipped: every test was.
"""

import sys

import cli_support
from cli_support import Case

PLAN = ("run", "--dry-run", "--topology", "pack:1 numa:1 l3:2 l2:2 core:1 pu:1", "--layout",
        "pointer", "--work-ns", "200,0")


class Options(Case):
    def cases(self, scenario, *options):
        out = self.succeeds(*PLAN, "--scenario", scenario, *options).stdout
        return [line for line in out.splitlines() if line.startswith(scenario + "/")]

    def check(self, scenario, options, *every):
        for line, wanted in zip(self.cases(scenario, *options), every, strict=True):
            if wanted:
                self.assertIn(f"/every_ns:{wanted}/", line)
            else:
                self.assertNotIn("every_ns", line)

    def test_mixed(self):
        self.check("mixed", (), 20000, 20000)
        self.check("mixed", ("--write-every", "50us"), 50000, 50000)
        self.check("mixed", ("--write-every=0.5ms", "--writers", "1"), 500000, 500000)
        self.check("mixed", ("--writers", "1"), None, None)
        self.check("mixed", ("--writers", "1%"), None, None)

    def test_observer(self):
        self.check("observer", (), 400, None)
        self.check("observer", ("--observe-every", "1us"), 1000, None)
        self.check("observer", ("--observe-every", "none"), None, None)

    def test_values(self):
        for option, values in {
                "--write-every": ("", "0", "20", "20 us", "-20us", "us", "nan", "infus", "999ns",
                                  "501us", "1h", "none"),
                "--observe-every": ("", "0", "400", "49ns", "101us", "never")}.items():
            for value in values:
                said = self.refuses(*PLAN, f"{option}={value}")
                self.assertIn(option, said)
                self.assertIn("a time from", said)

    def test_refused_where_they_do_not_fit(self):
        said = self.refuses(*PLAN, "--write-every", "20us", "--writers", "5%")
        self.assertIn("--writers 5%", said)
        self.assertIn("has no clock", said)
        for options in (("--scenario", "same-object"), ("--quick",), ("--pus", "0"), ("offset",)):
            args = [a for a in PLAN if options[0] != "offset" or a not in ("--layout", "pointer")]
            self.assertIn("mixed", self.refuses(*args, *options, "--write-every", "20us"))
        for options in (("--scenario", "mixed"), ("--scenario", "observer", "--work-ns", "0")):
            self.assertIn("observer", self.refuses(*PLAN[:-2], *options, "--observe-every", "1us"))

    def test_several_suites(self):
        self.succeeds("run", "layouts", "harness", "--dry-run", "--topology", PLAN[3],
                      "--write-every", "50us")


if __name__ == "__main__":
    sys.exit(cli_support.main())
