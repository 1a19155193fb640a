/* SPDX-License-Identifier: MIT
 *
 * The columns of the CSV files, as data. The writer takes them from here, and a test holds
 * results/README.md against them.
 */
#include <linebounce/account.h>
#include <linebounce/costs.h>
#include <linebounce/record.h>

/* clang-format off */
#define KEY_COLUMN(key, name, meaning) {name, meaning},
#define CASE_COLUMNS \
    {"schema_version", "version of these columns; rows of different versions are not mixed"}, \
    {"host", "machine that measured: machine.host of run.json"}, \
    {"run", "when the folder was begun: run.id of run.json; with host it tells runs apart"}, \
    LB_KEY_LIST(KEY_COLUMN)

/* Counted by the PMU, empty where it was not: events_table.c says which event each is here. */
#define QUANTITY_COLUMNS \
    {"cycles_per_op", \
     "cycles per op; as instructions not of a paced role, which waits on the CPU"}, \
    {"instructions_per_op", "instructions per op"}, \
    {"l1d_miss_per_op", "misses of the first-level data cache per op"}, \
    {"l2_miss_per_op", "misses of the second-level cache per op"}, \
    {"llc_miss_per_op", "misses of the last-level cache per op"}, \
    {"hitm_local_per_op", "loads that found the line modified in a near core's cache per op"}, \
    {"hitm_remote_per_op", "loads that found it modified beyond the last-level cache per op"}, \
    {"hitm_far_per_op", "loads that found it modified in another socket, if told, per op"}, \
    {"rfo_hitm_per_op", "stores and locked ops that found the line modified elsewhere per op"}, \
    {"rfo_hitm_remote_per_op", "those that found it modified in another socket per op"}, \
    {"rfo_shared_per_op", "those that found it unmodified in a near core's cache per op"}, \
    {"invalidated_per_op", "lines taken away from this core per op"}, \
    {"lock_ops_per_op", "locked instructions per op"}, \
    {"order_clears_per_op", "pipeline clears by memory ordering per op"}

#define COST_SAMPLED(cost, column, meaning, summary) {column, meaning},
#define COST_SUMMARISED(cost, column, meaning, summary) {summary, "median of " column},

#define SAMPLED(member, how, per, column, meaning, summary, summary_meaning) {column, meaning},
#define SUMMARISED(member, how, per, column, meaning, summary, summary_meaning) \
    {summary, summary_meaning},

