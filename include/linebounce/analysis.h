/* SPDX-License-Identifier: MIT
 *
 * analysis: from a run's samples to one line per case, role and regime, with comparisons and
 * verdicts.
 */
#ifndef LINEBOUNCE_ANALYSIS_H
#define LINEBOUNCE_ANALYSIS_H

#include <linebounce/record.h>
#include <linebounce/run.h>

#include <stdbool.h>

/* Timed ops of all windows of a line, in ns; NaN where nothing was timed or too few were. */
struct lb_line_latency {
    double n; /* 0: none */
    double p50, p90, p99, p999, max;
    double own_op_ns, transfer_ns, slow_ns; /* medians over windows, as in lb_sample */
    double slow_per_kop;                    /* NaN without a threshold */
    double sampled_share;                   /* median */
};

/* What one event of the run counted in a line. */
struct lb_line_count {
    double per_op; /* sum over sum of the windows that counted it; NaN without a value */
    size_t windows;
    enum lb_count_state state; /* counted or scaled when there is a value, else the worst reason */
    int error;                 /* errno behind that reason, 0 none */
    bool unproved; /* it read 0, but so did the positive control: no value is given (per_op NaN) */
};
/* A positive control counts when it shows the event at least once in 1000 ops. */
#define LB_CONTROL_COUNT 1e-3
/* What stands for such a count where a state is asked for. */
#define LB_UNPROVED "unproved"

/* The kernel samples its split of CPU time into user and system by ticks of up to 10 ms: it is
 * given only over this much time of a case's threads. */
#define LB_SPLIT_LEAST_NS 1e9

/* One case, role and regime. */
struct lb_line {
    int case_index, role, regime;
    bool main_regime;        /* the regime in which the case has most windows */
    struct lb_summary ns_op; /* n is the number of windows */
    struct lb_estimate net; /* ns_op less that of empty in the same round; n 0 when there is none */
    double machine_ns_op, jain, min_over_max, cpu_ns_op, off_cpu_share; /* medians */
    /* Sums over sums, all windows. Off-CPU time is asleep or preempted (runnable, not running). */
    double cpu_ns_op_mean, off_cpu_ns_op_mean, preempted_ns_op_mean;
    double user_ns_op, system_ns_op; /* NaN over less than LB_SPLIT_LEAST_NS */
    /* Page faults, minor and major; per second as pft names them: of CPU time, of wall time. */
    double faults_per_op, major_faults_per_kop, faults_per_cpu_s, faults_per_wall_s;
    double voluntary_per_kop, involuntary_per_kop, fallbacks_per_kop, retries_per_kop;
    double spins_owner_per_op, spins_queue_per_op, spins_reader_per_op;
    double spin_limits_per_kop, steals_per_kop, sleeps_per_kop, wakes_per_kop, handoffs_per_kop;
    struct lb_line_latency latency;
    struct lb_line_count *counts; /* one an event of the run; the analysis owns it */
    size_t windows_other;
    bool compared;
    size_t pairs;
    struct lb_comparison comparison; /* only when compared */
};

/* Whether the shared and the apart control part as they must, at one placement and work. */
struct lb_control {
    int placement;
    double work_ns;
    bool measured;
    struct lb_estimate ratio, difference; /* shared against apart */
    bool parts; /* ratio at least LB_CONTROL_RATIO at work 0, difference at least LB_CONTROL_NS with
                   work */
};
#define LB_CONTROL_RATIO 1.5
#define LB_CONTROL_NS    5.0

/* The pause must not hide the cost: the difference of the controls at 100 and at 1000 ns agrees
 * within LB_SELF_CHECK_SHARE. */
#define LB_SELF_CHECK_SHARE 0.20
enum lb_self_check_state {
    LB_SELF_CHECK_NONE,   /* not measured (one thread, or without controls) */
    LB_SELF_CHECK_PASSED, /* the estimates agree */
    LB_SELF_CHECK_OPEN,   /* they do not, but their intervals allow agreement */
    LB_SELF_CHECK_FAILED, /* they do not: every column with work is refused */
};
struct lb_self_check {
    int placement;
    enum lb_self_check_state state;
    struct lb_estimate at_short, at_long; /* ns that sharing costs */
};

struct lb_analysis {
    const struct lb_run *run;
    struct lb_line *lines; /* in the plan's order, roles and regimes inside */
    size_t n_lines;
    struct lb_control *controls;
    size_t n_controls;
    struct lb_self_check *self_checks; /* one a placement */
    size_t n_self_checks;
};

/* Runs lb_run_regimes, then estimates everything. -ENOMEM, -EDOM. The run is borrowed. */
int lb_analysis_create(struct lb_run *run, const struct lb_margin *margin, uint64_t seed,
                       struct lb_analysis **analysis);
void lb_analysis_destroy(struct lb_analysis *analysis);

/* The line of a case and role in its main regime, or NULL when no window was good. */
const struct lb_line *lb_analysis_find(const struct lb_analysis *analysis, int case_index,
                                       int role);

/* What became of an event over all layouts: "counted" (*why is NULL) when any line has a value,
 * else "unproved" or a state's name, with the reason in *why (never NULL then). */
const char *lb_analysis_event(const struct lb_analysis *analysis, size_t event, const char **why);

/* Appends all lines to summary.csv. */
int lb_analysis_write(const struct lb_analysis *analysis, struct lb_csv *csv, struct lb_why *why);

#endif
