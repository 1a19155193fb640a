/* SPDX-License-Identifier: MIT
 *
 * errors: how often do this suite's own verdicts err? Every layout stands twice, so every winner is
 * false. From one long run, a hundred runs' worth of consecutive rounds are judged as a run of
 * their own is: all pairs together under Holm's correction. With --twin-slow the twins are slower
 * for sure, and what counts is how many are found.
 */
#include "suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <linebounce/arena.h>

static const double headline[] = {LB_WORK_HEADLINE_NS};
/* What a default run of 90 s comes to on two PUs. */
#define RUN_ROUNDS 27
#define RUNS       100
/* Planted into contended samples by scaling them. */
#define PLANTED 1.05

static void defaults(const struct settings *s, struct request *request)
{
    struct lb_request *r = &request->plan;

    r->twins = true;
    REQUEST_FIRST(r, work_ns, headline, 1);
    suite_layouts.defaults(s, request);
    if (!request->rounds)
        request->rounds = 10000; /* the budget ends it: more rounds are the point */
}

/* A twin's samples beside its original's, in the regime with most pairs. */
struct twins {
    const struct lb_result *line;
    double *base, *twin;
    size_t n;
    bool paced; /* by the clock: without a pause that a share of it could be planted in */
};

struct tally {
    struct twins *pairs;
    size_t n;
    struct lb_comparison *verdicts;
    int false_runs, false_winners, judged;
    size_t intervals, holding; /* of these, and those that hold the true difference, 0 */
    double *found;             /* by pair: runs' worth in which the planted difference was found */
};

static int load(const struct lb_analysis *a, const struct lb_result *l, struct twins *t)
{
    const struct lb_case *c = &a->run->plan->cases[l->case_index];
    size_t longest = lb_run_longest(a->run);

    t->line = l;
    t->paced = lb_workload_paced(&c->shape, l->role);
    t->base = calloc(longest + 1, sizeof *t->base);
    t->twin = calloc(longest + 1, sizeof *t->twin);
    if (!t->base || !t->twin)
        return -1;
    t->n =
        lb_run_pairs(a->run, l->case_index, l->role, c->base, l->role, l->regime, t->twin, t->base);
    return 0;
}

static int collect(const struct lb_analysis *a, struct tally *y)
{
    y->pairs = calloc(a->n_lines + 1, sizeof *y->pairs);
    y->verdicts = calloc(a->n_lines + 1, sizeof *y->verdicts);
    y->found = calloc(a->n_lines + 1, sizeof *y->found);
    if (!y->pairs || !y->verdicts || !y->found)
        return -1;
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        if (!l->main_regime || !l->compared || !a->run->plan->cases[l->case_index].twin)
            continue;
        if (load(a, l, &y->pairs[y->n]))
            return -1;
        y->n++;
    }
    return 0;
}

/* Rounds of the run's worth number `run`, which lie evenly over the long run. */
static size_t rounds_of(const struct twins *t, int run, size_t *start)
{
    size_t rounds = t->n < RUN_ROUNDS ? t->n : RUN_ROUNDS;

    *start = (t->n - rounds) * (size_t)run / (RUNS - 1);
    return rounds;
}

/* Correlation between these rounds, over the pairs that one table shows. */
static int pool(const struct lb_analysis *a, const struct tally *y, const struct twins *like,
                int run, struct lb_pool *pooled)
{
    const struct lb_case *cases = a->run->plan->cases;
    double d[RUN_ROUNDS];
    int err = 0;

    *pooled = (struct lb_pool){0};
    for (size_t k = 0; !err && k < y->n; k++) {
        const struct twins *t = &y->pairs[k];
        size_t start, rounds = rounds_of(t, run, &start);
        if (t->line->role != like->line->role ||
            !lb_case_is_beside(&cases[t->line->case_index], &cases[like->line->case_index]))
            continue;
        for (size_t i = 0; i < rounds; i++)
            d[i] = t->twin[start + i] - t->base[start + i];
        err = lb_stats_pool(d, rounds, pooled);
    }
    return err;
}

/* Pair k's verdict. */
static int judge(const struct lb_analysis *a, const struct tally *y, const struct twins *t, int run,
                 double factor, const struct lb_margin *margin, struct lb_comparison *verdict)
{
    size_t start, rounds = rounds_of(t, run, &start);
    double scaled[RUN_ROUNDS];
    struct lb_pool pooled;
    int err = pool(a, y, t, run, &pooled);
    struct lb_pair pair = {.base_ns_op = t->base + start,
                           .ns_op = scaled,
                           .n = rounds,
                           .pool = &pooled,
                           .min_over_max = t->line->comparison.min_over_max};

    for (size_t i = 0; i < rounds; i++)
        scaled[i] = t->twin[start + i] * factor;
    return err ? err : lb_stats_compare(&pair, margin, verdict);
}

