/* SPDX-License-Identifier: MIT
 *
 * compare: planted differences and none, runs and rounds, regimes, matching, refusals, documents.
 */
#include "compare/compare_private.h"

#include <linebounce/arena.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* cmocka's own are of floats. */
static void near(double value, double expected, double by)
{
    if (!(fabs(value - expected) <= by))
        fail_msg("%g is not %g +- %g", value, expected, by);
}

/* Files that a test makes -------------------------------------------------------------------- */

static char folder[256];

static int make_folder(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%.200s/lb-compare-XXXXXX",
             parent && *parent ? parent : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path in the test's folder, good for the next 15 calls. */
static const char *at(const char *name)
{
    static char paths[16][512];
    static unsigned next;
    char *path = paths[next++ % 16];

    snprintf(path, sizeof paths[0], "%s/%.250s", folder, name);
    return path;
}

static void put_text(const char *name, const char *mode, const char *text)
{
    FILE *file = fopen(at(name), mode);

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

static double noise(void)
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

static void open_run(struct writer *w, const char *name)
{
    struct lb_why why;
    char file[512];

    assert_int_equal(lb_make_folders(at(name), &why), 0);
    snprintf(file, sizeof file, "%s/samples.csv", name);
    assert_int_equal(lb_csv_create(&lb_schema_samples, at(file), &why, &w->csv), 0);
    assert_int_equal(lb_row_create(&lb_schema_samples, &w->row), 0);
}

static void close_run(struct writer *w)
{
    lb_csv_close(w->csv);
    lb_row_destroy(w->row);
}

static void put_case(struct lb_row *row, const struct made *m)
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

static void put_window(struct writer *w, const struct made *m, unsigned round, int phase, double ns)
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

static void put_rounds(struct writer *w, struct made m)
{
    for (unsigned r = m.from; r < m.from + m.rounds; r++)
        for (unsigned p = 0; p < (m.phases ? m.phases : 1); p++)
            put_window(w, &m, r, m.phases ? (int)p : -1, m.ns * noise());
}

/* A run of two layouts whose times are given. */
static void make_run(const char *name, double pointer, double embedded)
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
static void make_six(double factor)
{
    for (int i = 0; i < 6; i++)
        make_run(six[i], 100 + i, (120 + i) * (i % 2 ? factor : 1));
}

static void put_record(const char *name, const char *started, const char *cpu, const char *more)
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

/* Comparing ---------------------------------------------------------------------------------- */

static struct lb_why why;

/* "A1 A2 -- B1 B2" in the test's folder. */
static int compare_with(const char *words, const char *baseline, struct lb_compare **c)
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
            paths[side][q.n_paths[side]++] = at(word);
    return lb_compare_create(&q, &why, c);
}

static struct lb_compare *compare(const char *words)
{
    struct lb_compare *c = NULL;
    int err = compare_with(words, NULL, &c);

    if (err)
        fail_msg("%s: %s", words, why.text);
    return c;
}

static void refuses(const char *words, int err, const char *says)
{
    struct lb_compare *c = NULL;

    assert_int_equal(compare_with(words, NULL, &c), -err);
    assert_null(c);
    if (!strstr(why.text, says))
        fail_msg("'%s' does not say '%s'", why.text, says);
}

static const struct lb_compare_case *find(const struct lb_compare *c, const char *layout)
{
    for (size_t i = 0; i < c->n_cases; i++)
        if (!strcmp(c->cases[i].cells[LB_KEY_LAYOUT], layout))
            return &c->cases[i];
    fail_msg("no case of %s", layout);
    return NULL;
}

static bool warns(const struct lb_compare *c, const char *of)
{
    for (size_t i = 0; i < c->n_warnings; i++)
        if (strstr(c->warnings[i], of))
            return true;
    return false;
}

/* Verdicts ----------------------------------------------------------------------------------- */

static void test_planted_difference(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    make_six(1.2);
    c = compare(ALL_SIX);
    assert_int_equal(c->n_common, 2);
    k = find(c, "embedded");
    assert_int_equal(k->time.verdict, LB_VERDICT_SLOWER);
    assert_true(k->time.lo < 1.2 * 1.01 && k->time.hi > 1.2 * 0.99);
    assert_true(k->time.lo > 1.1 && k->time.hi < 1.35);
    assert_int_equal(k->time.runs[0], 3);
    assert_int_equal(k->time.rounds[1], 90);
    assert_true(fabs(k->time.side[0] - 122) < 1.5);
    assert_string_equal(c->cases[k->base].cells[LB_KEY_LAYOUT], "pointer");
    assert_int_equal(k->relative.verdict, LB_VERDICT_SLOWER);
    assert_true(fabs(k->relative.side[0] - 1.2) < 0.02);
    k = find(c, "pointer");
    assert_int_equal(k->base, -1);
    assert_int_not_equal(k->time.verdict, LB_VERDICT_SLOWER);
    assert_int_equal(c->time.verdicts[LB_VERDICT_SLOWER], 1);
    assert_int_equal(c->time.judged, 2);
    assert_int_equal(c->relative.verdicts[LB_VERDICT_SLOWER], 1);
    assert_int_equal(lb_compare_slower(c, 0.05), 1);
    assert_int_equal(lb_compare_slower(c, 0.3), 0);
    /* The interval has to lie above, not the estimate alone. */
    assert_int_equal(lb_compare_slower(c, find(c, "embedded")->time.ratio - 1.001), 0);
    lb_compare_destroy(c);
    c = compare("B1 B2 B3 -- A1 A2 A3"); /* the other way round */
    assert_int_equal(find(c, "embedded")->time.verdict, LB_VERDICT_FASTER);
    assert_int_equal(lb_compare_slower(c, 0.05), 0);
    lb_compare_destroy(c);
}

static void test_no_difference(void **state)
{
    struct lb_compare *c;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[i]);
        m.rounds = 200;
        put_rounds(&w, m);
        m.layout = "embedded";
        put_rounds(&w, m);
        close_run(&w);
    }
    c = compare(ALL_SIX);
    assert_int_equal(c->time.verdicts[LB_VERDICT_SAME], 2);
    assert_int_equal(c->relative.verdicts[LB_VERDICT_SAME], 1);
    assert_true(isnan(find(c, "pointer")->relative.ratio));
    lb_compare_destroy(c);
}

