/* SPDX-License-Identifier: MIT
 *
 * structure: what is read from BTF made by hand, from broken BTF and from the running kernel's,
 * which lock is found, and what a moved copy is.
 */
#include <linebounce/structure.h>

#include "support/btf_folder.h"
#include "layout/structure_private.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct lb_structure *read_it(const char *fixture, const char *name)
{
    struct lb_structure *s = NULL;
    struct lb_why why = {""};

    if (lb_structure_read(in_folder(fixture), name, 0, &why, &s))
        fail_msg("%s", why.text);
    assert_string_equal(s->name, name);
    assert_string_equal(s->source, in_folder(fixture));
    assert_false(s->running);
    assert_int_equal(s->pointer_bytes, 8);
    assert_int_equal(s->slab_align_bytes, 0);
    return s;
}

static const struct lb_member *member(const struct lb_structure *s, const char *name)
{
    const struct lb_member *m = NULL;
    struct lb_why why = {""};

    if (lb_structure_find_member(s, name, &why, &m))
        fail_msg("%s", why.text);
    return m;
}

/* Fails with the error and the words, and leaves the output alone. */
static void refuse(const char *path, const char *name, unsigned which, int err, const char *part)
{
    static struct lb_structure untouched;
    struct lb_structure *s = &untouched;
    struct lb_why why = {""};

    assert_int_equal(lb_structure_read(path, name, which, &why, &s), err);
    assert_has(why.text, part);
    assert_ptr_equal(s, &untouched);
    assert_int_equal(lb_structure_read(path, name, which, NULL, &s), err);
}

static void test_generations(void **state)
{
    static const struct {
        const char *fixture;
        size_t bytes;
        const char *lock;
        size_t offset, lock_bytes;
        enum lb_structure_lock kind;
        bool points;
        size_t anon_vma;
    } rows[] = {
        {"6.4", 176, "vm_lock", 48, 40, LB_STRUCTURE_RWSEM, true, 104},
        {"6.15", 192, "vm_refcnt", 128, 4, LB_STRUCTURE_REFCOUNT, false, 64},
        {"inline", 256, "vm_lock.lock", 192, 40, LB_STRUCTURE_RWSEM, false, 104},
        {"inline-32", 256, "vm_lock.lock", 192, 32, LB_STRUCTURE_RWSEM, false, 104},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        struct lb_structure *s = read_it(rows[i].fixture, "vm_area_struct");
        const struct lb_member *lock = NULL;
        struct lb_why why = {""};

        assert_int_equal(s->bytes, rows[i].bytes);
        assert_int_equal(s->align_bytes, 8);
        assert_int_equal(member(s, "vm_start")->offset, 0);
        assert_int_equal(member(s, "vm_end")->offset, 8);
        assert_int_equal(member(s, "vm_freeptr")->offset, 0);
        assert_int_equal(member(s, "vm_flags")->offset, 32);
        assert_int_equal(member(s, "vm_flags")->bytes, 8);
        assert_string_equal(member(s, "vm_flags")->type, "const unsigned long");
        assert_string_equal(member(s, "vm_mm")->type, "void *");
        assert_int_equal(member(s, "vm_lock_seq")->bytes, 4);
        assert_int_equal(member(s, "vm_lock_seq")->align_bytes, 4);
        assert_int_equal(member(s, "anon_vma")->offset, rows[i].anon_vma);
        if (lb_structure_find_lock(s, NULL, &why, &lock))
            fail_msg("%s", why.text);
        assert_string_equal(lock->name, rows[i].lock);
        assert_int_equal(lock->offset, rows[i].offset);
        assert_int_equal(lock->lock_bytes, rows[i].lock_bytes);
        assert_int_equal(lock->lock, rows[i].kind);
        assert_int_equal(lock->points, rows[i].points);
        if (lock->points) {
            assert_string_equal(lock->pointed, "vma_lock");
            assert_string_equal(lock->type, "struct vma_lock *");
            assert_int_equal(lock->bytes, 8);
        }
        lb_structure_destroy(s);
    }
}

