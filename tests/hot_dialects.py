# SPDX-License-Identifier: MIT
"""What the instructions of x86-64 and of aarch64 do, for check_hot.py."""

import re


class Instruction:
    """One line of a disassembly. What differs between processors is asked of the classes below."""

    def __init__(self, where, text, relocation):
        self.where = where  # (section, address)
        self.relocation = relocation
        self.target = None  # (section, address), or the name of a symbol that is not here
        self.locked = False
        self.parse(text)

    def jumps(self):
        return self.always() or self.conditional()

    def accesses(self):
        """Memory, whatever for."""
        return self.MEMORY in self.operands and not self.NO_ACCESS.match(self.name)

    def on_stack(self, frame):
        base = self.STACK_OR_FRAME if frame else self.STACK
        return bool(base.search(self.operands)) and self.accesses()

    def forbidden(self):
        return bool(self.FORBIDDEN.match(self.name))

    def squares(self):
        """A register multiplied by itself, as the pause's chain does."""
        return bool(self.multiplies() and self.SQUARE.match(self.operands))


class X86(Instruction):
    FORMAT = "elf64-x86-64"
    TOOLS = ("", "x86_64-linux-gnu-")
    AFTER = 4  # a relocation's addend counts from the end of its four bytes
    MEMORY = "("
    STACK = re.compile(r"\(%[re]?sp\b")
    STACK_OR_FRAME = re.compile(r"\(%[re]?[sb]p\b")
    NO_ACCESS = re.compile(r"^(nop\w*|lea|data16)$")
    FORBIDDEN = re.compile(r"^(pause|cpuid|rdtscp?|rdpmc|mfence|sfence|syscall|int|div|idiv)$")
    CONDITIONAL = re.compile(r"^j(?!mp)[a-z]+$")
    SQUARE = re.compile(r"^(%\w+),\1$")
    FENCE = "lfence"
    STAMP = ("rdtscp",)
    PREFIXES = ("notrack", "bnd", "cs", "data16", "ds", "rex")

    def parse(self, text):
        words = text.split(None, 1)
        while len(words) == 2 and words[0] in self.PREFIXES:
            words = words[1].split(None, 1)
        self.locked = words[0] == "lock"
        if self.locked:
            words = words[1].split(None, 1)
        self.name = words[0]
        self.operands = words[1].split("#")[0].strip() if len(words) == 2 else ""

    def always(self):
        return self.name == "jmp"

    def conditional(self):
        return bool(self.CONDITIONAL.match(self.name))

    def calls(self):
        return self.name == "call"

    def returns(self):
        return self.name == "ret"

    def indirect(self):
        return self.operands.startswith("*")

    def through_table(self):
        """A call of another library's function by its place in the global offset table."""
        return self.operands.endswith("(%rip)")

    def destination(self):
        return int(self.operands.split()[0], 16)

    def sets_frame(self):
        return self.name == "mov" and self.operands == "%rsp,%rbp"

    def pushes(self):
        return self.name in ("push", "pop", "pushf", "popf")

    def multiplies(self):
        return self.name == "imul"

    def stores(self):
        """Memory as the destination: the last operand, of what is neither a test nor a load."""
        return self.operands.endswith(")") and self.accesses() and \
            not re.match(r"cmp|test|j|call|push", self.name)

    def swaps(self):
        return self.locked and self.name.startswith("cmpxchg")

    def changes(self):
        """An atomic change that is no compare-and-swap."""
        return (self.locked and not self.swaps()) or \
            (self.name == "xchg" and self.MEMORY in self.operands and not self.locked)

    def fences(self):
        return self.name == self.FENCE

    @staticmethod
    def stamps_of(body):
        """The time-stamps: lists of instructions from rdtscp to the fence behind it. Between the
        two only the halves of the counter may be joined."""
        stamps = []
        for k, i in enumerate(body):
            if i.name == "rdtscp":
                end = k + 1
                while end < len(body) and body[end].name in ("shl", "or") and \
                        "(" not in body[end].operands:
                    end += 1
                stamps.append(body[k:end + 1])
        return stamps

    @staticmethod
    def ordered(stamp):
        return stamp[-1].name == "lfence"