static const struct lb_column samples[] = {
    CASE_COLUMNS
    {"round", "number of the round, from 0; within a round each case that is due runs once"},
    {"window", "number of the window since the start of the run, in order of time"},
    {"attempt", "0 for the first try in this round, then 1, 2 for repeats of a spoiled window"},
    {"phase", "which of the windows of a round, from 0: one for each residue of a roaming layout"},
    {"start_ns", "start of the window since the start of the run"},
    {"status",
     "ok, spoiled or armed; only ok rows are in timing statistics; in armed rows breakpoints "
     "slow every op, so that their times mean nothing"},
    {"reason", "why it was spoiled: gaps, moved, regime, preempted, late, log, empty or faults"},
    {"pus_os", "kernel numbers of the role's PUs, by thread"},
    {"ns_op",
     "sum over the role's threads of measured time, divided by the sum of their ops; of a paced "
     "role, of the time within its ops, time-stamps included"},
    {"machine_ns_op", "wall time of the measured part divided by the role's ops"},
    {"ops_per_s", "where there are two roles: the role's ops a second of wall time"},
    {"ops_per_kop_of_first",
     "ops of the second role per 1000 of the first: writes per 1000 reads, also where they are a "
     "share of all ops"},
    {"late_ns_op",
     "of a paced role: mean time from when an op was due to its begin; ns_op holds none of it"},
    {"wall_ns", "length of the measured part of the window"},
    {"measured_ns", "time in kept blocks, summed over the role's threads"},
    {"ops", "completed ops in kept blocks, by thread"},
    {"jain", "Jain's fairness index over the role's threads"},
    {"min_over_max", "fewest over most ops among the role's threads"},
    {"blocks", "blocks of the measured part, all threads of the case"},
    {"blocks_dropped",
     "blocks left out because some thread had a gap; empty where sleeping is the subject"},
    LB_MEASURES_OF_TIME(SAMPLED)
    LB_MEASURES_OF_SPLIT(SAMPLED)
    LB_MEASURES_OF_DELAY(SAMPLED)
    LB_MEASURES_OF_SWITCHES(SAMPLED)
    LB_MEASURES_OF_MINOR(SAMPLED)
    LB_MEASURES_OF_MAJOR(SAMPLED)
    {"faults_per_cpu_s", "both over CPU seconds, user and system; in suite fault"},
    {"faults_per_wall_s", "both over wall seconds, all threads of the role together"},
    {"total_ops", "ops from the first to the last, warm-up and dropped blocks included"},
    LB_MEASURES_OF_LOCKS(SAMPLED)
    {"latency_samples",
     "ops timed one by one in the measured part; each is the first after a block, of a paced role "
     "each op"},
    {"latency_p50_ns", "median of their latencies, time-stamps included"},
    {"latency_p90_ns", "90th percentile"},
    {"latency_p99_ns", "99th percentile; percentiles with too few samples beyond them are empty"},
    {"latency_p999_ns", "99.9th percentile"},
    {"latency_max_ns", "greatest latency"},
    {"own_op_ns", "median latency of the op alone with its lines in its own cache"},
    {"own_op_mean_ns",
     "mean of the middle half of the same, which coarse steps of a clock do not round"},
    {"wait_ns_op",
     "mean latency of the timed ops less own_op_mean_ns: what they waited; without those that a "
     "gap would leave out of ns_op"},
    {"transfer_ns", "what fetching a line that another PU has modified adds to a locked add"},
    LB_COST_LIST(COST_SAMPLED)
    {"slow_threshold_ns",
     "own_op_ns + transfer_ns / 2 of this window; empty where transfer_ns is under 3 clock steps, "
     "and on one thread"},
    {"slow_ops", "timed ops above this window's slow_threshold_ns"},
    {"sampled_share",
     "share of the measured time spent on timed ops and their time-stamps; not of a paced role, "
     "which times them all"},
    {"latency_buckets",
     "in sweeps, which resume from it: the timed ops' histogram, index:count of each bucket that "
     "is not empty (include/linebounce/latency.h)"},
    QUANTITY_COLUMNS,
    {"events", "what was counted in this window, quantities included, joined by ;"},
    {"event_states", "counted, scaled, not counted, not supported or refused, in the same order"},
    {"event_counts", "counts as read, summed over the role's threads, warm-up included"},
    {"event_enabled_ns", "time that they were enabled"},
    {"event_running_ns", "time that they were on the PMU"},
    {"event_scaled", "counts scaled by enabled over running time"},
    {"object_residue", "address of thread 0's object modulo 64"},
    {"lock_residue", "address of thread 0's lock modulo 64"},
    {"line_offset", "offset in the arena of the line of thread 0's lock count"},
    {"home_node_os", "kernel number of the NUMA node that the memory is bound to; empty: none"},
    {"generation", "kernels by whose rules VMAs are locked; empty where no lock of an object is"},
    {"share_lines",
     "1 when words written under the locks of thread 0 and 1 lie on one 64-byte line"},
    {"pingpong_before_ns", "round trip of one line between the case's PUs just before the window; "
                           "empty: the two did not get to run at once"},
    {"pingpong_after_ns", "the same round trip just after the window"},
    {"steal_ticks", "steal time of the machine during the window, in ticks of 10 ms"},
    {"emulated", "1 when the machine is emulated and its timing means nothing"},
};

