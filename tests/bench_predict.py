#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long `predict` takes for 128 threads: 66 cases in 12 settings. `meson test --benchmark`.

Usage: bench_predict.py     program: $LINEBOUNCE
"""

import os
import resource
import subprocess
import tempfile

CPUS = 128
CLUSTER, SOCKET = 8, 64


def latency(a, b):
    if a // SOCKET != b // SOCKET:
        return 220
    return 0 if a == b else 45 if a // CLUSTER == b // CLUSTER else 120


def main():
    cases = 0
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        for a in range(CPUS):
            print(*(latency(a, b) for b in range(CPUS)), sep=",", file=file)
        file.flush()
        for more in (("--think", "2000"), ("--think", "200", "--scenario", "same-object,observer")):
            text = subprocess.run([os.environ["LINEBOUNCE"], "predict", "--matrix", file.name,
                                   "--threads", str(CPUS), "--format", "csv", *more], check=True,
                                  capture_output=True, text=True).stdout
            keys = {tuple(line.split(",")[:3]) for line in text.splitlines()[1:]}
            cases += len(keys) + len({key[0] for key in keys})  # and each scenario's baseline
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{cases} cases, 12 settings, {CPUS} threads: "
          f"{used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
