/* SPDX-License-Identifier: MIT
 *
 * linebounce predict: what a model of lines says of layouts, from what lines cost.
 */
#include "commands.h"

#include "option_values.h"
#include "options.h"
#include "report/predict_table.h"

#include <linebounce/placement.h>
#include <linebounce/scenario.h>

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_SCENARIO = 's',
    KEY_LAYOUT = 'l',
    KEY_LOCK = 'k',
    KEY_THREADS = 't',
    KEY_FORMAT = 'f',
    KEY_FETCH = 256,
    KEY_UPGRADE,
    KEY_HANDOVER,
    KEY_MATRIX,
    KEY_LATENCY,
    KEY_TOPOLOGY,
    KEY_THINK,
    KEY_HELD,
    KEY_PREFETCHER,
    KEY_BASELINE,
    KEY_PLACEMENT,
};

static const struct argp_option argp_options[] = {
    {0, 0, 0, 0, "What is asked (lists are comma-separated):", 1},
    {"scenario", KEY_SCENARIO, "LIST", 0,
     "Scenarios (same-object, neighbours, observer, nested); of a folder one", 0},
    {"layout", KEY_LAYOUT, "LIST", 0, "Layouts, as run takes them (all built-in ones)", 0},
    {"lock", KEY_LOCK, "LIST", 0, "Lock kinds in place of each layout's own", 0},
    {"think", KEY_THINK, "NS", 0, "Pause between ops, above 0 (200)", 0},
    {"held", KEY_HELD, "NS", 0, "For how long a lock is held, beside what the op does (0)", 0},
    {0, 0, 0, 0, "Two threads, without a folder:", 2},
    {"fetch", KEY_FETCH, "NS", 0, "What an op pays for a line that the other core has changed", 0},
    {"upgrade", KEY_UPGRADE, "NS", 0, "... to change a line that the other has read (as a fetch)",
     0},
    {"handover", KEY_HANDOVER, "KIND", 0,
     "migratory (a load takes a changed line away) or plain (both have it then)", 0},
    {0, 0, 0, 0, "More threads:", 3},
    {"matrix", KEY_MATRIX, "FILE", 0, "Latencies between all CPUs, in ns, as tools print them", 0},
    {"latency", KEY_LATENCY, "KIND", 0,
     "What its cells hold: half of a round trip or the whole trip (half)", 0},
    {"topology", KEY_TOPOLOGY, "FILE|TEXT", 0,
     "hwloc XML of that machine: threads lie by --placement on its CPUs", 0},
    {"placement", KEY_PLACEMENT, "NAME", 0,
     "With --topology: scatter, as far apart as it has CPUs, or compact (scatter)", 0},
    {"threads", KEY_THREADS, "LIST", 0, "Numbers of threads (2)", 0},
    {"prefetcher", KEY_PREFETCHER, "on|off", 0, "Whether a miss fetches both lines of a pair (off)",
     0},
    {"baseline", KEY_BASELINE, "LAYOUT", 0, "What the others are held against (pointer)", 0},
    {0, 0, 0, 0, "Output:", 4},
    {"format", KEY_FORMAT, "FORMAT", 0, "text, csv or json (text)", 0},
    {0},
};

static const char description[] =
    "Says what layouts cost by a model of cache lines: from the results folder DIR, beside what "
    "was measured there; from the cost of a fetch; or, for more threads, from a matrix of "
    "latencies.\vBeyond two threads there is no number, but slower, faster or same where 12 "
    "settings of what nobody can read off a matrix agree, never slower (faster) where none says "
    "that, else what it depends on, and the range. "
    "Not predicted: saturated throughput, mixed, writers, many, and locks that are taken one at a "
    "time.\n\nExit status: 0 done, 1 nothing could be said, 2 wrong usage.";

struct ask {
    struct settings settings; /* layouts, scenarios, locks, numbers of threads */
    const char *dir, *matrix, *topology;
    struct lb_line_costs costs;
    const char *placement; /* of a topology */
    double think_ns, held_ns;
    enum lb_matrix_cell cell;
    bool pairs;
    enum predict_format format;
    /* What was given that only one way of asking has. */
    const char *for_pair, *for_matrix, *for_both;
};

