/* SPDX-License-Identifier: MIT
 *
 * What was measured of a structure as it is, and as moved.
 */
#include "moved.h"

#include <string.h>

const struct lb_result *moved_line(const struct lb_analysis *a, const char *layout,
                                   const struct moved_place *at, int role)
{
    const struct lb_plan *p = a->run->plan;

    for (size_t i = 0; i < p->n_cases; i++) {
        const struct lb_case *c = &p->cases[i];
        if (c->shape.layout && !strcmp(c->shape.layout->name, layout) && !c->twin &&
            c->placement == at->placement && c->work_ns == at->work_ns &&
            (at->lock < 0 || (int)c->shape.lock == at->lock))
            return lb_analysis_find(a, (int)i, role);
    }
    return NULL;
}
