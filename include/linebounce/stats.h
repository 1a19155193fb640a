/* SPDX-License-Identifier: MIT
 *
 * stats: pure arithmetic on samples. No I/O, no state; scratch memory is freed before return.
 *
 * Samples are ns (or any other unit: the result has the unit of the input). NaN and infinities are
 * refused with -EDOM, no samples with -ENODATA, missing memory with -ENOMEM, a confidence outside
 * (0, 1), a factor of at most 1 or a negative margin with -EINVAL.
 */
#ifndef LINEBOUNCE_STATS_H
#define LINEBOUNCE_STATS_H

#include <linebounce/base.h>

#include <stdbool.h>

LB_BEGIN_C

/* One case on its own. */
struct lb_summary {
    size_t n;
    double median;
    double lo, hi; /* confidence interval of the median from order statistics (binomial); NaN where
                      none exists: below 6 samples at 95 % */
    double mad;    /* median absolute deviation, not scaled */
    double min, max;
};
int lb_stats_summary(const double *x, size_t n, double confidence, struct lb_summary *summary);

/* Median of n > 0 samples; the mean of the middle two when n is even. */
int lb_stats_median(const double *x, size_t n, double *median);

/* Fairness of n > 0 non-negative shares: Jain's index (sum x)^2 / (n sum x^2), in [1/n, 1], and
 * min/max. Both are 1 for a single share, NaN when all shares are 0. */
double lb_stats_jain(const double *x, size_t n);
double lb_stats_min_over_max(const double *x, size_t n);

/* How far two rates lie apart, 0..1: x of n on either side, such as spoiled windows of all tried. 0
 * while the distance is within three standard errors, and where a side has nothing (n 0): with
 * twenty windows a side, rates that are the same differ by ten points by chance alone, and a run
 * has near a hundred pairs. The errors are
 * those of (x + 1) / (n + 2) (Agresti and Caffo 2000), since a side without a spoiled window would
 * otherwise claim to know its rate exactly. */
double lb_stats_rate_gap(size_t x_a, size_t n_a, size_t x_b, size_t n_b);
/* Whether they differ by more than chance and more than LB_RATE_GAP_MOST: then what was left out
 * differs between the two sides, and no verdict may rest on the rest. */
#define LB_RATE_GAP_MOST 0.10
bool lb_stats_rates_differ(size_t x_a, size_t n_a, size_t x_b, size_t n_b);

/* Lag-1 autocorrelation of the samples in their order; 0 below 3 samples or without variance. */
double lb_stats_lag1(const double *x, size_t n);

/* Correlation between rounds, of several series that were measured in the same ones: the paired
 * differences of a scenario. All zero is empty. */
struct lb_pool {
    double series, rounds;
    double products, squares; /* of neighbours' scores (ranks about the centre), and of each */
    double blocks;            /* variance of the sums of scores that blocks of rounds show */
    double variances;         /* of the series, summed */
    double covariances;       /* of neighbours in time, likewise */
};
/* Adds a series, in round order; one of fewer than 6 rounds adds nothing. */
int lb_stats_pool(const double *d, size_t n, struct lb_pool *pool);

enum lb_stats_method {
    LB_STATS_SIGNED_RANK, /* Hodges-Lehmann estimate, interval by inverting Wilcoxon's test */
    LB_STATS_BLOCKS,      /* the same, widened by the variance of blocks of rounds */
};

/* A location estimate of paired samples (differences, or logarithms of ratios). */
struct lb_estimate {
    size_t n;
    double value, lo, hi;
    double mean; /* beside it: what all rounds come to, slow ones included */
    /* More than LB_HUMPS_SHARE of the samples lie over LB_HUMPS_MAD median absolute deviations from
     * the estimate: two humps. Then it may be far from the mean, and jump from one to the other. */
    bool humped;
    double lag1;
    enum lb_stats_method method;
};
/* Of normal noise 4 % lie beyond, of Student's t with 2 degrees 13 %. */
#define LB_HUMPS_MAD   3
#define LB_HUMPS_SHARE 0.25