static void __attribute__((noreturn)) refuse(struct lb_why *why, int err)
{
    fprintf(stderr, "linebounce: %s\n", lb_explain(why, err, "predict")->text);
    exit(err == -ENOMEM ? EXIT_NOT_MEASURED : EXIT_USAGE);
}

/* Options ----------------------------------------------------------------------------------------
 */

static const char *handover_at(size_t i)
{
    return lb_handover_name(i ? LB_HANDOVER_PLAIN : LB_HANDOVER_MIGRATORY);
}

static const char *cell_at(size_t i)
{
    return i ? "trip" : "half";
}

static const char *placement_at(size_t i)
{
    return i ? "compact" : "scatter";
}

static const char *switch_at(size_t i)
{
    return i ? "on" : "off";
}

static const char *format_at(size_t i)
{
    static const char *const names[] = {"text", "csv", "json"};

    return names[i];
}

static size_t word_of(const char *what, const char *(*at)(size_t), size_t n, const char *text)
{
    const struct lb_names names = {what, at, n, NULL};
    struct lb_why why = {""};
    size_t found = 0;
    int err = lb_name_find(&names, text, &why, &found);

    if (err)
        refuse(&why, -EINVAL);
    return found;
}

static double ns_of(const char *option, const char *text, double least)
{
    struct lb_why why = {""};
    double ns = 0;
    int err = value_number(option, text, least, &why, &ns);

    if (!err && ns > 1e6)
        err = lb_fail(&why, EINVAL, "--%s '%s': over a millisecond", option, text);
    if (err)
        refuse(&why, err);
    return ns;
}

/* Saturated threads keep a line for bursts, and how long decides everything. */
static double think_of(const char *text)
{
    struct lb_why why = {""};
    double ns = ns_of("think", text, 0);

    if (!(ns > 0)) {
        lb_fail(&why, EINVAL,
                "--think 0: saturated throughput is not predicted: the model was off by a factor "
                "of 0.35 to 2.6 there");
        refuse(&why, -EINVAL);
    }
    return ns;
}

