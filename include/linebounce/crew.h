/* SPDX-License-Identifier: MIT
 *
 * crew: pinned threads, and one timed window at a time.
 *
 * The caller is worker 0: two PUs have no third for a coordinator. It is pinned while the crew
 * lives and gets its old affinity back from lb_crew_destroy. The other workers exist before any
 * window, are pinned before they start, spin between windows and sleep when no window has come for
 * some milliseconds.
 *
 * A window is a span of time. All its threads are told when it starts and stops, in ticks of one
 * clock that each reads for itself, so the harness moves no cache line inside it. Each thread works
 * in blocks of ops between two clock readings and logs (time, ops) into memory of its own.
 */
#ifndef LINEBOUNCE_CREW_H
#define LINEBOUNCE_CREW_H

#include <linebounce/account.h>
#include <linebounce/clock.h>
#include <linebounce/costs.h>
#include <linebounce/counters.h>
#include <linebounce/latency.h>
#include <linebounce/op.h>

#include <stdbool.h>

LB_BEGIN_C

struct lb_crew;

/* One thread per PU (kernel numbers, all different), results on the PU's NUMA node where node_os is
 * given (may be NULL). The caller's thread becomes worker 0. Errors: -EINVAL (no PU, a PU twice),
 * -EXDEV when a thread does not run where it was pinned, -EACCES/-EINVAL from the kernel for a PU
 * it does not allow, -ETIMEDOUT for one that another task keeps to itself, -ENOMEM, -EAGAIN. */
int lb_crew_create(const struct lb_clock *clock, const int *pu_os, const int *node_os, int n,
                   struct lb_why *why, struct lb_crew **crew);
void lb_crew_destroy(struct lb_crew *crew);
int lb_crew_size(const struct lb_crew *crew);
int lb_crew_pu_os(const struct lb_crew *crew, int worker);

/* How long worker 0 waits for another that does not get to run, beyond what a command lasts: many
 * times what any share of a CPU leaves. Then the command ends with -ETIMEDOUT, and so does every
 * later one: the crew's threads are pinned no more. */
#define LB_WAIT_MOST_NS 5e9
/* The PU on which that worker was, -1: none. lb_crew_explain: the sentence for -ETIMEDOUT. */
int lb_crew_lost(const struct lb_crew *crew);
int lb_crew_explain(const struct lb_crew *crew, int err, struct lb_why *why);

/* One op in about `every` is timed on its own, between two blocks: blocks count without it where
 * nothing sleeps, so it costs ops but changes no block's time per op. The gaps between the timed
 * ops are drawn (uniform, 1 to 2 every - 1) and end with the block in which they run out: where a
 * block has more ops than that, one op a block is timed. */
struct lb_sampling {
    lb_hot_timed *timed; /* NULL: nothing is timed */
    lb_hot *pause;       /* the loop of LB_OP_EMPTY: the pause before the timed op; NULL: none */
    uint64_t every;      /* at least 1 */
    uint64_t slow_ticks; /* ops that take longer count as slow; UINT64_MAX: there is no threshold */
};

/* A paced thread begins its ops by the clock: at times that it draws beforehand, `every_ticks`
 * after one another on average (+-50 %), whatever its ops take. Until an op is due it reads the
 * clock and nothing else, so that no line moves. An op that is due while the one before it goes on
 * begins as soon as that is over, and the one behind it is due when it would have been: ops that
 * were held up are made up for, the rate is the one that was set, and the times of ops do not leave
 * out those that a long one has kept waiting (they hold no wait: that is late_ns). Where ops take
 * longer than their interval on average, the thread cannot keep up: then its rate is what it can
 * do, and falls short of what was set. */
struct lb_pacing {
    uint64_t every_ticks; /* 0: not paced */
    /* The op between two time-stamps, in ticks of the crew's clock; NULL: `loop` (saturated) once,
     * between two readings of the clock. */
    lb_hot_timed *timed;
    /* The loop of LB_OP_EMPTY, run once before each op: the wait ends as the clock steps, and ops
     * that all began there would be timed short by up to a step. NULL: none. */
    lb_hot *dither;
    uint64_t dither_span; /* in chain iterations, as span: some steps of the clock */
};

/* When a paced thread's ops are due, in ticks: plain arithmetic, the same for the same seed. */
struct lb_schedule {
    uint64_t random, every, due;
};
/* The first op is due within one interval behind `start`. */
void lb_schedule_init(uint64_t seed, uint64_t every_ticks, uint64_t start,
                      struct lb_schedule *schedule);
void lb_schedule_next(struct lb_schedule *schedule);

