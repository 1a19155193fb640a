/* SPDX-License-Identifier: MIT
 *
 * The options of `run`, `sweep` and `show`, and what each sets.
 */
#include "command_line.h"

#include "commands.h"
#include "option_values.h"
#include "options.h"
#include "output_options.h"
#include "suite.h"

#include <linebounce/atomics.h>
#include <linebounce/gbench.h>
#include <linebounce/memory.h>
#include <linebounce/run.h>

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_LAYOUT = 'l',
    KEY_LOCK = 'k',
    KEY_SCENARIO = 's',
    KEY_PLACEMENT = 'p',
    KEY_THREADS = 't',
    KEY_WORK = 'w',
    KEY_BUDGET = 'b',
    KEY_QUICK = 'q',
    KEY_OUT = 'o',
    KEY_DRY_RUN = 'n',
    KEY_VERBOSE = 'v',
    KEY_PUS = 256,
    KEY_WRITERS,
    KEY_GENERATION,
    KEY_MM,
    KEY_OBJECTS,
    KEY_OFFSET,
    KEY_HOME,
    KEY_ALL_PAIRS,
    KEY_PREFETCHER,
    KEY_RESUME,
    KEY_ACCESS,
    KEY_BASELINE,
    KEY_PRECISION,
    KEY_SEED,
    KEY_ROUNDS,
    KEY_TOPOLOGY,
    KEY_AGAINST,
    KEY_RUNS,
    KEY_TWINS,
    KEY_TWIN_SLOW,
    KEY_NO_PLOTS,
    KEY_EVENTS,
    KEY_COUNT_KERNEL,
    KEY_SAMPLE_EVERY,
    KEY_PRESET,
    KEY_READ,
    KEY_WRITE,
    KEY_WRITE_HOW,
    KEY_MOVE,
    KEY_C2C,
    KEY_C2C_AT,
    KEY_ALIGN,
    KEY_SIZE,
    KEY_TRACE,
    KEY_MEMORY,
    KEY_ATOMICS,
    KEY_WRITE_EVERY,
    KEY_OBSERVE_EVERY,
    KEY_EXPECTED,
    KEY_HANDOVER,
    KEY_TOGETHER,
    KEY_FIRST,
};

