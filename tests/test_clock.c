/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "machine/clock_private.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#define MANY 2000

static size_t allowed_pus(int *pu_os, size_t room)
{
    cpu_set_t set;
    size_t n = 0;

    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    for (int pu = 0; pu < CPU_SETSIZE && n < room; pu++) {
        if (CPU_ISSET((size_t)pu, &set))
            pu_os[n++] = pu;
    }
    return n;
}

static void assert_near(double value, double expected, double margin)
{
    if (value < expected - margin || value > expected + margin)
        fail_msg("%.15g is not within %g of %.15g", value, margin, expected);
}

static void assert_sound(const struct lb_clock *clock)
{
    assert_true(clock->ns_per_tick > 0);
    assert_true(clock->step_ns > 0);
    assert_true(clock->read_ns >= 0);
    assert_true(clock->invariant);
    assert_true(memchr(clock->note, '\0', sizeof clock->note) != NULL);
}

static void assert_never_back(const struct lb_clock *clock)
{
    uint64_t last = lb_clock_now(clock), first = last;

    for (int i = 0; i < MANY; i++) {
        uint64_t now = lb_clock_now(clock);

        assert_true(now >= last);
        last = now;
    }
    assert_true(last > first);
}

/* On one PU, so that the test does not depend on counters that agree. */
static void pin_to_one(cpu_set_t *before)
{
    int pu_os = -1;
    cpu_set_t one;

    assert_int_equal(sched_getaffinity(0, sizeof *before, before), 0);
    assert_int_equal(allowed_pus(&pu_os, 1), 1);
    CPU_ZERO(&one);
    CPU_SET((size_t)pu_os, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
}

static void counter_or_note(void **state)
{
    struct lb_clock clock;
    cpu_set_t before;

    (void)state;
    pin_to_one(&before);
    assert_int_equal(lb_clock_init(LB_CLOCK_TSC, &clock), 0);
    assert_sound(&clock);
    assert_false(clock.synchronised);
    if (clock.kind == LB_CLOCK_MONOTONIC)
        assert_true(clock.note[0] != '\0');
    else
        assert_string_equal(clock.note, "");
    assert_never_back(&clock);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

static void either_counter_names_this_machines(void **state)
{
    struct lb_clock by_tsc, by_cntvct;

    (void)state;
    assert_int_equal(lb_clock_init(LB_CLOCK_TSC, &by_tsc), 0);
    assert_int_equal(lb_clock_init(LB_CLOCK_CNTVCT, &by_cntvct), 0);
    assert_int_equal(by_tsc.kind, by_cntvct.kind);
#if defined(__x86_64__)
    assert_int_not_equal(by_tsc.kind, LB_CLOCK_CNTVCT);
#endif
}

static void monotonic_on_request(void **state)
{
    struct lb_clock clock;

    (void)state;
    assert_int_equal(lb_clock_init(LB_CLOCK_MONOTONIC, &clock), 0);
    assert_int_equal(clock.kind, LB_CLOCK_MONOTONIC);
    assert_true(clock.ns_per_tick == 1);
    assert_string_equal(clock.note, "");
    assert_string_equal(lb_clock_name(&clock), "CLOCK_MONOTONIC");
    assert_sound(&clock);
    assert_never_back(&clock);
}

/* The counter's interval contains one of CLOCK_MONOTONIC and lies within another, however long the
 * thread is interrupted; 1 % covers the calibration and NTP. */
static void ticks_agree_with_the_kernel(void **state)
{
    struct lb_clock clock;
    cpu_set_t before;
    struct timespec pause = {.tv_nsec = 5000000};

    (void)state;
    pin_to_one(&before);
    assert_int_equal(lb_clock_init(LB_CLOCK_TSC, &clock), 0);
    uint64_t outer = lb_clock_monotonic_ns();
    uint64_t ticks = lb_clock_now(&clock);
    uint64_t inner = lb_clock_monotonic_ns();
    nanosleep(&pause, NULL);
    uint64_t inner_ns = lb_clock_monotonic_ns() - inner;
    ticks = lb_clock_now(&clock) - ticks;
    uint64_t outer_ns = lb_clock_monotonic_ns() - outer;

    assert_true(lb_clock_ns(&clock, ticks) >= (double)inner_ns * 0.99);
    assert_true(lb_clock_ns(&clock, ticks) <= (double)outer_ns * 1.01);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

static void ns_and_ticks_round_trip(void **state)
{
    const struct lb_clock clock = {.kind = LB_CLOCK_TSC, .ns_per_tick = 1 / 2.6};
    const uint64_t ticks[] = {0, 1, 26, 2600, 1000003, 9007199254740991u / 16};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(ticks); i++)
        assert_int_equal(lb_clock_ticks(&clock, lb_clock_ns(&clock, ticks[i])), ticks[i]);
    assert_int_equal(lb_clock_ticks(&clock, 10), 26);
}

static void x86_facts(void **state)
{
    const struct lb_clock_x86_facts bare = {.tsc = true,
                                            .rdtscp = true,
                                            .invariant = true,
                                            .current = "tsc",
                                            .available = "tsc hpet acpi_pm"};
    struct lb_clock_x86_facts facts = bare;
    char note[160] = "";

    (void)state;
    assert_true(lb_clock_x86_usable(&facts, note, sizeof note));
    facts.current[0] = facts.available[0] = '\0';
    assert_true(lb_clock_x86_usable(&facts, note, sizeof note));
    assert_string_equal(note, "");

    facts = bare;
    facts.rdtscp = false;
    assert_false(lb_clock_x86_usable(&facts, note, sizeof note));
    assert_non_null(strstr(note, "rdtscp"));

    facts = bare;
    facts.tsc = false;
    assert_false(lb_clock_x86_usable(&facts, note, sizeof note));

    /* Struck off by the kernel's watchdog; "tsc-early" is another clock source. */
    facts = bare;
    strcpy(facts.available, "tsc-early hpet acpi_pm");
    strcpy(facts.current, "hpet");
    assert_false(lb_clock_x86_usable(&facts, note, sizeof note));
    assert_non_null(strstr(note, "unstable"));
}

static void x86_facts_of_a_guest(void **state)
{
    struct lb_clock_x86_facts facts = {.tsc = true,
                                       .rdtscp = true,
                                       .hypervisor = true,
                                       .current = "tsc",
                                       .available = "kvm-clock tsc"};
    char note[160] = "";

    (void)state;
    assert_true(lb_clock_x86_usable(&facts, note, sizeof note));
    assert_string_equal(note, "");
    strcpy(facts.current, "kvm-clock");
    assert_false(lb_clock_x86_usable(&facts, note, sizeof note));
    assert_non_null(strstr(note, "kvm-clock"));
    /* No guest hides the bit here: the processor does not have it. */
    strcpy(facts.current, "tsc");
    facts.hypervisor = false;
    assert_false(lb_clock_x86_usable(&facts, note, sizeof note));
    facts.invariant = true;
    assert_true(lb_clock_x86_usable(&facts, note, sizeof note));
}

static void rate_from_marks(void **state)
{
    const struct lb_clock_mark good[3] = {{1000, 50}, {26001000, 10000050}, {52001000, 20000050}};
    const struct lb_clock_mark bent[3] = {{0, 0}, {26000000, 10000000}, {53000000, 20000000}};
    const struct lb_clock_mark still[3] = {{5, 0}, {5, 10000000}, {5, 20000000}};
    const struct lb_clock_mark back[3] = {{0, 0}, {26000000, 10000000}, {25000000, 20000000}};
    double ns_per_tick = -1;

    (void)state;
    assert_int_equal(lb_clock_rate(bent, &ns_per_tick), -EDOM);
    assert_int_equal(lb_clock_rate(still, &ns_per_tick), -EDOM);
    assert_int_equal(lb_clock_rate(back, &ns_per_tick), -EDOM);
    assert_true(ns_per_tick == -1);
    assert_int_equal(lb_clock_rate(good, &ns_per_tick), 0);
    assert_near(ns_per_tick, 10.0 / 26.0, 1e-12);
}

/* Readings of a counter with the given true step at distances of `read` and more ticks. */
static double step_of(double step, unsigned read)
{
    uint64_t stamps[MANY], gaps[MANY];
    double time = 12345;

    for (unsigned i = 0; i < MANY; i++) {
        time += read + i * 37 % 64;
        /* The counter shows the last whole step, cut to whole ticks. */
        stamps[i] = (uint64_t)((double)(uint64_t)(time / step) * step);
    }
    return lb_clock_step(stamps, MANY, gaps);
}

static void step_from_stamps(void **state)
{
    const uint64_t same[4] = {7, 7, 7, 7}, once[4] = {7, 7, 47, 47}, back[4] = {100, 130, 90, 120};
    uint64_t gaps[4];

    (void)state;
    assert_true(step_of(1, 20) == 1);
    assert_true(step_of(2, 24) == 2);
    assert_true(step_of(26, 24) == 26);
    /* A reading takes two or three steps: the smallest distance alone would say 52. */
    assert_true(step_of(26, 60) == 26);
    assert_near(step_of(26.3, 24), 26.3, 0.3);
    assert_near(step_of(26.3, 60), 26.3, 0.3);
    assert_true(step_of(40, 1) == 40);
    assert_true(lb_clock_step(same, 4, gaps) == 0);
    assert_true(lb_clock_step(once, 4, gaps) == 40);
    assert_true(lb_clock_step(back, 4, gaps) == 30);
}

static void stamps_that_go_back(void **state)
{
    const uint64_t good[] = {5, 5, 9, 20, 21}, one[] = {5, 4, 9, 20, 21};
    /* The last is ahead of its forerunner, and yet behind what was published before that. */
    const uint64_t late[] = {100, 110, 90, 95}, two[] = {100, 50, 120, 110};

    (void)state;
    assert_int_equal(lb_clock_behind(good, LB_COUNT(good)), 0);
    assert_int_equal(lb_clock_behind(good, 0), 0);
    assert_int_equal(lb_clock_behind(one, LB_COUNT(one)), 1);
    assert_int_equal(lb_clock_behind(late, LB_COUNT(late)), 20);
    /* The worst, not the last. */
    assert_int_equal(lb_clock_behind(two, LB_COUNT(two)), 50);
}

static void disagreement_takes_the_counter_away(void **state)
{
    struct lb_clock clock = {.kind = LB_CLOCK_TSC, .ns_per_tick = 0.5, .invariant = true};

    (void)state;
    assert_int_equal(lb_clock_settle(&clock, 0, 3, 4), 0);
    assert_int_equal(clock.kind, LB_CLOCK_TSC);
    assert_true(clock.synchronised);
    assert_string_equal(clock.note, "");

    assert_int_equal(lb_clock_settle(&clock, 2000, 3, 17), 0);
    assert_int_equal(clock.kind, LB_CLOCK_MONOTONIC);
    assert_true(clock.ns_per_tick == 1);
    assert_false(clock.synchronised);
    assert_non_null(strstr(clock.note, "PU 3 and PU 17"));
    assert_non_null(strstr(clock.note, "1000 ns"));
    assert_sound(&clock);

    /* There is nothing left to fall back to, but it is said. */
    clock.synchronised = true;
    assert_int_equal(lb_clock_settle(&clock, 7, 0, 1), 0);
    assert_false(clock.synchronised);
    assert_non_null(strstr(clock.note, "PU 0 and PU 1"));
}

static void check_of_the_allowed_pus(void **state)
{
    const enum lb_clock_kind kinds[] = {LB_CLOCK_TSC, LB_CLOCK_MONOTONIC};
    int pu_os[4];
    size_t n_pus = allowed_pus(pu_os, LB_COUNT(pu_os));

    (void)state;
    for (size_t i = 0; i < LB_COUNT(kinds); i++) {
        struct lb_clock clock, before;

        assert_int_equal(lb_clock_init(kinds[i], &clock), 0);
        before = clock;
        assert_int_equal(lb_clock_check_pus(&clock, pu_os, n_pus), 0);
        /* The kernel's clock agrees with itself. A counter does, or is gone with a note. */
        assert_true(clock.synchronised);
        if (clock.kind != before.kind)
            assert_true(clock.note[0] != '\0');
        else
            assert_string_equal(clock.note, before.note);
    }
}

static void check_of_one_pu(void **state)
{
    int pu_os[2];
    struct lb_clock clock;

    (void)state;
    assert_true(allowed_pus(pu_os, 1) == 1);
    pu_os[1] = pu_os[0];
    assert_int_equal(lb_clock_init(LB_CLOCK_TSC, &clock), 0);
    assert_int_equal(lb_clock_check_pus(&clock, pu_os, 1), 0);
    assert_true(clock.synchronised);
    assert_int_equal(lb_clock_check_pus(&clock, pu_os, 2), 0);
}

static void check_of_pus_that_are_not(void **state)
{
    int pu_os[2], bad[] = {-1, 65535, 1 << 30};
    struct lb_clock clock, before;

    (void)state;
    assert_true(allowed_pus(pu_os, 1) == 1);
    assert_int_equal(lb_clock_init(LB_CLOCK_MONOTONIC, &clock), 0);
    before = clock;
    assert_int_equal(lb_clock_check_pus(&clock, pu_os, 0), -EINVAL);
    assert_int_equal(lb_clock_check_pus(&clock, NULL, 1), -EINVAL);
    /* Often, since the thread that did start must not be left waiting for the other one. */
    for (size_t i = 0; i < 100 * LB_COUNT(bad); i++) {
        pu_os[1] = bad[i % LB_COUNT(bad)];
        assert_int_equal(lb_clock_check_pus(&clock, pu_os, 2), -EINVAL);
    }
    assert_int_equal(clock.kind, before.kind);
    assert_false(clock.synchronised);
    assert_string_equal(clock.note, before.note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counter_or_note),
        cmocka_unit_test(either_counter_names_this_machines),
        cmocka_unit_test(monotonic_on_request),
        cmocka_unit_test(ticks_agree_with_the_kernel),
        cmocka_unit_test(ns_and_ticks_round_trip),
        cmocka_unit_test(x86_facts),
        cmocka_unit_test(x86_facts_of_a_guest),
        cmocka_unit_test(rate_from_marks),
        cmocka_unit_test(step_from_stamps),
        cmocka_unit_test(stamps_that_go_back),
        cmocka_unit_test(disagreement_takes_the_counter_away),
        cmocka_unit_test(check_of_the_allowed_pus),
        cmocka_unit_test(check_of_one_pu),
        cmocka_unit_test(check_of_pus_that_are_not),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
