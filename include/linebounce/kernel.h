/* SPDX-License-Identifier: MIT
 *
 * kernel: what the running kernel does with its VMAs, from what it exposes to everyone or to root:
 * its configuration, the slab cache of vm_area_struct, the cache of the lock where that is an
 * object of its own, and which generation of the per-VMA lock it has.
 *
 * All files are read below `root` (NULL or "" is the machine itself), so that a copied or made-up
 * tree can be asked too. Numbers are -1 and texts empty where the kernel does not say; a note says
 * why. Nothing is guessed: a release alone decides nothing, since patched kernels are the point.
 */
#ifndef LINEBOUNCE_KERNEL_H
#define LINEBOUNCE_KERNEL_H

#include <linebounce/arena.h>
#include <linebounce/base.h>
#include <linebounce/generation.h>

#include <stdbool.h>

LB_BEGIN_C

/* The configuration ---------------------------------------------------------------------------- */

/* The options that matter here, NULL at the end; names without CONFIG_. */
extern const char *const lb_kernel_options[];
#define LB_KERNEL_OPTIONS_MOST 64

/* From /proc/config.gz (wants zlib in the build), else /boot/config-RELEASE, else
 * /lib/modules/RELEASE/config. */
struct lb_kernel_config {
    char source[160]; /* the file; "" where there is none */
    char note[256];   /* why there is none, or why a better source was passed over */
    char value[LB_KERNEL_OPTIONS_MOST][16]; /* y, m, n (is not set), a number; "": not listed */
};

/* A cache of the slab allocator ---------------------------------------------------------------- */

/* From /sys/kernel/slab/NAME (SLUB with SLUB_DEBUG or, since 6.3, any SLUB with sysfs; the files
 * are root's), else from /proc/slabinfo (root's too; sizes only). Caches of like size and flags are
 * merged by SLUB: NAME is then a link to a directory like `:A-0000176`, whose objects are all of
 * these caches' objects, and whose object_bytes is the largest of theirs. */
struct lb_kernel_slab {
    char name[32];    /* as the kernel's code names it */
    int present;      /* 1; 0: the allocator lists its caches, and this is not among them; -1 */
    char source[16];  /* "sysfs", "slabinfo" or "" */
    char cache[64];   /* the directory that it really is; `name` where it is not merged */
    bool mergeable;   /* that directory has a made-up name: others may join at any time */
    int n_shared;     /* other names for the same cache; -1 unknown */
    char shared[256]; /* these, joined by ", "; cut with "..." */
    int64_t object_bytes, stride_bytes; /* object_size; slab_size: from object to object */
    int64_t align_bytes, hwcache_align; /* the cache's alignment; 1: cache lines were asked for */
    int64_t per_slab, order;
    int64_t typesafe_by_rcu; /* destroy_by_rcu: memory of freed objects stays this cache's */
    int64_t red_zone;        /* 1: a debugging zone stands before each object */
    int64_t objects, objects_total, slabs; /* in use, there is room for, pages blocks: just now */
    bool sized;                            /* `slab` holds, so that memory can be counted */
    bool placed;                           /* so does first_bytes, and residues can be counted */
    struct lb_slab slab;                   /* in pages of the kernel that runs this program */
    size_t first_bytes; /* of the first object from the slab's start: 0 but for red zones */
    char note[256];     /* what is not known, and why; "" when all is */
};

#define LB_KERNEL_BINS (LB_LINE_PAIR_BYTES / 8)

/* Objects of one slab that start at each residue modulo 64 or 128: counts[residue / 8]. Slabs start
 * at page boundaries, so that every slab is alike. -ENODATA where !placed, -EINVAL for another
 * modulus. */
int lb_kernel_residues(const struct lb_kernel_slab *slab, unsigned modulus,
                       uint64_t counts[LB_KERNEL_BINS]);

/* 4-KiB pages that 1000 objects take in whole slabs; -1 where !sized. */
int64_t lb_kernel_pages_per_1000(const struct lb_kernel_slab *slab);

/* The kernel ----------------------------------------------------------------------------------- */

enum lb_vma_lock {
    LB_VMA_LOCK_UNKNOWN,
    LB_VMA_LOCK_NONE,     /* before 6.4, or without PER_VMA_LOCK */
    LB_VMA_LOCK_SEPARATE, /* an rwsem in the cache vma_lock (6.4 to 6.14) */
    LB_VMA_LOCK_EMBEDDED, /* an rwsem in the VMA (series of 2023-01, 2024-08 and 2024-11) */
    LB_VMA_LOCK_REFCOUNT, /* a count in the VMA (6.15) */
    LB_VMA_LOCKS
};
const char *lb_vma_lock_name(enum lb_vma_lock lock);    /* "refcount" */
const char *lb_vma_lock_meaning(enum lb_vma_lock lock); /* one clause */

