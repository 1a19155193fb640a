/* SPDX-License-Identifier: MIT
 *
 * From rounds to verdicts: which regime is compared, what each run says, Holm over all cases.
 */
#include "compare_private.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a side has in a regime: runs with enough rounds, and their rounds. */
struct tally {
    size_t runs, rounds;
};

/* A contrast between its hearing and its verdict. */
struct hearing {
    struct lb_compare_heard side[2];
    double ns; /* what A takes where the two are compared */
    bool met;  /* in one regime */
};

struct bench {
    struct lb_compare *c;
    const struct lb_margin *margin;
    bool apart;
    double *medians;           /* logarithms, one a run that has a say */
    struct tally *side[2];     /* by regime */
    size_t *rounds;            /* of one run by regime */
    struct hearing *times;     /* one a case */
    struct hearing *relatives; /* likewise */
    double *squares, *degrees; /* of the cases of one kind */
};

/* A round of a case, and the base's. */
struct pair {
    const struct lb_compare_sample *x, *base;
};

/* The next round from *i on that the base has too, in the same regime. */
static bool next_pair(const struct lb_compare_unit *u, const struct lb_compare_unit *base,
                      size_t *i, size_t *j, struct pair *pair)
{
    for (; *i < u->n; (*i)++) {
        const struct lb_compare_sample *x = &u->samples[*i], *y = NULL;
        while (base && *j < base->n && base->samples[*j].round < x->round)
            (*j)++;
        if (base)
            y = *j < base->n ? &base->samples[*j] : NULL;
        if (x->regime < 0 || (base && (!y || y->round != x->round || y->regime != x->regime)))
            continue;
        *pair = (struct pair){x, y};
        (*i)++;
        return true;
    }
    return false;
}

static const struct lb_compare_unit *unit_of(const struct bench *b, int i, size_t r)
{
    return i < 0 ? NULL : &b->c->cases[i].units[r];
}

/* Whether the row's ratio is to the layout that is asked for. */
static bool divides_by(const struct bench *b, const struct lb_compare_digest *d, int base)
{
    return base < 0 || !strcmp(d->base, b->c->cases[base].cells[LB_KEY_LAYOUT]);
}

/* The summary's row of that regime with most rounds. */
static const struct lb_compare_sample *main_row(const struct bench *b, int i, size_t r, int base,
                                                int regime)
{
    const struct lb_compare_unit *u = unit_of(b, i, r);
    const struct lb_compare_sample *best = NULL;

    for (size_t k = 0; k < u->n; k++)
        if (u->samples[k].regime == regime && divides_by(b, &u->digests[k], base) &&
            (!best || u->samples[k].phases > best->phases))
            best = &u->samples[k];
    return best;
}

/* Rounds of a run by regime, with the base's where there is one; of a summary, of the row that is
 * taken. */
static void count_rounds(struct bench *b, int i, size_t r, int base, int n_regimes)
{
    const struct lb_compare_unit *u = unit_of(b, i, r);
    struct pair pair;
    size_t k = 0, j = 0;

    memset(b->rounds, 0, (size_t)n_regimes * sizeof *b->rounds);
    if (!b->c->runs[r].summary)
        while (next_pair(u, unit_of(b, base, r), &k, &j, &pair))
            b->rounds[pair.x->regime]++;
    for (; b->c->runs[r].summary && k < u->n; k++) {
        size_t *rounds = &b->rounds[u->samples[k].regime < 0 ? 0 : u->samples[k].regime];
        if (u->samples[k].regime >= 0 && divides_by(b, &u->digests[k], base) &&
            u->samples[k].phases > *rounds)
            *rounds = u->samples[k].phases;
    }
}

/* What each side has in each regime, of runs with at least so many rounds there. */
static void tally_regimes(struct bench *b, int i, int base, size_t fewest, int n_regimes)
{
    for (int side = 0; side < 2; side++)
        memset(b->side[side], 0, (size_t)n_regimes * sizeof *b->side[side]);
    for (size_t r = 0; r < b->c->n_runs; r++) {
        struct tally *side = b->side[b->c->runs[r].side];
        count_rounds(b, i, r, base, n_regimes);
        for (int regime = 0; regime < n_regimes; regime++)
            if (b->rounds[regime] >= fewest) {
                side[regime].runs++;
                side[regime].rounds += b->rounds[regime];
            }
    }
}

