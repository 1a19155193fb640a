/* SPDX-License-Identifier: MIT
 *
 * pairs: plans of all pairs and of one a class, what is written of made-up latencies, and one small
 * real measurement where two PUs are allowed. Of the real one only what must hold anywhere is
 * asked.
 */
#include <linebounce/pairs.h>

#include "support/cells.h"
#include "support/machines.h"
#include "support/text.h"

#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char pus_256[] = "pack:2 numa:1 l3:8 core:8 pu:2";
static const char pus_512[] = "pack:4 numa:2 l3:4 l2:8 core:1 pu:2(indexes=core)";
static const char two_nodes[] = "pack:2 numa:1 l3:1 core:2 pu:1";
/* What the header says of a measurement: nine lines of 10 us, and some 25 us around them. */
#define MEASUREMENT_S 115e-6

static struct lb_pu_pairs_plan *plan_of(const struct lb_pu_pairs_request *r)
{
    struct lb_why why = {""};
    struct lb_pu_pairs_plan *p = NULL;

    if (lb_pu_pairs_plan_create(r, &why, &p))
        fail_msg("%s", why.text);
    return p;
}

/* Plans */

static size_t homes_of(const struct lb_pu_pair_class *c)
{
    return c->node_a_os == c->node_b_os ? 1 : 2;
}

static int position(const struct lb_topology *t, int pu_os)
{
    return (int)(lb_topology_find(t, pu_os) - t->pus);
}

/* Each pair once, in the class that it belongs to, a before b or on the lower node. */
static void check_all_pairs(const struct lb_topology *t, const struct lb_pu_pairs_plan *p)
{
    size_t n = (size_t)t->n_pus, measurements = 0;
    uint64_t *members = calloc(p->n_classes, sizeof *members);
    bool *seen = calloc(n * n, sizeof *seen);

    assert_true(members && seen);
    for (size_t i = 0; i < p->n_pairs; i++) {
        const struct lb_pu_pair *pair = &p->pairs[i];
        int a = position(t, pair->pu_a_os), b = position(t, pair->pu_b_os);
        size_t low = (size_t)(a < b ? a : b), high = (size_t)(a < b ? b : a);
        struct lb_pu_pair_class c = lb_pu_pair_class_of(&t->pus[a], &t->pus[b]);
        assert_true(a < b || t->pus[a].node_os < t->pus[b].node_os);
        assert_true(pair->class_index < p->n_classes);
        assert_true(lb_pu_pair_class_same(&p->classes[pair->class_index], &c));
        assert_false(seen[low * n + high]);
        seen[low * n + high] = true;
        members[pair->class_index]++;
        measurements += homes_of(&c) * LB_PINGPONG_OPS;
    }
    for (size_t i = 0; i < p->n_classes; i++)
        assert_int_equal(members[i], p->classes[i].pairs);
    assert_int_equal(p->n_pairs, n * (n - 1) / 2);
    assert_int_equal(p->measurements, measurements);
    free(members);
    free(seen);
}

static void check_representatives(const struct lb_topology *t, const struct lb_pu_pairs_plan *p)
{
    size_t measurements = 0;
    uint64_t pairs = 0;

    assert_int_equal(p->n_pairs, p->n_classes);
    for (size_t i = 0; i < p->n_pairs; i++) {
        assert_int_equal(p->pairs[i].class_index, i);
        assert_int_equal(p->pairs[i].pu_a_os, p->classes[i].pu_a_os);
        assert_int_equal(p->pairs[i].pu_b_os, p->classes[i].pu_b_os);
        measurements += homes_of(&p->classes[i]) * LB_PINGPONG_OPS;
        pairs += p->classes[i].pairs;
    }
    assert_int_equal(pairs, (uint64_t)t->n_pus * (uint64_t)(t->n_pus - 1) / 2);
    assert_int_equal(p->measurements, measurements);
}

