#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The model of lines (`linebounce predict`) held against measured runs and published figures.

    python3 benchmarks/validation/model.py [--quick] [--page FILE] [--label TEXT] DIR...

DIR are results folders of default runs with two threads, measured after the model was frozen; their
cells are predicted from what the same runs say of a line's costs. Published figures are below, with
where they come from; the model's are made by build/benchmarks/published ($PUBLISHED), in a minute.
The program is $LINEBOUNCE, else build/benchmarks/linebounce. The tables go to standard output, and
with --page into that file (results/model.md), between the two lines that mark them there.
"""
import argparse
import csv
import datetime
import io
import json
import os
import statistics
import subprocess
import sys

import page

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("LINEBOUNCE", os.path.join(ROOT, "build/benchmarks/linebounce"))
PUBLISHED = os.environ.get("PUBLISHED", os.path.join(ROOT, "build/benchmarks/published"))
SAME = ("scenario", "role", "regime", "placement")
LEAST_NS = 10  # below it errors are said in ns
OWN_NS = 3  # ops of several kinds, by themselves, lie within it
NEAR_NS = 60  # a fetch, on the machines that were measured so far
ENOUGH = 10  # windows: with fewer what was measured is itself hardly known to 10 %

# pft, faults per CPU second against the separate lock, in %: on lore.kernel.org by message id.
BROADWELL = (1, 4, 7, 12, 21, 30, 48, 56)
FAULTS = {
    ("own line, 256 B; prefetcher on (test)", "embedded-own-line", "on"): (
        (0.4, -0.8, -2.9, -15.0, -8.7, -11.9, -12.3, -10.5),
        "CAJuCfpH36sXvCaYL88nzi_8-Yr1tpxHuaLfCMqCac-zN6QHWmg@mail.gmail.com"),
    ("own line, 256 B; prefetcher off (test)", "embedded-own-line", "off"): (
        (0.0, -0.1, 0.0, -4.1, 1.3, -0.1, -6.1, 1.7),
        "CAJuCfpEisU8Lfe96AYJDZ+OM4NoPmnw9bP53cT_kbfP_pR+-2g@mail.gmail.com"),
    ("refcount, 192 B at 0 modulo 128 (fitted: stealing)", "refcount at 0", "on"): (
        (-0.3, 0.5, 0.7, 1.3, 14.8, 13.1, 12.9, 11.9),
        "20250213224655.1680278-1-surenb@google.com"),
    ("seq on the refcount's line, against refcount (fitted: stealing)",
     "refcount-seq at 0", "on"): (
        (0.0, 0.2, -1.0, -6.4, -9.8, -6.5, -6.9, -9.9),
        "CAJuCfpG+WkmjriuEZH2_=YKgqrVLXfO19b4SMf_tQ=N25ntbww@mail.gmail.com"),
}
# The same, if the object lies so that the prefetcher pairs its count with fields.
ELSEWHERE = "refcount at 64"
VARIANTS = {"on": ("on steal 0", "on steal 0.3"), "off": ("off steal 0.3",)}
# The same of refcount on 2 x 64 cores of Zen 5, same message.
ZEN5 = (4, 48, 79, 128)
ZEN5_REFCOUNT = (-9.0, 16.7, 26.7, 20.7)
ZEN5_VARIANTS = {
    "owned first": "owned, first come first served", "owned nearest": "owned, the nearest first",
    "migratory first": "migratory, first come first served",
    "migratory nearest": "migratory, the nearest first",
}
# Moves: what was published, as a sign for those who read, and where there is one a limit in it.
MOVES = {
    "i_mmap": ("execl +3.9 %", 1), "f_ref": ("readwhilewriting +1.3 to +20.9 %", 1),
    "dentry": ("stat +55 %", 1), "page_counter": ("malloc1 +8.9 %, page_fault2 +9.9 %", 1),
    "mmap_lock": ("mmap1 -9.2 %", -1), "mem_cgroup": ("page_fault2 -22.7, -7.7 %", -1),
}


def output_of(words):
    result = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit(f"model.py: {' '.join(words)}: status {result.returncode}")
    return list(csv.DictReader(io.StringIO(result.stdout)))


def grid(head, rows):
    align = ["---"] + ["--:"] * (len(head) - 1)
    return ["| " + " | ".join(map(str, row)) + " |" for row in (head, align, *rows)]


# Two threads -------------------------------------------------------------------------------------

def summary_of(folder):
    with open(os.path.join(folder, "summary.csv"), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cells_of(folder):
    rows = output_of([PROGRAM, "predict", folder, "--format", "csv"])
    cells = [{**row, "model": float(row["model_ns"]), "measured": float(row["measured_ns"]),
              "folder": folder} for row in rows if row["measured_ns"] and row["model_ns"]]
    least = min((c["model"] for c in cells if c["scenario"] == "neighbours"), default=0)
    for cell in cells:
        # Of neighbours most cells share no line: their op takes what it takes by itself.
        cell["shares"] = cell["scenario"] != "neighbours" or cell["model"] > least + OWN_NS
    for row in summary_of(folder):
        if row["threads"] == "2" and row["work_ns"] and float(row["work_ns"]) > 0:
            cell = find(cells, row, row["layout"])
            if cell and cell["lock"] == row["lock"]:
                cell["windows"] = int(row["windows"])
    return cells


def error(cell):
    return cell["model"] / cell["measured"] - 1


def pooled(cells):
    """Number of large cells, within 10 and 20 %, mean error, and of small ones in ns."""
    large = [abs(error(c)) for c in cells if c["measured"] >= LEAST_NS]
    small = [abs(c["model"] - c["measured"]) for c in cells if c["measured"] < LEAST_NS]
    return [len(large), sum(e <= 0.1 for e in large), sum(e <= 0.2 for e in large),
            f"{100 * statistics.mean(large):.1f}" if large else "-",
            len(small), f"{statistics.mean(small):.1f}" if small else "-"]


def signs(cells):
    """How the model's differences to the baseline point, where a verdict was reached."""
    right, wrong = 0, []
    for folder in sorted({c["folder"] for c in cells}):
        mine = [c for c in cells if c["folder"] == folder]
        verdicts = [row for row in summary_of(folder) if row["verdict"] in ("faster", "slower")]
        for row in verdicts:
            pair = [find(mine, row, row["layout"]), find(mine, row, row["baseline"])]
            if None in pair:
                continue
            more = pair[0]["model"] - pair[1]["model"]
            if (more > 0) == (row["verdict"] == "slower"):
                right += 1
            else:
                wrong.append(f"{row['scenario']} {row['role']} {row['layout']} ({row['verdict']}, "
                             f"model {more:+.1f} ns)")
    return right, wrong


