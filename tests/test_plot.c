/* SPDX-License-Identifier: MIT
 *
 * plot: a small run folder is made, drawn by the real gnuplot and looked at from outside: which
 * pictures are there, that they are pictures, and what they say.
 */
#include <linebounce/pairs.h>
#include <linebounce/plot.h>
#include <linebounce/record.h>

#include "report/plot_private.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
    snprintf(run, sizeof run, "%s/o'n''e \"two\" `false` \\101 $x @y #;{}_%%d\xe9/20260101T000000Z",
             folder);
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

/* What stands behind the cost of a case. NAN and NULL: empty cells. */
struct cause {
    struct point at;
    const char *lock;                    /* NULL: rwsem40 */
    double cpu_ns, off_ns, preempted_ns; /* per op */
    double spins[3];                     /* owner, queue, reader, per op */
    double per_kop[4];                   /* spin limits, sleeps, wakes, hand-offs */
    double timed, p50_ns, p99_ns, slow_per_kop;
    const char *events, *per_op, *states;
};

static void set_summary(struct lb_row *row, const struct point *p)
{
    set_case(row, p);
    lb_row_int(row, "regime", 0);
    lb_row_number(row, "ns_op_median", p->ns_op);
    lb_row_number(row, "ns_op_ci95_lo", p->ns_op - 1);
    lb_row_number(row, "ns_op_ci95_hi", p->ns_op + 1);
    lb_row_number(row, "net_ns_op_hl", p->net_ns_op);
    lb_row_number(row, "net_ns_op_ci95_lo", p->net_ns_op - 1);
    lb_row_number(row, "net_ns_op_ci95_hi", p->net_ns_op + 1);
    lb_row_text(row, "baseline", p->baseline);
    lb_row_text(row, "verdict", p->verdict);
    lb_row_text(row, "note", "a note, with a \"quote\"");
}

static void set_cause(struct lb_row *row, const struct cause *c)
{
    static const char *const spins[] = {"spins_owner_per_op", "spins_queue_per_op",
                                        "spins_reader_per_op"};
    static const char *const per_kop[] = {"spin_limits_per_kop", "sleeps_per_kop", "wakes_per_kop",
                                          "handoffs_per_kop"};

    set_summary(row, &c->at);
    lb_row_text(row, "writers", strcmp(c->at.scenario, "mixed") ? NULL : "1");
    if (c->lock)
        lb_row_text(row, "lock", c->lock);
    assert_int_equal(lb_row_number(row, "cpu_ns_op_mean", c->cpu_ns), 0);
    assert_int_equal(lb_row_number(row, "off_cpu_ns_op_mean", c->off_ns), 0);
    assert_int_equal(lb_row_number(row, "preempted_ns_op_mean", c->preempted_ns), 0);
    for (size_t i = 0; i < LB_COUNT(spins); i++)
        assert_int_equal(lb_row_number(row, spins[i], c->spins[i]), 0);
    for (size_t i = 0; i < LB_COUNT(per_kop); i++)
        assert_int_equal(lb_row_number(row, per_kop[i], c->per_kop[i]), 0);
    assert_int_equal(lb_row_number(row, "latency_samples", c->timed), 0);
    assert_int_equal(lb_row_number(row, "latency_p50_ns", c->p50_ns), 0);
    assert_int_equal(lb_row_number(row, "latency_p99_ns", c->p99_ns), 0);
    assert_int_equal(lb_row_number(row, "slow_ops_per_kop", c->slow_per_kop), 0);
    assert_int_equal(lb_row_text(row, "events", c->events), 0);
    assert_int_equal(lb_row_text(row, "events_per_op", c->per_op), 0);
    assert_int_equal(lb_row_text(row, "event_states", c->states), 0);
}

