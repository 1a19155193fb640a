/* SPDX-License-Identifier: MIT
 *
 * What is said of a machine that spoils results, from made-up files of it and made-up facts; and
 * lists of CPUs.
 */
#include <linebounce/cpu_list.h>
#include <linebounce/doctor.h>

#include "support/folder.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_cpus(const int *pu_os, size_t n, size_t bytes, const char *expected)
{
    char text[128];

    assert_string_equal(lb_cpus_text(pu_os, n, text, bytes), expected);
}

static void test_cpus_as_ranges(void **state)
{
    static const int mixed[] = {9, 3, 0, 1, 2, 8, 3, -1, 64};
    int many[512];

    (void)state;
    for (int i = 0; i < 512; i++)
        many[i] = 511 - i;
    assert_cpus(mixed, 9, 128, "0-3,8,9,64");
    assert_cpus(many, 512, 128, "0-511");
    assert_cpus(NULL, 0, 128, "");
    for (int i = 0; i < 512; i++)
        many[i] = 2 * i;
    assert_cpus(many, 512, 16, "0,2,4,6,8,10...");
    assert_cpus(many, 512, 4, "...");
}

static void test_cpus_read_back(void **state)
{
    static const char *const wrong[] = {"3-1", "1,",  ",1",    "a",      "1-",
                                        "-1",  "1 2", "65536", "0-99999"};
    int *found;
    size_t n;

    (void)state;
    assert_int_equal(lb_cpus_parse("8,0-2,1", &found, &n), 0);
    assert_int_equal(n, 4);
    assert_int_equal(found[0] + 10 * found[1] + 100 * found[2] + 1000 * found[3], 8210);
    free(found);
    assert_int_equal(lb_cpus_parse("none", &found, &n), 0);
    assert_true(!n && !found);
    for (size_t i = 0; i < LB_COUNT(wrong); i++)
        assert_int_equal(lb_cpus_parse(wrong[i], &found, &n), -EINVAL);
}

/* Checks -------------------------------------------------------------------------------------- */

static struct lb_finding look(const struct lb_facts *facts, const char *name)
{
    struct lb_finding f = {0};

    for (size_t i = 0; i < lb_n_checks(); i++) {
        lb_check(i, facts, &f);
        if (!strcmp(f.check, name))
            return f;
    }
    fail_msg("no check is called %s", name);
    return f;
}

static void assert_found(const struct lb_facts *facts, const char *name, const char *sign,
                         const char *part)
{
    struct lb_finding f = look(facts, name);

    assert_string_equal(lb_check_sign(f.level), sign);
    if (!strstr(f.text, part))
        fail_msg("%s: \"%s\" does not say \"%s\"", name, f.text, part);
    if (f.level >= LB_CHECK_WARNS)
        assert_true(*f.remedy);
}

/* A machine on which nothing is amiss. */
static struct lb_facts fine(void)
{
    struct lb_facts f = {
        .environment = {.cpu_quota = "none",
                        .isolated = "none",
                        .governor = "performance",
                        .boost = "off",
                        .thp = "madvise",
                        .clocksource = "tsc",
                        .hypervisor = "none",
                        .perf_event_paranoid = 2},
        .n_pus = 2,
        .used = "0,1",
        .online = "0-7",
        .allowed = "0-7",
        .n_online = 8,
        .n_allowed = 8,
        .load = {1, 0.01, 0, 0},
        .siblings = {1, 0.01, 0, 0},
        .n_siblings = 2,
        .interrupts_per_s = 250,
        .pmu = true,
        .btf = true,
        .gnuplot = true,
        .probe = {true, 80, 90, 0.02, "gaps", 1, 40, ""},
    };

    return f;
}

static void test_nothing_amiss(void **state)
{
    struct lb_facts f = fine();
    struct lb_finding found;

    (void)state;
    for (size_t i = 0; i < lb_n_checks(); i++) {
        lb_check(i, &f, &found);
        if (found.level != LB_CHECK_OK)
            fail_msg("%s: %s %s", found.check, lb_check_sign(found.level), found.text);
        assert_true(*found.text && !*found.remedy);
    }
}

/* A machine that says nothing: nothing is guessed, and nothing spoils. */
static void test_nothing_known(void **state)
{
    struct lb_facts f = {
        .environment = {.perf_event_paranoid = LB_PARANOID_UNKNOWN},
        .n_pus = 2,
        .used = "0,1",
        .load = {0, NAN, NAN, NAN},
        .siblings = {0, NAN, NAN, NAN},
        .n_siblings = 1,
        .interrupts_per_s = NAN,
        .swapped_per_s = NAN,
        .swap_used_kib = NAN,
        .irqbalance = -1,
        .pmu = true,
        .btf = true,
        .gnuplot = true,
    };
    struct lb_finding found;

    (void)state;
    for (size_t i = 0; i < lb_n_checks(); i++) {
        lb_check(i, &f, &found);
        bool sure = !strcmp(found.check, "BTF") || !strcmp(found.check, "gnuplot");
        if (found.level != (sure ? LB_CHECK_OK : LB_CHECK_UNKNOWN))
            fail_msg("%s: %s %s", found.check, lb_check_sign(found.level), found.text);
    }
}

