/* SPDX-License-Identifier: MIT
 *
 * plot: a small run folder is made, drawn by the real gnuplot and looked at from outside: which
 * pictures are there, that they are pictures, and what they say.
 */
#include <linebounce/plot.h>

#include "report/plot_private.h"
#include "support/drawn_run.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Helpers ------------------------------------------------------------------------------------ */

static const struct cause blocking[] = {
    BLOCKS("mixed", "reader", "pointer", 300, 100, 25, 0, 0, 0, 0.125),
    BLOCKS("mixed", "writer", "pointer", 500, 20, 5, 0.5, 0.25, 0.5, 8),
    BLOCKS("mixed", "reader", "embedded", 250, 0, 0, 0, 0, 0, 0),
    BLOCKS("mixed", "writer", "padded", NAN, NAN, NAN, NAN, NAN, NAN, NAN),
    BLOCKS("mixed", "writer", "embedded", 400, 3, 1, 0.125, 0.25, 0, 0.125),
    BLOCKS("writers", "all", "pointer", 244, 4, 1, 0.5, 0.0625, 0, 0),
};

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
    char *text = try_read_text(in_run("samples.csv"));
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
    char *text = try_read_text(in_run("summary.csv"));
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
        assert_non_null(without[i] = try_read_text(in_run(pictures[i])));
    write_windows(two_layouts, LB_COUNT(two_layouts),
                  &(struct windows){.roams = true, .armed = true});
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    assert_int_equal(n.drawn, 2);
    for (size_t i = 0; i < LB_COUNT(pictures); i++) {
        char *with = try_read_text(in_run(pictures[i]));
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

/* Each file of the folder, to the byte, and no other. */
static void test_scripts_within(void **state)
{
    (void)state;
    size_t n = 0;
    glob_t found;
    char path[2048];

    for (const struct lb_plot_script *s = lb_plot_scripts; s->name; s++, n++) {
        char *text;
        size_t bytes;
        snprintf(path, sizeof path, "%s/%s", scripts, s->name);
        assert_int_equal(lb_read_regular(AT_FDCWD, path, 1 << 20, NULL, &text, &bytes), 0);
        assert_int_equal(bytes, s->n_bytes);
        assert_memory_equal(text, s->bytes, bytes);
        free(text);
    }
    snprintf(path, sizeof path, "%s/*.gp", scripts);
    assert_int_equal(glob(path, 0, NULL, &found), 0);
    assert_int_equal(n, found.gl_pathc);
    globfree(&found);
}

static int n_sketches(void)
{
    glob_t found;
    int n = glob(in_folder("linebounce-*"), 0, NULL, &found) ? 0 : (int)found.gl_pathc;

    if (n)
        globfree(&found);
    return n;
}

/* The same pictures by the scripts within, of which nothing stays behind. */
static void test_drawn_by_scripts_within(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1}, within = {-1, -1};

    need_gnuplot();
    write_summary(two_layouts, LB_COUNT(two_layouts));
    write_samples(two_layouts, LB_COUNT(two_layouts), true, 0);
    assert_int_equal(lb_plot(run, scripts, &why, &n), 0);
    char *by_folder = try_read_text(in_run("plots/layouts.svg"));
    unlink(in_run("plots/layouts.svg"));
    setenv("TMPDIR", folder, 1);
    int err = lb_plot(run, NULL, &why, &within);
    unsetenv("TMPDIR");
    if (err)
        fail_msg("%s", why.text);
    assert_int_equal(within.drawn, n.drawn);
    assert_int_equal(within.failed, 0);
    char *by_library = try_read_text(in_run("plots/layouts.svg"));
    assert_non_null(by_library);
    assert_string_equal(by_library, by_folder);
    free(by_folder);
    free(by_library);
    assert_int_equal(n_sketches(), 0);
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
        TEST(test_scripts_within),
        TEST(test_drawn_by_scripts_within),
    };
    return cmocka_run_group_tests_name("plot", tests, set_up_group, NULL);
}
