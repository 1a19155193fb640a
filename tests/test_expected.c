/* SPDX-License-Identifier: MIT
 *
 * What counters should count, held against a simulator of cache lines that was written for another
 * purpose: two threads, 200 ns of pause, lines that take 25 ns to fetch and 12 more to upgrade.
 */
#include <linebounce/expected.h>
#include <linebounce/model.h>
#include <linebounce/scenario.h>

#include "report/expected_table.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIGRATORY LB_HANDOVER_MIGRATORY
#define PLAIN     LB_HANDOVER_PLAIN

enum { L = LB_EXPECTED_LOADS, R = LB_EXPECTED_CHANGES, U = LB_EXPECTED_UPGRADES };
enum { I = LB_EXPECTED_TAKEN, M = LB_EXPECTED_MODIFIED };

static const struct lb_layout *layout(const char *name)
{
    const struct lb_layout *found = NULL;

    assert_int_equal(lb_layout_find(name, NULL, &found), 0);
    return found;
}

static int expect(enum lb_scenario_kind scenario, const char *name, int role,
                  enum lb_handover handover, const struct lb_expected_times *t, double counts[])
{
    const struct lb_layout *l = name ? layout(name) : NULL;

    return lb_expected_counts(l, l ? l->lock : LB_LOCK_RWSEM40, &lb_scenarios[scenario], role,
                              handover, scenario == LB_SCENARIO_OBSERVER, t, counts);
}

/* Or a tenth of a line an op where there are few. */
static void check_within(const char *what, double share, double value, double expected)
{
    if (!(fabs(value - expected) <= fmax(share * expected, 0.1)))
        fail_msg("%s: %g, not %g", what, value, expected);
}

static void check_near(const char *what, double value, double expected)
{
    check_within(what, 0.15, value, expected);
}

struct row {
    enum lb_scenario_kind scenario;
    const char *layout;
    int role;
    enum lb_handover handover;
    double loads, changes, upgrades, taken;
};

static void check_row(const struct row *r)
{
    double counts[LB_EXPECTED_KINDS];
    char what[96];

    assert_int_equal(
        expect(r->scenario, r->layout, r->role, r->handover, &lb_expected_times_usual, counts), 0);
    snprintf(what, sizeof what, "%s %s, role %d, %s", lb_scenarios[r->scenario].name,
             r->layout ? r->layout : "", r->role, lb_handover_name(r->handover));
    check_near(what, counts[L] + counts[R], r->loads + r->changes);
    check_near(what, counts[L], r->loads);
    check_near(what, counts[R], r->changes);
    check_near(what, counts[U], r->upgrades);
    check_near(what, counts[I], r->taken);
}

#define ROW(SCENARIO, ...)                                                                         \
    {                                                                                              \
        LB_SCENARIO_##SCENARIO, __VA_ARGS__                                                        \
    }
