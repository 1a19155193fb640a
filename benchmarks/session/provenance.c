/* SPDX-License-Identifier: MIT
 *
 * The results folder, and what run.json says of machine, plan and run.
 */
#include "provenance.h"

#include <linebounce/interrupts.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

char **provenance_copy(int argc, char **argv)
{
    char **copy = calloc((size_t)argc + 1, sizeof *copy);

    if (copy)
        memcpy(copy, argv, (size_t)argc * sizeof *copy);
    return copy;
}

void provenance_seed(struct settings *s)
{
    uint32_t drawn; /* 32 bits: short enough to type again */

    if (s->seed_given)
        return;
    if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn)
        drawn = (uint32_t)time(NULL);
    s->seed = drawn;
}

static void utc_now(char *text, size_t bytes, const char *format)
{
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    strftime(text, bytes, format, &tm);
#pragma GCC diagnostic pop
}

/* What a run of whatever kind leaves first. */
static bool has_results(int dir_fd)
{
    static const char *const files[] = {"samples.csv", "pairs.csv", "run.json"};
    struct stat info;

    for (size_t i = 0; i < LB_COUNT(files); i++)
        if (!fstatat(dir_fd, files[i], &info, AT_SYMLINK_NOFOLLOW))
            return true;
    return false;
}

/* Of two that want a folder at once one gets it, for as long as it lives. A file system without
 * locks has none: that is no reason not to measure. */
static int take_folder(const char *dir, struct lb_why *why, int *dir_fd)
{
    int fd, err = lb_open_folder(dir, why, &fd);

    if (err)
        return err;
    if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
        err = lb_fail(why, EBUSY, "%s: another run is writing there: choose another folder", dir);
    else if (has_results(fd))
        err = lb_fail(why, EEXIST, "%s: there are results already: choose another folder", dir);
    else if (faccessat(fd, ".", W_OK, 0))
        err = lb_fail(why, errno, "%s: cannot be written: %s", dir, strerror(errno));
    if (err)
        close(fd);
    else
        *dir_fd = fd;
    return err;
}

