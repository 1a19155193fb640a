/* SPDX-License-Identifier: MIT */
#include <linebounce/base.h>

#include "canvas.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int lb_fail(struct lb_why *why, int err, const char *format, ...)
{
    if (why) {
        va_list args;
        va_start(args, format);
        vsnprintf(why->text, sizeof why->text, format, args);
        va_end(args);
    }
    return -err;
}

int lb_by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

size_t lb_edit_distance(const char *a, const char *b)
{
    size_t n = strlen(b), row[LB_DISTANCE_BYTES];

    if (n >= LB_DISTANCE_BYTES || strlen(a) >= LB_DISTANCE_BYTES)
        return SIZE_MAX;
    for (size_t k = 0; k <= n; k++)
        row[k] = k;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < n; k++) {
            bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[k]);
            size_t replaced = diagonal + !same;
            diagonal = row[k + 1];
            row[k + 1] = least(replaced, row[k] + 1, diagonal + 1);
        }
    }
    return row[n];
}

void lb_canvas_put(struct lb_canvas *c, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(c->used < c->bytes ? c->text + c->used : NULL,
                  c->used < c->bytes ? c->bytes - c->used : 0, format, args);
    va_end(args);
    if (n > 0)
        c->used += (size_t)n;
}