static void test_nesting(void **state)
{
    struct lb_structure *s = read_it("odd", "nested");
    static const struct {
        const char *name;
        size_t offset, bytes;
        const char *top, *type;
    } rows[] = {
        {"in", 0, 8, "in", "struct inner"},
        {"in.x", 0, 4, "in", "int"},
        {"in.either", 4, 4, "in", "int"},
        {"in.other", 4, 1, "in", "unsigned char"},
        {"y", 8, 4, "y", "int"},
        {"many", 12, 24, "many", "struct inner [3]"},
        {"rest", 40, 0, "rest", "unsigned char [0]"},
    };

    (void)state;
    assert_int_equal(s->n_members, LB_COUNT(rows));
    for (size_t i = 0; i < LB_COUNT(rows); i++) {
        const struct lb_member *m = &s->members[i];
        assert_string_equal(m->name, rows[i].name);
        assert_string_equal(m->type, rows[i].type);
        assert_int_equal(m->offset, rows[i].offset);
        assert_int_equal(m->bytes, rows[i].bytes);
        assert_string_equal(lb_structure_top(s, m)->name, rows[i].top);
        assert_int_equal(m->bits, 0);
    }
    assert_int_equal(s->align_bytes, 4);
    lb_structure_destroy(s);

    s = read_it("6.4", "vm_area_struct");
    assert_int_equal(member(s, "shared.rb.rb_right")->offset, 64);
    assert_string_equal(lb_structure_top(s, member(s, "shared.rb.rb_right"))->name, "shared");
    lb_structure_destroy(s);
}

static void test_odd(void **state)
{
    struct lb_structure *s = read_it("odd", "bits");

    (void)state;
    assert_int_equal(member(s, "a")->bits, 3);
    assert_int_equal(member(s, "a")->offset, 0);
    assert_int_equal(member(s, "a")->bytes, 1);
    assert_int_equal(member(s, "b")->bits, 7); /* bits 3 to 9: two bytes */
    assert_int_equal(member(s, "b")->bytes, 2);
    assert_int_equal(member(s, "wide")->offset, 2);
    assert_int_equal(member(s, "wide")->bytes, 2);
    assert_int_equal(member(s, "c")->bits, 0);
    assert_int_equal(member(s, "c")->offset, 4);
    lb_structure_destroy(s);

    s = read_it("odd", "packed");
    assert_int_equal(s->bytes, 9);
    assert_int_equal(s->align_bytes, 1);
    assert_int_equal(member(s, "b")->align_bytes, 1);
    lb_structure_destroy(s);

    s = read_it("odd", "alias_t");
    assert_int_equal(s->bytes, 8);
    assert_int_equal(member(s, "hidden")->lock, LB_STRUCTURE_REFCOUNT);
    lb_structure_destroy(s);

    s = read_it("odd", "either_lock");
    assert_true(s->is_union);
    lb_structure_destroy(s);

    s = read_it("odd", "same");
    assert_int_equal(s->bytes, 16);
    lb_structure_destroy(s);
    lb_structure_destroy(NULL);
}

/* Every member lies in what holds it, or the file is refused. */
static void test_outside(void **state)
{
    static const struct {
        const char *name, *said;
    } rows[] = {
        {"behind", "r, 4 bytes at 16777216, lies outside the 64 bytes"},
        {"behind_pointer", "l, 8 bytes at 16777216, lies outside"},
        {"near", "r, 4 bytes at 64, lies outside"},
        {"across", "r, 4 bytes at 62, lies outside"},
        {"behind_seq", "s, 4 bytes at 64, lies outside"},
        {"endless_array", "lies outside the 64 bytes"},
        {"empty_behind", "a, 0 bytes at 65, lies outside"},
        {"in_nameless", "x, 8 bytes at 8, lies outside the 8 bytes"},
        {"nameless_behind", "a member without a name, 8 bytes at 60, lies outside"},
        {"bits_behind", "f, 2 bytes at 3, lies outside the 4 bytes"},
    };
    struct lb_structure *s;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(rows); i++)
        refuse(in_folder("hostile"), rows[i].name, 0, -EPROTO, rows[i].said);
    s = read_it("hostile", "at_end");
    assert_int_equal(member(s, "rest")->offset, 64);
    lb_structure_destroy(s);
}

