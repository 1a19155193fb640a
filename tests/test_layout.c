/* SPDX-License-Identifier: MIT
 *
 * layout: the offsets of the kernel's history, golden pictures, geometry, and what a user's own
 * layout is refused for. LB_UPDATE_GOLDEN=1 rewrites the golden file; read it before it is
 * committed.
 */
#include <linebounce/layout.h>

#include "layout/layout_private.h"
#include "support/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the kernel's sources and BTF say; NO where the layout has none. */
#define NO ((size_t)-1)
static const struct published {
    const char *name;
    size_t size, align, stride;
    size_t seq, slot, lock;
    size_t anon_vma, vm_ops, vm_pgoff, vm_file, vm_policy;
    enum lb_lock_kind kind;
    size_t lock_stride; /* of a separate lock */
} published[] = {
    {"pointer", 176, 8, 176, 40, 48, NO, 104, 112, 120, 128, 152, LB_LOCK_RWSEM40, 40},
    {"pointer-lock-aligned", 176, 8, 176, 40, 48, NO, 104, 112, 120, 128, 152, LB_LOCK_RWSEM40, 64},
    {"pointer-aligned", 176, 64, 192, 40, 48, NO, 104, 112, 120, 128, 152, LB_LOCK_RWSEM40, 64},
    {"pointer-256", 256, 8, 256, 40, 48, NO, 104, 112, 120, 128, 152, LB_LOCK_RWSEM40, 40},
    {"embedded-roaming", 208, 16, 208, 40, NO, 48, 136, 144, 152, 160, 184, LB_LOCK_RWSEM40, NO},
    {"embedded", 208, 64, 256, 40, NO, 48, 136, 144, 152, 160, 184, LB_LOCK_RWSEM40, NO},
    {"embedded-split", 216, 64, 256, 40, NO, 56, 144, 152, 160, 168, 192, LB_LOCK_RWSEM40, NO},
    {"embedded-own-line", 256, 64, 256, 40, NO, 192, 104, 112, 120, 128, 152, LB_LOCK_RWSEM40, NO},
    {"padded", 384, 128, 384, 40, NO, 256, 104, 112, 120, 128, 152, LB_LOCK_RWSEM40, NO},
    {"refcount", 192, 64, 192, 40, NO, 128, 64, 72, 80, 88, 112, LB_LOCK_REFCOUNT, NO},
    {"refcount-seq", 192, 64, 192, 132, NO, 128, 64, 72, 80, 88, 112, LB_LOCK_REFCOUNT, NO},
};

static const struct lb_layout *find(const char *name)
{
    struct lb_why why = {""};
    const struct lb_layout *layout = NULL;

    if (lb_layout_find(name, &why, &layout))
        fail_msg("%s", why.text);
    return layout;
}

static size_t field_offset(const struct lb_layout *layout, const char *name)
{
    struct lb_field fields[LB_FIELDS_MOST];
    size_t n = lb_layout_fields(layout, fields);

    for (size_t i = 0; i < n; i++)
        if (!strcmp(fields[i].name, name))
            return fields[i].offset;
    return NO;
}

static void test_published_offsets(void **state)
{
    static const char *const head[] = {"vm_start", "vm_end", "vm_mm", "vm_page_prot", "vm_flags"};

    (void)state;
    assert_int_equal(lb_n_layouts, LB_COUNT(published));
    for (size_t i = 0; i < LB_COUNT(published); i++) {
        const struct published *p = &published[i];
        const struct lb_layout *l = &lb_layouts[i];

        assert_string_equal(l->name, p->name);
        assert_int_equal(l->size_bytes, p->size);
        assert_int_equal(l->align_bytes, p->align);
        for (size_t k = 0; k < LB_COUNT(head); k++)
            assert_int_equal(field_offset(l, head[k]), 8 * k);
        assert_int_equal(field_offset(l, "lock_seq"), p->seq);
        assert_int_equal(field_offset(l, "lock ptr"), p->slot);
        assert_int_equal(field_offset(l, "anon_vma"), p->anon_vma);
        assert_int_equal(field_offset(l, "vm_ops"), p->vm_ops);
        assert_int_equal(field_offset(l, "vm_pgoff"), p->vm_pgoff);
        assert_int_equal(field_offset(l, "vm_file"), p->vm_file);
        assert_int_equal(field_offset(l, "vm_policy"), p->vm_policy);
        assert_int_equal(l->separate, p->lock == NO);
        assert_int_equal(l->indirect, l->separate);
        if (!l->separate)
            assert_int_equal(l->lock_offset, p->lock);
        assert_int_equal(l->lock, p->kind);
    }
}

