#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cross-compiles the hot loops for arm64, both builds, by gcc and, where it is installed, by clang,
and holds them against what check_hot.py says: LL/SC with pairs of exclusives, LSE with cas and
ldadd, each with slow paths of its own.

Usage: check_hot_arm.py [SOURCE]     ($LB_SOURCE_DIR, or the folder above this script)
Exit 0 passed, 1 failed, 77 skipped: no gcc for aarch64 (Debian: gcc-aarch64-linux-gnu
libc6-dev-arm64-cross). The flags and files are read from lib/meson.build.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import check_hot

TRIPLET = "aarch64-linux-gnu-"
COMPILERS = {"gcc": [TRIPLET + "gcc"], "clang": ["clang", "--target=aarch64-linux-gnu"]}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def list_of(text, opening, end):
    """The words in quotes of a list in a meson.build."""
    part = text[text.index(opening) + len(opening):]
    return re.findall(r"'([^']*)'", part[:part.index(end)])


def builds_of(text):
    """{suffix: flags} as lib/meson.build has them for aarch64."""
    part = re.search(r"builds = \{('': \[[^}]*-march[^}]*)\}", text)[1]
    return {suffix: re.findall(r"'([^']*)'", flags)
            for suffix, flags in re.findall(r"'(\w*)': \[([^\]]*)\]", part)}


def flags_of(root, text):
    arm = re.search(r"'aarch64'\n(.*?)endif", text, re.DOTALL)[1]
    project = re.search(r"'aarch64'\n.*?get_supported_arguments\(('[^)]*)\)",
                        read(os.path.join(root, "meson.build")), re.DOTALL)[1]
    return [*re.findall(r"'(-[^']*)'", project), *list_of(text, "hot_flags = [", "]"),
            *re.findall(r"'(-[^']*)'", arm)]


def supported(compiler, flag):
    """Whether a compiler knows a flag, as meson asks: it has older ones to build with too."""
    return subprocess.run([*compiler, "-Werror", flag, "-fsyntax-only", "-x", "c",
                           "/dev/null"], capture_output=True, check=False).returncode == 0


def compile_one(compiler, root, source, flags, target):
    done = subprocess.run([*compiler, "-std=gnu17", "-D_GNU_SOURCE", "-g", "-fPIC",
                           f"-I{root}/include", f"-I{root}/lib", *flags, "-c",
                           f"{root}/lib/{source}", "-o", target],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"failed: {source} does not compile for arm64:\n{done.stderr}")
        sys.exit(1)


def archive(compiler, root, target, sources, flags):
    objects = []
    for source in sources:
        stem = os.path.splitext(os.path.basename(source))[0]
        objects.append(target.replace(".a", f"-{stem}.o"))
        compile_one(compiler, root, source, flags, objects[-1])
    subprocess.run([TRIPLET + "ar", "rc", target, *objects], check=True)
    return target


def build(compiler, root, place):
    """For each build the archives of its loops and of its slow paths."""
    text = read(os.path.join(root, "lib/meson.build"))
    flags = [f for f in flags_of(root, text) if supported(compiler, f)]
    return [[archive(compiler, root, os.path.join(place, f"lib{what}{suffix}.a"),
                     list_of(text, f"{what}_sources = files(", ")"), flags + architecture)
             for what in ("hot", "lock")]
            for suffix, architecture in builds_of(text).items()]


def names_in(archives):
    """(defined, used) global names of this project."""
    defined, used = set(), set()
    for line in check_hot.run([TRIPLET + "nm", *archives]).splitlines():
        *_, letter, name = ["", *line.split()][-2:] if line.strip() else ("", "")
        if name.startswith("lb_"):
            (used if letter == "U" else defined if letter.isupper() else set()).add(name)
    return defined, used


def check_names(builds):
    """Each build has slow paths and tables of its own (lib/lock/built_twice.h)."""
    (first, first_uses), (second, second_uses) = map(names_in, builds)
    if not first or not second:
        yield "no names in a build"
    yield from (f"{name}: defined in both builds" for name in sorted(first & second))
    yield from (f"{name}: LSE's build uses that of the other" for name in sorted(
        second_uses & first))
    yield from (f"{name}: of LSE's build, used by the other" for name in sorted(
        first_uses & second))


def check_compiler(name, root):
    """How many faults of its builds there are."""
    with tempfile.TemporaryDirectory() as place:
        builds = build(COMPILERS[name], root, place)
        if len(builds) != 2:
            print(f"failed: {len(builds)} builds for aarch64 in lib/meson.build, expected two")
            return 1
        faults = [f"{fault} (lib/lock/built_twice.h)" for fault in check_names(builds)]
        print("\n".join([*faults, f"{name}: names of two builds, {len(faults)} faults"]))
        return check_hot.check_all([hot for hot, _ in builds]) + len(faults)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LB_SOURCE_DIR",
                                                                os.path.dirname(here))
    for name in ("gcc", "objdump"):
        if not shutil.which(TRIPLET + name):
            check_hot.skip(f"{TRIPLET}{name} is missing (Debian: gcc-aarch64-linux-gnu "
                           "libc6-dev-arm64-cross)")
    compilers = [name for name, (program, *_) in COMPILERS.items() if shutil.which(program)]
    return int(any([check_compiler(name, root) for name in compilers]))


if __name__ == "__main__":
    sys.exit(main())
