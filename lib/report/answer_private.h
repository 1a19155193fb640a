/* SPDX-License-Identifier: MIT */
#ifndef LB_ANSWER_PRIVATE_H
#define LB_ANSWER_PRIVATE_H

#include <linebounce/answer.h>

/* Rows of summary.csv and what run.json says, nothing concluded. */
int lb_found_rows(struct lb_found *found, struct lb_why *why);
/* Cells of suite pingpong, from pairs.csv; none where the folder or the record has none. */
int lb_found_read_pu_pairs(struct lb_found *found, struct lb_why *why);
/* Layouts and groups, then verdicts counted, sentences. -ENOMEM. */
int lb_found_sort(struct lb_found *found);
/* Controls, self-checks and distances. -ENOMEM. */
int lb_found_checks(struct lb_found *found);
void lb_found_count(struct lb_found *found);
void lb_found_say(struct lb_found *found);

/* One more cell, all numbers unknown; NULL: no memory. */
struct lb_found_cell *lb_found_add_cell(struct lb_found *found);
/* Of that name; -1: none. */
int lb_found_suite_index(const struct lb_found *found, const char *name);
/* "a line of its own": of built-in layouts whose lock lies so. */
const char *lb_found_lies_text(enum lb_lies lies);

#endif
