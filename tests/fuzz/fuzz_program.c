/* SPDX-License-Identifier: MIT
 *
 * What is said of a program: the first part is what stands behind "pahole:FILE:" and "dwarf:FILE:",
 * the rest a file, which is given to all three readers: as pahole's text, as a report of perf c2c
 * and as a program with DWARF. What they take lies within what they say it lies in.
 */
#include "fuzz.h"

#include <linebounce/whatif.h>

#include <string.h>

static void check_structure(const struct lb_structure *s)
{
    const struct lb_member *lock;
    struct lb_why why = {""};

    for (size_t i = 0; i < s->n_members; i++) {
        const struct lb_member *m = &s->members[i];
        expect(m->parent < (int)i);
        expect(m->offset <= s->bytes && m->bytes <= s->bytes - m->offset);
        expect(m->align_bytes && m->offset % m->align_bytes == 0);
    }
    expect(!lb_structure_find_lock(s, NULL, &why, &lock) || *why.text);
}

static void try_form(const char *form, const char *file, const char *rest)
{
    struct lb_structure *s;
    struct lb_layout layout;
    struct lb_why why = {""};
    char *text, drawing[16384];

    expect(asprintf(&text, "%s:%s:%s", form, file, rest) > 0);
    if (!lb_layout_read(text, &why, &s, &layout)) {
        check_structure(s);
        expect(lb_layout_draw(&layout, layout.lock, drawing, sizeof drawing) > 0);
        lb_structure_destroy(s);
    } else {
        expect(*why.text);
    }
    text[lb_layout_comma(text) ? lb_layout_comma(text) - text : (long)strlen(text)] = '\0';
    if (!lb_layout_source_read(text, "none", &why, NULL, &s)) {
        check_structure(s);
        lb_structure_destroy(s);
    }
    free(text);
}

static void try_c2c(const char *file)
{
    struct lb_why why = {""};
    struct lb_c2c *report;
    struct lb_whatif whatif;
    struct lb_layout layouts[2];
    size_t n;

    if (lb_c2c_read(file, &why, &report)) {
        expect(*why.text);
        return;
    }
    for (size_t i = 0; i < report->n_lines; i++) {
        const struct lb_c2c_line *line = &report->lines[i];
        struct lb_whatif_options o = {.line = line, .line_at = LB_C2C_ANYWHERE, .write_how = -1};
        for (size_t k = 1; k < line->n_touches; k++)
            expect(line->touches[k - 1].offset < line->touches[k].offset);
        if (!line->n_touches || lb_whatif_of_structure(NULL, &o, &why, &whatif))
            continue;
        expect(!lb_whatif_layouts(&whatif, &why, layouts, &n) || *why.text);
    }
    lb_c2c_destroy(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *rest = fuzz_part(&data, &size);
    const char *file = fuzz_file("program", data, size);

    try_form("pahole", file, rest);
    try_form("dwarf", file, rest);
    try_c2c(file);
    free(rest);
    return 0;
}
