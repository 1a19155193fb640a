/* SPDX-License-Identifier: MIT
 *
 * Cases whose words hardware breakpoints watch: a rig with two workers, an arena and the events of
 * each thread, and what a window counted.
 */
#ifndef LB_TESTS_WATCH_RIG_H
#define LB_TESTS_WATCH_RIG_H

#include <linebounce/crew.h>
#include <linebounce/scenario.h>

#include "crew/crew_private.h"
#include "cases.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)4 << 20)
/* An op that hits breakpoints takes 10 us a hit. */
#define OPS 60
/* Ends with the ops, whatever the machine. */
#define UNTIL_DONE_NS 2e10
/* A thread without breakpoints runs as fast as it can beside one with them. */
#define BESIDE_NS   4e6
#define BESIDE_MOST 200

struct rig {
    struct lb_clock clock;
    int pus[2], n_pus;
    int slots;               /* breakpoints that this thread can arm */
    struct lb_count refused; /* why there are not all */
    struct lb_crew *crew;
    struct lb_task_set *tasks; /* of a holder outside the crew */
    struct lb_arena *memory;
    char *arena;
    uint32_t *picks;
    struct lb_group taken; /* by this thread, during a test */
    struct lb_layout own;  /* an inline lock behind a pointer: no built-in has that */
    unsigned turn;         /* of the next case: other residues, threads on other workers */
    /* The case, and its window. */
    struct lb_workload shape;
    struct lb_draw draw;
    struct lb_site sites[2];
    struct lb_thread_plan threads[2];
    struct lb_event_code codes[2][LB_GROUP_MOST];
    const char *names[2][LB_GROUP_MOST];
    struct lb_thread_result results[2];
};

/* Opens breakpoints on words that nobody touches. */
static inline int take_slots(int n, uint64_t *words, struct lb_group *group)
{
    struct lb_event_code codes[LB_GROUP_MOST];

    for (int i = 0; i < n; i++)
        codes[i] = (struct lb_event_code){
            .kind = LB_EVENT_WATCH, .address = (uintptr_t)&words[i], .bytes = sizeof words[i]};
    return lb_group_open(&lb_counter_system, codes, n, 0, false, group);
}

static inline void probe_slots(struct rig *rig)
{
    uint64_t words[LB_GROUP_WATCH] = {0};
    struct lb_group group;

    rig->slots = take_slots(LB_GROUP_WATCH, words, &group);
    if (rig->slots < LB_GROUP_WATCH)
        rig->refused = group.events[rig->slots].count;
    lb_group_close(&group);
}

static inline int setup(void **state)
{
    static struct rig rig;
    struct lb_why why = {""};
    struct lb_arena_info info;
    cpu_set_t allowed;

    memset(&rig, 0, sizeof rig);
    if (sched_getaffinity(0, sizeof allowed, &allowed) || lb_clock_init(LB_CLOCK_TSC, &rig.clock) ||
        lb_arena_create(ARENA_BYTES, -1, NULL, &rig.memory) || lb_task_set_create(1, &rig.tasks))
        return -1;
    for (int cpu = 0; cpu < CPU_SETSIZE && rig.n_pus < 2; cpu++)
        if (CPU_ISSET((size_t)cpu, &allowed))
            rig.pus[rig.n_pus++] = cpu;
    lb_arena_info(rig.memory, &info);
    rig.arena = info.base;
    rig.picks = calloc(LB_PICKS, sizeof *rig.picks);
    if (!rig.picks || lb_clock_check_pus(&rig.clock, rig.pus, (size_t)rig.n_pus) ||
        lb_layout_parse("own:size=256,align=64,slot=48,lock=192,room=64", NULL, &rig.own) ||
        lb_crew_create(&rig.clock, rig.pus, NULL, rig.n_pus, &why, &rig.crew)) {
        print_error("%s\n", why.text);
        return -1;
    }
    probe_slots(&rig);
    *state = &rig;
    return 0;
}

static inline int free_slots(void **state)
{
    struct rig *rig = *state;

    lb_group_close(&rig->taken);
    return 0;
}

