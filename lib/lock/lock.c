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

_Static_assert(offsetof(struct lb_rwsem40, count) == 0 && offsetof(struct lb_rwsem40, owner) == 8 &&
                   offsetof(struct lb_rwsem40, osq) == 16 &&
                   offsetof(struct lb_rwsem40, wait_lock) == 20 &&
                   offsetof(struct lb_rwsem40, next) == 24 && sizeof(struct lb_rwsem40) == 40,
               "rwsem40 lies as the kernel's did");
_Static_assert(offsetof(struct lb_rwsem32, count) == 0 && offsetof(struct lb_rwsem32, owner) == 8 &&
                   offsetof(struct lb_rwsem32, osq) == 16 &&
                   offsetof(struct lb_rwsem32, wait_lock) == 20 &&
                   offsetof(struct lb_rwsem32, first_waiter) == 24 &&
                   sizeof(struct lb_rwsem32) == 32,
               "rwsem32 lies as the kernel's does");
_Static_assert(offsetof(struct lb_rwsem, first) == offsetof(struct lb_rwsem40, next) &&
                   sizeof(struct lb_rwsem) == sizeof(struct lb_rwsem32),
               "both forms begin alike");
_Static_assert(sizeof(struct lb_task) % LB_APART_BYTES == 0, "tasks share no lines");

struct lb_task_set {
    unsigned n;
    struct lb_task *tasks;
};

static const struct lb_lock_info infos[LB_LOCK_KINDS] = {
    [LB_LOCK_RWSEM40] =
        {
            .kind = LB_LOCK_RWSEM40,
            .name = "rwsem40",
            .bytes = sizeof(struct lb_rwsem40),
            .align_bytes = _Alignof(struct lb_rwsem40),
            .count_bytes = sizeof(uint64_t),
            .owner_offset = offsetof(struct lb_rwsem40, owner),
            .vma_protocol = true,
            .counts = true,
            .excludes = true,
            .plain_writers = true,
            .meaning = "rw-semaphore with a list head of two pointers, Linux before 2026",
        },
    [LB_LOCK_RWSEM32] =
        {
            .kind = LB_LOCK_RWSEM32,
            .name = "rwsem32",
            .bytes = sizeof(struct lb_rwsem32),
            .align_bytes = _Alignof(struct lb_rwsem32),
            .count_bytes = sizeof(uint64_t),
            .owner_offset = offsetof(struct lb_rwsem32, owner),
            .vma_protocol = true,
            .counts = true,
            .excludes = true,
            .plain_writers = true,
            .meaning = "rw-semaphore with one pointer to its first waiter, Linux of 2026",
        },
    [LB_LOCK_REFCOUNT] =
        {
            .kind = LB_LOCK_REFCOUNT,
            .name = "refcount",
            .bytes = sizeof(struct lb_refcount),
            .align_bytes = _Alignof(struct lb_refcount),
            .count_bytes = sizeof(uint32_t),
            .owner_offset = -1,
            .vma_protocol = true,
            .counts = true,
            .excludes = true,
            .meaning = "4-byte count of readers, Linux 6.15 and later",
        },
    [LB_LOCK_PTHREAD_RWLOCK] =
        {
            .kind = LB_LOCK_PTHREAD_RWLOCK,
            .name = "pthread_rwlock",
            .bytes = sizeof(pthread_rwlock_t),
            .align_bytes = _Alignof(pthread_rwlock_t),
            .count_bytes = sizeof(uint32_t),
            .owner_offset = -1,
            .excludes = true,
            .plain_writers = true,
            .meaning = "the C library's reader-writer lock, default attributes",
        },
    [LB_LOCK_PTHREAD_MUTEX] =
        {
            .kind = LB_LOCK_PTHREAD_MUTEX,
            .name = "pthread_mutex",
            .bytes = sizeof(pthread_mutex_t),
            .align_bytes = _Alignof(pthread_mutex_t),
            .count_bytes = sizeof(uint32_t),
            .owner_offset = -1,
            .excludes = true,
            .plain_writers = true,
            .sleeps_in_read = true,
            .meaning = "the C library's mutex, default attributes; reads exclude each other",
        },
    [LB_LOCK_LOCKED_ADDS] =
        {
            .kind = LB_LOCK_LOCKED_ADDS,
            .name = "locked_adds",
            .bytes = sizeof(uint64_t),
            .align_bytes = _Alignof(uint64_t),
            .count_bytes = sizeof(uint64_t),
            .owner_offset = -1,
            .vma_protocol = true,
            .counts = true,
            .meaning = "two locked adds and no exclusion: what any lock costs at the least",
        },
};

const struct lb_lock_info *lb_lock_info(enum lb_lock_kind kind)
{
    return &infos[kind];
}

static const char *name_at(size_t i)
{
    return infos[i].name;
}

