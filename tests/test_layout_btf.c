/* SPDX-License-Identifier: MIT
 *
 * layout: what is made of structures that BTF describes, from BTF made by hand; golden pictures,
 * and what is refused. LB_UPDATE_GOLDEN=1 rewrites the golden file; read it before it is committed.
 */
#include <linebounce/layout.h>

#include "support/btf_folder.h"
#include "layout/layout_private.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct pair {
    struct lb_structure *structure;
    struct lb_layout layout;
};

static int read_layout(const char *fixture, const char *what, struct lb_why *why, struct pair *p)
{
    char text[400];

    snprintf(text, sizeof text, "btf:%s/%s:%s", folder, fixture, what);
    assert_true(lb_layout_has_source(text));
    return lb_layout_read(text, why, &p->structure, &p->layout);
}

static struct pair read_it(const char *fixture, const char *what)
{
    struct lb_why why = {""};
    struct pair p;

    if (read_layout(fixture, what, &why, &p))
        fail_msg("%s: %s", what, why.text);
    assert_ptr_equal(p.layout.structure, p.structure);
    return p;
}

/* Both load the same fields at the same offsets, in the same order. */
static void expect_same_loads(const struct lb_layout *a, const struct lb_layout *b)
{
    uint16_t loads[2][LB_LOADS];
    size_t n = lb_layout_loads(a, 0, loads[0]);

    assert_int_equal(n, lb_layout_loads(b, 0, loads[1]));
    assert_int_equal(n, 9);
    assert_memory_equal(loads[0], loads[1], n * sizeof *loads[0]);
    for (size_t i = 0; i < a->n_accesses; i++) {
        const struct lb_access *same = lb_layout_find_field(b, a->accesses[i].field);
        assert_non_null(same);
        assert_int_equal(same->offset, a->accesses[i].offset);
    }
}

/* The layout of a kernel is the built-in of that kernel, but for its name. */
static void expect_same(const char *fixture, const char *what, const char *name)
{
    struct pair p = read_it(fixture, what);
    const struct lb_layout *l = &p.layout, *known;
    struct lb_geometry a, b;

    assert_int_equal(lb_layout_find(name, NULL, &known), 0);
    assert_string_equal(l->name, "btf-vm_area_struct");
    assert_int_equal(l->size_bytes, known->size_bytes);
    assert_int_equal(l->align_bytes, known->align_bytes);
    expect_same_loads(l, known);
    assert_int_equal(l->seq_offset, known->seq_offset);
    assert_int_equal(l->separate, known->separate);
    assert_int_equal(l->indirect, known->indirect);
    assert_int_equal(l->slot_offset, known->slot_offset);
    assert_int_equal(l->lock_offset, known->lock_offset);
    assert_int_equal(l->lock_align_bytes, known->lock_align_bytes);
    assert_int_equal(l->lock, known->lock);
    assert_int_equal(lb_geometry_init(l, l->lock, NULL, &a), 0);
    assert_int_equal(lb_geometry_init(known, known->lock, NULL, &b), 0);
    assert_memory_equal(&a, &b, sizeof a);
    lb_structure_destroy(p.structure);
}

static void test_generations(void **state)
{
    (void)state;
    expect_same("6.4", "vm_area_struct", "pointer");
    expect_same("6.4", "vm_area_struct,lockalign=64", "pointer-lock-aligned");
    expect_same("6.4", "vm_area_struct,align=64,lockalign=64", "pointer-aligned");
    expect_same("6.4", "vm_area_struct,size=256", "pointer-256");
    expect_same("6.15", "vm_area_struct,align=64", "refcount");
    expect_same("inline", "vm_area_struct,align=64", "embedded-own-line");
}

static void test_meaning(void **state)
{
    struct pair p = read_it("6.15", "vm_area_struct,align=64");

    (void)state;
    assert_string_equal(p.layout.meaning, "6.15: 192 bytes, aligned to 64 (as asked), refcount_t "
                                          "vm_refcnt at 128, run as refcount");
    lb_structure_destroy(p.structure);
    p = read_it("6.4", "vm_area_struct,name=old");
    assert_string_equal(p.layout.name, "old");
    assert_string_equal(p.layout.meaning,
                        "6.4: 176 bytes, aligned to 8 (its own: no slab cache known), rw_semaphore "
                        "behind vm_lock at 48, run as rwsem40");
    lb_structure_destroy(p.structure);
}