static inline int teardown(void **state)
{
    struct rig *rig = *state;

    lb_crew_destroy(rig->crew);
    lb_task_set_destroy(rig->tasks);
    lb_arena_destroy(rig->memory);
    free(rig->picks);
    return 0;
}

static inline void need(const struct rig *rig, int pus)
{
#if !defined(__x86_64__)
    print_message("skipped: breakpoints count stores as the loops make them on x86-64 alone\n");
    skip();
#endif
    if (rig->slots < LB_GROUP_WATCH) {
        print_message("skipped: %d of %d breakpoints can be armed: %s\n", rig->slots,
                      LB_GROUP_WATCH, strerror(rig->refused.error));
        skip();
    }
    if (rig->n_pus < pus) {
        print_message("skipped: %d PUs are needed, this process may use %d\n", pus, rig->n_pus);
        skip();
    }
}

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif
#ifndef THREAD_SANITIZER
#define THREAD_SANITIZER 0
#endif

/* The thread sanitizer does atomic changes itself: an acquiring load reads the word twice where it
 * knows it, and an atomic `or` is a loop of compare-and-swaps. */
static inline void need_plain_atomics(void)
{
    if (!THREAD_SANITIZER)
        return;
    print_message("skipped: the thread sanitizer's atomic operations touch words more often\n");
    skip();
}

/* A case ------------------------------------------------------------------------------------- */

static inline size_t n_layouts(void)
{
    return lb_n_layouts + 1;
}

/* The built-in layouts, then the test's own. */
static inline const struct lb_layout *nth_layout(const struct rig *rig, size_t i)
{
    return i < lb_n_layouts ? &lb_layouts[i] : &rig->own;
}

static inline void place(struct rig *rig)
{
    struct lb_placed placed;
    uint64_t random = rig->turn + 1;

    assert_int_equal(
        lb_draw_init(&random, rig->turn, ARENA_BYTES, lb_workload_bytes(&rig->shape), &rig->draw),
        0);
    assert_int_equal(lb_workload_place(&rig->shape, &rig->draw, rig->arena, ARENA_BYTES, rig->picks,
                                       rig->sites, &placed),
                     0);
    rig->turn++;
}

static inline enum lb_op op_of(const struct rig *rig, int thread)
{
    return lb_scenario_op(rig->shape.scenario, &rig->shape.writers, thread, rig->shape.threads);
}

static inline bool is_indirect(const struct rig *rig)
{
    return rig->shape.layout && rig->shape.layout->indirect;
}

static inline struct lb_thread_plan plan(const struct rig *rig, int thread, bool paused)
{
    struct lb_thread_plan plan = {
        .worker = (thread + (int)rig->turn) % rig->n_pus,
        .loop = lb_workload_loop(&rig->shape, thread, paused),
        .seed = 42 + (uint64_t)thread,
        .span = 200,
        .op_ns = rig->turn % 3 ? 30000 : 20, /* a block an op, or one for all */
        .picks = rig->shape.scenario->kind == LB_SCENARIO_MANY ? LB_PICKS : 0,
        .picks_start = rig->picks,
        .ops_most = OPS,
        .codes = rig->codes[thread],
    };

    memcpy(plan.x, rig->sites[thread].x, sizeof plan.x);
    return plan;
}

static inline void stage_shape(struct rig *rig, const struct lb_workload *shape, bool paused)
{
    assert_true(shape->threads <= rig->n_pus);
    rig->shape = *shape;
    if (!shape->scenario->subject->uses_layout)
        rig->shape.layout = NULL;
    place(rig);
    for (int i = 0; i < shape->threads; i++)
        rig->threads[i] = plan(rig, i, paused);
}

static inline void stage(struct rig *rig, enum lb_scenario_kind kind, const struct lb_layout *l,
                         enum lb_lock_kind lock, int threads, bool paused)
{
    struct lb_workload shape = {.scenario = &lb_scenarios[kind],
                                .layout = l,
                                .lock = lock,
                                .writers = {1, 0},
                                .threads = threads,
                                .objects = 100};

    stage_shape(rig, &shape, paused);
}

