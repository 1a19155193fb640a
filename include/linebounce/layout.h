/* SPDX-License-Identifier: MIT
 *
 * layout: where the lock and the hot fields of an object lie, and how objects are allocated. Data,
 * not code: a new layout is one row of the table in lib/layout.c.
 *
 * The object is a vm_area_struct. An op touches two groups of 8-byte fields that moved as groups
 * through the kernel's history, and the sequence number:
 *
 *   head  + 0 vm_start, + 8 vm_end, + 16 vm_mm, + 24 vm_page_prot, + 32 vm_flags       (40 bytes)
 *   tail  + 0 anon_vma, + 8 vm_ops, + 16 vm_pgoff, + 24 vm_file, + 48 vm_policy        (56 bytes)
 *   seq   vm_lock_seq                                                                  (4 bytes)
 *
 * vm_file is placed but not loaded: a fault on anonymous memory does not look at it.
 *
 * Or the object is any structure that BTF describes (structure.h), and an op touches fields by
 * name. What an op costs depends on the lines that it touches, so it loads one word for each: of
 * the fields that lie on one line wherever the object begins, one is enough.
 */
#ifndef LINEBOUNCE_LAYOUT_H
#define LINEBOUNCE_LAYOUT_H

#include <linebounce/arena.h>
#include <linebounce/lock.h>
#include <linebounce/structure.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LB_HEAD_BYTES 40
#define LB_TAIL_BYTES 56
#define LB_SEQ_BYTES  4
#define LB_SLOT_BYTES 8 /* the pointer to a lock */

#define LB_LAYOUT_NAME_BYTES 32

/* Slab orders as the kernel chooses them for these sizes: two pages for the objects, one for locks.
 */
#define LB_OBJECT_ORDER 1
#define LB_LOCK_ORDER   0

/* Words of an object that threads of the scenario whatif touch, one after the other; offsets of
 * 8-byte words. */
#define LB_TOUCHED_MOST 6
struct lb_touched {
    size_t n;
    size_t offset[LB_TOUCHED_MOST];
};
/* How a word is written: a plain store, a load and a plain store of one more, or a locked add. */
enum lb_write { LB_WRITE_STORE, LB_WRITE_INCREMENT, LB_WRITE_ADD, LB_WRITES };
const char *lb_write_name(enum lb_write write); /* "store", "increment", "add" */
/* -EINVAL with the known names. */
int lb_write_parse(const char *name, struct lb_why *why, enum lb_write *write);
/* Fields that can be named, and words that an op loads for them: objects under 64 KiB, four offsets
 * to a register. */
#define LB_HOT_MOST   12
#define LB_TOUCH_MOST 4

struct lb_hot_field {
    const char *name; /* borrowed from the structure */
    size_t offset, bytes;
};

struct lb_layout {
    char name[LB_LAYOUT_NAME_BYTES];
    size_t size_bytes;
    size_t align_bytes;
    size_t head_offset, tail_offset, seq_offset;
    bool separate;           /* the lock is an object of its own; then it is indirect too */
    bool indirect;           /* the lock is reached through a pointer in the object */
    size_t slot_offset;      /* indirect: where the pointer lies (loaded in every op) */
    size_t lock_offset;      /* inline: where the lock lies */
    size_t lock_room_bytes;  /* inline: bytes to the next field or the end of the object */
    size_t lock_align_bytes; /* separate: alignment of the lock's own slab cache; 8 = packed */
    enum lb_lock_kind lock;  /* the kind that it stands for; --lock may choose another */
    char meaning[256];       /* what it stands for, one clause */
    /* From BTF: what it was read from, borrowed as long as the layout is used; else NULL. */
    const struct lb_structure *structure;
    const struct lb_member *lock_member; /* of it: the lock, or the pointer to it */
    size_t n_hot;                        /* fields that an op reads, by name; 0 in other layouts */
    struct lb_hot_field hot[LB_HOT_MOST];
    /* Words that an op loads for them, multiples of 4, where they do not lie as head and tail
     * (which are 0 then); n_touch is 0 for the groups. */
    size_t n_touch;
    uint16_t touch[LB_TOUCH_MOST];
    bool seqless; /* there is no sequence number: seq_offset is that of a word that an op loads
                     anyway, which readers compare in its place and nobody stores to */
    /* Of whatif, both empty in all other layouts. The lock is then the first word written, so that
     * it lies where the round's line was drawn; nobody locks it. */
    struct lb_touched reads, writes;
    enum lb_write write;
    char moved_from[LB_LAYOUT_NAME_BYTES]; /* the layout that this is a moved copy of: what it is
                                              compared to; "" none */
};

