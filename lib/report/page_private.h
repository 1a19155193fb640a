/* SPDX-License-Identifier: MIT
 *
 * The parts of a page. Each prints what the folder has of it, and nothing where it has none.
 */
#ifndef LB_PAGE_PRIVATE_H
#define LB_PAGE_PRIVATE_H

#include <linebounce/answer.h>
#include <linebounce/explain.h>

#include "html.h"

#include <stdbool.h>
#include <stdio.h>

struct lb_page {
    const char *dir, *without;           /* see lb_page_write */
    const struct lb_found *found;        /* NULL: the folder has no windows */
    const struct lb_explanations *parts; /* NULL: nothing can be explained */
    FILE *out;
    size_t room;             /* bytes that pictures may still take */
    size_t pictures, tables; /* what a page is for */
    size_t too_large;        /* pictures that there was no room for */
};

/* Cases of one suite that differ by scenario and layout alone: what one table holds. */
struct lb_page_view {
    const struct lb_found_cell *like; /* the first of them */
    bool far;                         /* at another distance than that which tables show */
};
/* The views of cells that are compared, in the order of the file; freed with free. Those of the
 * headline, or of the saturated cases, or of other distances. */
enum lb_page_part { LB_PAGE_HEADLINE, LB_PAGE_SATURATED, LB_PAGE_FAR };
int lb_page_views(const struct lb_found *found, enum lb_page_part part, struct lb_page_view **views,
                  size_t *n);
/* "two threads on l3, 200 ns of other work between ops" */
void lb_page_view_name(const struct lb_page_view *view, char *text, size_t bytes);
/* Whether a cell belongs to it. */
bool lb_page_in(const struct lb_found_cell *cell, const struct lb_page_view *view);
/* With its lock where the suite has the layout with another one too. */
void lb_page_layout_name(const struct lb_found *found, int layout, char *text, size_t bytes);
/* "observer: lock" and what else tells it from other columns of its view. */
void lb_page_column_name(const struct lb_found *found, const struct lb_found_cell *cell, char *text,
                         size_t bytes);
/* How a verdict stands in a table: a class of the style, and the text of the cell. */
enum lb_page_mark {
    LB_MARK_NONE,
    LB_MARK_BASE,
    LB_MARK_FASTER,
    LB_MARK_SLOWER,
    LB_MARK_SAME,
    LB_MARK_NOT_SLOWER,
    LB_MARK_OPEN
};
enum lb_page_mark lb_page_mark(const struct lb_found *found, const struct lb_found_cell *cell);
/* "embedded, observer lock: +54.5 ns [52.1, 57.0] against pointer; 60 pairs: slower" */
void lb_page_cell_text(const struct lb_found *found, const struct lb_found_cell *cell, char *text,
                       size_t bytes);

void lb_page_answer(struct lb_page *page);
void lb_page_trust(struct lb_page *page);
int lb_page_matrices(struct lb_page *page, enum lb_page_part part);
int lb_page_differences(struct lb_page *page);
int lb_page_lines(struct lb_page *page, struct lb_why *why);
/* What explain says of the folder; NULL where it says nothing, which is no error. -ENOMEM. */
int lb_page_explain(const char *dir, struct lb_why *why, struct lb_explanations **explanations);
void lb_page_parts(struct lb_page *page);
int lb_page_expected(struct lb_page *page);
void lb_page_pictures(struct lb_page *page);
int lb_page_numbers(struct lb_page *page, struct lb_why *why);
int lb_page_latencies(struct lb_page *page, struct lb_why *why);
void lb_page_facts(struct lb_page *page);

#endif
