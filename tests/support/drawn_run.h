/* SPDX-License-Identifier: MIT
 *
 * A run's files as a test writes them, and what stands in its pictures.
 */
#ifndef LB_TESTS_DRAWN_RUN_H
#define LB_TESTS_DRAWN_RUN_H

#include <linebounce/record.h>

#include "folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char run[1024], scripts[1024], path_was[4096];
static bool has_gnuplot;

/* The scripts lie in the source tree: LB_PLOT_SCRIPTS says where, else it is the present folder. */
static inline int set_up_group(void **state)
{
    (void)state;
    const char *given = getenv("LB_PLOT_SCRIPTS");
    const char *path = getenv("PATH");

    snprintf(scripts, sizeof scripts, "%s", given ? given : "results/plots");
    snprintf(path_was, sizeof path_was, "%s", path ? path : "");
    has_gnuplot = system("gnuplot --version >/dev/null 2>&1") == 0;
    return 0;
}

static inline int make_run(void **state)
{
    if (make_folder(state))
        return -1;
    /* Everything that a path may hold and that a shell or gnuplot would read as something else. */
    snprintf(run, sizeof run, "%s/o'n''e \"two\" `false` \\101 $x @y #;{}_%%d\xe9/20260101T000000Z",
             folder);
    return lb_make_folders(run, NULL);
}

static inline int remove_run(void **state)
{
    setenv("PATH", path_was, 1);
    return remove_folder(state);
}

static inline const char *in_run(const char *name)
{
    static char paths[4][2048];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", run, name);
    return path;
}

static inline void need_gnuplot(void)
{
    if (has_gnuplot)
        return;
    print_message("gnuplot is not installed\n");
    skip();
}

/* One case of the run that the tests draw. */
struct point {
    const char *scenario, *layout, *placement, *role;
    double work_ns, ns_op, net_ns_op; /* NAN: an empty cell */
    const char *baseline, *verdict;
};

static inline void set_case(struct lb_row *row, const struct point *p)
{
    lb_row_clear(row);
    assert_int_equal(lb_row_int(row, "schema_version", LB_SCHEMA_VERSION), 0);
    assert_int_equal(lb_row_text(row, "suite", "layouts"), 0);
    assert_int_equal(lb_row_text(row, "scenario", p->scenario), 0);
    assert_int_equal(lb_row_text(row, "layout", p->layout), 0);
    assert_int_equal(lb_row_text(row, "lock", "rwsem40"), 0);
    assert_int_equal(lb_row_text(row, "placement", p->placement), 0);
    assert_int_equal(lb_row_text(row, "distance", p->placement), 0);
    assert_int_equal(lb_row_int(row, "threads", 2), 0);
    assert_int_equal(lb_row_number(row, "work_ns", p->work_ns), 0);
    assert_int_equal(lb_row_text(row, "role", p->role), 0);
}

/* What stands behind the cost of a case. NAN and NULL: empty cells. */
struct cause {
    struct point at;
    const char *lock;                    /* NULL: rwsem40 */
    double cpu_ns, off_ns, preempted_ns; /* per op */
    double spins[3];                     /* owner, queue, reader, per op */
    double per_kop[4];                   /* spin limits, sleeps, wakes, hand-offs */
    double timed, p50_ns, p99_ns, slow_per_kop;
    const char *events, *per_op, *states;
};

static inline void set_summary(struct lb_row *row, const struct point *p)
{
    set_case(row, p);
    lb_row_int(row, "regime", 0);
    lb_row_number(row, "ns_op_median", p->ns_op);
    lb_row_number(row, "ns_op_ci95_lo", p->ns_op - 1);
    lb_row_number(row, "ns_op_ci95_hi", p->ns_op + 1);
    lb_row_number(row, "net_ns_op_hl", p->net_ns_op);
    lb_row_number(row, "net_ns_op_ci95_lo", p->net_ns_op - 1);
    lb_row_number(row, "net_ns_op_ci95_hi", p->net_ns_op + 1);
    lb_row_text(row, "baseline", p->baseline);
    lb_row_text(row, "verdict", p->verdict);
    lb_row_text(row, "note", "a note, with a \"quote\"");
}

