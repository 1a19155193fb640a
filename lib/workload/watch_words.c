/* SPDX-License-Identifier: MIT
 *
 * The words that can be watched: their names, and where in what they lie.
 */
#include "workload_private.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

const struct lb_watch_word lb_watch_words[LB_WATCHES] = {
    [LB_WATCH_COUNT] = {"count", LB_PART_LOCK, 0, 0},
    [LB_WATCH_OWNER] = {"owner", LB_PART_LOCK, 0, 8},
    [LB_WATCH_POINTER] = {"pointer", LB_PART_SLOT, 0, LB_SLOT_BYTES},
    [LB_WATCH_SEQ] = {"seq", LB_PART_SEQ, 0, LB_SEQ_BYTES},
    [LB_WATCH_FIELD] = {"FIELD", LB_PART_FIELD, 0, 0},
    [LB_WATCH_MM_SEQ] = {"mm_seq", LB_PART_MM, 0, 4},
    [LB_WATCH_MM_COUNT] = {"mm_count", LB_PART_MM, offsetof(struct lb_rwsem40, count), 8},
    [LB_WATCH_MM_OWNER] = {"mm_owner", LB_PART_MM, offsetof(struct lb_rwsem40, owner), 8},
    [LB_WATCH_MM_WAIT] = {"mm_wait", LB_PART_MM, 0, 8},
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

const char *lb_word_name(const struct lb_word *word)
{
    return word->watch == LB_WATCH_FIELD ? word->field : lb_watch_words[word->watch].name;
}

static bool is_field_name(const char *name)
{
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '_' && *name != '.')
            return false;
    return true;
}

int lb_word_parse(const char *name, struct lb_why *why, struct lb_word *word)
{
    struct lb_word w = {LB_WATCH_FIELD, ""};

    for (int i = 0; i < LB_WATCHES; i++)
        if (i != LB_WATCH_FIELD && !strcmp(name, lb_watch_words[i].name)) {
            *word = (struct lb_word){(enum lb_watch)i, ""};
            return 0;
        }
    if (!is_field_name(name) || strlen(name) >= sizeof w.field)
        return lb_fail(why, EINVAL, "bp:%.80s: neither a word that is known nor a field's name",
                       name);
    memcpy(w.field, name, strlen(name) + 1);
    *word = w;
    return 0;
}

int lb_watch_none(struct lb_why *why, const struct lb_word *word, const char *reason)
{
    return lb_fail(why, ENOENT, "watch %s: %s", lb_word_name(word), reason);
}
