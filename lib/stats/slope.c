/* SPDX-License-Identifier: MIT
 *
 * What one series changes by where another does.
 */
#include "stats_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct sums {
    double x, y, xx, xy; /* means, then sums of products about them */
};

static int sum_up(const double *x, const double *y, size_t n, struct sums *s)
{
    *s = (struct sums){0};
    if (!n)
        return -ENODATA;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i]))
            return -EDOM;
        s->x += x[i];
        s->y += y[i];
    }
    s->x /= (double)n;
    s->y /= (double)n;
    for (size_t i = 0; i < n; i++) {
        s->xx += (x[i] - s->x) * (x[i] - s->x);
        s->xy += (x[i] - s->x) * (y[i] - s->y);
    }
    return 0;
}

/* Neighbours that resemble one another in both x and what is left of y are worth fewer points. */
static double inflation(const double *x, const double *rest, size_t n)
{
    double both = lb_stats_lag1(x, n) * lb_stats_lag1(rest, n);

    return both > 0 ? (1 + both) / (1 - fmin(both, 0.99)) : 1;
}

int lb_stats_slope(const double *x, const double *y, size_t n, struct lb_slope *slope)
{
    struct sums s;
    double *rest, left = 0, b;
    int err = sum_up(x, y, n, &s);

    if (err)
        return err;
    *slope = (struct lb_slope){.slope = NAN, .t = NAN};
    if (n < LB_STATS_FEWEST || !(s.xx > 0))
        return 0;
    if (!(rest = malloc(n * sizeof *rest)))
        return -ENOMEM;
    b = s.xy / s.xx;
    for (size_t i = 0; i < n; i++) {
        rest[i] = y[i] - s.y - b * (x[i] - s.x);
        left += rest[i] * rest[i];
    }
    slope->slope = b;
    slope->t = b / sqrt(left / (double)(n - 2) / s.xx * inflation(x, rest, n));
    free(rest);
    return 0;
}
