/* SPDX-License-Identifier: MIT
 *
 * What is said of differences whose parts are known, since the rows are made of
 * them.
 */
#include <linebounce/explain.h>
#include <linebounce/page.h>
#include <linebounce/record.h>

#include "support/folder_of_rows.h"

#include <errno.h>
#include <math.h>

/* One side of a difference: what each round is made of. */
struct side {
    const char *layout, *lock;
    double own, wait, rest, slow; /* ns; slow: share of ops */
    double asleep, spins;         /* per op; what was slept is in the waits too */
};

struct scene {
    const char *scenario, *role, *every;
    struct side sides[2]; /* the baseline first */
    int rounds;
    double reload; /* of lines that cost 100 ns to fetch and 20 to upgrade */
    bool without_wait;
    double swing; /* ns_op of the second goes up and down by that, and nobody has
                     seen why */
};

static void put_case(struct lb_row *row, const struct scene *s, const struct side *side)
{
    lb_row_text(row, "suite", "layouts");
    lb_row_text(row, "scenario", s->scenario);
    lb_row_text(row, "layout", side->layout);
    lb_row_text(row, "lock", side->lock);
    lb_row_text(row, "placement", "l3");
    lb_row_int(row, "threads", 2);
    lb_row_text(row, "every_ns", s->every);
    lb_row_int(row, "work_ns", 200);
    lb_row_text(row, "role", s->role);
}

static void put_sample(struct lb_row *row, const struct scene *s, const struct side *side,
                       int round)
{
    double noise = (round * 7 % 5 - 2) * 0.1;
    double swing = side == &s->sides[1] ? (round / 3 % 2 ? s->swing : -s->swing) : 0;

    put_case(row, s, side);
    lb_row_int(row, "round", round);
    lb_row_text(row, "status", "ok");
    lb_row_number(row, "ns_op", 200 + side->own + side->wait + side->rest + noise + swing);
    lb_row_int(row, "total_ops", 1000);
    lb_row_number(row, "off_cpu_ns", 1000 * side->asleep);
    lb_row_number(row, "preempted_ns", 0);
    lb_row_int(row, "spins_owner", (int64_t)(1000 * side->spins));
    lb_row_int(row, "spins_queue", 0);
    lb_row_int(row, "spins_reader", 0);
    lb_row_int(row, "latency_samples", 1000);
    lb_row_number(row, "slow_ops", 1000 * side->slow);
    lb_row_number(row, "own_op_mean_ns", side->own);
    if (!s->without_wait)
        lb_row_number(row, "wait_ns_op", side->wait + noise);
    lb_row_number(row, "transfer_ns", 100);
    lb_row_number(row, "fetch_load_ns", 100);
    lb_row_number(row, "reload_ns", s->reload);
    lb_row_number(row, "upgrade_ns", 20);
    lb_row_number(row, "pingpong_before_ns", 300);
    lb_row_number(row, "pingpong_after_ns", 300);
}

static void write_rows(const struct scene *s, const struct lb_schema *schema)
{
    struct lb_why why = {""};
    const char *path = in_folder(schema->file);
    struct lb_row *row;
    struct lb_csv *csv;
    bool samples = schema == &lb_schema_samples;

    unlink(path);
    assert_int_equal(lb_csv_create(schema, path, &why, &csv), 0);
    assert_int_equal(lb_row_create(schema, &row), 0);
    for (int round = 0; round < (samples ? s->rounds : 1); round++)
        for (int k = 0; k < 2; k++) {
            lb_row_clear(row);
            if (samples) {
                put_sample(row, s, &s->sides[k], round);
            } else {
                put_case(row, s, &s->sides[k]);
                lb_row_int(row, "regime", 0);
                lb_row_number(row, "regime_ns", 300);
                lb_row_text(row, "baseline", k ? s->sides[0].layout : "");
                lb_row_number(row, "diff_ns", k ? 74 : (double)NAN);
                lb_row_int(row, "pairs", k ? s->rounds : 0);
                lb_row_text(row, "verdict", k ? "slower" : "");
            }
            assert_int_equal(lb_csv_append(csv, row, &why), 0);
        }
    lb_row_destroy(row);
    lb_csv_close(csv);
}

