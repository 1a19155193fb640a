#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How often do the suite's verdicts err on this machine? Within ten minutes:
#  1. every layout and its twin, while another process uses a core now and then: how many of a
#     hundred runs' worth of rounds hold a false winner; whether samples scaled by 5 % are found;
#  2. twins whose pause is 5 % longer, without contention: in how many of a hundred they are found.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-errors-$(date -u +%Y%m%dT%H%M%SZ)}

disturb() {
    while :; do
        sleep 7
        timeout 1 sh -c 'while :; do :; done' || :
    done
}

disturb &
disturber=$!
trap 'kill "$disturber" 2>/dev/null || :' EXIT INT TERM
sh "$root/benchmarks/run.sh" run errors --budget 420s --no-plots --out "$out/twins"
kill "$disturber" 2>/dev/null || :
sh "$root/benchmarks/run.sh" run errors --budget 100s --no-plots --threads 1 \
    --scenario same-object,neighbours,nested --twin-slow 5 --out "$out/slowed"
