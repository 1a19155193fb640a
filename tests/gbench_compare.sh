#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Google Benchmark's own compare.py must read what the gbench stage writes.
# Usage: gbench_compare.sh FIXTURE   (the gbench_fixture program)
# Exit 0 passed, 1 failed, 77 skipped: compare.py or its Python modules are missing.
# COMPARE_PY names another compare.py than that of Debian's libbenchmark-tools.
set -eu

fixture=$1
compare=${COMPARE_PY:-/usr/share/benchmark/compare.py}

skip()
{
    echo "skipped: $1"
    exit 77
}

fail()
{
    echo "failed: $1"
    [ ! -f "$work/report" ] || cat "$work/report"
    exit 1
}

# A python3 of the user's may come first and lack what the distribution's has.
find_python()
{
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c 'import numpy, scipy.stats' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

# expect WHAT REGEX: a line of the report matches.
expect()
{
    grep -Eq -- "$2" "$work/report" || fail "$1: no line matches $2"
}

[ -f "$compare" ] || skip "$compare is missing (Debian: libbenchmark-tools)"
python=$(find_python)
[ -n "$python" ] || skip "python3 has no numpy and scipy (Debian: python3-scipy)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$fixture" 1 9 --benchmark_format=json >"$work/a.json" || fail "the fixture refused"
"$fixture" 1.5 10 --benchmark_out="$work/b.json" >/dev/null 2>&1 || fail "the fixture refused"
"$python" "$compare" --no-color benchmarks "$work/a.json" "$work/b.json" >"$work/report" 2>&1 ||
    fail "compare.py refused"

# 50 % more time and CPU time, row by row, although the sides have different numbers of repetitions.
row='^same-object/pointer/work_ns:200/threads:2 +[+]0[.]5000 +[+]0[.]5000 +100 +150 +200 +300'
expect "a repetition" "$row"
expect "a median" '^neighbours/.*_median +[+]0[.]50[0-9]+ +[+]0[.]50[0-9]+ '
expect "the U test" '^same-object/embedded/.*_pvalue .* U Test, Repetitions: 9 vs 10'
expect "the overall ratio" '^OVERALL_GEOMEAN +[+]0[.]5'
count=$(grep -Ec '^same-object/pointer/work_ns:200/threads:2 ' "$work/report")
[ "$count" -eq 9 ] || fail "$count rows of repetitions, expected 9"

# A side against itself.
"$python" "$compare" --no-color benchmarks "$work/a.json" "$work/a.json" >"$work/report" 2>&1 ||
    fail "compare.py refused"
expect "nothing changed" '^OVERALL_GEOMEAN +[+]0[.]0000 +[+]0[.]0000 '
echo "passed"
