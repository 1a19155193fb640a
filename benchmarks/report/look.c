/* SPDX-License-Identifier: MIT
 *
 * Width and colour of what is printed, and lines broken at blanks.
 */
#include "look.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool takes_color(void)
{
    const char *kind = getenv("TERM"), *refused = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) == 1 && kind && *kind && strcmp(kind, "dumb") != 0 &&
           !(refused && *refused);
}

struct look look_of_stdout(enum settings_color color)
{
    struct winsize size;
    bool narrow = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col && /* 0: it is unknown */
                  size.ws_col < LOOK_WIDE;

    return (struct look){.columns = narrow ? LOOK_NARROW : LOOK_WIDE,
                         .color = color == COLOR_AUTO ? takes_color() : color == COLOR_ALWAYS};
}

const char *look_program(void)
{
    const char *name = getenv("LINEBOUNCE_CALLED");

    return name && *name ? name : "linebounce";
}

void look_cell(FILE *out, const struct look *look, enum look_paint paint, int width,
               const char *text)
{
    static const char *const codes[] = {
        [LOOK_GOOD] = "32", [LOOK_BAD] = "1;31", [LOOK_OPEN] = "33", [LOOK_STRONG] = "1"};
    bool painted = look->color && paint != LOOK_PLAIN && *text;
    int room = abs(width), length = (int)strlen(text);
    int space = length < room ? room - length : 0;

    if (width > 0)
        fprintf(out, "%*s", space, "");
    if (painted)
        fprintf(out, "\033[%sm%s\033[0m", codes[paint], text);
    else
        fputs(text, out);
    if (width < 0)
        fprintf(out, "%*s", space, "");
}

void look_text(FILE *out, const struct look *look, const char *title, int indent, const char *text)
{
    int at = fprintf(out, "%-*s", indent, title);

    wrap_print(text, at, indent, look->columns, out);
}

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