static void check_both(const char *spec, size_t n_pairs, size_t n_classes)
{
    struct lb_topology *t = load(spec);
    struct lb_pu_pairs_request r = {.topology = t, .budget_s = 60};
    struct lb_pu_pairs_plan *p = plan_of(&r);

    assert_false(p->all);
    assert_int_equal(p->n_possible, n_pairs);
    assert_int_equal(p->n_classes, n_classes);
    check_representatives(t, p);
    assert_int_equal(p->rounds, lb_pu_pairs_rounds_most(p->measurements));
    lb_pu_pairs_plan_destroy(p);

    r.all = true;
    p = plan_of(&r);
    assert_true(p->all);
    assert_int_equal(p->n_possible, n_pairs);
    assert_int_equal(p->n_classes, n_classes);
    check_all_pairs(t, p);
    /* A tenth of what such a plan may take. */
    assert_true(malloc_usable_size(p->pairs) + malloc_usable_size(p->classes) < 10u << 20);
    lb_pu_pairs_plan_destroy(p);
    lb_topology_destroy(t);
}

/* Of two sockets: siblings, neighbours and far caches of each, and across. Of four sockets with two
 * nodes each: siblings and neighbours of 8 nodes, the other node of 4 sockets, and each node with
 * the six of other sockets. */
static void test_large_plans(void **state)
{
    (void)state;
    check_both(pus_256, 32640, 3 * 2 + 1);
    check_both(pus_512, 130816, 3 * 8 + 4 + 8 * 6 / 2);
    lb_pu_pairs_plan_destroy(NULL);
}

static void test_rounds_most(void **state)
{
    (void)state;
    assert_int_equal(lb_pu_pairs_rounds_most(1), LB_PU_PAIRS_ROUNDS);
    assert_int_equal(lb_pu_pairs_rounds_most(2), LB_PU_PAIRS_ROUNDS);
    assert_int_equal(lb_pu_pairs_rounds_most(500), 200);
    assert_int_equal(lb_pu_pairs_rounds_most(458240), LB_PU_PAIRS_ROUNDS_LEAST);
}

/* All pairs where 20 rounds of them fit, else one a class; as many rounds as fit. */
static void test_budgets(void **state)
{
    struct lb_topology *t = load(two_nodes);
    struct lb_pu_pairs_request r = {.topology = t};
    /* 6 pairs: one on each node, one home; four across, two homes. Two ops. */
    const double all_s = 2 * (2 + 4 * 2) * MEASUREMENT_S, few_s = 2 * (2 + 2) * MEASUREMENT_S;
    const struct {
        double budget_s;
        unsigned asked;
        bool all;
        unsigned rounds;
    } rows[] = {
        {all_s * 1000.5, 0, true, LB_PU_PAIRS_ROUNDS},
        {all_s * 60.5, 0, true, 60},
        {all_s * 40.5, 0, true, 40},
        {all_s * 20.1, 0, true, 20},
        {all_s * 19.9, 0, false, 49},
        {few_s * 2.5, 0, false, 2},
        {few_s * 1.01, 0, false, 1},
        {all_s * 5.1, 5, true, 5},
        {all_s * 4.9, 5, false, 5},
        {all_s * 1000, 200, true, 200},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        r.budget_s = rows[i].budget_s;
        r.rounds = rows[i].asked;
        struct lb_pu_pairs_plan *p = plan_of(&r);
        assert_int_equal(p->all, rows[i].all);
        assert_int_equal(p->n_pairs, rows[i].all ? 6 : 3);
        assert_int_equal(p->n_possible, 6);
        assert_int_equal(p->rounds, rows[i].rounds);
        /* What is left of the budget goes into the lines, unless rounds were asked for. */
        double least_s = rows[i].all ? all_s : few_s;
        double filled_s = fmin(LB_PU_PAIRS_SPREAD_S, r.budget_s) / p->rounds;
        assert_true(near_to(p->round_s, rows[i].asked ? least_s : fmax(least_s, filled_s), 1e-9));
        assert_true(p->line_ns >= LB_PU_PAIRS_LINE_NS);
        lb_pu_pairs_plan_destroy(p);
    }
    r = (struct lb_pu_pairs_request){.topology = t, .all = true, .budget_s = all_s * 0.1};
    struct lb_pu_pairs_plan *p = plan_of(&r); /* asked for: whatever the budget */
    assert_true(p->all);
    assert_int_equal(p->rounds, 1);
    lb_pu_pairs_plan_destroy(p);
    lb_topology_destroy(t);
}

