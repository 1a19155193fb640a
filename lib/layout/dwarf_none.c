/* SPDX-License-Identifier: MIT
 *
 * A build without libdw.
 */
#include "structure_private.h"

#include <errno.h>

const char *lb_dwarf_library(void)
{
    return "not built in";
}

int lb_dwarf_read(const char *file, const char *name, unsigned which, struct lb_why *why,
                  struct lb_structure **structure)
{
    (void)file, (void)which, (void)structure;
    return lb_fail(why, ENOTSUP,
                   "structure %.90s: this build has no libdw, which reads DWARF (Debian: "
                   "libdw-dev, then configure again)",
                   name);
}

bool lb_dwarf_is_in(const char *file)
{
    (void)file;
    return false;
}
