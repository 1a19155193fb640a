/* SPDX-License-Identifier: MIT
 *
 * scenario: what each thread does to the objects. Descriptors, the hot loops that carry them out,
 * and the addresses that a loop works on.
 */
#ifndef LINEBOUNCE_SCENARIO_H
#define LINEBOUNCE_SCENARIO_H

#include <linebounce/generation.h>
#include <linebounce/layout.h>

#include <stdalign.h>

#ifdef __cplusplus
extern "C" {
#endif

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

enum lb_scenario_kind {
    LB_SCENARIO_SAME_OBJECT,
    LB_SCENARIO_NEIGHBOURS,
    LB_SCENARIO_OBSERVER,
    LB_SCENARIO_MIXED,
    LB_SCENARIO_WRITERS,
    LB_SCENARIO_NESTED,
    LB_SCENARIO_MANY,
    LB_SCENARIO_EMPTY,
    LB_SCENARIO_CONTROL_SHARED,    /* positive control: neighbouring words of one line */
    LB_SCENARIO_CONTROL_APART,     /* negative control: the same words, 256 bytes apart */
    LB_SCENARIO_UNCONTENDED,       /* suite fastpath: one object per thread, far apart */
    LB_SCENARIO_STRAIGHT,          /* suite fastpath: a kind's straight line of instructions */
    LB_SCENARIO_ADDS,              /* suite fastpath: two locked adds and a store */
    LB_SCENARIO_UNCONTENDED_WRITE, /* suite fastpath: UNCONTENDED and STRAIGHT of writers */
    LB_SCENARIO_STRAIGHT_WRITE,
    LB_SCENARIO_CYCLES30, /* suite harness: ops whose length is known */
    LB_SCENARIO_CYCLES60,
    /* Suite offset: each thread works on a word of its own. */
    LB_SCENARIO_STORE,
    LB_SCENARIO_LOAD,
    LB_SCENARIO_INCREMENT,
    LB_SCENARIO_FETCH_ADD,
    LB_SCENARIO_CAS,
    LB_SCENARIO_READ_WRITE, /* the first half loads its words, the others store to theirs */
    /* Suite arrays. */
    LB_SCENARIO_COUNTERS,     /* each thread increments its own counter */
    LB_SCENARIO_COUNTERS_SUM, /* all but the last do, the last adds them up */
    LB_SCENARIO_RING,         /* one thread pushes, one pops; head and tail offset_bytes apart */
    LB_SCENARIO_GUARDED,      /* all take one lock and increment the data behind it */
    /* Suite churn. */
    LB_SCENARIO_CHURN_SLAB,
    LB_SCENARIO_CHURN_MALLOC,
    LB_SCENARIO_WHATIF, /* half read some fields of one object, the others write some */
    /* Suite fault: the running kernel. */
    LB_SCENARIO_PFT,           /* one mapping, each thread its own part */
    LB_SCENARIO_PRIVATE,       /* a mapping per thread */
    LB_SCENARIO_MAP,           /* map, touch, unmap per thread */
    LB_SCENARIO_FILE_PRIVATE,  /* the same on a private mapping of a memory file: copies */
    LB_SCENARIO_FILE_SHARED,   /* on a shared one */
    LB_SCENARIO_MAPPER,        /* map and unmap only */
    LB_SCENARIO_FAULT_MAP,     /* all but the last thread touch, the last maps and unmaps */
    LB_SCENARIO_FAULT_PROTECT, /* the last changes the protection of a strip of their mapping */
    LB_SCENARIO_FAULT_BARE,    /* pft in a plain loop: what the crew's loop is held against */
    LB_SCENARIOS
};

/* Whether it writes (or, alone, loads) words of an object and nothing else. With a layout a role's
 * op of this form stands for what the layout says, which may be to take the lock first:
 * lb_workload_op. */
static inline bool lb_op_takes_words(enum lb_op op)
{
    return op >= LB_OP_LOAD && op <= LB_OP_WORDS_LAST;
}

struct lb_role {
    const char *name; /* "all" where there is one role */
    enum lb_op op;
};

/* Who plays the first of two roles; the others play the second. */
enum lb_players {
    LB_PLAYERS_ALL,        /* there is one role */
    LB_PLAYERS_FIRST_HALF, /* rounded up */
    LB_PLAYERS_ALL_BUT_LAST,
    LB_PLAYERS_ALL_BUT_WRITERS, /* lb_writers says how many write, or that all do now and then */
};

/* Which objects of a layout the ops work on, or which bare words. */
enum lb_objects {
    LB_OBJECTS_ONE,        /* all on one */
    LB_OBJECTS_TWO,        /* all on two neighbours at once */
    LB_OBJECTS_NEIGHBOURS, /* thread i on the i-th of a slab */
    LB_OBJECTS_APART,      /* each on one of its own, on lines of its own */
    /* lb_workload.objects says how many: */
    LB_OBJECTS_PICKED, /* every op on another one */
    LB_OBJECTS_ALIVE,  /* so many are alive a thread; ops free the oldest */
};

/* Which mappings hold the threads' pages. */
enum lb_mapping {
    LB_MAPPING_ONE,  /* one for all, each its own part */
    LB_MAPPING_EACH, /* one a thread, of nobody's memory */
    LB_MAPPING_COPY, /* a private one a thread, of a file: what is written is copied */
    LB_MAPPING_FILE, /* a shared one a thread, of a file */
};

/* Which roles begin their ops by the clock, where lb_workload.every_ns says how often, so that
 * every layout meets the same rate of them: left to themselves, a layout whose ops are faster would
 * meet more. Other roles have a pause between ops as ever. */
enum lb_pace {
    LB_PACE_NONE,
    LB_PACE_SECOND, /* the second of two */
    LB_PACE_ALL,
};

/* What its cases are to the answer. */
enum lb_purpose {
    LB_PURPOSE_QUESTION,       /* what is asked */
    LB_PURPOSE_YARDSTICK,      /* what others are held against */
    LB_PURPOSE_SHARED_CONTROL, /* positive: its threads share a line */
    LB_PURPOSE_APART_CONTROL,  /* negative: the same, and they do not */
};

struct lb_workload;
struct lb_draw;
struct lb_placed;
struct lb_site;
struct lb_word;
struct lb_watch_place;

/* What ops work on: how it lies in the arena, and what becomes of it. All are called by the
 * lb_workload_ functions of the same names, whose contracts they keep: arguments were checked. */
struct lb_subject {
    bool uses_layout; /* false: no object */
    bool uses_words;  /* words offset_bytes apart in place of an object */
    bool uses_pages;  /* pages of mappings in place of an object: faults are counted */
    size_t (*bytes)(const struct lb_workload *shape);
    int (*place)(const struct lb_workload *shape, const struct lb_draw *draw, char *arena,
                 uint32_t *picks, struct lb_site *sites, struct lb_placed *placed);
    /* NULL where nothing can be wrong. */
    int (*check)(const struct lb_workload *shape, const struct lb_draw *draw, const char *arena);
    int (*watch)(const struct lb_workload *shape, const struct lb_draw *draw, int thread,
                 const struct lb_word *word, struct lb_why *why, struct lb_watch_place *place);
    /* NULL where nothing lies outside the arena. */
    void (*release)(const struct lb_workload *shape, const struct lb_draw *draw, char *arena);
};
extern const struct lb_subject lb_subject_objects; /* of a layout, with their locks */
extern const struct lb_subject lb_subject_churn;   /* such as are born and die */
extern const struct lb_subject lb_subject_bare;    /* a word or a bare lock a thread, or nothing */
extern const struct lb_subject lb_subject_words;
extern const struct lb_subject lb_subject_pages;

/* All that the rest knows of a scenario: one is added as a row of the table. */
struct lb_scenario {
    enum lb_scenario_kind kind;
    const char *name;
    const char *question;
    struct lb_role roles[2];
    int n_roles; /* each is played by a thread at least */
    enum lb_players players;
    int most_threads; /* 0: any number */
    const struct lb_subject *subject;
    enum lb_objects objects;
    enum lb_mapping mapping; /* of pages */
    enum lb_purpose purpose;
    enum lb_pace pace; /* where any role has one, cases are judged at equal rates only */
    const struct lb_scenario *beside; /* compared with its case; NULL: layouts with one another */
    bool by_structure; /* layouts are compared with the structure that they were moved from */
    bool uses_lock;    /* without a layout: a lock too (lb_workload.lock) */
    bool blocks;       /* sleeping is the subject: 10-ms windows, nothing is dropped */
    bool internal;     /* measured for the sake of others; not offered to --scenario */
};

/* Indexed by kind. */
extern const struct lb_scenario lb_scenarios[LB_SCENARIOS];

/* -ENOENT with the known names; internal ones are not found. Names also those of the suites offset,
 * arrays and churn. */
int lb_scenario_find(const char *name, struct lb_why *why, const struct lb_scenario **scenario);

/* Writers of `mixed`: a number of threads, or a share of every thread's ops. */
struct lb_writers {
    int threads;  /* > 0: that many threads write, the others read */
    double share; /* > 0 (threads is 0): each op writes with this probability */
};
/* "1" or "5%". -EINVAL: neither, 0, over 100 %. */
int lb_writers_parse(const char *text, struct lb_why *why, struct lb_writers *writers);

/* Index into roles[] of thread `i` of n, as the scenario's players say. */
int lb_scenario_role(const struct lb_scenario *scenario, const struct lb_writers *writers, int i,
                     int n);
/* The op of that thread: the role's, or LB_OP_MIX where writers are a share of the ops. */
enum lb_op lb_scenario_op(const struct lb_scenario *scenario, const struct lb_writers *writers,
                          int i, int n);

/* Whether lb_writers says something to it. */
static inline bool lb_scenario_has_writers(const struct lb_scenario *scenario)
{
    return scenario->players == LB_PLAYERS_ALL_BUT_WRITERS;
}

/* Whether its objects or words have a lock that is taken, or, in churn, allocated; in whatif it is
 * the layout that says. */
bool lb_scenario_locks(const struct lb_scenario *scenario);
bool lb_workload_locks(const struct lb_workload *shape);

/* Whether its ops allocate and free. */
static inline bool lb_scenario_churns(const struct lb_scenario *scenario)
{
    return scenario->objects == LB_OBJECTS_ALIVE;
}

/* Whether lb_workload.objects says something to it. */
static inline bool lb_scenario_counts_objects(const struct lb_scenario *scenario)
{
    return scenario->objects == LB_OBJECTS_PICKED || scenario->objects == LB_OBJECTS_ALIVE;
}

/* Whether lb_workload.access does. */
static inline bool lb_scenario_picks(const struct lb_scenario *scenario)
{
    return scenario->objects == LB_OBJECTS_PICKED;
}

/* Whether its pages are those of a memory file, filled before every window. */
static inline bool lb_scenario_maps_file(const struct lb_scenario *scenario)
{
    return scenario->mapping == LB_MAPPING_COPY || scenario->mapping == LB_MAPPING_FILE;
}

/* Whether that is what its first role does. */
static inline bool lb_scenario_does(const struct lb_scenario *scenario, enum lb_op op)
{
    return scenario->roles[0].op == op;
}

/* Whether layout, lock and scenario go together; -EINVAL with the reason (a refcount is never in
 * `writers`, locked_adds has no write side, a lock that does not fit, a layout without a sequence
 * number in `mixed`, a role that has no loop for this kind of lock). `layout` is NULL for scenarios
 * that use none. */
int lb_scenario_allows(const struct lb_scenario *scenario, const struct lb_layout *layout,
                       enum lb_lock_kind lock, struct lb_why *why);
/* Whether the case can sleep: the scenario blocks, or the kind sleeps in reads that share an
 * object. lb_workload_blocks: or the layout has its lock taken, which may. */
bool lb_scenario_blocks(const struct lb_scenario *scenario, enum lb_lock_kind lock);
bool lb_workload_blocks(const struct lb_workload *shape);

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

/* How `many` picks. */
enum lb_picking {
    LB_PICK_SHARED_UNIFORM,
    LB_PICK_SHARED_ZIPF, /* ranks weighted 1/rank^0.99 (YCSB's constant), spread over the objects
                          */
    LB_PICK_PRIVATE_UNIFORM,
    LB_PICK_PRIVATE_ZIPF,
    LB_PICKINGS
};
const char *lb_picking_name(enum lb_picking access); /* "shared-uniform", ... */
int lb_picking_parse(const char *name, struct lb_why *why, enum lb_picking *access);

/* Which pages are touched. */
enum lb_touch {
    LB_TOUCH_RECYCLED, /* such as this process has had before */
    LB_TOUCH_FIRST,    /* such as it has not: nothing was given back since the run began */
    LB_TOUCHES
};
const char *lb_touch_name(enum lb_touch touch); /* "recycled", "first" */

/* What is laid out for a window. */
struct lb_workload {
    const struct lb_scenario *scenario;
    const struct lb_layout *layout; /* NULL where the scenario uses none */
    enum lb_lock_kind lock;
    struct lb_writers writers;
    double every_ns; /* paced roles: mean time from one begin of a thread's ops to the next; 0: none
                        is paced */
    int threads;
    size_t objects; /* many: how many; churn: how many each thread keeps alive; else ignored */
    enum lb_picking access;
    size_t offset_bytes; /* words: from one thread's word to the next, from head to tail, from
                            the lock to its data; a multiple of 8 */
    size_t part_bytes;   /* pages: of a thread's part; lb_pages_fit */
    enum lb_touch touch;
    const struct lb_generation *generation; /* objects: NULL is the layout's */
    enum lb_mm_form mm_form;
};
/* The generation that it is measured by; of scenarios without objects the first one. */
const struct lb_generation *lb_workload_generation(const struct lb_workload *shape);
/* Whether it says something to the case: its ops take locks of objects. */
bool lb_workload_has_generation(const struct lb_workload *shape);
/* The loop of a thread, and its op once: lb_hot_find_by for what the shape says. */
lb_hot *lb_workload_loop(const struct lb_workload *shape, int thread, bool paused);
lb_hot_timed *lb_workload_timed(const struct lb_workload *shape, int thread);

/* Whether words can lie so: -EINVAL with the reason for an offset that is 0 or no multiple of 8,
 * one over LB_OFFSET_MOST, or one within the lock that the words lie behind. And whether so many
 * threads can take a lock whose writers come one at a time. 0 for other shapes. */
int lb_workload_allows(const struct lb_workload *shape, struct lb_why *why);
#define LB_OFFSET_MOST 65536

/* The luck of a round: where in the arena things lie. Drawn once a round and the same for every
 * layout in it. */
struct lb_draw {
    uint64_t seed;       /* picks of `many` */
    unsigned turn;       /* number of the round: roaming layouts visit their residues in turn */
    bool odd;            /* which half of a 128-byte pair a roaming position takes */
    size_t lock_lines;   /* arena offset of the pair of lines that holds thread 0's lock count */
    size_t object_lines; /* the same for the objects of separate locks */
    size_t mm_offset;    /* of the address space: LB_MM_BYTES */
};
/* Bytes of the arena that a shape needs; the draw stays clear of its edges by that. */
size_t lb_workload_bytes(const struct lb_workload *shape);
/* A draw for an arena in which every shape needs at most `room` bytes (-ENOSPC: the arena is
 * smaller than four times that). Advances *state. */
int lb_draw_init(uint64_t *state, unsigned turn, size_t arena_bytes, size_t room,
                 struct lb_draw *draw);

/* What was laid out, for the record. */
struct lb_placed {
    int object_residue, lock_residue; /* modulo 64; -1 where there is none */
    int64_t line_offset;              /* of the count's line in the arena; -1: no lock */
    int shares; /* words written under the locks of threads 0 and 1 share a line; -1: no pair */
    size_t draw_words; /* many: length of the cyclic draw */
};

/* Words that a hardware breakpoint can watch. Those of the case, then those of the harness, whose
 * addresses the crew knows. */
enum lb_watch {
    LB_WATCH_COUNT,   /* the lock's count; in the controls the word that the thread adds to */
    LB_WATCH_OWNER,   /* the lock's owner */
    LB_WATCH_POINTER, /* the object's pointer to its lock */
    LB_WATCH_SEQ,     /* the object's vm_lock_seq */
    LB_WATCH_FIELD,   /* a field of the layout, by its name */
    LB_WATCH_MM_SEQ,
    LB_WATCH_MM_COUNT,
    LB_WATCH_MM_OWNER,
    LB_WATCH_MM_WAIT,    /* vma_writer_wait */
    LB_WATCH_START,      /* of the harness: the word with the window's start */
    LB_WATCH_STOP,       /* the word that the window's end follows from */
    LB_WATCH_RESULT,     /* the thread's result */
    LB_WATCH_UNTOUCHED0, /* words that nobody touches: what armed breakpoints cost by themselves */
    LB_WATCH_UNTOUCHED1,
    LB_WATCH_UNTOUCHED2,
    LB_WATCH_UNTOUCHED3,
    LB_WATCHES
};
struct lb_word {
    enum lb_watch watch;
    char field[LB_FIELD_NAME_BYTES]; /* of LB_WATCH_FIELD, else "" */
};
const char *lb_watch_name(enum lb_watch watch); /* "count", "untouched0"; of a field "FIELD" */
/* The word of that name: one of those above, else a field. -EINVAL for what is no name of a field:
 * letters, digits, `_` and dots, a letter or `_` first. */
int lb_word_parse(const char *name, struct lb_why *why, struct lb_word *word);
const char *lb_word_name(const struct lb_word *word);

/* Address and width (1 to 8 bytes, aligned) of a word as thread `thread` of the placed shape knows
 * it: of its own object and lock, in `nested` of the first of the two. Observers are given the
 * lock's words too (they must not write them). A field is one of the layout's, or any other member
 * of its structure. -ENOENT with the reason in why where the case has no such word: no layout, no
 * such field, a lock without an owner, no pointer in a layout whose lock is inline, `many` (each op
 * another object; the mm's words it has), words of the harness. -EINVAL: a thread or word that
 * there is none of, a lock that does not fit. */
int lb_workload_watch(const struct lb_workload *shape, const struct lb_draw *draw, char *arena,
                      int thread, const struct lb_word *word, struct lb_why *why,
                      uintptr_t *address, unsigned *bytes);

/* Words of the picks that `many` works on. */
#define LB_PICKS 131072

/* Initialises objects, locks and the mm in the arena (zeroed or used before) and fills one site a
 * thread. `picks` (LB_PICKS words, of the caller) is filled for `many`, or may be NULL for other
 * scenarios. Nothing may run on the arena meanwhile. -ENOSPC when the shape does not fit, -EINVAL
 * for `many` without an object or with more than 32-bit picks reach. */
int lb_workload_place(const struct lb_workload *shape, const struct lb_draw *draw, char *arena,
                      size_t arena_bytes, uint32_t *picks, struct lb_site *sites,
                      struct lb_placed *placed);
/* After a window: every lock of the shape and the mm's are idle again (-EBUSY otherwise: a bug, not
 * bad luck). */
int lb_workload_check(const struct lb_workload *shape, const struct lb_draw *draw,
                      const char *arena);
/* Frees what a placed shape has outside the arena (LB_OP_CHURN_MALLOC's live objects, mappings and
 * files). To be called once after each lb_workload_place; does nothing for other ops. */
void lb_workload_release(const struct lb_workload *shape, const struct lb_draw *draw, char *arena);
/* Whether the shape fills the arena from its start with a footprint of its own (many, churn), and
 * is not laid out at the drawn lines. */
bool lb_workload_fills(const struct lb_workload *shape);

/* The op of thread `i` of a shape: lb_scenario_op's; where that takes words, on as many and in
 * the way that the layout says. */
enum lb_op lb_workload_op(const struct lb_workload *shape, int i);
/* Whether the role begins its ops by the clock. */
bool lb_workload_paced(const struct lb_workload *shape, int role);
/* Which loop lb_hot_find finds for a shape: true for a lock behind a pointer, and in churn for one
 * that is allocated apart. */
bool lb_workload_indirect(const struct lb_workload *shape);
/* What the C library's heap sets aside for one object (and its lock), its own bytes included: the
 * mean over 1000 of them, allocated and freed here. -ENOTSUP where the library does not say. */
int lb_churn_heap_bytes(const struct lb_layout *layout, enum lb_lock_kind lock, double *per_object);

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

/* How much of a part a window walks through at most, how fast faults come at most (faster ones than
 * those of any machine seen: the fastest published are 0.25 us), and the windows that follow. */
#define LB_PART_BYTES            ((size_t)256 << 20)
#define LB_FAULT_NS              200.0
#define LB_WINDOW_PAGES_NS       10e6
#define LB_PAGES_WINDOW_LEAST_NS 2e6
/* What will-it-scale's page_fault tests map per thread, and mmap1 too. Windows of theirs hold
 * several cycles of map, touch and unmap, about 60 ms each where a fault takes 1.8 us. */
#define LB_REMAP_BYTES     ((size_t)128 << 20)
#define LB_WINDOW_REMAP_NS 600e6
/* What fault-map maps and fault-protect protects. */
#define LB_BESIDE_BYTES 65536
/* Blocks of such windows: a thread's log holds 65536, and as many timed ops, half as long. */
#define LB_REMAP_BLOCK_NS 100e3
/* Blocks of the bare loop: its clock readings are one in a hundred touches. */
#define LB_BARE_BLOCK_NS 200e3

/* The part and the window of a scenario with pages on so many threads, within `memory` bytes (files
 * and copies of them included). -ERANGE with the least that it needs. */
int lb_pages_fit(const struct lb_scenario *scenario, int threads, uint64_t memory,
                 struct lb_why *why, size_t *part_bytes, double *window_ns);
/* What a placed shape and its ops take at most. */
uint64_t lb_pages_bytes(const struct lb_workload *shape);
/* After lb_workload_place or lb_workload_check has failed for such a shape: the sentence. Returns
 * err. */
int lb_pages_explain(const struct lb_workload *shape, const struct lb_draw *draw, const char *arena,
                     int err, struct lb_why *why);
/* Page faults of an op: 1 for a touch, 0 for others. */
int lb_op_faults(enum lb_op op);
/* In place of lb_workload_release: the mappings stay, with what was touched. */
struct lb_kept {
    uintptr_t map;
    size_t bytes;
};
struct lb_kept lb_pages_keep(const struct lb_workload *shape, const struct lb_draw *draw,
                             char *arena);
void lb_kept_drop(const struct lb_kept *kept);

#ifdef __cplusplus
}
#endif

#endif