static void refuse(const struct lb_pu_pairs_request *r, int result, const char *what)
{
    struct lb_pu_pairs_plan *const untouched = (struct lb_pu_pairs_plan *)(uintptr_t)r,
                                   *p = untouched;
    struct lb_why why = {""};

    assert_int_equal(lb_pu_pairs_plan_create(r, &why, &p), result);
    assert_ptr_equal(p, untouched);
    if (!strstr(why.text, what))
        fail_msg("\"%s\" does not say \"%s\"", why.text, what);
    assert_int_equal(lb_pu_pairs_plan_create(r, NULL, &p), result);
}

static void test_refusals(void **state)
{
    struct lb_topology *t = load(two_nodes), *one = load("pu:1");

    (void)state;
    refuse(&(struct lb_pu_pairs_request){.topology = t, .budget_s = 5e-4}, -ERANGE,
           "one round of 8 measurements takes");
    refuse(&(struct lb_pu_pairs_request){.topology = one, .budget_s = 9}, -ENODEV, "no pair");
    refuse(&(struct lb_pu_pairs_request){.topology = t, .pus = "2", .budget_s = 9}, -ENODEV,
           "no pair");
    refuse(&(struct lb_pu_pairs_request){.topology = t, .pus = "0,9", .budget_s = 9}, -EINVAL,
           "no PU 9");
    refuse(&(struct lb_pu_pairs_request){.topology = t, .pus = "0,", .budget_s = 9}, -EINVAL,
           "wants numbers");
    lb_topology_destroy(one);
    lb_topology_destroy(t);
}

static void test_some_pus(void **state)
{
    static const int want[][2] = {{0, 2}, {0, 3}, {2, 3}};
    struct lb_topology *t = load(two_nodes);
    struct lb_pu_pairs_request r = {.topology = t, .pus = "3,0,2", .budget_s = 9};
    struct lb_pu_pairs_plan *p = plan_of(&r);

    (void)state;
    assert_int_equal(p->n_possible, 3);
    assert_int_equal(p->n_pairs, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(p->pairs[i].pu_a_os, want[i][0]);
        assert_int_equal(p->pairs[i].pu_b_os, want[i][1]);
    }
    lb_pu_pairs_plan_destroy(p);
    lb_topology_destroy(t);
}

/* Made-up latencies */

static struct lb_pu_pairs *make(const struct lb_pu_pairs_plan *plan)
{
    struct lb_pu_pairs *p = calloc(1, sizeof *p);

    assert_non_null(p);
    p->plan = plan;
    p->rounds = 7;
    p->lines = calloc(plan->measurements, sizeof *p->lines);
    assert_non_null(p->lines);
    return p;
}

/* Every line of the plan; a latency that says which one it is: op, both PUs, and .25 or .5 for the
 * home of the first or the second. */
