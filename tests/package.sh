#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds the Debian packages of HEAD twice, in folders of different names: lintian must find
# nothing, both builds must be the same to the byte, and what is unpacked must run and be built
# with.
# Usage: sh tests/package.sh [FOLDER]
#   FOLDER: where the packages are kept
# Installs what is missing (Debian). Exit status 0 passed, 1 failed, 77: there is no dpkg here.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=benchmarks/setup.sh
. "$root/benchmarks/setup.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build FOLDER: a clone in it, its packages beside the clone.
build()
{
    mkdir "$1"
    quietly 'git clone' git clone -q "$root" "$1/linebounce"
    say "building in $1"
    (
        cd "$1/linebounce"
        # Of the environment only what a clean one has, and a wrapper of the compiler.
        quietly 'dpkg-buildpackage' env -u CFLAGS -u CXXFLAGS -u CPPFLAGS -u LDFLAGS -u DESTDIR \
            dpkg-buildpackage -us -uc -b
    )
}

same_twice()
{
    for package in "$work"/one/*.deb; do
        cmp "$package" "$work/the-other-folder/${package##*/}" ||
            die "${package##*/}: differs between two folders"
        if dpkg-deb --fsys-tarfile "$package" | grep -qaF "$work"; then
            die "${package##*/}: holds the path that it was built in"
        fi
    done
}

is_clean()
{
    # As root its options are ignored unless it is told that this is meant.
    lintian --allow-root --fail-on error,warning "$work"/one/*.changes ||
        die 'lintian finds faults in the packages'
}

# Unpacked, not installed: the machine stays as it is.
works()
{
    for package in "$work"/one/*.deb; do
        dpkg-deb -x "$package" "$work/system"
    done
    program=$work/system/usr/bin/linebounce
    "$program" --version
    "$program" show layouts >"$work/said"
    "$program" run fastpath --rounds 2 --out "$work/results" >"$work/said" 2>&1 ||
        grep -q 'no window was good' "$work/said" || { # as on a busy machine
        cat "$work/said"
        die 'the program of the package fails'
    }
    described=$(find "$work/system" -name linebounce.pc)
    sed -i "s|^prefix=|prefix=$work/system|" "$described"
    PKG_CONFIG_PATH=${described%/*}
    export PKG_CONFIG_PATH
    # shellcheck disable=SC2046 # flags
    cc -o "$work/installed" "$root/tests/installed/layouts.c" \
        $(pkg-config --cflags --libs linebounce)
    "$work/installed" >"$work/said"
    for page in man/man1/linebounce.1.gz man/man1/linebounce-run.1.gz doc/linebounce/README.md; do
        [ -s "$work/system/usr/share/$page" ] || die "the package lacks $page"
    done
}

if ! command -v dpkg >/dev/null || ! command -v apt-get >/dev/null; then
    say 'without dpkg and apt: packages cannot be built'
    exit 77
fi
needs=$(sed -n '/^Build-Depends:/,/^[^ ]/s/^ \([a-z][a-z0-9-]*\).*/\1/p' "$root/debian/control")
# shellcheck disable=SC2086 # a list
install_by_apt dpkg-dev debhelper lintian git ${needs#debhelper-compat}
build "$work/one"
is_clean
works
build "$work/the-other-folder"
same_twice
[ $# -eq 0 ] || cp "$work"/one/*.deb "$1"
say 'the packages are clean, and the same from two folders'
