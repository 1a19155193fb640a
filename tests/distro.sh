#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs README's two commands from a fresh clone in a minimal Debian of another release: as root, who
# lets them install what they need, and then as a user who has no sudo. Wants root and debootstrap.
# Usage: sh tests/distro.sh [OPTION...] RELEASE...     (as bookworm trixie sid)
#   --cache FOLDER   downloaded packages, and logs (default: ~/.cache/linebounce/distro)
#   --mirror URL     of Debian (default: the one that this system's apt has)
#   --run 'ARG...'   of benchmarks/run.sh (default: none for root, --quick for the user)
#   --tests 'ARG...' of tests/run.sh, as --suite unit
# It is HEAD that is cloned, and this machine's kernel that runs it. The last lines hold, for each
# release and user, the status of the first command and the second's sum. Exit status 0 when all
# passed.
#
# The system is mounted in a namespace of its own, so nothing is mounted in the folder that is
# removed at the end; if something is nevertheless, the folder stays.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=benchmarks/setup.sh
. "$root/benchmarks/setup.sh"

usage()
{
    sed -n '/^# Usage/,/^# passed/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

remove_system()
{
    [ -n "$system" ] && [ -d "$system" ] || return 0
    if grep -qF " $system/" /proc/mounts; then
        say "something is mounted below $system: it stays"
    else
        rm -rf --one-file-system "$system"
    fi
    system=
}

# Packages that were there before, and those that came since.
lend_packages()
{
    find "$packages" -maxdepth 1 -name '*.deb' -exec cp -t "$system/var/cache/apt/archives" {} +
}

keep_packages()
{
    find "$system/var/cache/apt/archives" -maxdepth 1 -name '*.deb' -exec cp -n -t "$packages" {} +
}

make_system()
{
    say "$release: making a system"
    quietly debootstrap debootstrap --variant=minbase --include=git,ca-certificates \
        --cache-dir="$packages" "$release" "$system" "$mirror"
    cp /etc/resolv.conf "$system/etc/resolv.conf"
    chroot "$system" useradd --create-home --shell /bin/sh tester
    lend_packages
}

# inside USER COMMAND: in the system, without this one's environment.
inside()
{
    home=/root
    [ "$1" = root ] || home=/home/$1
    # shellcheck disable=SC2016 # the inner shell's
    unshare --mount --pid --fork --kill-child --propagation private sh -euc '
        system=$1
        shift
        mount -t proc proc "$system/proc"
        mount --rbind /sys "$system/sys"
        mount --rbind /dev "$system/dev"
        mount -t tmpfs tmpfs "$system/tmp"
        exec chroot "$system" "$@"' sh "$system" \
        setpriv --reuid="$1" --regid="$1" --init-groups \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$home" \
        USER="$1" LANG=C.UTF-8 http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" \
        sh -c "cd $home/linebounce && $2" </dev/null
}

# try_user USER RUN-ARGUMENTS: both commands, from a clone that is the user's.
try_user()
{
    home=/root
    [ "$1" = root ] || home=/home/$1
    quietly 'git clone' git clone -q --no-hardlinks "$root" "$system$home/linebounce"
    chroot "$system" chown -R "$1:$1" "$home/linebounce"
    log=$cache/$release-$1
    say "$release, $1: sh benchmarks/run.sh $2"
    ran=0
    inside "$1" "sh benchmarks/run.sh $2" >"$log-run.log" 2>&1 || ran=$?
    say "$release, $1: sh tests/run.sh $tests_arguments"
    tested=0
    inside "$1" "sh tests/run.sh $tests_arguments" >"$log-tests.log" 2>&1 || tested=$?
    [ "$ran$tested" = 00 ] || status=1
    summary="$summary
$release, $1: run.sh ended with $ran; tests: $(tail -n 1 "$log-tests.log") (status $tested)"
}

try_release()
{
    release=$1
    packages=$cache/$release
    mkdir -p "$packages"
    system=$(mktemp -d "${TMPDIR:-/tmp}/linebounce-$release.XXXXXX")
    chmod 755 "$system"
    make_system
    try_user root "$run_arguments"
    keep_packages
    try_user tester "${run_arguments:---quick}"
    remove_system
}

cache=${HOME:-/root}/.cache/linebounce/distro
mirror=
run_arguments=
tests_arguments=
while [ $# -gt 1 ]; do
    case $1 in
    --cache) cache=$2 ;;
    --mirror) mirror=$2 ;;
    --run) run_arguments=$2 ;;
    --tests) tests_arguments=$2 ;;
    *) break ;;
    esac
    shift 2
done
case ${1--} in
-*) usage ;;
esac
[ "$(id -u)" -eq 0 ] || die 'a system is made by root only'
command -v debootstrap >/dev/null || die 'debootstrap is missing'
[ -n "$mirror" ] || mirror=$(apt_mirror)
[ -n "$mirror" ] || die 'apt knows no mirror of Debian: please name one by --mirror'
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

[ -z "$(git -C "$root" status --porcelain)" ] || say 'what is not committed is not tried'
status=0
summary=
system=
trap remove_system EXIT
trap 'exit 130' INT TERM HUP
for release in "$@"; do
    try_release "$release"
done
echo "${summary#?}"
exit "$status"
