/* SPDX-License-Identifier: MIT
 *
 * Moves that are suggested: the kernel's own among the first for every preset of whatif, moves
 * that a structure can make, and what binds them.
 */
#include <linebounce/suggest.h>

#include "layout/structure_private.h"

#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FIRST_FEW 3

static const struct lb_suggest_options anything = {NULL, NULL, 0};

static struct lb_suggestions *suggest(const struct lb_structure *s, const struct lb_whatif *w,
                                      const struct lb_suggest_options *o)
{
    struct lb_suggestions *found = NULL;
    struct lb_why why = {""};

    if (lb_suggest(s, w, o, &why, &found))
        fail_msg("%s", why.text);
    return found;
}

/* Presets ------------------------------------------------------------------------------------ */

/* Whether what was published of it is a loss: "-9.2 %". */
static bool was_a_loss(const struct lb_whatif *w)
{
    for (const char *c = w->published; *c; c++)
        if ((*c == '-' || *c == '+') && isdigit((unsigned char)c[1]))
            return *c == '-';
    fail_msg("%s: nothing published", w->name);
    return false;
}

/* From the slower side to the faster one: a commit that cost is taken back. */
static struct lb_whatif improving(const struct lb_whatif *preset, bool back)
{
    struct lb_whatif w = *preset;

    if (!back)
        return w;
    w.bytes_before = preset->bytes_after;
    w.bytes_after = preset->bytes_before;
    w.align_before = preset->align_after;
    w.align_after = preset->align_before;
    for (size_t i = 0; i < w.n_fields; i++) {
        w.fields[i].before = preset->fields[i].after;
        w.fields[i].after = preset->fields[i].before;
    }
    return w;
}

static bool are_near(const struct lb_whatif *w, size_t i, size_t k, size_t unit)
{
    return lb_whatif_word(&w->fields[i], true) / unit == lb_whatif_word(&w->fields[k], true) / unit;
}

static size_t stride_of(const struct lb_whatif *w)
{
    struct lb_slab slab;

    assert_int_equal(lb_slab_init(w->bytes_after, w->align_after, LB_OBJECT_ORDER, &slab), 0);
    return slab.stride_bytes;
}

/* The same fields move, where the kernel moved some of them only, and each that is read shares
 * lines and pairs with the same that are written, in as much memory. */
static bool comes_to_the_same(const struct lb_whatif *a, const struct lb_whatif *kernel)
{
    bool all = true, same = stride_of(a) == stride_of(kernel);

    for (size_t i = 0; i < kernel->n_fields; i++) {
        all &= kernel->fields[i].before != kernel->fields[i].after;
        for (size_t k = 0; k < kernel->n_fields; k++)
            if (kernel->fields[i].read && kernel->fields[k].written)
                same &= are_near(a, i, k, LB_LINE_BYTES) == are_near(kernel, i, k, LB_LINE_BYTES) &&
                        are_near(a, i, k, LB_LINE_PAIR_BYTES) ==
                            are_near(kernel, i, k, LB_LINE_PAIR_BYTES);
    }
    for (size_t i = 0; !all && i < kernel->n_fields; i++)
        same &= (a->fields[i].before != a->fields[i].after) ==
                (kernel->fields[i].before != kernel->fields[i].after);
    return same;
}

static void test_the_kernels_own(void **state)
{
    (void)state;
    for (size_t p = 0; p < lb_n_whatif_presets; p++) {
        const struct lb_whatif *preset = &lb_whatif_presets[p];
        struct lb_whatif kernel = improving(preset, was_a_loss(preset));
        struct lb_structure *s = NULL;
        bool seen = false;
        assert_int_equal(lb_whatif_structure(&kernel, NULL, &s), 0);
        struct lb_suggestions *found = suggest(s, &kernel, &anything);
        for (size_t i = 0; i < found->n && i < FIRST_FEW; i++)
            seen |= comes_to_the_same(&found->items[i].whatif, &kernel);
        if (!seen)
            fail_msg("%s: not among the first %d of %zu: %s", preset->name, FIRST_FEW, found->n,
                     found->n ? found->items[0].text : "");
        lb_suggestions_destroy(found);
        lb_structure_destroy(s);
    }
}

