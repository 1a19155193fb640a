/* SPDX-License-Identifier: MIT
 *
 * plan: which cases follow from a request, what each is compared to, and what is refused. Nothing
 * is measured; the machines are synthetic.
 */
#include <linebounce/plan.h>

#include <linebounce/crew.h>

#include "support/cases.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct lb_scenario *const every_scenario[] = {
    S(SAME_OBJECT), S(NEIGHBOURS), S(OBSERVER), S(MIXED), S(WRITERS), S(NESTED), S(MANY), S(EMPTY),
};
static const double headline[] = {LB_WORK_HEADLINE_NS};
static const double works[] = {0, LB_WORK_HEADLINE_NS};
static const size_t objects[] = {1000};

static const char four_cores[] = "pack:1 numa:1 l3:2 l2:2 core:1 pu:1";

static struct lb_topology *machine(const char *spec)
{
    struct lb_why why = {""};
    struct lb_topology *topology = NULL;

    if (lb_topology_load(spec, &why, &topology))
        fail_msg("%s", why.text);
    return topology;
}

/* What the program asks for by default: every layout, both works, controls. */
static struct lb_request by_default(void)
{
    return (struct lb_request){
        .suite = "layouts",
        .scenarios = every_scenario,
        .n_scenarios = LB_COUNT(every_scenario),
        .layouts = lb_layouts,
        .n_layouts = lb_n_layouts,
        .writers = {1, 0},
        .work_ns = works,
        .n_work_ns = LB_COUNT(works),
        .objects = objects,
        .n_objects = 1,
        .baseline = LB_BASELINE,
        .controls = true,
    };
}

static struct lb_plan *plan_on(const char *spec, const struct lb_request *r)
{
    struct lb_topology *t = machine(spec);
    struct lb_why why = {""};
    struct lb_plan *plan = NULL;

    if (lb_plan_create(r, t, &why, &plan))
        fail_msg("%s", why.text);
    lb_topology_destroy(t);
    return plan;
}

static int refused(const char *spec, const struct lb_request *r, struct lb_why *why)
{
    struct lb_topology *t = machine(spec);
    struct lb_plan *plan = (struct lb_plan *)t;
    int err;

    why->text[0] = '\0';
    err = lb_plan_create(r, t, why, &plan);
    assert_true(err < 0);
    assert_ptr_equal(plan, t);
    assert_true(why->text[0] != '\0');
    lb_topology_destroy(t);
    return err;
}

static size_t count(const struct lb_plan *p, enum lb_scenario_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_cases; i++)
        n += p->cases[i].shape.scenario->kind == kind;
    return n;
}

/* The first case of that kind, layout ("" for none) and work; its index. */
static int find(const struct lb_plan *p, enum lb_scenario_kind kind, const char *layout,
                double work_ns)
{
    for (size_t i = 0; i < p->n_cases; i++) {
        char name[LB_CASE_LAYOUT_BYTES];

        lb_case_layout(&p->cases[i], name);
        if (p->cases[i].shape.scenario->kind == kind && !strcmp(name, layout) &&
            p->cases[i].work_ns >= work_ns && p->cases[i].work_ns <= work_ns)
            return (int)i;
    }
    fail_msg("no case of %s with '%s' at %g", lb_scenarios[kind].name, layout, work_ns);
    return -1;
}

static bool same(double a, double b)
{
    return a >= b && a <= b;
}

/* What holds of every plan. */
static void check_plan(const struct lb_plan *p)
{
    assert_true(lb_plan_round_s(p) > 0);
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i];
        const struct lb_scenario *s = c->shape.scenario;

        assert_uint_in_range(c->placement, 0, p->n_placements - 1);
        assert_int_equal(c->shape.threads, p->placements[c->placement].n);
        assert_true(c->shape.threads >= s->n_roles);
        assert_int_equal(c->shape.layout != NULL, s->subject->uses_layout);
        assert_int_equal(lb_scenario_allows(s, c->shape.layout, c->shape.lock, NULL), 0);
        assert_int_equal(c->blocks, lb_scenario_blocks(s, c->shape.lock));
        assert_true(c->window_ns >= (c->blocks ? LB_WINDOW_BLOCKING_NS : LB_WINDOW_NS));
        assert_true(lb_workload_bytes(&c->shape) <= p->arena_bytes);
        assert_uint_in_range(c->phases, 1, LB_LINE_BYTES);
        assert_uint_in_range(c->every, 1, 2);
        assert_true(c->slow >= 1 && (c->twin || c->slow <= 1));
        assert_uint_in_range(lb_case_roles(c), 1, 2);
        assert_true(c->base < (int)p->n_cases && c->base != (int)i && c->empty != (int)i);
        if (s->kind == LB_SCENARIO_EMPTY)
            assert_int_equal(c->empty, -1);
        else
            assert_true(c->empty >= 0);
        /* What is compared or subtracted was measured in the same place, at the same work, in the
         * same rounds. */
        for (int other = 0; other < 2; other++) {
            int at = other ? c->base : c->empty;
            if (at < 0)
                continue;
            assert_int_equal(p->cases[at].placement, c->placement);
            assert_true(same(p->cases[at].work_ns, c->work_ns));
            assert_true(other ? p->cases[at].every == c->every : p->cases[at].every == 1);
        }
    }
}

