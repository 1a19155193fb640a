/* SPDX-License-Identifier: MIT
 *
 * What of a comparison is shown, in which order, and in which words.
 */
#include <linebounce/compare_view.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a case: how it changed. What is seen beside the base of the same run counts where times of
 * different runs say nothing. */
enum lb_verdict lb_compare_verdict(const struct lb_compare_case *k)
{
    enum lb_verdict v = k->time.verdict;
    bool says = v == LB_VERDICT_FASTER || v == LB_VERDICT_SLOWER;

    return says || k->base < 0 ? v : k->relative.verdict;
}

const struct lb_contrast *lb_compare_contrast(const struct lb_compare_case *k)
{
    return k->time.verdict == lb_compare_verdict(k) ? &k->time : &k->relative;
}

const char *lb_compare_ratio(const struct lb_contrast *x, char text[LB_COMPARE_RATIO_BYTES])
{
    *text = '\0';
    if (isfinite(x->lo))
        snprintf(text, LB_COMPARE_RATIO_BYTES, "%.3f [%.3f, %.3f]", x->ratio, x->lo, x->hi);
    else if (isfinite(x->ratio))
        snprintf(text, LB_COMPARE_RATIO_BYTES, "%.3f", x->ratio);
    return text;
}

static bool is_change(const struct lb_compare_case *k)
{
    enum lb_verdict v = lb_compare_verdict(k);

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

/* Adds the cell between two texts. */
static void add(struct lb_canvas *t, const char *before, const char *cell, const char *after)
{
    char shown[104];

    lb_printable(cell, shown, sizeof shown);
    lb_canvas_put(t, "%s%s%s", before, shown, after);
}

/* Adds ", 200 ns"; a pause of none has a word of its own. */
static void add_key(const struct lb_compare_case *k, size_t i, struct lb_canvas *t)
{
    char before[24];

    snprintf(before, sizeof before, ", %s", named[i].before);
    if (named[i].key == LB_KEY_WORK_NS && is_saturated(k))
        add(t, ", ", "saturated", "");
    else
        add(t, before, k->cells[named[i].key], named[i].after);
}

/* Whether a name needs the cell: other cases of its scenario (of its layout, for locks) have
 * another. */
static bool tells(const struct lb_compare_view *v, const struct lb_compare_case *k, enum lb_key key)
{
    enum lb_key like = key == LB_KEY_LOCK ? LB_KEY_LAYOUT : LB_KEY_SCENARIO;

    for (size_t i = 0; v->varies[key] && i < v->n; i++)
        if (!strcmp(v->rows[i]->cells[like], k->cells[like]) &&
            strcmp(v->rows[i]->cells[key], k->cells[key]) != 0)
            return true;
    return false;
}

/* `in_full`: with every cell. */
static const char *name_case(const struct lb_compare_view *v, const struct lb_compare_case *k,
                             bool in_full, char text[LB_COMPARE_NAME_BYTES])
{
    const char *role = k->cells[LB_KEY_ROLE];
    struct lb_canvas t = {text, LB_COMPARE_NAME_BYTES, 0};

    add(&t, "", k->cells[LB_KEY_SCENARIO], " ");
    add(&t, "", k->cells[LB_KEY_LAYOUT], "");
    if (*k->cells[LB_KEY_LOCK] && (in_full || tells(v, k, LB_KEY_LOCK)))
        add(&t, "+", k->cells[LB_KEY_LOCK], "");
    if (strcmp(role, "all") != 0)
        add(&t, " ", role, "");
    for (size_t i = 0; i < LB_COUNT(named); i++)
        if (*k->cells[named[i].key] && (in_full || tells(v, k, named[i].key)))
            add_key(k, i, &t);
    return text;
}

const char *lb_compare_name(const struct lb_compare_view *v, const struct lb_compare_case *k,
                            char text[LB_COMPARE_NAME_BYTES])
{
    return name_case(v, k, false, text);
}

const char *lb_compare_common(const struct lb_compare_view *v, char *text, size_t bytes)
{
    struct lb_canvas t = {text, bytes, 0};

    *text = '\0';
    for (size_t i = 0; v->n && i < LB_COUNT(named); i++)
        if (*v->rows[0]->cells[named[i].key] && !v->varies[named[i].key])
            add_key(v->rows[0], i, &t);
    return text;
}

/* Order ------------------------------------------------------------------------------------- */

static double size_of(const struct lb_compare_case *k)
{
    double ratio = lb_compare_contrast(k)->ratio;

    return isfinite(ratio) && ratio > 0 ? fabs(log(ratio)) : -1;
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

static int (*const orders[LB_COMPARE_SORTS])(const struct lb_compare_case *,
                                             const struct lb_compare_case *) = {
    [LB_COMPARE_BY_CHANGE] = by_change,
    [LB_COMPARE_BY_NAME] = by_place,
    [LB_COMPARE_BY_TIME] = by_time,
};

static int in_order(const void *a, const void *b, void *sort)
{
    const struct lb_compare_case *x = *(const struct lb_compare_case *const *)a,
                                 *y = *(const struct lb_compare_case *const *)b;
    int order = is_change(y) - is_change(x);

    if (!order)
        order = orders[*(const enum lb_compare_sort *)sort](x, y);
    return order ? order : by_place(x, y);
}

int lb_compare_view_init(const struct lb_compare *c, const char *filter, enum lb_compare_sort sort,
                         struct lb_compare_view *view)
{
    struct lb_compare_view v = {.compare = c, .filtered = filter != NULL};
    char name[LB_COMPARE_NAME_BYTES];

    if (!(v.rows = calloc(c->n_cases + 1, sizeof *v.rows)))
        return -ENOMEM;
    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_case *k = &c->cases[i];
        if (k->reference || !k->here[0] || !k->here[1] ||
            (filter && !strstr(name_case(&v, k, true, name), filter)))
            continue;
        v.rows[v.n++] = k;
        v.n_changed += is_change(k);
        for (int key = 0; key < LB_KEYS; key++)
            v.varies[key] |= strcmp(k->cells[key], v.rows[0]->cells[key]) != 0;
    }
    qsort_r(v.rows, v.n, sizeof *v.rows, in_order, &sort);
    *view = v;
    return 0;
}

void lb_compare_view_finish(struct lb_compare_view *view)
{
    free(view->rows);
    view->rows = NULL;
}

/* Words ------------------------------------------------------------------------------------- */

size_t lb_compare_count(const struct lb_compare_view *v, enum lb_verdict verdict)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n; i++)
        n += lb_compare_verdict(v->rows[i]) == verdict;
    return n;
}

