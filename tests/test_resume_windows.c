/* SPDX-License-Identifier: MIT
 *
 * Going on with runs that have spoiled, counted and armed windows.
 */
#include <linebounce/run.h>

#include "support/cut_run.h"
#include "support/events.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Spoiled windows */

/* The first attempt at a phase of a case that has several, from window k on. */
static long first_attempt(const struct whole *w, long k, int phase)
{
    for (const char *at = line_after(w->text.at); *at; at = line_after(at)) {
        const char *has = cell_of(at, column("phase"));
        if (window_of(at) >= k && *has == '0' + phase && *cell_of(at, column("attempt")) == '0')
            return window_of(at);
    }
    fail_msg("no phase %d behind window %ld", phase, k);
    return -1;
}

static struct text spoil(struct text t, long window)
{
    for (int role = 0; role < 2; role++) {
        size_t at = line_of_window(t, window, 0);
        for (int skip = role; skip; skip--)
            at = (size_t)(line_after(t.at + at) - t.at);
        if (t.at[at] && window_of(t.at + at) == window) {
            t = replace_cell(t, at, "status", "spoiled");
            t = replace_cell(t, at, "reason", "gaps");
        }
    }
    return t;
}

/* The text up to window k, with that window spoiled n times in place of measured. */
static struct text spoiled_times(const struct whole *w, long k, int n)
{
    size_t from = bytes_of_windows(w->text, k), first = line_of_window(w->text, k, 0);
    size_t end = bytes_of_windows(w->text, k + 1);
    struct text t = copy_text(w->text, first);

    assert_true(from <= first);
    for (int i = 0; i < n; i++) {
        size_t at = t.bytes;
        char number[24], attempt[24];
        snprintf(number, sizeof number, "%ld", k + i);
        snprintf(attempt, sizeof attempt, "%d", i);
        t = append(t, w->text.at + first, end - first);
        while (t.at[at]) {
            t = replace_cell(t, at, "window", number);
            t = replace_cell(t, at, "attempt", attempt);
            at = (size_t)(line_after(t.at + at) - t.at);
        }
        t = spoil(t, k + i);
    }
    return t;
}

static void check_spoiled(const struct whole *w, long k, int n)
{
    struct text from = spoiled_times(w, k, n);
    size_t bytes = from.bytes;

    check_prefix(w, from, (size_t)(k + n), bytes);
}

/* After four there is one attempt left, after five none in this round. */
static void test_spoiled_windows(void **state)
{
    (void)state;
    need_two_pus();
    struct whole w = {.plan = make_plan(S(OBSERVER), NULL, 0, false), .options = plain.options};
    w.options.emulated = false;
    make_whole(&w);
    check_spoiled(&w, first_attempt(&w, 1, 0), 1);
    check_spoiled(&w, first_attempt(&w, 1, 0), 5);
    check_spoiled(&w, first_attempt(&w, 1, 1), 4);
    check_spoiled(&w, first_attempt(&w, 1, 1), 5);
    drop_whole(&w);
}

/* Where time means nothing, a spoiled window is the end of its case. */
static void test_spoiled_and_emulated(void **state)
{
    (void)state;
    need_two_pus();
    check_spoiled(&plain, first_attempt(&plain, 0, 0), 1);
}

/* Counted and armed windows */

static struct lb_event events[6];

static struct whole counted(bool armed)
{
    struct whole w = {
        .plan = make_plan(S(OBSERVER), NULL, 0, true), .options = plain.options, .armed = armed};

    events[0] = event_of(3, -1);
    events[1] = event_of(4, -1); /* there is none */
    for (unsigned i = 2; i < 5; i++)
        events[i] = event_of(i + 3, -1); /* in turns */
    events[5] = watch_of(LB_WATCH_COUNT);
    pmu_start();
    pmu_rule(4, ENOENT, -1);
    if (!armed)
        pmu_rule(PMU_WATCH, ENOSPC, -1);
    w.options.events = events;
    w.options.n_events = LB_COUNT(events);
    w.options.at_once = 3;
    w.options.calls = &pmu_calls;
    make_whole(&w);
    return w;
}

