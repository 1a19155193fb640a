/* SPDX-License-Identifier: MIT
 *
 * The decision which cases are measured on.
 */
#include "run_private.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Of a case, by role: its rounds, NULL without one; and correlation between rounds, kept with the
 * first case of those that one table shows. */
struct roles {
    struct lb_location *at[2];
    struct lb_pool pool[2];
};

struct desk {
    const struct lb_runner *bench;
    double settled_p;
    struct roles *roles; /* by case */
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

static int locate_all(const struct desk *d)
{
    const struct lb_plan *plan = d->bench->plan;
    int err = 0;

    for (size_t i = 0; i < plan->n_cases; i++)
        for (int role = 0; is_judged(plan, i) && role < lb_case_roles(&plan->cases[i]); role++) {
            struct lb_location **at = &d->roles[i].at[role];
            size_t n = take(d, i, role);
            if (n && (err = lb_stats_locate(d->left, n, at)))
                return err;
            if (n && plan->cases[i].base >= 0)
                lb_stats_pool_location(*at, &d->roles[first_beside(plan, i)].pool[role]);
        }
    return 0;
}

/* What the headline compares. */
static bool is_looked_at(const struct lb_case *c)
{
    return c->base >= 0 && !c->twin && c->work_ns > 0 && lb_case_is_subject(c);
}

static void see(const struct lb_case *c, const struct lb_estimate *e, double margin,
                struct lb_run_look *look)
{
    if (!is_looked_at(c))
        return;
    look->compared++;
    look->decided += e->n >= LB_FIRST_LOOK && (e->lo > margin || e->hi < margin);
    look->slower += e->n >= LB_FIRST_LOOK && e->lo > margin;
}

/* What a look says of a case, of all its roles. */
struct standing {
    bool precise; /* its interval is as narrow as asked */
    bool settled; /* what it says of the margin is beyond doubt */
};

/* Median net_ns_op's other half: of empty's rounds, whatever their regime; 0 where none is taken
 * off. */
static int empty_ns(const struct desk *d, const struct lb_case *c, int role, double *ns)
{
    size_t n =
        c->empty < 0 || lb_workload_paced(&c->shape, role)
            ? 0
            : lb_run_pairs(d->bench->run, c->empty, 0, -1, 0, LB_ALL_REGIMES, d->left, d->right);

    *ns = 0;
    return n ? lb_stats_median(d->left, n, ns) : 0;
}

/* The difference to the base in the regime that is shown: how wide it is beside what it is judged
 * by, and on which side of the margin it lies. */
static int stand(const struct desk *d, size_t i, int role, struct standing *all)
{
    const struct lb_run *run = d->bench->run;
    const struct lb_case *c = &run->plan->cases[i];
    int regime = lb_run_main_regime(run, c->placement), err;
    size_t n = lb_run_pairs(run, (int)i, role, -1, 0, regime, d->left, d->right);
    double ns_op = 0, empty = 0, margin, p = 1;
    const struct lb_pool *pool = &d->roles[first_beside(run->plan, i)].pool[role];
    struct lb_estimate e = {.n = 0};

    if (n && ((err = lb_stats_median(d->left, n, &ns_op)) || (err = empty_ns(d, c, role, &empty))))
        return err;
    margin = fmax(LB_MARGIN_NS, LB_MARGIN_SHARE * ns_op);
    if (d->roles[i].at[role] && (err = lb_stats_beside(d->roles[i].at[role], margin, pool, &e, &p)))
        return err;
    see(c, &e, margin, d->look);
    all->precise &=
        e.n >= LB_FIRST_LOOK && lb_stats_precise((e.hi - e.lo) / 2, ns_op - empty, ns_op,
                                                 c->work_ns, d->bench->options->precision_ns);
    all->settled &=
        e.n >= LB_FIRST_LOOK && c->base >= 0 && lb_case_is_subject(c) && p <= d->settled_p;
    return 0;
}

/* Rows that a verdict is asked of in one regime. */
static size_t count_judged(const struct lb_plan *plan)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_cases; i++)
        if (plan->cases[i].base >= 0 && lb_case_is_subject(&plan->cases[i]))
            n += (size_t)lb_case_roles(&plan->cases[i]);
    return n;
}

/* A lucky spread makes one look narrow: twice in a row it has to be. */
#define LOOKS 2

/* Asked for, and not reached yet: the run goes on for it. */
static bool is_wide(const struct lb_plan *plan, const struct lb_series *series, size_t i)
{
    return is_judged(plan, i) && series[i].precise_looks < LOOKS && !series[i].left_out;
}

/* As narrow as asked, and still on both sides of the margin: worth its time while others take
 * theirs. */
static bool is_open(const struct lb_plan *plan, const struct lb_series *series, size_t i)
{
    return is_looked_at(&plan->cases[i]) && series[i].settled_looks < LOOKS && !series[i].left_out;
}

