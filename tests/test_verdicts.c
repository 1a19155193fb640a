/* SPDX-License-Identifier: MIT
 *
 * What a run claims: answers, controls, intervals and sentences on samples that the test makes up.
 * Nothing that was not measured may be claimed.
 */
#include <linebounce/analysis.h>
#include <linebounce/scenario.h>

#include "report/labels.h"
#include "support/made_run.h"
#include "report/table.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The whole table with its closing words; the caller frees it. */
static char *say(const struct lb_analysis *a)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    table_layouts(a, out);
    table_run(a, out);
    fclose(out);
    return text;
}

static void assert_says(const struct made *m, const char *words)
{
    struct lb_analysis *a = analyse(m);
    char *text = say(a);

    if (!strstr(text, words))
        fail_msg("'%s' is not in:\n%s", words, text);
    free(text);
    lb_analysis_destroy(a);
}

static void assert_silent(const struct made *m, const char *words)
{
    struct lb_analysis *a = analyse(m);
    char *text = say(a);

    if (strstr(text, words))
        fail_msg("'%s' is in:\n%s", words, text);
    free(text);
    lb_analysis_destroy(a);
}

static void test_interval_text(void **state)
{
    char text[INTERVAL_BYTES];

    (void)state;
    interval_text("%.1f", 12.34, 11, 13.1, text);
    assert_string_equal(text, "12.3 [11.0, 13.1]");
    interval_text("%+.0f", -5, -7, 3, text);
    assert_string_equal(text, "-5 [-7, +3]");
    interval_text("%+.1f", 12.34, -INFINITY, INFINITY, text);
    assert_string_equal(text, "+12.3");
    interval_text("%.1f", 112, NAN, NAN, text);
    assert_string_equal(text, "112.0");
    interval_text("%.3f", 1.5, 0, INFINITY, text); /* a ratio of few pairs */
    assert_string_equal(text, "1.500");
    interval_text("%.1f", NAN, NAN, NAN, text);
    assert_string_equal(text, "-");
}

/* From five rounds there is no interval, in no cell and in no line, and nothing has passed. */
static void test_few_rounds_have_no_interval(void **state)
{
    static const char *const unknown[] = {"ns_op_ci95_lo",     "ns_op_ci95_hi", "net_ns_op_ci95_lo",
                                          "net_ns_op_ci95_hi", "ratio_ci95_hi", "diff_ns_ci95_lo",
                                          "diff_ns_ci95_hi"};
    char path[] = "/tmp/linebounce-test-XXXXXX";
    struct made *m = make(&full);
    struct lb_csv_reader *r;
    struct lb_csv *csv;
    int rows = 0;

    (void)state;
    fill_frame(m, 0, 5, 24, near);
    fill_layouts(m, 0, 5, near);
    assert_int_equal(close(mkstemp(path)), 0);
    unlink(path);
    struct lb_analysis *a = analyse(m);
    assert_int_equal(lb_csv_create(&lb_schema_summary, path, NULL, &csv), 0);
    assert_int_equal(lb_analysis_write(a, csv, NULL), 0);
    lb_csv_close(csv);
    assert_int_equal(lb_csv_open(path, NULL, NULL, &r), 0);
    for (; lb_csv_next(r, NULL) == 1; rows++) {
        for (size_t i = 0; i < LB_COUNT(unknown); i++)
            assert_string_equal(lb_csv_cell(r, unknown[i]), "");
        assert_string_not_equal(lb_csv_cell(r, "ns_op_median"), "");
    }
    assert_int_equal(rows, a->n_lines);
    lb_csv_reader_close(r);
    unlink(path);
    lb_analysis_destroy(a);
    assert_silent(m, "inf");
    assert_silent(m, "nan");
    assert_silent(m, "passed");
    assert_silent(m, ": they part");
    assert_says(m, "open (not enough windows)");
    assert_says(m, "not enough windows, or too noisy, to see whether they part");
    drop(m);
}

