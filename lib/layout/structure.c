/* SPDX-License-Identifier: MIT
 *
 * A structure's members: kept, found by path, and told apart as locks and atomics.
 */
#include "structure_private.h"

#include "base/canvas.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of types without `struct`: what a member's type, or any typedef on the way to it, is
 * called. */
static const struct {
    const char *type;
    enum lb_structure_lock lock;
} types[] = {
    {"rw_semaphore", LB_STRUCTURE_RWSEM},
    {"mutex", LB_STRUCTURE_MUTEX},
    {"rt_mutex", LB_STRUCTURE_MUTEX},
    {"rt_mutex_base", LB_STRUCTURE_MUTEX},
    {"spinlock_t", LB_STRUCTURE_SPINLOCK},
    {"spinlock", LB_STRUCTURE_SPINLOCK},
    {"raw_spinlock_t", LB_STRUCTURE_RAW_SPINLOCK},
    {"raw_spinlock", LB_STRUCTURE_RAW_SPINLOCK},
    {"rwlock_t", LB_STRUCTURE_RWLOCK},
    {"lockref", LB_STRUCTURE_LOCKREF},
    {"seqlock_t", LB_STRUCTURE_SEQLOCK},
    {"seqcount_t", LB_STRUCTURE_SEQCOUNT},
    {"seqcount", LB_STRUCTURE_SEQCOUNT},
    {"seqcount_spinlock_t", LB_STRUCTURE_SEQCOUNT},
    {"seqcount_spinlock", LB_STRUCTURE_SEQCOUNT},
    {"seqcount_raw_spinlock_t", LB_STRUCTURE_SEQCOUNT},
    {"seqcount_raw_spinlock", LB_STRUCTURE_SEQCOUNT},
    {"seqcount_rwlock_t", LB_STRUCTURE_SEQCOUNT},
    {"seqcount_rwlock", LB_STRUCTURE_SEQCOUNT},
    {"seqcount_mutex_t", LB_STRUCTURE_SEQCOUNT},
    {"seqcount_mutex", LB_STRUCTURE_SEQCOUNT},
    {"refcount_t", LB_STRUCTURE_REFCOUNT},
    {"refcount_struct", LB_STRUCTURE_REFCOUNT},
    {"atomic_t", LB_STRUCTURE_ATOMIC},
    {"atomic_long_t", LB_STRUCTURE_ATOMIC_LONG},
    {"atomic64_t", LB_STRUCTURE_ATOMIC_LONG},
    {"_Atomic", LB_STRUCTURE_C11_ATOMIC}, /* its name here; no type is called so */
    {"std::atomic_flag", LB_STRUCTURE_C11_ATOMIC},
    {"pthread_mutex_t", LB_STRUCTURE_PTHREAD_MUTEX},
    {"std::mutex", LB_STRUCTURE_PTHREAD_MUTEX},
    {"std::recursive_mutex", LB_STRUCTURE_PTHREAD_MUTEX},
    {"std::timed_mutex", LB_STRUCTURE_PTHREAD_MUTEX},
    {"std::recursive_timed_mutex", LB_STRUCTURE_PTHREAD_MUTEX},
    {"pthread_rwlock_t", LB_STRUCTURE_PTHREAD_RWLOCK},
    {"std::shared_mutex", LB_STRUCTURE_PTHREAD_RWLOCK},
    {"std::shared_timed_mutex", LB_STRUCTURE_PTHREAD_RWLOCK},
    {"pthread_spinlock_t", LB_STRUCTURE_PTHREAD_SPINLOCK},
    {"lock of a library", LB_STRUCTURE_OTHERS_MUTEX}, /* its name here */
    {"absl::Mutex", LB_STRUCTURE_OTHERS_MUTEX},
    {"absl::base_internal::SpinLock", LB_STRUCTURE_OTHERS_MUTEX},
    {"folly::MicroLock", LB_STRUCTURE_OTHERS_MUTEX},
    {"folly::MicroSpinLock", LB_STRUCTURE_OTHERS_MUTEX},
    {"folly::SpinLock", LB_STRUCTURE_OTHERS_MUTEX},
    {"tbb::spin_mutex", LB_STRUCTURE_OTHERS_MUTEX},
    {"boost::mutex", LB_STRUCTURE_OTHERS_MUTEX},
    {"boost::shared_mutex", LB_STRUCTURE_OTHERS_MUTEX},
};