static void fill(struct lb_pu_pairs *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->plan->n_pairs; i++) {
        const struct lb_pu_pair *pair = &p->plan->pairs[i];
        const struct lb_pu_pair_class *c = &p->plan->classes[pair->class_index];
        for (int op = 0; op < LB_PINGPONG_OPS; op++)
            for (size_t k = 0; k < homes_of(c); k++) {
                bool both = homes_of(c) == 1;
                double ns = 100 * (op + 1) + 10 * pair->pu_a_os + pair->pu_b_os +
                            (both ? 0 : 0.25 * (double)(k + 1));
                p->lines[n++] = (struct lb_pu_pair_result){
                    .pair = i,
                    .op = (enum lb_pingpong_op)op,
                    .home = both ? LB_PU_PAIR_HOME_BOTH : (enum lb_pu_pair_home)k,
                    .home_node_os = k ? c->node_b_os : c->node_a_os,
                    .regime_ns = 2 * ns,
                    .rounds_other = 3,
                    .one_way = {.n = 4,
                                .median = ns,
                                .lo = ns - 2,
                                .hi = ns + 3,
                                .mad = 1.5,
                                .min = ns - 4,
                                .max = ns + 5},
                };
            }
    }
    assert_int_equal(n, p->plan->measurements);
}

static void check_row(const struct lb_csv_reader *r, const struct lb_pu_pairs *p,
                      const struct lb_pu_pair_result *l)
{
    const struct lb_pu_pair *pair = &p->plan->pairs[l->pair];
    const struct lb_pu_pair_class *c = &p->plan->classes[pair->class_index];
    char name[LB_PLACEMENT_NAME_BYTES];

    lb_pu_pair_class_name(c, false, name);
    assert_cell(r, "op", lb_pingpong_op_name(l->op));
    assert_about(r, "pu_a_os", pair->pu_a_os);
    assert_about(r, "pu_b_os", pair->pu_b_os);
    assert_cell(r, "distance", lb_distance_name(c->distance));
    assert_cell(r, "class", name);
    assert_about(r, "class_pairs", (double)c->pairs);
    assert_cell(r, "home", lb_pu_pair_home_name(l->home));
    assert_about(r, "home_node_os", l->home == LB_PU_PAIR_HOME_B ? 1 : l->home_node_os);
    assert_cell(r, "rounds", "4");
    assert_cell(r, "rounds_other_regime", "3");
    assert_about(r, "regime_ns", 2 * l->one_way.median);
    assert_about(r, "one_way_ns_median", l->one_way.median);
    assert_about(r, "one_way_ns_ci95_lo", l->one_way.lo);
    assert_about(r, "one_way_ns_ci95_hi", l->one_way.hi);
    assert_about(r, "one_way_ns_mad", 1.5);
    assert_about(r, "one_way_ns_min", l->one_way.min);
    assert_about(r, "one_way_ns_max", l->one_way.max);
    assert_cell(r, "emulated", "1");
}

static struct lb_pu_pairs_plan *plan_of_two_nodes(struct lb_topology **t)
{
    *t = load(two_nodes);
    return plan_of(&(struct lb_pu_pairs_request){.topology = *t, .budget_s = 9});
}

/* A row a line that was measured, in the plan's order; every column of the schema is known. */
static void test_matrix_rows(void **state)
{
    struct lb_topology *t;
    struct lb_pu_pairs_plan *plan = plan_of_two_nodes(&t);
    struct lb_pu_pairs *p = make(plan);
    struct lb_csv_reader *r;
    struct lb_csv *csv;
    char path[64];

    (void)state;
    fill(p);
    p->lines[3].one_way.n = 0;
    temporary(path);
    assert_int_equal(lb_csv_create(&lb_schema_matrix, path, NULL, &csv), 0);
    assert_int_equal(lb_pu_pairs_write(p, true, csv, NULL), 0);
    lb_csv_close(csv);
    r = open_csv(path);
    for (size_t i = 0; i < plan->measurements; i++) {
        if (i == 3)
            continue;
        assert_int_equal(lb_csv_next(r, NULL), 1);
        check_row(r, p, &p->lines[i]);
        for (size_t k = 0; k < lb_schema_matrix.n_columns; k++)
            assert_string_not_equal(lb_csv_cell(r, lb_schema_matrix.columns[k].name), "");
    }
    assert_int_equal(lb_csv_next(r, NULL), 0);
    lb_csv_reader_close(r);
    unlink(path);
    lb_pu_pairs_destroy(p);
    lb_pu_pairs_plan_destroy(plan);
    lb_topology_destroy(t);
}

