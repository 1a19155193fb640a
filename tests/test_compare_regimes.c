/* SPDX-License-Identifier: MIT
 *
 * Runs on machines that are not in one state: regimes, other processors, what is matched with what.
 */
#include "support/compared_runs.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Regimes ------------------------------------------------------------------------------------ */

static void run_in_regimes(const char *name, unsigned near, unsigned far)
{
    struct writer w;
    struct made m = usual;

    open_run(&w, name);
    for (int i = 0; i < 2; i++) {
        m.layout = i ? "embedded" : "pointer";
        m.from = 0;
        m.trip = 90;
        m.ns = 100;
        m.rounds = near;
        put_rounds(&w, m);
        m.from = near;
        m.trip = 310;
        m.ns = 500;
        m.rounds = far;
        put_rounds(&w, m);
    }
    close_run(&w);
}

static void test_other_regime(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    run_in_regimes("A", 30, 0);
    run_in_regimes("B", 0, 30);
    c = compare("A -- B");
    k = find(c, "embedded");
    assert_non_null(strstr(k->relative.note, "different distances"));
    assert_non_null(strstr(k->time.note, "90 and 310 ns"));
    assert_true(isnan(k->time.ratio) && isnan(k->relative.ratio));
    near(k->time.side[1], 500, 15);
    lb_compare_destroy(c);
}

/* Three runs a side at 320 ns and at another distance, on which times depend. */
static struct lb_compare *sides_at(double trip)
{
    for (int r = 0; r < 6; r++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[r]);
        m.rounds = 30;
        m.trip = r % 2 ? trip : 320;
        for (int k = 0; k < 2; k++) {
            m.layout = k ? "embedded" : "pointer";
            m.ns = (k ? 220 : 212) + 0.37 * m.trip;
            put_rounds(&w, m);
        }
        close_run(&w);
    }
    return compare(ALL_SIX);
}

static void assert_refused(double trip)
{
    struct lb_compare *c = sides_at(trip);
    const struct lb_compare_case *k = find(c, "embedded");

    assert_non_null(strstr(k->time.note, "different distances"));
    assert_non_null(strstr(k->relative.note, "different distances"));
    assert_true(isnan(k->time.ratio) && isnan(k->relative.ratio));
    assert_int_equal(lb_compare_slower(c, 0.01), 0);
    lb_compare_destroy(c);
}

static void test_far_sides(void **state)
{
    (void)state;
    assert_refused(480);
}

/* One regime by its round trips, but 6 % apart. */
static void test_near_sides(void **state)
{
    (void)state;
    assert_refused(340);
}

static void test_close_sides(void **state)
{
    (void)state;
    struct lb_compare *c = sides_at(330);
    assert_string_equal(find(c, "embedded")->time.note, "");
    assert_true(isfinite(find(c, "embedded")->time.ratio));
    lb_compare_destroy(c);
}

/* Three runs a side with so many rounds in each regime. */
static void six_in_regimes(const unsigned near[2], const unsigned far[2])
{
    for (int i = 0; i < 6; i++)
        run_in_regimes(six[i], near[i % 2], far[i % 2]);
}

static void test_common_regime(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    six_in_regimes((unsigned[]){22, 30}, (unsigned[]){40, 8});
    c = compare(ALL_SIX);
    k = find(c, "embedded");
    assert_string_equal(k->relative.note, "");
    assert_int_equal(k->relative.rounds[0], 66);
    assert_int_equal(k->relative.rounds[1], 90);
    near(k->time.side[0], 100, 3);
    near(k->time.regime_ns[0], 90, 0.1);
    lb_compare_destroy(c);
}

/* Five rounds in a regime have no say, in however many runs: those are compared that have. */
static void test_regime_of_runs_with_a_say(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++)
        run_in_regimes(six[i], 5, i < 2 ? 8 : 0);
    c = compare(ALL_SIX);
    k = find(c, "embedded");
    near(k->time.regime_ns[0], 310, 0.1);
    near(k->time.side[1], 500, 15);
    assert_int_equal(k->time.rounds[0], 8); /* against 15 near ones */
    assert_int_equal(k->relative.runs[1], 1);
    assert_string_equal(k->relative.note, "1 run on side A: a verdict needs 3 on each");
    lb_compare_destroy(c);
}

