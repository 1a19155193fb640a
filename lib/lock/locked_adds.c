/* SPDX-License-Identifier: MIT
 *
 * Two locked adds: what there is to know of them.
 */
#include "lock_private.h"

static bool locked_adds_is_idle(const void *lock)
{
    return !__atomic_load_n((const uint64_t *)lock, __ATOMIC_ACQUIRE);
}

const struct lb_lock_class lb_locked_adds_class = {
    LB_LOCK_LISTED(LOCKED_ADDS, locked_adds, uint64_t),
    .info.count_bytes = sizeof(uint64_t),
    .info.owner_offset = -1,
    .info.vma_protocol = true,
    .info.counts = true,
    .info.meaning = "two locked adds and no exclusion: what any lock costs at the least",
    .is_idle = locked_adds_is_idle,
};