static void write_both(const struct point *points, size_t n, const struct cause *causes,
                       size_t n_causes)
{
    struct lb_row *row;
    struct lb_csv *csv;

    unlink(in_run("summary.csv"));
    assert_int_equal(lb_row_create(&lb_schema_summary, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_summary, in_run("summary.csv"), NULL, &csv), 0);
    for (size_t i = 0; i < n; i++) {
        set_summary(row, &points[i]);
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    }
    for (size_t i = 0; i < n_causes; i++) {
        set_cause(row, &causes[i]);
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static void write_summary(const struct point *points, size_t n)
{
    write_both(points, n, NULL, 0);
}

static void write_causes(const struct cause *causes, size_t n)
{
    write_both(NULL, 0, causes, n);
}

struct windows {
    bool roams;
    int emulated;
    bool armed; /* more rounds, of rows that must not be drawn; alone: nothing else */
    bool alone;
};

static void set_sample(struct lb_row *row, const struct point *p, int round, int window,
                       const struct windows *w)
{
    bool armed = round > 3, spoiled = round == 2;

    set_case(row, p);
    lb_row_int(row, "round", round);
    lb_row_int(row, "window", window);
    lb_row_int(row, "start_ns", window * INT64_C(2500000));
    lb_row_text(row, "status", armed ? "armed" : spoiled ? "spoiled" : "ok");
    /* Such rows have no times. A number there must not be drawn all the same. */
    if (!spoiled)
        lb_row_number(row, "ns_op", armed ? 77777 : p->ns_op + round);
    lb_row_int(row, "object_residue", w->roams ? 16 * (round % 4) : 0);
    lb_row_int(row, "share_lines", round % 2);
    lb_row_more_number(row, "pingpong_before_ns", 80 + round);
    lb_row_more_number(row, "pingpong_before_ns", 300);
    lb_row_int(row, "steal_ticks", 0);
    lb_row_int(row, "emulated", w->emulated);
}

/* Four rounds of each, the third window of each case spoiled and without a number. */
static void write_windows(const struct point *points, size_t n, const struct windows *w)
{
    struct lb_row *row;
    struct lb_csv *csv;
    int window = 0;

    unlink(in_run("samples.csv"));
    assert_int_equal(lb_row_create(&lb_schema_samples, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_samples, in_run("samples.csv"), NULL, &csv), 0);
    for (int round = w->alone ? 4 : 0; round < (w->armed ? 6 : 4); round++)
        for (size_t i = 0; i < n; i++) {
            set_sample(row, &points[i], round, window++, w);
            assert_int_equal(lb_csv_append(csv, row, NULL), 0);
        }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static void write_samples(const struct point *points, size_t n, bool roams, int emulated)
{
    write_windows(points, n, &(struct windows){.roams = roams, .emulated = emulated});
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

#define CASE(scenario, role, layout)                                                               \
    {                                                                                              \
        scenario, layout, "l3", role, 200, 300, 100, NULL, NULL                                    \
    }
/* Of writers and mixed, without anything timed or counted. */
#define BLOCKS(scenario, role, layout, cpu, off, preempted, owner, queue, reader, sleeps)          \
    {                                                                                              \
        .at = CASE(scenario, role, layout), .cpu_ns = cpu, .off_ns = off,                          \
        .preempted_ns = preempted, .spins = {owner, queue, reader},                                \
        .per_kop = {0 * (sleeps), sleeps, sleeps, 0 * (sleeps)}, .timed = NAN, .p50_ns = NAN,      \
        .p99_ns = NAN, .slow_per_kop = NAN                                                         \
    }
/* Of neighbours, without anything accounted. */
#define COUNTS(layout, n, p50, p99, slow, names, counts, how)                                      \
    {                                                                                              \
        .at = CASE("neighbours", "all", layout), .cpu_ns = NAN, .off_ns = NAN,                     \
        .preempted_ns = NAN, .spins = {NAN, NAN, NAN}, .per_kop = {NAN, NAN, NAN, NAN},            \
        .timed = n, .p50_ns = p50, .p99_ns = p99, .slow_per_kop = slow, .events = names,           \
        .per_op = counts, .states = how                                                            \
    }

static const struct cause blocking[] = {
    BLOCKS("mixed", "reader", "pointer", 300, 100, 25, 0, 0, 0, 0.125),
    BLOCKS("mixed", "writer", "pointer", 500, 20, 5, 0.5, 0.25, 0.5, 8),
    BLOCKS("mixed", "reader", "embedded", 250, 0, 0, 0, 0, 0, 0),
    BLOCKS("mixed", "writer", "padded", NAN, NAN, NAN, NAN, NAN, NAN, NAN),
    BLOCKS("mixed", "writer", "embedded", 400, 3, 1, 0.125, 0.25, 0, 0.125),
    BLOCKS("writers", "all", "pointer", 244, 4, 1, 0.5, 0.0625, 0, 0),
};

static const struct cause counted[] = {
    COUNTS("pointer", 5000, 61, 1220, 431, "cycles;hitm_local;rfo_hitm", "812.5;1.75;",
           "counted;counted;not supported"),
    COUNTS("embedded", 4000, 71, NAN, 0, "cycles;hitm_local;rfo_hitm", "640;;",
           "scaled;unproved;not supported"),
    COUNTS("padded", NAN, NAN, NAN, NAN, "cycles;hitm_local;rfo_hitm", ";0;",
           "not counted;counted;not supported"),
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
    for (const char *at = text; *at; at += lb_utf8_length(at)) /* the folder's name is Latin-1 */
        assert_true(lb_utf8_length(at) > 0);
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
    struct cause both[LB_COUNT(blocking) + LB_COUNT(counted)];
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    memcpy(both, blocking, sizeof blocking);
    memcpy(both + LB_COUNT(blocking), counted, sizeof counted);
    write_both(two_layouts, LB_COUNT(two_layouts), both, LB_COUNT(both));
    write_samples(two_layouts, LB_COUNT(two_layouts), true, 0);
    int err = lb_plot(run, scripts, &why, &n);
    if (err)
        fail_msg("%s", why.text);
    assert_int_equal(n.drawn, 5);
    assert_string_equal(why.text, "");

    check_png("plots/layouts.png");
    check_png("plots/layouts-saturated.png");
    check_png("plots/onoff.png");
    check_png("plots/causes.png");
    check_png("plots/residues.png");
    check_png("plots/windows.png");
    check_svg("plots/onoff.svg", SAYS("Spinning and sleeping, work 200 ns", "20260101T000000Z"));
    check_svg("plots/causes.svg", SAYS("Behind the cost of an op, work 200 ns", "20260101T"));
    assert_false(svg_says("plots/onoff.svg", "EMULATED"));
    assert_false(svg_says("plots/causes.svg", "EMULATED"));
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
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_summary(points, LB_COUNT(points));
    write_samples(points, LB_COUNT(points), false, 1);
    assert_int_equal(lb_plot(run, scripts, &why, &n), 0);
    assert_int_equal(n.drawn, 2);
    assert_non_null(strstr(why.text, "two residues"));
    assert_non_null(strstr(why.text, "onoff: no times or spins of writers or mixed"));
    assert_non_null(strstr(why.text, "causes: neither timed ops nor counted events"));
    assert_false(is_there("plots/onoff.svg"));
    assert_false(is_there("plots/causes.svg"));
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
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_summary(points, LB_COUNT(points));
    write_samples(points, LB_COUNT(points), true, 0);
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    assert_int_equal(n.drawn, 3);
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
    struct lb_pictures n = {-1, -1};

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
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_samples(two_layouts, LB_COUNT(two_layouts), true, 0);
    char *text = text_of(in_run("samples.csv"));
    assert_non_null(text);
    assert_int_equal(truncate(in_run("samples.csv"), (off_t)strlen(text) - 30), 0);
    free(text);
    assert_int_equal(lb_plot(run, scripts, &why, &n), 0);
    assert_int_equal(n.drawn, 2);
    assert_non_null(strstr(why.text, "torn"));
    assert_non_null(strstr(why.text, "layouts: no rows in summary.csv"));
    assert_non_null(strstr(why.text, "onoff: no rows in summary.csv"));
    assert_non_null(strstr(why.text, "causes: no rows in summary.csv"));
    check_svg("plots/windows.svg", SAYS("15 windows"));
}

/* The last row of a summary that was cut in the middle is in no picture of its causes. */
static void test_torn_summary(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_causes(counted, LB_COUNT(counted));
    char *text = text_of(in_run("summary.csv"));
    assert_non_null(text);
    const char *last = strstr(text, ",padded,");
    assert_non_null(last);
    assert_int_equal(truncate(in_run("summary.csv"), last - text + 40), 0);
    free(text);
    assert_int_equal(lb_plot(run, scripts, &why, &n), 0);
    assert_non_null(strstr(why.text, "summary.csv: a torn last line"));
    check_svg("plots/causes.svg", SAYS(">pointer<", ">embedded<", ">unproved<"));
    assert_false(svg_says("plots/causes.svg", "padded"));
}

/* Time, spins and sleeps ----------------------------------------------------------------------- */

static void test_spinning_and_sleeping(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_causes(blocking, LB_COUNT(blocking));
    assert_int_equal(lb_plot(run, scripts, &why, &n), 0);
    assert_int_equal(n.drawn, 2);
    assert_null(strstr(why.text, "onoff"));
    check_png("plots/onoff.png");
    check_svg("plots/onoff.svg", SAYS(">mixed: reader (1 writer)<", ">mixed: writer (1 writer)<",
                                      ">writers<", ">pointer<", ">embedded<", ">time of an op<",
                                      ">spinning<", ">sleeping and waking, log scale<", ">ns/op<",
                                      ">iterations per op<", ">per 1000 ops<", "placement l3"));
    /* Shares off the CPU and sums of the spins. */
    check_svg("plots/onoff.svg", SAYS(">25 %<", ">3.8 %<", ">1.6 %<", ">1.25<", ">0.562<"));
    /* One legend over each column. */
    check_svg("plots/onoff.svg",
              SAYS(">on the CPU<", ">asleep<", ">preempted<", ">on the owner<", ">in the queue<",
                   ">on readers<", ">sleeps<", ">wakes<", ">hand-offs<", ">spin limits<"));
    assert_false(svg_says("plots/onoff.svg", ">off the CPU<"));
    /* writers was not run with embedded, and one case of mixed has no numbers: no row of its own.
     */
    check_svg("plots/onoff.svg", SAYS(">not run<"));
    assert_false(svg_says("plots/onoff.svg", ">not measured<"));
    assert_false(svg_says("plots/onoff.svg", "padded"));
    assert_false(is_there("plots/onoff-saturated.svg"));
}

static void test_cells_missing_beside_others(void **state)
{
    (void)state;
    static const struct cause causes[] = {
        /* Nobody knows how long it was runnable. */
        BLOCKS("writers", "all", "pointer", 300, 100, NAN, 0.5, 0.25, 0, 1),
        BLOCKS("writers", "all", "embedded", NAN, NAN, NAN, 0.5, 0.125, 0, 1),
        BLOCKS("writers", "all", "padded", 200, NAN, NAN, 0.5, NAN, 0, NAN),
    };
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_causes(causes, LB_COUNT(causes));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    check_svg("plots/onoff.svg",
              SAYS(">25 %<", ">off the CPU<", ">0.75<", ">0.625<", ">not measured<", ">in part<"));
    assert_false(svg_says("plots/onoff.svg", ">asleep<"));
    assert_false(svg_says("plots/onoff.svg", ">preempted<"));
    assert_false(svg_says("plots/onoff.svg", ">not run<"));
    assert_false(svg_says("plots/onoff.svg", "nan"));
}

/* What a lock of the C library did inside is not known, whatever the cells say. */
static void test_locks_that_tell_nothing(void **state)
{
    (void)state;
    struct cause c = BLOCKS("writers", "all", "padded", 300, 100, 50, 0.5, 0.25, 0, 1);
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    c.lock = "pthread_mutex";
    write_causes(&c, 1);
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    check_svg("plots/onoff.svg", SAYS(">25 %<", ">not measured<"));
    assert_false(svg_says("plots/onoff.svg", ">0.75<"));
}

static void test_every_work_and_placement(void **state)
{
    (void)state;
    static const double works[] = {0, 1000, 500, 200};
    struct cause causes[2 * LB_COUNT(works)];
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    for (size_t i = 0; i < LB_COUNT(causes); i++) {
        causes[i] = (struct cause)BLOCKS("writers", "all", "pointer", 300, 100, 50, 1, 0, 0, 0);
        causes[i].at.work_ns = works[i / 2];
        causes[i].at.placement = i % 2 ? "l3" : "remote";
        causes[i].slow_per_kop = 125;
    }
    write_causes(causes, LB_COUNT(causes));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    assert_int_equal(n.drawn, 3);
    check_svg("plots/onoff.svg", SAYS("work 200 ns: placement l3, 2 threads"));
    check_svg("plots/onoff-work500.svg", SAYS("work 500 ns: placement l3"));
    check_svg("plots/onoff-work1000.svg", SAYS("work 1000 ns: placement l3"));
    check_svg("plots/onoff-saturated.svg", SAYS("saturated throughput (work 0): placement l3"));
    check_svg("plots/onoff-work1000-remote-2t.svg", SAYS("work 1000 ns: placement remote"));
    check_svg("plots/causes.svg", SAYS("work 200 ns: placement l3, 2 threads"));
    check_svg("plots/causes-saturated-remote-2t.svg", SAYS("placement remote", "(work 0)"));
    check_png("plots/causes-work500-remote-2t.png");
}

/* Timed and counted -------------------------------------------------------------------------- */

static void test_timed_and_counted(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_causes(counted, LB_COUNT(counted));
    assert_int_equal(lb_plot(run, scripts, &why, &n), 0);
    assert_int_equal(n.drawn, 2);
    assert_null(strstr(why.text, "causes"));
    check_png("plots/causes.png");
    check_svg("plots/causes.svg",
              SAYS(">neighbours<", ">pointer<", ">embedded<", ">padded<", ">latency p50<", ">p99<",
                   ">slow ops<", ">cycles<", ">hitm_local<", ">count per op<", ">ns<",
                   ">per 1000 timed ops<", ">events, scaled from a part of the time<"));
    /* Numbers stand beside their bars, a word where there is no number. */
    check_svg("plots/causes.svg", SAYS(">431<", ">812<", ">640<", ">1.75<", ">not counted<",
                                       ">unproved<", ">not timed<", ">0<"));
    /* No panel for what has no value anywhere. */
    check_svg("plots/causes.svg", SAYS("No value: rfo_hitm (not supported)."));
    assert_false(svg_says("plots/causes.svg", ">rfo_hitm<"));
    assert_false(svg_says("plots/causes.svg", "not shown"));
    assert_false(svg_says("plots/causes.svg", "nan"));
}

/* How often the picture says it. */
static int count_in(const char *name, const char *what)
{
    char *text = text_of(in_run(name));
    int n = 0;

    assert_non_null(text);
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    free(text);
    return n;
}

static void test_a_zero_is_not_a_missing_count(void **state)
{
    (void)state;
    static const struct cause zero[] = {
        COUNTS("pointer", NAN, NAN, NAN, NAN, "lock_ops", "2", "counted"),
        COUNTS("padded", NAN, NAN, NAN, NAN, "lock_ops", "0", "counted"),
    };
    static const struct cause missing[] = {
        COUNTS("pointer", NAN, NAN, NAN, NAN, "lock_ops", "2", "counted"),
        COUNTS("padded", NAN, NAN, NAN, NAN, "lock_ops", NULL, "counted"),
    };
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_causes(zero, LB_COUNT(zero));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    int zeros = count_in("plots/causes.svg", ">0<");
    assert_false(svg_says("plots/causes.svg", ">no count<"));
    assert_false(svg_says("plots/causes.svg", "latency"));
    assert_false(svg_says("plots/causes.svg", "slow"));
    write_causes(missing, LB_COUNT(missing));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    assert_true(svg_says("plots/causes.svg", ">no count<"));
    assert_true(count_in("plots/causes.svg", ">0<") < zeros);
}

static void test_timed_alone(void **state)
{
    (void)state;
    static const struct cause causes[] = {
        COUNTS("pointer", 5000, 60, 120, 400, NULL, NULL, NULL),
        COUNTS("embedded", 5000, 60, NAN, NAN, NULL, NULL, NULL),
        COUNTS("padded", 3, NAN, NAN, 333, NULL, NULL, NULL),
    };
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_causes(causes, LB_COUNT(causes));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    check_svg("plots/causes.svg",
              SAYS(">latency<", ">400<", ">333<", ">no threshold<", ">too few<"));
    assert_false(svg_says("plots/causes.svg", ">not timed<"));
    assert_false(svg_says("plots/causes.svg", "events"));
    assert_false(svg_says("plots/causes.svg", "No value"));
}

/* Six have the most values; lines that moved come first, then the user's own, then the rest. */
static void test_six_events(void **state)
{
    (void)state;
    static const char names[] =
        "cycles;instructions;a_b::CDEFGHIJKLMNOPQRSTUVWXYZ_0123456789:ABCDEF;"
        "bp:a;bp:b;bp:c;bp:d;rfo_hitm;hitm_local;hitm_remote;llc_miss";
    static const char how[] = "counted;counted;counted;counted;counted;counted;counted;counted;"
                              "counted;not counted;not supported";
    static const struct cause causes[] = {
        COUNTS("pointer", 100, 61, NAN, NAN, names, "801;802;803;804;805;806;807;808;809;810;",
               how),
        COUNTS("embedded", 100, 62, NAN, NAN, names, "901;902;903;904;905;906;907;908;909;;", how),
    };
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_causes(causes, LB_COUNT(causes));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    check_svg("plots/causes.svg",
              SAYS(">803<", ">804<", ">805<", ">806<", ">808<", ">809<", ">903<", ">904<", ">905<",
                   ">906<", ">908<", ">909<", ">hitm_local<", ">rfo_hitm<", ">bp:a<", ">bp:c<",
                   "Counted but not shown: bp:d, instructions, cycles, hitm_remote. "
                   "No value: llc_miss (not supported)."));
    for (const char *const *hidden = SAYS(">801<", ">802<", ">807<", ">810<", ">bp:d<"); *hidden;
         hidden++)
        assert_false(svg_says("plots/causes.svg", *hidden));
    /* A long name goes on in the next line, nothing of it is lost. */
    assert_false(svg_says("plots/causes.svg", "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789:ABCDEF"));
    check_svg("plots/causes.svg", SAYS(">a_b::", "ABCDEF<"));
}

/* Armed windows have counts alone: no picture of samples.csv shows them. */
static void test_armed_rows(void **state)
{
    (void)state;
    static const char *const pictures[] = {"plots/windows.svg", "plots/residues.svg"};
    char *without[LB_COUNT(pictures)];
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_windows(two_layouts, LB_COUNT(two_layouts), &(struct windows){.roams = true});
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    for (size_t i = 0; i < LB_COUNT(pictures); i++)
        assert_non_null(without[i] = text_of(in_run(pictures[i])));
    write_windows(two_layouts, LB_COUNT(two_layouts),
                  &(struct windows){.roams = true, .armed = true});
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    assert_int_equal(n.drawn, 2);
    for (size_t i = 0; i < LB_COUNT(pictures); i++) {
        char *with = text_of(in_run(pictures[i]));
        assert_non_null(with);
        assert_string_equal(with, without[i]);
        free(with);
        free(without[i]);
    }

    write_windows(two_layouts, LB_COUNT(two_layouts),
                  &(struct windows){.roams = true, .armed = true, .alone = true});
    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENODATA);
    assert_non_null(strstr(why.text, "no timed row"));
}

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

/* What a script says, run by hand, when the run has nothing for it, and that it is no failure. */
static void refuses(const char *script, const char *reason)
{
    char command[4096], said[512] = "";
    size_t n;
    FILE *pipe;

    snprintf(command, sizeof command,
             "gnuplot -d -e \"dir='%s'; out='%s'; dirs=1; dir1='%s'; host1='x'\" %s/%s.gp 2>&1",
             folder, folder, folder, scripts, script);
    assert_non_null(pipe = popen(command, "r"));
    n = fread(said, 1, sizeof said - 1, pipe);
    said[n ? n - 1 : 0] = '\0'; /* without the last newline */
    const char *newline = strrchr(said, '\n'), *line = newline ? newline + 1 : said;
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != 3 || !strstr(line, reason) || strncmp(line, script, strlen(script)))
        fail_msg("%s: status %d, '%s', not '%s'", script, WEXITSTATUS(status), line, reason);
}

static void move_summary(void)
{
    char path[600];

    snprintf(path, sizeof path, "%s/summary.csv", folder);
    assert_int_equal(rename(in_run("summary.csv"), path), 0);
}

static void test_reasons_for_no_picture(void **state)
{
    (void)state;
    /* Two numbers of threads, but of different cases. */
    static const struct spread apart[] = {AT("pointer", "smt", "smt", 2, 40, NAN, NAN),
                                          AT("pointer", "compact-4", "l3", 4, NAN, NAN, NAN)};
    static const struct spread one[] = {AT("pointer", "smt", "smt", 2, 40, NAN, 1),
                                        AT("padded", "smt", "smt", 2, 40, 1, 1)};
    static const struct spread alone[] = {AT("pointer", "compact-1", "none", 1, 40, NAN, 1)};
    static const struct spread bare[] = {AT("", "smt", "smt", 2, 40, NAN, 1)};

    need_gnuplot();
    write_spread(one, LB_COUNT(one));
    move_summary();
    refuses("threads", "has one number of threads");
    refuses("ratio", "has one placement");
    refuses("fairness", "has one placement");
    refuses("offset", "has no case with an offset");
    write_spread(apart, LB_COUNT(apart));
    move_summary();
    refuses("threads", "no case has two numbers of threads");
    refuses("ratio", "nothing was measured at two placements");
    refuses("fairness", "nothing was measured at two placements");
    write_spread(bare, LB_COUNT(bare)); /* the loop of nothing alone */
    move_summary();
    refuses("threads", "has no rows of layouts");
    refuses("ratio", "has no rows of layouts");
    refuses("hosts", "no host has a pair of threads");
    write_spread(alone, LB_COUNT(alone));
    move_summary();
    refuses("threads", "has one number of threads");
    refuses("hosts", "no host has a pair of threads");
    write_spread(alone, 0);
    move_summary();
    for (const char *const *name = SAYS("threads", "ratio", "fairness", "offset"); *name; name++)
        refuses(*name, "has no rows");
    write_matrix(NULL, 0);
    char path[600];
    snprintf(path, sizeof path, "%s/matrix.csv", folder);
    assert_int_equal(rename(in_run("matrix.csv"), path), 0);
    refuses("heatmap", "has no rows");
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
    char *svg = text_of(path);
    assert_non_null(svg);
    for (const char *const *says =
             SAYS("Net cost of an op on 2 hosts, work 200 ns", ">alpha 'one'<", ">beta<",
                  ">pointer<", ">padded<", "nearest pair of CPUs");
         *says; says++)
        if (!strstr(svg, *says))
            fail_msg("hosts.svg does not say '%s'", *says);
    free(svg);
    replace_text(in_run("summary.csv"), "schema_version,scenario\n3,same-object\n");
    assert_int_equal(lb_plot_hosts(dirs, names, 2, out, scripts, &why), -EPROTO);
    /* A host without a pair has nothing in this picture. */
    write_spread(swept, 1);
    assert_int_equal(lb_plot_hosts(dirs, names, 1, out, scripts, &why), -ENODATA);
    assert_non_null(strstr(why.text, "no host has a pair of threads"));
}

/* Data of the pictures ------------------------------------------------------------------------- */

/* Names that no script and no table of this program knows, in an order of the run's own. */
static void test_data_in_the_order_of_the_run(void **state)
{
    (void)state;
    static const struct point points[] = {
        {"late", "mine~", "l3", "all", 200, 251, 51, "", ""},
        {"late", "mine", "l3", "all", 200, 250, 50, "", ""},
        {"late", "pointer", "l3", "all", 200, 240, 40, "mine", "faster"},
        {"early", "pointer", "l3", "front", 200, 260, NAN, "mine", "slower"},
        {"early", "pointer", "l3", "back", 200, 270, 70, "mine", "same"},
        {"early", "own line\t\"q\"\n\x1b", "l3", "back", 200, 280, 80, "mine", "unresolved"},
    };
    static const char expected[] =
        "\"layouts\"\t\"Net cost of an op by layout, work 200 ns: placement l3, 2 threads\"\t2\t4\t"
        "\"net ns/op\"\n\n\n"
        "4\t\"mine\"\n3\t\"mine~\"\n2\t\"pointer\"\n1\t\"own line\\x09'q'\\x0a\\x1b\"\n\n\n"
        "1\t\"late\"\t50\t40\t51\t39\t52\n2\t\"early: back\"\tNaN\t70\t80\t69\t81\n\n\n"
        "1\t4\t1\t50\t49\t51\n1\t3\t8\t51\t50\t52\n1\t2\t2\t40\t39\t41\n"
        "2\t2\t4\t70\t69\t71\n2\t1\t5\t80\t79\t81\n\n\n";
    struct lb_why why = {""};

    write_summary(points, LB_COUNT(points));
    assert_int_equal(lb_plot_data(run, "layouts", folder, &why), 0);
    assert_int_equal(lb_plot_data(run, "no such script", folder, &why), 0);
    char path[600], *text;
    snprintf(path, sizeof path, "%s/layouts.dat", folder);
    assert_non_null(text = text_of(path));
    assert_true(*text == '#');
    if (strncmp(strchr(text, '\n'), "\n1\t", 3) || !strstr(text, expected))
        fail_msg("layouts.dat is\n%s, not\n%s", text, expected);
    free(text);
}

/* Several locks of one layout are told apart; pictures beyond the first have their own names. */
static void test_data_of_locks_and_placements(void **state)
{
    (void)state;
    static const struct cause causes[] = {
        {.at = {"s", "a", "l3", "all", 0, 10, NAN, "", ""}, .lock = "new-lock"},
        {.at = {"s", "a", "l3", "all", 0, 11, NAN, "", ""}, .lock = "rwsem40"},
        {.at = {"s", "b", "l3", "all", 0, 12, NAN, "", ""}, .lock = "rwsem40"},
        {.at = {"s", "a", "smt", "all", 0, 9, NAN, "", ""}, .lock = "rwsem40"},
    };
    struct lb_why why = {""};
    char path[600], *text;

    write_causes(causes, LB_COUNT(causes));
    assert_int_equal(lb_plot_data(run, "layouts", folder, &why), 0);
    snprintf(path, sizeof path, "%s/layouts.dat", folder);
    assert_non_null(text = text_of(path));
    for (const char *const *says = SAYS("\n2\t\"layouts: no medians to draw in summary.csv\"\n",
                                        "\"layouts-saturated\"\t", "\"layouts-saturated-l3-2t\"\t",
                                        "3\t\"a, new-lock\"\n2\t\"a, rwsem40\"\n1\t\"b\"\n");
         *says; says++)
        if (!strstr(text, *says))
            fail_msg("layouts.dat does not say '%s':\n%s", *says, text);
    assert_true(strstr(text, "smt, 2 threads") < strstr(text, "l3, 2 threads"));
    free(text);
    write_causes(causes, 0);
    assert_int_equal(lb_plot_data(run, "layouts", folder, &why), 0);
    assert_non_null(text = text_of(path));
    assert_non_null(strstr(text, "\n0\t\"layouts: no rows of layouts in summary.csv\"\n"));
    free(text);
    unlink(in_run("summary.csv"));
    assert_int_equal(lb_plot_data(run, "layouts", folder, &why), -ENOENT);
}

/* Figures stand as text beside their bars; what has none says so, and so does what was not run. */
static void test_data_of_spinning_and_sleeping(void **state)
{
    (void)state;
    static const struct cause causes[] = {
        BLOCKS("writers", "all", "mine", 300, 100, 25, 0.5, 0.25, 0, 1),
        BLOCKS("mixed", "reader", "mine", 200, 100, NAN, 0.5, NAN, 0, NAN),
        BLOCKS("mixed", "reader", "other", NAN, NAN, NAN, 0.5, 0.25, 0, 1),
        BLOCKS("same-object", "all", "mine", 300, 100, 25, 0.5, 0.25, 0, 1),
    };
    struct lb_why why = {""};
    char path[600], *text;

    write_causes(causes, LB_COUNT(causes));
    assert_int_equal(lb_plot_data(run, "onoff", folder, &why), 0);
    snprintf(path, sizeof path, "%s/onoff.dat", folder);
    assert_non_null(text = text_of(path));
    for (const char *const *says = SAYS(
             "\t2\t2\t1\t1\n\n\n2\t\"mine\"\n1\t\"other\"\n\n\n1\t\"writers\"\t400\t",
             "\n1\t2\t300\t375\t400\tNaN\t", "\t400\t\"25 %\"\t", "\n1\t1\tNaN\tNaN\tNaN\tNaN\t",
             "\t0\t\"not run\"\t0\t\"\"\t\"\"\n", "\n2\t2\t200\tNaN\tNaN\t300\t",
             "\t300\t\"33 %\"\t", "\t\"in part\"\t", "\t0\t\"not measured\"\t");
         *says; says++)
        if (!strstr(text, *says))
            fail_msg("onoff.dat does not say '%s':\n%s", *says, text);
    assert_null(strstr(text, "same-object"));
    free(text);
}

/* Events of a name of one's own, their states in words, and lines for long names. */
static void test_data_of_causes(void **state)
{
    (void)state;
    static const char names[] = "cycles;own::event:with_a_long_name;hitm_local;llc_miss";
    static const struct cause causes[] = {
        COUNTS("mine", 100, 61, 70, NAN, names, "800;2;0.5;", "counted;scaled;counted;not counted"),
        COUNTS("an'other", NAN, NAN, NAN, NAN, names, ";;0;", "unproved;;counted;not supported"),
    };
    struct lb_why why = {""};
    char path[600], *text;

    write_causes(causes, LB_COUNT(causes));
    assert_int_equal(lb_plot_data(run, "causes", folder, &why), 0);
    snprintf(path, sizeof path, "%s/causes.dat", folder);
    assert_non_null(text = text_of(path));
    for (const char *const *says = SAYS(
             "\t1\t2\t1\t0\t3\t1\t2\t1\t\"No value: llc_miss (not counted/not supported).\"\n",
             "2\t\"mine\"\n1\t\"an'other\"\n\n\n", "\t1\t70\t61\t1\t\"latency\"\n",
             "\t3\t0.5\t0\t1\t\"hitm_local\"\n",
             "\t4\t2\t2\t2\t\"own::event:with_\"\t\"a_long_name\"\n",
             "\n1\t2\t1\t61\t70\t0\t\"\"\n", "\n1\t2\t4\t2\tNaN\t1\t\"2\"\n",
             "\n1\t1\t1\tNaN\tNaN\t0\t\"not timed\"\n", "\n1\t1\t3\t0\tNaN\t0\t\"0\"\n",
             "\n1\t1\t4\tNaN\tNaN\t0\t\"no count\"\n", "\n1\t1\t5\tNaN\tNaN\t0\t\"unproved\"\n");
         *says; says++)
        if (!strstr(text, *says))
            fail_msg("causes.dat does not say '%s':\n%s", *says, text);
    free(text);
}

/* By hand, from the data that lie beside the pictures. */
static void test_data_drawn_by_hand(void **state)
{
    (void)state;
    struct lb_pictures n = {-1, -1};
    char command[4096], path[600];

    need_gnuplot();
    write_summary(two_layouts, LB_COUNT(two_layouts));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    assert_int_equal(lb_make_folders((snprintf(path, sizeof path, "%s/plots", folder), path), NULL),
                     0);
    snprintf(path, sizeof path, "%s/plots/layouts.dat", folder);
    assert_int_equal(rename(in_run("plots/layouts.dat"), path), 0);
    snprintf(command, sizeof command, "gnuplot -d -e \"dir='%s'\" %s/layouts.gp", folder, scripts);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/plots/layouts-saturated.png", folder);
    assert_int_equal(access(path, F_OK), 0);
}

/* Failures ----------------------------------------------------------------------------------- */

static void test_broken_csv(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

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
    assert_int_equal(n.drawn, -1);
    assert_false(is_there("plots"));
}

/* The header of version 2 without one of its columns: which one is said, and nothing is drawn. */
static void test_missing_column(void **state)
{
    (void)state;
    static const char *const columns[] = {
        "cpu_ns_op_mean",
        "off_cpu_ns_op_mean",
        "preempted_ns_op_mean",
        "spins_owner_per_op",
        "spins_queue_per_op",
        "spins_reader_per_op",
        "spin_limits_per_kop",
        "sleeps_per_kop",
        "wakes_per_kop",
        "handoffs_per_kop",
        "latency_samples",
        "latency_p50_ns",
        "latency_p99_ns",
        "slow_ops_per_kop",
        "events",
        "events_per_op",
        "event_states",
        "ratio",
        "ratio_ci95_lo",
        "ratio_ci95_hi",
        "min_over_max_median",
        "offset_bytes",
        "windows",
        "windows_other_regime",
    };
    struct lb_pictures n = {-1, -1};

    for (size_t i = 0; i < LB_COUNT(columns); i++) {
        struct lb_why why = {""};
        char name[64];
        write_causes(counted, LB_COUNT(counted));
        char *text = text_of(in_run("summary.csv"));
        assert_non_null(text);
        snprintf(name, sizeof name, ",%s,", columns[i]);
        char *at = strstr(text, name);
        assert_non_null(at);
        at[1] = 'X';
        replace_text(in_run("summary.csv"), text);
        free(text);
        assert_int_equal(lb_plot(run, scripts, &why, &n), -EPROTO);
        assert_non_null(strstr(why.text, columns[i]));
        assert_non_null(strstr(why.text, "summary.csv"));
    }
    assert_int_equal(n.drawn, -1);
    assert_false(is_there("plots"));
}

static void test_nothing_to_draw(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENODATA);
    assert_non_null(strstr(why.text, "nothing to draw"));
    write_summary(two_layouts, 0);
    write_samples(two_layouts, 0, true, 0);
    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENODATA);
    assert_false(is_there("plots"));
    assert_int_equal(lb_plot(in_run("absent"), scripts, &why, &n), -ENOENT);
    assert_non_null(strstr(why.text, "absent"));
    assert_int_equal(lb_plot(run, in_run("absent"), &why, &n), -ENOENT);
    assert_int_equal(n.drawn, -1);
}

