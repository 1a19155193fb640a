/* SPDX-License-Identifier: MIT
 *
 * model: threads that repeat an op on cache lines which bounce between their cores, simulated.
 *
 * A model, not a measurement. A line has one owner or several sharers, is busy while it changes
 * hands, and serves who waits for it one at a time. A thread pauses, then makes the steps of its
 * op. What a step costs follows from where its line is. Nothing is known of how full a cache is, of
 * the memory's banks, of sleeping, and of write locks that several want at once.
 *
 * Times are ns throughout. Nothing is global: simulations may run in any number of threads. The
 * same input gives the same numbers in one build of the library; others may round differently.
 */
#ifndef LINEBOUNCE_MODEL_H
#define LINEBOUNCE_MODEL_H

#include <linebounce/costs.h>
#include <linebounce/workload.h>

#include <stdbool.h>

LB_BEGIN_C

/* Which of those who wait gets the line. Nearest: to the core that has it, taken literally, so that
 * far ones may wait for ever: the worst case, not a forecast. */
enum lb_model_arbitration { LB_MODEL_FIFO, LB_MODEL_RANDOM, LB_MODEL_NEAREST };
/* Which fetches of an op are under way at once. An access through a pointer waits for the pointer
 * all the same, and a locked change for the stores before it. */
enum lb_model_overlap { LB_MODEL_NOTHING, LB_MODEL_LOADS, LB_MODEL_EVERYTHING };

struct lb_model_parameters {
    double locked_ns, store_ns, load_ns; /* of a step whose line is there */
    double request_share; /* of a hand-over, how much passes before the line leaves its owner, 0..1
                           */
    double residence_ns;  /* who fetched a line to change it keeps it so long at least */
    double upgrade_ns;    /* a change of a line that the core shares, beyond the latency of the
                             farthest sharer; may be below 0 */
    double claim_ns; /* what an op takes longer that changes, locked, a line which a load of another
                        word brought it: the change is asked for once more, of its own cache */
    double clean_share; /* a fetch of a line that nobody has changed: share of the latency of the
                           nearest sharer */
    double memory_ns;   /* the first fetch of all */
    /* Of a line that its owner has changed, by a load: migratory, it goes over; plain (and
     * unknown), both have it, and the owner still answers for it (owned: MOESI) or not (MESI). */
    enum lb_handover handover;
    bool owned;
    enum lb_model_arbitration arbitration;
    enum lb_model_overlap overlap;
    double steal; /* probability that a waiting core gets the line right behind a locked change,
                     before the op's next access to it */
    double pair_prefetch; /* probability that a miss also fetches the other line of its 128 bytes;
                             behind a change, to change that one too */
};
/* Locked ops of 2.2 ns, 0.45 of a hand-over before the line leaves, no residence, fetches that
 * overlap, no stealing, no prefetch of pairs; hand-over plain until it is set. That share was
 * chosen on the reference run amd-epyc-zen5-2vcpu-kvm-far (0.4 to 0.5 in steps of 0.01: errors of 9
 * to 10 % at either end, of 8 % from 0.44 to 0.47), as were the overlap and the residence on runs
 * before it. */
extern const struct lb_model_parameters lb_model_usual;

enum lb_model_what {
    LB_MODEL_LOAD,
    LB_MODEL_STORE, /* the op goes on, and the next locked change waits for it */
    LB_MODEL_ADD,   /* a locked change of a word */
    LB_MODEL_CAS,   /* a compare-and-swap; made again where the word is not as loaded */
    LB_MODEL_CLEAR, /* a compare-and-swap, made if this thread was the last to store the word */
    LB_MODEL_DELAY, /* ns */
    LB_MODEL_PAUSE, /* 0.5 to 1.5 times ns: what lies before an op, not a part of it */
    LB_MODEL_PACE,  /* likewise, but from the last such time on: an op begins by the clock, or
                       late */
};
struct lb_model_step {
    enum lb_model_what what;
    unsigned line, word; /* of accesses: indices; lines 2i and 2i + 1 are a pair */
    bool pointer;        /* a load: it says where steps with `behind` go */
    bool behind;
    double ns; /* of DELAY, PAUSE, PACE */
};
struct lb_model_thread {
    unsigned cpu; /* index into the latencies, each of one thread at most */
    int role;     /* 0 or 1 */
    const struct lb_model_step *steps;
    size_t n;
};

