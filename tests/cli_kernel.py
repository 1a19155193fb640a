#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`linebounce show kernel` from outside, on whatever kernel this is.

Usage: cli_kernel.py [unittest options]     program: $LINEBOUNCE
Exit 0 passed, 1 failed. Made-up kernels are test_kernel's.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("LB_SOURCE_DIR",
                        os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(os.environ.get("LINEBOUNCE",
                                         os.path.join(SOURCE, "build/benchmarks/linebounce")))
GENERATION = re.compile(r"(?m)^VMA lock +(none|separate|embedded|refcount|unknown): \S")
SLAB = "/sys/kernel/slab/vm_area_struct"
PATIENCE_S = 60


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="linebounce-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def run_it(self, *args, **options):
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, check=False,
                              cwd=self.dir, timeout=PATIENCE_S, stdin=subprocess.DEVNULL,
                              **options)

    def shown(self):
        result = self.run_it("show", "kernel")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout


class Show(Case):
    def test_says_what_there_is(self):
        text = self.shown()
        self.assertRegex(text, rf"(?m)^release +{re.escape(os.uname().release)}$")
        self.assertRegex(text, GENERATION)
        self.assertRegex(text, r"(?m)^  evidence +\S")
        for name in ("vm_area_struct", "vma_lock"):
            self.assertEqual(len(re.findall(rf"(?m)^{name}: ", text)), 1)

    def test_numbers_are_those_of_sysfs(self):
        try:
            numbers = {}
            for name in ("object_size", "slab_size", "align", "objs_per_slab", "order"):
                with open(f"{SLAB}/{name}", encoding="ascii") as file:
                    numbers[name] = int(file.read())
        except OSError as error:
            self.skipTest(f"{error}: wants root and SLUB")
        text = self.shown()
        cache = text.split("\nvm_area_struct: ")[1].split("\n\n")[0]
        self.assertRegex(cache, r"  object +{object_size} bytes( \(.*?\))?, aligned to {align}, .*"
                                r"every {slab_size} bytes\n".format(**numbers))
        self.assertRegex(cache, r"  slab +{objs_per_slab} objects, order {order}, ".format(
            **numbers))
        for modulus in (64, 128):
            part = re.search(rf"  starts +modulo {modulus}, .*:\n((@\[\d+\]: \d+\n?)+)", cache)[1]
            found = {int(r): int(n) for r, n in re.findall(r"@\[(\d+)\]: (\d+)", part)}
            expected = {}
            for i in range(numbers["objs_per_slab"]):
                residue = i * numbers["slab_size"] % modulus
                expected[residue] = expected.get(residue, 0) + 1
            if "red zones" not in cache:
                self.assertEqual(found, expected)

    def test_without_root(self):
        if os.geteuid():
            self.skipTest("there is no root to do without")
        os.chmod(self.dir, 0o755)
        program = os.path.join(self.dir, "linebounce")
        shutil.copy(PROGRAM, program)
        result = subprocess.run([program, "show", "kernel"], capture_output=True, text=True,
                                check=False, user=65534, group=65534, extra_groups=(),
                                cwd="/", timeout=PATIENCE_S)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, GENERATION)
        if os.path.isdir(SLAB):
            self.assertIn("wants root", result.stdout)

    def test_lost_output_is_no_success(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([PROGRAM, "show", "kernel"], stdout=full, text=True,
                                    stderr=subprocess.PIPE, check=False, timeout=PATIENCE_S)
        self.assertEqual(result.returncode, 1)


class Trace(Case):
    def test_without_the_program(self):
        result = self.run_it("show", "kernel", "--trace", env={**os.environ, "PATH": self.dir})
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"\Alinebounce: trace: [^\n]*the program bpftrace is not "
                                        r"in PATH\n\Z")
        self.assertRegex(result.stdout, GENERATION, "what can be shown is")

    def test_goes_with_kernel_alone(self):
        result = self.run_it("show", "layouts", "--trace")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("--trace goes with kernel", result.stderr)
        self.assertEqual(self.run_it("show", "--trace").returncode, 2)
        self.assertEqual(self.run_it("run", "--trace").returncode, 2)


class Recorded(Case):
    def measure(self):
        result = self.run_it("run", "--layout", "pointer,embedded", "--scenario", "same-object",
                             "--threads", "1", "--rounds", "1", "--no-plots", "--out", "out")
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(self.dir, "out/run.json"), encoding="utf-8") as file:
            return json.load(file)

    def pretend(self, folder, document, **kernel):
        """The same run, on a kernel with these facts."""
        path = os.path.join(self.dir, folder)
        shutil.copytree(os.path.join(self.dir, "out"), path)
        with open(os.path.join(path, "run.json"), "w", encoding="utf-8") as file:
            json.dump({**document, "kernel": {**document["kernel"], **kernel}}, file)

    def test_run_json(self):
        kernel = self.measure()["kernel"]
        self.assertEqual(kernel["release"], os.uname().release)
        generation = GENERATION.search(self.shown())[1]
        self.assertEqual(kernel["lock_generation"] or "unknown", generation)
        self.assertTrue(kernel["lock_evidence"])
        if os.access(f"{SLAB}/object_size", os.R_OK):
            with open(f"{SLAB}/object_size", encoding="ascii") as file:
                self.assertEqual(kernel["vma_object_bytes"], int(file.read()))

    def test_compare_tells_kernels_apart(self):
        document = self.measure()
        self.pretend("a", document, lock_generation="separate", vma_object_bytes=176,
                     vma_stride_bytes=176, lock_stride_bytes=40)
        self.pretend("b", document, lock_generation="refcount", vma_object_bytes=192,
                     vma_stride_bytes=192, lock_stride_bytes=None)
        text = self.run_it("compare", "a", "b").stdout
        for what, a, b in (("VMA lock", "separate", "refcount"),
                           (r"VMA's size \(bytes\)", "176", "192"),
                           (r"VMA to VMA \(bytes\)", "176", "192"),
                           (r"VMA lock to lock \(bytes\)", "40", "unknown")):
            self.assertRegex(text, rf"(?m)^ *{what} .*\b{a}\b.*\b{b}\b")


if __name__ == "__main__":
    sys.exit(0 if unittest.main(exit=False, verbosity=2).result.wasSuccessful() else 1)
