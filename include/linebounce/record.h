/* SPDX-License-Identifier: MIT
 *
 * record: what a run leaves behind. CSV rows, run.json, and the schema that both obey.
 *
 * CSV is RFC 4180 with one header line; lines end with LF. Numbers have a dot and no thousands
 * separator whatever the locale; an unknown value is an empty cell, never 0; a cell with several
 * values joins them by `;`, and an unknown one among them keeps its place (`1;;3`).
 * Text that a spreadsheet would take for a formula has an apostrophe in front, which reading takes
 * away again.
 */
#ifndef LINEBOUNCE_RECORD_H
#define LINEBOUNCE_RECORD_H

#include <linebounce/environment.h>

#include <stdbool.h>
#include <stdio.h>

LB_BEGIN_C

/* Every row starts with it. It grows only where a column keeps its name and changes its meaning, or
 * rows come to stand for something else: what is refused for it cannot be compared. Columns that
 * are added, renamed or dropped are no new version: readers take columns by name, pass over those
 * that they do not know, and read one that is missing as empty (unknown), but for the few that
 * they name as needed. So an added column that tells cases apart has to be empty, or absent, for
 * what was measured before it came. */
#define LB_SCHEMA_VERSION 3

/* One column: the name carries the unit, the meaning goes into results/README.md. */
struct lb_column {
    const char *name;
    const char *meaning;
};

/* A file's columns, in order. */
struct lb_schema {
    const char *file; /* "samples.csv" */
    const struct lb_column *columns;
    size_t n_columns;
};
extern const struct lb_schema lb_schema_samples;
extern const struct lb_schema lb_schema_summary;

/* Index of the column with that name, or -1. */
int lb_schema_find(const struct lb_schema *schema, const char *name);

/* What tells cases apart: the columns that name one, in both files and in this order;
 * schema_version is left out. The role is of a row, not of a case. */
/* clang-format off */
#define LB_KEY_LIST(X) \
    X(SUITE, "suite", "which suite asked for the case") \
    X(SCENARIO, "scenario", "what the threads do; anchor-* rows are the round's anchors") \
    X(LAYOUT, "layout", "layout's name; of words apart-BYTES, of pages their touch; else empty") \
    X(LOCK, "lock", "lock kind") \
    X(PLACEMENT, "placement", "name of the placement") \
    X(DISTANCE, "distance", \
      "closest level that the threads share: smt, l2, l3, package, remote, none") \
    X(HOME, "home", \
      "where the memory lies: local (node of the first PU), remote, interleaved, other-kind" \
      " (local too: HBM)") \
    X(THREADS, "threads", "number of threads in the case, all roles") \
    X(WRITERS, "writers", "writers of mixed: a number of threads, or a share of all ops as 5%") \
    X(EVERY, "every_ns", \
      "mean time from one begin of a paced thread's ops to the next: of the writers of " \
      "mixed, of all threads of observer; empty where no role is paced") \
    X(OBJECTS, "objects", "objects that the scenario works on; empty where threads decide it") \
    X(ACCESS, "access", \
      "how the scenario many picks its objects: shared or private, uniform or zipf") \
    X(TOUCH, "touch", "pages faulted: recycled, or first touches since the run began; else empty") \
    X(OFFSET, "offset_bytes", \
      "from word to word, or from the object to its lock in a scan of offsets") \
    X(WORK_NS, "work_ns", "nominal pause between ops; 0 = saturated throughput") \
    X(ROLE, "role", "part of the threads that the row speaks of; all where there is one role")
#define LB_KEY_MEMBER(key, name, meaning) LB_KEY_##key,
/* clang-format on */
enum lb_key { LB_KEY_LIST(LB_KEY_MEMBER) LB_KEYS };
const char *lb_key_column(enum lb_key key);

/* A row under construction: cells by column name. Setting a column that the schema lacks is -EINVAL
 * (a test runs over all writers); unset cells stay empty, except that create and clear fill in
 * schema_version. NaN and infinities become empty cells. Later settings replace earlier ones. */
