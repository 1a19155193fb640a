/* SPDX-License-Identifier: MIT
 *
 * linebounce run --against: another build of this program and this one in turns, so that what
 * drifts between runs hits both alike.
 */
#include "run_against.h"

#include "commands.h"

#include "session/provenance.h"
#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child exits with when it could not be executed, as a shell's would. */
#define STATUS_NO_PROGRAM 127

struct turns {
    const struct settings *settings;
    char **arguments; /* of a run, as a program gets them; room for --out behind them */
    size_t n_arguments;
    char dir[512];
};

/* Whether `word` is that option, perhaps cut, as getopt takes it; its value may be the next word.
 */
static bool is_option(const char *word, const char *name, bool *takes_next)
{
    size_t n = strcspn(word, "=");

    *takes_next = !word[n];
    return n > 2 && !strncmp(word, "--", 2) && n - 2 <= strlen(name) &&
           !strncmp(word + 2, name, n - 2);
}

/* Of two --out the last counts, so that of the command line may stay. */
static int take_arguments(char **given, struct turns *t)
{
    size_t n = 0;

    while (given[n])
        n++;
    if (!(t->arguments = calloc(n + 5, sizeof *t->arguments)))
        return -ENOMEM;
    t->n_arguments = 1; /* behind the program's own name */
    for (size_t i = 0; i < n; i++) {
        bool next;
        if (is_option(given[i], "against", &next) || is_option(given[i], "runs", &next))
            i += next;
        else
            t->arguments[t->n_arguments++] = given[i];
    }
    return 0;
}

/* In the child. */
static void __attribute__((noreturn)) become(const char *program, char **argv, int said)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (dup2(said, STDOUT_FILENO) >= 0)
        execv(program, argv);
    _exit(STATUS_NO_PROGRAM);
}

/* The status of one run, as a shell has it. ^C reaches the child by itself, which then ends well.
 */
static int wait_for(pid_t child)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    int status = 0;

    sigaction(SIGINT, &ignore, &before);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGINT, &before, NULL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* One run of a side, whose name is "A1". */
static int run_one(struct turns *t, const char *program, const char *name)
{
    char out[600], said[600];
    size_t n = t->n_arguments;
    struct lb_why why = {""};
    pid_t child;
    int fd, status;

    snprintf(out, sizeof out, "%s/%s", t->dir, name);
    snprintf(said, sizeof said, "%s/%s.txt", t->dir, name);
    t->arguments[0] = (char[]){"linebounce"};
    t->arguments[n] = (char[]){"--out"};
    t->arguments[n + 1] = out;
    fprintf(stderr, "linebounce: %s: %s\n", name, program);
    if ((fd = open(said, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666)) < 0 ||
        (child = fork()) < 0) {
        lb_fail(&why, errno, "%s: %s", said, strerror(errno));
        if (fd >= 0)
            close(fd);
        return session_complain(&why, EXIT_NOT_MEASURED);
    }
    if (!child)
        become(program, t->arguments, fd);
    close(fd);
    if ((status = wait_for(child))) {
        lb_fail(&why, ECANCELED, "%s: %s ended with status %d (%s): nothing is compared", name,
                program, status, status == STATUS_NO_PROGRAM ? "it cannot be executed" : said);
        session_complain(&why, status);
    }
    return status;
}

static int run_all(struct turns *t, const char *self)
{
    int status = EXIT_DONE;

    for (unsigned i = 1; !status && i <= t->settings->runs; i++) {
        char name[24];
        snprintf(name, sizeof name, "A%u", i);
        if ((status = run_one(t, t->settings->against, name)))
            break;
        snprintf(name, sizeof name, "B%u", i);
        status = run_one(t, self, name);
    }
    return status;
}

/* compare A1 A2 ... -- B1 B2 ... */
static int compare_sides(const struct turns *t)
{
    size_t runs = t->settings->runs, n = 2 * runs + 2;
    char **argv = calloc(n + 1, sizeof *argv);
    int status = EXIT_NOT_MEASURED;
    bool whole = argv != NULL;
    static char command[] = "compare"; /* the parser puts a name of its own into its place */

    for (size_t i = 1; whole && i < n; i++) {
        char text[600];
        if (i == runs + 1)
            snprintf(text, sizeof text, "--");
        else
            snprintf(text, sizeof text, "%s/%c%zu", t->dir, i <= runs ? 'A' : 'B',
                     i <= runs ? i : i - runs - 1);
        whole = (argv[i] = strdup(text)) != NULL;
    }
    if (whole) {
        argv[0] = command;
        status = command_compare((int)n, argv);
    } else {
        fputs("linebounce: out of memory\n", stderr);
    }
    for (size_t i = 1; argv && i < n; i++)
        free(argv[i]);
    free(argv);
    return status;
}

int run_against(const struct settings *s, char **given)
{
    struct turns t = {.settings = s};
    struct lb_why why = {""};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    int fd = -1, err = length < 0 ? -errno : 0, status;

    if (!err && access(s->against, X_OK))
        err = lb_fail(&why, errno, "--against %s: %s", s->against, strerror(errno));
    if (!err && !(err = take_arguments(given, &t)))
        err = provenance_folder(s, t.dir, sizeof t.dir, &why, &fd);
    if (err) {
        free(t.arguments);
        return session_complain(lb_explain(&why, err, "--against"), EXIT_USAGE);
    }
    self[length] = '\0';
    close(fd);
    fprintf(stderr, "linebounce: %u runs, %.0f s each at most, into %s\n", 2 * s->runs, s->budget_s,
            t.dir);
    if (!(status = run_all(&t, self)))
        status = compare_sides(&t);
    free(t.arguments);
    return status;
}
