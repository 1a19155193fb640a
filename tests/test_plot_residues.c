/* SPDX-License-Identifier: MIT
 *
 * plot_residues: costs by the object's address, as the script gets them and draws them.
 */
#include "support/dat_fixture.h"

static const char header[] =
    "schema_version,scenario,role,layout,lock,placement,distance,threads,work_ns,status,ns_op,"
    "object_residue,share_lines";

static void write_rows(const char *const *rows)
{
    dat_write("samples.csv", header, "3,", rows);
}

/* Scenarios and layouts of no table; one that does not roam; rows without time, residue or that
 * mean nothing; scenarios whose other objects lie elsewhere, or that sleep. */
static const char *const run[] = {
    "neighbours,all,mine,x,l3,l3,2,200,ok,250,48,1",
    "neighbours,all,mine,x,l3,l3,2,200,ok,230,16,0",
    "neighbours,all,mine,x,l3,l3,2,200,ok,260,16,1",
    "neighbours,all,mine,x,l3,l3,2,200,ok,280,16,1",
    "neighbours,all,mine,x,l3,l3,2,200,ok,270,16,1",
    "neighbours,all,still,x,l3,l3,2,200,ok,999,32,1",
    "my-own,front,mine,x,l3,l3,2,200,ok,500,8,",
    "my-own,front,mine,x,l3,l3,2,200,ok,510,8,",
    "neighbours,all,mine,x,l3,l3,2,200,spoiled,777,0,1",
    "neighbours,all,mine,x,l3,l3,2,200,armed,777,0,1",
    "neighbours,all,mine,x,l3,l3,2,200,ok,,0,1",
    "neighbours,all,mine,x,l3,l3,2,200,ok,777,,1",
    "neighbours,all,mine,x,l3,l3,2,200,ok,777,64,1",
    "many,all,mine,x,l3,l3,2,200,ok,777,0,1",
    "writers,all,mine,x,l3,l3,2,200,ok,777,0,1",
    "empty,all,,,l3,l3,2,200,ok,777,0,1",
    NULL,
};

static void test_residues(void **state)
{
    (void)state;
    write_rows(run);
    DAT_SAYS(
        "residues", "\n1|\"",
        "\"residues\"|\"Cost of an op by the object's address, work 200 ns included: placement "
        "l3, 2 threads\"|2|1|3|\"Point: a window; bar: median. Hollow: neighbouring locks' "
        "words are on different lines\"\n\n\n1|\"mine\"\n\n\n"
        "1|\"neighbours\"|230|280\n2|\"my-own: front\"|500|510\n\n\n"
        "1|1|2|0|230\n1|1|2|1|260\n1|1|2|1|270\n1|1|2|1|280\n1|1|3|1|250\n"
        "2|1|1|1|500\n2|1|1|1|510\n\n\n"
        "1|\"8\"\n2|\"16\"\n3|\"48\"\n\n\n"
        "1|1|2|0|230\n1|1|2|1|270\n1|1|3|1|250\n2|1|1|1|505\n\n\n");
    DAT_SAYS_NOT("residues", "777", "999", "still", "writers", "many");
}

#define AT(placement, threads, work, residue)                                                      \
    "same-object,all,mine,x," placement "," placement "," threads "," work ",ok,50," residue ",1"

static void test_every_work_and_placement(void **state)
{
    (void)state;
    write_rows(DAT_ROWS(AT("remote", "2", "0", "0"), AT("remote", "2", "0", "8"),
                        AT("l3", "2", "0", "0"), AT("l3", "2", "0", "8"), AT("l3", "2", "500", "0"),
                        AT("l3", "2", "500", "8"), AT("l3", "2", "900", "0"),
                        AT("l3", "2", "900", "8"), AT("l3", "2", "70", "8")));
    DAT_SAYS("residues", "\n4|\"", "\"residues-work500\"|", "\"residues-work900\"|",
             "\"residues-saturated\"|\"Cost of an op by the object's address, saturated throughput "
             "(work 0): placement l3, 2 threads\"|1|1|2|\"Point: a window; bar: median\"\n",
             "\"residues-saturated-remote-2t\"|");
    DAT_SAYS_NOT("residues", "work 70 ns");
}

/* Rows stand as they were measured, in an order that was drawn: what the program has in its tables
 * goes before what it has not. */
static void test_order(void **state)
{
    (void)state;
    write_rows(DAT_ROWS(
        "my-own,all,mine,x,l3,l3,2,0,ok,50,8,1", "observer,observe,padded,x,l3,l3,2,0,ok,50,0,1",
        "observer,lock,mine,x,l3,l3,2,0,ok,50,0,1", "observer,lock,padded,x,l3,l3,2,0,ok,50,8,1",
        "same-object,all,pointer~,x,l3,l3,2,0,ok,50,0,1",
        "same-object,all,pointer~,x,l3,l3,2,0,ok,50,8,1",
        "same-object,all,pointer,x,l3,l3,2,0,ok,50,0,1",
        "same-object,all,pointer,x,l3,l3,2,0,ok,50,8,1"));
    DAT_SAYS("residues", "\n1|\"pointer\"\n2|\"pointer~\"\n3|\"padded\"\n4|\"mine\"\n\n\n"
                         "1|\"same-object\"|50|50\n2|\"observer: lock\"|50|50\n"
                         "3|\"observer: observe\"|50|50\n4|\"my-own\"|50|50\n");
}

static void test_reasons(void **state)
{
    (void)state;
    write_rows(DAT_ROWS("writers,all,mine,x,l3,l3,2,200,ok,777,0,1"));
    DAT_SAYS("residues", "\n0|\"residues: no good window with a residue in samples.csv\"\n");
    write_rows(DAT_ROWS(AT("l3", "2", "0", "0"), AT("l3", "2", "500", "8")));
    DAT_SAYS("residues", "\n0|\"residues: no layout was measured at two residues of the object in "
                         "samples.csv\"\n");
}

static void test_drawn(void **state)
{
    (void)state;
    dat_need_gnuplot();
    write_rows(run);
    dat_by_hand("residues", 2, "linebounce plot ");
    dat_draw_one("residues", 0, "");
    DAT_SHOWS("residues", ">neighbours<", ">my-own: front<", ">mine<", ">8<", ">16<", ">48<",
              "modulo 64", "Hollow: neighbouring", ">ns/op<");
    DAT_SHOWS_NOT("residues", "nan", "NaN");
    write_rows(DAT_ROWS(AT("l3", "2", "0", "0")));
    dat_draw_one("residues", 3, "two residues of the object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAT_TEST(test_residues), DAT_TEST(test_every_work_and_placement),
        DAT_TEST(test_order),    DAT_TEST(test_reasons),
        DAT_TEST(test_drawn),
    };
    return cmocka_run_group_tests_name("plot_residues", tests, NULL, NULL);
}
