/* SPDX-License-Identifier: MIT
 *
 * What changed from one side to the other, and how much of it is not known, on one screen.
 */
#include "compare_text.h"

#include "look.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIFFERENCES_MOST 6
#define NOTES_MOST       3
#define REASONS_MOST     4
#define PART_MOST        72
#define ROWS_LEAST       5
/* A commit message's table is read whole. */
#define COMMIT_ROWS 20

/* Lines ------------------------------------------------------------------------------------- */

static void print_cut(FILE *out, int columns, const char *text)
{
    if (strlen(text) <= (size_t)columns)
        fprintf(out, "%-*s", columns, text);
    else
        fprintf(out, "%.*s...", columns - 3, text);
}

static void print_number(FILE *out, int columns, double value)
{
    if (isfinite(value))
        fprintf(out, " %*.*f", columns, value < 999.5 ? 1 : 0, value);
    else
        fprintf(out, " %*s", columns, "-");
}

/* Of long texts the part that differs: what both have would fill the lines. */
static void print_difference(FILE *out, const struct lb_compare_difference *d)
{
    bool short_enough = strlen(d->side[0]) + strlen(d->side[1]) + 28 <= WRAP_COLUMNS;
    char parts[2][256], line[520];

    for (int side = 0; side < 2; side++)
        lb_compare_part(d, side, short_enough ? WRAP_COLUMNS : PART_MOST, parts[side],
                        sizeof parts[0]);
    snprintf(line, sizeof line, "%s | %s", parts[0], parts[1]);
    fprintf(out, "  %-21s ", d->what);
    wrap_print(line, 24, 24, WRAP_COLUMNS, out);
}

/* What is said of the sides before the cases. */
static void print_head(FILE *out, const struct lb_compare *c)
{
    char line[220];

    compare_side(out, c, 0);
    compare_side(out, c, 1);
    if (!c->n_differences)
        fputs("The runs record no difference.\n", out);
    for (size_t i = 0; i < c->n_differences && i < DIFFERENCES_MOST; i++)
        print_difference(out, &c->differences[i]);
    if (c->n_differences > DIFFERENCES_MOST)
        fprintf(out, "  and %zu things more that differ (--all)\n",
                c->n_differences - DIFFERENCES_MOST);
    for (size_t i = 0; i < c->n_warnings && i < NOTES_MOST; i++) {
        snprintf(line, sizeof line, "note: %.180s%s", c->warnings[i],
                 strlen(c->warnings[i]) > 180 ? "..." : ".");
        wrap_print(line, 0, 6, WRAP_COLUMNS, out);
    }
    if (c->n_warnings > NOTES_MOST)
        fprintf(out, "note: and %zu more (--all).\n", c->n_warnings - NOTES_MOST);
}

#define NAME_COLUMNS 44

static void print_row(FILE *out, const struct lb_compare_view *v, const struct lb_compare_case *k)
{
    const struct lb_contrast *x = lb_compare_contrast(k);
    enum lb_verdict verdict = lb_compare_verdict(k);
    char name[LB_COMPARE_NAME_BYTES], ratio[LB_COMPARE_RATIO_BYTES];

    print_cut(out, NAME_COLUMNS, lb_compare_name(v, k, name));
    print_number(out, 8, k->time.side[0]);
    print_number(out, 8, k->time.side[1]);
    fprintf(out, " %-21s %s%s%s\n", *lb_compare_ratio(x, ratio) ? ratio : "-",
            verdict ? lb_verdict_name(verdict) : "?", x == &k->relative ? " *" : "",
            x->unfair ? " (unfair)" : "");
}

static void print_heading(FILE *out, const struct lb_compare_view *v, bool judged)
{
    char common[512], text[768];

    lb_compare_common(v, common, sizeof common);
    if (judged)
        snprintf(text, sizeof text, "Changed, %zu of %zu cases%s:", v->n_changed, v->n, common);
    else
        snprintf(text, sizeof text,
                 "No case is seen to change; differences of %zu, not judged%s:", v->n, common);
    fputc('\n', out);
    wrap_print(text, 0, 2, WRAP_COLUMNS, out);
    fprintf(out, "%-*s %8s %8s %-21s %s\n", NAME_COLUMNS, "case", "A ns/op", "B ns/op",
            "B/A [95 %]", "verdict");
}

static void print_rows(FILE *out, const struct lb_compare_view *v, size_t most)
{
    bool judged = v->n_changed > 0, beside = false;
    size_t n = judged && !v->filtered ? v->n_changed : v->n, shown = n < most ? n : most;

    print_heading(out, v, judged);
    for (size_t i = 0; i < shown; i++) {
        print_row(out, v, v->rows[i]);
        beside |= judged && v->rows[i]->time.verdict != lb_compare_verdict(v->rows[i]);
    }
    if (n > shown)
        fprintf(out, "... and %zu more (--all)\n", n - shown);
    if (beside)
        fprintf(out, "* beside the base (%.40s) of the same run\n",
                compare_shown(v->compare->baseline));
}

