/* SPDX-License-Identifier: MIT
 *
 * Lines and values in files of /proc, /sys and /etc.
 */
#include "sys_files.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((format(printf, 2, 0))) static FILE *open_below(const char *root, const char *format,
                                                              va_list args)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s", root);
    int more =
        n < (int)sizeof path ? vsnprintf(path + n, sizeof path - (size_t)n, format, args) : 0;

    return n + more < (int)sizeof path ? fopen(path, "re") : NULL;
}

FILE *lb_sys_open(const char *root, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    FILE *file = open_below(root, format, args);
    va_end(args);
    return file;
}

/* Drops white space at both ends, in place. */
static char *trim(char *text)
{
    text += strspn(text, " \t\n");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\n", text[n - 1]))
        n--;
    text[n] = '\0';
    return text;
}

bool lb_sys_line(char *text, size_t bytes, const char *root, const char *format, ...)
{
    char *line = NULL;
    size_t room = 0;
    va_list args;

    va_start(args, format);
    FILE *file = open_below(root, format, args);
    va_end(args);
    *text = '\0';
    if (file && getline(&line, &room, file) > 0)
        snprintf(text, bytes, "%s", trim(line));
    free(line);
    if (file)
        fclose(file);
    return *text;
}

bool lb_sys_value(char *text, size_t bytes, const char *root, const char *name, const char *key,
                  char separator)
{
    FILE *file = lb_sys_open(root, "%s", name);
    char *line = NULL;
    size_t room = 0;
    bool found = false;

    while (file && !found && getline(&line, &room, file) > 0) {
        char *value = strchr(line, separator);
        if (!value)
            continue;
        *value++ = '\0';
        if ((found = !strcmp(trim(line), key)))
            snprintf(text, bytes, "%s", trim(value));
    }
    free(line);
    if (file)
        fclose(file);
    return found;
}

int lb_sys_read(FILE *file, size_t most, char **text)
{
    size_t used = 0, room = 0;
    char *all = NULL;
    int err = 0;

    do {
        if (used + 1 >= room) {
            room = room ? 2 * room : 65536;
            char *more = used < most ? realloc(all, room) : NULL;
            err = more ? 0 : used < most ? -ENOMEM : -EFBIG;
            all = more ? more : all;
        }
        errno = 0;
        used += err ? 0 : fread(all + used, 1, room - used - 1, file);
        if (ferror(file))
            err = errno ? -errno : -EIO;
    } while (!err && !feof(file));
    if (err) {
        free(all);
        return err;
    }
    all[used] = '\0';
    *text = all;
    return 0;
}

bool lb_sys_program(char *path, size_t bytes, const char *root, const char *name)
{
    const char *from = getenv("PATH");

    for (from = from ? from : ""; *from; from += *from == ':') {
        int n = (int)strcspn(from, ":");
        int length = snprintf(path, bytes, "%s%.*s/%s", root, n, from, name);
        if (n && length > 0 && (size_t)length < bytes && !access(path, X_OK))
            return true;
        from += n;
    }
    return false;
}

/* Cgroups ------------------------------------------------------------------------------------- */

#define MOUNT "/sys/fs/cgroup"

static bool names(const char *controllers, const char *controller)
{
    size_t n = strlen(controller);

    for (const char *at = controllers; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strcspn(at, ",") == n && !strncmp(at, controller, n))
            return true;
    return false;
}

static bool go_up(const char *path, const char *controller, bool v2,
                  bool (*see)(const char *, bool, void *), void *context)
{
    char folder[PATH_MAX];
    int mount = snprintf(folder, sizeof folder, MOUNT "%s%s", v2 ? "" : "/", v2 ? "" : controller);
    int n = mount + snprintf(folder + mount, sizeof folder - (size_t)mount, "%s", path);

    while (n >= mount && n < (int)sizeof folder) {
        while (n > mount && folder[n - 1] == '/')
            n--;
        folder[n] = '\0';
        if (see(folder, v2, context))
            return true;
        n = (int)(strrchr(folder, '/') - folder);
    }
    return false;
}

/* Lines of /proc/self/cgroup: number:controllers:path; version 2 names no controllers. */
void lb_sys_cgroups(const char *root, const char *controller,
                    bool (*see)(const char *folder, bool v2, void *context), void *context)
{
    FILE *file = lb_sys_open(root, "/proc/self/cgroup");
    char *line = NULL;
    size_t room = 0;
    bool seen = false;

    while (file && !seen && getline(&line, &room, file) > 0) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        if (!*++controllers || names(controllers, controller))
            seen = go_up(path, controller, !*controllers, see, context);
    }
    free(line);
    if (file)
        fclose(file);
}
