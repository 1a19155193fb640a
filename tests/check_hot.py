#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disassembles the hot loops (lib/workload/loops_*.c): what they must contain, and must not.

Usage: check_hot.py [OBJECT]     (libhot.a or liblinebounce.a below $LB_BUILD_DIR by default)
Exit 0 passed, 1 failed, 77 skipped with a reason: not x86-64, or an instrumented build.

A loop runs from the target of its outermost back edge to that edge; a timed op from the fence of
its first time-stamp to its second. The fast path of either is what is left without the slow blocks:
those that call a slow path, those that lead only to such blocks or come only from them, and the way
back of an inner loop that tries a compare-and-swap again.
"""

import os
import re
import shutil
import subprocess
import sys

READ_OPS = ("read", "nested", "many", "alone")
WAYS = ("inline", "indirect")
LOOPS = ("paused", "saturated")
FORMS = (*LOOPS, "timed")
PLAIN = ("empty", "observe", "straight", "adds", "sum", "push", "pop")
# Ops on some words of one object, and how many.
WORDS = [(how, n) for how in ("load", "store", "increment", "add", "cas") for n in range(1, 5)]
CHURNS = ("churn_slab_inline", "churn_slab_separate", "churn_malloc_inline",
          "churn_malloc_separate")

# Calls that leave the fast path.
SLOW_CALL = re.compile(
    r"^(lb_\w+_(slow|wake)|fall_back(_\w+)?|give_up|no_memory)(\.\w+)*$")
# The kernel is what these measure.
FAULT_CALLS = {"map": ("mmap", "mmap64", "munmap"), "protect": ("mprotect",)}
CHURN_CALLS = {"slab": ("memset",), "malloc": ("memset", "malloc", "free", "aligned_alloc")}
# Changes of memory that an op makes, where their number says what the op is.
STORES = {"sum": 0, "push": 2, "pop": 1, "touch": 2, "map": 0, "protect": 0, "observe": 0}
STORES.update({f"{how}{n}": n if how in ("store", "increment") else 0 for how, n in WORDS
               if how not in ("add", "cas")})
# Loads, where nothing else is loaded: an offset of the program for each word of the object.
LOADS = {"observe": 2 * 9}
LOADS.update({f"load{n}": 2 * n for n in range(1, 5)})
FAULTS = ("touch_keep", "touch_remap", "touch_bare", "map", "protect")
# Ops that share no line with another thread: nothing is lost when a processor fetches theirs early.
APART = ("churn", "touch", "map", "protect")
MEMBER = re.compile(r"^(\S+):\s+file format ")  # of an archive: each has sections of its own
INSTRUMENTED = re.compile(
    r"\b(__asan_|__tsan_|__ubsan_|__sanitizer_|__gcov_|__llvm_profile|mcount)")
CONDITIONAL = re.compile(r"^j(?!mp)[a-z]+$")
FORBIDDEN = re.compile(r"^(pause|cpuid|rdtscp?|rdpmc|mfence|sfence|syscall|int|div|idiv)$")
NO_ACCESS = re.compile(r"^(nop\w*|lea)$")

# Compare-and-swaps and other locked changes that an op makes when nobody is in its way.
LOCKED = {"read": (1, 1), "many": (1, 1), "alone": (1, 1), "writer": (1, 1),
          "straight": (1, 1), "adds": (0, 2), "observe": (0, 0), "empty": (0, 0), "sum": (0, 0),
          "push": (0, 0), "pop": (0, 0), "churn": (0, 0), "guarded": (1, 1), "touch": (0, 0),
          "map": (0, 0), "protect": (0, 0)}
LOCKED.update({f"{how}{n}": (n if how == "cas" else 0, n if how == "add" else 0)
               for how, n in WORDS})


# Ops by what the list of kinds says of its readers and its writers.
OPS = {"LOCK": READ_OPS, "NONE": (), "MM": ("write", "mix"),
       "PLAIN": ("write", "mix", "writer", "guarded")}
LISTED = re.compile(r"^    X\([A-Z0-9_]+, (\w+), (\w+), (\w+)\)", re.MULTILINE)


def listed_kinds():
    """(kind, ops) of the header's list, so that no kind goes without its loops."""
    header = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "include",
                          "linebounce", "lock.h")
    with open(header, encoding="utf-8") as file:
        found = [(kind, [*OPS[readers], *OPS[writers]])
                 for kind, readers, writers in LISTED.findall(file.read())]
    if not found:
        print(f"failed: no list of kinds in {header}")
        sys.exit(1)
    return found


