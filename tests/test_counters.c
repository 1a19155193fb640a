/* SPDX-License-Identifier: MIT
 *
 * counters: groups through a kernel made here, whose calls fail one by one; pages in memory; what
 * the probe says of machines that are not at hand; and, where the machine allows, real breakpoints
 * and software events. Everywhere: what was not counted has no value.
 */
#include <linebounce/counters.h>

#include "counters/counters_private.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/hw_breakpoint.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A kernel ----------------------------------------------------------------------------------- */

#define FAKE_EVENTS 256
#define FAKE_RULES  8
#define FAKE_FD     1000 /* of the first event: no real file */
#define FAKE_ID     70
#define FAKE_LOG    64

enum fake_read { READ_GROUP, READ_NOTHING, READ_ERROR, READ_SHORT, READ_MANY, READ_OTHERS };

struct fake_event {
    bool open, mapped;
    struct perf_event_attr attr;
    int group_fd;
    uint64_t value;
};

static struct fake {
    struct fake_event events[FAKE_EVENTS];
    int n;
    /* Script: events that fail, by config. */
    struct fake_rule {
        uint64_t config;
        int error;        /* alone, or wherever it is */
        int error_beside; /* 0: as alone */
    } rules[FAKE_RULES];
    int n_rules;
    int open_error, id_error, enable_error, kernel_error; /* of every call */
    int opens_most;                                       /* EMFILE after so many, 0: any number */
    int pmu_slots, watch_slots;                           /* 0: any number */
    int pinned_slots; /* more hardware events than that open, but are not scheduled */
    enum fake_read read_begin, read_end;
    int read_error;
    size_t short_bytes;
    uint64_t first_value; /* of every event */
    bool backwards;       /* readings in the order of ids */
    uint64_t enabled, running;
    /* What moves by itself between two readings. */
    uint64_t step_ns, step_pmu, step_watch, step_software;
    struct perf_event_mmap_page *pages; /* of the events, NULL: none can be mapped */
    int unmappable;                     /* event without a page, -1 none */
    /* Seen. */
    int reads, maps, closes;
    bool enabled_now;
    char log[FAKE_LOG]; /* e enable, d disable, r read */
} fake;

static void start_fake(void)
{
    memset(&fake, 0, sizeof fake);
    fake.enabled = fake.running = 5000;
    fake.first_value = 100;
    fake.unmappable = -1;
}

static void note(char what)
{
    size_t length = strlen(fake.log);
    if (length + 1 < sizeof fake.log)
        fake.log[length] = what;
}

static struct fake_event *fake_event_of(int fd)
{
    assert_uint_in_range(fd, FAKE_FD, FAKE_FD + fake.n - 1);
    assert_true(fake.events[fd - FAKE_FD].open);
    return &fake.events[fd - FAKE_FD];
}

static bool in_group(int i, int leader_fd)
{
    return fake.events[i].open &&
           (i + FAKE_FD == leader_fd || fake.events[i].group_fd == leader_fd);
}

static bool is_hardware(const struct perf_event_attr *attr)
{
    return attr->type != PERF_TYPE_SOFTWARE && attr->type != PERF_TYPE_BREAKPOINT;
}

static int count_open(int leader_fd, bool watches)
{
    int n = 0;
    for (int i = 0; i < fake.n; i++)
        n += watches ? fake.events[i].open && fake.events[i].attr.type == PERF_TYPE_BREAKPOINT
                     : in_group(i, leader_fd) && is_hardware(&fake.events[i].attr);
    return n;
}

static int fake_refusal(const struct perf_event_attr *attr, int group_fd)
{
    if (fake.open_error)
        return fake.open_error;
    if (fake.opens_most && fake.n >= fake.opens_most)
        return EMFILE;
    if (fake.kernel_error && !attr->exclude_kernel)
        return fake.kernel_error;
    if (attr->type == PERF_TYPE_BREAKPOINT && fake.watch_slots &&
        count_open(-1, true) >= fake.watch_slots)
        return ENOSPC;
    if (is_hardware(attr) && group_fd >= 0 && fake.pmu_slots &&
        count_open(group_fd, false) >= fake.pmu_slots)
        return EINVAL;
    for (int i = 0; i < fake.n_rules; i++)
        if (attr->config == fake.rules[i].config && attr->type != PERF_TYPE_BREAKPOINT)
            return group_fd >= 0 && fake.rules[i].error_beside ? fake.rules[i].error_beside
                                                               : fake.rules[i].error;
    return 0;
}

static int fake_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group_fd,
                     unsigned long flags)
{
    assert_int_equal(pid, 0);
    assert_int_equal(cpu, -1);
    assert_int_equal(flags, PERF_FLAG_FD_CLOEXEC);
    if (group_fd != -1)
        assert_int_equal(fake_event_of(group_fd)->group_fd, -1);
    int error = fake_refusal(attr, group_fd);
    if (error)
        return -error;
    assert_true(fake.n < FAKE_EVENTS);
    fake.events[fake.n] = (struct fake_event){
        .open = true, .attr = *attr, .group_fd = group_fd, .value = fake.first_value};
    return FAKE_FD + fake.n++;
}

static void move_on(int leader_fd)
{
    for (int i = 0; i < fake.n; i++) {
        struct fake_event *e = &fake.events[i];
        if (!in_group(i, leader_fd))
            continue;
        e->value += e->attr.type == PERF_TYPE_BREAKPOINT ? fake.step_watch
                    : is_hardware(&e->attr)              ? fake.step_pmu
                                                         : fake.step_software;
    }
    fake.enabled += fake.step_ns;
    fake.running += fake.step_ns;
}

static size_t fill_group(int leader_fd, uint64_t *words)
{
    size_t n = 0;

    words[1] = fake.enabled;
    words[2] = fake.running;
    for (int k = 0; k < fake.n; k++) {
        int i = fake.backwards ? fake.n - 1 - k : k;
        if (!in_group(i, leader_fd))
            continue;
        words[3 + 2 * n] = fake.events[i].value;
        words[4 + 2 * n] = FAKE_ID + (uint64_t)i;
        n++;
    }
    words[0] = n;
    return 3 + 2 * n;
}

static ssize_t fake_read(int fd, void *buffer, size_t bytes)
{
    uint64_t words[3 + 2 * FAKE_EVENTS];
    enum fake_read how = fake.reads++ % 2 ? fake.read_end : fake.read_begin;

    note('r');
    assert_int_equal(fake_event_of(fd)->group_fd, -1);
    assert_true(fake.enabled_now);
    if (fake.reads % 2 == 0)
        move_on(fd);
    if (how == READ_ERROR)
        return -fake.read_error;
    if (how == READ_NOTHING || (fake.pinned_slots && count_open(fd, false) > fake.pinned_slots))
        return 0;
    size_t size = fill_group(fd, words) * sizeof *words;
    assert_true(size <= bytes);
    if (how == READ_MANY)
        words[0] = UINT64_MAX / 4;
    if (how == READ_OTHERS)
        words[4] = 1;
    memcpy(buffer, words, size);
    return (ssize_t)(how == READ_SHORT ? fake.short_bytes : size);
}

