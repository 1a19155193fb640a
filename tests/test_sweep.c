/* SPDX-License-Identifier: MIT
 *
 * sweep: which placements a machine's sweep visits, and what a budget costs. Nothing is measured;
 * the machines are synthetic or files.
 */
#include <linebounce/sweep.h>

#include "support/machines.h"
#include "support/cases.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Of machines with one kind of memory: local, remote, interleaved. */
#define HOMES 3

static const char two_sockets[] = "pack:2 numa:1 l3:8 core:8 pu:2";
static const char two_cpus[] = "pack:1 numa:1 l3:1 core:2 pu:1";
static const char without_l3[] = "pack:1 l2:2 core:4 pu:1";
static const char twenty[] = "pack:1 l3:2 core:5 pu:2";
static const char *const machines[] = {two_sockets,  two_cpus, without_l3,
                                       "hybrid.xml", twenty,   "pu:1"};

static const struct lb_scenario *const scenarios[] = {S(SAME_OBJECT), S(OBSERVER)};
static const double works[] = {200, 0};

static struct lb_sweep_request request(const struct lb_topology *t)
{
    return (struct lb_sweep_request){.topology = t,
                                     .plan = {.suite = "sweep",
                                              .scenarios = scenarios,
                                              .n_scenarios = 1,
                                              .layouts = lb_layouts,
                                              .n_layouts = 2,
                                              .work_ns = works,
                                              .n_work_ns = 1,
                                              .baseline = lb_layouts[0].name}};
}

static struct lb_sweep *sweep(const struct lb_sweep_request *r)
{
    struct lb_why why = {""};
    struct lb_sweep *s = NULL;

    if (lb_sweep_create(r, &why, &s))
        fail_msg("%s", why.text);
    return s;
}

/* Placements */

static size_t count_named(const struct lb_plan *p, const char *name, enum lb_home home)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_placements; i++)
        n += p->placements[i].home == home && !strcmp(p->placements[i].name, name);
    return n;
}

static bool same_pus(const struct lb_placement *a, const struct lb_placement *b)
{
    size_t common = 0;

    for (int i = 0; i < a->n; i++)
        for (int k = 0; k < b->n; k++)
            common += a->pu_os[i] == b->pu_os[k];
    return a->n == b->n && common == (size_t)a->n;
}

/* No placement twice, neither by name nor by what it is. */
static void check_once(const struct lb_plan *p)
{
    for (size_t i = 0; i < p->n_placements; i++) {
        const struct lb_placement *a = &p->placements[i];
        assert_int_equal(count_named(p, a->name, a->home), 1);
        for (size_t k = 0; k < i; k++)
            assert_false(a->home == p->placements[k].home && same_pus(a, &p->placements[k]));
    }
}

/* Each line-up at each home, on the right node. */
static void check_homes(const struct lb_topology *t, const struct lb_plan *p)
{
    int homes = t->n_nodes > 1 ? HOMES : 1;

    assert_int_equal(p->n_placements % (size_t)homes, 0);
    for (size_t i = 0; i < p->n_placements; i++) {
        const struct lb_placement *a = &p->placements[i];
        int first = lb_topology_find(t, a->pu_os[0])->node_os;
        for (int home = 0; home < HOMES; home++)
            assert_int_equal(count_named(p, a->name, (enum lb_home)home), home < homes);
        if (a->home == LB_HOME_INTERLEAVED)
            assert_int_equal(a->home_node_os, -1);
        else
            assert_int_equal(a->home_node_os == first, a->home == LB_HOME_LOCAL);
    }
}

/* Some placement has these PUs at home: under whatever name it came first. */
static void assert_there(const struct lb_topology *t, const struct lb_plan *p, const char *name,
                         int threads)
{
    struct lb_placement wanted;
    size_t found = 0;

    assert_int_equal(lb_placement_named(t, name, threads, NULL, &wanted), 0);
    for (size_t i = 0; i < p->n_placements; i++)
        found += p->placements[i].home == LB_HOME_LOCAL && same_pus(&p->placements[i], &wanted);
    assert_int_equal(found, 1);
    lb_placement_finish(&wanted);
}

static const int counts[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256};

