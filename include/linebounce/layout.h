/* SPDX-License-Identifier: MIT
 *
 * layout: where the lock and the hot fields of an object lie, and how objects are allocated. Data,
 * not code: a new layout is one row of the table in lib/layout/layout.c.
 *
 * What an op does to the object beside its lock is an access program: an ordered list of fields
 * with their offsets, each loaded, stored to, incremented, added to or swapped by the threads of
 * some roles. Built-in layouts, structures that BTF describes, moves of whatif and a user's own are
 * all described so.
 *
 * The built-in ones are those of a vm_area_struct, whose fields moved as two groups through the
 * kernel's history (LB_VMA_FIELDS), beside its sequence number vm_lock_seq. vm_file is placed but
 * not loaded: a fault on anonymous memory does not look at it.
 *
 * A layout also names the generation of kernels that it stands for: by its rules objects are
 * locked.
 */
#ifndef LINEBOUNCE_LAYOUT_H
#define LINEBOUNCE_LAYOUT_H

#include <linebounce/arena.h>
#include <linebounce/generation.h>
#include <linebounce/lock.h>
#include <linebounce/structure.h>

#include <stdbool.h>

LB_BEGIN_C

/* The fields of a vm_area_struct whose first group begins at HEAD (40 bytes) and whose second at
 * TAIL (56 bytes), as a list of struct lb_access: what a page fault reads. */
#define LB_HEAD_BYTES 40
#define LB_TAIL_BYTES 56
#define LB_VMA_FIELD(NAME, OFFSET, ROLES)                                                          \
    {                                                                                              \
        .field = NAME, .offset = (uint16_t)(OFFSET), .bytes = 8, .how = LB_HOW_LOAD,               \
        .roles = ROLES                                                                             \
    }
#define LB_VMA_FIELDS(HEAD, TAIL)                                                                  \
    LB_VMA_FIELD("vm_start", HEAD, LB_EVERY_ROLE),                                                 \
        LB_VMA_FIELD("vm_end", (HEAD) + 8, LB_EVERY_ROLE),                                         \
        LB_VMA_FIELD("vm_mm", (HEAD) + 16, LB_EVERY_ROLE),                                         \
        LB_VMA_FIELD("vm_page_prot", (HEAD) + 24, LB_EVERY_ROLE),                                  \
        LB_VMA_FIELD("vm_flags", (HEAD) + 32, LB_EVERY_ROLE),                                      \
        LB_VMA_FIELD("anon_vma", TAIL, LB_EVERY_ROLE),                                             \
        LB_VMA_FIELD("vm_ops", (TAIL) + 8, LB_EVERY_ROLE),                                         \
        LB_VMA_FIELD("vm_pgoff", (TAIL) + 16, LB_EVERY_ROLE),                                      \
        LB_VMA_FIELD("vm_file", (TAIL) + 24, 0),                                                   \
        LB_VMA_FIELD("vm_policy", (TAIL) + 48, LB_EVERY_ROLE)
#define LB_VMA_FIELDS_N 10
#define LB_SEQ_BYTES    4
#define LB_SLOT_BYTES   8 /* the pointer to a lock */

#define LB_LAYOUT_NAME_BYTES 32

/* Slab orders as the kernel chooses them for these sizes: two pages for the objects, one for locks.
 */
#define LB_OBJECT_ORDER 1
#define LB_LOCK_ORDER   0

/* How a field is accessed: a load, a plain store, a load and a plain store of one more, a locked
 * add, a load and a compare-and-swap to one more. And how a lock is taken and given back, with the
 * fields that are written behind it: as a writer does, as a reader does, or in the way that is
 * usual for its kind (lb_lock_info.counted). */
