/* SPDX-License-Identifier: MIT
 *
 * Estimates and their intervals as text.
 */
#include "interval.h"

#include <math.h>
#include <stdio.h>

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
