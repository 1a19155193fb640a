/* SPDX-License-Identifier: MIT
 *
 * From the rows of an interrupted run back to what it knew: the inverse of samples_write.c.
 */
#include "base/number.h"
#include "run_private.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES 640

/* A case under the text that its rows and the plan both give. */
struct known {
    char *key;
    int case_index;
};

struct resuming {
    struct lb_runner *b;
    struct lb_csv_reader *reader;
    const char *path;
    struct lb_why *why;
    struct known *known; /* sorted by key */
    /* The case and round whose rows are being read. */
    int case_index; /* -1: none */
    unsigned round;
    struct lb_sum *sum;
    struct lb_sum
        *part; /* of the window whose rows are being read: counts when all roles are there */
    int phase, spoiled;    /* spoiled attempts of this phase */
    bool gave_up, armed;   /* its last window was read */
    float *before, *after; /* probes around the last good window */
    float *probes;         /* around the one that was read last, first those before */
    int n_links;
    int roles; /* read of the window whose rows are being read; 0: the next row begins one */
    double start_ns, end_ns; /* of the last window */
};

static const char *text(const struct resuming *r, const char *column)
{
    return lb_csv_cell(r->reader, column);
}

static double number(const struct resuming *r, const char *column)
{
    return lb_csv_number(r->reader, column);
}

/* A count that is empty where it does not apply. */
static double count(const struct resuming *r, const char *column)
{
    double n = number(r, column);

    return isnan(n) ? 0 : n;
}

static void join(const char *const cells[LB_KEY_ROLE], char key[KEY_BYTES])
{
    size_t used = 0;

    key[0] = '\0';
    for (int k = 0; k < LB_KEY_ROLE && used < KEY_BYTES; k++)
        used += (size_t)snprintf(key + used, KEY_BYTES - used, "%s|", cells[k]);
}

static void row_key(const struct resuming *r, char key[KEY_BYTES])
{
    const char *cells[LB_KEY_ROLE];

    for (enum lb_key k = 0; k < LB_KEY_ROLE; k++)
        cells[k] = text(r, lb_key_column(k));
    join(cells, key);
}

static void case_key(const struct lb_plan *p, const struct lb_case *c, char key[KEY_BYTES])
{
    struct lb_case_key cells;

    lb_case_key(p, c, &cells);
    join(cells.cells, key);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->key, ((const struct known *)b)->key);
}

static int know_cases(struct resuming *r)
{
    const struct lb_plan *p = r->b->plan;
    char key[KEY_BYTES];

    r->known = calloc(p->n_cases, sizeof *r->known);
    for (size_t i = 0; r->known && i < p->n_cases; i++) {
        case_key(p, &p->cases[i], key);
        r->known[i] = (struct known){strdup(key), (int)i};
        if (!r->known[i].key)
            return -ENOMEM;
    }
    if (!r->known)
        return -ENOMEM;
    qsort(r->known, p->n_cases, sizeof *r->known, by_key);
    return 0;
}

static int find_case(const struct resuming *r)
{
    char key[KEY_BYTES];
    struct known wanted = {key, 0}, *found;

    row_key(r, key);
    found = bsearch(&wanted, r->known, r->b->plan->n_cases, sizeof *r->known, by_key);
    return found ? found->case_index : -1;
}

/* One value of a cell that joins several; moves on. NaN for an unknown one. */
static double next_value(const char **at)
{
    char one[64];
    size_t length = strcspn(*at, ";");

    snprintf(one, sizeof one, "%.*s", (int)length, *at);
    *at += length + ((*at)[length] == ';');
    return *one ? lb_number_parse(one) : NAN;
}

static double sum_of(const char *cell)
{
    double sum = *cell ? 0 : NAN; /* of one thread, an unknown value is an empty cell */

    while (*cell)
        sum += next_value(&cell);
    return sum;
}

static void read_account(const struct resuming *r, struct lb_account *a)
{
    for (size_t i = 0; i < LB_MEASURES; i++) {
        const struct lb_measure *m = &lb_measures[i];
        bool listed = m->how & LB_MEASURE_THREADS;
        *lb_account_at(a, m) = listed ? sum_of(text(r, m->column)) : count(r, m->column);
    }
    a->wall_ns = a->cpu_ns + a->off_cpu_ns;
}

