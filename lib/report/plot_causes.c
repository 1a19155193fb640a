/* SPDX-License-Identifier: MIT
 *
 * causes.dat: how long single ops took, how many waited for a line, and what the counters counted.
 */
#include "plot_rows.h"

#include <linebounce/events.h>
#include <linebounce/record.h>

#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MOST   6
#define CAPTION_MOST  17  /* letters in a line of a panel's caption */
#define FOOTNOTE_MOST 115 /* and of what stands below all of them */
#define NAME_BYTES    128

struct event {
    char name[NAME_BYTES];
    char states[NAME_BYTES]; /* of the rows that have no value */
    size_t n_values;
    double usual, rank; /* the least come first */
    bool shown;
};

struct survey {
    struct event *events; /* those that are shown stand first */
    size_t n, n_shown;
    bool timed, slow;
    char *footnote;
};

/* The i-th of the values of a cell, from 0; "" past the end. */
static void value_at(const char *cell, int i, char text[NAME_BYTES])
{
    while (lb_csv_value(&cell, text, NAME_BYTES))
        if (!i--)
            return;
    *text = '\0';
}

/* Its place in the row's events; -1: it is none of them. */
static int place_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                    const char *name)
{
    const char *cell = lb_plot_cell(rows, row, "events");
    char here[NAME_BYTES];

    for (int i = 0; lb_csv_value(&cell, here, sizeof here); i++)
        if (!strcmp(here, name))
            return i;
    return -1;
}

/* Its count per op, NaN where there is none; and its state there. */
static double count_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                       const char *name, char state[NAME_BYTES])
{
    int place = place_of(rows, row, name);
    char text[NAME_BYTES];

    state[0] = '\0';
    if (place < 0)
        return NAN;
    value_at(lb_plot_cell(rows, row, "event_states"), place, state);
    value_at(lb_plot_cell(rows, row, "events_per_op"), place, text);
    return lb_number_parse(text);
}

/* Events that tell of lines moving come first, then the user's own. */
static double usual_of(const char *name, size_t order)
{
    static const int rest[] = {LB_EVENT_L2_MISS,      LB_EVENT_LLC_MISS, LB_EVENT_L1D_MISS,
                               LB_EVENT_ORDER_CLEARS, LB_EVENT_LOCK_OPS, LB_EVENT_INSTRUCTIONS,
                               LB_EVENT_CYCLES};
    int quantity = lb_quantity_find(name);

    if (quantity >= LB_EVENT_HITM_LOCAL && quantity <= LB_EVENT_INVALIDATED)
        return quantity - LB_EVENT_HITM_LOCAL;
    for (size_t i = 0; i < LB_COUNT(rest); i++)
        if (quantity == rest[i])
            return 2000 + (double)i;
    return 1000 + (double)order;
}

static int by_usual(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    return lb_by_value(&x->usual, &y->usual);
}

static int by_rank(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    return lb_by_value(&x->rank, &y->rank);
}

static int add_events(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                      struct survey *s)
{
    const char *cell = lb_plot_cell(rows, row, "events");
    char name[NAME_BYTES];

    while (lb_csv_value(&cell, name, sizeof name)) {
        size_t i = 0;
        while (i < s->n && strcmp(s->events[i].name, name))
            i++;
        if (i < s->n || !*name)
            continue;
        struct event *event = lb_more(&s->events, &s->n, sizeof *event);
        if (!event)
            return -ENOMEM;
        event->usual = usual_of(name, s->n - 1);
        memcpy(event->name, name, sizeof name);
    }
    return 0;
}

/* Whether a state is one of those that "/" joins. */
static bool has_state(const char *states, const char *state)
{
    size_t length;

    for (; *states; states += length + (states[length] == '/')) {
        length = strcspn(states, "/");
        if (length == strlen(state) && !strncmp(states, state, length))
            return true;
    }
    return false;
}

static void count_values(const struct lb_plot_rows *rows, struct event *event)
{
    char state[NAME_BYTES];

    for (size_t i = 0; i < rows->n; i++) {
        size_t used = strlen(event->states);
        if (!isnan(count_of(rows, &rows->rows[i], event->name, state)))
            event->n_values++;
        else if (*state && !has_state(event->states, state))
            snprintf(event->states + used, NAME_BYTES - used, "%s%s", used ? "/" : "", state);
    }
    /* That a layout or two have none of an event decides nothing. */
    event->rank =
        event->n_values
            ? event->usual - 1e6 * floor(4.0 * (double)event->n_values / (double)rows->n + 0.5)
            : INFINITY;
}

