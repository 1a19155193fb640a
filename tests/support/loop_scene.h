/* SPDX-License-Identifier: MIT
 *
 * Hot loops run on a scene: by themselves and, for comparison, timed.
 */
#ifndef LB_TESTS_LOOP_SCENE_H
#define LB_TESTS_LOOP_SCENE_H

#include "scene.h"

#include <linebounce/scenario.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define OPS  7
#define SPAN 9

static inline uint64_t run_loop(struct scene *s, enum lb_op op, bool paused, int thread)
{
    const struct lb_layout *l = s->shape.layout;
    lb_hot *loop = lb_hot_find(op, s->shape.lock, l && l->indirect, paused);
    const uintptr_t *x = s->sites[thread].x;

    assert_non_null(loop);
    return loop(OPS, 12345, SPAN, s->me, x[0], x[1], x[2], x[3], x[4], x[5]);
}

static inline struct lb_lock_stats stats_since(struct scene *s, const struct lb_lock_stats *before)
{
    struct lb_lock_stats now;
    uint64_t *fields = (uint64_t *)&now;

    lb_task_stats(s->me, &now);
    for (size_t i = 0; i < sizeof now / sizeof *fields; i++)
        fields[i] -= ((const uint64_t *)before)[i];
    return now;
}

static const struct {
    enum lb_scenario_kind kind;
    enum lb_op op;
} locking[] =
    {
        {LB_SCENARIO_SAME_OBJECT, LB_OP_READ},
        {LB_SCENARIO_MIXED, LB_OP_WRITE},
        {LB_SCENARIO_WRITERS, LB_OP_WRITER},
        {LB_SCENARIO_NESTED, LB_OP_NESTED},
        {LB_SCENARIO_MANY, LB_OP_MANY},
        {LB_SCENARIO_UNCONTENDED, LB_OP_ALONE},
        {LB_SCENARIO_UNCONTENDED_WRITE, LB_OP_WRITER},
},
  plain[] = {
      {LB_SCENARIO_EMPTY, LB_OP_EMPTY},        {LB_SCENARIO_OBSERVER, LB_OP_OBSERVE},
      {LB_SCENARIO_CONTROL_SHARED, LB_OP_ADD}, {LB_SCENARIO_STRAIGHT, LB_OP_STRAIGHT},
      {LB_SCENARIO_ADDS, LB_OP_ADDS},          {LB_SCENARIO_CYCLES30, LB_OP_CYCLES30},
      {LB_SCENARIO_CYCLES60, LB_OP_CYCLES60},  {LB_SCENARIO_STRAIGHT_WRITE, LB_OP_STRAIGHT_WRITE},
};

/* The loop's generator, written down a second time: xorshift64 with 13, 7, 17. */
static inline uint64_t xorshift(uint64_t x)
{
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static inline bool has_loop(enum lb_op op, enum lb_lock_kind lock, bool indirect)
{
    switch (op) {
    case LB_OP_GUARDED:
        return lb_lock_info(lock)->plain_writers;
    case LB_OP_WRITER: /* a seqcount's alone */
        return lb_lock_info(lock)->plain_writers || lock == LB_LOCK_SEQCOUNT;
    case LB_OP_WRITE:
    case LB_OP_MIX:
        return lb_lock_info(lock)->excludes;
    case LB_OP_TAKE:
        return !indirect && (lb_lock_info(lock)->plain_writers || lock == LB_LOCK_SEQCOUNT);
    case LB_OP_SHARE:
        return !indirect && !lb_lock_info(lock)->lockless_reads;
    case LB_OP_STRAIGHT:
        return !indirect && lock != LB_LOCK_PTHREAD_RWLOCK && lock != LB_LOCK_PTHREAD_MUTEX;
    case LB_OP_STRAIGHT_WRITE:
        return has_loop(LB_OP_STRAIGHT, lock, indirect) && has_loop(LB_OP_WRITER, lock, indirect);
    default:
        return true;
    }
}

static const struct lb_layout fields_inline = {
    .name = "fields",
    .size_bytes = 256,
    .align_bytes = 64,
    .seq_offset = 40,
    .lock_offset = 192,
    .lock_room_bytes = 64,
    .n_accesses = 3,
    .accesses = {{"a", 4, 4, LB_HOW_LOAD, LB_EVERY_ROLE},
                 {"b", 129, 1, LB_HOW_LOAD, LB_EVERY_ROLE},
                 {"c", 72, 8, LB_HOW_LOAD, LB_EVERY_ROLE}},
};

/* No sequence number: the first word stands for it; the lock lies apart. */
static const struct lb_layout fields_apart = {
    .name = "fields-apart",
    .size_bytes = 24,
    .align_bytes = 8,
    .seq_offset = LB_NO_SEQ,
    .separate = true,
    .indirect = true,
    .slot_offset = 8,
    .lock_align_bytes = 8,
    .n_accesses = 1,
    .accesses = {{"a", 16, 8, LB_HOW_LOAD, LB_EVERY_ROLE}},
};

static const struct {
    enum lb_scenario_kind kind;
    enum lb_op op;
} on_fields[] = {
    {LB_SCENARIO_SAME_OBJECT, LB_OP_READ}, {LB_SCENARIO_NESTED, LB_OP_NESTED},
    {LB_SCENARIO_MANY, LB_OP_MANY},        {LB_SCENARIO_MIXED, LB_OP_WRITE},
    {LB_SCENARIO_WRITERS, LB_OP_WRITER},   {LB_SCENARIO_UNCONTENDED, LB_OP_ALONE},
};

#endif
