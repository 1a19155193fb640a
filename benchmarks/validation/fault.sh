#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Holds the workload `map` of suite fault against a program that does what will-it-scale's
# page_fault1_threads does: both in turns on the same CPUs, medians side by side, for one thread and
# for two. Faults per wall second say something on a quiet machine only: of `linebounce` they come
# from windows whose threads were not kept off their CPU, of the other program from all seconds.
# Faults per CPU second are of all windows and all seconds.
#
# Usage: sh benchmarks/validation/fault.sh [TURNS]   (5; a turn takes about 12 s for each number
# of threads)
#
# To compare with will-it-scale itself, run `./page_fault1_threads -t N -s 10` from its folder on a
# quiet machine, beside `linebounce run fault --scenario map --threads N`, and divide its average by
# faults_per_wall_s in summary.csv.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${LB_BUILD_DIR:-$root/build}
turns=${1:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The CPUs that this process may use, one a line.
cpus()
{
    taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' | while IFS=- read -r from to; do
        seq "$from" "${to:-$from}"
    done
}

# column NAME STATUS FILE: of the rows of `map` in a samples.csv, with that status (or all: .).
column()
{
    awk -F, -v name="$1" -v status="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["scenario"] == "map" && $at["status"] ~ status { print $at[name] }' "$3"
}

median()
{
    sort -g "$1" | awk '
        { x[NR] = $1 }
        END { if (NR) print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2; else print 0 }'
}

# One number of threads: what both measured goes into files by unit.
take_turns()
{
    list=$1
    rm -rf "${work:?}"/*
    turn=0
    while [ "$turn" -lt "$turns" ]; do
        # shellcheck disable=SC2086 # one argument a CPU
        "$build/benchmarks/fault_reference" 4 $list >"$work/line"
        cut -d ' ' -f 1 "$work/line" >>"$work/theirs.wall"
        cut -d ' ' -f 2 "$work/line" >>"$work/theirs.CPU"
        "$build/benchmarks/linebounce" run fault --scenario map --events none --no-plots \
            --rounds 6 --pus "$(echo "$list" | paste -sd, -)" --out "$work/$turn" \
            >/dev/null 2>"$work/said" || { cat "$work/said" >&2; exit 1; }
        column faults_per_wall_s ok "$work/$turn/samples.csv" >>"$work/ours.wall"
        column faults_per_cpu_s . "$work/$turn/samples.csv" >>"$work/ours.CPU"
        turn=$((turn + 1))
    done
}

for threads in 1 2; do
    list=$(cpus | head -n "$threads")
    [ "$(echo "$list" | wc -l)" -eq "$threads" ] || continue
    take_turns "$list"
    for unit in wall CPU; do
        if [ ! -s "$work/ours.$unit" ]; then
            echo "$threads threads, $unit: no window was good: the machine is too busy"
            continue
        fi
        echo "$threads $unit $(median "$work/ours.$unit") $(median "$work/theirs.$unit")" |
            awk '{ printf("%d threads, faults per %s second: map %.0f, page_fault1 %.0f: %.3f\n",
                          $1, $2, $3, $4, $3 / $4) }'
    done
done
