/* SPDX-License-Identifier: MIT */
#include "btf_fixture.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const btf_fixtures[] = {"6.1", "6.4",  "6.15",    "moved",  "inline", "inline-32",
                                    "odd", "more", "hostile", "copies", NULL};

/* What every fixture has. */
struct known {
    struct btf *btf;
    int u8, u16, i32, u32, u64, pointer;
    int list, atomic, atomic_long, refcount, raw_spinlock, spinlock, mutex, rwsem, vma_lock;
};

struct field {
    const char *name;
    int type;
    unsigned offset; /* bytes */
};
#define FIELDS(...) ((const struct field[]){__VA_ARGS__, {NULL, 0, 0}})

static int checked(int id)
{
    if (id < 0) {
        fprintf(stderr, "btf_fixture: libbpf: %s\n", strerror(-id));
        abort();
    }
    return id;
}

static void add_fields(struct btf *btf, const struct field *f)
{
    for (; f->type; f++)
        checked(btf__add_field(btf, f->name, f->type, f->offset * 8, 0));
}

static int composite(struct btf *btf, const char *name, unsigned bytes, const struct field *fields)
{
    int id = checked(btf__add_struct(btf, name, bytes));

    add_fields(btf, fields);
    return id;
}

static int together(struct btf *btf, const char *name, unsigned bytes, const struct field *fields)
{
    int id = checked(btf__add_union(btf, name, bytes));

    add_fields(btf, fields);
    return id;
}

static int named(struct btf *btf, const char *name, int type)
{
    return checked(btf__add_typedef(btf, name, type));
}

static int array(struct btf *btf, int type, unsigned n, int index)
{
    return checked(btf__add_array(btf, index, type, n));
}

static void add_numbers(struct known *k)
{
    struct btf *b = k->btf;

    k->u8 = checked(btf__add_int(b, "unsigned char", 1, 0));
    k->u16 = checked(btf__add_int(b, "unsigned short", 2, 0));
    k->i32 = checked(btf__add_int(b, "int", 4, BTF_INT_SIGNED));
    k->u32 = checked(btf__add_int(b, "unsigned int", 4, 0));
    k->u64 = checked(btf__add_int(b, "unsigned long", 8, 0));
    k->pointer = checked(btf__add_ptr(b, 0));
}

static void add_locks(struct known *k, bool short_list)
{
    struct btf *b = k->btf;
    int osq;

    k->list =
        composite(b, "list_head", 16, FIELDS({"next", k->pointer, 0}, {"prev", k->pointer, 8}));
    k->atomic = named(b, "atomic_t", composite(b, NULL, 4, FIELDS({"counter", k->i32, 0})));
    k->atomic_long =
        named(b, "atomic_long_t",
              named(b, "atomic64_t", composite(b, NULL, 8, FIELDS({"counter", k->u64, 0}))));
    k->refcount =
        named(b, "refcount_t", composite(b, "refcount_struct", 4, FIELDS({"refs", k->atomic, 0})));
    k->raw_spinlock = named(b, "raw_spinlock_t",
                            composite(b, "raw_spinlock", 4, FIELDS({"raw_lock", k->u32, 0})));
    k->spinlock = named(
        b, "spinlock_t",
        composite(b, "spinlock", 4,
                  FIELDS({NULL, together(b, NULL, 4, FIELDS({"rlock", k->raw_spinlock, 0})), 0})));
    osq = composite(b, "optimistic_spin_queue", 4, FIELDS({"tail", k->atomic, 0}));
    k->mutex = composite(b, "mutex", 32,
                         FIELDS({"owner", k->atomic_long, 0}, {"wait_lock", k->raw_spinlock, 8},
                                {"osq", osq, 12}, {"wait_list", k->list, 16}));
    k->rwsem = composite(b, "rw_semaphore", short_list ? 32 : 40,
                         FIELDS({"count", k->atomic_long, 0}, {"owner", k->atomic_long, 8},
                                {"osq", osq, 16}, {"wait_lock", k->raw_spinlock, 20},
                                {"waiters", short_list ? k->pointer : k->list, 24}));
    k->vma_lock = composite(b, "vma_lock", short_list ? 32 : 40, FIELDS({"lock", k->rwsem, 0}));
}

