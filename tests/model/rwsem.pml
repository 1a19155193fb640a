/* SPDX-License-Identifier: MIT
 *
 * The protocol of the rw-semaphore for spin: queue of spinners, wait list, hand-off and futex, as
 * lib/lock/ has them. Each part names the function that it stands for. A step is one atomic access
 * of that function, or what its wait_lock makes one; memory is sequentially consistent (the orders
 * are not this model's matter). Time passes when it likes: patience and deadlines may end at any
 * point. Spinning is waiting for what would end it, so that a spinner whom nobody releases is a
 * deadlock too. Left out: read_try, which takes the lock as read does or not at all, and counts.
 *
 * Checked: nobody reads while one writes and one writes at a time; who holds the lock for writing
 * is its owner; all come to their end, so no wake-up is lost; between the time that a waiter asked
 * for hand-off and its getting the lock nobody else gets it; in the end lock and queue are empty.
 *
 * READERS, WRITERS: how many, ROUNDS: how often each. CLEARING: readers take their names out of
 * owner as they unlock, as with LB_RULES_CLEARING. QUEUE_ALONE: the writers only queue, and
 * leave when they like. With $LB_MUTANT the checker has one of the faults below, each of which has
 * to be found (tests/check_model.py).
 */
#ifndef READERS
#define READERS 1
#endif
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif

#define UNLOCK_WAKES_NOBODY      1 /* lb_rwsem_write_unlock leaves waiters asleep */
#define TOKEN_WAKES_NOBODY       2 /* lb_task_unpark leaves the futex's sleeper asleep */
#define WAKE_BEFORE_TOKEN        3 /* lb_task_unpark: the wrong order */
#define SPINNER_TAKES_PROMISED   4 /* write_try_spinning does not look at HANDOFF */
#define QUEUED_TAKES_PROMISED    5 /* write_try_queued does not look at HANDOFF */
#define READER_TAKES_PROMISED    6 /* lb_rwsem_read_slow does not look at HANDOFF */
#define OWNER_CLEARED_LATE       7 /* lb_rwsem_write_unlock: the wrong order */
#define WAITERS_SET_LATE         8 /* write_queue tries before it has said that it waits */
#define READER_QUEUES_SILENTLY   9 /* read_queue takes its bias back and wakes nobody */
#define LEAVER_FORGETS_PREV     10 /* osq_leave empties the tail */
#define LEAVER_FORGETS_NEXT     11 /* osq_leave does not tie its neighbours together */
#define HOLDER_KEEPS_QUEUE      12 /* lb_osq_unlock does not hand the queue on */
#define GRANTED_WHILE_WRITTEN   13 /* grant_first_reader does not look for a writer */
#define READER_CLEARS_LATE      14 /* the clearing reader: loads owner, unlocks, stores it */

#define N      (READERS + WRITERS)
#define NOBODY N

/* struct lb_rwsem: the count's parts, the owner's parts, the tail of the spinners, the wait list */
byte readers;
bool writer, waiters, handoff;
byte owner = NOBODY;
bool owner_reader, owner_nonspinnable;
byte tail = NOBODY;
bool wait_word;
byte list[N], listed;

/* struct lb_task, by index: readers come first */
bool on_cpu[N] = true;
bool token[N], in_futex[N];
byte osq_next[N] = NOBODY, osq_prev[N] = NOBODY;
bool osq_head[N];
bool granted[N], asked[N]; /* asked: waiter.handoff */

/* The planted fault. */
c_decl {
\#include <stdlib.h>
}
byte mutant;

/* What is checked. */
byte reading, writing, finished;
byte promised = NOBODY;

#define LOCKED (writer || readers > 0)
#define FREE   (!LOCKED)

#define WAKE_ANY         0
#define WAKE_READERS     1
#define WAKE_WITH_READER 2

/* owner_state; on_cpu belongs to the owner's task and is read together with its name here */
#define NOT_SPINNABLE                                                                              \
    (owner_nonspinnable || (!owner_reader && owner != NOBODY && !on_cpu[owner % N]))
