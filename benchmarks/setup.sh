# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What benchmarks/run.sh, tests/run.sh and .ci/run share; sourced, not run, under `set -eu`. The
# caller sets `root`, the project's folder.
: "${root:?is to be set by the script that sources this}"

# Debian's names. For a build and its pictures, and for the tests on top.
packages_run='meson ninja-build pkg-config gcc g++ libhwloc-dev libnuma-dev libcjson-dev
    libpfm4-dev libbpf-dev libbenchmark-dev zlib1g-dev gnuplot-nox fonts-dejavu-core'
packages_tests='libcmocka-dev libbenchmark-tools python3 python3-scipy python3-numpy clang binutils'

say()
{
    echo "linebounce: $*" >&2
}

die()
{
    say "$*"
    exit 1
}

# quietly WHAT COMMAND...: the command's output is shown only when it fails.
quietly()
{
    what=$1
    shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    cat "$log" >&2
    rm -f "$log"
    die "$what: failed: $*"
}

is_installed()
{
    state=$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) || return 1
    [ "$state" = installed ]
}

# The packages of the list that are not there.
missing_packages()
{
    for package in "$@"; do
        is_installed "$package" || printf '%s ' "$package"
    done
}

as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Sets `installed` to what was missing.
install_by_apt()
{
    installed=$(missing_packages "$@")
    [ -n "$installed" ] || return 0
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "these packages are missing, and there is no sudo to install them: $installed"
    fi
    say "installing $installed"
    quietly 'apt-get update' as_root apt-get update -q
    # shellcheck disable=SC2086 # a list
    quietly 'apt-get install' as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
        --no-install-recommends $installed
}

# Elsewhere nothing is installed: what is missing is named, as commands and pkg-config modules.
name_missing()
{
    lacking=
    for command in meson ninja pkg-config cc c++ "$@"; do
        command -v "$command" >/dev/null || lacking="$lacking $command"
    done
    for module in hwloc libcjson; do
        pkg-config --exists "$module" 2>/dev/null || lacking="$lacking $module"
    done
    [ -z "$lacking" ] || die "please install what is missing (programs, libraries):$lacking"
    for module in numa libbpf benchmark zlib; do
        pkg-config --exists "$module" || say "without $module: its feature is left out"
    done
    [ -f /usr/include/perfmon/pfmlib.h ] || say "without libpfm4: hardware events have no names"
    command -v gnuplot >/dev/null || say "without gnuplot: no pictures"
}

# need_packages tests|run
need_packages()
{
    installed=
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        if [ "$1" = tests ]; then
            name_missing python3 objdump
            pkg-config --exists cmocka || die "please install what is missing: cmocka"
        else
            name_missing
        fi
        return 0
    fi
    wanted=$packages_run
    [ "$1" != tests ] || wanted="$wanted $packages_tests"
    # shellcheck disable=SC2086 # a list
    install_by_apt $wanted
}

# build_in FOLDER [SETUP-OPTION...]: configures when there is nothing yet, or when packages have
# come since; builds.
build_in()
{
    folder=$1
    shift
    if [ ! -f "$folder/build.ninja" ]; then
        say "setting up $folder"
        quietly 'meson setup' meson setup "$@" "$folder" "$root"
    elif [ -n "$installed" ]; then
        quietly 'meson configure' meson configure --clearcache "$folder"
        quietly 'meson setup' meson setup --reconfigure "$@" "$folder" "$root"
    fi
    quietly 'build' ninja -C "$folder"
}
