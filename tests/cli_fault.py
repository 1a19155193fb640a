#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Suite fault from outside: rows, page faults against touches, memory, what fails and how.

Usage: cli_fault.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest

from cli_support import (PATIENCE_S, PROGRAM, PUS, ROOT, Case, finish, read_csv, two_pus,
                         was_busy)

MIB = 1 << 20
# Whose ops are touches, by scenario and role.
TOUCHES = {("pft", "all"), ("private", "all"), ("map", "all"), ("file-private", "all"),
           ("file-shared", "all"), ("fault-bare", "all"), ("fault-map", "fault"),
           ("fault-protect", "fault")}
EVERYTHING = "pft,private,map,file-private,file-shared,mapper,fault-map,fault-protect"
QUIET = ("--events", "none", "--no-plots", "--out", "out")
ALONE = ("run", "fault", "--threads", "1", "--memory", "128M", *QUIET)
# More than the kernel's own bookkeeping for a fault may come on top (LB_FAULTS_MORE).
MORE = 16


def total(cell):
    return sum(int(n) for n in cell.split(";") if n)


def touched(rows):
    return [r for r in rows if (r["scenario"], r["role"]) in TOUCHES]


class Rows(Case):
    def check_account(self, rows):
        """Every window's faults are its touches, however busy the machine was."""
        bad = [r for r in touched(rows) if r["reason"] == "faults"]
        self.assertLess(len(bad), len(touched(rows)) / 10 + 1)
        for row in touched(rows):
            faults = total(row["minor_faults"]) + total(row["major_faults"])
            threads = row["ops"].count(";") + 1
            ops = int(row["total_ops"])
            what = (row["scenario"], row["layout"], row["window"], row["reason"])
            if row["reason"] == "faults":
                self.assertNotEqual(faults, ops, what)
            elif row["reason"] != "moved":
                self.assertIn(faults - ops, range(MORE * threads + 1), what)
            self.assertGreater(float(row["faults_per_cpu_s"]), 0, what)
            self.assertGreater(float(row["faults_per_wall_s"]), 0, what)

    @two_pus
    def test_every_scenario(self):
        self.succeeds("run", "fault", "--scenario", EVERYTHING, "--threads", "1,2", "--memory",
                      "1G", "--rounds", "1", *QUIET)
        rows = self.check_folder(self.path("out"), 20)
        found = {(r["scenario"], r["threads"]) for r in rows}
        for scenario in (*EVERYTHING.split(","), "fault-bare"):
            self.assertIn((scenario, "2"), found)
            self.assertEqual((scenario, "1") in found, scenario not in ("fault-map",
                                                                        "fault-protect"))
        self.check_account(rows)
        for row in rows:
            pages = row["scenario"] in (*EVERYTHING.split(","), "fault-bare")
            self.assertEqual(row["touch"] in ("first", "recycled"), pages, row["scenario"])
            self.assertEqual(row["home_node_os"] == "", pages or row["home_node_os"] == "")
            if (row["scenario"], row["role"]) not in TOUCHES:
                self.assertEqual(row["faults_per_cpu_s"], "")
            if row["role"] in ("map", "protect") or row["scenario"] == "mapper":
                self.assertLessEqual(total(row["minor_faults"]), 2 * MORE)

    def test_first_touches_come_first(self):
        """And are never in one case with recycled pages."""
        self.succeeds(*ALONE, "--scenario", "pft,private", "--rounds", "2", "--budget", "20s")
        rows = [r for r in self.check_folder(self.path("out")) if r["touch"]]
        kinds = [r["touch"] for r in rows]
        self.assertIn("first", kinds)
        self.assertEqual(kinds, sorted(kinds))
        self.assertEqual({r["scenario"] for r in rows if r["touch"] == "first"},
                         {"pft", "private"})
        for row in rows:
            if row["scenario"] != "fault-bare":
                self.assertEqual(row["layout"], row["touch"])
        # Windows of first touches give nothing back, so together they stay within --memory.
        pages = sum(int(r["total_ops"]) for r in rows if r["touch"] == "first")
        self.assertLessEqual(pages * os.sysconf("SC_PAGE_SIZE"), 128 * MIB)
        summary = [(r["scenario"], r["touch"], r["regime"], r["role"])
                   for r in read_csv(self.path("out/summary.csv"))]
        self.assertEqual(len(summary), len(set(summary)))

    def test_memory_is_bounded(self):
        """The process never holds much more than --memory."""
        process = self.start(*ALONE, "--scenario", "pft,map", "--rounds", "2")
        most = 0
        while process.poll() is None:
            with contextlib.suppress(OSError, IndexError), \
                    open(f"/proc/{process.pid}/statm", encoding="utf-8") as file:
                most = max(most, int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
            time.sleep(0.01)
        # The pages were touched too where a busy machine left no window good.
        if not was_busy(process.returncode, process.stderr.read()):
            self.assertEqual(process.returncode, 0)
        self.assertGreater(most, 16 * MIB)
        # The program and its arena; what was freed stays with the address sanitizer for a while.
        own = 512 if "ASAN_OPTIONS" in os.environ else 128
        self.assertLess(most, (128 + own) * MIB)

    def test_nothing_in_shared_memory(self):
        before = set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()
        self.succeeds(*ALONE, "--scenario", "file-shared", "--rounds", "5")
        after = set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()
        self.assertFalse([f for f in after - before if "linebounce" in f])

    def test_compared(self):
        for out in ("a", "b"):
            self.succeeds("run", "fault", "--threads", "1", "--memory", "128M", "--scenario",
                          "mapper", "--events", "none", "--no-plots", "--rounds", "3", "--out", out)
        text = self.run_it("compare", "a", "b")
        self.assertIn("mapper", text.stdout + text.stderr)

    def test_dry_run(self):
        text = self.succeeds("run", "fault", "--dry-run", "--memory", "2G").stdout
        for name in ("pft/recycled/", "pft/first/", "private/first/", "map/recycled/",
                     "file-shared/recycled/", "mapper/recycled/"):
            self.assertIn(name, text)
        self.assertNotIn("map/first/", text)

    def test_one_cpu(self):
        """What was not asked for, two threads, is left out where there is no second CPU."""
        here = min(PUS)
        with_one = subprocess.run(["taskset", "-c", str(here), PROGRAM, "run", "fault", "-n"],
                                  capture_output=True, text=True, check=False)
        self.assertEqual(with_one.returncode, 0, with_one.stderr)
        self.assertIn("2 threads, but only 1 allowed PU", with_one.stdout + with_one.stderr)
        asked = subprocess.run(["taskset", "-c", str(here), PROGRAM, "run", "fault", "-n",
                                "--threads", "1,2"], capture_output=True, text=True, check=False)
        self.assertEqual(asked.returncode, 2, asked.stderr)

    def test_shown(self):
        text = self.succeeds("show", "scenarios").stdout
        for name in EVERYTHING.split(","):
            self.assertRegex(text, rf"(?m)^{name} +\S")
        self.assertNotIn("fault-bare", text)
        self.assertRegex(self.succeeds("show", "suites").stdout, r"(?m)^fault +\S")


class Sweep(Case):
    ARGS = ("sweep", "--scenario", "pft,mapper", "--work-ns", "0", "--memory", "128M",
            "--threads", "1", "--seed", "7", "--rounds", "30", "--events", "none", "--no-plots")

    def test_goes_on(self):
        """Killed in the rounds: nothing is measured twice, and nothing is touched first again."""
        process = self.start(*self.ARGS, "--out", "out")
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and not self.rounds():
            time.sleep(0.02)
        process.kill()
        finish(process)
        before = self.first()
        self.assertTrue(self.rounds())
        self.succeeds("sweep", "--resume", "out", "--no-plots")
        rows = self.check_folder(self.path("out"), 20)
        good = [(r["scenario"], r["touch"], r["round"], r["role"], r["phase"]) for r in rows
                if r["status"] == "ok" and not r["scenario"].startswith("anchor")]
        self.assertEqual(len(good), len(set(good)))
        self.assertEqual(self.first(), before)
        self.assertEqual(max(int(r["round"]) for r in rows if r["touch"] == "recycled"), 29)

    def test_goes_on_from_first_touches(self):
        """Killed before the rounds: they begin with the first, and all are there."""
        args = [a.replace("128M", "1G") for a in self.ARGS]
        process = self.start(*args, "--out", "out")
        self.wait_for_rows(self.path("out/samples.csv"), 6)
        process.kill()
        finish(process)
        before = self.first()
        if self.rounds():
            self.skipTest("the rounds had begun")
        self.assertGreater(len(before), 3)
        self.succeeds("sweep", "--resume", "out", "--no-plots")
        self.assertEqual(self.first(), before)
        self.assertEqual({int(r["round"]) for r in self.rounds()}, set(range(30)))

    def rows(self):
        with contextlib.suppress(OSError, KeyError, TypeError):
            return [r for r in read_csv(self.path("out/samples.csv")) if r.get("status")]
        return []

    def rounds(self):
        return [r for r in self.rows() if r["touch"] == "recycled"]

    def first(self):
        return [r["window"] for r in self.rows() if r["touch"] == "first"]

    def test_other_homes_are_left_out(self):
        text = self.run_it("sweep", "--dry-run", "--scenario", "pft", "--topology",
                           "pack:2 [numa] core:2 pu:1")
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertIn("--home says nothing", text.stdout)


class Failures(Case):
    def test_wrong_sizes(self):
        for size in ("0", "-1", "x", "4GB", "nan", "", "1000"):
            self.assertIn("memory", self.refuses("run", "fault", f"--memory={size}"))
            self.refuses("sweep", f"--memory={size}")
        self.assertEqual(os.listdir(self.dir), [])

    def test_too_little(self):
        for scenario, memory in (("pft", "40M"), ("map", "127M"), ("file-private", "255M")):
            said = self.refuses("run", "fault", "--threads", "1", "--scenario", scenario,
                                "--memory", memory)
            self.assertRegex(said, rf"nothing to measure: {scenario}: on 1 thread needs at least "
                                   r"\d+ MiB")
        self.assertEqual(os.listdir(self.dir), [])

    def test_more_than_there_is(self):
        self.assertRegex(self.refuses("run", "fault", "--memory", "1000T"),
                         r"--memory: would take \d+ MiB, and .* leaves \d+ MiB")
        self.assertEqual(os.listdir(self.dir), [])

    def test_address_space_ends(self):
        """The mapping fails: a sentence, and the rest of the folder as it should be."""
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (700 * MIB, resource.RLIM_INFINITY))

        if self.run_it("show", "scenarios", preexec_fn=limit).returncode:
            self.skipTest("this build cannot start within the limit: a sanitizer")
        result = self.run_it("run", "fault", "--scenario", "mapper,pft", "--pus",
                             ",".join(map(str, PUS[:2])), "--memory", "2G", "--rounds", "2",
                             *QUIET, preexec_fn=limit)
        if len(PUS) < 2 or result.returncode == 0:
            self.skipTest("one part fits")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, r"linebounce: pft: mmap for 256 MiB a thread on 2 threads: "
                                        r"Cannot allocate memory")

    def test_page_is_lost(self):
        """SIGBUS: a sentence and status 1; what was measured is there."""
        process = self.start("run", "fault", "--threads", "1", "--scenario", "mapper,file-shared",
                             "--memory", "128M", "--rounds", "50", *QUIET)
        self.wait_for_rows(self.path("out/samples.csv"), 5)
        process.send_signal(signal.SIGBUS)
        _, said = finish(process)
        self.assertEqual(process.returncode, 1)
        self.assertIn("SIGBUS", said)
        self.assertGreaterEqual(len(self.check_rows(self.path("out/samples.csv"), "samples")), 4)

    def test_interrupt(self):
        process = self.start(*ALONE, "--scenario", "pft,map", "--rounds", "50")
        self.wait_for_rows(self.path("out/samples.csv"), 10)
        process.send_signal(signal.SIGINT)
        finish(process)
        self.assertEqual(process.returncode, 130)
        self.check_folder(self.path("out"), 8)


