/* SPDX-License-Identifier: MIT
 *
 * One small run on this machine, its file as text, cut, changed and gone on with.
 */
#ifndef LB_TESTS_CUT_RUN_H
#define LB_TESTS_CUT_RUN_H

#include <linebounce/run.h>
#include <linebounce/scenario.h>

#include "fake_pmu.h"
#include "text.h"
#include "cases.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 2
#define CASES  16

static struct lb_topology *topology;
static struct lb_layout layouts[2]; /* one that roams and one that does not */

static inline struct lb_plan *make_plan(const struct lb_scenario *scenario, const int *threads,
                                        size_t n_threads, bool armed)
{
    static const double work = LB_WORK_HEADLINE_NS;
    struct lb_request r = {.suite = "test",
                           .scenarios = &scenario,
                           .n_scenarios = 1,
                           .layouts = layouts,
                           .n_layouts = 2,
                           .threads = threads,
                           .n_threads = n_threads,
                           .work_ns = &work,
                           .n_work_ns = 1,
                           .baseline = layouts[1].name,
                           .armed = armed};
    struct lb_why why = {""};
    struct lb_plan *made = NULL;

    if (lb_plan_create(&r, topology, &why, &made))
        fail_msg("%s", why.text);
    assert_uint_in_range(made->n_cases, 3, CASES);
    return made;
}

struct text {
    char *at;
    size_t bytes;
};

static inline struct text whole_text(const char *path)
{
    struct text t = {NULL, 0};
    FILE *in = fopen(path, "r");
    char block[8192];
    size_t n;

    assert_non_null(in);
    while ((n = fread(block, 1, sizeof block, in)) > 0) {
        t.at = realloc(t.at, t.bytes + n + 1);
        assert_non_null(t.at);
        memcpy(t.at + t.bytes, block, n);
        t.at[t.bytes += n] = '\0';
    }
    fclose(in);
    return t;
}

static inline bool is_text(const char *path, struct text want)
{
    struct text now = whole_text(path);
    bool same = now.bytes == want.bytes && !memcmp(now.at, want.at, want.bytes);

    free(now.at);
    return same;
}

static inline const char *line_after(const char *at)
{
    return strchr(at, '\n') + 1;
}

/* Where the k-th cell of a line begins; our files quote nothing. */
static inline const char *cell_of(const char *line, int k)
{
    while (k--)
        line = strchr(line, ',') + 1;
    return line;
}

static inline int column(const char *name)
{
    int at = lb_schema_find(&lb_schema_samples, name);

    assert_true(at >= 0);
    return at;
}

/* The window that a line belongs to; -1 for the header, anchors, and no line. */
static inline long window_of(const char *line)
{
    const char *cell = *line ? cell_of(line, column("window")) : "";

    return *cell >= '0' && *cell <= '9' ? strtol(cell, NULL, 10) : -1;
}

/* Bytes of the header, and of all rows up to and with those of the first k windows. */
static inline size_t bytes_of_windows(struct text t, long k)
{
    const char *end = line_after(t.at);

    for (const char *at = end; *at; at = line_after(at)) {
        if (window_of(at) >= k)
            break;
        if (window_of(at) >= 0)
            end = line_after(at);
    }
    return (size_t)(end - t.at);
}

/* A copy with one cell replaced. */
static inline struct text with_cell(struct text t, const char *line, const char *name,
                                    const char *value)
{
    const char *from = cell_of(line, column(name)), *to = from + strcspn(from, ",\n");
    struct text copy = {.bytes = t.bytes - (size_t)(to - from) + strlen(value)};

    copy.at = malloc(copy.bytes + 1);
    assert_non_null(copy.at);
    snprintf(copy.at, copy.bytes + 1, "%.*s%s%s", (int)(from - t.at), t.at, value, to);
    return copy;
}

static inline struct text replace_cell(struct text t, size_t line_at, const char *name,
                                       const char *value)
{
    struct text copy = with_cell(t, t.at + line_at, name, value);

    free(t.at);
    return copy;
}

/* The n-th line of a window. */
static inline size_t line_of_window(struct text t, long window, int n)
{
    for (const char *at = line_after(t.at); *at; at = line_after(at))
        if (window_of(at) == window && !n--)
            return (size_t)(at - t.at);
    fail_msg("window %ld has no such line", window);
    return 0;
}