static void test_default_request(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *p = plan_on(four_cores, &r);
    size_t layouts = lb_n_layouts;

    (void)state;
    check_plan(p);
    assert_string_equal(p->suite, "layouts");
    assert_int_equal(p->n_placements, 1);
    assert_int_equal(p->placements[0].n, 2);
    assert_int_equal(p->placements[0].distance, LB_DISTANCE_L3);
    /* At 0 and 200, and for the self-check at 100 and 1000. */
    assert_int_equal(count(p, LB_SCENARIO_EMPTY), 4);
    assert_int_equal(count(p, LB_SCENARIO_CONTROL_SHARED), 4);
    assert_int_equal(count(p, LB_SCENARIO_CONTROL_APART), 4);
    assert_int_equal(count(p, LB_SCENARIO_SAME_OBJECT), 2 * layouts);
    assert_int_equal(count(p, LB_SCENARIO_NEIGHBOURS), 2 * layouts);
    assert_int_equal(count(p, LB_SCENARIO_OBSERVER), 2 * layouts);
    assert_int_equal(count(p, LB_SCENARIO_MIXED), 2 * layouts);
    assert_int_equal(count(p, LB_SCENARIO_NESTED), 2 * layouts);
    assert_int_equal(count(p, LB_SCENARIO_MANY), 2 * layouts);
    /* A refcount's writers need the address space's lock. */
    assert_int_equal(count(p, LB_SCENARIO_WRITERS), 2 * (layouts - 2));
    assert_int_equal(p->n_refused, 4);
    assert_non_null(strstr(p->refused, "writers"));
    assert_non_null(strstr(p->refused, "refcount"));
    for (size_t i = 0; i < p->n_cases; i++)
        if (p->cases[i].shape.layout)
            assert_int_equal(p->cases[i].shape.lock, p->cases[i].shape.layout->lock);
    lb_plan_destroy(p);
}

static void test_baselines(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *p = plan_on(four_cores, &r);

    (void)state;
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i];
        const struct lb_case *b = c->base < 0 ? NULL : &p->cases[c->base];

        if (c->shape.layout && strcmp(c->shape.layout->name, "pointer")) {
            assert_non_null(b);
            assert_string_equal(b->shape.layout->name, "pointer");
            assert_ptr_equal(b->shape.scenario, c->shape.scenario);
            assert_int_equal(b->base, -1);
        } else if (c->shape.scenario->purpose == LB_PURPOSE_SHARED_CONTROL) {
            assert_non_null(b);
            assert_int_equal(b->shape.scenario->kind, LB_SCENARIO_CONTROL_APART);
        } else {
            assert_null(b);
        }
    }
    lb_plan_destroy(p);
    /* Any layout of the run may be the baseline, also one that comes later in the list. */
    r.baseline = "padded";
    p = plan_on(four_cores, &r);
    check_plan(p);
    assert_int_equal(p->cases[find(p, LB_SCENARIO_MIXED, "pointer", 200)].base,
                     find(p, LB_SCENARIO_MIXED, "padded", 200));
    assert_int_equal(p->cases[find(p, LB_SCENARIO_MIXED, "padded", 200)].base, -1);
    lb_plan_destroy(p);
}

static void test_no_baseline(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *p;

    (void)state;
    r.baseline = NULL;
    r.twins = true;
    p = plan_on(four_cores, &r);
    check_plan(p);
    for (size_t i = 0; i < p->n_cases; i++)
        if (p->cases[i].shape.layout)
            assert_int_equal(p->cases[i].base, p->cases[i].twin ? (int)i - 1 : -1);
    lb_plan_destroy(p);
}

