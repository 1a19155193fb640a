/* SPDX-License-Identifier: MIT
 *
 * grid: a small table of texts, on a terminal or as Markdown.
 */
#ifndef LB_ANSWER_GRID_H
#define LB_ANSWER_GRID_H

#include "look.h"

#include "request/list.h"

#define GRID_COLUMNS 12
#define GRID_CELL    64

/* The first row is the head. Cells that were not put are empty. */
struct grid {
    struct list rows; /* of struct grid_row */
    int n_columns;    /* of the longest row */
};

void grid_row(struct grid *grid);
/* The next cell of the last row; what is too long, or one column too many, is cut. */
__attribute__((format(printf, 3, 4))) void grid_put(struct grid *grid, enum look_paint paint,
                                                    const char *format, ...);
/* Columns that do not fit stand below, behind the first once more. */
void grid_print(FILE *out, const struct look *look, const struct grid *grid);
void grid_markdown(FILE *out, const struct grid *grid);
void grid_finish(struct grid *grid);

#endif
