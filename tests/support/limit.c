/* SPDX-License-Identifier: MIT
 *
 * A test that spins for ever ends by CPU time: by the clock, one on a busy machine would too.
 */
#include <stdlib.h>
#include <sys/resource.h>

#define CPU_MOST_S 600

static void __attribute__((constructor)) limit_cpu_time(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_CPU, &limit))
        abort();
    if (limit.rlim_cur > CPU_MOST_S)
        limit.rlim_cur = CPU_MOST_S;
    if (setrlimit(RLIMIT_CPU, &limit))
        abort();
}