/* The simulator's own counts. */
static const struct row rows[] = {
    ROW(CONTROL_SHARED, NULL, 0, MIGRATORY, 0, 0.84, 0, 0.84),
    ROW(CONTROL_SHARED, NULL, 0, PLAIN, 0, 0.84, 0, 0.84),
    ROW(CONTROL_APART, NULL, 0, PLAIN, 0, 0, 0, 0),

    ROW(SAME_OBJECT, "pointer", 0, MIGRATORY, 0.94, 0.02, 0, 0.97),
    ROW(SAME_OBJECT, "pointer-256", 0, MIGRATORY, 0.94, 0.02, 0, 0.97),
    ROW(SAME_OBJECT, "pointer-lock-aligned", 0, MIGRATORY, 0.84, 0.02, 0, 0.86),
    ROW(SAME_OBJECT, "embedded-roaming", 0, MIGRATORY, 0.85, 0.01, 0, 0.86),
    ROW(SAME_OBJECT, "embedded", 0, MIGRATORY, 0.86, 0, 0, 0.86),
    ROW(SAME_OBJECT, "embedded-split", 0, MIGRATORY, 1.69, 0.01, 0.01, 1.71),
    ROW(SAME_OBJECT, "embedded-own-line", 0, MIGRATORY, 0.83, 0.02, 0, 0.86),
    ROW(SAME_OBJECT, "refcount", 0, MIGRATORY, 0.83, 0.02, 0, 0.86),
    ROW(SAME_OBJECT, "pointer", 0, PLAIN, 0.92, 0.21, 0.92, 1.12),
    ROW(SAME_OBJECT, "pointer-aligned", 0, PLAIN, 0.80, 0.21, 0.80, 1.00),
    ROW(SAME_OBJECT, "embedded", 0, PLAIN, 0.86, 0.14, 0.86, 1.00),
    ROW(SAME_OBJECT, "embedded-split", 0, PLAIN, 1.89, 0.14, 1.89, 2.03),
    ROW(SAME_OBJECT, "padded", 0, PLAIN, 0.80, 0.21, 0.80, 1.00),
    ROW(SAME_OBJECT, "refcount-seq", 0, PLAIN, 0.79, 0.21, 0.79, 1.00),

    ROW(NEIGHBOURS, "pointer", 0, MIGRATORY, 0.42, 0.01, 0, 0.43),
    ROW(NEIGHBOURS, "pointer-256", 0, MIGRATORY, 0.42, 0.01, 0, 0.43),
    ROW(NEIGHBOURS, "pointer", 0, PLAIN, 0.40, 0.09, 0.40, 0.49),
    ROW(NEIGHBOURS, "pointer-aligned", 0, PLAIN, 0, 0, 0, 0),
    ROW(NEIGHBOURS, "embedded", 0, MIGRATORY, 0, 0, 0, 0),
    ROW(NEIGHBOURS, "refcount", 0, PLAIN, 0, 0, 0, 0),

    /* What is taken stands on the side of who loses it: of the observer where the lock's thread
     * upgrades, of the lock's where the observer's load takes the line away. */
    ROW(OBSERVER, "embedded", 0, MIGRATORY, 0.87, 0, 0.87, 0.77),
    ROW(OBSERVER, "embedded-split", 0, MIGRATORY, 0.87, 0, 0.87, 0.77),
    ROW(OBSERVER, "embedded-roaming", 0, MIGRATORY, 0.65, 0, 0.65, 0.58),
    ROW(OBSERVER, "embedded", 1, MIGRATORY, 0.77, 0, 0, 0.87),
    ROW(OBSERVER, "embedded-roaming", 1, MIGRATORY, 0.58, 0, 0, 0.65),
    ROW(OBSERVER, "embedded", 0, PLAIN, 0, 0, 0.85, 0),
    ROW(OBSERVER, "embedded-roaming", 0, PLAIN, 0, 0, 0.64, 0),
    ROW(OBSERVER, "embedded", 1, PLAIN, 0.82, 0, 0, 0.85),
    ROW(OBSERVER, "embedded-split", 1, PLAIN, 0.82, 0, 0, 0.85),
    ROW(OBSERVER, "pointer", 0, PLAIN, 0, 0, 0, 0),
    ROW(OBSERVER, "embedded-own-line", 1, MIGRATORY, 0, 0, 0, 0),

    ROW(NESTED, "pointer", 0, MIGRATORY, 1.50, 0.10, 0.01, 1.60),
    ROW(NESTED, "pointer-aligned", 0, MIGRATORY, 1.70, 0.10, 0.01, 1.80),
    ROW(NESTED, "embedded", 0, MIGRATORY, 1.81, 0.03, 0.05, 1.84),
    ROW(NESTED, "embedded-split", 0, MIGRATORY, 3.52, 0.05, 0.06, 3.57),
    ROW(NESTED, "refcount", 0, MIGRATORY, 1.70, 0.09, 0.01, 1.79),
    ROW(NESTED, "pointer", 0, PLAIN, 1.58, 0.47, 1.58, 2.05),
    ROW(NESTED, "pointer-aligned", 0, PLAIN, 1.77, 0.46, 1.77, 2.23),
    ROW(NESTED, "embedded", 0, PLAIN, 2.00, 0.31, 2.00, 2.31),
    ROW(NESTED, "embedded-split", 0, PLAIN, 4.36, 0.35, 4.36, 4.70),
    ROW(NESTED, "refcount", 0, PLAIN, 1.75, 0.34, 1.75, 2.09),
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++)
        check_row(&rows[i]);
}

/* Locks that are added to, not swapped, are found modified by the add. */
static void test_adds(void **state)
{
    double counts[LB_EXPECTED_KINDS];

    (void)state;
    for (enum lb_handover h = PLAIN; h <= MIGRATORY; h++) {
        assert_int_equal(lb_expected_counts(layout("embedded-own-line"), LB_LOCK_LOCKED_ADDS,
                                            &lb_scenarios[LB_SCENARIO_NESTED], 0, h, false,
                                            &lb_expected_times_usual, counts),
                         0);
        check_near("locked adds", counts[R], 1.80);
        check_near("locked adds", counts[I], 1.81);
        assert_true(counts[L] + counts[U] < 1e-9);
    }
}

