/* SPDX-License-Identifier: MIT
 *
 * The model of lines, held against closed forms.
 *
 * q is the share of ops that find the line with the other thread: pauses T are drawn +-50 %, so two
 * ops of one thread follow one another without the other's between in T / (6 P) of all cases, P
 * being the period.
 */
#include <linebounce/model.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T         200.0
#define CPUS_MOST 64

/* An op of one thread: accesses by line, e.g. "R0 L2". R locked add, C compare-and-swap, L load, S
 * store, P a load of a pointer, l a load behind one, X a clearing swap; T and E the pause of T and
 * the pace of 2 T. Line n has a word of its own for each thread, but upper-case words with `!` are
 * common to all. */
struct pattern {
    const char *op[2]; /* of the first thread and of the others; NULL: as the first */
    size_t threads;
    double f, back; /* latency, and where it is not 0 that of the other way */
    struct lb_model_parameters p;
};

struct bench {
    struct lb_model_step steps[CPUS_MOST][16];
    struct lb_model_thread threads[CPUS_MOST];
    double latency[CPUS_MOST * CPUS_MOST];
};

static size_t parse(const char *text, size_t thread, size_t threads, struct lb_model_step *steps)
{
    static const char letters[] = "LSRCXDTEPl";
    size_t n = 0;

    for (const char *at = text; *at; at += strcspn(at, " "), at += *at == ' ') {
        size_t what = (size_t)(strchr(letters, *at) - letters);
        unsigned line = at[1] && at[1] != ' ' ? (unsigned)(at[1] - '0') : 0;
        bool common = line && at[2] == '!';
        steps[n++] = (struct lb_model_step){
            .what = what >= 8 ? LB_MODEL_LOAD : (enum lb_model_what)what,
            .line = line,
            .word = (unsigned)(line * (threads + 1) + (common ? threads : thread)),
            .pointer = *at == 'P',
            .behind = *at == 'l',
            .ns = *at == 'E' ? 2 * T : T,
        };
    }
    return n;
}

static struct lb_model_result run(const struct pattern *p, uint64_t seed)
{
    static struct bench b;
    struct lb_model_result result;
    const size_t n = p->threads;

    for (size_t i = 0; i < n; i++) {
        const char *op = i && p->op[1] ? p->op[1] : p->op[0];
        b.threads[i] = (struct lb_model_thread){.cpu = (unsigned)i,
                                                .role = i && p->op[1] ? 1 : 0,
                                                .steps = b.steps[i],
                                                .n = parse(op, i, n, b.steps[i])};
        for (size_t k = 0; k < n; k++)
            b.latency[i * n + k] = i == k ? 0 : k < i && p->back > 0 ? p->back : p->f;
    }
    struct lb_model_input in = {.n_cpus = n,
                                .latency = b.latency,
                                .threads = b.threads,
                                .n_threads = n,
                                .n_lines = 10,
                                .n_words = 10 * (n + 1),
                                .parameters = p->p,
                                .seed = seed,
                                .ops = 20000 / n,
                                .warm_ops = 50};
    assert_int_equal(lb_model_run(&in, &result), 0);
    return result;
}

static struct lb_model_parameters usual(void)
{
    struct lb_model_parameters p = lb_model_usual;

    p.store_ns = 0;
    p.request_share = 0.3; /* with more of it ops meet a line whose request is on its way */
    return p;
}

static struct pattern two(const char *op, const char *other)
{
    return (struct pattern){.op = {op, other}, .threads = 2, .f = 50, .p = usual()};
}

static double q_of(const struct lb_model_role *r)
{
    return 1 - T / (6 * r->ns_op);
}

static void near(const char *what, double got, double expected, double share)
{
    if (!(fabs(got - expected) <= share * fabs(expected) + 1e-9))
        fail_msg("%s: %g, the closed form says %g", what, got, expected);
}

static void check_nothing(const char *what, const struct lb_model_role *r, double op_ns)
{
    near(what, r->op_ns, op_ns, 1e-6);
    near(what, r->modified_loads + r->modified_rfos + r->upgrades + r->taken + r->lost, 0, 0);
}

