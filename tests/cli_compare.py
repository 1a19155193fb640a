#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Comparing results from outside: verdicts, words, files.

Usage: cli_compare.py [unittest options]     program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
Exit 0 passed, 1 failed, 77 skipped: every test was. No test looks at how fast anything is.
"""

import csv
import json
import os
import re
import resource
import shutil
import sys

import cli_support
from cli_support import ALONE, SCHEMA, Case, read_csv, schema_columns, two_pus


@two_pus
class Compare(Case):
    """Made-up results: what is planted is known, and nothing has to be measured."""

    COLUMNS = ("suite", "scenario", "layout", "lock", "placement", "distance", "threads", "work_ns",
               "role", "round", "status", "ns_op", "min_over_max", "pingpong_before_ns",
               "pingpong_after_ns", "emulated")

    def make(self, name, embedded=1.2, host=100.0, trip=90, rounds=30, record=True, **cells):
        """Two layouts: pointer takes `host` ns, embedded `embedded` times that; +-1 % by round."""
        folder = self.path(name)
        os.makedirs(folder, exist_ok=True)
        schema = schema_columns("samples")
        with open(os.path.join(folder, "samples.csv"), "w", newline="", encoding="utf-8") as file:
            rows = csv.DictWriter(file, schema, restval="", lineterminator="\n")
            rows.writeheader()
            for number in range(rounds):
                for layout, factor in (("pointer", 1.0), ("embedded", embedded)):
                    noise = 1 + 0.01 * ((number * 7 + len(layout) * 3 + len(name)) % 11 - 5) / 5
                    values = dict(zip(self.COLUMNS, (
                        "layouts", "observer", layout, "rwsem40", "l3", "l3", 2, 200, "all", number,
                        "ok", f"{host * factor * noise:.6g}", 0.9, trip, trip, 0)))
                    rows.writerow({"schema_version": SCHEMA, **values, **cells})
        if record:
            with open(os.path.join(folder, "run.json"), "w", encoding="utf-8") as file:
                json.dump({"schema_version": SCHEMA,
                           "machine": {"host": "vm", "cpu_model": "one", "kernel": f"of {name[0]}"},
                           "build": {"commit": "c0ffee"},
                           "run": {"started_utc": f"2026-01-01T00:{len(os.listdir(self.dir)):02}",
                                   "seed": name, "baseline": "pointer"}}, file)
        return name

    def six(self, factor):
        for number in range(1, 4):
            self.make(f"A{number}", 1.2 + number / 1000, 100 + number / 10)
            self.make(f"B{number}", 1.2 * factor + number / 1000, 100 + number / 10)
        return "A1", "A2", "A3", "--", "B1", "B2", "B3"

    def test_text(self):
        result = self.succeeds("compare", "--all", *self.six(1.5))
        self.assertRegex(result.stdout, r"kernel +of A \| of B")
        self.assertRegex(result.stdout,
                         r"(?m)^embedded\+rwsem40 .* 1\.\d+ \[.*\] +slower .* slower$")
        self.assertIn("time: 0 faster, 1 slower, 1 same, 0 not slower, 0 unresolved", result.stdout)
        self.assertIn("(pointer) of the same run: 0 faster, 1 slower", result.stdout)
        self.assertEqual(result.stderr, "")

    def test_the_same_words_each_time(self):
        sides = self.six(1.1)
        first = self.succeeds("compare", "--all", *sides).stdout
        self.assertEqual(self.succeeds("compare", "--all", *sides).stdout, first)

    def test_one_run_a_side(self):
        result = self.succeeds("compare", "--all", self.make("A", 1.2), self.make("B", 1.5))
        self.assertIn("time: 0 faster, 0 slower, 0 same, 0 not slower, 2 unresolved", result.stdout)
        self.assertIn("1 run on side A: a verdict needs 3 on each: 3 times", result.stdout)
        self.assertIn("of the same run: 0 faster, 0 slower, 0 same, 0 not slower, 1 unresolved",
                      result.stdout)
        self.assertRegex(result.stdout, r"embedded\+rwsem40 .* 1\.25\d +unresolved \(1\)\n")

    def brief(self, *args, lines=40, columns=100):
        text = self.succeeds("compare", *args).stdout
        self.assertLessEqual(len(text.splitlines()), lines, text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), columns, text)
        return text

    def test_brief(self):
        sides = self.six(1.5)
        text = self.brief(*sides)
        self.assertRegex(text, r"kernel +of A \| of B")
        self.assertRegex(text, r"Changed, 1 of 2 cases, l3, threads 2, 200 ns:")
        self.assertRegex(text, r"(?m)^observer embedded +1\d\d\.\d +1\d\d\.\d 1\.\d+ "
                         r"\[.*\] +slower$")
        self.assertNotRegex(text, r"(?m)^observer pointer")
        self.assertIn("Not changed: 1 same, 0 not slower. Undecided: 0\n", text)
        self.assertRegex(text.splitlines()[-1], r"^B against A: slower in 1 of 2 cases "
                         r"\(\+4\d\.\d %: observer embedded\), faster in 0\.$")
        self.assertRegex(self.brief("--filter", "pointer", *sides),
                         r"(?m)^observer pointer .* same$")
        self.assertIn("no change seen in 0 cases", self.brief("--filter", "nothing", *sides))

    def test_brief_without_verdicts(self):
        text = self.brief(self.make("A", 1.2), self.make("B", 1.5))
        self.assertRegex(text, r"No case is seen to change; differences of 2, not judged")
        self.assertRegex(text, r"(?m)^observer embedded +\d\S+ +\d\S+ 1\.25\d +\?$")
        self.assertIn("     2  1 run on side A: a verdict needs 3 on each\n", text)
        self.assertIn("no answer from 1 run a side: a verdict needs 3", text)

    def test_brief_of_many(self):
        """Two hundred cases that changed, and what stands around them, fit on one screen."""
        for side, factor in (("A", 1.0), ("B", 1.5)):
            for run in range(3):
                name = f"{side}{run}"
                self.make(name)
                with open(self.path(name, "samples.csv"), "w", newline="",
                          encoding="utf-8") as file:
                    rows = csv.DictWriter(file, schema_columns("samples"), restval="")
                    rows.writeheader()
                    for number in range(200 * 12):
                        case, turn = number % 200, number // 200
                        noise = 1 + (turn * 7 + run * 3 + case) % 11 / 1000
                        values = dict(zip(self.COLUMNS, (
                            "layouts", f"scenario-of-a-long-name-{case // 8}", f"layout{case % 8}",
                            "rwsem40", "l3", "l3", 2, 200 if case % 2 else 0, "all", turn, "ok",
                            (100 + case) * (factor + case / 1000) * noise, 0.9, 90, 90, 0)))
                        rows.writerow({"schema_version": SCHEMA, **values})
        sides = ("A0", "A1", "A2", "--", "B0", "B1", "B2")
        text = self.brief(*sides)
        self.assertRegex(text, r"\.\.\. and \d+ more \(--all\)")
        rows = [line for line in text.splitlines() if line.startswith("scenario-of")]
        self.assertGreaterEqual(len(rows), 15)
        self.assertNotIn("saturated", "".join(rows))
        times = [line.split()[-6:-4] for line in
                 self.brief("--sort", "time", *sides).splitlines()
                 if line.startswith("scenario-of")]
        self.assertEqual(times, sorted(times, key=lambda t: -float(t[1])))
        commit = self.brief("--format", "commit", *sides, columns=72)
        self.assertRegex(commit, r"\AB against A: slower in \d+ of 200")
        self.assertRegex(commit, r"(?m) \+\d\d\.\d% slower$")

    def test_long_texts_that_differ_in_their_middle(self):
        """Cut at one end, both sides would read the same."""
        sides = self.six(1.5)
        for name in sides:
            if name == "--":
                continue
            path = self.path(name, "run.json")
            with open(path, encoding="utf-8") as file:
                record = json.load(file)
            record["run"]["generations"] = [
                f"layout{i}: {'6.14' if (i, name[0]) == (14, 'B') else '6.17'}, count and owner "
                "cleared behind the write, once a second" for i in range(40)]
            with open(path, "w", encoding="utf-8") as file:
                json.dump(record, file)
        for args in ((), ("--all",)):
            text = " ".join(self.succeeds("compare", *args, *sides).stdout.split())
            a, b = re.search(r"layouts' generations (.*?layout14: .*?) \| (.*?layout14: \S+)",
                             text).groups()
            self.assertIn("layout14: 6.17", a)
            self.assertIn("layout14: 6.14", b)

    def test_page(self):
        sides = self.six(1.5)
        text = self.succeeds("compare", *sides).stdout
        self.assertEqual(self.succeeds("compare", "--page", "page.html", *sides).stdout, text)
        with open(self.path("page.html"), encoding="utf-8") as file:
            page = file.read()
        answer = re.search(r"<h1>(.*)</h1>", page)[1]
        self.assertIn(answer, " ".join(text.split()))
        self.assertIn(f"<title>{answer}</title>", page)
        for name in ("A1", "B3"):
            self.assertRegex(page, rf'<th scope="row">.:&#160;{name}</th><td class="t" '
                             r'data-n="machine">vm</td>')
        self.assertIn("of B", page)
        self.assertNotIn(self.dir, page)
        self.assertRegex(self.refuses("compare", "--page", "A1/samples.csv", *sides),
                         "is one of the files compared")
        result = self.run_it("compare", "--page", "no/page.html", *sides)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, "^linebounce: no/page.html: ")

    def test_csv_and_json(self):
        sides = self.six(1.5)
        self.succeeds("compare", "--format", "csv", "--out", "c.csv", *sides)
        rows = read_csv(self.path("c.csv"))
        self.assertEqual({r["layout"]: r["time_verdict"] for r in rows},
                         {"pointer": "same", "embedded": "slower"})
        data = json.loads(self.succeeds("compare", "--format", "json", *sides).stdout)
        self.assertEqual(data["time"]["slower"], 1)
        self.assertEqual(data["differences"]["kernel"], {"a": "of A", "b": "of B"})
        self.assertEqual(len(data["runs"]), 6)

    def test_fail_if_slower(self):
        sides = self.six(1.5)
        result = self.run_it("compare", "--fail-if-slower=5%", *sides)
        self.assertEqual(result.returncode, 3)
        self.assertRegex(result.stderr, r"1 of 2 judged cases slower by more than 5%")
        self.succeeds("compare", "--fail-if-slower", "60%", *sides)
        self.succeeds("compare", "--fail-if-slower", "5%", *sides[4:], "--", *sides[:3])

    def test_fail_if_nothing_was_judged(self):
        result = self.run_it("compare", "--fail-if-slower", "5", self.make("A"),
                             self.make("B", 1.8))
        self.assertEqual(result.returncode, 1)
        self.assertIn("no case could be judged", result.stderr)

    def test_regimes_that_do_not_meet(self):
        result = self.succeeds("compare", "--all", self.make("A"), self.make("B", trip=310))
        self.assertIn("different distances between the CPUs (round trips of 90 and 310 ns)",
                      result.stdout)

    def test_files_and_summaries(self):
        self.make("A")
        self.make("B", record=False)
        result = self.succeeds("compare", "--all", "A/samples.csv", "B/samples.csv")
        self.assertIn("no run.json", result.stdout)
        with open(self.path("B", "samples.csv"), "a", encoding="utf-8") as file:
            file.write(f"{SCHEMA},layouts,obs")
        self.assertIn("torn", self.succeeds("compare", "--all", "A", "B").stdout)

    def test_wrong_usage(self):
        self.make("A")
        self.make("B")
        for args in ((), ("A",), ("A", "B", "A"), ("A", "--"), ("--", "B"), ("A", "A"),
                     ("A", "A/samples.csv"), ("A", "B", "--format", "xml"),
                     ("A", "B", "--fail-if-slower", "x"), ("A", "B", "--fail-if-slower", "-5%"),
                     ("A", "B", "--baseline", "nolayout"),
                     ("A", "B", "--frobnicate"), ("--sort", "size", "A", "B"),
                     ("--all", "--filter", "x", "A", "B"), ("--all", "--sort", "time", "A", "B"),
                     ("A", "B", "--out", "A/samples.csv")):
            self.refuses("compare", *args)
        self.assertEqual(len(read_csv(self.path("A", "samples.csv"))), 60)

    def test_what_cannot_be_read(self):
        self.make("A")
        self.make("emulated", emulated=1)
        self.make("old", schema_version=1)
        self.make("none", rounds=0)
        self.make("other", scenario="writers")
        os.mkdir(self.path("folder"))
        for name, text in (("text", "hello\n"), ("blank", ""),
                           ("few", f"schema_version,suite\n{SCHEMA},layouts\n")):
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(text)
        for name, says in (("nowhere", "nowhere"), ("folder", "no results folder"),
                           ("emulated", "emulated"), ("old", "schema_version is '1'"),
                           ("none", "no rows"), ("other", "no case that both sides measured"),
                           ("text", "schema_version"), ("blank", "no header"),
                           ("few", "no column scenario")):
            self.assertIn(says, self.refuses("compare", "A", name, status=1))
        self.assertIn("/nowhere/x", self.refuses("compare", "A", self.make("B"), "--out",
                                                 "/nowhere/x", status=1))

    def test_what_differs_is_named(self):
        for name in "AB":
            self.make(name)
            with open(self.path(name, "run.json"), encoding="utf-8") as file:
                record = json.load(file)
            record["machine"]["governor"] = {"A": "performance", "B": "powersave"}[name]
            record["build"] |= {"commit": f"c-{name}", "c_flags": f"-O{ord(name) - 64}"}
            record["run"] |= {"margin_ns": 2 + (name == "B"), "command": ["run", "--seed", name],
                              "baseline": {"A": "pointer", "B": "embedded"}[name]}
            with open(self.path(name, "run.json"), "w", encoding="utf-8") as file:
                json.dump(record, file)
        result = self.run_it("compare", "--all", "A", "B", "--baseline", "pointer")
        for label, a, b in (("governor", "performance", "powersave"), ("commit", "c-A", "c-B"),
                            ("compiler's flags", "-O1", "-O2"), (r"margin \(ns\)", "2", "3"),
                            ("command", "run --seed A", "run --seed B"),
                            ("baseline", "pointer", "embedded"), ("kernel", "of A", "of B")):
            self.assertRegex(result.stdout, rf"(?m)^  {label} +{a} \| {b}$")
        self.assertNotIn("  processor", result.stdout)

    def test_run_json_of_another_version(self):
        self.make("A")
        self.make("B")
        with open(self.path("B/run.json"), encoding="utf-8") as file:
            record = json.load(file)
        for text, says in (
                (json.dumps({**record, "schema_version": SCHEMA - 1}),
                 f"B: its run.json has not schema_version {SCHEMA}, which this program reads"),
                ("hello", "B/run.json: no JSON document"), ("", "B/run.json: no JSON document")):
            with open(self.path("B/run.json"), "w", encoding="utf-8") as file:
                file.write(text)
            self.assertEqual(self.refuses("compare", "A", "B", status=1), f"linebounce: {says}\n")

    def test_torn_rows(self):
        for name in "AB":
            self.make(name)
            with open(self.path(name, "samples.csv"), "a", encoding="utf-8") as file:
                file.write(f"{SCHEMA},layouts,obs")
        text = self.succeeds("compare", "--all", "A", "B").stdout
        for name in "AB":
            self.assertIn(f"\n{name}: {name} (1 run, 60 rows; left out: 0 spoiled, 0 armed)",
                          "\n" + text)
            self.assertIn(f"\nnote: {name}/samples.csv: the last line is torn and left out.\n",
                          text)

    def test_homes_are_not_mixed(self):
        """The same threads with memory at another node are another case."""
        self.make("A", home="local")
        self.make("B", home="remote")
        self.assertIn("no case that both sides measured",
                      self.refuses("compare", "A", "B", status=1))

    def test_a_group_is_named_in_full(self):
        for cells, head in (
                ({"home": "remote"}, "observer, 2 threads, l3, remote memory, 200 ns of work"),
                ({"home": "local", "objects": 1000},
                 "observer, 2 threads, l3, 1000 objects, 200 ns of work"),
                ({"objects": 16, "access": "shared-zipf", "placement": "l3@1"},
                 "observer, 2 threads, l3@1 (l3), 16 objects, shared-zipf, 200 ns of work")):
            for name in "AB":
                self.make(name, **cells)
            text = self.succeeds("compare", "--all", "A", "B").stdout
            self.assertIn(f"\n{head}\nlayout ", text)
            self.assertEqual(text.count("\nlayout "), 1)
        for name in "AB":  # an offset is part of the layout's name
            self.make(name, offset_bytes=8, lock="", layout="apart-8")
        self.assertRegex(self.succeeds("compare", "--all", "A", "B").stdout, r"(?m)^apart-8 +\d")

    def test_columns_of_json(self):
        for name in "AB":
            self.make(name, home="local", offset_bytes=64)
        data = json.loads(self.succeeds("compare", "--format", "json", "A", "B").stdout)
        case = next(c for c in data["cases"] if c["layout"] == "embedded")
        for name, cell in (("scenario", "observer"), ("home", "local"), ("threads", "2"),
                           ("offset_bytes", "64"), ("work_ns", "200"), ("role", "all")):
            self.assertEqual(case[name], cell, name)

    def test_other_columns(self):
        """Added columns are passed over, missing ones are unknown; the version is the same."""
        for name in "AB":
            self.make(name, home="local", touch="")
        self.make("few")
        needed = {"schema_version", "scenario", "layout", "lock", "placement", "threads", "work_ns",
                  "role", "round", "status", "ns_op"}
        rows = read_csv(self.path("few", "samples.csv"))
        with open(self.path("few", "samples.csv"), "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["later", *needed], extrasaction="ignore")
            writer.writeheader()
            for row in rows:
                writer.writerow({**row, "later": "of a later\nprogram"})
        self.make("fewer")
        shutil.copy(self.path("few", "samples.csv"), self.path("fewer", "samples.csv"))
        text = self.succeeds("compare", "--all", "few", "fewer").stdout
        self.assertIn("\nB against A, 2 cases of both:\n", text)
        self.assertRegex(text, r"(?m)^embedded\+rwsem40 +1\d+\.\d\d +1\d+\.\d\d ")
        for name in sorted(needed):
            with open(self.path("fewer", "samples.csv"), "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, sorted(needed - {name}), extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)
            self.assertIn(f"no column {name}", self.refuses("compare", "few", "fewer", status=1))

    def test_no_regular_files(self):
        """A FIFO or a device would be waited for or read for ever, a link leads elsewhere."""
        self.make("A")
        for name in ("fifo", "device", "link"):
            self.make(name)
        for which in ("samples.csv", "run.json"):
            for name in ("fifo", "device", "link"):
                os.rename(self.path(name, which), self.path("kept"))
            os.mkfifo(self.path("fifo", which))
            os.symlink("/dev/zero", self.path("device", which))
            os.symlink(self.path("kept"), self.path("link", which))
            for name, says in (("fifo", "no regular file"), ("device", "a symbolic link"),
                               ("link", "a symbolic link")):
                said = self.refuses("compare", "A", name, status=1)
                self.assertIn(f"{name}/{which}: {says}", said)
                os.remove(self.path(name, which))
                shutil.copy(self.path("kept"), self.path(name, which))
        for path in (os.mkfifo(self.path("one")) or "one", "/dev/zero"):
            self.assertIn(f"{path}: no regular file", self.refuses("compare", path, "A", status=1))

    def test_sizes_are_bounded(self):
        self.make("A")
        for cell, says in (("x" * 15_000_000, ":2: a row over 4 MiB"),
                           ("x" * 20_000, ":2: layout has over 16384 bytes")):
            self.make("B", layout=cell, rounds=1)
            self.assertIn("B/samples.csv" + says, self.refuses("compare", "A", "B", status=1))
        self.make("B", pingpong_before_ns=";".join(["1"] * 20_000))
        self.assertIn(":2: pingpong_before_ns has over 16384 round trips",
                      self.refuses("compare", "A", "B", status=1))
        self.make("B")
        os.truncate(self.path("B", "run.json"), 20 << 20)
        self.assertIn("B/run.json: too large", self.refuses("compare", "A", "B", status=1))

    def test_many_cases(self):
        """A sweep of 512 CPUs has 24,000 cases. What grows with their square takes a minute."""
        head = schema_columns("samples")
        for name in "AB":
            os.mkdir(self.path(name))
            with open(self.path(name, "samples.csv"), "w", newline="", encoding="utf-8") as file:
                rows = csv.DictWriter(file, head, restval="", lineterminator="\n")
                rows.writeheader()
                for number in range(24000):
                    offset = number - 20000  # placements that have to be matched, and a scan
                    values = dict(zip(self.COLUMNS, (
                        "layouts", "observer", "pointer" if number % 2 else "embedded",
                        f"lock{number % 7}", f"{name}{number // 14}", f"d{number // 14}", 2, 200,
                        "all", 0, "ok", 100 + number % 11, 0.9, 90, 90, 0)))
                    if offset > 0:
                        values |= {"layout": f"apart-{offset}", "offset_bytes": offset,
                                   "placement": "l3", "distance": "l3", "lock": ""}
                    rows.writerow({"schema_version": SCHEMA, **values})

        def few_seconds():
            resource.setrlimit(resource.RLIMIT_CPU, (10, 10))

        text = self.succeeds("compare", "--all", "A", "B", preexec_fn=few_seconds).stdout
        self.assertIn("\nB against A, 24000 cases of both:\n", text)

    def test_what_files_say_cannot_move_the_cursor(self):
        """Names, cells and run.json of others: no escape sequences, no lines of their own."""
        forged = "x\x1b[2J\r\nnote: forged\x9b\u202ey"
        for name in ("A\n\x1b[1m", "B"):
            cells = {key: forged for key in ("layout", "lock", "placement", "distance", "threads",
                                             "home", "work_ns", "role", "writers", "objects",
                                             "access", "scenario")}
            self.make(name, **cells)
            with open(self.path(name, "run.json"), encoding="utf-8") as file:
                record = json.load(file)
            record["machine"] = {"host": forged, "cpu_model": forged + name}
            record["build"]["commit"] = forged + name
            record["run"]["baseline"] = forged
            with open(self.path(name, "run.json"), "w", encoding="utf-8") as file:
                json.dump(record, file)
        for folders in (("A\n\x1b[1m", "B"), ("B", "A\n\x1b[1m"), ("B", "B\x1b[1m\nnote: forged")):
            for form in ("--all", "--sort=name", "--filter=x", "--format=commit"):
                result = self.run_it("compare", form, *folders)
                for text in (result.stdout, result.stderr):
                    self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
                    self.assertNotRegex(text, "(?m)^note: forged")
        self.assertIn("\\x1b[2J\\x0d\\x0anote: forged\\xc2\\x9b", self.run_it(
            "compare", "--all", "A\n\x1b[1m", "B").stdout)

    def test_formulas(self):
        """A name that a spreadsheet would run is kept from it; numbers stay numbers."""
        for name in "AB":
            self.make(name, placement="=HYPERLINK(1)", lock="@x")
        rows = list(csv.DictReader(self.succeeds("compare", "--format", "csv", "A",
                                                 "B").stdout.splitlines()))
        self.assertEqual({r["placement"] for r in rows}, {"'=HYPERLINK(1)"})
        self.assertEqual({r["lock"] for r in rows}, {"'@x"})
        self.assertIn("=HYPERLINK(1)", self.succeeds("compare", "--all", "A", "B").stdout)

    def test_sweeps(self):
        for name in "AB":
            self.succeeds("sweep", *ALONE, "--rounds", "2", "--out", name)
        text = self.succeeds("compare", "--all", "A", "B").stdout
        self.assertRegex(text, r"(?m)^pointer\+rwsem40 .* unresolved")
        self.assertRegex(text, r"same-object, 1 thread, compact-1")

    def test_a_real_run(self):
        for name in "AB":
            self.succeeds("run", *ALONE, "--rounds", "21", "--out", name)
        result = self.succeeds("compare", "A", "B")
        self.assertRegex(result.stdout, r"seed +\d+ \| \d+")
        self.assertIn("no answer from 1 run a side", result.stdout)

    def test_two_programs_in_turns(self):
        """The other build is a script here: its trail says that it ran, and when."""
        other = self.path("other")
        with open(other, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\necho "$@" >>{self.path("trail")}\n'
                       f'exec {cli_support.PROGRAM} "$@"\n')
        os.chmod(other, 0o755)
        result = self.succeeds("run", *ALONE, "--rounds", "1", "--against", other, "--ru=2",
                               "-otwo")
        self.assertEqual(sorted(os.listdir(self.path("two"))),
                         sorted(f"{side}{run}{end}" for side in "AB" for run in "12"
                                for end in ("", ".txt")))
        with open(self.path("trail"), encoding="utf-8") as file:
            calls = file.read().splitlines()
        self.assertEqual([call.split()[-1] for call in calls], ["two/A1", "two/A2"])
        self.assertNotIn("against", " ".join(calls))
        self.assertEqual(re.findall(r"(?m)^linebounce: ([AB]\d): ", result.stderr),
                         ["A1", "B1", "A2", "B2"])
        self.assertIn("B against A: no answer from 2 runs a side", result.stdout)
        with open(self.path("two/B1.txt"), encoding="utf-8") as file:
            self.assertIn("two/B1", file.read())

    def test_a_program_that_fails_ends_the_turns(self):
        result = self.run_it("run", *ALONE, "--against", "/bin/false", "--out", "two")
        self.assertEqual(result.returncode, 1)
        self.assertIn("A1: /bin/false ended with status 1", result.stderr)
        self.assertEqual(os.listdir(self.path("two")), ["A1.txt"])
        for args in (("--against", "/nowhere/x"), ("--runs", "3"),
                     ("--against", "/bin/true", "--dry-run"),
                     ("--against", "/bin/true", "--runs", "0")):
            self.refuses("run", *ALONE, *args)
        self.refuses("sweep", *ALONE, "--against", "/bin/true")


if __name__ == "__main__":
    sys.exit(cli_support.main())
