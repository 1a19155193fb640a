/* SPDX-License-Identifier: MIT
 *
 * Pictures as files: they are drawn in a folder of our own, looked at there, and only then put
 * where a run's other files lie.
 */
#include "plot_private.h"
#include "plot_rows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PICTURE_MOST ((uint64_t)256 << 20)
#define NAME_MOST    200

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && !strcmp(name + n - m, end);
}

static bool begins_with(const char *name, const char *script)
{
    size_t n = strlen(script);

    return !strncmp(name, script, n) && (name[n] == '-' || name[n] == '.');
}

bool lb_picture_name(const char *name, const char *script)
{
    static const char known[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,_~-";
    bool ours = script && begins_with(name, script);

    for (size_t i = 0; !script && lb_plot_kinds[i]; i++)
        ours |= begins_with(name, lb_plot_kinds[i]->name);
    return ours && strlen(name) < NAME_MOST && name[strspn(name, known)] == '\0' &&
           (ends_in(name, ".svg") || ends_in(name, ".png"));
}

/* Sketches ------------------------------------------------------------------------------------ */

static char *make_below(const char *parent)
{
    char *path, *absolute;

    if (!parent || !*parent || asprintf(&path, "%s/linebounce-XXXXXX", parent) < 0)
        return NULL;
    bool made = mkdtemp(path) != NULL;
    absolute = made ? realpath(path, NULL) : NULL;
    if (made && !absolute)
        rmdir(path);
    free(path);
    return absolute;
}

int lb_sketch_begin(const char *otherwise, struct lb_why *why, char **path)
{
    const char *const parents[] = {secure_getenv("TMPDIR"), "/tmp", otherwise};
    char *made = NULL;

    for (size_t i = 0; !made && i < LB_COUNT(parents); i++)
        made = make_below(parents[i]);
    if (!made)
        return lb_fail(why, errno, "%s: no folder to draw in: %s", otherwise, strerror(errno));
    *path = made;
    return 0;
}

void lb_sketch_end(char *path)
{
    DIR *dir = path ? opendir(path) : NULL;
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    if (path)
        rmdir(path);
    free(path);
}

/* Taking -------------------------------------------------------------------------------------- */

/* Full disks and limits leave the beginning of a picture, and gnuplot says nothing of it. */
static bool is_whole(const char *name, const char *bytes, size_t n)
{
    static const char png_begin[] = "\x89PNG\r\n\x1a\n", png_end[] = "IEND\xae\x42\x60\x82";

    if (ends_in(name, ".png"))
        return n > 16 && !memcmp(bytes, png_begin, 8) && !memcmp(bytes + n - 8, png_end, 8);
    if (ends_in(name, ".dat"))
        return n > 2 && bytes[n - 1] == '\n'; /* ours: it was written whole or not at all */
    while (n && strchr(" \t\r\n", bytes[n - 1]))
        n--;
    return n > 6 && !memcmp(bytes + n - 6, "</svg>", 6);
}

/* Cells and folders may hold any bytes, XML may not. */
static void put_text(FILE *out, const char *bytes, size_t n)
{
    const char *end = bytes + n;

    while (bytes < end) {
        size_t length = lb_utf8_length(bytes);
        if (!length)
            fputs(LB_REPLACEMENT, out);
        else if ((unsigned char)*bytes >= ' ' || strchr("\t\r\n", *bytes))
            fwrite(bytes, 1, length, out);
        bytes += length ? length : 1;
    }
}

static int take_one(int sketch_fd, const char *name, const char *plots, struct lb_why *why)
{
    char *path = NULL, *bytes = NULL;
    struct lb_whole file;
    size_t n;
    int err = lb_read_regular(sketch_fd, name, PICTURE_MOST, why, &bytes, &n);

    if (!err && !is_whole(name, bytes, n))
        err = lb_fail(why, EIO, "%s: %s", name, n ? "the picture is not whole" : "it is empty");
    if (!err && plots && asprintf(&path, "%s/%s", plots, name) < 0) {
        path = NULL;
        err = lb_fail(why, ENOMEM, "%s: %s", name, strerror(ENOMEM));
    }
    if (!err && plots && !(err = lb_whole_begin(path, why, &file))) {
        if (ends_in(name, ".svg"))
            put_text(file.out, bytes, n);
        else
            fwrite(bytes, 1, n, file.out);
        err = lb_whole_end(&file, 0, why);
    }
    free(path);
    free(bytes);
    return err;
}

/* SCRIPT.dat, from which its pictures were drawn. */
static bool is_data(const char *name, const char *script)
{
    size_t n = strlen(script);

    return !strncmp(name, script, n) && !strcmp(name + n, ".dat");
}

/* Looks at all of the script's pictures, or takes them where `plots` says where to. */
static int take_all(const char *sketch, const char *script, const char *plots, struct lb_why *why)
{
    DIR *dir = opendir(sketch);
    const struct dirent *entry;
    int err = 0, n = 0;

    if (!dir)
        return lb_fail(why, errno, "%s: %s", sketch, strerror(errno));
    while (!err && (entry = readdir(dir)))
        if (lb_picture_name(entry->d_name, script)) {
            err = take_one(dirfd(dir), entry->d_name, plots, why);
            n++;
        } else if (is_data(entry->d_name, script))
            err = take_one(dirfd(dir), entry->d_name, plots, why);
    closedir(dir);
    return err || n ? err : lb_fail(why, EIO, "it drew nothing");
}

int lb_pictures_take(const char *sketch, const char *script, const char *plots, struct lb_why *why)
{
    int err = take_all(sketch, script, NULL, why);

    return err ? err : take_all(sketch, script, plots, why);
}
