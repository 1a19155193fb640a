/* SPDX-License-Identifier: MIT
 *
 * CSV files written, whatever happens to the disk or the writer, and read, whatever they hold.
 */
#include <linebounce/record.h>

#include "support/folder_of_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Writing ------------------------------------------------------------------------------------ */

static const char *const awkward[] = {
    "a,b",      "\"",   "\"\"", "say \"no\"", "two\nlines", "cr\rhere", "\r\n", ",",
    " spaces ", "5%",   "\n",   "\",\"\n\"",  "=1+1",       "+x",       "-y",   "@SUM(A1)",
    "\t=1",     "\r=1", "'",    "'=1",        "''-x",       "'a",       "-1.5", "-1;;+2",
};

/* Text that a spreadsheet would run is kept from it; numbers stay numbers. */
static void test_csv_formulas(void **state)
{
    static const char *const cells[][2] = {
        {"=HYPERLINK(1)", "'=HYPERLINK(1)"},
        {"+1 more", "'+1 more"},
        {"-", "'-"},
        {"@a", "'@a"},
        {"\tx", "'\tx"},
        {"=1,2", "\"'=1,2\""},
        {"\r=", "\"'\r=\""},
        {"'=x", "''=x"},
        {"-1.5", "-1.5"},
        {"+7", "+7"},
        {"-2;;3", "-2;;3"},
        {"-2;x", "'-2;x"},
        {"-1111111111111111111111111111111111111111111111+x",
         "'-1111111111111111111111111111111111111111111111+x"},
        {"a=b", "a=b"},
        {"'a", "'a"},
    };
    struct lb_row *row = new_row();
    char line[80];

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cells); i++) {
        lb_row_text(row, "name", cells[i][0]);
        snprintf(line, sizeof line, "3,%s,,\n", cells[i][1]);
        assert_line(row, line);
    }
    lb_row_destroy(row);
}

static void test_csv_quoting(void **state)
{
    (void)state;
    struct lb_row *row = new_row();
    lb_row_text(row, "name", "plain text; no quotes");
    assert_line(row, "3,plain text; no quotes,,\n");
    lb_row_text(row, "name", "a \"b\",c");
    assert_line(row, "3,\"a \"\"b\"\",c\",,\n");
    lb_row_text(row, "name", "a\rb");
    assert_line(row, "3,\"a\rb\",,\n");
    lb_row_text(row, "name", "two\nlines");
    assert_line(row, "3,\"two\nlines\",,\n");
    lb_row_destroy(row);
}

static void test_csv_round_trip(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_csv *csv;
    struct lb_row *row = new_row();
    assert_int_equal(lb_csv_create(&small, in_folder("trip.csv"), &why, &csv), 0);
    for (size_t i = 0; i < LB_COUNT(awkward); i++) {
        lb_row_clear(row);
        lb_row_text(row, "name", awkward[i]);
        lb_row_int(row, "count", (int64_t)i);
        assert_int_equal(lb_csv_append(csv, row, &why), 0);
    }
    lb_csv_close(csv);
    lb_row_destroy(row);

    static const char *const needed[] = {"name", "count", NULL};
    struct lb_csv_reader *reader;
    assert_int_equal(lb_csv_open(in_folder("trip.csv"), needed, &why, &reader), 0);
    assert_string_equal(lb_csv_cell(reader, "name"), "");
    for (size_t i = 0; i < LB_COUNT(awkward); i++) {
        assert_int_equal(lb_csv_next(reader, &why), 1);
        assert_string_equal(lb_csv_cell(reader, "name"), awkward[i]);
        assert_true(lb_csv_number(reader, "count") == (double)i);
        assert_true(isnan(lb_csv_number(reader, "value")));
        assert_string_equal(lb_csv_cell(reader, "no such column"), "");
    }
    assert_int_equal(lb_csv_next(reader, &why), 0);
    assert_int_equal(lb_csv_next(reader, &why), 0);
    assert_string_equal(lb_csv_cell(reader, "name"), "");
    assert_int_equal(lb_csv_torn(reader), 0);
    lb_csv_reader_close(reader);
    lb_csv_reader_close(NULL);
}

