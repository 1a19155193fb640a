/* SPDX-License-Identifier: MIT
 *
 * plot_threads: curves against the number of threads, as the script gets them and draws them.
 */
#include "support/dat_fixture.h"

static const char header[] =
    "schema_version,scenario,role,writers,objects,access,layout,lock,placement,distance,home,"
    "threads,work_ns,windows,windows_other_regime,ns_op_median,ns_op_ci95_lo,ns_op_ci95_hi";

static void write_rows(const char *const *rows)
{
    dat_write("summary.csv", header, "3,", rows);
}

#define OF(layout, placement, distance, home, threads, ns)                                         \
    "same-object,all,,,," layout ",x," placement "," distance "," home "," threads ",200,9,0," ns

/* Far before near, many before few, one without an interval; what is left out stands last. */
static const char *const curves[] = {
    OF("mine", "scatter-4", "remote", "local", "4", "800,500,1000"),
    OF("mine", "compact-4", "l3", "local", "4", "400,,"),
    OF("mine", "l3", "l3", "", "2", "100,80,125"),
    OF("mine", "compact-2", "l3", "local", "2", "200,160,250"),
    OF("mine", "compact-1", "none", "local", "1", "50,40,100"),
    OF("yours", "l3", "l3", "local", "2", "20,,"),
    OF("yours", "smt", "smt", "local", "2", ",,"),
    OF("yours", "l3", "l3", "remote", "2", "777,,"),
    "same-object,all,,,,yours,x,l3,l3,local,2,200,3,7,666,,",
    "late,all,,,,yours,x,l3,l3,local,2,200,9,0,555,,",
    NULL,
};

static void test_curves(void **state)
{
    (void)state;
    write_rows(curves);
    /* One alone stands in every panel, of those far apart where there are others. */
    DAT_SAYS("threads", "\n1|\"",
             "\"threads-same-object\"|\"same-object against threads, work 200 ns\"|2|2|4|20|1000|4|"
             "100|\"Filled",
             "\n1|\"mine\"\n2|\"yours\"\n\n\n1|\"l3\"\n2|\"remote\"\n\n\n"
             "1|1|1|1|50|40|100|20|10|25\n1|1|1|2|100|80|125|20|16|25\n"
             "1|1|1|2|200|160|250|10|8|12.5\n1|1|1|4|400|400|400|10|10|10\n"
             "1|2|1|2|20|20|20|100|100|100\n"
             "2|1|1|1|50|40|100|20|10|25\n2|1|2|1|50|40|100|20|10|25\n"
             "2|1|2|4|800|500|1000|5|4|8\n\n\n");
    /* A curve goes through the mean of both pairs. */
    DAT_SAYS("threads", "\n\n\n1|1|1|1|50|20\n1|1|1|2|150|15\n1|1|1|4|400|10\n1|2|1|2|20|100\n"
                        "2|1|1|1|50|20\n2|1|2|1|50|20\n2|1|2|4|800|5\n\n\n");
    DAT_SAYS_NOT("threads", "777", "666", "555", "smt", "NaN");
}

#define MIXED(writers, threads, work)                                                              \
    "mixed,reader," writers ",,,mine,x,p" threads ",new-class,"                                    \
    "local," threads "," work ",9,0,90,,"

/* Every pause, every role; what would have one name has two. */
static void test_names(void **state)
{
    (void)state;
    write_rows(DAT_ROWS(MIXED("1", "2", "500"), MIXED("1", "4", "500"), MIXED("5%", "2", "500"),
                        MIXED("5%", "4", "500"), MIXED("5%", "2", "90"), MIXED("5%", "4", "90"),
                        MIXED("1", "2", "0"), MIXED("1", "4", "0"),
                        "many,all,,1024,shared,mine,x,a,l3,local,2,90,9,0,90,,",
                        "many,all,,1024,shared,mine,x,b,l3,local,4,90,9,0,90,,"));
    DAT_SAYS(
        "threads", "\n5|\"",
        "\"threads-mixed-reader-work500\"|\"mixed: reader (1 writer) against threads, work 500",
        "\"threads-mixed-reader-5_-work500\"|\"mixed: reader (5% writers) against",
        "\"threads-mixed-reader\"|\"mixed: reader (5% writers) against threads, work 90 ns\"",
        "\"threads-mixed-reader-saturated\"|", "\"threads-many-1024\"|", "\n1|\"new-class\"\n");
}

#define PACED(every, threads, late, rate)                                                          \
    "observer,lock,mine,x,l3,l3," threads ",200,90," every "," late "," rate

/* A role that waits between its ops does as many as are counted, and each pace has a picture. */
static void test_paced(void **state)
{
    (void)state;
    dat_write("summary.csv",
              "schema_version,scenario,role,layout,lock,placement,distance,threads,work_ns,"
              "ns_op_median,every_ns,late_ns_op_median,ops_per_s_median",
              "3,",
              DAT_ROWS(PACED("500", "2", "5", "4000000"), PACED("500", "4", "5", "8000000"),
                       PACED("900", "2", "5", "2000000"), PACED("900", "4", "5", "3500000")));
    DAT_SAYS("threads", "\n2|\"", "\"threads-observer-lock\"|\"observer: lock, an op every 500 ns",
             "\n1|1|1|2|90|90|90|4|4|4\n1|1|1|4|90|90|90|8|8|8\n",
             "\"threads-observer-lock-every900\"|", "\n1|1|1|4|90|90|90|3.5|3.5|3.5\n");
}

static void test_reasons(void **state)
{
    (void)state;
    write_rows(DAT_ROWS("same-object,all,,,,,,l3,l3,local,2,200,9,0,50,,"));
    DAT_SAYS("threads", "\n0|\"threads: no rows of layouts in summary.csv\"\n");
    /* Two numbers of threads, but of different cases. */
    write_rows(DAT_ROWS(OF("a", "l3", "l3", "local", "2", "50,,"),
                        "late,all,,,,a,x,compact-4,l3,local,4,200,9,0,50,,",
                        OF("a", "compact-8", "l3", "local", "8", ",,")));
    DAT_SAYS("threads", "\n0|\"threads: no case with two numbers of threads in summary.csv\"\n");
}

static void test_drawn(void **state)
{
    (void)state;
    dat_need_gnuplot();
    write_rows(curves);
    dat_by_hand("threads", 2, "linebounce plot ");
    dat_draw_one("threads", 0, "");
    DAT_SHOWS("threads-same-object", ">same-object against threads, work 200 ns<", ">l3<",
              ">remote<", ">mine<", ">yours<", ">threads<", ">ns/op, log scale<",
              ">million ops a second, log scale<", "Filled, full: close together");
    DAT_SHOWS_NOT("threads-same-object", "nan", "NaN");
    write_rows(DAT_ROWS(OF("a", "l3", "l3", "local", "2", "50,,")));
    dat_draw_one("threads", 3, "threads: no case with two numbers of threads");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAT_TEST(test_curves),  DAT_TEST(test_names), DAT_TEST(test_paced),
        DAT_TEST(test_reasons), DAT_TEST(test_drawn),
    };
    return cmocka_run_group_tests_name("plot_threads", tests, NULL, NULL);
}
