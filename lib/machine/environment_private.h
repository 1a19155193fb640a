/* SPDX-License-Identifier: MIT
 *
 * The environment as another folder than / shows it, for tests.
 */
#ifndef LB_ENVIRONMENT_H
#define LB_ENVIRONMENT_H

#include <linebounce/environment.h>

/* Files are read below `root` ("" is the machine itself). What does not come from files is asked of
 * the machine only where root is "": the hypervisor's leaf of CPUID. */
void lb_environment_read_below(const char *root, struct lb_environment *environment);
int64_t lb_environment_steal_ticks_below(const char *root);

/* `git describe` of what is built, "" outside of a clone. Generated from commit.c.in. */
extern const char lb_environment_commit[];

#endif