/* More of the runs that a verdict needs, then more rounds. */
static bool is_more(struct tally a, struct tally b)
{
    size_t x = a.runs < LB_COMPARE_RUNS ? a.runs : LB_COMPARE_RUNS;
    size_t y = b.runs < LB_COMPARE_RUNS ? b.runs : LB_COMPARE_RUNS;

    return x != y ? x > y : a.rounds > b.rounds;
}

/* The regime in which both sides have most, or where there is none, or sides are apart, each side's
 * own. False: they do not meet. */
static bool choose_among(const struct bench *b, int n_regimes, int regimes[2], struct tally own[2])
{
    struct tally most = {0, 0};
    int common = -1;

    regimes[0] = regimes[1] = 0;
    own[0] = own[1] = most;
    for (int regime = 0; regime < n_regimes; regime++) {
        struct tally x = b->side[0][regime], y = b->side[1][regime];
        struct tally least = is_more(x, y) ? y : x;
        for (int side = 0; side < 2; side++)
            if (is_more(b->side[side][regime], own[side])) {
                own[side] = b->side[side][regime];
                regimes[side] = regime;
            }
        if (is_more(least, most)) {
            most = least;
            common = regime;
        }
    }
    if (!b->apart && common >= 0)
        regimes[0] = regimes[1] = common;
    return b->apart ? own[0].runs && own[1].runs : common >= 0;
}

/* By the runs that have a say. Where a side has none, by all rounds: what was measured is shown. */
static bool choose_regimes(struct bench *b, int i, int base, int regimes[2])
{
    int n_regimes = lb_compare_last_regime(b->c, (size_t)i) + 1;
    struct tally own[2];
    bool met;

    tally_regimes(b, i, base, LB_COMPARE_ROUNDS, n_regimes);
    met = choose_among(b, n_regimes, regimes, own);
    if (met || (own[0].runs && own[1].runs))
        return met;
    tally_regimes(b, i, base, 1, n_regimes);
    return choose_among(b, n_regimes, regimes, own) || !own[0].runs || !own[1].runs;
}

/* What a run says of a quantity, in logarithms: medians over its rounds in the regime. */
struct said {
    size_t rounds;
    double median; /* of the time, or of its ratio to the base */
    double ns;     /* of the time in the same rounds */
};

static int read_summary(const struct bench *b, int i, size_t r, int base, int regime,
                        struct said *said)
{
    const struct lb_compare_sample *row = main_row(b, i, r, base, regime);
    const struct lb_compare_unit *u = unit_of(b, i, r);
    const struct lb_compare_digest *d;

    if (!row || row->phases < LB_COMPARE_ROUNDS)
        return -ENODATA;
    d = &u->digests[row - u->samples];
    *said = (struct said){row->phases, base < 0 ? d->log_ns : d->log_ratio, d->log_ns};
    return isfinite(said->median) ? 0 : -ENODATA;
}

/* -ENODATA: the run has no say. */
static int listen(const struct bench *b, int i, size_t r, int base, int regime, struct said *said)
{
    const struct lb_compare_unit *u = unit_of(b, i, r);
    double *ratios, *times;
    struct pair pair;
    size_t n = 0, k = 0, j = 0;
    int err = 0;

    if (b->c->runs[r].summary)
        return read_summary(b, i, r, base, regime, said);
    ratios = calloc(u->n + 1, sizeof *ratios);
    times = calloc(u->n + 1, sizeof *times);
    while (ratios && times && next_pair(u, unit_of(b, base, r), &k, &j, &pair)) {
        if (pair.x->regime != regime)
            continue;
        times[n] = log((double)pair.x->ns);
        ratios[n] = times[n] - (pair.base ? log((double)pair.base->ns) : 0);
        n++;
    }
    said->rounds = n;
    if (!ratios || !times)
        err = -ENOMEM;
    else if (n < LB_COMPARE_ROUNDS)
        err = -ENODATA;
    else if (!(err = lb_stats_median(ratios, n, &said->median)))
        err = lb_stats_median(times, n, &said->ns);
    free(ratios);
    free(times);
    return err;
}