static void test_missing_gnuplot(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    /* An absolute folder with nothing in it: an empty PATH would mean the present one. */
    write_summary(two_layouts, LB_COUNT(two_layouts));
    setenv("PATH", run, 1);
    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENOENT);
    assert_non_null(strstr(why.text, "install gnuplot"));
    setenv("PATH", "", 1);
    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENOENT);
    assert_int_equal(n.drawn, 0);
    assert_int_equal(n.failed, 1);
}

/* Scripts of one's own, so that their failure can be chosen: all but `layouts` have nothing. */
static void make_scripts(const char *layouts, const char *onoff)
{
    static const char *const others[] = {"causes", "threads", "ratio", "fairness", "offset"};
    char script[1200];

    for (size_t i = 0; i < LB_COUNT(others); i++) {
        snprintf(script, sizeof script, "%s/%s.gp", folder, others[i]);
        replace_text(script, "exit status 3\n");
    }
    snprintf(script, sizeof script, "%s/layouts.gp", folder);
    replace_text(script, layouts);
    snprintf(script, sizeof script, "%s/onoff.gp", folder);
    replace_text(script, onoff);
}

#define DRAWS(name) "set terminal svg\nset output out.'/" name ".svg'\nplot x\nunset output\n"

static void test_failing_script(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};
    char script[1200];

    need_gnuplot();
    write_summary(two_layouts, LB_COUNT(two_layouts));
    make_scripts("", "exit status 3\n");
    snprintf(script, sizeof script, "%s/layouts.gp", folder);
    assert_int_equal(unlink(script), 0);
    assert_int_equal(lb_plot(run, folder, &why, &n), -ENOENT);
    assert_non_null(strstr(why.text, "layouts.gp"));

    replace_text(script, "plot 'no such file'\n");
    assert_int_equal(lb_plot(run, folder, &why, &n), -EIO);
    assert_non_null(strstr(why.text, "layouts"));
    replace_text(script, "print 'the reason'\nexit status 7\n");
    assert_int_equal(lb_plot(run, folder, &why, &n), -EIO);
    assert_non_null(strstr(why.text, "exit status 7: the reason"));

    /* More than a pipe holds: the child must not be kept waiting, and the last line is the one
     * told. */
    replace_text(script,
                 "do for [i = 1:20000] { print 'much to say' }\nprint 'enough'\nexit status 3\n");
    assert_int_equal(lb_plot(run, folder, &why, &n), -ENODATA);
    assert_non_null(strstr(why.text, "enough"));
    assert_int_equal(n.drawn, 0);
}