/* With several locks the baseline is the baseline layout with its first one. */
static void test_locks(void **state)
{
    static const enum lb_lock_kind locks[] = {LB_LOCK_RWSEM32, LB_LOCK_PTHREAD_RWLOCK};
    static const struct lb_scenario *const one[] = {S(SAME_OBJECT)};
    struct lb_request r = by_default();
    struct lb_plan *p;
    int base;

    (void)state;
    r.locks = locks;
    r.n_locks = 2;
    r.scenarios = one;
    r.n_scenarios = 1;
    r.work_ns = headline;
    r.n_work_ns = 1;
    p = plan_on(four_cores, &r);
    check_plan(p);
    /* Four inline layouts have no room for a pthread_rwlock, one for neither. */
    assert_int_equal(count(p, LB_SCENARIO_SAME_OBJECT), 2 * lb_n_layouts - 3 - 2);
    assert_int_equal(p->n_refused, 5);
    base = find(p, LB_SCENARIO_SAME_OBJECT, "pointer", 200);
    assert_int_equal(p->cases[base].shape.lock, LB_LOCK_RWSEM32);
    for (size_t i = 0; i < p->n_cases; i++)
        if (p->cases[i].shape.layout && (int)i != base)
            assert_int_equal(p->cases[i].base, base);
    lb_plan_destroy(p);
}

static void test_twins(void **state)
{
    struct lb_request r = by_default();
    char name[LB_CASE_LAYOUT_BYTES];
    struct lb_plan *p;
    size_t twins = 0;

    (void)state;
    r.twins = true;
    r.twin_slow = 0.05;
    p = plan_on(four_cores, &r);
    check_plan(p);
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i], *b;

        if (!c->twin)
            continue;
        twins++;
        b = &p->cases[c->base];
        assert_int_equal(c->twin, 1);
        assert_int_equal(c->base, i - 1);
        assert_memory_equal(&c->shape, &b->shape, sizeof c->shape);
        assert_false(b->twin);
        assert_true(same(b->slow, 1) && same(c->slow, 1.05));
        assert_true(same(b->window_ns, c->window_ns));
        assert_int_equal(b->phases, c->phases);
        lb_case_layout(c, name);
        assert_int_equal(strncmp(name, c->shape.layout->name, strlen(name) - 1), 0);
        assert_int_equal(name[strlen(name) - 1], '~');
    }
    assert_int_equal(twins, count(p, LB_SCENARIO_MANY) / 2 * 6 + count(p, LB_SCENARIO_WRITERS) / 2);
    lb_plan_destroy(p);
}

/* Otherwise both instruments are in every case, and no word is watched. */
static void test_instruments_by_default(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *p;

    (void)state;
    for (int twins = 0; twins < 2; twins++) {
        r.twins = twins;
        p = plan_on(four_cores, &r);
        for (size_t i = 0; i < p->n_cases; i++) {
            assert_int_equal(p->cases[i].instruments, LB_INSTRUMENTS);
            assert_false(p->cases[i].armed);
            assert_uint_in_range(p->cases[i].twin, 0, twins);
        }
        lb_plan_destroy(p);
    }
}

/* One of three: bare, counting, timing; `first` is the bare one. */
static void check_variant(const struct lb_plan *p, size_t first, int k)
{
    static const char *const behind[] = {"", "+counters", "+sampling"};
    static const unsigned instruments[] = {0, LB_INSTRUMENT_COUNTERS, LB_INSTRUMENT_SAMPLING};
    const struct lb_case *bare = &p->cases[first], *c = &p->cases[first + (size_t)k];
    char name[LB_CASE_LAYOUT_BYTES], expected[256];

    assert_int_equal(c->twin, k);
    assert_int_equal(c->instruments, instruments[k]);
    assert_memory_equal(&c->shape, &bare->shape, sizeof c->shape);
    assert_true(same(c->slow, 1) && same(c->work_ns, bare->work_ns));
    assert_true(same(c->window_ns, bare->window_ns));
    assert_int_equal(c->phases, bare->phases);
    assert_int_equal(c->empty, bare->empty);
    if (k)
        assert_int_equal(c->base, first);
    snprintf(expected, sizeof expected, "%s%s", c->shape.layout->name, behind[k]);
    lb_case_layout(c, name);
    assert_string_equal(name, expected);
    lb_case_name(p, c, expected, sizeof expected);
    assert_non_null(strstr(expected, name));
}

