/* SPDX-License-Identifier: MIT */
#ifndef LB_RUN_PRIVATE_H
#define LB_RUN_PRIVATE_H

#include <linebounce/arena.h>
#include <linebounce/run.h>

struct lb_sum;

/* Memory at one home; placements share it. */
struct lb_runner_home {
    int node_os; /* -1: wherever worker 0 runs; LB_ARENA_INTERLEAVED */
    struct lb_arena *memory;
    char *base;
};

/* The last changes of round trips around windows of a placement, all links. */
#define LB_NOISE_WINDOWS 64
struct lb_runner_noise {
    double changes[LB_NOISE_WINDOWS];
    size_t n; /* taken in so far */
};

/* A case that a resumed run was in the middle of. */
struct lb_pending {
    int case_index;     /* -1: none */
    int phase;          /* the one to go on with */
    int attempts;       /* of it, all spoiled */
    struct lb_sum *sum; /* NULL: nothing but its armed window is left */
};

/* What a run works with; lives as long as lb_run_measure. */
struct lb_runner {
    struct lb_run *run;
    const struct lb_plan *plan;
    const struct lb_run_options *options;
    struct lb_crew *crew;
    int *pus, *nodes; /* of the crew: kernel numbers */
    int n_pus;
    struct lb_load_mark load; /* the last reading */
    struct lb_runner_home *homes;
    size_t n_homes;
    int *home_of; /* by placement: index into homes */
    char *arena;  /* the present placement's home; all are of one size */
    size_t arena_bytes;
    uint32_t *picks;
    struct lb_csv *csv;
    struct lb_row *row;
    uint64_t random;  /* the round's generator: a resumed round draws what it would have drawn */
    uint64_t probing; /* of the probes' lines: how many there are is luck, the order is not */
    int64_t *done;    /* by case: the round in which it was last measured, or given up; -1 */
    int64_t anchored; /* the last round whose anchors are written; -1 */
    struct lb_pending pending;
    struct lb_run_look look;
    double told_s;       /* when progress was last told */
    uint64_t round_seed; /* of the pauses: the same for every case of a round */
    struct lb_draw draw;
    unsigned round;
    size_t window;
    uint64_t start_ticks;      /* of the first window of all: what start_ns is counted from */
    uint64_t begin_ns, end_ns; /* CLOCK_MONOTONIC: the call, and when it has to return */
    double planned_s, took_s;  /* of the cases measured so far in rounds */
    struct lb_kept *hoard;     /* mappings of the windows of first touches */
    size_t n_hoard;
    uint64_t hoard_bytes; /* touched in them */
    double *op_ns;        /* what an op of each case took last, or a guess */
    struct lb_core_pmu pmus[LB_CORE_PMUS];
    int n_pmus;
    float *probe;                   /* round trips of the present placement's ring, just measured */
    double costs[LB_COSTS];         /* of the present placement, this round; NaN as transfer_ns */
    double transfer_ns;             /* taken with `probe`; NaN: one thread, or no op is timed */
    int probe_placement;            /* whose ring `probe` is; -1: none */
    struct lb_runner_noise *noises; /* one a placement */
};

/* One window with everything around it. */
struct lb_attempt {
    int case_index, number, phase;
    struct lb_draw draw; /* the round's, turned to the phase */
    struct lb_site *sites;
    struct lb_thread_plan *threads;
    struct lb_thread_result *results;
    struct lb_event_code *codes; /* LB_GROUP_MOST a thread */
    int events[LB_GROUP_MOST];   /* which of the run's events the window counts, in codes' order */
    int n_events;
    double own_ns[2], slow_ns[2]; /* by role; NaN: not known */
    double own_mean_ns[2];        /* the same op as own_ns, not rounded by the clock's steps */
    double transfer_ns, costs[LB_COSTS];
    bool armed;
    double *ops; /* scratch of lb_runner_fold */
    struct lb_placed placed;
    enum lb_spoiled spoiled;
    float *before, *after;
    int n_links;
    double start_ns;
    int64_t steal;
};

