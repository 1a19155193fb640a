/* SPDX-License-Identifier: MIT
 *
 * The line of a case and role: that of a regime, or of the one that speaks for it.
 */
#include <linebounce/analysis.h>

const struct lb_result *lb_analysis_find_in(const struct lb_analysis *a, int case_index, int role,
                                            int regime)
{
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].case_index == case_index && a->lines[i].role == role &&
            a->lines[i].regime == regime)
            return &a->lines[i];
    return NULL;
}

const struct lb_result *lb_analysis_find(const struct lb_analysis *a, int case_index, int role)
{
    int placement = a->run->plan->cases[case_index].placement;

    return lb_analysis_find_in(a, case_index, role, lb_run_main_regime(a->run, placement));
}
