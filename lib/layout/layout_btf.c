/* SPDX-License-Identifier: MIT
 *
 * Layouts from structures that BTF or DWARF describes: what lies where is the structure's, what is
 * read and how objects are allocated is the user's, or known of a vm_area_struct.
 */
#include "layout_private.h"
#include "structure_private.h"

#include "base/canvas.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the options said; NULL where they said nothing. */
struct spec {
    char *hot, *lock, *seq, *kind, *align, *lockalign, *size, *name, *which, *base;
};

static const struct {
    const char *name;
    size_t offset;
} keys[] = {
    {"hot", offsetof(struct spec, hot)},     {"lock", offsetof(struct spec, lock)},
    {"seq", offsetof(struct spec, seq)},     {"kind", offsetof(struct spec, kind)},
    {"align", offsetof(struct spec, align)}, {"lockalign", offsetof(struct spec, lockalign)},
    {"size", offsetof(struct spec, size)},   {"name", offsetof(struct spec, name)},
    {"which", offsetof(struct spec, which)}, {"base", offsetof(struct spec, base)},
};

/* What is being built, and from what. */
struct build {
    const struct lb_structure *s;
    struct spec spec;
    struct lb_why *why;
    struct lb_layout *l;
    const struct lb_member *lock;
    const char *aligned_by;
};

/* Cuts the text up in place. */
static int parse_options(char *text, struct lb_why *why, struct spec *spec)
{
    static const struct lb_names names = {LB_NAMES_OF("key of a structure's layout", keys, name)};
    char *pair;
    size_t found;

    while ((pair = strsep(&text, ","))) {
        char *value = strchr(pair, '='), **slot;
        if (value)
            *value++ = '\0';
        if (lb_name_find(&names, pair, why, &found))
            return -EINVAL;
        slot = (char **)(void *)((char *)spec + keys[found].offset);
        if (!value || !*value)
            return lb_fail(why, EINVAL, "layout: %s: expected %s=VALUE", pair, pair);
        if (*slot)
            return lb_fail(why, EINVAL, "layout: %s=%.60s: given twice", pair, value);
        *slot = value;
    }
    return 0;
}

static int parse_bytes(const char *key, const char *value, struct lb_why *why, size_t *number)
{
    char *end;
    unsigned long long n;

    errno = 0;
    n = strtoull(value, &end, 0);
    if (!isdigit((unsigned char)*value) || *end || errno ||
        n > LB_SLAB_PAGE_BYTES << LB_OBJECT_ORDER)
        return lb_fail(why, EINVAL, "layout: %s=%.60s: not a number between 0 and %d", key, value,
                       LB_SLAB_PAGE_BYTES << LB_OBJECT_ORDER);
    *number = (size_t)n;
    return 0;
}

static int take_name(struct build *b)
{
    char plain[LB_STRUCTURE_NAME_BYTES], name[LB_STRUCTURE_NAME_BYTES + 8];
    const char *given = b->spec.name ? b->spec.name : name;
    int err;

    lb_layout_plain_name(b->s->name, plain, sizeof plain);
    snprintf(name, sizeof name, "%s-%s", lb_structure_form_name(b->s->form), plain);
    if (!b->spec.name && strlen(name) >= LB_LAYOUT_NAME_BYTES)
        return lb_fail(b->why, EINVAL,
                       "layout '%s': a longer name than a layout has: give name=", name);
    if ((err = lb_layout_check_name(given, strlen(given), b->why)))
        return err;
    snprintf(b->l->name, sizeof b->l->name, "%s", given);
    return 0;
}

/* Whether a number is a power of two up to a page; 0 is none. */
static bool is_alignment(size_t n)
{
    return n && !(n & (n - 1)) && n <= LB_SLAB_PAGE_BYTES;
}

