/* SPDX-License-Identifier: MIT
 *
 * Which event counts which quantity on which microarchitecture. Names are libpfm4 4.13's, which are
 * the vendors': Intel's event files (perfmon), AMD's Processor Programming References, Arm's
 * Neoverse PMU guides, IBM's POWER9 and POWER10 PMU user's guides. All of them encode; that one
 * counts is for the machine to show.
 */
#include "events_private.h"

#include <string.h>

static const struct {
    const char *name, *meaning;
} quantities[LB_QUANTITIES] = {
    [LB_EVENT_CYCLES] = {"cycles", "core cycles while the thread ran"},
    [LB_EVENT_INSTRUCTIONS] = {"instructions", "instructions retired"},
    [LB_EVENT_L1D_MISS] = {"l1d_miss", "lines brought into the first-level data cache"},
    [LB_EVENT_L2_MISS] = {"l2_miss", "requests that missed the core's second-level cache"},
    [LB_EVENT_LLC_MISS] = {"llc_miss", "requests that missed the last-level cache"},
    [LB_EVENT_HITM_LOCAL] = {"hitm_local",
                             "loads that found the line modified in a near core's cache"},
    [LB_EVENT_HITM_REMOTE] = {"hitm_remote",
                              "loads that found it modified beyond the last-level cache"},
    [LB_EVENT_HITM_FAR] = {"hitm_far", "loads that found it modified in another socket, where that "
                                       "is told from another cluster"},
    [LB_EVENT_RFO_HITM] = {"rfo_hitm",
                           "stores and locked ops that found it modified in a near core's cache"},
    [LB_EVENT_RFO_HITM_REMOTE] = {"rfo_hitm_remote",
                                  "stores and locked ops that found it modified in another socket"},
    [LB_EVENT_RFO_SHARED] = {"rfo_shared",
                             "stores and locked ops that found the line unmodified in "
                             "a near core's cache: upgrades"},
    [LB_EVENT_INVALIDATED] = {"invalidated", "lines that another core took away from this one"},
    [LB_EVENT_LOCK_OPS] = {"lock_ops", "locked (atomic) instructions"},
    [LB_EVENT_ORDER_CLEARS] = {"order_clears",
                               "pipelines cleared since another core wrote what was read early"},
};

const char *lb_quantity_name(enum lb_quantity quantity)
{
    return quantities[quantity].name;
}

const char *lb_quantity_meaning(enum lb_quantity quantity)
{
    return quantities[quantity].meaning;
}

int lb_quantity_find(const char *name)
{
    for (int quantity = 0; quantity < LB_QUANTITIES; quantity++)
        if (!strcmp(name, quantities[quantity].name))
            return quantity;
    return -1;
}

/* amd64_fam17h is the name that libpfm4 gave zen1 first; both are present on one. */
const struct lb_event_row lb_event_rows[] = {
    {"hsw_ep", "hsw_ep"},
    {"bdw_ep", "bdw_ep"},
    {"skx", "skx"},
    {"clx", "clx"},
    {"icx", "icx"},
    {"spr", "spr"},
    {"emr", ""},
    {"gnr", ""},
    {"zen1", "amd64_fam17h_zen1"},
    {"zen1", "amd64_fam17h"},
    {"zen2", "amd64_fam17h_zen2"},
    {"zen3", "amd64_fam19h_zen3"},
    {"zen4", "amd64_fam19h_zen4"},
    {"zen5", ""},
    {"arm_n1", "arm_n1"},
    {"arm_v1", "arm_v1"},
    {"arm_n2", "arm_n2"},
    {"arm_v2", "arm_v2"},
    {"power9", "power9"},
    {"power10", "power10"},
    {"generic", ""},
    {NULL, NULL},
};

#define LOADS_ONLY      "loads only"
#define STORES_ONLY     "stores and locked ops only"
#define PREFETCHED      "prefetched lines too"
#define CLEAN_TOO       "loads only; lines forwarded clean count too"
#define CLEAN_ELSEWHERE "hits of a clean line in another core, whether this one had it too or not"
#define VICTIM          "only lines that were modified here and went to the core that asked"
#define RAW_CODE        "raw code: libpfm4 4.13 has no table for this model"
#define RAW_CLEAN       RAW_CODE "; " CLEAN_TOO
#define RAW_STORES      RAW_CODE "; " STORES_ONLY
#define RAW_VICTIM      RAW_CODE "; only lines modified here"
#define RAW_PREFETCH    RAW_CODE "; " PREFETCHED
#define LOCK_LOADS      "loads of locked instructions: one for each"