/* The built-in layouts, in the order of the history they come from. */
extern const struct lb_layout lb_layouts[];
extern const size_t lb_n_layouts;

/* The layout that others are compared to unless told otherwise. */
#define LB_BASELINE "pointer"

/* A built-in by name; -ENOENT with the nearest and the known names. */
int lb_layout_find(const char *name, struct lb_why *why, const struct lb_layout **layout);

/* A user's own: "NAME:size=256,align=64,lock=192,seq=40". Keys: size (required), align (8), lock
 * (offset of an inline lock), slot (offset of a pointer to the lock; one of the two is required:
 * slot alone means a separate lock, both mean an inline lock that is reached through the pointer),
 * lockalign (of the separate cache, 8), room (bytes for an inline lock; to the end of the object or
 * the next field), kind (lock kind, rwsem40), head (0), tail (64), seq (40). Numbers are bytes.
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
 * Kinds without kind=: an rw_semaphore of 40 or 32 bytes is run as rwsem40 or rwsem32, refcount_t
 * as refcount; atomic_t, spinlock_t, raw_spinlock_t and rwlock_t as refcount too, and atomic_long_t
 * as locked_adds: two locked changes of one word, as theirs are, without their waiting; so are
 * C11's atomics of 4 and 8 bytes. A mutex is refused, since no kind does what it does, and so are
 * the locks of a PREEMPT_RT kernel and an rw_semaphore whose words are others; with kind= a lock of
 * one word is run where the fast path of those has its word. A pointer to a lock makes a layout
 * with a separate lock. Alignment without align=: that of the running kernel's slab cache where it
 * is known, else the structure's own and at least 8. The meaning says which.
 *
 * The fields of a vm_area_struct are the groups where they lie as groups, so that its ops are those
 * of the built-in layouts; otherwise, and with hot=, an op loads words by name.
 *
 * -EINVAL with the reason; -ENOENT for a member that there is none of, and for a vm_area_struct
 * that has no lock (before Linux 6.4; its atomic is none, unless lock= says so). */
int lb_layout_of_structure(const struct lb_structure *structure, const char *options,
                           struct lb_why *why, struct lb_layout *layout);
/* Reads structure and layout from "btf:STRUCT,..." (the running kernel's) or "btf:FILE:STRUCT,...",
 * with the keys above, which (1, 2, ...: of several structures of that name) and base (the file
 * that a module's BTF goes on from). The name is what follows the last colon before the first
 * comma. Errors of lb_structure_read too. The caller destroys the structure after the layout's last
 * use. */
int lb_layout_read(const char *text, struct lb_why *why, struct lb_structure **structure,
                   struct lb_layout *layout);
/* Whether the text is of that form. */
bool lb_layout_is_btf(const char *text);
/* The words of named fields as the hot loops take them: four offsets of 16 bits, the first one
 * lowest; unused ones repeat the first. */
uint64_t lb_layout_touch(const struct lb_layout *layout);

/* Whether that kind of lock fits into the layout; -EINVAL with the reason. */
int lb_layout_allows(const struct lb_layout *layout, enum lb_lock_kind lock, struct lb_why *why);

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

#ifdef __cplusplus
}
#endif

#endif
