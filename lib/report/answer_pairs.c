/* SPDX-License-Identifier: MIT
 *
 * What a line takes from CPU to CPU, by distance and op, and which of these differ: from pairs.csv.
 */
#include "answer_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MOST 1000000

/* A measurement: one pair, op and home in one round. */
struct row {
    int distance, op, a, b, home;
    unsigned round;
    double ns; /* one way; NaN: at another distance than most of its line's */
};

/* Symmetry classes, to count the pairs that there are. */
struct class
{
    char name[32];
    int distance;
    double pairs;
};

struct table {
    struct row *rows;
    size_t n;
    struct class *classes;
    size_t n_classes;
    unsigned rounds;
};

/* Reading -------------------------------------------------------------------------------------- */

static int op_named(const char *name)
{
    for (int op = 0; op < LB_PINGPONG_OPS; op++)
        if (!strcmp(lb_pingpong_op_name((enum lb_pingpong_op)op), name))
            return op;
    return -1;
}

static int see_class(struct table *t, const struct lb_csv_reader *csv, int distance)
{
    const char *name = lb_csv_cell(csv, "class");
    struct class *c;

    for (size_t i = 0; i < t->n_classes; i++)
        if (!strcmp(t->classes[i].name, name))
            return 0;
    if (!(c = lb_more(&t->classes, &t->n_classes, sizeof *c)))
        return -ENOMEM;
    snprintf(c->name, sizeof c->name, "%s", name);
    c->distance = distance;
    c->pairs = lb_csv_number(csv, "class_pairs");
    return 0;
}

static bool is_whole(double number, double most)
{
    return number >= 0 && number <= most && number == floor(number);
}

/* What is no measurement of ours is passed over. */
static int take_row(const struct lb_csv_reader *csv, void *table)
{
    struct table *t = table;
    double a = lb_csv_number(csv, "pu_a_os"), b = lb_csv_number(csv, "pu_b_os");
    double round = lb_csv_number(csv, "round"), ns = lb_csv_number(csv, "one_way_ns");
    int op = op_named(lb_csv_cell(csv, "op"));
    enum lb_distance distance;
    struct row *row;

    if (op < 0 || !(ns > 0) || !isfinite(ns) || !is_whole(a, 1e9) || !is_whole(b, 1e9) ||
        !is_whole(round, ROUNDS_MOST) || lb_distance_parse(lb_csv_cell(csv, "distance"), &distance))
        return 0;
    if (see_class(t, csv, (int)distance) || !(row = lb_more(&t->rows, &t->n, sizeof *row)))
        return -ENOMEM;
    *row = (struct row){.distance = (int)distance,
                        .op = op,
                        .a = (int)a,
                        .b = (int)b,
                        .home = *lb_csv_cell(csv, "home"),
                        .round = (unsigned)round,
                        .ns = ns};
    t->rounds = row->round >= t->rounds ? row->round + 1 : t->rounds;
    return 0;
}

static int read_rows(const char *dir, struct lb_why *why, struct table *t)
{
    static const char *const needed[] = {"op",   "pu_a_os", "pu_b_os",    "distance",
                                         "home", "round",   "one_way_ns", NULL};
    int err = lb_csv_each(dir, lb_schema_pairs.file, needed, why, take_row, t);

    return err == -ENOENT || err == -ENODATA ? 0 : err;
}

static int sign(int a, int b)
{
    return (a > b) - (a < b);
}

static int by_line(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = sign(x->distance, y->distance);

    order = order ? order : sign(x->op, y->op);
    order = order ? order : sign(x->a, y->a);
    order = order ? order : sign(x->b, y->b);
    order = order ? order : sign(x->home, y->home);
    return order ? order : (x->round > y->round) - (x->round < y->round);
}

static int by_round(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = (x->round > y->round) - (x->round < y->round);

    return order ? order : (x->ns > y->ns) - (x->ns < y->ns);
}

static bool is_line(const struct row *x, const struct row *y)
{
    return x->a == y->a && x->b == y->b && x->home == y->home;
}

/* Lines ---------------------------------------------------------------------------------------- */

/* Of one line keeps the rounds of the regime with most of them, in front; their median. */
static int settle_line(struct row *rows, size_t n, size_t *kept, double *median)
{
    double *ns = calloc(n, sizeof *ns);
    int *labels = calloc(n, sizeof *labels), regimes = 1, best = 0;
    size_t most = 0, k = 0;
    int err = ns && labels ? 0 : -ENOMEM;

    for (size_t i = 0; !err && i < n; i++)
        ns[i] = rows[i].ns;
    if (!err)
        err = lb_stats_regimes(&(struct lb_trips){.ns = ns, .n = n}, labels, &regimes);
    for (int r = 0; !err && r < regimes; r++) {
        size_t here = 0;
        for (size_t i = 0; i < n; i++)
            here += labels[i] == r;
        best = here > most ? r : best;
        most = here > most ? here : most;
    }
    for (size_t i = 0; !err && i < n; i++)
        if (labels[i] == best) {
            ns[k] = rows[i].ns;
            rows[k++] = rows[i];
        }
    if (!err && k)
        err = lb_stats_median(ns, k, median);
    *kept = k;
    free(ns);
    free(labels);
    return err;
}