/* What all of Intel's have. */
#define INTEL(march, lock)                                                                         \
    {march, LB_EVENT_CYCLES, march "::CPU_CLK_UNHALTED:THREAD_P", ""},                             \
        {march, LB_EVENT_INSTRUCTIONS, march "::INST_RETIRED:ANY_P", ""},                          \
        {march, LB_EVENT_L1D_MISS, march "::L1D:REPLACEMENT", PREFETCHED},                         \
        {march, LB_EVENT_L2_MISS, march "::L2_RQSTS:RFO_MISS", STORES_ONLY},                       \
        {march, LB_EVENT_LLC_MISS, march "::LONGEST_LAT_CACHE:MISS", ""},                          \
        {march, LB_EVENT_LOCK_OPS, march "::" lock ":LOCK_LOADS", LOCK_LOADS},                     \
    {                                                                                              \
        march, LB_EVENT_ORDER_CLEARS, march "::MACHINE_CLEARS:MEMORY_ORDERING", ""                 \
    }

/* Haswell to Cascade Lake. L3_MISS as libpfm4's alias of the off-core event says local memory only;
 * hence the number. Of later servers' demand RFOs the vendor lists only those that hit a modified
 * line, and of other vendors' events none tells upgrades from what needed none: no rfo_shared. */
#define INTEL_OFFCORE(march, load, shared)                                                         \
    {march, LB_EVENT_HITM_LOCAL, march "::" load "_L3_HIT_RETIRED:XSNP_HITM", LOADS_ONLY},         \
        {march, LB_EVENT_HITM_REMOTE, march "::" load "_L3_MISS_RETIRED:REMOTE_HITM", LOADS_ONLY}, \
        {march, LB_EVENT_RFO_HITM, march "::OFFCORE_RESPONSE_0:DMND_RFO:L3_HIT:SNP_HITM", ""},     \
        {march, LB_EVENT_RFO_SHARED, march "::OFFCORE_RESPONSE_0:DMND_RFO:L3_HIT:" shared,         \
         CLEAN_ELSEWHERE},                                                                         \
    {                                                                                              \
        march, LB_EVENT_RFO_HITM_REMOTE, march "::OFFCORE_RESPONSE_0:0x103fc00002", ""             \
    }

/* Ice Lake and later. The number is what the vendor's false-sharing metric of these models uses. */
#define INTEL_OCR(march, near, victim)                                                             \
    {march, LB_EVENT_HITM_LOCAL, march "::MEM_LOAD_L3_HIT_RETIRED:" near, CLEAN_TOO},              \
        {march, LB_EVENT_HITM_REMOTE, march "::MEM_LOAD_L3_MISS_RETIRED:REMOTE_HITM", LOADS_ONLY}, \
        {march, LB_EVENT_RFO_HITM, march "::OCR:DEMAND_RFO_L3_HIT_SNOOP_HITM", ""},                \
        {march, LB_EVENT_RFO_HITM_REMOTE, march "::OCR:0x103b800002", ""},                         \
    {                                                                                              \
        march, LB_EVENT_INVALIDATED, victim, VICTIM                                                \
    }

/* Sapphire Rapids' codes. */
#define INTEL_RAW(march)                                                                           \
    {march, LB_EVENT_CYCLES, "perf_raw::r3c", RAW_CODE},                                           \
        {march, LB_EVENT_INSTRUCTIONS, "perf_raw::rc0", RAW_CODE},                                 \
        {march, LB_EVENT_L1D_MISS, "perf_raw::r151", RAW_PREFETCH},                                \
        {march, LB_EVENT_L2_MISS, "perf_raw::r2224", RAW_STORES},                                  \
        {march, LB_EVENT_LLC_MISS, "perf_raw::r412e", RAW_CODE},                                   \
        {march, LB_EVENT_HITM_LOCAL, "perf_raw::r4d2", RAW_CLEAN},                                 \
        {march, LB_EVENT_HITM_REMOTE, "perf_raw::r4d3", RAW_CODE "; " LOADS_ONLY},                 \
        {march, LB_EVENT_RFO_HITM, "raw:config=0x12a:config1=0x10003c0002", RAW_CODE},             \
        {march, LB_EVENT_RFO_HITM_REMOTE, "raw:config=0x12a:config1=0x103b800002", RAW_CODE},      \
        {march, LB_EVENT_INVALIDATED, "perf_raw::r1027", RAW_VICTIM},                              \
        {march, LB_EVENT_LOCK_OPS, "perf_raw::r21d0", RAW_CODE},                                   \
    {                                                                                              \
        march, LB_EVENT_ORDER_CLEARS, "perf_raw::r2c3", RAW_CODE                                   \
    }

