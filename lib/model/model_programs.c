/* SPDX-License-Identifier: MIT
 *
 * Ops as the model's steps: words lie where the workload puts them, and are accessed as its loops
 * do (lib/workload/loops_objects.c, lib/lock/fast_paths.h).
 */
#include <linebounce/model.h>

#include <linebounce/scenario.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How readers take a kind of lock and give it back. */
enum way {
    WAY_NONE,  /* not together, or nobody knows which words */
    WAY_TRY,   /* load and compare-and-swap; a locked change */
    WAY_ADD,   /* a locked change each */
    WAY_SWAP,  /* a load and compare-and-swap each */
    WAY_RETRY, /* a load each: nothing is taken */
};

static enum way way_of(enum lb_lock_kind kind)
{
    switch (kind) {
    case LB_LOCK_RWSEM40:
    case LB_LOCK_RWSEM32:
    case LB_LOCK_REFCOUNT:
        return WAY_TRY;
    case LB_LOCK_QRWLOCK:
    case LB_LOCK_LOCKED_ADDS:
        return WAY_ADD;
    case LB_LOCK_LOCKREF:
        return WAY_SWAP;
    case LB_LOCK_SEQCOUNT:
    case LB_LOCK_SEQLOCK:
        return WAY_RETRY;
    default:
        return WAY_NONE;
    }
}

/* What is allowed --------------------------------------------------------------------------------
 */

static bool is_known(enum lb_op op)
{
    return op == LB_OP_READ || op == LB_OP_OBSERVE || op == LB_OP_NESTED || op == LB_OP_ALONE ||
           lb_op_takes_words(op);
}

/* Why a scenario is beyond the model; NULL: it is not. */
static const char *beyond(const struct lb_scenario *s)
{
    if (s->kind == LB_SCENARIO_MIXED)
        return "its threads sleep and fall back to another lock, which the model does not know";
    if (s->kind == LB_SCENARIO_MANY)
        return "it misses caches, and what that costs is no matter of lines between cores";
    if (s->kind == LB_SCENARIO_WRITERS || s->kind == LB_SCENARIO_GUARDED)
        return "of write locks that several threads want at once the model has been wrong";
    for (int i = 0; i < s->n_roles; i++)
        if (!is_known(s->roles[i].op))
            return "it is about more than lines that cores share";
    return NULL;
}

int lb_model_allows(const struct lb_workload *shape, struct lb_why *why)
{
    const struct lb_scenario *s = shape->scenario;
    const char *reason = beyond(s);

    if (reason)
        return lb_fail(why, ENOTSUP, "%s: not predicted: %s", s->name, reason);
    if (s->by_structure && shape->layout && shape->layout->taken)
        return lb_fail(why, ENOTSUP,
                       "%s with layout %s: not predicted: its lock is taken for writing, and of "
                       "write locks that several threads want at once the model has been wrong",
                       s->name, shape->layout->name);
    if (lb_workload_locks(shape) && way_of(shape->lock) == WAY_NONE)
        return lb_fail(why, ENOTSUP,
                       "%s with lock %s: not predicted: its readers come one at a time, or by "
                       "words that only the C library knows",
                       s->name, lb_lock_info(shape->lock)->name);
    return lb_scenario_allows(s, shape->layout, shape->lock, why);
}

/* Steps ------------------------------------------------------------------------------------------
 */

/* Two locks with all that is loaded, and what stands around them. */
#define STEPS_MOST (2 * (8 + 6 + LB_LOADS) + 4)

struct maker {
    const struct lb_model_case *c;
    uintptr_t base;          /* of the arena */
    uint32_t *pairs, *words; /* by 128 and by 4 bytes of it: index and one more */
    size_t n_pairs, n_words;
    struct lb_model_step *to;
    size_t n;
};

static unsigned number_of(uint32_t *entry, size_t *n)
{
    if (!*entry)
        *entry = (uint32_t)++ * n;
    return *entry - 1;
}

static struct lb_model_step *put(struct maker *m, enum lb_model_what what, uintptr_t address,
                                 bool behind)
{
    size_t at = address - m->base;
    unsigned pair = number_of(&m->pairs[at / LB_LINE_PAIR_BYTES], &m->n_pairs);
    struct lb_model_step *s = &m->to[m->n++];

    *s = (struct lb_model_step){
        .what = what,
        .line = 2 * pair + (unsigned)(at / LB_LINE_BYTES % 2),
        .word = number_of(&m->words[at / sizeof(uint32_t)], &m->n_words),
        .behind = behind,
    };
    return s;
}

static void put_time(struct maker *m, enum lb_model_what what, double ns)
{
    if (ns > 0)
        m->to[m->n++] = (struct lb_model_step){.what = what, .ns = ns};
}

/* A lock where the op finds it, and whether it found it by a pointer. */
struct lock {
    uintptr_t at;
    bool behind;
};

