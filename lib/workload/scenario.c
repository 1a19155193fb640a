/* SPDX-License-Identifier: MIT */
#include <linebounce/scenario.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE_ROLE(OP) .roles = {{"all", OP}}, .n_roles = 1
#define TWO_ROLES(PLAYERS, FIRST, FIRST_OP, SECOND, SECOND_OP)                                     \
    .players = LB_PLAYERS_##PLAYERS, .roles = {{FIRST, FIRST_OP}, {SECOND, SECOND_OP}}, .n_roles = 2
#define WORDS(KIND, NAME, QUESTION, ...)                                                           \
    [LB_SCENARIO_##KIND] = {.kind = LB_SCENARIO_##KIND,                                            \
                            .name = NAME,                                                          \
                            .question = QUESTION,                                                  \
                            .uses_words = true,                                                    \
                            __VA_ARGS__}

/* Sleeping, page tables and what the allocator does now and then are part of a fault's cost. */
#define PAGES(KIND, NAME, QUESTION, ...)                                                           \
    [LB_SCENARIO_##KIND] = {.kind = LB_SCENARIO_##KIND,                                            \
                            .name = NAME,                                                          \
                            .question = QUESTION,                                                  \
                            .uses_pages = true,                                                    \
                            .blocks = true,                                                        \
                            __VA_ARGS__}

