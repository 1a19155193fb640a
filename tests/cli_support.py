# SPDX-License-Identifier: MIT
"""What the command line's tests share: the program, its schema, folders and runs.

Program: $LINEBOUNCE; $LB_SOURCE_DIR, $LB_TESTS_DIR
"""

import contextlib
import csv
import fcntl
import functools
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

SOURCE = os.environ.get("LB_SOURCE_DIR",
                        os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TESTS = os.environ.get("LB_TESTS_DIR", os.path.join(SOURCE, "tests"))
PROGRAM = os.path.abspath(os.environ.get("LINEBOUNCE",
                                         os.path.join(SOURCE, "build/benchmarks/linebounce")))
PUS = sorted(os.sched_getaffinity(0))
ROOT = os.geteuid() == 0
# A refusal: one sentence; the option parser adds a hint where help is.
SENTENCE = re.compile(r"^linebounce( run| sweep| compare| show( result)?| doctor| summarise| help|"
                      r" explain| plot| predict| suggest)?: \S[^\n]*\n"
                      r"(Try `linebounce [^\n]*\n?[^\n]*\.\n)?\Z")
# Two layouts in one scenario; and on one thread, which any machine can do.
SMALL = ("--scenario", "same-object", "--layout", "pointer,embedded", "--no-plots")
ALONE = (*SMALL, "--threads", "1")
ESCAPE = "\x1b"
PATIENCE_S = 60
CPU_MOST_S = 4 * PATIENCE_S
# The honest answers of a program that others leave no time for, with status 1; and how often a test
# that wants another one asks again, before it is skipped.
BUSY = re.compile(r"no window was good|hardly ever run this program at once")
BUSY_TRIES = 6

# Where tests are started in the background or by nohup, what they start would ignore these too.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

two_pus = unittest.skipIf(len(PUS) < 2, "only one PU may be used here")


def environment(**more):
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("LC_", "LANG", "NO_COLOR", "LINEBOUNCE"))}
    return {**kept, **more}


@functools.cache
def software_event():
    """An event of perf's own, which every machine counts; where its name is unknown, a quantity."""
    shown = subprocess.run([PROGRAM, "show", "counters"], capture_output=True, text=True,
                           check=False).stdout
    return "cycles" if "not built in" in shown else "perf::TASK-CLOCK"


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@functools.lru_cache
def schema_columns(which):
    """Column names of samples or summary: schema.c's table, which macros of other files fill."""
    text = subprocess.run([*os.environ.get("CC", "cc").split(), "-E", "-P", "-I",
                           os.path.join(SOURCE, "include"),
                           os.path.join(SOURCE, "lib/record/schema.c")],
                          capture_output=True, text=True, check=True).stdout
    own = re.search(rf"struct lb_column {which}\[\] = {{(.*?)}};", text, re.DOTALL)[1]
    return re.findall(r'\{\s*"([a-z0-9_]+)"\s*,', own)


def event_quantities():
    with open(os.path.join(SOURCE, "include/linebounce/events.h"), encoding="utf-8") as file:
        own = re.search(r"enum lb_quantity \{(.*?)LB_QUANTITIES", file.read(), re.DOTALL)[1]
    return {name.lower() for name in re.findall(r"\bLB_EVENT_(\w+),", own)}


def schema_version():
    with open(os.path.join(SOURCE, "include/linebounce/record.h"), encoding="utf-8") as file:
        return int(re.search(r"#define LB_SCHEMA_VERSION (\d+)", file.read())[1])


SCHEMA = schema_version()


def documented_keys():
    """What results/README.md says that a run adds to run.json."""
    with open(os.path.join(SOURCE, "results/README.md"), encoding="utf-8") as file:
        section = file.read().split("## What the run adds to run.json")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def run_json_keys(folder):
    """The same as a folder's run.json has them; names of suites and events are NAME."""
    with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
        document = json.load(file)
    written = set()
    events = document.get("counters", {}).pop("events", {})
    for event in events.values():
        document["counters"] |= {f"events.NAME.{key}": 0 for key in event}
    for group, keys in document.items():
        if group == "suites":
            keys = {f"NAME.{key}": 0 for suite in keys.values() for key in suite}
        if group == "machine":  # the rest is what every document has
            keys = [key for key in keys if key.startswith(("handover", "findings"))]
        if group not in ("schema_version", "build"):
            written |= {f"{group}.{key}" for key in keys}
    return written


def cpu_s(pid):
    """CPU time of a process and of its children that have ended; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def was_busy(status, said):
    """Whether a run says that it measured nothing since the machine was too busy."""
    return status == 1 and bool(BUSY.search(said))


def stolen_ticks():
    """What a host has taken from this machine's CPUs."""
    with contextlib.suppress(OSError, IndexError), open("/proc/stat", encoding="ascii") as file:
        return int(file.readline().split()[8])
    return 0


