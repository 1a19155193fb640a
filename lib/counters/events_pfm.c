/* SPDX-License-Identifier: MIT
 *
 * The only place that knows libpfm4.
 */
#include "events_private.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h> /* before pfmlib's, which would define the attr of its own day */
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const bool lb_pfm_built = true;

/* Events of machines that are not here can be encoded, too: libpfm4 knows some models of a
 * microarchitecture only, and its tables are tested on any machine. libpfm4 asks the environment
 * once, so the caller's is put back. */
#define INACTIVE "LIBPFM_ENCODE_INACTIVE"

static pfm_err_t initialise_once(void)
{
    const char *value = getenv(INACTIVE);
    char *before = value ? strdup(value) : NULL;

    if (value && !before)
        return PFM_ERR_NOMEM;
    pfm_err_t result = setenv(INACTIVE, "1", 1) ? PFM_ERR_NOMEM : pfm_initialize();
    if (before)
        setenv(INACTIVE, before, 1);
    else
        unsetenv(INACTIVE);
    free(before);
    return result;
}

static pfm_err_t initialise(void)
{
    static bool done;
    static pfm_err_t result;

    if (!done)
        result = initialise_once();
    done = true;
    return result;
}

/* libpfm4 says 4.0 whatever it is; the name of its file tells. */
const char *lb_events_library(void)
{
    static char version[32];
    static const char file[] = "libpfm.so.";
    Dl_info info;
    char path[PATH_MAX];

    if (*version)
        return version;
    const void *address = (const void *)(uintptr_t)pfm_initialize;
    const char *found = NULL;
    if (dladdr(address, &info) && info.dli_fname && realpath(info.dli_fname, path))
        found = strstr(path, file);
    if (found)
        snprintf(version, sizeof version, "%.31s", found + strlen(file));
    else
        snprintf(version, sizeof version, "%d", PFM_MAJ_VERSION(pfm_get_version()));
    return version;
}

static bool pmu_info(pfm_pmu_t pmu, pfm_pmu_info_t *info)
{
    *info = (pfm_pmu_info_t){.size = sizeof *info};
    return pfm_get_pmu_info(pmu, info) == PFM_SUCCESS;
}

/* What has no table of its own (Intel's architectural events) says nothing about the model. */
static bool is_present(const pfm_pmu_info_t *info)
{
    return info->is_present && info->type == PFM_PMU_TYPE_CORE &&
           info->pmu != PFM_PMU_INTEL_X86_ARCH;
}

void lb_pfm_here(char pmu[LB_PMU_BYTES])
{
    pfm_pmu_info_t info;
    int most = initialise() == PFM_SUCCESS ? PFM_PMU_MAX : 0;

    *pmu = 0;
    for (int k = PFM_PMU_NONE; k < most; k++) {
        if (!pmu_info((pfm_pmu_t)k, &info) || !is_present(&info))
            continue;
        bool row = lb_event_row_of_pmu(info.name);
        if (row || !*pmu)
            snprintf(pmu, LB_PMU_BYTES, "%s", info.name);
        if (row)
            return;
    }
}

static int refuse(const char *string, pfm_err_t result, struct lb_why *why)
{
    int err = EINVAL; /* masks, modifiers, their values and combinations */

    if (result == PFM_ERR_NOTFOUND)
        err = ENOENT;
    else if (result == PFM_ERR_NOMEM)
        err = ENOMEM;
    else if (result == PFM_ERR_NOTSUPP || result == PFM_ERR_NOINIT)
        err = ENOTSUP;
    return lb_fail(why, err, "event %.95s: %s", string, pfm_strerror(result));
}

/* What a struct lb_event_code cannot hold. */
static const char *beyond_count(const struct perf_event_attr *attr, int cpu)
{
    if (attr->exclude_user || !attr->exclude_kernel)
        return "counts are of user level only (modifiers u and k)";
    if (attr->sample_period || attr->freq || attr->precise_ip)
        return "it samples (modifiers period, freq and precise), which is not counting";
    if (attr->pinned || attr->exclusive || cpu >= 0)
        return "how counters are scheduled is not the event's to say (pinned, excl, cpu)";
    return NULL;
}

