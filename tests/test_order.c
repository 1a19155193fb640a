/* SPDX-License-Identifier: MIT
 *
 * order: the order in which a round visits its cases.
 */
#include <linebounce/plan.h>
#include <linebounce/scenario.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S(KIND) &lb_scenarios[LB_SCENARIO_##KIND]

static struct lb_plan *make_plan(void)
{
    static const struct lb_scenario *const scenarios[] = {S(SAME_OBJECT), S(NESTED), S(MIXED)};
    static const double works[] = {0, LB_WORK_HEADLINE_NS};
    static const char *const placements[] = {"l3", "package"};
    struct lb_request r = {.suite = "layouts",
                           .scenarios = scenarios,
                           .n_scenarios = LB_COUNT(scenarios),
                           .layouts = lb_layouts,
                           .n_layouts = lb_n_layouts,
                           .writers = {1, 0},
                           .work_ns = works,
                           .n_work_ns = LB_COUNT(works),
                           .placements = placements,
                           .n_placements = LB_COUNT(placements),
                           .baseline = LB_BASELINE,
                           .controls = true};
    struct lb_topology *topology = NULL;
    struct lb_plan *p = NULL;
    struct lb_why why = {""};

    if (lb_topology_load("pack:1 numa:1 l3:2 l2:2 core:1 pu:1", &why, &topology) ||
        lb_plan_create(&r, topology, &why, &p))
        fail_msg("%s", why.text);
    lb_topology_destroy(topology);
    return p;
}

static int root_of(const struct lb_plan *p, int i)
{
    return p->cases[i].base < 0 ? i : root_of(p, p->cases[i].base);
}

/* Each due case once, and no visit between two of one block or of one placement. */
static void check_order(const struct lb_plan *p, const bool *due, const int *order, size_t n)
{
    bool *visited = calloc(p->n_cases, sizeof *visited);
    bool *closed = calloc(p->n_cases, sizeof *closed);
    size_t wanted = 0, changes = 0;

    for (size_t i = 0; i < p->n_cases; i++)
        wanted += due[i];
    assert_int_equal(n, wanted);
    for (size_t k = 0; k < n; k++) {
        int root = root_of(p, order[k]);
        assert_true(due[order[k]]);
        assert_false(visited[order[k]]);
        visited[order[k]] = true;
        assert_false(closed[root]);
        if (k + 1 < n && root_of(p, order[k + 1]) != root)
            closed[root] = true;
        changes += k > 0 && p->cases[order[k]].placement != p->cases[order[k - 1]].placement;
    }
    assert_int_equal(changes, p->n_placements - 1);
    free(visited);
    free(closed);
}

static void test_blocks(void **state)
{
    struct lb_plan *p = make_plan();
    bool *due = calloc(p->n_cases, sizeof *due);
    int *order = calloc(p->n_cases, sizeof *order);
    uint64_t random = 7;
    size_t n;

    (void)state;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < p->n_cases; i++)
            due[i] = round == 0 || lb_random_below(&random, 3);
        assert_int_equal(lb_plan_order(p, due, &random, order, &n), 0);
        check_order(p, due, order, n);
    }
    free(due);
    free(order);
    lb_plan_destroy(p);
}

/* Nobody is always first: not a placement, not a block, not a case in its block. */
static void test_shuffled(void **state)
{
    enum { ROUNDS = 400 };
    struct lb_plan *p = make_plan();
    bool *due = calloc(p->n_cases, sizeof *due);
    int *order = calloc(p->n_cases, sizeof *order), base_first = 0, n_blocks = 0;
    size_t *first = calloc(p->n_cases, sizeof *first), n;
    uint64_t random = 11;

    (void)state;
    memset(due, 1, p->n_cases * sizeof *due);
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(lb_plan_order(p, due, &random, order, &n), 0);
        first[root_of(p, order[0])]++;
        for (size_t k = 1; k < n; k++)
            base_first +=
                p->cases[order[k]].base >= 0 && root_of(p, order[k - 1]) != root_of(p, order[k]);
    }
    for (size_t i = 0; i < p->n_cases; i++)
        n_blocks += p->cases[i].base < 0;
    for (size_t i = 0; i < p->n_cases; i++)
        if (p->cases[i].base < 0)
            assert_true(first[i] > 0 && first[i] < 6 * ROUNDS / (size_t)n_blocks);
    assert_true(base_first > ROUNDS); /* mostly another than the base begins a block */
    free(due);
    free(order);
    free(first);
    lb_plan_destroy(p);
}

/* A resumed run goes on with the same order. */
static void test_same_seed(void **state)
{
    struct lb_plan *p = make_plan();
    bool *due = calloc(p->n_cases, sizeof *due);
    int *orders[2];
    size_t n;

    (void)state;
    memset(due, 1, p->n_cases * sizeof *due);
    for (int k = 0; k < 2; k++) {
        uint64_t random = 5;
        orders[k] = calloc(p->n_cases, sizeof *orders[k]);
        assert_int_equal(lb_plan_order(p, due, &random, orders[k], &n), 0);
    }
    assert_memory_equal(orders[0], orders[1], n * sizeof *orders[0]);
    free(orders[0]);
    free(orders[1]);
    free(due);
    lb_plan_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_shuffled),
        cmocka_unit_test(test_same_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
