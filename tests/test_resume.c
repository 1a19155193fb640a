/* SPDX-License-Identifier: MIT
 *
 * resume: a run that was stopped anywhere and gone on with is one run: nothing is measured twice,
 * nothing is missing, and its statistics are those of its rows. The runs are real and tiny; of
 * times only what must hold on any machine is asked.
 */
#include <linebounce/run.h>

#include "support/fake_pmu.h"
#include "run/run_private.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define S(KIND) &lb_scenarios[LB_SCENARIO_##KIND]

#define ROUNDS 2
#define CASES  16

static struct lb_topology *topology;
static struct lb_layout layouts[2]; /* one that roams and one that does not */

static struct lb_plan *make_plan(const struct lb_scenario *scenario, const int *threads,
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

/* Files */

struct text {
    char *at;
    size_t bytes;
};

static void temporary(char path[64])
{
    int fd;

    snprintf(path, 64, "/tmp/lb-resume-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
}

static struct text read_text(const char *path)
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

static void write_text(const char *path, const char *text, size_t bytes)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, bytes, out), bytes);
    assert_int_equal(fclose(out), 0);
}

static bool is_text(const char *path, struct text want)
{
    struct text now = read_text(path);
    bool same = now.bytes == want.bytes && !memcmp(now.at, want.at, want.bytes);

    free(now.at);
    return same;
}

static const char *line_after(const char *at)
{
    return strchr(at, '\n') + 1;
}

/* Where the k-th cell of a line begins; our files quote nothing. */
static const char *cell_of(const char *line, int k)
{
    while (k--)
        line = strchr(line, ',') + 1;
    return line;
}

static int column(const char *name)
{
    int at = lb_schema_find(&lb_schema_samples, name);

    assert_true(at >= 0);
    return at;
}

/* The window that a line belongs to; -1 for the header, anchors, and no line. */
static long window_of(const char *line)
{
    const char *cell = *line ? cell_of(line, column("window")) : "";

    return *cell >= '0' && *cell <= '9' ? strtol(cell, NULL, 10) : -1;
}

/* Bytes of the header, and of all rows up to and with those of the first k windows. */
static size_t bytes_of_windows(struct text t, long k)
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
static struct text with_cell(struct text t, const char *line, const char *name, const char *value)
{
    const char *from = cell_of(line, column(name)), *to = from + strcspn(from, ",\n");
    struct text copy = {.bytes = t.bytes - (size_t)(to - from) + strlen(value)};

    copy.at = malloc(copy.bytes + 1);
    assert_non_null(copy.at);
    snprintf(copy.at, copy.bytes + 1, "%.*s%s%s", (int)(from - t.at), t.at, value, to);
    return copy;
}

static struct text replace_cell(struct text t, size_t line_at, const char *name, const char *value)
{
    struct text copy = with_cell(t, t.at + line_at, name, value);

    free(t.at);
    return copy;
}

/* The n-th line of a window. */
static size_t line_of_window(struct text t, long window, int n)
{
    for (const char *at = line_after(t.at); *at; at = line_after(at))
        if (window_of(at) == window && !n--)
            return (size_t)(at - t.at);
    fail_msg("window %ld has no such line", window);
    return 0;
}

static struct text copy_text(struct text t, size_t bytes)
{
    struct text copy = {malloc(bytes + 1), bytes};

    assert_non_null(copy.at);
    memcpy(copy.at, t.at, bytes);
    copy.at[bytes] = '\0';
    return copy;
}

static struct text append(struct text t, const char *more, size_t bytes)
{
    t.at = realloc(t.at, t.bytes + bytes + 1);
    assert_non_null(t.at);
    memcpy(t.at + t.bytes, more, bytes);
    t.at[t.bytes += bytes] = '\0';
    return t;
}

/* Runs */

static struct lb_run_options options_of(unsigned rounds)
{
    return (struct lb_run_options){.seed = 7,
                                   .budget_s = 1e6,
                                   .rounds = rounds,
                                   .precision_ns = 2,
                                   .sample_every = 7,
                                   .emulated = true, /* no repeats: a busy machine has many */
                                   .keep_buckets = true};
}

static int try_run(const struct lb_plan *p, const struct lb_run_options *options, const char *path,
                   struct lb_why *why, struct lb_run **run)
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