/* Names reach terminals. */
static void test_names_steer_nothing(void **state)
{
    struct lb_structure *s = read_it("hostile", "steered");
    struct lb_why why = {""};

    (void)state;
    assert_string_equal(s->members[0].name, "?");
    lb_structure_destroy(s);
    assert_int_equal(lb_structure_read(in_folder("hostile"), "red", 0, &why, &s), -ENOENT);
    assert_null(strchr(why.text, '\033'));
}

/* As fast as reading one. */
static void test_many_copies(void **state)
{
    struct lb_structure *s = read_it("copies", "copy");

    (void)state;
    assert_int_equal(s->n_members, 4097);
    lb_structure_destroy(s);
    refuse(in_folder("copies"), "other", 0, -E2BIG, "too many to compare: say which by which=1");
    assert_int_equal(lb_structure_read(in_folder("copies"), "other", 20000, NULL, &s), 0);
    lb_structure_destroy(s);
}

static void expect_words(const char *name, const char *lock, enum lb_structure_words words,
                         size_t offset)
{
    struct lb_structure *s = read_it("more", name);

    assert_int_equal(member(s, lock)->words, words);
    assert_int_equal(member(s, lock)->word_offset, offset);
    lb_structure_destroy(s);
}

/* A lock is what it is made of. */
static void test_words_of_locks(void **state)
{
    struct lb_structure *s = read_it("inline", "vm_area_struct");

    (void)state;
    assert_int_equal(member(s, "vm_lock.lock")->words, LB_WORDS_USUAL);
    lb_structure_destroy(s);
    expect_words("rt_sem", "sem", LB_WORDS_READERS, 0);
    expect_words("rt_rwlock", "l", LB_WORDS_READERS, 0);
    expect_words("rt_apart", "vm_lock", LB_WORDS_READERS, 0);
    expect_words("rt_spin", "l", LB_WORDS_OWNER, 24);
    expect_words("rt_mutexed", "m", LB_WORDS_OWNER, 24);
    expect_words("old_sem", "sem", LB_WORDS_OTHER, 0);
    expect_words("either", "a.lock", LB_WORDS_USUAL, 0);
}

static void test_c11(void **state)
{
    struct lb_structure *s = read_it("more", "counters");

    (void)state;
    assert_int_equal(s->align_bytes, 8); /* of misses, at 16 */
    assert_int_equal(member(s, "hits")->lock, LB_STRUCTURE_C11_ATOMIC);
    assert_int_equal(member(s, "hits")->bytes, 4);
    assert_string_equal(member(s, "hits")->type, "atomic_uint (an _Atomic)");
    assert_int_equal(member(s, "pair")->lock, LB_STRUCTURE_NO_LOCK);
    assert_int_equal(member(s, "pair")->bytes, 8);
    assert_int_equal(member(s, "misses")->bytes, 0);
    assert_int_equal(member(s, "misses")->lock, LB_STRUCTURE_C11_ATOMIC);
    assert_string_equal(member(s, "misses")->type, "mine (an _Atomic whose type the BTF has lost)");
    lb_structure_destroy(s);
    s = read_it("more", "c11_bare");
    assert_string_equal(member(s, "n")->type, "void (an _Atomic whose type the BTF has lost)");
    lb_structure_destroy(s);
    s = read_it("more", "c11_whole");
    assert_int_equal(member(s, "n")->lock, LB_STRUCTURE_C11_ATOMIC);
    assert_string_equal(member(s, "n")->type, "atomic_ulong");
    assert_int_equal(member(s, "n")->bytes, 8);
    lb_structure_destroy(s);
}

