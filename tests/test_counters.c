/* SPDX-License-Identifier: MIT
 *
 * counters: groups through a kernel made here, whose calls fail one by one. What was not counted
 * has no value. And which PMUs there are.
 */
#include <linebounce/counters.h>

#include "support/fake_kernel.h"

#include <errno.h>
#include <limits.h>
#include <linux/hw_breakpoint.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Groups ------------------------------------------------------------------------------------- */

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(lb_count_state_name(LB_COUNT_UNASKED), "not asked");
    assert_string_equal(lb_count_state_name(LB_COUNT_COUNTED), "counted");
    assert_string_equal(lb_count_state_name(LB_COUNT_SCALED), "scaled");
    assert_string_equal(lb_count_state_name(LB_COUNT_LOST), "not counted");
    assert_string_equal(lb_count_state_name(LB_COUNT_UNSUPPORTED), "not supported");
    assert_string_equal(lb_count_state_name(LB_COUNT_REFUSED), "refused");
    assert_string_equal(lb_pmu_state_name(LB_PMU_PRESENT), "present");
    assert_string_equal(lb_pmu_state_name(LB_PMU_ABSENT), "absent");
    assert_string_equal(lb_pmu_state_name(LB_PMU_REFUSED), "refused");
    assert_string_equal(lb_pmu_state_name(LB_PMU_SECCOMP), "seccomp");
}

static void test_add(void **state)
{
    const struct lb_count counted = {LB_COUNT_COUNTED, 0, 7, 10, 10, 7.0};
    const struct lb_count scaled = {LB_COUNT_SCALED, 0, 5, 10, 5, 10.0};
    const struct lb_count lost = {LB_COUNT_LOST, EIO, 0, 10, 0, (double)NAN};
    const struct lb_count refused = {LB_COUNT_REFUSED, EACCES, 0, 0, 0, (double)NAN};
    const struct lb_count unasked = {LB_COUNT_UNASKED, 0, 0, 0, 0, (double)NAN};
    struct lb_count sum = unasked;

    (void)state;
    lb_count_add(&unasked, &sum);
    assert_int_equal(sum.state, LB_COUNT_UNASKED);
    lb_count_add(&counted, &sum);
    lb_count_add(&counted, &sum);
    lb_count_add(&unasked, &sum);
    check_counted(&sum, 14);
    assert_int_equal(sum.enabled_ns, 20);
    lb_count_add(&scaled, &sum);
    assert_int_equal(sum.state, LB_COUNT_SCALED);
    assert_int_equal(sum.value, 19);
    assert_true(sum.scaled == 24.0);
    assert_int_equal(sum.running_ns, 25);
    lb_count_add(&counted, &sum);
    assert_int_equal(sum.state, LB_COUNT_SCALED);
    lb_count_add(&lost, &sum);
    check_without(&sum, LB_COUNT_LOST, EIO);
    assert_int_equal(sum.enabled_ns, 50);
    lb_count_add(&counted, &sum);
    check_without(&sum, LB_COUNT_LOST, EIO);
    lb_count_add(&refused, &sum);
    check_without(&sum, LB_COUNT_REFUSED, EACCES);
    lb_count_add(&lost, &sum);
    check_without(&sum, LB_COUNT_REFUSED, EACCES);
}