static int fake_control(int fd, unsigned long request, unsigned long argument)
{
    struct fake_event *event = fake_event_of(fd);

    if (request == PERF_EVENT_IOC_ID) {
        if (fake.id_error)
            return -fake.id_error;
        *(uint64_t *)argument = FAKE_ID + (uint64_t)(event - fake.events);
        return 0;
    }
    assert_int_equal(event->group_fd, -1);
    assert_int_equal(event->attr.disabled, 1);
    if (request == PERF_EVENT_IOC_ENABLE && fake.enable_error)
        return -fake.enable_error;
    note(request == PERF_EVENT_IOC_ENABLE ? 'e' : 'd');
    assert_true(request == PERF_EVENT_IOC_ENABLE || request == PERF_EVENT_IOC_DISABLE);
    fake.enabled_now = request == PERF_EVENT_IOC_ENABLE;
    fake.reads = 0;
    return 0;
}

static void *fake_map(int fd, size_t bytes)
{
    struct fake_event *event = fake_event_of(fd);

    assert_int_equal(bytes, sysconf(_SC_PAGESIZE));
    if (!fake.pages || event - fake.events == fake.unmappable)
        return NULL;
    event->mapped = true;
    fake.maps++;
    return &fake.pages[event - fake.events];
}

static void fake_unmap(void *page, size_t bytes)
{
    struct fake_event *event = &fake.events[(struct perf_event_mmap_page *)page - fake.pages];

    assert_int_equal(bytes, sysconf(_SC_PAGESIZE));
    assert_true(event->mapped && event->open);
    event->mapped = false;
    fake.maps--;
}

/* The page goes before the file, and siblings go before their leader. */
static void fake_close(int fd)
{
    struct fake_event *event = fake_event_of(fd);

    assert_false(event->mapped);
    for (int i = 0; i < fake.n; i++)
        assert_false(fake.events[i].open && fake.events[i].group_fd == fd);
    event->open = false;
    fake.closes++;
}

/* Counter `index` holds 1000 x index. */
static uint64_t fake_pmc(uint32_t index)
{
    return 1000 * (uint64_t)index;
}

static const struct lb_counter_calls fake_calls = {
    .open = fake_open,
    .read = fake_read,
    .control = fake_control,
    .map = fake_map,
    .unmap = fake_unmap,
    .close = fake_close,
    .pmc = fake_pmc,
};

static int still_open(void)
{
    int n = 0;
    for (int i = 0; i < fake.n; i++)
        n += fake.events[i].open;
    return n;
}

/* Groups ------------------------------------------------------------------------------------- */

static struct lb_event_code raw(uint64_t config)
{
    return (struct lb_event_code){.kind = LB_EVENT_PMU, .type = PERF_TYPE_RAW, .config = config};
}

static struct lb_event_code software(uint64_t config)
{
    return (struct lb_event_code){
        .kind = LB_EVENT_PMU, .type = PERF_TYPE_SOFTWARE, .config = config};
}

static struct lb_event_code watch(const volatile uint64_t *word, bool reads)
{
    return (struct lb_event_code){.kind = LB_EVENT_WATCH,
                                  .watch_reads = reads,
                                  .address = (uintptr_t)word,
                                  .bytes = sizeof *word};
}

/* A value goes with its state; without one there is none, not even 0. */
static void check_honest(const struct lb_count *count)
{
    if (count->state == LB_COUNT_COUNTED || count->state == LB_COUNT_SCALED) {
        assert_true(count->running_ns > 0);
        assert_true(count->scaled >= (double)count->value);
        assert_int_equal(count->error, 0);
    } else {
        assert_int_equal(count->value, 0);
        assert_true(isnan(count->scaled));
    }
}

static void check_counted(const struct lb_count *count, uint64_t value)
{
    check_honest(count);
    assert_int_equal(count->state, LB_COUNT_COUNTED);
    assert_int_equal(count->value, value);
    assert_true(count->scaled == (double)value);
    assert_int_equal(count->enabled_ns, count->running_ns);
}

static void check_without(const struct lb_count *count, enum lb_count_state state, int error)
{
    check_honest(count);
    assert_int_equal(count->state, state);
    assert_int_equal(count->error, error);
}

static void move(int i, uint64_t by)
{
    fake.events[i].value += by;
}

static void pass(uint64_t enabled, uint64_t running)
{
    fake.enabled += enabled;
    fake.running += running;
}

