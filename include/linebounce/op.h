/* SPDX-License-Identifier: MIT
 *
 * op: one unit of work of a thread, the hot loops that carry it out, and the addresses that a loop
 * works on.
 */
#ifndef LINEBOUNCE_OP_H
#define LINEBOUNCE_OP_H

#include <linebounce/generation.h>
#include <linebounce/layout.h>

#include <stdalign.h>
#include <stdbool.h>

LB_BEGIN_C

/* What an op does to its object, as the loops read it: offsets in bytes. A thread's own, on lines
 * of its own; nobody writes it while a loop runs. All loads are made whatever the layout says, so
 * that the loops are the same for all: unused ones repeat the last word, whose line is there
 * already (and whose loads a breakpoint counts as often). Writes are made in exact number, since
 * one more locked add would cost. */
struct lb_program {
    alignas(LB_APART_BYTES) uint16_t load[LB_LOADS];
    uint32_t write[LB_WRITES_MOST];
    uint32_t n_writes; /* under a lock: TAKE, SHARE */
    uint16_t seq;      /* the sequence number, or what readers compare in its place */
    uint16_t lock;     /* the lock, or the pointer to it */
    uint16_t second;   /* from the first object to the other: NESTED */
    uint16_t vm_mm;    /* what a writer loads first */
    uint32_t written;  /* what it writes behind the lock */
    struct lb_mm mm;   /* where the address space's words are */
};
/* Of an object that is one word. */
extern const struct lb_program lb_program_of_word;

/* One unit of work of a thread. */
enum lb_op {
    LB_OP_EMPTY,    /* nothing: the loop (and pause) alone */
    LB_OP_READ,     /* vma_start_read, touch the fields, unlock; falls back to the mm's lock */
    LB_OP_OBSERVE,  /* load the fields, no lock */
    LB_OP_WRITE,    /* mm write lock, vma_start_write, end_write_all, mm unlock */
    LB_OP_WRITER,   /* plain write lock and unlock of the object's lock, blocking; a seqcount's
                       where nobody else writes */
    LB_OP_NESTED,   /* READ on two objects at once, as uffd_move_lock takes two VMAs: where the
                       second may not be had the first is given back, and both are waited for */
    LB_OP_MANY,     /* READ on an object picked anew by every op */
    LB_OP_MIX,      /* READ, or with a given probability WRITE */
    LB_OP_ALONE,    /* try to read-lock, unlock; nothing else: suite fastpath */
    LB_OP_STRAIGHT, /* the instructions of ALONE, of its decisions only a seqcount's; the C
                       library's locks have none */
    LB_OP_STRAIGHT_WRITE, /* the same of WRITER, where nobody else has the lock */
    LB_OP_ADDS,           /* two locked adds and a store: the least that a read lock can cost */
    LB_OP_CYCLES30,       /* no memory: 10 multiplications of 3 cycles each, one after the other */
    LB_OP_CYCLES60,       /* 20 of them */
    /* On 1 to LB_WRITES_MOST words of an object, one after the other; OP + n - 1 is that on n. An
     * object may be no more than a thread's own word. */
    LB_OP_LOAD,                                     /* loads */
    LB_OP_STORE = LB_OP_LOAD + LB_WRITES_MOST,      /* plain stores */
    LB_OP_INCREMENT = LB_OP_STORE + LB_WRITES_MOST, /* loads and plain stores of one more */
    LB_OP_ADD = LB_OP_INCREMENT + LB_WRITES_MOST,   /* locked adds */
    LB_OP_CAS = LB_OP_ADD + LB_WRITES_MOST,         /* loads and compare-and-swaps to one more */
    LB_OP_WORDS_LAST = LB_OP_CAS + LB_WRITES_MOST - 1,
    LB_OP_CHASE, /* loads a pointer, and the word that it leads to */
    /* On words of a case that are offset_bytes apart: */
    LB_OP_SUM,     /* loads the words of all other threads and adds them up */
    LB_OP_PUSH,    /* puts one word into a ring: waits while it is full, up to a limit */
    LB_OP_POP,     /* takes one word out of it: waits while it is empty, up to a limit */
    LB_OP_GUARDED, /* write-lock, increment two words of data offset_bytes behind the lock, unlock
                    */
    /* In place of the writes of words, where the layout says that its lock is taken: */
    LB_OP_TAKE,  /* write-lock, store to 0 to LB_WRITES_MOST words of 4 bytes, unlock */
    LB_OP_SHARE, /* the same as readers lock */
    /* Life and death of objects; layout and lock say what an object is. */
    LB_OP_CHURN_SLAB,   /* free the oldest object, allocate and initialise another: a slab's free
                           list */
    LB_OP_CHURN_MALLOC, /* the same by the C library's malloc (aligned_alloc where the layout asks)
                         */
    /* What the kernel does for a mapping. A touch writes one byte into the next page of the
     * thread's part: one page fault. */
    LB_OP_TOUCH,       /* at the end of the part its pages are given back (MADV_DONTNEED) */
    LB_OP_TOUCH_REMAP, /* at its end the part is unmapped and mapped anew */
    LB_OP_TOUCH_BARE,  /* LB_OP_TOUCH as a plain loop without anything of the harness */
    LB_OP_MAP,         /* maps and unmaps; no page is touched */
    LB_OP_PROTECT,     /* makes a strip of the mapping read-only, and writable again */
    LB_OPS
};

/* Whether it writes (or, alone, loads) words of an object and nothing else. With a layout a role's
 * op of this form stands for what the layout says, which may be to take the lock first:
 * lb_workload_op. */
static inline bool lb_op_takes_words(enum lb_op op)
{
    return op >= LB_OP_LOAD && op <= LB_OP_WORDS_LAST;
}

