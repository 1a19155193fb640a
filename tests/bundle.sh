#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes the static program (benchmarks/bundle.sh), and holds what it is to do where there is nothing
# but itself: in an empty folder as the root of the file system, with /proc, /sys and /dev.
# Usage: sh tests/bundle.sh [--guest] [SYSTEM...]
#   --guest: also in an emulated machine of two sockets and two nodes (tests/guest/guest_x86.py), if
#       tests/run.sh --guest has set it up
#   SYSTEM: a folder with another system (debootstrap) that is to be its root too
# Takes root, or user namespaces. Exit status 0 passed, 1 failed, 77: neither is there.
# No check looks at how fast anything is: where all windows were spoiled, status 1 is right.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=benchmarks/setup.sh
. "$root/benchmarks/setup.sh"

most_bytes=6000000
short='--layout pointer,embedded --scenario same-object --threads 2 --work-ns 200'
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

failed()
{
    cat "$work/out"
    die "$where: linebounce $arguments: $*"
}

# alone ARGUMENT...: the program, in the system of the present check; its status in $status.
alone()
{
    arguments=$* status=0
    # shellcheck disable=SC2016,SC2086 # the inner shell's; a list
    unshare $namespaces --mount --propagation private sh -euc '
        system=$1
        shift
        mount -t tmpfs tmpfs "$system/mnt"
        if [ -z "$BARE" ]; then
            mount --rbind /proc "$system/proc"
            mount --rbind /sys "$system/sys"
            mount --rbind /dev "$system/dev"
        fi
        mount --bind "$RESULTS" "$system/mnt"
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$system" "/$NAME" "$@"' \
        sh "$system" "$@" >"$work/out" 2>&1 </dev/null || status=$?
}

# ends STATUS...: one of these.
ends()
{
    for expected in "$@"; do
        [ "$status" -ne "$expected" ] || return 0
    done
    failed "status $status, expected $*"
}

says()
{
    grep -Eq "$1" "$work/out" || failed "says nothing of '$1'"
}

has()
{
    [ -s "$RESULTS/$1" ] || failed "no $1"
}

# What is linked, before it is run.
check_file()
{
    where=$program arguments='' status=0
    readelf -ld "$program" >"$work/out"
    ! grep -Eq 'INTERP|NEEDED' "$work/out" || failed 'it needs a library'
    bytes=$(wc -c <"$program")
    [ "$bytes" -le "$most_bytes" ] || failed "$bytes bytes, at most $most_bytes"
    say "$bytes bytes"
}

check_tar()
{
    tar -tzf "$archive" >"$work/out"
    where=$archive arguments=''
    for name in bin/linebounce share/doc/linebounce/README.md share/man/man1/linebounce.1 \
        share/man/man1/linebounce-run.1 \
        share/doc/linebounce/licences/libhwloc; do
        says "/$name\$"
    done
}

check_words()
{
    alone --version
    ends 0
    says '^static: '
    says '^without: (.*, )?Google Benchmark(,|$)'
    alone run --benchmark_filter=x
    ends 2
    says 'built without Google Benchmark'
    alone show layouts
    ends 0
    alone show counters
    ends 0
    alone show topology
    ends 0
    says "^PUs +$(getconf _NPROCESSORS_CONF), "
    alone sweep --dry-run --out /mnt/never
    ends 0
    says 'rounds'
}

# Debugging information of a program that was compiled elsewhere, packed too.
check_dwarf()
{
    ${CC:-cc} -g -gz -pthread -o "$RESULTS/pool" "$root/benchmarks/examples/buffer_pool.c"
    alone show layouts --layout 'dwarf:/mnt/pool:page,hot=page_id+flags,lock=latch'
    ends 0
    says '^dwarf-page: pool: 80 bytes, .*run as pthread_mutex'
    rm "$RESULTS/pool"
}

# shellcheck disable=SC2086 # lists
check_runs()
{
    alone run fastpath --rounds 2 --no-plots --out /mnt/a
    ends 0
    has a/summary.csv
    has a/topology.xml
    grep -q -- '-static' "$RESULTS/a/run.json" || failed 'run.json does not say that it is static'
    alone run fastpath --rounds 2 --no-plots --out /mnt/b
    alone compare /mnt/a /mnt/b
    ends 0
    says 'rwsem40'
    alone run --quick --rounds 2 $short --out /mnt/quick
    ends 0 1
    has quick/samples.csv
    [ "$status" -ne 0 ] || has quick/index.html
    alone sweep $short --rounds 1 --no-plots --out /mnt/sweep
    ends 0 1
    has sweep/samples.csv
    alone sweep --resume /mnt/sweep
    ends 0 1
}

# gnuplot is not there; with this machine's the same program draws by the scripts within it.
check_pictures()
{
    alone plot /mnt/a
    if [ ! -e "$system/usr/bin/gnuplot" ]; then
        ends 1
        says 'gnuplot: not found'
    fi
    has a/index.html
    command -v gnuplot >/dev/null || return 0
    arguments="plot (here)"
    env -u LINEBOUNCE_PLOTS "$program" plot "$RESULTS/a" >"$work/out" 2>&1 || failed 'fails'
    find "$RESULTS/a/plots" -name '*.svg' -size +0 >"$work/out"
    says '\.svg$'
}

# Not even /proc: a sentence, and what can be said without.
check_bare()
{
    BARE=yes
    alone --version
    ends 0
    alone show layouts
    ends 0
    alone run fastpath --rounds 2 --no-plots --out /mnt/bare
    ends 0 1 2
    says '^linebounce: '
    BARE=
}

# check_system FOLDER
check_system()
{
    system=$1 where=$1
    [ "$1" != "$work/empty" ] || where='in an empty system'
    RESULTS=$(mktemp -d -p "$work")
    NAME=linebounce.$$ BARE=
    export RESULTS NAME BARE
    cp "$program" "$system/$NAME"
    check_words
    check_dwarf
    check_runs
    check_pictures
    check_bare
    rm "$system/$NAME"
    say "$where: passed"
}

# An emulated machine; 77: there is none.
check_guest()
{
    status=0
    LB_STATIC=$program LB_SOURCE_DIR=$root LB_BUILD_DIR=$root/build \
        python3 "$root/tests/guest/guest_x86.py" static >"$work/out" || status=$?
    case $status in
    0) say 'in an emulated machine: passed' ;;
    77) say "in an emulated machine: $(tail -n 1 "$work/out")" ;;
    *)
        cat "$work/out"
        die 'in an emulated machine: failed'
        ;;
    esac
}

guest=
if [ "${1-}" = --guest ]; then
    guest=yes
    shift
fi
namespaces=
[ "$(id -u)" -eq 0 ] || namespaces='--user --map-root-user'
# shellcheck disable=SC2086 # a list
if ! unshare $namespaces --mount true 2>/dev/null; then
    say 'neither root nor user namespaces: what is static cannot be tried alone'
    exit 77
fi
archive=$(sh "$root/benchmarks/bundle.sh" --werror)
tar -xzf "$archive" -C "$work"
program=$(find "$work" -path '*/bin/linebounce')
mkdir -p "$work/empty/proc" "$work/empty/sys" "$work/empty/dev" "$work/empty/mnt"
check_file
check_tar
for system in "$work/empty" "$@"; do
    check_system "$system"
done
[ -z "$guest" ] || check_guest