static void check_counts(const struct lb_topology *t, const struct lb_plan *p)
{
    for (size_t i = 0; i < LB_COUNT(counts) && counts[i] <= t->n_allowed; i++) {
        assert_there(t, p, "compact", counts[i]);
        assert_there(t, p, "scatter", counts[i]);
    }
    assert_there(t, p, "compact", t->n_allowed);
    for (size_t i = 0; i < p->n_placements; i++) {
        bool known = p->placements[i].n == t->n_allowed;
        for (size_t k = 0; k < LB_COUNT(counts); k++)
            known |= p->placements[i].n == counts[k];
        assert_true(known);
    }
}

/* What the machine has is there, what it lacks is named. */
static void check_distances(const struct lb_topology *t, const struct lb_sweep *s)
{
    unsigned there;

    assert_int_equal(lb_placement_classes(t, &there), 0);
    for (int d = LB_DISTANCE_SMT; d < LB_DISTANCES; d++) {
        const char *name = lb_distance_name((enum lb_distance)d);
        bool has = there & 1u << d;
        assert_int_equal(count_named(s->plan, name, LB_HOME_LOCAL), has);
        if (has)
            assert_there(t, s->plan, name, 2);
        /* "remote" is also a home, behind the semicolon. */
        char classes[sizeof s->absent];
        snprintf(classes, sizeof classes, "%.*s", (int)strcspn(s->absent, ";"), s->absent);
        assert_int_equal(!strncmp(classes, "pairs", 5) && strstr(classes, name) != NULL, !has);
    }
    assert_int_equal(strstr(s->absent, "memory remote, interleaved") != NULL, t->n_nodes < 2);
}

static void test_whole_sweeps(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(machines); i++) {
        struct lb_topology *t = load(machines[i]);
        struct lb_sweep_request r = request(t);
        struct lb_sweep *s = sweep(&r);

        assert_int_equal(s->rounds, LB_SWEEP_ROUNDS);
        assert_int_equal(s->n_cuts, 0);
        assert_true(fabs(s->round_s - lb_plan_round_s(s->plan)) < 1e-12 && s->round_s > 0);
        check_once(s->plan);
        check_homes(t, s->plan);
        check_counts(t, s->plan);
        check_distances(t, s);
        lb_sweep_destroy(s);
        lb_topology_destroy(t);
    }
    lb_sweep_destroy(NULL);
}

/* By hand: a pair of each class on both sockets, and 15 + 13 crowds, at three homes. */
static void test_two_sockets(void **state)
{
    static const struct {
        const char *name;
        int pu_a_os, pu_b_os, local, remote;
    } pairs[] = {{"smt", 0, 1, 0, 1},      {"smt@1", 128, 129, 1, 0}, {"l3", 0, 2, 0, 1},
                 {"l3@1", 128, 130, 1, 0}, {"package", 0, 16, 0, 1},  {"package@1", 128, 144, 1, 0},
                 {"remote", 0, 128, 0, 1}};
    struct lb_topology *t = load(two_sockets);
    struct lb_sweep_request r = request(t);
    struct lb_sweep *s = sweep(&r);

    (void)state;
    assert_int_equal(s->plan->n_placements, (LB_COUNT(pairs) + 15 + 13) * HOMES);
    assert_string_equal(s->absent, "pairs l2");
    for (size_t i = 0; i < LB_COUNT(pairs); i++)
        for (int home = 0; home < HOMES; home++) {
            const struct lb_placement *p = &s->plan->placements[HOMES * i + (size_t)home];
            assert_string_equal(p->name, pairs[i].name);
            assert_int_equal(p->home, home);
            assert_int_equal(p->pu_os[0], pairs[i].pu_a_os);
            assert_int_equal(p->pu_os[1], pairs[i].pu_b_os);
            assert_int_equal(p->home_node_os, home == LB_HOME_LOCAL    ? pairs[i].local
                                              : home == LB_HOME_REMOTE ? pairs[i].remote
                                                                       : -1);
        }
    lb_sweep_destroy(s);
    lb_topology_destroy(t);
}