/* A level that lasts five rounds is in the base of net, too: the interval has to know. */
static void test_net_of_correlated_rounds(void **state)
{
    struct made *m = make(&simple);
    int c = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "embedded", 0, 200);
    int empty = m->plan->cases[c].empty;
    double width[2];

    (void)state;
    for (int correlated = 0; correlated < 2; correlated++) {
        struct lb_analysis *a;
        for (unsigned round = 0; round < 45; round++) {
            /* The same values, in blocks of five or scattered. */
            unsigned at = correlated ? round / 5 : round * 7 % 45 / 5;
            add(m, c, round, 250 + (double)(at * 4 % 9), &near);
            add(m, empty, round, 205, &near);
        }
        a = analyse(m);
        const struct lb_result *l = lb_analysis_find(a, c, 0);
        assert_int_equal(l->net.method, correlated ? LB_STATS_BLOCKS : LB_STATS_SIGNED_RANK);
        assert_true(near_to(l->net.value, 49, 0.51));
        width[correlated] = l->net.hi - l->net.lo;
        lb_analysis_destroy(a);
        m->run->series[c].n = m->run->series[empty].n = 0;
    }
    assert_true(width[1] > 1.5 * width[0]);
    drop(m);
}

/* Controls */

static enum lb_control_state control_of(const struct made *m, double work_ns)
{
    struct lb_analysis *a = analyse(m);
    enum lb_control_state state = LB_CONTROL_NONE;

    for (size_t i = 0; i < a->n_controls; i++)
        if (near_to(a->controls[i].work_ns, work_ns, 0))
            state = a->controls[i].state;
    lb_analysis_destroy(a);
    return state;
}

/* Noise of up to +-`ns` about what the samples are: even, without a trend, and 0 in the middle. */
static void spread(struct made *m, int index, double ns)
{
    struct lb_series *s = &m->run->series[index];

    for (size_t k = 0; k < s->n; k++)
        s->samples[0][k].ns_op += ns * ((2 * (double)(k * 7 % s->n) + 1) / (double)s->n - 1);
}

/* 24 ns on average part the controls only where the interval excludes less than 5. */
static void test_parting_wants_an_interval(void **state)
{
    struct made *m = make(&full);

    (void)state;
    assert_int_equal(control_of(m, 200), LB_CONTROL_NONE);
    fill_frame(m, 0, 5, 24, near);
    fill_layouts(m, 0, 30, near);
    assert_int_equal(control_of(m, 200), LB_CONTROL_OPEN);
    fill_frame(m, 5, 6, 24, near);
    assert_int_equal(control_of(m, 200), LB_CONTROL_PARTS);
    fill_frame(m, 6, 30, 24, near);
    assert_int_equal(control_of(m, 200), LB_CONTROL_PARTS);
    assert_says(m, "they part");
    spread(m, find_in_plan(m->plan, LB_SCENARIO_CONTROL_SHARED, "", 0, 200), 100);
    assert_int_equal(control_of(m, 200), LB_CONTROL_OPEN);
    assert_says(m, "(no verdict for some: the controls are not seen to part yet");
    assert_silent(m, "=> neighbours at a pause: against pointer: faster");
    drop(m);
}

/* What was never measured together vouches for nothing, and is named. */
static void test_controls_never_measured(void **state)
{
    struct made *m = make(&full);

    (void)state;
    fill_layouts(m, 0, 30, near);
    assert_says(m, "not measured: nothing vouches for this placement");
    assert_says(m, "unresolved embedded, padded, refcount");
    assert_silent(m, "pause self-check");
    drop(m);
}

static enum lb_self_check_state self_check_of(unsigned rounds_long, double noise)
{
    struct made *m = make(&full);
    int c = find_in_plan(m->plan, LB_SCENARIO_CONTROL_SHARED, "", 0, LB_WORK_CHECK_LONG_NS);

    fill_frame(m, 0, 30, 24, near);
    m->run->series[c].n = rounds_long;
    spread(m, c, noise);
    struct lb_analysis *a = analyse(m);
    enum lb_self_check_state state = a->self_checks[0].state;
    lb_analysis_destroy(a);
    drop(m);
    return state;
}

