/* SPDX-License-Identifier: MIT
 *
 * The inside of a row, for the writer.
 */
#ifndef LB_ROW_H
#define LB_ROW_H

#include <linebounce/record.h>

/* Text that grows, with a NUL behind it. */
struct lb_grown {
    char *text; /* NULL: nothing was ever added; freed by the owner */
    size_t length, room;
};
/* -ENOMEM, and nothing is added. */
int lb_grown_add(struct lb_grown *to, const char *text, size_t length);

const struct lb_schema *lb_row_schema(const struct lb_row *row);
/* Whether all values that were set since it was cleared are in it: an unset cell means something.
 */
bool lb_row_is_whole(const struct lb_row *row);
/* The text of the cell in column number `at`, "" when unset. */
const char *lb_row_cell(const struct lb_row *row, size_t at);

/* Adds a cell as it stands in a file and the character behind it: quoted where it has to be, and
 * with an apostrophe in front of text that a spreadsheet would run. -ENOMEM. */
int lb_csv_add_cell(struct lb_grown *line, const char *text, char behind);

#endif