static error_t parse_pair(int key, const char *arg, struct ask *a)
{
    switch (key) {
    case KEY_FETCH:
        a->costs.fetch_ns = ns_of("fetch", arg, 0.1);
        a->for_pair = "--fetch";
        return 0;
    case KEY_UPGRADE:
        a->costs.upgrade_ns = ns_of("upgrade", arg, 0);
        a->for_pair = "--upgrade";
        return 0;
    case KEY_HANDOVER:
        a->costs.handover =
            word_of("hand-over", handover_at, 2, arg) ? LB_HANDOVER_PLAIN : LB_HANDOVER_MIGRATORY;
        a->for_pair = "--handover";
        return 0;
    case KEY_THINK:
        a->think_ns = think_of(arg);
        a->for_both = "--think";
        return 0;
    case KEY_HELD:
        a->held_ns = ns_of("held", arg, 0);
        a->for_both = "--held";
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_matrix(int key, char *arg, struct ask *a)
{
    switch (key) {
    case KEY_MATRIX:
        a->matrix = arg;
        return 0;
    case KEY_LATENCY:
        a->cell = word_of("latency", cell_at, 2, arg) ? LB_MATRIX_TRIP : LB_MATRIX_HALF;
        a->for_matrix = "--latency";
        return 0;
    case KEY_TOPOLOGY:
        a->topology = arg;
        a->for_matrix = "--topology";
        return 0;
    case KEY_PLACEMENT:
        a->placement = placement_at(word_of("placement", placement_at, 2, arg));
        a->for_matrix = "--placement";
        return 0;
    case KEY_PREFETCHER:
        a->pairs = word_of("prefetcher", switch_at, 2, arg) != 0;
        a->for_matrix = "--prefetcher";
        return 0;
    case KEY_BASELINE:
        a->settings.baseline = arg;
        a->for_matrix = "--baseline";
        return 0;
    case KEY_FORMAT:
        a->format = (enum predict_format)word_of("format", format_at, 3, arg);
        return 0;
    default:
        return parse_pair(key, arg, a);
    }
}

static error_t parse_list(const char *option, const char *arg, struct ask *a)
{
    struct lb_why why = {""};
    int err = values_add(&a->settings, option, arg, &why);

    if (err)
        refuse(&why, err);
    return 0;
}

static void check(const struct ask *a, struct argp_state *state)
{
    bool pair = a->costs.fetch_ns > 0;

    if ((a->dir != NULL) + (a->matrix != NULL) + pair != 1)
        argp_error(state, "predict from what? A results folder, --matrix FILE, or --fetch NS "
                          "--handover KIND: one of them");
    if (!pair && a->for_pair)
        argp_error(state, "%s goes with --fetch", a->for_pair);
    if (pair && a->costs.handover == LB_HANDOVER_UNKNOWN)
        argp_error(state, "--handover: migratory or plain? machine.handover in a run.json says it");
    if (!a->matrix && a->for_matrix)
        argp_error(state, "%s goes with --matrix", a->for_matrix);
    if (a->placement && !a->topology)
        argp_error(state, "--placement goes with --topology, which says where CPUs lie");
    if (a->dir && a->for_both)
        argp_error(state, "%s: a folder says that itself", a->for_both);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct ask *a = state->input;

    switch (key) {
    case KEY_SCENARIO:
        return parse_list("scenario", arg, a);
    case KEY_LAYOUT:
        return parse_list("layout", arg, a);
    case KEY_LOCK:
        return parse_list("lock", arg, a);
    case KEY_THREADS:
        return parse_list("threads", arg, a);
    case ARGP_KEY_ARG:
        if (a->dir)
            argp_error(state, "one results folder at a time");
        a->dir = arg;
        return 0;
    case ARGP_KEY_END:
        check(a, state);
        return 0;
    default:
        return parse_matrix(key, arg, a);
    }
}

/* Cases ------------------------------------------------------------------------------------------
 */

static const enum lb_scenario_kind usual[] = {LB_SCENARIO_SAME_OBJECT, LB_SCENARIO_NEIGHBOURS,
                                              LB_SCENARIO_OBSERVER, LB_SCENARIO_NESTED};

static void complete(struct ask *a)
{
    struct settings *s = &a->settings;
    struct lb_why why = {""};
    int err = settings_settle_layouts(s, &why);

    if (err)
        refuse(&why, err);
    for (size_t i = 0; !s->layout_texts.n && i < lb_n_layouts; i++)
        list_add(&s->layouts, sizeof lb_layouts[i], &lb_layouts[i]);
    for (size_t i = 0, none = !s->scenarios.n; none && i < LB_COUNT(usual); i++) {
        const struct lb_scenario *scenario = &lb_scenarios[usual[i]];
        list_add(&s->scenarios, sizeof scenario, &scenario);
    }
}

/* One shape each of scenarios, layouts and kinds of lock. Kinds that were listed and do not fit
 * into a layout are passed over, as run does. */
static void list_shapes(const struct ask *a, int threads, struct list *shapes)
{
    const struct settings *s = &a->settings;
    const struct lb_scenario *const *scenarios = s->scenarios.at;
    const struct lb_layout *layouts = s->layouts.at;
    const enum lb_lock_kind *locks = s->locks.at;

    for (size_t i = 0; i < s->scenarios.n; i++)
        for (size_t k = 0; k < s->layouts.n; k++)
            for (size_t l = 0; l < (s->locks.n ? s->locks.n : 1); l++) {
                struct lb_workload shape = {.scenario = scenarios[i],
                                            .layout = &layouts[k],
                                            .lock = s->locks.n ? locks[l] : layouts[k].lock,
                                            .writers = {1, 0},
                                            .threads = threads};
                struct lb_why why = {""};
                int err;
                if (!scenarios[i]->subject->uses_layout) {
                    lb_fail(&why, EINVAL, "%s: not predicted: it has no layouts",
                            scenarios[i]->name);
                    refuse(&why, -EINVAL);
                }
                if (s->locks.n && lb_layout_allows(shape.layout, shape.lock, NULL))
                    continue;
                if ((err = lb_model_allows(&shape, &why)))
                    refuse(&why, err);
                list_add(shapes, sizeof shape, &shape);
            }
    if (!shapes->n) {
        struct lb_why why = {""};
        lb_fail(&why, EINVAL, "--lock: none of these kinds fits into any of these layouts");
        refuse(&why, -EINVAL);
    }
}

static int failed(struct lb_why *why, int err, const char *doing)
{
    fprintf(stderr, "linebounce: %s\n", lb_explain(why, err, doing)->text);
    return EXIT_NOT_MEASURED;
}

/* A folder ---------------------------------------------------------------------------------------
 */

/* A folder is asked for one name of each, as explain is. */
static int of_folder(const struct ask *a)
{
    const struct settings *s = &a->settings;
    const struct lb_scenario *const *scenarios = s->scenarios.at;
    const char *const *layouts = s->layout_texts.at;
    struct lb_predict_request request = {.dir = a->dir};
    struct lb_predictions *p;
    struct lb_why why = {""};
    int err;

    if (s->scenarios.n > 1 || s->layout_texts.n > 1 || s->locks.n || s->threads.n) {
        lb_fail(&why, EINVAL, "predict %s: of a folder one --scenario and one --layout at a time",
                a->dir);
        refuse(&why, -EINVAL);
    }
    request.scenario = s->scenarios.n ? scenarios[0]->name : NULL;
    request.layout = s->layout_texts.n ? layouts[0] : NULL;
    if ((err = lb_predict_folder(&request, &why, &p)))
        return failed(&why, err, a->dir);
    err = predict_print_folder(stdout, a->format, p);
    lb_predictions_destroy(p);
    return err ? failed(&why, err, "predict") : EXIT_DONE;
}

/* Two threads ------------------------------------------------------------------------------------
 */

static void check_two(const struct ask *a)
{
    const int *threads = a->settings.threads.at;
    struct lb_why why = {""};

    for (size_t i = 0; i < a->settings.threads.n; i++)
        if (threads[i] != 2) {
            lb_fail(&why, EINVAL,
                    "--threads %d: what a fetch costs says something of two threads: --matrix for "
                    "more",
                    threads[i]);
            refuse(&why, -EINVAL);
        }
}

static int of_pair(struct ask *a)
{
    struct list shapes = {0}, items = {0};
    struct lb_why why = {""};
    int err = 0;

    check_two(a);
    complete(a);
    list_shapes(a, 2, &shapes);
    for (size_t i = 0; !err && i < shapes.n; i++) {
        struct predict_pair item = {.shape = ((struct lb_workload *)shapes.at)[i]};
        struct lb_model_case c = {&item.shape, a->think_ns, a->held_ns, 0};
        if (item.shape.scenario->pace == LB_PACE_ALL) /* as a run does */
            item.shape.every_ns = a->think_ns + LB_OBSERVE_MORE_NS;
        if (!(err = lb_predict_pair(&c, &a->costs, &why, &item.predicted)))
            list_add(&items, sizeof item, &item);
    }
    if (!err)
        err = predict_print_pairs(stdout, a->format,
                                  &(struct predict_pairs){.items = items.at,
                                                          .n = items.n,
                                                          .costs = a->costs,
                                                          .think_ns = a->think_ns,
                                                          .held_ns = a->held_ns});
    free(shapes.at);
    free(items.at);
    return err ? failed(&why, err, "predict") : EXIT_DONE;
}

/* More threads -----------------------------------------------------------------------------------
 */

static int index_of(const struct lb_matrix *m, int pu_os)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->cpus[i] == pu_os)
            return (int)i;
    return -1;
}

