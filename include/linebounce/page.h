/* SPDX-License-Identifier: MIT
 *
 * page: a results folder as one HTML file that needs nothing else, and the lines of its layouts,
 * which the page draws.
 */
#ifndef LINEBOUNCE_PAGE_H
#define LINEBOUNCE_PAGE_H

#include <linebounce/answer.h>
#include <linebounce/lines.h>

LB_BEGIN_C

/* Writes RUN_DIR/index.html. Title and first heading are the answer (lb_found_title); then its
 * table, what vouches for it, every difference as a table and on one axis, the layouts as lines of
 * 64 bytes, and what the differences are made of (explain.h); folded behind them the rest:
 * saturated ops, other distances, the pictures of RUN_DIR/plots, all numbers, machine and command.
 * Nothing is fetched from elsewhere and there is no script in it. What the folder lacks is left
 * out; where there is no picture of gnuplot's, `without` (NULL: nothing) says why.
 *
 * Pictures are regular files that have the names of ours: the smaller of NAME.svg and NAME.png, as
 * long as all of them together take no more than LB_PAGE_PICTURES_MOST bytes of the page, and what
 * the text leaves of LB_PAGE_MOST; those of the headline go first, and the page names what it
 * leaves out.
 *
 * -ENOENT without the folder, -ENODATA where it holds nothing for a page, -EPROTO for a CSV that
 * cannot be read, and what writing the file says; -ENOMEM. */
#define LB_PAGE_PICTURES_MOST ((size_t)340 << 10)
/* Half a megabyte goes through mail and over a slow line; text alone may be longer. */
#define LB_PAGE_MOST ((size_t)490000)
int lb_page_write(const char *run_dir, const char *without, struct lb_why *why);

/* Writes one page of several runs to `path`: title and first heading say on how many of them each
 * layout costs; layouts by machines, each of which leads to the machine's line; what each says;
 * and the picture (a PNG; NULL: none), where that file is there. -ENOMEM, and what writing says. */
int lb_page_hosts(struct lb_found *const *found, size_t n, const char *picture, const char *path,
                  struct lb_why *why);

/* Appends all pieces of these lines to lines.csv. */
extern const struct lb_schema lb_schema_lines;
int lb_lines_write(const struct lb_lines *lines, struct lb_csv *csv, struct lb_why *why);
/* Those of a plan's layouts that DIR/lines.csv has not yet, appended to it. */
int lb_lines_record(const struct lb_plan *plan, const char *dir, struct lb_why *why);
/* The layouts of a folder by its lines.csv, in its order; freed with lb_lines_drop. -ENOENT: there
 * is no such file, -EPROTO, -ENOMEM. */
int lb_lines_read(const char *path, struct lb_why *why, struct lb_lines **lines, size_t *n);
void lb_lines_drop(struct lb_lines *lines, size_t n);

LB_END_C

#endif