#define R 2.2 /* a locked change */

/* One thread, threads on lines of their own, threads that only read: no waits, no counts. */
static void test_alone(void **state)
{
    struct pattern one = {.op = {"T R0 R0"}, .threads = 1, .f = 50, .p = usual()};
    struct pattern reader = {.op = {"T L0 L1"}, .threads = 1, .f = 50, .p = usual()};
    struct pattern readers = {.op = {"T L0 L1"}, .threads = 8, .f = 50, .p = usual()};
    struct pattern apart = two("T L0 C0 S0 R0", "T L2 C2 S2 R2");
    struct pattern clears = two("T S0 X0", "T S2 X2");
    struct lb_model_result r;

    (void)state;
    r = run(&one, 1);
    check_nothing("one thread", &r.roles[0], 2 * R);
    assert_int_equal(r.roles[1].threads, 0);
    r = run(&reader, 1);
    check_nothing("one reader", &r.roles[0], 0);
    r = run(&readers, 1);
    check_nothing("readers", &r.roles[0], 0);
    near("readers fetch", r.roles[0].clean, 0, 0);
    r = run(&apart, 1);
    check_nothing("apart", &r.roles[0], 2 * R);
    check_nothing("apart", &r.roles[1], 2 * R);
    r = run(&clears, 1);
    check_nothing("clears its own", &r.roles[0], R);
}

/* The very first fetch comes from memory. */
static void test_cold(void **state)
{
    struct lb_model_step steps[] = {{.what = LB_MODEL_ADD}};
    struct lb_model_thread thread = {.steps = steps, .n = 1};
    double latency = 0;
    struct lb_model_input in = {.n_cpus = 1,
                                .latency = &latency,
                                .threads = &thread,
                                .n_threads = 1,
                                .n_lines = 1,
                                .n_words = 1,
                                .parameters = lb_model_usual,
                                .ops = 1};
    struct lb_model_result r;

    (void)state;
    assert_int_equal(lb_model_run(&in, &r), 0);
    near("cold", r.roles[0].op_ns,
         (1 - lb_model_usual.request_share) * lb_model_usual.memory_ns + R, 1e-6);
}

/* Two threads that add to words of one line: q fetches, whatever the latency; by the clock q is 1 -
 * 1/6. */
static void test_two_threads(void **state)
{
    static const double fs[] = {25, 50, 120};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(fs); i++) {
        struct pattern p = two("T R0", NULL);
        p.f = fs[i];
        struct lb_model_role r = run(&p, 1).roles[0];
        near("fetches", r.modified_rfos, q_of(&r), 0.02);
        near("taken", r.taken, r.modified_rfos, 1e-9);
        near("lost", r.lost, r.taken, 1e-3);
        near("op", r.op_ns, r.modified_rfos * p.f + R, 0.03);
    }
    struct pattern paced = two("E R0", NULL);
    near("by the clock", run(&paced, 1).roles[0].modified_rfos, 1 - 1 / 6.0, 0.03);
    paced.f = 120; /* what an op takes does not put off the next */
    near("the clock goes on", run(&paced, 1).roles[0].ns_op, 2 * T, 0.01);
    struct pattern twice = two("T R0 R0", NULL);
    struct lb_model_role r = run(&twice, 1).roles[0];
    near("twice", r.op_ns, r.modified_rfos * twice.f + 2 * R, 0.08);
}

/* A load, then a change: where the load takes the line away that is one fetch, else two. */
static void test_handover(void **state)
{
    struct pattern p = two("T L0 C0", NULL);

    (void)state;
    /* Asked for by the load alone: what overlaps is the next test's. */
    p.p.overlap = LB_MODEL_LOADS;
    p.p.handover = LB_HANDOVER_MIGRATORY;
    struct lb_model_role r = run(&p, 1).roles[0];
    near("migratory: fetches", r.modified_loads, q_of(&r), 0.03);
    near("migratory: upgrades", r.upgrades, 0, 0);
    near("migratory: op", r.op_ns, r.modified_loads * p.f + R, 0.05);
    p.p.handover = LB_HANDOVER_PLAIN;
    r = run(&p, 1).roles[0];
    near("plain: fetches and upgrades", r.modified_loads, r.upgrades, 0.01);
    near("plain: op", r.op_ns, (r.modified_loads + r.upgrades + r.modified_rfos) * p.f + R, 0.05);
    assert_true(r.modified_loads > 0.7 && r.modified_loads + r.modified_rfos < 1.01);
}