static void test_instruments(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *p;
    size_t i = 0, thirds = 0;

    (void)state;
    r.instruments = true;
    p = plan_on(four_cores, &r);
    check_plan(p);
    while (i < p->n_cases) {
        if (!p->cases[i].shape.layout) { /* what frames them is bare, and there once */
            assert_int_equal(p->cases[i].instruments, 0);
            assert_int_equal(p->cases[i++].twin, 0);
            continue;
        }
        assert_true(i + 2 < p->n_cases);
        for (int k = 0; k < 3; k++)
            check_variant(p, i, k);
        /* The bare ones are compared among themselves. */
        int base = p->cases[i].base;
        bool is_base = !strcmp(p->cases[i].shape.layout->name, r.baseline);
        assert_int_equal(base < 0, is_base);
        if (base >= 0)
            assert_int_equal(p->cases[base].instruments | (unsigned)p->cases[base].twin, 0);
        thirds++;
        i += 3;
    }
    assert_int_equal(count(p, LB_SCENARIO_EMPTY), 4);
    assert_int_equal(count(p, LB_SCENARIO_SAME_OBJECT), 3 * 2 * lb_n_layouts);
    assert_int_equal(3 * thirds + 12, p->n_cases);
    lb_plan_destroy(p);
    r.baseline = NULL;
    p = plan_on(four_cores, &r);
    for (i = 0; i < p->n_cases; i++)
        if (p->cases[i].shape.layout)
            assert_int_equal(p->cases[i].base, p->cases[i].twin ? (int)i - p->cases[i].twin : -1);
    lb_plan_destroy(p);
}

/* Every case with a word to watch has a window more, and the round is as much longer. */
static void test_armed(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *plain = plan_on(four_cores, &r), *p;
    double more = 0;

    (void)state;
    r.armed = true;
    p = plan_on(four_cores, &r);
    check_plan(p);
    assert_int_equal(p->n_cases, plain->n_cases);
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i];

        assert_int_equal(c->armed, c->shape.scenario->kind != LB_SCENARIO_EMPTY);
        assert_int_equal(c->phases, plain->cases[i].phases);
        more += c->armed ? c->window_ns * 1e-9 / c->every : 0;
    }
    assert_true(more > 0);
    assert_true(lb_plan_round_s(p) > lb_plan_round_s(plain) + more);
    assert_true(lb_plan_round_s(p) < lb_plan_round_s(plain) + 2 * more);
    lb_plan_destroy(plain);
    lb_plan_destroy(p);
}

static void test_controls(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *p;

    (void)state;
    r.controls = false;
    p = plan_on(four_cores, &r);
    check_plan(p);
    assert_int_equal(count(p, LB_SCENARIO_EMPTY), 2);
    assert_int_equal(count(p, LB_SCENARIO_CONTROL_SHARED), 0);
    assert_int_equal(count(p, LB_SCENARIO_CONTROL_APART), 0);
    lb_plan_destroy(p);
    /* The works of the self-check are not planned twice. */
    static const double asked[] = {LB_WORK_CHECK_LONG_NS, LB_WORK_CHECK_SHORT_NS};
    r.controls = true;
    r.work_ns = asked;
    p = plan_on(four_cores, &r);
    check_plan(p);
    assert_int_equal(count(p, LB_SCENARIO_EMPTY), 2);
    assert_int_equal(count(p, LB_SCENARIO_CONTROL_SHARED), 2);
    lb_plan_destroy(p);
}

static void test_windows(void **state)
{
    static const double long_works[] = {200, 1000};
    static const enum lb_lock_kind mutex[] = {LB_LOCK_PTHREAD_MUTEX};
    struct lb_request r = by_default();
    struct lb_plan *p;

    (void)state;
    r.work_ns = long_works;
    p = plan_on(four_cores, &r);
    assert_true(same(p->cases[find(p, LB_SCENARIO_MIXED, "pointer", 200)].window_ns,
                     LB_WINDOW_BLOCKING_NS));
    assert_true(same(p->cases[find(p, LB_SCENARIO_WRITERS, "pointer", 200)].window_ns,
                     LB_WINDOW_BLOCKING_NS));
    assert_true(same(p->cases[find(p, LB_SCENARIO_SAME_OBJECT, "pointer", 200)].window_ns, 2e6));
    assert_true(p->cases[find(p, LB_SCENARIO_SAME_OBJECT, "pointer", 1000)].window_ns > 2e6);
    lb_plan_destroy(p);
    /* A read that can sleep needs the long window; one on an object of its own cannot. */
    r.locks = mutex;
    r.n_locks = 1;
    p = plan_on(four_cores, &r);
    assert_true(p->cases[find(p, LB_SCENARIO_SAME_OBJECT, "pointer", 200)].blocks);
    assert_false(p->cases[find(p, LB_SCENARIO_NEIGHBOURS, "pointer", 200)].blocks);
    lb_plan_destroy(p);
}

/* Each round of a roaming layout visits all its residues; long windows and many objects take turns
 * instead. */