/* Nothing is left behind, and closing again does nothing. */
static void check_close(struct lb_group *group)
{
    struct lb_count counts[LB_GROUP_MOST];

    lb_group_close(group);
    assert_int_equal(still_open(), 0);
    assert_int_equal(fake.maps, 0);
    int closes = fake.closes;
    lb_group_close(group);
    assert_int_equal(fake.closes, closes);
    lb_group_begin(group);
    lb_group_end(group, counts);
    for (int i = 0; i < group->n; i++) {
        check_honest(&counts[i]);
        assert_int_not_equal(counts[i].state, LB_COUNT_COUNTED);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(lb_count_state_name(LB_COUNT_UNASKED), "not asked");
    assert_string_equal(lb_count_state_name(LB_COUNT_COUNTED), "counted");
    assert_string_equal(lb_count_state_name(LB_COUNT_SCALED), "scaled");
    assert_string_equal(lb_count_state_name(LB_COUNT_LOST), "not counted");
    assert_string_equal(lb_count_state_name(LB_COUNT_UNSUPPORTED), "not supported");
    assert_string_equal(lb_count_state_name(LB_COUNT_REFUSED), "refused");
    assert_string_equal(lb_pmu_state_name(LB_PMU_PRESENT), "present");
    assert_string_equal(lb_pmu_state_name(LB_PMU_ABSENT), "absent");
    assert_string_equal(lb_pmu_state_name(LB_PMU_REFUSED), "refused");
    assert_string_equal(lb_pmu_state_name(LB_PMU_SECCOMP), "seccomp");
}

static void test_add(void **state)
{
    const struct lb_count counted = {LB_COUNT_COUNTED, 0, 7, 10, 10, 7.0};
    const struct lb_count scaled = {LB_COUNT_SCALED, 0, 5, 10, 5, 10.0};
    const struct lb_count lost = {LB_COUNT_LOST, EIO, 0, 10, 0, (double)NAN};
    const struct lb_count refused = {LB_COUNT_REFUSED, EACCES, 0, 0, 0, (double)NAN};
    const struct lb_count unasked = {LB_COUNT_UNASKED, 0, 0, 0, 0, (double)NAN};
    struct lb_count sum = unasked;

    (void)state;
    lb_count_add(&unasked, &sum);
    assert_int_equal(sum.state, LB_COUNT_UNASKED);
    lb_count_add(&counted, &sum);
    lb_count_add(&counted, &sum);
    lb_count_add(&unasked, &sum);
    check_counted(&sum, 14);
    assert_int_equal(sum.enabled_ns, 20);
    lb_count_add(&scaled, &sum);
    assert_int_equal(sum.state, LB_COUNT_SCALED);
    assert_int_equal(sum.value, 19);
    assert_true(sum.scaled == 24.0);
    assert_int_equal(sum.running_ns, 25);
    lb_count_add(&counted, &sum);
    assert_int_equal(sum.state, LB_COUNT_SCALED);
    lb_count_add(&lost, &sum);
    check_without(&sum, LB_COUNT_LOST, EIO);
    assert_int_equal(sum.enabled_ns, 50);
    lb_count_add(&counted, &sum);
    check_without(&sum, LB_COUNT_LOST, EIO);
    lb_count_add(&refused, &sum);
    check_without(&sum, LB_COUNT_REFUSED, EACCES);
    lb_count_add(&lost, &sum);
    check_without(&sum, LB_COUNT_REFUSED, EACCES);
}

static void test_attr(void **state)
{
    static const uint64_t word;
    struct lb_event_code code = raw(0x4d2);
    struct perf_event_attr a;

    (void)state;
    code.config1 = 0x100;
    code.config2 = 3;
    lb_counter_attr(&code, 0, false, true, &a);
    assert_int_equal(a.size, sizeof a);
    assert_int_equal(a.type, PERF_TYPE_RAW);
    assert_int_equal(a.config, 0x4d2);
    assert_int_equal(a.config1, 0x100 | lb_counter_user_read);
    assert_int_equal(a.config2, 3);
    assert_int_equal(a.read_format, PERF_FORMAT_GROUP | PERF_FORMAT_ID |
                                        PERF_FORMAT_TOTAL_TIME_ENABLED |
                                        PERF_FORMAT_TOTAL_TIME_RUNNING);
    assert_true(a.disabled && a.pinned && a.exclude_kernel && a.exclude_hv);
    assert_false(a.inherit || a.exclude_user);
    lb_counter_attr(&code, 10, true, false, &a);
    assert_false(a.disabled || a.pinned || a.exclude_kernel || a.exclude_user);
    assert_true(a.exclude_hv);
    assert_int_equal(a.config, 0x4d2); /* raw codes belong to the PMU of their type */

    code = (struct lb_event_code){.type = PERF_TYPE_HARDWARE, .config = 1};
    lb_counter_attr(&code, 0, false, false, &a);
    assert_int_equal(a.config, 1);
    lb_counter_attr(&code, 10, false, false, &a);
    assert_int_equal(a.config, 1 | 10ull << PERF_PMU_TYPE_SHIFT);
    code.type = PERF_TYPE_HW_CACHE;
    lb_counter_attr(&code, 10, false, false, &a);
    assert_int_equal(a.config, 1 | 10ull << PERF_PMU_TYPE_SHIFT);
    code = software(PERF_COUNT_SW_TASK_CLOCK);
    lb_counter_attr(&code, 10, false, false, &a);
    assert_int_equal(a.config, PERF_COUNT_SW_TASK_CLOCK);
    assert_int_equal(a.config1, 0);

    code = watch(&word, false);
    code.config = 99; /* nobody's */
    lb_counter_attr(&code, 10, false, true, &a);
    assert_int_equal(a.type, PERF_TYPE_BREAKPOINT);
    assert_int_equal(a.config, 0);
    assert_int_equal(a.bp_addr, (uintptr_t)&word);
    assert_int_equal(a.bp_len, 8);
    assert_int_equal(a.bp_type, HW_BREAKPOINT_W);
    assert_true(a.disabled && a.pinned && a.exclude_kernel);
    code.watch_reads = true;
    code.bytes = 4;
    lb_counter_attr(&code, 0, false, false, &a);
    assert_int_equal(a.bp_type, HW_BREAKPOINT_RW);
    assert_int_equal(a.bp_len, 4);
    assert_false(a.pinned || a.disabled);
}

static void test_group(void **state)
{
    const struct lb_event_code codes[3] = {raw(1), raw(2), raw(3)};
    struct lb_count counts[3];
    struct lb_group group;

    (void)state;
    for (int backwards = 0; backwards < 2; backwards++) {
        start_fake();
        fake.backwards = backwards;
        assert_int_equal(lb_group_open(&fake_calls, codes, 3, 0, false, &group), 3);
        assert_int_equal(group.leader, 0);
        assert_string_equal(fake.log, "");
        assert_true(fake.events[0].attr.pinned && !fake.events[1].attr.pinned);
        assert_int_equal(fake.events[2].group_fd, FAKE_FD);
        for (int i = 0; i < LB_GROUP_MOST; i++) /* open is not yet counted */
            check_without(&group.events[i].count, i < 3 ? LB_COUNT_LOST : LB_COUNT_UNASKED, 0);
        for (uint64_t round = 1; round < 3; round++) {
            lb_group_begin(&group);
            for (int i = 0; i < 3; i++)
                move(i, round * 10 + (uint64_t)i);
            pass(200 * round, 200 * round);
            lb_group_end(&group, counts);
            for (int i = 0; i < 3; i++)
                check_counted(&counts[i], round * 10 + (uint64_t)i);
            assert_int_equal(counts[1].enabled_ns, 200 * round);
        }
        assert_string_equal(fake.log, "errderrd");
        check_close(&group);
    }
}

static void test_group_counts_zero(void **state)
{
    const struct lb_event_code code = raw(1);
    struct lb_count count;
    struct lb_group group;

    (void)state;
    start_fake();
    lb_group_open(&fake_calls, &code, 1, 0, false, &group);
    lb_group_begin(&group);
    pass(200, 200);
    lb_group_end(&group, &count);
    check_counted(&count, 0); /* on the PMU all the time: a true 0 */
    lb_group_end(&group, &count);
    check_without(&count, LB_COUNT_LOST, 0); /* no begin */
    check_close(&group);
}

static const struct {
    int error;
    enum lb_count_state state;
} refusals[] = {
    {EACCES, LB_COUNT_REFUSED},         {EPERM, LB_COUNT_REFUSED},
    {ENOSYS, LB_COUNT_REFUSED},         {EMFILE, LB_COUNT_REFUSED},
    {ENOSPC, LB_COUNT_REFUSED},         {EBUSY, LB_COUNT_REFUSED},
    {ENOENT, LB_COUNT_UNSUPPORTED},     {ENXIO, LB_COUNT_UNSUPPORTED},
    {EOPNOTSUPP, LB_COUNT_UNSUPPORTED}, {ENODEV, LB_COUNT_UNSUPPORTED},
    {EINVAL, LB_COUNT_UNSUPPORTED},
};

/* Event `which` of three fails; the others are counted. */
static void check_refusal(int which, int error, enum lb_count_state expected)
{
    const struct lb_event_code codes[3] = {raw(1), raw(2), raw(3)};
    struct lb_count counts[3];
    struct lb_group group;

    start_fake();
    fake.rules[fake.n_rules++] = (struct fake_rule){codes[which].config, error, 0};
    assert_int_equal(lb_group_open(&fake_calls, codes, 3, 0, false, &group), 2);
    assert_int_equal(group.leader, which == 0);
    assert_true(fake.events[0].attr.pinned && fake.events[0].attr.disabled);
    assert_false(fake.events[1].attr.pinned || fake.events[1].attr.disabled);
    lb_group_begin(&group);
    move(0, 11);
    move(1, 22);
    pass(200, 200);
    lb_group_end(&group, counts);
    check_without(&counts[which], expected, error);
    check_counted(&counts[which == 0], 11);
    check_counted(&counts[which == 2 ? 1 : 2], 22);
    check_close(&group);
}

static void test_one_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(refusals); i++)
        for (int which = 0; which < 3; which++)
            check_refusal(which, refusals[i].error, refusals[i].state);
}

