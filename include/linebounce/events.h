/* SPDX-License-Identifier: MIT
 *
 * events: what can be counted, by name. Quantities that every machine may or may not have, events
 * of libpfm4, and watched words. Nothing is opened here; this is the only stage that knows libpfm4.
 *
 * That an event encodes says nothing about whether the machine counts it: libpfm4 takes the
 * processor's word (CPUID, MIDR) for the PMU, also in a virtual machine that has none. The counters
 * stage opens; only that decides.
 */
#ifndef LINEBOUNCE_EVENTS_H
#define LINEBOUNCE_EVENTS_H

#include <linebounce/word.h>

#include <stdbool.h>

LB_BEGIN_C

/* What a count means, whatever the machine calls it. */
enum lb_quantity {
    LB_EVENT_CYCLES,
    LB_EVENT_INSTRUCTIONS,
    LB_EVENT_L1D_MISS,
    LB_EVENT_L2_MISS,
    LB_EVENT_LLC_MISS,
    LB_EVENT_HITM_LOCAL,      /* a load found the line modified in a near core's cache */
    LB_EVENT_HITM_REMOTE,     /* ... beyond the last-level cache: other socket, other CCX */
    LB_EVENT_HITM_FAR,        /* ... in another socket, where that is told from another CCX (AMD) */
    LB_EVENT_RFO_HITM,        /* a store or locked op found it modified: write-write sharing */
    LB_EVENT_RFO_HITM_REMOTE, /* ... in another socket */
    LB_EVENT_RFO_SHARED,  /* it was in a near core's cache unmodified: an upgrade, as of a reader
                             that has loaded a lock's line before it changes it */
    LB_EVENT_INVALIDATED, /* the victim's side: lines taken away from this core */
    LB_EVENT_LOCK_OPS,
    LB_EVENT_ORDER_CLEARS, /* pipelines cleared since another core wrote what was read early */
    LB_QUANTITIES
};
const char *lb_quantity_name(enum lb_quantity quantity);    /* "hitm_local" */
const char *lb_quantity_meaning(enum lb_quantity quantity); /* one clause */
/* -1: no such quantity. */
int lb_quantity_find(const char *name);

/* One line of the table: how a microarchitecture calls a quantity. */
struct lb_event_entry {
    const char *microarchitecture; /* of the table: "skx", "zen4", "arm_n1", "generic" */
    enum lb_quantity quantity;
    const char *event;  /* for libpfm4, qualified by its PMU: "skx::MEM_LOAD_...:XSNP_HITM"; or
                           "raw:config=0x12a:config1=0x103b800002" (lb_event_parse) */
    const char *caveat; /* "" where it counts what the quantity says */
};
/* Sorted by nothing; ends with an entry whose event is NULL. Sources: each vendor's event lists as
 * libpfm4 4.13 holds them; where it has no table for a model, the raw codes of the vendor's. */
extern const struct lb_event_entry lb_event_table[];

/* The microarchitecture that runs the calling thread, as the table calls it (by libpfm4's word, or
 * by /proc/cpuinfo for models that libpfm4 lacks; "" where neither leads to a row), and libpfm4's
 * name of its PMU ("" where libpfm4 does not know it). Both are "" where it is not built in. With
 * an empty name quantities are those of the row "generic". */
struct lb_microarchitecture {
    char name[24]; /* "zen4" */
    char pfm[48];  /* "amd64_fam19h_zen4" */
};
void lb_events_here(struct lb_microarchitecture *here);
/* "4.13.0" by the name of its file, "4" where it is linked statically; "not built in". */
const char *lb_events_library(void);

enum lb_event_kind {
    LB_EVENT_PMU,   /* libpfm4 encodes it: hardware, raw, software (perf::...) */
    LB_EVENT_WATCH, /* a hardware breakpoint on a word of the case or of the harness */
};

/* One thing to count. Plain data. */
struct lb_event {
    char name[96]; /* what rows call it: the quantity's name, or the event as the user gave it */
    enum lb_event_kind kind;
    int quantity;     /* enum lb_quantity, -1: none */
    char string[96];  /* what libpfm4 is asked for; "" for a watch or when absent */
    char caveat[160]; /* "" none */
    char absent[200]; /* why this machine cannot have it; "" when it may */
    struct lb_word word;
    bool watch_reads; /* loads count too: "bp:vm_start:rw" */
};

/* A watch that ops or the harness may hit, which slows them: all words but the untouched ones. */
bool lb_event_is_armed(const struct lb_event *event);

/* A name of --events: a quantity; "bp:WORD", "bp:WORD:w" or "bp:WORD:rw" (lb_word_parse: any field
 * too); "raw:config=0x12a", then ":config1=..." and ":config2=..." where needed, all of
 * PERF_TYPE_RAW (libpfm4's "perf_raw::r12a" holds no config1, where off-core events have their
 * mask); or any event that libpfm4 encodes for this processor or for all (perf::, perf_raw::). 0
 * also for a quantity that `here` lacks (absent says why). -ENOENT for an unknown name, with near
 * matches in why (at most three, of quantities, words and this machine's events); -EINVAL where
 * libpfm4 knows the event but not this unit mask or modifier (why offers the event's masks), where
 * it asks for more than a count at user level, and for a name of 96 characters or more; -ENOTSUP
 * for an event where libpfm4 is not built in, and for watches where hardware breakpoints do not
 * count stores as the hot loops make them (only x86 does: load-linked and store-conditional pairs
 * make the number of stores a matter of luck). */
int lb_event_parse(const char *name, const struct lb_microarchitecture *here, struct lb_why *why,
                   struct lb_event *event);
/* All quantities in the order of their enum, absent ones with the reason: LB_QUANTITIES of them. */
void lb_event_defaults(const struct lb_microarchitecture *here,
                       struct lb_event events[LB_QUANTITIES]);

/* What perf_event_open is told. */
struct lb_event_code {
    enum lb_event_kind kind;
    uint32_t type;
    uint64_t config, config1, config2;
    /* Watches: the address is filled in when the case is laid out. */
    struct lb_word word;
    bool watch_reads;
    uintptr_t address;
    unsigned bytes;
};
/* Encodes (by libpfm4, for watches without it). -ENOENT, -EINVAL, -ENOTSUP as lb_event_parse, with
 * libpfm4's word in why. An absent event is -ENOTSUP. Not thread-safe: call it before threads run.
 */
int lb_event_encode(const struct lb_event *event, struct lb_why *why, struct lb_event_code *code);

LB_END_C

#endif
