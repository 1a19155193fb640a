#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No memory at the n-th allocation: a sentence and status 1 or 2, or all of the output.

Usage: cli_memory.py [unittest options]     program: $LINEBOUNCE; $LB_FAIL_AT: what is preloaded
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import concurrent.futures
import csv
import glob
import json
import os
import re
import shutil
import subprocess
import sys

from cli_support import (PATIENCE_S, PROGRAM, SOURCE, Case, environment, main, schema_columns,
                         two_pus)

FAIL_AT = os.environ.get("LB_FAIL_AT", "")
MOST = 900  # the last call that fails in some run
LINE = re.compile(r"linebounce[a-z ]*: [\x20-\x7e\u00a0-\uffff]{6,}\Z")
TINY = ("run", "--rounds", "1", "--scenario", "same-object", "--layout", "pointer", "--work-ns",
        "200", "--events", "none", "--no-plots", "--seed", "1")

# Writes a picture where the real one would, at once.
GNUPLOT = """#!/bin/sh
eval "$3"
script=${4##*/}
echo '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>' \
    >"${out:-$dir/plots}/${script%.gp}.svg"
"""


def sample(total, most):
    """Which calls are to fail: all, or the first and then evenly spread ones."""
    last = min(total, MOST)
    first = last if last <= most else most // 2
    rest = range(first + 1, last + 1)
    return [*range(1, first + 1), *rest[::max(1, len(rest) // (most - first or 1))]]


def says_something(stderr):
    """Whether the last line is a sentence; the parser of options adds where help is."""
    lines = [line for line in re.split(r"[\r\n]+", stderr.decode("utf-8", "replace"))
             if line.strip() and not line.startswith("Try ")]
    return bool(lines) and all(LINE.match(line) for line in lines
                               if re.match(r"linebounce[a-z ]*:", line)) \
        and any(LINE.match(line) for line in lines)


class Failing(Case):
    """Each run has a folder of its own, made by `prepare`."""

    ENDS = (0,)  # how a run ends where nothing fails

    def prepare(self, folder):
        pass

    def how(self, kind, n, folder):
        """What stands before the program, and its environment."""
        return [], environment(LD_PRELOAD=FAIL_AT, LB_FAIL=f"{kind} {n}",
                               LB_FAIL_COUNT=os.path.join(folder, "calls"))

    def fail_at(self, kind, n, args):
        folder = self.path(re.sub(r"\W", "-", f"{kind}-{n}"))
        os.mkdir(folder)
        self.prepare(folder)
        before, env = self.how(kind, n, folder)
        env["PATH"] = f"{self.dir}:{os.environ['PATH']}"
        result = subprocess.run([*before, PROGRAM, *args], cwd=folder, env=env,
                                capture_output=True, stdin=subprocess.DEVNULL, check=False,
                                timeout=PATIENCE_S)
        return result, folder

    def calls(self, folder):
        with open(os.path.join(folder, "calls"), encoding="ascii") as file:
            return int(file.read())

    def fault_of(self, result, folder, usual):
        """What is wrong with how a run ended, '' when nothing is."""
        if result.returncode not in (0, 1, 2):
            return f"status {result.returncode}"
        if result.returncode:
            return "" if says_something(result.stderr) else f"no sentence: {result.stderr!r}"
        return self.lacks(result, folder, usual)

    def lacks(self, result, _folder, usual):
        """What a run that ended well lacks."""
        return "" if result.stdout == usual.stdout else "status 0, but another output"

    def each(self, *args, kind="memory", most=130, workers=os.cpu_count() or 1):
        usual, folder = self.fail_at(kind, 0, args)
        self.assertIn(usual.returncode, self.ENDS, usual.stderr)
        self.assertEqual(self.fault_of(usual, folder, usual), "")
        total = self.calls(folder)
        shutil.rmtree(folder)
        self.assertGreater(total, 0)

        def one(n):
            result, folder = self.fail_at(kind, n, args)
            fault = self.fault_of(result, folder, usual)
            shutil.rmtree(folder)
            return fault and f"{kind} {n} of {total}: {fault}"

        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            faults = [fault for fault in pool.map(one, sample(total, most)) if fault]
        self.assertEqual(faults, [], " ".join(args))


class Show(Failing):
    """Unknown values of the machine are said to be unknown."""

    def test_layouts(self):
        self.each("show", "layouts")
        self.each("show", "layouts", "--layout", "a:size=256,lock=192", "--lock", "rwsem32")

    def test_placements_and_topology(self):
        self.each("show", "placements")
        self.each("show", "topology")

    def test_help(self):
        self.each("help", "whatif", most=60)
        self.each("help", "--man", "run", most=60)

    def test_others(self):
        for what in "locks", "scenarios", "suites":
            self.each("show", what)


class Machine(Failing):
    def lacks(self, result, _folder, usual):
        """A value that could not be read is one that the machine does not say."""
        if len(result.stdout) < len(usual.stdout) / 3:
            return f"status 0, but little output: {result.stdout!r}"
        return ""

    def test_environment_kernel_counters(self):
        for what in "environment", "kernel", "counters":
            self.each("show", what)


class Plans(Failing):
    def lacks(self, result, folder, usual):
        left = [name for name in os.listdir(folder) if name != "calls"]
        return f"a plan left {left}" if left else super().lacks(result, folder, usual)

    def test_dry_runs(self):
        self.each("run", "--dry-run", "--quick", "--seed", "1", most=160)
        self.each("run", "whatif", "offset", "fault", "pingpong", "-n", "--seed", "1", most=60)
        self.each("predict", "--fetch", "50", "--handover", "plain", "--scenario", "observer",
                  "--layout", "pointer,x:size=256,lock=192", most=60)
        self.each("run", "-n", "--seed", "1", "--layout", "x:size=256,lock=192", "--scenario",
                  "same-object,many", most=60)
        self.each("sweep", "--dry-run", "--seed", "1", most=160)

    def test_suggestions(self):
        self.each("suggest", "--dry-run", "--seed", "1", "--preset", "dentry", most=60)
        self.each("suggest", "--dry-run", "--seed", "1", "--layout",
                  "x:size=96,lock=16:pthread_mutex,hot=a@0+b@8:4+c@12:4", "--read", "a,b",
                  "--write", "c", "--together", "a,b", "--first", "a", most=60)


def row(layout, number, ns, columns):
    cells = dict(schema_version="3", suite="layouts", scenario="same-object", layout=layout,
                 lock="rwsem40", placement="l3", distance="l3", home="local", threads="2",
                 work_ns="200", role="all", round=str(number), phase="0", status="ok",
                 ns_op=str(ns), min_over_max="0.9", pingpong_before_ns="90",
                 pingpong_after_ns="91", emulated="0")
    return [cells.get(column, "") for column in columns]


class Folders(Failing):
    """Made-up results, small ones."""

    def prepare(self, folder):
        columns = schema_columns("samples")
        for name, factor in ("a", 1.0), ("b", 1.2):
            os.mkdir(os.path.join(folder, name))
            with open(os.path.join(folder, name, "samples.csv"), "w", newline="",
                      encoding="utf-8") as file:
                out = csv.writer(file, lineterminator="\n")
                out.writerow(columns)
                for k in range(6):
                    for layout, ns in ("pointer", 100), ("embedded", 70 * factor):
                        out.writerow(row(layout, k, ns + k % 3, columns))
            with open(os.path.join(folder, name, "run.json"), "w", encoding="utf-8") as file:
                json.dump({"schema_version": 3, "machine": {"host": name},
                           "run": {"baseline": "pointer"}}, file)

    def test_compare(self):
        self.each("compare", "a", "b", most=150)

    def test_compare_as_json(self):
        self.each("compare", "--format", "json", "a", "b", most=60)
        self.each("compare", "--page", "page.html", "a", "b", most=60)


class Machines(Failing):
    """A few rows of the reference run, as of two machines."""

    def prepare(self, folder):
        source = os.path.dirname(sorted(glob.glob(
            os.path.join(SOURCE, "results/reference/*/summary.csv")))[0])
        for name in "a", "b":
            os.mkdir(os.path.join(folder, name))
            with open(os.path.join(source, "summary.csv"), encoding="utf-8") as file, \
                    open(os.path.join(folder, name, "summary.csv"), "w", encoding="utf-8") as out:
                out.writelines(file.readlines()[:30])
            shutil.copy(os.path.join(source, "run.json"), os.path.join(folder, name))

    def test_summarise(self):
        self.each("summarise", "--page", "page.html", "a", "b", most=60)


class Results(Failing):
    """A real run, tiny; on a busy machine there may be no good window."""

    ENDS = (0, 1)

    def lacks(self, result, folder, _usual):
        out = os.path.join(folder, "out")
        missing = {"samples.csv", "summary.csv", "run.json", "topology.xml"} - set(os.listdir(out))
        if missing:
            return f"status 0 without {missing}"
        if b"Results: out" not in result.stdout:
            return f"status 0 without results: {result.stdout[-300:]!r}"
        for which in "samples", "summary":
            with open(os.path.join(out, f"{which}.csv"), newline="", encoding="utf-8") as file:
                rows = list(csv.reader(file))
            if len(rows) < 2 or {len(cells) for cells in rows} != {len(schema_columns(which))}:
                return f"{which}.csv is not whole"
        with open(os.path.join(out, "run.json"), encoding="utf-8") as file:
            if not {"machine", "build", "run", "clock"} <= set(json.load(file)):
                return "run.json is not whole"
        return ""

    @two_pus
    def test_run(self):
        self.fail_runs()

    def fail_runs(self):
        self.each(*TINY, "--out", "out", most=40, workers=1)


class Pictures(Failing):
    def prepare(self, folder):
        shutil.copytree(self.path("results"), os.path.join(folder, "results"))

    def lacks(self, result, folder, usual):
        if not os.path.exists(os.path.join(folder, "results", "index.html")):
            return "status 0 without index.html"
        return super().lacks(result, folder, usual)

    def test_plot(self):
        self.succeeds("run", "fastpath", "--rounds", "1", "--no-plots", "--out", "results")
        with open(self.path("gnuplot"), "w", encoding="ascii") as file:
            file.write(GNUPLOT)
        os.chmod(self.path("gnuplot"), 0o755)
        self.picture()

    def picture(self):
        self.each("plot", "results", most=120)


if __name__ == "__main__":
    if not FAIL_AT:
        print("skipped: nothing can be preloaded in this build")
        sys.exit(77)
    sys.exit(main())