/* Hodges-Lehmann estimate (median of the Walsh averages) of the centre of d[0..n), in round order.
 * The interval inverts the signed-rank test (exact distribution up to 60 samples, normal
 * approximation beyond). Where the lag-1 correlation of the scores, after the correction of its
 * bias (n * lag1 + 1) / (n - 3), exceeds what white noise has, by one standard error in the pool
 * (NULL: none) or by two in the series itself, that interval is widened about the estimate by what
 * blocks of rounds show: the exact variance of a moving-block bootstrap of the scores (blocks of
 * the least b with b^3 >= n rounds), Student's t; never narrowed. There, and where the samples have
 * two humps, it is the least that holds the interval of the mean too, which is given no less than
 * the pool's spread: rounds that came in states that last may by luck have seen one alone. Below 6
 * samples, or where the confidence is out of reach of n, the interval is infinite on both sides
 * (nothing can be claimed). Any n: the averages are counted, not stored, in O(n log n). */
int lb_stats_location(const double *d, size_t n, double confidence, const struct lb_pool *pool,
                      struct lb_estimate *estimate);

/* One-sided p value for "the centre of d is not above `bound`", by the method that
 * lb_stats_location would choose: small when d lies clearly above the bound, at most 0.025 exactly
 * when the 95 % interval lies above it. Averages equal to the bound (zeros, ties) count as not
 * above. 1 below 6 samples, and where a pool shows that all are worth no more than that. */
int lb_stats_p_above(const double *d, size_t n, double bound, const struct lb_pool *pool,
                     double *p);

/* A series that was put in order once: what it shows goes into a pool, and the pool into what is
 * said of it. On the heap; drop it after use (NULL-safe). */
struct lb_location;
int lb_stats_locate(const double *d, size_t n, struct lb_location **location);
void lb_stats_location_drop(struct lb_location *location);
void lb_stats_pool_location(const struct lb_location *location, struct lb_pool *pool);
/* lb_stats_location at 95 %, and the smaller of the one-sided p values for a centre above `bound`
 * and for one below it: how surely it is told on which side the centre lies. */
int lb_stats_beside(struct lb_location *location, double bound, const struct lb_pool *pool,
                    struct lb_estimate *estimate, double *p);

/* A straight line through n points in order of time, by least squares. */
struct lb_slope {
    double slope; /* of y per unit of x */
    double t;     /* over its standard error, which allows for correlation between neighbours; NaN
                     below 6 points and where x does not vary */
};
/* Whether a dependence is seen: |t| of at least so much. Of a hundred cases that do not depend one
 * in four runs shows one by chance. */
#define LB_SLOPE_SEEN 3.0
int lb_stats_slope(const double *x, const double *y, size_t n, struct lb_slope *slope);

/* Sum over sum: counts per op, or ops that something holds for among all. */
struct lb_rate {
    size_t n;
    double value;
    double lo, hi; /* 95 % interval; NaN where one window counted anything */
};
/* Of n windows with counts[i] in ops[i]. The interval is that of a ratio estimate (delta method)
 * over windows, with Student's t: what a window counts scatters more than chance, by a factor of 8
 * in recorded slow ops, which an interval for pooled ops does not know. Windows that agree to the
 * last count have none to speak of: lo and hi are the value. Of a count of 0 the upper end is 3 /
 * sum of ops (rule of three). -ENODATA of none, -EDOM for counts below 0 or ops not above. */
int lb_stats_rate(const double *counts, const double *ops, size_t n, struct lb_rate *rate);

/* What a winner has to exceed. Both have to be exceeded: a difference counts when it lies beyond
 * `ns` AND beyond `share` of the baseline's ns_op. 2 ns and 2 % are the defaults: an interval that
 * merely excludes "equal" was wrong in 10 % of A/A trials, and published comparisons call less than
 * 2 % noise. */
struct lb_margin {
    double ns;
    double share;
};
#define LB_MARGIN_NS    2.0
#define LB_MARGIN_SHARE 0.02

/* Fewest pairs before the first look; then looks come at 30, 45, ... (each 1.5 times the last). */
#define LB_FIRST_LOOK 20
/* The first look at or above n pairs. */
size_t lb_stats_look(size_t n);

/* Fewest pairs of `not slower`: the interval is exact from 6 on, but wide. */
#define LB_FEWEST_NOT_SLOWER 12

enum lb_verdict {
    LB_VERDICT_UNRESOLVED,
    LB_VERDICT_SAME,
    LB_VERDICT_FASTER,
    LB_VERDICT_SLOWER,
    LB_VERDICT_NOT_SLOWER, /* the interval ends below the margin: same or faster */
    LB_VERDICTS,
};
const char *lb_verdict_name(enum lb_verdict verdict);

