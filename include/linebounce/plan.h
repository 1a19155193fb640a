/* SPDX-License-Identifier: MIT
 *
 * plan: which cases a run measures. Pure data from a request and a topology; nothing is measured
 * here, so a plan for a machine that is not here can be made and printed.
 */
#ifndef LINEBOUNCE_PLAN_H
#define LINEBOUNCE_PLAN_H

#include <linebounce/placement.h>
#include <linebounce/record.h>
#include <linebounce/workload.h>

#include <stdbool.h>

LB_BEGIN_C

/* What the user asked for; arrays are borrowed. A list of length 0 means the default that the
 * comment names. A scenario with words is measured at every offset. Layouts whose name is
 * LB_LAYOUT_AT and a number are a scan of the lock's offset: it goes into the column offset_bytes.
 */
#define LB_LAYOUT_AT "lock-at-"
struct lb_request {
    const char *suite;
    const struct lb_scenario *const *scenarios;
    size_t n_scenarios;
    const struct lb_layout *layouts; /* borrowed until the plan is destroyed */
    size_t n_layouts;
    const enum lb_lock_kind *locks; /* 0: each layout's own kind */
    size_t n_locks;
    const char *const *placements; /* names for lb_placement_named; 0: "closest" */
    size_t n_placements;
    /* Placements made by the caller, instead of names (copied, with their homes). */
    const struct lb_placement *made;
    size_t n_made;
    const enum lb_home *homes; /* 0: local */
    size_t n_homes;
    const char *pus;    /* an explicit list instead of placements, or NULL */
    const int *threads; /* 0: what the placement says (a pair) */
    size_t n_threads;
    bool threads_fit; /* those behind the first are left out where there are fewer PUs */
    struct lb_writers writers;
    double write_every_ns;   /* of a number of writers: each begins a write so often; 0: they write
                                back to back */
    double observe_every_ns; /* each thread of `observer` begins an op so often where it has a pause
                                (saturated, nothing waits); 0: after its pause, as others do;
                                LB_EVERY_BY_WORK: LB_OBSERVE_MORE_NS behind the pause's length */
    const struct lb_generation *generation; /* NULL: each layout's own */
    enum lb_mm_form mm_form;
    const double *work_ns;
    size_t n_work_ns;
    const size_t *objects; /* of `many` and of churn */
    size_t n_objects;
    const size_t *offsets; /* of scenarios with words, in bytes */
    size_t n_offsets;
    size_t base_offset; /* that the other offsets are compared to; 0: none */
    const enum lb_picking *access;
    size_t n_access;
    uint64_t memory_bytes; /* that scenarios with pages may take at once */
    bool first_touch;      /* pft and private also on pages that were not touched before */
    const char *baseline;  /* layout */
    bool controls;         /* with positive and negative controls and their self-check */
    bool alone;       /* with the apart control on one thread too, on the PU of the others' first */
    bool twins;       /* every layout once more under its name and "~": an A/A run */
    double twin_slow; /* the twin's pause is longer by this share (0.05): a planted difference */
    /* Every case bare, then with counters alone, then with sampled latencies alone: what the
     * instruments themselves cost. Otherwise every case has both. */
    bool instruments;
    bool armed; /* words of the case are watched: one more window a case and round */
};

/* What looks at a window while it runs. */
#define LB_INSTRUMENT_COUNTERS 1u
#define LB_INSTRUMENT_SAMPLING 2u
#define LB_INSTRUMENTS         (LB_INSTRUMENT_COUNTERS | LB_INSTRUMENT_SAMPLING)

/* One write in about 100 reads of one reader at the headline. */
#define LB_WRITE_EVERY_NS 20e3
#define LB_EVERY_BY_WORK  (-1.0)
/* Longer than an op that fetches its lines from another socket. */
#define LB_OBSERVE_MORE_NS 200.0
/* What can be asked for: at the least an op's own time, and some twenty ops in a window. */
#define LB_WRITE_EVERY_LEAST_NS   1e3
#define LB_WRITE_EVERY_MOST_NS    500e3
#define LB_OBSERVE_EVERY_LEAST_NS 50.0
#define LB_OBSERVE_EVERY_MOST_NS  100e3

/* The headline: a pause as long as a short fault. Saturated throughput carries none. */
#define LB_WORK_HEADLINE_NS 200.0
/* The loop of nothing is subtracted from all others of its round, so its luck is all theirs: it is
 * the mean of so many windows. */
#define LB_EMPTY_WINDOWS 4
/* The pauses at which the self-check compares the cost of sharing. */
#define LB_WORK_CHECK_SHORT_NS 100.0
#define LB_WORK_CHECK_LONG_NS  1000.0

