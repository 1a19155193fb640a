/* SPDX-License-Identifier: MIT
 *
 * lock: userspace locks with the kernel's fields at the kernel's offsets.
 *
 * The rw-semaphore follows the semantics of kernel/locking/rwsem.c (6.x) as described in public
 * documentation; the code is this project's own. Sleeping is a futex. Two things differ, because
 * userspace cannot see them: an owner publishes a flag before it sleeps instead of the scheduler's
 * on_cpu, and involuntary preemption of an owner is not modelled (a window in which it happens is
 * spoiled). So that a preempted owner does not cost its spinners whole time slices, each 50 us of
 * spinning on one state end in a sched_yield; a spinner that waits in the queue then also looks
 * whether the owner sleeps, and leaves the queue if so (the kernel's leaves it when it should
 * reschedule). The kernel's rules for real-time tasks are not modelled either: of two SCHED_FIFO or
 * SCHED_RR threads of different priority on one CPU the higher may spin for ever, because a yield
 * lets only its equals run. Give each such thread a CPU of its own, as the crew does.
 *
 * Offsets within a lock, in bytes (LP64):
 *
 *   rwsem40          count 0/8  owner 8/8  osq 16/4  wait_lock 20/4  wait list head 24/16
 *   rwsem32          count 0/8  owner 8/8  osq 16/4  wait_lock 20/4  first_waiter   24/8
 *   refcount         count 0/4
 *   qspinlock        locked 0/1  pending 1/1  tail 2/2
 *   mutex32          owner 0/8  wait_lock 8/4  osq 12/4  wait list head 16/16
 *   mutex24          owner 0/8  wait_lock 8/4  osq 12/4  first_waiter   16/8
 *   qrwlock          count 0/4 (writer's byte 0/1)  wait_lock 4/4
 *   lockref          lock 0/4  count 4/4, changed together
 *   seqcount         sequence 0/4
 *   seqlock          sequence 0/4  lock 4/4
 *   futex_mutex      state 0/4
 *   pthread_rwlock   sizeof(pthread_rwlock_t), 56 on LP64 glibc
 *   pthread_mutex    sizeof(pthread_mutex_t), 40 on x86-64, 48 on arm64
 *   locked_adds      count 0/8: two locked adds, no exclusion; what any lock costs at the least
 */
#ifndef LINEBOUNCE_LOCK_H
#define LINEBOUNCE_LOCK_H

#include <linebounce/base.h>

#include <stdalign.h>
#include <stdbool.h>

LB_BEGIN_C

/* All kinds, as they are shown: X(NAME, name, readers, writers). Loops, operations, suites and
 * tables follow from a line here and from the class of the kind in a file of lib/lock/.
 *   readers  LOCK   they take it, together or one at a time
 *            COUNT  the same, but they only hold a reference, which keeps no writer out
 *            RETRY  they take nothing, and read again where a writer came
 *   writers  PLAIN  a write lock of its own
 *            MM     one at a time only under another lock: the address space's, see `mixed`
 *            NONE   it has no write side */
#define LB_LOCK_LIST(X)                                                                            \
    X(RWSEM40, rwsem40, LOCK, PLAIN)                                                               \
    X(RWSEM32, rwsem32, LOCK, PLAIN)                                                               \
    X(REFCOUNT, refcount, LOCK, MM)                                                                \
    X(QSPINLOCK, qspinlock, LOCK, PLAIN)                                                           \
    X(MUTEX32, mutex32, LOCK, PLAIN)                                                               \
    X(MUTEX24, mutex24, LOCK, PLAIN)                                                               \
    X(QRWLOCK, qrwlock, LOCK, PLAIN)                                                               \
    X(LOCKREF, lockref, COUNT, PLAIN)                                                              \
    X(SEQCOUNT, seqcount, RETRY, MM)                                                               \
    X(SEQLOCK, seqlock, RETRY, PLAIN)                                                              \
    X(FUTEX_MUTEX, futex_mutex, LOCK, PLAIN)                                                       \
    X(PTHREAD_RWLOCK, pthread_rwlock, LOCK, PLAIN)                                                 \
    X(PTHREAD_MUTEX, pthread_mutex, LOCK, PLAIN)                                                   \
    X(LOCKED_ADDS, locked_adds, LOCK, NONE)