def finish(process):
    """What a process wrote, once it has ended. On a busy machine that takes as long as it takes:
    given up is what uses too much CPU time, or none at all for long."""
    used, since = -1.0, time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=1)
        now = cpu_s(process.pid)
        if now != used:
            used, since = now, time.monotonic()
        if used > CPU_MOST_S or time.monotonic() - since > PATIENCE_S:
            process.kill()
            raise AssertionError(f"{process.args}: not done after {used:.0f} s of CPU time")


class Case(unittest.TestCase):
    """Each test has a folder of its own, which is also the current one of the program."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="linebounce-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def run_it(self, *args, **options):
        options.setdefault("env", environment())
        options.setdefault("cwd", self.dir)
        with subprocess.Popen([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, stdin=subprocess.DEVNULL, **options) as process:
            out, err = finish(process)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(self, *args, **options):
        process = subprocess.Popen([PROGRAM, *args], cwd=self.dir, env=environment(), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def wait_for_rows(self, path, rows, process=None):
        """Until the file has so many lines, as long as the process lives."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and (process is None or process.poll() is None):
            with contextlib.suppress(OSError), open(path, "rb") as file:
                if file.read().count(b"\n") > rows:
                    return
            time.sleep(0.01)
        self.fail(f"{path} has no {rows} rows: status {process and process.poll()}")

    def succeeds(self, *args, **options):
        """On a busy machine every window of a short run may be spoiled: then it is tried again.
        Skips where that did not help and others do run; the run alone loads no CPU twice."""
        stolen = stolen_ticks()
        for _ in range(BUSY_TRIES):
            result = self.run_it(*args, **options)
            if not was_busy(result.returncode, result.stderr):
                break
            if "--out" in args:
                shutil.rmtree(self.path(args[args.index("--out") + 1]), ignore_errors=True)
        else:
            if os.getloadavg()[0] > len(PUS) or stolen_ticks() > stolen:
                self.skipTest(f"the machine is too busy: {result.stderr.splitlines()[-1]}")
        self.assertEqual(result.returncode, 0, f"{args}: {result.stderr}")
        return result

    def refuses(self, *args, status=2, **options):
        """Ends with the status and one sentence, and prints nothing else."""
        result = self.run_it(*args, **options)
        self.assertEqual(result.returncode, status, f"{args}: {result.stderr}")
        self.assertEqual(result.stdout, "", args)
        self.assertRegex(result.stderr, SENTENCE, args)
        return result.stderr

    def check_rows(self, path, which, torn=False):
        """Header and shape of a CSV; returns the whole rows. `torn`: the last may be incomplete."""
        with open(path, "rb") as file:
            data = file.read()
        if not torn:
            self.assertTrue(data.endswith(b"\n"), f"{path}: the last row is torn")
        with open(path, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        self.assertEqual(header, schema_columns(which), path)
        if torn and not data.endswith(b"\n"):
            rows = rows[:-1]
        for row in rows:
            self.assertEqual(len(row), len(header), f"{path}: {row}")
        return [dict(zip(header, row)) for row in rows]

    def on_terminal(self, *args, columns=0, **env):
        """All that the program writes to a terminal, and its exit status."""
        master, slave = pty.openpty()
        if columns:
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.addCleanup(os.close, master)
        process = subprocess.Popen([PROGRAM, *args], cwd=self.dir, stdin=slave, stdout=slave,
                                   stderr=slave, env=environment(**{"TERM": "xterm", **env}))
        os.close(slave)
        text, deadline = b"", time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    if chunk := os.read(master, 65536):
                        text += chunk
                        continue
                break
            if process.poll() is not None:
                break
        self.addCleanup(process.kill)
        return text.decode(), process.wait(timeout=PATIENCE_S)

    def check_folder(self, folder, least_rows=1):
        """What a run leaves, however it ended."""
        rows = self.check_rows(os.path.join(folder, "samples.csv"), "samples")
        self.assertGreaterEqual(len(rows), least_rows)
        summary = self.check_rows(os.path.join(folder, "summary.csv"), "summary")
        with open(os.path.join(folder, "run.json"), encoding="utf-8") as file:
            record = json.load(file)
        self.assertRegex(record["run"]["id"], r"^\d{4}-\d\d-\d\dT[\d:]{8}Z$")
        self.assertEqual({(row["host"], row["run"]) for row in rows + summary},
                         {(record["machine"]["host"], record["run"]["id"])})
        return rows


def main():
    result = unittest.main(exit=False, verbosity=2).result
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    if not result.wasSuccessful():
        return 1
    return 77 if result.testsRun == len(result.skipped) else 0