/* What between runs is as large as between sides is no difference, however many rounds there are.
 */
static void test_runs_differ(void **state)
{
    const double ns[2][3] = {{100, 120, 110}, {112, 132, 121}};
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < 3; i++) {
            char name[3] = {"AB"[side], (char)('1' + i)};
            make_run(name, ns[side][i], ns[side][i] * (side ? 1.5 : 1.2));
        }
    c = compare(ALL_SIX);
    k = find(c, "pointer");
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_string_equal(k->time.note, "");
    assert_true(k->time.lo < 0.95 && k->time.hi > 1.25);
    /* Within each run the ratio is steady all the same. */
    k = find(c, "embedded");
    assert_int_equal(k->relative.verdict, LB_VERDICT_SLOWER);
    assert_true(k->relative.lo > 1.2 && k->relative.hi < 1.3);
    lb_compare_destroy(c);
}

static void test_one_run_a_side(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    make_run("A", 100, 120);
    make_run("B", 150, 150 * 1.4);
    c = compare("A -- B");
    k = find(c, "embedded");
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(k->time.note, "1 run on side A"));
    assert_true(isnan(k->time.lo) && isfinite(k->time.ratio));
    /* A ratio is no more free of the run than a time. */
    assert_int_equal(k->relative.verdict, LB_VERDICT_UNRESOLVED);
    assert_string_equal(k->relative.note, "1 run on side A: a verdict needs 3 on each");
    assert_true(isnan(k->relative.lo) && isnan(k->relative.p_holm));
    near(k->relative.ratio, 1.4 / 1.2, 0.02);
    assert_int_equal(c->time.judged, 0);
    assert_int_equal(c->relative.judged, 0);
    assert_int_equal(lb_compare_slower(c, 0), 0);
    assert_true(warns(c, "fewer than three runs"));
    lb_compare_destroy(c);
}

static void test_two_runs_have_an_interval_and_no_verdict(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    make_six(3);
    c = compare("A1 A2 -- B1 B2 B3");
    k = find(c, "embedded");
    assert_true(isfinite(k->time.lo));
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(k->time.note, "2 runs on side A"));
    assert_true(isfinite(k->relative.lo));
    assert_int_equal(k->relative.verdict, LB_VERDICT_UNRESOLVED);
    assert_string_equal(k->relative.note, k->time.note);
    assert_int_equal(lb_compare_slower(c, 0), 0);
    lb_compare_destroy(c);
}

static void test_few_rounds(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;

    (void)state;
    for (int i = 0; i < 6; i++) {
        open_run(&w, six[i]);
        m.layout = "pointer";
        put_rounds(&w, m);
        m.layout = "embedded";
        m.rounds = i % 2 ? 6 : 30;
        put_rounds(&w, m);
        m.layout = "padded";
        m.rounds = i % 2 ? 5 : 30;
        put_rounds(&w, m);
        m.rounds = 30;
        close_run(&w);
    }
    c = compare(ALL_SIX);
    assert_string_equal(find(c, "embedded")->relative.note, "fewer than 20 rounds on side B");
    assert_non_null(strstr(find(c, "padded")->relative.note, "no run of side B has 6 rounds"));
    assert_true(isnan(find(c, "padded")->relative.ratio));
    near(find(c, "padded")->time.regime_ns[1], 90, 0.1); /* what was measured is shown */
    lb_compare_destroy(c);
}

/* Ratios are of one round and one regime each, whatever else was measured. */
static void test_pairs(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[i]);
        for (unsigned r = 0; r < 80; r += 2) {
            m.trip = r < 20 ? 310 : 90;
            put_window(&w, &m, r, -1, 100 + 10 * r);
        }
        m.trip = 90;
        m.layout = "embedded";
        for (unsigned r = 0; r < 80; r++)
            put_window(&w, &m, r, -1, (1.5 + 0.001 * (i / 2)) * (100 + 10 * r));
        close_run(&w);
    }
    c = compare(ALL_SIX);
    k = find(c, "embedded");
    assert_int_equal(k->relative.rounds[0], 90);
    assert_int_equal(k->relative.rounds[1], 90);
    near(k->relative.side[0], 1.501, 1e-5);
    assert_int_equal(k->relative.verdict, LB_VERDICT_SAME);
    lb_compare_destroy(c);
}