/* vm_start and vm_end, or what takes their place; as anonymous as the kernel has it. */
static int add_range(const struct known *k)
{
    int range = composite(k->btf, NULL, 16, FIELDS({"vm_start", k->u64, 0}, {"vm_end", k->u64, 8}));

    return together(k->btf, NULL, 16, FIELDS({NULL, range, 0}, {"vm_freeptr", k->pointer, 0}));
}

static int add_flags(const struct known *k)
{
    int constant = checked(btf__add_const(k->btf, k->u64));

    return together(k->btf, NULL, 8, FIELDS({"vm_flags", constant, 0}, {"__vm_flags", k->u64, 0}));
}

static int add_shared(const struct known *k)
{
    int node = composite(k->btf, "rb_node", 24,
                         FIELDS({"__rb_parent_color", k->u64, 0}, {"rb_right", k->pointer, 8},
                                {"rb_left", k->pointer, 16}));

    return composite(k->btf, NULL, 32, FIELDS({"rb", node, 0}, {"rb_subtree_last", k->u64, 24}));
}

/* Members behind vm_lock_seq from `at` on, as Linux 6.4 to 6.14 has them. */
#define TAIL_6_4(K, SHARED, AT)                                                                    \
    {"shared", SHARED, (AT)}, {"anon_vma_chain", (K)->list, (AT) + 32},                            \
        {"anon_vma", (K)->pointer, (AT) + 48}, {"vm_ops", (K)->pointer, (AT) + 56},                \
        {"vm_pgoff", (K)->u64, (AT) + 64}, {"vm_file", (K)->pointer, (AT) + 72},                   \
        {"vm_private_data", (K)->pointer, (AT) + 80},                                              \
        {"swap_readahead_info", (K)->atomic_long, (AT) + 88},                                      \
        {"vm_policy", (K)->pointer, (AT) + 96}, {"numab_state", (K)->pointer, (AT) + 104},         \
    {                                                                                              \
        "vm_userfaultfd_ctx", (K)->pointer, (AT) + 112                                             \
    }
#define HEAD(K, RANGE, FLAGS, SEQ)                                                                 \
    {NULL, RANGE, 0}, {"vm_mm", (K)->pointer, 16}, {"vm_page_prot", (K)->u64, 24},                 \
        {NULL, FLAGS, 32},                                                                         \
    {                                                                                              \
        "vm_lock_seq", SEQ, 40                                                                     \
    }

/* As read from a kernel 6.1: no lock, but an atomic. */
static void add_6_1(const struct known *k)
{
    int range = add_range(k), shared = add_shared(k);

    composite(k->btf, "vm_area_struct", 152,
              FIELDS({NULL, range, 0}, {"vm_mm", k->pointer, 16}, {"vm_page_prot", k->u64, 24},
                     {"vm_flags", k->u64, 32}, {"shared", shared, 40},
                     {"anon_vma_chain", k->list, 72}, {"anon_vma", k->pointer, 88},
                     {"vm_ops", k->pointer, 96}, {"vm_pgoff", k->u64, 104},
                     {"vm_file", k->pointer, 112}, {"vm_private_data", k->pointer, 120},
                     {"swap_readahead_info", k->atomic_long, 128}, {"vm_policy", k->pointer, 136},
                     {"vm_userfaultfd_ctx", k->pointer, 144}));
}

static void add_6_4(const struct known *k)
{
    int range = add_range(k), flags = add_flags(k), shared = add_shared(k);
    int lock = checked(btf__add_ptr(k->btf, k->vma_lock));

    composite(
        k->btf, "vm_area_struct", 176,
        FIELDS(HEAD(k, range, flags, k->i32), {"vm_lock", lock, 48}, TAIL_6_4(k, shared, 56)));
}

static void add_inline(const struct known *k)
{
    int range = add_range(k), flags = add_flags(k), shared = add_shared(k);

    composite(k->btf, "vm_area_struct", 256,
              FIELDS(HEAD(k, range, flags, k->i32), {"dummy", k->pointer, 48},
                     TAIL_6_4(k, shared, 56), {"vm_lock", k->vma_lock, 192}));
}

