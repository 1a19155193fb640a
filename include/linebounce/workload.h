/* SPDX-License-Identifier: MIT
 *
 * workload: what is laid out in memory for a window: a scenario with a layout, a lock, so many
 * threads and objects; where the round's luck puts it, and what of it can be watched.
 */
#ifndef LINEBOUNCE_WORKLOAD_H
#define LINEBOUNCE_WORKLOAD_H

#include <linebounce/op.h>
#include <linebounce/word.h>

LB_BEGIN_C

struct lb_scenario;

/* Writers of `mixed`: a number of threads, or a share of every thread's ops. */
struct lb_writers {
    int threads;  /* > 0: that many threads write, the others read */
    double share; /* > 0 (threads is 0): each op writes with this probability */
};
/* "1" or "5%". -EINVAL: neither, 0, over 100 %. */
int lb_writers_parse(const char *text, struct lb_why *why, struct lb_writers *writers);

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
extern const struct lb_names lb_picking_names;

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
/* Whether it takes a lock: as lb_scenario_locks, or as the layout says. */
bool lb_workload_locks(const struct lb_workload *shape);
/* Whether it can sleep: as lb_scenario_blocks, or the layout has its lock taken, which may. */
bool lb_workload_blocks(const struct lb_workload *shape);
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
/* In place of lb_workload_release: the mappings stay, with what was touched. */
struct lb_kept {
    uintptr_t map;
    size_t bytes;
};
struct lb_kept lb_pages_keep(const struct lb_workload *shape, const struct lb_draw *draw,
                             char *arena);
void lb_kept_drop(const struct lb_kept *kept);

LB_END_C

#endif
