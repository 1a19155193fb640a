/* SPDX-License-Identifier: MIT
 *
 * CSV written a line at a time, and read back with what a crash has left of the last one.
 */
#include "base/number.h"
#include "row.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writer ------------------------------------------------------------------------------------- */

struct lb_csv {
    const struct lb_schema *schema;
    char *path;
    int fd;
    off_t whole;  /* length of the file up to its last whole row */
    bool spoiled; /* a torn row could not be cut off again */
    bool settled; /* a row was appended: nobody but the writer changes its length from here on */
    struct lb_grown line;
    char *fills[]; /* by column: what empty cells hold; NULL: nothing */
};

static int fail(struct lb_why *why, int err, const char *path)
{
    return lb_fail(why, err, "%s: %s", path, strerror(err));
}

bool lb_csv_value(const char **cell, char *text, size_t bytes)
{
    size_t length = strcspn(*cell, ";");

    if (!**cell)
        return false;
    snprintf(text, bytes, "%.*s", (int)length, *cell);
    *cell += length + ((*cell)[length] == ';');
    return true;
}

/* Whether all of the values that a cell joins are numbers; one that was cut is none. */
static bool is_numeric(const char *cell)
{
    char one[LB_NUMBER_BYTES];
    bool numeric = true;

    while (numeric && lb_csv_value(&cell, one, sizeof one))
        numeric = !*one || (strlen(one) < sizeof one - 1 && !isnan(lb_number_parse(one)));
    return numeric;
}

/* Text that a spreadsheet would run. The apostrophes that keep it from that are counted too, so
 * that reading takes away what writing has put there. */
static bool is_formula(const char *text)
{
    text += strspn(text, "'");
    return *text && strchr("=+-@\t\r", *text) && !is_numeric(text);
}

int lb_csv_add_cell(struct lb_grown *line, const char *text, char behind)
{
    const char *quote = strpbrk(text, ",\"\r\n") ? "\"" : "";
    int err = lb_grown_add(line, quote, strlen(quote));

    if (!err && is_formula(text))
        err = lb_grown_add(line, "'", 1);
    while (!err && *text) { /* quotes stand twice */
        size_t n = strcspn(text, "\"");
        if (!(err = lb_grown_add(line, text, n + (text[n] == '"'))) && text[n] == '"')
            err = lb_grown_add(line, "\"", 1);
        text += n + (text[n] == '"');
    }
    if (!err)
        err = lb_grown_add(line, quote, strlen(quote));
    return err ? err : lb_grown_add(line, &behind, 1);
}

/* Fills csv->line with the names of the columns, or with the cells of a row. */
static int line_fill(struct lb_csv *csv, const struct lb_row *row)
{
    size_t n = csv->schema->n_columns;
    csv->line.length = 0;
    for (size_t i = 0; i < n; i++) {
        const char *text = row ? lb_row_cell(row, i) : csv->schema->columns[i].name;
        if (row && !*text && csv->fills[i])
            text = csv->fills[i];
        if (lb_csv_add_cell(&csv->line, text, i + 1 < n ? ',' : '\n'))
            return -ENOMEM;
    }
    return 0;
}

/* One write(2) in all but two cases: a signal came first, or the file system took only a part. The
 * second try then either completes the row or says why the rest had no place. */