static void test_attr(void **state)
{
    static const uint64_t word;
    struct lb_event_code code = raw(0x4d2);
    struct perf_event_attr a;

    (void)state;
    code.config1 = 0x100;
    code.config2 = 3;
    lb_counter_attr(&code, 0, false, true, &a);
    assert_int_equal(a.size, sizeof a);
    assert_int_equal(a.type, PERF_TYPE_RAW);
    assert_int_equal(a.config, 0x4d2);
    assert_int_equal(a.config1, 0x100 | lb_counter_user_read);
    assert_int_equal(a.config2, 3);
    assert_int_equal(a.read_format, PERF_FORMAT_GROUP | PERF_FORMAT_ID |
                                        PERF_FORMAT_TOTAL_TIME_ENABLED |
                                        PERF_FORMAT_TOTAL_TIME_RUNNING);
    assert_true(a.disabled && a.pinned && a.exclude_kernel && a.exclude_hv);
    assert_false(a.inherit || a.exclude_user);
    lb_counter_attr(&code, 10, true, false, &a);
    assert_false(a.disabled || a.pinned || a.exclude_kernel || a.exclude_user);
    assert_true(a.exclude_hv);
    assert_int_equal(a.config, 0x4d2); /* raw codes belong to the PMU of their type */

    code = (struct lb_event_code){.type = PERF_TYPE_HARDWARE, .config = 1};
    lb_counter_attr(&code, 0, false, false, &a);
    assert_int_equal(a.config, 1);
    lb_counter_attr(&code, 10, false, false, &a);
    assert_int_equal(a.config, 1 | 10ull << PERF_PMU_TYPE_SHIFT);
    code.type = PERF_TYPE_HW_CACHE;
    lb_counter_attr(&code, 10, false, false, &a);
    assert_int_equal(a.config, 1 | 10ull << PERF_PMU_TYPE_SHIFT);
    code = software(PERF_COUNT_SW_TASK_CLOCK);
    lb_counter_attr(&code, 10, false, false, &a);
    assert_int_equal(a.config, PERF_COUNT_SW_TASK_CLOCK);
    assert_int_equal(a.config1, 0);

    code = watch(&word, false);
    code.config = 99; /* nobody's */
    lb_counter_attr(&code, 10, false, true, &a);
    assert_int_equal(a.type, PERF_TYPE_BREAKPOINT);
    assert_int_equal(a.config, 0);
    assert_int_equal(a.bp_addr, (uintptr_t)&word);
    assert_int_equal(a.bp_len, 8);
    assert_int_equal(a.bp_type, HW_BREAKPOINT_W);
    assert_true(a.disabled && a.pinned && a.exclude_kernel);
    code.watch_reads = true;
    code.bytes = 4;
    lb_counter_attr(&code, 0, false, false, &a);
    assert_int_equal(a.bp_type, HW_BREAKPOINT_RW);
    assert_int_equal(a.bp_len, 4);
    assert_false(a.pinned || a.disabled);
}

static void test_group(void **state)
{
    const struct lb_event_code codes[3] = {raw(1), raw(2), raw(3)};
    struct lb_count counts[3];
    struct lb_group group;

    (void)state;
    for (int backwards = 0; backwards < 2; backwards++) {
        start_fake();
        fake.backwards = backwards;
        assert_int_equal(lb_group_open(&fake_calls, codes, 3, 0, false, &group), 3);
        assert_int_equal(group.leader, 0);
        assert_string_equal(fake.log, "");
        assert_true(fake.events[0].attr.pinned && !fake.events[1].attr.pinned);
        assert_int_equal(fake.events[2].group_fd, FAKE_FD);
        for (int i = 0; i < LB_GROUP_MOST; i++) /* open is not yet counted */
            check_without(&group.events[i].count, i < 3 ? LB_COUNT_LOST : LB_COUNT_UNASKED, 0);
        for (uint64_t round = 1; round < 3; round++) {
            lb_group_begin(&group);
            for (int i = 0; i < 3; i++)
                move(i, round * 10 + (uint64_t)i);
            pass(200 * round, 200 * round);
            lb_group_end(&group, counts);
            for (int i = 0; i < 3; i++)
                check_counted(&counts[i], round * 10 + (uint64_t)i);
            assert_int_equal(counts[1].enabled_ns, 200 * round);
        }
        assert_string_equal(fake.log, "errderrd");
        check_close(&group);
    }
}