/* The room for other kinds ends where the next member begins. */
static void test_room(void **state)
{
    struct pair p = read_it("6.15", "vm_area_struct");

    (void)state;
    assert_int_equal(p.layout.lock_room_bytes, 8);
    assert_int_equal(lb_layout_allows(&p.layout, LB_LOCK_LOCKED_ADDS, NULL), 0);
    assert_int_equal(lb_layout_allows(&p.layout, LB_LOCK_RWSEM40, NULL), -EINVAL);
    lb_structure_destroy(p.structure);
    p = read_it("inline", "vm_area_struct");
    assert_int_equal(p.layout.lock_room_bytes, 64);
    lb_structure_destroy(p.structure);
}

static void expect_kind_of(const char *fixture, const char *what, enum lb_lock_kind kind,
                           size_t offset)
{
    struct pair p = read_it(fixture, what);

    assert_int_equal(p.layout.lock, kind);
    assert_int_equal(p.layout.separate ? p.layout.slot_offset : p.layout.lock_offset, offset);
    assert_int_equal(p.layout.seq_offset, LB_NO_SEQ);
    lb_structure_destroy(p.structure);
}

static void expect_kind(const char *what, enum lb_lock_kind kind, size_t offset)
{
    expect_kind_of("odd", what, kind, offset);
}

static void expect_more(const char *what, enum lb_lock_kind kind, size_t offset)
{
    expect_kind_of("more", what, kind, offset);
}

static void test_kinds(void **state)
{
    struct pair p = read_it("inline-32", "vm_area_struct");

    (void)state;
    assert_int_equal(p.layout.lock, LB_LOCK_RWSEM32);
    lb_structure_destroy(p.structure);
    expect_kind("raw,hot=data", LB_LOCK_QSPINLOCK, 0);
    expect_kind("wide,hot=a", LB_LOCK_QSPINLOCK, 0);
    expect_kind("one_atomic,hot=data", LB_LOCK_REFCOUNT, 8);
    expect_kind("file,hot=f_mode", LB_LOCK_LOCKED_ADDS, 96);
    expect_kind("locks,lock=r,hot=data", LB_LOCK_REFCOUNT, 40);
    expect_kind("one_mutex,kind=rwsem32,hot=data", LB_LOCK_RWSEM32, 0);
    expect_kind("debug,kind=rwsem40,hot=data", LB_LOCK_RWSEM40, 16);
    expect_kind("reached,kind=pthread_mutex,hot=data", LB_LOCK_PTHREAD_MUTEX, 8);
    expect_kind("one_mutex,hot=data", LB_LOCK_MUTEX32, 0);
    expect_kind("same,hot=a", LB_LOCK_QSPINLOCK, 8);
    expect_more("short_mutex,hot=op", LB_LOCK_MUTEX24, 8);
    expect_more("with_rwlock,hot=data", LB_LOCK_QRWLOCK, 0);
    expect_more("with_seqlock,hot=data", LB_LOCK_SEQLOCK, 0);
    expect_more("with_seqcount,hot=data", LB_LOCK_SEQCOUNT, 0);
    expect_more("with_lockref,hot=data", LB_LOCK_LOCKREF, 0);
    /* A lock goes before a sequence count, whose writers have another. */
    expect_more("dentry,hot=d_inode", LB_LOCK_LOCKREF, 16);
    expect_more("dentry,hot=d_inode,lock=d_seq", LB_LOCK_SEQCOUNT, 4);
    expect_more("bucket,hot=head", LB_LOCK_REFCOUNT, 8);
    expect_more("either,hot=id", LB_LOCK_QSPINLOCK, 8);
    expect_more("two_of_two,hot=id,lock=b.next", LB_LOCK_QSPINLOCK, 12);
    expect_more("c11_4,hot=data", LB_LOCK_REFCOUNT, 8);
    expect_more("c11_8,hot=data", LB_LOCK_LOCKED_ADDS, 8);
    expect_more("c11_whole,hot=data", LB_LOCK_LOCKED_ADDS, 8);
    expect_more("c11_fast,hot=data,kind=refcount", LB_LOCK_REFCOUNT, 8);
    expect_more("short_mutex,hot=op,kind=locked_adds", LB_LOCK_LOCKED_ADDS, 8);
    /* PREEMPT_RT: a single word lies where the fast path's does. */
    expect_more("rt_sem,hot=hot,kind=refcount", LB_LOCK_REFCOUNT, 24);
    expect_more("rt_sem,hot=hot,kind=rwsem40", LB_LOCK_RWSEM40, 24);
    expect_more("rt_spin,hot=hot,kind=refcount", LB_LOCK_REFCOUNT, 72);
    expect_more("rt_mutexed,hot=hot,kind=locked_adds", LB_LOCK_LOCKED_ADDS, 32);
    expect_more("rt_apart,hot=hot,kind=rwsem40", LB_LOCK_RWSEM40, 8);
    expect_kind("twice,which=2,hot=a", LB_LOCK_QSPINLOCK, 16);
}

