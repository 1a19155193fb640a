#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long a layout takes from a program with 100 MB of DWARF, and how much memory.

Usage: dwarf.py [MEGABYTES [FOLDER]]     (100, a folder of its own; program: $LINEBOUNCE)
Compiles eight sources with a few thousand structures each, links each as often as it takes, and
prints for what `show layouts` and `show structure` do with it: seconds and the most memory.
"""

import os
import shutil
import subprocess
import sys
import tempfile

SOURCES = 8
STRUCTURES = 2500
PROGRAM = os.environ.get("LINEBOUNCE", "build/benchmarks/linebounce")


def source(k):
    """C with structures of its own and one that all share, and functions that use them."""
    yield "#include <pthread.h>\nstruct page { long id; unsigned flags; _Atomic unsigned pins;"
    yield "  pthread_mutex_t latch; struct page *next; };\n"
    for i in range(STRUCTURES):
        name = f"s{k}_{i}"
        yield (f"struct {name} {{ struct page *page; long a{i}; struct {{ int b; char c[8]; }} d;"
               f" struct s{k}_{max(i - 1, 0)} *before; unsigned e : 3; }};\n")
        yield (f"static long __attribute__((noinline, used)) f{i}(struct {name} *x, struct page *p)"
               f" {{ long n = x->a{i} + p->id;"
               " for (int j = 0; j < x->d.b; j++) n += j; return n; }\n")


def make(folder, megabytes):
    """Links as many copies as it takes; what is in them has no names beyond them."""
    objects = []
    for k in range(SOURCES):
        path = os.path.join(folder, f"s{k}.c")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(source(k))
        objects.append(path[:-1] + "o")
        subprocess.run(["gcc", "-g", "-c", "-o", objects[-1], path], check=True)
    with open(os.path.join(folder, "main.c"), "w", encoding="utf-8") as file:
        file.write("int main(void) { return 0; }\n")
    program = os.path.join(folder, "program")
    n = 1
    while True:
        copies = [shutil.copy(path, f"{path[:-2]}-{i}.o") for path in objects for i in range(n)]
        subprocess.run(["gcc", "-g", "-o", program, os.path.join(folder, "main.c"), *copies],
                       check=True)
        if (size := dwarf_bytes(program)) >= megabytes << 20:
            return size
        n = max(n + 1, int(n * (megabytes << 20) / size * 1.02))


def dwarf_bytes(program):
    lines = subprocess.run(["size", "-A", program], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(".debug_"))


def measure(*args):
    with subprocess.Popen([PROGRAM, *args], stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    folder = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="linebounce-dwarf-")
    os.makedirs(folder, exist_ok=True)
    program = os.path.join(folder, "program")
    size = dwarf_bytes(program) if os.path.exists(program) else make(folder, megabytes)
    print(f"{size / 2 ** 20:.0f} MB of DWARF in {program}")
    for args in (("show", "layouts", "--layout", f"dwarf:{program}:page,hot=id,lock=latch"),
                 ("show", "structure", "--layout", f"dwarf:{program}:s3_77"),
                 ("show", "structure", "--layout", f"dwarf:{program}:pagee")):
        seconds, memory, status = measure(*args)
        print(f"{args[-1].rsplit(':', 1)[1]:24} {seconds:5.2f} s CPU, {memory:4.0f} MB, "
              f"status {status}")
    if len(sys.argv) < 3:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
