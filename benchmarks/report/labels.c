/* SPDX-License-Identifier: MIT
 *
 * Cases and estimates as text.
 */
#include "labels.h"

#include <linebounce/scenario.h>

#include <math.h>
#include <stdio.h>

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

/* The formats are this program's own. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

void interval_text(const char *format, double value, double lo, double hi,
                   char text[INTERVAL_BYTES])
{
    char number[3][24];

    /* With its checks for null, the sanitizer makes gcc 12 warn of a format that is. */
    if (!isfinite(value) || !format) {
        snprintf(text, INTERVAL_BYTES, "-");
        return;
    }
    snprintf(number[0], sizeof number[0], format, value);
    snprintf(number[1], sizeof number[1], format, lo);
    snprintf(number[2], sizeof number[2], format, hi);
    if (isfinite(lo) && isfinite(hi))
        snprintf(text, INTERVAL_BYTES, "%s [%s, %s]", number[0], number[1], number[2]);
    else
        snprintf(text, INTERVAL_BYTES, "%s", number[0]);
}

const char *digits_of(double value, bool sign)
{
    return fabs(value) < 99.95 ? sign ? "%+.1f" : "%.1f" : sign ? "%+.0f" : "%.0f";
}
