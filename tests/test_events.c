/* SPDX-License-Identifier: MIT
 *
 * events: the table against libpfm4, names that users give, and processors that are not here.
 * Built twice, with and without libpfm4 (lib/counters/events_pfm_none.c): lb_pfm_built says which.
 */
#include <linebounce/events.h>

#include "counters/events_private.h"
#include "support/text.h"

#include <ctype.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__x86_64__)
#define ON_X86 true
#else
#define ON_X86 false
#endif

#define NEEDS_LIBPFM4                                                                              \
    do {                                                                                           \
        if (!lb_pfm_built) {                                                                       \
            print_message("built without libpfm4\n");                                              \
            skip();                                                                                \
        }                                                                                          \
    } while (0)
#define NEEDS_X86                                                                                  \
    do {                                                                                           \
        if (!ON_X86) {                                                                             \
            print_message("libpfm4 holds the tables of its own architecture only\n");              \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

static struct lb_microarchitecture a_machine(const char *row)
{
    struct lb_microarchitecture here = {{0}, {0}};

    snprintf(here.name, sizeof here.name, "%s", row);
    snprintf(here.pfm, sizeof here.pfm, "%s", lb_event_row_pmu(row));
    return here;
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" has \"%s\"", text, part);
}

/* The table */

static int entries_of(const char *row, enum lb_quantity quantity)
{
    int n = 0;

    for (const struct lb_event_entry *e = lb_event_table; e->event; e++)
        n += e->quantity == quantity && !strcmp(e->microarchitecture, row);
    return n;
}

static void test_rows(void **state)
{
    static const char *const named[] = {"hsw_ep", "bdw_ep", "skx",    "clx",     "icx",
                                        "spr",    "emr",    "gnr",    "zen1",    "zen2",
                                        "zen3",   "zen4",   "zen5",   "arm_n1",  "arm_v1",
                                        "arm_n2", "arm_v2", "power9", "power10", "generic"};

    (void)state;
    for (size_t k = 0; k < LB_COUNT(named); k++) {
        if (entries_of(named[k], LB_EVENT_CYCLES) != 1 ||
            entries_of(named[k], LB_EVENT_INSTRUCTIONS) != 1)
            fail_msg("%s: not one event each for cycles and instructions", named[k]);
        for (int quantity = 0; quantity < LB_QUANTITIES; quantity++)
            if (entries_of(named[k], quantity) > 1)
                fail_msg("%s: %s twice", named[k], lb_quantity_name(quantity));
    }
    for (const struct lb_event_entry *e = lb_event_table; e->event; e++) {
        bool known = false;
        for (size_t k = 0; k < LB_COUNT(named); k++)
            known |= !strcmp(e->microarchitecture, named[k]);
        if (!known)
            fail_msg("a row of no name: %s", e->microarchitecture);
    }
}

static void test_strings(void **state)
{
    struct lb_event room;

    (void)state;
    for (const struct lb_event_entry *e = lb_event_table; e->event; e++) {
        const char *pmu = lb_event_row_pmu(e->microarchitecture);
        assert_true(e->quantity >= 0 && e->quantity < LB_QUANTITIES);
        assert_true(strlen(e->microarchitecture) < sizeof((struct lb_microarchitecture *)0)->name);
        assert_true(strlen(pmu) < LB_PMU_BYTES);
        if (strlen(e->event) >= sizeof room.string || strlen(e->caveat) >= sizeof room.caveat)
            fail_msg("too long: %s, %s", e->event, e->caveat);
        for (const char *at = e->event; *at; at++)
            if (isspace((unsigned char)*at) || *at == ',')
                fail_msg("not one item of a list: %s", e->event);
        /* Of the row's own PMU, or of none. */
        bool own = *pmu && !strncmp(e->event, pmu, strlen(pmu)) &&
                   !strncmp(e->event + strlen(pmu), "::", 2);
        if (!own && strncmp(e->event, "perf", 4) && !lb_raw_is(e->event))
            fail_msg("%s: %s is of another PMU", e->microarchitecture, e->event);
    }
}

static void test_quantities(void **state)
{
    (void)state;
    for (int quantity = 0; quantity < LB_QUANTITIES; quantity++) {
        assert_int_equal(lb_quantity_find(lb_quantity_name(quantity)), quantity);
        assert_true(*lb_quantity_meaning(quantity));
    }
    assert_int_equal(lb_quantity_find("hitm"), -1);
    assert_int_equal(lb_quantity_find(""), -1);
    assert_string_equal(lb_quantity_name(LB_EVENT_HITM_LOCAL), "hitm_local");
    assert_string_equal(lb_quantity_name(LB_EVENT_RFO_HITM_REMOTE), "rfo_hitm_remote");
}

/* Encodes a quantity of a machine that need not be here. */
static struct lb_event_code code_of(const char *row, enum lb_quantity quantity)
{
    struct lb_microarchitecture here = a_machine(row);
    struct lb_event event;
    struct lb_event_code code = {0};
    struct lb_why why = {""};

    assert_int_equal(lb_event_parse(lb_quantity_name(quantity), &here, &why, &event), 0);
    if (lb_event_encode(&event, &why, &code))
        fail_msg("%s: %s", row, why.text);
    return code;
}

/* tests/encode.c does this on other architectures, too. */
static void test_every_entry_encodes(void **state)
{
    static const char *const x86[] = {"hsw_ep", "bdw_ep", "skx",  "clx",    "icx",
                                      "spr",    "emr",    "gnr",  "zen1",   "zen2",
                                      "zen3",   "zen4",   "zen5", "generic"};
    int encoded = 0;

    (void)state;
    NEEDS_LIBPFM4;
    NEEDS_X86;
    for (size_t k = 0; k < LB_COUNT(x86); k++)
        for (int quantity = 0; quantity < LB_QUANTITIES; quantity++)
            if (entries_of(x86[k], quantity)) {
                struct lb_event_code code = code_of(x86[k], quantity);
                assert_int_equal(code.kind, LB_EVENT_PMU);
                assert_int_equal(code.type,
                                 strcmp(x86[k], "generic") ? PERF_TYPE_RAW : PERF_TYPE_HARDWARE);
                encoded++;
            }
    print_message("%d encoded\n", encoded);
}

/* Codes as the vendors' lists have them. */
static void test_known_codes(void **state)
{
    static const struct {
        const char *row;
        enum lb_quantity quantity;
        uint64_t config, config1;
    } known[] = {
        {"hsw_ep", LB_EVENT_HITM_LOCAL, 0x4d2, 0},
        {"hsw_ep", LB_EVENT_HITM_REMOTE, 0x10d3, 0},
        {"bdw_ep", LB_EVENT_RFO_HITM_REMOTE, 0x1b7, 0x103fc00002},
        {"hsw_ep", LB_EVENT_LOCK_OPS, 0x21d0, 0},
        {"skx", LB_EVENT_HITM_LOCAL, 0x4d2, 0},
        {"skx", LB_EVENT_HITM_REMOTE, 0x4d3, 0},
        {"skx", LB_EVENT_RFO_HITM, 0x1b7, 0x10003c0002},
        {"hsw_ep", LB_EVENT_RFO_SHARED, 0x1b7, 0x4003c0002},
        {"bdw_ep", LB_EVENT_RFO_SHARED, 0x1b7, 0x4003c0002},
        {"skx", LB_EVENT_RFO_SHARED, 0x1b7, 0x4003c0002},
        {"clx", LB_EVENT_RFO_SHARED, 0x1b7, 0x4003c0002},
        {"clx", LB_EVENT_RFO_HITM_REMOTE, 0x1b7, 0x103fc00002},
        {"skx", LB_EVENT_INVALIDATED, 0x10ef, 0},
        {"clx", LB_EVENT_INVALIDATED, 0x10ef, 0},
        {"icx", LB_EVENT_INVALIDATED, 0x10ef, 0},
        {"icx", LB_EVENT_RFO_HITM, 0x1b7, 0x10003c0002},
        {"icx", LB_EVENT_RFO_HITM_REMOTE, 0x1b7, 0x103b800002},
        {"spr", LB_EVENT_INVALIDATED, 0x1027, 0},
        {"spr", LB_EVENT_RFO_HITM, 0x12a, 0x10003c0002},
        {"spr", LB_EVENT_LOCK_OPS, 0x21d0, 0},
        {"zen2", LB_EVENT_HITM_LOCAL, 0x243, 0},
        {"zen2", LB_EVENT_HITM_REMOTE, 0x1043, 0},
        {"zen3", LB_EVENT_HITM_LOCAL, 0x243, 0},
        {"zen3", LB_EVENT_HITM_REMOTE, 0x443, 0},
        {"zen3", LB_EVENT_HITM_FAR, 0x1043, 0},
        {"zen4", LB_EVENT_LOCK_OPS, 0x1f25, 0},
        {"zen4", LB_EVENT_L2_MISS, 0x864, 0},
    };

    (void)state;
    NEEDS_LIBPFM4;
    NEEDS_X86;
    for (size_t k = 0; k < LB_COUNT(known); k++) {
        struct lb_event_code code = code_of(known[k].row, known[k].quantity);
        if (code.config != known[k].config || code.config1 != known[k].config1)
            fail_msg("%s %s: %#llx, %#llx", known[k].row, lb_quantity_name(known[k].quantity),
                     (unsigned long long)code.config, (unsigned long long)code.config1);
    }
}

static void assert_same_codes(const char *a, const char *b)
{
    for (int quantity = 0; quantity < LB_QUANTITIES; quantity++) {
        assert_int_equal(entries_of(a, quantity), entries_of(b, quantity));
        if (!entries_of(a, quantity))
            continue;
        struct lb_event_code x = code_of(a, quantity), y = code_of(b, quantity);
        if (x.type != y.type || x.config != y.config || x.config1 != y.config1)
            fail_msg("%s and %s differ in %s: %#llx %#llx, %#llx %#llx", a, b,
                     lb_quantity_name(quantity), (unsigned long long)x.config,
                     (unsigned long long)x.config1, (unsigned long long)y.config,
                     (unsigned long long)y.config1);
    }
}

static void test_raw_rows_are_their_elders(void **state)
{
    (void)state;
    NEEDS_LIBPFM4;
    NEEDS_X86;
    assert_same_codes("emr", "spr");
    assert_same_codes("gnr", "spr");
    assert_same_codes("zen5", "zen4");
}

/* Names */

static int parse(const char *name, const char *row, struct lb_why *why, struct lb_event *event)
{
    struct lb_microarchitecture here = a_machine(row);

    memset(event, 0x5a, sizeof *event);
    *why = (struct lb_why){""};
    return lb_event_parse(name, &here, why, event);
}

static void test_quantity_names(void **state)
{
    struct lb_event event;
    struct lb_why why;

    (void)state;
    NEEDS_LIBPFM4;
    NEEDS_X86;
    assert_int_equal(parse("hitm_local", "zen4", &why, &event), 0);
    assert_string_equal(event.name, "hitm_local");
    assert_int_equal(event.kind, LB_EVENT_PMU);
    assert_int_equal(event.quantity, LB_EVENT_HITM_LOCAL);
    assert_string_equal(event.string,
                        "amd64_fam19h_zen4::DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:LOCAL_CCX");
    assert_has(event.caveat, "modified or clean");
    assert_string_equal(event.absent, "");
}

static void test_absent_quantities(void **state)
{
    struct lb_event event, events[LB_QUANTITIES];
    struct lb_microarchitecture nowhere = {"", ""}, odd = {"", "slm"};
    struct lb_event_code code = {.config = 7};
    struct lb_why why;
    char words[64];

    (void)state;
    assert_int_equal(parse("hitm_remote", "zen1", &why, &event), 0);
    assert_string_equal(event.absent, "zen1 has no event for hitm_remote");
    assert_string_equal(event.string, "");
    assert_int_equal(event.quantity, LB_EVENT_HITM_REMOTE);
    assert_int_equal(lb_event_encode(&event, &why, &code), -ENOTSUP);
    assert_has(why.text, "zen1 has no event for hitm_remote");
    assert_int_equal(code.config, 7);

    lb_event_defaults(&nowhere, events);
    for (int quantity = 0; quantity < LB_QUANTITIES; quantity++) {
        assert_int_equal(events[quantity].quantity, quantity);
        assert_string_equal(events[quantity].name, lb_quantity_name(quantity));
        bool generic = quantity == LB_EVENT_CYCLES || quantity == LB_EVENT_INSTRUCTIONS ||
                       (quantity == LB_EVENT_LLC_MISS && lb_pfm_built);
        assert_int_equal(!*events[quantity].absent, generic);
    }
    assert_string_equal(events[LB_EVENT_CYCLES].string, "perf::CYCLES");
    snprintf(words, sizeof words, "libpfm4 %s does not know this processor", lb_events_library());
    assert_string_equal(events[LB_EVENT_HITM_LOCAL].absent,
                        lb_pfm_built ? words : "built without libpfm4");
    lb_event_defaults(&odd, events);
    if (lb_pfm_built)
        assert_string_equal(events[LB_EVENT_HITM_LOCAL].absent,
                            "no event of libpfm4's slm is known for hitm_local");
}

/* A table that libpfm4 does not hold (another architecture's) leaves quantities absent, not wrong.
 */
static void test_a_foreign_row(void **state)
{
    struct lb_event event;
    struct lb_why why;

    (void)state;
    assert_int_equal(parse("cycles", ON_X86 ? "arm_n1" : "skx", &why, &event), 0);
    assert_string_equal(event.string, "");
    assert_has(event.absent, lb_pfm_built ? "event not found" : "built without libpfm4");
}

static void test_generic(void **state)
{
    struct lb_microarchitecture nowhere = {"", ""};
    static const struct {
        const char *name;
        uint64_t config;
    } known[] = {{"cycles", PERF_COUNT_HW_CPU_CYCLES},
                 {"instructions", PERF_COUNT_HW_INSTRUCTIONS}};

    (void)state;
    for (size_t k = 0; k < LB_COUNT(known); k++) {
        struct lb_event event;
        struct lb_event_code code;
        struct lb_why why;
        assert_int_equal(lb_event_parse(known[k].name, &nowhere, &why, &event), 0);
        assert_int_equal(lb_event_encode(&event, &why, &code), 0);
        assert_int_equal(code.kind, LB_EVENT_PMU);
        assert_int_equal(code.type, PERF_TYPE_HARDWARE);
        assert_int_equal(code.config, known[k].config);
        assert_int_equal(code.config1, 0);
    }
}

static void test_pfm_names(void **state)
{
    static const char *const good[] = {
        "amd64_fam19h_zen4::RETIRED_INSTRUCTIONS",
        "amd64_fam19h_zen4::RETIRED_INSTRUCTIONS:c=2:i=1",
        "perf::CYCLES",
        "perf::PAGE-FAULTS",
        "perf_raw::r1c0",
    };
    struct lb_event event;
    struct lb_event_code code;
    struct lb_why why;

    (void)state;
    NEEDS_LIBPFM4;
    NEEDS_X86;
    for (size_t k = 0; k < LB_COUNT(good); k++) {
        if (parse(good[k], "zen4", &why, &event))
            fail_msg("%s", why.text);
        assert_string_equal(event.name, good[k]);
        assert_string_equal(event.string, good[k]);
        assert_int_equal(event.quantity, -1);
        assert_string_equal(event.absent, "");
        assert_string_equal(event.caveat, "");
        assert_int_equal(lb_event_encode(&event, &why, &code), 0);
    }
    assert_int_equal(code.config, 0x1c0);
    assert_int_equal(parse("perf::CONTEXT-SWITCHES", "zen4", &why, &event), 0);
    assert_has(event.caveat, "reads 0");
    /* Another processor's code would count something, never the event of that name. */
    assert_int_equal(parse("skx::INST_RETIRED:ANY_P", "zen4", &why, &event), -ENOENT);
    assert_has(why.text, "skx is not the processor here (zen4)");
    assert_int_equal(event.kind, 0x5a5a5a5a); /* untouched */
    assert_int_equal(parse("skx::INST_RETIRED:ANY_P", "skx", &why, &event), 0);
}

static void test_near_names(void **state)
{
    struct lb_event event;
    struct lb_why why;

    (void)state;
    assert_int_equal(parse("htim_local", "", &why, &event), lb_pfm_built ? -ENOENT : -ENOTSUP);
    assert_has(why.text, "nearest: hitm_local");
    if (!lb_pfm_built)
        assert_has(why.text, "built without libpfm4");
    assert_int_equal(parse("bp:coutn+8", "", &why, &event), -ENOENT);
    assert_has(why.text, "nearest: bp:count");
    assert_int_equal(parse("", "", &why, &event), -ENOENT);
    NEEDS_LIBPFM4;
    NEEDS_X86;
    assert_int_equal(parse("RETIRED_INSTRUCTION", "zen4", &why, &event), -ENOENT);
    assert_has(why.text, "nearest: amd64_fam19h_zen4::RETIRED_INSTRUCTIONS");
    assert_int_equal(parse("amd64_fam19h_zen4::RETIRED_INSTRUCTION:ANY", "zen4", &why, &event),
                     -ENOENT);
    assert_has(why.text, "nearest: amd64_fam19h_zen4::RETIRED_INSTRUCTIONS");
    assert_int_equal(parse("L1-DCACHE-LOAD-MISS", "zen4", &why, &event), -ENOENT);
    assert_has(why.text, "perf::L1-DCACHE-LOAD-MISSES");
    assert_int_equal(parse("xqzw", "zen4", &why, &event), -ENOENT);
    assert_lacks(why.text, "near");
    /* The nearest four and no more. */
    assert_int_equal(parse("hitm_remota", "zen4", &why, &event), -ENOENT);
    assert_has(why.text, "nearest: hitm_remote");
    int commas = 0;
    for (const char *at = strchr(why.text, ';'); at && *at; at++)
        commas += *at == ',';
    assert_true(commas <= LB_NEAREST_MOST - 1);
}

static void test_wrong_masks(void **state)
{
    struct lb_event event;
    struct lb_why why;

    (void)state;
    NEEDS_LIBPFM4;
    NEEDS_X86;
    assert_int_equal(
        parse("amd64_fam19h_zen4::DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:L5", "zen4", &why, &event),
        -EINVAL);
    assert_has(why.text, "invalid event attribute");
    assert_has(why.text, "LCL_L2, LOCAL_CCX, NEAR_CACHE_NEAR_FAR");
    assert_lacks(why.text, "period"); /* a modifier, no mask */
    assert_int_equal(parse("skx::MEM_LOAD_L3_HIT_RETIRED", "skx", &why, &event), -EINVAL);
    assert_has(why.text, "XSNP_HITM");
    assert_int_equal(parse("icx::OCR:NONE", "icx", &why, &event), -EINVAL);
    assert_has(why.text, " more");
    assert_int_equal(parse("amd64_fam19h_zen4::RETIRED_INSTRUCTIONS:X", "zen4", &why, &event),
                     -EINVAL);
    assert_lacks(why.text, "masks");
}

/* What struct lb_event_code cannot carry is refused, not dropped. */
static void test_more_than_a_count(void **state)
{
    static const char *const asked[] = {"perf::CYCLES:k",         "perf::CYCLES:u=0:k=1",
                                        "perf::CYCLES:precise=2", "perf::CYCLES:period=1000",
                                        "perf::CYCLES:freq=100",  "perf::CYCLES:pinned",
                                        "perf::CYCLES:cpu=0",     "perf::CYCLES:excl"};
    struct lb_event event;
    struct lb_why why;

    (void)state;
    NEEDS_LIBPFM4;
    for (size_t k = 0; k < LB_COUNT(asked); k++)
        if (parse(asked[k], "", &why, &event) != -EINVAL)
            fail_msg("%s: accepted", asked[k]);
    assert_int_equal(parse("perf::CYCLES:u", "", &why, &event), 0);
}

static void test_raw_codes(void **state)
{
    static const char *const bad[] = {"raw:",
                                      "raw:0x12a",
                                      "raw:config=",
                                      "raw:config=0x",
                                      "raw:config=-1",
                                      "raw:config= 1",
                                      "raw:config=0x12a:",
                                      "raw:config=0x12a:config=1",
                                      "raw:config=1:config2=2:config1=3",
                                      "raw:config1=0x12a",
                                      "raw:config=0x12a:config3=1",
                                      "raw:config=0x12a,config1=1",
                                      "raw:config=0x10000000000000000"};
    struct lb_event event;
    struct lb_event_code code;
    struct lb_why why;

    (void)state;
    for (size_t k = 0; k < LB_COUNT(bad); k++)
        if (parse(bad[k], "", &why, &event) != -EINVAL)
            fail_msg("%s: accepted", bad[k]);
    assert_int_equal(parse("raw:config=0x12a:config1=0x103b800002:config2=7", "", &why, &event), 0);
    assert_int_equal(lb_event_encode(&event, &why, &code), 0);
    assert_int_equal(code.type, PERF_TYPE_RAW);
    assert_int_equal(code.config, 0x12a);
    assert_true(code.config1 == 0x103b800002);
    assert_int_equal(code.config2, 7);
    assert_int_equal(parse("raw:config=12:config2=0xffffffffffffffff", "", &why, &event), 0);
    assert_int_equal(lb_event_encode(&event, &why, &code), 0);
    assert_int_equal(code.config, 12);
    assert_int_equal(code.config1, 0);
    assert_true(code.config2 == UINT64_MAX);
}

static void test_long_names(void **state)
{
    char name[sizeof((struct lb_event *)0)->name + 1];
    struct lb_event event;
    struct lb_why why;

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_int_equal(parse(name, "", &why, &event), -EINVAL);
    name[sizeof name - 2] = 0;
    assert_int_equal(parse(name, "", &why, &event), lb_pfm_built ? -ENOENT : -ENOTSUP);
}

static void test_watches(void **state)
{
    struct lb_event event;
    struct lb_event_code code;
    struct lb_why why;

    (void)state;
    if (!ON_X86) {
        assert_int_equal(parse("bp:count", "", &why, &event), -ENOTSUP);
        assert_has(why.text, "x86 only");
        return;
    }
    for (int watch = 0; watch < LB_WATCHES; watch++) {
        char name[64];
        snprintf(name, sizeof name, "bp:%s", lb_watch_name(watch));
        assert_int_equal(parse(name, "", &why, &event), 0);
        assert_string_equal(event.name, name);
        assert_int_equal(event.kind, LB_EVENT_WATCH);
        assert_int_equal(event.quantity, -1);
        assert_string_equal(event.string, "");
        assert_int_equal(event.word.watch, watch);
        assert_false(event.watch_reads);
    }
    assert_int_equal(parse("bp:vm_start:w", "", &why, &event), 0);
    assert_false(event.watch_reads);
    assert_int_equal(parse("bp:vm_start:rw", "", &why, &event), 0);
    assert_true(event.watch_reads);
    assert_int_equal(lb_event_encode(&event, &why, &code), 0);
    assert_int_equal(code.kind, LB_EVENT_WATCH);
    assert_int_equal(code.type, PERF_TYPE_BREAKPOINT);
    assert_int_equal(code.config, 0);
    assert_int_equal(code.word.watch, LB_WATCH_FIELD);
    assert_string_equal(code.word.field, "vm_start");
    assert_true(code.watch_reads);
    assert_int_equal(code.address, 0);
    assert_int_equal(code.bytes, 0);
    assert_int_equal(parse("bp:vm_start:r", "", &why, &event), -EINVAL);
    assert_int_equal(parse("bp:vm_start:", "", &why, &event), -EINVAL);
    assert_int_equal(parse("bp:4th", "", &why, &event), -ENOENT);
    assert_int_equal(parse("bp:", "", &why, &event), -ENOENT);
}

/* Processors */

#define X86(vendor, family, model, stepping)                                                       \
    "processor\t: 0\nvendor_id\t: " vendor "\ncpu family\t: " family "\nmodel\t\t: " model         \
    "\nmodel name\t: 99 of 99\nstepping\t: " stepping "\ncpu MHz\t\t: 2596.148\n"
#define ARM(implementer, part)                                                                     \
    "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd atomics\nCPU "                        \
    "implementer\t: " implementer "\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: " part   \
    "\nCPU revision\t: 1\n"

static void test_cpuinfo(void **state)
{
    static const struct {
        const char *row, *text;
    } known[] = {
        {"hsw_ep", X86("GenuineIntel", "6", "63", "2")},
        {"bdw_ep", X86("GenuineIntel", "6", "79", "1")},
        {"skx", X86("GenuineIntel", "6", "85", "4")},
        {"clx", X86("GenuineIntel", "6", "85", "7")},
        {"icx", X86("GenuineIntel", "6", "106", "6")},
        {"spr", X86("GenuineIntel", "6", "143", "8")},
        {"emr", X86("GenuineIntel", "6", "207", "2")},
        {"gnr", X86("GenuineIntel", "6", "173", "1")},
        {"", X86("GenuineIntel", "6", "158", "10")}, /* a client */
        {"", X86("GenuineIntel", "15", "6", "4")},
        {"zen1", X86("AuthenticAMD", "23", "1", "2")},
        {"zen2", X86("AuthenticAMD", "23", "49", "0")},
        {"zen3", X86("AuthenticAMD", "25", "1", "1")},
        {"zen3", X86("AuthenticAMD", "25", "33", "2")},
        {"zen4", X86("AuthenticAMD", "25", "17", "1")},
        {"zen4", X86("AuthenticAMD", "25", "160", "2")},
        {"zen4", X86("AuthenticAMD", "25", "97", "2")},
        {"zen5", X86("AuthenticAMD", "26", "2", "1")},
        {"zen5", X86("AuthenticAMD", "26", "68", "0")},
        {"", X86("AuthenticAMD", "26", "80", "0")}, /* Zen 6 */
        {"", X86("AuthenticAMD", "21", "1", "2")},
        {"", X86("GenuineIntel", "25", "17", "1")},
        {"arm_n1", ARM("0x41", "0xd0c")},
        {"arm_v1", ARM("0x41", "0xd40")},
        {"arm_n2", ARM("0x41", "0xd49")},
        {"arm_n2", ARM("0x6d", "0xd49")},
        {"arm_v2", ARM("0x41", "0xd4f")},
        {"", ARM("0x41", "0xd08")},
        {"", ARM("0x48", "0xd0c")},
        {"power9", "processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 3800MHz\n"},
        {"power10", "processor\t: 0\ncpu\t\t: POWER10 (architected), altivec supported\n"},
        {"", "processor\t: 0\ncpu\t\t: POWER8 (raw), altivec supported\n"},
        {"", "vendor_id       : IBM/S390\nprocessor 0: version = FF\n"},
        {"", "processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc\n"},
        {"", ""},
        {"", "\n\n"},
        {"", "model"},
        {"", "vendor_id\t: AuthenticAMD\ncpu family\t:\nmodel\t\t: x\n"},
    };

    (void)state;
    for (size_t k = 0; k < LB_COUNT(known); k++)
        if (strcmp(lb_cpuinfo_row(known[k].text), known[k].row))
            fail_msg("\"%s\" for \"%s\", not \"%s\"", lb_cpuinfo_row(known[k].text), known[k].text,
                     known[k].row);
}

static void test_here(void **state)
{
    struct lb_microarchitecture here;

    (void)state;
    lb_events_here(&here);
    print_message("here: \"%s\", libpfm4's \"%s\"\n", here.name, here.pfm);
    if (!lb_pfm_built) {
        assert_string_equal(here.name, "");
        assert_string_equal(here.pfm, "");
        assert_string_equal(lb_events_library(), "not built in");
        return;
    }
    assert_true(isdigit((unsigned char)*lb_events_library()));
    const struct lb_event_row *row = lb_event_row_of_pmu(here.pfm);
    if (row)
        assert_string_equal(here.name, row->name);
    if (*here.name)
        assert_int_equal(entries_of(here.name, LB_EVENT_CYCLES), 1);
    struct lb_event events[LB_QUANTITIES];
    lb_event_defaults(&here, events);
    for (int quantity = 0; quantity < LB_QUANTITIES; quantity++) {
        struct lb_event_code code;
        struct lb_why why;
        assert_int_equal(lb_event_encode(&events[quantity], &why, &code),
                         *events[quantity].absent ? -ENOTSUP : 0);
    }
}

static void test_row_of_pmu(void **state)
{
    (void)state;
    assert_string_equal(lb_event_row_of_pmu("amd64_fam17h")->name, "zen1");
    assert_string_equal(lb_event_row_of_pmu("amd64_fam17h_zen1")->name, "zen1");
    assert_string_equal(lb_event_row_pmu("zen1"), "amd64_fam17h_zen1");
    assert_string_equal(lb_event_row_pmu("emr"), "");
    assert_null(lb_event_row_of_pmu(""));
    assert_null(lb_event_row_of_pmu("slm"));
    assert_string_equal(lb_event_row_pmu("nonsense"), "");
}

/* Runs first: libpfm4 asks the environment once in a process. */
static void test_environment_stays(void **state)
{
    static const char name[] = "LIBPFM_ENCODE_INACTIVE";
    struct lb_microarchitecture here;
    int status;

    (void)state;
    unsetenv(name);
    pid_t child = fork();
    if (child == 0) {
        setenv(name, "mine", 1);
        lb_events_here(&here);
        const char *value = getenv(name);
        _exit(!value || strcmp(value, "mine"));
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    lb_events_here(&here);
    assert_null(getenv(name));
}

static void test_distance(void **state)
{
    char far[LB_DISTANCE_BYTES + 1];

    (void)state;
    assert_int_equal(lb_edit_distance("kitten", "sitting"), 3);
    assert_int_equal(lb_edit_distance("sitting", "kitten"), 3);
    assert_int_equal(lb_edit_distance("", "abc"), 3);
    assert_int_equal(lb_edit_distance("abc", ""), 3);
    assert_int_equal(lb_edit_distance("CYCLES", "cycles"), 0);
    assert_int_equal(lb_edit_distance("rnu", "run"), 1);
    assert_int_equal(lb_edit_distance("htim_local", "hitm_local"), 1);
    memset(far, 'x', sizeof far - 1);
    far[sizeof far - 1] = 0;
    assert_true(lb_edit_distance(far, "x") == SIZE_MAX);
    assert_true(lb_edit_distance("x", far) == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment_stays),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_quantities),
        cmocka_unit_test(test_every_entry_encodes),
        cmocka_unit_test(test_known_codes),
        cmocka_unit_test(test_raw_rows_are_their_elders),
        cmocka_unit_test(test_quantity_names),
        cmocka_unit_test(test_absent_quantities),
        cmocka_unit_test(test_a_foreign_row),
        cmocka_unit_test(test_generic),
        cmocka_unit_test(test_pfm_names),
        cmocka_unit_test(test_near_names),
        cmocka_unit_test(test_wrong_masks),
        cmocka_unit_test(test_more_than_a_count),
        cmocka_unit_test(test_raw_codes),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_watches),
        cmocka_unit_test(test_cpuinfo),
        cmocka_unit_test(test_here),
        cmocka_unit_test(test_row_of_pmu),
        cmocka_unit_test(test_distance),
    };

    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