/* What was counted but is not shown, then what has no value. */
static int write_footnote(struct survey *s)
{
    size_t bytes, n = 0;
    FILE *out = open_memstream(&s->footnote, &bytes);

    if (!out)
        return -ENOMEM;
    for (size_t i = s->n_shown; i < s->n; i++)
        if (s->events[i].n_values)
            fprintf(out, "%s%s", n++ ? ", " : "Counted but not shown: ", s->events[i].name);
    fputs(n ? "." : "", out);
    bool first = true;
    for (size_t i = s->n_shown; i < s->n; i++) {
        const struct event *e = &s->events[i];
        if (e->n_values)
            continue;
        fprintf(out, "%s%s", !first ? ", " : n ? " No value: " : "No value: ", e->name);
        fprintf(out, *e->states ? " (%s)" : "%s", e->states);
        first = false;
    }
    fputs(first ? "" : ".", out);
    return lb_text_end(out, &s->footnote);
}

static int survey_all(const struct lb_plot_rows *rows, struct survey *s)
{
    int err = 0;

    for (size_t i = 0; !err && i < rows->n; i++) {
        const struct lb_plot_row *row = &rows->rows[i];
        s->timed |= !isnan(lb_plot_number(rows, row, "latency_p50_ns")) ||
                    !isnan(lb_plot_number(rows, row, "latency_p99_ns"));
        s->slow |= !isnan(lb_plot_number(rows, row, "slow_ops_per_kop"));
        err = add_events(rows, row, s);
    }
    for (size_t i = 0; i < s->n; i++)
        count_values(rows, &s->events[i]);
    if (err || !s->n)
        return err;
    qsort(s->events, s->n, sizeof *s->events, by_usual);
    qsort(s->events, s->n, sizeof *s->events, by_rank);
    while (s->n_shown < EVENTS_MOST && s->n_shown < s->n && s->events[s->n_shown].n_values)
        s->n_shown++;
    qsort(s->events, s->n_shown, sizeof *s->events, by_usual);
    return write_footnote(s);
}

/* One cell of the picture: 1 latency, 2 slow ops, from 3 the events. */
struct cell {
    double value, another;
    char word[NAME_BYTES]; /* what stands there where there is no value */
};

static void cell_of(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                    const struct survey *s, size_t kind, struct cell *cell)
{
    bool timed = lb_plot_number(rows, row, "latency_samples") > 0;

    cell->another = NAN;
    if (kind == 1) {
        cell->value = lb_plot_number(rows, row, "latency_p50_ns");
        cell->another = lb_plot_number(rows, row, "latency_p99_ns");
        strcpy(cell->word, timed ? "too few" : "not timed");
    } else if (kind == 2) {
        cell->value = lb_plot_number(rows, row, "slow_ops_per_kop");
        strcpy(cell->word, timed ? "no threshold" : "not timed");
    } else {
        cell->value = count_of(rows, row, s->events[kind - 3].name, cell->word);
        if (!*cell->word || (isnan(cell->value) &&
                             (!strcmp(cell->word, "counted") || !strcmp(cell->word, "scaled"))))
            strcpy(cell->word, "no count");
    }
}

/* Text in lines of at most `most` letters, each a cell, broken behind blanks, ":" and "_" where
 * there are any; how many. Without a file they are only counted. */
static size_t put_lines(FILE *out, const char *text, size_t most)
{
    char line[LB_DAT_TEXT_BYTES];
    size_t n = 0;

    while (*text) {
        size_t length = strlen(text) <= most ? strlen(text) : most, end = length;
        while (text[length] && end && !strchr(" :_", text[end - 1]))
            end--;
        end = end ? end : length;
        snprintf(line, sizeof line, "%.*s", (int)end, text);
        if (out) {
            fputc('\t', out);
            lb_dat_text(out, line);
        }
        text += end;
        n++;
    }
    return n;
}

static const char *caption_of(const struct survey *s, size_t kind)
{
    return kind == 1 ? "latency" : kind == 2 ? "slow ops" : s->events[kind - 3].name;
}

static bool has_column(const struct survey *s, size_t kind)
{
    return kind == 1 ? s->timed : kind == 2 ? s->slow : true;
}

/* Panel, title, kind, largest and least value, the lines of the caption. */
static void put_panel(FILE *out, const struct lb_chart *c, const struct survey *s, size_t p,
                      size_t kind)
{
    double ends[] = {NAN, NAN};
    struct cell cell;

    for (size_t i = 0; i < c->n; i++)
        if (c->shown[i]->panel == c->panels[p]->panel) {
            cell_of(c->rows, c->shown[i], s, kind, &cell);
            ends[0] = fmax(ends[0], fmax(cell.value, cell.another));
            ends[1] = fmin(ends[1], fmin(cell.value, cell.another));
        }
    lb_dat_panel(out, c, p);
    fprintf(out, "%zu\t", kind);
    lb_dat_numbers(out, ends, LB_COUNT(ends));
    fprintf(out, "\t%zu", put_lines(NULL, caption_of(s, kind), CAPTION_MOST));
    put_lines(out, caption_of(s, kind), CAPTION_MOST);
    fputc('\n', out);
}

/* Panel, y, kind, value, another, whether a part of the time stands for all, and the text beside.
 */
