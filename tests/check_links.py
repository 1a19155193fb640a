#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every relative link of the Markdown pages leads somewhere, and every page is led to.

Usage: check_links.py [FOLDER]     ($LB_SOURCE_DIR, or the folder above this script)
Anchors are held against the headings, named as GitHub does. From FOLDER/README.md on, every page
must be reached by links, and where the source is, files that pages name (`lib/base/base.c`, "*" for
any) are there. In a clone only what git keeps is there. Exit 0 passed, 1 failed.
"""

import glob
import os
import re
import subprocess
import sys

CODE = re.compile(r"(?ms)^(```|~~~).*?^\1[^\n]*$|(?:(?<=\n\n)|\A)(?: {4}[^\n]*\n)+")
SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]*)>?[^)]*\)|^\[[^\]]+\]:\s*<?([^\s>]+)", re.M)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.M)
# NAME and HOST stand for a name, and what a build makes is in build/.
FILE = re.compile(r"(?:benchmarks|include|lib|results|tests)/(?!HOST)(?!.*NAME)[\w*./-]+\.\w+")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)


def kept(root):
    """The files and folders that git keeps, or None where it does not say."""
    if not os.path.exists(os.path.join(root, ".git")):
        return None
    done = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True,
                          check=False)
    files = set(done.stdout.split("\0")) - {""}
    folders = {os.path.dirname(file) for file in files}
    return files | folders if not done.returncode else None


def pages(root):
    for base, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f[0] not in "._" and not f.startswith("build"))
        for name in sorted(names):
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(base, name), root)


def prose(root, page):
    with open(os.path.join(root, page), encoding="utf-8") as file:
        return CODE.sub("", file.read())


def anchors(text):
    """The names by which GitHub's pages can link to headings."""
    known = {}
    for heading in HEADING.findall(text):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        known[name] = known.get(name, -1) + 1
        if known[name]:
            known[f"{name}-{known[name]}"] = 0
    return set(known)


def links(text):
    for match in LINK.finditer(SPAN.sub("", text)):
        target = match[1] if match[1] is not None else match[2]
        if not ELSEWHERE.match(target):
            yield target


def named(text):
    """The files that a page names in its sentences."""
    for match in SPAN.finditer(text):
        for word in match[2].split():
            if FILE.fullmatch(word):
                yield word


def fault_of(root, page, target, texts, known):
    """(what is wrong with the link or None, the file that it leads to)"""
    path, _, anchor = target.partition("#")
    to = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    if not target or os.path.isabs(path) or to.startswith(".."):
        return "is not within the project", to
    if not os.path.exists(os.path.join(root, to)):
        return "leads nowhere", to
    if known is not None and to not in known:
        return "leads to what git does not keep", to
    if anchor and anchor not in anchors(texts.get(to, "")):
        return f"there is no heading '{anchor}'", to
    return None, to


def check(root):
    """(the faults, how many links there are)"""
    texts = {page: prose(root, page) for page in pages(root)}
    known = kept(root)
    faults, leads, n = [], {page: set() for page in texts}, 0
    for page, text in texts.items():
        for target in links(text):
            fault, to = fault_of(root, page, target, texts, known)
            n += 1
            leads[page].add(to)
            if fault:
                faults.append(f"{page}: ({target}): {fault}")
        if os.path.exists(os.path.join(root, "meson.build")):
            faults += [f"{page}: there is no {name}" for name in named(text)
                       if not glob.glob(os.path.join(glob.escape(root), name))]
    seen, waiting = set(), ["README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen:
            seen.add(page)
            waiting += leads.get(page, ())
    faults += [f"{page}: no link leads here from README.md" for page in texts if page not in seen]
    return faults, n


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LB_SOURCE_DIR",
                                                                os.path.dirname(here))
    faults, n = check(root)
    for fault in faults:
        print(fault)
    print(f"{n} links, {len(faults)} faults")
    return 1 if faults or not n else 0


if __name__ == "__main__":
    sys.exit(main())
