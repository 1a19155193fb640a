/* SPDX-License-Identifier: MIT
 *
 * What the kernel shows, as text.
 */
#include "kernel_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number, or a word for none. */
static const char *number(int64_t value, char text[24])
{
    snprintf(text, 24, value < 0 ? "?" : "%" PRId64, value);
    return text;
}
#define N(VALUE) number((VALUE), (char[24]){""})

/* Configuration ---------------------------------------------------------------------------------
 */

/* Options with a value or, `off`, those without, as many on a line as fit. */
static void draw_options(struct lb_canvas *c, const struct lb_kernel *k, const char *head, bool off)
{
    size_t column = 0;

    for (size_t i = 0; lb_kernel_options[i]; i++) {
        const char *name = lb_kernel_options[i], *value = k->config.value[i];
        bool is_off = !*value || !strcmp(value, "n");
        size_t length = strlen(name) + (off ? 1 : strlen(value) + 2);
        if (is_off != off)
            continue;
        if (!column || column + length > 98) {
            lb_canvas_put(c, "%s%-12s", column ? "\n" : "", column ? "" : head);
            column = 12;
        }
        lb_canvas_put(c, off ? " %s" : " %s=%s", name, value);
        column += length;
    }
    if (column)
        lb_canvas_put(c, "\n");
}

static void draw_rules(struct lb_canvas *c, const struct lb_kernel_btf *b)
{
    char rules[256];

    if (!*b->generation.name) {
        lb_canvas_put(c, "%-12s (unknown%s%s)\n", "  rules", *b->generation_note ? ": " : "",
                      b->generation_note);
        return;
    }
    lb_generation_describe(&b->generation, rules, sizeof rules);
    lb_canvas_put(c, "%-12s of %s: %s\n", "  rules", b->generation.name, rules);
}

static void draw_head(struct lb_canvas *c, const struct lb_kernel *k)
{
    lb_canvas_put(c, "%-12s %s\n", "release", *k->release ? k->release : "(unknown)");
    lb_canvas_put(c, "%-12s %s%s%s%s\n", "config",
                  *k->config.source ? k->config.source : "(unknown)", *k->config.note ? " (" : "",
                  k->config.note, *k->config.note ? ")" : "");
    if (*k->config.source) {
        draw_options(c, k, "", false);
        draw_options(c, k, "off", true);
    }
    lb_canvas_put(c, "%-12s %s\n", "allocator", *k->allocator ? k->allocator : "(unknown)");
    if (*k->lockdown)
        lb_canvas_put(c, "%-12s %s\n", "lockdown", k->lockdown);
    else
        lb_canvas_put(c, "%-12s (unknown: %s)\n", "lockdown", k->lockdown_note);
    lb_canvas_put(c, "%-12s %s: %s\n", "VMA lock", lb_vma_lock_name(k->generation),
                  lb_vma_lock_meaning(k->generation));
    lb_canvas_put(c, "%-12s %s\n", "  evidence", k->evidence);
    draw_rules(c, &k->btf);
}

/* Histograms ------------------------------------------------------------------------------------
 */

struct bin {
    unsigned residue;
    uint64_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct bin *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return x->residue < y->residue ? -1 : x->residue > y->residue;
}

static void draw_map(struct lb_canvas *c, const uint64_t counts[LB_KERNEL_BINS])
{
    struct bin bins[LB_KERNEL_BINS];
    size_t n = 0;

    for (unsigned i = 0; i < LB_KERNEL_BINS; i++)
        if (counts[i])
            bins[n++] = (struct bin){8 * i, counts[i]};
    qsort(bins, n, sizeof *bins, by_count);
    for (size_t i = 0; i < n; i++)
        lb_canvas_put(c, "@[%u]: %" PRIu64 "\n", bins[i].residue, bins[i].count);
}

