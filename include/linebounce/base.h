/* SPDX-License-Identifier: MIT
 *
 * base: what every stage shares: how a failure says why, and small helpers.
 *
 * Conventions of all headers in this folder:
 *  - functions that can fail return 0 or -errno; outputs come last and are untouched on failure;
 *  - `_init`/`_finish` work on memory that the caller owns, `_create`/`_destroy` on heap memory;
 *    every `_destroy` and `_finish` accepts NULL;
 *  - the library neither prints nor exits: a refusal is a sentence in struct lb_why;
 *  - units stand at the end of a name (`window_ns`, `stride_bytes`), the index space of a CPU
 * number in its name (`pu_os`: the kernel's number, `pu_index`: hwloc's logical order).
 */
#ifndef LINEBOUNCE_BASE_H
#define LINEBOUNCE_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What stands between the two has C's linkage in C++ too. */
#ifdef __cplusplus
#define LB_BEGIN_C extern "C" {
#define LB_END_C   }
#else
#define LB_BEGIN_C
#define LB_END_C
#endif

LB_BEGIN_C

/* Long enough for one sentence with a path and a list of names in it. */
#define LB_WHY_BYTES 512

/* Why something failed, as "what: why" without a trailing newline. Empty until a call fails. */
struct lb_why {
    char text[LB_WHY_BYTES];
};

/* Writes the sentence (printf format) into *why, when why is not NULL, and returns -err. err is a
 * positive errno value. A text that is too long is cut, and what may not be shown as it is
 * (lb_printable) is written out: sentences name files and what stands in them. */
