/* SPDX-License-Identifier: MIT
 *
 * From pairs of windows to a verdict, and Holm's correction over many.
 */
#include "stats_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Shares of ops below which a time per op is that of the luckier thread (design: unfair). */
#define UNFAIR_BELOW 0.5

/* Largest corrected p value of a winner: of a hundred runs one may hold a false one. */
#define P_MOST 0.01

size_t lb_stats_look(size_t n)
{
    size_t look = LB_FIRST_LOOK;
    while (look < n) {
        if (look > SIZE_MAX / 2)
            return SIZE_MAX;
        look += (look + 1) / 2;
    }
    return look;
}

/* Holm's first step takes twice the p value times n; half of what it allows is left to luck. */
double lb_stats_settled_p(size_t n)
{
    return fmin(LB_SETTLED_P, P_MOST / 4 / fmax(1, (double)n));
}

const char *lb_verdict_name(enum lb_verdict verdict)
{
    static const char *const names[] = {
        [LB_VERDICT_UNRESOLVED] = "unresolved", [LB_VERDICT_SAME] = "same",
        [LB_VERDICT_FASTER] = "faster",         [LB_VERDICT_SLOWER] = "slower",
        [LB_VERDICT_NOT_SLOWER] = "not slower",
    };
    return (size_t)verdict < LB_COUNT(names) ? names[verdict] : "unknown";
}

/* Estimates of the ratio and the difference, and the p value. d is scratch for n values. To first
 * order logarithms of ratios are differences over the base. */
static int pair_estimates(const struct lb_pair *pair, double base, double *d,
                          struct lb_comparison *c)
{
    struct lb_pool relative = pair->pool ? *pair->pool : (struct lb_pool){0};

    relative.variances /= base * base;
    relative.covariances /= base * base;
    for (size_t i = 0; i < pair->n; i++) {
        if (!(pair->base_ns_op[i] > 0 && pair->ns_op[i] > 0))
            return -EDOM;
        d[i] = log(pair->ns_op[i]) - log(pair->base_ns_op[i]);
    }
    int err = lb_stats_location(d, pair->n, LB_STATS_CONFIDENCE, &relative, &c->ratio);
    if (err)
        return err;
    c->ratio.value = exp(c->ratio.value);
    c->ratio.lo = exp(c->ratio.lo);
    c->ratio.hi = exp(c->ratio.hi);
    for (size_t i = 0; i < pair->n; i++)
        d[i] = pair->ns_op[i] - pair->base_ns_op[i];
    err = lb_stats_beyond(d, pair->n, c->margin_ns, pair->pool, &c->difference, &c->p);
    c->p = fmin(1, 2 * c->p); /* the better of two looks, above and below */
    return err;
}

static bool spoiled_apart(const struct lb_pair *pair)
{
    return pair->spoiled_gap > LB_RATE_GAP_MOST;
}

static const char *no_verdict(const struct lb_pair *pair)
{
    if (spoiled_apart(pair))
        return "the rates of spoiled windows differ by more than 10 points";
    if (pair->n < LB_FIRST_LOOK)
        return "fewer than 20 pairs of windows";
    return NULL;
}

int lb_stats_compare(const struct lb_pair *pair, const struct lb_margin *margin,
                     struct lb_comparison *comparison)
{
    if (!(margin->ns >= 0 && margin->share >= 0))
        return -EINVAL;
    if (!isfinite(pair->min_over_max) || !isfinite(pair->spoiled_gap))
        return -EDOM;
    double base;
    int err = lb_stats_median(pair->base_ns_op, pair->n, &base);
    if (err)
        return err;
    struct lb_comparison c = {
        .margin_ns = fmax(margin->ns, margin->share * base),
        .min_over_max = pair->min_over_max,
        .verdict = LB_VERDICT_UNRESOLVED,
        .no_verdict = no_verdict(pair),
    };
    if (!isfinite(c.margin_ns))
        return -EDOM;
    double *d = calloc(pair->n, sizeof *d);
    if (!d)
        return -ENOMEM;
    err = pair_estimates(pair, base, d, &c);
    free(d);
    if (err)
        return err;
    c.p_holm = c.p;
    c.few = pair->n < LB_FIRST_LOOK && !spoiled_apart(pair);
    *comparison = c;
    return 0;
}

/* Only the number of pairs stands against some verdicts. */
static bool is_withheld(const struct lb_comparison *c)
{
    return c->no_verdict && !c->few;
}

static bool may_win(const struct lb_comparison *c)
{
    return !c->no_verdict && c->difference.n >= LB_FIRST_LOOK;
}

/* The ratio may not contradict the difference: with rounds of very different cost the two can point
 * to different sides. */
static enum lb_verdict winner_of(const struct lb_comparison *c)
{
    const struct lb_estimate *d = &c->difference;

    if (!(c->p_holm <= P_MOST))
        return LB_VERDICT_UNRESOLVED;
    if (d->lo > c->margin_ns && c->ratio.lo > 1)
        return LB_VERDICT_SLOWER;
    if (d->hi < -c->margin_ns && c->ratio.hi < 1)
        return LB_VERDICT_FASTER;
    return LB_VERDICT_UNRESOLVED;
}

/* What the intervals and the corrected p value say. */
static enum lb_verdict verdict_of(const struct lb_comparison *c)
{
    const struct lb_estimate *d = &c->difference;
    enum lb_verdict verdict = LB_VERDICT_UNRESOLVED;

    if (is_withheld(c))
        return verdict;
    if (may_win(c) && d->lo > -c->margin_ns && d->hi < c->margin_ns)
        return LB_VERDICT_SAME;
    if (may_win(c))
        verdict = winner_of(c);
    if (verdict == LB_VERDICT_UNRESOLVED && d->n >= LB_FEWEST_NOT_SLOWER && d->hi < c->margin_ns)
        verdict = LB_VERDICT_NOT_SLOWER;
    return verdict;
}

struct ranked {
    double p;
    size_t index;
};

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    return (a->p > b->p) - (a->p < b->p);
}

/* Step down: the k-th smallest of n p values times those that are left. */
static void correct(struct lb_comparison *comparisons, struct ranked *ranked, size_t n)
{
    double p_holm = 0;

    qsort(ranked, n, sizeof *ranked, compare_ranked);
    for (size_t i = 0; i < n; i++) {
        p_holm = fmin(1, fmax(p_holm, (double)(n - i) * ranked[i].p));
        comparisons[ranked[i].index].p_holm = p_holm;
    }
}

int lb_stats_holm(struct lb_comparison *comparisons, size_t n)
{
    struct ranked *ranked;
    size_t judged = 0;

    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!(comparisons[i].p >= 0 && comparisons[i].p <= 1))
            return -EDOM;
    if (!(ranked = calloc(n, sizeof *ranked)))
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        comparisons[i].p_holm = NAN;
        if (may_win(&comparisons[i]))
            ranked[judged++] = (struct ranked){comparisons[i].p, i};
    }
    correct(comparisons, ranked, judged);
    free(ranked);
    for (size_t i = 0; i < n; i++) {
        struct lb_comparison *c = &comparisons[i];
        c->verdict = verdict_of(c);
        if (c->few && c->verdict == LB_VERDICT_NOT_SLOWER)
            c->no_verdict = NULL;
        bool winner = c->verdict == LB_VERDICT_FASTER || c->verdict == LB_VERDICT_SLOWER;
        c->unfair = winner && c->min_over_max < UNFAIR_BELOW;
    }
    return 0;
}
