/* SPDX-License-Identifier: MIT
 *
 * compare: result folders of two sides (builds, kernels, machines), case by case.
 *
 * Between runs of one program, times differed by 20 % at an unchanged clock. A ratio within a run
 * (a layout over the baseline of the same round) is free of what slows both alike, but not of the
 * run: it depends on the distance of the lines that the run was given. So both are judged only with
 * LB_COMPARE_RUNS runs a side, by the spread of the runs' medians. With fewer, differences are
 * shown without a verdict, with one run a side without an interval too.
 */
#ifndef LINEBOUNCE_COMPARE_H
#define LINEBOUNCE_COMPARE_H

#include <linebounce/record.h>
#include <linebounce/stats.h>

#include <stdbool.h>

LB_BEGIN_C

/* Fewest runs on each side before there is a verdict. */
#define LB_COMPARE_RUNS 3
/* Sides whose round trips differ by more than this factor were measured at different distances, and
 * are not compared (those of different processors may). */
#define LB_COMPARE_DISTANCE 1.05

struct lb_compare_request {
    const char *const *paths[2]; /* of A, of B: folders, or a samples.csv or summary.csv */
    size_t n_paths[2];
    const char *baseline; /* layout; NULL: what the runs recorded, else `pointer` */
    struct lb_margin margin;
};

/* One run of a side, as it was read. */
struct lb_compare_run {
    int side;               /* 0: A, 1: B */
    const char *path;       /* as given */
    char *file;             /* the CSV that was read */
    struct lb_json *record; /* the run.json beside it; NULL: there is none */
    bool summary;           /* of medians and intervals, not of windows */
    size_t rows, spoiled, armed;
    size_t unusable; /* rows said to be ok, but without a positive number where one has to be */
    size_t torn;     /* last lines without their end */
};

/* B against A. */
struct lb_contrast {
    double side[2];            /* geometric means over runs of the median, NaN without one */
    size_t runs[2], rounds[2]; /* that went in: those of one regime, of runs with enough rounds */
    double regime_ns[2];  /* median ping-pong round trip of what went in; NaN when there is none */
    double ratio, lo, hi; /* B over A with its 95 % interval (Welch's, of the runs' medians; their
                             variances moderated by those of the table's other layouts), NaN
                             when unknown */
    double margin;        /* share that a winner has to exceed, by A's time in the same rounds */
    double p_holm;        /* NaN when there is no interval */
    enum lb_verdict verdict;
    bool unfair;    /* the verdict rests on unequal shares of ops (min/max below 0.5) */
    char note[192]; /* why there is no verdict; empty when it is judged */
};

/* One case. A reference (the loop of nothing, a control, an anchor) is shown and not judged. */
struct lb_compare_case {
    char *cells[LB_KEYS];
    char *placement_b; /* B's placement, where the two were matched by distance; else NULL */
    bool here[2];
    bool reference;
    /* Index of the case that `relative` divides by: the baseline layout; of a twin its original, of
     * a moved copy what it was, of a scan of offsets the farthest. -1: none. */
    int base;
    size_t ok[2], spoiled[2], armed[2];
    /* Of a role whose rate is judged: ops a second where a clock paces it, else ops of the second
     * role per 1000 of the first; NaN of others. Where the sides' differ by LB_RATES_APART_MOST no
     * role of the case has a verdict. */
    double rate[2];
    double min_over_max;           /* the lower of the sides' medians, NaN when unknown */
    struct lb_contrast time;       /* ns_op */
    struct lb_contrast relative;   /* ns_op over that of the base in the same round */
    struct lb_compare_unit *units; /* what each run measured: the library's */
};

/* What run.json says differently. Several values of a side are joined by "; ". */
struct lb_compare_difference {
    const char *what;
    char *side[2];
};

struct lb_compare_tally {
    size_t verdicts[LB_VERDICTS]; /* by enum lb_verdict */
    size_t judged;                /* cases without a note */
};

struct lb_compare {
    struct lb_compare_run *runs; /* A's, then B's */
    size_t n_runs, n_side[2];
    struct lb_compare_case *cases; /* ordered by suite, scenario and so on; references last */
    size_t n_cases, n_common, n_only[2];
    struct lb_compare_difference *differences;
    size_t n_differences;
    char **warnings; /* one sentence each */
    size_t n_warnings;
    char *baseline;
    struct lb_compare_tally time, relative; /* over the cases of both sides, references left out */
};

/* Reads all files and compares. Why says which file and what is wrong:
 * -EINVAL: a side without paths, the same results given twice, windows beside summaries, a baseline
 *   that no result has, or a margin below 0;
 * -ENOENT and what open and read say; -ENODATA: no rows, or no case that both sides have;
 * -EPROTO: no CSV of this program, another schema version, or an emulated machine's rows, whose
 * timing means nothing; -EOVERFLOW: over a thousand million regimes; -ENOMEM. */
int lb_compare_create(const struct lb_compare_request *request, struct lb_why *why,
                      struct lb_compare **compare);
void lb_compare_destroy(struct lb_compare *compare);

/* How many cases whose time is judged have an interval that lies wholly above 1 + share. */
size_t lb_compare_slower(const struct lb_compare *compare, double share);

/* The comparison as a document, freed by the caller: CSV by lb_schema_comparison (cases of one side
 * included), or JSON with the runs, differences and warnings too. */
extern const struct lb_schema lb_schema_comparison;
int lb_compare_csv(const struct lb_compare *compare, char **text);
int lb_compare_json(const struct lb_compare *compare, char **text);

LB_END_C

#endif
