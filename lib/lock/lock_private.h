/* SPDX-License-Identifier: MIT
 *
 * What the fast paths of fast_paths.h share with the slow paths: tasks, waiters and the calls that
 * leave the fast path. Nothing outside the lock stage and the hot loops includes this.
 */
#ifndef LINEBOUNCE_LOCK_PRIVATE_H
#define LINEBOUNCE_LOCK_PRIVATE_H

#include "built_twice.h"

#include <linebounce/lock.h>

/* One in the wait list of one rw-semaphore. All but `granted` is protected by its wait_lock. */
struct lb_waiter {
    struct lb_waiter *next, *prev; /* circular, without the head */
    struct lb_task *task;
    uint64_t deadline_ns; /* from then on the first waiter may ask for handoff */
    bool writer;
    bool handoff;     /* it asked */
    uint32_t granted; /* readers: the bias was added for them; the list is no longer theirs */
};

/* A node of the spinners' queue. A task spins for one lock at a time, so it needs only one. */
struct lb_osq_node {
    struct lb_task *next, *prev;
    uint32_t head; /* 1: first in the queue, the one who may spin on the owner */
};

/* A node of a spinlock's queue; a task waits for one spinlock at a time. */
struct lb_mcs_node {
    struct lb_task *next;
    uint32_t head; /* 1: next to take the lock */
};

struct lb_task {
    /* Its own thread's alone. */
    _Alignas(LB_APART_BYTES) struct lb_lock_stats stats;
    struct lb_task *tasks; /* all of the set, by index */
    unsigned index;
    bool crowded;   /* its last yield let somebody else run: lb_task_spin */
    uint32_t state; /* what lb_full_barrier writes to */
    /* Written by others, or read by them while they spin. */
    _Alignas(LB_LINE_PAIR_BYTES) uint32_t on_cpu; /* 0 around a futex wait */
    uint32_t token;                               /* 1: a wake-up was sent and not yet taken */
    _Alignas(LB_LINE_PAIR_BYTES) struct lb_osq_node osq;
    _Alignas(LB_LINE_PAIR_BYTES) struct lb_mcs_node mcs;
    _Alignas(LB_LINE_PAIR_BYTES) struct lb_waiter waiter;
};

/* What both forms of the rw-semaphore begin with. The 40-byte form also keeps the last waiter. */
struct __attribute__((may_alias)) lb_rwsem {
    uint64_t count;
    uint64_t owner;
    uint32_t osq;
    uint32_t wait_lock;
    struct lb_waiter *first;
};

/* What both forms of the mutex begin with. */
struct __attribute__((may_alias)) lb_mutex {
    uint64_t owner;
    struct lb_qspinlock wait_lock;
    uint32_t osq;
    struct lb_waiter *first;
};

/* The end of a wait list, and its start; `last` is NULL where the lock has no word for it. */
static inline void lb_waiter_add(struct lb_waiter **first, struct lb_waiter **last,
                                 struct lb_waiter *waiter)
{
    if (*first) {
        waiter->next = *first;
        waiter->prev = (*first)->prev;
        waiter->prev->next = waiter;
        (*first)->prev = waiter;
    } else {
        waiter->next = waiter->prev = waiter;
        *first = waiter;
    }
    if (last)
        *last = waiter;
}

static inline void lb_waiter_remove(struct lb_waiter **first, struct lb_waiter **last,
                                    struct lb_waiter *waiter)
{
    struct lb_waiter *next = waiter->next == waiter ? NULL : waiter->next;
    waiter->next->prev = waiter->prev;
    waiter->prev->next = waiter->next;
    if (*first == waiter)
        *first = next;
    if (last)
        *last = *first ? (*first)->prev : NULL;
}

/* What lock.c knows of a kind: `lb_K_class`, beside the slow paths of K. */
struct lb_lock_class {
    struct lb_lock_info info;
    void (*init)(void *lock);          /* from all bytes 0; NULL: that is unlocked */
    bool (*is_idle)(const void *lock); /* unlocked, and nobody waits */
};
#define LB_LOCK_DECLARE(NAME, k, readers, writers)                                                 \
    extern const struct lb_lock_class lb_##k##_class LB_TWICE(lb_##k##_class);
LB_LOCK_LIST(LB_LOCK_DECLARE)

