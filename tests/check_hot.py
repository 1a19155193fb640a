#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disassembles the hot loops (lib/workload/loops_*.c): what they must contain, and must not.

Usage: check_hot.py [OBJECT]...     (lib/libhot.a and libhot_lse.a of $LB_BUILD_DIR by default)
On aarch64 an object with "lse" in its name is to hold LSE's atomics, any other LL/SC.
Exit 0 passed, 1 failed, 77 skipped with a reason: neither x86-64 nor aarch64, or an instrumented
build. tests/check_hot_arm.py does the same for both cross-compiled builds of aarch64.

A loop runs from the target of its outermost back edge to that edge; a timed op from the fence of
its first time-stamp to its second. The fast path of either is what is left without the slow blocks:
those that call a slow path, those that lead only to such blocks or come only from them, and the way
back of an inner loop that tries a compare-and-swap again.
"""

import os
import re
import sys

from hot_code import Object, dialect_of, loop_of, run, span_of, tool
from hot_dialects import Arm

READ_OPS = ("read", "nested", "many", "alone")
UNDER = ("take", "share", "straight", "straightwrite")
WRITE_OPS = ("writer", "guarded", "take", "straightwrite")
WAYS = ("inline", "indirect")
# Kinds whose readers clear `owner` by the rules of later kernels.
CLEARED = ("rwsem40", "rwsem32")
RULES = re.compile(r"_(clearing|seqcount)$")
LOOPS = ("paused", "saturated")
FORMS = (*LOOPS, "timed")
PLAIN = ("empty", "observe", "adds", "chase", "sum", "push", "pop", "cycles30",
         "cycles60")
# Ops on some words of one object, and how many.
WORDS = [(how, n) for how in ("load", "store", "increment", "add", "cas") for n in range(1, 5)]
CHURNS = ("churn_slab_inline", "churn_slab_separate", "churn_malloc_inline",
          "churn_malloc_separate")

# The kernel is what these measure.
FAULT_CALLS = {"map": ("mmap", "mmap64", "munmap"), "protect": ("mprotect",)}
CHURN_CALLS = {"slab": ("memset",), "malloc": ("memset", "malloc", "free", "aligned_alloc")}
# Changes of memory that an op makes, where their number says what the op is.
STORES = {"chase": 0, "sum": 0, "push": 2, "pop": 1, "touch": 2, "map": 0, "protect": 0,
          "observe": 0}
STORES.update({f"{how}{n}": n if how in ("store", "increment") else 0 for how, n in WORDS
               if how not in ("add", "cas")})
# Loads, where nothing else is loaded: an offset of the program for each word of the object.
LOADS = {"observe": 2 * 9, "chase": 2}
LOADS.update({f"load{n}": 2 * n for n in range(1, 5)})
# Multiplications of ops that are nothing else.
MULTIPLIES = {"cycles30": 10, "cycles60": 20}
FAULTS = ("touch_keep", "touch_remap", "touch_bare", "map", "protect")
# What stands around a pause: it waits for loads, and lets plain stores leave meanwhile.
FENCES = ("lfence", "dsb ishld, isb")
# Loads with acquire and stores with release, of Arm: the second check of the sequence number, and a
# ring's indices.
ORDERED = {"read": (1, 0), "many": (1, 0), "nested": (2, 0), "push": (1, 1), "pop": (1, 1)}
# A timed op of two objects has more to keep than gcc 16 finds registers for: two values wait on the
# thread's own stack meanwhile, each with a store and a load.
KEPT = {("nested", "timed"): 4}
# Ops that share no line with another thread: nothing is lost when a processor fetches theirs early.
APART = ("churn", "touch", "map", "protect")
INSTRUMENTED = re.compile(
    r"\b(__asan_|__tsan_|__ubsan_|__sanitizer_|__gcov_|__llvm_profile|mcount)")

# Compare-and-swaps and other locked changes that an op makes when nobody is in its way.
LOCKED = {"adds": (0, 2), "observe": (0, 0), "empty": (0, 0), "sum": (0, 0),
          "chase": (0, 0),
          "cycles30": (0, 0), "cycles60": (0, 0), "push": (0, 0), "pop": (0, 0), "churn": (0, 0),
          "touch": (0, 0), "map": (0, 0), "protect": (0, 0)}
# The same of a lock: of a read that is tried, and of a write.
LOCKED_KINDS = {
    "rwsem40": ((1, 1), (1, 1)),
    "rwsem32": ((1, 1), (1, 1)),
    "refcount": ((1, 1), (0, 2)),
    "qspinlock": ((1, 0), (1, 0)),
    "mutex32": ((2, 0), (2, 0)),
    "mutex24": ((2, 0), (2, 0)),
    "qrwlock": ((0, 2), (1, 0)),
    "lockref": ((2, 0), (1, 0)),
    "seqcount": ((0, 0), (0, 0)),
    "seqlock": ((0, 0), (1, 0)),
    "futex_mutex": ((1, 1), (1, 1)),
    "locked_adds": ((0, 2), None),
    "rwsem40_clearing": ((2, 1), None),
    "rwsem32_clearing": ((2, 1), None),
}
# Of a read that waits, where that is another path than one that is tried.
SHARED_KINDS = {"rwsem40": (0, 2), "rwsem32": (0, 2), "rwsem40_clearing": (1, 2),
                "rwsem32_clearing": (1, 2)}
# Of a lock, beside what ORDERED says: a byte or a sequence that is stored, a sequence that is read.
ORDERED_KINDS = {"qspinlock": ((0, 1), (0, 1)), "qrwlock": ((0, 0), (0, 1)),
                 "lockref": ((0, 0), (0, 1)), "seqcount": ((1, 0), (0, 1)),
                 "seqlock": ((1, 0), (0, 2))}
# Kinds whose reads do nothing of the VMA protocol, and have no second check.
LOCKLESS = ("seqcount", "seqlock")
LOCKED.update({f"{how}{n}": (n if how == "cas" else 0, n if how == "add" else 0)
               for how, n in WORDS})


# Ops by what the list of kinds says of its readers and its writers.
OPS = {"LOCK": READ_OPS, "COUNT": READ_OPS, "RETRY": READ_OPS, "NONE": (), "MM": ("write", "mix"),
       "PLAIN": ("write", "mix", "writer", "guarded")}
BOTH = {("RETRY", "MM"): ("writer",)}
LISTED = re.compile(r"^    X\([A-Z0-9_]+, (\w+), (\w+), (\w+)\)", re.MULTILINE)


def listed_kinds():
    """(kind, ops) of the header's list, so that no kind goes without its loops."""
    header = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "include",
                          "linebounce", "lock.h")
    with open(header, encoding="utf-8") as file:
        found = [(kind, [*OPS[readers], *OPS[writers], *BOTH.get((readers, writers), ())])
                 for kind, readers, writers in LISTED.findall(file.read())]
    if not found:
        print(f"failed: no list of kinds in {header}")
        sys.exit(1)
    return found