/* The suite's own simulator, which knows nothing of closed forms, on all that both have a say of.
 */

static void simulate(const struct lb_workload *shape, enum lb_handover handover,
                     struct lb_model_result *result)
{
    static const double latency[4] = {0, 25, 25, 0};
    struct lb_model_case c = {shape, lb_expected_times_usual.work_ns, 0, 0};
    struct lb_model_input in = {.n_cpus = 2,
                                .latency = latency,
                                .parameters = lb_model_usual,
                                .seed = 1,
                                .ops = 2000,
                                .warm_ops = 300};
    struct lb_why why;

    in.parameters.handover = handover;
    in.parameters.upgrade_ns = 12;
    if (lb_model_expect(&c, &in, NULL, &why, result))
        fail_msg("%s", why.text);
}

static void check_simulated(const struct lb_workload *shape, enum lb_handover handover)
{
    bool paced = shape->scenario->pace == LB_PACE_ALL;
    double counts[LB_EXPECTED_KINDS];
    struct lb_model_result r;

    simulate(shape, handover, &r);
    for (int role = 0; role < shape->scenario->n_roles; role++) {
        const struct lb_model_role *s = &r.roles[role];
        char what[160];
        snprintf(what, sizeof what, "%s %s+%s, role %d, %s", shape->scenario->name,
                 shape->layout->name, lb_lock_info(shape->lock)->name, role,
                 lb_handover_name(handover));
        assert_int_equal(lb_expected_counts(shape->layout, shape->lock, shape->scenario, role,
                                            handover, paced, &lb_expected_times_usual, counts),
                         0);
        check_near(what, counts[L] + counts[R], s->modified_loads + s->modified_rfos);
        check_within(what, 0.2, counts[U], s->upgrades);
        check_within(what, 0.2, counts[I], s->lost);
    }
}

static void test_simulated(void **state)
{
    static const enum lb_scenario_kind kinds[] = {LB_SCENARIO_SAME_OBJECT, LB_SCENARIO_NEIGHBOURS,
                                                  LB_SCENARIO_OBSERVER, LB_SCENARIO_NESTED};
    static const enum lb_lock_kind locks[] = {LB_LOCK_RWSEM40, LB_LOCK_REFCOUNT,
                                              LB_LOCK_LOCKED_ADDS};
    size_t n = 0;

    (void)state;
    for (size_t k = 0; k < LB_COUNT(kinds); k++)
        for (size_t i = 0; i < lb_n_layouts; i++)
            for (size_t lock = 0; lock < LB_COUNT(locks); lock++) {
                struct lb_workload shape = {.scenario = &lb_scenarios[kinds[k]],
                                            .layout = &lb_layouts[i],
                                            .lock = locks[lock],
                                            .every_ns = 400,
                                            .threads = 2};
                if (lb_scenario_allows(shape.scenario, shape.layout, shape.lock, NULL))
                    continue;
                check_simulated(&shape, MIGRATORY);
                check_simulated(&shape, PLAIN);
                n++;
            }
    assert_true(n > 100);
}

/* The measured period and costs take the place of the usual ones. */
static void test_times(void **state)
{
    struct lb_expected_times t = lb_expected_times_usual;
    double counts[LB_EXPECTED_KINDS];

    (void)state;
    t.period_ns = 400;
    assert_int_equal(expect(LB_SCENARIO_SAME_OBJECT, "embedded", 0, MIGRATORY, &t, counts), 0);
    assert_true(fabs(counts[L] - (1 - 200 / 2400.0)) < 1e-9);
    assert_int_equal(expect(LB_SCENARIO_SAME_OBJECT, "embedded", 0, PLAIN, &t, counts), 0);
    assert_true(fabs(counts[R] - counts[L] * 62 / 400) < 1e-9);
    t.costs[LB_COST_UPGRADE] = (double)NAN;
    assert_int_equal(expect(LB_SCENARIO_SAME_OBJECT, "embedded", 0, PLAIN, &t, counts), 0);
    assert_true(isnan(counts[R]) && isnan(counts[I]) && fabs(counts[L] - counts[U]) < 1e-9);
    /* Farther: hardly more. */
    t = lb_expected_times_usual;
    t.transfer_ns = t.costs[LB_COST_LOAD] = 125;
    assert_int_equal(expect(LB_SCENARIO_SAME_OBJECT, "embedded", 0, MIGRATORY, &t, counts), 0);
    assert_true(fabs(counts[L] - 0.89) < 0.01);
}

