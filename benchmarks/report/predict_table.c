/* SPDX-License-Identifier: MIT
 *
 * What the model says, and how far it can be trusted.
 */
#include "predict_table.h"

#include "look.h"

#include <linebounce/record.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows for programs ------------------------------------------------------------------------------
 */

struct field {
    const char *name;
    const char *text; /* NULL: the number */
    double number;
};
struct rows {
    FILE *out;
    struct lb_json *json; /* NULL: CSV */
    bool begun;
};

static int begin_rows(FILE *out, enum predict_format format, struct rows *rows)
{
    *rows = (struct rows){.out = out};
    return format == PREDICT_JSON ? lb_json_create(&rows->json) : 0;
}

static void put_csv(struct rows *rows, const struct field *fields, size_t n)
{
    for (size_t i = 0; !rows->begun && i < n; i++)
        fprintf(rows->out, "%s%s", i ? "," : "", fields[i].name);
    if (!rows->begun)
        fputc('\n', rows->out);
    rows->begun = true;
    for (size_t i = 0; i < n; i++) {
        fputs(i ? "," : "", rows->out);
        if (fields[i].text)
            fputs(fields[i].text, rows->out);
        else if (isfinite(fields[i].number))
            fprintf(rows->out, "%.6g", fields[i].number);
    }
    fputc('\n', rows->out);
}

static int put_row(struct rows *rows, const struct field *fields, size_t n)
{
    char path[64];
    int err;

    if (!rows->json) {
        put_csv(rows, fields, n);
        return 0;
    }
    err = lb_json_push_object(rows->json, "cells");
    for (size_t i = 0; !err && i < n; i++) {
        snprintf(path, sizeof path, "cells.%s", fields[i].name);
        err = fields[i].text ? lb_json_text(rows->json, path, fields[i].text)
                             : lb_json_number(rows->json, path, fields[i].number);
    }
    return err;
}

static int end_rows(struct rows *rows, int err)
{
    if (rows->json && !err)
        err = lb_json_print(rows->json, rows->out);
    lb_json_destroy(rows->json);
    return err;
}

#define TEXT(NAME, VALUE)   ((struct field){NAME, VALUE, 0})
#define NUMBER(NAME, VALUE) ((struct field){NAME, NULL, VALUE})

/* Text -------------------------------------------------------------------------------------------
 */

#define NAME_COLUMNS 22
#define CELL_COLUMNS 18

static void say(FILE *out, const char *text)
{
    wrap_print(text, 0, 0, WRAP_COLUMNS, out);
}

static const char *handed(enum lb_handover handover)
{
    return handover == LB_HANDOVER_MIGRATORY ? "a load takes a modified line away (migratory)"
                                             : "a load shares a modified line (plain)";
}

/* Of two threads. */
static void say_error(FILE *out)
{
    say(out, "A model of cache lines, not a measurement. " LB_PREDICT_ERROR);
}

static void say_costs(FILE *out, const struct lb_line_costs *c)
{
    char text[420], claim[80] = "";

    if (c->handover == LB_HANDOVER_MIGRATORY)
        snprintf(claim, sizeof claim, ", a change behind a load of its line %g more (fitted)",
                 LB_PREDICT_CLAIM_NS);
    snprintf(text, sizeof text,
             "A fetch costs %.1f ns, an upgrade %.1f, a lock %.1f in its own cache beside its "
             "locked changes of %.1f each (assumed)%s; %s.",
             c->fetch_ns, isnan(c->upgrade_ns) ? c->fetch_ns : c->upgrade_ns, c->own_ns,
             lb_model_usual.locked_ns, claim, handed(c->handover));
    say(out, text);
}

/* A table of layouts by scenarios and roles: where each cell of the items belongs. */
struct place {
    const char *layout, *lock, *scenario, *role;
};

static bool is_role(const struct place *a, const struct place *b)
{
    return !strcmp(a->scenario, b->scenario) && !strcmp(a->role, b->role);
}