static void test_cpus(void **state)
{
    struct lb_facts f = fine();

    (void)state;
    f.n_allowed = 4;
    strcpy(f.allowed, "0-3");
    assert_found(&f, "CPUs", "!", "4 of 8 CPUs may be used (0-3)");
    strcpy(f.job, "77");
    assert_found(&f, "CPUs", "!", "Slurm job 77");
    f.n_pus = 1;
    strcpy(f.used, "0");
    assert_found(&f, "CPUs", "x", "one CPU (0) of the 4 that may be used (0-3)");
    f.n_allowed = 1;
    assert_found(&f, "CPUs", "x", "one CPU (0): no two threads");
    assert_non_null(strstr(look(&f, "CPUs").remedy, "allow a second CPU"));
    strcpy(f.environment.isolated, "4-7");
    strcpy(f.isolated_outside, "4-7");
    assert_found(&f, "isolation", "!", "CPUs 4-7 are isolated");
    assert_string_equal(look(&f, "isolation").remedy, "linebounce run --pus 4-7");
    assert_non_null(strstr(look(&f, "CPUs").remedy, "name the isolated ones"));
    f.isolated_outside[0] = '\0';
    assert_found(&f, "isolation", "ok", "isolated: 4-7");
}

static void test_what_others_take(void **state)
{
    struct lb_facts f = fine();

    (void)state;
    f.load.others_share = 0.4;
    f.load.runnable = 3;
    assert_found(&f, "load", "x", "40 % of the CPUs to be used; 3 run");
    f.load.others_share = NAN;
    assert_found(&f, "load", "x", "3 other tasks run or want to, and there are 2 CPUs");
    f.load.runnable = 1;
    assert_found(&f, "load", "?", "not known");
    f.load.stolen_share = 0.03;
    assert_found(&f, "steal", "x", "3 %");
    strcpy(f.environment.cpu_quota, "1.5");
    assert_found(&f, "CPU quota", "x", "1.5 CPUs' worth");
    strcpy(f.environment.cpu_quota, "2");
    assert_found(&f, "CPU quota", "ok", "below 2 CPUs");
    f.siblings.others_share = 0.5;
    assert_found(&f, "siblings", "x", "50 %");
    f.interrupts_per_s = LB_INTERRUPTS_WARN * 2;
    assert_found(&f, "interrupts", "!", "4000 interrupts a second, on CPU 0");
    f.interrupts_per_s = LB_INTERRUPTS_SPOIL * 2;
    assert_found(&f, "interrupts", "x", "40000");
    f.irqbalance = 1;
    assert_found(&f, "irqbalance", "!", "moves interrupts");
    f.swapped_per_s = 12;
    assert_found(&f, "swap", "x", "12 a second");
}

static void test_settings(void **state)
{
    struct lb_facts f = fine();

    (void)state;
    strcpy(f.environment.governor, "powersave;performance");
    assert_found(&f, "governor", "!", "powersave;performance");
    strcpy(f.environment.boost, "on");
    assert_found(&f, "boost", "!", "boost is on");
    strcpy(f.environment.thp, "never");
    assert_found(&f, "huge pages", "!", "no transparent huge pages");
    strcpy(f.environment.clocksource, "hpet");
    assert_found(&f, "clock", "!", "hpet");
    strcpy(f.environment.hypervisor, "KVM");
    assert_found(&f, "machine", "!", "KVM");
    f.environment.emulated = true;
    assert_found(&f, "machine", "x", "emulated");
    f.environment.perf_event_paranoid = 4;
    assert_found(&f, "counters", "!", "is 4");
    f.pmu = f.btf = f.gnuplot = false;
    assert_found(&f, "counters", "!", "no PMU");
    assert_found(&f, "BTF", "!", "/sys/kernel/btf/vmlinux");
    assert_found(&f, "gnuplot", "!", "no gnuplot");
}

static void test_probe(void **state)
{
    struct lb_facts f = fine();

    (void)state;
    f.probe.far_ns = 200;
    assert_found(&f, "round trips", "!", "80 or 200 ns");
    f.probe.spoiled_share = 0.2;
    assert_found(&f, "windows", "!", "20 % of the windows spoiled: gaps");
    f.probe.spoiled_share = 0.6;
    assert_found(&f, "windows", "x", "60 %");
    f.probe.controls_part = -1;
    assert_found(&f, "controls", "!", "did not show");
    f.probe.controls_part = 0;
    assert_found(&f, "controls", "x", "not seen to cost");
}

