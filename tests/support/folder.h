/* SPDX-License-Identifier: MIT
 *
 * A folder for each test, gone with it: cmocka's set-up and tear-down, and paths in it.
 */
#ifndef LB_TESTS_FOLDER_H
#define LB_TESTS_FOLDER_H

#include "text.h"

#include <ftw.h>
#include <sys/stat.h>

static char folder[96]; /* short: a socket in it has 107 bytes for its path */

static inline int make_folder(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof folder, "%.70s/lb-XXXXXX", parent && *parent ? parent : "/tmp");
    /* Some tests go on as another user. */
    return mkdtemp(folder) && !chmod(folder, 0755) ? 0 : -1;
}

static inline int remove_one(const char *path, const struct stat *status, int type,
                             struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static inline int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of a file in it, or below it as "/proc/stat"; good for the next 15 calls. */
static inline const char *in_folder(const char *name)
{
    static char paths[16][2048];
    static unsigned next;
    char *path = paths[next++ % 16];

    snprintf(path, sizeof paths[0], "%s%s%s", folder, *name == '/' ? "" : "/", name);
    return path;
}

/* The same, with the folders on the way made. */
static inline const char *place_in_folder(const char *name)
{
    const char *path = in_folder(name);
    char part[2048];

    for (const char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        assert_true(!mkdir(part, 0755) || errno == EEXIST);
    }
    return path;
}

#endif
