#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Suites beside one another, from outside: what one wants is no other's affair.

Usage: cli_suites.py [unittest options]     program: $LINEBOUNCE
Exit 0 passed, 1 failed, 77 skipped: every test was. Nothing is measured.
"""

import itertools
import sys

import cli_support
from cli_support import Case

# Two cores of two threads each, and a second package: every placement by name exists.
MACHINE = ("--topology", "pack:2 l3:1 core:2 pu:2")


class Alone(Case):
    """A plan stays what it is whatever is planned before it."""

    def plan(self, *args):
        return self.succeeds("run", *args, "--dry-run", "--seed", "1", *MACHINE).stdout

    def parted(self, text):
        """Plans by suite."""
        plans = text.split("suite ")[1:]
        return {plan.split(":", 1)[0]: plan for plan in plans}

    def check_pairs(self, suites, *options):
        alone = {s: self.parted(self.plan(s, *options))[s] for s in suites}
        together = self.parted(self.plan(*suites, *options))
        self.assertEqual(together, alone, options)
        for first, second in itertools.permutations(suites, 2):
            self.assertEqual(self.parted(self.plan(first, second, *options)),
                             {first: alone[first], second: alone[second]}, (first, second))

    def suites(self):
        shown = self.succeeds("show", "suites").stdout
        return [line.split()[0] for line in shown.splitlines()]

    def test_every_pair_of_suites(self):
        suites = self.suites()
        self.assertGreater(len(suites), 10)
        self.check_pairs(suites)

    def test_offsets_of_arrays_and_offset(self):
        self.check_pairs(("arrays", "offset"), "--offset", "8,16")
        self.assertNotIn("apart-128", self.plan("arrays", "offset", "--offset", "8,16")
                         .split("suite offset")[1])

    def test_scenarios_of_fault_and_layouts(self):
        self.check_pairs(("fault", "layouts", "offset", "churn"), "--scenario", "pft,same-object")
        self.assertNotIn("fault-bare", self.plan("fault", "layouts", "--scenario",
                                                 "pft,same-object").split("suite layouts")[1])

    def test_options_that_suites_complete(self):
        for suites, options in ((("layouts", "errors", "whatif"), ("--quick",)),
                                (("layouts", "fastpath", "instruments"), ("--layout", "embedded")),
                                (("errors", "layouts", "harness"), ("--rounds", "7")),
                                (("errors", "layouts"), ("--twin-slow", "5"))):
            self.check_pairs(suites, *options)


class Ignored(Case):
    """What a suite would not go by is refused, unless another one of the run goes by it."""

    def test_suites(self):
        for suite, option, value in (
                ("fastpath", "--scenario", "same-object"), ("harness", "--scenario", "nested"),
                ("instruments", "--scenario", "nested"), ("whatif", "--scenario", "nested"),
                ("harness", "--layout", "padded"), ("fault", "--layout", "padded"),
                ("causes", "--lock", "rwsem32"), ("fastpath", "--baseline", "embedded"),
                ("fault", "--baseline", "embedded")):
            self.assertEqual(self.refuses("run", suite, option, value, *MACHINE),
                             f"linebounce: {option}: means nothing to suite {suite}\n")
        self.succeeds("run", "fastpath", "layouts", "--scenario", "same-object", "--dry-run",
                      *MACHINE)

    def test_scenarios(self):
        for command in ("run", "sweep"):
            for args in (("--objects", "5"), ("--access", "shared-zipf"), ("--writers", "2"),
                         ("--memory", "1G"), ("--offset", "8")):
                says = self.refuses(command, "--scenario", "same-object", "--dry-run", *args,
                                    *MACHINE)
                self.assertRegex(says, f"^linebounce: {args[0]}: means nothing to ")
            self.succeeds(command, "--scenario", "many", "--objects", "5", "--dry-run", *MACHINE)
        self.assertIn("(--quick leaves some out)",
                      self.refuses("run", "--quick", "--writers", "2", "--dry-run", *MACHINE))


if __name__ == "__main__":
    sys.exit(cli_support.main())
