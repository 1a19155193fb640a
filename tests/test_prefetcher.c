/* SPDX-License-Identifier: MIT
 *
 * prefetcher: ordinary files stand for the registers; children die in every way.
 */
#include <linebounce/prefetcher.h>

#include "support/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define N 3
static const int pus[N] = {0, 1, 7};
/* Bits of other prefetchers, and of this one (2). */
static const uint64_t values[N] = {0x21, 0x0b, 0x00};

static const char *msr_of(int pu)
{
    char name[32];

    snprintf(name, sizeof name, "%d/msr", pu);
    return place_in_folder(name);
}

static void put(int pu, uint64_t value)
{
    int fd = open(msr_of(pu), O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, &value, sizeof value, 0x1a4), sizeof value);
    close(fd);
}

static uint64_t get(int pu)
{
    uint64_t value = 0;
    int fd = open(msr_of(pu), O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &value, sizeof value, 0x1a4), sizeof value);
    close(fd);
    return value;
}

static int make(void **state)
{
    if (make_folder(state))
        return -1;
    for (int i = 0; i < N; i++)
        put(pus[i], values[i]);
    return 0;
}

static bool is_restored(void)
{
    for (int i = 0; i < N; i++)
        if (get(pus[i]) != values[i])
            return false;
    return true;
}

static void test_read(void **state)
{
    enum lb_prefetcher_state s;

    (void)state;
    assert_int_equal(lb_prefetcher_read(folder, pus, N, NULL, &s), 0);
    assert_int_equal(s, LB_PREFETCHER_MIXED);
    assert_int_equal(lb_prefetcher_read(folder, pus, 1, NULL, &s), 0);
    assert_int_equal(s, LB_PREFETCHER_ON);
    assert_int_equal(lb_prefetcher_read(folder, pus + 1, 1, NULL, &s), 0);
    assert_int_equal(s, LB_PREFETCHER_OFF);
}

static void test_set_and_restore(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct lb_prefetcher *p = NULL;
        assert_int_equal(lb_prefetcher_set(folder, pus, N, on, NULL, &p), 0);
        for (int i = 0; i < N; i++) /* no other bit moves */
            assert_int_equal(get(pus[i]), on ? values[i] & ~2u : values[i] | 2u);
        assert_int_equal(lb_prefetcher_restore(p, NULL), 0);
        assert_true(is_restored());
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no guardian is left */
    assert_int_equal(errno, ECHILD);
    assert_int_equal(lb_prefetcher_restore(NULL, NULL), 0);
}

/* The register of the last PU is missing: nothing has changed. */
static void test_all_or_nothing(void **state)
{
    struct lb_prefetcher *const untouched = (struct lb_prefetcher *)folder, *p = untouched;
    const int more[] = {0, 1, 5};
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_prefetcher_set(folder, more, 3, false, &why, &p), -ENOENT);
    assert_ptr_equal(p, untouched);
    assert_non_null(strstr(why.text, "CPU 5"));
    assert_non_null(strstr(why.text, "modprobe msr"));
    assert_true(is_restored());
}

/* What a full device takes is nothing: it is noticed, and what was set goes back. */
static void test_swallowed_write(void **state)
{
    struct lb_prefetcher *p = NULL;
    struct lb_why why = {""};
    const char *path = msr_of(7);

    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/zero", path), 0); /* reads 0, takes everything, keeps nothing */
    assert_int_equal(lb_prefetcher_set(folder, pus, N, false, &why, &p), -EOPNOTSUPP);
    assert_non_null(strstr(why.text, "CPU 7"));
    assert_int_equal(get(0), values[0]);
    assert_int_equal(get(1), values[1]);
    assert_int_equal(unlink(path), 0);
    put(7, values[2]);
}

/* A child that sets the prefetcher and then ends as `how` says: 0 by itself, else by that signal.
 */
static void child_ends(int how)
{
    pid_t pid = fork();
    int status, waited = 0;

    assert_true(pid >= 0);
    if (!pid) {
        struct lb_prefetcher *p;
        /* The framework's own handlers would go on with the next test instead. */
        if (how && how != SIGKILL && signal(how, SIG_DFL) == SIG_ERR)
            _exit(1);
        if (lb_prefetcher_set(folder, pus, N, false, NULL, &p))
            _exit(1);
        if (!how)
            _exit(get(0) == (values[0] | 2) ? 7 : 1);
        for (;;)
            pause();
    }
    while (how && get(7) != (values[2] | 2) && waited++ < 500)
        usleep(10000);
    if (how)
        assert_int_equal(kill(pid, how), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(how ? WIFSIGNALED(status) : WEXITSTATUS(status) == 7);
    for (waited = 0; !is_restored() && waited < 500; waited++)
        usleep(10000);
    assert_true(is_restored());
}

static void test_guardian(void **state)
{
    static const int ends[] = {0, SIGKILL, SIGTERM, SIGINT, SIGSEGV};

    (void)state;
    for (size_t i = 0; i < LB_COUNT(ends); i++)
        child_ends(ends[i]);
}

/* A second one would take what the first has set for the old value. */
static void test_one_at_a_time(void **state)
{
    struct lb_prefetcher *p = NULL, *second = NULL;
    const int last[] = {7};
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_prefetcher_set(folder, pus, N, false, NULL, &p), 0);
    for (int on = 0; on < 2; on++) {
        assert_int_equal(lb_prefetcher_set(folder, pus, N, on, &why, &second), -EBUSY);
        assert_non_null(strstr(why.text, "another run has set it"));
        assert_int_equal(lb_prefetcher_set(folder, last, 1, on, &why, &second), -EBUSY);
        assert_int_equal(get(7), values[2] | 2);
    }
    assert_int_equal(lb_prefetcher_restore(p, NULL), 0);
    assert_true(is_restored());
    assert_int_equal(lb_prefetcher_set(folder, last, 1, false, &why, &second), 0);
    assert_int_equal(lb_prefetcher_restore(second, NULL), 0);
    assert_true(is_restored());
}

/* The only child of this process. */
static pid_t guardian(void)
{
    char path[64], text[32] = "";

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof text - 1) < 0)
        text[0] = '\0';
    close(fd);
    return (pid_t)strtol(text, NULL, 10);
}

static void test_dead_guardian_is_noticed(void **state)
{
    struct lb_prefetcher *p = NULL;
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_prefetcher_set(folder, pus, N, false, NULL, &p), 0);
    pid_t pid = guardian();
    if (!pid) {
        print_message("skipped: the kernel does not list children\n");
        assert_int_equal(lb_prefetcher_restore(p, NULL), 0);
        skip();
    }
    siginfo_t info;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(lb_prefetcher_restore(p, &why), -ESRCH);
    assert_non_null(strstr(why.text, "guardian"));
    assert_true(is_restored());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_set_and_restore),
        cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_swallowed_write),
        cmocka_unit_test(test_guardian),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_dead_guardian_is_noticed),
    };

    return cmocka_run_group_tests(tests, make, remove_folder);
}
