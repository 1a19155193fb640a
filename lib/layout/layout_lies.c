/* SPDX-License-Identifier: MIT
 *
 * Where a lock lies among the fields that ops touch.
 */
#include "layout_private.h"

static bool meets(size_t a, size_t a_bytes, size_t b, size_t b_bytes, size_t unit)
{
    return a / unit <= (b + b_bytes - 1) / unit && b / unit <= (a + a_bytes - 1) / unit;
}

/* The lock of the middle one of three objects in a row that begin `start` bytes into a unit. */
static bool touched_at(const struct lb_layout *l, size_t lock_bytes, size_t stride, size_t start,
                       size_t unit)
{
    struct lb_field fields[LB_FIELDS_MOST];
    size_t n = lb_layout_fields(l, fields), lock = start + stride + l->lock_offset;

    for (size_t i = 0; i < n; i++)
        for (size_t object = 0; object < 3 && fields[i].touched; object++)
            if (meets(lock, lock_bytes, start + object * stride + fields[i].offset, fields[i].bytes,
                      unit))
                return true;
    return false;
}

/* Whether a field that ops touch lies on a unit of the lock's, wherever objects may begin. */
static bool touched(const struct lb_layout *l, size_t lock_bytes, size_t unit)
{
    size_t align = l->align_bytes ? l->align_bytes : 1;
    size_t stride = (l->size_bytes + align - 1) / align * align;

    for (size_t start = 0; start < unit; start += align)
        if (touched_at(l, lock_bytes, stride, start, unit))
            return true;
    return false;
}

enum lb_lies lb_layout_lies(const struct lb_layout *l, enum lb_lock_kind lock)
{
    const struct lb_lock_info *info = lb_lock_info(lock);

    if (l->separate)
        return LB_LIES_APART;
    if (lock == LB_LOCK_REFCOUNT && !l->structure) /* of a structure it may stand for a spinlock */
        return LB_LIES_COUNT;
    if (touched(l, info->bytes, LB_LINE_BYTES))
        return LB_LIES_AMONG;
    return touched(l, info->bytes, LB_LINE_PAIR_BYTES) ? LB_LIES_LINE : LB_LIES_LINE_PAIR;
}

const char *lb_lies_name(enum lb_lies lies)
{
    static const char *const names[LB_LIES] = {
        [LB_LIES_NOWHERE] = "nowhere", [LB_LIES_APART] = "apart",    [LB_LIES_AMONG] = "among",
        [LB_LIES_LINE] = "line",       [LB_LIES_LINE_PAIR] = "pair", [LB_LIES_COUNT] = "count",
    };

    return names[lies];
}