static const struct argp_option run_options[] = {
    {0, 0, 0, 0, "What is measured (lists are comma-separated):", 1},
    {"layout", KEY_LAYOUT, "LIST", 0,
     "Layouts; one of your own: NAME:size=256,align=64,lock=192,seq=40; or of a structure that BTF "
     "or DWARF describes: btf:vm_area_struct, btf:FILE:STRUCT,hot=MEMBER+MEMBER, "
     "dwarf:PROGRAM:STRUCT,hot=...",
     0},
    {"lock", KEY_LOCK, "LIST", 0, "Lock kinds in place of each layout's own", 0},
    {"scenario", KEY_SCENARIO, "LIST", 0, "Scenarios (see: linebounce show scenarios)", 0},
    {"placement", KEY_PLACEMENT, "LIST", 0,
     "closest, smt, l2, l3, package, remote, compact, scatter", 0},
    {"pus", KEY_PUS, "LIST", 0, "CPUs by the kernel's numbers, in place of a placement: 0,1", 0},
    {"threads", KEY_THREADS, "LIST", 0,
     "Numbers of threads (run: 2; sweep: 1, 2, 3, 4, 6, ... all)", 0},
    {"write-every", KEY_WRITE_EVERY, "TIME", 0,
     "Each writer in mixed begins a write so often, +-50 %, whatever writes take (20us)", 0},
    {"writers", KEY_WRITERS, "N|N%", 0,
     "Writers in mixed: threads, or a share of all ops; without --write-every they write back to "
     "back (1, paced)",
     0},
    {"observe-every", KEY_OBSERVE_EVERY, "TIME|none", 0,
     "Each thread in observer begins an op so often (the pause and 200 ns), or after its pause", 0},
    {"generation", KEY_GENERATION, "NAME", 0,
     "Kernels by whose rules VMAs are locked: 6.4, 6.14, 6.17, ... (each layout's own)", 0},
    {"mm", KEY_MM, "FORM", 0,
     "How the address space's words lie: kernel, or separate, each on lines of its own (kernel)",
     0},
    {"work-ns", KEY_WORK, "LIST", 0, "Pauses between ops (200,0); 0 is saturated throughput", 0},
    {"objects", KEY_OBJECTS, "LIST", 0, "Objects in many (100000)", 0},
    {"offset", KEY_OFFSET, "LIST", 0, "Bytes from word to word (8 to 512) in offset and arrays", 0},
    {"home", KEY_HOME, "LIST", 0,
     "Where memory lies: local, remote, interleaved, other-kind (run: local; sweep: all)", 0},
    {"memory", KEY_MEMORY, "SIZE", 0,
     "What faults may take at once, as 512M or 4G (a quarter of what is left, at most 4G)", 0},
    {"all-pairs", KEY_ALL_PAIRS, 0, 0,
     "pingpong: every pair of CPUs, also beyond the budget (one per symmetry class when all do not "
     "fit)",
     0},
    {"atomics", KEY_ATOMICS, "KIND", 0,
     "How locks change their words, where a machine has a choice: lse or llsc on arm64 (lse where "
     "the processor has it)",
     0},
    {"prefetcher", KEY_PREFETCHER, "on|off", 0,
     "Set the adjacent-line prefetcher for the run (Intel, root); it is restored in any case", 0},
    {"access", KEY_ACCESS, "LIST", 0, "Picks in many: shared- or private-, uniform or zipf", 0},
    {"read", KEY_READ, "FIELDS", 0,
     "whatif: fields of a structure (--layout btf:..., dwarf:...) that half the threads read", 0},
    {"write", KEY_WRITE, "FIELDS", 0, "whatif: fields that the other half writes", 0},
    {"write-how", KEY_WRITE_HOW, "HOW", 0,
     "whatif: store, increment, add or cas; or take, lock or share a lock (take for locks, add for "
     "atomics, else store)",
     0},
    {"c2c", KEY_C2C, "FILE", 0,
     "whatif: take what is read and written from perf c2c report --stdio: of its hottest line", 0},
    {"c2c-at", KEY_C2C_AT, "BYTES", 0,
     "whatif: where that line begins in the structure (the one place that fits)", 0},
    {"move", KEY_MOVE, "FIELD=N,...", 0, "whatif: compare with these fields at offset N", 0},
    {"align", KEY_ALIGN, "BYTES", 0, "whatif: ... with objects aligned so", 0},
    {"size", KEY_SIZE, "BYTES", 0, "whatif: ... of that size", 0},
    {"preset", KEY_PRESET, "LIST", 0,
     "Moves in whatif that the kernel made: mmap_lock, page_counter, i_mmap, f_ref, dentry, "
     "mem_cgroup (all). sweep: smoke (a quick look in a minute) or overnight (8 h)",
     0},
    {"baseline", KEY_BASELINE, "LAYOUT", 0, "What the others are compared to (pointer)", 0},
    {0, 0, 0, 0, "What looks on (see: linebounce show counters):", 2},
    {"events", KEY_EVENTS, "LIST", 0,
     "Count quantities (hitm_local), libpfm4's events (NAME:UMASK), writes to a word (bp:count), "
     "or none (all quantities that this machine has)",
     0},
    {"count-kernel", KEY_COUNT_KERNEL, 0, 0, "Count in the kernel too, where that is allowed", 0},
    {"sample-every", KEY_SAMPLE_EVERY, "N|none", 0,
     "Time one op in about N by itself (1021; 61 where it takes over 50 ns with its pause)", 0},
    {0, 0, 0, 0, "How long and how well:", 3},
    {"budget", KEY_BUDGET, "TIME", 0,
     "Time for the whole run, as 90s or 30m (run: 90s; sweep: what its plan takes)", 0},
    {"precision", KEY_PRECISION, "NS", 0, "Half-width that is narrow enough (2)", 0},
    {"rounds", KEY_ROUNDS, "N", 0, "So many rounds, in place of stopping when precise", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of order, memory and pauses (drawn, and recorded)", 0},
    {"quick", KEY_QUICK, 0, 0, "A first look in 15 s: headline only, without mixed and writers", 0},
    {"twins", KEY_TWINS, 0, 0, "Every layout twice: what this machine calls a difference", 0},
    {"twin-slow", KEY_TWIN_SLOW, "PERCENT", 0, "Slow the twins' pause: a planted difference", 0},
    {0, 0, 0, 0, "Output:", 4},
    {"out", KEY_OUT, "DIR", 0, "Folder for the results (results/HOST/UTC-TIME)", 0},
    {"against", KEY_AGAINST, "PROGRAM", 0,
     "Measure another build of linebounce and this one in turns (A B A B), then compare", 0},
    {"runs", KEY_RUNS, "N", 0, "... so many runs of each (3: the fewest that give verdicts)", 0},
    {"no-plots", KEY_NO_PLOTS, 0, 0, "Draw no pictures", 0},
    {"dry-run", KEY_DRY_RUN, 0, 0, "Print the plan and its time, measure nothing", 0},
    {"topology", KEY_TOPOLOGY, "FILE|TEXT", 0, "Plan for another machine (hwloc XML or synthetic)",
     0},
    {0},
};

static const struct argp_option show_options[] = {
    {"topology", KEY_TOPOLOGY, "FILE|TEXT", 0,
     "Another machine: hwloc XML or a synthetic description", 0},
    {"layout", KEY_LAYOUT, "LIST", 0, "Which layouts", 0},
    {"lock", KEY_LOCK, "LIST", 0, "With this kind of lock", 0},
    {"scenario", KEY_SCENARIO, "LIST", 0, "counters --expected: in these scenarios alone", 0},
    {"expected", KEY_EXPECTED, 0, 0,
     "counters: what they should count an op, by a model of two threads and their lines", 0},
    {"handover", KEY_HANDOVER, "KIND", 0,
     "counters --expected: where lines are handed over migratory or plain (both)", 0},
    {"trace", KEY_TRACE, 0, 0,
     "kernel: count real addresses of VMAs for 3 s too (root, bpftrace, a kernel with kprobes)", 0},
    {0},
};

static void __attribute__((noreturn)) refuse(struct lb_why *why, int err)
{
    fprintf(stderr, "linebounce: %s\n", lb_explain(why, err, "command line")->text);
    exit(err == -ENOMEM ? EXIT_NOT_MEASURED : EXIT_USAGE);
}

/* To argp: what is no option of ours is its own matter; what was refused ends the program. */
static error_t answer(int err, struct lb_why *why)
{
    if (err < 0)
        refuse(why, err);
    return err;
}

static int add_suite(struct settings *s, const char *text, struct lb_why *why)
{
    const struct suite *suite;
    int err = suite_find(text, why, &suite);

    if (err)
        return err;
    for (size_t i = 0; i < s->suites.n; i++)
        if (((const struct suite *const *)s->suites.at)[i] == suite)
            return lb_fail(why, EINVAL, "suite %s: named twice", text);
    list_add(&s->suites, sizeof suite, &suite);
    return 0;
}

static const char *state_at(size_t i)
{
    return i ? "off" : "on";
}

static int set_prefetcher(struct settings *s, const char *text, struct lb_why *why)
{
    static const struct lb_names states = {"state of the prefetcher", state_at, 2, NULL};
    size_t found;
    int err = lb_name_find(&states, text, why, &found);

    if (!err)
        s->prefetcher = text;
    return err;
}

static int set_baseline(struct settings *s, const char *text, struct lb_why *why)
{
    uint64_t offset = 0;
    int err = 0;

    if (!strncmp(text, "apart-", 6))
        err = value_whole("baseline=apart-N", text + 6, 8, LB_OFFSET_MOST, why, &offset);
    s->baseline = text;
    s->baseline_given = true;
    s->base_offset = (size_t)offset;
    return err;
}

static int set_rounds(struct settings *s, const char *text, struct lb_why *why)
{
    uint64_t n = 0;
    int err = value_whole("rounds", text, 1, MOST_ROUNDS, why, &n);

    s->rounds = (unsigned)n;
    return err;
}

static int set_runs(struct settings *s, const char *text, struct lb_why *why)
{
    uint64_t n = 0;
    int err = value_whole("runs", text, 1, MOST_RUNS, why, &n);

    s->runs = (unsigned)n;
    return err;
}

/* A pair of programs is measured by `run` alone. */
static int check_against(struct settings *s, bool is_run, struct lb_why *why)
{
    if (s->against && !is_run)
        return lb_fail(why, EINVAL, "--against: goes with run");
    if (s->runs && !s->against)
        return lb_fail(why, EINVAL, "--runs: goes with --against PROGRAM");
    if (s->against && (s->dry_run || s->gbench.n))
        return lb_fail(why, EINVAL, "--against: measures and compares: leave out %s",
                       s->dry_run ? "--dry-run" : "Google Benchmark's flags");
    if (s->against && !s->runs)
        s->runs = DEFAULT_RUNS;
    return 0;
}

static int set_sampling(struct settings *s, const char *text, struct lb_why *why)
{
    s->sample_every = 0;
    return strcmp(text, "none")
               ? value_whole("sample-every", text, 1, MOST_SAMPLE_EVERY, why, &s->sample_every)
               : 0;
}

static int set_observe_every(struct settings *s, const char *text, struct lb_why *why)
{
    s->observe_every_given = true;
    s->observe_every_ns = 0;
    return strcmp(text, "none") ? value_span("observe-every", text, LB_OBSERVE_EVERY_LEAST_NS,
                                             LB_OBSERVE_EVERY_MOST_NS, why, &s->observe_every_ns)
                                : 0;
}

static int set_twin_slow(struct settings *s, const char *text, struct lb_why *why)
{
    double percent = 0;
    int err = value_number("twin-slow", text, 0, why, &percent);

    s->twin_slow = percent / 100;
    s->twins = true;
    return err;
}

static int parse_single(int key, char *arg, struct settings *s, struct lb_why *why)
{
    switch (key) {
    case KEY_PUS:
        s->pus = arg;
        return 0;
    case KEY_WRITERS:
        s->writers_given = true;
        return lb_writers_parse(arg, why, &s->writers);
    case KEY_WRITE_EVERY:
        s->write_every_given = true;
        return value_span("write-every", arg, LB_WRITE_EVERY_LEAST_NS, LB_WRITE_EVERY_MOST_NS, why,
                          &s->write_every_ns);
    case KEY_OBSERVE_EVERY:
        return set_observe_every(s, arg, why);
    case KEY_GENERATION:
        return lb_generation_find(arg, why, &s->generation);
    case KEY_MM:
        return lb_mm_form_parse(arg, why, &s->mm_form);
    case KEY_BASELINE:
        return set_baseline(s, arg, why);
    case KEY_BUDGET:
        s->budget_given = true;
        return value_time(arg, why, &s->budget_s);
    case KEY_PRECISION:
        return value_number("precision", arg, 0.01, why, &s->precision_ns);
    case KEY_ROUNDS:
        return set_rounds(s, arg, why);
    case KEY_SEED:
        s->seed_given = true;
        return value_whole("seed", arg, 0, MOST_NUMBER, why, &s->seed);
    case KEY_SAMPLE_EVERY:
        return set_sampling(s, arg, why);
    case KEY_TWIN_SLOW:
        return set_twin_slow(s, arg, why);
    case KEY_OUT:
        s->out = arg;
        return 0;
    case KEY_MEMORY:
        s->memory_given = true;
        return lb_memory_parse(arg, why, &s->memory_bytes);
    case KEY_PREFETCHER:
        return set_prefetcher(s, arg, why);
    case KEY_ATOMICS:
        return lb_atomics_choose(arg, why);
    case KEY_AGAINST:
        s->against = arg;
        return 0;
    case KEY_RUNS:
        return set_runs(s, arg, why);
    case KEY_TOPOLOGY:
        s->topology = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int parse_flag(int key, struct settings *s)
{
    switch (key) {
    case KEY_QUICK:
        s->quick = true;
        return 0;
    case KEY_DRY_RUN:
        s->dry_run = true;
        return 0;
    case KEY_ALL_PAIRS:
        s->all_pairs = true;
        return 0;
    case KEY_TWINS:
        s->twins = true;
        return 0;
    case KEY_COUNT_KERNEL:
        s->count_kernel = true;
        return 0;
    case KEY_NO_PLOTS:
        s->no_plots = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int set_bytes(const char *option, const char *text, struct lb_why *why, size_t *bytes)
{
    uint64_t n = 0;
    int err = value_whole(option, text, 1, LB_STRUCTURE_BYTES_MOST, why, &n);

    *bytes = (size_t)n;
    return err;
}

static int set_at(const char *text, struct lb_why *why, long *at)
{
    uint64_t n = 0;
    int err = value_whole("c2c-at", text, 0, LB_STRUCTURE_BYTES_MOST, why, &n);

    *at = (long)n;
    return err;
}

static int set_write_how(struct lb_whatif_options *o, const char *text, struct lb_why *why)
{
    enum lb_how how;
    int err = lb_how_parse(text, why, &how);

    if (!err)
        o->write_how = (int)how;
    return err;
}

/* Of suite whatif. */
static int parse_whatif(int key, char *arg, struct settings *s, struct lb_why *why)
{
    struct lb_whatif_options *o = &s->whatif;
    int err = 0;

    switch (key) {
    case KEY_READ:
        o->read = arg;
        break;
    case KEY_WRITE:
        o->write = arg;
        break;
    case KEY_MOVE:
        o->move = arg;
        break;
    case KEY_C2C:
        s->c2c_file = arg;
        break;
    case KEY_C2C_AT:
        err = set_at(arg, why, &o->line_at);
        break;
    case KEY_ALIGN:
        err = set_bytes("align", arg, why, &o->align_bytes);
        break;
    case KEY_SIZE:
        err = set_bytes("size", arg, why, &o->bytes);
        break;
    case KEY_WRITE_HOW:
        err = set_write_how(o, arg, why);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    s->whatif_given = true;
    return err;
}

static const char *name_of(int key)
{
    for (const struct argp_option *o = run_options; o->name || o->doc; o++)
        if (o->name && o->key == key)
            return o->name;
    return "";
}

static int parse_common(int key, char *arg, struct settings *s, struct lb_why *why)
{
    int err = values_add(s, name_of(key), arg, why);

    if (err == NO_LIST)
        err = parse_flag(key, s);
    if (err == ARGP_ERR_UNKNOWN)
        err = parse_whatif(key, arg, s, why);
    return err == ARGP_ERR_UNKNOWN ? parse_single(key, arg, s, why) : err;
}

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
    struct lb_why why = {""};

    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = state->input;
        return 0;
    }
    return answer(key == ARGP_KEY_ARG ? add_suite(state->input, arg, &why)
                                      : parse_common(key, arg, state->input, &why),
                  &why);
}

/* What only a sweep has. */
static error_t parse_own(int key, char *arg, struct argp_state *state)
{
    struct settings *s = state->input;

    if (key == KEY_RESUME)
        s->resume = arg;
    else if (key == KEY_VERBOSE)
        s->verbose = true;
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

/* Sweeps that many machines get alike. */
static const struct {
    const char *name;
    double budget_s;
    bool quick;
} presets[] = {{"smoke", 60, true}, {"overnight", 8 * 3600.0, false}};

static const char *preset_at(size_t i)
{
    return presets[i].name;
}

static int set_preset(struct settings *s, const char *text, struct lb_why *why)
{
    static const struct lb_names names = {"preset of a sweep", preset_at, LB_COUNT(presets), NULL};
    size_t found;
    int err = lb_name_find(&names, text, why, &found);

    if (err)
        return err;
    s->quick |= presets[found].quick;
    if (!s->budget_given)
        s->budget_s = presets[found].budget_s;
    s->budget_given = true;
    return 0;
}

static error_t parse_sweep(int key, char *arg, struct argp_state *state)
{
    struct lb_why why = {""};

    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = state->input;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s': a sweep has no suites; scenarios go to --scenario", arg);
    return answer(key == KEY_PRESET ? set_preset(state->input, arg, &why)
                                    : parse_common(key, arg, state->input, &why),
                  &why);
}

static const char *handover_at(size_t i)
{
    return lb_handover_name((enum lb_handover)(LB_HANDOVER_PLAIN + i));
}

static int set_handover(struct settings *s, const char *text, struct lb_why *why)
{
    static const struct lb_names names = {"kind of hand-over", handover_at, 2, NULL};
    size_t found;
    int err = lb_name_find(&names, text, why, &found);

    if (!err)
        s->handover = (enum lb_handover)(LB_HANDOVER_PLAIN + found);
    return err;
}

/* What goes with one thing alone. */
static void check_show(const struct settings *s, struct argp_state *state)
{
    char list[LB_WHY_BYTES];

    if (!s->what)
        argp_error(state, "show what? %s", lb_names_list(s->things, list, sizeof list));
    if (s->trace && strcmp(s->what, "kernel") != 0)
        argp_error(state, "--trace goes with kernel, not with %s", s->what);
    if (s->expected && strcmp(s->what, "counters") != 0)
        argp_error(state, "--expected goes with counters, not with %s", s->what);
    if (!s->expected && (s->scenarios.n || s->handover != LB_HANDOVER_UNKNOWN))
        argp_error(state, "--scenario and --handover go with counters --expected");
}

static error_t parse_show(int key, char *arg, struct argp_state *state)
{
    struct settings *s = state->input;
    struct lb_why why = {""};

    if (key == ARGP_KEY_ARG) {
        if (s->what)
            argp_error(state, "one thing at a time: '%s' or '%s'", s->what, arg);
        s->what = arg;
        return 0;
    }
    if (key == KEY_TRACE || key == KEY_EXPECTED) {
        *(key == KEY_TRACE ? &s->trace : &s->expected) = true;
        return 0;
    }
    if (key == KEY_HANDOVER)
        return answer(set_handover(s, arg, &why), &why);
    if (key == ARGP_KEY_END)
        check_show(s, state);
    return answer(parse_common(key, arg, s, &why), &why);
}

/* Google Benchmark's flags are not argp's: taken out before it looks. */
static int take_gbench_flags(int argc, char **argv, struct settings *s)
{
    int kept = 1;

    for (int i = 1; i < argc; i++) {
        if (lb_gbench_is_flag(argv[i]))
            list_add(&s->gbench, sizeof argv[i], &argv[i]);
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    return kept;
}

/* A text of argp's with what a table holds behind it. */
static char *append(const char *text, const char *what, const char *list)
{
    char *more;

    return asprintf(&more, "%s %s: %s.", text, what, list) < 0 ? NULL : more;
}

static char *run_help(int key, const char *text, void *input)
{
    char list[LB_WHY_BYTES];

    (void)input;
    return key == ARGP_KEY_HELP_PRE_DOC
               ? append(text, "Suites ('linebounce show suites' says what each asks)",
                        lb_names_list(&suite_names, list, sizeof list))
               : (char *)(uintptr_t)text;
}

static char *show_help(int key, const char *text, void *input)
{
    const struct settings *s = input;
    char list[LB_WHY_BYTES];

    return key == ARGP_KEY_HELP_PRE_DOC && s
               ? append(text, "WHAT is one of", lb_names_list(s->things, list, sizeof list))
               : (char *)(uintptr_t)text;
}

void settings_parse_run(int argc, char **argv, struct settings *s)
{
    static char name[] = "linebounce run"; /* in argp's messages */
    static const struct argp_child children[] = {
        {&output_argp, 0, "What is printed, and what scripts make of it:", 5}, {0}};
    static const struct argp argp = {
        run_options,
        parse_run,
        "[SUITE...]",
        "Measures suites (layouts unless told otherwise) and ends with their question, its answer "
        "and a folder of results.\vFlags of Google Benchmark (--benchmark_filter=REGEX, "
        "--benchmark_format=json, ...) switch the output to Google Benchmark's; numbers and rounds "
        "stay "
        "the same.\n\nExit status: 0 done, 1 something could not be measured, 2 wrong usage, 3 a "
        "layout of --fail-if costs, 4 not --require settled, 130 interrupted (rows are kept).",
        children,
        run_help,
        NULL};
    struct lb_why why = {""};
    int err;

    argc = take_gbench_flags(argc, argv, s);
    argv[0] = name;
    options_parse(&argp, argc, argv, 0, s);
    if (!s->suites.n)
        add_suite(s, "layouts", &why);
    if (s->budget_s <= 0)
        s->budget_s = s->quick ? QUICK_BUDGET_S : DEFAULT_BUDGET_S;
    if ((err = check_against(s, true, &why)) || (err = settings_complete(s, &why)))
        refuse(&why, err);
}

void settings_parse_sweep(int argc, char **argv, struct settings *s)
{
    static char name[] = "linebounce sweep";
    static const struct argp_option only_here[] = {
        {"resume", KEY_RESUME, "DIR", 0,
         "Go on where the sweep in DIR was stopped, with its options: nothing is measured twice",
         -1},
        {"verbose", KEY_VERBOSE, 0, 0, "Every placement and case of the plan, a line each", -1},
        {0},
    };
    static const struct argp own = {only_here, parse_own, NULL, NULL, NULL, NULL, NULL};
    static const struct argp_child children[] = {{&own, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        run_options,
        parse_sweep,
        NULL,
        "Measures every layout and scenario at every distance class and home of memory, and with "
        "1, 2, 3, 4, 6, 8, ... threads, close together and far apart, as far as this machine has "
        "them. --placement, --threads and --home limit it. The plan is printed first; --budget "
        "cuts it and says what it cost.\v"
        "A sweep that was interrupted, killed or lost its machine goes on with --resume DIR.\n\n"
        "Exit status: 0 done, 1 something could not be measured, 2 wrong usage, 130 "
        "interrupted (rows are kept).",
        children,
        NULL,
        NULL};
    struct lb_why why = {""};
    int err;

    argv[0] = name;
    options_parse(&argp, argc, argv, 0, s);
    if (!s->budget_given)
        s->budget_s = NAN; /* as long as the plan takes */
    if ((err = check_against(s, false, &why)) || (err = settings_complete(s, &why)))
        refuse(&why, err);
}

/* What only suggest has; what it finds by itself it does not take. */
static error_t parse_suggested(int key, char *arg, struct argp_state *state)
{
    struct settings *s = state->input;
    struct lb_why why = {""};

    switch (key) {
    case KEY_TOGETHER:
        s->suggest.together = arg;
        return 0;
    case KEY_FIRST:
        s->suggest.first = arg;
        return 0;
    case KEY_SIZE:
        return answer(set_bytes("size", arg, &why, &s->suggest.bytes_most), &why);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_suggest(int key, char *arg, struct argp_state *state)
{
    struct lb_why why = {""};

    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = state->child_inputs[1] = state->input;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s': a structure goes to --layout", arg);
    return answer(parse_common(key, arg, state->input, &why), &why);
}

/* Of run's options those that mean something to one structure. */
static const struct argp_option *suggest_options(void)
{
    static const int keys[] = {
        KEY_LAYOUT,       KEY_READ,    KEY_WRITE,    KEY_WRITE_HOW,  KEY_PRESET,
        KEY_LOCK,         KEY_C2C,     KEY_C2C_AT,   KEY_PUS,        KEY_PLACEMENT,
        KEY_THREADS,      KEY_WORK,    KEY_HOME,     KEY_EVENTS,     KEY_BUDGET,
        KEY_PRECISION,    KEY_ROUNDS,  KEY_SEED,     KEY_QUICK,      KEY_OUT,
        KEY_NO_PLOTS,     KEY_DRY_RUN, KEY_TOPOLOGY, KEY_PREFETCHER, KEY_SAMPLE_EVERY,
        KEY_COUNT_KERNEL,
    };
    static struct argp_option chosen[LB_COUNT(run_options)];
    size_t n = 0;

    for (const struct argp_option *o = run_options; o->name || o->doc; o++) {
        bool taken = !o->name; /* a heading */
        for (size_t i = 0; !taken && i < LB_COUNT(keys); i++)
            taken = o->key == keys[i];
        if (taken)
            chosen[n++] = *o;
    }
    return chosen;
}

void settings_parse_suggest(int argc, char **argv, struct settings *s)
{
    static char name[] = "linebounce suggest";
    static const struct argp_option only_here[] = {
        {"together", KEY_TOGETHER, "FIELDS", 0, "Fields that move as one, or not at all", 0},
        {"first", KEY_FIRST, "FIELD", 0, "The field at offset 0, which has to stay there", 0},
        {"size", KEY_SIZE, "BYTES", 0, "The structure may be as large as that (any size)", 0},
        {0},
    };
    static const struct argp own = {only_here, parse_suggested, NULL, NULL, NULL, NULL, NULL};
    static const struct argp_child children[] = {
        {&own, 0, "What a move may do:", 2},
        {&output_argp, 0, "What is printed, and what scripts make of it:", 5},
        {0}};
    static struct argp argp = {
        NULL,
        parse_suggest,
        NULL,
        "Ranks moves of a structure's fields that part what some threads read (--read) from what "
        "others write (--write): one field or all that are read or written, to a free place, in "
        "exchange with members that neither touches, or to a line of its own; padding; another "
        "alignment. Ranked are they by lines and pairs of lines in common and by memory, which is "
        "a model; the best three are measured as suite whatif measures them, and what a move buys "
        "is what was measured of it.\v"
        "--dry-run prints the ranking alone.\n\nExit status: 0 done, also where no move buys "
        "anything, 1 something could not be measured, 2 wrong usage, 130 interrupted.",
        children,
        NULL,
        NULL};
    struct lb_why why = {""};
    int err;

    argv[0] = name;
    argp.options = suggest_options();
    options_parse(&argp, argc, argv, 0, s);
    if (s->budget_s <= 0)
        s->budget_s = s->quick ? QUICK_BUDGET_S : DEFAULT_BUDGET_S;
    if ((err = settings_complete(s, &why)))
        refuse(&why, err);
}

void settings_parse_again(int argc, char **argv, struct settings *s)
{
    s->again = true;
    s->renewed = 0;
    settings_parse_sweep(argc, argv, s);
    s->again = false;
}

void settings_parse_show(int argc, char **argv, const struct lb_names *things, struct settings *s)
{
    static char name[] = "linebounce show";
    static const struct argp argp = {
        show_options,
        parse_show,
        "WHAT",
        "Prints what the program knows: of this machine, of another (--topology), or of itself.",
        NULL,
        show_help,
        NULL};
    struct lb_why why = {""};
    int err;

    argv[0] = name;
    s->things = things;
    options_parse(&argp, argc, argv, 0, s);
    /* A structure needs neither lock nor fields. */
    if (strcmp(s->what, "structure") != 0 && (err = settings_settle_layouts(s, &why)))
        refuse(&why, err);
}
