/* SPDX-License-Identifier: MIT
 *
 * The decision which cases are measured on.
 */
#include "run_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Correlation between rounds by role, kept with the first case of those that one table shows. */
struct pools {
    struct lb_pool role[2];
};

struct desk {
    const struct lb_runner *bench;
    struct pools *pools; /* by case */
    double *left, *right;
    struct lb_run_look *look;
};

/* Own values, or differences to the base, in the regime that is shown, into d->left. */
static size_t take(const struct desk *d, size_t i, int role)
{
    const struct lb_run *run = d->bench->run;
    const struct lb_case *c = &run->plan->cases[i];
    int partner = c->base < 0 ? 0 : lb_run_partner_role(run, (int)i, role, c->base);
    size_t n = lb_run_pairs(run, (int)i, role, c->base, partner,
                            lb_run_main_regime(run, c->placement), d->left, d->right);

    for (size_t k = 0; c->base >= 0 && k < n; k++)
        d->left[k] -= d->right[k];
    return n;
}

/* The first case of the table that shows it. */
static size_t first_beside(const struct lb_plan *plan, size_t i)
{
    size_t j = plan->first_case[plan->cases[i].placement];

    while (j < i && !lb_case_is_beside(&plan->cases[j], &plan->cases[i]))
        j++;
    return j;
}

static int pool_all(const struct desk *d)
{
    const struct lb_plan *plan = d->bench->plan;
    int err = 0;

    for (size_t i = 0; !err && i < plan->n_cases; i++)
        for (int role = 0; !err && role < lb_case_roles(&plan->cases[i]); role++) {
            size_t n = plan->cases[i].base < 0 ? 0 : take(d, i, role);
            err = lb_stats_pool(d->left, n, &d->pools[first_beside(plan, i)].role[role]);
        }
    return err;
}

/* What the headline compares. */
static bool is_looked_at(const struct lb_case *c)
{
    return c->base >= 0 && !c->twin && c->work_ns > 0 && lb_case_is_subject(c);
}

static void see(const struct lb_case *c, const struct lb_estimate *e, double ns_op,
                struct lb_run_look *look)
{
    double margin = fmax(LB_MARGIN_NS, LB_MARGIN_SHARE * ns_op);

    if (!is_looked_at(c))
        return;
    look->decided += e->lo > margin || e->hi < -margin || (e->lo > -margin && e->hi < margin);
    look->slower += e->lo > margin;
}

/* Half-width of the difference to the base in the regime that is shown, and what it is judged by.
 */
static int is_precise(const struct desk *d, size_t i, int role, bool *precise)
{
    const struct lb_run *run = d->bench->run;
    const struct lb_case *c = &run->plan->cases[i];
    int regime = lb_run_main_regime(run, c->placement), err;
    size_t n = take(d, i, role);
    double ns_op, empty = 0;
    struct lb_estimate e;

    *precise = false;
    if (n < LB_FIRST_LOOK)
        return 0;
    if ((err = lb_stats_location(d->left, n, 0.95, &d->pools[first_beside(run->plan, i)].role[role],
                                 &e)))
        return err;
    n = lb_run_pairs(run, (int)i, role, -1, 0, regime, d->left, d->right);
    if ((err = lb_stats_median(d->left, n, &ns_op)))
        return err;
    see(c, &e, ns_op, d->look);
    n = c->empty < 0 || lb_workload_paced(&c->shape, role)
            ? 0
            : lb_run_pairs(run, c->empty, 0, -1, 0, LB_ALL_REGIMES, d->left, d->right);
    if (n && (err = lb_stats_median(d->left, n, &empty)))
        return err;
    *precise = lb_stats_precise((e.hi - e.lo) / 2, ns_op - empty, ns_op, c->work_ns,
                                d->bench->options->precision_ns);
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

/* A lucky spread makes one look narrow: twice in a row it has to be. */
#define PRECISE_LOOKS 2

static int mark_wide(const struct desk *d)
{
    const struct lb_plan *plan = d->bench->plan;
    int err = 0;

    for (size_t i = 0; !err && i < plan->n_cases; i++) {
        struct lb_series *s = &d->bench->run->series[i];
        bool all = is_judged(plan, i), precise = true, judged = all;
        for (int role = 0; judged && !err && role < lb_case_roles(&plan->cases[i]); role++) {
            err = is_precise(d, i, role, &precise);
            all &= precise;
            d->look->compared += is_looked_at(&plan->cases[i]);
        }
        s->precise_looks = all ? s->precise_looks + 1 : 0;
        s->active = is_judged(plan, i) && s->precise_looks < PRECISE_LOOKS && !s->left_out;
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
    struct lb_run_look look = {0, 0, 0};
    struct desk d = {.bench = b,
                     .pools = calloc(n, sizeof *d.pools),
                     .left = calloc(longest + 1, sizeof *d.left),
                     .right = calloc(longest + 1, sizeof *d.right),
                     .look = &look};
    int err = d.pools && d.left && d.right ? lb_run_regimes(b->run) : -ENOMEM;

    if (!err)
        err = pool_all(&d);
    if (!err)
        err = mark_wide(&d);
    free(d.pools);
    free(d.left);
    free(d.right);
    if (err)
        return err;
    b->look = look;
    keep_controls(b->plan, series);
    for (int pass = 0; pass < 2; pass++) /* a twin's base has a base of its own, but no deeper */
        for (size_t i = 0; i < n; i++) {
            const struct lb_case *c = &b->plan->cases[i];
            if (series[i].active && c->base >= 0)
                series[c->base].active = true;
            if (series[i].active && c->empty >= 0)
                series[c->empty].active = true;
        }
    return 0;
}