#define BY_READERS (!owner_nonspinnable && owner_reader)
#define BY_NOBODY  (!owner_nonspinnable && !owner_reader && owner == NOBODY)
#define BY_WRITER  (!owner_reader && owner != NOBODY && !NOT_SPINNABLE)
#define STATE      (NOT_SPINNABLE -> 3 : (BY_READERS -> 2 : (BY_WRITER -> 1 : 0)))

/* lb_rwsem_set_reader: a load, then a store */
inline set_reader(task)
{
    was_nonspinnable = owner_nonspinnable;
    d_step {
        owner = task;
        owner_reader = true;
        owner_nonspinnable = was_nonspinnable;
        was_nonspinnable = false
    }
}

#ifdef CLEARING
/* lb_rwsem_clear_reader: what was loaded, named, says whether to try; a compare-and-swap that fails
 * has loaded again, and leaves the marks. Other readers alone can come between. */
inline clear_reader()
{
    if
    :: named ->
        d_step {
            if
            :: owner == me && owner_reader -> owner = NOBODY
            :: else
            fi
        }
    :: else
    fi
}
#endif

/* lb_rwsem_set_writer */
inline set_writer()
{
    d_step {
        owner = me;
        owner_reader = false;
        owner_nonspinnable = false
    }
}

inline clear_nonspinnable()
{
    if
    :: owner_nonspinnable -> owner_nonspinnable = false
    :: else
    fi
}

inline set_nonspinnable()
{
    if
    :: atomic { owner_reader && !owner_nonspinnable -> owner_nonspinnable = true }
    :: else
    fi
}

inline wait_lock()
{
    atomic { !wait_word -> wait_word = true }
}

inline wait_unlock()
{
    wait_word = false
}

/* lb_task_unpark */
inline unpark(task)
{
    if
    :: mutant == WAKE_BEFORE_TOKEN ->
        in_futex[task] = false;
        token[task] = true
    :: mutant != WAKE_BEFORE_TOKEN && token[task]
    :: atomic { mutant != WAKE_BEFORE_TOKEN && !token[task] -> token[task] = true };
        if
        :: mutant != TOKEN_WAKES_NOBODY -> in_futex[task] = false /* FUTEX_WAKE */
        :: else
        fi
    fi
}

/* lb_task_park */
inline park()
{
    do
    :: atomic { token[me] -> token[me] = false };
        break
    :: !token[me] ->
        on_cpu[me] = false;
        if
        :: atomic { !token[me] -> in_futex[me] = true }; /* FUTEX_WAIT */
            !in_futex[me]
        :: token[me]
        fi;
        on_cpu[me] = true
    od
}

inline list_add()
{
    d_step {
        list[listed] = me;
        listed++
    }
}

inline list_remove()
{
    d_step {
        k = 0;
        do
        :: list[k] == me -> break
        :: else -> k++
        od;
        do
        :: k + 1 < listed ->
            list[k] = list[k + 1];
            k++
        :: else -> break
        od;
        listed--;
        list[listed] = 0;
        k = 0
    }
}

/* Its deadline has passed, or not yet; under wait_lock. */
inline may_ask(task)
{
    if
    :: handoff = true;
        asked[task] = true;
        promised = task
    :: skip
    fi
}

/* grant_first_reader: `ok` says whether it got its bias */
inline grant_first_reader()
{
    d_step {
        readers++;
        saw_writer = writer;
        saw_handoff = handoff
    }
    if
    :: !saw_writer || mutant == GRANTED_WHILE_WRITTEN ->
        set_reader(first);
        given = 1;
        ok = true
    :: else ->
        atomic {
            readers--;
            ok = false;
            if
            :: !saw_handoff -> may_ask(first)
            :: else
            fi
        }
    fi
}

/* collect_readers, and the one addition behind it */
inline collect_readers()
{
    saw_handoff = handoff;
    d_step {
        k = 0;
        kept = 0;
        do
        :: k < listed && list[k] < READERS ->
            wake_readers = wake_readers | (1 << list[k]);
            woken++;
            k++
        :: k < listed && list[k] >= READERS ->
            list[kept] = list[k];
            kept++;
            k++
        :: else -> break
        od;
        listed = kept;
        do
        :: kept < N ->
            list[kept] = 0;
            kept++
        :: else -> break
        od;
        asked[first] = saw_handoff;
        k = 0;
        kept = 0
    }
    d_step {
        readers = readers + woken - given;
        if
        :: saw_handoff ->
            handoff = false;
            promised = NOBODY
        :: else
        fi;
        if
        :: listed == 0 -> waiters = false
        :: else
        fi;
        woken = 0
    }
}