/* A pair counts once, whatever the homes of its lines. */
static void see_pair(struct lb_found_pu_pairs *p, const struct row *row, double ns, bool again)
{
    struct lb_found_pu_pair pair = {row->a, row->b, ns};

    if (!p->measured || ns < p->fastest.ns)
        p->fastest = pair;
    if (!p->measured || ns > p->slowest.ns)
        p->slowest = pair;
    p->measured += !again;
}

/* All lines of one distance and op; what is kept stands in front. */
static int settle_lines(struct row *rows, size_t n, size_t *kept, struct lb_found_pu_pairs *p)
{
    struct row last = {.a = -1};
    size_t to = 0, end;
    int err = 0;

    for (size_t from = 0; !err && from < n; from = end) {
        double median = NAN;
        size_t k = 0;
        struct row first = rows[from];
        for (end = from; end < n && is_line(&rows[end], &first);)
            end++;
        if ((err = settle_line(rows + from, end - from, &k, &median)) || !k)
            continue;
        see_pair(p, &first, median, last.a == first.a && last.b == first.b);
        last = first;
        p->rows += end - from;
        p->rows_other += end - from - k;
        memmove(rows + to, rows + from, k * sizeof *rows);
        to += k;
    }
    *kept = to;
    return err;
}

/* Rounds --------------------------------------------------------------------------------------- */

/* The median over pairs in each round; NaN where none is. Returns the rounds that have one. */
static size_t fill_rounds(struct row *rows, size_t n, double *by, unsigned rounds)
{
    size_t end, filled = 0;

    for (unsigned r = 0; r < rounds; r++)
        by[r] = NAN;
    qsort(rows, n, sizeof *rows, by_round);
    for (size_t from = 0; from < n; from = end) {
        for (end = from; end < n && rows[end].round == rows[from].round;)
            end++;
        size_t middle = from + (end - from) / 2;
        by[rows[from].round] =
            (end - from) % 2 ? rows[middle].ns : (rows[middle - 1].ns + rows[middle].ns) / 2;
        filled++;
    }
    return filled;
}

static int summarise(const double *by, unsigned rounds, struct lb_found_cell *c)
{
    double *x = calloc(rounds + 1, sizeof *x);
    struct lb_summary s;
    size_t n = 0;
    int err = x ? 0 : -ENOMEM;

    for (unsigned r = 0; !err && r < rounds; r++)
        if (!isnan(by[r]))
            x[n++] = by[r];
    if (!err && !(err = lb_stats_summary(x, n, 0.95, &s))) {
        c->ns_op = c->net = s.median;
        c->net_lo = s.lo;
        c->net_hi = s.hi;
        c->regime_ns = 2 * s.median;
        c->windows = n;
    }
    free(x);
    return err;
}

static int add_cell(struct lb_found *f, int suite, const struct row *row, size_t *at)
{
    struct lb_found_cell *c = lb_found_add_cell(f);
    const char *distance = lb_distance_name((enum lb_distance)row->distance);

    if (!c)
        return -ENOMEM;
    c->suite = suite;
    c->layout = -1;
    c->threads = 2;
    c->main_regime = c->subject = c->measured = true;
    snprintf(c->scenario_name, sizeof c->scenario_name, "%s",
             lb_pingpong_op_name((enum lb_pingpong_op)row->op));
    snprintf(c->role, sizeof c->role, "all");
    snprintf(c->placement, sizeof c->placement, "%s", distance);
    snprintf(c->distance, sizeof c->distance, "%s", distance);
    *at = f->n_cells - 1;
    return 0;
}

static size_t possible_at(const struct table *t, int distance)
{
    double n = 0;

    for (size_t i = 0; i < t->n_classes; i++)
        n +=
            t->classes[i].distance == distance && t->classes[i].pairs > 0 ? t->classes[i].pairs : 0;
    return n < 1e15 ? (size_t)n : 0;
}

/* Comparisons ---------------------------------------------------------------------------------- */

/* Of load-store the next nearer distance, of another op load-store at the same; -1: none. */
static int base_of(const struct lb_found *f, size_t at)
{
    const struct lb_found_pu_pairs *p = &f->pu_pairs[at];
    int base = -1;

    for (size_t i = 0; i < at; i++)
        if (f->pu_pairs[i].op == LB_PINGPONG_LOAD_STORE &&
            (p->op == LB_PINGPONG_LOAD_STORE || f->pu_pairs[i].distance == p->distance))
            base = (int)i;
    return base;
}

