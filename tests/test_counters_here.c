/* SPDX-License-Identifier: MIT
 *
 * Breakpoints, events of software and of hardware as this machine has them; skipped where it has
 * none.
 */
#include <linebounce/counters.h>

#include "support/fake_kernel.h"
#include "support/text.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* This machine ------------------------------------------------------------------------------- */

/* Stores to a watched word are exact where the processor traps each. */
#if defined(__x86_64__)
#define BREAKPOINTS_COUNT 1
#else
#define BREAKPOINTS_COUNT 0
#endif

static void store(int word, int times)
{
    for (int i = 0; i < times; i++)
        words[word] = (uint64_t)i;
}

static void load(int word, int times)
{
    for (int i = 0; i < times; i++)
        (void)words[word];
}

static void *store_elsewhere(void *word)
{
    store(*(int *)word, 300);
    return NULL;
}

/* Skips where no breakpoint can be had. */
static void need_breakpoints(void)
{
    const struct lb_event_code code = watch(&words[0], false);
    struct lb_group group;

    int open = lb_group_open(&lb_counter_system, &code, 1, 0, false, &group);
    int error = group.events[0].count.error;
    lb_group_close(&group);
    if (BREAKPOINTS_COUNT && open)
        return;
    print_message("skipped: no hardware breakpoints that count exactly (%s)\n",
                  BREAKPOINTS_COUNT ? strerror(error) : "not x86-64");
    skip();
}

static void test_breakpoints_count(void **state)
{
    const struct lb_event_code codes[3] = {watch(&words[0], false), watch(&words[1], true),
                                           watch(&words[2], false)};
    struct lb_count counts[3];
    struct lb_group group;

    (void)state;
    need_breakpoints();
    int files = open_files();
    assert_int_equal(lb_group_open(&lb_counter_system, codes, 3, 0, false, &group), 3);
    store(0, 50); /* before the window */
    for (int round = 0; round < 2; round++) {
        lb_group_begin(&group);
        store(0, 1000);
        load(0, 100); /* of no matter to codes[0] */
        store(1, 200);
        load(1, 300);
        store(3, 500); /* nobody's */
        lb_group_end(&group, counts);
        store(0, 50); /* after it */
        check_counted(&counts[0], 1000);
        check_counted(&counts[1], 500);
        check_counted(&counts[2], 0);
    }
    lb_group_close(&group);
    assert_int_equal(open_files(), files);
}

static void test_breakpoints_of_the_thread(void **state)
{
    const struct lb_event_code code = watch(&words[0], false);
    struct lb_count count;
    struct lb_group group;
    pthread_t thread;
    int word = 0;

    (void)state;
    need_breakpoints();
    assert_int_equal(lb_group_open(&lb_counter_system, &code, 1, 0, false, &group), 1);
    lb_group_begin(&group);
    store(0, 7);
    assert_int_equal(pthread_create(&thread, NULL, store_elsewhere, &word), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    lb_group_end(&group, &count);
    lb_group_close(&group);
    check_counted(&count, 7);
}

static void test_breakpoints_run_out(void **state)
{
    struct lb_event_code codes[LB_GROUP_MOST];
    struct lb_count counts[LB_GROUP_MOST];
    struct lb_group group;

    (void)state;
    need_breakpoints();
    for (int i = 0; i < LB_GROUP_MOST; i++)
        codes[i] = watch(&words[i], false);
    int files = open_files();
    int open = lb_group_open(&lb_counter_system, codes, LB_GROUP_MOST, 0, false, &group);
    lb_group_begin(&group);
    for (int i = 0; i < LB_GROUP_MOST; i++)
        store(i, 10 + i);
    lb_group_end(&group, counts);
    lb_group_close(&group);
    assert_int_equal(open_files(), files);
    assert_int_equal(open, 4); /* the debug registers of x86 */
    for (int i = 0; i < LB_GROUP_MOST; i++) {
        if (i < open)
            check_counted(&counts[i], 10 + (uint64_t)i);
        else
            check_without(&counts[i], LB_COUNT_REFUSED, ENOSPC);
    }
}

static void test_breakpoint_nowhere(void **state)
{
    struct lb_event_code codes[2] = {watch(&words[0], false), watch(&words[1], false)};
    struct lb_count counts[2];
    struct lb_group group;

    (void)state;
    need_breakpoints();
    codes[0].address += 3; /* not aligned to its width */
    assert_int_equal(lb_group_open(&lb_counter_system, codes, 2, 0, false, &group), 1);
    assert_int_equal(group.leader, 1);
    lb_group_begin(&group);
    store(0, 5);
    store(1, 5);
    lb_group_end(&group, counts);
    lb_group_close(&group);
    check_without(&counts[0], LB_COUNT_UNSUPPORTED, EINVAL);
    check_counted(&counts[1], 5);
}

/* Touches fresh pages: one fault each, by a store in user space. */
static void fault(size_t pages)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    volatile char *memory =
        mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    madvise((void *)(uintptr_t)memory, pages * page, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < pages; i++)
        memory[i * page] = 1;
    munmap((void *)(uintptr_t)memory, pages * page);
}

