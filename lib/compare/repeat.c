/* SPDX-License-Identifier: MIT
 *
 * From several runs to what repeats: the regime in which most of them met, one number a run, and
 * how far these lie apart, also at one round trip.
 */
#include "repeat_private.h"

#include <linebounce/plan.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double lb_spread_cv(const struct lb_spread *s)
{
    return s->runs > 1 && s->mean != 0 ? s->sd / fabs(s->mean) : NAN;
}

static struct lb_spread spread_of(const double *x, size_t n)
{
    struct lb_spread s = {.runs = n, .mean = n ? 0 : NAN, .sd = NAN, .worst = NAN};
    double squares = 0, least = INFINITY, most = -INFINITY;

    for (size_t i = 0; i < n; i++) {
        s.mean += x[i] / (double)n;
        least = fmin(least, x[i]);
        most = fmax(most, x[i]);
    }
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - s.mean) * (x[i] - s.mean);
    if (n < 2)
        return s;
    s.sd = sqrt(squares / (double)(n - 1));
    s.worst = most - least;
    return s;
}

/* Cases of one placement, which share their regimes. */
struct place {
    size_t like; /* its first case */
    int regime;
    bool *belongs;                /* by case */
    struct lb_round_trips *trips; /* by run */
    double *trip, reference;      /* by run: median, NaN without; their mean */
};

struct desk {
    struct lb_repeat *repeat;
    struct lb_compare *c;
    struct place *places;
    size_t n_places;
    double *room;             /* of all that follows */
    struct lb_rounds rounds;  /* of one run */
    double *all_y, *all_trip; /* of all runs */
    double *figures, *trips;  /* one a run that has a say */
};

static bool is_beside(const struct lb_compare *c, size_t i, size_t j)
{
    return !strcmp(c->cases[i].cells[LB_KEY_PLACEMENT], c->cases[j].cells[LB_KEY_PLACEMENT]) &&
           !strcmp(c->cases[i].cells[LB_KEY_DISTANCE], c->cases[j].cells[LB_KEY_DISTANCE]);
}

static struct place *place_of(const struct desk *d, size_t i)
{
    for (size_t p = 0; p < d->n_places; p++)
        if (is_beside(d->c, d->places[p].like, i))
            return &d->places[p];
    return NULL;
}

static size_t rounds_in(const struct lb_compare_unit *u, int regime)
{
    size_t n = 0;

    for (size_t k = 0; k < u->n; k++)
        n += u->samples[k].regime == regime;
    return n;
}

/* Whether the run has anything to say of the regime at that placement. */
static bool speaks(const struct lb_compare *c, const struct place *p, size_t r, int regime)
{
    for (size_t i = 0; i < c->n_cases; i++)
        if (p->belongs[i] && !c->cases[i].reference &&
            rounds_in(&c->cases[i].units[r], regime) >= LB_COMPARE_ROUNDS)
            return true;
    return false;
}

static int last_regime(const struct lb_compare *c, const struct place *p)
{
    int last = 0;

    for (size_t i = 0; i < c->n_cases; i++)
        if (p->belongs[i] && lb_compare_last_regime(c, i) > last)
            last = lb_compare_last_regime(c, i);
    return last;
}

/* The regime in which most runs have a say; of equals the one with most rounds. */
static int choose_regime(const struct lb_compare *c, const struct place *p)
{
    size_t best_runs = 0, best_rounds = 0;
    int best = 0;

    for (int regime = 0; regime <= last_regime(c, p); regime++) {
        size_t runs = 0, rounds = 0;
        for (size_t r = 0; r < c->n_runs; r++)
            runs += speaks(c, p, r, regime);
        for (size_t i = 0; i < c->n_cases; i++)
            for (size_t r = 0; p->belongs[i] && r < c->n_runs; r++)
                rounds += rounds_in(&c->cases[i].units[r], regime);
        if (runs > best_runs || (runs == best_runs && rounds > best_rounds)) {
            best_runs = runs;
            best_rounds = rounds;
            best = regime;
        }
    }
    return best;
}

static int fill_place(struct desk *d, struct place *p)
{
    size_t n = 0;
    int err = 0;

    p->belongs = calloc(d->c->n_cases, sizeof *p->belongs);
    p->trips = calloc(d->c->n_runs, sizeof *p->trips);
    p->trip = calloc(d->c->n_runs, sizeof *p->trip);
    if (!p->belongs || !p->trips || !p->trip)
        return -ENOMEM;
    for (size_t i = 0; i < d->c->n_cases; i++)
        p->belongs[i] = is_beside(d->c, p->like, i);
    p->regime = choose_regime(d->c, p);
    for (size_t r = 0; !err && r < d->c->n_runs; r++) {
        p->trip[r] = NAN;
        if ((err = lb_repeat_trips(d->c, p->belongs, r, p->regime, &p->trips[r])) ||
            !p->trips[r].n || !speaks(d->c, p, r, p->regime))
            continue;
        lb_stats_median(p->trips[r].ns, p->trips[r].n, &p->trip[r]);
        p->reference += p->trip[r];
        n++;
    }
    p->reference = n ? p->reference / (double)n : NAN;
    return err;
}