/* The program says them in one breath. */
static void test_absent(void **state)
{
    static const struct {
        const char *machine, *absent;
    } rows[] = {
        {two_cpus, "pairs smt, l2, package, remote; memory remote, interleaved"},
        {without_l3, "pairs smt, l3, remote; memory remote, interleaved"},
        {"hybrid.xml", "pairs package, remote; memory remote, interleaved"},
        {"pu:1", "pairs smt, l2, l3, package, remote; memory remote, interleaved"},
        {"pack:2 die:2 numa:1 l3:2 l2:2 core:2 pu:2", ""},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        struct lb_topology *t = load(rows[i].machine);
        struct lb_sweep_request r = request(t);
        struct lb_sweep *s = sweep(&r);
        assert_string_equal(s->absent, rows[i].absent);
        lb_sweep_destroy(s);
        lb_topology_destroy(t);
    }
}

/* The same request, the same plan */

static char *describe(const struct lb_sweep *s)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    fprintf(out, "%u rounds of %a s, absent %s\n", s->rounds, s->round_s, s->absent);
    for (int i = 0; i < s->n_cuts; i++)
        fprintf(out, "%s\n", s->cuts[i]);
    for (size_t i = 0; i < s->plan->n_placements; i++) {
        const struct lb_placement *p = &s->plan->placements[i];
        fprintf(out, "%s %d %d", p->name, p->home, p->home_node_os);
        for (int k = 0; k < p->n; k++)
            fprintf(out, " %d", p->pu_os[k]);
        fputs("\n", out);
    }
    for (size_t i = 0; i < s->plan->n_cases; i++) {
        char name[192];
        lb_case_name(s->plan, &s->plan->cases[i], name, sizeof name);
        fprintf(out, "%s\n", name);
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_the_same_again(void **state)
{
    static const double budgets[] = {0, 100};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(machines); i++)
        for (size_t b = 0; b < LB_COUNT(budgets); b++) {
            char *text[2];
            for (int k = 0; k < 2; k++) {
                struct lb_topology *t = load(machines[i]);
                struct lb_sweep_request r = request(t);
                r.budget_s = budgets[b];
                struct lb_sweep *s = sweep(&r);
                text[k] = describe(s);
                lb_sweep_destroy(s);
                lb_topology_destroy(t);
            }
            assert_string_equal(text[0], text[1]);
            free(text[0]);
            free(text[1]);
        }
}

/* Budgets */

static bool says(const struct lb_sweep *s, const char *what)
{
    for (int i = 0; i < s->n_cuts; i++)
        if (strstr(s->cuts[i], what))
            return true;
    return false;
}

static size_t wider_than(const struct lb_plan *p, int threads, enum lb_home home)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_placements; i++)
        n += p->placements[i].n > threads && p->placements[i].home == home;
    return n;
}

static size_t odd_counts(const struct lb_plan *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_placements; i++)
        n += (p->placements[i].n & (p->placements[i].n - 1)) != 0;
    return n;
}

/* What is still there at each level of cutting, and what is said. */
static const struct level {
    size_t pairs, odd, crowds_here, crowds_there; /* crowds: of more than two */
    const char *cuts[4];
} levels[] = {
    {7, 42, 27, 27, {NULL}},
    {4, 42, 27, 27, {"one pair of PUs for each distance class: 3 pairs"}},
    {4, 0, 13, 13, {"3 pairs", "no powers of two are left out (all stays)"}},
    {4, 0, 13, 0, {"3 pairs", "no powers of two", "more than two threads only with local memory"}},
    {4, 0, 0, 0, {"3 pairs", "more than two threads are left out"}},
};

static void check_level(const struct lb_topology *t, const struct lb_sweep *s,
                        const struct level *level, bool fewer_rounds)
{
    int n = 0;

    for (int home = 0; home < HOMES; home++)
        assert_int_equal(wider_than(s->plan, 1, (enum lb_home)home) -
                             wider_than(s->plan, 2, (enum lb_home)home),
                         level->pairs);
    assert_int_equal(odd_counts(s->plan), level->odd);
    assert_int_equal(wider_than(s->plan, 2, LB_HOME_LOCAL), level->crowds_here);
    assert_int_equal(wider_than(s->plan, 2, LB_HOME_REMOTE), level->crowds_there);
    assert_int_equal(wider_than(s->plan, 2, LB_HOME_INTERLEAVED), level->crowds_there);
    assert_there(t, s->plan, "compact", 1);
    check_distances(t, s);
    check_once(s->plan);
    for (; n < 4 && level->cuts[n]; n++)
        assert_true(says(s, level->cuts[n]));
    assert_int_equal(s->n_cuts, n + fewer_rounds);
    assert_int_equal(says(s, " in place of 30"), fewer_rounds);
}

