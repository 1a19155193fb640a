/* SPDX-License-Identifier: MIT
 *
 * What changed from one side to the other, and how much of it is not known, on one screen.
 */
#include "compare_brief.h"

#include "compare_table.h"
#include "wrap.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIFFERENCES_MOST 6
#define NOTES_MOST       3
#define REASONS_MOST     4
#define ROWS_LEAST       5
/* A commit message's table is read whole. */
#define COMMIT_ROWS 20

/* The cases that are shown, in order. */
struct brief {
    const struct lb_compare *c;
    const struct compare_view *view;
    bool varies[LB_KEYS]; /* cells that are not the same in all of them */
    bool in_full;         /* names hold every cell */
    const struct lb_compare_case **rows;
    size_t n, n_changed; /* of both sides and the filter; changed ones come first */
};

/* Of a case: how it changed. What is seen beside the base of the same run counts where times of
 * different runs say nothing. */
static enum lb_verdict verdict_of(const struct lb_compare_case *k)
{
    enum lb_verdict v = k->time.verdict;
    bool says = v == LB_VERDICT_FASTER || v == LB_VERDICT_SLOWER;

    return says || k->base < 0 ? v : k->relative.verdict;
}

static bool is_change(const struct lb_compare_case *k)
{
    enum lb_verdict v = verdict_of(k);

    return v == LB_VERDICT_FASTER || v == LB_VERDICT_SLOWER;
}

static bool is_saturated(const struct lb_compare_case *k)
{
    return !strcmp(k->cells[LB_KEY_WORK_NS], "0");
}

/* Names ------------------------------------------------------------------------------------- */

/* What stands around a key's cell where it is named. */
static const struct {
    enum lb_key key;
    const char *before, *after;
} named[] = {
    {LB_KEY_PLACEMENT, "", ""},
    {LB_KEY_HOME, "", " memory"},
    {LB_KEY_THREADS, "threads ", ""},
    {LB_KEY_WRITERS, "writers ", ""},
    {LB_KEY_EVERY, "an op every ", " ns"},
    {LB_KEY_OBJECTS, "", " objects"},
    {LB_KEY_ACCESS, "", ""},
    {LB_KEY_WORK_NS, "", " ns"},
};

/* Appends ", 200 ns"; a pause of none has a word of its own. */
static int add_key(const struct lb_compare_case *k, size_t i, char *text, size_t bytes)
{
    const char *cell = k->cells[named[i].key];

    if (named[i].key == LB_KEY_WORK_NS && is_saturated(k))
        return snprintf(text, bytes, ", saturated");
    return snprintf(text, bytes, ", %s%.60s%s", named[i].before, compare_shown(cell),
                    named[i].after);
}

/* Whether a name needs the cell: other cases of its scenario (of its layout, for locks) have
 * another.
 */
static bool tells(const struct brief *b, const struct lb_compare_case *k, enum lb_key key)
{
    enum lb_key like = key == LB_KEY_LOCK ? LB_KEY_LAYOUT : LB_KEY_SCENARIO;

    if (b->in_full || !b->varies[key])
        return b->in_full;
    for (size_t i = 0; i < b->n; i++)
        if (!strcmp(b->rows[i]->cells[like], k->cells[like]) &&
            strcmp(b->rows[i]->cells[key], k->cells[key]) != 0)
            return true;
    return false;
}

#define NAME_BYTES 512

/* "observer embedded+rwsem40 reader, l3, 200 ns"; without the last where cases share it. */
static const char *name_case(const struct brief *b, const struct lb_compare_case *k, char *text)
{
    const char *lock = k->cells[LB_KEY_LOCK], *role = k->cells[LB_KEY_ROLE];
    bool locked = *lock && tells(b, k, LB_KEY_LOCK);
    int n =
        snprintf(text, NAME_BYTES, "%.100s %.100s%s%.60s%s%.60s",
                 compare_shown(k->cells[LB_KEY_SCENARIO]), compare_shown(k->cells[LB_KEY_LAYOUT]),
                 locked ? "+" : "", locked ? compare_shown(lock) : "",
                 strcmp(role, "all") ? " " : "", strcmp(role, "all") ? compare_shown(role) : "");

    for (size_t i = 0; i < LB_COUNT(named) && n < NAME_BYTES; i++) {
        if (*k->cells[named[i].key] && tells(b, k, named[i].key))
            n += add_key(k, i, text + n, NAME_BYTES - (size_t)n);
    }
    return text;
}