/* AMD counts where demand fills, of loads and stores alike, came from. Nothing tells modified lines
 * from clean ones, and the L3's own counters belong to no thread. */
#define AMD_NEAR   "fills of loads and stores from the cluster's L3 or other L2s, modified or clean"
#define AMD_REMOTE "fills of loads and stores from another cluster near, modified or clean"
#define AMD_FAR    "fills of loads and stores from a cluster of another node, modified or clean"
#define AMD_FILLS  "demand fills, from the core's own L2 too"
#define AMD_BEYOND "demand fills from outside the cluster"
#define AMD_L2     "requests of the data cache only"

#define AMD_COMMON(march, pmu)                                                                     \
    {march, LB_EVENT_CYCLES, pmu "::CYCLES_NOT_IN_HALT", ""},                                      \
        {march, LB_EVENT_INSTRUCTIONS, pmu "::RETIRED_INSTRUCTIONS", ""},                          \
    {                                                                                              \
        march, LB_EVENT_L2_MISS, pmu "::CORE_TO_L2_CACHEABLE_REQUEST_ACCESS_STATUS:LS_RD_BLK_C",   \
            AMD_L2                                                                                 \
    }

#define AMD_DEMAND "::DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:"
#define AMD(march, pmu, all, beyond, ccx, near, far)                                               \
    AMD_COMMON(march, pmu), {march, LB_EVENT_L1D_MISS, pmu AMD_DEMAND all, AMD_FILLS},             \
        {march, LB_EVENT_LLC_MISS, pmu AMD_DEMAND beyond, AMD_BEYOND},                             \
        {march, LB_EVENT_HITM_LOCAL, pmu AMD_DEMAND ccx, AMD_NEAR},                                \
        {march, LB_EVENT_HITM_REMOTE, pmu AMD_DEMAND near, AMD_REMOTE},                            \
        {march, LB_EVENT_HITM_FAR, pmu AMD_DEMAND far, AMD_FAR},                                   \
    {                                                                                              \
        march, LB_EVENT_LOCK_OPS, pmu "::RETIRED_LOCK_INSTRUCTIONS:0x1f", ""                       \
    }

#define ZEN1 "amd64_fam17h_zen1"
#define ZEN2 "amd64_fam17h_zen2"
#define ZEN3 "amd64_fam19h_zen3"
#define ZEN4 "amd64_fam19h_zen4"

/* No Neoverse tells modified lines from others. */
#define ARM(march)                                                                                 \
    {march, LB_EVENT_CYCLES, march "::CPU_CYCLES", ""},                                            \
        {march, LB_EVENT_INSTRUCTIONS, march "::INST_RETIRED", ""},                                \
        {march, LB_EVENT_L1D_MISS, march "::L1D_CACHE_REFILL", ""},                                \
        {march, LB_EVENT_L2_MISS, march "::L2D_CACHE_REFILL", PREFETCHED},                         \
        {march, LB_EVENT_LLC_MISS, march "::LL_CACHE_MISS_RD", "reads only"},                      \
        {march, LB_EVENT_HITM_REMOTE, march "::REMOTE_ACCESS",                                     \
         "all accesses to another chip, modified, clean or memory"},                               \
        {march, LB_EVENT_INVALIDATED, march "::L1D_CACHE_INVAL",                                   \
         "lines of the first level; cache maintenance counts too"},                                \
    {                                                                                              \
        march, LB_EVENT_LOCK_OPS, march "::LDREX_SPEC",                                            \
            "load-exclusives, with retries and speculative ones; none where LSE atomics are used"  \
    }