/* Page faults of an op: 1 for a touch, 0 for others. */
int lb_op_faults(enum lb_op op);

/* The live values of a hot loop; six words whose meaning depends on the op:
 *
 *   on objects  0 object (of MANY what its picks count from)  1 the program
 *               2 the address space's sequence number
 *               3 of MANY the cursor in the draw, of MIX the threshold of a 32-bit draw
 *               4 where its sequence number lies, and above 16 bits its lock or the pointer to it
 *   STRAIGHT, ADDS         0 lock
 *   STRAIGHT_WRITE         0 lock  1 a program of an object that is its lock
 *   SUM         0 first word  1 bytes between words  2 words to add up
 *   PUSH, POP   0 head  1 tail  2 slots
 *   CHURN_*     0 the thread's struct lb_churn
 *   TOUCH*, MAP, PROTECT   0 the thread's struct lb_pages
 *
 * The program of a site is its own: it stays where the site was placed. */
struct lb_site {
    struct lb_program program;
    uintptr_t x[6];
};
/* Words of the draw that MANY works on, one after the other and round again. */
#define LB_PICKS 131072

/* A hot loop: `ops` ops (at least 1) with a pause of `span` chain iterations on average before
 * each (the saturated form has none), drawn from `rng` (never 0). Returns the generator's new
 * state. MANY reads `ops` 32-bit words at its cursor, each an object's offset in the arena over 8;
 * the caller moves the cursor on. */
typedef uint64_t lb_hot(uint64_t ops, uint64_t rng, uint64_t span, struct lb_task *me, uintptr_t x0,
                        uintptr_t x1, uintptr_t x2, uintptr_t x3, uintptr_t x4, uintptr_t x5);

/* The loop for an op; `indirect` for a lock behind a pointer, `paused` for work > 0. For ops
 * without a lock the kind is ignored. NULL when there is none (locked_adds or refcount as plain
 * writers). */
lb_hot *lb_hot_find(enum lb_op op, enum lb_lock_kind lock, bool indirect, bool paused);
/* By the rules of a generation; the above is by LB_RULES_PLAIN. */
lb_hot *lb_hot_find_by(enum lb_rules rules, enum lb_op op, enum lb_lock_kind lock, bool indirect,
                       bool paused);
/* Name of the function's symbol, for the disassembly check and `show`; NULL past the end. */
const char *lb_hot_name(size_t index);

/* The same op once, alone between two ordered time-stamps (lb_clock_raw, nothing of the op before
 * the first or after the second), without a pause. x86: rdtscp and lfence on both sides, since a
 * bare rdtsc does not wait for the op's misses; Arm: dsb ishld, isb, cntvct, isb. Both wait for
 * loads, not for plain stores. MANY takes the one pick at its cursor. The op EMPTY gives the
 * timer's floor. Elsewhere there is no such stamp: lb_hot_timed_find and _name return NULL. */
struct lb_timed {
    uint64_t rng; /* the generator's new state */
    uint64_t ticks;
};
typedef struct lb_timed lb_hot_timed(uint64_t rng, struct lb_task *me, uintptr_t x0, uintptr_t x1,
                                     uintptr_t x2, uintptr_t x3, uintptr_t x4, uintptr_t x5);
lb_hot_timed *lb_hot_timed_find(enum lb_op op, enum lb_lock_kind lock, bool indirect);
lb_hot_timed *lb_hot_timed_find_by(enum lb_rules rules, enum lb_op op, enum lb_lock_kind lock,
                                   bool indirect);
const char *lb_hot_timed_name(size_t index);

/* Runs the pause's dependent chain of `iterations` without anything around it: calibration and the
 * round's clock anchor. */
void lb_chain(uint64_t iterations);
/* The mean pause of a span is span chain iterations; least span that a draw can halve. */
#define LB_SPAN_LEAST 2

/* A ring's slots (8 bytes each, on lines of their own), and how often an op looks whether there is
 * room or a word before it gives up (a fallback in the lock's statistics): the other thread may
 * have stopped for good. */
#define LB_RING_SLOTS 256
#define LB_RING_TRIES 512

/* What a churning thread works on; on lines of its own. Objects (and separate locks) come from free
 * lists through their first words, as in SLUB's per-CPU slab, or from malloc. `live` is a ring of
 * `n_live` objects: an op frees the oldest. */
struct lb_churn {
    alignas(LB_APART_BYTES) uintptr_t free_objects; /* the first free one; it holds the next */
    uintptr_t free_locks;
    uintptr_t *live;
    size_t n_live, oldest;
    size_t object_bytes, object_align; /* what is cleared, and how it is aligned */
    size_t lock_bytes, lock_align;     /* 0: the lock is inline */
    size_t object_room, lock_room; /* what malloc is asked for: whole multiples of the alignment */
    size_t slot_offset;            /* where an object with a separate lock points to it */
};

/* What a thread of a scenario with pages works on; on lines of its own in the arena. */
struct lb_pages {
    alignas(LB_APART_BYTES) uintptr_t at; /* the next page to touch */
    uintptr_t end;                        /* behind the last */
    size_t page_bytes;
    uintptr_t base;     /* of the part; of what PROTECT protects */
    size_t bytes;       /* of the part; what MAP maps, PROTECT protects */
    int flags, fd;      /* of mmap; -1: no file */
    int error;          /* errno of a renewal that failed: from then on nothing real is touched */
    bool huge;          /* this kernel has huge pages, which each new mapping is told not to use */
    const char *failed; /* the call that failed, NULL */
    uintptr_t map;      /* what to unmap at the end beside the part; 0: nothing */
    size_t map_bytes;
    char spare; /* what is touched after an error */
};

LB_END_C

#endif
