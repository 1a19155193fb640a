/* SPDX-License-Identifier: MIT
 *
 * Placements beside one another.
 */
#include "answer_parts.h"

#include <math.h>
#include <string.h>

static bool is_measured(const struct lb_found_cell *c)
{
    return c->subject && c->measured && !c->twin && c->main_regime && isfinite(c->net);
}

void answer_panels(const struct lb_found *f, int suite, struct list *panels)
{
    bool shown = f->suites[suite].shown > 0;

    *panels = (struct list){NULL, 0};
    for (size_t i = 0; i < f->n_cells; i++) {
        const struct lb_found_cell *c = &f->cells[i], **list = panels->at;
        bool known = false;
        if (c->suite != suite || !(shown ? c->shown : is_measured(c)))
            continue;
        for (size_t k = 0; k < panels->n && !known; k++)
            known = lb_found_is_place(list[k], c);
        if (!known)
            list_add(panels, sizeof c, &c);
    }
}

static bool differ(const struct list *panels, const struct lb_found_cell *p,
                   bool (*same)(const struct lb_found_cell *, const struct lb_found_cell *))
{
    const struct lb_found_cell *const *list = panels->at;

    for (size_t i = 0; i < panels->n; i++)
        if (!same(list[i], p))
            return true;
    return false;
}

static bool same_threads(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return a->threads == b->threads;
}

static bool same_work(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return a->work_ns == b->work_ns;
}

static bool same_home(const struct lb_found_cell *a, const struct lb_found_cell *b)
{
    return !strcmp(a->home, b->home);
}

void answer_panel_name(const struct list *panels, const struct lb_found_cell *p,
                       char place[ANSWER_PANEL_BYTES], char more[ANSWER_PANEL_BYTES])
{
    char threads[24] = "", work[24] = "";

    if (differ(panels, p, same_threads) || p->threads < 2)
        snprintf(threads, sizeof threads, "%d thread%s", p->threads, p->threads == 1 ? "" : "s");
    if (differ(panels, p, same_work))
        snprintf(work, sizeof work, "%g ns", p->work_ns);
    snprintf(place, ANSWER_PANEL_BYTES, "%s", p->threads < 2 ? threads : p->placement);
    snprintf(more, ANSWER_PANEL_BYTES, "%s%s%s%s%.11s", p->threads < 2 ? "" : threads,
             *work && *threads && p->threads > 1 ? ", " : "", work,
             differ(panels, p, same_home) && (*work || (*threads && p->threads > 1)) ? ", " : "",
             differ(panels, p, same_home) ? p->home : "");
}

void answer_sum_add(const struct lb_found_cell *c, struct answer_sum *k)
{
    k->n++;
    if (!c->compared || c->unfair || c->verdict == LB_VERDICT_UNRESOLVED) {
        k->open++;
    } else if (c->verdict == LB_VERDICT_SLOWER) {
        k->worst_ns = k->slower ? fmax(k->worst_ns, c->diff) : c->diff;
        k->slower++;
    } else if (c->verdict == LB_VERDICT_FASTER) {
        k->best_ns = k->faster ? fmin(k->best_ns, c->diff) : c->diff;
        k->faster++;
    }
}

enum look_paint answer_sum_text(const struct answer_sum *k, char text[ANSWER_CELL_BYTES])
{
    if (k->slower)
        snprintf(text, ANSWER_CELL_BYTES, "%+.*f!", fabs(k->worst_ns) < 99.95, k->worst_ns);
    else if (k->open)
        snprintf(text, ANSWER_CELL_BYTES, "?");
    else if (k->faster)
        snprintf(text, ANSWER_CELL_BYTES, "%+.*f", fabs(k->best_ns) < 99.95, k->best_ns);
    else
        snprintf(text, ANSWER_CELL_BYTES, "%s", k->n ? "=" : ".");
    return k->slower ? LOOK_BAD : k->open ? LOOK_OPEN : k->faster ? LOOK_GOOD : LOOK_PLAIN;
}
