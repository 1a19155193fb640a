/* SPDX-License-Identifier: MIT
 *
 * Layouts against scenarios: what each costs more or less than the baseline.
 */
#include "answer_view.h"

#include "answer_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN     8
#define COLUMNS    64
#define ROWS       256
#define NAME_WIDE  21
#define NAME_SHORT 17

/* Cells of one placement, number of threads and pause; columns are what tells scenarios apart. */
struct matrix {
    const struct lb_found *f;
    const struct lb_found_cell *like; /* the first of it */
    const struct lb_found_cell *columns[COLUMNS];
    int rows[ROWS]; /* layouts; the baseline first */
    int n_columns, n_rows;
    struct list panels; /* all that there are */
    bool pages;         /* a last column has the pages of 1000 objects */
};

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool is_column(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return !strcmp(a->scenario_name, b->scenario_name) && !strcmp(a->role, b->role) &&
           !strcmp(a->writers, b->writers) && !strcmp(a->access, b->access) &&
           same_number(a->every_ns, b->every_ns) && same_number(a->objects, b->objects);
}

/* Subjects of main regimes, their baselines among them, where a pause is, if any has one. */
static bool belongs(const struct matrix *m, const struct lb_found_cell *c)
{
    return c->subject && !c->twin && c->main_regime && c->layout >= 0 &&
           lb_found_is_place(c, m->like);
}

/* Words have no lock, and stand in one row with the lock that is as far apart. */
static bool is_row(const struct lb_found *f, int a, int b)
{
    const struct lb_found_layout *left = &f->layouts[a], *right = &f->layouts[b];

    return a == b || (!strcmp(left->name, right->name) && (!*left->lock || !*right->lock));
}

static void add_row(struct matrix *m, int layout)
{
    for (int i = 0; i < m->n_rows; i++)
        if (is_row(m->f, m->rows[i], layout))
            return;
    if (m->n_rows < ROWS)
        m->rows[m->n_rows++] = layout;
}

static void add_column(struct matrix *m, const struct lb_found_cell *c)
{
    for (int i = 0; i < m->n_columns; i++)
        if (is_column(m->columns[i], c))
            return;
    if (m->n_columns < COLUMNS)
        m->columns[m->n_columns++] = c;
}

/* Baselines, the user's own, the others. */
static int rank(const struct lb_found_layout *l)
{
    return l->base ? 0 : l->own ? 1 : 2;
}

/* The panel with the largest cost, or the first that the answer is about. */
static const struct lb_found_cell *choose_panel(const struct lb_found *f, int suite,
                                                const struct list *panels)
{
    const struct lb_found_cell *const *list = panels->at;
    int worst = f->suites[suite].tally.worst;

    for (size_t i = 0; worst >= 0 && i < panels->n; i++)
        if (lb_found_is_place(&f->cells[worst], list[i]))
            return list[i];
    for (size_t i = 0; i < panels->n; i++)
        for (size_t k = 0; k < f->n_cells; k++)
            if (f->cells[k].about && lb_found_is_place(&f->cells[k], list[i]))
                return list[i];
    return panels->n ? list[0] : NULL;
}

static bool fill(struct matrix *m, const struct lb_found *f, int suite)
{
    *m = (struct matrix){.f = f};
    answer_panels(f, suite, &m->panels);
    m->like = f->suites[suite].shown ? choose_panel(f, suite, &m->panels) : NULL;
    for (size_t i = 0; m->like && i < f->n_cells; i++)
        if (belongs(m, &f->cells[i]))
            add_column(m, &f->cells[i]);
    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; m->like && i < f->n_cells; i++)
            if (belongs(m, &f->cells[i]) && rank(&f->layouts[f->cells[i].layout]) == pass)
                add_row(m, f->cells[i].layout);
    for (int i = 0; i < m->n_rows && !f->suites[suite].asks_lock; i++)
        m->pages |= isfinite(f->layouts[m->rows[i]].pages);
    return m->n_rows > 0;
}

