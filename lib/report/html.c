/* SPDX-License-Identifier: MIT
 *
 * Text as HTML and SVG take it, and the frame of a page.
 */
#include "html.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* The formats are this program's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* What one conversion makes of the next argument. Returns how long it is in the format. */
static size_t put_argument(FILE *out, const char *at, va_list *args)
{
    size_t n = strspn(at + 1, "+-.*0123456789z") + 2;
    const char *star = memchr(at, '*', n), *plain;
    char one[32], text[LB_HTML_TEXT_BYTES];

    if (star)
        snprintf(one, sizeof one, "%.*s%d%.*s", (int)(star - at), at, va_arg(*args, int),
                 (int)(at + n - star - 1), star + 1);
    else
        snprintf(one, sizeof one, "%.*s", (int)n, at);
    switch (at[n - 1]) {
    case 's':
        plain = va_arg(*args, const char *);
        if (n > 2)
            snprintf(text, sizeof text, one, plain);
        lb_html_put(out, n > 2 ? text : plain);
        break;
    case 'f':
    case 'g':
        fprintf(out, one, va_arg(*args, double));
        break;
    case 'u':
        if (at[n - 2] == 'z')
            fprintf(out, one, va_arg(*args, size_t));
        else
            fprintf(out, one, va_arg(*args, unsigned));
        break;
    case 'c':
    case 'd':
        fprintf(out, one, va_arg(*args, int));
        break;
    default: /* %% */
        fputc(at[n - 1], out);
    }
    return n;
}
#pragma GCC diagnostic pop

void lb_html_print(FILE *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    while (*format) {
        size_t n = strcspn(format, "%");
        fwrite(format, 1, n, out);
        format += n;
        if (*format)
            format += put_argument(out, format, &args);
    }
    va_end(args);
}

void lb_html_td(FILE *out, const char *class, const char *label, const char *text)
{
    if (*class)
        fprintf(out, "<td class=\"%s\"", class);
    else
        fputs("<td", out);
    lb_html_print(out, " data-n=\"%s\">%s</td>", label, *text ? text : "–");
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

void lb_page_begin(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
          out);
    lb_html_put(out, title);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", lb_page_style);
}

void lb_page_end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}

void lb_page_item(FILE *out, enum lb_check_level level, const char *format, ...)
{
    static const struct {
        const char *word, *sign;
    } marks[] = {
        [LB_CHECK_OK] = {"good", "✓"},
        [LB_CHECK_UNKNOWN] = {"not known", "?"},
        [LB_CHECK_WARNS] = {"note", "!"},
        [LB_CHECK_SPOILS] = {"bad", "✗"},
    };
    char text[LB_HTML_TEXT_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(out, "<li><b role=\"img\" aria-label=\"%s\">%s</b>", marks[level].word,
            marks[level].sign);
    lb_html_put(out, text);
    fputs("</li>\n", out);
}