/* What a file has in every row gives way to what a row says. */
static void test_csv_fill(void **state)
{
    struct lb_why why = {""};
    struct lb_csv *csv;
    struct lb_row *row = new_row();

    (void)state;
    assert_int_equal(lb_csv_create(&small, in_folder("fill.csv"), &why, &csv), 0);
    assert_int_equal(lb_csv_fill(csv, "none", "x", &why), -EINVAL);
    assert_non_null(strstr(why.text, "fill.csv: has no column none"));
    assert_int_equal(lb_csv_fill(csv, "name", "first", &why), 0);
    assert_int_equal(lb_csv_fill(csv, "name", "a, b", &why), 0);
    assert_int_equal(lb_csv_append(csv, row, &why), 0);
    lb_row_text(row, "name", "own");
    assert_int_equal(lb_csv_append(csv, row, &why), 0);
    lb_csv_close(csv);
    lb_row_destroy(row);
    char *text = read_text(in_folder("fill.csv"));
    assert_non_null(strstr(text, "\n3,\"a, b\",,\n3,own,,\n"));
    free(text);
}

static void test_csv_create_refuses(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_csv *csv = (struct lb_csv *)&why;
    const char *path = in_folder("there.csv");
    write_text(path, "mine");
    assert_int_equal(lb_csv_create(&small, path, &why, &csv), -EEXIST);
    assert_non_null(strstr(why.text, path));
    assert_ptr_equal(csv, &why);
    char *text = read_text(path);
    assert_string_equal(text, "mine");
    free(text);
    assert_int_equal(lb_csv_create(&small, in_folder("no/such/x.csv"), NULL, &csv), -ENOENT);
    lb_csv_close(NULL);
}

static void test_csv_append_other_schema(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_csv *csv;
    struct lb_row *row;
    assert_int_equal(lb_row_create(&lb_schema_summary, &row), 0);
    assert_int_equal(lb_csv_create(&small, in_folder("other.csv"), &why, &csv), 0);
    assert_int_equal(lb_csv_append(csv, row, &why), -EINVAL);
    assert_non_null(strstr(why.text, "summary.csv"));
    lb_csv_close(csv);
    lb_row_destroy(row);
}

