#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots the kernels of several Debian releases on an emulated machine of five CPUs, and has the
program look at each: its VMAs as root and as a user, its BTF, its page faults on four CPUs, and
what was asked of it as it booted (slab_nomerge, isolcpus) and later (a partition of cpusets).

Usage: guest_kernel.py NUMBER|rt [FOLDER]
  NUMBER   of the kernels in FOLDER/amd64/boot and FOLDER/kernels that at this place, from 0 on
  rt       the one with PREEMPT_RT among them: its BTF is read here, and nothing is booted
  FOLDER   what setup.sh filled (default: $LB_BUILD_DIR/guest)
Exit 0 passed, 1 failed, 77 skipped: there is no such kernel, or something is missing.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import btf_kernels  # noqa: E402
import guest  # noqa: E402
import guest_x86  # noqa: E402

MACHINE = ["-smp", "5"]
ASKED = "slab_nomerge isolcpus=4"
PASSWD = "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n"

# A partition of CPUs 1 and 2, and this shell in it.
PARTITION = ("mount -t cgroup2 none /sys/fs/cgroup && cd /sys/fs/cgroup"
             " && echo +cpuset >cgroup.subtree_control && mkdir part"
             " && echo 1-2 >part/cpuset.cpus && echo root >part/cpuset.cpus.partition"
             " && cat part/cpuset.cpus.partition && echo $$ >part/cgroup.procs && cd /tmp && ")
# Windows may all be late here; that threads took page faults is what a row says all the same.
COLUMNS = ("scenario", "threads", "pus_os", "minor_faults", "emulated")
ROWS = ("awk -F, 'NR==1{for(i=1;i<=NF;i++)c[$i]=i;next}{print \"row\""
        + "".join(f' \",\" $c[\"{name}\"]' for name in COLUMNS) + "}' /tmp/fault/samples.csv")
FAULT = ("linebounce run fault --scenario private --rounds 4 --threads 4 --budget 30s --no-plots"
         f" --memory 256M --out /tmp/fault; {guest_x86.ENDED} && {ROWS}")

OF_RT = r"mmap_lock is an rwbase_rt, as PREEMPT_RT's locks are"
RT_LAYOUTS = [("mm_struct,lock=mmap_lock", 2, OF_RT),
              ("mm_struct,lock=mmap_lock,kind=rwsem40,hot=pgd+map_count", 0, r"mmap_lock at \d+"),
              ("inode,lock=i_rwsem", 2, OF_RT.replace("mmap_lock", "i_rwsem")),
              ("inode,lock=i_lock", 2, r"i_lock is an rt_mutex")]


def release_of(kernel):
    return os.path.basename(kernel).removeprefix("vmlinuz-")


def commands_of(kernel):
    return guest_x86.kernel_commands(kernel) + [
        ("merging", "linebounce show kernel", 30,
         [r"^vm_area_struct: a cache of its own, never merged$"]),
        ("user", "su -s /bin/sh user -c 'id -u; linebounce show kernel'", 30,
         [r"^1000$", rf"^release +{re.escape(release_of(kernel))}$", r"^VMA lock +\w+: "]),
        ("isolated", "cat /sys/devices/system/cpu/isolated; linebounce show topology", 30,
         [r"^4$", r"^PUs +5, 4 of them usable$"]),
        ("fault", FAULT, 60, [r"^row,private,4,[0-3](;[0-3]){3},[0;]*[1-9][\d;]*,1$"]),
        ("partition", PARTITION + "linebounce show topology", 30,
         [r"^root$", r"^PUs +5, 2 of them usable$"]),
    ]


def kernels_in(folder):
    found = [path for part in ("amd64/boot", "kernels")
             for path in glob.glob(os.path.join(glob.escape(folder), part, "vmlinuz*"))]
    return sorted(found, key=lambda path: [int(n) for n in
                                           re.findall(r"\d+", release_of(path))[:3]])


def is_rt(kernel):
    return "-rt-" in os.path.basename(kernel)


def boot(folder, kernel):
    commands = commands_of(kernel)
    build = os.environ.get("LB_BUILD_DIR", "build")
    initrd = guest_x86.file_system(folder, build, commands, {"etc/passwd": PASSWD.encode()})
    return guest.report(commands, guest_x86.boot(MACHINE, kernel, initrd, ASKED))


def read_rt(kernel):
    """Its rw-semaphore is another lock: refused with that reason, and run as what `kind` says."""
    with open(kernel, "rb") as file:
        btf = btf_kernels.section(btf_kernels.unpack_kernel(file.read()), b".BTF")
    program = os.environ["LINEBOUNCE"]
    with tempfile.NamedTemporaryFile(suffix=".btf") as file:
        file.write(btf)
        file.flush()
        faults = 0
        for layout, status, says in RT_LAYOUTS:
            done = subprocess.run(
                [program, "show", "layouts", "--layout", f"btf:{file.name}:{layout}"],
                capture_output=True, text=True, check=False)
            said = done.stdout + done.stderr
            good = done.returncode == status and re.search(says, said)
            faults += not good
            print(f"-- {layout}: {'passed' if good else f'failed: {done.returncode}, {said}'}")
    return 1 if faults else 0


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.join(
        os.environ.get("LB_BUILD_DIR", "build"), "guest")
    rt = sys.argv[1] == "rt"
    kernels = [k for k in kernels_in(folder) if is_rt(k) == rt]
    number = 0 if rt else int(sys.argv[1])
    try:
        if os.uname().machine != "x86_64":
            raise guest.Missing("this build is not for x86-64")
        if number >= len(kernels):
            raise guest.Missing(f"{len(kernels)} such kernels in {folder}")
        print(f"-- {release_of(kernels[number])}")
        if rt:
            return read_rt(kernels[number])
        if not shutil.which("qemu-system-x86_64"):
            raise guest.Missing("no qemu-system-x86_64")
        return boot(folder, kernels[number])
    except guest.Missing as why:
        print(f"skipped: {why}")
        return guest.SKIPPED


if __name__ == "__main__":
    sys.exit(main())
