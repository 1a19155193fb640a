/* SPDX-License-Identifier: MIT
 *
 * A build without libbpf.
 */
#include "structure_private.h"

#include <errno.h>

const char *lb_btf_library(void)
{
    return "not built in";
}

int lb_btf_read(const char *file, const char *base, const char *name, unsigned which,
                struct lb_why *why, struct lb_structure **structure)
{
    (void)file, (void)base, (void)which, (void)structure;
    return lb_fail(
        why, ENOTSUP,
        "structure %.90s: this build has no libbpf, which reads BTF (Debian: libbpf-dev, "
        "then configure again)",
        name);
}

bool lb_btf_has_function(const char *file, const char *name)
{
    (void)file, (void)name;
    return false;
}
