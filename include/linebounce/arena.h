/* SPDX-License-Identifier: MIT
 *
 * arena: the only source of measured memory, and the imitation of a kernel slab inside it.
 *
 * Memory comes page-aligned, faulted in, on one NUMA node, on huge pages where the machine has
 * them. malloc is never used for memory that is measured: a cache-line-aligned type from malloc
 * lands at 16, 32, 48 mod 64.
 */
#ifndef LINEBOUNCE_ARENA_H
#define LINEBOUNCE_ARENA_H

#include <linebounce/base.h>

#include <stdbool.h>

LB_BEGIN_C

struct lb_arena;

/* What was asked for is not always what was given: this says what was given. */
struct lb_arena_info {
    void *base;         /* aligned to at least 2 MiB */
    size_t bytes;       /* as asked, rounded up to whole pages */
    size_t page_bytes;  /* size of the small page */
    bool huge;          /* transparent huge pages back at least nine tenths of it (smaps) */
    int node_os;        /* the home node asked for; -1: any, LB_ARENA_INTERLEAVED */
    bool node_bound;    /* the pages were bound to node_os */
    bool node_verified; /* move_pages found every sampled page on node_os, or some on each node */
    char note[160];     /* what could not be had, and why; empty when all was */
};

/* Maps, binds (node_os >= 0), faults in and verifies. node_os is the kernel's node number, -1 for
 * wherever the caller runs. Errors: -ENOMEM; -EINVAL for 0 bytes or a node that does not exist;
 * -EXDEV when the pages are not on the node that was asked for (why says where they are). Without
 * libnuma in the build a node_os >= 0 gives -ENOTSUP. Missing huge pages are a note, no error. */
/* LB_ARENA_INTERLEAVED as node_os: small pages in turn over all nodes that the process may have
 * memory from (on huge pages a round's lines would mostly lie on one node). -ENOENT where that is
 * one node; node_verified then says that every one of them holds some of the sampled pages, -EXDEV
 * that one does not. */
#define LB_ARENA_INTERLEAVED (-2)
int lb_arena_create(size_t bytes, int node_os, struct lb_why *why, struct lb_arena **arena);
void lb_arena_destroy(struct lb_arena *arena);
void lb_arena_info(const struct lb_arena *arena, struct lb_arena_info *info);

/* The node that holds the page at `address`, or -errno (-ENOTSUP without libnuma). */
int lb_arena_node_of(const void *address);

/* Geometry of a slab cache: how objects lie in it. */
struct lb_slab {
    size_t object_bytes; /* size of the object itself */
    size_t align_bytes;  /* 8 at least, a power of two */
    size_t stride_bytes; /* object_bytes rounded up to align_bytes */
    size_t slab_bytes;   /* page_bytes << order; every slab starts at a page boundary */
    unsigned order;
    unsigned per_slab; /* floor(slab_bytes / stride_bytes): residues start anew in each slab */
};

/* The page of the slab imitation: what SLUB calls order 0 on x86 and most Arm kernels. */
#define LB_SLAB_PAGE_BYTES 4096

/* Computes the geometry. Objects of at most half a line under line alignment are packed as SLUB
 * packs them: the alignment is halved while the object still fits in half of it (a 32-byte lock
 * under 64-byte alignment lies two to a line); alignments other than LB_LINE_BYTES are taken as
 * they are. -EINVAL: size 0, an alignment that is no power of two or below 8, an object or an
 * alignment that is larger than a slab, an order above 10 (Linux's largest block of pages). */
int lb_slab_init(size_t object_bytes, size_t align_bytes, unsigned order, struct lb_slab *slab);

/* Offset of object `index` from the start of the first slab. */
static inline size_t lb_slab_offset(const struct lb_slab *slab, size_t index)
{
    return index / slab->per_slab * slab->slab_bytes + index % slab->per_slab * slab->stride_bytes;
}

/* Bytes of whole slabs that hold n objects. */
static inline size_t lb_slab_footprint(const struct lb_slab *slab, size_t n)
{
    return (n + slab->per_slab - 1) / slab->per_slab * slab->slab_bytes;
}

/* Number of different residues modulo `modulus` (a power of two) that object starts take. */
unsigned lb_slab_residues(const struct lb_slab *slab, unsigned modulus);

/* Pages of LB_SLAB_PAGE_BYTES that n objects take: whole slabs, as a slab allocator counts them. */
size_t lb_slab_pages(const struct lb_slab *slab, size_t n);

/* Fills order[0..n) with a random permutation of 0..n-1 (a freelist as SLAB_FREELIST_RANDOM draws
 * it); the same seed gives the same order on every machine. */
void lb_slab_shuffle(uint64_t seed, uint32_t *order, size_t n);

/* splitmix64: the one generator of the project for seeds and draws. Advances *state. Public domain,
 * Sebastiano Vigna 2015. */
static inline uint64_t lb_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A uniform draw from 0..n-1, 0 < n <= 2^32; its bias is below 2^-32 times n. */
static inline uint64_t lb_random_below(uint64_t *state, uint64_t n)
{
    return ((lb_random(state) >> 32) * n) >> 32;
}

LB_END_C

#endif