/* Functions of the kernel, from /proc/kallsyms, which shows names to everyone. It is read only
 * where other files leave something open, since it takes some 50 ms, and to the end only where one
 * of these is missing. */
struct lb_kernel_symbols {
    int per_vma;  /* lock_vma_under_rcu (exists with PER_VMA_LOCK only): 1, 0, -1 not known */
    int refcount; /* a global vma_mark_detached, which the refcount's patch put out of line: its
                     presence says something, its absence little; 1, 0, -1 */
    int alloc;    /* vm_area_alloc: 1, 0, -1 */
};

/* What the kernel's BTF says of vm_area_struct's lock (wants libbpf in the build). */
struct lb_kernel_btf {
    bool known;
    enum lb_vma_lock lock;           /* LB_VMA_LOCK_UNKNOWN: one of another kind */
    char text[160];                  /* "refcount_t vm_refcnt at 128"; or why it is not known */
    struct lb_generation generation; /* by whose rules it is taken; no name: not known */
    char generation_note[160];       /* why not */
};

struct lb_kernel {
    char release[72]; /* of /proc/sys/kernel/osrelease */
    int major, minor; /* its first two numbers; -1 */
    struct lb_kernel_config config;
    char allocator[8];       /* SLUB, SLAB or SLOB; "" unknown */
    char lockdown[24];       /* none, integrity or confidentiality; "" unknown */
    char lockdown_note[128]; /* why it is unknown */
    struct lb_kernel_symbols symbols;
    struct lb_kernel_btf btf;
    struct lb_kernel_slab vma;  /* vm_area_struct */
    struct lb_kernel_slab lock; /* vma_lock */
    enum lb_vma_lock generation;
    char evidence[512]; /* what `generation` rests on, or why it is unknown */
};

/* Reads all of it. There is no failure: what cannot be read is a note. */
void lb_kernel_read(const char *root, struct lb_kernel *kernel);

/* The value of an option of lb_kernel_options: "" when the configuration does not list it, which
 * means off; NULL when there is no configuration, or for another name. */
const char *lb_kernel_option(const struct lb_kernel *kernel, const char *name);

/* Where real VMAs lie -------------------------------------------------------------------------- */

/* Addresses that vm_area_alloc returned, as bpftrace counted them. */
struct lb_kernel_trace {
    uint64_t counts[LB_KERNEL_BINS]; /* by residue modulo 128, divided by 8 */
    uint64_t n;
};

/* 0 when the addresses can be traced; else -ENOTSUP, and `why` names all that is missing: root, a
 * kernel with kprobes and BPF, a way to set a probe (the kprobe PMU or tracefs), no lockdown to
 * confidentiality, the function itself, the program bpftrace in PATH. */
int lb_kernel_trace_missing(const struct lb_kernel *kernel, const char *root, struct lb_why *why);

/* Counts for `seconds` with bpftrace, while this process maps and unmaps pages. The program runs in
 * a process group of its own, which is killed at the end, after limit_s at the latest, and with
 * this process (bpftrace itself). -ENOENT: no bpftrace in PATH; -ETIMEDOUT; -EIO: it failed, with
 * its first words; -EPROTO: its output is not understood; -ENODATA: it counted nothing. */
int lb_kernel_trace_run(unsigned seconds, double limit_s, struct lb_why *why,
                        struct lb_kernel_trace *trace);

/* Reads bpftrace's map of residues modulo 128 (lines of the form `@[16]: 39`; others are passed
 * over, a last line without its newline too). -EPROTO for a key that is no residue of an object's
 * address (it is over 127 or no multiple of 8) or a count that is no number; -ENODATA for none. */
int lb_kernel_trace_parse(const char *text, struct lb_why *why, struct lb_kernel_trace *trace);

/* All as text; trace NULL: not traced. Histograms have the form in which bpftrace prints a map: one
 * line a residue, rarest first. Returns the length it needs without the final NUL, as snprintf. */
int lb_kernel_draw(const struct lb_kernel *kernel, const struct lb_kernel_trace *trace, char *text,
                   size_t bytes);

LB_END_C

#endif
