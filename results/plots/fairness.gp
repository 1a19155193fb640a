# SPDX-License-Identifier: MIT
#
# fairness: fewest over most ops among the threads, at every placement: 1 is fair, below 0.5 no
# verdict says a bare faster.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/fairness.gp
#
# Reads DIR/summary.csv and writes DIR/plots/fairness.svg and .png (headline work) and
# fairness-saturated (work 0), one panel a scenario and role; DIR/plots must exist. More settings,
# in the same -e: work=500, out='folder', host='name in the title', emulated=1. Exit status 3: one
# placement only.

here = ARG0[1:strlen(ARG0) - strlen("fairness.gp")]
load here."common.gp"
picture = "fairness"
value = "min_over_max_median"; low = value; high = value
what = "Fewest over most ops of a thread"
y_label = "min/max of ops"
one = 0.5
load here."placements.gp"