/* The others are drawn, whichever of them comes first. */
static void test_one_script_costs_one_picture(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_summary(two_layouts, LB_COUNT(two_layouts));
    make_scripts("nonsense(x, y) = \n", DRAWS("onoff"));
    assert_int_equal(lb_plot(run, folder, &why, &n), 0);
    assert_int_equal(n.drawn, 1);
    assert_int_equal(n.failed, 1);
    assert_non_null(strstr(why.text, "gnuplot: layouts: exit status"));
    assert_true(is_there("plots/onoff.svg"));
    make_scripts(DRAWS("layouts"), "exit status 1\n");
    assert_int_equal(lb_plot(run, folder, &why, &n), 0);
    assert_int_equal(n.drawn, 1);
    assert_int_equal(n.failed, 1);
    assert_non_null(strstr(why.text, "gnuplot: onoff: exit status 1"));
    assert_true(is_there("plots/layouts.svg"));
}

/* What is there already stays until there is a whole one to replace it. */
static void test_pictures_that_are_not_whole(void **state)
{
    (void)state;
    static const struct {
        const char *script, *says;
    } bad[] = {
        {"set print out.'/layouts.svg'\nunset print\n", "layouts.svg: it is empty"},
        {"set print out.'/layouts.svg'\nprint '<svg><g>'\n", "layouts.svg: the picture is not"},
        {"set print out.'/layouts.png'\nprint 'PNG'\n", "layouts.png: the picture is not"},
        {DRAWS("layouts-2") "set print out.'/layouts.svg'\nprint ''\n", "layouts.svg: "},
        {"set print out.'/other.svg'\nprint '<svg></svg>'\n", "layouts: it drew nothing"},
        {"", "layouts: it drew nothing"},
    };
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_summary(two_layouts, LB_COUNT(two_layouts));
    assert_int_equal(lb_make_folders(in_run("plots"), NULL), 0);
    replace_text(in_run("plots/layouts.svg"), "the old one");
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        struct lb_why why = {""};
        make_scripts(bad[i].script, "exit status 3\n");
        assert_int_equal(lb_plot(run, folder, &why, &n), -EIO);
        if (!strstr(why.text, bad[i].says))
            fail_msg("\"%s\" does not say \"%s\"", why.text, bad[i].says);
        assert_false(is_there("plots/layouts-2.svg"));
        assert_false(is_there("plots/other.svg"));
        char *text = text_of(in_run("plots/layouts.svg"));
        assert_string_equal(text, "the old one");
        free(text);
    }
}

