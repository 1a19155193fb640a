/* SPDX-License-Identifier: MIT
 *
 * moved: what was measured of a structure as it is, and as moved.
 */
#ifndef LB_MOVED_H
#define LB_MOVED_H

#include <linebounce/analysis.h>

/* What a line is of, beside the layout. */
struct moved_place {
    int placement;
    double work_ns;
    int lock; /* enum lb_lock_kind; -1: none is taken */
};

/* NULL: it was not measured. */
const struct lb_result *moved_line(const struct lb_analysis *analysis, const char *layout,
                                   const struct moved_place *at, int role);

#endif
