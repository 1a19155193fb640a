/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[200];

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void)
{
    const char *parent = getenv("TMPDIR");

    if (*folder)
        return folder;
    snprintf(folder, sizeof folder, "%.160s/lb-fuzz-XXXXXX", parent && *parent ? parent : "/tmp");
    expect(mkdtemp(folder));
    atexit(remove_folder);
    return folder;
}

const char *fuzz_path(const char *name)
{
    static char paths[8][600];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", fuzz_folder(), name);
    return path;
}

const char *fuzz_file(const char *name, const void *bytes, size_t n)
{
    const char *path = fuzz_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    expect(fd >= 0);
    expect(write(fd, bytes, n) == (ssize_t)n);
    close(fd);
    return path;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    expect(text);
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

char *fuzz_part(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size ? memchr(*data, FUZZ_PART, *size) : NULL;
    size_t n = end ? (size_t)(end - *data) : *size;
    char *part = fuzz_text(*data, n);

    n += end != NULL;
    *data += n;
    *size -= n;
    return part;
}
