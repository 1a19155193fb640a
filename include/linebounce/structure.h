/* SPDX-License-Identifier: MIT
 *
 * structure: a structure of C or a class of C++ as a kernel or a program describes it in BTF
 * (Documentation/bpf/btf.rst of Linux) or in DWARF: its members, where they lie, and which of them
 * are locks. And the same with members moved, as a patch would move them.
 */
#ifndef LINEBOUNCE_STRUCTURE_H
#define LINEBOUNCE_STRUCTURE_H

#include <linebounce/generation.h>

#include <stdbool.h>

LB_BEGIN_C

/* What a member is by its type's name: the kernel's first, then what programs have. */
enum lb_structure_lock {
    LB_STRUCTURE_NO_LOCK,
    LB_STRUCTURE_RWSEM,        /* struct rw_semaphore */
    LB_STRUCTURE_MUTEX,        /* struct mutex, rt_mutex, rt_mutex_base */
    LB_STRUCTURE_SPINLOCK,     /* spinlock_t */
    LB_STRUCTURE_RAW_SPINLOCK, /* raw_spinlock_t */
    LB_STRUCTURE_RWLOCK,       /* rwlock_t */
    LB_STRUCTURE_LOCKREF,      /* struct lockref */
    LB_STRUCTURE_SEQLOCK,      /* seqlock_t */
    LB_STRUCTURE_SEQCOUNT,     /* seqcount_t, seqcount_spinlock_t and the like */
    LB_STRUCTURE_REFCOUNT,     /* refcount_t */
    LB_STRUCTURE_ATOMIC,       /* atomic_t */
    LB_STRUCTURE_ATOMIC_LONG,  /* atomic_long_t, atomic64_t */
    LB_STRUCTURE_C11_ATOMIC,   /* _Atomic: atomic_uint and the like, or a member of type void, which
                                  is what pahole and clang make of it in BTF; std::atomic */
    LB_STRUCTURE_PTHREAD_MUTEX,    /* pthread_mutex_t; std::mutex, recursive_mutex, timed_mutex */
    LB_STRUCTURE_PTHREAD_RWLOCK,   /* pthread_rwlock_t; std::shared_mutex, shared_timed_mutex */
    LB_STRUCTURE_PTHREAD_SPINLOCK, /* pthread_spinlock_t */
    LB_STRUCTURE_OTHERS_MUTEX,     /* of absl, folly, tbb, boost: no kind is run as one unasked */
    LB_STRUCTURE_LOCKS
};
/* "rw_semaphore", "refcount_t"; "" for none. */
const char *lb_structure_lock_name(enum lb_structure_lock lock);
/* atomic_t and the like, which are seldom locks. */
bool lb_structure_is_atomic(enum lb_structure_lock lock);

/* Which words a lock's fast path changes, by its members: the name does not say. */
enum lb_structure_words {
    LB_WORDS_USUAL,   /* the first; of an rw_semaphore count at 0 and owner at 8 */
    LB_WORDS_READERS, /* PREEMPT_RT: rw_semaphore and rwlock_t are an rwbase_rt, readers counted */
    LB_WORDS_OWNER,   /* PREEMPT_RT: spinlock_t and mutex are an rt_mutex_base, the owner swapped */
    LB_WORDS_OTHER    /* an rw_semaphore made otherwise */
};

/* One member. Members of anonymous structures and unions are members of what holds them, as in C;
 * those of a named member follow it and have its name and a dot in front. Members of an array's
 * elements are not listed. */
struct lb_member {
    char *name;         /* "vm_start", "vm_lock.count" */
    char *type;         /* "unsigned long", "struct vma_lock *", "char [16]" */
    size_t offset;      /* bytes from the start; of a bit-field the first byte that holds one */
    size_t bytes;       /* 0: a flexible array, an empty structure, or an _Atomic whose size BTF
                           does not say */
    size_t align_bytes; /* natural alignment of the type */
    unsigned bits;      /* of a bit-field; 0: none */
    int parent;         /* index of the named member that holds it, -1: none does */
    enum lb_structure_lock lock;
    bool points;       /* the lock lies behind this pointer: to a lock, or to a structure that has
                          nothing but a lock in it (vma_lock of Linux 6.4 to 6.14) */
    size_t lock_bytes; /* of the lock itself, also behind a pointer; 0: no lock */
    enum lb_structure_words words;
    size_t word_offset; /* PREEMPT_RT: of that word in the lock; else 0 */
    char *pointed;      /* name of the structure behind that pointer; NULL: there is none */
};

