#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs what is missing (Debian, Ubuntu), builds in build/, and tests.
# Usage: sh tests/run.sh [OPTION...]     options of `meson test`, as --suite unit, or a test's name
# Exit status 0 when every test that ran passed and at least one ran. Where build/ is set up, extra
# options of `meson setup` are taken from $LINEBOUNCE_SETUP.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=benchmarks/setup.sh
. "$root/benchmarks/setup.sh"

need_packages tests
# A build that was set up before cmocka was there has no tests.
[ "$(cat "$root/build/meson-info/intro-tests.json" 2>/dev/null)" != '[]' ] || installed=cmocka
# shellcheck disable=SC2086 # a list
build_in "$root/build" ${LINEBOUNCE_SETUP-}

# With --wrapper or --setup the log has another name.
logs=$root/build/meson-logs
rm -f "$logs"/testlog*.json
status=0
meson test -C "$root/build" --no-rebuild --print-errorlogs "$@" || status=$?
set -- "$logs"/testlog*.json
if [ ! -f "$1" ]; then
    say 'no test ran'
    shift
fi
python3 "$root/tests/count.py" "$@" || status=1
exit "$status"
