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

struct orders {
    struct lb_seen layouts, locks, scenarios, roles, players, groups, places;
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

    snprintf(players, sizeof players, "%s|%s|%s|%s", lb_plot_cell(rows, row, "writers"),
             lb_plot_cell(rows, row, "every_ns"), lb_plot_cell(rows, row, "objects"),
             lb_plot_cell(rows, row, "access"));
    int64_t a = lb_seen_order(&o->layouts, layout, length - twin);
    int64_t b = lb_seen_order(&o->locks, lock, strlen(lock));
    int64_t c = lb_seen_order(&o->scenarios, scenario, strlen(scenario));
    int64_t d = lb_seen_order(&o->players, players, strlen(players));
    int64_t e = lb_seen_order(&o->roles, role, strlen(role));
    row->group = group_of(&o->groups, rows, row, true);
    row->place = group_of(&o->places, rows, row, false);
    if (a < 0 || b < 0 || c < 0 || d < 0 || e < 0 || row->group < 0 || row->place < 0)
        return -ENOMEM;
    row->entry = a << 32 | (int64_t)twin << 31 | b;
    row->panel = c << 40 | e << 32 | d;
    return 0;
}

/* What the program's tables have stands first, in their order. */
static int order_tables(struct orders *o)
{
    int err = lb_seen_scenarios(&o->scenarios);

    for (size_t i = 0; err >= 0 && i < lb_n_layouts; i++)
        err = lb_seen_order(&o->layouts, lb_layouts[i].name, strlen(lb_layouts[i].name));
    for (size_t i = 0; err >= 0 && i < LB_SCENARIOS; i++)
        for (int k = 0; err >= 0 && k < lb_scenarios[i].n_roles; k++)
            err = lb_seen_order(&o->roles, lb_scenarios[i].roles[k].name,
                                strlen(lb_scenarios[i].roles[k].name));
    return err < 0 ? err : 0;
}

static int order_rows(struct lb_plot_rows *rows, bool shuffled)
{
    struct orders o = {.layouts = {NULL, 0}};
    int err = shuffled ? order_tables(&o) : 0;

    for (size_t i = 0; !err && i < rows->n; i++)
        err = order_row(&o, rows, &rows->rows[i]);
    if (!err)
        err = sort_groups(rows, o.groups.n, true);
    if (!err)
        err = sort_groups(rows, o.places.n, false);
    rows->n_groups = (int)o.groups.n;
    rows->n_places = (int)o.places.n;
    if (!err)
        limit_groups(rows);
    lb_seen_free(&o.layouts);
    lb_seen_free(&o.locks);
    lb_seen_free(&o.scenarios);
    lb_seen_free(&o.roles);
    lb_seen_free(&o.players);
    lb_seen_free(&o.groups);
    lb_seen_free(&o.places);
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

static int in_order(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_place(const void *a, const void *b)
{
    const struct lb_plot_row *x = *(const struct lb_plot_row *const *)a;
    const struct lb_plot_row *y = *(const struct lb_plot_row *const *)b;

    return x->place != y->place ? in_order(x->place, y->place) : x < y ? -1 : x > y;
}

static int by_entry(const void *a, const void *b)
{
    const struct lb_plot_row *x = *(const struct lb_plot_row *const *)a;
    const struct lb_plot_row *y = *(const struct lb_plot_row *const *)b;

    return x->entry != y->entry ? in_order(x->entry, y->entry) : by_place(a, b);
}

static int by_panel(const void *a, const void *b)
{
    const struct lb_plot_row *x = *(const struct lb_plot_row *const *)a;
    const struct lb_plot_row *y = *(const struct lb_plot_row *const *)b;

    return x->panel != y->panel ? in_order(x->panel, y->panel) : by_entry(a, b);
}

/* The first row of each entry, place and panel; the rows stand by panel then. */
static void find_firsts(struct lb_chart *c)
{
    qsort(c->shown, c->n, sizeof *c->shown, by_entry);
    for (size_t i = 0; i < c->n; i++)
        if (i == 0 || c->shown[i]->entry != c->shown[i - 1]->entry)
            c->entries[c->n_entries++] = c->shown[i];
    qsort(c->shown, c->n, sizeof *c->shown, by_place);
    for (size_t i = 0; i < c->n; i++)
        if (i == 0 || c->shown[i]->place != c->shown[i - 1]->place)
            c->places[c->n_places++] = c->shown[i];
    qsort(c->shown, c->n, sizeof *c->shown, by_panel);
    for (size_t i = 0; i < c->n; i++)
        if (i == 0 || c->shown[i]->panel != c->shown[i - 1]->panel)
            c->panels[c->n_panels++] = c->shown[i];
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
            rows->rows[i].work_ns == work_ns && shows(rows, &rows->rows[i], context))
            made.shown[made.n++] = &rows->rows[i];
    find_firsts(&made);
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

int lb_chart_entry(const struct lb_chart *chart, const struct lb_plot_row *row)
{
    return (int)chart->n_entries + 1 - lb_chart_y(chart, row);
}

int lb_chart_place(const struct lb_chart *chart, const struct lb_plot_row *row)
{
    int i = 0;

    while (chart->places[i]->place != row->place)
        i++;
    return i + 1;
}

bool lb_chart_has(const struct lb_chart *chart, size_t panel, size_t entry)
{
    for (size_t i = 0; i < chart->n; i++)
        if (chart->shown[i]->panel == chart->panels[panel]->panel &&
            chart->shown[i]->entry == chart->entries[entry]->entry)
            return true;
    return false;
}

int lb_plot_each(const struct lb_plot_rows *rows, lb_plot_picture *picture, FILE *out)
{
    int n = 0;

    for (int group = 0; group < rows->n_groups; group++)
        for (size_t w = 0; w < rows->n_works; w++) {
            int drawn = picture(rows, group, rows->works[w], out);
            if (drawn < 0)
                return drawn;
            n += drawn;
        }
    return n;
}
