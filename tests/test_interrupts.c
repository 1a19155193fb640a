/* SPDX-License-Identifier: MIT
 *
 * interrupts: what clears the mark, and what does not.
 */
#include <linebounce/interrupts.h>

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void need_told(void)
{
    if (lb_interrupts_told())
        return;
    print_message("skipped: interrupts leave no trace here\n");
    skip();
}

/* Between two marks that stay nothing came: tried until it is so. */
static bool stays(void (*act)(void))
{
    for (int i = 0; i < 1000; i++) {
        lb_interrupts_mark();
        act();
        if (!lb_interrupts_since_mark())
            return true;
    }
    return false;
}

static void nothing(void)
{
}

static void ask_the_kernel(void)
{
    syscall(SYS_getpid);
}

static void touch_a_page(void)
{
    volatile char *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(page != MAP_FAILED);
    *page = 1;
    munmap((void *)(uintptr_t)page, 4096);
}

static void test_what_clears_the_mark(void **state)
{
    (void)state;
    need_told();
    assert_true(stays(nothing));
    assert_true(stays(ask_the_kernel));
    assert_false(stays(touch_a_page));
    lb_interrupts_unmark();
}

static void nap(void)
{
    struct timespec t = {0, 1000000};

    nanosleep(&t, NULL);
}

/* Of an own mark each: threads that are switched lose theirs, or keep it, by themselves. */
static void *spin_a_while(void *lost)
{
    lb_interrupts_mark();
    touch_a_page();
    *(bool *)lost = lb_interrupts_since_mark();
    lb_interrupts_unmark();
    return NULL;
}

static void test_threads_have_their_own(void **state)
{
    pthread_t thread;
    bool lost = false;

    (void)state;
    need_told();
    lb_interrupts_mark();
    assert_int_equal(pthread_create(&thread, NULL, spin_a_while, &lost), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(lost);
    lb_interrupts_mark();
    nap(); /* the register is saved and restored over the switch, else this would crash or leak */
    lb_interrupts_unmark();
    assert_true(stays(nothing));
    lb_interrupts_unmark();
}

static void test_nothing_is_lost_where_nothing_is_told(void **state)
{
    (void)state;
    if (lb_interrupts_told())
        skip();
    lb_interrupts_mark();
    touch_a_page();
    assert_false(lb_interrupts_since_mark());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_clears_the_mark),
        cmocka_unit_test(test_threads_have_their_own),
        cmocka_unit_test(test_nothing_is_lost_where_nothing_is_told),
    };

    return cmocka_run_group_tests_name("interrupts", tests, NULL, NULL);
}
