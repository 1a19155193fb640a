#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots an emulated arm64 machine with a PMU, and runs the program and tests in it.

Usage: guest.py smp|icount [KERNEL [FOLDER]]
  smp      four Neoverse N1, two NUMA nodes: the program, test_guest, some unit tests
  icount   one CPU whose instructions are counted exactly: test_guest
  KERNEL   of those in FOLDER/arm64/boot and FOLDER/kernels/arm64 that at this place, from 0 on (0)
  FOLDER   what setup.sh filled (default: $LB_BUILD_DIR/guest)
Exit 0 passed, 1 failed, 77 skipped: something is missing. The emulator is qemu without KVM, so
every machine can run this; caches are not emulated, and no time in there means anything.
"""

import glob
import gzip
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
LIBC = "/usr/aarch64-linux-gnu/lib"
LIBRARIES = "usr/lib/aarch64-linux-gnu"  # below the packages that setup.sh unpacked
# How often over a command may take the time that it takes on a machine that is its own: a limit
# ends what hangs, and a busy machine is no fault.
PATIENCE = 4
MACHINE_S = 300 * PATIENCE
MARK = "@@linebounce"

MACHINE = ["-M", "virt,gic-version=3", "-cpu", "neoverse-n1", "-m", "512M", "-nographic",
           "-no-reboot", "-nic", "none", "-append", "console=ttyAMA0 quiet panic=-1"]
SMP = ["-accel", "tcg,thread=multi", "-smp", "4",
       "-object", "memory-backend-ram,id=m0,size=256M", "-numa", "node,nodeid=0,cpus=0-1,memdev=m0",
       "-object", "memory-backend-ram,id=m1,size=256M", "-numa", "node,nodeid=1,cpus=2-3,memdev=m1"]
ICOUNT = ["-accel", "tcg", "-icount", "shift=0", "-smp", "1"]

# Programs to carry: paths below the cross build.
PROGRAM = "benchmarks/linebounce"
GUEST_TEST = "tests/test_guest"
UNIT_TESTS = ["arena", "clock", "counters", "crew", "events", "lock"]

# A command: its name, what the shell is told, its time limit in seconds, and what must stand in its
# output (multi-line expressions).
# Where every window was spoiled nothing was measured, and the status is 1; the rows are there.
ENDED = "test $? -le 1"
COUNTING = "linebounce run instruments --rounds 2 --no-plots --events cycles,l1d_miss"
COUNTED = [r"\bcycles \(counted\)", r"\bl1d_miss \(not supported\)"]
SMP_COMMANDS = [
    ("topology", "linebounce show topology", 20,
     [r"^PUs +4, 4 of them usable$", r"^NUMA nodes +2$", r"^ +3 +3 .* 1 +\d+ +yes$"]),
    ("environment", "linebounce show environment", 20,
     [r"^CPU +implementer 0x41 part 0xd0c ", r"^kernel +Linux "]),
    ("counters", "linebounce show counters", 20,
     [r"^PMU +present$", r"^processor +arm_n1 ", r"^at once +[1-9]", r"^libpfm4 +\d+\.\d+",
      r"^cycles .* arm_n1::CPU_CYCLES", r"^l1d_miss +not supported "]),
    ("fastpath", "linebounce run fastpath --rounds 2 --no-plots --out /tmp/fastpath &&"
     " head -n 2 /tmp/fastpath/summary.csv", 60, [r"^schema", r"^\d+,.*fastpath"]),
    ("counting", f"{COUNTING} --out /tmp/counting; {ENDED}", 60, COUNTED),
    ("counting_in_user_space", "echo 1 >/proc/sys/kernel/perf_user_access &&"
     f" {COUNTING} --out /tmp/user; status=$?;"
     " echo 0 >/proc/sys/kernel/perf_user_access; test $status -le 1", 60, COUNTED),
    ("test_guest", "test_guest smp", 60, [r"PASSED"]),
] + [(f"test_{name}", f"test_{name}", 100, [r"PASSED"]) for name in UNIT_TESTS]
ICOUNT_COMMANDS = [("test_guest", "test_guest icount", 60, [r"PASSED"])]

PARTS = {
    "smp": (SMP, SMP_COMMANDS, [PROGRAM, GUEST_TEST, *(f"tests/test_{n}" for n in UNIT_TESTS)]),
    "icount": (ICOUNT, ICOUNT_COMMANDS, [GUEST_TEST]),
}

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/root
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tmpfs none /tmp
cd /tmp
# attempt SECONDS COMMAND: where this machine is so busy that its threads do not meet, once more,
# without what was left in /tmp.
attempt()
{
    { echo .; ls /tmp; } >/root/before
    for tries in 1 2 3 4 5 6; do
        timeout "$1" sh -c "$2" </dev/null >/root/said 2>&1
        status=$?
        grep -q 'hardly ever run this program at once' /root/said || break
        for file in $(ls /tmp | grep -vxFf /root/before); do rm -rf "/tmp/$file"; done
    done
    cat /root/said
    return $status
}
"""


