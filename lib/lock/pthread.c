/* SPDX-License-Identifier: MIT
 *
 * The C library's locks: their slow paths are its own.
 */
#include "lock_private.h"

#include "fast_paths.h"

static void rwlock_init(void *lock)
{
    pthread_rwlock_init(lock, NULL);
}

static void mutex_init(void *lock)
{
    pthread_mutex_init(lock, NULL);
}

/* They can only be asked by taking them. */
static bool rwlock_is_idle(const void *lock)
{
    pthread_rwlock_t *rwlock = (pthread_rwlock_t *)(uintptr_t)lock;
    return !pthread_rwlock_trywrlock(rwlock) && !pthread_rwlock_unlock(rwlock);
}

static bool mutex_is_idle(const void *lock)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)(uintptr_t)lock;
    return !pthread_mutex_trylock(mutex) && !pthread_mutex_unlock(mutex);
}

const struct lb_lock_class lb_pthread_rwlock_class = {
    LB_LOCK_LISTED(PTHREAD_RWLOCK, pthread_rwlock, pthread_rwlock_t),
    .info.count_bytes = sizeof(uint32_t),
    .info.owner_offset = -1,
    .info.meaning = "the C library's reader-writer lock, default attributes",
    .init = rwlock_init,
    .is_idle = rwlock_is_idle,
};

const struct lb_lock_class lb_pthread_mutex_class = {
    LB_LOCK_LISTED(PTHREAD_MUTEX, pthread_mutex, pthread_mutex_t),
    .info.count_bytes = sizeof(uint32_t),
    .info.owner_offset = -1,
    .info.sleeps_in_read = true,
    .info.meaning = "the C library's mutex, default attributes; reads exclude each other",
    .init = mutex_init,
    .is_idle = mutex_is_idle,
};