static void test_all_fail(void **state)
{
    const struct lb_event_code codes[3] = {raw(1), raw(2), raw(3)};
    struct lb_count counts[3];
    struct lb_group group;

    (void)state;
    for (size_t k = 0; k < LB_COUNT(refusals); k++) {
        start_fake();
        fake.open_error = refusals[k].error;
        assert_int_equal(lb_group_open(&fake_calls, codes, 3, 0, false, &group), 0);
        assert_int_equal(group.leader, -1);
        lb_group_begin(&group);
        lb_group_end(&group, counts);
        assert_string_equal(fake.log, "");
        for (int i = 0; i < 3; i++)
            check_without(&counts[i], refusals[k].state, refusals[k].error);
        check_close(&group);
    }
}

static void test_does_not_fit(void **state)
{
    const struct lb_event_code codes[4] = {raw(1), raw(2), raw(3), raw(4)};
    struct lb_count counts[4];
    struct lb_group group;

    (void)state;
    start_fake();
    fake.pmu_slots = 2;
    fake.rules[fake.n_rules++] = (struct fake_rule){4, ENOENT, EINVAL};
    assert_int_equal(lb_group_open(&fake_calls, codes, 4, 0, false, &group), 2);
    assert_int_equal(still_open(), 2); /* the try alone is closed again */
    lb_group_begin(&group);
    move(0, 5);
    move(1, 6);
    pass(200, 200);
    lb_group_end(&group, counts);
    check_counted(&counts[0], 5);
    check_counted(&counts[1], 6);
    check_without(&counts[2], LB_COUNT_LOST, E2BIG);
    check_without(&counts[3], LB_COUNT_UNSUPPORTED, ENOENT); /* as it says when alone */
    check_close(&group);
}

static void test_no_id(void **state)
{
    const struct lb_event_code codes[2] = {raw(1), raw(2)};
    struct lb_count counts[2];
    struct lb_group group;

    (void)state;
    start_fake();
    fake.id_error = ENOTTY;
    assert_int_equal(lb_group_open(&fake_calls, codes, 2, 0, false, &group), 0);
    assert_int_equal(still_open(), 0);
    lb_group_begin(&group);
    lb_group_end(&group, counts);
    check_without(&counts[0], LB_COUNT_REFUSED, ENOTTY);
    check_without(&counts[1], LB_COUNT_REFUSED, ENOTTY);
    check_close(&group);
}

/* One window of two events that both move by 50, over `enabled` and `running` ns. */
static void one_window(uint64_t enabled, uint64_t running, struct lb_count counts[2])
{
    const struct lb_event_code codes[2] = {raw(1), raw(2)};
    struct lb_group group;

    assert_int_equal(lb_group_open(&fake_calls, codes, 2, 0, false, &group), 2);
    lb_group_begin(&group);
    move(0, fake.first_value / 2);
    move(1, fake.first_value / 2);
    pass(enabled, running);
    lb_group_end(&group, counts);
    if (!fake.enable_error)
        assert_int_equal(fake.log[strlen(fake.log) - 1], 'd'); /* whatever the readings say */
    check_close(&group);
}

static void test_bad_readings(void **state)
{
    static const struct {
        enum fake_read how;
        size_t bytes;
        int error;
    } cases[] = {
        {READ_NOTHING, 0, 0},  {READ_ERROR, 0, EBADF}, {READ_SHORT, 16, EIO},
        {READ_SHORT, 40, EIO}, {READ_SHORT, 24, EIO},  {READ_MANY, 0, EIO},
    };
    struct lb_count counts[2];

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        for (int at_end = 0; at_end < 2; at_end++) {
            start_fake();
            *(at_end ? &fake.read_end : &fake.read_begin) = cases[i].how;
            fake.first_value = 0; /* the reading that is not there is 0, too */
            fake.short_bytes = cases[i].bytes;
            fake.read_error = EBADF;
            one_window(200, 200, counts);
            check_without(&counts[0], LB_COUNT_LOST, cases[i].error);
            check_without(&counts[1], LB_COUNT_LOST, cases[i].error);
        }
    }
    /* An event that the reading leaves out; the other is there. */
    for (int at_end = 0; at_end < 2; at_end++) {
        start_fake();
        *(at_end ? &fake.read_end : &fake.read_begin) = READ_OTHERS;
        one_window(200, 200, counts);
        check_without(&counts[0], LB_COUNT_LOST, 0);
        check_counted(&counts[1], 50);
    }
    start_fake();
    fake.enable_error = EBADF;
    one_window(200, 200, counts);
    check_without(&counts[0], LB_COUNT_LOST, EBADF);
    check_without(&counts[1], LB_COUNT_LOST, EBADF);
}

static void test_recovers(void **state)
{
    const struct lb_event_code code = raw(1);
    struct lb_count count;
    struct lb_group group;

    (void)state;
    start_fake();
    lb_group_open(&fake_calls, &code, 1, 0, false, &group);
    fake.read_begin = READ_ERROR;
    fake.read_error = EBADF;
    lb_group_begin(&group);
    lb_group_end(&group, &count);
    check_without(&count, LB_COUNT_LOST, EBADF);
    fake.read_begin = READ_GROUP;
    lb_group_begin(&group);
    move(0, 9);
    pass(200, 200);
    lb_group_end(&group, &count);
    check_counted(&count, 9);
    lb_group_begin(&group);
    fake.enable_error = EBADF;
    lb_group_begin(&group); /* the last begin is what counts */
    pass(200, 200);
    lb_group_end(&group, &count);
    check_without(&count, LB_COUNT_LOST, EBADF);
    check_close(&group);
}

static void test_running(void **state)
{
    struct lb_count counts[2];

    (void)state;
    start_fake();
    one_window(200, 0, counts); /* it ran before, but not in this window */
    check_without(&counts[0], LB_COUNT_LOST, 0);
    assert_int_equal(counts[0].enabled_ns, 200);
    start_fake();
    fake.running = 0;
    one_window(200, 0, counts);
    check_without(&counts[1], LB_COUNT_LOST, 0);
    start_fake();
    one_window(0, 0, counts);
    check_without(&counts[0], LB_COUNT_LOST, 0);
    start_fake();
    one_window(400, 100, counts);
    check_honest(&counts[1]);
    assert_int_equal(counts[1].state, LB_COUNT_SCALED);
    assert_int_equal(counts[1].value, 50);
    assert_true(counts[1].scaled == 200.0);
    assert_int_equal(counts[1].enabled_ns, 400);
    assert_int_equal(counts[1].running_ns, 100);
    start_fake();
    fake.step_pmu = (uint64_t)-60; /* 50 up, 60 down */
    one_window(200, 200, counts);
    check_without(&counts[0], LB_COUNT_LOST, 0);
}