static void expect_loads_of(const struct lb_layout *l, size_t n, const uint16_t *wanted)
{
    uint16_t loads[LB_LOADS];

    assert_int_equal(lb_layout_loads(l, 0, loads), n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(loads[i], wanted[i]);
}

static void expect_loads(const char *what, size_t n, const uint16_t *wanted)
{
    struct pair p = read_it("odd", what);

    expect_loads_of(&p.layout, n, wanted);
    lb_structure_destroy(p.structure);
}

/* Every field is loaded, in the order of their names; two of one word once. */
static void test_loads(void **state)
{
    (void)state;
    expect_loads("wide,align=64,hot=a+a2", 2, (uint16_t[]){8, 16});
    expect_loads("wide,align=64,hot=a2+a", 2, (uint16_t[]){16, 8});
    expect_loads("wide,align=64,hot=a+a2+b+c+d", 5, (uint16_t[]){8, 16, 64, 128, 200});
    expect_loads("wide,align=64,hot=d", 1, (uint16_t[]){200}); /* d is the byte 201 */
    expect_loads("file,hot=f_mode+f_op", 2, (uint16_t[]){0, 8});
}

static void test_named_vma_fields(void **state)
{
    struct pair p = read_it("6.15", "vm_area_struct,align=64,hot=vm_start+shared.rb.rb_left");

    (void)state;
    expect_loads_of(&p.layout, 2, (uint16_t[]){0, 152});
    assert_int_equal(p.layout.seq_offset, 40);
    /* The second field lies on the lock's line, so neighbours do not share, and an object does. */
    assert_true(lb_layout_shares(&p.layout, LB_LOCK_REFCOUNT, 0, 128, 4096, 152, 64));
    lb_structure_destroy(p.structure);
}

/* A kernel whose fields lie otherwise. */
static void test_moved(void **state)
{
    struct pair p = read_it("6.15", "vm_area_struct"), q = {0};
    struct lb_move moves[] = {{"vm_flags", 184}};
    struct lb_layout l;
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_structure_move(p.structure, moves, 1, 0, 0, NULL, &q.structure), 0);
    if (lb_layout_of_structure(q.structure, "align=64,name=moved", &why, &l))
        fail_msg("%s", why.text);
    expect_loads_of(&l, 9, (uint16_t[]){0, 8, 16, 24, 184, 64, 72, 80, 112});
    assert_int_equal(lb_layout_of_structure(q.structure, NULL, NULL, &l), 0);
    assert_int_equal(lb_layout_of_structure(q.structure, "which=1", NULL, &l), -EINVAL);
    lb_structure_destroy(p.structure);
    lb_structure_destroy(q.structure);
}

static void test_slab_alignment(void **state)
{
    struct pair p = read_it("6.4", "vm_area_struct");
    struct lb_layout l;

    (void)state;
    p.structure->slab_align_bytes = 64; /* as if it were the running kernel's */
    p.structure->pointed_align_bytes = 32;
    assert_int_equal(lb_layout_of_structure(p.structure, NULL, NULL, &l), 0);
    assert_int_equal(l.align_bytes, 64);
    assert_int_equal(l.lock_align_bytes, 32);
    assert_non_null(strstr(l.meaning, "aligned to 64 (as its slab cache)"));
    assert_int_equal(lb_layout_of_structure(p.structure, "align=8,lockalign=8", NULL, &l), 0);
    assert_int_equal(l.align_bytes, 8);
    assert_int_equal(l.lock_align_bytes, 8);
    p.structure->pointer_bytes = 4;
    assert_int_equal(lb_layout_of_structure(p.structure, NULL, NULL, &l), -EINVAL);
    lb_structure_destroy(p.structure);
}

struct refused {
    const char *fixture, *what;
    int err;
    const char *part;
};