class Limited(Case):
    """In a memory cgroup: refused before the kernel kills anything."""

    def group(self, mib):
        if not ROOT:
            self.skipTest("only root may make a cgroup")
        for top, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                           ("/sys/fs/cgroup", "memory.max")):
            path = f"{top}/linebounce-test-{os.getpid()}"
            with contextlib.suppress(OSError):
                os.mkdir(path)
                self.addCleanup(self.remove, path)
                with open(f"{path}/{limit}", "w", encoding="utf-8") as file:
                    file.write(str(mib * MIB))
                return path
        self.skipTest("no memory cgroup of our own can be had")

    @staticmethod
    def remove(path):
        for _ in range(50):
            with contextlib.suppress(OSError):
                os.rmdir(path)
                return
            time.sleep(0.1)

    def within(self, path, *args):
        def enter():
            with open(f"{path}/cgroup.procs", "w", encoding="utf-8") as file:
                file.write("0")

        return self.run_it(*args, preexec_fn=enter)

    def test_asked_for_too_much(self):
        result = self.within(self.group(200), "run", "fault", "--scenario", "pft", "--threads",
                             "1", "--memory", "1G", *QUIET)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("memory cgroup", result.stderr)

    def test_runs_short(self):
        """The limit falls in mid-run: the next window does not begin."""
        path = self.group(1500)

        def enter():
            with open(f"{path}/cgroup.procs", "w", encoding="utf-8") as file:
                file.write("0")

        process = self.start("run", "fault", "--scenario", "pft", "--threads", "1", "--memory",
                             "512M", "--rounds", "3000", "--precision", "0.01", *QUIET,
                             preexec_fn=enter)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and process.poll() is None and not self.in_rounds():
            time.sleep(0.02)
        for name in ("memory.limit_in_bytes", "memory.max"):
            with contextlib.suppress(OSError), \
                    open(f"{path}/{name}", "r+", encoding="utf-8") as file:
                file.write(str(200 * MIB))
        _, said = finish(process)
        self.assertEqual(process.returncode, 1, said)
        self.assertRegex(said, r"linebounce: [a-z-]+: would take 256 MiB, and the memory cgroup's "
                               r"limit leaves \d+ MiB")
        self.check_folder(self.path("out"))

    def in_rounds(self):
        with contextlib.suppress(OSError, KeyError, TypeError):
            return any(r["touch"] == "recycled" for r in read_csv(self.path("out/samples.csv")))
        return False

    def test_default_fits(self):
        result = self.within(self.group(600), "run", "fault", "--scenario", "pft", "--threads",
                             "1", "--rounds", "2", *QUIET)
        if not was_busy(result.returncode, result.stderr):
            self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["run"]["memory_bytes"], 128 * MIB)
        shutil.rmtree(self.path("out"))


def main():
    result = unittest.main(exit=False, verbosity=2).result
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    if not result.wasSuccessful():
        return 1
    return 77 if result.testsRun == len(result.skipped) else 0


if __name__ == "__main__":
    sys.exit(main())
