/* SPDX-License-Identifier: MIT
 *
 * Text as HTML and SVG take it.
 */
#ifndef LB_HTML_H
#define LB_HTML_H

#include <linebounce/base.h>

/* Text between tags, or in an attribute's quotes: names and cells may hold any bytes, HTML may not;
 * control characters are none of it either. */
void lb_html_put(FILE *out, const char *text);
/* The same of what printf makes, up to LB_HTML_TEXT_BYTES. */
#define LB_HTML_TEXT_BYTES 1024
void lb_html_say(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lb_html_base64(FILE *out, const void *bytes, size_t n);

#endif
