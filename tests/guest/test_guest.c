/* SPDX-License-Identifier: MIT
 *
 * The counters stage on a real PMU: that of an emulated Neoverse N1, in the machine that guest.py
 * boots, as root. The emulator counts cycles, and instructions where it counts them at all
 * (`icount`), and nothing else; how many counters there are is asked of the kernel. What is
 * asserted of cycles is that they count; instructions are exact.
 *
 * Usage: test_guest smp|icount
 */
#include <linebounce/counters.h>

#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PARANOID    "/proc/sys/kernel/perf_event_paranoid"
#define USER_ACCESS "/proc/sys/kernel/perf_user_access"
#define NOBODY      65534
#define SOME        200000u /* iterations: long enough to be seen in any clock */

static struct lb_microarchitecture here;

/* Two instructions an iteration. */
__attribute__((noinline)) static void spin(uint64_t n)
{
    __asm__ volatile("1:\tsubs\t%0, %0, #1\n\tb.ne\t1b" : "+r"(n) : : "cc");
}

static void set(const char *path, int value)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fprintf(file, "%d\n", value) > 0);
    assert_int_equal(fclose(file), 0);
}

static int get(const char *path)
{
    FILE *file = fopen(path, "r");
    int value;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &value), 1);
    fclose(file);
    return value;
}

static void pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    assert_int_equal(sched_setaffinity(0, sizeof set, &set), 0);
}

static void unpin(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    for (int cpu = 0; cpu < 4; cpu++)
        CPU_SET(cpu, &set);
    assert_int_equal(sched_setaffinity(0, sizeof set, &set), 0);
}

static struct lb_event parsed(const char *name)
{
    struct lb_event event;
    struct lb_why why = {""};
    int err = lb_event_parse(name, &here, &why, &event);

    if (err)
        fail_msg("%s: %s (%s)", name, strerror(-err), why.text);
    return event;
}

static struct lb_event_code code_of(const char *name)
{
    struct lb_event event = parsed(name);
    struct lb_event_code code;
    struct lb_why why = {""};
    int err = lb_event_encode(&event, &why, &code);

    if (err)
        fail_msg("%s: %s (%s)", name, strerror(-err), why.text);
    return code;
}

/* Nothing but the same instructions whatever n is. */
__attribute__((noinline)) static void window_of(struct lb_group *group, uint64_t n,
                                                struct lb_count *counts)
{
    lb_group_begin(group);
    spin(n);
    lb_group_end(group, counts);
}

/* A group of one, for one window. */
static struct lb_count count_of(const struct lb_counter_calls *calls,
                                const struct lb_event_code *code, uint64_t n)
{
    struct lb_group group;
    struct lb_count count;

    lb_group_open(calls, code, 1, 0, false, &group);
    window_of(&group, n, &count);
    lb_group_close(&group);
    return count;
}

static void assert_state(const struct lb_count *count, enum lb_count_state state)
{
    if (count->state != state)
        fail_msg("%s (error %d, value %llu, running %llu of %llu ns), not %s",
                 lb_count_state_name(count->state), count->error, (unsigned long long)count->value,
                 (unsigned long long)count->running_ns, (unsigned long long)count->enabled_ns,
                 lb_count_state_name(state));
}

static void assert_counted(const struct lb_count *count)
{
    assert_state(count, LB_COUNT_COUNTED);
    assert_true(count->value > 0);
    assert_int_equal(count->running_ns, count->enabled_ns);
    assert_true(count->enabled_ns > 0);
    assert_true(count->scaled > (double)count->value - 0.5);
    assert_true(count->scaled < (double)count->value + 0.5);
}

static void assert_no_value(const struct lb_count *count, enum lb_count_state state)
{
    assert_state(count, state);
    assert_true(isnan(count->scaled));
}

/* Somebody else's counters, without the stage. */

#define HOLD_MOST 16
struct held {
    int n;
    int fds[HOLD_MOST];
};

/* As many cycle counters in one group as there are: of this thread on any CPU, or of one CPU. */
static struct held hold(pid_t pid, int cpu, bool pinned)
{
    struct held held = {0, {0}};
    struct perf_event_attr attr;

