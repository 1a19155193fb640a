#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots an emulated x86 machine with two sockets, and runs this build in it.

Usage: guest_x86.py sockets|dies|offline|static [KERNEL [FOLDER]]
  sockets  16 PUs: two sockets of four cores with SMT, two NUMA nodes
  dies     the same with two dies a socket, each with a last-level cache of its own
  offline  the first with a PU offline, and the program in a cpuset
  static   the first, and in it the static program $LB_STATIC and no library (tests/bundle.sh)
  KERNEL   of those in FOLDER/amd64/boot and FOLDER/kernels/amd64 that at this place, from 0 on (0)
  FOLDER   what setup.sh filled (default: $LB_BUILD_DIR/guest)
Exit 0 passed, 1 failed, 77 skipped: something is missing. QEMU's TCG needs no KVM and has no
caches: no time in there means anything, and all rows must say so. The model of processor has an L2
for each core, so the class l2 cannot be had here: test_placement covers it on a synthetic machine.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import guest

MACHINE_S = 380 * guest.PATIENCE
# Without leaf 0x1f of CPUID, which this processor lacks too: asked for it, QEMU 10 with dies stops
# (encode_topo_cpuid1f). Last-level caches tell dies apart by leaf 4.
CPU = ["-accel", "tcg,thread=multi", "-cpu", "Skylake-Server-v4,level=0x16", "-m", "1536M",
       "-nographic", "-no-reboot", "-nic", "none"]
ASKED = "console=ttyS0 quiet panic=-1 no_timer_check"
NODES = ["-object", "memory-backend-ram,id=m0,size=768M",
         "-numa", "node,nodeid=0,cpus=0-7,memdev=m0",
         "-object", "memory-backend-ram,id=m1,size=768M",
         "-numa", "node,nodeid=1,cpus=8-15,memdev=m1", "-numa", "dist,src=0,dst=1,val=21"]
SOCKETS = ["-smp", "16,sockets=2,cores=4,threads=2", *NODES]
DIES = ["-smp", "16,sockets=2,dies=2,cores=2,threads=2", *NODES]

PROGRAM = "benchmarks/linebounce"
MACHINE_TEST = "tests/test_machine"
UNIT_TESTS = ["arena"]
SWEEP_COLUMNS = ("scenario", "placement", "distance", "home", "home_node_os", "threads", "pus_os",
                 "status", "emulated")

# The rows of a CSV that a judge needs: some columns, each line once.
AWK = ("awk -F, 'NR==1{for(i=1;i<=NF;i++)c[$i]=i;next}{print \"row\"" +
       "".join(f' \",\" $c[\"{name}\"]' for name in SWEEP_COLUMNS) + "}' FILE | sort -u")
SHORT = ("--layout pointer,embedded --scenario same-object --work-ns 200 --rounds 1 --no-plots"
         " --sample-every none")
# Sixteen threads on two real CPUs take minutes: the whole plan is looked at, a part is measured.
SWEEP = ("linebounce sweep --dry-run --verbose | grep -v / &&"
         f" {{ linebounce sweep {SHORT} --threads 1,2,8 --out /tmp/sweep 2>/dev/null;"
         f" {guest.ENDED}; }}"
         " && " + AWK.replace("FILE", "/tmp/sweep/samples.csv"))
HOMES = (f"linebounce run layouts {SHORT} --placement remote --home local,remote,interleaved"
         f" --out /tmp/homes; {guest.ENDED} && " + AWK.replace("FILE", "/tmp/homes/samples.csv"))
# With so few real CPUs every other pair of a round is spoiled, another in each.
PINGPONG = ("linebounce run pingpong --rounds 8 --no-plots --out /tmp/pairs &&"
            " cut -d, -f2-9 /tmp/pairs/matrix.csv")

# Distance class of two PUs by machine: the kernel numbers them socket by socket, siblings together.
def class_in_sockets(a, b):
    return "smt" if a // 2 == b // 2 else "l3" if a // 8 == b // 8 else "remote"