/* What one thread does in a window. */
struct lb_thread_plan {
    int worker; /* who; each worker at most once in a window */
    lb_hot *loop;
    uintptr_t x[6]; /* a site's */
    uint64_t seed;  /* of the pause's generator; 0 is taken as 1 */
    uint64_t span;  /* mean pause in chain iterations; ignored by saturated loops */
    double op_ns;   /* what an op is believed to take: the first block's length follows from it */
    size_t picks;   /* many: length of the draw (x[3] starts within it), else 0 */
    const uint32_t *picks_start;
    uint64_t ops_most; /* the thread stops after so many ops; 0: only at the stop */
    int faults_op;     /* page faults of an op, where the window plan says that they are checked */
    struct lb_sampling sampling; /* of a paced thread each op is timed, where `timed` is given */
    struct lb_pacing pacing;     /* not with picks */
    /* What is counted on this thread from the start of the warm-up to after the stop; n_codes <=
     * LB_GROUP_MOST. Words of the harness get their addresses from the crew. */
    const struct lb_event_code *codes;
    int n_codes;
    uint32_t pmu_type; /* lb_group_open's */
};

struct lb_window_plan {
    const struct lb_thread_plan *threads;
    int n_threads;
    double window_ns; /* the measured part; a warm-up of LB_WARMUP_SHARE comes before it */
    /* Sleeping is the subject: nothing is dropped, cut blocks count in proportion. */
    bool keep_gaps;
    /* Threads contend for lines with no pause between ops: a block that takes long may be one in
     * which others kept the line, and is a gap only where the kernel took the CPU meanwhile. */
    bool stalls;
    /* Breakpoints are armed that the ops hit: each hit costs about 10 us, so the time says nothing
     * and spoils nothing. */
    bool armed;
    bool check_faults;                    /* spoiled where page faults and ops do not agree */
    double block_ns;                      /* least length of a block; 0: what the clock asks for */
    bool count_kernel;                    /* count in the kernel too */
    const struct lb_counter_calls *calls; /* NULL: lb_counter_system */
};

/* Default gaps between timed ops: two ordered time-stamps add 1 % to an op of 4.5 ns every 1021 ops
 * (measured; 16 % every 61), and where an op takes over LB_SAMPLE_LONG_NS with its pause one in 61
 * is no more. */
#define LB_SAMPLE_SHORT   1021
#define LB_SAMPLE_LONG    61
#define LB_SAMPLE_LONG_NS 50.0
/* A clock with longer steps cannot tell an op with a near transfer (30 to 60 ns) from one without:
 * generic timers of 50 MHz and below. */
#define LB_SAMPLE_STEP_MOST_NS 20.0

/* A fifth of the window before it, not counted: lines find their places, blocks their length. */
#define LB_WARMUP_SHARE 0.2
/* Least lengths: a window, and one in which a hand-off (4 ms) can happen. Of 50 ms, which it once
 * was, a window of writers scattered more than one of 2 ms does in same-object: what differs
 * between windows is the line and the moment, so that more windows tell more than longer ones. */
#define LB_WINDOW_NS          2e6
#define LB_WINDOW_BLOCKING_NS 10e6
/* A block lasts 1000 steps of the clock or 100 readings, whichever is more, and at least 5 us. */
#define LB_BLOCK_STEPS    1000
#define LB_BLOCK_READS    100
#define LB_BLOCK_LEAST_NS 5000
/* A block that takes over 1.5 times its due is a gap (a timer tick costs 20 to 50 us in virtual
 * machines); where threads may stall each other, only one that was interrupted: without a pause an
 * owner keeps a line for bursts, and to drop the blocks of those who wait for it would leave out
 * what is measured. Where no interrupt leaves a trace (lb_interrupts_told), or a thread got less
 * CPU time than wall time by over LB_UNTOLD_MOST of the window though no other task of this system
 * ran (a hypervisor's doing, which clears no mark), time alone decides. Shorter things that a
 * hypervisor does stay in: 0.3 % of the time on one machine, of all cases alike. */
#define LB_GAP_FACTOR  1.5
#define LB_UNTOLD_MOST 0.02
/* More than this share of the blocks dropped spoils the window. */
#define LB_DROPPED_MOST 0.10
/* Where sleeping is the subject, this share of a window that a thread was runnable but not running
 * spoils it: an owner preempted for 1 ms of 50 moves the result by about as much as the precision.
 * Counting switches would not do: kernel threads take 10 to 50 us a few times in every such window.
 */
#define LB_PREEMPTED_MOST 0.02
/* Page faults of a thread beyond one for each touch, before its window is spoiled: what the
 * harness and the C library may touch for the first time, and pages that the kernel moves (NUMA
 * balancing). Fewer than touches are never right: something mapped several pages at once. */
