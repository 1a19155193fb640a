/* SPDX-License-Identifier: MIT
 *
 * What this machine can count, for `show counters`, for the terminal and for run.json.
 */
#include "counters_report.h"

#include "report/expected_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void probe(struct lb_counter_report *report)
{
    struct lb_environment *e = calloc(1, sizeof *e);

    if (e)
        lb_environment_read(e);
    lb_counters_probe(&lb_counter_system, "", e ? e->hypervisor : "", report);
    free(e);
}

static void quantities_here(struct lb_event quantities[LB_QUANTITIES])
{
    struct lb_microarchitecture here;

    lb_events_here(&here);
    lb_event_defaults(&here, quantities);
}

static void add_quantities(struct settings *s)
{
    struct lb_event quantities[LB_QUANTITIES];

    quantities_here(quantities);
    for (int i = 0; i < LB_QUANTITIES; i++)
        list_add(&s->events, sizeof quantities[i], &quantities[i]);
}

static bool wants_pmu(const struct settings *s)
{
    const struct lb_event *events = s->events.at;

    for (size_t i = 0; i < s->events.n; i++)
        if (events[i].kind == LB_EVENT_PMU && !*events[i].absent &&
            strncmp(events[i].string, "perf::", 6))
            return true;
    return false;
}

void counting_begin(struct settings *s, struct lb_counter_report *report)
{
    probe(report);
    if (!s->events_given && report->state == LB_PMU_PRESENT)
        add_quantities(s);
    s->kernel_refused = s->count_kernel && !report->kernel;
    s->count_kernel &= report->kernel;
}

void counting_say(const struct settings *s, const struct lb_counter_report *report)
{
    const struct lb_event *events = s->events.at;

    if (s->kernel_refused)
        fprintf(stderr,
                "linebounce: counters: the kernel may not be counted here: user space alone "
                "is (sysctl kernel.perf_event_paranoid=1 would allow it)\n");
    if (report->state != LB_PMU_PRESENT && (!s->events_given || wants_pmu(s)))
        fprintf(stderr, "linebounce: counters: %s; %s (linebounce show counters says more)\n",
                report->sentence,
                s->sample_every ? "latencies are timed instead" : "nothing is counted");
    for (size_t i = 0; s->events_given && i < s->events.n; i++)
        if (*events[i].absent)
            fprintf(stderr, "linebounce: counters: %s: %s: its cells stay empty\n", events[i].name,
                    events[i].absent);
}

/* Keys of JSON objects: no dots, which part paths, and at most 63 bytes. */
static void key_of(const char *name, const char *leaf, char *key, size_t bytes)
{
    char plain[64];
    size_t n = strlen(name);

    /* Names of one PMU begin alike: of a long one the end is kept. */
    snprintf(plain, sizeof plain, "%.63s", n < sizeof plain ? name : name + n - 63);
    for (char *c = plain; *c; c++)
        if (*c == '.')
            *c = '_';
    snprintf(key, bytes, "counters.events.%s.%s", plain, leaf);
}

static void manifest_event(struct lb_json *json, const struct lb_event *e, const char *state,
                           const char *reason)
{
    char key[160];

    key_of(e->name, "event", key, sizeof key);
    lb_json_text(json, key, e->kind == LB_EVENT_WATCH ? e->name : e->string);
    key_of(e->name, "state", key, sizeof key);
    lb_json_text(json, key, state);
    key_of(e->name, "reason", key, sizeof key);
    lb_json_text(json, key, reason);
    key_of(e->name, "caveat", key, sizeof key);
    lb_json_text(json, key, e->caveat);
}

/* Quantities that nobody asked for, since nothing could count them, are listed with that reason. */
static void manifest_quantities(struct lb_json *json, const struct lb_counter_report *report)
{
    struct lb_event quantities[LB_QUANTITIES];

    quantities_here(quantities);
    for (int i = 0; i < LB_QUANTITIES; i++)
        manifest_event(json, &quantities[i],
                       lb_count_state_name(report->state == LB_PMU_ABSENT ? LB_COUNT_UNSUPPORTED
                                                                          : LB_COUNT_REFUSED),
                       *quantities[i].absent ? quantities[i].absent : report->sentence);
}

void counting_manifest(struct lb_json *json, const struct settings *s,
                       const struct lb_counter_report *r)
{
    struct lb_microarchitecture here;

    lb_events_here(&here);
    lb_json_text(json, "counters.state", lb_pmu_state_name(r->state));
    lb_json_text(json, "counters.sentence", r->sentence);
    lb_json_text(json, "counters.remedy", r->remedy);
    lb_json_text(json, "counters.library", lb_events_library());
    lb_json_text(json, "counters.microarchitecture", here.name);
    lb_json_text(json, "counters.pmu", here.pfm);
    lb_json_number(json, "counters.at_once", r->at_once ? (double)r->at_once : NAN);
    lb_json_number(json, "counters.breakpoints", r->breakpoints);
    lb_json_bool(json, "counters.rdpmc", r->rdpmc);
    lb_json_bool(json, "counters.kernel_counted", s->count_kernel);
    if (!s->events_given && r->state != LB_PMU_PRESENT)
        manifest_quantities(json, r);
}

