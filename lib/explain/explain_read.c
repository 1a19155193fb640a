/* SPDX-License-Identifier: MIT
 *
 * What a results folder tells of each case, round by round.
 */
#include "explain_private.h"

#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const needed[] = {"scenario", "layout", "lock", "placement", "role", NULL};

static void free_cells(char *cells[LB_KEYS])
{
    for (int k = 0; k < LB_KEYS; k++)
        free(cells[k]);
}

static int take_cells(const struct lb_csv_reader *r, char *cells[LB_KEYS])
{
    bool whole = true;

    for (enum lb_key k = 0; k < LB_KEYS; k++)
        whole = (cells[k] = strdup(lb_csv_cell(r, lb_key_column(k)))) && whole;
    return whole ? 0 : -ENOMEM;
}

static bool is_series(const struct lb_told_series *s, const char *const cells[LB_KEYS])
{
    for (int k = LB_KEYS - 1; k >= 0; k--)
        if (strcmp(s->cells[k], cells[k]) != 0)
            return false;
    return true;
}

static struct lb_told_series *series_of(struct lb_told_folder *f, const struct lb_csv_reader *r)
{
    const char *cells[LB_KEYS];
    struct lb_told_series *more;

    for (enum lb_key k = 0; k < LB_KEYS; k++)
        cells[k] = lb_csv_cell(r, lb_key_column(k));
    for (size_t i = f->n_series; i-- > 0;)
        if (is_series(&f->series[i], cells))
            return &f->series[i];
    if (!(more = realloc(f->series, (f->n_series + 1) * sizeof *more)))
        return NULL;
    f->series = more;
    more += f->n_series++;
    memset(more, 0, sizeof *more);
    return take_cells(r, more->cells) ? NULL : more;
}

/* Rows of a round follow one another. */
static struct lb_told_round *round_of(struct lb_told_series *s, unsigned round)
{
    struct lb_told_round *more;

    if (s->n && s->rounds[s->n - 1].round == round)
        return &s->rounds[s->n - 1];
    if (!(more = realloc(s->rounds, (s->n + 1) * sizeof *more)))
        return NULL;
    s->rounds = more;
    more += s->n++;
    memset(more, 0, sizeof *more);
    more->round = round;
    return more;
}

/* The sum of what is joined by `;`. */
static double sum_of(const char *cell)
{
    double sum = *cell ? 0 : NAN;
    char one[LB_NUMBER_BYTES];

    while (lb_csv_value(&cell, one, sizeof one))
        sum += lb_number_parse(one);
    return sum;
}

static double summed(const struct lb_csv_reader *r, const char *column)
{
    return sum_of(lb_csv_cell(r, column));
}

static void tell(const struct lb_csv_reader *r, double told[LB_TOLDS])
{
    double ops = lb_csv_number(r, "total_ops"), preempted = summed(r, "preempted_ns");
    double trips = sqrt(summed(r, "pingpong_before_ns") * summed(r, "pingpong_after_ns"));

    told[LB_TOLD_NS_OP] += lb_csv_number(r, "ns_op");
    told[LB_TOLD_WAIT] += lb_csv_number(r, "wait_ns_op");
    told[LB_TOLD_OWN] += lb_csv_number(r, "own_op_mean_ns");
    told[LB_TOLD_ASLEEP] += (summed(r, "off_cpu_ns") - preempted) / ops;
    told[LB_TOLD_PREEMPTED] += preempted / ops;
    told[LB_TOLD_SPINS] +=
        (summed(r, "spins_owner") + summed(r, "spins_queue") + summed(r, "spins_reader")) / ops;
    told[LB_TOLD_SLOW] += lb_csv_number(r, "slow_ops") / lb_csv_number(r, "latency_samples");
    told[LB_TOLD_TRIP] += trips;
    told[LB_TOLD_TRANSFER] += lb_csv_number(r, "transfer_ns");
    for (int i = 0; i < LB_COSTS; i++)
        told[LB_TOLD_COSTS + i] += lb_csv_number(r, lb_cost_columns[i].sample);
}

