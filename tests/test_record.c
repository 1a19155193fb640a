/* SPDX-License-Identifier: MIT
 *
 * record: rows, CSV files written and read back, run.json, the environment, and the schema page.
 */
#include <linebounce/account.h>
#include <linebounce/compare.h>
#include <linebounce/events.h>
#include <linebounce/pairs.h>
#include <linebounce/record.h>

#include "machine/environment_private.h"
#include "base/number.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <locale.h>
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
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Helpers ------------------------------------------------------------------------------------ */

static char folder[512];

static int make_folder(void **state)
{
    (void)state;
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.400s/lb-record-XXXXXX", parent && *parent ? parent : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of a file in the test's folder; the next four calls leave it alone. */
static const char *in_folder(const char *name)
{
    static char paths[4][1024];
    static unsigned int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void put_text(const char *path, const char *text)
{
    put_file(path, text, strlen(text));
}

/* The whole file with a NUL behind it. */
static char *get_file(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = NULL;
    size_t length = 0;
    if (getdelim(&text, &length, '\0', file) < 0)
        assert_true(feof(file));
    fclose(file);
    assert_non_null(text);
    return text;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* How many files in the test's folder have `part` in their names. */
static size_t count_files(const char *part)
{
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    size_t n = 0;
    for (struct dirent *entry; (entry = readdir(entries));)
        n += strstr(entry->d_name, part) != NULL;
    closedir(entries);
    return n;
}

static const struct lb_column small_columns[] = {
    {"schema_version", ""},
    {"name", ""},
    {"count", ""},
    {"value", ""},
};
static const struct lb_schema small = {"small.csv", small_columns, LB_COUNT(small_columns)};
#define SMALL_HEADER "schema_version,name,count,value\n"

static struct lb_row *new_row(void)
{
    struct lb_row *row;
    assert_int_equal(lb_row_create(&small, &row), 0);
    return row;
}

/* Writes one row into a new file and gives the line back that it became, to be freed. */
static char *line_of(const struct lb_row *row)
{
    struct lb_why why = {""};
    struct lb_csv *csv;
    const char *path = in_folder("line.csv");
    unlink(path);
    assert_int_equal(lb_csv_create(&small, path, &why, &csv), 0);
    assert_int_equal(lb_csv_append(csv, row, &why), 0);
    lb_csv_close(csv);
    char *text = get_file(path);
    assert_memory_equal(text, SMALL_HEADER, strlen(SMALL_HEADER));
    memmove(text, text + strlen(SMALL_HEADER), strlen(text) - strlen(SMALL_HEADER) + 1);
    return text;
}

static void assert_line(const struct lb_row *row, const char *expected)
{
    char *line = line_of(row);
    assert_string_equal(line, expected);
    free(line);
}

/* Writes the text and opens it as CSV, which has to succeed. */
static struct lb_csv_reader *open_text(const char *text)
{
    struct lb_why why = {""};
    struct lb_csv_reader *reader;
    const char *path = in_folder("read.csv");
    put_text(path, text);
    int result = lb_csv_open(path, NULL, &why, &reader);
    if (result)
        print_error("%s\n", why.text);
    assert_int_equal(result, 0);
    return reader;
}

/* Numbers ------------------------------------------------------------------------------------ */

static const struct {
    double value;
    const char *text;
} six_digits[] = {
    {0, "0"},
    {-0.0, "0"},
    {1, "1"},
    {-1.5, "-1.5"},
    {0.1, "0.1"},
    {1e6, "1000000"},
    {1234567.8, "1234570"},
    {999999.5, "1000000"},
    {0.9999996, "1"},
    {545.25, "545.25"},
    {12.3456789, "12.3457"},
    {0.000123456789, "0.000123457"},
    {1e-6, "0.000001"},
    {1.5e-7, "1.5e-7"},
    {1e20, "100000000000000000000"},
    {-2.5e21, "-2.5e21"},
    {1.7976931348623157e308, "1.79769e308"},
    {4.9406564584124654e-324, "4.94066e-324"},
};

static void test_number_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(six_digits); i++) {
        char text[LB_NUMBER_BYTES];
        lb_number_format(six_digits[i].value, 6, text);
        assert_string_equal(text, six_digits[i].text);
        double back = lb_number_parse(text);
        if (fabs(six_digits[i].value) < 1e308)
            assert_true(fabs(back - six_digits[i].value) <= 5.1e-6 * fabs(six_digits[i].value));
    }
}

static void test_number_exact(void **state)
{
    (void)state;
    static const double values[] = {0.1,  1.0 / 3,  2.2250738585072014e-308, 9007199254740991.0,
                                    1e22, -6.02e23, 1.7976931348623157e308,  5e-324};
    char text[LB_NUMBER_BYTES];
    for (size_t i = 0; i < LB_COUNT(values); i++) {
        lb_number_format_exact(values[i], text);
        assert_true(lb_number_parse(text) == values[i]);
    }
    lb_number_format_exact(0.1, text);
    assert_string_equal(text, "0.1");
    lb_number_format_exact(9007199254740991.0, text);
    assert_string_equal(text, "9007199254740991");
}

static void test_number_parse_refuses(void **state)
{
    (void)state;
    static const char *const texts[] = {"",      " 1", "1 ", "0x10", "inf", "nan",   "1,5", "1;2",
                                        "1.2.3", "1e", "e5", "-",    ".",   "1e999", "ok"};
    for (size_t i = 0; i < LB_COUNT(texts); i++)
        assert_true(isnan(lb_number_parse(texts[i])));
}

/* Rows --------------------------------------------------------------------------------------- */

static void test_row_cells(void **state)
{
    (void)state;
    struct lb_row *row = new_row();
    assert_line(row, "3,,,\n");
    assert_int_equal(lb_row_text(row, "name", "first"), 0);
    assert_int_equal(lb_row_text(row, "name", "later"), 0);
    assert_int_equal(lb_row_int(row, "count", INT64_MIN), 0);
    assert_int_equal(lb_row_number(row, "value", 12.3456789), 0);
    assert_line(row, "3,later,-9223372036854775808,12.3457\n");
    assert_int_equal(lb_row_text(row, "name", NULL), 0);
    assert_int_equal(lb_row_number(row, "count", (double)NAN), 0);
    assert_int_equal(lb_row_number(row, "value", (double)-INFINITY), 0);
    assert_line(row, "3,,,\n");
    lb_row_text(row, "name", "x");
    lb_row_clear(row);
    assert_line(row, "3,,,\n");
    lb_row_destroy(row);
    lb_row_destroy(NULL);
}

static void test_row_unknown_column(void **state)
{
    (void)state;
    struct lb_row *row = new_row();
    assert_int_equal(lb_row_text(row, "nam", "x"), -EINVAL);
    assert_int_equal(lb_row_int(row, "Name", 1), -EINVAL);
    assert_int_equal(lb_row_number(row, "", 1), -EINVAL);
    assert_int_equal(lb_row_more_int(row, "names", 1), -EINVAL);
    assert_int_equal(lb_row_more_number(row, "x", 1), -EINVAL);
    assert_line(row, "3,,,\n");
    lb_row_destroy(row);
    assert_int_equal(lb_schema_find(&small, "value"), 3);
    assert_int_equal(lb_schema_find(&small, "values"), -1);
}

static void test_row_many_values(void **state)
{
    (void)state;
    struct lb_row *row = new_row();
    for (int i = 0; i < 3; i++)
        assert_int_equal(lb_row_more_int(row, "count", i), 0);
    /* An unknown value keeps its place, also the first and the last one. */
    lb_row_more_number(row, "value", (double)NAN);
    lb_row_more_number(row, "value", 2.5);
    lb_row_more_number(row, "value", (double)INFINITY);
    assert_line(row, "3,,0;1;2,;2.5;\n");
    lb_row_int(row, "count", 7);
    lb_row_more_int(row, "count", 8);
    lb_row_number(row, "value", 1);
    assert_line(row, "3,,7;8,1\n");
    lb_row_clear(row);
    lb_row_more_int(row, "count", 9);
    assert_line(row, "3,,9,\n");
    /* Texts likewise; an empty one is a place, none is nothing. */
    lb_row_clear(row);
    assert_int_equal(lb_row_more_text(row, "name", "one"), 0);
    assert_int_equal(lb_row_more_text(row, "name", NULL), 0);
    assert_int_equal(lb_row_more_text(row, "name", ""), 0);
    assert_int_equal(lb_row_more_text(row, "name", "a, b"), 0);
    assert_int_equal(lb_row_more_text(row, "other", "x"), -EINVAL);
    assert_line(row, "3,\"one;;a, b\",,\n");
    lb_row_destroy(row);
}

/* Showing ------------------------------------------------------------------------------------ */

static void test_printable(void **state)
{
    static const char *const texts[][2] = {
        {"", ""},
        {"plain, \\ and 'quoted' \xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x92",
         "plain, \\ and 'quoted' \xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x92"},
        {"\x1b[2J", "\\x1b[2J"},
        {"a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"},
        {"\x7f\xc2\x9b", "\\x7f\\xc2\\x9b"},                   /* DEL, and CSI as one character */
        {"\xe2\x80\xaex", "\\xe2\\x80\\xaex"},                 /* the rest from right to left */
        {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},                   /* a line of its own */
        {"caf\xe9", "caf\\xe9"},                               /* Latin-1 */
        {"\xc0\x8a\xed\xa0\x80", "\\xc0\\x8a\\xed\\xa0\\x80"}, /* overlong, a surrogate */
    };
    struct lb_why why;
    char shown[128];

    (void)state;
    for (size_t i = 0; i < LB_COUNT(texts); i++) {
        assert_int_equal(lb_printable(texts[i][0], shown, sizeof shown), strlen(texts[i][1]));
        assert_string_equal(shown, texts[i][1]);
        assert_int_equal(lb_printable(texts[i][0], NULL, 0), strlen(texts[i][1]));
    }
    /* Whole characters only, and none behind one that has no room. */
    assert_int_equal(lb_printable("ab\nc", shown, 6), 7);
    assert_string_equal(shown, "ab");
    lb_printable("ab\xe2\x82\xac", shown, 5);
    assert_string_equal(shown, "ab");
    /* Sentences name files, and what stands in them. */
    assert_int_equal(lb_fail(&why, EPROTO, "%s: no JSON", "a\x1b[1m\nlinebounce: b"), -EPROTO);
    assert_string_equal(why.text, "a\\x1b[1m\\x0alinebounce: b: no JSON");
}

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
        {"a=b", "a=b"},
        {"'a", "'a"},
    };
    struct lb_row *row = new_row();
    char line[64];

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

