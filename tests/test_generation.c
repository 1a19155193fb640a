/* SPDX-License-Identifier: MIT
 *
 * generation: what a kernel's BTF says of it, from mm_struct and one function.
 */
#include <linebounce/structure.h>
#include <linebounce/whatif.h>

#include "support/folder.h"

#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A kernel as far as it matters; offsets in mm_struct, 0: it has no such word. */
struct kernel {
    unsigned lock, lock_bytes, seq, wait;
    bool seqcount, clears;
};

static int structure(struct btf *btf, const char *name, unsigned bytes, const char *member,
                     int type)
{
    int id = btf__add_struct(btf, name, bytes);

    assert_true(id > 0);
    assert_int_equal(btf__add_field(btf, member, type, 0, 0), 0);
    return id;
}

static void add_function(struct btf *btf, const char *name, int returns)
{
    int proto = btf__add_func_proto(btf, returns);

    assert_true(btf__add_func(btf, name, BTF_FUNC_GLOBAL, proto) > 0);
}

/* Writes it as a file of BTF, and says where. */
static const char *make_kernel(const struct kernel *k)
{
    static char path[600];
    struct btf *btf = btf__new_empty();
    int u32 = btf__add_int(btf, "unsigned int", 4, 0), u64 = btf__add_int(btf, "long", 8, 0);
    int rwsem = structure(btf, "rw_semaphore", k->lock_bytes, "count", u64);
    int seqcount = structure(btf, "seqcount", 4, "sequence", u32);
    int rcuwait = structure(btf, "rcuwait", 8, "task", u64);
    __u32 bytes;

    assert_true(btf__add_struct(btf, "mm_struct", 8192) > 0);
    if (k->lock)
        assert_int_equal(btf__add_field(btf, "mmap_lock", rwsem, 8 * k->lock, 0), 0);
    if (k->wait)
        assert_int_equal(btf__add_field(btf, "vma_writer_wait", rcuwait, 8 * k->wait, 0), 0);
    if (k->seq)
        assert_int_equal(
            btf__add_field(btf, "mm_lock_seq", k->seqcount ? seqcount : u32, 8 * k->seq, 0), 0);
    add_function(btf, k->clears ? "is_rwsem_reader_owned" : "is_rwsem_reader", u32);
    const void *data = btf__raw_data(btf, &bytes);
    snprintf(path, sizeof path, "%s", place_in_folder("/vmlinux"));
    write_bytes(path, data, bytes);
    btf__free(btf);
    return path;
}

static const struct known {
    struct kernel kernel;
    const char *name;
    enum lb_rules rules;
    enum lb_lock_kind lock;
} known[] = {
    {{184, 40, 240, 0, false, false}, "6.4", LB_RULES_PLAIN, LB_LOCK_RWSEM40},
    {{176, 40, 232, 0, false, false}, "6.6", LB_RULES_PLAIN, LB_LOCK_RWSEM40},
    {{168, 40, 224, 0, false, false}, "6.11", LB_RULES_PLAIN, LB_LOCK_RWSEM40},
    {{184, 40, 240, 0, true, false}, "6.14", LB_RULES_SEQCOUNT, LB_LOCK_RWSEM40},
    {{184, 40, 248, 240, true, false}, "6.15", LB_RULES_SEQCOUNT, LB_LOCK_RWSEM40},
    {{184, 40, 248, 240, true, true}, "6.17", LB_RULES_CLEARING, LB_LOCK_RWSEM40},
    {{400, 40, 464, 456, true, true}, "7.0", LB_RULES_CLEARING, LB_LOCK_RWSEM40},
    {{408, 32, 464, 456, true, true}, "7.2", LB_RULES_CLEARING, LB_LOCK_RWSEM32},
    /* A stable kernel with the sequence count of a later one, and others' configurations. */
    {{168, 40, 224, 0, true, false}, "btf-6.15", LB_RULES_SEQCOUNT, LB_LOCK_RWSEM40},
    {{192, 40, 256, 248, true, true}, "btf-7.0", LB_RULES_CLEARING, LB_LOCK_RWSEM40},
    {{408, 32, 464, 456, true, false}, "btf-other", LB_RULES_SEQCOUNT, LB_LOCK_RWSEM32},
};

static void test_known_kernels(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(known); i++) {
        const struct kernel *k = &known[i].kernel;
        struct lb_generation g;
        struct lb_why why = {""};

        if (lb_generation_read(make_kernel(k), &why, &g))
            fail_msg("%s: %s", known[i].name, why.text);
        assert_string_equal(g.name, known[i].name);
        assert_int_equal(g.rules, known[i].rules);
        assert_int_equal(g.mm_lock, known[i].lock);
        assert_int_equal(g.mm.lock, k->lock);
        assert_int_equal(g.mm.seq, k->seq);
        assert_int_equal(g.mm.writer_wait, k->wait ? k->wait : k->seq + 8);
    }
}