/* A folder's files can be removed, replaced and cut while they are written. */
static void test_csv_lost_meanwhile(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_csv *csv;
    struct lb_row *row = new_row();
    const char *path = in_folder("lost.csv");

    lb_row_text(row, "name", "x");
    assert_int_equal(lb_csv_create(&small, path, &why, &csv), 0);
    assert_int_equal(lb_csv_append(csv, row, &why), 0);
    assert_int_equal(lb_csv_check(csv, &why), 0);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(lb_csv_check(csv, &why), -EIO);
    assert_non_null(strstr(why.text, "lost.csv: was cut"));
    assert_int_equal(lb_csv_append(csv, row, &why), -EIO);
    assert_non_null(strstr(why.text, "lost.csv: was cut"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(lb_csv_check(csv, &why), -ENOENT);
    write_text(path, "somebody else's");
    assert_int_equal(lb_csv_check(csv, &why), -EIO);
    assert_non_null(strstr(why.text, "lost.csv: is another file"));
    lb_csv_close(csv);
    lb_row_destroy(row);
}

static void test_csv_regular_files_only(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_csv *csv;
    struct lb_csv_reader *reader;
    const char *link = in_folder("link.csv"), *fifo = in_folder("fifo.csv");

    write_text(in_folder("target.csv"), "schema_version,name\n");
    assert_int_equal(symlink("target.csv", link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(lb_csv_open(link, NULL, &why, &reader), -ELOOP);
    assert_non_null(strstr(why.text, "link.csv: a symbolic link"));
    assert_int_equal(lb_csv_open(fifo, NULL, &why, &reader), -ENXIO);
    assert_non_null(strstr(why.text, "fifo.csv: no regular file"));
    assert_int_equal(lb_csv_reopen(&small, link, &why, &csv), -ELOOP);
    assert_non_null(strstr(why.text, "link.csv: a symbolic link"));
    assert_int_equal(lb_csv_reopen(&small, fifo, &why, &csv), -ENXIO);
    assert_int_equal(lb_csv_create(&small, link, &why, &csv), -EEXIST);
}

/* write(2) and its kin so far, -1 where the kernel does not count them. */
static long count_writes(void)
{
    long n = -1;
    char line[128];
    FILE *file = fopen("/proc/self/io", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "syscw: %ld", &n) == 1)
            break;
    if (file)
        fclose(file);
    return n;
}

static void test_csv_one_write_per_row(void **state)
{
    (void)state;
    if (count_writes() < 0) {
        print_message("the kernel does not count system calls in /proc/self/io\n");
        skip();
    }
    struct lb_csv *csv;
    struct lb_row *row = new_row();
    char text[10001];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    lb_row_text(row, "name", text);
    assert_int_equal(lb_csv_create(&small, in_folder("writes.csv"), NULL, &csv), 0);
    long before = count_writes();
    for (int i = 0; i < 10; i++)
        assert_int_equal(lb_csv_append(csv, row, NULL), 0);
    assert_int_equal(count_writes() - before, 10);
    lb_csv_close(csv);
    lb_row_destroy(row);
}

/* Rows after which a file of 4096 bytes is full; then room for one more. Runs in a child; returns 0
 * or the number of the step that failed. */
static int fill_up_to_limit(const char *path)
{
    struct lb_why why = {""};
    struct rlimit limit;
    struct lb_csv *csv;
    struct lb_row *row = new_row();
    lb_row_text(row, "name", "a row of some length");
    signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    rlim_t soft = limit.rlim_cur;
    limit.rlim_cur = 10;
    if (setrlimit(RLIMIT_FSIZE, &limit) || lb_csv_create(&small, path, &why, &csv) != -EFBIG ||
        exists(path))
        return 2;
    limit.rlim_cur = 4096;
    if (setrlimit(RLIMIT_FSIZE, &limit) || lb_csv_create(&small, path, &why, &csv))
        return 3;
    int result = 0;
    for (int i = 0; i < 1000 && !result; i++)
        result = lb_csv_append(csv, row, &why);
    if (result != -EFBIG || !strstr(why.text, path))
        return 4;
    limit.rlim_cur = soft;
    lb_row_text(row, "name", "after");
    if (setrlimit(RLIMIT_FSIZE, &limit) || lb_csv_append(csv, row, &why))
        return 5;
    lb_csv_close(csv);
    lb_row_destroy(row);
    return 0;
}

static void test_csv_file_too_large(void **state)
{
    (void)state;
    const char *path = in_folder("limit.csv");
    assert_int_equal(run_child(fill_up_to_limit, path), 0);
    /* Every row is whole, and the one that came later follows the last one that fitted. */
    struct lb_csv_reader *reader;
    struct lb_why why = {""};
    assert_int_equal(lb_csv_open(path, NULL, &why, &reader), 0);
    size_t n = 0;
    while (lb_csv_next(reader, &why) == 1 && strcmp(lb_csv_cell(reader, "name"), "after") != 0) {
        assert_string_equal(lb_csv_cell(reader, "name"), "a row of some length");
        n++;
    }
    assert_int_equal(n, (4096 - strlen(SMALL_HEADER)) / strlen("3,a row of some length,,\n"));
    assert_string_equal(lb_csv_cell(reader, "name"), "after");
    assert_int_equal(lb_csv_next(reader, &why), 0);
    assert_int_equal(lb_csv_torn(reader), 0);
    lb_csv_reader_close(reader);
}

#define CANNOT_MOUNT 77

static bool write_map(const char *path, unsigned int id)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    fprintf(file, "0 %u 1", id);
    return fclose(file) == 0;
}

/* A file system of 32 KiB that only this process sees, on an existing folder. */
static bool mount_small(const char *path)
{
    unsigned int uid = getuid(), gid = getgid();
    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            return false;
        int fd = open("/proc/self/setgroups", O_WRONLY);
        bool denied = fd >= 0 && write(fd, "deny", 4) == 4;
        if (fd >= 0)
            close(fd);
        if (!denied || !write_map("/proc/self/uid_map", uid) ||
            !write_map("/proc/self/gid_map", gid))
            return false;
    }
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("lb-test", path, "tmpfs", 0, "size=32k") == 0;
}

static int fill_disk(const char *path)
{
    struct lb_csv *csv;
    struct lb_csv_reader *reader;
    struct lb_why why = {""};
    char name[1100], text[2001];
    if (!mount_small(path))
        return CANNOT_MOUNT;
    snprintf(name, sizeof name, "%s/full.csv", path);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct lb_row *row = new_row();
    lb_row_text(row, "name", text);
    if (lb_csv_create(&small, name, &why, &csv))
        return 1;
    int result = 0, n = 0;
    while (n < 100 && !(result = lb_csv_append(csv, row, &why)))
        n++;
    if (result != -ENOSPC || !strstr(why.text, name))
        return 2;
    lb_csv_close(csv);
    if (lb_csv_open(name, NULL, &why, &reader))
        return 3;
    while (lb_csv_next(reader, &why) == 1)
        n -= strcmp(lb_csv_cell(reader, "name"), text) == 0;
    return n == 0 && lb_csv_torn(reader) == 0 ? 0 : 4;
}

static void test_csv_disk_full(void **state)
{
    (void)state;
    const char *path = in_folder("disk");
    assert_int_equal(mkdir(path, 0777), 0);
    int result = run_child(fill_disk, path);
    if (result == CANNOT_MOUNT) {
        print_message("no right to mount a small file system\n");
        skip();
    }
    assert_int_equal(result, 0);
}

static _Noreturn void append_for_ever(const char *path, int ready)
{
    struct lb_csv *csv;
    struct lb_row *row;
    if (lb_row_create(&small, &row) || lb_csv_create(&small, path, NULL, &csv))
        _exit(1);
    char text[3001];
    memset(text, 'y', sizeof text - 1);
    for (int64_t i = 0;; i++) {
        size_t length = (size_t)(i * 997 % 3000);
        text[length] = '\0';
        lb_row_text(row, "name", text);
        text[length] = 'y';
        lb_row_int(row, "count", i);
        lb_row_int(row, "value", (int64_t)length);
        if (lb_csv_append(csv, row, NULL) || (i == 200 && write(ready, "", 1) != 1))
            _exit(2);
        if (i > 20000)
            pause();
    }
}

static void test_csv_killed_writer(void **state)
{
    (void)state;
    const char *path = in_folder("killed.csv");
    int ends[2], status;
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        append_for_ever(path, ends[1]);
    assert_true(child > 0);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));

    struct lb_csv_reader *reader;
    struct lb_why why = {""};
    assert_int_equal(lb_csv_open(path, NULL, &why, &reader), 0);
    size_t n = 0;
    for (; lb_csv_next(reader, &why) == 1; n++) {
        assert_true(lb_csv_number(reader, "count") == (double)n);
        assert_true(lb_csv_number(reader, "value") == (double)strlen(lb_csv_cell(reader, "name")));
    }
    assert_string_equal(why.text, "");
    assert_true(n > 200);
    /* The kernel ends a killed write(2) at a page's edge: the row in flight may be torn, no other.
     */
    assert_uint_in_range(lb_csv_torn(reader), 0, 1);
    lb_csv_reader_close(reader);
}

