# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What the tests in the guest need. Sourced by tests/run.sh --guest and .ci/run, after
# benchmarks/setup.sh; they set `root`, the project's folder.
# The system's own dpkg stays as it is: packages of other architectures are fetched from the
# system's sources with an apt state of their own, and only unpacked.
: "${root:?is to be set by the script that sources this}"

packages_guest='qemu-system-arm qemu-system-x86 qemu-user binutils gcc-aarch64-linux-gnu
    libc6-dev-arm64-cross gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross'
# What the program and its tests are linked with, what those libraries need in turn, and a shell.
packages_arm64='libhwloc-dev libhwloc15 libudev1 libcap2 libnuma-dev libnuma1 libcjson-dev libcjson1
    libpfm4-dev libpfm4 libcmocka-dev libcmocka0 busybox-static'
packages_ppc64el='libpfm4-dev'
# The x86 guest runs the programs of this build, with this machine's libraries.
packages_amd64='busybox-static'
kernel_amd64=linux-image-cloud-amd64
# Others, by architecture and release: of Debian 13, with PREEMPT_RT too, and the newest.
kernels='amd64:trixie:linux-image-cloud-amd64 amd64:trixie:linux-image-rt-amd64
    amd64:sid:linux-image-cloud-amd64 arm64:trixie:linux-image-cloud-arm64
    arm64:sid:linux-image-cloud-arm64'
# Debian's smallest kernel; the driver of the PMU is built in (CONFIG_HW_PERF_EVENTS).
kernel_arm64=linux-image-cloud-arm64

# foreign APT-TOOL ARGUMENT...: for the architecture and the folder of the running fetch().
foreign()
{
    tool=$1
    shift
    "$tool" -q -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" \
        -o "Dir::State=$into/apt" -o "Dir::State::status=$into/apt/status" \
        -o "Dir::Cache=$into/apt" -o Acquire::Languages=none -o APT::Sandbox::User=root \
        ${sources:+-o "Dir::Etc::SourceList=$sources" -o Dir::Etc::SourceParts=-} "$@"
}

# depends_on PACKAGE PREFIX: the first package that it depends on whose name begins so.
depends_on()
{
    foreign apt-cache depends "$1" | sed -n "s/^ *Depends: \\($2[^ ]*\\)$/\\1/p" | head -n 1
}

# unpack_kernel META-PACKAGE: boot/vmlinuz-* of what it depends on; the modules stay packed. From
# Debian 14 on the image's package is an empty one, and the image lies among the modules.
unpack_kernel()
{
    kernel=$(depends_on "$1" linux-image-)
    [ -n "$kernel" ] || return 1
    binary=$(depends_on "$kernel" linux-binary-)
    [ -z "$binary" ] || kernel=$binary
    foreign apt-get download "$kernel" || return 1
    dpkg-deb --fsys-tarfile "$kernel"_*.deb |
        tar -x -C "$into/new" --wildcards './*/vmlinuz*' || return 1
    mkdir -p "$into/new/boot"
    for image in "$into"/new/usr/lib/modules/*/vmlinuz; do
        [ ! -f "$image" ] || mv "$image" "$into/new/boot/vmlinuz-$(basename "${image%/vmlinuz}")"
    done
}

# fetch PACKAGE...: unpacks them into $into/new.
fetch()
{
    mkdir -p "$into/apt/lists/partial" "$into/apt/archives/partial" "$into/new" || return 1
    : >"$into/apt/status"
    # A source without this architecture is no fault, as long as the packages are somewhere.
    foreign apt-get update || :
    cd "$into/apt" || return 1
    foreign apt-get download "$@" || return 1
    for package in *.deb; do
        dpkg-deb -x "$package" "$into/new" || return 1
    done
    [ -z "$meta" ] || unpack_kernel "$meta"
}

# sysroot ARCHITECTURE FOLDER KERNEL|'' PACKAGE...: fills FOLDER unless it is there. Where that
# fails the reason is shown, and the tests that look into FOLDER skip.
sysroot()
{
    arch=$1 into=$2.part meta=$3 target=$2
    shift 3
    [ ! -d "$target" ] || return 0
    say "fetching packages of $arch"
    rm -rf "$into"
    if (fetch "$@") >"$target.log" 2>&1; then
        mv "$into/new" "$target"
        rm -f "$target.log"
    else
        tail -n 20 "$target.log" >&2
        say "packages of $arch cannot be had: tests that need them are skipped"
    fi
    rm -rf "$into"
}

# fetch_kernel RELEASE META-PACKAGE: its boot/vmlinuz-* into $kernels_at.
fetch_kernel()
{
    sources=$into/sources
    mkdir -p "$into/apt/lists/partial" "$into/apt/archives/partial" "$into/new" "$kernels_at" &&
        : >"$into/apt/status" && echo "deb $mirror $1 main" >"$sources" &&
        foreign apt-get update && cd "$into/apt" && unpack_kernel "$2" &&
        mv "$into"/new/boot/vmlinuz-* "$kernels_at"
}

# other_kernels FOLDER ARCHITECTURE: fills FOLDER/kernels/ARCHITECTURE unless it is there; each that
# can be had.
other_kernels()
{
    arch=$2 kernels_at=$1/kernels/$2 into=$1/kernels.part mirror=$(apt_mirror)
    [ ! -d "$kernels_at" ] && [ -n "$mirror" ] || return 0
    for kernel in $kernels; do
        [ "${kernel%%:*}" = "$arch" ] || continue
        kernel=${kernel#*:}
        say "fetching $kernel"
        rm -rf "$into"
        (fetch_kernel "${kernel%%:*}" "${kernel#*:}") >"$1/kernels.log" 2>&1 || {
            tail -n 3 "$1/kernels.log" >&2
            say "$kernel cannot be had: its tests are skipped"
        }
    done
    rm -rf "$into"
}

# set_up_guest FOLDER: packages, libraries, a kernel, and the cross build.
set_up_guest()
{
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        say 'without apt: the guest is made of Debian packages, and is left out'
        return 0
    fi
    # shellcheck disable=SC2086 # lists
    install_by_apt $packages_guest
    guest=$1
    mkdir -p "$guest"
    # shellcheck disable=SC2086
    sysroot arm64 "$guest/arm64" "$kernel_arm64" $packages_arm64
    # shellcheck disable=SC2086
    sysroot ppc64el "$guest/ppc64el" '' $packages_ppc64el
    # shellcheck disable=SC2086
    [ "$(uname -m)" != x86_64 ] || sysroot amd64 "$guest/amd64" "$kernel_amd64" $packages_amd64
    [ "$(uname -m)" != x86_64 ] || other_kernels "$guest" amd64
    other_kernels "$guest" arm64
    [ -d "$guest/arm64" ] || return 0
    printf "[constants]\nsysroot = '%s'\n" "$guest/arm64" >"$guest/sysroot.ini"
    build_in "$guest/build" --cross-file "$guest/sysroot.ini" \
        --cross-file "$root/tests/guest/aarch64.ini" -Dgbench=disabled -Dnuma=enabled \
        -Dpfm=enabled -Dtests=enabled
}
