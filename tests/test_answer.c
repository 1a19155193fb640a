/* SPDX-License-Identifier: MIT
 *
 * answer: where a lock lies by its offsets alone; what a folder's rows come to, with and without
 * run.json; what is written of it.
 */
#include <linebounce/answer.h>

#include "support/folder.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Where the lock lies -------------------------------------------------------------------------- */

static enum lb_lies lies_of(const char *text)
{
    const struct lb_layout *built_in;
    struct lb_layout own;

    if (!lb_layout_find(text, NULL, &built_in))
        return lb_layout_lies(built_in, built_in->lock);
    assert_int_equal(lb_layout_parse(text, NULL, &own), 0);
    return lb_layout_lies(&own, own.lock);
}

static void offsets_say_where_a_lock_lies(void **state)
{
    static const struct {
        const char *layout;
        enum lb_lies lies;
    } rows[] = {
        {"pointer", LB_LIES_APART},
        {"pointer-256", LB_LIES_APART},
        {"embedded-roaming", LB_LIES_AMONG},
        {"embedded", LB_LIES_AMONG},
        {"embedded-split", LB_LIES_AMONG},
        {"embedded-own-line", LB_LIES_LINE},
        {"padded", LB_LIES_LINE_PAIR},
        {"refcount", LB_LIES_COUNT},
        {"refcount-seq", LB_LIES_COUNT},
        {"a:size=256,align=64,lock=192", LB_LIES_LINE},
        {"b:size=256,align=64,lock=136", LB_LIES_LINE},
        {"c:size=384,align=128,lock=256", LB_LIES_LINE_PAIR},
        {"d:size=384,align=128,tail=96,lock=192", LB_LIES_LINE}, /* the tail is in its pair */
        {"e:size=256,align=8,lock=192", LB_LIES_AMONG}, /* the next object's head reaches it */
        {"f:size=256,align=64,slot=48,lockalign=64", LB_LIES_APART},
        {"g:size=256,align=64,lock=192,kind=refcount", LB_LIES_COUNT},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++)
        if (lies_of(rows[i].layout) != rows[i].lies)
            fail_msg("%s: %s", rows[i].layout, lb_lies_name(lies_of(rows[i].layout)));
}

/* Folders -------------------------------------------------------------------------------------- */

static struct lb_csv *summary;

static void begin_rows(void)
{
    assert_int_equal(lb_csv_create(&lb_schema_summary, in_folder("summary.csv"), NULL, &summary),
                     0);
}

/* One role of one case; verdict "" is a baseline, "none" a case without pairs. */
static void row(const char *scenario, const char *layout, double work, double diff,
                const char *verdict, int pairs)
{
    struct lb_row *r;

    assert_int_equal(lb_row_create(&lb_schema_summary, &r), 0);
    lb_row_text(r, "suite", "layouts");
    lb_row_text(r, "scenario", scenario);
    lb_row_text(r, "layout", layout);
    lb_row_text(r, "lock", "rwsem40");
    lb_row_text(r, "placement", "l3");
    lb_row_text(r, "distance", "l3");
    lb_row_text(r, "home", "local");
    lb_row_int(r, "threads", 2);
    lb_row_number(r, "work_ns", work);
    lb_row_text(r, "role", "all");
    lb_row_int(r, "regime", 0);
    lb_row_number(r, "regime_ns", 80);
    lb_row_int(r, "windows", 30);
    lb_row_number(r, "ns_op_median", 30);
    lb_row_number(r, "net_ns_op_hl", 30 + diff);
    lb_row_int(r, "pages_per_1000_objects", !strcmp(layout, "pointer") ? 54 : 64);
    if (*verdict && strcmp(verdict, "none") != 0) {
        lb_row_text(r, "baseline", "pointer");
        lb_row_int(r, "pairs", pairs);
        lb_row_number(r, "diff_ns", diff);
        lb_row_number(r, "diff_ns_ci95_lo", diff - 3);
        lb_row_number(r, "diff_ns_ci95_hi", diff + 3);
        lb_row_number(r, "margin_ns", 2);
        lb_row_text(r, "verdict", verdict);
        if (pairs < LB_FIRST_LOOK)
            lb_row_text(r, "note", "fewer than 20 pairs of windows");
    }
    assert_int_equal(lb_csv_append(summary, r, NULL), 0);
    lb_row_destroy(r);
}

