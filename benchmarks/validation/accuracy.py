#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often do the suite's verdicts err on this machine, and how well do its figures repeat?

    python3 benchmarks/validation/accuracy.py [--quick] [--out DIR] [--page FILE] [--label TEXT]

Ten minutes on a quiet machine; a minute with --quick, whose figures say little. The program is
$LINEBOUNCE, else build/benchmarks/linebounce. The table goes to standard output, and with --page
into that file (results/accuracy.md), between the two lines that mark it there.

 1. Every layout and its twin, while another process uses a CPU one second in eight: how many of a
    hundred runs' worth of rounds hold a false winner, how many intervals hold the difference of 0,
    and whether samples scaled by 5 % are found.
 2. Twins whose pause is 5 % longer, without contention: in how many of a hundred they are found.
 3. Whole short runs of twins beside the same process, one after the other: false winners.
 4. The default run several times: how far its figures lie apart, how many comparisons it decides.
"""
import argparse
import csv
import datetime
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import time

import page

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("LINEBOUNCE", os.path.join(ROOT, "build/benchmarks/linebounce"))
SMALL = ["--scenario", "same-object", "--layout", "pointer,embedded"]
WINNERS = ("faster", "slower")
CONTENDED = ("same-object", "nested", "observer")

# What each part asks of the program, and how often: a whole look, and a brief one.
PARTS = {
    "twins": (["run", "errors", "--budget", "150s"],
              ["run", "errors", *SMALL, "--rounds", "21", "--budget", "15s"]),
    "slowed": (["run", "errors", "--threads", "1", "--scenario", "same-object,neighbours,nested",
                "--twin-slow", "5", "--budget", "60s"],
               ["run", "errors", *SMALL, "--threads", "1", "--twin-slow", "5", "--rounds", "21",
                "--budget", "15s"]),
    "short": (["run", "--twins", "--quick"],
              ["run", "--twins", *SMALL, "--rounds", "7", "--budget", "8s"]),
    "repeat": (["repeat", "3"], ["repeat", "2", *SMALL, "--rounds", "7", "--budget", "8s"]),
}
SHORT_RUNS = (8, 1)


def disturb():
    """Uses a CPU one second in eight, until it is ended."""
    while True:
        time.sleep(7)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            pass


class Disturbed:
    """Within it another process is at work."""

    def __enter__(self):
        self.process = multiprocessing.Process(target=disturb, daemon=True)
        self.process.start()

    def __exit__(self, *_):
        self.process.terminate()
        self.process.join()


def run(options, part, folder):
    """What the program prints; a run that could measure only some of it is none the less one."""
    words = [PROGRAM, *PARTS[part][options.quick], "--no-plots", "--out", folder]
    print(f"accuracy.py: {' '.join(words[1:])}", file=sys.stderr)
    result = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False,
                            stderr=None if options.verbose else subprocess.DEVNULL)
    return result.stdout


def say(text, pattern, form):
    """The form filled with what the pattern finds in a run's text."""
    found = re.search(pattern, text)
    return form.format(*found.groups()) if found else "not measured: too few good rounds"


def command(options, part):
    return f"`linebounce {' '.join(PARTS[part][options.quick])}`"


def twins(options):
    with Disturbed():
        text = run(options, "twins", os.path.join(options.out, "twins"))
    beside = ", another process on a CPU one second in eight"
    yield (f"runs' worth of rounds of twins that hold a false winner{beside}", "at most 1 of 100",
           say(text, r"same: (\d+) of (\d+) runs' worth hold a false winner \((\d+) in all\)",
               "{0} of {1}") + say(text, r"(\d+) pairs of twins, (\d+) rounds",
                                   " ({0} pairs, {1} rounds)"), command(options, "twins"))
    yield ("their 95 % intervals that hold 0", "95 of 100",
           say(text, r"intervals hold 0 in ([\d.]+) of 100 \((\d+) of them\)",
               "{0} of 100 ({1} intervals)"), "the same")
    yield ("recorded samples scaled by 5 %: found in 95 of 100", "all scenarios but two",
           found(text), "the same")


def found(text):
    """In how many pairs what was planted was found, and where it was not."""
    total = re.search(r"runs' worth: (\d+) of (\d+) pairs \(least: (\d+) of (\d+)\)", text)
    if not total:
        return "not measured: too few good rounds"
    missed = sorted(set(re.findall(r"found in +\d+ of \d+: ([a-z-]+)", text)))
    words = f"in {total[1]} of {total[2]} pairs, {total[3]} of {total[4]} in the least"
    return words + (f"; not all in {', '.join(f'`{name}`' for name in missed)}" if missed else "")


