/* SPDX-License-Identifier: MIT
 *
 * Text as HTML and SVG take it, and what all pages have: their style, their beginning, their end.
 */
#ifndef LB_HTML_H
#define LB_HTML_H

#include <linebounce/doctor.h>

/* Text between tags, or in an attribute's quotes: names and cells may hold any bytes, HTML may not;
 * control characters are none of it either. */
void lb_html_put(FILE *out, const char *text);
/* Markup by a format like printf's, in which each %s is text between tags or in an attribute's
 * quotes. Takes %s, %c, %d, %u, %zu, %f and %g with flags, widths and precisions. */
void lb_html_print(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A table's cell; its label is shown beside it where the table becomes cards. "": no class. */
void lb_html_td(FILE *out, const char *class, const char *label, const char *text);
/* An item, and a %s with a precision, are cut to this. */
#define LB_HTML_TEXT_BYTES 1024
void lb_html_base64(FILE *out, const void *bytes, size_t n);

extern const char lb_page_style[];
/* All up to the first line of the body; all behind its last. */
void lb_page_begin(FILE *out, const char *title);
void lb_page_end(FILE *out);
/* A line of the box that says what a page can be trusted for, signed by its level. */
void lb_page_item(FILE *out, enum lb_check_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
