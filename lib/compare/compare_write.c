/* SPDX-License-Identifier: MIT
 *
 * The comparison as CSV.
 */
#include "compare_private.h"
#include "record/row.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define KEY_COLUMN(key, name, meaning) {name, "as in samples.csv"},
static const struct lb_column columns[] = {
    {"schema_version", "version of these columns"},
    LB_KEY_LIST(KEY_COLUMN)
    {"placement_b", "placement of B where cases were matched by distance"},
    {"sides", "which sides measured the case: ab, a or b"},
    {"reference", "1 for the loop of nothing, controls and anchors: shown, not judged"},
    {"windows_a", "good windows of A, all runs and regimes; of a summary, rounds"},
    {"windows_b", "the same of B"},
    {"spoiled_a", "spoiled windows of A"}, {"spoiled_b", "of B"},
    {"armed_a", "armed windows of A, left out"}, {"armed_b", "of B"},
    {"rate_a",
     "where the scenario is judged at equal rates: the role's ops a second where a clock paces it, "
     "else ops of the second role per 1000 of the first; mean over A's runs"},
    {"rate_b", "the same of B"},
    {"time_a_ns", "geometric mean over A's runs of the median ns_op in the regime compared"},
    {"time_b_ns", "the same of B"},
    {"time_runs_a", "runs of A that went in"}, {"time_runs_b", "of B"},
    {"time_rounds_a", "rounds of A that went in"}, {"time_rounds_b", "of B"},
    {"regime_a_ns", "median ping-pong round trip of what went in, A"}, {"regime_b_ns", "B"},
    {"time_ratio", "time_b_ns over time_a_ns"},
    {"time_ratio_ci95_lo", "lower end of its 95 % interval, by the spread of the runs' medians"},
    {"time_ratio_ci95_hi", "upper end"},
    {"time_margin_share", "share that a winner has to exceed"},
    {"time_p_holm", "p value beyond the margin, corrected for all cases that are judged (Holm)"},
    {"time_verdict", "faster, slower, same, not slower or unresolved: B against A"},
    {"time_unfair", "1 when the verdict rests on very unequal shares of ops"},
    {"time_note", "why there is no verdict"},
    {"base", "layout that the relative columns divide by, in the same round"},
    {"relative_a", "geometric mean over A's runs of the median ratio to base"},
    {"relative_b", "the same of B"},
    {"relative_runs_a", "runs of A that went in"}, {"relative_runs_b", "of B"},
    {"relative_rounds_a", "pairs of A that went in"}, {"relative_rounds_b", "of B"},
    {"relative_ratio", "relative_b over relative_a"},
    {"relative_ratio_ci95_lo", "lower end of its interval"},
    {"relative_ratio_ci95_hi", "upper end"},
    {"relative_p_holm",
     "p value beyond the margin, corrected for all cases that are judged (Holm)"},
    {"relative_verdict",
     "faster, slower, same, not slower or unresolved: B against A, beside the base"},
    {"relative_unfair", "1 when the verdict rests on very unequal shares of ops"},
    {"relative_note", "why there is no verdict"},
};
/* clang-format on */

const struct lb_schema lb_schema_comparison = {"compare.csv", columns, LB_COUNT(columns)};

/* A column's name of a measure and, where `side` is one, of that side. */
static const char *named(char name[64], const char *measure, const char *what, int side)
{
    snprintf(name, 64, "%s_%s%s", measure, what, side < 0 ? "" : side ? "_b" : "_a");
    return name;
}

static void put_contrast(struct lb_row *row, const char *m, const struct lb_contrast *x)
{
    char name[64];

    for (int side = 0; side < 2; side++) {
        lb_row_int(row, named(name, m, "runs", side), (int64_t)x->runs[side]);
        lb_row_int(row, named(name, m, "rounds", side), (int64_t)x->rounds[side]);
    }
    lb_row_number(row, named(name, m, "ratio", -1), x->ratio);
    lb_row_number(row, named(name, m, "ratio_ci95_lo", -1), x->lo);
    lb_row_number(row, named(name, m, "ratio_ci95_hi", -1), x->hi);
    lb_row_number(row, named(name, m, "p_holm", -1), x->p_holm);
    lb_row_int(row, named(name, m, "unfair", -1), x->unfair);
    lb_row_text(row, named(name, m, "note", -1), x->note);
    lb_row_text(row, named(name, m, "verdict", -1), lb_verdict_name(x->verdict));
}

static void put_case(const struct lb_compare *c, const struct lb_compare_case *k,
                     struct lb_row *row)
{
    static const char *const counts[] = {"windows", "spoiled", "armed"};
    const size_t *const values[] = {k->ok, k->spoiled, k->armed};
    char name[64];

    lb_row_clear(row);
    for (size_t i = 0; i < LB_KEYS; i++)
        lb_row_text(row, columns[i + 1].name, k->cells[i]);
    for (size_t i = 0; i < 2 * LB_COUNT(counts); i++)
        lb_row_int(row, named(name, counts[i / 2], i % 2 ? "b" : "a", -1),
                   (int64_t)values[i / 2][i % 2]);
    lb_row_text(row, "placement_b", k->placement_b);
    lb_row_text(row, "sides", lb_compare_sides(k));
    lb_row_int(row, "reference", k->reference);
    lb_row_number(row, "rate_a", k->rate[0]);
    lb_row_number(row, "rate_b", k->rate[1]);
    lb_row_number(row, "time_a_ns", k->time.side[0]);
    lb_row_number(row, "time_b_ns", k->time.side[1]);
    lb_row_number(row, "regime_a_ns", k->time.regime_ns[0]);
    lb_row_number(row, "regime_b_ns", k->time.regime_ns[1]);
    lb_row_number(row, "time_margin_share", k->time.margin);
    put_contrast(row, "time", &k->time);
    if (k->base < 0)
        return;
    lb_row_text(row, "base", c->cases[k->base].cells[LB_KEY_LAYOUT]);
    lb_row_number(row, "relative_a", k->relative.side[0]);
    lb_row_number(row, "relative_b", k->relative.side[1]);
    put_contrast(row, "relative", &k->relative);
}

/* A row, or without one the header. -ENOMEM also where a value found none. */
static int add_line(struct lb_grown *to, const struct lb_row *row)
{
    int err = row && !lb_row_is_whole(row) ? -ENOMEM : 0;

    for (size_t i = 0; !err && i < LB_COUNT(columns); i++)
        err = lb_csv_add_cell(to, row ? lb_row_cell(row, i) : columns[i].name,
                              i + 1 < LB_COUNT(columns) ? ',' : '\n');
    return err;
}

int lb_compare_csv(const struct lb_compare *c, char **text)
{
    struct lb_row *row = NULL;
    struct lb_grown all = {NULL, 0, 0};
    int err = lb_row_create(&lb_schema_comparison, &row);

    if (!err)
        err = add_line(&all, NULL);
    for (size_t i = 0; !err && i < c->n_cases; i++) {
        put_case(c, &c->cases[i], row);
        err = add_line(&all, row);
    }
    lb_row_destroy(row);
    if (err)
        free(all.text);
    else
        *text = all.text;
    return err;
}