static bool is_layout(const struct place *a, const struct place *b)
{
    return !strcmp(a->layout, b->layout) && !strcmp(a->lock, b->lock);
}

/* Whether none before it is in the same column (row). */
static bool is_first(const struct place *places, size_t at,
                     bool (*same)(const struct place *, const struct place *))
{
    for (size_t i = 0; i < at; i++)
        if (same(&places[i], &places[at]))
            return false;
    return true;
}

#define COLUMNS_MOST 4 /* that fit into a line */

static void print_heads(FILE *out, const struct place *const *heads, size_t n)
{
    fprintf(out, "%-*s", NAME_COLUMNS, "layout");
    for (size_t i = 0; i < n; i++) {
        bool all = !strcmp(heads[i]->role, "all");
        char head[64];
        snprintf(head, sizeof head, "%s%s%s", heads[i]->scenario, all ? "" : " ",
                 all ? "" : heads[i]->role);
        fprintf(out, " %*.*s", CELL_COLUMNS - 1, CELL_COLUMNS, head);
    }
    fputc('\n', out);
}

static void print_line(FILE *out, const struct place *places, char (*cells)[CELL_COLUMNS],
                       size_t n_cells, size_t row, const struct place *const *heads, size_t n)
{
    fprintf(out, "%-*.*s", NAME_COLUMNS, NAME_COLUMNS, places[row].layout);
    for (size_t k = 0; k < n; k++) {
        const char *cell = "";
        for (size_t i = 0; i < n_cells; i++)
            if (is_layout(&places[i], &places[row]) && is_role(&places[i], heads[k]))
                cell = cells[i];
        fprintf(out, " %*s", CELL_COLUMNS - 1, cell);
    }
    fputc('\n', out);
}

static void print_grid(FILE *out, const struct place *places, char (*cells)[CELL_COLUMNS], size_t n)
{
    for (size_t from = 0; from < n;) {
        const struct place *heads[COLUMNS_MOST];
        size_t columns = 0;
        for (; from < n && columns < COLUMNS_MOST; from++)
            if (is_first(places, from, is_role))
                heads[columns++] = &places[from];
        if (!columns)
            break;
        print_heads(out, heads, columns);
        for (size_t row = 0; row < n; row++)
            if (is_first(places, row, is_layout))
                print_line(out, places, cells, n, row, heads, columns);
    }
}

/* A folder ---------------------------------------------------------------------------------------
 */

static int folder_rows(FILE *out, enum predict_format format, const struct lb_predictions *p)
{
    struct rows rows;
    int err = begin_rows(out, format, &rows);

    for (size_t i = 0; !err && i < p->n; i++) {
        const struct lb_prediction *c = &p->items[i];
        const struct field fields[] = {
            TEXT("scenario", c->scenario),
            TEXT("layout", c->layout),
            TEXT("lock", c->lock),
            TEXT("placement", c->placement),
            TEXT("home", c->home),
            TEXT("role", c->role),
            NUMBER("work_ns", c->work_ns),
            NUMBER("every_ns", c->every_ns),
            NUMBER("regime", c->regime),
            NUMBER("regime_ns", c->round_trip_ns),
            TEXT("quantity", c->waits ? "wait_ns_op" : "net_ns_op"),
            NUMBER("model_ns", c->model_ns),
            NUMBER("measured_ns", c->measured_ns),
            TEXT("handover", lb_handover_name(c->costs.handover)),
            NUMBER("fetch_ns", c->costs.fetch_ns),
            NUMBER("upgrade_ns", c->costs.upgrade_ns),
            NUMBER("own_ns", c->costs.own_ns),
        };
        err = put_row(&rows, fields, LB_COUNT(fields));
    }
    return end_rows(&rows, err);
}