/* Name of the core PMU of an encoded event; "" for the kernel's own. */
static int pmu_of(const char *string, int index, struct lb_why *why, char pmu[LB_PMU_BYTES])
{
    pfm_event_info_t event = {.size = sizeof event};
    pfm_pmu_info_t info;

    if (pfm_get_event_info(index, PFM_OS_PERF_EVENT_EXT, &event) != PFM_SUCCESS ||
        !pmu_info(event.pmu, &info))
        return lb_fail(why, ENOENT, "event %.95s: libpfm4 does not say whose it is", string);
    if (info.type == PFM_PMU_TYPE_UNCORE)
        return lb_fail(why, EINVAL, "event %.95s: %s counts for many threads together", string,
                       info.desc);
    snprintf(pmu, LB_PMU_BYTES, "%s", info.type == PFM_PMU_TYPE_OS_GENERIC ? "" : info.name);
    return 0;
}

int lb_pfm_encode(const char *string, struct lb_why *why, struct lb_event_code *code,
                  char pmu[LB_PMU_BYTES])
{
    struct perf_event_attr attr = {.size = sizeof attr};
    pfm_perf_encode_arg_t arg = {.attr = &attr, .size = sizeof arg, .cpu = -1};
    char name[LB_PMU_BYTES];

    pfm_err_t result = initialise();
    if (result == PFM_SUCCESS)
        result = pfm_get_os_event_encoding(string, PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg);
    if (result != PFM_SUCCESS)
        return refuse(string, result, why);
    int err = pmu_of(string, arg.idx, why, name);
    if (err)
        return err;
    const char *beyond = beyond_count(&attr, arg.cpu);
    if (beyond)
        return lb_fail(why, EINVAL, "event %.95s: %s", string, beyond);
    *code = (struct lb_event_code){.kind = LB_EVENT_PMU,
                                   .type = attr.type,
                                   .config = attr.config,
                                   .config1 = attr.config1,
                                   .config2 = attr.config2};
    if (pmu)
        memcpy(pmu, name, sizeof name);
    return 0;
}

void lb_pfm_events(const char *pmu, lb_see_name *see, void *context)
{
    pfm_pmu_info_t info;
    int most = initialise() == PFM_SUCCESS ? PFM_PMU_MAX : 0;

    for (int k = PFM_PMU_NONE; k < most; k++) {
        if (!pmu_info((pfm_pmu_t)k, &info) || strcmp(info.name, pmu))
            continue;
        for (int e = info.first_event; e != -1; e = pfm_get_event_next(e)) {
            pfm_event_info_t event = {.size = sizeof event};
            char name[160];
            if (pfm_get_event_info(e, PFM_OS_PERF_EVENT_EXT, &event) != PFM_SUCCESS)
                continue;
            snprintf(name, sizeof name, "%s::%s", info.name, event.name);
            see(name, context);
        }
    }
}

void lb_pfm_masks(const char *string, lb_see_name *see, void *context)
{
    char event[160];
    const char *bare = strstr(string, "::");
    bare = bare ? bare + 2 : string;
    size_t length = (size_t)(bare - string) + strcspn(bare, ":");

    if (length >= sizeof event || initialise() != PFM_SUCCESS)
        return;
    memcpy(event, string, length);
    event[length] = 0;
    int index = pfm_find_event(event);
    pfm_event_info_t info = {.size = sizeof info};
    if (index < 0 || pfm_get_event_info(index, PFM_OS_PERF_EVENT_EXT, &info) != PFM_SUCCESS)
        return;
    for (int k = 0; k < info.nattrs; k++) {
        pfm_event_attr_info_t attr = {.size = sizeof attr};
        if (pfm_get_event_attr_info(index, k, PFM_OS_PERF_EVENT_EXT, &attr) == PFM_SUCCESS &&
            attr.type == PFM_ATTR_UMASK)
            see(attr.name, context);
    }
}