static void refuse_all(const struct refused *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct pair p = {0};
        struct lb_why why = {""};
        int err = read_layout(rows[i].fixture, rows[i].what, &why, &p);

        if (err != rows[i].err || !strstr(why.text, rows[i].part))
            fail_msg("%s: %d, '%s'", rows[i].what, err, why.text);
        assert_null(p.structure);
        assert_int_equal(p.layout.size_bytes, 0);
        assert_int_equal(read_layout(rows[i].fixture, rows[i].what, NULL, &p), err);
    }
}

static void test_refused(void **state)
{
    static const struct refused rows[] = {
        {"odd", "lockless,hot=a", -ENOENT, "has no lock"},
        {"odd", "locks,hot=data", -EINVAL, "3 locks: say which by lock="},
        {"odd", "debug,hot=data", -EINVAL, "rw_semaphore of 168 bytes"},
        {"odd", "wide", -EINVAL, "say what an op reads by hot="},
        {"6.15",
         "vm_area_struct,hot=vm_start+vm_end+vm_mm+vm_page_prot+vm_flags+anon_vma+vm_ops+vm_pgoff+"
         "vm_file+vm_policy",
         -EINVAL, "more than 9 words are read"},
        {"odd", "wide,hot=a+z", -ENOENT, "has no member z"},
        {"odd", "wide,hot=a+a", -EINVAL, "named twice"},
        {"odd", "wide,hot=a+", -EINVAL, "an empty name"},
        {"odd", "wide,hot=", -EINVAL, "expected hot=VALUE"},
        {"odd", "wide,hot", -EINVAL, "expected hot=VALUE"},
        {"odd", "wide,hot=lock", -EINVAL, "a part of the lock lock (0 to 3)"},
        {"odd", "reached,kind=rwsem40,hot=lock", -EINVAL, "a part of the lock"},
        {"odd", "wide,hot=a,hot=b", -EINVAL, "given twice"},
        {"odd", "wide,hot=a,cold=b", -EINVAL, "unknown key"},
        {"odd", "wide,hot=a,seq=b", -EINVAL, "has 4 bytes at a multiple of 4, not 8 at 64"},
        {"odd", "wide,hot=a,seq=q", -ENOENT, "has no member q"},
        {"odd", "wide,hot=a,size=256", -EINVAL, "wide has 512 bytes"},
        {"odd", "wide,hot=a,size=x", -EINVAL, "not a number"},
        {"odd", "wide,hot=a,align=48", -EINVAL, "power of two from 8"},
        {"odd", "wide,hot=a,align=0", -EINVAL, "power of two"},
        {"odd", "wide,hot=a,align=8192", -EINVAL, "power of two"},
        {"odd", "wide,hot=a,lockalign=64", -EINVAL, "lock lies inside"},
        {"odd", "wide,hot=a,kind=rwsem40", -EINVAL, "rwsem40 needs 40 bytes, there are 8 at 0"},
        {"odd", "wide,hot=a,kind=what", -EINVAL, "what"},
        {"odd", "wide,hot=a,name=pointer", -EINVAL, "a built-in layout has this name"},
        {"odd", "wide,hot=a,name=a/b", -EINVAL, "a name holds letters"},
        {"odd", "wide,hot=a,lock=a", -EINVAL, "a is no lock"},
        {"odd", "reached,kind=rwsem40,hot=data,lockalign=4", -EINVAL, "power of two from 8"},
        {"odd", "nested,hot=rest,lock=y", -EINVAL, "y is no lock"},
        {"6.1", "vm_area_struct", -ENOENT, "vm_area_struct has no lock, as before Linux 6.4"},
        {"6.4", "vm_area_struct,which=2", -EINVAL, "fewer structures"},
        {"6.4", "atomic_t,hot=counter", -EINVAL, "4 bytes is less than a word"},
        {"6.4", "vma_lock,lock=lock,hot=lock.count", -EINVAL, "a part of the lock"},
        {"none", "vm_area_struct", -ENOENT, "No such file"},
    };

    (void)state;
    refuse_all(rows, LB_COUNT(rows));
}

