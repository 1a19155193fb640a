/* SPDX-License-Identifier: MIT
 *
 * lines: what lies in each line of an object, who touches it, and which lines are shared.
 */
#include <linebounce/page.h>
#include <linebounce/whatif.h>

#include "support/folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lb_lines lines_of(const char *name, enum lb_lock_kind kind)
{
    const struct lb_layout *layout;
    struct lb_lines lines;

    assert_int_equal(lb_layout_find(name, NULL, &layout), 0);
    assert_int_equal(lb_lines_init(layout, kind, NULL, &lines), 0);
    return lines;
}

static const struct lb_piece *piece(const struct lb_part *part, const char *name)
{
    for (size_t i = 0; i < part->n_pieces; i++)
        if (!strcmp(part->pieces[i].name, name))
            return &part->pieces[i];
    fail_msg("no %s", name);
    return NULL;
}

/* Whether the n-th line is shared, a digit a line. */
static void assert_shared(const struct lb_part *part, const char *expected)
{
    char shared[65] = "";

    for (size_t i = 0; i < lb_part_lines(part) && i < 64; i++)
        shared[i] = lb_line_use(part, i).shared ? '1' : '0';
    assert_string_equal(shared, expected);
}

static void test_shared_lines(void **state)
{
    static const struct {
        const char *layout;
        enum lb_lock_kind kind;
        const char *object, *apart;
    } cases[] = {
        {"pointer", LB_LOCK_RWSEM40, "000", "0"},
        {"pointer-256", LB_LOCK_RWSEM40, "0000", "0"},
        {"embedded", LB_LOCK_RWSEM40, "1000", ""},
        {"embedded-split", LB_LOCK_RWSEM40, "1000", ""}, /* the owner's line holds no field */
        {"embedded-own-line", LB_LOCK_RWSEM40, "0000", ""},
        {"padded", LB_LOCK_RWSEM40, "000000", ""},
        {"refcount", LB_LOCK_REFCOUNT, "000", ""},
        /* Only who writes the count reads the sequence number beside it. */
        {"refcount-seq", LB_LOCK_REFCOUNT, "000", ""},
        /* Readers compare what only writers change. */
        {"refcount", LB_LOCK_SEQCOUNT, "001", ""},
    };

    (void)state;
    for (size_t i = 0; i < LB_COUNT(cases); i++) {
        struct lb_lines lines = lines_of(cases[i].layout, cases[i].kind);
        assert_shared(&lines.object, cases[i].object);
        assert_shared(&lines.apart, cases[i].apart);
        lb_lines_finish(&lines);
    }
}

static void test_pieces(void **state)
{
    struct lb_lines lines = lines_of("embedded", LB_LOCK_RWSEM40);
    const struct lb_part *o = &lines.object;
    size_t lock_bytes = 0;

    (void)state;
    assert_string_equal(lines.lock, "rwsem40");
    assert_int_equal(o->size_bytes, 208);
    assert_int_equal(o->stride_bytes, 256);
    assert_int_equal(o->n_starts, 1);
    assert_int_equal(lines.apart.n_pieces, 0);
    assert_int_equal(piece(o, "vm_end")->offset, 8);
    assert_int_equal(piece(o, "vm_end")->reads, LB_BY_EVERY_OP);
    assert_int_equal(piece(o, "lock_seq")->reads, LB_BY_LOCKING);
    assert_int_equal(piece(o, "vm_file")->kind, LB_PIECE_OTHER); /* no op looks at it */
    assert_int_equal(piece(o, "count")->offset, 48);
    assert_int_equal(piece(o, "owner")->offset, 56);
    assert_int_equal(piece(o, "owner")->writes, LB_BY_LOCKING);
    for (size_t i = 0; i < o->n_pieces; i++) {
        assert_true(!i || o->pieces[i].offset >= o->pieces[i - 1].offset);
        if (o->pieces[i].kind == LB_PIECE_WORD || o->pieces[i].kind == LB_PIECE_LOCK)
            lock_bytes += o->pieces[i].bytes;
    }
    assert_int_equal(lock_bytes, 40);
    lb_lines_finish(&lines);
}

/* Every kind's bytes are drawn once, whatever the order of its words. */
static void test_locks_are_whole(void **state)
{
    (void)state;
    for (int kind = 0; kind < LB_LOCK_KINDS; kind++) {
        struct lb_lines lines = lines_of("pointer", (enum lb_lock_kind)kind);
        size_t end = 0, words = 0;
        for (size_t i = 0; i < lines.apart.n_pieces; i++) {
            const struct lb_piece *p = &lines.apart.pieces[i];
            assert_int_equal(p->offset, end);
            end += p->bytes;
            words += p->kind == LB_PIECE_WORD;
        }
        assert_int_equal(end, lb_lock_info((enum lb_lock_kind)kind)->bytes);
        assert_true(words >= 1);
        lb_lines_finish(&lines);
    }
}

static void test_starts(void **state)
{
    struct lb_lines lines = lines_of("pointer", LB_LOCK_RWSEM40);

    (void)state;
    assert_int_equal(lines.object.n_starts, 4);
    assert_int_equal(lines.object.starts[1], 48);
    assert_int_equal(lines.apart.stride_bytes, 40);
    assert_int_equal(lines.apart.n_starts, 8);
    assert_int_equal(lines.pairs_sharing, 51);
    lb_lines_finish(&lines);
}

