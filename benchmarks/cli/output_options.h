/* SPDX-License-Identifier: MIT
 *
 * output_options: what is printed of a run, and what scripts make of it: options that `run` and
 * `show result` share.
 */
#ifndef LB_OUTPUT_OPTIONS_H
#define LB_OUTPUT_OPTIONS_H

#include "options.h"

/* Their input is a struct settings. */
extern const struct option_row output_options[];

#endif
