/* SPDX-License-Identifier: MIT
 *
 * ratio.dat and fairness.dat: a value of each layout at every placement.
 */
#include "plot_rows.h"

#include <math.h>

/* More are too many for one picture: the nearest are shown. */
#define PLACES_MOST 64

struct lens {
    const char *name, *title, *axis;
    const char *columns[3]; /* the value, and the ends of its interval */
    double line;            /* drawn across */
    const char *note;
};

static const struct lens ratio = {
    .name = "ratio",
    .title = "ns/op over that of the baseline",
    .axis = "ratio",
    .columns = {"ratio", "ratio_ci95_lo", "ratio_ci95_hi"},
    .line = 1,
    .note = "Bars: 95 % intervals",
};
static const struct lens fairness = {
    .name = "fairness",
    .title = "Fewest over most ops of a thread",
    .axis = "min/max of ops",
    .columns = {"min_over_max_median", "min_over_max_median", "min_over_max_median"},
    .line = 0.5,
    .note = "1 is fair; below the line no verdict says a bare faster",
};

static bool takes(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return *lb_plot_cell(rows, row, "layout") && !isnan(row->work_ns) && lb_plot_speaks(rows, row);
}

static bool shows(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                  const void *context)
{
    const struct lens *lens = context;

    return row->place < PLACES_MOST && !isnan(lb_plot_number(rows, row, lens->columns[0]));
}

static void put_places(FILE *out, const struct lb_chart *c)
{
    char place[LB_DAT_PLACE_BYTES], label[LB_DAT_TEXT_BYTES];

    for (size_t i = 0; i < c->n_places; i++) {
        lb_dat_place(c->rows, c->places[i], place);
        snprintf(label, sizeof label, "%s %.20st", place,
                 lb_plot_cell(c->rows, c->places[i], "threads"));
        lb_dat_label(out, i + 1, label);
    }
    lb_dat_end_block(out);
}

/* Beyond what all pictures have: places, the line across, the axis and a note. */
static void put_head(FILE *out, const struct lb_chart *c, const struct lens *lens, double work_ns)
{
    char file[LB_DAT_TEXT_BYTES], work[LB_DAT_TEXT_BYTES], title[2 * LB_DAT_TEXT_BYTES];
    char note[LB_DAT_TEXT_BYTES];
    int n = c->rows->n_places;

    lb_dat_name(c->rows, lens->name, work_ns, file);
    lb_dat_work_title(work_ns, work);
    snprintf(title, sizeof title, "%s, %s", lens->title, work);
    lb_dat_head(out, c, file, title);
    fprintf(out, "\t%zu\t", c->n_places);
    lb_dat_number(out, lens->line);
    fputc('\t', out);
    lb_dat_text(out, lens->axis);
    fputc('\t', out);
    if (n > PLACES_MOST)
        snprintf(note, sizeof note, "%s; the nearest %d of %d placements", lens->note, PLACES_MOST,
                 n);
    else
        snprintf(note, sizeof note, "%s", lens->note);
    lb_dat_text(out, note);
    fputc('\n', out);
}

static void put_picture(FILE *out, const struct lb_chart *c, const struct lens *lens,
                        double work_ns)
{
    put_head(out, c, lens, work_ns);
    lb_dat_legend(out, c);
    for (size_t p = 0; p < c->n_panels; p++)
        lb_dat_range_panel(out, c, p, lens->columns,
                           (struct lb_plot_range){lens->line, lens->line});
    lb_dat_end_block(out);
    for (size_t i = 0; i < c->n; i++)
        lb_dat_mark(out, c, c->shown[i], lb_chart_place(c, c->shown[i]), lens->columns);
    lb_dat_end_block(out);
    put_places(out, c);
}

/* Where there are places to compare. */
static int picture(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out,
                   const struct lens *lens)
{
    struct lb_chart chart = {.n = 0};
    int err = lb_chart_make(rows, group, work_ns, shows, lens, &chart);

    if (chart.n_places > 1)
        put_picture(out, &chart, lens, work_ns);
    lb_chart_free(&chart);
    return err ? err : chart.n_places > 1;
}

static int picture_ratio(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out)
{
    return picture(rows, group, work_ns, out, &ratio);
}

static int picture_fairness(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out)
{
    return picture(rows, group, work_ns, out, &fairness);
}

const struct lb_plot_kind lb_plot_ratio = {
    .name = "ratio",
    .some_runs = true,
    LB_PLOT_SUMMARY,
    .takes = takes,
    .picture = picture_ratio,
    .together = true,
    .no_rows = "no rows of layouts",
    .no_picture = "nothing measured at two placements",
    .one_place = "one placement",
};
const struct lb_plot_kind lb_plot_fairness = {
    .name = "fairness",
    .some_runs = true,
    LB_PLOT_SUMMARY,
    .takes = takes,
    .picture = picture_fairness,
    .together = true,
    .no_rows = "no rows of layouts",
    .no_picture = "nothing measured at two placements",
    .one_place = "one placement",
};
