/* SPDX-License-Identifier: MIT
 *
 * Regimes over the runs of both sides: clusters of round trips at one placement, as in a run.
 */
#include "compare_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Regimes are parted by at least this factor in a round trip. */
#define REGIME_FACTOR 2.0

/* Cases at one placement, on both sides or one, with rings of so many links. */
struct group {
    struct lb_compare *c;
    const struct lb_compare_case *like;
    int side; /* -1: both */
    int n_links;
    double *values;
    int *labels, *seen;
};

static bool is_same_place(const struct lb_compare_case *a, const struct lb_compare_case *b)
{
    return !strcmp(a->cells[LB_KEY_PLACEMENT], b->cells[LB_KEY_PLACEMENT]) &&
           !strcmp(a->cells[LB_KEY_DISTANCE], b->cells[LB_KEY_DISTANCE]);
}

/* The n-th unit of the group from (*i, *r) on, or NULL. */
static struct lb_compare_unit *next_unit(const struct group *g, size_t *i, size_t *r)
{
    for (; *i < g->c->n_cases; (*i)++, *r = 0)
        for (; is_same_place(&g->c->cases[*i], g->like) && *r < g->c->n_runs; (*r)++) {
            struct lb_compare_unit *u = &g->c->hidden->units[*i][*r];
            if (u->n && u->n_links == g->n_links &&
                (g->side < 0 || g->side == g->c->runs[*r].side)) {
                (*r)++;
                return u;
            }
        }
    return NULL;
}

/* Clusters one link's known round trips; labels go from 1, 0 is unknown. */
static int cluster_link(struct group *g, int link, int *n_clusters)
{
    struct lb_compare_unit *u;
    size_t i = 0, r = 0, n = 0, known = 0;
    int err;

    while ((u = next_unit(g, &i, &r)))
        for (size_t k = 0; k < u->n; k++) {
            float trip = u->probes[k * (size_t)g->n_links + (size_t)link];
            g->seen[n++] = isfinite(trip) && trip > 0;
            if (isfinite(trip) && trip > 0)
                g->values[known++] = (double)trip;
        }
    *n_clusters = 0;
    if (known && (err = lb_stats_cluster(g->values, known, REGIME_FACTOR, g->labels, n_clusters)))
        return err;
    for (size_t k = n; k-- > 0;) /* from the end: known ones move up */
        g->labels[k] = g->seen[k] ? g->labels[--known] + 1 : 0;
    return 0;
}

static int index_of(int *list, int *n, int label)
{
    for (int i = 0; i < *n; i++)
        if (list[i] == label)
            return i;
    list[*n] = label;
    return (*n)++;
}

/* Folds the link's labels into the samples', numbered anew by first appearance. */
static void fold_labels(struct group *g, int n_clusters)
{
    struct lb_compare_unit *u;
    size_t i = 0, r = 0, n = 0;
    int n_seen = 0;

    while ((u = next_unit(g, &i, &r)))
        for (size_t k = 0; k < u->n; k++, n++) {
            int label = u->samples[k].regime * (n_clusters + 1) + g->labels[n];
            u->samples[k].regime = index_of(g->seen, &n_seen, label);
        }
}

static int label_group(struct group *g)
{
    struct lb_compare_unit *u;
    size_t i = 0, r = 0, n = 0;
    int err = 0;

    while ((u = next_unit(g, &i, &r)))
        n += u->n;
    if (!n)
        return 0;
    g->values = calloc(n, sizeof *g->values);
    g->labels = calloc(n, sizeof *g->labels);
    g->seen = calloc(n, sizeof *g->seen);
    if (!g->values || !g->labels || !g->seen)
        err = -ENOMEM;
    for (int link = 0; !err && link < g->n_links; link++) {
        int n_clusters = 0;
        if (!(err = cluster_link(g, link, &n_clusters)))
            fold_labels(g, n_clusters);
    }
    free(g->values);
    free(g->labels);
    free(g->seen);
    return err;
}

/* Whether an earlier unit has opened the group of case i and so many links. */
static bool is_opened(const struct lb_compare *c, size_t i, size_t r, int side)
{
    const struct lb_compare_unit *u = &c->hidden->units[i][r];

    for (size_t j = 0; j <= i; j++) {
        if (!is_same_place(&c->cases[j], &c->cases[i]))
            continue;
        for (size_t q = 0; q < (j == i ? r : c->n_runs); q++) {
            const struct lb_compare_unit *o = &c->hidden->units[j][q];
            if (o->n && o->n_links == u->n_links && (side < 0 || c->runs[q].side == side))
                return true;
        }
    }
    return false;
}

int lb_compare_regimes(struct lb_compare *c, bool apart)
{
    int err = 0;

    for (size_t i = 0; i < c->n_cases; i++)
        for (size_t r = 0; !err && r < c->n_runs; r++) {
            const struct lb_compare_unit *u = &c->hidden->units[i][r];
            struct group g = {.c = c,
                              .like = &c->cases[i],
                              .side = apart ? c->runs[r].side : -1,
                              .n_links = u->n_links};
            if (u->n && u->n_links > 0 && !is_opened(c, i, r, g.side))
                err = label_group(&g);
        }
    return err;
}
