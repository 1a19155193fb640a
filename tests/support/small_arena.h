/* SPDX-License-Identifier: MIT
 *
 * Memory to lay cases out in, and tasks that work there, for all tests of a file.
 */
#ifndef LB_TESTS_SMALL_ARENA_H
#define LB_TESTS_SMALL_ARENA_H

#include <linebounce/arena.h>
#include <linebounce/lock.h>

#define ARENA_BYTES ((size_t)8 << 20)
#define TASKS       2

static struct lb_arena *memory;
static char *arena;
static struct lb_task_set *tasks;

static inline int make_arena(void **state)
{
    struct lb_arena_info info;

    (void)state;
    if (lb_arena_create(ARENA_BYTES, -1, NULL, &memory) || lb_task_set_create(TASKS, &tasks))
        return -1;
    lb_arena_info(memory, &info);
    arena = info.base;
    return 0;
}

static inline int drop_arena(void **state)
{
    (void)state;
    lb_arena_destroy(memory);
    lb_task_set_destroy(tasks);
    return 0;
}

#endif