static const struct lb_found_cell *at(const struct matrix *m, int row, int column)
{
    for (size_t i = 0; i < m->f->n_cells; i++)
        if (belongs(m, &m->f->cells[i]) && is_row(m->f, m->f->cells[i].layout, m->rows[row]) &&
            is_column(&m->f->cells[i], m->columns[column]))
            return &m->f->cells[i];
    return NULL;
}

/* Text ----------------------------------------------------------------------------------------- */

static void number(double value, bool sign, char text[ANSWER_CELL_BYTES])
{
    int digits = fabs(value) < 99.95;

    if (sign)
        snprintf(text, ANSWER_CELL_BYTES - 1, "%+.*f", digits, value);
    else
        snprintf(text, ANSWER_CELL_BYTES - 1, "%.*f", digits, value);
}

enum look_paint answer_cell(const struct lb_found_cell *c, char text[ANSWER_CELL_BYTES])
{
    static const char *const marks[LB_VERDICTS] = {
        [LB_VERDICT_SAME] = "=", [LB_VERDICT_NOT_SLOWER] = "<=", [LB_VERDICT_UNRESOLVED] = "?"};
    bool decided = c && c->measured && c->compared && !c->unfair;
    enum lb_verdict verdict = decided ? c->verdict : LB_VERDICT_UNRESOLVED;

    if (!c) {
        snprintf(text, ANSWER_CELL_BYTES, ".");
        return LOOK_PLAIN;
    }
    if (!*c->base) {
        if (c->measured)
            number(c->net, false, text);
        else
            snprintf(text, ANSWER_CELL_BYTES, "?");
        return LOOK_PLAIN;
    }
    if (verdict != LB_VERDICT_FASTER && verdict != LB_VERDICT_SLOWER) {
        snprintf(text, ANSWER_CELL_BYTES, "%s", marks[verdict]);
        return verdict == LB_VERDICT_UNRESOLVED ? LOOK_OPEN : LOOK_PLAIN;
    }
    number(c->diff, true, text);
    if (verdict == LB_VERDICT_SLOWER)
        strncat(text, "!", 2);
    return verdict == LB_VERDICT_SLOWER ? LOOK_BAD : LOOK_GOOD;
}

/* Vowels go from the end until it fits; what is too long then is cut. */
static void shorten(char *text, size_t most)
{
    for (size_t i = strlen(text); i-- > 1 && strlen(text) > most;)
        if (strchr("aeiou", text[i]))
            memmove(text + i, text + i + 1, strlen(text + i));
    if (strlen(text) > most)
        text[most] = '\0';
}

/* A scenario above its role; a name alone over both lines where it does not fit into one. */
static void title_of(const struct lb_found_cell *c, char above[32], char below[32])
{
    const char *dash = strchr(c->scenario_name, '-');
    size_t n = strlen(c->scenario_name);

    above[0] = '\0';
    if (strcmp(c->role, "all") != 0) {
        snprintf(above, 32, "%s", c->scenario_name);
        shorten(above, COLUMN - 2);
        strncat(above, ":", 2);
        snprintf(below, 32, "%s", c->role);
    } else if (n < COLUMN) {
        snprintf(below, 32, "%s", c->scenario_name);
    } else if (dash) {
        snprintf(above, 32, "%.*s", (int)(dash - c->scenario_name) + 1, c->scenario_name);
        snprintf(below, 32, "%s", dash + 1);
        shorten(above, COLUMN - 1);
    } else {
        snprintf(above, 32, "%.*s-", (int)n / 2, c->scenario_name);
        snprintf(below, 32, "%s", c->scenario_name + n / 2);
    }
    shorten(below, COLUMN - 1);
}

static void print_titles(FILE *out, const struct matrix *m, int name_width, int from, int to)
{
    char titles[COLUMNS + 1][2][32];
    bool any = false;

    for (int i = from; i < to; i++) {
        if (i < m->n_columns) {
            title_of(m->columns[i], titles[i][0], titles[i][1]);
        } else {
            titles[i][0][0] = '\0';
            snprintf(titles[i][1], sizeof titles[i][1], "pg/1000");
        }
        any |= *titles[i][0] != '\0';
    }
    for (int line = !any; line < 2; line++) {
        int blanks = name_width;
        for (int i = from; i < to; i++) { /* none at the end of the line */
            blanks += COLUMN - (int)strlen(titles[i][line]);
            if (*titles[i][line]) {
                fprintf(out, "%*s%s", blanks, "", titles[i][line]);
                blanks = 0;
            }
        }
        fputc('\n', out);
    }
}

