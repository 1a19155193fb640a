/* SPDX-License-Identifier: MIT
 *
 * residues.dat: what an op costs at each address modulo 64, of layouts whose objects roam.
 */
#include "plot_rows.h"

#include <linebounce/scenario.h>
#include <linebounce/stats.h>

#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Addresses that two objects of one line differ in. */
#define RESIDUES LB_LINE_BYTES

static const char *const columns[] = {
    "placement", "distance", "home",     "threads",        "work_ns",     "scenario",
    "role",      "writers",  "every_ns", "objects",        "access",      "layout",
    "lock",      "status",   "ns_op",    "object_residue", "share_lines", NULL,
};

/* Whether thread 0's object says where all of them lie, and sleeping is not the subject. */
static bool lies_so(const char *name)
{
    for (size_t i = 0; i < LB_SCENARIOS; i++) {
        const struct lb_scenario *s = &lb_scenarios[i];
        if (!strcmp(s->name, name))
            return s->subject == &lb_subject_objects && !s->blocks &&
                   s->objects <= LB_OBJECTS_NEIGHBOURS;
    }
    return true;
}

/* -1: none. */
static int residue_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    double residue = lb_plot_number(rows, row, "object_residue");

    return residue >= 0 && residue < RESIDUES ? (int)residue : -1;
}

/* Words of neighbouring locks lie on different lines: 0; on one, or there are no neighbours: 1. */
static int sharing_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return strcmp(lb_plot_cell(rows, row, "share_lines"), "0") != 0;
}

static bool takes(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return !strcmp(lb_plot_cell(rows, row, "status"), "ok") && *lb_plot_cell(rows, row, "layout") &&
           !isnan(row->work_ns) && !isnan(lb_plot_number(rows, row, "ns_op")) &&
           residue_of(rows, row) >= 0 && lies_so(lb_plot_cell(rows, row, "scenario"));
}

/* Entries that were seen at two residues or more. */
struct roaming {
    int64_t *entries;
    size_t n;
};

static bool shows(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                  const void *context)
{
    const struct roaming *roaming = context;

    (void)rows;
    for (size_t i = 0; i < roaming->n; i++)
        if (roaming->entries[i] == row->entry)
            return true;
    return false;
}

static int find_roaming(const struct lb_chart *c, struct roaming *roaming)
{
    if (!(roaming->entries = calloc(c->n_entries + 1, sizeof *roaming->entries)))
        return -ENOMEM;
    for (size_t e = 0; e < c->n_entries; e++) {
        int first = residue_of(c->rows, c->entries[e]);
        for (size_t i = 0; i < c->n; i++)
            if (c->shown[i]->entry == c->entries[e]->entry &&
                residue_of(c->rows, c->shown[i]) != first) {
                roaming->entries[roaming->n++] = c->entries[e]->entry;
                break;
            }
    }
    return 0;
}

/* Where each residue stands from left to right, from 1; 0: it was not seen. */
struct sides {
    int places[RESIDUES], n;
};

static void find_residues(const struct lb_chart *c, struct sides *sides)
{
    memset(sides, 0, sizeof *sides);
    for (size_t i = 0; i < c->n; i++)
        sides->places[residue_of(c->rows, c->shown[i])] = 1;
    for (int r = 0; r < RESIDUES; r++)
        if (sides->places[r])
            sides->places[r] = ++sides->n;
}

static bool any_apart(const struct lb_chart *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (!sharing_of(c->rows, c->shown[i]))
            return true;
    return false;
}

/* Beyond what all pictures have: residues, a note. */
static void put_head(FILE *out, const struct lb_chart *c, const struct sides *sides, double work_ns)
{
    lb_dat_work_head(out, c, "residues", "Cost of an op by the object's address", work_ns,
                     work_ns > 0 ? " included" : "");
    fprintf(out, "\t%d\t\"Point: a window; bar: median%s\"\n", sides->n,
            any_apart(c) ? ". Hollow: neighbouring locks' words are on different lines" : "");
}

