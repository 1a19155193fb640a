/* SPDX-License-Identifier: MIT
 *
 * BTF. The first part is what stands behind "btf:FILE:" on the command line ("STRUCT,hot=a"), the
 * second is --read, the third --write, the fourth --move ("MEMBER=OFFSET"), and the rest the file.
 * A layout that is made of it keeps all words of an op inside the object.
 */
#include "fuzz.h"

#include <linebounce/structure.h>
#include <linebounce/whatif.h>

#include <string.h>

static void check_words(const struct lb_layout *l, const struct lb_geometry *g)
{
    size_t bytes = g->object.stride_bytes;

    expect(l->separate || l->lock_offset + lb_lock_info(l->lock)->bytes <= bytes);
    expect(!l->indirect || l->slot_offset + LB_SLOT_BYTES <= bytes);
    expect(l->seq_offset < 0 || (size_t)l->seq_offset + LB_SEQ_BYTES <= bytes);
    for (int role = 0; role < 2; role++) {
        uint16_t loads[LB_LOADS], writes[LB_WRITES_MOST];
        enum lb_how how = LB_HOW_STORE;
        for (size_t i = lb_layout_loads(l, role, loads); i-- > 0;)
            expect(loads[i] + 4u <= bytes);
        for (size_t i = lb_layout_writes(l, role, writes, &how); i-- > 0;)
            expect(writes[i] + 8u <= bytes);
    }
}

static void use_layout(const struct lb_layout *l)
{
    struct lb_why why = {""};
    struct lb_geometry g;
    char text[16384];

    if (lb_geometry_init(l, l->lock, &why, &g)) {
        expect(*why.text);
        return;
    }
    check_words(l, &g);
    expect(lb_layout_draw(l, l->lock, text, sizeof text) > 0);
}

static void try_layout(const char *text)
{
    struct lb_why why = {""};
    struct lb_structure *structure;
    struct lb_layout layout;

    if (lb_layout_read(text, &why, &structure, &layout)) {
        expect(*why.text);
        return;
    }
    use_layout(&layout);
    lb_structure_destroy(structure);
}

static void try_whatif(const char *text, const struct lb_whatif_options *options)
{
    struct lb_why why = {""};
    struct lb_layout layouts[2];
    struct lb_whatif w;
    size_t n;

    if (lb_whatif_of_structure(text, options, &why, &w) ||
        lb_whatif_layouts(&w, &why, layouts, &n)) {
        expect(*why.text);
        return;
    }
    for (size_t i = 0; i < n; i++)
        use_layout(&layouts[i]);
    for (size_t i = 0; i < w.n_fields; i++)
        expect(lb_whatif_word(&w.fields[i], true) < layouts[n - 1].size_bytes);
}

static void try_members(const char *file, const char *name)
{
    struct lb_why why = {""};
    struct lb_structure *s, *moved;
    const struct lb_member *lock;

    if (lb_structure_read(file, name, 0, &why, &s) && lb_structure_read(file, name, 1, &why, &s))
        return;
    lb_structure_find_lock(s, NULL, &why, &lock);
    for (size_t i = 0; i < s->n_members; i++) {
        struct lb_move move = {s->members[i].name, 0};
        expect(s->members[i].parent < (int)i);
        if (i < 16 && !lb_structure_move(s, &move, 1, 0, 0, &why, &moved))
            lb_structure_destroy(moved);
    }
    lb_structure_destroy(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *part[4], *text;

    for (int i = 0; i < 4; i++)
        part[i] = fuzz_part(&data, &size);
    const char *file = fuzz_file("btf", data, size);
    struct lb_whatif_options options = {.read = *part[1] ? part[1] : NULL,
                                        .write = *part[2] ? part[2] : NULL,
                                        .move = *part[3] ? part[3] : NULL,
                                        .write_how = -1};

    expect(asprintf(&text, "btf:%s:%s", file, part[0]) > 0);
    try_layout(text);
    text[strcspn(text, ",")] = '\0';
    try_whatif(text, &options);
    try_members(file, strrchr(text, ':') + 1);
    free(text);
    for (int i = 0; i < 4; i++)
        free(part[i]);
    return 0;
}
