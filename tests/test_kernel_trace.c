/* SPDX-License-Identifier: MIT
 *
 * The tracing program, imitated: what it tells, and what is said where it fails or hangs.
 */
#include <linebounce/kernel.h>

#include "support/kernel_tree.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

/* Tracing -------------------------------------------------------------------------------------- */

static void test_parse(void **state)
{
    static const char *const bad[] = {
        "@[128]: 4\n", "@[12]: 4\n", "@[-8]: 4\n", "@[8]: x\n",
        "@[8]: 4 5\n", "@[8] 4\n",   "@[ 8]: 4\n", "@[8]: 99999999999999999999999\n"};
    struct lb_kernel_trace trace = {.n = 7};
    struct lb_why why;

    (void)state;
    assert_int_equal(lb_kernel_trace_parse("Attaching 2 probes...\n\n\n@[16]: 39\n@[0]: 46\n@: 3\n"
                                           "@[112]: 56\n@[32]: 5",
                                           &why, &trace),
                     0);
    assert_int_equal(trace.n, 141);
    assert_int_equal(trace.counts[0], 46);
    assert_int_equal(trace.counts[2], 39);
    assert_int_equal(trace.counts[14], 56);
    assert_int_equal(trace.counts[4], 0);
    for (size_t i = 0; i < LB_COUNT(bad); i++) {
        assert_int_equal(lb_kernel_trace_parse(bad[i], &why, &trace), -EPROTO);
        assert_has(why.text, "@[");
        assert_int_equal(trace.n, 141);
    }
    assert_int_equal(lb_kernel_trace_parse("Attaching 2 probes...\n", &why, &trace), -ENODATA);
    assert_int_equal(lb_kernel_trace_parse("", NULL, &trace), -ENODATA);
}

static char old_path[4096];

/* A program of that name, first in PATH. */
static void put_program(const char *script)
{
    char path[5000];

    put("/bin/bpftrace", script);
    assert_int_equal(chmod(place_in_folder("/bin/bpftrace"), 0755), 0);
    snprintf(path, sizeof path, "%s/bin:%s", folder, old_path);
    assert_int_equal(setenv("PATH", path, 1), 0);
}

static int keep_path(void **state)
{
    snprintf(old_path, sizeof old_path, "%s", getenv("PATH") ? getenv("PATH") : "");
    return make_folder(state);
}

static int restore_path(void **state)
{
    setenv("PATH", old_path, 1);
    return remove_folder(state);
}

