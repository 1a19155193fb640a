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

#define ANY_REGIME (-1)
/* As in a run: ten points, beyond what chance explains. */
#define SPOILED_GAP_MOST 0.10

struct bench {
    struct lb_compare *c;
    const struct lb_margin *margin;
    bool apart;
    struct lb_compare_voice *voices[2];
    double *values; /* for one unit, or one case's round trips */
};

/* Logarithms of a unit's rounds, over those of the base where there is one. Returns how many. */
static size_t gather(const struct lb_compare_unit *u, const struct lb_compare_unit *base,
                     int regime, double *values)
{
    size_t n = 0, j = 0;

    for (size_t i = 0; i < u->n; i++) {
        const struct lb_compare_sample *x = &u->samples[i];
        if (regime != ANY_REGIME && x->regime != regime)
            continue;
        while (base && j < base->n && base->samples[j].round < x->round)
            j++;
        if (base && (j == base->n || base->samples[j].round != x->round ||
                     base->samples[j].regime != x->regime))
            continue;
        if (values)
            values[n] = log((double)x->ns) - (base ? log((double)base->samples[j].ns) : 0);
        n++;
    }
    return n;
}

/* The summary's row of that regime with most rounds, or NULL. */
static const struct lb_compare_sample *main_row(const struct lb_compare_unit *u, int regime)
{
    const struct lb_compare_sample *best = NULL;

    for (size_t i = 0; i < u->n; i++)
        if ((regime == ANY_REGIME || u->samples[i].regime == regime) &&
            (!best || u->samples[i].phases > best->phases))
            best = &u->samples[i];
    return best;
}

/* Whether the row's ratio is to the layout that is asked for. */
static bool divides_by(const struct bench *b, const struct lb_compare_digest *d, int base)
{
    return !strcmp(d->base, b->c->cases[base].cells[LB_KEY_LAYOUT]);
}

static size_t count_rounds(const struct bench *b, size_t i, size_t r, int base, int regime)
{
    const struct lb_compare_unit *u = &b->c->hidden->units[i][r];
    const struct lb_compare_sample *row;

    if (!b->c->runs[r].summary)
        return gather(u, base < 0 ? NULL : &b->c->hidden->units[base][r], regime, NULL);
    row = main_row(u, regime);
    return row && (base < 0 || divides_by(b, &u->digests[row - u->samples], base)) ? row->phases
                                                                                   : 0;
}

static size_t count_side(const struct bench *b, size_t i, int side, int base, int regime)
{
    size_t n = 0;

    for (size_t r = 0; r < b->c->n_runs; r++)
        if (b->c->runs[r].side == side)
            n += count_rounds(b, i, r, base, regime);
    return n;
}

static int last_regime(const struct lb_compare *c, size_t i)
{
    int last = 0;

    for (size_t r = 0; r < c->n_runs; r++)
        for (size_t k = 0; k < c->hidden->units[i][r].n; k++)
            if (c->hidden->units[i][r].samples[k].regime > last)
                last = c->hidden->units[i][r].samples[k].regime;
    return last;
}

/* The regime in which both sides have most rounds, or where there is none, or sides are apart, each
 * side's own. */
static bool choose_regimes(const struct bench *b, size_t i, int base, int regimes[2])
{
    size_t most = 0, own[2] = {0, 0};
    int last = last_regime(b->c, i), common = ANY_REGIME;

    regimes[0] = regimes[1] = 0;
    for (int regime = 0; regime <= last; regime++) {
        size_t n[2], least;
        for (int side = 0; side < 2; side++) {
            n[side] = count_side(b, i, side, base, regime);
            if (n[side] > own[side]) {
                own[side] = n[side];
                regimes[side] = regime;
            }
        }
        least = n[0] < n[1] ? n[0] : n[1];
        if (least > most) {
            most = least;
            common = regime;
        }
    }
    if (!b->apart && common != ANY_REGIME)
        regimes[0] = regimes[1] = common;
    return b->apart || common != ANY_REGIME || !own[0] || !own[1];
}

static int add_voice(struct bench *b, size_t i, size_t r, int base, int regime,
                     struct lb_compare_voice *voice)
{
    const struct lb_compare_unit *u = &b->c->hidden->units[i][r];
    const struct lb_compare_sample *row;
    const struct lb_compare_digest *d;
    double *values;
    size_t n;
    int err;

