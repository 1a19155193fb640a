/* SPDX-License-Identifier: MIT
 *
 * answer: what the files of a results folder say, as data: the question and its answer, what each
 * layout and group of layouts comes to, every verdict, what vouches for them, what is undecided and
 * what would decide it. The program's output, the page, tables over several machines and scripts
 * all take it from here, for a run that has just ended and for one of last year alike.
 *
 * Verdicts are those of summary.csv: nothing is judged anew. Where a lock lies is that of the
 * layouts' geometry (lb_layout_lies), which run.json keeps; of a run that kept none it is known for
 * built-in layouts.
 */
#ifndef LINEBOUNCE_ANSWER_H
#define LINEBOUNCE_ANSWER_H

#include <linebounce/analysis.h>
#include <linebounce/interference.h>
#include <linebounce/pairs.h>
#include <linebounce/record.h>

#include <stdbool.h>

LB_BEGIN_C

/* A layout's name with "+LOCK" where the lock is not its own. */
#define LB_FOUND_NAME_BYTES 96
#define LB_FOUND_TEXT_BYTES 256

/* One case and role in one regime: a row of summary.csv, or what was planned and has none. Numbers
 * that are unknown are NaN. */
struct lb_found_cell {
    int suite;                          /* index into lb_found.suites */
    int layout;                         /* index into lb_found.layouts; -1: the case is of none */
    const struct lb_scenario *scenario; /* NULL: of a program that knew others */
    char scenario_name[32], role[16];   /* role "all" where there is one */
    char placement[32], distance[16], home[16];
    char base[LB_FOUND_NAME_BYTES]; /* what it was compared to; "": it is a baseline itself */
    int threads, regime;
    /* The placement's main regime: what tables show and answers count. */
    bool main_regime;
    bool subject;   /* false: a control or a yardstick */
    bool twin;      /* an A/A twin, or what an instrument adds */
    bool shown;     /* of the headline: a subject with a baseline, no twin, of a main regime, with
                       a pause where any of its suite has one */
    bool about;     /* of them: counts in the answer of its layout, see struct lb_found_tally */
    bool measured;  /* false: it was planned, and no window was good */
    double work_ns; /* 0: saturated */
    double every_ns, objects, offset_bytes;
    char access[24], writers[16], touch[24], generation[24];
    double regime_ns;                 /* round trip of a line; NaN: one thread */
    double ns_op;                     /* median */
    double net, net_lo, net_hi;       /* ns an op less the loop of nothing, with 95 % interval;
                                         of paced roles ns_op, of which nothing is taken off */
    double ratio, ratio_lo, ratio_hi; /* over the baseline */
    double diff, diff_lo, diff_hi;    /* ns an op more than the baseline */
    double margin_ns, min_over_max, off_cpu_share;
    double pages; /* per 1000 objects */
    size_t windows, spoiled, pairs;
    bool compared; /* there are pairs */
    bool unfair;   /* the verdict rests on unequal shares of ops: it counts as undecided */
    enum lb_verdict verdict;
    char why[LB_FOUND_TEXT_BYTES]; /* of an undecided one: why; else "" */
};

/* Verdicts of a layout, or of a group of them, over the cells that are about the question: of those
 * that are shown all with two threads or more (all, where the suite has but one thread). Where a
 * suite asks whether a lock may move (lb_found_suite.asks_lock), those of a lock inside the object
 * against one of its own: the same as in struct lb_answer. */
struct lb_found_tally {
    enum lb_answer_kind kind;
    int faster, same, not_slower, slower, undecided;
    int best, worst; /* cells with the largest gain and cost of a verdict; -1: none */
};
/* "COSTS", "costs nothing", "no cost found", "undecided" */
const char *lb_found_kind_name(enum lb_answer_kind kind);

struct lb_found_layout {
    char name[LB_FOUND_NAME_BYTES];
    char lock[24];
    int suite;
    enum lb_lies lies;
    bool own;          /* the user's: by --layout NAME:..., btf: or whatif */
    bool base;         /* others are compared to it */
    double pages;      /* per 1000 objects, with locks; NaN: not known */
    double pages_base; /* of what it is compared to */
    struct lb_found_tally tally;
};

/* Rows of the answer's table. Each of the user's own layouts is one by itself and stands first;
 * built-in ones stand together by where their lock lies. Suites that do not ask about locks have a
 * row a layout. */
