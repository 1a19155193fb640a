/* SPDX-License-Identifier: MIT
 *
 * The commands, and what the process sets up before any of them runs.
 */
#include "cli/commands.h"
#include "cli/glossary.h"
#include "report/wrap.h"
#include "session/session.h"

#include "suite.h"

#include <linebounce/base.h>

#include <argp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *help;
    int (*run)(int argc, char **argv);
    const char *(*list)(char *text, size_t bytes); /* ends the help; NULL: nothing */
} commands[] = {
    {"run", "measure: layouts (the main job), or other suites: ", command_run, suite_list},
    {"sweep", "measure at every distance, with every number of threads; can be resumed",
     command_sweep, NULL},
    {"repeat", "measure the same several times, and say how well figures repeat", command_repeat,
     NULL},
    {"compare", "compare the results of two builds, kernels or machines", command_compare, NULL},
    {"show", "print what the program knows: ", command_show, show_things},
    {"doctor", "say what in this machine spoils results, and what to do about it", command_doctor,
     NULL},
    {"explain", "say what differences between layouts are made of", command_explain, NULL},
    {"predict", "say what a model of lines expects of layouts, here or elsewhere", command_predict,
     NULL},
    {"summarise", "put the answers of several machines into one table", command_summarise, NULL},
    {"plot", "draw the pictures of a results folder again", command_plot, NULL},
};

static const char *name_at(size_t i)
{
    return commands[i].name;
}

static int help(FILE *out)
{
    char list[LB_WHY_BYTES], text[2 * LB_WHY_BYTES];

    fputs("Usage: linebounce COMMAND [OPTION...]\n\n"
          "What does it cost to keep a lock inside the structure that it protects?\n\n",
          out);
    for (size_t i = 0; i < LB_COUNT(commands); i++) {
        fprintf(out, "  %-9s ", commands[i].name);
        snprintf(text, sizeof text, "%s%s", commands[i].help,
                 commands[i].list ? commands[i].list(list, sizeof list) : "");
        wrap_print(text, 12, 12, WRAP_COLUMNS, out);
    }
    fputs("\nExamples:\n"
          "  linebounce doctor                  can this machine tell?\n"
          "  linebounce run --quick             an answer in 15 s; without --quick in 90 s, surer\n"
          "  linebounce show result             the newest run's answer again\n"
          "  linebounce explain DIR             what the differences are made of\n"
          "\n'linebounce help COMMAND' or 'linebounce COMMAND --help' tells more, 'linebounce help "
          "words' what\nthe words mean; 'linebounce --version' the version.\n",
          out);
    return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* And what the build left out, which other programs of that version may have. */
static const char *version(void)
{
    static char text[256];
    const char *without = LB_WITHOUT;

    snprintf(text, sizeof text, "linebounce " LB_VERSION "%s%s%s",
             LB_STATIC ? "\nstatic: needs no library where it runs" : "",
             *without ? "\nwithout: " : "", without);
    return text;
}

static int find(const char *name, size_t *found)
{
    static const struct lb_names names = {"command", name_at, LB_COUNT(commands), NULL};
    struct lb_why why = {""};

    if (!lb_name_find(&names, name, &why, found))
        return EXIT_DONE;
    fprintf(stderr, "linebounce: %s\n", why.text);
    return EXIT_USAGE;
}

/* help, help words, help COMMAND */
static int command_help(int argc, char **argv)
{
    char option[] = "--help", *asked[] = {argv[1], option, NULL};
    size_t found;

    if (argc < 2)
        return help(stdout);
    if (!strcmp(argv[1], "words"))
        return glossary_print(stdout), EXIT_DONE;
    return find(argv[1], &found) ? EXIT_USAGE : commands[found].run(2, asked);
}

static int command(int argc, char **argv)
{
    size_t found;

    if (argc < 2)
        return help(stderr);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "-?"))
        return help(stdout);
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
        return puts(version()) < 0 ? EXIT_NOT_MEASURED : EXIT_DONE;
    argp_program_version = version(); /* gives every command its --version */
    argp_err_exit_status = EXIT_USAGE;
    if (!strcmp(argv[1], "help"))
        return command_help(argc - 1, argv + 1);
    return find(argv[1], &found) ? EXIT_USAGE : commands[found].run(argc - 1, argv + 1);
}

/* Else the next file that is opened would be standard output. */
static void open_standard_files(void)
{
    int fd = 0;

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR);
    if (fd >= 0)
        close(fd);
}

/* Whose owner's rights it would have has not said where scripts and results lie. */
static int check_rights(void)
{
    if (getuid() == geteuid() && getgid() == getegid())
        return EXIT_DONE;
    fputs("linebounce: set-uid: the program is not made to be run with another user's rights: use "
          "sudo\n",
          stderr);
    return EXIT_USAGE;
}

/* As in `linebounce show layouts | head`: that nobody reads on is no failure. */
static bool reader_left(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

int main(int argc, char **argv)
{
    int status;

    session_begin_time();
    open_standard_files();
    /* Files that may not grow and readers that went away are errors of write(2): what was measured
     * or drawn is written all the same. */
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    if ((status = check_rights()))
        return status;
    status = command(argc, argv);
    /* Output that was lost is no success: a full disk. */
    if ((fflush(stdout) || ferror(stdout)) && !reader_left()) {
        fprintf(stderr, "linebounce: standard output: cannot be written\n");
        status = status ? status : EXIT_NOT_MEASURED;
    }
    return status;
}
