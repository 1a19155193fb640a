/* SPDX-License-Identifier: MIT
 *
 * Regimes of round trips: how often the right number of levels is found in scenes that are drawn
 * from fixed seeds, whether windows get the right one, and what is refused.
 */
#include <linebounce/arena.h>
#include <linebounce/stats.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 100000

/* Levels in ns that last for a twelfth of the windows each on average, with the shares that they
 * have, or are drawn anew for each window; how much each probe differs from its level; and a level
 * that drifts: a sine, or a random walk. */
struct scene {
    const char *name;
    double levels[3], shares[3];
    double cv;
    bool lucky;
    enum { STILL, SINE, WALK } drift;
    int right; /* number of regimes */
};

static double ns[MOST], change[MOST];
static int truth[MOST], label[MOST];

static double uniform(uint64_t *random)
{
    return ((double)(lb_random(random) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *random)
{
    return sqrt(-2 * log(uniform(random))) * cos(2 * M_PI * uniform(random));
}

static int draw_level(const struct scene *s, uint64_t *random)
{
    double u = uniform(random);
    int level = 0;

    while (level < 2 && s->shares[level + 1] > 0 && u > s->shares[level])
        u -= s->shares[level++];
    return level;
}

static void draw_truth(const struct scene *s, size_t n, uint64_t *random)
{
    double mean = fmax(5, (double)n / 12);

    for (size_t i = 0; i < n;) {
        size_t stay = s->lucky ? 1 : (size_t)(-mean * log(uniform(random))) + 1;
        int level = draw_level(s, random);
        for (; stay-- && i < n; i++)
            truth[i] = level;
    }
}

/* Every level has its share, as far as it takes to be one. */
static bool is_fair(const struct scene *s, size_t n)
{
    size_t here[3] = {0};

    for (size_t i = 0; i < n; i++)
        here[truth[i]]++;
    for (int k = 0; k < 3; k++)
        if (s->levels[k] > 0 && (double)here[k] < fmax(6, 0.03 * (double)n))
            return false;
    return true;
}

/* Spikes: 0.3 % of the probes, between 1.1 and 2 times. */
static double probe(double level, double cv, uint64_t *random)
{
    double x = level * exp(cv * normal(random));

    return uniform(random) < 0.003 ? x * (1.1 + 0.9 * uniform(random)) : x;
}

static void draw(const struct scene *s, size_t n, uint64_t *random)
{
    double walk = 0;

    for (int tries = 0; tries < 100; tries++) {
        draw_truth(s, n, random);
        if (is_fair(s, n))
            break;
    }
    for (size_t i = 0; i < n; i++) {
        double level = s->levels[truth[i]], before, after;
        walk += normal(random) * 0.15 / sqrt((double)n);
        if (s->drift == SINE)
            level *= exp(0.14 * sin(2.6 * M_PI * (double)i / (double)n));
        if (s->drift == WALK)
            level *= exp(walk);
        before = probe(level, s->cv, random);
        after = probe(level, s->cv, random);
        ns[i] = sqrt(before * after);
        change[i] = after / before;
    }
}

/* Windows that are in no regime, or in one most of which is of another level. */
static size_t misplaced(size_t n, int found)
{
    size_t table[8][3] = {{0}}, wrong = 0;

    if (found > 8)
        return n;
    for (size_t i = 0; i < n; i++) {
        if (label[i] < 0)
            wrong++;
        else
            table[label[i]][truth[i]]++;
    }
    for (int k = 0; k < found; k++)
        for (int j = 0, most = 0; j < 3; j++) {
            size_t here = table[k][j];
            most = here > table[k][most] ? j : most;
            wrong += j == 2 ? table[k][0] + table[k][1] + table[k][2] - table[k][most] : 0;
        }
    return wrong;
}

/* Share of draws with the right number, in percent; of windows that are out of place, in *out. */
static double right(const struct scene *s, size_t n, int draws, double *out)
{
    uint64_t random = 20261127 + n;
    int good = 0;

    *out = 0;
    for (int i = 0; i < draws; i++) {
        int found = 0;
        draw(s, n, &random);
        struct lb_trips trips = {.ns = ns, .change = change, .n = n};
        assert_int_equal(lb_stats_regimes(&trips, label, &found), 0);
        good += found == s->right;
        *out += 100.0 * (s->lucky ? 0 : (double)misplaced(n, found)) / (double)n / draws;
    }
    return 100.0 * good / draws;
}

static const struct {
    size_t n;
    int draws;
} sizes[] = {{40, 200}, {400, 200}, {14000, 20}, {100000, 3}};

/* The least share of right numbers at each size, and the most that may be out of place, in %. */
static const struct bounded {
    struct scene scene;
    double least[4], most_out[4];
} cases[] = {
    {{"one, CV 3 %", {85}, {1}, 0.03, false, STILL, 1}, {98, 98, 100, 100}, {1, 1, 1, 1}},
    {{"one, CV 5 %", {85}, {1}, 0.05, false, STILL, 1}, {98, 98, 100, 100}, {1, 1, 1, 1}},
    {{"one, CV 8 %", {85}, {1}, 0.08, false, STILL, 1}, {98, 98, 100, 100}, {1, 1, 1, 1}},
    {{"one, CV 12 %", {85}, {1}, 0.12, false, STILL, 1}, {98, 98, 100, 100}, {1, 1, 1, 1}},
    {{"lucky lines", {75, 97}, {0.5, 0.5}, 0.03, true, STILL, 1}, {97, 98, 100, 100}, {0}},
    {{"80/88, CV 1 %", {80, 88}, {0.5, 0.5}, 0.01, false, STILL, 1},
     {98, 98, 100, 100},
     {60, 60, 60, 60}},
    {{"sine of 14 %", {85}, {1}, 0.0424, false, SINE, 1}, {90, 90, 100, 100}, {1, 1, 1, 1}},
    {{"walk", {85}, {1}, 0.0424, false, WALK, 1}, {92, 90, 85, 66}, {1, 1, 1, 1}},
    {{"62/87, CV 3 %", {62, 87}, {0.5, 0.5}, 0.03, false, STILL, 2},
     {95, 99, 100, 100},
     {1, 1, 1, 1}},
    {{"62/87, CV 5 %", {62, 87}, {0.5, 0.5}, 0.05, false, STILL, 2},
     {93, 99, 100, 100},
     {2, 1, 1, 1}},
    {{"62 (6 %)/87, CV 5 %", {62, 87}, {0.06, 0.94}, 0.05, false, STILL, 2},
     {84, 98, 100, 100},
     {3, 1, 1, 1}},
    {{"57/85/320, CV 5 %", {57, 85, 320}, {0.34, 0.33, 0.33}, 0.05, false, STILL, 3},
     {80, 99, 100, 100},
     {4, 1, 1, 1}},
    {{"60/120, CV 5 %", {60, 120}, {0.5, 0.5}, 0.05, false, STILL, 2},
     {97, 99, 100, 100},
     {1, 1, 1, 1}},
    {{"60/330, CV 5 %", {60, 330}, {0.5, 0.5}, 0.05, false, STILL, 2},
     {97, 99, 100, 100},
     {1, 1, 1, 1}},
};

static void test_scenes(void **state)
{
    int failed = 0;

    (void)state;
    for (const struct bounded *c = cases; c < cases + LB_COUNT(cases); c++)
        for (size_t k = 0; k < LB_COUNT(sizes); k++) {
            double out, share = right(&c->scene, sizes[k].n, sizes[k].draws, &out);
            bool bad = share < c->least[k] || out > c->most_out[k];
            print_message("%-20s %6zu windows: %5.1f %% right, %4.2f %% out of place%s\n",
                          c->scene.name, sizes[k].n, share, out, bad ? ": NOT ENOUGH" : "");
            failed += bad;
        }
    assert_int_equal(failed, 0);
}

static int part(const double *x, const double *weight, size_t n)
{
    struct lb_trips trips = {.ns = x, .weight = weight, .n = n};
    int found = -7;

    assert_int_equal(lb_stats_regimes(&trips, label, &found), 0);
    return found;
}

/* Of windows whose two probes are not known the noise is what neighbours in time differ by. */
static void test_without_changes(void **state)
{
    uint64_t random = 5;
    double x[60];

    (void)state;
    for (int i = 0; i < 60; i++)
        x[i] = (i / 15 % 2 ? 87 : 62) * exp(0.03 * normal(&random));
    assert_int_equal(part(x, NULL, 60), 2);
    for (int i = 0; i < 60; i++)
        assert_int_equal(label[i], i / 15 % 2);
    for (int i = 0; i < 60; i++)
        x[i] = 85 * exp(0.12 * normal(&random));
    assert_int_equal(part(x, NULL, 60), 1);
    /* Equal to the last digit, and one alone. */
    for (int i = 0; i < 60; i++)
        x[i] = 85;
    assert_int_equal(part(x, NULL, 60), 1);
    assert_int_equal(part(x, NULL, 1), 1);
    assert_int_equal(label[0], 0);
}

/* What is too rare for a regime of its own is in none, unless it lies near one. */
static void test_strays(void **state)
{
    double x[50];

    (void)state;
    for (int i = 0; i < 50; i++)
        x[i] = 85 + i % 3;
    x[10] = x[11] = x[12] = x[13] = 320;
    x[20] = 20;
    x[30] = 120;
    assert_int_equal(part(x, NULL, 50), 1);
    for (int i = 0; i < 50; i++)
        assert_int_equal(label[i], (i >= 10 && i <= 13) || i == 20 ? LB_NO_REGIME : 0);
    x[14] = 320; /* the fifth */
    assert_int_equal(part(x, NULL, 50), 2);
    assert_int_equal(label[10], 1);
    assert_int_equal(label[9], 0);
    assert_int_equal(label[20], LB_NO_REGIME);
}

/* Rows of a summary stand for many windows each, in no order of time. */
static void test_weights(void **state)
{
    static const double x[] = {330, 60, 61, 328, 900, 76}, many[] = {30, 25, 40, 8, 2, 20};
    static const double few[] = {1, 1, 1, 1, 1, 1};

    (void)state;
    assert_int_equal(part(x, many, 6), 3);
    assert_int_equal(label[1], 0);
    assert_int_equal(label[2], 0);
    assert_int_equal(label[5], 1);
    assert_int_equal(label[0], 2);
    assert_int_equal(label[3], 2);
    assert_int_equal(label[4], LB_NO_REGIME);
    assert_int_equal(part(x, few, 6), 1);
}

static void test_refusals(void **state)
{
    static const double bad[] = {0, -1, NAN, INFINITY};
    double x[2] = {80, 90}, w[2] = {1, 1};
    struct lb_trips trips = {.ns = x, .weight = w, .n = 0};
    int found = 99;

    (void)state;
    label[0] = 99;
    assert_int_equal(lb_stats_regimes(&trips, label, &found), -ENODATA);
    trips.n = 2;
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        x[1] = bad[i];
        assert_int_equal(lb_stats_regimes(&trips, label, &found), -EDOM);
        x[1] = 90;
        w[1] = bad[i];
        assert_int_equal(lb_stats_regimes(&trips, label, &found), -EDOM);
        w[1] = 1;
    }
    assert_int_equal(label[0], 99);
    assert_int_equal(found, 99);
}

static void test_noise(void **state)
{
    uint64_t random = 3;

    (void)state;
    for (int i = 0; i < 4000; i++)
        change[i] = exp(0.05 * M_SQRT2 * normal(&random));
    assert_true(fabs(lb_stats_probe_noise(change, 4000) - 0.05) < 0.003);
    for (int i = 0; i < 4000; i += 5) /* moves, and what is not known */
        change[i] = i % 2 ? 5 : NAN;
    assert_true(fabs(lb_stats_probe_noise(change, 4000) - 0.05) < 0.01);
    change[0] = change[1] = NAN;
    assert_true(isnan(lb_stats_probe_noise(change, 2)));
    assert_true(isnan(lb_stats_probe_noise(change, 0)));
    /* 3.5 standard deviations of the difference of two. */
    assert_true(fabs(lb_stats_probes_agree(0.0385) - 1.21) < 0.001);
    assert_true(fabs(lb_stats_probes_agree(0.107) - 1.70) < 0.002);
    assert_true(fabs(lb_stats_probes_agree(3) - LB_REGIME_AGREE_MOST) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenes),   cmocka_unit_test(test_without_changes),
        cmocka_unit_test(test_strays),   cmocka_unit_test(test_weights),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