struct lb_row;
int lb_row_create(const struct lb_schema *schema, struct lb_row **row);
void lb_row_destroy(struct lb_row *row);
void lb_row_clear(struct lb_row *row);
int lb_row_text(struct lb_row *row, const char *column, const char *value); /* NULL: empty */
int lb_row_int(struct lb_row *row, const char *column, int64_t value);
int lb_row_number(struct lb_row *row, const char *column,
                  double value); /* 6 significant digits; counts go by lb_row_int */
/* Appends to a `;` cell. A text must not hold a `;`. */
int lb_row_more_text(struct lb_row *row, const char *column, const char *value);
int lb_row_more_int(struct lb_row *row, const char *column, int64_t value);
int lb_row_more_number(struct lb_row *row, const char *column, double value);

/* A CSV file being written. Every row goes out with one write(2) on an O_APPEND descriptor: a run
 * that is killed leaves whole rows, but for the one in flight where it crosses a page. create
 * writes the header into a new file (-EEXIST if there is one, and no file after any other failure).
 * All errors are -errno with the path in `why`: -ENOSPC, -EFBIG and what else write(2) says, after
 * the file was cut back to its last whole row (rows can be appended again when there is room);
 * -EINVAL for a row of another schema; -EIO once a file could not be cut back, or when somebody
 * else cut it since the last row. A symbolic link or what is no regular file is not written to. */
struct lb_csv;
int lb_csv_create(const struct lb_schema *schema, const char *path, struct lb_why *why,
                  struct lb_csv **csv);
/* Opens a file of that schema to go on behind its last whole row; a torn last line is cut off, and
 * a file that ends within its header gets the header. -ENOENT; -EPROTO when its first line is
 * another. Both take a lock on the file (flock): -EBUSY while another process writes to it. */
int lb_csv_reopen(const struct lb_schema *schema, const char *path, struct lb_why *why,
                  struct lb_csv **csv);
int lb_csv_append(struct lb_csv *csv, const struct lb_row *row, struct lb_why *why);
/* What a column holds in every row to come that leaves it empty: host and run of a file of one
 * folder. The text is copied. -EINVAL: the schema has no such column; -ENOMEM. */
int lb_csv_fill(struct lb_csv *csv, const char *column, const char *text, struct lb_why *why);
/* Whether the file still is under its name, with all rows: 0, or -ENOENT, -EIO with what happened.
 */
int lb_csv_check(const struct lb_csv *csv, struct lb_why *why);
void lb_csv_close(struct lb_csv *csv);

/* Reading back. The file's own header decides where a column is: columns may come in any order and
 * unknown ones are passed over. Takes what spreadsheets make of the files: quotes anywhere around a
 * cell, CR LF, blank lines, a byte order mark. A torn last line (no newline) is left out and
 * counted as soon as the end is reached. */
struct lb_csv_reader;
/* A regular file only: see lb_open_regular. -ENODATA: no header line; -EPROTO: a column of `needed`
 * (NULL-terminated names, or NULL) or schema_version is missing or there twice, or the first row
 * has another version or an error that lb_csv_next would report; why names it. */
int lb_csv_open(const char *path, const char *const *needed, struct lb_why *why,
                struct lb_csv_reader **reader);
/* 1: a row is there, 0: the end, -errno. Cells are valid until the next call. -EPROTO with path and
 * line in why: more or fewer cells than columns, a misplaced or unclosed quote, a NUL byte, a row
 * of another schema_version, a row over 4 MiB. */
int lb_csv_next(struct lb_csv_reader *reader, struct lb_why *why);
/* All rows of DIR/FILE (FILE alone where dir is NULL) in turn: opens, hands each to `each`, which
 * ends it by what is not 0, and closes. 0, what `each` returned, or what the two above say; why has
 * the sentence of -ENOMEM too. */
int lb_csv_each(const char *dir, const char *file, const char *const *needed, struct lb_why *why,
                int (*each)(const struct lb_csv_reader *row, void *context), void *context);
/* The cell of the present row; "" when empty, when the file lacks the column, or when there is no
 * row (before the first lb_csv_next, at the end, after a failure). */