static void test_csv_create_refuses(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_csv *csv = (struct lb_csv *)&why;
    const char *path = in_folder("there.csv");
    put_text(path, "mine");
    assert_int_equal(lb_csv_create(&small, path, &why, &csv), -EEXIST);
    assert_non_null(strstr(why.text, path));
    assert_ptr_equal(csv, &why);
    char *text = get_file(path);
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
    put_text(path, "somebody else's");
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

    put_text(in_folder("target.csv"), "schema_version,name\n");
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

static int run_child(int (*function)(const char *), const char *path)
{
    pid_t child = fork();
    if (child == 0)
        _exit(function(path));
    int status = 0;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
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
        put_text(path, refused[i].text);
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
    put_file(path, text, sizeof text - 1);
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
    put_text(path, SMALL_HEADER);
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
        put_file(path, text, length);
        rows += read_all(path);
    }
    /* Good first rows with a newline in good place behind them were read. */
    assert_true(rows > 100);
}

/* Locale ------------------------------------------------------------------------------------- */

static void test_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE",      "fr_FR.UTF-8",
                                        "fr_FR.utf8",  "pl_PL.utf8", "ps_AF.utf8", "es_ES.utf8"};
    const char *found = NULL;
    for (size_t i = 0; i < LB_COUNT(names) && !found; i++)
        if (setlocale(LC_ALL, names[i]) && strcmp(localeconv()->decimal_point, ".") != 0)
            found = names[i];
    if (!found) {
        setlocale(LC_ALL, "C");
        print_message("no locale without a decimal point is installed\n");
        skip();
    }
    struct lb_row *row = new_row();
    lb_row_int(row, "count", 1234567);
    lb_row_number(row, "value", 1234.5);
    char *line = line_of(row);
    lb_row_destroy(row);
    struct lb_csv_reader *reader = open_text(SMALL_HEADER "3,a,1,1234.5\n");
    int next = lb_csv_next(reader, NULL);
    double value = lb_csv_number(reader, "value");
    lb_csv_reader_close(reader);
    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    lb_json_number(json, "value", 1234.5);
    int written = lb_json_write(json, in_folder("locale.json"), NULL);
    lb_json_destroy(json);
    setlocale(LC_ALL, "C");

    assert_string_equal(line, "3,,1234567,1234.5\n");
    free(line);
    assert_int_equal(next, 1);
    assert_true(value == 1234.5);
    assert_int_equal(written, 0);
    char *text = get_file(in_folder("locale.json"));
    assert_non_null(strstr(text, "1234.5"));
    free(text);
}

