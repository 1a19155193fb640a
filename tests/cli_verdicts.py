#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a run may claim: nothing about lines that threads share from one thread or one CPU.

Program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
"""

import os
import unittest

from cli_support import PUS, Case, two_pus

BRIEF = ("--quick", "--rounds", "12", "--no-plots", "--events", "none", "--verbose",
         "--out", "out")


def one_pu():
    os.sched_setaffinity(0, {PUS[0]})


class Verdicts(Case):
    def cannot_answer(self, *args, **options):
        words = self.refuses(*args, status=1, **options)
        self.assertIn("one thread alone shares no line", words)
        self.assertEqual(os.listdir(self.dir), [], args)

    def test_one_cpu_answers_nothing(self):
        for suite in ((), ("layouts",), ("offset",), ("arrays",), ("errors",)):
            self.cannot_answer("run", *suite, "-q", preexec_fn=one_pu)
        self.cannot_answer("sweep", "-q", preexec_fn=one_pu)

    def test_one_thread_has_no_size(self):
        self.cannot_answer("run", "offset", "-q", "--threads", "1")
        self.cannot_answer("run", "arrays", "--threads", "1")

    def test_one_thread_that_was_asked_for(self):
        text = self.succeeds("run", "--scenario", "same-object", "--layout", "embedded",
                             "--threads", "1", *BRIEF).stdout
        self.assertIn("(no verdict for some: one thread alone shares no line)", text)
        for word in ("the same", "costs nothing", "no cost found"):
            self.assertNotIn(word, text)

    @two_pus
    def test_one_thread_beside_two(self):
        text = self.succeeds("run", "offset", "--scenario", "store", "--offset", "8,64",
                             "--baseline", "apart-64", "--threads", "1,2", *BRIEF).stdout
        self.assertRegex(text, r"store +not known: one thread alone shares no line")
        self.assertRegex(text, r"=> (size of|no) destructive interference")


if __name__ == "__main__":
    unittest.main()
