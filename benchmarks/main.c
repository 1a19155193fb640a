/* SPDX-License-Identifier: MIT
 *
 * What the process sets up before any command runs.
 */
#include "cli/commands.h"
#include "session/session.h"

#include <linebounce/base.h>

#include <argp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static int command(int argc, char **argv)
{
    const struct command *found;

    if (argc < 2)
        return help_print(stderr), EXIT_USAGE;
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "-?"))
        return help_print(stdout), EXIT_DONE;
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
        return puts(version()) < 0 ? EXIT_NOT_MEASURED : EXIT_DONE;
    argp_program_version = version(); /* gives every command its --version */
    argp_err_exit_status = EXIT_USAGE;
    found = command_find(argv[1]);
    return found ? found->run(argc - 1, argv + 1) : EXIT_USAGE;
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
