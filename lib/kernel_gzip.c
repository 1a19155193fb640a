/* SPDX-License-Identifier: MIT */
#include "kernel_private.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

static int unpack(gzFile file, char **text)
{
    size_t used = 0, room = 1 << 16;
    char *all = malloc(room);
    int n = 1, err = all ? 0 : -ENOMEM;

    while (!err && n > 0) {
        n = gzread(file, all + used, (unsigned)(room - used - 1));
        used += n > 0 ? (size_t)n : 0;
        if (n < 0 || gzdirect(file)) {
            err = -EPROTO;
        } else if (used + 1 == room) {
            char *more = room < LB_KERNEL_MOST_BYTES ? realloc(all, 2 * room) : NULL;
            err = more ? 0 : room < LB_KERNEL_MOST_BYTES ? -ENOMEM : -EFBIG;
            all = more ? more : all;
            room *= 2;
        }
    }
    if (err) {
        free(all);
        return err;
    }
    all[used] = '\0';
    *text = all;
    return 0;
}

int lb_kernel_gunzip(const char *path, char **text)
{
    char *all = NULL;

    errno = 0;
    gzFile file = gzopen(path, "rbe");
    if (!file)
        return errno ? -errno : -ENOMEM;
    int err = unpack(file, &all);
    /* A file that ends too early shows only here. */
    if (gzclose(file) != Z_OK && !err)
        err = -EPROTO;
    if (err) {
        if (all)
            free(all);
        return err;
    }
    *text = all;
    return 0;
}
