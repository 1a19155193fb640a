#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Data flows one way: a stage includes only earlier ones, and only one place knows each library.

Usage: check_layers.py [SOURCE]     ($LB_SOURCE_DIR, or the folder above this script)
Exit 0 passed, 1 failed. A folder of lib/ or a public header that the table lacks is a fault too.
"""

import os
import re
import sys

# In order. Each stage is a folder of lib/; these are its public headers, without ".h". Files of one
# folder include one another as they like: that they call in no circle is check_circles.py's matter.
STAGES = {
    "base": "base",
    "machine": "arena atomics clock cpu_list doctor environment interrupts load memory placement "
               "prefetcher topology",
    "lock": "generation lock",
    # A layout says which kind of lock it holds, so the kinds come first.
    "layout": "c2c layout lines structure whatif",
    "kernel": "kernel",
    "workload": "op scenario word workload",
    "counters": "counters events",
    "crew": "account costs crew latency",
    "model": "bracket expected line_waits matrix model suggest",
    "stats": "interference stats",
    "record": "record",
    "plan": "plan sweep",
    "run": "run",
    "pingpong": "pairs",
    "explain": "explain predict",
    "report": "analysis answer gbench page plot",
    "compare": "compare compare_view repeat",
}

# In order too: folders of benchmarks/. What lies beside them, suites and their table, is between
# session and cli for those who include, and for all to see by suite.h.
BENCHMARKS = ["request", "report", "session", "cli"]

# Headers of libraries that one file alone may include.
ALONE = [
    (re.compile(r"^hwloc(\.h|/)"), "lib/machine/topology.c"),
    (re.compile(r"^numa(if)?\.h$"), "lib/machine/arena.c"),
    (re.compile(r"^zlib\.h$"), "lib/kernel/kernel_gzip.c"),
    (re.compile(r"^perfmon/"), "lib/counters/events_pfm.c"),
    (re.compile(r"^bpf/"), "lib/layout/btf_"),
    (re.compile(r"^dwarf\.h$|^elfutils/"), "lib/layout/dwarf_"),
    (re.compile(r"^linux/(perf_event|hw_breakpoint)\.h$"), "lib/counters/"),
    (re.compile(r"^benchmark/"), "lib/report/gbench.cc"),
    (re.compile(r"^(cjson/)?cJSON"), ("lib/record/json", "lib/compare/compare_json.c")),
    (re.compile(r"^argp\.h$|^getopt\.h$"), "benchmarks/"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
ORDER = {stage: place for place, stage in enumerate(STAGES)}
HEADERS = {f"include/linebounce/{name}.h": stage
           for stage, names in STAGES.items() for name in names.split()}


def stage_of(path):
    """The stage of a file of the library, or None."""
    folders = path.split("/")
    return HEADERS.get(path) if folders[0] != "lib" else folders[1] if folders[1] in ORDER else None


def sources(root, folder):
    for base, folders, files in os.walk(os.path.join(root, folder)):
        folders.sort()
        for name in sorted(files):
            if name.endswith((".c", ".h", ".cc", ".hh", ".cpp", ".S")):
                yield os.path.relpath(os.path.join(base, name), root)


def includes(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if match := INCLUDE.match(line):
                yield number, match[1] == '"', match[2]


def project_file(path, quoted, name):
    """The file of this project that an include names, or None."""
    if name.startswith("linebounce/"):
        return f"include/{name}"
    if not quoted:
        return None
    # Private headers of another folder are named from the top of the tree's half.
    half = path.split("/")[0] if "/" in name else os.path.dirname(path)
    return os.path.normpath(os.path.join(half, name))


def check_stage(root, path, target):
    """Faults of an include of a project's file from a file of the library."""
    stage = stage_of(target)
    if not stage or not os.path.exists(os.path.join(root, target)):
        yield f"includes {target}, which is no file of a stage"
    elif ORDER[stage] > ORDER[stage_of(path)]:
        yield f"stage {stage_of(path)} includes {target} of the later stage {stage}"
    elif target.startswith("lib/") and path.startswith("include/"):
        yield f"a public header includes the private {target}"


def check_benchmark(_, path, target):
    """The same from a file of the program."""
    own, other = path.split("/")[1], target.split("/")[1]
    if own in BENCHMARKS and other in BENCHMARKS[BENCHMARKS.index(own) + 1:]:
        yield f"benchmarks/{own} includes {target} of the later folder {other}"


def check_file(root, path):
    in_library = not path.startswith("benchmarks/")
    if in_library and not stage_of(path):
        yield f"{path}: in no folder of a stage, or a header of none (tests/check_layers.py)"
        return
    for number, quoted, name in includes(root, path):
        where = f"{path}:{number}"
        for library, only in ALONE:
            if library.search(name) and not path.startswith(only):
                yield f"{where}: only {only} may include <{name}>"
        target = project_file(path, quoted, name)
        if target:
            check = check_stage if in_library else check_benchmark
            yield from (f"{where}: {fault}" for fault in check(root, path, target))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LB_SOURCE_DIR",
                                                                os.path.dirname(here))
    paths = [p for folder in ("include/linebounce", "lib", "benchmarks")
             for p in sources(root, folder)]
    faults = [fault for path in paths for fault in check_file(root, path)]
    faults += [f"{path}: in the table of stages, but not there" for path in HEADERS
               if not os.path.exists(os.path.join(root, path))]
    summary = f"{len(paths)} files, {len(STAGES)} stages, {len(faults)} faults"
    print("\n".join([*faults, summary]))
    return 1 if faults or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
