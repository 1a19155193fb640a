/* SPDX-License-Identifier: MIT
 *
 * linebounce show: what the program knows.
 */
#include "commands.h"
#include "options.h"

#include "session/counters_report.h"
#include "request/settings.h"
#include "show_kernel.h"
#include "show_result.h"
#include "show_structure.h"
#include "suite.h"

#include <linebounce/atomics.h>
#include <linebounce/record.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(void)
{
    fputs("linebounce: show: out of memory\n", stderr);
    return EXIT_NOT_MEASURED;
}

static int load(const struct settings *s, struct lb_topology **t)
{
    struct lb_why why = {""};
    int err = lb_topology_load(s->topology, &why, t);

    if (err)
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, "topology")->text);
    return err;
}

static int show_topology(const struct settings *s)
{
    struct lb_topology *t;

    if (load(s, &t))
        return s->topology ? EXIT_USAGE : EXIT_NOT_MEASURED;
    printf("source      %s%s\n", t->source,
           t->this_system ? "" : " (can be planned for, not measured)");
    printf("PUs         %d, %d of them usable\ncores       %d\nlast-level  %d\npackages    %d\n"
           "NUMA nodes  %d\nCPU kinds   %d\n",
           t->n_pus, t->n_allowed, t->n_cores, t->n_l3, t->n_packages, t->n_nodes, t->n_kinds);
    if (t->line_bytes)
        printf("cache line  %d bytes\n", t->line_bytes);
    if (t->llc_bytes)
        printf("last cache  %zu KiB\n", t->llc_bytes / 1024);
    printf("\n%5s %5s %5s %5s %5s %5s %8s %5s %5s  %s\n", "PU os", "index", "core", "L2", "L3",
           "die", "package", "node", "kind", "usable");
    for (int i = 0; i < t->n_pus; i++) {
        const struct lb_pu *p = &t->pus[i];
        printf("%5d %5d %5d %5d %5d %5d %8d %5d %5d  %s\n", p->pu_os, p->pu_index, p->core, p->l2,
               p->l3, p->die, p->package, p->node_os, p->kind,
               p->allowed    ? "yes"
               : p->isolated ? "by --pus"
                             : "no");
    }
    lb_topology_destroy(t);
    return 0;
}

static void print_placement(const struct lb_placement *p)
{
    printf("%-12s %-8s CPUs", p->name, lb_distance_name(p->distance));
    for (int i = 0; i < p->n; i++)
        printf("%c%d", i ? ',' : ' ', p->pu_os[i]);
    putchar('\n');
}

static int show_order(const struct lb_topology *t, const char *order)
{
    struct lb_placement p;
    int err = 0;

    for (int n = 1; n <= t->n_allowed && err != -ENOMEM;
         n = n < t->n_allowed && 2 * n > t->n_allowed ? t->n_allowed : 2 * n)
        if (!(err = lb_placement_named(t, order, n, NULL, &p))) {
            print_placement(&p);
            lb_placement_finish(&p);
        }
    return err == -ENOMEM ? err : 0;
}

/* What there is none of is absent; what there was no memory for is not known. */
static int show_pairs(const struct lb_topology *t)
{
    struct lb_placement p;
    int err = 0;

    for (enum lb_distance d = LB_DISTANCE_SMT; d < LB_DISTANCES && err != -ENOMEM; d++) {
        if (!(err = lb_placement_pair(t, d, NULL, &p))) {
            print_placement(&p);
            lb_placement_finish(&p);
        } else if (err != -ENOMEM) {
            printf("%-12s absent   (%s)\n", lb_distance_name(d), lb_distance_meaning(d));
        }
    }
    return err == -ENOMEM ? err : 0;
}

static int show_placements(const struct settings *s)
{
    struct lb_topology *t;
    int err;

    if (load(s, &t))
        return s->topology ? EXIT_USAGE : EXIT_NOT_MEASURED;
    if (!(err = show_pairs(t)) && !(err = show_order(t, "compact")))
        err = show_order(t, "scatter");
    lb_topology_destroy(t);
    return err ? no_memory() : EXIT_DONE;
}

static int draw(const struct lb_layout *layout, enum lb_lock_kind lock)
{
    struct lb_why why = {""};
    int length = lb_layout_draw(layout, lock, NULL, 0);
    char *text;

    if (length == -ENOMEM)
        return no_memory();
    if (length < 0) {
        lb_layout_allows(layout, lock, &why);
        printf("%s\n\n", why.text);
        return EXIT_DONE;
    }
    text = malloc((size_t)length + 1);
    if (!text || lb_layout_draw(layout, lock, text, (size_t)length + 1) < 0) {
        free(text);
        return no_memory();
    }
    printf("%s\n", text);
    free(text);
    return EXIT_DONE;
}

