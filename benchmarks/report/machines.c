/* SPDX-License-Identifier: MIT
 *
 * Layouts against machines, from what each run's folder says.
 */
#include "machines.h"

#include "look.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLUMNS 30
#define CELL_COLUMNS 10
#define RUNS_A_BLOCK ((WRAP_COLUMNS - NAME_COLUMNS - 2) / (CELL_COLUMNS + 1))

static void print_runs(struct lb_found *const *found, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct lb_found *f = found[i];
        char text[1024], shown[2048];
        int used = snprintf(text, sizeof text, "%s, %s: %s, %s", *f->host ? f->host : "(no host)",
                            lb_found_run(f), *f->cpu ? f->cpu : "processor not known",
                            *f->kernel ? f->kernel : "kernel not known");
        if (isfinite(f->near_ns))
            snprintf(text + used, sizeof text - (size_t)used,
                     f->far_ns > f->near_ns ? "; round trips of %.0f to %.0f ns"
                                            : "; round trip of %.0f ns",
                     f->near_ns, f->far_ns);
        lb_printable(text, shown, sizeof shown);
        wrap_print(shown, fprintf(out, "%4zu  ", i + 1), 6, WRAP_COLUMNS, out);
    }
}

static void print_cell(const struct lb_found *f, const struct lb_found_layout *l, FILE *out)
{
    char text[32] = ".";

    if (l && l->base && !l->tally.slower)
        snprintf(text, sizeof text, "base");
    else if (l && l->tally.worst >= 0)
        snprintf(text, sizeof text, "%+.1f!", f->cells[l->tally.worst].diff);
    else if (l && l->tally.kind == LB_ANSWER_UNDECIDED)
        snprintf(text, sizeof text, "?");
    else if (l)
        snprintf(text, sizeof text, "no cost");
    fprintf(out, " %*s", CELL_COLUMNS, text);
}

/* A layout's row in a block of runs. */
static void print_row(struct lb_found *const *found, size_t from, size_t to,
                      const struct lb_found_row *row, const char *name, FILE *out)
{
    char shown[LB_FOUND_NAME_BYTES];

    lb_printable(name, shown, sizeof shown);
    fprintf(out, "  %-*.*s", NAME_COLUMNS, NAME_COLUMNS, shown);
    for (size_t i = from; i < to; i++)
        print_cell(found[i], lb_found_layout_of(found[i], row), out);
    fputc('\n', out);
}

int machines_text(struct lb_found *const *found, size_t n, FILE *out)
{
    struct lb_found_row *rows;
    char name[2 * LB_FOUND_NAME_BYTES];
    size_t n_rows;
    int err = lb_found_together(found, n, &rows, &n_rows);

    if (err)
        return err;
    print_runs(found, n, out);
    for (size_t from = 0; from < n; from += RUNS_A_BLOCK) {
        size_t to = from + RUNS_A_BLOCK < n ? from + RUNS_A_BLOCK : n;
        fprintf(out, "\n  %-*s", NAME_COLUMNS, "layout: the largest cost, ns");
        for (size_t i = from; i < to; i++)
            fprintf(out, " %*zu", CELL_COLUMNS, i + 1);
        fputc('\n', out);
        for (size_t i = 0; i < n_rows; i++)
            print_row(found, from, to, &rows[i],
                      lb_found_row_name(rows, n_rows, i, name, sizeof name), out);
    }
    wrap_print("+54.5! costs up to that against the baseline; no cost: none found; ? undecided; "
               ". not measured. --format csv has verdicts and scenarios.",
               fprintf(out, "\n  "), 2, WRAP_COLUMNS, out);
    free(rows);
    return 0;
}

/* Quoted where a comma, a quote or a line's end stands in it; what a spreadsheet would run is kept
 * from it by an apostrophe, as in the other files. */
static void put_text(const char *text, FILE *out)
{
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;

    if (quoted)
        fputc('"', out);
    if (*text && strchr("=+-@\t\r", *text))
        fputc('\'', out);
    for (; *text; text++)
        fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
    if (quoted)
        fputc('"', out);
}

static void put_number(double value, FILE *out)
{
    if (isfinite(value))
        fprintf(out, ",%.6g", value);
    else
        fputc(',', out);
}

static void put_row(const struct lb_found *f, const struct lb_found_layout *l, FILE *out)
{
    const struct lb_found_tally *t = &l->tally;
    const struct lb_found_cell *worst = t->worst < 0 ? NULL : &f->cells[t->worst];
    const char *const texts[] = {f->host,
                                 lb_found_run(f),
                                 f->cpu,
                                 f->kernel,
                                 f->suites[l->suite].name,
                                 l->name,
                                 l->lock,
                                 l->base && !t->slower ? "baseline" : lb_found_kind_name(t->kind)};

    for (size_t i = 0; i < LB_COUNT(texts); i++) {
        if (i)
            fputc(',', out);
        put_text(texts[i], out);
    }
    fprintf(out, ",%d,%d,%d,%d,%d", t->faster, t->same, t->not_slower, t->slower, t->undecided);
    put_number(worst ? worst->diff : NAN, out);
    fputc(',', out);
    put_text(worst ? worst->scenario_name : "", out);
    put_number(f->near_ns, out);
    put_number(f->far_ns, out);
    fputc('\n', out);
}

void machines_csv(struct lb_found *const *found, size_t n, FILE *out)
{
    fputs("host,run,cpu,kernel,suite,layout,lock,answer,faster,same,not_slower,slower,undecided,"
          "worst_ns,worst_scenario,near_ns,far_ns\n",
          out);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < found[i]->n_layouts; k++)
            put_row(found[i], &found[i]->layouts[k], out);
}
