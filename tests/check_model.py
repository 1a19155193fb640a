#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Has spin go through every order of the steps of tests/model/rwsem.pml: the rw-semaphore's queue,
wait list, hand-off and futex among three threads, and the queue by itself among four. Then every
fault that can be planted in the model has to be found.

Usage: check_model.py [READERS WRITERS [ROUNDS]]     other numbers, which may take hours
Exit 0 passed, 1 failed, 77 skipped: no spin (Debian: spin), no C compiler.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "model", "rwsem.pml")
FAULT = re.compile(r"^#define (\w+) +(\d+) /\* ", re.MULTILINE)

# What is searched, and the faults that can be seen there.
SEARCHES = {
    ("READERS=1", "WRITERS=2"): (
        "UNLOCK_WAKES_NOBODY", "TOKEN_WAKES_NOBODY", "WAKE_BEFORE_TOKEN",
        "SPINNER_TAKES_PROMISED", "QUEUED_TAKES_PROMISED", "OWNER_CLEARED_LATE",
        "WAITERS_SET_LATE", "READER_QUEUES_SILENTLY", "GRANTED_WHILE_WRITTEN"),
    ("READERS=2", "WRITERS=1"): ("READER_TAKES_PROMISED",),
    ("READERS=0", "WRITERS=3"): (),
    ("READERS=1", "WRITERS=2", "CLEARING"): ("READER_CLEARS_LATE",),
    ("READERS=2", "WRITERS=1", "CLEARING"): (),
    ("READERS=0", "WRITERS=4", "QUEUE_ALONE"): (
        "LEAVER_FORGETS_PREV", "LEAVER_FORGETS_NEXT", "HOLDER_KEEPS_QUEUE"),
}


def faults_of_model():
    with open(MODEL, encoding="utf-8") as file:
        return dict(FAULT.findall(file.read()))


def build(place, defines):
    """The checker that spin makes of the model."""
    for command in (["spin", *(f"-D{d}" for d in defines), "-a", MODEL],
                    ["cc", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=4096", "-o", "pan",
                     "pan.c"]):
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"failed: {' '.join(command)}:\n{done.stdout}{done.stderr}")
            sys.exit(1)


def search(place, fault):
    """(what was found or None, states). A search that did not come to its end is no answer."""
    done = subprocess.run(["./pan", "-m200000", "-n"], cwd=place, capture_output=True, text=True,
                          check=False, env={**os.environ, "LB_MUTANT": fault})
    errors = re.search(r"errors: (\d+)", done.stdout)
    states = re.search(r"(\d+) states, stored", done.stdout)
    if not errors or not states or re.search(r"max search depth too small|out of memory|"
                                             r"search not completed", done.stdout.split(
                                                 "pan: wrote")[0]):
        print(f"failed: the search did not end:\n{done.stdout}{done.stderr}")
        sys.exit(1)
    found = re.search(r"^pan:\d+: (.*) \(at depth", done.stdout, re.MULTILINE)
    if (int(errors[1]) > 0) != bool(found):
        print(f"failed: {errors[0]}, and no word of it:\n{done.stdout}")
        sys.exit(1)
    return found[1] if found else None, int(states[1])


def check(defines, planted, numbers):
    """How many faults: of the model as it is, and planted ones that were not found."""
    wrong = 0
    with tempfile.TemporaryDirectory() as place:
        build(place, defines)
        found, states = search(place, "0")
        print(f"{' '.join(defines)}: {states} states, {found or 'nothing found'}", flush=True)
        wrong += bool(found)
        for name in planted:
            found, _ = search(place, numbers[name])
            print(f"  {name}: {found or 'NOT FOUND'}", flush=True)
            wrong += not found
    return wrong


def main():
    for tool in ("spin", "cc"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is missing (Debian: {'gcc' if tool == 'cc' else tool})")
            return 77
    numbers = faults_of_model()
    if sys.argv[1:]:
        names = zip(("READERS", "WRITERS", "ROUNDS"), sys.argv[1:])
        return min(check([f"{name}={n}" for name, n in names], (), numbers), 1)
    listed = [name for planted in SEARCHES.values() for name in planted]
    wrong = sum(check(defines, planted, numbers) for defines, planted in SEARCHES.items())
    for name in sorted(set(numbers) ^ set(listed)):
        print(f"{name}: a fault of the model or of this table alone")
        wrong += 1
    print(f"{len(SEARCHES)} searches, {len(listed)} planted faults, {wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