static void draw_residues(struct lb_canvas *c, const struct lb_kernel_slab *s)
{
    uint64_t counts[LB_KERNEL_BINS];

    for (unsigned modulus = LB_LINE_BYTES; modulus <= LB_LINE_PAIR_BYTES; modulus *= 2) {
        if (lb_kernel_residues(s, modulus, counts)) {
            lb_canvas_put(c, "  starts       modulo %u not known\n", modulus);
            continue;
        }
        lb_canvas_put(c, "  starts       modulo %u, in a slab of %" PRId64 " (computed):\n",
                      modulus, s->per_slab);
        draw_map(c, counts);
    }
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

/* Both, residue by residue. */
static void draw_traced(struct lb_canvas *c, const struct lb_kernel_slab *s,
                        const struct lb_kernel_trace *trace, unsigned modulus)
{
    uint64_t traced[LB_KERNEL_BINS] = {0}, computed[LB_KERNEL_BINS];
    bool known = !lb_kernel_residues(s, modulus, computed);

    for (unsigned i = 0; i < LB_KERNEL_BINS; i++)
        traced[8 * i % modulus / 8] += trace->counts[i];
    lb_canvas_put(c, "traced: %" PRIu64 " addresses that vm_area_alloc returned, modulo %u:\n",
                  trace->n, modulus);
    draw_map(c, traced);
    lb_canvas_put(c, "  %8s %10s %10s\n", "", "computed", "traced");
    for (unsigned i = 0; i < modulus / 8; i++) {
        if (!traced[i] && (!known || !computed[i]))
            continue;
        lb_canvas_put(c, "  %8u ", 8 * i);
        if (known)
            lb_canvas_put(c, "%8.1f %% ", percent(computed[i], s->slab.per_slab));
        else
            lb_canvas_put(c, "%10s ", "?");
        lb_canvas_put(c, "%8.1f %%%s\n", percent(traced[i], trace->n),
                      known && !computed[i] ? "  not where the slab's numbers put it" : "");
    }
}

/* Caches ----------------------------------------------------------------------------------------
 */

static void draw_identity(struct lb_canvas *c, const struct lb_kernel_slab *s)
{
    if (s->n_shared > 0)
        lb_canvas_put(c, "merged: it is %s, shared with %d other%s: %s\n", s->cache, s->n_shared,
                      s->n_shared == 1 ? "" : "s", s->shared);
    else if (s->mergeable)
        lb_canvas_put(c, "a cache of its own (%s, which others may join)\n", s->cache);
    else if (!strcmp(s->source, "sysfs"))
        lb_canvas_put(c, "a cache of its own, never merged\n");
    else
        lb_canvas_put(c, "from /proc/slabinfo\n");
}

static void draw_slab(struct lb_canvas *c, const struct lb_kernel_slab *s, const char *what)
{
    lb_canvas_put(c, "\n%s: ", s->name);
    if (s->present != 1) {
        lb_canvas_put(c, "%s\n", s->present ? "not known whether there is one" : "no such cache");
        if (*s->note)
            lb_canvas_put(c, "  %-12s %s\n", "not known", s->note);
        return;
    }
    draw_identity(c, s);
    lb_canvas_put(c, "  %-12s %s bytes%s, aligned to %s, cache-line flag %s, every %s bytes\n",
                  "object", N(s->object_bytes),
                  s->n_shared > 0 ? " (the largest of those that share)" : "", N(s->align_bytes),
                  s->hwcache_align < 0 ? "?"
                  : s->hwcache_align   ? "on"
                                       : "off",
                  N(s->stride_bytes));
    lb_canvas_put(c, "  %-12s %s objects, order %s, type-safe by RCU: %s%s\n", "slab",
                  N(s->per_slab), N(s->order),
                  s->typesafe_by_rcu < 0 ? "?"
                  : s->typesafe_by_rcu   ? "yes"
                                         : "no",
                  s->red_zone > 0 ? ", red zones (debugging)" : "");
    lb_canvas_put(c, "  %-12s %s objects in use of %s, in %s slabs\n", "now", N(s->objects),
                  N(s->objects_total), N(s->slabs));
    lb_canvas_put(c, "  %-12s %s pages of 4 KiB per 1000 %s\n", "memory",
                  N(lb_kernel_pages_per_1000(s)), what);
    draw_residues(c, s);
    if (*s->note)
        lb_canvas_put(c, "  %-12s %s\n", "not known", s->note);
}

static void draw_sum(struct lb_canvas *c, const struct lb_kernel *k)
{
    int64_t vmas = lb_kernel_pages_per_1000(&k->vma), locks = lb_kernel_pages_per_1000(&k->lock);

    if (k->lock.present == 1 && vmas >= 0 && locks >= 0)
        lb_canvas_put(c, "\n%" PRId64 " pages of 4 KiB per 1000 VMAs with their locks\n",
                      vmas + locks);
}

int lb_kernel_draw(const struct lb_kernel *kernel, const struct lb_kernel_trace *trace, char *text,
                   size_t bytes)
{
    struct lb_canvas c = {text, bytes, 0};

    draw_head(&c, kernel);
    draw_slab(&c, &kernel->vma, "VMAs");
    draw_slab(&c, &kernel->lock, "locks");
    draw_sum(&c, kernel);
    if (trace) {
        lb_canvas_put(&c, "\n");
        draw_traced(&c, &kernel->vma, trace, LB_LINE_BYTES);
        draw_traced(&c, &kernel->vma, trace, LB_LINE_PAIR_BYTES);
    }
    return (int)c.used;
}
