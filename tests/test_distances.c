/* SPDX-License-Identifier: MIT
 *
 * Runs whose CPUs were moved: what a table shows of several distances, and what each of them says
 * for itself, on samples that the test makes up.
 */
#include "report/table.h"
#include "support/made_run.h"

#include <stdio.h>

static void assert_says(const struct made *m, const char *words, bool says)
{
    struct lb_analysis *a = analyse(m);
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    table_layouts(a, out);
    table_run(a, out);
    fclose(out);
    if (!strstr(text, words) == says)
        fail_msg("'%s' is %sin:\n%s", words, says ? "not " : "", text);
    free(text);
    lb_analysis_destroy(a);
}

static enum lb_verdict verdict_in(const struct made *m, const char *layout, int regime)
{
    struct lb_analysis *a = analyse(m);
    int c = find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, layout, 0, 200);
    const struct lb_result *l = lb_analysis_find_in(a, c, 0, regime);
    enum lb_verdict verdict = l ? l->comparison.verdict : LB_VERDICT_UNRESOLVED;

    lb_analysis_destroy(a);
    return verdict;
}

/* Every sample of a case from round `from` on costs so much more. */
static void charge(struct made *m, const char *layout, unsigned from, double ns)
{
    struct lb_series *s =
        &m->run->series[find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, layout, 0, 200)];

    for (size_t k = 0; k < s->n; k++)
        if (s->samples[0][k].round >= from)
            s->samples[0][k].ns_op += ns;
}

/* A factor of 1.4: +10 ns at 62 ns and -10 at 87 are two verdicts and not "the same". */
static void test_close_distances_are_not_mixed(void **state)
{
    struct made *m = make(&full);

    (void)state;
    fill_frame(m, 0, 25, 24, 62);
    fill_layouts(m, 0, 25, 62);
    fill_frame(m, 25, 55, 24, 87);
    fill_layouts(m, 25, 55, 87);
    charge(m, "padded", 0, 10);
    charge(m, "padded", 25, -20);
    assert_int_equal(verdict_in(m, "padded", 0), LB_VERDICT_SLOWER);
    assert_int_equal(verdict_in(m, "padded", 1), LB_VERDICT_FASTER);
    assert_int_equal(m->run->n_regimes, 2);
    assert_true(near_to(m->run->regime_ns[0], 62, 1e-3));
    /* The table shows one, named; the sentence below it the other. */
    assert_says(m, "CPUs 0,1, round trip 87 ns\n", true);
    assert_says(m, "round trip 62 ns\n", false);
    assert_says(m, "=> neighbours at a pause: against pointer: faster embedded -20.", true);
    assert_says(m,
                "=> neighbours at a pause, in the rounds at 62 ns: against pointer: faster "
                "embedded -20.",
                true);
    assert_says(m, "The tables show that of 87 ns, where most pairs are", true);
    assert_says(m, "control (l3, 200 ns of work, round trip 62 ns): ", true);
    assert_says(m, "pause self-check, round trip 87 ns: ", true);
    drop(m);
}

/* Where the controls do not part, or were not measured, nothing is said of that distance. */
static void test_each_distance_has_its_controls(void **state)
{
    struct made *m = make(&full);

    (void)state;
    fill_frame(m, 0, 30, 2, 62);
    fill_layouts(m, 0, 30, 62);
    fill_frame(m, 30, 55, 24, 87);
    fill_layouts(m, 30, 55, 87);
    fill_layouts(m, 55, 85, 320);
    assert_int_equal(verdict_in(m, "embedded", 0), LB_VERDICT_UNRESOLVED);
    assert_int_equal(verdict_in(m, "embedded", 1), LB_VERDICT_FASTER);
    assert_int_equal(verdict_in(m, "embedded", 2), LB_VERDICT_UNRESOLVED);
    assert_int_equal(m->run->n_regimes, 3);
    assert_says(m, "they do NOT part", true);
    assert_says(m, "(no verdict for some: the controls were not measured at this distance", true);
    drop(m);
}

/* Precise near, it was not measured on when the CPUs moved: its row does not stand among theirs. */
static void test_a_table_shows_one_distance(void **state)
{
    struct made *m = make(&full);
    int c = find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, "embedded", 0, 200);

    (void)state;
    fill_frame(m, 0, 30, 24, 85);
    fill_layouts(m, 0, 30, 85);
    fill_frame(m, 30, 80, 24, 320);
    fill_layouts(m, 30, 80, 320);
    m->run->series[c].n = 30;
    struct lb_analysis *a = analyse(m);
    assert_null(lb_analysis_find(a, c, 0));
    assert_int_equal(lb_analysis_find_in(a, c, 0, 0)->comparison.verdict, LB_VERDICT_FASTER);
    lb_analysis_destroy(a);
    assert_says(m, "not measured", true);
    assert_says(m, "in the rounds at 85 ns: against pointer: faster embedded", true);
    drop(m);
}

/* Three windows far away are in no regime: in no row, and in no interval of the near ones. */
static void test_strays_are_in_no_row(void **state)
{
    struct made *m = make(&full);
    int c = find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, "embedded", 0, 200);

    (void)state;
    fill_frame(m, 0, 30, 24, 85);
    fill_layouts(m, 0, 30, 85);
    fill(m, c, 30, 33, 5000, 320);
    struct lb_analysis *a = analyse(m);
    assert_int_equal(m->run->n_regimes, 1);
    const struct lb_result *l = lb_analysis_find(a, c, 0);
    assert_int_equal(l->ns_op.n, 30);
    assert_true(l->ns_op.max < 300);
    assert_int_equal(l->windows_other, 3);
    lb_analysis_destroy(a);
    drop(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_distances_are_not_mixed),
        cmocka_unit_test(test_each_distance_has_its_controls),
        cmocka_unit_test(test_a_table_shows_one_distance),
        cmocka_unit_test(test_strays_are_in_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