    while (held.n < HOLD_MOST) {
        memset(&attr, 0, sizeof attr);
        attr.size = sizeof attr;
        attr.type = PERF_TYPE_HARDWARE;
        attr.config = PERF_COUNT_HW_CPU_CYCLES;
        attr.pinned = pinned && held.n == 0;
        attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
        int fd = (int)syscall(SYS_perf_event_open, &attr, pid, cpu, held.n ? held.fds[0] : -1, 0UL);
        if (fd < 0)
            break;
        held.fds[held.n++] = fd;
    }
    assert_true(held.n > 0 && held.n < HOLD_MOST);
    return held;
}

/* Whether the leader was always on the PMU. */
static bool let_go(struct held *held)
{
    uint64_t words[3] = {0}; /* value, enabled, running */
    bool always = read(held->fds[0], words, sizeof words) == sizeof words && words[1] == words[2];

    for (int i = held->n; i-- > 0;)
        close(held->fds[i]);
    return always;
}

static int counters_of_machine(void)
{
    struct held held = hold(0, -1, false);
    int n = held.n;

    let_go(&held);
    return n;
}

/* What there is */

static void test_the_pmu_is_found(void **state)
{
    struct lb_core_pmu pmus[LB_CORE_PMUS];
    char path[96];

    (void)state;
    assert_int_equal(lb_core_pmus("/sys", pmus), 1);
    assert_memory_equal(pmus[0].name, "armv8_pmuv3", strlen("armv8_pmuv3"));
    snprintf(path, sizeof path, "/sys/bus/event_source/devices/%s/type", pmus[0].name);
    assert_int_equal(pmus[0].type, get(path));
    for (int cpu = 0; cpu < 4; cpu++)
        assert_ptr_equal(lb_core_pmu_of(pmus, 1, cpu), &pmus[0]);
    assert_null(lb_core_pmu_of(pmus, 1, 4));
}

static void test_the_processor_is_known(void **state)
{
    struct lb_event event;

    (void)state;
    assert_string_equal(here.name, "arm_n1");
    assert_string_equal(here.pfm, "arm_n1");
    event = parsed("cycles");
    assert_int_equal(event.quantity, LB_EVENT_CYCLES);
    assert_string_equal(event.string, "arm_n1::CPU_CYCLES");
    assert_string_equal(event.absent, "");
    event = parsed("hitm_local"); /* no Arm core has it */
    assert_string_not_equal(event.absent, "");
}

static void test_probe(void **state)
{
    struct lb_counter_report r;

    (void)state;
    lb_counters_probe(&lb_counter_system, "", "", &r);
    print_message("%s %s (%d breakpoints, error %d)\n", r.sentence, r.remedy, r.breakpoints,
                  r.breakpoint_error);
    assert_int_equal(r.state, LB_PMU_PRESENT);
    assert_int_equal(r.error, 0);
    assert_int_equal(r.paranoid, get(PARANOID));
    assert_int_equal(r.at_once, counters_of_machine());
    assert_true(r.software);
    assert_true(r.kernel);
    assert_false(r.rdpmc); /* perf_user_access is 0 */
    set(USER_ACCESS, 1);
    lb_counters_probe(&lb_counter_system, "", "", &r);
    assert_true(r.rdpmc);
}

/* In a child: the test itself stays root. */
static struct lb_counter_report probe_as_nobody(void)
{
    struct lb_counter_report r;
    int ends[2], status;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (setuid(NOBODY))
            _exit(1);
        memset(&r, 0, sizeof r);
        lb_counters_probe(&lb_counter_system, "", "", &r);
        _exit(write(ends[1], &r, sizeof r) == sizeof r ? 0 : 1);
    }
    assert_int_equal(read(ends[0], &r, sizeof r), sizeof r);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
    return r;
}

static void test_probe_as_nobody(void **state)
{
    struct lb_counter_report r;

    (void)state;
    r = probe_as_nobody();
    assert_int_equal(r.state, LB_PMU_REFUSED);
    assert_int_equal(r.error, EACCES);
    assert_int_equal(r.paranoid, 3);
    assert_int_equal(r.at_once, 0);
    assert_non_null(strstr(r.remedy, "perf_event_paranoid"));
    set(PARANOID, 2); /* user space, but not the kernel */
    r = probe_as_nobody();
    assert_int_equal(r.state, LB_PMU_PRESENT);
    assert_false(r.kernel);
}

/* What counts, and what does not */

