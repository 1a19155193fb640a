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
 */
#ifndef LINEBOUNCE_LAYOUT_H
#define LINEBOUNCE_LAYOUT_H

#include <linebounce/arena.h>
#include <linebounce/lock.h>

#include <stdbool.h>

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
    char meaning[96];        /* what it stands for, one clause */
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

/* A built-in by name; -ENOENT with the known names, the nearest first. */
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

#endif