/* Those that a received folder holds are replaced, not written through. */
static void test_links_in_plots(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_summary(two_layouts, LB_COUNT(two_layouts));
    make_scripts(DRAWS("layouts"), "exit status 3\n");
    replace_text(in_run("precious"), "mine");
    assert_int_equal(lb_make_folders(in_run("plots"), NULL), 0);
    assert_int_equal(symlink("../precious", in_run("plots/layouts.svg")), 0);
    assert_int_equal(lb_plot(run, folder, &why, &n), 0);
    char *text = text_of(in_run("precious"));
    assert_string_equal(text, "mine");
    free(text);
    assert_true(svg_says("plots/layouts.svg", "</svg>"));
    assert_int_equal(rename(in_run("plots"), in_run("elsewhere")), 0);
    assert_int_equal(symlink("elsewhere", in_run("plots")), 0);
    assert_int_equal(lb_plot(run, folder, &why, &n), -ELOOP);
    assert_non_null(strstr(why.text, "plots: a symbolic link"));
    assert_int_equal(unlink(in_run("summary.csv")), 0);
    assert_int_equal(symlink("precious", in_run("summary.csv")), 0);
    assert_int_equal(lb_plot(run, folder, &why, &n), -ELOOP);
}

/* A cell in a picture's name leads to no other folder. */
static void test_names_from_cells(void **state)
{
    (void)state;
    static const struct point points[] = {
        BASE("../../../first", 200, 250, 45),
        OTHER("padded", "../../../first", 200, 240, 40, "slower"),
        BASE("../../../caught", 200, 900, 700),
        OTHER("padded", "../../../caught", 200, 800, 600, "faster"),
    };
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_summary(points, LB_COUNT(points));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    assert_int_equal(n.failed, 0);
    check_svg("plots/layouts-.._.._.._caught-2t.svg", SAYS("placement ../../../caught", "faster"));
    for (const char *const *up = SAYS("../caught-2t.svg", "../../caught-2t.svg", "caught-2t.svg",
                                      "../../../caught-2t.svg");
         *up; up++)
        assert_false(is_there(*up));
}

