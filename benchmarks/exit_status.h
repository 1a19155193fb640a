/* SPDX-License-Identifier: MIT
 *
 * exit_status: what the program ends with; results/README.md and the manual page say when.
 */
#ifndef LB_EXIT_STATUS_H
#define LB_EXIT_STATUS_H

enum {
    EXIT_DONE = 0,
    EXIT_NOT_MEASURED = 1,
    EXIT_USAGE = 2,
    /* What scripts ask for: --fail-if, --require. */
    EXIT_COSTS = 3,     /* a layout costs here */
    EXIT_UNDECIDED = 4, /* the question has no full answer */
    EXIT_INTERRUPTED = 130,
};

#endif
