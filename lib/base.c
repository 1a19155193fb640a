/* SPDX-License-Identifier: MIT */
#include <linebounce/base.h>

#include <stdarg.h>
#include <stdio.h>

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