/* Counters 5 and 6 of POWER count these two and nothing else, which leaves the other four free. */
#define POWER_RUN     "while the run latch is set, as it is in user space"
#define POWER_RETRIES "load-and-reserve instructions, with retries"
#define POWER_NEAR    LOADS_ONLY "; from another core's L2 only, not its L3"

const struct lb_event_entry lb_event_table[] = {
    INTEL("hsw_ep", "MEM_UOPS_RETIRED"),
    INTEL_OFFCORE("hsw_ep", "MEM_LOAD_UOPS", "SNP_NO_FWD"),
    INTEL("bdw_ep", "MEM_UOPS_RETIRED"),
    INTEL_OFFCORE("bdw_ep", "MEM_LOAD_UOPS", "SNP_NO_FWD"),
    INTEL("skx", "MEM_INST_RETIRED"),
    INTEL_OFFCORE("skx", "MEM_LOAD", "SNP_HIT_NO_FWD"),
    {"skx", LB_EVENT_INVALIDATED, "skx::CORE_SNOOP_RESPONSE:RSP_IFWDM", VICTIM},
    INTEL("clx", "MEM_INST_RETIRED"),
    INTEL_OFFCORE("clx", "MEM_LOAD", "SNP_HIT_NO_FWD"),
    {"clx", LB_EVENT_INVALIDATED, "clx::CORE_SNOOP_RESPONSE:RSP_IFWDM", VICTIM},
    INTEL("icx", "MEM_INST_RETIRED"),
    INTEL_OCR("icx", "XSNP_HITM", "perf_raw::r10ef"),
    INTEL("spr", "MEM_INST_RETIRED"),
    INTEL_OCR("spr", "XSNP_FWD", "perf_raw::r1027"),
    INTEL_RAW("emr"),
    INTEL_RAW("gnr"),

    AMD_COMMON("zen1", ZEN1),
    {"zen1", LB_EVENT_L1D_MISS, ZEN1 "::REQUESTS_TO_L2_GROUP1:0xe8",
     "requests of the data cache to the L2"},
    AMD_COMMON("zen2", ZEN2),
    {"zen2", LB_EVENT_L1D_MISS, ZEN2 "::DATA_CACHE_REFILLS_FROM_SYSTEM:0x5b", AMD_FILLS},
    {"zen2", LB_EVENT_LLC_MISS, ZEN2 "::DATA_CACHE_REFILLS_FROM_SYSTEM:0x58",
     "demand fills from memory, and from caches where the line's home is another die"},
    {"zen2", LB_EVENT_HITM_LOCAL, ZEN2 "::DATA_CACHE_REFILLS_FROM_SYSTEM:LS_MABRESP_LCL_CACHE",
     AMD_NEAR "; other clusters too where the line's home is this die"},
    {"zen2", LB_EVENT_HITM_REMOTE, ZEN2 "::DATA_CACHE_REFILLS_FROM_SYSTEM:LS_MABRESP_RMT_CACHE",
     "fills from another cluster where the line's home is another die, modified or clean"},
    {"zen2", LB_EVENT_LOCK_OPS, ZEN2 "::RETIRED_LOCK_INSTRUCTIONS:CACHEABLE_LOCKS", ""},
    AMD("zen3", ZEN3, "0x5f", "0x5c", "INT_CACHE", "EXT_CACHE_LCL", "EXT_CACHE_RMT"),
    AMD("zen4", ZEN4, "0xdf", "0xdc", "LOCAL_CCX", "NEAR_CACHE_NEAR_FAR", "FAR_CACHE_NEAR_FAR"),
    {"zen5", LB_EVENT_CYCLES, "perf_raw::r76", RAW_CODE},
    {"zen5", LB_EVENT_INSTRUCTIONS, "perf_raw::rc0", RAW_CODE},
    {"zen5", LB_EVENT_L1D_MISS, "perf_raw::rdf43", AMD_FILLS "; " RAW_CODE},
    {"zen5", LB_EVENT_L2_MISS, "perf_raw::r864", AMD_L2 "; " RAW_CODE},
    {"zen5", LB_EVENT_LLC_MISS, "perf_raw::rdc43", AMD_BEYOND "; " RAW_CODE},
    {"zen5", LB_EVENT_HITM_LOCAL, "perf_raw::r243", AMD_NEAR "; " RAW_CODE},
    {"zen5", LB_EVENT_HITM_REMOTE, "perf_raw::r443", AMD_REMOTE "; " RAW_CODE},
    {"zen5", LB_EVENT_HITM_FAR, "perf_raw::r1043", AMD_FAR "; " RAW_CODE},
    {"zen5", LB_EVENT_LOCK_OPS, "perf_raw::r1f25", RAW_CODE},

    ARM("arm_n1"),
    ARM("arm_v1"),
    ARM("arm_n2"),
    ARM("arm_v2"),

    {"power9", LB_EVENT_CYCLES, "power9::PM_RUN_CYC", POWER_RUN},
    {"power9", LB_EVENT_INSTRUCTIONS, "power9::PM_RUN_INST_CMPL", POWER_RUN},
    {"power9", LB_EVENT_L1D_MISS, "power9::PM_LD_MISS_L1", LOADS_ONLY},
    {"power9", LB_EVENT_L2_MISS, "power9::PM_DATA_FROM_L2MISS", LOADS_ONLY},
    {"power9", LB_EVENT_LLC_MISS, "power9::PM_DATA_FROM_L3MISS", LOADS_ONLY},
    {"power9", LB_EVENT_HITM_LOCAL, "power9::PM_DATA_FROM_L21_MOD", POWER_NEAR},
    {"power9", LB_EVENT_HITM_REMOTE, "power9::PM_DATA_FROM_RL2L3_MOD", LOADS_ONLY},
    {"power9", LB_EVENT_HITM_FAR, "power9::PM_DATA_FROM_DL2L3_MOD", LOADS_ONLY},
    {"power9", LB_EVENT_LOCK_OPS, "power9::PM_LARX_FIN", POWER_RETRIES},
    {"power10", LB_EVENT_CYCLES, "power10::PM_RUN_CYC", POWER_RUN},
    {"power10", LB_EVENT_INSTRUCTIONS, "power10::PM_RUN_INST_CMPL", POWER_RUN},
    {"power10", LB_EVENT_L1D_MISS, "power10::PM_LD_MISS_L1", LOADS_ONLY},
    {"power10", LB_EVENT_L2_MISS, "power10::PM_DATA_FROM_L2MISS", LOADS_ONLY},
    {"power10", LB_EVENT_LLC_MISS, "power10::PM_DATA_FROM_L3MISS", LOADS_ONLY},
    {"power10", LB_EVENT_HITM_LOCAL, "power10::PM_DATA_FROM_L21_REGENT_MOD",
     POWER_NEAR "; same regent only"},
    {"power10", LB_EVENT_HITM_REMOTE, "power10::PM_DATA_FROM_RL2L3_MOD", LOADS_ONLY},
    {"power10", LB_EVENT_HITM_FAR, "power10::PM_DATA_FROM_DL2L3_MOD", LOADS_ONLY},
    {"power10", LB_EVENT_LOCK_OPS, "power10::PM_LARX_FIN", POWER_RETRIES},

    {"generic", LB_EVENT_CYCLES, "perf::CYCLES", ""},
    {"generic", LB_EVENT_INSTRUCTIONS, "perf::INSTRUCTIONS", ""},
    {"generic", LB_EVENT_LLC_MISS, "perf::CACHE-MISSES", "what the kernel takes for cache misses"},

    {NULL, LB_QUANTITIES, NULL, NULL},
};

const struct lb_event_row *lb_event_row_of_pmu(const char *pmu)
{
    for (const struct lb_event_row *row = lb_event_rows; row->name; row++)
        if (*row->pmu && !strcmp(row->pmu, pmu))
            return row;
    return NULL;
}

const char *lb_event_row_pmu(const char *name)
{
    for (const struct lb_event_row *row = lb_event_rows; row->name; row++)
        if (!strcmp(row->name, name))
            return row->pmu;
    return "";
}

const struct lb_event_entry *lb_event_entry_find(const char *row, enum lb_quantity quantity)
{
    for (const struct lb_event_entry *entry = lb_event_table; entry->event; entry++)
        if (entry->quantity == quantity && !strcmp(entry->microarchitecture, row))
            return entry;
    return NULL;
}