static void test_reads_nothing(void **state)
{
    static const struct {
        uint64_t config;
        bool user, kernel; /* whether it counts */
    } cases[] = {
        {PERF_COUNT_SW_CPU_CLOCK, true, true},        {PERF_COUNT_SW_TASK_CLOCK, true, true},
        {PERF_COUNT_SW_PAGE_FAULTS, true, true},      {PERF_COUNT_SW_CONTEXT_SWITCHES, false, true},
        {PERF_COUNT_SW_CPU_MIGRATIONS, false, true},  {PERF_COUNT_SW_PAGE_FAULTS_MIN, true, true},
        {PERF_COUNT_SW_DUMMY, false, false},          {PERF_COUNT_SW_BPF_OUTPUT, false, false},
        {PERF_COUNT_SW_CGROUP_SWITCHES, false, true},
    };
    struct lb_event_code codes[2] = {raw(1)};
    struct lb_count counts[2];
    struct lb_group group;

    (void)state;
    for (size_t i = 0; i <= LB_COUNT(cases); i++) {
        for (int kernel = 0; kernel < 2; kernel++) {
            bool counts_something = kernel;
            codes[1] = (struct lb_event_code){.type = PERF_TYPE_TRACEPOINT, .config = 3};
            if (i < LB_COUNT(cases)) {
                codes[1] = software(cases[i].config);
                counts_something = kernel ? cases[i].kernel : cases[i].user;
            }
            start_fake();
            lb_group_open(&fake_calls, codes, 2, 0, kernel, &group);
            lb_group_begin(&group);
            pass(200, 200);
            lb_group_end(&group, counts);
            check_counted(&counts[0], 0);
            if (counts_something)
                check_counted(&counts[1], 0);
            else
                check_without(&counts[1], LB_COUNT_LOST, ENODATA);
            check_close(&group);
        }
    }
}

/* Pages -------------------------------------------------------------------------------------- */

/* Holds counter 4, which fake_pmc says is at 4000, and 10 ns since the update. */
static struct perf_event_mmap_page make_page(void)
{
    struct perf_event_mmap_page page;

    memset(&page, 0, sizeof page);
    page.cap_user_rdpmc = 1;
    page.cap_user_time = 1;
    page.lock = 2;
    page.index = 5;
    page.pmc_width = 48;
    page.offset = 100000;
    page.time_enabled = 700;
    page.time_running = 600;
    page.time_offset = 10;
    return page;
}

static struct perf_event_mmap_page *changing; /* what the counter's reader changes */
static int pmc_calls, changes;                /* so many times */

static uint64_t changing_pmc(uint32_t index)
{
    pmc_calls++;
    if (changes > 0) {
        changes--;
        changing->lock += 2;
        changing->index++;
        changing->offset += 7;
    }
    return fake_pmc(index);
}

static uint64_t no_cycles(void)
{
    return 0;
}

static uint64_t some_cycles(void)
{
    return 0x12345;
}

static void test_page(void **state)
{
    struct perf_event_mmap_page page = make_page();
    struct lb_reading r = {0};

    (void)state;
    assert_true(lb_page_usable(&page));
    assert_true(lb_page_read(&page, fake_pmc, no_cycles, &r));
    assert_true(r.valid);
    assert_int_equal(r.value, 104000);
    assert_int_equal(r.enabled_ns, 710);
    assert_int_equal(r.running_ns, 610);
    page.offset = -3500;
    assert_true(lb_page_read(&page, fake_pmc, no_cycles, &r));
    assert_int_equal(r.value, 500);
}

static void test_page_falls_back(void **state)
{
    const struct lb_reading before = {false, 1, 2, 3};
    struct perf_event_mmap_page pages[6];

    (void)state;
    for (size_t i = 0; i < LB_COUNT(pages); i++)
        pages[i] = make_page();
    pages[0].index = 0;
    pages[1].cap_user_rdpmc = 0;
    pages[2].cap_user_time = 0;
    pages[3].pmc_width = 0;
    pages[4].pmc_width = 65;
    pages[5].lock = 3; /* being written, for ever */
    for (size_t i = 0; i < LB_COUNT(pages); i++) {
        struct lb_reading r = before;
        assert_false(lb_page_read(&pages[i], fake_pmc, no_cycles, &r));
        assert_memory_equal(&r, &before, sizeof r);
        assert_int_equal(lb_page_usable(&pages[i]), i != 1 && i != 2);
    }
}

static void test_page_tries_again(void **state)
{
    struct perf_event_mmap_page page = make_page();
    struct lb_reading r;

    (void)state;
    changing = &page;
    changes = 2;
    pmc_calls = 0;
    assert_true(lb_page_read(&page, changing_pmc, no_cycles, &r));
    assert_int_equal(pmc_calls, 3);
    assert_int_equal(r.value, 100014 + 6000); /* offset and counter of one moment */
    changes = INT_MAX;
    assert_false(lb_page_read(&page, changing_pmc, no_cycles, &r));
}

static uint64_t negative_pmc(uint32_t index)
{
    (void)index;
    return 0x0000fffffffffff0; /* -16 in 48 bits */
}

static void test_page_sign(void **state)
{
    struct perf_event_mmap_page page = make_page();
    struct lb_reading r;

    (void)state;
    assert_true(lb_page_read(&page, negative_pmc, no_cycles, &r));
    assert_int_equal(r.value, 100000 - 16);
    page.pmc_width = 64;
    assert_true(lb_page_read(&page, negative_pmc, no_cycles, &r));
    assert_int_equal(r.value, 100000 + 0x0000fffffffffff0);
    page.pmc_width = 32;
    assert_true(lb_page_read(&page, negative_pmc, no_cycles, &r));
    assert_int_equal(r.value, 100000 - 16);
    page.pmc_width = 4; /* the bits above the counter's width are not its own */
    assert_true(lb_page_read(&page, negative_pmc, no_cycles, &r));
    assert_int_equal(r.value, 100000);
}

static void test_page_time(void **state)
{
    struct perf_event_mmap_page page = make_page();
    struct lb_reading r;

    (void)state;
    page.time_shift = 8;
    page.time_mult = 0x180; /* 1.5 ns a cycle */
    assert_true(lb_page_read(&page, fake_pmc, some_cycles, &r));
    assert_int_equal(r.enabled_ns, 710 + 0x123 * 0x180 + ((0x45 * 0x180) >> 8));
    assert_int_equal(r.running_ns, r.enabled_ns - 100);
    /* A 12-bit clock that has gone round once since 0xffff00f00. */
    page.cap_user_time_short = 1;
    page.time_mask = 0xfff;
    page.time_cycles = 0xffff00f00;
    assert_true(lb_page_read(&page, fake_pmc, some_cycles, &r));
    uint64_t cycles = 0xffff01345;
    assert_int_equal(r.enabled_ns, 710 + (cycles >> 8) * 0x180 + (((cycles & 0xff) * 0x180) >> 8));
}