#define LB_STRUCTURE_NAME_BYTES 128

/* What describes structures. */
enum lb_structure_form {
    LB_FORM_BTF,    /* a kernel, one of its modules, a program built with BTF */
    LB_FORM_DWARF,  /* a program, library or kernel built with -g */
    LB_FORM_PAHOLE, /* a text that pahole printed of either */
    LB_STRUCTURE_FORMS
};
const char *lb_structure_form_name(enum lb_structure_form form); /* "btf", "dwarf", "pahole" */

struct lb_structure {
    char name[LB_STRUCTURE_NAME_BYTES];
    enum lb_structure_form form;
    char *source; /* "this kernel 6.18.0", or the file */
    bool running; /* it is the running kernel's */
    bool is_union;
    bool partial; /* members are known in part only: what lies between them is not */
    size_t bytes;
    size_t align_bytes;         /* of its most aligned member, or what alignas asks for: DWARF 5
                                   says that, BTF and older DWARF do not */
    size_t pointer_bytes;       /* 4: of a 32-bit machine */
    size_t slab_align_bytes;    /* of the running kernel's slab cache of that name; 0: unknown */
    size_t pointed_align_bytes; /* of the cache of the locks that it points to; 0: unknown */
    struct lb_generation generation; /* of the kernel that has it; no name: it is no kernel's */
    struct lb_member *members;       /* as they are declared, and so mostly by offset */
    size_t n_members;
};

/* Members over which a structure is refused, and how deep they may nest: task_struct of Linux 6.18
 * has under 1000, 6 deep. */
#define LB_STRUCTURE_MEMBERS_MOST 16384
#define LB_STRUCTURE_DEPTH_MOST   32

/* Where the running kernel says what its structures are. */
#define LB_STRUCTURE_KERNEL "/sys/kernel/btf/vmlinux"
#define LB_STRUCTURE_SLABS  "/sys/kernel/slab"

/* Reads the structure (or union, or typedef of one) `name` from `file`: raw BTF, or an ELF file
 * with a section .BTF; NULL for LB_STRUCTURE_KERNEL. A file below /sys/kernel/btf/ is a module's
 * and is read on top of the kernel's own. A name that several different structures have is refused
 * unless `which` says which of them (1 is the first in the file); 0 for a name that means one
 * thing. What the running kernel's slab cache of that name is aligned to is read where sysfs tells
 * it and the cache's objects have the structure's size. Called one at a time: libbpf reports
 * through one function for the whole program, which is silenced here meanwhile.
 * -ENOTSUP: this build has no libbpf, or the kernel or file has no BTF; -ENOENT: no such file, or
 * no such structure (the nearest names are said); -EPROTO: not BTF, broken (a member outside its
 * structure, too), of a newer kind than the library knows, or not to be read without or on that
 * base; -EINVAL: only declared, or ambiguous; -E2BIG: over the limits above; other
 * errors of reading; -ENOMEM. */
int lb_structure_read(const char *file, const char *name, unsigned which, struct lb_why *why,
                      struct lb_structure **structure);
/* The same of a file that goes on where `base` ends, as a module's BTF does: the BTF of the very
 * kernel that it was built with, which is checked as far as names tell. NULL: as above. */
int lb_structure_read_on(const char *file, const char *base, const char *name, unsigned which,
                         struct lb_why *why, struct lb_structure **structure);
void lb_structure_destroy(struct lb_structure *structure);

