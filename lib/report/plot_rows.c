/* SPDX-License-Identifier: MIT
 *
 * How rows are read from CSV, put in order and made into text for pictures.
 */
#include "plot_rows.h"

#include <linebounce/placement.h>
#include <linebounce/record.h>
#include <linebounce/scenario.h>

#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int lb_seen_order(struct lb_seen *seen, const char *name, size_t length)
{
    size_t i = 0;

    while (i < seen->n && (strncmp(seen->list[i], name, length) || seen->list[i][length] != '\0'))
        i++;
    if (i < seen->n)
        return (int)i;
    char **list = reallocarray(seen->list, i + 1, sizeof *list);
    if (!list)
        return -ENOMEM;
    seen->list = list;
    if (!(list[i] = strndup(name, length)))
        return -ENOMEM;
    seen->n++;
    return (int)i;
}

void lb_seen_free(struct lb_seen *seen)
{
    for (size_t i = 0; i < seen->n; i++)
        free(seen->list[i]);
    free(seen->list);
}

int lb_seen_scenarios(struct lb_seen *seen)
{
    int err = 0;

    for (size_t i = 0; err >= 0 && i < LB_SCENARIOS; i++)
        err = lb_seen_order(seen, lb_scenarios[i].name, strlen(lb_scenarios[i].name));
    return err < 0 ? err : 0;
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

struct lb_plot_value lb_plot_value(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                                   const char *const columns[3])
{
    struct lb_plot_value v = {lb_plot_number(rows, row, columns[0]),
                              lb_plot_number(rows, row, columns[1]),
                              lb_plot_number(rows, row, columns[2])};

    v.low = isnan(v.low) ? v.value : v.low;
    v.high = isnan(v.high) ? v.value : v.high;
    return v;
}

void lb_plot_range_add(struct lb_plot_range *range, const struct lb_plot_value *value)
{
    range->low = fmin(range->low, fmin(value->value, value->low));
    range->high = fmax(range->high, fmax(value->value, value->high));
}

bool lb_plot_speaks(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    double others = lb_plot_number(rows, row, "windows_other_regime");

    return !(others > 0) || lb_plot_number(rows, row, "windows") >= others;
}

bool lb_plot_is_local(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    const char *home = lb_plot_cell(rows, row, "home");

    return !*home || !strcmp(home, "local");
}

int lb_plot_distance(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    int distance = 0;

    while (distance < LB_DISTANCES && strcmp(lb_plot_cell(rows, row, "distance"),
                                             lb_distance_name((enum lb_distance)distance)))
        distance++;
    return distance;
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

/* Rows while a file is read. */
struct reading {
    struct lb_plot_rows *rows;
    int source;
    lb_plot_takes *takes;
};

static int take_row(const struct lb_csv_reader *reader, void *reading)
{
    const struct reading *r = reading;
    struct lb_plot_rows *rows = r->rows;
    struct lb_plot_row row = {.cells = calloc(rows->n_columns, sizeof *row.cells),
                              .source = r->source};
    struct lb_plot_row *kept;
    bool whole = row.cells != NULL;

    for (size_t i = 0; whole && i < rows->n_columns; i++)
        whole = (row.cells[i] = strdup(lb_csv_cell(reader, rows->columns[i]))) != NULL;
    row.work_ns = whole ? lb_plot_number(rows, &row, "work_ns") : NAN;
    if (whole && r->takes(rows, &row)) {
        if ((kept = lb_more(&rows->rows, &rows->n, sizeof *kept))) {
            *kept = row;
            return 0;
        }
        whole = false;
    }
    row_free(rows, &row);
    return whole ? 0 : -ENOMEM;
}

/* Orders -------------------------------------------------------------------------------------- */

/* Local memory before other homes, pairs before other numbers of threads (a sweep has many of
 * those, and one thread alone contends with nobody), near before far, few threads before many. */
static double group_rank(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                         bool by_regime)
{
    double threads = lb_plot_number(rows, row, "threads");
    double regime = by_regime ? lb_plot_number(rows, row, "regime") : 0;
    int distance = lb_plot_distance(rows, row);

    if (distance == LB_DISTANCE_NONE)
        distance = LB_DISTANCES + 1;
    return (lb_plot_is_local(rows, row) ? 0 : 1e9) + (threads == 2 ? 0 : 1e8) + 1e6 * distance +
           10 * (isnan(threads) ? 0 : threads) + (isnan(regime) ? 0 : regime);
}

static int group_of(struct lb_seen *groups, const struct lb_plot_rows *rows,
                    const struct lb_plot_row *row, bool by_regime)
{
    char *key;
    int length = asprintf(&key, "%s|%s|%s|%s|%s", lb_plot_cell(rows, row, "placement"),
                          lb_plot_is_local(rows, row) ? "" : lb_plot_cell(rows, row, "home"),
                          lb_plot_cell(rows, row, "distance"), lb_plot_cell(rows, row, "threads"),
                          by_regime ? lb_plot_cell(rows, row, "regime") : "");

    if (length < 0)
        return -ENOMEM;
    int order = lb_seen_order(groups, key, (size_t)length);
    free(key);
    return order;
}

static int *number_of(struct lb_plot_row *row, bool by_regime)
{
    return by_regime ? &row->group : &row->place;
}

/* From the order of the file to that of the ranks. */
static int sort_groups(struct lb_plot_rows *rows, size_t n_groups, bool by_regime)
{
    double *rank = calloc(n_groups + 1, sizeof *rank);
    int *before = calloc(n_groups + 1, sizeof *before);

    for (size_t i = 0; rank && before && i < rows->n; i++)
        rank[*number_of(&rows->rows[i], by_regime)] = group_rank(rows, &rows->rows[i], by_regime);
    for (size_t mine = 0; rank && before && mine < n_groups; mine++)
        for (size_t g = 0; g < n_groups; g++)
            before[mine] += rank[g] < rank[mine] || (rank[g] == rank[mine] && g < mine);
    for (size_t i = 0; rank && before && i < rows->n; i++) {
        int *number = number_of(&rows->rows[i], by_regime);
        *number = before[*number];
    }
    int err = rank && before ? 0 : -ENOMEM;
    free(rank);
    free(before);
    return err;
}

/* A picture of each is drawn of the first of them only. */
static void limit_groups(struct lb_plot_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->rows[i].group >= LB_PLOT_GROUPS_MOST)
            rows->rows[i].group = -1;
    if (rows->n_groups > LB_PLOT_GROUPS_MOST)
        rows->n_groups = LB_PLOT_GROUPS_MOST;
}

enum orders { LAYOUTS, LOCKS, SCENARIOS, ROLES, PLAYERS, GROUPS, PLACES, ORDERS };

static int64_t order_of(struct lb_seen *seen, const char *name)
{
    return lb_seen_order(seen, name, strlen(name));
}

static int order_row(struct lb_seen o[ORDERS], const struct lb_plot_rows *rows,
                     struct lb_plot_row *row)
{
    const char *layout = lb_plot_cell(rows, row, "layout");
    char players[LB_DAT_TEXT_BYTES];
    size_t length = strlen(layout);
    bool twin = length && layout[length - 1] == '~';

    snprintf(players, sizeof players, "%s|%s|%s|%s", lb_plot_cell(rows, row, "writers"),
             lb_plot_cell(rows, row, "every_ns"), lb_plot_cell(rows, row, "objects"),
             lb_plot_cell(rows, row, "access"));
    int64_t a = lb_seen_order(&o[LAYOUTS], layout, length - twin);
    int64_t b = order_of(&o[LOCKS], lb_plot_cell(rows, row, "lock"));
    int64_t c = order_of(&o[SCENARIOS], lb_plot_cell(rows, row, "scenario"));
    int64_t d = order_of(&o[PLAYERS], players);
    int64_t e = order_of(&o[ROLES], lb_plot_cell(rows, row, "role"));
    row->group = group_of(&o[GROUPS], rows, row, true);
    row->place = group_of(&o[PLACES], rows, row, false);
    if (a < 0 || b < 0 || c < 0 || d < 0 || e < 0 || row->group < 0 || row->place < 0)
        return -ENOMEM;
    row->entry = a << 32 | (int64_t)twin << 31 | b;
    row->panel = c << 40 | e << 32 | d;
    return 0;
}

/* What the program's tables have stands first, in their order. */
static int order_tables(struct lb_seen o[ORDERS])
{
    int64_t err = lb_seen_scenarios(&o[SCENARIOS]);

    for (size_t i = 0; err >= 0 && i < lb_n_layouts; i++)
        err = order_of(&o[LAYOUTS], lb_layouts[i].name);
    for (size_t i = 0; err >= 0 && i < LB_SCENARIOS; i++)
        for (int k = 0; err >= 0 && k < lb_scenarios[i].n_roles; k++)
            err = order_of(&o[ROLES], lb_scenarios[i].roles[k].name);
    return err < 0 ? (int)err : 0;
}

static int order_rows(struct lb_plot_rows *rows, bool shuffled)
{
    struct lb_seen o[ORDERS] = {{NULL, 0}};
    int err = shuffled ? order_tables(o) : 0;

    for (size_t i = 0; !err && i < rows->n; i++)
        err = order_row(o, rows, &rows->rows[i]);
    if (!err)
        err = sort_groups(rows, o[GROUPS].n, true);
    if (!err)
        err = sort_groups(rows, o[PLACES].n, false);
    rows->n_groups = (int)o[GROUPS].n;
    rows->n_places = (int)o[PLACES].n;
    if (!err)
        limit_groups(rows);
    for (size_t i = 0; i < ORDERS; i++)
        lb_seen_free(&o[i]);
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

int lb_plot_rows_read(const struct lb_plot_kind *kind, const struct lb_plot_files *files,
                      struct lb_why *why, struct lb_plot_rows *rows)
{
    struct lb_plot_rows read = {
        .columns = kind->columns, .sources = files->names, .n_sources = files->n};
    int err = 0;

    while (kind->columns[read.n_columns])
        read.n_columns++;
    for (size_t i = 0; !err && i < files->n; i++) {
        struct reading reading = {&read, (int)i, kind->takes};
        err = lb_csv_each(NULL, files->paths[i], NULL, why, take_row, &reading);
    }
    if (!err && ((err = order_rows(&read, kind->shuffled)) || (err = order_works(&read))))
        lb_fail(why, -err, "%s: %s", files->paths[0], strerror(-err));
    if (err)
        lb_plot_rows_free(&read);
    else
        *rows = read;
    return err;
}

/* Charts -------------------------------------------------------------------------------------- */

/* What rows are ordered by; those that agree in one, by the next. */
enum key { KEY_PANEL, KEY_ENTRY, KEY_PLACE, KEYS };

static int64_t key_of(const struct lb_plot_row *row, enum key key)
{
    return key == KEY_PANEL ? row->panel : key == KEY_ENTRY ? row->entry : row->place;
}

static int in_order(const void *a, const void *b, void *first)
{
    const struct lb_plot_row *x = *(const struct lb_plot_row *const *)a;
    const struct lb_plot_row *y = *(const struct lb_plot_row *const *)b;

    for (enum key key = *(const enum key *)first; key < KEYS; key++)
        if (key_of(x, key) != key_of(y, key))
            return key_of(x, key) < key_of(y, key) ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* The first row of each by one key; the rows stand in its order then. Returns how many. */
static size_t find_firsts(struct lb_chart *c, enum key key, const struct lb_plot_row **firsts)
{
    size_t n = 0;

    qsort_r(c->shown, c->n, sizeof *c->shown, in_order, &key);
    for (size_t i = 0; i < c->n; i++)
        if (i == 0 || key_of(c->shown[i], key) != key_of(c->shown[i - 1], key))
            firsts[n++] = c->shown[i];
    return n;
}

int lb_chart_make(const struct lb_plot_rows *rows, int group, double work_ns, lb_plot_shows *shows,
                  const void *context, struct lb_chart *chart)
{
    struct lb_chart made = {.rows = rows};

    made.shown = calloc(rows->n + 1, sizeof *made.shown);
    made.panels = calloc(rows->n + 1, sizeof *made.panels);
    made.entries = calloc(rows->n + 1, sizeof *made.entries);
    made.places = calloc(rows->n + 1, sizeof *made.places);
    if (!made.shown || !made.panels || !made.entries || !made.places) {
        lb_chart_free(&made);
        return -ENOMEM;
    }
    for (size_t i = 0; i < rows->n; i++)
        if ((group == LB_PLOT_ANYWHERE || rows->rows[i].group == group) &&
            rows->rows[i].work_ns == work_ns && (!shows || shows(rows, &rows->rows[i], context)))
            made.shown[made.n++] = &rows->rows[i];
    made.n_entries = find_firsts(&made, KEY_ENTRY, made.entries);
    made.n_places = find_firsts(&made, KEY_PLACE, made.places);
    made.n_panels = find_firsts(&made, KEY_PANEL, made.panels);
    *chart = made;
    return 0;
}

void lb_chart_free(struct lb_chart *chart)
{
    free(chart->shown);
    free(chart->panels);
    free(chart->entries);
    free(chart->places);
}

static int number_in(const struct lb_plot_row *const *firsts, const struct lb_plot_row *row,
                     enum key key)
{
    int i = 0;

    while (key_of(firsts[i], key) != key_of(row, key))
        i++;
    return i + 1;
}

int lb_chart_panel(const struct lb_chart *chart, const struct lb_plot_row *row)
{
    return number_in(chart->panels, row, KEY_PANEL);
}

int lb_chart_y(const struct lb_chart *chart, const struct lb_plot_row *row)
{
    return (int)chart->n_entries + 1 - lb_chart_entry(chart, row);
}

int lb_chart_entry(const struct lb_chart *chart, const struct lb_plot_row *row)
{
    return number_in(chart->entries, row, KEY_ENTRY);
}

int lb_chart_place(const struct lb_chart *chart, const struct lb_plot_row *row)
{
    return number_in(chart->places, row, KEY_PLACE);
}

bool lb_chart_has(const struct lb_chart *chart, size_t panel, size_t entry)
{
    for (size_t i = 0; i < chart->n; i++)
        if (chart->shown[i]->panel == chart->panels[panel]->panel &&
            chart->shown[i]->entry == chart->entries[entry]->entry)
            return true;
    return false;
}