/* The header says what a one-way latency is. */
static void test_schemas(void **state)
{
    static const char *const needed[] = {"schema_version", "op",   "pu_a_os",      "pu_b_os",
                                         "class",          "home", "home_node_os", "emulated"};
    const struct lb_schema *schemas[] = {&lb_schema_pairs, &lb_schema_matrix};
    int at;

    (void)state;
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < LB_COUNT(needed); i++)
            assert_true(lb_schema_find(schemas[s], needed[i]) >= 0);
    at = lb_schema_find(&lb_schema_pairs, "one_way_ns");
    assert_true(at >= 0 && strstr(lb_schema_pairs.columns[at].meaning, "half"));
    at = lb_schema_find(&lb_schema_matrix, "one_way_ns_median");
    assert_true(at >= 0 && strstr(lb_schema_matrix.columns[at].meaning, "half a round trip"));
    for (int home = 0; home <= LB_PU_PAIR_HOME_BOTH; home++)
        assert_string_equal(lb_pu_pair_home_name((enum lb_pu_pair_home)home),
                            ((const char *[]){"a", "b", "both"})[home]);
}

static void assert_square(const struct lb_pu_pairs *p, enum lb_pingpong_op op, const char *want)
{
    char path[64], *text;

    temporary(path);
    for (int time = 0; time < 2; time++) { /* a second one takes the first one's place */
        assert_int_equal(lb_pu_pairs_write_square(p, op, path, NULL), 0);
        text = read_text(path);
        assert_string_equal(text, want);
        free(text);
    }
    unlink(path);
}

/* The row says where the line is homed; a pair on one node has one home and reads alike. */
static void test_squares(void **state)
{
    struct lb_topology *t;
    struct lb_pu_pairs_plan *plan = plan_of_two_nodes(&t);
    struct lb_pu_pairs *p = make(plan);

    (void)state;
    fill(p);
    assert_square(p, LB_PINGPONG_LOAD_STORE,
                  "pu_os,pu_0,pu_1,pu_2,pu_3\n"
                  "0,,101,102.25,103.25\n"
                  "1,101,,112.25,113.25\n"
                  "2,102.5,112.5,,123\n"
                  "3,103.5,113.5,123,\n");
    for (size_t i = 0; i < plan->measurements; i++)
        if (p->lines[i].op == LB_PINGPONG_CAS && p->lines[i].home == LB_PU_PAIR_HOME_A)
            p->lines[i].one_way.n = 0;
    assert_square(p, LB_PINGPONG_CAS,
                  "pu_os,pu_0,pu_1,pu_2,pu_3\n"
                  "0,,201,,\n"
                  "1,201,,,\n"
                  "2,202.5,212.5,,223\n"
                  "3,203.5,213.5,223,\n");
    lb_pu_pairs_destroy(p);
    lb_pu_pairs_plan_destroy(plan);
    lb_topology_destroy(t);
}

/* One pair a class: PUs of others are not there. */
static void test_square_of_classes(void **state)
{
    struct lb_topology *t = load(two_nodes);
    struct lb_pu_pairs_request r = {.topology = t, .budget_s = 2e-3};
    struct lb_pu_pairs_plan *plan = plan_of(&r);
    struct lb_pu_pairs *p = make(plan);

    (void)state;
    assert_false(plan->all);
    fill(p);
    assert_square(p, LB_PINGPONG_LOAD_STORE,
                  "pu_os,pu_0,pu_1,pu_2,pu_3\n"
                  "0,,101,102.25,\n"
                  "1,101,,,\n"
                  "2,102.5,,,123\n"
                  "3,,,123,\n");
    lb_pu_pairs_destroy(p);
    lb_pu_pairs_plan_destroy(plan);
    lb_topology_destroy(t);
}