static int try(enum lb_scenario_kind scenario, const char *name, enum lb_lock_kind lock,
               enum lb_handover handover, double work_ns)
{
    struct lb_expected_times t = lb_expected_times_usual;
    double counts[LB_EXPECTED_KINDS];

    t.work_ns = work_ns;
    return lb_expected_counts(layout(name), lock, &lb_scenarios[scenario], 0, handover, false, &t,
                              counts);
}

static void test_refusals(void **state)
{
    (void)state;
    for (int s = 0; s < LB_SCENARIOS; s++)
        if (s == LB_SCENARIO_MIXED || s == LB_SCENARIO_WRITERS || s == LB_SCENARIO_MANY ||
            s == LB_SCENARIO_WHATIF || s == LB_SCENARIO_STORE || s == LB_SCENARIO_PFT)
            assert_int_equal(
                try((enum lb_scenario_kind)s, "pointer", LB_LOCK_RWSEM40, MIGRATORY, 200),
                -ENOTSUP);
    const enum lb_scenario_kind same = LB_SCENARIO_SAME_OBJECT;
    assert_int_equal(try(same, "pointer", LB_LOCK_RWSEM40, LB_HANDOVER_UNKNOWN, 200), -ENOTSUP);
    assert_int_equal(try(same, "pointer", LB_LOCK_RWSEM40, MIGRATORY, 0), -ENOTSUP);
    assert_int_equal(try(same, "pointer", LB_LOCK_MUTEX32, MIGRATORY, 200), -ENOTSUP);
    assert_int_equal(try(same, "pointer", LB_LOCK_PTHREAD_RWLOCK, MIGRATORY, 200), -ENOTSUP);
    assert_int_equal(try(same, "pointer", LB_LOCK_SEQCOUNT, MIGRATORY, 200), 0);
    assert_int_equal(try(same, "refcount", LB_LOCK_RWSEM40, MIGRATORY, 200),
                     lb_layout_allows(layout("refcount"), LB_LOCK_RWSEM40, NULL));
}

/* Events */

static struct lb_event event_of(const char *machine, enum lb_quantity quantity)
{
    struct lb_event e = {.kind = LB_EVENT_PMU, .quantity = (int)quantity};

    for (const struct lb_event_entry *x = lb_event_table; x->event; x++)
        if (x->quantity == quantity && !strcmp(x->microarchitecture, machine))
            snprintf(e.string, sizeof e.string, "%s", x->event);
    return e;
}

static double of_event(const char *machine, enum lb_quantity quantity, enum lb_distance distance)
{
    static const double counts[LB_EXPECTED_KINDS] = {[L] = 1, [R] = 2, [U] = 4, [I] = 8, [M] = 16};
    struct lb_event e = event_of(machine, quantity);

    return lb_expected_of_event(&e, distance, counts);
}

static void test_intel(void **state)
{
    static const char *const near[] = {"hsw_ep", "bdw_ep", "skx", "clx",
                                       "icx",    "spr",    "emr", "gnr"};
    static const char *const shared[] = {"hsw_ep", "bdw_ep", "skx", "clx"};
    const enum lb_distance far = LB_DISTANCE_REMOTE;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(near); i++) {
        assert_true(of_event(near[i], LB_EVENT_HITM_LOCAL, LB_DISTANCE_L3) == 1);
        assert_true(of_event(near[i], LB_EVENT_RFO_HITM, LB_DISTANCE_L3) == 2);
        assert_true(of_event(near[i], LB_EVENT_HITM_REMOTE, far) == 1);
        assert_true(of_event(near[i], LB_EVENT_RFO_HITM_REMOTE, far) == 2);
        assert_true(isnan(of_event(near[i], LB_EVENT_HITM_LOCAL, far)));
        assert_true(isnan(of_event(near[i], LB_EVENT_HITM_REMOTE, LB_DISTANCE_L3)));
        assert_true(isnan(of_event(near[i], LB_EVENT_CYCLES, LB_DISTANCE_L3)));
        assert_true(isnan(of_event(near[i], LB_EVENT_HITM_LOCAL, LB_DISTANCE_SMT)));
    }
    for (size_t i = 0; i < LB_COUNT(shared); i++)
        assert_true(of_event(shared[i], LB_EVENT_RFO_SHARED, LB_DISTANCE_L3) == 4);
    assert_true(of_event("skx", LB_EVENT_INVALIDATED, LB_DISTANCE_L3) == 16);
    assert_true(isnan(of_event("icx", LB_EVENT_RFO_SHARED, LB_DISTANCE_L3)));
}

