/* SPDX-License-Identifier: MIT
 *
 * Regimes over the runs of both sides: round trips at one placement, parted as those of a run.
 */
#include "compare_private.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A unit with what its regimes have in common with those of others: the placement, how many links
 * the ring has, and the side where sides are apart. */
struct member {
    struct lb_compare_unit *unit;
    const char *const *cells;
    int side;
    size_t run, index; /* of its case */
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

/* In order of the runs, and of the cases within. */
static int by_place(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int way = by_group(a, b);

    if (!way)
        way = (x->run > y->run) - (x->run < y->run);
    return way ? way : (x->index > y->index) - (x->index < y->index);
}

/* A sample of a member, in order of time as far as it is known: runs, then rounds. */
struct place {
    const struct member *member;
    size_t k;
};

static struct lb_compare_sample *sample_at(const struct place *p)
{
    return &p->member->unit->samples[p->k];
}

static int by_time(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    uint32_t rounds[2] = {sample_at(x)->round, sample_at(y)->round};

    if (x->member->run != y->member->run)
        return (x->member->run > y->member->run) - (x->member->run < y->member->run);
    if (rounds[0] != rounds[1])
        return (rounds[0] > rounds[1]) - (rounds[0] < rounds[1]);
    return (x->member > y->member) - (x->member < y->member);
}

/* The samples that share their regimes. */
struct group {
    struct place *places;
    size_t n;
    double *ns, *change, *weight; /* of the link: those that are known */
    int *labels;                  /* of the link, by sample: regimes from 1 on, 0 unknown */
    int *scratch;
};

/* Puts the link's known round trips into g->ns and so on, and says of each sample whether it is.
 * Returns how many are. */
static size_t pick_link(struct group *g, int link, bool *summary)
{
    size_t known = 0;

    *summary = false;
    for (size_t i = 0; i < g->n; i++) {
        const struct lb_compare_unit *u = g->places[i].member->unit;
        size_t at = g->places[i].k * (size_t)u->n_links + (size_t)link;
        g->scratch[i] = isfinite(u->probes[at]) && u->probes[at] > 0;
        if (!g->scratch[i])
            continue;
        *summary = *summary || u->digests;
        g->ns[known] = (double)u->probes[at];
        g->change[known] = (double)u->changes[at];
        g->weight[known++] = fmax(1, sample_at(&g->places[i])->phases);
    }
    return known;
}

/* Parts one link's known round trips. */
static int part_link(struct group *g, int link, int *n_regimes)
{
    bool summary;
    size_t n = g->n, known = pick_link(g, link, &summary);
    struct lb_trips trips = {
        .ns = g->ns, .change = g->change, .weight = summary ? g->weight : NULL, .n = known};
    int err;

    *n_regimes = 0;
    if (known && (err = lb_stats_regimes(&trips, g->labels, n_regimes)))
        return err;
    while (n-- > 0) { /* from the end: known ones move up */
        int label = g->scratch[n] ? g->labels[--known] : -1;
        g->labels[n] = g->scratch[n] && label == LB_NO_REGIME ? LB_NO_REGIME : label + 1;
    }
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

    for (size_t i = 0; i < g->n; i++)
        if (sample_at(&g->places[i])->regime >= 0)
            g->scratch[n++] = sample_at(&g->places[i])->regime;
    qsort(g->scratch, n, sizeof *g->scratch, by_number);
    for (size_t i = 0; i < n; i++)
        if (!i || g->scratch[i] != g->scratch[n_seen - 1])
            g->scratch[n_seen++] = g->scratch[i];
    return n_seen;
}

/* Folds the link's labels into the samples' regimes, numbered anew without gaps. */
static int fold_labels(const struct group *g, int n_regimes, size_t *n_found)
{
    if (*n_found > (size_t)INT_MAX / (size_t)(n_regimes + 1))
        return -EOVERFLOW;
    for (size_t i = 0; i < g->n; i++) {
        int *regime = &sample_at(&g->places[i])->regime;
        *regime = *regime < 0 || g->labels[i] < 0 ? LB_NO_REGIME
                                                  : *regime * (n_regimes + 1) + g->labels[i];
    }
    *n_found = list_regimes(g);
    for (size_t i = 0; i < g->n; i++) {
        int *regime = &sample_at(&g->places[i])->regime;
        if (*regime < 0)
            continue;
        const int *found = bsearch(regime, g->scratch, *n_found, sizeof *g->scratch, by_number);
        *regime = (int)(found - g->scratch);
    }
    return 0;
}

static int make_group(const struct member *members, size_t n_members, struct group *g)
{
    size_t room = 1;

    for (size_t m = 0; m < n_members; m++)
        room += members[m].unit->n;
    g->places = calloc(room, sizeof *g->places);
    g->ns = calloc(room, sizeof *g->ns);
    g->change = calloc(room, sizeof *g->change);
    g->weight = calloc(room, sizeof *g->weight);
    g->labels = calloc(room, sizeof *g->labels);
    g->scratch = calloc(room, sizeof *g->scratch);
    if (!g->places || !g->ns || !g->change || !g->weight || !g->labels || !g->scratch)
        return -ENOMEM;
    for (size_t m = 0; m < n_members; m++)
        for (size_t k = 0; k < members[m].unit->n; k++)
            g->places[g->n++] = (struct place){&members[m], k};
    qsort(g->places, g->n, sizeof *g->places, by_time);
    return 0;
}

static int label_group(const struct member *members, size_t n_members)
{
    struct group g = {.n = 0};
    size_t n_found = 1;
    int err = make_group(members, n_members, &g);

    for (int link = 0; !err && link < members->unit->n_links; link++) {
        int n_regimes;
        if (!(err = part_link(&g, link, &n_regimes)))
            err = fold_labels(&g, n_regimes, &n_found);
    }
    free(g.places);
    free(g.ns);
    free(g.change);
    free(g.weight);
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
            struct lb_compare_unit *u = &c->cases[i].units[r];
            if (u->n && u->n_links > 0)
                all[n++] = (struct member){u, (const char *const *)c->cases[i].cells,
                                           apart ? c->runs[r].side : -1, r, i};
        }
    qsort(all, n, sizeof *all, by_place);
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
