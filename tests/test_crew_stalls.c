/* SPDX-License-Identifier: MIT
 *
 * Blocks that take long because the kernel took the CPU, and blocks that take long by themselves:
 * emulated by a loop that stands still now and then, with an exception of the kernel's or without.
 */
#include <linebounce/crew.h>
#include <linebounce/interrupts.h>

#include "support/crew_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

#define OP_NS    100
#define STALL_NS 40000
/* One block in so many is long: too few to spoil the window. */
#define EVERY 25

struct scene {
    const struct lb_clock *clock;
    unsigned calls;
    volatile char *page; /* touched anew in each stall; NULL: the kernel has no part in it */
};

static void stand_still(const struct scene *s, double ns)
{
    uint64_t until = lb_clock_now(s->clock) + lb_clock_ticks(s->clock, ns);

    while (lb_clock_now(s->clock) < until)
        continue;
}

/* An lb_hot: its site is a scene. */
static uint64_t work(uint64_t ops, uint64_t rng, uint64_t span, struct lb_task *me, uintptr_t x0,
                     uintptr_t x1, uintptr_t x2, uintptr_t x3, uintptr_t x4, uintptr_t x5)
{
    struct scene *s = (struct scene *)x0;

    (void)span, (void)me, (void)x1, (void)x2, (void)x3, (void)x4, (void)x5;
    stand_still(s, (double)ops * OP_NS);
    if (++s->calls % EVERY)
        return rng;
    if (s->page) {
        madvise((void *)(uintptr_t)s->page, 4096, MADV_DONTNEED);
        *s->page = 1;
    }
    stand_still(s, STALL_NS);
    return rng;
}

/* Fewest blocks dropped, of windows whose stalls are long by themselves or the kernel's doing. Real
 * ticks drop some too, now and then: where none shall be, it is tried more often. */
static unsigned fewest_dropped(struct rig *rig, bool kernel, bool stalls)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct scene scene = {.clock = &rig->clock, .page = kernel ? page : NULL};
    struct lb_thread_plan thread = {.loop = work, .x = {(uintptr_t)&scene}, .op_ns = OP_NS};
    struct lb_window_plan plan = {
        .threads = &thread, .n_threads = 1, .window_ns = LB_WINDOW_NS, .stalls = stalls};
    struct lb_crew *crew = make_crew(rig, 1);
    struct lb_thread_result result;
    unsigned fewest = 1000;

    assert_ptr_not_equal(page, MAP_FAILED);
    for (int i = 0; i < (stalls && !kernel ? 300 : 10) && fewest; i++) {
        punctual_window(crew, &plan, &result);
        if (result.blocks > 2 * EVERY && result.dropped < fewest)
            fewest = result.dropped;
    }
    lb_crew_destroy(crew);
    munmap(page, 4096);
    if (fewest == 1000)
        skip_busy("a window of one thread");
    return fewest;
}

static void need_told(void)
{
    if (lb_interrupts_told())
        return;
    print_message("skipped: interrupts leave no trace here\n");
    skip();
}

static void test_stalls_are_kept(void **state)
{
    need_told();
    assert_int_equal(fewest_dropped(*state, false, true), 0);
}

static void test_interruptions_are_dropped(void **state)
{
    need_told();
    assert_uint_in_range(fewest_dropped(*state, true, true), 1, 999);
}

/* With a pause between ops, and where nothing is told, time alone decides. */
static void test_all_is_dropped_elsewhere(void **state)
{
    assert_uint_in_range(fewest_dropped(*state, false, false), 1, 999);
    assert_uint_in_range(fewest_dropped(*state, true, false), 1, 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_mask(test_stalls_are_kept),
        with_mask(test_interruptions_are_dropped),
        with_mask(test_all_is_dropped_elsewhere),
    };

    return cmocka_run_group_tests_name("crew_stalls", tests, setup, teardown);
}
