/* SPDX-License-Identifier: MIT
 *
 * Regimes, pairs, and the decision which cases are measured on.
 */
#include "run_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Regimes are parted by at least this factor in a round trip (seen: 5 to 6 between core complexes).
 */
#define REGIME_FACTOR 2.0

int lb_run_partner_role(const struct lb_run *run, int a, int role, int b)
{
    return lb_case_roles(&run->plan->cases[a]) == lb_case_roles(&run->plan->cases[b]) ? role : 0;
}

size_t lb_run_pairs(const struct lb_run *run, int a, int role_a, int b, int role_b, int regime,
                    double *left, double *right)
{
    const struct lb_series *sa = &run->series[a], *sb = b < 0 ? NULL : &run->series[b];
    size_t j = 0, n = 0;

    for (size_t i = 0; i < sa->n; i++) {
        const struct lb_sample *x = &sa->samples[role_a][i], *y;
        if (regime >= 0 && x->regime != regime)
            continue;
        if (!sb) {
            left[n++] = x->ns_op;
            continue;
        }
        while (j < sb->n && sb->samples[role_b][j].round < x->round)
            j++;
        if (j == sb->n)
            break;
        y = &sb->samples[role_b][j];
        if (y->round != x->round || (regime >= 0 && y->regime != regime))
            continue;
        left[n] = x->ns_op;
        right[n++] = y->ns_op;
    }
    return n;
}

/* Gathers one link's round trips over all cases of a placement, clusters them, and returns the
 * labels in the order of cases and samples. */
static int cluster_link(const struct lb_run *run, int placement, int link, double *values,
                        int *labels, int *n_clusters)
{
    size_t n = 0;

    for (size_t i = 0; i < run->plan->n_cases; i++) {
        const struct lb_series *s = &run->series[i];
        for (size_t k = 0; run->plan->cases[i].placement == placement && k < s->n; k++)
            values[n++] = (double)s->probes[k * (size_t)s->n_links + (size_t)link];
    }
    return n ? lb_stats_cluster(values, n, REGIME_FACTOR, labels, n_clusters) : 0;
}

/* Labels of several links become one number: mixed radix, folded into the samples' labels. */
static void fold_labels(struct lb_run *run, int placement, const int *labels, int n_clusters)
{
    size_t n = 0;

    for (size_t i = 0; i < run->plan->n_cases; i++) {
        struct lb_series *s = &run->series[i];
        for (size_t k = 0; run->plan->cases[i].placement == placement && k < s->n; k++, n++)
            for (int role = 0; role < lb_case_roles(&run->plan->cases[i]); role++) {
                struct lb_sample *x = &s->samples[role][k];
                x->regime = x->regime * n_clusters + labels[n];
            }
    }
}

/* Index of the label in the list, to which it is added when it is new. */
static int index_of(int *list, int *n, int label)
{
    for (int i = 0; i < *n; i++)
        if (list[i] == label)
            return i;
    list[*n] = label;
    return (*n)++;
}

/* Numbers the labels of a placement by their first appearance, from `from` on: links that never
 * change leave no holes. `seen` is scratch for as many labels as there are windows. Returns how
 * many there are. */
static int close_ranks(struct lb_run *run, int placement, int from, int *seen)
{
    int n = 0;

    for (size_t i = 0; i < run->plan->n_cases; i++) {
        struct lb_series *s = &run->series[i];
        for (size_t k = 0; run->plan->cases[i].placement == placement && k < s->n; k++)
            for (int role = 0; role < lb_case_roles(&run->plan->cases[i]); role++) {
                struct lb_sample *x = &s->samples[role][k];
                x->regime = from + index_of(seen, &n, x->regime);
            }
    }
    return n;
}

struct regime {
    int label;
    double ns;
};

static int by_round_trip(const void *a, const void *b)
{
    const struct regime *x = a, *y = b;

    return x->ns != y->ns ? (x->ns > y->ns) - (x->ns < y->ns) : x->label - y->label;
}

static double mean_probe(const struct lb_series *s, size_t k)
{
    double sum = 0;

    for (int i = 0; i < s->n_links; i++)
        sum += (double)s->probes[k * (size_t)s->n_links + (size_t)i];
    return sum / s->n_links;
}

/* The median round trip over the windows with that label, of rings the mean of their links. */
static int regime_median(const struct lb_run *run, int label, double *values, double *ns)
{
    size_t n = 0;

    for (size_t i = 0; i < run->plan->n_cases; i++)
        for (size_t k = 0; run->series[i].n_links && k < run->series[i].n; k++)
            if (run->series[i].samples[0][k].regime == label)
                values[n++] = mean_probe(&run->series[i], k);
    return lb_stats_median(values, n, ns);
}

static void relabel(struct lb_run *run, const int *rank)
{
    for (size_t i = 0; i < run->plan->n_cases; i++)
        for (int role = 0; role < lb_case_roles(&run->plan->cases[i]); role++)
            for (size_t k = 0; run->series[i].n_links && k < run->series[i].n; k++) {
                struct lb_sample *x = &run->series[i].samples[role][k];
                x->regime = rank[x->regime];
            }
}

