/* SPDX-License-Identifier: MIT
 *
 * suggest: moves of a structure's fields that part what some threads read from what others write,
 * ranked by a model of lines.
 *
 * The model counts, and times nothing: how many lines (64 bytes) and pairs of lines (128) of one
 * object an op that reads and an op that writes have in common, averaged over the places at which
 * objects of a slab begin, and what an object takes of memory. What a line in common costs on a
 * machine, and whether a pair costs anything (where an adjacent-line prefetcher fetches both), is
 * for a measurement to say: each suggestion is a structure of whatif.
 *
 * What may move: members that nothing else holds, alone, with all that is written or all that is
 * only read, or with those they have to stay with, to a free place, to one whose owners, which no
 * op touches, fit where the member was, or behind the end; all that is behind a point, by padding;
 * and the alignment of objects. Members of a structure that is partial change places with what
 * nobody knows.
 */
#ifndef LINEBOUNCE_SUGGEST_H
#define LINEBOUNCE_SUGGEST_H

#include <linebounce/whatif.h>

LB_BEGIN_C

/* What binds the moves; NULL and 0 where nothing is said. */
struct lb_suggest_options {
    const char *together; /* members, parted by commas: they move as one, or not at all */
    const char *first;    /* the member at offset 0, which has to stay there */
    size_t bytes_most;    /* the structure may have so many as moved */
};

struct lb_suggest_weight {
    double shared; /* lines in which one op reads what the other writes */
    double pairs;  /* pairs of lines likewise, that hold no such line */
    double lines;  /* that both ops touch together, each counted once an op */
    size_t bytes;  /* an object, from one to the next in its slab */
    unsigned per_slab;
    size_t slab_bytes; /* of the imitated slab: two pages */
    size_t pages_per_1000;
};

/* As many as `--move` of whatif takes. */
#define LB_SUGGEST_MOVES_MOST 16
#define LB_SUGGEST_TEXT_BYTES 192
#define LB_SUGGEST_NOTE_BYTES 256

struct lb_suggestion {
    char text[LB_SUGGEST_TEXT_BYTES]; /* "f_ref to 184, f_ep to 0; aligned to 64" */
    /* As lb_structure_move takes them; names are the structure's. First those that the suggestion
     * is about, then those that make room. Empty where it only pads or aligns. */
    struct lb_move moves[LB_SUGGEST_MOVES_MOST];
    size_t n_moves, n_about;
    size_t pad_at,
        pad_bytes; /* all that lies from pad_at on lies pad_bytes behind; 0: no padding */
    size_t bytes, align_bytes; /* of the structure then */
    struct lb_whatif whatif;   /* as it is and as moved: to be measured */
    struct lb_suggest_weight weight;
};

struct lb_suggestions {
    struct lb_suggest_weight as_is;
    /* The best first: fewest lines shared, then least memory, then fewest pairs (in
     * halves). Of moves that come to the same in these the simplest alone: fewest members moved,
     * then fewest lines touched, what is written before what is only read. None by which nothing is
     * parted, or which takes memory for what another parts for less, but for what gets lines of its
     * own. */
    struct lb_suggestion *items;
    size_t n;
    size_t tried;
    char note[LB_SUGGEST_NOTE_BYTES]; /* which fields stay where they are, and why; "" none */
};

/* `whatif` is of that structure (lb_whatif_of), of which only what is as it is counts. Both are
 * borrowed as long as the suggestions are used. The same structure gives the same suggestions.
 * -ENOENT: a member that there is none of (the nearest names are said); -EINVAL with the reason: a
 * union; a bit-field or a member of an anonymous union, which shares its bytes, among those that
 * are to stay together; `first` is not the first; the structure is larger than `bytes_most`, or
 * than a slab; -ENOMEM. */
int lb_suggest(const struct lb_structure *structure, const struct lb_whatif *whatif,
               const struct lb_suggest_options *options, struct lb_why *why,
               struct lb_suggestions **suggestions);
void lb_suggestions_destroy(struct lb_suggestions *suggestions);

/* What the model says of a structure of whatif, as it is or as moved. -EINVAL: it makes no slab. */
int lb_suggest_weigh(const struct lb_whatif *whatif, bool after, struct lb_suggest_weight *weight);

LB_END_C

#endif
