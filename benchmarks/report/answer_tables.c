/* SPDX-License-Identifier: MIT
 *
 * The tables behind an answer: one for each scenario, placement and pause.
 */
#include "answer_view.h"

#include "labels.h"

#include <linebounce/expected.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#define NAME 21
#define ROLE 8

static bool is_beside(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return a->suite == b->suite && a->threads == b->threads && a->work_ns == b->work_ns &&
           a->regime == b->regime && !strcmp(a->scenario_name, b->scenario_name) &&
           !strcmp(a->placement, b->placement) && !strcmp(a->home, b->home) &&
           !strcmp(a->writers, b->writers) && !strcmp(a->access, b->access) &&
           (a->objects == b->objects || (isnan(a->objects) && isnan(b->objects)));
}

static bool is_chosen(const struct lb_found_cell *c, const struct answer_choice *choice)
{
    return c->subject && c->measured && (!choice->saturated || c->work_ns == 0) &&
           (choice->saturated || choice->why || choice->scenario || c->work_ns > 0) &&
           c->main_regime != choice->far &&
           (!choice->scenario || !strcmp(choice->scenario, c->scenario_name));
}

static void head(FILE *out, const struct lb_found_cell *c)
{
    char text[400];
    struct lb_canvas t = {text, sizeof text, 0};
    struct look look = {.columns = LOOK_WIDE};

    lb_canvas_put(&t, "%s: %d thread%s, %s", c->scenario_name, c->threads,
                  c->threads == 1 ? "" : "s", c->placement);
    if (strcmp(c->home, "local") != 0 && *c->home)
        lb_canvas_put(&t, ", %s memory", c->home);
    if (isfinite(c->regime_ns))
        lb_canvas_put(&t, ", round trip %.0f ns", c->regime_ns);
    if (isfinite(c->objects))
        lb_canvas_put(&t, ", %.0f objects", c->objects);
    if (c->work_ns > 0)
        lb_canvas_put(&t, ", %g ns of work", c->work_ns);
    else
        lb_canvas_put(&t, ", saturated");
    fputc('\n', out);
    look_text(out, &look, "", 2, text);
}

static void names(FILE *out, const struct lb_found *f, const struct lb_found_cell *c)
{
    bool first =
        !strcmp(c->role, "all") || (c->scenario && !strcmp(c->role, c->scenario->roles[0].name));

    fprintf(out, "%-*.*s %-*.*s", NAME, NAME,
            !first || c->layout < 0 ? "" : f->layouts[c->layout].name, ROLE, ROLE,
            strcmp(c->role, "all") != 0 ? c->role : "");
}

static void row(FILE *out, const struct lb_found *f, const struct lb_found_cell *c)
{
    char text[INTERVAL_BYTES];

    names(out, f, c);
    interval_text(digits_of(c->net, false), c->net, c->net_lo, c->net_hi, text);
    fprintf(out, " %-20s", text);
    if (c->compared)
        snprintf(text, sizeof text, "%.2f", c->ratio);
    else
        snprintf(text, sizeof text, "%s", *c->base ? "-" : "1");
    fprintf(out, " %-5s", text);
    text[0] = '\0';
    if (c->compared)
        interval_text(digits_of(c->diff, true), c->diff, c->diff_lo, c->diff_hi, text);
    fprintf(out, " %-23s %s%s\n", text, c->unfair ? "unfair: " : "",
            !*c->base      ? "(baseline)"
            : !c->compared ? "no pairs"
                           : lb_verdict_name(c->verdict));
}

static void table(FILE *out, const struct lb_found *f, size_t first,
                  const struct answer_choice *choice)
{
    const struct lb_found_cell *like = &f->cells[first];

    head(out, like);
    fprintf(out, "%-*s %-*s %-20s %-5s %-23s %s\n", NAME, "layout", ROLE, "", "net ns/op [95 %]",
            "ratio", "difference ns [95 %]", "verdict");
    for (size_t i = first; i < f->n_cells; i++)
        if (is_chosen(&f->cells[i], choice) && is_beside(&f->cells[i], like))
            row(out, f, &f->cells[i]);
}

/* Where the time goes ----------------------------------------------------------------------------
 */

