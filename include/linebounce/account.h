/* SPDX-License-Identifier: MIT
 *
 * account: what the system and the locks say that a thread did, as one table of measures.
 *
 * A measure is one row: from it come the member that holds it, the columns of samples.csv and
 * summary.csv with their meaning, and how it is added, written, read back and summarised. What is
 * left is to take it (take_account() in worker.c).
 */
#ifndef LINEBOUNCE_ACCOUNT_H
#define LINEBOUNCE_ACCOUNT_H

#include <linebounce/lock.h>

LB_BEGIN_C

/* How a measure is written; flags. */
enum lb_measure_how {
    LB_MEASURE_THREADS = 1, /* samples.csv lists it by thread; else the sum over the role's */
    LB_MEASURE_TIME = 2,    /* in ns; else a count, which is whole */
    LB_MEASURE_TICKS = 4,   /* sampled by ticks: means nothing over less than LB_SPLIT_LEAST_NS */
    LB_MEASURE_PAGES = 8,   /* summarised where page faults are the subject */
    LB_MEASURE_OPS = 16,    /* what ops did; written of subjects alone */
    LB_MEASURE_LOCK = 32,   /* of them, what the lock did; not known where it does not count */
};

/* clang-format off */
/* X(member, how, per, column of samples.csv, its meaning, column of summary.csv, its meaning).
 * In summary.csv stands the sum over all windows, per so many ops; minor_faults have no column
 * there. The groups are as many as the files' orders of columns ask for. */
#define LB_MEASURES_OF_TIME(X) \
    X(cpu_ns, LB_MEASURE_THREADS | LB_MEASURE_TIME, 1, "cpu_ns", \
      "CLOCK_THREAD_CPUTIME_ID from the start of the warm-up to the end of the window, " \
      "by thread", \
      "cpu_ns_op_mean", \
      "CPU time over ops, all windows together, as all up to handoffs_per_kop") \
    X(off_cpu_ns, LB_MEASURE_THREADS | LB_MEASURE_TIME, 1, "off_cpu_ns", \
      "wall time less CPU time over the same span, by thread", \
      "off_cpu_ns_op_mean", "wall time less CPU time over ops: asleep or preempted")
#define LB_MEASURES_OF_SPLIT(X) \
    X(user_ns, LB_MEASURE_THREADS | LB_MEASURE_TIME | LB_MEASURE_TICKS, 1, "user_ns", \
      "its user part as the kernel says; the kernel samples the split by ticks of up to 10 ms, " \
      "so only sums over a second mean anything", \
      "user_ns_op", \
      "user time over ops, sampled by ticks; empty over less than 1 s of the threads") \
    X(system_ns, LB_MEASURE_THREADS | LB_MEASURE_TIME | LB_MEASURE_TICKS, 1, "system_ns", \
      "its system part, likewise", \
      "system_ns_op", "system time over ops, likewise")
#define LB_MEASURES_OF_DELAY(X) \
    X(preempted_ns, LB_MEASURE_THREADS | LB_MEASURE_TIME, 1, "preempted_ns", \
      "time that it was runnable but not running over the same span, by thread", \
      "preempted_ns_op_mean", \
      "time runnable but not running over ops; a part of off_cpu_ns_op_mean")
#define LB_MEASURES_OF_SWITCHES(X) \
    X(voluntary, LB_MEASURE_THREADS, 1000, "voluntary_switches", \
      "context switches asked for, by thread", \
      "voluntary_switches_per_kop", "voluntary context switches per 1000 ops, all windows") \
    X(involuntary, LB_MEASURE_THREADS, 1000, "involuntary_switches", \
      "context switches suffered, by thread", \
      "involuntary_switches_per_kop", "involuntary context switches per 1000 ops, all windows")
#define LB_MEASURES_OF_MINOR(X) \
    X(minor_faults, LB_MEASURE_THREADS, 1, "minor_faults", \
      "page faults without input or output over the same span, by thread", NULL, NULL)
#define LB_MEASURES_OF_MAJOR(X) \
    X(major_faults, LB_MEASURE_THREADS | LB_MEASURE_PAGES, 1000, "major_faults", \
      "those with it, by thread", \
      "major_faults_per_kop", "major ones per 1000 ops")
