#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is installed can be built with: a C and a C++ program, by the flags that pkg-config gives.
And read: the pages lead to each other.

Usage: check_installed.py     ($LB_BUILD_DIR, $LB_SOURCE_DIR, CC, CXX, MESON)
Installs the build into a folder of its own, and builds and runs tests/installed/*.
Exit 0 passed, 1 failed, 77 skipped: no pkg-config, no meson or no compiler.
"""

import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import check_links
from check_headers import LANGUAGES, compilers

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic"]


def run(command, **more):
    """What it prints; a failure is told with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise RuntimeError(f"{shlex.join(command)}: exit {done.returncode}\n"
                           f"{done.stdout}{done.stderr}")
    return done.stdout


def install(build, folder):
    """Returns the folder of linebounce.pc, which says the prefix below `folder`."""
    meson = shlex.split(os.environ.get("MESON", "meson"))
    run([*meson, "install", "-C", build, "--no-rebuild", "--destdir", folder])
    found = glob.glob(os.path.join(glob.escape(folder), "**", "linebounce.pc"), recursive=True)
    if len(found) != 1:
        raise RuntimeError(f"installed: {len(found)} files linebounce.pc")
    with open(found[0], encoding="utf-8") as file:
        text = file.read()
    with open(found[0], "w", encoding="utf-8") as file:
        file.write(re.sub(r"(?m)^prefix=", f"prefix={folder}", text))
    return os.path.dirname(found[0])


def check_pages(folder):
    """How many links the installed pages have, all of which have to lead somewhere."""
    found = glob.glob(os.path.join(glob.escape(folder), "**", "doc", "linebounce"), recursive=True)
    if len(found) != 1:
        raise RuntimeError(f"installed: {len(found)} folders doc/linebounce")
    faults, n = check_links.check(found[0])
    if faults or not n:
        raise RuntimeError("\n".join(faults) or "installed: pages without a link")
    return n


def flags(pkgconfig, *options):
    paths = [pkgconfig, *filter(None, [os.environ.get("PKG_CONFIG_PATH")])]
    program = os.environ.get("PKG_CONFIG", "pkg-config")
    return shlex.split(run([program, *options, "linebounce"],
                           env={**os.environ, "PKG_CONFIG_PATH": os.pathsep.join(paths)}))


def build_and_run(compiler, language, source, pkgconfig, folder):
    program = os.path.join(folder, "program")
    run([*compiler, *LANGUAGES[language][0][2:], *WARNINGS, *flags(pkgconfig, "--cflags"), source,
         "-o", program, *flags(pkgconfig, "--libs")])
    if not run([program]).strip():
        raise RuntimeError(f"{source}: prints nothing")


def check(build, sources, folder):
    pkgconfig = install(build, folder)
    yield f"{check_pages(folder)} links of the pages"
    for language, ending in (("C", ".c"), ("C++", ".cc")):
        for source in glob.glob(os.path.join(glob.escape(sources), "*" + ending)):
            for compiler in compilers(language):
                build_and_run(compiler, language, source, pkgconfig, folder)
                yield f"{os.path.basename(source)} by {compiler[0]}"


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.environ.get("LB_SOURCE_DIR", os.path.dirname(here))
    build = os.environ.get("LB_BUILD_DIR", os.path.join(root, "build"))
    for tool in (os.environ.get("PKG_CONFIG", "pkg-config"),
                 shlex.split(os.environ.get("MESON", "meson"))[0]):
        if not shutil.which(tool):
            print(f"skipped: no {tool}")
            return 77
    if not compilers("C"):
        print("skipped: no compiler")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        try:
            built = list(check(build, os.path.join(here, "installed"), os.path.realpath(folder)))
        except RuntimeError as fault:
            print(fault)
            return 1
    print(f"followed, built and run: {', '.join(built) or 'nothing'}")
    return 0 if len(built) > 1 else 1


if __name__ == "__main__":
    sys.exit(main())