/* The first thread's own time is not in the file; the role's stands for it: only suite harness
 * looks at it, which is not resumed. */
static void read_sample(const struct resuming *r, struct lb_sample *x)
{
    *x = (struct lb_sample){
        .ns_op = number(r, "ns_op"),
        .machine_ns_op = number(r, "machine_ns_op"),
        .per_kop_of_first = number(r, "ops_per_kop_of_first"),
        .late_ns_op = number(r, "late_ns_op"),
        .first_ns_op = number(r, "ns_op"),
        .jain = number(r, "jain"),
        .min_over_max = number(r, "min_over_max"),
        .sampled_share = number(r, "sampled_share"),
        .own_op_ns = number(r, "own_op_ns"),
        .slow_ns = number(r, "slow_threshold_ns"),
        .own_mean_ns = number(r, "own_op_mean_ns"),
        .wait_ns_op = number(r, "wait_ns_op"),
        .transfer_ns = number(r, "transfer_ns"),
    };
    for (int i = 0; i < LB_COSTS; i++)
        x->costs[i] = number(r, lb_cost_columns[i].sample);
    x->total_ops = count(r, "total_ops");
    read_account(r, &x->account);
    x->cpu_ns_op = x->account.cpu_ns / x->total_ops;
    x->off_cpu_share = lb_off_cpu_share(x);
}

/* "index:count;..." as samples_write.c writes it. */
static void read_latency(const struct resuming *r, struct lb_latency *sum)
{
    const char *at = text(r, "latency_buckets");
    double ns = r->b->run->clock.ns_per_tick, max = number(r, "latency_max_ns");

    while (*at) {
        char *end;
        unsigned long bucket = strtoul(at, &end, 10);
        uint64_t n = *end == ':' ? strtoull(end + 1, &end, 10) : 0;
        if (bucket < LB_LATENCY_BUCKETS) {
            sum->buckets[bucket] += n;
            sum->n += n;
        }
        at = *end == ';' ? end + 1 : "";
    }
    if (max / ns > (double)sum->max)
        sum->max = (uint64_t)(max / ns + 0.5);
    sum->slow += (uint64_t)count(r, "slow_ops");
}

static enum lb_count_state state_named(const char *name, size_t length)
{
    for (enum lb_count_state s = LB_COUNT_COUNTED; s <= LB_COUNT_REFUSED; s++)
        if (strlen(lb_count_state_name(s)) == length &&
            !strncmp(name, lb_count_state_name(s), length))
            return s;
    return LB_COUNT_UNASKED;
}

static void read_tallies(const struct resuming *r, struct lb_tally *tallies)
{
    const char *names = text(r, "events"), *states = text(r, "event_states");
    const char *scaled = text(r, "event_scaled");
    double ops = count(r, "total_ops");

    while (*names && *states) {
        size_t length = strcspn(names, ";"), state_length = strcspn(states, ";");
        double value = next_value(&scaled);
        for (size_t e = 0; e < r->b->run->n_events; e++) {
            const char *name = r->b->run->events[e].event.name;
            struct lb_tally *t = &tallies[e];
            enum lb_count_state state = state_named(states, state_length);
            if (strlen(name) != length || strncmp(name, names, length) != 0 || !(ops > 0))
                continue;
            t->count += value;
            t->ops += ops;
            t->state = state > t->state ? state : t->state;
        }
        names += length + (names[length] == ';');
        states += state_length + (states[state_length] == ';');
    }
}

static void read_placed(const struct resuming *r, struct lb_series *series)
{
    double object = number(r, "object_residue"), lock = number(r, "lock_residue");
    double shares = number(r, "share_lines");
    struct lb_placed p = {
        .object_residue = object >= 0 && object < LB_LINE_BYTES ? (int)object : -1,
        .lock_residue = lock >= 0 && lock < LB_LINE_BYTES ? (int)lock : -1,
        .shares = isnan(shares) ? -1 : shares > 0,
    };

    if (p.lock_residue < 0)
        p.object_residue = -1;
    lb_series_place(&p, series);
}

static void read_links(const struct resuming *r, const char *column, float *links)
{
    const char *at = text(r, column);

    for (int i = 0; i < r->n_links; i++)
        links[i] = (float)next_value(&at);
}

