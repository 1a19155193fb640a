/* SPDX-License-Identifier: MIT
 *
 * plot_places: ratios and fairness at every placement, as the scripts get them and draw them.
 */
#include "support/dat_fixture.h"

#include <stdio.h>

static const char header[] =
    "schema_version,scenario,role,layout,lock,placement,distance,home,threads,work_ns,regime,"
    "windows,windows_other_regime,min_over_max_median,ratio,ratio_ci95_lo,ratio_ci95_hi";

static void write_rows(const char *const *rows)
{
    dat_write("summary.csv", header, "3,same-object,all,", rows);
}

/* The far one comes first in the file; the baseline has no ratio; one interval has no ends. */
static const char *const two_places[] = {
    "pointer,rwsem40,scatter-4,remote,local,4,200,0,9,0,0.4,,,",
    "mine,rwsem40,scatter-4,remote,local,4,200,0,9,0,0.45,0.25,0.2,0.3",
    "mine~,rwsem40,smt,smt,local,2,200,0,9,0,0.9,0.75,,",
    "mine,rwsem40,smt,smt,local,2,200,0,9,0,0.95,0.5,0.45,0.625",
    "mine,rwsem40,smt,smt,remote,2,200,0,9,0,0.8,0.875,0.75,1.125",
    NULL,
};

static void test_ratio(void **state)
{
    (void)state;
    write_rows(two_places);
    DAT_SAYS("ratio",
             "\"ratio\"|\"ns/op over that of the baseline, work 200 ns\"|1|2|3|1|\"ratio\"|"
             "\"Bars: 95 % intervals\"\n\n\n1|\"mine\"\n2|\"mine~\"\n\n\n"
             "1|\"same-object\"|0.2|1.125\n\n\n"
             "1|1|1|0.5|0.45|0.625\n1|1|2|0.25|0.2|0.3\n1|1|3|0.875|0.75|1.125\n"
             "1|2|1|0.75|0.75|0.75\n\n\n"
             "1|\"smt 2t\"\n2|\"scatter-4 4t\"\n3|\"smt,remote 2t\"\n\n\n");
}

static void test_fairness(void **state)
{
    (void)state;
    write_rows(two_places);
    DAT_SAYS("fairness",
             "\"fairness\"|\"Fewest over most ops of a thread, work 200 ns\"|1|3|3|0.5|",
             "\n1|\"pointer\"\n2|\"mine\"\n3|\"mine~\"\n\n\n1|\"same-object\"|0.4|0.95\n\n\n"
             "1|1|2|0.4|0.4|0.4\n1|2|1|0.95|0.95|0.95\n");
}

/* One regime speaks for a case: that with most windows. */
static void test_regimes(void **state)
{
    (void)state;
    write_rows(DAT_ROWS("mine,rwsem40,smt,smt,local,2,0,0,3,7,0.9,0.5,,",
                        "mine,rwsem40,smt,smt,local,2,0,1,7,3,0.8,0.75,,",
                        "mine,rwsem40,l3,l3,local,2,0,0,9,,0.7,0.625,,"));
    DAT_SAYS("ratio", "\n1|\"ratio: nothing", "\"ratio-saturated\"|", "1|1|1|0.75|0.75|0.75\n",
             "1|1|2|0.625|0.625|0.625\n");
    DAT_SAYS_NOT("ratio", "|0.5|0.5");
}

static void test_every_work(void **state)
{
    (void)state;
    write_rows(DAT_ROWS("a,x,smt,smt,local,2,500,0,9,0,1,1,,", "a,x,l3,l3,local,2,500,0,9,0,1,1,,",
                        "a,x,smt,smt,local,2,90,0,9,0,1,1,,", "a,x,l3,l3,local,2,90,0,9,0,1,1,,",
                        "a,x,smt,smt,local,2,0,0,9,0,1,1,,", "a,x,l3,l3,local,2,,0,9,0,1,1,,"));
    DAT_SAYS("ratio", "\n2|\"", "\"ratio\"|\"ns/op over that of the baseline, work 90 ns\"|",
             "\"ratio-work500\"|");
    DAT_SAYS_NOT("ratio", "saturated");
}

/* The nearest of them, and the picture says so. */
static void test_many_places(void **state)
{
    char rows[70][64];
    const char *list[71] = {NULL};

    (void)state;
    for (int i = 0; i < 70; i++) {
        snprintf(rows[i], sizeof rows[i], "a,x,compact-%d,l3,local,%d,0,0,9,0,1,1,,", 80 - i,
                 80 - i);
        list[i] = rows[i];
    }
    write_rows(list);
    DAT_SAYS("ratio", "|64|1|\"ratio\"|\"Bars: 95 % intervals; the nearest 64 of 70 placements\"",
             "\n1|\"compact-11 11t\"\n", "\n64|\"compact-74 74t\"\n");
    DAT_SAYS_NOT("ratio", "compact-75");
}

static void test_reasons(void **state)
{
    (void)state;
    for (const char *const *kind = DAT_ROWS("ratio", "fairness"); *kind; kind++) {
        char reason[96];
        write_rows(DAT_ROWS(",,smt,smt,local,2,0,0,9,0,1,1,,"));
        snprintf(reason, sizeof reason, "\n0|\"%s: no rows of layouts in summary.csv\"\n", *kind);
        DAT_SAYS(*kind, reason);
        write_rows(DAT_ROWS("a,x,smt,smt,local,2,0,0,9,0,1,1,,"));
        snprintf(reason, sizeof reason, "\n0|\"%s: one placement in summary.csv\"\n", *kind);
        DAT_SAYS(*kind, reason);
        write_rows(DAT_ROWS("a,x,smt,smt,local,2,0,0,9,0,1,1,,", "a,x,l3,l3,local,2,0,0,9,0,,,,"));
        snprintf(reason, sizeof reason,
                 "\n0|\"%s: nothing measured at two placements in summary.csv\"\n", *kind);
        DAT_SAYS(*kind, reason);
    }
}

/* Out of plots/NAME.dat; where there is none, who writes it. */
static void test_drawn(void **state)
{
    (void)state;
    dat_need_gnuplot();
    for (const char *const *kind = DAT_ROWS("ratio", "fairness"); *kind; kind++) {
        write_rows(two_places);
        dat_by_hand(*kind, 2, "linebounce plot ");
        dat_draw_one(*kind, 0, "");
        DAT_SHOWS(*kind, ">same-object<", ">smt 2t<", ">mine~<", ">smt,remote 2t<");
        DAT_SHOWS_NOT(*kind, "nan", "NaN");
        write_rows(DAT_ROWS(",,smt,smt,local,2,0,0,9,0,1,1,,"));
        dat_draw_one(*kind, 3, "no rows of layouts");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAT_TEST(test_ratio),      DAT_TEST(test_fairness),    DAT_TEST(test_regimes),
        DAT_TEST(test_every_work), DAT_TEST(test_many_places), DAT_TEST(test_reasons),
        DAT_TEST(test_drawn),
    };
    return cmocka_run_group_tests_name("plot_places", tests, NULL, NULL);
}