/* JSON --------------------------------------------------------------------------------------- */

static cJSON *written(const struct lb_json *json)
{
    struct lb_why why = {""};
    const char *path = in_folder("run.json");
    assert_int_equal(lb_json_write(json, path, &why), 0);
    char *text = get_file(path);
    assert_int_equal(text[strlen(text) - 1], '\n');
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);
    free(text);
    return root;
}

/* The item at a path with dots; a number as the last name indexes an array. */
static const cJSON *item(const cJSON *root, const char *path)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *rest = copy, *name; root && (name = strsep(&rest, "."));)
        root = cJSON_IsArray(root) ? cJSON_GetArrayItem(root, atoi(name))
                                   : cJSON_GetObjectItemCaseSensitive(root, name);
    return root;
}

static const char *text_at(const cJSON *root, const char *path)
{
    const char *text = cJSON_GetStringValue(item(root, path));
    return text ? text : "(no text)";
}

static void test_json_values(void **state)
{
    (void)state;
    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    assert_int_equal(lb_json_text(json, "a.b.c", "deep"), 0);
    assert_int_equal(lb_json_text(json, "a.b.d", ""), 0);
    assert_int_equal(lb_json_text(json, "a.e", NULL), 0);
    assert_int_equal(lb_json_number(json, "clock.step_ns", 0.1), 0);
    assert_int_equal(lb_json_number(json, "clock.rate", (double)NAN), 0);
    assert_int_equal(lb_json_number(json, "big", 4503599627370497.0), 0);
    assert_int_equal(lb_json_bool(json, "yes", true), 0);
    assert_int_equal(lb_json_bool(json, "no", false), 0);
    assert_int_equal(lb_json_push_text(json, "argv", "run"), 0);
    assert_int_equal(lb_json_push_text(json, "argv", ""), 0);
    assert_int_equal(lb_json_push_text(json, "argv", NULL), 0);
    assert_int_equal(lb_json_text(json, "a.b.c", "\"quoted\"\n\t\\"), 0);

    cJSON *root = written(json);
    assert_true(cJSON_GetNumberValue(item(root, "schema_version")) == LB_SCHEMA_VERSION);
    assert_string_equal(text_at(root, "a.b.c"), "\"quoted\"\n\t\\");
    assert_true(cJSON_IsNull(item(root, "a.b.d")));
    assert_true(cJSON_IsNull(item(root, "a.e")));
    assert_true(cJSON_GetNumberValue(item(root, "clock.step_ns")) == 0.1);
    assert_true(cJSON_IsNull(item(root, "clock.rate")));
    assert_true(cJSON_GetNumberValue(item(root, "big")) == 4503599627370497.0);
    assert_true(cJSON_IsTrue(item(root, "yes")));
    assert_true(cJSON_IsFalse(item(root, "no")));
    assert_int_equal(cJSON_GetArraySize(item(root, "argv")), 3);
    assert_string_equal(text_at(root, "argv.0"), "run");
    assert_string_equal(text_at(root, "argv.1"), "");
    assert_true(cJSON_IsNull(item(root, "argv.2")));
    cJSON_Delete(root);
    lb_json_destroy(json);
    lb_json_destroy(NULL);
}