/* A group of rows of one case and round. */

static void drop_sum(struct lb_sum *sum)
{
    if (sum)
        lb_sum_finish(sum);
    free(sum);
}

static void drop_group(struct resuming *r)
{
    drop_sum(r->sum);
    drop_sum(r->part);
    free(r->before);
    free(r->after);
    free(r->probes);
    r->sum = r->part = NULL;
    r->before = r->after = r->probes = NULL;
    r->case_index = -1;
}

static int begin_group(struct resuming *r, int case_index, unsigned round)
{
    const struct lb_case *c = &r->b->plan->cases[case_index];

    r->n_links = lb_ring_links(r->b->plan->placements[c->placement].n);
    r->sum = calloc(1, sizeof *r->sum);
    r->part = calloc(1, sizeof *r->part);
    r->before = calloc((size_t)r->n_links + 1, sizeof *r->before);
    r->after = calloc((size_t)r->n_links + 1, sizeof *r->after);
    r->probes = calloc(2 * (size_t)r->n_links + 1, sizeof *r->probes);
    r->case_index = case_index;
    r->round = round;
    r->phase = r->spoiled = 0;
    r->gave_up = r->armed = false;
    if (!r->sum || !r->part || !r->before || !r->after || !r->probes ||
        lb_sum_init(r->b->run, c, r->sum) || lb_sum_init(r->b->run, c, r->part))
        return -ENOMEM;
    return 0;
}

/* All phases were measured, or were given up: what is still to come is the armed window. */
static bool is_timed(const struct resuming *r)
{
    return r->gave_up || r->phase >= r->b->plan->cases[r->case_index].phases;
}

static bool wants_armed(const struct resuming *r)
{
    return r->b->plan->cases[r->case_index].armed && r->b->run->n_armed_groups && !r->armed;
}

/* The rows of the next case begin, or the file ends: what was read is a sample, or nothing, or, at
 * the end, what the run goes on with. */
static int end_group(struct resuming *r, bool at_end)
{
    struct lb_runner *b = r->b;
    int err = 0;

    if (r->case_index < 0)
        return 0;
    if (r->phase >= b->plan->cases[r->case_index].phases)
        err = lb_sum_keep(b->run, r->case_index, r->round, r->after, r->n_links, r->sum);
    if (at_end && !is_timed(r)) {
        b->pending = (struct lb_pending){r->case_index, r->phase, r->spoiled, r->sum};
        r->sum = NULL;
    } else if (at_end && wants_armed(r)) {
        b->pending = (struct lb_pending){.case_index = r->case_index};
    } else {
        b->done[r->case_index] = r->round;
    }
    drop_group(r);
    return err;
}

static void take_ok(struct resuming *r, int role)
{
    struct lb_sample x;

    read_sample(r, &x);
    lb_sum_add_sample(&x, role, r->part);
    read_latency(r, &r->part->latency[role]);
    read_tallies(r, r->part->tallies[role]);
}

/* Adds what a window counted to the group's, and empties it for the next window. */
static void join_tallies(struct resuming *r, int role)
{
    size_t n = r->b->run->n_events;
    struct lb_tally *from = r->part->tallies[role], *to = r->sum->tallies[role];

    for (size_t e = 0; e < n; e++) {
        to[e].count += from[e].count;
        to[e].ops += from[e].ops;
        to[e].state = from[e].state > to[e].state ? from[e].state : to[e].state;
    }
    memset(from, 0, n * sizeof *from);
}

/* All roles of a good window were read: it joins the group. */
static void join_window(struct resuming *r)
{
    const struct lb_case *c = &r->b->plan->cases[r->case_index];

    for (int role = 0; role < lb_case_roles(c); role++) {
        lb_sum_add_sample(&r->part->roles[role], role, r->sum);
        lb_latency_merge(&r->part->latency[role], &r->sum->latency[role]);
        join_tallies(r, role);
        memset(&r->part->roles[role], 0, sizeof r->part->roles[role]);
        memset(&r->part->latency[role], 0, sizeof r->part->latency[role]);
    }
    memcpy(r->before, r->probes, (size_t)r->n_links * sizeof *r->before);
    memcpy(r->after, r->probes + r->n_links, (size_t)r->n_links * sizeof *r->after);
    if (!r->sum->phases)
        r->sum->start_ns = r->start_ns;
    r->sum->agree = lb_runner_agreement(r->b, c->placement);
    lb_sum_add_phase(r->before, r->after, r->n_links, r->sum);
    read_placed(r, &r->b->run->series[r->case_index]);
}

