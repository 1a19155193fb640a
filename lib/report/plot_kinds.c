/* SPDX-License-Identifier: MIT
 *
 * Which pictures there are, in the order in which they are drawn.
 */
#include "plot_rows.h"

#include <stddef.h>

/* What takes longest comes first, so that several that are drawn at once end together. */
const struct lb_plot_kind *const lb_plot_kinds[] = {
    &lb_plot_layouts,  &lb_plot_causes,  &lb_plot_windows, &lb_plot_onoff,
    &lb_plot_residues, &lb_plot_threads, &lb_plot_ratio,   &lb_plot_fairness,
    &lb_plot_offset,   &lb_plot_heatmap, &lb_plot_several, NULL,
};
