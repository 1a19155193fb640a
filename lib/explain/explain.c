/* SPDX-License-Identifier: MIT
 *
 * A difference between two layouts in its parts.
 */
#include "explain_private.h"

#include "base/number.h"

#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Quantities that are resampled together: differences of the two sides in one round. */
enum { TOTAL, WAITS, OWN, ASLEEP, PREEMPTED, MODEL, QUANTITIES };
static const enum lb_told told_of[MODEL] = {LB_TOLD_NS_OP, LB_TOLD_WAIT, LB_TOLD_OWN,
                                            LB_TOLD_ASLEEP, LB_TOLD_PREEMPTED};

/* Two sides, the rounds that both have in a regime, and what becomes of them. */
struct pair {
    const struct lb_told_folder *folder;
    const struct lb_told_row *row;
    const struct lb_told_series *sides[2]; /* the layout, what it is held against */
    const struct lb_told_round **rounds[2];
    size_t n, left_out;
    double *rows; /* n x QUANTITIES */
    double mean[2][LB_TOLDS], difference[QUANTITIES];
    double *replicates; /* LB_STATS_REPLICATES x QUANTITIES */
    double *scratch;    /* LB_STATS_REPLICATES */
    enum lb_handover handover;
};

static const struct lb_scenario *scenario_of(const struct pair *p)
{
    for (int i = 0; i < LB_SCENARIOS; i++)
        if (!strcmp(lb_scenarios[i].name, p->row->cells[LB_KEY_SCENARIO]))
            return &lb_scenarios[i];
    return NULL;
}

static bool is_subject_of_sleep(const struct pair *p)
{
    const struct lb_scenario *s = scenario_of(p);

    return s && s->blocks;
}

/* Of a paced role ns_op is of timed ops, and what they waited is that less their own time: their
 * waits would explain all of it by construction. */
static bool is_paced(const struct pair *p)
{
    const struct lb_scenario *s = scenario_of(p);

    return s && (s->pace == LB_PACE_ALL || (s->pace == LB_PACE_SECOND &&
                                            !strcmp(s->roles[1].name, p->row->cells[LB_KEY_ROLE])));
}

/* Rounds ----------------------------------------------------------------------------------------
 */

/* The regime of a round trip: the nearest of those that summary.csv has of the placement. */
static bool is_in_regime(const struct pair *p, double trip)
{
    double best = INFINITY, own = fabs(log(trip / p->row->regime_ns));

    if (isnan(trip) || isnan(p->row->regime_ns))
        return isnan(p->row->regime_ns);
    for (size_t i = 0; i < p->folder->n_rows; i++) {
        const struct lb_told_row *r = &p->folder->rows[i];
        if (!strcmp(r->cells[LB_KEY_PLACEMENT], p->row->cells[LB_KEY_PLACEMENT]))
            best = fmin(best, fabs(log(trip / r->regime_ns)));
    }
    return own <= best + 1e-9;
}

static int find_rounds(struct pair *p)
{
    const struct lb_told_series *a = p->sides[0], *b = p->sides[1];

    for (int side = 0; side < 2; side++)
        if (!(p->rounds[side] = calloc(a->n + 1, sizeof *p->rounds[side])))
            return -ENOMEM;
    for (size_t i = 0, k = 0; i < a->n; i++) {
        while (k < b->n && b->rounds[k].round < a->rounds[i].round)
            k++;
        if (k < b->n && b->rounds[k].round == a->rounds[i].round &&
            is_in_regime(p, a->rounds[i].told[LB_TOLD_TRIP]) &&
            is_in_regime(p, b->rounds[k].told[LB_TOLD_TRIP])) {
            p->rounds[0][p->n] = &a->rounds[i];
            p->rounds[1][p->n++] = &b->rounds[k];
        }
    }
    return 0;
}

static double difference(const struct pair *p, size_t i, enum lb_told t)
{
    return p->rounds[0][i]->told[t] - p->rounds[1][i]->told[t];
}

