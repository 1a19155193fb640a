/* SPDX-License-Identifier: MIT
 *
 * A folder made with its parents.
 */
#include <linebounce/base.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int make_one(const char *path)
{
    if (mkdir(path, 0777) == 0)
        return 0;
    int err = errno;
    /* Also when mkdir failed for another reason: on a read-only or foreign parent it says EROFS or
     * EACCES of a folder that is there. */
    struct stat status;
    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
    return -err;
}

int lb_make_folders(const char *path, struct lb_why *why)
{
    char *copy = strdup(path);
    if (!copy)
        return lb_fail(why, ENOMEM, "%s: %s", path, strerror(ENOMEM));
    int result = *copy ? 0 : -ENOENT;
    const char *reached = copy;
    for (char *at = copy; !result && *at;) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char separator = *at;
        *at = '\0';
        result = make_one(copy);
        if (!result)
            *at = separator;
    }
    if (result)
        lb_fail(why, -result, "%s: cannot make the folder: %s", reached, strerror(-result));
    free(copy);
    return result;
}