#define LB_LOCK_ENUM(NAME, name, readers, writers) LB_LOCK_##NAME,
enum lb_lock_kind { LB_LOCK_LIST(LB_LOCK_ENUM) LB_LOCK_KINDS };

/* The rw-semaphore's count word. */
#define LB_RWSEM_WRITER  ((uint64_t)1)      /* write-locked */
#define LB_RWSEM_WAITERS ((uint64_t)1 << 1) /* the wait list is not empty */
#define LB_RWSEM_HANDOFF ((uint64_t)1 << 2) /* the first waiter must get it: no stealing */
#define LB_RWSEM_READER  ((uint64_t)1 << 8) /* the bias of one reader */
#define LB_RWSEM_READERS (~(LB_RWSEM_READER - 1))
/* The owner word: a task's address and two flags in its low bits. */
#define LB_OWNER_READER       ((uint64_t)1)
#define LB_OWNER_NONSPINNABLE ((uint64_t)1 << 1)
#define LB_OWNER_FLAGS        ((uint64_t)3)
/* The reference count: 1 = attached and idle, each reader adds 1, a writer adds the offset. */
#define LB_REFCOUNT_IDLE   1u
#define LB_REFCOUNT_WRITER 0x40000000u

struct lb_rwsem40 {
    uint64_t count;
    uint64_t owner;
    uint32_t osq; /* tail of the spinners' MCS queue: a task's index + 1, 0 = empty */
    uint32_t wait_lock;
    struct lb_waiter *next, *prev; /* head of a circular list, NULL when empty */
};

struct lb_rwsem32 {
    uint64_t count;
    uint64_t owner;
    uint32_t osq;
    uint32_t wait_lock;
    struct lb_waiter *first_waiter;
};

struct lb_refcount {
    uint32_t count;
};

/* The queued spinlock: one word, so that a comparison sees all of it. Its bytes are as named on a
 * little-endian machine; the tail is a task's index + 1. */
#define LB_QSPINLOCK_LOCKED  0x000000ffu
#define LB_QSPINLOCK_HELD    0x00000001u
#define LB_QSPINLOCK_PENDING 0x00000100u
#define LB_QSPINLOCK_TAIL    0xffff0000u
#define LB_QSPINLOCK_SHIFT   16
struct lb_qspinlock {
    uint32_t word;
};

/* The mutex: its word is the owner's address and three flags. */
#define LB_MUTEX_WAITERS ((uint64_t)1)      /* whoever unlocks wakes the first waiter */
#define LB_MUTEX_HANDOFF ((uint64_t)1 << 1) /* and gives it the lock */
#define LB_MUTEX_PICKUP  ((uint64_t)1 << 2) /* which it was given, and has not yet seen */
#define LB_MUTEX_FLAGS   ((uint64_t)7)
struct lb_mutex32 {
    uint64_t owner;
    struct lb_qspinlock wait_lock;
    uint32_t osq;
    struct lb_waiter *next, *prev; /* head of a circular list, NULL when empty */
};

struct lb_mutex24 {
    uint64_t owner;
    struct lb_qspinlock wait_lock;
    uint32_t osq;
    struct lb_waiter *first_waiter;
};

/* The queued rwlock: a byte for the writer, a bit for one that waits, readers from bit 9 on. */
#define LB_QRWLOCK_WRITER  0x0ffu
#define LB_QRWLOCK_WAITING 0x100u
#define LB_QRWLOCK_READER  0x200u
struct lb_qrwlock {
    uint32_t count;
    struct lb_qspinlock wait_lock;
};