static int take_size(struct build *b)
{
    size_t least = b->s->align_bytes > 8 ? b->s->align_bytes : 8;
    int err = 0;

    b->l->size_bytes = b->s->bytes;
    b->l->align_bytes = b->s->slab_align_bytes > least ? b->s->slab_align_bytes : least;
    b->aligned_by = b->s->slab_align_bytes ? "as its slab cache"
                    : b->l->program        ? "its own"
                                           : "its own: no slab cache known";
    if (b->spec.size)
        err = parse_bytes("size", b->spec.size, b->why, &b->l->size_bytes);
    if (!err && b->spec.align) {
        err = parse_bytes("align", b->spec.align, b->why, &b->l->align_bytes);
        b->aligned_by = "as asked";
    }
    if (err)
        return err;
    if (b->l->size_bytes < b->s->bytes)
        return lb_fail(b->why, EINVAL, "layout '%s': size=%zu: %s has %zu bytes", b->l->name,
                       b->l->size_bytes, b->s->name, b->s->bytes);
    if (b->l->size_bytes < sizeof(uint64_t))
        return lb_fail(b->why, EINVAL, "layout '%s': an object of %zu bytes is less than a word",
                       b->l->name, b->l->size_bytes);
    if (!is_alignment(b->l->align_bytes) || b->l->align_bytes < b->s->align_bytes)
        return lb_fail(b->why, EINVAL,
                       "layout '%s': align=%zu: wants a power of two from %zu to a page",
                       b->l->name, b->l->align_bytes, least);
    return 0;
}

/* The kinds that fit where the lock lies, "" when none does. */
static const char *fitting(const struct build *b, char *text, size_t bytes)
{
    *text = '\0';
    for (enum lb_lock_kind k = 0; k < LB_LOCK_KINDS; k++)
        if (!lb_layout_allows(b->l, k, NULL))
            lb_append(text, bytes, "%s%s", *text ? ", " : "", lb_lock_info(k)->name);
    return text;
}

/* No kind here does what this lock does. */
static int refuse_kind(const struct build *b, const char *what)
{
    char fit[160];

    fitting(b, fit, sizeof fit);
    return lb_fail(
        b->why, EINVAL,
        "layout '%s': %s is %s of %zu bytes, and no kind of lock here is run as one: %s%s",
        b->l->name, b->lock->name, what, b->lock->lock_bytes,
        *fit ? "say kind=, of what has room there: " : "nor has any room there", fit);
}

/* A name is not all: what a lock is made of says which words it changes. */
static int check_words(const struct build *b)
{
    char what[160];

    if (b->lock->words == LB_WORDS_USUAL)
        return 0;
    snprintf(what, sizeof what,
             b->lock->words == LB_WORDS_READERS
                 ? "an rwbase_rt, as PREEMPT_RT's locks are (%s, readers counted at %zu of it),"
             : b->lock->words == LB_WORDS_OWNER
                 ? "an rt_mutex_base, as PREEMPT_RT's locks are (%s, owner swapped at %zu of it),"
                 : "an %s whose count and owner are not its first two words,",
             lb_structure_lock_name(b->lock->lock), b->lock->word_offset);
    return refuse_kind(b, what);
}

