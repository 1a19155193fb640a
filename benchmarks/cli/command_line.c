/* SPDX-License-Identifier: MIT
 *
 * The options of `run`, `sweep` and `suggest`, and what each sets.
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

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values -------------------------------------------------------------------------------------- */

static int set_writers(const struct option_row *o, const char *value, void *input,
                       struct lb_why *why)
{
    (void)o;
    return lb_writers_parse(value, why, &((struct settings *)input)->writers);
}

static int set_generation(const struct option_row *o, const char *value, void *input,
                          struct lb_why *why)
{
    (void)o;
    return lb_generation_find(value, why, &((struct settings *)input)->generation);
}

static int set_memory(const struct option_row *o, const char *value, void *input,
                      struct lb_why *why)
{
    (void)o;
    return lb_memory_parse(value, why, &((struct settings *)input)->memory_bytes);
}

static int set_budget(const struct option_row *o, const char *value, void *input,
                      struct lb_why *why)
{
    (void)o;
    return value_time(value, why, &((struct settings *)input)->budget_s);
}

static int set_atomics(const struct option_row *o, const char *value, void *input,
                       struct lb_why *why)
{
    (void)o, (void)input;
    return lb_atomics_choose(value, why);
}

static int set_write_how(const struct option_row *o, const char *value, void *input,
                         struct lb_why *why)
{
    enum lb_how how;
    int err = lb_how_parse(value, why, &how);

    (void)o;
    if (!err)
        ((struct settings *)input)->whatif.write_how = (int)how;
    return err;
}

static int set_baseline(const struct option_row *o, const char *value, void *input,
                        struct lb_why *why)
{
    struct settings *s = input;
    uint64_t offset = 0;
    int err = 0;

    (void)o;
    if (!strncmp(value, "apart-", 6))
        err = value_whole("baseline=apart-N", value + 6, 8, LB_OFFSET_MOST, why, &offset);
    s->baseline = value;
    s->base_offset = (size_t)offset;
    return err;
}

static int set_twin_slow(const struct option_row *o, const char *value, void *input,
                         struct lb_why *why)
{
    struct settings *s = input;
    double percent = 0;
    int err = value_number(o->name, value, 0, why, &percent);

    s->twin_slow = percent / 100;
    s->twins = true;
    return err;
}

/* Sweeps that many machines get alike. */
static const struct {
    const char *name;
    double budget_s;
    bool quick;
} presets[] = {{"smoke", 60, true}, {"overnight", 8 * 3600.0, false}};

static int set_preset(const struct option_row *o, const char *value, void *input,
                      struct lb_why *why)
{
    static const struct lb_names names = {LB_NAMES_OF("preset of a sweep", presets, name)};
    struct settings *s = input;
    size_t found;
    int err;

    if (!s->is_sweep)
        return option_list(o, value, input, why);
    if ((err = lb_name_find(&names, value, why, &found)))
        return err;
    s->quick |= presets[found].quick;
    if (!s->budget_given)
        s->budget_s = presets[found].budget_s;
    s->budget_given = true;
    return 0;
}

static const char *const on_off[] = {"on", "off"};
static const struct lb_names prefetchers = {LB_NAMES_IN("state of the prefetcher", on_off)};

/* Options ------------------------------------------------------------------------------------- */

#define LIST          option_list, .at = 0
#define AT(MEMBER)    OPTION_AT(struct settings, MEMBER)
#define GIVEN(MEMBER) .given = offsetof(struct settings, MEMBER)
#define WHATIF        GIVEN(whatif_given)
#define BYTES         .least = 1, .most = LB_STRUCTURE_BYTES_MOST

