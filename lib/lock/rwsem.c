/* SPDX-License-Identifier: MIT
 *
 * The slow paths of the rw-semaphore, for both of its forms.
 *
 * The flags WAITERS and HANDOFF change only under wait_lock: WAITERS says that the list is not
 * empty, HANDOFF that its first entry must get the lock next. Whoever waits has set WAITERS before
 * it last found the lock taken, so the holder that leaves sees the flag and wakes the first entry.
 * A blocked reader's bias is a holder too, until the reader takes it back under wait_lock and does
 * that duty.
 */
#include "lock_private.h"

#include "fast_paths.h"

#include <linebounce/clock.h>

#include <sched.h>

/* wait_lock is held for some dozen instructions; who waits longer waits for a preempted holder. */
#define WAIT_LOCK_SPINS 200

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

enum owner_state { OWNER_NOBODY, OWNER_WRITER, OWNER_READERS, OWNER_NONSPINNABLE };

enum wake_kind {
    WAKE_ANY,         /* the lock looks free */
    WAKE_READERS,     /* only if readers are first: the lock looks read-owned */
    WAKE_WITH_READER, /* the same, and the caller holds it for reading */
};

/* Who was made ready under wait_lock and is woken after it. */
struct wake_list {
    struct lb_waiter *readers; /* linked by next, NULL at the end */
    struct lb_task *writer;
};

static void wait_lock(struct lb_rwsem *sem)
{
    for (unsigned spins = 1; __atomic_exchange_n(&sem->wait_lock, 1, __ATOMIC_ACQUIRE); spins++) {
        while (__atomic_load_n(&sem->wait_lock, __ATOMIC_RELAXED)) {
            lb_pause();
            if (++spins % WAIT_LOCK_SPINS == 0)
                sched_yield();
        }
    }
}

static void wait_unlock(struct lb_rwsem *sem)
{
    __atomic_store_n(&sem->wait_lock, 0, __ATOMIC_RELEASE);
}

static struct lb_waiter **last_of(struct lb_rwsem *sem, enum lb_lock_kind kind)
{
    return kind == LB_LOCK_RWSEM40 ? &((struct lb_rwsem40 *)sem)->prev : NULL;
}

static void list_add(struct lb_rwsem *sem, enum lb_lock_kind kind, struct lb_waiter *waiter)
{
    lb_waiter_add(&sem->first, last_of(sem, kind), waiter);
}

static void list_remove(struct lb_rwsem *sem, enum lb_lock_kind kind, struct lb_waiter *waiter)
{
    lb_waiter_remove(&sem->first, last_of(sem, kind), waiter);
}

static void waiter_init(struct lb_task *me, bool writer)
{
    struct lb_waiter *waiter = &me->waiter;
    waiter->task = me;
    waiter->deadline_ns = lb_clock_monotonic_ns() + LB_RWSEM_HANDOFF_NS;
    waiter->writer = writer;
    waiter->handoff = false;
    __atomic_store_n(&waiter->granted, 0, __ATOMIC_RELAXED);
}