static int most_first(const void *a, const void *b)
{
    const struct lb_compare_reason *x = a, *y = b;

    return (x->n < y->n) - (x->n > y->n);
}

int lb_compare_reasons(const struct lb_compare_view *v, struct lb_compare_reason **reasons,
                       size_t *n)
{
    struct lb_compare_reason *made = calloc(v->n + 1, sizeof *made);
    size_t n_made = 0;

    if (!made)
        return -ENOMEM;
    for (size_t i = v->n_changed; i < v->n; i++) {
        const struct lb_compare_case *k = v->rows[i];
        const char *note = *k->time.note ? k->time.note : "its interval allows a change";
        size_t r = 0;
        if (lb_compare_verdict(k) != LB_VERDICT_UNRESOLVED)
            continue;
        while (r < n_made && strcmp(made[r].note, note) != 0)
            r++;
        if (r == n_made)
            made[n_made++].note = note;
        made[r].n++;
    }
    qsort(made, n_made, sizeof *made, most_first);
    *reasons = made;
    *n = n_made;
    return 0;
}

/* " (+50.0 %: name)" of the case that changed most to that side, with a pause where there is one.
 */
static void say_most(const struct lb_compare_view *v, enum lb_verdict verdict, char *text,
                     size_t bytes)
{
    const struct lb_compare_case *most = NULL;
    char name[LB_COMPARE_NAME_BYTES];

    for (size_t i = 0; i < v->n_changed; i++)
        if (lb_compare_verdict(v->rows[i]) == verdict && (!most || by_change(v->rows[i], most) < 0))
            most = v->rows[i];
    *text = '\0';
    if (most)
        snprintf(text, bytes, " (%+.1f %%: %.90s)", 100 * (lb_compare_contrast(most)->ratio - 1),
                 lb_compare_name(v, most, name));
}