/* Medians that do not differ at all say nothing about how much they might. */
static void test_no_spread(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        open_run(&w, six[i]);
        for (unsigned r = 0; r < 30; r++)
            put_window(&w, &usual, r, -1, i % 2 ? 120 : 100);
        close_run(&w);
    }
    c = compare(ALL_SIX);
    k = find(c, "pointer");
    near(k->time.ratio, 1.2, 1e-6);
    assert_true(isnan(k->time.lo) && isnan(k->time.p_holm));
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(k->time.note, "to the last digit"));
    assert_int_equal(c->time.judged, 0);
    lb_compare_destroy(c);
}

static void test_references_are_not_judged(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[i]);
        put_rounds(&w, m);
        m.layout = m.lock = "";
        m.scenario = "empty";
        m.ns = i % 2 ? 200 : 100;
        put_rounds(&w, m);
        close_run(&w);
    }
    c = compare(ALL_SIX);
    k = &c->cases[1];
    assert_true(k->reference);
    assert_true(k->time.lo > 1.9);
    assert_true(isnan(k->time.p_holm)); /* no part of the correction */
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(k->time.note, "reference"));
    assert_int_equal(c->n_common, 1);
    assert_int_equal(lb_compare_slower(c, 0.05), 0);
    assert_int_equal(c->time.judged, 1);
    lb_compare_destroy(c);
}

/* Rows --------------------------------------------------------------------------------------- */

static void test_only_ok_rows_count(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;
    const struct lb_compare_case *k;

    (void)state;
    make_run("A", 100, 120);
    open_run(&w, "B");
    put_rounds(&w, m);
    m.status = "spoiled";
    m.ns = 900;
    m.rounds = 3;
    put_rounds(&w, m);
    m.status = "armed";
    m.rounds = 4;
    put_rounds(&w, m);
    close_run(&w);
    c = compare("A -- B");
    k = find(c, "pointer");
    assert_int_equal(k->ok[1], 30);
    assert_int_equal(k->spoiled[1], 3);
    assert_int_equal(k->armed[1], 4);
    assert_int_equal(c->runs[1].spoiled, 3);
    assert_int_equal(c->runs[1].armed, 4);
    assert_true(k->time.side[1] < 110);
    assert_int_equal(c->n_only[0], 1);
    assert_string_equal(find(c, "embedded")->time.note, "only on side A");
    lb_compare_destroy(c);
}

static void test_rates_of_spoiled_windows(void **state)
{
    struct lb_compare *c;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[i]);
        put_rounds(&w, m);
        m.layout = "embedded";
        put_rounds(&w, m);
        m.status = "spoiled";
        m.rounds = i % 2 ? 15 : 0;
        put_rounds(&w, m);
        close_run(&w);
    }
    c = compare(ALL_SIX);
    assert_non_null(strstr(find(c, "embedded")->relative.note, "rates of spoiled windows"));
    assert_int_equal(find(c, "embedded")->relative.verdict, LB_VERDICT_UNRESOLVED);
    lb_compare_destroy(c);
}

/* 4 of 30 against 0 of 26 are chance (Fisher's exact test: p = 0.115). */
static void test_no_spoiled_windows_on_a_side(void **state)
{
    static const unsigned ok[] = {9, 9, 8}, spoiled[] = {2, 1, 1};
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct writer w;
        struct made m = usual;
        open_run(&w, six[i]);
        m.rounds = ok[i / 2];
        m.ns = i % 2 ? 150 : 100;
        put_rounds(&w, m);
        m.status = "spoiled";
        m.rounds = i % 2 ? spoiled[i / 2] : 0;
        put_rounds(&w, m);
        close_run(&w);
    }
    c = compare(ALL_SIX);
    k = find(c, "pointer");
    assert_int_equal(k->ok[1] + k->spoiled[1], 30);
    assert_string_equal(k->time.note, "");
    assert_int_equal(k->time.verdict, LB_VERDICT_SLOWER);
    lb_compare_destroy(c);
}

/* Windows of a round are averaged first; a round that lacks one is left out. */
static void test_roaming(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;

    (void)state;
    make_run("A", 100, 100);
    open_run(&w, "B");
    for (unsigned r = 0; r < 30; r++)
        for (int p = 0; p < (r == 7 ? 3 : 4); p++)
            put_window(&w, &m, r, p, p == 3 ? 400 : 100);
    close_run(&w);
    c = compare("A -- B");
    near(find(c, "pointer")->time.side[1], 175, 0.01);
    assert_int_equal(find(c, "pointer")->time.rounds[1], 29);
    assert_int_equal(find(c, "pointer")->ok[1], 119);
    lb_compare_destroy(c);
}

/* The first probe and the last of a round in two regimes. */
static void test_a_round_across_regimes(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;

    (void)state;
    make_run("A", 100, 100);
    open_run(&w, "B");
    for (unsigned r = 0; r < 30; r++)
        for (int p = 0; p < 2; p++) {
            m.trip = r == 3 && p ? 300 : 90;
            put_window(&w, &m, r, p, 100);
        }
    close_run(&w);
    c = compare("A -- B");
    assert_int_equal(find(c, "pointer")->time.rounds[1], 29);
    lb_compare_destroy(c);
}