static void check_moved(const struct lb_layout *layout, const char *from, bool expected)
{
    struct lb_lines lines;
    bool shared = false, takes = lb_how_takes(layout->taken);

    assert_int_equal(lb_lines_init(layout, layout->lock, NULL, &lines), 0);
    for (size_t line = 0; line < lb_part_lines(&lines.object); line++)
        shared |= lb_line_use(&lines.object, line).shared;
    for (size_t p = 0; p < lines.object.n_pieces; p++)
        assert_true(takes || lines.object.pieces[p].kind != LB_PIECE_WORD);
    assert_string_equal(lines.lock, takes ? "lockref" : "");
    assert_string_equal(lines.moved_from, from);
    assert_int_equal(shared, expected);
    lb_lines_finish(&lines);
}

/* What the kernel moved: but for two, some line was read by one and written by another, and none is
 * afterwards. */
static void test_moves(void **state)
{
    (void)state;
    for (size_t i = 0; i < lb_n_whatif_presets; i++) {
        const struct lb_whatif *w = &lb_whatif_presets[i];
        bool together = !strcmp(w->name, "mmap_lock");   /* its two words came into one line */
        bool in_a_pair = !strcmp(w->name, "mem_cgroup"); /* of lines, not in one */
        struct lb_layout layouts[2];
        size_t n;
        assert_int_equal(lb_whatif_layouts(w, NULL, layouts, &n), 0);
        assert_int_equal(n, 2);
        check_moved(&layouts[0], "", !together && !in_a_pair);
        check_moved(&layouts[1], w->name, together);
    }
}

static void assert_sentence(unsigned reads, unsigned writes, const char *expected)
{
    char sentence[LB_LINE_SENTENCE_BYTES];

    lb_line_sentence((struct lb_line_use){reads, writes, false}, sentence);
    assert_string_equal(sentence, expected);
}

static void test_sentences(void **state)
{
    (void)state;
    assert_sentence(0, 0, "");
    assert_sentence(LB_BY_EVERY_OP, 0, "every op reads");
    assert_sentence(0, LB_BY_LOCKING, "whoever locks writes");
    assert_sentence(LB_BY_LOCKING, LB_BY_LOCKING, "whoever locks reads and writes");
    assert_sentence(LB_BY_EVERY_OP, LB_BY_LOCKING, "every op reads, whoever locks writes");
    assert_sentence(LB_BY_FIRST, LB_BY_SECOND, "readers read, writers write");
    for (unsigned by = 1; by < 1u << LB_BY_BITS; by++)
        assert_string_equal(lb_by_name(lb_by_find(lb_by_name(by))), lb_by_name(by));
    assert_int_equal(lb_by_find("nobody"), 0);
}

static void test_refusals(void **state)
{
    const struct lb_layout *layout;
    struct lb_lines lines;
    struct lb_why why = {""};

    (void)state;
    assert_int_equal(lb_layout_find("refcount-seq", NULL, &layout), 0);
    assert_int_equal(lb_lines_init(layout, LB_LOCK_RWSEM40, &why, &lines), -EINVAL);
    assert_non_null(strstr(why.text, "refcount-seq"));
}

static void assert_same_part(const struct lb_part *a, const struct lb_part *b)
{
    assert_int_equal(a->n_pieces, b->n_pieces);
    assert_int_equal(a->size_bytes, b->size_bytes);
    assert_int_equal(a->stride_bytes, b->stride_bytes);
    assert_int_equal(a->n_starts, b->n_starts);
    assert_memory_equal(a->starts, b->starts, a->n_starts * sizeof *a->starts);
    for (size_t i = 0; i < a->n_pieces; i++) {
        const struct lb_piece *x = &a->pieces[i], *y = &b->pieces[i];
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->offset, y->offset);
        assert_int_equal(x->bytes, y->bytes);
        assert_int_equal(x->kind, y->kind);
        assert_int_equal(x->reads, y->reads);
        assert_int_equal(x->writes, y->writes);
    }
}

/* All built-in layouts into a file and back. */
static void test_file(void **state)
{
    struct lb_lines *back;
    struct lb_csv *csv;
    char path[256];
    size_t n;

    (void)state;
    snprintf(path, sizeof path, "%s/lines.csv", folder);
    assert_int_equal(lb_lines_read(path, NULL, &back, &n), -ENOENT);
    assert_int_equal(lb_csv_create(&lb_schema_lines, path, NULL, &csv), 0);
    for (size_t i = 0; i < lb_n_layouts; i++) {
        struct lb_lines lines = lines_of(lb_layouts[i].name, lb_layouts[i].lock);
        assert_int_equal(lb_lines_write(&lines, csv, NULL), 0);
        lb_lines_finish(&lines);
    }
    lb_csv_close(csv);
    assert_int_equal(lb_lines_read(path, NULL, &back, &n), 0);
    assert_int_equal(n, lb_n_layouts);
    for (size_t i = 0; i < n; i++) {
        struct lb_lines lines = lines_of(lb_layouts[i].name, lb_layouts[i].lock);
        assert_string_equal(back[i].name, lines.name);
        assert_string_equal(back[i].lock, lines.lock);
        assert_string_equal(back[i].meaning, lines.meaning);
        assert_int_equal(back[i].pairs_sharing, lines.pairs_sharing);
        assert_same_part(&back[i].object, &lines.object);
        assert_same_part(&back[i].apart, &lines.apart);
        lb_lines_finish(&lines);
    }
    lb_lines_drop(back, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_lines),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_locks_are_whole),
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test_setup_teardown(test_file, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
