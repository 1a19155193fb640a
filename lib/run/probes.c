/* SPDX-License-Identifier: MIT
 *
 * Whether probes of a ring are of one distance, by the noise that those of its placement have.
 */
#include "run_private.h"

#include <math.h>

bool lb_probes_agree(const float *a, const float *b, int n, double factor)
{
    for (int i = 0; i < n; i++)
        /* NaN, of two that did not meet, agrees with nothing. */
        if (!((double)a[i] <= (double)b[i] * factor && (double)b[i] <= (double)a[i] * factor))
            return false;
    return true;
}

void lb_runner_learn(struct lb_runner *b, int placement, const float *before, const float *after,
                     int n)
{
    struct lb_runner_noise *noise = &b->noises[placement];

    for (int i = 0; i < n; i++)
        if (isfinite(before[i]) && isfinite(after[i]))
            noise->changes[noise->n++ % LB_NOISE_WINDOWS] = (double)after[i] / (double)before[i];
}

double lb_runner_agreement(const struct lb_runner *b, int placement)
{
    const struct lb_runner_noise *noise = &b->noises[placement];
    size_t n = noise->n < LB_NOISE_WINDOWS ? noise->n : LB_NOISE_WINDOWS;
    double sd = n < LB_REGIME_AGREE_FEW ? NAN : lb_stats_probe_noise(noise->changes, n);

    return isfinite(sd) ? lb_stats_probes_agree(sd) : LB_REGIME_AGREE;
}
