/* SPDX-License-Identifier: MIT
 *
 * The register of the prefetcher, and the guardian that puts it back when the run is killed.
 */
#include <linebounce/prefetcher.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MSR_MISC_FEATURE_CONTROL 0x1a4
#define ADJACENT_LINE_OFF        UINT64_C(2)

struct lb_prefetcher {
    int n;
    int *fds;      /* of the registers; -1: not open */
    uint64_t *old; /* their values before */
    int pipe_fd;   /* its end is the guardian's signal; -1: no guardian */
    pid_t guardian;
};

const char *lb_prefetcher_name(enum lb_prefetcher_state state)
{
    static const char *const names[] = {"on", "off", "mixed"};

    return names[state];
}

static int complain(struct lb_why *why, int err, int pu_os)
{
    const char *hint = err == ENOENT                   ? " (is the module msr loaded? modprobe msr)"
                       : err == EIO                    ? " (the processor has no such register)"
                       : err == EACCES || err == EPERM ? " (wants root)"
                                                       : "";

    return lb_fail(why, err, "prefetcher: MSR 0x1a4 of CPU %d: %s%s", pu_os, strerror(err), hint);
}

static int open_register(const char *root, int pu_os, int flags)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%d/msr", root ? root : LB_PREFETCHER_ROOT, pu_os);
    int fd = open(path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int read_register(int fd, uint64_t *value)
{
    ssize_t n = pread(fd, value, sizeof *value, MSR_MISC_FEATURE_CONTROL);

    return n == (ssize_t)sizeof *value ? 0 : n < 0 ? -errno : -EIO;
}

static int write_register(int fd, uint64_t value)
{
    ssize_t n = pwrite(fd, &value, sizeof value, MSR_MISC_FEATURE_CONTROL);

    return n == (ssize_t)sizeof value ? 0 : n < 0 ? -errno : -EIO;
}

int lb_prefetcher_read(const char *root, const int *pu_os, int n, struct lb_why *why,
                       enum lb_prefetcher_state *state)
{
    int off = 0;

    for (int i = 0; i < n; i++) {
        uint64_t value = 0;
        int fd = open_register(root, pu_os[i], O_RDONLY);
        int err = fd < 0 ? fd : read_register(fd, &value);
        if (fd >= 0)
            close(fd);
        if (err)
            return complain(why, -err, pu_os[i]);
        off += (value & ADJACENT_LINE_OFF) != 0;
    }
    *state = !off ? LB_PREFETCHER_ON : off == n ? LB_PREFETCHER_OFF : LB_PREFETCHER_MIXED;
    return 0;
}

/* Puts back what can be put back; the first error. Async-signal-safe: the guardian calls it. */
static int put_back(const struct lb_prefetcher *p)
{
    int err = 0;

    for (int i = 0; i < p->n; i++)
        if (p->fds[i] >= 0) {
            int one = write_register(p->fds[i], p->old[i]);
            err = err ? err : one;
        }
    return err;
}

/* Descriptors that the guardian does not need would keep the user's pipes and files open. */
static void close_others(const struct lb_prefetcher *p, int pipe_fd)
{
    long most = sysconf(_SC_OPEN_MAX);

    for (int fd = 0; fd < (most > 0 && most < 65536 ? most : 65536); fd++) {
        bool needed = fd == pipe_fd;
        for (int i = 0; !needed && i < p->n; i++)
            needed = p->fds[i] == fd;
        if (!needed)
            close(fd);
    }
}

/* Waits for the pipe to close, which only the end of the parent does, or for a byte, which says
 * that all has been put back. */
static void __attribute__((noreturn)) guard(const struct lb_prefetcher *p, int pipe_fd)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP};
    char byte;
    ssize_t n;

    setsid();
    for (size_t i = 0; i < LB_COUNT(ignored); i++)
        signal(ignored[i], SIG_IGN);
    close_others(p, pipe_fd);
    do
        n = read(pipe_fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    _exit(n == 1 ? 0 : put_back(p) ? 1 : 0);
}

