/* SPDX-License-Identifier: MIT
 *
 * generation: what the kernels that have a lock in each VMA do differently around it, a row each:
 * what up_read and a writer write, and where the address space's words lie. Facts of the kernels'
 * sources and of their BTF; results/method.md says which rests on what.
 */
#ifndef LINEBOUNCE_GENERATION_H
#define LINEBOUNCE_GENERATION_H

#include <linebounce/lock.h>

LB_BEGIN_C

/* What of it is compiled into the loops: the later ones do what the earlier do, and more. */
enum lb_rules {
    LB_RULES_PLAIN,    /* mm_lock_seq moves on once a write, as it ends; up_read leaves owner */
    LB_RULES_SEQCOUNT, /* it is a sequence count: moves on as a write begins, too */
    LB_RULES_CLEARING, /* with DETECT_HUNG_TASK_BLOCKER up_read takes its task out of owner */
    LB_RULES
};

#define LB_GENERATION_NAME_BYTES 24
struct lb_generation {
    char name[LB_GENERATION_NAME_BYTES]; /* the first kernel of its kind: "6.14" */
    enum lb_rules rules;
    enum lb_lock_kind mm_lock; /* what mmap_lock is: one of the rw-semaphores */
    struct lb_mm_words mm;     /* in mm_struct */
    char meaning[96];          /* one clause */
};

enum {
    LB_GENERATION_6_4,
    LB_GENERATION_6_6,
    LB_GENERATION_6_11,
    LB_GENERATION_6_14,
    LB_GENERATION_6_15,
    LB_GENERATION_6_17,
    LB_GENERATION_7_0,
    LB_GENERATION_7_2,
    LB_GENERATIONS
};
extern const struct lb_generation lb_generations[LB_GENERATIONS];

/* -EINVAL with the known names. */
int lb_generation_find(const char *name, struct lb_why *why,
                       const struct lb_generation **generation);

/* How the words of the address space lie. */
enum lb_mm_form {
    LB_MM_KERNEL,   /* as the generation's mm_struct has them */
    LB_MM_SEPARATE, /* each on a pair of lines of its own */
    LB_MM_FORMS
};
const char *lb_mm_form_name(enum lb_mm_form form); /* "kernel", "separate" */
extern const struct lb_names lb_mm_form_names;
/* Offsets from a multiple of LB_LINE_PAIR_BYTES at or before the first of the words, all of them
 * within LB_MM_BYTES: what lies on one line or pair of lines in the kernel does so here. */
struct lb_mm_words lb_generation_words(const struct lb_generation *generation,
                                       enum lb_mm_form form);

/* A generation as a kernel's BTF and configuration say, named as the row of the table that it
 * equals, else "btf-" and the last row with the same rules and lock. -ERANGE where the words lie
 * too far apart, -EINVAL where they overlap or are not aligned. */
int lb_generation_make(enum lb_rules rules, enum lb_lock_kind mm_lock, struct lb_mm_words mm,
                       struct lb_generation *generation);

/* "mmap_lock 184 (rwsem40), mm_lock_seq 248 (+2 a write), ...": offsets in mm_struct. Returns the
 * length as snprintf. */
int lb_generation_describe(const struct lb_generation *generation, char *text, size_t bytes);

LB_END_C

#endif