/* Estimates that agree are not enough: 24 against 24 from five pairs, or 24 +- 60. */
static void test_self_check_wants_an_interval(void **state)
{
    (void)state;
    assert_int_equal(self_check_of(0, 0), LB_SELF_CHECK_NONE);
    assert_int_equal(self_check_of(5, 0), LB_SELF_CHECK_OPEN);
    assert_int_equal(self_check_of(6, 0), LB_SELF_CHECK_PASSED);
    assert_int_equal(self_check_of(30, 0), LB_SELF_CHECK_PASSED);
    assert_int_equal(self_check_of(30, 150), LB_SELF_CHECK_OPEN);
}

/* One thread */

/* 20 ns less and 30 more, but of one thread: no line bounced. */
static void test_one_thread(void **state)
{
    struct order o = full;
    struct lb_answer *answers;
    size_t n;

    (void)state;
    o.threads = 1;
    struct made *m = make(&o);
    fill_frame(m, 0, 30, 0, near);
    fill_layouts(m, 0, 30, near);
    struct lb_analysis *a = analyse(m);
    const struct lb_result *l = line_of(a, m, "embedded");
    assert_true(l->compared);
    assert_int_equal(l->comparison.verdict, LB_VERDICT_UNRESOLVED);
    assert_string_equal(l->comparison.no_verdict, "one thread alone shares no line");
    assert_int_equal(lb_analysis_answers(a, &answers, &n), 0);
    assert_int_equal(n, 0);
    assert_null(answers);
    assert_true(lb_analysis_asks_alone(a));
    lb_analysis_destroy(a);
    assert_says(m, "No answer: one thread alone shares no line.");
    assert_silent(m, "the same");
    assert_silent(m, "costs nothing");
    drop(m);
}

/* Answers */

static struct lb_answer answer_on(const struct made *m, const char *layout)
{
    struct lb_analysis *a = analyse(m);
    struct lb_answer *answers, found = {.like = -1};
    size_t n;

    assert_int_equal(lb_analysis_answers(a, &answers, &n), 0);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(m->plan->cases[answers[i].like].shape.layout->name, layout))
            found = answers[i];
    free(answers);
    lb_analysis_destroy(a);
    return found;
}

static int case_of(const struct made *m, const char *layout)
{
    return find_in_plan(m->plan, LB_SCENARIO_NEIGHBOURS, layout, 0, 200);
}

/* Every layout with the lock inside, whoever named it, is answered for. */
static void test_answers_by_property(void **state)
{
    struct order o = full;

    (void)state;
    o.mine = "mine:size=256,align=64,lock=192,seq=40";
    struct made *m = make(&o);
    fill_frame(m, 0, 30, 24, near);
    fill(m, case_of(m, "pointer"), 0, 30, 250, near);
    fill(m, case_of(m, "embedded"), 0, 30, 230, near);
    fill(m, case_of(m, "padded"), 0, 30, 250.3, near);
    fill(m, case_of(m, "mine"), 0, 30, 280, near);
    assert_int_equal(answer_on(m, "pointer").like, -1);
    assert_int_equal(answer_on(m, "embedded").kind, LB_ANSWER_NOTHING);
    assert_int_equal(answer_on(m, "embedded").faster, 1);
    assert_int_equal(answer_on(m, "padded").kind, LB_ANSWER_NOTHING);
    assert_int_equal(answer_on(m, "padded").same, 1);
    struct lb_answer mine = answer_on(m, "mine");
    assert_int_equal(mine.kind, LB_ANSWER_COSTS);
    assert_int_equal(mine.slower, 1);
    assert_int_equal(mine.base, case_of(m, "pointer"));
    assert_says(m, "Against the separate lock (pointer)");
    assert_says(m, "mine               costs here: faster in 0, the same in 0, slower in 1 "
                   "(neighbours +30.");
    drop(m);
}

