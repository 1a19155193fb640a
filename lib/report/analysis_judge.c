/* SPDX-License-Identifier: MIT
 *
 * What vouches for a run's verdicts, and takes them away where it does not: controls that part, a
 * pause that hides nothing, CPUs that nobody else keeps busy.
 */
#include "analysis_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum lb_control_state lb_control_judge(double lo, double hi, double work_ns)
{
    double bound = work_ns > 0 ? LB_CONTROL_NS : LB_CONTROL_RATIO;

    /* Without an interval the ends are infinite, a ratio's lower one 0. */
    return lo >= bound ? LB_CONTROL_PARTS : hi < bound ? LB_CONTROL_FAILS : LB_CONTROL_OPEN;
}

static enum lb_control_state control_state(const struct lb_comparison *k, double work_ns)
{
    const struct lb_estimate *e = work_ns > 0 ? &k->difference : &k->ratio;

    return lb_control_judge(e->lo, e->hi, work_ns);
}

/* The compared line of the shared control at that place, work and regime, or NULL. */
static const struct lb_result *control_line(const struct lb_analysis *a, int placement,
                                            double work_ns, int regime)
{
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        if (l->compared && l->regime == regime && c->placement == placement &&
            c->work_ns == work_ns && c->shape.scenario->purpose == LB_PURPOSE_SHARED_CONTROL)
            return l;
    }
    return NULL;
}

bool lb_analysis_reports(const struct lb_analysis *a, int placement, int regime)
{
    if (regime == lb_run_main_regime(a->run, placement))
        return true;
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_case *c = &a->run->plan->cases[l->case_index];
        if (l->regime == regime && c->placement == placement && lb_case_is_subject(c) &&
            l->compared && isfinite(l->comparison.difference.lo))
            return true;
    }
    return false;
}

static void add_control(struct lb_analysis *a, const struct lb_case *c, int regime)
{
    struct lb_control *k = &a->controls[a->n_controls++];
    const struct lb_result *l = control_line(a, c->placement, c->work_ns, regime);

    k->placement = c->placement;
    k->regime = regime;
    k->work_ns = c->work_ns;
    if (!l)
        return;
    k->ratio = l->comparison.ratio;
    k->difference = l->comparison.difference;
    k->state = control_state(&l->comparison, c->work_ns);
}

static int add_controls(struct lb_analysis *a)
{
    const struct lb_plan *plan = a->run->plan;

    a->controls = calloc(plan->n_cases * (size_t)a->run->n_regimes + 1, sizeof *a->controls);
    if (!a->controls)
        return -ENOMEM;
    for (int r = 0; r < a->run->n_regimes; r++)
        for (size_t i = 0; i < plan->n_cases; i++)
            if (plan->cases[i].shape.scenario->purpose == LB_PURPOSE_SHARED_CONTROL &&
                lb_analysis_reports(a, plan->cases[i].placement, r))
                add_control(a, &plan->cases[i], r);
    return 0;
}

/* Agreement within a fifth: of estimates that are both seen, or, where they are wide, of anything
 * in their intervals. */
enum lb_self_check_state lb_self_check_judge(const struct lb_estimate *s,
                                             const struct lb_estimate *l)
{
    double low = 1 - LB_SELF_CHECK_SHARE, high = 1 + LB_SELF_CHECK_SHARE;

    if (!isfinite(s->lo) || !isfinite(l->lo))
        return LB_SELF_CHECK_OPEN;
    if (s->lo > 0 && l->lo > 0 && l->value >= low * s->value && l->value <= high * s->value)
        return LB_SELF_CHECK_PASSED;
    if (l->hi >= fmin(low * s->lo, high * s->lo) && l->lo <= fmax(low * s->hi, high * s->hi))
        return LB_SELF_CHECK_OPEN;
    return LB_SELF_CHECK_FAILED;
}

static void self_check(const struct lb_analysis *a, struct lb_self_check *check)
{
    const struct lb_result *s =
        control_line(a, check->placement, LB_WORK_CHECK_SHORT_NS, check->regime);
    const struct lb_result *l =
        control_line(a, check->placement, LB_WORK_CHECK_LONG_NS, check->regime);

    if (!s || !l)
        return;
    check->at_short = s->comparison.difference;
    check->at_long = l->comparison.difference;
    check->state = lb_self_check_judge(&check->at_short, &check->at_long);
}

