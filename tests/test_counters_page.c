/* SPDX-License-Identifier: MIT
 *
 * Counts read from the page that the kernel shares, without a system call.
 */
#include <linebounce/counters.h>

#include "support/fake_kernel.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Pages -------------------------------------------------------------------------------------- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_page_falls_back),
        cmocka_unit_test(test_page_tries_again),
        cmocka_unit_test(test_page_sign),
        cmocka_unit_test(test_page_time),
        cmocka_unit_test(test_group_by_rdpmc),
        cmocka_unit_test(test_group_by_rdpmc_or_read),
        cmocka_unit_test(test_group_without_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