static struct lock find_lock(struct maker *m, uintptr_t object, const struct lb_program *p)
{
    const struct lb_workload *s = m->c->shape;
    uintptr_t at = object + p->lock;

    if (!lb_workload_indirect(s))
        return (struct lock){at, false};
    put(m, LB_MODEL_LOAD, at, false)->pointer = true;
    return (struct lock){(uintptr_t) * (const uint64_t *)at, true};
}

static void put_lock(struct maker *m, struct lock lock)
{
    const struct lb_lock_info *info = lb_lock_info(m->c->shape->lock);
    enum way way = way_of(info->kind);
    uintptr_t count = lock.at + info->count_offset;

    if (way != WAY_ADD)
        put(m, LB_MODEL_LOAD, count, lock.behind);
    if (way == WAY_TRY || way == WAY_SWAP)
        put(m, LB_MODEL_CAS, count, lock.behind);
    if (way == WAY_ADD)
        put(m, LB_MODEL_ADD, count, lock.behind);
    if (info->owner_offset >= 0 && way != WAY_RETRY) {
        put(m, LB_MODEL_LOAD, lock.at + (uintptr_t)info->owner_offset, lock.behind);
        put(m, LB_MODEL_STORE, lock.at + (uintptr_t)info->owner_offset, lock.behind);
    }
}

static void put_unlock(struct maker *m, struct lock lock)
{
    const struct lb_lock_info *info = lb_lock_info(m->c->shape->lock);
    enum way way = way_of(info->kind);
    uintptr_t count = lock.at + info->count_offset;

    if (info->owner_offset >= 0 && way == WAY_TRY &&
        lb_workload_generation(m->c->shape)->rules == LB_RULES_CLEARING) {
        put(m, LB_MODEL_LOAD, lock.at + (uintptr_t)info->owner_offset, lock.behind);
        put(m, LB_MODEL_CLEAR, lock.at + (uintptr_t)info->owner_offset, lock.behind);
    }
    if (way == WAY_SWAP || way == WAY_RETRY)
        put(m, LB_MODEL_LOAD, count, lock.behind);
    if (way != WAY_RETRY)
        put(m, way == WAY_SWAP ? LB_MODEL_CAS : LB_MODEL_ADD, count, lock.behind);
}

static void put_fields(struct maker *m, uintptr_t object, const struct lb_program *p)
{
    for (size_t k = 0; k < LB_LOADS; k++)
        if (!k || p->load[k] != p->load[k - 1]) /* the others fill up the loop */
            put(m, LB_MODEL_LOAD, object + p->load[k], false);
}

static void compare_seq(struct maker *m, uintptr_t object, const struct lb_program *p)
{
    if (way_of(m->c->shape->lock) == WAY_RETRY)
        return;
    put(m, LB_MODEL_LOAD, object + p->seq, false);
    put(m, LB_MODEL_LOAD, (uintptr_t)p->mm.seq, false);
}

static struct lock start_read(struct maker *m, uintptr_t object, const struct lb_program *p)
{
    compare_seq(m, object, p);
    struct lock lock = find_lock(m, object, p);
    put_lock(m, lock);
    compare_seq(m, object, p);
    return lock;
}

static void put_nested(struct maker *m, uintptr_t a, const struct lb_program *p)
{
    uintptr_t b = a + p->second;
    struct lock first = start_read(m, a, p), second = start_read(m, b, p);

    put_fields(m, a, p);
    put_fields(m, b, p);
    put_time(m, LB_MODEL_DELAY, m->c->held_ns);
    put_unlock(m, second);
    put_unlock(m, first);
}

static void put_words(struct maker *m, enum lb_op op, uintptr_t object, const struct lb_program *p)
{
    int form = ((int)op - LB_OP_LOAD) / LB_WRITES_MOST, n = ((int)op - LB_OP_LOAD) % LB_WRITES_MOST;
    static const enum lb_model_what writes[] = {LB_MODEL_LOAD, LB_MODEL_STORE, LB_MODEL_STORE,
                                                LB_MODEL_ADD, LB_MODEL_CAS};
    bool loads_first = form == (LB_OP_INCREMENT - LB_OP_LOAD) / LB_WRITES_MOST ||
                       form == (LB_OP_CAS - LB_OP_LOAD) / LB_WRITES_MOST;

    for (int k = 0; k <= n; k++) {
        if (loads_first)
            put(m, LB_MODEL_LOAD, object + p->write[k], false);
        put(m, writes[form], object + p->write[k], false);
    }
}

static void put_op(struct maker *m, enum lb_op op, const struct lb_site *site)
{
    const struct lb_program *p = (const struct lb_program *)site->x[1];
    uintptr_t object = site->x[0];
    struct lock lock;

    switch (op) {
    case LB_OP_READ:
        lock = start_read(m, object, p);
        put_fields(m, object, p);
        put_time(m, LB_MODEL_DELAY, m->c->held_ns);
        put_unlock(m, lock);
        break;
    case LB_OP_NESTED:
        put_nested(m, object, p);
        break;
    case LB_OP_OBSERVE:
        put_fields(m, object, p);
        break;
    case LB_OP_ALONE:
        lock = find_lock(m, object, p);
        put_lock(m, lock);
        put_unlock(m, lock);
        break;
    default:
        put_words(m, op, object, p);
    }
}

