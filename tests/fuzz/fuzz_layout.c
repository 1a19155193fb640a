/* SPDX-License-Identifier: MIT
 *
 * Layouts as text ("NAME:size=256,lock=192"). What is taken keeps all words of an op inside the
 * object, for every kind of lock that it allows, and can be drawn.
 */
#include "fuzz.h"

#include <linebounce/layout.h>

static void check_kind(const struct lb_layout *l, enum lb_lock_kind kind)
{
    struct lb_geometry g;
    struct lb_why why;
    char text[8192], cut[10];

    if (lb_layout_allows(l, kind, &why) || lb_geometry_init(l, kind, &why, &g))
        return;
    size_t bytes = g.object.stride_bytes;
    expect(l->separate || l->lock_offset + lb_lock_info(kind)->bytes <= bytes);
    expect(!l->indirect || l->slot_offset + LB_SLOT_BYTES <= bytes);
    expect((size_t)l->seq_offset + LB_SEQ_BYTES <= bytes);
    for (size_t i = 0; i < l->n_accesses; i++)
        expect(l->accesses[i].offset + l->accesses[i].bytes <= bytes);
    expect(lb_layout_draw(l, kind, text, sizeof text) == lb_layout_draw(l, kind, cut, sizeof cut));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct lb_why why = {""};
    struct lb_layout layout;
    int err = lb_layout_has_source(text) ? -1 : lb_layout_parse(text, &why, &layout);

    expect(!err || lb_layout_has_source(text) || *why.text);
    for (int kind = 0; !err && kind < LB_LOCK_KINDS; kind++)
        check_kind(&layout, (enum lb_lock_kind)kind);
    free(text);
    return 0;
}
