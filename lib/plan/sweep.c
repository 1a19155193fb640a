/* SPDX-License-Identifier: MIT
 *
 * Placements, numbers of threads and homes of a sweep, cut to fit a budget.
 */
#include <linebounce/sweep.h>

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is still wanted, in the order in which it is given up. */
enum level { EVERYTHING, NO_SYMMETRIC, POWERS_OF_TWO, LOCAL_CROWDS, PAIRS_ONLY, LEVELS };

/* A sweep in the making. */
struct making {
    const struct lb_sweep_request *r;
    struct lb_why *why;
    struct lb_pu_pair_class *classes;
    size_t n_classes;
    enum lb_home homes[LB_HOMES];
    size_t n_homes;
    struct lb_placement *placements;
    size_t n;
    enum level level;
    size_t n_at[LEVELS]; /* placements of each level that was tried */
};

static void drop_placements(struct making *m)
{
    for (size_t i = 0; i < m->n; i++)
        lb_placement_finish(&m->placements[i]);
    free(m->placements);
    m->placements = NULL;
    m->n = 0;
}

static bool has_pu(const struct lb_placement *p, int pu_os)
{
    for (int i = 0; i < p->n; i++)
        if (p->pu_os[i] == pu_os)
            return true;
    return false;
}

/* The same PUs, in whatever order, with the same memory. */
static bool is_same(const struct lb_placement *a, const struct lb_placement *b)
{
    if (a->n != b->n || a->home != b->home || a->home_node_os != b->home_node_os)
        return false;
    for (int i = 0; i < a->n; i++)
        if (!has_pu(b, a->pu_os[i]))
            return false;
    return true;
}

/* Takes the placement over, unless its like is there. */
static int take(struct making *m, struct lb_placement *p)
{
    struct lb_placement *more;

    for (size_t i = 0; i < m->n; i++)
        if (is_same(&m->placements[i], p)) {
            lb_placement_finish(p);
            return 0;
        }
    more = realloc(m->placements, (m->n + 1) * sizeof *more);
    if (!more) {
        lb_placement_finish(p);
        return -ENOMEM;
    }
    m->placements = more;
    more[m->n++] = *p;
    return 0;
}

/* A placement at every home. */
static int take_homes(struct making *m, struct lb_placement *p)
{
    bool crowd = p->n > 2 && m->level >= LOCAL_CROWDS;
    int err = 0;

    for (size_t i = 0; !err && i < m->n_homes; i++) {
        struct lb_placement one = *p;
        if (crowd && i > 0)
            break;
        one.pu_os = malloc((size_t)p->n * sizeof *one.pu_os);
        if (!one.pu_os)
            return -ENOMEM;
        memcpy(one.pu_os, p->pu_os, (size_t)p->n * sizeof *one.pu_os);
        if ((err = lb_placement_set_home(m->r->topology, m->homes[i], m->why, &one)))
            lb_placement_finish(&one);
        else
            err = take(m, &one);
    }
    return err;
}

static int take_named(struct making *m, const char *name, int threads)
{
    struct lb_placement p;
    int err = lb_placement_named(m->r->topology, name, threads, m->why, &p);

    if (err)
        return err;
    err = take_homes(m, &p);
    lb_placement_finish(&p);
    return err;
}

static bool is_wanted(const struct lb_request *r, int threads)
{
    for (size_t i = 0; i < r->n_threads; i++)
        if (r->threads[i] == threads)
            return true;
    return !r->n_threads;
}

static int take_pairs(struct making *m)
{
    enum lb_distance last = LB_DISTANCE_NONE;
    int err = 0;

    if (!is_wanted(&m->r->plan, 2))
        return 0;
    for (size_t i = 0; !err && i < m->n_classes; i++) {
        const struct lb_pu_pair_class *c = &m->classes[i];
        bool first = c->distance != last;
        struct lb_placement p;
        last = c->distance;
        if (!first && m->level >= NO_SYMMETRIC)
            continue;
        if ((err = lb_placement_of_class(m->r->topology, c, first, m->why, &p)))
            break;
        err = take_homes(m, &p);
        lb_placement_finish(&p);
    }
    return err;
}

/* 1, 2, 3, 4, 6, 8, 12, 16, ...: the powers of two and what lies halfway. */
static int next_count(int n)
{
    if (n < 3)
        return n + 1;
    return (n & (n - 1)) ? n / 3 * 4 : n / 2 * 3;
}