#define LB_FAULTS_MORE 16
/* Ping-pong before and after a window that differ by more than lb_stats_probes_agree says, of the
 * noise that the placement's last windows show, are of different regimes. Before so many probes are
 * known, by more than this factor: that of a probe with a noise of 7 %. */
#define LB_REGIME_AGREE     1.41
#define LB_REGIME_AGREE_FEW 12

enum lb_spoiled {
    LB_SPOILED_NOT,
    LB_SPOILED_LATE,      /* a thread was not ready at the start */
    LB_SPOILED_MOVED,     /* a thread was not on its PU at the start or the end */
    LB_SPOILED_GAPS,      /* more than LB_DROPPED_MOST of the blocks dropped */
    LB_SPOILED_PREEMPTED, /* keep_gaps: a thread was kept off its CPU for over LB_PREEMPTED_MOST */
    LB_SPOILED_LOG,       /* a thread's block log was full before the end */
    LB_SPOILED_EMPTY,     /* a thread has no whole block in the measured part */
    LB_SPOILED_REGIME,    /* the probes before and after disagree (set by the caller) */
    LB_SPOILED_FAULTS,    /* check_faults: fewer or over LB_FAULTS_MORE more than pages touched */
    LB_SPOILED_KINDS
};
const char *lb_spoiled_name(enum lb_spoiled spoiled); /* "" for LB_SPOILED_NOT */

struct lb_thread_result {
    double measured_ns; /* in kept blocks */
    double ops;         /* in kept blocks; a fraction only where keep_gaps cuts blocks */
    double busy_ns;     /* of measured_ns: in ops; all of it but for the waits of a paced thread */
    double late_ns;     /* paced: from when ops were due to their begins, over those of the measured
                           part; a sum as late_ops is */
    uint64_t late_ops;  /* paced: the ops of which late_ns is the sum */
    uint64_t total_ops; /* from first to last */
    unsigned blocks, dropped;
    double sampled_ns; /* of the measured part: spent on timed ops and their stamps */
    /* Of the measured part: sum over timed ops, their stamps included, and how many. Without
     * keep_gaps those are left out that would make a gap of any block: they were interrupted. */
    double timed_ns;
    uint64_t timed_ops;
    /* From the start of the warm-up to after the stop. Preempted: runnable, but not on the CPU;
     * that includes the wait after a wake-up. */
    struct lb_account account;
    double preempted_most_ns; /* account.preempted_ns, or the bound that is known: it spoils */
    int pu_start, pu_end;     /* sched_getcpu */
    struct lb_count counts[LB_GROUP_MOST]; /* as the plan's codes */
    struct lb_latency latency;             /* timed ops of the measured part, in ticks */
};

/* Runs one window. results is n_threads long, in the plan's order. Returns 0 also when the window
 * is spoiled; -EINVAL for a plan that names a worker twice or none, or has no loop for one;
 * -ETIMEDOUT: see lb_crew_lost. */
int lb_crew_window(struct lb_crew *crew, const struct lb_window_plan *plan,
                   struct lb_thread_result *results, enum lb_spoiled *spoiled);

/* From now on those workers are the ones at work: all others sleep when this returns, and go on
 * sleeping until a command is for them, so that none spins on the sibling of a measured thread. A
 * command wakes and waits for nobody but its own workers, in any case; worker 0, the caller, may
 * coordinate a window that it has no part in, and then spins. -EINVAL for a worker that does not
 * exist. */
int lb_crew_gather(struct lb_crew *crew, const int *workers, int n);

/* How a line is handed over: by a store that the other's loads wait for, or by a compare-and-swap
 * that the other's compare-and-swaps wait for, so that each try takes the line for itself. */
enum lb_pingpong_op { LB_PINGPONG_LOAD_STORE, LB_PINGPONG_CAS, LB_PINGPONG_OPS };
const char *lb_pingpong_op_name(enum lb_pingpong_op op); /* "load-store", "compare-and-swap" */

/* Two workers that wait for one another are at it for 0.1 s and 0.1 ms a trip at most, and never
 * over LB_MEET_MOST_NS: on CPUs that are shared with others the two may hardly ever run at once.
 * What was not measured by then is NaN, and 0 is returned. */
#define LB_MEET_MOST_NS 2e9

/* Round trip of one line between two workers in ns, as lb_crew_pingpong, by one of the ops. */
int lb_crew_volley(struct lb_crew *crew, enum lb_pingpong_op op, int worker_a, int worker_b,
                   const uintptr_t *lines, int n_lines, int trips, double *round_trip_ns);

