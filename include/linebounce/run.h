/* SPDX-License-Identifier: MIT
 *
 * run: measures a plan round by round.
 *
 * Every round runs each active case that is due (lb_case.every) once, in an order shuffled from the
 * seed (lb_plan_order), on memory drawn anew, with the roles rotated over the PUs, and between
 * anchors. Every window goes to samples.csv at once and stays in memory for the statistics.
 */
#ifndef LINEBOUNCE_RUN_H
#define LINEBOUNCE_RUN_H

#include <linebounce/crew.h>
#include <linebounce/events.h>
#include <linebounce/load.h>
#include <linebounce/plan.h>
#include <linebounce/record.h>
#include <linebounce/stats.h>

#include <signal.h>
#include <stdbool.h>

LB_BEGIN_C

/* One role of a case in one round: a window, or the mean over the windows of a roaming layout's
 * residues, each counted equally. Counts are sums. */
struct lb_sample {
    unsigned round;
    double ns_op; /* of a paced role: of the time within its ops */
    double machine_ns_op;
    double per_kop_of_first; /* ops of the second role per 1000 of the first; NaN where there is
                                none */
    double late_ns_op;       /* of a paced role: from when ops were due to their begins; else NaN */
    double
        first_ns_op; /* of the role's first thread alone: the same PU for every case of a round */
    double jain, min_over_max;
    double cpu_ns_op, off_cpu_share;
    double own_op_ns;   /* the op with its lines in its own cache; NaN where nothing was sampled */
    double slow_ns;     /* an op that takes longer has waited for a line; NaN where none is known */
    double own_mean_ns; /* the same, as a mean: a coarse clock does not round it */
    /* What timed ops took longer than own_mean_ns, on average: sum of all less that of as many own
     * ops, which is unbiased where single ones are rounded to a clock's step. Interrupted ops are
     * left out as ns_op leaves out gaps. NaN where nothing was timed. */
    double wait_ns_op;
    double transfer_ns; /* what fetching a line that another PU modified adds; NaN: one thread */
    double costs[LB_COSTS]; /* by lb_cost_columns, of its round and placement; NaN: one thread */
    double sampled_share;   /* of the measured time: spent on timed ops; NaN of a paced role */
    double total_ops;
    struct lb_account account; /* sums over threads and windows */
    double start_ns;           /* of its first window, since that of the run's first; 0: unknown */
    int regime;                /* set by lb_run_regimes, LB_NO_REGIME among others; 0 before */
};

/* What one event counted in one sample. */
struct lb_tally {
    double count; /* scaled; NaN without a value */
    double ops;   /* over which it was counted: warm-up included */
    enum lb_count_state state;
    int error; /* errno behind a state without a value, 0 none */
};

/* All that was measured of one case: role by role, good rounds only, in order of time. */
struct lb_series {
    struct lb_sample *samples[2];          /* by role */
    struct lb_tally *tallies[2];           /* by role: n x the run's events; NULL without events */
    struct lb_latency_kept **latencies[2]; /* by role: one a sample; NULL where nothing was timed */
    size_t n;                              /* the same for all roles */
    float *probes;                         /* n x n_links: round trips around each sample */
    float *changes; /* n x n_links: the one after it over the one before; NULL: unknown */
    int n_links;
    unsigned attempts, spoiled; /* windows */
    /* First attempts at a window, and the spoiled ones of them, but for those in which the distance
     * changed and nothing else: what spoils one spoils its repeats, and a change of distance is
     * told by probes alone, whatever was measured between them. */
    unsigned tried, failed;
    unsigned object_residues[LB_LINE_BYTES],
        lock_residues[LB_LINE_BYTES]; /* good windows at each */
    unsigned pairs_known,
        pairs_sharing;      /* good windows in which threads 0 and 1 have locks; share a line */
    bool active;            /* still measured */
    unsigned precise_looks; /* the last ones in a row at which it was precise */
    unsigned settled_looks; /* likewise: at which its verdict was settled (lb_stats_settled_p) */
    bool rare;              /* so at two in a row: measured in a quarter of its rounds only */
    bool left_out;          /* for want of time: see lb_run.left_out */
};

