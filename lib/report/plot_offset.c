/* SPDX-License-Identifier: MIT
 *
 * offset.dat: what an op costs by the distance of two threads' words, and by the offset of a lock.
 */
#include "plot_rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const columns[] = {"ns_op_median", "ns_op_ci95_lo", "ns_op_ci95_hi"};

/* Of words or of a lock, at one work. */
struct panel {
    bool words;
    double work_ns;
};

/* A curve is of a scenario, role and placement: one row of each, in order. */
struct scan {
    const struct lb_plot_rows *rows;
    const struct lb_plot_row **curves;
    struct panel *panels;
    struct point *points;
    size_t n_curves, n_panels;
};

struct point {
    double offset;
    struct lb_plot_value ns;
};

static bool takes(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return lb_plot_number(rows, row, "offset_bytes") > 0 && !isnan(row->work_ns) &&
           !isnan(lb_plot_number(rows, row, columns[0])) && lb_plot_speaks(rows, row);
}

/* What bears such a name is no layout. */
static bool has_words(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return !strncmp(lb_plot_cell(rows, row, "layout"), "apart-", 6);
}

static bool is_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                  const struct panel *panel)
{
    return row->work_ns == panel->work_ns && has_words(rows, row) == panel->words;
}

static int by_curve(const void *a, const void *b)
{
    const struct lb_plot_row *x = *(const struct lb_plot_row *const *)a;
    const struct lb_plot_row *y = *(const struct lb_plot_row *const *)b;

    if (x->panel != y->panel)
        return x->panel < y->panel ? -1 : 1;
    return x->place != y->place ? (x->place < y->place ? -1 : 1) : (x < y ? -1 : x > y);
}

static bool is_one_curve(const struct lb_plot_row *a, const struct lb_plot_row *b)
{
    return a->panel == b->panel && a->place == b->place;
}

static void find_panel(struct scan *s, struct panel panel)
{
    for (size_t i = 0; i < s->rows->n; i++)
        if (is_of(s->rows, &s->rows->rows[i], &panel)) {
            s->panels[s->n_panels++] = panel;
            return;
        }
}

static int scan_rows(const struct lb_plot_rows *rows, struct scan *s)
{
    s->rows = rows;
    s->curves = calloc(rows->n + 1, sizeof *s->curves);
    s->points = calloc(rows->n + 1, sizeof *s->points);
    s->panels = calloc(2 * rows->n_works + 1, sizeof *s->panels);
    if (!s->curves || !s->points || !s->panels)
        return -ENOMEM;
    for (int words = 1; words >= 0; words--)
        for (size_t w = 0; w < rows->n_works; w++)
            find_panel(s, (struct panel){words, rows->works[w]});
    for (size_t i = 0; i < rows->n; i++)
        s->curves[i] = &rows->rows[i];
    qsort(s->curves, rows->n, sizeof *s->curves, by_curve);
    for (size_t i = 0; i < rows->n; i++)
        if (i == 0 || !is_one_curve(s->curves[i], s->curves[s->n_curves - 1]))
            s->curves[s->n_curves++] = s->curves[i];
    return 0;
}

static int by_offset(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    int first = lb_by_value(&x->offset, &y->offset);

    return first ? first : lb_by_value(&x->ns.value, &y->ns.value);
}

/* The points of a curve (NULL: of all) in a panel by their offset; how many. */
static size_t find_points(const struct scan *s, const struct panel *panel,
                          const struct lb_plot_row *curve)
{
    size_t n = 0;

    for (size_t i = 0; i < s->rows->n; i++) {
        const struct lb_plot_row *row = &s->rows->rows[i];
        if (is_of(s->rows, row, panel) && (!curve || is_one_curve(row, curve)))
            s->points[n++] = (struct point){lb_plot_number(s->rows, row, "offset_bytes"),
                                            lb_plot_value(s->rows, row, columns)};
    }
    qsort(s->points, n, sizeof *s->points, by_offset);
    return n;
}

