/* SPDX-License-Identifier: MIT
 *
 * resume: a run that was stopped anywhere and gone on with is one run: nothing is measured twice,
 * nothing is missing, and its statistics are those of its rows. Of times only what must hold on any
 * machine is asked.
 */
#include <linebounce/run.h>

#include "support/cut_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

/* What a run knows */

/* A longer run of the same plan begins alike. */
static void test_longer(void **state)
{
    struct lb_run_options longer = options_of(ROUNDS + 1);
    char path[64];

    (void)state;
    need_two_pus();
    assert_int_equal(plain.story->anchors, 3 * ROUNDS); /* of one thread there is no round trip */
    temporary(path);
    write_bytes(path, plain.text.at, plain.text.bytes);
    struct lb_run *run = go_on(plain.plan, longer, path);
    assert_int_equal(run->windows_resumed, plain.story->windows);
    assert_int_equal(run->rounds, ROUNDS + 1);
    assert_true(run->elapsed_s > run->measured_s && run->measured_s > 0);
    free(tell(&plain, path, ROUNDS + 1));
    lb_run_destroy(run);
    unlink(path);
}

/* As a kill leaves it: some windows whole, in the midst of a case or a round. */
static void test_killed_between_windows(void **state)
{
    size_t n = plain.story ? plain.story->windows : 0;

    (void)state;
    need_two_pus();
    for (size_t k = 1; k < n; k += n / 4) {
        size_t bytes = bytes_of_windows(plain.text, (long)k);
        check_prefix(&plain, copy_text(plain.text, bytes), k, bytes);
    }
}

/* Cases of one thread and of two, which are called alike but for that. */
static void test_two_placements(void **state)
{
    static const int threads[] = {1, 2};

    (void)state;
    need_two_pus();
    struct whole w = {.plan = make_plan(S(SAME_OBJECT), threads, 2, false),
                      .options = plain.options};
    make_whole(&w);
    assert_int_equal(w.plan->n_placements, 2);
    size_t k = w.story->windows / 2, bytes = bytes_of_windows(w.text, (long)k);
    check_prefix(&w, copy_text(w.text, bytes), k, bytes);
    drop_whole(&w);
}

static void test_killed_in_the_header(void **state)
{
    size_t header = bytes_of_windows(plain.text, 0);

    (void)state;
    need_two_pus();
    check_prefix(&plain, copy_text(plain.text, 0), 0, 0);
    check_prefix(&plain, copy_text(plain.text, header - 1), 0, header - 1);
}

/* A round whose anchors are not all there goes on without the others. */
static void test_killed_among_anchors(void **state)
{
    (void)state;
    need_two_pus();
    size_t bytes = (size_t)(line_after(line_after(plain.text.at)) - plain.text.at);
    struct story *story = NULL;
    struct text from = copy_text(plain.text, bytes);
    story = check_resumed(&plain, from, 0, bytes);
    assert_int_equal(story->anchors, 3 * ROUNDS - 2);
    free(story);
    free(from.at);
}

static void test_torn_last_line(void **state)
{
    (void)state;
    need_two_pus();
    for (long k = 1; k < (long)plain.story->windows; k += (long)plain.story->windows / 2) {
        size_t line = line_of_window(plain.text, k, 0); /* whatever came before it stays */
        check_prefix(&plain, copy_text(plain.text, line + 20 * (size_t)k), (size_t)k, line);
    }
}

/* One role's row is there, the other's is missing or torn: the window is measured again. */
static void test_half_a_window(void **state)
{
    (void)state;
    need_two_pus();
    for (int torn = 0; torn < 2; torn++) {
        long window = window_of_two(plain.text, torn ? (long)plain.story->windows / 2 : 0);
        size_t first = line_of_window(plain.text, window, 0);
        size_t second = line_of_window(plain.text, window, 1) + (torn ? 50 : 0);
        check_prefix(&plain, copy_text(plain.text, second), (size_t)window, first);
    }
}

/* Stopped by a signal every few windows, and gone on with until it is whole. */

static volatile sig_atomic_t stop;

/* From a leg's first window on. The first leg ends soon, or a quick machine would need no other. */
static long leg_us;

static void on_alarm(int signal)
{
    (void)signal;
    stop = 1;
}

static void stop_soon(const struct lb_progress *progress, void *data)
{
    bool *set = data;

    (void)progress;
    if (!*set)
        setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = leg_us}, NULL);
    *set = true;
}

static struct lb_run *one_leg(const char *path, bool first)
{
    struct lb_run_options options = plain.options;
    bool set = false;

    stop = 0;
    leg_us = first ? 4000 : 25000;
    options.stop = &stop;
    options.progress = stop_soon;
    options.data = &set;
    struct lb_run *run =
        first ? begin(plain.plan, options, path) : go_on(plain.plan, options, path);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 0}, NULL);
    return run;
}

static void test_stopped_again_and_again(void **state)
{
    struct sigaction action = {.sa_handler = on_alarm}, before;
    size_t windows = 0, legs = 0;
    enum lb_run_end end;
    struct lb_run *run;
    char path[64];

    (void)state;
    need_two_pus();
    temporary(path);
    sigaction(SIGALRM, &action, &before);
    do {
        run = one_leg(path, !legs++);
        end = run->end;
        assert_int_equal(run->windows_resumed, windows);
        windows = run->windows;
        if (end == LB_RUN_INTERRUPTED)
            lb_run_destroy(run);
    } while (end == LB_RUN_INTERRUPTED && legs < 100);
    sigaction(SIGALRM, &before, NULL);
    assert_int_equal(end, LB_RUN_ROUNDS);
    assert_true(legs > 1);
    struct story *story = tell(&plain, path, ROUNDS);
    assert_int_equal(story->windows, windows);
    compare_stories(plain.story, story);
    check_finished(plain.plan, run, &plain.options, path);
    lb_run_destroy(run);
    free(story);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longer),
        cmocka_unit_test(test_killed_between_windows),
        cmocka_unit_test(test_two_placements),
        cmocka_unit_test(test_killed_in_the_header),
        cmocka_unit_test(test_killed_among_anchors),
        cmocka_unit_test(test_torn_last_line),
        cmocka_unit_test(test_half_a_window),
        cmocka_unit_test(test_stopped_again_and_again),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
