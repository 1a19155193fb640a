/* SPDX-License-Identifier: MIT
 *
 * layouts.dat: what an op costs in every layout, and against the baseline.
 */
#include "plot_rows.h"

#include <math.h>
#include <string.h>

/* Value, and the ends of its interval. */
static const char *const net_columns[] = {"net_ns_op_hl", "net_ns_op_ci95_lo", "net_ns_op_ci95_hi"};
static const char *const all_columns[] = {"ns_op_median", "ns_op_ci95_lo", "ns_op_ci95_hi"};

/* An op of a paced role is timed without a pause: there is no net, and nothing to take off. */
static const char *const *columns_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                                     const char *const *columns)
{
    return columns == net_columns && isnan(lb_plot_number(rows, row, columns[0])) &&
                   *lb_plot_cell(rows, row, "every_ns")
               ? all_columns
               : columns;
}

static bool shows_value(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                        const void *columns)
{
    return !isnan(lb_plot_number(rows, row, columns_of(rows, row, columns)[0]));
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

    if (!strcmp(verdict, "not slower"))
        return 9;
    for (int i = 0; i < (int)LB_COUNT(verdicts); i++)
        if (!strcmp(verdict, verdicts[i]))
            return unfair && i < 2 ? 6 + i : 2 + i;
    return !*lb_plot_cell(rows, row, "baseline") &&
                   !strcmp(lb_plot_cell(rows, row, "layout"), baseline)
               ? 1
               : 8;
}

/* Panel, title, baseline, lowest and highest value, lowest and highest end. */
static void put_panel(FILE *out, const struct lb_chart *c, size_t p, const char *const columns[3],
                      const char *baseline)
{
    struct lb_plot_range values = LB_PLOT_RANGE, ends = LB_PLOT_RANGE;
    double base = NAN;

    lb_dat_panel(out, c, p);
    for (size_t i = 0; i < c->n; i++) {
        const struct lb_plot_row *row = c->shown[i];
        if (row->panel != c->panels[p]->panel)
            continue;
        struct lb_plot_value v = lb_plot_value(c->rows, row, columns_of(c->rows, row, columns));
        if (isnan(base) && mark_of(c->rows, row, baseline) == 1)
            base = v.value;
        lb_plot_range_add(&ends, &v);
        lb_plot_range_add(&values, &(struct lb_plot_value){v.value, v.value, v.value});
    }
    lb_dat_numbers(out, (double[]){base, values.low, values.high, ends.low, ends.high}, 5);
    fputc('\n', out);
}

/* Panel, y, mark, value, and the ends of its interval; a missing end is drawn as no bar. */
static void put_marks(FILE *out, const struct lb_chart *c, const char *const columns[3],
                      const char *baseline)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct lb_plot_row *row = c->shown[i];
        struct lb_plot_value v = lb_plot_value(c->rows, row, columns_of(c->rows, row, columns));
        fprintf(out, "%d\t%d\t%d\t", lb_chart_panel(c, row), lb_chart_y(c, row),
                mark_of(c->rows, row, baseline));
        lb_dat_numbers(out, (double[]){v.value, v.low, v.high}, 3);
        fputc('\n', out);
    }
}

static void put(FILE *out, const struct lb_chart *c, double work_ns, const char *const columns[3])
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
    lb_dat_head(out, c, file, title);
    fprintf(out, "\t\"%s\"\n", net ? "net ns/op" : "ns/op");
    lb_dat_entries(out, c);
    for (size_t p = 0; p < c->n_panels; p++)
        put_panel(out, c, p, columns, baseline);
    lb_dat_end_block(out);
    put_marks(out, c, columns, baseline);
    lb_dat_end_block(out);
}

/* At the headline work and saturated. Net where the run knows it; the title says when not. */
static int picture(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out)
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
    if (!err && chart.n)
        put(out, &chart, work_ns, columns);
    if (!err)
        lb_chart_free(&chart);
    return err ? err : chart.n != 0;
}

static bool takes(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return *lb_plot_cell(rows, row, "layout") != '\0';
}

const struct lb_plot_kind lb_plot_layouts = {
    .name = "layouts",
    LB_PLOT_SUMMARY,
    .takes = takes,
    .picture = picture,
    .no_rows = "no rows of layouts",
    .no_picture = "no medians to draw",
};
