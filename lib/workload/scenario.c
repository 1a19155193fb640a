/* SPDX-License-Identifier: MIT
 *
 * The table of scenarios. A row is all that there is to one: nothing else asks which it is, but the
 * suites that say which they measure.
 */
#include <linebounce/scenario.h>

#define ONE_ROLE(OP) .roles = {{"all", OP}}, .n_roles = 1
#define TWO_ROLES(PLAYERS, FIRST, FIRST_OP, SECOND, SECOND_OP)                                     \
    .players = LB_PLAYERS_##PLAYERS, .roles = {{FIRST, FIRST_OP}, {SECOND, SECOND_OP}}, .n_roles = 2
#define ROW(KIND, NAME, QUESTION, SUBJECT, ...)                                                    \
    [LB_SCENARIO_##KIND] = {.kind = LB_SCENARIO_##KIND,                                            \
                            .name = NAME,                                                          \
                            .question = QUESTION,                                                  \
                            .subject = &lb_subject_##SUBJECT,                                      \
                            __VA_ARGS__}
#define OBJECTS(KIND, NAME, QUESTION, ...) ROW(KIND, NAME, QUESTION, objects, __VA_ARGS__)
#define WORDS(KIND, NAME, QUESTION, ...)   ROW(KIND, NAME, QUESTION, words, __VA_ARGS__)
#define BARE(KIND, NAME, QUESTION, ...)    ROW(KIND, NAME, QUESTION, bare, __VA_ARGS__)
/* Sleeping, page tables and what the allocator does now and then are part of a fault's cost. */
#define PAGES(KIND, NAME, QUESTION, ...)                                                           \
    ROW(KIND, NAME, QUESTION, pages, .blocks = true, __VA_ARGS__)