static void test_counted_windows(void **state)
{
    (void)state;
    need_two_pus();
    struct whole w = counted(false);
    for (size_t k = 1; k < w.story->windows; k += w.story->windows / 2) {
        size_t bytes = bytes_of_windows(w.text, (long)k);
        check_prefix(&w, copy_text(w.text, bytes), k, bytes);
    }
    assert_int_equal(pmu.faults, 0);
    drop_whole(&w);
}

#if defined(__x86_64__)
/* The next armed window from k on; -1: none. */
static long armed_from(struct text t, long k)
{
    for (const char *at = line_after(t.at); *at; at = line_after(at))
        if (window_of(at) >= k && !strncmp(cell_of(at, column("status")), "armed,", 6))
            return window_of(at);
    return -1;
}

/* Stopped just before an armed window, and just after it. */
static void test_armed_windows(void **state)
{
    size_t seen = 0;

    (void)state;
    need_two_pus();
    struct whole w = counted(true);
    for (long k = armed_from(w.text, 0); k >= 0; k = armed_from(w.text, k + 1)) {
        if (seen++ % 3)
            continue;
        for (long at = k; at <= k + 1; at++) {
            size_t bytes = bytes_of_windows(w.text, at);
            check_prefix(&w, copy_text(w.text, bytes), (size_t)at, bytes);
        }
    }
    assert_int_equal(seen, 2 * ROUNDS);
    assert_int_equal(pmu.faults, 0);
    drop_whole(&w);
}

static struct lb_run *read_as(const struct whole *w, struct text t)
{
    char path[64];

    temporary(path);
    write_bytes(path, t.at, t.bytes);
    struct lb_run *run = go_on(w->plan, w->options, path);
    unlink(path);
    return run;
}

/* Samples of which the watched word was counted. */
static size_t watched(const struct lb_run *run)
{
    size_t n = 0, watch = LB_COUNT(events) - 1;

    for (size_t c = 0; c < run->plan->n_cases; c++)
        for (size_t i = 0; i < run->series[c].n; i++)
            n += run->series[c].tallies[0][i * LB_COUNT(events) + watch].state != LB_COUNT_UNASKED;
    return n;
}

/* A spoiled armed window is an attempt at nothing: it is in no rate, and counts nothing. */
static void test_spoiled_armed_windows(void **state)
{
    (void)state;
    need_two_pus();
    struct whole w = counted(true);
    struct text t = copy_text(w.text, w.text.bytes);
    for (long k; (k = armed_from(t, 0)) >= 0;)
        t = spoil(t, k);
    struct lb_run *armed = read_as(&w, w.text), *spoiled = read_as(&w, t);
    assert_int_equal(armed->windows, spoiled->windows);
    assert_int_equal(armed->windows_spoiled, spoiled->windows_spoiled);
    size_t samples = 0;
    for (size_t c = 0; c < w.plan->n_cases; c++) {
        const struct lb_series *a = &armed->series[c], *b = &spoiled->series[c];
        assert_int_equal(a->n, b->n);
        assert_int_equal(a->attempts, b->attempts);
        assert_int_equal(a->spoiled, b->spoiled);
        samples += w.plan->cases[c].armed ? a->n : 0;
    }
    assert_true(watched(armed) > 0 || !samples);
    assert_int_equal(watched(spoiled), 0);
    lb_run_destroy(armed);
    lb_run_destroy(spoiled);
    free(t.at);
    drop_whole(&w);
}

/* The first window of a case of several phases that has an armed one. */
static long armed_case(const struct whole *w)
{
    long k = -1;

    do
        k = first_attempt(w, k + 1, 0);
    while (!strncmp(w->text.at + line_of_window(w->text, k, 0), "3,test,empty,", 13));
    return k;
}

/* A case that was given up still has its armed window. */
static void test_given_up_and_armed(void **state)
{
    (void)state;
    need_two_pus();
    struct whole w = counted(true);
    check_spoiled(&w, armed_case(&w), 1);
    drop_whole(&w);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spoiled_windows),
        cmocka_unit_test(test_spoiled_and_emulated),
        cmocka_unit_test(test_counted_windows),
#if defined(__x86_64__)
        cmocka_unit_test(test_armed_windows),
        cmocka_unit_test(test_spoiled_armed_windows),
        cmocka_unit_test(test_given_up_and_armed),
#endif
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