/* gnuplot obeys its own settings alone. */
static void test_environment(void **state)
{
    (void)state;
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_summary(two_layouts, LB_COUNT(two_layouts));
    setenv("GNUTERM", "qt", 1);
    setenv("GDFONTPATH", "/nowhere", 1);
    setenv("GNUPLOT_DEFAULT_GDFONT", "/dev/zero", 1);
    setenv("LC_ALL", "de_DE.ISO-8859-1", 1);
    make_scripts("x = ''\ndo for [v in 'GNUTERM GDFONTPATH GNUPLOT_DEFAULT_GDFONT'] "
                 "{ x = x.system('printenv '.v) }\nprint '<'.x.'>'\nexit status 7\n",
                 DRAWS("onoff"));
    struct lb_why why = {""};
    assert_int_equal(lb_plot(run, folder, &why, &n), 0);
    assert_non_null(strstr(why.text, "exit status 7: <>"));
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    assert_int_equal(n.failed, 0);
    check_png("plots/layouts.png");
    unsetenv("GNUTERM");
    unsetenv("GDFONTPATH");
    unsetenv("GNUPLOT_DEFAULT_GDFONT");
    unsetenv("LC_ALL");
}

/* A program of the name that does as the lines say. */
static void be_gnuplot(const char *lines)
{
    char program[1200], text[8192];

    snprintf(program, sizeof program, "%s/bin", folder);
    assert_int_equal(lb_make_folders(program, NULL), 0);
    snprintf(text, sizeof text, "%s:%s", program, path_was);
    setenv("PATH", text, 1);
    snprintf(program, sizeof program, "%s/bin/gnuplot", folder);
    snprintf(text, sizeof text, "#!/bin/sh\n%s", lines);
    replace_text(program, text);
    assert_int_equal(chmod(program, 0700), 0);
}

