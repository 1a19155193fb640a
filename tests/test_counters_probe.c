/* SPDX-License-Identifier: MIT
 *
 * What of counting there is, as the probe says it for machines that are made up.
 */
#include <linebounce/counters.h>

#include "support/fake_kernel.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Probe -------------------------------------------------------------------------------------- */

/* A kernel whose counters count by themselves. */
static void start_counting(void)
{
    start_fake();
    fake.step_ns = 1000;
    fake.step_pmu = 900;
    fake.step_watch = 3; /* stores of the probe to each word */
    fake.step_software = 1000;
    fake.watch_slots = 4;
}

static void probe(const char *paranoid, const char *hypervisor, struct lb_counter_report *report)
{
    struct machine m;

    make_machine(&m);
    if (paranoid)
        put(&m, "proc/sys/kernel/perf_event_paranoid", paranoid);
    lb_counters_probe(&fake_calls, m.root, hypervisor, report);
    remove_all(m.root);
    assert_int_equal(still_open(), 0);
    assert_int_equal(fake.maps, 0);
    assert_true(report->sentence[0]);
    assert_null(strchr(report->sentence, '\n'));
    /* Neither was cut. */
    assert_true(strlen(report->sentence) < sizeof report->sentence - 1);
    assert_true(strlen(report->remedy) < sizeof report->remedy - 1);
}

static void check_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void test_probe_present(void **state)
{
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.pmu_slots = 6;
    probe("1\n", "none", &r);
    assert_int_equal(r.state, LB_PMU_PRESENT);
    assert_int_equal(r.error, 0);
    assert_int_equal(r.paranoid, 1);
    assert_int_equal(r.at_once, 6); /* the seventh does not open */
    assert_int_equal(r.breakpoints, 4);
    assert_int_equal(r.breakpoint_error, 0);
    assert_true(r.software && r.kernel && !r.rdpmc);
    assert_string_equal(r.sentence, "hardware counters: 6 count at once, user space and kernel");
    assert_string_equal(r.remedy, "");
    start_counting();
    fake.kernel_error = EACCES;
    fake.pmu_slots = 6;
    fake.pinned_slots = 5; /* six open, but the watchdog has one */
    probe("2\n", "kvm", &r);
    assert_int_equal(r.state, LB_PMU_PRESENT);
    assert_int_equal(r.at_once, 5);
    assert_false(r.kernel);
    assert_string_equal(r.sentence, "hardware counters: 5 count at once, user space alone");
    start_counting();
    probe("2\n", "", &r);
    assert_int_equal(r.at_once, LB_GROUP_MOST);
    check_says(r.sentence, ">= 8 count at once");
    start_counting();
    fake.opens_most = 1;
    probe("2\n", "", &r);
    assert_int_equal(r.state, LB_PMU_PRESENT);
    assert_int_equal(r.at_once, 1);
    assert_int_equal(r.error, 0); /* that of one counter */
    assert_int_equal(r.breakpoint_error, EMFILE);
}

static void test_probe_taken(void **state)
{
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.read_end = READ_NOTHING;
    probe("2\n", "none", &r);
    assert_int_equal(r.state, LB_PMU_PRESENT);
    assert_int_equal(r.at_once, 0);
    assert_int_equal(r.breakpoints, 0);
    assert_int_equal(r.breakpoint_error, EIO); /* armed, but not counted */
    assert_false(r.software);
    check_says(r.sentence, "all are taken");
    check_says(r.remedy, "sudo sysctl kernel.nmi_watchdog=0");
    start_counting();
    fake.step_watch = 2; /* one store was not seen */
    probe("2\n", "none", &r);
    assert_int_equal(r.breakpoints, 0);
    assert_int_equal(r.breakpoint_error, EIO);
}

static void test_probe_counts_nothing(void **state)
{
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.step_pmu = 0;
    probe("2\n", "kvm", &r);
    assert_int_equal(r.state, LB_PMU_ABSENT);
    assert_int_equal(r.at_once, 0);
    assert_string_equal(
        r.sentence,
        "no hardware counters: this is a virtual machine (kvm) whose PMU counts nothing");
    start_counting();
    fake.step_pmu = 0;
    probe("2\n", "none", &r);
    assert_int_equal(r.state, LB_PMU_ABSENT);
    check_says(r.sentence, "cycles can be opened, but read 0");
}