static void test_group_counts_zero(void **state)
{
    const struct lb_event_code code = raw(1);
    struct lb_count count;
    struct lb_group group;

    (void)state;
    start_fake();
    lb_group_open(&fake_calls, &code, 1, 0, false, &group);
    lb_group_begin(&group);
    pass(200, 200);
    lb_group_end(&group, &count);
    check_counted(&count, 0); /* on the PMU all the time: a true 0 */
    lb_group_end(&group, &count);
    check_without(&count, LB_COUNT_LOST, 0); /* no begin */
    check_close(&group);
}

static const struct {
    int error;
    enum lb_count_state state;
} refusals[] = {
    {EACCES, LB_COUNT_REFUSED},         {EPERM, LB_COUNT_REFUSED},
    {ENOSYS, LB_COUNT_REFUSED},         {EMFILE, LB_COUNT_REFUSED},
    {ENOSPC, LB_COUNT_REFUSED},         {EBUSY, LB_COUNT_REFUSED},
    {ENOENT, LB_COUNT_UNSUPPORTED},     {ENXIO, LB_COUNT_UNSUPPORTED},
    {EOPNOTSUPP, LB_COUNT_UNSUPPORTED}, {ENODEV, LB_COUNT_UNSUPPORTED},
    {EINVAL, LB_COUNT_UNSUPPORTED},
};

/* Event `which` of three fails; the others are counted. */
static void check_refusal(int which, int error, enum lb_count_state expected)
{
    const struct lb_event_code codes[3] = {raw(1), raw(2), raw(3)};
    struct lb_count counts[3];
    struct lb_group group;

    start_fake();
    fake.rules[fake.n_rules++] = (struct fake_rule){codes[which].config, error, 0};
    assert_int_equal(lb_group_open(&fake_calls, codes, 3, 0, false, &group), 2);
    assert_int_equal(group.leader, which == 0);
    assert_true(fake.events[0].attr.pinned && fake.events[0].attr.disabled);
    assert_false(fake.events[1].attr.pinned || fake.events[1].attr.disabled);
    lb_group_begin(&group);
    move(0, 11);
    move(1, 22);
    pass(200, 200);
    lb_group_end(&group, counts);
    check_without(&counts[which], expected, error);
    check_counted(&counts[which == 0], 11);
    check_counted(&counts[which == 2 ? 1 : 2], 22);
    check_close(&group);
}

static void test_one_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(refusals); i++)
        for (int which = 0; which < 3; which++)
            check_refusal(which, refusals[i].error, refusals[i].state);
}

static void test_all_fail(void **state)
{
    const struct lb_event_code codes[3] = {raw(1), raw(2), raw(3)};
    struct lb_count counts[3];
    struct lb_group group;

    (void)state;
    for (size_t k = 0; k < LB_COUNT(refusals); k++) {
        start_fake();
        fake.open_error = refusals[k].error;
        assert_int_equal(lb_group_open(&fake_calls, codes, 3, 0, false, &group), 0);
        assert_int_equal(group.leader, -1);
        lb_group_begin(&group);
        lb_group_end(&group, counts);
        assert_string_equal(fake.log, "");
        for (int i = 0; i < 3; i++)
            check_without(&counts[i], refusals[k].state, refusals[k].error);
        check_close(&group);
    }
}

static void test_does_not_fit(void **state)
{
    const struct lb_event_code codes[4] = {raw(1), raw(2), raw(3), raw(4)};
    struct lb_count counts[4];
    struct lb_group group;

    (void)state;
    start_fake();
    fake.pmu_slots = 2;
    fake.rules[fake.n_rules++] = (struct fake_rule){4, ENOENT, EINVAL};
    assert_int_equal(lb_group_open(&fake_calls, codes, 4, 0, false, &group), 2);
    assert_int_equal(still_open(), 2); /* the try alone is closed again */
    lb_group_begin(&group);
    move(0, 5);
    move(1, 6);
    pass(200, 200);
    lb_group_end(&group, counts);
    check_counted(&counts[0], 5);
    check_counted(&counts[1], 6);
    check_without(&counts[2], LB_COUNT_LOST, E2BIG);
    check_without(&counts[3], LB_COUNT_UNSUPPORTED, ENOENT); /* as it says when alone */
    check_close(&group);
}