/* One changes words, the other reads beside them. */
static void test_observer(void **state)
{
    struct pattern p = two("T R0", "T L0");
    struct lb_model_result r;

    (void)state;
    r = run(&p, 1);
    near("plain: reader", r.roles[1].modified_loads, q_of(&r.roles[0]), 0.04);
    near("plain: writer upgrades", r.roles[0].upgrades, q_of(&r.roles[1]), 0.06);
    near("plain: writer", r.roles[0].op_ns, r.roles[0].upgrades * p.f + R, 0.05);
    near("plain: reader waits", r.roles[1].op_ns, r.roles[1].modified_loads * p.f, 0.05);
    near("plain: the reader loses", r.roles[1].lost, r.roles[0].upgrades, 0.1);
    near("plain: the writer does not", r.roles[0].lost, 0, 0);
    p.p.upgrade_ns = 30;
    r = run(&p, 1);
    near("dear upgrades", r.roles[0].op_ns, r.roles[0].upgrades * (p.f + 30) + R, 0.05);
    p.p.upgrade_ns = 0;
    p.p.handover = LB_HANDOVER_MIGRATORY;
    r = run(&p, 1);
    near("migratory: no upgrades", r.roles[0].upgrades, 0, 0);
    near("migratory: writer", r.roles[0].modified_rfos, q_of(&r.roles[1]), 0.06);
    near("migratory: the writer loses", r.roles[0].lost, r.roles[1].modified_loads, 0.1);
    p.p.handover = LB_HANDOVER_PLAIN;
    p.p.owned = true;
    r = run(&p, 1);
    near("owned: the reader loses", r.roles[1].lost, r.roles[0].upgrades, 0.1);
    near("owned: the writer does not", r.roles[0].lost, 0, 0);
}

/* A line that a load of another word brings costs its change more, and only the op that makes it: a
 * load and the compare-and-swap behind it go out together. */
static void test_claim(void **state)
{
    struct pattern p = two("T L1! R1", NULL), pair = two("T L1 C1", NULL);
    struct lb_model_role dear, pairs;

    (void)state;
    p.p.handover = pair.p.handover = LB_HANDOVER_MIGRATORY;
    struct lb_model_role free = run(&p, 1).roles[0], free_pairs = run(&pair, 1).roles[0];
    p.p.claim_ns = pair.p.claim_ns = 20;
    dear = run(&p, 1).roles[0];
    pairs = run(&pair, 1).roles[0];
    near("once an op that fetches", dear.op_ns - free.op_ns, 20 * dear.modified_loads, 0.1);
    near("not by a pair", pairs.op_ns, free_pairs.op_ns, 0);
    p.op[0] = "T L1! L2! R1 R2"; /* once, too, of two lines that come together */
    dear = run(&p, 1).roles[0];
    p.p.claim_ns = 0;
    free = run(&p, 1).roles[0];
    assert_true(dear.op_ns - free.op_ns > 12 && dear.op_ns - free.op_ns < 20);
}

/* A writer takes the line from all who have read since. */
static void test_many_readers(void **state)
{
    struct pattern p = {.op = {"T R0", "T L0"}, .threads = 8, .f = 50, .p = usual()};
    struct lb_model_result r;

    (void)state;
    r = run(&p, 1);
    near("from seven readers", r.roles[0].taken, 7 * q_of(&r.roles[1]), 0.08);
    near("one fetch in seven finds it changed", r.roles[1].modified_loads * 7,
         r.roles[0].upgrades + r.roles[0].modified_rfos, 0.12);
    near("the others find it shared", r.roles[1].modified_loads + r.roles[1].clean, r.roles[1].lost,
         0.05);
}