static int find_places(struct desk *d)
{
    int err = 0;

    d->places = calloc(d->c->n_cases + 1, sizeof *d->places);
    if (!d->places)
        return -ENOMEM;
    for (size_t i = 0; !err && i < d->c->n_cases; i++) {
        if (place_of(d, i) || d->c->cases[i].reference)
            continue;
        struct place *p = &d->places[d->n_places++];
        p->like = i;
        err = fill_place(d, p);
    }
    return err;
}

/* The loop of nothing that belongs to the case, -1: there is none. */
static int empty_of(const struct lb_compare *c, size_t i)
{
    static const enum lb_key same[] = {LB_KEY_SUITE, LB_KEY_PLACEMENT, LB_KEY_DISTANCE,
                                       LB_KEY_THREADS, LB_KEY_WORK_NS};
    const char *name = lb_scenarios[LB_SCENARIO_EMPTY].name;

    for (size_t j = 0; j < c->n_cases; j++) {
        bool fits = !strcmp(c->cases[j].cells[LB_KEY_SCENARIO], name);
        for (size_t k = 0; fits && k < LB_COUNT(same); k++)
            fits = !strcmp(c->cases[i].cells[same[k]], c->cases[j].cells[same[k]]);
        if (fits)
            return (int)j;
    }
    return -1;
}

/* A role that a clock paces times its ops one by one, and nothing is taken off. */
static bool is_paced(const struct lb_compare *c, size_t i)
{
    for (size_t r = 0; *c->cases[i].cells[LB_KEY_EVERY] && r < c->n_runs; r++)
        if (c->cases[i].units[r].n_rates > 0)
            return true;
    return false;
}

/* One number a run into d->figures, and all rounds with their round trips. */
static int gather(struct desk *d, size_t i, int other, const struct place *p, size_t *n_runs,
                  size_t *n_all)
{
    struct lb_estimate e;
    int err = 0;

    *n_runs = *n_all = 0;
    for (size_t r = 0; !err && r < d->c->n_runs; r++) {
        lb_repeat_rounds(d->c, (int)i, other, r, p->regime, &p->trips[r], &d->rounds);
        if (d->rounds.n < LB_COMPARE_ROUNDS ||
            (err = lb_stats_location(d->rounds.y, d->rounds.n, 0.95, NULL, &e)))
            continue;
        d->figures[*n_runs] = e.value;
        d->trips[(*n_runs)++] = p->trip[r];
        if (!p->trips[r].n)
            continue;
        memcpy(d->all_y + *n_all, d->rounds.y, d->rounds.n * sizeof *d->all_y);
        memcpy(d->all_trip + *n_all, d->rounds.trip, d->rounds.n * sizeof *d->all_trip);
        *n_all += d->rounds.n;
    }
    return err;
}

static int repeat_one(struct desk *d, size_t i, int other, struct lb_repeated *repeated)
{
    const struct place *p = place_of(d, i);
    size_t n_runs, n_all;
    int err = gather(d, i, other, p, &n_runs, &n_all);

    if (err)
        return err;
    repeated->raw = repeated->adjusted = spread_of(d->figures, n_runs);
    repeated->on_trip = (struct lb_slope){NAN, NAN};
    if (n_all && (err = lb_stats_slope(d->all_trip, d->all_y, n_all, &repeated->on_trip)))
        return err;
    repeated->depends = fabs(repeated->on_trip.t) >= LB_SLOPE_SEEN;
    if (!repeated->depends)
        return 0;
    for (size_t r = 0; r < n_runs; r++)
        d->figures[r] -= repeated->on_trip.slope * (d->trips[r] - p->reference);
    repeated->adjusted = spread_of(d->figures, n_runs);
    return 0;
}

static int repeat_case(struct desk *d, size_t i)
{
    struct lb_repeat_case *k = &d->repeat->cases[d->repeat->n_cases];
    int empty = empty_of(d->c, i), base = d->c->cases[i].base, err;

    k->cells = (const char *const *)d->c->cases[i].cells;
    k->regime_ns = place_of(d, i)->reference;
    if (is_paced(d->c, i))
        empty = -1;
    else if (empty < 0)
        k->net.raw = k->net.adjusted = spread_of(NULL, 0);
    if ((empty >= 0 || is_paced(d->c, i)) && (err = repeat_one(d, i, empty, &k->net)))
        return err;
    k->difference.raw = k->difference.adjusted = spread_of(NULL, 0);
    if (base >= 0 && (err = repeat_one(d, i, base, &k->difference)))
        return err;
    d->repeat->n_cases++;
    return 0;
}

