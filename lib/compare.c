/* SPDX-License-Identifier: MIT */
#include "compare_private.h"

#include <linebounce/layout.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int lb_compare_warn(struct lb_compare *c, const char *format, ...)
{
    char **more = realloc(c->warnings, (c->n_warnings + 1) * sizeof *more), *text;
    va_list args;
    int n;

    if (!more)
        return -ENOMEM;
    c->warnings = more;
    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0)
        return -ENOMEM;
    more[c->n_warnings++] = text;
    return 0;
}

/* Matching by distance ----------------------------------------------------------------------- */

static bool agree_but(const struct lb_compare_case *a, const struct lb_compare_case *b,
                      unsigned ignored)
{
    for (int k = 0; k < LB_KEYS; k++)
        if (!(ignored & 1u << k) && strcmp(a->cells[k], b->cells[k]) != 0)
            return false;
    return true;
}

/* The only case of that side that is like case i but for the placement's name, or n_cases. */
static size_t only_match(const struct lb_compare *c, size_t i, int side)
{
    size_t found = c->n_cases;

    for (size_t j = 0; j < c->n_cases; j++) {
        const struct lb_compare_case *k = &c->cases[j];
        if (!k->here[side] || k->here[!side] || !agree_but(k, &c->cases[i], 1u << LB_KEY_PLACEMENT))
            continue;
        if (found < c->n_cases)
            return c->n_cases;
        found = j;
    }
    return found;
}

/* Case j, which only B has, becomes B's part of case i. */
static void join(struct lb_compare *c, size_t i, size_t j)
{
    struct lb_compare_case *a = &c->cases[i], *b = &c->cases[j];

    for (size_t r = c->n_side[0]; r < c->n_runs; r++) {
        struct lb_compare_unit empty = c->hidden->units[i][r];
        c->hidden->units[i][r] = c->hidden->units[j][r];
        c->hidden->units[j][r] = empty;
    }
    a->placement_b = b->cells[LB_KEY_PLACEMENT];
    b->cells[LB_KEY_PLACEMENT] = NULL;
    a->ok[1] = b->ok[1];
    a->spoiled[1] = b->spoiled[1];
    a->armed[1] = b->armed[1];
    a->here[1] = true;
    b->here[1] = false;
}

static void drop_case(struct lb_compare *c, size_t i)
{
    for (int k = 0; k < LB_KEYS; k++)
        free(c->cases[i].cells[k]);
    free(c->cases[i].placement_b);
    for (size_t r = 0; c->hidden->units[i] && r < c->n_runs; r++)
        lb_compare_unit_finish(&c->hidden->units[i][r]);
    free(c->hidden->units[i]);
}

/* Placements have other names elsewhere: what is left over is matched where scenario, layout and
 * all the rest leave one case on each side at that distance. */
static int match_by_distance(struct lb_compare *c)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->n_cases; i++) {
        size_t j;
        if (!c->cases[i].here[0] || c->cases[i].here[1] || only_match(c, i, 0) != i)
            continue;
        if ((j = only_match(c, i, 1)) < c->n_cases) {
            join(c, i, j);
            c->cases[j].cells[LB_KEY_PLACEMENT] = strdup(""); /* found by nobody any more */
            if (!c->cases[j].cells[LB_KEY_PLACEMENT])
                return -ENOMEM;
        }
    }
    for (size_t i = 0; i < c->n_cases; i++) {
        if (!c->cases[i].here[0] && !c->cases[i].here[1]) {
            drop_case(c, i);
            continue;
        }
        c->cases[kept] = c->cases[i];
        c->hidden->units[kept++] = c->hidden->units[i];
    }
    c->n_cases = kept;
    return 0;
}

/* Order and bases ---------------------------------------------------------------------------- */

static int by_keys(const struct lb_compare_case *a, const struct lb_compare_case *b,
                   const char *baseline)
{
    static const enum lb_compare_key order[] = {
        LB_KEY_SUITE,   LB_KEY_SCENARIO, LB_KEY_PLACEMENT, LB_KEY_DISTANCE, LB_KEY_HOME,
        LB_KEY_THREADS, LB_KEY_WRITERS,  LB_KEY_OBJECTS,   LB_KEY_ACCESS,   LB_KEY_TOUCH,
        LB_KEY_WORK_NS, LB_KEY_OFFSET,   LB_KEY_LAYOUT,    LB_KEY_LOCK,     LB_KEY_ROLE,
    };

    if (a->reference != b->reference)
        return a->reference - b->reference;
    for (size_t k = 0; k < LB_COUNT(order); k++) {
        const char *x = a->cells[order[k]], *y = b->cells[order[k]];
        if (!strcmp(x, y))
            continue;
        if (order[k] == LB_KEY_LAYOUT && !strcmp(x, baseline))
            return -1;
        if (order[k] == LB_KEY_LAYOUT && !strcmp(y, baseline))
            return 1;
        return strverscmp(x, y);
    }
    return 0;
}