/* Templates, by how their names begin. */
static const struct {
    const char *begin;
    enum lb_structure_lock lock;
} templates[] = {
    {"std::atomic<", LB_STRUCTURE_C11_ATOMIC},
    {"folly::SharedMutexImpl<", LB_STRUCTURE_OTHERS_MUTEX},
    {"folly::MicroLockBase<", LB_STRUCTURE_OTHERS_MUTEX},
    {"folly::PicoSpinLock<", LB_STRUCTURE_OTHERS_MUTEX},
};

/* Typedefs of C11's stdatomic.h behind "atomic_", and how many bytes they have on every machine
 * with such a pointer that Linux runs on; -1: a pointer's. */
static const struct {
    const char *name;
    int bytes;
} c11[] = {
    {"bool", 1},
    {"flag", 1},
    {"char", 1},
    {"schar", 1},
    {"uchar", 1},
    {"short", 2},
    {"ushort", 2},
    {"int", 4},
    {"uint", 4},
    {"long", -1},
    {"ulong", -1},
    {"llong", 8},
    {"ullong", 8},
    {"char16_t", 2},
    {"char32_t", 4},
    {"wchar_t", 4},
    {"int_least8_t", 1},
    {"uint_least8_t", 1},
    {"int_least16_t", 2},
    {"uint_least16_t", 2},
    {"int_least32_t", 4},
    {"uint_least32_t", 4},
    {"int_least64_t", 8},
    {"uint_least64_t", 8},
    {"int_fast8_t", 1},
    {"uint_fast8_t", 1},
    {"int_fast64_t", 8},
    {"uint_fast64_t", 8},
    {"intptr_t", -1},
    {"uintptr_t", -1},
    {"size_t", -1},
    {"ptrdiff_t", -1},
    {"intmax_t", 8},
    {"uintmax_t", 8},
    /* These two are another width with another C library. */
    {"int_fast16_t", 0},
    {"uint_fast16_t", 0},
    {"int_fast32_t", 0},
    {"uint_fast32_t", 0},
};
#define C11_PREFIX "atomic_"

static int find_c11(const char *type)
{
    if (strncmp(type, C11_PREFIX, strlen(C11_PREFIX)) != 0)
        return -1;
    for (size_t i = 0; i < LB_COUNT(c11); i++)
        if (!strcmp(type + strlen(C11_PREFIX), c11[i].name))
            return (int)i;
    return -1;
}

size_t lb_structure_c11_bytes(const char *type, size_t pointer_bytes)
{
    int found = find_c11(type);

    if (found < 0)
        return 0;
    return c11[found].bytes < 0 ? pointer_bytes : (size_t)c11[found].bytes;
}

const char *lb_structure_lock_name(enum lb_structure_lock lock)
{
    for (size_t i = 0; i < LB_COUNT(types); i++)
        if (types[i].lock == lock)
            return types[i].type;
    return "";
}

enum lb_structure_lock lb_structure_lock_of(const char *type)
{
    for (size_t i = 0; i < LB_COUNT(types); i++)
        if (!strcmp(types[i].type, type))
            return types[i].lock;
    for (size_t i = 0; i < LB_COUNT(templates); i++)
        if (!strncmp(templates[i].begin, type, strlen(templates[i].begin)))
            return templates[i].lock;
    return find_c11(type) < 0 ? LB_STRUCTURE_NO_LOCK : LB_STRUCTURE_C11_ATOMIC;
}

