#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a run comes to, as a person and a script read it: from the files of a recorded run.

Program: $LINEBOUNCE; recorded run: $LB_SOURCE_DIR/results/reference; what it has to print:
$LB_TESTS_DIR/golden/result-*.txt, written anew with LB_UPDATE_GOLDEN=1
Exit 0 passed, 1 failed.
"""

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios

import cli_support
from cli_support import PROGRAM, SOURCE, Case, environment

TESTS = os.environ.get("LB_TESTS_DIR", os.path.dirname(os.path.abspath(__file__)))
REFERENCE = os.path.join(SOURCE, "results/reference/amd-epyc-zen5-2vcpu-kvm")
COLOR = re.compile(r"\x1b\[[\d;]*m")


class Shown(Case):
    """What is printed of the folder "ref"."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("ref"))

    def result(self, *args, **options):
        return self.succeeds("show", "result", "ref", *args, **options).stdout

    def on_terminal_of(self, columns, *args, **env):
        """Standard output on a terminal that is so wide."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen([PROGRAM, "show", "result", "ref", *args], cwd=self.dir,
                              stdout=theirs, env=environment(TERM="xterm", **env)) as process:
            os.close(theirs)
            parts = []
            try:
                while part := os.read(ours, 4096):
                    parts.append(part)
            except OSError:  # the other side is closed
                pass
            self.assertEqual(process.wait(), 0)
        os.close(ours)
        return b"".join(parts).decode().replace("\r\n", "\n")

    def same(self, name, text):
        path = os.path.join(TESTS, "golden", name)
        if os.environ.get("LB_UPDATE_GOLDEN"):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(text, file.read(), name)

    def fits(self, text, columns, lines=None):
        for line in text.splitlines():
            self.assertLessEqual(len(line), columns, line)
            self.assertEqual(line, line.rstrip(), "blanks at the end")
        if lines:
            self.assertLessEqual(len(text.splitlines()), lines)


class Result(Shown):
    def setUp(self):
        super().setUp()
        for name in "summary.csv", "run.json", "table.txt":
            shutil.copy(os.path.join(REFERENCE, name), self.path("ref", name))


class Golden(Result):
    def test_the_answer(self):
        self.same("result-answer.txt", self.result())

    def test_the_answer_on_a_narrow_terminal(self):
        self.same("result-narrow.txt", self.on_terminal_of(80, "--color", "never"))

    def test_markdown(self):
        self.same("result-markdown.txt", self.result("--markdown"))

    def test_tables(self):
        self.same("result-observer.txt", self.result("observer"))
        self.same("result-why.txt", self.result("observer", "--why"))
        self.same("result-saturated.txt", self.result("--saturated"))


class Limits(Result):
    def test_lines_and_columns(self):
        self.fits(self.result(), 100, 40)
        self.fits(self.on_terminal_of(100, "--color", "never"), 100, 40)
        self.fits(self.on_terminal_of(80, "--color", "never"), 80)
        self.fits(self.result("--quiet"), 100, 12)
        for options in ("observer",), ("--saturated",), ("--why",), ("many", "--why"):
            self.fits(self.result(*options), 100)

    def test_the_last_screen_holds_question_and_answer(self):
        for columns in 80, 100:
            last = self.on_terminal_of(columns, "--color", "never").splitlines()[-23:]
            text = " ".join(" ".join(last).split())
            self.assertIn("May the lock move into the struct? Not among the hot fields", text)
            self.assertIn("among the hot fields COSTS", text)

    def test_a_pipe_gets_what_a_terminal_shows(self):
        self.assertEqual(self.result(), self.on_terminal_of(120, "--color", "never"))


class More(Result):
    """What is to be typed for more of the same."""

    def make(self, *command):
        with open(self.path("ref/run.json"), encoding="utf-8") as file:
            record = json.load(file)
        record["run"]["command"] = command
        with open(self.path("ref/run.json"), "w", encoding="utf-8") as file:
            json.dump(record, file)

    def test_terminal(self):
        for command, says in ((("run",), "linebounce run"),
                              (("run", "--out", "x"), "linebounce run"),
                              (("run", "--threads", "2"), "the same command with"),
                              (("run", "--out", "x", "--budget", "9"), "the same command with"),
                              (("sweep",), "the same command with")):
            self.make("/x/linebounce", *command)
            self.assertIn(f"would be decided by: {says} --budget 13m",
                          " ".join(self.result().split()))

    def test_page(self):
        self.make("linebounce", "run", "--threads", "2")
        self.run_it("plot", "ref", env=environment(PATH=self.dir))  # no pictures
        with open(self.path("ref/index.html"), encoding="utf-8") as file:
            self.assertIn("the same command with --budget 13m", file.read())


class Colors(Result):
    def test_on_a_terminal_alone(self):
        self.assertNotRegex(self.result(), COLOR)
        self.assertRegex(self.on_terminal_of(100), COLOR)
        self.assertNotRegex(self.on_terminal_of(100, NO_COLOR="1"), COLOR)
        self.assertNotRegex(self.on_terminal_of(100, "--color=never"), COLOR)

    def test_always(self):
        text = self.result("--color=always")
        self.assertRegex(text, COLOR)
        self.assertEqual(COLOR.sub("", text), self.result())


class Scripts(Result):
    def test_json(self):
        told = json.loads(self.result("--format", "json"))
        self.assertEqual(told["question"], "May the lock move into the struct?")
        self.assertEqual({a["name"]: a["answer"] for a in told["answers"]}["among the hot fields"],
                         "COSTS")
        worst = next(a for a in told["answers"] if a["answer"] == "COSTS")["worst"]
        self.assertEqual((worst["layout"], worst["role"]), ("embedded", "lock"))

    def status(self, *args):
        result = self.run_it("show", "result", "ref", *args)
        return result.returncode, result.stderr

    def test_statuses(self):
        self.assertEqual(self.status("--fail-if", "costs:embedded"),
                         (3, "linebounce: --fail-if: embedded costs here\n"))
        self.assertEqual(self.status("--fail-if", "costs:refcount"), (0, ""))
        code, words = self.status("--fail-if", "costs:nosuch")
        self.assertEqual((code, words), (1, "linebounce: --fail-if: the run has no layout "
                                            "'nosuch'\n"))
        self.assertEqual(self.status("--require", "settled")[0], 4)

    def test_wrong_options(self):
        for args in (("--fail-if", "x"), ("--require", "x"), ("--format", "x"), ("--color", "x")):
            self.assertIn(f"{args[0]}: 'x' is n", self.refuses("show", "result", "ref", *args))
        self.assertIn("no such folder", self.refuses("show", "result", "nosuch/folder"))
        self.assertIn("There is none below results/", self.refuses("show", "result"))

    def test_the_newest_below_results(self):
        for name, host in ("results/b/20260101T000000Z", "old"), ("results/a/20270101T000000Z",
                                                                   "new"):
            os.makedirs(self.path(name))
            shutil.copy(self.path("ref/summary.csv"), self.path(name))
            with open(self.path("ref/run.json"), encoding="utf-8") as file:
                record = json.load(file)
            record["machine"]["host"] = host
            with open(self.path(name, "run.json"), "w", encoding="utf-8") as file:
                json.dump(record, file)
        self.assertIn("; new: ", self.succeeds("show", "result").stdout)


if __name__ == "__main__":
    sys.exit(cli_support.main())