/* Which CPUs of the matrix the threads are on. */
static int place(const struct ask *a, const struct lb_topology *topology, const struct lb_matrix *m,
                 int threads, struct lb_why *why, unsigned *cpus)
{
    struct lb_placement p;
    int err;

    if (threads < 2 || (size_t)threads > m->n)
        return lb_fail(why, EINVAL, "--threads %d: 2 to %zu, which the matrix has CPUs for",
                       threads, m->n);
    for (int i = 0; i < threads; i++)
        cpus[i] = (unsigned)i;
    if (!topology)
        return 0;
    if ((err = lb_placement_named(topology, a->placement, threads, why, &p)))
        return err;
    for (int i = 0; !err && i < threads; i++) {
        int at = index_of(m, p.pu_os[i]);
        if (at < 0)
            err = lb_fail(why, EINVAL, "--topology: its CPU %d is not in the matrix", p.pu_os[i]);
        else
            cpus[i] = (unsigned)at;
    }
    lb_placement_finish(&p);
    return err;
}

/* With kinds of lock that were listed it may be passed over. */
static int check_baseline(const struct ask *a, const struct list *shapes, struct lb_why *why)
{
    const struct lb_workload *list = shapes->at;

    for (size_t i = 0; i < shapes->n; i++)
        if (!strcmp(list[i].layout->name, a->settings.baseline))
            return 0;
    return lb_fail(why, EINVAL, "--baseline %s: none of the kinds of --lock fits into it",
                   a->settings.baseline);
}