static void test_unusable_and_torn(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;

    (void)state;
    make_run("A", 100, 120);
    open_run(&w, "B");
    put_rounds(&w, m);
    put_window(&w, &m, 30, -1, NAN);
    put_window(&w, &m, 31, -1, 0);
    close_run(&w);
    put_text("B/samples.csv", "a", "3,layouts,observer");
    c = compare("A -- B");
    assert_int_equal(c->runs[1].torn, 1);
    assert_int_equal(c->runs[1].unusable, 2);
    assert_int_equal(c->runs[1].rows, 32);
    assert_true(warns(c, "torn"));
    assert_true(warns(c, "2 rows without a usable number"));
    assert_int_equal(find(c, "pointer")->ok[1], 30);
    lb_compare_destroy(c);
}

/* Regimes ------------------------------------------------------------------------------------ */

static void run_in_regimes(const char *name, unsigned near, unsigned far)
{
    struct writer w;
    struct made m = usual;

    open_run(&w, name);
    for (int i = 0; i < 2; i++) {
        m.layout = i ? "embedded" : "pointer";
        m.from = 0;
        m.trip = 90;
        m.ns = 100;
        m.rounds = near;
        put_rounds(&w, m);
        m.from = near;
        m.trip = 310;
        m.ns = 500;
        m.rounds = far;
        put_rounds(&w, m);
    }
    close_run(&w);
}

static void test_other_regime(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    run_in_regimes("A", 30, 0);
    run_in_regimes("B", 0, 30);
    c = compare("A -- B");
    k = find(c, "embedded");
    assert_non_null(strstr(k->relative.note, "different distances"));
    assert_non_null(strstr(k->time.note, "90 and 310 ns"));
    assert_true(isnan(k->time.ratio) && isnan(k->relative.ratio));
    near(k->time.side[1], 500, 15);
    lb_compare_destroy(c);
}

/* Three runs a side with so many rounds in each regime. */
static void six_in_regimes(const unsigned near[2], const unsigned far[2])
{
    for (int i = 0; i < 6; i++)
        run_in_regimes(six[i], near[i % 2], far[i % 2]);
}

static void test_common_regime(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    six_in_regimes((unsigned[]){22, 30}, (unsigned[]){40, 8});
    c = compare(ALL_SIX);
    k = find(c, "embedded");
    assert_string_equal(k->relative.note, "");
    assert_int_equal(k->relative.rounds[0], 66);
    assert_int_equal(k->relative.rounds[1], 90);
    near(k->time.side[0], 100, 3);
    near(k->time.regime_ns[0], 90, 0.1);
    lb_compare_destroy(c);
}

/* Five rounds in a regime have no say, in however many runs: those are compared that have. */
static void test_regime_of_runs_with_a_say(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++)
        run_in_regimes(six[i], 5, i < 2 ? 8 : 0);
    c = compare(ALL_SIX);
    k = find(c, "embedded");
    near(k->time.regime_ns[0], 310, 0.1);
    near(k->time.side[1], 500, 15);
    assert_int_equal(k->time.rounds[0], 8); /* against 15 near ones */
    assert_int_equal(k->relative.runs[1], 1);
    assert_string_equal(k->relative.note, "1 run on side A: a verdict needs 3 on each");
    lb_compare_destroy(c);
}

/* Three runs of seven rounds can be judged, one of forty cannot. */
static void test_regime_of_more_runs(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++)
        run_in_regimes(six[i], 7, i < 2 ? 40 : 0);
    c = compare(ALL_SIX);
    k = find(c, "embedded");
    near(k->time.regime_ns[0], 90, 0.1);
    assert_int_equal(k->time.runs[0], 3);
    assert_int_equal(k->time.rounds[0], 21);
    assert_string_equal(k->time.note, "");
    lb_compare_destroy(c);
}

/* The margin goes by the time in the rounds that are compared, also where the case's time itself is
 * compared in another regime, or in none. */
static void test_margin_of_the_rounds_compared(void **state)
{
    static const unsigned far_runs[] = {1, 3};
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (size_t t = 0; t < LB_COUNT(far_runs); t++) {
        for (int i = 0; i < 12; i++) {
            struct writer w;
            struct made m = usual;
            char name[16];
            snprintf(name, sizeof name, "%c%zu%d", "AB"[i % 2], t, i / 2);
            open_run(&w, name);
            m.layout = "embedded";
            m.ns = i % 2 ? 45 : 30;
            m.rounds = t ? 40 : 5; /* so that the case's time is compared near, or far */
            put_rounds(&w, m);
            m.trip = 400;
            m.from = 40;
            m.rounds = (unsigned)(i / 2) < far_runs[t] ? 25 : 0;
            m.ns = i % 2 ? 900 : 600;
            put_rounds(&w, m);
            m.layout = "pointer"; /* the base has no near rounds */
            m.ns = 400;
            put_rounds(&w, m);
            close_run(&w);
        }
        c = compare(t ? "A10 A11 A12 A13 A14 A15 -- B10 B11 B12 B13 B14 B15"
                      : "A00 A01 A02 A03 A04 A05 -- B00 B01 B02 B03 B04 B05");
        k = find(c, "embedded");
        near(k->time.side[0], t ? 30 : 600, t ? 1 : 20);
        near(k->relative.ratio, 1.5, 0.03);
        near(k->relative.margin, 0.02, 1e-9); /* of 600 ns: not 2 ns of an unknown time */
        assert_int_equal(k->relative.runs[0], far_runs[t]);
        assert_int_equal(k->relative.verdict, t ? LB_VERDICT_SLOWER : LB_VERDICT_UNRESOLVED);
        assert_int_equal(!*k->relative.note, (int)t);
        lb_compare_destroy(c);
    }
}

