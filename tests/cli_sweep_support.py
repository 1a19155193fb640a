#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the tests of sweeps share: small sweeps, and their files read and changed."""

import collections
import json
import os
import signal

from cli_support import Case, finish

# Two layouts in one scenario, on one thread: any machine can do that, and quickly.
SMALL = ("sweep", "--layout", "pointer,embedded", "--scenario", "same-object", "--work-ns", "0",
         "--seed", "5")
ALONE = (*SMALL, "--threads", "1", "--no-plots")
PAIR = (*SMALL, "--threads", "2", "--no-plots")


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines(keepends=True)


def contents(folder):
    """Every file of a folder with its bytes."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if os.path.isfile(os.path.join(folder, name)):
            with open(os.path.join(folder, name), "rb") as file:
                found[name] = file.read()
    return found


class Sweeps(Case):
    """With what every test of a measured sweep wants to know."""

    # What names a case in samples.csv.
    CASE = ("scenario", "layout", "lock", "placement", "home", "threads", "work_ns")

    def check_complete(self, folder, rounds):
        """Every case of the plan in each round, no window twice, none missing."""
        rows = [r for r in self.check_folder(folder) if not r["scenario"].startswith("anchor-")]
        with open(os.path.join(folder, "sweep.json"), encoding="utf-8") as file:
            plan = json.load(file)["plan"]
        seen = collections.defaultdict(set)
        tries = collections.Counter()
        for row in rows:
            case = tuple(row[name] for name in self.CASE)
            seen[case].add(int(row["round"]))
            tries[case, row["role"], row["round"], row["phase"], row["attempt"], row["status"]] += 1
        self.assertEqual(len(seen), plan["cases"])
        for case, in_rounds in seen.items():
            self.assertEqual(in_rounds, set(range(rounds)), case)
        self.assertEqual([t for t, n in tries.items() if n != 1], [], "measured twice")
        good = collections.Counter((t[0], *t[1:4]) for t in tries if t[5] == "ok")
        self.assertEqual([g for g, n in good.items() if n != 1], [], "measured twice")
        windows = list(dict.fromkeys(int(r["window"]) for r in rows))
        self.assertEqual(windows, list(range(len(windows))))
        return rows

    def stopped(self, args, number=signal.SIGKILL, rows=40, folder="out"):
        """Starts a sweep, or goes on with one, and stops it once so many rows are there."""
        process = self.start(*args)
        self.wait_for_rows(self.path(folder, "samples.csv"), rows, process)
        process.send_signal(number)
        _, words = finish(process)
        return process.returncode, words