/* Reading ------------------------------------------------------------------------------------- */

static void put(const char *name, const char *text)
{
    write_text(place_in_folder(name), text);
}

static void put_counts(const char *stat, const char *interrupts, const char *swapped)
{
    put("/proc/stat", stat);
    put("/proc/interrupts", interrupts);
    put("/proc/vmstat", swapped);
}

static void put_machine(void)
{
    put("/sys/devices/system/cpu/online", "0-3\n");
    put("/sys/devices/system/cpu/isolated", "2-3\n");
    put("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0,2\n");
    put("/sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1,3\n");
    put("/proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-1\n");
    put("/proc/meminfo", "MemTotal: 9 kB\nSwapTotal:      4096 kB\nSwapFree:       1024 kB\n");
    put("/proc/12/comm", "init\n");
    put("/proc/34/comm", "irqbalance\n");
    put("/sys/bus/event_source/devices/cpu_core/type", "4\n");
    put("/sys/kernel/btf/vmlinux", "");
}

static void test_facts_are_read(void **state)
{
    static const int pus[] = {0, 1};
    struct lb_facts_mark *mark;
    struct lb_facts f;

    (void)state;
    put_machine();
    put_counts("cpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\ncpu2 0 0 0 0 0 0 0 0 0 0\n"
               "cpu3 0 0 0 0 0 0 0 0 0 0\nprocs_running 4\n",
               "      CPU0  CPU1  CPU2\n 1: 10 20 30 IO-APIC x\nLOC: 1 2 3 timer\nERR: 7\n",
               "pswpin 5\npswpout 6\n");
    assert_int_equal(lb_facts_begin(folder, pus, 2, &mark), 0);
    usleep((unsigned)(LB_LOAD_LEAST_S * 1.5e6));
    put_counts("cpu0 1000000 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\n"
               "cpu2 0 0 0 0 0 0 0 0 0 0\ncpu3 0 0 0 9 0 0 0 0 0 0\nprocs_running 1\n",
               "      CPU0  CPU1  CPU2\n 1: 10 20 30 IO-APIC x\nLOC: 1 999002 3 timer\nERR: 7\n",
               "pswpin 5\npswpout 1006\n");
    assert_int_equal(lb_facts_end(mark, &f), 0);
    assert_true(f.load.others_share > 0.9 && f.load.stolen_share == 0);
    assert_true(f.load.runnable == 3);
    assert_int_equal(f.n_siblings, 2);
    assert_true(f.siblings.others_share == 0);
    assert_int_equal(f.interrupts_pu_os, 1);
    assert_true(f.interrupts_per_s > 1000);
    assert_true(f.swapped_per_s > 1 && f.swap_used_kib == 3072);
    assert_int_equal(f.irqbalance, 1);
    assert_true(f.pmu && f.btf && !f.gnuplot);
    assert_string_equal(f.used, "0,1");
    assert_int_equal(f.n_online * 10 + f.n_allowed, 42);
    assert_string_equal(f.isolated_outside, "2,3");
    assert_false(f.probe.known);
}

/* Over less than ticks can tell, and of a machine without files. */
static void test_facts_that_are_not_there(void **state)
{
    static const int pus[] = {0};
    struct lb_facts_mark *mark;
    struct lb_facts f;

    (void)state;
    assert_int_equal(lb_facts_begin(in_folder("nowhere"), pus, 1, &mark), 0);
    assert_int_equal(lb_facts_end(mark, &f), 0);
    assert_true(isnan(f.load.others_share) && isnan(f.load.stolen_share));
    assert_true(isnan(f.interrupts_per_s) && isnan(f.swapped_per_s) && isnan(f.swap_used_kib));
    assert_int_equal(f.irqbalance, -1);
    assert_false(f.pmu || f.btf || f.gnuplot);
    assert_int_equal(f.n_siblings + f.n_online + f.n_allowed, 0);
}

static void test_facts_of_this_machine(void **state)
{
    static const int pus[] = {0};
    struct lb_facts_mark *mark;
    struct lb_facts f;

    (void)state;
    assert_int_equal(lb_facts_begin("", pus, 1, &mark), 0);
    usleep((unsigned)(LB_LOAD_LEAST_S * 1.5e6));
    assert_int_equal(lb_facts_end(mark, &f), 0);
    assert_true(f.n_allowed >= 1 && f.n_online >= f.n_allowed);
    assert_true(f.load.others_share >= 0 && f.irqbalance >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpus_as_ranges),
        cmocka_unit_test(test_cpus_read_back),
        cmocka_unit_test(test_nothing_amiss),
        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_what_others_take),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_probe),
        cmocka_unit_test_setup_teardown(test_facts_are_read, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_facts_that_are_not_there, make_folder, remove_folder),
        cmocka_unit_test(test_facts_of_this_machine),
    };

    return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
