#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Layouts from what pahole prints, and with fields named by hand, on the command line.

Usage: cli_pahole.py [unittest options]     program: $LINEBOUNCE
Exit 0 passed, 1 failed. The texts in tests/data/pahole/ are pahole 1.24's of an example of this
project; old.txt is made for this test in the form of older versions and of C++.
"""

import os
import subprocess
import sys

from cli_support import PROGRAM, SOURCE, Case, main, two_pus

DATA = os.path.join(SOURCE, "tests", "data", "pahole")
BRIEF = ("--rounds", "2", "--no-plots", "--events", "none", "--work-ns", "200", "--out", "out")


def text(name):
    return os.path.join(DATA, name)


class Pahole(Case):
    def members(self, layout):
        lines = self.succeeds("show", "structure", "--layout", layout).stdout.splitlines()
        return [line.strip() for line in lines]

    def test_members_and_locks(self):
        self.assertEqual(self.members(f"pahole:{text('page-1.24.txt')}")[0][:32],
                         "struct page: 80 bytes, aligned t")
        self.assertEqual(self.members(f"pahole:{text('page-1.24.txt')}:page")[1:], [
            "0      8  page_id: uint64_t",
            "8      4  flags: uint32_t",
            "12      4  pins: atomic_uint  # _Atomic",  # pahole says 0 bytes
            "16      8  lsn: uint64_t",
            "24      8  frame: void *",
            "32     40  latch: pthread_mutex_t  # pthread_mutex_t",
            "72      8  next: struct page *"])

    def test_what_is_expanded_in_an_array_is_not_a_member(self):
        self.assertEqual(self.members(f"pahole:{text('pool-expanded-1.24.txt')}")[1:], [
            "0   5120  pages: struct page [64]",
            "5120      4  lock: pthread_spinlock_t  # pthread_spinlock_t",
            "5124      1  dirty:7: unsigned int",
            "5124      1  closing:1: unsigned int"])

    def test_older_versions(self):
        self.assertEqual(self.members(f"pahole:{text('old.txt')}:flags"), [
            f"struct flags: 128 bytes, aligned to 64, of {text('old.txt')}",
            "0      1  a:3: unsigned int",
            "0      2  b:7: unsigned int",
            "8      8  word: long unsigned int",
            "8      1  low: unsigned char",
            "9      1  high: unsigned char",
            "16     16  lru: struct list_head",
            "16      8  lru.next: struct list_head *",
            "24      8  lru.prev: struct list_head *",
            "32      8  get_block: function *",
            "64     40  sem: struct rw_semaphore  # rw_semaphore",
            "104      0  rest: char [0]"])

    def test_classes(self):
        self.assertEqual(self.members(f"pahole:{text('old.txt')}:page")[1:], [
            "0     16  linked: class linked",
            "16     40  latch: class mutex  # pthread_mutex_t",
            "56      4  pins: struct atomic<unsigned int>  # _Atomic",
            "60      1  kind:4: unsigned int",
            "61      1  dirty:1: unsigned int"])

    def test_standard_input(self):
        with open(text("page-1.24.txt"), encoding="utf-8") as file:
            for args in (("show", "structure", "--layout", "pahole:-"),
                         ("show", "layouts", "--layout", "pahole:-:page,hot=page_id,lock=latch"),
                         ("run", "whatif", "--layout", "pahole:-", "--read", "page_id,flags",
                          "--write", "pins", "--move", "pins=128", "--dry-run", "--threads", "2")):
                file.seek(0)
                result = subprocess.run([PROGRAM, *args], stdin=file, capture_output=True,
                                        text=True, check=False, cwd=self.dir)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn("page", result.stdout)

    def test_refusals(self):
        with open(self.path("words"), "w", encoding="utf-8") as file:
            file.write("struct page { /* but */\nno end\n")
        for layout, says in ((f"{text('old.txt')}", "there are 2 structures: say which"),
                             (f"{text('old.txt')}:pagee", "nearest: page"),
                             (f"{self.path('words')}", "no structure as pahole prints them"),
                             ("/nowhere:x", "No such file"), (f"{self.dir}:x", "Is a directory"),
                             (f"{text('old.txt')}:page,hot=linkd,lock=latch", "nearest: linked")):
            self.assertIn(says, self.refuses("show", "layouts", "--layout", f"pahole:{layout}"))

    @two_pus
    def test_is_measured(self):
        self.succeeds("run", "whatif", "--layout", f"pahole:{text('page-1.24.txt')}", "--read",
                      "page_id", "--write", "latch", "--align", "64", *BRIEF)


class ByHand(Case):
    PAGE = "page:size=96,lock=16:pthread_mutex,hot=page_id@0+flags@8:4+lsn@88"

    def test_is_drawn_as_what_it_is(self):
        drawing = self.succeeds("show", "layouts", "--layout", self.PAGE).stdout
        self.assertIn("object of 96 bytes, aligned to 8, stride 96; pthread_mutex inside", drawing)
        self.assertRegex(drawing, r"(?m)^     0 \|page_id   \|flags     \|COUNT     \|lock ")
        self.assertRegex(drawing, r"(?m)^    64 \| \.        \| \.        \| \.        \|lsn  ")
        for words in ("vm_", "lock_seq", "as Linux"):
            self.assertNotIn(words, drawing)

    def test_a_pointer_to_the_lock_and_a_list(self):
        drawing = self.succeeds("show", "layouts", "--layout",
                                f"padded,node:size=64,slot=8:futex_mutex,hot=key@0,{self.PAGE}")
        self.assertIn("futex_mutex in a slab of its own", drawing.stdout)
        self.assertIn("\npage: ", drawing.stdout)

    def test_refusals(self):
        for keys, says in (("lock=16:pthread_mutex,hot=a@0+b@18", "overlaps b (18 to 19)"),
                           ("lock=16,hot=a@0", "which kind of lock?"),
                           ("lock=16:pthread_mutx,hot=a@0", "pthread_mutex"),
                           ("lock=16:refcount,kind=refcount,hot=a@0", "given twice"),
                           ("lock=16:refcount,hot=a@0+a@8", "named twice"),
                           ("lock=16:refcount,hot=a@0,head=0", "of a VMA's fields"),
                           ("lock=16:refcount,hot=a", "NAME@OFFSET"),
                           ("lock=16:refcount,hot=a@96", "the object ends at 96"),
                           ("lock=16:refcount,hot=a@0:0", "has no bytes"),
                           ("lock=16:refcount,hott=a@0", "hot")):
            self.assertIn(says, self.refuses("show", "layouts", "--layout", f"x:size=96,{keys}"))

    @two_pus
    def test_is_measured(self):
        self.succeeds("run", "--scenario", "same-object,observer", *BRIEF, "--layout", self.PAGE)


if __name__ == "__main__":
    sys.exit(main())