static void put_mark(FILE *out, const struct lb_chart *c, const struct survey *s,
                     const struct lb_plot_row *row, size_t kind)
{
    struct cell cell;
    char text[LB_NUMBER_BYTES];

    cell_of(c->rows, row, s, kind, &cell);
    double numbers[] = {cell.value, cell.another, !strcmp(cell.word, "scaled")};
    fprintf(out, "%d\t%d\t%zu\t", lb_chart_panel(c, row), lb_chart_y(c, row), kind);
    lb_dat_numbers(out, numbers, LB_COUNT(numbers));
    fputc('\t', out);
    if (kind == 1)
        lb_dat_text(out, isnan(cell.value) && isnan(cell.another) ? cell.word : "");
    else if (isnan(cell.value))
        lb_dat_text(out, cell.word);
    else {
        lb_number_format(cell.value, 3, text);
        lb_dat_text(out, text);
    }
    fputc('\n', out);
}

static void put_marks(FILE *out, const struct lb_chart *c, const struct survey *s)
{
    size_t first = s->timed ? 1 : s->slow ? 2 : 3;

    for (size_t i = 0; i < c->n; i++)
        for (size_t kind = 1; kind < 3 + s->n_shown; kind++)
            if (has_column(s, kind))
                put_mark(out, c, s, c->shown[i], kind);
    for (size_t p = 0; p < c->n_panels; p++)
        for (size_t e = 0; e < c->n_entries; e++)
            if (!lb_chart_has(c, p, e))
                fprintf(out, "%zu\t%zu\t%zu\tNaN\tNaN\t0\t\"not run\"\n", p + 1, c->n_entries - e,
                        first);
}

static bool any_scaled(const struct lb_chart *c, const struct survey *s)
{
    struct cell cell;
    bool scaled = false;

    for (size_t i = 0; i < c->n; i++)
        for (size_t e = 0; e < s->n_shown; e++) {
            cell_of(c->rows, c->shown[i], s, 3 + e, &cell);
            scaled |= !strcmp(cell.word, "scaled");
        }
    return scaled;
}

static void put(FILE *out, const struct lb_chart *c, const struct survey *s, double work_ns)
{
    const char *footnote = s->footnote ? s->footnote : "";
    size_t most = 1;

    for (size_t e = 0; e < s->n_shown; e++) {
        size_t n = put_lines(NULL, s->events[e].name, CAPTION_MOST);
        most = n > most ? n : most;
    }
    lb_dat_work_head(out, c, "causes", "Behind the cost of an op", work_ns, "");
    fprintf(out, "\t%d\t%d\t%zu\t%d\t%zu\t%zu", s->timed, s->slow, s->n_shown, any_scaled(c, s),
            most, put_lines(NULL, footnote, FOOTNOTE_MOST));
    put_lines(out, footnote, FOOTNOTE_MOST);
    fputc('\n', out);
    lb_dat_entries(out, c);
    for (size_t p = 0; p < c->n_panels; p++)
        for (size_t kind = 1; kind < 3 + s->n_shown; kind++)
            if (has_column(s, kind))
                put_panel(out, c, s, p, kind);
    lb_dat_end_block(out);
    put_marks(out, c, s);
    lb_dat_end_block(out);
}

/* Of which there is something to say. */
static bool is_useful(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                      const void *survey)
{
    const struct survey *s = survey;

    return !isnan(lb_plot_number(rows, row, "latency_p50_ns")) ||
           !isnan(lb_plot_number(rows, row, "latency_p99_ns")) ||
           !isnan(lb_plot_number(rows, row, "slow_ops_per_kop")) ||
           (s->n_shown && *lb_plot_cell(rows, row, "events"));
}

static bool is_beside(const struct lb_plot_rows *rows, const struct lb_plot_row *row,
                      const void *useful)
{
    const struct lb_chart *c = useful;
    bool found = false;

    (void)rows;
    for (size_t p = 0; p < c->n_panels; p++)
        found |= c->panels[p]->panel == row->panel;
    return found;
}

/* All rows of the panels that have a useful one. */
static int picture(const struct lb_plot_rows *rows, int group, double work_ns, FILE *out)
{
    struct lb_chart useful = {.n = 0}, chart = {.n = 0};
    struct survey s = {.n = 0};
    int err = survey_all(rows, &s);

    if (!err && (s.timed || s.slow || s.n_shown))
        err = lb_chart_make(rows, group, work_ns, is_useful, &s, &useful);
    if (!err && useful.n)
        err = lb_chart_make(rows, group, work_ns, is_beside, &useful, &chart);
    if (!err && chart.n)
        put(out, &chart, &s, work_ns);
    lb_chart_free(&useful);
    lb_chart_free(&chart);
    free(s.events);
    free(s.footnote);
    return err ? err : chart.n != 0;
}

static bool takes(const struct lb_plot_rows *rows, const struct lb_plot_row *row)
{
    return *lb_plot_cell(rows, row, "layout") && !isnan(row->work_ns);
}

const struct lb_plot_kind lb_plot_causes = {
    .name = "causes",
    LB_PLOT_SUMMARY,
    .takes = takes,
    .picture = picture,
    .no_rows = "no rows of layouts",
    .no_picture = "neither timed ops nor counted events",
};