#define LB_MEASURES_OF_LOCKS(X) \
    X(fallbacks, LB_MEASURE_OPS, 1000, "fallbacks", \
      "ops that took the address space's lock instead; of pages, parts that were used up and " \
      "given back or mapped anew; warm-up included, as all below", \
      "fallbacks_per_kop", "fallback ops per 1000 ops") \
    X(mm_writes, LB_MEASURE_OPS, 1000, "mm_writes", \
      "ops that took the address space's lock for writing: the writes of mixed", \
      "mm_writes_per_kop", "such ops per 1000 ops") \
    X(retries, LB_MEASURE_OPS | LB_MEASURE_LOCK, 1000, "retries", \
      "compare-and-swaps on a lock's count that failed; empty for the C library's locks, as all " \
      "below", \
      "retries_per_kop", "failed compare-and-swaps per 1000 ops") \
    X(spins_owner, LB_MEASURE_OPS | LB_MEASURE_LOCK, 1, "spins_owner", \
      "iterations of spinning on a running owner", \
      "spins_owner_per_op", "iterations of spinning on a running owner") \
    X(spins_queue, LB_MEASURE_OPS | LB_MEASURE_LOCK, 1, "spins_queue", \
      "iterations in the spinners' queue", \
      "spins_queue_per_op", "iterations in the spinners' queue") \
    X(spins_reader, LB_MEASURE_OPS | LB_MEASURE_LOCK, 1, "spins_reader", \
      "iterations of spinning on a reader-owned lock", \
      "spins_reader_per_op", "iterations of spinning on a reader-owned lock") \
    X(spin_limits, LB_MEASURE_OPS | LB_MEASURE_LOCK, 1000, "spin_limits", \
      "times that spinning on a reader-owned lock ran out of time", \
      "spin_limits_per_kop", \
      "times per 1000 ops that spinning on readers ran out of time") \
    X(steals, LB_MEASURE_OPS | LB_MEASURE_LOCK, 1000, "steals", \
      "locks taken past waiters", \
      "steals_per_kop", "locks taken past waiters per 1000 ops") \
    X(sleeps, LB_MEASURE_OPS | LB_MEASURE_LOCK, 1000, "sleeps", \
      "futex waits", \
      "sleeps_per_kop", "futex waits per 1000 ops") \
    X(wakes, LB_MEASURE_OPS | LB_MEASURE_LOCK, 1000, "wakes", \
      "futex wake-ups sent", \
      "wakes_per_kop", "futex wake-ups sent per 1000 ops") \
    X(handoffs, LB_MEASURE_OPS | LB_MEASURE_LOCK, 1000, "handoffs", \
      "locks received through the handoff bit", \
      "handoffs_per_kop", "hand-offs per 1000 ops")
/* clang-format on */

#define LB_MEASURES_OF_ALL(X)                                                                      \
    LB_MEASURES_OF_TIME(X)                                                                         \
    LB_MEASURES_OF_SPLIT(X)                                                                        \
    LB_MEASURES_OF_DELAY(X)                                                                        \
    LB_MEASURES_OF_SWITCHES(X)                                                                     \
    LB_MEASURES_OF_MINOR(X)                                                                        \
    LB_MEASURES_OF_MAJOR(X)                                                                        \
    LB_MEASURES_OF_LOCKS(X)

/* What one thread or several did in one window or several; NaN where the system does not say. Off
 * its CPU a thread is asleep or preempted. */
struct lb_account {
    double wall_ns;
#define LB_MEASURE_MEMBER(member, how, per, column, meaning, summary, summary_meaning)             \
    double member;
    LB_MEASURES_OF_ALL(LB_MEASURE_MEMBER)
#undef LB_MEASURE_MEMBER
};
void lb_account_add(const struct lb_account *addend, struct lb_account *sum);
/* minuend - subtrahend: what was done between two readings. */
void lb_account_sub(const struct lb_account *minuend, const struct lb_account *subtrahend,
                    struct lb_account *difference);
/* Both set off_cpu_ns by it: wall_ns less cpu_ns, and 0 where clocks differ by a little. */
double lb_account_off_cpu_ns(const struct lb_account *account);
/* Takes over what the locks did. */
void lb_account_take_locks(const struct lb_lock_stats *stats, struct lb_account *account);

struct lb_measure {
    size_t member; /* where it is in an lb_account: see lb_account_at */
    unsigned how;
    double per;
    const char *column, *summary; /* of samples.csv and summary.csv; NULL: none */
};
#define LB_MEASURE_ONE(...) +1
enum { LB_MEASURES = 0 LB_MEASURES_OF_ALL(LB_MEASURE_ONE) };
#undef LB_MEASURE_ONE
extern const struct lb_measure lb_measures[LB_MEASURES];
double *lb_account_at(struct lb_account *account, const struct lb_measure *measure);
double lb_account_get(const struct lb_account *account, const struct lb_measure *measure);

LB_END_C

#endif