static struct lb_explanations *explain(const struct scene *s)
{
    const struct lb_explain_request request = {
        .dir = folder, .layout = s->sides[1].layout, .work_ns = (double)NAN};
    struct lb_explanations *x;
    struct lb_why why = {""};

    write_rows(s, &lb_schema_samples);
    write_rows(s, &lb_schema_summary);
    int err = lb_explain_create(&request, &why, &x);
    if (err)
        print_error("%s\n", why.text);
    assert_int_equal(err, 0);
    assert_int_equal(x->n, 1);
    return x;
}

static bool near_to(double value, double expected)
{
    return fabs(value - expected) < 0.01;
}

/* A lock among the fields: 0.6 of the ops load the line again and upgrade it,
 * for 120 ns. */
static const struct scene embedded = {
    "observer",
    "lock",
    "400",
    {{"pointer", "rwsem40", 30, 2, 0, 0, 0, 0}, {"embedded", "rwsem40", 29, 74, 3, 0.6, 0, 0}},
    20,
    100,
    false,
    0};

static void test_lines(void **state)
{
    struct lb_explanations *x = explain(&embedded);
    const struct lb_explanation *e = x->items;

    (void)state;
    assert_int_equal(x->handover, LB_HANDOVER_MIGRATORY);
    assert_true(near_to(e->total.value, 74) && near_to(e->waits.value, 72));
    assert_true(near_to(e->waits_model_ns, 72));
    assert_true(e->is_explained && near_to(e->rest.value, 3));
    assert_true(near_to(e->explained.value, 1 - 3 / 74.0));
    assert_int_equal(e->n_parts, 2);
    assert_int_equal(e->parts[0].kind, LB_EXPLAIN_LINES);
    assert_non_null(strstr(e->parts[0].what, "line of count, owner beside "));
    assert_true(near_to(e->parts[0].ns.value, 72) && near_to(e->parts[0].model_ns, 72));
    assert_int_equal(e->parts[1].kind, LB_EXPLAIN_OWN);
    assert_string_equal(e->parts[1].what, "own work: pointer chase");
    assert_true(near_to(e->parts[1].ns.value, -1));
    lb_explain_destroy(x);
}

/* What timed ops waited is ns_op itself where all are timed: lines get what
 * they cost. */
static void test_paced_roles_get_no_more_than_lines_cost(void **state)
{
    struct scene s = embedded;

    (void)state;
    s.sides[1].slow = 0.55;
    struct lb_explanations *x = explain(&s);
    assert_true(x->items->is_explained && near_to(x->items->parts[0].ns.value, 66));
    assert_true(near_to(x->items->rest.value, 9)); /* 6 of the waits too */
    lb_explain_destroy(x);
}

/* Timed ops come late, and find a line away more often than others: 40 ns of theirs, in a period of
 * 271, are 37 of an op. */
static void test_lines_of_ops_that_are_not_timed(void **state)
{
    const struct scene s = {
        "neighbours",
        "all",
        "",
        {{"embedded", "rwsem40", 29, 2, 0, 0, 0, 0}, {"pointer", "rwsem40", 29, 42, 0, 0.42, 0, 0}},
        20,
        100,
        false,
        0};
    double q = 1 - 200 / (6 * 271.0), timed = 1 - 160 * 160 * 160 / (6 * 200 * 200 * 271.0);
    struct lb_explanations *x = explain(&s);

    (void)state;
    assert_true(near_to(x->items->waits.value, 40));
    assert_true(near_to(x->items->parts[0].ns.value, 40 * q / timed));
    assert_true(near_to(x->items->rest.value, 40 - 40 * q / timed));
    lb_explain_destroy(x);
}

/* The same waits are none of that line's where it costs so little that it
 * cannot be. */