static inline void set_cause(struct lb_row *row, const struct cause *c)
{
    static const char *const spins[] = {"spins_owner_per_op", "spins_queue_per_op",
                                        "spins_reader_per_op"};
    static const char *const per_kop[] = {"spin_limits_per_kop", "sleeps_per_kop", "wakes_per_kop",
                                          "handoffs_per_kop"};

    set_summary(row, &c->at);
    lb_row_text(row, "writers", strcmp(c->at.scenario, "mixed") ? NULL : "1");
    if (c->lock)
        lb_row_text(row, "lock", c->lock);
    assert_int_equal(lb_row_number(row, "cpu_ns_op_mean", c->cpu_ns), 0);
    assert_int_equal(lb_row_number(row, "off_cpu_ns_op_mean", c->off_ns), 0);
    assert_int_equal(lb_row_number(row, "preempted_ns_op_mean", c->preempted_ns), 0);
    for (size_t i = 0; i < LB_COUNT(spins); i++)
        assert_int_equal(lb_row_number(row, spins[i], c->spins[i]), 0);
    for (size_t i = 0; i < LB_COUNT(per_kop); i++)
        assert_int_equal(lb_row_number(row, per_kop[i], c->per_kop[i]), 0);
    assert_int_equal(lb_row_number(row, "latency_samples", c->timed), 0);
    assert_int_equal(lb_row_number(row, "latency_p50_ns", c->p50_ns), 0);
    assert_int_equal(lb_row_number(row, "latency_p99_ns", c->p99_ns), 0);
    assert_int_equal(lb_row_number(row, "slow_ops_per_kop", c->slow_per_kop), 0);
    assert_int_equal(lb_row_text(row, "events", c->events), 0);
    assert_int_equal(lb_row_text(row, "events_per_op", c->per_op), 0);
    assert_int_equal(lb_row_text(row, "event_states", c->states), 0);
}

