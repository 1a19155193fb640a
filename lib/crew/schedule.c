/* SPDX-License-Identifier: MIT
 *
 * When the ops of a paced thread are due.
 */
#include <linebounce/arena.h>
#include <linebounce/crew.h>

/* The pause's generator has the seed itself. */
#define SALT UINT64_C(0x9e3779b97f4a7c15)

void lb_schedule_init(uint64_t seed, uint64_t every_ticks, uint64_t start,
                      struct lb_schedule *schedule)
{
    struct lb_schedule s = {.random = seed ^ SALT, .every = every_ticks};

    /* Anywhere in the interval: threads of one rate begin in no step. */
    s.due = start + lb_random_below(&s.random, every_ticks + 1);
    *schedule = s;
}

void lb_schedule_next(struct lb_schedule *s)
{
    s->due += s->every / 2 + lb_random_below(&s->random, s->every + 1);
}