static void test_phases(void **state)
{
    static const struct {
        const char *layout;
        int phases;
    } expected[] = {{"pointer", 8},     {"pointer-lock-aligned", 4}, {"pointer-aligned", 1},
                    {"pointer-256", 8}, {"embedded-roaming", 4},     {"embedded", 1},
                    {"refcount", 1}};
    struct lb_request r = by_default();
    struct lb_plan *p = plan_on(four_cores, &r);

    (void)state;
    for (size_t i = 0; i < LB_COUNT(expected); i++) {
        const char *l = expected[i].layout;

        assert_int_equal(p->cases[find(p, LB_SCENARIO_NEIGHBOURS, l, 200)].phases,
                         expected[i].phases);
        assert_int_equal(p->cases[find(p, LB_SCENARIO_MIXED, l, 200)].phases, 1);
        assert_int_equal(p->cases[find(p, LB_SCENARIO_MANY, l, 200)].phases, 1);
    }
    /* The luck of the loop of nothing is everybody's, so it has more than one window. */
    for (size_t i = 0; i < p->n_cases; i++)
        if (!p->cases[i].shape.layout)
            assert_int_equal(
                p->cases[i].phases,
                lb_scenario_does(p->cases[i].shape.scenario, LB_OP_EMPTY) ? LB_EMPTY_WINDOWS : 1);
    lb_plan_destroy(p);
}

/* Saturated windows come every second round where a pause is measured too, in whatever order works
 * are asked. */
static void test_every_second_round(void **state)
{
    static const double orders[][2] = {{0, 200}, {200, 0}};
    static const char *const placements[] = {"l3", "package"};
    struct lb_request r = by_default();

    (void)state;
    r.placements = placements;
    r.n_placements = 2;
    for (size_t k = 0; k < LB_COUNT(orders); k++) {
        struct lb_plan *p;

        r.work_ns = orders[k];
        p = plan_on(four_cores, &r);
        check_plan(p);
        for (size_t i = 0; i < p->n_cases; i++)
            assert_int_equal(p->cases[i].every,
                             p->cases[i].work_ns <= 0 && p->cases[i].empty >= 0 ? 2 : 1);
        lb_plan_destroy(p);
    }
    r.work_ns = works; /* the first of it: 0 alone */
    r.n_work_ns = 1;
    struct lb_plan *p = plan_on(four_cores, &r);
    for (size_t i = 0; i < p->n_cases; i++)
        assert_int_equal(p->cases[i].every, 1);
    lb_plan_destroy(p);
    static const struct lb_scenario *const long_ones[] = {&lb_scenarios[LB_SCENARIO_WRITERS]};
    r.scenarios = long_ones;
    r.n_scenarios = 1;
    p = plan_on(four_cores, &r);
    for (size_t i = 0; i < p->n_cases; i++)
        assert_int_equal(p->cases[i].every, 1);
    lb_plan_destroy(p);
}

static void test_many(void **state)
{
    static const struct lb_scenario *const one[] = {S(MANY)};
    static const size_t numbers[] = {16, 100000};
    static const enum lb_picking access[] = {LB_PICK_SHARED_UNIFORM, LB_PICK_PRIVATE_ZIPF};
    struct lb_request r = by_default();
    struct lb_plan *p;

    (void)state;
    r.scenarios = one;
    r.n_scenarios = 1;
    r.objects = numbers;
    r.n_objects = 2;
    r.access = access;
    r.n_access = 2;
    r.work_ns = headline;
    r.n_work_ns = 1;
    p = plan_on(four_cores, &r);
    check_plan(p);
    assert_int_equal(count(p, LB_SCENARIO_MANY), 4 * lb_n_layouts);
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i];

        if (c->base < 0 || !c->shape.layout)
            continue;
        assert_int_equal(p->cases[c->base].shape.objects, c->shape.objects);
        assert_int_equal(p->cases[c->base].shape.access, c->shape.access);
    }
    /* Private objects of two threads, with locks apart. */
    assert_true(p->arena_bytes > 2 * 100000 * (176 + 40));
    lb_plan_destroy(p);
}