def class_in_dies(a, b):
    return ("smt" if a // 2 == b // 2 else "l3" if a // 4 == b // 4 else
            "package" if a // 8 == b // 8 else "remote")


ORDER = ["none", "smt", "l2", "l3", "package", "remote"]


def rows_of(output):
    lines = [line[4:] for line in output.split("\n") if line.startswith("row,")]
    return [dict(zip(SWEEP_COLUMNS, line.split(","))) for line in lines]


def judge_rows(output, class_of, classes, counts):
    """What is wrong with a sweep's rows on a machine that we know."""
    rows = [r for r in rows_of(output) if not r["scenario"].startswith("anchor")]
    faults = [] if rows else ["no rows"]
    for row in rows:
        pus = [int(n) for n in row["pus_os"].split(";") if n]
        far = max([class_of(a, b) for a in pus for b in pus if a < b] or ["none"], key=ORDER.index)
        local = pus[0] // 8
        # Roles rotate over the PUs: the home follows from the placement's first, not the row's.
        node = row["home_node_os"]
        if len(pus) == int(row["threads"]) and row["distance"] != far:
            faults.append(f"distance {row['distance']} of PUs {pus}, which are {far}")
        if row["emulated"] != "1":
            faults.append("a row is not marked as emulated")
        if (row["home"] == "interleaved") != (node == ""):
            faults.append(f"home {row['home']} on node '{node}'")
        if far != "remote" and row["home"] in ("local", "remote") and \
                (int(node) == local) != (row["home"] == "local"):
            faults.append(f"home {row['home']} of PUs {pus} on node {node}")
    if missing := set(classes) - {r["distance"] for r in rows}:
        faults.append(f"no row of {', '.join(sorted(missing))}")
    if missing := {"local", "remote", "interleaved"} - {r["home"] for r in rows}:
        faults.append(f"no memory {', '.join(sorted(missing))}")
    if missing := set(counts) - {int(r["threads"]) for r in rows}:
        faults.append(f"no row of {sorted(missing)} threads")
    return sorted(set(faults))[:8]


def judge_sweep(class_of, classes, counts=(1, 2, 8)):
    return lambda output: judge_rows(output, class_of, classes, counts)


def judge_homes(output):
    rows = [r for r in rows_of(output) if r["scenario"] == "same-object"]
    nodes = {r["home"]: r["home_node_os"] for r in rows}
    wanted = {"local": "0", "remote": "1", "interleaved": ""}
    return [] if nodes == wanted else [f"homes {nodes}, expected {wanted}"]


PLACEMENTS_SOCKETS = [r"^smt +smt +CPUs 0,1$", r"^l2 +absent ", r"^l3 +l3 +CPUs 0,2$",
                      r"^package +absent ", r"^remote +remote +CPUs 0,8$",
                      r"^scatter-2 +remote +CPUs 0,8$", r"^scatter-4 +remote +CPUs 0,8,2,10$"]
PLACEMENTS_DIES = [r"^smt +smt +CPUs 0,1$", r"^l3 +l3 +CPUs 0,2$", r"^package +package +CPUs 0,4$",
                   r"^remote +remote +CPUs 0,8$", r"^scatter-4 +remote +CPUs 0,8,4,12$"]
# PU 5 is offline, 0, 1 and 14 are outside the cpuset.
PLACEMENTS_OFFLINE = [r"^smt +smt +CPUs 2,3$", r"^l3 +l3 +CPUs 2,4$",
                      r"^remote +remote +CPUs 2,8$"]
CPUSET = ("mount -t cgroup2 none /sys/fs/cgroup"
          " && echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control"
          " && mkdir -p /sys/fs/cgroup/part && echo 2-13,15 >/sys/fs/cgroup/part/cpuset.cpus"
          " && echo 0-1 >/sys/fs/cgroup/part/cpuset.mems"
          " && cat /sys/fs/cgroup/part/cpuset.cpus.effective")
INSIDE = "echo $$ >/sys/fs/cgroup/part/cgroup.procs && "

# What somebody does with the one file: looks, measures, compares, takes the page home.
QUICK = ("linebounce run --quick --layout pointer,embedded --scenario same-object --work-ns 200"
         " --rounds 2 --out /tmp/%s; " + guest.ENDED)
# Times that mean nothing are not compared. They make a page where a window was good, which is luck
# in here, and the page says what they are; what is read without a warning is of another machine.
REFERENCE = "results/reference/amd-epyc-zen5-2vcpu-kvm"
MEANT = "n emulated machine: its times mean nothing"
REFUSED = ("linebounce compare /tmp/one /tmp/two; test $? = 1 && {"
           " linebounce plot /tmp/one; test $? = 1; } && {"
           f" test ! -e /tmp/one/index.html || grep -o '{MEANT}' /tmp/one/index.html; }}")
COMPARED = "cp -r /root/reference /tmp && linebounce compare /root/reference /tmp/reference"
PAGE = ("linebounce plot /root/reference; test -s /root/reference/index.html"
        " && grep -o '<title>[^<]*</title>' /root/reference/index.html | head -n 1")

UNITS = [(f"test_{name}", f"test_{name}", 100, [r"PASSED"]) for name in UNIT_TESTS]
# Name, command, seconds, lines that must be there; and what else judges the output.
PARTS = {
    "sockets": (SOCKETS, [
        ("topology", "linebounce show topology", 20, [r"^PUs +16, 16 ", r"^NUMA nodes +2$"]),
        ("placements", "linebounce show placements", 20, PLACEMENTS_SOCKETS),
        ("test_machine", "test_machine offline 5", 90, [r"PASSED"]),
        ("homes", HOMES, 90, []),
        ("sweep", SWEEP, 180, [r"^absent on this machine: pairs l2, package$",
                               r"^Results: /tmp/sweep ", r"^  compact-12 +remote +interleaved ",
                               r"^  smt@1 .*CPUs 8,9$", r"^  scatter-6 +remote +local +node 0 "]),
        ("pingpong", PINGPONG, 90, [r"^load-store,0,1,smt,smt@0,4,both,0$",
                                    r"^load-store,0,8,remote,remote@0-1,64,a,0$",
                                    r"^compare-and-swap,0,8,remote,remote@0-1,64,b,1$"]),
        *UNITS,
    ], {"homes": judge_homes,
        "sweep": judge_sweep(class_in_sockets, ("none", "smt", "l3", "remote"))}),
    "dies": (DIES, [
        ("placements", "linebounce show placements", 20, PLACEMENTS_DIES),
        ("whatif", "linebounce run whatif --layout btf:vm_area_struct,name=vma --read vm_start "
         "--write vm_flags --dry-run --work-ns 0", 20, [r"^whatif/vma/"]),
        ("test_machine", "test_machine", 90, [r"PASSED"]),
        ("sweep", SWEEP, 180, [r"^absent on this machine: pairs l2$"]),
    ], {"sweep": judge_sweep(class_in_dies, ("none", "smt", "l3", "package", "remote"))}),
    "offline": (SOCKETS, [
        ("offline", "echo 0 >/sys/devices/system/cpu/cpu5/online", 10, []),
        ("cpuset", CPUSET, 10, [r"^2-4,6-13,15$"]),
        ("placements", INSIDE + "linebounce show placements", 20, PLACEMENTS_OFFLINE),
        ("refused", INSIDE + "linebounce run layouts --pus 4,5 --out /tmp/no; test $? = 2", 20,
         [r"PU 5 is offline or outside the cpuset"]),
        ("outside", INSIDE + "linebounce run layouts --pus 0,2 --out /tmp/no; test $? = 2", 20,
         [r"PU 0 is offline or outside the cpuset"]),
        ("test_machine", INSIDE + "test_machine", 90, [r"PASSED"]),
        ("sweep", INSIDE + SWEEP, 180, [r"^  compact-12 .*CPUs 2-4,6-13,15$"]),
    ], {"sweep": judge_sweep(class_in_sockets, ("none", "smt", "l3", "remote"))}),
    "static": (SOCKETS, [
        ("version", "linebounce --version; ls /lib", 20, [r"^static: "]),
        ("topology", "linebounce show topology", 20, [r"^PUs +16, 16 ", r"^NUMA nodes +2$"]),
        ("doctor", f"linebounce doctor; {guest.ENDED}", 60,
         [r"^CPUs to be used: 0,1 ", r"^ok CPUs +16 CPUs \(0-15\), all of the machine$"]),
        ("quick", f"{QUICK % 'one'} && {QUICK % 'two'}", 120, [r"^Results: /tmp/one "]),
        ("refused", REFUSED, 60,
         [r"the machine was emulated: its timing means nothing$", r"gnuplot: not found",
          rf"(/tmp/one: nothing for a page|{MEANT})$"]),
        ("compare", COMPARED, 90, [r"are copies of one run", r"^many embedded, 200 ns "]),
        ("page", PAGE, 90, [r"<title>May the lock move"]),
    ], {}),
}


# What is known of a kernel's VMAs: the first release, the lock, and what `show layouts` says of it.
LOCKS = [((6, 15), "refcount", r"^btf-vm_area_struct: .* refcount_t vm_refcnt at \d+"),
         ((6, 4), "separate", r"^btf-vm_area_struct: .* rw_semaphore behind vm_lock at \d+"),
         ((0, 0), "none", r"^linebounce: layout .*: vm_area_struct has no lock")]


def kernel_commands(kernel):
    """What the program has to say of the kernel of this file: its VMAs' lock, and their BTF."""
    release = guest.release_of(kernel)
    numbers = tuple(int(n) for n in release.split(".")[:2])
    _, lock, layout = next(known for known in LOCKS if numbers >= known[0])
    return [("kernel", "linebounce show kernel", 20,
             [rf"^release +{re.escape(release)}$", rf"^VMA lock +{lock}: ", r"^vm_area_struct: ",
              r"^  object +\d+ bytes"]),
            ("btf", "linebounce show layouts --layout btf:vm_area_struct"
             + ("; test $? = 2" if lock == "none" else ""), 20, [layout])]


def libraries(paths):
    """full path -> contents of all that these programs are linked with, by ldd."""
    found = {}
    for path in paths:
        # Of a static program it says so, with status 1.
        text = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
        for name in re.findall(r"(/\S+) \(0x", text):
            found[name.lstrip("/")] = guest.read(os.path.realpath(name))
    return found


def programs_of(part, build):
    if part == "static":
        return [os.environ.get("LB_STATIC", "build-static/benchmarks/linebounce")]
    return [os.path.join(build, p)
            for p in (PROGRAM, MACHINE_TEST, *(f"tests/test_{n}" for n in UNIT_TESTS))]


def reference_files():
    source = os.environ.get("LB_SOURCE_DIR", ".")
    return {f"root/reference/{name}": guest.read(os.path.join(source, REFERENCE, name))
            for name in ("run.json", "samples.csv", "summary.csv")}


def file_system(folder, paths, commands, more=None):
    """Of programs with their libraries; `more`: files, name -> contents."""
    for path in paths:
        if not os.path.exists(path):
            raise guest.Missing(f"{path} was not built")
    files = {"init": guest.init_script(commands).encode(),
             "bin/busybox": guest.busybox_in(os.path.join(folder, "amd64"))}
    files |= libraries(paths)
    files |= {f"root/{os.path.basename(p)}": guest.read(p) for p in paths} | (more or {})
    return guest.archive(files, {}, folders_of(files))


def folders_of(files):
    found = set()
    for name in files:
        while name := os.path.dirname(name):
            found.add(name)
    return sorted(found)


def boot(machine, kernel, initrd, asked=""):
    """`asked`: more of the kernel's command line."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(initrd)
        file.flush()
        return guest.run_machine(["qemu-system-x86_64", *CPU, *machine, "-kernel", kernel,
                                  "-initrd", file.name, "-append", f"{ASKED} {asked}"], MACHINE_S)


def check_there():
    if os.uname().machine != "x86_64":
        raise guest.Missing("this build is not for x86-64")
    if not shutil.which("qemu-system-x86_64"):
        raise guest.Missing("no qemu-system-x86_64")


def main():
    if not (asked := guest.arguments(PARTS, __doc__)):
        return 2
    part, number, folder = asked
    machine, commands, judges = PARTS[part]
    build = os.environ.get("LB_BUILD_DIR", "build")
    try:
        check_there()
        kernel = guest.kernel_in(folder, "amd64", number)
        if part == "dies":
            commands = kernel_commands(kernel) + commands
        more = reference_files() if part == "static" else None
        initrd = file_system(folder, programs_of(part, build), commands, more)
        return guest.report(commands, boot(machine, kernel, initrd), judges)
    except guest.Missing as why:
        print(f"skipped: {why}")
        return guest.SKIPPED


if __name__ == "__main__":
    sys.exit(main())
