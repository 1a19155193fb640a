#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public header compiles alone, and the library's external symbols carry its prefix.

Usage: check_headers.py     ($LB_SOURCE_DIR, $LB_BUILD_DIR, CC)
Exit 0 passed, 1 failed, 77 skipped: no compiler.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys

FLAGS = ["-x", "c", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]
PREFIX = re.compile(r"^lb_\w+$")
# What sanitizers and coverage add to every object.
INSTRUMENTATION = re.compile(r"^(__|_(GLOBAL|start_|stop_)|\.|DW\.ref\.)")


def compilers():
    """CC first, then gcc and clang where they are another program."""
    found = {}
    for command in (os.environ.get("CC"), "gcc", "clang", "cc"):
        if command and (path := shutil.which(shlex.split(command)[0])):
            found.setdefault(os.path.realpath(path), shlex.split(command))
    return list(found.values())


def compile_alone(compiler, include, header):
    """What the compiler says, '' when it is content. Twice: the guard must work."""
    text = f"#include <linebounce/{header}>\n" * 2
    command = [*compiler, *FLAGS, "-I", include, "-"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return result.stderr.strip() or (f"exit {result.returncode}" if result.returncode else "")


def check_compile(root):
    include = os.path.join(root, "include")
    headers = sorted(h for h in os.listdir(os.path.join(include, "linebounce"))
                     if h.endswith(".h"))
    for compiler in compilers():
        for header in headers:
            if said := compile_alone(compiler, include, header):
                yield f"{compiler[0]}: {header} does not compile alone:\n{said}"
    if not headers:
        yield f"no headers in {include}/linebounce"


def find_library(build):
    for folder, _, files in os.walk(build):
        if "liblinebounce.a" in files:
            return os.path.join(folder, "liblinebounce.a")
    return None


def check_symbols(build):
    library = find_library(build)
    if not library:
        yield f"no liblinebounce.a below {build}"
        return
    listed = subprocess.run(["nm", "--extern-only", "--defined-only", "--format=posix", library],
                            capture_output=True, text=True, check=True).stdout
    symbols = {line.split()[0] for line in listed.splitlines() if len(line.split()) > 2}
    if not symbols:
        yield f"{library}: no symbols"
    for symbol in sorted(symbols):
        if not PREFIX.match(symbol) and not INSTRUMENTATION.match(symbol):
            yield f"{library}: {symbol} does not start with lb_"


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.environ.get("LB_SOURCE_DIR", os.path.dirname(here))
    build = os.environ.get("LB_BUILD_DIR", os.path.join(root, "build"))
    if not compilers() or not shutil.which("nm"):
        print("skipped: no compiler or no nm")
        return 77
    faults = [*check_compile(root), *check_symbols(build)]
    names = ", ".join(c[0] for c in compilers())
    print("\n".join([*faults, f"compiled by {names}: {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