static int judge_run(const struct lb_analysis *a, struct tally *y, int run,
                     const struct lb_margin *margin)
{
    int winners = 0;

    for (size_t k = 0; k < y->n; k++)
        if (judge(a, y, &y->pairs[k], run, 1, margin, &y->verdicts[k]))
            return -1;
    if (lb_stats_holm(y->verdicts, y->n))
        return -1;
    for (size_t k = 0; k < y->n; k++) {
        const struct lb_comparison *v = &y->verdicts[k];
        winners += v->verdict == LB_VERDICT_FASTER || v->verdict == LB_VERDICT_SLOWER;
        y->intervals += isfinite(v->difference.lo);
        y->holding += isfinite(v->difference.lo) && v->difference.lo <= 0 && v->difference.hi >= 0;
    }
    y->judged++;
    y->false_winners += winners;
    y->false_runs += winners > 0;
    return 0;
}

/* The same runs' worth with every twin scaled: is the planted difference found, each pair beside
 * all others? */
static int plant(const struct lb_analysis *a, struct tally *y, int run, double factor,
                 const struct lb_margin *margin)
{
    for (size_t k = 0; k < y->n; k++)
        if (judge(a, y, &y->pairs[k], run, factor, margin, &y->verdicts[k]))
            return -1;
    if (lb_stats_holm(y->verdicts, y->n))
        return -1;
    for (size_t k = 0; k < y->n; k++)
        y->found[k] += y->verdicts[k].verdict == LB_VERDICT_SLOWER;
    return 0;
}

static void print_found(const struct lb_analysis *a, const struct tally *y, FILE *out)
{
    char name[192];
    size_t good = 0, n = 0;
    double least = RUNS;

    for (size_t k = 0; k < y->n; k++) {
        if (y->pairs[k].paced)
            continue;
        n++;
        good += y->found[k] >= 95;
        least = fmin(least, y->found[k]);
        if (y->found[k] >= 95)
            continue;
        lb_case_name(a->run->plan, &a->run->plan->cases[y->pairs[k].line->case_index], name,
                     sizeof name);
        fprintf(out, "  found in %3.0f of %d: %s, role %s\n", y->found[k], RUNS, name,
                lb_case_role_name(&a->run->plan->cases[y->pairs[k].line->case_index],
                                  y->pairs[k].line->role));
    }
    fprintf(out, "found in at least 95 of %d runs' worth: %zu of %zu pairs (least: %.0f of %d).\n",
            RUNS, good, n, least, RUNS);
    if (n < y->n)
        fprintf(out, "%zu pairs of roles that begin by the clock are not among them.\n", y->n - n);
}

static void report(const struct lb_analysis *a, struct tally *y, const struct settings *s,
                   FILE *out)
{
    int err = 0;
    bool slowed = s->twin_slow > 0;

    fprintf(out,
            "\n%zu pairs of twins, %u rounds; %d runs' worth of %d consecutive rounds each (they "
            "overlap)\n",
            y->n, a->run->rounds, RUNS, RUN_ROUNDS);
    if (!y->n || a->run->rounds < LB_FIRST_LOOK) {
        fprintf(out, "too few rounds or pairs to judge\n");
        return;
    }
    for (int run = 0; !slowed && !err && run < RUNS; run++)
        err = judge_run(a, y, run, &s->margin);
    if (!slowed)
        fprintf(out,
                "twins that are the same: %d of %d runs' worth hold a false winner (%d in all).\n",
                y->false_runs, y->judged, y->false_winners);
    if (y->intervals)
        fprintf(out, "their 95 %% intervals hold 0 in %.1f of 100 (%zu of them).\n",
                100 * (double)y->holding / (double)y->intervals, y->intervals);
    for (int run = 0; !err && run < RUNS; run++)
        err = plant(a, y, run, slowed ? 1 : PLANTED, &s->margin);
    if (slowed)
        fprintf(out, "twins whose pause is %g %% longer: ", s->twin_slow * 100);
    else
        fprintf(out, "twins whose recorded samples are scaled by %g: ", PLANTED);
    fputs(err ? "not judged (samples out of range)\n" : "\n", out);
    if (!err)
        print_found(a, y, out);
}

static void conclude(const struct lb_analysis *a, const struct settings *s, FILE *out)
{
    struct tally y = {0};

    if (!collect(a, &y))
        report(a, &y, s, out);
    for (size_t k = 0; k < y.n; k++) {
        free(y.pairs[k].base);
        free(y.pairs[k].twin);
    }
    free(y.pairs);
    free(y.verdicts);
    free(y.found);
}

const struct suite suite_errors = {
    .name = "errors",
    .question = "how often do this suite's own verdicts err?",
    .example = "linebounce run errors --budget 10m --twin-slow 5",
    .asks_sharing = true,
    .costs_alone = true,
    .defaults = defaults,
    .shows_tables = true,
    .conclude = conclude,
};