static struct lb_compare_heard together(const double *medians, size_t n)
{
    struct lb_compare_heard heard = {.square = n > 1 ? 0 : (double)NAN, .runs = n};

    for (size_t i = 0; i < n; i++)
        heard.mean += medians[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        heard.square += (medians[i] - heard.mean) * (medians[i] - heard.mean) / (double)(n - 1);
    return heard;
}

/* The runs of one side in its regime; what they say together goes into the contrast and into
 * *heard, and the time of the case in these rounds to *ns. */
static int hear(struct bench *b, int i, int side, int base, int regime, struct lb_contrast *x,
                struct lb_compare_heard *heard, double *ns)
{
    double time = 0;

    for (size_t r = 0; r < b->c->n_runs; r++) {
        struct said said;
        int err = b->c->runs[r].side == side ? listen(b, i, r, base, regime, &said) : -ENODATA;
        if (err == -ENODATA)
            continue;
        if (err)
            return err;
        b->medians[x->runs[side]++] = said.median;
        time += said.ns;
        x->rounds[side] += said.rounds;
    }
    *heard = together(b->medians, x->runs[side]);
    x->side[side] = x->runs[side] ? exp(heard->mean) : (double)NAN;
    *ns = exp(time / (double)x->runs[side]);
    return 0;
}

/* Medians over a side's samples in the regime: round trips (of a ring the mean of its links), and
 * fairness. */
static int describe(const struct bench *b, int i, int side, int regime, double *trip, double *fair)
{
    size_t n[2] = {0, 0}, room = 1;
    double *values[2], *median[2] = {trip, fair};
    int err = 0;

    for (size_t r = 0; r < b->c->n_runs; r++)
        room += b->c->cases[i].units[r].n;
    values[0] = calloc(room, sizeof **values);
    values[1] = calloc(room, sizeof **values);
    for (size_t r = 0; values[0] && values[1] && r < b->c->n_runs; r++) {
        const struct lb_compare_unit *u = &b->c->cases[i].units[r];
        for (size_t k = 0; b->c->runs[r].side == side && k < u->n; k++) {
            double ns = lb_compare_trip(u, k);
            if (u->samples[k].regime != regime)
                continue;
            if (isfinite(ns))
                values[0][n[0]++] = ns;
            if (isfinite(u->samples[k].fair))
                values[1][n[1]++] = (double)u->samples[k].fair;
        }
    }
    if (!values[0] || !values[1])
        err = -ENOMEM;
    for (int k = 0; k < 2; k++) {
        *median[k] = NAN;
        if (!err && n[k])
            err = lb_stats_median(values[k], n[k], median[k]);
        free(values[k]);
    }
    return err;
}

static bool spoiled_differ(const struct lb_compare_case *k)
{
    return lb_stats_rates_differ(k->spoiled[0], k->ok[0] + k->spoiled[0], k->spoiled[1],
                                 k->ok[1] + k->spoiled[1]);
}

/* Within a regime too: over many windows the medians of one distance are equal to a few percent,
 * and times follow the distance by up to two fifths. */
static bool are_apart(const struct lb_contrast *x)
{
    return x->regime_ns[0] > LB_COMPARE_DISTANCE * x->regime_ns[1] ||
           x->regime_ns[1] > LB_COMPARE_DISTANCE * x->regime_ns[0];
}

/* Why there is no verdict, or nothing. */
static void explain(const struct lb_compare *c, int i, bool is_time, bool met,
                    struct lb_contrast *x)
{
    const struct lb_compare_case *k = &c->cases[i];
    int few = x->rounds[0] <= x->rounds[1] ? 0 : 1, lone = x->runs[0] <= x->runs[1] ? 0 : 1;