static int look_at_all(const struct desk *d)
{
    const struct lb_plan *plan = d->bench->plan;
    bool widths = lb_stats_look(d->bench->round) == d->bench->round;
    int err = 0;

    for (size_t i = 0; !err && i < plan->n_cases; i++) {
        struct lb_series *s = &d->bench->run->series[i];
        struct standing all = {is_judged(plan, i), is_judged(plan, i)};
        for (int role = 0; is_judged(plan, i) && !err && role < lb_case_roles(&plan->cases[i]);
             role++)
            err = stand(d, i, role, &all);
        if (widths)
            s->precise_looks = all.precise ? s->precise_looks + 1 : 0;
        s->settled_looks = all.settled ? s->settled_looks + 1 : 0;
    }
    return err;
}

static void choose(const struct lb_plan *plan, struct lb_series *series)
{
    bool goes_on = false;

    for (size_t i = 0; i < plan->n_cases; i++)
        goes_on |= is_wide(plan, series, i);
    for (size_t i = 0; i < plan->n_cases; i++) {
        series[i].active = goes_on && (is_wide(plan, series, i) || is_open(plan, series, i));
        series[i].rare = series[i].settled_looks >= LOOKS;
    }
}

/* Controls vouch in every regime that comes: they stay while any layout of the placement does. */
static void keep_controls(const struct lb_plan *plan, struct lb_series *series)
{
    for (size_t i = 0; i < plan->n_cases; i++) {
        const struct lb_case *c = &plan->cases[i];
        if (c->shape.scenario->purpose != LB_PURPOSE_SHARED_CONTROL || series[i].left_out)
            continue;
        series[i].rare = series[i].precise_looks >= LOOKS;
        for (size_t j = 0; j < plan->n_cases && !series[i].active; j++)
            series[i].active = series[j].active && plan->cases[j].placement == c->placement &&
                               lb_case_is_subject(&plan->cases[j]);
    }
}

/* What a case is held against is measured whenever the case is. */
static void keep(struct lb_series *series, const struct lb_series *user, int partner)
{
    struct lb_series *s = &series[partner];

    s->rare = user->rare && (s->rare || !s->active);
    s->active = true;
}

/* A case stays while its own pair is wide or undecided; bases and empties stay while somebody needs
 * them. */
int lb_runner_look(struct lb_runner *b)
{
    size_t n = b->plan->n_cases, longest = lb_run_longest(b->run);
    struct lb_series *series = b->run->series;
    struct lb_run_look look = {0, 0, 0};
    struct desk d = {.bench = b,
                     .settled_p = lb_stats_settled_p(count_judged(b->plan)),
                     .roles = calloc(n, sizeof *d.roles),
                     .left = calloc(longest + 1, sizeof *d.left),
                     .right = calloc(longest + 1, sizeof *d.right),
                     .look = &look};
    int err = d.roles && d.left && d.right ? lb_run_regimes(b->run) : -ENOMEM;

    if (!err)
        err = locate_all(&d);
    if (!err)
        err = look_at_all(&d);
    for (size_t i = 0; d.roles && i < n; i++)
        for (int role = 0; role < 2; role++)
            lb_stats_location_drop(d.roles[i].at[role]);
    free(d.roles);
    free(d.left);
    free(d.right);
    if (err)
        return err;
    b->look = look;
    choose(b->plan, series);
    keep_controls(b->plan, series);
    for (int pass = 0; pass < 2; pass++) /* a twin's base has a base of its own, but no deeper */
        for (size_t i = 0; i < n; i++) {
            const struct lb_case *c = &b->plan->cases[i];
            if (series[i].active && c->base >= 0)
                keep(series, &series[i], c->base);
            if (series[i].active && c->empty >= 0)
                keep(series, &series[i], c->empty);
        }
    return 0;
}

/* Rounds between looks at what is settled, which are cheap in luck: a sixteenth of those so far. */
#define SETTLE_ROUNDS 5

bool lb_runner_looks(unsigned round)
{
    unsigned step = SETTLE_ROUNDS;

    while (step <= round / 16)
        step *= 2;
    return round >= LB_FIRST_LOOK && (round % step == 0 || lb_stats_look(round) == round);
}

/* Of 32 times that a rare case would be due it is at 8, one after the other: neighbours in a series
 * are then still neighbours in time, which is what shows how much rounds correlate, and roles and
 * residues take all their turns. */
#define STRETCH 8
#define RARELY  4

bool lb_runner_is_due(const struct lb_runner *b, size_t case_index)
{
    const struct lb_series *s = &b->run->series[case_index];
    unsigned every = (unsigned)b->plan->cases[case_index].every;

    return s->active && b->round % every == 0 &&
           (!s->rare || b->round / every / STRETCH % RARELY == 0);
}
