/* SPDX-License-Identifier: MIT
 *
 * A sweep at a glance: layouts against distances, from all scenarios with a pause.
 */
#include "answer_view.h"

#include "answer_parts.h"
#include "look.h"

#include <stdbool.h>
#include <string.h>

/* A column: pairs of a distance, or all placements with more threads. */
enum column {
    COLUMN_FIRST_PAIR = LB_DISTANCE_SMT,
    COLUMN_CROWDS = LB_DISTANCES,
    COLUMNS,
};

#define CELL_COLUMNS 9

static int column_of(const struct lb_found_cell *c)
{
    enum lb_distance d;

    if (c->threads != 2)
        return COLUMN_CROWDS;
    return lb_distance_parse(c->distance, &d) ? LB_DISTANCE_NONE : (int)d;
}

/* What counts: a layout against its baseline, with a pause, and threads that can share. */
static bool counts(const struct lb_found *f, const struct lb_found_cell *c)
{
    return c->shown && c->work_ns > 0 && c->threads > 1 && c->layout >= 0 &&
           !strcmp(f->suites[c->suite].name, "sweep");
}

static void print_row(FILE *out, const struct lb_found *f, int layout, const bool *there)
{
    struct answer_sum cells[COLUMNS] = {{0}};
    char name[LB_FOUND_NAME_BYTES];
    bool any = false;

    for (size_t i = 0; i < f->n_cells; i++)
        if (counts(f, &f->cells[i]) && f->cells[i].layout == layout) {
            answer_sum_add(&f->cells[i], &cells[column_of(&f->cells[i])]);
            any = true;
        }
    if (!any)
        return;
    lb_printable(f->layouts[layout].name, name, sizeof name);
    fprintf(out, "  %-30.30s", name);
    for (int c = COLUMN_FIRST_PAIR; c < COLUMNS; c++)
        if (there[c]) {
            char text[ANSWER_CELL_BYTES];
            answer_sum_text(&cells[c], text);
            fprintf(out, " %*s", CELL_COLUMNS, text);
        }
    fputc('\n', out);
}

static void print_head(FILE *out, const bool *there)
{
    fprintf(out,
            "\nLayouts against the baseline, ns an op, over all scenarios with a pause:\n"
            "  %-30s",
            "two threads that share ...");
    for (int c = COLUMN_FIRST_PAIR; c < COLUMNS; c++)
        if (there[c])
            fprintf(out, " %*s", CELL_COLUMNS,
                    c == COLUMN_CROWDS ? "3 or more" : lb_distance_name((enum lb_distance)c));
    fputc('\n', out);
}

void sweep_print_matrix(const struct lb_found *f, FILE *out)
{
    bool there[COLUMNS] = {false}, any = false;

    for (size_t i = 0; i < f->n_cells; i++)
        if (counts(f, &f->cells[i]))
            any = there[column_of(&f->cells[i])] = true;
    if (!any)
        return;
    print_head(out, there);
    for (size_t i = 0; i < f->n_layouts; i++)
        print_row(out, f, (int)i, there);
    wrap_print("+54.5! the largest cost (slower somewhere); ? not decided everywhere; -12.3 the "
               "largest gain, and no cost; = the same or not slower everywhere; . not measured.",
               fprintf(out, "  "), 2, WRAP_COLUMNS, out);
}