static void test_no_such_kernel(void **state)
{
    static const struct {
        struct kernel kernel;
        int err;
        const char *says;
    } odd[] = {
        {{184, 40, 0, 0, false, false}, -ENOENT, "no lock in each VMA"},
        {{0, 40, 240, 0, false, false}, -ENOENT, "no lock in each VMA"},
        {{184, 104, 320, 312, true, true}, -ENOENT, "104 bytes"},
        {{184, 40, 4096, 0, true, true}, -ERANGE, "too far apart"},
        {{184, 40, 200, 0, true, true}, -EINVAL, "overlap"},
        {{184, 40, 240, 216, true, true}, -EINVAL, "overlap"},
        {{184, 40, 240, 240, true, true}, -EINVAL, "overlap"},
        {{188, 40, 240, 248, true, true}, -EINVAL, "not aligned"},
        {{184, 40, 242, 248, true, true}, -EINVAL, "not aligned"},
        {{184, 40, 240, 252, true, true}, -EINVAL, "not aligned"},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(odd); i++) {
        struct lb_generation g;
        struct lb_why why = {""};
        assert_int_equal(lb_generation_read(make_kernel(&odd[i].kernel), &why, &g), odd[i].err);
        if (!strstr(why.text, odd[i].says))
            fail_msg("'%s' does not say '%s'", why.text, odd[i].says);
    }
}

/* A word keeps its place in its pair of lines, and all have room. */
static void test_words_have_room(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_GENERATIONS; i++) {
        const struct lb_mm_words k = lb_generations[i].mm;
        const struct lb_mm_words w = lb_generation_words(&lb_generations[i], LB_MM_KERNEL);
        assert_int_equal((k.seq - w.seq) % LB_LINE_PAIR_BYTES, 0);
        assert_int_equal(k.seq - w.seq, k.lock - w.lock);
        assert_int_equal(k.seq - w.seq, k.writer_wait - w.writer_wait);
        assert_true(w.lock < LB_LINE_PAIR_BYTES || w.seq < LB_LINE_PAIR_BYTES);
        assert_true(w.lock + sizeof(struct lb_rwsem40) <= LB_MM_BYTES && w.seq < LB_MM_BYTES);
    }
}

static void test_names(void **state)
{
    const struct lb_generation *g;
    struct lb_why why = {""};
    size_t form;

    (void)state;
    for (size_t i = 0; i < LB_GENERATIONS; i++) {
        assert_int_equal(lb_generation_find(lb_generations[i].name, NULL, &g), 0);
        assert_ptr_equal(g, &lb_generations[i]);
    }
    assert_int_equal(lb_generation_find("6.16", &why, &g), -EINVAL);
    assert_non_null(strstr(why.text, "6.15"));
    assert_int_equal(lb_name_find(&lb_mm_form_names, "separate", NULL, &form), 0);
    assert_int_equal(form, LB_MM_SEPARATE);
    assert_int_equal(lb_name_find(&lb_mm_form_names, "apart", &why, &form), -ENOENT);
    assert_non_null(strstr(why.text, "separate"));
}

/* A structure of a kernel's is locked by that kernel's rules, also where one asks what if. */
static void test_whatif(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(known); i++) {
        const struct lb_whatif_options o = {.read = "mm_lock_seq",
                                            .write = "mmap_lock",
                                            .write_how = LB_HOW_SHARE,
                                            .lock = &known[i].lock};
        struct lb_whatif w;
        struct lb_layout layouts[2];
        struct lb_why why = {""};
        char text[700];
        size_t n = 0;
        snprintf(text, sizeof text, "btf:%s:mm_struct,name=mm", make_kernel(&known[i].kernel));
        if (lb_whatif_of_structure(text, &o, &why, &w) || lb_whatif_layouts(&w, &why, layouts, &n))
            fail_msg("%s: %s", known[i].name, why.text);
        assert_int_equal(layouts[0].lock, known[i].lock);
        assert_non_null(layouts[0].generation);
        assert_string_equal(layouts[0].generation->name, known[i].name);
        assert_int_equal(layouts[0].generation->rules, known[i].rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_kernels),   cmocka_unit_test(test_no_such_kernel),
        cmocka_unit_test(test_words_have_room), cmocka_unit_test(test_names),
        cmocka_unit_test(test_whatif),
    };

    return cmocka_run_group_tests_name("generation", tests, make_folder, remove_folder);
}
