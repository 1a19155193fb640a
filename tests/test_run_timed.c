/* SPDX-License-Identifier: MIT
 *
 * Real runs whose ops are timed one by one.
 */
#include <linebounce/analysis.h>

#include "support/real_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Timed ops */

static void check_untimed(const struct lb_csv_reader *r)
{
    static const char *const columns[] = {"latency_samples", "latency_p50_ns",    "latency_max_ns",
                                          "own_op_ns",       "slow_threshold_ns", "transfer_ns",
                                          "slow_ops"};

    for (size_t i = 0; i < LB_COUNT(columns); i++)
        assert_cell(r, columns[i], "");
}

static void check_timed(const struct lb_csv_reader *r, double step_ns)
{
    double n = lb_csv_number(r, "latency_samples"), share = lb_csv_number(r, "sampled_share");
    double own = lb_csv_number(r, "own_op_ns"), transfer = lb_csv_number(r, "transfer_ns");

    assert_true(n > 0 && own >= 0 && isfinite(transfer));
    if (transfer > 1.01 * LB_TRANSFER_STEPS * step_ns) {
        assert_about(r, "slow_threshold_ns", own + transfer / 2);
        assert_true(lb_csv_number(r, "slow_ops") >= 0 && lb_csv_number(r, "slow_ops") <= n);
    } else if (transfer < 0.99 * LB_TRANSFER_STEPS * step_ns) {
        assert_cell(r, "slow_threshold_ns", "");
        assert_cell(r, "slow_ops", "");
    }
    assert_true(lb_csv_number(r, "latency_max_ns") >= 0);
    assert_int_equal(isnan(lb_csv_number(r, "latency_p50_ns")), n < 2);
    assert_int_equal(isnan(lb_csv_number(r, "latency_p999_ns")), n < 5000);
    assert_true(isnan(lb_csv_number(r, "latency_p99_ns")) ||
                lb_csv_number(r, "latency_p99_ns") <= lb_csv_number(r, "latency_max_ns") * 1.001);
    assert_true(share > 0 && share < 1);
}

/* The histograms kept are those of the good windows, a round each. */
static void check_kept(const struct real *real, bool timed)
{
    struct lb_analysis *a = NULL;
    size_t timed_lines = 0;

    assert_int_equal(lb_analysis_create(real->run, &margin, &a), 0);
    for (size_t i = 0; i < a->n_lines; i++) {
        const struct lb_result *l = &a->lines[i];
        const struct lb_series *s = &real->run->series[l->case_index];
        double n = 0;
        for (size_t k = 0; k < s->n; k++)
            if (s->samples[l->role][k].regime == l->regime)
                n += (double)s->latencies[l->role][k]->n;
        assert_true(near_to(l->latency.n, n, 0));
        assert_int_equal(isfinite(l->latency.max), n > 0);
        timed_lines += n > 0;
    }
    assert_int_equal(timed_lines > 0, timed && a->n_lines);
    lb_analysis_destroy(a);
}

static void test_nothing_timed_unasked(void **state)
{
    struct asked asked = {.rounds = 1};
    struct real real = {0};
    struct lb_csv_reader *r;

    (void)state;
    pmu_start();
    measure_events(&real, &asked);
    assert_string_equal(real.run->sampling_note, "not asked for");
    assert_true(isnan(real.run->timer_floor_ns));
    r = open_csv(real.path);
    while (next_window(r)) {
        check_untimed(r);
        assert_cell(r, "events", "");
        assert_cell(r, "event_states", "");
    }
    lb_csv_reader_close(r);
    check_kept(&real, false);
    assert_int_equal(pmu.opened, 0);
    finish(&real);
}

static void need_sampling(struct real *real)
{
    char note[160];

    if (!*real->run->sampling_note)
        return;
    snprintf(note, sizeof note, "%s", real->run->sampling_note);
    finish(real);
    print_message("skipped: no op is timed here: %s\n", note);
    skip();
}

static void test_timed_ops(void **state)
{
    struct asked asked = {.rounds = 2, .every = 7};
    struct real real = {0};
    struct lb_csv_reader *r;

    (void)state;
    pmu_start();
    measure_events(&real, &asked);
    need_sampling(&real);
    assert_true(real.run->timer_floor_ns >= 0 && real.run->own_add_ns >= 0);
    r = open_csv(real.path);
    while (next_window(r))
        if (!strcmp(lb_csv_cell(r, "status"), "ok"))
            check_timed(r, real.run->clock.step_ns);
    lb_csv_reader_close(r);
    check_series(&real);
    check_kept(&real, true);
    finish(&real);
}

/* Each instrument alone, and neither; the frame is bare. */
static void test_instruments_apart(void **state)
{
    struct lb_event events[] = {event_of(1, LB_EVENT_CYCLES)};
    struct asked asked = {
        .events = events, .n_events = 1, .rounds = 2, .every = 7, .instruments = true};
    struct real real = {0};
    struct lb_csv_reader *r;
    size_t counted = 0, timed = 0, bare = 0;

    (void)state;
    pmu_start();
    measure_events(&real, &asked);
    need_sampling(&real);
    r = open_csv(real.path);
    while (next_window(r)) {
        bool counts = strstr(lb_csv_cell(r, "layout"), "+counters") != NULL;
        bool times = strstr(lb_csv_cell(r, "layout"), "+sampling") != NULL;
        bool ok = !strcmp(lb_csv_cell(r, "status"), "ok");

        assert_cell(r, "events", counts ? "cycles" : "");
        assert_int_equal(isfinite(lb_csv_number(r, "cycles_per_op")),
                         counts && lb_csv_number(r, "total_ops") > 0);
        if (!times)
            check_untimed(r);
        else if (ok)
            check_timed(r, real.run->clock.step_ns);
        counted += counts;
        timed += times;
        bare += !counts && !times;
    }
    lb_csv_reader_close(r);
    assert_true(counted > 0 && timed > 0 && bare > 0);
    finish(&real);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_timed_unasked),
        cmocka_unit_test(test_timed_ops),
        cmocka_unit_test(test_instruments_apart),
    };

    return cmocka_run_group_tests_name("run_timed", tests, NULL, NULL);
}