/* "No cost found" is said where every interval excludes one, not wherever none was proved. */
static void test_no_cost_needs_intervals(void **state)
{
    struct made *m = make(&full);
    int c = case_of(m, "embedded");

    (void)state;
    fill_frame(m, 0, 30, 24, near);
    fill_layouts(m, 0, 30, near);
    /* Twelve pairs are too few for a winner, and enough to exclude a cost; eleven are not. */
    m->run->series[c].n = 12;
    struct lb_answer answer = answer_on(m, "embedded");
    assert_int_equal(answer.kind, LB_ANSWER_NO_COST);
    assert_int_equal(answer.unresolved, 0);
    assert_int_equal(answer.not_slower, 1);
    assert_says(m, "embedded           no cost found: faster in 0, the same in 0, slower in 0, "
                   "not slower in 1; ");
    assert_says(m, "; not slower embedded.\n");
    m->run->series[c].n = 11;
    assert_int_equal(answer_on(m, "embedded").kind, LB_ANSWER_UNDECIDED);
    assert_says(m, "unresolved in 1 (neighbours: fewer than 20 pairs of windows)");
    m->run->series[c].n = 5; /* no interval */
    assert_int_equal(answer_on(m, "embedded").kind, LB_ANSWER_UNDECIDED);
    m->run->series[c].n = 0; /* no window */
    assert_int_equal(answer_on(m, "embedded").kind, LB_ANSWER_UNDECIDED);
    assert_says(m, "embedded           undecided: faster in 0, the same in 0, slower in 0, "
                   "unresolved in 1 (neighbours: no pairs of windows)");
    m->run->series[c].n = 30; /* wide */
    spread(m, c, 150);
    assert_int_equal(answer_on(m, "embedded").kind, LB_ANSWER_UNDECIDED);
    drop(m);
}

/* A winner of unequal shares is none. */
static void test_unfair_is_no_answer(void **state)
{
    struct made *m = make(&full);
    int c = case_of(m, "embedded");

    (void)state;
    fill_frame(m, 0, 30, 24, near);
    fill_layouts(m, 0, 30, near);
    for (size_t k = 0; k < 30; k++)
        m->run->series[c].samples[0][k].min_over_max = 0.3;
    assert_int_equal(answer_on(m, "embedded").kind, LB_ANSWER_UNDECIDED);
    assert_says(m, "unresolved in 1 (neighbours: unfair shares)");
    drop(m);
}

/* Where controls do not part nothing is excluded, however narrow and few the pairs. */
static void test_no_answer_without_controls(void **state)
{
    struct made *m = make(&full);

    (void)state;
    fill_frame(m, 0, 30, 1, near);
    fill_layouts(m, 0, 12, near);
    assert_int_equal(answer_on(m, "embedded").kind, LB_ANSWER_UNDECIDED);
    assert_says(m, "unresolved in 1 (neighbours: the controls do not part");
    drop(m);
}

/* A busy machine */

static void keep_busy(struct made *m, double off_cpu_share)
{
    for (size_t i = 0; i < m->plan->n_cases; i++) {
        struct lb_series *s = &m->run->series[i];
        for (size_t k = 0; k < s->n; k++) {
            s->samples[0][k].account.wall_ns = 1e7;
            s->samples[0][k].account.cpu_ns = 1e7 * (1 - off_cpu_share);
        }
    }
}

static void test_busy_machine(void **state)
{
    struct made *m = make(&full);

    (void)state;
    fill_frame(m, 0, 30, 24, near);
    fill_layouts(m, 0, 30, near);
    keep_busy(m, 0.02);
    assert_says(m, "embedded           costs nothing here");
    assert_silent(m, "busy");
    keep_busy(m, 0.87);
    for (size_t i = 0; i < m->plan->n_cases; i++)
        if (m->run->series[i].n)
            m->run->series[i].spoiled = m->run->series[i].attempts / 2;
    struct lb_analysis *a = analyse(m);
    assert_true(near_to(a->disturbance.off_cpu_share, 0.87, 1e-9));
    assert_true(near_to(a->disturbance.spoiled_share, 0.5, 1e-9));
    for (size_t i = 0; i < a->n_lines; i++)
        assert_true(!lb_case_is_subject(&m->plan->cases[a->lines[i].case_index]) ||
                    a->lines[i].comparison.verdict == LB_VERDICT_UNRESOLVED);
    lb_analysis_destroy(a);
    assert_int_equal(answer_on(m, "embedded").kind, LB_ANSWER_UNDECIDED);
    assert_says(m,
                "The machine was busy with other work: threads that never sleep were off their "
                "CPUs for 87 % of the time, and 50 % of the windows were spoiled: no verdict and "
                "no answer. Run it again on a quiet machine.\n");
    assert_silent(m, "May the lock move back");
    assert_silent(m, "against pointer: faster");
    drop(m);
}