void counting_manifest_run(struct lb_json *json, const struct lb_analysis *a)
{
    const struct lb_run *run = a->run;

    for (size_t i = 0; i < run->n_events; i++) {
        const char *why, *state = lb_analysis_event(a, i, &why);
        manifest_event(json, &run->events[i].event, state, why);
    }
    lb_json_text(json, "latency.note", run->sampling_note);
    lb_json_number(json, "latency.timer_floor_ns", run->timer_floor_ns);
    lb_json_number(json, "latency.own_add_ns", run->own_add_ns);
}

/* Opens one event alone for a moment: what its column would hold. Without a PMU the note is what
 * the event would mean, since the reason is the same for all. */
static const char *try_quantity(const struct lb_event *e, bool pmu, const char **note,
                                struct lb_why *why)
{
    struct lb_event_code code;
    struct lb_group group;
    const char *state;

    *note = e->absent;
    if (*e->absent)
        return lb_count_state_name(LB_COUNT_UNSUPPORTED);
    *note = why->text;
    if (lb_event_encode(e, why, &code))
        return lb_count_state_name(LB_COUNT_UNSUPPORTED);
    lb_group_open(&lb_counter_system, &code, 1, 0, false, &group);
    *note = group.leader >= 0 || !pmu ? e->caveat : lb_count_reason(group.events[0].count.error);
    state = group.leader >= 0 ? "can be opened" : lb_count_state_name(group.events[0].count.state);
    lb_group_close(&group);
    return state;
}

static void show_quantities(bool pmu)
{
    struct lb_event quantities[LB_QUANTITIES];
    struct lb_why why = {""};

    quantities_here(quantities);
    printf("\n%-16s %-14s %-72s %s\n", "quantity", "state", "event", "note");
    for (int i = 0; i < LB_QUANTITIES; i++) {
        const char *note, *state = try_quantity(&quantities[i], pmu, &note, &why);
        printf("%-16s %-14s %-72s %s\n", quantities[i].name, state,
               *quantities[i].string ? quantities[i].string : "-", note);
    }
}

static void show_words(const struct lb_counter_report *r, const struct lb_microarchitecture *here)
{
    struct lb_event e;
    struct lb_why why = {""};

    printf("breakpoints    %d", r->breakpoints);
    if (!r->breakpoints) {
        printf(": %s\n", strerror(r->breakpoint_error));
        return;
    }
    if (lb_event_parse("bp:count", here, &why, &e)) {
        printf(" (%s)\n", why.text);
        return;
    }
    printf(": these words' writes are counted exactly, four at a time\n               ");
    for (int w = 0, used = 15; w < LB_WATCHES; w++) {
        if (used > 80)
            used = printf("\n               ") - 1;
        used += printf("bp:%s%s", lb_watch_name((enum lb_watch)w), w + 1 < LB_WATCHES ? ", " : "");
    }
    puts("\n               (FIELD: any field of a layout; with :rw, as bp:vm_start:rw, loads count "
         "too)");
}

static void show_machine(const struct lb_counter_report *r, const struct lb_microarchitecture *here)
{
    char paranoid[16] = "(unknown)";

    if (r->paranoid != LB_PARANOID_NONE)
        snprintf(paranoid, sizeof paranoid, "%d", r->paranoid);
    printf("PMU            %s\n               %s\n", lb_pmu_state_name(r->state), r->sentence);
    if (*r->remedy)
        printf("what helps     %s\n", r->remedy);
    printf("libpfm4        %s\n", lb_events_library());
    printf("processor      %s%s%s%s\n", *here->name ? here->name : "(not in the table of events)",
           *here->pfm ? " (libpfm4: " : "", here->pfm, *here->pfm ? ")" : "");
    if (r->at_once)
        printf("at once        %d%s counters of cycles\n", r->at_once,
               r->at_once == LB_GROUP_MOST ? " or more" : "");
    if (r->state == LB_PMU_PRESENT)
        printf("read by        %s\n", r->rdpmc ? "an instruction" : "a system call");
    if (r->state == LB_PMU_PRESENT || r->software)
        printf("kernel         %s\n",
               r->kernel ? "can be counted (--count-kernel)" : "is not counted");
    printf("paranoid       %s (kernel.perf_event_paranoid)\n", paranoid);
    printf("software       %s\n", r->software ? "perf's own events count (perf::TASK-CLOCK)" : "-");
}

int counting_show(const struct settings *s)
{
    struct lb_counter_report r;
    struct lb_microarchitecture here;

    if (s->expected) {
        expected_table(stdout, s);
        return 0;
    }
    probe(&r);
    lb_events_here(&here);
    show_machine(&r, &here);
    show_words(&r, &here);
    show_quantities(r.state == LB_PMU_PRESENT);
    return 0;
}