static const struct option_row run_options[] = {
    {.doc = "What is measured (lists are comma-separated):", .group = 1},
    {"layout", 'l', "LIST",
     "Layouts; one of your own: NAME:size=256,align=64,lock=192,seq=40; or of a structure that BTF "
     "or DWARF describes: btf:vm_area_struct, btf:FILE:STRUCT,hot=MEMBER+MEMBER, "
     "dwarf:PROGRAM:STRUCT,hot=...",
     LIST},
    {"lock", 'k', "LIST", "Lock kinds in place of each layout's own", LIST},
    {"scenario", 's', "LIST", "Scenarios (see: linebounce show scenarios)", LIST},
    {"placement", 'p', "LIST", "closest, smt, l2, l3, package, remote, compact, scatter", LIST},
    {"pus", 0, "LIST", "CPUs by the kernel's numbers, in place of a placement: 0,1", option_text,
     AT(pus)},
    {"threads", 't', "LIST", "Numbers of threads (run: 2; sweep: 1, 2, 3, 4, 6, ... all)", LIST},
    {"write-every", 0, "TIME",
     "Each writer in mixed begins a write so often, +-50 %, whatever writes take (20us)",
     option_span, AT(write_every_ns), GIVEN(write_every_given), .least = LB_WRITE_EVERY_LEAST_NS,
     .most = LB_WRITE_EVERY_MOST_NS},
    {"writers", 0, "N|N%",
     "Writers in mixed: threads, or a share of all ops; without --write-every they write back to "
     "back (1, paced)",
     set_writers, GIVEN(writers_given)},
    {"observe-every", 0, "TIME|none",
     "Each thread in observer begins an op so often (the pause and 200 ns), or after its pause",
     option_span, AT(observe_every_ns), GIVEN(observe_every_given),
     .least = LB_OBSERVE_EVERY_LEAST_NS, .most = LB_OBSERVE_EVERY_MOST_NS, .none = true},
    {"generation", 0, "NAME",
     "Kernels by whose rules VMAs are locked: 6.4, 6.14, 6.17, ... (each layout's own)",
     set_generation, AT(generation)},
    {"mm", 0, "FORM",
     "How the address space's words lie: kernel, or separate, each on lines of its own (kernel)",
     option_word, AT(mm_form), .words = &lb_mm_form_names},
    {"work-ns", 'w', "LIST", "Pauses between ops (200,0); 0 is saturated throughput", LIST},
    {"objects", 0, "LIST", "Objects in many (100000)", LIST},
    {"offset", 0, "LIST", "Bytes from word to word (8 to 512) in offset and arrays", LIST},
    {"home", 0, "LIST",
     "Where memory lies: local, remote, interleaved, other-kind (run: local; sweep: all)", LIST},
    {"memory", 0, "SIZE",
     "What faults may take at once, as 512M or 4G (a quarter of what is left, at most 4G)",
     set_memory, GIVEN(memory_given)},
    {"all-pairs", 0, NULL,
     "pingpong: every pair of CPUs, also beyond the budget (one per symmetry class when all do not "
     "fit)",
     option_flag, AT(all_pairs)},
    {"atomics", 0, "KIND",
     "How locks change their words, where a machine has a choice: lse or llsc on arm64 (lse where "
     "the processor has it)",
     set_atomics, .at = 0},
    {"prefetcher", 0, "on|off",
     "Set the adjacent-line prefetcher for the run (Intel, root); it is restored in any case",
     option_name, AT(prefetcher), .words = &prefetchers},
    {"access", 0, "LIST", "Picks in many: shared- or private-, uniform or zipf", LIST},
    {"baseline", 0, "LAYOUT", "What the others are compared to (pointer)", set_baseline,
     GIVEN(baseline_given)},
    {.doc = "A structure, in suite whatif:", .group = 2},
    {"read", 0, "FIELDS",
     "Fields of a structure (--layout btf:..., dwarf:...) that half the threads read", option_text,
     AT(whatif.read), WHATIF},
    {"write", 0, "FIELDS", "Fields that the other half writes", option_text, AT(whatif.write),
     WHATIF},
    {"write-how", 0, "HOW",
     "Store, increment, add or cas; or take, lock or share a lock (take for locks, add for "
     "atomics, else store)",
     set_write_how, WHATIF},
    {"c2c", 0, "FILE",
     "Take what is read and written from perf c2c report --stdio: of its hottest line", option_text,
     AT(c2c_file), WHATIF},
    {"c2c-at", 0, "BYTES", "Where that line begins in the structure (the one place that fits)",
     option_whole, AT(whatif.line_at), WHATIF, .most = LB_STRUCTURE_BYTES_MOST},
    {"move", 0, "FIELD=N,...", "Compare with these fields at offset N", option_text,
     AT(whatif.move), WHATIF},
    {"align", 0, "BYTES", "Compare with objects aligned so", option_whole, AT(whatif.align_bytes),
     WHATIF, BYTES},
    {"size", 0, "BYTES", "Compare with objects of that size", option_whole, AT(whatif.bytes),
     WHATIF, BYTES},
    {"preset", 0, "LIST",
     "Moves that the kernel made: mmap_lock, page_counter, i_mmap, f_ref, dentry, "
     "mem_cgroup (all); of a sweep: smoke (a quick look in a minute) or overnight (8 h)",
     set_preset, .at = 0},
    {.doc = "What looks on (see: linebounce show counters):", .group = 3},
    {"events", 0, "LIST",
     "Count quantities (hitm_local), libpfm4's events (NAME:UMASK), writes to a word (bp:count), "
     "or none (all quantities that this machine has)",
     LIST},
    {"count-kernel", 0, NULL, "Count in the kernel too, where that is allowed", option_flag,
     AT(count_kernel)},
    {"sample-every", 0, "N|none",
     "Time one op in about N by itself (1021; 61 where it takes over 50 ns with its pause)",
     option_whole, AT(sample_every), .least = 1, .most = MOST_SAMPLE_EVERY, .none = true},
    {.doc = "How long and how well:", .group = 5},
    {"budget", 'b', "TIME",
     "Time for the whole run, as 90s or 30m (run: 90s; sweep: what its plan takes)", set_budget,
     GIVEN(budget_given)},
    {"precision", 0, "NS", "Half-width that is narrow enough (2)", option_number, AT(precision_ns),
     .least = 0.01},
    {"rounds", 0, "N", "So many rounds, in place of stopping when precise", option_whole,
     AT(rounds), .least = 1, .most = MOST_ROUNDS},
    {"seed", 0, "N", "Seed of order, memory and pauses (drawn, and recorded)", option_whole,
     AT(seed), GIVEN(seed_given), .most = MOST_NUMBER},
    {"quick", 'q', NULL, "A first look in 15 s: headline only, without mixed and writers",
     option_flag, AT(quick)},
    {"twins", 0, NULL, "Every layout twice: what this machine calls a difference", option_flag,
     AT(twins)},
    {"twin-slow", 0, "PERCENT", "Slow the twins' pause: a planted difference", set_twin_slow,
     AT(twin_slow)},
    {.doc = "Output:", .group = 6},
    {"out", 'o', "DIR", "Folder for the results (results/HOST/UTC-TIME)", option_text, AT(out)},
    {"against", 0, "PROGRAM",
     "Measure another build of linebounce and this one in turns (A B A B), then compare",
     option_text, AT(against)},
    {"runs", 0, "N", "... so many runs of each (3: the fewest that give verdicts)", option_whole,
     AT(runs), .least = 1, .most = MOST_RUNS},
    {"no-plots", 0, NULL, "Draw no pictures", option_flag, AT(no_plots)},
    {"dry-run", 'n', NULL, "Print the plan and its time, measure nothing", option_flag,
     AT(dry_run)},
    {"topology", 0, "FILE|TEXT", "Plan for another machine (hwloc XML or synthetic)", option_text,
     AT(topology)},
    {0},
};

