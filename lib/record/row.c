/* SPDX-License-Identifier: MIT
 *
 * A row's cells, set by the names of their columns.
 */
#include "row.h"
#include "base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIGNIFICANT_DIGITS 6

/* Empty text can be an unset cell or one unknown value; `n_values` tells them apart. */
struct cell {
    struct lb_grown text;
    size_t n_values;
};

struct lb_row {
    const struct lb_schema *schema;
    bool lost; /* a value found no memory since the row was cleared */
    struct cell cells[];
};

int lb_schema_find(const struct lb_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->n_columns; i++)
        if (strcmp(schema->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

static struct cell *find(struct lb_row *row, const char *column)
{
    int at = lb_schema_find(row->schema, column);
    return at < 0 ? NULL : &row->cells[at];
}

int lb_grown_add(struct lb_grown *to, const char *text, size_t length)
{
    size_t needed = to->length + length + 1, room = needed < 16 ? 16 : 2 * needed;
    char *grown = needed > to->room ? realloc(to->text, room) : to->text;

    if (!grown)
        return -ENOMEM;
    if (needed > to->room)
        to->room = room;
    to->text = grown;
    memcpy(grown + to->length, text, length);
    grown[to->length += length] = '\0';
    return 0;
}

static void cut(struct cell *cell, size_t length)
{
    cell->text.length = length;
    if (cell->text.text)
        cell->text.text[length] = '\0';
}

static void empty(struct cell *cell)
{
    cut(cell, 0);
    cell->n_values = 0;
}

/* Adds one value; the separator stands before every value but the first, so that an unknown value
 * among others keeps its place. */
static int add_value(struct cell *cell, const char *text)
{
    size_t before = cell->text.length;
    int result = cell->n_values ? lb_grown_add(&cell->text, ";", 1) : 0;
    if (!result)
        result = lb_grown_add(&cell->text, text, strlen(text));
    if (result)
        cut(cell, before);
    else
        cell->n_values++;
    return result;
}

static int set(struct lb_row *row, const char *column, const char *value, bool replace)
{
    struct cell *cell = find(row, column);
    if (!cell)
        return -EINVAL;
    if (replace)
        empty(cell);
    int result = value ? add_value(cell, value) : 0;
    row->lost |= result != 0;
    return result;
}

static void format(double value, char text[LB_NUMBER_BYTES])
{
    if (isfinite(value))
        lb_number_format(value, SIGNIFICANT_DIGITS, text);
    else
        text[0] = '\0';
}

/* A cleared row reuses its memory, so only the first call can fail. */
static int start(struct lb_row *row)
{
    if (lb_schema_find(row->schema, "schema_version") < 0)
        return 0;
    return lb_row_int(row, "schema_version", LB_SCHEMA_VERSION);
}

int lb_row_create(const struct lb_schema *schema, struct lb_row **row)
{
    struct lb_row *created = calloc(1, sizeof *created + schema->n_columns * sizeof(struct cell));
    if (!created)
        return -ENOMEM;
    created->schema = schema;
    if (start(created)) {
        lb_row_destroy(created);
        return -ENOMEM;
    }
    *row = created;
    return 0;
}

void lb_row_destroy(struct lb_row *row)
{
    if (!row)
        return;
    for (size_t i = 0; i < row->schema->n_columns; i++)
        free(row->cells[i].text.text);
    free(row);
}

void lb_row_clear(struct lb_row *row)
{
    for (size_t i = 0; i < row->schema->n_columns; i++)
        empty(&row->cells[i]);
    row->lost = false;
    start(row);
}

int lb_row_text(struct lb_row *row, const char *column, const char *value)
{
    return set(row, column, value, true);
}

int lb_row_int(struct lb_row *row, const char *column, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return set(row, column, text, true);
}

int lb_row_number(struct lb_row *row, const char *column, double value)
{
    char text[LB_NUMBER_BYTES];
    format(value, text);
    return set(row, column, text, true);
}

int lb_row_more_text(struct lb_row *row, const char *column, const char *value)
{
    return set(row, column, value, false);
}

int lb_row_more_int(struct lb_row *row, const char *column, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return set(row, column, text, false);
}

int lb_row_more_number(struct lb_row *row, const char *column, double value)
{
    char text[LB_NUMBER_BYTES];
    format(value, text);
    return set(row, column, text, false);
}

const struct lb_schema *lb_row_schema(const struct lb_row *row)
{
    return row->schema;
}

bool lb_row_is_whole(const struct lb_row *row)
{
    return !row->lost;
}

const char *lb_row_cell(const struct lb_row *row, size_t at)
{
    return row->cells[at].text.text ? row->cells[at].text.text : "";
}