static int crowds_of(const struct ask *a, const struct lb_matrix *m,
                     const struct lb_topology *topology, int threads, struct lb_why *why,
                     struct list *items)
{
    unsigned cpus[LB_MATRIX_CPUS_MOST];
    struct list shapes = {0};
    int err = place(a, topology, m, threads, why, cpus);

    if (!err) {
        list_shapes(a, threads, &shapes);
        err = check_baseline(a, &shapes, why);
    }
    for (size_t i = 0; !err && i < shapes.n; i++) {
        struct predict_crowd item = {.shape = ((struct lb_workload *)shapes.at)[i]};
        struct lb_model_case c = {&item.shape, a->think_ns, a->held_ns, 0};
        if (!(err = lb_bracket_make(&c, m, cpus, a->pairs, 1, why, &item.bracket)))
            list_add(items, sizeof item, &item);
    }
    free(shapes.at);
    return err;
}

/* The baseline is held against whether it was listed or not. */
static void add_baseline(struct ask *a)
{
    struct settings *s = &a->settings;
    const struct lb_layout *layouts = s->layouts.at, *baseline;
    struct lb_why why = {""};
    int err;

    for (size_t i = 0; i < s->layouts.n; i++)
        if (!strcmp(layouts[i].name, s->baseline))
            return;
    if ((err = lb_layout_find(s->baseline, &why, &baseline)))
        refuse(&why, -EINVAL);
    list_add(&s->layouts, sizeof *baseline, baseline);
}

static int of_crowds(struct ask *a, const struct lb_matrix *m, const struct lb_topology *topology)
{
    const int two = 2, *threads = a->settings.threads.at;
    struct list items = {0};
    struct lb_why why = {""};
    int err = 0;

    complete(a);
    add_baseline(a);
    if (!a->settings.threads.n)
        threads = list_add(&a->settings.threads, sizeof two, &two);
    for (size_t i = 0; !err && i < a->settings.threads.n; i++)
        err = crowds_of(a, m, topology, threads[i], &why, &items);
    if (!err)
        err = predict_print_crowds(
            stdout, a->format,
            &(struct predict_crowds){.items = items.at,
                                     .n = items.n,
                                     .matrix = m,
                                     .path = a->matrix,
                                     .cell = a->cell,
                                     .baseline = a->settings.baseline,
                                     .think_ns = a->think_ns,
                                     .held_ns = a->held_ns,
                                     .placement = topology ? a->placement : NULL,
                                     .pairs = a->pairs});
    free(items.at);
    return err ? failed(&why, err, "predict") : EXIT_DONE;
}

static int of_matrix(struct ask *a)
{
    struct lb_matrix *m;
    struct lb_topology *topology = NULL;
    struct lb_why why = {""};
    int err = lb_matrix_read(a->matrix, a->cell, &why, &m), status;

    if (err)
        return failed(&why, err, a->matrix);
    if (!a->placement)
        a->placement = placement_at(0);
    if (a->topology && (err = lb_topology_load(a->topology, &why, &topology))) {
        status = failed(&why, err, a->topology);
    } else {
        status = of_crowds(a, m, topology);
        lb_topology_destroy(topology);
    }
    lb_matrix_destroy(m);
    return status;
}

int command_predict(int argc, char **argv)
{
    static char name[] = "linebounce predict";
    static const struct argp argp = {argp_options, parse, "[DIR]", description, NULL, NULL, NULL};
    struct ask ask = {.costs = {.upgrade_ns = NAN}, .think_ns = 200};
    int status;

    argv[0] = name;
    settings_init(&ask.settings);
    options_parse(&argp, argc, argv, 0, &ask);
    status = ask.dir ? of_folder(&ask) : ask.matrix ? of_matrix(&ask) : of_pair(&ask);
    settings_finish(&ask.settings);
    return status;
}
