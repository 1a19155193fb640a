/* SPDX-License-Identifier: MIT
 *
 * Regimes: round trips that keep to a level, parted at the valleys of their density.
 *
 * The noise of a probe is known from the two around each window, which nearly always see the same
 * distance, whatever the levels are. With it the density of the logarithms is smooth enough that
 * chance makes few peaks, and neighbouring peaks are joined, the weakest claim first, until each
 * valley that is left is seen. No order of time is needed for that; time then tells levels that
 * last from two kinds of lines that are drawn anew for each window.
 */
#include "stats_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAD_TO_SD 1.4826 /* of normal noise */

/* The kernel reaches so many of its widths to either side, in bins of a quarter of one. */
#define KERNEL_WIDTHS  4
#define BINS_PER_WIDTH 4
#define KERNEL_BINS    (KERNEL_WIDTHS * BINS_PER_WIDTH)

/* Windows near a peak, in logarithms, and how many it takes for a noise of their own. */
#define NEAR_PEAK 0.2
#define NEAR_FEW  12

/* Pairs of neighbours in time without which nothing is said of persistence. */
#define PERSISTENCE_FEW 4

struct peak {
    size_t at;    /* bin */
    double noise; /* of the levels near it; 0: not yet known */
};

struct work {
    const struct lb_trips *trips;
    double *level;   /* logarithms */
    double *scratch; /* as long */
    double noise;    /* of a level, over all windows */
    double lo, step; /* bins */
    size_t n_bins;
    double *mass;    /* n_bins + 1: windows below each bin */
    double *density; /* windows a bin, smoothed */
    double blur;     /* bins that a smoothed one stands for */
    struct peak *peaks;
    size_t n_peaks;
    size_t *valleys; /* between peaks i and i + 1 */
    double need;     /* windows of a regime */
};

static double weight_of(const struct lb_trips *t, size_t i)
{
    return t->weight ? t->weight[i] : 1;
}

double lb_stats_probe_noise(const double *change, size_t n)
{
    double *sizes = calloc(n + 1, sizeof *sizes), noise = NAN;
    size_t known = 0;

    for (size_t i = 0; sizes && i < n; i++)
        if (isfinite(change[i]) && change[i] > 0)
            sizes[known++] = fabs(log(change[i]));
    if (known)
        noise = fmax(MAD_TO_SD * lb_stats_select(sizes, known, known / 2) / M_SQRT2,
                     LB_REGIME_NOISE_LEAST * M_SQRT2);
    free(sizes);
    return noise;
}

double lb_stats_probes_agree(double noise)
{
    return fmin(exp(LB_REGIME_AGREE_SD * M_SQRT2 * noise), LB_REGIME_AGREE_MOST);
}

/* Noise of the levels within `width` of `about`: half of what the two probes of a window differ by,
 * or without those what neighbours in time do. 0: from too few. */
static double noise_about(struct work *w, double about, double width, size_t fewest)
{
    const struct lb_trips *t = w->trips;
    double least = LB_REGIME_NOISE_LEAST;
    size_t n = 0;

    for (size_t i = 0; t->change && i < t->n; i++)
        if (fabs(w->level[i] - about) < width && isfinite(t->change[i]) && t->change[i] > 0)
            w->scratch[n++] = fabs(log(t->change[i]));
    if (n && n >= fewest)
        return fmax(least, MAD_TO_SD * lb_stats_select(w->scratch, n, n / 2) / 2);
    if (t->change && n)
        return 0;
    for (size_t i = n = 0; i + 1 < t->n; i++)
        if (fabs(w->level[i] - about) < width && fabs(w->level[i + 1] - about) < width)
            w->scratch[n++] = fabs(w->level[i + 1] - w->level[i]);
    if (t->weight || !n || n < fewest) /* rows of a summary are no sequence */
        return t->weight ? least : 0;
    return fmax(least, MAD_TO_SD * lb_stats_select(w->scratch, n, n / 2) / M_SQRT2);
}

static int make_bins(struct work *w)
{
    double lo = INFINITY, hi = -INFINITY, n = 0, width;

    for (size_t i = 0; i < w->trips->n; i++) {
        lo = fmin(lo, w->level[i]);
        hi = fmax(hi, w->level[i]);
        n += weight_of(w->trips, i);
    }
    w->need = fmax(LB_REGIME_FEW, LB_REGIME_SHARE * n);
    width = fmax(fmax(0.5 * w->noise, LB_REGIME_NOISE_LEAST), 0.6 * w->noise * pow(n / 50, -0.2));
    w->step = width / BINS_PER_WIDTH;
    w->blur = 2 * sqrt(M_PI) * BINS_PER_WIDTH;
    w->lo = lo - (KERNEL_WIDTHS + 1) * width;
    w->n_bins = (size_t)((hi + (KERNEL_WIDTHS + 1) * width - w->lo) / w->step) + 2;
    w->mass = calloc(w->n_bins + 1, sizeof *w->mass);
    w->density = calloc(w->n_bins, sizeof *w->density);
    w->peaks = calloc(w->n_bins, sizeof *w->peaks);
    w->valleys = calloc(w->n_bins, sizeof *w->valleys);
    return w->mass && w->density && w->peaks && w->valleys ? 0 : -ENOMEM;
}