static void test_placements(void **state)
{
    static const char *const names[] = {"l3", "package"};
    static const int threads[] = {1, 2, 4};
    struct lb_request r = by_default();
    struct lb_plan *p;

    (void)state;
    r.placements = names;
    r.n_placements = 2;
    p = plan_on(four_cores, &r);
    check_plan(p);
    assert_int_equal(p->n_placements, 2);
    assert_int_equal(p->placements[0].distance, LB_DISTANCE_L3);
    assert_int_equal(p->placements[1].distance, LB_DISTANCE_PACKAGE);
    assert_int_equal(count(p, LB_SCENARIO_SAME_OBJECT), 4 * lb_n_layouts);
    lb_plan_destroy(p);
    r.n_placements = 0;
    r.threads = threads;
    r.n_threads = 3;
    p = plan_on(four_cores, &r);
    check_plan(p);
    assert_int_equal(p->n_placements, 3);
    assert_string_equal(p->placements[0].name, "compact-1");
    assert_int_equal(p->placements[1].distance, LB_DISTANCE_L3);
    assert_int_equal(p->placements[2].n, 4);
    /* One thread: nobody to share with, so no control and no scenario of two. */
    assert_int_equal(count(p, LB_SCENARIO_OBSERVER), 2 * 2 * lb_n_layouts);
    assert_int_equal(count(p, LB_SCENARIO_MIXED), 2 * 2 * lb_n_layouts);
    assert_int_equal(count(p, LB_SCENARIO_CONTROL_SHARED), 2 * 4);
    lb_plan_destroy(p);
    r.n_threads = 0;
    r.pus = "3,0";
    p = plan_on(four_cores, &r);
    assert_int_equal(p->n_placements, 1);
    assert_int_equal(p->placements[0].pu_os[0], 3);
    assert_int_equal(p->placements[0].pu_os[1], 0);
    lb_plan_destroy(p);
}

static void test_one_pu(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *p = plan_on("pu:1", &r);

    (void)state;
    check_plan(p);
    assert_int_equal(p->placements[0].n, 1);
    assert_int_equal(count(p, LB_SCENARIO_OBSERVER), 0);
    assert_int_equal(count(p, LB_SCENARIO_MIXED), 0);
    assert_int_equal(count(p, LB_SCENARIO_CONTROL_SHARED), 0);
    assert_true(count(p, LB_SCENARIO_SAME_OBJECT) > 0);
    assert_true(p->n_refused > 0);
    lb_plan_destroy(p);
}

/* The straight line and the adds are there to stand beside locks: without one there is no table. */
static void test_yardsticks_alone(void **state)
{
    static const struct lb_scenario *const fastpath[] = {S(STRAIGHT), S(ADDS), S(UNCONTENDED)};
    static const enum lb_lock_kind rwlock[] = {LB_LOCK_PTHREAD_RWLOCK};
    struct lb_request r = by_default();
    struct lb_layout mine;
    struct lb_why why;

    (void)state;
    assert_int_equal(
        lb_layout_parse("mine:size=256,align=64,lock=192,room=8,kind=refcount", &why, &mine), 0);
    r.layouts = &mine;
    r.n_layouts = 1;
    r.baseline = "mine";
    r.scenarios = fastpath;
    r.n_scenarios = LB_COUNT(fastpath);
    r.locks = rwlock;
    r.n_locks = 1;
    assert_int_equal(refused(four_cores, &r, &why), -EINVAL);
    assert_non_null(strstr(why.text, "nothing to measure: layout 'mine': pthread_rwlock needs"));
}

static void test_refused_requests(void **state)
{
    static const struct lb_scenario *const writers[] = {S(WRITERS)}, *const mixed[] = {S(MIXED)},
                                           *const many[] = {S(MANY)};
    static const enum lb_lock_kind refcount[] = {LB_LOCK_REFCOUNT};
    static const char *const remote[] = {"remote"};
    struct lb_request r = by_default();
    struct lb_why why;

    (void)state;
    r.baseline = "linux-5";
    assert_int_equal(refused(four_cores, &r, &why), -EINVAL);
    assert_non_null(strstr(why.text, "'linux-5'"));
    r.baseline = "pointer";
    r.placements = remote;
    r.n_placements = 1;
    assert_int_equal(refused(four_cores, &r, &why), -ENOENT);
    r.n_placements = 0;
    r.n_scenarios = 1;
    r.scenarios = writers;
    r.locks = refcount;
    r.n_locks = 1;
    assert_int_equal(refused(four_cores, &r, &why), -EINVAL);
    assert_non_null(strstr(why.text, "nothing to measure"));
    assert_non_null(strstr(why.text, "refcount"));
    r.scenarios = mixed;
    r.writers = (struct lb_writers){2, 0}; /* all of them */
    assert_int_equal(refused(four_cores, &r, &why), -EINVAL);
    assert_non_null(strstr(why.text, "mixed: needs more than 2 threads"));
    r.writers = (struct lb_writers){0, 0};
    assert_int_equal(refused(four_cores, &r, &why), -EINVAL);
    assert_non_null(strstr(why.text, "mixed: needs writers"));
    r.scenarios = many;
    r.n_objects = 0;
    assert_int_equal(refused(four_cores, &r, &why), -EINVAL);
    assert_non_null(strstr(why.text, "many: needs a number of objects"));
    r.n_scenarios = 0;
    assert_int_equal(refused(four_cores, &r, &why), -EINVAL);
    lb_plan_destroy(NULL);
}

