/* SPDX-License-Identifier: MIT */
#ifndef LB_PREFETCHING_H
#define LB_PREFETCHING_H

#include "request/settings.h"

#include <linebounce/prefetcher.h>
#include <linebounce/record.h>
#include <linebounce/topology.h>

/* Sets the adjacent-line prefetcher of all allowed CPUs as --prefetcher says; *prefetcher is NULL
 * where it says nothing. -ENOTSUP, with a sentence, in a virtual machine and on processors other
 * than Intel's. To be called before there are threads. run.json: prefetcher.*. */
int prefetching_begin(const struct settings *settings, const struct lb_topology *topology,
                      const struct lb_environment *environment, struct lb_json *manifest,
                      struct lb_why *why, struct lb_prefetcher **prefetcher);

#endif
