#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completes as a shell does, by the program that was built: what tables hold is offered.

fish and zsh read their files only where they are installed."""

import os
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["LINEBOUNCE"]
FOLDER = os.path.join(os.environ["LB_SOURCE_DIR"], "benchmarks", "completion")
ASK = """source "$1"; shift
COMP_WORDS=(linebounce "$@"); COMP_CWORD=$#
_linebounce
printf '%s\\n' "${COMPREPLY[@]}"
"""


def said(*args):
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True, check=True).stdout


class Bash(unittest.TestCase):
    def setUp(self):
        self.bin = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.bin)
        os.symlink(PROGRAM, os.path.join(self.bin, "linebounce"))

    def complete(self, *words):
        env = os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}"}
        result = subprocess.run(
            ["bash", "--norc", "-c", ASK, "bash", os.path.join(FOLDER, "linebounce.bash"), *words],
            capture_output=True, text=True, env=env, check=True)
        self.assertEqual(result.stderr, "")
        return set(result.stdout.split())

    def test_commands(self):
        self.assertEqual(self.complete("re"), {"repeat"})
        self.assertEqual(self.complete(""),
                         {"run", "sweep", "repeat", "show", "compare", "doctor", "explain",
                          "predict", "summarise", "plot", "suggest", "help"})

    def test_options(self):
        self.assertEqual(self.complete("run", "--scen"), {"--scenario"})
        self.assertEqual(self.complete("compare", "--form"), {"--format"})
        self.assertNotIn("--scenario", self.complete("compare", "--"))
        self.assertEqual(self.complete("run", "--format"), {"--format"})  # of a table beside run's
        self.assertIn("--saturated", self.complete("show", "result", "--"))
        self.assertNotIn("--saturated", self.complete("show", "--"))

    def test_suites_and_things(self):
        suites = {line.split()[0] for line in said("show", "suites").splitlines()
                  if line[:1].isalpha()}
        self.assertEqual(self.complete("run", ""), suites)
        self.assertLessEqual({"layouts", "topology", "result", "kernel"}, self.complete("show", ""))
        self.assertLessEqual({"words", "compare", *suites}, self.complete("help", ""))

    def test_values_and_lists(self):
        self.assertIn("refcount-seq", self.complete("run", "--layout", "refc"))
        self.assertEqual(self.complete("run", "--layout", "pointer,pad"), {"pointer,padded"})
        self.assertEqual(self.complete("run", "--lock", "rwsem"), {"rwsem32", "rwsem40"})
        self.assertEqual(self.complete("run", "--scenario", "neigh"), {"neighbours"})
        self.assertEqual(self.complete("run", "--scenario", "=", "neigh"), {"neighbours"})


class Others(unittest.TestCase):
    def read(self, shell, *args):
        if not shutil.which(shell):
            self.skipTest(f"no {shell}")
        subprocess.run([shell, *args], check=True)

    def test_fish(self):
        self.read("fish", "--no-execute", os.path.join(FOLDER, "linebounce.fish"))

    def test_zsh(self):
        self.read("zsh", "-n", os.path.join(FOLDER, "_linebounce"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