/* Round trips of different processors are not each other's regimes. */
static void test_other_processor(void **state)
{
    struct lb_compare *c;

    (void)state;
    six_in_regimes((unsigned[]){30, 8}, (unsigned[]){0, 30});
    for (int i = 0; i < 6; i++)
        put_record(six[i], "2026-01-01T00:00:00Z", i % 2 ? "two" : "one", "");
    c = compare(ALL_SIX);
    assert_string_equal(find(c, "embedded")->relative.note, "");
    near(find(c, "embedded")->time.regime_ns[1], 310, 0.1);
    assert_true(warns(c, "processors differ"));
    lb_compare_destroy(c);
}

/* One link of four is enough for another regime. */
static void test_rings(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;

    (void)state;
    open_run(&w, "A");
    m.trips = "90;90;90;90";
    put_rounds(&w, m);
    m.trips = "90;90;310;90";
    m.from = 30;
    m.ns = 300;
    put_rounds(&w, m);
    close_run(&w);
    open_run(&w, "B");
    m.from = 0;
    put_rounds(&w, m);
    m.trips = "90;;90;90"; /* an unknown one is no regime that both have */
    m.from = 30;
    m.ns = 900;
    m.rounds = 40;
    put_rounds(&w, m);
    close_run(&w);
    c = compare("A -- B");
    near(find(c, "pointer")->time.side[0], 300, 9);
    near(find(c, "pointer")->time.side[1], 300, 9);
    near(find(c, "pointer")->time.regime_ns[0], 145, 0.1);
    lb_compare_destroy(c);
}

/* Matching ----------------------------------------------------------------------------------- */

static void test_match_by_distance(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;
    const struct lb_compare_case *k;

    (void)state;
    make_run("A", 100, 120);
    open_run(&w, "B");
    m.placement = "0,1";
    put_rounds(&w, m);
    m.layout = "embedded";
    m.distance = "smt";
    put_rounds(&w, m);
    close_run(&w);
    c = compare("A -- B");
    k = find(c, "pointer");
    assert_true(k->here[0] && k->here[1]);
    assert_string_equal(k->cells[LB_KEY_PLACEMENT], "l3");
    assert_string_equal(k->placement_b, "0,1");
    assert_int_equal(k->ok[1], 30);
    assert_true(isfinite(k->time.side[1]));
    assert_int_equal(c->n_common, 1);
    assert_int_equal(c->n_only[0], 1); /* other distances are other cases */
    assert_int_equal(c->n_only[1], 1);
    lb_compare_destroy(c);
}

static void test_two_placements_at_a_distance_are_not_matched(void **state)
{
    struct writer w;
    struct made m = usual;

    (void)state;
    make_run("A", 100, 120);
    open_run(&w, "B");
    m.placement = "0,1";
    put_rounds(&w, m);
    m.placement = "2,3";
    put_rounds(&w, m);
    close_run(&w);
    refuses("A -- B", ENODATA, "no case that both sides measured");
}

static void test_bases(void **state)
{
    struct writer w;
    struct lb_compare *c;
    struct made m = usual;
    static const char *const layouts[] = {"embedded", "embedded~", "pointer", "pointer", "padded"};
    static const char *const locks[] = {"rwsem40", "rwsem40", "refcount", "rwsem40", "rwsem40"};

    (void)state;
    for (int run = 0; run < 2; run++) {
        open_run(&w, run ? "B" : "A");
        for (size_t i = 0; i < LB_COUNT(layouts); i++) {
            m.layout = layouts[i];
            m.lock = locks[i];
            put_rounds(&w, m);
        }
        m.layout = m.lock = "";
        m.scenario = "empty";
        put_rounds(&w, m);
        m = usual;
        close_run(&w);
    }
    c = compare("A -- B");
    assert_string_equal(c->cases[0].cells[LB_KEY_LAYOUT], "pointer"); /* the baseline first */
    assert_true(c->cases[c->n_cases - 1].reference);
    assert_int_equal(c->n_common, 5);
    assert_string_equal(c->cases[c->n_cases - 1].time.note[0] ? "noted" : "", "noted");
    assert_ptr_equal(&c->cases[find(c, "embedded~")->base], find(c, "embedded"));
    assert_string_equal(c->cases[find(c, "padded")->base].cells[LB_KEY_LAYOUT], "pointer");
    assert_string_equal(c->cases[find(c, "padded")->base].cells[LB_KEY_LOCK], "rwsem40");
    lb_compare_destroy(c);
    assert_int_equal(compare_with("A -- B", "padded", &c), 0);
    assert_string_equal(c->baseline, "padded");
    assert_int_equal(find(c, "padded")->base, -1);
    assert_true(find(c, "embedded")->base >= 0);
    lb_compare_destroy(c);
    put_record("A", "2026-01-01T00:00:00Z", "one", ", \"baseline\": \"embedded\"");
    c = compare("A -- B");
    assert_string_equal(c->baseline, "embedded");
    lb_compare_destroy(c);
}

