#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes linebounce as one program that needs no library where it runs, and a tar of it with its
# pages, manual and completion. Installs what is missing (Debian).
# Usage: sh benchmarks/bundle.sh [OPTION...]
#   OPTION: options of `meson setup`, where build-static/ is set up
# The last line names the tar. Its one folder is a prefix, as /usr/local is one, but bin/linebounce
# alone does too.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=benchmarks/setup.sh
. "$root/benchmarks/setup.sh"

build=$root/build-static
packages_static='meson ninja-build pkg-config gcc libc6-dev binutils dpkg-dev libhwloc-dev
    libcjson-dev libnuma-dev libpfm4-dev libbpf-dev libdw-dev libelf-dev zlib1g-dev liblzma-dev
    libbz2-dev'

# fetch_cjson FOLDER: what the system's own was built from, its patches applied.
fetch_cjson()
{
    mirror=$(apt_mirror)
    [ -n "$mirror" ] || die 'libcjson.a is needed, and apt knows no mirror of Debian for its source'
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    mkdir -p "$1"
    echo "deb-src $mirror $codename main" >"$1/sources"
    quietly 'apt-get update' apart "$1" apt-get update
    (cd "$1" && quietly 'apt-get source' apart "$1" apt-get source cjson)
}

# Debian has cJSON as a shared library alone, but it is one source file.
make_cjson()
{
    cjson=$build/cjson
    case $(${CC:-cc} -print-file-name=libcjson.a) in
    /*) return 0 ;;
    esac
    [ ! -f "$cjson/libcjson.a" ] || return 0
    say 'building cJSON'
    rm -rf "$cjson"
    fetch_cjson "$cjson"
    # shellcheck disable=SC2086 # a wrapper and a compiler
    quietly 'cJSON' ${CC:-cc} -O2 -c -o "$cjson/cJSON.o" "$cjson"/cjson-*/cJSON.c
    sed "s|^libdir=.*|libdir=$cjson|" "$(pkg-config --variable=pcfiledir libcjson)/libcjson.pc" \
        >"$cjson/libcjson.pc"
    ar rcs "$cjson/libcjson.a" "$cjson/cJSON.o"
}

# What the program holds of others goes with what they ask for.
copy_licences()
{
    mkdir -p "$1"
    for package in libc6 libhwloc-dev libcjson-dev libnuma-dev libpfm4-dev libbpf-dev libdw-dev \
        libelf-dev zlib1g-dev liblzma-dev libbz2-dev; do
        [ ! -f "/usr/share/doc/$package/copyright" ] ||
            cp "/usr/share/doc/$package/copyright" "$1/${package%-dev}"
    done
}

# Two bundles of one commit are the same, to the byte.
make_tar()
{
    stamp=$(git -C "$root" log -1 --format=%ct 2>/dev/null) || stamp=$(date +%s)
    tar -C "$build/bundle" --sort=name --mtime="@$stamp" --owner=0 --group=0 --numeric-owner \
        --mode=u+rw,go=u-w -cf - "$1" | gzip -9n >"$build/$1.tar.gz"
}

installed=
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    # shellcheck disable=SC2086 # a list
    install_by_apt $packages_static
fi
check_versions
make_cjson
PKG_CONFIG_PATH=$build/cjson${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
build_in "$build" -Dstatic=true --prefix / "$@"
name=linebounce-$("$build/benchmarks/linebounce" --version | sed -n '1s/.* //p')-$(uname -m)
rm -rf "$build/bundle"
quietly 'meson install' meson install -C "$build" --no-rebuild --strip \
    --destdir "$build/bundle/$name"
copy_licences "$build/bundle/$name/share/doc/linebounce/licences"
make_tar "$name"
echo "$build/$name.tar.gz"