struct lb_found_group {
    char name[LB_FOUND_NAME_BYTES]; /* "among the hot fields"; of an own layout its name */
    int suite;
    enum lb_lies lies;
    bool own;
    int first; /* one of its layouts; if `own` or not of locks the only one */
    size_t n_layouts;
    double pages_lo, pages_hi, pages_base;
    struct lb_found_tally tally;
};
/* Whether a layout belongs to a group. */
struct lb_found;
bool lb_found_group_has(const struct lb_found *found, const struct lb_found_group *group,
                        int layout);

/* Where cells that are shown were measured: placement, home, number of threads and pause. */
struct lb_found_place {
    size_t cell; /* the first of them, which says where */
    struct lb_found_tally tally;
};
/* Whether both cells are of one suite and of one place. What was not measured has no home. */
bool lb_found_is_place(const struct lb_found_cell *a, const struct lb_found_cell *b);

struct lb_found_suite {
    char name[24];
    char question[LB_FOUND_TEXT_BYTES];
    char answer[2 * LB_FOUND_TEXT_BYTES]; /* one sentence */
    char baseline[LB_FOUND_NAME_BYTES];   /* the most common one; "" */
    bool asks_lock;   /* the question is whether the lock may move into the object */
    bool of_pu_pairs; /* its cells are pairs of CPUs: see lb_found_pu_pairs */
    char claims[LB_FOUND_TEXT_BYTES]; /* what machine and compiler say of themselves; "" */
    double rounds, windows, spoiled, elapsed_s, off_cpu_share, others_share;
    bool busy;                          /* the machine was: no verdict stands */
    char ended[24];                     /* "budget"; see lb_run_end_name */
    char left_out[LB_FOUND_TEXT_BYTES]; /* scenarios for which there was no time */
    struct lb_found_tally tally;        /* over all that is about the question */
    /* Of the cells that are shown: how many, and the undecided ones by why. */
    int shown, undecided, few, wide, withheld, not_measured;
    char withheld_why[LB_FOUND_TEXT_BYTES]; /* the commonest reason */
    size_t least_pairs;                     /* of those with too few */
    /* --budget that would decide so many of those with too few pairs or too wide an interval, at
     * the pace and with the noise of this run: an estimate, rounded up. NaN: none is needed, or
     * none would do. */
    double budget_s;
    int decidable;
};

/* A control's comparison, or a self-check, at one placement and regime: indices into
 * lb_found.cells. */
struct lb_found_control {
    size_t cell;
    enum lb_control_state state;
};
struct lb_found_pause {
    size_t at_short, at_long; /* whose differences are what sharing costs */
    enum lb_self_check_state state;
};

/* Suite pingpong: what pairs.csv has of the pairs of CPUs at one distance by one op, over all homes
 * of the line. Its cell has as net the median over rounds of the median over these pairs, ns one
 * way; it is compared to load-store at the next nearer distance (whose name `base` is), or, of
 * another op, to load-store at the same one. Scenario is the op, placement the distance. */
struct lb_found_pu_pair {
    int a_os, b_os;
    double ns; /* one way, median over rounds */
};
struct lb_found_pu_pairs {
    size_t cell; /* index into lb_found.cells */
    enum lb_distance distance;
    enum lb_pingpong_op op;
    size_t measured, possible; /* pairs */
    struct lb_found_pu_pair fastest, slowest;
    size_t rows, rows_other; /* measurements, and of them those in another regime than most */
};

/* Suite offset: from which distance on words, or a lock and the hot fields, no longer disturb each
 * other, as run.json keeps it. */
struct lb_found_scan {
    int suite;
    char scenario[32], role[16], placement[32];
    bool lock; /* a lock's offset; false: two words' */
    double work_ns;
    char why[LB_FOUND_TEXT_BYTES]; /* it is not known; "" */
    struct lb_interference size;   /* `rounds` is not read */
};
/* A size that so many replicates agree on is sure. */
#define LB_SCAN_SURE 0.95