/* The count behind n, all of them at the end; then one more than there are. */
static int count_after(int n, int all)
{
    if (n >= all)
        return all + 1;
    return next_count(n) > all ? all : next_count(n);
}

static bool is_power_of_two(int n)
{
    return !(n & (n - 1));
}

static int take_counts(struct making *m, const char *order)
{
    int all = m->r->topology->n_allowed, err = 0;

    for (int n = 1; !err && n <= all; n = count_after(n, all)) {
        if (n > 2 && m->level >= PAIRS_ONLY)
            break;
        if (m->level >= POWERS_OF_TWO && !is_power_of_two(n) && n != all)
            continue;
        err = take_named(m, order, n);
    }
    return err;
}

static int take_threads(struct making *m)
{
    static const char *const orders[] = {"compact", "scatter"};
    const struct lb_request *r = &m->r->plan;
    int err = 0;

    for (size_t k = 0; !err && k < LB_COUNT(orders); k++) {
        if (!r->n_threads)
            err = take_counts(m, orders[k]);
        for (size_t i = 0; !err && i < r->n_threads; i++)
            err = take_named(m, orders[k], r->threads[i]);
    }
    return err;
}

/* All placements of a level. */
static int take_all(struct making *m)
{
    const struct lb_request *r = &m->r->plan;
    int err = 0;

    drop_placements(m);
    if (!r->n_placements) {
        err = take_pairs(m);
        return err ? err : take_threads(m);
    }
    for (size_t i = 0; !err && i < r->n_placements; i++)
        for (size_t k = 0; !err && k < (r->n_threads ? r->n_threads : 1); k++)
            err = take_named(m, r->placements[i], r->n_threads ? r->threads[k] : 0);
    return err;
}

static void say(char *text, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(char *text, size_t bytes, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + used, bytes - used, format, args);
    va_end(args);
}

