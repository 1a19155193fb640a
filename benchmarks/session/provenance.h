/* SPDX-License-Identifier: MIT
 *
 * provenance: where results go and what run.json says of them.
 */
#ifndef LB_PROVENANCE_H
#define LB_PROVENANCE_H

#include "request/settings.h"

#include <linebounce/record.h>
#include <linebounce/run.h>

/* The command line as given, before the parser permutes it. Freed with free. */
char **provenance_copy(int argc, char **argv);
/* Draws a seed from the system where none was given. */
void provenance_seed(struct settings *settings);
/* Makes the results folder, --out or results/HOST/UTC-TIME, and takes it for this process: *dir_fd
 * holds it. -EEXIST where there are results already, -EBUSY where another process has taken it,
 * -EPERM where it is another user's. */
int provenance_folder(const struct settings *settings, char *dir, size_t bytes, struct lb_why *why,
                      int *dir_fd);
/* Whether it still has its name: somebody may have removed or renamed it in the hours between. */
bool provenance_has_folder(const char *dir, int dir_fd);
/* Where the gnuplot scripts lie: $LINEBOUNCE_PLOTS, else NULL, those within the library. */
const char *provenance_plots(void);

void provenance_begin(struct lb_json *json, const struct settings *settings,
                      const struct lb_topology *topology, const struct lb_environment *environment,
                      char **argv);
/* What only the end of a run knows. */
void provenance_run(struct lb_json *json, const struct lb_run *run);
/* Other load, while a suite was set up and while it ran. */
void provenance_load(struct lb_json *json, const char *suite, const struct lb_load *before,
                     const struct lb_load *load);

/* The object "kernel" of run.json: what results/README.md lists there. */
void provenance_kernel(struct lb_json *json);

#endif