struct ranked {
    struct lb_compare_case entry;
    struct lb_compare_unit *units;
    const char *baseline;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    return by_keys(&x->entry, &y->entry, x->baseline);
}

static int sort_cases(struct lb_compare *c)
{
    struct ranked *all = calloc(c->n_cases, sizeof *all);

    if (!all)
        return -ENOMEM;
    for (size_t i = 0; i < c->n_cases; i++)
        all[i] = (struct ranked){c->cases[i], c->hidden->units[i], c->baseline};
    qsort(all, c->n_cases, sizeof *all, by_rank);
    for (size_t i = 0; i < c->n_cases; i++) {
        c->cases[i] = all[i].entry;
        c->hidden->units[i] = all[i].units;
    }
    free(all);
    return 0;
}

/* What case i is a twin of by its layout's name (NAME~, NAME+counters), or a moved copy of
 * (NAME:moved), else the baseline. */
static bool is_base_layout(const struct lb_compare *c, const char *base, const char *layout)
{
    size_t name = strcspn(layout, "~+:");

    if (layout[name])
        return strlen(base) == name && !strncmp(base, layout, name);
    return !strcmp(base, c->baseline) && strcmp(layout, c->baseline) != 0;
}

/* A scan of offsets is compared to its farthest one: -1 for that itself, and for other cases. */
static int find_farthest(const struct lb_compare *c, size_t i)
{
    const struct lb_compare_case *k = &c->cases[i];
    long most = atol(k->cells[LB_KEY_OFFSET]);
    int found = -1;

    for (size_t j = 0; most > 0 && j < c->n_cases; j++) {
        const struct lb_compare_case *o = &c->cases[j];
        if (agree_but(k, o, 1u << LB_KEY_LAYOUT | 1u << LB_KEY_OFFSET) &&
            atol(o->cells[LB_KEY_OFFSET]) > most) {
            most = atol(o->cells[LB_KEY_OFFSET]);
            found = (int)j;
        }
    }
    return found;
}

/* Rather the base with the same lock. A lock of fastpath goes to the straight line. */
static int find_base(const struct lb_compare *c, size_t i)
{
    const unsigned layout = 1u << LB_KEY_LAYOUT | 1u << LB_KEY_LOCK;
    const struct lb_compare_case *k = &c->cases[i];
    int other = find_farthest(c, i), straight = -1;

    for (size_t j = 0; !k->reference && j < c->n_cases; j++) {
        const struct lb_compare_case *o = &c->cases[j];
        if (agree_but(k, o, layout | 1u << LB_KEY_SCENARIO) &&
            !strcmp(o->cells[LB_KEY_SCENARIO], "straight") && !*o->cells[LB_KEY_LAYOUT])
            straight = (int)j;
        if (!agree_but(k, o, layout) ||
            !is_base_layout(c, o->cells[LB_KEY_LAYOUT], k->cells[LB_KEY_LAYOUT]))
            continue;
        if (!strcmp(o->cells[LB_KEY_LOCK], k->cells[LB_KEY_LOCK]))
            return (int)j;
        other = other < 0 ? (int)j : other;
    }
    return straight >= 0 ? straight : other;
}

static int arrange(struct lb_compare *c)
{
    int err = match_by_distance(c);

    if (err)
        return err;
    for (size_t i = 0; i < c->n_cases; i++)
        c->cases[i].reference = !*c->cases[i].cells[LB_KEY_LAYOUT];
    if ((err = sort_cases(c)))
        return err;
    for (size_t i = 0; i < c->n_cases; i++) {
        struct lb_compare_case *k = &c->cases[i];
        k->base = find_base(c, i);
        c->n_common += k->here[0] && k->here[1] && !k->reference;
        for (int side = 0; side < 2; side++)
            c->n_only[side] += k->here[side] && !k->here[!side] && !k->reference;
    }
    return 0;
}

/* Creation ----------------------------------------------------------------------------------- */

static int check_request(const struct lb_compare_request *q, struct lb_why *why)
{
    for (int side = 0; side < 2; side++)
        if (!q->n_paths[side])
            return lb_fail(why, EINVAL, "compare: side %c has no run", 'A' + side);
    if (!(q->margin.ns >= 0 && q->margin.share >= 0))
        return lb_fail(why, EINVAL, "compare: a margin below 0");
    return 0;
}

