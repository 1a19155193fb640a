#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Layouts from BTF on the command line: BTF made by hand, and the running kernel's where it has it.

Usage: cli_btf.py [unittest options]     program: $LINEBOUNCE; $LB_MAKE_BTF makes BTF files
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import csv
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import unittest

from cli_support import ROOT, SOURCE, Case, main, two_pus

MAKE_BTF = os.environ.get("LB_MAKE_BTF", "")
KERNEL = "/sys/kernel/btf/vmlinux"
BRIEF = ("--rounds", "1", "--no-plots", "--events", "none", "--out", "out")

with_libbpf = unittest.skipUnless(MAKE_BTF, "built without libbpf")


def kernel_says_no(run_it):
    """Why the running kernel's BTF cannot be read, '' when it can."""
    if not MAKE_BTF:
        return "built without libbpf"
    result = run_it("show", "layouts", "--layout", "btf:vm_area_struct")
    if result.returncode and re.search("no BTF|does not know|Permission", result.stderr):
        return result.stderr.strip()
    return ""


class BtfCase(Case):
    def fixture(self, name, file=None):
        """Makes the BTF and returns its path."""
        path = self.path(file or f"{name}.btf")
        subprocess.run([MAKE_BTF, name, path], check=True)
        return path

    def draw(self, layout, *options):
        return self.succeeds("show", "layouts", "--layout", layout, *options).stdout


class Unbuilt(BtfCase):
    @unittest.skipIf(MAKE_BTF, "built with libbpf")
    def test_says_that_it_has_no_libbpf(self):
        for layout in ("btf:vm_area_struct", "btf:/nowhere:x,hot=y"):
            self.assertIn("this build has no libbpf",
                          self.refuses("show", "layouts", "--layout", layout))


@with_libbpf
class Show(BtfCase):
    def test_draws_members_lock_and_what_is_read(self):
        text = self.draw(f"btf:{self.fixture('6.15')}:vm_area_struct,align=64")
        self.assertIn("btf-vm_area_struct: 6.15.btf: 192 bytes, aligned to 64 (as asked), "
                      "refcount_t vm_refcnt at 128, run as refcount", text)
        self.assertIn("|*anon_vma |*vm_ops   |*vm_pgoff |vm_file   |", text)
        self.assertRegex(text, r"(?m)^   128 \|COUNT     \|shared    \|\.\.")
        self.assertRegex(text, r"(?m)^   128    4  # vm_refcnt: refcount_t$")
        self.assertRegex(text, r"(?m)^    40    4 \*  vm_lock_seq: unsigned int$")
        self.assertIn("48 pages of 4 KiB per 1000 objects", text)

    def test_a_pointer_to_a_lock_is_a_separate_lock(self):
        text = self.draw(f"btf:{self.fixture('6.4')}:vm_area_struct")
        self.assertIn("rw_semaphore behind vm_lock at 48, run as rwsem40", text)
        self.assertIn("the lock, 40 bytes, stride 40:", text)
        self.assertIn("54 pages of 4 KiB per 1000 objects", text)

    def test_several_beside_built_in_ones(self):
        old, new = self.fixture("6.4"), self.fixture("6.15")
        text = self.draw(f"btf:{old}:vm_area_struct,name=old", "--layout", "pointer,refcount",
                         "--layout", f"btf:{new}:vm_area_struct,name=new")
        self.assertEqual(re.findall(r"(?m)^([a-z]\S*): ", text),
                         ["old", "pointer", "refcount", "new"])

    def test_another_kind_of_lock(self):
        path = self.fixture("inline")
        text = self.draw(f"btf:{path}:vm_area_struct,align=64", "--lock", "refcount,rwsem32")
        self.assertIn("stride 256; refcount inside", text)
        self.assertIn("stride 256; rwsem32 inside", text)

    def test_a_lock_that_does_not_fit_is_said(self):
        text = self.draw(f"btf:{self.fixture('6.15')}:vm_area_struct", "--lock", "rwsem40")
        self.assertIn("rwsem40 needs 40 bytes, there are 8 at 128", text)


    def test_locks_of_unions(self):
        path = self.fixture("more")
        text = self.draw(f"btf:{path}:bucket,hot=head")
        self.assertIn("atomic_t raw_lock.val at 8, run as refcount", text)

    def test_a_sleeping_lock_is_run_where_its_word_lies(self):
        text = self.draw(f"btf:{self.fixture('more')}:rt_spin,hot=hot,kind=refcount")
        self.assertIn("spinlock_t (rt_mutex_base) l at 48, run as refcount of its word at 72", text)
        self.assertRegex(text, r"(?m)^    64 \| \.        \|COUNT     \|more      \|")


