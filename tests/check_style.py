#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Length of functions, lines and test files, blanks at line ends, and how a file begins.

Usage: check_style.py [SOURCE]     ($LB_SOURCE_DIR, or the folder above this script)
Exit 0 passed, 1 failed. Layout of the code is clang-format's matter, not this script's.
"""

import os
import re
import sys

FOLDERS = ("include", "lib", "benchmarks", "tests", "results/plots", ".ci")
C_FILES = (".c", ".h", ".cc")
SOURCES = C_FILES + (".py", ".sh", ".gp")
MOST_LINES = 60      # of any function
USUAL_LINES = 30     # of 90 % of the functions
MOST_COLUMNS = 100
MOST_OF_A_TEST = 900  # lines of a file below tests/
MOST_OF_A_SCRIPT = 120  # of one that draws
SPDX = "SPDX-License-Identifier: MIT"

# A function's head starts in the first column; labels, initialisers and types are not heads.
HEAD = re.compile(r"^[A-Za-z_][^;={]*\(")
NOT_A_HEAD = re.compile(r"^(struct|enum|union|typedef|extern \"C\"|namespace)\b[^(]*$")


def sources(root):
    for folder in FOLDERS:
        for base, folders, files in os.walk(os.path.join(root, folder)):
            folders[:] = sorted(f for f in folders if not f.startswith("__"))
            for name in sorted(files):
                if name.endswith(SOURCES) or folder == ".ci":
                    yield os.path.relpath(os.path.join(base, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read().split("\n")


def macros(lines):
    """(name, lines) of macros that go on over more than one line: they hold functions, too."""
    start = None
    for k, line in enumerate(lines):
        if start is None and line.startswith("#define") and line.endswith("\\"):
            start = k
        if start is not None and not line.endswith("\\"):
            yield lines[start].split("(")[0].rstrip(" \\"), k - start + 1
            start = None


def head_start(lines, brace):
    """The first line of what ends in the `{` of line `brace`."""
    k = brace
    while k > 0 and lines[k - 1] and not lines[k - 1].startswith(("}", "#", "/*", " */", "//")) \
            and not lines[k - 1].endswith((";", "*/", "\\")):
        k -= 1
    return k


def functions(lines):
    """(name, lines) from the first line of the head to the closing brace."""
    open_at = None
    for k, line in enumerate(lines):
        if open_at is None and line == "{":
            start = head_start(lines, k)
            head = " ".join(lines[start:k])
            if HEAD.match(head) and not NOT_A_HEAD.match(head):
                open_at = start
        elif open_at is not None and line.startswith("}"):
            name = re.search(r"(\w+)\s*\(", " ".join(lines[open_at:k]))
            yield name[1] if name else "?", k - open_at + 1
            open_at = None


def check_lines(path, lines):
    for number, line in enumerate(lines, 1):
        if len(line) > MOST_COLUMNS:
            yield f"{path}:{number}: {len(line)} columns, at most {MOST_COLUMNS}"
        if line != line.rstrip():
            yield f"{path}:{number}: blanks at the end of the line"
        if "\t" in line:
            yield f"{path}:{number}: a tab"
        if path.endswith(C_FILES) and "assert_in_range(" in line:
            yield f"{path}:{number}: cmocka 2 calls it assert_uint_in_range"
    if path.startswith("tests/") and len(lines) - 1 > MOST_OF_A_TEST:
        yield f"{path}: {len(lines) - 1} lines, a test file has at most {MOST_OF_A_TEST}"
    if path.endswith(".gp") and len(lines) - 1 > MOST_OF_A_SCRIPT:
        yield f"{path}: {len(lines) - 1} lines, a script that draws has at most {MOST_OF_A_SCRIPT}"
    if path.endswith(".gp") and any(".csv" in line for line in lines):
        yield f"{path}: a script draws what stands in its .dat: that reads CSV"
    if lines[-1]:
        yield f"{path}: no newline at the end"
    if not any(SPDX in line for line in lines[:3]):
        yield f"{path}: no '{SPDX}' in the first three lines"
    if path.startswith(("lib/", "benchmarks/")) and path.endswith((".c", ".cc")) \
            and lines[0].endswith("*/"):
        yield f"{path}: its first comment says nothing of what the file holds"


def percentile(lengths, share):
    return sorted(lengths)[min(len(lengths) - 1, int(share * len(lengths)))]


def check_lengths(lengths):
    faults = [f"{path}: {name}: {n} lines, at most {MOST_LINES}" for path, name, n in lengths
              if n > MOST_LINES]
    long = [(path, name, n) for path, name, n in lengths if n > USUAL_LINES]
    if len(long) > len(lengths) / 10:
        faults.append(f"{len(long)} of {len(lengths)} functions have over {USUAL_LINES} lines:")
        faults += [f"  {path}: {name}: {n}" for path, name, n in long]
    return faults


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LB_SOURCE_DIR",
                                                                os.path.dirname(here))
    faults, lengths, paths = [], [], list(sources(root))
    for path in paths:
        lines = read(root, path)
        faults += check_lines(path, lines)
        if path.endswith(C_FILES):
            lengths += [(path, *f) for f in [*functions(lines), *macros(lines)]]
    if not lengths:
        faults.append("no functions found")
    else:
        faults += check_lengths(lengths)
        n = [length for _, _, length in lengths]
        print(f"{len(paths)} files, {len(n)} functions: median {percentile(n, 0.5)} lines, "
              f"90 % within {percentile(n, 0.9)}, longest {max(n)}")
    print("\n".join([*faults, f"{len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