enum lb_how {
    LB_HOW_LOAD,
    LB_HOW_STORE,
    LB_HOW_INCREMENT,
    LB_HOW_ADD,
    LB_HOW_CAS,
    LB_HOWS, /* those of a word */
    LB_HOW_TAKE = LB_HOWS,
    LB_HOW_LOCK,
    LB_HOW_SHARE,
    LB_HOWS_ALL
};
/* "load", "store", "increment", "add", "cas", "take", "lock", "share" */
const char *lb_how_name(enum lb_how how);
static inline bool lb_how_takes(enum lb_how how)
{
    return how >= LB_HOW_TAKE;
}
/* A way to write or to take a lock; -EINVAL with the known names. */
int lb_how_parse(const char *name, struct lb_why *why, enum lb_how *how);

/* Accesses of an object, and of them loads and writes that one role makes. A loop has room for so
 * many. */
#define LB_ACCESSES_MOST 16
#define LB_LOADS         9 /* what a page fault reads of its VMA */
#define LB_WRITES_MOST   4

/* One step of an op. */
#define LB_FIELD_NAME_BYTES 64
struct lb_access {
    char field[LB_FIELD_NAME_BYTES]; /* what drawings, rows and --events bp:NAME call it */
    uint16_t offset, bytes; /* of the field; what is accessed is the word that it begins in */
    uint8_t how;            /* enum lb_how; all writes of a role are of one kind */
    uint8_t roles; /* bit r: threads of the scenario's role r make it; 0: it only lies there */
};
#define LB_EVERY_ROLE  3
#define LB_ROLE_BIT(R) (1u << (R))
#define LB_NO_SEQ      (-1)

struct lb_layout {
    char name[LB_LAYOUT_NAME_BYTES];
    size_t size_bytes;
    size_t align_bytes;
    int seq_offset;          /* of the sequence number (4 bytes); LB_NO_SEQ: there is none */
    bool separate;           /* the lock is an object of its own; then it is indirect too */
    bool indirect;           /* the lock is reached through a pointer in the object */
    size_t slot_offset;      /* indirect: where the pointer lies (loaded in every op) */
    size_t lock_offset;      /* inline: where the lock lies */
    size_t lock_room_bytes;  /* inline: bytes to the next field or the end of the object */
    size_t lock_align_bytes; /* separate: alignment of the lock's own slab cache; 8 = packed */
    enum lb_lock_kind lock;  /* the kind that it stands for; --lock may choose another */
    enum lb_how taken;       /* whatif: how the second role takes the lock, and writes its words
                                under it; LB_HOW_LOAD: nobody takes it */
    const struct lb_generation *generation; /* of the kernel that it stands for; borrowed */
    bool program;      /* it is a program's: there is no kernel that it stands for */
    char meaning[256]; /* what it stands for, one clause */
    /* Of a structure: what it was read from, borrowed as long as the layout is used; else NULL. */
    const struct lb_structure *structure;
    const struct lb_member *lock_member; /* of it: the lock, or the pointer to it */
    size_t n_accesses;
    struct lb_access accesses[LB_ACCESSES_MOST];
    char moved_from[LB_LAYOUT_NAME_BYTES]; /* the layout that this is a moved copy of: what it is
                                              compared to; "" none */
};

/* The built-in layouts, in the order of the history they come from. */
extern const struct lb_layout lb_layouts[];
extern const size_t lb_n_layouts;

/* The layout that others are compared to unless told otherwise. */
#define LB_BASELINE "pointer"

extern const struct lb_names lb_layout_names;
/* A built-in by name; -ENOENT with the nearest and the known names. */
int lb_layout_find(const char *name, struct lb_why *why, const struct lb_layout **layout);