static struct lb_run *begin(const struct lb_plan *p, struct lb_run_options options,
                            const char *path)
{
    struct lb_why why = {""};
    struct lb_run *run = NULL;

    if (try_run(p, &options, path, &why, &run))
        fail_msg("%s", why.text);
    return run;
}

static struct lb_run *go_on(const struct lb_plan *p, struct lb_run_options options,
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

static const char *cell(const struct telling *t, const char *name)
{
    return lb_csv_cell(t->r, name);
}

static int case_of_row(const struct telling *t)
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

static void begin_case(struct telling *t, int case_index, unsigned round)
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

static void end_case(struct telling *t)
{
    const struct lb_case *c = &t->plan->cases[t->case_index];

    if (t->has_armed && c->armed && !t->armed)
        t->armed = true;
    else
        t->case_index = -1;
}

static void tell_window(struct telling *t)
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

static void tell_row(struct telling *t)
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

static struct story *tell(const struct whole *w, const char *path, unsigned rounds)
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
static void compare_stories(const struct story *a, const struct story *b)
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

/* What a run knows */

static bool close_to(double a, double b, double share)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= share * fabs(a) + 1e-9;
}

/* Numbers in the file have six digits; times of threads are whole ns. */
static void compare_samples(const struct lb_sample *a, const struct lb_sample *b)
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

static void compare_latencies(const struct lb_latency_kept *a, const struct lb_latency_kept *b)
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

static void compare_tallies(const struct lb_tally *a, const struct lb_tally *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(a[i].state, b[i].state);
        assert_true(close_to(a[i].count, b[i].count, 1e-5));
        assert_true(close_to(a[i].ops, b[i].ops, 0));
    }
}