/* What cost is not suggested. */
static void test_losses(void **state)
{
    size_t losses = 0;

    (void)state;
    for (size_t p = 0; p < lb_n_whatif_presets; p++) {
        const struct lb_whatif *preset = &lb_whatif_presets[p];
        struct lb_structure *s = NULL;
        if (!was_a_loss(preset))
            continue;
        losses++;
        assert_int_equal(lb_whatif_structure(preset, NULL, &s), 0);
        struct lb_suggestions *found = suggest(s, preset, &anything);
        assert_int_equal(found->n, 0);
        assert_true(found->as_is.shared == 0 && found->as_is.pairs == 0);
        lb_suggestions_destroy(found);
        lb_structure_destroy(s);
    }
    assert_true(losses > 0 && losses < lb_n_whatif_presets);
}

static void test_weight(void **state)
{
    const struct lb_whatif *dentry;
    struct lb_suggest_weight w;

    (void)state;
    assert_int_equal(lb_whatif_find("dentry", NULL, &dentry), 0);
    assert_int_equal(lb_suggest_weigh(dentry, false, &w), 0);
    assert_true(w.shared == 1 && w.pairs == 0 && w.lines == 3);
    assert_int_equal(w.bytes, 192);
    assert_int_equal(w.per_slab, 42);
    assert_int_equal(lb_suggest_weigh(dentry, true, &w), 0);
    assert_true(w.shared == 0 && w.lines == 3);
    /* Objects of 192 bytes begin at both lines of a pair: line 2 is the first line's neighbour in
     * none of them, and line 1's in every other. */
    assert_true(w.pairs == 0.5);
}

/* A whole structure ---------------------------------------------------------------------------- */

struct row {
    const char *name;
    size_t offset, bytes, align;
    unsigned bits;
};

static const struct row rows[] = {
    {"lock", 0, 4, 4, 0},     {"flags", 4, 4, 4, 0},   {"ops", 8, 8, 8, 0},
    {"owner", 16, 8, 8, 0},   {"bit", 24, 4, 4, 3},    {"bit2", 24, 4, 4, 5},
    {"as_long", 32, 8, 8, 0}, {"as_int", 32, 4, 4, 0}, {"same", 40, 8, 8, 0},
    {"as_same", 40, 8, 8, 0}, {"hot", 48, 8, 8, 0},    {"cold", 56, 8, 8, 0},
    {"cold2", 64, 16, 8, 0},  {"big", 80, 32, 8, 0},   {"tail", 112, 8, 8, 0},
    {"small", 120, 4, 4, 0},
};

static struct lb_structure *make(const struct row *r, size_t n, size_t bytes, size_t align)
{
    struct lb_structure *s = lb_structure_create("thing");
    char type[] = "int", name[16];

    assert_non_null(s);
    assert_non_null(s->source = strdup("made by hand"));
    s->bytes = bytes;
    s->align_bytes = 8;
    s->slab_align_bytes = align;
    for (size_t i = 0; i < n; i++) {
        struct lb_member m = {.name = name,
                              .type = type,
                              .offset = r[i].offset,
                              .bytes = r[i].bytes,
                              .align_bytes = r[i].align,
                              .bits = r[i].bits,
                              .parent = -1};
        snprintf(name, sizeof name, "%s", r[i].name);
        assert_int_equal(lb_structure_add(s, &m), 0);
    }
    return s;
}

static struct lb_whatif touched(const struct lb_structure *s, const char *read, const char *write)
{
    const struct lb_whatif_options o = {.read = read, .write = write, .write_how = LB_HOW_STORE};
    struct lb_whatif w;
    struct lb_why why = {""};

    if (lb_whatif_of(s, "", &o, &why, &w))
        fail_msg("%s", why.text);
    return w;
}

/* lb_structure_move takes the moves, and comes to the same offsets. */
static void check_moves(const struct lb_structure *s, const struct lb_suggestions *found)
{
    for (size_t i = 0; i < found->n; i++) {
        const struct lb_suggestion *x = &found->items[i];
        struct lb_structure *moved;
        struct lb_why why = {""};
        const struct lb_member *m;
        if (x->pad_bytes)
            continue;
        if (lb_structure_move(s, x->moves, x->n_moves, 0, 0, &why, &moved))
            fail_msg("%s: %s", x->text, why.text);
        assert_int_equal(moved->bytes, x->bytes);
        for (size_t k = 0; k < x->whatif.n_fields; k++) {
            assert_int_equal(lb_structure_find_member(moved, x->whatif.fields[k].name, NULL, &m),
                             0);
            assert_int_equal(m->offset, x->whatif.fields[k].after);
        }
        lb_structure_destroy(moved);
    }
}

