/* SPDX-License-Identifier: MIT
 *
 * What counters counted, beside what a model of lines expects of them.
 */
#include <linebounce/answer.h>

#include "base/number.h"

#include <linebounce/expected.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The at-th of what is joined by `;`, in `text`; false: there is none. */
static bool take_token(const char *cell, size_t at, char *text, size_t bytes)
{
    for (; at && *cell; at--) {
        cell += strcspn(cell, ";");
        cell += *cell == ';';
    }
    snprintf(text, bytes, "%.*s", (int)strcspn(cell, ";"), cell);
    return *cell != '\0';
}

static double number_at(const char *cell, size_t at)
{
    char text[LB_NUMBER_BYTES];

    return take_token(cell, at, text, sizeof text) ? lb_number_parse(text) : (double)NAN;
}

bool lb_counted_next(const struct lb_csv_reader *row, size_t *at, struct lb_counted *counted)
{
    const char *events = lb_csv_cell(row, "events");
    const char *counts = lb_csv_cell(row, "events_per_op");
    const char *expected = lb_csv_cell(row, "events_expected");
    bool missed = !strcmp(lb_csv_cell(row, "as_expected"), "0");

    while (take_token(events, *at, counted->event, sizeof counted->event)) {
        counted->counted = number_at(counts, *at);
        counted->expected = number_at(expected, *at);
        struct lb_event e = {.quantity = lb_quantity_find(counted->event)};
        counted->missed = missed && lb_expected_finds(&e);
        ++*at;
        if (isfinite(counted->counted) && isfinite(counted->expected))
            return true;
    }
    return false;
}