/* A round in which something came between lies this many (scaled) median deviations away. */
#define FAR       6.0
#define FAR_LEAST 2.0 /* ns: clocks are no finer */

static double spread_of(double *values, size_t n, double *median)
{
    double mad = NAN;

    lb_stats_median(values, n, median);
    for (size_t i = 0; i < n; i++)
        values[i] = fabs(values[i] - *median);
    lb_stats_median(values, n, &mad);
    return fmax(FAR * 1.4826 * mad, FAR_LEAST);
}

/* Means of what remains are means of parts that add up, as medians would not be. */
static int drop_far(struct pair *p)
{
    double *values = calloc(p->n + 1, sizeof *values), middle[2], most[2];
    size_t kept = 0;

    if (!values)
        return -ENOMEM;
    for (int q = TOTAL; q <= WAITS; q++) {
        for (size_t i = 0; i < p->n; i++)
            values[i] = difference(p, i, told_of[q]);
        most[q] = spread_of(values, p->n, &middle[q]);
    }
    for (size_t i = 0; i < p->n; i++) {
        bool far = false;
        for (int q = TOTAL; q <= WAITS; q++)
            far |= fabs(difference(p, i, told_of[q]) - middle[q]) > most[q];
        if (far)
            continue;
        p->rounds[0][kept] = p->rounds[0][i];
        p->rounds[1][kept++] = p->rounds[1][i];
    }
    p->left_out = p->n - kept;
    p->n = kept;
    free(values);
    return 0;
}

static void take_means(struct pair *p)
{
    for (int side = 0; side < 2; side++)
        for (int t = 0; t < LB_TOLDS; t++) {
            p->mean[side][t] = 0;
            for (size_t i = 0; i < p->n; i++)
                p->mean[side][t] += p->rounds[side][i]->told[t] / (double)p->n;
        }
}

/* What geometry and costs come to in one round; NaN: they do not say. */
static double model_of_round(const struct pair *p, size_t i)
{
    double ns[2] = {NAN, NAN};

    for (int side = 0; side < 2; side++) {
        struct lb_told_lines lines;
        if (!lb_told_model(p->folder, p->sides[side], p->rounds[side][i]->told, p->handover,
                           &lines))
            ns[side] = lines.sum;
    }
    return ns[0] - ns[1];
}

/* Of folders that do not say how long threads slept nothing is said of it. */
static int take_rows(struct pair *p)
{
    bool sleeps = is_subject_of_sleep(p);

    p->rows = calloc(p->n * QUANTITIES + 1, sizeof *p->rows);
    p->replicates = calloc((size_t)LB_STATS_REPLICATES * QUANTITIES, sizeof *p->replicates);
    p->scratch = calloc(LB_STATS_REPLICATES, sizeof *p->scratch);
    if (!p->rows || !p->replicates || !p->scratch)
        return -ENOMEM;
    for (size_t i = 0; i < p->n; i++)
        for (int q = 0; q < QUANTITIES; q++) {
            double ns = q == MODEL ? model_of_round(p, i) : difference(p, i, told_of[q]);
            p->rows[i * QUANTITIES + (size_t)q] =
                ((q == ASLEEP || q == PREEMPTED) && !sleeps) || !isfinite(ns) ? 0 : ns;
        }
    return lb_stats_bootstrap(p->rows, p->n, QUANTITIES, 1, p->difference, p->replicates);
}

/* Parts -----------------------------------------------------------------------------------------
 */

/* What a combination of the quantities comes to, with its interval. */
static struct lb_explain_value value_of(struct pair *p, const double weights[QUANTITIES])
{
    struct lb_explain_value v = {0, 0, 0};

    for (int q = 0; q < QUANTITIES; q++)
        v.value += weights[q] * p->difference[q];
    for (size_t r = 0; r < LB_STATS_REPLICATES; r++) {
        p->scratch[r] = 0;
        for (int q = 0; q < QUANTITIES; q++)
            p->scratch[r] += weights[q] * p->replicates[r * QUANTITIES + (size_t)q];
    }
    lb_stats_interval(p->scratch, &v.lo, &v.hi);
    return v;
}