/* Two lines: together, one after the other, the second behind a pointer on the first. */
static void test_overlap(void **state)
{
    struct pattern p = two("T L0 L2", "T R0 R2");

    (void)state;
    p.f = 10; /* so that ops seldom meet */
    p.p.overlap = LB_MODEL_LOADS;
    struct lb_model_role r = run(&p, 1).roles[0];
    near("two at once: fetches", r.modified_loads, 2 * q_of(&r), 0.12);
    near("two at once", r.op_ns, r.modified_loads / 2 * p.f, 0.1);
    p.p.overlap = LB_MODEL_NOTHING;
    r = run(&p, 1).roles[0];
    near("one by one", r.op_ns, r.modified_loads * p.f, 0.1);
    p.op[0] = "T P0 l2";
    p.p.overlap = LB_MODEL_LOADS;
    r = run(&p, 1).roles[0];
    near("chased", r.op_ns, r.modified_loads * p.f, 0.1);
    struct pattern changes = two("T R0 R2", NULL);
    changes.f = 10;
    r = run(&changes, 1).roles[0];
    near("changes at once: fetches", r.modified_rfos, 2 * q_of(&r), 0.05);
    near("changes at once", r.op_ns, r.modified_rfos / 2 * p.f + 2 * R, 0.15);
    changes.p.overlap = LB_MODEL_LOADS;
    r = run(&changes, 1).roles[0];
    near("changes one by one", r.op_ns, r.modified_rfos * p.f + 2 * R, 0.1);
}

/* Stores are not waited for, but by the locked change behind them. */
static void test_stores(void **state)
{
    struct pattern p = two("T S0", NULL);

    (void)state;
    p.f = 10; /* a store that is under way when the next op comes is one */
    struct lb_model_role r = run(&p, 1).roles[0];
    near("a store", r.op_ns, 0, 0);
    near("which fetches", r.modified_rfos, q_of(&r), 0.05);
    struct pattern drained = two("T S0 R2", "T R0");
    r = run(&drained, 1).roles[0];
    near("drained", r.op_ns, r.modified_rfos * drained.f + R, 0.1);
}

/* No pauses: the line is always on its way, or being changed. */
static void test_saturated(void **state)
{
    static const double shares[] = {0, 0.3, 0.5, 1};
    struct pattern p = {.op = {"R0"}, .f = 50, .p = usual()};
    struct lb_model_result r;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(shares); i++)
        for (p.threads = 8; p.threads <= 32; p.threads += 24) {
            p.p.request_share = shares[i];
            near("saturated", run(&p, 1).roles[0].ns_op,
                 (double)p.threads * ((1 - shares[i]) * p.f + R), 0.02);
        }
    p.op[0] = "T R0";
    p.threads = 32;
    p.p.request_share = 0.3;
    near("with pauses all the same", run(&p, 1).roles[0].ns_op, 32 * (0.7 * p.f + R), 0.02);
    p.p.residence_ns = 20;
    near("residence", run(&p, 1).roles[0].ns_op, 32 * (0.7 * p.f + 20), 0.02);
    p.p.residence_ns = 0;
    p.op[0] = "R0";
    p.p.arbitration = LB_MODEL_RANDOM;
    r = run(&p, 1);
    near("drawn", r.roles[0].ns_op, 32 * (0.7 * p.f + R), 0.02);
    struct pattern ways = two("R0", NULL);
    ways.back = 80;
    near("two ways", run(&ways, 1).roles[0].ns_op, 0.7 * (50 + 80) + 2 * R, 0.02);
}