static void cut(struct lb_sweep *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void cut(struct lb_sweep *s, const char *format, ...)
{
    va_list args;

    if (s->n_cuts == LB_SWEEP_CUTS)
        return;
    va_start(args, format);
    vsnprintf(s->cuts[s->n_cuts++], sizeof s->cuts[0], format, args);
    va_end(args);
}

static void say_absent(const struct making *m, struct lb_sweep *s)
{
    unsigned there = 0;

    /* Not lb_placement_classes, which knows none where there is no memory. */
    for (size_t i = 0; i < m->n_classes; i++)
        there |= 1u << m->classes[i].distance;
    for (int d = LB_DISTANCE_SMT; d < LB_DISTANCES; d++)
        if (!(there & 1u << d))
            say(s->absent, sizeof s->absent, "%s%s", *s->absent ? ", " : "pairs ",
                lb_distance_name((enum lb_distance)d));
    const char *before = *s->absent ? "; memory " : "memory ";
    for (int i = LB_HOME_REMOTE; i <= LB_HOME_INTERLEAVED; i++) {
        if (lb_home_exists(m->r->topology, (enum lb_home)i))
            continue;
        say(s->absent, sizeof s->absent, "%s%s", before, lb_home_name((enum lb_home)i));
        before = ", ";
    }
}

static int find_homes(struct making *m)
{
    const struct lb_request *r = &m->r->plan;

    m->n_homes = 0;
    for (int i = 0; i < LB_HOMES; i++)
        if (lb_home_exists(m->r->topology, (enum lb_home)i))
            m->homes[m->n_homes++] = (enum lb_home)i;
    if (!r->n_homes)
        return 0;
    m->n_homes = 0;
    for (size_t i = 0; i < r->n_homes; i++) {
        for (size_t k = 0; k < i; k++)
            if (r->homes[k] == r->homes[i])
                return lb_fail(m->why, EINVAL, "home: %s is named twice",
                               lb_home_name(r->homes[i]));
        m->homes[m->n_homes++] = r->homes[i];
    }
    return 0;
}

static int make_plan(struct making *m, struct lb_plan **plan)
{
    struct lb_request r = m->r->plan;
    int err = take_all(m);

    if (err)
        return err;
    m->n_at[m->level] = m->n;
    if (!m->n)
        return lb_fail(m->why, EINVAL, "nothing to sweep: no set of PUs fits what was asked for");
    r.made = m->placements;
    r.n_made = m->n;
    return lb_plan_create(&r, m->r->topology, m->why, plan);
}

/* Placements that these levels have left out: a small machine has nothing to lose at some. */
static size_t left_out(const struct making *m, enum level from, enum level to)
{
    return m->level < to ? 0 : m->n_at[from - 1] - m->n_at[to];
}

static void say_cuts(const struct making *m, unsigned wanted, struct lb_sweep *s)
{
    size_t pairs = left_out(m, NO_SYMMETRIC, NO_SYMMETRIC) / m->n_homes;

    if (pairs)
        cut(s,
            "one pair of PUs for each distance class: %zu pairs on other nodes or kinds of core "
            "are left out, as the machine's symmetry suggests",
            pairs);
    if (left_out(m, POWERS_OF_TWO, PAIRS_ONLY)) {
        cut(s, "more than two threads are left out");
    } else {
        if (left_out(m, POWERS_OF_TWO, POWERS_OF_TWO))
            cut(s, "thread counts that are no powers of two are left out (all stays)");
        if (left_out(m, LOCAL_CROWDS, LOCAL_CROWDS))
            cut(s, "more than two threads only with %s memory", lb_home_name(m->homes[0]));
    }
    if (s->rounds < wanted)
        cut(s, "%u round%s in place of %u%s", s->rounds, s->rounds == 1 ? "" : "s", wanted,
            s->rounds < LB_SWEEP_ROUNDS_LEAST ? ": no verdicts below 20" : "");
}

#define ROUNDS_MOST 1e9

/* Rounds that fit into the budget at this level: 0 when it has to be cut further. */
static unsigned fitting_rounds(const struct making *m, unsigned wanted, double round_s, bool last)
{
    double fit = m->r->budget_s > 0 ? m->r->budget_s / round_s : wanted;
    unsigned least = wanted < LB_SWEEP_ROUNDS_LEAST ? wanted : LB_SWEEP_ROUNDS_LEAST;

    if (m->r->rounds) /* asked for: all of them or another cut */
        least = wanted;
    if (fit >= wanted) /* a budget is there to be used */
        return m->r->rounds || !(m->r->budget_s > 0) || isinf(m->r->budget_s)
                   ? wanted
                   : (unsigned)fmin(fit, ROUNDS_MOST);
    return fit >= (last ? 1 : least) ? (unsigned)fit : 0;
}

static int choose_level(struct making *m, struct lb_sweep *s)
{
    unsigned wanted = m->r->rounds ? m->r->rounds : LB_SWEEP_ROUNDS;
    bool named = m->r->plan.n_placements || m->r->plan.n_threads;

    for (m->level = EVERYTHING; m->level < LEVELS; m->level++) {
        bool last = m->level == LEVELS - 1 || (named && m->level == NO_SYMMETRIC) ||
                    m->r->plan.n_placements;
        int err = make_plan(m, &s->plan);
        if (err)
            return err;
        s->round_s = lb_plan_round_s(s->plan);
        if ((s->rounds = fitting_rounds(m, wanted, s->round_s, last))) {
            say_cuts(m, wanted, s);
            return 0;
        }
        if (last)
            break;
        lb_plan_destroy(s->plan);
        s->plan = NULL;
    }
    return lb_fail(
        m->why, ERANGE,
        "budget: one round of the smallest sweep takes %.1f s, and the budget leaves %.1f s for "
        "rounds: give more, or name fewer layouts, scenarios or placements",
        s->round_s, m->r->budget_s);
}

int lb_sweep_create(const struct lb_sweep_request *r, struct lb_why *why, struct lb_sweep **sweep)
{
    struct making m = {.r = r, .why = why};
    struct lb_sweep *s = calloc(1, sizeof *s);
    int err = s ? lb_placement_pair_classes(r->topology, NULL, &m.classes, &m.n_classes) : -ENOMEM;

    if (!err)
        err = find_homes(&m);
    if (!err)
        err = choose_level(&m, s);
    if (!err)
        say_absent(&m, s);
    drop_placements(&m);
    free(m.classes);
    if (err) {
        lb_sweep_destroy(s);
        return err;
    }
    *sweep = s;
    return 0;
}

void lb_sweep_destroy(struct lb_sweep *s)
{
    if (!s)
        return;
    lb_plan_destroy(s->plan);
    free(s);
}