/* From now on the budget runs. */
void lb_runner_begin_time(struct lb_runner *bench);
double lb_runner_spent_s(const struct lb_runner *bench);
double lb_runner_left_s(const struct lb_runner *bench);
bool lb_runner_is_stopped(const struct lb_runner *bench);
/* Stopped, or the budget is spent: looked at between windows. */
bool lb_runner_is_over(const struct lb_runner *bench);
/* A case of a round took so long. */
void lb_runner_took(struct lb_runner *bench, int case_index, double took_s);
double lb_runner_pace(const struct lb_runner *bench);
/* What the next round will take. */
double lb_runner_next_s(const struct lb_runner *bench);
/* Where what is wanted does not fit any more: leaves scenarios out. order[from..n) is the rest of
 * the round. */
void lb_runner_fit(struct lb_runner *bench, const int *order, size_t from, size_t n);

/* The PUs that any placement uses; the first placement's first one is the coordinator's. */
int lb_runner_list_pus(struct lb_runner *bench, const struct lb_topology *topology);
int lb_runner_make_crew(struct lb_runner *bench, struct lb_why *why);
/* One arena for every node that some placement calls home. */
int lb_runner_make_arenas(struct lb_runner *bench, struct lb_why *why);
/* The crew's worker on that PU, -1 when there is none. */
int lb_runner_worker(const struct lb_runner *bench, int pu_os);
/* Fresh lines for a probe, all different, anywhere in the arena (nothing is laid out there while it
 * runs). */
void lb_runner_lines(struct lb_runner *bench, int n, uintptr_t *lines);

/* Anchors of a round: rows of their own. */
int lb_runner_anchors(struct lb_runner *bench, struct lb_why *why);
/* What the round draws, from seed and round. */
int lb_runner_draw(struct lb_runner *bench);
/* The placement's workers are at work from now on; the others sleep, so that none spins on a
 * sibling. */
int lb_runner_gather(struct lb_runner *bench, int placement);
/* Before the first round: windows of first touches, in turns until the memory is used up or a tenth
 * of the budget is; then all of it is given back, so that what the rounds touch is recycled. */
int lb_runner_first(struct lb_runner *bench, struct lb_why *why);
/* Keeps what a window of first touches has mapped. */
int lb_runner_hoard(struct lb_runner *bench, const struct lb_case *c,
                    const struct lb_attempt *attempt);
void lb_runner_give_back(struct lb_runner *bench);
/* Touches that a thread of such a window may still make. */
uint64_t lb_runner_touches_left(const struct lb_runner *bench, const struct lb_case *c);
/* What lines cost on the placement's nearest link, at the beginning of its part of a round. Draws
 * its lines anywhere in the placement's arena, where nothing is laid out yet. */
int lb_runner_costs(struct lb_runner *bench, int placement);
/* Measures one case once, with repeats of spoiled windows, and keeps what it found. */
int lb_runner_case(struct lb_runner *bench, int case_index, struct lb_why *why);
/* The rows of one attempt. */
int lb_runner_write(struct lb_runner *bench, const struct lb_attempt *attempt, struct lb_why *why);
/* Links of a placement's ring of PUs: 0 for one thread, 1 for two, n for more. */
int lb_ring_links(int threads);
/* Whether there is a look after so many rounds. */
bool lb_runner_looks(unsigned round);
/* Which cases are still wanted, and how often: those whose pair is not precise yet (which only
 * looks of lb_stats_look say), those of the headline that are and lie on their margin as long as
 * others are measured, and what all these are compared to. A pair of which it is settled what will
 * be said comes rarely. */
int lb_runner_look(struct lb_runner *bench);
/* Whether the present round measures the case. */
bool lb_runner_is_due(const struct lb_runner *bench, size_t case_index);
/* The columns that name a case, the same in every file. */
void lb_row_case(struct lb_row *row, const struct lb_plan *plan, const struct lb_case *c);
/* Which of the events can be opened, and in which groups they are counted. Then the timer. */
int lb_runner_instruments(struct lb_runner *bench);
/* Divides the events that can be opened into groups. */
void lb_runner_groups(struct lb_runner *bench);
/* Opens a group on worker 0, as a window will, with watches on `words` (n of them). Returns how
 * many opened; close the group afterwards. */
int lb_runner_open(const struct lb_runner *bench, struct lb_event_code *codes, uint64_t *words,
                   int n, struct lb_group *group);
