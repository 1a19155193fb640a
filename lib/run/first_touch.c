/* SPDX-License-Identifier: MIT
 *
 * First touches: windows before the rounds, in which nothing is given back. A host backs a guest's
 * memory only when it is touched, so the same fault costs more on a page that is new.
 */
#include "run_private.h"

#include <linebounce/scenario.h>

#include <sys/mman.h>
#include <unistd.h>

/* Of the budget. */
#define FIRST_SHARE 0.1
/* A window with less than this a thread would end early. */
#define TOUCHES_LEAST 4096

/* As much as any window of the rounds will take, once: the kernel hands out last what it got back
 * first, so those windows find what was touched here or before. */
static int touch_all(const struct lb_runner *b)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t most = 0;
    char *map;

    for (size_t i = 0; i < b->plan->n_cases; i++) {
        const struct lb_workload *s = &b->plan->cases[i].shape;
        uint64_t bytes = s->scenario->subject->uses_pages ? lb_pages_bytes(s) : 0;
        most = bytes > most ? bytes : most;
    }
    if (!most)
        return 0;
    map = mmap(NULL, most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) /* the first window says so */
        return 0;
    (void)madvise(map, most, MADV_NOHUGEPAGE);
    for (uint64_t at = 0; at < most && !lb_runner_is_over(b); at += page)
        ((volatile char *)map)[at] = 1;
    munmap(map, most);
    return 0;
}

static bool may_go_on(const struct lb_runner *b)
{
    return !lb_runner_is_over(b) && lb_runner_spent_s(b) < FIRST_SHARE * b->options->budget_s;
}

/* One window of each such case, as long as there is memory. */
static int one_turn(struct lb_runner *b, bool *any, struct lb_why *why)
{
    int err = 0;

    *any = false;
    for (size_t i = 0; !err && may_go_on(b) && i < b->plan->n_cases; i++) {
        const struct lb_case *c = &b->plan->cases[i];
        if (!lb_case_is_first(c) || lb_runner_touches_left(b, c) < TOUCHES_LEAST)
            continue;
        if (!(err = lb_runner_gather(b, c->placement)))
            err = lb_runner_case(b, (int)i, why);
        *any = true;
    }
    return err;
}

int lb_runner_first(struct lb_runner *b, struct lb_why *why)
{
    bool any = true;
    int err = 0;

    for (b->round = 0; !err && any; b->round++) {
        if (!(err = lb_runner_draw(b)))
            err = one_turn(b, &any, why);
    }
    b->round = 0;
    lb_runner_give_back(b);
    return err ? err : touch_all(b);
}