class Missing(Exception):
    """Why this machine cannot run the guest."""


def read(path):
    with open(path, "rb") as file:
        return file.read()


# The first file system: an archive as cpio -H newc makes it.

def archive_entry(number, name, mode, data=b""):
    path = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08x" % f for f in fields) + path
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def archive(files, links, more_folders=()):
    """Compressed, from dictionaries of names and contents or targets; all is executable."""
    folders = dict.fromkeys(["bin", "dev", "lib", "proc", "root", "sys", "tmp", *more_folders])
    entries = [(name, 0o40755, b"") for name in folders]
    entries += [(name, 0o100755, data) for name, data in files.items()]
    entries += [(name, 0o120777, target.encode()) for name, target in links.items()]
    out = io.BytesIO()
    for number, entry in enumerate(entries):
        out.write(archive_entry(number + 1, *entry))
    out.write(archive_entry(0, "TRAILER!!!", 0))
    return gzip.compress(out.getvalue(), 1)


def needed(path):
    """Libraries that an ELF file names, by binutils (which read every architecture's)."""
    result = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True)
    return re.findall(r"\(NEEDED\).*\[(.+)\]", result.stdout)


def libraries(paths, folders):
    """name -> path of all libraries that these programs need, and the dynamic linker."""
    found = {}
    wanted = ["ld-linux-aarch64.so.1"] + [n for p in paths for n in needed(p)]
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        paths = [os.path.join(f, name) for f in folders if os.path.exists(os.path.join(f, name))]
        if not paths:
            raise Missing(f"no library {name} for the guest")
        found[name] = os.path.realpath(paths[0])
        wanted += needed(paths[0])
    return found


def init_script(commands):
    lines = [INIT]
    for name, command, seconds, _ in commands:
        lines.append(f"echo '{MARK} begin {name}'\n"
                     f"attempt {seconds * PATIENCE} {shlex.quote(command)}\n"
                     f"echo '{MARK} end {name}' $?\n")
    return "".join(lines) + "poweroff -f\n"


def file_system(folder, programs, commands):
    sysroot, build = os.path.join(folder, "arm64"), os.path.join(folder, "build")
    paths = [os.path.join(build, p) for p in programs]
    for path in paths:
        if not os.path.exists(path):
            raise Missing(f"{path} was not built")
    files = {"init": init_script(commands).encode(),
             "bin/busybox": busybox_in(sysroot)}
    links = {}
    # Under their full names, too: the program tells libpfm4's version by that.
    for name, path in libraries(paths, [os.path.join(sysroot, LIBRARIES), LIBC]).items():
        full = os.path.basename(path)
        files[f"lib/{full}"] = read(path)
        if full != name:
            links[f"lib/{name}"] = full
    for path in paths:
        files[f"root/{os.path.basename(path)}"] = read(path)
    return archive(files, links)


# The machine.

def release_of(kernel):
    return os.path.basename(kernel).removeprefix("vmlinuz-")


def kernels_in(folder, architecture, rt=False):
    """This system's and those of other releases, oldest first; with PREEMPT_RT or without."""
    found = {os.path.basename(path): path
             for part in (f"{architecture}/boot", f"kernels/{architecture}")
             for path in glob.glob(os.path.join(glob.escape(folder), part, "vmlinuz*"))}
    return sorted((path for name, path in found.items() if ("-rt-" in name) == rt),
                  key=lambda path: [int(n) for n in re.findall(r"\d+", release_of(path))[:3]])


def kernel_in(folder, architecture, number, rt=False):
    kernels = kernels_in(folder, architecture, rt)
    if number >= len(kernels):
        raise Missing(f"{len(kernels)} such kernels of {architecture} in {folder}: run"
                      " `sh tests/run.sh --guest`")
    print(f"-- {release_of(kernels[number])}")
    return kernels[number]


def arguments(parts, doc):
    """The part, the kernel's number and the folder that were asked for; None: shown how."""
    if not 2 <= len(sys.argv) <= 4 or sys.argv[1] not in parts or \
            not all(text.isdigit() for text in sys.argv[2:3]):
        print(doc, file=sys.stderr)
        return None
    return (sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0,
            sys.argv[3] if len(sys.argv) > 3 else
            os.path.join(os.environ.get("LB_BUILD_DIR", "build"), "guest"))