static inline void write_both(const struct point *points, size_t n, const struct cause *causes,
                              size_t n_causes)
{
    struct lb_row *row;
    struct lb_csv *csv;

    unlink(in_run("summary.csv"));
    assert_int_equal(lb_row_create(&lb_schema_summary, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_summary, in_run("summary.csv"), NULL, &csv), 0);
    for (size_t i = 0; i < n; i++) {
        set_summary(row, &points[i]);
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    }
    for (size_t i = 0; i < n_causes; i++) {
        set_cause(row, &causes[i]);
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static inline void write_summary(const struct point *points, size_t n)
{
    write_both(points, n, NULL, 0);
}

static inline void write_causes(const struct cause *causes, size_t n)
{
    write_both(NULL, 0, causes, n);
}

struct windows {
    bool roams;
    int emulated;
    bool armed; /* more rounds, of rows that must not be drawn; alone: nothing else */
    bool alone;
};

static inline void set_sample(struct lb_row *row, const struct point *p, int round, int window,
                              const struct windows *w)
{
    bool armed = round > 3, spoiled = round == 2;

    set_case(row, p);
    lb_row_int(row, "round", round);
    lb_row_int(row, "window", window);
    lb_row_int(row, "start_ns", window * INT64_C(2500000));
    lb_row_text(row, "status", armed ? "armed" : spoiled ? "spoiled" : "ok");
    /* Such rows have no times. A number there must not be drawn all the same. */
    if (!spoiled)
        lb_row_number(row, "ns_op", armed ? 77777 : p->ns_op + round);
    lb_row_int(row, "object_residue", w->roams ? 16 * (round % 4) : 0);
    lb_row_int(row, "share_lines", round % 2);
    lb_row_more_number(row, "pingpong_before_ns", 80 + round);
    lb_row_more_number(row, "pingpong_before_ns", 300);
    lb_row_int(row, "steal_ticks", 0);
    lb_row_int(row, "emulated", w->emulated);
}

/* Four rounds of each, the third window of each case spoiled and without a number. */
static inline void write_windows(const struct point *points, size_t n, const struct windows *w)
{
    struct lb_row *row;
    struct lb_csv *csv;
    int window = 0;

    unlink(in_run("samples.csv"));
    assert_int_equal(lb_row_create(&lb_schema_samples, &row), 0);
    assert_int_equal(lb_csv_create(&lb_schema_samples, in_run("samples.csv"), NULL, &csv), 0);
    for (int round = w->alone ? 4 : 0; round < (w->armed ? 6 : 4); round++)
        for (size_t i = 0; i < n; i++) {
            set_sample(row, &points[i], round, window++, w);
            assert_int_equal(lb_csv_append(csv, row, NULL), 0);
        }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static inline void write_samples(const struct point *points, size_t n, bool roams, int emulated)
{
    write_windows(points, n, &(struct windows){.roams = roams, .emulated = emulated});
}

#define BASE(placement, work, ns, net)                                                             \
    {                                                                                              \
        "same-object", "pointer", placement, "all", work, ns, net, NULL, NULL                      \
    }

#define OTHER(layout, placement, work, ns, net, verdict)                                           \
    {                                                                                              \
        "same-object", layout, placement, "all", work, ns, net, "pointer", verdict                 \
    }

static const struct point two_layouts[] = {
    BASE("l3", 200, 250, 45),
    OTHER("embedded-own-line", "l3", 200, 230, 25, "faster"),
    BASE("l3", 0, 50, 45),
    OTHER("embedded-own-line", "l3", 0, 40, 35, "unresolved"),
};

#define CASE(scenario, role, layout)                                                               \
    {                                                                                              \
        scenario, layout, "l3", role, 200, 300, 100, NULL, NULL                                    \
    }

/* Of writers and mixed, without anything timed or counted. */
#define BLOCKS(scenario, role, layout, cpu, off, preempted, owner, queue, reader, sleeps)          \
    {                                                                                              \
        .at = CASE(scenario, role, layout), .cpu_ns = cpu, .off_ns = off,                          \
        .preempted_ns = preempted, .spins = {owner, queue, reader},                                \
        .per_kop = {0 * (sleeps), sleeps, sleeps, 0 * (sleeps)}, .timed = NAN, .p50_ns = NAN,      \
        .p99_ns = NAN, .slow_per_kop = NAN                                                         \
    }

/* Of neighbours, without anything accounted. */
#define COUNTS(layout, n, p50, p99, slow, names, counts, how)                                      \
    {                                                                                              \
        .at = CASE("neighbours", "all", layout), .cpu_ns = NAN, .off_ns = NAN,                     \
        .preempted_ns = NAN, .spins = {NAN, NAN, NAN}, .per_kop = {NAN, NAN, NAN, NAN},            \
        .timed = n, .p50_ns = p50, .p99_ns = p99, .slow_per_kop = slow, .events = names,           \
        .per_op = counts, .states = how                                                            \
    }

static const struct cause counted[] = {
    COUNTS("pointer", 5000, 61, 1220, 431, "cycles;hitm_local;rfo_hitm", "812.5;1.75;",
           "counted;counted;not supported"),
    COUNTS("embedded", 4000, 71, NAN, 0, "cycles;hitm_local;rfo_hitm", "640;;",
           "scaled;unproved;not supported"),
    COUNTS("padded", NAN, NAN, NAN, NAN, "cycles;hitm_local;rfo_hitm", ";0;",
           "not counted;counted;not supported"),
};

static inline bool is_there(const char *picture)
{
    return access(in_run(picture), F_OK) == 0;
}

static inline void check_png(const char *name)
{
    static const unsigned char magic[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char start[8];
    struct stat status;
    FILE *file = fopen(in_run(name), "rb");

    assert_non_null(file);
    assert_int_equal(fread(start, 1, sizeof start, file), sizeof start);
    assert_memory_equal(start, magic, sizeof magic);
    assert_int_equal(fstat(fileno(file), &status), 0);
    /* An empty canvas of this size takes about 2 kB. */
    assert_true(status.st_size > 3000);
    fclose(file);
}

/* That the picture is whole and says each of the texts (NULL-terminated). */
static inline void check_svg(const char *name, const char *const *says)
{
    char *text = try_read_text(in_run(name));

    assert_non_null(text);
    assert_non_null(strstr(text, "<svg"));
    assert_non_null(strstr(text, "</svg>"));
    assert_true(strlen(text) > 3000);
    for (const char *at = text; *at; at += lb_utf8_length(at)) /* the folder's name is Latin-1 */
        assert_true(lb_utf8_length(at) > 0);
    for (; *says; says++)
        if (!strstr(text, *says))
            fail_msg("%s does not say '%s'", name, *says);
    free(text);
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline bool svg_says(const char *name, const char *what)
{
    char *text = try_read_text(in_run(name));
    assert_non_null(text);
    bool says = strstr(text, what) != NULL;
    free(text);
    return says;
}

/* How often the picture says it. */
static inline int count_in(const char *name, const char *what)
{
    char *text = try_read_text(in_run(name));
    int n = 0;

    assert_non_null(text);
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    free(text);
    return n;
}

#endif