/* Reading ------------------------------------------------------------------------------------ */

static void test_csv_own_order(void **state)
{
    (void)state;
    struct lb_csv_reader *reader = open_text("\xef\xbb\xbfvalue,\"new \"\"one\"\"\",schema_version,"
                                             "name\r\n"
                                             "\r\n"
                                             "2.5,x,3,\"a\"\r\n"
                                             "\n"
                                             "\"1e3\",,\"3\",\n"
                                             ",,3,\"\"\n");
    assert_int_equal(lb_csv_next(reader, NULL), 1);
    assert_true(lb_csv_number(reader, "value") == 2.5);
    assert_string_equal(lb_csv_cell(reader, "name"), "a");
    assert_string_equal(lb_csv_cell(reader, "new \"one\""), "x");
    assert_string_equal(lb_csv_cell(reader, "count"), "");
    assert_true(isnan(lb_csv_number(reader, "count")));
    assert_int_equal(lb_csv_next(reader, NULL), 1);
    assert_true(lb_csv_number(reader, "value") == 1000);
    assert_string_equal(lb_csv_cell(reader, "name"), "");
    assert_int_equal(lb_csv_next(reader, NULL), 1);
    assert_true(isnan(lb_csv_number(reader, "value")));
    assert_int_equal(lb_csv_next(reader, NULL), 0);
    assert_int_equal(lb_csv_torn(reader), 0);
    lb_csv_reader_close(reader);
}