/* Locks that no kind here is, and files that lie. */
static void test_locks_refused(void **state)
{
    static const struct refused rows[] = {
        {"more", "with_debug_spinlock,hot=data", -EINVAL,
         "l is a spinlock_t of 64 bytes, not of 4 (lock debugging makes it longer): say what to "
         "run "
         "by kind="},
        {"more", "dentry,hot=d_inode,lock=d_lockref.lock", -EINVAL,
         "d_lockref.lock is a part of a lock, d_lockref"},
        {"more", "rt_sem,hot=hot", -EINVAL,
         "sem is an rwbase_rt, as PREEMPT_RT's locks are (rw_semaphore, readers counted at 0 of "
         "it), of 40 "
         "bytes"},
        {"more", "rt_rwlock,hot=hot", -EINVAL, "rwbase_rt, as PREEMPT_RT's locks are (rwlock_t, "},
        {"more", "rt_apart,hot=hot", -EINVAL, "rwbase_rt, as PREEMPT_RT's locks are (rw_sem"},
        {"more", "rt_spin,hot=hot", -EINVAL,
         "l is an rt_mutex_base, as PREEMPT_RT's locks are (spinlock_t, owner swapped at 24 of "
         "it)"},
        {"more", "rt_mutexed,hot=hot", -EINVAL, "rt_mutex_base, as PREEMPT_RT's locks are (mutex,"},
        {"more", "either,lock=a.lock,hot=a", -EINVAL,
         "a at 8 holds the lock a.lock (8 to 11): name what is read of it"},
        {"more", "rt_mutex_itself,hot=hot", -EINVAL, "m is an rt_mutex_base, as PREEMPT_RT's"},
        {"more", "old_sem,hot=hot", -EINVAL, "whose count and owner are not its first two words"},
        {"more", "c11_fast,hot=data", -EINVAL, "an _Atomic of a size that the BTF has lost"},
        {"more", "counters,hot=last", -EINVAL, "hits (_Atomic at 0), misses (_Atomic at 16)"},
        {"hostile", "near,hot=a", -EPROTO, "lies outside the 64 bytes"},
        {"hostile", "behind_seq,hot=a,seq=s", -EPROTO, "lies outside the 64 bytes"},
    };

    (void)state;
    refuse_all(rows, LB_COUNT(rows));
}

static void test_texts(void **state)
{
    struct lb_structure *s = NULL;
    struct lb_layout l;
    struct lb_why why = {""};

    (void)state;
    assert_false(lb_layout_has_source("btfs:size=1"));
    assert_false(lb_layout_has_source("mine:size=1"));
    assert_int_equal(lb_layout_read("btf::x", &why, &s, &l), -EINVAL);
    assert_non_null(strstr(why.text, "no file before the colon"));
    assert_int_equal(lb_layout_read("btf:/nowhere:", &why, &s, &l), -EINVAL);
    assert_non_null(strstr(why.text, "a name has 1 to"));
    assert_null(s);
}

/* Pictures */

static void render(FILE *out, const char *fixture, const char *what)
{
    struct pair p = read_it(fixture, what);
    char text[8192];
    int length = lb_layout_draw(&p.layout, p.layout.lock, text, sizeof text);

    assert_uint_in_range(length, 1, sizeof text - 1);
    assert_int_equal(strlen(text), length);
    assert_int_equal(lb_layout_draw(&p.layout, p.layout.lock, NULL, 0), length);
    fprintf(out, "%s\n", text);
    lb_structure_destroy(p.structure);
}

static char *render_all(void)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    render(out, "6.4", "vm_area_struct");
    render(out, "6.15", "vm_area_struct,align=64");
    render(out, "inline-32", "vm_area_struct,align=64,name=rfc-32");
    render(out, "6.15", "vm_area_struct,align=64,hot=vm_start+shared.rb.rb_left,name=two");
    render(out, "odd", "file,hot=f_mode+f_op");
    render(out, "odd", "one_mutex,kind=rwsem32,hot=data");
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_golden(void **state)
{
    char path[4096], *text = render_all(), *golden;
    const char *update = getenv("LB_UPDATE_GOLDEN"), *dir = getenv("LB_TESTS_DIR");

    (void)state;
    snprintf(path, sizeof path, "%s/golden/layouts-btf.txt", dir && *dir ? dir : "tests");
    if (update && !strcmp(update, "1")) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        assert_int_equal(fclose(file), 0);
    }
    golden = read_text(path);
    assert_string_equal(text, golden);
    free(text);
    free(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generations), cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_room),        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_loads),       cmocka_unit_test(test_named_vma_fields),
        cmocka_unit_test(test_moved),       cmocka_unit_test(test_slab_alignment),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_locks_refused),
        cmocka_unit_test(test_texts),       cmocka_unit_test(test_golden),
    };

    return cmocka_run_group_tests(tests, make_btf_folder, remove_folder);
}
