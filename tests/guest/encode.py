#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds tests/encode.c with another architecture's libpfm4, and runs it by user-mode emulation.

Usage: encode.py arm64|ppc64el [FOLDER]
  FOLDER   what setup.sh filled (default: $LB_BUILD_DIR/guest)
Exit 0 passed, 1 failed, 77 skipped: something is missing.
"""

import os
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
TIME_S = 60
SOURCES = [
    "tests/encode.c",
    "lib/base/base.c",
    "lib/base/printable.c",
    "lib/counters/events_pfm.c",
    "lib/counters/events_table.c",
    "lib/counters/events_text.c",
]
FLAGS = ["-static", "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror"]
# Debian's name of the architecture: compiler and its folders, emulator.
ARCHITECTURES = {
    "arm64": ("aarch64-linux-gnu", "qemu-aarch64"),
    "ppc64el": ("powerpc64le-linux-gnu", "qemu-ppc64le"),
}


def find_emulator(name):
    """qemu-user's name, or that of qemu-user-static."""
    return shutil.which(name) or shutil.which(f"{name}-static")


def what_is_missing(sysroot, triplet, emulator):
    if not os.path.isdir(sysroot):
        return f"no {sysroot}: run `sh tests/run.sh --guest`"
    if not shutil.which(f"{triplet}-gcc"):
        return f"no {triplet}-gcc"
    return "" if find_emulator(emulator) else f"no {emulator}"


def run(command):
    print(" ".join(command), flush=True)
    return subprocess.run(command, timeout=TIME_S, check=False).returncode


def encode(root, sysroot, triplet, emulator):
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "encode")
        compiled = run([f"{triplet}-gcc", *FLAGS, "-o", program, f"-I{root}/include",
                        f"-I{root}/lib", "-isystem", f"{sysroot}/usr/include",
                        *(os.path.join(root, s) for s in SOURCES),
                        f"-L{sysroot}/usr/lib/{triplet}", "-lpfm"])
        return 1 if compiled or run([find_emulator(emulator), program]) else 0


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in ARCHITECTURES:
        print(__doc__, file=sys.stderr)
        return 2
    name = sys.argv[1]
    triplet, emulator = ARCHITECTURES[name]
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.join(
        os.environ.get("LB_BUILD_DIR", "build"), "guest")
    root = os.environ.get("LB_SOURCE_DIR", os.path.join(os.path.dirname(__file__), "..", ".."))
    sysroot = os.path.join(folder, name)
    if missing := what_is_missing(sysroot, triplet, emulator):
        print(f"skipped: {missing}")
        return SKIPPED
    return encode(root, sysroot, triplet, emulator)


if __name__ == "__main__":
    sys.exit(main())
