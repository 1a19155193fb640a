/* SPDX-License-Identifier: MIT
 *
 * From the CSV files of the runs to the rounds of each case. Files are streamed: of a row there
 * remain 20 bytes and its round trips.
 */
#include "compare_private.h"
#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Without these a row says nothing; others that are missing are unknown. */
#define NEEDED "scenario", "layout", "lock", "placement", "threads", "work_ns", "role"

/* A name of ours has some ten bytes, a list of CPUs some thousand. */
#define MOST_NAME_BYTES 16384
/* Neighbours in a ring: as many as there are CPUs. */
#define MOST_LINKS 16384

/* Cases -------------------------------------------------------------------------------------- */

static uint64_t hash(const char *const cells[LB_KEYS])
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */

    for (int k = 0; k < LB_KEYS; k++)
        for (const char *at = cells[k];; at++) {
            h = (h ^ (unsigned char)*at) * 1099511628211u;
            if (!*at)
                break;
        }
    return h;
}

static bool is_same(char *const a[LB_KEYS], const char *const b[LB_KEYS])
{
    for (int k = LB_KEYS - 1; k >= 0; k--)
        if (strcmp(a[k], b[k]) != 0)
            return false;
    return true;
}

/* The slot of the cells, free or theirs. */
static size_t *slot_of(const struct lb_compare_index *x, const struct lb_compare *c,
                       const char *const cells[LB_KEYS])
{
    size_t at = (size_t)hash(cells) % x->n;

    while (x->slots[at] != SIZE_MAX && !is_same(c->cases[x->slots[at]].cells, cells))
        at = (at + 1) % x->n;
    return &x->slots[at];
}

/* Room for one more case. */
static int grow(struct lb_compare_index *x, const struct lb_compare *c)
{
    size_t n = x->n ? 2 * x->n : 128;

    if (2 * c->n_cases < x->n)
        return 0;
    free(x->slots);
    if (!(x->slots = malloc(n * sizeof *x->slots)))
        return -ENOMEM;
    memset(x->slots, 0xff, n * sizeof *x->slots);
    x->n = n;
    for (size_t i = 0; i < c->n_cases; i++)
        *slot_of(x, c, (const char *const *)c->cases[i].cells) = i;
    return 0;
}

/* The case with these cells, made when it is new. */
static int find_case(struct lb_compare_index *x, struct lb_compare *c,
                     const char *const cells[LB_KEYS], size_t *at)
{
    struct lb_compare_case *added;
    int err = grow(x, c);

    if (err)
        return err;
    if ((*at = *slot_of(x, c, cells)) != SIZE_MAX)
        return 0;
    if (!(added = lb_more(&c->cases, &c->n_cases, sizeof *added)))
        return -ENOMEM;
    for (int k = 0; k < LB_KEYS; k++)
        if (!(added->cells[k] = strdup(cells[k])))
            err = -ENOMEM;
    if (!(added->units = calloc(c->n_runs, sizeof *added->units)))
        err = -ENOMEM;
    for (size_t r = 0; !err && r < c->n_runs; r++)
        added->units[r].n_links = -1;
    *at = c->n_cases - 1;
    if (!err)
        *slot_of(x, c, cells) = *at;
    return err;
}

double lb_compare_trip(const struct lb_compare_unit *u, size_t k)
{
    double sum = 0;

    for (int link = 0; link < u->n_links; link++)
        sum += (double)u->probes[k * (size_t)u->n_links + (size_t)link];
    return u->n_links > 0 ? sum / u->n_links : NAN;
}

int lb_compare_last_regime(const struct lb_compare *c, size_t i)
{
    int last = 0;

    for (size_t r = 0; r < c->n_runs; r++)
        for (size_t k = 0; k < c->cases[i].units[r].n; k++)
            if (c->cases[i].units[r].samples[k].regime > last)
                last = c->cases[i].units[r].samples[k].regime;
    return last;
}

void lb_compare_unit_finish(struct lb_compare_unit *u)
{
    for (size_t i = 0; u->digests && i < u->n; i++)
        free(u->digests[i].base);
    free(u->digests);
    free(u->samples);
    free(u->probes);
    free(u->changes);
    free(u->pending.before);
    free(u->pending.after);
}

/* Rounds ------------------------------------------------------------------------------------- */

static int grow_links(float **list, size_t n)
{
    float *more = n ? realloc(*list, n * sizeof *more) : NULL;

    if (more)
        *list = more;
    return n && !more ? -ENOMEM : 0;
}