static void test_csv_torn(void **state)
{
    (void)state;
    static const char *const tails[] = {"3,b,2,3", "3,b", "3", "3,\"b", "\"", ",,,,,,"};
    for (size_t i = 0; i < LB_COUNT(tails); i++) {
        char text[256];
        snprintf(text, sizeof text, SMALL_HEADER "3,a,1,1\n%s", tails[i]);
        struct lb_csv_reader *reader = open_text(text);
        assert_int_equal(lb_csv_next(reader, NULL), 1);
        assert_int_equal(lb_csv_torn(reader), 0);
        assert_int_equal(lb_csv_next(reader, NULL), 0);
        assert_int_equal(lb_csv_next(reader, NULL), 0);
        assert_int_equal(lb_csv_torn(reader), 1);
        lb_csv_reader_close(reader);
    }
}

static void test_csv_only_header(void **state)
{
    (void)state;
    struct lb_csv_reader *reader = open_text(SMALL_HEADER);
    assert_int_equal(lb_csv_next(reader, NULL), 0);
    assert_int_equal(lb_csv_torn(reader), 0);
    lb_csv_reader_close(reader);
}

/* Files that lb_csv_open refuses, asked for "name", and what it says. */
static const struct {
    const char *text;
    int result;
    const char *says;
} refused[] = {
    {"", -ENODATA, "no header"},
    {"schema_version,name", -ENODATA, "no header"},
    {"\n", -EPROTO, "schema_version"},
    {"name,count\n", -EPROTO, "schema_version"},
    {"schema_version,names\n", -EPROTO, "no column name"},
    {"schema_version,name,name\n", -EPROTO, "'name'"},
    {"schema_version,\"na\"me\n3,a\n", -EPROTO, ":1: a quote"},
    {"schema_version,name\n1,a\n", -EPROTO, ":2: schema_version is '1'"},
    {"schema_version,name\n4,a\n", -EPROTO, ":2: schema_version is '4'"},
    {"schema_version,name\n,a\n", -EPROTO, ":2: schema_version is ''"},
    {"schema_version,name\n2\n", -EPROTO, ":2: 1 cells under 2"},
    {"schema_version,name\n3,a,\n", -EPROTO, ":2: 3 cells under 2"},
    {"schema_version,name\n3,\"a\"b\n", -EPROTO, ":2: a quote"},
    {"schema_version,name\n3,a\"b\"\n", -EPROTO, ":2: a quote"},
    {"schema_version,name\n3,\"a\n3,b\n", -EPROTO, ":2: a quote is never closed"},
};

static void test_csv_open_refuses(void **state)
{
    (void)state;
    static const char *const needed[] = {"name", NULL};
    for (size_t i = 0; i < LB_COUNT(refused); i++) {
        struct lb_why why = {""};
        struct lb_csv_reader *reader = (struct lb_csv_reader *)&why;
        const char *path = in_folder("refused.csv");
        write_text(path, refused[i].text);
        assert_int_equal(lb_csv_open(path, needed, &why, &reader), refused[i].result);
        assert_non_null(strstr(why.text, path));
        assert_non_null(strstr(why.text, refused[i].says));
        assert_ptr_equal(reader, &why);
    }
    struct lb_why why = {""};
    struct lb_csv_reader *reader;
    assert_int_equal(lb_csv_open(in_folder("missing.csv"), needed, &why, &reader), -ENOENT);
    assert_non_null(strstr(why.text, "missing.csv: No such file"));
    assert_int_equal(lb_csv_open(folder, needed, NULL, &reader), -EISDIR);
}