/* As the run that wrote it did, from spoiled and armed windows too: what agrees goes by all. */
static void learn_noise(struct resuming *r, const struct lb_case *c)
{
    float *before = r->probes, *after = r->probes + r->n_links;

    read_links(r, "pingpong_before_ns", before);
    read_links(r, "pingpong_after_ns", after);
    lb_runner_learn(r->b, c->placement, before, after, r->n_links);
}

/* The window's last role has been read. */
static void count_attempt(const struct resuming *r, struct lb_series *series, bool spoiled)
{
    bool astride = spoiled && !strcmp(text(r, "reason"), lb_spoiled_name(LB_SPOILED_REGIME));

    series->attempts++;
    series->spoiled += spoiled;
    series->tried += !r->spoiled && !astride;
    series->failed += !r->spoiled && !astride && spoiled;
}

static void count_window(struct resuming *r, const char *status)
{
    struct lb_run *run = r->b->run;
    const struct lb_case *c = &r->b->plan->cases[r->case_index];
    struct lb_series *series = &run->series[r->case_index];
    bool spoiled = !strcmp(status, "spoiled");

    r->roles = 0;
    r->b->window++;
    run->windows_resumed++;
    run->measured_s += c->window_ns * 1e-9 * (1 + LB_WARMUP_SHARE);
    r->start_ns = number(r, "start_ns");
    r->end_ns = r->start_ns + c->window_ns * (1 + LB_WARMUP_SHARE);
    learn_noise(r, c);
    if (is_timed(r)) { /* the armed window, which is in no rate */
        r->armed = true;
        for (int role = 0; role < lb_case_roles(c); role++)
            join_tallies(r, role);
        return;
    }
    count_attempt(r, series, spoiled);
    run->windows_spoiled += spoiled;
    if (!spoiled) {
        join_window(r);
        r->phase++;
        r->spoiled = 0;
    } else if (++r->spoiled > lb_runner_repeats(r->b, c)) {
        r->gave_up = true;
    }
}

static int role_of(const struct resuming *r, const struct lb_case *c)
{
    for (int role = 0; role < lb_case_roles(c); role++)
        if (!strcmp(text(r, "role"), lb_case_role_name(c, role)))
            return role;
    return -1;
}

static int strange_row(const struct resuming *r, const char *what)
{
    return lb_fail(r->why, EPROTO, "%s:%zu: %s: %.60s, layout '%.40s', role '%.20s'", r->path,
                   lb_csv_line(r->reader), what, text(r, "scenario"), text(r, "layout"),
                   text(r, "role"));
}

static int impossible_row(const struct resuming *r, const char *column)
{
    return lb_fail(r->why, EPROTO,
                   "%s:%zu: %s is '%.40s', which no run writes there: %.60s, layout '%.40s'",
                   r->path, lb_csv_line(r->reader), column, text(r, column), text(r, "scenario"),
                   text(r, "layout"));
}

static bool is_first_touch(const struct resuming *r)
{
    return !strcmp(text(r, "touch"), lb_touch_name(LB_TOUCH_FIRST));
}

static bool is_anchor(const struct resuming *r)
{
    return !strncmp(text(r, "scenario"), "anchor-", 7);
}

/* Rounds count up by one, since each begins with its anchors; first touches come before them, in
 * rounds of their own. */
static int read_round(struct resuming *r, unsigned *round)
{
    double number_of_round = number(r, "round");
    double most = is_first_touch(r) ? (double)r->b->window : (double)r->b->round + 1;
    double least = is_first_touch(r) ? 0 : r->b->round;

    if (!(number_of_round >= least && number_of_round <= most &&
          floor(number_of_round) == number_of_round))
        return impossible_row(r, "round");
    *round = (unsigned)number_of_round;
    return 0;
}

