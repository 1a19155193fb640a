/* SPDX-License-Identifier: MIT
 *
 * The line of a case and role that speaks for it: that of its main regime.
 */
#include <linebounce/analysis.h>

const struct lb_result *lb_analysis_find(const struct lb_analysis *a, int case_index, int role)
{
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].case_index == case_index && a->lines[i].role == role &&
            a->lines[i].main_regime)
            return &a->lines[i];
    return NULL;
}
