/* SPDX-License-Identifier: MIT
 *
 * Text made piece by piece in a caller's buffer.
 */
#ifndef LB_CANVAS_H
#define LB_CANVAS_H

#include <linebounce/base.h>

/* Appends to a text; what does not fit is cut. */
void lb_append(char *text, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same behind "; ", where there is a text. */
void lb_note(char *text, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
