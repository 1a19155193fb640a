/* SPDX-License-Identifier: MIT
 *
 * Which generation a kernel is of, as its BTF says.
 */
#include "structure_private.h"

#include <errno.h>

static bool offset_of(const struct lb_structure *s, const char *name, uint16_t *offset,
                      size_t *bytes)
{
    const struct lb_member *m;

    if (lb_structure_find_member(s, name, NULL, &m) || m->offset > UINT16_MAX)
        return false;
    *offset = (uint16_t)m->offset;
    *bytes = m->bytes;
    return true;
}

/* is_rwsem_reader_owned became a function of its own with what makes up_read clear owner:
 * Linux 6.17 with DETECT_HUNG_TASK_BLOCKER, or any with DEBUG_RWSEMS. */
static enum lb_rules rules_of(const struct lb_structure *mm, const char *file)
{
    const struct lb_member *m;

    if (lb_structure_find_member(mm, "mm_lock_seq.sequence", NULL, &m))
        return LB_RULES_PLAIN;
    return lb_btf_has_function(file, "is_rwsem_reader_owned") ? LB_RULES_CLEARING
                                                              : LB_RULES_SEQCOUNT;
}

static int make(const struct lb_structure *mm, const char *file, struct lb_why *why,
                struct lb_generation *generation)
{
    struct lb_mm_words words;
    size_t lock_bytes, bytes;
    int err;

    if (!offset_of(mm, "mmap_lock", &words.lock, &lock_bytes) ||
        !offset_of(mm, "mm_lock_seq", &words.seq, &bytes))
        return lb_fail(why, ENOENT, "%s: its mm_struct has no mm_lock_seq: no lock in each VMA",
                       mm->source);
    if (lock_bytes != sizeof(struct lb_rwsem40) && lock_bytes != sizeof(struct lb_rwsem32))
        return lb_fail(why, ENOENT, "%s: its mmap_lock has %zu bytes: made otherwise", mm->source,
                       lock_bytes);
    if (!offset_of(mm, "vma_writer_wait", &words.writer_wait, &bytes))
        words.writer_wait = (uint16_t)((words.seq + 11) & ~7); /* where it would have had to lie */
    err = lb_generation_make(rules_of(mm, file),
                             lock_bytes == sizeof(struct lb_rwsem40) ? LB_LOCK_RWSEM40
                                                                     : LB_LOCK_RWSEM32,
                             words, generation);
    return err ? lb_fail(why, -err, "%s: the words of its mm_struct %s", mm->source,
                         err == -ERANGE ? "lie too far apart" : "overlap or are not aligned")
               : 0;
}

int lb_generation_read(const char *file, struct lb_why *why, struct lb_generation *generation)
{
    struct lb_structure *mm;
    int err = lb_structure_read(file, "mm_struct", 0, why, &mm);

    if (err)
        return err;
    err = make(mm, file, why, generation);
    lb_structure_destroy(mm);
    return err;
}