static int fill_cases(struct desk *d)
{
    size_t longest = 1, all;
    int err = 0;

    for (size_t i = 0; i < d->c->n_cases; i++)
        for (size_t r = 0; r < d->c->n_runs; r++)
            longest = d->c->cases[i].units[r].n > longest ? d->c->cases[i].units[r].n : longest;
    all = longest * d->c->n_runs;
    d->room = calloc(2 * (longest + all + d->c->n_runs), sizeof *d->room);
    d->repeat->cases = calloc(d->c->n_cases + 1, sizeof *d->repeat->cases);
    if (!d->room || !d->repeat->cases)
        return -ENOMEM;
    d->rounds = (struct lb_rounds){d->room, d->room + longest, 0};
    d->all_y = d->room + 2 * longest;
    d->all_trip = d->all_y + all;
    d->figures = d->all_trip + all;
    d->trips = d->figures + d->c->n_runs;
    for (size_t i = 0; !err && i < d->c->n_cases; i++)
        if (!d->c->cases[i].reference)
            err = repeat_case(d, i);
    return err;
}

/* Which runs met, in the regime of the first placement. */
static void describe_runs(const struct desk *d)
{
    struct lb_repeat *repeat = d->repeat;
    const struct place *p = d->places;
    size_t together = 0;

    for (size_t r = 0; r < repeat->n_runs; r++) {
        struct lb_repeat_run *run = &repeat->runs[r];
        run->regime_ns = p ? p->trip[r] : NAN;
        for (size_t i = 0; i < d->c->n_cases; i++) {
            size_t n = d->c->cases[i].reference || !p->belongs[i]
                           ? 0
                           : rounds_in(&d->c->cases[i].units[r], p->regime);
            run->rounds = n > run->rounds ? n : run->rounds;
        }
        together += run->rounds >= LB_COMPARE_ROUNDS;
    }
    repeat->pairs = repeat->n_runs * (repeat->n_runs - 1) / 2;
    repeat->pairs_together = together ? together * (together - 1) / 2 : 0;
}

static void choose_work(struct lb_repeat *repeat)
{
    repeat->work_ns = 0;
    for (size_t i = 0; i < repeat->n_cases; i++) {
        double work = strtod(repeat->cases[i].cells[LB_KEY_WORK_NS], NULL);
        if (work == LB_WORK_HEADLINE_NS) {
            repeat->work_ns = work;
            return;
        }
        repeat->work_ns = fmax(repeat->work_ns, work);
    }
}

static void finish_desk(struct desk *d)
{
    for (size_t p = 0; p < d->n_places; p++) {
        for (size_t r = 0; d->places[p].trips && r < d->c->n_runs; r++) {
            free(d->places[p].trips[r].round);
            free(d->places[p].trips[r].ns);
        }
        free(d->places[p].trips);
        free(d->places[p].trip);
        free(d->places[p].belongs);
    }
    free(d->places);
    free(d->room);
}

static int fill(struct lb_repeat *repeat, const char *const *paths, size_t n, const char *baseline,
                struct lb_why *why)
{
    struct lb_compare_request q = {.paths = {paths, NULL}, .n_paths = {n, 0}, .baseline = baseline};
    struct desk d = {.repeat = repeat};
    bool apart = false;
    int err;

    if (!(repeat->compare = calloc(1, sizeof *repeat->compare)) ||
        !(repeat->runs = calloc(n, sizeof *repeat->runs)))
        return -ENOMEM;
    repeat->n_runs = n;
    for (size_t r = 0; r < n; r++)
        repeat->runs[r].path = paths[r];
    d.c = repeat->compare;
    if ((err = lb_compare_gather(d.c, &q, &apart, why)))
        return err;
    for (size_t r = 0; r < n; r++)
        if (d.c->runs[r].summary)
            return lb_fail(why, EINVAL, "%s: a summary without samples.csv has no rounds",
                           paths[r]);
    repeat->baseline = d.c->baseline;
    if (!(err = find_places(&d)) && !(err = fill_cases(&d)))
        describe_runs(&d);
    finish_desk(&d);
    if (err)
        return err;
    if (!repeat->n_cases)
        return lb_fail(why, ENODATA, "%s: no layout was measured", paths[0]);
    choose_work(repeat);
    return lb_repeat_decided(repeat, why);
}

int lb_repeat_create(const char *const *paths, size_t n, const char *baseline, struct lb_why *why,
                     struct lb_repeat **result)
{
    struct lb_repeat *repeat;
    int err;

    if (n < 2)
        return lb_fail(why, EINVAL, "repeat: two runs at least");
    repeat = calloc(1, sizeof *repeat);
    err = repeat ? fill(repeat, paths, n, baseline, why) : -ENOMEM;
    if (err == -ENOMEM)
        lb_fail(why, ENOMEM, "repeat: not enough memory");
    if (err) {
        lb_repeat_destroy(repeat);
        return err;
    }
    *result = repeat;
    return 0;
}

void lb_repeat_destroy(struct lb_repeat *repeat)
{
    if (!repeat)
        return;
    lb_compare_destroy(repeat->compare);
    free(repeat->cases);
    free(repeat->runs);
    free(repeat);
}