def expected_names():
    kinds = listed_kinds()
    for form in FORMS:
        for kind, ops in kinds:
            yield from (f"hot_{op}_{kind}_{way}_{form}" for way in WAYS for op in ops)
        for op in (*PLAIN, *CHURNS, *FAULTS, *(f"{how}{n}" for how, n in WORDS)):
            yield f"hot_{op}_{form}"


def locked_wanted(op, kind):
    """(compare-and-swaps, other locked changes) of the fast path, None where it depends."""
    if kind.startswith("pthread"):
        return (0, 0)
    if op in ("write", "mix"):
        return None if op == "mix" else (0, 0)
    if op == "nested":
        return (0, 4) if kind == "locked_adds" else (2, 2)
    if kind == "locked_adds":
        return (0, 2)
    return LOCKED[op]


class Instruction:
    def __init__(self, where, text):
        self.where = where  # (section, address)
        words = text.split(None, 1)
        while len(words) == 2 and words[0] in ("notrack", "bnd", "cs", "data16", "ds", "rex"):
            words = words[1].split(None, 1)
        self.locked = words[0] == "lock"
        if self.locked:
            words = words[1].split(None, 1)
        self.name = words[0]
        self.operands = words[1].split("#")[0].strip() if len(words) == 2 else ""
        self.target = None  # (section, address), or the name of a symbol that is not here

    def jumps(self):
        return self.name == "jmp" or bool(CONDITIONAL.match(self.name))

    def indirect(self):
        return self.operands.startswith("*")


class Object:
    """The instructions of an object by (section, address), and the functions in it."""

    def __init__(self, path):
        self.code, self.order, self.functions, self.starts = {}, [], {}, {}
        self.aligned = {}
        self.read_sections(path)
        text = run(["objdump", "-dr", "--no-show-raw-insn", "-w", path])
        member = section = ""
        for line in text.splitlines():
            if match := MEMBER.match(line):
                member = match[1]
            elif line.startswith("Disassembly of section"):
                section = f"{member}:{line.split()[-1].rstrip(':')}"
            elif match := re.match(r"^([0-9a-f]+) <(.+)>:$", line):
                self.add_function(match[2], (section, int(match[1], 16)))
            elif match := re.match(r"^\s*([0-9a-f]+):\t(.*)$", line):
                self.add(section, match)
        self.order.sort()
        for i in self.code.values():
            self.resolve(i)

    def read_sections(self, path):
        member = ""
        for line in run(["objdump", "-h", path]).splitlines():
            if match := MEMBER.match(line):
                member = match[1]
            elif match := re.match(r"^\s*\d+ (\S+)\s+[0-9a-f]+ .* 2\*\*(\d+)$", line):
                self.aligned[f"{member}:{match[1]}"] = 1 << int(match[2])

    def add_function(self, name, where):
        if ":.text" in where[0]:
            self.functions[name] = where
            self.starts[where] = name

    def add(self, section, match):
        text, *relocation = re.split(r"\t(?=[0-9a-f]+: R_)", match[2])
        where = (section, int(match[1], 16))
        instruction = Instruction(where, text.strip())
        instruction.relocation = relocation[0].split()[-1] if relocation else None
        self.code[where] = instruction
        self.order.append(where)

    def resolve(self, i):
        """Where a direct jump or call goes."""
        if not (i.jumps() or i.name == "call"):
            return
        if i.relocation:
            match = re.match(r"^(.+?)([+-]0x[0-9a-f]+)?$", i.relocation)
            name, offset = match[1], int(match[2] or "0", 16) + 4
            if name in self.functions:
                section, start = self.functions[name]
                i.target = (section, start + offset)
            elif (section := i.where[0].split(":")[0] + ":" + name) in self.aligned:
                i.target = (section, offset)
            else:
                i.target = name
        elif not i.indirect():
            i.target = (i.where[0], int(i.operands.split()[0], 16))

    def name_of(self, target):
        return target if isinstance(target, str) else self.starts.get(target, str(target))

    def body(self, name):
        """The instructions of a function and of its cold part."""
        found = []
        for part in (name, name + ".cold"):
            if part not in self.functions:
                continue
            start = self.functions[part]
            ends = [w for w in self.starts if w[0] == start[0] and w[1] > start[1]]
            end = min(ends)[1] if ends else float("inf")
            found += [self.code[w] for w in self.order if w[0] == start[0] and
                      start[1] <= w[1] < end]
        return found


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Graph:
    """Basic blocks of one function: lists of instructions by their first (section, address). A
    block also begins at each of `cuts`."""

    def __init__(self, body, cuts=()):
        self.blocks, self.after = {}, {}
        here = {i.where for i in body}
        leaders = {body[0].where, *cuts}
        leaders |= {i.target for i in body if i.jumps() and i.target in here}
        block = None
        for k, i in enumerate(body):
            contiguous = k and body[k - 1].where[0] == i.where[0]
            if block is None or i.where in leaders or not contiguous:
                if block and contiguous:
                    self.after[block] = self.after.get(block, []) + [i.where]
                block = i.where
                self.blocks[block] = []
            self.blocks[block].append(i)
            if i.jumps() or i.name == "ret":
                following = body[k + 1].where if k + 1 < len(body) else None
                self.after[block] = [i.target] if i.jumps() and i.target in here else []
                if CONDITIONAL.match(i.name) and following:
                    self.after[block].append(following)
                block = None
        self.entry = body[0].where
        self.reachable()

    def reachable(self):
        seen, left = set(), [self.entry]
        while left:
            block = left.pop()
            if block not in seen:
                seen.add(block)
                left += self.after.get(block, [])
        self.blocks = {b: code for b, code in self.blocks.items() if b in seen}
        self.after = {b: self.after.get(b, []) for b in self.blocks}
        self.before = {b: [a for a in self.blocks if b in self.after[a]] for b in self.blocks}

    def dominators(self):
        everything = set(self.blocks)
        found = {b: set(everything) for b in self.blocks}
        found[self.entry] = {self.entry}
        changed = True
        while changed:
            changed = False
            for b in self.blocks:
                if b == self.entry:
                    continue
                new = set.intersection(*(found[a] for a in self.before[b])) | {b}
                if new != found[b]:
                    found[b], changed = new, True
        return found

    def loops(self):
        """{head: blocks} of the natural loops."""
        dominators, found = self.dominators(), {}
        for tail in self.blocks:
            for head in self.after[tail]:
                if head not in dominators[tail]:
                    continue
                body, left = found.setdefault(head, {head}), [tail]
                while left:
                    block = left.pop()
                    if block not in body:
                        body.add(block)
                        left += self.before[block]
        return found