static void test_of_one_name(void **state)
{
    struct lb_structure *s;

    (void)state;
    refuse(in_folder("odd"), "twice", 0, -EINVAL,
           "2 different structures are called twice (16, 24");
    refuse(in_folder("odd"), "twice", 3, -EINVAL, "fewer");
    assert_int_equal(lb_structure_read(in_folder("odd"), "twice", 1, NULL, &s), 0);
    assert_int_equal(s->bytes, 16);
    lb_structure_destroy(s);
    assert_int_equal(lb_structure_read(in_folder("odd"), "twice", 2, NULL, &s), 0);
    assert_int_equal(s->bytes, 24);
    lb_structure_destroy(s);
}

static void test_names_refused(void **state)
{
    char long_name[LB_STRUCTURE_NAME_BYTES + 1];

    (void)state;
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    refuse(in_folder("6.4"), "vm_area_struc", 0, -ENOENT, "nearest: vm_area_struct");
    refuse(in_folder("6.4"), "area", 0, -ENOENT, "nearest: vm_area_struct");
    refuse(in_folder("6.4"), "qqqqqqqq", 0, -ENOENT, "has no structure qqqqqqqq");
    refuse(in_folder("6.4"), "int", 0, -ENOENT, "has no structure int");
    refuse(in_folder("odd"), "declared", 0, -EINVAL, "only declared");
    refuse(in_folder("6.4"), "", 0, -EINVAL, "1 to 127");
    refuse(in_folder("6.4"), long_name, 0, -EINVAL, "1 to 127");
    refuse(in_folder("odd"), "doubling", 0, -E2BIG, "members");
    refuse(in_folder("odd"), "endless", 0, -E2BIG, "nested");
}

static void test_files_refused(void **state)
{
    static const char words[] =
        "neither this nor that, but long enough to be looked at as a header";

    (void)state;
    write_bytes(in_folder("words"), words, sizeof words);
    write_bytes(in_folder("empty"), "", 0);
    refuse(in_folder("words"), "x", 0, -EPROTO, "neither BTF nor");
    refuse(in_folder("empty"), "x", 0, -EPROTO, "is empty");
    refuse(in_folder("nothing"), "x", 0, -ENOENT, "No such file");
    refuse(folder, "x", 0, -EPROTO, "no regular file");
    refuse("/proc/self/exe", "x", 0, -ENOTSUP, "without BTF");
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    refuse(in_folder("fifo"), "x", 0, -EPROTO, "no regular file");
    if (geteuid()) {
        write_bytes(in_folder("locked"), words, sizeof words);
        assert_int_equal(chmod(in_folder("locked"), 0), 0);
        refuse(in_folder("locked"), "x", 0, -EACCES, "Permission");
    }
}

/* A copy of a fixture that the caller may break; freed by the caller. */
static unsigned char *raw_of(const char *fixture, size_t *bytes)
{
    struct btf *btf = btf_fixture(fixture);
    __u32 n;
    const void *data = btf__raw_data(btf, &n);
    unsigned char *copy = malloc(n);

    assert_non_null(copy);
    memcpy(copy, data, n);
    btf__free(btf);
    *bytes = n;
    return copy;
}

/* The first type's words: name, info (kind in bits 24 to 28), size or type. Newer headers of libbpf
 * have a longer structure for the same bytes. */
static size_t first_info(const unsigned char *data)
{
    uint32_t bytes;

    memcpy(&bytes, data + offsetof(struct btf_header, hdr_len), sizeof bytes);
    return bytes + 4;
}