/* Killed with what it started; a child that holds the pipe open is not waited for. */
static void test_time_limit(void **state)
{
    (void)state;
    char said[LB_SAID_BYTES], pid[1200], *text;
    int status = -1;

    be_gnuplot("sleep 1000 & echo $! > \"$4\"; echo first >&2; wait\n");
    snprintf(pid, sizeof pid, "%s/pid", folder);
    assert_int_equal(lb_gnuplot("", pid, 0.3, said, &status), -ETIMEDOUT);
    assert_int_equal(status, -1);
    text = text_of(pid);
    assert_non_null(text);
    for (int i = 0; i < 500 && !kill(atoi(text), 0); i++) /* until init has taken note of it */
        usleep(10000);
    assert_int_equal(kill(atoi(text), 0), -1);
    free(text);

    be_gnuplot("sleep 2 & echo done >&2; exit 3\n");
    assert_int_equal(lb_gnuplot("", pid, 100, said, &status), 0);
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_string_equal(said, "done\n");
}

static void test_gnuplot_that_is_none(void **state)
{
    (void)state;
    char said[LB_SAID_BYTES], program[1200];
    int status;

    be_gnuplot("");
    setenv("PATH", strtok(getenv("PATH"), ":"), 1);
    snprintf(program, sizeof program, "%s/bin/gnuplot", folder);
    assert_int_equal(chmod(program, 0600), 0);
    assert_int_equal(lb_gnuplot("", "", 100, said, &status), -EACCES);
}

