/* SPDX-License-Identifier: MIT
 *
 * scenario: who does which op to what. One is a row of a table; who asks what a case is about
 * includes this, who carries a case along only workload.h.
 */
#ifndef LINEBOUNCE_SCENARIO_H
#define LINEBOUNCE_SCENARIO_H

#include <linebounce/op.h>

#include <stdbool.h>

LB_BEGIN_C

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
struct lb_writers;
struct lb_draw;
struct lb_placed;
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

/* Of all that are not internal. */
extern const struct lb_names lb_scenario_names;
/* -ENOENT with the known names; internal ones are not found. Names also those of the suites offset,
 * arrays and churn. */
int lb_scenario_find(const char *name, struct lb_why *why, const struct lb_scenario **scenario);

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
 * the layout that says (lb_workload_locks). */
bool lb_scenario_locks(const struct lb_scenario *scenario);

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
 * object. */
bool lb_scenario_blocks(const struct lb_scenario *scenario, enum lb_lock_kind lock);

LB_END_C

#endif