const char *lb_csv_cell(const struct lb_csv_reader *reader, const char *column);
/* The cell as a number; NaN when empty or no decimal number. */
double lb_csv_number(const struct lb_csv_reader *reader, const char *column);
/* The next of the values that a cell joins by `;`, cut to fit, and moves on; false: there is none.
 */
bool lb_csv_value(const char **cell, char *text, size_t bytes);
/* The line on which the present row begins, from 1: what a sentence about it names. */
size_t lb_csv_line(const struct lb_csv_reader *reader);
size_t lb_csv_torn(const struct lb_csv_reader *reader);
void lb_csv_reader_close(struct lb_csv_reader *reader);

/* A JSON document under construction (an object at the top; cJSON inside). Keys are paths with
 * dots: "clock.step_ns"; objects on the way are made on first use. A later value replaces an
 * earlier one, but -EINVAL where an object or an array stands, where the way leads through
 * something else, or for a name that is empty or over 63 bytes. Else -ENOMEM. create puts in
 * schema_version. Bytes that are no UTF-8 become U+FFFD. Numbers keep all digits of the double;
 * integers over 2^53 go as texts. */
struct lb_json;
int lb_json_create(struct lb_json **json);
void lb_json_destroy(struct lb_json *json);
int lb_json_text(struct lb_json *json, const char *path, const char *value); /* ""/NULL: null */
int lb_json_number(struct lb_json *json, const char *path, double value);    /* NaN: null */
int lb_json_bool(struct lb_json *json, const char *path, bool value);
/* Appends to an array, made on first use; "" stays "", NULL is null. */
int lb_json_push_text(struct lb_json *json, const char *path, const char *value);
/* Appends an empty object to a list, made on first use. From then on a path through the list goes
 * into that object, until the next: push_object("cells"), text("cells.role"). */
int lb_json_push_object(struct lb_json *json, const char *path);
/* A list that may stay empty. */
int lb_json_list(struct lb_json *json, const char *path);
/* Fills the objects "machine" and "build": what results/README.md lists there. */
int lb_json_environment(struct lb_json *json, const struct lb_environment *environment);
/* -ENOMEM also where a value set before found no memory: a document without it would say that it is
 * unknown.
 *
 * Writes through a temporary file in the same folder and renames it: never half a document, and no
 * temporary file after a failure. */
int lb_json_write(const struct lb_json *json, const char *path, struct lb_why *why);
int lb_json_print(const struct lb_json *json, FILE *out); /* -ENOMEM, as above */

/* Reading back. What lb_open_regular refuses, a missing and an unreadable file are -errno, what is
 * no JSON -EPROTO; why names the file.
 *
 * The texts of the array at `path`; freed with lb_json_drop_texts, NULL at the end. -EPROTO where
 * there is no array. */
int lb_json_read_texts(const char *file, const char *path, struct lb_why *why, char ***texts,
                       size_t *n);
void lb_json_drop_texts(char **texts);
/* The text at `path`, cut to fit. -ENODATA where there is none. */
int lb_json_read_text(const char *file, const char *path, struct lb_why *why, char *text,
                      size_t bytes);
/* A whole document, to ask more than once: lb_json_destroy frees it. In a path to look up a list's
 * entries are numbered from 0: "cells.3.role". */
int lb_json_load(const char *file, struct lb_why *why, struct lb_json **json);
/* The text there, borrowed; NULL: there is none. */
const char *lb_json_text_at(const struct lb_json *json, const char *path);
double lb_json_number_at(const struct lb_json *json, const char *path); /* NaN: there is none */
bool lb_json_true_at(const struct lb_json *json, const char *path);
size_t lb_json_count_at(const struct lb_json *json, const char *path); /* entries; 0: no list */
/* The name of the i-th member of an object, borrowed; NULL behind the last. */
const char *lb_json_name_at(const struct lb_json *json, const char *path, size_t i);
/* Whether `json` and the file say the same at `path` and below. 0, or -EXDEV with the first
 * difference: where it is and both values. */
int lb_json_same(const struct lb_json *json, const char *file, const char *path,
                 struct lb_why *why);

LB_END_C

#endif