/* Opens three events with pages; counter i + 1 belongs to event i. */
static void open_paged(struct perf_event_mmap_page pages[3], struct lb_group *group)
{
    const struct lb_event_code codes[3] = {raw(1), raw(2), raw(3)};

    start_fake();
    fake.pages = pages;
    for (int i = 0; i < 3; i++) {
        pages[i] = make_page();
        pages[i].index = (uint32_t)i + 2;
        pages[i].time_running = pages[i].time_enabled;
        pages[i].time_mult = 0; /* time is what the test says */
    }
    assert_int_equal(lb_group_open(&fake_calls, codes, 3, 0, false, group), 3);
}

static void advance(struct perf_event_mmap_page *page, int64_t value, uint64_t ns)
{
    page->offset += value;
    page->time_enabled += ns;
    page->time_running += ns;
}

static void test_group_by_rdpmc(void **state)
{
    struct perf_event_mmap_page pages[3];
    struct lb_count counts[3];
    struct lb_group group;

    (void)state;
    open_paged(pages, &group);
    assert_int_equal(fake.maps, 3);
    lb_group_begin(&group);
    for (int i = 0; i < 3; i++)
        advance(&pages[i], 20 + i, 300);
    lb_group_end(&group, counts);
    assert_string_equal(fake.log, "ed"); /* no read() */
    for (int i = 0; i < 3; i++)
        check_counted(&counts[i], 20 + (uint64_t)i);
    assert_int_equal(counts[2].enabled_ns, 300);
    check_close(&group);
}

/* Event 1 cannot be read by itself: then read() is asked for all. */
static void test_group_by_rdpmc_or_read(void **state)
{
    struct perf_event_mmap_page pages[3];
    struct lb_count counts[3];
    struct lb_group group;

    (void)state;
    open_paged(pages, &group);
    lb_group_begin(&group);
    for (int i = 0; i < 3; i++) /* the same counter, as read() sees it */
        fake.events[i].value = group.events[i].before + 30 + (uint64_t)i;
    fake.enabled = group.events[0].enabled_before + 400;
    fake.running = fake.enabled;
    pages[1].index = 0;
    fake.reads = 1;
    lb_group_end(&group, counts);
    assert_string_equal(fake.log, "erd");
    for (int i = 0; i < 3; i++)
        check_counted(&counts[i], 30 + (uint64_t)i);
    check_close(&group);

    /* Off the PMU for a while, and thrown off it. */
    for (int lost = 0; lost < 2; lost++) {
        open_paged(pages, &group);
        lb_group_begin(&group);
        advance(&pages[1], 10, 300);
        pages[2].time_enabled += 100;
        fake.events[1].value = group.events[1].before + 10;
        fake.enabled = group.events[1].enabled_before + 400;
        fake.running = group.events[1].running_before + 100;
        fake.reads = 1;
        fake.read_end = lost ? READ_NOTHING : READ_GROUP;
        lb_group_end(&group, counts);
        assert_string_equal(fake.log, "erd");
        assert_int_equal(counts[1].state, lost ? LB_COUNT_LOST : LB_COUNT_SCALED);
        check_honest(&counts[1]);
        assert_true(lost || counts[1].scaled == 40.0);
        check_close(&group);
    }
}

static void test_group_without_a_page(void **state)
{
    struct perf_event_mmap_page pages[3];
    const struct lb_event_code codes[3] = {raw(1), raw(2), raw(3)};
    struct lb_count counts[3];
    struct lb_group group;

    (void)state;
    for (int mapped = 0; mapped < 2; mapped++) {
        start_fake();
        for (int i = 0; i < 3; i++)
            pages[i] = make_page();
        fake.pages = pages;
        if (mapped)
            pages[2].cap_user_time = 0;
        else
            fake.unmappable = 1;
        assert_int_equal(lb_group_open(&fake_calls, codes, 3, 0, false, &group), 3);
        assert_int_equal(fake.maps, 0); /* one that needs read() brings the others along */
        lb_group_begin(&group);
        move(2, 3);
        pass(200, 200);
        lb_group_end(&group, counts);
        assert_string_equal(fake.log, "errd");
        check_counted(&counts[0], 0);
        check_counted(&counts[2], 3);
        check_close(&group);
    }
}

/* Machines ----------------------------------------------------------------------------------- */

struct machine {
    char root[64];
};

