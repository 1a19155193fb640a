/* SPDX-License-Identifier: MIT
 *
 * How rows are read from CSV, put in order and made into text for pictures.
 */
#include "plot_rows.h"

#include <linebounce/placement.h>
#include <linebounce/record.h>

#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Names in the order in which they were first seen. */
struct names {
    char **list;
    size_t n;
};

/* Order of a name of `length` bytes; -ENOMEM. */
static int order_of(struct names *names, const char *name, size_t length)
{
    size_t i = 0;

    while (i < names->n &&
           (strncmp(names->list[i], name, length) || names->list[i][length] != '\0'))
        i++;
    if (i < names->n)
        return (int)i;
    char **list = reallocarray(names->list, i + 1, sizeof *list);
    if (!list)
        return -ENOMEM;
    names->list = list;
    if (!(list[i] = strndup(name, length)))
        return -ENOMEM;
    names->n++;
    return (int)i;
}

static void names_free(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->list[i]);
    free(names->list);
}

const char *lb_plot_cell(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                         const char *column)
{
    for (size_t i = 0; i < rows->n_columns; i++)
        if (!strcmp(rows->columns[i], column))
            return row->cells[i];
    return "";
}

double lb_plot_number(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                      const char *column)
{
    return lb_number_parse(lb_plot_cell(rows, row, column));
}

/* Reading ------------------------------------------------------------------------------------- */

static void row_free(const struct lb_plot_rows *rows, struct lb_plot_row *row)
{
    for (size_t i = 0; row->cells && i < rows->n_columns; i++)
        free(row->cells[i]);
    free(row->cells);
}

void lb_plot_rows_free(struct lb_plot_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        row_free(rows, &rows->rows[i]);
    free(rows->rows);
    free(rows->works);
}

static int take_row(struct lb_plot_rows *rows, const struct lb_csv_reader *reader,
                    lb_plot_takes *takes)
{
    struct lb_plot_row row = {.cells = calloc(rows->n_columns, sizeof *row.cells)};
    struct lb_plot_row *list;
    bool whole = row.cells != NULL;

    for (size_t i = 0; whole && i < rows->n_columns; i++)
        whole = (row.cells[i] = strdup(lb_csv_cell(reader, rows->columns[i]))) != NULL;
    row.work_ns = whole ? lb_plot_number(rows, &row, "work_ns") : NAN;
    if (!whole || !takes(rows, &row)) {
        row_free(rows, &row);
        return whole ? 0 : -ENOMEM;
    }
    if (!(list = reallocarray(rows->rows, rows->n + 1, sizeof *list))) {
        row_free(rows, &row);
        return -ENOMEM;
    }
    rows->rows = list;
    list[rows->n++] = row;
    return 0;
}

/* Orders -------------------------------------------------------------------------------------- */

/* Local memory before other homes, pairs before other numbers of threads (a sweep has many of
 * those, and one thread alone contends with nobody), near before far, few threads before many. */
static double group_rank(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    const char *home = lb_plot_cell(rows, row, "home");
    double threads = lb_plot_number(rows, row, "threads");
    double regime = lb_plot_number(rows, row, "regime");
    int distance = 0;

    while (distance < LB_DISTANCES && strcmp(lb_plot_cell(rows, row, "distance"),
                                             lb_distance_name((enum lb_distance)distance)))
        distance++;
    if (distance == LB_DISTANCE_NONE)
        distance = LB_DISTANCES + 1;
    return (*home && strcmp(home, "local") ? 1e9 : 0) + (threads == 2 ? 0 : 1e8) + 1e6 * distance +
           10 * (isnan(threads) ? 0 : threads) + (isnan(regime) ? 0 : regime);
}

static int group_of(struct names *groups, const struct lb_plot_rows *rows,
                    const struct lb_plot_row *row)
{
    const char *home = lb_plot_cell(rows, row, "home");
    char *key;
    int length = asprintf(&key, "%s|%s|%s|%s|%s", lb_plot_cell(rows, row, "placement"),
                          strcmp(home, "local") ? home : "", lb_plot_cell(rows, row, "distance"),
                          lb_plot_cell(rows, row, "threads"), lb_plot_cell(rows, row, "regime"));

    if (length < 0)
        return -ENOMEM;
    int order = order_of(groups, key, (size_t)length);
    free(key);
    return order;
}

