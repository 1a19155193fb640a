/* SPDX-License-Identifier: MIT
 *
 * atomics: which instructions change a lock's words.
 *
 * arm64 has two kinds: load- and store-exclusives in a loop (LL/SC, every processor), and single
 * instructions (LSE, Armv8.1). Linux and glibc use LSE where the processor has it, so all that is
 * measured is built twice there, and runs with LSE where the machine has it unless it is told
 * otherwise. Elsewhere there is one kind.
 */
#ifndef LINEBOUNCE_ATOMICS_H
#define LINEBOUNCE_ATOMICS_H

#include <linebounce/base.h>

#include <stdbool.h>

LB_BEGIN_C

enum lb_atomics {
    LB_ATOMICS_LOCKED,   /* x86's instructions with a lock prefix */
    LB_ATOMICS_LLSC,     /* arm64's exclusives */
    LB_ATOMICS_LSE,      /* arm64's large system extensions */
    LB_ATOMICS_COMPILER, /* what the compiler makes for any other processor */
    LB_ATOMICS_KINDS
};

const char *lb_atomics_name(enum lb_atomics atomics);    /* "locked", "llsc", "lse", "compiler" */
const char *lb_atomics_meaning(enum lb_atomics atomics); /* a clause */
/* Whether this build has them and this machine can run them. */
bool lb_atomics_usable(enum lb_atomics atomics);
/* The chosen ones: what lb_hot_find gives, and what their slow paths use. At first LSE where it is
 * usable. */
enum lb_atomics lb_atomics(void);
/* Chooses for the whole process, before anything is looked up or measured. -EINVAL with the known
 * names when there is no such kind, -ENOTSUP with the reason where it is not usable. */
int lb_atomics_choose(const char *name, struct lb_why *why);

LB_END_C

#endif
