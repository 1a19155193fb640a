/* SPDX-License-Identifier: MIT
 *
 * commands: one function a command; argv[0] is the command's name. They return the exit status.
 */
#ifndef LB_COMMANDS_H
#define LB_COMMANDS_H

#include "exit_status.h"

#include <stddef.h>

int command_run(int argc, char **argv);
int command_sweep(int argc, char **argv);
int command_repeat(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_show(int argc, char **argv);
int command_summarise(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_predict(int argc, char **argv);
int command_plot(int argc, char **argv);

/* What `show` shows, comma-separated. Returns text. */
const char *show_things(char *text, size_t bytes);

#endif