static inline struct text copy_text(struct text t, size_t bytes)
{
    struct text copy = {malloc(bytes + 1), bytes};

    assert_non_null(copy.at);
    memcpy(copy.at, t.at, bytes);
    copy.at[bytes] = '\0';
    return copy;
}

static inline struct text append(struct text t, const char *more, size_t bytes)
{
    t.at = realloc(t.at, t.bytes + bytes + 1);
    assert_non_null(t.at);
    memcpy(t.at + t.bytes, more, bytes);
    t.at[t.bytes += bytes] = '\0';
    return t;
}

static inline struct lb_run_options options_of(unsigned rounds)
{
    return (struct lb_run_options){.seed = 7,
                                   .budget_s = 1e6,
                                   .rounds = rounds,
                                   .precision_ns = 2,
                                   .sample_every = 7,
                                   .emulated = true, /* no repeats: a busy machine has many */
                                   .keep_buckets = true};
}

static inline int try_run(const struct lb_plan *p, const struct lb_run_options *options,
                          const char *path, struct lb_why *why, struct lb_run **run)
{
    struct lb_csv *csv;
    int err = options->resume ? lb_csv_reopen(&lb_schema_samples, path, why, &csv)
                              : lb_csv_create(&lb_schema_samples, path, why, &csv);

    if (err)
        return err;
    err = lb_run_measure(p, topology, options, csv, why, run);
    lb_csv_close(csv);
    return err;
}

static inline struct lb_run *begin(const struct lb_plan *p, struct lb_run_options options,
                                   const char *path)
{
    struct lb_why why = {""};
    struct lb_run *run = NULL;

    if (try_run(p, &options, path, &why, &run))
        fail_msg("%s", why.text);
    return run;
}

static inline struct lb_run *go_on(const struct lb_plan *p, struct lb_run_options options,
                                   const char *path)
{
    options.resume = path;
    return begin(p, options, path);
}

/* What a file says, read from first to last: every case that is due once in every round, its phases
 * and attempts in order, windows numbered without a gap. */

struct story {
    int order[ROUNDS + 2][CASES]; /* which case came when */
    int n[ROUNDS + 2];
    char draws[ROUNDS + 2][CASES][8][80]; /* where the window of a phase lay */
    size_t windows, anchors;
};

/* An uninterrupted run that others are made of. */
struct whole {
    struct lb_plan *plan;
    struct lb_run_options options;
    bool armed;
    struct text text;
    struct story *story;
};

struct telling {
    const struct lb_plan *plan;
    struct lb_csv_reader *r;
    struct story *story;
    int case_index, phase, attempt; /* what the next window has to be; -1: a new case */
    bool armed;                     /* only the armed window is left */
    bool has_armed;
    int role;
    int repeats;
    unsigned round;
};

static inline const char *cell(const struct telling *t, const char *name)
{
    return lb_csv_cell(t->r, name);
}

static inline int case_of_row(const struct telling *t)
{
    for (size_t i = 0; i < t->plan->n_cases; i++) {
        const struct lb_case *c = &t->plan->cases[i];
        char layout[LB_CASE_LAYOUT_BYTES];
        lb_case_layout(c, layout);
        if (!strcmp(cell(t, "scenario"), c->shape.scenario->name) &&
            !strcmp(cell(t, "layout"), layout) && atoi(cell(t, "threads")) == c->shape.threads)
            return (int)i;
    }
    fail_msg("a row of no case: %s %s", cell(t, "scenario"), cell(t, "layout"));
    return -1;
}

static inline void begin_case(struct telling *t, int case_index, unsigned round)
{
    struct story *s = t->story;

    assert_true(round == t->round || (round == t->round + 1 && s->n[t->round] > 0));
    assert_uint_in_range(round, 0, ROUNDS + 1);
    for (int i = 0; i < s->n[round]; i++)
        assert_int_not_equal(s->order[round][i], case_index); /* not twice */
    s->order[round][s->n[round]++] = case_index;
    t->round = round;
    t->case_index = case_index;
    t->phase = t->attempt = 0;
    t->armed = false;
}