/* Small ones fail when the file is closed, large ones before: what was there stays. */
static void test_squares_without_room(void **state)
{
    static const char *const specs[] = {two_nodes, pus_256};
    char path[] = "/tmp/linebounce-square-XXXXXX";
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, limit;
    int fd = mkstemp(path);

    (void)state;
    assert_int_equal(close(fd), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 10;
    for (size_t i = 0; i < LB_COUNT(specs); i++) {
        struct lb_topology *t = load(specs[i]);
        struct lb_pu_pairs_plan *plan =
            plan_of(&(struct lb_pu_pairs_request){.topology = t, .all = true, .budget_s = 9});
        struct lb_pu_pairs *p = make(plan);
        struct lb_why why = {""};
        struct stat info;
        fill(p);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        int err = lb_pu_pairs_write_square(p, LB_PINGPONG_CAS, path, &why);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(err, -EFBIG);
        assert_non_null(strstr(why.text, ": File too large"));
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_size, 0);
        assert_int_equal(
            lb_pu_pairs_write_square(p, LB_PINGPONG_CAS, "/nowhere/at/all/matrix.csv", &why),
            -ENOENT);
        assert_non_null(strstr(why.text, "/nowhere/at/all/matrix.csv: "));
        lb_pu_pairs_destroy(p);
        lb_pu_pairs_plan_destroy(plan);
        lb_topology_destroy(t);
    }
    signal(SIGXFSZ, handler);
    unlink(path);
}

/* A real measurement */

#define ROUNDS 6

struct real {
    struct lb_topology *topology;
    struct lb_pu_pairs_plan *plan;
    struct lb_pu_pairs *pairs;
    char path[64];
};

static void set_up(struct real *real)
{
    struct lb_why why = {""};

    *real = (struct real){.topology = NULL};
    if (lb_topology_load(NULL, &why, &real->topology))
        fail_msg("%s", why.text);
    if (real->topology->n_allowed < 2 || !real->topology->this_system) {
        print_message("skipped: two PUs of this machine are needed\n");
        lb_topology_destroy(real->topology);
        skip();
    }
    /* One pair a class, as nothing fits into no time: a large machine has many pairs. */
    real->plan = plan_of(&(struct lb_pu_pairs_request){
        .topology = real->topology, .budget_s = 1e-9, .rounds = ROUNDS});
    temporary(real->path);
}

static int measure(struct real *real, const struct lb_run_options *options, struct lb_why *why)
{
    struct lb_csv *csv;
    int err;

    assert_int_equal(lb_csv_create(&lb_schema_pairs, real->path, NULL, &csv), 0);
    err = lb_pu_pairs_measure(real->plan, real->topology, options, csv, why, &real->pairs);
    lb_csv_close(csv);
    return err;
}

static void clean_up(struct real *real)
{
    unlink(real->path);
    lb_pu_pairs_destroy(real->pairs);
    lb_pu_pairs_plan_destroy(real->plan);
    lb_topology_destroy(real->topology);
}

static size_t line_of(const struct real *real, const struct lb_csv_reader *r)
{
    for (size_t i = 0; i < real->plan->measurements; i++) {
        const struct lb_pu_pair_result *l = &real->pairs->lines[i];
        const struct lb_pu_pair *pair = &real->plan->pairs[l->pair];
        if (!strcmp(lb_csv_cell(r, "op"), lb_pingpong_op_name(l->op)) &&
            !strcmp(lb_csv_cell(r, "home"), lb_pu_pair_home_name(l->home)) &&
            near_to(lb_csv_number(r, "pu_a_os"), pair->pu_a_os, 0) &&
            near_to(lb_csv_number(r, "pu_b_os"), pair->pu_b_os, 0))
            return i;
    }
    fail_msg("a row of no line");
    return 0;
}

static void check_measured_row(const struct lb_csv_reader *r)
{
    double trip = lb_csv_number(r, "round_trip_ns"), trips = lb_csv_number(r, "trips");

    assert_true(trip > 0 && isfinite(trip));
    assert_about(r, "one_way_ns", trip / 2);
    assert_about(r, "lines", LB_PU_PAIRS_LINES);
    assert_true(trips >= 16 && trips <= 4096);
    assert_true(lb_csv_number(r, "start_ns") >= 0);
    assert_true(lb_csv_number(r, "class_pairs") >= 1);
    assert_cell(r, "emulated", "1");
}

