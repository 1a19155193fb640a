/* SPDX-License-Identifier: MIT
 *
 * answer_panels: what an answer says of each placement, home, number of threads and pause.
 */
#ifndef LB_ANSWER_PANELS_H
#define LB_ANSWER_PANELS_H

#include "answer_view.h"

#include "request/list.h"

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

#endif