static void add_part(struct pair *p, enum lb_explain_kind kind, const char *what,
                     const double weights[QUANTITIES], double model_ns, double sum[QUANTITIES],
                     struct lb_explanation *e)
{
    struct lb_explain_part *part = &e->parts[e->n_parts++];

    part->kind = kind;
    snprintf(part->what, sizeof part->what, "%s", what);
    part->ns = value_of(p, weights);
    part->model_ns = model_ns;
    for (int q = 0; q < QUANTITIES; q++)
        sum[q] += weights[q];
}

/* A part below that says nothing that a reader could use. */
#define PART_LEAST 0.5

/* Lines of both sides by their words: what one side has more of. */
struct contrast {
    const char *words;
    double ns;
};

static size_t contrast_lines(const struct lb_told_lines sides[2], struct contrast *found)
{
    size_t n = 0;

    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < sides[side].n; i++) {
            const char *words = sides[side].lines[i].words;
            size_t k = 0;
            while (k < n && strcmp(found[k].words, words) != 0)
                k++;
            if (k == n)
                found[n++] = (struct contrast){words, 0};
            found[k].ns += side ? -sides[side].ns[i] : sides[side].ns[i];
        }
    return n;
}

/* How much less often an op waits than a timed one. Between two ops of a thread lies a pause T of
 * +-50 %, before a timed one E more; the other has not come by meanwhile in (T - E)^3 / (6 T^2 P)
 * of all cases, P being the period. */
static double less_often(const struct pair *p)
{
    double work = lb_number_parse(p->row->cells[LB_KEY_WORK_NS]), left = work - LB_EXPLAIN_LATER;
    double period = fmax(p->mean[0][LB_TOLD_NS_OP], p->mean[1][LB_TOLD_NS_OP]);

    if (is_paced(p) || !(left > 0))
        return 1;
    return (1 - work / (6 * period)) / (1 - left * left * left / (6 * work * work * period));
}

/* The waits, line by line, in the proportion that geometry and costs give them; where waits say
 * nothing by themselves, no more than these come to. */
static void add_lines(struct pair *p, const struct lb_told_lines sides[2], double sum[QUANTITIES],
                      struct lb_explanation *e)
{
    struct contrast found[2 * LB_LINE_WAITS_MOST];
    size_t n = contrast_lines(sides, found);
    const int by = is_paced(p) ? MODEL : WAITS;
    double named = 0;

    for (size_t i = 0; i < n; i++)
        named += fabs(found[i].ns) >= PART_LEAST ? found[i].ns : 0;
    for (size_t i = 0; i < n; i++) {
        char what[160];
        double weights[QUANTITIES] = {0};
        weights[by] = found[i].ns / named * less_often(p);
        if (fabs(found[i].ns) < PART_LEAST || e->n_parts >= LB_LINE_WAITS_MOST)
            continue;
        snprintf(what, sizeof what, "line of %s", found[i].words);
        add_part(p, LB_EXPLAIN_LINES, what, weights, found[i].ns, sum, e);
    }
}

static bool agree(double model, double waits)
{
    double ratio = model / waits;

    return ratio >= 1 / LB_EXPLAIN_AGREE && ratio <= LB_EXPLAIN_AGREE;
}