static bool is_table(const struct lb_prediction *a, const struct lb_prediction *b)
{
    return !strcmp(a->placement, b->placement) && !strcmp(a->home, b->home) &&
           a->regime == b->regime && fabs(a->work_ns - b->work_ns) < 1e-6;
}

static void say_table(FILE *out, const struct lb_prediction *p)
{
    fprintf(out, "\n%s, %.0f ns of work", p->placement, p->work_ns);
    if (strcmp(p->home, "local") != 0)
        fprintf(out, ", memory %s", p->home);
    if (isfinite(p->round_trip_ns))
        fprintf(out, ", a line's round trip %.0f ns", p->round_trip_ns);
    fputs("; model / measured, ns an op\n", out);
    say_costs(out, &p->costs);
}

static void put_cell(const struct lb_prediction *p, char cell[CELL_COLUMNS])
{
    if (isnan(p->measured_ns))
        snprintf(cell, CELL_COLUMNS, "%.1f / -", p->model_ns);
    else
        snprintf(cell, CELL_COLUMNS, "%.1f / %.1f", p->model_ns, p->measured_ns);
}

static int folder_text(FILE *out, const struct lb_predictions *p)
{
    struct place *places = calloc(p->n + 1, sizeof *places);
    char(*cells)[CELL_COLUMNS] = calloc(p->n + 1, sizeof *cells);
    bool paced = false;

    if (places && cells)
        say_error(out);
    for (size_t from = 0; places && cells && from < p->n; from++) {
        bool told = false;
        size_t n = 0;
        for (size_t i = 0; i < from; i++)
            told |= is_table(&p->items[i], &p->items[from]);
        for (size_t i = from; !told && i < p->n; i++) {
            const struct lb_prediction *c = &p->items[i];
            if (!is_table(c, &p->items[from]))
                continue;
            put_cell(c, cells[n]);
            places[n++] = (struct place){c->layout, c->lock, c->scenario, c->role};
            paced |= c->waits;
        }
        if (n) {
            say_table(out, &p->items[from]);
            print_grid(out, places, cells, n);
        }
    }
    if (paced)
        say(out, "Of ops that begin by the clock (observer) what they waited is compared, of "
                 "others what an op takes beyond the harness.");
    bool whole = places && cells;
    free(places);
    free(cells);
    return whole ? 0 : -ENOMEM;
}

int predict_print_folder(FILE *out, enum predict_format format, const struct lb_predictions *p)
{
    return format == PREDICT_TEXT ? folder_text(out, p) : folder_rows(out, format, p);
}

/* Two threads ------------------------------------------------------------------------------------
 */

static int pair_rows(FILE *out, enum predict_format format, const struct predict_pairs *p)
{
    struct rows rows;
    int err = begin_rows(out, format, &rows);

    for (size_t i = 0; !err && i < p->n; i++) {
        const struct lb_workload *s = &p->items[i].shape;
        for (int role = 0; !err && role < s->scenario->n_roles; role++) {
            const struct field fields[] = {
                TEXT("scenario", s->scenario->name),
                TEXT("layout", s->layout ? s->layout->name : ""),
                TEXT("lock", lb_lock_info(s->lock)->name),
                TEXT("role", s->scenario->roles[role].name),
                NUMBER("threads", 2),
                NUMBER("work_ns", p->think_ns),
                NUMBER("held_ns", p->held_ns),
                NUMBER("model_ns", p->items[i].predicted.op_ns[role]),
                NUMBER("model_wait_ns", p->items[i].predicted.wait_ns[role]),
                TEXT("handover", lb_handover_name(p->costs.handover)),
                NUMBER("fetch_ns", p->costs.fetch_ns),
                NUMBER("upgrade_ns", p->costs.upgrade_ns),
            };
            err = put_row(&rows, fields, LB_COUNT(fields));
        }
    }
    return end_rows(&rows, err);
}

