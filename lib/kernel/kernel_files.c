/* SPDX-License-Identifier: MIT
 *
 * What the kernel says in files: reading them whole, and why one cannot be read.
 */
#include "kernel_private.h"

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
    /* Files of /proc do not say how long they are. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
    size_t used = 0, room = 0;
    char *all = NULL;
    ssize_t n = 1;

    if (fd < 0)
        return -errno;
    while (!err && n > 0) {
        if (used + 1 >= room) {
            room = room ? 2 * room : 4096;
            char *more = used < LB_KERNEL_MOST_BYTES ? realloc(all, room) : NULL;
            if (!more) {
                err = used < LB_KERNEL_MOST_BYTES ? -ENOMEM : -EFBIG;
                break;
            }
            all = more;
        }
        n = read(fd, all + used, room - used - 1);
        if (n > 0)
            used += (size_t)n;
        else if (n < 0)
            err = -errno;
    }
    close(fd);
    if (err) {
        free(all);
        return err;
    }
    all[used] = '\0';
    *text = all;
    return 0;
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

void lb_kernel_say(char *text, size_t bytes, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + used, bytes - used, format, args);
    va_end(args);
}