/* A far thread never gets it from two near ones; in turn all do. */
static void test_arbitration(void **state)
{
    struct pattern p = {.op = {"R0"}, .threads = 3, .f = 100, .back = 100, .p = usual()};
    static struct bench b;
    struct lb_model_result r;
    struct lb_model_input in = {.n_cpus = 3,
                                .latency = b.latency,
                                .threads = b.threads,
                                .n_threads = 3,
                                .n_lines = 1,
                                .n_words = 12,
                                .parameters = p.p,
                                .ops = 2000,
                                .warm_ops = 50};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        b.threads[i] = (struct lb_model_thread){
            .cpu = i, .steps = b.steps[i], .n = parse("R0", i, 3, b.steps[i])};
        for (unsigned k = 0; k < 3; k++)
            b.latency[3 * i + k] = i == k ? 0 : i == 2 || k == 2 ? 200 : 20;
    }
    assert_int_equal(lb_model_run(&in, &r), 0);
    assert_true(r.fairness > 0.95);
    in.parameters.arbitration = LB_MODEL_NEAREST;
    assert_int_equal(lb_model_run(&in, &r), 0);
    assert_true(r.fairness < 0.05);
}

/* The line goes between a change and a store behind it, or does not. */
static void test_steal(void **state)
{
    struct pattern p = two("R0 S0", NULL);

    (void)state;
    near("kept", run(&p, 1).roles[0].modified_rfos, 1, 0.02);
    p.p.steal = 1;
    near("stolen", run(&p, 1).roles[0].modified_rfos, 2, 0.05);
}

/* Threads on the two lines of a pair: a prefetcher of pairs makes them one. */
static void test_pair(void **state)
{
    struct pattern p = two("T R0", "T R1");

    (void)state;
    near("without", run(&p, 1).roles[0].modified_rfos, 0, 0);
    p.p.pair_prefetch = 1;
    struct lb_model_role r = run(&p, 1).roles[0];
    near("with", r.modified_rfos, q_of(&r), 0.1);
    struct pattern others = two("T R0", "T R2");
    others.p.pair_prefetch = 1;
    near("another pair", run(&others, 1).roles[0].modified_rfos, 0, 0);
}

static void test_seed(void **state)
{
    struct pattern p = {.op = {"T L0 C0 S0 R0", "T L0 L1"}, .threads = 6, .f = 50, .p = usual()};
    struct lb_model_result a, b, c;

    (void)state;
    p.p.arbitration = LB_MODEL_RANDOM;
    p.p.steal = 0.3;
    a = run(&p, 7);
    b = run(&p, 7);
    c = run(&p, 8);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
    near("another seed", c.roles[0].ns_op, a.roles[0].ns_op, 0.03);
}

static void test_refusals(void **state)
{
    struct lb_model_step steps[] = {{.what = LB_MODEL_LOAD}};
    struct lb_model_thread threads[2] = {{.steps = steps, .n = 1}, {.steps = steps, .n = 1}};
    double latency[4] = {0, 1, 1, 0};
    struct lb_model_input in = {.n_cpus = 2,
                                .latency = latency,
                                .threads = threads,
                                .n_threads = 1,
                                .n_lines = 1,
                                .n_words = 1,
                                .parameters = lb_model_usual,
                                .ops = 1};
    struct lb_model_result r;

    (void)state;
    assert_int_equal(lb_model_run(&in, &r), -EINVAL); /* no time passes */
    steps[0].what = LB_MODEL_ADD;
    assert_int_equal(lb_model_run(&in, &r), 0);
    in.n_threads = 2;
    assert_int_equal(lb_model_run(&in, &r), -EINVAL); /* both on CPU 0 */
    threads[1].cpu = 2;
    assert_int_equal(lb_model_run(&in, &r), -EINVAL);
    threads[1].cpu = 1;
    assert_int_equal(lb_model_run(&in, &r), 0);
    steps[0].line = 1;
    assert_int_equal(lb_model_run(&in, &r), -EINVAL);
    steps[0].line = 0;
    latency[1] = NAN;
    assert_int_equal(lb_model_run(&in, &r), -EINVAL);
    latency[1] = -1;
    assert_int_equal(lb_model_run(&in, &r), -EINVAL);
    latency[1] = 1;
    in.parameters.steal = 2;
    assert_int_equal(lb_model_run(&in, &r), -EINVAL);
    in.parameters.steal = 0;
    in.parameters.claim_ns = -1;
    assert_int_equal(lb_model_run(&in, &r), -EINVAL);
}

/* Cases of the suite -----------------------------------------------------------------------------
 */