int provenance_folder(const struct settings *s, char *dir, size_t bytes, struct lb_why *why,
                      int *dir_fd)
{
    char host[65] = "localhost", stamp[32];
    int err;

    gethostname(host, sizeof host - 1);
    utc_now(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ");
    if (s->out)
        snprintf(dir, bytes, "%s", s->out);
    else
        snprintf(dir, bytes, "results/%s/%s", host, stamp);
    if (s->out && strlen(s->out) >= bytes)
        return lb_fail(why, ENAMETOOLONG, "--out: %s", strerror(ENAMETOOLONG));
    err = lb_make_folders(dir, why);
    return err ? err : take_folder(dir, why, dir_fd);
}

bool provenance_has_folder(const char *dir, int dir_fd)
{
    struct stat mine, there;

    return !fstat(dir_fd, &mine) && !stat(dir, &there) && mine.st_dev == there.st_dev &&
           mine.st_ino == there.st_ino;
}

const char *provenance_plots(void)
{
    return getenv("LINEBOUNCE_PLOTS");
}

/* What a layout from BTF is: another kernel, another file, and it is another one. */
static void put_layout(struct lb_json *json, const struct lb_layout *l)
{
    const struct lb_structure *s = l->structure;
    char key[96], text[LB_LAYOUT_NAME_BYTES + sizeof l->meaning + 2], name[LB_LAYOUT_NAME_BYTES];
    double none = (double)0 / 0.0;

    snprintf(name, sizeof name, "%s", l->name);
    for (char *dot = name; (dot = strchr(dot, '.'));)
        *dot = '_'; /* a dot parts the keys of a path */
    snprintf(text, sizeof text, "%s: %s", l->name, l->meaning);
    lb_json_push_text(json, "run.layouts", text);
#define LAYOUT_KEY(NAME) (snprintf(key, sizeof key, "layouts.%s." NAME, name), key)
    lb_json_text(json, LAYOUT_KEY("source"), s->source);
    lb_json_text(json, LAYOUT_KEY("structure"), s->name);
    lb_json_text(json, LAYOUT_KEY("meaning"), l->meaning);
    lb_json_number(json, LAYOUT_KEY("bytes"), (double)l->size_bytes);
    lb_json_number(json, LAYOUT_KEY("align_bytes"), (double)l->align_bytes);
    lb_json_text(json, LAYOUT_KEY("lock_member"), l->lock_member->name);
    lb_json_text(json, LAYOUT_KEY("lock_type"), l->lock_member->type);
    lb_json_number(json, LAYOUT_KEY("lock_offset"), (double)l->lock_member->offset);
    lb_json_bool(json, LAYOUT_KEY("lock_separate"), l->separate);
    lb_json_text(json, LAYOUT_KEY("lock_kind"), lb_lock_info(l->lock)->name);
    lb_json_number(json, LAYOUT_KEY("seq_offset"), l->seq_offset < 0 ? none : l->seq_offset);
    for (size_t i = 0; i < l->n_accesses; i++) {
        const struct lb_access *a = &l->accesses[i];
        snprintf(text, sizeof text, "%.90s at %u", a->field, a->offset);
        lb_json_push_text(json, LAYOUT_KEY("hot"), text);
    }
#undef LAYOUT_KEY
}

static void put_layouts(struct lb_json *json, const struct settings *s)
{
    const struct lb_layout *layouts = s->layouts.at;

    for (size_t i = 0; i < s->layouts.n; i++)
        if (layouts[i].structure)
            put_layout(json, &layouts[i]);
}

/* A name with a dot would be a path. */
static void put_whatif(struct lb_json *json, const struct settings *s, const struct lb_whatif *w)
{
    char key[96], text[128], name[LB_LAYOUT_NAME_BYTES];

    snprintf(name, sizeof name, "%s", w->name);
    for (char *dot = name; (dot = strchr(dot, '.'));)
        *dot = '_';
#define WHATIF_KEY(NAME) (snprintf(key, sizeof key, "whatif.%s." NAME, name), key)
    lb_json_text(json, WHATIF_KEY("structure"), w->structure);
    lb_json_text(json, WHATIF_KEY("source"), w->source);
    lb_json_text(json, WHATIF_KEY("write"), lb_how_name(w->write));
    if (lb_how_takes(w->write)) {
        lb_json_text(json, WHATIF_KEY("lock"), lb_lock_info(w->lock)->name);
        lb_json_text(json, WHATIF_KEY("generation"), settings_generation(s, w)->name);
    }
    lb_json_number(json, WHATIF_KEY("bytes"), (double)w->bytes_before);
    lb_json_number(json, WHATIF_KEY("align_bytes"), (double)w->align_before);
    if (w->moved) {
        lb_json_number(json, WHATIF_KEY("bytes_moved"), (double)w->bytes_after);
        lb_json_number(json, WHATIF_KEY("align_bytes_moved"), (double)w->align_after);
    }
    for (size_t i = 0; i < w->n_fields; i++) {
        const struct lb_whatif_field *f = &w->fields[i];
        snprintf(text, sizeof text, "%s at %zu, moved %zu", f->name, f->before, f->after);
        if (f->before == f->after)
            snprintf(text, sizeof text, "%s at %zu", f->name, f->before);
        if (f->read)
            lb_json_push_text(json, WHATIF_KEY("read"), text);
        if (f->written)
            lb_json_push_text(json, WHATIF_KEY("written"), text);
    }
#undef WHATIF_KEY
}

/* By which the layouts that were asked for are locked. */
static void put_generations(struct lb_json *json, const struct settings *s)
{
    const struct lb_layout *layouts = s->layouts.at;

    for (size_t i = 0; i < s->layouts.n; i++) {
        struct lb_workload shape = {.layout = &layouts[i], .generation = s->generation};
        const struct lb_generation *g = lb_workload_generation(&shape);
        char text[320], rules[256];
        lb_generation_describe(g, rules, sizeof rules);
        snprintf(text, sizeof text, "%s: %s, %s", layouts[i].name, g->name, rules);
        lb_json_push_text(json, "run.generations", text);
    }
}

void provenance_begin(struct lb_json *json, const struct settings *s, const struct lb_topology *t,
                      const struct lb_environment *e, char **argv)
{
    char text[64];

    lb_json_environment(json, e);
    provenance_kernel(json);
    utc_now(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ");
    lb_json_text(json, "run.started_utc", text);
    lb_json_text(json, "machine.handover", NULL); /* until a suite has found it */
    lb_json_number(json, "machine.handover_ratio", NAN);
    lb_json_push_text(json, "run.command", "linebounce");
    for (int i = 0; argv && argv[i]; i++)
        lb_json_push_text(json, "run.command", argv[i]);
    snprintf(text, sizeof text, "%" PRIu64, s->seed);
    lb_json_text(json, "run.seed", text);
    lb_json_number(json, "run.budget_s", s->budget_s);
    lb_json_number(json, "run.precision_ns", s->precision_ns);
    lb_json_number(json, "run.memory_bytes", (double)s->memory_bytes);
    lb_json_number(json, "run.margin_ns", s->margin.ns);
    lb_json_number(json, "run.margin_share", s->margin.share);
    lb_json_text(json, "run.baseline", s->baseline);
    lb_json_text(json, "run.generation", s->generation ? s->generation->name : "of each layout");
    lb_json_text(json, "run.mm", lb_mm_form_name(s->mm_form));
    put_generations(json, s);
    put_layouts(json, s);
    for (size_t i = 0; i < s->whatifs.n; i++)
        put_whatif(json, s, &((const struct lb_whatif *)s->whatifs.at)[i]);
    lb_json_text(json, "topology.hwloc", lb_topology_library());
    lb_json_text(json, "topology.source", t->source);
    lb_json_number(json, "topology.pus", t->n_pus);
    lb_json_number(json, "topology.pus_allowed", t->n_allowed);
    lb_json_number(json, "topology.line_bytes", t->line_bytes ? t->line_bytes : (double)0 / 0.0);
}

void provenance_load(struct lb_json *json, const char *suite, const struct lb_load *before,
                     const struct lb_load *load)
{
    char key[96];

#define LOAD_KEY(NAME) (snprintf(key, sizeof key, "suites.%s." NAME, suite), key)
    lb_json_number(json, LOAD_KEY("others_share"), load->others_share);
    lb_json_number(json, LOAD_KEY("stolen_share"), load->stolen_share);
    lb_json_number(json, LOAD_KEY("before_others_share"), before->others_share);
    lb_json_number(json, LOAD_KEY("before_runnable"), before->runnable);
#undef LOAD_KEY
}

/* A suite that had no two threads says nothing, and leaves what another has found. */
static void put_handover(struct lb_json *json, const struct lb_run *r)
{
    enum lb_handover handover;
    double ratio;

    if (lb_run_handover(r, &handover, &ratio) || isnan(ratio))
        return;
    lb_json_text(json, "machine.handover", lb_handover_name(handover));
    lb_json_number(json, "machine.handover_ratio", ratio);
}

void provenance_run(struct lb_json *json, const struct lb_run *r)
{
    char key[96];
    const char *suite = r->plan->suite;

    lb_json_text(json, "clock.source", lb_clock_name(&r->clock));
    lb_json_number(json, "clock.step_ns", r->clock.step_ns);
    lb_json_number(json, "clock.read_ns", r->clock.read_ns);
    lb_json_number(json, "clock.ns_per_tick", r->clock.ns_per_tick);
    lb_json_bool(json, "clock.invariant", r->clock.invariant);
    lb_json_bool(json, "clock.synchronised", r->clock.synchronised);
    lb_json_bool(json, "clock.interrupts", lb_interrupts_told());
    lb_json_text(json, "clock.note", r->clock.note);
    lb_json_text(json, "memory.note", r->arena_note);
    put_handover(json, r);
#define SUITE_KEY(NAME) (snprintf(key, sizeof key, "suites.%s." NAME, suite), key)
    lb_json_number(json, SUITE_KEY("rounds"), r->rounds);
    lb_json_number(json, SUITE_KEY("windows"), (double)r->windows);
    lb_json_number(json, SUITE_KEY("windows_spoiled"), (double)r->windows_spoiled);
    lb_json_number(json, SUITE_KEY("samples_dropped"), (double)r->dropped);
    lb_json_number(json, SUITE_KEY("elapsed_s"), r->elapsed_s);
    lb_json_text(json, SUITE_KEY("ended"), lb_run_end_name(r->end));
    lb_json_number(json, SUITE_KEY("chain_ns"), r->chain_ns);
    if (r->steal_ticks >= 0)
        lb_json_number(json, SUITE_KEY("steal_ms"), (double)r->steal_ticks * 10);
    lb_json_number(json, SUITE_KEY("cases_left_out"), (double)r->cases_left_out);
    lb_json_text(json, SUITE_KEY("left_out"), r->left_out);
    lb_json_number(json, SUITE_KEY("pace"), r->pace);
#undef SUITE_KEY
    provenance_load(json, suite, &r->load_before, &r->load);
}