/* Appends a sample without its probes. */
static int add_sample(struct lb_compare_unit *u, const struct lb_compare_sample *sample)
{
    size_t links = u->n_links > 0 ? (size_t)u->n_links : 0, room = u->room ? 2 * u->room : 16;

    if (u->n == u->room) {
        struct lb_compare_sample *samples = realloc(u->samples, room * sizeof *samples);
        if (samples)
            u->samples = samples;
        if (!samples || grow_links(&u->probes, room * links) ||
            grow_links(&u->changes, room * links))
            return -ENOMEM;
        u->room = room;
    }
    u->samples[u->n] = *sample;
    return 0;
}

static void put_probe(struct lb_compare_unit *u, int link, float before, float after)
{
    size_t at = u->n * (size_t)u->n_links + (size_t)link;

    u->probes[at] = sqrtf(before * after);
    u->changes[at] = after / before;
}

/* Ends the round that is being gathered. */
static int flush(struct lb_compare_unit *u)
{
    struct lb_compare_sample s = {.round = u->pending.round, .phases = u->pending.n};
    int err;

    if (!u->pending.open)
        return 0;
    u->pending.open = false;
    s.ns = (float)(u->pending.ns / u->pending.n);
    s.fair = (float)(u->pending.fair / u->pending.n);
    for (int i = 0; i < u->n_links; i++) {
        double a = (double)u->pending.before[i], b = (double)u->pending.after[i];
        if (a > b * LB_REGIME_AGREE_MOST || b > a * LB_REGIME_AGREE_MOST)
            return 0; /* it spans two regimes; the run's own rule was stricter */
    }
    if ((err = add_sample(u, &s)))
        return err;
    for (int i = 0; i < u->n_links; i++)
        put_probe(u, i, u->pending.before[i], u->pending.after[i]);
    u->n++;
    return 0;
}

/* Numbers of a cell joined by `;`, the first n of them into list, NaN where one is unknown. Returns
 * how many there are. */
static int parse_list(const char *cell, float *list, int n)
{
    char text[LB_NUMBER_BYTES];
    int found = 0;

    for (; lb_csv_value(&cell, text, sizeof text); found++)
        if (list && found < n)
            list[found] = (float)lb_number_parse(text);
    return found;
}

/* The first row of a case says how many links its ring has. */
static int count_links(struct lb_compare_unit *u, const char *cell)
{
    if (u->n_links >= 0)
        return 0;
    u->n_links = parse_list(cell, NULL, 0);
    if (u->n_links > MOST_LINKS)
        return -E2BIG;
    u->pending.before = calloc((size_t)u->n_links + 1, sizeof(float));
    u->pending.after = calloc((size_t)u->n_links + 1, sizeof(float));
    return u->pending.before && u->pending.after ? 0 : -ENOMEM;
}

/* An ok row joins its round: the mean over phases, the first probe before and the last after. */
static int add_window(struct lb_csv_reader *csv, struct lb_compare_unit *u, bool *usable)
{
    double ns = lb_csv_number(csv, "ns_op"), round = lb_csv_number(csv, "round");
    const char *before = lb_csv_cell(csv, "pingpong_before_ns");
    int err;

    *usable = isfinite(ns) && ns > 0 && isfinite((float)ns) && round >= 0 && round < UINT32_MAX;
    if (!*usable)
        return 0;
    if ((err = count_links(u, before)))
        return err;
    if (u->pending.open && u->pending.round != (uint32_t)round && (err = flush(u)))
        return err;
    if (!u->pending.open) {
        u->pending.open = true;
        u->pending.round = (uint32_t)round;
        u->pending.n = 0;
        u->pending.ns = u->pending.fair = 0;
        for (int i = 0; i < u->n_links; i++)
            u->pending.before[i] = u->pending.after[i] = NAN;
        parse_list(before, u->pending.before, u->n_links);
    }
    parse_list(lb_csv_cell(csv, "pingpong_after_ns"), u->pending.after, u->n_links);
    u->pending.ns += ns;
    u->pending.fair += lb_csv_number(csv, "min_over_max");
    u->pending.n++;
    if (u->pending.n > u->phases)
        u->phases = u->pending.n;
    return 0;
}

static int by_round(const void *a, const void *b)
{
    const struct lb_compare_sample *x = a, *y = b;

    return (x->round > y->round) - (x->round < y->round);
}