/* Time for `rounds` of them and a bit. */
static struct lb_sweep *with_budget(struct lb_sweep_request *r, double round_s, double rounds)
{
    r->budget_s = round_s * rounds;
    return sweep(r);
}

/* 30 rounds, then fewer down to 20, then the next thing is given up. */
static void test_cuts(void **state)
{
    struct lb_topology *t = load(two_sockets);
    struct lb_sweep_request r = request(t);
    double round_s, budget_s = INFINITY;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(levels); i++) {
        r.budget_s = budget_s;
        struct lb_sweep *s = sweep(&r);
        check_level(t, s, &levels[i], s->rounds < LB_SWEEP_ROUNDS);
        assert_true(s->rounds >= LB_SWEEP_ROUNDS_LEAST);
        assert_true(s->rounds * s->round_s <= budget_s);
        assert_true(isinf(budget_s) || (s->rounds + 1) * s->round_s > budget_s); /* all is used */
        round_s = s->round_s;
        lb_sweep_destroy(s);

        s = with_budget(&r, round_s, 20.5);
        check_level(t, s, &levels[i], true);
        assert_int_equal(s->rounds, 20);
        assert_false(says(s, "no verdicts"));
        lb_sweep_destroy(s);

        budget_s = 19.5 * round_s;
    }
    /* Nothing but rounds is left to cut. */
    for (int rounds = 19; rounds > 0; rounds -= 9) {
        struct lb_sweep *s = with_budget(&r, round_s, rounds + 0.5);
        check_level(t, s, &levels[LB_COUNT(levels) - 1], true);
        assert_int_equal(s->rounds, rounds);
        assert_true(says(s, "no verdicts below 20"));
        lb_sweep_destroy(s);
    }
    lb_topology_destroy(t);
}

/* High-bandwidth memory beside the only package's DRAM. */
static void test_second_kind_of_memory(void **state)
{
    struct lb_topology *t = load("pack:1 [numa(memory=8GB)] [numa(memory=4GB)] l3:1 core:4 pu:1");
    struct lb_sweep_request r = request(t);
    struct lb_sweep *s = sweep(&r);

    (void)state;
    assert_true(count_named(s->plan, "l3", LB_HOME_LOCAL) == 1);
    assert_true(count_named(s->plan, "l3", LB_HOME_OTHER_KIND) == 1);
    assert_true(count_named(s->plan, "l3", LB_HOME_INTERLEAVED) == 1);
    assert_true(count_named(s->plan, "l3", LB_HOME_REMOTE) == 0);
    assert_non_null(strstr(s->absent, "memory remote"));
    lb_sweep_destroy(s);
    lb_topology_destroy(t);
}

static void test_too_small_a_budget(void **state)
{
    struct lb_topology *t = load(two_sockets);
    struct lb_sweep_request r = request(t);
    struct lb_sweep *const untouched = (struct lb_sweep *)&r, *s = untouched;
    struct lb_why why = {""};
    char took[64];

    (void)state;
    r.budget_s = 0.5;
    assert_int_equal(lb_sweep_create(&r, &why, &s), -ERANGE);
    assert_ptr_equal(s, untouched);
    assert_non_null(strstr(why.text, "budget: one round of the smallest sweep takes "));
    assert_non_null(strstr(why.text, "the budget leaves 0.5 s for rounds"));
    /* What it says is what it wants. */
    assert_int_equal(sscanf(strstr(why.text, "takes "), "takes %60s", took), 1);
    r.budget_s = atof(took) + 0.06;
    s = sweep(&r);
    assert_int_equal(s->rounds, 1);
    lb_sweep_destroy(s);
    r.budget_s = atof(took) - 0.06;
    s = untouched;
    assert_int_equal(lb_sweep_create(&r, NULL, &s), -ERANGE);
    lb_topology_destroy(t);
}