static void test_cycles_count(void **state)
{
    struct lb_event_code code = code_of("cycles");
    struct lb_count count;

    (void)state;
    for (int cpu = 0; cpu < 4; cpu++) {
        pin(cpu);
        count = count_of(&lb_counter_system, &code, SOME);
        assert_counted(&count);
    }
    unpin();
}

/* The kernel opens any raw code, and what the PMU lacks reads 0. */
static void assert_unsupported(const char *name)
{
    struct lb_event event = parsed(name);
    struct lb_event_code code;
    struct lb_count count;
    struct lb_why why = {""};
    int err = lb_event_encode(&event, &why, &code);

    if (event.absent[0]) {
        assert_int_equal(err, -ENOTSUP);
        return;
    }
    assert_int_equal(err, 0);
    count = count_of(&lb_counter_system, &code, SOME);
    if (count.state != LB_COUNT_UNSUPPORTED)
        fail_msg("%s: %s, %llu", name, lb_count_state_name(count.state),
                 (unsigned long long)count.value);
    assert_true(isnan(count.scaled));
}

static void test_cache_events_are_not_supported(void **state)
{
    static const char *const names[] = {
        "l1d_miss",
        "l2_miss",
        "llc_miss",
        "arm_n1::L1D_CACHE_REFILL",
        "arm_n1::LL_CACHE_MISS_RD",
        "perf::L1-DCACHE-LOAD-MISSES",
        "perf::CACHE-MISSES",
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(names); i++)
        assert_unsupported(names[i]);
}

/* Without icount the emulator has no count of instructions. */
static void test_instructions_are_not_supported(void **state)
{
    (void)state;
    assert_unsupported("instructions");
}

static void test_one_that_fails_leaves_the_others(void **state)
{
    struct lb_event_code codes[2] = {code_of("perf::CACHE-MISSES"), code_of("cycles")};
    struct lb_group group;
    struct lb_count counts[2];

    (void)state;
    assert_int_equal(lb_group_open(&lb_counter_system, codes, 2, 0, false, &group), 1);
    assert_int_equal(group.leader, 1);
    window_of(&group, SOME, counts);
    lb_group_close(&group);
    assert_no_value(&counts[0], LB_COUNT_UNSUPPORTED);
    assert_int_equal(counts[0].error, ENOENT);
    assert_counted(&counts[1]);
}

/* One window of n times the same event. Returns how many could be opened. */
static int count_same(const char *name, int n, struct lb_count *counts)
{
    struct lb_event_code codes[LB_GROUP_MOST];
    struct lb_group group;

    for (int i = 0; i < n; i++)
        codes[i] = code_of(name);
    int open = lb_group_open(&lb_counter_system, codes, n, 0, false, &group);
    window_of(&group, SOME, counts);
    lb_group_close(&group);
    return open;
}

/* The kernel for arm64 looks whether a group fits without its leader as long as that is disabled:
 * one too many opens, and none of them counts. */
static void assert_does_not_fit(const char *name, int fit, int n)
{
    struct lb_count counts[LB_GROUP_MOST];
    int open = count_same(name, n, counts);

    assert_uint_in_range(open, fit, fit + 1);
    for (int i = 0; i < n; i++) {
        if (open == fit && i < open)
            assert_counted(&counts[i]);
        else
            assert_no_value(&counts[i], LB_COUNT_LOST);
        if (i >= open)
            assert_int_equal(counts[i].error, E2BIG);
    }
}

static void test_as_many_events_as_counters(void **state)
{
    struct lb_count counts[LB_GROUP_MOST];
    int fit = counters_of_machine();

    (void)state;
    assert_true(fit < LB_GROUP_MOST); /* or this machine cannot show the next */
    assert_int_equal(count_same("cycles", fit, counts), fit);
    for (int i = 0; i < fit; i++)
        assert_counted(&counts[i]);
}

static void test_more_events_than_counters(void **state)
{
    (void)state;
    assert_does_not_fit("cycles", counters_of_machine(), LB_GROUP_MOST);
}

/* Of the counters one is for cycles alone. */
static void test_more_instructions_than_counters(void **state)
{
    int fit = counters_of_machine() - 1;
    struct lb_count counts[LB_GROUP_MOST];

    (void)state;
    assert_true(fit + 2 <= LB_GROUP_MOST);
    assert_does_not_fit("instructions", fit, fit + 2);
    assert_int_equal(count_same("instructions", fit, counts), fit);
    for (int i = 0; i < fit; i++) {
        assert_counted(&counts[i]);
        assert_int_equal(counts[i].value, counts[0].value);
    }
}