static int show_layouts(const struct settings *s)
{
    const struct lb_layout *layouts = s->layouts.n ? s->layouts.at : lb_layouts;
    size_t n = s->layouts.n ? s->layouts.n : lb_n_layouts;
    const enum lb_lock_kind *locks = s->locks.at;
    int status = EXIT_DONE;

    for (size_t i = 0; !status && i < n; i++)
        for (size_t k = 0; !status && k < (s->locks.n ? s->locks.n : 1); k++)
            status = draw(&layouts[i], s->locks.n ? locks[k] : layouts[i].lock);
    return status;
}

static bool layout_takes(const void *layout, enum lb_lock_kind kind)
{
    return !lb_layout_allows(layout, kind, NULL);
}

/* Apart from room: each kind fits behind a pointer. */
static bool scenario_takes(const void *scenario, enum lb_lock_kind kind)
{
    const struct lb_layout *apart;

    return !lb_layout_find("pointer", NULL, &apart) &&
           !lb_scenario_allows(scenario, apart, kind, NULL);
}

/* "all", the kinds that are taken, or "all but" the others, whichever are fewer. */
static void print_taken(const char *name, bool (*takes)(const void *, enum lb_lock_kind),
                        const void *what)
{
    int n = 0;

    for (enum lb_lock_kind k = 0; k < LB_LOCK_KINDS; k++)
        n += takes(what, k);
    bool named = n <= LB_LOCK_KINDS / 2;
    printf("%-21s %s", name, n == LB_LOCK_KINDS ? "all" : named ? "" : "all but ");
    const char *before = "";
    for (enum lb_lock_kind k = 0; k < LB_LOCK_KINDS; k++)
        if (takes(what, k) == named) {
            printf("%s%s", before, lb_lock_info(k)->name);
            before = ", ";
        }
    putchar('\n');
}

static int show_locks(const struct settings *s)
{
    (void)s;
    for (enum lb_lock_kind k = 0; k < LB_LOCK_KINDS; k++) {
        const struct lb_lock_info *i = lb_lock_info(k);
        printf("%-15s %2zu bytes  %s\n", i->name, i->bytes, i->meaning);
    }
    puts("\nWhich layouts take which kind:");
    for (size_t l = 0; l < lb_n_layouts; l++)
        print_taken(lb_layouts[l].name, layout_takes, &lb_layouts[l]);
    puts("\nWhich scenarios do:");
    for (size_t i = 0; i < LB_SCENARIOS; i++)
        if (!lb_scenarios[i].internal && lb_scenario_locks(&lb_scenarios[i]))
            print_taken(lb_scenarios[i].name, scenario_takes, &lb_scenarios[i]);
    puts("\nGenerations of kernels, by whose rules VMAs are locked (--generation):");
    for (size_t i = 0; i < LB_GENERATIONS; i++) {
        char rules[256];
        lb_generation_describe(&lb_generations[i], rules, sizeof rules);
        printf("%-15s %s:\n%-15s %s\n", lb_generations[i].name, lb_generations[i].meaning, "",
               rules);
    }
    puts("\nHow this machine changes a lock's words:");
    for (enum lb_atomics a = 0; a < LB_ATOMICS_KINDS; a++)
        if (lb_atomics_usable(a))
            printf("%-15s %s%s\n", lb_atomics_name(a), lb_atomics_meaning(a),
                   a == lb_atomics() ? "" : " (by --atomics)");
    return 0;
}

static int show_scenarios(const struct settings *s)
{
    (void)s;
    for (size_t i = 0; i < LB_SCENARIOS; i++)
        if (!lb_scenarios[i].internal)
            printf("%-16s %s\n", lb_scenarios[i].name, lb_scenarios[i].question);
    return 0;
}

static int show_suites(const struct settings *s)
{
    (void)s;
    for (size_t i = 0; i < n_suites; i++)
        printf("%-12s %s\n", suites[i]->name, suites[i]->question);
    return 0;
}

static int show_environment(const struct settings *s)
{
    struct lb_environment *e = calloc(1, sizeof *e);

    (void)s;
    if (!e)
        return no_memory();
    lb_environment_read(e);
    const struct {
        const char *name, *value;
    } rows[] = {
        {"host", e->host},
        {"kernel", e->kernel},
        {"system", e->os},
        {"CPU", e->cpu_model},
        {"microcode", e->microcode},
        {"atomics", e->atomics},
        {"hypervisor", e->hypervisor},
        {"governor", e->governor},
        {"boost", e->boost},
        {"huge pages", e->thp},
        {"clock source", e->clocksource},
        {"prefetcher", e->prefetcher},
        {"cpuset", e->cgroup_cpuset},
        {"CPU quota", e->cpu_quota},
        {"isolated", e->isolated},
        {"nohz_full", e->nohz_full},
        {"version", e->version},
        {"commit", e->commit},
        {"compiler", e->compiler},
        {"flags", e->c_flags},
        {"libraries", e->libraries},
    };
    for (size_t i = 0; i < LB_COUNT(rows); i++)
        printf("%-13s %s\n", rows[i].name, *rows[i].value ? rows[i].value : "(unknown)");
    printf("%-13s %s\n", "SMT", e->smt_active < 0 ? "(unknown)" : e->smt_active ? "on" : "off");
    free(e);
    return 0;
}