/* What a lock of so many bytes is run as; where debugging makes it longer it is another. */
static const struct {
    enum lb_structure_lock lock;
    size_t bytes;
    enum lb_lock_kind kind;
} run_as[] = {
    {LB_STRUCTURE_RWSEM, 40, LB_LOCK_RWSEM40},
    {LB_STRUCTURE_RWSEM, 32, LB_LOCK_RWSEM32},
    {LB_STRUCTURE_MUTEX, 32, LB_LOCK_MUTEX32},
    {LB_STRUCTURE_MUTEX, 24, LB_LOCK_MUTEX24},
    {LB_STRUCTURE_SPINLOCK, 4, LB_LOCK_QSPINLOCK},
    {LB_STRUCTURE_RAW_SPINLOCK, 4, LB_LOCK_QSPINLOCK},
    {LB_STRUCTURE_RWLOCK, 8, LB_LOCK_QRWLOCK},
    {LB_STRUCTURE_LOCKREF, 8, LB_LOCK_LOCKREF},
    {LB_STRUCTURE_SEQLOCK, 8, LB_LOCK_SEQLOCK},
    {LB_STRUCTURE_SEQCOUNT, 4, LB_LOCK_SEQCOUNT},
    {LB_STRUCTURE_REFCOUNT, 4, LB_LOCK_REFCOUNT},
    {LB_STRUCTURE_ATOMIC, 4, LB_LOCK_REFCOUNT},
    {LB_STRUCTURE_ATOMIC_LONG, 8, LB_LOCK_LOCKED_ADDS},
    {LB_STRUCTURE_C11_ATOMIC, 4, LB_LOCK_REFCOUNT},
    {LB_STRUCTURE_C11_ATOMIC, 8, LB_LOCK_LOCKED_ADDS},
    {LB_STRUCTURE_PTHREAD_MUTEX, sizeof(pthread_mutex_t), LB_LOCK_PTHREAD_MUTEX},
    {LB_STRUCTURE_PTHREAD_RWLOCK, sizeof(pthread_rwlock_t), LB_LOCK_PTHREAD_RWLOCK},
    {LB_STRUCTURE_PTHREAD_SPINLOCK, 4, LB_LOCK_QSPINLOCK},
};

bool lb_layout_runs_as(const struct lb_member *m, enum lb_lock_kind *kind)
{
    for (size_t i = 0; m->words == LB_WORDS_USUAL && i < LB_COUNT(run_as); i++)
        if (run_as[i].lock == m->lock && run_as[i].bytes == m->lock_bytes) {
            *kind = run_as[i].kind;
            return true;
        }
    return false;
}

/* Of a size that no kind here has. */
static int refuse_size(const struct build *b)
{
    const struct lb_member *m = b->lock;
    char sizes[32] = "";

    if (m->lock == LB_STRUCTURE_OTHERS_MUTEX)
        return refuse_kind(b, m->type);
    if (m->lock == LB_STRUCTURE_C11_ATOMIC)
        return lb_fail(b->why, EINVAL,
                       "layout '%s': %s is an _Atomic of %s: say what to run by kind=", b->l->name,
                       m->name,
                       m->lock_bytes               ? "neither 4 nor 8 bytes"
                       : b->s->form == LB_FORM_BTF ? "a size that the BTF has lost"
                                                   : "a size that is not known");
    for (size_t i = 0; i < LB_COUNT(run_as); i++)
        if (run_as[i].lock == m->lock)
            lb_append(sizes, sizeof sizes, "%s%zu", *sizes ? " or " : "", run_as[i].bytes);
    return lb_fail(b->why, EINVAL,
                   "layout '%s': %s is a %s of %zu bytes, not of %s (%s): say what to run by "
                   "kind=",
                   b->l->name, m->name, lb_structure_lock_name(m->lock), m->lock_bytes, sizes,
                   lb_structure_is_kernels(m->lock) ? "lock debugging makes it longer"
                                                    : "another C library's");
}

static int kind_of(const struct build *b, enum lb_lock_kind *kind)
{
    int err;

    if (b->spec.kind)
        return lb_lock_parse(b->spec.kind, b->why, kind);
    if ((err = check_words(b)))
        return err;
    return lb_layout_runs_as(b->lock, kind) ? 0 : refuse_size(b);
}

/* From `offset` in an inline lock to the next member behind the lock that is no part of it. What
 * begins within the lock and is no part of it is another name of its bytes, of a union. */
static size_t room_for(const struct build *b, size_t offset)
{
    size_t end = b->l->size_bytes, behind = b->lock->offset + (b->lock->bytes ? b->lock->bytes : 1);

    for (size_t i = 0; i < b->s->n_members; i++)
        if (b->s->members[i].offset >= behind && b->s->members[i].offset < end)
            end = b->s->members[i].offset;
    return end - offset;
}

