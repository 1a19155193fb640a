/* SPDX-License-Identifier: MIT
 *
 * What repeats, as files.
 */
#include "repeat_private.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* clang-format off */
#define KEY_COLUMN(key, name, meaning) {name, "as in samples.csv"},
#define FIGURE(NAME, WHAT) \
    {NAME "_runs", "runs with six rounds of " WHAT " in the regime"}, \
    {NAME "_ns", "mean over runs of each run's Hodges-Lehmann estimate of " WHAT}, \
    {NAME "_sd_ns", "standard deviation of these between runs"}, \
    {NAME "_worst_ns", "of all pairs of runs, how far the farthest two lie apart"}, \
    {NAME "_cv", "standard deviation over mean"}, \
    {NAME "_per_trip", \
     "ns by which " WHAT " changes a ns of round trip, over the rounds of all runs"}, \
    {NAME "_per_trip_t", "that over its standard error: from 3 on, above or below 0, it depends"}, \
    {NAME "_adjusted_sd_ns", \
     "standard deviation between runs at the round trip of reference; empty: no dependence"}, \
    {NAME "_adjusted_cv", "the same over the mean"}

static const struct lb_column columns[] = {
    {"schema_version", "version of these columns"},
    LB_KEY_LIST(KEY_COLUMN)
    {"regime_ns", "round trip of reference: mean over runs of the median in the regime compared"},
    FIGURE("net", "net ns/op (of a role that a clock paces, its ops' time)"),
    FIGURE("diff", "the difference to the baseline"),
};
/* clang-format on */

const struct lb_schema lb_schema_repeat = {"repeat.csv", columns, LB_COUNT(columns)};

static void put_figure(struct lb_row *row, const char *name, const struct lb_repeated *x)
{
    const struct {
        const char *what;
        double value;
    } cells[] = {
        {"runs", (double)x->raw.runs},
        {"ns", x->raw.mean},
        {"sd_ns", x->raw.sd},
        {"worst_ns", x->raw.worst},
        {"cv", lb_spread_cv(&x->raw)},
        {"per_trip", x->raw.runs ? x->on_trip.slope : NAN},
        {"per_trip_t", x->raw.runs ? x->on_trip.t : NAN},
        {"adjusted_sd_ns", x->depends ? x->adjusted.sd : NAN},
        {"adjusted_cv", x->depends ? lb_spread_cv(&x->adjusted) : NAN},
    };
    char column[64];

    for (size_t i = 0; i < LB_COUNT(cells); i++) {
        snprintf(column, sizeof column, "%s_%s", name, cells[i].what);
        lb_row_number(row, column, cells[i].value);
    }
}

static void put_case(const struct lb_repeat_case *k, struct lb_row *row)
{
    lb_row_clear(row);
    for (int i = 0; i < LB_KEYS; i++)
        lb_row_text(row, lb_key_column((enum lb_key)i), k->cells[i]);
    lb_row_number(row, "regime_ns", k->regime_ns);
    put_figure(row, "net", &k->net);
    put_figure(row, "diff", &k->difference);
}

static int write_csv(const struct lb_repeat *repeat, const char *path, struct lb_why *why)
{
    struct lb_csv *csv;
    struct lb_row *row = NULL;
    int err = lb_csv_create(&lb_schema_repeat, path, why, &csv);

    if (err)
        return err;
    err = lb_row_create(&lb_schema_repeat, &row);
    for (size_t i = 0; !err && i < repeat->n_cases; i++) {
        put_case(&repeat->cases[i], row);
        err = lb_csv_append(csv, row, why);
    }
    lb_row_destroy(row);
    lb_csv_close(csv);
    return err;
}

static int write_json(const struct lb_repeat *repeat, const char *path, struct lb_why *why)
{
    struct lb_json *json;
    int err = lb_json_create(&json);

    if (err)
        return err;
    lb_json_number(json, "work_ns", repeat->work_ns);
    lb_json_text(json, "baseline", repeat->baseline);
    lb_json_number(json, "asked", (double)repeat->asked);
    lb_json_number(json, "decided_median", repeat->decided_median);
    lb_json_number(json, "pairs", (double)repeat->pairs);
    lb_json_number(json, "pairs_together", (double)repeat->pairs_together);
    lb_json_list(json, "runs");
    for (size_t r = 0; r < repeat->n_runs; r++) {
        const struct lb_repeat_run *run = &repeat->runs[r];
        lb_json_push_object(json, "runs");
        lb_json_text(json, "runs.path", run->path);
        lb_json_number(json, "runs.rounds", (double)run->rounds);
        lb_json_number(json, "runs.regime_ns", run->regime_ns);
        lb_json_number(json, "runs.decided", (double)run->decided);
    }
    err = lb_json_write(json, path, why);
    lb_json_destroy(json);
    return err;
}

int lb_repeat_write(const struct lb_repeat *repeat, const char *dir, struct lb_why *why)
{
    char path[4200];
    int err;

    snprintf(path, sizeof path, "%s/%s", dir, lb_schema_repeat.file);
    unlink(path); /* of an earlier look at the same runs */
    if ((err = write_csv(repeat, path, why)))
        return err;
    snprintf(path, sizeof path, "%s/repeat.json", dir);
    return write_json(repeat, path, why);
}