    if (b->c->runs[r].summary) {
        row = main_row(u, regime);
        d = &u->digests[row - u->samples];
        *voice = (struct lb_compare_voice){.n = row->phases, .weight = row->phases};
        voice->centre = base < 0 ? d->log_ns : d->log_ratio;
        voice->error = base < 0 ? d->error : d->ratio_error;
        return isfinite(voice->centre) && isfinite(voice->error) ? 0 : -ENODATA;
    }
    if (!(values = calloc(u->n, sizeof *values)))
        return -ENOMEM;
    n = gather(u, base < 0 ? NULL : &b->c->hidden->units[base][r], regime, values);
    if ((err = lb_compare_voice(values, n, voice)))
        free(values);
    return err;
}

/* The voices of one side in its regime; what they say together goes into the contrast. */
static int hear(struct bench *b, size_t i, int side, int base, int regime, struct lb_contrast *x)
{
    double sum = 0;

    for (size_t r = 0; r < b->c->n_runs; r++) {
        struct lb_compare_voice *voice = &b->voices[side][x->runs[side]];
        int err;
        if (b->c->runs[r].side != side || count_rounds(b, i, r, base, regime) < LB_COMPARE_ROUNDS)
            continue;
        if ((err = add_voice(b, i, r, base, regime, voice)) == -ENODATA)
            continue;
        if (err)
            return err;
        sum += voice->centre;
        x->rounds[side] += voice->n;
        x->runs[side]++;
    }
    if (x->runs[side])
        x->side[side] = exp(sum / (double)x->runs[side]);
    return 0;
}

/* Medians over a side's samples in the regime: round trips (of a ring the mean of its links), and
 * fairness. */