/* From the order of the file to that of the ranks. */
static int sort_groups(struct lb_plot_rows *rows, size_t n_groups)
{
    double *rank = calloc(n_groups + 1, sizeof *rank);

    if (!rank)
        return -ENOMEM;
    for (size_t i = 0; i < rows->n; i++)
        rank[rows->rows[i].group] = group_rank(rows, &rows->rows[i]);
    for (size_t i = 0; i < rows->n; i++) {
        size_t mine = (size_t)rows->rows[i].group;
        int before = 0;
        for (size_t g = 0; g < n_groups; g++)
            before += rank[g] < rank[mine] || (rank[g] == rank[mine] && g < mine);
        rows->rows[i].group = before < LB_PLOT_GROUPS_MOST ? before : -1;
    }
    rows->n_groups = n_groups < LB_PLOT_GROUPS_MOST ? (int)n_groups : LB_PLOT_GROUPS_MOST;
    free(rank);
    return 0;
}

struct orders {
    struct names layouts, locks, scenarios, roles, players, groups;
};

static int order_row(struct orders *o, const struct lb_plot_rows *rows, struct lb_plot_row *row)
{
    const char *layout = lb_plot_cell(rows, row, "layout");
    const char *lock = lb_plot_cell(rows, row, "lock");
    const char *scenario = lb_plot_cell(rows, row, "scenario");
    const char *role = lb_plot_cell(rows, row, "role");
    char players[LB_DAT_TEXT_BYTES];
    size_t length = strlen(layout);
    bool twin = length && layout[length - 1] == '~';

    snprintf(players, sizeof players, "%s|%s|%s", lb_plot_cell(rows, row, "writers"),
             lb_plot_cell(rows, row, "objects"), lb_plot_cell(rows, row, "access"));
    int64_t a = order_of(&o->layouts, layout, length - twin);
    int64_t b = order_of(&o->locks, lock, strlen(lock));
    int64_t c = order_of(&o->scenarios, scenario, strlen(scenario));
    int64_t d = order_of(&o->players, players, strlen(players));
    int64_t e = order_of(&o->roles, role, strlen(role));
    row->group = group_of(&o->groups, rows, row);
    if (a < 0 || b < 0 || c < 0 || d < 0 || e < 0 || row->group < 0)
        return -ENOMEM;
    row->entry = a << 32 | (int64_t)twin << 31 | b;
    row->panel = c << 40 | e << 32 | d;
    return 0;
}

static int order_rows(struct lb_plot_rows *rows)
{
    struct orders o = {.layouts = {NULL, 0}};
    int err = 0;

    for (size_t i = 0; !err && i < rows->n; i++)
        err = order_row(&o, rows, &rows->rows[i]);
    if (!err)
        err = sort_groups(rows, o.groups.n);
    names_free(&o.layouts);
    names_free(&o.locks);
    names_free(&o.scenarios);
    names_free(&o.roles);
    names_free(&o.players);
    names_free(&o.groups);
    return err;
}

/* 200 ns, else the least pause, else 0. */
static double headline_of(const struct lb_plot_rows *rows)
{
    double best = 0;

    for (size_t i = 0; i < rows->n; i++) {
        double work = rows->rows[i].work_ns;
        if (work > 0 && best != 200 && (best == 0 || work == 200 || work < best))
            best = work;
    }
    return best;
}

static int order_works(struct lb_plot_rows *rows)
{
    double headline = headline_of(rows), after = 0, next;
    bool idle = false;

    if (!(rows->works = calloc(rows->n + 1, sizeof *rows->works)))
        return -ENOMEM;
    if (headline > 0)
        rows->works[rows->n_works++] = headline;
    do {
        next = INFINITY;
        for (size_t i = 0; i < rows->n; i++) {
            double work = rows->rows[i].work_ns;
            idle |= work == 0;
            if (work > after && work < next)
                next = work;
        }
        if (next < INFINITY && next != headline)
            rows->works[rows->n_works++] = next;
        after = next;
    } while (next < INFINITY);
    if (idle)
        rows->works[rows->n_works++] = 0;
    return 0;
}