/* Scenario and role; threads where they are no pair; the placement where there are several. */
static void put_label(FILE *out, const struct scan *s, size_t curve)
{
    const struct lb_plot_row *row = s->curves[curve];
    const char *threads = lb_plot_cell(s->rows, row, "threads");
    char label[LB_DAT_TEXT_BYTES], place[LB_DAT_PLACE_BYTES], text[2 * LB_DAT_TEXT_BYTES];
    int places = 0;

    for (size_t i = 0; i < s->n_curves; i++)
        places += s->curves[i]->panel == row->panel &&
                  !strcmp(lb_plot_cell(s->rows, s->curves[i], "threads"), threads);
    lb_dat_panel_title(s->rows, row, label);
    lb_dat_place(s->rows, row, place);
    bool pair = !strcmp(threads, "2");
    snprintf(text, sizeof text, "%s%s%.20s%s%s%s", label, pair ? "" : ", ", pair ? "" : threads,
             pair ? "" : " threads", places > 1 ? ", " : "", places > 1 ? place : "");
    lb_dat_label(out, curve + 1, text);
}

/* Panel, title, name of the axis, lowest and highest end. */
static void put_panel(FILE *out, const struct scan *s, size_t p)
{
    const struct panel *panel = &s->panels[p];
    struct lb_plot_range range = LB_PLOT_RANGE;
    char work[LB_DAT_TEXT_BYTES], title[2 * LB_DAT_TEXT_BYTES];
    size_t n = find_points(s, panel, NULL);

    for (size_t i = 0; i < n; i++)
        lb_plot_range_add(&range, &s->points[i].ns);
    lb_dat_work_title(panel->work_ns, work);
    snprintf(title, sizeof title, "%s, %s",
             panel->words ? "two threads' words" : "a lock in its object", work);
    fprintf(out, "%zu\t", p + 1);
    lb_dat_text(out, title);
    fprintf(out, "\t\"%s\"\t", panel->words ? "bytes apart" : "offset of the lock, bytes");
    lb_dat_numbers(out, (double[]){range.low, range.high}, 2);
    fputc('\n', out);
}

/* Panel, curve, offset, ns/op with its interval. */
static void put_points(FILE *out, const struct scan *s, size_t p, size_t curve)
{
    size_t n = find_points(s, &s->panels[p], s->curves[curve]);

    for (size_t i = 0; i < n; i++) {
        const struct point *point = &s->points[i];
        fprintf(out, "%zu\t%zu\t", p + 1, curve + 1);
        lb_dat_numbers(
            out, (double[]){point->offset, point->ns.value, point->ns.low, point->ns.high}, 4);
        fputc('\n', out);
    }
}

static void put_head(FILE *out, const struct scan *s)
{
    double least = INFINITY, most = 0;

    for (size_t i = 0; i < s->rows->n; i++) {
        double offset = lb_plot_number(s->rows, &s->rows->rows[i], "offset_bytes");
        least = fmin(least, offset);
        most = fmax(most, offset);
    }
    fprintf(out, "\"offset\"\t\"Cost of an op by distance\"\t%zu\t%zu\t", s->n_panels, s->n_curves);
    lb_dat_numbers(out, (double[]){least, most}, 2);
    fputs("\t\"Bars: 95 % intervals. Lines: 64 and 128 bytes\"\n", out);
    lb_dat_end_block(out);
}

/* One picture of all. */
static int put(const struct lb_plot_rows *rows, FILE *out)
{
    struct scan s = {.n_curves = 0};
    int err = scan_rows(rows, &s);

    if (!err) {
        put_head(out, &s);
        for (size_t curve = 0; curve < s.n_curves; curve++)
            put_label(out, &s, curve);
        lb_dat_end_block(out);
        for (size_t p = 0; p < s.n_panels; p++)
            put_panel(out, &s, p);
        lb_dat_end_block(out);
        for (size_t p = 0; p < s.n_panels; p++)
            for (size_t curve = 0; curve < s.n_curves; curve++)
                put_points(out, &s, p, curve);
        lb_dat_end_block(out);
    }
    free(s.curves);
    free(s.panels);
    free(s.points);
    return err ? err : 1;
}

const struct lb_plot_kind lb_plot_offset = {
    .name = "offset",
    .some_runs = true,
    LB_PLOT_SUMMARY,
    .takes = takes,
    .put = put,
    .no_rows = "no case with an offset",
    .no_picture = "no case with an offset",
};
