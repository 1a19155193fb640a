/* SPDX-License-Identifier: MIT
 *
 * Summaries and comparisons of each case, role and regime.
 */
#include "analysis_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the estimates of one line work with. */
struct desk {
    struct lb_analysis *a;
    struct lb_run *run;
    const struct lb_margin *margin;
    double *left, *right;
    struct pools *pools;
    size_t n_pools;
};

/* Correlation between rounds, over the cases that one table shows, of a role in a regime. */
struct pools {
    int like, role, regime;
    struct lb_pool net, difference;
};

enum measure { MACHINE, RATE, PER_KOP, LATE, JAIN, MIN_OVER_MAX, CPU, OFF_CPU };

static double pick(const struct lb_sample *s, enum measure what)
{
    switch (what) {
    case MACHINE:
        return s->machine_ns_op;
    case RATE:
        return lb_sample_rate(s);
    case PER_KOP:
        return s->per_kop_of_first;
    case LATE:
        return s->late_ns_op;
    case JAIN:
        return s->jain;
    case MIN_OVER_MAX:
        return s->min_over_max;
    case CPU:
        return s->cpu_ns_op;
    case OFF_CPU:
        return s->off_cpu_share;
    }
    return NAN;
}

static double median_of(struct desk *d, const struct lb_result *l, enum measure what)
{
    const struct lb_series *s = &d->run->series[l->case_index];
    double median = NAN;
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        double value = pick(&s->samples[l->role][i], what);
        if (s->samples[l->role][i].regime == l->regime && isfinite(value))
            d->left[n++] = value;
    }
    if (n)
        lb_stats_median(d->left, n, &median);
    return median;
}

static struct pools *pools_of(const struct desk *d, const struct lb_result *l)
{
    const struct lb_case *cases = d->run->plan->cases;

    for (size_t i = 0; i < d->n_pools; i++)
        if (d->pools[i].role == l->role && d->pools[i].regime == l->regime &&
            lb_case_is_beside(&cases[d->pools[i].like], &cases[l->case_index]))
            return &d->pools[i];
    return NULL;
}

/* The differences of a line to another case's rounds, into d->left. */
static size_t take_differences(struct desk *d, const struct lb_result *l, int other)
{
    int role = lb_run_partner_role(d->run, l->case_index, l->role, other);
    size_t n =
        lb_run_pairs(d->run, l->case_index, l->role, other, role, l->regime, d->left, d->right);

    for (size_t i = 0; i < n; i++)
        d->left[i] -= d->right[i];
    return n;
}

/* Adds what a line's rounds show of their correlation to those of its table. */
static int pool_line(struct desk *d, const struct lb_result *l)
{
    const struct lb_case *c = &d->run->plan->cases[l->case_index];
    struct pools *p = pools_of(d, l);
    size_t n;
    int err;

    if (!p) {
        p = &d->pools[d->n_pools++];
        *p = (struct pools){.like = l->case_index, .role = l->role, .regime = l->regime};
    }
    if (c->base >= 0 && (n = take_differences(d, l, c->base)) &&
        (err = lb_stats_pool(d->left, n, &p->difference)))
        return err;
    if (c->empty >= 0 && !lb_workload_paced(&c->shape, l->role) &&
        (n = take_differences(d, l, c->empty)))
        return lb_stats_pool(d->left, n, &p->net);
    return 0;
}

static int summarise(struct desk *d, struct lb_result *l)
{
    const struct lb_case *c = &d->run->plan->cases[l->case_index];
    size_t n = lb_run_pairs(d->run, l->case_index, l->role, -1, 0, l->regime, d->left, d->right);
    int err = lb_stats_summary(d->left, n, 0.95, &l->ns_op);

    if (err)
        return err;
    if (c->empty >= 0 && !lb_workload_paced(&c->shape, l->role) &&
        (n = take_differences(d, l, c->empty)) &&
        (err = lb_stats_location(d->left, n, 0.95, &pools_of(d, l)->net, &l->net)))
        return err;
    l->machine_ns_op = median_of(d, l, MACHINE);
    l->jain = median_of(d, l, JAIN);
    l->min_over_max = median_of(d, l, MIN_OVER_MAX);
    l->ops_per_s = lb_case_has_rates(c) ? median_of(d, l, RATE) : NAN;
    l->per_kop_of_first = median_of(d, l, PER_KOP);
    l->late_ns_op = median_of(d, l, LATE);
    l->cpu_ns_op = lb_workload_paced(&c->shape, l->role) ? NAN : median_of(d, l, CPU);
    l->off_cpu_share = median_of(d, l, OFF_CPU);
    lb_result_account(d->run, l);
    if ((err = lb_result_timed(d->run, d->left, d->right, l)))
        return err;
    return lb_result_counted(d->run, d->left, d->right, l);
}