/* Who else is on the PMU */

static void test_pinned_counters_of_others(void **state)
{
    struct lb_event_code code = code_of("cycles");
    struct lb_count count;
    struct held others = hold(0, -1, true);

    (void)state;
    count = count_of(&lb_counter_system, &code, SOME);
    assert_no_value(&count, LB_COUNT_LOST);
    assert_string_equal(lb_count_state_name(count.state), "not counted");
    assert_true(let_go(&others));
    count = count_of(&lb_counter_system, &code, SOME);
    assert_counted(&count);
}

/* A CPU's own pinned counters go before a thread's. */
static void test_thrown_off_within_a_window(void **state)
{
    struct lb_event_code code = code_of("cycles");
    struct lb_group group;
    struct lb_count count;
    struct held others;

    (void)state;
    pin(2);
    assert_int_equal(lb_group_open(&lb_counter_system, &code, 1, 0, false, &group), 1);
    lb_group_begin(&group);
    spin(SOME);
    others = hold(-1, 2, true);
    spin(SOME);
    lb_group_end(&group, &count);
    assert_true(let_go(&others));
    lb_group_close(&group);
    unpin();
    assert_no_value(&count, LB_COUNT_LOST);
}

static void test_ours_goes_before_unpinned_ones(void **state)
{
    struct lb_event_code code = code_of("cycles");
    struct lb_count count;
    struct held others = hold(0, -1, false);

    (void)state;
    count = count_of(&lb_counter_system, &code, SOME);
    assert_counted(&count);
    assert_false(let_go(&others)); /* there was something to go before */
}

static void *other_thread(void *unused)
{
    (void)unused;
    spin(100 * SOME);
    return NULL;
}

/* Without a system call */

static unsigned pmc_calls;

static uint64_t counted_pmc(uint32_t index)
{
    pmc_calls++;
    return lb_counter_system.pmc(index);
}

static struct lb_counter_calls watched_calls(void)
{
    struct lb_counter_calls calls = lb_counter_system;

    calls.pmc = counted_pmc;
    pmc_calls = 0;
    return calls;
}

static void test_user_access(void **state)
{
    struct lb_event_code code = code_of("cycles");
    struct lb_counter_calls calls = watched_calls();
    struct lb_count count;

    (void)state;
    pin(1);
    count = count_of(&calls, &code, SOME);
    assert_counted(&count);
    assert_int_equal(pmc_calls, 0);
    set(USER_ACCESS, 1);
    count = count_of(&calls, &code, SOME);
    assert_counted(&count);
    assert_true(pmc_calls >= 2);
}

static void test_user_access_when_pushed_aside(void **state)
{
    struct lb_event_code code = code_of("cycles");
    struct lb_counter_calls calls = watched_calls();
    struct lb_count count;

    (void)state;
    set(USER_ACCESS, 1);
    struct held others = hold(0, -1, true);
    count = count_of(&calls, &code, SOME);
    let_go(&others);
    assert_no_value(&count, LB_COUNT_LOST);
}

/* Instructions, exactly */

static uint64_t instructions_of(const struct lb_counter_calls *calls, uint64_t n)
{
    struct lb_event_code code = code_of("instructions");
    struct lb_count count = count_of(calls, &code, n);

    assert_counted(&count);
    return count.value;
}

/* The same constant on top of two instructions an iteration, whatever n is. Returns it. */
static uint64_t assert_exact(const struct lb_counter_calls *calls)
{
    static const uint64_t ns[] = {1, 1000, 2000, 100000, 200000, 1000000};
    uint64_t base;

    instructions_of(calls, 1); /* once, so that all is linked and mapped */
    base = instructions_of(calls, 1) - 2;
    for (size_t i = 0; i < LB_COUNT(ns); i++)
        assert_int_equal(instructions_of(calls, ns[i]), base + 2 * ns[i]);
    return base;
}

static void test_instructions_are_exact(void **state)
{
    struct lb_counter_calls calls = watched_calls();

    (void)state;
    print_message("read(): 2 n + %llu\n", (unsigned long long)assert_exact(&calls));
    assert_int_equal(pmc_calls, 0);
}

