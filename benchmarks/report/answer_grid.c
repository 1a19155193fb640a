/* SPDX-License-Identifier: MIT
 *
 * Columns as wide as what stands in them.
 */
#include "answer_parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 2
#define GAP    2

struct grid_row {
    char text[GRID_COLUMNS][GRID_CELL];
    enum look_paint paint[GRID_COLUMNS];
    int n;
};

void grid_row(struct grid *g)
{
    struct grid_row row = {.n = 0};

    list_add(&g->rows, sizeof row, &row);
}

void grid_put(struct grid *g, enum look_paint paint, const char *format, ...)
{
    struct grid_row *row = (struct grid_row *)g->rows.at + g->rows.n - 1;
    va_list list;

    if (row->n == GRID_COLUMNS)
        return;
    va_start(list, format);
    vsnprintf(row->text[row->n], GRID_CELL, format, list);
    va_end(list);
    row->paint[row->n++] = paint;
    g->n_columns = row->n > g->n_columns ? row->n : g->n_columns;
}

static int width_of(const struct grid *g, int column)
{
    const struct grid_row *rows = g->rows.at;
    int width = 0;

    for (size_t i = 0; i < g->rows.n; i++) {
        int n = (int)strlen(rows[i].text[column]);
        width = n > width ? n : width;
    }
    return width;
}

/* Columns `from` to `to`, the first before them; no blanks at the end of a line. */
static void print_block(FILE *out, const struct look *look, const struct grid *g, int from, int to)
{
    const struct grid_row *rows = g->rows.at;

    for (size_t i = 0; i < g->rows.n; i++) {
        int blanks = INDENT;
        for (int k = 0; k < to; k = k ? k + 1 : from) {
            int n = (int)strlen(rows[i].text[k]);
            if (n) {
                fprintf(out, "%*s", blanks, "");
                look_cell(out, look, rows[i].paint[k], n, rows[i].text[k]);
                blanks = 0;
            }
            blanks += width_of(g, k) - n + GAP;
        }
        fputc('\n', out);
    }
}

void grid_print(FILE *out, const struct look *look, const struct grid *g)
{
    int from = 1, to;

    for (; from < g->n_columns; from = to) {
        int width = INDENT + width_of(g, 0) + GAP + width_of(g, from);
        for (to = from + 1; to < g->n_columns; to++) {
            width += GAP + width_of(g, to);
            if (width > look->columns)
                break;
        }
        if (from > 1)
            fputc('\n', out);
        print_block(out, look, g, from, to);
    }
}

void grid_markdown(FILE *out, const struct grid *g)
{
    const struct grid_row *rows = g->rows.at;

    for (size_t i = 0; i < g->rows.n; i++) {
        for (int k = 0; k < g->n_columns; k++) {
            fputs("| ", out);
            for (const char *c = rows[i].text[k]; *c; c++) /* bars end a cell */
                fprintf(out, *c == '|' ? "\\%c" : "%c", *c);
            fputc(' ', out);
        }
        fputs("|\n", out);
        for (int k = 0; !i && k < g->n_columns; k++)
            fputs(k + 1 < g->n_columns ? "|---" : "|---|\n", out);
    }
}

void grid_finish(struct grid *g)
{
    free(g->rows.at);
    *g = (struct grid){.n_columns = 0};
}