/* The same with all that has a cell, as filters look for it. */
static bool passes(const struct brief *b, const struct lb_compare_case *k)
{
    struct brief whole = {.c = b->c, .in_full = true};
    char name[NAME_BYTES];

    return !b->view->filter || strstr(name_case(&whole, k, name), b->view->filter);
}

/* What all cases have in common, behind a comma each. */
static void say_common(const struct brief *b, char *text, size_t bytes)
{
    size_t n = 0;

    for (size_t i = 0; b->n && i < LB_COUNT(named) && n < bytes; i++)
        if (*b->rows[0]->cells[named[i].key] && !b->varies[named[i].key])
            n += (size_t)add_key(b->rows[0], i, text + n, bytes - n);
}

/* Order ------------------------------------------------------------------------------------- */

static double size_of(const struct lb_compare_case *k)
{
    const struct lb_contrast *x = k->time.verdict == verdict_of(k) ? &k->time : &k->relative;

    return isfinite(x->ratio) && x->ratio > 0 ? fabs(log(x->ratio)) : -1;
}

static int by_number(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_change(const struct lb_compare_case *a, const struct lb_compare_case *b)
{
    int order = is_saturated(a) - is_saturated(b);

    return order ? order : by_number(size_of(b), size_of(a));
}

static int by_time(const struct lb_compare_case *a, const struct lb_compare_case *b)
{
    return by_number(isfinite(b->time.side[1]) ? b->time.side[1] : -1,
                     isfinite(a->time.side[1]) ? a->time.side[1] : -1);
}

static int by_place(const struct lb_compare_case *a, const struct lb_compare_case *b)
{
    return (a > b) - (a < b); /* they lie ordered by name */
}

static int (*const orders[COMPARE_SORTS])(const struct lb_compare_case *,
                                          const struct lb_compare_case *) = {
    [COMPARE_SORT_CHANGE] = by_change,
    [COMPARE_SORT_NAME] = by_place,
    [COMPARE_SORT_TIME] = by_time,
};

static enum compare_sort sort_by; /* qsort hands nothing on */

static int in_order(const void *a, const void *b)
{
    const struct lb_compare_case *x = *(const struct lb_compare_case *const *)a,
                                 *y = *(const struct lb_compare_case *const *)b;
    int order = is_change(y) - is_change(x);

    if (!order)
        order = orders[sort_by](x, y);
    return order ? order : by_place(x, y);
}

static int begin(const struct lb_compare *c, const struct compare_view *view, struct brief *b)
{
    *b = (struct brief){.c = c, .view = view};
    if (!(b->rows = calloc(c->n_cases + 1, sizeof *b->rows)))
        return -ENOMEM;
    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_case *k = &c->cases[i];
        if (k->reference || !k->here[0] || !k->here[1] || !passes(b, k))
            continue;
        b->rows[b->n++] = k;
        b->n_changed += is_change(k);
        for (int key = 0; key < LB_KEYS; key++)
            b->varies[key] |= strcmp(k->cells[key], b->rows[0]->cells[key]) != 0;
    }
    sort_by = view->sort;
    qsort(b->rows, b->n, sizeof *b->rows, in_order);
    return 0;
}

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

/* How many bytes of both texts are the same at their beginning, to the end of a clause. */
static size_t same_clauses(const char *a, const char *b)
{
    size_t n = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == ' ' && i && strchr(",;:", a[i - 1]))
            n = i + 1;
    return n;
}

