/* SPDX-License-Identifier: MIT
 *
 * fail_allocation: preloaded, lets the n-th allocation of the program's own code fail, and that one
 * alone: $LINEBOUNCE_FAIL_ALLOCATION is n. Those of libraries do not count, since not all of them
 * survive it. glibc only.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef int main_function(int argc, char **argv, char **environment);
typedef int start_function(main_function *main, int argc, char **argv, void (*init)(void),
                           void (*fini)(void), void (*loader_fini)(void), void *stack_end);

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *at, size_t bytes);
start_function __libc_start_main;

static main_function *program;
static atomic_long left; /* until one fails; 0: none does */

static int begin(int argc, char **argv, char **environment)
{
    const char *which = getenv("LINEBOUNCE_FAIL_ALLOCATION");

    left = which ? atol(which) : 0;
    return program(argc, argv, environment);
}

int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*loader_fini)(void), void *stack_end)
{
    start_function *real;

    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    program = main;
    return real(begin, argc, argv, init, fini, loader_fini, stack_end);
}

static bool is_own(const void *caller)
{
    Dl_info info;

    return dladdr(caller, &info) && strstr(info.dli_fname, "linebounce");
}

static bool fails(const void *caller)
{
    if (left <= 0 || !is_own(caller) || --left)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, bytes);
}

void *realloc(void *at, size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(at, bytes);
}

char *strdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = fails(__builtin_return_address(0)) ? NULL : __libc_malloc(bytes);

    return copy ? memcpy(copy, text, bytes) : NULL;
}
