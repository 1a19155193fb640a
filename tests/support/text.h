/* SPDX-License-Identifier: MIT
 *
 * Files as a test writes and reads them.
 */
#ifndef LB_TESTS_TEXT_H
#define LB_TESTS_TEXT_H

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A name below /tmp that no file has. */
static inline void temporary(char path[64])
{
    strcpy(path, "/tmp/linebounce-test-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    unlink(path);
}

static inline void write_bytes(const char *path, const void *bytes, size_t n)
{
    FILE *out = fopen(path, "we");

    if (!out)
        fail_msg("%s: %s", path, strerror(errno));
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static inline void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

/* The whole file with a NUL behind it, to be freed; NULL where it cannot be read. */
static inline char *try_read_text(const char *path)
{
    FILE *in = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (!in)
        return NULL;
    if (getdelim(&text, &size, '\0', in) < 0 && text)
        *text = '\0';
    fclose(in);
    return text;
}

static inline char *read_text(const char *path)
{
    char *text = try_read_text(path);

    if (!text)
        fail_msg("%s: %s", path, strerror(errno));
    return text;
}

static inline void assert_has(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("'%s' is not in:\n%s", part, text ? text : "(nothing)");
}

/* How many files this process has open. */
static inline int open_files(void)
{
    DIR *files = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(files);
    while (readdir(files))
        n++;
    closedir(files);
    return n;
}

#endif