    if (!met)
        snprintf(x->note, sizeof x->note,
                 "the sides were measured at different distances between the CPUs (round trips of "
                 "%.0f and %.0f ns)",
                 x->regime_ns[0], x->regime_ns[1]);
    else if (!x->runs[lone])
        snprintf(x->note, sizeof x->note, "no run of side %c has %d rounds%s in this regime",
                 'A' + lone, LB_COMPARE_ROUNDS, is_time ? "" : " together with the base");
    else if (x->runs[lone] < LB_COMPARE_RUNS)
        snprintf(x->note, sizeof x->note, "%zu run%s on side %c: a verdict needs %d on each",
                 x->runs[lone], x->runs[lone] == 1 ? "" : "s", 'A' + lone, LB_COMPARE_RUNS);
    else if (x->rounds[few] < LB_FIRST_LOOK)
        snprintf(x->note, sizeof x->note, "fewer than %d rounds on side %c", LB_FIRST_LOOK,
                 'A' + few);
    else if (spoiled_differ(k))
        snprintf(x->note, sizeof x->note,
                 "the rates of spoiled windows differ by more than 10 points");
    else if (lb_compare_rates_apart(c, (size_t)i))
        snprintf(x->note, sizeof x->note, "the sides' rates differ by more than 10 %%");
}

/* base < 0: times. */
static int contrast(struct bench *b, int i, int base, struct lb_contrast *x, struct hearing *h)
{
    struct lb_compare_case *k = &b->c->cases[i];
    double fair[2], ns[2];
    int regimes[2], err = 0;
    bool met = choose_regimes(b, i, base, regimes), is_time = base < 0;

    for (int side = 0; !err && side < 2; side++)
        if (!(err = describe(b, i, side, regimes[side], &x->regime_ns[side], &fair[side])))
            err = hear(b, i, side, base, regimes[side], x, &h->side[side], &ns[side]);
    if (err)
        return err;
    if (is_time)
        k->min_over_max = fair[0] < fair[1] || isnan(fair[1]) ? fair[0] : fair[1];
    h->ns = ns[0];
    h->met = met && (b->apart || !are_apart(x));
    explain(b->c, i, is_time, h->met, x);
    return 0;
}

static void clear(struct lb_contrast *x, const char *note)
{
    *x = (struct lb_contrast){.side = {NAN, NAN}, .regime_ns = {NAN, NAN}};
    x->ratio = x->lo = x->hi = x->margin = x->p_holm = NAN;
    snprintf(x->note, sizeof x->note, "%s", note);
}

static int judge_case(struct bench *b, int i)
{
    struct lb_compare_case *k = &b->c->cases[i];
    const char *only = !k->here[0] ? "only on side B" : !k->here[1] ? "only on side A" : "";
    int err;

    clear(&k->time, only);
    clear(&k->relative, *only ? only : k->base < 0 ? "nothing to divide by" : "");
    k->min_over_max = NAN;
    err = contrast(b, i, -1, &k->time, &b->times[i]);
    if (*only)
        snprintf(k->time.note, sizeof k->time.note, "%s", only);
    if (err || *only || k->base < 0)
        return err;
    return contrast(b, i, k->base, &k->relative, &b->relatives[i]);
}

/* What the runs of a side say of their own spread in that role of the cases [from, to). */
static struct lb_prior prior_of(const struct bench *b, const struct hearing *heard, size_t from,
                                size_t to, const char *role, int side)
{
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        const struct lb_compare_heard *h = &heard[i].side[side];
        if (!heard[i].met || h->runs < 2 || strcmp(b->c->cases[i].cells[LB_KEY_ROLE], role) != 0)
            continue;
        b->squares[n] = h->square;
        b->degrees[n++] = (double)h->runs - 1;
    }
    return lb_stats_prior(b->squares, b->degrees, n);
}

static void estimate(const struct bench *b, const struct hearing *h, const struct lb_prior prior[2],
                     struct lb_contrast *x)
{
    struct lb_compare_interval interval;

    x->ratio = x->side[1] / x->side[0];
    x->margin = fmax(b->margin->share, b->margin->ns / h->ns);
    if (lb_compare_interval(h->side, prior, log1p(x->margin), &interval)) {
        if (!*x->note)
            snprintf(x->note, sizeof x->note,
                     "the runs agree to the last digit, as no measurement does");
        return;
    }
    x->lo = exp(interval.lo);
    x->hi = exp(interval.hi);
    x->p_holm = interval.p;
}