/* The summary is one of the rows' one-way latencies: of all, where there is one regime. */
static void check_summary(const struct lb_pu_pair_result *l, const double *one_way)
{
    double least = INFINITY, most = 0;

    for (int i = 0; i < ROUNDS; i++) {
        least = fmin(least, one_way[i]);
        most = fmax(most, one_way[i]);
    }
    assert_true(l->one_way.min >= least * (1 - 1e-4) && l->one_way.max <= most * (1 + 1e-4));
    if (!l->rounds_other)
        assert_true(l->one_way.min <= least * (1 + 1e-4) && l->one_way.max >= most * (1 - 1e-4));
}

/* Each measurement once in each round, and round after round. */
static void check_measured_rows(const struct real *real)
{
    size_t n = real->plan->measurements;
    double *one_way = calloc(n * ROUNDS, sizeof *one_way);
    bool *seen = calloc(n * ROUNDS, sizeof *seen);
    struct lb_csv_reader *r = open_csv(real->path);
    unsigned last = 0;

    assert_true(seen && one_way);
    for (size_t i = 0; i < n * ROUNDS; i++) {
        assert_int_equal(lb_csv_next(r, NULL), 1);
        unsigned round = (unsigned)lb_csv_number(r, "round");
        size_t line = line_of(real, r);
        assert_uint_in_range(round, last, ROUNDS - 1);
        last = round;
        assert_false(seen[line * ROUNDS + round]);
        seen[line * ROUNDS + round] = true;
        one_way[line * ROUNDS + round] = lb_csv_number(r, "one_way_ns");
        check_measured_row(r);
    }
    assert_int_equal(lb_csv_next(r, NULL), 0);
    lb_csv_reader_close(r);
    for (size_t i = 0; i < n; i++)
        check_summary(&real->pairs->lines[i], one_way + i * ROUNDS);
    free(one_way);
    free(seen);
}

static void test_real_pairs(void **state)
{
    struct lb_run_options options = {.seed = 1, .budget_s = 60, .emulated = true};
    struct lb_why why = {""};
    struct real real;

    (void)state;
    set_up(&real);
    if (measure(&real, &options, &why))
        fail_msg("%s", why.text);
    assert_int_equal(real.pairs->rounds, ROUNDS);
    assert_ptr_equal(real.pairs->plan, real.plan);
    assert_true(real.pairs->measured_s > 0 && real.pairs->elapsed_s >= real.pairs->measured_s);
    for (size_t i = 0; i < real.plan->measurements; i++) {
        const struct lb_pu_pair_result *l = &real.pairs->lines[i];
        assert_int_equal(l->one_way.n + l->rounds_other, ROUNDS);
        assert_true(l->one_way.n > 0);
        assert_true(l->one_way.min > 0 && l->one_way.min <= l->one_way.median &&
                    l->one_way.median <= l->one_way.max && isfinite(l->one_way.max));
        assert_true(near_to(l->regime_ns, 2 * l->one_way.median, 1e-6 * l->regime_ns));
    }
    check_measured_rows(&real);
    clean_up(&real);
}

static char *order_of(const struct real *real)
{
    struct lb_csv_reader *r = open_csv(real->path);
    size_t n = 0, size = real->plan->measurements * ROUNDS + 1;
    char *order = calloc(size, 1);

    assert_non_null(order);
    while (lb_csv_next(r, NULL) == 1 && n + 1 < size)
        order[n++] = (char)('a' + line_of(real, r) % 26);
    lb_csv_reader_close(r);
    return order;
}