/* Of long texts what differs: what both begin with would fill the line. */
static void print_difference(FILE *out, const char *what, const char *a, const char *b)
{
    size_t same = strlen(a) + strlen(b) + 28 > WRAP_COLUMNS ? same_clauses(a, b) : 0;
    const char *before = same ? "... " : "";
    char line[2200];

    snprintf(line, sizeof line, "%s%s | %s%s", before, a + same, before, b + same);
    fprintf(out, "  %-21s ", what);
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
        print_difference(out, c->differences[i].what, compare_shown(c->differences[i].side[0]),
                         compare_shown(c->differences[i].side[1]));
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

static void print_row(FILE *out, const struct brief *b, const struct lb_compare_case *k)
{
    const struct lb_contrast *x = k->time.verdict == verdict_of(k) ? &k->time : &k->relative;
    char name[NAME_BYTES], ratio[48] = "-";

    if (isfinite(x->lo))
        snprintf(ratio, sizeof ratio, "%.3f [%.3f, %.3f]", x->ratio, x->lo, x->hi);
    else if (isfinite(x->ratio))
        snprintf(ratio, sizeof ratio, "%.3f", x->ratio);
    print_cut(out, NAME_COLUMNS, name_case(b, k, name));
    print_number(out, 8, k->time.side[0]);
    print_number(out, 8, k->time.side[1]);
    fprintf(out, " %-21s %s%s%s\n", ratio, verdict_of(k) ? lb_verdict_name(verdict_of(k)) : "?",
            x == &k->relative ? " *" : "", x->unfair ? " (unfair)" : "");
}

static void print_heading(FILE *out, const struct brief *b, bool judged)
{
    char common[512] = "", text[768];

    say_common(b, common, sizeof common);
    if (judged)
        snprintf(text, sizeof text, "Changed, %zu of %zu cases%s:", b->n_changed, b->n, common);
    else
        snprintf(text, sizeof text,
                 "No case is seen to change; differences of %zu, not judged%s:", b->n, common);
    fputc('\n', out);
    wrap_print(text, 0, 2, WRAP_COLUMNS, out);
    fprintf(out, "%-*s %8s %8s %-21s %s\n", NAME_COLUMNS, "case", "A ns/op", "B ns/op",
            "B/A [95 %]", "verdict");
}

static void print_rows(FILE *out, const struct brief *b, size_t most)
{
    bool judged = b->n_changed > 0, beside = false;
    size_t n = judged && !b->view->filter ? b->n_changed : b->n, shown = n < most ? n : most;

    print_heading(out, b, judged);
    for (size_t i = 0; i < shown; i++) {
        print_row(out, b, b->rows[i]);
        beside |= judged && b->rows[i]->time.verdict != verdict_of(b->rows[i]);
    }
    if (n > shown)
        fprintf(out, "... and %zu more (--all)\n", n - shown);
    if (beside)
        fprintf(out, "* beside the base (%.40s) of the same run\n", compare_shown(b->c->baseline));
}

/* Rows -------------------------------------------------------------------------------------- */

struct reason {
    const char *note;
    size_t n;
};

static int most_first(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;

    return (x->n < y->n) - (x->n > y->n);
}

/* Why cases are undecided, the most frequent reason first. */
static size_t find_reasons(const struct brief *b, struct reason *reasons)
{
    size_t n = 0;

    for (size_t i = b->n_changed; i < b->n; i++) {
        const struct lb_compare_case *k = b->rows[i];
        const char *note = *k->time.note ? k->time.note : "its interval allows a change";
        size_t r = 0;
        if (verdict_of(k) != LB_VERDICT_UNRESOLVED)
            continue;
        while (r < n && strcmp(reasons[r].note, note) != 0)
            r++;
        if (r == n)
            reasons[n++].note = note;
        reasons[r].n++;
    }
    qsort(reasons, n, sizeof *reasons, most_first);
    return n;
}

static size_t count(const struct brief *b, enum lb_verdict verdict)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        n += verdict_of(b->rows[i]) == verdict;
    return n;
}

static int print_rest(FILE *out, const struct brief *b)
{
    struct reason *reasons = calloc(b->n + 1, sizeof *reasons);
    size_t n, undecided = count(b, LB_VERDICT_UNRESOLVED);

    if (!reasons)
        return -ENOMEM;
    n = find_reasons(b, reasons);
    fprintf(out, "\nNot changed: %zu same, %zu not slower. Undecided: %zu%s\n",
            count(b, LB_VERDICT_SAME), count(b, LB_VERDICT_NOT_SLOWER), undecided,
            n ? ", because of" : "");
    for (size_t i = 0; i < n && i < REASONS_MOST; i++) {
        char line[256];
        snprintf(line, sizeof line, "%.220s", reasons[i].note);
        wrap_print(line, fprintf(out, "%6zu  ", reasons[i].n), 8, WRAP_COLUMNS, out);
    }
    if (n > REASONS_MOST)
        fprintf(out, "        and %zu reasons more (--all)\n", n - REASONS_MOST);
    if (b->c->n_only[0] || b->c->n_only[1])
        fprintf(out, "Only on one side: %zu cases of A, %zu of B (--all names them)\n",
                b->c->n_only[0], b->c->n_only[1]);
    free(reasons);
    return 0;
}

/* The case that changed most to that side, with a pause where there is one. */
static const struct lb_compare_case *find_most(const struct brief *b, enum lb_verdict verdict)
{
    const struct lb_compare_case *most = NULL;

    for (size_t i = 0; i < b->n_changed; i++)
        if (verdict_of(b->rows[i]) == verdict && (!most || by_change(b->rows[i], most) < 0))
            most = b->rows[i];
    return most;
}

