/* SPDX-License-Identifier: MIT
 *
 * What the kernel says in files: reading them whole, and why one cannot be read.
 */
#include "kernel_private.h"

#include "base/sys_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int lb_kernel_path(char *path, size_t bytes, const char *root, const char *format, ...)
{
    va_list args;
    int n = snprintf(path, bytes, "%s", root ? root : "");

    if (n < 0 || (size_t)n >= bytes)
        return -ENAMETOOLONG;
    va_start(args, format);
    int more = vsnprintf(path + n, bytes - (size_t)n, format, args);
    va_end(args);
    return more < 0 || (size_t)more >= bytes - (size_t)n ? -ENAMETOOLONG : 0;
}

int lb_kernel_slurp(const char *path, char **text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

    if (!file) {
        err = -errno;
        if (fd >= 0)
            close(fd);
        return err;
    }
    err = lb_sys_read(file, LB_KERNEL_MOST_BYTES, text);
    fclose(file);
    return err;
}

const char *lb_kernel_words(int err)
{
    if (err == -ENOTSUP)
        return "packed, and this build has no zlib";
    if (err == -EPROTO)
        return "damaged, or no gzip file";
    if ((err == -EACCES || err == -EPERM) && geteuid())
        return "wants root";
    return strerror(-err);
}
