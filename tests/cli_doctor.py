#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`linebounce doctor` from outside, on whatever machine this is, and what runs say of it.

Usage: cli_doctor.py [unittest options]     program: $LINEBOUNCE
Exit 0 passed, 1 failed. What is said of which machine is test_doctor's.
"""

import json
import re
import unittest

from cli_support import ALONE, PUS, SENTENCE, Case, two_pus

FINDING = re.compile(r"^(ok|\?|!|x) +(\S.{11}) (\S.*)$")


class Doctor(Case):
    def lines(self, *args):
        result = self.run_it("doctor", *args)
        found = [FINDING.match(line) for line in result.stdout.splitlines()]
        found = [match for match in found if match]
        spoils = any(match[1] == "x" for match in found)
        self.assertEqual(result.returncode, int(spoils), result.stdout + result.stderr)
        for line in result.stdout.splitlines():
            self.assertLessEqual(len(line), 100, line)
        return {match[2].strip(): match for match in found}, result.stdout

    def test_every_check_has_its_line(self):
        found, text = self.lines("--no-probe")
        self.assertEqual(len(found), 20, text)
        self.assertRegex(text, r"(?m)^(Ready|Not yet): \d+ of 20 checks ok")
        self.assertEqual(found["windows"][1], "?")

    @two_pus
    def test_the_probe(self):
        found, text = self.lines()
        self.assertNotEqual(found["windows"][1], "?", text)
        self.assertRegex(found["windows"][3], r"^\d+ % of the windows spoiled|^\S+: ")

    def test_one_cpu_spoils(self):
        found, text = self.lines("--no-probe", "--pus", "0")
        self.assertEqual(found["CPUs"][1], "x", text)
        self.assertIn("-> name two" if len(PUS) > 1 else "-> allow a second CPU", text)

    def test_refusals(self):
        for args in (("--pus", "99999"), ("--placement", "nowhere"), ("here",),
                     ("--pus", "0", "--placement", "l3"), ("--prob",)):
            result = self.run_it("doctor", *args)
            self.assertEqual(result.returncode, 2)
            self.assertRegex(result.stderr, SENTENCE)

    def test_a_run_records_what_was_found(self):
        found, _ = self.lines("--no-probe")
        result = self.succeeds("run", *ALONE, "--rounds", "1", "--out", "out")
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            findings = json.load(file)["machine"]["findings"] or []
        for finding in findings:
            self.assertRegex(finding, r"^[!x] [^:]+: \S")
        # What does not change from one second to the next.
        for name in ("machine", "counters", "BTF", "gnuplot", "governor", "boost"):
            if found[name][1] == "!":
                self.assertTrue(any(f.startswith(f"! {name}: ") for f in findings), findings)
        said = re.findall(r"(?m)^linebounce: (?:load|steal|swap|CPUs|siblings): .*$", result.stderr)
        self.assertLessEqual(len(said), 3)


if __name__ == "__main__":
    unittest.main()
