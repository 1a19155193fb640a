/* SPDX-License-Identifier: MIT
 *
 * From the threads' block logs to what counts.
 */
#include <linebounce/crew.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct span {
    uint64_t from, to;
};

struct spans {
    struct span *at;
    size_t n;
};

static uint64_t begin_of(const struct lb_log *log, size_t i)
{
    return i ? log->blocks[i - 1].end : log->begin;
}

static bool is_whole(const struct lb_log *log, size_t i, uint64_t warm_end, uint64_t stop)
{
    return begin_of(log, i) >= warm_end && log->blocks[i].end <= stop;
}

/* Ticks per op of the thread's median whole block: what a block's due is reckoned from, since block
 * lengths adapt. */
static double typical_op(const struct lb_log *log, uint64_t warm_end, uint64_t stop,
                         double *scratch)
{
    size_t n = 0;

    for (size_t i = 0; i < log->n; i++)
        if (is_whole(log, i, warm_end, stop) && !log->blocks[i].sampled)
            scratch[n++] =
                (double)(log->blocks[i].end - begin_of(log, i)) / (double)log->blocks[i].ops;
    if (!n)
        return INFINITY;
    qsort(scratch, n, sizeof *scratch, lb_by_value);
    return scratch[n / 2];
}

/* How long a block may take before it counts as a gap. A sampled one is too short for its own
 * duration to say much, so it is held against its neighbour. */
static double due(const struct lb_log *log, size_t i, double op)
{
    if (log->blocks[i].sampled && i)
        return LB_GAP_FACTOR * (double)(begin_of(log, i) - begin_of(log, i - 1));
    return LB_GAP_FACTOR * op * (double)log->blocks[i].ops;
}

static void find_gaps(const struct lb_log *log, uint64_t warm_end, uint64_t stop, double *scratch,
                      struct spans *gaps)
{
    double op = log->paced ? NAN : typical_op(log, warm_end, stop, scratch);

    for (size_t i = 0; i < log->n; i++) {
        struct span s = {begin_of(log, i), log->blocks[i].end};
        bool inside = s.to > warm_end && s.from < stop;
        bool gap = log->paced ? log->blocks[i].gap : (double)(s.to - s.from) > due(log, i, op);
        if (log->told && !log->blocks[i].interrupted)
            gap = false;
        if (inside && gap)
            gaps->at[gaps->n++] = s;
    }
}

static int by_start(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    return (x->from > y->from) - (x->from < y->from);
}

/* Sorts and joins what overlaps, so that one pass over a log suffices. */
static void join(struct spans *gaps)
{
    size_t n = 0;

    if (!gaps->n)
        return;
    qsort(gaps->at, gaps->n, sizeof *gaps->at, by_start);
    for (size_t i = 1; i < gaps->n; i++) {
        if (gaps->at[i].from > gaps->at[n].to)
            gaps->at[++n] = gaps->at[i];
        else if (gaps->at[i].to > gaps->at[n].to)
            gaps->at[n].to = gaps->at[i].to;
    }
    gaps->n = n + 1;
}

/* Ticks of a block in its ops. */
static double busy(const struct lb_log *log, size_t i)
{
    return log->paced ? log->blocks[i].busy : (double)(log->blocks[i].end - begin_of(log, i));
}

static void count_whole(const struct lb_log *log, uint64_t warm_end, uint64_t stop,
                        const struct spans *gaps, struct lb_thread_result *r)
{
    size_t gap = 0;
    uint64_t ticks = 0, ops = 0;

    r->blocks = r->dropped = 0;
    r->sampled_ns = r->busy_ns = 0;
    for (size_t i = 0; i < log->n; i++) {
        uint64_t from = begin_of(log, i), to = log->blocks[i].end;
        if (!is_whole(log, i, warm_end, stop))
            continue;
        if (log->blocks[i].sampled) {
            r->sampled_ns += (double)(to - from);
            continue;
        }
        r->blocks++;
        while (gap < gaps->n && gaps->at[gap].to <= from)
            gap++;
        if (gap < gaps->n && gaps->at[gap].from < to) {
            r->dropped++;
            continue;
        }
        ticks += to - from;
        ops += log->blocks[i].ops;
        r->busy_ns += busy(log, i);
    }
    r->measured_ns = (double)ticks;
    r->ops = (double)ops;
}

/* A thread that sleeps over an edge has part of a block inside: leaving it out would leave out its
 * sleep. */
static void count_cut(const struct lb_log *log, uint64_t warm_end, uint64_t stop,
                      struct lb_thread_result *r)
{
    double ticks = 0, ops = 0;

    r->blocks = r->dropped = 0;
    r->sampled_ns = r->busy_ns = 0;
    for (size_t i = 0; i < log->n; i++) {
        uint64_t from = begin_of(log, i), to = log->blocks[i].end;
        uint64_t a = from > warm_end ? from : warm_end, b = to < stop ? to : stop;
        if (a >= b)
            continue;
        r->blocks++;
        if (log->blocks[i].sampled)
            r->sampled_ns += (double)(b - a);
        double share = (double)(b - a) / (double)(to - from);
        ticks += (double)(b - a);
        ops += (double)log->blocks[i].ops * share;
        r->busy_ns += busy(log, i) * share;
    }
    r->measured_ns = ticks;
    r->ops = ops;
}

int lb_blocks_reduce(const struct lb_log *logs, int n_threads, uint64_t warm_end, uint64_t stop,
                     bool keep_gaps, struct lb_thread_result *results)
{
    struct spans gaps = {NULL, 0};
    size_t total = 0, longest = 0;
    double *scratch;

    for (int t = 0; t < n_threads; t++) {
        total += logs[t].n;
        longest = logs[t].n > longest ? logs[t].n : longest;
    }
    gaps.at = malloc((total + 1) * sizeof *gaps.at);
    scratch = malloc((longest + 1) * sizeof *scratch);
    if (!gaps.at || !scratch) {
        free(gaps.at);
        free(scratch);
        return -ENOMEM;
    }
    for (int t = 0; !keep_gaps && t < n_threads; t++)
        find_gaps(&logs[t], warm_end, stop, scratch, &gaps);
    join(&gaps);
    for (int t = 0; t < n_threads; t++) {
        if (keep_gaps)
            count_cut(&logs[t], warm_end, stop, &results[t]);
        else
            count_whole(&logs[t], warm_end, stop, &gaps, &results[t]);
    }
    free(gaps.at);
    free(scratch);
    return 0;
}
