/* SPDX-License-Identifier: MIT
 *
 * A build without libpfm4: the kernel's own two counts, nothing else.
 */
#include "events_private.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

const bool lb_pfm_built = false;

const char *lb_events_library(void)
{
    return "not built in";
}

void lb_pfm_here(char pmu[LB_PMU_BYTES])
{
    *pmu = 0;
}

int lb_pfm_encode(const char *string, struct lb_why *why, struct lb_event_code *code,
                  char pmu[LB_PMU_BYTES])
{
    static const struct {
        const char *name;
        uint64_t config;
    } known[] = {{"perf::CYCLES", PERF_COUNT_HW_CPU_CYCLES},
                 {"perf::INSTRUCTIONS", PERF_COUNT_HW_INSTRUCTIONS}};

    for (size_t k = 0; k < LB_COUNT(known); k++) {
        if (strcmp(string, known[k].name))
            continue;
        *code = (struct lb_event_code){
            .kind = LB_EVENT_PMU, .type = PERF_TYPE_HARDWARE, .config = known[k].config};
        if (pmu)
            *pmu = 0;
        return 0;
    }
    return lb_fail(why, ENOTSUP, "event %.95s: built without libpfm4", string);
}

void lb_pfm_events(const char *pmu, lb_see_name *see, void *context)
{
    (void)pmu, (void)see, (void)context;
}

void lb_pfm_masks(const char *string, lb_see_name *see, void *context)
{
    (void)string, (void)see, (void)context;
}