def under_names(kind, ops):
    """Ops of a lock inside the object alone: words written under it, as a writer does or shared
    with other readers; and its straight line."""
    take = ["take"] if "writer" in ops or kind in LOCKLESS else []
    share = ["share"] if "read" in ops and kind not in LOCKLESS else []
    share += ["straight"] if kind in LOCKED_KINDS else []
    share += ["straightwrite"] if take and kind in LOCKED_KINDS else []
    more = [f"{op}_{kind}_clearing" for op in ("share", "straight") if kind in CLEARED]
    return [f"{op}_{kind}" for op in take + share] + more


def expected_names():
    kinds = listed_kinds()
    for form in FORMS:
        for kind, ops in kinds:
            names = [f"{op}_{kind}" for op in ops]
            names += [f"{op}_{kind}_seqcount" for op in ("write", "mix") if op in ops]
            if kind in CLEARED:
                names += [f"{op}_{kind}_clearing" for op in (*READ_OPS, "mix")]
            yield from (f"hot_{name}_{way}_{form}" for way in WAYS for name in names)
            yield from (f"hot_{name}_{form}" for name in under_names(kind, ops))
        for op in (*PLAIN, *CHURNS, *FAULTS, *(f"{how}{n}" for how, n in WORDS)):
            yield f"hot_{op}_{form}"


def locked_wanted(op, kind):
    """(compare-and-swaps, other locked changes) of the fast path, None where it depends."""
    if kind.startswith("pthread"):
        return (0, 0)
    if op in ("write", "mix"):
        return None if op == "mix" else (0, 0)
    if kind not in LOCKED_KINDS:
        return LOCKED[op]
    read, write = LOCKED_KINDS[kind]
    if op == "share":
        read = SHARED_KINDS.get(kind, read)
    if op == "nested":
        read = tuple(2 * n for n in read)
    return write if op in WRITE_OPS else read


def ordered_wanted(op, kind):
    """(loads with acquire, stores with release) of the fast path."""
    loads, stores = (0, 0) if kind in LOCKLESS else ORDERED.get(op, (0, 0))
    read, write = ORDERED_KINDS.get(kind, ((0, 0), (0, 0)))
    more = write if op in WRITE_OPS else read
    times = 2 if op == "nested" else 1
    return loads + times * more[0], stores + times * more[1]


