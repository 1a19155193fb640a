/* SPDX-License-Identifier: MIT
 *
 * windows.dat: every window of a run in order of time.
 */
#include "plot_rows.h"

#include <linebounce/record.h>

#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of more rows every n-th good one is shown; spoiled ones all are. */
#define ROWS_MOST 10000
/* Longer runs are shown in minutes. */
#define SECONDS_MOST 7200.0

enum panel { PAUSED, SATURATED, TRIPS, PANELS };

static const char *const titles[PANELS] = {"work between ops",
                                           "work 0 (saturated throughput), anchors, controls",
                                           "ping-pong just before the window, slowest pair"};
static const char *const axes[PANELS] = {"ns/op", "ns/op", "round trip, ns"};

/* A row of samples.csv; a run of hours has a million. */
struct window {
    double start_s, ns_op, trip_ns, number;
    int scenario; /* -1: no layout */
    bool spoiled, paused;
};

struct windows {
    struct lb_seen scenarios;
    struct window *list; /* those that are shown */
    size_t n, n_rows, nth;
    int *entries; /* by scenario, from 1; 0: it has no number anywhere */
    int n_entries, plain;
};

/* A case of more than two threads has a round trip for each of several pairs. NaN: there is none.
 */
static double slowest(const char *cell)
{
    double most = NAN;
    char text[LB_NUMBER_BYTES];

    while (lb_csv_value(&cell, text, sizeof text))
        most = fmax(most, lb_number_parse(text));
    return most;
}

/* Rows that ran with armed breakpoints have no times. */
static int add_row(const struct lb_csv_reader *reader, void *windows)
{
    struct windows *w = windows;
    const char *status = lb_csv_cell(reader, "status");
    const char *scenario = lb_csv_cell(reader, "scenario");
    struct window *kept, window = {
                             .start_s = lb_csv_number(reader, "start_ns") / 1e9,
                             .ns_op = lb_csv_number(reader, "ns_op"),
                             .trip_ns = slowest(lb_csv_cell(reader, "pingpong_before_ns")),
                             .number = lb_csv_number(reader, "window"),
                             .scenario = -1,
                             .spoiled = !strcmp(status, "spoiled"),
                             .paused = lb_csv_number(reader, "work_ns") > 0,
                         };
    bool good = !strcmp(status, "ok") && w->n_rows % w->nth == 0;

    w->n_rows++;
    if (isnan(window.start_s) || !(good || window.spoiled))
        return 0;
    if (*lb_csv_cell(reader, "layout") &&
        (window.scenario = lb_seen_order(&w->scenarios, scenario, strlen(scenario))) < 0)
        return window.scenario;
    if (!(kept = lb_more(&w->list, &w->n, sizeof *kept)))
        return -ENOMEM;
    *kept = window;
    return 0;
}

static int count_row(const struct lb_csv_reader *reader, void *windows)
{
    (void)reader;
    ((struct windows *)windows)->n_rows++;
    return 0;
}

static enum panel panel_of(const struct window *window)
{
    return window->paused ? PAUSED : SATURATED;
}

static double value_of(const struct window *window, enum panel panel)
{
    return panel == TRIPS ? window->trip_ns : window->ns_op;
}

/* What a panel has to hold; low is over high where there is nothing. */
static struct lb_plot_range range_of(const struct windows *w, enum panel panel)
{
    struct lb_plot_range range = LB_PLOT_RANGE;

    for (size_t i = 0; i < w->n; i++) {
        double value = value_of(&w->list[i], panel);
        if (panel == TRIPS || panel_of(&w->list[i]) == panel)
            lb_plot_range_add(&range, &(struct lb_plot_value){value, value, value});
    }
    return range;
}

static bool has(const struct windows *w, enum panel panel)
{
    struct lb_plot_range range = range_of(w, panel);

    return range.low <= range.high;
}

/* Scenarios that have a number; what has no layout stands last. */
static int find_entries(struct windows *w)
{
    if (!(w->entries = calloc(w->scenarios.n + 1, sizeof *w->entries)))
        return -ENOMEM;
    for (size_t i = 0; i < w->n; i++) {
        int scenario = w->list[i].scenario;
        if (isnan(w->list[i].ns_op))
            continue;
        if (scenario < 0)
            w->plain = 1;
        else
            w->entries[scenario] = 1;
    }
    for (size_t i = 0; i < w->scenarios.n; i++)
        if (w->entries[i])
            w->entries[i] = ++w->n_entries;
    if (w->plain)
        w->plain = ++w->n_entries;
    return 0;
}

static void put_entries(FILE *out, const struct windows *w)
{
    lb_dat_end_block(out);
    for (size_t i = 0; i < w->scenarios.n; i++)
        if (w->entries[i])
            lb_dat_label(out, (size_t)w->entries[i], w->scenarios.list[i]);
    if (w->plain)
        fprintf(out, "%d\t\"no layout\"\n", w->plain);
    lb_dat_end_block(out);
}