/* A user's own: "NAME:size=256,align=64,lock=192,seq=40". Keys: size (required), align (8), lock
 * (offset of an inline lock), slot (offset of a pointer to the lock; one of the two is required:
 * slot alone means a separate lock, both mean an inline lock that is reached through the pointer),
 * lockalign (of the separate cache, 8), room (bytes for an inline lock; to the end of the object or
 * the next field), kind (lock kind, rwsem40), head (0), tail (64), seq (40). Numbers are bytes.
 *
 * A program's structure with fields by name: "NAME:size=96,lock=16:pthread_mutex,hot=page_id@0+
 * flags@8:4+lsn@88", without head and tail, and without a sequence number unless seq says where.
 * Key hot: fields that an op reads, NAME@OFFSET or NAME@OFFSET:BYTES; without bytes as many as fit
 * up to the next field, 8 at the most. The lock's kind follows its offset, or is said by kind.
 * -EINVAL with the reason: unknown key, no number, a key given twice, fields that overlap (both are
 * named), a field or the lock past the end, misaligned words, a size over a slab, keys that do not
 * go together, a name that a built-in has or that holds other than letters, digits, `-`, `_`, `.`.
 */
int lb_layout_parse(const char *text, struct lb_why *why, struct lb_layout *layout);

/* A layout of a structure, which the layout borrows. `options` are "key=value,..." or NULL. Keys:
 * hot (members that an op reads, joined by +; those of a page fault for vm_area_struct), lock
 * (member; lb_structure_find_lock says which otherwise), seq (the sequence number, a member of 4
 * bytes; vm_lock_seq for vm_area_struct, else none), kind (of lock to run), align, lockalign (of a
 * separate lock's cache), size (bytes, at least the structure's), name ("btf-" and the
 * structure's).
 *
 * Kinds without kind=: a lock is run as the kind that it is, by its type and size: an rw_semaphore
 * of 40 or 32 bytes as rwsem40 or rwsem32, a mutex of 32 or 24 as mutex32 or mutex24, spinlock_t
 * and raw_spinlock_t as qspinlock, rwlock_t as qrwlock, seqlock_t, seqcount_t, lockref and
 * refcount_t as themselves. atomic_t and C11's atomics of 4 bytes are run as refcount,
 * atomic_long_t and those of 8 as locked_adds: two locked changes of one word. Refused are other
 * sizes (lock debugging), the locks of a PREEMPT_RT kernel and an rw_semaphore whose words are
 * others; with kind= a lock of one word is run where the fast path of those has its word. A pointer
 * to a lock makes a layout with a separate lock. Alignment without align=: that of the running
 * kernel's slab cache where it is known, else the structure's own and at least 8. The meaning says
 * which.
 *
 * An op loads each of the fields once, as it does those of the built-in layouts.
 *
 * -EINVAL with the reason; -ENOENT for a member that there is none of, and for a vm_area_struct
 * that has no lock (before Linux 6.4; its atomic is none, unless lock= says so). */
int lb_layout_of_structure(const struct lb_structure *structure, const char *options,
                           struct lb_why *why, struct lb_layout *layout);
/* Reads structure and layout from "btf:STRUCT,..." (the running kernel's), "btf:FILE:STRUCT,...",
 * "dwarf:FILE:STRUCT,...", "pahole:FILE:STRUCT,..." or "pahole:FILE,...", with the keys above,
 * which (1, 2, ...: of several structures of that name) and base (the file that a module's BTF goes
 * on from). The name is what follows the last colon before the first comma; colons that stand
 * together ("db::Page"), and what is within <>, are parts of names. Errors of lb_structure_read_by
 * too. The caller destroys the structure after the layout's last use. */
int lb_layout_read(const char *text, struct lb_why *why, struct lb_structure **structure,
                   struct lb_layout *layout);
/* A structure by itself, as such a text names it: no lock and no fields are needed. Reads
 * "btf:STRUCT", "btf:FILE:STRUCT" and the like with which= and base=, and with name=
 * where `name` is not NULL; it is "" where none was given. `wanted` ends the sentence about another
 * key. Errors of lb_structure_read_by; -EINVAL for a text that does not parse. */
int lb_layout_source_read(const char *text, const char *wanted, struct lb_why *why,
                          char name[LB_LAYOUT_NAME_BYTES], struct lb_structure **structure);
