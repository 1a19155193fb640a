/* SPDX-License-Identifier: MIT
 *
 * Which generation of the per-VMA lock it is.
 */
#include "kernel_private.h"

#include "base/canvas.h"

#include <string.h>

const char *lb_vma_lock_name(enum lb_vma_lock lock)
{
    static const char *const names[] = {"unknown", "none", "separate", "embedded", "refcount"};

    return names[lock];
}

const char *lb_vma_lock_meaning(enum lb_vma_lock lock)
{
    static const char *const meanings[] = {
        "what the kernel shows does not decide it",
        "faults take the address space's lock, as before Linux 6.4",
        "an rwsem in an object of its own, as in Linux 6.4 to 6.14",
        "an rwsem inside the VMA, as in the series before Linux 6.15",
        "a reference count inside the VMA, as in Linux 6.15 and later",
    };

    return meanings[lock];
}

/* What is known ---------------------------------------------------------------------------------
 */

/* PER_VMA_LOCK: 1, 0, -1. Its function exists with the option alone. */
static int per_vma(const struct lb_kernel *k)
{
    const char *value = lb_kernel_option(k, "PER_VMA_LOCK");

    return value ? !strcmp(value, "y") : k->symbols.per_vma;
}

static bool is_before(const struct lb_kernel *k, int major, int minor)
{
    return k->major >= 0 && (k->major < major || (k->major == major && k->minor < minor));
}

static bool is_from(const struct lb_kernel *k, int major, int minor)
{
    return k->major >= 0 && !is_before(k, major, minor);
}

/* The size of a VMA with locks of their usual size; -1 where others share the cache, or lock
 * debugging may have blown it up. */
static int64_t plain_size(const struct lb_kernel *k)
{
    const char *debug = lb_kernel_option(k, "DEBUG_LOCK_ALLOC");

    return !debug || !strcmp(debug, "y") || k->vma.n_shared != 0 ? -1 : k->vma.object_bytes;
}

/* Whether a VMA with all its fields and an rwsem would be larger than 192 bytes: the fields take
 * 168 (6.4 to 6.14) with these options, each 8 fewer without. */
static bool has_many_fields(const struct lb_kernel *k)
{
    static const char *const options[] = {"NUMA_BALANCING", "ANON_VMA_NAME", "USERFAULTFD", "SWAP"};
    int off = 0;

    for (size_t i = 0; i < LB_COUNT(options); i++) {
        const char *value = lb_kernel_option(k, options[i]);
        off += !value || strcmp(value, "y") != 0;
    }
    return off < 2;
}

/* 192 bytes are what a VMA with a reference count takes. */
static bool is_too_small(const struct lb_kernel *k)
{
    int64_t size = plain_size(k);

    return size >= 0 && size <= 192 && has_many_fields(k);
}

bool lb_kernel_wants_symbols(const struct lb_kernel *k)
{
    if (!lb_kernel_option(k, "PER_VMA_LOCK"))
        return true;
    return !k->btf.known && per_vma(k) == 1 && k->lock.present != 1 &&
           (k->lock.present < 0 || k->vma.typesafe_by_rcu != 1 || !is_too_small(k));
}

/* The decision ----------------------------------------------------------------------------------
 */

#define SAY(...) lb_append(k->evidence, sizeof k->evidence, __VA_ARGS__)

static void say_per_vma(struct lb_kernel *k, int on)
{
    const char *value = lb_kernel_option(k, "PER_VMA_LOCK");

    if (value)
        SAY("PER_VMA_LOCK is %s", *value ? value : "not in the configuration");
    else if (on >= 0)
        SAY("no configuration, but the kernel has %s function lock_vma_under_rcu",
            on ? "the" : "no");
    else
        SAY("neither configuration nor symbols say whether there is a per-VMA lock");
}

/* In place of a generation: not known, and nothing else may decide it. */
#define CONTRADICTION LB_VMA_LOCKS

static enum lb_vma_lock contradict(struct lb_kernel *k, const char *what)
{
    SAY("; that contradicts it: %s", what);
    return CONTRADICTION;
}