/* Before Linux 6.4 a VMA has no lock, but an atomic_long_t (swap_readahead_info). */
static int check_lock(const struct build *b)
{
    enum lb_structure_lock lock = b->lock->lock;

    if (b->spec.lock || !lb_structure_is_vma(b->s) || !lb_structure_is_atomic(lock))
        return 0;
    return lb_fail(b->why, ENOENT,
                   "layout '%s': vm_area_struct has no lock, as before Linux 6.4: its only atomic, "
                   "%s, is none (lock= takes it all the same)",
                   b->l->name, b->lock->name);
}

/* Where a lock of that kind is run: at the lock, or a single word at the word that the lock's fast
 * path changes. */
static void place_inline(struct build *b, size_t word_offset)
{
    b->l->lock_offset = b->lock->offset + word_offset;
    b->l->lock_room_bytes = room_for(b, b->l->lock_offset);
}

static int take_inline(struct build *b)
{
    int err;

    if (b->spec.lockalign)
        return lb_fail(b->why, EINVAL,
                       "layout '%s': lockalign= is of separate locks: %s lies inside", b->l->name,
                       b->lock->name);
    place_inline(b, 0);
    if ((err = kind_of(b, &b->l->lock)))
        return err;
    if (lb_lock_info(b->l->lock)->bytes <= sizeof(uint64_t))
        place_inline(b, b->lock->word_offset);
    return 0;
}

static int take_separate(struct build *b)
{
    int err = kind_of(b, &b->l->lock);

    if (err)
        return err;
    b->l->slot_offset = b->lock->offset;
    b->l->lock_align_bytes = b->s->pointed_align_bytes ? b->s->pointed_align_bytes : 8;
    if (b->spec.lockalign &&
        (err = parse_bytes("lockalign", b->spec.lockalign, b->why, &b->l->lock_align_bytes)))
        return err;
    if (!is_alignment(b->l->lock_align_bytes) || b->l->lock_align_bytes < 8)
        return lb_fail(b->why, EINVAL, "layout '%s': lockalign=%zu: wants a power of two from 8 on",
                       b->l->name, b->l->lock_align_bytes);
    if (b->l->slot_offset % LB_SLOT_BYTES)
        return lb_fail(b->why, EINVAL, "layout '%s': the pointer %s at %zu is at no multiple of %d",
                       b->l->name, b->lock->name, b->l->slot_offset, LB_SLOT_BYTES);
    return 0;
}

/* With lock= and kind= any member will do: programs have locks of their own. */
static int find_lock(struct build *b)
{
    const struct lb_member *m;
    int err = lb_structure_find_lock(b->s, b->spec.lock, b->why, &b->lock);

    if (err != -EINVAL || !b->spec.lock || !b->spec.kind ||
        lb_structure_find_member(b->s, b->spec.lock, NULL, &m) || lb_structure_holds_lock(b->s, m))
        return err;
    if (m->bits || !m->bytes)
        return lb_fail(b->why, EINVAL, "layout '%s': %s is %s: no lock is run there", b->l->name,
                       m->name, m->bits ? "a bit-field" : "of no bytes that are known");
    b->lock = m;
    return 0;
}

static int take_lock(struct build *b)
{
    int err = find_lock(b);

    if (err || (err = check_lock(b)))
        return err;
    b->l->lock_member = b->lock;
    b->l->separate = b->l->indirect = b->lock->points;
    return b->lock->points ? take_separate(b) : take_inline(b);
}

/* Bytes that readers may not take for something else: the lock's, or the pointer's. */
static int check_apart(const struct build *b, const struct lb_member *m)
{
    size_t end = b->lock->offset + b->lock->bytes;
    size_t run = b->l->lock_offset + lb_lock_info(b->l->lock)->bytes;

    if (!b->lock->points && run > end)
        end = run;
    if (m->offset + m->bytes <= b->lock->offset || m->offset >= end)
        return 0;
    return lb_fail(b->why, EINVAL, "layout '%s': %s at %zu %s the lock %s (%zu to %zu)%s",
                   b->l->name, m->name, m->offset,
                   m->bytes > end - b->lock->offset ? "holds" : "is a part of", b->lock->name,
                   b->lock->offset, end - 1,
                   m->bytes > end - b->lock->offset ? ": name what is read of it" : "");
}

