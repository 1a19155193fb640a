#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds for another processor with Debian's cross compiler and libraries, and runs the unit tests
# of what does not depend on the machine under qemu's user emulation. arm64 runs on two processors:
# what changes the words of locks is built for LSE and without, and each machine chooses its own.
# Usage: sh tests/foreign.sh [--build] [arm64|s390x]...   (both by default)
#   --build: nothing is run; build/foreign/ARCHITECTURE is there then
# Exit status 0 when all passed. The last line sums the tests of all.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=benchmarks/setup.sh
. "$root/benchmarks/setup.sh"
# shellcheck source=tests/guest/setup.sh
. "$root/tests/guest/setup.sh"

# Those that pin or time threads say nothing of another processor in here, and the emulation knows
# no NUMA calls (arena).
tests='account analysis atomics causes compare compare_rates compare_regimes compare_words counters
    counters_here counters_page counters_probe csv environment events events_none files homes
    interference kernel kernel_none kernel_trace latency layout layout_btf load lock memory
    number page placement placement_classes plan plot plot_data plot_failures plot_heatmap
    plot_hosts plot_offset plot_residues plot_sweep record schema stats structure
    structure_none sweep topology verdicts whatif whatif_layouts words'
libraries='libhwloc-dev libhwloc15 libudev1 libcap2 libnuma-dev libnuma1 libcjson-dev libcjson1
    libpfm4-dev libpfm4 libcmocka-dev libcmocka0 libbpf-dev libbpf1 libelf1 libelf-dev zlib1g
    zlib1g-dev libzstd1 linux-libc-dev'

# emulator CPU: qemu's program for it, however it is packaged.
emulator()
{
    command -v "qemu-$1" || command -v "qemu-$1-static"
}

# cross_file TRIPLET FAMILY ENDIAN EMULATOR SYSROOT
cross_file()
{
    cat <<END
[binaries]
c = '$1-gcc'
ar = '$1-ar'
strip = '$1-strip'
objdump = '$1-objdump'
pkgconfig = 'pkg-config'
exe_wrapper = ['$4', '-L', '/usr/$1', '-E', 'LD_LIBRARY_PATH=/usr/$1/lib:$5/usr/lib/$1:$5/lib/$1']

[properties]
sys_root = '$5'
pkg_config_libdir = ['$5/usr/lib/$1/pkgconfig', '$5/usr/share/pkgconfig']

[built-in options]
c_args = ['-isystem', '$5/usr/include', '-isystem', '$5/usr/include/$1']
c_link_args = ['-L$5/usr/lib/$1', '-Wl,-rpath-link,$5/usr/lib/$1:$5/lib/$1']

[host_machine]
system = 'linux'
cpu_family = '$2'
cpu = '$2'
endian = '$3'
END
}

# on_processor FOLDER PROCESSOR ATOMICS TEST...: once more, where the processor makes a difference.
on_processor()
{
    folder=$1 processor=$2 atomics=$3
    shift 3
    LB_EXPECT_ATOMICS=$atomics QEMU_CPU=$processor meson test -C "$folder" --no-rebuild \
        --print-errorlogs --timeout-multiplier 4 --logbase "testlog-$processor" "$@"
}

# try_foreign ARCHITECTURE
try_foreign()
{
    case $1 in
    arm64) cpu=aarch64 endian=little ;;
    s390x) cpu=s390x endian=big ;;
    *) die "$1: arm64 and s390x are known" ;;
    esac
    triplet=$cpu-linux-gnu
    result=0
    # shellcheck disable=SC2046 # a word or none
    install_by_apt "gcc-$triplet" "libc6-dev-$1-cross" \
        $(emulator "$cpu" >/dev/null || echo qemu-user)
    place=$root/build/foreign/$1
    mkdir -p "$place"
    # shellcheck disable=SC2086 # a list
    sysroot "$1" "$place/system" '' $libraries
    [ -d "$place/system" ] || return 1
    cross_file "$triplet" "$cpu" "$endian" "$(emulator "$cpu")" "$place/system" >"$place/cross.ini"
    build_in "$place/build" --cross-file "$place/cross.ini" -Dgbench=disabled -Dtests=enabled
    [ -z "$only_build" ] || return 0
    rm -f "$place/build/meson-logs"/testlog*.json
    # shellcheck disable=SC2086
    meson test -C "$place/build" --no-rebuild --print-errorlogs --timeout-multiplier 4 $tests ||
        result=1
    if [ "$1" = arm64 ]; then
        on_processor "$place/build" max lse atomics stress_lock stress_lock_lse stress_naps_lse \
            check_hot || result=1
        on_processor "$place/build" cortex-a53 llsc atomics lock words stress_lock || result=1
    fi
    return "$result"
}

need_packages tests
installed=
only_build=
if [ "${1-}" = --build ]; then
    only_build=yes
    shift
fi
[ $# -gt 0 ] || set -- arm64 s390x
status=0
logs=
for architecture in "$@"; do
    (try_foreign "$architecture") || status=1
done
[ -z "$only_build" ] || exit "$status"
for architecture in "$@"; do
    logs="$logs $(find "$root/build/foreign/$architecture/build/meson-logs" -name 'testlog*.json')"
done
# shellcheck disable=SC2086 # a list
python3 "$root/tests/count.py" $logs || status=1
exit "$status"