/* As read from a kernel 6.18. */
static void add_6_15(const struct known *k, unsigned refcount_at)
{
    int range = add_range(k), flags = add_flags(k), shared = add_shared(k);

    composite(k->btf, "vm_area_struct", 192,
              FIELDS(HEAD(k, range, flags, k->u32), {"anon_vma_chain", k->list, 48},
                     {"anon_vma", k->pointer, 64}, {"vm_ops", k->pointer, 72},
                     {"vm_pgoff", k->u64, 80}, {"vm_file", k->pointer, 88},
                     {"vm_private_data", k->pointer, 96},
                     {"swap_readahead_info", k->atomic_long, 104}, {"vm_policy", k->pointer, 112},
                     {"numab_state", k->pointer, 120}, {"vm_refcnt", k->refcount, refcount_at},
                     {"shared", shared, 136}, {"vm_userfaultfd_ctx", k->pointer, 168},
                     {"pfnmap_track_ctx", k->pointer, 176}));
}

static void add_bits(const struct known *k)
{
    checked(btf__add_struct(k->btf, "bits", 16));
    checked(btf__add_field(k->btf, "a", k->u32, 0, 3));
    checked(btf__add_field(k->btf, "b", k->u32, 3, 7));
    checked(btf__add_field(k->btf, "wide", k->u32, 20, 12));
    add_fields(k->btf, FIELDS({"c", k->u16, 4}, {"d", k->u64, 8}));
}

static void add_nests(const struct known *k)
{
    struct btf *b = k->btf;
    int either = together(b, NULL, 4, FIELDS({"either", k->i32, 0}, {"other", k->u8, 0}));
    int inner = composite(b, "inner", 8, FIELDS({"x", k->i32, 0}, {NULL, either, 4}));

    composite(b, "nested", 40,
              FIELDS({"in", inner, 0}, {"y", k->i32, 8}, {"many", array(b, inner, 3, k->u32), 12},
                     {"rest", array(b, k->u8, 0, k->u32), 40}));
    composite(b, "packed", 9, FIELDS({"a", k->u8, 0}, {"b", k->u64, 1}));
    named(b, "alias_t",
          composite(b, NULL, 8, FIELDS({"hidden", k->refcount, 0}, {"v", k->i32, 4})));
    together(b, "either_lock", 8, FIELDS({"lock", k->spinlock, 0}, {"word", k->u64, 0}));
    checked(btf__add_fwd(b, "declared", BTF_FWD_STRUCT));
    composite(b, "twice", 16, FIELDS({"a", k->u64, 0}, {"lock", k->spinlock, 8}));
    composite(b, "twice", 24, FIELDS({"a", k->u64, 0}, {"lock", k->spinlock, 16}));
    composite(b, "same", 16, FIELDS({"a", k->u64, 0}, {"lock", k->spinlock, 8}));
    composite(b, "same", 16, FIELDS({"a", k->u64, 0}, {"lock", k->spinlock, 8}));
}

static void add_lockings(const struct known *k)
{
    struct btf *b = k->btf;
    int debugged = composite(b, "rw_semaphore", 168,
                             FIELDS({"count", k->atomic_long, 0}, {"owner", k->atomic_long, 8}));
    int reference =
        named(b, "file_ref_t", composite(b, NULL, 8, FIELDS({"refcnt", k->atomic_long, 0})));
    int apart = checked(btf__add_ptr(b, k->mutex));

    composite(b, "lockless", 8, FIELDS({"a", k->u32, 0}, {"b", k->u32, 4}));
    composite(b, "locks", 64,
              FIELDS({"first", k->spinlock, 0}, {"m", k->mutex, 8}, {"r", k->refcount, 40},
                     {"n", k->atomic, 44}, {"data", k->u64, 48}));
    composite(b, "one_mutex", 48, FIELDS({"m", k->mutex, 0}, {"data", k->u64, 40}));
    composite(b, "one_atomic", 16, FIELDS({"data", k->u64, 0}, {"users", k->atomic, 8}));
    composite(b, "raw", 16, FIELDS({"lock", k->raw_spinlock, 0}, {"data", k->u64, 8}));
    composite(b, "debug", 192, FIELDS({"data", k->u64, 0}, {"sem", debugged, 16}));
    composite(b, "reached", 24, FIELDS({"data", k->u64, 0}, {"lock", apart, 8}));
    composite(b, "file", 128,
              FIELDS({"f_mode", k->u32, 0}, {"f_op", k->pointer, 8}, {"f_inode", k->pointer, 72},
                     {"f_ref", reference, 96}));
    composite(b, "wide", 512,
              FIELDS({"lock", k->spinlock, 0}, {"a", k->u64, 8}, {"a2", k->u64, 16},
                     {"b", k->u64, 64}, {"c", k->u64, 128}, {"d", k->u8, 201}, {"e", k->u64, 256},
                     {"f", k->u64, 504}));
}

