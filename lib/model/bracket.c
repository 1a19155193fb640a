/* SPDX-License-Identifier: MIT
 *
 * Settings of the model that nobody can read off a matrix, and what they agree on.
 */
#include <linebounce/bracket.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define STOLEN .steal = LB_BRACKET_STEAL
#define FREE   .steal = 0
#define KEPT   .residence_ns = LB_BRACKET_RESIDENCE_NS
#define SETTING(HANDOVER, ARBITRATION, OVERLAP, KEEPS)                                             \
    {                                                                                              \
        .locked_ns = 2.2, .store_ns = 0.2, .request_share = 0.5, .clean_share = 0.7,               \
        .memory_ns = 80, .handover = LB_HANDOVER_##HANDOVER,                                       \
        .arbitration = LB_MODEL_##ARBITRATION, .overlap = LB_MODEL_##OVERLAP, KEEPS                \
    }

const struct lb_model_parameters lb_bracket_settings[LB_BRACKET_SETTINGS] = {
    SETTING(MIGRATORY, FIFO, LOADS, STOLEN),  SETTING(MIGRATORY, FIFO, EVERYTHING, FREE),
    SETTING(MIGRATORY, RANDOM, LOADS, FREE),  SETTING(MIGRATORY, RANDOM, EVERYTHING, KEPT),
    SETTING(MIGRATORY, NEAREST, LOADS, KEPT), SETTING(MIGRATORY, NEAREST, EVERYTHING, STOLEN),
    SETTING(PLAIN, FIFO, LOADS, FREE),        SETTING(PLAIN, FIFO, EVERYTHING, KEPT),
    SETTING(PLAIN, RANDOM, LOADS, KEPT),      SETTING(PLAIN, RANDOM, EVERYTHING, STOLEN),
    SETTING(PLAIN, NEAREST, LOADS, STOLEN),   SETTING(PLAIN, NEAREST, EVERYTHING, FREE),
};

static const char *const factor_names[LB_BRACKET_FACTORS] = {"hand-over", "arbitration", "overlap",
                                                             "keeping"};

const char *lb_bracket_factor_name(enum lb_bracket_factor factor)
{
    return factor_names[factor];
}

const char *lb_bracket_verdict_name(enum lb_bracket_verdict verdict)
{
    static const char *const names[] = {"same",         "slower",       "faster",
                                        "never slower", "never faster", "depends"};

    return names[verdict];
}

/* So many ops in all: 0.2 to 1 % between seeds. */
#define OPS_ALL   12800
#define OPS_LEAST 60
#define OPS_MOST  3000

int lb_bracket_make(const struct lb_model_case *c, const struct lb_matrix *m, const unsigned *cpus,
                    double pair_prefetch, uint64_t seed, struct lb_why *why,
                    struct lb_bracket *bracket)
{
    size_t threads = (size_t)c->shape->threads, ops = OPS_ALL / (threads + 1);
    double *latency = calloc(m->n * m->n, sizeof *latency);
    struct lb_bracket made;
    int err = latency ? 0 : -ENOMEM;

    ops = ops < OPS_LEAST ? OPS_LEAST : ops > OPS_MOST ? OPS_MOST : ops;
    for (size_t i = 0; !err && i < m->n * m->n; i++)
        latency[i] = LB_BRACKET_SHARE * m->ns[i];
    for (size_t i = 0; !err && i < LB_BRACKET_SETTINGS; i++) {
        struct lb_model_input in = {.n_cpus = m->n,
                                    .latency = latency,
                                    .parameters = lb_bracket_settings[i],
                                    .seed = seed,
                                    .ops = ops,
                                    .warm_ops = ops / 5};
        in.parameters.pair_prefetch = pair_prefetch;
        err = lb_model_expect(c, &in, cpus, why, &made.results[i]);
    }
    free(latency);
    if (!err)
        *bracket = made;
    return err;
}

/* Comparison -------------------------------------------------------------------------------------
 */