/* A structure by where it is described. */
struct lb_structure_query {
    enum lb_structure_form form;
    const char *file; /* NULL: the running kernel, of BTF alone */
    const char *base; /* NULL, or the file that BTF goes on from */
    const char *name;
    unsigned which; /* as of lb_structure_read */
};
/* Reads it by its form: BTF as lb_structure_read_on does, DWARF as follows. Names of C++ are
 * written with their namespaces, "db::Page", "pool<int, 4>": spaces do not matter, nor do inline
 * namespaces and those without a name. A separate file of debugging information is found where
 * debuggers find it: by the build-id or the .gnu_debuglink, beside the file, in .debug/ or below
 * /usr/lib/debug; so are .dwo files and what dwz has taken out.
 *
 * Members of base classes are members, as in C++; one that a member of the derived class hides is
 * called "Base::name". Those of a virtual base are not listed, for DWARF does not say where it
 * lies, nor are static members, which lie nowhere in it. A type that is only declared where it is
 * used (clang does that to classes of libraries, unless told -fstandalone-debug) has 0 bytes.
 *
 * The text that pahole prints is read as it is printed, of several versions; file "-" is standard
 * input, read once for the whole program. An empty name is the only structure in it. It says no
 * namespaces, and neither how members are aligned nor of what locks are made: alignments are taken
 * to be natural, and a lock's words the usual ones.
 *
 * -ENOTSUP: this build lacks the library, or the file has no DWARF; -ENOENT, -EPROTO, -EINVAL,
 * -E2BIG, -ENOMEM: as lb_structure_read. Structures of one name that differ in names, offsets,
 * sizes or types of their members are different ones. */
int lb_structure_read_by(const struct lb_structure_query *query, struct lb_why *why,
                         struct lb_structure **structure);

/* "libbpf 1.1", "libdw 0.188", or "not built in"; "" where none is needed. */
const char *lb_structure_library(enum lb_structure_form form);

/* A member by its (dotted) name; -ENOENT with the nearest names. */
int lb_structure_find_member(const struct lb_structure *structure, const char *name,
                             struct lb_why *why, const struct lb_member **member);
/* The member that holds it and is held by none itself; it may be the member. */
const struct lb_member *lb_structure_top(const struct lb_structure *structure,
                                         const struct lb_member *member);

/* The structure's lock: `name`, which must be one, or contain exactly one; with NULL the only lock
 * there is. Where there are several kinds, those in front go before the others: locks and
 * refcount_t inside the structure; such behind a pointer; sequence counts, whose writers have
 * another lock; atomic_t and the like, which are seldom locks. Parts of a lock (a mutex's own
 * spinlock) are none. -ENOENT: it has none; -EINVAL: several of one rank (they are listed), or
 * `name` is none. */
int lb_structure_find_lock(const struct lb_structure *structure, const char *name,
                           struct lb_why *why, const struct lb_member **lock);

/* A new place beyond which nothing is moved. */
#define LB_STRUCTURE_BYTES_MOST (1 << 20)

/* One member's new place. */
struct lb_move {
    const char *member;
    size_t offset;
};
/* A copy of the structure with members moved, all at once: two may change places. The others stay
 * where they are, and what was left is a hole. A member takes with it what is in it, and other
 * names of exactly the same bytes (of an anonymous union). The copy has `bytes` (0: as many as
 * before, or more where a member ends behind that, up to a multiple of the alignment) and is
 * aligned to `align_bytes` (0: as before). -ENOENT: no such member; -EINVAL: moved twice, a part of
 * another member or a bit-field (neither can be parted from what surrounds it), not at a multiple
 * of its alignment, over another member (both are named), past `bytes`, an alignment that is no
 * power of two or below a member's; a union, whose members have one place. */
int lb_structure_move(const struct lb_structure *structure, const struct lb_move *moves, size_t n,
                      size_t bytes, size_t align_bytes, struct lb_why *why,
                      struct lb_structure **moved);

/* The generation of the kernel whose BTF is in `file`, or of the running one (NULL), from its
 * mm_struct and its functions. Errors as lb_structure_read; -ENOENT: no kernel with a lock in each
 * VMA. */
int lb_generation_read(const char *file, struct lb_why *why, struct lb_generation *generation);

LB_END_C

#endif