static void write_record(const char *suite)
{
    FILE *out = fopen(in_folder("run.json"), "w");

    assert_non_null(out);
    fprintf(out,
            "{\"schema_version\": 3, \"machine\": {\"host\": \"rack7\"}, "
            "\"suites\": {\"layouts\": {%s}}}\n",
            suite);
    assert_int_equal(fclose(out), 0);
}

static struct lb_found *read_folder(void)
{
    struct lb_found *found = NULL;
    struct lb_why why = {""};

    lb_csv_close(summary);
    if (lb_found_read(folder, &why, &found))
        fail_msg("%s", why.text);
    return found;
}

static void a_cost_among_hot_fields_is_the_answer(void **state)
{
    struct lb_found *f;

    (void)state;
    begin_rows();
    row("observer", "pointer", 200, 0, "", 0);
    row("observer", "embedded", 200, 40, "slower", 30);
    row("observer", "embedded-own-line", 200, 0, "same", 30);
    row("neighbours", "pointer", 200, 0, "", 0);
    row("neighbours", "embedded", 200, -12, "faster", 30);
    row("neighbours", "embedded-own-line", 200, -9, "faster", 30);
    row("neighbours", "embedded", 0, 90, "slower", 30); /* saturated: not the headline */
    f = read_folder();
    assert_int_equal(f->n_groups, 2);
    assert_string_equal(f->suites[0].question, "May the lock move into the struct?");
    assert_string_equal(
        f->suites[0].answer,
        "Not among the hot fields: it costs up to 40 ns there; in a line of its own "
        "no cost was found");
    assert_int_equal(f->groups[0].tally.kind, LB_ANSWER_COSTS);
    assert_int_equal(f->groups[0].tally.faster, 1);
    assert_int_equal(f->groups[0].tally.slower, 1);
    assert_true(f->cells[f->groups[0].tally.worst].diff == 40);
    assert_int_equal(f->groups[1].tally.kind, LB_ANSWER_NOTHING);
    assert_true(f->groups[1].pages_hi == 64 && f->groups[1].pages_base == 54);
    assert_string_equal(f->suites[0].baseline, "pointer");
    assert_int_equal(f->suites[0].shown, 4);
    lb_found_destroy(f);
}

static void an_own_layout_stands_first_whatever_its_name(void **state)
{
    struct lb_found *f;

    (void)state;
    write_record(
        "\"layouts\": [{\"name\": \"pointer\", \"lock\": \"rwsem40\", \"lies\": \"apart\"},"
        "{\"name\": \"mine\", \"lock\": \"rwsem40\", \"lies\": \"among\", \"own\": true}]");
    begin_rows();
    row("observer", "pointer", 200, 0, "", 0);
    row("observer", "embedded-own-line", 200, 0, "same", 30);
    row("observer", "mine", 200, 40, "slower", 30);
    f = read_folder();
    assert_string_equal(f->host, "rack7");
    assert_int_equal(f->n_groups, 2);
    assert_string_equal(f->groups[0].name, "mine");
    assert_true(f->groups[0].own);
    assert_int_equal(f->groups[0].lies, LB_LIES_AMONG);
    assert_string_equal(f->suites[0].answer,
                        "Not as mine (among the hot fields): it costs up to 40 ns there; in a line "
                        "of its own no cost was found");
    lb_found_destroy(f);
}