class Arm(Instruction):
    FORMAT = "elf64-littleaarch64"
    TOOLS = ("aarch64-linux-gnu-", "")
    AFTER = 0
    MEMORY = "["
    STACK = re.compile(r"\[sp\b")
    STACK_OR_FRAME = re.compile(r"\[(sp|x29)\b")
    NO_ACCESS = re.compile(r"^(nop|prfu?m)$")
    # Not clrex, by which clang gives an exclusive back where the comparison has failed: it waits
    # for nothing and touches no memory, and an op that nobody is in the way of does not come by.
    FORBIDDEN = re.compile(r"^(yield|wfe|wfi|sevl?|dmb|svc|[us]div|mrs|sb|csdb|dc|ic)$")
    CONDITIONAL = re.compile(r"^(b\.\w+|cbn?z|tbn?z)$")
    SQUARE = re.compile(r"^(x\d+), \1, \1$")
    FENCE = "dsb ishld"
    STAMP = ("mrs", "dsb")
    SWAP = re.compile(r"^casp?a?l?[bh]?$")
    CHANGE = re.compile(r"^((ld|st)(add|clr|eor|set|[su]max|[su]min)|swp)a?l?[bh]?$")
    EXCLUSIVE_LOAD = re.compile(r"^lda?x[rp][bh]?$")
    EXCLUSIVE_STORE = re.compile(r"^stl?x[rp][bh]?$")

    def parse(self, text):
        words = text.split("//")[0].split(None, 1)
        self.name = words[0]
        self.operands = words[1].strip() if len(words) == 2 else ""

    def always(self):
        return self.name in ("b", "br")

    def conditional(self):
        return bool(self.CONDITIONAL.match(self.name))

    def calls(self):
        return self.name in ("bl", "blr")

    def returns(self):
        return self.name == "ret"

    def indirect(self):
        return self.name in ("br", "blr")

    def through_table(self):
        return False

    def destination(self):
        return int(re.sub(r"<.*", "", self.operands).split(",")[-1], 16)

    def sets_frame(self):
        return self.name in ("mov", "add") and self.operands.startswith("x29, sp")

    def pushes(self):
        return False

    def multiplies(self):
        return self.name == "mul"

    def stores(self):
        return self.name.startswith("st") and self.accesses() and not self.changes() and \
            not self.exclusive_store()

    def swaps(self):
        return bool(self.SWAP.match(self.name))

    def changes(self):
        return bool(self.CHANGE.match(self.name))

    def gives_nothing_back(self):
        """A change without a result, for which a barrier for loads does not wait."""
        return self.changes() and (self.name.startswith("st") or
                                   bool(re.search(r"\b[wx]zr, \[", self.operands)))

    def exclusive_load(self):
        return bool(self.EXCLUSIVE_LOAD.match(self.name))

    def exclusive_store(self):
        return bool(self.EXCLUSIVE_STORE.match(self.name))

    def acquires(self):
        """A load with acquire, alone."""
        return bool(re.match(r"^lda(p?r)[bh]?$", self.name))

    def releases(self):
        return bool(re.match(r"^stlr[bh]?$", self.name))

    def fences(self):
        return self.name == "dsb"

    @staticmethod
    def stamps_of(body):
        """The time-stamps: dsb ishld, isb, the counter, isb."""
        return [body[max(k - 2, 0):k + 2] for k, i in enumerate(body) if i.name == "mrs"]

    @staticmethod
    def ordered(stamp):
        return [f"{i.name} {i.operands}".strip() for i in stamp[:2] + stamp[3:]] == \
            ["dsb ishld", "isb", "isb"] and stamp[2].operands.endswith("cntvct_el0")


DIALECTS = (X86, Arm)
