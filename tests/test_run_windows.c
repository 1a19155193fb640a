/* SPDX-License-Identifier: MIT
 *
 * What a run asks of the crew for a case: looked at where the one calls the other (the linker's
 * --wrap).
 */
#include "support/real_run.h"

static struct {
    unsigned windows, stalls;
} asked_for[2]; /* of one thread, and of several */

int __real_lb_crew_window(struct lb_crew *crew, const struct lb_window_plan *plan,
                          struct lb_thread_result *results, enum lb_spoiled *spoiled);
int __wrap_lb_crew_window(struct lb_crew *crew, const struct lb_window_plan *plan,
                          struct lb_thread_result *results, enum lb_spoiled *spoiled);
int __wrap_lb_crew_window(struct lb_crew *crew, const struct lb_window_plan *plan,
                          struct lb_thread_result *results, enum lb_spoiled *spoiled)
{
    asked_for[plan->n_threads > 1].windows++;
    asked_for[plan->n_threads > 1].stalls += plan->stalls;
    return __real_lb_crew_window(crew, plan, results, spoiled);
}

static void measure_at(double work_ns, int threads)
{
    struct lb_request r = {.scenarios = neighbours,
                           .n_scenarios = 1,
                           .writers = {1, 0},
                           .threads = &threads,
                           .n_threads = 1,
                           .work_ns = &work_ns,
                           .n_work_ns = 1};
    struct lb_run_options options = {
        .seed = 1, .budget_s = 1e6, .rounds = 1, .precision_ns = 2, .calls = &pmu_calls};
    struct real real = {0};

    memset(asked_for, 0, sizeof asked_for);
    pmu_start();
    measure_as(&real, &r, &options);
    finish(&real);
    assert_true(asked_for[threads > 1].windows > 0);
}

/* A block that takes long is another thread's doing only where several contend without a pause. */
static void test_stalls(void **state)
{
    (void)state;
    measure_at(0, 2);
    assert_int_equal(asked_for[1].stalls, asked_for[1].windows);
    measure_at(LB_WORK_HEADLINE_NS, 2);
    assert_int_equal(asked_for[1].stalls, 0);
    measure_at(0, 1);
    assert_int_equal(asked_for[0].stalls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stalls)};

    return cmocka_run_group_tests_name("run_windows", tests, NULL, NULL);
}