/* Each holds two of the one before, without a name: 2^30 members if anyone looked at all. */
static void add_doubling(const struct known *k)
{
    int id = composite(k->btf, NULL, 8, FIELDS({NULL, k->u64, 0}));

    for (int i = 0; i < 30; i++)
        id =
            composite(k->btf, i == 29 ? "doubling" : NULL, 8, FIELDS({NULL, id, 0}, {NULL, id, 0}));
    composite(k->btf, "endless", 8, FIELDS({"self", (int)btf__type_cnt(k->btf), 0}));
}

/* A PREEMPT_RT kernel's, of the usual names. */
static void add_sleeping(const struct known *k)
{
    struct btf *b = k->btf;
    int base = composite(b, "rt_mutex_base", 32,
                         FIELDS({"wait_lock", k->raw_spinlock, 0}, {"waiters", k->list, 8},
                                {"owner", k->pointer, 24}));
    int readers =
        composite(b, "rwbase_rt", 40, FIELDS({"readers", k->atomic, 0}, {"rtmutex", base, 8}));
    int sem = composite(b, "rw_semaphore", 40, FIELDS({"rwbase", readers, 0}));
    int spin = named(b, "spinlock_t", composite(b, "spinlock", 32, FIELDS({"lock", base, 0})));
    int mutex = composite(b, "mutex", 32, FIELDS({"rtmutex", base, 0}));
    int rwlock =
        named(b, "rwlock_t",
              composite(b, NULL, 48, FIELDS({"rwbase", readers, 0}, {"readers", k->atomic, 40})));
    int apart = checked(btf__add_ptr(b, composite(b, "vma_lock", 40, FIELDS({"lock", sem, 0}))));
    int old = composite(b, "rw_semaphore", 40,
                        FIELDS({"count", k->atomic_long, 0}, {"wait_list", k->list, 8},
                               {"wait_lock", k->raw_spinlock, 24}, {"owner", k->pointer, 32}));

    composite(b, "rt_sem", 72, FIELDS({"hot", k->u64, 0}, {"sem", sem, 24}, {"more", k->u64, 64}));
    composite(b, "rt_spin", 88, FIELDS({"hot", k->u64, 0}, {"l", spin, 48}, {"more", k->u64, 80}));
    composite(b, "rt_mutexed", 40, FIELDS({"hot", k->u64, 0}, {"m", mutex, 8}));
    composite(b, "rt_mutex_itself", 40,
              FIELDS({"hot", k->u64, 0},
                     {"m", composite(b, "rt_mutex", 32, FIELDS({"rtmutex", base, 0})), 8}));
    composite(b, "rt_rwlock", 56, FIELDS({"hot", k->u64, 0}, {"l", rwlock, 8}));
    composite(b, "rt_apart", 16, FIELDS({"hot", k->u64, 0}, {"vm_lock", apart, 8}));
    composite(b, "old_sem", 48, FIELDS({"hot", k->u64, 0}, {"sem", old, 8}));
}

/* A lock, and behind it a word that an op reads. */
static void with_data(const struct known *k, const char *name, int lock, size_t bytes)
{
    composite(k->btf, name, 8 + (int)bytes, FIELDS({"l", lock, 0}, {"data", k->u64, (int)bytes}));
}

