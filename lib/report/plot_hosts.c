/* SPDX-License-Identifier: MIT
 *
 * hosts.dat: the same layouts in several run folders, each at the nearest pair of CPUs that it has.
 */
#include "plot_rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static const char *const columns[] = {"net_ns_op_hl", "net_ns_op_ci95_lo", "net_ns_op_ci95_hi"};

static bool takes(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return *lb_plot_cell(rows, row, "layout") && !isnan(row->work_ns) &&
           lb_plot_number(rows, row, "threads") == 2 && lb_plot_is_local(rows, row) &&
           lb_plot_speaks(rows, row) && !isnan(lb_plot_number(rows, row, columns[0]));
}

/* `nearest` has the place of each host. */
static bool shows(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                  const void *nearest)
{
    (void)rows;
    return row->place == ((const int *)nearest)[row->source];
}

static void put_picture(FILE *out, const struct lb_chart *c, double work_ns)
{
    const struct lb_plot_rows *rows = c->rows;
    char file[LB_DAT_TEXT_BYTES], work[LB_DAT_TEXT_BYTES], title[2 * LB_DAT_TEXT_BYTES];

    lb_dat_name(rows, "hosts", work_ns, file);
    lb_dat_work_title(work_ns, work);
    snprintf(title, sizeof title, "Net cost of an op on %zu hosts, %s", rows->n_sources, work);
    lb_dat_head(out, c, file, title);
    fprintf(out, "\t%zu\t\"Each host's nearest pair of CPUs. Bars: 95 %% intervals\"\n",
            rows->n_sources);
    lb_dat_legend(out, c);
    for (size_t p = 0; p < c->n_panels; p++)
        lb_dat_range_panel(out, c, p, columns, (struct lb_plot_range){0, 0});
    lb_dat_end_block(out);
    for (size_t i = 0; i < c->n; i++)
        lb_dat_mark(out, c, c->shown[i], c->shown[i]->source + 1, columns);
    lb_dat_end_block(out);
    for (size_t i = 0; i < rows->n_sources; i++)
        lb_dat_label(out, i + 1, rows->sources[i]);
    lb_dat_end_block(out);
}

static int picture(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out)
{
    int *nearest = calloc(rows->n_sources + 1, sizeof *nearest), err;
    struct lb_chart chart = {.n = 0};

    if (!nearest)
        return -ENOMEM;
    for (size_t i = 0; i < rows->n_sources; i++)
        nearest[i] = rows->n_places;
    for (size_t i = 0; i < rows->n; i++)
        if (rows->rows[i].place < nearest[rows->rows[i].source])
            nearest[rows->rows[i].source] = rows->rows[i].place;
    if (!(err = lb_chart_make(rows, group, work_ns, shows, nearest, &chart)) && chart.n)
        put_picture(out, &chart, work_ns);
    lb_chart_free(&chart);
    free(nearest);
    return err ? err : chart.n != 0;
}

const struct lb_plot_kind lb_plot_several = {
    .name = "hosts",
    .several = true,
    LB_PLOT_SUMMARY,
    .takes = takes,
    .picture = picture,
    .together = true,
    .no_rows = "no host has a pair of threads with net costs",
    .no_picture = "no host has a pair of threads with net costs",
};
