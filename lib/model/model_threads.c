/* SPDX-License-Identifier: MIT
 *
 * Threads of the model: their steps, one after the other.
 */
#include "model_private.h"

#include <math.h>

#define WHOLE_OP 64 /* lines that an op asks for at once, at most */

static void sleep_until(struct lb_sim *sim, unsigned thread, double at)
{
    lb_sim_push(sim, &(struct lb_sim_event){.at = at, .kind = LB_SIM_STEP, .subject = thread});
}

/* For step k of the program. A load and the compare-and-swap of what it loaded go out together. */
static struct lb_sim_request request_of(const struct lb_model_thread *t, size_t k, bool exclusive)
{
    const struct lb_model_step *s = &t->steps[k];
    bool pair = k + 1 < t->n && s[1].what == LB_MODEL_CAS && s[1].word == s->word;

    return (struct lb_sim_request){.cpu = t->cpu,
                                   .role = t->role,
                                   .exclusive = exclusive,
                                   .reads = s->what == LB_MODEL_LOAD && !pair};
}

static bool is_access(enum lb_model_what what)
{
    return what < LB_MODEL_DELAY;
}

/* Fetches that go out together: of all that lies before the next delay, as far as the core looks
 * ahead, a line's first access. Behind a pointer that has not come yet nothing is known. */
static void look_ahead(struct lb_sim *sim, struct lb_sim_thread *t)
{
    const struct lb_model_thread *p = t->program;
    unsigned lines[WHOLE_OP];
    size_t n = 0;
    bool known = true;

    for (size_t k = t->at; sim->par->overlap != LB_MODEL_NOTHING && k < p->n; k++) {
        const struct lb_model_step *s = &p->steps[k];
        bool seen = false, loads = s->what == LB_MODEL_LOAD;
        if (!is_access(s->what) || n == WHOLE_OP)
            break;
        const struct lb_sim_line *l = &sim->lines[s->line];
        known = known && !(s->pointer && !lb_sim_has(l, p->cpu));
        for (size_t i = 0; i < n; i++)
            seen |= lines[i] == s->line;
        if (seen || (s->behind && !known))
            continue;
        lines[n++] = s->line;
        if (loads ? !lb_sim_has(l, p->cpu)
                  : sim->par->overlap == LB_MODEL_EVERYTHING && !lb_sim_exclusive(l, p->cpu))
            lb_sim_ask(sim, s->line, request_of(p, k, !loads));
    }
}

static void begin_op(struct lb_sim *sim, struct lb_sim_thread *t)
{
    t->began = sim->now;
    look_ahead(sim, t);
}

static void end_op(struct lb_sim *sim, struct lb_sim_thread *t)
{
    t->at = 0;
    sim->ops++;
    if (sim->warm) {
        t->ops++;
        sim->roles[t->program->role].ops++;
        sim->roles[t->program->role].op_ns += sim->now - t->began;
    }
}

static void put_word(struct lb_sim *sim, unsigned thread, unsigned word)
{
    sim->version[word]++;
    sim->writer[word] = thread + 1;
    sim->threads[thread].seen[word] = sim->version[word];
}

static void wait_for(struct lb_sim *sim, struct lb_sim_thread *t, unsigned line, bool exclusive)
{
    lb_sim_ask(sim, line, request_of(t->program, t->at, exclusive));
    t->waits_for = (int)line;
}

/* Steps: true where the thread goes on at once. ------------------------------------------------
 */

static bool load(struct lb_sim *sim, unsigned thread, const struct lb_model_step *s)
{
    struct lb_sim_thread *t = &sim->threads[thread];

    if (!lb_sim_has(&sim->lines[s->line], t->program->cpu)) {
        wait_for(sim, t, s->line, false);
        return false;
    }
    t->seen[s->word] = sim->version[s->word];
    t->at++;
    if (sim->par->load_ns > 0)
        sleep_until(sim, thread, sim->now + sim->par->load_ns);
    return sim->par->load_ns <= 0;
}

static bool store(struct lb_sim *sim, unsigned thread, const struct lb_model_step *s)
{
    struct lb_sim_thread *t = &sim->threads[thread];

    if (lb_sim_exclusive(&sim->lines[s->line], t->program->cpu)) {
        lb_sim_change(sim, s->line, 0);
        put_word(sim, thread, s->word);
    } else if (!t->stored[t->at]) {
        t->stored[t->at] = true;
        t->pending++;
        lb_sim_ask(sim, s->line, request_of(t->program, t->at, true));
    }
    t->at++;
    if (sim->par->store_ns > 0)
        sleep_until(sim, thread, sim->now + sim->par->store_ns);
    return sim->par->store_ns <= 0;
}

