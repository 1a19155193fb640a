/* SPDX-License-Identifier: MIT
 *
 * NAME.dat: what a script draws. Blocks are parted by two blank lines, cells by tabs. The first has
 * one line: the pictures that follow, and why where there are none. Then of each picture four:
 *   its file and texts; "y label" of every entry; its panels; its marks.
 */
#include "plot_private.h"
#include "plot_rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double known_or(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

static void put_numbers(FILE *out, const double *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            fputc('\t', out);
        lb_dat_number(out, numbers[i]);
    }
    fputc('\n', out);
}

static void end_block(FILE *out)
{
    fputs("\n\n", out);
}

/* The block of a picture that is the same for all: file, title, panels, entries. */
static void put_head(FILE *out, const struct lb_chart *c, const char *file, const char *title)
{
    lb_dat_text(out, file);
    fputc('\t', out);
    lb_dat_text(out, title);
    fprintf(out, "\t%zu\t%zu", c->n_panels, c->n_entries);
}

static bool has_layout(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return *lb_plot_cell(rows, row, "layout") != '\0';
}

/* Layouts ------------------------------------------------------------------------------------- */

static const char *const layouts_columns[] = {"placement",
                                              "distance",
                                              "home",
                                              "threads",
                                              "regime",
                                              "work_ns",
                                              "scenario",
                                              "role",
                                              "writers",
                                              "objects",
                                              "access",
                                              "layout",
                                              "lock",
                                              "ns_op_median",
                                              "ns_op_ci95_lo",
                                              "ns_op_ci95_hi",
                                              "net_ns_op_hl",
                                              "net_ns_op_ci95_lo",
                                              "net_ns_op_ci95_hi",
                                              "baseline",
                                              "verdict",
                                              "unfair",
                                              NULL};
/* Value, and the ends of its interval. */
static const char *const net_columns[] = {"net_ns_op_hl", "net_ns_op_ci95_lo", "net_ns_op_ci95_hi"};
static const char *const all_columns[] = {"ns_op_median", "ns_op_ci95_lo", "ns_op_ci95_hi"};

static bool shows_value(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                        const void *columns)
{
    return !isnan(lb_plot_number(rows, row, ((const char *const *)columns)[0]));
}

/* The baseline is what most rows are compared to; twins have their originals. "": none. */
static const char *baseline_of(const struct lb_chart *c)
{
    const char *baseline = "";
    size_t most = 0;

    for (size_t i = 0; i < c->n; i++) {
        const char *candidate = lb_plot_cell(c->rows, c->shown[i], "baseline");
        size_t n = 0;
        for (size_t k = 0; *candidate && k < c->n; k++)
            n += !strcmp(candidate, lb_plot_cell(c->rows, c->shown[k], "baseline"));
        if (n > most) {
            most = n;
            baseline = candidate;
        }
    }
    return baseline;
}

/* The mark of a row, as layouts.gp names them. A win with very unequal shares is no bare "faster".
 */
static int mark_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                   const char *baseline)
{
    static const char *const verdicts[] = {"faster", "slower", "same", "unresolved"};
    const char *verdict = lb_plot_cell(rows, row, "verdict");
    bool unfair = !strcmp(lb_plot_cell(rows, row, "unfair"), "1");

    for (int i = 0; i < (int)LB_COUNT(verdicts); i++)
        if (!strcmp(verdict, verdicts[i]))
            return unfair && i < 2 ? 6 + i : 2 + i;
    return !*lb_plot_cell(rows, row, "baseline") &&
                   !strcmp(lb_plot_cell(rows, row, "layout"), baseline)
               ? 1
               : 8;
}

/* Panel, title, baseline, lowest and highest value, lowest and highest end. */
static void put_layouts_panel(FILE *out, const struct lb_chart *c, size_t p,
                              const char *const columns[3], const char *baseline)
{
    double numbers[] = {NAN, INFINITY, -INFINITY, INFINITY, -INFINITY};
    char title[LB_DAT_TEXT_BYTES];

    lb_dat_panel_title(c->rows, c->panels[p], title);
    fprintf(out, "%zu\t", p + 1);
    lb_dat_text(out, title);
    fputc('\t', out);
    for (size_t i = 0; i < c->n; i++) {
        const struct lb_plot_row *row = c->shown[i];
        if (row->panel != c->panels[p]->panel)
            continue;
        double value = lb_plot_number(c->rows, row, columns[0]);
        if (isnan(numbers[0]) && mark_of(c->rows, row, baseline) == 1)
            numbers[0] = value;
        numbers[1] = fmin(numbers[1], value);
        numbers[2] = fmax(numbers[2], value);
        numbers[3] = fmin(numbers[3], known_or(lb_plot_number(c->rows, row, columns[1]), value));
        numbers[4] = fmax(numbers[4], known_or(lb_plot_number(c->rows, row, columns[2]), value));
    }
    put_numbers(out, numbers, LB_COUNT(numbers));
}

/* Panel, y, mark, value, and the ends of its interval; a missing end is drawn as no bar. */
static void put_layouts_marks(FILE *out, const struct lb_chart *c, const char *const columns[3],
                              const char *baseline)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct lb_plot_row *row = c->shown[i];
        double value = lb_plot_number(c->rows, row, columns[0]);
        double numbers[] = {value, known_or(lb_plot_number(c->rows, row, columns[1]), value),
                            known_or(lb_plot_number(c->rows, row, columns[2]), value)};
        fprintf(out, "%d\t%d\t%d\t", lb_chart_panel(c, row), lb_chart_y(c, row),
                mark_of(c->rows, row, baseline));
        put_numbers(out, numbers, LB_COUNT(numbers));
    }
}