static void compare_series(const struct lb_run *x, const struct lb_run *y, size_t c)
{
    const struct lb_series *a = &x->series[c], *b = &y->series[c];

    assert_int_equal(a->n, b->n);
    assert_int_equal(a->attempts, b->attempts);
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

static void compare_runs(const struct lb_run *x, const struct lb_run *y)
{
    assert_int_equal(x->rounds, y->rounds);
    assert_int_equal(x->windows, y->windows);
    assert_int_equal(x->windows_spoiled, y->windows_spoiled);
    assert_true(close_to(x->measured_s, y->measured_s, 1e-9));
    for (size_t c = 0; c < x->plan->n_cases; c++)
        compare_series(x, y, c);
}

/* A finished run is read and nothing else, and reads as what it was. */
static void check_finished(const struct lb_plan *p, const struct lb_run *run,
                           const struct lb_run_options *options, const char *path)
{
    struct text before = read_text(path);
    struct lb_run *again = go_on(p, *options, path);

    assert_true(is_text(path, before));
    free(before.at);
    assert_int_equal(again->end, LB_RUN_ROUNDS);
    assert_int_equal(again->windows_resumed, again->windows);
    assert_true(again->elapsed_s > 0);
    compare_runs(run, again);
    lb_run_destroy(again);
}

static void make_whole(struct whole *w)
{
    char path[64];

    temporary(path);
    struct lb_run *run = begin(w->plan, w->options, path);
    w->text = read_text(path);
    w->story = tell(w, path, w->options.rounds);
    assert_int_equal(run->windows_resumed, 0);
    assert_int_equal(run->windows, w->story->windows);
    check_finished(w->plan, run, &w->options, path);
    lb_run_destroy(run);
    unlink(path);
}

static void drop_whole(struct whole *w)
{
    lb_plan_destroy(w->plan);
    free(w->text.at);
    free(w->story);
}

static struct whole plain;

/* Goes on from a text, of which `windows` count and `kept` bytes stay, and checks all. */
static struct story *check_resumed(const struct whole *w, struct text from, size_t windows,
                                   size_t kept)
{
    char path[64];

    temporary(path);
    write_text(path, from.at, from.bytes);
    struct lb_run *run = go_on(w->plan, w->options, path);
    struct text now = read_text(path);
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

static void check_prefix(const struct whole *w, struct text from, size_t windows, size_t kept)
{
    free(check_resumed(w, from, windows, kept));
    free(from.at);
}

static int set_up(void **state)
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

static int tear_down(void **state)
{
    (void)state;
    drop_whole(&plain);
    lb_topology_destroy(topology);
    return 0;
}

static void need_two_pus(void)
{
    if (plain.plan)
        return;
    print_message("skipped: two PUs of this machine are needed\n");
    skip();
}

/* A longer run of the same plan begins alike. */
static void test_longer(void **state)
{
    struct lb_run_options longer = options_of(ROUNDS + 1);
    char path[64];

    (void)state;
    need_two_pus();
    assert_int_equal(plain.story->anchors, 3 * ROUNDS); /* of one thread there is no round trip */
    temporary(path);
    write_text(path, plain.text.at, plain.text.bytes);
    struct lb_run *run = go_on(plain.plan, longer, path);
    assert_int_equal(run->windows_resumed, plain.story->windows);
    assert_int_equal(run->rounds, ROUNDS + 1);
    assert_true(run->elapsed_s > run->measured_s && run->measured_s > 0);
    free(tell(&plain, path, ROUNDS + 1));
    lb_run_destroy(run);
    unlink(path);
}

/* As a kill leaves it: some windows whole, in the midst of a case or a round. */
static void test_killed_between_windows(void **state)
{
    size_t n = plain.story ? plain.story->windows : 0;

    (void)state;
    need_two_pus();
    for (size_t k = 1; k < n; k += n / 4) {
        size_t bytes = bytes_of_windows(plain.text, (long)k);
        check_prefix(&plain, copy_text(plain.text, bytes), k, bytes);
    }
}

/* Cases of one thread and of two, which are called alike but for that. */
static void test_two_placements(void **state)
{
    static const int threads[] = {1, 2};

    (void)state;
    need_two_pus();
    struct whole w = {.plan = make_plan(S(SAME_OBJECT), threads, 2, false),
                      .options = plain.options};
    make_whole(&w);
    assert_int_equal(w.plan->n_placements, 2);
    size_t k = w.story->windows / 2, bytes = bytes_of_windows(w.text, (long)k);
    check_prefix(&w, copy_text(w.text, bytes), k, bytes);
    drop_whole(&w);
}

static void test_killed_in_the_header(void **state)
{
    size_t header = bytes_of_windows(plain.text, 0);

    (void)state;
    need_two_pus();
    check_prefix(&plain, copy_text(plain.text, 0), 0, 0);
    check_prefix(&plain, copy_text(plain.text, header - 1), 0, header - 1);
}

/* A round whose anchors are not all there goes on without the others. */
static void test_killed_among_anchors(void **state)
{
    (void)state;
    need_two_pus();
    size_t bytes = (size_t)(line_after(line_after(plain.text.at)) - plain.text.at);
    struct story *story = NULL;
    struct text from = copy_text(plain.text, bytes);
    story = check_resumed(&plain, from, 0, bytes);
    assert_int_equal(story->anchors, 3 * ROUNDS - 2);
    free(story);
    free(from.at);
}

/* A window from the k-th on that has a row for each of two roles. */
static long window_of_two(struct text t, long k)
{
    for (const char *at = line_after(t.at); *at; at = line_after(at))
        if (window_of(at) >= k && window_of(line_after(at)) == window_of(at))
            return window_of(at);
    fail_msg("no window of two roles behind %ld", k);
    return -1;
}

static void test_torn_last_line(void **state)
{
    (void)state;
    need_two_pus();
    for (long k = 1; k < (long)plain.story->windows; k += (long)plain.story->windows / 2) {
        size_t line = line_of_window(plain.text, k, 0); /* whatever came before it stays */
        check_prefix(&plain, copy_text(plain.text, line + 20 * (size_t)k), (size_t)k, line);
    }
}

/* One role's row is there, the other's is missing or torn: the window is measured again. */
static void test_half_a_window(void **state)
{
    (void)state;
    need_two_pus();
    for (int torn = 0; torn < 2; torn++) {
        long window = window_of_two(plain.text, torn ? (long)plain.story->windows / 2 : 0);
        size_t first = line_of_window(plain.text, window, 0);
        size_t second = line_of_window(plain.text, window, 1) + (torn ? 50 : 0);
        check_prefix(&plain, copy_text(plain.text, second), (size_t)window, first);
    }
}

/* Stopped by a signal every few windows, and gone on with until it is whole. */

static volatile sig_atomic_t stop;

static void on_alarm(int signal)
{
    (void)signal;
    stop = 1;
}

static void stop_soon(const struct lb_progress *progress, void *data)
{
    bool *set = data;

    (void)progress;
    if (!*set)
        setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 25000}, NULL);
    *set = true;
}