class Path:
    """Blocks of a function that run from `head` to `end` (a loop's end is its head), and what of
    them is fast."""

    def __init__(self, name, obj, graph, head, end, blocks):
        self.name, self.obj, self.body = name, obj, obj.body(name)
        self.graph, self.head, self.end, self.blocks = graph, head, end, blocks
        self.inner = [h for h in graph.loops() if h != head]
        self.slow = self.find_slow()
        self.fast = sorted(self.blocks - self.slow)
        self.code = [i for b in self.fast for i in self.graph.blocks[b]]

    def calls_slow(self, block):
        return any(i.name == "call" and SLOW_CALL.match(self.obj.name_of(i.target))
                   for i in self.graph.blocks[block] if i.target)

    def onward(self, block):
        """Successors, without the way back of inner loops."""
        dominators = self.graph.dominators_cache
        return [s for s in self.graph.after[block]
                if not (s in self.inner and s in dominators[block])]

    def find_slow(self):
        self.graph.dominators_cache = self.graph.dominators()
        slow = {b for b in self.blocks if self.calls_slow(b)}
        changed = True
        while changed:
            changed = False
            for b in self.blocks - slow - {self.head}:
                onward, before = self.onward(b), self.graph.before[b]
                if all(s in slow for s in onward) or all(p in slow for p in before):
                    slow.add(b)
                    changed = True
        return slow

    def completes(self):
        """Whether the fast path gets from the head to the end."""
        seen, left = set(), [self.head]
        while left:
            block = left.pop()
            for s in self.graph.after[block]:
                if s == self.end:
                    return True
                if s in self.fast and s not in seen:
                    seen.add(s)
                    left.append(s)
        return False

    def has_frame(self):
        return any(i.name == "mov" and i.operands == "%rsp,%rbp" for i in self.body)

    def stack_operands(self, code):
        base = r"\(%[re]?sp\b" + (r"|\(%[re]?bp\b" if self.has_frame() else "")
        return [i for i in code if re.search(base, i.operands) and i.name != "lea"]

    def chains(self):
        """Inner loops of one block that multiply a register by itself."""
        return [b for b in self.blocks if b in self.graph.after[b] and
                any(i.name == "imul" and re.match(r"^(%\w+),\1$", i.operands)
                    for i in self.graph.blocks[b])]


def loop_of(name, obj):
    """The outermost loop of a function, None: it has none."""
    graph = Graph(obj.body(name))
    loops = graph.loops()
    if not loops:
        return None
    head = max(loops, key=lambda h: len(loops[h]))
    return Path(name, obj, graph, head, head, loops[head])


