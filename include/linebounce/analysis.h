/* SPDX-License-Identifier: MIT
 *
 * analysis: from a run's samples to one line per case, role and regime, with comparisons and
 * verdicts.
 */
#ifndef LINEBOUNCE_ANALYSIS_H
#define LINEBOUNCE_ANALYSIS_H

#include <linebounce/expected.h>
#include <linebounce/record.h>
#include <linebounce/run.h>

#include <stdbool.h>

LB_BEGIN_C

/* Timed ops of all windows of a line, in ns; NaN where nothing was timed or too few were. */
struct lb_result_latency {
    double n; /* 0: none */
    double p50, p90, p99, p999, max;
    double own_op_ns, transfer_ns, costs[LB_COSTS]; /* medians over windows, as in lb_sample */
    double own_mean_ns, wait_ns_op;                 /* means over windows */
    /* Above this an op has waited for a line: one threshold for all windows that are compared,
     * since a single window's is off by a whole step of the clock. The op's own time (mean over the
     * windows of the scenario's role with that kind of lock, in that regime) and half of a fetch
     * (mean over all windows of the placement in that regime). NaN where a fetch is under
     * LB_TRANSFER_STEPS of the clock, or there is nobody to fetch from. */
    double slow_ns;
    double slow_per_kop; /* NaN without a threshold */
    /* 95 % intervals over windows: of slow_per_kop, and of the percentiles (Woodruff's: the shares
     * of ops beyond that the windows allow, read off all of them). NaN where unknown. */
    struct lb_range {
        double lo, hi;
    } slow_range, p50_range, p90_range, p99_range, p999_range;
    double sampled_share; /* median */
};