static int pair_text(FILE *out, const struct predict_pairs *p)
{
    struct place *places = calloc(2 * p->n + 1, sizeof *places);
    char(*cells)[CELL_COLUMNS] = calloc(2 * p->n + 1, sizeof *cells);
    bool whole = places && cells;
    size_t n = 0;

    for (size_t i = 0; whole && i < p->n; i++) {
        const struct lb_workload *s = &p->items[i].shape;
        for (int role = 0; role < s->scenario->n_roles; role++, n++) {
            places[n] =
                (struct place){s->layout ? s->layout->name : "-", lb_lock_info(s->lock)->name,
                               s->scenario->name, s->scenario->roles[role].name};
            snprintf(cells[n], CELL_COLUMNS, "%.1f", p->items[i].predicted.op_ns[role]);
        }
    }
    if (whole) {
        say_error(out);
        say_costs(out, &p->costs);
        fprintf(out, "\n2 threads, %.0f ns between ops, locks held for %.0f; ns an op\n",
                p->think_ns, p->held_ns);
        print_grid(out, places, cells, n);
    }
    free(places);
    free(cells);
    return whole ? 0 : -ENOMEM;
}

int predict_print_pairs(FILE *out, enum predict_format format, const struct predict_pairs *p)
{
    return format == PREDICT_TEXT ? pair_text(out, p) : pair_rows(out, format, p);
}

/* More threads -----------------------------------------------------------------------------------
 */

/* What a case is held against: the baseline of its scenario and number of threads. */
static const struct predict_crowd *against(const struct predict_crowds *p,
                                           const struct predict_crowd *c)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct lb_workload *s = &p->items[i].shape;
        if (s->threads == c->shape.threads && s->scenario == c->shape.scenario &&
            s->lock == c->shape.lock && !strcmp(s->layout->name, p->baseline))
            return &p->items[i];
    }
    for (size_t i = 0; i < p->n; i++) {
        const struct lb_workload *s = &p->items[i].shape;
        if (s->threads == c->shape.threads && s->scenario == c->shape.scenario &&
            !strcmp(s->layout->name, p->baseline))
            return &p->items[i];
    }
    return NULL;
}

static void list_factors(const struct lb_bracket_comparison *c, const char *between, char *text,
                         size_t bytes)
{
    size_t used = 0;

    *text = '\0';
    for (size_t i = 0; i < c->n_factors && used < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? between : "",
                                 lb_bracket_factor_name(c->factors[i]));
}

static int crowd_row(struct rows *rows, const struct predict_crowds *p,
                     const struct predict_crowd *c, int role)
{
    const struct lb_workload *s = &c->shape;
    struct lb_bracket_comparison result;
    char factors[80];

    lb_bracket_compare(&c->bracket, &against(p, c)->bracket, role, &result);
    list_factors(&result, ";", factors, sizeof factors);
    const struct field fields[] = {
        TEXT("scenario", s->scenario->name),
        TEXT("layout", s->layout->name),
        TEXT("lock", lb_lock_info(s->lock)->name),
        TEXT("role", s->scenario->roles[role].name),
        NUMBER("threads", s->threads),
        NUMBER("work_ns", p->think_ns),
        NUMBER("held_ns", p->held_ns),
        TEXT("against", p->baseline),
        TEXT("verdict", lb_bracket_verdict_name(result.verdict)),
        NUMBER("ratio_least", result.least),
        NUMBER("ratio_most", result.most),
        TEXT("depends_on", factors),
    };
    return put_row(rows, fields, LB_COUNT(fields));
}

static int crowd_rows(FILE *out, enum predict_format format, const struct predict_crowds *p)
{
    struct rows rows;
    int err = begin_rows(out, format, &rows);

    for (size_t i = 0; !err && i < p->n; i++)
        for (int role = 0; !err && role < p->items[i].shape.scenario->n_roles; role++)
            if (against(p, &p->items[i]) != &p->items[i])
                err = crowd_row(&rows, p, &p->items[i], role);
    return end_rows(&rows, err);
}