static void test_names(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *p;
    char name[256], cut[20];
    int length;

    (void)state;
    r.twins = true;
    p = plan_on(four_cores, &r);
    length = lb_case_name(p, &p->cases[find(p, LB_SCENARIO_SAME_OBJECT, "embedded", 200)], name,
                          sizeof name);
    assert_string_equal(name, "same-object/embedded/rwsem40/l3/threads:2/work_ns:200");
    assert_int_equal(length, strlen(name));
    assert_int_equal(lb_case_name(p, &p->cases[find(p, LB_SCENARIO_SAME_OBJECT, "embedded", 200)],
                                  cut, sizeof cut),
                     length);
    assert_string_equal(cut, "same-object/embedde");
    lb_case_name(p, &p->cases[find(p, LB_SCENARIO_MANY, "pointer~", 0)], name, sizeof name);
    assert_string_equal(name,
                        "many/pointer~/rwsem40/l3/threads:2/objects:1000/shared-uniform/work_ns:0");
    lb_case_name(p, &p->cases[find(p, LB_SCENARIO_EMPTY, "", 100)], name, sizeof name);
    assert_string_equal(name, "empty/l3/threads:2/work_ns:100");
    for (size_t i = 0; i < p->n_cases; i++)
        for (size_t j = 0; j < i; j++) {
            char other[256];
            lb_case_name(p, &p->cases[i], name, sizeof name);
            lb_case_name(p, &p->cases[j], other, sizeof other);
            assert_string_not_equal(name, other);
        }
    lb_plan_destroy(p);
}

static void test_roles(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *p = plan_on(four_cores, &r);
    const struct lb_case *c = &p->cases[find(p, LB_SCENARIO_MIXED, "pointer", 200)];

    (void)state;
    assert_int_equal(lb_case_roles(c), 2);
    assert_string_equal(lb_case_role_name(c, 0), "reader");
    assert_string_equal(lb_case_role_name(c, 1), "writer");
    c = &p->cases[find(p, LB_SCENARIO_OBSERVER, "pointer", 200)];
    assert_string_equal(lb_case_role_name(c, 1), "observe");
    c = &p->cases[find(p, LB_SCENARIO_NESTED, "pointer", 200)];
    assert_int_equal(lb_case_roles(c), 1);
    assert_string_equal(lb_case_role_name(c, 0), "all");
    lb_plan_destroy(p);
    /* A share of every thread's ops: one role. */
    r.writers = (struct lb_writers){0, 0.05};
    p = plan_on(four_cores, &r);
    c = &p->cases[find(p, LB_SCENARIO_MIXED, "pointer", 200)];
    assert_int_equal(lb_case_roles(c), 1);
    assert_string_equal(lb_case_role_name(c, 0), "all");
    lb_plan_destroy(p);
}

static void test_fastpath(void **state)
{
    static const struct lb_scenario *const scenarios[] = {S(STRAIGHT), S(ADDS), S(UNCONTENDED),
                                                          S(STRAIGHT_WRITE), S(UNCONTENDED_WRITE)};
    static const enum lb_lock_kind locks[] = {LB_LOCK_RWSEM40, LB_LOCK_PTHREAD_RWLOCK,
                                              LB_LOCK_LOCKREF};
    struct lb_request r = by_default();
    struct lb_plan *p;

    (void)state;
    r.scenarios = scenarios;
    r.n_scenarios = LB_COUNT(scenarios);
    r.layouts = &lb_layouts[7];
    r.n_layouts = 1;
    r.locks = locks;
    r.n_locks = 3;
    r.baseline = NULL;
    r.work_ns = (const double[]){0};
    r.n_work_ns = 1;
    r.threads = (const int[]){1};
    r.n_threads = 1;
    p = plan_on(four_cores, &r);
    check_plan(p);
    /* The C library's lock has no straight line. */
    assert_true(count(p, scenarios[0]->kind) == 2 && count(p, scenarios[3]->kind) == 2);
    assert_true(count(p, scenarios[2]->kind) == 3 && count(p, scenarios[4]->kind) == 3);
    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_workload *c = &p->cases[i].shape;
        const struct lb_case *line = p->cases[i].base < 0 ? NULL : &p->cases[p->cases[i].base];
        assert_true(line ? line->shape.scenario == c->scenario->beside &&
                               line->shape.lock == (c->layout ? c->lock : locks[0])
                         : !c->layout || c->lock == locks[1]);
    }
    lb_plan_destroy(p);
}