static struct lb_run *one_leg(const char *path, bool first)
{
    struct lb_run_options options = plain.options;
    bool set = false;

    stop = 0;
    options.stop = &stop;
    options.progress = stop_soon;
    options.data = &set;
    struct lb_run *run =
        first ? begin(plain.plan, options, path) : go_on(plain.plan, options, path);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 0}, NULL);
    return run;
}

static void test_stopped_again_and_again(void **state)
{
    struct sigaction action = {.sa_handler = on_alarm}, before;
    size_t windows = 0, legs = 0;
    enum lb_run_end end;
    struct lb_run *run;
    char path[64];

    (void)state;
    need_two_pus();
    temporary(path);
    sigaction(SIGALRM, &action, &before);
    do {
        run = one_leg(path, !legs++);
        end = run->end;
        assert_int_equal(run->windows_resumed, windows);
        windows = run->windows;
        if (end == LB_RUN_INTERRUPTED)
            lb_run_destroy(run);
    } while (end == LB_RUN_INTERRUPTED && legs < 100);
    sigaction(SIGALRM, &before, NULL);
    assert_int_equal(end, LB_RUN_ROUNDS);
    assert_true(legs > 1);
    struct story *story = tell(&plain, path, ROUNDS);
    assert_int_equal(story->windows, windows);
    compare_stories(plain.story, story);
    check_finished(plain.plan, run, &plain.options, path);
    lb_run_destroy(run);
    free(story);
    unlink(path);
}

/* Rows that nobody wrote */

static void refuse(struct text from, int result, const char *what)
{
    struct lb_run_options options = plain.options;
    struct lb_why why = {""};
    struct lb_run *run = NULL;
    char path[64];

    temporary(path);
    write_text(path, from.at, from.bytes);
    options.resume = path;
    assert_int_equal(try_run(plain.plan, &options, path, &why, &run), result);
    assert_null(run);
    if (!strstr(why.text, what) || !strstr(why.text, path))
        fail_msg("\"%s\" does not say \"%s\"", why.text, what);
    assert_true(is_text(path, from)); /* nothing was cut off or added */
    unlink(path);
    free(from.at);
}

static void test_strange_cells(void **state)
{
    static const char stranger[] = "a row of a case that is not in the plan";
    static const char nobody[] = "a row that this program has not written";
    static const struct {
        const char *column, *value, *what;
    } rows[] = {
        {"scenario", "neighbours", stranger}, {"layout", "padded", stranger},
        {"home", "remote", stranger},         {"work_ns", "199", stranger},
        {"role", "reader", nobody},           {"status", "fine", nobody},
    };

    (void)state;
    need_two_pus();
    long window = window_of_two(plain.text, 3);
    size_t line = line_of_window(plain.text, window, 0);
    for (size_t i = 0; i < LB_COUNT(rows); i++)
        refuse(with_cell(plain.text, plain.text.at + line, rows[i].column, rows[i].value), -EPROTO,
               rows[i].what);
    refuse(with_cell(plain.text, plain.text.at + line, "schema_version", "2"), -EPROTO,
           "schema_version is '2'");
}

/* Numbers that no run writes are refused before anything is measured; file, line, column and cell
 * are named. */