/* A layout against the baseline: samples of the same rounds, in round order. */
struct lb_pair {
    const double *base_ns_op, *ns_op; /* both n long */
    size_t n;
    double min_over_max; /* the lower of the two medians of min/max of ops; below 0.5 is unfair */
    double spoiled_gap; /* lb_stats_rate_gap of spoiled windows; no verdict over LB_RATE_GAP_MOST */
    const struct lb_pool *pool; /* of the differences of its scenario; NULL: none */
};

struct lb_comparison {
    struct lb_estimate ratio;      /* ns_op over the baseline's, from logarithms */
    struct lb_estimate difference; /* ns; the same for ns_op and net_ns_op */
    double margin_ns;              /* max(margin.ns, margin.share * median of base_ns_op) */
    double p;      /* twice the smaller of the one-sided p values beyond +margin and -margin */
    double p_holm; /* after lb_stats_holm: p adjusted for all that are judged; NaN: it is not */
    enum lb_verdict verdict;
    double min_over_max; /* of the pair */
    bool unfair; /* a faster or slower that rests on unfair shares of ops: min_over_max < 0.5 */
    const char *no_verdict; /* why the verdict is withheld (static text), or NULL */
    bool few; /* that it rests on fewer than LB_FIRST_LOOK pairs is all that stands against it */
};

/* Estimates and p value of one pair; the verdict is LB_VERDICT_UNRESOLVED and p_holm is p until
 * lb_stats_holm. Costs that are not positive have no ratio: -EDOM. */
int lb_stats_compare(const struct lb_pair *pair, const struct lb_margin *margin,
                     struct lb_comparison *comparison);

/* Verdicts of all n pairs of a run. `faster` or `slower` when the 95 % interval of the difference
 * lies wholly beyond the margin, that of the ratio on the same side of 1, and p, corrected by Holm
 * over all pairs that may have a winner, is at most 0.01; `same` when the interval lies wholly
 * inside; `not slower` when it ends below +margin, from LB_FEWEST_NOT_SLOWER pairs on; otherwise,
 * or where no_verdict is set, `unresolved`. Winners and `same` want LB_FIRST_LOOK pairs. `same` and
 * `not slower` are not corrected: of pairs that differ by the margin 2.5 % get one. A pair that has
 * too few pairs for all but `not slower` loses no_verdict where it is that. 0 pairs are none to
 * judge and no error. Calling it again, with more pairs too, is allowed. */
int lb_stats_holm(struct lb_comparison *comparisons, size_t n);

/* Whether a case's interval is narrow enough to stop. `net` is its net_ns_op, half the half-width
 * of the difference's interval: at work > 0 half <= max(precision_ns, 5 % of |net|), at work 0 half
 * <= 3 % of ns_op. */
bool lb_stats_precise(double half, double net, double ns_op, double work_ns, double precision_ns);

/* A variance with its degrees of freedom, as if it had been seen besides: 0 of them say nothing. */
struct lb_prior {
    double square, df;
};
/* Below so many cases their variances say nothing of each other. */
#define LB_PRIOR_FEWEST 3
/* What n variances of df[i] > 0 degrees say of cases of their kind, which have a variance each,
 * drawn from a scaled inverse chi square: fitted to the mean and the variance of their logarithms
 * (Smyth 2004, section 6.2), with no more degrees than they have together. A case's own s^2 of d
 * degrees becomes (df square + d s^2) / (df + d) with df + d degrees. Variances of 0 are left out.
 */
struct lb_prior lb_stats_prior(const double *squares, const double *df, size_t n);

/* The p value of lb_stats_beside beside the margin from which on a look takes the verdict of one of
 * n pairs for settled, so that its time goes to pairs that are not. To stop at the first look at
 * which a 95 % interval happens to clear the margin would make false verdicts more likely with
 * every look; at one in 20,000 a look (Haybittle 1971, Peto and others 1976) all looks of a run
 * together add less than 0.2 % to the 2.5 % of the last interval, which alone gives the verdict.
 * Small enough too that Holm's correction over n pairs takes no winner back. */
#define LB_SETTLED_P 5e-5
double lb_stats_settled_p(size_t n);