/* What lies in structures beside a VMA's locks. */
static void add_other_locks(const struct known *k)
{
    struct btf *b = k->btf;
    int raw = composite(b, "qrwlock", 8, FIELDS({"cnts", k->atomic, 0}, {"wait_lock", k->u32, 4}));
    int rwlock = named(b, "rwlock_t", composite(b, NULL, 8, FIELDS({"raw_lock", raw, 0})));
    int seqcount =
        named(b, "seqcount_t", composite(b, "seqcount", 4, FIELDS({"sequence", k->u32, 0})));
    int spin_seqcount =
        named(b, "seqcount_spinlock_t",
              composite(b, "seqcount_spinlock", 4, FIELDS({"seqcount", seqcount, 0})));
    int seqlock = named(
        b, "seqlock_t",
        composite(b, NULL, 8, FIELDS({"seqcount", spin_seqcount, 0}, {"lock", k->spinlock, 4})));
    int lockref =
        composite(b, "lockref", 8, FIELDS({"lock", k->spinlock, 0}, {"count", k->i32, 4}));

    with_data(k, "with_rwlock", rwlock, 8);
    with_data(k, "with_seqlock", seqlock, 8);
    with_data(k, "with_seqcount", seqcount, 8);
    with_data(k, "with_lockref", lockref, 8);
    with_data(k, "with_debug_spinlock",
              named(b, "spinlock_t", composite(b, "spinlock", 64, FIELDS({"magic", k->u64, 0}))),
              64);
    composite(b, "dentry", 32,
              FIELDS({"d_flags", k->u32, 0}, {"d_seq", spin_seqcount, 4}, {"d_inode", k->u64, 8},
                     {"d_lockref", lockref, 16}, {"d_time", k->u64, 24}));
}

/* Locks of which unions have other names: the bytes of qspinlock, and two of one place. */
static void add_unions(const struct known *k)
{
    struct btf *b = k->btf;
    int bytes = composite(b, NULL, 2, FIELDS({"locked", k->u8, 0}, {"pending", k->u8, 1}));
    int halves = composite(b, NULL, 4, FIELDS({"locked_pending", k->u16, 0}, {"tail", k->u16, 2}));
    int word =
        together(b, NULL, 4, FIELDS({"val", k->atomic, 0}, {NULL, bytes, 0}, {NULL, halves, 0}));
    int lock = composite(b, "rqspinlock", 4, FIELDS({NULL, word, 0}));
    int one = composite(b, NULL, 8, FIELDS({"lock", k->spinlock, 0}, {"next", k->spinlock, 4}));
    int other = composite(b, NULL, 8, FIELDS({"lock", k->spinlock, 0}, {"n", k->i32, 4}));

    composite(b, "bucket", 16, FIELDS({"head", k->pointer, 0}, {"raw_lock", lock, 8}));
    composite(b, "either", 16,
              FIELDS({"id", k->pointer, 0},
                     {NULL, together(b, NULL, 8, FIELDS({"a", other, 0}, {"b", other, 0})), 8}));
    composite(b, "two_of_two", 16,
              FIELDS({"id", k->pointer, 0},
                     {NULL, together(b, NULL, 8, FIELDS({"a", one, 0}, {"b", one, 0})), 8}));
    composite(
        b, "short_mutex", 40,
        FIELDS({"op", k->pointer, 0},
               {"m",
                composite(b, "mutex", 24,
                          FIELDS({"owner", k->atomic_long, 0}, {"wait_lock", k->raw_spinlock, 8},
                                 {"first_waiter", k->pointer, 16})),
                8},
               {"pos", k->u64, 32}));
}

/* What compilers and pahole write of C11's atomics: void. */
static void add_c11(const struct known *k)
{
    struct btf *b = k->btf;
    int uint = named(b, "atomic_uint", 0), llong = named(b, "atomic_llong", 0);
    int fast = named(b, "atomic_int_fast32_t", 0), whole = named(b, "atomic_ulong", k->u64);
    /* _Atomic long has no typedef, and its array of two no size. */
    int array_of_two = array(b, uint, 2, k->u32), unknown = named(b, "mine", 0);

    composite(b, "counters", 24,
              FIELDS({"hits", uint, 0}, {"pair", array_of_two, 4}, {"last", k->u32, 12},
                     {"misses", unknown, 16}));
    composite(b, "c11_4", 16, FIELDS({"data", k->u64, 0}, {"n", uint, 8}));
    composite(b, "c11_8", 16, FIELDS({"data", k->u64, 0}, {"n", llong, 8}));
    composite(b, "c11_whole", 16, FIELDS({"data", k->u64, 0}, {"n", whole, 8}));
    composite(b, "c11_fast", 16, FIELDS({"data", k->u64, 0}, {"n", fast, 8}));
    checked(btf__add_struct(b, "c11_bare", 16));
    add_fields(b, FIELDS({"data", k->u64, 0}));
    checked(btf__add_field(b, "n", 0, 64, 0));
}

