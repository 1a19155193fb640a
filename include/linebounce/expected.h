/* SPDX-License-Identifier: MIT
 *
 * expected: what hardware counters should count an op, by a model of cache lines, and which event
 * counts what of it.
 *
 * Closed forms for two threads that take their turns independently, no simulation. Pauses T are
 * drawn +-50 %, so that of two ops in a row of one thread, a period P apart, the other thread's
 * falls between them in q = 1 - T / (6 P) of all cases. A line on which both have a word is then
 * gone, once; what is counted of that depends on what either op does to the line and on how
 * lines are handed over (costs.h). With plain hand-over an op has loaded a line and waits to
 * change it while the other may want the same: then it has lost it, in as much of all ops as it
 * waits for it of its time. A locked op finds it modified; before a store it is loaded anew.
 *
 * A model, not a measurement: ticks, prefetches, timed ops, failed swaps and what fill buffers hide
 * are none of it, and it knows two threads, a pause above 0 and locks that readers hold together.
 * Held against simulators of lines (tests/test_expected.c) lines found modified agree within 15 %.
 */
#ifndef LINEBOUNCE_EXPECTED_H
#define LINEBOUNCE_EXPECTED_H

#include <linebounce/costs.h>
#include <linebounce/events.h>
#include <linebounce/placement.h>

LB_BEGIN_C

struct lb_scenario;

/* What happens to lines, per op of a role. */
enum lb_expected_kind {
    LB_EXPECTED_LOADS,   /* loads that found the line modified, or taken, in another core's cache */
    LB_EXPECTED_CHANGES, /* stores and locked ops that did */
    LB_EXPECTED_UPGRADES, /* those that changed a line which both had, and took the other's copy */
    LB_EXPECTED_TAKEN,    /* lines that another core took away from this one */
    LB_EXPECTED_MODIFIED, /* of these, modified here */
    LB_EXPECTED_KINDS
};

/* What an op of two threads waits and pauses, in ns. */
struct lb_expected_times {
    double work_ns;   /* nominal pause, above 0 */
    double period_ns; /* from op to op, as measured; NaN: own_ns and what lines cost */
    double own_ns;    /* the op in its own cache */
    double transfer_ns, costs[LB_COSTS];
};
/* What stands in for a machine that is not measured: 200 ns of pause, ops of 5 ns, lines that take
 * 25 ns to fetch and 37 to upgrade, as two CPUs of one AMD EPYC (Zen 5) at their nearest. Counts
 * hardly depend on it: at a fetch of 125 ns they are 7 % higher. */
extern const struct lb_expected_times lb_expected_times_usual;

/* Of same-object, neighbours, observer, nested and both controls (whose layout is NULL). `paced`:
 * ops begin by the clock, whose intervals are what is drawn.
 *
 * -ENOTSUP where the model does not say: another scenario (in which threads wait for locks, sleep
 * or pick objects), a lock whose readers exclude one another or are the C library's, no pause, a
 * hand-over that is not known. -EINVAL as lb_layout_allows. A count is NaN where a cost that it
 * needs is. */
int lb_expected_counts(const struct lb_layout *layout, enum lb_lock_kind lock,
                       const struct lb_scenario *scenario, int role, enum lb_handover handover,
                       bool paced, const struct lb_expected_times *times,
                       double counts[LB_EXPECTED_KINDS]);

/* What an event of a quantity should count of it, between cores at that distance; NaN: nothing is
 * expected of this event. Intel tells loads from stores and upgrades from either, and its
 * `invalidated` holds lines modified here; AMD's fills are loads and stores, an upgrade fills
 * nothing; Arm's `invalidated` is all that was taken. Nothing is expected between CPUs of one L2.
 * The event's string says whose it is (lb_event_table). */
double lb_expected_of_event(const struct lb_event *event, enum lb_distance distance,
                            const double counts[LB_EXPECTED_KINDS]);

/* Of counts that are expected of an event, what a count may be held to: lines found modified
 * elsewhere, by loads and by changes. */
bool lb_expected_finds(const struct lb_event *event);
/* Whether they were counted within LB_EXPECTED_APART of what is expected, or LB_EXPECTED_LEAST an
 * op. Both are sums over the events that find lines, have a value and are expected something of; of
 * none, or where those counted do not see all lines found, nothing is said. */
#define LB_EXPECTED_APART 0.15
#define LB_EXPECTED_LEAST 0.02
enum lb_expectation { LB_EXPECTATION_NONE, LB_EXPECTATION_MET, LB_EXPECTATION_MISSED };
enum lb_expectation lb_expected_judge(const double counts[LB_EXPECTED_KINDS], size_t events,
                                      double expected, double counted);

LB_END_C

#endif