/* Every scenario again, as rows that nobody knows. */
static void make_unknown_rows(struct lb_scenario rows[LB_SCENARIOS],
                              const struct lb_scenario *known[LB_SCENARIOS],
                              const struct lb_scenario *unknown[LB_SCENARIOS])
{
    for (int k = 0; k < LB_SCENARIOS; k++) {
        rows[k] = lb_scenarios[k];
        rows[k].kind = LB_SCENARIOS;
        if (rows[k].beside)
            rows[k].beside = &rows[rows[k].beside->kind];
        known[k] = &lb_scenarios[k];
        unknown[k] = &rows[k];
    }
}

static void check_same_case(const struct lb_plan *p, const struct lb_plan *q, size_t i)
{
    const struct lb_case *a = &p->cases[i], *b = &q->cases[i];
    char name[256], other[256];

    lb_case_name(p, a, name, sizeof name);
    lb_case_name(q, b, other, sizeof other);
    assert_string_equal(other, name);
    assert_int_equal(b->base, a->base);
    assert_int_equal(b->empty, a->empty);
    assert_int_equal(b->phases, a->phases);
    assert_int_equal(b->every, a->every);
    assert_int_equal(b->twin, a->twin);
    assert_true(same(b->window_ns, a->window_ns));
    assert_true(same(lb_case_round_s(b), lb_case_round_s(a)));
    assert_int_equal(lb_case_is_subject(b), lb_case_is_subject(a));
    assert_int_equal(lb_workload_bytes(&b->shape), lb_workload_bytes(&a->shape));
    assert_int_equal(lb_pages_bytes(&b->shape), lb_pages_bytes(&a->shape));
}

/* What a scenario is, its row says: nobody asks for its number. */
static void test_unknown_rows_are_planned_alike(void **state)
{
    static const size_t offsets[] = {8, 256};
    struct lb_scenario rows[LB_SCENARIOS];
    const struct lb_scenario *known[LB_SCENARIOS], *unknown[LB_SCENARIOS];
    struct lb_request r = by_default();
    struct lb_plan *p, *q;

    (void)state;
    make_unknown_rows(rows, known, unknown);
    r.n_scenarios = LB_SCENARIOS;
    r.offsets = offsets;
    r.n_offsets = LB_COUNT(offsets);
    r.base_offset = 256;
    r.memory_bytes = (uint64_t)2 << 30;
    r.first_touch = true;
    r.scenarios = known;
    p = plan_on(four_cores, &r);
    r.scenarios = unknown;
    q = plan_on(four_cores, &r);
    for (int k = 0; k < LB_SCENARIOS; k++) /* whatif's layouts say what is written */
        assert_true(count(p, (enum lb_scenario_kind)k) > 0 || k == LB_SCENARIO_WHATIF);
    assert_int_equal(q->n_cases, p->n_cases);
    for (size_t i = 0; i < p->n_cases; i++)
        check_same_case(p, q, i);
    lb_plan_destroy(p);
    lb_plan_destroy(q);
}

static void test_round_time(void **state)
{
    struct lb_request r = by_default();
    struct lb_plan *p = plan_on(four_cores, &r);
    double least = 0;

    (void)state;
    for (size_t i = 0; i < p->n_cases; i++)
        least += p->cases[i].window_ns * 1e-9 * (1 + LB_WARMUP_SHARE) * p->cases[i].phases /
                 p->cases[i].every;
    assert_true(lb_plan_round_s(p) > least);
    assert_true(lb_plan_round_s(p) < 2 * least);
    lb_plan_destroy(p);
}

static void test_512_pus(void **state)
{
    static const char *const names[] = {"smt",    "l3",          "package",
                                        "remote", "compact-512", "scatter-64"};
    struct lb_request r = by_default();
    struct lb_plan *p;

    (void)state;
    r.placements = names;
    r.n_placements = LB_COUNT(names);
    p = plan_on("pack:4 numa:2 l3:4 l2:8 core:1 pu:2(indexes=core)", &r);
    check_plan(p);
    assert_int_equal(p->n_placements, LB_COUNT(names));
    assert_int_equal(p->placements[4].n, 512);
    assert_int_equal(count(p, LB_SCENARIO_SAME_OBJECT), 2 * LB_COUNT(names) * lb_n_layouts);
    lb_plan_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_request),
        cmocka_unit_test(test_baselines),
        cmocka_unit_test(test_no_baseline),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_instruments_by_default),
        cmocka_unit_test(test_instruments),
        cmocka_unit_test(test_armed),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_every_second_round),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_placements),
        cmocka_unit_test(test_one_pu),
        cmocka_unit_test(test_yardsticks_alone),
        cmocka_unit_test(test_refused_requests),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_fastpath),
        cmocka_unit_test(test_unknown_rows_are_planned_alike),
        cmocka_unit_test(test_round_time),
        cmocka_unit_test(test_512_pus),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