static int start_guardian(struct lb_prefetcher *p, struct lb_why *why)
{
    int fds[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
        return lb_fail(why, errno, "prefetcher: no guardian: %s", strerror(errno));
    pid = fork();
    if (pid < 0) {
        int err = errno;
        close(fds[0]);
        close(fds[1]);
        return lb_fail(why, err, "prefetcher: no guardian: %s", strerror(err));
    }
    if (!pid) {
        close(fds[1]);
        guard(p, fds[0]);
    }
    close(fds[0]);
    p->pipe_fd = fds[1];
    p->guardian = pid;
    return 0;
}

/* Returns whether it was there to the end. */
static bool end_guardian(struct lb_prefetcher *p)
{
    bool alive;

    if (p->pipe_fd < 0)
        return true;
    alive = waitpid(p->guardian, NULL, WNOHANG) == 0;
    /* No pipe: to write to one whose reader was killed is a signal. */
    if (send(p->pipe_fd, "", 1, MSG_NOSIGNAL) != 1)
        errno = 0; /* it is gone: there is nothing to tell it */
    close(p->pipe_fd);
    while (alive && waitpid(p->guardian, NULL, 0) < 0 && errno == EINTR)
        ;
    return alive;
}

static void drop(struct lb_prefetcher *p)
{
    for (int i = 0; p->fds && i < p->n; i++)
        if (p->fds[i] >= 0)
            close(p->fds[i]);
    free(p->fds);
    free(p->old);
    free(p);
}

/* A guardian whose run has just ended puts the values back before it lets go. */
#define LOCK_TRIES  200
#define LOCK_TRY_US 1000

/* The lock goes with the open file, which the guardian has too: it is held until the old values are
 * back. Who came second would take what the first has set for the old value. */
static int lock_register(int fd, int pu_os, struct lb_why *why)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (!flock(fd, LOCK_EX | LOCK_NB))
            return 0;
        if (errno != EWOULDBLOCK)
            break;
        usleep(LOCK_TRY_US);
    }
    if (errno == EWOULDBLOCK)
        return lb_fail(why, EBUSY,
                       "prefetcher: MSR 0x1a4 of CPU %d: another run has set it and has not put it "
                       "back yet",
                       pu_os);
    return lb_fail(why, errno, "prefetcher: MSR 0x1a4 of CPU %d: cannot be locked: %s", pu_os,
                   strerror(errno));
}

static int open_all(struct lb_prefetcher *p, const char *root, const int *pu_os, struct lb_why *why)
{
    for (int i = 0; i < p->n; i++) {
        int err;
        p->fds[i] = open_register(root, pu_os[i], O_RDWR);
        if (p->fds[i] >= 0 && (err = lock_register(p->fds[i], pu_os[i], why)))
            return err;
        err = p->fds[i] < 0 ? p->fds[i] : read_register(p->fds[i], &p->old[i]);
        if (err)
            return complain(why, -err, pu_os[i]);
    }
    return 0;
}

static int set_all(const struct lb_prefetcher *p, const int *pu_os, bool on, struct lb_why *why)
{
    for (int i = 0; i < p->n; i++) {
        uint64_t rest = p->old[i] & ~ADJACENT_LINE_OFF, seen = 0;
        uint64_t wanted = on ? rest : rest | ADJACENT_LINE_OFF;
        int err = write_register(p->fds[i], wanted);
        if (!err)
            err = read_register(p->fds[i], &seen);
        if (err)
            return complain(why, -err, pu_os[i]);
        if ((seen ^ wanted) & ADJACENT_LINE_OFF)
            return lb_fail(why, EOPNOTSUPP,
                           "prefetcher: MSR 0x1a4 of CPU %d does not take what is written to it",
                           pu_os[i]);
    }
    return 0;
}

int lb_prefetcher_set(const char *root, const int *pu_os, int n, bool on, struct lb_why *why,
                      struct lb_prefetcher **prefetcher)
{
    struct lb_prefetcher *p = calloc(1, sizeof *p);
    int err;

    if (!p)
        return -ENOMEM;
    p->pipe_fd = -1;
    p->fds = malloc((size_t)n * sizeof *p->fds);
    p->old = calloc((size_t)n, sizeof *p->old);
    if (!p->fds || !p->old) {
        drop(p);
        return -ENOMEM;
    }
    p->n = n;
    for (int i = 0; i < n; i++)
        p->fds[i] = -1;
    /* The guardian is there before the first write. */
    if (!(err = open_all(p, root, pu_os, why)) && !(err = start_guardian(p, why)))
        err = set_all(p, pu_os, on, why);
    if (err) {
        if (p->pipe_fd >= 0)
            put_back(p);
        end_guardian(p);
        drop(p);
        return err;
    }
    *prefetcher = p;
    return 0;
}

int lb_prefetcher_restore(struct lb_prefetcher *p, struct lb_why *why)
{
    int err;

    if (!p)
        return 0;
    if ((err = put_back(p)))
        lb_fail(why, -err, "prefetcher: MSR 0x1a4 cannot be restored: %s", strerror(-err));
    if (!end_guardian(p) && !err)
        err =
            lb_fail(why, ESRCH,
                    "prefetcher: its guardian (process %d) had been killed; what it was before is "
                    "restored all the same",
                    (int)p->guardian);
    drop(p);
    return err;
}
