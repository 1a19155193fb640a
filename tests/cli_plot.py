#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pictures and the page from outside: what is drawn of a run, and what is said where it cannot be.

Usage: cli_plot.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import base64
import csv
import html.parser
import os
import re
import shutil
import sys
import unittest

import cli_support
from cli_support import ALONE, SCHEMA, SENTENCE, Case, environment, read_csv, two_pus


class Pictures(Case):
    """Folders to draw from."""

    def results(self, *names):
        """A small run in the first folder, and copies of it."""
        self.succeeds("run", *ALONE, "--rounds", "2", "--out", names[0])
        for name in names[1:]:
            shutil.copytree(self.path(names[0]), self.path(name))

    def change(self, path, change):
        with open(self.path(path), encoding="utf-8") as file:
            text = file.read()
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(change(text))


class Plot(Pictures):
    def test_missing_folder(self):
        self.assertIn("nowhere", self.refuses("plot", "nowhere", status=1))

    def test_folders_without_results(self):
        os.mkdir(self.path("empty"))
        self.results("out")
        for name in ("samples.csv", "summary.csv"):
            os.remove(self.path("out", name))
        for folder in ("empty", "out"):
            self.assertEqual(self.refuses("plot", folder, status=1),
                             f"linebounce: {folder}: nothing to draw: no samples.csv, summary.csv "
                             "or matrix.csv\n")
        self.assertEqual(os.listdir(self.path("empty")), [])

    def test_files_that_are_none(self):
        self.results("out", "whole")
        summary = self.path("out/summary.csv")
        header_lost = lambda text: text.split("\n", 1)[1]
        for name, change, says in (
                ("summary.csv", header_lost, "no column schema_version: its first line is no "
                                             "header of this program"),
                ("samples.csv", header_lost, "no column schema_version: its first line is no "
                                             "header of this program"),
                ("summary.csv", lambda text: text.replace("ns_op_median", "x", 1),
                 "no column ns_op_median"),
                ("samples.csv", lambda text: text.replace("object_residue", "x", 1),
                 "no column object_residue"),
                ("summary.csv", lambda text: "", "no header line"),
                ("summary.csv", lambda text: "hello\n", "no column schema_version: its first line "
                                                        "is no header of this program")):
            self.change(os.path.join("out", name), change)
            words = self.refuses("plot", "out", status=1)
            self.assertTrue(words.endswith(f"/out/{name}: {says}\n"), words)
            shutil.copy(self.path("whole", name), self.path("out", name))
        self.change("out/summary.csv", lambda text: re.sub(r"(?m)^\d+,", "2,", text))
        self.assertRegex(self.refuses("plot", "out", status=1),
                         rf"summary\.csv:2: schema_version is '2', this program reads {SCHEMA}\n$")
        self.assertTrue(os.path.exists(summary))
        self.assertFalse(os.path.exists(self.path("out/index.html")))

    def test_wrong_usage(self):
        self.results("out", "b")
        self.assertIn("which results folder?", self.refuses("plot"))
        for args, says in ((("out", "--out", "x"), "--out: is for the picture of several folders"),
                           (("out", "b", "./out/"), "./out/: the same folder as out")):
            self.assertEqual(self.refuses("plot", *args), f"linebounce: {says}\n")
        self.assertFalse(os.path.exists(self.path("out/plots")))

    def test_without_gnuplot(self):
        self.succeeds("run", "fastpath", "--rounds", "1", "--no-plots", "--out", "out")
        result = self.run_it("plot", "out", env=environment(PATH=self.dir))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, SENTENCE)
        self.assertIn("linebounce: gnuplot: not found", result.stderr)
        self.assertEqual(result.stdout, "out/index.html\n")
        with open(self.path("out/index.html"), encoding="utf-8") as file:
            page = file.read()
        self.assertIn("No pictures by gnuplot: gnuplot: not found", page)
        self.assertIn("<table>", page)


class Reader(html.parser.HTMLParser):
    """What a page would fetch."""

    def __init__(self):
        super().__init__()
        self.pictures, self.others = [], []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "poster", "xlink:href"):
                (self.pictures if tag == "img" else self.others).append(value)
        if tag in ("script", "iframe", "link", "object", "embed", "base"):
            self.others.append(tag)


@unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is missing")
class Drawn(Pictures):
    def test_draws(self):
        self.results("out")
        self.assertFalse(os.path.exists(self.path("out/plots")))
        result = self.succeeds("plot", "out")
        self.assertRegex(result.stdout, r"^out/plots: \d+ kinds? of picture\nout/index\.html\n\Z")
        pictures = os.listdir(self.path("out/plots"))
        self.assertTrue(pictures)
        for picture in pictures:
            self.assertTrue(os.path.getsize(self.path("out/plots", picture)), picture)

    def test_the_page_needs_nothing_else(self):
        self.results("out")
        self.change("out/run.json", lambda text: re.sub(
            r'"host":\t"[^"]*"', r'"host":\t"<img src=x>&\\""', text))
        self.succeeds("plot", "out")
        with open(self.path("out/index.html"), encoding="utf-8") as file:
            page = file.read()
        reader = Reader()
        reader.feed(page)
        self.assertEqual(reader.others, [])
        self.assertTrue(reader.pictures)
        for picture in reader.pictures:
            kind, data = re.fullmatch(r"data:image/(svg\+xml|png);base64,(.*)", picture).groups()
            drawn = base64.b64decode(data, validate=True)
            if kind == "svg+xml":
                text = drawn.decode()
                self.assertEqual(re.findall(r'href=["\'](?!#)[^"\']*', text), [])
                self.assertEqual(re.findall(r"url\((?![\"\']?#)", text), [])
        self.assertEqual(re.findall(r"https?:|url\(|@import", re.sub(r'src="[^"]*"', "", page)), [])
        self.assertNotIn(self.dir, page)
        for row in read_csv(self.path("out/summary.csv")):
            if row["layout"]:
                self.assertIn(f"<td>{row['layout']}</td>", page)

    def make_pairs(self, folder):
        """As if two threads had been measured, which takes a quiet machine."""
        path = self.path(folder, "summary.csv")
        rows = read_csv(path)
        with open(path, "w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, rows[0], lineterminator="\n")
            out.writeheader()
            out.writerows({**r, "threads": 2, "distance": "l3", "placement": "l3"} for r in rows)

    def test_reference_runs(self):
        """Runs of older programs are drawn too; what is drawn is there for the scripts."""
        reference = os.path.join(cli_support.SOURCE, "results/reference")
        for name in next(os.walk(reference))[1]:
            shutil.copytree(os.path.join(reference, name), self.path(name),
                            ignore=shutil.ignore_patterns("plots"))
            self.assertIn(f"{name}/plots: ", self.succeeds("plot", name).stdout)
            kinds = {re.match(r"[a-z]+", picture)[0]
                     for picture in os.listdir(self.path(name, "plots"))}
            for kind in kinds:
                self.assertTrue(os.path.getsize(self.path(name, "plots", f"{kind}.dat")))
            windows = os.path.exists(self.path(name, "samples.csv"))
            self.assertLessEqual({"layouts", "windows"} if windows else {"layouts"}, kinds)

    def test_several_folders(self):
        self.results("a", "b", "c")
        for folder in "abc":
            self.make_pairs(folder)
            self.change(f"{folder}/run.json", lambda text, name=folder: re.sub(
                r'"host":\t"[^"]*"', f'"host":\t"{"one" if name == "a" else "other"}"', text))
        result = self.succeeds("plot", "a", "b", "c")
        self.assertIn("a/plots/hosts.svg, hosts.png: 3 folders\n", result.stdout)
        self.assertIn("a/plots/hosts.html\n", result.stdout)
        with open(self.path("a/plots/hosts.html"), encoding="utf-8") as file:
            self.assertRegex(file.read(), "<h1>3 runs: .*</h1>")
        with open(self.path("a/plots/hosts.svg"), encoding="utf-8") as file:
            picture = file.read()
        for name in ("one", "b", "c"):  # folders where two have the same host
            self.assertRegex(picture, rf">\s*{name}\s*<")
        self.assertNotRegex(picture, r">\s*other\s*<")
        for folder in "abc":
            self.assertTrue(os.path.getsize(self.path(folder, "index.html")))
        result = self.succeeds("plot", "b", "c", "--out", "d/e")
        self.assertIn("d/e/hosts.svg, hosts.png: 2 folders\n", result.stdout)
        self.assertLessEqual({"hosts.dat", "hosts.png", "hosts.svg"},
                             set(os.listdir(self.path("d/e"))))

    def test_several_folders_of_one_thread(self):
        self.results("a", "b")
        self.assertIn("linebounce: no picture of all: hosts: no host has a pair of threads with "
                      "net costs in summary.csv\n", self.succeeds("plot", "a", "b").stderr)

    def test_one_of_several_is_bad(self):
        self.results("a", "b")
        os.mkdir(self.path("empty"))
        result = self.run_it("plot", "a", "empty", "b")
        self.assertEqual(result.returncode, 1)
        self.assertIn("linebounce: empty: nothing to draw: ", result.stderr)
        self.assertNotIn("hosts", result.stdout)
        for folder in "ab":
            self.assertTrue(os.path.getsize(self.path(folder, "index.html")))

    @two_pus
    def test_a_folder_of_pairs_beside_one_of_windows(self):
        self.results("a")
        self.succeeds("run", "pingpong", "--rounds", "1", "--no-plots", "--out", "pairs")
        result = self.succeeds("plot", "a", "pairs")
        self.assertIn("pairs/plots: 1 kind of picture\n", result.stdout)
        self.assertIn("linebounce: no picture of all: only one of these folders has a summary.csv",
                      result.stderr)

    def test_torn_last_lines(self):
        self.results("out")
        for name in ("samples.csv", "summary.csv"):
            path = self.path("out", name)
            os.truncate(path, os.path.getsize(path) - 20)
        result = self.succeeds("plot", "out")
        for name in ("samples.csv", "summary.csv"):
            self.assertIn(f"{name}: a torn last line", result.stderr)


if __name__ == "__main__":
    sys.exit(cli_support.main())