const struct lb_scenario lb_scenarios[LB_SCENARIOS] = {
    OBJECTS(SAME_OBJECT, "same-object",
            "many threads read-lock one object (pft: faults in one VMA)", ONE_ROLE(LB_OP_READ),
            .objects = LB_OBJECTS_ONE),
    OBJECTS(NEIGHBOURS, "neighbours",
            "thread i read-locks object i of a slab: do unrelated locks share a line?",
            ONE_ROLE(LB_OP_READ), .objects = LB_OBJECTS_NEIGHBOURS),
    OBJECTS(OBSERVER, "observer",
            "half lock, half only read the fields: what does a lock do to its neighbours?",
            TWO_ROLES(FIRST_HALF, "lock", LB_OP_READ, "observe", LB_OP_OBSERVE),
            .objects = LB_OBJECTS_ONE, .pace = LB_PACE_ALL),
    OBJECTS(MIXED, "mixed", "readers against writers, with fallbacks to the address space's lock",
            TWO_ROLES(ALL_BUT_WRITERS, "reader", LB_OP_READ, "writer", LB_OP_WRITE),
            .objects = LB_OBJECTS_ONE, .pace = LB_PACE_SECOND, .blocks = true),
    OBJECTS(WRITERS, "writers",
            "all write-lock one object: count against owner, spinning against sleeping",
            ONE_ROLE(LB_OP_WRITER), .objects = LB_OBJECTS_ONE, .blocks = true),
    OBJECTS(NESTED, "nested", "all read-lock two neighbouring objects at once: one line or two?",
            ONE_ROLE(LB_OP_NESTED), .objects = LB_OBJECTS_TWO),
    OBJECTS(MANY, "many", "every op picks one of many objects: pointer chase and footprint",
            ONE_ROLE(LB_OP_MANY), .objects = LB_OBJECTS_PICKED),
    BARE(EMPTY, "empty", "what the harness itself costs", ONE_ROLE(LB_OP_EMPTY),
         .objects = LB_OBJECTS_APART, .purpose = LB_PURPOSE_YARDSTICK),
    BARE(CONTROL_SHARED, "control-shared",
         "positive control: adds to neighbouring words of one line", ONE_ROLE(LB_OP_ADD),
         .objects = LB_OBJECTS_NEIGHBOURS, .purpose = LB_PURPOSE_SHARED_CONTROL, .internal = true),
    BARE(CONTROL_APART, "control-apart", "negative control: the same words 256 bytes apart",
         ONE_ROLE(LB_OP_ADD), .objects = LB_OBJECTS_APART, .purpose = LB_PURPOSE_APART_CONTROL,
         .internal = true),
    OBJECTS(UNCONTENDED, "uncontended",
            "each thread read-locks and unlocks an object of its own, and nothing else",
            ONE_ROLE(LB_OP_ALONE), .objects = LB_OBJECTS_APART,
            .beside = &lb_scenarios[LB_SCENARIO_STRAIGHT], .internal = true),
    BARE(STRAIGHT, "straight-line",
         "the instructions of an uncontended read lock, without what they decide",
         ONE_ROLE(LB_OP_STRAIGHT), .objects = LB_OBJECTS_APART, .purpose = LB_PURPOSE_YARDSTICK,
         .uses_lock = true, .internal = true),
    BARE(ADDS, "adds-and-store", "two locked adds and a store: the least a read lock can cost",
         ONE_ROLE(LB_OP_ADDS), .objects = LB_OBJECTS_APART, .purpose = LB_PURPOSE_YARDSTICK,
         .beside = &lb_scenarios[LB_SCENARIO_STRAIGHT], .internal = true),
    OBJECTS(UNCONTENDED_WRITE, "uncontended-write",
            "each thread write-locks and unlocks an object of its own, and nothing else",
            ONE_ROLE(LB_OP_WRITER), .objects = LB_OBJECTS_APART,
            .beside = &lb_scenarios[LB_SCENARIO_STRAIGHT_WRITE], .internal = true),
    BARE(STRAIGHT_WRITE, "straight-line-write",
         "the instructions of an uncontended write lock, without what they decide",
         ONE_ROLE(LB_OP_STRAIGHT_WRITE), .objects = LB_OBJECTS_APART,
         .purpose = LB_PURPOSE_YARDSTICK, .uses_lock = true, .internal = true),
    BARE(CYCLES30, "cycles-30", "an op of 30 dependent cycles: does it cost 30 more than nothing?",
         ONE_ROLE(LB_OP_CYCLES30), .objects = LB_OBJECTS_APART, .purpose = LB_PURPOSE_YARDSTICK,
         .internal = true),
    BARE(CYCLES60, "cycles-60", "an op of 60 dependent cycles: does it cost 60 more than nothing?",
         ONE_ROLE(LB_OP_CYCLES60), .objects = LB_OBJECTS_APART, .purpose = LB_PURPOSE_YARDSTICK,
         .internal = true),
    WORDS(STORE, "store", "each thread stores to a word of its own", ONE_ROLE(LB_OP_STORE)),
    WORDS(LOAD, "load", "each thread loads a word of its own: nobody writes", ONE_ROLE(LB_OP_LOAD)),
    WORDS(INCREMENT, "increment", "each thread increments a word of its own, by load and store",
          ONE_ROLE(LB_OP_INCREMENT)),
    WORDS(FETCH_ADD, "fetch-add", "each thread adds to a word of its own by fetch_add",
          ONE_ROLE(LB_OP_ADD)),
    WORDS(CAS, "compare-and-swap", "each thread swaps a word of its own by compare-and-swap",
          ONE_ROLE(LB_OP_CAS)),
    WORDS(READ_WRITE, "read-write", "half only read their words, half only write theirs",
          TWO_ROLES(FIRST_HALF, "read", LB_OP_LOAD, "write", LB_OP_STORE)),
    WORDS(COUNTERS, "counters", "an array of per-thread counters: each thread increments its own",
          ONE_ROLE(LB_OP_INCREMENT)),
    WORDS(COUNTERS_SUM, "counters-sum", "per-thread counters, and one thread that adds them up",
          TWO_ROLES(ALL_BUT_LAST, "count", LB_OP_INCREMENT, "sum", LB_OP_SUM)),
    WORDS(RING, "ring", "one thread pushes into a ring, one pops: where do head and tail lie?",
          TWO_ROLES(ALL_BUT_LAST, "push", LB_OP_PUSH, "pop", LB_OP_POP), .most_threads = 2),
    WORDS(GUARDED, "guarded", "all take one lock and increment the data that lies behind it",
          ONE_ROLE(LB_OP_GUARDED), .uses_lock = true, .blocks = true),
    ROW(CHURN_SLAB, "churn-slab",
        "each thread frees and allocates objects with their locks: a slab's free lists", churn,
        ONE_ROLE(LB_OP_CHURN_SLAB), .objects = LB_OBJECTS_ALIVE),
    /* Sleeping: what the heap does now and then is its cost. */
    ROW(CHURN_MALLOC, "churn-malloc", "the same with the C library's malloc and free", churn,
        ONE_ROLE(LB_OP_CHURN_MALLOC), .objects = LB_OBJECTS_ALIVE, .blocks = true),
    OBJECTS(WHATIF, "whatif",
            "half read some fields of one object, half write others: "
            "what does it cost that they lie so?",
            TWO_ROLES(FIRST_HALF, "read", LB_OP_OBSERVE, "write", LB_OP_STORE),
            .objects = LB_OBJECTS_ONE, .by_structure = true),
    PAGES(PFT, "pft", "all threads fault pages of one mapping, each its own part",
          ONE_ROLE(LB_OP_TOUCH), .mapping = LB_MAPPING_ONE),
    PAGES(PRIVATE, "private", "each thread faults pages of a mapping of its own",
          ONE_ROLE(LB_OP_TOUCH), .mapping = LB_MAPPING_EACH),
    PAGES(MAP, "map", "each thread maps 128 MiB, faults every page and unmaps (page_fault1)",
          ONE_ROLE(LB_OP_TOUCH_REMAP), .mapping = LB_MAPPING_EACH),
    PAGES(FILE_PRIVATE, "file-private",
          "the same on a private mapping of a memory file: copies (page_fault2)",
          ONE_ROLE(LB_OP_TOUCH_REMAP), .mapping = LB_MAPPING_COPY),
    PAGES(FILE_SHARED, "file-shared", "the same on a shared mapping of it (page_fault3)",
          ONE_ROLE(LB_OP_TOUCH_REMAP), .mapping = LB_MAPPING_FILE),
    PAGES(MAPPER, "mapper", "each thread maps and unmaps 128 MiB, and nothing else (mmap1)",
          ONE_ROLE(LB_OP_MAP), .mapping = LB_MAPPING_EACH),
    PAGES(FAULT_MAP, "fault-map", "threads fault while one maps and unmaps beside them",
          TWO_ROLES(ALL_BUT_LAST, "fault", LB_OP_TOUCH, "map", LB_OP_MAP),
          .mapping = LB_MAPPING_ONE),
    PAGES(FAULT_PROTECT, "fault-protect",
          "threads fault while one changes the protection of a strip of their mapping",
          TWO_ROLES(ALL_BUT_LAST, "fault", LB_OP_TOUCH, "protect", LB_OP_PROTECT),
          .mapping = LB_MAPPING_ONE),
    PAGES(FAULT_BARE, "fault-bare", "pft in a plain loop: what the crew's own loop adds",
          ONE_ROLE(LB_OP_TOUCH_BARE), .internal = true, .mapping = LB_MAPPING_ONE,
          .purpose = LB_PURPOSE_YARDSTICK, .beside = &lb_scenarios[LB_SCENARIO_PFT]),
};

static const char *name_at(size_t i)
{
    return lb_scenarios[i].internal ? NULL : lb_scenarios[i].name;
}

const struct lb_names lb_scenario_names = {.what = "scenario", .at = name_at, .n = LB_SCENARIOS};

int lb_scenario_find(const char *name, struct lb_why *why, const struct lb_scenario **scenario)
{
    size_t found;
    int err = lb_name_find(&lb_scenario_names, name, why, &found);

    if (!err)
        *scenario = &lb_scenarios[found];
    return err;
}