def busybox_in(folder):
    """Newer packages have it below usr."""
    paths = [os.path.join(folder, p, "busybox") for p in ("bin", "usr/bin")]
    return read(next((p for p in paths if os.path.exists(p)), paths[0]))


def run_machine(command, seconds):
    """What the console said. Some emulators let a kernel panic while it starts, now and then."""
    begin = time.monotonic()
    text = run_once(command, seconds)
    if "Kernel panic" in text:
        print(f"-- the kernel panicked, so the machine is started once more\n{text[-2000:]}")
        text = run_once(command, seconds - (time.monotonic() - begin))
    return text


def run_once(command, seconds):
    """What the console said; the time limit ends the machine."""
    try:
        # On a time-out, run() kills this one child and waits for it.
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=seconds, check=False)
        text = result.stdout
    except subprocess.TimeoutExpired as error:
        text = (error.stdout or b"") + b"\nthe machine ran out of time\n"
    return text.decode("utf-8", "replace").replace("\r", "")


def boot(machine, kernel, initrd):
    with tempfile.NamedTemporaryFile() as file:
        file.write(initrd)
        file.flush()
        return run_machine(["qemu-system-aarch64", *MACHINE, *machine, "-kernel", kernel,
                            "-initrd", file.name], MACHINE_S)


def outcomes(transcript):
    """name -> (exit status, None: it did not end; output)"""
    found = {}
    name = None
    for line in transcript.split("\n"):
        # The kernel may speak in the middle of a line, so a mark need not begin one.
        if match := re.search(MARK + r" begin (\w+)$", line):
            name = match[1]
            found[name] = (None, "")
        elif name and (match := re.search(MARK + rf" end {name} (\d+)$", line)):
            rest = line[:match.start()]
            found[name] = (int(match[1]), found[name][1] + rest)
            name = None
        elif name:
            found[name] = (None, found[name][1] + line + "\n")
    return found


def faults_of(command, found):
    name, _, _, patterns = command
    if name not in found:
        return ["did not start"]
    status, output = found[name]
    if status is None:
        return ["did not end"]
    faults = [f"exit {status}"] if status else []
    faults += [f"no line like {p}" for p in patterns if not re.search(p, output, re.MULTILINE)]
    # What can be skipped elsewhere must run in here: that is what this machine is for.
    if name == "test_guest" and "SKIPPED" in output:
        faults.append("skipped something")
    return faults


def report(commands, transcript, judges=None):
    """`judges`: by a command's name, what says more faults of its output."""
    found = outcomes(transcript)
    failed = 0
    for command in commands:
        name = command[0]
        faults = faults_of(command, found)
        if not faults and name in (judges or {}):
            faults = judges[name](found[name][1])
        print(f"-- {name}: {'; '.join(faults) if faults else 'passed'}")
        if faults:
            failed += 1
            print(found.get(name, (0, ""))[1])
    if any(status is None for status, _ in found.values()) or len(found) < len(commands):
        print(f"-- the console\n{transcript}")
    print(f"{len(commands) - failed} commands passed, {failed} failed")
    return 1 if failed else 0


def check_there(folder):
    for tool in ("qemu-system-aarch64", "readelf"):
        if not shutil.which(tool):
            raise Missing(f"no {tool}")
    for part in ("arm64/boot", "build/build.ninja"):
        if not os.path.exists(os.path.join(folder, part)):
            raise Missing(f"no {part} in {folder}: run `sh tests/run.sh --guest`")
    if not os.path.isdir(LIBC):
        raise Missing(f"no {LIBC} (libc6-dev-arm64-cross)")


def rebuild(folder, programs):
    """The sources may have changed since setup.sh built them."""
    result = subprocess.run(["ninja", "-C", os.path.join(folder, "build"), *programs],
                            capture_output=True, text=True, check=False)
    if result.returncode:
        print(result.stdout)
    return result.returncode == 0


def main():
    if not (asked := arguments(PARTS, __doc__)):
        return 2
    part, number, folder = asked
    machine, commands, programs = PARTS[part]
    try:
        check_there(folder)
        if not rebuild(folder, programs):
            return 1
        kernel = kernel_in(folder, "arm64", number)
        return report(commands, boot(machine, kernel, file_system(folder, programs, commands)))
    except Missing as why:
        print(f"skipped: {why}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