static void test_no_id(void **state)
{
    const struct lb_event_code codes[2] = {raw(1), raw(2)};
    struct lb_count counts[2];
    struct lb_group group;

    (void)state;
    start_fake();
    fake.id_error = ENOTTY;
    assert_int_equal(lb_group_open(&fake_calls, codes, 2, 0, false, &group), 0);
    assert_int_equal(still_open(), 0);
    lb_group_begin(&group);
    lb_group_end(&group, counts);
    check_without(&counts[0], LB_COUNT_REFUSED, ENOTTY);
    check_without(&counts[1], LB_COUNT_REFUSED, ENOTTY);
    check_close(&group);
}

/* One window of two events that both move by 50, over `enabled` and `running` ns. */
static void one_window(uint64_t enabled, uint64_t running, struct lb_count counts[2])
{
    const struct lb_event_code codes[2] = {raw(1), raw(2)};
    struct lb_group group;

    assert_int_equal(lb_group_open(&fake_calls, codes, 2, 0, false, &group), 2);
    lb_group_begin(&group);
    move(0, fake.first_value / 2);
    move(1, fake.first_value / 2);
    pass(enabled, running);
    lb_group_end(&group, counts);
    if (!fake.enable_error)
        assert_int_equal(fake.log[strlen(fake.log) - 1], 'd'); /* whatever the readings say */
    check_close(&group);
}

static void test_bad_readings(void **state)
{
    static const struct {
        enum fake_read how;
        size_t bytes;
        int error;
    } cases[] = {
        {READ_NOTHING, 0, 0},  {READ_ERROR, 0, EBADF}, {READ_SHORT, 16, EIO},
        {READ_SHORT, 40, EIO}, {READ_SHORT, 24, EIO},  {READ_MANY, 0, EIO},
    };
    struct lb_count counts[2];

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        for (int at_end = 0; at_end < 2; at_end++) {
            start_fake();
            *(at_end ? &fake.read_end : &fake.read_begin) = cases[i].how;
            fake.first_value = 0; /* the reading that is not there is 0, too */
            fake.short_bytes = cases[i].bytes;
            fake.read_error = EBADF;
            one_window(200, 200, counts);
            check_without(&counts[0], LB_COUNT_LOST, cases[i].error);
            check_without(&counts[1], LB_COUNT_LOST, cases[i].error);
        }
    }
    /* An event that the reading leaves out; the other is there. */
    for (int at_end = 0; at_end < 2; at_end++) {
        start_fake();
        *(at_end ? &fake.read_end : &fake.read_begin) = READ_OTHERS;
        one_window(200, 200, counts);
        check_without(&counts[0], LB_COUNT_LOST, 0);
        check_counted(&counts[1], 50);
    }
    start_fake();
    fake.enable_error = EBADF;
    one_window(200, 200, counts);
    check_without(&counts[0], LB_COUNT_LOST, EBADF);
    check_without(&counts[1], LB_COUNT_LOST, EBADF);
}

static void test_recovers(void **state)
{
    const struct lb_event_code code = raw(1);
    struct lb_count count;
    struct lb_group group;

    (void)state;
    start_fake();
    lb_group_open(&fake_calls, &code, 1, 0, false, &group);
    fake.read_begin = READ_ERROR;
    fake.read_error = EBADF;
    lb_group_begin(&group);
    lb_group_end(&group, &count);
    check_without(&count, LB_COUNT_LOST, EBADF);
    fake.read_begin = READ_GROUP;
    lb_group_begin(&group);
    move(0, 9);
    pass(200, 200);
    lb_group_end(&group, &count);
    check_counted(&count, 9);
    lb_group_begin(&group);
    fake.enable_error = EBADF;
    lb_group_begin(&group); /* the last begin is what counts */
    pass(200, 200);
    lb_group_end(&group, &count);
    check_without(&count, LB_COUNT_LOST, EBADF);
    check_close(&group);
}

