/* SPDX-License-Identifier: MIT
 *
 * linebounce repeat: the same run several times, and how well its figures repeat.
 */
#include "commands.h"

#include "options.h"
#include "session/session.h"
#include "report/repeat_table.h"
#include "session/provenance.h"

#include <linebounce/repeat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MOST 1000

/* The command line: N and what goes to each run, or folders of runs that are there. */
struct order {
    size_t n_runs; /* 0: of folders */
    const char *out;
    char **rest; /* arguments of run, or folders; NULL at the end */
    size_t n_rest;
};

static volatile sig_atomic_t stopped;
static volatile pid_t running;

static void on_signal(int signal_number)
{
    stopped = 1;
    if (running > 0)
        kill(running, signal_number);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

static void __attribute__((noreturn)) refuse(const char *text, const char *what)
{
    fprintf(stderr, "linebounce: repeat: %s%s%s\n", what ? what : "", what ? ": " : "", text);
    exit(EXIT_USAGE);
}

/* Whether the word is --out; then its value, which may be the next word. */
static bool take_out(int argc, char **argv, int *i, const char **out)
{
    if (!strncmp(argv[*i], "--out=", 6))
        *out = argv[*i] + 6;
    else if (!strcmp(argv[*i], "--out") || !strcmp(argv[*i], "-o")) {
        if (++*i == argc)
            refuse("a folder is expected behind it", "--out");
        *out = argv[*i];
    } else
        return false;
    return true;
}

static bool is_number(const char *word)
{
    return *word && strspn(word, "0123456789") == strlen(word);
}

static size_t parse_runs(const char *word)
{
    unsigned long n = strtoul(word, NULL, 10);

    if (n < 2 || n > RUNS_MOST)
        refuse("2 to 1000 runs are expected", word);
    return n;
}

/* What stands before N is ours (--help), all behind it but for --out is run's. */
static void parse(int argc, char **argv, const struct command_line *line, struct order *o)
{
    char **own = calloc((size_t)argc + 1, sizeof *own);
    int n_own = 0;
    bool begun = false;

    o->rest = calloc((size_t)argc + 1, sizeof *o->rest);
    if (!own || !o->rest)
        exit(EXIT_NOT_MEASURED);
    own[n_own++] = argv[0];
    for (int i = 1; i < argc; i++) {
        if (take_out(argc, argv, &i, &o->out))
            continue;
        if (!begun && *argv[i] == '-') {
            own[n_own++] = argv[i];
            continue;
        }
        if (!begun && is_number(argv[i]))
            o->n_runs = parse_runs(argv[i]);
        else
            o->rest[o->n_rest++] = argv[i];
        begun = true;
    }
    options_parse(line, n_own, own, o);
    free(own);
    if (!begun)
        refuse("how often? linebounce repeat 10 [OPTION OF RUN...]", NULL);
    if (!o->n_runs && o->n_rest < 2)
        refuse("how often? A number, or folders of two runs or more", o->rest[0]);
}

/* Runs ---------------------------------------------------------------------------------------- */

/* Standard output of a run is its table, which goes beside the others'. */
static void __attribute__((noreturn)) become_run(const struct order *o, char *dir)
{
    static char program[] = "linebounce", command[] = "run", option[] = "--out";
    char **argv = calloc(o->n_rest + 5, sizeof *argv), path[4200];
    size_t n = 0;
    int fd;

    snprintf(path, sizeof path, "%s.txt", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (!argv || fd < 0 || dup2(fd, STDOUT_FILENO) < 0) {
        fprintf(stderr, "linebounce: %s: %s\n", path, strerror(errno));
        _exit(EXIT_NOT_MEASURED);
    }
    argv[n++] = program;
    argv[n++] = command;
    for (size_t i = 0; i < o->n_rest; i++)
        argv[n++] = o->rest[i];
    argv[n++] = option;
    argv[n++] = dir;
    execv("/proc/self/exe", argv);
    fprintf(stderr, "linebounce: /proc/self/exe: %s\n", strerror(errno));
    _exit(EXIT_NOT_MEASURED);
}

static int run_once(const struct order *o, char *dir)
{
    int status;
    pid_t child = fork();

    if (!child)
        become_run(o, dir);
    if (child < 0) {
        fprintf(stderr, "linebounce: repeat: %s\n", strerror(errno));
        return EXIT_NOT_MEASURED;
    }
    running = child;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    running = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_NOT_MEASURED;
}

/* Runs whose folders are there to be compared; the first that cannot go on ends it. */
static size_t run_all(const struct order *o, char *const *dirs, int *status)
{
    *status = EXIT_DONE;
    for (size_t r = 0; r < o->n_runs; r++) {
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        int one = stopped ? EXIT_INTERRUPTED : run_once(o, dirs[r]);
        clock_gettime(CLOCK_MONOTONIC, &to);
        if (one == EXIT_INTERRUPTED || stopped) {
            *status = EXIT_INTERRUPTED;
            return r;
        }
        *status = one ? one : *status;
        if (one == EXIT_USAGE || (one && access(dirs[r], F_OK)))
            return r;
        fprintf(stderr, "linebounce: run %zu of %zu: %s, %.0f s\n", r + 1, o->n_runs, dirs[r],
                (double)(to.tv_sec - from.tv_sec));
    }
    return o->n_runs;
}

static int report(char *const *dirs, size_t n, const char *out)
{
    struct lb_repeat *repeat;
    struct lb_why why = {""};
    int err = lb_repeat_create((const char *const *)dirs, n, NULL, &why, &repeat);

    if (err)
        return session_complain(lb_explain(&why, err, "repeat"), EXIT_NOT_MEASURED);
    if ((err = repeat_table(stdout, repeat)) || (out && (err = lb_repeat_write(repeat, out, &why))))
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, out ? out : "repeat")->text);
    else if (out)
        printf("\nResults: %s (repeat.csv, repeat.json)\n", out);
    lb_repeat_destroy(repeat);
    return err ? EXIT_NOT_MEASURED : EXIT_DONE;
}

