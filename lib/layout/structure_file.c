/* SPDX-License-Identifier: MIT
 *
 * What can be said of a file before a library reads it: libraries have one errno for several of
 * these.
 */
#include "structure_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int lb_structure_check_file(const char *file, struct lb_why *why)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = fd < 0 ? errno : 0;
    struct stat info;

    if (!err && fstat(fd, &info))
        err = errno;
    if (fd >= 0)
        close(fd);
    if (err)
        return lb_fail(why, err, "%.200s: %s", file, strerror(err));
    if (!S_ISREG(info.st_mode))
        return lb_fail(why, EPROTO, "%.200s: is no regular file", file);
    if (!info.st_size)
        return lb_fail(why, EPROTO, "%.200s: is empty", file);
    return 0;
}
