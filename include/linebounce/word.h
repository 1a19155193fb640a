/* SPDX-License-Identifier: MIT
 *
 * word: words of a case and of the harness that can be watched, by name.
 */
#ifndef LINEBOUNCE_WORD_H
#define LINEBOUNCE_WORD_H

#include <linebounce/layout.h>

LB_BEGIN_C

/* Words that a hardware breakpoint can watch. Those of the case, then those of the harness, whose
 * addresses the crew knows. */
enum lb_watch {
    LB_WATCH_COUNT,   /* the lock's count; in the controls the word that the thread adds to */
    LB_WATCH_OWNER,   /* the lock's owner */
    LB_WATCH_POINTER, /* the object's pointer to its lock */
    LB_WATCH_SEQ,     /* the object's vm_lock_seq */
    LB_WATCH_FIELD,   /* a field of the layout, by its name */
    LB_WATCH_MM_SEQ,
    LB_WATCH_MM_COUNT,
    LB_WATCH_MM_OWNER,
    LB_WATCH_MM_WAIT,    /* vma_writer_wait */
    LB_WATCH_START,      /* of the harness: the word with the window's start */
    LB_WATCH_STOP,       /* the word that the window's end follows from */
    LB_WATCH_RESULT,     /* the thread's result */
    LB_WATCH_UNTOUCHED0, /* words that nobody touches: what armed breakpoints cost by themselves */
    LB_WATCH_UNTOUCHED1,
    LB_WATCH_UNTOUCHED2,
    LB_WATCH_UNTOUCHED3,
    LB_WATCHES
};
struct lb_word {
    enum lb_watch watch;
    char field[LB_FIELD_NAME_BYTES]; /* of LB_WATCH_FIELD, else "" */
};
const char *lb_watch_name(enum lb_watch watch); /* "count", "untouched0"; of a field "FIELD" */
/* The word of that name: one of those above, else a field. -EINVAL for what is no name of a field:
 * letters, digits, `_` and dots, a letter or `_` first. */
int lb_word_parse(const char *name, struct lb_why *why, struct lb_word *word);
const char *lb_word_name(const struct lb_word *word);

LB_END_C

#endif