static void test_others(void **state)
{
    static const char *const zen[] = {"zen2", "zen3", "zen4", "zen5"};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(zen); i++) {
        bool by_home = !strcmp(zen[i], "zen2");
        assert_true(of_event(zen[i], LB_EVENT_HITM_LOCAL, LB_DISTANCE_L3) == 3);
        assert_true(isnan(of_event(zen[i], LB_EVENT_HITM_LOCAL, LB_DISTANCE_PACKAGE)));
        double beside = of_event(zen[i], LB_EVENT_HITM_REMOTE, LB_DISTANCE_PACKAGE);
        double far = of_event(zen[i], LB_EVENT_HITM_FAR, LB_DISTANCE_REMOTE);
        assert_true(by_home ? isnan(beside) && isnan(far) : beside == 3 && far == 3);
        assert_true(isnan(of_event(zen[i], LB_EVENT_L1D_MISS, LB_DISTANCE_L3)));
    }
    assert_true(of_event("arm_n1", LB_EVENT_INVALIDATED, LB_DISTANCE_L3) == 8);
    assert_true(isnan(of_event("arm_n1", LB_EVENT_HITM_REMOTE, LB_DISTANCE_REMOTE)));
    assert_true(isnan(of_event("power9", LB_EVENT_HITM_LOCAL, LB_DISTANCE_L3)));
    assert_true(isnan(of_event("zen4", LB_EVENT_RFO_SHARED, LB_DISTANCE_L3)));
}

static void test_judge(void **state)
{
    static const double counts[LB_EXPECTED_KINDS] = {[L] = 0.8, [R] = 0.2};
    static const double none[LB_EXPECTED_KINDS] = {0};

    (void)state;
    assert_int_equal(lb_expected_judge(counts, 2, 1, 1.14), LB_EXPECTATION_MET);
    assert_int_equal(lb_expected_judge(counts, 2, 1, 1.16), LB_EXPECTATION_MISSED);
    assert_int_equal(lb_expected_judge(counts, 2, 1, 0.84), LB_EXPECTATION_MISSED);
    assert_int_equal(lb_expected_judge(counts, 1, 0.8, 0.8), LB_EXPECTATION_NONE);
    assert_int_equal(lb_expected_judge(none, 0, 0, 0), LB_EXPECTATION_NONE);
    assert_int_equal(lb_expected_judge(none, 1, 0, 0.01), LB_EXPECTATION_MET);
    assert_int_equal(lb_expected_judge(none, 1, 0, 0.05), LB_EXPECTATION_MISSED);
}

/* As text */

static char *table_of(const struct settings *s)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    expected_table(out, s);
    assert_int_equal(fclose(out), 0);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 100);
    return text;
}

/* The line that begins so, to its end. */
static void check_line(const char *text, const char *begin, const char *rest)
{
    const char *line = strstr(text, begin);

    if (!line || strncmp(line + strlen(begin), rest, strlen(rest)) != 0)
        fail_msg("'%s' does not go on with '%s' in:\n%s", begin, rest, text);
}

static void test_table(void **state)
{
    const struct lb_scenario *mixed = &lb_scenarios[LB_SCENARIO_MIXED];
    struct settings s = {.handover = LB_HANDOVER_UNKNOWN};
    char *text = table_of(&s);

    (void)state;
    check_line(text, "observer       embedded              lock   ",
               "    0.83     0  0.83  0.83       0     0  0.83     0\n");
    check_line(text, "control-apart                               ",
               "       0     0     0     0       0     0     0     0\n");
    assert_null(strstr(text, "not expected"));
    free(text);
    s.handover = LB_HANDOVER_PLAIN;
    s.scenarios = (struct list){.at = &mixed, .n = 1};
    text = table_of(&s);
    assert_null(strstr(text, "migratory\n"));
    check_line(text, "mixed          embedded              writer ",
               "  not expected by this model");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_adds),
        cmocka_unit_test(test_simulated), cmocka_unit_test(test_times),
        cmocka_unit_test(test_refusals),  cmocka_unit_test(test_intel),
        cmocka_unit_test(test_others),    cmocka_unit_test(test_judge),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
