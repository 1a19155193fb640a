/* SPDX-License-Identifier: MIT */
#include "commands.h"
#include "session.h"

#include "suite.h"

#include <linebounce/base.h>

#include <argp.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *help;
    int (*run)(int argc, char **argv);
    const char *(*list)(char *text, size_t bytes); /* ends the help; NULL: nothing */
} commands[] = {
    {"run", "measure: layouts (the main job), or other suites: ", command_run, suite_list},
    {"sweep", "measure at every distance, with every number of threads; can be resumed",
     command_sweep, NULL},
    {"compare", "compare the results of two builds, kernels or machines", command_compare, NULL},
    {"show", "print what the program knows: ", command_show, show_things},
    {"plot", "draw the pictures of a results folder again", command_plot, NULL},
};

static const char *name_at(size_t i)
{
    return commands[i].name;
}

static int help(FILE *out)
{
    char list[LB_WHY_BYTES];

    fputs("Usage: linebounce COMMAND [OPTION...]\n\n"
          "What does it cost to keep a lock inside the structure that it protects?\n\n",
          out);
    for (size_t i = 0; i < LB_COUNT(commands); i++)
        fprintf(out, "  %-7s %s%s\n", commands[i].name, commands[i].help,
                commands[i].list ? commands[i].list(list, sizeof list) : "");
    fputs("\n'linebounce COMMAND --help' tells more; 'linebounce --version' the version.\n", out);
    return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int command(int argc, char **argv)
{
    static const struct lb_names names = {"command", name_at, LB_COUNT(commands), NULL};
    struct lb_why why = {""};
    size_t found;

    if (argc < 2)
        return help(stderr);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "-?"))
        return help(stdout);
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
        return puts("linebounce " LB_VERSION) < 0 ? EXIT_NOT_MEASURED : EXIT_DONE;
    argp_program_version = "linebounce " LB_VERSION; /* gives every command its --version */
    argp_err_exit_status = EXIT_USAGE;
    if (!lb_name_find(&names, argv[1], &why, &found))
        return commands[found].run(argc - 1, argv + 1);
    fprintf(stderr, "linebounce: %s\n", why.text);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    session_begin_time();

    int status = command(argc, argv);

    /* Output that was lost is no success: a full disk, a closed pipe. */
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "linebounce: standard output: cannot be written\n");
        status = status ? status : EXIT_NOT_MEASURED;
    }
    return status;
}