/* Under wait_lock; the list is not empty. */
inline wake_first(what)
{
    first = list[0];
    if
    :: first >= READERS ->
        if
        :: what == WAKE_ANY -> wake_writer = first
        :: else
        fi
    :: else ->
        given = 0;
        ok = true;
        if
        :: what != WAKE_WITH_READER -> grant_first_reader()
        :: else
        fi;
        if
        :: ok -> collect_readers()
        :: else
        fi
    fi;
    first = 0;
    given = 0;
    ok = false;
    saw_handoff = false;
    saw_writer = false
}

inline wake_for_queued()
{
    if
    :: seen_writer
    :: !seen_writer && seen_readers > 0 -> wake_first(WAKE_READERS)
    :: !seen_writer && seen_readers == 0 ->
        clear_nonspinnable();
        wake_first(WAKE_ANY)
    fi
}

inline wake_send()
{
    k = 0;
    do
    :: k < READERS && (wake_readers >> k) & 1 ->
        granted[k] = true;
        if
        :: k != me -> unpark(k)
        :: else
        fi;
        k++
    :: k < READERS && !((wake_readers >> k) & 1) -> k++
    :: else -> break
    od;
    k = 0;
    wake_readers = 0;
    if
    :: wake_writer != NOBODY ->
        unpark(wake_writer);
        wake_writer = NOBODY
    :: else
    fi
}

inline wake(what)
{
    wait_lock();
    if
    :: listed > 0 -> wake_first(what)
    :: else
    fi;
    wait_unlock();
    wake_send()
}

#define LOCALS                                                                                     \
    byte k, kept, woken, first, given, seen_readers, wake_readers;                                 \
    byte wake_writer = NOBODY;                                                                     \
    bool ok, saw_writer, saw_handoff, was_nonspinnable;                                            \
    bool seen_writer, seen_waiters, seen_handoff;                                                  \
    byte rounds

/* read_queue */
inline read_queue()
{
    granted[me] = false;
    asked[me] = false;
    wait_lock();
    if
    :: listed == 0 && !writer -> /* the writer that was met has left */
        wait_unlock();
        set_reader(me);
        granted[me] = true
    :: else ->
        list_add();
        d_step {
            readers--;
            waiters = true;
            seen_writer = writer;
            seen_readers = readers
        }
        if
        :: mutant != READER_QUEUES_SILENTLY -> wake_for_queued()
        :: else
        fi;
        wait_unlock();
        wake_send();
        do
        :: granted[me] -> break
        :: else -> park()
        od
    fi
}

/* lb_rwsem_read_slow, with what the addition of the bias gave */
inline read_slow()
{
    if
    :: seen_writer || (seen_handoff && mutant != READER_TAKES_PROMISED) ||
       (seen_readers > 1 && owner_reader) -> read_queue()
    :: else ->
        assert(!seen_handoff);
        set_reader(me);
        if
        :: seen_readers == 1 -> wake(WAKE_WITH_READER)
        :: else
        fi
    fi
}

inline end()
{
    d_step {
        finished++;
        assert(finished < N || (FREE && !waiters && !handoff && listed == 0 && tail == NOBODY));
        assert(finished < N || (owner == NOBODY || owner_reader))
    }
}

proctype reader(byte me)
{
    LOCALS;
#ifdef CLEARING
    bool named;
#endif

    do
    :: rounds < ROUNDS ->
        /* lb_rwsem_read */
        d_step {
            readers++;
            seen_readers = readers;
            seen_writer = writer;
            seen_waiters = waiters;
            seen_handoff = handoff
        }
        if
        :: !seen_writer && !seen_waiters && !seen_handoff -> set_reader(me)
        :: else -> read_slow()
        fi;
        atomic {
            reading++;
            assert(writing == 0)
        }
        reading--;
#ifdef CLEARING
        named = (owner == me && owner_reader);
        if
        :: mutant != READER_CLEARS_LATE -> clear_reader()
        :: else
        fi;
#endif
        /* lb_rwsem_read_unlock, lb_rwsem_read_wake */
        d_step {
            readers--;
            seen_writer = LOCKED;
            seen_waiters = waiters;
            seen_readers = 0;
            seen_handoff = false
        }
#ifdef CLEARING
        if
        :: mutant == READER_CLEARS_LATE && named ->
            d_step {
                owner = NOBODY;
                owner_reader = true
            }
        :: else
        fi;
        named = false;
#endif
        if
        :: !seen_writer && seen_waiters ->
            clear_nonspinnable();
            wake(WAKE_ANY)
        :: else
        fi;
        rounds++
    :: else -> break
    od;
    end()
}