static void test_moves_can_be_made(void **state)
{
    static const char *const cases[][2] = {{"ops,flags", "lock"}, {"ops", "same"},
                                           {"hot", "owner,tail"}, {"as_int", "lock"},
                                           {"bit", "big"},        {"lock,big", "cold2,ops"}};
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++)
        for (size_t align = 8; align <= 128; align *= 4) {
            struct lb_structure *s = make(rows, LB_COUNT(rows), 128, align);
            struct lb_whatif w = touched(s, cases[i][0], cases[i][1]);
            struct lb_suggestions *found = suggest(s, &w, &anything);
            assert_true(found->n > 0);
            check_moves(s, found);
            for (size_t k = 1; k < found->n; k++)
                assert_true(found->items[k - 1].weight.shared <=
                            found->items[k].weight.shared + 1e-6);
            seen += found->n;
            lb_suggestions_destroy(found);
            lb_structure_destroy(s);
        }
    assert_true(seen > LB_COUNT(cases) * 3);
}

/* The free bytes at 124 are the simplest; others change places with members that fit. */
static void test_holes_and_exchanges(void **state)
{
    struct lb_structure *s = make(rows, LB_COUNT(rows), 128, 64);
    struct lb_whatif w = touched(s, "ops,flags", "lock");
    struct lb_suggestions *found = suggest(s, &w, &anything);

    (void)state;
    assert_string_equal(found->items[0].text, "lock to 124");
    assert_int_equal(found->items[0].weight.bytes, 128);
    assert_true(found->as_is.shared == 1 && found->items[0].weight.shared == 0);
    lb_suggestions_destroy(found);
    w = touched(s, "flags", "ops");
    found = suggest(s, &w, &anything);
    assert_string_equal(found->items[0].text, "flags to 124"); /* nobody makes room: simpler */
    lb_suggestions_destroy(found);
    w = touched(s, "owner", "ops");
    found = suggest(s, &w, &anything);
    assert_string_equal(found->items[0].text, "ops to 120; to make room small to 8");
    lb_suggestions_destroy(found);
    lb_structure_destroy(s);
}

static void test_what_binds(void **state)
{
    struct lb_structure *s = make(rows, LB_COUNT(rows), 128, 64);
    struct lb_whatif w = touched(s, "ops,flags", "lock");
    struct lb_suggest_options o = {.first = "lock"};
    struct lb_suggestions *found = suggest(s, &w, &o);

    (void)state;
    assert_true(found->n > 0);
    assert_non_null(strstr(found->note, "lock has to stay first"));
    for (size_t i = 0; i < found->n; i++)
        for (size_t k = 0; k < found->items[i].n_moves; k++)
            assert_string_not_equal(found->items[i].moves[k].member, "lock");
    lb_suggestions_destroy(found);
    o = (struct lb_suggest_options){.together = "lock,flags"}; /* cannot be parted then */
    found = suggest(s, &w, &o);
    assert_int_equal(found->n, 0);
    lb_suggestions_destroy(found);
    w = touched(s, "ops", "lock");
    found = suggest(s, &w, &o);
    check_moves(s, found);
    assert_true(found->n > 0);
    for (size_t i = 0; i < found->n; i++)
        for (size_t k = 0; k < found->items[i].n_about; k++)
            if (!strcmp(found->items[i].moves[k].member, "lock"))
                assert_string_equal(found->items[i].moves[k + 1].member, "flags");
    lb_suggestions_destroy(found);
    o = (struct lb_suggest_options){.first = "lock", .together = "lock,flags"};
    found = suggest(s, &w, &o);
    assert_true(found->n > 0); /* ops moves */
    for (size_t i = 0; i < found->n; i++)
        for (size_t k = 0; k < found->items[i].n_moves; k++)
            assert_non_null(
                strstr("ops cold cold2 big tail small", found->items[i].moves[k].member));
    lb_suggestions_destroy(found);
    o = (struct lb_suggest_options){.bytes_most = 128};
    found = suggest(s, &w, &o);
    assert_true(found->n > 0);
    for (size_t i = 0; i < found->n; i++)
        assert_true(found->items[i].bytes <= 128);
    lb_suggestions_destroy(found);
    lb_structure_destroy(s);
}

