# SPDX-License-Identifier: MIT
"""Results folders made by hand: what a suite's run would have left, with figures that were never
measured, so that what is printed of them does not depend on the machine.
"""

import csv
import json
import os

from cli_support import SCHEMA

MACHINE = {"host": "rack7", "cpu_model": "Made Processor 9", "kernel": "Linux 6.18.0 #1 SMP",
           "hypervisor": "", "counters": "present"}
# Difference from the baseline, half of its interval, verdict; dealt out in turn.
VERDICTS = ((0.4, 0.9, "same"), (-9.3, 1.1, "faster"), (0.2, 0.8, "same"),
            (41.5, 2.3, "slower"), (-0.6, 1.0, "same"), (3.1, 6.5, "unresolved"))


def place(name="l3", threads=2, trip=80.0):
    return {"placement": name, "distance": name, "home": "local", "threads": threads,
            "regime": 0, "regime_ns": trip if threads > 1 else ""}


def interval(column, value, half):
    return {f"{column}_lo": round(value - half, 3), f"{column}_hi": round(value + half, 3)}


def cost(ns, work):
    gross = ns + work
    return {"windows": 30, "windows_spoiled": 1, "ns_op_median": gross,
            **interval("ns_op_ci95", gross, 1), "net_ns_op_hl": ns,
            **interval("net_ns_op_ci95", ns, 1)}


def against(base, ns, difference, half, verdict):
    return {"baseline": base, "pairs": 30, "diff_ns": difference,
            **interval("diff_ns_ci95", difference, half), "ratio": 1 + difference / 250,
            **interval("ratio_ci95", 1 + difference / 250, half / 250), "margin_ns": 4.4,
            "verdict": verdict, "net_ns_op_hl": round(ns + difference, 3)}


def controls(suite, where):
    """Sharing shows, and the pause hides nothing."""
    for work in (200, 100, 1000):
        for name, ns in (("empty", 0), ("control-apart", 9)):
            yield {"suite": suite, "scenario": name, "role": "all", "work_ns": work, **where,
                   **cost(ns, work)}
        yield {"suite": suite, "scenario": "control-shared", "role": "all", "work_ns": work,
               **where, **cost(30, work), **against("", 9, 21.0, 1.0, "slower"), "verdict": ""}


def compared(suite, scenarios, layouts, where, work=200, base=None, turn=0, scale=1,
             **more):
    """A row each scenario, role and layout. layouts: name to what its rows have besides."""
    for at, (scenario, role) in enumerate(scenarios):
        for k, (layout, own) in enumerate(layouts.items()):
            mine = base(layout) if callable(base) else base or next(iter(layouts))
            ns = 20.0 + 11 * at
            row = {"suite": suite, "scenario": scenario, "role": role, "layout": layout,
                   "work_ns": work, **where, **cost(ns, work), **more, **own}
            if layout != mine:
                difference, half, verdict = VERDICTS[(turn + at + 2 * k) % len(VERDICTS)]
                row |= against(mine, ns, scale * difference, half, verdict)
            yield row


def write_csv(path, rows):
    columns = ["schema_version", *dict.fromkeys(key for row in rows for key in row)]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({"schema_version": SCHEMA, **row} for row in rows)


def write_folder(folder, suite, question, rows, **told):
    """summary.csv and run.json; `told` is what run.json has of the suite."""
    os.mkdir(folder)
    if rows:
        write_csv(os.path.join(folder, "summary.csv"), rows)
    record = {"schema_version": SCHEMA, "machine": MACHINE, "build": {"version": "0.0.0"},
              "counters": {"state": "present"},
              "run": {"command": ["linebounce", "run", suite], "margin_ns": 2,
                      "margin_share": 0.02},
              "suites": {suite: {"question": question, "rounds": 30, "windows": 1000,
                                 "windows_spoiled": 40, "elapsed_s": 60, "ended": "budget",
                                 "others_share": 0.01, **told}}}
    with open(os.path.join(folder, "run.json"), "w", encoding="utf-8") as file:
        json.dump(record, file)


def pairs(levels, rounds=30, noise=(0, 0.3, -0.2, 0.1, -0.4, 0.2)):
    """pairs.csv of pairs (a, b, distance, pairs in its class, ns by load and store)."""
    for number in range(rounds):
        for at, (a, b, distance, possible, ns) in enumerate(levels):
            for op, more in (("load-store", 0), ("compare-and-swap", 5.5)):
                one_way = ns + more + noise[(number + at) % len(noise)]
                yield {"op": op, "pu_a_os": a, "pu_b_os": b, "distance": distance,
                       "class": f"{distance}@0", "class_pairs": possible, "home": "both",
                       "home_node_os": 0, "round": number, "start_ns": number * 1000,
                       "round_trip_ns": round(2 * one_way, 3), "one_way_ns": round(one_way, 3)}
