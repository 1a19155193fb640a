# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What benchmarks/run.sh, tests/run.sh and .ci/run share; sourced, not run, under `set -eu`. The
# caller sets `root`, the project's folder.
: "${root:?is to be set by the script that sources this}"

# Debian's names: what a build needs, what its features and pictures need, and the same of tests.
packages_run='meson ninja-build pkg-config gcc g++ libhwloc-dev libcjson-dev'
packages_features='libnuma-dev libpfm4-dev libbpf-dev libdw-dev libbenchmark-dev zlib1g-dev
    gnuplot-nox fonts-dejavu-core'
packages_tests='libcmocka-dev python3'
packages_checks='libbenchmark-tools python3-scipy python3-numpy clang binutils'

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

# least meson|hwloc: the version that meson.build asks for.
least()
{
    case $1 in
    meson) sed -n "s/.*meson_version: '>=\([0-9.]*\)'.*/\1/p" "$root/meson.build" ;;
    *) sed -n "s/.*dependency('$1', version: '>=\([0-9.]*\)'.*/\1/p" "$root/meson.build" ;;
    esac
}

# at_least VERSION LEAST
at_least()
{
    awk -v have="$1" -v least="$2" 'BEGIN {
        n = split(least, l, "."); split(have, h, ".")
        for (i = 1; i <= n; i++)
            if (h[i] + 0 != l[i] + 0)
                exit h[i] + 0 < l[i] + 0
    }'
}

# The version of a package that apt would install, empty if none.
candidate()
{
    LC_ALL=C apt-cache policy "$1" 2>/dev/null |
        sed -n 's/^ *Candidate: \([0-9]*:\)\{0,1\}\([0-9][0-9.]*\).*/\2/p'
}

# check_version NAME VERSION HINT: nothing is said of what is not there.
check_version()
{
    [ -z "$2" ] || at_least "$2" "$(least "$1")" ||
        die "$1 $2 is what this system has, and $(least "$1") is the least that will do: $3"
}

# Of what there is, or of what there would be.
check_versions()
{
    version=$(meson --version 2>/dev/null) || version=$(candidate meson)
    check_version meson "$version" "\`python3 -m pip install meson\` brings a newer one"
    version=$(pkg-config --modversion hwloc 2>/dev/null) || version=$(candidate libhwloc-dev)
    check_version hwloc "$version" 'please install a newer one'
}

# The packages of the list that are not there. Of meson any will do, wherever it is from.
missing_packages()
{
    for package in "$@"; do
        is_installed "$package" || { [ "$package" = meson ] && meson --version >/dev/null 2>&1; } ||
            printf '%s ' "$package"
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

# by_apt ARGUMENT...: one apt-get at a time, as stages of .ci/run go on beside one another.
by_apt()
{
    as_root env DEBIAN_FRONTEND=noninteractive flock -o /var/lib/apt apt-get "$@"
}

# A password is asked for on a terminal only.
can_be_root()
{
    [ "$(id -u)" -eq 0 ] && return 0
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }
}

# may_install PACKAGES: says what is missing, and asks on a terminal.
may_install()
{
    say "these packages are missing: $1"
    if [ -t 0 ] && [ -t 2 ]; then
        printf 'linebounce: install them by apt-get? [Y/n] ' >&2
        read -r answer || answer=n
        case $answer in
        [nN]*) return 1 ;;
        esac
    fi
    can_be_root && return 0
    say 'they are not installed: that takes root, and sudo does not work here'
    return 1
}

# A source that is broken is no reason to stop, as long as the packages come from another.
update_lists()
{
    log=$(mktemp)
    by_apt update -q >"$log" 2>&1 || {
        sed -n 's/^[EW]: /  /p' "$log" >&2
        say 'apt-get update failed, in part at least: going on with the lists that there are'
    }
    rm -f "$log"
}

apt_install()
{
    by_apt install -q -y --no-install-recommends "$@"
}

# install_by_apt PACKAGE...: dies where one cannot be had.
install_by_apt()
{
    wanted=$(missing_packages "$@")
    [ -n "$wanted" ] || return 0
    may_install "$wanted" || die 'nothing is done without them'
    update_lists
    # shellcheck disable=SC2086 # a list
    quietly 'apt-get install' apt_install $wanted
}

# install_useful PACKAGE...: those that can be had, each by itself where not all can.
install_useful()
{
    log=$(mktemp)
    if [ $# -gt 0 ] && ! apt_install "$@" >"$log" 2>&1; then
        for package in "$@"; do
            apt_install "$package" >"$log" 2>&1 || {
                sed -n 's/^E: /  /p' "$log" >&2
                say "$package cannot be installed: going on without it"
            }
        done
    fi
    rm -f "$log"
}

# install_all NECESSARY USEFUL: two lists. Sets `installed` to what was missing.
install_all()
{
    # shellcheck disable=SC2086 # lists, here and below
    missing=$(missing_packages $1 $2)
    [ -n "$missing" ] && may_install "$missing" || return 0
    update_lists
    check_versions
    installed=$missing
    # shellcheck disable=SC2086
    missing=$(missing_packages $1)
    say 'installing them'
    # shellcheck disable=SC2086
    [ -z "$missing" ] || quietly 'apt-get install' apt_install $missing
    # shellcheck disable=SC2046,SC2086
    install_useful $(missing_packages $2)
}

# The first archive of Debian's own that apt knows, for packages of other releases.
apt_mirror()
{
    # shellcheck disable=SC2016 # apt's variables
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        sed -n 's/^Debian \(.*\)/\1/p' | head -n 1
}

# apart FOLDER APT-TOOL ARGUMENT...: with FOLDER/sources alone, and a state of its own in FOLDER.
apart()
{
    apart=$1 tool=$2
    shift 2
    mkdir -p "$apart/lists/partial" "$apart/archives/partial"
    : >"$apart/status"
    "$tool" -q -o "Dir::Etc::SourceList=$apart/sources" -o Dir::Etc::SourceParts=- \
        -o "Dir::State=$apart" -o "Dir::State::status=$apart/status" -o "Dir::Cache=$apart" \
        -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}

has_module()
{
    pkg-config --exists "$1" 2>/dev/null
}

# name_missing tests|run: what a build cannot do without, as commands and pkg-config modules.
name_missing()
{
    lacking=
    commands='meson ninja pkg-config cc c++'
    modules='hwloc libcjson'
    [ "$1" != tests ] || commands="$commands python3" modules="$modules cmocka"
    for command in $commands; do
        command -v "$command" >/dev/null || lacking="$lacking $command"
    done
    for module in $modules; do
        has_module "$module" || lacking="$lacking $module"
    done
    [ -z "$lacking" ] || die "please install what is missing (programs, libraries):$lacking"
    for module in libbpf libdw benchmark zlib; do
        has_module "$module" || say "without $module: its feature is left out"
    done
    has_module numa || [ -f /usr/include/numa.h ] || say "without libnuma: no memory is bound"
    [ -f /usr/include/perfmon/pfmlib.h ] || say "without libpfm4: hardware events have no names"
    command -v gnuplot >/dev/null || say "without gnuplot: no pictures"
}

# need_packages tests|run: by apt where there is one, and elsewhere nothing is installed.
need_packages()
{
    installed=
    if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
        if [ "$1" = tests ]; then
            install_all "$packages_run $packages_tests" "$packages_features $packages_checks"
        else
            install_all "$packages_run" "$packages_features"
        fi
    fi
    name_missing "$1"
    check_versions
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