static int write_line(struct lb_csv *csv)
{
    size_t done = 0;
    while (done < csv->line.length) {
        ssize_t n = write(csv->fd, csv->line.text + done, csv->line.length - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return n == 0 ? -EIO : -errno;
    }
    csv->whole += (off_t)done;
    return 0;
}

static int append_line(struct lb_csv *csv, struct lb_why *why)
{
    off_t end = lseek(csv->fd, 0, SEEK_END);
    if (csv->settled && end >= 0 && end < csv->whole)
        return lb_fail(why, EIO, "%s: was cut while it was being written: rows are lost",
                       csv->path);
    if (end >= 0) /* a resumed run may have cut a window off since the file was opened */
        csv->whole = end;
    int result = write_line(csv);
    csv->settled = true;
    if (!result)
        return 0;
    csv->spoiled = ftruncate(csv->fd, csv->whole) != 0;
    return lb_fail(why, -result, "%s: %s%s", csv->path, strerror(-result),
                   csv->spoiled ? "; its last line is torn" : "");
}

/* Opens the file and takes the lock that keeps a second writer out; the lock goes with the process.
 * A file system without locks has none: that is no reason not to measure. */
static int open_alone(struct lb_csv *csv, int flags, struct lb_why *why)
{
    struct stat info;

    csv->fd = open(csv->path, flags | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (csv->fd < 0 && errno == ELOOP)
        return lb_fail(why, ELOOP, "%s: a symbolic link: only regular files are written to",
                       csv->path);
    if (csv->fd < 0 || fstat(csv->fd, &info))
        return fail(why, errno, csv->path);
    if (!S_ISREG(info.st_mode))
        return lb_fail(why, ENXIO, "%s: no regular file", csv->path);
    if (!flock(csv->fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
        return 0;
    return lb_fail(why, EBUSY, "%s: another run is writing to it", csv->path);
}

/* A writer without a file, its line holding the header. */
static int make_csv(const struct lb_schema *schema, const char *path, struct lb_why *why,
                    struct lb_csv **csv)
{
    struct lb_csv *made = calloc(1, sizeof *made + schema->n_columns * sizeof made->fills[0]);

    if (!made)
        return fail(why, ENOMEM, path);
    made->schema = schema;
    made->fd = -1;
    made->path = strdup(path);
    if (!made->path || line_fill(made, NULL)) {
        lb_csv_close(made);
        return fail(why, ENOMEM, path);
    }
    *csv = made;
    return 0;
}

int lb_csv_create(const struct lb_schema *schema, const char *path, struct lb_why *why,
                  struct lb_csv **csv)
{
    struct lb_csv *created;
    int result = make_csv(schema, path, why, &created);
    if (result)
        return result;
    result = open_alone(created, O_WRONLY | O_CREAT | O_EXCL, why);
    if (!result) {
        result = append_line(created, why);
        if (result)
            unlink(path);
    }
    if (result) {
        lb_csv_close(created);
        return result;
    }
    *csv = created;
    return 0;
}

/* Whether the file begins with the header that the writer's line holds. 1: it is empty. */
static int check_header(const struct lb_csv *csv, off_t bytes, struct lb_why *why)
{
    char *header = malloc(csv->line.length);
    int result = 0;
    if (!header)
        return fail(why, ENOMEM, csv->path);
    ssize_t n = pread(csv->fd, header, csv->line.length, 0);
    if (n < 0)
        result = fail(why, errno, csv->path);
    else if (memcmp(header, csv->line.text, (size_t)n) ||
             ((size_t)n < csv->line.length && n < bytes))
        result = lb_fail(why, EPROTO, "%s: its columns are not those of %s in version %d",
                         csv->path, csv->schema->file, LB_SCHEMA_VERSION);
    else if ((size_t)n < csv->line.length) /* killed in its first line */
        result = 1;
    free(header);
    return result;
}

/* The length of the file up to its last newline: rows that this program wrote hold none. */
static int find_whole(struct lb_csv *csv, off_t bytes, struct lb_why *why)
{
    char block[4096];
    while (bytes > 0) {
        size_t n = bytes < (off_t)sizeof block ? (size_t)bytes : sizeof block;
        if (pread(csv->fd, block, n, bytes - (off_t)n) != (ssize_t)n)
            return fail(why, EIO, csv->path);
        const char *newline = memrchr(block, '\n', n);
        if (newline) {
            csv->whole = bytes - (off_t)n + (newline - block) + 1;
            return 0;
        }
        bytes -= (off_t)n;
    }
    return 0;
}

static int reopen(struct lb_csv *csv, struct lb_why *why)
{
    int result = open_alone(csv, O_RDWR, why);
    off_t bytes = result ? 0 : lseek(csv->fd, 0, SEEK_END);
    if (result)
        return result;
    if (bytes < 0)
        return fail(why, errno, csv->path);
    int empty = check_header(csv, bytes, why);
    if (empty < 0)
        return empty;
    if (!empty && (result = find_whole(csv, bytes, why)))
        return result;
    if (ftruncate(csv->fd, csv->whole))
        return fail(why, errno, csv->path);
    return empty ? append_line(csv, why) : 0;
}

int lb_csv_reopen(const struct lb_schema *schema, const char *path, struct lb_why *why,
                  struct lb_csv **csv)
{
    struct lb_csv *made;
    int result = make_csv(schema, path, why, &made);
    if (!result && (result = reopen(made, why)))
        lb_csv_close(made);
    if (result)
        return result;
    *csv = made;
    return 0;
}

int lb_csv_append(struct lb_csv *csv, const struct lb_row *row, struct lb_why *why)
{
    if (lb_row_schema(row) != csv->schema)
        return lb_fail(why, EINVAL, "%s: the row is one of %s", csv->path,
                       lb_row_schema(row)->file);
    if (csv->spoiled)
        return lb_fail(why, EIO, "%s: its last line is torn", csv->path);
    if (!lb_row_is_whole(row) || line_fill(csv, row))
        return fail(why, ENOMEM, csv->path);
    return append_line(csv, why);
}

int lb_csv_fill(struct lb_csv *csv, const char *column, const char *text, struct lb_why *why)
{
    int at = lb_schema_find(csv->schema, column);
    char *copy = at < 0 ? NULL : strdup(text);

    if (at < 0)
        return lb_fail(why, EINVAL, "%s: has no column %s", csv->path, column);
    if (!copy)
        return fail(why, ENOMEM, csv->path);
    free(csv->fills[at]);
    csv->fills[at] = copy;
    return 0;
}

int lb_csv_check(const struct lb_csv *csv, struct lb_why *why)
{
    struct stat mine, there;

    if (fstat(csv->fd, &mine))
        return fail(why, errno, csv->path);
    if (lstat(csv->path, &there))
        return fail(why, errno, csv->path);
    if (mine.st_dev != there.st_dev || mine.st_ino != there.st_ino)
        return lb_fail(why, EIO, "%s: is another file than the one that was written", csv->path);
    if (csv->spoiled)
        return lb_fail(why, EIO, "%s: its last line is torn", csv->path);
    if (mine.st_size < csv->whole)
        return lb_fail(why, EIO, "%s: was cut after it was written: rows are lost", csv->path);
    return 0;
}

void lb_csv_close(struct lb_csv *csv)
{
    if (!csv)
        return;
    if (csv->fd >= 0)
        close(csv->fd);
    for (size_t i = 0; i < csv->schema->n_columns; i++)
        free(csv->fills[i]);
    free(csv->line.text);
    free(csv->path);
    free(csv);
}

/* Reader ------------------------------------------------------------------------------------- */

#define FIRST_CAPACITY ((size_t)256 << 10)
/* Rows have some hundred bytes, with 8192 threads a million and a half: a longer one is no row. */
#define MAX_RECORD_BYTES ((size_t)4 << 20)

struct named {
    const char *name;
    size_t at;
};

struct lb_csv_reader {
    char *path;
    int fd;
    char *buffer; /* what was read and not yet used: [start, end) */
    size_t start, end, capacity;
    bool at_end;
    size_t line, next_line; /* of the present record's first line and of the next one's, from 1 */
    char *header;           /* the names point in here */
    struct named *names;    /* sorted by name */
    size_t n_columns, version_at;
    char **cells; /* of the present row, in the file's order; into the buffer */
    bool has_row;
    size_t torn;
    bool ahead; /* open has already read the first row, or found none: */
    int ahead_result;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* 1: the number of the column with that name is in *at, 0: none. */
static int find_column(const struct lb_csv_reader *reader, const char *name, size_t *at)
{
    struct named key = {name, 0};
    struct named *found =
        bsearch(&key, reader->names, reader->n_columns, sizeof *reader->names, compare_names);
    if (!found)
        return 0;
    *at = found->at;
    return 1;
}

static int fail_line(struct lb_why *why, const struct lb_csv_reader *reader, const char *what)
{
    return lb_fail(why, EPROTO, "%s:%zu: %s", reader->path, reader->line, what);
}

/* Makes room behind `end` and reads into it. */
static int refill(struct lb_csv_reader *reader, struct lb_why *why)
{
    memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
    if (reader->end == reader->capacity) {
        if (reader->capacity >= MAX_RECORD_BYTES)
            return fail_line(why, reader, "a row over 4 MiB: this program writes none");
        char *grown = realloc(reader->buffer, 2 * reader->capacity);
        if (!grown)
            return fail(why, ENOMEM, reader->path);
        reader->buffer = grown;
        reader->capacity *= 2;
    }
    ssize_t n;
    do {
        n = read(reader->fd, reader->buffer + reader->end, reader->capacity - reader->end);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return fail(why, errno, reader->path);
    reader->end += (size_t)n;
    reader->at_end = n == 0;
    return 0;
}

static bool odd_quotes(const char *text, size_t length)
{
    bool odd = false;
    const char *end = text + length;
    while ((text = memchr(text, '"', (size_t)(end - text)))) {
        odd = !odd;
        text++;
    }
    return odd;
}

/* What stands behind the last newline is torn. A quote that is open across newlines is something
 * else: the rest of the file would vanish as one torn line. */
static int end_of_file(struct lb_csv_reader *reader, struct lb_why *why)
{
    size_t rest = reader->end - reader->start;
    if (reader->next_line > reader->line)
        return fail_line(why, reader, "a quote is never closed");
    reader->torn += rest > 0;
    reader->start = reader->end;
    return 0;
}

/* 1: a record of *length bytes, its newline included, begins at `start`. 0: the end. */
static int find_record(struct lb_csv_reader *reader, struct lb_why *why, size_t *length)
{
    size_t scanned = 0;
    bool quoted = false;
    reader->line = reader->next_line;
    for (;;) {
        const char *from = reader->buffer + reader->start + scanned;
        size_t rest = reader->end - reader->start - scanned;
        const char *newline = memchr(from, '\n', rest);
        size_t part = newline ? (size_t)(newline - from) + 1 : rest;
        quoted ^= odd_quotes(from, part);
        scanned += part;
        if (newline) {
            reader->next_line++;
            if (!quoted) {
                *length = scanned;
                return 1;
            }
            continue;
        }
        if (reader->at_end)
            return end_of_file(reader, why);
        int result = refill(reader, why);
        if (result)
            return result;
    }
}

/* The cell as it was before it was kept from being a formula. */
static char *bare(char *cell)
{
    return *cell == '\'' && is_formula(cell + 1) ? cell + 1 : cell;
}

/* Takes the cell at `at`; the record ends at `end`, where a comma stands. Cuts the cell out and
 * returns where the next one begins, `end + 1` when this was the last one, NULL when a quote is out
 * of place. */
static char *take_cell(char *at, char *end, char **cell)
{
    if (at == end || *at != '"') {
        char *comma = memchr(at, ',', (size_t)(end - at));
        char *stop = comma ? comma : end;
        if (memchr(at, '"', (size_t)(stop - at)))
            return NULL;
        *stop = '\0';
        *cell = bare(at);
        return stop + 1;
    }
    char *from = at + 1, *to = at;
    while (from < end && (*from != '"' || from[1] == '"')) {
        from += *from == '"';
        *to++ = *from++;
    }
    /* Now at the closing quote; a comma or the end has to follow. */
    if (from >= end || (from + 1 < end && from[1] != ','))
        return NULL;
    *to = '\0';
    *cell = bare(at);
    return from + 2;
}

/* Cuts a record, newline included, into at most max cells. Returns how many it has (also when that
 * is more than max), or -EPROTO. */
static long split(char *text, size_t length, char **cells, size_t max)
{
    char *end = text + length - 1;
    if (end > text && end[-1] == '\r')
        end--;
    *end = ',';
    size_t n = 0;
    while (text <= end) {
        char *cell;
        text = take_cell(text, end, &cell);
        if (!text)
            return -EPROTO;
        if (n < max)
            cells[n] = cell;
        n++;
    }
    return (long)n;
}

/* Reads the next row, blank lines skipped. */
static int read_row(struct lb_csv_reader *reader, struct lb_why *why)
{
    char *text;
    size_t length;
    do {
        int found = find_record(reader, why, &length);
        if (found <= 0)
            return found;
        text = reader->buffer + reader->start;
        reader->start += length;
    } while (text[0] == '\n' || (text[0] == '\r' && text[1] == '\n'));

    if (memchr(text, '\0', length))
        return fail_line(why, reader, "a NUL byte");
    long n = split(text, length, reader->cells, reader->n_columns);
    if (n < 0)
        return fail_line(why, reader, "a quote in the midst of a cell");
    if ((size_t)n != reader->n_columns)
        return lb_fail(why, EPROTO, "%s:%zu: %ld cells under %zu columns", reader->path,
                       reader->line, n, reader->n_columns);
    const char *version = reader->cells[reader->version_at];
    if (lb_number_parse(version) != LB_SCHEMA_VERSION)
        return lb_fail(why, EPROTO, "%s:%zu: schema_version is '%.20s', this program reads %d",
                       reader->path, reader->line, version, LB_SCHEMA_VERSION);
    return 1;
}

/* Cuts the header into names and sorts them. */
static int index_header(struct lb_csv_reader *reader, char **cells, struct lb_why *why)
{
    for (size_t i = 0; i < reader->n_columns; i++)
        reader->names[i] = (struct named){cells[i], i};
    qsort(reader->names, reader->n_columns, sizeof *reader->names, compare_names);
    if (!find_column(reader, "schema_version", &reader->version_at))
        return lb_fail(why, EPROTO,
                       "%s: no column schema_version: its first line is no header of this program",
                       reader->path);
    for (size_t i = 1; i < reader->n_columns; i++)
        if (strcmp(reader->names[i - 1].name, reader->names[i].name) == 0)
            return lb_fail(why, EPROTO, "%s: two columns are called '%.60s'", reader->path,
                           reader->names[i].name);
    return 0;
}

static int read_header(struct lb_csv_reader *reader, struct lb_why *why)
{
    size_t length;
    int found = find_record(reader, why, &length);
    if (found < 0)
        return found;
    if (!found)
        return lb_fail(why, ENODATA, "%s: no header line", reader->path);
    char *text = reader->buffer + reader->start;
    reader->start += length;
    /* Some editors put a byte order mark in front. */
    size_t mark = length > 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    text += mark;
    length -= mark;
    if (memchr(text, '\0', length))
        return fail_line(why, reader, "a NUL byte");

    size_t max = 1;
    for (size_t i = 0; i < length; i++)
        max += text[i] == ',';
    reader->header = malloc(length);
    reader->cells = calloc(max, sizeof *reader->cells);
    reader->names = calloc(max, sizeof *reader->names);
    if (!reader->header || !reader->cells || !reader->names)
        return fail(why, ENOMEM, reader->path);
    memcpy(reader->header, text, length);
    long n = split(reader->header, length, reader->cells, max);
    if (n < 0)
        return fail_line(why, reader, "a quote in the midst of a cell");
    reader->n_columns = (size_t)n;
    return index_header(reader, reader->cells, why);
}

static int check_columns(struct lb_csv_reader *reader, const char *const *needed,
                         struct lb_why *why)
{
    size_t at;
    for (; needed && *needed; needed++)
        if (!find_column(reader, *needed, &at))
            return lb_fail(why, EPROTO, "%s: no column %s", reader->path, *needed);
    return 0;
}

static int start_reading(struct lb_csv_reader *reader, const char *const *needed,
                         struct lb_why *why)
{
    reader->capacity = FIRST_CAPACITY;
    reader->buffer = malloc(reader->capacity);
    if (!reader->path || !reader->buffer)
        return fail(why, ENOMEM, reader->path ? reader->path : "csv");
    int result = lb_open_regular(AT_FDCWD, reader->path, 0, why, &reader->fd);
    if (!result)
        result = read_header(reader, why);
    if (!result)
        result = check_columns(reader, needed, why);
    if (result)
        return result;
    /* The version stands in the rows: a file of another one is refused before it is used. */
    reader->ahead = true;
    reader->ahead_result = read_row(reader, why);
    return reader->ahead_result < 0 ? reader->ahead_result : 0;
}

int lb_csv_open(const char *path, const char *const *needed, struct lb_why *why,
                struct lb_csv_reader **reader)
{
    struct lb_csv_reader *opened = calloc(1, sizeof *opened);
    if (!opened)
        return fail(why, ENOMEM, path);
    opened->fd = -1;
    opened->next_line = 1;
    opened->path = strdup(path);
    int result = start_reading(opened, needed, why);
    if (result) {
        lb_csv_reader_close(opened);
        return result;
    }
    *reader = opened;
    return 0;
}

int lb_csv_next(struct lb_csv_reader *reader, struct lb_why *why)
{
    reader->has_row = false;
    int result = reader->ahead ? reader->ahead_result : read_row(reader, why);
    reader->ahead = false;
    reader->has_row = result == 1;
    return result;
}

int lb_csv_each(const char *dir, const char *file, const char *const *needed, struct lb_why *why,
                int (*each)(const struct lb_csv_reader *row, void *context), void *context)
{
    struct lb_csv_reader *reader;
    char *path;
    int err;

    if (asprintf(&path, "%s%s%s", dir ? dir : "", dir ? "/" : "", file) < 0)
        return lb_fail(why, ENOMEM, "%s: %s", file, strerror(ENOMEM));
    err = lb_csv_open(path, needed, why, &reader);
    free(path);
    if (err)
        return err;
    while ((err = lb_csv_next(reader, why)) == 1 && !(err = each(reader, context)))
        ;
    if (err == -ENOMEM)
        fail(why, ENOMEM, reader->path);
    lb_csv_reader_close(reader);
    return err;
}

const char *lb_csv_cell(const struct lb_csv_reader *reader, const char *column)
{
    size_t at;
    return reader->has_row && find_column(reader, column, &at) ? reader->cells[at] : "";
}

double lb_csv_number(const struct lb_csv_reader *reader, const char *column)
{
    return lb_number_parse(lb_csv_cell(reader, column));
}

size_t lb_csv_line(const struct lb_csv_reader *reader)
{
    return reader->line;
}

size_t lb_csv_torn(const struct lb_csv_reader *reader)
{
    return reader->torn;
}

void lb_csv_reader_close(struct lb_csv_reader *reader)
{
    if (!reader)
        return;
    if (reader->fd >= 0)
        close(reader->fd);
    free(reader->buffer);
    free(reader->header);
    free(reader->names);
    free(reader->cells);
    free(reader->path);
    free(reader);
}