const struct lb_scenario lb_scenarios[LB_SCENARIOS] = {
    [LB_SCENARIO_SAME_OBJECT] = {.kind = LB_SCENARIO_SAME_OBJECT,
                                 .name = "same-object",
                                 .question =
                                     "many threads read-lock one object (pft: faults in one VMA)",
                                 ONE_ROLE(LB_OP_READ),
                                 .least_threads = 1,
                                 .uses_layout = true},
    [LB_SCENARIO_NEIGHBOURS] =
        {.kind = LB_SCENARIO_NEIGHBOURS,
         .name = "neighbours",
         .question = "thread i read-locks object i of a slab: do unrelated locks share a line?",
         ONE_ROLE(LB_OP_READ),
         .least_threads = 1,
         .uses_layout = true},
    [LB_SCENARIO_OBSERVER] =
        {.kind = LB_SCENARIO_OBSERVER,
         .name = "observer",
         .question = "half lock, half only read the fields: what does a lock do to its neighbours?",
         TWO_ROLES(FIRST_HALF, "lock", LB_OP_READ, "observe", LB_OP_OBSERVE),
         .least_threads = 2,
         .uses_layout = true},
    [LB_SCENARIO_MIXED] =
        {.kind = LB_SCENARIO_MIXED,
         .name = "mixed",
         .question = "readers against writers, with fallbacks to the address space's lock",
         TWO_ROLES(ALL_BUT_WRITERS, "reader", LB_OP_READ, "writer", LB_OP_WRITE),
         .least_threads = 2,
         .uses_layout = true,
         .blocks = true},
    [LB_SCENARIO_WRITERS] =
        {.kind = LB_SCENARIO_WRITERS,
         .name = "writers",
         .question = "all write-lock one object: count against owner, spinning against sleeping",
         ONE_ROLE(LB_OP_WRITER),
         .least_threads = 1,
         .uses_layout = true,
         .blocks = true},
    [LB_SCENARIO_NESTED] = {.kind = LB_SCENARIO_NESTED,
                            .name = "nested",
                            .question =
                                "all read-lock two neighbouring objects at once: one line or two?",
                            ONE_ROLE(LB_OP_NESTED),
                            .least_threads = 1,
                            .uses_layout = true},
    [LB_SCENARIO_MANY] = {.kind = LB_SCENARIO_MANY,
                          .name = "many",
                          .question =
                              "every op picks one of many objects: pointer chase and footprint",
                          ONE_ROLE(LB_OP_MANY),
                          .least_threads = 1,
                          .uses_layout = true,
                          .counts_objects = true},
    [LB_SCENARIO_EMPTY] = {.kind = LB_SCENARIO_EMPTY,
                           .name = "empty",
                           .question = "what the harness itself costs",
                           ONE_ROLE(LB_OP_EMPTY),
                           .least_threads = 1},
    [LB_SCENARIO_CONTROL_SHARED] = {.kind = LB_SCENARIO_CONTROL_SHARED,
                                    .name = "control-shared",
                                    .question =
                                        "positive control: adds to neighbouring words of one line",
                                    ONE_ROLE(LB_OP_ADD),
                                    .least_threads = 1,
                                    .internal = true},
    [LB_SCENARIO_CONTROL_APART] = {.kind = LB_SCENARIO_CONTROL_APART,
                                   .name = "control-apart",
                                   .question = "negative control: the same words 256 bytes apart",
                                   ONE_ROLE(LB_OP_ADD),
                                   .least_threads = 1,
                                   .internal = true},
    [LB_SCENARIO_UNCONTENDED] =
        {.kind = LB_SCENARIO_UNCONTENDED,
         .name = "uncontended",
         .question = "each thread read-locks and unlocks an object of its own, and nothing else",
         ONE_ROLE(LB_OP_ALONE),
         .least_threads = 1,
         .uses_layout = true,
         .internal = true},
    [LB_SCENARIO_STRAIGHT] =
        {.kind = LB_SCENARIO_STRAIGHT,
         .name = "straight-line",
         .question = "the instructions of an uncontended rwsem read, without its decisions",
         ONE_ROLE(LB_OP_STRAIGHT),
         .least_threads = 1,
         .internal = true},
    [LB_SCENARIO_ADDS] = {.kind = LB_SCENARIO_ADDS,
                          .name = "adds-and-store",
                          .question = "two locked adds and a store: the least a read lock can cost",
                          ONE_ROLE(LB_OP_ADDS),
                          .least_threads = 1,
                          .internal = true},
    WORDS(STORE, "store", "each thread stores to a word of its own", ONE_ROLE(LB_OP_STORE),
          .least_threads = 1),
    WORDS(LOAD, "load", "each thread loads a word of its own: nobody writes", ONE_ROLE(LB_OP_LOAD),
          .least_threads = 1),
    WORDS(INCREMENT, "increment", "each thread increments a word of its own, by load and store",
          ONE_ROLE(LB_OP_INCREMENT), .least_threads = 1),
    WORDS(FETCH_ADD, "fetch-add", "each thread adds to a word of its own by fetch_add",
          ONE_ROLE(LB_OP_ADD), .least_threads = 1),
    WORDS(CAS, "compare-and-swap", "each thread swaps a word of its own by compare-and-swap",
          ONE_ROLE(LB_OP_CAS), .least_threads = 1),
    WORDS(READ_WRITE, "read-write", "half only read their words, half only write theirs",
          TWO_ROLES(FIRST_HALF, "read", LB_OP_LOAD, "write", LB_OP_STORE), .least_threads = 2),
    WORDS(COUNTERS, "counters", "an array of per-thread counters: each thread increments its own",
          ONE_ROLE(LB_OP_INCREMENT), .least_threads = 1),
    WORDS(COUNTERS_SUM, "counters-sum", "per-thread counters, and one thread that adds them up",
          TWO_ROLES(ALL_BUT_LAST, "count", LB_OP_INCREMENT, "sum", LB_OP_SUM), .least_threads = 2),
    WORDS(RING, "ring", "one thread pushes into a ring, one pops: where do head and tail lie?",
          TWO_ROLES(ALL_BUT_LAST, "push", LB_OP_PUSH, "pop", LB_OP_POP), .least_threads = 2,
          .most_threads = 2),
    WORDS(GUARDED, "guarded", "all take one lock and increment the data that lies behind it",
          ONE_ROLE(LB_OP_GUARDED), .least_threads = 1, .uses_lock = true, .blocks = true),
    [LB_SCENARIO_CHURN_SLAB] = {.kind = LB_SCENARIO_CHURN_SLAB,
                                .name = "churn-slab",
                                .question =
                                    "each thread frees and allocates objects with their locks: "
                                    "a slab's free lists",
                                ONE_ROLE(LB_OP_CHURN_SLAB),
                                .least_threads = 1,
                                .uses_layout = true,
                                .counts_objects = true},
    [LB_SCENARIO_CHURN_MALLOC] = {.kind = LB_SCENARIO_CHURN_MALLOC,
                                  .name = "churn-malloc",
                                  .question = "the same with the C library's malloc and free",
                                  ONE_ROLE(LB_OP_CHURN_MALLOC),
                                  .least_threads = 1,
                                  .uses_layout = true,
                                  .blocks = true, /* what the heap does now and then is its cost */
                                  .counts_objects = true},
    [LB_SCENARIO_WHATIF] = {.kind = LB_SCENARIO_WHATIF,
                            .name = "whatif",
                            .question = "half read some fields of one object, half write others: "
                                        "what does it cost that they lie so?",
                            TWO_ROLES(FIRST_HALF, "read", LB_OP_OBSERVE, "write", LB_OP_STORE),
                            .least_threads = 2,
                            .uses_layout = true},
    PAGES(PFT, "pft", "all threads fault pages of one mapping, each its own part",
          ONE_ROLE(LB_OP_TOUCH), .least_threads = 1),
    PAGES(PRIVATE, "private", "each thread faults pages of a mapping of its own",
          ONE_ROLE(LB_OP_TOUCH), .least_threads = 1),
    PAGES(MAP, "map", "each thread maps 128 MiB, faults every page and unmaps (page_fault1)",
          ONE_ROLE(LB_OP_TOUCH_REMAP), .least_threads = 1),
    PAGES(FILE_PRIVATE, "file-private",
          "the same on a private mapping of a memory file: copies (page_fault2)",
          ONE_ROLE(LB_OP_TOUCH_REMAP), .least_threads = 1),
    PAGES(FILE_SHARED, "file-shared", "the same on a shared mapping of it (page_fault3)",
          ONE_ROLE(LB_OP_TOUCH_REMAP), .least_threads = 1),
    PAGES(MAPPER, "mapper", "each thread maps and unmaps 128 MiB, and nothing else (mmap1)",
          ONE_ROLE(LB_OP_MAP), .least_threads = 1),
    PAGES(FAULT_MAP, "fault-map", "threads fault while one maps and unmaps beside them",
          TWO_ROLES(ALL_BUT_LAST, "fault", LB_OP_TOUCH, "map", LB_OP_MAP), .least_threads = 2),
    PAGES(FAULT_PROTECT, "fault-protect",
          "threads fault while one changes the protection of a strip of their mapping",
          TWO_ROLES(ALL_BUT_LAST, "fault", LB_OP_TOUCH, "protect", LB_OP_PROTECT),
          .least_threads = 2),
    PAGES(FAULT_BARE, "fault-bare", "pft in a plain loop: what the crew's own loop adds",
          ONE_ROLE(LB_OP_TOUCH_BARE), .least_threads = 1, .internal = true),
};