#ifdef QUEUE_ALONE
#define MAY_LEAVE true
#else
#define MAY_LEAVE NOT_SPINNABLE
#endif

/* osq_detach: blocks until it is the last, or its successor has tied itself on */
inline osq_detach(before)
{
    if
    :: atomic { tail == me -> tail = before }
    :: atomic { osq_next[me] != NOBODY ->
        next = osq_next[me];
        osq_next[me] = NOBODY }
    fi
}

/* osq_cut, osq_leave; taken: became the first meanwhile */
inline osq_leave()
{
    do
    :: prev = osq_prev[me];
        if
        :: atomic { osq_next[prev] == me -> osq_next[prev] = NOBODY };
            taken = false;
            break
        :: osq_next[prev] != me && osq_head[me] ->
            taken = true;
            break
        :: osq_next[prev] != me && !osq_head[me] ->
            osq_next[osq_prev[me]] == me || osq_head[me] /* and again */
        fi
    od;
    if
    :: !taken ->
        if
        :: mutant == LEAVER_FORGETS_PREV -> osq_detach(NOBODY)
        :: else -> osq_detach(prev)
        fi;
        if
        :: next != NOBODY && mutant != LEAVER_FORGETS_NEXT ->
            osq_prev[next] = prev;
            osq_next[prev] = next
        :: else
        fi;
        next = NOBODY
    :: else
    fi;
    prev = NOBODY
}

/* lb_osq_lock: taken says whether it is the first */
inline osq_lock()
{
    osq_next[me] = NOBODY;
    osq_head[me] = false;
    d_step {
        prev = tail;
        tail = me
    }
    taken = true;
    if
    :: prev != NOBODY ->
        osq_prev[me] = prev;
        osq_next[prev] = me;
        prev = NOBODY;
        if
        :: osq_head[me]
        :: MAY_LEAVE -> osq_leave()
        fi
    :: else
    fi
}

/* lb_osq_unlock */
inline osq_unlock()
{
    osq_detach(NOBODY);
    if
    :: next != NOBODY && mutant != HOLDER_KEEPS_QUEUE -> osq_head[next] = true
    :: else
    fi;
    next = NOBODY
}

/* spin_on_owner: while one writer owns it and runs */
inline spin_on_owner()
{
    d_step {
        met = owner;
        state = STATE
    }
    if
    :: state == 1 ->
        d_step { STATE != 1 || owner != met -> state = STATE }
    :: else
    fi;
    met = 0
}

/* spin_as_first, write_try_spinning */
inline spin_as_first()
{
    do
    :: spin_on_owner();
        if
        :: state == 3 ->
            taken = false;
            break
        :: else
        fi;
        if
        :: atomic { FREE && (!handoff || mutant == SPINNER_TAKES_PROMISED) ->
            assert(promised == NOBODY);
            writer = true };
            set_writer();
            taken = true;
            break
        :: else
        fi;
        if
        :: state == 2 -> /* reader_spin_ends */
            set_nonspinnable();
            taken = false;
            break
        :: state == 1
        :: (FREE && !handoff) || STATE != state
        fi
    od;
    state = 0
}

/* write_spin */
inline write_spin()
{
    if
    :: NOT_SPINNABLE -> taken = false
    :: else ->
        osq_lock();
        if
        :: taken ->
            spin_as_first();
            osq_unlock()
        :: else
        fi
    fi
}