/* A locked change. Who waits for the line goes first, unless it came for this very access. */
static bool change(struct lb_sim *sim, unsigned thread, const struct lb_model_step *s)
{
    struct lb_sim_thread *t = &sim->threads[thread];
    struct lb_sim_line *l = &sim->lines[s->line];
    double ns = sim->par->locked_ns;

    if (t->pending) {
        t->drains = true;
        return false;
    }
    if (s->what == LB_MODEL_CLEAR && sim->writer[s->word] != thread + 1) {
        t->at++;
        return true;
    }
    if (lb_sim_exclusive(l, t->program->cpu) && !l->fresh && lb_sim_may_leave(sim, s->line))
        lb_sim_serve(sim, s->line);
    if (!lb_sim_exclusive(l, t->program->cpu)) {
        wait_for(sim, t, s->line, true);
        return false;
    }
    if (s->what == LB_MODEL_CAS && t->seen[s->word] != sim->version[s->word]) {
        sim->roles[t->program->role].retries += sim->warm;
        ns *= 2;
    }
    t->claims |= l->reader == (int)t->program->cpu;
    lb_sim_change(sim, s->line, ns);
    put_word(sim, thread, s->word);
    t->changed = (int)s->line;
    t->at++;
    sleep_until(sim, thread, sim->now + ns);
    return false;
}

static bool pass_time(struct lb_sim *sim, unsigned thread, const struct lb_model_step *s)
{
    struct lb_sim_thread *t = &sim->threads[thread];
    double ns = s->what == LB_MODEL_DELAY ? s->ns : s->ns * (0.5 + lb_sim_draw(sim));

    t->at++;
    if (s->what == LB_MODEL_PACE)
        t->due += ns; /* one that comes late begins at once, and does not put off the next */
    sleep_until(sim, thread, s->what == LB_MODEL_PACE ? fmax(t->due, sim->now) : sim->now + ns);
    return false;
}

static bool make_step(struct lb_sim *sim, unsigned thread)
{
    struct lb_sim_thread *t = &sim->threads[thread];

    if (t->at == t->program->n && t->claims && sim->par->claim_ns > 0) {
        t->claims = false;
        sleep_until(sim, thread, sim->now + sim->par->claim_ns);
        return false;
    }
    if (t->at == t->program->n) {
        end_op(sim, t);
        if (is_access(t->program->steps[0].what))
            begin_op(sim, t);
    }
    const struct lb_model_step *s = &t->program->steps[t->at];
    switch (s->what) {
    case LB_MODEL_LOAD:
        return load(sim, thread, s);
    case LB_MODEL_STORE:
        return store(sim, thread, s);
    case LB_MODEL_ADD:
    case LB_MODEL_CAS:
    case LB_MODEL_CLEAR:
        return change(sim, thread, s);
    default:
        return pass_time(sim, thread, s);
    }
}

/* ------------------------------------------------------------------------------------------------
 */

void lb_sim_resume(struct lb_sim *sim, unsigned thread)
{
    struct lb_sim_thread *t = &sim->threads[thread];
    bool pointer = t->waits_for >= 0 && t->program->steps[t->at].pointer;

    t->waits_for = LB_SIM_NOBODY;
    t->drains = false;
    if (pointer)
        look_ahead(sim, t);
    if (t->changed >= 0) {
        unsigned line = (unsigned)t->changed;
        t->changed = LB_SIM_NOBODY;
        if (sim->par->steal > 0 && lb_sim_may_leave(sim, line) &&
            lb_sim_draw(sim) < sim->par->steal)
            lb_sim_serve(sim, line);
    }
    while (make_step(sim, thread))
        ;
}

void lb_sim_step(struct lb_sim *sim, unsigned thread)
{
    struct lb_sim_thread *t = &sim->threads[thread];

    if (t->at ? t->program->steps[t->at - 1].what > LB_MODEL_DELAY
              : is_access(t->program->steps[0].what)) /* the first op of all */
        begin_op(sim, t);
    else if (t->at > 0 && t->program->steps[t->at - 1].what == LB_MODEL_DELAY)
        look_ahead(sim, t);
    lb_sim_resume(sim, thread);
}

/* Its stores to the line are made, unless the line came to be read. */
static void retire(struct lb_sim *sim, unsigned thread, unsigned line)
{
    struct lb_sim_thread *t = &sim->threads[thread];

    for (size_t k = 0; t->pending && k < t->program->n; k++) {
        const struct lb_model_step *s = &t->program->steps[k];
        if (!t->stored[k] || s->line != line)
            continue;
        if (!lb_sim_exclusive(&sim->lines[line], t->program->cpu)) {
            lb_sim_ask(sim, line, request_of(t->program, k, true));
            continue;
        }
        lb_sim_change(sim, line, 0);
        put_word(sim, thread, s->word);
        t->stored[k] = false;
        t->pending--;
    }
}

void lb_sim_landed(struct lb_sim *sim, unsigned thread, unsigned line)
{
    struct lb_sim_thread *t = &sim->threads[thread];

    retire(sim, thread, line);
    if (t->waits_for == (int)line || (t->drains && !t->pending))
        lb_sim_resume(sim, thread);
}