static inline bool allowed(enum lb_scenario_kind kind, const struct lb_layout *l,
                           enum lb_lock_kind lock)
{
    return lb_lock_info(lock)->vma_protocol &&
           !lb_scenario_allows(&lb_scenarios[kind], l, lock, NULL);
}

/* How often a write moves the address space's sequence number. */
static inline unsigned seq_moves(const struct rig *rig)
{
    return lb_workload_generation(&rig->shape)->rules == LB_RULES_PLAIN ? 1 : 2;
}

static inline bool has_owner(enum lb_lock_kind lock)
{
    return lb_lock_info(lock)->owner_offset >= 0;
}

/* The first word of the lock that a site's word is or points to. */
static inline uintptr_t count_at(const struct rig *rig, uintptr_t site)
{
    uintptr_t lock = is_indirect(rig) ? *(const uintptr_t *)site : site;

    return lock + lb_lock_info(rig->shape.lock)->count_offset;
}

/* Watching ----------------------------------------------------------------------------------- */

/* One more breakpoint of a thread, by the name that --events would take; the words of the harness
 * are left to the crew. */
static inline struct lb_event_code *add_watch(struct rig *rig, int thread, const char *name)
{
    static const struct lb_microarchitecture nowhere = {"", ""};
    int n = rig->threads[thread].n_codes++;
    struct lb_event_code *code = &rig->codes[thread][n];
    struct lb_why why = {""};
    struct lb_event event;

    assert_true(n < LB_GROUP_MOST);
    rig->names[thread][n] = name;
    if (lb_event_parse(name, &nowhere, &why, &event) || lb_event_encode(&event, &why, code))
        fail_msg("%s", why.text);
    return code;
}

static inline void watch(struct rig *rig, int thread, const char *name)
{
    struct lb_event_code *code = add_watch(rig, thread, name);
    struct lb_why why = {""};

    if (code->word.watch < LB_WATCH_START &&
        lb_workload_watch(&rig->shape, &rig->draw, rig->arena, thread, &code->word, &why,
                          &code->address, &code->bytes))
        fail_msg("%s", why.text);
}

/* A word that no name leads to. */
static inline void watch_at(struct rig *rig, int thread, const char *name, uintptr_t address,
                            size_t bytes)
{
    struct lb_event_code *code = add_watch(rig, thread, name);

    code->address = address;
    code->bytes = (unsigned)bytes;
}

static inline void watch_all(struct rig *rig, const char *name)
{
    for (int i = 0; i < rig->shape.threads; i++)
        watch(rig, i, name);
}

static inline void watch_nothing(struct rig *rig)
{
    for (int i = 0; i < rig->shape.threads; i++)
        rig->threads[i].n_codes = 0;
}

static inline void describe(const struct rig *rig, int thread, char *text, size_t bytes)
{
    const struct lb_thread_result *r = &rig->results[thread];

    snprintf(text, bytes, "%s, %s, %s, thread %d of %d on worker %d: %llu ops, %llu retries",
             rig->shape.scenario->name, rig->shape.layout ? rig->shape.layout->name : "no layout",
             lb_lock_info(rig->shape.lock)->name, thread, rig->shape.threads,
             rig->threads[thread].worker, (unsigned long long)r->total_ops,
             (unsigned long long)r->account.retries);
}

/* One window; not judged but for threads that move. */
static inline void run(struct rig *rig, double window_ns)
{
    struct lb_window_plan window = {.threads = rig->threads,
                                    .n_threads = rig->shape.threads,
                                    .window_ns = window_ns,
                                    .armed = true};
    enum lb_spoiled spoiled = LB_SPOILED_REGIME;

    memset(rig->results, 0x5a, sizeof rig->results);
    assert_int_equal(lb_crew_window(rig->crew, &window, rig->results, &spoiled), 0);
    assert_int_equal(spoiled, LB_SPOILED_NOT);
    for (int i = 0; i < rig->shape.threads; i++) {
        uint64_t most = rig->threads[i].ops_most;
        if (window_ns >= UNTIL_DONE_NS)
            assert_int_equal(rig->results[i].total_ops, most);
        assert_true(!most || rig->results[i].total_ops <= most);
    }
}

