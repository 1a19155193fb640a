/* SPDX-License-Identifier: MIT
 *
 * The histogram of latencies: buckets, merging, quantiles.
 */
#include <linebounce/latency.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Buckets of one power of two, and the logarithm of the first power that is cut into them. */
#define CUT   (LB_LATENCY_LINEAR / 2)
#define FIRST 6

_Static_assert(LB_LATENCY_LINEAR == 1 << FIRST, "the linear part ends at a power of two");

size_t lb_latency_bucket(uint64_t ticks)
{
    if (ticks < LB_LATENCY_LINEAR)
        return (size_t)ticks;
    if (ticks >> LB_LATENCY_BITS)
        return LB_LATENCY_BUCKETS - 1;
    unsigned power = 63 - (unsigned)__builtin_clzll(ticks);
    /* The leading bit and the five behind it. */
    uint64_t mantissa = ticks >> (power - FIRST + 1);
    return LB_LATENCY_LINEAR + (power - FIRST) * CUT + (size_t)mantissa - CUT;
}

uint64_t lb_latency_least(size_t bucket)
{
    if (bucket < LB_LATENCY_LINEAR)
        return bucket;
    if (bucket > LB_LATENCY_BUCKETS)
        bucket = LB_LATENCY_BUCKETS;
    size_t above = bucket - LB_LATENCY_LINEAR;
    return (uint64_t)(CUT + above % CUT) << (above / CUT + 1);
}

void lb_latency_add(struct lb_latency *histogram, uint64_t ticks, uint64_t slow_ticks)
{
    histogram->n++;
    histogram->slow += ticks > slow_ticks;
    if (ticks > histogram->max)
        histogram->max = ticks;
    histogram->buckets[lb_latency_bucket(ticks)]++;
}

static void merge_totals(uint64_t n, uint64_t max, uint64_t slow, struct lb_latency *sum)
{
    sum->n += n;
    sum->slow += slow;
    if (max > sum->max)
        sum->max = max;
}

void lb_latency_merge(const struct lb_latency *addend, struct lb_latency *sum)
{
    merge_totals(addend->n, addend->max, addend->slow, sum);
    for (size_t i = 0; i < LB_LATENCY_BUCKETS; i++)
        sum->buckets[i] += addend->buckets[i];
}

/* Whether n values say anything about q. The margin is for n (1 - q) that is whole but rounded. */
static bool enough(uint64_t n, double q)
{
    bool median = q >= 0.5 && q <= 0.5;

    return median ? n >= 2 : (double)n * (1 - q) >= LB_LATENCY_BEYOND * (1 - 1e-9);
}

double lb_latency_quantile(const struct lb_latency *histogram, double q)
{
    double wanted = q * (double)histogram->n, below = 0;
    double max = (double)histogram->max;

    if (!(q > 0 && q < 1) || !enough(histogram->n, q))
        return NAN;
    for (size_t i = 0; i < LB_LATENCY_BUCKETS; i++) {
        double count = (double)histogram->buckets[i];
        if (count > 0 && below + count >= wanted) {
            /* The first of the values is the bucket's least, the last its greatest. */
            double least = (double)lb_latency_least(i);
            double most = (double)lb_latency_least(i + 1) - 1;
            double value = least + (most - least) * (wanted - below) / count;
            return value < max ? value : max;
        }
        below += count;
    }
    return max;
}

/* Of a bucket's count those above. Whole values from the least up to the last before the next
 * bucket's. */
static double bucket_above(size_t bucket, uint64_t count, double ticks)
{
    double least = (double)lb_latency_least(bucket), next = (double)lb_latency_least(bucket + 1);
    double share = (next - 1 - floor(ticks)) / (next - least);

    return (double)count * fmax(0, fmin(share, 1));
}

double lb_latency_above(const struct lb_latency *histogram, double ticks)
{
    double above = 0;

    for (size_t i = 0; i < LB_LATENCY_BUCKETS; i++)
        if (histogram->buckets[i])
            above += bucket_above(i, histogram->buckets[i], ticks);
    return above;
}

double lb_latency_kept_above(const struct lb_latency_kept *kept, double ticks)
{
    double above = 0;

    for (size_t i = 0; i < kept->n_buckets; i++)
        above += bucket_above(kept->buckets[i].bucket, kept->buckets[i].count, ticks);
    return above;
}

struct lb_latency_kept *lb_latency_keep(const struct lb_latency *histogram)
{
    struct lb_latency_kept *kept;
    size_t used = 0;

    for (size_t i = 0; i < LB_LATENCY_BUCKETS; i++)
        used += histogram->buckets[i] > 0;
    kept = malloc(sizeof *kept + used * sizeof kept->buckets[0]);
    if (!kept)
        return NULL;
    kept->buckets = (struct lb_latency_bucket *)(kept + 1);
    kept->n = histogram->n;
    kept->max = histogram->max;
    kept->slow = histogram->slow;
    kept->n_buckets = used;
    for (size_t i = 0, k = 0; i < LB_LATENCY_BUCKETS; i++)
        if (histogram->buckets[i]) {
            kept->buckets[k].bucket = (uint32_t)i;
            kept->buckets[k++].count = histogram->buckets[i];
        }
    return kept;
}

void lb_latency_merge_kept(const struct lb_latency_kept *addend, struct lb_latency *sum)
{
    merge_totals(addend->n, addend->max, addend->slow, sum);
    for (size_t i = 0; i < addend->n_buckets; i++)
        sum->buckets[addend->buckets[i].bucket] += addend->buckets[i].count;
}
