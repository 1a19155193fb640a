/* SPDX-License-Identifier: MIT
 *
 * look: how wide output may be and whether it has colours, and text that fits.
 */
#ifndef LB_LOOK_H
#define LB_LOOK_H

#include "request/settings.h"

#include <stdbool.h>
#include <stdio.h>

/* What output for people holds itself to. */
#define WRAP_COLUMNS 100

/* Prints the text, broken at blanks: the first line goes on behind `at` columns that stand there
 * already, the others begin with `indent` blanks. Words longer than a line keep whole. Ends with a
 * newline. Characters of more than one byte count as one. */
void wrap_print(const char *text, int at, int indent, int columns, FILE *out);

struct look {
    int columns; /* LOOK_WIDE, or LOOK_NARROW on a terminal that has fewer */
    bool color;
};
#define LOOK_WIDE   100
#define LOOK_NARROW 80

/* By standard output: colours on a terminal alone, unless NO_COLOR is set or TERM is dumb. */
struct look look_of_stdout(enum settings_color color);

/* How whoever runs this program calls it: "linebounce", or what the script that called it says. */
const char *look_program(void);

enum look_paint { LOOK_PLAIN, LOOK_GOOD, LOOK_BAD, LOOK_OPEN, LOOK_STRONG };
/* The text in a column: to the left where width is negative. Colour adds no width. */
void look_cell(FILE *out, const struct look *look, enum look_paint paint, int width,
               const char *text);
/* The text behind a title, broken at spaces; lines after the first are indented as far. */
void look_text(FILE *out, const struct look *look, const char *title, int indent, const char *text);

#endif
