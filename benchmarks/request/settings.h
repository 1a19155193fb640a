/* SPDX-License-Identifier: MIT
 *
 * settings: what the command line of `run` and `show` says, owned in one place.
 */
#ifndef LB_SETTINGS_H
#define LB_SETTINGS_H

#include "list.h"

#include <linebounce/costs.h>
#include <linebounce/events.h>
#include <linebounce/plan.h>
#include <linebounce/stats.h>
#include <linebounce/suggest.h>
#include <linebounce/whatif.h>

#include <stdbool.h>

struct settings {
    struct list suites;       /* const struct suite * */
    struct list scenarios;    /* const struct lb_scenario * */
    struct list layouts;      /* struct lb_layout: what layout_texts say */
    struct list layout_texts; /* const char *: read when all options are known */
    struct list structures;   /* struct lb_structure *: what layouts and whatifs were read from */
    struct list locks;        /* enum lb_lock_kind */
    struct list placements;   /* const char * */
    struct list threads;      /* int */
    struct list works;        /* double */
    struct list objects;      /* size_t */
    struct list offsets;      /* size_t */
    struct list homes;        /* enum lb_home */
    struct list access;       /* enum lb_picking */
    struct list strings;      /* char *: copies that other lists point into */
    struct list gbench;       /* char *: --benchmark_ flags, as given */
    struct list events;       /* struct lb_event */
    struct list whatifs; /* struct lb_whatif: presets, and structures from BTF in suite whatif */
    struct lb_whatif_options whatif;
    const char *c2c_file; /* a report of perf c2c; NULL: none */
    struct lb_c2c *c2c;   /* what stands in it, once the layouts are settled */
    bool whatif_given;    /* one of its options */
    struct lb_suggest_options suggest;
    struct lb_suggestions *suggestions; /* of the first of whatifs; the rest are its best */
    bool events_given;                  /* also by none */
    bool events_none;
    bool count_kernel;
    bool kernel_refused;   /* it was asked for */
    uint64_t sample_every; /* 0: none; LB_SAMPLE_AUTO */
    const char *pus;
    struct lb_writers writers;
    bool writers_given;
    double write_every_ns,
        observe_every_ns; /* as in struct lb_request, once the settings are whole */
    bool write_every_given, observe_every_given;
    const struct lb_generation *generation; /* NULL: each layout's own */
    enum lb_mm_form mm_form;
    const char *baseline;
    bool baseline_given;
    size_t base_offset; /* of a baseline "apart-64", which is an offset of words; 0: a layout */
    double budget_s;
    double precision_ns;
    struct lb_margin margin;
    uint64_t seed;
    bool seed_given;
    unsigned rounds;
    const char *out;
    const char *against; /* another program to measure in turns; NULL: this one alone */
    unsigned runs;       /* of each then; 0: not said */
    const char *topology;
    bool is_sweep;
    const char *resume;     /* sweep: the folder to go on in */
    const char *prefetcher; /* "on", "off" or NULL: leave it alone */
    bool all_pairs;         /* pingpong: every pair, not one per symmetry class */
    bool budget_given;
    /* That scenarios with pages may take at once: --memory, or the largest power of two within a
     * quarter of what machine and cgroup leave, at most DEFAULT_MEMORY_MOST. */
    uint64_t memory_bytes;
    bool memory_given;
    bool verbose; /* all tables or cases as well */
    bool quick, dry_run, twins, no_plots;
    double twin_slow;
    bool again;       /* the first item of a list that is given drops what it held before */
    uint64_t renewed; /* which lists have been, a bit each */
    int line_bytes;   /* of this machine as hwloc says; 0: it does not */
    const char *what; /* of `show` */
    bool trace;       /* show kernel: count real addresses too */
    bool expected;    /* show counters: what a model expects of them */
    enum lb_handover handover; /* of it; unknown: both */
    /* What is printed of a run. */
    bool brief; /* the answer alone */
    enum settings_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN } format;
    enum settings_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } color;
    struct list fail_if; /* const char *: layouts whose cost is a failure */
    bool require_settled;
};

#define DEFAULT_BUDGET_S 90.0
#define QUICK_BUDGET_S   15.0
/* The fewest a side that compare judges. */
#define DEFAULT_RUNS         3
#define DEFAULT_PRECISION_NS 2.0
#define DEFAULT_MEMORY_MOST  ((uint64_t)4 << 30)

void settings_init(struct settings *settings);
void settings_finish(struct settings *settings);

/* Reads the layouts that the texts name, now that it is known what they are for: in a suite that
 * takes structures they need no lock. */
int settings_settle_layouts(struct settings *settings, struct lb_why *why);
/* The same, and what goes without saying: the baseline among them, memory. */
int settings_complete(struct settings *settings, struct lb_why *why);

/* By whose rules the lock of a whatif is taken: --generation, else its kernel's, else Linux 6.4's.
 */
const struct lb_generation *settings_generation(const struct settings *settings,
                                                const struct lb_whatif *whatif);

/* -ENOMEM for a --memory that is not there, unless nothing is to be measured. */
int settings_check_memory(const struct settings *settings, struct lb_why *why);

#endif
