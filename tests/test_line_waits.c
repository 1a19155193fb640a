/* SPDX-License-Identifier: MIT
 *
 * Which lines ops wait for, held against what layouts are known to share.
 */
#include <linebounce/line_waits.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct lb_layout *layout(const char *name)
{
    const struct lb_layout *found;

    assert_int_equal(lb_layout_find(name, NULL, &found), 0);
    return found;
}

static size_t waits_of(const char *name, enum lb_scenario_kind kind, int role,
                       enum lb_handover handover, struct lb_line_wait waits[LB_LINE_WAITS_MOST])
{
    size_t n = 99;

    assert_int_equal(
        lb_line_waits_of(layout(name), layout(name)->lock, kind, role, handover, waits, &n), 0);
    return n;
}

/* What is paid, summed over lines by how often they are shared. */
static void check(const char *name, enum lb_scenario_kind kind, int role, enum lb_handover handover,
                  double loads, double reloads, double upgrades)
{
    struct lb_line_wait waits[LB_LINE_WAITS_MOST];
    size_t n = waits_of(name, kind, role, handover, waits);
    double sum[4] = {0};

    for (size_t i = 0; i < n; i++) {
        sum[0] += waits[i].share * waits[i].loads;
        sum[1] += waits[i].share * waits[i].reloads;
        sum[2] += waits[i].share * waits[i].upgrades;
        sum[3] += waits[i].share * waits[i].transfers;
    }
    if (fabs(sum[0] - loads) > 0.01 || fabs(sum[1] - reloads) > 0.01 ||
        fabs(sum[2] - upgrades) > 0.01 || sum[3] > 0.01)
        fail_msg("%s, role %d: %g loads, %g reloads, %g upgrades, %g transfers", name, role, sum[0],
                 sum[1], sum[2], sum[3]);
}

#define MIGRATORY LB_HANDOVER_MIGRATORY
#define PLAIN     LB_HANDOVER_PLAIN

/* The counts of a model that simulates lines, per op that finds them gone: a try-lock loads the
 * count before it swaps it, so that a load that takes the line away spares it the upgrade. */
static void test_counts(void **state)
{
    (void)state;
    check("embedded-own-line", LB_SCENARIO_SAME_OBJECT, 0, MIGRATORY, 1, 0, 0);
    check("embedded-own-line", LB_SCENARIO_SAME_OBJECT, 0, PLAIN, 1, 0, 1);
    check("embedded-split", LB_SCENARIO_SAME_OBJECT, 0, MIGRATORY, 2, 0, 0);
    check("embedded", LB_SCENARIO_OBSERVER, 0, MIGRATORY, 0, 1, 1);
    check("embedded", LB_SCENARIO_OBSERVER, 0, PLAIN, 0, 0, 1);
    check("embedded", LB_SCENARIO_OBSERVER, 1, MIGRATORY, 1, 0, 0);
    check("embedded", LB_SCENARIO_OBSERVER, 1, PLAIN, 1, 0, 0);
    check("embedded-roaming", LB_SCENARIO_OBSERVER, 0, MIGRATORY, 0, 0.75, 0.75);
}

/* Apart, nobody waits. */
static void test_nothing_shared(void **state)
{
    static const char *const apart[] = {"pointer", "pointer-aligned", "embedded-own-line", "padded",
                                        "refcount"};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(apart); i++)
        for (int role = 0; role < 2; role++)
            check(apart[i], LB_SCENARIO_OBSERVER, role, MIGRATORY, 0, 0, 0);
    for (size_t i = 1; i < LB_COUNT(apart); i++)
        check(apart[i], LB_SCENARIO_NEIGHBOURS, 0, MIGRATORY, 0, 0, 0);
}