static void test_published_geometry(void **state)
{
    (void)state;
    for (size_t i = 0; i < LB_COUNT(published); i++) {
        const struct published *p = &published[i];
        struct lb_why why = {""};
        struct lb_geometry g;

        if (lb_geometry_init(&lb_layouts[i], p->kind, &why, &g))
            fail_msg("%s", why.text);
        assert_int_equal(g.object.stride_bytes, p->stride);
        assert_int_equal(g.object.slab_bytes, 8192);
        assert_int_equal(g.object.per_slab, 8192 / p->stride);
        if (p->lock_stride != NO) {
            assert_int_equal(g.lock.stride_bytes, p->lock_stride);
            assert_int_equal(g.lock.slab_bytes, 4096);
            assert_int_equal(g.bytes_per_object, p->stride + p->lock_stride);
        } else {
            assert_int_equal(g.bytes_per_object, p->stride);
        }
    }
}

/* The exception of the touched fields is vm_file: the fault of anonymous memory does not look at
 * it. */
static void test_touched_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < lb_n_layouts; i++) {
        struct lb_field fields[LB_FIELDS_MOST];
        size_t n = lb_layout_fields(&lb_layouts[i], fields), touched = 0;

        for (size_t k = 0; k < n; k++) {
            touched += fields[k].touched;
            assert_int_equal(fields[k].touched, strcmp(fields[k].name, "vm_file") != 0);
            for (size_t j = 0; j < k; j++)
                assert_true(fields[k].offset >= fields[j].offset + fields[j].bytes ||
                            fields[j].offset >= fields[k].offset + fields[k].bytes);
        }
        assert_int_equal(touched, lb_layouts[i].separate ? 11 : 10);
    }
}

/* The room of an inline lock holds no field and ends within the object. */
static void test_room_is_free(void **state)
{
    (void)state;
    for (size_t i = 0; i < lb_n_layouts; i++) {
        const struct lb_layout *l = &lb_layouts[i];
        struct lb_field fields[LB_FIELDS_MOST];
        size_t n = lb_layout_fields(l, fields);

        if (l->separate)
            continue;
        assert_true(l->lock_offset + l->lock_room_bytes <= l->size_bytes);
        for (size_t k = 0; k < n; k++)
            assert_true(fields[k].offset >= l->lock_offset + l->lock_room_bytes ||
                        fields[k].offset + fields[k].bytes <= l->lock_offset);
    }
}

static struct lb_geometry geometry(const char *name, enum lb_lock_kind kind)
{
    struct lb_why why = {""};
    struct lb_geometry g;

    if (lb_geometry_init(find(name), kind, &why, &g))
        fail_msg("%s", why.text);
    return g;
}

static void test_published_memory(void **state)
{
    (void)state;
    assert_int_equal(geometry("pointer", LB_LOCK_RWSEM40).pages_per_1000, 54);
    assert_int_equal(geometry("embedded", LB_LOCK_RWSEM40).pages_per_1000, 64);
    assert_int_equal(geometry("embedded-own-line", LB_LOCK_RWSEM40).pages_per_1000, 64);
    assert_int_equal(geometry("refcount", LB_LOCK_REFCOUNT).pages_per_1000, 48);
}

/* The 50 of the older, 160-byte object. */
static void test_memory_of_a_smaller_object(void **state)
{
    struct lb_why why = {""};
    struct lb_layout layout;
    struct lb_geometry g;

    (void)state;
    if (lb_layout_parse("old:size=160,slot=48,tail=104", &why, &layout) ||
        lb_geometry_init(&layout, layout.lock, &why, &g))
        fail_msg("%s", why.text);
    assert_int_equal(g.pages_per_1000, 50);
}

