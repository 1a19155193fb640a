/* SPDX-License-Identifier: MIT
 *
 * The table of measures, and sums and differences of accounts.
 */
#include <linebounce/account.h>

#include <stddef.h>

/* clang-format off */
const struct lb_measure lb_measures[LB_MEASURES] = {
#define ROW(member, how, per, column, meaning, summary, summary_meaning) \
    {offsetof(struct lb_account, member), how, per, column, summary},
    LB_MEASURES_OF_ALL(ROW)
#undef ROW
};
/* clang-format on */

double *lb_account_at(struct lb_account *a, const struct lb_measure *m)
{
    return (double *)((char *)a + m->member);
}

double lb_account_get(const struct lb_account *a, const struct lb_measure *m)
{
    return *(const double *)((const char *)a + m->member);
}

double lb_account_off_cpu_ns(const struct lb_account *a)
{
    return a->wall_ns <= a->cpu_ns ? 0 : a->wall_ns - a->cpu_ns;
}

static void combine(const struct lb_account *a, double sign, struct lb_account *sum)
{
    sum->wall_ns += sign * a->wall_ns;
    for (size_t i = 0; i < LB_MEASURES; i++)
        *lb_account_at(sum, &lb_measures[i]) += sign * lb_account_get(a, &lb_measures[i]);
    sum->off_cpu_ns = lb_account_off_cpu_ns(sum);
}

void lb_account_add(const struct lb_account *addend, struct lb_account *sum)
{
    combine(addend, 1, sum);
}

void lb_account_sub(const struct lb_account *minuend, const struct lb_account *subtrahend,
                    struct lb_account *difference)
{
    struct lb_account result = *minuend;

    combine(subtrahend, -1, &result);
    *difference = result;
}

void lb_account_take_locks(const struct lb_lock_stats *stats, struct lb_account *account)
{
#define TAKE(member, ...) account->member = (double)stats->member;
    LB_MEASURES_OF_LOCKS(TAKE)
#undef TAKE
}
