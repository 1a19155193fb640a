/* SPDX-License-Identifier: MIT
 *
 * A list that grows, or ends the program with a sentence.
 */
#include "list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *list_add(struct list *list, size_t bytes, const void *value)
{
    char *more = realloc(list->at, (list->n + 1) * bytes);

    if (!more) {
        fputs("linebounce: out of memory\n", stderr);
        exit(1);
    }
    list->at = more;
    return memcpy(more + bytes * list->n++, value, bytes);
}