static void test_impossible_cells(void **state)
{
    static const struct {
        const char *column, *value;
    } cells[] = {
        {"start_ns", ""},
        {"start_ns", "-5"},
        {"start_ns", "1e300"},
        {"start_ns", "0"}, /* before the window before it */
        {"round", ""},
        {"round", "-1"},
        {"round", "0.5"},
        {"round", "7"}, /* one follows the other */
        {"round", "4294967295"},
        {"round", "1e300"},
        {"window", ""},
        {"window", "3.5"},
        {"window", "1e300"},
        {"ns_op", ""},
        {"ns_op", "0"},
        {"ns_op", "-3"},
        {"ns_op", "1e300"},
        {"ns_op", "fast"},
        {"machine_ns_op", "-1"},
        {"jain", "7"},
        {"min_over_max", "-0.1"},
        {"total_ops", ""},
        {"total_ops", "x"},
        {"cpu_ns", "1;-2"},
        {"preempted_ns", "1;;x"},
        {"retries", "1e300"},
        {"sleeps", "0.5"},
        {"pingpong_after_ns", "0"},
        {"latency_max_ns", "-1"},
        {"latency_buckets", "99999999:1"},
        {"latency_buckets", "3"},
        {"latency_buckets", "3:-1"},
        {"latency_buckets", "3:x"},
    };
    char sentence[128], place[64];

    (void)state;
    need_two_pus();
    size_t line = line_of_window(plain.text, 1, 0), number = 1;
    /* Good, however busy the machine is. */
    struct text good = with_cell(plain.text, plain.text.at + line, "status", "ok");
    good = replace_cell(replace_cell(good, line, "ns_op", "50"), line, "machine_ns_op", "25");
    for (size_t i = 0; i < line; i++)
        number += good.at[i] == '\n';
    snprintf(place, sizeof place, ":%zu: ", number);
    for (size_t i = 0; i < LB_COUNT(cells); i++) {
        snprintf(sentence, sizeof sentence, "%s%s is '%s', which no run writes there", place,
                 cells[i].column, cells[i].value);
        refuse(with_cell(good, good.at + line, cells[i].column, cells[i].value), -EPROTO, sentence);
    }
    free(good.at);
}

/* A copy without the bytes from one place to another. */
static struct text without(struct text t, size_t from, size_t to)
{
    return append(copy_text(t, from), t.at + to, t.bytes - to);
}

static void test_rows_out_of_order(void **state)
{
    static const char roles[] = "roles of a window out of order";
    static const char windows[] = "rows are missing, there twice or out of order";

    (void)state;
    need_two_pus();
    long window = window_of_two(plain.text, 3);
    size_t first = line_of_window(plain.text, window, 0);
    size_t second = line_of_window(plain.text, window, 1);
    size_t third = (size_t)(line_after(plain.text.at + second) - plain.text.at);
    struct text swapped =
        append(copy_text(plain.text, first), plain.text.at + second, third - second);
    swapped = append(swapped, plain.text.at + first, second - first);
    swapped = append(swapped, plain.text.at + third, plain.text.bytes - third);
    refuse(swapped, -EPROTO, roles);
    refuse(without(plain.text, first, second), -EPROTO, roles);
    refuse(without(plain.text, second, third), -EPROTO, roles);
    refuse(without(plain.text, first, third), -EPROTO, windows);
    /* The same row, the same window twice. */
    struct text twice =
        append(copy_text(plain.text, second), plain.text.at + first, plain.text.bytes - first);
    refuse(twice, -EPROTO, roles);
    twice = append(copy_text(plain.text, third), plain.text.at + first, plain.text.bytes - first);
    refuse(twice, -EPROTO, windows);
    /* Its sentence says which row. */
    refuse(without(plain.text, first, third), -EPROTO, "rows are missing");
}

/* Without a file there is nothing to go on with; of another kind it is left alone. */
static void test_strange_files(void **state)
{
    struct lb_run_options options = plain.options;
    struct lb_why why = {""};
    struct lb_run *run = NULL;

    (void)state;
    need_two_pus();
    options.resume = "/tmp/lb-resume-there-is-no-such-file";
    assert_int_equal(lb_run_measure(plain.plan, topology, &options, NULL, &why, &run), -ENOENT);
    assert_null(run);
    assert_non_null(strstr(why.text, options.resume));
    struct text other = append((struct text){NULL, 0}, "a,b\n1,2\n", 8);
    refuse(other, -EPROTO, "its columns are not those of samples.csv");
}

/* Spoiled windows */

/* The first attempt at a phase of a case that has several, from window k on. */
static long first_attempt(const struct whole *w, long k, int phase)
{
    for (const char *at = line_after(w->text.at); *at; at = line_after(at)) {
        const char *has = cell_of(at, column("phase"));
        if (window_of(at) >= k && *has == '0' + phase && *cell_of(at, column("attempt")) == '0')
            return window_of(at);
    }
    fail_msg("no phase %d behind window %ld", phase, k);
    return -1;
}

static struct text spoil(struct text t, long window)
{
    for (int role = 0; role < 2; role++) {
        size_t at = line_of_window(t, window, 0);
        for (int skip = role; skip; skip--)
            at = (size_t)(line_after(t.at + at) - t.at);
        if (t.at[at] && window_of(t.at + at) == window) {
            t = replace_cell(t, at, "status", "spoiled");
            t = replace_cell(t, at, "reason", "gaps");
        }
    }
    return t;
}

