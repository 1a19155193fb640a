/* SPDX-License-Identifier: MIT
 *
 * The decision which cases are measured on.
 */
#include "run_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Half-width of the difference to the base in the regime that is shown, and what it is judged by.
 * left and right are scratch. */
static int is_precise(const struct lb_runner *b, int i, int role, double *left, double *right,
                      bool *precise)
{
    const struct lb_case *c = &b->plan->cases[i];
    const struct lb_run *run = b->run;
    int partner = c->base < 0 ? 0 : lb_run_partner_role(run, i, role, c->base);
    int regime = lb_run_main_regime(run, c->placement), err;
    size_t n = lb_run_pairs(run, i, role, c->base, partner, regime, left, right);
    double ns_op, empty = 0;
    struct lb_estimate e;

    *precise = false;
    if (n < LB_FIRST_LOOK)
        return 0;
    if ((err = lb_stats_median(left, n, &ns_op)))
        return err;
    for (size_t k = 0; c->base >= 0 && k < n; k++)
        left[k] -= right[k];
    if ((err = lb_stats_location(left, n, 0.95, b->options->seed, &e)))
        return err;
    n = c->empty < 0 || lb_workload_paced(&c->shape, role)
            ? 0
            : lb_run_pairs(run, c->empty, 0, -1, 0, -1, left, right);
    if (n && (err = lb_stats_median(left, n, &empty)))
        return err;
    *precise = lb_stats_precise((e.hi - e.lo) / 2, ns_op - empty, ns_op, c->work_ns,
                                b->options->precision_ns);
    return 0;
}

/* A layout that nothing is compared to is judged by itself; a base only serves its pairs. */
static bool is_judged(const struct lb_plan *plan, size_t i)
{
    if (lb_case_is_first(&plan->cases[i]))
        return false;
    if (plan->cases[i].base >= 0)
        return true;
    for (size_t j = 0; j < plan->n_cases; j++)
        if (plan->cases[j].base == (int)i)
            return false;
    return lb_case_is_subject(&plan->cases[i]);
}

static int mark_wide(struct lb_runner *b, double *left, double *right)
{
    int err = 0;

    for (size_t i = 0; !err && i < b->plan->n_cases; i++) {
        const struct lb_case *c = &b->plan->cases[i];
        bool judged = is_judged(b->plan, i), all = judged, precise = true;
        for (int role = 0; all && !err && role < lb_case_roles(c); role++) {
            err = is_precise(b, (int)i, role, left, right, &precise);
            all = precise;
        }
        b->run->series[i].active = judged && !all && !b->run->series[i].left_out;
    }
    return err;
}

/* Controls vouch in every regime that comes: they stay while any layout of the placement does. */
static void keep_controls(const struct lb_plan *plan, struct lb_series *series)
{
    for (size_t i = 0; i < plan->n_cases; i++) {
        const struct lb_case *c = &plan->cases[i];
        if (c->shape.scenario->purpose != LB_PURPOSE_SHARED_CONTROL || series[i].left_out)
            continue;
        for (size_t j = 0; j < plan->n_cases && !series[i].active; j++)
            series[i].active = series[j].active && plan->cases[j].placement == c->placement &&
                               lb_case_is_subject(&plan->cases[j]);
    }
}

/* A case stays while its own pair is wide; bases and empties stay while somebody needs them. */
int lb_runner_stop_precise(struct lb_runner *b)
{
    size_t n = b->plan->n_cases, longest = lb_run_longest(b->run);
    struct lb_series *series = b->run->series;
    double *left = calloc(longest + 1, sizeof *left), *right = calloc(longest + 1, sizeof *right);
    int err = left && right ? lb_run_regimes(b->run) : -ENOMEM;

    if (!err)
        err = mark_wide(b, left, right);
    if (!err)
        keep_controls(b->plan, series);
    free(left);
    free(right);
    for (int pass = 0; pass < 2; pass++) /* a twin's base has a base of its own, but no deeper */
        for (size_t i = 0; i < n; i++) {
            const struct lb_case *c = &b->plan->cases[i];
            if (series[i].active && c->base >= 0)
                series[c->base].active = true;
            if (series[i].active && c->empty >= 0)
                series[c->empty].active = true;
        }
    return err;
}