static inline void end_case(struct telling *t)
{
    const struct lb_case *c = &t->plan->cases[t->case_index];

    if (t->has_armed && c->armed && !t->armed)
        t->armed = true;
    else
        t->case_index = -1;
}

static inline void tell_window(struct telling *t)
{
    const struct lb_case *c = &t->plan->cases[t->case_index];
    const char *status = cell(t, "status");

    if (t->armed) {
        assert_string_not_equal(status, "ok");
        end_case(t);
        return;
    }
    assert_int_equal(atoi(cell(t, "attempt")), t->attempt);
    assert_int_equal(atoi(cell(t, "phase")), t->phase);
    if (!strcmp(status, "ok")) {
        assert_uint_in_range(t->phase, 0, 7);
        snprintf(t->story->draws[t->round][t->case_index][t->phase], 80, "%s %s %s %s",
                 cell(t, "line_offset"), cell(t, "object_residue"), cell(t, "lock_residue"),
                 cell(t, "pus_os"));
        t->attempt = 0;
        if (++t->phase == c->phases)
            end_case(t);
    } else {
        assert_string_equal(status, "spoiled");
        if (++t->attempt > t->repeats)
            end_case(t);
    }
}

static inline void tell_row(struct telling *t)
{
    int case_index = case_of_row(t);
    unsigned round = (unsigned)atoi(cell(t, "round"));

    if (t->case_index < 0)
        begin_case(t, case_index, round);
    assert_int_equal(case_index, t->case_index);
    assert_int_equal(round, t->round);
    assert_int_equal(atoi(cell(t, "window")), (int)t->story->windows);
    assert_string_equal(cell(t, "role"), lb_case_role_name(&t->plan->cases[case_index], t->role));
    if (++t->role < lb_case_roles(&t->plan->cases[case_index]))
        return;
    t->role = 0;
    t->story->windows++;
    tell_window(t);
}

static inline struct story *tell(const struct whole *w, const char *path, unsigned rounds)
{
    struct telling t = {.plan = w->plan,
                        .story = calloc(1, sizeof *t.story),
                        .case_index = -1,
                        .repeats = w->options.emulated ? 0 : 4,
                        .has_armed = w->armed};
    struct lb_why why = {""};
    int got;

    assert_non_null(t.story);
    if (lb_csv_open(path, NULL, &why, &t.r))
        fail_msg("%s", why.text);
    while ((got = lb_csv_next(t.r, &why)) == 1)
        if (!strncmp(cell(&t, "scenario"), "anchor-", 7))
            t.story->anchors++;
        else
            tell_row(&t);
    assert_int_equal(got, 0);
    assert_int_equal(lb_csv_torn(t.r), 0);
    lb_csv_reader_close(t.r);
    assert_int_equal(t.case_index, -1); /* the last one is whole */
    assert_int_equal(t.role, 0);
    for (unsigned round = 0; round < ROUNDS + 2; round++)
        assert_int_equal(t.story->n[round], round < rounds ? w->plan->n_cases : 0);
    return t.story;
}

/* The same seed: the same cases in the same order, laid out alike. */
static inline void compare_stories(const struct story *a, const struct story *b)
{
    assert_memory_equal(a->order, b->order, sizeof a->order);
    for (int round = 0; round < ROUNDS + 2; round++)
        for (int c = 0; c < CASES; c++)
            for (int phase = 0; phase < 8; phase++) {
                const char *x = a->draws[round][c][phase], *y = b->draws[round][c][phase];
                if (*x && *y) /* good in both */
                    assert_string_equal(x, y);
            }
}

static inline bool close_to(double a, double b, double share)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= share * fabs(a) + 1e-9;
}