/* Of these those that mean something to one structure. */
static const char *const suggest_takes[] = {
    "layout",  "read",      "write",      "write-how",    "preset",       "lock", "c2c",
    "c2c-at",  "pus",       "placement",  "threads",      "work-ns",      "home", "events",
    "budget",  "precision", "rounds",     "seed",         "quick",        "out",  "no-plots",
    "dry-run", "topology",  "prefetcher", "sample-every", "count-kernel", NULL};

static const struct option_row only_sweep[] = {
    {"resume", 0, "DIR",
     "Go on where the sweep in DIR was stopped, with its options: nothing is measured twice",
     option_text, AT(resume), .group = -1},
    {"verbose", 'v', NULL, "Every placement and case of the plan, a line each", option_flag,
     AT(verbose), .group = -1},
    {0},
};

/* What it finds by itself it does not take. */
static const struct option_row only_suggest[] = {
    {"together", 0, "FIELDS", "Fields that move as one, or not at all", option_text,
     AT(suggest.together)},
    {"first", 0, "FIELD", "The field at offset 0, which has to stay there", option_text,
     AT(suggest.first)},
    {"size", 0, "BYTES", "The structure may be as large as that (any size)", option_whole,
     AT(suggest.bytes_most), BYTES},
    {0},
};

/* Words --------------------------------------------------------------------------------------- */

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

static error_t run_words(int key, char *arg, struct argp_state *state, void *input)
{
    struct lb_why why = {""};
    int err;

    (void)state;
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if ((err = add_suite(input, arg, &why)))
        options_refuse(&why, err, "command line");
    return 0;
}

static error_t sweep_words(int key, char *arg, struct argp_state *state, void *input)
{
    (void)input;
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s': a sweep has no suites; scenarios go to --scenario", arg);
    return ARGP_ERR_UNKNOWN;
}

