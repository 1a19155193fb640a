/* SPDX-License-Identifier: MIT
 *
 * Which atomics the machine has, and which of them are used.
 */
#include <linebounce/atomics.h>

#include <errno.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#ifndef HWCAP_ATOMICS
#define HWCAP_ATOMICS (1 << 8) /* of arm64's kernel interface; older C libraries lack the name */
#endif
#endif

static const struct {
    const char *name, *meaning, *where;
} kinds[LB_ATOMICS_KINDS] = {
    [LB_ATOMICS_LOCKED] = {"locked", "instructions with a lock prefix", "x86"},
    [LB_ATOMICS_LLSC] = {"llsc", "load- and store-exclusives in a loop", "arm64"},
    [LB_ATOMICS_LSE] = {"lse", "single instructions, as the kernel's where the processor has them",
                        "arm64 from Armv8.1 on"},
    [LB_ATOMICS_COMPILER] = {"compiler", "what the compiler makes for this processor",
                             "neither x86 nor arm64"},
};

const char *lb_atomics_name(enum lb_atomics atomics)
{
    return kinds[atomics].name;
}

const char *lb_atomics_meaning(enum lb_atomics atomics)
{
    return kinds[atomics].meaning;
}

bool lb_atomics_usable(enum lb_atomics atomics)
{
#if defined(__x86_64__) || defined(__i386__)
    return atomics == LB_ATOMICS_LOCKED;
#elif defined(__aarch64__)
    return atomics == LB_ATOMICS_LLSC ||
           (atomics == LB_ATOMICS_LSE && (getauxval(AT_HWCAP) & HWCAP_ATOMICS));
#else
    return atomics == LB_ATOMICS_COMPILER;
#endif
}

static enum lb_atomics chosen = LB_ATOMICS_KINDS; /* nobody has chosen */

enum lb_atomics lb_atomics(void)
{
    static const enum lb_atomics order[] = {LB_ATOMICS_LSE, LB_ATOMICS_LLSC, LB_ATOMICS_LOCKED};

    if (chosen < LB_ATOMICS_KINDS)
        return chosen;
    for (size_t i = 0; i < LB_COUNT(order); i++)
        if (lb_atomics_usable(order[i]))
            return order[i];
    return LB_ATOMICS_COMPILER;
}

int lb_atomics_choose(const char *name, struct lb_why *why)
{
    static const struct lb_names names = {LB_NAMES_OF("kind of atomics", kinds, name)};
    size_t found;

    if (lb_name_find(&names, name, why, &found))
        return -EINVAL;
    if (!lb_atomics_usable((enum lb_atomics)found))
        return lb_fail(why, ENOTSUP, "atomics %s: they are for %s; this machine has %s", name,
                       kinds[found].where, kinds[lb_atomics()].name);
    chosen = (enum lb_atomics)found;
    return 0;
}