static void test_probe_absent(void **state)
{
    static const int errors[] = {ENOENT, EOPNOTSUPP, ENODEV, ENXIO, EINVAL};
    struct lb_counter_report r;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(errors); i++) {
        start_counting();
        fake.rules[fake.n_rules++] =
            (struct fake_rule){PERF_COUNT_HW_CPU_CYCLES, errors[i], errors[i]};
        probe("2\n", "kvm", &r);
        assert_int_equal(r.state, LB_PMU_ABSENT);
        assert_int_equal(r.error, errors[i]);
        assert_int_equal(r.at_once, 0);
        assert_int_equal(r.breakpoints, 4);
        assert_true(r.software);
        assert_string_equal(r.sentence,
                            "no hardware counters: this is a virtual machine (kvm) without a PMU");
        check_says(r.remedy, "KVM: -cpu host,pmu=on; cloud: a metal or whole-socket instance");
        check_says(r.remedy, "until then use timed latency");
#if defined(__x86_64__)
        check_says(r.remedy, "and bp: events");
#endif
    }
    for (int empty = 0; empty < 2; empty++) {
        start_counting();
        fake.open_error = ENOENT;
        probe("2\n", empty ? "" : "none", &r);
        assert_int_equal(r.state, LB_PMU_ABSENT);
        assert_int_equal(r.breakpoints, 0);
        assert_int_equal(r.breakpoint_error, ENOENT);
        assert_false(r.software || r.kernel);
        assert_null(strstr(r.sentence, "virtual"));
        check_says(r.remedy, "kernel's log");
        assert_null(strstr(r.remedy, "bp:"));
    }
}

static void test_probe_refused(void **state)
{
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.open_error = EACCES;
    probe("3\n", "kvm", &r);
    assert_int_equal(r.state, LB_PMU_REFUSED);
    assert_int_equal(r.error, EACCES);
    assert_int_equal(r.breakpoint_error, EACCES);
    check_says(r.sentence, "perf_event_paranoid is 3: counting needs CAP_SYS_ADMIN");
    assert_null(strstr(r.sentence, "no hardware counters"));
    assert_string_equal(r.remedy, "sudo sysctl kernel.perf_event_paranoid=2");
    start_counting();
    fake.open_error = EPERM;
    probe("4\n", "", &r);
    assert_int_equal(r.state, LB_PMU_REFUSED);
    check_says(r.sentence, "perf_event_paranoid is 4");
    check_says(r.remedy, "sudo sysctl kernel.perf_event_paranoid=2; in a container also docker");
    start_counting();
    fake.open_error = EACCES;
    probe("2\n", "", &r);
    assert_int_equal(r.state, LB_PMU_REFUSED);
    check_says(r.sentence, "not by perf_event_paranoid");
    assert_null(strstr(r.remedy, "sysctl"));
    start_counting();
    fake.open_error = EMFILE;
    probe("2\n", "", &r);
    assert_int_equal(r.state, LB_PMU_REFUSED);
    check_says(r.sentence, strerror(EMFILE));
    check_says(r.remedy, "ulimit -n");
}

static void test_probe_seccomp(void **state)
{
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.open_error = EPERM;
    probe("2\n", "", &r);
    assert_int_equal(r.state, LB_PMU_SECCOMP);
    check_says(r.sentence, "refused (EPERM) by a filter");
    check_says(r.remedy, "--cap-add PERFMON");
    start_counting();
    fake.open_error = ENOSYS;
    probe("-1\n", "", &r);
    assert_int_equal(r.state, LB_PMU_SECCOMP);
    assert_int_equal(r.paranoid, -1);
    check_says(r.sentence, "hidden (ENOSYS) by a filter");
    check_says(r.remedy, "profile that allows perf_event_open");
    start_counting();
    fake.open_error = ENOSYS;
    probe(NULL, "", &r);
    assert_int_equal(r.state, LB_PMU_SECCOMP);
    assert_int_equal(r.paranoid, LB_PARANOID_NONE);
    check_says(r.sentence, "without CONFIG_PERF_EVENTS");
    check_says(r.remedy, "CONFIG_PERF_EVENTS");
}

static void test_probe_rdpmc(void **state)
{
    static struct perf_event_mmap_page pages[FAKE_EVENTS];
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.pages = pages;
    for (int readable = 0; readable < 2; readable++) {
        for (size_t i = 0; i < LB_COUNT(pages); i++) {
            pages[i] = make_page();
            pages[i].index = readable;
        }
        probe("2\n", "none", &r);
        assert_int_equal(r.rdpmc, readable);
    }
}

/* On hybrid machines cycles are asked of the PMU of the PU that runs. */
static void test_probe_hybrid(void **state)
{
    struct lb_counter_report r;
    struct machine m;

    (void)state;
    for (int hybrid = 0; hybrid < 2; hybrid++) {
        make_machine(&m);
        put_pmu(&m, "cpu_core", "4\n", "0-8191\n");
        if (hybrid)
            put_pmu(&m, "cpu_atom", "10\n", "10000\n");
        start_counting();
        lb_counters_probe(&fake_calls, m.root, "none", &r);
        remove_all(m.root);
        assert_int_equal(r.state, LB_PMU_PRESENT);
        assert_int_equal(fake.events[0].attr.type, PERF_TYPE_HARDWARE);
        assert_int_equal(fake.events[0].attr.config,
                         PERF_COUNT_HW_CPU_CYCLES | (hybrid ? 4ull << PERF_PMU_TYPE_SHIFT : 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe_present),        cmocka_unit_test(test_probe_taken),
        cmocka_unit_test(test_probe_counts_nothing), cmocka_unit_test(test_probe_absent),
        cmocka_unit_test(test_probe_refused),        cmocka_unit_test(test_probe_seccomp),
        cmocka_unit_test(test_probe_rdpmc),          cmocka_unit_test(test_probe_hybrid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
