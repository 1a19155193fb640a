#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How well do whole runs repeat? N default runs (ten unless told otherwise), then the coefficient
# of variation of each layout's net_ns_op at the headline work between the runs, and of the
# ping-pong over fresh lines.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
runs=${1:-10}
out=${2:-repeat-$(date -u +%Y%m%dT%H%M%SZ)}

n=1
while [ "$n" -le "$runs" ]; do
    sh "$root/benchmarks/run.sh" run --no-plots --out "$out/$n" >"$out-$n.txt"
    mv "$out-$n.txt" "$out/$n/table.txt"
    n=$((n + 1))
done
python3 "$root/benchmarks/validation/repeat.py" "$out"/*/