/* Words -------------------------------------------------------------------------------------- */

static const struct lb_compare_difference *difference(const struct lb_compare *c, const char *what)
{
    for (size_t i = 0; i < c->n_differences; i++)
        if (!strcmp(c->differences[i].what, what))
            return &c->differences[i];
    return NULL;
}

static void test_differences(void **state)
{
    struct lb_compare *c;

    (void)state;
    make_six(1);
    put_record("A1", "2026-01-01T00:00:00Z", "one", ", \"margin_ns\": 2");
    put_record("A2", "2026-01-01T00:01:00Z", "one", ", \"margin_ns\": 2.5");
    put_record("A3", "2026-01-01T00:02:00Z", "one", ", \"margin_ns\": 2");
    put_record("B1", "2026-01-01T00:03:00Z", "two", ", \"margin_ns\": 2");
    put_record("B2", "2026-01-01T00:04:00Z", "two", ", \"margin_ns\": 2");
    put_record("B3", "2026-01-01T00:05:00Z", "two", ", \"margin_ns\": 2");
    c = compare(ALL_SIX);
    assert_string_equal(difference(c, "processor")->side[0], "one");
    assert_string_equal(difference(c, "processor")->side[1], "two");
    assert_string_equal(difference(c, "margin (ns)")->side[0], "2; 2.5");
    assert_null(difference(c, "host"));
    assert_null(difference(c, "command")); /* where results went is no difference */
    assert_true(warns(c, "all runs of A came before those of B"));
    assert_false(warns(c, "copies"));
    lb_compare_destroy(c);
    put_record("A2", "2026-01-01T00:00:00Z", "one", "");
    put_record("B1", "2025-12-31T00:00:00Z", "two", "");
    c = compare(ALL_SIX);
    assert_true(warns(c, "copies of one run"));
    assert_false(warns(c, "came before"));
    assert_false(warns(c, "no run.json"));
    lb_compare_destroy(c);
    make_run("C", 1, 1);
    c = compare("A1 -- C");
    assert_true(warns(c, "no run.json"));
    lb_compare_destroy(c);
}

static void test_refusals(void **state)
{
    struct writer w;
    struct made m = usual;
    struct lb_compare *c = NULL;

    (void)state;
    make_run("A", 100, 120);
    make_run("B", 100, 120);
    refuses("A", EINVAL, "side B has no run");
    refuses("-- B", EINVAL, "side A has no run");
    refuses("A -- A", EINVAL, "the same results");
    refuses("A -- A/samples.csv", EINVAL, "the same results");
    refuses("A B -- B", EINVAL, "the same results");
    refuses("A -- nowhere", ENOENT, "nowhere: ");
    assert_int_equal(mkdir(at("none"), 0777), 0);
    refuses("A -- none", ENOENT, "no samples.csv and no summary.csv");
    put_text("text", "w", "hello\n");
    refuses("A -- text", EPROTO, "no column schema_version");
    put_text("empty", "w", "");
    refuses("A -- empty", ENODATA, "no header line");
    put_text("old", "w", "schema_version,suite\n1,x\n");
    refuses("A -- old", EPROTO, "no column scenario");
    open_run(&w, "header");
    close_run(&w);
    refuses("A -- header", ENODATA, "no rows");
    open_run(&w, "emulated");
    m.emulated = 1;
    put_rounds(&w, m);
    close_run(&w);
    refuses("A -- emulated", EPROTO, "emulated");
    m = usual;
    open_run(&w, "other");
    m.layout = "mine";
    put_rounds(&w, m);
    close_run(&w);
    refuses("A -- other", ENODATA, "no case that both sides measured");
    open_run(&w, "twice");
    put_rounds(&w, usual);
    put_rounds(&w, usual);
    close_run(&w);
    refuses("A -- twice", EPROTO, "rounds do not count up");
    assert_int_equal(compare_with("A -- B", "mine", &c), -EINVAL);
    assert_non_null(strstr(why.text, "baseline 'mine'"));
    put_text("B/run.json", "w", "{");
    refuses("A -- B", EPROTO, "no JSON");
    put_text("B/run.json", "w", "{\"schema_version\": 1}");
    refuses("A -- B", EPROTO, "schema_version");
}

static void test_another_version(void **state)
{
    char text[8192];
    FILE *file;
    size_t n;

    (void)state;
    make_run("A", 100, 120);
    make_run("B", 100, 120);
    file = fopen(at("B/samples.csv"), "r+");
    assert_non_null(file);
    n = fread(text, 1, sizeof text, file);
    for (size_t i = 0; i + 1 < n; i++)
        if (text[i] == '\n') {
            fseek(file, (long)i + 1, SEEK_SET);
            fputc('9', file);
            break;
        }
    assert_int_equal(fclose(file), 0);
    refuses("A -- B", EPROTO, "schema_version is '9");
}

/* Arithmetic --------------------------------------------------------------------------------- */

