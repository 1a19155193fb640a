/* SPDX-License-Identifier: MIT
 *
 * Whether a matrix can be a machine's: both ways alike, few distances, neighbours that see the
 * others as each other does.
 */
#include "matrix_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static double apart(double a, double b)
{
    return a > b ? a / b : b / a;
}

static int check_ways(const char *name, const struct lb_matrix *m, struct lb_why *why)
{
    size_t askew = 0, pairs = m->n * (m->n - 1) / 2;

    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k < i; k++) {
            double there = m->ns[i * m->n + k], back = m->ns[k * m->n + i];
            if (apart(there, back) > LB_MATRIX_ASKEW_MOST)
                return lb_fail(why, EINVAL,
                               "%s: %g ns from CPU %d to CPU %d, and %g ns back: no machine's",
                               name, there, m->cpus[i], m->cpus[k], back);
            askew += apart(there, back) > LB_MATRIX_ASKEW;
        }
    if (10 * askew > pairs)
        return lb_fail(why, EINVAL,
                       "%s: both ways differ by more than a factor of %g in %zu of %zu pairs: no "
                       "matrix of latencies",
                       name, LB_MATRIX_ASKEW, askew, pairs);
    return 0;
}

static double between(const struct lb_matrix *m, size_t i, size_t k)
{
    return sqrt(m->ns[i * m->n + k] * m->ns[k * m->n + i]);
}

static size_t nearest_to(const struct lb_matrix *m, size_t i)
{
    size_t best = i ? 0 : 1;

    for (size_t k = 0; k < m->n; k++)
        if (k != i && between(m, i, k) < between(m, i, best))
            best = k;
    return best;
}

/* How far apart a CPU and its nearest see the others, in the median of them all. */
static double unlike(const struct lb_matrix *m, double *room)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++) {
        size_t near = nearest_to(m, i);
        for (size_t k = 0; k < m->n; k++)
            if (k != i && k != near)
                room[n++] = apart(between(m, i, k), between(m, near, k));
    }
    qsort(room, n, sizeof *room, lb_by_value);
    return n ? room[n / 2] : 1;
}

static void find_classes(struct lb_matrix *m, double *room)
{
    size_t n = 0, begin = 0;

    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k < i; k++)
            room[n++] = between(m, i, k);
    qsort(room, n, sizeof *room, lb_by_value);
    m->n_classes = 0;
    for (size_t i = 1; i <= n; i++) {
        bool last = m->n_classes + 1 == LB_MATRIX_CLASSES_MOST;
        if (i < n && (last || room[i] < room[i - 1] * LB_MATRIX_GAP))
            continue;
        m->class_ns[m->n_classes] = room[begin + (i - begin) / 2];
        m->class_pairs[m->n_classes++] = i - begin;
        begin = i;
    }
}

int lb_matrix_check(const char *name, struct lb_matrix *m, struct lb_why *why)
{
    double *room = calloc(m->n * m->n, sizeof *room), factor = 1;
    int err = room ? check_ways(name, m, why) : -ENOMEM;

    if (!err && m->n > 3 && (factor = unlike(m, room)) > LB_MATRIX_ALIKE)
        err = lb_fail(why, EINVAL,
                      "%s: a CPU and the one nearest to it see the others a factor of %.2f apart "
                      "(median): noise, or no matrix of latencies",
                      name, factor);
    if (!err)
        find_classes(m, room);
    free(room);
    return err;
}