static void print_row(FILE *out, const struct look *look, const struct matrix *m, int row,
                      int name_width, int from, int to)
{
    const struct lb_found_layout *l = &m->f->layouts[m->rows[row]];
    char name[LB_FOUND_NAME_BYTES + 16], text[ANSWER_CELL_BYTES];

    snprintf(name, sizeof name, "%.*s%s", name_width - 1 - (l->base ? 5 : 0), l->name,
             l->base ? " (ns)" : "");
    fprintf(out, "%-*.*s", name_width, name_width - 1, name);
    for (int i = from; i < to && i < m->n_columns; i++)
        look_cell(out, look, answer_cell(at(m, row, i), text), COLUMN, text);
    if (to > m->n_columns && isfinite(l->pages))
        fprintf(out, "%*.0f", COLUMN, l->pages);
    fputc('\n', out);
}

/* " at l3 with 2 threads, the costliest of 3 places,": of one place nothing. */
static void name_place(const struct matrix *m, char text[160])
{
    const struct lb_found_suite *s = &m->f->suites[m->like->suite];
    bool home = *m->like->home && strcmp(m->like->home, "local") != 0;

    text[0] = '\0';
    if (m->panels.n > 1)
        snprintf(text, 160, " at %s with %d thread%s%s%s (%s of %zu places)", m->like->placement,
                 m->like->threads, m->like->threads == 1 ? "" : "s", home ? ", memory " : "",
                 home ? m->like->home : "", s->tally.worst >= 0 ? "the costliest" : "the first",
                 m->panels.n);
}

static void print_head(FILE *out, const struct look *look, const struct matrix *m)
{
    const char *base = lb_found_base(m->f, m->like->suite);
    char text[512], place[160], pause[48] = ", saturated (no pause)";

    if (m->like->work_ns > 0)
        snprintf(pause, sizeof pause, ", with %g ns of work between ops", m->like->work_ns);
    name_place(m, place);
    snprintf(text, sizeof text, "What an op costs more or less than with %s%s, in ns%s:",
             *base ? base : "its baseline", place, pause);
    look_text(out, look, "", 0, text);
}

static bool has(const struct matrix *m, enum lb_verdict verdict)
{
    for (int r = 0; r < m->n_rows; r++)
        for (int i = 0; i < m->n_columns; i++) {
            const struct lb_found_cell *c = at(m, r, i);
            if (c && *c->base && c->measured && c->compared && c->verdict == verdict)
                return true;
        }
    return false;
}

static void print_legend(FILE *out, const struct look *look, const struct matrix *m)
{
    const struct lb_found_cell *c = m->like;
    char text[256], margin[64] = "";

    if (isfinite(c->margin_ns) && look->columns >= LOOK_WIDE)
        snprintf(margin, sizeof margin, " (within 2 ns or 2 %%)");
    snprintf(text, sizeof text, "-1.0 faster, +1.0! slower, = same%s,%s ? undecided, . impossible",
             margin, has(m, LB_VERDICT_NOT_SLOWER) ? " <= not slower," : "");
    look_text(out, look, "", 2, text);
}

void answer_matrix(FILE *out, const struct look *look, const struct lb_found *f, int suite)
{
    struct matrix m;
    int name_width = look->columns < LOOK_WIDE ? NAME_SHORT : NAME_WIDE;

    if (fill(&m, f, suite)) {
        int fit = (look->columns - name_width) / COLUMN, n = m.n_columns + m.pages;
        int blocks = (n + fit - 1) / fit, each = (n + blocks - 1) / blocks;
        print_head(out, look, &m);
        for (int from = 0; from < n; from += each) {
            int to = from + each < n ? from + each : n;
            if (from)
                fputc('\n', out);
            print_titles(out, &m, name_width, from, to);
            for (int row = 0; row < m.n_rows; row++)
                print_row(out, look, &m, row, name_width, from, to);
        }
        print_legend(out, look, &m);
    }
    free(m.panels.at);
}