def describe(instructions):
    listed = [f"{i.where[1]:x}: {i.name} {i.operands}".strip() for i in instructions]
    return f"{len(listed)} ({'; '.join(listed[:3])}{'; ...' if len(listed) > 3 else ''})"


def split(name):
    """hot_OP_KIND_WAY_FORM -> op, kind, form; kind is '' where there is none, of churn the
    allocator. Of touch: keep, remap or bare."""
    words = name[len("hot_"):].split("_")
    if words[0] == "touch":
        return words[0], words[1], words[-1]
    if words[0] in UNDER:
        return words[0], "_".join(words[1:-1]), words[-1]
    return words[0], "_".join(words[1:-2]) if len(words) > 2 else "", words[-1]


def check_calls(loop, op, kind):
    for i in loop.code:
        if not i.calls() and not i.always():
            continue
        name = i.relocation or ""
        through_got = i.through_table() and "pthread_" in name
        if i.indirect() and not (kind.startswith("pthread") and through_got):
            yield f"an indirect {i.name} at {i.where[1]:x}: {i.operands} {name}".rstrip()
        if not i.calls() or i.indirect():
            continue
        target = loop.obj.name_of(i.target)
        if kind.startswith("pthread") and target.startswith("pthread_"):
            continue
        if op in ("write", "mix") and \
                target.startswith(f"write_{RULES.sub('', kind)}_"):
            continue
        if op == "churn" and target.split("@")[0] in CHURN_CALLS[kind]:
            continue
        if target.split("@")[0] in FAULT_CALLS.get(op, ()):
            continue
        yield f"a call of {target} on the fast path at {i.where[1]:x}"


def fence_of(i, body):
    """A fence in words, with what has to stand right behind it on Arm."""
    behind = body[body.index(i) + 1]
    return f"{i.name} {i.operands}, {behind.name}" if i.operands else i.name


def orders(i, kind):
    """A barrier of Arm among loads or among stores alone, which a seqcount is made of."""
    return RULES.sub("", kind) in LOCKLESS and \
        f"{i.name} {i.operands}" in ("dmb ishld", "dmb ishst")


def check_pause(loop, op, form):
    fences = [i for i in loop.code if i.fences()]
    want = 2 if form == "paused" else 0
    if len(fences) != want:
        yield f"{len(fences)} fences in the loop, expected {want}"
    for i in fences:
        if (found := fence_of(i, loop.body)) not in FENCES:
            yield f"a fence that is none of loads alone: {found}"
    if (everywhere := sum(i.fences() for i in loop.body)) != want:
        yield f"{everywhere} fences in the function, expected {want}: it holds a second loop"
    if len(loop.chains()) != want // 2:
        yield f"{len(loop.chains())} chains of multiplications, expected {want // 2}"
    # A processor that guesses past the end of the loop must run into the barrier, not into the op.
    early = loop.before_fence() if fences else []
    found = [i for i in early if i.accesses() and not i.on_stack(True)]
    if found and op not in APART:
        yield f"memory before the pause: {describe(found)}"
    products = sum(i.squares() for i in loop.code) - want // 2
    if products != MULTIPLIES.get(op, 0):
        yield f"{products} multiplications beside the pause, expected {MULTIPLIES.get(op, 0)}"


def check_locked(loop, op, kind):
    wanted = locked_wanted(op, kind)
    if wanted is None:
        return
    swaps = sum(i.swaps() for i in loop.code)
    others = sum(i.changes() for i in loop.code)
    if loop.obj.pairs:
        yield from check_pairs(loop, sum(wanted))
        wanted = (0, 0)
    if (swaps, others) != wanted:
        yield (f"{swaps} compare-and-swaps and {others} other atomic changes, expected "
               f"{wanted[0]} and {wanted[1]}")


def check_pairs(loop, wanted):
    loads = sum(i.exclusive_load() for i in loop.code)
    stores = sum(i.exclusive_store() for i in loop.code)
    if (loads, stores) != (wanted, wanted):
        yield f"{loads} load-exclusives and {stores} store-exclusives, expected {wanted} pairs"


def check_orders(loop, op, kind):
    """Arm alone writes the order of a load or store into its name. What the lock's own changes need
    stands in check_locked's counts."""
    if found := [i for i in loop.code if i.gives_nothing_back()]:
        yield f"a barrier for loads does not wait for {describe(found)}"
    if op in ("write", "mix", "churn", "map", "protect"):
        return
    loads, stores = sum(i.acquires() for i in loop.code), sum(i.releases() for i in loop.code)
    if (loads, stores) != (wanted := ordered_wanted(op, kind)):
        yield f"{loads} loads with acquire and {stores} stores with release, expected {wanted}"


