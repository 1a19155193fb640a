/* SPDX-License-Identifier: MIT
 *
 * Text that others wrote, made fit to be shown.
 */
#include <linebounce/base.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

size_t lb_utf8_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n;
    uint32_t least, c;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] < 0xe0)
        n = 2, least = 0x80, c = s[0] & 0x1fu;
    else if (s[0] >= 0xe0 && s[0] < 0xf0)
        n = 3, least = 0x800, c = s[0] & 0x0fu;
    else if (s[0] >= 0xf0 && s[0] < 0xf5)
        n = 4, least = 0x10000, c = s[0] & 0x07u;
    else
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    return c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

/* The character's number; its length is known and not 0. */
static uint32_t number_of(const char *text, size_t length)
{
    unsigned char first = (unsigned char)*text;
    uint32_t c = length > 1 ? first & 0x7fu >> length : first;

    for (size_t i = 1; i < length; i++)
        c = c << 6 | ((unsigned char)text[i] & 0x3fu);
    return c;
}

/* What moves the cursor, begins a line, or turns the order of what follows around. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* The next character as it is shown, or one byte as \xNN. Returns how many bytes of text it is. */
static size_t take(const char *text, char shown[5])
{
    size_t n = lb_utf8_length(text);

    if (n && !is_control(number_of(text, n))) {
        memcpy(shown, text, n);
        shown[n] = '\0';
        return n;
    }
    snprintf(shown, 5, "\\x%02x", (unsigned)(unsigned char)*text);
    return 1;
}

size_t lb_printable(const char *text, char *to, size_t room)
{
    size_t needed = 0, used = 0;

    while (*text) {
        char shown[5];
        size_t n;
        text += take(text, shown);
        n = strlen(shown);
        if (used == needed && used + n < room) {
            memcpy(to + used, shown, n);
            used += n;
        }
        needed += n;
    }
    if (room)
        to[used] = '\0';
    return needed;
}
