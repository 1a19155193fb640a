#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots the kernels of several Debian releases on an emulated machine of five CPUs, and has the
program look at each: its VMAs as root and as a user, its BTF, its page faults on four CPUs, and
what was asked of it as it booted (slab_nomerge, isolcpus) and later (a partition of cpusets).

Usage: guest_kernel.py kernel|rt [KERNEL [FOLDER]]
  kernel   boots it
  rt       one with PREEMPT_RT: its BTF is read here, and nothing is booted
  KERNEL   of those in FOLDER/amd64/boot and FOLDER/kernels/amd64 that at this place, from 0 on (0)
  FOLDER   what setup.sh filled (default: $LB_BUILD_DIR/guest)
Exit 0 passed, 1 failed, 77 skipped: there is no such kernel, or something is missing.
"""

import os
import re
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
FAULT = ("linebounce run fault --scenario private --rounds 4 --budget 3m --no-plots"
         f" --memory 256M --out /tmp/fault %s; {guest.ENDED} && {ROWS}")
# This shell on CPU 0 alone, as init is where all others are isolated.
ALONE = "taskset -p 1 $$ >/dev/null; "

OF_RT = r"mmap_lock is an rwbase_rt, as PREEMPT_RT's locks are"
RT_LAYOUTS = [("mm_struct,lock=mmap_lock", 2, OF_RT),
              ("mm_struct,lock=mmap_lock,kind=rwsem40,hot=pgd+map_count", 0, r"mmap_lock at \d+"),
              ("inode,lock=i_rwsem", 2, OF_RT.replace("mmap_lock", "i_rwsem")),
              ("inode,lock=i_lock", 2, r"i_lock is an rt_mutex")]


def commands_of(kernel):
    return guest_x86.kernel_commands(kernel) + [
        ("merging", "linebounce show kernel", 30,
         [r"^vm_area_struct: a cache of its own, never merged$"]),
        ("user", "su -s /bin/sh user -c 'id -u; linebounce show kernel'", 30,
         [r"^1000$", rf"^release +{re.escape(guest.release_of(kernel))}$", r"^VMA lock +\w+: "]),
        ("isolated", "cat /sys/devices/system/cpu/isolated; linebounce show topology", 30,
         [r"^4$", r"^PUs +5, 4 of them usable$", r"^ +4 +4 .* by --pus$"]),
        ("doctor", "linebounce doctor --no-probe; linebounce doctor --no-probe --pus 0;"
         f" {guest.ENDED}", 30,
         [r"^! +CPUs +4 of 5 CPUs may be used \(0-3\)",
          r"^! +isolation +CPUs 4 are isolated, and not used unless named$",
          r"^x +CPUs +one CPU \(0\) of the 4 that may be used \(0-3\)"]),
        ("doctor_alone", f"{ALONE}linebounce doctor --no-probe; {guest.ENDED}", 30,
         [r"^x +CPUs +one CPU \(0\): no two threads", r"-> name the isolated ones \(--pus\)"]),
        ("too_few", f"{ALONE}linebounce run --threads 2 --out /tmp/no; test $? = 2", 30,
         [r"only 1 allowed PU \(0\); isolated ones take part by name: --pus 4"]),
        ("fault", FAULT % "--threads 4", 90,
         [r"^row,private,4,[0-3](;[0-3]){3},[0;]*[1-9][\d;]*,1$"]),
        ("isolated_by_name", f"{ALONE}rm -r /tmp/fault; {FAULT % '--pus 0,4'}", 90,
         [r"^row,private,2,(0;4|4;0),[0;]*[1-9][\d;]*,1$"]),
        ("partition", PARTITION + "linebounce show topology", 30,
         [r"^root$", r"^PUs +5, 2 of them usable$"]),
    ]


def boot(folder, kernel):
    commands = commands_of(kernel)
    build = os.environ.get("LB_BUILD_DIR", "build")
    initrd = guest_x86.file_system(folder, guest_x86.programs_of("kernel", build), commands,
                                   {"etc/passwd": PASSWD.encode()})
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
    if not (asked := guest.arguments(("kernel", "rt"), __doc__)):
        return 2
    part, number, folder = asked
    try:
        guest_x86.check_there()
        kernel = guest.kernel_in(folder, "amd64", number, part == "rt")
        return read_rt(kernel) if part == "rt" else boot(folder, kernel)
    except guest.Missing as why:
        print(f"skipped: {why}")
        return guest.SKIPPED


if __name__ == "__main__":
    sys.exit(main())