/* How often intervals of runs that do not differ hold 0, in hundredths. Rounds have noise of 2 %.
 */
static double coverage(size_t runs, const double between[2], double rho)
{
    enum { TRIALS = 4000, ROUNDS = 20 };
    int inside = 0;

    for (int t = 0; t < TRIALS; t++) {
        double medians[2][6], x[ROUNDS];
        const double *const all[2] = {medians[0], medians[1]};
        struct lb_compare_interval i;
        for (int side = 0; side < 2; side++)
            for (size_t r = 0; r < runs; r++) {
                double own = between[side] * (noise() - 1), level = noise() - 1;
                for (int k = 0; k < ROUNDS; k++) {
                    level = rho * level + sqrt(1 - rho * rho) * (noise() - 1);
                    x[k] = own + level;
                }
                assert_int_equal(lb_stats_median(x, ROUNDS, &medians[side][r]), 0);
            }
        assert_int_equal(lb_compare_interval(all, (size_t[]){runs, runs}, 0.002, &i), 0);
        inside += i.lo <= 0 && i.hi >= 0;
        assert_true((i.p <= 0.05) == (i.lo > 0.002 || i.hi < -0.002));
    }
    return 100.0 * inside / TRIALS;
}

/* 95 % intervals hold 0 in 93 to 97 of 100, whatever is noise of the rounds and what of the runs,
 * correlated rounds and one noisier side included. */
static void test_coverage(void **state)
{
    static const struct {
        double between[2], rho; /* of the rounds' noise */
    } mixes[] = {
        {{0, 0}, 0},   {{1, 1}, 0}, {{5, 5}, 0}, {{0, 0}, 0.6},
        {{1, 1}, 0.8}, {{1, 3}, 0}, {{0, 5}, 0},
    };

    (void)state;
    noise_state = 3;
    for (size_t runs = 3; runs <= 6; runs += 3)
        for (size_t i = 0; i < LB_COUNT(mixes); i++) {
            double held = coverage(runs, mixes[i].between, mixes[i].rho);
            if (held < 93 || held > 97)
                fail_msg("%zu runs, mix %zu: %g %%", runs, i, held);
        }
}

/* Half-widths by a table of Student's t. */
static void test_interval(void **state)
{
    const double a[] = {0, 0.01, 0.02}, b[] = {0.1, 0.11, 0.12}, two[] = {0, 0.02};
    struct lb_compare_interval i;

    (void)state;
    assert_int_equal(lb_compare_interval((const double *[]){a, b}, (size_t[]){3, 3}, 0, &i), 0);
    near(i.value, 0.1, 1e-12);
    near(i.hi, 0.1 + 2.776445 * 0.01 * sqrt(2.0 / 3), 1e-8); /* 4 degrees */
    near(i.lo, 0.1 - 2.776445 * 0.01 * sqrt(2.0 / 3), 1e-8);
    assert_int_equal(lb_compare_interval((const double *[]){two, two}, (size_t[]){2, 2}, 0, &i), 0);
    near(i.hi, 4.302653 * 0.01 * M_SQRT2, 1e-8); /* 2 degrees */
    near(i.p, 1, 1e-12);
    assert_int_equal(lb_compare_interval((const double *[]){a, b}, (size_t[]){1, 3}, 0, &i),
                     -ENODATA);
    assert_int_equal(lb_compare_interval((const double *[]){(double[]){1, 1}, (double[]){1, 1}},
                                         (size_t[]){2, 2}, 0, &i),
                     -ENODATA);
}

/* Summaries and documents -------------------------------------------------------------------- */