const char *lb_touch_name(enum lb_touch touch)
{
    static const char *const names[LB_TOUCHES] = {"recycled", "first"};

    return names[touch];
}

static const char *name_at(size_t i)
{
    return lb_scenarios[i].internal ? NULL : lb_scenarios[i].name;
}

int lb_scenario_find(const char *name, struct lb_why *why, const struct lb_scenario **scenario)
{
    static const struct lb_names names = {"scenario", name_at, LB_SCENARIOS, NULL};
    size_t found;
    int err = lb_name_find(&names, name, why, &found);

    if (!err)
        *scenario = &lb_scenarios[found];
    return err;
}

int lb_writers_parse(const char *text, struct lb_why *why, struct lb_writers *writers)
{
    char *end;
    double n;

    errno = 0;
    n = strtod(text, &end);
    if (end == text || errno || n <= 0)
        return lb_fail(why, EINVAL, "writers '%s': a number of threads (1) or a share of ops (5%%)",
                       text);
    if (!strcmp(end, "%") && n <= 100) {
        *writers = (struct lb_writers){0, n / 100};
        return 0;
    }
    if (*end || !(n <= INT_MAX) || n != (int)n)
        return lb_fail(why, EINVAL, "writers '%s': a whole number of threads, or 0 to 100 %%",
                       text);
    *writers = (struct lb_writers){(int)n, 0};
    return 0;
}

int lb_scenario_role(const struct lb_scenario *scenario, const struct lb_writers *writers, int i,
                     int n)
{
    switch (scenario->players) {
    case LB_PLAYERS_FIRST_HALF:
        return i >= (n + 1) / 2;
    case LB_PLAYERS_ALL_BUT_LAST:
        return i >= n - 1;
    case LB_PLAYERS_ALL_BUT_WRITERS:
        return i >= n - writers->threads;
    default:
        return 0;
    }
}