/* There is a cache vma_lock. */
static enum lb_vma_lock with_cache(struct lb_kernel *k, int on)
{
    SAY("; there is a cache vma_lock");
    if (!on)
        return contradict(k, "nothing should use it");
    if (k->symbols.refcount == 1)
        return contradict(k, "the function vma_mark_detached came with the reference count");
    if (k->vma.typesafe_by_rcu == 1)
        return contradict(k, "vm_area_struct is type-safe by RCU, which came with a lock inside");
    if (is_before(k, 6, 4))
        SAY(", though the release is before 6.4: a backport");
    else if (is_from(k, 6, 15))
        SAY(", though the release is after 6.14: a patched kernel");
    return LB_VMA_LOCK_SEPARATE;
}

/* The lock is in the VMA, and the cache is as it became with the reference count; but a series of
 * 2024-11 had such a cache around an rwsem, in 256 bytes, and so may a patched kernel. */
static enum lb_vma_lock in_typesafe(struct lb_kernel *k)
{
    int64_t size = plain_size(k);

    SAY("; vm_area_struct is type-safe by RCU");
    if (is_too_small(k)) {
        SAY("; %d bytes are too few for an rwsem beside the fields", (int)size);
        return LB_VMA_LOCK_REFCOUNT;
    }
    if (is_from(k, 6, 15) && size <= 192) {
        SAY("; the release is from 6.15");
        return LB_VMA_LOCK_REFCOUNT;
    }
    if (size > 192)
        SAY("; %d bytes have room for an rwsem or a count", (int)size);
    else
        SAY("; the release is not from 6.15, and patches put either an rwsem or a count there");
    return LB_VMA_LOCK_UNKNOWN;
}

static enum lb_vma_lock in_plain(struct lb_kernel *k)
{
    int64_t size = plain_size(k);

    SAY("; vm_area_struct is not type-safe by RCU, as it is with the reference count");
    if (k->symbols.refcount == 0)
        SAY("; no function vma_mark_detached");
    if (size > 192) {
        SAY("; %d bytes have room for an rwsem", (int)size);
        return LB_VMA_LOCK_EMBEDDED;
    }
    if (size >= 0)
        SAY("; but %d bytes are few for an rwsem", (int)size);
    else
        SAY("; the object's own size is not known (shared cache, or lock debugging)");
    return LB_VMA_LOCK_UNKNOWN;
}

/* No cache vma_lock is seen; `listed`: there surely is none. */
static enum lb_vma_lock without_cache(struct lb_kernel *k, bool listed)
{
    SAY(listed ? "; no cache vma_lock" : "; whether there is a cache vma_lock is not known");
    if (k->symbols.refcount == 1) {
        SAY("; the function vma_mark_detached came with the reference count");
        return LB_VMA_LOCK_REFCOUNT;
    }
    if (k->vma.typesafe_by_rcu == 1)
        return in_typesafe(k);
    if (!listed)
        return LB_VMA_LOCK_UNKNOWN;
    if (k->vma.typesafe_by_rcu == 0)
        return in_plain(k);
    SAY("; so it is inside the VMA, but as what is not known: %s",
        k->vma.note[0] ? k->vma.note : "no evidence");
    return LB_VMA_LOCK_UNKNOWN;
}

static enum lb_vma_lock from_files(struct lb_kernel *k)
{
    int on = per_vma(k);

    say_per_vma(k, on);
    if (k->lock.present == 1)
        return with_cache(k, on);
    if (on == 0)
        return LB_VMA_LOCK_NONE;
    return on < 0 ? LB_VMA_LOCK_UNKNOWN : without_cache(k, k->lock.present == 0);
}

/* What its structures are decides what files leave open, and has to agree with the rest. */
static enum lb_vma_lock with_btf(struct lb_kernel *k, enum lb_vma_lock generation)
{
    if (!k->btf.known) {
        if (generation == LB_VMA_LOCK_UNKNOWN)
            SAY("; no BTF that says it: %s", k->btf.text);
        return generation;
    }
    if (generation == LB_VMA_LOCK_UNKNOWN || generation == k->btf.lock) {
        SAY("; its BTF has %s", k->btf.text);
        return k->btf.lock;
    }
    return contradict(k, k->btf.text);
}

void lb_kernel_decide(struct lb_kernel *k)
{
    enum lb_vma_lock generation = from_files(k);

    if (generation != CONTRADICTION)
        generation = with_btf(k, generation);
    k->generation = generation == CONTRADICTION ? LB_VMA_LOCK_UNKNOWN : generation;
}