static void test_running(void **state)
{
    struct lb_count counts[2];

    (void)state;
    start_fake();
    one_window(200, 0, counts); /* it ran before, but not in this window */
    check_without(&counts[0], LB_COUNT_LOST, 0);
    assert_int_equal(counts[0].enabled_ns, 200);
    start_fake();
    fake.running = 0;
    one_window(200, 0, counts);
    check_without(&counts[1], LB_COUNT_LOST, 0);
    start_fake();
    one_window(0, 0, counts);
    check_without(&counts[0], LB_COUNT_LOST, 0);
    start_fake();
    one_window(400, 100, counts);
    check_honest(&counts[1]);
    assert_int_equal(counts[1].state, LB_COUNT_SCALED);
    assert_int_equal(counts[1].value, 50);
    assert_true(counts[1].scaled == 200.0);
    assert_int_equal(counts[1].enabled_ns, 400);
    assert_int_equal(counts[1].running_ns, 100);
    start_fake();
    fake.step_pmu = (uint64_t)-60; /* 50 up, 60 down */
    one_window(200, 200, counts);
    check_without(&counts[0], LB_COUNT_LOST, 0);
}

static void test_reads_nothing(void **state)
{
    static const struct {
        uint64_t config;
        bool user, kernel; /* whether it counts */
    } cases[] = {
        {PERF_COUNT_SW_CPU_CLOCK, true, true},        {PERF_COUNT_SW_TASK_CLOCK, true, true},
        {PERF_COUNT_SW_PAGE_FAULTS, true, true},      {PERF_COUNT_SW_CONTEXT_SWITCHES, false, true},
        {PERF_COUNT_SW_CPU_MIGRATIONS, false, true},  {PERF_COUNT_SW_PAGE_FAULTS_MIN, true, true},
        {PERF_COUNT_SW_DUMMY, false, false},          {PERF_COUNT_SW_BPF_OUTPUT, false, false},
        {PERF_COUNT_SW_CGROUP_SWITCHES, false, true},
    };
    struct lb_event_code codes[2] = {raw(1)};
    struct lb_count counts[2];
    struct lb_group group;

    (void)state;
    for (size_t i = 0; i <= LB_COUNT(cases); i++) {
        for (int kernel = 0; kernel < 2; kernel++) {
            bool counts_something = kernel;
            codes[1] = (struct lb_event_code){.type = PERF_TYPE_TRACEPOINT, .config = 3};
            if (i < LB_COUNT(cases)) {
                codes[1] = software(cases[i].config);
                counts_something = kernel ? cases[i].kernel : cases[i].user;
            }
            start_fake();
            lb_group_open(&fake_calls, codes, 2, 0, kernel, &group);
            lb_group_begin(&group);
            pass(200, 200);
            lb_group_end(&group, counts);
            check_counted(&counts[0], 0);
            if (counts_something)
                check_counted(&counts[1], 0);
            else
                check_without(&counts[1], LB_COUNT_LOST, ENODATA);
            check_close(&group);
        }
    }
}

/* Machines ----------------------------------------------------------------------------------- */

static int core_pmus(const struct machine *m, struct lb_core_pmu pmus[LB_CORE_PMUS])
{
    char sys[80];
    snprintf(sys, sizeof sys, "%s/sys", m->root);
    return lb_core_pmus(sys, pmus);
}

