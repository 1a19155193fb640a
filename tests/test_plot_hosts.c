/* SPDX-License-Identifier: MIT
 *
 * plot_hosts: several hosts in one picture, as the script gets them and draws them.
 */
#include "support/dat_fixture.h"

#include "report/plot_private.h"

#include <stdio.h>

static const char header[] =
    "schema_version,scenario,role,layout,lock,placement,distance,home,threads,work_ns,windows,"
    "windows_other_regime,net_ns_op_hl,net_ns_op_ci95_lo,net_ns_op_ci95_hi";

static void write_host(const char *name, const char *const *rows)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s", dat_folder, name);
    assert_int_equal(lb_make_folders(path, NULL), 0);
    snprintf(path, sizeof path, "%s/summary.csv", name);
    dat_write(path, header, "3,", rows);
}

/* Of the hosts a and b, into plots/. */
static void write_data(void)
{
    static const char *const names[] = {"alpha", "beta's"};
    char paths[2][600], plots[600];
    const char *dirs[] = {paths[0], paths[1]};
    struct lb_why why = {""};

    snprintf(paths[0], sizeof paths[0], "%s/a", dat_folder);
    snprintf(paths[1], sizeof paths[1], "%s/b", dat_folder);
    snprintf(plots, sizeof plots, "%s/plots", dat_folder);
    assert_int_equal(lb_make_folders(plots, NULL), 0);
    if (lb_plot_data_of(dirs, names, 2, "hosts", plots, &why))
        fail_msg("%s", why.text);
}

/* Each has its nearest pair; left out are farther ones, more threads, memory elsewhere, what was
 * seen elsewhere mostly, and what has no net cost. */
static void write_hosts(void)
{
    write_host("a", DAT_ROWS("own,all,pointer,x,remote,remote,local,2,200,9,0,77,,",
                             "own,all,pointer,x,l3,l3,local,2,200,9,0,40,35,50",
                             "own,all,mine,x,l3,l3,local,2,200,9,0,-2,-3,",
                             "own,all,mine,x,l3,l3,local,2,0,9,0,9,,",
                             "own,all,other,x,l3,l3,local,2,200,3,7,77,,",
                             "own,all,other,x,l3,l3,remote,2,200,9,0,77,,",
                             "own,all,other,x,l3,l3,local,2,200,9,0,,,",
                             "own,all,other,x,smt,smt,local,2,200,9,0,,,",
                             "own,all,other,x,compact-4,l3,local,4,200,9,0,77,,"));
    write_host("b", DAT_ROWS("more,all,mine,y,remote,remote,,2,200,9,0,30,20,60",
                             "own,all,mine,y,remote,remote,,2,200,9,0,20,,"));
}

static void test_hosts(void **state)
{
    (void)state;
    write_hosts();
    write_data();
    dat_file_says(
        "plots/hosts.dat",
        DAT_ROWS("\n2|\"",
                 "\"hosts\"|\"Net cost of an op on 2 hosts, work 200 ns\"|2|3|2|\"Each host's "
                 "nearest pair of CPUs. Bars: 95 % intervals\"\n\n\n"
                 "1|\"pointer\"\n2|\"mine, x\"\n3|\"mine, y\"\n\n\n"
                 "1|\"own\"|-3|50\n2|\"more\"|0|60\n\n\n"
                 "1|1|1|40|35|50\n1|2|1|-2|-3|-2\n1|3|2|20|20|20\n2|3|2|30|20|60\n\n\n"
                 "1|\"alpha\"\n2|\"beta's\"\n\n\n",
                 "\"hosts-saturated\"|"));
}

static void test_reasons(void **state)
{
    (void)state;
    write_host("a", DAT_ROWS("own,all,pointer,x,compact-1,none,local,1,200,9,0,40,35,50"));
    write_host("b", DAT_ROWS("empty,all,,,l3,l3,local,2,200,9,0,40,35,50",
                             "own,all,mine,x,l3,l3,remote,2,200,9,0,40,35,50"));
    write_data();
    dat_file_says("plots/hosts.dat",
                  DAT_ROWS("\n0|\"hosts: no host has a pair of threads with net costs in "
                           "summary.csv\"\n"));
    write_host("b", DAT_ROWS("own,all,mine,x,l3,l3,local,2,200,9,0,,,"));
    write_data();
    dat_file_says("plots/hosts.dat",
                  DAT_ROWS("\n0|\"hosts: no host has a pair of threads with net costs in "
                           "summary.csv\"\n"));
}

static void test_drawn(void **state)
{
    (void)state;
    dat_need_gnuplot();
    dat_by_hand("hosts", 2, "linebounce plot ");
    write_hosts();
    write_data();
    dat_by_hand("hosts", 0, "");
    DAT_SHOWS("hosts", ">own<", ">more<", ">pointer<", ">mine, y<", ">alpha<", ">net ns/op<",
              ">Net cost of an op on 2 hosts, work 200 ns<", "nearest pair of CPUs");
    DAT_SHOWS("hosts-saturated", ">mine<");
    DAT_SHOWS_NOT("hosts", "nan", "NaN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAT_TEST(test_hosts),
        DAT_TEST(test_reasons),
        DAT_TEST(test_drawn),
    };
    return cmocka_run_group_tests_name("plot_hosts", tests, NULL, NULL);
}
