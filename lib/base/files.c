/* SPDX-License-Identifier: MIT
 *
 * Regular files read whole, folders opened as nobody can redirect, files written whole or not
 * at all.
 */
#include <linebounce/base.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reading ------------------------------------------------------------------------------------- */

static int check_regular(int fd, const char *name, uint64_t most_bytes, struct lb_why *why)
{
    struct stat info;

    if (fstat(fd, &info))
        return lb_fail(why, errno, "%s: %s", name, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return lb_fail(why, EISDIR, "%s: %s", name, strerror(EISDIR));
    if (!S_ISREG(info.st_mode))
        return lb_fail(why, ENXIO, "%s: no regular file: a FIFO or a device has no end", name);
    if (most_bytes && (uint64_t)info.st_size > most_bytes)
        return lb_fail(why, EFBIG, "%s: too large: %llu bytes are the most of its kind", name,
                       (unsigned long long)most_bytes);
    return 0;
}

int lb_open_regular(int dir_fd, const char *name, uint64_t most_bytes, struct lb_why *why, int *fd)
{
    /* Without O_NONBLOCK a FIFO waits for a writer before anybody can look at what it is. */
    int opened = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    int err;

    if (opened < 0 && errno == ELOOP)
        return lb_fail(why, ELOOP, "%s: a symbolic link: only regular files are read", name);
    if (opened < 0)
        return lb_fail(why, errno, "%s: %s", name, strerror(errno));
    if ((err = check_regular(opened, name, most_bytes, why))) {
        close(opened);
        return err;
    }
    *fd = opened;
    return 0;
}

/* Until the end or until the room is used up: a file that grows meanwhile has no more to say. */
static ssize_t read_all(int fd, char *to, size_t room)
{
    size_t done = 0;

    while (done < room) {
        ssize_t n = read(fd, to + done, room - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (!n)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int lb_read_regular(int dir_fd, const char *name, uint64_t most_bytes, struct lb_why *why,
                    char **bytes, size_t *n_bytes)
{
    struct stat info;
    char *room = NULL;
    ssize_t n = 0;
    int fd, err = lb_open_regular(dir_fd, name, most_bytes, why, &fd);

    if (err)
        return err;
    if (fstat(fd, &info))
        err = -errno;
    else if (!(room = malloc((size_t)info.st_size + 1)))
        err = -ENOMEM;
    else if ((n = read_all(fd, room, (size_t)info.st_size)) < 0)
        err = (int)n;
    close(fd);
    if (err) {
        free(room);
        return lb_fail(why, -err, "%s: %s", name, strerror(-err));
    }
    room[n] = '\0';
    *bytes = room;
    *n_bytes = (size_t)n;
    return 0;
}

int lb_open_folder(const char *path, struct lb_why *why, int *fd)
{
    int opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat info;

    if (opened < 0 || fstat(opened, &info)) {
        int err = errno;
        if (opened >= 0)
            close(opened);
        return lb_fail(why, err, "%s: %s", path, strerror(err));
    }
    if (info.st_uid != geteuid() && info.st_uid) {
        close(opened);
        return lb_fail(why, EPERM,
                       "%s: belongs to another user (%u), who can change it meanwhile: choose "
                       "another folder, a new one below it or a copy",
                       path, info.st_uid);
    }
    *fd = opened;
    return 0;
}

/* Writing ------------------------------------------------------------------------------------- */

/* The folder of a path, opened: what is renamed there is what was written there. */
static int open_folder(const char *path, const char *slash)
{
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    int err = folder ? errno : ENOMEM;

    free(folder);
    return fd < 0 ? -err : fd;
}

static void drop(struct lb_whole *w)
{
    if (w->dir_fd >= 0)
        close(w->dir_fd);
    if (w->fd >= 0)
        close(w->fd);
    free(w->text);
    free(w->path);
    free(w->beside);
    *w = (struct lb_whole){.dir_fd = -1, .fd = -1};
}

static const char *last_name(const struct lb_whole *w)
{
    const char *slash = strrchr(w->path, '/');
    return slash ? slash + 1 : w->path;
}

/* A rename would put a file in place of a device as readily as in place of a file. */
static int check_place(const struct lb_whole *w)
{
    struct stat info;

    if (fstatat(w->dir_fd, last_name(w), &info, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? 0 : -errno;
    if (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode))
        return 0;
    return S_ISDIR(info.st_mode) ? -EISDIR : -ENXIO;
}

static int begin(struct lb_whole *w)
{
    int err;

    if (!w->path || asprintf(&w->beside, "%s.%ld.tmp", last_name(w), (long)getpid()) < 0) {
        w->beside = NULL;
        return -ENOMEM;
    }
    if ((w->dir_fd = open_folder(w->path, strrchr(w->path, '/'))) < 0)
        return w->dir_fd;
    if ((err = check_place(w)))
        return err;
    unlinkat(w->dir_fd, w->beside, 0); /* of a dead process with the same number */
    w->fd =
        openat(w->dir_fd, w->beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return w->fd < 0 ? -errno : 0;
}

int lb_whole_begin(const char *path, struct lb_why *why, struct lb_whole *whole)
{
    struct lb_whole w = {.dir_fd = -1, .fd = -1, .path = strdup(path)};
    int err = begin(&w);

    /* Through memory: stdio keeps that a write to a file failed, but not why. */
    if (!err && !(w.out = open_memstream(&whole->text, &whole->n_bytes))) {
        unlinkat(w.dir_fd, w.beside, 0);
        err = -ENOMEM;
    }
    if (err) {
        drop(&w);
        return lb_fail(why, -err, "%s: %s", path,
                       err == -ENXIO ? "no regular file: it is not replaced" : strerror(-err));
    }
    *whole = w;
    return 0;
}

static int write_all(int fd, const char *bytes, size_t n_bytes)
{
    while (n_bytes) {
        ssize_t n = write(fd, bytes, n_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes += n;
        n_bytes -= (size_t)n;
    }
    return 0;
}

/* Some file systems say only when a file is closed that it had no room. */
static int finish(struct lb_whole *w)
{
    int err = write_all(w->fd, w->text, w->n_bytes);

    if (close(w->fd) && !err)
        err = -errno;
    w->fd = -1;
    if (!err && renameat(w->dir_fd, w->beside, w->dir_fd, last_name(w)))
        err = -errno;
    return err;
}

int lb_text_end(FILE *out, char **text)
{
    bool lost = ferror(out);

    if (!fclose(out) && !lost && *text) /* glibc's last step fails by a NULL alone */
        return 0;
    free(*text);
    *text = NULL;
    return -ENOMEM;
}

int lb_whole_end(struct lb_whole *w, int err, struct lb_why *why)
{
    int failed = lb_text_end(w->out, &w->text);

    if (!err && !failed)
        failed = finish(w);
    if (err || failed)
        unlinkat(w->dir_fd, w->beside, 0);
    if (!err && failed)
        err = lb_fail(why, -failed, "%s: %s", w->path, strerror(-failed));
    drop(w);
    return err;
}
