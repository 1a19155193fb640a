/* SPDX-License-Identifier: MIT
 *
 * The inside of a row, for the writer.
 */
#ifndef LB_ROW_H
#define LB_ROW_H

#include <linebounce/record.h>

const struct lb_schema *lb_row_schema(const struct lb_row *row);
/* The text of the cell in column number `at`, "" when unset. */
const char *lb_row_cell(const struct lb_row *row, size_t at);

#endif
