#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs what is missing (Debian, Ubuntu), builds in build/, and tests.
# Usage: sh tests/run.sh [--guest] [OPTION...]
#   OPTION: options of `meson test`, as --suite unit, or a test's name
#   --guest: the tests in an emulated machine, an arm64 one with a PMU, which is set up first
# Exit status 0 when every test that ran passed and at least one ran. Where build/ is set up, extra
# options of `meson setup` are taken from $LINEBOUNCE_SETUP.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=benchmarks/setup.sh
. "$root/benchmarks/setup.sh"

guest=
if [ "${1-}" = --guest ]; then
    guest=yes
    shift
fi
need_packages tests
# A build that was set up before cmocka was there has no tests.
[ "$(cat "$root/build/meson-info/intro-tests.json" 2>/dev/null)" != '[]' ] || installed=cmocka
# shellcheck disable=SC2086 # a list
build_in "$root/build" ${LINEBOUNCE_SETUP-}
if [ -n "$guest" ]; then
    # shellcheck source=tests/guest/setup.sh
    . "$root/tests/guest/setup.sh"
    set_up_guest "$root/build/guest"
    set -- --suite guest "$@"
fi

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
