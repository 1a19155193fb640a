/* SPDX-License-Identifier: MIT
 *
 * costs: what a line costs that another PU has had, by what was done to it there and what is done
 * to it here.
 *
 * One table: a row is a measure, its columns of samples.csv and summary.csv with their meanings.
 * All are in ns, and each is what an op takes longer than the same op takes on lines of its own
 * cache: of all that goes by lines, that is what explains a difference between layouts.
 */
#ifndef LINEBOUNCE_COSTS_H
#define LINEBOUNCE_COSTS_H

#include <linebounce/clock.h>

LB_BEGIN_C

/* clang-format off */
/* X(cost, column of samples.csv, its meaning, column of summary.csv). "The other" is the PU at the
 * other end of the placement's nearest link. */
#define LB_COST_LIST(X) \
    X(LOAD, "fetch_load_ns", \
      "what a load takes longer of a line that another PU has modified; once a round and " \
      "placement, as all up to fetch_chain_ns", "fetch_load_ns_median") \
    X(RELOAD, "reload_ns", \
      "the same of a line that this PU had modified before the other loaded it: near 0 where the " \
      "other shares it, near fetch_load_ns where it takes it away", "reload_ns_median") \
    X(UPGRADE, "upgrade_ns", \
      "what a locked add takes longer on a line that both have loaded", "upgrade_ns_median") \
    X(TWO, "fetch_two_ns", \
      "what loads of two lines that another PU has modified take longer", \
      "fetch_two_ns_median") \
    X(CHAIN, "fetch_chain_ns", \
      "the same of two lines of which the first holds the address of the second", \
      "fetch_chain_ns_median")
/* clang-format on */

#define LB_COST_NAME(COST, ...) LB_COST_##COST,
enum lb_cost { LB_COST_LIST(LB_COST_NAME) LB_COSTS };
#undef LB_COST_NAME
struct lb_cost_columns {
    const char *sample, *summary;
};
extern const struct lb_cost_columns lb_cost_columns[LB_COSTS];

/* Lines that one measurement takes: one to meet on, and so many for each case of the table: two for
 * each pair of TWO and CHAIN, and RELOAD's are UPGRADE's. */
#define LB_COST_REPEATS 9
#define LB_COST_LINES   (1 + 6 * LB_COST_REPEATS)

/* How a modified line comes to a core that loads it. Migratory: the load takes it away from the
 * core that has modified it, as if it were to be written next. Plain: both share it, and who writes
 * next pays for the upgrade. */
enum lb_handover { LB_HANDOVER_UNKNOWN, LB_HANDOVER_PLAIN, LB_HANDOVER_MIGRATORY };
const char *
lb_handover_name(enum lb_handover handover); /* NULL for unknown, "plain", "migratory" */

/* (fetch + reload) / fetch: 2 where a load takes the line away, 1 where it shares it. NaN where the
 * fetch is not known or not above 0. Within LB_HANDOVER_APART of either it says which; between, and
 * NaN, it is unknown. */
#define LB_HANDOVER_APART 0.25
double lb_handover_ratio(double fetch_load_ns, double reload_ns);
enum lb_handover lb_handover_of(double ratio);

LB_END_C

#endif
