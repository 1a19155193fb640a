/* SPDX-License-Identifier: MIT
 *
 * Threads around one lock: what it protects, random mixes that must lose no update, and the parts
 * that meetings are made of. For one program with cmocka, which includes this.
 */
#ifndef LB_TESTS_LOCK_CROWD_H
#define LB_TESTS_LOCK_CROWD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/fast_paths.h"

#include <linebounce/arena.h>

#include <sched.h>
#include <string.h>
#include <time.h>

#define MOST_THREADS 64
/* One section in about so many yields in its midst. */
#ifndef YIELD_EVERY
#define YIELD_EVERY 64
#endif

union any_lock {
    struct lb_rwsem40 rwsem40;
    struct lb_rwsem32 rwsem32;
    struct lb_refcount refcount;
    struct lb_qspinlock qspinlock;
    struct lb_mutex32 mutex32;
    struct lb_mutex24 mutex24;
    struct lb_qrwlock qrwlock;
    struct lb_lockref lockref;
    struct lb_seqlock seqlock;
    struct lb_futex_mutex futex_mutex;
    pthread_rwlock_t rwlock;
    pthread_mutex_t mutex;
};

/* What the lock protects is plain memory: the thread sanitizer sees every hole. */
struct shared {
    enum lb_lock_kind kind;
    union any_lock lock;
    _Alignas(LB_APART_BYTES) char mm_words[LB_MM_BYTES];
    struct lb_mm mm;
    uint64_t first, second; /* equal outside write sections */
    uint32_t stop;          /* atomic */
    unsigned order;         /* who came when */
    struct lb_task_set *set;
};

struct worker {
    struct shared *shared;
    struct lb_task *me;
    pthread_t thread;
    unsigned ops;
    unsigned write_percent;
    uint64_t seed;
    uint64_t writes, reads, torn; /* results */
    unsigned order;
};

static enum lb_lock_kind kinds[] = {LB_LOCK_LIST(LB_LOCK_ENUM)};

static inline struct shared *begin(void **state, struct worker *workers, unsigned n)
{
    static struct shared shared;
    memset(&shared, 0, sizeof shared);
    shared.kind = *(enum lb_lock_kind *)*state;
    lb_lock_init(shared.kind, &shared.lock);
    lb_mm_init(&shared.mm, shared.mm_words, lb_mm_separate, LB_LOCK_RWSEM40, n % 2);
    assert_int_equal(lb_task_set_create(n + 1, &shared.set), 0);
    memset(workers, 0, n * sizeof *workers);
    for (unsigned i = 0; i < n; i++) {
        workers[i].shared = &shared;
        workers[i].me = lb_task_get(shared.set, i);
        workers[i].seed = i;
    }
    return &shared;
}

/* The main thread's task. */
static inline struct lb_task *main_task(struct shared *shared, unsigned n_workers)
{
    return lb_task_get(shared->set, n_workers);
}

static inline void start(struct worker *worker, void *(*run)(void *))
{
    assert_int_equal(pthread_create(&worker->thread, NULL, run, worker), 0);
}

