/* SPDX-License-Identifier: MIT
 *
 * identity: what makes two sweeps one: plan, machine and build, in DIR/sweep.json.
 */
#ifndef LB_IDENTITY_H
#define LB_IDENTITY_H

#include "request/settings.h"

#include <linebounce/sweep.h>

/* Writes DIR/sweep.json: the command line (with the seed, drawn or given), the plan in words and as
 * a digest of every case, the machine and the build. */
int identity_write(const struct settings *settings, const char *dir,
                   const struct lb_topology *topology, const struct lb_sweep *sweep,
                   char **arguments, struct lb_why *why);
/* 0, or -EXDEV with what differs between the build and the machine of the folder's sweep and these.
 * Asked before a plan is made: another machine may not have the CPUs for it. */
int identity_check_here(const char *dir, const struct lb_topology *topology, struct lb_why *why);
/* The same of the plan. */
int identity_check_plan(const struct settings *settings, const char *dir,
                        const struct lb_sweep *sweep, struct lb_why *why);
/* The command line of the folder's sweep, its seed included, as main gets one: `sweep` first. Freed
 * with identity_drop. -ENOENT where no sweep was begun; -EPROTO where sweep.json holds none. */
int identity_arguments(const char *dir, struct lb_why *why, char ***arguments, size_t *n);
void identity_drop(char **arguments);

#endif