static void test_residues(void **state)
{
    struct lb_geometry g = geometry("pointer", LB_LOCK_RWSEM40);

    (void)state;
    assert_int_equal(g.object_residues, 4);
    assert_int_equal(g.lock_residues, 8);
    assert_int_equal(lb_slab_offset(&g.object, 1) % 64, 48);
    assert_int_equal(lb_slab_offset(&g.object, 2) % 64, 32);
    assert_int_equal(lb_slab_offset(&g.object, 3) % 64, 16);
    g = geometry("embedded-roaming", LB_LOCK_RWSEM40);
    assert_int_equal(g.object_residues, 4);
    assert_int_equal(g.lock_residues, 4);
    g = geometry("pointer-aligned", LB_LOCK_RWSEM40);
    assert_int_equal(g.object_residues, 1);
    assert_int_equal(g.lock_residues, 1);
    g = geometry("pointer-lock-aligned", LB_LOCK_RWSEM40);
    assert_int_equal(g.object_residues, 4);
    assert_int_equal(g.lock_residues, 1);
}

/* Four of the eight phases of packed 40-byte locks share the words that an op touches. */
static void test_packed_neighbours(void **state)
{
    const struct lb_layout *l = find("pointer");
    struct lb_geometry g = geometry("pointer", LB_LOCK_RWSEM40);
    unsigned sharing = 0;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        bool shares = lb_layout_shares(l, LB_LOCK_RWSEM40, 1 << 20, lb_slab_offset(&g.lock, i),
                                       2 << 20, lb_slab_offset(&g.lock, i + 1), 64);
        /* By hand: count at 40 i, owner at 40 i + 8. */
        unsigned a = 40 * i, b = 40 * (i + 1);
        bool expected = a / 64 == b / 64 || (a + 8) / 64 == b / 64 || a / 64 == (b + 8) / 64 ||
                        (a + 8) / 64 == (b + 8) / 64;
        assert_int_equal(shares, expected);
        sharing += shares;
    }
    assert_int_equal(sharing, 4);
    assert_int_equal(g.pairs, 101);
    assert_uint_in_range(g.pairs_sharing, 50, 51);
}

static void test_neighbours_of_others(void **state)
{
    struct lb_geometry g;

    (void)state;
    assert_int_equal(geometry("pointer-aligned", LB_LOCK_RWSEM40).pairs_sharing, 0);
    assert_int_equal(geometry("pointer-lock-aligned", LB_LOCK_RWSEM40).pairs_sharing, 0);
    assert_int_equal(geometry("embedded", LB_LOCK_RWSEM40).pairs_sharing, 0);
    assert_int_equal(geometry("embedded-split", LB_LOCK_RWSEM40).pairs_sharing, 0);
    assert_int_equal(geometry("embedded-own-line", LB_LOCK_RWSEM40).pairs_sharing, 0);
    assert_int_equal(geometry("padded", LB_LOCK_RWSEM40).pairs_sharing, 0);
    assert_int_equal(geometry("refcount", LB_LOCK_REFCOUNT).pairs_sharing, 0);
    g = geometry("embedded-roaming", LB_LOCK_RWSEM40);
    assert_int_equal(g.pairs, g.object.per_slab - 1);
    assert_int_equal(g.pairs_sharing, 0);
    /* Even where an adjacent-line prefetcher couples pairs of lines. */
    assert_false(lb_layout_shares(find("padded"), LB_LOCK_RWSEM40, 0, 256, 384, 384 + 256, 128));
}

