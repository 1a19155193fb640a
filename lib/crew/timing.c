/* SPDX-License-Identifier: MIT
 *
 * What those need who time single ops, or wait for another worker beside a limit.
 */
#include "crew_private.h"

#include <stdlib.h>

/* The clock is looked at so seldom that a line's way from one to the other does not feel it. */
#define LOOK_EVERY 1024

bool lb_limit_is_past(const struct lb_limit *l, unsigned tries)
{
    return !(tries % LOOK_EVERY) && lb_clock_now(l->clock) >= l->end;
}

/* One load at a time. A loop without a fence runs tens of loads ahead, which the processor throws
 * away when the line changes below them: two CPUs near each other took 42, 83 or 124 ns for one
 * round trip (AMD Zen 5), each for seconds or minutes, while every op between them took the same.
 */
static void one_at_a_time(void)
{
#ifdef __x86_64__
    __asm__ __volatile__("lfence" ::: "memory");
#endif
}

bool lb_wait_load(uint64_t *line, uint64_t until, const struct lb_limit *l)
{
    for (unsigned n = 1; __atomic_load_n(line, __ATOMIC_ACQUIRE) != until; n++) {
        if (lb_limit_is_past(l, n))
            return false;
        one_at_a_time();
    }
    return true;
}

/* An iteration of the chain takes about 1 ns. */
#define DITHER_STEPS 4

void lb_crew_dither(const struct lb_crew *crew, uint64_t *rng)
{
    lb_hot *pause = lb_hot_find(LB_OP_EMPTY, LB_LOCK_RWSEM40, false, true);
    uint64_t span = (uint64_t)(DITHER_STEPS * crew->clock.step_ns);

    *rng = pause(1, *rng, span < LB_SPAN_LEAST ? LB_SPAN_LEAST : span, NULL, 0, 0, 0, 0, 0, 0);
}

double lb_middle_mean(double *values, int n)
{
    int cut = n / 4;
    double sum = 0;

    qsort(values, (size_t)n, sizeof *values, lb_by_value);
    for (int i = cut; i < n - cut; i++)
        sum += values[i];
    return sum / (n - 2 * cut);
}