/* write_try_queued, under wait_lock */
inline write_try_queued()
{
    atomic {
        if
        :: handoff && list[0] != me && mutant != QUEUED_TAKES_PROMISED -> taken = false
        :: else ->
            if
            :: FREE ->
                assert(promised == NOBODY || promised == me);
                promised = NOBODY;
                writer = true;
                handoff = false;
                if
                :: listed == 1 -> waiters = false
                :: else
                fi;
                taken = true
            :: LOCKED && list[0] == me && !asked[me] ->
                taken = false;
                may_ask(me)
            :: else -> taken = false
            fi
        fi
    }
    if
    :: taken ->
        list_remove();
        set_writer()
    :: else
    fi
}

/* write_wait: the turns of spinning are limited, so parking may come at any of them */
inline write_wait()
{
    if
    :: asked[me] ->
        spin_on_owner();
        if
        :: state == 0
        :: park()
        fi;
        state = 0
    :: park()
    fi
}

/* write_queue */
inline write_queue()
{
    asked[me] = false;
    wait_lock();
    if
    :: listed == 0 ->
        list_add();
        if
        :: mutant != WAITERS_SET_LATE -> waiters = true
        :: else
        fi
    :: else ->
        list_add();
        d_step {
            seen_writer = writer;
            seen_readers = readers
        }
        wake_for_queued();
        if
        :: wake_readers != 0 || wake_writer != NOBODY ->
            wait_unlock();
            wake_send();
            wait_lock()
        :: else
        fi
    fi;
    do
    :: write_try_queued();
        if
        :: taken -> break
        :: else
        fi;
        if
        :: mutant == WAITERS_SET_LATE -> waiters = true
        :: else
        fi;
        wait_unlock();
        write_wait();
        wait_lock()
    od;
    wait_unlock()
}

proctype writer_(byte me)
{
    byte prev = NOBODY, next = NOBODY;
    byte met, state;
    bool taken;
    LOCALS;

    do
    :: rounds < ROUNDS ->
        /* lb_rwsem_write */
        if
        :: atomic { FREE && !waiters && !handoff ->
            assert(promised == NOBODY);
            writer = true };
            set_writer()
        :: else ->
            write_spin();
            if
            :: !taken -> write_queue()
            :: else
            fi
        fi;
        atomic {
            taken = false;
            writing++;
            assert(writing == 1 && reading == 0)
        }
        if /* it may sleep meanwhile */
        :: on_cpu[me] = false;
            on_cpu[me] = true
        :: skip
        fi;
        writing--;
        /* lb_rwsem_write_unlock, lb_rwsem_write_wake */
        assert(owner == me && !owner_reader);
        if
        :: mutant == OWNER_CLEARED_LATE
        :: else ->
            d_step {
                owner = NOBODY;
                owner_nonspinnable = false
            }
        fi;
        d_step {
            writer = false;
            seen_writer = false;
            seen_readers = 0;
            seen_waiters = waiters
        }
        if
        :: mutant == OWNER_CLEARED_LATE ->
            d_step {
                owner = NOBODY;
                owner_nonspinnable = false
            }
        :: else
        fi;
        if
        :: seen_waiters && mutant != UNLOCK_WAKES_NOBODY -> wake(WAKE_ANY)
        :: else
        fi;
        rounds++
    :: else -> break
    od;
    end()
}

#ifdef QUEUE_ALONE
byte first_ones;

/* The queue by itself: whoever waits may leave at any time. */
proctype spinner(byte me)
{
    byte prev = NOBODY, next = NOBODY;
    byte rounds;
    bool taken;

    do
    :: rounds < ROUNDS ->
        osq_lock();
        if
        :: taken ->
            atomic {
                first_ones++;
                assert(first_ones == 1)
            }
            first_ones--;
            osq_unlock()
        :: else
        fi;
        taken = false;
        rounds++
    :: else -> break
    od;
    end()
}
#endif

init
{
    byte k;

    c_code {
        const char *planted = getenv("LB_MUTANT");
        now.mutant = planted ? atoi(planted) : 0;
    };
    atomic {
        do
        :: k < READERS ->
            run reader(k);
            k++
        :: k >= READERS && k < N ->
#ifdef QUEUE_ALONE
            run spinner(k);
#else
            run writer_(k);
#endif
            k++
        :: else -> break
        od
    }
}