static inline void check_idle(const struct rig *rig)
{
    assert_int_equal(lb_workload_check(&rig->shape, &rig->draw, rig->arena), 0);
}

static inline void run_until_done(struct rig *rig)
{
    run(rig, UNTIL_DONE_NS);
    check_idle(rig);
}

/* Thread 1 goes on until the stop. */
static inline void run_beside(struct rig *rig)
{
    rig->threads[1].ops_most = 0;
    run(rig, BESIDE_NS);
    check_idle(rig);
}

static inline const struct lb_count *count_of(const struct rig *rig, int thread, const char *name)
{
    for (int k = 0; k < rig->threads[thread].n_codes; k++)
        if (!strcmp(rig->names[thread][k], name))
            return &rig->results[thread].counts[k];
    fail_msg("%s was not watched", name);
    return NULL;
}

/* What a breakpoint counted; it was armed from the first block to the last. */
static inline uint64_t counted(const struct rig *rig, int thread, const char *name)
{
    const struct lb_count *count = count_of(rig, thread, name);
    char where[300];

    describe(rig, thread, where, sizeof where);
    if (count->state != LB_COUNT_COUNTED)
        fail_msg("%s: %s: %s (%s)", where, name, lb_count_state_name(count->state),
                 strerror(count->error));
    assert_true(count->enabled_ns > 0);
    assert_int_equal(count->running_ns, count->enabled_ns);
    assert_true(count->scaled == (double)count->value);
    return count->value;
}

static inline void expect(const struct rig *rig, int thread, const char *name, uint64_t wanted)
{
    uint64_t got = counted(rig, thread, name);
    char where[300];

    describe(rig, thread, where, sizeof where);
    if (got != wanted)
        fail_msg("%s: %s counted %llu, not %llu", where, name, (unsigned long long)got,
                 (unsigned long long)wanted);
}

static inline uint64_t ops(const struct rig *rig, int thread)
{
    return rig->results[thread].total_ops;
}

static inline struct lb_lock_stats stats(const struct rig *rig, int thread)
{
    struct lb_lock_stats stats;

#define GIVE(member, ...) stats.member = (uint64_t)rig->results[thread].account.member;
    LB_MEASURES_OF_LOCKS(GIVE)
#undef GIVE
    return stats;
}

static inline void watch_lock(struct rig *rig, int thread)
{
    watch(rig, thread, "bp:count");
    if (has_owner(rig->shape.lock))
        watch(rig, thread, "bp:owner");
}

/* Each layout and kind that go together, threads together and each alone, in one of the loop's two
 * forms. */
static inline void for_each_read_case(struct rig *rig, enum lb_scenario_kind kind, bool other_form,
                                      void (*check)(struct rig *rig))
{
    for (size_t l = 0; l < n_layouts(); l++)
        for (enum lb_lock_kind lock = 0; lock < LB_LOCK_KINDS; lock++)
            for (int n = 1; n <= rig->n_pus; n++) {
                if (!allowed(kind, nth_layout(rig, l), lock))
                    continue;
                stage(rig, kind, nth_layout(rig, l), lock, n, (l + n + other_form) % 2);
                check(rig);
            }
}

/* Windows until ten compare-and-swaps have failed. Whether any does is luck (the host may keep the
 * two apart in time), so that their number is checked in each window, and its absence said. */
static inline bool saw_retries(uint64_t retries, const char *what)
{
    if (!retries)
        print_message("%s: no compare-and-swap failed in %d windows\n", what, BESIDE_MOST);
    return retries > 0;
}

static inline void expect_read(const struct rig *rig, int thread)
{
    const struct lb_lock_stats s = stats(rig, thread);

    expect(rig, thread, "bp:count", 2 * ops(rig, thread) + s.retries);
    if (has_owner(rig->shape.lock))
        expect(rig, thread, "bp:owner", ops(rig, thread));
    assert_int_equal(s.fallbacks, 0);
    assert_int_equal(s.sleeps, 0);
    assert_true(s.retries == 0 || rig->shape.threads > 1);
}

#endif
