/* SPDX-License-Identifier: MIT
 *
 * files: what somebody else made is read only where it is a regular file, and what is written is
 * there whole or not at all.
 */
#include <linebounce/base.h>

#include "support/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int dir_fd = -1;

static int make(void **state)
{
    if (make_folder(state))
        return -1;
    dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir_fd < 0;
}

static int remove_all(void **state)
{
    close(dir_fd);
    return remove_folder(state);
}

static void assert_holds(const char *name, const char *text)
{
    char *bytes;
    size_t n;

    assert_int_equal(lb_read_regular(dir_fd, name, 0, NULL, &bytes, &n), 0);
    assert_string_equal(bytes, text);
    assert_int_equal(n, strlen(text));
    free(bytes);
}

/* How many names there are in the folder. */
static int count_names(void)
{
    int n = 0;
    FILE *names;
    char command[128], line[128];

    snprintf(command, sizeof command, "ls -A %s", folder);
    assert_non_null(names = popen(command, "r"));
    while (fgets(line, sizeof line, names))
        n++;
    pclose(names);
    return n;
}

static void refuse(const char *name, uint64_t most, int result, const char *says)
{
    struct lb_why why = {""};
    int fd = -7;

    assert_int_equal(lb_open_regular(dir_fd, name, most, &why, &fd), result);
    assert_int_equal(fd, -7);
    assert_non_null(strstr(why.text, name));
    if (!strstr(why.text, says))
        fail_msg("\"%s\" does not say \"%s\"", why.text, says);
}

static void test_reading(void **state)
{
    int fd;

    (void)state;
    write_text(in_folder("file"), "some text");
    assert_holds("file", "some text");
    assert_int_equal(lb_open_regular(dir_fd, "file", 9, NULL, &fd), 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    assert_int_equal(lb_open_regular(AT_FDCWD, in_folder("file"), 0, NULL, &fd), 0);
    close(fd);
    write_text(in_folder("empty"), "");
    assert_holds("empty", "");
}

/* Each of them hung a reader, filled a disk or gave away another file. */
static void test_what_is_not_read(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    write_text(in_folder("file"), "some text");
    refuse("file", 8, -EFBIG, "too large: 8 bytes");
    refuse("absent", 0, -ENOENT, "No such file");
    assert_int_equal(symlink("file", in_folder("link")), 0);
    refuse("link", 0, -ELOOP, "a symbolic link");
    assert_int_equal(symlink("/dev/zero", in_folder("zero")), 0);
    refuse("zero", 0, -ELOOP, "a symbolic link");
    assert_int_equal(mkdir(in_folder("folder"), 0700), 0);
    refuse("folder", 0, -EISDIR, "Is a directory");
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    refuse("fifo", 0, -ENXIO, "no regular file");
    refuse("/dev/zero", 0, -ENXIO, "no regular file");
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof address), 0);
    refuse("socket", 0, -ENXIO, "socket");
    close(s);
}

static void test_folders_of_others(void **state)
{
    struct lb_why why = {""};
    int fd = -7;

    (void)state;
    assert_int_equal(lb_open_folder(folder, &why, &fd), 0);
    close(fd);
    fd = -7;
    assert_int_equal(lb_open_folder(in_folder("absent"), &why, &fd), -ENOENT);
    write_text(in_folder("file"), "");
    assert_int_equal(lb_open_folder(in_folder("file"), &why, &fd), -ENOTDIR);
    assert_int_equal(mkdir(in_folder("theirs"), 0777), 0);
    if (chown(in_folder("theirs"), 12345, 12345)) {
        print_message("only root can make a folder somebody else's\n");
        skip();
    }
    assert_int_equal(lb_open_folder(in_folder("theirs"), &why, &fd), -EPERM);
    assert_non_null(strstr(why.text, "theirs: belongs to another user (12345)"));
    assert_int_equal(fd, -7);
}

static void test_writing(void **state)
{
    struct lb_whole w;

    (void)state;
    write_text(in_folder("file"), "the old text");
    assert_int_equal(lb_whole_begin(in_folder("file"), NULL, &w), 0);
    fputs("the new text", w.out);
    assert_holds("file", "the old text");
    assert_int_equal(lb_whole_end(&w, 0, NULL), 0);
    assert_holds("file", "the new text");
    assert_int_equal(count_names(), 1);
    assert_int_equal(lb_whole_begin(in_folder("file"), NULL, &w), 0);
    fputs("half a t", w.out);
    assert_int_equal(lb_whole_end(&w, -EPROTO, NULL), -EPROTO);
    assert_holds("file", "the new text");
    assert_int_equal(count_names(), 1);
}

/* Neither under the name nor beside it. */
static void test_links_are_not_written_through(void **state)
{
    struct lb_whole w;
    char beside[64];

    (void)state;
    write_text(in_folder("precious"), "mine");
    snprintf(beside, sizeof beside, "file.%ld.tmp", (long)getpid());
    assert_int_equal(symlink("precious", in_folder("file")), 0);
    assert_int_equal(symlink("precious", in_folder(beside)), 0);
    assert_int_equal(lb_whole_begin(in_folder("file"), NULL, &w), 0);
    fputs("text", w.out);
    assert_int_equal(lb_whole_end(&w, 0, NULL), 0);
    assert_holds("precious", "mine");
    assert_holds("file", "text");
    assert_int_equal(count_names(), 2);
}

static void test_writing_fails(void **state)
{
    struct rlimit before, limit;
    struct lb_why why = {""};
    struct lb_whole w;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

    (void)state;
    assert_int_equal(lb_whole_begin(in_folder("no/such"), &why, &w), -ENOENT);
    assert_non_null(strstr(why.text, "no/such: No such file"));
    assert_int_equal(mkdir(in_folder("folder"), 0700), 0);
    assert_int_equal(lb_whole_begin(in_folder("folder"), &why, &w), -EISDIR);
    assert_non_null(strstr(why.text, "folder: Is a directory"));
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(lb_whole_begin(in_folder("fifo"), &why, &w), -ENXIO);
    assert_non_null(strstr(why.text, "fifo: no regular file"));
    assert_int_equal(unlink(in_folder("fifo")), 0);
    assert_int_equal(count_names(), 1);
    /* One that is made meanwhile. */
    assert_int_equal(lb_whole_begin(in_folder("late"), NULL, &w), 0);
    assert_int_equal(mkdir(in_folder("late"), 0700), 0);
    assert_int_equal(lb_whole_end(&w, 0, &why), -EISDIR);
    assert_int_equal(rmdir(in_folder("late")), 0);
    assert_int_equal(count_names(), 1);

    write_text(in_folder("file"), "the old text");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (int bytes = 1001; bytes < 100000; bytes *= 10) { /* within the buffer, and past it */
        assert_int_equal(lb_whole_begin(in_folder("file"), NULL, &w), 0);
        for (int i = 0; i < bytes; i++)
            fputc('x', w.out);
        assert_int_equal(lb_whole_end(&w, 0, &why), -EFBIG);
        assert_non_null(strstr(why.text, "file: File too large"));
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_holds("file", "the old text");
    assert_int_equal(count_names(), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, remove_all)
    const struct CMUnitTest tests[] = {
        TEST(test_reading),
        TEST(test_what_is_not_read),
        TEST(test_folders_of_others),
        TEST(test_writing),
        TEST(test_links_are_not_written_through),
        TEST(test_writing_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
