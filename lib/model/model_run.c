/* SPDX-License-Identifier: MIT
 *
 * One simulation, from its input to what it came to.
 */
#include "model_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct lb_model_parameters lb_model_usual = {
    .locked_ns = 2.2,
    .store_ns = 0.2,
    .request_share = 0.45,
    .clean_share = 0.7,
    .memory_ns = 80,
    .handover = LB_HANDOVER_PLAIN,
    .overlap = LB_MODEL_EVERYTHING,
};

/* Input ------------------------------------------------------------------------------------------
 */

static bool is_share(double x)
{
    return x >= 0 && x <= 1;
}

static bool is_time(double ns)
{
    return ns >= 0 && ns < 1e12;
}

static bool are_parameters(const struct lb_model_parameters *p)
{
    return is_time(p->locked_ns) && is_time(p->store_ns) && is_time(p->load_ns) &&
           is_share(p->request_share) && is_time(p->residence_ns) && isfinite(p->upgrade_ns) &&
           is_time(p->claim_ns) && is_time(p->clean_share) && is_time(p->memory_ns) &&
           is_share(p->steal) && is_share(p->pair_prefetch);
}

static double least_time(const struct lb_model_parameters *p, const struct lb_model_step *s)
{
    switch (s->what) {
    case LB_MODEL_LOAD:
        return p->load_ns;
    case LB_MODEL_STORE:
        return p->store_ns;
    case LB_MODEL_ADD:
    case LB_MODEL_CAS:
        return p->locked_ns;
    case LB_MODEL_CLEAR:
        return 0;
    default:
        return s->ns;
    }
}

static bool is_thread(const struct lb_model_input *in, const struct lb_model_thread *t)
{
    double ns = 0;

    if (t->cpu >= in->n_cpus || t->role < 0 || t->role > 1)
        return false;
    for (size_t k = 0; k < t->n; k++) {
        const struct lb_model_step *s = &t->steps[k];
        double least = least_time(&in->parameters, s);
        if (!is_time(least) ||
            (s->what < LB_MODEL_DELAY && (s->line >= in->n_lines || s->word >= in->n_words)))
            return false;
        ns += least;
    }
    return ns > 0;
}

static bool is_input(const struct lb_model_input *in)
{
    bool ok = in->n_cpus > 0 && in->n_cpus <= LB_MODEL_CPUS_MOST && in->n_threads > 0 &&
              in->n_threads <= in->n_cpus && in->ops > 0 && are_parameters(&in->parameters);
    struct lb_sim_set taken = {{0}};

    for (size_t i = 0; ok && i < in->n_cpus * in->n_cpus; i++)
        ok = is_time(in->latency[i]);
    for (size_t i = 0; ok && i < in->n_threads; i++) {
        unsigned cpu = in->threads[i].cpu;
        ok = is_thread(in, &in->threads[i]) && !(taken.words[cpu / 64] >> cpu % 64 & 1);
        if (ok)
            taken.words[cpu / 64] |= (uint64_t)1 << cpu % 64;
    }
    return ok;
}

/* Memory -----------------------------------------------------------------------------------------
 */

static void destroy(struct lb_sim *sim)
{
    free(sim->threads);
    free(sim->lines);
    free(sim->queues);
    free(sim->thread_of);
    free(sim->asked);
    free(sim->version);
    free(sim->writer);
    free(sim->seen);
    free(sim->stored);
    free(sim->heap);
}

static size_t all_steps(const struct lb_model_input *in)
{
    size_t n = 0;

    for (size_t i = 0; i < in->n_threads; i++)
        n += in->threads[i].n;
    return n;
}

static int allocate(struct lb_sim *sim)
{
    const struct lb_model_input *in = sim->in;
    size_t lines = in->n_lines + 1, words = in->n_words + 1;

    sim->threads = calloc(in->n_threads, sizeof *sim->threads);
    sim->lines = calloc(lines, sizeof *sim->lines);
    sim->queues = calloc(lines * in->n_cpus, sizeof *sim->queues);
    sim->thread_of = calloc(in->n_cpus, sizeof *sim->thread_of);
    sim->asked = calloc(lines * in->n_cpus, sizeof *sim->asked);
    sim->version = calloc(words, sizeof *sim->version);
    sim->writer = calloc(words, sizeof *sim->writer);
    sim->seen = calloc(words * in->n_threads, sizeof *sim->seen);
    sim->stored = calloc(all_steps(in) + 1, sizeof *sim->stored);
    return sim->threads && sim->lines && sim->queues && sim->thread_of && sim->asked &&
                   sim->version && sim->writer && sim->seen && sim->stored
               ? 0
               : -ENOMEM;
}

