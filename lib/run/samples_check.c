/* SPDX-License-Identifier: MIT
 *
 * Whether the numbers of a row can have been measured. What cannot be is refused before anything is
 * measured on top of it; the bounds are wide, they tell numbers from accidents.
 */
#include "base/number.h"
#include "run_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_COUNT 0x1p53
#define MOST_NS    1e17 /* three years */
#define MOST_SHARE 10.0

enum {
    NEEDED = 1,    /* in every row */
    NEEDED_OK = 2, /* in rows that go into statistics */
    WHOLE = 4,
    LIST = 8, /* joined by `;`, an unknown one empty */
};

static const struct limit {
    const char *column;
    double least, most;
    unsigned how;
} limits[] = {
    {"window", 0, MOST_COUNT, NEEDED | WHOLE},
    {"round", 0, INT32_MAX, NEEDED | WHOLE},
    {"start_ns", 0, MOST_NS, NEEDED | WHOLE},
    {"ns_op", 1e-6, 1e15, NEEDED_OK},
    {"machine_ns_op", 1e-6, 1e15, NEEDED_OK},
    {"every_ns", 1, MOST_NS, 0},
    {"ops_per_s", 0, 1e15, 0},
    {"ops_per_kop_of_first", 0, 1e15, 0},
    {"late_ns_op", 0, MOST_NS, 0},
    {"jain", 0, 1, 0},
    {"min_over_max", 0, 1, 0},
    {"sampled_share", 0, MOST_SHARE, 0},
    {"own_op_ns", 0, MOST_NS, 0},
    {"slow_threshold_ns", -MOST_NS, MOST_NS, 0},
    {"transfer_ns", -MOST_NS, MOST_NS, 0},
    {"own_op_mean_ns", 0, MOST_NS, 0},
    {"wait_ns_op", -MOST_NS, MOST_NS, 0},
    {"latency_max_ns", 0, MOST_NS, 0},
    {"slow_ops", 0, MOST_COUNT, WHOLE},
    {"total_ops", 0, MOST_COUNT, NEEDED | WHOLE},
    {"event_scaled", 0, 1e18, LIST},
    {"pingpong_before_ns", 1e-3, 1e12, LIST},
    {"pingpong_after_ns", 1e-3, 1e12, LIST},
};

static bool is_within(const char *text, const struct limit *l)
{
    double value = lb_number_parse(text);

    return value >= l->least && value <= l->most && (!(l->how & WHOLE) || floor(value) == value);
}

static bool is_list_within(const char *cell, const struct limit *l)
{
    bool within = true;

    while (within && *cell) {
        size_t length = strcspn(cell, ";");
        char one[LB_NUMBER_BYTES];
        within = length < sizeof one;
        if (within && length) {
            memcpy(one, cell, length);
            one[length] = '\0';
            within = is_within(one, l);
        }
        cell += length + (cell[length] == ';');
    }
    return within;
}

static bool is_possible(const char *cell, const struct limit *l, bool ok)
{
    if (!*cell)
        return !(l->how & NEEDED) && !(ok && l->how & NEEDED_OK);
    return l->how & LIST ? is_list_within(cell, l) : is_within(cell, l);
}

/* "index:count" of buckets, joined by `;`. */
static bool are_buckets(const char *cell)
{
    double sum = 0;

    while (*cell) {
        char *end;
        unsigned long bucket = strtoul(cell, &end, 10);
        if (*cell < '0' || *cell > '9' || *end != ':' || bucket >= LB_LATENCY_BUCKETS ||
            end[1] < '0' || end[1] > '9')
            return false;
        sum += (double)strtoull(end + 1, &end, 10);
        if ((*end && *end != ';') || sum > MOST_COUNT)
            return false;
        cell = *end ? end + 1 : end;
    }
    return true;
}

static struct limit limit_of(const struct lb_measure *m)
{
    bool time = m->how & LB_MEASURE_TIME;

    return (struct limit){m->column, 0, time ? MOST_NS : MOST_COUNT,
                          (m->how & LB_MEASURE_THREADS ? LIST : 0u) | (time ? 0u : WHOLE)};
}

const char *lb_resume_impossible(const struct lb_csv_reader *row)
{
    bool ok = !strcmp(lb_csv_cell(row, "status"), "ok");

    for (size_t i = 0; i < LB_COUNT(limits); i++)
        if (!is_possible(lb_csv_cell(row, limits[i].column), &limits[i], ok))
            return limits[i].column;
    for (size_t i = 0; i < LB_COSTS; i++) {
        struct limit limit = {lb_cost_columns[i].sample, -MOST_NS, MOST_NS, 0};
        if (!is_possible(lb_csv_cell(row, limit.column), &limit, ok))
            return limit.column;
    }
    for (size_t i = 0; i < LB_MEASURES; i++) {
        struct limit limit = limit_of(&lb_measures[i]);
        if (!is_possible(lb_csv_cell(row, limit.column), &limit, ok))
            return limit.column;
    }
    return are_buckets(lb_csv_cell(row, "latency_buckets")) ? NULL : "latency_buckets";
}