static int compare(const double *base, const double *other, unsigned rounds,
                   const struct lb_margin *margin, struct lb_comparison *k)
{
    double *a = calloc(2 * (size_t)rounds + 1, sizeof *a), *b = a + rounds;
    struct lb_pair pair = {.base_ns_op = a, .ns_op = b, .min_over_max = 1};
    int err;

    if (!a)
        return -ENOMEM;
    for (unsigned r = 0; r < rounds; r++)
        if (!isnan(base[r]) && !isnan(other[r])) {
            a[pair.n] = base[r];
            b[pair.n++] = other[r];
        }
    err = pair.n ? lb_stats_compare(&pair, margin, k) : -ENODATA;
    free(a);
    return err;
}

static void take_comparison(struct lb_found_cell *c, const struct lb_comparison *k)
{
    bool known = isfinite(k->difference.lo) && isfinite(k->difference.hi);

    c->compared = true;
    c->pairs = k->difference.n;
    c->diff = k->difference.value;
    c->diff_lo = known ? k->difference.lo : (double)NAN;
    c->diff_hi = known ? k->difference.hi : (double)NAN;
    c->ratio = k->ratio.value;
    c->ratio_lo = known ? k->ratio.lo : (double)NAN;
    c->ratio_hi = known ? k->ratio.hi : (double)NAN;
    c->margin_ns = k->margin_ns;
    c->verdict = k->verdict;
    snprintf(c->why, sizeof c->why, "%s", k->no_verdict ? k->no_verdict : "");
}

/* All comparisons at once, for Holm's correction. */
static int compare_all(struct lb_found *f, const double *by, unsigned rounds)
{
    struct lb_comparison *all = calloc(f->n_pu_pairs + 1, sizeof *all);
    size_t *cells = calloc(f->n_pu_pairs + 1, sizeof *cells), n = 0;
    int err = all && cells ? 0 : -ENOMEM;

    for (size_t i = 0; !err && i < f->n_pu_pairs; i++) {
        struct lb_found_cell *c = &f->cells[f->pu_pairs[i].cell];
        int base = base_of(f, i);
        if (base < 0)
            continue;
        const struct lb_found_cell *other = &f->cells[f->pu_pairs[base].cell];
        snprintf(c->base, sizeof c->base, "%s",
                 f->pu_pairs[i].op == LB_PINGPONG_LOAD_STORE ? other->placement
                                                             : other->scenario_name);
        err = compare(by + (size_t)base * rounds, by + i * rounds, rounds, &f->margin, &all[n]);
        if (!err)
            cells[n++] = f->pu_pairs[i].cell;
        err = err == -ENODATA ? 0 : err;
    }
    if (!err)
        err = lb_stats_holm(all, n);
    for (size_t i = 0; !err && i < n; i++)
        take_comparison(&f->cells[cells[i]], &all[i]);
    free(all);
    free(cells);
    return err;
}

/* The whole ------------------------------------------------------------------------------------ */

static int add_all(struct lb_found *f, int suite, struct table *t, double **by)
{
    size_t end, kept;
    int err = 0;

    for (size_t from = 0; !err && from < t->n; from = end) {
        struct lb_found_pu_pairs *p = lb_more(&f->pu_pairs, &f->n_pu_pairs, sizeof *p);
        struct row *rows = t->rows + from;
        double *more = reallocarray(*by, f->n_pu_pairs, t->rounds * sizeof **by);
        *by = more ? more : *by;
        if (!p || !more)
            return -ENOMEM;
        for (end = from;
             end < t->n && t->rows[end].distance == rows->distance && t->rows[end].op == rows->op;)
            end++;
        more += (f->n_pu_pairs - 1) * t->rounds;
        p->distance = (enum lb_distance)rows->distance;
        p->op = (enum lb_pingpong_op)rows->op;
        p->possible = possible_at(t, rows->distance);
        if ((err = add_cell(f, suite, rows, &p->cell)) ||
            (err = settle_lines(rows, end - from, &kept, p)))
            break;
        if (fill_rounds(rows, kept, more, t->rounds))
            err = summarise(more, t->rounds, &f->cells[p->cell]);
    }
    return err;
}

int lb_found_read_pu_pairs(struct lb_found *f, struct lb_why *why)
{
    int suite = lb_found_suite_index(f, "pingpong"), err;
    struct table t = {.rows = NULL};
    double *by = NULL;

    if (suite < 0)
        return 0;
    f->suites[suite].of_pu_pairs = true;
    if (!(err = read_rows(f->dir, why, &t)) && t.n) {
        qsort(t.rows, t.n, sizeof *t.rows, by_line);
        if (!(err = add_all(f, suite, &t, &by)))
            err = compare_all(f, by, t.rounds);
    }
    free(t.rows);
    free(t.classes);
    free(by);
    return err;
}
