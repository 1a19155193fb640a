/* SPDX-License-Identifier: MIT
 *
 * names: what was meant by a name that nobody knows, and what there is.
 */
#include <linebounce/base.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_near(const char *asked, const char *key, size_t *distance)
{
    size_t length = strlen(asked);

    *distance = lb_edit_distance(asked, key);
    if (*distance <= (length + 2) / 3)
        return true;
    *distance = length / 3 + 1;
    return length >= 4 && strcasestr(key, asked);
}

void lb_nearest_see_by(const char *key, const char *name, struct lb_nearest *n)
{
    size_t distance, place = 0;

    if (strlen(name) >= LB_DISTANCE_BYTES || !is_near(n->name, key, &distance))
        return;
    while (place < n->n && n->best[place].distance <= distance) {
        if (!strcmp(n->best[place].name, name))
            return;
        place++;
    }
    if (place == LB_NEAREST_MOST)
        return;
    n->n += n->n < LB_NEAREST_MOST;
    for (size_t k = n->n - 1; k > place; k--)
        n->best[k] = n->best[k - 1];
    snprintf(n->best[place].name, sizeof n->best[place].name, "%s", name);
    n->best[place].distance = distance;
}

void lb_nearest_see(const char *name, struct lb_nearest *n)
{
    lb_nearest_see_by(name, name, n);
}

const char *lb_nearest_text(const struct lb_nearest *n, char *text, size_t bytes)
{
    struct lb_canvas c = {.text = text, .bytes = bytes};

    *text = '\0';
    for (size_t i = 0; i < n->n; i++)
        lb_canvas_put(&c, "%s%s", i ? ", " : "; nearest: ", n->best[i].name);
    return text;
}

const char *lb_names_at(const struct lb_names *names, size_t i)
{
    const char *first = (const char *)names->first;

    return names->at ? names->at(i)
                     : *(const char *const *)(const void *)(first + i * names->stride_bytes);
}

const char *lb_names_list(const struct lb_names *names, char *text, size_t bytes)
{
    struct lb_canvas c = {.text = text, .bytes = bytes};

    *text = '\0';
    for (size_t i = 0; i < names->n; i++)
        if (lb_names_at(names, i))
            lb_canvas_put(&c, "%s%s", c.used ? ", " : "", lb_names_at(names, i));
    if (names->others)
        lb_canvas_put(&c, "; or %s", names->others);
    return text;
}

int lb_name_find(const struct lb_names *names, const char *name, struct lb_why *why, size_t *index)
{
    struct lb_nearest nearest = {.name = name};
    char meant[LB_DISTANCE_BYTES + 24] = "", list[LB_WHY_BYTES];

    for (size_t i = 0; i < names->n; i++) {
        const char *known = lb_names_at(names, i);
        if (known && !strcmp(name, known)) {
            *index = i;
            return 0;
        }
        if (known)
            lb_nearest_see(known, &nearest);
    }
    if (nearest.n)
        snprintf(meant, sizeof meant, ": did you mean '%s'?", nearest.best[0].name);
    return lb_fail(why, ENOENT, "unknown %s '%.60s'%s There are: %s", names->what, name,
                   nearest.n ? meant : ".", lb_names_list(names, list, sizeof list));
}