/* A machine that has nothing to leave out loses rounds, and nothing else is said to be lost. */
static void test_nothing_to_leave_out(void **state)
{
    static const struct {
        const char *machine;
        double rounds;
    } rows[] = {{two_cpus, 25.5}, {two_cpus, 3.5}, {"pu:1", 2.5}};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        struct lb_topology *t = load(rows[i].machine);
        struct lb_sweep_request r = request(t);
        struct lb_sweep *whole = sweep(&r);
        struct lb_sweep *s = with_budget(&r, whole->round_s, rows[i].rounds);
        assert_int_equal(s->rounds, (unsigned)rows[i].rounds);
        assert_int_equal(s->plan->n_cases, whole->plan->n_cases);
        assert_int_equal(s->n_cuts, 1);
        assert_true(says(s, " in place of 30"));
        lb_sweep_destroy(s);
        lb_sweep_destroy(whole);
        lb_topology_destroy(t);
    }
}

/* "all" is no power of two. */
static void test_all_stays(void **state)
{
    struct lb_topology *t = load(twenty);
    struct lb_sweep_request r = request(t);
    struct lb_sweep *s = sweep(&r);
    double round_s = s->round_s;

    (void)state;
    assert_int_equal(odd_counts(s->plan), 2 * 3 + 1); /* 3, 6, 12 each way, and 20 */
    lb_sweep_destroy(s);
    s = with_budget(&r, round_s, 19);
    assert_int_equal(odd_counts(s->plan), 1);
    assert_there(t, s->plan, "compact", 20);
    assert_int_equal(s->n_cuts, 1 + (s->rounds < 30)); /* no pair here is like another */
    assert_true(says(s, "no powers of two are left out (all stays)"));
    lb_sweep_destroy(s);
    lb_topology_destroy(t);
}

/* Whatever the number of CPUs, the row of counts ends with all of them. */
static void test_every_number_of_cpus(void **state)
{
    char text[32];

    (void)state;
    for (int n = 1; n <= 40; n++) {
        snprintf(text, sizeof text, "pack:1 l3:1 core:%d pu:1", n);
        struct lb_topology *t = load(text);
        struct lb_sweep_request r = request(t);
        struct lb_sweep *s = sweep(&r);
        int most = 0;
        for (size_t i = 0; i < s->plan->n_placements; i++)
            most = s->plan->placements[i].n > most ? s->plan->placements[i].n : most;
        assert_int_equal(most, n);
        lb_sweep_destroy(s);
        lb_topology_destroy(t);
    }
}

/* So many rounds were asked for: other things are given up for them. */
static void test_rounds_asked_for(void **state)
{
    struct lb_topology *t = load(two_sockets);
    struct lb_sweep_request r = request(t);
    struct lb_sweep *s;
    double round_s;

    (void)state;
    r.rounds = 50;
    s = sweep(&r);
    assert_int_equal(s->rounds, 50);
    assert_int_equal(s->n_cuts, 0);
    round_s = s->round_s;
    lb_sweep_destroy(s);
    s = with_budget(&r, round_s, 50.5);
    assert_int_equal(s->rounds, 50);
    assert_int_equal(s->n_cuts, 0);
    lb_sweep_destroy(s);
    s = with_budget(&r, round_s, 49.5);
    assert_int_equal(s->rounds, 50);
    assert_int_equal(s->n_cuts, 1);
    assert_true(says(s, "one pair of PUs for each distance class"));
    lb_sweep_destroy(s);
    r.rounds = 3;
    s = with_budget(&r, round_s, 3.5);
    assert_int_equal(s->rounds, 3);
    assert_int_equal(s->n_cuts, 0);
    lb_sweep_destroy(s);
    lb_topology_destroy(t);
}

/* Limits of the user */

