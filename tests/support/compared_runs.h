/* SPDX-License-Identifier: MIT
 *
 * Folders of results that a test writes, and two sides of them compared.
 */
#ifndef LB_TESTS_COMPARED_RUNS_H
#define LB_TESTS_COMPARED_RUNS_H

#include "compare/compare_private.h"

#include <linebounce/arena.h>

#include "folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* cmocka's own are of floats. */
static inline void near(double value, double expected, double by)
{
    if (!(fabs(value - expected) <= by))
        fail_msg("%g is not %g +- %g", value, expected, by);
}

static inline void put_text(const char *name, const char *mode, const char *text)
{
    FILE *file = fopen(in_folder(name), mode);

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* What a made-up run measures: one layout in one scenario, noise of 2 %. */
struct made {
    const char *scenario, *layout, *lock, *placement, *distance, *role;
    double ns;
    const char *trips; /* both probes; NULL: by the number */
    double trip;
    unsigned from, rounds, phases;
    const char *status;
    int emulated;
};

static const struct made usual = {.scenario = "observer",
                                  .layout = "pointer",
                                  .lock = "rwsem40",
                                  .placement = "l3",
                                  .distance = "l3",
                                  .role = "all",
                                  .ns = 100,
                                  .trip = 90,
                                  .rounds = 30,
                                  .status = "ok"};

static uint64_t noise_state;

static inline double noise(void)
{
    double sum = 0;

    for (int i = 0; i < 12; i++)
        sum += (double)(lb_random(&noise_state) >> 11) * 0x1p-53;
    return 1 + 0.02 * (sum - 6);
}

struct writer {
    struct lb_csv *csv;
    struct lb_row *row;
};

static inline void open_run(struct writer *w, const char *name)
{
    struct lb_why why;
    char file[512];

    assert_int_equal(lb_make_folders(in_folder(name), &why), 0);
    snprintf(file, sizeof file, "%s/samples.csv", name);
    assert_int_equal(lb_csv_create(&lb_schema_samples, in_folder(file), &why, &w->csv), 0);
    assert_int_equal(lb_row_create(&lb_schema_samples, &w->row), 0);
}

static inline void close_run(struct writer *w)
{
    lb_csv_close(w->csv);
    lb_row_destroy(w->row);
}

static inline void put_case(struct lb_row *row, const struct made *m)
{
    lb_row_clear(row);
    lb_row_text(row, "suite", "layouts");
    lb_row_text(row, "scenario", m->scenario);
    lb_row_text(row, "layout", m->layout);
    lb_row_text(row, "lock", m->lock);
    lb_row_text(row, "placement", m->placement);
    lb_row_text(row, "distance", m->distance);
    lb_row_int(row, "threads", 2);
    lb_row_int(row, "work_ns", 200);
    lb_row_text(row, "role", m->role);
}

static inline void put_window(struct writer *w, const struct made *m, unsigned round, int phase,
                              double ns)
{
    struct lb_why why;

    put_case(w->row, m);
    lb_row_int(w->row, "round", round);
    if (phase >= 0)
        lb_row_int(w->row, "phase", phase);
    lb_row_text(w->row, "status", m->status);
    lb_row_number(w->row, "ns_op", ns);
    lb_row_number(w->row, "min_over_max", 0.9);
    lb_row_int(w->row, "emulated", m->emulated);
    if (m->trips) {
        lb_row_text(w->row, "pingpong_before_ns", m->trips);
        lb_row_text(w->row, "pingpong_after_ns", m->trips);
    } else {
        lb_row_number(w->row, "pingpong_before_ns", m->trip);
        lb_row_number(w->row, "pingpong_after_ns", m->trip);
    }
    assert_int_equal(lb_csv_append(w->csv, w->row, &why), 0);
}

static inline void put_rounds(struct writer *w, struct made m)
{
    for (unsigned r = m.from; r < m.from + m.rounds; r++)
        for (unsigned p = 0; p < (m.phases ? m.phases : 1); p++)
            put_window(w, &m, r, m.phases ? (int)p : -1, m.ns * noise());
}

/* A run of two layouts whose times are given. */
static inline void make_run(const char *name, double pointer, double embedded)
{
    struct writer w;
    struct made m = usual;

    open_run(&w, name);
    m.ns = pointer;
    put_rounds(&w, m);
    m.layout = "embedded";
    m.ns = embedded;
    put_rounds(&w, m);
    close_run(&w);
}

/* Three runs a side, in turns; odd ones are B's. */
static const char *const six[] = {"A1", "B1", "A2", "B2", "A3", "B3"};

#define ALL_SIX "A1 A2 A3 -- B1 B2 B3"

/* A1 A2 A3 with the times given, B1 B2 B3 with embedded slower by a factor. */
static inline void make_six(double factor)
{
    for (int i = 0; i < 6; i++)
        make_run(six[i], 100 + i, (120 + i) * (i % 2 ? factor : 1));
}

static inline void put_record(const char *name, const char *started, const char *cpu,
                              const char *more)
{
    char file[512], text[1024];

    snprintf(file, sizeof file, "%s/run.json", name);
    snprintf(text, sizeof text,
             "{\"schema_version\": 3, \"machine\": {\"host\": \"vm\", \"cpu_model\": \"%s\"}, "
             "\"run\": {\"started_utc\": \"%s\", \"seed\": \"1\", \"command\": [\"linebounce\", "
             "\"run\", \"--out\", \"%s\"]%s}}",
             cpu, started, name, more);
    put_text(file, "w", text);
}

static struct lb_why why;

/* "A1 A2 -- B1 B2" in the test's folder. */
static inline int compare_with(const char *words, const char *baseline, struct lb_compare **c)
{
    static char text[256];
    const char *paths[2][8];
    struct lb_compare_request q = {.paths = {paths[0], paths[1]},
                                   .baseline = baseline,
                                   .margin = {LB_MARGIN_NS, LB_MARGIN_SHARE}};
    char *rest = text, *word;
    int side = 0;

    why.text[0] = '\0';
    snprintf(text, sizeof text, "%s", words);
    while ((word = strsep(&rest, " ")))
        if (!strcmp(word, "--"))
            side = 1;
        else if (*word)
            paths[side][q.n_paths[side]++] = in_folder(word);
    return lb_compare_create(&q, &why, c);
}

static inline struct lb_compare *compare(const char *words)
{
    struct lb_compare *c = NULL;
    int err = compare_with(words, NULL, &c);

    if (err)
        fail_msg("%s: %s", words, why.text);
    return c;
}

static inline void refuses(const char *words, int err, const char *says)
{
    struct lb_compare *c = NULL;

    assert_int_equal(compare_with(words, NULL, &c), -err);
    assert_null(c);
    if (!strstr(why.text, says))
        fail_msg("'%s' does not say '%s'", why.text, says);
}

static inline const struct lb_compare_case *find(const struct lb_compare *c, const char *layout)
{
    for (size_t i = 0; i < c->n_cases; i++)
        if (!strcmp(c->cases[i].cells[LB_KEY_LAYOUT], layout))
            return &c->cases[i];
    fail_msg("no case of %s", layout);
    abort(); /* not reached, which the compiler cannot know */
}

static inline bool warns(const struct lb_compare *c, const char *of)
{
    for (size_t i = 0; i < c->n_warnings; i++)
        if (strstr(c->warnings[i], of))
            return true;
    return false;
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, make_folder, remove_folder)

#endif
