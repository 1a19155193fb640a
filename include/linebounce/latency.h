/* SPDX-License-Identifier: MIT
 *
 * latency: a log-linear histogram of sampled latencies, and what is read off it. Pure arithmetic.
 *
 * Values are whole ticks of a clock. Below LB_LATENCY_LINEAR each value has a bucket of its own;
 * above, each power of two is cut into LB_LATENCY_LINEAR / 2 buckets, so a bucket is at most 1/32
 * of its values wide (3 %). Values of 2^40 and more go into the last bucket; `max` stays exact.
 */
#ifndef LINEBOUNCE_LATENCY_H
#define LINEBOUNCE_LATENCY_H

#include <linebounce/base.h>

LB_BEGIN_C

#define LB_LATENCY_LINEAR  64
#define LB_LATENCY_BITS    40
#define LB_LATENCY_BUCKETS (LB_LATENCY_LINEAR + (LB_LATENCY_BITS - 6) * (LB_LATENCY_LINEAR / 2))

/* Plain data; all zero is empty. */
struct lb_latency {
    uint64_t n;
    uint64_t max;  /* ticks */
    uint64_t slow; /* values above the threshold that lb_latency_add was given */
    uint64_t buckets[LB_LATENCY_BUCKETS]; /* 64 bits: a long run counts 2^32 of one value */
};

/* Index of a value's bucket, and the bucket's least value (index LB_LATENCY_BUCKETS gives the end
 * of the last one). */
size_t lb_latency_bucket(uint64_t ticks);
uint64_t lb_latency_least(size_t bucket);

/* Counts one value. `slow_ticks` is the threshold above which it counts as slow; UINT64_MAX: there
 * is none. */
void lb_latency_add(struct lb_latency *histogram, uint64_t ticks, uint64_t slow_ticks);
/* Adds all of `addend` to `sum`. */
void lb_latency_merge(const struct lb_latency *addend, struct lb_latency *sum);

/* The q-quantile (0 < q < 1) in ticks: linear within its bucket, as if the bucket's values were
 * spread evenly over it (a bucket of one value gives that value), never above max. NaN where fewer
 * than LB_LATENCY_BEYOND values are expected beyond it, n (1 - q) < LB_LATENCY_BEYOND (1 for the
 * median of very few, n < 2: NaN): a p99.9 of 300 samples is their maximum under another name. */
#define LB_LATENCY_BEYOND 5
double lb_latency_quantile(const struct lb_latency *histogram, double q);

/* How many values are above `ticks`, whatever lb_latency_add was told: of the bucket that holds the
 * bound a part, as if its values were spread evenly over it. */
double lb_latency_above(const struct lb_latency *histogram, double ticks);

struct lb_latency_bucket {
    uint32_t bucket;
    uint64_t count;
};
/* The non-empty buckets alone, for keeping many: heap, destroyed with free(). NULL: out of memory.
 */
struct lb_latency_kept {
    uint64_t n, max, slow;
    size_t n_buckets;
    struct lb_latency_bucket *buckets; /* in the same piece of the heap */
};
struct lb_latency_kept *lb_latency_keep(const struct lb_latency *histogram);
void lb_latency_merge_kept(const struct lb_latency_kept *addend, struct lb_latency *sum);
/* lb_latency_above of it. */
double lb_latency_kept_above(const struct lb_latency_kept *kept, double ticks);

LB_END_C

#endif
