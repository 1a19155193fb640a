/* SPDX-License-Identifier: MIT
 *
 * Files that are read for what they say of structures: what can be said of one before a library
 * reads it, for libraries have one errno for several of these, and texts.
 */
#include "structure_private.h"

#include "base/sys_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

#define TEXT_MOST ((size_t)64 << 20)

/* Standard input can be read once, and a command line may be looked at twice. */
static int read_input(char **text)
{
    static char *input;
    int err = input ? 0 : lb_sys_read(stdin, TEXT_MOST, &input);

    if (err)
        return err;
    return (*text = strdup(input)) ? 0 : -ENOMEM;
}

int lb_structure_read_text(const char *file, char **text)
{
    FILE *opened;
    int err;

    if (!strcmp(file, "-"))
        return read_input(text);
    if (!(opened = fopen(file, "re")))
        return -errno;
    err = lb_sys_read(opened, TEXT_MOST, text);
    fclose(opened);
    return err;
}
