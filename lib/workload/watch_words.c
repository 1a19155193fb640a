/* SPDX-License-Identifier: MIT
 *
 * The words that can be watched: their names, and where in what they lie.
 */
#include "workload_private.h"

#include <string.h>

const struct lb_watch_word lb_watch_words[LB_WATCHES] = {
    [LB_WATCH_COUNT] = {"count", LB_PART_LOCK, 0, 0},
    [LB_WATCH_OWNER] = {"owner", LB_PART_LOCK, 0, 8},
    [LB_WATCH_POINTER] = {"pointer", LB_PART_SLOT, 0, LB_SLOT_BYTES},
    [LB_WATCH_SEQ] = {"seq", LB_PART_SEQ, 0, LB_SEQ_BYTES},
    [LB_WATCH_VM_START] = {"vm_start", LB_PART_HEAD, 0, 8},
    [LB_WATCH_VM_END] = {"vm_end", LB_PART_HEAD, 8, 8},
    [LB_WATCH_VM_MM] = {"vm_mm", LB_PART_HEAD, 16, 8},
    [LB_WATCH_VM_PAGE_PROT] = {"vm_page_prot", LB_PART_HEAD, 24, 8},
    [LB_WATCH_VM_FLAGS] = {"vm_flags", LB_PART_HEAD, 32, 8},
    [LB_WATCH_ANON_VMA] = {"anon_vma", LB_PART_TAIL, 0, 8},
    [LB_WATCH_VM_OPS] = {"vm_ops", LB_PART_TAIL, 8, 8},
    [LB_WATCH_VM_PGOFF] = {"vm_pgoff", LB_PART_TAIL, 16, 8},
    [LB_WATCH_VM_POLICY] = {"vm_policy", LB_PART_TAIL, 48, 8},
    [LB_WATCH_MM_SEQ] = {"mm_seq", LB_PART_MM, offsetof(struct lb_mm, lock_seq), 4},
    [LB_WATCH_MM_COUNT] = {"mm_count", LB_PART_MM, offsetof(struct lb_mm, lock.count), 8},
    [LB_WATCH_MM_OWNER] = {"mm_owner", LB_PART_MM, offsetof(struct lb_mm, lock.owner), 8},
    [LB_WATCH_START] = {"start", LB_PART_HARNESS, 0, 0},
    [LB_WATCH_STOP] = {"stop", LB_PART_HARNESS, 0, 0},
    [LB_WATCH_RESULT] = {"result", LB_PART_HARNESS, 0, 0},
    [LB_WATCH_UNTOUCHED0] = {"untouched0", LB_PART_HARNESS, 0, 0},
    [LB_WATCH_UNTOUCHED1] = {"untouched1", LB_PART_HARNESS, 0, 0},
    [LB_WATCH_UNTOUCHED2] = {"untouched2", LB_PART_HARNESS, 0, 0},
    [LB_WATCH_UNTOUCHED3] = {"untouched3", LB_PART_HARNESS, 0, 0},
};

const char *lb_watch_name(enum lb_watch watch)
{
    return lb_watch_words[watch].name;
}

int lb_watch_find(const char *name)
{
    for (int i = 0; i < LB_WATCHES; i++)
        if (!strcmp(name, lb_watch_words[i].name))
            return i;
    return -1;
}
