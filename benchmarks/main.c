/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include <linebounce/base.h>

#include <argp.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *help;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", "measure: layouts (the main job), fastpath, harness, instruments or errors",
     command_run},
    {"sweep", "measure at every distance, with every number of threads; can be resumed",
     command_sweep},
    {"compare", "compare the results of two builds, kernels or machines", command_compare},
    {"show", "print topology, placements, layouts, locks, scenarios, suites, counters, environment",
     command_show},
    {"plot", "draw the pictures of a results folder again", command_plot},
};

static int help(FILE *out)
{
    fputs("Usage: linebounce COMMAND [OPTION...]\n\n"
          "What does it cost to keep a lock inside the structure that it protects?\n\n",
          out);
    for (size_t i = 0; i < LB_COUNT(commands); i++)
        fprintf(out, "  %-7s %s\n", commands[i].name, commands[i].help);
    fputs("\n'linebounce COMMAND --help' tells more; 'linebounce --version' the version.\n", out);
    return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int command(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "-?"))
        return help(stdout);
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
        return puts("linebounce " LB_VERSION) < 0 ? EXIT_NOT_MEASURED : EXIT_DONE;
    argp_program_version = "linebounce " LB_VERSION; /* gives every command its --version */
    argp_err_exit_status = EXIT_USAGE;
    for (size_t i = 0; i < LB_COUNT(commands); i++)
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "linebounce: '%s': no such command (run, sweep, compare, show, plot)\n",
            argv[1]);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    int status = command(argc, argv);

    /* Output that was lost is no success: a full disk, a closed pipe. */
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "linebounce: standard output: cannot be written\n");
        status = status ? status : EXIT_NOT_MEASURED;
    }
    return status;
}