/* What ops waited for, where that is known. */
static void add_waits(struct pair *p, double sum[QUANTITIES], struct lb_explanation *e)
{
    struct lb_told_lines sides[2];
    double waits = p->difference[WAITS], spins;
    bool known = true;
    char what[128];

    for (int side = 0; side < 2; side++)
        known =
            !lb_told_model(p->folder, p->sides[side], p->mean[side], p->handover, &sides[side]) &&
            known;
    e->waits_model_ns = known ? sides[0].sum - sides[1].sum : NAN;
    spins = p->mean[0][LB_TOLD_SPINS] - p->mean[1][LB_TOLD_SPINS];
    if (known && fabs(waits) >= PART_LEAST && agree(e->waits_model_ns, waits)) {
        add_lines(p, sides, sum, e);
    } else if (!strcmp(p->row->cells[LB_KEY_SCENARIO], lb_scenarios[LB_SCENARIO_MANY].name)) {
        const double weights[QUANTITIES] = {[WAITS] = 1};
        add_part(p, LB_EXPLAIN_MISSES, "lines that are not in its cache: chase and footprint",
                 weights, NAN, sum, e);
    } else if (is_subject_of_sleep(p) && fabs(spins) > 0.01 && spins * waits > 0) {
        const double weights[QUANTITIES] = {[WAITS] = 1, [ASLEEP] = -1, [PREEMPTED] = -1};
        snprintf(what, sizeof what, "on its CPU, waiting for the lock (%+.2g spins an op)", spins);
        add_part(p, LB_EXPLAIN_SPINNING, what, weights, NAN, sum, e);
    }
}

static void add_off_cpu(struct pair *p, double sum[QUANTITIES], struct lb_explanation *e)
{
    const double asleep[QUANTITIES] = {[ASLEEP] = 1}, preempted[QUANTITIES] = {[PREEMPTED] = 1};

    if (!is_subject_of_sleep(p))
        return;
    if (fabs(p->difference[ASLEEP]) >= PART_LEAST)
        add_part(p, LB_EXPLAIN_ASLEEP, "asleep", asleep, NAN, sum, e);
    if (fabs(p->difference[PREEMPTED]) >= PART_LEAST)
        add_part(p, LB_EXPLAIN_PREEMPTED, "preempted", preempted, NAN, sum, e);
}

/* What makes the op by itself longer, as far as the two layouts say. */
static void add_own(struct pair *p, double sum[QUANTITIES], struct lb_explanation *e)
{
    const double weights[QUANTITIES] = {[OWN] = 1};
    struct lb_layout own[2];
    bool indirect[2], known = true, kinds;
    char what[128];

    for (int side = 0; side < 2; side++) {
        const struct lb_layout *l =
            lb_told_layout(p->folder, p->sides[side]->cells[LB_KEY_LAYOUT], &own[side]);
        known = known && l;
        indirect[side] = l && l->indirect;
    }
    kinds = strcmp(p->sides[0]->cells[LB_KEY_LOCK], p->sides[1]->cells[LB_KEY_LOCK]) != 0;
    snprintf(what, sizeof what, "own work%s%s%s",
             known && indirect[0] != indirect[1] ? ": pointer chase" : "",
             !kinds                                ? ""
             : known && indirect[0] != indirect[1] ? " and "
                                                   : ": ",
             kinds ? "kind of lock, its locked words" : "");
    add_part(p, LB_EXPLAIN_OWN, what, weights, NAN, sum, e);
}

/* Verdict ---------------------------------------------------------------------------------------
 */

static struct lb_explain_value explained_share(struct pair *p, const double rest[QUANTITIES])
{
    struct lb_explain_value v = {NAN, NAN, NAN};
    double left = 0;

    for (int q = 0; q < QUANTITIES; q++)
        left += rest[q] * p->difference[q];
    v.value = 1 - fabs(left / p->difference[TOTAL]);
    for (size_t r = 0; r < LB_STATS_REPLICATES; r++) {
        const double *x = p->replicates + r * QUANTITIES;
        left = 0;
        for (int q = 0; q < QUANTITIES; q++)
            left += rest[q] * x[q];
        p->scratch[r] = 1 - fabs(left) / fmax(fabs(x[TOTAL]), 1e-9);
    }
    lb_stats_interval(p->scratch, &v.lo, &v.hi);
    v.hi = fmax(v.hi, v.value); /* no replicate has less of a rest than none */
    return v;
}

