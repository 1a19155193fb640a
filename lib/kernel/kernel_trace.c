/* SPDX-License-Identifier: MIT
 *
 * Addresses of real VMAs, counted by bpftrace.
 */
#include "kernel_private.h"

#include "base/canvas.h"
#include "base/sys_files.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM  "bpftrace"
#define FUNCTION "vm_area_alloc"

/* What is missing -------------------------------------------------------------------------------
 */

static bool is_there(const char *root, const char *name)
{
    char path[512];

    return !lb_kernel_path(path, sizeof path, root, "%s", name) && !access(path, F_OK);
}

static bool is_off(const struct lb_kernel *k, const char *option)
{
    const char *value = lb_kernel_option(k, option);

    return value && strcmp(value, "y") != 0;
}

/* Something more that is missing. */
#define MISS(...) lb_note(list->text, sizeof list->text, __VA_ARGS__)

static void miss_probe(const struct lb_kernel *k, const char *root, struct lb_why *list)
{
    char path[512], *text;
    struct lb_kernel_symbols symbols = k->symbols;

    if (is_off(k, "KPROBES"))
        MISS("the kernel was built without KPROBES");
    else if (!is_there(root, "/sys/bus/event_source/devices/kprobe/type") &&
             !is_there(root, "/sys/kernel/tracing/kprobe_events") &&
             !is_there(root, "/sys/kernel/debug/tracing/kprobe_events"))
        MISS("no probe can be set: neither the PMU kprobe nor tracefs is there (mount -t "
             "tracefs tracefs /sys/kernel/tracing)");
    if (is_off(k, "BPF_SYSCALL"))
        MISS("the kernel was built without BPF_SYSCALL");
    if (!lb_kernel_path(path, sizeof path, root, "/sys/kernel/debug/kprobes/enabled") &&
        !lb_kernel_slurp(path, &text)) {
        if (text[0] == '0')
            MISS("kprobes are switched off (/sys/kernel/debug/kprobes/enabled)");
        free(text);
    }
    if (symbols.alloc < 0)
        lb_kernel_read_symbols(root, &symbols);
    if (symbols.alloc == 0)
        MISS("the kernel has no function " FUNCTION);
}

int lb_kernel_trace_missing(const struct lb_kernel *kernel, const char *root, struct lb_why *why)
{
    struct lb_why missing = {""}, *list = &missing;
    char path[512];

    if (geteuid())
        MISS("it needs root");
    if (!strcmp(kernel->lockdown, "confidentiality"))
        MISS("the kernel is locked down (confidentiality), which forbids probes");
    miss_probe(kernel, root, list);
    if (!lb_sys_program(path, sizeof path, "", PROGRAM))
        MISS("the program " PROGRAM " is not in PATH");
    return *list->text ? lb_fail(why, ENOTSUP, "trace: %.480s", list->text) : 0;
}

/* Its output ------------------------------------------------------------------------------------
 */

/* A line of the map: 1; another line: 0; -EPROTO. */
static int parse_line(const char *line, size_t length, struct lb_kernel_trace *t)
{
    char text[64];
    unsigned residue;
    uint64_t count;
    int end = 0;

    if (length < 2 || line[0] != '@' || line[1] != '[')
        return 0;
    snprintf(text, sizeof text, "%.*s", (int)(length < 63 ? length : 63), line);
    if (sscanf(text, "@[%3u]: %18" SCNu64 "%n", &residue, &count, &end) != 2 || text[end] ||
        !isdigit((unsigned char)text[2]) || residue >= LB_LINE_PAIR_BYTES || residue % 8)
        return -EPROTO;
    t->counts[residue / 8] += count;
    t->n += count;
    return 1;
}

int lb_kernel_trace_parse(const char *text, struct lb_why *why, struct lb_kernel_trace *trace)
{
    struct lb_kernel_trace t = {0};

    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        if (parse_line(text, (size_t)(end - text), &t) < 0)
            return lb_fail(why, EPROTO, "trace: " PROGRAM " printed what is no residue: %.*s",
                           (int)(end - text < 80 ? end - text : 80), text);
    if (!t.n)
        return lb_fail(why, ENODATA, "trace: " PROGRAM " counted no call of " FUNCTION);
    *trace = t;
    return 0;
}

/* VMAs to be seen --------------------------------------------------------------------------------
 */

/* So many are kept at a time, so that they come from many slabs; the kernel allows 65530. */
#define MAPPINGS 1024
#define A_TIME   64

struct mappings {
    void *at[MAPPINGS];
    size_t n, bytes;
};

static void unmap_all(struct mappings *m)
{
    while (m->n)
        munmap(m->at[--m->n], m->bytes);
}

/* Neighbours with different protection are not merged. */
static void map_more(struct mappings *m)
{
    if (m->n + A_TIME > MAPPINGS)
        unmap_all(m);
    for (int i = 0; i < A_TIME; i++) {
        void *at =
            mmap(NULL, m->bytes, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED)
            return;
        m->at[m->n++] = at;
    }
}

/* The program ------------------------------------------------------------------------------------
 */

struct stream {
    int fd;
    char *text;
    size_t used;
};