int lb_fail(struct lb_why *why, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Gives a failure a sentence where none was written, "doing: what err means"; err may be negative.
 * Returns why. */
const struct lb_why *lb_explain(struct lb_why *why, int err, const char *doing);

/* Text from a file, or a file's name, as it may be shown on a terminal: control characters, those
 * that turn the order of a line around, and bytes that are no UTF-8 become \xNN, so that nothing
 * in it moves a cursor or begins a line of its own. At most `room` bytes with the NUL and whole
 * characters; returns what all of it takes, as snprintf does. */
size_t lb_printable(const char *text, char *to, size_t room);

/* Text drawn piece by piece into a caller's buffer; begins with *text a NUL where nothing may be
 * put into it. Like snprintf it counts what did not fit, which is cut. */
struct lb_canvas {
    char *text;
    size_t bytes, used;
};
void lb_canvas_put(struct lb_canvas *canvas, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Order of two doubles, for qsort. NaN has no place in it. */
int lb_by_value(const void *a, const void *b);

/* Insertions, deletions, replacements and swaps of neighbours that turn one into the other,
 * whatever the case of the letters: what was meant by a name that nobody knows. Texts of
 * LB_DISTANCE_BYTES and more are infinitely far (SIZE_MAX). */
#define LB_DISTANCE_BYTES 96
size_t lb_edit_distance(const char *a, const char *b);

/* The nearest of the names that were shown to it, nearest first: at most a third of the name is
 * wrong, or it is a part of theirs. */
#define LB_NEAREST_MOST 4
struct lb_nearest {
    const char *name; /* as it was asked for */
    struct {
        char name[LB_DISTANCE_BYTES];
        size_t distance;
    } best[LB_NEAREST_MOST];
    size_t n;
};
void lb_nearest_see(const char *name, struct lb_nearest *nearest);
/* The same for a name that was meant by a part of it, `key`. */
void lb_nearest_see_by(const char *key, const char *name, struct lb_nearest *nearest);
/* "; nearest: a, b", or nothing. Returns text. */
const char *lb_nearest_text(const struct lb_nearest *nearest, char *text, size_t bytes);

/* The names of one kind of thing. */
struct lb_names {
    const char *what;            /* "layout" */
    const char *(*at)(size_t i); /* the i-th of n; NULL for one that is not offered */
    size_t n;
    const char *others; /* what is taken besides names, as "NAME:size=..."; NULL: nothing */
    /* Where `at` is NULL: the first, and from one to the next. */
    const char *const *first;
    size_t stride_bytes;
};
/* Those of a table's rows, and of an array: {LB_NAMES_IN("home", home_names)}. */
#define LB_NAMES_OF(WHAT, TABLE, MEMBER)                                                           \
    .what = (WHAT), .n = LB_COUNT(TABLE), .first = &(TABLE)[0].MEMBER,                             \
    .stride_bytes = sizeof(TABLE)[0]
#define LB_NAMES_IN(WHAT, ARRAY)                                                                   \
    .what = (WHAT), .n = LB_COUNT(ARRAY), .first = (ARRAY), .stride_bytes = sizeof(ARRAY)[0]
const char *lb_names_at(const struct lb_names *names, size_t i);
/* The index of that name. -ENOENT with the one that was perhaps meant, and with all there are. */
int lb_name_find(const struct lb_names *names, const char *name, struct lb_why *why, size_t *index);
/* All names, comma-separated. Returns text. */
const char *lb_names_list(const struct lb_names *names, char *text, size_t bytes);

/* Length of the UTF-8 character at `text`, 0 when the bytes are none (RFC 3629: no overlong forms,
 * no surrogates, nothing past U+10FFFF). A NUL ends every character in time. What stands for bytes
 * that are none is U+FFFD. */
size_t lb_utf8_length(const char *text);
#define LB_REPLACEMENT "\xef\xbf\xbd"

/* What the hardware writes and fetches together. 64 is the line of every x86 and most Arm cores;
 * an adjacent-line prefetcher (Intel) couples pairs of 128; results of threads lie 256 apart
 * because 128 has been seen to bounce still. The machine's own line size is in lb_topology. */
#define LB_LINE_BYTES      64
#define LB_LINE_PAIR_BYTES 128
#define LB_APART_BYTES     256

/* Reading what somebody else may have made. Opens a regular file below dir_fd (AT_FDCWD: the
 * present folder) of at most so many bytes (0: any number). A symbolic link under its last name, a
 * FIFO and a device are refused, and nothing is waited for. -ELOOP: a link, -EISDIR, -ENXIO: a FIFO
 * or a device, -EFBIG: larger, else what open(2) says; why has the sentence, with the name. */
int lb_open_regular(int dir_fd, const char *name, uint64_t most_bytes, struct lb_why *why, int *fd);
/* All that such a file holds, a NUL behind it; freed with free. Also -ENOMEM and what read(2) says.
 */
int lb_read_regular(int dir_fd, const char *name, uint64_t most_bytes, struct lb_why *why,
                    char **bytes, size_t *n_bytes);

/* A folder to write into, opened. -EPERM: it belongs neither to the user nor to root, so that its
 * owner can put links where files are about to be written. */
int lb_open_folder(const char *path, struct lb_why *why, int *fd);

/* Writing a file that is there whole or not at all: it is written beside its name and renamed at
 * the end, so that what was there stays until then; a link of that name is replaced, never
 * followed, and -ENXIO and -EISDIR say that a device, a FIFO or a folder has it. Between the two
 * calls `out` is the caller's to print to; the struct stays where it is. */
struct lb_whole {
    FILE *out;
    int dir_fd, fd;
    char *path, *beside, *text;
    size_t n_bytes;
};
int lb_whole_begin(const char *path, struct lb_why *why, struct lb_whole *whole);
/* Closes, and renames where err is 0; what was written is removed where err is -errno (it is
 * returned, and why is not touched) or writing failed: -ENOSPC, -EFBIG, ... with the path in why.
 */
int lb_whole_end(struct lb_whole *whole, int err, struct lb_why *why);

/* Closes what open_memstream opened for *text. Where any of it found no memory the text is freed
 * and NULL (glibc then closes without an error): -ENOMEM. */
int lb_text_end(FILE *out, char **text);

/* One more of a list that grows: the array has *n of `bytes` each, `list` is where it is kept (NULL
 * while there is none) and where it goes on; freed with free. Returns the new one, zeroed, behind
 * the others; NULL without memory. Of lists that grow by nothing else. */
void *lb_more(void *list, size_t *n, size_t bytes);

#define LB_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Makes the folder and its parents (mode 0777 less umask). Folders that exist are fine, -ENOTDIR
 * where something else has the name. */
int lb_make_folders(const char *path, struct lb_why *why);

LB_END_C

#endif