/* A spinlock and a count of references, which are taken by changing both at once while the lock is
 * free. An object that lives has 1. */
struct lb_lockref {
    alignas(8) struct lb_qspinlock lock;
    uint32_t count;
};
#define LB_LOCKREF_TRIES 100 /* before the lock is taken all the same */

struct lb_seqcount {
    uint32_t sequence; /* odd: a writer is about */
};
struct lb_seqlock {
    struct lb_seqcount seqcount;
    struct lb_qspinlock lock; /* of the writers */
};

/* A mutex on a futex: 0 free, 1 taken, 2 taken and somebody sleeps. */
struct lb_futex_mutex {
    uint32_t state;
};

/* What a thread did in its locks since the task was made; only its own thread writes it, anybody
 * may read it when the thread is idle. */
struct lb_lock_stats {
    uint64_t retries;      /* compare-and-swaps on a count that failed; reads of a seqcount that
                              were done again */
    uint64_t spins_owner;  /* iterations of spinning on a running owner (or a free lock's owner) */
    uint64_t spins_queue;  /* iterations in the MCS queue, waiting to become the spinner */
    uint64_t spins_reader; /* iterations on a reader-owned lock */
    uint64_t spin_limits;  /* times that spinning on a reader-owned lock ran out of time */
    uint64_t steals;       /* locks taken past waiters or by an optimistic spinner */
    uint64_t sleeps;       /* futex waits */
    uint64_t wakes;        /* futex wake-ups sent */
    uint64_t handoffs;     /* locks received through the handoff bit */
    uint64_t fallbacks;    /* ops that took the address space's lock instead of the object's */
    uint64_t mm_writes;    /* ops that took it for writing: the writes of mixed */
};

struct lb_task;

/* Makes n tasks that know each other (the MCS queue needs the index). Each lies on
 * LB_APART_BYTES-aligned memory of its own, with the words that other tasks write (the parking
 * token, the queue node, the waiter) on other lines than the statistics. -EINVAL for n = 0,
 * -ENOMEM. A task is used by one thread at a time; its address is what `owner` holds, so the set
 * lives until nobody uses a lock that its tasks have held. */
struct lb_task_set;
int lb_task_set_create(unsigned n, struct lb_task_set **set);
void lb_task_set_destroy(struct lb_task_set *set);
/* NULL when there is no such index. */
struct lb_task *lb_task_get(struct lb_task_set *set, unsigned index);
/* Copies the statistics; for an idle task. */
void lb_task_stats(const struct lb_task *task, struct lb_lock_stats *stats);

/* An address space: what a fault falls back to and what a writer of a VMA holds, wherever its words
 * lie. */
struct lb_mm {
    uint32_t *seq;                /* mm_lock_seq: moved on by every writer */
    void *lock;                   /* mmap_lock, an rw-semaphore */
    struct lb_task **writer_wait; /* vma_writer_wait: who waits for a reference count's readers */
    enum lb_lock_kind lock_kind;
    bool clears_owner; /* readers of all rw-semaphores take their task out of `owner` again */
};
/* Where they lie from its start, in bytes. */
struct lb_mm_words {
    uint16_t seq, lock, writer_wait;
};
/* Each on a pair of lines of its own, as no kernel has them. */
extern const struct lb_mm_words lb_mm_separate;
#define LB_MM_BYTES (3 * LB_APART_BYTES)
/* Makes an unlocked one of the words at `start`, whose sequence number is LB_MM_SEQ_FIRST: an
 * object whose own is 0 is not write-locked, and even, as outside a write. */
void lb_mm_init(struct lb_mm *mm, void *start, struct lb_mm_words words, enum lb_lock_kind kind,
                bool clears_owner);
#define LB_MM_SEQ_FIRST 2u

