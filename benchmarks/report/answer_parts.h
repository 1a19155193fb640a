/* SPDX-License-Identifier: MIT
 *
 * answer_parts: what an answer says of each placement, home, number of threads and pause, and small
 * tables of texts, on a terminal or as Markdown.
 */
#ifndef LB_ANSWER_PARTS_H
#define LB_ANSWER_PARTS_H

#include "answer_view.h"
#include "look.h"
#include "request/list.h"

#include <linebounce/answer.h>

/* The first cell of each panel of those that are shown, or, where none is, of all subjects that
 * were measured at their main distance: const struct lb_found_cell *, freed by the caller. */
void answer_panels(const struct lb_found *found, int suite, struct list *panels);
/* "l3", "4 threads", "100 ns": what tells a panel from the others, as two lines. */
#define ANSWER_PANEL_BYTES 40
void answer_panel_name(const struct list *panels, const struct lb_found_cell *panel,
                       char place[ANSWER_PANEL_BYTES], char more[ANSWER_PANEL_BYTES]);

/* Verdicts that one cell of a table stands for. */
struct answer_sum {
    int n, slower, faster, open;
    double worst_ns, best_ns; /* of verdicts */
};
void answer_sum_add(const struct lb_found_cell *cell, struct answer_sum *sum);
/* "+54.5!", "?", "-12.3", "=", ".": a cost is what is looked for: it stands before what is not
 * known, and that before a gain. */
enum look_paint answer_sum_text(const struct answer_sum *sum, char text[ANSWER_CELL_BYTES]);

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

/* Fills the grid (to be finished by the caller) and says in one clause what it has: latencies by
 * distance, sizes of interference, or costs where nothing was compared. Returns a note to stand
 * below it, or ""; NULL where the suite has none of these. */
const char *answer_figures(const struct lb_found *found, int suite, struct grid *grid,
                           const char **what);

#endif