static void judge(struct lb_explanation *e)
{
    bool holds_zero = e->total.lo <= 0 && e->total.hi >= 0;

    e->is_explained = false;
    if (holds_zero)
        snprintf(e->why_not, sizeof e->why_not, "the interval of the difference holds 0");
    else if (fabs(e->total.value) < LB_EXPLAIN_LEAST)
        snprintf(e->why_not, sizeof e->why_not, "the difference is under %g ns", LB_EXPLAIN_LEAST);
    else if (e->explained.value >= LB_EXPLAIN_SHARE && e->explained.lo < LB_EXPLAIN_SURELY)
        snprintf(e->why_not, sizeof e->why_not,
                 "from %.0f to %.0f %% of it may be: too few rounds, or too noisy",
                 fmax(0, 100 * e->explained.lo), 100 * e->explained.hi);
    else if (e->explained.value >= LB_EXPLAIN_SHARE)
        e->is_explained = true;
    else if (isfinite(e->waits_model_ns))
        snprintf(e->why_not, sizeof e->why_not,
                 "ops waited %+.1f ns longer, of which lines that threads share account for %+.1f",
                 e->waits.value, e->waits_model_ns);
    else
        snprintf(e->why_not, sizeof e->why_not,
                 "ops waited %+.1f ns longer: geometry does not say for what", e->waits.value);
}

static void put_parts(struct pair *p, struct lb_explanation *e)
{
    const double total[QUANTITIES] = {[TOTAL] = 1}, waits[QUANTITIES] = {[WAITS] = 1};
    double sum[QUANTITIES] = {0}, rest[QUANTITIES] = {[TOTAL] = 1};

    e->total = value_of(p, total);
    e->waits = value_of(p, waits);
    add_waits(p, sum, e);
    add_own(p, sum, e);
    add_off_cpu(p, sum, e);
    for (int q = 0; q < QUANTITIES; q++)
        rest[q] -= sum[q];
    e->rest = value_of(p, rest);
    e->explained = explained_share(p, rest);
    judge(e);
}

static void name_it(const struct pair *p, struct lb_explanation *e)
{
    char *const *cells = p->sides[0]->cells;

    e->scenario = cells[LB_KEY_SCENARIO];
    e->layout = cells[LB_KEY_LAYOUT];
    e->lock = cells[LB_KEY_LOCK];
    e->against = p->sides[1]->cells[LB_KEY_LAYOUT];
    e->against_lock = p->sides[1]->cells[LB_KEY_LOCK];
    e->placement = cells[LB_KEY_PLACEMENT];
    e->role = cells[LB_KEY_ROLE];
    e->work_ns = lb_number_parse(cells[LB_KEY_WORK_NS]);
    e->round_trip_ns = (p->mean[0][LB_TOLD_TRIP] + p->mean[1][LB_TOLD_TRIP]) / 2;
    e->regime = p->row->regime;
    e->rounds = p->n;
    e->rounds_left_out = p->left_out;
}

/* 1: explained; 0: too few rounds. */
static int explain_pair(struct pair *p, struct lb_explanation *e)
{
    int err = find_rounds(p);

    if (!err && p->n >= LB_EXPLAIN_ROUNDS)
        err = drop_far(p);
    if (err || p->n < LB_EXPLAIN_ROUNDS)
        return err;
    take_means(p);
    if ((err = take_rows(p)))
        return err;
    memset(e, 0, sizeof *e);
    name_it(p, e);
    put_parts(p, e);
    return 1;
}

static void free_pair(struct pair *p)
{
    free(p->rounds[0]);
    free(p->rounds[1]);
    free(p->rows);
    free(p->replicates);
    free(p->scratch);
}

/* Folder ----------------------------------------------------------------------------------------
 */

