/* SPDX-License-Identifier: MIT
 *
 * What a comparison has to say besides its numbers, printable whatever stood in the files.
 */
#include "compare_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int lb_compare_warn(struct lb_compare *c, const char *format, ...)
{
    char *text, **shown;
    size_t room;
    va_list args;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0)
        return -ENOMEM;
    room = lb_printable(text, NULL, 0) + 1;
    if ((shown = lb_more(&c->warnings, &c->n_warnings, sizeof *shown)) && (*shown = malloc(room)))
        lb_printable(text, *shown, room);
    free(text);
    return shown && *shown ? 0 : -ENOMEM;
}
