/* SPDX-License-Identifier: MIT
 *
 * What the system fails to say of a thread is unknown in results and files, never 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linebounce/run.h>
#include <linebounce/scenario.h>

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool mute;

/* In place of the C library's: these two fail while `mute`. */
int getrusage(__rusage_who_t who, struct rusage *usage)
{
    if (mute && who == RUSAGE_THREAD) {
        errno = EPERM;
        return -1;
    }
    return (int)syscall(SYS_getrusage, who, usage);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (mute && clock == CLOCK_THREAD_CPUTIME_ID) {
        errno = EPERM;
        return -1;
    }
    return (int)syscall(SYS_clock_gettime, clock, now);
}

struct made {
    struct lb_topology *topology;
    struct lb_plan *plan;
    struct lb_run *run;
    char path[64];
};

/* One round of a loop on one PU. */
static void measure(struct made *m)
{
    static const struct lb_scenario *const scenarios[] = {&lb_scenarios[LB_SCENARIO_UNCONTENDED]};
    static const double work = 0;
    const int threads = 1;
    struct lb_request r = {.suite = "test",
                           .scenarios = scenarios,
                           .n_scenarios = 1,
                           .layouts = lb_layouts,
                           .n_layouts = 1,
                           .threads = &threads,
                           .n_threads = 1,
                           .work_ns = &work,
                           .n_work_ns = 1};
    struct lb_run_options options = {.seed = 1, .budget_s = 60, .rounds = 1, .emulated = true};
    struct lb_why why = {""};
    struct lb_csv *csv = NULL;

    strcpy(m->path, "/tmp/linebounce-account-XXXXXX");
    int fd = mkstemp(m->path);
    assert_true(fd >= 0);
    close(fd);
    unlink(m->path);
    if (lb_topology_load(NULL, &why, &m->topology) ||
        lb_plan_create(&r, m->topology, &why, &m->plan) ||
        lb_csv_create(&lb_schema_samples, m->path, &why, &csv) ||
        lb_run_measure(m->plan, m->topology, &options, csv, &why, &m->run))
        fail_msg("%s", why.text);
    lb_csv_close(csv);
}

static void finish(struct made *m)
{
    lb_run_destroy(m->run);
    lb_plan_destroy(m->plan);
    lb_topology_destroy(m->topology);
    unlink(m->path);
}

/* Cells of all windows: each empty, or each a number. */
static void check_rows(const struct made *m, bool known)
{
    static const char *const columns[] = {
        "cpu_ns",       "off_cpu_ns",         "user_ns",
        "system_ns",    "voluntary_switches", "involuntary_switches",
        "minor_faults", "major_faults"};
    struct lb_csv_reader *reader;
    struct lb_why why = {""};
    int rows = 0;

    assert_int_equal(lb_csv_open(m->path, NULL, &why, &reader), 0);
    while (lb_csv_next(reader, &why) == 1) {
        if (!*lb_csv_cell(reader, "ops"))
            continue; /* an anchor */
        rows++;
        for (size_t i = 0; i < LB_COUNT(columns); i++)
            if (known == !*lb_csv_cell(reader, columns[i]))
                fail_msg("%s is '%s'", columns[i], lb_csv_cell(reader, columns[i]));
    }
    lb_csv_reader_close(reader);
    assert_true(rows > 0);
}

static void check_samples(const struct made *m, bool known)
{
    for (size_t i = 0; i < m->plan->n_cases; i++)
        for (size_t k = 0; k < m->run->series[i].n; k++) {
            const struct lb_sample *x = &m->run->series[i].samples[0][k];
            assert_int_equal(isnan(x->account.cpu_ns), !known);
            assert_int_equal(isnan(x->cpu_ns_op), !known);
            assert_int_equal(isnan(x->off_cpu_share), !known);
            assert_int_equal(isnan(x->account.voluntary), !known);
            assert_int_equal(isnan(x->account.minor_faults), !known);
        }
}

static void test_unknown_is_not_zero(void **state)
{
    struct made m;

    (void)state;
    for (int silent = 0; silent < 2; silent++) {
        mute = silent;
        measure(&m);
        mute = false;
        check_rows(&m, !silent);
        check_samples(&m, !silent);
        finish(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_unknown_is_not_zero)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