/* Whether a case's row is one that can come now. */
static int check_row(const struct resuming *r, int case_index, unsigned round)
{
    double window = number(r, "window");
    const char *column;
    int role;

    if (case_index < 0)
        return strange_row(r, "a row of a case that is not in the plan");
    if ((role = role_of(r, &r->b->plan->cases[case_index])) < 0)
        return strange_row(r, "a row that this program has not written");
    if ((column = lb_resume_impossible(r->reader)))
        return impossible_row(r, column);
    if (number(r, "start_ns") < r->start_ns)
        return impossible_row(r, "start_ns");
    if (role != r->roles || (role && (case_index != r->case_index || round != r->round)))
        return strange_row(r, "roles of a window out of order");
    if ((size_t)window != r->b->window)
        return lb_fail(r->why, EPROTO,
                       "%s:%zu: a row of window %.0f where window %zu was to come: rows are "
                       "missing, there twice or out of order",
                       r->path, lb_csv_line(r->reader), window, r->b->window);
    return 0;
}

/* A row of the group that is being read. */
static int take_window(struct resuming *r)
{
    const struct lb_case *c = &r->b->plan->cases[r->case_index];
    const char *status = text(r, "status");
    bool timed = is_timed(r), spoiled = !strcmp(status, "spoiled");

    if (!spoiled && strcmp(status, timed ? "armed" : "ok") != 0)
        return strange_row(r, "a row that this program has not written");
    if (timed && (!c->armed || r->armed))
        return strange_row(r, "a window more than its case has in a round");
    if (!spoiled && timed)
        read_tallies(r, r->part->tallies[r->roles]);
    else if (!spoiled)
        take_ok(r, r->roles);
    if (++r->roles == lb_case_roles(c))
        count_window(r, status);
    return 0;
}

static int take_row(struct resuming *r)
{
    unsigned round = 0;
    int case_index, err = read_round(r, &round);

    if (err)
        return err;
    if (!is_first_touch(r))
        r->b->round = round;
    if (is_anchor(r)) {
        r->b->anchored = round; /* some or all: they are not in any statistics */
        return 0;
    }
    case_index = find_case(r);
    if ((err = check_row(r, case_index, round)))
        return err;
    if (case_index != r->case_index || round != r->round)
        if ((err = end_group(r, false)) || (err = begin_group(r, case_index, round)))
            return err;
    return take_window(r);
}

/* Cuts off the last line of a file that ends with a newline. No cell of ours holds another. */
static int cut_last_line(const char *path, struct lb_why *why)
{
    int fd = open(path, O_RDWR | O_CLOEXEC), err = 0;
    struct stat info;
    off_t at = 0;
    char c = 0;

    if (fd < 0 || fstat(fd, &info))
        err = -errno;
    else
        at = info.st_size - 1;
    while (!err && at > 0 && c != '\n')
        if (pread(fd, &c, 1, --at) != 1)
            err = -EIO;
    if (!err && ftruncate(fd, at + 1))
        err = -errno;
    if (fd >= 0)
        close(fd);
    return err ? lb_fail(why, -err, "%s: %s", path, strerror(-err)) : 0;
}

/* A window of which the file has one role and not the other was in flight: it is measured again. */
static int drop_half_window(struct resuming *r)
{
    return r->roles ? cut_last_line(r->path, r->why) : 0;
}

static int read_all(struct resuming *r)
{
    int got;

    while ((got = lb_csv_next(r->reader, r->why)) == 1)
        if ((got = take_row(r)))
            return got;
    return got;
}

static int resume(struct resuming *r)
{
    int err = know_cases(r);

    if (!err)
        err = lb_csv_open(r->path, NULL, r->why, &r->reader);
    if (err == -ENODATA) /* killed before the header */
        return 0;
    if (!err)
        err = read_all(r);
    if (!err)
        err = drop_half_window(r);
    if (!err)
        err = end_group(r, true);
    lb_csv_reader_close(r->reader);
    return err;
}

int lb_runner_resume(struct lb_runner *b, const char *path, struct lb_why *why)
{
    struct resuming r = {.b = b, .path = path, .why = why, .case_index = -1};
    int err = resume(&r);

    drop_group(&r);
    for (size_t i = 0; r.known && i < b->plan->n_cases; i++)
        free(r.known[i].key);
    free(r.known);
    b->run->rounds = b->round; /* the one that it stopped in is counted when it is whole */
    b->start_ticks -= lb_clock_ticks(&b->run->clock, r.end_ns);
    return err;
}