/* Round trip of one line between two workers in ns: load and store hand-over, median over n_lines
 * fresh lines given by address, `trips` round trips each. A round trip is two transfers. -EINVAL:
 * workers that are one or do not exist, no trips, no lines or more than LB_PINGPONG_MOST. */
int lb_crew_pingpong(struct lb_crew *crew, int worker_a, int worker_b, const uintptr_t *lines,
                     int n_lines, int trips, double *round_trip_ns);
#define LB_PINGPONG_LINES 5
#define LB_PINGPONG_TRIPS 64
#define LB_PINGPONG_MOST  64

/* What a locked add takes, in ticks and alone between two time-stamps, on a line that another
 * worker has just modified: worker_b adds to every line but the first, then worker_a times an add
 * to each (median over the lines, lower of two). -EINVAL: workers that are one or do not exist,
 * fewer than two lines or more than LB_PINGPONG_MOST, no timed op on this architecture. */
int lb_crew_fetch(struct lb_crew *crew, int worker_a, int worker_b, const uintptr_t *lines,
                  int n_lines, double *ticks);

/* Both at once, for the price of one meeting of the two workers: a ping-pong over the first n_lines
 * lines, then a fetch over the other n_fetch. -EINVAL also for a line in both parts. */
int lb_crew_probe(struct lb_crew *crew, int worker_a, int worker_b, const uintptr_t *lines,
                  int n_lines, int trips, int n_fetch, double *round_trip_ns, double *fetch_ticks);

/* What lines cost between two workers, in ticks and by worker_a's clock: lb_cost_columns. Each is
 * the mean of the middle half of LB_COST_REPEATS, less that of the same ops again, when the lines
 * are worker_a's own. `lines` are LB_COST_LINES of them, all different, no two 4 GiB apart or more.
 * NaN where the two did not meet (LB_MEET_MOST_NS). -EINVAL: workers that are one or do not exist,
 * a line twice, no timed op on this architecture. */
int lb_crew_costs(struct lb_crew *crew, int worker_a, int worker_b, const uintptr_t *lines,
                  double ticks[LB_COSTS]);

/* Median over `n` of the timed op of a plan, run by worker 0 alone on the plan's site with its
 * lines in its own cache, in ticks; `mean`: of the middle half of them, which a clock's coarse
 * steps do not round. `many` takes the same object each time. With LB_OP_EMPTY's timed op this is
 * the timer's floor. Errors: -EINVAL (no timed op, n under 1 or over LB_OWN_OPS_MOST). */
int lb_crew_own_op(struct lb_crew *crew, const struct lb_thread_plan *plan, int n, double *ticks,
                   double *mean);
#define LB_OWN_OPS_MOST 1024

/* ns per iteration of the pause's chain on worker 0, median of nine runs of about 20 us. */
double lb_crew_chain_ns(struct lb_crew *crew);

/* The reduction of the logs, pure arithmetic, for lb_crew_window and its tests. */
struct lb_block {
    uint64_t end; /* ticks; it began where the one before ended */
    uint32_t ops;
    bool sampled;     /* one op between time-stamps; never the first of a log */
    bool interrupted; /* the kernel took the CPU meanwhile; of a log that tells */
    bool gap;      /* paced: an op took, or began though nothing held it up, late by what makes an
                      unpaced block a gap; or makes up for that */
    uint32_t busy; /* paced: ticks in ops, UINT32_MAX for more */
};
struct lb_log {
    uint64_t begin; /* ticks: start of the first block */
    const struct lb_block *blocks;
    size_t n;
    bool paced;
    bool told; /* its blocks say what was interrupted, and nothing else is a gap */
};
/* Counts, per thread, time (in ticks, into measured_ns) and ops of the blocks between warm_end and
 * stop. Without keep_gaps only whole blocks count, and those that overlap a gap of any thread are
 * dropped for all; with it, cut blocks count in proportion. Sampled blocks count only with
 * keep_gaps (an op that slept is part of the story); a sampled block is a gap when it takes
 * LB_GAP_FACTOR times as long as the block before it. How long a paced block takes is the
 * schedule's matter: it is a gap where it says so, since a thread that is interrupted while it
 * waits and is back when its op is due has changed nothing. Fills measured_ns, busy_ns and
 * sampled_ns (as ticks), ops, blocks and dropped of results. */
int lb_blocks_reduce(const struct lb_log *logs, int n_threads, uint64_t warm_end, uint64_t stop,
                     bool keep_gaps, struct lb_thread_result *results);

LB_END_C

#endif
