/* SPDX-License-Identifier: MIT
 *
 * interference: the measured size of destructive interference: how far apart two words have to lie
 * before work on one costs the other nothing. Pure arithmetic on the windows of a scan.
 */
#ifndef LINEBOUNCE_INTERFERENCE_H
#define LINEBOUNCE_INTERFERENCE_H

#include <linebounce/stats.h>

LB_BEGIN_C

/* A scan of one operation at one work: ns_op by offset and round. */
struct lb_scan {
    const size_t *offset_bytes; /* ascending; the last one is the base: far apart */
    size_t n_offsets;
    const double *ns_op; /* n_offsets x n_rounds; NaN where a round has no good window */
    size_t n_rounds;
};

struct lb_interference {
    /* The least offset from which on no offset costs more than the base by the margin: 64 on a
     * machine with lines of that size, 128 where a prefetcher couples pairs. 0: no offset costs
     * anything, as with loads; the base itself: all others do, so that the size may be larger. */
    size_t size_bytes;
    size_t below_bytes; /* the next smaller offset of the scan, which does cost: the size lies above
                           it; 0 none */
    double confidence;  /* share of the replicates that found the same size */
    double cost_ns;     /* what the worst of the offsets below the size costs; NaN: none */
    double cost_ratio;  /* the same as a ratio to the base; NaN: none */
    size_t rounds;      /* that have the base and all others */
};

/* By the medians of the paired differences to the base, and 1000 bootstrap replicates of the rounds
 * (with replacement, the same for all offsets), seeded. -ENODATA with fewer than
 * LB_INTERFERENCE_ROUNDS whole rounds or fewer than two offsets, -ENOMEM. */
#define LB_INTERFERENCE_ROUNDS     10
#define LB_INTERFERENCE_REPLICATES 1000
int lb_interference(const struct lb_scan *scan, const struct lb_margin *margin, uint64_t seed,
                    struct lb_interference *result);

LB_END_C

#endif