static int describe(struct bench *b, size_t i, int side, int regime, double *trip, double *fair)
{
    size_t n[2] = {0, 0}, room = 1;
    double *values[2], *median[2] = {trip, fair};
    int err = 0;

    for (size_t r = 0; r < b->c->n_runs; r++)
        room += b->c->hidden->units[i][r].n;
    values[0] = calloc(room, sizeof **values);
    values[1] = calloc(room, sizeof **values);
    for (size_t r = 0; values[0] && values[1] && r < b->c->n_runs; r++) {
        const struct lb_compare_unit *u = &b->c->hidden->units[i][r];
        for (size_t k = 0; b->c->runs[r].side == side && k < u->n; k++) {
            double sum = u->n_links > 0 ? 0 : (double)NAN;
            if (u->samples[k].regime != regime)
                continue;
            for (int link = 0; link < u->n_links; link++)
                sum += (double)u->probes[k * (size_t)u->n_links + (size_t)link];
            if (isfinite(sum))
                values[0][n[0]++] = sum / u->n_links;
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

static double spoiled_gap(const struct lb_compare_case *k)
{
    double p[2], error = 0;

    for (int side = 0; side < 2; side++) {
        double n = (double)(k->ok[side] + k->spoiled[side]);
        if (!(n > 0))
            return 0;
        p[side] = (double)k->spoiled[side] / n;
        error += p[side] * (1 - p[side]) / n;
    }
    return fabs(p[0] - p[1]) > 2 * sqrt(error) ? fabs(p[0] - p[1]) : 0;
}

/* Why there is no verdict, or nothing. */
static void explain(const struct lb_compare_case *k, bool is_time, bool met, struct lb_contrast *x)
{
    int few = x->rounds[0] <= x->rounds[1] ? 0 : 1, lone = x->runs[0] <= x->runs[1] ? 0 : 1;

    if (!met)
        snprintf(x->note, sizeof x->note,
                 "the sides were measured at different distances between the CPUs (round trips of "
                 "%.0f and %.0f ns)",
                 x->regime_ns[0], x->regime_ns[1]);
    else if (!x->runs[lone])
        snprintf(x->note, sizeof x->note, "no run of side %c has %d rounds%s in this regime",
                 'A' + lone, LB_COMPARE_ROUNDS, is_time ? "" : " together with the baseline");
    else if (is_time && x->runs[lone] < LB_COMPARE_RUNS)
        snprintf(x->note, sizeof x->note, "%zu run%s on side %c: times need %d on each",
                 x->runs[lone], x->runs[lone] == 1 ? "" : "s", 'A' + lone, LB_COMPARE_RUNS);
    else if (x->rounds[few] < LB_FIRST_LOOK)
        snprintf(x->note, sizeof x->note, "fewer than %d rounds on side %c", LB_FIRST_LOOK,
                 'A' + few);
    else if (spoiled_gap(k) > SPOILED_GAP_MOST)
        snprintf(x->note, sizeof x->note,
                 "the rates of spoiled windows differ by more than 10 points");
}

/* FNV-1a over the case's names: what is drawn for a case depends on no other. */
static uint64_t seed_of(const struct lb_compare *c, const struct lb_compare_case *k, bool is_time)
{
    uint64_t h = 14695981039346656037u ^ c->seed ^ (uint64_t)is_time << 63;

    for (int i = 0; i < LB_KEYS; i++)
        for (const char *at = k->cells[i]; *at; at++)
            h = (h ^ (unsigned char)*at) * 1099511628211u;
    return h;
}

/* An interval, but none of times from a single run: it would leave out most of the uncertainty. */
static int estimate(struct bench *b, size_t i, bool is_time, struct lb_contrast *x)
{
    const struct lb_compare_case *k = &b->c->cases[i];
    const struct lb_compare_voice *const voices[2] = {b->voices[0], b->voices[1]};
    struct lb_compare_interval interval;
    int err;

    x->ratio = x->side[1] / x->side[0];
    x->margin = fmax(b->margin->share, b->margin->ns / exp(x->margin));
    if (is_time && (x->runs[0] < 2 || x->runs[1] < 2))
        return 0;
    err = lb_compare_interval(voices, x->runs, log1p(x->margin), seed_of(b->c, k, is_time),
                              &interval);
    if (err)
        return err;
    x->ratio = exp(interval.value);
    x->lo = exp(interval.lo);
    x->hi = exp(interval.hi);
    x->p_holm = interval.p;
    return 0;
}

static void hush(struct bench *b, const struct lb_contrast *x)
{
    for (int side = 0; side < 2; side++)
        for (size_t r = 0; r < x->runs[side]; r++)
            free(b->voices[side][r].sorted);
}

/* `base` < 0: times. x->margin holds the logarithm of the case's time until it is the margin. */
static int contrast(struct bench *b, size_t i, int base, double log_ns, struct lb_contrast *x)
{
    struct lb_compare_case *k = &b->c->cases[i];
    double fair[2];
    int regimes[2], err = 0;
    bool met = choose_regimes(b, i, base, regimes), is_time = base < 0;

    for (int side = 0; !err && side < 2; side++)
        if (!(err = describe(b, i, side, regimes[side], &x->regime_ns[side], &fair[side])))
            err = hear(b, i, side, base, regimes[side], x);
    if (!err) {
        if (is_time)
            k->min_over_max = fair[0] < fair[1] || isnan(fair[1]) ? fair[0] : fair[1];
        explain(k, is_time, met, x);
        x->margin = is_time ? log(x->side[0]) : log_ns;
        if (met && x->runs[0] && x->runs[1])
            err = estimate(b, i, is_time, x);
    }
    hush(b, x);
    return err;
}

static void clear(struct lb_contrast *x, const char *note)
{
    *x = (struct lb_contrast){.side = {NAN, NAN}, .regime_ns = {NAN, NAN}};
    x->ratio = x->lo = x->hi = x->margin = x->p_holm = NAN;
    snprintf(x->note, sizeof x->note, "%s", note);
}

static int judge_case(struct bench *b, size_t i)
{
    struct lb_compare_case *k = &b->c->cases[i];
    const char *only = !k->here[0] ? "only on side B" : !k->here[1] ? "only on side A" : "";
    double log_ns;
    int err = 0;

    clear(&k->time, only);
    clear(&k->relative, *only ? only : k->base < 0 ? "nothing to divide by" : "");
    k->min_over_max = NAN;
    err = contrast(b, i, -1, NAN, &k->time);
    if (*only)
        snprintf(k->time.note, sizeof k->time.note, "%s", only);
    if (err || *only || k->base < 0)
        return err;
    log_ns = isfinite(k->time.side[0]) ? log(k->time.side[0]) : 0;
    return contrast(b, i, k->base, log_ns, &k->relative);
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

int lb_compare_judge(struct lb_compare *c, const struct lb_margin *margin, bool apart)
{
    struct bench b = {.c = c, .margin = margin, .apart = apart};
    int err = 0;

    for (int side = 0; side < 2; side++)
        if (!(b.voices[side] = calloc(c->n_runs, sizeof *b.voices[side])))
            err = -ENOMEM;
    for (size_t i = 0; !err && i < c->n_cases; i++)
        err = judge_case(&b, i);
    free(b.voices[0]);
    free(b.voices[1]);
    if (!err)
        err = holm(c, true);
    return err ? err : holm(c, false);
}
