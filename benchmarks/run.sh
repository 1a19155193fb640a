#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs what is missing (Debian, Ubuntu), builds in build/, and measures.
# Usage: sh benchmarks/run.sh [COMMAND] [ARGUMENT...]
#   without arguments: `linebounce run`; with options only, as --quick: `linebounce run --quick`.
# Results go to results/ below the current folder. The exit status is the program's.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=benchmarks/setup.sh
. "$root/benchmarks/setup.sh"

case ${1-} in
'') set -- run ;;
--help | -h | --version | -V) ;;
-*) set -- run "$@" ;;
esac

need_packages run
build_in "$root/build"
export LINEBOUNCE_CALLED="sh $0" # what it prints to be typed next
exec "$root/build/benchmarks/linebounce" "$@"
