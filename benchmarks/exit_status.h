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
    EXIT_INTERRUPTED = 130,
};

#endif