/* Ends the last round, and drops those in which a residue is missing: their mean is another one. */
static int end_unit(struct lb_compare_unit *u)
{
    size_t links = u->n_links > 0 ? (size_t)u->n_links : 0, kept = 0;
    bool rising = true;
    int err = flush(u);

    for (size_t i = 0; !err && i < u->n; i++) {
        if (u->samples[i].phases != u->phases)
            continue;
        u->samples[kept] = u->samples[i];
        if (links && kept != i) {
            memcpy(u->probes + kept * links, u->probes + i * links, links * sizeof *u->probes);
            memcpy(u->changes + kept * links, u->changes + i * links, links * sizeof *u->changes);
        }
        rising = rising && (!kept || by_round(&u->samples[kept - 1], &u->samples[kept]) < 0);
        kept++;
    }
    u->n = kept;
    return err ? err : rising ? 0 : -EPROTO;
}

/* Files -------------------------------------------------------------------------------------- */

static int read_cells(struct lb_csv_reader *csv, struct lb_compare *c, size_t r,
                      struct lb_compare_index *index, struct lb_why *why, size_t *at)
{
    const char *cells[LB_KEYS];

    for (int k = 0; k < LB_KEYS; k++) {
        cells[k] = lb_csv_cell(csv, lb_key_column((enum lb_key)k));
        if (strnlen(cells[k], MOST_NAME_BYTES + 1) > MOST_NAME_BYTES)
            return lb_fail(why, EPROTO, "%s:%zu: %s has over %d bytes: no name of this program",
                           c->runs[r].file, lb_csv_line(csv), lb_key_column((enum lb_key)k),
                           MOST_NAME_BYTES);
    }
    return find_case(index, c, cells, at);
}

static int sample_row(struct lb_csv_reader *csv, struct lb_compare *c, size_t r,
                      struct lb_compare_index *index, struct lb_why *why)
{
    struct lb_compare_run *run = &c->runs[r];
    const char *status = lb_csv_cell(csv, "status");
    struct lb_compare_case *found;
    size_t at;
    bool usable = true;
    int err;

    if (!strcmp(lb_csv_cell(csv, "emulated"), "1"))
        return lb_fail(why, EPROTO, "%s: the machine was emulated: its timing means nothing",
                       run->file);
    if ((err = read_cells(csv, c, r, index, why, &at)))
        return err;
    found = &c->cases[at];
    if (!strcmp(status, "ok")) {
        err = add_window(csv, &c->cases[at].units[r], &usable);
        if (err == -E2BIG)
            return lb_fail(why, E2BIG, "%s:%zu: pingpong_before_ns has over %d round trips",
                           run->file, lb_csv_line(csv), MOST_LINKS);
        if (err)
            return err;
        found->ok[run->side] += usable;
        if (usable)
            lb_compare_add_rate(csv, false, 1, &c->cases[at].units[r]);
        run->unusable += !usable;
    } else if (!strcmp(status, "armed")) {
        found->armed[run->side]++;
        run->armed++;
    } else {
        found->spoiled[run->side]++;
        run->spoiled++;
    }
    found->here[run->side] = true;
    return 0;
}

static int add_digest(struct lb_csv_reader *csv, struct lb_compare_unit *u)
{
    struct lb_compare_digest d = {
        .log_ns = log(lb_csv_number(csv, "ns_op_median")),
        .log_ratio = log(lb_csv_number(csv, "ratio")),
    };
    struct lb_compare_sample s = {
        .ns = (float)lb_csv_number(csv, "ns_op_median"),
        .fair = (float)lb_csv_number(csv, "min_over_max_median"),
        .round = (uint32_t)u->n,
        .phases = (uint32_t)fmax(0, fmin(1e9, lb_csv_number(csv, "windows"))),
    };
    double trip = lb_csv_number(csv, "regime_ns");
    struct lb_compare_digest *more;
    int err;

    if (u->n_links < 0)
        u->n_links = 1;
    if ((err = add_sample(u, &s)))
        return err;
    if (!(more = realloc(u->digests, (u->n + 1) * sizeof *more)))
        return -ENOMEM;
    u->digests = more;
    if (!(d.base = strdup(lb_csv_cell(csv, "baseline"))))
        return -ENOMEM;
    u->probes[u->n] = (float)trip;
    u->changes[u->n] = NAN; /* the median of many */
    u->digests[u->n++] = d;
    return 0;
}

static int summary_row(struct lb_csv_reader *csv, struct lb_compare *c, size_t r,
                       struct lb_compare_index *index, struct lb_why *why)
{
    struct lb_compare_run *run = &c->runs[r];
    double ns = lb_csv_number(csv, "ns_op_median");
    double spoiled = lb_csv_number(csv, "windows_spoiled");
    double windows = lb_csv_number(csv, "windows");
    struct lb_compare_unit *u;
    size_t at;
    int err = read_cells(csv, c, r, index, why, &at);

