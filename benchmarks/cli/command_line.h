/* SPDX-License-Identifier: MIT
 *
 * command_line: the options of `run`, `sweep` and `suggest`.
 */
#ifndef LB_COMMAND_LINE_H
#define LB_COMMAND_LINE_H

#include "request/settings.h"

/* Parses the arguments of `linebounce run`. Prints help, usage and refusals itself (argp) and exits
 * then: 0 for help, 2 for wrong usage. */
void settings_parse_run(int argc, char **argv, struct settings *settings);
/* The same for `linebounce sweep`. budget_s is NaN where none was given. */
void settings_parse_sweep(int argc, char **argv, struct settings *settings);
/* The same for `linebounce suggest`; its suite is among the settings' already. */
void settings_parse_suggest(int argc, char **argv, struct settings *settings);
/* The same once more over the same settings: what is given now replaces what was given before,
 * lists too. */
void settings_parse_again(int argc, char **argv, struct settings *settings);

#endif
