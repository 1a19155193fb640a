#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""linebounce suggest: moves that are ranked, and the best of them measured.

Program: $LINEBOUNCE; what makes BTF files: $LB_MAKE_BTF, empty in a build without libbpf
"""

import json
import re
import sys

from cli_btf import BtfCase, with_libbpf
from cli_support import Case, main, two_pus

PRESETS = ["mmap_lock", "page_counter", "i_mmap", "f_ref", "dentry", "mem_cgroup"]
OWN = "page:size=96,lock=16:pthread_mutex,hot=page_id@0+flags@8:4+pins@12:4+lsn@88"
BRIEF = ("--rounds", "2", "--no-plots", "--events", "none", "--out", "out")
# Rank, move, lines and pairs in common, lines touched, bytes, more bytes, objects in a slab.
ROW = re.compile(r"^ {0,2}(\d+) {2}(\S.*?)\s+([\d.]+) +([\d.]+) +([\d.]+) +(\d+) +([+-]\d+) "
                 r"+(\d+)$", re.M)
MOVE = re.compile(r"(\S+) to (\d+)")


def moves_of(text):
    return ",".join(f"{name}={at}" for name, at in MOVE.findall(text))


class Ranked(Case):
    def rows(self, *args):
        text = self.succeeds("suggest", "--dry-run", *args).stdout
        return ROW.findall(re.sub(r"\n {5,}(?=[\d.]+ )", "  ", text)), text

    def test_presets(self):
        for preset in PRESETS:
            rows, text = self.rows("--preset", preset)
            if not rows:
                self.assertIn("No move buys anything: no field that is read shares", text)
                continue
            self.assertIn("by a model of lines, not measured", text)
            self.assertEqual([int(r[0]) for r in rows], list(range(1, len(rows) + 1)))
            shared = [float(r[2]) for r in rows]
            self.assertEqual(shared, sorted(shared))
        rows, text = self.rows("--preset", "dentry")
        self.assertEqual(rows[0][1:3], ("d_lockref to 128", "0"))
        self.assertRegex(text, r"as it is +1 +0 +3 +192 +42\n")
        self.assertIn("what lies between the fields named is not known", text)

    def test_offsets_by_hand(self):
        rows, text = self.rows("--layout", OWN, "--read", "page_id,flags", "--write", "lock")
        self.assertIn("written lock at 16", text)
        self.assertTrue(any("lock to" in r[1] for r in rows), text)
        self.assertTrue(any("aligned to " in r[1] for r in rows), text)
        for r in self.rows("--layout", OWN, "--read", "page_id", "--write", "lock",
                           "--size", "96")[0]:
            self.assertNotRegex(r[1], r" to (9[6-9]|1\d\d)")

    def test_nothing_to_gain(self):
        own = OWN.replace("size=96", "size=256,align=128").replace("lsn@88", "lsn@128")
        _, text = self.rows("--layout", own, "--read", "page_id", "--write", "lsn")
        self.assertIn("No move buys anything: no field that is read shares a line", text)
        # Without --dry-run there is nothing to measure either.
        result = self.succeeds("suggest", "--layout", own, "--read", "page_id", "--write", "lsn")
        self.assertEqual(result.stdout, text)
        rows, text = self.rows("--layout", OWN, "--read", "pins", "--write", "pins")
        self.assertEqual(rows, [])
        self.assertIn("none parts what is read from what is written any further", text)
        self.assertIn("pins is both read and written", text)

    def test_what_binds(self):
        given = ("--layout", OWN, "--read", "page_id", "--write", "pins")
        for r in self.rows(*given, "--first", "page_id")[0]:
            self.assertNotIn("page_id to", r[1])
        for r in self.rows(*given, "--together", "flags,pins")[0]:
            if "pins to" in r[1]:
                self.assertRegex(r[1], r"flags to \d+, pins to")

    def test_refusals(self):
        given = ("--layout", OWN, "--read", "page_id", "--write", "pins")
        for args, says in (
                ((), "suggest: of one structure"),
                (("--preset", "dentry,f_ref"), "suggest: of one structure"),
                (("--preset", "dentri"), "unknown preset 'dentri'"),
                (("--layout", "pointer"), "whatif takes structures"),
                (("--layout", OWN, "--read", "page_ld", "--write", "pins"), "nearest: page_id"),
                (("--layout", OWN, "--read", "page_id", "--write", "pinz"), "nearest: pins"),
                (("--layout", OWN, "--read", "page_id"), "which fields are written? --write"),
                ((*given, "--together", "pins,flogs"), "nearest: flags"),
                ((*given, "--first", "flags"), "--first flags: it lies at 8 in page, behind"),
                ((*given, "--size", "64"), "--size 64: page has 96 bytes as it is"),
                ((*given, "--lock", "refcount,lockref"), "--lock: one kind at a time"),
                ((*given, "--move", "pins=64"), "unknown option '--move'"),
                ((*given, "--scenario", "many"), "unknown option '--scenario'"),
                ((*given, "--out", "a", "b"), "'b': a structure goes to --layout"),
                (("--layout", f"x{'y' * 25}:{OWN[5:]}", *given[2:]), "is too long")):
            self.assertIn(says, self.refuses("suggest", *args), args)


class Measured(Case):
    @two_pus
    def test_best_three(self):
        text = self.succeeds("suggest", "--preset", "dentry", *BRIEF).stdout
        self.assertIn("by a model of lines, not measured", text)
        self.assertIn("Measured: net ns an op as it is", text)
        self.assertRegex(text, r"(?m)^=> ")
        self.assertRegex(text, r"Which move of these fields pays\?")
        self.assertIn("Checks ", text)
        tried = [r for r in self.check_rows(self.path("out", "samples.csv"), "samples")
                 if r["scenario"] == "whatif"]
        self.assertEqual({r["layout"] for r in tried},
                         {"dentry"} | {f"dentry:moved{i}" for i in (1, 2, 3)})
        self.assertEqual({r["lock"] for r in tried}, {"lockref"})
        rows = self.check_rows(self.path("out", "summary.csv"), "summary")
        self.assertLessEqual({r["baseline"] for r in rows if ":moved" in r["layout"]},
                             {"dentry", ""})  # "" where the machine was too busy for pairs
        with open(self.path("out", "run.json"), encoding="utf-8") as file:
            told = json.load(file)["whatif"]
        self.assertEqual(told["dentry"]["written"], ["d_lockref at 88"])
        self.assertEqual(told["dentry:moved1"]["written"], ["d_lockref at 88, moved 128"])


@with_libbpf
class Structures(BtfCase):
    def given(self):
        return ("--layout", f"btf:{self.fixture('6.15')}:vm_area_struct,name=vma", "--read",
                "vm_start,vm_end", "--write", "vm_flags")

    def test_whatif_takes_every_move(self):
        """All members are known here: what makes room fits where it goes."""
        given = self.given()
        text = self.succeeds("suggest", "--dry-run", *given).stdout
        ranked = [line.split("  ") for line in text.splitlines() if re.match(r" {0,2}\d+  ", line)]
        moved = 0
        for line in ranked:
            words = next(word for word in line[1:] if " to " in word)
            moves, _, align = words.partition("; aligned to ")
            if moves_of(moves):
                moved += 1
                self.succeeds("run", "whatif", "--dry-run", "--work-ns", "0", *given, "--move",
                              moves_of(moves), *(("--align", align) if align else ()))
        self.assertGreater(moved, 2)

    def test_bit_fields_and_unions(self):
        odd = self.fixture("odd")
        self.assertIn("a union", self.refuses("suggest", "--layout", f"btf:{odd}:either_lock",
                                              "--read", "word", "--write", "lock"))
        bits = ("--layout", f"btf:{odd}:bits", "--read", "d", "--write", "a")
        text = self.succeeds("suggest", "--dry-run", *bits).stdout
        self.assertIn("a is a bit-field, which shares its bytes", text)
        self.assertRegex(text, r"(?m)^  1  d to ")
        self.assertIn("a is a bit-field, which shares its bytes, and cannot be moved",
                      self.refuses("suggest", *bits, "--together", "a,d"))

    def test_names(self):
        self.assertIn("has no member vm_strat", self.refuses(
            "suggest", *self.given()[:2], "--read", "vm_strat", "--write", "vm_flags"))
        self.assertIn("nearest: vm_area_struct", self.refuses(
            "suggest", "--layout", f"btf:{self.path('6.15.btf')}:vm_area_strukt", "--read",
            "vm_start", "--write", "vm_flags"))


if __name__ == "__main__":
    sys.exit(main())
