/* SPDX-License-Identifier: MIT
 *
 * One run of gnuplot, within a time, and what it complained of.
 */
#include "plot_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a child exits with when it could not be executed, as a shell's would. */
#define STATUS_NO_PROGRAM 127
#define STATUS_NO_ACCESS  126
/* No picture is larger, whatever is in the CSV. */
#define FILE_MOST ((rlim_t)256 << 20)
#define GLANCE_MS 5
#define NS_PER_S  1e9

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / NS_PER_S;
}

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

/* Starts it; *said_fd is where its stderr comes out. */
static int start(const char *set, const char *script, pid_t *pid, int *said_fd)
{
    /* -d: neither ~/.gnuplot nor the system's settings. */
    char *const argv[] = {"gnuplot", "-d", "-e", (char *)set, (char *)script, NULL};
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
    *pid = child;
    *said_fd = fds[0];
    return 0;
}

/* Takes what has been said and keeps the end of it. False: there is nothing more to come. */
static bool listen_to(int fd, char said[LB_SAID_BYTES], size_t *used)
{
    if (*used == LB_SAID_BYTES - 1) {
        memmove(said, said + LB_SAID_BYTES / 2, *used - LB_SAID_BYTES / 2);
        *used -= LB_SAID_BYTES / 2;
    }
    ssize_t n = read(fd, said + *used, LB_SAID_BYTES - 1 - *used);
    if (n > 0)
        *used += (size_t)n;
    said[*used] = '\0';
    return n > 0 || (n < 0 && errno == EINTR);
}

static int end_group(pid_t pid)
{
    if (kill(-pid, SIGKILL))
        kill(pid, SIGKILL); /* before it had a group */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return -ETIMEDOUT;
}

/* Until it has ended: what it started may hold the pipe open for longer. */
static int attend(pid_t pid, int said_fd, double limit_s, char said[LB_SAID_BYTES], int *status)
{
    struct pollfd p = {.fd = said_fd, .events = POLLIN};
    double deadline = now_s() + limit_s;
    size_t used = 0;

    said[0] = '\0';
    for (;;) {
        pid_t ended = waitpid(pid, status, WNOHANG);
        while (poll(&p, 1, ended ? 0 : GLANCE_MS) > 0 && now_s() < deadline)
            if (!listen_to(said_fd, said, &used))
                p.fd = -1;
        if (ended == pid)
            return 0;
        if (ended < 0 && errno != EINTR)
            return -errno;
        if (now_s() >= deadline)
            return end_group(pid);
    }
}

int lb_gnuplot(const char *set, const char *script, double limit_s, char said[LB_SAID_BYTES],
               int *status)
{
    pid_t pid = 0;
    int said_fd = -1, result = 0, err = start(set, script, &pid, &said_fd);

    if (err)
        return err;
    err = attend(pid, said_fd, limit_s, said, &result);
    close(said_fd);
    if (!err && WIFEXITED(result) && WEXITSTATUS(result) == STATUS_NO_PROGRAM)
        err = -ENOENT;
    else if (!err && WIFEXITED(result) && WEXITSTATUS(result) == STATUS_NO_ACCESS)
        err = -EACCES;
    if (!err)
        *status = result;
    return err;
}
