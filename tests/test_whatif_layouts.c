/* SPDX-License-Identifier: MIT
 *
 * The layouts that moves of fields make: those that the kernel made, and what is refused.
 * Structures from BTF are cli_whatif.py's.
 */
#include <linebounce/whatif.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct lb_whatif *preset(const char *name)
{
    const struct lb_whatif *found = NULL;

    assert_int_equal(lb_whatif_find(name, NULL, &found), 0);
    return found;
}

static void test_names(void **state)
{
    const struct lb_whatif *const untouched = &lb_whatif_presets[0], *found = untouched;
    struct lb_why why = {""};

    (void)state;
    for (size_t i = 0; i < lb_n_whatif_presets; i++)
        assert_ptr_equal(preset(lb_whatif_presets[i].name), &lb_whatif_presets[i]);
    assert_int_equal(lb_whatif_find("f_rex", &why, &found), -ENOENT);
    assert_ptr_equal(found, untouched);
    assert_non_null(strstr(why.text, "f_ref"));
}

/* Linux e249056c91a2: f_ref left the line of f_mode and f_op for the end of struct file. */
static void test_before_and_after(void **state)
{
    struct lb_layout l[2];
    struct lb_why why = {""};
    uint16_t words[LB_LOADS];
    enum lb_how how;
    size_t n;

    (void)state;
    if (lb_whatif_layouts(preset("f_ref"), &why, l, &n))
        fail_msg("%s", why.text);
    assert_int_equal(n, 2);
    assert_string_equal(l[0].name, "f_ref");
    assert_string_equal(l[1].name, "f_ref:moved");
    assert_string_equal(l[1].moved_from, "f_ref");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(l[i].size_bytes, 192);
        assert_int_equal(lb_layout_loads(&l[i], 0, words), 2);
        assert_int_equal(words[0], 12);
        assert_int_equal(words[1], 16);
        assert_int_equal(lb_layout_writes(&l[i], 1, words, &how), 1);
        assert_int_equal(words[0], i ? 184 : 0);
        assert_int_equal(how, LB_HOW_ADD);
        assert_int_equal(l[i].lock_offset, words[0]);
    }
}

/* Linux 18a5daf0e497: lookups read the line of d_lockref, which others take references of. */
static void test_a_lock_that_is_taken(void **state)
{
    struct lb_whatif w = *preset("dentry");
    struct lb_layout l[2];
    struct lb_why why = {""};
    uint16_t words[LB_LOADS];
    enum lb_how how;
    size_t n;

    (void)state;
    assert_int_equal(lb_whatif_layouts(&w, &why, l, &n), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(l[i].taken, LB_HOW_TAKE);
        assert_int_equal(l[i].lock, LB_LOCK_LOCKREF);
        assert_int_equal(l[i].lock_offset, i ? 128 : 88);
        assert_int_equal(l[i].lock_room_bytes, 8);
        assert_int_equal(lb_layout_writes(&l[i], 1, words, &how), 0);
    }
    w = *preset("i_mmap");
    assert_int_equal(lb_whatif_take(&w, LB_LOCK_RWSEM40, &why), 0);
    assert_int_equal(lb_whatif_layouts(&w, &why, l, &n), 0);
    assert_int_equal(l[0].lock, LB_LOCK_RWSEM40);
    assert_int_equal(l[0].lock_offset, 56);
    assert_int_equal(lb_layout_allows(&l[0], l[0].lock, &why), 0);
    w = *preset("f_ref");
    assert_int_equal(lb_whatif_take(&w, LB_LOCK_MUTEX24, &why), 0);
    assert_int_equal(lb_whatif_layouts(&w, &why, l, &n), 0);
    assert_int_equal(lb_layout_allows(&l[0], l[0].lock, &why), -EINVAL);
    assert_string_equal(why.text, "layout 'f_ref': mutex24 needs 24 bytes, there are 8 at 0");
}

/* What is read beside what is written: on one line, in one pair of lines. */
static void closest(const struct lb_whatif *w, bool after, bool *line, bool *pair)
{
    *line = *pair = false;
    for (size_t i = 0; i < w->n_fields; i++)
        for (size_t k = 0; w->fields[i].read && k < w->n_fields; k++) {
            size_t a = lb_whatif_word(&w->fields[i], after);
            size_t b = lb_whatif_word(&w->fields[k], after);
            *line |= w->fields[k].written && a / LB_LINE_BYTES == b / LB_LINE_BYTES;
            *pair |= w->fields[k].written && a / LB_LINE_PAIR_BYTES == b / LB_LINE_PAIR_BYTES;
        }
}

/* As published: five moves part lines or join them; that of mem_cgroup makes a pair of two lines
 * that were none, and never one line of them. */
static void test_lines_of_presets(void **state)
{
    static const struct {
        const char *name;
        bool line[2], pair[2];
    } presets[] = {
        {"mmap_lock", {false, true}, {false, true}}, {"page_counter", {true, false}, {true, false}},
        {"i_mmap", {true, false}, {true, true}},     {"f_ref", {true, false}, {true, false}},
        {"dentry", {true, false}, {true, false}},    {"mem_cgroup", {false, false}, {false, true}},
    };

    (void)state;
    assert_int_equal(LB_COUNT(presets), lb_n_whatif_presets);
    for (size_t i = 0; i < LB_COUNT(presets); i++)
        for (int after = 0; after < 2; after++) {
            bool line, pair;
            closest(preset(presets[i].name), after, &line, &pair);
            assert_int_equal(line, presets[i].line[after]);
            assert_int_equal(pair, presets[i].pair[after]);
        }
}

static void test_words(void **state)
{
    const struct lb_whatif_field f = {.name = "f", .before = 12, .after = 71};

    (void)state;
    assert_int_equal(lb_whatif_word(&f, false), 8);
    assert_int_equal(lb_whatif_word(&f, true), 64);
}

static void refuse(const struct lb_whatif *w, const char *says)
{
    struct lb_layout l[2];
    struct lb_why why = {""};
    size_t n = 77;

    memset(l, 0x5a, sizeof l);
    assert_int_equal(lb_whatif_layouts(w, &why, l, &n), -EINVAL);
    assert_int_equal(n, 77);
    assert_int_equal(l[0].name[0], 0x5a);
    if (!strstr(why.text, says))
        fail_msg("'%s' does not say '%s'", why.text, says);
}

static void test_refusals(void **state)
{
    struct lb_whatif w = *preset("f_ref");
    struct lb_why why = {""};

    (void)state;
    w.bytes_after = 184;
    refuse(&w, "f_ref at 184 lies past the end (184 bytes)");
    w = *preset("f_ref");
    w.fields[0].read = w.fields[1].read = false;
    refuse(&w, "no field is read");
    w = *preset("f_ref");
    w.fields[2].written = false;
    refuse(&w, "no field is written");
    w = *preset("dentry");
    w.fields[0].written = true;
    w.fields[0].before = 92;
    w.fields[0].after = 92;
    refuse(&w, "d_seq at 92 lies in the lock d_lockref, which is taken");
    w = *preset("f_ref");
    w.fields[2].written = false;
    assert_int_equal(lb_whatif_take(&w, LB_LOCK_LOCKREF, &why), -EINVAL);
    w = *preset("f_ref");
    memset(w.name, 'x', sizeof w.name - 1);
    refuse(&w, "is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_before_and_after),
        cmocka_unit_test(test_a_lock_that_is_taken),
        cmocka_unit_test(test_lines_of_presets),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests_name("whatif_layouts", tests, NULL, NULL);
}