static const struct lb_column summary[] = {
    CASE_COLUMNS
    {"regime",
     "regime of ping-pong round trips that the row's windows belong to, from 0 = nearest"},
    {"regime_ns", "median ping-pong round trip of that regime"},
    {"windows",
     "samples in the statistics: one a round, the mean over a roaming layout's residues"},
    {"windows_spoiled", "windows spoiled in any regime"},
    {"windows_other_regime", "good samples of the case in other regimes, or in none"},
    {"ns_op_median", "median of ns_op over the windows"},
    {"ns_op_ci95_lo", "lower end of the 95 % interval of that median (order statistics); no "
                      "interval below 6 windows"},
    {"ns_op_ci95_hi", "upper end of that interval"},
    {"ns_op_mad", "median absolute deviation of ns_op"},
    {"ns_op_min", "least ns_op of a window"},
    {"ns_op_max", "greatest ns_op of a window"},
    {"net_ns_op_hl",
     "Hodges-Lehmann estimate of ns_op less that of empty in the same round; not of a paced role, "
     "whose ns_op holds no pause"},
    {"net_ns_op_ci95_lo", "lower end of its 95 % interval, wider where rounds correlate"},
    {"net_ns_op_ci95_hi", "upper end of that interval"},
    {"net_ns_op_mean", "mean of ns_op less that of empty, slow rounds included"},
    {"machine_ns_op_median", "median of machine_ns_op"},
    {"ops_per_s_median", "median of ops_per_s"},
    {"ops_per_kop_of_first_median", "median of ops_per_kop_of_first"},
    {"late_ns_op_median", "median of late_ns_op"},
    {"jain_median", "median of Jain's index"},
    {"min_over_max_median", "median of fewest over most ops"},
    {"cpu_ns_op_median",
     "median of CPU time per op; as cpu_ns_op_mean and user_ns_op not of a paced role, which "
     "waits on the CPU"},
    {"off_cpu_share_median", "median of off-CPU time over wall time, 0 to 1"},
    LB_MEASURES_OF_TIME(SUMMARISED)
    LB_MEASURES_OF_DELAY(SUMMARISED)
    LB_MEASURES_OF_SPLIT(SUMMARISED)
    LB_MEASURES_OF_SWITCHES(SUMMARISED)
    {"faults_per_op", "page faults per op, minor and major, all windows, as those below"},
    LB_MEASURES_OF_MAJOR(SUMMARISED)
    {"faults_per_cpu_s", "page faults over CPU seconds, user and system"},
    {"faults_per_wall_s", "page faults over wall seconds, all threads of the role together"},
    LB_MEASURES_OF_LOCKS(SUMMARISED)
    {"latency_samples", "timed ops of all windows"},
    {"latency_p50_ns", "median of their latencies, time-stamps included"},
    {"latency_p50_ns_ci95_lo",
     "lower end of the 95 % interval of that median over windows (Woodruff)"},
    {"latency_p50_ns_ci95_hi", "upper end of that interval"},
    {"latency_p90_ns", "90th percentile"},
    {"latency_p90_ns_ci95_lo", "lower end of the 95 % interval of that percentile, likewise"},
    {"latency_p90_ns_ci95_hi", "upper end of that interval"},
    {"latency_p99_ns", "99th percentile; percentiles with too few samples beyond them are empty"},
    {"latency_p99_ns_ci95_lo", "lower end of the 95 % interval of that percentile"},
    {"latency_p99_ns_ci95_hi", "upper end of that interval"},
    {"latency_p999_ns", "99.9th percentile"},
    {"latency_p999_ns_ci95_lo", "lower end of the 95 % interval of that percentile"},
    {"latency_p999_ns_ci95_hi", "upper end of that interval"},
    {"latency_max_ns", "greatest latency"},
    {"own_op_ns_median", "median of own_op_ns"},
    {"own_op_mean_ns", "mean of own_op_mean_ns"},
    {"wait_ns_op", "mean of wait_ns_op over the windows"},
    {"transfer_ns_median", "median of transfer_ns"},
    LB_COST_LIST(COST_SUMMARISED)
    {"slow_threshold_ns",
     "one for all windows: mean own op of the role with that lock, and half of "
     "the regime's mean transfer_ns; empty where that is under 3 clock steps"},
    {"slow_ops_per_kop",
     "timed ops above slow_threshold_ns per 1000 timed: they waited for a line"},
    {"slow_ops_per_kop_ci95_lo", "lower end of its 95 % interval over windows (ratio estimate)"},
    {"slow_ops_per_kop_ci95_hi", "upper end of that interval; of no slow op 3000 / timed ops"},
    {"sampled_share_median", "median of sampled_share"},
    QUANTITY_COLUMNS,
    {"events", "all events of the run, quantities included, joined by ;"},
    {"events_per_op", "each one's count per op over the windows that counted it"},
    {"events_per_op_ci95_lo",
     "lower end of each one's 95 % interval over windows (ratio estimate)"},
    {"events_per_op_ci95_hi", "upper end of that interval; of a count of 0, 3 / ops"},
    {"event_windows", "how many samples each was counted in: one a round"},
    {"event_states",
     "counted or scaled; else why there is no value; unproved: it read 0, and so did "
     "the positive control"},
    {"events_expected",
     "what a model of lines expects each one to count per op, by the hand-over found: two threads "
     "with a pause, in scenarios that it knows"},
    {"as_expected",
     "1 where lines found modified elsewhere were counted within 15 % of what is expected, else 0; "
     "empty where the events counted do not see them all"},
    {"generation", "kernels by whose rules VMAs are locked; empty where no lock of an object is"},
    {"bytes_per_object", "stride of the object plus that of its separate lock"},
    {"pages_per_1000_objects", "4-KiB pages of whole slabs that 1000 objects take, locks included"},
    {"residues",
     "what was measured: object residues mod 64 with good windows at each, r:n joined by ;"},
    {"lock_residues", "lock residues mod 64 with good windows at each, in the same form"},
    {"sharing_windows", "windows in which the words under neighbouring locks shared a line"},
    {"baseline", "layout that the row is compared to; empty for the baseline itself"},
    {"pairs", "rounds in which both were measured in this regime"},
    {"ratio", "Hodges-Lehmann estimate of ns_op over the baseline's ns_op"},
    {"ratio_ci95_lo", "lower end of the 95 % interval of ratio"},
    {"ratio_ci95_hi", "upper end of that interval"},
    {"diff_ns", "Hodges-Lehmann estimate of ns_op less the baseline's ns_op"},
    {"diff_ns_ci95_lo", "lower end of the 95 % interval of diff_ns"},
    {"diff_ns_ci95_hi", "upper end of that interval"},
    {"diff_mean_ns", "mean of the same differences, slow rounds included"},
    {"diff_two_humped",
     "1 where over a quarter of the differences lie beyond 3 MAD: the mean has to agree"},
    {"diff_method", "signed-rank, or block-variance where rounds correlate"},
    {"diff_lag1", "lag-1 correlation of the paired differences"},
    {"margin_ns", "difference that a winner has to exceed"},
    {"p_holm", "p value beyond the margin, corrected for all pairs that are judged (Holm)"},
    {"verdict",
     "faster, slower, same, not slower or unresolved; empty where there is nothing to compare"},
    {"unfair", "1 when the verdict rests on threads with very unequal shares (min/max under 0.5)"},
    {"note", "why a verdict is withheld, or what to know about the row"},
};
/* clang-format on */

const struct lb_schema lb_schema_samples = {"samples.csv", samples, LB_COUNT(samples)};
const struct lb_schema lb_schema_summary = {"summary.csv", summary, LB_COUNT(summary)};

const char *lb_key_column(enum lb_key key)
{
    return samples[3 + key].name; /* behind schema_version, host and run */
}