static int compare(struct desk *d, struct lb_result *l)
{
    const struct lb_case *c = &d->run->plan->cases[l->case_index];
    const struct lb_series *own = &d->run->series[l->case_index], *other;
    struct lb_result base = {.case_index = c->base, .regime = l->regime};
    struct lb_pair pair = {
        .base_ns_op = d->right, .ns_op = d->left, .pool = &pools_of(d, l)->difference};
    double fairness;
    int err;

    if (c->base < 0)
        return 0;
    other = &d->run->series[c->base];
    base.role = lb_run_partner_role(d->run, l->case_index, l->role, c->base);
    fairness = median_of(d, &base, MIN_OVER_MAX);
    pair.min_over_max = fairness < l->min_over_max ? fairness : l->min_over_max;
    pair.spoiled_gap = lb_stats_rate_gap(own->failed, own->tried, other->failed, other->tried);
    pair.n = lb_run_pairs(d->run, l->case_index, l->role, c->base, base.role, l->regime, d->left,
                          d->right);
    if (!pair.n)
        return 0;
    if ((err = lb_stats_compare(&pair, d->margin, &l->comparison)))
        return err;
    l->compared = true;
    l->pairs = pair.n;
    return 0;
}

/* One line for every regime in which the case has a window. */
static int add_lines(struct desk *d, int case_index, int role)
{
    int main_regime = lb_run_main_regime(d->run, d->run->plan->cases[case_index].placement);

    for (int r = 0; r < d->run->n_regimes; r++) {
        struct lb_result *more;
        if (!lb_run_pairs(d->run, case_index, role, -1, 0, r, d->left, d->right))
            continue;
        more = realloc(d->a->lines, (d->a->n_lines + 1) * sizeof *more);
        if (!more)
            return -ENOMEM;
        d->a->lines = more;
        more[d->a->n_lines++] = (struct lb_result){
            .case_index = case_index, .role = role, .regime = r, .main_regime = r == main_regime};
    }
    return 0;
}

static int fill_lines(struct desk *d)
{
    struct lb_analysis *a = d->a;
    int err = 0;

    d->pools = calloc(a->n_lines + 1, sizeof *d->pools);
    if (!d->pools)
        return -ENOMEM;
    for (size_t i = 0; !err && i < a->n_lines; i++)
        err = pool_line(d, &a->lines[i]);
    for (size_t i = 0; !err && i < a->n_lines; i++)
        if (!(err = summarise(d, &a->lines[i])))
            err = compare(d, &a->lines[i]);
    free(d->pools);
    return err;
}

/* Holm's correction over the pairs of layouts; controls are no contest. */
static int decide(struct lb_analysis *a)
{
    struct lb_comparison *all = calloc(a->n_lines + 1, sizeof *all);
    size_t n = 0;
    int err = 0;

    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].compared &&
            lb_case_is_subject(&a->run->plan->cases[a->lines[i].case_index]))
            all[n++] = a->lines[i].comparison;
    if (n)
        err = lb_stats_holm(all, n);
    n = 0;
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].compared &&
            lb_case_is_subject(&a->run->plan->cases[a->lines[i].case_index]))
            a->lines[i].comparison = all[n++];
    free(all);
    return err;
}

int lb_analysis_create(struct lb_run *run, const struct lb_margin *margin,
                       struct lb_analysis **analysis)
{
    struct lb_analysis *a = calloc(1, sizeof *a);
    struct desk d = {.a = a, .run = run, .margin = margin};
    size_t longest = lb_run_longest(run);
    int err;

    d.left = calloc(longest + 1, sizeof *d.left);
    d.right = calloc(longest + 1, sizeof *d.right);
    err = a && d.left && d.right ? lb_run_regimes(run) : -ENOMEM;
    if (!err)
        a->run = run;
    for (size_t i = 0; !err && i < run->plan->n_cases; i++)
        for (int role = 0; !err && role < lb_case_roles(&run->plan->cases[i]); role++)
            err = add_lines(&d, (int)i, role);
    if (!err)
        err = fill_lines(&d);
    free(d.left);
    free(d.right);
    if (!err)
        err = lb_analysis_judge(a);
    if (!err) {
        lb_analysis_doubt_zeros(a);
        if (!(err = lb_analysis_expect(a)))
            err = decide(a);
    }
    if (err) {
        lb_analysis_destroy(a);
        return err;
    }
    *analysis = a;
    return 0;
}

void lb_analysis_destroy(struct lb_analysis *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n_lines; i++)
        free(a->lines[i].counts);
    free(a->lines);
    free(a->controls);
    free(a->self_checks);
    free(a);
}