/* Fields that stay are told; the others can move all the same. */
static void test_what_cannot_move(void **state)
{
    static const char *const cases[][3] = {
        {"bit", "lock", "bit is a bit-field, which shares its bytes"},
        {"as_int", "lock", "as_int shares its bytes with others (an anonymous union)"},
        {"ops,lock", "lock", "lock is both read and written"},
    };
    struct lb_structure *s = make(rows, LB_COUNT(rows), 128, 64);

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        struct lb_whatif w = touched(s, cases[i][0], cases[i][1]);
        struct lb_suggestions *found = suggest(s, &w, &anything);
        if (!strstr(found->note, cases[i][2]))
            fail_msg("'%s' does not say '%s'", found->note, cases[i][2]);
        assert_int_equal(found->n > 0, i < 2);
        lb_suggestions_destroy(found);
    }
    lb_structure_destroy(s);
}

static void refuse(struct lb_structure *s, const struct lb_suggest_options *o, int err,
                   const char *says)
{
    struct lb_whatif w = touched(s, "ops", "lock");
    struct lb_suggestions *found = NULL;
    struct lb_why why = {""};

    assert_int_equal(lb_suggest(s, &w, o, &why, &found), err);
    assert_null(found);
    if (!strstr(why.text, says))
        fail_msg("'%s' does not say '%s'", why.text, says);
}

static void test_refusals(void **state)
{
    struct lb_structure *s = make(rows, LB_COUNT(rows), 128, 64);

    (void)state;
    refuse(s, &(struct lb_suggest_options){.together = "ops,bit"}, -EINVAL,
           "bit is a bit-field, which shares its bytes, and cannot be moved");
    refuse(s, &(struct lb_suggest_options){.together = "as_int"}, -EINVAL, "an anonymous union");
    refuse(s, &(struct lb_suggest_options){.together = "ops,"}, -EINVAL, "an empty item");
    refuse(s, &(struct lb_suggest_options){.together = "ops,ownr"}, -ENOENT, "nearest: owner");
    refuse(s, &(struct lb_suggest_options){.first = "lokc"}, -ENOENT, "nearest: lock");
    refuse(s, &(struct lb_suggest_options){.first = "ops"}, -EINVAL,
           "--first ops: it lies at 8 in thing, behind lock");
    refuse(s, &(struct lb_suggest_options){.bytes_most = 100}, -EINVAL,
           "--size 100: thing has 128 bytes as it is");
    s->is_union = true;
    refuse(s, &anything, -EINVAL, "a union");
    lb_structure_destroy(s);
}

/* Where objects begin anywhere in a line, fields that are apart still meet. */
static void test_alignment(void **state)
{
    static const struct row few[] = {{"a", 0, 8, 8, 0}, {"b", 56, 8, 8, 0}, {"c", 64, 40, 8, 0}};
    struct lb_structure *s = make(few, LB_COUNT(few), 104, 8);
    struct lb_whatif w = touched(s, "a", "c");
    struct lb_suggestions *found = suggest(s, &w, &anything);
    bool seen = false;

    (void)state;
    assert_true(found->as_is.shared == 0 && found->as_is.pairs > 0);
    lb_suggestions_destroy(found);
    w = touched(s, "b", "c");
    found = suggest(s, &w, &(struct lb_suggest_options){.first = "a"});
    assert_true(found->as_is.shared > 0.5 && found->as_is.shared < 1);
    for (size_t i = 0; i < found->n; i++)
        seen |= !strcmp(found->items[i].text, "aligned to 64") &&
                found->items[i].weight.shared == 0 && found->items[i].weight.bytes == 128;
    assert_true(seen);
    lb_suggestions_destroy(found);
    lb_structure_destroy(s);
}

/* Nothing lies behind an array without a length: there is only padding. */
static void test_padding(void **state)
{
    static const struct row few[] = {{"a", 0, 8, 8, 0}, {"b", 8, 8, 8, 0}, {"rest", 16, 0, 1, 0}};
    struct lb_structure *s = make(few, LB_COUNT(few), 16, 64);
    struct lb_whatif w = touched(s, "a", "b");
    struct lb_suggestions *found = suggest(s, &w, &anything);

    (void)state;
    assert_true(found->n > 0);
    assert_string_equal(found->items[0].text, "56 bytes of padding before b");
    assert_int_equal(found->items[0].bytes, 72);
    assert_int_equal(found->items[0].whatif.fields[1].after, 64);
    for (size_t i = 0; i < found->n; i++)
        assert_int_equal(found->items[i].n_moves, 0);
    lb_suggestions_destroy(found);
    lb_structure_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_kernels_own),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_weight),
        cmocka_unit_test(test_moves_can_be_made),
        cmocka_unit_test(test_holes_and_exchanges),
        cmocka_unit_test(test_what_binds),
        cmocka_unit_test(test_what_cannot_move),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_padding),
    };

    return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
