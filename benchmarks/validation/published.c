/* SPDX-License-Identifier: MIT
 *
 * The model of lines on machines of which others published figures: CSV for model.py, which holds
 * the published ones.
 *
 *     published [--quick]     with --quick in seconds, and numbers say little
 *
 * Rows of fault have ns_op; of spread the 10, 50 and 90 % quantiles over drawn settings of ns_op
 * over that of pointer; of whatif the least and the largest time per op of readers as moved over as
 * it was, of all settings of the bracket, and what these agree on.
 *
 * All of a machine but the numbers of its sockets, cores and threads is assumed: latencies are of
 * the kind that public matrices show for such a processor, and an op of a page fault is cut into
 * five parts after what the kernel does in it.
 */
#include <linebounce/arena.h>
#include <linebounce/bracket.h>
#include <linebounce/layout.h>
#include <linebounce/scenario.h>
#include <linebounce/whatif.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MOST 256
/* Of all threads together, as lb_bracket_make has it. */
#define OPS_ALL   12800
#define OPS_DRAWN 4000 /* need not repeat to a percent */
#define OPS_QUICK 400
#define DRAWS     30

struct machine {
    const char *name;
    unsigned sockets, cores, group, smt; /* cores of a socket; of a group that shares a cache */
    double smt_ns, group_ns, socket_ns, cross_ns;
    double locked_ns;
    double op_ns; /* of the parts of a fault together */
    unsigned threads[12];
};

static const struct machine broadwell = {
    .name = "Broadwell",
    .sockets = 2,
    .cores = 14,
    .group = 14,
    .smt = 2,
    .smt_ns = 8,
    .group_ns = 50,
    .socket_ns = 50,
    .cross_ns = 130,
    .locked_ns = 8,
    .op_ns = 2100,
    .threads = {1, 4, 7, 12, 21, 30, 48, 56},
};
static const struct machine zen5 = {
    .name = "Zen 5",
    .sockets = 2,
    .cores = 64,
    .group = 8,
    .smt = 1,
    .group_ns = 27,
    .socket_ns = 99,
    .cross_ns = 192,
    .locked_ns = 2.2,
    .op_ns = 517,
    .threads = {4, 7, 12, 21, 30, 48, 79, 110, 128},
};

/* Parts of a fault: before the lock, to what is read first, to what is read of the reverse map, to
 * the unlock, behind it. Of 21; each is drawn +-50 %. */
enum { BEFORE, FIRST, MAP, LAST, BEHIND, PARTS };
static const double parts[PARTS] = {3, 3, 8, 4, 3};
/* Which of the nine fields (start, end, mm, protection, flags, anon_vma, ops, pgoff, policy) are
 * read then: those of FIRST, and of MAP. */
static const int first_fields[] = {2, 3, 4, 6, 5, 8}, map_fields[] = {0, 1, 5, 7};

static bool quick;

