/* SPDX-License-Identifier: MIT
 *
 * commands: one function a command; argv[0] is the command's name. They return the exit status.
 * Their table is help.c's.
 */
#ifndef LB_COMMANDS_H
#define LB_COMMANDS_H

#include "exit_status.h"

#include <linebounce/base.h>

#include <stdio.h>

int command_run(int argc, char **argv);
int command_sweep(int argc, char **argv);
int command_repeat(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_show(int argc, char **argv);
int command_suggest(int argc, char **argv);
int command_summarise(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_predict(int argc, char **argv);
int command_plot(int argc, char **argv);

/* help [--names WHAT | --man] [COMMAND|SUITE|TOPIC] */
int command_help(int argc, char **argv);

struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
    const struct lb_names *list; /* ends the summary; NULL: nothing */
    int (*manual)(FILE *out);    /* sections of its manual page, -ENOMEM; NULL: none */
};
/* NULL, after a sentence on stderr. */
const struct command *command_find(const char *name);
/* All of them, with examples. */
void help_print(FILE *out);

/* What `show` shows. */
extern const struct lb_names show_names;

#endif
