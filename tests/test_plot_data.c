/* SPDX-License-Identifier: MIT
 *
 * What the pictures are drawn of, in the files of plots/.
 */
#include <linebounce/plot.h>

#include "report/plot_private.h"
#include "support/drawn_run.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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
    assert_non_null(text = try_read_text(path));
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
    assert_non_null(text = try_read_text(path));
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
    assert_non_null(text = try_read_text(path));
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
    assert_non_null(text = try_read_text(path));
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
    assert_non_null(text = try_read_text(path));
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_run, remove_run)
    const struct CMUnitTest tests[] = {
        TEST(test_data_in_the_order_of_the_run),
        TEST(test_data_of_locks_and_placements),
        TEST(test_data_of_spinning_and_sleeping),
        TEST(test_data_of_causes),
        TEST(test_data_drawn_by_hand),
    };
    return cmocka_run_group_tests_name("plot_data", tests, set_up_group, NULL);
}
