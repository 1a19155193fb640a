/* SPDX-License-Identifier: MIT
 *
 * plot_heatmap: latencies between CPUs, as the script gets them and draws them.
 */
#include "support/dat_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static const char header[] =
    "schema_version,op,pu_a_os,pu_b_os,home,rounds_other_regime,one_way_ns_median,one_way_ns_max";

static void write_rows(const char *const *rows)
{
    dat_write("matrix.csv", header, "3,", rows);
}

/* Two homes are two cells; one home is both; what has no number leaves its CPU in the table. */
static const char *const pairs[] = {
    "load-store,10,2,b,1,124.25,125",    "load-store,10,2,a,0,112,113",
    "load-store,0,2,both,2,31.5,33",     "load-store,0,7,both,0,,",
    "compare-and-swap,0,2,both,0,47,48", NULL,
};

static void test_cells(void **state)
{
    (void)state;
    write_rows(pairs);
    DAT_SAYS("heatmap", "\n1|\"heatmap: ",
             "\"heatmap\"|\"One-way latency of a line: half a round trip\"|2|4|"
             "\"3 of the cells were seen at another distance too\"\n\n\n"
             "1|\"0\"\n2|\"2\"\n3|\"7\"\n4|\"10\"\n\n\n"
             "1|\"load-store\"|31.5|124.25\n2|\"compare-and-swap\"|47|47\n\n\n"
             "1|2|1|31.5|\"31.5\"\n1|1|2|31.5|\"31.5\"\n1|4|2|124.25|\"124\"\n"
             "1|2|4|112|\"112\"\n2|2|1|47|\"47\"\n2|1|2|47|\"47\"\n\n\n");
}

static void test_nothing_measured(void **state)
{
    (void)state;
    write_rows(DAT_ROWS("load-store,0,7,both,0,,"));
    DAT_SAYS("heatmap", "\n0|\"heatmap: no pair was measured in matrix.csv\"\n");
    write_rows(DAT_ROWS(NULL));
    DAT_SAYS("heatmap", "\n0|\"heatmap: no pair was measured in matrix.csv\"\n");
}

/* CPUs that are no numbers, and homes that nobody knows, have no cell. */
static void test_odd_cells(void **state)
{
    (void)state;
    write_rows(DAT_ROWS("load-store,0,1.5,both,0,9,", "load-store,,1,both,0,9,",
                        "load-store,-1,1,both,0,9,", "load-store,0,1e300,both,0,9,",
                        "load-store,0,3,elsewhere,0,9,", "\"a\tb\",4,5,both,0,9,"));
    DAT_SAYS("heatmap", "|1|2|\"\"\n\n\n1|\"4\"\n2|\"5\"\n\n\n1|\"a\\x09b\"|9|9\n");
}

static void test_drawn(void **state)
{
    (void)state;
    dat_need_gnuplot();
    write_rows(pairs);
    dat_by_hand("heatmap", 2, "linebounce plot ");
    dat_draw_one("heatmap", 0, "");
    DAT_SHOWS("heatmap", ">load-store<", ">compare-and-swap<", ">31.5<", ">112<", ">124<", ">47<",
              ">10<", ">one-way ns<", "3 of the cells were seen at another distance too");
    DAT_SHOWS_NOT("heatmap", "nan", "NaN");
    write_rows(DAT_ROWS("load-store,0,7,both,0,,"));
    dat_draw_one("heatmap", 3, "heatmap: no pair was measured");
}

/* Of more than 16 CPUs there are colours alone, of more than 32 not all their numbers. */
static void test_many_drawn(void **state)
{
    const char *rows[40] = {NULL};
    char *row;

    (void)state;
    dat_need_gnuplot();
    for (int i = 0; i < 39; i++) {
        assert_true(asprintf(&row, "load-store,%d,%d,both,0,%d.25,", i, i + 1, 100 + i) > 0);
        rows[i] = row;
    }
    write_rows(rows);
    for (int i = 0; i < 39; i++)
        free((char *)rows[i]);
    dat_draw_one("heatmap", 0, "");
    DAT_SHOWS("heatmap", ">0<", ">38<");
    DAT_SHOWS_NOT("heatmap", ">1<", ">101<");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAT_TEST(test_cells), DAT_TEST(test_nothing_measured), DAT_TEST(test_odd_cells),
        DAT_TEST(test_drawn), DAT_TEST(test_many_drawn),
    };
    return cmocka_run_group_tests_name("plot_heatmap", tests, NULL, NULL);
}