static void test_core_pmus(void **state)
{
    struct lb_core_pmu pmus[LB_CORE_PMUS];
    struct machine m;

    (void)state;
    assert_int_equal(lb_core_pmus("/nowhere", pmus), 0);
    make_machine(&m);
    put_pmu(&m, "software", "1\n", NULL);
    put_pmu(&m, "breakpoint", "5\n", NULL);
    put_pmu(&m, "uncore_imc_0", "20\n", "0\n");
    put_pmu(&m, "arm_cmn_0", "21\n", NULL);
    put_pmu(&m, "cpu_bad", "many\n", NULL);
    assert_int_equal(core_pmus(&m, pmus), 0); /* as in virtual machines */
    assert_null(lb_core_pmu_of(pmus, 0, 0));
    put_pmu(&m, "cpu", "4\n", NULL);
    assert_int_equal(core_pmus(&m, pmus), 1);
    assert_string_equal(pmus[0].name, "cpu");
    assert_int_equal(pmus[0].type, 4);
    assert_string_equal(pmus[0].cpus, "");
    assert_ptr_equal(lb_core_pmu_of(pmus, 1, 1000), &pmus[0]);
    put_pmu(&m, "armv8_pmuv3_1", "9\n", "4-7\n");
    put_pmu(&m, "armv8_pmuv3_0", "8\n", "0-3\n");
    put_pmu(&m, "cpum_cf", "10\n", NULL);
    put_pmu(&m, "apple_icestorm_pmu", "11\n", "0-3\n");
    assert_int_equal(core_pmus(&m, pmus), LB_CORE_PMUS);
    assert_string_equal(pmus[0].name, "apple_icestorm_pmu"); /* in order, whatever the folder's */
    assert_string_equal(pmus[1].name, "armv8_pmuv3_0");
    assert_string_equal(pmus[2].name, "armv8_pmuv3_1");
    assert_string_equal(pmus[3].name, "cpu");
    assert_int_equal(pmus[2].type, 9);
    assert_string_equal(pmus[2].cpus, "4-7");
    remove_all(m.root);
}

static void test_hybrid(void **state)
{
    struct lb_core_pmu pmus[LB_CORE_PMUS];
    char list[600] = "0";
    struct machine m;

    (void)state;
    make_machine(&m);
    put_pmu(&m, "cpu_core", "4\n", "0-11,20\n");
    put_pmu(&m, "cpu_atom", "10\n", "12-19\n");
    assert_int_equal(core_pmus(&m, pmus), 2);
    assert_string_equal(pmus[0].name, "cpu_atom");
    assert_int_equal(lb_core_pmu_of(pmus, 2, 0)->type, 4);
    assert_int_equal(lb_core_pmu_of(pmus, 2, 11)->type, 4);
    assert_int_equal(lb_core_pmu_of(pmus, 2, 12)->type, 10);
    assert_int_equal(lb_core_pmu_of(pmus, 2, 19)->type, 10);
    assert_int_equal(lb_core_pmu_of(pmus, 2, 20)->type, 4);
    assert_null(lb_core_pmu_of(pmus, 2, 21));
    remove_all(m.root);
    make_machine(&m);
    for (int i = 1; i <= 100; i++) /* 255 characters end within 154 */
        snprintf(list + strlen(list), sizeof list - strlen(list), ",%d", 2 * i + 100);
    put_pmu(&m, "cpu_core", "4\n", list);
    assert_int_equal(core_pmus(&m, pmus), 1);
    assert_non_null(lb_core_pmu_of(pmus, 1, 102));
    assert_null(lb_core_pmu_of(pmus, 1, 1));
    assert_null(lb_core_pmu_of(pmus, 1, 2));
    assert_int_not_equal(pmus[0].cpus[strlen(pmus[0].cpus) - 1], ',');
    const char *last = strrchr(pmus[0].cpus, ',');
    assert_true(!strncmp(strstr(list, last), last, strlen(last)) &&
                strchr(",", strstr(list, last)[strlen(last)]));
    remove_all(m.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_attr),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_group_counts_zero),
        cmocka_unit_test(test_one_fails),
        cmocka_unit_test(test_all_fail),
        cmocka_unit_test(test_does_not_fit),
        cmocka_unit_test(test_no_id),
        cmocka_unit_test(test_bad_readings),
        cmocka_unit_test(test_recovers),
        cmocka_unit_test(test_running),
        cmocka_unit_test(test_reads_nothing),
        cmocka_unit_test(test_core_pmus),
        cmocka_unit_test(test_hybrid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