/* From all rounds of two threads: the same machine in all. */
static void find_handover(const struct lb_told_folder *f, struct lb_explanations *x)
{
    double load = 0, reload = 0;

    for (size_t i = 0; i < f->n_series; i++)
        for (size_t k = 0; k < f->series[i].n; k++) {
            const double *costs = f->series[i].rounds[k].told + LB_TOLD_COSTS;
            if (!isfinite(costs[LB_COST_LOAD]) || !isfinite(costs[LB_COST_RELOAD]))
                continue;
            load += costs[LB_COST_LOAD];
            reload += costs[LB_COST_RELOAD];
        }
    x->handover_ratio = lb_handover_ratio(load, reload);
    x->handover = lb_handover_of(x->handover_ratio);
}

static bool is_wanted(const struct lb_told_row *row, const struct lb_explain_request *q)
{
    double work = lb_number_parse(row->cells[LB_KEY_WORK_NS]);

    return (!q->scenario || !strcmp(row->cells[LB_KEY_SCENARIO], q->scenario)) &&
           (!q->layout || !strcmp(row->cells[LB_KEY_LAYOUT], q->layout)) &&
           (isnan(q->work_ns) ? work > 0 : fabs(work - q->work_ns) < 1e-6) &&
           (q->against ? strcmp(row->cells[LB_KEY_LAYOUT], q->against) != 0 : *row->baseline);
}

static int add_item(struct lb_explanations *x, const struct lb_explanation *e)
{
    struct lb_explanation *more = realloc(x->items, (x->n + 1) * sizeof *more);

    if (!more)
        return -ENOMEM;
    x->items = more;
    more[x->n++] = *e;
    return 0;
}

static int explain_row(const struct lb_told_folder *f, const struct lb_told_row *row,
                       const struct lb_explain_request *q, struct lb_explanations *x)
{
    const char *against = q->against ? q->against : row->baseline;
    struct pair p = {.folder = f, .row = row, .handover = x->handover};
    struct lb_explanation e;
    int got;

    p.sides[0] = lb_told_find(f, row, row->cells[LB_KEY_LAYOUT]);
    p.sides[1] = lb_told_find(f, row, against);
    if (!p.sides[0] || !p.sides[1])
        return 0;
    got = explain_pair(&p, &e);
    free_pair(&p);
    if (got <= 0)
        return got;
    if (!q->layout && !q->against && e.total.lo <= 0 && e.total.hi >= 0) {
        x->unresolved++;
        return 0;
    }
    return add_item(x, &e);
}

static int refuse_empty(const struct lb_told_folder *f, const struct lb_explain_request *q,
                        const struct lb_explanations *x, struct lb_why *why)
{
    if (x->n || (x->unresolved && !q->layout))
        return 0;
    if (f->without_wait && !f->n_series)
        return lb_fail(
            why, ENODATA,
            "%s: samples.csv does not say what ops waited (wait_ns_op): no op was timed, "
            "or an earlier version wrote it",
            q->dir);
    return lb_fail(why, ENODATA,
                   "%s: no difference between layouts that was measured with a pause in %d rounds "
                   "or more and is asked for",
                   q->dir, LB_EXPLAIN_ROUNDS);
}

int lb_explain_create(const struct lb_explain_request *q, struct lb_why *why,
                      struct lb_explanations **result)
{
    struct lb_explanations *x = calloc(1, sizeof *x);
    struct lb_told_folder *f = calloc(1, sizeof *f);
    int err = x && f ? lb_told_read(q->dir, why, f) : -ENOMEM;

    if (x)
        x->hidden = f;
    if (!err)
        find_handover(f, x);
    for (size_t i = 0; !err && i < f->n_rows; i++)
        if (is_wanted(&f->rows[i], q))
            err = explain_row(f, &f->rows[i], q, x);
    if (!err)
        err = refuse_empty(f, q, x, why);
    if (err) {
        if (x)
            lb_explain_destroy(x);
        else
            free(f);
        return err;
    }
    *result = x;
    return 0;
}

void lb_explain_destroy(struct lb_explanations *x)
{
    if (!x)
        return;
    if (x->hidden)
        lb_told_free(x->hidden);
    free(x->hidden);
    free(x->items);
    free(x);
}
