/* SPDX-License-Identifier: MIT
 *
 * bracket: what the model says of more than two threads on a machine of which a matrix of latencies
 * is known: whatever the settings agree on that nobody can read off a matrix.
 *
 * How a machine hands lines over, whom it serves first, which fetches it overlaps and how long a
 * core keeps a line that others wait for are varied in a fixed design of LB_BRACKET_SETTINGS, not
 * chosen by the user: a choice would invite a fit. A layout is slower, faster or the same as
 * another where all say so, and never slower or faster where none says that.
 */
#ifndef LINEBOUNCE_BRACKET_H
#define LINEBOUNCE_BRACKET_H

#include <linebounce/matrix.h>
#include <linebounce/model.h>

LB_BEGIN_C

#define LB_BRACKET_SETTINGS 12
/* Hand-over (2) x arbitration (3) x overlap (2), and in each third of them another keeping: a
 * waiting core may get a line right behind a locked change, or after the op's next access, or who
 * fetched it keeps it for a while. Each level of the others meets each of these as often, but for
 * overlap and hand-over within one arbitration. */
extern const struct lb_model_parameters lb_bracket_settings[LB_BRACKET_SETTINGS];
#define LB_BRACKET_STEAL        0.3
#define LB_BRACKET_RESIDENCE_NS 50
/* A hand-over as ops pay for it, of half of a round trip between compare-and-swaps: 0.6 to 0.75
 * where both were measured. */
#define LB_BRACKET_SHARE 0.7
/* Time per op, pauses included, that differs by less is the same. */
#define LB_BRACKET_SAME 0.03

enum lb_bracket_factor {
    LB_BRACKET_HANDOVER,
    LB_BRACKET_ARBITRATION,
    LB_BRACKET_OVERLAP,
    LB_BRACKET_KEEPING,
    LB_BRACKET_FACTORS
};
const char *lb_bracket_factor_name(enum lb_bracket_factor factor); /* "hand-over", ... */

/* A case in each setting. */
struct lb_bracket {
    struct lb_model_result results[LB_BRACKET_SETTINGS];
};
/* `cpus`: indices into the matrix, one for each thread. `pair_prefetch` as in the model's
 * parameters. Errors of lb_model_expect. */
int lb_bracket_make(const struct lb_model_case *c, const struct lb_matrix *matrix,
                    const unsigned *cpus, double pair_prefetch, uint64_t seed, struct lb_why *why,
                    struct lb_bracket *bracket);

enum lb_bracket_verdict {
    LB_BRACKET_IS_SAME,
    LB_BRACKET_IS_SLOWER,
    LB_BRACKET_IS_FASTER,
    LB_BRACKET_NEVER_SLOWER, /* faster in some settings, the same in the others */
    LB_BRACKET_NEVER_FASTER,
    LB_BRACKET_DEPENDS
};
/* "same", "slower", "faster", "never slower", "never faster", "depends" */
const char *lb_bracket_verdict_name(enum lb_bracket_verdict verdict);
struct lb_bracket_comparison {
    enum lb_bracket_verdict verdict;
    double least, most; /* time per op over that of the other, of all settings */
    /* What it depends on, the most first: factors whose levels' mean (logarithmic) ratios are at
     * least half as far apart as those of the first. 0 where all settings say the same. */
    enum lb_bracket_factor factors[LB_BRACKET_FACTORS];
    size_t n_factors;
};
void lb_bracket_compare(const struct lb_bracket *bracket, const struct lb_bracket *against,
                        int role, struct lb_bracket_comparison *comparison);

LB_END_C

#endif
