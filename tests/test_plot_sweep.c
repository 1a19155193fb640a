/* SPDX-License-Identifier: MIT
 *
 * Pictures of a sweep, of words, of pairs of CPUs, and of runs of several hosts.
 */
#include <linebounce/pairs.h>
#include <linebounce/plot.h>
#include <linebounce/record.h>

#include "support/drawn_run.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Sweeps, words and pairs -----------------------------------------------------------------------
 */

/* A case of a sweep. NAN and NULL: empty cells. */
struct spread {
    const char *layout, *placement, *distance, *home;
    int threads;
    double ns_op, ratio, min_over_max, offset;
    int other_regime; /* windows in others: more than the ten here */
};

static void write_spread(const struct spread *rows, size_t n)
{
    struct lb_row *row;
    struct lb_csv *csv;

    unlink(in_run("summary.csv"));
    assert_int_equal(lb_row_create(&lb_schema_summary, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_summary, in_run("summary.csv"), NULL, &csv), 0);
    for (size_t i = 0; i < n; i++) {
        const struct spread *s = &rows[i];
        struct point p = {"same-object", s->layout, s->placement, "all", 200,
                          s->ns_op,      s->ns_op,  "pointer",    NULL};
        set_summary(row, &p);
        assert_int_equal(lb_row_text(row, "distance", s->distance), 0);
        assert_int_equal(lb_row_text(row, "home", s->home), 0);
        assert_int_equal(lb_row_int(row, "threads", s->threads), 0);
        assert_int_equal(lb_row_int(row, "windows", 10), 0);
        assert_int_equal(lb_row_int(row, "windows_other_regime", s->other_regime), 0);
        assert_int_equal(lb_row_number(row, "ratio", s->ratio), 0);
        assert_int_equal(lb_row_number(row, "ratio_ci95_lo", s->ratio - 0.05), 0);
        assert_int_equal(lb_row_number(row, "ratio_ci95_hi", s->ratio + 0.05), 0);
        assert_int_equal(lb_row_number(row, "min_over_max_median", s->min_over_max), 0);
        assert_int_equal(lb_row_number(row, "offset_bytes", s->offset), 0);
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

#define AT(layout, placement, distance, threads, ns, ratio, fair)                                  \
    {                                                                                              \
        layout, placement, distance, "local", threads, ns, ratio, fair, NAN, 0                     \
    }

static const struct spread swept[] = {
    AT("pointer", "compact-1", "none", 1, 20, NAN, 1),
    AT("pointer", "smt", "smt", 2, 40, NAN, 0.9),
    AT("pointer", "compact-4", "l3", 4, 160, NAN, 0.8),
    AT("pointer", "scatter-4", "remote", 4, 640, NAN, 0.4),
    AT("padded", "compact-1", "none", 1, 20, 1, 1),
    AT("padded", "smt", "smt", 2, 30, 0.75, 0.95),
    AT("padded", "compact-4", "l3", 4, 80, 0.5, 0.85),
    AT("padded", "scatter-4", "remote", 4, 160, 0.25, 0.45),
};

static void test_sweep_pictures(void **state)
{
    (void)state;
    struct spread more[LB_COUNT(swept) + 2];
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    memcpy(more, swept, sizeof swept);
    /* Seen mostly at another distance: another row of that case speaks for it. */
    more[LB_COUNT(swept)] = (struct spread)AT("embedded-split", "smt", "smt", 2, 77777, 77, 0.7);
    more[LB_COUNT(swept)].other_regime = 11;
    /* Remote memory is no point of a curve, but a placement of its own. */
    more[LB_COUNT(swept) + 1] = (struct spread)AT("padded", "smt", "smt", 2, 35, 0.8, 0.9);
    more[LB_COUNT(swept) + 1].home = "remote";
    write_spread(more, LB_COUNT(more));
    assert_int_equal(lb_plot(run, scripts, &why, &n), 0);
    assert_int_equal(n.drawn, 4); /* layouts, threads, ratio, fairness */
    assert_null(strstr(why.text, "offset"));
    assert_null(strstr(why.text, "heatmap"));
    check_svg("plots/threads-same-object.svg",
              SAYS("same-object against threads, work 200 ns", ">smt<", ">l3<", ">remote<",
                   ">pointer<", ">padded<", ">threads<", ">ns/op, log scale<",
                   ">million ops a second, log scale<", "20260101T000000Z"));
    check_svg("plots/ratio.svg", SAYS(">ratio<", ">smt 2t<", ">compact-1 1t<", ">scatter-4 4t<",
                                      ">same-object<", "ns/op over that of the baseline"));
    check_svg("plots/fairness.svg", SAYS(">min/max of ops<", ">padded<", ">pointer<"));
    check_png("plots/threads-same-object.png");
    check_png("plots/ratio.png");
    check_png("plots/fairness.png");
    for (const char *const *name = SAYS("threads-same-object", "ratio", "fairness"); *name;
         name++) {
        char path[64];
        snprintf(path, sizeof path, "plots/%s.svg", *name);
        assert_false(svg_says(path, "embedded-split"));
        assert_false(svg_says(path, "nan"));
    }
    assert_true(svg_says("plots/ratio.svg", "remote"));
    assert_false(is_there("plots/offset.svg"));
    assert_false(is_there("plots/heatmap.svg"));
}

static void test_offsets(void **state)
{
    (void)state;
    static const struct spread rows[] = {
        {"apart-8", "l3", "l3", "local", 2, 90, NAN, 1, 8, 0},
        {"apart-64", "l3", "l3", "local", 2, 30, NAN, 1, 64, 0},
        {"apart-128", "l3", "l3", "local", 2, 30, NAN, 1, 128, 0},
        {"lock-at-48", "l3", "l3", "local", 2, 60, NAN, 1, 48, 0},
    };
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_spread(rows, LB_COUNT(rows));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    check_svg("plots/offset.svg",
              SAYS("two threads' words, work 200 ns", "a lock in its object", ">same-object<",
                   ">bytes apart<", ">offset of the lock, bytes<"));
    /* The axis has room for both ends of the one interval. */
    check_svg("plots/offset.svg", SAYS(">59<", ">61<"));
    check_png("plots/offset.png");
    assert_false(is_there("plots/threads-same-object.svg"));
}

struct cell {
    const char *op, *home;
    int a, b;
    double ns;
    int other;
};

static void write_matrix(const struct cell *cells, size_t n)
{
    struct lb_row *row;
    struct lb_csv *csv;

    unlink(in_run("matrix.csv"));
    assert_int_equal(lb_row_create(&lb_schema_matrix, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_matrix, in_run("matrix.csv"), NULL, &csv), 0);
    for (size_t i = 0; i < n; i++) {
        lb_row_clear(row);
        lb_row_text(row, "op", cells[i].op);
        lb_row_text(row, "home", cells[i].home);
        lb_row_int(row, "pu_a_os", cells[i].a);
        lb_row_int(row, "pu_b_os", cells[i].b);
        lb_row_number(row, "one_way_ns_median", cells[i].ns);
        lb_row_number(row, "one_way_ns_max", cells[i].ns + 1);
        lb_row_int(row, "rounds_other_regime", cells[i].other);
        lb_row_int(row, "emulated", 0);
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

/* A run of pairs has this picture alone, and nothing is said about the others. */
static void test_heat_map(void **state)
{
    (void)state;
    static const struct cell cells[] = {
        {"load-store", "both", 0, 1, 31.5, 0},
        {"load-store", "a", 0, 8, 112, 0},
        {"load-store", "b", 0, 8, 124, 2},
        {"compare-and-swap", "both", 0, 1, 47, 0},
    };
    struct lb_why why = {"stale"};
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_matrix(cells, LB_COUNT(cells));
    assert_int_equal(lb_plot(run, scripts, &why, &n), 0);
    assert_int_equal(n.drawn, 1);
    assert_string_equal(why.text, "");
    check_svg("plots/heatmap.svg",
              SAYS(">load-store<", ">compare-and-swap<", ">31.5<", ">112<", ">124<", ">47<",
                   "One-way latency of a line: half a round trip",
                   "1 of the cells were seen at another distance too", ">one-way ns<"));
    check_png("plots/heatmap.png");
    /* The mirror image where the line has one home; a row each where it has two. */
    assert_int_equal(count_in("plots/heatmap.svg", ">31.5<"), 2);
    assert_int_equal(count_in("plots/heatmap.svg", ">112<"), 1);
}

/* Several hosts ----------------------------------------------------------------------------------
 */

static void test_hosts(void **state)
{
    (void)state;
    struct lb_why why = {""};
    char other[1100], out[1100];
    const char *dirs[] = {run, other}, *const names[] = {"alpha 'one'", "beta"};

    need_gnuplot();
    snprintf(other, sizeof other, "%s/other", folder);
    snprintf(out, sizeof out, "%s/to/hosts", folder);
    write_spread(swept, LB_COUNT(swept));
    assert_int_equal(lb_plot_hosts(dirs, names, 2, out, scripts, &why), -ENOENT);
    assert_non_null(strstr(why.text, "other"));
    assert_int_equal(lb_make_folders(other, NULL), 0);
    assert_int_equal(lb_plot_hosts(dirs, names, 2, out, scripts, &why), -ENODATA);
    assert_non_null(strstr(why.text, "other: no rows in summary.csv"));
    assert_int_equal(access(out, F_OK), -1);

    char path[1200];
    snprintf(path, sizeof path, "%s/summary.csv", other);
    assert_int_equal(rename(in_run("summary.csv"), path), 0);
    write_spread(swept + 4, 4);
    assert_int_equal(lb_plot_hosts(dirs, names, 2, out, in_run("absent"), &why), -ENOENT);
    if (lb_plot_hosts(dirs, names, 2, out, scripts, &why))
        fail_msg("%s", why.text);
    snprintf(path, sizeof path, "%s/hosts.svg", out);
    char *svg = try_read_text(path);
    assert_non_null(svg);
    for (const char *const *says =
             SAYS("Net cost of an op on 2 hosts, work 200 ns", ">alpha 'one'<", ">beta<",
                  ">pointer<", ">padded<", "nearest pair of CPUs");
         *says; says++)
        if (!strstr(svg, *says))
            fail_msg("hosts.svg does not say '%s'", *says);
    free(svg);
    write_text(in_run("summary.csv"), "schema_version,scenario\n3,same-object\n");
    assert_int_equal(lb_plot_hosts(dirs, names, 2, out, scripts, &why), -EPROTO);
    /* A host without a pair has nothing in this picture. */
    write_spread(swept, 1);
    assert_int_equal(lb_plot_hosts(dirs, names, 1, out, scripts, &why), -ENODATA);
    assert_non_null(strstr(why.text, "no host has a pair of threads"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_run, remove_run)
    const struct CMUnitTest tests[] = {
        TEST(test_sweep_pictures),
        TEST(test_offsets),
        TEST(test_heat_map),
        TEST(test_hosts),
    };
    return cmocka_run_group_tests_name("plot_sweep", tests, set_up_group, NULL);
}
