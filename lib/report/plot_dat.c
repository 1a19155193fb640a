/* SPDX-License-Identifier: MIT
 *
 * What stands in NAME.dat: texts and numbers as gnuplot reads them, titles, labels, names of files.
 */
#include "plot_rows.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

void lb_dat_text(FILE *out, const char *text)
{
    char shown[LB_DAT_TEXT_BYTES];

    lb_printable(text, shown, sizeof shown);
    fputc('"', out);
    for (const char *s = shown; *s; s++)
        fputc(*s == '"' ? '\'' : *s, out);
    fputc('"', out);
}

void lb_dat_number(FILE *out, double value)
{
    char text[LB_NUMBER_BYTES] = "NaN";

    if (isfinite(value))
        lb_number_format(value, 9, text);
    fputs(text, out);
}

void lb_dat_numbers(FILE *out, const double *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            fputc('\t', out);
        lb_dat_number(out, numbers[i]);
    }
}

void lb_dat_end_block(FILE *out)
{
    fputs("\n\n", out);
}

void lb_dat_label(FILE *out, size_t number, const char *label)
{
    fprintf(out, "%zu\t", number);
    lb_dat_text(out, label);
    fputc('\n', out);
}

void lb_dat_head(FILE *out, const struct lb_chart *chart, const char *file, const char *title)
{
    lb_dat_text(out, file);
    fputc('\t', out);
    lb_dat_text(out, title);
    fprintf(out, "\t%zu\t%zu", chart->n_panels, chart->n_entries);
}

static void put_entry(FILE *out, const struct lb_chart *chart, size_t entry, size_t number)
{
    const struct lb_plot_row *row = chart->entries[entry];
    char label[LB_DAT_TEXT_BYTES];
    int locks = 0;

    for (size_t k = 0; k < chart->n_entries; k++)
        locks += chart->entries[k]->entry >> 31 == row->entry >> 31;
    snprintf(label, sizeof label, "%s%s%s", lb_plot_cell(chart->rows, row, "layout"),
             locks > 1 ? ", " : "", locks > 1 ? lb_plot_cell(chart->rows, row, "lock") : "");
    lb_dat_label(out, number, label);
}

void lb_dat_entries(FILE *out, const struct lb_chart *chart)
{
    lb_dat_end_block(out);
    for (size_t i = 0; i < chart->n_entries; i++)
        put_entry(out, chart, i, chart->n_entries - i);
    lb_dat_end_block(out);
}

void lb_dat_legend(FILE *out, const struct lb_chart *chart)
{
    lb_dat_end_block(out);
    for (size_t i = 0; i < chart->n_entries; i++)
        put_entry(out, chart, i, i + 1);
    lb_dat_end_block(out);
}

void lb_dat_panel(FILE *out, const struct lb_chart *chart, size_t panel)
{
    char title[LB_DAT_TEXT_BYTES];

    lb_dat_panel_title(chart->rows, chart->panels[panel], title);
    fprintf(out, "%zu\t", panel + 1);
    lb_dat_text(out, title);
    fputc('\t', out);
}

void lb_dat_range_panel(FILE *out, const struct lb_chart *c, size_t panel,
                        const char *const columns[3], struct lb_plot_range range)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->shown[i]->panel == c->panels[panel]->panel) {
            struct lb_plot_value v = lb_plot_value(c->rows, c->shown[i], columns);
            lb_plot_range_add(&range, &v);
        }
    lb_dat_panel(out, c, panel);
    lb_dat_numbers(out, (double[]){range.low, range.high}, 2);
    fputc('\n', out);
}

void lb_dat_mark(FILE *out, const struct lb_chart *c, const struct lb_plot_row *row, int third,
                 const char *const columns[3])
{
    struct lb_plot_value v = lb_plot_value(c->rows, row, columns);

    fprintf(out, "%d\t%d\t%d\t", lb_chart_panel(c, row), lb_chart_entry(c, row), third);
    lb_dat_numbers(out, (double[]){v.value, v.low, v.high}, 3);
    fputc('\n', out);
}

void lb_dat_panel_title(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                        char text[LB_DAT_TEXT_BYTES])
{
    const char *role = lb_plot_cell(rows, row, "role");
    const char *writers = lb_plot_cell(rows, row, "writers");
    const char *objects = lb_plot_cell(rows, row, "objects");
    const char *access = lb_plot_cell(rows, row, "access");
    const char *every = lb_plot_cell(rows, row, "every_ns");
    bool one_role = !*role || !strcmp(role, "all");
    int used =
        snprintf(text, LB_DAT_TEXT_BYTES, "%.150s%s%.60s", lb_plot_cell(rows, row, "scenario"),
                 one_role ? "" : ": ", one_role ? "" : role);

    if (*writers)
        used += snprintf(text + used, LB_DAT_TEXT_BYTES - (size_t)used, " (%.60s writer%s)",
                         writers, strcmp(writers, "1") ? "s" : "");
    if (*every)
        used += snprintf(text + used, LB_DAT_TEXT_BYTES - (size_t)used, ", an op every %.20s ns",
                         every);
    if (*objects)
        snprintf(text + used, LB_DAT_TEXT_BYTES - (size_t)used, " of %.60s%s%.60s", objects,
                 *access ? ", " : "", access);
}