enum lb_run_end {
    LB_RUN_PRECISE,     /* every pair is as narrow as asked */
    LB_RUN_BUDGET,      /* the time is spent */
    LB_RUN_ROUNDS,      /* the number of rounds asked for is done */
    LB_RUN_INTERRUPTED, /* *stop was set */
    LB_RUN_FAILED,      /* lb_run_measure returned an error */
};
const char *lb_run_end_name(enum lb_run_end end);

/* What the last look at the intervals saw of differences to a baseline, of roles of cases with a
 * pause: as verdicts with the usual margins, before they are corrected for their number. */
struct lb_run_look {
    size_t compared, decided, slower; /* compared is 0 before the first look */
};

struct lb_progress {
    unsigned round;
    unsigned rounds; /* asked for; 0: until precise */
    size_t window, windows_of_round, cases_active;
    double elapsed_s, budget_s; /* since lb_run_measure was called, and until it has to return */
    struct lb_run_look look;
    const char *case_name;
    double estimate_ns, estimate_lo_ns,
        estimate_hi_ns; /* its ns_op so far, first role, with a 95 % interval; NaN: not yet */
};

struct lb_run_options {
    uint64_t seed;
    /* From the call to its return, setting up included. A round is not begun that would end after
     * it; one that takes longer than those before it ends with the window in flight. INFINITY:
     * none.
     */
    double budget_s;
    unsigned rounds; /* exactly so many, the budget permitting; 0: until precise */
    /* Where the budget does not hold six rounds (or fewer, if fewer are asked for) at the pace of
     * this machine: measure fewer scenarios. First those without a pause go, which carry no
     * headline, then the others, each from the end of the plan. */
    bool fewer;
    double precision_ns;
    volatile sig_atomic_t *stop; /* looked at between windows; may be NULL */
    void (*progress)(const struct lb_progress *progress, void *data); /* may be NULL */
    void *data;
    bool emulated;
    const struct lb_event *events; /* borrowed while the run lives */
    size_t n_events;
    bool count_kernel;
    int at_once;           /* counters that run at once (lb_counter_report); 0: not known */
    uint64_t sample_every; /* mean gap between timed ops; 0: none; LB_SAMPLE_AUTO: by the op */
    const struct lb_counter_calls *calls; /* NULL: the system's */
    /* samples.csv of an interrupted run of the same plan, seed and events: what it holds counts as
     * measured, and the run goes on behind it. NULL: a new run. Its last window is cut off where a
     * role's row is missing, so `csv` has to be opened for appending, or after. */
    const char *resume;
    bool keep_buckets; /* latency histograms go into the rows, to be resumed from */
};
#define LB_SAMPLE_AUTO UINT64_MAX

/* How an event fared when the run began. */
struct lb_run_event {
    struct lb_event event;
    enum lb_count_state state; /* LB_COUNT_COUNTED: can be opened; else the reason that it cannot */
    char reason[256];          /* "", or why it could not be opened, or is not in some case */
    struct lb_event_code code;
    bool armed; /* a watch that ops hit: counted in windows of its own */
    int group;  /* which of the groups that take turns over the rounds; -1: in each */
};

/* No threshold for slow ops where a transfer takes fewer steps of the clock. */
#define LB_TRANSFER_STEPS 3.0
/* Armed windows stop after so many ops a thread: each hit costs about 10 us. */
#define LB_ARMED_OPS 1000

