/* SPDX-License-Identifier: MIT
 *
 * machines: what several results folders say, beside each other.
 */
#ifndef LB_MACHINES_H
#define LB_MACHINES_H

#include <linebounce/answer.h>

#include <stdio.h>

/* The runs with their machines, numbered; then layouts x runs: the largest cost, no cost, not
 * decided. Within 100 columns: more runs make more blocks. -ENOMEM. */
int machines_text(struct lb_found *const *found, size_t n, FILE *out);
/* A row a run and layout: host, run, cpu, kernel, suite, layout, lock, answer, verdicts by kind,
 * the largest cost with its scenario, near and far round trips. */
void machines_csv(struct lb_found *const *found, size_t n, FILE *out);

#endif