enum lb_op lb_scenario_op(const struct lb_scenario *scenario, const struct lb_writers *writers,
                          int i, int n)
{
    if (lb_scenario_has_writers(scenario) && !writers->threads)
        return LB_OP_MIX;
    return scenario->roles[lb_scenario_role(scenario, writers, i, n)].op;
}

static bool has_op(const struct lb_scenario *scenario, enum lb_op op)
{
    for (int i = 0; i < scenario->n_roles; i++)
        if (scenario->roles[i].op == op)
            return true;
    return false;
}

/* Whether the layout says what the roles write that write fields, and what the others load. */
static bool has_fields(const struct lb_scenario *scenario, const struct lb_layout *layout)
{
    uint16_t words[LB_LOADS];
    enum lb_how how;

    for (int i = 0; i < scenario->n_roles; i++)
        if (lb_op_takes_words(scenario->roles[i].op)
                ? !lb_layout_writes(layout, i, words, &how)
                : scenario->roles[i].op == LB_OP_OBSERVE && !lb_layout_loads(layout, i, words))
            return false;
    return true;
}

bool lb_scenario_locks(const struct lb_scenario *scenario)
{
    for (int i = 0; scenario->uses_layout && i < scenario->n_roles; i++)
        if (scenario->roles[i].op != LB_OP_OBSERVE && !lb_op_takes_words(scenario->roles[i].op))
            return true;
    return scenario->uses_lock;
}

/* A loop for every role. */
static int has_loops(const struct lb_scenario *scenario, const struct lb_layout *layout,
                     enum lb_lock_kind lock, struct lb_why *why)
{
    bool indirect = layout && layout->separate;

    for (int i = 0; i < scenario->n_roles; i++)
        if (!lb_hot_find(scenario->roles[i].op, lock, indirect, true))
            return lb_fail(why, EINVAL, "%s with lock %s: its role %s has no loop for that",
                           scenario->name, lb_lock_info(lock)->name, scenario->roles[i].name);
    return 0;
}

int lb_scenario_allows(const struct lb_scenario *scenario, const struct lb_layout *layout,
                       enum lb_lock_kind lock, struct lb_why *why)
{
    const struct lb_lock_info *info = lb_lock_info(lock);

    if (scenario->uses_lock && !info->plain_writers)
        return lb_fail(why, EINVAL, "%s with lock %s: it has no plain write side", scenario->name,
                       info->name);
    if (!scenario->uses_layout)
        return has_loops(scenario, NULL, lock, why);
    if (!has_fields(scenario, layout))
        return lb_fail(why, EINVAL, "%s with layout %s: which fields are read, and which written?",
                       scenario->name, layout->name);
    if (has_op(scenario, LB_OP_WRITER) && !info->plain_writers)
        return lb_fail(why, EINVAL, "%s with lock %s: %s", scenario->name, info->name,
                       info->excludes ? "its writers need the address space's lock: see mixed"
                                      : "it has no write side");
    if (has_op(scenario, LB_OP_WRITE) && layout->seq_offset < 0)
        return lb_fail(why, EINVAL,
                       "%s with layout %s: it has no sequence number for writers to store: name "
                       "one by seq=",
                       scenario->name, layout->name);
    if (has_op(scenario, LB_OP_WRITE) && !info->excludes)
        return lb_fail(why, EINVAL, "%s with lock %s: it has no write side", scenario->name,
                       info->name);
    int err = lb_layout_allows(layout, lock, why);
    return err ? err : has_loops(scenario, layout, lock, why);
}

bool lb_scenario_blocks(const struct lb_scenario *scenario, enum lb_lock_kind lock)
{
    bool shares_object = scenario->kind == LB_SCENARIO_SAME_OBJECT ||
                         scenario->kind == LB_SCENARIO_OBSERVER ||
                         scenario->kind == LB_SCENARIO_NESTED || scenario->kind == LB_SCENARIO_MANY;

    return scenario->blocks || (shares_object && lb_lock_info(lock)->sleeps_in_read);
}
