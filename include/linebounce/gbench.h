/* SPDX-License-Identifier: MIT
 *
 * gbench: a C face for Google Benchmark (libbenchmark), so that every benchmark is written in C.
 *
 * Google Benchmark owns names, filters, console and JSON; the crew owns threads, windows and
 * rounds. Rounds would be torn apart by Google Benchmark's own repetition loop, so the shim works
 * in two passes: the first asks Google Benchmark which names its filter selects (nothing runs),
 * then the caller measures those in its own rounds, then the second pass replays the measured
 * windows: one window is one iteration, one round one repetition, the time per op is reported as
 * manual time. The CPU time that it would measure of the replay itself is replaced by the measured
 * CPU time per op, in repetitions and in aggregates alike.
 */
#ifndef LINEBOUNCE_GBENCH_H
#define LINEBOUNCE_GBENCH_H

#include <linebounce/base.h>

#include <stdbool.h>

LB_BEGIN_C

/* True for arguments that belong to Google Benchmark ("--benchmark_..." and "--v="). */
bool lb_gbench_is_flag(const char *argument);

/* Library version as "1.7.1", or "not built in". */
const char *lb_gbench_version(void);

/* Hands the flags over (argv[0] is the program's name and must stay; the other argc - 1 are flags).
 * Google Benchmark's environment variables (BENCHMARK_FILTER, ...) count as flags given earlier.
 * -ENOTSUP when built without Google Benchmark; -EINVAL, with the flag in why, for one that it does
 * not know, a value it cannot use, a filter that is no regular expression, an output file that
 * cannot be written, csv output (its _cv rows are wrong) or --benchmark_perf_counters (it would
 * count the replay). -EALREADY: call it once. */
int lb_gbench_init(int argc, char **argv, struct lb_why *why);

/* --benchmark_repetitions from the flags, 0 when absent. */
int lb_gbench_repetitions(void);
/* --benchmark_min_time and --benchmark_min_warmup_time in seconds, 0 when absent: how long the
 * caller should measure a repetition, and warm up before it. The replay takes no time, so Google
 * Benchmark never sees them. */
double lb_gbench_min_time_s(void);
double lb_gbench_min_warmup_s(void);
/* True when --benchmark_list_tests was given: lb_gbench_select then prints the list and selects
 * none. */
bool lb_gbench_list_only(void);

/* First pass: which of the n names does --benchmark_filter select? selected[i] is set for each;
 * *n_selected counts them. Prints nothing but the list of lb_gbench_list_only. -EINVAL before
 * lb_gbench_init. */
int lb_gbench_select(const char *const *names, size_t n, bool *selected, size_t *n_selected);

/* One measured repetition. */
struct lb_gbench_sample {
    double ns_op;           /* thread-ns per op: reported as real_time */
    double cpu_ns_op;       /* reported as cpu_time */
    const double *counters; /* n_counters values, NaN: left out of this repetition */
};
struct lb_gbench_case {
    const char *name;
    const char *label; /* may be NULL */
    const char *const *counter_names;
    size_t n_counters;
    const struct lb_gbench_sample *samples; /* one a round */
    size_t n_samples;                       /* 0: reported as an error row with `error` */
    const char *error;
    int threads; /* that were measured; 0: not said, reported as 1 */
};
/* Key and value for the JSON "context" object; call before replay. The first value of a key stays:
 * the user's --benchmark_context goes before the caller's. */
void lb_gbench_context(const char *key, const char *value);
/* Second pass: prints to stdout and writes --benchmark_out as the flags say; nothing when only a
 * list was asked for. Names are reported as given (no "/repeats:20/manual_time"). Counters
 * that no repetition has, and aggregates that are not finite, are left out. "library_build_type" in
 * the JSON is of Google Benchmark's library, which measured none of it. -EINVAL for no case, two
 * cases of one name or a time that is negative or not finite; -errno of a stream that failed.
 * -EALREADY: call it once. */
int lb_gbench_replay(const struct lb_gbench_case *cases, size_t n, struct lb_why *why);

LB_END_C

#endif
