/* SPDX-License-Identifier: MIT
 *
 * case_label: what tables and sentences call a case by.
 */
#ifndef LB_CASE_LABEL_H
#define LB_CASE_LABEL_H

#include <linebounce/plan.h>

/* A case's layout, with "+LOCK" where the lock is not the layout's own. */
#define CASE_LABEL_BYTES 96
void case_label(const struct lb_case *c, char text[CASE_LABEL_BYTES]);

#endif