static int level_of(const struct lb_model_parameters *p, enum lb_bracket_factor factor)
{
    switch (factor) {
    case LB_BRACKET_HANDOVER:
        return p->handover == LB_HANDOVER_MIGRATORY;
    case LB_BRACKET_ARBITRATION:
        return (int)p->arbitration;
    case LB_BRACKET_OVERLAP:
        return (int)p->overlap;
    default:
        return p->steal > 0 ? 0 : p->residence_ns > 0 ? 2 : 1;
    }
}

/* How far apart the means of its levels are. */
static double effect_of(const double logs[LB_BRACKET_SETTINGS], enum lb_bracket_factor factor)
{
    double least = INFINITY, most = -INFINITY;

    for (int level = 0; level < 3; level++) {
        double sum = 0;
        size_t n = 0;
        for (size_t i = 0; i < LB_BRACKET_SETTINGS; i++)
            if (level_of(&lb_bracket_settings[i], factor) == level) {
                sum += logs[i];
                n++;
            }
        if (n) {
            least = fmin(least, sum / (double)n);
            most = fmax(most, sum / (double)n);
        }
    }
    return most - least;
}

static void find_factors(const double logs[LB_BRACKET_SETTINGS], struct lb_bracket_comparison *c)
{
    double effects[LB_BRACKET_FACTORS], first = 0;

    for (int f = 0; f < LB_BRACKET_FACTORS; f++) {
        effects[f] = effect_of(logs, (enum lb_bracket_factor)f);
        first = fmax(first, effects[f]);
    }
    c->n_factors = 0;
    for (int f = 0; f < LB_BRACKET_FACTORS; f++) {
        if (effects[f] < first / 2)
            continue;
        size_t at = c->n_factors++;
        for (; at && effects[c->factors[at - 1]] < effects[f]; at--)
            c->factors[at] = c->factors[at - 1];
        c->factors[at] = (enum lb_bracket_factor)f;
    }
}

static enum lb_bracket_verdict verdict_of(double ratio)
{
    return ratio > 1 + LB_BRACKET_SAME         ? LB_BRACKET_IS_SLOWER
           : ratio < 1 / (1 + LB_BRACKET_SAME) ? LB_BRACKET_IS_FASTER
                                               : LB_BRACKET_IS_SAME;
}

/* What settings agree on that say each of those, a bit a verdict. */
static enum lb_bracket_verdict agreed(unsigned said)
{
    const unsigned same = 1u << LB_BRACKET_IS_SAME, slower = 1u << LB_BRACKET_IS_SLOWER,
                   faster = 1u << LB_BRACKET_IS_FASTER;

    return said == same              ? LB_BRACKET_IS_SAME
           : said == slower          ? LB_BRACKET_IS_SLOWER
           : said == faster          ? LB_BRACKET_IS_FASTER
           : said == (same | faster) ? LB_BRACKET_NEVER_SLOWER
           : said == (same | slower) ? LB_BRACKET_NEVER_FASTER
                                     : LB_BRACKET_DEPENDS;
}

/* A role that finished no op in some setting has no ratio there: far threads that never got a line.
 */
void lb_bracket_compare(const struct lb_bracket *b, const struct lb_bracket *against, int role,
                        struct lb_bracket_comparison *result)
{
    struct lb_bracket_comparison c = {.least = INFINITY, .most = -INFINITY};
    double logs[LB_BRACKET_SETTINGS];
    unsigned said = 0;

    for (size_t i = 0; i < LB_BRACKET_SETTINGS; i++) {
        double ratio = b->results[i].roles[role].ns_op / against->results[i].roles[role].ns_op;
        if (!isfinite(ratio))
            ratio = isfinite(b->results[i].roles[role].ns_op) ? 0 : INFINITY;
        said |= 1u << verdict_of(ratio);
        c.least = fmin(c.least, ratio);
        c.most = fmax(c.most, ratio);
        logs[i] = log(fmin(fmax(ratio, 1e-6), 1e6));
    }
    c.verdict = agreed(said);
    if (c.verdict >= LB_BRACKET_NEVER_SLOWER)
        find_factors(logs, &c);
    *result = c;
}
