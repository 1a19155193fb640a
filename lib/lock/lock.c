/* SPDX-License-Identifier: MIT
 *
 * Tables, tasks and the operations by kind.
 */
#include <linebounce/lock.h>

#include "fast_paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct lb_task) % LB_APART_BYTES == 0, "tasks share no lines");

struct lb_task_set {
    unsigned n;
    struct lb_task *tasks;
};

#define REFER(NAME, k, readers, writers) [LB_LOCK_##NAME] = &lb_##k##_class,
static const struct lb_lock_class *const classes[LB_LOCK_KINDS] = {LB_LOCK_LIST(REFER)};

const struct lb_lock_info *lb_lock_info(enum lb_lock_kind kind)
{
    return &classes[kind]->info;
}

static const char *name_at(size_t i)
{
    return classes[i]->info.name;
}

const struct lb_names lb_lock_names = {.what = "lock", .at = name_at, .n = LB_LOCK_KINDS};

int lb_lock_parse(const char *name, struct lb_why *why, enum lb_lock_kind *kind)
{
    size_t found;

    if (lb_name_find(&lb_lock_names, name, why, &found))
        return -EINVAL;
    *kind = (enum lb_lock_kind)found;
    return 0;
}

int lb_task_set_create(unsigned n, struct lb_task_set **set)
{
    /* The queue's tail holds index + 1 in 32 bits; the product below cannot overflow 64. */
    if (!n || n == UINT32_MAX)
        return -EINVAL;
    struct lb_task_set *made = malloc(sizeof *made);
    if (!made)
        return -ENOMEM;
    const size_t bytes = n * sizeof *made->tasks;
    made->n = n;
    made->tasks = aligned_alloc(LB_APART_BYTES, bytes);
    if (!made->tasks) {
        free(made);
        return -ENOMEM;
    }
    memset(made->tasks, 0, bytes);
    for (unsigned i = 0; i < n; i++) {
        made->tasks[i].tasks = made->tasks;
        made->tasks[i].index = i;
        made->tasks[i].on_cpu = 1;
    }
    *set = made;
    return 0;
}

void lb_task_set_destroy(struct lb_task_set *set)
{
    if (!set)
        return;
    free(set->tasks);
    free(set);
}

struct lb_task *lb_task_get(struct lb_task_set *set, unsigned index)
{
    return index < set->n ? &set->tasks[index] : NULL;
}

void lb_task_stats(const struct lb_task *task, struct lb_lock_stats *stats)
{
    *stats = task->stats;
}

const struct lb_mm_words lb_mm_separate = {
    .seq = 0, .lock = LB_APART_BYTES, .writer_wait = 2 * LB_APART_BYTES};

void lb_mm_init(struct lb_mm *mm, void *start, struct lb_mm_words words, enum lb_lock_kind kind,
                bool clears_owner)
{
    char *at = start;

    *mm = (struct lb_mm){.seq = (uint32_t *)(void *)(at + words.seq),
                         .lock = at + words.lock,
                         .writer_wait = (struct lb_task **)(void *)(at + words.writer_wait),
                         .lock_kind = kind,
                         .clears_owner = clears_owner};
    __atomic_store_n(mm->seq, LB_MM_SEQ_FIRST, __ATOMIC_RELAXED);
    __atomic_store_n(mm->writer_wait, NULL, __ATOMIC_RELAXED);
    lb_lock_init(kind, mm->lock);
}

void lb_lock_init(enum lb_lock_kind kind, void *lock)
{
    memset(lock, 0, classes[kind]->info.bytes);
    if (classes[kind]->init)
        classes[kind]->init(lock);
}

bool lb_lock_is_idle(enum lb_lock_kind kind, const void *lock)
{
    return classes[kind]->is_idle(lock);
}

/* CALL of each kind that has such a side. */
#define ON(NAME, CALL)                                                                             \
    case LB_LOCK_##NAME:                                                                           \
        CALL;                                                                                      \
        break;
#define READ_LOCK(NAME, CALL)  ON(NAME, CALL)
#define READ_COUNT(NAME, CALL) ON(NAME, CALL)
#define READ_RETRY(NAME, CALL)
#define LOOK_LOCK(NAME, CALL)
#define LOOK_COUNT(NAME, CALL)
#define LOOK_RETRY(NAME, CALL)  ON(NAME, CALL)
#define WRITE_PLAIN(NAME, CALL) ON(NAME, CALL)
#define WRITE_MM(NAME, CALL)    ON(NAME, CALL)
#define WRITE_NONE(NAME, CALL)

bool lb_lock_read_try(enum lb_lock_kind kind, void *lock, struct lb_task *me)
{
    bool taken = false;
#define READ_TRY(NAME, k, readers, writers)                                                        \
    READ_##readers(NAME, taken = lb_##k##_read_try(lock, me))
    switch (kind) {
        LB_LOCK_LIST(READ_TRY)
    default:
        break;
    }
    return taken;
}

int lb_lock_read(enum lb_lock_kind kind, void *lock, struct lb_task *me)
{
#define READ(NAME, k, readers, writers) READ_##readers(NAME, lb_##k##_read(lock, me))
    switch (kind) {
        LB_LOCK_LIST(READ)
    default:
        return -ENOTSUP;
    }
    return 0;
}

int lb_lock_read_unlock(enum lb_lock_kind kind, void *lock, struct lb_task *me, struct lb_mm *mm)
{
#define READ_UNLOCK(NAME, k, readers, writers)                                                     \
    READ_##readers(NAME, lb_##k##_read_unlock(lock, me, mm))
    if (mm && mm->clears_owner && (kind == LB_LOCK_RWSEM40 || kind == LB_LOCK_RWSEM32))
        lb_rwsem_clear_reader(lock, me);
    switch (kind) {
        LB_LOCK_LIST(READ_UNLOCK)
    default:
        return -ENOTSUP;
    }
    return 0;
}

int lb_lock_read_begin(enum lb_lock_kind kind, const void *lock, struct lb_task *me, uint32_t *seen)
{
#define READ_BEGIN(NAME, k, readers, writers)                                                      \
    LOOK_##readers(NAME, *seen = lb_##k##_read_begin(lock, me))
    switch (kind) {
        LB_LOCK_LIST(READ_BEGIN)
    default:
        return -ENOTSUP;
    }
    return 0;
}

bool lb_lock_read_again(enum lb_lock_kind kind, const void *lock, struct lb_task *me, uint32_t seen)
{
    bool again = true;
#define READ_AGAIN(NAME, k, readers, writers)                                                      \
    LOOK_##readers(NAME, again = lb_##k##_read_again(lock, me, seen))
    switch (kind) {
        LB_LOCK_LIST(READ_AGAIN)
    default:
        break;
    }
    return again;
}

int lb_lock_write(enum lb_lock_kind kind, void *lock, struct lb_task *me, struct lb_mm *mm)
{
#define WRITE(NAME, k, readers, writers) WRITE_##writers(NAME, lb_##k##_write(lock, me, mm))
    switch (kind) {
        LB_LOCK_LIST(WRITE)
    default:
        return -ENOTSUP;
    }
    return 0;
}

int lb_lock_write_unlock(enum lb_lock_kind kind, void *lock, struct lb_task *me, struct lb_mm *mm)
{
#define WRITE_UNLOCK(NAME, k, readers, writers)                                                    \
    WRITE_##writers(NAME, lb_##k##_write_unlock(lock, me, mm))
    switch (kind) {
        LB_LOCK_LIST(WRITE_UNLOCK)
    default:
        return -ENOTSUP;
    }
    return 0;
}