/* The cases [from, to), which one table shows: their noise is of one kind, role by role. */
static void estimate_table(struct bench *b, const struct hearing *heard, bool is_time, size_t from,
                           size_t to)
{
    for (size_t i = from; i < to; i++) {
        struct lb_compare_case *k = &b->c->cases[i];
        const char *role = k->cells[LB_KEY_ROLE];
        if (!heard[i].met || !heard[i].side[0].runs || !heard[i].side[1].runs)
            continue;
        struct lb_prior prior[2] = {prior_of(b, heard, from, to, role, 0),
                                    prior_of(b, heard, from, to, role, 1)};
        estimate(b, &heard[i], prior, is_time ? &k->time : &k->relative);
    }
}

static void estimate_all(struct bench *b)
{
    for (size_t from = 0, to; from < b->c->n_cases; from = to) {
        to = lb_compare_table_end(b->c, from);
        estimate_table(b, b->times, true, from, to);
        estimate_table(b, b->relatives, false, from, to);
    }
}

/* Verdicts by the rules of a run, on the scale of logarithms. */
static int holm(struct lb_compare *c, bool is_time)
{
    struct lb_comparison *all = calloc(c->n_cases + 1, sizeof *all);
    size_t *which = calloc(c->n_cases + 1, sizeof *which), n = 0;
    int err = all && which ? 0 : -ENOMEM;

    for (size_t i = 0; !err && i < c->n_cases; i++) {
        struct lb_compare_case *k = &c->cases[i];
        struct lb_contrast *x = is_time ? &k->time : &k->relative;
        if (k->reference && !*x->note)
            snprintf(x->note, sizeof x->note, "a reference: shown, not judged");
        if (k->reference)
            x->p_holm = NAN;
        if (!isfinite(x->p_holm))
            continue;
        all[n] = (struct lb_comparison){
            .ratio = {.value = x->ratio, .lo = x->lo, .hi = x->hi},
            .difference = {.n = LB_FIRST_LOOK, .lo = log(x->lo), .hi = log(x->hi)},
            .margin_ns = log1p(x->margin),
            .p = x->p_holm,
            .min_over_max = isfinite(k->min_over_max) ? k->min_over_max : 1,
            .no_verdict = *x->note ? x->note : NULL,
        };
        which[n++] = i;
    }
    if (!err)
        err = lb_stats_holm(all, n);
    for (size_t j = 0; !err && j < n; j++) {
        struct lb_compare_case *k = &c->cases[which[j]];
        struct lb_contrast *x = is_time ? &k->time : &k->relative;
        x->verdict = all[j].verdict;
        x->unfair = all[j].unfair;
        x->p_holm = all[j].p_holm;
    }
    free(all);
    free(which);
    return err;
}

static int make_bench(struct bench *b)
{
    size_t n = b->c->n_cases, n_regimes = 1;

    for (size_t i = 0; i < n; i++) {
        size_t here = (size_t)lb_compare_last_regime(b->c, i) + 1;
        n_regimes = here > n_regimes ? here : n_regimes;
    }
    b->medians = calloc(b->c->n_runs, sizeof *b->medians);
    b->rounds = calloc(n_regimes, sizeof *b->rounds);
    b->times = calloc(n + 1, sizeof *b->times);
    b->relatives = calloc(n + 1, sizeof *b->relatives);
    b->squares = calloc(n + 1, sizeof *b->squares);
    b->degrees = calloc(n + 1, sizeof *b->degrees);
    for (int side = 0; side < 2; side++)
        if (!(b->side[side] = calloc(n_regimes, sizeof *b->side[side])))
            return -ENOMEM;
    return b->medians && b->rounds && b->times && b->relatives && b->squares && b->degrees
               ? 0
               : -ENOMEM;
}

static void drop_bench(struct bench *b)
{
    free(b->medians);
    free(b->side[0]);
    free(b->side[1]);
    free(b->rounds);
    free(b->times);
    free(b->relatives);
    free(b->squares);
    free(b->degrees);
}

int lb_compare_judge(struct lb_compare *c, const struct lb_margin *margin, bool apart)
{
    struct bench b = {.c = c, .margin = margin, .apart = apart};
    int err = make_bench(&b);

    lb_compare_rates(c);
    for (size_t i = 0; !err && i < c->n_cases; i++)
        err = judge_case(&b, (int)i);
    if (!err)
        estimate_all(&b);
    drop_bench(&b);
    if (!err)
        err = holm(c, true);
    return err ? err : holm(c, false);
}