/* The kernel's number of the PMU that a PU's type of core has; 0 where there is one type. */
uint32_t lb_runner_pmu_type(const struct lb_runner *bench, int pu_os);
/* Counted in every group beside others: cycles and instructions, where there is room. */
bool lb_event_is_in_each(const struct lb_run_event *event);
/* Cycles and instructions: a paced thread's are those of its waits too, and none of an op. */
bool lb_event_counts_waits(const struct lb_event *event);
/* Puts counters and sampling into the plans of a window's threads. */
int lb_runner_equip(struct lb_runner *bench, const struct lb_case *c, struct lb_attempt *attempt);
/* What a role's threads counted of the window's k-th event, and the ops over which they did. */
struct lb_count lb_runner_count(const struct lb_attempt *attempt, const struct lb_case *c, int role,
                                int k, double *ops);
/* Adds what a window counted to a row of the run's events. */
void lb_runner_tally(const struct lb_attempt *attempt, const struct lb_case *c, int role,
                     struct lb_tally *tallies);
/* Whether thread `thread` plays that role (each plays the only one). */
bool lb_case_plays(const struct lb_case *c, int role, int thread);
int lb_case_role_threads(const struct lb_case *c, int role);
/* The column of an event role. */
void lb_row_quantity(struct lb_row *row, int quantity, double per_op);
/* Of wall time; NaN where CPU time is not known. Clocks of both kinds may differ by a little. */
double lb_off_cpu_share(const struct lb_sample *sample);
/* Folds the results of a role's threads into one sample. */
void lb_runner_fold(const struct lb_attempt *attempt, const struct lb_case *c, int role,
                    struct lb_sample *sample);
/* Adds the timed ops of a role's threads. */
void lb_runner_latency(const struct lb_attempt *attempt, const struct lb_case *c, int role,
                       struct lb_latency *sum);
/* Whether no link differs by more than the factor. */
bool lb_probes_agree(const float *a, const float *b, int n_links, double factor);
/* Takes the probes around a window into what is known of the placement's noise. */
void lb_runner_learn(struct lb_runner *bench, int placement, const float *before,
                     const float *after, int n_links);
/* The factor within which two probes of a placement are of one distance, by the noise so far. */
double lb_runner_agreement(const struct lb_runner *bench, int placement);

/* Reads back what samples.csv holds of this plan: series, counts, the round to go on with and what
 * of it is done. -EPROTO with the line for rows that are not of this plan. */
int lb_runner_resume(struct lb_runner *bench, const char *path, struct lb_why *why);
/* The first column of a case's row that holds what no run can have measured, or NULL. */
const char *lb_resume_impossible(const struct lb_csv_reader *row);
/* Makes the placement's home the arena that is drawn from. */
void lb_runner_go_home(struct lb_runner *bench, int placement);
/* A spoiled window is repeated this often in its round; then the round goes on without the case. */
int lb_runner_repeats(const struct lb_runner *bench, const struct lb_case *c);
/* The ends of link `link` of a ring of n PUs, as indices. */
void lb_ring_link(int n, int link, int ends[2]);

/* What the windows of a case in one round add up to. */
struct lb_sum {
    struct lb_sample roles[2];
    struct lb_tally *tallies[2];
    struct lb_latency *latency; /* one a role */
    float *first;               /* probes before the first window */
    float *least, *most;        /* over the phases, of the mean of the probes around each */
    int phases;
    double start_ns; /* of the first */
    double agree;    /* factor within which its phases lie at one distance */
};
int lb_sum_init(const struct lb_run *run, const struct lb_case *c, struct lb_sum *sum);
void lb_sum_finish(struct lb_sum *sum);
void lb_sum_add(struct lb_runner *bench, const struct lb_attempt *attempt, struct lb_sum *sum);
/* The parts of it: a role's sample, the probes around the phase, and where the window lay. */
void lb_sum_add_sample(const struct lb_sample *sample, int role, struct lb_sum *sum);
void lb_sum_add_phase(const float *before, const float *after, int n_links, struct lb_sum *sum);
void lb_series_place(const struct lb_placed *placed, struct lb_series *series);
/* Appends the round's sample to the series, unless its phases were measured at different distances,
 * whatever the first and the last of them say: a mean of two regimes belongs to neither. Then it is
 * counted as dropped. */
int lb_sum_keep(struct lb_run *run, int case_index, unsigned round, const float *after, int n_links,
                struct lb_sum *sum);
/* Adds an armed window's counts to the sample just kept. */
void lb_sum_armed(struct lb_runner *bench, const struct lb_attempt *attempt);

#endif
