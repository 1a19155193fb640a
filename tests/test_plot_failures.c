/* SPDX-License-Identifier: MIT
 *
 * Pictures that cannot be drawn: files that are broken, gnuplot that is missing, fails or hangs.
 */
#include <linebounce/plot.h>

#include "report/plot_private.h"
#include "support/drawn_run.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Failures ----------------------------------------------------------------------------------- */

static void test_broken_csv(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    write_summary(two_layouts, LB_COUNT(two_layouts));
    write_text(in_run("samples.csv"), "schema_version,scenario\n1,same-object\n");
    assert_int_equal(lb_plot(run, scripts, &why, &n), -EPROTO);
    assert_non_null(strstr(why.text, "samples.csv"));
    write_text(in_run("samples.csv"), "");
    assert_int_equal(lb_plot(run, scripts, &why, &n), -ENODATA);

    /* Another version, behind a good header. */
    unlink(in_run("samples.csv"));
    char *text = try_read_text(in_run("summary.csv"));
    assert_non_null(text);
    char *row = strchr(text, '\n') + 1;
    *row = '9';
    write_text(in_run("summary.csv"), text);
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
        char *text = try_read_text(in_run("summary.csv"));
        assert_non_null(text);
        snprintf(name, sizeof name, ",%s,", columns[i]);
        char *at = strstr(text, name);
        assert_non_null(at);
        at[1] = 'X';
        write_text(in_run("summary.csv"), text);
        free(text);
        assert_int_equal(lb_plot(run, scripts, &why, &n), -EPROTO);
        assert_non_null(strstr(why.text, columns[i]));
        assert_non_null(strstr(why.text, "summary.csv"));
    }
    assert_int_equal(n.drawn, -1);
    assert_false(is_there("plots"));
}

/* What came later is taken for empty. */
static void test_older_folder(void **state)
{
    (void)state;
    static const char *const columns[] = {"every_ns", "ops_per_s_median", "late_ns_op_median"};
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_causes(counted, LB_COUNT(counted));
    char *text = try_read_text(in_run("summary.csv"));
    assert_non_null(text);
    for (size_t i = 0; i < LB_COUNT(columns); i++) {
        char *at = strstr(text, columns[i]);
        assert_non_null(at);
        *at = 'X';
    }
    write_text(in_run("summary.csv"), text);
    free(text);
    assert_int_equal(lb_plot(run, scripts, NULL, &n), 0);
    assert_true(is_there("plots/causes.svg"));
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
        write_text(script, "exit status 3\n");
    }
    snprintf(script, sizeof script, "%s/layouts.gp", folder);
    write_text(script, layouts);
    snprintf(script, sizeof script, "%s/onoff.gp", folder);
    write_text(script, onoff);
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

    write_text(script, "plot 'no such file'\n");
    assert_int_equal(lb_plot(run, folder, &why, &n), -EIO);
    assert_non_null(strstr(why.text, "layouts"));
    write_text(script, "print 'the reason'\nexit status 7\n");
    assert_int_equal(lb_plot(run, folder, &why, &n), -EIO);
    assert_non_null(strstr(why.text, "exit status 7: the reason"));

    /* More than a pipe holds: the child must not be kept waiting, and the last line is the one
     * told. */
    write_text(script,
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
    write_text(in_run("plots/layouts.svg"), "the old one");
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        struct lb_why why = {""};
        make_scripts(bad[i].script, "exit status 3\n");
        assert_int_equal(lb_plot(run, folder, &why, &n), -EIO);
        if (!strstr(why.text, bad[i].says))
            fail_msg("\"%s\" does not say \"%s\"", why.text, bad[i].says);
        assert_false(is_there("plots/layouts-2.svg"));
        assert_false(is_there("plots/other.svg"));
        char *text = try_read_text(in_run("plots/layouts.svg"));
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
    write_text(in_run("precious"), "mine");
    assert_int_equal(lb_make_folders(in_run("plots"), NULL), 0);
    assert_int_equal(symlink("../precious", in_run("plots/layouts.svg")), 0);
    assert_int_equal(lb_plot(run, folder, &why, &n), 0);
    char *text = try_read_text(in_run("precious"));
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
    write_text(program, text);
    assert_int_equal(chmod(program, 0700), 0);
}

static struct lb_gnuplot run_one(const char *script, double limit_s)
{
    struct lb_gnuplot made = {.set = "", .script = script, .status = -1}, *runs[] = {&made};

    lb_gnuplots(runs, 1, &(struct lb_gnuplot_limits){1, limit_s, UINT64_MAX, NULL, NULL, NULL});
    return made;
}

