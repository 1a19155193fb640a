#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The n-th write, rename, open or reading of a clock fails: a sentence and status 1 or 2, or all of
the output; and whatever files are there are whole.

Usage: cli_calls.py [unittest options]     program: $LINEBOUNCE; $LB_FAIL_AT: what is preloaded
System calls fail by strace, which is not everywhere allowed. Exit 0 passed, 1 failed, 77 skipped:
every test was. No test looks at how fast anything is.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree

import cli_memory
from cli_support import PROGRAM, environment, main, schema_columns

# Kinds: what strace calls them, and what they fail with.
CALLS = {
    "write": ("write", "ENOSPC"),
    "open": ("openat,open", "EMFILE"),
    "rename": ("rename,renameat,renameat2", "EROFS"),
    "mkdir": ("mkdir,mkdirat", "ENOSPC"),
    "lock": ("flock", "ENOLCK"),
    "usage": ("getrusage", "EFAULT"),
    "pin": ("sched_setaffinity", "EINVAL"),
}


def tracing_works():
    """Whether strace is there and may trace, and makes a call fail."""
    if not shutil.which("strace"):
        return False
    result = subprocess.run(["strace", "-qq", "-o", os.devnull, "-e", "trace=write", "-e",
                             "inject=write:error=ENOSPC:when=1", PROGRAM, "--version"],
                            capture_output=True, check=False)
    return result.returncode == 1


traced = unittest.skipUnless(tracing_works(), "strace cannot make calls fail here")


def tear_of(path):
    """What is wrong with a file of results, '' when it is whole."""
    name = os.path.basename(path)
    with open(path, newline="", encoding="utf-8") as file:
        text = file.read()
    if name.endswith(".tmp"):
        return "left behind"
    if name.endswith(".json"):
        json.loads(text)
    elif name.endswith(".xml"):
        xml.etree.ElementTree.fromstring(text)
    elif name in ("samples.csv", "summary.csv"):
        rows = list(csv.reader(text.splitlines()))
        if not text.endswith("\n") or rows[0] != schema_columns(name.removesuffix(".csv")):
            return "torn"
        if {len(cells) for cells in rows} != {len(rows[0])}:
            return "ragged"
    return ""


def tears_in(folder):
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                what = tear_of(os.path.join(base, name))
            except (ValueError, xml.etree.ElementTree.ParseError) as error:
                what = str(error)
            if what:
                yield f"{name}: {what}"


class Traced:
    """Mixed into a test of cli_memory: calls of the first thread fail, not allocations."""

    def how(self, kind, n, folder):
        calls, error = CALLS[kind]
        inject = ["-e", f"inject={calls}:error={error}:when={n}"] if n else []
        return (["strace", "-qq", "-o", os.path.join(folder, "calls"), "-e",
                 f"trace={calls}", *inject], environment())

    def calls(self, folder):
        with open(os.path.join(folder, "calls"), encoding="utf-8", errors="replace") as file:
            return sum("(" in line for line in file)

    def fault_of(self, result, folder, usual):
        return "; ".join(tears_in(folder)) or super().fault_of(result, folder, usual)


@unittest.skipUnless(cli_memory.FAIL_AT, "nothing can be preloaded in this build")
class Readings(cli_memory.Results):
    """Clocks that the C library reads without a call of the system, too."""

    def fail_runs(self):
        self.each(*cli_memory.TINY, "--out", "out", kind="clock_gettime", most=14, workers=1)
        self.each(*cli_memory.TINY, "--out", "out", kind="getrusage", most=8, workers=1)


@traced
class Results(Traced, cli_memory.Results):
    def fail_runs(self):
        for kind, most in (("write", 16), ("rename", 4), ("open", 16), ("mkdir", 2), ("lock", 2),
                           ("pin", 4)):
            self.each(*cli_memory.TINY, "--out", "out", kind=kind, most=most, workers=1)


@traced
class Folders(Traced, cli_memory.Folders):
    def test_compare(self):
        for kind in "open", "write":
            self.each("compare", "a", "b", kind=kind, most=60)

    def test_compare_as_json(self):
        self.each("compare", "--format", "json", "a", "b", kind="write")


@traced
class Pictures(Traced, cli_memory.Pictures):
    def picture(self):
        for kind in "open", "write", "rename":
            self.each("plot", "results", kind=kind, most=40)


if __name__ == "__main__":
    sys.exit(main())
