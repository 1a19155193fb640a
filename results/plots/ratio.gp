# SPDX-License-Identifier: MIT
#
# ratio: ns/op over that of the baseline layout, with its 95 % interval, at every placement.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/ratio.gp
#
# Reads DIR/summary.csv and writes DIR/plots/ratio.svg and .png (headline work) and ratio-saturated
# (work 0), one panel a scenario and role; DIR/plots must exist. More settings, in the same -e:
# work=500, out='folder', host='name in the title', emulated=1. Exit status 3: one placement only.

here = ARG0[1:strlen(ARG0) - strlen("ratio.gp")]
load here."common.gp"
picture = "ratio"
value = "ratio"; low = "ratio_ci95_lo"; high = "ratio_ci95_hi"
what = "ns/op over that of the baseline"
y_label = "ratio"
one = 1
load here."placements.gp"