static char **name_folders(size_t n, const char *out)
{
    char **dirs = calloc(n + 1, sizeof *dirs);

    for (size_t r = 0; dirs && r < n; r++)
        if (asprintf(&dirs[r], "%s/%zu", out, r + 1) < 0)
            exit(EXIT_NOT_MEASURED);
    return dirs;
}

/* Else the last of them would stand beside others' after an hour. */
static bool are_new(char *const *dirs, size_t n)
{
    for (size_t r = 0; r < n; r++)
        if (!access(dirs[r], F_OK)) {
            fprintf(stderr, "linebounce: %s: is there already: choose another folder\n", dirs[r]);
            return false;
        }
    return true;
}

static int run_and_report(const struct order *o, char **dirs, const char *out)
{
    int status, reported = EXIT_DONE;

    if (!are_new(dirs, o->n_runs))
        return EXIT_NOT_MEASURED;
    catch_signals();
    size_t done = run_all(o, dirs, &status);
    if (done > 1)
        reported = report(dirs, done, out);
    return status ? status : reported;
}

static int repeat_runs(const struct order *o)
{
    struct settings s = {.out = o->out};
    struct lb_why why = {""};
    char out[4096], **dirs;
    int fd, status = EXIT_NOT_MEASURED, err = provenance_folder(&s, out, sizeof out, &why, &fd);

    if (err)
        return session_complain(lb_explain(&why, err, "results folder"), EXIT_NOT_MEASURED);
    if ((dirs = name_folders(o->n_runs, out)))
        status = run_and_report(o, dirs, out);
    for (size_t r = 0; dirs && r < o->n_runs; r++)
        free(dirs[r]);
    free(dirs);
    close(fd);
    return status;
}

/* Of runs that are there, files are written where --out says. */
static int repeat_folders(const struct order *o)
{
    struct lb_why why = {""};
    int err = o->out ? lb_make_folders(o->out, &why) : 0;

    if (!err)
        return report(o->rest, o->n_rest, o->out);
    return session_complain(lb_explain(&why, err, o->out), EXIT_NOT_MEASURED);
}

int command_repeat(int argc, char **argv)
{
    static const struct option_row options[] = {
        {"out", 'o', "DIR", "Folder for the runs, DIR/1 and so on (results/HOST/UTC-TIME)",
         option_text, OPTION_AT(struct order, out)},
        {0},
    };
    static const struct option_table tables[] = {{.rows = options}, {0}};
    static const struct command_line line = {
        .name = "linebounce repeat",
        .tables = tables,
        .args = "N [OPTION OF RUN...] [SUITE...]\nDIR DIR...",
        .doc =
            "Measures the same run N times, and says how well its figures repeat: over all pairs "
            "of "
            "runs, within one regime, as they were measured and as they would be at one round trip "
            "of a line. Folders of runs that are there are compared likewise.\v"
            "DIR has the runs' folders 1 to N with their tables in N.txt, repeat.csv and "
            "repeat.json.\n\n"
            "Exit status: 0 done, 1 something could not be measured, 2 wrong usage, 130 "
            "interrupted "
            "(runs that are complete are compared)."};
    struct order o = {.out = NULL};
    int status;

    parse(argc, argv, &line, &o);
    status = o.n_runs ? repeat_runs(&o) : repeat_folders(&o);
    free(o.rest);
    return status;
}