/* Phases of a roaming layout: which samples are kept. */

static bool is_kept(struct made *m, const float *probes, int phases)
{
    int c = find_in_plan(m->plan, LB_SCENARIO_SAME_OBJECT, "pointer", 0, 200);
    size_t n = m->run->series[c].n, dropped = m->run->dropped;
    struct lb_sum sum = {0};

    assert_int_equal(lb_sum_init(m->run, &m->plan->cases[c], &sum), 0);
    for (int i = 0; i < phases; i++)
        lb_sum_add_phase(&probes[2 * i], &probes[2 * i + 1], 1, &sum);
    assert_int_equal(lb_sum_keep(m->run, c, (unsigned)n, &probes[2 * phases - 1], 1, &sum), 0);
    lb_sum_finish(&sum);
    assert_int_equal(m->run->dropped - dropped, m->run->series[c].n == n);
    return m->run->series[c].n > n;
}

/* Ends that agree say nothing of what lies between; single probes may scatter. */
static void test_phases_at_two_distances(void **state)
{
    static const float near_all[] = {60, 70, 70, 55, 55, 62, 62, 60},
                       away_and_back[] = {60, 62, 62, 60, 330, 320, 60, 61},
                       moved[] = {60, 62, 62, 60, 330, 320, 320, 335},
                       noisy[] = {50, 66, 66, 52, 52, 70, 70, 72};
    struct made *m = make(&simple);

    (void)state;
    assert_true(is_kept(m, near_all, 4));
    assert_false(is_kept(m, away_and_back, 4));
    assert_false(is_kept(m, moved, 4));
    assert_true(is_kept(m, noisy, 4));
    assert_true(is_kept(m, near_all, 1));
    assert_int_equal(m->run->dropped, 2);
    assert_says(m, "2 samples are left out: the distance between the CPUs changed");
    drop(m);
}

/* A row without pairs has no ratio. */
static void test_ratio_without_pairs(void **state)
{
    struct made *m = make(&full);

    (void)state;
    fill_frame(m, 0, 30, 24, near);
    fill_layouts(m, 0, 30, near);
    m->run->series[case_of(m, "padded")].n = 0;
    fill(m, case_of(m, "padded"), 40, 60, 250, near);
    struct lb_analysis *a = analyse(m);
    char *text = say(a), *row = strstr(text, "\npadded "), cell[8], verdict[8];
    assert_non_null(row);
    assert_int_equal(sscanf(row, " padded - %7s %7s", cell, verdict), 2);
    assert_string_equal(cell, "-");
    assert_string_equal(verdict, "no");
    row = strstr(text, "\npointer ");
    assert_non_null(strstr(row, " 1     "));
    free(text);
    lb_analysis_destroy(a);
    drop(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interval_text),
        cmocka_unit_test(test_few_rounds_have_no_interval),
        cmocka_unit_test(test_net_of_correlated_rounds),
        cmocka_unit_test(test_parting_wants_an_interval),
        cmocka_unit_test(test_controls_never_measured),
        cmocka_unit_test(test_self_check_wants_an_interval),
        cmocka_unit_test(test_one_thread),
        cmocka_unit_test(test_answers_by_property),
        cmocka_unit_test(test_no_cost_needs_intervals),
        cmocka_unit_test(test_unfair_is_no_answer),
        cmocka_unit_test(test_no_answer_without_controls),
        cmocka_unit_test(test_busy_machine),
        cmocka_unit_test(test_phases_at_two_distances),
        cmocka_unit_test(test_ratio_without_pairs),
    };

    return cmocka_run_group_tests_name("verdicts", tests, NULL, NULL);
}
