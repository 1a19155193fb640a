/* SPDX-License-Identifier: MIT
 *
 * plot: a small run folder is made, drawn by the real gnuplot and looked at from outside: which
 * pictures are there, that they are pictures, and what they say.
 */
#include <linebounce/plot.h>
#include <linebounce/record.h>

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Helpers ------------------------------------------------------------------------------------ */

static char folder[512], run[1024], scripts[1024], path_was[4096];
static bool has_gnuplot;

/* The scripts lie in the source tree: LB_PLOT_SCRIPTS says where, else it is the present folder. */
static int set_up_group(void **state)
{
    (void)state;
    const char *given = getenv("LB_PLOT_SCRIPTS");
    const char *path = getenv("PATH");

    snprintf(scripts, sizeof scripts, "%s", given ? given : "results/plots");
    snprintf(path_was, sizeof path_was, "%s", path ? path : "");
    has_gnuplot = system("gnuplot --version >/dev/null 2>&1") == 0;
    return 0;
}

static int make_run(void **state)
{
    (void)state;
    const char *parent = getenv("TMPDIR");

    snprintf(folder, sizeof folder, "%.400s/lb-plot-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    /* Everything that a path may hold and that a shell or gnuplot would read as something else. */
    snprintf(run, sizeof run, "%s/o'ne \"two\" `false` $x #;{}_%%d/20260101T000000Z", folder);
    return lb_make_folders(run, NULL);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static int remove_run(void **state)
{
    (void)state;
    setenv("PATH", path_was, 1);
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_run(const char *name)
{
    static char paths[4][2048];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", run, name);
    return path;
}

static void need_gnuplot(void)
{
    if (has_gnuplot)
        return;
    print_message("gnuplot is not installed\n");
    skip();
}

/* One case of the run that the tests draw. */
struct point {
    const char *scenario, *layout, *placement, *role;
    double work_ns, ns_op, net_ns_op; /* NAN: an empty cell */
    const char *baseline, *verdict;
};

static void set_case(struct lb_row *row, const struct point *p)
{
    lb_row_clear(row);
    assert_int_equal(lb_row_int(row, "schema_version", LB_SCHEMA_VERSION), 0);
    assert_int_equal(lb_row_text(row, "suite", "layouts"), 0);
    assert_int_equal(lb_row_text(row, "scenario", p->scenario), 0);
    assert_int_equal(lb_row_text(row, "layout", p->layout), 0);
    assert_int_equal(lb_row_text(row, "lock", "rwsem40"), 0);
    assert_int_equal(lb_row_text(row, "placement", p->placement), 0);
    assert_int_equal(lb_row_text(row, "distance", p->placement), 0);
    assert_int_equal(lb_row_int(row, "threads", 2), 0);
    assert_int_equal(lb_row_number(row, "work_ns", p->work_ns), 0);
    assert_int_equal(lb_row_text(row, "role", p->role), 0);
}

static void write_summary(const struct point *points, size_t n)
{
    struct lb_row *row;
    struct lb_csv *csv;

    assert_int_equal(lb_row_create(&lb_schema_summary, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_summary, in_run("summary.csv"), NULL, &csv), 0);
    for (size_t i = 0; i < n; i++) {
        const struct point *p = &points[i];
        set_case(row, p);
        lb_row_int(row, "regime", 0);
        lb_row_number(row, "ns_op_median", p->ns_op);
        lb_row_number(row, "ns_op_ci95_lo", p->ns_op - 1);
        lb_row_number(row, "ns_op_ci95_hi", p->ns_op + 1);
        lb_row_number(row, "net_ns_op_median", p->net_ns_op);
        lb_row_number(row, "net_ns_op_ci95_lo", p->net_ns_op - 1);
        lb_row_number(row, "net_ns_op_ci95_hi", p->net_ns_op + 1);
        lb_row_text(row, "baseline", p->baseline);
        lb_row_text(row, "verdict", p->verdict);
        lb_row_text(row, "note", "a note, with a \"quote\"");
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

/* Four rounds of each, the third window of each case spoiled and without a number. */
static void write_samples(const struct point *points, size_t n, bool roams, int emulated)
{
    struct lb_row *row;
    struct lb_csv *csv;
    int window = 0;

    assert_int_equal(lb_row_create(&lb_schema_samples, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_samples, in_run("samples.csv"), NULL, &csv), 0);
    for (int round = 0; round < 4; round++)
        for (size_t i = 0; i < n; i++) {
            set_case(row, &points[i]);
            lb_row_int(row, "round", round);
            lb_row_int(row, "window", window);
            lb_row_int(row, "start_ns", window++ * INT64_C(2500000));
            lb_row_text(row, "status", round == 2 ? "spoiled" : "ok");
            if (round != 2)
                lb_row_number(row, "ns_op", points[i].ns_op + round);
            lb_row_int(row, "object_residue", roams ? 16 * round : 0);
            lb_row_int(row, "share_lines", round % 2);
            lb_row_more_number(row, "pingpong_before_ns", 80 + round);
            lb_row_more_number(row, "pingpong_before_ns", 300);
            lb_row_int(row, "steal_ticks", 0);
            lb_row_int(row, "emulated", emulated);
            assert_int_equal(lb_csv_append(csv, row, NULL), 0);
        }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

#define BASE(placement, work, ns, net)                                                             \
    {                                                                                              \
        "same-object", "pointer", placement, "all", work, ns, net, NULL, NULL                      \
    }
#define OTHER(layout, placement, work, ns, net, verdict)                                           \
    {                                                                                              \
        "same-object", layout, placement, "all", work, ns, net, "pointer", verdict                 \
    }

static const struct point two_layouts[] = {
    BASE("l3", 200, 250, 45),
    OTHER("embedded-own-line", "l3", 200, 230, 25, "faster"),
    BASE("l3", 0, 50, 45),
    OTHER("embedded-own-line", "l3", 0, 40, 35, "unresolved"),
};

/* A file's text, or NULL; the caller frees it. */
static char *text_of(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t capacity = 0;

    if (!file)
        return NULL;
    if (getdelim(&text, &capacity, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

static void replace_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static bool is_there(const char *picture)
{
    return access(in_run(picture), F_OK) == 0;
}

static void check_png(const char *name)
{
    static const unsigned char magic[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char start[8];
    struct stat status;
    FILE *file = fopen(in_run(name), "rb");

    assert_non_null(file);
    assert_int_equal(fread(start, 1, sizeof start, file), sizeof start);
    assert_memory_equal(start, magic, sizeof magic);
    assert_int_equal(fstat(fileno(file), &status), 0);
    /* An empty canvas of this size takes about 2 kB. */
    assert_true(status.st_size > 3000);
    fclose(file);
}

/* That the picture is whole and says each of the texts (NULL-terminated). */
static void check_svg(const char *name, const char *const *says)
{
    char *text = text_of(in_run(name));

    assert_non_null(text);
    assert_non_null(strstr(text, "<svg"));
    assert_non_null(strstr(text, "</svg>"));
    assert_true(strlen(text) > 3000);
    for (; *says; says++)
        if (!strstr(text, *says))
            fail_msg("%s does not say '%s'", name, *says);
    free(text);
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool svg_says(const char *name, const char *what)
{
    char *text = text_of(in_run(name));
    assert_non_null(text);
    bool says = strstr(text, what) != NULL;
    free(text);
    return says;
}

/* Pictures ----------------------------------------------------------------------------------- */

static void test_all_pictures(void **state)
{
    (void)state;
    struct lb_why why = {"stale"};
    int n = -1;

    need_gnuplot();
    write_summary(two_layouts, LB_COUNT(two_layouts));
    write_samples(two_layouts, LB_COUNT(two_layouts), true, 0);
    int err = lb_plot(run, scripts, &why, &n);
    if (err)
        fail_msg("%s", why.text);
    assert_int_equal(n, 3);
    assert_string_equal(why.text, "");

    check_png("plots/layouts.png");
    check_png("plots/layouts-saturated.png");
    check_png("plots/residues.png");
    check_png("plots/windows.png");
    check_svg("plots/layouts.svg",
              SAYS("Net cost of an op", "work 200 ns", "20260101T000000Z", "same-object",
                   "embedded-own-line", "pointer", "faster", "baseline", "net ns/op"));
    check_svg("plots/layouts-saturated.svg", SAYS("Saturated throughput", "unresolved"));
    check_svg("plots/residues.svg", SAYS("modulo 64", "same-object", "ns/op", "16", "48"));
    check_svg("plots/windows.svg", SAYS("16 windows", "4 spoiled", "ping-pong", "round trip"));
    assert_false(svg_says("plots/layouts.svg", "slower"));
    assert_false(svg_says("plots/layouts.svg", "EMULATED"));
}

static void test_one_layout_without_empty(void **state)
{
    (void)state;
    static const struct point points[] = {BASE("l3", 500, 550, NAN)};
    struct lb_why why = {""};
    int n = -1;

    need_gnuplot();
    write_summary(points, LB_COUNT(points));
    write_samples(points, LB_COUNT(points), false, 1);
    assert_int_equal(lb_plot(run, scripts, &why, &n), 0);
    assert_int_equal(n, 2);
    assert_non_null(strstr(why.text, "two residues"));
    check_png("plots/layouts.png");
    check_svg("plots/layouts.svg", SAYS("no empty case", "work 500 ns", "no verdict", "EMULATED"));
    check_svg("plots/windows.svg", SAYS("EMULATED"));
    assert_false(svg_says("plots/layouts.svg", "baseline"));
    assert_false(is_there("plots/layouts-saturated.svg"));
    assert_false(is_there("plots/residues.svg"));
}

static void test_one_picture_for_each_placement(void **state)
{
    (void)state;
    /* The far one comes first in the file, the near one has the plain name. */
    static const struct point points[] = {
        BASE("remote", 200, 900, 700),
        OTHER("padded", "remote", 200, 800, 600, "faster"),
        BASE("l3", 200, 250, 45),
        OTHER("padded", "l3", 200, 240, 40, "slower"),
    };
    int n = -1;

    need_gnuplot();
    write_summary(points, LB_COUNT(points));
    write_samples(points, LB_COUNT(points), true, 0);
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    assert_int_equal(n, 3);
    check_svg("plots/layouts.svg", SAYS("placement l3", "slower"));
    check_svg("plots/layouts-remote-2t.svg", SAYS("placement remote", "faster"));
    check_svg("plots/residues-remote-2t.svg", SAYS("placement remote"));
    assert_false(svg_says("plots/layouts.svg", "faster"));
}

static void test_empty_cell_is_not_zero(void **state)
{
    (void)state;
    /* Without its number the third layout is neither an entry nor a mark. */
    static const struct point points[] = {
        BASE("l3", 200, 250, 45),
        OTHER("embedded", "l3", 200, 240, 40, "slower"),
        OTHER("refcount", "l3", 200, 240, NAN, "faster"),
    };
    int n = -1;

    need_gnuplot();
    write_summary(points, LB_COUNT(points));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    check_svg("plots/layouts.svg", SAYS("embedded", "slower"));
    assert_false(svg_says("plots/layouts.svg", "refcount"));
    assert_false(svg_says("plots/layouts.svg", "faster"));
}

static void test_torn_last_line(void **state)
{
    (void)state;
    struct lb_why why = {""};
    int n = -1;

    need_gnuplot();
    write_samples(two_layouts, LB_COUNT(two_layouts), true, 0);
    char *text = text_of(in_run("samples.csv"));
    assert_non_null(text);
    assert_int_equal(truncate(in_run("samples.csv"), (off_t)strlen(text) - 30), 0);
    free(text);
    assert_int_equal(lb_plot(run, scripts, &why, &n), 0);
    assert_int_equal(n, 2);
    assert_non_null(strstr(why.text, "torn"));
    assert_non_null(strstr(why.text, "layouts: no rows in summary.csv"));
    check_svg("plots/windows.svg", SAYS("15 windows"));
}

/* Failures ----------------------------------------------------------------------------------- */

static void test_broken_csv(void **state)
{
    (void)state;
    struct lb_why why = {""};
    int n = -1;

    write_summary(two_layouts, LB_COUNT(two_layouts));
    replace_text(in_run("samples.csv"), "schema_version,scenario\n1,same-object\n");
    assert_int_equal(lb_plot(run, scripts, &why, &n), -EPROTO);
    assert_non_null(strstr(why.text, "samples.csv"));
    replace_text(in_run("samples.csv"), "");
    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENODATA);

    /* Another version, behind a good header. */
    unlink(in_run("samples.csv"));
    char *text = text_of(in_run("summary.csv"));
    assert_non_null(text);
    char *row = strchr(text, '\n') + 1;
    *row = '9';
    replace_text(in_run("summary.csv"), text);
    free(text);
    assert_int_equal(lb_plot(run, scripts, &why, &n), -EPROTO);
    assert_non_null(strstr(why.text, "schema_version"));
    assert_int_equal(n, -1);
    assert_false(is_there("plots"));
}

static void test_nothing_to_draw(void **state)
{
    (void)state;
    struct lb_why why = {""};
    int n = -1;

    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENODATA);
    assert_non_null(strstr(why.text, "nothing to draw"));
    write_summary(two_layouts, 0);
    write_samples(two_layouts, 0, true, 0);
    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENODATA);
    assert_false(is_there("plots"));
    assert_int_equal(lb_plot(in_run("absent"), scripts, &why, &n), -ENOENT);
    assert_non_null(strstr(why.text, "absent"));
    assert_int_equal(lb_plot(run, in_run("absent"), &why, &n), -ENOENT);
    assert_int_equal(n, -1);
}

static void test_missing_gnuplot(void **state)
{
    (void)state;
    struct lb_why why = {""};
    int n = -1;

    /* An absolute folder with nothing in it: an empty PATH would mean the present one. */
    write_summary(two_layouts, LB_COUNT(two_layouts));
    setenv("PATH", run, 1);
    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENOENT);
    assert_non_null(strstr(why.text, "install gnuplot"));
    setenv("PATH", "", 1);
    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENOENT);
    assert_int_equal(n, -1);
}

/* Stand-ins for gnuplot's script, so that its failure can be chosen. */
static void test_failing_script(void **state)
{
    (void)state;
    struct lb_why why = {""};
    char own[1100];
    int n = -1;

    need_gnuplot();
    write_summary(two_layouts, LB_COUNT(two_layouts));
    snprintf(own, sizeof own, "%s", folder);
    char script[1200];
    snprintf(script, sizeof script, "%s/layouts.gp", own);
    assert_int_equal(lb_plot(run, own, &why, &n), -ENOENT);
    assert_non_null(strstr(why.text, "layouts.gp"));

    replace_text(script, "plot 'no such file'\n");
    assert_int_equal(lb_plot(run, own, &why, &n), -EIO);
    assert_non_null(strstr(why.text, "layouts"));
    replace_text(script, "print 'the reason'\nexit status 7\n");
    assert_int_equal(lb_plot(run, own, &why, &n), -EIO);
    assert_non_null(strstr(why.text, "exit status 7: the reason"));

    /* More than a pipe holds: the child must not be kept waiting, and the last line is the one
     * told. */
    replace_text(script,
                 "do for [i = 1:20000] { print 'much to say' }\nprint 'enough'\nexit status 3\n");
    assert_int_equal(lb_plot(run, own, &why, &n), -ENODATA);
    assert_non_null(strstr(why.text, "enough"));
    assert_int_equal(n, -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_run, remove_run)
    const struct CMUnitTest tests[] = {
        TEST(test_all_pictures),
        TEST(test_one_layout_without_empty),
        TEST(test_one_picture_for_each_placement),
        TEST(test_empty_cell_is_not_zero),
        TEST(test_torn_last_line),
        TEST(test_broken_csv),
        TEST(test_nothing_to_draw),
        TEST(test_missing_gnuplot),
        TEST(test_failing_script),
    };
    return cmocka_run_group_tests_name("plot", tests, set_up_group, NULL);
}