/* Shuffled anew in every round, from the seed alone. */
static void test_order_follows_the_seed(void **state)
{
    struct lb_run_options options = {.budget_s = 60};
    char *orders[5];
    bool differs = false;
    struct real real;

    (void)state;
    set_up(&real);
    for (uint64_t i = 0; i < LB_COUNT(orders); i++) {
        options.seed = i ? i : 1; /* the first two are alike */
        assert_int_equal(measure(&real, &options, NULL), 0);
        orders[i] = order_of(&real);
        lb_pu_pairs_destroy(real.pairs);
        real.pairs = NULL;
        unlink(real.path);
    }
    assert_string_equal(orders[0], orders[1]);
    for (size_t i = 2; i < LB_COUNT(orders); i++)
        differs |= strcmp(orders[1], orders[i]) != 0;
    assert_true(differs);
    for (size_t i = 0; i < LB_COUNT(orders); i++)
        free(orders[i]);
    clean_up(&real);
}

static void test_ends(void **state)
{
    volatile sig_atomic_t stop = 1;
    struct lb_run_options options = {.seed = 1, .budget_s = 60, .stop = &stop};
    struct real real;

    (void)state;
    set_up(&real);
    assert_int_equal(
        lb_pu_pairs_measure(real.plan, real.topology, &options, NULL, NULL, &real.pairs), 0);
    assert_int_equal(real.pairs->rounds, 0);
    for (size_t i = 0; i < real.plan->measurements; i++) {
        assert_int_equal(real.pairs->lines[i].one_way.n, 0);
        assert_true(isnan(real.pairs->lines[i].regime_ns));
    }
    lb_pu_pairs_destroy(real.pairs);
    stop = 0;
    options.budget_s = 1e-9; /* which setting up uses up */
    assert_int_equal(
        lb_pu_pairs_measure(real.plan, real.topology, &options, NULL, NULL, &real.pairs), 0);
    assert_int_equal(real.pairs->rounds, 0);
    clean_up(&real);
}

/* What was measured before the disk was full is not lost. */
static void test_full_disk(void **state)
{
    struct lb_run_options options = {.seed = 1, .budget_s = 60};
    struct rlimit before, limit;
    struct lb_why why = {""};
    struct lb_csv *csv;
    struct real real;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    int err;

    (void)state;
    set_up(&real);
    assert_int_equal(lb_csv_create(&lb_schema_pairs, real.path, NULL, &csv), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 500; /* the header and some rows */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    err = lb_pu_pairs_measure(real.plan, real.topology, &options, csv, &why, &real.pairs);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    lb_csv_close(csv);
    assert_int_equal(err, -EFBIG);
    assert_non_null(strstr(why.text, real.path));
    assert_non_null(real.pairs);
    assert_true(real.pairs->measured_s > 0);
    clean_up(&real);
}

static void test_other_machines_are_not_measured(void **state)
{
    struct lb_run_options options = {.seed = 1, .budget_s = 60};
    struct lb_pu_pairs *const untouched = (struct lb_pu_pairs *)&options, *pairs = untouched;
    struct lb_why why = {""};
    struct lb_topology *t;
    struct lb_pu_pairs_plan *plan = plan_of_two_nodes(&t);

    (void)state;
    assert_int_equal(lb_pu_pairs_measure(plan, t, &options, NULL, &why, &pairs), -EINVAL);
    assert_ptr_equal(pairs, untouched);
    assert_non_null(strstr(why.text, "not this machine"));
    lb_pu_pairs_plan_destroy(plan);
    lb_topology_destroy(t);
    lb_pu_pairs_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_plans),
        cmocka_unit_test(test_rounds_most),
        cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_some_pus),
        cmocka_unit_test(test_matrix_rows),
        cmocka_unit_test(test_schemas),
        cmocka_unit_test(test_squares),
        cmocka_unit_test(test_square_of_classes),
        cmocka_unit_test(test_squares_without_room),
        cmocka_unit_test(test_real_pairs),
        cmocka_unit_test(test_order_follows_the_seed),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_other_machines_are_not_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
