/* SPDX-License-Identifier: MIT
 *
 * identity: what makes two sweeps one: plan, machine and build, in DIR/sweep.json.
 */
#ifndef LB_IDENTITY_H
#define LB_IDENTITY_H

#include "settings.h"

#include <linebounce/sweep.h>

/* Writes DIR/sweep.json: the command line (with the seed, drawn or given), the plan in words and as
 * a digest of every case, the machine and the build. */
int identity_write(const struct settings *settings, const char *dir,
                   const struct lb_topology *topology, const struct lb_sweep *sweep,
                   char **arguments, struct lb_why *why);
/* 0, or -EXDEV with what differs between the folder's sweep and this one. */
int identity_check(const struct settings *settings, const char *dir,
                   const struct lb_topology *topology, const struct lb_sweep *sweep,
                   struct lb_why *why);
/* The command line of the folder's sweep, its seed included, as main gets one: `sweep` first. Freed
 * with identity_drop. */
int identity_arguments(const char *dir, struct lb_why *why, char ***arguments, size_t *n);
void identity_drop(char **arguments);

#endif
