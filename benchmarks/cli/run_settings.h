/* SPDX-License-Identifier: MIT */
#ifndef LB_RUN_SETTINGS_H
#define LB_RUN_SETTINGS_H

#include "request/settings.h"

struct front;

/* Plans, measures and concludes the suites of the settings, on the topology that these name;
 * `front` may be NULL, `given` is the command line from the command on. An exit status. */
int run_settings(struct settings *settings, struct front *front, char **given);

#endif