static char *get(const char *name)
{
    static char text[1024];
    FILE *file = fopen(place_in_folder(name), "r");

    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void test_trace(void **state)
{
    struct lb_kernel_trace trace;
    struct lb_why why;

    (void)state;
    put_68();
    lb_kernel_read(folder, &k);
    put_program("#!/bin/sh\nprintf '%s\\n' \"$@\" >\"${0%/*}/../arguments\"\n"
                "echo 'Attaching 2 probes...'\nsleep 0.1\n"
                "printf '\\n\\n@[16]: 39\\n@[0]: 46\\n@[80]: 2\\n@[8]: 1\\n'\n");
    assert_int_equal(lb_kernel_trace_run(2, 60, &why, &trace), 0);
    assert_int_equal(trace.n, 88);
    assert_int_equal(trace.counts[10], 2);
    char *arguments = get("/arguments");
    assert_has(arguments, "-e\nkretprobe:vm_area_alloc ");
    assert_has(arguments, "@[retval & 127] = count()");
    assert_has(arguments, "interval:s:2 { exit(); }");
    char *text = draw(&trace);
    assert_has(text, "traced: 88 addresses that vm_area_alloc returned, modulo 64:\n"
                     "@[8]: 1\n@[16]: 41\n@[0]: 46\n");
    assert_has(text, "        16     23.9 %     46.6 %\n");
    assert_has(text, "         8      0.0 %      1.1 %  not where the slab's numbers put it\n");
    free(text);
}

static void test_trace_fails(void **state)
{
    struct lb_kernel_trace trace = {.n = 5};
    struct lb_why why;

    (void)state;
    put_program("#!/bin/sh\necho 'a warning' >&2\necho 'ERROR: Could not resolve symbol' >&2\n"
                "exit 1\n");
    assert_int_equal(lb_kernel_trace_run(1, 60, &why, &trace), -EIO);
    assert_string_equal(why.text, "trace: bpftrace failed: ERROR: Could not resolve symbol");
    put_program("#!/bin/sh\nkill -9 $$\n");
    assert_int_equal(lb_kernel_trace_run(1, 60, &why, &trace), -EIO);
    assert_string_equal(why.text, "trace: bpftrace failed: it said nothing");
    put_program("#!/no/such/interpreter\n");
    assert_int_equal(lb_kernel_trace_run(1, 60, &why, &trace), -EIO);
    put_program("#!/bin/sh\nexit 0\n");
    assert_int_equal(lb_kernel_trace_run(1, 60, &why, &trace), -ENODATA);
    /* More than any pipe holds, on both. */
    put_program("#!/bin/sh\nyes | head -c 1000000\nyes | head -c 1000000 >&2\n");
    assert_int_equal(lb_kernel_trace_run(1, 60, &why, &trace), -ENODATA);
    setenv("PATH", "", 1);
    assert_int_equal(lb_kernel_trace_run(1, 60, &why, &trace), -ENOENT);
    assert_int_equal(trace.n, 5);
}

/* Whether the process is gone, or a zombie that somebody else has to reap. */
static bool is_gone(pid_t pid)
{
    char name[64], text[256] = "";

    snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(name, "r");
    if (!file)
        return true;
    if (!fgets(text, sizeof text, file))
        text[0] = '\0';
    fclose(file);
    const char *end = strrchr(text, ')');
    return !end || end[2] == 'Z' || end[2] == 'X';
}

/* The program hangs, deaf to the usual signals, with a child that hangs too. */
static void test_trace_hangs(void **state)
{
    struct lb_kernel_trace trace;
    struct lb_why why;
    int children[2];

    (void)state;
    put_program("#!/bin/sh\ntrap '' INT TERM\nsleep 1000 &\n"
                "echo $$ $! >\"${0%/*}/../pids\"\necho '@[0]: 4'\nwait\nsleep 1000\n");
    assert_int_equal(lb_kernel_trace_run(1, 1.0, &why, &trace), -ETIMEDOUT);
    assert_string_equal(why.text, "trace: bpftrace did not end within 1 s");
    assert_int_equal(sscanf(get("/pids"), "%d %d", &children[0], &children[1]), 2);
    for (int tries = 0; tries < 1000 && !(is_gone(children[0]) && is_gone(children[1])); tries++)
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    assert_true(is_gone(children[0]));
    assert_true(is_gone(children[1]));
}

static void test_trace_missing(void **state)
{
    struct lb_why why = {""};

    (void)state;
    put_release("6.8.0", "CONFIG_SLUB=y\n# CONFIG_KPROBES is not set\n");
    put("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
    put("/proc/kallsyms", "0000000000000000 T _text\n");
    setenv("PATH", "", 1);
    lb_kernel_read(folder, &k);
    assert_int_equal(lb_kernel_trace_missing(&k, folder, &why), -ENOTSUP);
    assert_has(why.text, "built without KPROBES; the kernel was built without BPF_SYSCALL");
    assert_has(why.text, "locked down (confidentiality)");
    assert_has(why.text, "no function vm_area_alloc");
    assert_has(why.text, "bpftrace is not in PATH");

    put_release("6.8.0", CONFIG_LOCK);
    put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    put("/sys/kernel/debug/kprobes/enabled", "0\n");
    put_symbols(1);
    put_program("#!/bin/sh\n");
    lb_kernel_read(folder, &k);
    assert_int_equal(lb_kernel_trace_missing(&k, folder, &why), -ENOTSUP);
    assert_has(why.text, "neither the PMU kprobe nor tracefs is there");
    assert_has(why.text, "kprobes are switched off");
    assert_null(strstr(why.text, "locked down"));
    assert_null(strstr(why.text, "no function"));
    assert_null(strstr(why.text, "PATH"));

    put("/sys/kernel/debug/kprobes/enabled", "1\n");
    put("/sys/bus/event_source/devices/kprobe/type", "8\n");
    int err = lb_kernel_trace_missing(&k, folder, &why);
    if (geteuid())
        assert_string_equal(why.text, "trace: it needs root");
    else
        assert_int_equal(err, 0);
}

/* The text ---------------------------------------------------------------------------------------
 */

#define TRACE(NAME) cmocka_unit_test_setup_teardown(NAME, keep_path, restore_path)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), TRACE(test_trace),         TRACE(test_trace_fails),
        TRACE(test_trace_hangs),      TRACE(test_trace_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