static void set_nonspinnable(struct lb_rwsem *sem)
{
    uint64_t owner = __atomic_load_n(&sem->owner, __ATOMIC_RELAXED);
    /* Not on a writer that came meanwhile: it is waited for by other rules. */
    while ((owner & LB_OWNER_FLAGS) == LB_OWNER_READER &&
           !__atomic_compare_exchange_n(&sem->owner, &owner, owner | LB_OWNER_NONSPINNABLE, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

static void clear_nonspinnable(struct lb_rwsem *sem)
{
    if (__atomic_load_n(&sem->owner, __ATOMIC_RELAXED) & LB_OWNER_NONSPINNABLE)
        __atomic_fetch_and(&sem->owner, ~LB_OWNER_NONSPINNABLE, __ATOMIC_RELAXED);
}

/* The first waiter is a reader: gives it its bias, unless a writer was quicker. Then the reader may
 * ask for handoff; that writer has seen WAITERS or will, and comes here again. */
static bool grant_first_reader(struct lb_rwsem *sem, struct lb_waiter *first)
{
    /* acquire: on behalf of the readers, who learn of it through `granted`. */
    const uint64_t count = __atomic_fetch_add(&sem->count, LB_RWSEM_READER, __ATOMIC_ACQUIRE);
    if (!(count & LB_RWSEM_WRITER)) {
        lb_rwsem_set_reader(sem, first->task);
        return true;
    }
    uint64_t back = -LB_RWSEM_READER;
    if (!(count & LB_RWSEM_HANDOFF) && lb_clock_monotonic_ns() >= first->deadline_ns) {
        first->handoff = true;
        back += LB_RWSEM_HANDOFF;
    }
    __atomic_fetch_add(&sem->count, back, __ATOMIC_RELAXED);
    return false;
}

/* Moves all readers from the wait list to the wake list; returns how many. */
static uint64_t collect_readers(struct lb_rwsem *sem, enum lb_lock_kind kind,
                                struct wake_list *wakes)
{
    struct lb_waiter **end = &wakes->readers;
    struct lb_waiter *const last = sem->first->prev;
    uint64_t n = 0;
    bool more = true;
    for (struct lb_waiter *waiter = sem->first, *next; more; waiter = next) {
        more = waiter != last;
        next = waiter->next;
        if (waiter->writer)
            continue;
        list_remove(sem, kind, waiter);
        *end = waiter;
        end = &waiter->next;
        n++;
    }
    *end = NULL;
    return n;
}

/* Makes the first writer, or all queued readers, ready. Under wait_lock; the list is not empty. */
static void wake_first(struct lb_rwsem *sem, enum lb_lock_kind kind, enum wake_kind what,
                       struct wake_list *wakes)
{
    struct lb_waiter *const first = sem->first;
    if (first->writer) {
        if (what == WAKE_ANY)
            wakes->writer = first->task;
        return;
    }
    uint64_t granted = 0;
    if (what != WAKE_WITH_READER) {
        if (!grant_first_reader(sem, first))
            return;
        granted = 1;
    }
    /* A held bias keeps writers out, so the others' can follow in one addition. HANDOFF was meant
     * for the first of them. */
    const bool handoff = __atomic_load_n(&sem->count, __ATOMIC_RELAXED) & LB_RWSEM_HANDOFF;
    uint64_t change = (collect_readers(sem, kind, wakes) - granted) * LB_RWSEM_READER;
    first->handoff = handoff;
    if (handoff)
        change -= LB_RWSEM_HANDOFF;
    if (!sem->first)
        change -= LB_RWSEM_WAITERS;
    if (change)
        __atomic_fetch_add(&sem->count, change, __ATOMIC_RELAXED);
}

/* For a task that has queued: it may have been the one that the others wait for. */
static void wake_for_queued(struct lb_rwsem *sem, enum lb_lock_kind kind, uint64_t count,
                            struct wake_list *wakes)
{
    if (count & LB_RWSEM_WRITER)
        return;
    if (!(count & LB_RWSEM_READERS))
        clear_nonspinnable(sem);
    wake_first(sem, kind, count & LB_RWSEM_READERS ? WAKE_READERS : WAKE_ANY, wakes);
}

static void wake_send(const struct wake_list *wakes, struct lb_task *me)
{
    for (struct lb_waiter *waiter = wakes->readers, *next; waiter; waiter = next) {
        /* Once granted, the waiter may be in another list. */
        struct lb_task *task = waiter->task;
        next = waiter->next;
        __atomic_store_n(&waiter->granted, 1, __ATOMIC_RELEASE);
        if (task != me)
            lb_task_unpark(task, me);
    }
    if (wakes->writer)
        lb_task_unpark(wakes->writer, me);
}

static void wake(struct lb_rwsem *sem, struct lb_task *me, enum lb_lock_kind kind,
                 enum wake_kind what)
{
    struct wake_list wakes = {0};
    wait_lock(sem);
    if (sem->first)
        wake_first(sem, kind, what, &wakes);
    wait_unlock(sem);
    wake_send(&wakes, me);
}

void lb_rwsem_read_wake(struct lb_rwsem *sem, struct lb_task *me, enum lb_lock_kind kind)
{
    clear_nonspinnable(sem);
    wake(sem, me, kind, WAKE_ANY);
}

void lb_rwsem_write_wake(struct lb_rwsem *sem, struct lb_task *me, enum lb_lock_kind kind)
{
    wake(sem, me, kind, WAKE_ANY);
}

static void read_queue(struct lb_rwsem *sem, struct lb_task *me, enum lb_lock_kind kind)
{
    struct lb_waiter *waiter = &me->waiter;
    struct wake_list wakes = {0};
    waiter_init(me, false);

    wait_lock(sem);
    uint64_t change = -LB_RWSEM_READER;
    if (!sem->first) {
        /* acquire: the bias was added while a writer held the lock. */
        if (!(__atomic_load_n(&sem->count, __ATOMIC_ACQUIRE) & LB_RWSEM_WRITER)) {
            wait_unlock(sem);
            lb_rwsem_set_reader(sem, me);
            return;
        }
        change += LB_RWSEM_WAITERS;
    }
    list_add(sem, kind, waiter);
    wake_for_queued(sem, kind, __atomic_add_fetch(&sem->count, change, __ATOMIC_RELAXED), &wakes);
    wait_unlock(sem);
    wake_send(&wakes, me);

    while (!__atomic_load_n(&waiter->granted, __ATOMIC_ACQUIRE))
        lb_task_park(me);
    if (waiter->handoff)
        me->stats.handoffs++;
}

void lb_rwsem_read_slow(struct lb_rwsem *sem, struct lb_task *me, uint64_t count,
                        enum lb_lock_kind kind)
{
    const uint64_t readers = count / LB_RWSEM_READER; /* this one is among them */
    const uint64_t owner = __atomic_load_n(&sem->owner, __ATOMIC_RELAXED);
    const bool crowd = readers > 1 && (owner & LB_OWNER_READER);
    if ((count & (LB_RWSEM_WRITER | LB_RWSEM_HANDOFF)) || crowd) {
        read_queue(sem, me, kind);
        return;
    }
    lb_rwsem_set_reader(sem, me);
    me->stats.steals++;
    if (readers == 1)
        wake(sem, me, kind, WAKE_WITH_READER);
}

static enum owner_state owner_state(uint64_t owner)
{
    if (!lb_owner_spinnable(owner))
        return OWNER_NONSPINNABLE;
    if (owner & LB_OWNER_READER)
        return OWNER_READERS;
    return owner ? OWNER_WRITER : OWNER_NOBODY;
}

/* Spins while one writer owns the lock and runs. Returns what came then. */
static enum owner_state spin_on_owner(struct lb_rwsem *sem, struct lb_task *me)
{
    const uint64_t owner = __atomic_load_n(&sem->owner, __ATOMIC_RELAXED);
    struct lb_patience patience = {0};
    uint64_t now = owner;
    while (now == owner && owner_state(now) == OWNER_WRITER) {
        me->stats.spins_owner++;
        if (lb_patience_ends(&patience))
            sched_yield();
        now = __atomic_load_n(&sem->owner, __ATOMIC_RELAXED);
    }
    return owner_state(now);
}

static bool write_try_spinning(struct lb_rwsem *sem, struct lb_task *me)
{
    uint64_t count = __atomic_load_n(&sem->count, __ATOMIC_RELAXED);
    while (!(count & (LB_RWSEM_LOCKED | LB_RWSEM_HANDOFF))) {
        if (__atomic_compare_exchange_n(&sem->count, &count, count | LB_RWSEM_WRITER, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            lb_rwsem_set_writer(sem, me);
            return true;
        }
        me->stats.retries++;
    }
    return false;
}

/* The time that the first spinner gives to readers; it starts anew when the lock has been seen
 * without them. */
struct reader_spin {
    uint64_t end_ns; /* 0: not running */
    unsigned loops;
};

static bool reader_spin_ends(struct lb_rwsem *sem, struct lb_task *me, struct reader_spin *spin)
{
    me->stats.spins_reader++;
    if (!spin->end_ns) {
        uint64_t n = __atomic_load_n(&sem->count, __ATOMIC_RELAXED) / LB_RWSEM_READER;
        n = n < LB_RWSEM_READER_MOST ? n : LB_RWSEM_READER_MOST;
        spin->loops = 0;
        spin->end_ns =
            lb_clock_monotonic_ns() + LB_RWSEM_READER_SPIN_NS + n * LB_RWSEM_READER_EACH_NS;
        return false;
    }
    if (++spin->loops % LB_RWSEM_CLOCK_EVERY || lb_clock_monotonic_ns() <= spin->end_ns)
        return false;
    set_nonspinnable(sem);
    me->stats.spin_limits++;
    return true;
}

/* As the first in the spinners' queue: true when the lock was taken. */
static bool spin_as_first(struct lb_rwsem *sem, struct lb_task *me)
{
    struct lb_patience patience = {0};
    struct reader_spin readers = {0};
    for (;;) {
        const enum owner_state state = spin_on_owner(sem, me);
        if (state == OWNER_NONSPINNABLE)
            return false;
        if (write_try_spinning(sem, me)) {
            me->stats.steals++;
            return true;
        }
        if (state != OWNER_READERS)
            readers.end_ns = 0;
        else if (reader_spin_ends(sem, me, &readers))
            return false;
        if (state == OWNER_NOBODY)
            me->stats.spins_owner++;
        if (lb_patience_ends(&patience))
            sched_yield();
    }
}

static bool write_spin(struct lb_rwsem *sem, struct lb_task *me)
{
    if (!lb_owner_spinnable(__atomic_load_n(&sem->owner, __ATOMIC_RELAXED)))
        return false;
    if (!lb_osq_lock(&sem->osq, &sem->owner, lb_owner_spinnable, me))
        return false;
    const bool taken = spin_as_first(sem, me);
    lb_osq_unlock(&sem->osq, me);
    return taken;
}

/* Under wait_lock. Takes the lock, if it is free and not promised to another, and leaves the list.
 * A first waiter that has waited for too long asks for handoff when it fails. */
static bool write_try_queued(struct lb_rwsem *sem, struct lb_task *me, enum lb_lock_kind kind)
{
    struct lb_waiter *waiter = &me->waiter;
    const bool first = sem->first == waiter;
    uint64_t count = __atomic_load_n(&sem->count, __ATOMIC_RELAXED), wanted;
    for (;; me->stats.retries++) {
        if ((count & LB_RWSEM_HANDOFF) && !first)
            return false;
        if (!(count & LB_RWSEM_LOCKED)) {
            wanted = (count | LB_RWSEM_WRITER) & ~LB_RWSEM_HANDOFF;
            if (waiter->next == waiter)
                wanted &= ~LB_RWSEM_WAITERS;
        } else if (first && !waiter->handoff && lb_clock_monotonic_ns() >= waiter->deadline_ns) {
            wanted = count | LB_RWSEM_HANDOFF;
        } else {
            return false;
        }
        if (__atomic_compare_exchange_n(&sem->count, &count, wanted, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            break;
    }
    if (wanted & LB_RWSEM_HANDOFF) {
        waiter->handoff = true;
        return false;
    }
    list_remove(sem, kind, waiter);
    lb_rwsem_set_writer(sem, me);
    me->stats.handoffs += waiter->handoff;
    me->stats.steals += !first;
    return true;
}

/* Between two tries: sleeps, unless the lock was promised and its owner ran and let go. The turns
 * are limited, since an owner that was preempted between its two stores looks the same as a free
 * lock; whoever holds the lock will wake the first waiter in any case. */
static void write_wait(struct lb_rwsem *sem, struct lb_task *me, unsigned *turns)
{
    const unsigned most_turns = 64;
    if (me->waiter.handoff && *turns < most_turns) {
        ++*turns;
        if (spin_on_owner(sem, me) == OWNER_NOBODY)
            return;
    }
    *turns = 0;
    lb_task_park(me);
}

static void write_queue(struct lb_rwsem *sem, struct lb_task *me, enum lb_lock_kind kind)
{
    struct wake_list wakes = {0};
    unsigned turns = 0;
    waiter_init(me, true);

    wait_lock(sem);
    const bool first = !sem->first;
    list_add(sem, kind, &me->waiter);
    if (first)
        __atomic_fetch_or(&sem->count, LB_RWSEM_WAITERS, __ATOMIC_RELAXED);
    else
        wake_for_queued(sem, kind, __atomic_load_n(&sem->count, __ATOMIC_RELAXED), &wakes);
    if (wakes.readers || wakes.writer) {
        wait_unlock(sem);
        wake_send(&wakes, me);
        wait_lock(sem);
    }
    while (!write_try_queued(sem, me, kind)) {
        wait_unlock(sem);
        write_wait(sem, me, &turns);
        wait_lock(sem);
    }
    wait_unlock(sem);
}

void lb_rwsem_write_slow(struct lb_rwsem *sem, struct lb_task *me, enum lb_lock_kind kind)
{
    me->stats.retries++; /* the fast path's */
    if (!write_spin(sem, me))
        write_queue(sem, me, kind);
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

static bool rwsem40_is_idle(const void *lock)
{
    return rwsem_is_idle(lock, ((const struct lb_rwsem40 *)lock)->prev);
}

static bool rwsem32_is_idle(const void *lock)
{
    return rwsem_is_idle(lock, NULL);
}

const struct lb_lock_class lb_rwsem40_class = {
    LB_LOCK_LISTED(RWSEM40, rwsem40, struct lb_rwsem40),
    .info.count_bytes = sizeof(uint64_t),
    .info.owner_offset = offsetof(struct lb_rwsem40, owner),
    .info.vma_protocol = true,
    .info.counts = true,
    .info.meaning = "rw-semaphore with a list head of two pointers, Linux before 2026",
    .is_idle = rwsem40_is_idle,
};

const struct lb_lock_class lb_rwsem32_class = {
    LB_LOCK_LISTED(RWSEM32, rwsem32, struct lb_rwsem32),
    .info.count_bytes = sizeof(uint64_t),
    .info.owner_offset = offsetof(struct lb_rwsem32, owner),
    .info.vma_protocol = true,
    .info.counts = true,
    .info.meaning = "rw-semaphore with one pointer to its first waiter, Linux of 2026",
    .is_idle = rwsem32_is_idle,
};
