/* SPDX-License-Identifier: MIT
 *
 * The inside of a row, for the writer.
 */
#ifndef LB_ROW_H
#define LB_ROW_H

#include <linebounce/record.h>

const struct lb_schema *lb_row_schema(const struct lb_row *row);
/* Whether all values that were set since it was cleared are in it: an unset cell means something.
 */
bool lb_row_is_whole(const struct lb_row *row);
/* The text of the cell in column number `at`, "" when unset. */
const char *lb_row_cell(const struct lb_row *row, size_t at);

/* A cell as it stands in a file, without a NUL: quoted where it has to be, and with an apostrophe
 * in front of text that a spreadsheet would run. Returns its length. */
#define LB_CSV_ROOM(bytes) (2 * (bytes) + 3)
size_t lb_csv_quote(const char *text, char *to);

#endif
