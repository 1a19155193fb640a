#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Holds the workload `map` of suite fault against a program that does what will-it-scale's
# page_fault1_threads does: both in turns on the same CPUs, medians side by side, for one thread and
# for two. Faults per wall second say something on a quiet machine only: `linebounce` leaves out
# windows whose threads were kept off their CPU, the other program does not.
#
# Usage: sh benchmarks/fault.sh [TURNS]     (5; a turn takes about 12 s a number of threads)
#
# To compare with will-it-scale itself, run `./page_fault1_threads -t N -s 10` from its folder on a
# quiet machine, beside `linebounce run fault --scenario map --threads N`, and divide its average by
# faults_per_wall_s in summary.csv.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
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

# Faults per wall second and per CPU second of `map` in a summary.csv; nothing where no window was
# good.
rates()
{
    awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR > 1 && $at["scenario"] == "map" && $at["windows"] > most {
            most = $at["windows"]; wall = $at["faults_per_wall_s"]; cpu = $at["faults_per_cpu_s"]
        }
        END { if (most) print wall, cpu }' "$1"
}

# Of a column of a file.
median()
{
    cut -d ' ' -f "$2" "$1" | sort -g | awk '
        { x[NR] = $1 }
        END { if (NR) print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2; else print 0 }'
}

for threads in 1 2; do
    list=$(cpus | head -n "$threads")
    [ "$(echo "$list" | wc -l)" -eq "$threads" ] || continue
    : >"$work/ours"
    : >"$work/theirs"
    turn=0
    while [ "$turn" -lt "$turns" ]; do
        # shellcheck disable=SC2086 # one argument a CPU
        "$build/benchmarks/fault_reference" 4 $list >>"$work/theirs"
        "$build/benchmarks/linebounce" run fault --scenario map --events none --no-plots \
            --rounds 6 --pus "$(echo "$list" | paste -sd, -)" --out "$work/$threads-$turn" \
            >/dev/null
        rates "$work/$threads-$turn/summary.csv" >>"$work/ours"
        turn=$((turn + 1))
    done
    if [ ! -s "$work/ours" ]; then
        echo "$threads threads: no window was good: the machine is too busy"
        continue
    fi
    for field in 1 2; do
        unit=$([ "$field" = 1 ] && echo wall || echo CPU)
        echo "$threads $unit $(median "$work/ours" "$field") $(median "$work/theirs" "$field")" |
            awk '{ printf("%d threads, faults per %s second: map %.0f, page_fault1 %.0f: %.3f\n",
                          $1, $2, $3, $4, $3 / $4) }'
    done
done
