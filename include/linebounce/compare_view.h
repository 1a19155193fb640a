/* SPDX-License-Identifier: MIT
 *
 * compare_view: which cases of a comparison are shown, in which order and by which names, and what
 * they come to in words. The terminal, a commit's table and the page say the same by it. Texts are
 * fit to be shown (lb_printable) whatever stood in the files, and cut where they do not fit.
 */
#ifndef LINEBOUNCE_COMPARE_VIEW_H
#define LINEBOUNCE_COMPARE_VIEW_H

#include <linebounce/compare.h>

LB_BEGIN_C

enum lb_compare_sort {
    LB_COMPARE_BY_CHANGE, /* the largest first; those with a pause before saturated ones */
    LB_COMPARE_BY_NAME,
    LB_COMPARE_BY_TIME, /* B's, the slowest first */
    LB_COMPARE_SORTS
};

/* Cases that both sides have, references left out; those that changed come first. Borrows from the
 * comparison. */
struct lb_compare_view {
    const struct lb_compare *compare;
    bool filtered;
    bool varies[LB_KEYS]; /* cells that are not the same in all of them */
    const struct lb_compare_case **rows;
    size_t n, n_changed;
};
/* `filter`: only those whose name, with all its cells, holds that text; NULL: all. -ENOMEM. */
int lb_compare_view_init(const struct lb_compare *compare, const char *filter,
                         enum lb_compare_sort sort, struct lb_compare_view *view);
void lb_compare_view_finish(struct lb_compare_view *view);

/* Which of a case's two contrasts is shown: time, or, where times of different runs say nothing and
 * what stands beside the base of the same run does, that one. Its verdict is the case's. */
const struct lb_contrast *lb_compare_contrast(const struct lb_compare_case *which);
enum lb_verdict lb_compare_verdict(const struct lb_compare_case *which);
/* "1.234 [1.200, 1.270]", "1.234" without an interval, "" without either. Returns text. */
#define LB_COMPARE_RATIO_BYTES 64
const char *lb_compare_ratio(const struct lb_contrast *contrast, char text[LB_COMPARE_RATIO_BYTES]);
/* How many of the view have that verdict. */
size_t lb_compare_count(const struct lb_compare_view *view, enum lb_verdict verdict);

/* "observer embedded+rwsem40 reader, l3, 200 ns", with what tells it from others of the view alone.
 * Returns text. */
#define LB_COMPARE_NAME_BYTES 512
const char *lb_compare_name(const struct lb_compare_view *view, const struct lb_compare_case *which,
                            char text[LB_COMPARE_NAME_BYTES]);
/* ", l3, 200 ns": what all cases have in common. Returns text. */
const char *lb_compare_common(const struct lb_compare_view *view, char *text, size_t bytes);

/* Why cases are undecided, the most frequent reason first; freed with free. -ENOMEM. */
struct lb_compare_reason {
    const char *note; /* borrowed */
    size_t n;
};
int lb_compare_reasons(const struct lb_compare_view *view, struct lb_compare_reason **reasons,
                       size_t *n);
/* The answer in one sentence. Returns text. */
const char *lb_compare_answer(const struct lb_compare_view *view, char *text, size_t bytes);

/* What a side has of a difference. Where one of both is longer than `most` bytes, only the part in
 * which they differ, "... " where more stands before or behind it: at most about `most` bytes, and
 * never the same of both sides. Returns text. */
const char *lb_compare_part(const struct lb_compare_difference *difference, int side, size_t most,
                            char *text, size_t bytes);

/* Writes the comparison as one HTML file that needs nothing else: title and first heading are the
 * answer; what changed, what is undecided and why, what can be trusted, both sides' runs with their
 * machines, what differs; folded, every case. -ENOMEM, and what writing the file says. */
int lb_compare_page(const struct lb_compare *compare, const char *path, struct lb_why *why);

LB_END_C

#endif
