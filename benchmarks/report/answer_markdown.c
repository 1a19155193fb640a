/* SPDX-License-Identifier: MIT
 *
 * The answer for an issue or a mail.
 */
#include "answer_view.h"

#include "answer_parts.h"

#include <math.h>
#include <string.h>

/* Bars end a cell of a table. */
static void escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void change(FILE *out, const struct lb_found *f, int at)
{
    const struct lb_found_cell *c = at < 0 ? NULL : &f->cells[at];

    if (!c) {
        fputs(" | -", out);
        return;
    }
    fprintf(out, " | %+.1f ns [%+.1f, %+.1f], %s%s%s", c->diff, c->diff_lo, c->diff_hi,
            c->scenario_name, strcmp(c->role, "all") != 0 ? " " : "",
            strcmp(c->role, "all") != 0 ? c->role : "");
}

/* The suite's own table, where it has one. */
static bool figures(FILE *out, const struct lb_found *f, int suite)
{
    struct grid grid;
    const char *what, *note = answer_figures(f, suite, &grid, &what);

    if (note) {
        fprintf(out, "\n%s\n\n", what);
        grid_markdown(out, &grid);
    }
    if (note && *note)
        fprintf(out, "\n%s\n", note);
    grid_finish(&grid);
    return note != NULL;
}

static void groups(FILE *out, const struct lb_found *f, int suite)
{
    if (figures(out, f, suite))
        return;
    fprintf(out,
            "\n| %s | answer | gains most | costs most | pages per 1000 |\n|---|---|---|---|---|\n",
            f->suites[suite].asks_lock ? "the lock lies" : "layout");
    for (size_t i = 0; i < f->n_groups; i++) {
        const struct lb_found_group *g = &f->groups[i];
        if (g->suite != suite)
            continue;
        fputs("| ", out);
        escaped(out, g->name);
        fprintf(out, " | %s", lb_found_kind_name(g->tally.kind));
        change(out, f, g->tally.best);
        change(out, f, g->tally.worst);
        if (isfinite(g->pages_hi))
            fprintf(out, " | %.0f |\n", g->pages_hi);
        else
            fputs(" | - |\n", out);
    }
}

void answer_markdown(FILE *out, const struct lb_found *f)
{
    for (size_t i = 0; i < f->n_suites; i++) {
        const struct lb_found_suite *s = &f->suites[i];
        fputs(i ? "\n### " : "### ", out);
        escaped(out, s->question);
        fputs("\n\n", out);
        escaped(out, s->answer);
        fputs(".\n", out);
        groups(out, f, (int)i);
        if (s->undecided)
            fprintf(out, "\n%d of %d verdicts are undecided.\n", s->undecided, s->shown);
    }
    fprintf(out, "\nlinebounce %s (%s) on %s, %s; `%s`\n", f->version, f->commit,
            *f->cpu ? f->cpu : "an unknown CPU", *f->hypervisor ? f->hypervisor : "no hypervisor",
            f->command);
}
