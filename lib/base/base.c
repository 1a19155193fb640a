/* SPDX-License-Identifier: MIT
 *
 * How a failure says why, distances between words, and a canvas of text.
 */
#include <linebounce/base.h>

#include "canvas.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int lb_fail(struct lb_why *why, int err, const char *format, ...)
{
    if (why) {
        char text[sizeof why->text];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        lb_printable(text, why->text, sizeof why->text);
    }
    return -err;
}

const struct lb_why *lb_explain(struct lb_why *why, int err, const char *doing)
{
    if (!*why->text)
        lb_fail(why, 0, "%s: %s", doing, strerror(err < 0 ? -err : err));
    return why;
}

int lb_by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void *lb_more(void *list, size_t *n, size_t bytes)
{
    size_t room = *n & (*n - 1) ? 0 : *n ? 2 * *n : 1; /* full where n is a power of two */
    char *at;

    memcpy(&at, list, sizeof at);
    if (room) {
        if (!(at = reallocarray(at, room, bytes)))
            return NULL;
        memcpy(list, &at, sizeof at);
    }
    return memset(at + (*n)++ * bytes, 0, bytes);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t lb_edit_distance(const char *a, const char *b)
{
    size_t n = strlen(b), rows[3][LB_DISTANCE_BYTES];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];

    if (n >= LB_DISTANCE_BYTES || strlen(a) >= LB_DISTANCE_BYTES)
        return SIZE_MAX;
    for (size_t k = 0; k <= n; k++)
        row[k] = k;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
        row[0] = i;
        for (size_t k = 1; k <= n; k++) {
            row[k] = least(last[k - 1] + !same_letter(a[i - 1], b[k - 1]),
                           least(last[k], row[k - 1]) + 1);
            if (i > 1 && k > 1 && same_letter(a[i - 1], b[k - 2]) &&
                same_letter(a[i - 2], b[k - 1]))
                row[k] = least(row[k], before[k - 2] + 1);
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

void lb_append(char *text, size_t bytes, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + used, bytes - used, format, args);
    va_end(args);
}

void lb_note(char *text, size_t bytes, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    if (used && used + 3 <= bytes)
        used = (size_t)(stpcpy(text + used, "; ") - text);
    va_start(args, format);
    vsnprintf(text + used, bytes - used, format, args);
    va_end(args);
}
