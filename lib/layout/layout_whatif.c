/* SPDX-License-Identifier: MIT
 *
 * The moves that the kernel made, and the layouts that a described structure makes, as it is
 * and moved.
 */
#include <linebounce/whatif.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORD sizeof(uint64_t)

#define READ(NAME, BEFORE, AFTER)                                                                  \
    {                                                                                              \
        .name = NAME, .before = BEFORE, .after = AFTER, .read = true                               \
    }
/* With the room that a lock has there. */
#define WRITTEN(NAME, BEFORE, AFTER, BYTES)                                                        \
    {                                                                                              \
        .name = NAME, .before = BEFORE, .after = AFTER, .bytes = BYTES, .written = true            \
    }
#define LOCKED(NAME, BEFORE, AFTER, BYTES)                                                         \
    {                                                                                              \
        .name = NAME, .before = BEFORE, .after = AFTER, .bytes = BYTES, .written = true,           \
        .locked = true                                                                             \
    }

#define MOVED(BEFORE, AFTER, ALIGN)                                                                \
    .bytes_before = (BEFORE), .bytes_after = (AFTER), .align_before = (ALIGN),                     \
    .align_after = (ALIGN), .moved = true

/* Offsets of the kernel's structures around the commit named; what was published stands there too.
 * A rw-semaphore's count and owner are the words of its 40 bytes at +0 and +8. */
const struct lb_whatif lb_whatif_presets[] = {
    {.name = "mmap_lock",
     .structure = "struct mm_struct",
     .source = "57efa1fe5957: mmap_lock from 120 to 128",
     MOVED(1024, 1024, 64),
     .fields = {READ("mmap_lock.owner", 128, 136), WRITTEN("mmap_lock.count", 120, 128, 40)},
     .n_fields = 2,
     .write = LB_HOW_ADD,
     .published = "will-it-scale mmap1, threads: -9.2 % (48 threads, 2-socket Ice Lake)"},
    {.name = "page_counter",
     .structure = "struct page_counter",
     .source = "802f1d522d5f: usage parted from max and parent",
     MOVED(112, 192, 64),
     .fields = {READ("max", 32, 32), READ("parent", 40, 40), WRITTEN("usage", 0, 128, 8)},
     .n_fields = 3,
     .write = LB_HOW_ADD,
     .published = "will-it-scale malloc1 +8.9 %, page_fault2 +9.9 %"},
    {.name = "i_mmap",
     .structure = "struct address_space",
     .source = "d3b1a9a778e1: i_mmap parted from i_mmap_rwsem",
     MOVED(192, 192, 64),
     .fields = {READ("i_mmap", 0, 0), WRITTEN("i_mmap_rwsem.count", 56, 64, 40)},
     .n_fields = 2,
     .write = LB_HOW_ADD,
     .published = "execl +3.9 %"},
    {.name = "f_ref",
     .structure = "struct file",
     .source = "e249056c91a2: f_ref from 0 to the end",
     MOVED(192, 192, 64),
     .fields = {READ("f_mode", 12, 12), READ("f_op", 16, 16), WRITTEN("f_ref", 0, 184, 8)},
     .n_fields = 3,
     .write = LB_HOW_ADD,
     .published = "readwhilewriting +1.3, 2.2, 7.2, 20.9 % at 16, 32, 64, 128 threads"},
    /* include/linux/dcache.h: before (Linux 6.0) d_iname has 32 bytes from 56 on and d_lockref lies
     * behind it; after, d_iname has 40, d_op, d_sb, d_time and d_fsdata follow, and d_lockref
     * begins line 2, as BTF of Linux 6.18 has it. A name of over 8 letters goes on in the second
     * line; who looks the file up takes a reference and drops it. */
    {.name = "dentry",
     .structure = "struct dentry",
     .source = "18a5daf0e497: d_lockref from 88 to 128",
     MOVED(192, 192, 64),
     .fields = {READ("d_seq", 4, 4), READ("d_hash", 8, 8), READ("d_parent", 24, 24),
                READ("d_name", 32, 32), READ("d_inode", 48, 48), READ("d_iname.8", 64, 64),
                LOCKED("d_lockref", 88, 128, 8)},
     .n_fields = 7,
     .write = LB_HOW_TAKE,
     .lock = LB_LOCK_LOCKREF,
     .published = "stat of one file +55 % (20 threads, Sapphire Rapids)"},
    /* The two lines alone, as they lay to each other: where in the structure depends on a kernel's
     * configuration. include/linux/memcontrol.h of Linux 5.10: behind _pad1_ moving_account,
     * move_lock_task, vmstats_local (+16) and vmstats_percpu (+24), behind _pad2_ the array vmstats
     * (+64). The commit took a page counter out of what lies before, so that two lines that were of
     * different pairs became 2N and 2N + 1. It is an object of 4 KiB in its slab, so pairs of lines
     * are pairs. The two never share a line: only where the adjacent-line prefetcher fetches both
     * can there be a loss, and with it off none was published. */
    {.name = "mem_cgroup",
     .structure = "struct mem_cgroup",
     .source = "bd0b230fe145: vmstats beside the pointers to its parts in one pair of lines",
     MOVED(256, 256, 128),
     .fields = {READ("vmstats_local", 80, 144), READ("vmstats_percpu", 88, 152),
                WRITTEN("vmstats", 128, 192, 8)},
     .n_fields = 3,
     .write = LB_HOW_ADD,
     .published =
         "page_fault2 -22.7 % (Haswell, 4 sockets), -7.7 % (Cascade Lake, 2); none with the "
         "adjacent-line prefetcher off"},
};
const size_t lb_n_whatif_presets = LB_COUNT(lb_whatif_presets);

