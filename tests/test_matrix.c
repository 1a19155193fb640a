/* SPDX-License-Identifier: MIT
 *
 * The matrix at the end of a sweep, from made-up verdicts at every distance.
 */
#include "report/answer_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lb_found_suite suite = {.name = "sweep"};
static struct lb_found_layout layouts[] = {
    {.name = "base"}, {.name = "first"}, {.name = "second"}, {.name = "third"}};

/* Of each layout a cell at every distance there is, with a pause and saturated. */
static const char *const distances[] = {"smt", "l3", "remote", "remote"};
static struct lb_found_cell cells[2 * LB_COUNT(layouts) * LB_COUNT(distances)];
static struct lb_found found = {.suites = &suite,
                                .n_suites = 1,
                                .layouts = layouts,
                                .n_layouts = LB_COUNT(layouts),
                                .cells = cells,
                                .n_cells = LB_COUNT(cells)};

static int make(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(cells); i++) {
        size_t d = i / 2 % LB_COUNT(distances);
        cells[i] = (struct lb_found_cell){
            .layout = (int)(i / 2 / LB_COUNT(distances)),
            .threads = d + 1 < LB_COUNT(distances) ? 2 : 8, /* the last are a crowd's */
            .work_ns = i % 2 ? 200 : 0,
        };
        strcpy(cells[i].distance, distances[d]);
    }
    return 0;
}

/* What a layout has at a distance ("": all; "crowd") is given that verdict. */
static void judge(int layout, const char *distance, enum lb_verdict verdict, double ns)
{
    for (size_t i = 0; i < LB_COUNT(cells); i++) {
        struct lb_found_cell *c = &cells[i];
        const char *of = c->threads > 2 ? "crowd" : c->distance;
        if (c->layout != layout || (*distance && strcmp(distance, of) != 0))
            continue;
        c->shown = c->compared = true;
        c->verdict = c->work_ns > 0 ? verdict : LB_VERDICT_SLOWER;
        c->diff = c->work_ns > 0 ? ns : 1000; /* saturated: not shown */
    }
}

/* The row of a layout, its blanks as one. */
static void assert_row(int layout, const char *expected)
{
    char *text = NULL, row[200] = "", *at;
    size_t bytes, n = 0;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    sweep_print_matrix(&found, out);
    fclose(out);
    for (at = strtok(text, "\n"); at; at = strtok(NULL, "\n"))
        if (strlen(at) > 2 &&
            !strncmp(at + 2, layouts[layout].name, strlen(layouts[layout].name)) &&
            at[2 + strlen(layouts[layout].name)] == ' ')
            for (char *p = at + 2; *p; p++)
                if (*p != ' ' || p[1] != ' ')
                    row[n++] = *p;
    assert_string_equal(row, expected);
    free(text);
}

static void test_cells(void **state)
{
    (void)state;
    judge(1, "", LB_VERDICT_SAME, 0);
    judge(2, "", LB_VERDICT_FASTER, -12.34);
    judge(3, "", LB_VERDICT_UNRESOLVED, 5);
    judge(3, "remote", LB_VERDICT_SLOWER, 54.54);
    judge(3, "crowd", LB_VERDICT_NOT_SLOWER, 0);
    assert_row(1, "first = = = =");
    assert_row(2, "second -12.3 -12.3 -12.3 -12.3");
    assert_row(3, "third ? ? +54.5! =");
    assert_row(0, ""); /* the baseline is compared to nothing */
}

/* A distance at which a layout was not measured, and one that no layout was measured at. */
static void test_what_is_missing(void **state)
{
    (void)state;
    judge(1, "smt", LB_VERDICT_SAME, 0);
    judge(2, "l3", LB_VERDICT_FASTER, -2);
    assert_row(1, "first = .");
    assert_row(2, "second . -2.0");
    strcpy(suite.name, "layouts");
    assert_row(1, "");
    strcpy(suite.name, "sweep");
}

/* An unfair verdict is none. */
static void test_what_is_unfair(void **state)
{
    (void)state;
    judge(1, "", LB_VERDICT_SLOWER, 9);
    judge(2, "", LB_VERDICT_FASTER, -2);
    for (size_t i = 0; i < LB_COUNT(cells); i++)
        cells[i].unfair = cells[i].layout == 1;
    assert_row(1, "first ? ? ? ?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_cells, make),
        cmocka_unit_test_setup(test_what_is_missing, make),
        cmocka_unit_test_setup(test_what_is_unfair, make),
    };

    return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