/* Three runs of seven rounds can be judged, one of forty cannot. */
static void test_regime_of_more_runs(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++)
        run_in_regimes(six[i], 7, i < 2 ? 40 : 0);
    c = compare(ALL_SIX);
    k = find(c, "embedded");
    near(k->time.regime_ns[0], 90, 0.1);
    assert_int_equal(k->time.runs[0], 3);
    assert_int_equal(k->time.rounds[0], 21);
    assert_string_equal(k->time.note, "");
    lb_compare_destroy(c);
}

/* The margin goes by the time in the rounds that are compared, also where the case's time itself is
 * compared in another regime, or in none. */
static void test_margin_of_the_rounds_compared(void **state)
{
    static const unsigned far_runs[] = {1, 3};
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (size_t t = 0; t < LB_COUNT(far_runs); t++) {
        for (int i = 0; i < 12; i++) {
            struct writer w;
            struct made m = usual;
            char name[16];
            snprintf(name, sizeof name, "%c%zu%d", "AB"[i % 2], t, i / 2);
            open_run(&w, name);
            m.layout = "embedded";
            m.ns = i % 2 ? 45 : 30;
            m.rounds = t ? 40 : 5; /* so that the case's time is compared near, or far */
            put_rounds(&w, m);
            m.trip = 400;
            m.from = 40;
            m.rounds = (unsigned)(i / 2) < far_runs[t] ? 25 : 0;
            m.ns = i % 2 ? 900 : 600;
            put_rounds(&w, m);
            m.layout = "pointer"; /* the base has no near rounds */
            m.ns = 400;
            put_rounds(&w, m);
            close_run(&w);
        }
        c = compare(t ? "A10 A11 A12 A13 A14 A15 -- B10 B11 B12 B13 B14 B15"
                      : "A00 A01 A02 A03 A04 A05 -- B00 B01 B02 B03 B04 B05");
        k = find(c, "embedded");
        near(k->time.side[0], t ? 30 : 600, t ? 1 : 20);
        near(k->relative.ratio, 1.5, 0.03);
        near(k->relative.margin, 0.02, 1e-9); /* of 600 ns: not 2 ns of an unknown time */
        assert_int_equal(k->relative.runs[0], far_runs[t]);
        assert_int_equal(k->relative.verdict, t ? LB_VERDICT_SLOWER : LB_VERDICT_UNRESOLVED);
        assert_int_equal(!*k->relative.note, (int)t);
        lb_compare_destroy(c);
    }
}

/* Round trips of different processors are not each other's regimes. */
static void test_other_processor(void **state)
{
    struct lb_compare *c;

    (void)state;
    six_in_regimes((unsigned[]){30, 8}, (unsigned[]){0, 30});
    for (int i = 0; i < 6; i++)
        put_record(six[i], "2026-01-01T00:00:00Z", i % 2 ? "two" : "one", "");
    c = compare(ALL_SIX);
    assert_string_equal(find(c, "embedded")->relative.note, "");
    near(find(c, "embedded")->time.regime_ns[1], 310, 0.1);
    assert_true(warns(c, "processors differ"));
    lb_compare_destroy(c);
}

/* One link of four is enough for another regime. */
static void test_rings(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;

    (void)state;
    open_run(&w, "A");
    m.trips = "90;90;90;90";
    put_rounds(&w, m);
    m.trips = "90;90;310;90";
    m.from = 30;
    m.ns = 300;
    put_rounds(&w, m);
    close_run(&w);
    open_run(&w, "B");
    m.from = 0;
    put_rounds(&w, m);
    m.trips = "90;;90;90"; /* an unknown one is no regime that both have */
    m.from = 30;
    m.ns = 900;
    m.rounds = 40;
    put_rounds(&w, m);
    close_run(&w);
    c = compare("A -- B");
    near(find(c, "pointer")->time.side[0], 300, 9);
    near(find(c, "pointer")->time.side[1], 300, 9);
    near(find(c, "pointer")->time.regime_ns[0], 145, 0.1);
    lb_compare_destroy(c);
}