/* As many pairs as the geometry finds. */
static void test_neighbours(void **state)
{
    struct lb_line_wait waits[LB_LINE_WAITS_MOST];
    struct lb_geometry g;
    size_t n = waits_of("pointer", LB_SCENARIO_NEIGHBOURS, 0, MIGRATORY, waits);
    double shared = 0;

    (void)state;
    assert_int_equal(lb_geometry_init(layout("pointer"), LB_LOCK_RWSEM40, NULL, &g), 0);
    for (size_t i = 0; i < n; i++)
        shared += waits[i].share;
    assert_true(fabs(shared - (double)g.pairs_sharing / g.pairs) < 1e-9);
    assert_int_equal(n, 1); /* whichever of the words it is, it is a line of both locks */
    assert_string_equal(waits[0].words, "count, owner");
}

static void test_names(void **state)
{
    struct lb_line_wait waits[LB_LINE_WAITS_MOST];

    (void)state;
    assert_int_equal(waits_of("embedded", LB_SCENARIO_OBSERVER, 1, MIGRATORY, waits), 1);
    assert_non_null(strstr(waits[0].words, "count, owner beside "));
    assert_non_null(strstr(waits[0].words, ", ..."));
    assert_true(waits[0].share > 1 - 1e-9 && waits[0].share < 1 + 1e-9);
}

static void test_refusals(void **state)
{
    struct lb_line_wait waits[LB_LINE_WAITS_MOST];
    size_t n = 7;

    (void)state;
    for (int kind = 0; kind < LB_SCENARIOS; kind++)
        if (kind == LB_SCENARIO_NESTED || kind == LB_SCENARIO_MANY || kind == LB_SCENARIO_MIXED ||
            kind == LB_SCENARIO_WRITERS || kind == LB_SCENARIO_PFT)
            assert_int_equal(lb_line_waits_of(layout("pointer"), LB_LOCK_RWSEM40,
                                              (enum lb_scenario_kind)kind, 0, PLAIN, waits, &n),
                             -ENOTSUP);
    assert_int_equal(lb_line_waits_of(layout("refcount"), LB_LOCK_RWSEM40, LB_SCENARIO_SAME_OBJECT,
                                      0, PLAIN, waits, &n),
                     lb_layout_allows(layout("refcount"), LB_LOCK_RWSEM40, NULL));
}

/* Two lines of one op come at once. */
static void test_together(void **state)
{
    const double costs[LB_COSTS] = {100, 90, 30, 110, (double)NAN};
    struct lb_line_wait waits[LB_LINE_WAITS_MOST];
    double ns = 0, split = 0;

    (void)state;
    size_t n = waits_of("embedded-split", LB_SCENARIO_SAME_OBJECT, 0, MIGRATORY, waits);
    for (size_t i = 0; i < n; i++)
        ns += waits[i].share * lb_line_wait_ns(&waits[i], (double)NAN, costs);
    assert_true(fabs(ns - 110) < 1e-9);
    /* Where a lock lies on two lines in one of eight places, there alone. */
    n = waits_of("pointer", LB_SCENARIO_SAME_OBJECT, 0, MIGRATORY, waits);
    for (size_t i = 0; i < n; i++)
        split += waits[i].together == 2 ? waits[i].share : 0;
    for (ns = 0; n-- > 0;)
        ns += waits[n].share * lb_line_wait_ns(&waits[n], (double)NAN, costs);
    assert_true(split > 0.2 && split < 0.3);
    assert_true(fabs(ns - (100 + split / 2 * 10)) < 1e-9);
}

static void test_ns(void **state)
{
    const double costs[LB_COSTS] = {100, 90, 30, (double)NAN, (double)NAN};
    struct lb_line_wait wait = {.loads = 1, .upgrades = 2};

    (void)state;
    assert_true(fabs(lb_line_wait_ns(&wait, (double)NAN, costs) - 160) < 1e-9);
    wait.reloads = wait.transfers = 1;
    assert_true(fabs(lb_line_wait_ns(&wait, 95, costs) - 345) < 1e-9);
    assert_true(isnan(lb_line_wait_ns(&wait, (double)NAN, costs)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),     cmocka_unit_test(test_nothing_shared),
        cmocka_unit_test(test_neighbours), cmocka_unit_test(test_names),
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_ns),
        cmocka_unit_test(test_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