struct lb_case {
    struct lb_workload shape;
    int placement; /* index into the plan's placements */
    double work_ns;
    double slow; /* factor on the pause, 1 but for a slowed twin */
    int twin;    /* this many cases behind its original in the plan; 0: no twin */
    unsigned instruments;
    int base;  /* case that it is compared to, -1: none */
    int empty; /* case whose ns_op is subtracted for net_ns_op, -1: none */
    double window_ns;
    int phases;          /* windows a round: one for each residue that a roaming layout takes;
                            LB_EMPTY_WINDOWS for empty */
    size_t offset_bytes; /* what the offset_bytes column says; 0: empty */
    int every;           /* measured in every n-th round, 1 = in all */
    bool blocks;
    bool armed; /* has a window with armed breakpoints in every round that it is due */
};

struct lb_plan {
    char suite[24];
    struct lb_case *cases;
    size_t n_cases;
    struct lb_placement *placements; /* each with its home: one line-up of PUs may be here thrice */
    size_t n_placements;
    size_t *first_case;         /* of each placement: its cases lie together, in its order */
    size_t n_begun;             /* placements that have a first case: all, once the plan is made */
    size_t n_refused;           /* combinations left out because they do not go together */
    char refused[LB_WHY_BYTES]; /* the first reason */
    size_t arena_bytes;         /* what the largest shape needs */
    uint64_t memory_bytes;      /* as requested */
};

/* Errors as the placement's; -EINVAL when nothing is left to measure (why: the first refusal), or
 * the baseline is not among the layouts, or the base offset not among the offsets. */
int lb_plan_create(const struct lb_request *request, const struct lb_topology *topology,
                   struct lb_why *why, struct lb_plan **plan);
void lb_plan_destroy(struct lb_plan *plan);

/* Whether a case is an object, words or pages that verdicts are about: not the loop of nothing, a
 * control or a yardstick. */
bool lb_case_is_subject(const struct lb_case *c);

/* Whether its windows come before the rounds, each on memory that none before it has touched. */
static inline bool lb_case_is_first(const struct lb_case *c)
{
    return c->shape.touch == LB_TOUCH_FIRST;
}

/* The order in which a round visits the cases that are due (one flag a case): placement by
 * placement, in each by blocks of what is compared with one baseline, blocks and their cases
 * shuffled. A pair is so measured within the time of its block. Fills n of n_cases numbers.
 * -ENOMEM.
 */
int lb_plan_order(const struct lb_plan *plan, const bool *due, uint64_t *random, int *order,
                  size_t *n);

/* Expected time of a case in a round that it is due in, in seconds. */
double lb_case_round_s(const struct lb_case *c);
/* Expected time of one round in seconds: windows, warm-up, and about 0.25 ms of set-up and probes
 * each. */
double lb_plan_round_s(const struct lb_plan *plan);

/* "same-object/embedded/rwsem40/l3/threads:2/work_ns:200"; roles are not part of it. Returns the
 * length as snprintf. */
int lb_case_name(const struct lb_plan *plan, const struct lb_case *c, char *text, size_t bytes);
/* The layout's name, of words "apart-64" (their offset in bytes), of pages "recycled" or "first",
 * with "~" behind a twin's,
 * "+counters" or "+sampling" behind that of one with an instrument where others have none; "" where
 * there is none. */
#define LB_CASE_LAYOUT_BYTES (LB_LAYOUT_NAME_BYTES + 16)
void lb_case_layout(const struct lb_case *c, char text[LB_CASE_LAYOUT_BYTES]);

/* What a case's rows have in the columns that name it; "" where one does not apply. */
struct lb_case_key {
    const char *cells[LB_KEY_ROLE];
    char layout[LB_CASE_LAYOUT_BYTES]; /* what cells point to, as the rest */
    char threads[16], writers[24], every[48], objects[24], offset[24], work[48];
};
void lb_case_key(const struct lb_plan *plan, const struct lb_case *c, struct lb_case_key *key);
/* Whether a table shows the two under one head: they are the same but for layout and lock. */
bool lb_case_is_beside(const struct lb_case *a, const struct lb_case *b);

/* Whether a role's rows say how often its ops come: there are two roles, or writes are a share. */
bool lb_case_has_rates(const struct lb_case *c);

/* Number of rows (roles) of a case and the name of each. */
int lb_case_roles(const struct lb_case *c);
const char *lb_case_role_name(const struct lb_case *c, int role);

LB_END_C

#endif