static void test_placements_named(void **state)
{
    static const char *const names[] = {"l3", "scatter-8", "compact"};
    static const int threads[] = {2};
    struct lb_topology *t = load(two_sockets);
    struct lb_sweep_request r = request(t);
    struct lb_sweep *s;
    double round_s;

    (void)state;
    r.plan.placements = names;
    r.plan.n_placements = LB_COUNT(names);
    s = sweep(&r);
    assert_int_equal(s->plan->n_placements, LB_COUNT(names) * HOMES);
    assert_int_equal(count_named(s->plan, "l3", LB_HOME_REMOTE), 1);
    assert_int_equal(count_named(s->plan, "scatter-8", LB_HOME_INTERLEAVED), 1);
    assert_int_equal(count_named(s->plan, "compact-2", LB_HOME_LOCAL), 1);
    round_s = s->round_s;
    lb_sweep_destroy(s);
    s = with_budget(&r, round_s, 1.5); /* they are never given up */
    assert_int_equal(s->plan->n_placements, LB_COUNT(names) * HOMES);
    assert_int_equal(s->rounds, 1);
    assert_int_equal(s->n_cuts, 1);
    lb_sweep_destroy(s);
    r.budget_s = 0.9 * round_s;
    assert_int_equal(lb_sweep_create(&r, NULL, &s), -ERANGE);
    r.budget_s = 0;
    r.plan.n_placements = 1;
    r.plan.threads = threads;
    r.plan.n_threads = 1;
    s = sweep(&r);
    assert_int_equal(s->plan->n_placements, HOMES);
    lb_sweep_destroy(s);
    lb_topology_destroy(t);
}

static void test_threads_named(void **state)
{
    static const int threads[] = {2, 5, 64};
    struct lb_topology *t = load(two_sockets);
    struct lb_sweep_request r = request(t);
    struct lb_sweep *s;
    double round_s;

    (void)state;
    r.plan.threads = threads;
    r.plan.n_threads = LB_COUNT(threads);
    s = sweep(&r);
    assert_int_equal(s->plan->n_placements, (7 + 4) * HOMES); /* all pairs; 5 and 64 each way */
    round_s = s->round_s;
    lb_sweep_destroy(s);
    s = with_budget(&r, round_s, 1.5);
    assert_int_equal(s->plan->n_placements, (4 + 4) * HOMES);
    assert_true(says(s, "3 pairs") && says(s, " in place of 30"));
    assert_int_equal(s->n_cuts, 2);
    lb_sweep_destroy(s);
    r.plan.threads = threads + 1; /* no pairs were asked for: none is said to be left out */
    r.plan.n_threads = 1;
    r.budget_s = 0;
    s = sweep(&r);
    assert_int_equal(s->plan->n_placements, 2 * HOMES);
    round_s = s->round_s;
    lb_sweep_destroy(s);
    s = with_budget(&r, round_s, 1.5);
    assert_int_equal(s->n_cuts, 1);
    lb_sweep_destroy(s);
    lb_topology_destroy(t);
}

static void test_homes_named(void **state)
{
    static const enum lb_home homes[] = {LB_HOME_INTERLEAVED, LB_HOME_REMOTE};
    struct lb_topology *t = load(two_sockets);
    struct lb_sweep_request r = request(t);
    struct lb_sweep *s;
    double round_s;

    (void)state;
    r.plan.homes = homes;
    r.plan.n_homes = 2;
    s = sweep(&r);
    assert_int_equal(s->plan->n_placements, (7 + 15 + 13) * 2);
    for (size_t i = 0; i < s->plan->n_placements; i++)
        assert_int_equal(s->plan->placements[i].home, homes[i % 2]);
    round_s = s->round_s;
    lb_sweep_destroy(s);
    /* Of several homes the first one stays. */
    s = with_budget(&r, round_s, 8);
    assert_true(says(s, "more than two threads only with interleaved memory"));
    assert_int_equal(wider_than(s->plan, 2, LB_HOME_REMOTE), 0);
    assert_true(wider_than(s->plan, 2, LB_HOME_INTERLEAVED) > 0);
    lb_sweep_destroy(s);
    lb_topology_destroy(t);
}

/* Refusals */

static void refuse(struct lb_sweep_request *r, int result, const char *what)
{
    struct lb_sweep *const untouched = (struct lb_sweep *)r, *s = untouched;
    struct lb_why why = {""};

    assert_int_equal(lb_sweep_create(r, &why, &s), result);
    assert_ptr_equal(s, untouched);
    if (!strstr(why.text, what))
        fail_msg("\"%s\" does not say \"%s\"", why.text, what);
    assert_int_equal(lb_sweep_create(r, NULL, &s), result);
}

