/* SPDX-License-Identifier: MIT
 *
 * checkup: what of this machine spoils results: looked for by `linebounce doctor`, and as far as it
 * takes no time before each run.
 */
#ifndef LB_CHECKUP_H
#define LB_CHECKUP_H

#include "request/settings.h"

#include <linebounce/doctor.h>
#include <linebounce/placement.h>
#include <linebounce/record.h>

/* The CPUs that the settings ask for first: --pus, else the first placement. */
int checkup_pus(const struct settings *settings, const struct lb_topology *topology,
                struct lb_why *why, struct lb_placement *placement);
/* The facts of those CPUs, over at least so many seconds; where that is 0, over as long as it takes
 * to see what other tasks do, if there are any. -ENOMEM. */
int checkup_look(const struct lb_placement *placement, double span_s, struct lb_facts *facts);
/* Measures for two seconds and fills facts->probe. */
void checkup_probe(const struct settings *settings, const struct lb_topology *topology,
                   struct lb_facts *facts);

/* What is said of what spoils results: three lines at most. */
#define CHECKUP_BYTES 1024

/* Before a run: looks, records what is not as it should be (run.json: machine.findings), and writes
 * sentences on what spoils results, a line each, for stderr. -ENOMEM. */
int checkup_begin(const struct settings *settings, const struct lb_topology *topology,
                  struct lb_json *manifest, char said[CHECKUP_BYTES]);

#endif