static const char *name_at(size_t i)
{
    return lb_whatif_presets[i].name;
}

int lb_whatif_find(const char *name, struct lb_why *why, const struct lb_whatif **preset)
{
    const struct lb_names names = {.what = "preset", .at = name_at, .n = lb_n_whatif_presets};
    size_t found;
    int err = lb_name_find(&names, name, why, &found);

    if (!err)
        *preset = &lb_whatif_presets[found];
    return err;
}

int lb_whatif_take(struct lb_whatif *w, enum lb_lock_kind kind, struct lb_why *why)
{
    bool found = false;

    for (size_t i = 0; i < w->n_fields; i++)
        found |= w->fields[i].locked;
    for (size_t i = 0; !found && i < w->n_fields; i++)
        found = w->fields[i].locked = w->fields[i].written;
    if (!found)
        return lb_fail(why, EINVAL, "whatif: %s: no field is written that could be a lock",
                       w->structure);
    w->lock = kind;
    if (!lb_how_takes(w->write))
        w->write = LB_HOW_TAKE;
    return 0;
}

size_t lb_whatif_word(const struct lb_whatif_field *f, bool after)
{
    return (after ? f->after : f->before) / WORD * WORD;
}

/* The field itself has to lie in the structure; its word may go on behind the end. */
static int check_end(const struct lb_whatif *w, const struct lb_whatif_field *f, bool after,
                     struct lb_why *why)
{
    size_t at = after ? f->after : f->before, bytes = after ? w->bytes_after : w->bytes_before;

    if (at < bytes && (f->bytes ? f->bytes : 1) <= bytes - at)
        return 0;
    return lb_fail(why, EINVAL, "whatif: %s: %s at %zu lies past the end (%zu bytes)", w->structure,
                   f->name, at, bytes);
}

static const struct lb_whatif_field *locked_field(const struct lb_whatif *w)
{
    for (size_t i = 0; lb_how_takes(w->write) && i < w->n_fields; i++)
        if (w->fields[i].locked)
            return &w->fields[i];
    return NULL;
}

/* What is stored to under the lock may not be the lock. */
static int check_apart(const struct lb_whatif *w, const struct lb_whatif_field *f, bool after,
                       struct lb_why *why)
{
    const struct lb_whatif_field *lock = locked_field(w);
    size_t at = after ? f->after : f->before;

    if (!lock || f == lock || !f->written)
        return 0;
    size_t start = after ? lock->after : lock->before;
    if (at + (f->bytes ? f->bytes : 1) <= start || at >= start + lock->bytes)
        return 0;
    return lb_fail(why, EINVAL, "whatif: %s: %s at %zu lies in the lock %s, which is taken",
                   w->structure, f->name, at, lock->name);
}

