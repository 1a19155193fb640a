/* SPDX-License-Identifier: MIT
 *
 * Which pairs of CPUs are measured: all, or one of each class, as the budget allows.
 */
#include <linebounce/pairs.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Waking two workers, going to fresh lines and writing a row, seen on two cores. */
#define AROUND_S 25e-6

const char *lb_pu_pair_home_name(enum lb_pu_pair_home home)
{
    static const char *const names[] = {"a", "b", "both"};

    return names[home];
}

static size_t homes_of(const struct lb_pu_pair_class *c)
{
    return c->node_a_os == c->node_b_os ? 1 : 2;
}

static double measurement_s(double line_ns)
{
    return LB_PU_PAIRS_LINES * line_ns * 1e-9 + AROUND_S;
}

static size_t class_index(const struct lb_pu_pairs_plan *p, const struct lb_pu_pair_class *c,
                          size_t *last)
{
    if (!lb_pu_pair_class_same(&p->classes[*last], c))
        for (*last = 0; !lb_pu_pair_class_same(&p->classes[*last], c); ++*last)
            ;
    return *last;
}

static int list_all(struct lb_pu_pairs_plan *p, const struct lb_topology *t,
                    const struct lb_placement *only)
{
    int n;
    const struct lb_pu **pus = lb_placement_choose(t, only, &n);
    size_t last = 0, at = 0;

    p->pairs = pus ? calloc(p->n_possible, sizeof *p->pairs) : NULL;
    for (int i = 0; p->pairs && i < n; i++)
        for (int k = i + 1; k < n; k++) {
            struct lb_pu_pair_class c = lb_pu_pair_class_of(pus[i], pus[k]);
            p->pairs[at++] =
                (struct lb_pu_pair){c.pu_a_os, c.pu_b_os, (uint32_t)class_index(p, &c, &last)};
        }
    p->n_pairs = at;
    free(pus);
    return p->pairs ? 0 : -ENOMEM;
}

static int list_representatives(struct lb_pu_pairs_plan *p)
{
    p->pairs = calloc(p->n_classes, sizeof *p->pairs);
    if (!p->pairs)
        return -ENOMEM;
    for (size_t i = 0; i < p->n_classes; i++)
        p->pairs[i] =
            (struct lb_pu_pair){p->classes[i].pu_a_os, p->classes[i].pu_b_os, (uint32_t)i};
    p->n_pairs = p->n_classes;
    return 0;
}

/* Measurements of a round, with every pair or one a class. */
static size_t count(const struct lb_pu_pairs_plan *p, bool all)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_classes; i++)
        n += (all ? (size_t)p->classes[i].pairs : 1) * homes_of(&p->classes[i]) * LB_PINGPONG_OPS;
    return n;
}

unsigned lb_pu_pairs_rounds_most(size_t measurements)
{
    size_t rounds = LB_PU_PAIRS_ROWS / measurements;

    return rounds < LB_PU_PAIRS_ROUNDS_LEAST ? LB_PU_PAIRS_ROUNDS_LEAST
           : rounds > LB_PU_PAIRS_ROUNDS     ? LB_PU_PAIRS_ROUNDS
                                             : (unsigned)rounds;
}

/* Time that is left goes into the lines. */
static void stretch(struct lb_pu_pairs_plan *p, double budget_s)
{
    double total_s = fmin(LB_PU_PAIRS_SPREAD_S, budget_s);
    double each_s = total_s / p->rounds / (double)p->measurements;

    p->line_ns = fmax(LB_PU_PAIRS_LINE_NS, (each_s - AROUND_S) / LB_PU_PAIRS_LINES * 1e9);
    p->round_s = (double)p->measurements * measurement_s(p->line_ns);
}

static int settle(struct lb_pu_pairs_plan *p, const struct lb_pu_pairs_request *r,
                  struct lb_why *why)
{
    double all_s = (double)count(p, true) * measurement_s(LB_PU_PAIRS_LINE_NS), fit;
    unsigned wanted = r->rounds ? r->rounds : LB_FIRST_LOOK, most;

    p->all = r->all || all_s * wanted <= r->budget_s;
    p->measurements = count(p, p->all);
    p->line_ns = LB_PU_PAIRS_LINE_NS;
    p->round_s = (double)p->measurements * measurement_s(p->line_ns);
    fit = r->budget_s / p->round_s;
    most = lb_pu_pairs_rounds_most(p->measurements);
    p->rounds = r->rounds ? r->rounds : fit >= most ? most : (unsigned)fit;
    /* Every pair was asked for: what a verdict would want is measured, budget or not. */
    if (r->all && !r->rounds && p->rounds < 1)
        p->rounds = 1;
    if (!p->rounds)
        return lb_fail(why, ERANGE,
                       "pingpong: one round of %zu measurements takes %.1f s, more than the %.1f s "
                       "given",
                       p->measurements, p->round_s, r->budget_s);
    if (!r->rounds)
        stretch(p, r->budget_s);
    return 0;
}

static int fill(struct lb_pu_pairs_plan *p, const struct lb_pu_pairs_request *r,
                const struct lb_placement *only, struct lb_why *why)
{
    int err = lb_placement_pair_classes(r->topology, only, &p->classes, &p->n_classes);

    for (size_t i = 0; !err && i < p->n_classes; i++)
        p->n_possible += p->classes[i].pairs;
    if (!err && !p->n_classes)
        err = lb_fail(why, ENODEV, "pingpong: there is one PU at most: no pair to measure");
    if (!err)
        err = settle(p, r, why);
    if (!err)
        err = p->all ? list_all(p, r->topology, only) : list_representatives(p);
    return err;
}

int lb_pu_pairs_plan_create(const struct lb_pu_pairs_request *r, struct lb_why *why,
                            struct lb_pu_pairs_plan **plan)
{
    struct lb_placement only = {.n = 0};
    struct lb_pu_pairs_plan *p;
    int err;

    if (r->pus && (err = lb_placement_list(r->topology, r->pus, why, &only)))
        return err;
    p = calloc(1, sizeof *p);
    err = p ? fill(p, r, r->pus ? &only : NULL, why) : -ENOMEM;
    lb_placement_finish(&only);
    if (err) {
        lb_pu_pairs_plan_destroy(p);
        return err;
    }
    *plan = p;
    return 0;
}

void lb_pu_pairs_plan_destroy(struct lb_pu_pairs_plan *p)
{
    if (!p)
        return;
    free(p->pairs);
    free(p->classes);
    free(p);
}