static void smooth(struct work *w)
{
    double kernel[2 * KERNEL_BINS + 1], sum = 0;

    for (int i = -KERNEL_BINS; i <= KERNEL_BINS; i++) {
        double x = (double)i / BINS_PER_WIDTH;
        sum += kernel[i + KERNEL_BINS] = exp(-x * x / 2);
    }
    for (size_t i = 0; i < w->trips->n; i++)
        w->mass[(size_t)((w->level[i] - w->lo) / w->step) + 1] += weight_of(w->trips, i);
    for (size_t b = 0; b < w->n_bins; b++) { /* levels keep off both ends */
        double here = w->mass[b + 1];
        for (size_t i = 0; here > 0 && i <= 2 * KERNEL_BINS; i++)
            w->density[b + i - KERNEL_BINS] += here * kernel[i] / sum;
    }
    for (size_t b = 0; b < w->n_bins; b++)
        w->mass[b + 1] += w->mass[b];
}

/* All peaks, and the lowest point between each and the next. */
static void find_peaks(struct work *w)
{
    const double *f = w->density;
    size_t lowest = 0;

    for (size_t b = 1; b + 1 < w->n_bins; b++) {
        if (f[b] < f[lowest])
            lowest = b;
        if (!(f[b] > f[b - 1] && f[b] >= f[b + 1]))
            continue;
        if (w->n_peaks)
            w->valleys[w->n_peaks - 1] = lowest;
        w->peaks[w->n_peaks++] = (struct peak){.at = b};
        lowest = b;
    }
}

/* Windows on the lighter side of a valley, up to the next ones. */
static double lighter_side(const struct work *w, size_t i)
{
    double from = i ? w->mass[w->valleys[i - 1]] : 0;
    double to = i + 2 < w->n_peaks ? w->mass[w->valleys[i + 1]] : w->mass[w->n_bins];
    double here = w->mass[w->valleys[i]];

    return fmin(here - from, to - here);
}

static double peak_level(const struct work *w, size_t i)
{
    return w->lo + ((double)w->peaks[i].at + 0.5) * w->step;
}

static double valley_level(const struct work *w, size_t i)
{
    return w->lo + ((double)w->valleys[i] + 0.5) * w->step;
}

static double peak_noise(struct work *w, size_t i)
{
    struct peak *p = &w->peaks[i];

    if (!(p->noise > 0))
        p->noise = noise_about(w, peak_level(w, i), NEAR_PEAK, NEAR_FEW);
    if (!(p->noise > 0))
        p->noise = w->noise;
    return p->noise;
}

/* How little stands for a valley: over 2 for a side of too few windows, over 1 for peaks that are
 * too near, else how far it comes up to the lower peak where it is not seen to lie below; 0: all
 * stands for it. */
static double weakness(struct work *w, size_t i, bool by_mass)
{
    double low = fmin(w->density[w->peaks[i].at], w->density[w->peaks[i + 1].at]) * w->blur;
    double valley = w->density[w->valleys[i]] * w->blur, lighter = lighter_side(w, i);
    double apart = peak_level(w, i + 1) - peak_level(w, i), want;

    if (by_mass)
        return lighter < w->need ? 3 - lighter / w->need : 0;
    want = fmax(log(LB_REGIME_APART),
                LB_REGIME_APART_SD * fmax(peak_noise(w, i), peak_noise(w, i + 1)));
    if (apart < want)
        return 1 + want - apart;
    if (valley > LB_REGIME_DEPTH * low || low - valley < LB_REGIME_SEEN_SD * sqrt(low + valley))
        return valley / low + 1e-9;
    return 0;
}

/* Standard errors by which windows follow their own kind more often than by chance, of those on
 * both sides of a valley up to the next ones; NaN: too few to say. */
