#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sums the JSON logs of `meson test` into one line: N passed, N failed, N skipped.

Usage: count.py LOG...
Exit 0 when something passed and nothing failed. A log that is missing or torn counts as a failure.
"""

import json
import sys

PASSED = ("OK", "EXPECTEDFAIL")


def count(path, totals):
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                result = json.loads(line)["result"]
                kind = ("passed" if result in PASSED else
                        "skipped" if result == "SKIP" else "failed")
                totals[kind] += 1
    except (OSError, ValueError, KeyError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        totals["failed"] += 1


def main():
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    for path in sys.argv[1:]:
        count(path, totals)
    print(", ".join(f"{n} {kind}" for kind, n in totals.items()))
    return 0 if totals["passed"] and not totals["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