static error_t suggest_words(int key, char *arg, struct argp_state *state, void *input)
{
    (void)input;
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s': a structure goes to --layout", arg);
    return ARGP_ERR_UNKNOWN;
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

/* Commands ------------------------------------------------------------------------------------ */

/* A pair of programs is measured by `run` alone. */
static int check_against(struct settings *s, struct lb_why *why)
{
    if (s->against && s->is_sweep)
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

static void complete(struct settings *s)
{
    struct lb_why why = {""};
    int err = check_against(s, &why);

    if (err || (err = settings_complete(s, &why)))
        options_refuse(&why, err, "command line");
}

static void take_budget(struct settings *s)
{
    if (s->budget_s <= 0)
        s->budget_s = s->quick ? QUICK_BUDGET_S : DEFAULT_BUDGET_S;
}

#define WHAT_IS_PRINTED "What is printed, and what scripts make of it:"

void settings_parse_run(int argc, char **argv, struct settings *s)
{
    static const struct option_table tables[] = {
        {.rows = run_options},
        {.rows = output_options, .header = WHAT_IS_PRINTED, .group = 7, .shows_usage = true},
        {0}};
    static const struct command_line line = {
        .name = "linebounce run",
        .tables = tables,
        .words = run_words,
        .args = "[SUITE...]",
        .doc =
            "Measures suites (layouts unless told otherwise) and ends with their question, its "
            "answer "
            "and a folder of results.\vFlags of Google Benchmark (--benchmark_filter=REGEX, "
            "--benchmark_format=json, ...) switch the output to Google Benchmark's; numbers and "
            "rounds "
            "stay "
            "the same.\n\nExit status: 0 done, 1 something could not be measured, 2 wrong usage, 3 "
            "a "
            "layout of --fail-if costs, 4 not --require settled, 130 interrupted (rows are kept).",
        .choices = "Suites ('linebounce show suites' says what each asks)",
        .chosen = &suite_names};

    argc = take_gbench_flags(argc, argv, s);
    options_parse(&line, argc, argv, s);
    if (!s->suites.n)
        add_suite(s, "layouts", NULL);
    take_budget(s);
    complete(s);
}

void settings_parse_sweep(int argc, char **argv, struct settings *s)
{
    static const struct option_table tables[] = {{.rows = run_options}, {.rows = only_sweep}, {0}};
    static const struct command_line line = {
        .name = "linebounce sweep",
        .tables = tables,
        .words = sweep_words,
        .doc =
            "Measures every layout and scenario at every distance class and home of memory, and "
            "with "
            "1, 2, 3, 4, 6, 8, ... threads, close together and far apart, as far as this machine "
            "has "
            "them. --placement, --threads and --home limit it. The plan is printed first; --budget "
            "cuts it and says what it cost.\v"
            "A sweep that was interrupted, killed or lost its machine goes on with --resume "
            "DIR.\n\n"
            "Exit status: 0 done, 1 something could not be measured, 2 wrong usage, 130 "
            "interrupted (rows are kept).",
    };

    s->is_sweep = true;
    options_parse(&line, argc, argv, s);
    if (!s->budget_given)
        s->budget_s = NAN; /* as long as the plan takes */
    complete(s);
}

void settings_parse_again(int argc, char **argv, struct settings *s)
{
    s->again = true;
    s->renewed = 0;
    settings_parse_sweep(argc, argv, s);
    s->again = false;
}

void settings_parse_suggest(int argc, char **argv, struct settings *s)
{
    static const struct option_table tables[] = {
        {.rows = run_options, .only = suggest_takes},
        {.rows = only_suggest, .header = "What a move may do:", .group = 4},
        {.rows = output_options, .header = WHAT_IS_PRINTED, .group = 7, .shows_usage = true},
        {0}};
    static const struct command_line line = {
        .name = "linebounce suggest",
        .tables = tables,
        .words = suggest_words,
        .doc =
            "Ranks moves of a structure's fields that part what some threads read (--read) from "
            "what "
            "others write (--write): one field or all that are read or written, to a free place, "
            "in "
            "exchange with members that neither touches, or to a line of its own; padding; another "
            "alignment. Ranked are they by lines and pairs of lines in common and by memory, which "
            "is "
            "a model; the best three are measured as suite whatif measures them, and what a move "
            "buys "
            "is what was measured of it.\v"
            "--dry-run prints the ranking alone.\n\nExit status: 0 done, also where no move buys "
            "anything, 1 something could not be measured, 2 wrong usage, 130 interrupted.",
    };

    options_parse(&line, argc, argv, s);
    take_budget(s);
    complete(s);
}
