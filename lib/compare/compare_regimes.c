/* SPDX-License-Identifier: MIT
 *
 * Regimes over the runs of both sides: clusters of round trips at one placement, as in a run.
 */
#include "compare_private.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Regimes are parted by at least this factor in a round trip. */
#define REGIME_FACTOR 2.0

/* A unit with what its regimes have in common with those of others: the placement, how many links
 * the ring has, and the side where sides are apart. */
struct member {
    struct lb_compare_unit *unit;
    const char *const *cells;
    int side;
};

static int by_group(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int way = strcmp(x->cells[LB_KEY_PLACEMENT], y->cells[LB_KEY_PLACEMENT]);

    if (!way)
        way = strcmp(x->cells[LB_KEY_DISTANCE], y->cells[LB_KEY_DISTANCE]);
    if (!way)
        way = x->side - y->side;
    return way ? way : x->unit->n_links - y->unit->n_links;
}

/* Members that share their regimes, and their samples one after the other. */
struct group {
    const struct member *members;
    size_t n_members, n; /* n: samples */
    double *values;      /* the link's known round trips */
    int *labels;         /* of the link, by sample: clusters from 1 on, 0 unknown */
    int *scratch;
};

/* Clusters one link's known round trips. */
static int cluster_link(struct group *g, int link, int *n_clusters)
{
    size_t n = 0, known = 0;
    int err;

    *n_clusters = 0;
    for (size_t m = 0; m < g->n_members; m++) {
        const struct lb_compare_unit *u = g->members[m].unit;
        for (size_t k = 0; k < u->n; k++) {
            float trip = u->probes[k * (size_t)u->n_links + (size_t)link];
            g->scratch[n] = isfinite(trip) && trip > 0;
            if (g->scratch[n++])
                g->values[known++] = (double)trip;
        }
    }
    if (known && (err = lb_stats_cluster(g->values, known, REGIME_FACTOR, g->labels, n_clusters)))
        return err;
    while (n-- > 0) /* from the end: known ones move up */
        g->labels[n] = g->scratch[n] ? g->labels[--known] + 1 : 0;
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const int *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The group's regimes in rising order, each once, into g->scratch. Returns how many. */
static size_t list_regimes(const struct group *g)
{
    size_t n = 0, n_seen = 0;

    for (size_t m = 0; m < g->n_members; m++)
        for (size_t k = 0; k < g->members[m].unit->n; k++)
            g->scratch[n++] = g->members[m].unit->samples[k].regime;
    qsort(g->scratch, n, sizeof *g->scratch, by_number);
    for (size_t i = 0; i < n; i++)
        if (!i || g->scratch[i] != g->scratch[n_seen - 1])
            g->scratch[n_seen++] = g->scratch[i];
    return n_seen;
}

/* Folds the link's labels into the samples' regimes, numbered anew without gaps. */
static int fold_labels(const struct group *g, int n_clusters, size_t *n_regimes)
{
    size_t n = 0;

    if (*n_regimes > (size_t)INT_MAX / (size_t)(n_clusters + 1))
        return -EOVERFLOW;
    for (size_t m = 0; m < g->n_members; m++)
        for (size_t k = 0; k < g->members[m].unit->n; k++) {
            int *regime = &g->members[m].unit->samples[k].regime;
            *regime = *regime * (n_clusters + 1) + g->labels[n++];
        }
    *n_regimes = list_regimes(g);
    for (size_t m = 0; m < g->n_members; m++)
        for (size_t k = 0; k < g->members[m].unit->n; k++) {
            int *regime = &g->members[m].unit->samples[k].regime;
            const int *found =
                bsearch(regime, g->scratch, *n_regimes, sizeof *g->scratch, by_number);
            *regime = (int)(found - g->scratch);
        }
    return 0;
}

static int label_group(const struct member *members, size_t n_members)
{
    struct group g = {.members = members, .n_members = n_members};
    size_t n_regimes = 1;
    int err = 0;

    for (size_t m = 0; m < n_members; m++)
        g.n += members[m].unit->n;
    g.values = calloc(g.n, sizeof *g.values);
    g.labels = calloc(g.n, sizeof *g.labels);
    g.scratch = calloc(g.n, sizeof *g.scratch);
    if (!g.values || !g.labels || !g.scratch)
        err = -ENOMEM;
    for (int link = 0; !err && link < members->unit->n_links; link++) {
        int n_clusters;
        if (!(err = cluster_link(&g, link, &n_clusters)))
            err = fold_labels(&g, n_clusters, &n_regimes);
    }
    free(g.values);
    free(g.labels);
    free(g.scratch);
    return err;
}

/* All units with probes, those of a group together. */
static int gather(struct lb_compare *c, bool apart, struct member **members, size_t *n_members)
{
    struct member *all = calloc(c->n_cases * c->n_runs + 1, sizeof *all);
    size_t n = 0;

    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < c->n_cases; i++)
        for (size_t r = 0; r < c->n_runs; r++) {
            struct lb_compare_unit *u = &c->hidden->units[i][r];
            if (u->n && u->n_links > 0)
                all[n++] = (struct member){u, (const char *const *)c->cases[i].cells,
                                           apart ? c->runs[r].side : -1};
        }
    qsort(all, n, sizeof *all, by_group);
    *members = all;
    *n_members = n;
    return 0;
}

int lb_compare_regimes(struct lb_compare *c, bool apart)
{
    struct member *members = NULL;
    size_t n = 0;
    int err = gather(c, apart, &members, &n);

    for (size_t from = 0, to; !err && from < n; from = to) {
        for (to = from + 1; to < n && !by_group(&members[from], &members[to]);)
            to++;
        err = label_group(&members[from], to - from);
    }
    free(members);
    return err;
}