/* gnuplot does not outlive who waits for it. */
static void test_a_killed_plot(void **state)
{
    (void)state;
    char said[LB_SAID_BYTES], pid[1200], *text = NULL;
    int status;

    snprintf(pid, sizeof pid, "%s/pid", folder);
    be_gnuplot("echo $$ > \"$4.new\"; mv \"$4.new\" \"$4\"; exec sleep 1000\n");
    pid_t plot = fork();
    if (!plot)
        _exit(lb_gnuplot("", pid, 100, said, &status) ? 1 : 0);
    for (int i = 0; i < 5000 && access(pid, F_OK); i++)
        usleep(10000);
    assert_int_equal(kill(plot, SIGKILL), 0);
    assert_int_equal(waitpid(plot, NULL, 0), plot);
    text = text_of(pid);
    assert_non_null(text);
    for (int i = 0; i < 500 && !kill(atoi(text), 0); i++)
        usleep(10000);
    assert_int_equal(kill(atoi(text), 0), -1);
    free(text);
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
        TEST(test_torn_summary),
        TEST(test_spinning_and_sleeping),
        TEST(test_cells_missing_beside_others),
        TEST(test_locks_that_tell_nothing),
        TEST(test_every_work_and_placement),
        TEST(test_timed_and_counted),
        TEST(test_a_zero_is_not_a_missing_count),
        TEST(test_timed_alone),
        TEST(test_six_events),
        TEST(test_armed_rows),
        TEST(test_sweep_pictures),
        TEST(test_offsets),
        TEST(test_heat_map),
        TEST(test_reasons_for_no_picture),
        TEST(test_hosts),
        TEST(test_data_in_the_order_of_the_run),
        TEST(test_data_of_locks_and_placements),
        TEST(test_data_of_spinning_and_sleeping),
        TEST(test_data_of_causes),
        TEST(test_data_drawn_by_hand),
        TEST(test_broken_csv),
        TEST(test_missing_column),
        TEST(test_nothing_to_draw),
        TEST(test_missing_gnuplot),
        TEST(test_failing_script),
        TEST(test_one_script_costs_one_picture),
        TEST(test_pictures_that_are_not_whole),
        TEST(test_links_in_plots),
        TEST(test_names_from_cells),
        TEST(test_environment),
        TEST(test_time_limit),
        TEST(test_gnuplot_that_is_none),
        TEST(test_a_killed_plot),
    };
    return cmocka_run_group_tests_name("plot", tests, set_up_group, NULL);
}