static void make_machine(struct machine *m)
{
    char path[256];
    static const char *const folders[] = {"/proc",
                                          "/proc/sys",
                                          "/proc/sys/kernel",
                                          "/sys",
                                          "/sys/bus",
                                          "/sys/bus/event_source",
                                          "/sys/bus/event_source/devices"};

    strcpy(m->root, "/tmp/lb_counters_XXXXXX");
    assert_non_null(mkdtemp(m->root));
    for (size_t i = 0; i < LB_COUNT(folders); i++) {
        snprintf(path, sizeof path, "%s%s", m->root, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
}

static void put(const struct machine *m, const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", m->root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void put_pmu(const struct machine *m, const char *name, const char *type, const char *cpus)
{
    char path[256];

    snprintf(path, sizeof path, "%s/sys/bus/event_source/devices/%s", m->root, name);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "sys/bus/event_source/devices/%s/type", name);
    put(m, path, type);
    snprintf(path, sizeof path, "sys/bus/event_source/devices/%s/cpus", name);
    if (cpus)
        put(m, path, cpus);
}

static void remove_all(const char *folder)
{
    char path[512];
    struct dirent *entry;
    DIR *entries = opendir(folder);

    assert_non_null(entries);
    while ((entry = readdir(entries))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        assert_true(snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path);
        if (unlink(path))
            remove_all(path);
    }
    closedir(entries);
    assert_int_equal(rmdir(folder), 0);
}

static int core_pmus(const struct machine *m, struct lb_core_pmu pmus[LB_CORE_PMUS])
{
    char sys[80];
    snprintf(sys, sizeof sys, "%s/sys", m->root);
    return lb_core_pmus(sys, pmus);
}

static void test_core_pmus(void **state)
{
    struct lb_core_pmu pmus[LB_CORE_PMUS];
    struct machine m;

    (void)state;
    assert_int_equal(lb_core_pmus("/nowhere", pmus), 0);
    make_machine(&m);
    put_pmu(&m, "software", "1\n", NULL);
    put_pmu(&m, "breakpoint", "5\n", NULL);
    put_pmu(&m, "uncore_imc_0", "20\n", "0\n");
    put_pmu(&m, "arm_cmn_0", "21\n", NULL);
    put_pmu(&m, "cpu_bad", "many\n", NULL);
    assert_int_equal(core_pmus(&m, pmus), 0); /* as in virtual machines */
    assert_null(lb_core_pmu_of(pmus, 0, 0));
    put_pmu(&m, "cpu", "4\n", NULL);
    assert_int_equal(core_pmus(&m, pmus), 1);
    assert_string_equal(pmus[0].name, "cpu");
    assert_int_equal(pmus[0].type, 4);
    assert_string_equal(pmus[0].cpus, "");
    assert_ptr_equal(lb_core_pmu_of(pmus, 1, 1000), &pmus[0]);
    put_pmu(&m, "armv8_pmuv3_1", "9\n", "4-7\n");
    put_pmu(&m, "armv8_pmuv3_0", "8\n", "0-3\n");
    put_pmu(&m, "cpum_cf", "10\n", NULL);
    put_pmu(&m, "apple_icestorm_pmu", "11\n", "0-3\n");
    assert_int_equal(core_pmus(&m, pmus), LB_CORE_PMUS);
    assert_string_equal(pmus[0].name, "apple_icestorm_pmu"); /* in order, whatever the folder's */
    assert_string_equal(pmus[1].name, "armv8_pmuv3_0");
    assert_string_equal(pmus[2].name, "armv8_pmuv3_1");
    assert_string_equal(pmus[3].name, "cpu");
    assert_int_equal(pmus[2].type, 9);
    assert_string_equal(pmus[2].cpus, "4-7");
    remove_all(m.root);
}

static void test_hybrid(void **state)
{
    struct lb_core_pmu pmus[LB_CORE_PMUS];
    char list[600] = "0";
    struct machine m;

    (void)state;
    make_machine(&m);
    put_pmu(&m, "cpu_core", "4\n", "0-11,20\n");
    put_pmu(&m, "cpu_atom", "10\n", "12-19\n");
    assert_int_equal(core_pmus(&m, pmus), 2);
    assert_string_equal(pmus[0].name, "cpu_atom");
    assert_int_equal(lb_core_pmu_of(pmus, 2, 0)->type, 4);
    assert_int_equal(lb_core_pmu_of(pmus, 2, 11)->type, 4);
    assert_int_equal(lb_core_pmu_of(pmus, 2, 12)->type, 10);
    assert_int_equal(lb_core_pmu_of(pmus, 2, 19)->type, 10);
    assert_int_equal(lb_core_pmu_of(pmus, 2, 20)->type, 4);
    assert_null(lb_core_pmu_of(pmus, 2, 21));
    remove_all(m.root);
    make_machine(&m);
    for (int i = 1; i <= 100; i++) /* 255 characters end within 154 */
        snprintf(list + strlen(list), sizeof list - strlen(list), ",%d", 2 * i + 100);
    put_pmu(&m, "cpu_core", "4\n", list);
    assert_int_equal(core_pmus(&m, pmus), 1);
    assert_non_null(lb_core_pmu_of(pmus, 1, 102));
    assert_null(lb_core_pmu_of(pmus, 1, 1));
    assert_null(lb_core_pmu_of(pmus, 1, 2));
    assert_int_not_equal(pmus[0].cpus[strlen(pmus[0].cpus) - 1], ',');
    const char *last = strrchr(pmus[0].cpus, ',');
    assert_true(!strncmp(strstr(list, last), last, strlen(last)) &&
                strchr(",", strstr(list, last)[strlen(last)]));
    remove_all(m.root);
}

/* Probe -------------------------------------------------------------------------------------- */

/* A kernel whose counters count by themselves. */
static void start_counting(void)
{
    start_fake();
    fake.step_ns = 1000;
    fake.step_pmu = 900;
    fake.step_watch = 3; /* stores of the probe to each word */
    fake.step_software = 1000;
    fake.watch_slots = 4;
}

static void probe(const char *paranoid, const char *hypervisor, struct lb_counter_report *report)
{
    struct machine m;

    make_machine(&m);
    if (paranoid)
        put(&m, "proc/sys/kernel/perf_event_paranoid", paranoid);
    lb_counters_probe(&fake_calls, m.root, hypervisor, report);
    remove_all(m.root);
    assert_int_equal(still_open(), 0);
    assert_int_equal(fake.maps, 0);
    assert_true(report->sentence[0]);
    assert_null(strchr(report->sentence, '\n'));
    /* Neither was cut. */
    assert_true(strlen(report->sentence) < sizeof report->sentence - 1);
    assert_true(strlen(report->remedy) < sizeof report->remedy - 1);
}

static void check_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void test_probe_present(void **state)
{
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.pmu_slots = 6;
    probe("1\n", "none", &r);
    assert_int_equal(r.state, LB_PMU_PRESENT);
    assert_int_equal(r.error, 0);
    assert_int_equal(r.paranoid, 1);
    assert_int_equal(r.at_once, 6); /* the seventh does not open */
    assert_int_equal(r.breakpoints, 4);
    assert_int_equal(r.breakpoint_error, 0);
    assert_true(r.software && r.kernel && !r.rdpmc);
    assert_string_equal(r.sentence, "hardware counters: 6 count at once, user space and kernel");
    assert_string_equal(r.remedy, "");
    start_counting();
    fake.kernel_error = EACCES;
    fake.pmu_slots = 6;
    fake.pinned_slots = 5; /* six open, but the watchdog has one */
    probe("2\n", "kvm", &r);
    assert_int_equal(r.state, LB_PMU_PRESENT);
    assert_int_equal(r.at_once, 5);
    assert_false(r.kernel);
    assert_string_equal(r.sentence, "hardware counters: 5 count at once, user space alone");
    start_counting();
    probe("2\n", "", &r);
    assert_int_equal(r.at_once, LB_GROUP_MOST);
    check_says(r.sentence, ">= 8 count at once");
    start_counting();
    fake.opens_most = 1;
    probe("2\n", "", &r);
    assert_int_equal(r.state, LB_PMU_PRESENT);
    assert_int_equal(r.at_once, 1);
    assert_int_equal(r.error, 0); /* that of one counter */
    assert_int_equal(r.breakpoint_error, EMFILE);
}

static void test_probe_taken(void **state)
{
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.read_end = READ_NOTHING;
    probe("2\n", "none", &r);
    assert_int_equal(r.state, LB_PMU_PRESENT);
    assert_int_equal(r.at_once, 0);
    assert_int_equal(r.breakpoints, 0);
    assert_int_equal(r.breakpoint_error, EIO); /* armed, but not counted */
    assert_false(r.software);
    check_says(r.sentence, "all are taken");
    check_says(r.remedy, "sudo sysctl kernel.nmi_watchdog=0");
    start_counting();
    fake.step_watch = 2; /* one store was not seen */
    probe("2\n", "none", &r);
    assert_int_equal(r.breakpoints, 0);
    assert_int_equal(r.breakpoint_error, EIO);
}

static void test_probe_counts_nothing(void **state)
{
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.step_pmu = 0;
    probe("2\n", "kvm", &r);
    assert_int_equal(r.state, LB_PMU_ABSENT);
    assert_int_equal(r.at_once, 0);
    assert_string_equal(
        r.sentence,
        "no hardware counters: this is a virtual machine (kvm) whose PMU counts nothing");
    start_counting();
    fake.step_pmu = 0;
    probe("2\n", "none", &r);
    assert_int_equal(r.state, LB_PMU_ABSENT);
    check_says(r.sentence, "cycles can be opened, but read 0");
}

static void test_probe_absent(void **state)
{
    static const int errors[] = {ENOENT, EOPNOTSUPP, ENODEV, ENXIO, EINVAL};
    struct lb_counter_report r;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(errors); i++) {
        start_counting();
        fake.rules[fake.n_rules++] =
            (struct fake_rule){PERF_COUNT_HW_CPU_CYCLES, errors[i], errors[i]};
        probe("2\n", "kvm", &r);
        assert_int_equal(r.state, LB_PMU_ABSENT);
        assert_int_equal(r.error, errors[i]);
        assert_int_equal(r.at_once, 0);
        assert_int_equal(r.breakpoints, 4);
        assert_true(r.software);
        assert_string_equal(r.sentence,
                            "no hardware counters: this is a virtual machine (kvm) without a PMU");
        check_says(r.remedy, "KVM: -cpu host,pmu=on; cloud: a metal or whole-socket instance");
        check_says(r.remedy, "until then use timed latency");
#if defined(__x86_64__)
        check_says(r.remedy, "and bp: events");
#endif
    }
    for (int empty = 0; empty < 2; empty++) {
        start_counting();
        fake.open_error = ENOENT;
        probe("2\n", empty ? "" : "none", &r);
        assert_int_equal(r.state, LB_PMU_ABSENT);
        assert_int_equal(r.breakpoints, 0);
        assert_int_equal(r.breakpoint_error, ENOENT);
        assert_false(r.software || r.kernel);
        assert_null(strstr(r.sentence, "virtual"));
        check_says(r.remedy, "kernel's log");
        assert_null(strstr(r.remedy, "bp:"));
    }
}

static void test_probe_refused(void **state)
{
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.open_error = EACCES;
    probe("3\n", "kvm", &r);
    assert_int_equal(r.state, LB_PMU_REFUSED);
    assert_int_equal(r.error, EACCES);
    assert_int_equal(r.breakpoint_error, EACCES);
    check_says(r.sentence, "perf_event_paranoid is 3: counting needs CAP_SYS_ADMIN");
    assert_null(strstr(r.sentence, "no hardware counters"));
    assert_string_equal(r.remedy, "sudo sysctl kernel.perf_event_paranoid=2");
    start_counting();
    fake.open_error = EPERM;
    probe("4\n", "", &r);
    assert_int_equal(r.state, LB_PMU_REFUSED);
    check_says(r.sentence, "perf_event_paranoid is 4");
    check_says(r.remedy, "sudo sysctl kernel.perf_event_paranoid=2; in a container also docker");
    start_counting();
    fake.open_error = EACCES;
    probe("2\n", "", &r);
    assert_int_equal(r.state, LB_PMU_REFUSED);
    check_says(r.sentence, "not by perf_event_paranoid");
    assert_null(strstr(r.remedy, "sysctl"));
    start_counting();
    fake.open_error = EMFILE;
    probe("2\n", "", &r);
    assert_int_equal(r.state, LB_PMU_REFUSED);
    check_says(r.sentence, strerror(EMFILE));
    check_says(r.remedy, "ulimit -n");
}

static void test_probe_seccomp(void **state)
{
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.open_error = EPERM;
    probe("2\n", "", &r);
    assert_int_equal(r.state, LB_PMU_SECCOMP);
    check_says(r.sentence, "refused (EPERM) by a filter");
    check_says(r.remedy, "--cap-add PERFMON");
    start_counting();
    fake.open_error = ENOSYS;
    probe("-1\n", "", &r);
    assert_int_equal(r.state, LB_PMU_SECCOMP);
    assert_int_equal(r.paranoid, -1);
    check_says(r.sentence, "hidden (ENOSYS) by a filter");
    check_says(r.remedy, "profile that allows perf_event_open");
    start_counting();
    fake.open_error = ENOSYS;
    probe(NULL, "", &r);
    assert_int_equal(r.state, LB_PMU_SECCOMP);
    assert_int_equal(r.paranoid, LB_PARANOID_NONE);
    check_says(r.sentence, "without CONFIG_PERF_EVENTS");
    check_says(r.remedy, "CONFIG_PERF_EVENTS");
}

static void test_probe_rdpmc(void **state)
{
    static struct perf_event_mmap_page pages[FAKE_EVENTS];
    struct lb_counter_report r;

    (void)state;
    start_counting();
    fake.pages = pages;
    for (int readable = 0; readable < 2; readable++) {
        for (size_t i = 0; i < LB_COUNT(pages); i++) {
            pages[i] = make_page();
            pages[i].index = readable;
        }
        probe("2\n", "none", &r);
        assert_int_equal(r.rdpmc, readable);
    }
}

/* On hybrid machines cycles are asked of the PMU of the PU that runs. */
static void test_probe_hybrid(void **state)
{
    struct lb_counter_report r;
    struct machine m;

    (void)state;
    for (int hybrid = 0; hybrid < 2; hybrid++) {
        make_machine(&m);
        put_pmu(&m, "cpu_core", "4\n", "0-8191\n");
        if (hybrid)
            put_pmu(&m, "cpu_atom", "10\n", "10000\n");
        start_counting();
        lb_counters_probe(&fake_calls, m.root, "none", &r);
        remove_all(m.root);
        assert_int_equal(r.state, LB_PMU_PRESENT);
        assert_int_equal(fake.events[0].attr.type, PERF_TYPE_HARDWARE);
        assert_int_equal(fake.events[0].attr.config,
                         PERF_COUNT_HW_CPU_CYCLES | (hybrid ? 4ull << PERF_PMU_TYPE_SHIFT : 0));
    }
}

/* This machine ------------------------------------------------------------------------------- */

/* Stores to a watched word are exact where the processor traps each. */
#if defined(__x86_64__)
#define BREAKPOINTS_COUNT 1
#else
#define BREAKPOINTS_COUNT 0
#endif

static volatile uint64_t words[8];

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

static int open_files(void)
{
    DIR *files = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(files);
    while (readdir(files))
        n++;
    closedir(files);
    return n;
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
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_attr),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_group_counts_zero),
        cmocka_unit_test(test_one_fails),
        cmocka_unit_test(test_all_fail),
        cmocka_unit_test(test_does_not_fit),
        cmocka_unit_test(test_no_id),
        cmocka_unit_test(test_bad_readings),
        cmocka_unit_test(test_recovers),
        cmocka_unit_test(test_running),
        cmocka_unit_test(test_reads_nothing),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_page_falls_back),
        cmocka_unit_test(test_page_tries_again),
        cmocka_unit_test(test_page_sign),
        cmocka_unit_test(test_page_time),
        cmocka_unit_test(test_group_by_rdpmc),
        cmocka_unit_test(test_group_by_rdpmc_or_read),
        cmocka_unit_test(test_group_without_a_page),
        cmocka_unit_test(test_core_pmus),
        cmocka_unit_test(test_hybrid),
        cmocka_unit_test(test_probe_present),
        cmocka_unit_test(test_probe_taken),
        cmocka_unit_test(test_probe_counts_nothing),
        cmocka_unit_test(test_probe_absent),
        cmocka_unit_test(test_probe_refused),
        cmocka_unit_test(test_probe_seccomp),
        cmocka_unit_test(test_probe_rdpmc),
        cmocka_unit_test(test_probe_hybrid),
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