int lb_plot_rows_read(const char *path, const char *const *columns, lb_plot_takes *takes,
                      struct lb_why *why, struct lb_plot_rows *rows)
{
    struct lb_plot_rows read = {.columns = columns};
    struct lb_csv_reader *reader;
    int err = lb_csv_open(path, NULL, why, &reader);

    if (err)
        return err;
    while (columns[read.n_columns])
        read.n_columns++;
    while ((err = lb_csv_next(reader, why)) == 1)
        if ((err = take_row(&read, reader, takes)))
            break;
    lb_csv_reader_close(reader);
    if (!err)
        err = order_rows(&read);
    if (!err)
        err = order_works(&read);
    if (err == -ENOMEM)
        lb_fail(why, ENOMEM, "%s: %s", path, strerror(ENOMEM));
    if (err)
        lb_plot_rows_free(&read);
    else
        *rows = read;
    return err;
}

/* Charts -------------------------------------------------------------------------------------- */

static int by_entry(const void *a, const void *b)
{
    const struct lb_plot_row *x = *(const struct lb_plot_row *const *)a;
    const struct lb_plot_row *y = *(const struct lb_plot_row *const *)b;

    return x->entry != y->entry ? (x->entry < y->entry ? -1 : 1) : (x < y ? -1 : x > y);
}

static int by_panel(const void *a, const void *b)
{
    const struct lb_plot_row *x = *(const struct lb_plot_row *const *)a;
    const struct lb_plot_row *y = *(const struct lb_plot_row *const *)b;

    return x->panel != y->panel ? (x->panel < y->panel ? -1 : 1) : by_entry(a, b);
}

int lb_chart_make(const struct lb_plot_rows *rows, int group, double work_ns, lb_plot_shows *shows,
                  const void *context, struct lb_chart *chart)
{
    struct lb_chart made = {.rows = rows};

    made.shown = calloc(rows->n + 1, sizeof *made.shown);
    made.panels = calloc(rows->n + 1, sizeof *made.panels);
    made.entries = calloc(rows->n + 1, sizeof *made.entries);
    if (!made.shown || !made.panels || !made.entries) {
        lb_chart_free(&made);
        return -ENOMEM;
    }
    for (size_t i = 0; i < rows->n; i++)
        if (rows->rows[i].group == group && rows->rows[i].work_ns == work_ns &&
            shows(rows, &rows->rows[i], context))
            made.shown[made.n++] = &rows->rows[i];
    qsort(made.shown, made.n, sizeof *made.shown, by_entry);
    for (size_t i = 0; i < made.n; i++)
        if (i == 0 || made.shown[i]->entry != made.shown[i - 1]->entry)
            made.entries[made.n_entries++] = made.shown[i];
    qsort(made.shown, made.n, sizeof *made.shown, by_panel);
    for (size_t i = 0; i < made.n; i++)
        if (i == 0 || made.shown[i]->panel != made.shown[i - 1]->panel)
            made.panels[made.n_panels++] = made.shown[i];
    *chart = made;
    return 0;
}

void lb_chart_free(struct lb_chart *chart)
{
    free(chart->shown);
    free(chart->panels);
    free(chart->entries);
}

int lb_chart_panel(const struct lb_chart *chart, const struct lb_plot_row *row)
{
    int i = 0;

    while (chart->panels[i]->panel != row->panel)
        i++;
    return i + 1;
}

int lb_chart_y(const struct lb_chart *chart, const struct lb_plot_row *row)
{
    int i = 0;

    while (chart->entries[i]->entry != row->entry)
        i++;
    return (int)chart->n_entries - i;
}

bool lb_chart_has(const struct lb_chart *chart, size_t panel, size_t entry)
{
    for (size_t i = 0; i < chart->n; i++)
        if (chart->shown[i]->panel == chart->panels[panel]->panel &&
            chart->shown[i]->entry == chart->entries[entry]->entry)
            return true;
    return false;
}