struct lb_structure *lb_structure_create(const char *name)
{
    struct lb_structure *s = calloc(1, sizeof *s);

    if (s)
        snprintf(s->name, sizeof s->name, "%s", name);
    return s;
}

bool lb_structure_is_kernels(enum lb_structure_lock lock)
{
    return lock != LB_STRUCTURE_NO_LOCK && lock < LB_STRUCTURE_C11_ATOMIC;
}

/* What locks of a PREEMPT_RT kernel begin with. */
static const struct {
    const char *type, *word;
    enum lb_structure_words words;
} sleeping[] = {
    {"rwbase_rt", "readers", LB_WORDS_READERS},
    {"rt_mutex_base", "owner", LB_WORDS_OWNER},
    {"rt_mutex", "owner", LB_WORDS_OWNER},
};

const char *lb_structure_sleeping(const char *type, enum lb_structure_words *words)
{
    for (size_t i = 0; i < LB_COUNT(sleeping); i++)
        if (!strcmp(type, sleeping[i].type)) {
            *words = sleeping[i].words;
            return sleeping[i].word;
        }
    return NULL;
}

bool lb_structure_are_same(const struct lb_structure *a, const struct lb_structure *b)
{
    if (a->bytes != b->bytes || a->n_members != b->n_members || a->is_union != b->is_union)
        return false;
    for (size_t i = 0; i < a->n_members; i++) {
        const struct lb_member *x = &a->members[i], *y = &b->members[i];
        if (x->offset != y->offset || x->bytes != y->bytes || x->bits != y->bits ||
            strcmp(x->name, y->name) != 0 || strcmp(x->type, y->type) != 0)
            return false;
    }
    return true;
}

static void drop_member(struct lb_member *m)
{
    free(m->name);
    free(m->type);
    free(m->pointed);
}

void lb_structure_destroy(struct lb_structure *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_members; i++)
        drop_member(&s->members[i]);
    free(s->members);
    free(s->source);
    free(s);
}

int lb_structure_add(struct lb_structure *s, const struct lb_member *member)
{
    struct lb_member m = *member, *more;

    if (s->n_members == LB_STRUCTURE_MEMBERS_MOST)
        return -E2BIG;
    more = realloc(s->members, (s->n_members + 1) * sizeof *more);
    if (!more)
        return -ENOMEM;
    s->members = more;
    m.name = strdup(member->name);
    m.type = strdup(member->type);
    m.pointed = member->pointed ? strdup(member->pointed) : NULL;
    if (!m.name || !m.type || (member->pointed && !m.pointed)) {
        drop_member(&m);
        return -ENOMEM;
    }
    s->members[s->n_members++] = m;
    return 0;
}

/* Names */

int lb_structure_find_member(const struct lb_structure *s, const char *name, struct lb_why *why,
                             const struct lb_member **member)
{
    struct lb_nearest nearest = {.name = name};
    char near[LB_NEAREST_MOST * LB_DISTANCE_BYTES + 32];

    for (size_t i = 0; i < s->n_members; i++)
        if (!strcmp(s->members[i].name, name)) {
            *member = &s->members[i];
            return 0;
        }
    for (size_t i = 0; i < s->n_members; i++)
        lb_nearest_see(s->members[i].name, &nearest);
    return lb_fail(why, ENOENT, "%s: has no member %.90s%s", s->name, name,
                   lb_nearest_text(&nearest, near, sizeof near));
}

const struct lb_member *lb_structure_top(const struct lb_structure *s, const struct lb_member *m)
{
    while (m->parent >= 0)
        m = &s->members[m->parent];
    return m;
}

/* Locks */

static bool is_part_of_lock(const struct lb_structure *s, const struct lb_member *m)
{
    while (m->parent >= 0) {
        m = &s->members[m->parent];
        if (m->lock)
            return true;
    }
    return false;
}

