# SPDX-License-Identifier: MIT
#
# ratio: ns/op over that of the baseline layout, with its 95 % interval, at every placement.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/ratio.gp
#
# Draws DIR/plots/ratio.dat, which linebounce plot has written, into DIR/plots: ratio.svg and .png
# at the headline work, ratio-work1000 at every other pause, ratio-saturated at work 0, one panel a
# scenario and role. More settings: see layouts.gp. Exit status 3: one placement only.

here = ARG0[1:strlen(ARG0) - strlen("ratio.gp")]
picture = "ratio"
load here."placements.gp"
