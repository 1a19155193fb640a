#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual pages: groff warns of nothing, and each has what the program says of its command.

Usage: check_man.py PAGE...     program: $LINEBOUNCE; $LB_SOURCE_DIR
Exit 0 passed, 1 failed, 77 skipped: there is no groff.
"""

import os
import re
import shutil
import subprocess
import sys

SOURCE = os.environ.get("LB_SOURCE_DIR",
                        os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OVERVIEW = os.path.join(SOURCE, "benchmarks/linebounce.1")
PROGRAM = os.environ.get("LINEBOUNCE", os.path.join(SOURCE, "build/benchmarks/linebounce"))


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})


def names(*what):
    return run(PROGRAM, "help", "--names", *what).stdout.split()


def warnings(page):
    """Of breaking lines there may be some: a terminal is narrow, a layout of one's own is long."""
    said = run("groff", "-man", "-Tutf8", "-ww", "-Wbreak", "-z", page)
    yield from said.stderr.splitlines()
    if said.returncode:
        yield f"groff ends with {said.returncode}"


def shown(page):
    text = run("groff", "-man", "-Tutf8", "-P-cbou", page).stdout
    return re.sub(r"\s+", " ", text.replace("\u2010", "-").replace("\u2212", "-"))


def lacks(page):
    """What the program knows of a command, and its page does not say."""
    command = os.path.basename(page).removesuffix(".1").removeprefix("linebounce-")
    command = command.replace("show-", "show ").split()
    text = shown(page)
    options = names("options", *command)
    if not options:
        yield f"the program knows no option of {' '.join(command)}"
    yield from (f"it lacks {option}" for option in options
                if not re.search(re.escape(option) + r"(?![a-z-])", text))
    if command == ["run"]:
        yield from (f"it lacks suite {suite}" for suite in names("suites")
                    if f"example linebounce run {suite}" not in text)


def main():
    if not shutil.which("groff"):
        print("skipped: no groff (Debian: groff)")
        return 77
    pages = sys.argv[1:]
    faults = [f"{page}: {fault}" for page in [OVERVIEW, *pages] for fault in warnings(page)]
    faults += [f"{page}: {fault}" for page in pages for fault in lacks(page)]
    have = {os.path.basename(page) for page in pages}
    faults += [f"no page of {command}" for command in names("commands")
               if f"linebounce-{command}.1" not in have]
    with open(OVERVIEW, encoding="utf-8") as file:
        overview = file.read()
    faults += [f"{OVERVIEW} does not name {page}" for page in sorted(have)
               if page.removesuffix(".1").replace("-", "\\-") not in overview]
    print("\n".join([*faults, f"{1 + len(pages)} pages, {len(faults)} faults"]))
    return 1 if faults or not pages else 0


if __name__ == "__main__":
    sys.exit(main())