/* Text ---------------------------------------------------------------------------------------- */

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

void lb_dat_head(FILE *out, const struct lb_chart *chart, const char *file, const char *title)
{
    lb_dat_text(out, file);
    fputc('\t', out);
    lb_dat_text(out, title);
    fprintf(out, "\t%zu\t%zu", chart->n_panels, chart->n_entries);
}

void lb_dat_entries(FILE *out, const struct lb_chart *chart)
{
    lb_dat_end_block(out);
    for (size_t i = 0; i < chart->n_entries; i++) {
        const struct lb_plot_row *row = chart->entries[i];
        char label[LB_DAT_TEXT_BYTES];
        int locks = 0;
        for (size_t k = 0; k < chart->n_entries; k++)
            locks += chart->entries[k]->entry >> 31 == row->entry >> 31;
        snprintf(label, sizeof label, "%s%s%s", lb_plot_cell(chart->rows, row, "layout"),
                 locks > 1 ? ", " : "", locks > 1 ? lb_plot_cell(chart->rows, row, "lock") : "");
        fprintf(out, "%zu\t", chart->n_entries - i);
        lb_dat_text(out, label);
        fputc('\n', out);
    }
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

void lb_dat_panel_title(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                        char text[LB_DAT_TEXT_BYTES])
{
    const char *role = lb_plot_cell(rows, row, "role");
    const char *writers = lb_plot_cell(rows, row, "writers");
    const char *objects = lb_plot_cell(rows, row, "objects");
    const char *access = lb_plot_cell(rows, row, "access");
    bool one_role = !*role || !strcmp(role, "all");
    int used =
        snprintf(text, LB_DAT_TEXT_BYTES, "%.150s%s%.60s", lb_plot_cell(rows, row, "scenario"),
                 one_role ? "" : ": ", one_role ? "" : role);

    if (*writers)
        used += snprintf(text + used, LB_DAT_TEXT_BYTES - (size_t)used, " (%.60s writer%s)",
                         writers, strcmp(writers, "1") ? "s" : "");
    if (*objects)
        snprintf(text + used, LB_DAT_TEXT_BYTES - (size_t)used, " of %.60s%s%.60s", objects,
                 *access ? ", " : "", access);
}

/* The placement with its home where that is not local: pictures of both would be one otherwise. */
static void where(const struct lb_plot_rows *rows, const struct lb_plot_row *row, char text[256])
{
    const char *home = lb_plot_cell(rows, row, "home");
    bool near = !*home || !strcmp(home, "local");

    snprintf(text, 256, "%.180s%s%.60s", lb_plot_cell(rows, row, "placement"), near ? "" : ",",
             near ? "" : home);
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
    char place[256];

    where(rows, row, place);
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
void lb_dat_file(const struct lb_plot_rows *rows, const struct lb_plot_row *row, const char *begin,
                 char text[LB_DAT_TEXT_BYTES])
{
    static const char known[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,_~-";
    const char *regime = regime_of(rows, row);
    char place[256], suffix[384] = "";

    where(rows, row, place);
    if (row->group > 0)
        snprintf(suffix, sizeof suffix, "-%s-%.20st%s%.20s", place,
                 lb_plot_cell(rows, row, "threads"), *regime ? "-regime" : "", regime);
    snprintf(text, 121, "%s%s", begin, suffix);
    for (size_t i = strspn(text, known); text[i]; i += strspn(text + i, known))
        text[i] = '_';
}

void lb_dat_work_file(const struct lb_chart *chart, const char *kind, double work_ns,
                      char text[LB_DAT_TEXT_BYTES])
{
    char begin[LB_DAT_TEXT_BYTES], number[LB_NUMBER_BYTES];

    lb_number_format(work_ns, 6, number);
    if (work_ns == 0)
        snprintf(begin, sizeof begin, "%s-saturated", kind);
    else if (work_ns == chart->rows->works[0])
        snprintf(begin, sizeof begin, "%s", kind);
    else
        snprintf(begin, sizeof begin, "%s-work%s", kind, number);
    lb_dat_file(chart->rows, chart->shown[0], begin, text);
}
