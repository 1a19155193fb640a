/* SPDX-License-Identifier: MIT
 *
 * Rows of a CSV file, cell by cell.
 */
#ifndef LB_TESTS_CELLS_H
#define LB_TESTS_CELLS_H

#include <linebounce/pairs.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static inline bool near_to(double a, double b, double within)
{
    return fabs(a - b) <= within;
}

static inline struct lb_csv_reader *open_csv(const char *path)
{
    struct lb_why why = {""};
    struct lb_csv_reader *reader = NULL;

    if (lb_csv_open(path, NULL, &why, &reader))
        fail_msg("%s", why.text);
    return reader;
}

/* A cell of a column that the file lacks is empty too: so it has to be one of ours. */
static inline bool is_column(const char *name)
{
    const struct lb_schema *const schemas[] = {&lb_schema_samples, &lb_schema_summary,
                                               &lb_schema_pairs, &lb_schema_matrix};

    for (size_t i = 0; i < LB_COUNT(schemas); i++)
        if (lb_schema_find(schemas[i], name) >= 0)
            return true;
    return false;
}

static inline void assert_cell(const struct lb_csv_reader *r, const char *column, const char *value)
{
    const char *cell = lb_csv_cell(r, column);

    assert_true(is_column(column));
    if (strcmp(cell, value))
        fail_msg("%s is '%s', not '%s'", column, cell, value);
}

/* To the six digits of a cell. */
static inline void assert_about(const struct lb_csv_reader *r, const char *column, double value)
{
    if (!near_to(lb_csv_number(r, column), value, 1e-5 * fabs(value)))
        fail_msg("%s is %s, not %.10g", column, lb_csv_cell(r, column), value);
}

#endif