@with_libbpf
class Structures(BtfCase):
    """show structure: all members, without lock or fields."""

    def members(self, layout):
        return self.succeeds("show", "structure", "--layout", layout).stdout.splitlines()

    def test_all_members(self):
        path = self.fixture("odd")
        self.assertEqual(self.members(f"btf:{path}:nested"), [
            f"struct nested: 40 bytes, aligned to 4, of {path}",
            "     0      8  in: struct inner",
            "     0      4  in.x: int",
            "     4      4  in.either: int",
            "     4      1  in.other: unsigned char",
            "     8      4  y: int",
            "    12     24  many: struct inner [3]",
            "    40      0  rest: unsigned char [0]"])
        self.assertEqual(self.members(f"btf:{path}:bits")[1:4], [
            "     0      1  a:3: unsigned int",
            "     0      2  b:7: unsigned int",
            "     2      2  wide:12: unsigned int"])
        self.assertIn("24 bytes", self.members(f"btf:{path}:twice,which=2")[0])

    def test_locks(self):
        path = self.fixture("more")
        self.assertIn("    48     32  l: spinlock_t  # spinlock_t, PREEMPT_RT: owner at 24 of it",
                      self.members(f"btf:{path}:rt_spin"))
        self.assertIn("     8      8  vm_lock: struct vma_lock *  # points to rw_semaphore, "
                      "PREEMPT_RT: readers at 0 of it", self.members(f"btf:{path}:rt_apart"))
        self.assertIn("     8      4  n: atomic_uint (an _Atomic)  # _Atomic",
                      self.members(f"btf:{path}:c11_4"))

    def test_several(self):
        path = self.fixture("more")
        text = self.succeeds("show", "structure", "--layout", f"btf:{path}:one",
                             "--layout", f"btf:{path}:three").stdout
        self.assertEqual(re.findall(r"(?m)^struct (\w+):", text), ["one", "three"])

    def test_refusals(self):
        path = self.fixture("more")
        for args, says in ((("--layout", "pointer"), "takes btf:STRUCT, or btf:, dwarf: or"),
                           (("--layout", f"btf:{path}:three,hot=a"), "which= and base= here"),
                           (("--layout", f"btf:{path}:three,name=x"), "name= means nothing"),
                           (("--layout", f"btf:{path}:thre"), "nearest: three"),
                           ((), "of which?")):
            self.assertIn(says, self.refuses("show", "structure", *args))


