/* SPDX-License-Identifier: MIT
 *
 * predict: two threads by the model (model.h), from what lines were measured to cost; and how far
 * that is from what was measured.
 *
 * Nothing is fitted to the cells that are predicted. The hand-over is run.json's, or what the mean
 * of all rounds says where that does not. A fetch and an upgrade are what the run measured of CPUs
 * as far apart as the cell's: means over the windows of all regimes whose transfers agree, without
 * rows whose costs and transfers are of two distances; where a load takes a line away a fetch is
 * the mean of fetch_load_ns, reload_ns and the two of fetch_chain_ns. An op's time in its own cache
 * is that of cells with its kind of lock and way to it whose threads share no line.
 */
#ifndef LINEBOUNCE_PREDICT_H
#define LINEBOUNCE_PREDICT_H

#include <linebounce/model.h>

LB_BEGIN_C

/* How far it is off, as results/model.md has it: in runs that were made after the model's constants
 * were chosen, on the machine that they were chosen on. */
#define LB_PREDICT_ERROR                                                                           \
    "Held against eight runs that it had not seen of the machine that it was made on (Zen 5, two " \
    "CPUs): within 10 % in 784 of 852 cells of 10 ns and more (706 of 774 where a fetch cost 20 "  \
    "to 25 ns, 514 of 539 of those with 10 windows and more; 78 of 78 where it cost 125), within " \
    "20 % in 843, with the sign of 132 of 132 resolved differences. Locks on two lines come out "  \
    "some 10 % too low."

/* Ops of a thread that a cell of two threads is simulated for: its mean repeats to 1 %. */
#define LB_PREDICT_OPS 3000

/* lb_model_parameters.claim_ns where a load takes a line away. The only number that is fitted to
 * cells: on eight default runs of one machine (Zen 5, two virtual CPUs, 2026-11-28) ops that read
 * the sequence number on the line of a lock before they take it took 6 to 8 ns longer than those
 * that find it elsewhere, from near by and from afar alike; 6.5 to 9 serve equally well. */
#define LB_PREDICT_CLAIM_NS 7.0

/* What two threads pay for lines; ns. */
struct lb_line_costs {
    double fetch_ns;
    double upgrade_ns; /* a whole one; NaN: as a fetch */
    double own_ns;     /* lb_model_case.own_ns */
    enum lb_handover handover;
};
/* A case of two threads. `op_ns` by role is what an op takes from the end of its pause, `wait_ns`
 * what of it is waiting for lines. -EINVAL for times that are not above 0 (upgrade: at or above 0).
 * Else errors of lb_model_expect. */
struct lb_predicted {
    double op_ns[2], wait_ns[2];
};
int lb_predict_pair(const struct lb_model_case *c, const struct lb_line_costs *costs,
                    struct lb_why *why, struct lb_predicted *predicted);

/* A cell of a folder. */
struct lb_prediction {
    /* Borrowed from the lb_predictions. */
    const char *scenario, *layout, *lock, *placement, *home, *role;
    double work_ns, every_ns; /* every_ns NaN: not paced */
    int regime;
    double round_trip_ns;
    /* Of paced roles wait_ns_op, in which the timing of ops is not, and to which what cells show
     * that share no line is added; else what an op takes beyond
     * the harness (net_ns_op_hl). */
    bool waits;
    double model_ns, measured_ns;
    struct lb_line_costs costs;
};
struct lb_predictions {
    struct lb_prediction *items; /* in the order of summary.csv */
    size_t n;
    size_t refused; /* rows with a layout that the model has nothing to say of */
    size_t unknown; /* ... whose layout or costs of lines are not known */
    double handover_ratio;
    void *hidden;
};

struct lb_predict_request {
    const char *dir;
    const char *scenario, *layout; /* NULL: any */
};
/* Reads summary.csv and run.json: cells of two threads with a pause. -ENODATA with the reason: no
 * such cell, a hand-over or costs of lines that are not known (the folder was written by an earlier
 * version); -EPROTO and what lb_csv_open says; -ENOMEM. */
int lb_predict_folder(const struct lb_predict_request *request, struct lb_why *why,
                      struct lb_predictions **predictions);
void lb_predictions_destroy(struct lb_predictions *predictions);

LB_END_C

#endif