def stamps_of(body):
    """The time-stamps: lists of instructions from rdtscp to the fence behind it. Between the two
    only the halves of the counter may be joined."""
    stamps = []
    for k, i in enumerate(body):
        if i.name == "rdtscp":
            end = k + 1
            while end < len(body) and body[end].name in ("shl", "or") and \
                    "(" not in body[end].operands:
                end += 1
            stamps.append(body[k:end + 1])
    return stamps


def span_of(name, obj):
    """What lies between the two stamps of a timed op, None: they are not two with a fence each."""
    body = obj.body(name)
    stamps = stamps_of(body)
    if len(stamps) != 2 or any(s[-1].name != "lfence" for s in stamps):
        return None
    behind = {s[-1].where: body[body.index(s[-1]) + 1].where for s in stamps}
    graph = Graph(body, [s[0].where for s in stamps] + list(behind.values()))
    for first, second in (stamps, stamps[::-1]):
        head, end = behind[first[-1].where], second[0].where
        blocks, left = set(), [head]
        while left:
            block = left.pop()
            if block != end and block not in blocks:
                blocks.add(block)
                left += graph.after[block]
        if any(end in graph.after[b] for b in blocks):
            return Path(name, obj, graph, head, end, blocks)
        if head == end:
            return Path(name, obj, graph, head, end, set())
    return None


def describe(instructions):
    listed = [f"{i.where[1]:x}: {i.name} {i.operands}".strip() for i in instructions]
    return f"{len(listed)} ({'; '.join(listed[:3])}{'; ...' if len(listed) > 3 else ''})"


def split(name):
    """hot_OP_KIND_WAY_FORM -> op, kind, form; kind is '' where there is none, of churn the
    allocator. Of touch: keep, remap or bare."""
    words = name[len("hot_"):].split("_")
    if words[0] == "touch":
        return words[0], words[1], words[-1]
    return words[0], "_".join(words[1:-2]) if len(words) > 2 else "", words[-1]


def check_calls(loop, op, kind):
    for i in loop.code:
        if i.name not in ("call", "jmp"):
            continue
        name = i.relocation or ""
        through_got = i.operands.endswith("(%rip)") and "pthread_" in name
        if i.indirect() and not (kind.startswith("pthread") and through_got):
            yield f"an indirect {i.name} at {i.where[1]:x}: {i.operands} {name}".rstrip()
        if i.name != "call" or i.indirect():
            continue
        target = loop.obj.name_of(i.target)
        if kind.startswith("pthread") and target.startswith("pthread_"):
            continue
        if op in ("write", "mix") and target.startswith(f"write_{kind}_"):
            continue
        if op == "churn" and target.split("@")[0] in CHURN_CALLS[kind]:
            continue
        if target.split("@")[0] in FAULT_CALLS.get(op, ()):
            continue
        yield f"a call of {target} on the fast path at {i.where[1]:x}"


def check_pause(loop, op, form):
    fences = [i for i in loop.code if i.name == "lfence"]
    want = 2 if form == "paused" else 0
    if len(fences) != want:
        yield f"{len(fences)} lfence in the loop, expected {want}"
    if len(loop.chains()) != want // 2:
        yield f"{len(loop.chains())} chains of multiplications, expected {want // 2}"
    # A processor that guesses past the end of the loop must run into the barrier, not into the op.
    early = loop.code[:loop.code.index(fences[0])] if fences else []
    found = [i for i in early if re.search(r"\((?!%rsp|%rbp)", i.operands) and
             not re.match("lea|nop|data16", i.name)]
    if found and op not in APART:
        yield f"memory before the pause: {describe(found)}"
    if form == "saturated" and any(i.name == "imul" for i in loop.code):
        yield "a multiplication in a saturated loop"


def check_locked(loop, op, kind):
    wanted = locked_wanted(op, kind)
    if wanted is None:
        return
    swaps = [i for i in loop.code if i.locked and i.name.startswith("cmpxchg")]
    others = [i for i in loop.code if i.locked and not i.name.startswith("cmpxchg")]
    others += [i for i in loop.code if i.name == "xchg" and "(" in i.operands and not i.locked]
    if (len(swaps), len(others)) != wanted:
        yield (f"{len(swaps)} lock cmpxchg and {len(others)} other locked changes, expected "
               f"{wanted[0]} and {wanted[1]}")


def check_stores(path, op):
    """Memory as the destination: the last operand, of what is neither a test nor a load."""
    if op not in STORES:
        return
    found = [i for i in path.code if i.operands.endswith(")") and not NO_ACCESS.match(i.name) and
             not re.match(r"cmp|test|j|call|push", i.name) and not path.stack_operands([i])]
    if len(found) != STORES[op]:
        yield f"{describe(found)} stores, expected {STORES[op]}"