static void say_matrix(FILE *out, const struct predict_crowds *p)
{
    const struct lb_matrix *m = p->matrix;
    char text[640];
    int used =
        snprintf(text, sizeof text, "%s: %zu CPUs, %s%s taken for %s (--latency %s if not); ",
                 p->path, m->n, m->triangle ? "a triangle, " : "", "its cells",
                 p->cell == LB_MATRIX_HALF ? "half of a round trip" : "whole round trips",
                 p->cell == LB_MATRIX_HALF ? "trip" : "half");

    for (size_t i = 0; i < m->n_classes && used < (int)sizeof text; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%.0f ns (%zu pairs)",
                         i ? ", " : "", m->class_ns[i], m->class_pairs[i]);
    if (used < (int)sizeof text)
        snprintf(text + used, sizeof text - (size_t)used,
                 ". Threads are on %s. A hand-over is taken to cost %g of that.",
                 !p->placement ? "CPUs in the order of the file"
                 : !strcmp(p->placement, "compact")
                     ? "CPUs as close together as the topology has them, siblings first"
                     : "CPUs as far apart as the topology has them, siblings last",
                 LB_BRACKET_SHARE);
    say(out, text);
}

static void crowd_line(FILE *out, const struct predict_crowds *p, const struct predict_crowd *c,
                       int role)
{
    struct lb_bracket_comparison r;
    char factors[80], what[120], range[40];

    lb_bracket_compare(&c->bracket, &against(p, c)->bracket, role, &r);
    list_factors(&r, ", ", factors, sizeof factors);
    if (r.verdict == LB_BRACKET_DEPENDS)
        snprintf(what, sizeof what, "depends on: %s", factors);
    else
        snprintf(what, sizeof what, "%s", lb_bracket_verdict_name(r.verdict));
    if (isfinite(r.most))
        snprintf(range, sizeof range, "x%.3g..x%.3g", r.least, r.most);
    else
        snprintf(range, sizeof range, "x%.3g..never", r.least);
    fprintf(out, "  %-*.*s %-16s %s\n", NAME_COLUMNS, NAME_COLUMNS, c->shape.layout->name, range,
            what);
}

static void crowd_text(FILE *out, const struct predict_crowds *p)
{
    const struct predict_crowd *last = NULL;

    say(out, "A model of cache lines, not a measurement. It is right about which fields share a "
             "line with what is written. Of more than two threads it knows neither which waiting "
             "core a machine serves next, nor how long a core keeps a line: a layout is slower, "
             "faster or the same where all 12 settings say so, never slower or faster where none "
             "says that, else what it depends on is named.");
    say_matrix(out, p);
    for (size_t i = 0; i < p->n; i++) {
        const struct predict_crowd *c = &p->items[i];
        const struct lb_scenario *s = c->shape.scenario;
        if (last && last->shape.scenario == s && last->shape.threads == c->shape.threads)
            continue;
        last = c;
        for (int role = 0; role < s->n_roles; role++) {
            fprintf(out,
                    "\n%s%s%s, %d threads, %.0f ns between ops, locks held for %.0f: time an "
                    "op against %s\n",
                    s->name, s->n_roles > 1 ? " " : "", s->n_roles > 1 ? s->roles[role].name : "",
                    c->shape.threads, p->think_ns, p->held_ns, p->baseline);
            for (size_t k = i; k < p->n && p->items[k].shape.scenario == s &&
                               p->items[k].shape.threads == c->shape.threads;
                 k++)
                if (against(p, &p->items[k]) != &p->items[k])
                    crowd_line(out, p, &p->items[k], role);
        }
    }
}

int predict_print_crowds(FILE *out, enum predict_format format, const struct predict_crowds *p)
{
    if (format != PREDICT_TEXT)
        return crowd_rows(out, format, p);
    crowd_text(out, p);
    return 0;
}