static void make_summary(const char *name, double pointer, double embedded)
{
    struct lb_csv *csv;
    struct lb_row *row;
    struct made m = usual;

    assert_int_equal(lb_make_folders(at(name), &why), 0);
    char file[64];
    snprintf(file, sizeof file, "%s/summary.csv", name);
    assert_int_equal(lb_csv_create(&lb_schema_summary, at(file), &why, &csv), 0);
    assert_int_equal(lb_row_create(&lb_schema_summary, &row), 0);
    for (int i = 0; i < 4; i++) { /* two layouts in two regimes */
        double ns = i % 2 ? embedded : pointer, other = i / 2 ? 5 : 1;
        m.layout = i % 2 ? "embedded" : "pointer";
        put_case(row, &m);
        lb_row_int(row, "windows", i / 2 ? 10 : 45);
        lb_row_int(row, "windows_spoiled", 3);
        lb_row_number(row, "regime_ns", i / 2 ? 310 : 90);
        lb_row_number(row, "ns_op_median", other * ns);
        lb_row_number(row, "ns_op_ci95_lo", other * ns * 0.99);
        lb_row_number(row, "ns_op_ci95_hi", other * ns * 1.01);
        lb_row_number(row, "min_over_max_median", 0.9);
        if (i % 2) {
            lb_row_text(row, "baseline", "pointer");
            lb_row_number(row, "ratio", ns / pointer);
            lb_row_number(row, "ratio_ci95_lo", ns / pointer * 0.99);
            lb_row_number(row, "ratio_ci95_hi", ns / pointer * 1.01);
        }
        assert_int_equal(lb_csv_append(csv, row, &why), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static void test_summaries(void **state)
{
    struct lb_compare *c;
    const struct lb_compare_case *k;

    (void)state;
    for (int i = 0; i < 6; i++)
        make_summary(six[i], (i % 2 ? 150 : 100) + i / 2, i % 2 ? 200 : 120);
    c = compare("A1 A2/summary.csv A3 -- B1/summary.csv B2 B3");
    k = find(c, "embedded");
    near(k->time.side[0], 120, 0.01);
    assert_int_equal(k->time.verdict, LB_VERDICT_UNRESOLVED);
    assert_non_null(strstr(k->time.note, "to the last digit"));
    assert_int_equal(find(c, "pointer")->time.verdict, LB_VERDICT_SLOWER);
    assert_int_equal(k->relative.verdict, LB_VERDICT_SLOWER);
    near(k->relative.ratio, 200.0 / 151 / (120.0 / 101), 0.001);
    assert_int_equal(k->spoiled[1], 9);
    assert_int_equal(k->relative.rounds[0], 135);
    lb_compare_destroy(c);
    make_run("W", 100, 120);
    refuses("A1 -- W", EINVAL, "give one kind for all");
    /* recorded against pointer */
    assert_int_equal(compare_with("A1 -- B1", "embedded", &c), 0);
    assert_non_null(strstr(find(c, "pointer")->relative.note, "no run of side A"));
    lb_compare_destroy(c);
}

static void test_csv(void **state)
{
    struct lb_compare *c;
    struct lb_csv_reader *csv;
    char *text;
    int rows = 0;

    (void)state;
    make_six(1.2);
    c = compare(ALL_SIX);
    assert_int_equal(lb_compare_csv(c, &text), 0);
    put_text("compare.csv", "w", text);
    free(text);
    assert_int_equal(lb_csv_open(at("compare.csv"), NULL, &why, &csv), 0);
    while (lb_csv_next(csv, &why) == 1) {
        bool is_base = !strcmp(lb_csv_cell(csv, "layout"), "pointer");
        rows++;
        assert_string_equal(lb_csv_cell(csv, "sides"), "ab");
        assert_int_equal((int)lb_csv_number(csv, "windows_b"), 90);
        assert_int_equal((int)lb_csv_number(csv, "time_runs_a"), 3);
        assert_int_equal(isnan(lb_csv_number(csv, "relative_ratio")), is_base);
        if (is_base)
            continue;
        assert_string_equal(lb_csv_cell(csv, "time_verdict"), "slower");
        assert_string_equal(lb_csv_cell(csv, "base"), "pointer");
        near(lb_csv_number(csv, "time_ratio"), find(c, "embedded")->time.ratio, 1e-4);
    }
    assert_int_equal(rows, 2);
    lb_csv_reader_close(csv);
    lb_compare_destroy(c);
}

static void test_json(void **state)
{
    struct lb_compare *c;
    char *text;
    cJSON *root, *first, *time;

    (void)state;
    make_run("A", 100, 120);
    make_run("B", 100, 150);
    c = compare("A -- B");
    assert_int_equal(lb_compare_json(c, &text), 0);
    lb_compare_destroy(c);
    root = cJSON_Parse(text);
    free(text);
    assert_non_null(root);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "runs")), 2);
    assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(root, "warnings")) >= 1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "cases")), 2);
    first = cJSON_GetArrayItem(cJSON_GetObjectItem(root, "cases"), 0);
    assert_string_equal(cJSON_GetObjectItem(first, "layout")->valuestring, "pointer");
    assert_string_equal(cJSON_GetObjectItem(first, "work_ns")->valuestring, "200");
    time = cJSON_GetObjectItem(first, "time");
    assert_string_equal(cJSON_GetObjectItem(time, "verdict")->valuestring, "unresolved");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(time, "ci95_lo"))); /* unknown, never 0 */
    assert_true(cJSON_IsNumber(cJSON_GetObjectItem(time, "ratio")));
    assert_int_equal(
        cJSON_GetObjectItem(cJSON_GetObjectItem(root, "relative"), "unresolved")->valueint, 1);
    cJSON_Delete(root);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_planted_difference),
        TEST(test_no_difference),
        TEST(test_runs_differ),
        TEST(test_one_run_a_side),
        TEST(test_two_runs_have_an_interval_and_no_verdict),
        TEST(test_few_rounds),
        TEST(test_pairs),
        TEST(test_no_spread),
        TEST(test_references_are_not_judged),
        TEST(test_only_ok_rows_count),
        TEST(test_rates_of_spoiled_windows),
        TEST(test_no_spoiled_windows_on_a_side),
        TEST(test_roaming),
        TEST(test_a_round_across_regimes),
        TEST(test_unusable_and_torn),
        TEST(test_other_regime),
        TEST(test_common_regime),
        TEST(test_regime_of_runs_with_a_say),
        TEST(test_regime_of_more_runs),
        TEST(test_margin_of_the_rounds_compared),
        TEST(test_other_processor),
        TEST(test_rings),
        TEST(test_match_by_distance),
        TEST(test_two_placements_at_a_distance_are_not_matched),
        TEST(test_bases),
        TEST(test_differences),
        TEST(test_refusals),
        TEST(test_another_version),
        TEST(test_coverage),
        TEST(test_interval),
        TEST(test_summaries),
        TEST(test_csv),
        TEST(test_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
