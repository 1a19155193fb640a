/* SPDX-License-Identifier: MIT
 *
 * What a case is called by in the files, and which cases belong together.
 */
#include "base/number.h"

#include <linebounce/plan.h>
#include <linebounce/scenario.h>

#include <stdio.h>

bool lb_case_is_subject(const struct lb_case *c)
{
    return c->shape.scenario->purpose == LB_PURPOSE_QUESTION;
}

void lb_case_layout(const struct lb_case *c, char text[LB_CASE_LAYOUT_BYTES])
{
    const char *behind = !c->twin                                   ? ""
                         : c->instruments == LB_INSTRUMENT_COUNTERS ? "+counters"
                         : c->instruments == LB_INSTRUMENT_SAMPLING ? "+sampling"
                                                                    : "~";

    if (c->shape.scenario->subject->uses_words)
        snprintf(text, LB_CASE_LAYOUT_BYTES, "apart-%zu%s", c->shape.offset_bytes, behind);
    else if (lb_case_is_subject(c) && c->shape.scenario->subject->uses_pages)
        snprintf(text, LB_CASE_LAYOUT_BYTES, "%s%s", lb_touch_name(c->shape.touch), behind);
    else
        snprintf(text, LB_CASE_LAYOUT_BYTES, "%s%s", c->shape.layout ? c->shape.layout->name : "",
                 behind);
}

int lb_case_name(const struct lb_plan *p, const struct lb_case *c, char *text, size_t bytes)
{
    const struct lb_placement *place = &p->placements[c->placement];
    char layout[LB_CASE_LAYOUT_BYTES], many[64] = "", home[24] = "", every[48] = "";
    const struct lb_scenario *s = c->shape.scenario;
    bool locks = lb_workload_locks(&c->shape);

    lb_case_layout(c, layout);
    if (lb_scenario_picks(s))
        snprintf(many, sizeof many, "/objects:%zu/%s", c->shape.objects,
                 lb_picking_name(c->shape.access));
    else if (lb_scenario_counts_objects(s))
        snprintf(many, sizeof many, "/objects:%zu", c->shape.objects);
    if (c->shape.every_ns > 0)
        snprintf(every, sizeof every, "/every_ns:%g", c->shape.every_ns);
    if (place->home != LB_HOME_LOCAL)
        snprintf(home, sizeof home, "/home:%s", lb_home_name(place->home));
    return snprintf(text, bytes, "%s%s%s%s%s/%s/threads:%d%s%s%s/work_ns:%g", s->name,
                    *layout ? "/" : "", layout, locks ? "/" : "",
                    locks ? lb_lock_info(c->shape.lock)->name : "", place->name, c->shape.threads,
                    home, every, many, c->work_ns);
}

/* A number of threads, or a share of all ops. */
static void write_writers(const struct lb_case *c, char *text, size_t bytes)
{
    if (c->shape.writers.threads)
        snprintf(text, bytes, "%d", c->shape.writers.threads);
    else
        snprintf(text, bytes, "%g%%", c->shape.writers.share * 100);
}

static void write_numbers(const struct lb_case *c, struct lb_case_key *k)
{
    k->writers[0] = k->every[0] = k->objects[0] = k->offset[0] = '\0';
    lb_case_layout(c, k->layout);
    snprintf(k->threads, sizeof k->threads, "%d", c->shape.threads);
    if (lb_scenario_has_writers(c->shape.scenario))
        write_writers(c, k->writers, sizeof k->writers);
    if (c->shape.every_ns > 0)
        lb_number_format(c->shape.every_ns, 6, k->every);
    if (lb_scenario_counts_objects(c->shape.scenario))
        snprintf(k->objects, sizeof k->objects, "%zu", c->shape.objects);
    if (c->offset_bytes)
        snprintf(k->offset, sizeof k->offset, "%zu", c->offset_bytes);
    lb_number_format(c->work_ns, 6, k->work);
}

void lb_case_key(const struct lb_plan *plan, const struct lb_case *c, struct lb_case_key *key)
{
    const struct lb_placement *p = &plan->placements[c->placement];
    const struct lb_scenario *s = c->shape.scenario;

    write_numbers(c, key);
    key->cells[LB_KEY_SUITE] = plan->suite;
    key->cells[LB_KEY_SCENARIO] = s->name;
    key->cells[LB_KEY_LAYOUT] = key->layout;
    key->cells[LB_KEY_LOCK] = lb_workload_locks(&c->shape) ? lb_lock_info(c->shape.lock)->name : "";
    key->cells[LB_KEY_PLACEMENT] = p->name;
    key->cells[LB_KEY_DISTANCE] = lb_distance_name(p->distance);
    key->cells[LB_KEY_HOME] = lb_home_name(p->home);
    key->cells[LB_KEY_THREADS] = key->threads;
    key->cells[LB_KEY_WRITERS] = key->writers;
    key->cells[LB_KEY_EVERY] = key->every;
    key->cells[LB_KEY_OBJECTS] = key->objects;
    key->cells[LB_KEY_ACCESS] = lb_scenario_picks(s) ? lb_picking_name(c->shape.access) : "";
    key->cells[LB_KEY_TOUCH] = s->subject->uses_pages ? lb_touch_name(c->shape.touch) : "";
    key->cells[LB_KEY_OFFSET] = key->offset;
    key->cells[LB_KEY_WORK_NS] = key->work;
}

bool lb_case_is_beside(const struct lb_case *a, const struct lb_case *b)
{
    return a->shape.scenario == b->shape.scenario && a->placement == b->placement &&
           a->work_ns == b->work_ns && a->shape.objects == b->shape.objects &&
           a->shape.access == b->shape.access;
}
