/* SPDX-License-Identifier: MIT
 *
 * linebounce show structure: every member of a structure, where it lies, and which are locks.
 */
#include "show_structure.h"

#include "commands.h"
#include "request/settings.h"

#include <linebounce/layout.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *words_of(const struct lb_member *m)
{
    static const char *const words[] = {"", ", PREEMPT_RT: readers", ", PREEMPT_RT: owner",
                                        ", of unknown words"};

    return words[m->words];
}

/* What a lock is, behind the member's type. */
static void print_lock(const struct lb_member *m)
{
    if (!m->lock)
        return;
    printf("  # %s%s%s", m->points ? "points to " : "", lb_structure_lock_name(m->lock),
           words_of(m));
    if (m->words == LB_WORDS_READERS || m->words == LB_WORDS_OWNER)
        printf(" at %zu of it", m->word_offset);
}

static void print_members(const struct lb_structure *s)
{
    printf("%s %s: %zu bytes, aligned to %zu, of %s\n", s->is_union ? "union" : "struct", s->name,
           s->bytes, s->align_bytes, s->source);
    for (size_t i = 0; i < s->n_members; i++) {
        const struct lb_member *m = &s->members[i];
        printf("%6zu %6zu  %s", m->offset, m->bytes, m->name);
        if (m->bits)
            printf(":%u", m->bits);
        printf(": %s", m->type);
        print_lock(m);
        putchar('\n');
    }
}

int show_structure(const struct settings *settings)
{
    const char *const *texts = settings->layout_texts.at;
    struct lb_why why = {""};

    for (size_t i = 0; i < settings->layout_texts.n; i++) {
        struct lb_structure *s;
        int err = 0;
        if (!lb_layout_has_source(texts[i]))
            err = lb_fail(&why, EINVAL,
                          "layout '%.120s': show structure takes btf:STRUCT, or btf:, dwarf: or "
                          "pahole:FILE:STRUCT",
                          texts[i]);
        else if (!(err = lb_layout_source_read(
                       texts[i], "show structure takes which= and base= here", &why, NULL, &s))) {
            print_members(s);
            lb_structure_destroy(s);
            continue;
        }
        fprintf(stderr, "linebounce: %s\n", lb_explain(&why, err, texts[i])->text);
        return err == -ENOMEM ? EXIT_NOT_MEASURED : EXIT_USAGE;
    }
    if (settings->layout_texts.n)
        return 0;
    fputs("linebounce: show structure: of which? --layout btf:STRUCT, or btf:, dwarf: or "
          "pahole:FILE:STRUCT\n",
          stderr);
    return EXIT_USAGE;
}
