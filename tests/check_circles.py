#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No circles of files: where one calls another, the other does not need the first.

Usage: check_circles.py [BUILD]     ($LB_BUILD_DIR, $LB_SOURCE_DIR, NM)
Reads which symbols each object file of the library and of the program defines and lacks. The
includes say less: a private header serves several files (check_layers.py reads those). What is
inline in a header is compiled into those who include it: fast and slow paths of a lock make none.
Exit 0 passed, 1 failed, 77 skipped: no nm, or objects that it cannot read.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys

FOLDERS = ("lib", "benchmarks")


def find_objects(build, source):
    """Object file to source file, both relative: of the library and the program, not of tests."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    found = {}
    for command in commands:
        path = os.path.normpath(os.path.join(command["directory"], command["file"]))
        output = os.path.relpath(os.path.join(command["directory"], command["output"]), build)
        top = build if path.startswith(build + os.sep) else source
        if output.split(os.sep)[0] in FOLDERS and path.startswith(top + os.sep):
            found[output] = os.path.relpath(path, top)
    return {o: s for o, s in found.items() if os.path.exists(os.path.join(build, o))}


def read_symbols(build, names):
    """Of each source: the external symbols that it defines, and those that it lacks."""
    command = [*shlex.split(os.environ.get("NM", "nm")), "-A", "--extern-only", "--format=posix"]
    listed = subprocess.run([*command, *names], cwd=build, capture_output=True, text=True,
                            check=True).stdout
    defined, lacked = {}, {source: set() for source in names.values()}
    for line in listed.splitlines():
        place, rest = line.split(": ", 1)
        symbol, kind = rest.split()[:2]
        if kind == "U":
            lacked[names[place]].add(symbol)
        elif kind not in "vVwW":
            defined[symbol] = names[place]
    return defined, lacked


def build_graph(defined, lacked):
    """Source to the sources it needs, each with the symbols that it takes from there."""
    graph = {source: {} for source in lacked}
    for source, symbols in lacked.items():
        for symbol in symbols:
            target = defined.get(symbol, source)
            if target != source:
                graph[source].setdefault(target, set()).add(symbol)
    return graph


def reach(graph, start):
    seen, rest = set(), [start]
    while rest:
        for target in graph[rest.pop()]:
            if target not in seen:
                seen.add(target)
                rest.append(target)
    return seen


def find_circles(graph):
    """Sets of sources, each of which needs all others of its set."""
    reached = {source: reach(graph, source) for source in graph}
    circles = {frozenset(t for t in targets if source in reached[t])
               for source, targets in reached.items() if source in targets}
    return sorted(circles, key=sorted)


def describe(graph, circle):
    yield "circle of " + ", ".join(sorted(circle))
    for source in sorted(circle):
        for target in sorted(circle & graph[source].keys()):
            yield f"  {source} -> {target}: " + ", ".join(sorted(graph[source][target]))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    source = os.path.realpath(os.environ.get("LB_SOURCE_DIR", os.path.dirname(here)))
    build = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else
                             os.environ.get("LB_BUILD_DIR", os.path.join(source, "build")))
    if not shutil.which(shlex.split(os.environ.get("NM", "nm"))[0]):
        print("skipped: no nm")
        return 77
    names = find_objects(build, source)
    defined, lacked = read_symbols(build, names)
    graph = build_graph(defined, lacked)
    if not any(graph.values()):
        print(f"skipped: nm finds no calls from file to file among {len(names)} objects")
        return 77
    circles = find_circles(graph)
    for circle in circles:
        print("\n".join(describe(graph, circle)))
    print(f"{len(graph)} files, {len(circles)} circles")
    return 1 if circles else 0


if __name__ == "__main__":
    sys.exit(main())
