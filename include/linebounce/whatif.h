/* SPDX-License-Identifier: MIT
 *
 * whatif: structures of which some threads read some fields while others write some, as they are
 * and as somebody would move them: moves that the kernel made, and structures from BTF. What it
 * makes are layouts, to be measured in scenario whatif.
 */
#ifndef LINEBOUNCE_WHATIF_H
#define LINEBOUNCE_WHATIF_H

#include <linebounce/c2c.h>
#include <linebounce/layout.h>

LB_BEGIN_C

#define LB_WHATIF_FIELDS_MOST (LB_LOADS + LB_WRITES_MOST)
#define LB_WHATIF_FIELD_BYTES 48

/* A field that is touched, in bytes from the object's start. */
struct lb_whatif_field {
    char name[LB_WHATIF_FIELD_BYTES];
    size_t before, after; /* after the move; the same where it stays */
    size_t into;          /* PREEMPT_RT: of the lock's word in it, which both are of then */
    size_t bytes;         /* from there on; 0: not known */
    bool lost;            /* an _Atomic whose type the BTF has lost */
    bool read, written;
    bool locked; /* it is the lock that whoever writes takes: n_fields has one at the most */
};

struct lb_whatif {
    char name[LB_LAYOUT_NAME_BYTES]; /* of the layout as it is; the moved one has ":moved" behind */
    char structure[48];              /* "struct file" */
    char source[96];                 /* where the offsets come from */
    size_t bytes_before, bytes_after, align_before, align_after;
    struct lb_whatif_field fields[LB_WHATIF_FIELDS_MOST];
    size_t n_fields;
    enum lb_how write;      /* lb_how_takes: the other fields are stored to under the lock */
    enum lb_lock_kind lock; /* of it; the field's bytes are the room that it has */
    struct lb_generation generation; /* of the kernel whose structure it is, by whose rules the lock
                                        is taken; no name: not known, those of Linux 6.4 */
    bool moved;                      /* false: nothing moves, there is one layout */
    const char *published; /* what others measured of this move, where and by what; NULL: nothing */
};

/* Moves that were made in the kernel, each with what was published of it. */
extern const struct lb_whatif lb_whatif_presets[];
extern const size_t lb_n_whatif_presets;
/* -ENOENT with the known names. */
int lb_whatif_find(const char *name, struct lb_why *why, const struct lb_whatif **preset);

/* What is said of a structure; NULL, 0 and -1 where nothing is. */
struct lb_whatif_options {
    const char *read, *write; /* members, parted by commas */
    const char *move;         /* "member=offset,..." */
    size_t bytes, align_bytes;
    int write_how; /* enum lb_how; -1: where a member written is a lock that some kind here is, it
                      is taken; a locked add where one is atomic or another lock; else a plain
                      store */
    /* Where read or write says nothing: what perf c2c has seen of this line, whose begin in the
     * structure is `line_at` (lb_c2c_place). NULL: nothing. */
    const struct lb_c2c_line *line;
    long line_at;
    const enum lb_lock_kind *lock; /* to take it as, whatever it is; NULL: as what it is */
};
/* Of "btf:STRUCT", "dwarf:FILE:STRUCT" and the like, with ",name=" and ",which="; NULL for the line
 * of the options by itself, with members "at_OFFSET". As it is, the object is
 * aligned as the running kernel's slab cache of that name, else as its members want it, and to 8 at
 * least. Errors of lb_structure_read and lb_structure_move; -EINVAL for a list that does not parse.
 */
int lb_whatif_of_structure(const char *text, const struct lb_whatif_options *options,
                           struct lb_why *why, struct lb_whatif *whatif);
/* The same in two steps, for those who want the structure too: the caller destroys it. `name` is
 * that of ",name=", or "" where none was given. Also of a layout of the user's own
 * (lb_layout_parse): members are its fields and its lock, called "lock", and it is partial. */
int lb_whatif_read(const char *text, const struct lb_whatif_options *options, struct lb_why *why,
                   char name[LB_LAYOUT_NAME_BYTES], struct lb_structure **structure);
int lb_whatif_of(const struct lb_structure *structure, const char *name,
                 const struct lb_whatif_options *options, struct lb_why *why,
                 struct lb_whatif *whatif);
/* What is known of a structure as it is, of a preset above all: its fields as members, partial. A
 * field whose size is not said is a word, or reaches up to the next. -ENOMEM. */
int lb_whatif_structure(const struct lb_whatif *whatif, struct lb_why *why,
                        struct lb_structure **structure);

/* Has its lock, or where it has none the first field that is written, taken as one of that kind, in
 * the way that `write` says where it says one, else as is usual for the kind. -EINVAL: nothing is
 * written. Whether the kind has room there lb_layout_allows says. */
int lb_whatif_take(struct lb_whatif *whatif, enum lb_lock_kind kind, struct lb_why *why);

/* The layouts to measure: as it is and, where something moves, as moved; they borrow the whatif's
 * generation. -EINVAL with the reason:
 * no field is read or none written, more than there is room for, one that ends past the
 * end or is written within the lock that is taken, a name that is too long. Sizes are rounded up to
 * whole words, as objects' strides are: the last word may be the structure's only in part. */
int lb_whatif_layouts(const struct lb_whatif *whatif, struct lb_why *why,
                      struct lb_layout layouts[2], size_t *n);

/* The word of the object, in bytes from its start, that is loaded or written for a field. */
size_t lb_whatif_word(const struct lb_whatif_field *field, bool after);

LB_END_C

#endif