static void test_waits_that_lines_do_not_account_for(void **state)
{
    struct scene s = embedded;

    (void)state;
    s.sides[1].slow = 0.2;
    struct lb_explanations *x = explain(&s);
    assert_false(x->items->is_explained);
    assert_non_null(strstr(x->items->why_not, "waited +72.0 ns longer, of which lines that "
                                              "threads share account for +24.0"));
    for (size_t i = 0; i < x->items->n_parts; i++)
        assert_int_not_equal(x->items->parts[i].kind, LB_EXPLAIN_LINES);
    lb_explain_destroy(x);
}

/* 20 ns of 93 that nobody has seen. */
static void test_too_much_is_left(void **state)
{
    struct scene s = embedded;

    (void)state;
    s.sides[1].rest = 22;
    struct lb_explanations *x = explain(&s);
    assert_false(x->items->is_explained);
    assert_true(near_to(x->items->rest.value, 22) && x->items->explained.value < 0.8);
    lb_explain_destroy(x);
}

/* As much is left in every other round as is explained in the others: on
 * average nothing. */
static void test_noise_is_no_explanation(void **state)
{
    struct scene s = embedded;

    (void)state;
    s.scenario = "many";
    s.role = "all";
    s.every = "";
    s.sides[1] = (struct side){"embedded", "rwsem40", 30, 12, 0, 0, 0, 0};
    s.swing = 12;
    s.rounds = 18; /* as many up as down */
    struct lb_explanations *x = explain(&s);
    assert_true(x->items->explained.value > 0.8);
    assert_false(x->items->is_explained);
    assert_non_null(strstr(x->items->why_not, "too few rounds, or too noisy"));
    lb_explain_destroy(x);
}

/* The layouts that suite causes adds are known by their names. */
static void test_layouts_of_the_chain(void **state)
{
    struct scene s = {
        "neighbours",
        "all",
        "",
        {{"pointer", "rwsem40", 30, 63, 0, 0.5, 0, 0}, {"chase256", "rwsem40", 30, 2, 0, 0, 0, 0}},
        20,
        100,
        false,
        0};
    struct lb_explanations *x = explain(&s);

    (void)state;
    assert_true(x->items->is_explained);
    assert_string_equal(x->items->parts[0].what, "line of count, owner");
    assert_true(near_to(x->items->parts[0].model_ns, -50));
    lb_explain_destroy(x);
}

static void test_small_and_no_difference(void **state)
{
    struct scene s = embedded;
    struct lb_explanations *x;

    (void)state;
    s.sides[1] = (struct side){"embedded", "rwsem40", 30, 6, 0, 0.03, 0, 0};
    x = explain(&s);
    assert_false(x->items->is_explained);
    assert_non_null(strstr(x->items->why_not, "under 5 ns"));
    lb_explain_destroy(x);
    s.sides[1] = (struct side){"embedded", "rwsem40", 30, 2, 0, 0, 0, 0};
    x = explain(&s);
    assert_false(x->items->is_explained);
    assert_non_null(strstr(x->items->why_not, "holds 0"));
    lb_explain_destroy(x);
}

/* Where ops wait for one another's locks, geometry has no say. */
static void test_nested_is_not_explained(void **state)
{
    struct scene s = embedded;

    (void)state;
    s.scenario = "nested";
    s.role = "all";
    s.every = "";
    struct lb_explanations *x = explain(&s);
    assert_false(x->items->is_explained);
    assert_true(isnan(x->items->waits_model_ns));
    assert_non_null(strstr(x->items->why_not, "geometry does not say for what"));
    lb_explain_destroy(x);
}

/* Where sleeping is the subject, what is slept and what is spun are parts of
 * what was waited. */