@with_libbpf
class Refusals(BtfCase):
    def refused(self, layout, *words):
        said = self.refuses("show", "layouts", "--layout", layout)
        for word in words:
            self.assertIn(word, said)

    def test_names(self):
        path = self.fixture("odd")
        self.refused(f"btf:{path}:filee", "has no structure filee", "nearest: file")
        self.refused(f"btf:{path}:file,hot=f_mod", "has no member f_mod", "nearest: f_mode")
        self.refused(f"btf:{path}:declared,hot=a", "only declared")
        self.refused(f"btf:{path}:twice,hot=a", "2 different structures", "16, 24", "which=1")
        self.refused(f"btf:{path}:locks,hot=data", "3 locks", "first (spinlock_t at 0)", "lock=")
        self.refused(f"btf:{path}:lockless,hot=a", "has no lock")
        self.refused(f"btf:{path}:file", "say what an op reads by hot=")
        self.refused(f"btf:{path}:file,hot=f_mode,speed=9", "unknown key")
        self.refused(f"btf:{path}:", "a name has 1 to 127 characters")
        self.refused("btf:", "a name has 1 to 127 characters")

    def test_files(self):
        path = self.fixture("6.15")
        self.refused("btf:/nowhere/x:vm_area_struct", "/nowhere/x: No such file")
        self.refused(f"btf:{self.dir}:vm_area_struct", "no regular file")
        self.refused(f"btf:{sys.executable}:vm_area_struct", "without BTF")
        self.refused(f"btf:{__file__}:vm_area_struct", "neither BTF nor an ELF file")
        with open(path, "r+b") as file:
            data = file.read()
            self.write(data[:-1000], "cut")
            # the first type's kind: the last that the format has room for
            info = 24 + 4
            newer = struct.pack("=I", 31 << 24)
            self.write(data[:info] + newer + data[info + len(newer):], "newer")
        self.refused(f"btf:{self.path('cut')}:vm_area_struct", "broken BTF")
        self.refused(f"btf:{self.path('newer')}:vm_area_struct", "of a kind (31)", "newer libbpf")

    def write(self, data, name):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def test_one_name_for_two(self):
        path = self.fixture("6.15")
        layout = f"btf:{path}:vm_area_struct"
        said = self.refuses("show", "layouts", "--layout", layout, "--layout", layout)
        self.assertIn("name=", said)
        said = self.refuses("show", "layouts", "--layout", layout, "--layout",
                            "btf-vm_area_struct:size=256,lock=192")
        self.assertIn("another layout is called", said)

    def test_members_outside(self):
        path = self.fixture("hostile")
        for name in ("behind", "behind_pointer", "near", "across", "in_nameless"):
            self.refused(f"btf:{path}:{name},hot=a", "broken BTF", "lies outside the")

    def test_sleeping_locks(self):
        path = self.fixture("more")
        for name in ("rt_sem", "rt_spin", "rt_mutexed", "rt_rwlock", "rt_apart"):
            self.refused(f"btf:{path}:{name},hot=hot", "as PREEMPT_RT's locks are", "say kind=")

    def without(self, folder):
        """What is said of the kernel's BTF with an empty folder over that one, seen by this one
        program."""
        os.makedirs(self.path("empty"), exist_ok=True)
        command = f"mount --bind '{self.path('empty')}' {folder} && exec \"$@\""
        result = subprocess.run(
            ["unshare", "-m", "sh", "-c", command, "sh", os.environ["LINEBOUNCE"], "show",
             "layouts", "--layout", "btf:vm_area_struct"], capture_output=True, text=True,
            check=False)
        if "mount:" in result.stderr or "unshare:" in result.stderr:
            self.skipTest(result.stderr.strip())
        self.assertEqual(result.returncode, 2, result.stderr)
        return result.stderr

    @unittest.skipUnless(ROOT and shutil.which("unshare"), "needs root and unshare")
    def test_a_kernel_without_btf(self):
        said = self.without(os.path.dirname(KERNEL))
        self.assertIn("this kernel has no BTF", said)
        self.assertIn("CONFIG_DEBUG_INFO_BTF", said)

    @unittest.skipUnless(ROOT and shutil.which("unshare"), "needs root and unshare")
    def test_no_sysfs(self):
        """Then the kernel may well have BTF."""
        said = self.without("/sys")
        self.assertIn("there is no sysfs at /sys", said)
        self.assertNotIn("has no BTF", said)