/* Constant facts of a kind, one table for layouts, scenarios and documentation. */
struct lb_lock_info {
    enum lb_lock_kind kind;
    const char *name;
    size_t bytes; /* room it needs */
    size_t align_bytes;
    size_t count_offset; /* the word that a read lock writes first */
    size_t count_bytes;
    int owner_offset;    /* -1: has none */
    bool vma_protocol;   /* reads are tried and fall back; false: they wait */
    bool lockless_reads; /* readers take nothing: lb_lock_read_begin */
    bool counts;         /* lb_lock_stats are known; the C library does not say what its locks do */
    bool excludes;       /* can be write-locked at all; false only for locked_adds */
    bool plain_writers;  /* can be used in `writers`; refcount's need the mm's lock */
    bool sleeps_in_read; /* a read may sleep without a writer about: mutexes */
    bool counted; /* most who take it take a reference, as its readers do; false: they lock */
    const char *meaning; /* one clause */
};
const struct lb_lock_info *lb_lock_info(enum lb_lock_kind kind);
extern const struct lb_names lb_lock_names;
/* -EINVAL with the known names when there is no such kind. */
int lb_lock_parse(const char *name, struct lb_why *why, enum lb_lock_kind *kind);

/* Brings the lock at `lock` (aligned to align_bytes) to its unlocked state. The threads that will
 * use it must be told through a release/acquire pair. */
void lb_lock_init(enum lb_lock_kind kind, void *lock);
/* True when the lock is in its unlocked state with nobody waiting: after a window it must be. */
bool lb_lock_is_idle(enum lb_lock_kind kind, const void *lock);

/* Time limits, from the kernel's: a first waiter asks for handoff after 4 ms; a writer spins on a
 * reader-owned lock for 10 + n/2 us, n readers, at most 30 of them counted, looking at the clock
 * every 16 iterations. */
#define LB_RWSEM_HANDOFF_NS     4000000
#define LB_RWSEM_READER_SPIN_NS 10000
#define LB_RWSEM_READER_EACH_NS 500
#define LB_RWSEM_READER_MOST    30
#define LB_RWSEM_CLOCK_EVERY    16

/* The operations, out of line, for tests and for code outside hot loops; dispatched on kind. Hot
 * loops inline them from lib/lock/fast_paths.h. read_try returns false for "fall back" (kinds with
 * vma_protocol; the others wait and return true). read blocks; for refcount, whose readers cannot
 * sleep, it tries again until no writer is about. Kinds with lockless_reads have neither (false,
 * -ENOTSUP). refcount's write side needs the mm, whose lock the caller holds for writing;
 * seqcount's needs any lock of the caller's; elsewhere mm may be NULL. locked_adds has no write
 * side (-ENOTSUP). A reader of an rw-semaphore takes its task out of `owner` where there is an mm
 * that says so. */
bool lb_lock_read_try(enum lb_lock_kind kind, void *lock, struct lb_task *me);
int lb_lock_read(enum lb_lock_kind kind, void *lock, struct lb_task *me);
int lb_lock_read_unlock(enum lb_lock_kind kind, void *lock, struct lb_task *me, struct lb_mm *mm);
int lb_lock_write(enum lb_lock_kind kind, void *lock, struct lb_task *me, struct lb_mm *mm);
int lb_lock_write_unlock(enum lb_lock_kind kind, void *lock, struct lb_task *me, struct lb_mm *mm);

/* Reading with lockless_reads: begin waits until no writer is about; what was loaded behind it, by
 * atomic loads, is worth nothing where again returns true, and is to be read once more. -ENOTSUP
 * (and true) for other kinds. */
int lb_lock_read_begin(enum lb_lock_kind kind, const void *lock, struct lb_task *me,
                       uint32_t *seen);
bool lb_lock_read_again(enum lb_lock_kind kind, const void *lock, struct lb_task *me,
                        uint32_t seen);

LB_END_C

#endif