static void test_json_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           ".",
        "a.",         ".a",
        "a..b",       "argv",
        "object",     "text.below",
        "argv.below", "0123456789012345678901234567890123456789012345678901234567890123",
    };
    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    lb_json_push_text(json, "argv", "run");
    lb_json_text(json, "object.name", "x");
    lb_json_text(json, "text", "y");
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        assert_int_equal(lb_json_text(json, bad[i], "z"), -EINVAL);
        assert_int_equal(lb_json_number(json, bad[i], 1), -EINVAL);
        assert_int_equal(lb_json_bool(json, bad[i], true), -EINVAL);
    }
    assert_int_equal(lb_json_push_text(json, "text", "z"), -EINVAL);
    assert_int_equal(lb_json_push_text(json, "object", "z"), -EINVAL);
    cJSON *root = written(json);
    assert_int_equal(cJSON_GetArraySize(root), 4);
    assert_int_equal(cJSON_GetArraySize(item(root, "argv")), 1);
    assert_string_equal(text_at(root, "object.name"), "x");
    assert_string_equal(text_at(root, "text"), "y");
    cJSON_Delete(root);
    lb_json_destroy(json);
}

static void test_json_utf8(void **state)
{
    (void)state;
#define BAD "\xef\xbf\xbd"
    static const char *const texts[][2] = {
        {"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"a\xff"
         "b",
         "a" BAD "b"},
        {"\xc0\xaf", BAD BAD},                 /* overlong */
        {"\xe0\x80\xaf", BAD BAD BAD},         /* overlong */
        {"\xed\xa0\x80", BAD BAD BAD},         /* surrogate */
        {"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* past the last character */
        {"cut \xe2\x82", "cut " BAD BAD},
    };
    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    for (size_t i = 0; i < LB_COUNT(texts); i++)
        assert_int_equal(lb_json_push_text(json, "texts", texts[i][0]), 0);
    cJSON *root = written(json);
    for (size_t i = 0; i < LB_COUNT(texts); i++) {
        char path[32];
        snprintf(path, sizeof path, "texts.%zu", i);
        assert_string_equal(text_at(root, path), texts[i][1]);
    }
    cJSON_Delete(root);
    lb_json_destroy(json);
}

static int write_json_over_limit(const char *path)
{
    struct lb_json *json;
    struct lb_why why = {""};
    struct rlimit limit = {10, 10};
    signal(SIGXFSZ, SIG_IGN);
    if (lb_json_create(&json) || lb_json_text(json, "a", "some text") ||
        setrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    return lb_json_write(json, path, &why) == -EFBIG && strstr(why.text, path) ? 0 : 2;
}

static void test_json_write_fails(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    assert_int_equal(lb_json_write(json, in_folder("no/such/run.json"), &why), -ENOENT);
    assert_non_null(strstr(why.text, "no/such/run.json: No such file"));
    /* The rename fails. */
    const char *path = in_folder("taken.json");
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(lb_json_write(json, path, &why), -EISDIR);
    assert_int_equal(count_files("taken.json"), 1);
    lb_json_destroy(json);
    /* The write fails: what was there stays. */
    path = in_folder("kept.json");
    put_text(path, "old");
    assert_int_equal(run_child(write_json_over_limit, path), 0);
    assert_int_equal(count_files("kept.json"), 1);
    char *text = get_file(path);
    assert_string_equal(text, "old");
    free(text);
}

/* Folders ------------------------------------------------------------------------------------ */

static void test_make_folders(void **state)
{
    (void)state;
    struct lb_why why = {""};
    struct stat status;
    assert_int_equal(lb_make_folders(in_folder("x//y/z/"), &why), 0);
    assert_int_equal(stat(in_folder("x/y/z"), &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(lb_make_folders(in_folder("x/y/z"), &why), 0);
    assert_int_equal(lb_make_folders("/", &why), 0);
    assert_int_equal(lb_make_folders(".", &why), 0);
    assert_string_equal(why.text, "");
    put_text(in_folder("x/file"), "");
    assert_int_equal(lb_make_folders(in_folder("x/file"), &why), -ENOTDIR);
    assert_int_equal(lb_make_folders(in_folder("x/file/y/z"), &why), -ENOTDIR);
    assert_non_null(strstr(why.text, "x/file: "));
    assert_int_equal(lb_make_folders("", &why), -ENOENT);
}

/* Environment -------------------------------------------------------------------------------- */

/* A machine of files below the folder `name`. */
static void put_machine(const char *name, const char *const (*files)[2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s%s", folder, name, files[i][0]);
        char *slash = strrchr(path, '/');
        *slash = '\0';
        assert_int_equal(lb_make_folders(path, NULL), 0);
        *slash = '/';
        put_text(path, files[i][1]);
    }
}

static void test_environment_x86(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"/etc/os-release", "NAME=Some\nPRETTY_NAME=\"Some Linux 12\"\n"},
        {"/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: A CPU @ 2 GHz\n"
                          "microcode\t: 0x2b\nflags\t\t: fpu hypervisor lahf_lm\n\nprocessor\t: "
                          "1\nmodel name\t: other\n"},
        {"/sys/class/dmi/id/sys_vendor", "QEMU\n"},
        {"/sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n"},
        {"/sys/devices/system/cpu/smt/active", "1\n"},
        {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"},
        {"/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n"},
        {"/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "powersave\n"},
        {"/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n"},
        {"/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"},
        {"/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"},
        {"/proc/sys/kernel/perf_event_paranoid", "-1\n"},
        {"/proc/self/cgroup", "0::/user.slice/job\n"},
        {"/sys/fs/cgroup/user.slice/cpuset.cpus.effective", "2-3\n"},
        {"/sys/fs/cgroup/cpuset.cpus.effective", "0-7\n"},
        {"/proc/self/status", "Name:\tx\nCpus_allowed_list:\t5\n"},
        {"/proc/stat", "cpu  1 2 3 4 5 6 7 89 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n"},
    };
    put_machine("x86", files, LB_COUNT(files));
    struct lb_environment e;
    lb_environment_read_below(in_folder("x86"), &e);
    assert_string_equal(e.os, "Some Linux 12");
    assert_string_equal(e.cpu_vendor, "GenuineIntel");
    assert_string_equal(e.cpu_model, "A CPU @ 2 GHz");
    assert_string_equal(e.microcode, "0x2b");
    assert_string_equal(e.hypervisor, "QEMU");
    assert_int_equal(e.smt_active, 1);
    assert_string_equal(e.governor, "powersave;performance");
    assert_string_equal(e.boost, "off");
    assert_string_equal(e.thp, "madvise");
    assert_string_equal(e.clocksource, "tsc");
    assert_int_equal(e.perf_event_paranoid, -1);
    assert_string_equal(e.cgroup_cpuset, "2-3");
    assert_string_equal(e.prefetcher, "");
    assert_int_equal(lb_environment_steal_ticks_below(in_folder("x86")),
                     89 * 100 / sysconf(_SC_CLK_TCK));
}

static void test_environment_arm(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"/usr/lib/os-release", "PRETTY_NAME=Plain\n"},
        {"/proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\n"
                          "CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\n"
                          "CPU revision\t: 1\n"},
        {"/sys/class/dmi/id/product_name", "KVM Virtual Machine\n"},
        {"/sys/devices/system/cpu/smt/active", "0\n"},
        {"/sys/devices/system/cpu/cpufreq/boost", "1\n"},
        {"/sys/kernel/mm/transparent_hugepage/enabled", "always madvise\n"},
        {"/proc/self/cgroup", "7:memory:/a\n4:cpu,cpuset:/job/\n0::/\n"},
        {"/sys/fs/cgroup/cpuset/job/cpuset.effective_cpus", "0,4-5\n"},
        {"/sys/fs/cgroup/cpuset.cpus.effective", "0-7\n"},
    };
    put_machine("arm", files, LB_COUNT(files));
    struct lb_environment e;
    lb_environment_read_below(in_folder("arm"), &e);
    assert_string_equal(e.os, "Plain");
    assert_string_equal(e.cpu_vendor, "ARM");
    assert_string_equal(e.cpu_model, "implementer 0x41 part 0xd0c variant 0x3 revision 1");
    assert_string_equal(e.microcode, "");
    assert_string_equal(e.hypervisor, "KVM");
    assert_int_equal(e.smt_active, 0);
    assert_string_equal(e.boost, "on");
    assert_string_equal(e.thp, "");
    assert_string_equal(e.cgroup_cpuset, "0,4-5");
}

/* The register that tells the prefetcher is believed on bare metal only. */
static void test_environment_prefetcher(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"/proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu vme\n"},
        {"/sys/class/dmi/id/sys_vendor", "QEMU\n"},
        {"/dev/cpu/0/msr", ""},
    };
    put_machine("bare", files, LB_COUNT(files));
    char registers[0x200] = {0};
    uint64_t value = 0x22; /* in the machine's byte order, as the device gives it */
    memcpy(registers + 0x1a4, &value, sizeof value);
    put_file(in_folder("bare/dev/cpu/0/msr"), registers, sizeof registers);
    struct lb_environment e;
    lb_environment_read_below(in_folder("bare"), &e);
    assert_string_equal(e.hypervisor, "none");
    assert_string_equal(e.prefetcher, "adjacent-line off (CPU 0, MSR 0x1a4 = 0x22)");
    memset(registers, 0, sizeof registers);
    put_file(in_folder("bare/dev/cpu/0/msr"), registers, sizeof registers);
    lb_environment_read_below(in_folder("bare"), &e);
    assert_string_equal(e.prefetcher, "adjacent-line on (CPU 0, MSR 0x1a4 = 0x0)");

    put_text(in_folder("bare/proc/cpuinfo"),
             "vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n");
    lb_environment_read_below(in_folder("bare"), &e);
    assert_string_equal(e.hypervisor, "QEMU");
    assert_string_equal(e.prefetcher, "");
    put_text(in_folder("bare/proc/cpuinfo"), "vendor_id\t: AuthenticAMD\nflags\t\t: fpu\n");
    lb_environment_read_below(in_folder("bare"), &e);
    assert_string_equal(e.prefetcher, "");
}