static int add_self_checks(struct lb_analysis *a)
{
    size_t n = a->run->plan->n_placements;

    a->self_checks = calloc(n * (size_t)a->run->n_regimes, sizeof *a->self_checks);
    if (!a->self_checks)
        return -ENOMEM;
    for (size_t p = 0; p < n; p++)
        for (int r = 0; r < a->run->n_regimes; r++) {
            struct lb_self_check *check = &a->self_checks[a->n_self_checks];
            if (!lb_analysis_reports(a, (int)p, r))
                continue;
            check->placement = (int)p;
            check->regime = r;
            self_check(a, check);
            a->n_self_checks++;
        }
    return 0;
}

/* What the controls say in the regime, which those of another distance do not. */
static enum lb_control_state vouched(const struct lb_analysis *a, int placement, double work_ns,
                                     int regime)
{
    const struct lb_result *l = control_line(a, placement, work_ns, regime);

    return l ? control_state(&l->comparison, work_ns) : LB_CONTROL_NONE;
}

static bool pause_hides(const struct lb_analysis *a, int placement, int regime)
{
    for (size_t i = 0; i < a->n_self_checks; i++)
        if (a->self_checks[i].placement == placement && a->self_checks[i].regime == regime)
            return a->self_checks[i].state == LB_SELF_CHECK_FAILED;
    return false;
}

bool lb_case_is_about_sharing(const struct lb_case *c)
{
    const struct lb_scenario *s = c->shape.scenario;

    return (s->subject->uses_layout || s->subject->uses_words) && !lb_scenario_churns(s) &&
           s->objects != LB_OBJECTS_APART && (!c->twin || c->instruments == LB_INSTRUMENTS);
}

const char *lb_analysis_doubt(const struct lb_analysis *a, int case_index, int regime)
{
    const struct lb_case *c = &a->run->plan->cases[case_index];
    static const char *const words[] = {
        [LB_CONTROL_NONE] =
            "the controls were not measured at this distance: nothing vouches for it",
        [LB_CONTROL_OPEN] = "the controls are not seen to part yet: too few windows, or too noisy",
        [LB_CONTROL_FAILS] = "the controls do not part: this placement cannot answer",
        [LB_CONTROL_PARTS] = NULL,
    };
    const char *why;

    if (lb_case_is_about_sharing(c) && c->shape.threads < 2)
        return "one thread alone shares no line";
    if (a->disturbance.busy)
        return "the machine was busy with other work";
    if (!lb_case_is_about_sharing(c))
        return NULL;
    if ((why = words[vouched(a, c->placement, c->work_ns, regime)]))
        return why;
    return c->work_ns > 0 && pause_hides(a, c->placement, regime)
               ? "the pause hides the cost of sharing: column refused"
               : NULL;
}

/* A reason from here says more than that pairs are few. */
static void withhold(struct lb_analysis *a)
{
    for (size_t i = 0; i < a->n_lines; i++) {
        struct lb_result *l = &a->lines[i];
        struct lb_comparison *k = &l->comparison;
        const char *why;
        if (!l->compared || !lb_case_is_subject(&a->run->plan->cases[l->case_index]) ||
            (k->no_verdict && !k->few) ||
            (!(why = lb_analysis_doubt(a, l->case_index, l->regime)) &&
             !(why = lb_analysis_rates(a, l))))
            continue;
        k->no_verdict = why;
        k->few = false;
    }
}

static void disturb(struct lb_analysis *a)
{
    struct lb_disturbance *d = &a->disturbance;
    const struct lb_run *run = a->run;
    double cpu_ns = 0, wall_ns = 0, windows = 0, spoiled = 0;

    for (size_t i = 0; i < run->plan->n_cases; i++) {
        const struct lb_series *s = &run->series[i];
        windows += s->attempts;
        spoiled += s->spoiled;
        for (int role = 0; role < lb_case_roles(&run->plan->cases[i]); role++)
            for (size_t k = 0; !run->plan->cases[i].blocks && k < s->n; k++) {
                cpu_ns += s->samples[role][k].account.cpu_ns;
                wall_ns += s->samples[role][k].account.wall_ns;
            }
    }
    d->off_cpu_share = wall_ns > 0 ? fmax(0, 1 - cpu_ns / wall_ns) : NAN;
    d->spoiled_share = windows > 0 ? spoiled / windows : NAN;
    d->busy = d->off_cpu_share > LB_BUSY_OFF_CPU;
}

int lb_analysis_judge(struct lb_analysis *a)
{
    int err = add_controls(a);

    if (!err)
        err = add_self_checks(a);
    if (err)
        return err;
    disturb(a);
    withhold(a);
    return 0;
}
