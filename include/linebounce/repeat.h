/* SPDX-License-Identifier: MIT
 *
 * repeat: how well runs of one program on one machine repeat.
 *
 * Each figure of a run is one number (the Hodges-Lehmann estimate over its rounds in one regime),
 * and what is reported is how far those numbers lie apart between runs. Much of it is the distance:
 * a run is given other lines, whose round trip differs by a few per cent, and what contended ops
 * cost goes along. So where a case is seen to depend on the round trip, over the rounds of all
 * runs, its figures stand there a second time, as they would be at the round trip of reference: the
 * mean of the runs'.
 */
#ifndef LINEBOUNCE_REPEAT_H
#define LINEBOUNCE_REPEAT_H

#include <linebounce/record.h>
#include <linebounce/stats.h>

#include <stdbool.h>
#include <stddef.h>

LB_BEGIN_C

/* Of one figure, over the runs that have it. */
struct lb_spread {
    size_t runs;
    double mean;
    double sd;    /* between runs; NaN below two */
    double worst; /* of all pairs of runs, the farthest two: how far apart; NaN below two */
};
/* Coefficient of variation, sd over |mean|; NaN where unknown. */
double lb_spread_cv(const struct lb_spread *spread);

/* A figure as it was measured, and at the round trip of reference. */
struct lb_repeated {
    struct lb_spread raw, adjusted;
    struct lb_slope on_trip; /* ns per ns of round trip */
    bool depends;            /* |t| is at least LB_SLOPE_SEEN; else adjusted is raw */
};

struct lb_repeat_case {
    const char *const *cells;      /* LB_KEYS of them; the repeat's */
    double regime_ns;              /* the round trip of reference; NaN where there is none */
    struct lb_repeated net;        /* ns; of a role that a clock paces the time of its ops */
    struct lb_repeated difference; /* to the baseline, in the same rounds */
};

struct lb_repeat_run {
    const char *path;
    size_t rounds;    /* of the case that has most, in the regime compared */
    double regime_ns; /* median round trip, of the first placement */
    size_t decided;   /* comparisons of the headline that ended with a verdict */
};

struct lb_repeat {
    struct lb_repeat_run *runs;
    size_t n_runs;
    struct lb_repeat_case *cases; /* layouts only, in order of suite, scenario, layout */
    size_t n_cases;
    double work_ns;        /* the headline's: LB_WORK_HEADLINE_NS, or the longest that there is */
    size_t asked;          /* comparisons of the headline that any run made */
    double decided_median; /* over runs; NaN where none was asked */
    size_t pairs, pairs_together; /* of runs; those that have a regime in common */
    const char *baseline;
    struct lb_compare *compare; /* what was read */
};

/* Folders of two runs or more, with samples.csv and summary.csv. baseline NULL: as recorded.
 * Errors as lb_compare_create; -EINVAL: fewer than two, or summaries without windows. */
int lb_repeat_create(const char *const *paths, size_t n, const char *baseline, struct lb_why *why,
                     struct lb_repeat **repeat);
void lb_repeat_destroy(struct lb_repeat *repeat);

/* Writes DIR/repeat.csv, one row a case, and DIR/repeat.json, of the whole. */
extern const struct lb_schema lb_schema_repeat;
int lb_repeat_write(const struct lb_repeat *repeat, const char *dir, struct lb_why *why);

LB_END_C

#endif