static void test_refusals(void **state)
{
    static const char *const l2[] = {"l2"}, *const l3[] = {"l3"}, *const unknown[] = {"l4"};
    static const enum lb_home remote[] = {LB_HOME_REMOTE};
    static const enum lb_home twice[] = {LB_HOME_LOCAL, LB_HOME_REMOTE, LB_HOME_LOCAL};
    static const int many[] = {300}, four[] = {4}, one[] = {1};
    struct lb_topology *t = load(two_sockets), *small = load(two_cpus);
    struct lb_sweep_request r = request(t);

    (void)state;
    r.plan.threads = many;
    r.plan.n_threads = 1;
    refuse(&r, -ERANGE, "only 256 allowed PUs");
    r = request(t);
    r.plan.placements = l2;
    r.plan.n_placements = 1;
    refuse(&r, -ENOENT, "it has smt, l3, package, remote");
    r.plan.placements = unknown;
    refuse(&r, -EINVAL, "l4");
    r.plan.placements = l3; /* a pair of four */
    r.plan.threads = four;
    r.plan.n_threads = 1;
    refuse(&r, -EINVAL, "a pair is 2 threads");
    r = request(t);
    r.plan.homes = twice;
    r.plan.n_homes = 3;
    refuse(&r, -EINVAL, "local is named twice");
    r = request(small);
    r.plan.homes = remote;
    r.plan.n_homes = 1;
    refuse(&r, -ENOENT, "one NUMA node");
    r = request(small); /* no set of PUs of one suits observer */
    r.plan.scenarios = scenarios + 1;
    r.plan.threads = one;
    r.plan.n_threads = 1;
    refuse(&r, -EINVAL, "observer: needs more than 1 thread");
    r = request(small);
    r.plan.baseline = "nobody";
    refuse(&r, -EINVAL, "nobody");
    r = request(small);
    r.plan.n_scenarios = 0;
    refuse(&r, -EINVAL, "nothing to measure");
    lb_topology_destroy(small);
    lb_topology_destroy(t);
}

/* Growth: by what was asked for in proportion, by PUs with their logarithm. */

static size_t cases_of(const struct lb_sweep_request *r, size_t *placements)
{
    struct lb_sweep *s = sweep(r);
    size_t n = s->plan->n_cases;

    if (placements)
        *placements = s->plan->n_placements;
    lb_sweep_destroy(s);
    return n;
}

static void test_growth(void **state)
{
    static const char *const doubled[] = {
        "pack:2 numa:1 l3:2 core:4 pu:2",  "pack:2 numa:1 l3:4 core:4 pu:2",
        "pack:2 numa:1 l3:8 core:4 pu:2",  "pack:2 numa:1 l3:8 core:8 pu:2",
        "pack:2 numa:1 l3:8 core:16 pu:2", "pack:2 numa:1 l3:16 core:16 pu:2"};
    size_t last = 0, placements, one, more;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(doubled); i++) {
        struct lb_topology *t = load(doubled[i]);
        struct lb_sweep_request r = request(t);
        one = cases_of(&r, &placements);
        /* Two counts more, each way, at each home. */
        assert_true(!last || placements == last + 2 * 2 * HOMES);
        last = placements;
        r.plan.n_layouts = 6; /* a case of the loop of nothing for each placement stays */
        more = cases_of(&r, NULL);
        assert_int_equal(more - placements, 3 * (one - placements));
        r.plan.n_layouts = 2;
        r.plan.n_work_ns = 2;
        assert_int_equal(cases_of(&r, NULL), 2 * one);
        lb_topology_destroy(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_sweeps),
        cmocka_unit_test(test_two_sockets),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_the_same_again),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_second_kind_of_memory),
        cmocka_unit_test(test_too_small_a_budget),
        cmocka_unit_test(test_nothing_to_leave_out),
        cmocka_unit_test(test_all_stays),
        cmocka_unit_test(test_every_number_of_cpus),
        cmocka_unit_test(test_rounds_asked_for),
        cmocka_unit_test(test_placements_named),
        cmocka_unit_test(test_threads_named),
        cmocka_unit_test(test_homes_named),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
