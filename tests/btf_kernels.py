#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Members and sizes of structures as `linebounce show structure` has them, against a reader of BTF
of its own and, with --pahole, against pahole's.

Usage: btf_kernels.py [-n STRUCTURES] [--seed N] [--pahole] [FILE...]
A FILE holds raw BTF, is an ELF file with a section .BTF, or a compressed kernel (x86 bzImage:
vmlinuz); without one it is the running kernel's, /sys/kernel/btf/vmlinux.
Program: $LINEBOUNCE. Exit 0 all are equal, 1 some are not, 77 there is nothing to compare.
"""

import argparse
import gzip
import lzma
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

KERNEL = "/sys/kernel/btf/vmlinux"
DEPTH_MOST = 32
(INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO,
 VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64) = range(1, 20)
MODIFIERS = (TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG)
# Words of 4 bytes behind a type's three, for each of its vlen; and those that every one has.
EACH = {STRUCT: 3, UNION: 3, ENUM: 2, FUNC_PROTO: 2, DATASEC: 3, ENUM64: 3}
FIXED = {INT: 1, ARRAY: 3, VAR: 1, DECL_TAG: 1}


# Files -------------------------------------------------------------------------------------------

def unpack_kernel(data):
    """The ELF file within a bzImage (Documentation/arch/x86/boot.rst)."""
    offset, length = struct.unpack_from("<II", data, 0x248)
    start = ((data[0x1f1] or 4) + 1) * 512 + offset
    packed = data[start:start + length]
    if packed.startswith(b"\x28\xb5\x2f\xfd"):  # behind each stands the unpacked size, 4 bytes
        return subprocess.run(["zstd", "-dcq"], input=packed[:-4], capture_output=True,
                              check=True).stdout
    if packed.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor().decompress(packed)
    if packed.startswith(b"\x1f\x8b"):
        return gzip.decompress(packed[:-4])
    raise ValueError("a kernel packed otherwise than by zstd, xz or gzip")


def section(data, wanted):
    """A section of a 64-bit ELF file."""
    order = "<" if data[5] == 1 else ">"
    table, = struct.unpack_from(order + "Q", data, 40)
    size, n, names = struct.unpack_from(order + "HHH", data, 58)
    heads = [struct.unpack_from(order + "IIQQQQ", data, table + i * size) for i in range(n)]
    for name, _, _, _, offset, length in heads:
        start = heads[names][4] + name
        if data[start:data.index(b"\0", start)] == wanted:
            return data[offset:offset + length]
    raise ValueError("an ELF file without a section .BTF")


def btf_of(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[0x202:0x206] == b"HdrS":
        data = unpack_kernel(data)
    return section(data, b".BTF") if data.startswith(b"\x7fELF") else data


# Types -------------------------------------------------------------------------------------------

class Btf:
    """All types: (kind, kind flag, vlen, name, size or type, words behind)."""

    def __init__(self, data):
        order = "<" if data[:2] == b"\x9f\xeb" else ">"
        header, = struct.unpack_from(order + "I", data, 4)
        type_at, type_bytes, text_at, text_bytes = struct.unpack_from(order + "IIII", data, 8)
        self.text = data[header + text_at:header + text_at + text_bytes]
        words = struct.unpack_from(f"{order}{type_bytes // 4}I", data, header + type_at)
        self.types = [(0, 0, 0, "", 0, ())]
        at = 0
        while at < len(words):
            name, info, size = words[at:at + 3]
            kind, vlen = info >> 24 & 31, info & 0xffff
            behind = FIXED.get(kind, 0) + EACH.get(kind, 0) * vlen
            self.types.append((kind, info >> 31, vlen, self.name(name), size,
                               words[at + 3:at + 3 + behind]))
            at += 3 + behind
        assert at == len(words)

    def name(self, offset):
        return self.text[offset:self.text.index(b"\0", offset)].decode()

    def bare(self, i):
        while self.types[i][0] in MODIFIERS:
            i = self.types[i][4]
        return i

    def size(self, i):
        i = self.bare(i)
        kind, _, _, _, size, words = self.types[i]
        if kind == ARRAY:
            return words[2] * self.size(words[0])
        return 8 if kind == PTR else size if kind not in (0, FWD, FUNC_PROTO) else 0

    def members(self, i, path="", base=0, depth=0):
        """(name, offset, bytes, bits, depth of names) in the order of linebounce's contract: those
        of nameless structures belong to what holds these, those of named ones follow it."""
        _, flag, vlen, _, _, words = self.types[self.bare(i)]
        for k in range(vlen):
            text, inner, place = words[3 * k:3 * k + 3]
            bit, bits = (base + (place & 0xffffff), place >> 24) if flag else (base + place, 0)
            kind, _, _, _, _, own = self.types[self.bare(inner)]
            if not flag and kind == INT and own[0] & 0xff < 8 * self.size(inner):
                bit, bits = bit + (own[0] >> 16 & 0xff), own[0] & 0xff
            below, deeper = path, depth
            if text:
                below = (path and path + ".") + self.name(text)
                deeper = depth + 1
                size = (bit % 8 + bits + 7) // 8 if bits else self.size(inner)
                yield below, bit // 8, size, bits, depth
            if kind in (STRUCT, UNION):
                yield from self.members(inner, below, bit, deeper)

    def named(self):
        """(name, which, id) of all structures and unions that have a name; `which` of its sort."""
        seen = {}
        for i, (kind, _, _, name, _, _) in enumerate(self.types):
            if kind in (STRUCT, UNION) and name:
                seen.setdefault((name, kind), []).append(i)
        for (name, kind), ids in seen.items():
            if kind == UNION and (name, STRUCT) in seen:
                continue  # a structure of that name is what is meant
            yield from ((name, which, i) for which, i in enumerate(ids, 1))


# Against others ----------------------------------------------------------------------------------

LINE = re.compile(r"^ *(\d+) +(\d+)  (\S+?)(?::(\d+))?: ")


def of_program(path, name, which):
    result = subprocess.run(
        [os.environ["LINEBOUNCE"], "show", "structure", "--layout",
         f"btf:{path}:{name},which={which}"], capture_output=True, text=True, check=False)
    if result.returncode:
        return result.stderr.strip()
    head, *lines = result.stdout.splitlines()
    size = int(re.search(r": (\d+) bytes, aligned to ", head)[1])
    rows = [LINE.match(line) for line in lines]
    if None in rows:
        return f"not understood: {lines[rows.index(None)]}"
    return size, [(m[3], int(m[1]), int(m[2]), int(m[4] or 0)) for m in rows]


def of_reader(btf, i):
    return btf.types[i][4], [m[:4] for m in btf.members(i)]


PAHOLE = re.compile(r"(\w+)(?:\[\w*\])*\)?(?:\(.*\))?(?::\d+)?(?:\s+__attribute__\(\(.*\)\))?;"
                    r"\s*/\*\s*(\d+)(?::\s*(\d+))?\s+(\d+)\s*\*/")


def check_pahole(path, name, size, members):
    """What pahole says otherwise, '' for nothing: sizes and offsets of the members that no other
    has. It knows no names twice, and prints a bit-field's unit."""
    text = subprocess.run(["pahole", "-F", "btf", "-C", name, path], capture_output=True, text=True,
                          check=False).stdout
    found = re.search(r"/\* size: (\d+),", text)
    if not found:
        return None
    if int(found[1]) != size:
        return f"pahole has {found[1]} bytes"
    known = {}
    for m in PAHOLE.finditer(text):
        known.setdefault(m[1], set()).add((int(m[2]), int(m[4])))
    for member, offset, length, bits in members:
        places = known.get(member)
        if not places:
            continue
        if not any(o == offset and n == length or bits and o <= offset < o + n for o, n in places):
            return f"pahole has {member} at {sorted(places)}, not {offset}, {length}"
    return ""