/* Threads begin within the first 100 ns, not all at once. */
#define BEGIN_NS 100

static void set_up(struct lb_sim *sim)
{
    const struct lb_model_input *in = sim->in;
    size_t steps = 0;

    for (size_t i = 0; i < in->n_lines; i++) {
        sim->lines[i].owner = sim->lines[i].coming = sim->lines[i].reader = LB_SIM_NOBODY;
        sim->lines[i].queue = sim->queues + i * in->n_cpus;
    }
    for (size_t i = 0; i < in->n_cpus; i++)
        sim->thread_of[i] = LB_SIM_NOBODY;
    for (size_t i = 0; i < in->n_threads; i++) {
        sim->thread_of[in->threads[i].cpu] = (int)i;
        sim->threads[i] = (struct lb_sim_thread){
            .program = &in->threads[i],
            .waits_for = LB_SIM_NOBODY,
            .changed = LB_SIM_NOBODY,
            .stored = sim->stored + steps,
            .seen = sim->seen + i * in->n_words,
        };
        steps += in->threads[i].n;
        sim->roles[in->threads[i].role].threads++;
        lb_sim_push(sim, &(struct lb_sim_event){.at = BEGIN_NS * lb_sim_draw(sim),
                                                .kind = LB_SIM_STEP,
                                                .subject = (unsigned)i});
    }
}

/* The simulation ---------------------------------------------------------------------------------
 */

static void take_event(struct lb_sim *sim, const struct lb_sim_event *e)
{
    sim->now = e->at;
    switch (e->kind) {
    case LB_SIM_STEP:
        lb_sim_step(sim, e->subject);
        break;
    case LB_SIM_ARRIVE:
        lb_sim_arrive(sim, e->subject, &e->request);
        break;
    case LB_SIM_SERVE:
        sim->lines[e->subject].wake_set = false;
        lb_sim_serve(sim, e->subject);
        break;
    case LB_SIM_LAND:
        lb_sim_land(sim, e->subject, &e->request);
        lb_sim_landed(sim, (unsigned)sim->thread_of[e->request.cpu], e->subject);
        lb_sim_serve(sim, e->subject);
        break;
    }
}

/* ns that were counted. */
static double simulate(struct lb_sim *sim)
{
    const size_t n = sim->in->n_threads;
    double since = 0;

    sim->warm = !sim->in->warm_ops;
    while (!sim->error && sim->n_heap) {
        struct lb_sim_event e = lb_sim_pop(sim);
        take_event(sim, &e);
        if (sim->ops < n * (sim->warm ? sim->in->ops : sim->in->warm_ops))
            continue;
        if (sim->warm)
            break;
        sim->warm = true;
        sim->ops = 0;
        since = sim->now;
    }
    return sim->now - since;
}

static double fairness_of(const struct lb_sim *sim)
{
    double least[2] = {INFINITY, INFINITY}, most[2] = {0, 0}, worst = 1;

    for (size_t i = 0; i < sim->in->n_threads; i++) {
        int role = sim->in->threads[i].role;
        least[role] = fmin(least[role], (double)sim->threads[i].ops);
        most[role] = fmax(most[role], (double)sim->threads[i].ops);
    }
    for (int role = 0; role < 2; role++)
        if (sim->roles[role].threads)
            worst = fmin(worst, most[role] > 0 ? least[role] / most[role] : 0);
    return worst;
}

/* Sums to means. Of a role that nobody got to play to an end there are none. */
static void finish(struct lb_model_role *r, double ns)
{
    double *const counts[] = {&r->op_ns, &r->modified_loads, &r->modified_rfos, &r->upgrades,
                              &r->clean, &r->taken,          &r->lost,          &r->retries};

    if (!r->threads)
        return;
    r->ns_op = ns * (double)r->threads / r->ops;
    for (size_t i = 0; i < LB_COUNT(counts); i++)
        *counts[i] /= r->ops;
}

int lb_model_run(const struct lb_model_input *in, struct lb_model_result *result)
{
    struct lb_model_result r;
    struct lb_sim sim = {.in = in, .par = &in->parameters, .random = in->seed, .roles = r.roles};

    memset(&r, 0, sizeof r);
    if (!is_input(in))
        return -EINVAL;
    if (!(sim.error = allocate(&sim))) {
        set_up(&sim);
        double ns = simulate(&sim);
        for (int i = 0; i < 2; i++)
            finish(&r.roles[i], ns);
        r.fairness = fairness_of(&sim);
    }
    destroy(&sim);
    if (!sim.error)
        *result = r;
    return sim.error;
}