/* More than it ever prints. */
#define STREAM_BYTES ((size_t)64 << 10)

/* What is there now; beyond the room it is thrown away, so that the writer does not block. */
static void drain(struct stream *s)
{
    char spill[4096];
    ssize_t n;

    do {
        bool full = s->used + 1 >= STREAM_BYTES;
        n = read(s->fd, full ? spill : s->text + s->used,
                 full ? sizeof spill : STREAM_BYTES - s->used - 1);
        if (n > 0 && !full)
            s->used += (size_t)n;
    } while (n > 0);
    s->text[s->used] = '\0';
}

static _Noreturn void become(const char *path, char *const argv[], pid_t parent, int out, int err)
{
    sigset_t none;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int in = open("/dev/null", O_RDONLY);
    if (getppid() == parent && in >= 0 && dup2(in, 0) >= 0 && dup2(out, 1) >= 0 &&
        dup2(err, 2) >= 0)
        execv(path, argv);
    _exit(127);
}

static int start(const char *path, unsigned seconds, pid_t *child, struct stream streams[2])
{
    char script[256];
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    pid_t parent = getpid();

    snprintf(script, sizeof script,
             "kretprobe:" FUNCTION " /retval != 0/ { @[retval & %d] = count(); } "
             "interval:s:%u { exit(); }",
             LB_LINE_PAIR_BYTES - 1, seconds);
    char *const argv[] = {(char[]){PROGRAM}, (char[]){"-e"}, script, NULL};
    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || (*child = fork()) < 0) {
        int fault = -errno;
        for (int i = 0; i < 2; i++) {
            close(out[i]);
            close(err[i]);
        }
        return fault;
    }
    if (!*child)
        become(path, argv, parent, out[1], err[1]);
    setpgid(*child, *child);
    close(out[1]);
    close(err[1]);
    streams[0].fd = out[0];
    streams[1].fd = err[0];
    for (int i = 0; i < 2; i++)
        fcntl(streams[i].fd, F_SETFL, O_NONBLOCK);
    return 0;
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Until the program ends, or the limit. Its group is gone afterwards. */
static int attend(pid_t child, double limit_s, struct stream streams[2], struct mappings *m,
                  int *status)
{
    double end_s = now_s() + limit_s;
    siginfo_t info = {0};
    int err = 0;

    for (;;) {
        info.si_pid = 0;
        if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT | WNOHANG) && errno != EINTR)
            err = -errno;
        if (err || info.si_pid == child)
            break;
        if (now_s() > end_s) {
            err = -ETIMEDOUT;
            break;
        }
        map_more(m);
        poll(NULL, 0, 5);
        drain(&streams[0]);
        drain(&streams[1]);
    }
    /* Before it is reaped, while its number cannot belong to another. */
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
    while (waitpid(child, status, 0) < 0 && errno == EINTR)
        ;
    drain(&streams[0]);
    drain(&streams[1]);
    return err;
}

/* What it said last, as one line. */
static const char *last_words(char *text)
{
    size_t n = strlen(text);

    while (n && isspace((unsigned char)text[n - 1]))
        text[--n] = '\0';
    char *line = strrchr(text, '\n');
    return !n ? "it said nothing" : line ? line + 1 : text;
}

static int judge(int err, int status, double limit_s, struct stream streams[2], struct lb_why *why,
                 struct lb_kernel_trace *trace)
{
    if (err == -ETIMEDOUT)
        return lb_fail(why, ETIMEDOUT, "trace: " PROGRAM " did not end within %.3g s", limit_s);
    if (err)
        return lb_fail(why, -err, "trace: " PROGRAM ": %s", strerror(-err));
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return lb_fail(why, EIO, "trace: " PROGRAM " failed: %.300s", last_words(streams[1].text));
    return lb_kernel_trace_parse(streams[0].text, why, trace);
}

int lb_kernel_trace_run(unsigned seconds, double limit_s, struct lb_why *why,
                        struct lb_kernel_trace *trace)
{
    struct stream streams[2] = {{-1, NULL, 0}, {-1, NULL, 0}};
    struct mappings *m = calloc(1, sizeof *m);
    char path[512];
    pid_t child = -1;
    int status = 0, err = 0;

    for (int i = 0; i < 2; i++)
        streams[i].text = calloc(STREAM_BYTES, 1);
    if (!m || !streams[0].text || !streams[1].text)
        err = lb_fail(why, ENOMEM, "trace: out of memory");
    else if (!lb_sys_program(path, sizeof path, "", PROGRAM))
        err = lb_fail(why, ENOENT, "trace: the program " PROGRAM " is not in PATH");
    else if ((err = start(path, seconds, &child, streams)))
        lb_fail(why, -err, "trace: " PROGRAM ": %s", strerror(-err));
    if (!err) {
        m->bytes = (size_t)sysconf(_SC_PAGESIZE);
        err = attend(child, limit_s, streams, m, &status);
        unmap_all(m);
        err = judge(err, status, limit_s, streams, why, trace);
        close(streams[0].fd);
        close(streams[1].fd);
    }
    free(streams[0].text);
    free(streams[1].text);
    free(m);
    return err;
}