/* Renumbers n labels by rising round trip and keeps the median of each. A case of one thread has
 * none: 0. */
static int number_regimes(struct lb_run *run, int n, double *values, int *rank)
{
    struct regime *list = calloc((size_t)n + 1, sizeof *list);
    double *ns = calloc((size_t)n + 1, sizeof *ns);
    int err = list && ns ? 0 : -ENOMEM;

    for (int i = 0; !err && i < n; i++) {
        list[i].label = i;
        err = regime_median(run, i, values, &list[i].ns);
    }
    if (err) {
        free(list);
        free(ns);
        return err;
    }
    qsort(list, (size_t)n, sizeof *list, by_round_trip);
    for (int i = 0; i < n; i++) {
        rank[list[i].label] = i;
        ns[i] = list[i].ns;
    }
    relabel(run, rank);
    free(list);
    if (!n)
        ns[0] = NAN; /* one thread: no round trip, one regime */
    free(run->regime_ns);
    run->regime_ns = ns;
    run->n_regimes = n ? n : 1;
    return 0;
}

static void clear_labels(struct lb_run *run)
{
    for (size_t i = 0; i < run->plan->n_cases; i++)
        for (int role = 0; role < lb_case_roles(&run->plan->cases[i]); role++)
            for (size_t k = 0; k < run->series[i].n; k++)
                run->series[i].samples[role][k].regime = 0;
}

/* Labels the windows of one placement, from *n on, and adds their number to it. */
static int label_placement(struct lb_run *run, int placement, double *values, int *labels, int *n)
{
    int links = lb_ring_links(run->plan->placements[placement].n), err = 0, found = 0;

    for (int link = 0; !err && link < links; link++) {
        int n_clusters = 1;
        if ((err = cluster_link(run, placement, link, values, labels, &n_clusters)))
            break;
        fold_labels(run, placement, labels, n_clusters);
        found = close_ranks(run, placement, link == links - 1 ? *n : 0, labels);
    }
    *n += found;
    return err;
}

int lb_run_regimes(struct lb_run *run)
{
    size_t total = 0;
    double *values;
    int *labels, n = 0, err = 0;

    for (size_t i = 0; i < run->plan->n_cases; i++)
        total += run->series[i].n;
    values = calloc(total + 1, sizeof *values);
    labels = calloc(total + 1, sizeof *labels);
    if (!values || !labels)
        err = -ENOMEM;
    if (!err)
        clear_labels(run);
    for (size_t p = 0; !err && p < run->plan->n_placements; p++)
        err = label_placement(run, (int)p, values, labels, &n);
    if (!err)
        err = number_regimes(run, n, values, labels);
    free(values);
    free(labels);
    return err;
}

size_t lb_run_longest(const struct lb_run *run)
{
    size_t longest = 0;

    for (size_t i = 0; i < run->plan->n_cases; i++)
        longest = run->series[i].n > longest ? run->series[i].n : longest;
    return longest;
}

/* The regime with most pairs of two cases (b -1: most windows of one), -1 when there is none. */
static int fullest_regime(const struct lb_run *run, int a, int role, int b, double *left,
                          double *right)
{
    int partner = b < 0 ? 0 : lb_run_partner_role(run, a, role, b), best = -1;
    size_t most = 0;

    for (int r = 0; r < run->n_regimes; r++) {
        size_t n = lb_run_pairs(run, a, role, b, partner, r, left, right);
        if (n > most) {
            most = n;
            best = r;
        }
    }
    return best;
}

int lb_run_main_regime(const struct lb_run *run, int a, int role, double *left, double *right)
{
    int best = fullest_regime(run, a, role, run->plan->cases[a].base, left, right);

    if (best < 0) /* never in a round with its base: its windows are there all the same */
        best = fullest_regime(run, a, role, -1, left, right);
    return best < 0 ? 0 : best;
}

/* Half-width of the difference to the base in the regime with most pairs, and what it is judged by.
 * left and right are scratch. */
static int is_precise(const struct lb_runner *b, int i, int role, double *left, double *right,
                      bool *precise)
{
    const struct lb_case *c = &b->plan->cases[i];
    const struct lb_run *run = b->run;
    int partner = c->base < 0 ? 0 : lb_run_partner_role(run, i, role, c->base);
    int regime = lb_run_main_regime(run, i, role, left, right), err;
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

/* A case stays while its own pair is wide; bases and empties stay while somebody needs them. */
int lb_runner_stop_precise(struct lb_runner *b)
{
    size_t n = b->plan->n_cases, longest = lb_run_longest(b->run);
    struct lb_series *series = b->run->series;
    double *left = calloc(longest + 1, sizeof *left), *right = calloc(longest + 1, sizeof *right);
    int err = left && right ? lb_run_regimes(b->run) : -ENOMEM;

    if (!err)
        err = mark_wide(b, left, right);
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