static void what_is_undecided_is_counted_by_why(void **state)
{
    struct lb_found *f;

    (void)state;
    write_record("\"elapsed_s\": 80, \"not_measured\": [{\"scenario\": \"nested\", \"role\": "
                 "\"all\", \"layout\": \"embedded\", \"lock\": \"rwsem40\", \"placement\": \"l3\","
                 "\"work_ns\": 200, \"threads\": 2}]");
    begin_rows();
    row("observer", "pointer", 200, 0, "", 0);
    row("observer", "embedded", 200, 0, "unresolved", 15);
    row("neighbours", "pointer", 200, 0, "", 0);
    row("neighbours", "embedded", 200, 1, "unresolved", 30);
    row("nested", "pointer", 200, 0, "", 0);
    row("nested", "padded", 200, 0, "same", 30);
    row("same-object", "padded", 200, 0, "same", 30);
    row("same-object", "embedded", 200, 0, "none", 0);
    f = read_folder();
    assert_int_equal(f->suites[0].few, 2); /* one of them has no pair at all */
    assert_int_equal(f->suites[0].wide, 1);
    assert_int_equal(f->suites[0].not_measured, 1);
    assert_int_equal(f->suites[0].undecided, 4);
    assert_int_equal(f->suites[0].decidable, 1); /* 9 times the windows would be too many */
    assert_true(f->suites[0].budget_s == 210);   /* half of +-3 in (3 / 2)^2 times the rounds */
    assert_int_equal(f->groups[0].tally.kind, LB_ANSWER_UNDECIDED);
    lb_found_destroy(f);
}

static char *slurp(const char *name)
{
    char *text = NULL;
    size_t bytes;

    assert_int_equal(lb_read_regular(-100, in_folder(name), 0, NULL, &text, &bytes), 0);
    return text;
}

static void both_files_say_the_same(void **state)
{
    struct lb_found *f;
    struct lb_json *json;
    struct lb_why why = {""};
    char *csv;

    (void)state;
    write_record("\"question\": \"what?\"");
    begin_rows();
    row("observer", "pointer", 200, 0, "", 0);
    row("observer", "embedded", 200, 40, "slower", 30);
    row("observer", "padded", 200, 0, "unresolved", 15);
    f = read_folder();
    for (int again = 0; again < 2; again++)
        if (lb_found_write(f, &why))
            fail_msg("%s", why.text);
    lb_found_destroy(f);
    assert_int_equal(lb_json_load(in_folder("verdicts.json"), &why, &json), 0);
    assert_int_equal(lb_json_count_at(json, "cells"), 3);
    assert_string_equal(lb_json_text_at(json, "cells.1.verdict"), "slower");
    assert_true(lb_json_number_at(json, "cells.1.diff_ns") == 40);
    assert_string_equal(lb_json_text_at(json, "cells.2.why"), "fewer than 20 pairs of windows");
    assert_string_equal(lb_json_text_at(json, "answers.0.answer"), "COSTS");
    assert_string_equal(lb_json_text_at(json, "answers.0.worst.layout"), "embedded");
    assert_null(lb_json_text_at(json, "answers.1.worst.layout"));
    lb_json_destroy(json);
    csv = slurp("answer.csv");
    assert_memory_equal(csv, "schema_version,host,run,", 24);
    assert_non_null(strstr(csv, "3,rack7,lb-"));
    assert_non_null(strstr(csv, "observer,all,embedded,rwsem40,l3,2,200,80,70,40,37,43,slower,\n"));
    free(csv);
}

static void a_folder_without_a_run_is_refused(void **state)
{
    struct lb_found *f = NULL;
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_found_read(folder, &why, &f), -ENOENT);
    assert_non_null(strstr(why.text, "neither summary.csv nor run.json"));
    begin_rows();
    lb_csv_close(summary);
    assert_int_equal(lb_found_read(folder, &why, &f), -ENODATA);
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_say_where_a_lock_lies),
        cmocka_unit_test_setup_teardown(a_cost_among_hot_fields_is_the_answer, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(an_own_layout_stands_first_whatever_its_name, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_is_undecided_is_counted_by_why, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(both_files_say_the_same, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_folder_without_a_run_is_refused, make_folder,
                                        remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
