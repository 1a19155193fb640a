/* SPDX-License-Identifier: MIT
 *
 * Files in which the system says something of itself, below `root`: "" but in tests. What cannot be
 * read says nothing.
 */
#ifndef LB_SYS_FILES_H
#define LB_SYS_FILES_H

#include <linebounce/base.h>

#include <stdbool.h>
#include <stdio.h>

/* NULL: there is none. */
FILE *lb_sys_open(const char *root, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first line, without blanks at its ends, cut where it is too long; false, and "", where there
 * is none. */
bool lb_sys_line(char *text, size_t bytes, const char *root, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The value of the first line "key<separator>value", likewise; false, and nothing written, where
 * there is none. */
bool lb_sys_value(char *text, size_t bytes, const char *root, const char *name, const char *key,
                  char separator);
/* All that can be read of a file that need not say how long it is, a NUL behind it; freed with
 * free. -EFBIG: over `most` bytes, -ENOMEM, and what reading failed with. */
int lb_sys_read(FILE *file, size_t most, char **text);

/* Where PATH finds a program; false: nowhere. */
bool lb_sys_program(char *path, size_t bytes, const char *root, const char *name);

/* Shows `see` the folders of this process's cgroups that the controller rules, each and those above
 * it, up to the mount; true from `see` ends it. `v2`: of the unified hierarchy. */
void lb_sys_cgroups(const char *root, const char *controller,
                    bool (*see)(const char *folder, bool v2, void *context), void *context);

#endif
