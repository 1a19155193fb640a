/* SPDX-License-Identifier: MIT
 *
 * wrap: text for people within a number of columns.
 */
#ifndef LB_WRAP_H
#define LB_WRAP_H

#include <stdio.h>

/* What output for people holds itself to. */
#define WRAP_COLUMNS 100

/* Prints the text, broken at blanks: the first line goes on behind `at` columns that stand there
 * already, the others begin with `indent` blanks. Words longer than a line keep whole. Ends with a
 * newline. Characters of more than one byte count as one. */
void wrap_print(const char *text, int at, int indent, int columns, FILE *out);

#endif
