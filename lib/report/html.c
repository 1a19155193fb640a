/* SPDX-License-Identifier: MIT
 *
 * Text as HTML and SVG take it.
 */
#include "html.h"

#include <stdarg.h>
#include <stdio.h>

/* Returns how many bytes it took. */
static size_t put_character(FILE *out, const char *text)
{
    size_t n = lb_utf8_length(text);

    if (!n)
        fputs(LB_REPLACEMENT, out);
    else if ((unsigned char)*text >= ' ')
        fwrite(text, 1, n, out);
    return n ? n : 1;
}

void lb_html_put(FILE *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            text += put_character(out, text) - 1;
        }
}

void lb_html_say(FILE *out, const char *format, ...)
{
    char text[LB_HTML_TEXT_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    lb_html_put(out, text);
}

void lb_html_base64(FILE *out, const void *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = bytes;

    for (; n; b += n < 3 ? n : 3, n -= n < 3 ? n : 3) {
        unsigned bits =
            (unsigned)b[0] << 16 | (n > 1 ? (unsigned)b[1] << 8 : 0) | (n > 2 ? b[2] : 0);
        fputc(digits[bits >> 18], out);
        fputc(digits[bits >> 12 & 63], out);
        fputc(n > 1 ? digits[bits >> 6 & 63] : '=', out);
        fputc(n > 2 ? digits[bits & 63] : '=', out);
    }
}