#define LB_MODEL_CPUS_MOST 512

/* All borrowed. */
struct lb_model_input {
    size_t n_cpus;
    const double *latency; /* n_cpus x n_cpus: a hand-over from the row's to the column's */
    const struct lb_model_thread *threads;
    size_t n_threads;
    size_t n_lines, n_words;
    struct lb_model_parameters parameters;
    uint64_t seed;
    size_t ops, warm_ops; /* a thread in the mean: counted, and before */
};

/* What threads of a role came to; counts are per op. Where nobody of the role has finished an op,
 * since others always came first, ns_op is infinite and the rest NaN. */
struct lb_model_role {
    size_t threads;        /* 0: nobody plays it; the rest is 0 then */
    double ops;            /* counted */
    double ns_op;          /* a thread's time over its ops, pauses included */
    double op_ns;          /* from the end of a pause to the end of its op */
    double modified_loads; /* loads that found the line with another core as its owner */
    double modified_rfos;  /* changes that did, and had no copy of it */
    double upgrades;       /* changes that found a copy in their own cache, and others */
    double clean;          /* fetches that found it shared only */
    double taken;          /* lines that this role took from other cores */
    double lost;           /* lines that other cores took from this role's */
    double retries;
};
struct lb_model_result {
    struct lb_model_role roles[2];
    double fairness; /* ops of the slowest thread over those of the fastest in its role; the worst
                        role */
};

/* -EINVAL: no thread, more CPUs than LB_MODEL_CPUS_MOST, a CPU, line or word that there is none of,
 * two threads on one CPU, an op that takes no time, shares outside 0..1, times below 0 or no
 * numbers. -ENOMEM. */
int lb_model_run(const struct lb_model_input *input, struct lb_model_result *result);

/* Ops of a case, from what a workload lays out: lb_workload_place says where each word lies, the
 * kind of lock and the generation's rules what is done to it. */
struct lb_model_case {
    const struct lb_workload *shape; /* borrowed */
    double work_ns;                  /* the pause; 0: none */
    double held_ns;                  /* between taking and giving back an object's lock */
    double own_ns; /* what a lock that is taken costs in its own cache, beside its locked changes
                      and stores; 0 unless known */
};
/* Whether the model has something to say of a case: same-object, neighbours, observer, nested,
 * whatif, uncontended, those of a word per thread and the controls, with locks whose readers come
 * together. -ENOTSUP with the reason, one sentence, for all others; -EINVAL as
 * lb_scenario_allows. */
int lb_model_allows(const struct lb_workload *shape, struct lb_why *why);

/* The places that objects and locks take in turn, as rounds of a run do; with `pairs` in either
 * line of a pair. 0 where lb_model_allows refuses. */
size_t lb_model_places(const struct lb_workload *shape, bool pairs);
struct lb_model_programs {
    struct lb_model_thread *threads;
    struct lb_model_step *steps;
    size_t n_threads, n_lines, n_words;
};
/* Threads are on CPUs 0, 1, ... in order. Errors of lb_model_allows; -ENOMEM. To be freed: the
 * result is untouched on failure. */
int lb_model_programs_make(const struct lb_model_case *c, size_t place, struct lb_why *why,
                           struct lb_model_programs *programs);
void lb_model_programs_free(struct lb_model_programs *programs);

/* Simulates every place and takes means. `cpus`: one a thread, indices into the latencies; NULL:
 * 0, 1, ... Of the input only n_cpus, latency, parameters, seed, ops and warm_ops are read. Errors
 * of both. */
int lb_model_expect(const struct lb_model_case *c, const struct lb_model_input *input,
                    const unsigned *cpus, struct lb_why *why, struct lb_model_result *result);

LB_END_C

#endif
