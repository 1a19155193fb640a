/* SPDX-License-Identifier: MIT
 *
 * The object "kernel" of run.json.
 */
#include "provenance.h"

#include <linebounce/kernel.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void put_number(struct lb_json *json, const char *slab, const char *name, int64_t value)
{
    char path[64];

    snprintf(path, sizeof path, "kernel.%s_%s", slab, name);
    lb_json_number(json, path, value < 0 ? (double)NAN : (double)value);
}

static void put_slab(struct lb_json *json, const char *name, const struct lb_kernel_slab *s)
{
    char path[64];

    snprintf(path, sizeof path, "kernel.%s_cache", name);
    lb_json_text(json, path, s->cache);
    put_number(json, name, "object_bytes", s->object_bytes);
    put_number(json, name, "stride_bytes", s->stride_bytes);
    put_number(json, name, "align_bytes", s->align_bytes);
    put_number(json, name, "objects_per_slab", s->per_slab);
    put_number(json, name, "order", s->order);
    put_number(json, name, "pages_per_1000", lb_kernel_pages_per_1000(s));
}

void provenance_kernel(struct lb_json *json)
{
    struct lb_kernel *k = malloc(sizeof *k);
    const char *per_vma;

    if (!k)
        return;
    lb_kernel_read(NULL, k);
    per_vma = lb_kernel_option(k, "PER_VMA_LOCK");
    lb_json_text(json, "kernel.release", k->release);
    lb_json_text(json, "kernel.config", k->config.source);
    lb_json_text(json, "kernel.per_vma_lock", per_vma && !*per_vma ? "n" : per_vma);
    lb_json_text(json, "kernel.allocator", k->allocator);
    lb_json_text(json, "kernel.lock_generation",
                 k->generation == LB_VMA_LOCK_UNKNOWN ? NULL : lb_vma_lock_name(k->generation));
    lb_json_text(json, "kernel.lock_evidence", k->evidence);
    put_slab(json, "vma", &k->vma);
    put_slab(json, "lock", &k->lock);
    free(k);
}
