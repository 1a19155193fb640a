#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs benchmarks/setup.sh among made-up programs: what is asked, installed, refused and left out.

Usage: check_setup.py
Exit 0 passed, 1 failed.
"""

import os
import pty
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SETUP = os.path.join(ROOT, "benchmarks", "setup.sh")
# dpkg-query and apt-get keep what is installed in a file; the latter fails on what $BROKEN names.
PROGRAMS = {
    "dpkg-query": 'for p; do :; done; grep -qx "$p" "$STATE" && printf installed',
    "apt-cache": 'echo "  Candidate: $(sed -n "s/^$2 //p" "$CANDIDATES")"',
    "apt-get": """echo "$*" >>"$LOG"
        for p; do case " $BROKEN " in *" $p "*) echo "E: $p is broken" >&2; exit 100 ;; esac; done
        [ "$1" = update ] || for p; do echo "$p" >>"$STATE"; done""",
    "flock": 'shift 2; exec "$@"',
    "sudo": '[ -z "${NO_SUDO-}" ] || exit 1; [ "$1" != -n ] || shift; exec "$@"',
    "id": "echo 1000",
    "meson": 'echo "$MESON"',
    "ninja": "", "cc": "", "c++": "", "gnuplot": "", "python3": "",
    "pkg-config": 'case $* in --modversion*) echo 2.9.0 ;; esac',
}
TOOLS = ("awk", "cat", "env", "grep", "mktemp", "rm", "sed", "sh", "true")
NAMES = ("packages_run", "packages_features", "packages_tests", "packages_checks")

faults = []


def read_all(main):
    """What a terminal holds that nobody writes to any more."""
    text = b""
    try:
        while part := os.read(main, 4096):
            text += part
    except OSError:
        pass
    return text.decode()


def shell(folder, command, answer=None, **variables):
    """(status, what was said, what apt-get was told); with an answer on a terminal."""
    env = {"PATH": folder, "STATE": f"{folder}/state", "LOG": f"{folder}/log", "BROKEN": "",
           "CANDIDATES": f"{folder}/candidates", "MESON": "1.0.1", **variables}
    open(f"{folder}/log", "w", encoding="utf-8").close()
    main, terminal = pty.openpty()
    if answer is not None:
        os.write(main, answer.encode())
    given = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT} if answer is None else \
        {"stdin": terminal, "stderr": terminal}
    result = subprocess.run(["sh", "-euc", f'root={ROOT}; . "{SETUP}"; {command}'], env=env,
                            stdout=subprocess.PIPE, text=True, check=False, **given)
    os.close(terminal)
    said = result.stdout if answer is None else read_all(main)
    os.close(main)
    with open(f"{folder}/log", encoding="utf-8") as log:
        return result.returncode, said, log.read()


def machine(folder, missing=(), without=(), candidates=""):
    """A folder of programs in which all packages are installed but for these."""
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    for name in TOOLS:
        os.symlink(shutil.which(name), os.path.join(folder, name))
    for name, text in PROGRAMS.items():
        if name not in without:
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n{text}\n")
            os.chmod(os.path.join(folder, name), 0o755)
    lists = subprocess.run(["sh", "-c", f'root={ROOT}; . "{SETUP}"; echo ' +
                            " ".join(f"${n}" for n in NAMES)],
                           capture_output=True, text=True, check=True).stdout.split()
    with open(os.path.join(folder, "state"), "w", encoding="utf-8") as file:
        file.writelines(f"{p}\n" for p in lists if p not in missing)
    with open(os.path.join(folder, "candidates"), "w", encoding="utf-8") as file:
        file.write(candidates)


def expect(what, got, status, said=(), unsaid=(), told=(), untold=()):
    ended, text, log = got
    wrong = [f"status {ended}"] if ended != status else []
    wrong += [f"not said: {s}" for s in said if s not in text]
    wrong += [f"said: {s}" for s in unsaid if s in text]
    wrong += [f"apt-get was not told: {s}" for s in told if s not in log]
    wrong += [f"apt-get was told: {s}" for s in untold if s in log]
    if wrong:
        faults.append(f"{what}: {'; '.join(wrong)}\n{text}{log}")


def check_nothing_missing(folder):
    machine(folder)
    expect("nothing is missing", shell(folder, "need_packages tests"), 0, unsaid=["linebounce:"],
           untold=["update"])


def check_fonts(folder):
    machine(folder, ["fonts-dejavu-core"])
    expect("no fonts and no root", shell(folder, "need_packages run", NO_SUDO="1"), 0,
           said=["fonts-dejavu-core", "sudo does not work"], untold=["install"])
    expect("no fonts to be had", shell(folder, "need_packages run", BROKEN="fonts-dejavu-core"), 0,
           said=["fonts-dejavu-core is broken", "going on without it"])
    machine(folder, ["fonts-dejavu-core"], without=["sudo"])
    expect("no fonts and no sudo", shell(folder, "need_packages run"), 0,
           said=["sudo does not work"], untold=["install"])


def check_necessary(folder):
    machine(folder, ["ninja-build", "gnuplot-nox"], without=["ninja", "gnuplot"])
    expect("no ninja and no root", shell(folder, "need_packages run", NO_SUDO="1"), 1,
           said=["please install what is missing (programs, libraries): ninja"])
    expect("no ninja to be had", shell(folder, "need_packages run", BROKEN="ninja-build"), 1,
           said=["ninja-build is broken", "apt-get install: failed"])
    machine(folder, ["ninja-build", "zlib1g-dev"])
    expect("one of each", shell(folder, 'need_packages run; echo "new: $installed"'), 0,
           said=["these packages are missing: ninja-build zlib1g-dev", "new: ninja-build zlib1g"],
           told=["update", "recommends ninja-build\n", "recommends zlib1g-dev\n"])


def check_sources(folder):
    machine(folder, ["ninja-build"])
    expect("a source is broken", shell(folder, "need_packages run", BROKEN="update"), 0,
           said=["update is broken", "going on with the lists"], told=["recommends ninja-build"])


def check_least(folder):
    machine(folder, ["meson", "ninja-build"], without=["meson"], candidates="meson 0.56.2-1\n")
    expect("an old system", shell(folder, "need_packages run"), 1,
           said=["meson 0.56.2 is what this system has, and 1.0.0 is the least"],
           untold=["install"])
    machine(folder)
    expect("an old meson", shell(folder, "need_packages run", MESON="0.64.1"), 1,
           said=["meson 0.64.1 is what"])
    machine(folder, ["meson"], candidates="meson 0.56.2-1\n")
    expect("meson from elsewhere", shell(folder, "need_packages run", MESON="1.10"), 0,
           untold=["install"])


def check_asks(folder):
    question = "install them by apt-get? [Y/n]"
    machine(folder, ["ninja-build"])
    expect("no", shell(folder, "need_packages run", "n\n"), 0,
           said=["missing: ninja-build", question], untold=["install"])
    expect("yes", shell(folder, "need_packages run", "\n"), 0, said=[question],
           told=["ninja-build"])
    machine(folder, ["ninja-build"])
    expect("nobody to ask", shell(folder, "need_packages run"), 0, said=["missing: ninja-build"],
           unsaid=[question], told=["ninja-build"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        checks = [check_nothing_missing, check_fonts, check_necessary, check_sources, check_least,
                  check_asks]
        for check in checks:
            check(folder)
    print("\n".join([*faults, f"{len(checks)} checks, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
