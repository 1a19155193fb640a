/* SPDX-License-Identifier: MIT
 *
 * Encodes every entry of the table of events that is of the architecture this is built for. Alone:
 * needs events_table.c, events_text.c, events_pfm.c, base.c and libpfm4, so that it can be built
 * for another architecture and run by qemu-user.
 *
 * Exit 0: all were encoded; 1: some were not, each named.
 */
#include "counters/events_private.h"

#include <stdio.h>
#include <string.h>

/* How PMUs begin that libpfm4 has on this architecture: a build of it holds no others. Said here,
 * not asked of libpfm4, so that a misspelt PMU is a failure and not another architecture. */
static const char *const ours[] = {
    "perf::",   "perf_raw::", "raw:",
#if defined(__x86_64__)
    "hsw_ep::", "bdw_ep::",   "skx::", "clx::", "icx::", "spr::", "amd64_",
#elif defined(__aarch64__)
    "arm_",
#elif defined(__powerpc64__)
    "power",
#endif
};

static bool is_ours(const char *event)
{
    for (size_t k = 0; k < LB_COUNT(ours); k++)
        if (!strncmp(event, ours[k], strlen(ours[k])))
            return true;
    return false;
}

int main(void)
{
    int encoded = 0, others = 0, failed = 0;

    for (const struct lb_event_entry *entry = lb_event_table; entry->event; entry++) {
        struct lb_event_code code;
        struct lb_why why = {""};
        if (!is_ours(entry->event)) {
            others++;
            continue;
        }
        int err = lb_raw_is(entry->event) ? lb_raw_encode(entry->event, &why, &code)
                                          : lb_pfm_encode(entry->event, &why, &code, NULL);
        if (err)
            printf("%s: %s: %s\n", entry->microarchitecture, lb_quantity_name(entry->quantity),
                   why.text);
        *(err ? &failed : &encoded) += 1;
    }
    if (failed)
        printf("%d failed\n", failed);
    printf("%d encoded, %d of other architectures\n", encoded, others);
    return failed || !encoded;
}