static int take_sample(struct lb_told_folder *f, const struct lb_csv_reader *r)
{
    double round = lb_csv_number(r, "round");
    struct lb_told_series *s;
    struct lb_told_round *to;

    if (strcmp(lb_csv_cell(r, "status"), "ok") != 0 || !*lb_csv_cell(r, "layout") ||
        !(round >= 0 && round < 1e9))
        return 0;
    if (isnan(lb_csv_number(r, "wait_ns_op")) || isnan(lb_csv_number(r, "own_op_mean_ns"))) {
        f->without_wait++;
        return 0;
    }
    if (!(s = series_of(f, r)) || !(to = round_of(s, (unsigned)round)))
        return -ENOMEM;
    tell(r, to->told);
    to->windows++;
    return 0;
}

static int take_row(struct lb_told_folder *f, const struct lb_csv_reader *r)
{
    struct lb_told_row *more;

    if (!*lb_csv_cell(r, "layout"))
        return 0;
    if (!(more = realloc(f->rows, (f->n_rows + 1) * sizeof *more)))
        return -ENOMEM;
    f->rows = more;
    more += f->n_rows++;
    memset(more, 0, sizeof *more);
    more->regime = (int)lb_csv_number(r, "regime");
    more->regime_ns = lb_csv_number(r, "regime_ns");
    more->baseline = strdup(lb_csv_cell(r, "baseline"));
    int err = take_cells(r, more->cells);
    return err || !more->baseline ? -ENOMEM : 0;
}

static int read_file(const char *dir, const char *file,
                     int (*take)(struct lb_told_folder *, const struct lb_csv_reader *),
                     struct lb_why *why, struct lb_told_folder *f)
{
    struct lb_csv_reader *r;
    char path[4200];
    int err;

    snprintf(path, sizeof path, "%s/%s", dir, file);
    if ((err = lb_csv_open(path, needed, why, &r)))
        return err;
    while ((err = lb_csv_next(r, why)) > 0)
        if ((err = take(f, r)))
            break;
    lb_csv_reader_close(r);
    return err;
}

int lb_told_read(const char *dir, struct lb_why *why, struct lb_told_folder *f)
{
    char path[4200];
    size_t n;
    int err;

    memset(f, 0, sizeof *f);
    if ((err = read_file(dir, "summary.csv", take_row, why, f)) ||
        (err = read_file(dir, "samples.csv", take_sample, why, f))) {
        lb_told_free(f);
        return err;
    }
    for (size_t i = 0; i < f->n_series; i++)
        for (size_t k = 0; k < f->series[i].n; k++)
            for (int t = 0; t < LB_TOLDS; t++)
                f->series[i].rounds[k].told[t] /= f->series[i].rounds[k].windows;
    snprintf(path, sizeof path, "%s/run.json", dir);
    if (lb_json_read_texts(path, "run.command", NULL, &f->command, &n))
        f->command = NULL; /* then layouts of the user's own are not known */
    return 0;
}

void lb_told_free(struct lb_told_folder *f)
{
    for (size_t i = 0; i < f->n_series; i++) {
        free_cells(f->series[i].cells);
        free(f->series[i].rounds);
    }
    for (size_t i = 0; i < f->n_rows; i++) {
        free_cells(f->rows[i].cells);
        free(f->rows[i].baseline);
    }
    free(f->series);
    free(f->rows);
    if (f->command)
        lb_json_drop_texts(f->command);
    memset(f, 0, sizeof *f);
}

static bool is_case(const struct lb_told_series *s, const struct lb_told_row *row,
                    const char *layout)
{
    for (enum lb_key k = 0; k < LB_KEYS; k++)
        if (k != LB_KEY_LAYOUT && k != LB_KEY_LOCK && strcmp(s->cells[k], row->cells[k]) != 0)
            return false;
    return !strcmp(s->cells[LB_KEY_LAYOUT], layout);
}

const struct lb_told_series *lb_told_find(const struct lb_told_folder *f,
                                          const struct lb_told_row *row, const char *layout)
{
    const struct lb_told_series *found = NULL;

    for (size_t i = 0; i < f->n_series; i++) {
        const struct lb_told_series *s = &f->series[i];
        if (!is_case(s, row, layout))
            continue;
        if (!strcmp(s->cells[LB_KEY_LOCK], row->cells[LB_KEY_LOCK]))
            return s;
        found = found ? found : s;
    }
    return found;
}