static void *must(void *memory)
{
    if (!memory) {
        fputs("published: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static void check(int err, const struct lb_why *why)
{
    if (err) {
        fprintf(stderr, "published: %s (%d)\n", why->text, err);
        exit(1);
    }
}

/* Threads that nobody pins: over both sockets in turn, siblings last. */
static double latency_of(const struct machine *m, unsigned a, unsigned b)
{
    unsigned cores = m->sockets * m->cores, core_a = a % cores, core_b = b % cores;

    if (core_a == core_b)
        return a == b ? 0 : m->smt_ns;
    if (core_a % m->sockets != core_b % m->sockets)
        return m->cross_ns;
    return core_a / m->sockets / m->group == core_b / m->sockets / m->group ? m->group_ns
                                                                            : m->socket_ns;
}

static double *latencies_of(const struct machine *m, size_t *n)
{
    *n = (size_t)m->sockets * m->cores * m->smt;
    double *ns = must(calloc(*n * *n, sizeof *ns));

    for (size_t i = 0; i < *n * *n; i++)
        ns[i] = latency_of(m, (unsigned)(i / *n), (unsigned)(i % *n));
    return ns;
}

/* A fault --------------------------------------------------------------------------------------
 */

/* One VMA is faulted in, and where it lies nobody has published: of objects of 192 bytes every
 * second begins in the middle of a pair of lines, and then the count is paired with fields. */
struct place {
    const char *layout;
    int odd; /* -1: both */
};
static const struct place layouts[] = {
    {"pointer", -1}, {"embedded-own-line", -1}, {"padded", -1},      {"embedded", -1},
    {"refcount", 0}, {"refcount", 1},           {"refcount-seq", 0}, {"refcount-seq", 1}};

static void put_part(struct lb_model_step **to, double op_ns, int part)
{
    *(*to)++ = (struct lb_model_step){.what = LB_MODEL_PAUSE, .ns = op_ns * parts[part] / 21};
}

/* The pauses of a fault between what the program of same-object does in one go. */
static size_t spread(const struct lb_model_thread *t, double op_ns, struct lb_model_step *to)
{
    const struct lb_model_step *begin = t->steps, *end = begin + t->n - 1, *fields;
    struct lb_model_step *at = to;

    if (end[-1].what == LB_MODEL_CLEAR) /* behind its load of the owner */
        end -= 2;
    fields = end - LB_LOADS;
    put_part(&at, op_ns, BEFORE);
    while (++begin < fields) /* the first is the pause */
        *at++ = *begin;
    put_part(&at, op_ns, FIRST);
    for (size_t i = 0; i < LB_COUNT(first_fields); i++)
        *at++ = fields[first_fields[i]];
    put_part(&at, op_ns, MAP);
    for (size_t i = 0; i < LB_COUNT(map_fields); i++)
        *at++ = fields[map_fields[i]];
    put_part(&at, op_ns, LAST);
    for (; end < t->steps + t->n; end++)
        *at++ = *end;
    put_part(&at, op_ns, BEHIND);
    return (size_t)(at - to);
}

#define FAULT_STEPS_MOST 64

static double simulate_place(const struct lb_model_input *like, const struct machine *m,
                             const struct lb_model_case *c, size_t place)
{
    struct lb_model_programs p;
    struct lb_model_result result;
    struct lb_model_input in = *like;
    struct lb_why why = {""};

    check(lb_model_programs_make(c, place, &why, &p), &why);
    struct lb_model_step *steps = must(calloc(p.n_threads * FAULT_STEPS_MOST, sizeof *steps));
    for (size_t i = 0; i < p.n_threads; i++) {
        struct lb_model_step *own = steps + i * FAULT_STEPS_MOST;
        p.threads[i].n = spread(&p.threads[i], m->op_ns, own);
        p.threads[i].steps = own;
    }
    in.threads = p.threads;
    in.n_threads = p.n_threads;
    in.n_lines = p.n_lines;
    in.n_words = p.n_words;
    in.seed += place;
    check(lb_model_run(&in, &result), &why);
    free(steps);
    lb_model_programs_free(&p);
    return result.roles[0].ns_op;
}

static double simulate(const struct machine *m, const double *latency, size_t n_cpus,
                       const struct lb_model_parameters *parameters, const struct place *where,
                       unsigned threads, size_t ops_all)
{
    const struct lb_layout *layout;
    struct lb_why why = {""};

    check(lb_layout_find(where->layout, &why, &layout), &why);
    struct lb_workload shape = {.scenario = &lb_scenarios[LB_SCENARIO_SAME_OBJECT],
                                .layout = layout,
                                .lock = layout->lock,
                                .writers = {1, 0},
                                .threads = (int)threads};
    struct lb_model_case c = {&shape, m->op_ns, 0, 0};
    size_t ops = (quick ? OPS_QUICK : ops_all) / threads + 1,
           places = lb_model_places(&shape, parameters->pair_prefetch > 0);
    struct lb_model_input in = {.n_cpus = n_cpus,
                                .latency = latency,
                                .parameters = *parameters,
                                .seed = 1,
                                .ops = ops,
                                .warm_ops = ops / 5};
    bool both = where->odd < 0 || parameters->pair_prefetch <= 0;
    size_t from = !both && where->odd ? places / 2 : 0, end = both || from ? places : places / 2;
    double sum = 0;

    for (size_t place = from; place < end; place++)
        sum += simulate_place(&in, m, &c, place);
    return sum / (double)(end - from);
}

static const char *name_of(const struct place *p)
{
    static char name[64];

    snprintf(name, sizeof name, "%s%s", p->layout, p->odd < 0 ? "" : p->odd ? " at 64" : " at 0");
    return name;
}

static void print_faults(const struct machine *m, const char *variant,
                         const struct lb_model_parameters *parameters)
{
    size_t n;
    double *latency = latencies_of(m, &n);

    for (const unsigned *t = m->threads; *t; t++)
        for (size_t i = 0; i < LB_COUNT(layouts); i++)
            printf("fault,%s,%s,%s,%u,%.1f,,,,\n", m->name, name_of(&layouts[i]), variant, *t,
                   simulate(m, latency, n, parameters, &layouts[i], *t, OPS_ALL));
    free(latency);
}

/* MESI with a prefetcher of pairs and fetches of loads that overlap, as Intel's are taken to be. */
static struct lb_model_parameters intel(const struct machine *m, double steal, double pairs)
{
    struct lb_model_parameters p = lb_model_usual;

    p.locked_ns = m->locked_ns;
    p.request_share = 0.3;
    p.upgrade_ns = 0;
    p.handover = LB_HANDOVER_PLAIN;
    p.owned = false;
    p.arbitration = LB_MODEL_FIFO;
    p.overlap = LB_MODEL_LOADS;
    p.steal = steal;
    p.pair_prefetch = pairs;
    return p;
}

static void print_broadwell(void)
{
    static const struct {
        const char *name;
        double steal, pairs;
    } variants[] = {{"on steal 0", 0, 1}, {"on steal 0.3", 0.3, 1}, {"off steal 0.3", 0.3, 0}};

    for (size_t i = 0; i < LB_COUNT(variants); i++) {
        struct lb_model_parameters p = intel(&broadwell, variants[i].steal, variants[i].pairs);
        print_faults(&broadwell, variants[i].name, &p);
    }
}

static void print_zen5(void)
{
    static const char *const names[2][2] = {{"owned first", "owned nearest"},
                                            {"migratory first", "migratory nearest"}};

    for (int migratory = 0; migratory < 2; migratory++)
        for (int nearest = 0; nearest < 2; nearest++) {
            struct lb_model_parameters p = intel(&zen5, 0.3, 0);
            p.handover = migratory ? LB_HANDOVER_MIGRATORY : LB_HANDOVER_PLAIN;
            p.owned = !migratory;
            p.arbitration = nearest ? LB_MODEL_NEAREST : LB_MODEL_FIFO;
            print_faults(&zen5, names[migratory][nearest], &p);
        }
}

/* Drawn settings -------------------------------------------------------------------------------
 */

static double draw(uint64_t *state, double from, double to)
{
    return from + (to - from) * (double)lb_random_below(state, 1 << 20) / (1 << 20);
}

static struct lb_model_parameters draw_settings(uint64_t *state, struct machine *m)
{
    struct lb_model_parameters p;

    *m = broadwell;
    m->group_ns = m->socket_ns = draw(state, 35, 70);
    m->cross_ns = draw(state, 100, 180);
    m->locked_ns = draw(state, 5, 10);
    p = intel(m, draw(state, 0, 0.8), draw(state, 0.5, 1));
    p.request_share = draw(state, 0.2, 0.6);
    p.residence_ns = draw(state, 0, 30);
    p.upgrade_ns = draw(state, 0, 20);
    p.arbitration = (enum lb_model_arbitration)lb_random_below(state, 3);
    return p;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static const unsigned spread_at[] = {7, 12, 30, 56};

static void print_spread_at(unsigned threads)
{
    double ratios[LB_COUNT(layouts)][DRAWS];
    uint64_t state = 1;

    for (int d = 0; d < DRAWS; d++) {
        struct machine m;
        struct lb_model_parameters p = draw_settings(&state, &m);
        size_t n;
        double *latency = latencies_of(&m, &n);
        double stock = simulate(&m, latency, n, &p, &layouts[0], threads, OPS_DRAWN);
        for (size_t i = 1; i < LB_COUNT(layouts); i++)
            ratios[i][d] = simulate(&m, latency, n, &p, &layouts[i], threads, OPS_DRAWN) / stock;
        free(latency);
    }
    for (size_t i = 1; i < LB_COUNT(layouts); i++) {
        qsort(ratios[i], DRAWS, sizeof ratios[i][0], ascending);
        printf("spread,%s,%s,drawn,%u,,%.4f,%.4f,%.4f,\n", broadwell.name, name_of(&layouts[i]),
               threads, ratios[i][DRAWS / 10],
               (ratios[i][DRAWS / 2 - 1] + ratios[i][DRAWS / 2]) / 2,
               ratios[i][DRAWS - 1 - DRAWS / 10]);
    }
}

/* Moves that the kernel made -------------------------------------------------------------------
 */

static const struct lb_matrix *matrix_of(const struct machine *m)
{
    static struct lb_matrix matrix;

    free(matrix.ns);
    matrix.ns = latencies_of(m, &matrix.n);
    for (size_t i = 0; i < matrix.n * matrix.n; i++)
        matrix.ns[i] /= LB_BRACKET_SHARE; /* these are hand-overs already */
    return &matrix;
}

static void bracket(const struct lb_layout *layout, const struct machine *m, unsigned threads,
                    double pairs, struct lb_bracket *made)
{
    struct lb_workload shape = {.scenario = &lb_scenarios[LB_SCENARIO_WHATIF],
                                .layout = layout,
                                .lock = layout->lock,
                                .writers = {1, 0},
                                .threads = (int)threads};
    struct lb_model_case c = {&shape, 200, 0, 0};
    unsigned cpus[CPUS_MOST];
    struct lb_why why = {""};

    for (unsigned i = 0; i < threads; i++)
        cpus[i] = i;
    check(lb_bracket_make(&c, matrix_of(m), cpus, pairs, 1, &why, made), &why);
}

static void print_whatif(const char *name, unsigned threads, double pairs)
{
    const struct lb_whatif *w;
    struct lb_layout both[2];
    struct lb_bracket before, after;
    struct lb_bracket_comparison c;
    struct lb_why why = {""};
    size_t n;
    const char *variant = pairs > 0 ? "pairs" : "no pairs";

    check(lb_whatif_find(name, &why, &w), &why);
    check(lb_whatif_layouts(w, &why, both, &n), &why);
    if (lb_model_allows(&(struct lb_workload){.scenario = &lb_scenarios[LB_SCENARIO_WHATIF],
                                              .layout = &both[0],
                                              .lock = both[0].lock,
                                              .writers = {1, 0},
                                              .threads = (int)threads},
                        &why)) {
        printf("whatif,%s,%s,%s,%u,,,,,refused\n", broadwell.name, name, variant, threads);
        return;
    }
    bracket(&both[0], &broadwell, threads, pairs, &before);
    bracket(&both[1], &broadwell, threads, pairs, &after);
    lb_bracket_compare(&after, &before, 0, &c);
    printf("whatif,%s,%s,%s,%u,,%.4f,,%.4f,%s\n", broadwell.name, name, variant, threads, c.least,
           c.most, lb_bracket_verdict_name(c.verdict));
}

int main(int argc, char **argv)
{
    quick = argc > 1 && !strcmp(argv[1], "--quick");
    puts("part,machine,layout,variant,threads,ns_op,low,middle,high,verdict");
    print_broadwell();
    print_zen5();
    for (size_t i = 0; i < LB_COUNT(spread_at); i++)
        print_spread_at(spread_at[i]);
    for (size_t i = 0; i < lb_n_whatif_presets; i++)
        for (unsigned threads = 16; threads <= 48; threads *= 3)
            for (int pairs = 0; pairs < 2; pairs++)
                print_whatif(lb_whatif_presets[i].name, threads, pairs);
    return fflush(stdout) || ferror(stdout);
}