struct lb_run {
    const struct lb_plan *plan;
    struct lb_series *series;    /* one a case */
    unsigned rounds;             /* complete ones */
    size_t cases_left_out;       /* for want of time: never, or no longer, measured */
    char left_out[LB_WHY_BYTES]; /* their scenarios: "writers (work 0 ns), mixed (work 0 ns)" */
    double pace; /* what rounds took over what was planned for them; 1: as planned; NaN: no round */
    size_t windows, windows_spoiled;
    size_t spoiled_by[LB_SPOILED_KINDS]; /* of the spoiled ones that were not read back, by why */
    size_t dropped; /* samples: means of several windows between which the distance changed */
    size_t windows_resumed; /* of `windows`: read back */
    double elapsed_s;       /* since the first window of all; what lay between is not in it */
    double measured_s;      /* of it: in windows and their warm-ups, spoiled ones included */
    struct lb_run_event *events;
    size_t n_events;
    int n_groups, n_armed_groups; /* timed rounds and armed windows take turns by them */
    double timer_floor_ns;        /* median of two ordered time-stamps with nothing in between */
    double own_add_ns; /* median of a locked add between two time-stamps, on a line of its own */
    char sampling_note[160]; /* why no op is timed; "" when they are */
    double chain_ns;         /* ns per iteration of the pause's chain, at the start */
    int64_t steal_ticks;     /* over the whole run; -1 unknown */
    /* Other load on the CPUs that the placements use: while the run was set up, and from then on to
     * its end. */
    struct lb_load load_before, load;
    struct lb_clock clock;
    int n_regimes;     /* after lb_run_regimes */
    double *regime_ns; /* median round trip of each */
    int *main_regimes; /* see lb_run_main_regime */
    enum lb_run_end end;
    char arena_note[160];
};

/* Measures. Rows go to `csv` (NULL: none). Returns 0 also when interrupted; -EPROTO when what is to
 * be resumed is not of this plan, or lacks rows but for the last ones; -EXDEV when a PU went away
 * in mid-run (rows up to then are kept), -EBUSY when a lock was not idle after its window (a bug),
 * -ENOSPC and other errors of the CSV. On an error *run is set too when anything was measured and
 * nothing was wrong with what was to be resumed, so that it can be reported; what cannot be resumed
 * leaves the file untouched. */
int lb_run_measure(const struct lb_plan *plan, const struct lb_topology *topology,
                   const struct lb_run_options *options, struct lb_csv *csv, struct lb_why *why,
                   struct lb_run **run);
void lb_run_destroy(struct lb_run *run);

/* Parts the windows of each placement by lb_stats_regimes, link by link, and labels every sample; 0
 * is the regime with the lowest round trip. Idempotent. */
int lb_run_regimes(struct lb_run *run);

/* Values of a case and its partner in rounds where both have a good window of the same regime, in
 * round order. `left` and `right` hold up to max(series.n) values; returns their number. The
 * partner may be -1 (only the case's own values, right untouched), `regime` LB_ALL_REGIMES. */
#define LB_ALL_REGIMES (-1)
size_t lb_run_pairs(const struct lb_run *run, int a, int role_a, int b, int role_b, int regime,
                    double *left, double *right);

/* How a modified line was handed over, by lb_cost_columns of all rounds: the median ratio of the
 * first placement that has one (NaN: none; lb_handover_ratio), and unknown where placements differ.
 * Nothing is said of links on which a fetch takes fewer than LB_TRANSFER_STEPS of the clock.
 * -ENOMEM. */
int lb_run_handover(const struct lb_run *run, enum lb_handover *handover, double *ratio);

/* Ops of the role a second of wall time, all its threads together. */
static inline double lb_sample_rate(const struct lb_sample *sample)
{
    return 1e9 / sample->machine_ns_op;
}

/* Length of the longest series: what `left` and `right` must hold. */
size_t lb_run_longest(const struct lb_run *run);
/* The regime of a placement that tables show and precision is judged in: where the layouts have
 * most pairs with their bases in sum, of the same number most windows, and then the nearer one. */
int lb_run_main_regime(const struct lb_run *run, int placement);

/* Role of `b` that role `role` of `a` is compared to: the same where both have it, else 0. */
int lb_run_partner_role(const struct lb_run *run, int a, int role, int b);

LB_END_C

#endif