static void test_csv_later_rows(void **state)
{
    (void)state;
    static const char text[] = SMALL_HEADER "3,\"two\nlines\",1,1\n"
                                            "4,other,1,1\n"
                                            "3,a\0b,1,1\n"
                                            "3,short\n"
                                            "3,good,1,1\n";
    struct lb_why why = {""};
    struct lb_csv_reader *reader;
    const char *path = in_folder("later.csv");
    write_bytes(path, text, sizeof text - 1);
    assert_int_equal(lb_csv_open(path, NULL, &why, &reader), 0);
    assert_int_equal(lb_csv_next(reader, &why), 1);
    assert_int_equal(lb_csv_next(reader, &why), -EPROTO);
    assert_non_null(strstr(why.text, "later.csv:4: schema_version is '4'"));
    assert_string_equal(lb_csv_cell(reader, "name"), "");
    assert_int_equal(lb_csv_next(reader, &why), -EPROTO);
    assert_non_null(strstr(why.text, "later.csv:5: a NUL byte"));
    assert_int_equal(lb_csv_next(reader, &why), -EPROTO);
    assert_non_null(strstr(why.text, "later.csv:6: 2 cells"));
    assert_int_equal(lb_csv_next(reader, &why), 1);
    assert_string_equal(lb_csv_cell(reader, "name"), "good");
    assert_int_equal(lb_csv_next(reader, &why), 0);
    lb_csv_reader_close(reader);
}

/* Rows over every boundary of the reader's buffer, one of them larger than it. */
static void test_csv_large(void **state)
{
    (void)state;
    enum { ROWS = 20000, BIG = 700000 };
    const char *path = in_folder("large.csv");
    FILE *file = fopen(path, "w");
    char *big = malloc(BIG + 1);
    assert_non_null(file);
    assert_non_null(big);
    memset(big, 'z', BIG);
    big[BIG] = '\0';
    fputs(SMALL_HEADER, file);
    for (int i = 0; i < ROWS; i++)
        fprintf(file, i % 3 ? "3,row %d,%d,%d.5\n" : "3,\"row\n %d\",%d,%d.5\n", i, i, i);
    fprintf(file, "3,%s,1,1\n3,last,2,2\n", big);
    assert_int_equal(fclose(file), 0);

    struct lb_csv_reader *reader;
    assert_int_equal(lb_csv_open(path, NULL, NULL, &reader), 0);
    for (int i = 0; i < ROWS; i++) {
        char name[32];
        snprintf(name, sizeof name, i % 3 ? "row %d" : "row\n %d", i);
        assert_int_equal(lb_csv_next(reader, NULL), 1);
        assert_string_equal(lb_csv_cell(reader, "name"), name);
        assert_true(lb_csv_number(reader, "count") == i);
        assert_true(lb_csv_number(reader, "value") == i + 0.5);
    }
    assert_int_equal(lb_csv_next(reader, NULL), 1);
    assert_string_equal(lb_csv_cell(reader, "name"), big);
    assert_int_equal(lb_csv_next(reader, NULL), 1);
    assert_string_equal(lb_csv_cell(reader, "name"), "last");
    assert_int_equal(lb_csv_next(reader, NULL), 0);
    lb_csv_reader_close(reader);
    free(big);
}

/* A row without end is refused before it has taken all memory. */
static void test_csv_endless_row(void **state)
{
    (void)state;
    const char *path = in_folder("endless.csv");
    write_text(path, SMALL_HEADER);
    assert_int_equal(truncate(path, (off_t)40 << 20), 0);
    struct lb_csv_reader *reader;
    struct lb_why why = {""};
    assert_int_equal(lb_csv_open(path, NULL, &why, &reader), -EPROTO);
    assert_non_null(strstr(why.text, "endless.csv:2: a row over 4 MiB"));
}

