#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is said of files is true of them: full disks, limits, folders that go away, that two runs
want, or that are somebody else's; closed descriptors and readers that left.

Program: $LINEBOUNCE. Exit 0 passed, 1 failed, 77 nothing could be run.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import sys

from cli_support import (Case, PATIENCE_S, PROGRAM, ROOT, SENTENCE, SOURCE, environment, main)

SMALL = ("run", "fastpath", "--rounds", "2", "--no-plots")
LONG = ("run", "fastpath", "--rounds", "60", "--budget", "30s", "--no-plots")
NAMED = re.compile(r"(?m)^Results: (\S+) +\(([^)]*)\)$")


class Files(Case):
    def mount(self, *options):
        """A file system of its own in the folder `small`, or a skip."""
        if not ROOT:
            self.skipTest("only root may mount a small file system")
        os.mkdir(self.path("small"))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs",
                                  self.path("small")], capture_output=True, text=True, check=False)
        if mounted.returncode:
            self.skipTest(f"mount: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", self.path("small")], check=False,
                        capture_output=True)

    def check_claims(self, result):
        """Status 1 with a reason, and nothing named that is not there."""
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, r"(?m)^linebounce: \S")
        for folder, names in NAMED.findall(result.stdout):
            for name in names.split(","):
                name = name.strip()
                path = self.path(folder, name)
                self.assertTrue(os.path.exists(path), f"{name} is named and not there")
                self.assertTrue(os.path.isdir(path) or os.path.getsize(path), f"{name} is empty")
        left = [name for _, _, files in os.walk(self.dir) for name in files if ".tmp" in name]
        self.assertEqual(left, [], "parts of files")


class Full(Files):
    def test_no_inodes(self):
        self.mount("size=4m", "nr_inodes=5")
        self.check_claims(self.run_it(*SMALL, "--out", "small/out"))

    def test_no_room(self):
        for size in ("4k", "16k", "24k"):
            with self.subTest(size=size):
                self.mount(f"size={size}")
                self.check_claims(self.run_it(*SMALL, "--out", "small/out"))
                subprocess.run(["umount", self.path("small")], check=True)
                os.rmdir(self.path("small"))

    def test_limit_of_files(self):
        """Whichever file it strikes."""
        self.succeeds(*SMALL, "--out", "whole")
        sizes = {os.path.getsize(self.path("whole", name))
                 for name in os.listdir(self.path("whole"))}
        for size in sorted(sizes):
            most = size * 4 // 5  # times have more and less digits
            def limit(most=most):
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            with self.subTest(most=most):
                self.check_claims(self.run_it(*SMALL, "--out", f"out{most}", preexec_fn=limit))

    def test_a_page_that_has_no_room(self):
        self.succeeds(*SMALL, "--out", "out")
        self.run_it("plot", "out")
        with open(self.path("out/index.html"), "rb") as file:
            before = file.read()

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
        result = self.run_it("plot", "out", preexec_fn=limit)
        self.check_claims(result)
        self.assertIn("index.html: File too large", result.stderr)
        with open(self.path("out/index.html"), "rb") as file:
            self.assertEqual(file.read(), before)


class Lost(Files):
    """What happens to a folder while it is measured into."""

    def disturb(self, change):
        process = self.start(*LONG, "--out", "out")
        self.wait_for_rows(self.path("out/samples.csv"), 5, process)
        change()
        out, err = process.communicate(timeout=PATIENCE_S)
        result = subprocess.CompletedProcess([], process.returncode, out, err)
        self.check_claims(result)
        return result

    def test_folder_removed(self):
        result = self.disturb(lambda: shutil.rmtree(self.path("out")))
        self.assertIn("out: the results folder was removed or renamed", result.stderr)
        self.assertNotRegex(result.stdout, NAMED)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_folder_replaced(self):
        def replace():
            os.rename(self.path("out"), self.path("there"))
            os.mkdir(self.path("out"))
        self.disturb(replace)
        self.assertEqual(os.listdir(self.path("out")), [])

    def test_rows_removed(self):
        result = self.disturb(lambda: os.remove(self.path("out/samples.csv")))
        self.assertRegex(result.stderr, r"samples\.csv: No such file")
        self.assertNotIn("samples.csv", "".join(names for _, names in NAMED.findall(result.stdout)))

    def test_rows_cut(self):
        result = self.disturb(lambda: os.truncate(self.path("out/samples.csv"), 100))
        self.assertRegex(result.stderr, r"samples\.csv: was cut")

    def test_topology_removed(self):
        result = self.disturb(lambda: os.remove(self.path("out/topology.xml")))
        self.assertIn("out/topology.xml: is gone", result.stderr)


