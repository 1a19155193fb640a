/* SPDX-License-Identifier: MIT
 *
 * Preloaded into linebounce: the n-th call of one kind fails, as $LB_FAIL says: "memory 17". Other
 * programs (gnuplot) are left alone.
 *
 *   memory        what the program allocates, itself or through the C library or cJSON (others, as
 *                 hwloc and libstdc++, have ends of their own when there is no memory)
 *   clock_gettime, getrusage
 *
 * At the end the number of calls goes to the file $LB_FAIL_COUNT, when it is set.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

/* The C library's own, which need not be looked up (looking up allocates). */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *at, size_t bytes);

static const char *kind; /* NULL: not read yet */
static uint64_t wanted, calls;

/* The call chain from here outwards: whose is the first frame that only passes nothing on? */
struct chain {
    const void *here; /* the base of this object */
    bool own;
};

static const void *base_of(const void *address)
{
    Dl_info info;

    return dladdr(address, &info) ? info.dli_fbase : NULL;
}

static bool passes_on(const char *object)
{
    const char *name = strrchr(object, '/');

    name = name ? name + 1 : object;
    return !strncmp(name, "libc.", 5) || !strncmp(name, "libcjson.", 9);
}

static _Unwind_Reason_Code look(struct _Unwind_Context *frame, void *data)
{
    struct chain *chain = data;
    const void *address = (const void *)_Unwind_GetIP(frame);
    Dl_info info;

    if (!address || !dladdr(address, &info))
        return _URC_END_OF_STACK;
    /* glibc's glob frees some of its memory twice when there is none (2.36). */
    if (info.dli_sname && !strncmp(info.dli_sname, "glob", 4))
        return _URC_END_OF_STACK;
    if (info.dli_fbase == chain->here || passes_on(info.dli_fname))
        return _URC_NO_REASON;
    chain->own = info.dli_fbase == base_of((const void *)getauxval(AT_ENTRY));
    return _URC_END_OF_STACK;
}

static bool is_own(void)
{
    struct chain chain = {base_of(&kind), false};

    _Unwind_Backtrace(look, &chain);
    return chain.own;
}

static bool fails(const char *what, int err)
{
    const char *text;

    if (!kind) {
        text = strcmp(program_invocation_short_name, "linebounce") ? NULL : getenv("LB_FAIL");
        kind = text ? text : "";
        wanted = strtoull(kind + strcspn(kind, " "), NULL, 10);
    }
    if (strncmp(kind, what, strlen(what)) != 0 || !is_own())
        return false;
    if (__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) != wanted)
        return false;
    errno = err;
    return true;
}

void *malloc(size_t bytes)
{
    return fails("memory", ENOMEM) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    return fails("memory", ENOMEM) ? NULL : __libc_calloc(n, bytes);
}

void *realloc(void *at, size_t bytes)
{
    return fails("memory", ENOMEM) ? NULL : __libc_realloc(at, bytes);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    return fails("clock_gettime", EINVAL) ? -1 : (int)syscall(SYS_clock_gettime, clock, time);
}

int getrusage(__rusage_who_t who, struct rusage *usage)
{
    return fails("getrusage", EINVAL) ? -1 : (int)syscall(SYS_getrusage, who, usage);
}

static void __attribute__((destructor)) tell(void)
{
    const char *path = kind && *kind ? getenv("LB_FAIL_COUNT") : NULL;
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;

    if (fd >= 0) {
        dprintf(fd, "%llu\n", (unsigned long long)calls);
        close(fd);
    }
}
