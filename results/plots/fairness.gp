# SPDX-License-Identifier: MIT
#
# fairness: fewest over most ops among the threads, at every placement: 1 is fair, below 0.5 no
# verdict says a bare faster.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/fairness.gp
#
# Draws DIR/plots/fairness.dat, which linebounce plot has written, into DIR/plots: fairness.svg and
# .png at the headline work, fairness-work1000 at every other pause, fairness-saturated at work 0,
# one panel a scenario and role. More settings: see layouts.gp. Exit status 3: one placement only.

here = ARG0[1:strlen(ARG0) - strlen("fairness.gp")]
picture = "fairness"
load here."placements.gp"