struct mark {
    int at[4]; /* panel, entry, residue's place, whether lines are shared */
    double ns;
};

static int by_place(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;

    for (size_t i = 0; i < LB_COUNT(x->at); i++)
        if (x->at[i] != y->at[i])
            return x->at[i] < y->at[i] ? -1 : 1;
    return lb_by_value(&x->ns, &y->ns);
}

static void find_marks(const struct lb_chart *c, const struct sides *sides, struct mark *marks)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct lb_plot_row *row = c->shown[i];
        marks[i] =
            (struct mark){{lb_chart_panel(c, row), lb_chart_entry(c, row),
                           sides->places[residue_of(c->rows, row)], sharing_of(c->rows, row)},
                          lb_plot_number(c->rows, row, "ns_op")};
    }
    qsort(marks, c->n, sizeof *marks, by_place);
}

static void put_mark(FILE *out, const struct mark *mark, double ns)
{
    for (size_t i = 0; i < LB_COUNT(mark->at); i++)
        fprintf(out, "%d\t", mark->at[i]);
    lb_dat_number(out, ns);
    fputc('\n', out);
}

/* Of those that share a line apart from those that do not. */
static void put_medians(FILE *out, const struct mark *marks, size_t n, double *values)
{
    double median;

    for (size_t i = 0, k; i < n; i = k) {
        for (k = i; k < n && !memcmp(marks[k].at, marks[i].at, sizeof marks[i].at); k++)
            values[k - i] = marks[k].ns;
        if (!lb_stats_median(values, k - i, &median))
            put_mark(out, &marks[i], median);
    }
}

static int put_picture(FILE *out, const struct lb_chart *c, double work_ns)
{
    struct mark *marks = calloc(c->n + 1, sizeof *marks);
    double *values = calloc(c->n + 1, sizeof *values);
    static const char *const ns[] = {"ns_op", "ns_op", "ns_op"};
    struct sides sides;

    if (marks && values) {
        find_residues(c, &sides);
        find_marks(c, &sides, marks);
        put_head(out, c, &sides, work_ns);
        lb_dat_legend(out, c);
        for (size_t p = 0; p < c->n_panels; p++)
            lb_dat_range_panel(out, c, p, ns, LB_PLOT_RANGE);
        lb_dat_end_block(out);
        for (size_t i = 0; i < c->n; i++)
            put_mark(out, &marks[i], marks[i].ns);
        lb_dat_end_block(out);
        for (int r = 0; r < RESIDUES; r++)
            if (sides.places[r])
                fprintf(out, "%d\t\"%d\"\n", sides.places[r], r);
        lb_dat_end_block(out);
        put_medians(out, marks, c->n, values);
        lb_dat_end_block(out);
    }
    int err = marks && values ? 0 : -ENOMEM;
    free(marks);
    free(values);
    return err;
}

static int picture(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out)
{
    struct lb_chart all = {.n = 0}, chart = {.n = 0};
    struct roaming roaming = {.n = 0};
    int err = lb_chart_make(rows, group, work_ns, NULL, NULL, &all);

    if (!err)
        err = find_roaming(&all, &roaming);
    if (!err && roaming.n)
        err = lb_chart_make(rows, group, work_ns, shows, &roaming, &chart);
    if (!err && chart.n)
        err = put_picture(out, &chart, work_ns);
    lb_chart_free(&all);
    lb_chart_free(&chart);
    free(roaming.entries);
    return err ? err : chart.n != 0;
}

const struct lb_plot_kind lb_plot_residues = {
    .name = "residues",
    .file = "samples.csv",
    .columns = columns,
    .takes = takes,
    .picture = picture,
    .shuffled = true,
    .no_rows = "no good window with a residue",
    .no_picture = "no layout was measured at two residues of the object",
};
