/* SPDX-License-Identifier: MIT
 *
 * What pictures read of each file, and what of it a file must have.
 */
#include "plot_rows.h"

/* Of version 3 from its beginning on. */
#define SUMMARY_NEEDED                                                                             \
    "placement", "distance", "home", "threads", "regime", "work_ns", "scenario", "role",           \
        "writers", "objects", "access", "layout", "lock", "ns_op_median", "ns_op_ci95_lo",         \
        "ns_op_ci95_hi", "net_ns_op_hl", "net_ns_op_ci95_lo", "net_ns_op_ci95_hi",                 \
        "cpu_ns_op_mean", "off_cpu_ns_op_mean", "preempted_ns_op_mean", "spins_owner_per_op",      \
        "spins_queue_per_op", "spins_reader_per_op", "spin_limits_per_kop", "sleeps_per_kop",      \
        "wakes_per_kop", "handoffs_per_kop", "latency_samples", "latency_p50_ns",                  \
        "latency_p99_ns", "slow_ops_per_kop", "events", "events_per_op", "event_states",           \
        "windows", "windows_other_regime", "min_over_max_median", "offset_bytes", "baseline",      \
        "ratio", "ratio_ci95_lo", "ratio_ci95_hi", "verdict", "unfair"

const char *const lb_plot_summary_needed[] = {SUMMARY_NEEDED, NULL};
/* Files from before a column came have none of what it says. */
const char *const lb_plot_summary_columns[] = {SUMMARY_NEEDED, "every_ns", "ops_per_s_median",
                                               "late_ns_op_median", NULL};
const char *const lb_plot_samples_columns[] = {
    "placement",   "distance",
    "threads",     "work_ns",
    "scenario",    "role",
    "writers",     "objects",
    "access",      "layout",
    "lock",        "window",
    "start_ns",    "status",
    "ns_op",       "object_residue",
    "share_lines", "pingpong_before_ns",
    "steal_ticks", "emulated",
    "home",        NULL,
};
const char *const lb_plot_matrix_columns[] = {
    "op",
    "pu_a_os",
    "pu_b_os",
    "home",
    "rounds_other_regime",
    "one_way_ns_median",
    "one_way_ns_max",
    NULL,
};