static inline void join(struct worker *workers, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

static inline void end(struct shared *shared)
{
    assert_true(lb_lock_is_idle(shared->kind, &shared->lock));
    assert_true(lb_lock_is_idle(LB_LOCK_RWSEM40, shared->mm.lock));
    assert_null(*shared->mm.writer_wait);
    lb_task_set_destroy(shared->set);
}

static inline void write_lock(struct shared *shared, struct lb_task *me)
{
    if (!lb_lock_info(shared->kind)->plain_writers)
        lb_lock_write(LB_LOCK_RWSEM40, shared->mm.lock, me, NULL);
    lb_lock_write(shared->kind, &shared->lock, me, &shared->mm);
}

static inline void write_unlock(struct shared *shared, struct lb_task *me)
{
    lb_lock_write_unlock(shared->kind, &shared->lock, me, &shared->mm);
    if (!lb_lock_info(shared->kind)->plain_writers)
        lb_lock_write_unlock(LB_LOCK_RWSEM40, shared->mm.lock, me, NULL);
}

/* Readers without a lock meet the writers: then the words are atomic, as they have to be. */
static inline uint64_t word_of(const struct shared *shared, const uint64_t *word)
{
    return lb_lock_info(shared->kind)->lockless_reads ? __atomic_load_n(word, __ATOMIC_RELAXED)
                                                      : *word;
}

static inline void count_up(const struct shared *shared, uint64_t *word)
{
    if (lb_lock_info(shared->kind)->lockless_reads)
        __atomic_store_n(word, word_of(shared, word) + 1, __ATOMIC_RELAXED);
    else
        ++*word;
}

static inline void write_once(struct worker *worker)
{
    struct shared *shared = worker->shared;
    write_lock(shared, worker->me);
    worker->torn += shared->first != shared->second;
    count_up(shared, &shared->first);
    if (lb_random_below(&worker->seed, YIELD_EVERY) == 0)
        sched_yield();
    count_up(shared, &shared->second);
    write_unlock(shared, worker->me);
    worker->writes++;
}

static inline bool is_torn(struct worker *worker)
{
    const struct shared *shared = worker->shared;
    const uint64_t first = word_of(shared, &shared->first);
    if (lb_random_below(&worker->seed, YIELD_EVERY) == 0)
        sched_yield();
    return first != word_of(shared, &shared->second);
}

static inline void look(struct worker *worker)
{
    /* A reference keeps no writer out. */
    worker->torn += worker->shared->kind != LB_LOCK_LOCKREF && is_torn(worker);
    worker->reads++;
}

static inline void read_without_lock(struct worker *worker)
{
    const struct shared *shared = worker->shared;
    uint32_t seen = 0;
    bool torn;
    do {
        assert_int_equal(lb_lock_read_begin(shared->kind, &shared->lock, worker->me, &seen), 0);
        torn = is_torn(worker);
    } while (lb_lock_read_again(shared->kind, &shared->lock, worker->me, seen));
    worker->torn += torn;
    worker->reads++;
}

/* Tries, and falls back as a fault does: to the address space's lock where that keeps writers out,
 * else to a blocking read. */
static inline void read_once(struct worker *worker, bool try)
{
    struct shared *shared = worker->shared;
    const bool refcount = shared->kind == LB_LOCK_REFCOUNT;
    if (lb_lock_info(shared->kind)->lockless_reads) {
        read_without_lock(worker);
        return;
    }
    if (try && !lb_lock_read_try(shared->kind, &shared->lock, worker->me)) {
        if (refcount) {
            lb_lock_read(LB_LOCK_RWSEM40, shared->mm.lock, worker->me);
            look(worker);
            lb_lock_read_unlock(LB_LOCK_RWSEM40, shared->mm.lock, worker->me, NULL);
            return;
        }
        lb_lock_read(shared->kind, &shared->lock, worker->me);
    } else if (!try) {
        lb_lock_read(shared->kind, &shared->lock, worker->me);
    }
    look(worker);
    lb_lock_read_unlock(shared->kind, &shared->lock, worker->me, &shared->mm);
}

static inline void *run_mix(void *arg)
{
    struct worker *worker = arg;
    for (unsigned i = 0; i < worker->ops; i++) {
        const uint64_t draw = lb_random_below(&worker->seed, 100);
        if (draw < worker->write_percent)
            write_once(worker);
        else
            read_once(worker, draw & 1);
    }
    return NULL;
}

static inline void *run_reads_until_stop(void *arg)
{
    struct worker *worker = arg;
    while (!__atomic_load_n(&worker->shared->stop, __ATOMIC_RELAXED))
        read_once(worker, false);
    return NULL;
}

static inline void *run_one_write(void *arg)
{
    struct worker *worker = arg;
    write_lock(worker->shared, worker->me);
    worker->order = worker->shared->order++;
    write_unlock(worker->shared, worker->me);
    return NULL;
}

static inline void *run_one_read(void *arg)
{
    struct worker *worker = arg;
    lb_lock_read(worker->shared->kind, &worker->shared->lock, worker->me);
    worker->order = worker->shared->order;
    lb_lock_read_unlock(worker->shared->kind, &worker->shared->lock, worker->me,
                        &worker->shared->mm);
    return NULL;
}

static inline struct lb_lock_stats stats_of(const struct worker *worker)
{
    struct lb_lock_stats stats;
    lb_task_stats(worker->me, &stats);
    return stats;
}

static inline void check_mix(struct shared *shared, const struct worker *workers, unsigned n)
{
    uint64_t writes = 0, ops = 0, expected = 0;
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(workers[i].torn, 0);
        writes += workers[i].writes;
        ops += workers[i].writes + workers[i].reads;
        expected += workers[i].ops;
    }
    assert_int_equal(ops, expected);
    assert_int_equal(shared->first, writes);
    assert_int_equal(shared->second, writes);
}

/* n threads, of which the first `writers` only write; the others write in `percent` of their ops.
 */
static inline void mix(void **state, unsigned n, unsigned writers, unsigned percent, unsigned ops)
{
    struct worker workers[MOST_THREADS];
    struct shared *shared = begin(state, workers, n);
    for (unsigned i = 0; i < n; i++) {
        workers[i].ops = ops;
        workers[i].write_percent = i < writers ? 100 : percent;
    }
    for (unsigned i = 0; i < n; i++)
        start(&workers[i], run_mix);
    join(workers, n);
    check_mix(shared, workers, n);
    end(shared);
}

static inline void nap(long ns)
{
    const struct timespec time = {0, ns};
    nanosleep(&time, NULL);
}

static inline void wait_until_asleep(const struct worker *worker)
{
    while (__atomic_load_n(&worker->me->on_cpu, __ATOMIC_RELAXED))
        nap(100000);
}

#define ON(test, NAME, k)                                                                          \
    {                                                                                              \
#test " " #k, test, NULL, NULL, &kinds[LB_LOCK_##NAME]                                     \
    }

#endif