/* Matching ----------------------------------------------------------------------------------- */

static void test_match_by_distance(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;
    const struct lb_compare_case *k;

    (void)state;
    make_run("A", 100, 120);
    open_run(&w, "B");
    m.placement = "0,1";
    put_rounds(&w, m);
    m.layout = "embedded";
    m.distance = "smt";
    put_rounds(&w, m);
    close_run(&w);
    c = compare("A -- B");
    k = find(c, "pointer");
    assert_true(k->here[0] && k->here[1]);
    assert_string_equal(k->cells[LB_KEY_PLACEMENT], "l3");
    assert_string_equal(k->placement_b, "0,1");
    assert_int_equal(k->ok[1], 30);
    assert_true(isfinite(k->time.side[1]));
    assert_int_equal(c->n_common, 1);
    assert_int_equal(c->n_only[0], 1); /* other distances are other cases */
    assert_int_equal(c->n_only[1], 1);
    lb_compare_destroy(c);
}

static void test_two_placements_at_a_distance_are_not_matched(void **state)
{
    struct writer w;
    struct made m = usual;

    (void)state;
    make_run("A", 100, 120);
    open_run(&w, "B");
    m.placement = "0,1";
    put_rounds(&w, m);
    m.placement = "2,3";
    put_rounds(&w, m);
    close_run(&w);
    refuses("A -- B", ENODATA, "no case that both sides measured");
}

static void test_bases(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;
    static const char *const layouts[] = {"embedded", "embedded~", "pointer", "pointer", "padded"};
    static const char *const locks[] = {"rwsem40", "rwsem40", "refcount", "rwsem40", "rwsem40"};

    (void)state;
    for (int run = 0; run < 2; run++) {
        open_run(&w, run ? "B" : "A");
        for (size_t i = 0; i < LB_COUNT(layouts); i++) {
            m.layout = layouts[i];
            m.lock = locks[i];
            put_rounds(&w, m);
        }
        m.layout = m.lock = "";
        m.scenario = "empty";
        put_rounds(&w, m);
        m = usual;
        close_run(&w);
    }
    c = compare("A -- B");
    assert_string_equal(c->cases[0].cells[LB_KEY_LAYOUT], "pointer"); /* the baseline first */
    assert_true(c->cases[c->n_cases - 1].reference);
    assert_int_equal(c->n_common, 5);
    assert_string_equal(c->cases[c->n_cases - 1].time.note[0] ? "noted" : "", "noted");
    assert_ptr_equal(&c->cases[find(c, "embedded~")->base], find(c, "embedded"));
    assert_string_equal(c->cases[find(c, "padded")->base].cells[LB_KEY_LAYOUT], "pointer");
    assert_string_equal(c->cases[find(c, "padded")->base].cells[LB_KEY_LOCK], "rwsem40");
    lb_compare_destroy(c);
    assert_int_equal(compare_with("A -- B", "padded", &c), 0);
    assert_string_equal(c->baseline, "padded");
    assert_int_equal(find(c, "padded")->base, -1);
    assert_true(find(c, "embedded")->base >= 0);
    lb_compare_destroy(c);
    put_record("A", "2026-01-01T00:00:00Z", "one", ", \"baseline\": \"embedded\"");
    c = compare("A -- B");
    assert_string_equal(c->baseline, "embedded");
    lb_compare_destroy(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_other_regime),
        TEST(test_far_sides),
        TEST(test_near_sides),
        TEST(test_close_sides),
        TEST(test_common_regime),
        TEST(test_regime_of_runs_with_a_say),
        TEST(test_regime_of_more_runs),
        TEST(test_margin_of_the_rounds_compared),
        TEST(test_other_processor),
        TEST(test_rings),
        TEST(test_match_by_distance),
        TEST(test_two_placements_at_a_distance_are_not_matched),
        TEST(test_bases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
