#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public header compiles alone, as C and as C++, and the library's symbols carry its prefix.

Usage: check_headers.py     ($LB_SOURCE_DIR, $LB_BUILD_DIR, CC, CXX)
Exit 0 passed, 1 failed, 77 skipped: no compiler.
"""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys

FLAGS = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]
# Flags of each language, and the variable and the names of its compilers.
LANGUAGES = {
    "C": (["-x", "c", "-std=gnu17"], ("CC", "gcc", "clang", "cc")),
    "C++": (["-x", "c++", "-std=c++17"], ("CXX", "g++", "clang++", "c++")),
}
PREFIX = re.compile(r"^lb_\w+$")
# What sanitizers and coverage add to every object.
INSTRUMENTATION = re.compile(r"^(__|_(GLOBAL|start_|stop_)|\.|DW\.ref\.)")


def compilers(language):
    """$CC or $CXX first, then gcc's and clang's where they are another program."""
    variable, *usual = LANGUAGES[language][1]
    found = {}
    for command in (os.environ.get(variable), *usual):
        if command and (path := shutil.which(shlex.split(command)[0])):
            found.setdefault(os.path.realpath(path), shlex.split(command))
    return list(found.values())


def compile_alone(compiler, language, include, header):
    """What the compiler says, '' when it is content. Twice: the guard must work."""
    text = f"#include <linebounce/{header}>\n" * 2
    command = [*compiler, *LANGUAGES[language][0], *FLAGS, "-I", include, "-"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return result.stderr.strip() or (f"exit {result.returncode}" if result.returncode else "")


def check_compile(root):
    include = os.path.join(root, "include")
    headers = sorted(h for h in os.listdir(os.path.join(include, "linebounce"))
                     if h.endswith(".h"))
    for language in LANGUAGES:
        for compiler, header in itertools.product(compilers(language), headers):
            if said := compile_alone(compiler, language, include, header):
                yield f"{compiler[0]}: {header} does not compile alone as {language}:\n{said}"
    for header in headers:
        with open(os.path.join(include, "linebounce", header), encoding="utf-8") as file:
            if not re.search("^LB_BEGIN_C$.*^LB_END_C$", file.read(), re.DOTALL | re.MULTILINE):
                yield f"{header}: its functions are not extern \"C\" for C++"
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
    if not compilers("C") or not shutil.which("nm"):
        print("skipped: no compiler or no nm")
        return 77
    faults = [*check_compile(root), *check_symbols(build)]
    names = ", ".join(c[0] for language in LANGUAGES for c in compilers(language))
    print("\n".join([*faults, f"compiled by {names}: {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