static void test_newer_kind(void **state)
{
    size_t bytes;
    unsigned char *data = raw_of("6.15", &bytes);
    uint32_t info;

    (void)state;
    info = 31U << 24; /* the last kind that the format has room for */
    memcpy(data + first_info(data), &info, sizeof info);
    write_bytes(in_folder("newer"), data, bytes);
    refuse(in_folder("newer"), "vm_area_struct", 0, -EPROTO, "of a kind (31) that libbpf");
    assert_non_null(strstr(lb_structure_library(LB_FORM_BTF), "libbpf "));
    free(data);
}

/* Whatever byte is broken: a sentence or a structure, never a crash. */
static void test_broken(void **state)
{
    size_t bytes;
    unsigned char *data = raw_of("6.4", &bytes);
    struct lb_structure *s;

    (void)state;
    for (size_t i = 0; i < bytes; i++) {
        struct lb_why why = {""};
        unsigned char before = data[i];
        data[i] ^= 0x55;
        write_bytes(in_folder("broken"), data, bytes);
        if (lb_structure_read(in_folder("broken"), "vm_area_struct", 0, &why, &s))
            assert_true(*why.text);
        else
            lb_structure_destroy(s);
        data[i] = before;
    }
    for (size_t n = 1; n < bytes; n += 7) {
        write_bytes(in_folder("cut"), data, n);
        refuse(in_folder("cut"), "vm_area_struct", 0, -EPROTO, "cut: ");
    }
    free(data);
}

/* A module's BTF goes on where the kernel's ends. */
static void test_split(void **state)
{
    struct btf *base = btf_fixture("6.15"), *split = btf__new_empty_split(base);
    struct lb_structure *s = NULL;
    struct lb_why why = {""};
    __u32 bytes;
    int id = btf__find_by_name_kind(base, "vm_area_struct", BTF_KIND_STRUCT);

    (void)state;
    assert_true(btf__add_struct(split, "of_module", 200) > 0);
    assert_int_equal(btf__add_field(split, "vma", id, 0, 0), 0);
    assert_int_equal(btf__add_field(split, "own", 1, 192 * 8, 0), 0);
    const void *data = btf__raw_data(split, &bytes);
    write_bytes(in_folder("module"), data, bytes);
    if (lb_btf_read(in_folder("module"), in_folder("6.15"), "of_module", 0, &why, &s))
        fail_msg("%s", why.text);
    assert_int_equal(member(s, "vma.vm_refcnt")->offset, 128);
    lb_structure_destroy(s);
    if (lb_structure_read_on(in_folder("module"), in_folder("6.15"), "of_module", 0, &why, &s))
        fail_msg("%s", why.text);
    lb_structure_destroy(s);
    btf__free(split);
    btf__free(base);
}

static void refuse_on(const char *file, const char *base, const char *said)
{
    char path[128];
    struct lb_structure *s = NULL;
    struct lb_why why = {""};

    snprintf(path, sizeof path, "%s", in_folder(file));
    assert_int_equal(lb_structure_read_on(path, in_folder(base), "of_module", 0, &why, &s),
                     -EPROTO);
    assert_has(why.text, said);
    assert_null(s);
}

/* Without its base, or on another kernel's, its types would be any. */
static void test_split_refused(void **state)
{
    (void)state; /* test_split has written it */
    refuse(in_folder("module"), "of_module", 0, -EPROTO, "goes on where another's ends");
    refuse(in_folder("module"), "of_module", 0, -EPROTO, "say by base=FILE");
    refuse_on("module", "odd", "does not go on where");
    refuse_on("module", "6.4", "does not go on where");
    refuse_on("6.15", "6.15", "leave out base=");
    refuse_on("module", "module", "goes on where another's ends");
}

