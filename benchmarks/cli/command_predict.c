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

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    options_refuse(why, err, "predict");
}

/* Options ----------------------------------------------------------------------------------------
 */

static int set_handover(const struct option_row *o, const char *value, void *input,
                        struct lb_why *why)
{
    static const enum lb_handover kinds[] = {LB_HANDOVER_MIGRATORY, LB_HANDOVER_PLAIN};
    struct ask *a = input;
    size_t found;
    int err = lb_name_find(o->words, value, why, &found);

    if (!err)
        a->costs.handover = kinds[found];
    return err;
}

static int set_ns(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    double *ns = (double *)(void *)((char *)input + o->at);
    int err = value_number(o->name, value, o->least, why, ns);

    return !err && *ns > 1e6 ? lb_fail(why, EINVAL, "--%s '%s': over a millisecond", o->name, value)
                             : err;
}

/* Saturated threads keep a line for bursts, and how long decides everything. */
static int set_think(const struct option_row *o, const char *value, void *input, struct lb_why *why)
{
    int err = set_ns(o, value, input, why);

    return err || ((struct ask *)input)->think_ns > 0
               ? err
               : lb_fail(why, EINVAL,
                         "--think 0: saturated throughput is not predicted: the model was off by a "
                         "factor of 0.35 to 2.6 there");
}

static const char *const handovers[] = {"migratory", "plain"}, *const cells[] = {"half", "trip"},
                         *const switches[] = {"off", "on"},
                         *const placements[] = {"scatter", "compact"},
                         *const formats[] = {"text", "csv", "json"};
static const struct lb_names handover_names = {LB_NAMES_IN("hand-over", handovers)},
                             cell_names = {LB_NAMES_IN("latency", cells)},
                             switch_names = {LB_NAMES_IN("prefetcher", switches)},
                             placement_names = {LB_NAMES_IN("placement", placements)},
                             format_names = {LB_NAMES_IN("format", formats)};

#define AT(MEMBER)  OPTION_AT(struct ask, MEMBER)
#define FOR(MEMBER) .noted = offsetof(struct ask, for_##MEMBER)

static const struct option_row options[] = {
    {.doc = "What is asked (lists are comma-separated):", .group = 1},
    {"scenario", 's', "LIST",
     "Scenarios (same-object, neighbours, observer, nested); of a folder one", option_list,
     AT(settings)},
    {"layout", 'l', "LIST", "Layouts, as run takes them (all built-in ones)", option_list,
     AT(settings)},
    {"lock", 'k', "LIST", "Lock kinds in place of each layout's own", option_list, AT(settings)},
    {"think", 0, "NS", "Pause between ops, above 0 (200)", set_think, AT(think_ns), FOR(both)},
    {"held", 0, "NS", "For how long a lock is held, beside what the op does (0)", set_ns,
     AT(held_ns), FOR(both)},
    {.doc = "Two threads, without a folder:", .group = 2},
    {"fetch", 0, "NS", "What an op pays for a line that the other core has changed", set_ns,
     AT(costs.fetch_ns), FOR(pair), .least = 0.1},
    {"upgrade", 0, "NS", "... to change a line that the other has read (as a fetch)", set_ns,
     AT(costs.upgrade_ns), FOR(pair)},
    {"handover", 0, "KIND",
     "migratory (a load takes a changed line away) or plain (both have it then)", set_handover,
     FOR(pair), .words = &handover_names},
    {.doc = "More threads:", .group = 3},
    {"matrix", 0, "FILE", "Latencies between all CPUs, in ns, as tools print them", option_text,
     AT(matrix)},
    {"latency", 0, "KIND", "What its cells hold: half of a round trip or the whole trip (half)",
     option_word, AT(cell), FOR(matrix), .words = &cell_names},
    {"topology", 0, "FILE|TEXT",
     "hwloc XML of that machine: threads lie by --placement on its CPUs", option_text, AT(topology),
     FOR(matrix)},
    {"placement", 0, "NAME",
     "With --topology: scatter, as far apart as it has CPUs, or compact (scatter)", option_name,
     AT(placement), FOR(matrix), .words = &placement_names},
    {"threads", 't', "LIST", "Numbers of threads (2)", option_list, AT(settings)},
    {"prefetcher", 0, "on|off", "Whether a miss fetches both lines of a pair (off)", option_word,
     AT(pairs), FOR(matrix), .words = &switch_names},
    {"baseline", 0, "LAYOUT", "What the others are held against (pointer)", option_text,
     AT(settings.baseline), FOR(matrix)},
    {.doc = "Output:", .group = 4},
    {"format", 'f', "FORMAT", "text, csv or json (text)", option_word, AT(format),
     .words = &format_names},
    {0},
};

static void check(const struct ask *a, struct argp_state *state)
{
    bool pair = a->costs.fetch_ns > 0;

    if ((a->dir != NULL) + (a->matrix != NULL) + pair != 1)
        argp_error(state, "predict from what? A results folder, --matrix FILE, or --fetch NS "
                          "--handover KIND: one of them");
    if (!pair && a->for_pair)
        argp_error(state, "--%s goes with --fetch", a->for_pair);
    if (pair && a->costs.handover == LB_HANDOVER_UNKNOWN)
        argp_error(state, "--handover: migratory or plain? machine.handover in a run.json says it");
    if (!a->matrix && a->for_matrix)
        argp_error(state, "--%s goes with --matrix", a->for_matrix);
    if (a->placement && !a->topology)
        argp_error(state, "--placement goes with --topology, which says where CPUs lie");
    if (a->dir && a->for_both)
        argp_error(state, "--%s: a folder says that itself", a->for_both);
}

static error_t words(int key, char *arg, struct argp_state *state, void *input)
{
    struct ask *a = input;

    if (key == ARGP_KEY_END)
        check(a, state);
    if (key != ARGP_KEY_ARG)
        return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
    if (a->dir)
        argp_error(state, "one results folder at a time");
    a->dir = arg;
    return 0;
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
        a->placement = placements[0];
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
    static const struct option_table tables[] = {{.rows = options}, {0}};
    static const struct command_line line = {.name = "linebounce predict",
                                             .tables = tables,
                                             .words = words,
                                             .args = "[DIR]",
                                             .doc = description};
    struct ask ask = {.costs = {.upgrade_ns = NAN}, .think_ns = 200};
    int status;

    settings_init(&ask.settings);
    options_parse(&line, argc, argv, &ask);
    status = ask.dir ? of_folder(&ask) : ask.matrix ? of_matrix(&ask) : of_pair(&ask);
    settings_finish(&ask.settings);
    return status;
}