@with_libbpf
class Run(BtfCase):
    def manifest(self):
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            return json.load(file)

    def rows(self, name="samples.csv"):
        """Spoiled windows are among the samples, too: the machine may be busy."""
        with open(self.path("out", name), newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def test_joins_the_others(self):
        self.succeeds("run", "--scenario", "same-object", "--threads", "1", *BRIEF,
                      "--layout", f"btf:{self.fixture('6.15')}:vm_area_struct,align=64",
                      "--layout", "refcount")
        found = {(r["layout"], r["lock"]) for r in self.rows() if r["scenario"] == "same-object"}
        self.assertEqual(found, {("pointer", "rwsem40"), ("btf-vm_area_struct", "refcount"),
                                 ("refcount", "refcount")})

    @two_pus
    def test_named_fields_in_every_scenario(self):
        """An op on words by name locks, reads and unlocks in all of them."""
        path = self.fixture("6.15")
        self.succeeds("run", *BRIEF, "--rounds", "4", "--work-ns", "200", "--objects", "1000",
                      "--layout", f"btf:{path}:vm_area_struct,name=by-name,hot=vm_start+shared")
        found = {(r["scenario"], r["role"]) for r in self.rows() if r["layout"] == "by-name"}
        self.assertEqual(found, {
            ("same-object", "all"), ("neighbours", "all"), ("observer", "lock"),
            ("observer", "observe"), ("nested", "all"), ("many", "all"), ("mixed", "reader"),
            ("mixed", "writer")})  # a refcount has no plain writers

    @two_pus
    def test_without_a_sequence_number_there_is_no_mixed(self):
        layout = f"btf:{self.fixture('odd')}:file,hot=f_mode+f_inode"
        result = self.succeeds("run", *BRIEF, "--work-ns", "200", "--layout", layout,
                               "--scenario", "same-object,mixed")
        self.assertIn("it has no sequence number", result.stderr)
        self.assertEqual({r["scenario"] for r in self.rows() if r["layout"] == "btf-file"},
                         {"same-object"})

    def test_baseline(self):
        layout = f"btf:{self.fixture('6.15')}:vm_area_struct"
        self.succeeds("run", "--scenario", "same-object", "--threads", "1", *BRIEF, "--layout",
                      layout, "--baseline", "btf-vm_area_struct")
        self.assertEqual({r["layout"] for r in self.rows() if r["scenario"] == "same-object"},
                         {"btf-vm_area_struct"})

    def test_run_json_says_what_it_is(self):
        path = self.fixture("odd")
        self.succeeds("run", "--scenario", "same-object", "--threads", "1", *BRIEF, "--layout",
                      f"btf:{path}:file,hot=f_mode+f_inode,name=my.file,align=64")
        layouts = self.manifest()["layouts"]
        self.assertEqual(self.manifest()["run"]["layouts"],
                         ["my.file: " + layouts["my_file"]["meaning"]])
        self.assertEqual(layouts, {"my_file": {
            "source": path, "structure": "file",
            "meaning": "odd.btf: 128 bytes, aligned to 64 (as asked), atomic_long_t f_ref.refcnt "
                       "at 96, run as locked_adds",
            "bytes": 128, "align_bytes": 64, "lock_member": "f_ref.refcnt",
            "lock_type": "atomic_long_t", "lock_offset": 96, "lock_separate": False,
            "lock_kind": "locked_adds", "seq_offset": None,
            "hot": ["f_mode at 0", "f_inode at 72"]}})
        with open(os.path.join(SOURCE, "results/README.md"), encoding="utf-8") as file:
            section = file.read().split("## What layouts from BTF add")[1].split("\n## ")[0]
        documented = set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))
        self.assertEqual(documented, {"run.layouts",
                                      *(f"layouts.NAME.{key}" for key in layouts["my_file"])})

    def test_compare_says_that_the_structure_is_another(self):
        path = self.fixture("6.15", "vmlinux")
        args = ("run", "--scenario", "same-object", "--threads", "1", *BRIEF, "--layout",
                f"btf:{path}:vm_area_struct")
        self.succeeds(*args)
        self.fixture("moved", "vmlinux")
        self.succeeds(*args, "--out", "after")
        said = " ".join(self.run_it("compare", "out", "after").stdout.split())
        self.assertRegex(said, r"layouts from BTF.*vm_refcnt at 128")
        self.assertRegex(said, r"vm_refcnt at 184")

    def test_built_in_layouts_add_nothing(self):
        self.succeeds("run", "--scenario", "same-object", "--threads", "1", *BRIEF, "--layout",
                      "embedded")
        self.assertNotIn("layouts", self.manifest())
        self.assertNotIn("layouts", self.manifest()["run"])

    @two_pus
    def test_a_sweep_goes_on_with_the_same_structure_only(self):
        path = self.fixture("6.15", "vmlinux")
        args = ("--scenario", "same-object", "--threads", "1", "--work-ns", "0")
        self.succeeds("sweep", *args, *BRIEF, "--layout",
                      f"btf:{path}:vm_area_struct,name=x")
        self.succeeds("sweep", "--resume", "out")
        self.fixture("moved", "vmlinux")  # as after another kernel's boot
        result = self.run_it("sweep", "--resume", "out")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("plan.layouts", result.stderr)


class RunningKernel(BtfCase):
    def setUp(self):
        super().setUp()
        if reason := kernel_says_no(self.run_it):
            self.skipTest(reason)

    def test_vm_area_struct(self):
        text = self.draw("btf:vm_area_struct")
        self.assertIn(f"btf-vm_area_struct: this kernel {os.uname().release[:20]}", text)
        slab = "/sys/kernel/slab/vm_area_struct/align"
        if os.access(slab, os.R_OK):
            with open(slab, encoding="utf-8") as file:
                self.assertIn(f"aligned to {file.read().strip()} (as its slab cache)", text)
        else:
            self.assertIn("no slab cache known", text)
        for member in ("vm_start", "vm_end", "vm_mm", "vm_flags", "vm_ops"):
            self.assertRegex(text, rf"(?m)^ +\d+ +8 \*  {member}: ")

    def test_the_file_is_the_kernel(self):
        self.assertEqual(self.draw("btf:vm_area_struct"), self.draw(f"btf:{KERNEL}:vm_area_struct"))

    def test_is_measured(self):
        self.succeeds("run", "--scenario", "same-object", "--threads", "1", *BRIEF, "--layout",
                      "btf:vm_area_struct")
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            layout = json.load(file)["layouts"]["btf-vm_area_struct"]
        self.assertEqual(layout["source"], f"this kernel {os.uname().release}")

    def test_a_name_that_is_nearly_right(self):
        self.assertIn("vm_area_struct",
                      self.refuses("show", "layouts", "--layout", "btf:vm_area_strcut"))


if __name__ == "__main__":
    sys.exit(main())