/* Rest -------------------------------------------------------------------------------------- */

static int print_rest(FILE *out, const struct lb_compare_view *v)
{
    struct lb_compare_reason *reasons;
    size_t n, undecided = lb_compare_count(v, LB_VERDICT_UNRESOLVED);
    int err = lb_compare_reasons(v, &reasons, &n);

    if (err)
        return err;
    fprintf(out, "\nNot changed: %zu same, %zu not slower. Undecided: %zu%s\n",
            lb_compare_count(v, LB_VERDICT_SAME), lb_compare_count(v, LB_VERDICT_NOT_SLOWER),
            undecided, n ? ", because of" : "");
    for (size_t i = 0; i < n && i < REASONS_MOST; i++) {
        char line[256];
        snprintf(line, sizeof line, "%.220s", reasons[i].note);
        wrap_print(line, fprintf(out, "%6zu  ", reasons[i].n), 8, WRAP_COLUMNS, out);
    }
    if (n > REASONS_MOST)
        fprintf(out, "        and %zu reasons more (--all)\n", n - REASONS_MOST);
    if (v->compare->n_only[0] || v->compare->n_only[1])
        fprintf(out, "Only on one side: %zu cases of A, %zu of B (--all names them)\n",
                v->compare->n_only[0], v->compare->n_only[1]);
    free(reasons);
    return 0;
}

static void print_answer(FILE *out, const struct lb_compare_view *v, int columns)
{
    char text[1024];

    wrap_print(lb_compare_answer(v, text, sizeof text), 0, 2, columns, out);
}

static size_t lines_of(const char *text)
{
    size_t n = 0;

    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

/* A part of the text, which says how many lines it takes. */
static int part(const struct lb_compare_view *v, bool head, char **text)
{
    size_t bytes;
    FILE *out = open_memstream(text, &bytes);
    int err = 0;

    if (!out)
        return -ENOMEM;
    if (head) {
        print_head(out, v->compare);
    } else {
        err = print_rest(out, v);
        fputc('\n', out);
        print_answer(out, v, WRAP_COLUMNS);
    }
    int closed = lb_text_end(out, text);
    return err ? err : closed;
}

/* Blank line, heading (which may wrap), head of the table, "and more", what * means. */
#define AROUND_ROWS 6

int compare_brief(FILE *out, const struct lb_compare_view *v)
{
    char *head = NULL, *tail = NULL;
    int err = part(v, true, &head);

    if (!err && !(err = part(v, false, &tail))) {
        size_t used = lines_of(head) + lines_of(tail) + AROUND_ROWS;
        fputs(head, out);
        print_rows(out, v, used + ROWS_LEAST < COMPARE_LINES ? COMPARE_LINES - used : ROWS_LEAST);
        fputs(tail, out);
    }
    free(head);
    free(tail);
    return err;
}

#define COMMIT_NAME 38

void compare_commit(FILE *out, const struct lb_compare_view *v)
{
    const size_t *runs = v->compare->n_side;
    char name[LB_COMPARE_NAME_BYTES];

    print_answer(out, v, COMPARE_COMMIT_COLUMNS);
    fprintf(out, "%zu and %zu runs; %zu same, %zu not slower, %zu undecided\n", runs[0], runs[1],
            lb_compare_count(v, LB_VERDICT_SAME), lb_compare_count(v, LB_VERDICT_NOT_SLOWER),
            lb_compare_count(v, LB_VERDICT_UNRESOLVED));
    for (size_t i = 0; i < v->n_changed && i < COMMIT_ROWS; i++) {
        const struct lb_compare_case *k = v->rows[i];
        const struct lb_contrast *x = lb_compare_contrast(k);
        if (!i)
            fprintf(out, "\n%-*s %7s %7s %7s %s\n", COMMIT_NAME, "case", "A ns/op", "B ns/op",
                    "change", "verdict");
        print_cut(out, COMMIT_NAME, lb_compare_name(v, k, name));
        fprintf(out, " %7.*f %7.*f %+6.1f%% %s\n", k->time.side[0] < 999.5 ? 1 : 0, k->time.side[0],
                k->time.side[1] < 999.5 ? 1 : 0, k->time.side[1], 100 * (x->ratio - 1),
                lb_verdict_name(lb_compare_verdict(k)));
    }
    if (v->n_changed > COMMIT_ROWS)
        fprintf(out, "... and %zu more\n", v->n_changed - COMMIT_ROWS);
}