def find(cells, row, layout):
    for cell in cells:
        if cell["layout"] == layout and abs(float(cell["work_ns"]) - float(row["work_ns"])) < 1e-6 \
                and all(cell[key] == row[key] for key in SAME):
            return cell
    return None


def kind_of(cell):
    apart = "" if cell["shares"] else ", no line shared"
    return f"{cell['scenario']}, {cell['role']}, {distance(cell)}{apart}"


def distance(cell):
    return "near" if float(cell["fetch_ns"]) < NEAR_NS else "far"


POOLS = {
    "near": lambda c: distance(c) == "near",
    f"near, {ENOUGH} windows and more":
        lambda c: distance(c) == "near" and c.get("windows", 0) >= ENOUGH,
    "far": lambda c: distance(c) == "far",
    f"all, {ENOUGH} windows and more": lambda c: c.get("windows", 0) >= ENOUGH,
    "all that share a line": lambda c: c["shares"],
    "all": lambda c: True,
}


def two_threads(folders):
    cells = [cell for folder in folders for cell in cells_of(folder)]
    if not cells:
        sys.exit("model.py: the folders have no cell that the model predicts")
    head = ["scenario, role, distance", "cells of 10 ns and more", "within 10 %", "within 20 %",
            "mean error in %", "smaller cells", "mean error in ns"]
    rows = [[name] + pooled([c for c in cells if kind_of(c) == name])
            for name in sorted(set(map(kind_of, cells)))]
    rows += [[f"**{name}**"] + pooled([c for c in cells if belongs(c)])
             for name, belongs in POOLS.items()]
    yield "## Two threads, from a run's own calibrations"
    yield ""
    yield from about(folders)
    yield ""
    yield from grid(head, rows)
    yield ""
    right, wrong = signs(cells)
    yield (f"Signs of resolved differences to the baseline: {right} of {right + len(wrong)} right"
           + (f"; wrong: {'; '.join(wrong)}." if wrong else "."))
    yield ""
    yield "The cells that are furthest off:"
    yield ""
    large = (c for c in cells if c["measured"] >= LEAST_NS)
    worst = sorted(large, key=lambda c: -abs(error(c)))[:12]
    yield from grid(["cell", "windows", "a line's round trip", "model", "measured", "error"],
                    [[f"{c['scenario']} {c['role']}, {c['layout']}", c.get("windows", "-"),
                      f"{float(c['regime_ns']):.0f}",
                      f"{c['model']:.1f}", f"{c['measured']:.1f}", f"{100 * error(c):+.0f} %"]
                     for c in worst])


def about(folders):
    for folder in folders:
        with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
            document = json.load(file)
        machine = document["machine"]
        hand = machine.get("handover") or "by the mean of its rounds"
        run = document["run"]
        core = document.get("counters", {}).get("microarchitecture")
        yield (f"- {machine['cpu_model']} ({core or '-'}), "
               f"{machine['kernel'].split()[1]}, commit "
               f"{document['build']['commit']}, {run['started_utc'][:10]}: hand-over {hand}")



# Published ---------------------------------------------------------------------------------------

def ratio(rows, machine, variant, layout, threads, base="pointer"):
    found = {row["layout"]: float(row["ns_op"]) for row in rows
             if (row["part"], row["machine"], row["variant"], row["threads"]) ==
             ("fault", machine, variant, str(threads))}
    return 100 * (found[base] / found[layout] - 1)


def sign_of(percent, least=2):
    return 0 if abs(percent) < least else 1 if percent > 0 else -1