static void put_layouts(FILE *out, const struct lb_chart *c, double work_ns,
                        const char *const columns[3])
{
    const char *baseline = baseline_of(c);
    char file[LB_DAT_TEXT_BYTES], group[LB_DAT_TEXT_BYTES], work[LB_DAT_TEXT_BYTES];
    char title[3 * LB_DAT_TEXT_BYTES];
    bool net = columns == net_columns;

    lb_dat_file(c->rows, c->shown[0], work_ns == 0 ? "layouts-saturated" : "layouts", file);
    lb_dat_group_title(c->rows, c->shown[0], group);
    lb_dat_work_title(work_ns, work);
    if (work_ns == 0)
        snprintf(title, sizeof title, "Saturated throughput (work 0) by layout: %s", group);
    else
        snprintf(title, sizeof title, "%s of an op by layout, %s%s: %s", net ? "Net cost" : "Cost",
                 work, net ? "" : " included (no empty case to subtract)", group);
    put_head(out, c, file, title);
    fprintf(out, "\t\"%s\"\n", net ? "net ns/op" : "ns/op");
    end_block(out);
    lb_dat_entries(out, c);
    end_block(out);
    for (size_t p = 0; p < c->n_panels; p++)
        put_layouts_panel(out, c, p, columns, baseline);
    end_block(out);
    put_layouts_marks(out, c, columns, baseline);
    end_block(out);
}

/* At the headline work and saturated. Net where the run knows it; the title says when not. */
static int layouts_picture(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out)
{
    struct lb_chart chart = {.n = 0};
    int err = 0;

    if (work_ns != 0 && work_ns != rows->works[0])
        return 0;
    const char *const *columns = work_ns != 0 ? net_columns : all_columns;
    err = lb_chart_make(rows, group, work_ns, shows_value, columns, &chart);
    if (!err && !chart.n && columns == net_columns) {
        lb_chart_free(&chart);
        columns = all_columns;
        err = lb_chart_make(rows, group, work_ns, shows_value, columns, &chart);
    }
    if (err)
        return err;
    if (chart.n)
        put_layouts(out, &chart, work_ns, columns);
    lb_chart_free(&chart);
    return chart.n != 0;
}

/* Files --------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *const *columns;
    lb_plot_takes *takes;
    /* 1 where there is a picture of that group and work, 0, -ENOMEM. */
    int (*picture)(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out);
    const char *no_rows, *no_picture;
} kinds[] = {
    {"layouts", layouts_columns, has_layout, layouts_picture, "no rows of layouts",
     "no medians to draw"},
};

/* All pictures of a kind; how many. */
static int put_pictures(size_t kind, const struct lb_plot_rows *rows, FILE *out)
{
    int n = 0;

    for (int group = 0; group < rows->n_groups; group++)
        for (size_t w = 0; w < rows->n_works; w++) {
            int drawn = kinds[kind].picture(rows, group, rows->works[w], out);
            if (drawn < 0)
                return drawn;
            n += drawn;
        }
    return n;
}

static int put_file(size_t kind, const struct lb_plot_rows *rows, FILE *out)
{
    char *pictures = NULL;
    size_t bytes;
    FILE *body = open_memstream(&pictures, &bytes);

    if (!body)
        return -ENOMEM;
    int n = put_pictures(kind, rows, body), err = lb_text_end(body, &pictures);
    if (n >= 0 && !err) {
        fprintf(out,
                "# What %s.gp draws, from summary.csv; blocks are parted by two blank lines.\n",
                kinds[kind].name);
        fprintf(out, "%d\t\"%s: summary.csv has %s\"\n", n, kinds[kind].name,
                rows->n ? kinds[kind].no_picture : kinds[kind].no_rows);
        end_block(out);
        fputs(pictures, out);
    }
    free(pictures);
    return n < 0 ? n : err;
}

int lb_plot_data(const char *run_dir, const char *name, const char *to, struct lb_why *why)
{
    struct lb_plot_rows rows = {.n = 0};
    struct lb_whole file;
    char *csv = NULL, *path = NULL;
    size_t kind = 0;

    while (kind < LB_COUNT(kinds) && strcmp(kinds[kind].name, name))
        kind++;
    if (kind == LB_COUNT(kinds))
        return 0;
    int err =
        asprintf(&csv, "%s/summary.csv", run_dir) < 0 || asprintf(&path, "%s/%s.dat", to, name) < 0
            ? lb_fail(why, ENOMEM, "%s: %s", run_dir, strerror(ENOMEM))
            : 0;
    if (!err)
        err = lb_plot_rows_read(csv, kinds[kind].columns, kinds[kind].takes, why, &rows);
    if (!err && !(err = lb_whole_begin(path, why, &file))) {
        err = put_file(kind, &rows, file.out);
        if (err)
            lb_fail(why, -err, "%s: %s", path, strerror(-err));
        err = lb_whole_end(&file, err, why);
    }
    lb_plot_rows_free(&rows);
    free(csv);
    free(path);
    return err;
}
