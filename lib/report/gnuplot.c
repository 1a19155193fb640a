/* SPDX-License-Identifier: MIT
 *
 * Runs of gnuplot, some at a time, each within a time, and what they complained of.
 */
#include "plot_private.h"

#include <linebounce/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child exits with when it could not be executed, as a shell's would. */
#define STATUS_NO_PROGRAM 127
#define STATUS_NO_ACCESS  126
/* No picture is larger, whatever is in the CSV. */
#define FILE_MOST ((rlim_t)256 << 20)
#define GLANCE_MS 5
#define NS_PER_S  1e9

/* Settings by which the environment changes what gnuplot draws, and on what. */
static bool is_gnuplots(const char *variable)
{
    static const char *const names[] = {
        "GNUTERM=", "GNUPLOT_", "GDFONTPATH=", "GNUHELP=", "FIT_", "LC_", "LANG=", "LANGUAGE="};

    for (size_t i = 0; i < LB_COUNT(names); i++)
        if (!strncmp(variable, names[i], strlen(names[i])))
            return true;
    return false;
}

/* The environment without those, and with an encoding that every text of ours has. */
static char **make_environment(void)
{
    static char encoding[] = "LC_ALL=C.UTF-8";
    size_t n = 0, kept = 0;

    while (environ && environ[n])
        n++;
    char **made = calloc(n + 2, sizeof *made);
    for (size_t i = 0; made && i < n; i++)
        if (!is_gnuplots(environ[i]))
            made[kept++] = environ[i];
    if (made)
        made[kept] = encoding;
    return made;
}

/* In the child, where only system calls are safe. A group of its own can be ended as a whole. */
static void become_gnuplot(char *const *argv, char *const *environment, int said, pid_t parent)
{
    struct rlimit most;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it ended before the line above */
        _exit(STATUS_NO_ACCESS);
    setpgid(0, 0);
    if (!getrlimit(RLIMIT_FSIZE, &most) && most.rlim_cur > FILE_MOST) {
        most.rlim_cur = FILE_MOST;
        setrlimit(RLIMIT_FSIZE, &most);
    }
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(said, 2) < 0)
        _exit(STATUS_NO_ACCESS);
    execvpe(argv[0], argv, environment);
    _exit(errno == ENOENT ? STATUS_NO_PROGRAM : STATUS_NO_ACCESS);
}

/* One that runs. */
struct child {
    struct lb_gnuplot *run; /* NULL: none */
    pid_t pid;
    int said_fd; /* -1: there is nothing more to come */
    size_t used; /* of what it has said */
    uint64_t end_ns;
};

static int start(struct lb_gnuplot *run, double limit_s, struct child *c)
{
    /* -d: neither ~/.gnuplot nor the system's settings. */
    char *const argv[] = {"gnuplot", "-d", "-e", (char *)run->set, (char *)run->script, NULL};
    char **environment = make_environment();
    pid_t parent = getpid(), child;
    int fds[2], err = 0;

    if (!environment)
        return -ENOMEM;
    if (pipe2(fds, O_CLOEXEC)) {
        free(environment);
        return -errno;
    }
    child = fork();
    if (!child)
        become_gnuplot(argv, environment, fds[1], parent);
    if (child < 0)
        err = -errno;
    close(fds[1]);
    free(environment);
    if (err) {
        close(fds[0]);
        return err;
    }
    *run->said = '\0';
    *c = (struct child){run, child, fds[0], 0,
                        lb_clock_monotonic_ns() + (uint64_t)(limit_s * NS_PER_S)};
    return 0;
}

/* Takes what has been said and keeps the end of it. */
static void listen_to(struct child *c)
{
    char *said = c->run->said;

    if (c->used == LB_SAID_BYTES - 1) {
        memmove(said, said + LB_SAID_BYTES / 2, c->used - LB_SAID_BYTES / 2);
        c->used -= LB_SAID_BYTES / 2;
    }
    ssize_t n = read(c->said_fd, said + c->used, LB_SAID_BYTES - 1 - c->used);
    if (n > 0)
        c->used += (size_t)n;
    said[c->used] = '\0';
    if (n > 0 || (n < 0 && errno == EINTR))
        return;
    close(c->said_fd);
    c->said_fd = -1;
}

/* Whether one of them had something to say, waiting a little for it. */
static bool listen_to_all(struct child *children, int n, int wait_ms)
{
    struct pollfd p[LB_GNUPLOTS_MOST];

    for (int i = 0; i < n; i++)
        p[i] = (struct pollfd){.fd = children[i].run ? children[i].said_fd : -1, .events = POLLIN};
    if (poll(p, (nfds_t)n, wait_ms) <= 0)
        return false;
    for (int i = 0; i < n; i++)
        if (p[i].fd >= 0 && p[i].revents)
            listen_to(&children[i]);
    return true;
}

static int end_group(pid_t pid)
{
    if (kill(-pid, SIGKILL))
        kill(pid, SIGKILL); /* before it had a group */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return -ETIMEDOUT;
}

static int outcome(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO_PROGRAM)
        return -ENOENT;
    return WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO_ACCESS ? -EACCES : 0;
}

/* Frees its place if it has ended, or ends it where its time is over: what it started may hold the
 * pipe open for longer. */
static void attend(struct child *c, const struct lb_gnuplot_limits *limits)
{
    struct lb_gnuplot *run = c->run;
    int status = 0;
    pid_t ended = waitpid(c->pid, &status, WNOHANG);

    if ((ended < 0 && errno == EINTR) || (!ended && lb_clock_monotonic_ns() < c->end_ns))
        return;
    if (ended < 0)
        run->err = -errno;
    else if (!ended)
        run->err = end_group(c->pid);
    else
        run->err = outcome(status);
    while (ended > 0 && listen_to_all(c, 1, 0) && lb_clock_monotonic_ns() < c->end_ns)
        ;
    if (!run->err)
        run->status = status;
    if (c->said_fd >= 0)
        close(c->said_fd);
    c->run = NULL;
    if (!run->err && !status && limits->drawn)
        limits->drawn(run, limits->context);
}

int lb_gnuplots_at_once(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) ? LB_GNUPLOTS_MOST : CPU_COUNT(&set) + 1;

    return n < LB_GNUPLOTS_MOST ? n : LB_GNUPLOTS_MOST;
}

static int begin(struct lb_gnuplot *run, const struct lb_gnuplot_limits *l, struct child *c)
{
    int err = lb_clock_monotonic_ns() < l->end_ns ? 0 : -ECANCELED;

    if (!err && l->prepare)
        err = l->prepare(run, l->context);
    return err ? err : start(run, l->seconds, c);
}

/* Fills free places; how many run then. */
static int begin_some(struct lb_gnuplot *const *runs, size_t n, const struct lb_gnuplot_limits *l,
                      struct child children[LB_GNUPLOTS_MOST], size_t *next)
{
    int running = 0;

    for (int i = 0; i < l->at_once; i++) {
        while (!children[i].run && *next < n) {
            runs[*next]->err = begin(runs[*next], l, &children[i]);
            ++*next;
        }
        running += children[i].run != NULL;
    }
    return running;
}

void lb_gnuplots(struct lb_gnuplot *const *runs, size_t n, const struct lb_gnuplot_limits *limits)
{
    struct child children[LB_GNUPLOTS_MOST] = {{.run = NULL}};
    size_t next = 0;

    while (begin_some(runs, n, limits, children, &next)) {
        listen_to_all(children, limits->at_once, GLANCE_MS);
        for (int i = 0; i < limits->at_once; i++)
            if (children[i].run)
                attend(&children[i], limits);
    }
}