static void test_sleep_and_spinning(void **state)
{
    struct scene s = embedded;

    (void)state;
    s.scenario = "writers";
    s.role = "all";
    s.every = "";
    s.sides[0] = (struct side){"pointer", "rwsem40", 30, 100, 0, 0, 40, 1};
    s.sides[1] = (struct side){"embedded", "rwsem40", 30, 400, 2, 0, 240, 2};
    struct lb_explanations *x = explain(&s);
    const struct lb_explanation *e = x->items;
    assert_true(e->is_explained && near_to(e->total.value, 302) && near_to(e->rest.value, 2));
    assert_int_equal(e->n_parts, 3);
    assert_int_equal(e->parts[0].kind, LB_EXPLAIN_SPINNING);
    assert_true(near_to(e->parts[0].ns.value, 100));
    assert_non_null(strstr(e->parts[0].what, "(+1 spins an op)"));
    assert_int_equal(e->parts[2].kind, LB_EXPLAIN_ASLEEP);
    assert_true(near_to(e->parts[2].ns.value, 200));
    lb_explain_destroy(x);
}

static void check_page(const char *const *says, const char *says_not)
{
    struct lb_why why = {""};

    if (lb_page_write(folder, NULL, &why))
        fail_msg("%s", why.text);
    char *text = read_text(in_folder("index.html"));
    for (; *says; says++)
        if (!strstr(text, *says))
            fail_msg("the page does not say '%s'", *says);
    assert_null(strstr(text, says_not));
    free(text);
}

/* On the page it stands as here: the answer's difference, and its parts. */
static void test_page(void **state)
{
    static const char *const parts[] = {
        "<h2>What the differences are made of</h2>",
        "handed over migratorily: a load takes a modified line away.",
        "<th scope=\"row\">embedded, observer: lock</th><td data-n=\"ns an op\">+74.0 ",
        "<td data-n=\"lines\">+72.0</td><td data-n=\"the op by itself\">-1.0</td>",
        "<td data-n=\"explained\">96 % ",
        "<h3>embedded, observer: lock: +74.0 ns an op against pointer</h3>",
        "<th scope=\"row\">line of count, owner beside ",
        "<td data-n=\"model\">+72.0</td>",
        NULL};
    static const char *const too_little[] = {
        "<td class=\"t open\" colspan=\"5\">not explained by this: ", NULL};
    static const char *const none[] = {"All numbers", NULL};
    struct scene s = embedded;

    (void)state;
    lb_explain_destroy(explain(&s));
    check_page(parts, "not explained by this");
    s.sides[1].rest = 22;
    lb_explain_destroy(explain(&s));
    check_page(too_little, "line of count");
    s.without_wait = true; /* nothing was timed: nothing to say, and no error */
    write_rows(&s, &lb_schema_samples);
    check_page(none, "made of");
}

static void test_refusals(void **state)
{
    struct lb_explain_request request = {.dir = folder, .work_ns = (double)NAN};
    struct lb_explanations *x = NULL;
    struct scene s = embedded;
    struct lb_why why = {""};

    (void)state;
    s.rounds = 5;
    write_rows(&s, &lb_schema_samples);
    write_rows(&s, &lb_schema_summary);
    assert_int_equal(lb_explain_create(&request, &why, &x), -ENODATA);
    assert_non_null(strstr(why.text, "in 6 rounds or more"));
    s = embedded;
    s.without_wait = true;
    write_rows(&s, &lb_schema_samples);
    assert_int_equal(lb_explain_create(&request, &why, &x), -ENODATA);
    assert_non_null(strstr(why.text, "wait_ns_op"));
    unlink(in_folder("samples.csv"));
    assert_int_equal(lb_explain_create(&request, &why, &x), -ENOENT);
    assert_null(x);
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_lines),
        IN_FOLDER(test_lines_of_ops_that_are_not_timed),
        IN_FOLDER(test_paced_roles_get_no_more_than_lines_cost),
        IN_FOLDER(test_waits_that_lines_do_not_account_for),
        IN_FOLDER(test_too_much_is_left),
        IN_FOLDER(test_noise_is_no_explanation),
        IN_FOLDER(test_layouts_of_the_chain),
        IN_FOLDER(test_small_and_no_difference),
        IN_FOLDER(test_nested_is_not_explained),
        IN_FOLDER(test_sleep_and_spinning),
        IN_FOLDER(test_page),
        IN_FOLDER(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
