/* SPDX-License-Identifier: MIT
 *
 * Breaking lines at blanks.
 */
#include "wrap.h"

#include <stdbool.h>
#include <string.h>

static int width_of(const char *text, size_t bytes)
{
    int n = 0;

    for (size_t i = 0; i < bytes; i++)
        n += (text[i] & 0xc0) != 0x80; /* of a UTF-8 character the first byte */
    return n;
}

void wrap_print(const char *text, int at, int indent, int columns, FILE *out)
{
    bool begun = false; /* a word stands on this line */

    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t bytes = strcspn(text, " ");
        int width = width_of(text, bytes);
        if (begun && at + 1 + width > columns) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
            begun = false;
        }
        at += fprintf(out, "%s", begun ? " " : "") + width;
        fwrite(text, 1, bytes, out);
        begun = true;
        text += bytes;
    }
    fputc('\n', out);
}