/* Numbers in the file have six digits; times of threads are whole ns. */
static inline void compare_samples(const struct lb_sample *a, const struct lb_sample *b)
{
    assert_int_equal(a->round, b->round);
    assert_true(close_to(a->ns_op, b->ns_op, 1e-5));
    assert_true(close_to(a->machine_ns_op, b->machine_ns_op, 1e-5));
    assert_true(close_to(a->jain, b->jain, 1e-5));
    assert_true(close_to(a->min_over_max, b->min_over_max, 1e-5));
    assert_true(close_to(a->cpu_ns_op, b->cpu_ns_op, 1e-4));
    assert_true(fabs(a->off_cpu_share - b->off_cpu_share) < 1e-3);
    assert_true(close_to(a->own_op_ns, b->own_op_ns, 1e-5));
    assert_true(close_to(a->slow_ns, b->slow_ns, 1e-5));
    assert_true(close_to(a->transfer_ns, b->transfer_ns, 1e-5));
    assert_true(close_to(a->own_mean_ns, b->own_mean_ns, 1e-5));
    assert_true(isnan(a->wait_ns_op) == isnan(b->wait_ns_op));
    /* A difference of two means, each of six digits: of a slow build's the last is worth more. */
    assert_true(isnan(a->wait_ns_op) || fabs(a->wait_ns_op - b->wait_ns_op) <
                                            1e-3 + 1e-5 * (fabs(a->wait_ns_op) + a->own_mean_ns));
    for (int i = 0; i < LB_COSTS; i++)
        assert_true(close_to(a->costs[i], b->costs[i], 1e-5));
    assert_true(close_to(a->sampled_share, b->sampled_share, 1e-5));
    assert_true(close_to(a->total_ops, b->total_ops, 0));
    assert_true(close_to(a->account.cpu_ns, b->account.cpu_ns, 1e-4));
    /* The file has CPU time and what is off it, which is never below 0: clocks may differ. */
    assert_true(b->account.wall_ns >= fmax(a->account.wall_ns, a->account.cpu_ns) * (1 - 1e-4));
    assert_true(b->account.wall_ns <= (a->account.wall_ns + a->account.cpu_ns) * (1 + 1e-4));
    assert_true(close_to(a->account.user_ns, b->account.user_ns, 1e-4));
    assert_true(close_to(a->account.system_ns, b->account.system_ns, 1e-4));
    assert_true(close_to(a->account.preempted_ns, b->account.preempted_ns, 1e-4));
    assert_true(close_to(a->account.voluntary, b->account.voluntary, 0));
    assert_true(close_to(a->account.involuntary, b->account.involuntary, 0));
    for (size_t i = 0; i < LB_MEASURES; i++)
        if (lb_measures[i].how & LB_MEASURE_OPS)
            assert_true(close_to(lb_account_get(&a->account, &lb_measures[i]),
                                 lb_account_get(&b->account, &lb_measures[i]), 0));
}

static inline void compare_latencies(const struct lb_latency_kept *a,
                                     const struct lb_latency_kept *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->slow, b->slow);
    assert_true(close_to((double)a->max, (double)b->max, 1e-5));
    assert_int_equal(a->n_buckets, b->n_buckets);
    for (size_t i = 0; i < a->n_buckets; i++) {
        assert_int_equal(a->buckets[i].bucket, b->buckets[i].bucket);
        assert_int_equal(a->buckets[i].count, b->buckets[i].count);
    }
}

static inline void compare_tallies(const struct lb_tally *a, const struct lb_tally *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(a[i].state, b[i].state);
        assert_true(close_to(a[i].count, b[i].count, 1e-5));
        assert_true(close_to(a[i].ops, b[i].ops, 0));
    }
}

static inline void compare_series(const struct lb_run *x, const struct lb_run *y, size_t c)
{
    const struct lb_series *a = &x->series[c], *b = &y->series[c];

    assert_int_equal(a->n, b->n);
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->tried, b->tried);
    assert_int_equal(a->failed, b->failed);
    assert_int_equal(a->spoiled, b->spoiled);
    assert_int_equal(a->pairs_known, b->pairs_known);
    assert_int_equal(a->pairs_sharing, b->pairs_sharing);
    assert_memory_equal(a->object_residues, b->object_residues, sizeof a->object_residues);
    assert_memory_equal(a->lock_residues, b->lock_residues, sizeof a->lock_residues);
    if (a->n)
        assert_int_equal(a->n_links, b->n_links);
    for (size_t i = 0; i < a->n * (size_t)a->n_links; i++)
        assert_true(close_to((double)a->probes[i], (double)b->probes[i], 1e-5));
    for (int role = 0; role < lb_case_roles(&x->plan->cases[c]); role++)
        for (size_t i = 0; i < a->n; i++) {
            compare_samples(&a->samples[role][i], &b->samples[role][i]);
            compare_latencies(a->latencies[role][i], b->latencies[role][i]);
            if (x->n_events)
                compare_tallies(a->tallies[role] + i * x->n_events,
                                b->tallies[role] + i * x->n_events, x->n_events);
        }
}