def check_loads(path):
    for op, wanted in LOADS.items():
        if path.name.startswith(f"hot_{op}_"):
            found = [i for i in path.code if "(" in i.operands and not NO_ACCESS.match(i.name) and
                     not path.stack_operands([i])]
            if len(found) != wanted:
                yield f"{describe(found)} loads, expected {wanted}"
            return


def check_plain(loop):
    """What holds for the loops that call nothing."""
    if found := loop.stack_operands(loop.code):
        yield f"stack operands on the fast path: {describe(found)}"
    if found := [i for i in loop.code if i.name in ("push", "pop", "pushf", "popf")]:
        yield f"push or pop in the loop: {describe(found)}"


def check_aligned(path):
    section, start = path.obj.functions[path.name]
    if start % 64 or path.obj.aligned[section] % 64:
        yield f"the function is not aligned to 64 ({start:x})"


def check_path(path, op, kind):
    """What holds for the fast path of loops and timed ops alike."""
    if found := [i for i in path.code if FORBIDDEN.match(i.name)]:
        yield f"forbidden: {describe(found)}"
    yield from check_calls(path, op, kind)
    yield from check_locked(path, op, kind)
    yield from check_stores(path, op)
    yield from check_loads(path)
    if not kind.startswith("pthread") and op not in ("write", "mix", "churn", "map", "protect"):
        yield from check_plain(path)


def check_loop(name, obj):
    op, kind, form = split(name)
    loop = loop_of(name, obj)
    if not loop:
        yield "no loop"
        return
    if not loop.completes():
        yield "no way through the loop without a slow path"
    yield from check_aligned(loop)
    yield from check_path(loop, op, kind)
    yield from check_pause(loop, op, form)


def check_outside(span):
    """Nothing of the op may lie before the first stamp or behind the second."""
    outside = [i for b, code in span.graph.blocks.items() if b not in span.blocks for i in code]
    for i in outside:
        if i.locked or i.name == "call":
            yield f"outside the stamps at {i.where[1]:x}: {i.name} {i.operands}"
    accesses = [i for i in outside if "(" in i.operands and not NO_ACCESS.match(i.name)]
    if found := sorted(set(accesses) - set(span.stack_operands(accesses)), key=lambda i: i.where):
        yield f"memory accesses outside the stamps: {describe(found)}"


def check_span(name, obj):
    op, kind, _ = split(name)
    body = obj.body(name)
    fences = sum(i.name == "lfence" for i in body)
    if found := [i for i in body if FORBIDDEN.match(i.name) and i.name != "rdtscp"]:
        yield f"forbidden: {describe(found)}"
    span = span_of(name, obj)
    if not span or fences != 2:
        yield f"{len(stamps_of(body))} time-stamps and {fences} fences, expected two fenced stamps"
        return
    if any(i.name == "ret" for b in span.blocks for i in span.graph.blocks[b]):
        yield "a way out without the second stamp"
    if op != "empty" and not span.completes():
        yield "no way from stamp to stamp without a slow path"
    yield from check_aligned(span)
    yield from check_path(span, op, kind)
    yield from check_outside(span)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def find_object():
    if len(sys.argv) > 1:
        return sys.argv[1]
    build = os.environ.get("LB_BUILD_DIR", "build")
    for wanted in ("libhot.a", "liblinebounce.a"):
        for folder, _, files in os.walk(build):
            if wanted in files:
                return os.path.join(folder, wanted)
    print(f"failed: neither libhot.a nor liblinebounce.a below {build}")
    sys.exit(1)


def main():
    path = find_object()
    for tool in ("objdump", "nm"):
        if not shutil.which(tool):
            skip(f"{tool} is missing (Debian: binutils)")
    if "elf64-x86-64" not in run(["objdump", "-f", path]):
        skip("the object is not x86-64")
    if found := INSTRUMENTED.search(run(["nm", path])):
        skip(f"an instrumented build ({found[1]}...)")
    obj = Object(path)
    found = {n for n in obj.functions if n.startswith("hot_") and not n.endswith(".cold")}
    failures = [f"{n}: missing" for n in expected_names() if n not in found]
    for name in sorted(found):
        check = check_span if name.endswith("_timed") else check_loop
        failures += [f"{name}: {what}" for what in check(name, obj)]
    timed = sum(n.endswith("_timed") for n in found)
    print("\n".join([*failures, f"{len(found) - timed} hot loops and {timed} timed ops in {path}, "
                     f"{len(failures)} faults"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