class Folders(Files):
    def test_two_runs_for_one_folder(self):
        both = [self.start(*LONG[:3], "40", *LONG[4:], "--seed", str(n), "--out", "out")
                for n in (1, 2)]
        ended = [(p.communicate(timeout=PATIENCE_S), p.returncode) for p in both]
        self.assertEqual(sorted(status for _, status in ended), [0, 1], ended)
        winner = [n for n, (_, status) in enumerate(ended) if status == 0][0]
        (out, err), _ = ended[1 - winner]
        self.assertEqual(NAMED.findall(out), [])
        self.assertRegex(err, r"out: (another run is writing there|there are results already)")
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["run"]["seed"], str(winner + 1))

    def test_folder_of_another_user(self):
        if not ROOT:
            self.skipTest("only root can make a folder somebody else's")
        self.succeeds(*SMALL, "--out", "out")
        os.mkdir(self.path("theirs"))
        for folder in ("theirs", "out"):
            os.chown(self.path(folder), 12345, 12345)
        self.assertIn("theirs: belongs to another user",
                      self.refuses(*SMALL, "--out", "theirs", status=1))
        self.assertEqual(os.listdir(self.path("theirs")), [])
        self.assertIn("belongs to another user", self.refuses("plot", "out", status=1))

    def test_links_in_wait(self):
        """Put there by somebody who knew the names."""
        os.mkdir(self.path("out"))
        with open(self.path("precious"), "w", encoding="utf-8") as file:
            file.write("mine")
        for name in ("topology.xml", "summary.csv"):
            os.symlink("../precious", self.path("out", name))
        self.check_claims(self.run_it(*SMALL, "--out", "out"))
        os.remove(self.path("out/summary.csv"))
        os.symlink("../precious", self.path("out/index.html"))
        self.succeeds("run", "fastpath", "--rounds", "2", "--out", "out")
        with open(self.path("precious"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")

    def test_fifos_are_not_waited_for(self):
        self.succeeds(*SMALL, "--out", "out")
        for name in ("summary.csv", "samples.csv"):
            os.rename(self.path("out", name), self.path("kept"))
            os.mkfifo(self.path("out", name))
            self.assertIn(f"{name}: no regular file", self.refuses("plot", "out", status=1))
            os.rename(self.path("kept"), self.path("out", name))
        os.remove(self.path("out/run.json"))
        os.mkfifo(self.path("out/run.json"))
        self.run_it("plot", "out")
        self.assertTrue(os.path.getsize(self.path("out/index.html")))


class Descriptors(Files):
    def test_closed(self):
        """The first file that is opened must not be taken for the terminal."""
        for closed in ((0,), (1,), (2,), (0, 1, 2)):
            def close(closed=closed):
                for fd in closed:
                    os.close(fd)
            with self.subTest(closed=closed):
                out = "out" + "".join(map(str, closed))
                result = self.run_it(*SMALL, "--out", out, preexec_fn=close)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.check_folder(self.path(out))

    def test_reader_that_left(self):
        for args in (("show", "layouts"), ("show", "scenarios"), ("--help",),
                     (*SMALL, "--out", "out")):
            with self.subTest(args=args):
                reader, writer = os.pipe()
                os.close(reader)
                with os.fdopen(writer, "wb") as pipe:
                    result = subprocess.run([PROGRAM, *args], cwd=self.dir, stdout=pipe, text=True,
                                            stderr=subprocess.PIPE, env=environment(), check=False,
                                            timeout=PATIENCE_S)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertNotIn("standard output", result.stderr)
        self.check_folder(self.path("out"))

    def test_a_terminal_that_cannot_wipe(self):
        text, status = self.on_terminal(*LONG[:3], "40", *LONG[4:], "--out", "out", TERM="dumb")
        self.assertEqual(status, 0, text)
        self.assertNotIn("\x1b", text)
        self.assertRegex(text, r"linebounce: \d+ %, ")


class Installed(Files):
    def test_no_source_folder_in_the_program(self):
        """Whoever can make that path again would have it draw with scripts of his own."""
        with open(PROGRAM, "rb") as file:
            self.assertNotIn(os.path.join(SOURCE, "results").encode(), file.read())

    def test_set_uid(self):
        if not ROOT:
            self.skipTest("only root can make a program another user's")
        program = shutil.copy(PROGRAM, self.path("linebounce"))
        os.chmod(self.dir, 0o755)
        os.chown(program, 12345, 12345)
        os.chmod(program, 0o4755)
        result = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        if result.returncode == 0 and os.statvfs(self.dir).f_flag & os.ST_NOSUID:
            self.skipTest("set-uid means nothing on this file system")
        self.assertIn("set-uid", result.stderr)
        if "LeakSanitizer" in result.stderr: # it cannot look at such a process, and ends it by 1
            return
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assertRegex(result.stderr, SENTENCE)


if __name__ == "__main__":
    sys.exit(main())