int lb_lock_parse(const char *name, struct lb_why *why, enum lb_lock_kind *kind)
{
    static const struct lb_names names = {"lock", name_at, LB_LOCK_KINDS, NULL};
    size_t found;

    if (lb_name_find(&names, name, why, &found))
        return -EINVAL;
    *kind = infos[found].kind;
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

/* All fields of the statistics, for differences. */
#define STATS_FIELDS(apply)                                                                        \
    apply(retries) apply(spins_owner) apply(spins_queue) apply(spins_reader) apply(spin_limits)    \
        apply(steals) apply(sleeps) apply(wakes) apply(handoffs) apply(fallbacks)

#define COUNT_FIELD(field) +1
_Static_assert(sizeof(struct lb_lock_stats) == (0 STATS_FIELDS(COUNT_FIELD)) * sizeof(uint64_t),
               "no field is left out");

void lb_lock_stats_sub(const struct lb_lock_stats *minuend, const struct lb_lock_stats *subtrahend,
                       struct lb_lock_stats *difference)
{
    struct lb_lock_stats result;
#define SUB_FIELD(field) result.field = minuend->field - subtrahend->field;
    STATS_FIELDS(SUB_FIELD)
#undef SUB_FIELD
    *difference = result;
}

void lb_mm_init(struct lb_mm *mm)
{
    memset(mm, 0, sizeof *mm);
    /* Not 0, or a zeroed object would look write-locked. */
    mm->lock_seq = 1;
}

void lb_lock_init(enum lb_lock_kind kind, void *lock)
{
    memset(lock, 0, infos[kind].bytes);
    switch (kind) {
    case LB_LOCK_REFCOUNT:
        ((struct lb_refcount *)lock)->count = LB_REFCOUNT_IDLE;
        break;
    case LB_LOCK_PTHREAD_RWLOCK:
        pthread_rwlock_init(lock, NULL);
        break;
    case LB_LOCK_PTHREAD_MUTEX:
        pthread_mutex_init(lock, NULL);
        break;
    default:
        break;
    }
}

static bool rwsem_is_idle(const struct lb_rwsem *sem, const struct lb_waiter *last)
{
    /* acquire: what the last holder did is seen. */
    if (__atomic_load_n(&sem->count, __ATOMIC_ACQUIRE))
        return false;
    const uint64_t owner = __atomic_load_n(&sem->owner, __ATOMIC_RELAXED);
    return (!owner || (owner & LB_OWNER_READER)) && !__atomic_load_n(&sem->osq, __ATOMIC_RELAXED) &&
           !__atomic_load_n(&sem->wait_lock, __ATOMIC_ACQUIRE) && !sem->first && !last;
}

/* The C library's locks can only be asked by taking them. */
static bool pthread_is_idle(enum lb_lock_kind kind, void *lock)
{
    if (kind == LB_LOCK_PTHREAD_MUTEX)
        return !pthread_mutex_trylock(lock) && !pthread_mutex_unlock(lock);
    return !pthread_rwlock_trywrlock(lock) && !pthread_rwlock_unlock(lock);
}

bool lb_lock_is_idle(enum lb_lock_kind kind, const void *lock)
{
    switch (kind) {
    case LB_LOCK_RWSEM40:
        return rwsem_is_idle(lock, ((const struct lb_rwsem40 *)lock)->prev);
    case LB_LOCK_RWSEM32:
        return rwsem_is_idle(lock, NULL);
    case LB_LOCK_REFCOUNT:
        return __atomic_load_n((const uint32_t *)lock, __ATOMIC_ACQUIRE) == LB_REFCOUNT_IDLE;
    case LB_LOCK_LOCKED_ADDS:
        return !__atomic_load_n((const uint64_t *)lock, __ATOMIC_ACQUIRE);
    default:
        return pthread_is_idle(kind, (void *)(uintptr_t)lock);
    }
}

/* The kinds that have all operations; locked_adds is last and stands for itself. */
#define EXCLUDING_KINDS(op, ...)                                                                   \
    case LB_LOCK_RWSEM40:                                                                          \
        op(rwsem40, __VA_ARGS__);                                                                  \
    case LB_LOCK_RWSEM32:                                                                          \
        op(rwsem32, __VA_ARGS__);                                                                  \
    case LB_LOCK_REFCOUNT:                                                                         \
        op(refcount, __VA_ARGS__);                                                                 \
    case LB_LOCK_PTHREAD_RWLOCK:                                                                   \
        op(pthread_rwlock, __VA_ARGS__);                                                           \
    case LB_LOCK_PTHREAD_MUTEX:                                                                    \
        op(pthread_mutex, __VA_ARGS__)

bool lb_lock_read_try(enum lb_lock_kind kind, void *lock, struct lb_task *me)
{
#define READ_TRY(k, l, m) return lb_##k##_read_try(l, m)
    switch (kind) {
        EXCLUDING_KINDS(READ_TRY, lock, me);
    default:
        return lb_locked_adds_read_try(lock, me);
    }
}

void lb_lock_read(enum lb_lock_kind kind, void *lock, struct lb_task *me)
{
#define READ(k, l, m)                                                                              \
    lb_##k##_read(l, m);                                                                           \
    break
    switch (kind) {
        EXCLUDING_KINDS(READ, lock, me);
    default:
        lb_locked_adds_read(lock, me);
    }
}

void lb_lock_read_unlock(enum lb_lock_kind kind, void *lock, struct lb_task *me, struct lb_mm *mm)
{
#define READ_UNLOCK(k, l, t, m)                                                                    \
    lb_##k##_read_unlock(l, t, m);                                                                 \
    break
    switch (kind) {
        EXCLUDING_KINDS(READ_UNLOCK, lock, me, mm);
    default:
        lb_locked_adds_read_unlock(lock, me, mm);
    }
}

int lb_lock_write(enum lb_lock_kind kind, void *lock, struct lb_task *me, struct lb_mm *mm)
{
#define WRITE(k, l, t, m)                                                                          \
    lb_##k##_write(l, t, m);                                                                       \
    return 0
    switch (kind) {
        EXCLUDING_KINDS(WRITE, lock, me, mm);
    default:
        return -ENOTSUP;
    }
}

int lb_lock_write_unlock(enum lb_lock_kind kind, void *lock, struct lb_task *me, struct lb_mm *mm)
{
#define WRITE_UNLOCK(k, l, t, m)                                                                   \
    lb_##k##_write_unlock(l, t, m);                                                                \
    return 0
    switch (kind) {
        EXCLUDING_KINDS(WRITE_UNLOCK, lock, me, mm);
    default:
        return -ENOTSUP;
    }
}