static const struct {
    const char *column, *title;
    double factor;
    int digits;
    const char *unit;
} whys[] = {
    {"latency_p50_ns", "p50 ns", 1, 0, ""},    {"latency_p99_ns", "p99 ns", 1, 0, ""},
    {"slow_ops_per_kop", "slow/k", 1, 1, ""},  {"off_cpu_share_median", "off CPU", 100, 1, " %"},
    {"sleeps_per_kop", "sleep/k", 1, 1, ""},   {"retries_per_kop", "retry/k", 1, 1, ""},
    {"fallbacks_per_kop", "fall/k", 1, 1, ""}, {"hitm_local_per_op", "hitm/op", 1, 2, ""},
};
#define WHY 7

static void why_row(FILE *out, const struct lb_found *f, const struct lb_found_cell *c,
                    const struct lb_csv_reader *csv)
{
    char text[32];

    names(out, f, c);
    for (size_t i = 0; i < LB_COUNT(whys); i++) {
        double value = lb_csv_number(csv, whys[i].column) * whys[i].factor;
        if (isfinite(value))
            snprintf(text, sizeof text, "%.*f%s", whys[i].digits, value, whys[i].unit);
        else
            snprintf(text, sizeof text, "-");
        fprintf(out, " %*s", WHY, text);
    }
    fputc('\n', out);
}

/* Below it what was counted, where a model expects something of that. */
static void expected_row(FILE *out, const struct lb_csv_reader *csv)
{
    char text[1024] = "";
    struct lb_counted k;
    size_t at = 0, used = 0;
    bool missed = false;

    while (used < sizeof text && lb_counted_next(csv, &at, &k)) {
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "%s%s expected %.2f (model), counted %.2f", used ? "; " : "",
                                 k.event, k.expected, k.counted);
        missed |= k.missed;
    }
    if (used && used < sizeof text && missed)
        snprintf(text + used, sizeof text - used, "; lines found modified are over %.0f %% off",
                 100 * LB_EXPECTED_APART);
    if (used) {
        fputs("    ", out);
        wrap_print(text, 4, 6, WRAP_COLUMNS, out);
    }
}

static void why_head(FILE *out, const struct lb_found_cell *c)
{
    head(out, c);
    fprintf(out, "%-*s %-*s", NAME, "layout", ROLE, "");
    for (size_t i = 0; i < LB_COUNT(whys); i++)
        fprintf(out, " %*s", WHY, whys[i].title);
    fputc('\n', out);
}

struct why_tables {
    FILE *out;
    const struct lb_found *found;
    const struct answer_choice *choice;
    const struct lb_found_cell *last;
    size_t i; /* of the row */
};

/* Rows stand in the order of the cells: what is measured of cell i is in row i. */
static int take_row(const struct lb_csv_reader *csv, void *tables)
{
    struct why_tables *t = tables;
    const struct lb_found_cell *c = &t->found->cells[t->i++];

    if (is_chosen(c, t->choice)) {
        if (!t->last || !is_beside(t->last, c))
            why_head(t->out, c);
        why_row(t->out, t->found, c, csv);
        expected_row(t->out, csv);
        t->last = c;
    }
    return t->i == t->found->n_cells;
}

static bool is_printed(const struct lb_found *f, size_t at, const struct answer_choice *choice)
{
    for (size_t i = 0; i < at; i++)
        if (is_chosen(&f->cells[i], choice) && is_beside(&f->cells[i], &f->cells[at]))
            return true;
    return false;
}

int answer_tables(FILE *out, const struct lb_found *f, const struct answer_choice *choice,
                  struct lb_why *why)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n_cells; i++)
        n += is_chosen(&f->cells[i], choice);
    if (!n)
        return lb_fail(why, ENOENT, "%s: holds nothing of that%s%s", f->dir,
                       choice->scenario ? ": " : "", choice->scenario ? choice->scenario : "");
    if (choice->why) {
        struct why_tables t = {out, f, choice, NULL, 0};
        int err = lb_csv_each(f->dir, "summary.csv", NULL, why, take_row, &t);
        return err < 0 ? err : 0;
    }
    for (size_t i = 0; i < f->n_cells; i++)
        if (is_chosen(&f->cells[i], choice) && !is_printed(f, i, choice))
            table(out, f, i, choice);
    return 0;
}