def check_stores(path, op):
    if op not in STORES:
        return
    found = [i for i in path.code if i.stores() and not path.stack_operands([i])]
    if len(found) != STORES[op]:
        yield f"{describe(found)} stores, expected {STORES[op]}"


def check_loads(path):
    for op, wanted in LOADS.items():
        if path.name.startswith(f"hot_{op}_"):
            found = [i for i in path.code if i.accesses() and not path.stack_operands([i])]
            if len(found) != wanted:
                yield f"{describe(found)} loads, expected {wanted}"
            return


def check_plain(loop, form):
    """What holds for the loops that call nothing."""
    found = loop.stack_operands(loop.code)
    if len(found) > KEPT.get(form, 0):
        yield f"stack operands on the fast path: {describe(found)}"
    if found := [i for i in loop.code if i.pushes()]:
        yield f"push or pop in the loop: {describe(found)}"


def check_aligned(path):
    section, start = path.obj.functions[path.name]
    if start % 64 or path.obj.aligned[section] % 64:
        yield f"the function is not aligned to 64 ({start:x})"


def check_path(path, op, kind):
    """What holds for the fast path of loops and timed ops alike."""
    if found := [i for i in path.code if i.forbidden() and not orders(i, kind)]:
        yield f"forbidden: {describe(found)}"
    yield from check_calls(path, op, kind)
    yield from check_locked(path, op, kind)
    if path.obj.dialect is Arm:
        yield from check_orders(path, op, kind)
    yield from check_stores(path, op)
    yield from check_loads(path)
    if not kind.startswith("pthread") and op not in ("write", "mix", "churn", "map", "protect"):
        yield from check_plain(path, (op, path.name.rsplit("_", 1)[1]))


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
        if i.swaps() or i.changes() or i.calls():
            yield f"outside the stamps at {i.where[1]:x}: {i.name} {i.operands}"
    accesses = [i for i in outside if i.accesses()]
    if found := sorted(set(accesses) - set(span.stack_operands(accesses)), key=lambda i: i.where):
        yield f"memory accesses outside the stamps: {describe(found)}"


def check_span(name, obj):
    op, kind, _ = split(name)
    body = obj.body(name)
    fences = sum(i.fences() for i in body)
    if found := [i for i in body if i.forbidden() and i.name not in i.STAMP and
                 not orders(i, kind)]:
        yield f"forbidden: {describe(found)}"
    span = span_of(name, obj)
    if not span or fences != 2:
        yield (f"{len(obj.dialect.stamps_of(body))} time-stamps and {fences} fences, expected two "
               "fenced stamps")
        return
    if any(i.returns() for b in span.blocks for i in span.graph.blocks[b]):
        yield "a way out without the second stamp"
    if op != "empty" and not span.completes():
        yield "no way from stamp to stamp without a slow path"
    yield from check_aligned(span)
    yield from check_path(span, op, kind)
    yield from check_outside(span)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def find_objects():
    if len(sys.argv) > 1:
        return sys.argv[1:]
    build = os.path.join(os.environ.get("LB_BUILD_DIR", "build"), "lib")
    found = [path for name in ("libhot.a", "libhot_lse.a")
             if os.path.exists(path := os.path.join(build, name))]
    if not found:
        print(f"failed: no libhot.a in {build}")
        sys.exit(1)
    return found


def check(path):
    """The faults of an object, and how many loops and timed ops it has."""
    dialect = dialect_of(path)
    if not dialect:
        skip(f"{path}: no objdump here knows its instructions (x86-64, aarch64; Debian: binutils)")
    if found := INSTRUMENTED.search(run([tool("nm", dialect), path])):
        skip(f"an instrumented build ({found[1]}...)")
    obj = Object(path, dialect)
    # The builds of aarch64; an x86 build has locked instructions.
    obj.pairs = dialect is Arm and "lse" not in os.path.basename(path)
    found = {n for n in obj.functions if n.startswith("hot_") and not n.endswith(".cold")}
    failures = [f"{n}: missing" for n in expected_names() if n not in found]
    for name in sorted(found):
        holds = check_span if name.endswith("_timed") else check_loop
        failures += [f"{name}: {what}" for what in holds(name, obj)]
    timed = sum(n.endswith("_timed") for n in found)
    return failures, len(found) - timed, timed


def check_all(paths):
    failed = 0
    for path in paths:
        failures, loops, timed = check(path)
        failed += len(failures)
        print("\n".join([*failures, f"{loops} hot loops and {timed} timed ops in {path}, "
                         f"{len(failures)} faults"]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(check_all(find_objects()))