void lb_dat_place(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                  char text[LB_DAT_PLACE_BYTES])
{
    const char *home = lb_plot_cell(rows, row, "home");
    bool near = lb_plot_is_local(rows, row);

    snprintf(text, LB_DAT_PLACE_BYTES, "%.180s%s%.60s", lb_plot_cell(rows, row, "placement"),
             near ? "" : ",", near ? "" : home);
}

static const char *regime_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    const char *regime = lb_plot_cell(rows, row, "regime");

    return strcmp(regime, "0") ? regime : "";
}

void lb_dat_group_title(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                        char text[LB_DAT_TEXT_BYTES])
{
    const char *distance = lb_plot_cell(rows, row, "distance");
    const char *threads = lb_plot_cell(rows, row, "threads"), *regime = regime_of(rows, row);
    char place[LB_DAT_PLACE_BYTES];

    lb_dat_place(rows, row, place);
    bool says = *distance && strcmp(distance, place) != 0;
    snprintf(text, LB_DAT_TEXT_BYTES, "placement %s%s%.60s%s, %.20s thread%s%s%.20s", place,
             says ? " (" : "", says ? distance : "", says ? ")" : "", threads,
             strcmp(threads, "1") ? "s" : "", *regime ? ", regime " : "", regime);
}

void lb_dat_work_title(double work_ns, char text[LB_DAT_TEXT_BYTES])
{
    char number[LB_NUMBER_BYTES];

    lb_number_format(work_ns, 6, number);
    if (work_ns == 0)
        snprintf(text, LB_DAT_TEXT_BYTES, "saturated throughput (work 0)");
    else
        snprintf(text, LB_DAT_TEXT_BYTES, "work %s ns", number);
}

/* Cells are in its name, and cells may hold anything: what lb_picture_name does not know becomes
 * "_", so that the file lies where it belongs. */
static void make_name(const char *begin, const char *suffix, char text[LB_DAT_TEXT_BYTES])
{
    static const char known[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,_~-";

    snprintf(text, 121, "%s%s", begin, suffix);
    for (size_t i = strspn(text, known); text[i]; i += strspn(text + i, known))
        text[i] = '_';
}

void lb_dat_file(const struct lb_plot_rows *rows, const struct lb_plot_row *row, const char *begin,
                 char text[LB_DAT_TEXT_BYTES])
{
    const char *regime = regime_of(rows, row);
    char place[LB_DAT_PLACE_BYTES], suffix[384] = "";

    lb_dat_place(rows, row, place);
    if (row->group > 0)
        snprintf(suffix, sizeof suffix, "-%s-%.20st%s%.20s", place,
                 lb_plot_cell(rows, row, "threads"), *regime ? "-regime" : "", regime);
    make_name(begin, suffix, text);
}

void lb_dat_name(const struct lb_plot_rows *rows, const char *kind, double work_ns,
                 char text[LB_DAT_TEXT_BYTES])
{
    char suffix[64] = "", number[LB_NUMBER_BYTES];

    lb_number_format(work_ns, 6, number);
    if (work_ns == 0)
        snprintf(suffix, sizeof suffix, "-saturated");
    else if (work_ns != rows->works[0])
        snprintf(suffix, sizeof suffix, "-work%s", number);
    make_name(kind, suffix, text);
}

void lb_dat_work_head(FILE *out, const struct lb_chart *c, const char *kind, const char *what,
                      double work_ns, const char *more)
{
    char begin[LB_DAT_TEXT_BYTES], file[LB_DAT_TEXT_BYTES], group[LB_DAT_TEXT_BYTES];
    char work[LB_DAT_TEXT_BYTES], title[3 * LB_DAT_TEXT_BYTES];

    lb_dat_name(c->rows, kind, work_ns, begin);
    lb_dat_file(c->rows, c->shown[0], begin, file);
    lb_dat_group_title(c->rows, c->shown[0], group);
    lb_dat_work_title(work_ns, work);
    snprintf(title, sizeof title, "%s, %s%s: %s", what, work, more, group);
    lb_dat_head(out, c, file, title);
}