static int take_seq(struct build *b)
{
    const char *name = b->spec.seq;
    const struct lb_member *m;
    int err;

    if (!name && lb_structure_is_vma(b->s) &&
        !lb_structure_find_member(b->s, "vm_lock_seq", NULL, &m))
        name = "vm_lock_seq";
    b->l->seq_offset = LB_NO_SEQ;
    if (!name)
        return 0;
    if ((err = lb_structure_find_member(b->s, name, b->why, &m)) || (err = check_apart(b, m)))
        return err;
    if (m->bytes != LB_SEQ_BYTES || m->bits || m->offset % LB_SEQ_BYTES)
        return lb_fail(b->why, EINVAL,
                       "layout '%s': seq=%s: a sequence number has 4 bytes at a multiple of 4, not "
                       "%zu at %zu",
                       b->l->name, name, m->bytes, m->offset);
    b->l->seq_offset = (int)m->offset;
    return 0;
}

static int add_hot(struct build *b, const char *name)
{
    const struct lb_member *m;
    int err = lb_structure_find_member(b->s, name, b->why, &m);

    if (err || (err = check_apart(b, m)))
        return err;
    if (!m->bytes || m->offset + 1 > b->s->bytes)
        return lb_fail(b->why, EINVAL, "layout '%s': %s has no bytes to read", b->l->name, name);
    if (lb_layout_find_field(b->l, m->name))
        return lb_fail(b->why, EINVAL, "layout '%s': hot=: %s is named twice", b->l->name, name);
    return lb_layout_add(b->l, m->name,
                         (struct lb_access){.offset = (uint16_t)m->offset,
                                            .bytes = (uint16_t)m->bytes,
                                            .how = LB_HOW_LOAD,
                                            .roles = LB_EVERY_ROLE},
                         b->why);
}

/* Kernels without NUMA have no policy, and do not look for one. */
static int add_fault_fields(struct build *b)
{
    static const struct lb_access fault[] = {LB_VMA_FIELDS(0, 0)};
    const struct lb_member *m;
    int err = 0;

    for (size_t i = 0; !err && i < LB_COUNT(fault); i++)
        if (fault[i].roles && (strcmp(fault[i].field, "vm_policy") ||
                               !lb_structure_find_member(b->s, "vm_policy", NULL, &m)))
            err = add_hot(b, fault[i].field);
    return err;
}

static int take_hot(struct build *b)
{
    char *names = b->spec.hot, *name;
    int err = 0;

    if (!names && !lb_structure_is_vma(b->s))
        return lb_fail(b->why, EINVAL, "layout '%s': say what an op reads by hot=MEMBER+MEMBER...",
                       b->l->name);
    if (!names)
        return add_fault_fields(b);
    while (!err && (name = strsep(&names, "+")))
        err = *name ? add_hot(b, name) : lb_fail(b->why, EINVAL, "layout: hot=: an empty name");
    return err;
}

/* A program's by its type, which says more than what it is run as. */
static const char *name_lock(const struct build *b)
{
    bool known = lb_structure_is_kernels(b->lock->lock) ||
                 (b->s->form == LB_FORM_BTF && b->lock->lock == LB_STRUCTURE_C11_ATOMIC);

    return known ? lb_structure_lock_name(b->lock->lock) : b->lock->type;
}

