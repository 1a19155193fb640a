/* SPDX-License-Identifier: MIT
 *
 * run: measures a plan round by round.
 *
 * Every round runs each active case that is due (lb_case.every) once, in an order shuffled from the
 * seed, on memory drawn anew, with the roles rotated over the PUs, and between anchors. Every
 * window goes to samples.csv at once and stays in memory for the statistics.
 */
#ifndef LINEBOUNCE_RUN_H
#define LINEBOUNCE_RUN_H

#include <linebounce/crew.h>
#include <linebounce/plan.h>
#include <linebounce/record.h>
#include <linebounce/stats.h>

#include <signal.h>
#include <stdbool.h>

/* One role of a case in one round: a window, or the mean over the windows of a roaming layout's
 * residues, each counted equally. Counts are sums. */
struct lb_sample {
    unsigned round;
    double ns_op, machine_ns_op;
    double
        first_ns_op; /* of the role's first thread alone: the same PU for every case of a round */
    double jain, min_over_max;
    double cpu_ns_op, off_cpu_share;
    double total_ops;
    double voluntary, involuntary;
    double fallbacks, retries, spins, sleeps, handoffs;
    int regime; /* set by lb_run_regimes; 0 before */
};

/* All that was measured of one case: role by role, good rounds only, in order of time. */
struct lb_series {
    struct lb_sample *samples[2]; /* by role */
    size_t n;                     /* the same for all roles */
    float *probes;                /* n x n_links: round trips around each sample */
    int n_links;
    unsigned attempts, spoiled; /* windows */
    unsigned object_residues[LB_LINE_BYTES],
        lock_residues[LB_LINE_BYTES]; /* good windows at each */
    unsigned pairs_known,
        pairs_sharing; /* good windows in which threads 0 and 1 have locks; share a line */
    bool active;       /* still measured */
};

enum lb_run_end {
    LB_RUN_PRECISE,     /* every pair is as narrow as asked */
    LB_RUN_BUDGET,      /* the time is spent */
    LB_RUN_ROUNDS,      /* the number of rounds asked for is done */
    LB_RUN_INTERRUPTED, /* *stop was set */
};
const char *lb_run_end_name(enum lb_run_end end);

struct lb_progress {
    unsigned round;
    size_t window, windows_of_round, cases_active;
    double elapsed_s, budget_s;
    const char *case_name;
};

struct lb_run_options {
    uint64_t seed;
    double budget_s; /* for rounds; a round is not begun that would end after it */
    unsigned rounds; /* exactly so many, the budget permitting; 0: until precise */
    double precision_ns;
    volatile sig_atomic_t *stop; /* looked at between windows; may be NULL */
    void (*progress)(const struct lb_progress *progress, void *data); /* may be NULL */
    void *data;
    bool emulated;
};

struct lb_run {
    const struct lb_plan *plan;
    struct lb_series *series; /* one a case */
    unsigned rounds;          /* complete ones */
    size_t windows, windows_spoiled;
    double elapsed_s;
    double chain_ns;     /* ns per iteration of the pause's chain, at the start */
    int64_t steal_ticks; /* over the whole run; -1 unknown */
    struct lb_clock clock;
    int n_regimes;     /* after lb_run_regimes */
    double *regime_ns; /* median round trip of each */
    enum lb_run_end end;
    char arena_note[160];
};

/* Measures. Rows go to `csv` (NULL: none). Returns 0 also when interrupted; -EXDEV when a PU went
 * away in mid-run (rows up to then are kept), -EBUSY when a lock was not idle after its window (a
 * bug), -ENOSPC and other errors of the CSV. On an error *run is set too when anything was
 * measured, so that it can be reported. */
int lb_run_measure(const struct lb_plan *plan, const struct lb_topology *topology,
                   const struct lb_run_options *options, struct lb_csv *csv, struct lb_why *why,
                   struct lb_run **run);
void lb_run_destroy(struct lb_run *run);

/* Clusters the probes (factor 2, link by link) and labels every sample; 0 is the regime with the
 * lowest round trip. Idempotent. */
int lb_run_regimes(struct lb_run *run);

/* Values of a case and its partner in rounds where both have a good window of the same regime, in
 * round order. `left` and `right` hold up to max(series.n) values; returns their number. The
 * partner may be -1 (only the case's own values, right untouched), `regime` -1 for all. */
size_t lb_run_pairs(const struct lb_run *run, int a, int role_a, int b, int role_b, int regime,
                    double *left, double *right);

/* Length of the longest series: what `left` and `right` must hold. */
size_t lb_run_longest(const struct lb_run *run);
/* The regime in which a case has most pairs with its base (most windows, without a base or a pair).
 * left and right are scratch of lb_run_longest values. */
int lb_run_main_regime(const struct lb_run *run, int a, int role, double *left, double *right);

/* Role of `b` that role `role` of `a` is compared to: the same where both have it, else 0. */
int lb_run_partner_role(const struct lb_run *run, int a, int role, int b);

#endif