static struct lb_model_result expect(enum lb_scenario_kind kind, const char *layout,
                                     enum lb_handover handover)
{
    const struct lb_layout *l = NULL;
    struct lb_workload shape = {.scenario = &lb_scenarios[kind], .threads = 2};
    struct lb_model_case c = {&shape, T, 0, 0};
    double latency[4] = {0, 25, 25, 0};
    struct lb_model_input in = {.n_cpus = 2,
                                .latency = latency,
                                .parameters = lb_model_usual,
                                .seed = 1,
                                .ops = 4000,
                                .warm_ops = 300};
    struct lb_why why;
    struct lb_model_result r;

    if (layout)
        assert_int_equal(lb_layout_find(layout, NULL, &l), 0);
    shape.layout = l;
    shape.lock = l ? l->lock : LB_LOCK_RWSEM40;
    in.parameters.handover = handover;
    in.parameters.request_share = 0.5; /* as the prototype had it */
    if (lb_model_expect(&c, &in, NULL, &why, &r))
        fail_msg("%s", why.text);
    return r;
}

/* What a prototype of the model, written apart from this one, gave: counts per op of loads that
 * found the line modified, of changes that did, and of upgrades. */
static void check_counts(enum lb_scenario_kind kind, const char *layout, int role,
                         enum lb_handover handover, double loads, double rfos, double upgrades)
{
    struct lb_model_role r = expect(kind, layout, handover).roles[role];

    if (fabs(r.modified_loads - loads) > 0.05 + 0.05 * loads ||
        fabs(r.modified_rfos - rfos) > 0.05 + 0.05 * rfos ||
        fabs(r.upgrades - upgrades) > 0.05 + 0.05 * upgrades)
        fail_msg("%s, %s, role %d, handover %d: %.2f loads, %.2f changes, %.2f upgrades; "
                 "expected %.2f, %.2f, %.2f",
                 lb_scenarios[kind].name, layout, role, handover, r.modified_loads, r.modified_rfos,
                 r.upgrades, loads, rfos, upgrades);
}

#define MIGRATORY LB_HANDOVER_MIGRATORY
#define PLAIN     LB_HANDOVER_PLAIN

static void test_golden(void **state)
{
    (void)state;
    check_counts(LB_SCENARIO_CONTROL_SHARED, NULL, 0, MIGRATORY, 0, 0.83, 0);
    check_counts(LB_SCENARIO_CONTROL_APART, NULL, 0, MIGRATORY, 0, 0, 0);
    check_counts(LB_SCENARIO_SAME_OBJECT, "embedded-own-line", 0, MIGRATORY, 0.83, 0.02, 0);
    check_counts(LB_SCENARIO_SAME_OBJECT, "embedded-split", 0, MIGRATORY, 1.69, 0.01, 0.01);
    check_counts(LB_SCENARIO_SAME_OBJECT, "pointer", 0, MIGRATORY, 0.94, 0.02, 0);
    check_counts(LB_SCENARIO_SAME_OBJECT, "refcount", 0, MIGRATORY, 0.83, 0.02, 0);
    check_counts(LB_SCENARIO_SAME_OBJECT, "embedded-own-line", 0, PLAIN, 0.80, 0.21, 0.80);
    check_counts(LB_SCENARIO_SAME_OBJECT, "embedded-split", 0, PLAIN, 1.89, 0.14, 1.89);
    check_counts(LB_SCENARIO_SAME_OBJECT, "pointer", 0, PLAIN, 0.92, 0.21, 0.92);
    check_counts(LB_SCENARIO_NEIGHBOURS, "pointer", 0, MIGRATORY, 0.42, 0.01, 0);
    check_counts(LB_SCENARIO_NEIGHBOURS, "pointer", 0, PLAIN, 0.40, 0.09, 0.40);
    check_counts(LB_SCENARIO_NEIGHBOURS, "embedded", 0, PLAIN, 0, 0, 0);
    check_counts(LB_SCENARIO_OBSERVER, "embedded", 0, MIGRATORY, 0.87, 0, 0.87);
    check_counts(LB_SCENARIO_OBSERVER, "embedded", 1, MIGRATORY, 0.77, 0, 0);
    check_counts(LB_SCENARIO_OBSERVER, "embedded-roaming", 0, MIGRATORY, 0.65, 0, 0.65);
    check_counts(LB_SCENARIO_OBSERVER, "embedded", 0, PLAIN, 0, 0, 0.85);
    check_counts(LB_SCENARIO_OBSERVER, "embedded", 1, PLAIN, 0.82, 0, 0);
    check_counts(LB_SCENARIO_OBSERVER, "refcount", 1, PLAIN, 0, 0, 0);
    check_counts(LB_SCENARIO_NESTED, "refcount", 0, MIGRATORY, 1.70, 0.09, 0.01);
    check_counts(LB_SCENARIO_NESTED, "refcount", 0, PLAIN, 1.75, 0.34, 1.75);
}