class TooNew(Exception):
    """The program's libbpf does not know some kind of type."""


def compare(path, btf, chosen, with_pahole):
    """(faults, members seen, structures that pahole knew)."""
    faults, seen, known = [], 0, 0
    for name, which, i in chosen:
        wanted, found = of_reader(btf, i), of_program(path, name, which)
        if isinstance(found, str) and "a newer libbpf reads it" in found:
            raise TooNew(found)
        seen += len(wanted[1])
        if found != wanted:
            faults.append(f"{name},which={which}: {found}\n  the reader has {wanted}")
        if not with_pahole:
            continue
        top = [m[:4] for m in btf.members(i) if not m[4]]
        said = check_pahole(path, name, wanted[0], top)
        known += said is not None
        if said:
            faults.append(f"{name}: {said}")
    return faults, seen, known


def check(path, options):
    data = btf_of(path)
    btf = Btf(data)
    named = [x for x in btf.named() if re.fullmatch(r"\w{1,63}", x[0])]
    if options.pahole:  # which knows a name's first meaning only
        twice = {x[0] for x in named if x[1] > 1}
        named = [x for x in named if x[0] not in twice]
    chosen = random.Random(options.seed).sample(named, min(options.n, len(named)))
    with tempfile.NamedTemporaryFile(suffix=".btf") as file:
        file.write(data)
        file.flush()
        faults, seen, known = compare(file.name, btf, chosen, options.pahole)
    pahole = f", {known} of them by pahole too" if options.pahole else ""
    print("\n".join([*faults, f"{path}: {len(chosen)} of {len(named)} structures (seed "
                              f"{options.seed}), {seen} members{pahole}: {len(faults)} differ"]))
    return not faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pahole", action="store_true")
    parser.add_argument("file", nargs="*")
    options = parser.parse_args()
    if not options.file and not os.access(KERNEL, os.R_OK):
        print(f"skipped: no {KERNEL} that this user can read")
        return 77
    try:
        return 0 if all([check(path, options) for path in options.file or [KERNEL]]) else 1
    except TooNew as why:
        print(f"skipped: {why}")
        return 77


if __name__ == "__main__":
    sys.exit(main())
