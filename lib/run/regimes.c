/* SPDX-License-Identifier: MIT
 *
 * Regimes, and the pairs within one.
 */
#include "run_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* A sample of a placement, all of its links. */
struct window {
    int case_index;
    unsigned round;
    size_t k; /* in its series */
    double start_ns;
    int label;
};

/* What the windows of one placement are labelled with: room for all of the run. */
struct desk {
    struct lb_run *run;
    struct window *windows;
    size_t n; /* of the placement */
    unsigned last_round;
    size_t n_buckets, *first; /* see gather */
    double *ns, *change;
    int *labels, *seen;
};

static int by_time(const void *a, const void *b)
{
    const struct window *x = a, *y = b;

    if (x->round != y->round)
        return (x->round > y->round) - (x->round < y->round);
    if (x->start_ns < y->start_ns || x->start_ns > y->start_ns)
        return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
    return x->case_index - y->case_index;
}

/* A bucket a round, and no more than windows. */
static size_t bucket_of(const struct desk *d, unsigned round)
{
    return (size_t)((uint64_t)round * d->n_buckets / ((uint64_t)d->last_round + 1));
}

/* first[k] becomes the number of windows of the placement before bucket k - 1: one more is room to
 * count on as they are put there, so that then it is that before bucket k. */
static void count_buckets(struct desk *d, int placement)
{
    const struct lb_plan *p = d->run->plan;

    memset(d->first, 0, (d->n_buckets + 2) * sizeof *d->first);
    for (size_t i = 0; i < p->n_cases; i++)
        for (size_t k = 0; p->cases[i].placement == placement && k < d->run->series[i].n; k++)
            d->first[bucket_of(d, d->run->series[i].samples[0][k].round) + 2]++;
    for (size_t b = 0; b <= d->n_buckets; b++)
        d->first[b + 1] += d->first[b];
    d->n = d->first[d->n_buckets + 1];
}

/* In order of time: rounds are counted, and what lies in one is compared. */
static void gather(struct desk *d, int placement)
{
    const struct lb_plan *p = d->run->plan;

    count_buckets(d, placement);
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_series *s = &d->run->series[i];
        for (size_t k = 0; p->cases[i].placement == placement && k < s->n; k++) {
            const struct lb_sample *x = &s->samples[0][k];
            d->windows[d->first[bucket_of(d, x->round) + 1]++] =
                (struct window){(int)i, x->round, k, x->start_ns, 0};
        }
    }
    for (size_t b = 0; b < d->n_buckets; b++)
        qsort(d->windows + d->first[b], d->first[b + 1] - d->first[b], sizeof *d->windows, by_time);
}