/* Small ones, where accesses are shorter than a word. */
static void add_small(const struct known *k)
{
    struct btf *b = k->btf;

    composite(b, "three", 12, FIELDS({"a", k->i32, 0}, {"b", k->i32, 4}, {"c", k->i32, 8}));
    composite(b, "five", 12, FIELDS({"a", k->i32, 0}, {"b", k->i32, 4}, {"c", k->u16, 8}));
    composite(b, "one", 2, FIELDS({"x", k->u8, 0}, {"y", k->u8, 1}));
    composite(b, "flexible", 8, FIELDS({"n", k->u32, 0}, {"all", array(b, k->u8, 0, k->u32), 8}));
}

/* Members outside what holds them. */
static void add_hostile(const struct known *k)
{
    struct btf *b = k->btf;
    int apart = checked(btf__add_ptr(b, k->mutex)), inner;

    composite(b, "behind", 64, FIELDS({"a", k->u64, 0}, {"r", k->refcount, 1 << 24}));
    composite(b, "behind_pointer", 64, FIELDS({"a", k->u64, 0}, {"l", apart, 1 << 24}));
    composite(b, "near", 64, FIELDS({"a", k->u64, 0}, {"r", k->refcount, 64}));
    composite(b, "across", 64, FIELDS({"a", k->u64, 0}, {"r", k->refcount, 62}));
    composite(b, "behind_seq", 64,
              FIELDS({"a", k->u64, 0}, {"r", k->refcount, 8}, {"s", k->u32, 64}));
    composite(b, "endless_array", 64, FIELDS({"a", array(b, k->u64, UINT32_MAX, k->u32), 0}));
    composite(b, "empty_behind", 64, FIELDS({"a", array(b, k->u64, 0, k->u32), 65}));
    inner = composite(b, NULL, 8, FIELDS({"x", k->u64, 8}));
    composite(b, "in_nameless", 64, FIELDS({NULL, inner, 0}));
    inner = composite(b, NULL, 8, FIELDS({"x", k->u64, 0}));
    composite(b, "nameless_behind", 64, FIELDS({NULL, inner, 60}));
    checked(btf__add_struct(b, "bits_behind", 4));
    checked(btf__add_field(b, "f", k->u32, 28, 5));
    composite(b, "at_end", 64,
              FIELDS({"a", k->u64, 56}, {"rest", array(b, k->u64, 0, k->u32), 64}));
    composite(b, "red\033[31m", 8, FIELDS({"a", k->u64, 0}));
    composite(b, "steered", 8, FIELDS({"a\033[2J", k->u64, 0}));
}

/* 40,000 of one name, each of many members, and each of another type: nothing may read them all. */
static void add_copies(const struct known *k)
{
    int many = k->u64;

    for (int i = 0; i < 13; i++)
        many = composite(k->btf, NULL, 8, FIELDS({NULL, many, 0}, {i ? NULL : "x", many, 0}));
    for (int i = 0; i < 20000; i++)
        composite(k->btf, "copy", 8, FIELDS({"m", many, 0}));
    for (int i = 0; i < 20000; i++)
        composite(k->btf, "other", 8, FIELDS({"m", named(k->btf, "many", many), 0}));
}

struct btf *btf_fixture(const char *name)
{
    struct known k = {.btf = btf__new_empty()};

    if (!k.btf)
        return NULL;
    add_numbers(&k);
    add_locks(&k, !strcmp(name, "inline-32"));
    if (!strcmp(name, "6.1"))
        add_6_1(&k);
    else if (!strcmp(name, "6.4"))
        add_6_4(&k);
    else if (!strcmp(name, "6.15"))
        add_6_15(&k, 128);
    else if (!strcmp(name, "moved"))
        add_6_15(&k, 184);
    else if (!strncmp(name, "inline", strlen("inline")))
        add_inline(&k);
    else if (!strcmp(name, "odd"))
        add_bits(&k), add_nests(&k), add_lockings(&k), add_doubling(&k);
    else if (!strcmp(name, "more"))
        add_sleeping(&k), add_other_locks(&k), add_unions(&k), add_c11(&k), add_small(&k);
    else if (!strcmp(name, "hostile"))
        add_hostile(&k);
    else if (!strcmp(name, "copies"))
        add_copies(&k);
    else {
        btf__free(k.btf);
        return NULL;
    }
    return k.btf;
}