static void say_most(const struct brief *b, enum lb_verdict verdict, char *text, size_t bytes)
{
    const struct lb_compare_case *k = find_most(b, verdict);
    char name[NAME_BYTES];

    *text = '\0';
    if (!k)
        return;
    const struct lb_contrast *x = k->time.verdict == verdict ? &k->time : &k->relative;
    snprintf(text, bytes, " (%+.1f %%: %.90s)", 100 * (x->ratio - 1), name_case(b, k, name));
}

/* The answer in one sentence. */
static void print_answer(FILE *out, const struct brief *b, int columns)
{
    size_t slower = count(b, LB_VERDICT_SLOWER), faster = count(b, LB_VERDICT_FASTER);
    char worst[256], best[256], text[1024];
    size_t n = b->c->n_side[0] < b->c->n_side[1] ? b->c->n_side[0] : b->c->n_side[1];

    say_most(b, LB_VERDICT_SLOWER, worst, sizeof worst);
    say_most(b, LB_VERDICT_FASTER, best, sizeof best);
    if (n < LB_COMPARE_RUNS)
        snprintf(
            text, sizeof text,
            "B against A: no answer from %zu run%s a side: a verdict needs %d on each, measured "
            "in turns (linebounce run --against).",
            n, n == 1 ? "" : "s", LB_COMPARE_RUNS);
    else if (!slower && !faster)
        snprintf(text, sizeof text,
                 "B against A: no change seen in %zu cases; %zu of them are undecided.", b->n,
                 count(b, LB_VERDICT_UNRESOLVED));
    else
        snprintf(text, sizeof text, "B against A: slower in %zu of %zu cases%s, faster in %zu%s.",
                 slower, b->n, worst, faster, best);
    wrap_print(text, 0, 2, columns, out);
}

static size_t lines_of(const char *text)
{
    size_t n = 0;

    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

/* A part of the text, which says how many lines it takes. */
static int part(const struct brief *b, bool head, char **text)
{
    size_t bytes;
    FILE *out = open_memstream(text, &bytes);
    int err = 0;

    if (!out)
        return -ENOMEM;
    if (head) {
        print_head(out, b->c);
    } else {
        err = print_rest(out, b);
        fputc('\n', out);
        print_answer(out, b, WRAP_COLUMNS);
    }
    int closed = lb_text_end(out, text);
    return err ? err : closed;
}

/* Blank line, heading (which may wrap), head of the table, "and more", what * means. */
#define AROUND_ROWS 6

int compare_brief(FILE *out, const struct lb_compare *c, const struct compare_view *view)
{
    struct brief b;
    char *head = NULL, *tail = NULL;
    int err = begin(c, view, &b);

    if (!err && !(err = part(&b, true, &head)) && !(err = part(&b, false, &tail))) {
        size_t used = lines_of(head) + lines_of(tail) + AROUND_ROWS;
        fputs(head, out);
        print_rows(out, &b, used + ROWS_LEAST < COMPARE_LINES ? COMPARE_LINES - used : ROWS_LEAST);
        fputs(tail, out);
    }
    free(head);
    free(tail);
    free(b.rows);
    return err;
}

#define COMMIT_NAME 38

int compare_commit(FILE *out, const struct lb_compare *c, const struct compare_view *view)
{
    struct brief b;
    char name[NAME_BYTES];
    int err = begin(c, view, &b);

    if (err)
        return err;
    print_answer(out, &b, COMPARE_COMMIT_COLUMNS);
    fprintf(out, "%zu and %zu runs; %zu same, %zu not slower, %zu undecided\n", c->n_side[0],
            c->n_side[1], count(&b, LB_VERDICT_SAME), count(&b, LB_VERDICT_NOT_SLOWER),
            count(&b, LB_VERDICT_UNRESOLVED));
    for (size_t i = 0; i < b.n_changed && i < COMMIT_ROWS; i++) {
        const struct lb_compare_case *k = b.rows[i];
        const struct lb_contrast *x = k->time.verdict == verdict_of(k) ? &k->time : &k->relative;
        if (!i)
            fprintf(out, "\n%-*s %7s %7s %7s %s\n", COMMIT_NAME, "case", "A ns/op", "B ns/op",
                    "change", "verdict");
        print_cut(out, COMMIT_NAME, name_case(&b, k, name));
        fprintf(out, " %7.*f %7.*f %+6.1f%% %s\n", k->time.side[0] < 999.5 ? 1 : 0, k->time.side[0],
                k->time.side[1] < 999.5 ? 1 : 0, k->time.side[1], 100 * (x->ratio - 1),
                lb_verdict_name(verdict_of(k)));
    }
    if (b.n_changed > COMMIT_ROWS)
        fprintf(out, "... and %zu more\n", b.n_changed - COMMIT_ROWS);
    free(b.rows);
    return 0;
}