static void test_user_access_is_exact(void **state)
{
    struct lb_counter_calls calls = watched_calls();

    (void)state;
    set(USER_ACCESS, 1);
    print_message("mrs: 2 n + %llu\n", (unsigned long long)assert_exact(&calls));
    assert_true(pmc_calls > 0);
}

static void test_a_group_is_exact(void **state)
{
    struct lb_event_code codes[] = {code_of("cycles"), code_of("instructions"),
                                    code_of("instructions")};
    static const uint64_t ns[] = {SOME, SOME, 2 * SOME};
    struct lb_count counts[3][3];
    struct lb_group group;

    (void)state;
    assert_int_equal(lb_group_open(&lb_counter_system, codes, 3, 0, false, &group), 3);
    for (unsigned i = 0; i < 3; i++) {
        window_of(&group, ns[i], counts[i]);
        for (int k = 0; k < 3; k++)
            assert_counted(&counts[i][k]);
    }
    lb_group_close(&group);
    /* The first window begins with nothing counted, the others after one. */
    for (int k = 1; k < 3; k++)
        assert_int_equal(counts[2][k].value - counts[1][k].value, 2 * SOME);
}

__attribute__((noinline)) static uint64_t around_a_sleep(struct lb_group *group, uint64_t n)
{
    const struct timespec brief = {0, 1000000};
    struct lb_count count;

    lb_group_begin(group);
    spin(n);
    nanosleep(&brief, NULL);
    spin(n);
    lb_group_end(group, &count);
    assert_counted(&count);
    return count.value;
}

/* The kernel takes the counter away meanwhile, and sets it anew after. */
static void test_exact_over_a_sleep(void **state)
{
    struct lb_event_code code = code_of("instructions");
    struct lb_group group;

    (void)state;
    for (int user = 0; user < 2; user++) {
        set(USER_ACCESS, user);
        assert_int_equal(lb_group_open(&lb_counter_system, &code, 1, 0, false, &group), 1);
        around_a_sleep(&group, 1);
        uint64_t once = around_a_sleep(&group, SOME);
        assert_int_equal(around_a_sleep(&group, 2 * SOME) - once, 4 * SOME);
        lb_group_close(&group);
    }
}

static void test_only_the_thread_itself(void **state)
{
    struct lb_event_code code = code_of("instructions");
    struct lb_group group;
    struct lb_count count;
    pthread_t other;

    (void)state;
    assert_int_equal(lb_group_open(&lb_counter_system, &code, 1, 0, false, &group), 1);
    lb_group_begin(&group);
    assert_int_equal(pthread_create(&other, NULL, other_thread, NULL), 0);
    assert_int_equal(pthread_join(other, NULL), 0);
    lb_group_end(&group, &count);
    lb_group_close(&group);
    assert_counted(&count);
    assert_true(count.value < 100 * SOME);
}

/* As the machine came up, whatever the test before left behind. */
static int afresh(void **state)
{
    (void)state;
    set(USER_ACCESS, 0);
    set(PARANOID, 3);
    unpin();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup(test_##name, afresh)

int main(int argc, char **argv)
{
    const struct CMUnitTest smp[] = {
        TEST(the_pmu_is_found),
        TEST(the_processor_is_known),
        TEST(probe),
        TEST(probe_as_nobody),
        TEST(cycles_count),
        TEST(cache_events_are_not_supported),
        TEST(instructions_are_not_supported),
        TEST(one_that_fails_leaves_the_others),
        TEST(as_many_events_as_counters),
        TEST(more_events_than_counters),
        TEST(pinned_counters_of_others),
        TEST(thrown_off_within_a_window),
        TEST(ours_goes_before_unpinned_ones),
        TEST(user_access),
        TEST(user_access_when_pushed_aside),
    };
    const struct CMUnitTest icount[] = {
        TEST(instructions_are_exact),
        TEST(user_access_is_exact),
        TEST(a_group_is_exact),
        TEST(exact_over_a_sleep),
        TEST(more_instructions_than_counters),
        TEST(only_the_thread_itself),
        TEST(cache_events_are_not_supported),
    };

    lb_events_here(&here);
    if (argc == 2 && !strcmp(argv[1], "smp"))
        return cmocka_run_group_tests(smp, NULL, NULL);
    if (argc == 2 && !strcmp(argv[1], "icount"))
        return cmocka_run_group_tests(icount, NULL, NULL);
    fprintf(stderr, "test_guest: one of smp, icount\n");
    return 2;
}
