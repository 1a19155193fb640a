# SPDX-License-Identifier: MIT
"""Functions of an object file as blocks of instructions, and what of them runs when nothing is in
the way; for check_hot.py."""

import copy
import re
import shutil
import subprocess

from hot_dialects import DIALECTS

# Calls that leave the fast path.
SLOW_CALL = re.compile(
    r"^(lb_\w+_(slow|wake)(_lse)?|fall_back(_\w+)?|give_up|no_memory)(\.\w+)*$")
MEMBER = re.compile(r"^(\S+):\s+file format ")  # of an archive: each has sections of its own


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def tool(name, dialect):
    """The first of binutils' programs for a processor that is installed, or None."""
    return next((p + name for p in dialect.TOOLS if shutil.which(p + name)), None)


def dialect_of(path):
    """Whose instructions an object holds, None: nobody's that are known here."""
    for dialect in DIALECTS:
        for prefix in dialect.TOOLS:
            if shutil.which(prefix + "objdump"):
                done = subprocess.run([prefix + "objdump", "-f", path], capture_output=True,
                                      text=True, check=False)
                if dialect.FORMAT in done.stdout:
                    return dialect
    return None


class Object:
    """The instructions of an object by (section, address), and the functions in it."""

    def __init__(self, path, dialect):
        self.dialect, self.objdump = dialect, tool("objdump", dialect)
        self.code, self.order, self.functions, self.starts = {}, [], {}, {}
        self.aligned = {}
        self.read_sections(path)
        text = run([self.objdump, "-dr", "--no-show-raw-insn", "-w", path])
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
        for line in run([self.objdump, "-h", path]).splitlines():
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
        self.code[where] = self.dialect(where, text.strip(),
                                        relocation[0].split()[-1] if relocation else None)
        self.order.append(where)

    def resolve(self, i):
        """Where a direct jump or call goes."""
        if not (i.jumps() or i.calls()):
            return
        if i.relocation:
            match = re.match(r"^(.+?)([+-]0x[0-9a-f]+)?$", i.relocation)
            name, offset = match[1], int(match[2] or "0", 16) + i.AFTER
            if name in self.functions:
                section, start = self.functions[name]
                i.target = (section, start + offset)
            elif (section := i.where[0].split(":")[0] + ":" + name) in self.aligned:
                i.target = (section, offset)
            else:
                i.target = name
        elif not i.indirect():
            i.target = (i.where[0], i.destination())

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
            if i.jumps() or i.returns():
                following = body[k + 1].where if k + 1 < len(body) else None
                self.after[block] = [i.target] if i.jumps() and i.target in here else []
                if i.conditional() and following:
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

    def without(self, blocks):
        """The graph of those that are reached without entering any of `blocks`."""
        other = copy.copy(self)
        other.after = {b: [s for s in after if s not in blocks]
                       for b, after in self.after.items()}
        other.reachable()
        return other

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
        self.slow = self.find_slow()
        self.fast = sorted(self.blocks - self.slow)
        self.code = [i for b in self.fast for i in self.graph.blocks[b]]

    def calls_slow(self, block):
        return any(i.calls() and SLOW_CALL.match(self.obj.name_of(i.target))
                   for i in self.graph.blocks[block] if i.target)

    def find_slow(self):
        slow = {b for b in self.blocks if self.calls_slow(b)}
        # A way back is one where nothing is slow: a compiler may lead a slow path into the middle
        # of an inner loop, which then has no head.
        quick = self.graph.without(slow)
        dominators, inner = quick.dominators(), [h for h in quick.loops() if h != self.head]
        changed = True
        while changed:
            changed = False
            for b in self.blocks - slow - {self.head}:
                onward = [s for s in self.graph.after[b]
                          if not (s in inner and s in dominators.get(b, ()))]
                if all(s in slow for s in onward) or all(p in slow for p in self.graph.before[b]):
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

    def before_fence(self):
        """What the fast path runs from its head up to its first fence, wherever a compiler has put
        it: the loop may begin in the middle of its code."""
        code, seen, left = [], {self.head}, [self.head]
        while left:
            block = left.pop()
            instructions = self.graph.blocks[block]
            fence = next((k for k, i in enumerate(instructions) if i.fences()), None)
            code += instructions[:fence]
            if fence is None:
                onward = [s for s in self.graph.after[block] if s in self.fast and s not in seen]
                seen.update(onward)
                left += onward
        return code

    def has_frame(self):
        return any(i.sets_frame() for i in self.body)

    def stack_operands(self, code):
        frame = self.has_frame()
        return [i for i in code if i.on_stack(frame)]

    def chains(self):
        """Inner loops of one block that multiply a register by itself."""
        return [b for b in self.blocks
                if b != self.head and b in self.graph.after[b] and
                any(i.squares() for i in self.graph.blocks[b])]


def loop_of(name, obj):
    """The outermost loop of a function, None: it has none."""
    graph = Graph(obj.body(name))
    loops = graph.loops()
    if not loops:
        return None
    head = max(loops, key=lambda h: len(loops[h]))
    return Path(name, obj, graph, head, head, loops[head])


def span_of(name, obj):
    """What lies between the two stamps of a timed op, None: they are not two with a fence each."""
    body = obj.body(name)
    stamps = obj.dialect.stamps_of(body)
    if len(stamps) != 2 or not all(obj.dialect.ordered(s) for s in stamps):
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