/* Of a machine of the other byte order: s390x's on x86. */
static void test_other_order(void **state)
{
    struct btf *btf = btf_fixture("odd");
    enum btf_endianness own = btf__endianness(btf);
    struct lb_structure *s, *t;
    __u32 bytes;

    (void)state;
    assert_int_equal(
        btf__set_endianness(btf, own == BTF_LITTLE_ENDIAN ? BTF_BIG_ENDIAN : BTF_LITTLE_ENDIAN), 0);
    const void *data = btf__raw_data(btf, &bytes);
    write_bytes(in_folder("other-order"), data, bytes);
    btf__free(btf);
    s = read_it("odd", "bits");
    t = read_it("other-order", "bits");
    assert_int_equal(t->bytes, s->bytes);
    assert_int_equal(t->n_members, s->n_members);
    for (size_t i = 0; i < s->n_members; i++) {
        assert_string_equal(t->members[i].name, s->members[i].name);
        assert_int_equal(t->members[i].offset, s->members[i].offset);
        assert_int_equal(t->members[i].bits, s->members[i].bits);
    }
    lb_structure_destroy(s);
    lb_structure_destroy(t);
}

static void expect_lock(const char *fixture, const char *name, const char *asked, const char *found)
{
    struct lb_structure *s = read_it(fixture, name);
    const struct lb_member *lock = NULL;
    struct lb_why why = {""};

    if (lb_structure_find_lock(s, asked, &why, &lock))
        fail_msg("%s", why.text);
    assert_string_equal(lock->name, found);
    lb_structure_destroy(s);
}

static void refuse_lock(const char *fixture, const char *name, const char *asked, int err,
                        const char *part)
{
    struct lb_structure *s = read_it(fixture, name);
    const struct lb_member *lock = NULL;
    struct lb_why why = {""};

    assert_int_equal(lb_structure_find_lock(s, asked, &why, &lock), err);
    assert_has(why.text, part);
    assert_null(lock);
    lb_structure_destroy(s);
}

static void test_locks(void **state)
{
    (void)state;
    expect_lock("odd", "one_mutex", NULL, "m");
    expect_lock("odd", "one_atomic", NULL, "users");
    expect_lock("odd", "raw", NULL, "lock");
    expect_lock("odd", "reached", NULL, "lock");
    expect_lock("odd", "file", NULL, "f_ref.refcnt");
    expect_lock("odd", "either_lock", NULL, "lock");
    expect_lock("odd", "locks", "n", "n");
    expect_lock("more", "either", NULL, "a.lock");
    expect_lock("more", "bucket", NULL, "raw_lock.val");
    expect_lock("more", "c11_4", NULL, "n");
    refuse_lock("more", "two_of_two", NULL, -EINVAL, "2 locks: say which");
    expect_lock("odd", "file", "f_ref", "f_ref.refcnt");
    expect_lock("inline", "vm_area_struct", "vm_lock", "vm_lock.lock");
    expect_lock("inline", "vm_area_struct", "vm_lock.lock", "vm_lock.lock");
    expect_lock("6.15", "vm_area_struct", "swap_readahead_info", "swap_readahead_info");
    refuse_lock("odd", "locks", NULL, -EINVAL,
                "3 locks: say which by lock=: first (spinlock_t at 0), m (mutex at 8), "
                "r (refcount_t at 40)");
    refuse_lock("odd", "lockless", NULL, -ENOENT, "has no lock");
    refuse_lock("odd", "locks", "data", -EINVAL, "data is no lock: its type is unsigned long");
    refuse_lock("odd", "locks", "m.owner", -EINVAL, "a part of a lock, m");
    refuse_lock("odd", "locks", "frist", -ENOENT, "nearest: first");
}