def faults(rows):
    yield "## Page faults on Broadwell, 2 x 14 cores x 2, faults per CPU second against stock in %"
    yield ""
    body, counts = [], {}
    for (name, layout, switch), (published, _) in FAULTS.items():
        body.append([f"**{name}**: published"] + [f"{p:+.1f}" for p in published])
        base = "refcount at 0" if layout.startswith("refcount-seq") else "pointer"
        for variant in VARIANTS[switch]:
            model = [ratio(rows, "Broadwell", variant, layout, t, base) for t in BROADWELL]
            body.append([f"model, {variant.split(' ', 1)[1].replace('steal', 'stealing')}"]
                        + [f"{m:+.1f}" for m in model])
            # At one thread there is nothing to predict.
            pairs = [(sign_of(p), sign_of(m)) for p, m in list(zip(published, model))[1:]]
            counts[f"{name}, {variant}"] = (sum(p != 0 and p == m for p, m in pairs),
                                            sum(p != 0 for p, _ in pairs),
                                            sum(p == 0 and m == 0 for p, m in pairs),
                                            sum(p == 0 for p, _ in pairs))
    body.append(["model of refcount, 192 B at 64 modulo 128, stealing 0.3"] + [
        f"{ratio(rows, 'Broadwell', 'on steal 0.3', ELSEWHERE, t):+.1f}" for t in BROADWELL])
    yield from grid(["threads"] + list(BROADWELL), body)
    yield ""
    yield from grid(["effects over 2 %, and none", "signs right", "none, as published"],
                    [[name, f"{a} of {b}", f"{c} of {d}"] for name, (a, b, c, d) in counts.items()])
    yield ""
    yield "Sources: " + ", ".join(f"<{source}>" for _, source in FAULTS.values()) + "."


def spread(rows):
    mine = [row for row in rows if row["part"] == "spread"]
    threads = sorted({int(row["threads"]) for row in mine})
    body = []
    for layout in dict.fromkeys(row["layout"] for row in mine):
        cells = {int(row["threads"]): row for row in mine if row["layout"] == layout}
        body.append([layout] + [
            "{2:+.0f} [{1:+.0f}, {0:+.0f}]".format(
                *(100 * (1 / float(cells[t][key]) - 1) for key in ("low", "high", "middle")))
            for t in threads])
    yield "The same from 30 settings that are drawn and fitted to nothing, prefetcher on: median"
    yield "and 10 to 90 % of settings. A layout whose interval holds 0 is one that the model does"
    yield "not rank there."
    yield ""
    yield from grid(["threads"] + threads, body)


def zen5(rows):
    yield "## The refcount on Zen 5, 2 x 64 cores, in %"
    yield ""
    body = [["published"] + [f"{p:+.1f}" for p in ZEN5_REFCOUNT]]
    body += [[f"model: {name}"] + [f"{ratio(rows, 'Zen 5', variant, 'refcount at 0', t):+.1f}"
                                  for t in ZEN5] for variant, name in ZEN5_VARIANTS.items()]
    yield from grid(["threads"] + list(ZEN5), body)


def moves(rows):
    yield "## Moves that the kernel made, on 2 x 14 cores, by the bracket of 12 settings"
    yield ""
    body, right, told = [], 0, 0
    for row in rows:
        if row["part"] != "whatif":
            continue
        text, sign = MOVES.get(row["layout"], ("-", 0))
        pairs = row["variant"] == "pairs"
        # What an adjacent-line prefetcher does is to be seen with one only.
        expected = sign if row["layout"] != "mem_cgroup" or pairs else 0
        said = {"faster": 1, "slower": -1, "same": 0}.get(row["verdict"])
        told += said is not None
        right += said is not None and said == expected
        body.append([f"{row['layout']} ({text})", row["variant"], row["threads"],
                     "-" if not row["low"] else
                     f"x{float(row['low']):.2f} to x{float(row['high']):.2f}",
                     row["verdict"],
                     "-" if said is None else "right" if said == expected else "**wrong**"])
    yield from grid(["move (published)", "prefetcher", "threads",
                     "readers' time per op, moved over before", "the model says", ""], body)
    yield ""
    yield "Threads that do nothing else, so sizes are far above those published. All of these moves"
    yield "part readers from a changed word of their line or pair, or bring them there: signs"
    yield "follow from that."
    yield ""
    yield f"It says something in {told} of {len(body)} cases, and is right in {right} of these."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="to see that it works")
    parser.add_argument("--page", help="write the tables into this file, results/model.md")
    parser.add_argument("--label", default="", help="what is to be said of the machine")
    options = parser.parse_args()
    rows = output_of([PUBLISHED] + ["--quick"] * options.quick)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    lines = [f"`python3 benchmarks/validation/model.py DIR...`, {today}"
             + (f"; {options.label}" if options.label else "") + ".", ""]
    for part in (two_threads(options.folders), faults(rows), spread(rows), zen5(rows), moves(rows)):
        lines += [*part, ""]
    print("\n".join(lines))
    if options.page:
        page.write_part(options.page, "model.py", lines[:-1])


if __name__ == "__main__":
    main()
