/* SPDX-License-Identifier: MIT
 *
 * The adjacent-line prefetcher set for one run, or a refusal.
 */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check(const struct lb_environment *e, struct lb_why *why)
{
    if (strcmp(e->cpu_vendor, "GenuineIntel") != 0)
        return lb_fail(why, ENOTSUP,
                       "prefetcher: only Intel's processors have an adjacent-line prefetcher that "
                       "MSR 0x1a4 controls: this is '%s'",
                       *e->cpu_vendor ? e->cpu_vendor : e->arch);
    if (*e->hypervisor && strcmp(e->hypervisor, "none") != 0)
        return lb_fail(why, ENOTSUP,
                       "prefetcher: this is a virtual machine (%s): its registers are not the "
                       "processor's",
                       e->hypervisor);
    return 0;
}

static int *list_pus(const struct lb_topology *t, int *n)
{
    int *pus = calloc((size_t)t->n_pus + 1, sizeof *pus);

    *n = 0;
    for (int i = 0; pus && i < t->n_pus; i++)
        if (t->pus[i].allowed)
            pus[(*n)++] = t->pus[i].pu_os;
    return pus;
}

int prefetching_begin(const struct settings *s, const struct lb_topology *t,
                      const struct lb_environment *e, struct lb_json *manifest, struct lb_why *why,
                      struct lb_prefetcher **prefetcher)
{
    enum lb_prefetcher_state before;
    int n, *pus, err;

    *prefetcher = NULL;
    if (!s->prefetcher)
        return 0;
    if ((err = check(e, why)))
        return err;
    if (!(pus = list_pus(t, &n)))
        return -ENOMEM;
    err = lb_prefetcher_read(NULL, pus, n, why, &before);
    if (!err)
        err = lb_prefetcher_set(NULL, pus, n, !strcmp(s->prefetcher, "on"), why, prefetcher);
    free(pus);
    if (err)
        return err;
    if (before != LB_PREFETCHER_ON)
        fprintf(
            stderr,
            "linebounce: prefetcher: it was %s before this run (as a run leaves it whose guardian "
            "was killed with it) and will be again\n",
            lb_prefetcher_name(before));
    lb_json_text(manifest, "prefetcher.before", lb_prefetcher_name(before));
    lb_json_text(manifest, "prefetcher.set_to", s->prefetcher);
    lb_json_number(manifest, "prefetcher.cpus", n);
    return 0;
}