/* The regimes of one link, into d->labels. */
static int part_link(struct desk *d, int link, int *n_regimes)
{
    struct lb_trips trips = {.ns = d->ns, .change = d->change, .n = d->n};

    for (size_t i = 0; i < d->n; i++) {
        const struct lb_series *s = &d->run->series[d->windows[i].case_index];
        size_t at = d->windows[i].k * (size_t)s->n_links + (size_t)link;
        d->ns[i] = (double)s->probes[at];
        if (s->changes)
            d->change[i] = (double)s->changes[at];
        else
            trips.change = NULL;
    }
    return lb_stats_regimes(&trips, d->labels, n_regimes);
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

/* Labels of several links become one number, in mixed radix, and without holes: by their first
 * appearance. A window that is in no regime on one link is in none. Returns how many there are. */
static int fold_labels(struct desk *d, int n_regimes)
{
    int n = 0;

    for (size_t i = 0; i < d->n; i++) {
        struct window *w = &d->windows[i];
        if (w->label == LB_NO_REGIME || d->labels[i] == LB_NO_REGIME)
            w->label = LB_NO_REGIME;
        else
            w->label = index_of(d->seen, &n, w->label * n_regimes + d->labels[i]);
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
                x->regime = x->regime < 0 ? x->regime : rank[x->regime];
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
static int label_placement(struct desk *d, int placement, int *n)
{
    int links = lb_ring_links(d->run->plan->placements[placement].n), err = 0, found = 0;

    gather(d, placement);
    for (int link = 0; d->n && !err && link < links; link++) {
        int n_regimes = 1;
        if (!(err = part_link(d, link, &n_regimes)))
            found = fold_labels(d, n_regimes);
    }
    for (size_t i = 0; !err && links && i < d->n; i++) {
        const struct window *w = &d->windows[i];
        for (int role = 0; role < lb_case_roles(&d->run->plan->cases[w->case_index]); role++)
            d->run->series[w->case_index].samples[role][w->k].regime =
                w->label < 0 ? w->label : *n + w->label;
    }
    *n += found;
    return err;
}

static int label_all(struct desk *d)
{
    int n = 0, err = 0;

    clear_labels(d->run);
    for (size_t p = 0; !err && p < d->run->plan->n_placements; p++)
        err = label_placement(d, (int)p, &n);
    return err ? err : number_regimes(d->run, n, d->ns, d->labels);
}

/* Windows of a case by regime, and where it is judged its pairs. */
static void count_case(const struct lb_run *run, size_t i, size_t *pairs, size_t *windows)
{
    const struct lb_case *c = &run->plan->cases[i];
    const struct lb_series *s = &run->series[i];
    const struct lb_series *base =
        c->base >= 0 && lb_case_is_subject(c) ? &run->series[c->base] : NULL;

    for (size_t k = 0, j = 0; k < s->n; k++) {
        const struct lb_sample *x = &s->samples[0][k];
        if (x->regime < 0)
            continue;
        windows[x->regime]++;
        while (base && j < base->n && base->samples[0][j].round < x->round)
            j++;
        if (base && j < base->n && base->samples[0][j].round == x->round &&
            base->samples[0][j].regime == x->regime)
            pairs[x->regime]++;
    }
}

static int fullest(const size_t *pairs, const size_t *windows, int n)
{
    int best = 0;

    for (int r = 1; r < n; r++)
        if (pairs[r] > pairs[best] || (pairs[r] == pairs[best] && windows[r] > windows[best]))
            best = r;
    return best;
}

static int choose_main(struct lb_run *run)
{
    const struct lb_plan *p = run->plan;
    size_t n = (size_t)run->n_regimes;
    size_t *pairs = calloc(n, sizeof *pairs), *windows = calloc(n, sizeof *windows);
    int *chosen = calloc(p->n_placements + 1, sizeof *chosen);
    int err = pairs && windows && chosen ? 0 : -ENOMEM;

    for (size_t place = 0; !err && place < p->n_placements; place++) {
        memset(pairs, 0, n * sizeof *pairs);
        memset(windows, 0, n * sizeof *windows);
        for (size_t i = 0; i < p->n_cases; i++)
            if (p->cases[i].placement == (int)place)
                count_case(run, i, pairs, windows);
        chosen[place] = fullest(pairs, windows, run->n_regimes);
    }
    free(pairs);
    free(windows);
    if (err) {
        free(chosen);
        return err;
    }
    free(run->main_regimes);
    run->main_regimes = chosen;
    return 0;
}

int lb_run_regimes(struct lb_run *run)
{
    struct desk d = {.run = run};
    size_t total = 1;
    int err = -ENOMEM;

    for (size_t i = 0; i < run->plan->n_cases; i++) {
        total += run->series[i].n;
        for (size_t k = 0; k < run->series[i].n; k++)
            if (run->series[i].samples[0][k].round > d.last_round)
                d.last_round = run->series[i].samples[0][k].round;
    }
    d.n_buckets = (size_t)d.last_round + 1 < total ? (size_t)d.last_round + 1 : total;
    d.first = calloc(d.n_buckets + 2, sizeof *d.first);
    d.windows = calloc(total, sizeof *d.windows);
    d.ns = calloc(total, sizeof *d.ns);
    d.change = calloc(total, sizeof *d.change);
    d.labels = calloc(total, sizeof *d.labels);
    d.seen = calloc(total, sizeof *d.seen);
    if (d.first && d.windows && d.ns && d.change && d.labels && d.seen)
        err = label_all(&d);
    free(d.first);
    free(d.windows);
    free(d.ns);
    free(d.change);
    free(d.labels);
    free(d.seen);
    return err ? err : choose_main(run);
}

int lb_run_main_regime(const struct lb_run *run, int placement)
{
    return run->main_regimes[placement];
}

size_t lb_run_longest(const struct lb_run *run)
{
    size_t longest = 0;

    for (size_t i = 0; i < run->plan->n_cases; i++)
        longest = run->series[i].n > longest ? run->series[i].n : longest;
    return longest;
}