static void test_slab(void **state)
{
    static const char *const names[] = {"object_size", "align"};
    static const char *const values[] = {"192\n", "64\n"};

    (void)state;
    assert_int_equal(mkdir(in_folder("slab"), 0700), 0);
    assert_int_equal(mkdir(in_folder("slab/vm_area_struct"), 0700), 0);
    for (size_t i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "slab/vm_area_struct/%s", names[i]);
        write_bytes(in_folder(name), values[i], strlen(values[i]));
    }
    assert_int_equal(lb_structure_slab_align(in_folder("slab"), "vm_area_struct", 192), 64);
    assert_int_equal(lb_structure_slab_align(in_folder("slab"), "vm_area_struct", 176), 0);
    assert_int_equal(lb_structure_slab_align(in_folder("slab"), "dentry", 192), 0);
    assert_int_equal(lb_structure_slab_align(in_folder("slab"), "../slab/vm_area_struct", 192), 0);
    write_bytes(in_folder("slab/vm_area_struct/align"), "24\n", 3); /* no power of two */
    assert_int_equal(lb_structure_slab_align(in_folder("slab"), "vm_area_struct", 192), 0);
}

static void test_running_kernel(void **state)
{
    struct lb_structure *s = NULL;
    struct lb_why why = {""};
    int err = lb_structure_read(NULL, "vm_area_struct", 0, &why, &s);

    (void)state;
    if (err == -ENOTSUP || err == -EPROTO || err == -EACCES) { /* none, too new, or locked down */
        print_message("%s\n", why.text);
        skip();
    }
    if (err)
        fail_msg("%s", why.text);
    assert_true(s->running);
    assert_int_equal(strncmp(s->source, "this kernel ", 12), 0);
    assert_int_equal(member(s, "vm_start")->offset, 0);
    assert_int_equal(member(s, "vm_mm")->offset, 16);
    assert_true(s->slab_align_bytes == 0 || s->slab_align_bytes >= 8);
    lb_structure_destroy(s);
}

/* Moves */

static struct lb_structure *move(const struct lb_structure *s, const struct lb_move *moves,
                                 size_t n, size_t bytes, size_t align)
{
    struct lb_structure *moved = NULL;
    struct lb_why why = {""};

    if (lb_structure_move(s, moves, n, bytes, align, &why, &moved))
        fail_msg("%s", why.text);
    return moved;
}

static void test_moves(void **state)
{
    struct lb_structure *s = read_it("6.15", "vm_area_struct"), *m;

    (void)state;
    m = move(s, NULL, 0, 0, 0);
    assert_int_equal(m->n_members, s->n_members);
    assert_string_equal(m->source, s->source);
    lb_structure_destroy(m);

    /* To the end: grows to a multiple of 8; the hole is left. */
    m = move(s, (struct lb_move[]){{"vm_refcnt", 192}}, 1, 0, 0);
    assert_int_equal(m->bytes, 200);
    assert_int_equal(member(m, "vm_refcnt")->offset, 192);
    assert_int_equal(member(m, "vm_refcnt.refs")->offset, 192);
    assert_int_equal(member(m, "shared")->offset, 136);
    assert_int_equal(member(s, "vm_refcnt")->offset, 128);
    lb_structure_destroy(m);

    /* Into the hole behind the sequence number, size and alignment given. */
    m = move(s, (struct lb_move[]){{"vm_refcnt", 44}}, 1, 256, 64);
    assert_int_equal(m->bytes, 256);
    assert_int_equal(m->align_bytes, 64);
    assert_int_equal(member(m, "vm_refcnt")->offset, 44);
    lb_structure_destroy(m);

    /* Two change places. */
    m = move(s, (struct lb_move[]){{"vm_ops", 80}, {"vm_pgoff", 72}}, 2, 0, 0);
    assert_int_equal(member(m, "vm_ops")->offset, 80);
    assert_int_equal(member(m, "vm_pgoff")->offset, 72);
    assert_int_equal(m->bytes, 192);
    lb_structure_destroy(m);

    /* Another name of the same bytes comes along, what shares them otherwise does not. */
    m = move(s, (struct lb_move[]){{"__vm_flags", 184}}, 1, 0, 0);
    assert_int_equal(member(m, "vm_flags")->offset, 184);
    assert_int_equal(m->bytes, 192);
    lb_structure_destroy(m);

    /* Over its own old place. */
    m = move(s, (struct lb_move[]){{"shared", 136}}, 1, 0, 0);
    assert_int_equal(member(m, "shared.rb.rb_left")->offset, 152);
    lb_structure_destroy(m);
    lb_structure_destroy(s);
}

