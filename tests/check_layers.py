#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Data flows one way: a stage includes only earlier ones, and only one place knows each library.

Usage: check_layers.py [SOURCE]     ($LB_SOURCE_DIR, or the folder above this script)
Exit 0 passed, 1 failed. A file of lib/ or include/ that the table lacks is a fault too.
"""

import os
import re
import sys

# In order. Each stage: its public header is NAME.h; these are its files in lib/.
STAGES = [
    ("base", "base/base.c base/canvas.h base/files.c base/names.c base/printable.c"),
    ("memory", "machine/memory.c"),
    ("clock", "machine/clock.c machine/clock_private.h"),
    ("load", "machine/load.c"),
    ("arena", "machine/arena.c machine/arena_private.h"),
    ("topology", "machine/topology.c"),
    ("prefetcher", "machine/prefetcher.c"),
    ("placement", "machine/placement.c machine/placement_classes.c machine/placement_home.c"),
    ("lock", "lock/lock.c lock/fast_paths.h lock/lock_private.h lock/task.c lock/osq.c "
             "lock/refcount.c lock/rwsem.c"),
    ("structure", "layout/structure.c layout/btf_read.c layout/btf_read.h layout/btf_members.c "
                  "layout/structure_move.c layout/btf_none.c layout/structure_private.h "
                  "layout/structure_read.c"),
    # A layout says which kind of lock it holds, so the kinds come first.
    ("layout", "layout/layout.c layout/layout_draw.c layout/layout_parse.c "
               "layout/layout_private.h layout/layout_btf.c"),
    ("kernel", "kernel/kernel.c kernel/kernel_btf.c kernel/kernel_config.c kernel/kernel_draw.c "
               "kernel/kernel_files.c kernel/kernel_gzip.c kernel/kernel_gzip_none.c "
               "kernel/kernel_generation.c kernel/kernel_private.h kernel/kernel_slab.c "
               "kernel/kernel_trace.c"),
    ("scenario", "workload/scenario.c workload/workload_objects.c workload/workload_churn.c "
                 "workload/workload_pages.c workload/workload_private.h "
                 "workload/workload_watch.c workload/workload_words.c workload/loops_objects.c "
                 "workload/loops_churn.c workload/loops_pages.c workload/loops.h "
                 "workload/loops_accesses.c workload/loops_words.c workload/watch_words.c"),
    ("events", "counters/events.c counters/events_pfm.c counters/events_pfm_none.c "
               "counters/events_private.h counters/events_table.c counters/events_text.c"),
    ("counters", "counters/counters.c counters/rdpmc.c counters/counters_private.h "
                 "counters/counters_probe.c counters/perf_calls.c"),
    ("latency", "crew/histogram.c"),
    ("crew", "crew/crew.c crew/crew_private.h crew/worker.c crew/block_log.c "
             "crew/pingpong.c crew/rendezvous.c"),
    ("stats", "stats/stats.c stats/hodges_lehmann.c stats/stats_private.h stats/verdict.c"),
    ("interference", "stats/interference.c"),
    ("record", "record/csv.c machine/environment.c machine/environment_private.h "
               "base/make_folders.c record/json.c record/json_private.h record/json_read.c "
               "base/number.c base/number.h record/row.c record/row.h record/schema.c"),
    ("compare", "compare/compare.c compare/compare_arrange.c compare/compare_interval.c "
                "compare/compare_json.c compare/compare_judge.c compare/compare_private.h "
                "compare/compare_read.c compare/compare_regimes.c compare/compare_warn.c "
                "compare/compare_write.c"),
    ("plan", "plan/plan.c"),
    ("sweep", "plan/sweep.c"),
    ("run", "run/run.c run/run_private.h run/case.c run/samples_write.c run/first_touch.c "
            "run/budget.c run/event_groups.c run/instruments.c run/series.c run/regimes.c "
            "run/samples_read.c run/samples_check.c"),
    ("pairs", "pingpong/pairs.c pingpong/pairs_measure.c pingpong/pairs_write.c"),
    ("analysis", "report/analysis.c report/analysis_answer.c report/analysis_causes.c "
                 "report/analysis_judge.c report/analysis_private.h report/analysis_find.c "
                 "report/summary_write.c"),
    ("plot", "report/gnuplot.c report/html.c report/pictures.c report/plot.c "
             "report/plot_private.h"),
    ("gbench", "report/gbench.cc report/gbench_none.c"),
]

# Headers of libraries that one file alone may include.
ALONE = [
    (re.compile(r"^hwloc(\.h|/)"), "lib/machine/topology.c"),
    (re.compile(r"^numa(if)?\.h$"), "lib/machine/arena.c"),
    (re.compile(r"^zlib\.h$"), "lib/kernel/kernel_gzip.c"),
    (re.compile(r"^perfmon/"), "lib/counters/events_pfm.c"),
    (re.compile(r"^bpf/"), "lib/layout/btf_"),
    (re.compile(r"^linux/(perf_event|hw_breakpoint)\.h$"), "lib/counters/"),
    (re.compile(r"^benchmark/"), "lib/report/gbench.cc"),
    (re.compile(r"^(cjson/)?cJSON"), ("lib/record/json", "lib/compare/compare_json.c")),
    (re.compile(r"^argp\.h$|^getopt\.h$"), "benchmarks/"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
ORDER = {name: place for place, (name, _) in enumerate(STAGES)}


def stage_table():
    table = {f"include/linebounce/{name}.h": name for name, _ in STAGES}
    for name, files in STAGES:
        table.update({f"lib/{file}": name for file in files.split()})
    return table


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


def check_stage(table, path, target):
    """Faults of an include of a project's file from a file of the library."""
    if target not in table:
        yield f"includes {target}, which is no file of a stage"
    elif ORDER[table[target]] > ORDER[table[path]]:
        yield f"stage {table[path]} includes {target} of the later stage {table[target]}"
    elif target.startswith("lib/") and path.startswith("include/"):
        yield f"a public header includes the private {target}"


def check_file(root, table, path):
    in_library = not path.startswith("benchmarks/")
    if in_library and path not in table:
        yield f"{path}: not in the table of stages (tests/check_layers.py)"
        return
    for number, quoted, name in includes(root, path):
        where = f"{path}:{number}"
        for library, only in ALONE:
            if library.search(name) and not path.startswith(only):
                yield f"{where}: only {only} may include <{name}>"
        target = project_file(path, quoted, name)
        if target and in_library:
            yield from (f"{where}: {fault}" for fault in check_stage(table, path, target))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LB_SOURCE_DIR",
                                                                os.path.dirname(here))
    table = stage_table()
    paths = [p for folder in ("include/linebounce", "lib", "benchmarks")
             for p in sources(root, folder)]
    faults = [fault for path in paths for fault in check_file(root, table, path)]
    faults += [f"{path}: in the table of stages, but not there" for path in table
               if not os.path.exists(os.path.join(root, path))]
    summary = f"{len(paths)} files, {len(STAGES)} stages, {len(faults)} faults"
    print("\n".join([*faults, summary]))
    return 1 if faults or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