static int add_field(const struct lb_whatif *w, const struct lb_whatif_field *f, bool after,
                     struct lb_why *why, struct lb_layout *l)
{
    bool taken = lb_how_takes(w->write);
    struct lb_access access = {.offset = (uint16_t)(after ? f->after : f->before),
                               .bytes = (uint16_t)f->bytes};
    int err = check_end(w, f, after, why);

    if (!err)
        err = check_apart(w, f, after, why);
    if (!err && f->read) {
        access.how = LB_HOW_LOAD;
        access.roles = LB_ROLE_BIT(0);
        err = lb_layout_add(l, f->name, access, why);
    }
    if (!err && f->written && f != locked_field(w)) {
        access.how = taken ? LB_HOW_STORE : (uint8_t)w->write;
        access.roles = LB_ROLE_BIT(1);
        err = lb_layout_add(l, f->name, access, why);
    }
    return err;
}

/* The lock is the first word that is written, so that it lies where the round's line was drawn;
 * nobody locks it unless the structure says so. */
static int place_lock(const struct lb_whatif *w, bool after, struct lb_why *why,
                      struct lb_layout *l)
{
    const struct lb_whatif_field *lock = locked_field(w);
    uint16_t words[LB_LOADS];
    enum lb_how how;
    bool read = lb_layout_loads(l, 0, words);

    if (read && lock) {
        l->lock = w->lock;
        l->lock_offset = after ? lock->after : lock->before;
        l->lock_room_bytes = lock->bytes ? lock->bytes : WORD;
        return 0;
    }
    if (!read || !lb_layout_writes(l, 1, words, &how))
        return lb_fail(why, EINVAL, "whatif: %s: no field is %s (--%s)", w->structure,
                       read ? "written" : "read", read ? "write" : "read");
    l->lock_offset = words[0];
    return 0;
}

static int make_layout(const struct lb_whatif *w, bool after, struct lb_why *why,
                       struct lb_layout *l)
{
    size_t bytes = after ? w->bytes_after : w->bytes_before;
    int err = 0;

    *l = (struct lb_layout){.size_bytes = (bytes + WORD - 1) / WORD * WORD,
                            .align_bytes = after ? w->align_after : w->align_before,
                            .lock_room_bytes = WORD,
                            .lock_align_bytes = WORD,
                            .lock = LB_LOCK_LOCKED_ADDS,
                            .taken = lb_how_takes(w->write) ? w->write : LB_HOW_LOAD,
                            .generation = *w->generation.name ? &w->generation : NULL,
                            .seq_offset = LB_NO_SEQ};
    snprintf(l->name, sizeof l->name, "%s", w->name);
    for (size_t i = 0; !err && i < w->n_fields; i++)
        err = add_field(w, &w->fields[i], after, why, l);
    return err ? err : place_lock(w, after, why, l);
}

int lb_whatif_layouts(const struct lb_whatif *w, struct lb_why *why, struct lb_layout layouts[2],
                      size_t *n)
{
    struct lb_layout made[2];
    int err = make_layout(w, false, why, &made[0]);

    if (!err && w->moved)
        err = make_layout(w, true, why, &made[1]);
    if (err)
        return err;
    for (int i = 0; i <= w->moved; i++) {
        int n_name =
            snprintf(made[i].name, sizeof made[i].name, "%s%s", w->name, i ? ":moved" : "");
        if (n_name < 0 || (size_t)n_name >= sizeof made[i].name)
            return lb_fail(why, EINVAL, "whatif: the name %s is too long: give another (name=)",
                           w->name);
        snprintf(made[i].meaning, sizeof made[i].meaning, "%.47s %s", w->structure,
                 i ? "as moved" : "as it is");
        if (i)
            memcpy(made[i].moved_from, made[0].name, sizeof made[i].moved_from);
    }
    memcpy(layouts, made, (w->moved ? 2 : 1) * sizeof *made);
    *n = w->moved ? 2 : 1;
    return 0;
}
