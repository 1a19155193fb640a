/* SPDX-License-Identifier: MIT
 *
 * Pictures of roles that begin their ops by the clock: what has no net stands with its own time,
 * and the rate is the one that was counted.
 */
#include "support/dat_fixture.h"

static const char header[] =
    "schema_version,scenario,role,writers,every_ns,layout,lock,placement,distance,home,threads,"
    "work_ns,windows,windows_other_regime,ns_op_median,ns_op_ci95_lo,ns_op_ci95_hi,net_ns_op_hl,"
    "ops_per_s_median,late_ns_op_median";

#define ROW(role, layout, threads, ns, net, rate, late)                                            \
    "mixed," role ",1,20000," layout ",x,p" threads ",l3,local," threads ",200,9,0," ns ",,," net  \
    "," rate "," late

static const char *const rows[] = {
    ROW("reader", "mine", "2", "250", "50", "4000000", ""),
    ROW("writer", "mine", "2", "125", "", "50000", "12"),
    ROW("reader", "mine", "4", "300", "100", "10000000", ""),
    ROW("writer", "mine", "4", "160", "", "49000", "14"),
    NULL,
};

static void test_layouts_show_them(void **state)
{
    (void)state;
    dat_write("summary.csv", header, "3,", rows);
    DAT_SAYS("layouts", "\"mixed: reader (1 writer), an op every 20000 ns\"|NaN|50|50",
             "\"mixed: writer (1 writer), an op every 20000 ns\"|NaN|125|125", "1|1|8|50|50|50\n",
             "2|1|8|125|125|125\n");
    DAT_SAYS_NOT("layouts", "|250|250");
}

/* Not the threads over the time of an op: most of the time a writer waits. */
static void test_threads_show_their_rate(void **state)
{
    (void)state;
    dat_write("summary.csv", header, "3,", rows);
    DAT_SAYS("threads", "|2|125|125|125|0.05|0.05|0.05\n", "|4|160|160|160|0.049|0.049|0.049\n",
             "|2|250|250|250|8|8|8\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAT_TEST(test_layouts_show_them),
        DAT_TEST(test_threads_show_their_rate),
    };
    return cmocka_run_group_tests_name("plot_paced", tests, NULL, NULL);
}