/* Symmetric, and true of an object with itself. */
static void test_shares_is_symmetric(void **state)
{
    (void)state;
    for (size_t i = 0; i < lb_n_layouts; i++) {
        const struct lb_layout *l = &lb_layouts[i];
        uintptr_t locks = l->separate ? 1 << 20 : l->lock_offset;

        for (uintptr_t at = 0; at < 512; at += 16) {
            bool ab = lb_layout_shares(l, l->lock, 0, locks, 4096 + at, locks + 4096 + at, 64);
            bool ba = lb_layout_shares(l, l->lock, 4096 + at, locks + 4096 + at, 0, locks, 64);
            assert_int_equal(ab, ba);
            assert_false(ab);
        }
        assert_true(lb_layout_shares(l, l->lock, 0, locks, 0, locks, 64));
    }
    /* A lock's writes against another's fields, with the locks themselves far apart. */
    assert_true(
        lb_layout_shares(find("pointer"), LB_LOCK_RWSEM40, 0, 8192 + 176, 8192, 1 << 20, 64));
    assert_false(
        lb_layout_shares(find("pointer"), LB_LOCK_RWSEM40, 0, 8192 + 192, 8192, 1 << 20, 64));
}

/* SLUB packs a 32-byte lock two to a line under line alignment. */
static void test_small_lock_lies_two_to_a_line(void **state)
{
    struct lb_geometry g = geometry("pointer-aligned", LB_LOCK_RWSEM32);

    (void)state;
    assert_int_equal(g.lock.stride_bytes, 32);
    assert_int_equal(g.lock.per_slab, 128);
    assert_int_equal(g.pairs, 127);
    assert_int_equal(g.pairs_sharing, 64);
    g = geometry("pointer-lock-aligned", LB_LOCK_RWSEM40);
    assert_int_equal(g.lock.stride_bytes, 64);
}

static bool fits(const char *name, enum lb_lock_kind kind, struct lb_why *why)
{
    struct lb_geometry g;
    int err = lb_layout_allows(find(name), kind, why);

    assert_true(err == 0 || err == -EINVAL);
    assert_int_equal(lb_geometry_init(find(name), kind, NULL, &g), err);
    return !err;
}

static void test_allowed_pairs(void **state)
{
    static const size_t any = SIZE_MAX;
    static const struct {
        const char *name;
        size_t room;
    } table[] = {
        {"pointer", any},       {"pointer-lock-aligned", any}, {"pointer-aligned", any},
        {"pointer-256", any},   {"embedded-roaming", 40},      {"embedded", 40},
        {"embedded-split", 40}, {"embedded-own-line", 64},     {"padded", 128},
        {"refcount", 64},       {"refcount-seq", 4},
    };

    (void)state;
    assert_int_equal(LB_COUNT(table), lb_n_layouts);
    for (size_t i = 0; i < LB_COUNT(table); i++)
        for (enum lb_lock_kind k = 0; k < LB_LOCK_KINDS; k++) {
            struct lb_why why = {""};
            bool expected = lb_lock_info(k)->bytes <= table[i].room;
            if (fits(table[i].name, k, &why) != expected)
                fail_msg("%s with %s: %s", table[i].name, lb_lock_info(k)->name, why.text);
            if (!expected) {
                assert_non_null(strstr(why.text, table[i].name));
                assert_non_null(strstr(why.text, lb_lock_info(k)->name));
            }
        }
}

static void test_find(void **state)
{
    const struct lb_layout *layout = &lb_layouts[3];
    struct lb_why why = {""};

    (void)state;
    assert_ptr_equal(find("pointer"), &lb_layouts[0]);
    assert_string_equal(LB_BASELINE, "pointer");
    assert_int_equal(lb_layout_find("embeded", &why, &layout), -ENOENT);
    assert_ptr_equal(layout, &lb_layouts[3]);
    assert_non_null(strstr(why.text, "'embeded'"));
    for (size_t i = 0; i < lb_n_layouts; i++)
        assert_non_null(strstr(why.text, lb_layouts[i].name));

    assert_non_null(strstr(why.text, "did you mean 'embedded'?"));
    assert_int_equal(lb_layout_find("refcnt", &why, &layout), -ENOENT);
    assert_non_null(strstr(why.text, "did you mean 'refcount'?"));
    assert_int_equal(lb_layout_find("", NULL, &layout), -ENOENT);
}

/* Pictures */

