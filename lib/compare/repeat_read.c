/* SPDX-License-Identifier: MIT
 *
 * What repeat takes from the runs: rounds of a case with their round trips, and verdicts.
 */
#include "repeat_private.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    uint32_t round;
    double ns;
};

static int by_round(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;

    if (x->round != y->round)
        return (x->round > y->round) - (x->round < y->round);
    return (x->ns > y->ns) - (x->ns < y->ns);
}

static size_t see_all(const struct lb_compare *c, const bool *belongs, size_t r, int regime,
                      struct seen *seen)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_unit *u = &c->cases[i].units[r];
        for (size_t k = 0; belongs[i] && k < u->n; k++) {
            double ns = lb_compare_trip(u, k);
            if (u->samples[k].regime != regime || !isfinite(ns))
                continue;
            if (seen)
                seen[n] = (struct seen){u->samples[k].round, ns};
            n++;
        }
    }
    return n;
}

int lb_repeat_trips(const struct lb_compare *c, const bool *belongs, size_t r, int regime,
                    struct lb_round_trips *trips)
{
    size_t n = see_all(c, belongs, r, regime, NULL);
    struct seen *seen = calloc(n + 1, sizeof *seen);
    struct lb_round_trips t = {calloc(n + 1, sizeof *t.round), calloc(n + 1, sizeof *t.ns), 0};

    if (!seen || !t.round || !t.ns) {
        free(seen);
        free(t.round);
        free(t.ns);
        return -ENOMEM;
    }
    see_all(c, belongs, r, regime, seen);
    qsort(seen, n, sizeof *seen, by_round);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && seen[to].round == seen[from].round;)
            to++;
        t.round[t.n] = seen[from].round;
        t.ns[t.n++] = (seen[from + (to - from) / 2].ns + seen[from + (to - from - 1) / 2].ns) / 2;
    }
    free(seen);
    *trips = t;
    return 0;
}

/* The sample of that round from *at on, which moves up; NULL: there is none. */
static const struct lb_compare_sample *find(const struct lb_compare_unit *u, uint32_t round,
                                            size_t *at)
{
    while (*at < u->n && u->samples[*at].round < round)
        (*at)++;
    return *at < u->n && u->samples[*at].round == round ? &u->samples[*at] : NULL;
}

void lb_repeat_rounds(const struct lb_compare *c, int i, int other, size_t r, int regime,
                      const struct lb_round_trips *trips, struct lb_rounds *rounds)
{
    const struct lb_compare_unit *u = &c->cases[i].units[r];
    size_t at = 0, t = 0;

    rounds->n = 0;
    for (size_t k = 0; k < u->n; k++) {
        const struct lb_compare_sample *x = &u->samples[k], *y = NULL;
        if (other >= 0)
            y = find(&c->cases[other].units[r], x->round, &at);
        if (x->regime != regime || (other >= 0 && (!y || y->regime != regime)))
            continue;
        while (t < trips->n && trips->round[t] < x->round)
            t++;
        bool known = t < trips->n && trips->round[t] == x->round;
        if (trips->n && !known)
            continue;
        rounds->trip[rounds->n] = known ? trips->ns[t] : NAN;
        rounds->y[rounds->n++] = (double)x->ns - (y ? (double)y->ns : 0);
    }
}

/* Verdicts ---------------------------------------------------------------------------------- */

/* A comparison of a run: of its regimes, the one with most pairs speaks. */
struct asked {
    char *key;
    double pairs;
    size_t run;
    bool decided;
};

struct list {
    struct asked *at;
    size_t n, run; /* of those that are being read */
    double work_ns;
};

static int by_key(const void *a, const void *b)
{
    const struct asked *x = a, *y = b;
    int way = strcmp(x->key, y->key);

    if (!way)
        way = (x->run > y->run) - (x->run < y->run);
    return way ? way : (x->pairs < y->pairs) - (x->pairs > y->pairs);
}

static bool is_decided(const char *verdict)
{
    return *verdict && strcmp(verdict, lb_verdict_name(LB_VERDICT_UNRESOLVED)) != 0;
}

static int take_row(const struct lb_csv_reader *csv, void *of)
{
    struct list *list = of;
    double pairs = lb_csv_number(csv, "pairs");
    struct asked *asked;
    size_t bytes;
    FILE *out;

    if (!*lb_csv_cell(csv, "layout") || !*lb_csv_cell(csv, "baseline") ||
        lb_csv_number(csv, "work_ns") != list->work_ns)
        return 0;
    if (!(asked = lb_more(&list->at, &list->n, sizeof *asked)) ||
        !(out = open_memstream(&asked->key, &bytes)))
        return -ENOMEM;
    for (int k = 0; k < LB_KEYS; k++)
        fprintf(out, "%s%c", lb_csv_cell(csv, lb_key_column((enum lb_key)k)), 31);
    asked->pairs = isnan(pairs) ? 0 : pairs;
    asked->run = list->run;
    asked->decided = is_decided(lb_csv_cell(csv, "verdict"));
    return lb_text_end(out, &asked->key);
}

static int count(struct lb_repeat *repeat, const struct list *list)
{
    double *decided = calloc(repeat->n_runs, sizeof *decided);

    if (!decided)
        return -ENOMEM;
    for (size_t i = 0; i < list->n; i++) {
        const struct asked *a = &list->at[i], *before = i ? a - 1 : NULL;
        bool is_new = !before || strcmp(before->key, a->key) != 0;
        repeat->asked += is_new;
        if (is_new || before->run != a->run)
            repeat->runs[a->run].decided += a->decided;
    }
    for (size_t r = 0; r < repeat->n_runs; r++)
        decided[r] = (double)repeat->runs[r].decided;
    repeat->decided_median = NAN;
    if (repeat->asked)
        lb_stats_median(decided, repeat->n_runs, &repeat->decided_median);
    free(decided);
    return 0;
}

int lb_repeat_decided(struct lb_repeat *repeat, struct lb_why *why)
{
    static const char *const needed[] = {"layout", "work_ns", "baseline", "pairs", "verdict", NULL};
    struct list list = {.work_ns = repeat->work_ns};
    int err = 0;

    for (; !err && list.run < repeat->n_runs; list.run++)
        err = lb_csv_each(repeat->runs[list.run].path, "summary.csv", needed, why, take_row, &list);
    if (!err) {
        if (list.n)
            qsort(list.at, list.n, sizeof *list.at, by_key);
        err = count(repeat, &list);
    }
    for (size_t i = 0; i < list.n; i++)
        free(list.at[i].key);
    free(list.at);
    return err;
}
