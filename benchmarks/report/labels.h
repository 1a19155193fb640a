/* SPDX-License-Identifier: MIT
 *
 * labels: what tables and sentences call a case by, and estimates with their intervals.
 */
#ifndef LB_LABELS_H
#define LB_LABELS_H

#include <linebounce/plan.h>

/* A case's layout, with "+LOCK" where the lock is not the layout's own. */
#define CASE_LABEL_BYTES 96
void case_label(const struct lb_case *c, char text[CASE_LABEL_BYTES]);

/* "12.3 [11.0, 13.6]", with a sign before each number where `format` has one (printf's, of one
 * double: "%.1f", "%+.2f"). Where there is no interval on both sides, as from fewer than 6 samples,
 * the estimate stands alone; without an estimate it is "-". */
#define INTERVAL_BYTES 96
void interval_text(const char *format, double value, double lo, double hi,
                   char text[INTERVAL_BYTES]);

/* Such a format: one digit behind the point as long as three stand before it. */
const char *digits_of(double value, bool sign);

#endif
