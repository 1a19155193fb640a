/* SPDX-License-Identifier: MIT
 *
 * What tables and sentences call a case by.
 */
#include "case_label.h"

#include <linebounce/scenario.h>

void case_label(const struct lb_case *c, char text[CASE_LABEL_BYTES])
{
    const struct lb_layout *l = c->shape.layout;
    char layout[LB_CASE_LAYOUT_BYTES];

    lb_case_layout(c, layout);
    if (c->shape.scenario->uses_lock || (l && c->shape.lock != l->lock))
        snprintf(text, CASE_LABEL_BYTES, "%s+%s", layout, lb_lock_info(c->shape.lock)->name);
    else
        snprintf(text, CASE_LABEL_BYTES, "%s", layout);
}