    if (err)
        return err;
    c->cases[at].here[run->side] = true;
    u = &c->cases[at].units[r];
    if (!u->n && spoiled > 0) { /* each regime's row has those of all */
        c->cases[at].spoiled[run->side] += (size_t)spoiled;
        run->spoiled += (size_t)spoiled;
    }
    if (!(ns > 0) || !isfinite((float)ns) || !(windows > 0)) {
        run->unusable++;
        return 0;
    }
    c->cases[at].ok[run->side] += (size_t)windows;
    lb_compare_add_rate(csv, true, windows, u);
    return add_digest(csv, u);
}

static int read_rows(struct lb_csv_reader *csv, struct lb_compare *c, size_t r,
                     struct lb_compare_index *index, struct lb_why *why)
{
    struct lb_compare_run *run = &c->runs[r];
    int next, err = 0;

    while (!err && (next = lb_csv_next(csv, why)) == 1) {
        run->rows++;
        err = run->summary ? summary_row(csv, c, r, index, why) : sample_row(csv, c, r, index, why);
    }
    if (err || next < 0)
        return err ? err : next;
    run->torn = lb_csv_torn(csv);
    if (!run->rows)
        return lb_fail(why, ENODATA, "%s: no rows: the run measured nothing", run->file);
    for (size_t i = 0; !err && !run->summary && i < c->n_cases; i++)
        err = end_unit(&c->cases[i].units[r]);
    if (err == -EPROTO)
        return lb_fail(why, EPROTO, "%s: rounds do not count up: rows of several runs in one file",
                       run->file);
    return err;
}

/* The CSV of a folder: samples.csv, or where there is none, summary.csv. */
static int find_file(struct lb_compare_run *run, struct lb_why *why)
{
    static const char *const names[] = {"", "/samples.csv", "/summary.csv"};
    struct stat status;

    if (stat(run->path, &status))
        return lb_fail(why, errno, "%s: %s", run->path, strerror(errno));
    for (size_t i = S_ISDIR(status.st_mode) ? 1 : 0; i < LB_COUNT(names); i++) {
        if (asprintf(&run->file, "%s%s", run->path, names[i]) < 0) {
            run->file = NULL;
            return -ENOMEM;
        }
        if (!stat(run->file, &status) || errno != ENOENT)
            return 0; /* opening it says what is wrong */
        free(run->file);
        run->file = NULL;
    }
    return lb_fail(why, ENOENT, "%s: no samples.csv and no summary.csv: no results folder",
                   run->path);
}

static int open_file(struct lb_compare_run *run, struct lb_why *why, struct lb_csv_reader **csv)
{
    static const char *const only_summary[] = {"ns_op_median", NULL};
    static const char *const samples[] = {NEEDED, "round", "status", "ns_op", NULL};
    static const char *const summary[] = {NEEDED, "windows", "ns_op_median", NULL};
    struct lb_csv_reader *probe;
    struct lb_why ignored;

    run->summary = !lb_csv_open(run->file, only_summary, &ignored, &probe);
    if (run->summary)
        lb_csv_reader_close(probe);
    return lb_csv_open(run->file, run->summary ? summary : samples, why, csv);
}

/* The same file twice would pass for two runs that agree; summaries and windows have no common
 * regimes. */
static int check_file(const struct lb_compare *c, size_t r, struct lb_why *why)
{
    const struct lb_compare_run *run = &c->runs[r];
    struct stat mine, other;

    for (size_t q = 0; q < r; q++) {
        const struct lb_compare_run *o = &c->runs[q];
        if (!stat(run->file, &mine) && !stat(o->file, &other) && mine.st_dev == other.st_dev &&
            mine.st_ino == other.st_ino)
            return lb_fail(why, EINVAL, "%s: the same results as %s", run->path, o->path);
        if (run->summary != o->summary)
            return lb_fail(why, EINVAL, "%s holds %s, %s %s: give one kind for all", run->file,
                           run->summary ? "a summary" : "windows", o->file,
                           o->summary ? "a summary" : "windows");
    }
    return 0;
}

int lb_compare_read(struct lb_compare *c, size_t r, struct lb_compare_index *index,
                    struct lb_why *why)
{
    struct lb_csv_reader *csv;
    int err = find_file(&c->runs[r], why);

    if (err || (err = open_file(&c->runs[r], why, &csv)))
        return err;
    if ((err = check_file(c, r, why))) {
        lb_csv_reader_close(csv);
        return err;
    }
    err = read_rows(csv, c, r, index, why);
    lb_csv_reader_close(csv);
    if (err == -ENOMEM)
        lb_fail(why, ENOMEM, "%s: not enough memory", c->runs[r].file);
    return err;
}