static inline void compare_runs(const struct lb_run *x, const struct lb_run *y)
{
    assert_int_equal(x->rounds, y->rounds);
    assert_int_equal(x->windows, y->windows);
    assert_int_equal(x->windows_spoiled, y->windows_spoiled);
    assert_true(close_to(x->measured_s, y->measured_s, 1e-9));
    for (size_t c = 0; c < x->plan->n_cases; c++)
        compare_series(x, y, c);
}

/* A finished run is read and nothing else, and reads as what it was. */
static inline void check_finished(const struct lb_plan *p, const struct lb_run *run,
                                  const struct lb_run_options *options, const char *path)
{
    struct text before = whole_text(path);
    struct lb_run *again = go_on(p, *options, path);

    assert_true(is_text(path, before));
    free(before.at);
    assert_int_equal(again->end, LB_RUN_ROUNDS);
    assert_int_equal(again->windows_resumed, again->windows);
    assert_true(again->elapsed_s > 0);
    compare_runs(run, again);
    lb_run_destroy(again);
}

static inline void make_whole(struct whole *w)
{
    char path[64];

    temporary(path);
    struct lb_run *run = begin(w->plan, w->options, path);
    w->text = whole_text(path);
    w->story = tell(w, path, w->options.rounds);
    assert_int_equal(run->windows_resumed, 0);
    assert_int_equal(run->windows, w->story->windows);
    check_finished(w->plan, run, &w->options, path);
    lb_run_destroy(run);
    unlink(path);
}

static inline void drop_whole(struct whole *w)
{
    lb_plan_destroy(w->plan);
    free(w->text.at);
    free(w->story);
}

static struct whole plain;

/* Goes on from a text, of which `windows` count and `kept` bytes stay, and checks all. */
static inline struct story *check_resumed(const struct whole *w, struct text from, size_t windows,
                                          size_t kept)
{
    char path[64];

    temporary(path);
    write_bytes(path, from.at, from.bytes);
    struct lb_run *run = go_on(w->plan, w->options, path);
    struct text now = whole_text(path);
    struct story *story = tell(w, path, w->options.rounds);
    assert_int_equal(run->end, LB_RUN_ROUNDS);
    assert_int_equal(run->rounds, w->options.rounds);
    assert_int_equal(run->windows_resumed, windows);
    assert_int_equal(run->windows, story->windows);
    assert_true(now.bytes >= kept && !memcmp(now.at, from.at, kept));
    compare_stories(w->story, story);
    check_finished(w->plan, run, &w->options, path);
    free(now.at);
    lb_run_destroy(run);
    unlink(path);
    return story;
}

static inline void check_prefix(const struct whole *w, struct text from, size_t windows,
                                size_t kept)
{
    free(check_resumed(w, from, windows, kept));
    free(from.at);
}

static inline int set_up(void **state)
{
    const struct lb_layout *roaming, *fixed;

    (void)state;
    if (lb_topology_load(NULL, NULL, &topology))
        return -1;
    if (topology->n_allowed < 2 || !topology->this_system)
        return 0;
    if (lb_layout_find("embedded-roaming", NULL, &roaming) ||
        lb_layout_find("embedded", NULL, &fixed))
        return -1;
    layouts[0] = *roaming;
    layouts[1] = *fixed;
    plain.plan = make_plan(S(OBSERVER), NULL, 0, false);
    plain.options = options_of(ROUNDS);
    make_whole(&plain);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    drop_whole(&plain);
    lb_topology_destroy(topology);
    return 0;
}

static inline void need_two_pus(void)
{
    if (plain.plan)
        return;
    print_message("skipped: two PUs of this machine are needed\n");
    skip();
}

/* A window from the k-th on that has a row for each of two roles. */
static inline long window_of_two(struct text t, long k)
{
    for (const char *at = line_after(t.at); *at; at = line_after(at))
        if (window_of(at) >= k && window_of(line_after(at)) == window_of(at))
            return window_of(at);
    fail_msg("no window of two roles behind %ld", k);
    return -1;
}

#endif
