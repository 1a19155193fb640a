/* SPDX-License-Identifier: MIT
 *
 * plot_windows: windows in order of time, as the script gets them and draws them.
 */
#include "support/dat_fixture.h"

#include <stdio.h>

static const char header[] =
    "schema_version,scenario,layout,window,start_ns,status,work_ns,ns_op,pingpong_before_ns,late";

static void write_rows(const char *const *rows)
{
    dat_write("samples.csv", header, "3,", rows);
}

/* Two roles of one window, names that no table has, a spoiled window without a number, an armed one
 * with numbers that mean nothing, rows without a start or a number. The order was drawn: scenarios
 * of the program stand before others. */
static const char *const run[] = {
    "my-own,mine,0,1000000000,ok,200,250,80;300;;90,",
    "my-own,mine,0,1000000000,ok,200,260,80;300;;90,",
    "empty,,1,2000000000,ok,200,210,,",
    "load,apart-8,2,3000000000,ok,0,4.5,85,",
    "anchor,,3,3500000000,ok,,7,85,",
    "my-own,mine,4,4000000000,spoiled,200,,,",
    "load,apart-8,5,5000000000,spoiled,0,99,700,",
    "load,apart-8,6,6000000000,armed,0,77777,88888,",
    "load,apart-8,7,,ok,0,66666,88888,",
    "silent,mine,8,7000000000,ok,200,,81,",
    NULL,
};

static void test_windows(void **state)
{
    (void)state;
    write_rows(run);
    DAT_SAYS(
        "windows",
        "\"windows\"|\"Every window of the run\"|3|3|7|\"s since the start of the run\"|3|8|2|"
        "\"7 windows shown, of which 2 spoiled\"\n\n\n"
        "1|\"load\"\n2|\"my-own\"\n3|\"no layout\"\n\n\n"
        "1|\"work between ops\"|\"ns/op\"|210|260|0\n"
        "2|\"work 0 (saturated throughput), anchors, controls\"|\"ns/op\"|4.5|99|0\n"
        "3|\"ping-pong just before the window, slowest pair\"|\"round trip, ns\"|81|700|1\n\n\n"
        "1|2|0|1|250\n1|2|0|1|260\n1|3|0|2|210\n1|2|1|4|NaN\n"
        "2|1|0|3|4.5\n2|3|0|3.5|7\n2|1|1|5|99\n"
        "3|2|0|1|300\n3|2|0|1|300\n3|1|0|3|85\n3|3|0|3.5|85\n3|2|1|4|NaN\n3|1|1|5|700\n"
        "3|0|0|7|81\n\n\n");
    DAT_SAYS_NOT("windows", "77777", "66666", "88888", "silent");
}

/* A panel without a number is none; what has run for hours is shown in minutes. */
static void test_hours(void **state)
{
    (void)state;
    write_rows(DAT_ROWS("s,l,0,60000000000,ok,200,250,,", "s,l,1,7230000000000,ok,200,240,,",
                        "s,l,2,7231000000000,spoiled,0,,,"));
    DAT_SAYS(
        "windows", "|1|1|120.516667|\"min since the start of the run\"|0|3|1|",
        "\n1|\"work between ops\"|\"ns/op\"|240|250|0\n\n\n1|1|0|1|250\n1|1|0|120.5|240\n\n\n");
}

/* Every n-th good row, but every spoiled one. */
static void test_many_rows(void **state)
{
    char path[600];

    (void)state;
    snprintf(path, sizeof path, "%s/samples.csv", dat_folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s\n", header);
    for (int i = 0; i < 20001; i++)
        fprintf(file, "3,s,l,%d,%d000000,%s,200,%d,,\n", i, i, i % 1000 == 1 ? "spoiled" : "ok",
                1000 + i);
    assert_int_equal(fclose(file), 0);
    /* 6661 good ones and all that are spoiled. */
    DAT_SAYS("windows", "\"6681 windows shown (1 good row of 3), of which 20 spoiled\"",
             "\n1|1|0|0|1000\n1|1|1|0.001|1001\n1|1|0|0.003|1003\n");
}

static void test_reasons(void **state)
{
    (void)state;
    write_rows(DAT_ROWS("s,l,0,1000,armed,200,250,,", "s,l,0,,ok,200,250,,"));
    DAT_SAYS("windows", "\n0|\"windows: no timed row with a start in samples.csv\"\n");
    write_rows(DAT_ROWS("s,l,0,1000,ok,200,,,"));
    DAT_SAYS("windows", "\n0|\"windows: no numbers to draw in samples.csv\"\n");
}

static void test_drawn(void **state)
{
    (void)state;
    dat_need_gnuplot();
    write_rows(run);
    dat_by_hand("windows", 2, "linebounce plot ");
    dat_draw_one("windows", 0, "");
    DAT_SHOWS("windows", ">my-own<", ">load<", ">no layout<", ">spoiled<", ">work between ops<",
              ">ping-pong just before the window, slowest pair<", ">round trip, ns (log)<",
              "7 windows shown, of which 2 spoiled", ">s since the start of the run<");
    DAT_SHOWS_NOT("windows", "nan", "NaN", "silent");
    write_rows(DAT_ROWS("s,l,0,1000,ok,200,,,"));
    dat_draw_one("windows", 3, "windows: no numbers to draw");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAT_TEST(test_windows), DAT_TEST(test_hours), DAT_TEST(test_many_rows),
        DAT_TEST(test_reasons), DAT_TEST(test_drawn),
    };
    return cmocka_run_group_tests_name("plot_windows", tests, NULL, NULL);
}