static double persistence(const struct work *w, size_t i)
{
    double from = i ? valley_level(w, i - 1) : -INFINITY;
    double to = i + 2 < w->n_peaks ? valley_level(w, i + 1) : INFINITY;
    double cut = valley_level(w, i), inside = 0, above = 0, pairs = 0, same = 0;
    int last = -1;

    for (size_t k = 0; k < w->trips->n; k++) {
        int side = w->level[k] <= from || w->level[k] > to ? -1 : w->level[k] > cut;
        inside += side >= 0;
        above += side == 1;
        pairs += side >= 0 && last >= 0;
        same += side >= 0 && side == last;
        last = side;
    }
    if (pairs < PERSISTENCE_FEW)
        return NAN;
    double p = above / inside, chance = p * p + (1 - p) * (1 - p);
    return (same / pairs - chance) / sqrt(fmax(1e-9, chance * (1 - chance) / pairs));
}

/* The valley with least for it, -1: none can go. */
static long worst_valley(struct work *w, bool by_mass)
{
    double worst = 0;
    long found = -1;

    for (size_t i = 0; i + 1 < w->n_peaks; i++) {
        double weak = weakness(w, i, by_mass);
        if (weak > worst) {
            worst = weak;
            found = (long)i;
        }
    }
    return found;
}

static long least_persistent(const struct work *w)
{
    double least = LB_REGIME_PERSISTS_SD;
    long found = -1;

    for (size_t i = 0; !w->trips->weight && i + 1 < w->n_peaks; i++) {
        double z = peak_level(w, i + 1) - peak_level(w, i) < log(LB_REGIME_SURELY)
                       ? persistence(w, i)
                       : INFINITY;
        if (z < least) {
            least = z;
            found = (long)i;
        }
    }
    return found;
}

/* Which of its two valleys a peak loses: the higher one, of two that are empty the nearer one. */
static size_t lost_valley(const struct work *w, size_t gone)
{
    double before, after;

    if (!gone)
        return 0;
    if (gone + 1 == w->n_peaks)
        return gone - 1;
    before = w->density[w->valleys[gone - 1]];
    after = w->density[w->valleys[gone]];
    if (before > after || after > before)
        return before > after ? gone - 1 : gone;
    return w->peaks[gone].at - w->peaks[gone - 1].at <= w->peaks[gone + 1].at - w->peaks[gone].at
               ? gone - 1
               : gone;
}

/* The lower peak of the two goes. */
static void join(struct work *w, size_t i)
{
    const double *f = w->density;
    size_t gone = f[w->peaks[i].at] < f[w->peaks[i + 1].at] ? i : i + 1;
    size_t valley = lost_valley(w, gone);

    memmove(&w->peaks[gone], &w->peaks[gone + 1], (w->n_peaks - gone - 1) * sizeof *w->peaks);
    memmove(&w->valleys[valley], &w->valleys[valley + 1],
            (w->n_peaks - valley - 2) * sizeof *w->valleys);
    w->n_peaks--;
}

static void join_peaks(struct work *w)
{
    long at;

    do {
        at = worst_valley(w, true);
        if (at < 0)
            at = worst_valley(w, false);
        if (at < 0)
            at = least_persistent(w);
        if (at >= 0)
            join(w, (size_t)at);
    } while (at >= 0);
}

static void put_labels(struct work *w, int *label)
{
    for (size_t i = 0; i < w->trips->n; i++) {
        size_t k = 0;
        while (k + 1 < w->n_peaks && w->level[i] > valley_level(w, k))
            k++;
        double most = fmax(log(LB_REGIME_SURELY), LB_REGIME_STRAY_SD * peak_noise(w, k));
        bool stray = fabs(w->level[i] - peak_level(w, k)) > most;
        label[i] = stray ? LB_NO_REGIME : (int)k;
    }
}

static int part(struct work *w, int *label)
{
    int err;

    for (size_t i = 0; i < w->trips->n; i++)
        w->level[i] = log(w->trips->ns[i]);
    w->noise = fmax(LB_REGIME_NOISE_LEAST, noise_about(w, 0, INFINITY, 1));
    if ((err = make_bins(w)))
        return err;
    smooth(w);
    find_peaks(w);
    join_peaks(w);
    put_labels(w, label);
    return 0;
}

int lb_stats_regimes(const struct lb_trips *trips, int *label, int *n_regimes)
{
    struct work w = {.trips = trips};
    int err = -ENOMEM;

    if (!trips->n)
        return -ENODATA;
    for (size_t i = 0; i < trips->n; i++)
        if (!isfinite(trips->ns[i]) || trips->ns[i] <= 0 || !(weight_of(trips, i) > 0) ||
            !isfinite(weight_of(trips, i)))
            return -EDOM;
    w.level = calloc(trips->n, sizeof *w.level);
    w.scratch = calloc(trips->n, sizeof *w.scratch);
    if (w.level && w.scratch)
        err = part(&w, label);
    free(w.level);
    free(w.scratch);
    free(w.mass);
    free(w.density);
    free(w.peaks);
    free(w.valleys);
    if (!err)
        *n_regimes = (int)w.n_peaks;
    return err;
}