/* The text up to window k, with that window spoiled n times in place of measured. */
static struct text spoiled_times(const struct whole *w, long k, int n)
{
    size_t from = bytes_of_windows(w->text, k), first = line_of_window(w->text, k, 0);
    size_t end = bytes_of_windows(w->text, k + 1);
    struct text t = copy_text(w->text, first);

    assert_true(from <= first);
    for (int i = 0; i < n; i++) {
        size_t at = t.bytes;
        char number[24], attempt[24];
        snprintf(number, sizeof number, "%ld", k + i);
        snprintf(attempt, sizeof attempt, "%d", i);
        t = append(t, w->text.at + first, end - first);
        while (t.at[at]) {
            t = replace_cell(t, at, "window", number);
            t = replace_cell(t, at, "attempt", attempt);
            at = (size_t)(line_after(t.at + at) - t.at);
        }
        t = spoil(t, k + i);
    }
    return t;
}

static void check_spoiled(const struct whole *w, long k, int n)
{
    struct text from = spoiled_times(w, k, n);
    size_t bytes = from.bytes;

    check_prefix(w, from, (size_t)(k + n), bytes);
}

/* After four there is one attempt left, after five none in this round. */
static void test_spoiled_windows(void **state)
{
    (void)state;
    need_two_pus();
    struct whole w = {.plan = make_plan(S(OBSERVER), NULL, 0, false), .options = plain.options};
    w.options.emulated = false;
    make_whole(&w);
    check_spoiled(&w, first_attempt(&w, 1, 0), 1);
    check_spoiled(&w, first_attempt(&w, 1, 0), 5);
    check_spoiled(&w, first_attempt(&w, 1, 1), 4);
    check_spoiled(&w, first_attempt(&w, 1, 1), 5);
    drop_whole(&w);
}

/* Where time means nothing, a spoiled window is the end of its case. */
static void test_spoiled_and_emulated(void **state)
{
    (void)state;
    need_two_pus();
    check_spoiled(&plain, first_attempt(&plain, 0, 0), 1);
}

/* Counted and armed windows */

static struct lb_event event_of(unsigned config)
{
    struct lb_event e = {.kind = LB_EVENT_PMU, .role = -1};

    snprintf(e.string, sizeof e.string, "raw:config=0x%x", config);
    snprintf(e.name, sizeof e.name, "%s", e.string);
    return e;
}

static struct lb_event watch_of(enum lb_watch watch)
{
    struct lb_event e = {.kind = LB_EVENT_WATCH, .role = -1, .word.watch = watch};

    snprintf(e.name, sizeof e.name, "bp:%s", lb_watch_name(watch));
    return e;
}

static struct lb_event events[6];

static struct whole counted(bool armed)
{
    struct whole w = {
        .plan = make_plan(S(OBSERVER), NULL, 0, true), .options = plain.options, .armed = armed};

    events[0] = event_of(3);
    events[1] = event_of(4); /* there is none */
    for (unsigned i = 2; i < 5; i++)
        events[i] = event_of(i + 3); /* in turns */
    events[5] = watch_of(LB_WATCH_COUNT);
    pmu_start();
    pmu_rule(4, ENOENT, -1);
    if (!armed)
        pmu_rule(PMU_WATCH, ENOSPC, -1);
    w.options.events = events;
    w.options.n_events = LB_COUNT(events);
    w.options.at_once = 3;
    w.options.calls = &pmu_calls;
    make_whole(&w);
    return w;
}

static void test_counted_windows(void **state)
{
    (void)state;
    need_two_pus();
    struct whole w = counted(false);
    for (size_t k = 1; k < w.story->windows; k += w.story->windows / 2) {
        size_t bytes = bytes_of_windows(w.text, (long)k);
        check_prefix(&w, copy_text(w.text, bytes), k, bytes);
    }
    assert_int_equal(pmu.faults, 0);
    drop_whole(&w);
}

#if defined(__x86_64__)
/* The next armed window from k on; -1: none. */
static long armed_from(struct text t, long k)
{
    for (const char *at = line_after(t.at); *at; at = line_after(at))
        if (window_of(at) >= k && !strncmp(cell_of(at, column("status")), "armed,", 6))
            return window_of(at);
    return -1;
}

