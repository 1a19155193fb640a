#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Suite whatif on the command line: moves of the kernel's, and structures from BTF.

Program: $LINEBOUNCE; what makes BTF files: $LB_MAKE_BTF, empty in a build without libbpf
"""

import csv
import json
import re
import sys

from cli_btf import BtfCase, with_libbpf
from cli_support import Case, main, two_pus

BRIEF = ("--rounds", "2", "--no-plots", "--events", "none", "--work-ns", "200", "--verbose",
         "--out", "out")
PRESETS = ["mmap_lock", "page_counter", "i_mmap", "f_ref", "dentry", "mem_cgroup"]


def cases_of(result):
    return re.findall(r"^whatif/\S+", result.stdout, re.M)


class Presets(Case):
    def test_each_as_it_is_and_as_moved(self):
        cases = cases_of(self.succeeds("run", "whatif", "--dry-run", "--threads", "2",
                                       "--work-ns", "200"))
        self.assertEqual([c.split("/")[1] for c in cases],
                         [n for p in PRESETS for n in (p, f"{p}:moved")])

    @two_pus
    def test_run(self):
        text = self.succeeds("run", "whatif", "--preset", "mmap_lock,f_ref", *BRIEF).stdout
        self.assertIn("mmap_lock.owner and mmap_lock.count share line 2", text)
        self.assertIn("half the threads read f_mode at 12, f_op at 16; half add to f_ref at 0 "
                      "(moved 184)", text)
        self.assertIn("published: will-it-scale mmap1", text)
        self.assertRegex(text, r"read  at  200 ns of work: net ns/op +\S+.*, moved +\S+")
        rows = self.check_rows(self.path("out", "summary.csv"), "summary")
        mine = [r for r in rows if r["scenario"] == "whatif"]
        # On a busy machine a case may have no good window, and then no row.
        bases = {"mmap_lock": "", "mmap_lock:moved": "mmap_lock", "f_ref": "",
                 "f_ref:moved": "f_ref"}
        self.assertEqual([r["baseline"] for r in mine], [bases[r["layout"]] for r in mine])
        tried = [r for r in self.check_rows(self.path("out", "samples.csv"), "samples")
                 if r["scenario"] == "whatif"]
        self.assertEqual({(r["layout"], r["role"], r["lock"]) for r in tried},
                         {(n, role, "") for role in ("read", "write") for n in bases})
        with open(self.path("out", "run.json"), encoding="utf-8") as file:
            told = json.load(file)["whatif"]
        self.assertEqual(told["f_ref"]["written"], ["f_ref at 0, moved 184"])
        self.assertEqual(told["f_ref"]["write"], "add")

    @two_pus
    def test_locks(self):
        """A lock is taken as each of the kinds that have room, and compared with itself."""
        result = self.succeeds("run", "whatif", "--preset", "dentry,f_ref", "--lock",
                               "lockref,qspinlock,rwsem40", *BRIEF)
        self.assertIn("rwsem40 needs 40 bytes, there are 8 at 88", result.stderr)
        self.assertRegex(result.stdout, r"half take d_lockref at 88 \(moved 128\)")
        self.assertIn("half take f_ref at 0 (moved 184)", result.stdout)
        self.assertIn("  as qspinlock:\n  read  at", result.stdout)
        tried = [r for r in self.check_rows(self.path("out", "samples.csv"), "samples")
                 if r["scenario"] == "whatif"]
        self.assertEqual({(r["layout"], r["lock"]) for r in tried},
                         {(f"{p}{m}", k) for p in ("dentry", "f_ref") for m in ("", ":moved")
                          for k in ("lockref", "qspinlock")})
        with open(self.path("out", "run.json"), encoding="utf-8") as file:
            told = json.load(file)["whatif"]
        self.assertEqual((told["dentry"]["write"], told["dentry"]["lock"],
                          told["dentry"]["generation"]), ("take", "lockref", "6.4"))

    def test_refusals(self):
        for args, says in (
                (("whatif", "--preset", "x"), "unknown preset 'x'. There are: mmap_lock, "),
                (("whatif", "--read", "a"), "of which structure? --layout btf:FILE:STRUCT"),
                (("whatif", "--layout", "pointer"), "whatif takes structures"),
                (("whatif", "--lock", "pthread_rwlock", "--dry-run"), "rwlock needs 56 bytes"),
                (("whatif", "--lock", "refcount", "--threads", "2", "--preset", "x"), "preset 'x'"),
                (("whatif", "--preset", "dentry", "--lock", "mutex32", "--dry-run"),
                 "layout 'dentry': mutex32 needs 32 bytes, there are 8 at 88"),
                (("whatif", "--write-how", "scribble"),
                 "unknown write 'scribble'. There are: store, increment, add"),
                (("whatif", "--align", "0"), "--align '0'"),
                (("layouts", "--read", "a"), "--read: means nothing to suite layouts"),
                (("layouts", "--preset", "f_ref"), "--preset: means nothing to suite layouts"),
                (("layouts", "--scenario", "whatif"), "which fields are read")):
            self.assertIn(says, self.refuses("run", *args), args)
        self.assertIn("unknown preset of a sweep 'f_ref'",
                      self.refuses("sweep", "--preset", "f_ref"))


class Compared(Case):
    """Beside what a case is compared, where that is no baseline of all."""

    def bases(self, *run):
        for folder in "AB":
            self.succeeds("run", *run, "--rounds", "2", "--no-plots", "--events", "none",
                          "--work-ns", "0", "--out", folder)
        rows = self.succeeds("compare", "A", "B", "--format", "csv").stdout.splitlines()
        self.assertIn("(each its own)", self.succeeds("compare", "--all", "A", "B").stdout)
        return {r["layout"]: r["base"] for r in csv.DictReader(rows) if r["layout"]}

    @two_pus
    def test_moved_copies(self):
        self.assertEqual(self.bases("whatif", "--preset", "f_ref"),
                         {"f_ref": "", "f_ref:moved": "f_ref"})

    @two_pus
    def test_scans(self):
        self.assertEqual(self.bases("offset", "--scenario", "increment", "--offset", "8,64,512"),
                         {"apart-8": "apart-512", "apart-64": "apart-512", "apart-512": ""})


@with_libbpf
class Structures(BtfCase):
    def whatif(self, *options):
        layout = f"btf:{self.fixture('6.15')}:vm_area_struct,name=vma"
        return ("run", "whatif", "--layout", layout, *options)

    @two_pus
    def test_moved(self):
        text = self.succeeds(*self.whatif("--read", "vm_start,vm_end", "--write", "vm_refcnt",
                                          "--move", "vm_refcnt=120,numab_state=128",
                                          "--align", "64",
                                          *BRIEF)).stdout
        self.assertRegex(text, r"half add to vm_refcnt at 128 \(moved 120\)")
        self.assertIn("vma:moved", text)
        self.assertRegex(text, r"as moved: vm_start and vm_refcnt lie in one pair of lines")

    @two_pus
    def test_plain_fields_are_stored_to(self):
        options = ("--read", "vm_start", "--write", "vm_flags")
        text = self.succeeds(*self.whatif(*options, *BRIEF)).stdout
        self.assertIn("half store to vm_flags", text)
        self.assertNotIn("moved", text.split("What if?")[1].split("\n", 2)[2])

    def test_no_lock_is_needed(self):
        self.succeeds(*self.whatif("--read", "vm_start", "--write", "vm_end", "--dry-run"))

    def small(self, structure, read, write, *options):
        return ("run", "whatif", "--layout", f"btf:{self.fixture('more')}:{structure}", "--read",
                read, "--write", write, *options)

    def test_a_field_at_the_end_is_as_wide_as_it_is(self):
        """Objects of 12 and 2 bytes: the last word is theirs in part."""
        for structure, read, write in (("three", "a", "c"), ("five", "a", "c"), ("one", "x", "y")):
            self.succeeds(*self.small(structure, read, write, "--dry-run"))
        self.succeeds(*self.small("three", "a", "c", "--move", "c=12", "--dry-run"))
        self.assertIn("all at 8 lies past the end (8 bytes)",
                      self.refuses(*self.small("flexible", "n", "all")))

    @two_pus
    def test_c11_atomics_are_added_to(self):
        text = self.succeeds(*self.small("counters", "last", "hits", *BRIEF)).stdout
        self.assertIn("half add to hits at 0", text)
        text = self.succeeds(*self.small("counters", "last", "misses", *BRIEF, "--out", "b")).stdout
        self.assertIn("half add to misses at 16", text)
        self.assertIn("misses is an _Atomic whose type the BTF has lost", text)

    def kinds(self, structure, write, *options, read="data"):
        """As what the locks of a structure's cases are taken; '' where none is."""
        text = self.succeeds(*self.small(structure, read, write, "--dry-run", "--threads", "2",
                                         "--work-ns", "0", *options))
        found = [case.split("/") for case in cases_of(text)]
        return [case[2] if case[3].startswith("l") and len(case) > 5 else "" for case in found]

    def test_locks_are_run_as_what_they_are(self):
        for structure, write, kind in (("with_rwlock", "l", "qrwlock"),
                                       ("with_seqlock", "l", "seqlock"),
                                       ("with_seqcount", "l", "seqcount"),
                                       ("with_lockref", "l", "lockref")):
            self.assertEqual(self.kinds(structure, write), [kind])
        self.assertEqual(self.kinds("short_mutex", "m", read="op"), ["mutex24"])
        self.assertEqual(self.kinds("short_mutex", "m", "--write-how", "add", read="op"), [""])
        self.assertEqual(self.kinds("short_mutex", "m", "--lock", "qspinlock,lockref", read="op"),
                         ["qspinlock", "lockref"])
        self.assertEqual(self.kinds("dentry", "d_lockref", read="d_inode"), ["lockref"])
        self.assertEqual(self.kinds("with_debug_spinlock", "l"), [""], "longer than a kind here")

    def test_locks_that_cannot_be_taken(self):
        for structure, read, options, says in (
                ("dentry", "d_inode", ("d_lockref,d_seq",), "are locks, of which one can be taken"),
                ("short_mutex", "op", ("m", "--lock", "rwsem40"), "rwsem40 needs 40 bytes, there "
                                                                  "are 24"),
                ("short_mutex", "op", ("m", "--lock", "mutex24", "--write-how", "add"),
                 "--lock is taken, which --write-how add does not do"),
                ("short_mutex", "m", ("op", "--write-how", "take"),
                 "no field written is a lock of a kind known here: say as which"),
                ("with_seqcount", "data", ("l", "--write-how", "share"),
                 "its readers take nothing")):
            self.assertIn(says, self.refuses(*self.small(structure, read, *options,
                                                            "--dry-run")))

    @two_pus
    def test_a_sleeping_lock_is_its_word(self):
        text = self.succeeds(*self.small("rt_spin", "more", "l", *BRIEF)).stdout
        self.assertIn("half add to l at 72", text)
        self.assertIn("more and l share line 1", text)

    def test_refusals(self):
        for options, says in (
                (("--read", "vm_start"), "which fields are written? --write FIELD,..."),
                (("--read", "vm_strat", "--write", "vm_end"), "nearest: vm_start"),
                (("--read", "vm_start,", "--write", "vm_end"), "an empty item in the list"),
                (("--read", "vm_start", "--write", "vm_end", "--move", "vm_end"),
                 "FIELD=OFFSET,... in bytes is expected"),
                (("--read", "vm_start", "--write", "vm_end", "--move", "vm_end=0"),
                 "over vm_start"),
                (("--read", "vm_start", "--write", "vm_end", "--move", "vm_end=-8"),
                 "FIELD=OFFSET,... in bytes is expected"),
                (("--read", "vm_start", "--write", "vm_end", "--size", "8"), "8"),
                (("layouts", "--read", "vm_start", "--write", "vm_end"),
                 "leave out the other suites")):
            self.assertIn(says, self.refuses(*self.whatif(*options)), options)
        bad = f"btf:{self.path('6.15.btf')}:vm_area_struct,hot=vm_start"
        self.assertIn("whatif takes name=, which= and base= here",
                      self.refuses("run", "whatif", "--layout", bad, "--read", "vm_start"))


if __name__ == "__main__":
    sys.exit(main())
