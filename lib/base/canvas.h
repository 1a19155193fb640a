/* SPDX-License-Identifier: MIT
 *
 * Text drawn piece by piece into a caller's buffer.
 */
#ifndef LB_CANVAS_H
#define LB_CANVAS_H

#include <stddef.h>

/* A buffer that counts what did not fit, as snprintf does. */
struct lb_canvas {
    char *text;
    size_t bytes, used;
};

void lb_canvas_put(struct lb_canvas *canvas, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