const char *lb_compare_answer(const struct lb_compare_view *v, char *text, size_t bytes)
{
    size_t slower = lb_compare_count(v, LB_VERDICT_SLOWER);
    size_t faster = lb_compare_count(v, LB_VERDICT_FASTER);
    const size_t *sides = v->compare->n_side;
    size_t n = sides[0] < sides[1] ? sides[0] : sides[1];
    char worst[256], best[256];

    say_most(v, LB_VERDICT_SLOWER, worst, sizeof worst);
    say_most(v, LB_VERDICT_FASTER, best, sizeof best);
    if (n < LB_COMPARE_RUNS)
        snprintf(text, bytes,
                 "B against A: no answer from %zu run%s a side: a verdict needs %d on each, "
                 "measured in turns (linebounce run --against).",
                 n, n == 1 ? "" : "s", LB_COMPARE_RUNS);
    else if (!slower && !faster)
        snprintf(text, bytes,
                 "B against A: no change seen in %zu cases; %zu of them are undecided.", v->n,
                 lb_compare_count(v, LB_VERDICT_UNRESOLVED));
    else
        snprintf(text, bytes, "B against A: slower in %zu of %zu cases%s, faster in %zu%s.", slower,
                 v->n, worst, faster, best);
    return text;
}

/* Differences ------------------------------------------------------------------------------- */

/* Context that stays in front of what differs. */
#define CONTEXT 40

static bool is_inside(char byte)
{
    return (byte & 0xc0) == 0x80; /* of a UTF-8 character */
}

/* Where the part begins in which two texts differ: with their clause where that is near, else with
 * their word, else a little before it. */
static size_t part_begin(const char *a, const char *b)
{
    size_t first = 0, word = 0, clause = 0;

    for (; a[first] && a[first] == b[first]; first++)
        if (a[first] == ' ') {
            word = first + 1;
            if (first && (a[first - 1] == ',' || a[first - 1] == ';'))
                clause = first + 1;
        }
    if (first - clause <= CONTEXT)
        return clause;
    if (first - word <= CONTEXT)
        return word;
    for (first -= CONTEXT / 4; first && is_inside(a[first]); first--)
        ;
    return first;
}

/* How many bytes both have behind it, from a blank on. */
static size_t same_end(const char *a, const char *b, size_t from)
{
    size_t i = strlen(a), k = strlen(b), n = 0, blank = 0;

    while (i - n > from && k - n > from && a[i - n - 1] == b[k - n - 1])
        if (a[i - ++n] == ' ')
            blank = n;
    return blank;
}

const char *lb_compare_part(const struct lb_compare_difference *d, int side, size_t most,
                            char *text, size_t bytes)
{
    const char *mine = d->side[side], *other = d->side[!side];
    size_t n = strlen(mine), from = 0, end = n;
    char *part;

    if (n > most || strlen(other) > most) {
        bool differ = strcmp(mine, other) != 0; /* else runs of a side do */
        from = differ ? part_begin(mine, other) : 0;
        end = n - (differ ? same_end(mine, other, from) : 0);
        if (end - from > most)
            for (end = from + most; end > from && is_inside(mine[end]); end--)
                ;
    }
    if (asprintf(&part, "%s%.*s%s", from ? "... " : "", (int)(end - from), mine + from,
                 end < n ? " ..." : "") < 0) {
        *text = '\0';
        return text;
    }
    lb_printable(part, text, bytes);
    free(part);
    return text;
}