static void test_software(void **state)
{
    const struct lb_event_code codes[5] = {
        raw(0xffffffffffff), /* refused by any PMU, and without one */
        software(PERF_COUNT_SW_TASK_CLOCK),
        software(PERF_COUNT_SW_PAGE_FAULTS),
        software(PERF_COUNT_SW_CONTEXT_SWITCHES),
        software(PERF_COUNT_SW_CPU_MIGRATIONS),
    };
    struct lb_count counts[5];
    struct lb_group group;

    (void)state;
    for (int kernel = 0; kernel < 2; kernel++) {
        lb_group_open(&lb_counter_system, codes, 5, 0, kernel, &group);
        if (group.events[1].fd < 0) {
            print_message("skipped: task-clock%s cannot be opened (%s)\n",
                          kernel ? " with the kernel" : "", strerror(group.events[1].count.error));
            lb_group_close(&group);
            skip();
        }
        lb_group_begin(&group);
        fault(40);
        lb_group_end(&group, counts);
        lb_group_close(&group);
        for (int i = 0; i < 5; i++)
            check_honest(&counts[i]);
        assert_int_equal(counts[1].state, LB_COUNT_COUNTED);
        assert_true(counts[1].value > 0);
        assert_int_equal(counts[2].state, LB_COUNT_COUNTED);
        assert_true(counts[2].value >= 40);
        if (!kernel) {
            check_without(&counts[3], LB_COUNT_LOST, ENODATA);
            check_without(&counts[4], LB_COUNT_LOST, ENODATA);
        } else {
            assert_int_equal(counts[3].state, LB_COUNT_COUNTED);
        }
    }
}

static void test_hardware(void **state)
{
    struct lb_event_code codes[3] = {{.type = PERF_TYPE_HARDWARE},
                                     {.type = PERF_TYPE_HARDWARE},
                                     software(PERF_COUNT_SW_TASK_CLOCK)};
    struct lb_core_pmu pmus[LB_CORE_PMUS];
    struct lb_count counts[3];
    struct lb_group group;

    (void)state;
    codes[0].config = PERF_COUNT_HW_CPU_CYCLES;
    codes[1].config = PERF_COUNT_HW_INSTRUCTIONS;
    int files = open_files();
    lb_group_open(&lb_counter_system, codes, 3, 0, false, &group);
    bool rdpmc = group.events[0].page;
    lb_group_begin(&group);
    store(7, 100000);
    lb_group_end(&group, counts);
    lb_group_close(&group);
    assert_int_equal(open_files(), files);
    for (int i = 0; i < 3; i++) {
        check_honest(&counts[i]);
        /* On a hybrid machine the thread may have gone to the other kind of core. */
        if (counts[i].state == LB_COUNT_COUNTED && lb_core_pmus("/sys", pmus) < 2)
            assert_true(counts[i].value > 0);
    }
    print_message("cycles: %s, %.0f; instructions: %s, %.0f%s\n",
                  lb_count_state_name(counts[0].state), (double)counts[0].value,
                  lb_count_state_name(counts[1].state), (double)counts[1].value,
                  rdpmc ? " (rdpmc)" : "");
}

static void test_probe_here(void **state)
{
    struct lb_core_pmu pmus[LB_CORE_PMUS];
    struct lb_counter_report r;

    (void)state;
    int files = open_files();
    lb_counters_probe(&lb_counter_system, "", "", &r);
    assert_int_equal(open_files(), files);
    print_message("%s; breakpoints: %d; remedy: %s\n", r.sentence, r.breakpoints, r.remedy);
    assert_true(r.sentence[0]);
    assert_true(r.at_once == 0 || r.state == LB_PMU_PRESENT);
    assert_true(r.state != LB_PMU_PRESENT || r.error == 0);
    assert_true((r.breakpoints == 0) == (r.breakpoint_error != 0));
    if (r.state == LB_PMU_PRESENT)
        assert_true(lb_core_pmus("/sys", pmus) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breakpoints_count),
        cmocka_unit_test(test_breakpoints_of_the_thread),
        cmocka_unit_test(test_breakpoints_run_out),
        cmocka_unit_test(test_breakpoint_nowhere),
        cmocka_unit_test(test_software),
        cmocka_unit_test(test_hardware),
        cmocka_unit_test(test_probe_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
