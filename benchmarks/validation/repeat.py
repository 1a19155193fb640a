#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Coefficients of variation between runs: repeat.py DIR... (folders of default runs)."""
import csv
import statistics
import sys

HEADLINE_NS = 200
AGREE = 1.15  # regimes lie at least this factor apart


def rows_of(folder, name):
    with open(f"{folder}/{name}", newline="") as file:
        yield from csv.DictReader(file)


def spread(values):
    return statistics.stdev(values) / abs(statistics.mean(values))


def ping_pong(folder, near):
    """Median of the anchors' round trips in the regime around `near` (all when None)."""
    trips = [float(r["ns_op"]) for r in rows_of(folder, "samples.csv")
             if r["scenario"] == "anchor-pingpong"]
    kept = [t for t in trips if near is None or near / AGREE < t < near * AGREE]
    return statistics.median(kept) if kept else None


def main(folders):
    near = statistics.median(ping_pong(f, None) for f in folders)
    trips = [t for t in (ping_pong(f, near) for f in folders) if t]
    print(f"{len(folders)} runs; regime around {near:.0f} ns a round trip")
    if len(trips) > 1:
        mean = statistics.mean(trips)
        print(f"ping-pong over fresh lines: {len(trips)} runs, mean {mean:.1f} ns, "
              f"CV {100 * spread(trips):.1f} %")
    found = {}
    for folder in folders:
        for row in rows_of(folder, "summary.csv"):
            regime = row["regime_ns"]
            if not row["layout"] or float(row["work_ns"]) != HEADLINE_NS or not regime:
                continue
            if not near / AGREE < float(regime) < near * AGREE or not row["net_ns_op_hl"]:
                continue
            key = (row["scenario"], row["role"], row["layout"])
            found.setdefault(key, []).append(
                (float(row["net_ns_op_hl"]), float(row["ns_op_median"])))
    print(f"{'scenario':12} {'role':8} {'layout':21} runs  mean net ns  CV of net  CV of ns/op")
    for (scenario, role, layout), pairs in sorted(found.items()):
        if len(pairs) < 2:
            continue
        net, gross = zip(*pairs)
        print(f"{scenario:12} {role:8} {layout:21} {len(net):4} {statistics.mean(net):12.1f} "
              f"{100 * spread(net):9.1f}% {100 * spread(gross):11.2f}%")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("repeat.py: two folders at least")
    main([f.rstrip("/") for f in sys.argv[1:]])
