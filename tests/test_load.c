/* SPDX-License-Identifier: MIT
 *
 * load: the kernel's accounts of a folder, and of this machine as far as it can be known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linebounce/load.h>

#include "support/folder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TICK (1.0 / (double)sysconf(_SC_CLK_TCK))

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-9))
        fail_msg("%.12g instead of %.12g", value, expected);
}

/* Idle and iowait are no work, guests are counted within user; the other CPU's line is not read. */
static void test_accounts_of_the_cpus_used(void **state)
{
    static const int pus[] = {1, 3};
    struct lb_load_mark m;

    (void)state;
    write_text(place_in_folder("/proc/stat"), "cpu  3 9 9 9 9 9 9 9 9 9\n"
                                              "cpu0 1000 0 0 0 0 0 0 1000 0 0\n"
                                              "cpu1 100 20 30 5000 700 4 6 8 90 0\n"
                                              "cpu3 1 2 3 9999 9999 4 5 6 0 0\n"
                                              "cpu11 7777 0 0 0 0 0 0 7777 0 0\n"
                                              "intr 5 0 0\nprocs_running 7\nprocs_blocked 2\n");
    lb_load_read(folder, pus, 2, &m);
    assert_int_equal(m.n_pus, 2);
    assert_near(m.busy_s, (160 + 15) * TICK);
    assert_near(m.stolen_s, 14 * TICK);
    assert_near(m.runnable, 7);
    assert_true(m.own_s > 0 && m.wall_s > 0);
}

static void test_what_is_not_said_is_unknown(void **state)
{
    static const int pus[] = {0, 5};
    struct lb_load_mark m, later;
    struct lb_load l;

    (void)state;
    write_text(place_in_folder("/proc/stat"), "cpu0 1 1 1 1 1 1 1 1 0 0\n");
    lb_load_read(folder, pus, 2, &m);
    assert_true(isnan(m.busy_s) && isnan(m.stolen_s) && isnan(m.runnable));
    lb_load_read("/nowhere", pus, 2, &later);
    assert_true(isnan(later.busy_s));
    later.wall_s = m.wall_s + 10;
    lb_load_between(&m, &later, 1, &l);
    assert_true(isnan(l.others_share) && isnan(l.stolen_share) && isnan(l.runnable));
    assert_false(lb_load_matters(&l));
}

static void test_shares(void **state)
{
    struct lb_load_mark from = {2, 100, 50, 1, 3, 5}, to = {2, 110, 66, 2, 10, 9};
    struct lb_load l;

    (void)state;
    /* 20 s of CPUs: 16 at work, 7 of them own, 1 stolen. */
    lb_load_between(&from, &to, 1, &l);
    assert_near(l.wall_s, 10);
    assert_near(l.others_share, 9.0 / 20);
    assert_near(l.stolen_share, 1.0 / 20);
    assert_near(l.runnable, 4);
    assert_true(lb_load_matters(&l));
    /* Accounts in ticks may say less than the process has used: that is nothing, not less. */
    to.busy_s = 56;
    to.stolen_s = 1;
    lb_load_between(&from, &to, 6, &l);
    assert_near(l.others_share, 0);
    assert_near(l.runnable, 0);
    assert_false(lb_load_matters(&l));
    /* All of it others', over a span that is no more than some ticks. */
    to.busy_s = 60;
    to.wall_s = from.wall_s + LB_LOAD_LEAST_S / 2;
    lb_load_between(&from, &to, 1, &l);
    assert_near(l.others_share, 1);
    assert_false(lb_load_matters(&l));
}

static void test_this_machine(void **state)
{
    static const int pus[] = {0};
    struct lb_load_mark m;

    (void)state;
    lb_load_read("", pus, 1, &m);
    assert_true(isfinite(m.busy_s) && m.busy_s > 0);
    assert_true(m.runnable >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accounts_of_the_cpus_used),
        cmocka_unit_test(test_what_is_not_said_is_unknown),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_this_machine),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
