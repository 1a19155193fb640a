/* SPDX-License-Identifier: MIT
 *
 * interval: an estimate and its 95 % interval as text, the same in every table.
 */
#ifndef LB_INTERVAL_H
#define LB_INTERVAL_H

#include <stddef.h>

/* "12.3 [11.0, 13.6]", with a sign before each number where `format` has one (printf's, of one
 * double: "%.1f", "%+.2f"). Where there is no interval on both sides, as from fewer than 6 samples,
 * the estimate stands alone; without an estimate it is "-". */
#define INTERVAL_BYTES 96
void interval_text(const char *format, double value, double lo, double hi,
                   char text[INTERVAL_BYTES]);

#endif