def slowed(options):
    text = run(options, "slowed", os.path.join(options.out, "slowed"))
    yield ("a pause longer by 5 %, without contention: found", "95 of 100", found(text),
           command(options, "slowed"))


def false_winners(folder):
    """Winners between a layout and its twin in a run, and how many pairs there were."""
    with open(os.path.join(folder, "summary.csv"), newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file)
                if row["layout"].endswith("~") and row["pairs"] not in ("", "0")]
    return sum(row["verdict"] in WINNERS for row in rows), len(rows)


def short(options):
    counted = []
    with Disturbed():
        for number in range(SHORT_RUNS[options.quick]):
            folder = os.path.join(options.out, f"short-{number + 1}")
            run(options, "short", folder)
            try:
                counted.append(false_winners(folder))
            except OSError:
                continue
    value = "not measured: no run had good rounds"
    if counted:
        wrong = sum(winners > 0 for winners, _ in counted)
        value = (f"{wrong} of {len(counted)} runs, {sum(w for w, _ in counted)} of "
                 f"{sum(n for _, n in counted)} comparisons")
    yield ("short runs of twins with a false winner, beside the same process", "at most 1 of 100",
           value, f"{command(options, 'short')}, {SHORT_RUNS[options.quick]} times")


def spread(rows, column):
    values = [100 * float(row[column] or row[column.replace("_adjusted", "")]) for row in rows
              if row[column] or row[column.replace("_adjusted", "")]]
    return f"{statistics.median(values):.1f} ({max(values):.1f})" if values else "-"


def repeated(options):
    folder = os.path.join(options.out, "repeat")
    run(options, "repeat", folder)
    try:
        with open(os.path.join(folder, "repeat.json"), encoding="utf-8") as file:
            whole = json.load(file)
        with open(os.path.join(folder, "repeat.csv"), newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file)
                    if float(row["work_ns"]) == whole["work_ns"]]
    except OSError:
        yield ("runs that repeat", "", "not measured: fewer than two runs ended",
               command(options, "repeat"))
        return
    runs = whole["runs"]
    trips = [one["regime_ns"] for one in runs if one["regime_ns"]]
    cv = "-"
    if len(trips) > 1:
        cv = f"{100 * statistics.stdev(trips) / statistics.mean(trips):.1f} %"
    kind = "brief" if options.quick else "default"
    yield (f"{len(runs)} {kind} runs, round trip of a line", "CV at most 2 %",
           f"{cv}; {whole['pairs_together']} of {whole['pairs']} pairs of runs met in one regime",
           command(options, "repeat"))
    for scenario in CONTENDED:
        mine = [row for row in rows if row["scenario"] == scenario and row["net_cv"]]
        if mine:
            yield (f"the same, net ns/op in `{scenario}`: median (worst) over layouts and roles",
                   "CV at most 2 %", f"{spread(mine, 'net_cv')} % as measured, "
                   f"{spread(mine, 'net_adjusted_cv')} % at one round trip", "the same")
    yield ("comparisons decided in the median of these runs", "84 of 88",
           f"{whole['decided_median']:g} of {whole['asked']}", "the same")


def about(options):
    """Of which machine and program the figures are."""
    for part in ("twins", "repeat/1", "slowed"):
        try:
            with open(os.path.join(options.out, part, "run.json"), encoding="utf-8") as file:
                document = json.load(file)
        except OSError:
            continue
        machine, build = document["machine"], document["build"]
        return f"{machine['cpu_model']}, {machine['kernel'].split()[1]}, commit {build['commit']}"
    return "nothing was measured"


def table(options):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    lines = [f"`python3 benchmarks/validation/accuracy.py{' --quick' if options.quick else ''}`, "
             f"{today}: {about(options)}" + (f"; {options.label}" if options.label else "") + ".",
             "", "| figure | asked for | measured | by |", "|---|---|---|---|"]
    return lines + [f"| {' | '.join(row)} |" for row in options.rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a minute: to see that it works")
    parser.add_argument("--out", default=time.strftime("accuracy-%Y%m%dT%H%M%SZ", time.gmtime()))
    parser.add_argument("--page", help="write the table into this file, results/accuracy.md")
    parser.add_argument("--label", default="", help="what is to be said of the machine")
    parser.add_argument("--verbose", action="store_true", help="let the program say how far it is")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    options.rows = [row for part in (twins, slowed, short, repeated) for row in part(options)]
    lines = table(options)
    print("\n".join(lines))
    if options.page:
        page.write_part(options.page, "accuracy.py", lines)


if __name__ == "__main__":
    main()