/* Whether the text is of such a form. */
bool lb_layout_has_source(const char *text);
/* The first comma of a text that is within no <>; NULL: none. */
const char *lb_layout_comma(const char *text);
/* The offsets of the words that threads of a role load, in order and each once, or write; how many
 * (at most LB_LOADS, LB_WRITES_MOST). All writes of a role are made in the way `how`, which is
 * untouched where there are none. Words that are written have 8 bytes, or 4 where a lock is taken:
 * 8 could reach into it. */
size_t lb_layout_loads(const struct lb_layout *layout, int role, uint16_t offsets[LB_LOADS]);
size_t lb_layout_writes(const struct lb_layout *layout, int role, uint16_t offsets[LB_WRITES_MOST],
                        enum lb_how *how);
/* Adds an access to `field` behind the others. -EINVAL: more than there is room for, or too long a
 * name. */
int lb_layout_add(struct lb_layout *layout, const char *field, struct lb_access access,
                  struct lb_why *why);
/* The access to that field; NULL: there is none. */
const struct lb_access *lb_layout_find_field(const struct lb_layout *layout, const char *field);

/* Whether that kind of lock fits into the layout; -EINVAL with the reason. */
int lb_layout_allows(const struct lb_layout *layout, enum lb_lock_kind lock, struct lb_why *why);

/* Where the lock lies, seen from the fields that ops touch: by the offsets alone, whatever the name
 * says. An object that may begin at several places of a line is taken at the worst of them, beside
 * its neighbours. */
enum lb_lies {
    LB_LIES_NOWHERE,   /* no op takes a lock: never of lb_layout_lies, but of cases */
    LB_LIES_APART,     /* in an object of its own, behind a pointer */
    LB_LIES_AMONG,     /* on a line with a field that ops touch */
    LB_LIES_LINE,      /* on lines of its own */
    LB_LIES_LINE_PAIR, /* on a pair of lines of its own, which no adjacent-line prefetcher joins */
    LB_LIES_COUNT, /* it is a reference count, wherever it lies; not in a structure from BTF, where
                      one may stand for another word */
    LB_LIES,
};
enum lb_lies lb_layout_lies(const struct lb_layout *layout, enum lb_lock_kind lock);
const char *lb_lies_name(enum lb_lies lies); /* "among", for files */

/* A layout with a kind of lock in it: sizes follow. */
struct lb_geometry {
    struct lb_slab object;
    struct lb_slab lock;      /* only meaningful when the layout's lock is separate */
    size_t bytes_per_object;  /* both strides */
    size_t pages_per_1000;    /* both slabs, 4-KiB pages */
    unsigned object_residues; /* different object starts modulo 64 */
    unsigned lock_residues;   /* different lock starts modulo 64 */
    unsigned pairs;           /* neighbour pairs in one slab (of locks where they lie apart) */
    unsigned pairs_sharing;   /* of them: a word written under one lock lies on a line that the
                                 other's   op touches */
};
/* -EINVAL as lb_layout_allows. */
int lb_geometry_init(const struct lb_layout *layout, enum lb_lock_kind lock, struct lb_why *why,
                     struct lb_geometry *geometry);

/* True when an op on the one object/lock pair writes a line of `line_bytes` that an op on the other
 * touches. Addresses of the objects and of their locks. */
bool lb_layout_shares(const struct lb_layout *layout, enum lb_lock_kind lock, uintptr_t object_a,
                      uintptr_t lock_a, uintptr_t object_b, uintptr_t lock_b, size_t line_bytes);

/* Draws the layout as text into a buffer of `bytes`: lines of 64 bytes with fields and lock,
 * residues, what neighbours share, memory. Returns the length it needs without the final NUL, as
 * snprintf does, or -errno. */
int lb_layout_draw(const struct lb_layout *layout, enum lb_lock_kind lock, char *text,
                   size_t bytes);

LB_END_C

#endif