static bool is_within(const struct lb_structure *s, const struct lb_member *m,
                      const struct lb_member *holder)
{
    while (m != holder && m->parent >= 0)
        m = &s->members[m->parent];
    return m == holder;
}

bool lb_structure_is_atomic(enum lb_structure_lock lock)
{
    return lock == LB_STRUCTURE_ATOMIC || lock == LB_STRUCTURE_ATOMIC_LONG ||
           lock == LB_STRUCTURE_C11_ATOMIC;
}

/* Lower goes first. */
static int rank_of(const struct lb_member *m)
{
    int kind = lb_structure_is_atomic(m->lock) ? 4 : m->lock == LB_STRUCTURE_SEQCOUNT ? 2 : 0;

    return kind + m->points;
}
#define RANKS 6

/* Another name of a lock that was found before. */
static bool is_found(const struct lb_member *const *found, size_t n, const struct lb_member *m)
{
    for (size_t i = 0; i < n; i++)
        if (found[i]->offset == m->offset)
            return true;
    return false;
}

/* Locks within `holder` (NULL: anywhere) of the first rank that has any. Two names of the same
 * bytes are one lock. */
static size_t locks_within(const struct lb_structure *s, const struct lb_member *holder,
                           const struct lb_member **found, size_t most)
{
    size_t n = 0;

    for (int rank = 0; rank < RANKS && !n; rank++)
        for (size_t i = 0; i < s->n_members; i++) {
            const struct lb_member *m = &s->members[i];
            if (!m->lock || rank_of(m) != rank || is_part_of_lock(s, m) ||
                (holder && !is_within(s, m, holder)) || is_found(found, n < most ? n : most, m))
                continue;
            if (n < most)
                found[n] = m;
            n++;
        }
    return n;
}

bool lb_structure_holds_lock(const struct lb_structure *s, const struct lb_member *m)
{
    const struct lb_member *found[1];

    return is_part_of_lock(s, m) || locks_within(s, m, found, 1);
}

#define LISTED_MOST 12

static int refuse_several(const struct lb_structure *s, const struct lb_member *const *found,
                          size_t n, struct lb_why *why)
{
    char list[360] = "";

    for (size_t i = 0; i < n && i < LISTED_MOST; i++)
        lb_append(list, sizeof list, "%s%s (%s at %zu)", i ? ", " : "", found[i]->name,
                  lb_structure_lock_name(found[i]->lock), found[i]->offset);
    return lb_fail(why, EINVAL, "%s: %zu locks: say which by lock=: %s%s", s->name, n, list,
                   n > LISTED_MOST ? ", ..." : "");
}

int lb_structure_find_lock(const struct lb_structure *s, const char *name, struct lb_why *why,
                           const struct lb_member **lock)
{
    const struct lb_member *found[LISTED_MOST], *holder = NULL;
    int err = name ? lb_structure_find_member(s, name, why, &holder) : 0;
    size_t n;

    if (err)
        return err;
    if (name && is_part_of_lock(s, holder))
        return lb_fail(why, EINVAL, "%s: %s is a part of a lock, %s", s->name, name,
                       s->members[holder->parent].name);
    n = locks_within(s, holder, found, LISTED_MOST);
    if (!n && name)
        return lb_fail(why, EINVAL, "%s: %s is no lock: its type is %.80s (kind= takes it as one)",
                       s->name, name, holder->type);
    if (!n)
        return lb_fail(why, ENOENT,
                       "%s: has no lock (rw_semaphore, mutex, spinlock_t, rwlock_t, lockref, "
                       "seqlock_t, seqcount_t, refcount_t, atomic_t, _Atomic, pthread_mutex_t, "
                       "std::mutex and the like, or a pointer to one): lock=MEMBER,kind= takes any "
                       "word",
                       s->name);
    if (n > 1)
        return refuse_several(s, found, n, why);
    *lock = found[0];
    return 0;
}