/* Means of `k` quantities of the same n rounds (n rows of k), and of LB_STATS_REPLICATES resamples
 * of these rounds, replicate by replicate: moving blocks of the cube root of n, round the end
 * (Kuensch 1989; Politis and Romano 1992), so that what adds up in each round adds up in each
 * replicate. `mean` holds k, `means` LB_STATS_REPLICATES x k. The same seed gives the same. */
#define LB_STATS_REPLICATES 2000
int lb_stats_bootstrap(const double *rows, size_t n, size_t k, uint64_t seed, double *mean,
                       double *means);
/* The 95 % percentile interval of LB_STATS_REPLICATES finite values, which it sorts. */
void lb_stats_interval(double *replicates, double *lo, double *hi);

/* A weighted sum of means: a step from one to the next is -1 and +1. */
struct lb_weighted {
    double value, lo, hi; /* with its 95 % interval */
    double p;             /* that it is 0, two-sided, by the replicates' standard deviation */
    double p_holm;        /* p until lb_stats_holm_of */
};
/* m of them (m rows of k weights) by lb_stats_bootstrap: one bootstrap for all, so that the sums of
 * steps are the sums of their estimates. */
int lb_stats_contrasts(const double *rows, size_t n, size_t k, const double *weights, size_t m,
                       uint64_t seed, struct lb_weighted *results);
/* Holm's correction over all m, which are put in order of p. */
void lb_stats_holm_of(struct lb_weighted **results, size_t m);

/* Regimes ------------------------------------------------------------------------------------- */

/* Round trips of one line between the same two CPUs, in order of time. Where a hypervisor moves a
 * virtual CPU they keep to another level, for seconds or minutes; a level is a regime. */
struct lb_trips {
    const double *ns; /* of two probes around a window their geometric mean */
    /* The probe after the window over the one before; NaN unknown. NULL: none is known, and the
     * noise is what neighbours in time differ by. */
    const double *change;
    const double *weight; /* windows that each stands for, as rows of a summary do; NULL: 1 */
    size_t n;
};

/* No level is told to less than 1.2 %: that of a probe's clock and of its few lines. */
#define LB_REGIME_NOISE_LEAST 0.012
/* A regime holds at least so many windows, and this share of all: what is rarer is a probe that was
 * disturbed, or too little for an interval. */
#define LB_REGIME_FEW   5
#define LB_REGIME_SHARE 0.02
/* Levels lie at least this factor apart (62 and 87 ns were seen on one machine; lines of one
 * distance differ by 15 % from their own mean), and three times their noise. */
#define LB_REGIME_APART    1.15
#define LB_REGIME_APART_SD 3
/* Between them the density comes down to half of the lower peak, by two standard errors. */
#define LB_REGIME_DEPTH   0.5
#define LB_REGIME_SEEN_SD 2
/* Nearer than this factor a level also has to last: windows follow their own kind more often than
 * by chance, by 2.5 standard errors. Lucky and unlucky lines (75 and 97 ns at one distance), drawn
 * anew for each window, do not. */
#define LB_REGIME_SURELY      1.7
#define LB_REGIME_PERSISTS_SD 2.5
/* A window that lies farther than that factor, and five times the noise, from the level of its
 * regime belongs to none. */
#define LB_REGIME_STRAY_SD 5
#define LB_NO_REGIME       (-1)

/* Parts round trips into regimes, in O(n): the density of their logarithms is smoothed by half of
 * their noise, which the changes show (most windows see no move), and neighbouring peaks are
 * joined, shallowest valley first, until each valley left fulfils all of the above. label[i] is the
 * regime of ns[i], numbered by rising round trip, or LB_NO_REGIME; *n_regimes is at least 1. In
 * simulations it finds the right number in 95 to 100 % of scenes of 40 to 100,000 windows: one
 * level with noise of 3 to 12 %, drifts, lucky lines, 62/87 at 3 to 5 %, 60/120, 57/85/320.
 * -EDOM also for round trips and weights that are not positive. */
int lb_stats_regimes(const struct lb_trips *trips, int *label, int *n_regimes);

/* Relative standard deviation of one probe, from changes as above; NaN where none is known. */
double lb_stats_probe_noise(const double *change, size_t n);
/* Two probes of one distance differ by at most this factor: 3.5 standard deviations of what they
 * differ by. However noisy they are, at a factor of 2 the distance has changed. */
#define LB_REGIME_AGREE_SD   3.5
#define LB_REGIME_AGREE_MOST 2.0
double lb_stats_probes_agree(double noise);

LB_END_C

#endif