static void render(FILE *out, const struct lb_layout *layout, enum lb_lock_kind kind)
{
    char text[8192], cut[100];
    int length = lb_layout_draw(layout, kind, text, sizeof text);

    assert_uint_in_range(length, 1, sizeof text - 1);
    assert_int_equal(strlen(text), length);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        assert_non_null(strchr(line, '\n'));
        assert_uint_in_range(strchr(line, '\n') - line, 0, 120);
    }
    /* As snprintf: what is needed, whatever there is. */
    assert_int_equal(lb_layout_draw(layout, kind, NULL, 0), length);
    assert_int_equal(lb_layout_draw(layout, kind, cut, sizeof cut), length);
    assert_int_equal(strlen(cut), sizeof cut - 1);
    assert_memory_equal(cut, text, sizeof cut - 1);
    fprintf(out, "%s\n", text);
}

/* All built-in layouts with their own lock, a lock that shares a cell with the sequence, small
 * separate locks and a user's layout with an odd order of fields. */
static char *render_all(void)
{
    struct lb_layout own;
    struct lb_why why = {""};
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    for (size_t i = 0; i < lb_n_layouts; i++)
        render(out, &lb_layouts[i], lb_layouts[i].lock);
    render(out, find("pointer-aligned"), LB_LOCK_RWSEM32);
    render(out, find("refcount"), LB_LOCK_RWSEM40);
    render(out, find("embedded-own-line"), LB_LOCK_REFCOUNT);
    if (lb_layout_parse("mine:size=128,align=32,lock=8,kind=refcount,seq=12,head=72,tail=16", &why,
                        &own))
        fail_msg("%s", why.text);
    render(out, &own, own.lock);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void golden_path(char path[4096])
{
    const char *dir = getenv("LB_TESTS_DIR");

    snprintf(path, 4096, "%s/golden/layouts.txt", dir && *dir ? dir : "tests");
}

static void test_golden(void **state)
{
    char path[4096], *text = render_all(), *golden;
    const char *update = getenv("LB_UPDATE_GOLDEN");

    (void)state;
    golden_path(path);
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

/* A user's own layout */

static int offset_of(const struct lb_layout *l, const char *field)
{
    const struct lb_access *access = lb_layout_find_field(l, field);

    assert_non_null(access);
    return access->offset;
}

static void test_parse_inline(void **state)
{
    struct lb_why why = {""};
    struct lb_layout l;

    (void)state;
    if (lb_layout_parse("name:size=256,align=64,lock=192,seq=40", &why, &l))
        fail_msg("%s", why.text);
    assert_string_equal(l.name, "name");
    assert_int_equal(l.size_bytes, 256);
    assert_int_equal(l.align_bytes, 64);
    assert_false(l.separate);
    assert_int_equal(l.lock_offset, 192);
    assert_int_equal(l.lock_room_bytes, 64);
    assert_int_equal(offset_of(&l, "vm_start"), 0);
    assert_int_equal(offset_of(&l, "anon_vma"), 64);
    assert_int_equal(offset_of(&l, "vm_policy"), 64 + 48);
    assert_int_equal(l.seq_offset, 40);
    assert_int_equal(l.lock, LB_LOCK_RWSEM40);
    assert_true(l.meaning[0] != '\0');
}

/* A pointer to a lock that lies inline: the chase without the place. */
static void test_parse_indirect_inline(void **state)
{
    struct lb_why why = {""};
    struct lb_layout l;
    struct lb_geometry g;

    (void)state;
    if (lb_layout_parse("chase:size=256,align=64,lock=192,slot=48,tail=104", &why, &l))
        fail_msg("%s", why.text);
    assert_true(l.indirect && !l.separate);
    assert_int_equal(l.slot_offset, 48);
    assert_int_equal(l.lock_offset, 192);
    assert_int_equal(lb_geometry_init(&l, LB_LOCK_RWSEM40, &why, &g), 0);
    assert_int_equal(g.bytes_per_object, 256);
}

static void test_parse_defaults_and_all_keys(void **state)
{
    struct lb_why why = {""};
    struct lb_layout l;

    (void)state;
    if (lb_layout_parse(
            "a.B-c_9:size=0x100,slot=200,lockalign=64,kind=rwsem32,head=8,tail=128,seq=4", &why,
            &l))
        fail_msg("%s", why.text);
    assert_int_equal(l.size_bytes, 256);
    assert_int_equal(l.align_bytes, 8);
    assert_true(l.separate && l.indirect);
    assert_int_equal(l.slot_offset, 200);
    assert_int_equal(l.lock_align_bytes, 64);
    assert_int_equal(l.lock, LB_LOCK_RWSEM32);
    assert_int_equal(offset_of(&l, "vm_start"), 8);
    assert_int_equal(offset_of(&l, "vm_flags"), 8 + 32);
    assert_int_equal(offset_of(&l, "anon_vma"), 128);
    assert_int_equal(l.seq_offset, 4);
    /* The room of an inline lock ends at the next field, or where it was said. */
    if (lb_layout_parse("x:size=256,lock=48,tail=104", &why, &l))
        fail_msg("%s", why.text);
    assert_int_equal(l.lock_room_bytes, 104 - 48);
    assert_int_equal(l.lock_align_bytes, 8);
    if (lb_layout_parse("x:size=256,lock=48,tail=104,room=48", &why, &l))
        fail_msg("%s", why.text);
    assert_int_equal(l.lock_room_bytes, 48);
    /* A 4-byte lock may lie at a multiple of 4. */
    if (lb_layout_parse("x:size=192,lock=132,seq=128,kind=refcount", &why, &l))
        fail_msg("%s", why.text);
    assert_int_equal(l.lock_offset, 132);
}

/* The text, and what the sentence must hold. */
static const struct refusal {
    const char *text, *words[3];
} refusals[] = {
    {"x", {"NAME"}},
    {"x:size=256,lock=32", {"lock", "head", "overlaps"}},
    {"x:size=256,lock=72", {"lock", "tail", "overlaps"}},
    {"x:size=256,lock=192,seq=64", {"seq", "tail", "overlaps"}},
    {"x:size=256,lock=192,seq=200", {"lock", "seq", "overlaps"}},
    {"x:size=256,slot=8", {"slot", "head", "overlaps"}},
    {"x:size=256,lock=192,tail=32", {"tail", "head", "overlaps"}},
    {"x:size=256,lock=224", {"lock", "224", "256"}},
    {"x:size=256,lock=4096", {"lock", "4096", "256"}},
    {"x:size=100,lock=128", {"ends at 100"}},
    {"x:size=256,lock=196", {"lock", "196", "aligned"}},
    {"x:size=256,lock=130,kind=refcount", {"lock", "130", "aligned to 4"}},
    {"x:size=256,lock=192,seq=42", {"seq", "42", "aligned to 4"}},
    {"x:size=256,slot=196", {"slot", "196", "aligned to 8"}},
    {"x:size=256,lock=192,head=4,seq=48", {"head", "aligned to 8"}},
    {"x:size=256,lock=192,tail=68", {"tail", "aligned to 8"}},
    {"x:size=256,lock=192,sequence=40", {"'sequence'", "unknown key", "seq"}},
    {"x:size=256,lock=192,", {"KEY=NUMBER"}},
    {"x:size=256,lock=192,seq", {"'seq'", "KEY=NUMBER"}},
    {"x:size=256,lock=", {"lock=", "not a number"}},
    {"x:size=256,lock=1e2", {"lock=1e2", "not a number"}},
    {"x:size=256,lock=-8", {"lock=-8", "not a number"}},
    {"x:size=256,lock= 8", {"lock= 8", "not a number"}},
    {"x:size=99999999999999999999,lock=192", {"not a number"}},
    {"x:lock=192", {"size= is missing"}},
    {"x:", {"KEY=NUMBER"}},
    {"x:size=256", {"lock=", "slot="}},
    {"x:size=256,tail=128,lock=48,slot=80", {"lock", "slot", "overlaps"}},
    {"x:size=256,lock=192,slot=136,lockalign=64", {"lockalign", "slot="}},
    {":size=256,lock=192", {"name"}},
    {"a name:size=256,lock=192", {"'a name'", "letters"}},
    {"a/b:size=256,lock=192", {"'a/b'"}},
    {"twin~:size=256,lock=192", {"'twin~'"}},
    {"a23456789012345678901234567890123:size=256,lock=192", {"name", "31"}},
    {"pointer:size=256,lock=192", {"'pointer'", "built-in"}},
    {"x:size=8193,lock=192", {"size=8193", "8192"}},
    {"x:size=256,align=48,lock=192", {"'x'", "48"}},
    {"x:size=256,align=4,lock=192", {"'x'", "4"}},
    {"x:size=256,align=0,lock=192", {"'x'", "0"}},
    {"x:size=256,align=8192,lock=192", {"align=8192", "page"}},
    {"x:size=256,slot=48,lockalign=24", {"'x'", "lock"}},
    {"x:size=256,lock=192,kind=spinlock", {"spinlock"}},
    {"x:size=256,lock=192,room=32", {"rwsem40", "40", "32"}},
    {"x:size=256,lock=120,seq=168,room=64", {"room", "48"}},
    {"x:size=256,lock=192,room=72", {"room", "64"}},
    {"x:size=256,slot=48,room=64", {"room", "lock="}},
    {"x:size=256,lock=192,lockalign=64", {"lockalign", "slot="}},
    {"x:size=256,size=128,lock=192", {"size", "twice"}},
};

static void test_parse_refusals(void **state)
{
    struct lb_layout untouched, l;

    (void)state;
    memset(&l, 0x5a, sizeof l);
    untouched = l;
    for (size_t i = 0; i < LB_COUNT(refusals); i++) {
        const struct refusal *r = &refusals[i];
        struct lb_why why = {""};

        if (lb_layout_parse(r->text, &why, &l) != -EINVAL)
            fail_msg("'%s' is not refused", r->text);
        assert_memory_equal(&l, &untouched, sizeof l);
        assert_int_equal(lb_layout_parse(r->text, NULL, &l), -EINVAL);
        for (size_t k = 0; k < LB_COUNT(r->words) && r->words[k]; k++)
            if (!strstr(why.text, r->words[k]))
                fail_msg("'%s': '%s' does not say '%s'", r->text, why.text, r->words[k]);
        assert_null(strchr(why.text, '\n'));
    }
}

/* A limit case each on the good side of a refusal. */
static void test_parse_limits(void **state)
{
    static const char *const good[] = {
        "x:size=8192,lock=192",
        "x:size=232,lock=192",
        "x:size=256,align=4096,lock=192",
        "a234567890123456789012345678901:size=256,lock=192",
        "x:size=120,slot=48",
        "x:size=256,lock=216",
        "x:size=124,lock=120,kind=refcount",
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(good); i++) {
        struct lb_why why = {""};
        struct lb_geometry g;
        struct lb_layout l;

        if (lb_layout_parse(good[i], &why, &l))
            fail_msg("%s", why.text);
        assert_int_equal(lb_geometry_init(&l, l.lock, NULL, &g), 0);
        assert_true(g.pages_per_1000 >= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_offsets),
        cmocka_unit_test(test_published_geometry),
        cmocka_unit_test(test_touched_fields),
        cmocka_unit_test(test_room_is_free),
        cmocka_unit_test(test_published_memory),
        cmocka_unit_test(test_memory_of_a_smaller_object),
        cmocka_unit_test(test_residues),
        cmocka_unit_test(test_packed_neighbours),
        cmocka_unit_test(test_neighbours_of_others),
        cmocka_unit_test(test_shares_is_symmetric),
        cmocka_unit_test(test_small_lock_lies_two_to_a_line),
        cmocka_unit_test(test_allowed_pairs),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_parse_inline),
        cmocka_unit_test(test_parse_indirect_inline),
        cmocka_unit_test(test_parse_defaults_and_all_keys),
        cmocka_unit_test(test_parse_refusals),
        cmocka_unit_test(test_parse_limits),
    };

    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
