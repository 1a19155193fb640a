/* SPDX-License-Identifier: MIT
 *
 * compare: sides whose roles came at rates that differ have no verdict, whatever their times say.
 */
#include <linebounce/compare.h>

#include <linebounce/arena.h>

#include "support/folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { RUNS = 6, ROUNDS = 30 };

/* One side's roles: what the second does a second and per 1000 of the first, and what an op of
 * either takes. */
struct side {
    double per_s, per_kop, ns[2];
};

struct made {
    const char *scenario, *roles[2], *every;
    bool paced[2];
    struct side sides[2];
};

static uint64_t noise = 1;

static void path_of(int run, const char *file, char path[160])
{
    snprintf(path, 160, "%s/%d%s", folder, run, file);
}

static void put_row(struct lb_row *row, const struct made *m, const struct side *s, int role,
                    int round, double luck)
{
    lb_row_clear(row);
    lb_row_text(row, "suite", "layouts");
    lb_row_text(row, "scenario", m->scenario);
    lb_row_text(row, "layout", "pointer");
    lb_row_text(row, "lock", "rwsem40");
    lb_row_text(row, "placement", "l3");
    lb_row_text(row, "distance", "l3");
    lb_row_int(row, "threads", 2);
    lb_row_int(row, "work_ns", 200);
    lb_row_text(row, "every_ns", m->every);
    lb_row_text(row, "role", m->roles[role]);
    lb_row_int(row, "round", round);
    lb_row_text(row, "status", "ok");
    lb_row_number(row, "ns_op", s->ns[role] * luck);
    lb_row_number(row, "ops_per_s", role ? s->per_s : 4e6);
    if (role)
        lb_row_number(row, "ops_per_kop_of_first", s->per_kop);
    if (m->paced[role])
        lb_row_number(row, "late_ns_op", 12);
    lb_row_number(row, "min_over_max", 0.9);
    lb_row_number(row, "pingpong_before_ns", 90);
    lb_row_number(row, "pingpong_after_ns", 90);
}

static void write_run(const struct made *m, int run)
{
    const struct side *s = &m->sides[run % 2];
    double level = 1 + 0.001 * (double)lb_random_below(&noise, 10);
    struct lb_csv *csv;
    struct lb_row *row;
    char path[160];

    path_of(run, "", path);
    assert_int_equal(lb_make_folders(path, NULL), 0);
    path_of(run, "/samples.csv", path);
    unlink(path);
    assert_int_equal(lb_csv_create(&lb_schema_samples, path, NULL, &csv), 0);
    assert_int_equal(lb_row_create(&lb_schema_samples, &row), 0);
    for (int round = 0; round < ROUNDS; round++)
        for (int role = 0; role < 2; role++) {
            put_row(row, m, s, role, round, level + 0.001 * (double)lb_random_below(&noise, 20));
            assert_int_equal(lb_csv_append(csv, row, NULL), 0);
        }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static void drop_runs(void)
{
    char path[160];

    for (int run = 0; run < RUNS; run++) {
        path_of(run, "/samples.csv", path);
        unlink(path);
        path_of(run, "", path);
        rmdir(path);
    }
}

/* Of three runs a side: what stands against a verdict in both roles, "" where there is one. */
static void expect(const struct made *m, const char *note, double rate_a, double rate_b)
{
    static char paths[RUNS][160];
    const char *given[2][3];
    struct lb_compare_request q = {.paths = {given[0], given[1]},
                                   .n_paths = {3, 3},
                                   .margin = {LB_MARGIN_NS, LB_MARGIN_SHARE}};
    struct lb_compare *c = NULL;
    struct lb_why why = {""};
    char *csv = NULL;

    for (int run = 0; run < RUNS; run++) {
        write_run(m, run);
        path_of(run, "", paths[run]);
        given[run % 2][run / 2] = paths[run];
    }
    if (lb_compare_create(&q, &why, &c))
        fail_msg("%s", why.text);
    assert_int_equal(c->n_common, 2);
    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_case *k = &c->cases[i];
        bool second = !strcmp(k->cells[LB_KEY_ROLE], m->roles[1]);
        assert_string_equal(k->time.note, note);
        assert_int_equal(k->time.verdict, *note ? LB_VERDICT_UNRESOLVED : LB_VERDICT_SLOWER);
        if (second && !isnan(rate_a))
            assert_true(fabs(k->rate[0] - rate_a) < 1e-6 && fabs(k->rate[1] - rate_b) < 1e-6);
        else
            assert_true(isnan(k->rate[0]) && isnan(k->rate[1]));
    }
    assert_int_equal(lb_compare_csv(c, &csv), 0);
    assert_non_null(strstr(csv, ",rate_a,rate_b,"));
    free(csv);
    lb_compare_destroy(c);
    drop_runs();
}

#define APART "the sides' rates differ by more than 10 %"

/* B is slower by 20 % in both roles. */
static struct made mixed(const char *every, double per_s_b, double per_kop_b)
{
    return (struct made){.scenario = "mixed",
                         .roles = {"reader", "writer"},
                         .every = every,
                         .paced = {false, *every != '\0'},
                         .sides = {{50e3, 11, {250, 100}}, {per_s_b, per_kop_b, {300, 120}}}};
}

static void test_paced_writers(void **state)
{
    struct made same = mixed("20000", 51e3, 13.2), apart = mixed("20000", 44e3, 11);

    (void)state;
    expect(&same, "", 50e3, 51e3); /* slower readers meet more a read, and as many a second */
    expect(&apart, APART, 50e3, 44e3);
}

static void test_writers_of_their_own(void **state)
{
    struct made same = mixed("", 30e3, 11.5), apart = mixed("", 50e3, 13.2);

    (void)state;
    expect(&same, "", 11, 11.5);
    expect(&apart, APART, 11, 13.2);
}

/* Where it is no question at which rate the roles came. */
static void test_other_scenarios(void **state)
{
    struct made m = mixed("", 50e3, 20);

    (void)state;
    m.scenario = "read-write";
    m.roles[0] = "read";
    m.roles[1] = "write";
    expect(&m, "", NAN, NAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paced_writers),
        cmocka_unit_test(test_writers_of_their_own),
        cmocka_unit_test(test_other_scenarios),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