static int add_runs(struct lb_compare *c, const struct lb_compare_request *q)
{
    c->runs = calloc(q->n_paths[0] + q->n_paths[1], sizeof *c->runs);
    c->hidden = calloc(1, sizeof *c->hidden);
    if (!c->runs || !c->hidden)
        return -ENOMEM;
    for (int side = 0; side < 2; side++) {
        c->n_side[side] = q->n_paths[side];
        for (size_t i = 0; i < q->n_paths[side]; i++)
            c->runs[c->n_runs++] = (struct lb_compare_run){.side = side, .path = q->paths[side][i]};
    }
    return 0;
}

static int warn_of_rows(struct lb_compare *c)
{
    int err = 0;

    for (size_t r = 0; !err && r < c->n_runs; r++) {
        const struct lb_compare_run *run = &c->runs[r];
        if (run->torn)
            err = lb_compare_warn(c, "%s: the last line is torn and left out", run->file);
        if (!err && run->unusable)
            err = lb_compare_warn(c, "%s: %zu row%s without a usable number left out", run->file,
                                  run->unusable, run->unusable == 1 ? "" : "s");
    }
    for (int side = 0; !err && side < 2; side++)
        if (c->n_side[side] < LB_COMPARE_RUNS) {
            err = lb_compare_warn(c, "fewer than three runs a side: between runs of one program "
                                     "times differed by 20 %% and ratios to a baseline by several, "
                                     "so differences are shown without a verdict");
            break;
        }
    return err;
}

/* The recorded baseline of the first run that says one has been put in place by the records. */
static int choose_baseline(struct lb_compare *c, const struct lb_compare_request *q)
{
    if (q->baseline || !c->baseline) {
        free(c->baseline);
        c->baseline = strdup(q->baseline ? q->baseline : LB_BASELINE);
    }
    return c->baseline ? 0 : -ENOMEM;
}

/* A baseline that was asked for has to be there; one that was recorded may be missing. */
static int check_baseline(const struct lb_compare *c, const char *asked, struct lb_why *why)
{
    for (size_t i = 0; i < c->n_cases; i++)
        if (!asked || !strcmp(c->cases[i].cells[LB_KEY_LAYOUT], asked))
            return 0;
    return lb_fail(why, EINVAL, "baseline '%s': no layout of these results", asked);
}

static void count(struct lb_compare *c)
{
    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_case *k = &c->cases[i];
        if (k->reference || !k->here[0] || !k->here[1])
            continue;
        c->time.verdicts[k->time.verdict]++;
        c->time.judged += !*k->time.note;
        if (k->base < 0)
            continue;
        c->relative.verdicts[k->relative.verdict]++;
        c->relative.judged += !*k->relative.note;
    }
}

static int fill(struct lb_compare *c, const struct lb_compare_request *q, struct lb_why *why)
{
    bool apart = false;
    int err = check_request(q, why);

    if (!err)
        err = add_runs(c, q);
    for (size_t r = 0; !err && r < c->n_runs; r++)
        err = lb_compare_read(c, r, why);
    if (err || (err = lb_compare_records(c, &apart, why)))
        return err;
    if ((err = choose_baseline(c, q)) || (err = warn_of_rows(c)) || (err = arrange(c)))
        return err;
    if (!c->n_common)
        return lb_fail(why, ENODATA, "%s and %s: no case that both sides measured", c->runs[0].path,
                       c->runs[c->n_side[0]].path);
    if ((err = check_baseline(c, q->baseline, why)) || (err = lb_compare_regimes(c, apart)) ||
        (err = lb_compare_judge(c, &q->margin, apart)))
        return err;
    count(c);
    return 0;
}

int lb_compare_create(const struct lb_compare_request *request, struct lb_why *why,
                      struct lb_compare **compare)
{
    struct lb_compare *c = calloc(1, sizeof *c);
    int err = c ? fill(c, request, why) : -ENOMEM;

    if (err == -ENOMEM)
        lb_fail(why, ENOMEM, "compare: not enough memory");
    if (err) {
        lb_compare_destroy(c);
        return err;
    }
    *compare = c;
    return 0;
}

void lb_compare_destroy(struct lb_compare *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_cases; i++)
        drop_case(c, i);
    if (c->hidden) {
        free(c->hidden->units);
        free(c->hidden->index);
    }
    free(c->hidden);
    for (size_t r = 0; c->runs && r < c->n_runs; r++)
        free(c->runs[r].file);
    for (size_t i = 0; i < c->n_differences; i++) {
        free(c->differences[i].side[0]);
        free(c->differences[i].side[1]);
    }
    for (size_t i = 0; i < c->n_warnings; i++)
        free(c->warnings[i]);
    free(c->runs);
    free(c->cases);
    free(c->differences);
    free(c->warnings);
    free(c->baseline);
    free(c);
}

size_t lb_compare_slower(const struct lb_compare *c, double share)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_cases; i++) {
        const struct lb_compare_case *k = &c->cases[i];
        n += !k->reference && !*k->time.note && k->time.lo > 1 + share;
    }
    return n;
}