static void refuse_move(const struct lb_structure *s, const struct lb_move *moves, size_t n,
                        size_t bytes, size_t align, int err, const char *part)
{
    struct lb_structure *moved = NULL;
    struct lb_why why = {""};

    assert_int_equal(lb_structure_move(s, moves, n, bytes, align, &why, &moved), err);
    assert_has(why.text, part);
    assert_null(moved);
    assert_int_equal(lb_structure_move(s, moves, n, bytes, align, NULL, &moved), err);
}

static void test_moves_refused(void **state)
{
    struct lb_structure *s = read_it("6.15", "vm_area_struct");
#define MOVES(...) ((struct lb_move[]){__VA_ARGS__}), LB_COUNT(((struct lb_move[]){__VA_ARGS__}))

    (void)state;
    refuse_move(
        s, MOVES({"vm_refcnt", 136}), 0, 0, -EINVAL,
        "vm_refcnt at 136 to 139 would lie over shared at 136 to 167: move that too, or take "
        "a free place: 44, ");
    refuse_move(s, MOVES({"vm_refcnt", 136}), 0, 0, -EINVAL, " or 192");
    refuse_move(s, MOVES({"vm_ops", 80}, {"vm_pgoff", 80}), 0, 0, -EINVAL, "would lie over");
    refuse_move(s, MOVES({"vm_refcnt", 190}), 0, 0, -EINVAL, "multiple of 4, not at 190");
    refuse_move(s, MOVES({"vm_refcnt", 192}), 192, 0, -EINVAL, "past the size of 192");
    refuse_move(s, MOVES({"vm_refcnt", 192}, {"vm_refcnt", 44}), 0, 0, -EINVAL, "moved twice");
    refuse_move(s, MOVES({"vm_flags", 192}, {"__vm_flags", 200}), 0, 0, -EINVAL, "moved twice");
    refuse_move(s, MOVES({"shared.rb", 192}), 0, 0, -EINVAL, "a part of shared");
    refuse_move(s, MOVES({"vm_refcount", 192}), 0, 0, -ENOENT, "nearest: vm_refcnt");
    refuse_move(s, MOVES({"vm_refcnt", SIZE_MAX - 3}), 0, 0, -EINVAL, "the most is");
    refuse_move(s, NULL, 0, 128, 0, -EINVAL, "past the size of 128");
    refuse_move(s, NULL, 0, 0, 48, -EINVAL, "no power of two");
    refuse_move(s, NULL, 0, 0, 4, -EINVAL, "its members want 8");
    lb_structure_destroy(s);

    s = read_it("odd", "bits");
    refuse_move(s, MOVES({"b", 8}), 0, 0, -EINVAL, "a bit-field");
    refuse_move(s, MOVES({"c", 0}), 0, 0, -EINVAL, "would lie over a at 0 to 0");
    lb_structure_destroy(s);
    s = read_it("odd", "either_lock");
    refuse_move(s, MOVES({"word", 8}), 0, 0, -EINVAL, "a union");
    lb_structure_destroy(s);
#undef MOVES
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generations),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_odd),
        cmocka_unit_test(test_of_one_name),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_names_steer_nothing),
        cmocka_unit_test(test_many_copies),
        cmocka_unit_test(test_words_of_locks),
        cmocka_unit_test(test_c11),
        cmocka_unit_test(test_names_refused),
        cmocka_unit_test(test_files_refused),
        cmocka_unit_test(test_newer_kind),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_refused),
        cmocka_unit_test(test_other_order),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_slab),
        cmocka_unit_test(test_running_kernel),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_moves_refused),
    };

    return cmocka_run_group_tests(tests, make_btf_folder, remove_folder);
}