static uint32_t random_bits(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Reads what there is; returns the rows. Whatever the bytes, it comes to an end. */
static size_t read_all(const char *path)
{
    struct lb_csv_reader *reader;
    struct lb_why why = {""};
    size_t rows = 0, touched = 0;
    int result = lb_csv_open(path, NULL, &why, &reader);
    assert_true(result <= 0);
    if (result)
        return 0;
    for (int calls = 0; calls < 10000 && (result = lb_csv_next(reader, &why)) != 0; calls++) {
        assert_true(result == 1 || result == -EPROTO);
        rows += result == 1;
        for (size_t i = 0; i < small.n_columns; i++)
            touched += strlen(lb_csv_cell(reader, small.columns[i].name));
        (void)lb_csv_number(reader, "value");
    }
    assert_true(touched < (size_t)1 << 20);
    lb_csv_reader_close(reader);
    return rows;
}

static void test_csv_random_bytes(void **state)
{
    (void)state;
    static const char alphabet[] = "\"\",,\n\n\r1a;\0";
    const char *path = in_folder("random.csv");
    uint32_t random = 2463534242u;
    size_t rows = 0;
    for (int trial = 0; trial < 600; trial++) {
        char text[400] = SMALL_HEADER "3,a,1,1\n";
        /* A third of the files is random as a whole, the others only behind a good start. */
        size_t length = trial % 3 ? strlen(text) : 0;
        size_t end = length + random_bits(&random) % 300;
        for (; length < end; length++) {
            uint32_t bits = random_bits(&random);
            text[length] = bits & 0x700 ? alphabet[bits % (sizeof alphabet - 1)] : (char)bits;
        }
        write_bytes(path, text, length);
        rows += read_all(path);
    }
    /* Good first rows with a newline in good place behind them were read. */
    assert_true(rows > 100);
}

/* One that is unknown keeps its place among others, and what is too long is cut. */
static void test_csv_values(void **state)
{
    static const char *const wanted[] = {"1", "", "3.5", "long"};
    const char *cell = "1;;3.5;longer";
    char value[5];

    (void)state;
    for (size_t i = 0; i < LB_COUNT(wanted); i++) {
        assert_true(lb_csv_value(&cell, value, sizeof value));
        assert_string_equal(value, wanted[i]);
    }
    assert_false(lb_csv_value(&cell, value, sizeof value));
    assert_string_equal(value, "long");
}

/* Sums up column "count", and ends at a row whose value is 7. */
static int take_count(const struct lb_csv_reader *row, void *sum)
{
    double count = lb_csv_number(row, "count");

    *(double *)sum += count;
    return count == 7 ? -E2BIG : 0;
}

static void test_csv_each(void **state)
{
    struct lb_why why = {""};
    char dir[512];
    double sum = 0;

    (void)state;
    snprintf(dir, sizeof dir, "%s", in_folder("each.csv"));
    write_text(dir, SMALL_HEADER "3,a,1,1\n3,b,2,1\n");
    assert_int_equal(lb_csv_each(NULL, dir, NULL, &why, take_count, &sum), 0);
    assert_float_equal(sum, 3, 0);
    *strrchr(dir, '/') = '\0';
    assert_int_equal(lb_csv_each(dir, "each.csv", NULL, &why, take_count, &sum), 0);
    assert_float_equal(sum, 6, 0);
    assert_int_equal(lb_csv_each(dir, "none.csv", NULL, &why, take_count, &sum), -ENOENT);
    assert_non_null(strstr(why.text, "none.csv"));
    write_text(in_folder("each.csv"), SMALL_HEADER "3,a,7,1\n3,b,2,1\n");
    assert_int_equal(lb_csv_each(dir, "each.csv", NULL, &why, take_count, &sum), -E2BIG);
    assert_float_equal(sum, 13, 0);
    write_text(in_folder("each.csv"), SMALL_HEADER "3,a,1,1\n3,b\n");
    assert_int_equal(lb_csv_each(dir, "each.csv", NULL, &why, take_count, &sum), -EPROTO);
    assert_float_equal(sum, 14, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_quoting),
        cmocka_unit_test(test_csv_formulas),
        cmocka_unit_test(test_csv_round_trip),
        cmocka_unit_test(test_csv_fill),
        cmocka_unit_test(test_csv_create_refuses),
        cmocka_unit_test(test_csv_append_other_schema),
        cmocka_unit_test(test_csv_lost_meanwhile),
        cmocka_unit_test(test_csv_regular_files_only),
        cmocka_unit_test(test_csv_one_write_per_row),
        cmocka_unit_test(test_csv_file_too_large),
        cmocka_unit_test(test_csv_disk_full),
        cmocka_unit_test(test_csv_killed_writer),
        cmocka_unit_test(test_csv_own_order),
        cmocka_unit_test(test_csv_torn),
        cmocka_unit_test(test_csv_only_header),
        cmocka_unit_test(test_csv_open_refuses),
        cmocka_unit_test(test_csv_later_rows),
        cmocka_unit_test(test_csv_large),
        cmocka_unit_test(test_csv_endless_row),
        cmocka_unit_test(test_csv_random_bytes),
        cmocka_unit_test(test_csv_values),
        cmocka_unit_test(test_csv_each),
    };
    return cmocka_run_group_tests_name("csv", tests, make_folder, remove_folder);
}
