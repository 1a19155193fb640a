/* SPDX-License-Identifier: MIT
 *
 * lines: what lies in each line of an object and of its lock, who reads it and who writes it. What
 * drawings, files and pages show of a layout is made of this.
 */
#ifndef LINEBOUNCE_LINES_H
#define LINEBOUNCE_LINES_H

#include <linebounce/layout.h>

LB_BEGIN_C

enum lb_piece_kind {
    LB_PIECE_OTHER,   /* lies there, and no op touches it */
    LB_PIECE_FIELD,   /* is read or written by ops */
    LB_PIECE_POINTER, /* to the lock */
    LB_PIECE_WORD,    /* of the lock: written whenever it is taken or given back */
    LB_PIECE_LOCK,    /* the rest of the lock: written while threads wait for it */
    LB_PIECE_KINDS
};
const char *lb_piece_kind_name(enum lb_piece_kind kind); /* "other", "field", ... */

/* Who touches a piece or a line, as bits. */
#define LB_BY_FIRST    1u /* threads of the scenario's first role: those that read, in whatif */
#define LB_BY_SECOND   2u /* of its second: those that write, in whatif */
#define LB_BY_EVERY_OP 3u
#define LB_BY_LOCKING  4u /* ops that take the lock */
#define LB_BY_BITS     3
/* "every op", "whoever locks", "readers"; "" for nobody. */
const char *lb_by_name(unsigned by);
/* The bits of such a name; 0 for one that is none. */
unsigned lb_by_find(const char *name);

struct lb_piece {
    char name[LB_FIELD_NAME_BYTES];
    size_t offset,
        bytes; /* from the start of the part; of a bit-field or unknown type 1 at least */
    enum lb_piece_kind kind;
    unsigned reads, writes; /* LB_BY_... */
};

/* The object, or a lock that is one of its own. */
struct lb_part {
    size_t size_bytes, stride_bytes; /* stride 0: there is no such part */
    unsigned starts[LB_LINE_BYTES];  /* where in a line it begins, in the slab's order */
    size_t n_starts;
    struct lb_piece *pieces; /* by offset; freed by lb_lines_finish */
    size_t n_pieces;
};

struct lb_lines {
    char name[LB_LAYOUT_NAME_BYTES], moved_from[LB_LAYOUT_NAME_BYTES], meaning[256];
    char lock[32];                 /* the kind's name; "" where nobody locks (whatif) */
    struct lb_part object, apart;  /* `apart`: the lock's, where it is an object of its own */
    unsigned pairs, pairs_sharing; /* of neighbours, as in struct lb_geometry */
};

/* -EINVAL as lb_layout_allows, -ENOMEM. */
int lb_lines_init(const struct lb_layout *layout, enum lb_lock_kind lock, struct lb_why *why,
                  struct lb_lines *lines);
void lb_lines_finish(struct lb_lines *lines);

/* What ops do to one line of a part, counted from 0: a piece counts where it begins, since that
 * word is what is accessed. */
struct lb_line_use {
    unsigned reads, writes;
    bool shared; /* somebody reads it who does not write it, and somebody writes it */
};
struct lb_line_use lb_line_use(const struct lb_part *part, size_t line);
size_t lb_part_lines(const struct lb_part *part);

/* "every op reads, whoever locks writes", "readers read"; "" for a line that nobody touches. */
#define LB_LINE_SENTENCE_BYTES 96
void lb_line_sentence(struct lb_line_use use, char sentence[LB_LINE_SENTENCE_BYTES]);

LB_END_C

#endif