/* How many windows are shown, and how many of these are spoiled: each has a row for each role. */
static void count(const struct windows *w, size_t *shown, size_t *spoiled)
{
    double last = NAN;

    *shown = *spoiled = 0;
    for (size_t i = 0; i < w->n; i++) {
        const struct window *window = &w->list[i];
        if (isnan(window->number) || window->number == last)
            continue;
        last = window->number;
        ++*shown;
        *spoiled += window->spoiled;
    }
}

/* Beyond what all pictures have: the last second or minute, the axis, the entry without a layout,
 * rows shown, spoiled windows, a note. */
static void put_head(FILE *out, const struct windows *w, int n_panels, double unit_s)
{
    char note[128], thinned[64] = "";
    size_t shown, spoiled;
    double end = 0;

    for (size_t i = 0; i < w->n; i++)
        end = fmax(end, w->list[i].start_s / unit_s);
    count(w, &shown, &spoiled);
    if (w->nth > 1)
        snprintf(thinned, sizeof thinned, " (1 good row of %zu)", w->nth);
    snprintf(note, sizeof note, "%zu windows shown%s, of which %zu spoiled", shown, thinned,
             spoiled);
    fprintf(out, "\"windows\"\t\"Every window of the run\"\t%d\t%d\t", n_panels, w->n_entries);
    lb_dat_number(out, end);
    fprintf(out, "\t\"%s since the start of the run\"\t%d\t%zu\t%zu\t\"%s\"\n",
            unit_s > 1 ? "min" : "s", w->plain, w->n, spoiled, note);
}

/* Panel, title, name of the axis, least and greatest value, whether of round trips. */
static void put_panel(FILE *out, const struct windows *w, int number, enum panel panel)
{
    struct lb_plot_range range = range_of(w, panel);

    fprintf(out, "%d\t\"%s\"\t\"%s\"\t", number, titles[panel], axes[panel]);
    lb_dat_numbers(out, (double[]){range.low, range.high}, 2);
    fprintf(out, "\t%d\n", panel == TRIPS);
}

/* Panel, entry (0: none), spoiled, time, value: NaN for a spoiled window that has no number. */
static void put_marks(FILE *out, const struct windows *w, int number, enum panel panel,
                      double unit_s)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct window *window = &w->list[i];
        double value = value_of(window, panel);
        if ((panel != TRIPS && panel_of(window) != panel) || (isnan(value) && !window->spoiled))
            continue;
        fprintf(out, "%d\t%d\t%d\t", number,
                window->scenario < 0 ? w->plain : w->entries[window->scenario], window->spoiled);
        lb_dat_numbers(out, (double[]){window->start_s / unit_s, value}, 2);
        fputc('\n', out);
    }
}

static void put_picture(FILE *out, const struct windows *w)
{
    int numbers[PANELS], n = 0;
    double unit_s = 1;

    for (size_t i = 0; i < w->n; i++)
        unit_s = w->list[i].start_s > SECONDS_MOST ? 60 : unit_s;
    for (int panel = 0; panel < PANELS; panel++)
        numbers[panel] = has(w, (enum panel)panel) ? ++n : 0;
    put_head(out, w, n, unit_s);
    put_entries(out, w);
    for (int panel = 0; panel < PANELS; panel++)
        if (numbers[panel])
            put_panel(out, w, numbers[panel], (enum panel)panel);
    lb_dat_end_block(out);
    for (int panel = 0; panel < PANELS; panel++)
        if (numbers[panel])
            put_marks(out, w, numbers[panel], (enum panel)panel, unit_s);
    lb_dat_end_block(out);
}

static int put(const char *csv, FILE *out, const char **reason, struct lb_why *why)
{
    struct windows w = {.nth = 1};
    int err = lb_csv_each(NULL, csv, NULL, why, count_row, &w);
    bool any = false;

    w.nth = (w.n_rows + ROWS_MOST - 1) / ROWS_MOST;
    w.n_rows = 0;
    if (!err && lb_seen_scenarios(&w.scenarios))
        err = lb_fail(why, ENOMEM, "%s: %s", csv, strerror(ENOMEM));
    if (!err && w.nth)
        err = lb_csv_each(NULL, csv, NULL, why, add_row, &w);
    if (!err && find_entries(&w))
        err = lb_fail(why, ENOMEM, "%s: %s", csv, strerror(ENOMEM));
    for (int panel = 0; !err && panel < PANELS; panel++)
        any |= has(&w, (enum panel)panel);
    if (any)
        put_picture(out, &w);
    else if (!w.n)
        *reason = "no timed row with a start";
    lb_seen_free(&w.scenarios);
    free(w.list);
    free(w.entries);
    return err ? err : any;
}

const struct lb_plot_kind lb_plot_windows = {
    .name = "windows",
    .file = "samples.csv",
    .no_picture = "no numbers to draw",
    .read = put,
};