/* Stopped just before an armed window, and just after it. */
static void test_armed_windows(void **state)
{
    size_t seen = 0;

    (void)state;
    need_two_pus();
    struct whole w = counted(true);
    for (long k = armed_from(w.text, 0); k >= 0; k = armed_from(w.text, k + 1)) {
        if (seen++ % 3)
            continue;
        for (long at = k; at <= k + 1; at++) {
            size_t bytes = bytes_of_windows(w.text, at);
            check_prefix(&w, copy_text(w.text, bytes), (size_t)at, bytes);
        }
    }
    assert_int_equal(seen, 2 * ROUNDS);
    assert_int_equal(pmu.faults, 0);
    drop_whole(&w);
}

static struct lb_run *read_as(const struct whole *w, struct text t)
{
    char path[64];

    temporary(path);
    write_text(path, t.at, t.bytes);
    struct lb_run *run = go_on(w->plan, w->options, path);
    unlink(path);
    return run;
}

/* Samples of which the watched word was counted. */
static size_t watched(const struct lb_run *run)
{
    size_t n = 0, watch = LB_COUNT(events) - 1;

    for (size_t c = 0; c < run->plan->n_cases; c++)
        for (size_t i = 0; i < run->series[c].n; i++)
            n += run->series[c].tallies[0][i * LB_COUNT(events) + watch].state != LB_COUNT_UNASKED;
    return n;
}

/* A spoiled armed window is an attempt at nothing: it is in no rate, and counts nothing. */
static void test_spoiled_armed_windows(void **state)
{
    (void)state;
    need_two_pus();
    struct whole w = counted(true);
    struct text t = copy_text(w.text, w.text.bytes);
    for (long k; (k = armed_from(t, 0)) >= 0;)
        t = spoil(t, k);
    struct lb_run *armed = read_as(&w, w.text), *spoiled = read_as(&w, t);
    assert_int_equal(armed->windows, spoiled->windows);
    assert_int_equal(armed->windows_spoiled, spoiled->windows_spoiled);
    size_t samples = 0;
    for (size_t c = 0; c < w.plan->n_cases; c++) {
        const struct lb_series *a = &armed->series[c], *b = &spoiled->series[c];
        assert_int_equal(a->n, b->n);
        assert_int_equal(a->attempts, b->attempts);
        assert_int_equal(a->spoiled, b->spoiled);
        samples += w.plan->cases[c].armed ? a->n : 0;
    }
    assert_true(watched(armed) > 0 || !samples);
    assert_int_equal(watched(spoiled), 0);
    lb_run_destroy(armed);
    lb_run_destroy(spoiled);
    free(t.at);
    drop_whole(&w);
}

/* The first window of a case of several phases that has an armed one. */
static long armed_case(const struct whole *w)
{
    long k = -1;

    do
        k = first_attempt(w, k + 1, 0);
    while (!strncmp(w->text.at + line_of_window(w->text, k, 0), "3,test,empty,", 13));
    return k;
}

/* A case that was given up still has its armed window. */
static void test_given_up_and_armed(void **state)
{
    (void)state;
    need_two_pus();
    struct whole w = counted(true);
    check_spoiled(&w, armed_case(&w), 1);
    drop_whole(&w);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longer),
        cmocka_unit_test(test_killed_between_windows),
        cmocka_unit_test(test_two_placements),
        cmocka_unit_test(test_killed_in_the_header),
        cmocka_unit_test(test_killed_among_anchors),
        cmocka_unit_test(test_torn_last_line),
        cmocka_unit_test(test_half_a_window),
        cmocka_unit_test(test_stopped_again_and_again),
        cmocka_unit_test(test_strange_cells),
        cmocka_unit_test(test_impossible_cells),
        cmocka_unit_test(test_rows_out_of_order),
        cmocka_unit_test(test_strange_files),
        cmocka_unit_test(test_spoiled_windows),
        cmocka_unit_test(test_spoiled_and_emulated),
        cmocka_unit_test(test_counted_windows),
#if defined(__x86_64__)
        cmocka_unit_test(test_armed_windows),
        cmocka_unit_test(test_spoiled_armed_windows),
        cmocka_unit_test(test_given_up_and_armed),
#endif
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
