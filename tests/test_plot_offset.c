/* SPDX-License-Identifier: MIT
 *
 * plot_offset: what an op costs by the offset of words and locks, as the script gets and draws it.
 */
#include "support/dat_fixture.h"

static const char header[] =
    "schema_version,scenario,role,layout,lock,placement,distance,threads,offset_bytes,work_ns,"
    "windows,windows_other_regime,ns_op_median,ns_op_ci95_lo,ns_op_ci95_hi";

static void write_rows(const char *const *rows)
{
    dat_write("summary.csv", header, "3,", rows);
}

/* Locks before words, saturated before paused, far before near; left out is what has no offset or
 * no number, or was seen elsewhere mostly. */
static const char *const scans[] = {
    "observer,lock,lock-at-48,rwsem40,l3,l3,2,48,0,9,0,60,59,61",
    "store,all,apart-128,,l3,l3,2,128,0,9,0,5,,",
    "store,all,apart-8,,l3,l3,2,8,0,9,0,90,80,100",
    "store,all,apart-64,,l3,l3,2,64,500,9,0,530,520,540",
    "store,all,apart-64,,l3,l3,2,64,200,9,0,230,,",
    "load,all,apart-16,,compact-4,l3,4,16,0,9,0,4,3,5",
    "load,all,apart-16,,smt,smt,2,16,0,9,0,1,,",
    "load,all,apart-16,,remote,remote,2,16,0,9,0,2,,",
    "load,all,apart-16,,remote,remote,2,16,0,2,7,777,,",
    "load,all,apart-32,,remote,remote,2,32,0,9,0,,,",
    "same-object,all,pointer,rwsem40,l3,l3,2,,0,9,0,666,,",
    NULL,
};

static void test_scans(void **state)
{
    (void)state;
    write_rows(scans);
    DAT_SAYS("offset",
             "\"offset\"|\"Cost of an op by distance\"|4|5|8|128|\"Bars: 95 % intervals. Lines: 64 "
             "and 128 bytes\"\n\n\n"
             "1|\"observer: lock\"\n2|\"store\"\n3|\"load, smt\"\n4|\"load, remote\"\n"
             "5|\"load, 4 threads\"\n\n\n"
             "1|\"two threads' words, work 200 ns\"|\"bytes apart\"|230|230\n"
             "2|\"two threads' words, work 500 ns\"|\"bytes apart\"|520|540\n"
             "3|\"two threads' words, saturated throughput (work 0)\"|\"bytes apart\"|1|100\n"
             "4|\"a lock in its object, saturated throughput (work 0)\"|"
             "\"offset of the lock, bytes\"|59|61\n\n\n"
             "1|2|64|230|230|230\n2|2|64|530|520|540\n"
             "3|2|8|90|80|100\n3|2|128|5|5|5\n3|3|16|1|1|1\n3|4|16|2|2|2\n3|5|16|4|3|5\n"
             "4|1|48|60|59|61\n\n\n");
    DAT_SAYS_NOT("offset", "777", "666", "NaN");
}

static void test_no_offset(void **state)
{
    (void)state;
    write_rows(DAT_ROWS("same-object,all,pointer,rwsem40,l3,l3,2,,0,9,0,666,,",
                        "store,all,apart-8,,l3,l3,2,8,0,9,0,,,"));
    DAT_SAYS("offset", "\n0|\"offset: no case with an offset in summary.csv\"\n");
}

static void test_drawn(void **state)
{
    (void)state;
    dat_need_gnuplot();
    write_rows(scans);
    dat_draw_one("offset", 0, "");
    DAT_SHOWS("offset", ">two threads' words, work 200 ns<", ">bytes apart<",
              ">a lock in its object, saturated throughput (work 0)<",
              ">offset of the lock, bytes<", ">load, 4 threads<", ">128<");
    /* The axis has room for both ends of the one interval. */
    DAT_SHOWS("offset", ">59<", ">61<");
    DAT_SHOWS_NOT("offset", "nan", "NaN");
    write_rows(DAT_ROWS("same-object,all,pointer,rwsem40,l3,l3,2,,0,9,0,666,,"));
    dat_draw_one("offset", 3, "offset: no case with an offset");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAT_TEST(test_scans),
        DAT_TEST(test_no_offset),
        DAT_TEST(test_drawn),
    };
    return cmocka_run_group_tests_name("plot_offset", tests, NULL, NULL);
}