/* The tightest quota on the way up counts. */
static void test_environment_quota(void **state)
{
    static const struct {
        const char *files[4][2];
        const char *quota;
    } cases[] = {
        {{{"/proc/self/cgroup", "0::/a/b\n"},
          {"/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
          {"/sys/fs/cgroup/a/cpu.max", "150000 100000\n"}},
         "1.5"},
        {{{"/proc/self/cgroup", "0::/a/b\n"},
          {"/sys/fs/cgroup/a/b/cpu.max", "50000 100000\n"},
          {"/sys/fs/cgroup/a/cpu.max", "150000 100000\n"}},
         "0.5"},
        {{{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "max 100000\n"}}, "none"},
        {{{"/proc/self/cgroup", "3:cpuset:/x\n2:cpuacct,cpu:/x\n"},
          {"/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "20000\n"},
          {"/sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "10000\n"}},
         "2"},
        {{{"/proc/self/cgroup", "2:cpu:/\n"},
          {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
          {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "10000\n"}},
         "none"},
        {{{"/proc/self/cgroup", "3:cpuset:/\n"}}, ""},
    };
    struct lb_environment e;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        char name[16];
        size_t n = 0;
        while (n < LB_COUNT(cases[i].files) && cases[i].files[n][0])
            n++;
        snprintf(name, sizeof name, "quota%zu", i);
        put_machine(name, cases[i].files, n);
        lb_environment_read_below(in_folder(name), &e);
        assert_string_equal(e.cpu_quota, cases[i].quota);
    }
}

static void test_environment_isolated(void **state)
{
    static const char *const files[][2] = {{"/sys/devices/system/cpu/isolated", "2-3\n"},
                                           {"/sys/devices/system/cpu/nohz_full", "(null)\n"}};
    static const char *const empty[][2] = {{"/sys/devices/system/cpu/isolated", "\n"}};
    struct lb_environment e;

    (void)state;
    put_machine("isolated", files, LB_COUNT(files));
    lb_environment_read_below(in_folder("isolated"), &e);
    assert_string_equal(e.isolated, "2-3");
    assert_string_equal(e.nohz_full, "none");
    put_machine("shared", empty, LB_COUNT(empty));
    lb_environment_read_below(in_folder("shared"), &e);
    assert_string_equal(e.isolated, "none");
    assert_string_equal(e.nohz_full, "");
}

/* A machine that says nothing: nothing is guessed. */
static void test_environment_unknown(void **state)
{
    (void)state;
    static const char *const files[][2] = {{"/proc/self/status", "Cpus_allowed_list:\t1,3\n"}};
    put_machine("mute", files, LB_COUNT(files));
    struct lb_environment e;
    lb_environment_read_below(in_folder("mute"), &e);
    const char *const texts[] = {e.os,          e.cpu_model, e.cpu_vendor, e.microcode,
                                 e.hypervisor,  e.governor,  e.boost,      e.thp,
                                 e.clocksource, e.prefetcher};
    for (size_t i = 0; i < LB_COUNT(texts); i++)
        assert_string_equal(texts[i], "");
    assert_int_equal(e.smt_active, -1);
    assert_int_equal(e.perf_event_paranoid, LB_PARANOID_UNKNOWN);
    assert_string_equal(e.cgroup_cpuset, "1,3");
    assert_int_equal(lb_environment_steal_ticks_below(in_folder("mute")), -1);

    struct lb_json *json;
    assert_int_equal(lb_json_create(&json), 0);
    assert_int_equal(lb_json_environment(json, &e), 0);
    cJSON *root = written(json);
    assert_true(cJSON_IsNull(item(root, "machine.hypervisor")));
    assert_true(cJSON_IsNull(item(root, "machine.smt_active")));
    assert_true(cJSON_IsNull(item(root, "machine.perf_event_paranoid")));
    assert_string_equal(text_at(root, "machine.cgroup_cpuset"), "1,3");
    cJSON_Delete(root);
    lb_json_destroy(json);
}

static void test_environment_here(void **state)
{
    (void)state;
    struct lb_environment e;
    struct utsname name;
    assert_int_equal(uname(&name), 0);
    lb_environment_read(&e);
    assert_string_equal(e.host, name.nodename);
    assert_string_equal(e.arch, name.machine);
    assert_non_null(strstr(e.kernel, name.release));
    assert_string_not_equal(e.compiler, "");
#if defined(__x86_64__)
    assert_string_not_equal(e.cpu_vendor, "");
    char *cpuinfo = get_file("/proc/cpuinfo");
    bool is_virtual = strstr(cpuinfo, " hypervisor") != NULL;
    free(cpuinfo);
    assert_int_equal(strcmp(e.hypervisor, "none") == 0, !is_virtual);
#endif
    assert_true(lb_environment_steal_ticks() >= 0);
}

/* Schema page -------------------------------------------------------------------------------- */

static char *read_page(void)
{
    char path[1024];
    const char *source = getenv("LB_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/results/README.md", source && *source ? source : ".");
    if (!exists(path))
        print_error("%s is missing; LB_SOURCE_DIR says where the sources are\n", path);
    return get_file(path);
}

/* The next table row of the page at *at, before its next heading: name without backquotes, meaning.
 * Cuts the page. False at the end of the section. */
static bool next_entry(char **at, const char **name, const char **meaning)
{
    for (char *line; (line = strsep(at, "\n"));) {
        if (strncmp(line, "## ", 3) == 0)
            return false;
        char *middle = strstr(line, "` | ");
        if (strncmp(line, "| `", 3) != 0 || !middle)
            continue;
        *middle = '\0';
        *name = line + 3;
        *meaning = middle + 4;
        char *end = strstr(middle + 4, " |");
        assert_non_null(end);
        assert_string_equal(end, " |");
        *end = '\0';
        return true;
    }
    return false;
}

static char *find_section(char *page, const char *title)
{
    char heading[64];
    snprintf(heading, sizeof heading, "\n## %s\n", title);
    char *at = strstr(page, heading);
    if (!at)
        print_error("no section '%s'\n", title);
    assert_non_null(at);
    return at + strlen(heading);
}

static void check_columns(const struct lb_schema *schema)
{
    char *page = read_page();
    char *at = find_section(page, schema->file);
    const char *name, *meaning;
    for (size_t i = 0; i < schema->n_columns; i++) {
        if (!next_entry(&at, &name, &meaning))
            fail_msg("the page ends before %s", schema->columns[i].name);
        assert_string_equal(name, schema->columns[i].name);
        assert_string_equal(meaning, schema->columns[i].meaning);
    }
    if (next_entry(&at, &name, &meaning))
        fail_msg("%s has no column %s", schema->file, name);
    free(page);
}

static void test_page_columns(void **state)
{
    (void)state;
    check_columns(&lb_schema_samples);
    check_columns(&lb_schema_summary);
    check_columns(&lb_schema_pairs);
    check_columns(&lb_schema_matrix);
    check_columns(&lb_schema_comparison);
}

static void test_page_version(void **state)
{
    (void)state;
    char sentence[64];
    snprintf(sentence, sizeof sentence, "schema version %d.", LB_SCHEMA_VERSION);
    char *page = read_page();
    assert_non_null(strstr(page, sentence));
    free(page);
}

/* Every key that every document has is on the page, and the other way round. */
static void test_page_json(void **state)
{
    (void)state;
    struct lb_json *json;
    struct lb_environment e;
    lb_environment_read(&e);
    assert_int_equal(lb_json_create(&json), 0);
    assert_int_equal(lb_json_environment(json, &e), 0);
    cJSON *root = written(json);
    char *page = read_page();
    char *at = find_section(page, "run.json");
    const char *name, *meaning;
    int n = 0;
    for (; next_entry(&at, &name, &meaning); n++)
        if (!item(root, name))
            fail_msg("run.json has no %s", name);
    assert_int_equal(n, 1 + cJSON_GetArraySize(item(root, "machine")) +
                            cJSON_GetArraySize(item(root, "build")));
    free(page);
    cJSON_Delete(root);
    lb_json_destroy(json);
}

static void check_names(const struct lb_schema *schema)
{
    assert_string_equal(schema->columns[0].name, "schema_version");
    for (size_t i = 0; i < schema->n_columns; i++) {
        const char *name = schema->columns[i].name;
        /* Usable as a name in any language; a meaning that a table of Markdown can hold. */
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
        assert_int_equal(lb_schema_find(schema, name), (int)i);
        assert_true(strlen(schema->columns[i].meaning) > 5);
        assert_null(strpbrk(schema->columns[i].meaning, "|\n`"));
    }
}

static void test_schema_names(void **state)
{
    (void)state;
    check_names(&lb_schema_samples);
    check_names(&lb_schema_summary);
}

/* What is counted under a role's name has a place in both files. */
static void test_schema_roles(void **state)
{
    char column[64];

    (void)state;
    for (int role = 0; role < LB_EVENT_ROLES; role++) {
        snprintf(column, sizeof column, "%s_per_op", lb_event_role_name((enum lb_event_role)role));
        assert_true(lb_schema_find(&lb_schema_samples, column) >= 0);
        assert_true(lb_schema_find(&lb_schema_summary, column) >= 0);
    }
}

/* Each row of the table has its columns, and a member of its own. */
static void test_schema_measures(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_MEASURES; i++) {
        const struct lb_measure *m = &lb_measures[i];
        struct lb_account a = {0}, sum = {0};
        assert_true(lb_schema_find(&lb_schema_samples, m->column) >= 0);
        assert_true(!m->summary || lb_schema_find(&lb_schema_summary, m->summary) >= 0);
        *lb_account_at(&a, m) = 3;
        lb_account_add(&a, &sum);
        lb_account_add(&a, &sum);
        for (size_t k = 0; k < LB_MEASURES; k++)
            if (strcmp(m->column, "off_cpu_ns") != 0) /* which follows from others */
                assert_true(lb_account_get(&sum, &lb_measures[k]) == (k == i ? 6 : 0));
    }
}

/* The columns that name a case are the first of both files, in one order. */
static void test_schema_key(void **state)
{
    (void)state;
    assert_string_equal(lb_key_column(LB_KEY_SUITE), "suite");
    assert_string_equal(lb_key_column(LB_KEY_OFFSET), "offset_bytes");
    assert_string_equal(lb_key_column(LB_KEY_WORK_NS), "work_ns");
    assert_string_equal(lb_key_column(LB_KEY_ROLE), "role");
    for (enum lb_key k = 0; k < LB_KEYS; k++)
        assert_string_equal(lb_key_column(k), lb_schema_summary.columns[1 + k].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_format),
        cmocka_unit_test(test_schema_measures),
        cmocka_unit_test(test_schema_key),
        cmocka_unit_test(test_number_exact),
        cmocka_unit_test(test_number_parse_refuses),
        cmocka_unit_test(test_row_cells),
        cmocka_unit_test(test_row_unknown_column),
        cmocka_unit_test(test_row_many_values),
        cmocka_unit_test(test_printable),
        cmocka_unit_test(test_csv_quoting),
        cmocka_unit_test(test_csv_formulas),
        cmocka_unit_test(test_csv_round_trip),
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
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_json_values),
        cmocka_unit_test(test_json_refuses),
        cmocka_unit_test(test_json_utf8),
        cmocka_unit_test(test_json_write_fails),
        cmocka_unit_test(test_make_folders),
        cmocka_unit_test(test_environment_x86),
        cmocka_unit_test(test_environment_arm),
        cmocka_unit_test(test_environment_prefetcher),
        cmocka_unit_test(test_environment_quota),
        cmocka_unit_test(test_environment_isolated),
        cmocka_unit_test(test_environment_unknown),
        cmocka_unit_test(test_environment_here),
        cmocka_unit_test(test_page_columns),
        cmocka_unit_test(test_page_version),
        cmocka_unit_test(test_page_json),
        cmocka_unit_test(test_schema_names),
        cmocka_unit_test(test_schema_roles),
    };
    return cmocka_run_group_tests_name("record", tests, make_folder, remove_folder);
}