/* Killed with what it started; a child that holds the pipe open is not waited for. */
static void test_time_limit(void **state)
{
    (void)state;
    char pid[1200], *text;
    struct lb_gnuplot made;

    be_gnuplot("sleep 1000 & echo $! > \"$4\"; echo first >&2; wait\n");
    snprintf(pid, sizeof pid, "%s/pid", folder);
    made = run_one(pid, 0.3);
    assert_int_equal(made.err, -ETIMEDOUT);
    assert_int_equal(made.status, -1);
    text = try_read_text(pid);
    assert_non_null(text);
    for (int i = 0; i < 500 && !kill(atoi(text), 0); i++) /* until init has taken note of it */
        usleep(10000);
    assert_int_equal(kill(atoi(text), 0), -1);
    free(text);

    be_gnuplot("sleep 2 & echo done >&2; exit 3\n");
    made = run_one(pid, 100);
    assert_int_equal(made.err, 0);
    assert_int_equal(WEXITSTATUS(made.status), 3);
    assert_string_equal(made.said, "done\n");
}

static void test_gnuplot_that_is_none(void **state)
{
    (void)state;
    char program[1200];

    be_gnuplot("");
    setenv("PATH", strtok(getenv("PATH"), ":"), 1);
    snprintf(program, sizeof program, "%s/bin/gnuplot", folder);
    assert_int_equal(chmod(program, 0600), 0);
    assert_int_equal(run_one("", 100).err, -EACCES);
}

/* Each of two waits for the other, so that they end only where they run at once; none is begun
 * late. */
static void test_several_at_once(void **state)
{
    (void)state;
    struct lb_gnuplot first = {.err = 1}, second = {.err = 1};
    struct lb_gnuplot *const runs[] = {&first, &second};
    char one[1200], other[1200];

    snprintf(one, sizeof one, "%s/one", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    first.set = second.script = other;
    second.set = first.script = one;
    be_gnuplot(": > \"$4\"; until test -e \"$3\"; do sleep 0.01; done; echo \"$4\" >&2\n");
    lb_gnuplots(runs, 2, &(struct lb_gnuplot_limits){2, 100, UINT64_MAX, NULL, NULL, NULL});
    assert_int_equal(first.err, 0);
    assert_int_equal(second.err, 0);
    assert_memory_equal(first.said, one, strlen(one));
    assert_memory_equal(second.said, other, strlen(other));
    unlink(one);
    unlink(other);
    lb_gnuplots(runs, 2, &(struct lb_gnuplot_limits){1, 0.3, UINT64_MAX, NULL, NULL, NULL});
    assert_int_equal(first.err, -ETIMEDOUT);
    assert_int_equal(second.err, 0);
    unlink(one);
    unlink(other);
    lb_gnuplots(runs, 2, &(struct lb_gnuplot_limits){2, 100, 0, NULL, NULL, NULL});
    assert_int_equal(first.err, -ECANCELED);
    assert_int_equal(second.err, -ECANCELED);
    assert_int_equal(access(one, F_OK), -1);
}

/* The first that failed is the first of the kinds, not of those that ended. */
static void test_order_of_failures(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_pictures n = {-1, -1};

    need_gnuplot();
    write_causes(counted, LB_COUNT(counted));
    make_scripts("x = system('sleep 0.5')\nprint 'late'\nexit status 7\n",
                 "print 'soon'\nexit status 8\n");
    assert_int_equal(lb_plot(run, folder, &why, &n), -EIO);
    assert_int_equal(n.failed, 2);
    assert_non_null(strstr(why.text, "layouts: exit status 7: late"));
}

/* gnuplot does not outlive who waits for it. */
static void test_a_killed_plot(void **state)
{
    (void)state;
    char pid[1200], *text = NULL;

    snprintf(pid, sizeof pid, "%s/pid", folder);
    be_gnuplot("echo $$ > \"$4.new\"; mv \"$4.new\" \"$4\"; exec sleep 1000\n");
    pid_t plot = fork();
    if (!plot)
        _exit(run_one(pid, 100).err ? 1 : 0);
    for (int i = 0; i < 5000 && access(pid, F_OK); i++)
        usleep(10000);
    assert_int_equal(kill(plot, SIGKILL), 0);
    assert_int_equal(waitpid(plot, NULL, 0), plot);
    text = try_read_text(pid);
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
        TEST(test_broken_csv),
        TEST(test_missing_column),
        TEST(test_older_folder),
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
        TEST(test_several_at_once),
        TEST(test_order_of_failures),
        TEST(test_a_killed_plot),
    };
    return cmocka_run_group_tests_name("plot_failures", tests, set_up_group, NULL);
}