/* Options in front of its name are those of the others. */
static int show_newest(const struct settings *s)
{
    char name[] = "result", *argv[] = {name, NULL};

    (void)s;
    return show_result(1, argv);
}

static const struct {
    const char *name;
    int (*show)(const struct settings *);
} things[] = {
    {"counters", counting_show},   {"environment", show_environment},
    {"kernel", show_kernel},       {"layouts", show_layouts},
    {"locks", show_locks},         {"placements", show_placements},
    {"result", show_newest},       {"scenarios", show_scenarios},
    {"structure", show_structure}, {"suites", show_suites},
    {"topology", show_topology},
};

const struct lb_names show_names = {LB_NAMES_OF("thing to show", things, name)};

/* Its command line ---------------------------------------------------------------------------- */

static const char *handover_at(size_t i)
{
    return lb_handover_name((enum lb_handover)i);
}

static const struct lb_names handovers = {
    .what = "kind of hand-over", .at = handover_at, .n = LB_HANDOVER_MIGRATORY + 1};

static const struct option_row show_options[] = {
    {"topology", 0, "FILE|TEXT", "Another machine: hwloc XML or a synthetic description",
     option_text, OPTION_AT(struct settings, topology)},
    {"layout", 'l', "LIST", "Which layouts", option_list, .at = 0},
    {"lock", 'k', "LIST", "With this kind of lock", option_list, .at = 0},
    {"scenario", 's', "LIST", "counters --expected: in these scenarios alone", option_list,
     .at = 0},
    {"expected", 0, NULL,
     "counters: what they should count an op, by a model of two threads and their lines",
     option_flag, OPTION_AT(struct settings, expected)},
    {"handover", 0, "KIND",
     "counters --expected: where lines are handed over migratory or plain (both)", option_word,
     OPTION_AT(struct settings, handover), .words = &handovers},
    {"trace", 0, NULL,
     "kernel: count real addresses of VMAs for 3 s too (root, bpftrace, a kernel with kprobes)",
     option_flag, OPTION_AT(struct settings, trace)},
    {0},
};

/* What goes with one thing alone. */
static void check_show(const struct settings *s, struct argp_state *state)
{
    char list[LB_WHY_BYTES];

    if (!s->what)
        argp_error(state, "show what? %s", lb_names_list(&show_names, list, sizeof list));
    if (s->trace && strcmp(s->what, "kernel") != 0)
        argp_error(state, "--trace goes with kernel, not with %s", s->what);
    if (s->expected && strcmp(s->what, "counters") != 0)
        argp_error(state, "--expected goes with counters, not with %s", s->what);
    if (!s->expected && (s->scenarios.n || s->handover != LB_HANDOVER_UNKNOWN))
        argp_error(state, "--scenario and --handover go with counters --expected");
}

static error_t show_words(int key, char *arg, struct argp_state *state, void *input)
{
    struct settings *s = input;

    if (key == ARGP_KEY_END)
        check_show(s, state);
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (s->what)
        argp_error(state, "one thing at a time: '%s' or '%s'", s->what, arg);
    s->what = arg;
    return 0;
}

static void parse(int argc, char **argv, struct settings *s)
{
    static const struct option_table tables[] = {{.rows = show_options}, {0}};
    static const struct command_line line = {
        .name = "linebounce show",
        .tables = tables,
        .words = show_words,
        .args = "WHAT",
        .doc = "Prints what the program knows: of this machine, of another (--topology), or of "
               "itself.",
        .choices = "WHAT is one of",
        .chosen = &show_names};
    struct lb_why why = {""};
    int err;

    options_parse(&line, argc, argv, s);
    /* A structure needs neither lock nor fields. */
    if (strcmp(s->what, "structure") != 0 && (err = settings_settle_layouts(s, &why)))
        options_refuse(&why, err, "command line");
}

int command_show(int argc, char **argv)
{
    struct settings s;
    struct lb_why why = {""};
    size_t found;
    int status;

    if (argc > 1 && !strcmp(argv[1], "result"))
        return show_result(argc - 1, argv + 1);
    settings_init(&s);
    parse(argc, argv, &s);
    if (lb_name_find(&show_names, s.what, &why, &found)) {
        fprintf(stderr, "linebounce: %s\n", why.text);
        status = EXIT_USAGE;
    } else {
        status = things[found].show(&s);
    }
    settings_finish(&s);
    return status;
}
