/* SPDX-License-Identifier: MIT
 *
 * What the files of the compare stage share.
 */
#ifndef LB_COMPARE_PRIVATE_H
#define LB_COMPARE_PRIVATE_H

#include <linebounce/compare.h>

/* Rounds that a run needs to have a say: no 95 % interval exists below. */
#define LB_COMPARE_ROUNDS 6

/* One round of a case: the mean over a roaming layout's windows. Of a summary, one row. */
struct lb_compare_sample {
    float ns, fair;
    uint32_t round;
    uint32_t phases; /* windows in it; of a summary, rounds in the row */
    int regime;      /* 0 where no round trip is known; LB_NO_REGIME */
};

/* What a row of summary.csv says besides. */
struct lb_compare_digest {
    double log_ns, log_ratio;
    char *base; /* layout of the ratio */
};

/* What one run measured of one case. */
struct lb_compare_unit {
    struct lb_compare_sample *samples;
    float *probes;  /* n_links a sample: round trips between neighbours in the ring */
    float *changes; /* the ones after it over the ones before; of a summary, NaN */
    struct lb_compare_digest *digests; /* of a summary, one a sample */
    size_t n, room;
    double rates, n_rates; /* sum over so many windows: lb_compare_add_rate */
    int n_links;           /* -1: not yet known */
    uint32_t phases;
    struct {
        bool open;
        uint32_t round, n;
        double ns, fair;
        float *before, *after;
    } pending;
};

/* A hash table of cases, at most half full. */
struct lb_compare_index {
    size_t *slots; /* SIZE_MAX: free */
    size_t n;
};

/* All up to the judging: runs read, cases arranged, samples labelled by regime. */
int lb_compare_gather(struct lb_compare *c, const struct lb_compare_request *q, bool *apart,
                      struct lb_why *why);

/* Reads run number r into the cases, which the index finds; its slots are freed by the caller. */
int lb_compare_read(struct lb_compare *c, size_t r, struct lb_compare_index *index,
                    struct lb_why *why);
void lb_compare_unit_finish(struct lb_compare_unit *unit);
/* The mean over the links of a sample's ring, NaN where it has none. */
double lb_compare_trip(const struct lb_compare_unit *unit, size_t sample);
/* The last regime that any run has of the case; 0 without one. */
int lb_compare_last_regime(const struct lb_compare *c, size_t i);

/* Matches what is left over by distance, sorts, and finds each case's base. */
int lb_compare_arrange(struct lb_compare *c);
/* Where the cases end that differ from case `from` in no more than layout, lock, offset and role:
 * they stand together. */
size_t lb_compare_table_end(const struct lb_compare *c, size_t from);
void lb_compare_case_finish(struct lb_compare *c, size_t i);
/* Which sides measured it: "ab", "a" or "b". */
const char *lb_compare_sides(const struct lb_compare_case *k);

/* Labels all samples by the regimes of round trips; sides apart where their processors differ. */
int lb_compare_regimes(struct lb_compare *c, bool apart);

/* What the runs of a side say of a case: the logarithms of their medians. */
struct lb_compare_heard {
    double mean, square; /* and their variance, NaN below two runs */
    size_t runs;
};

/* B less A in logarithms. */
struct lb_compare_interval {
    double value, lo, hi;
    double p; /* of lying beyond +-margin, two-sided */
};
/* Welch's, each side's variance moderated by its prior. -ENODATA below two runs a side, and where
 * no run differs from another. */
int lb_compare_interval(const struct lb_compare_heard side[2], const struct lb_prior prior[2],
                        double margin, struct lb_compare_interval *interval);

/* Adds what an ok row says of the rate of its role, for so many windows. */
void lb_compare_add_rate(const struct lb_csv_reader *csv, bool summary, double windows,
                         struct lb_compare_unit *unit);
/* Sets the sides' rates of all cases. */
void lb_compare_rates(struct lb_compare *c);
/* Whether a role of the case came at rates that differ. */
bool lb_compare_rates_apart(const struct lb_compare *c, size_t i);

/* Judges every case. `apart`: each side in its own regime. */
int lb_compare_judge(struct lb_compare *c, const struct lb_margin *margin, bool apart);

/* Reads the run.json beside each run's file: differences, warnings, the recorded baseline. */
int lb_compare_records(struct lb_compare *c, bool *apart, struct lb_why *why);
int lb_compare_warn(struct lb_compare *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