/* The part of a kind's information that its line in LB_LOCK_LIST and its type give. */
enum { LB_WRITERS_NONE, LB_WRITERS_MM, LB_WRITERS_PLAIN };
#define LB_LOCK_SAYS(NAME, k, readers, writers) LB_WRITERS_OF_##NAME = LB_WRITERS_##writers,
enum { LB_LOCK_LIST(LB_LOCK_SAYS) };
enum { LB_READERS_LOCK, LB_READERS_COUNT, LB_READERS_RETRY };
#define LB_LOCK_READS(NAME, k, readers, writers) LB_READERS_OF_##NAME = LB_READERS_##readers,
enum { LB_LOCK_LIST(LB_LOCK_READS) };
#define LB_LOCK_LISTED(NAME, k, type)                                                              \
    .info.kind = LB_LOCK_##NAME, .info.name = #k, .info.bytes = sizeof(type),                      \
    .info.align_bytes = _Alignof(type),                                                            \
    .info.lockless_reads = (int)LB_READERS_OF_##NAME == LB_READERS_RETRY,                          \
    .info.excludes = (int)LB_WRITERS_OF_##NAME != LB_WRITERS_NONE,                                 \
    .info.plain_writers = (int)LB_WRITERS_OF_##NAME == LB_WRITERS_PLAIN,                           \
    .info.counted = (int)LB_READERS_OF_##NAME == LB_READERS_COUNT ||                               \
                    ((int)LB_READERS_OF_##NAME == LB_READERS_LOCK &&                               \
                     (int)LB_WRITERS_OF_##NAME != LB_WRITERS_PLAIN)

#define LB_SLOW_PATH __attribute__((noinline, cold))

/* Sleeps until a token is there and takes it. A token may be left over from an earlier wake-up, so
 * the caller looks at what it waits for again. */
void lb_task_park(struct lb_task *me) LB_TWICE(lb_task_park);
void lb_task_unpark(struct lb_task *task, struct lb_task *me) LB_TWICE(lb_task_unpark);
/* Sleeps while the word has that value, or not at all; wakes one who sleeps on it. */
void lb_futex_wait(uint32_t *word, uint32_t value) LB_TWICE(lb_futex_wait);
void lb_futex_wake(uint32_t *word) LB_TWICE(lb_futex_wake);

/* The thread that is spun for may have lost its CPU without saying so, perhaps to the spinner. So
 * each LB_PATIENCE_NS of spinning on one state end in a sched_yield. Where every thread has a CPU
 * of its own that is one system call that finds nothing else to run, and the spinning goes on. */
#define LB_PATIENCE_NS 50000

struct lb_patience {
    uint64_t start_ns; /* 0: the clock was not read yet */
    unsigned loops;
};

static inline void lb_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" : : : "memory");
#endif
}

/* One pause. True when LB_PATIENCE_NS have passed since the start or the last true; the clock is
 * read in few of the calls. */
bool lb_patience_ends(struct lb_patience *patience) LB_TWICE(lb_patience_ends);

/* The same for locks that are handed on in order, where each waiter has to run in its turn: one
 * pause, or a yield where patience ends. A yield that comes back late has let others run; from then
 * on the task yields at once, until a yield finds nobody, or every lock taken would cost a few
 * times LB_PATIENCE_NS where threads outnumber CPUs. */
void lb_task_spin(struct lb_task *me, struct lb_patience *patience) LB_TWICE(lb_task_spin);

/* The word may still name a task that has gone on: tasks outlive the locks' use. */
static inline const struct lb_task *lb_owner_task(uint64_t owner)
{
    return (const struct lb_task *)(uintptr_t)(owner & ~LB_OWNER_FLAGS);
}

/* Whether a writer that sees this owner may spin: it is nobody, readers, or a writer that runs. */
static inline bool lb_owner_spinnable(uint64_t owner)
{
    if (owner & LB_OWNER_NONSPINNABLE)
        return false;
    if (owner & LB_OWNER_READER || !owner)
        return true;
    return __atomic_load_n(&lb_owner_task(owner)->on_cpu, __ATOMIC_RELAXED);
}

/* The MCS queue of a lock's spinners. lb_osq_lock returns true when the task is first in the queue
 * and false when it left it, because the owner is not `spinnable` (sleeps, say). */
bool lb_osq_lock(uint32_t *tail, const uint64_t *owner, bool (*spinnable)(uint64_t owner),
                 struct lb_task *me) LB_TWICE(lb_osq_lock);
void lb_osq_unlock(uint32_t *tail, struct lb_task *me) LB_TWICE(lb_osq_unlock);

/* What was written before it is seen by everybody before anything behind it is read: what the
 * kernel's set_current_state is for. An exchange on the task's own word, as there. */
static inline void lb_full_barrier(struct lb_task *me)
{
#if defined(__x86_64__) || defined(__i386__)
    __atomic_exchange_n(&me->state, 0, __ATOMIC_SEQ_CST);
#else
    __atomic_store_n(&me->state, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

#endif