/* What one event of the run counted in a line. */
struct lb_result_count {
    double per_op;   /* sum over sum of the windows that counted it; NaN without a value */
    double lo, hi;   /* its 95 % interval over windows (lb_stats_rate); NaN where unknown */
    double expected; /* by the model of lines (expected.h); NaN: nothing is */
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
struct lb_result {
    int case_index, role, regime;
    bool main_regime;        /* that of the placement, which tables show (lb_run_main_regime) */
    struct lb_summary ns_op; /* n is the number of windows */
    struct lb_estimate net;  /* ns_op less that of empty in the same round; n 0 when there is none,
                                and of  paced roles */
    double machine_ns_op, jain, min_over_max, cpu_ns_op, off_cpu_share; /* medians */
    double ops_per_s, per_kop_of_first, late_ns_op; /* medians, as in lb_sample; NaN: none */
    /* Sums over sums, all windows: each measure per so many ops as its row in lb_measures says.
     * wall_ns is not set. */
    struct lb_account per;
    /* Page faults, minor and major; per second as pft names them: of CPU time, of wall time. */
    double faults_per_op, faults_per_cpu_s, faults_per_wall_s;
    struct lb_result_latency latency;
    struct lb_result_count *counts; /* one an event of the run; the analysis owns it */
    enum lb_expectation expected;   /* of all that was counted */
    size_t windows_other;
    bool compared;
    size_t pairs;
    struct lb_comparison comparison; /* only when compared */
};

/* Whether the shared and the apart control part as they must: at work 0 their ratio is at least
 * LB_CONTROL_RATIO, with work their difference at least LB_CONTROL_NS. The interval has to say so,
 * not the estimate alone. */
enum lb_control_state {
    LB_CONTROL_NONE,  /* never measured in one round */
    LB_CONTROL_OPEN,  /* the interval allows either, or there are too few pairs for one */
    LB_CONTROL_PARTS, /* all of it lies at or above the bound */
    LB_CONTROL_FAILS, /* all of it lies below: this placement cannot answer */
};
/* At one placement, work and regime in which either was measured. */
struct lb_control {
    int placement, regime;
    double work_ns;
    enum lb_control_state state;
    struct lb_estimate ratio, difference; /* shared against apart, where measured */
};
#define LB_CONTROL_RATIO 1.5
#define LB_CONTROL_NS    5.0
/* Of the ends of the interval of the ratio (work 0) or the difference; NaN: there is none. */
enum lb_control_state lb_control_judge(double lo, double hi, double work_ns);

/* The pause must not hide the cost: the difference of the controls at 100 and at 1000 ns agrees
 * within LB_SELF_CHECK_SHARE. */
#define LB_SELF_CHECK_SHARE 0.20
enum lb_self_check_state {
    LB_SELF_CHECK_NONE,   /* not measured (one thread, or without controls) */
    LB_SELF_CHECK_PASSED, /* the estimates agree, and both intervals lie above 0 */
    LB_SELF_CHECK_OPEN,   /* not so, but their intervals allow agreement, or there is none */
    LB_SELF_CHECK_FAILED, /* they do not: every column with work is refused */
};
enum lb_self_check_state lb_self_check_judge(const struct lb_estimate *at_short,
                                             const struct lb_estimate *at_long);
struct lb_self_check {
    int placement, regime;
    enum lb_self_check_state state;
    struct lb_estimate at_short, at_long; /* ns that sharing costs */
};

/* How much the run was disturbed by what else ran on its CPUs. Threads that do not sleep are off
 * their CPU only when another has it: for 0.1 % of the time on a quiet machine, for 87 % beside
 * four busy loops on two CPUs. Windows that are good all the same are those of lucky moments. */
struct lb_disturbance {
    double off_cpu_share; /* of the good windows of cases that do not sleep; NaN: there are none */
    double spoiled_share; /* of all windows; NaN: there are none */
    bool busy;            /* off their CPU for more than LB_BUSY_OFF_CPU: no verdict stands */
};
#define LB_BUSY_OFF_CPU 0.10

struct lb_analysis {
    const struct lb_run *run;
    struct lb_disturbance disturbance;
    struct lb_result *lines; /* in the plan's order, roles and regimes inside */
    size_t n_lines;
    struct lb_control *controls;
    size_t n_controls;
    struct lb_self_check *self_checks; /* of each placement and regime with both works */
    size_t n_self_checks;
};

/* Cases whose roles act on one another are compared where both met the same rate: of a paced role
 * its ops a second, which are also to be what was set; else ops of the second role per 1000 of the
 * first. Rates that differ by more than this share, or fall short by it, leave no verdict. */
#define LB_RATES_APART_MOST 0.10
bool lb_rates_differ(double a, double b); /* NaN differs from nothing */
/* Ops a second that were set for a paced role, all its threads together; NaN of others. */
double lb_case_rate_set(const struct lb_case *c, int role);

/* Runs lb_run_regimes, then estimates everything. -ENOMEM, -EDOM. The run is borrowed.
 *
 * A verdict about lines that threads share is withheld (no_verdict says why) where the machine was
 * busy, where the case has one thread, and where the controls of its placement, work and regime
 * were not measured or are not seen to part; one about roles that act on one another where the two
 * cases met different rates. Holm's correction is over all others, of all regimes. */
int lb_analysis_create(struct lb_run *run, const struct lb_margin *margin,
                       struct lb_analysis **analysis);
void lb_analysis_destroy(struct lb_analysis *analysis);

/* The line of a case and role in the regime that tables show, or NULL when no window was good. */
const struct lb_result *lb_analysis_find(const struct lb_analysis *analysis, int case_index,
                                         int role);
/* The same in any regime. */
const struct lb_result *lb_analysis_find_in(const struct lb_analysis *analysis, int case_index,
                                            int role, int regime);

/* Whether anything is said of a placement in that regime: it is the one that tables show, or some
 * layout has an interval there. */
bool lb_analysis_reports(const struct lb_analysis *analysis, int placement, int regime);

/* What a run says of a lock inside the object, against a separate one: over all roles of all cases
 * with a pause and two threads or more whose baseline is a separate lock. */
enum lb_answer_kind {
    LB_ANSWER_COSTS,     /* slower somewhere */
    LB_ANSWER_NOTHING,   /* faster or the same everywhere */
    LB_ANSWER_NO_COST,   /* faster, the same or not slower everywhere */
    LB_ANSWER_UNDECIDED, /* some interval allows a cost, or there is none */
};
struct lb_answer {
    enum lb_answer_kind kind;
    int like, base; /* the first of its cases, which names layout and lock, and its baseline */
    int faster, same, not_slower, slower;
    int unresolved; /* a verdict of unequal shares (unfair) is none, nor is one of no pairs */
};
/* One for each inline layout and kind of lock, in the plan's order; built-in, a user's own and from
 * BTF alike. The caller frees the array; *n is 0 (and it NULL) where the run does not ask. */
int lb_analysis_answers(const struct lb_analysis *analysis, struct lb_answer **answers, size_t *n);
/* Whether a case belongs to the answer about the case `like`. */
bool lb_answer_covers(const struct lb_plan *plan, const struct lb_answer *answer, int case_index);
/* Whether it would ask, had it a second thread. */
bool lb_analysis_asks_alone(const struct lb_analysis *analysis);

/* Whether a case is there to show what it costs that threads share lines, which one thread does
 * not. What an instrument adds is no such question, nor is allocating, nor a lock that each thread
 * has for itself, nor the kernel's page faults. */
bool lb_case_is_about_sharing(const struct lb_case *c);
/* Why nothing can be said of what sharing costs in that case and regime: static text, or NULL. */
const char *lb_analysis_doubt(const struct lb_analysis *analysis, int case_index, int regime);

/* What became of an event over all layouts: "counted" (*why is NULL) when any line has a value,
 * else "unproved" or a state's name, with the reason in *why (never NULL then). */
const char *lb_analysis_event(const struct lb_analysis *analysis, size_t event, const char **why);

/* Appends all lines to summary.csv. */
int lb_analysis_write(const struct lb_analysis *analysis, struct lb_csv *csv, struct lb_why *why);

LB_END_C

#endif
