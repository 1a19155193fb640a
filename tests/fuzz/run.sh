#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds the fuzz targets in build-fuzz/ (clang) and runs each for some time, two at a time.
# Usage: sh tests/fuzz/run.sh [SECONDS [TARGET...]]
#   SECONDS: of each target, 30; 0: they are only built
#   TARGET: btf, compare, csv, event, json, kernel, layout, matrix, program, resume, trace, words;
#       all
# Inputs that lead further are kept in build-fuzz/corpus/TARGET, so that a longer run goes on where
# the last one ended; one that fails is kept as build-fuzz/found/TARGET-... and its report printed.
# Exit status 0: nothing was found; 1: something was; 77: clang has no libFuzzer here.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/fuzz
build=$root/build-fuzz
seconds=${1-30}
[ $# -eq 0 ] || shift

# The runtime of Debian's clang is a package of its own, which apt may leave out.
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
echo 'int LLVMFuzzerTestOneInput(const char *d, long n); int LLVMFuzzerTestOneInput(const char *d,
    long n) { return d && n < 0; }' >"$probe/probe.c"
if ! clang -fsanitize=fuzzer,address,undefined -o "$probe/probe" "$probe/probe.c" 2>/dev/null; then
    echo "fuzz: clang has no libFuzzer here (Debian: libclang-rt-dev): left out"
    exit 77
fi

if [ ! -f "$build/build.ninja" ]; then
    CC=clang CXX=clang++ meson setup --werror -Dfuzz=true -Dtests=disabled -Dgbench=disabled \
        "$build" "$root" >"$probe/setup" || { cat "$probe/setup"; exit 1; }
fi
ninja -C "$build" fuzz >"$probe/build" || { cat "$probe/build"; exit 1; }
[ "$seconds" -gt 0 ] || exit 0
[ $# -gt 0 ] || set -- btf compare csv event json kernel layout matrix program resume trace words

# Files are written for every input: in memory, where there is such a folder.
[ ! -w /dev/shm ] || TMPDIR=/dev/shm
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/lb-fuzz-XXXXXX")
export TMPDIR
trap 'rm -rf "$probe" "$TMPDIR"' EXIT
mkdir -p "$build/found" "$build/log"

# fuzz TARGET
fuzz()
{
    words=$here/dictionaries/$1
    case $1 in
        compare | resume) words=$here/dictionaries/csv ;;
    esac
    mkdir -p "$build/corpus/$1"
    "$build/tests/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
        -malloc_limit_mb=256 -print_final_stats=1 -verbosity=0 -dict="$words" \
        -artifact_prefix="$build/found/$1-" \
        "$build/corpus/$1" "$here/corpus/$1" >"$build/log/$1" 2>&1
}

# say_end TARGET STATUS
say_end()
{
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/log/$1" | tail -n 1)
    if [ "$2" -eq 0 ]; then
        echo "fuzz: $1: $runs inputs, nothing found"
    else
        cat "$build/log/$1"
        echo "fuzz: $1: FOUND something after ${runs:-some} inputs"
    fi
}

status=0
while [ $# -gt 0 ]; do
    one=$1
    two=${2-}
    shift
    [ -z "$two" ] || shift
    fuzz "$one" &
    first=$!
    if [ -n "$two" ]; then
        code=0
        fuzz "$two" || code=1
        say_end "$two" "$code"
        status=$((status | code))
    fi
    code=0
    wait "$first" || code=1
    say_end "$one" "$code"
    status=$((status | code))
done
exit "$status"
