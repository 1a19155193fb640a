/* SPDX-License-Identifier: MIT
 *
 * How far apart two words have to lie, from windows at each distance.
 */
#include <linebounce/arena.h> /* lb_random */
#include <linebounce/interference.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The whole rounds of a scan, as differences to the base, offset by offset. */
struct rounds {
    size_t n, n_offsets; /* without the base */
    double *difference;  /* n_offsets x n */
    double *base;        /* n */
    double *scratch;     /* n */
    double *cost;        /* n_offsets: what was found last */
};

static bool is_whole(const struct lb_scan *s, size_t round)
{
    for (size_t i = 0; i < s->n_offsets; i++)
        if (!isfinite(s->ns_op[i * s->n_rounds + round]))
            return false;
    return true;
}

static void drop(struct rounds *r)
{
    free(r->difference);
    free(r->base);
    free(r->scratch);
    free(r->cost);
}

static int gather(const struct lb_scan *s, struct rounds *r)
{
    const double *base = s->ns_op + (s->n_offsets - 1) * s->n_rounds;

    *r = (struct rounds){.n_offsets = s->n_offsets - 1};
    r->difference = calloc(r->n_offsets * s->n_rounds + 1, sizeof *r->difference);
    r->base = calloc(s->n_rounds + 1, sizeof *r->base);
    r->scratch = calloc(s->n_rounds + 1, sizeof *r->scratch);
    r->cost = calloc(r->n_offsets + 1, sizeof *r->cost);
    if (!r->difference || !r->base || !r->scratch || !r->cost)
        return -ENOMEM;
    for (size_t k = 0; k < s->n_rounds; k++)
        if (is_whole(s, k))
            r->base[r->n++] = base[k];
    for (size_t i = 0; i < r->n_offsets; i++)
        for (size_t k = 0, n = 0; k < s->n_rounds; k++)
            if (is_whole(s, k))
                r->difference[i * r->n + n++] = s->ns_op[i * s->n_rounds + k] - base[k];
    return r->n < LB_INTERFERENCE_ROUNDS ? -ENODATA : 0;
}

/* Median over the picked rounds (NULL: all, as they are). */
static double median(struct rounds *r, const double *x, const uint32_t *picks)
{
    double m = NAN;

    for (size_t k = 0; k < r->n; k++)
        r->scratch[k] = x[picks ? picks[k] : k];
    lb_stats_median(r->scratch, r->n, &m);
    return m;
}

/* The size in one replicate, as an index of the scan: the first offset behind the last that costs.
 */
static size_t find_size(struct rounds *r, const struct lb_margin *margin, const uint32_t *picks)
{
    double least = fmax(margin->ns, margin->share * median(r, r->base, picks));
    size_t at = 0;

    for (size_t i = 0; i < r->n_offsets; i++) {
        r->cost[i] = median(r, r->difference + i * r->n, picks);
        if (r->cost[i] > least)
            at = i + 1;
    }
    return at;
}

static double confidence(struct rounds *r, const struct lb_margin *margin, uint64_t seed,
                         size_t found)
{
    uint32_t *picks = calloc(r->n, sizeof *picks);
    size_t same = 0;

    for (int i = 0; picks && i < LB_INTERFERENCE_REPLICATES; i++) {
        for (size_t k = 0; k < r->n; k++)
            picks[k] = (uint32_t)lb_random_below(&seed, r->n);
        same += find_size(r, margin, picks) == found;
    }
    if (!picks)
        return NAN;
    free(picks);
    return (double)same / LB_INTERFERENCE_REPLICATES;
}

/* What the worst of the offsets below the size costs. */
static void describe(struct rounds *r, size_t at, struct lb_interference *out)
{
    double base = median(r, r->base, NULL);

    out->cost_ns = out->cost_ratio = NAN;
    for (size_t i = 0; i < at; i++)
        out->cost_ns = fmax(out->cost_ns, r->cost[i]);
    if (at)
        out->cost_ratio = (base + out->cost_ns) / base;
}

int lb_interference(const struct lb_scan *s, const struct lb_margin *margin, uint64_t seed,
                    struct lb_interference *result)
{
    struct lb_interference out = {0};
    struct rounds r;
    size_t at;
    int err;

    if (s->n_offsets < 2)
        return -ENODATA;
    if ((err = gather(s, &r))) {
        drop(&r);
        return err;
    }
    at = find_size(&r, margin, NULL);
    describe(&r, at, &out);
    out.rounds = r.n;
    out.size_bytes = at ? s->offset_bytes[at] : 0;
    out.below_bytes = at ? s->offset_bytes[at - 1] : 0;
    out.confidence = confidence(&r, margin, seed, at);
    drop(&r);
    if (isnan(out.confidence))
        return -ENOMEM;
    *result = out;
    return 0;
}
