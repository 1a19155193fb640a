/* SPDX-License-Identifier: MIT
 *
 * Raw codes in text, and the processor of /proc/cpuinfo looked up in the table of quantities.
 */
#include "events_private.h"

#include <ctype.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Raw codes */

#define RAW "raw:"

bool lb_raw_is(const char *string)
{
    return !strncmp(string, RAW, strlen(RAW));
}

/* Reads "NAME=NUMBER" up to a colon or the end and moves on. */
static bool raw_field(const char **at, const char *name, uint64_t *value)
{
    size_t length = strlen(name);
    if (strncmp(*at, name, length) || (*at)[length] != '=')
        return false;
    const char *digits = *at + length + 1;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(digits, &end, 0);
    /* strtoull takes signs and blanks, too. */
    if (!isdigit((unsigned char)*digits) || errno || (*end && *end != ':'))
        return false;
    *value = number;
    *at = end;
    return true;
}

int lb_raw_encode(const char *string, struct lb_why *why, struct lb_event_code *code)
{
    static const char *const names[] = {"config", "config1", "config2"};
    uint64_t values[LB_COUNT(names)] = {0};
    const char *at = string + strlen(RAW);
    bool good = raw_field(&at, names[0], &values[0]);

    for (size_t k = 1; good && *at && k < LB_COUNT(names); k++) {
        const char *field = at + 1;
        if (raw_field(&field, names[k], &values[k]))
            at = field;
    }
    if (!good || *at)
        return lb_fail(why, EINVAL,
                       "event %.95s: a raw code is raw:config=0x12a, then :config1=... and "
                       ":config2=... where needed",
                       string);
    *code = (struct lb_event_code){.kind = LB_EVENT_PMU,
                                   .type = PERF_TYPE_RAW,
                                   .config = values[0],
                                   .config1 = values[1],
                                   .config2 = values[2]};
    return 0;
}

/* /proc/cpuinfo */

/* Copies the value of the first line "key<blanks>: value"; "" where there is none. */
static void cpuinfo_value(const char *text, const char *key, char *value, size_t bytes)
{
    size_t length = strlen(key);

    *value = 0;
    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length))
            continue;
        const char *at = line + length;
        at += strspn(at, " \t");
        if (*at++ != ':')
            continue;
        at += strspn(at, " \t");
        size_t n = strcspn(at, "\n");
        n = n < bytes ? n : bytes - 1;
        memcpy(value, at, n);
        value[n] = 0;
        return;
    }
}

static long cpuinfo_number(const char *text, const char *key)
{
    char value[32], *end;

    cpuinfo_value(text, key, value, sizeof value);
    long number = strtol(value, &end, 0);
    return end == value ? -1 : number;
}

/* Models of a family, both ends included. Sources: the kernel's arch/x86/include/asm/intel-family.h
 * and perf's pmu-events/arch/x86/mapfile.csv. */
struct model {
    const char *vendor;
    int family, first, last;
    const char *row;
};
static const struct model models[] = {
    {"GenuineIntel", 6, 0x3f, 0x3f, "hsw_ep"},  {"GenuineIntel", 6, 0x4f, 0x4f, "bdw_ep"},
    {"GenuineIntel", 6, 0x56, 0x56, "bdw_ep"},  {"GenuineIntel", 6, 0x55, 0x55, "skx"},
    {"GenuineIntel", 6, 0x6a, 0x6a, "icx"},     {"GenuineIntel", 6, 0x6c, 0x6c, "icx"},
    {"GenuineIntel", 6, 0x8f, 0x8f, "spr"},     {"GenuineIntel", 6, 0xcf, 0xcf, "emr"},
    {"GenuineIntel", 6, 0xad, 0xae, "gnr"},     {"AuthenticAMD", 0x17, 0x00, 0x2f, "zen1"},
    {"AuthenticAMD", 0x17, 0x30, 0xff, "zen2"}, {"HygonGenuine", 0x18, 0x00, 0xff, "zen1"},
    {"AuthenticAMD", 0x19, 0x00, 0x0f, "zen3"}, {"AuthenticAMD", 0x19, 0x20, 0x2f, "zen3"},
    {"AuthenticAMD", 0x19, 0x40, 0x5f, "zen3"}, {"AuthenticAMD", 0x19, 0x10, 0x1f, "zen4"},
    {"AuthenticAMD", 0x19, 0x60, 0x7f, "zen4"}, {"AuthenticAMD", 0x19, 0xa0, 0xaf, "zen4"},
    {"AuthenticAMD", 0x1a, 0x00, 0x4f, "zen5"}, {"AuthenticAMD", 0x1a, 0x60, 0x7f, "zen5"},
};

/* The first stepping of model 0x55 that is not Skylake: Cascade Lake, and Cooper Lake, whose core
 * events are the same. */
#define CASCADE_LAKE_STEPPING 5

static const char *x86_row(const char *text)
{
    char vendor[32];
    long family = cpuinfo_number(text, "cpu family"), model = cpuinfo_number(text, "model");

    cpuinfo_value(text, "vendor_id", vendor, sizeof vendor);
    for (size_t k = 0; k < LB_COUNT(models); k++) {
        const struct model *m = &models[k];
        if (strcmp(vendor, m->vendor) || family != m->family || model < m->first || model > m->last)
            continue;
        if (!strcmp(m->row, "skx") && cpuinfo_number(text, "stepping") >= CASCADE_LAKE_STEPPING)
            return "clx";
        return m->row;
    }
    return "";
}

/* Parts of Arm's own; Microsoft's Cobalt 100 (implementer 0x6d) is an N2 and says so. Source: the
 * kernel's arch/arm64/include/asm/cputype.h. */
static const char *arm_row(const char *text)
{
    static const struct {
        long implementer, part;
        const char *row;
    } parts[] = {{0x41, 0xd0c, "arm_n1"},
                 {0x41, 0xd40, "arm_v1"},
                 {0x41, 0xd49, "arm_n2"},
                 {0x41, 0xd4f, "arm_v2"},
                 {0x6d, 0xd49, "arm_n2"}};
    long implementer = cpuinfo_number(text, "CPU implementer");
    long part = cpuinfo_number(text, "CPU part");

    for (size_t k = 0; k < LB_COUNT(parts); k++)
        if (implementer == parts[k].implementer && part == parts[k].part)
            return parts[k].row;
    return "";
}

/* "POWER9 (architected), altivec supported", or "POWER9, ...". */
static const char *power_row(const char *text)
{
    static const char *const rows[] = {"power9", "power10"};
    char cpu[64];

    cpuinfo_value(text, "cpu", cpu, sizeof cpu);
    cpu[strcspn(cpu, " ,+")] = 0;
    for (size_t k = 0; k < LB_COUNT(rows); k++)
        if (!strcasecmp(cpu, rows[k]))
            return rows[k];
    return "";
}

const char *lb_cpuinfo_row(const char *text)
{
    const char *row = x86_row(text);

    if (!*row)
        row = arm_row(text);
    return *row ? row : power_row(text);
}