static void say_meaning(const struct build *b)
{
    const char *file = strrchr(b->s->source, '/');
    char where[80], word[48] = "";
    const char *made_of = b->lock->words == LB_WORDS_READERS ? " (rwbase_rt)"
                          : b->lock->words == LB_WORDS_OWNER ? " (rt_mutex_base)"
                                                             : "";

    snprintf(where, sizeof where, "%s%.39s at %zu", b->lock->points ? "behind " : "", b->lock->name,
             b->lock->offset);
    if (!b->lock->points && b->l->lock_offset != b->lock->offset)
        snprintf(word, sizeof word, " of its word at %zu", b->l->lock_offset);
    snprintf(b->l->meaning, sizeof b->l->meaning,
             "%.40s: %zu bytes, aligned to %zu (%s), %.32s%s %s, run as %.16s%s",
             file ? file + 1 : b->s->source, b->l->size_bytes, b->l->align_bytes, b->aligned_by,
             name_lock(b), made_of, where, lb_lock_info(b->l->lock)->name, word);
}

static int build(struct build *b)
{
    struct lb_geometry geometry;
    int err;

    if (b->s->pointer_bytes != 8)
        return lb_fail(b->why, EINVAL,
                       "layout: %s of a machine with pointers of %zu bytes: the locks here are "
                       "those of 64-bit machines",
                       b->s->name, b->s->pointer_bytes);
    b->l->program = b->s->form != LB_FORM_BTF && !lb_structure_is_vma(b->s);
    if ((err = take_name(b)) || (err = take_size(b)) || (err = take_lock(b)) ||
        (err = lb_layout_allows(b->l, b->l->lock, b->why)) || (err = take_seq(b)) ||
        (err = take_hot(b)))
        return err;
    b->l->structure = b->s;
    b->l->generation = *b->s->generation.name
                           ? &b->s->generation
                           : &lb_generations[b->l->lock == LB_LOCK_REFCOUNT ? LB_GENERATION_6_15
                                                                            : LB_GENERATION_6_4];
    say_meaning(b);
    return lb_geometry_init(b->l, b->l->lock, b->why, &geometry);
}

static int build_from(const struct lb_structure *s, const struct spec *spec, struct lb_why *why,
                      struct lb_layout *layout)
{
    struct lb_layout l = {.structure = s};
    struct build b = {.s = s, .spec = *spec, .why = why, .l = &l};
    int err = build(&b);

    if (!err)
        *layout = l;
    return err;
}

int lb_layout_of_structure(const struct lb_structure *s, const char *options, struct lb_why *why,
                           struct lb_layout *layout)
{
    char *copy = options ? strdup(options) : NULL;
    struct spec spec = {0};
    int err;

    if (options && !copy)
        return lb_fail(why, ENOMEM, "layout: out of memory");
    err = parse_options(copy, why, &spec);
    if (!err && (spec.which || spec.base))
        err = lb_fail(why, EINVAL, "layout: %s=: the structure is known already",
                      spec.which ? "which" : "base");
    if (!err)
        err = build_from(s, &spec, why, layout);
    free(copy);
    return err;
}

static int read_structure(struct lb_source *source, const struct spec *spec, struct lb_why *why,
                          struct lb_structure **s)
{
    size_t which = 0;
    int err;

    if (spec->which && (err = parse_bytes("which", spec->which, why, &which)))
        return err;
    source->query.which = (unsigned)which;
    source->query.base = spec->base;
    return lb_structure_read_by(&source->query, why, s);
}

int lb_layout_read(const char *text, struct lb_why *why, struct lb_structure **structure,
                   struct lb_layout *layout)
{
    char *copy = strdup(text);
    struct lb_source source;
    struct spec spec = {0};
    struct lb_structure *s = NULL;
    int err;

    if (!copy)
        return lb_fail(why, ENOMEM, "layout: out of memory");
    if (!(err = lb_source_cut(copy, text, why, &source)) &&
        !(err = parse_options(source.options, why, &spec)) &&
        !(err = read_structure(&source, &spec, why, &s))) {
        lb_structure_take_generation(s, spec.base);
        err = build_from(s, &spec, why, layout);
    }
    if (err)
        lb_structure_destroy(s);
    else
        *structure = s;
    free(copy);
    return err;
}
