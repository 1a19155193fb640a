/* SPDX-License-Identifier: MIT */
#include "show_kernel.h"

#include "commands.h"

#include <linebounce/kernel.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Enough for some thousand addresses; bpftrace itself takes a second or two to attach. */
#define TRACE_S       3
#define TRACE_LIMIT_S 20.0

static int no_memory(void)
{
    fputs("linebounce: show: out of memory\n", stderr);
    return EXIT_NOT_MEASURED;
}

static int print(const struct lb_kernel *k, const struct lb_kernel_trace *trace)
{
    int length = lb_kernel_draw(k, trace, NULL, 0);
    char *text = malloc((size_t)length + 1);

    if (!text)
        return no_memory();
    lb_kernel_draw(k, trace, text, (size_t)length + 1);
    fputs(text, stdout);
    free(text);
    return EXIT_DONE;
}

int show_kernel(const struct settings *s)
{
    struct lb_kernel *k = malloc(sizeof *k);
    struct lb_kernel_trace trace;
    struct lb_why why = {""};
    int status, err = 0;

    if (!k)
        return no_memory();
    lb_kernel_read(NULL, k);
    if (s->trace && !(err = lb_kernel_trace_missing(k, NULL, &why)))
        err = lb_kernel_trace_run(TRACE_S, TRACE_LIMIT_S, &why, &trace);
    status = print(k, s->trace && !err ? &trace : NULL);
    if (err) {
        fflush(stdout);
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, "trace")->text);
        status = EXIT_NOT_MEASURED;
    }
    free(k);
    return status;
}

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

void show_kernel_manifest(struct lb_json *json)
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