/* Every layout and kind of lock that is allowed runs, what is refused says why. */
static void test_all_cases(void **state)
{
    size_t allowed = 0, refused = 0;

    (void)state;
    for (int kind = 0; kind < LB_SCENARIOS; kind++)
        for (size_t i = 0; i < lb_n_layouts; i++)
            for (int lock = 0; lock < LB_LOCK_KINDS; lock++) {
                struct lb_workload shape = {.scenario = &lb_scenarios[kind],
                                            .layout = &lb_layouts[i],
                                            .lock = (enum lb_lock_kind)lock,
                                            .writers = {1, 0},
                                            .offset_bytes = 64,
                                            .objects = 8,
                                            .threads = 2};
                struct lb_model_case c = {&shape, T, 0, 0};
                struct lb_model_programs p;
                struct lb_why why = {""};
                if (!shape.scenario->subject->uses_layout)
                    shape.layout = NULL;
                int err = lb_model_programs_make(&c, 0, &why, &p);
                err ? refused++ : allowed++;
                if (err && !*why.text)
                    fail_msg("%s, %s: refused without a word", lb_scenarios[kind].name,
                             lb_layouts[i].name);
                if (!err)
                    lb_model_programs_free(&p);
            }
    assert_true(allowed > 100 && refused > 100);
}

static void check_refused(enum lb_scenario_kind kind, enum lb_lock_kind lock)
{
    struct lb_workload shape = {.scenario = &lb_scenarios[kind],
                                .layout = &lb_layouts[0],
                                .lock = lock,
                                .writers = {1, 0},
                                .objects = 8,
                                .threads = 2};
    struct lb_why why;

    assert_int_equal(lb_model_allows(&shape, &why), -ENOTSUP);
    assert_int_equal(lb_model_places(&shape, false), 0);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    check_refused(LB_SCENARIO_MIXED, LB_LOCK_RWSEM40);
    check_refused(LB_SCENARIO_WRITERS, LB_LOCK_RWSEM40);
    check_refused(LB_SCENARIO_MANY, LB_LOCK_RWSEM40);
    check_refused(LB_SCENARIO_RING, LB_LOCK_RWSEM40);
    check_refused(LB_SCENARIO_PFT, LB_LOCK_RWSEM40);
    check_refused(LB_SCENARIO_SAME_OBJECT, LB_LOCK_MUTEX32);
    check_refused(LB_SCENARIO_SAME_OBJECT, LB_LOCK_QSPINLOCK);
    check_refused(LB_SCENARIO_SAME_OBJECT, LB_LOCK_PTHREAD_RWLOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),        cmocka_unit_test(test_cold),
        cmocka_unit_test(test_two_threads),  cmocka_unit_test(test_handover),
        cmocka_unit_test(test_observer),     cmocka_unit_test(test_claim),
        cmocka_unit_test(test_many_readers), cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_stores),       cmocka_unit_test(test_saturated),
        cmocka_unit_test(test_arbitration),  cmocka_unit_test(test_steal),
        cmocka_unit_test(test_pair),         cmocka_unit_test(test_seed),
        cmocka_unit_test(test_refusals),     cmocka_unit_test(test_golden),
        cmocka_unit_test(test_all_cases),    cmocka_unit_test(test_what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
