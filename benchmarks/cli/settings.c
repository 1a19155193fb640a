/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include "commands.h"
#include "options.h"
#include "suite.h"

#include <linebounce/gbench.h>
#include <linebounce/layout.h>
#include <linebounce/memory.h>
#include <linebounce/run.h>
#include <linebounce/topology.h>

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
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
    KEY_PUS = 256,
    KEY_WRITERS,
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
    KEY_ALIGN,
    KEY_SIZE,
    KEY_TRACE,
    KEY_MEMORY,
};

static const struct argp_option run_options[] = {
    {0, 0, 0, 0, "What is measured (lists are comma-separated):", 1},
    {"layout", KEY_LAYOUT, "LIST", 0,
     "Layouts; one of your own: NAME:size=256,align=64,lock=192,seq=40; or of a structure that BTF "
     "describes: btf:vm_area_struct, btf:FILE:STRUCT,hot=MEMBER+MEMBER",
     0},
    {"lock", KEY_LOCK, "LIST", 0, "Lock kinds in place of each layout's own", 0},
    {"scenario", KEY_SCENARIO, "LIST", 0, "Scenarios (see: linebounce show scenarios)", 0},
    {"placement", KEY_PLACEMENT, "LIST", 0,
     "closest, smt, l2, l3, package, remote, compact, scatter", 0},
    {"pus", KEY_PUS, "LIST", 0, "CPUs by the kernel's numbers, in place of a placement: 0,1", 0},
    {"threads", KEY_THREADS, "LIST", 0,
     "Numbers of threads (run: 2; sweep: 1, 2, 3, 4, 6, ... all)", 0},
    {"writers", KEY_WRITERS, "N|N%", 0, "Writers in mixed: threads, or a share of all ops (1)", 0},
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
    {"prefetcher", KEY_PREFETCHER, "on|off", 0,
     "Set the adjacent-line prefetcher for the run (Intel, root); it is restored in any case", 0},
    {"access", KEY_ACCESS, "LIST", 0, "Picks in many: shared- or private-, uniform or zipf", 0},
    {"read", KEY_READ, "FIELDS", 0,
     "whatif: fields of a structure from BTF (--layout btf:FILE:STRUCT) that half the threads read",
     0},
    {"write", KEY_WRITE, "FIELDS", 0, "whatif: fields that the other half writes", 0},
    {"write-how", KEY_WRITE_HOW, "HOW", 0,
     "whatif: store, increment or add (add for atomics and locks, else store)", 0},
    {"move", KEY_MOVE, "FIELD=N,...", 0, "whatif: compare with these fields at offset N", 0},
    {"align", KEY_ALIGN, "BYTES", 0, "whatif: ... with objects aligned so", 0},
    {"size", KEY_SIZE, "BYTES", 0, "whatif: ... of that size", 0},
    {"preset", KEY_PRESET, "LIST", 0,
     "Moves in whatif that the kernel made: mmap_lock, page_counter, i_mmap, f_ref (all)", 0},
    {"baseline", KEY_BASELINE, "LAYOUT", 0, "What the others are compared to (pointer)", 0},
    {0, 0, 0, 0, "What looks on (see: linebounce show counters):", 2},
    {"events", KEY_EVENTS, "LIST", 0,
     "Count roles (hitm_local), libpfm4's events (NAME:UMASK), writes to a word (bp:count), or "
     "none "
     "(all roles that this machine has)",
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
    {"trace", KEY_TRACE, 0, 0,
     "kernel: count real addresses of VMAs for 3 s too (root, bpftrace, a kernel with kprobes)", 0},
    {0},
};

void *list_add(struct list *list, size_t bytes, const void *value)
{
    char *more = realloc(list->at, (list->n + 1) * bytes);

    if (!more) {
        fputs("linebounce: out of memory\n", stderr);
        exit(1);
    }
    list->at = more;
    return memcpy(more + bytes * list->n++, value, bytes);
}

void settings_init(struct settings *s)
{
    memset(s, 0, sizeof *s);
    s->writers.threads = 1;
    s->baseline = LB_BASELINE;
    s->sample_every = LB_SAMPLE_AUTO;
    s->whatif.write_how = -1;
    s->precision_ns = DEFAULT_PRECISION_NS;
    s->margin = (struct lb_margin){LB_MARGIN_NS, LB_MARGIN_SHARE};
}

void settings_finish(struct settings *s)
{
    struct list *lists[] = {&s->suites,  &s->scenarios, &s->layouts, &s->locks,   &s->placements,
                            &s->threads, &s->works,     &s->objects, &s->access,  &s->offsets,
                            &s->homes,   &s->gbench,    &s->events,  &s->whatifs, &s->layout_texts};
    char **strings = s->strings.at;

    for (size_t i = 0; i < s->strings.n; i++)
        free(strings[i]);
    free(s->strings.at);
    for (size_t i = 0; i < s->structures.n; i++)
        lb_structure_destroy(((struct lb_structure **)s->structures.at)[i]);
    free(s->structures.at);
    for (size_t i = 0; i < LB_COUNT(lists); i++)
        free(lists[i]->at);
}

/* A power of two, so that a sweep that is gone on with finds the same although a little more or
 * less is left. */
static void complete_memory(struct settings *s)
{
    struct lb_memory memory;

    if (s->memory_given)
        return;
    lb_memory_read("", &memory);
    s->memory_bytes = DEFAULT_MEMORY_MOST;
    while (s->memory_bytes > memory.left_bytes / 4)
        s->memory_bytes /= 2;
}

int settings_check_memory(const struct settings *s, struct lb_why *why)
{
    struct lb_memory memory;

    if (!s->memory_given || s->dry_run)
        return 0;
    lb_memory_read("", &memory);
    return lb_memory_room(&memory, "--memory", s->memory_bytes, why);
}

static void __attribute__((noreturn)) refuse(const struct lb_why *why)
{
    fprintf(stderr, "linebounce: %s\n", why->text);
    exit(EXIT_USAGE);
}

/* What the library refused, or had no memory for. */
static void __attribute__((noreturn)) refuse_error(struct lb_why *why, int err, const char *doing)
{
    fprintf(stderr, "linebounce: %s\n", lb_explain(why, err, doing)->text);
    exit(err == -ENOMEM ? EXIT_NOT_MEASURED : EXIT_USAGE);
}

#define MOST_NUMBER  1e12
#define MOST_ROUNDS  1e9
#define MOST_THREADS 1e6
/* A gap of twice that is drawn in 32 bits. */
#define MOST_SAMPLE_EVERY 1e9

static double parse_number(const char *option, const char *text, double least)
{
    struct lb_why why = {""};
    char *end;
    double n = strtod(text, &end);

    if (end == text || *end || !(n >= least) || n > MOST_NUMBER) {
        lb_fail(&why, EINVAL, "--%s '%s': a number of at least %g is expected", option, text,
                least);
        refuse(&why);
    }
    return n;
}

/* Whole numbers that a double holds exactly. */
static uint64_t parse_whole(const char *option, const char *text, double least, double most)
{
    double n = parse_number(option, text, least);
    struct lb_why why = {""};

    if (n > most || n != (double)(uint64_t)n) {
        lb_fail(&why, EINVAL, "--%s '%s': a whole number up to %.0f is expected", option, text,
                most);
        refuse(&why);
    }
    return (uint64_t)n;
}

/* "90", "90s", "30m", "2h". */
static double parse_time(const char *text)
{
    struct lb_why why = {""};
    char *end;
    double n = strtod(text, &end);
    double unit = !*end || !strcmp(end, "s") ? 1
                  : !strcmp(end, "m")        ? 60
                  : !strcmp(end, "h")        ? 3600
                                             : 0;

    if (end == text || !(n > 0) || n > MOST_NUMBER || unit == 0) {
        lb_fail(&why, EINVAL, "--budget '%s': a time is expected, as 90s, 30m or 2h", text);
        refuse(&why);
    }
    return n * unit;
}

static void read_layout(struct settings *s, const char *text, struct lb_layout *layout)
{
    const struct lb_layout *known;
    struct lb_structure *structure;
    struct lb_why why = {""};
    int err;

    if (lb_layout_is_btf(text)) {
        if (!(err = lb_layout_read(text, &why, &structure, layout)))
            list_add(&s->structures, sizeof structure, &structure);
    } else if (strchr(text, ':')) {
        err = lb_layout_parse(text, &why, layout);
    } else if (!(err = lb_layout_find(text, &why, &known))) {
        *layout = *known;
    }
    if (err)
        refuse_error(&why, err, text);
}

static void add_layout_text(struct settings *s, const char *text)
{
    struct lb_why why = {""};

    if (!*text) {
        lb_fail(&why, EINVAL, "--layout: an empty item in the list");
        refuse(&why);
    }
    list_add(&s->layout_texts, sizeof text, &text);
}

static void add_layout(struct settings *s, const char *text)
{
    const struct lb_layout *others = s->layouts.at;
    struct lb_layout layout;
    struct lb_why why = {""};

    read_layout(s, text, &layout);
    for (size_t i = 0; i < s->layouts.n; i++)
        if ((layout.structure || others[i].structure) && !strcmp(others[i].name, layout.name)) {
            lb_fail(
                &why, EINVAL,
                "--layout %s: another layout is called %s: give one of them another name (name=)",
                text, layout.name);
            refuse(&why);
        }
    list_add(&s->layouts, sizeof layout, &layout);
}

static void add_scenario(struct settings *s, const char *text)
{
    const struct lb_scenario *scenario;
    struct lb_why why = {""};

    if (lb_scenario_find(text, &why, &scenario))
        refuse(&why);
    list_add(&s->scenarios, sizeof scenario, &scenario);
}

static void add_lock(struct settings *s, const char *text)
{
    enum lb_lock_kind kind;
    struct lb_why why = {""};

    if (lb_lock_parse(text, &why, &kind))
        refuse(&why);
    list_add(&s->locks, sizeof kind, &kind);
}

static void add_access(struct settings *s, const char *text)
{
    enum lb_picking access;
    struct lb_why why = {""};

    if (lb_picking_parse(text, &why, &access))
        refuse(&why);
    list_add(&s->access, sizeof access, &access);
}

static void add_placement(struct settings *s, const char *text)
{
    list_add(&s->placements, sizeof text, &text);
}

static void add_threads(struct settings *s, const char *text)
{
    int threads = (int)parse_whole("threads", text, 1, MOST_THREADS);

    list_add(&s->threads, sizeof threads, &threads);
}

static void add_work(struct settings *s, const char *text)
{
    double ns = parse_number("work-ns", text, 0);

    list_add(&s->works, sizeof ns, &ns);
}

static void add_offset(struct settings *s, const char *text)
{
    size_t n = (size_t)parse_whole("offset", text, 8, LB_OFFSET_MOST);

    list_add(&s->offsets, sizeof n, &n);
}

static void add_preset(struct settings *s, const char *text)
{
    const struct whatif *preset;
    struct lb_why why = {""};

    if (whatif_find(text, &why, &preset))
        refuse(&why);
    list_add(&s->whatifs, sizeof *preset, preset);
}

static void add_home(struct settings *s, const char *text)
{
    enum lb_home home;
    struct lb_why why = {""};

    if (lb_home_parse(text, &why, &home))
        refuse(&why);
    list_add(&s->homes, sizeof home, &home);
}

static void add_objects(struct settings *s, const char *text)
{
    size_t n = (size_t)parse_whole("objects", text, 1, MOST_NUMBER);

    list_add(&s->objects, sizeof n, &n);
}

static bool is_same_event(const struct lb_event *a, const struct lb_event *b, const char *name)
{
    if (a->kind == LB_EVENT_WATCH && b->kind == LB_EVENT_WATCH && !*a->absent)
        return !strcmp(lb_word_name(&a->word), lb_word_name(&b->word)) &&
               a->watch_reads == b->watch_reads;
    return !strcmp(a->name, name);
}

/* What this machine cannot count is left out with the reason, as a run on other machines may have
 * it; a name that nobody knows is a mistake. */
static void add_event(struct settings *s, const char *text)
{
    static struct lb_microarchitecture here;
    struct lb_event e = {.role = -1};
    struct lb_why why = {""};
    int err;

    if (s->events_none || (s->events_given && !strcmp(text, "none"))) {
        lb_fail(&why, EINVAL, "--events: none goes alone");
        refuse(&why);
    }
    s->events_given = true;
    s->events_none = !strcmp(text, "none");
    if (s->events_none)
        return;
    if (!*here.name)
        lb_events_here(&here);
    err = lb_event_parse(text, &here, &why, &e);
    if (err && (err != -ENOTSUP || strncmp(text, "bp:", 3)))
        refuse_error(&why, err, text);
    for (size_t i = 0; i < s->events.n; i++)
        if (is_same_event(&((const struct lb_event *)s->events.at)[i], &e, text)) {
            lb_fail(&why, EINVAL, "--events: %s is named twice", text);
            refuse(&why);
        }
    if (err) {
        snprintf(e.name, sizeof e.name, "%s", text);
        snprintf(e.absent, sizeof e.absent, "%.199s", why.text);
    }
    list_add(&s->events, sizeof e, &e);
}

/* Splits at commas; an empty item is refused. The copy lives as long as the settings. */
static void each(struct settings *s, const char *option, const char *text,
                 void (*add)(struct settings *, const char *))
{
    char *copy = strdup(text), *item;
    struct lb_why why = {""};

    if (!copy)
        refuse_error(&why, -ENOMEM, option);
    list_add(&s->strings, sizeof copy, &copy);
    while ((item = strsep(&copy, ","))) {
        if (!*item) {
            lb_fail(&why, EINVAL, "--%s '%s': an empty item in the list", option, text);
            refuse(&why);
        }
        add(s, item);
    }
}

/* Layouts of the user's own hold commas themselves: "pointer,btf:FILE:STRUCT,hot=a,padded" parts
 * where another colon stands before "=", and before the name of a built-in. */
static bool begins_layout(const char *item)
{
    const struct lb_layout *known;
    char name[LB_LAYOUT_NAME_BYTES];
    size_t n = strcspn(item, ",");

    if (memchr(item, ':', n) && !memchr(item, '=', strcspn(item, ":")))
        return true;
    snprintf(name, sizeof name, "%.*s", (int)n, item);
    return n < sizeof name && !lb_layout_find(name, NULL, &known);
}

static void each_layout(struct settings *s, const char *text)
{
    char *copy = strdup(text), *item = copy, *comma;
    struct lb_why why = {""};

    if (!copy)
        refuse_error(&why, -ENOMEM, "layout");
    list_add(&s->strings, sizeof copy, &copy);
    for (comma = strchr(copy, ','); comma; comma = strchr(comma + 1, ',')) {
        if (memchr(item, ':', (size_t)(comma - item)) && !begins_layout(comma + 1))
            continue;
        *comma = '\0';
        add_layout_text(s, item);
        item = comma + 1;
    }
    add_layout_text(s, item);
}

/* The first of a list's options in a second command line takes the place of the first one's. */
static void renew(struct settings *s, int which, struct list *list)
{
    if (s->again && !(s->renewed >> which & 1))
        list->n = 0;
    s->renewed |= UINT64_C(1) << which;
}

static void add_suite(struct settings *s, const char *text)
{
    const struct suite *suite;
    struct lb_why why = {""};

    if (suite_find(text, &why, &suite))
        refuse(&why);
    for (size_t i = 0; i < s->suites.n; i++)
        if (((const struct suite *const *)s->suites.at)[i] == suite) {
            lb_fail(&why, EINVAL, "suite %s: named twice", text);
            refuse(&why);
        }
    list_add(&s->suites, sizeof suite, &suite);
}

/* Options with a list. */
static const struct {
    int key;
    const char *name;
    void (*add)(struct settings *, const char *);
    size_t list; /* where in struct settings */
} lists[] = {
#define LIST(MEMBER) offsetof(struct settings, MEMBER)
    {KEY_LOCK, "lock", add_lock, LIST(locks)},
    {KEY_SCENARIO, "scenario", add_scenario, LIST(scenarios)},
    {KEY_PLACEMENT, "placement", add_placement, LIST(placements)},
    {KEY_THREADS, "threads", add_threads, LIST(threads)},
    {KEY_WORK, "work-ns", add_work, LIST(works)},
    {KEY_OBJECTS, "objects", add_objects, LIST(objects)},
    {KEY_ACCESS, "access", add_access, LIST(access)},
    {KEY_OFFSET, "offset", add_offset, LIST(offsets)},
    {KEY_HOME, "home", add_home, LIST(homes)},
    {KEY_PRESET, "preset", add_preset, LIST(whatifs)},
    {KEY_EVENTS, "events", add_event, LIST(events)},
    {KEY_LAYOUT, "layout", add_layout_text, LIST(layout_texts)},
#undef LIST
};

static const char *state_at(size_t i)
{
    return i ? "off" : "on";
}

static void set_prefetcher(struct settings *s, const char *text)
{
    static const struct lb_names states = {"state of the prefetcher", state_at, 2, NULL};
    struct lb_why why = {""};
    size_t found;

    if (lb_name_find(&states, text, &why, &found))
        refuse(&why);
    s->prefetcher = text;
}

static void set_baseline(struct settings *s, const char *text)
{
    s->baseline = text;
    s->baseline_given = true;
    s->base_offset = strncmp(text, "apart-", 6)
                         ? 0
                         : (size_t)parse_whole("baseline=apart-N", text + 6, 8, LB_OFFSET_MOST);
}

static error_t parse_single(int key, char *arg, struct settings *s)
{
    struct lb_why why = {""};

    switch (key) {
    case KEY_PUS:
        s->pus = arg;
        return 0;
    case KEY_WRITERS:
        if (lb_writers_parse(arg, &why, &s->writers))
            refuse(&why);
        return 0;
    case KEY_BASELINE:
        set_baseline(s, arg);
        return 0;
    case KEY_BUDGET:
        s->budget_s = parse_time(arg);
        s->budget_given = true;
        return 0;
    case KEY_PRECISION:
        s->precision_ns = parse_number("precision", arg, 0.01);
        return 0;
    case KEY_ROUNDS:
        s->rounds = (unsigned)parse_whole("rounds", arg, 1, MOST_ROUNDS);
        return 0;
    case KEY_SEED:
        s->seed = parse_whole("seed", arg, 0, MOST_NUMBER);
        s->seed_given = true;
        return 0;
    case KEY_SAMPLE_EVERY:
        s->sample_every =
            strcmp(arg, "none") ? parse_whole("sample-every", arg, 1, MOST_SAMPLE_EVERY) : 0;
        return 0;
    case KEY_TWIN_SLOW:
        s->twin_slow = parse_number("twin-slow", arg, 0) / 100;
        s->twins = true;
        return 0;
    case KEY_OUT:
        s->out = arg;
        return 0;
    case KEY_MEMORY:
        if (lb_memory_parse(arg, &why, &s->memory_bytes))
            refuse(&why);
        s->memory_given = true;
        return 0;
    case KEY_PREFETCHER:
        set_prefetcher(s, arg);
        return 0;
    case KEY_TOPOLOGY:
        s->topology = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_flag(int key, struct settings *s)
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

static size_t parse_bytes(const char *option, const char *text)
{
    return (size_t)parse_whole(option, text, 1, LB_STRUCTURE_BYTES_MOST);
}

/* Of suite whatif. */
static error_t parse_whatif(int key, char *arg, struct settings *s)
{
    struct whatif_options *o = &s->whatif;
    enum lb_how how;
    struct lb_why why = {""};

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
    case KEY_ALIGN:
        o->align_bytes = parse_bytes("align", arg);
        break;
    case KEY_SIZE:
        o->bytes = parse_bytes("size", arg);
        break;
    case KEY_WRITE_HOW:
        if (lb_how_parse(arg, &why, &how))
            refuse(&why);
        o->write_how = (int)how;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    s->whatif_given = true;
    return 0;
}

static error_t parse_common(int key, char *arg, struct settings *s)
{
    for (size_t i = 0; i < LB_COUNT(lists); i++) {
        if (key != lists[i].key)
            continue;
        if (s->again && key == KEY_EVENTS && !(s->renewed >> i & 1))
            s->events_given = s->events_none = false;
        renew(s, (int)i, (struct list *)(void *)((char *)s + lists[i].list));
        if (key == KEY_LAYOUT)
            each_layout(s, arg);
        else
            each(s, lists[i].name, arg, lists[i].add);
        return 0;
    }
    return parse_flag(key, s) && parse_whatif(key, arg, s) ? parse_single(key, arg, s) : 0;
}

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
    if (key != ARGP_KEY_ARG)
        return parse_common(key, arg, state->input);
    add_suite(state->input, arg);
    return 0;
}

static error_t parse_sweep(int key, char *arg, struct argp_state *state)
{
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = state->input;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s': a sweep has no suites; scenarios go to --scenario", arg);
    return parse_common(key, arg, state->input);
}

static error_t parse_resume(int key, char *arg, struct argp_state *state)
{
    struct settings *s = state->input;

    if (key != KEY_RESUME)
        return ARGP_ERR_UNKNOWN;
    s->resume = arg;
    return 0;
}

static error_t parse_show(int key, char *arg, struct argp_state *state)
{
    struct settings *s = state->input;
    char list[LB_WHY_BYTES];

    if (key == ARGP_KEY_ARG) {
        if (s->what)
            argp_error(state, "one thing at a time: '%s' or '%s'", s->what, arg);
        s->what = arg;
        return 0;
    }
    if (key == KEY_TRACE) {
        s->trace = true;
        return 0;
    }
    if (key == ARGP_KEY_END && !s->what)
        argp_error(state, "show what? %s", show_things(list, sizeof list));
    if (key == ARGP_KEY_END && s->trace && strcmp(s->what, "kernel") != 0)
        argp_error(state, "--trace goes with kernel, not with %s", s->what);
    return parse_common(key, arg, s);
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

static bool has_suite(const struct settings *s, const struct suite *suite)
{
    const struct suite *const *list = s->suites.at;

    for (size_t i = 0; i < s->suites.n; i++)
        if (list[i] == suite)
            return true;
    return false;
}

static void add_whatif(struct settings *s, const char *text)
{
    struct lb_layout layouts[2];
    struct whatif w;
    struct lb_why why = {""};
    size_t n;

    int err = 0;

    if (!lb_layout_is_btf(text))
        err = lb_fail(&why, EINVAL,
                      "layout '%s': whatif takes structures from BTF: btf:FILE:STRUCT", text);
    else if (!(err = whatif_of_structure(text, &s->whatif, &why, &w)))
        err = whatif_layouts(&w, &why, layouts, &n);
    if (err)
        refuse_error(&why, err, text);
    list_add(&s->whatifs, sizeof w, &w);
}

/* Reads the layouts, now that it is known what they are for. In whatif a structure needs no lock.
 */
static void settle_layouts(struct settings *s)
{
    const char *const *texts = s->layout_texts.at;
    bool whatif = has_suite(s, &suite_whatif);
    struct lb_why why = {""};

    s->layouts.n = 0;
    for (size_t i = 0; i < s->layout_texts.n; i++) {
        if (whatif)
            add_whatif(s, texts[i]);
        else
            add_layout(s, texts[i]);
    }
    bool all = whatif && !s->whatif_given && !s->whatifs.n;
    for (size_t i = 0; all && i < n_whatif_presets; i++)
        list_add(&s->whatifs, sizeof whatif_presets[i], &whatif_presets[i]);
    if (whatif && s->whatif_given && !s->layout_texts.n)
        lb_fail(&why, EINVAL, "whatif: of which structure? --layout btf:FILE:STRUCT");
    else if (whatif && s->suites.n > 1 && s->layout_texts.n)
        lb_fail(&why, EINVAL,
                "whatif: its structures are for it alone: leave out the other suites");
    else
        return;
    refuse(&why);
}

/* The baseline is measured whether it was listed or not. */
static void complete_layouts(struct settings *s)
{
    const struct lb_layout *baseline;
    struct lb_layout *layouts = s->layouts.at;
    struct lb_why why = {""};

    if (s->base_offset) /* whether it is among those of the run is the suites' matter */
        return;
    if (!s->layouts.n && (!s->baseline_given || !lb_layout_find(s->baseline, &why, &baseline)))
        return;
    for (size_t i = 0; i < s->layouts.n; i++)
        if (!strcmp(layouts[i].name, s->baseline))
            return;
    if (lb_layout_find(s->baseline, &why, &baseline))
        refuse(&why);
    list_add(&s->layouts, sizeof *baseline, baseline);
    layouts = s->layouts.at;
    memmove(layouts + 1, layouts, (s->layouts.n - 1) * sizeof *layouts);
    layouts[0] = *baseline;
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
                        suite_list(list, sizeof list))
               : (char *)(uintptr_t)text;
}

static char *show_help(int key, const char *text, void *input)
{
    char list[LB_WHY_BYTES];

    (void)input;
    return key == ARGP_KEY_HELP_PRE_DOC
               ? append(text, "WHAT is one of", show_things(list, sizeof list))
               : (char *)(uintptr_t)text;
}

void settings_parse_run(int argc, char **argv, struct settings *s)
{
    static char name[] = "linebounce run"; /* in argp's messages */
    static const struct argp argp = {
        run_options,
        parse_run,
        "[SUITE...]",
        "Measures suites (layouts unless told otherwise) and ends with a table, a verdict per "
        "scenario and a folder of results.\vFlags of Google Benchmark (--benchmark_filter=REGEX, "
        "--benchmark_format=json, ...) switch the output to Google Benchmark's; numbers and rounds "
        "stay "
        "the same.\n\nExit status: 0 done, 1 something could not be measured, 2 wrong usage, 130 "
        "interrupted (rows are kept).",
        NULL,
        run_help,
        NULL};

    argc = take_gbench_flags(argc, argv, s);
    argv[0] = name;
    options_parse(&argp, argc, argv, 0, s);
    if (!s->suites.n)
        add_suite(s, "layouts");
    if (s->budget_s <= 0)
        s->budget_s = s->quick ? QUICK_BUDGET_S : DEFAULT_BUDGET_S;
    settle_layouts(s);
    complete_layouts(s);
    complete_memory(s);
}

void settings_parse_sweep(int argc, char **argv, struct settings *s)
{
    static char name[] = "linebounce sweep";
    static const struct argp_option only_here[] = {
        {"resume", KEY_RESUME, "DIR", 0,
         "Go on where the sweep in DIR was stopped, with its options: nothing is measured twice",
         -1},
        {0},
    };
    static const struct argp own = {only_here, parse_resume, NULL, NULL, NULL, NULL, NULL};
    static const struct argp_child children[] = {{&own, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        run_options,
        parse_sweep,
        NULL,
        "Measures every layout and scenario at every distance class and home of memory, and with "
        "1, 2, 3, 4, 6, 8, ... threads, close together and far apart, as far as this machine has "
        "them. --placement, --threads and --home limit it. The plan is printed first; --budget "
        "cuts "
        "it and says what it cost.\v"
        "A sweep that was interrupted, killed or lost its machine goes on with --resume DIR.\n\n"
        "Exit status: 0 done, 1 something could not be measured, 2 wrong usage, 130 "
        "interrupted (rows are kept).",
        children,
        NULL,
        NULL};

    argv[0] = name;
    options_parse(&argp, argc, argv, 0, s);
    if (!s->budget_given)
        s->budget_s = NAN; /* as long as the plan takes */
    settle_layouts(s);
    complete_layouts(s);
    complete_memory(s);
}

void settings_parse_again(int argc, char **argv, struct settings *s)
{
    s->again = true;
    s->renewed = 0;
    settings_parse_sweep(argc, argv, s);
    s->again = false;
}

void settings_parse_show(int argc, char **argv, struct settings *s)
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

    argv[0] = name;
    options_parse(&argp, argc, argv, 0, s);
    if (strcmp(s->what, "structure") != 0) /* which needs neither lock nor fields */
        settle_layouts(s);
}