struct lb_found {
    char dir[512];
    char host[128], cpu[128], kernel[192], hypervisor[64], version[64], commit[64];
    char started[32], command[512], counters[32], counters_why[LB_FOUND_TEXT_BYTES];
    double budget_s, cpus; /* that could be used */
    struct lb_margin margin;
    struct lb_found_suite *suites;
    size_t n_suites;
    struct lb_found_layout *layouts; /* in the order of the run, by suite */
    size_t n_layouts;
    struct lb_found_group *groups; /* in the order of their rows, by suite */
    size_t n_groups;
    struct lb_found_place *places; /* by suite, in the order of their first cells */
    size_t n_places;
    struct lb_found_cell *cells; /* in the order of summary.csv; planned ones behind */
    size_t n_cells;
    struct lb_found_control *controls;
    size_t n_controls;
    struct lb_found_pause *pauses;
    size_t n_pauses;
    struct lb_found_pu_pairs *pu_pairs; /* nearest first */
    size_t n_pu_pairs;
    struct lb_found_scan *scans;
    size_t n_scans;
    /* Round trips of a line at the main regimes and at all others of which something is said:
     * smallest and largest; NaN: none. */
    double near_ns, far_ns;
    int n_regimes;
};

/* What run.json has to keep so that the files alone say it all: questions, layouts, main regimes,
 * what was planned and has no good window, how busy it was. To be called once a suite. */
int lb_found_note(const struct lb_analysis *analysis, const char *question, struct lb_json *json);

/* Reads summary.csv and run.json. -ENOENT where the folder or both are missing, -ENODATA without a
 * row and a suite, -EPROTO for files that cannot be read, -ENOMEM. A folder without run.json has
 * unknown machines and no round counts. */
int lb_found_read(const char *dir, struct lb_why *why, struct lb_found **found);
void lb_found_destroy(struct lb_found *found);

/* Whether it is of `linebounce run` and no more, but where the folder goes to: with options "the
 * same command" says what to type again. */
bool lb_found_is_plain(const struct lb_found *found);

/* Several runs beside each other. The last name of a run's folder. */
const char *lb_found_run(const struct lb_found *found);
/* The at-th of n runs by its host, with the folder's name where others are of that host, or by the
 * folder's name alone where the host is not known. Returns text. */
const char *lb_found_name(struct lb_found *const *found, size_t n, size_t at, char *text,
                          size_t bytes);
/* A layout with its lock, as one of the runs that have it says. */
struct lb_found_row {
    const struct lb_found *found;
    const struct lb_found_layout *layout;
};
/* The layouts of all the runs, each once, in their order; freed with free. -ENOMEM. */
int lb_found_together(struct lb_found *const *found, size_t n, struct lb_found_row **rows,
                      size_t *n_rows);
/* The same layout in a run: of that name and lock, and of the same suite, but that all suites which
 * ask whether the lock may move are one. NULL: the run has it not. */
const struct lb_found_layout *lb_found_layout_of(const struct lb_found *found,
                                                 const struct lb_found_row *row);
/* A row's layout, with lock or suite where others have the same name. Returns text. */
const char *lb_found_row_name(const struct lb_found_row *rows, size_t n, size_t at, char *text,
                              size_t bytes);

/* A count of a row of summary.csv, an op, and what the model expects of it. */
struct lb_counted {
    char event[128];
    double counted, expected;
    bool missed; /* of lines found modified, and further off than LB_EXPECTED_APART */
};
/* The next event of the row that has both, from its *at-th on (0: the first); false: no more. */
bool lb_counted_next(const struct lb_csv_reader *row, size_t *at, struct lb_counted *counted);

/* verdicts.json and answer.csv into the folder; why has the sentence. */
int lb_found_write(const struct lb_found *found, struct lb_why *why);
/* The document that verdicts.json is; the caller destroys it. */
int lb_found_json(const struct lb_found *found, struct lb_json **json);
/* The columns of answer.csv. */
extern const struct lb_schema lb_schema_answer;

/* "may the lock ...": question and answer as one text for titles. Returns text. */
const char *lb_found_title(const struct lb_found *found, char *text, size_t bytes);
/* What a suite's layouts are compared to: a name, "what it is compared to" where there are several,
 * or "". */
const char *lb_found_base(const struct lb_found *found, int suite);
/* A line's round trip in the regime that tables show, ns: the first of a cell that is a subject's;
 * NaN: none was measured. */
double lb_found_trip_ns(const struct lb_found *found);

LB_END_C

#endif