static int locks_in(enum lb_op op)
{
    return op == LB_OP_NESTED ? 2 : op == LB_OP_READ || op == LB_OP_ALONE;
}

static void put_thread(struct maker *m, int i, const struct lb_site *site,
                       struct lb_model_thread *thread)
{
    const struct lb_workload *s = m->c->shape;
    int role = lb_scenario_role(s->scenario, &s->writers, i, s->threads);

    m->n = 0;
    if (lb_workload_paced(s, role))
        put_time(m, LB_MODEL_PACE, s->every_ns);
    else
        put_time(m, LB_MODEL_PAUSE, m->c->work_ns);
    enum lb_op op = lb_workload_op(s, i);
    put_op(m, op, site);
    put_time(m, LB_MODEL_DELAY, locks_in(op) * m->c->own_ns);
    *thread = (struct lb_model_thread){.cpu = (unsigned)i, .role = role, .steps = m->to, .n = m->n};
    m->to += STEPS_MOST;
}

/* Places -----------------------------------------------------------------------------------------
 */

static unsigned turns_of(const struct lb_workload *s)
{
    struct lb_geometry g;

    if (!s->layout || lb_geometry_init(s->layout, s->lock, NULL, &g))
        return 1;
    return s->layout->separate && g.lock_residues > g.object_residues ? g.lock_residues
                                                                      : g.object_residues;
}

size_t lb_model_places(const struct lb_workload *s, bool pairs)
{
    return lb_model_allows(s, NULL) ? 0 : turns_of(s) * (pairs ? 2u : 1u);
}

/* Memory that is laid out and never run on. */
struct ground {
    char *arena;
    size_t bytes;
    struct lb_site *sites;
};

static int lay_out(const struct lb_workload *s, size_t place, struct ground *g)
{
    size_t room = (lb_workload_bytes(s) / LB_LINE_PAIR_BYTES + 1) * LB_LINE_PAIR_BYTES;
    uint64_t state = 1;
    unsigned turns = turns_of(s);
    struct lb_draw draw;
    struct lb_placed placed;
    int err;

    g->bytes =
        (room + LB_MM_BYTES + LB_SLAB_PAGE_BYTES) / LB_SLAB_PAGE_BYTES * 4 * LB_SLAB_PAGE_BYTES;
    g->arena = aligned_alloc(LB_SLAB_PAGE_BYTES, g->bytes);
    g->sites = aligned_alloc(alignof(struct lb_site), (size_t)s->threads * sizeof *g->sites);
    if (!g->arena || !g->sites)
        return -ENOMEM;
    memset(g->arena, 0, g->bytes);
    if ((err = lb_draw_init(&state, (unsigned)(place % turns), g->bytes, room, &draw)))
        return err;
    draw.odd = place / turns % 2;
    return lb_workload_place(s, &draw, g->arena, g->bytes, NULL, g->sites, &placed);
}

static int make(const struct lb_model_case *c, const struct ground *g,
                struct lb_model_programs *made)
{
    const size_t n = (size_t)c->shape->threads;
    struct maker m = {.c = c, .base = (uintptr_t)g->arena};

    m.pairs = calloc(g->bytes / LB_LINE_PAIR_BYTES, sizeof *m.pairs);
    m.words = calloc(g->bytes / sizeof(uint32_t), sizeof *m.words);
    made->threads = calloc(n, sizeof *made->threads);
    made->steps = m.to = calloc(n * STEPS_MOST, sizeof *made->steps);
    made->n_threads = n;
    bool room = m.pairs && m.words && made->threads && made->steps;
    for (int i = 0; room && i < c->shape->threads; i++)
        put_thread(&m, i, &g->sites[i], &made->threads[i]);
    made->n_lines = 2 * m.n_pairs;
    made->n_words = m.n_words;
    free(m.pairs);
    free(m.words);
    return room ? 0 : -ENOMEM;
}

int lb_model_programs_make(const struct lb_model_case *c, size_t place, struct lb_why *why,
                           struct lb_model_programs *programs)
{
    struct lb_model_programs made = {0};
    struct ground g = {0};
    int err = lb_model_allows(c->shape, why);

    if (!err)
        err = lay_out(c->shape, place, &g);
    if (!err)
        err = make(c, &g, &made);
    free(g.arena);
    free(g.sites);
    if (err)
        lb_model_programs_free(&made);
    else
        *programs = made;
    return err;
}

void lb_model_programs_free(struct lb_model_programs *programs)
{
    free(programs->threads);
    free(programs->steps);
    *programs = (struct lb_model_programs){0};
}
