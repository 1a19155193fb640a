# SPDX-License-Identifier: MIT
#
# heatmap: one-way latency of a line between every pair of CPUs: half a round trip, by load and
# store and by compare-and-swap.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/heatmap.gp
#
# Reads DIR/matrix.csv and writes DIR/plots/heatmap.svg and .png; DIR/plots must exist. Rows and
# columns are CPUs by the kernel's numbers; the line is homed on the node of the row's CPU. What was
# not measured stays blank. Up to 16 CPUs have the number in the cell. More settings, in the same
# -e: out='folder', host='name in the title', emulated=1. Exit status 3: nothing was measured.

load ARG0[1:strlen(ARG0) - strlen("heatmap.gp")]."common.gp"

csv = dir."/matrix.csv"
late = "one_way_ns_max"
eval whole_rows
if (rows == 0) { print "heatmap: ".csv." has no rows"; exit status 3 }

# 1 op, 2 row's CPU, 3 column's, 4 ns, 5 rounds in other regimes; each direction its own row
text(name) = cell(strcol(name))
number(name) = num(strcol(name))
set table $rows separator whitespace
plot for [side in "a b"] csv every ::0::rows - 1 using (text("op")): \
    (number(side eq "a" ? "pu_a_os" : "pu_b_os")): \
    (number(side eq "a" ? "pu_b_os" : "pu_a_os")): \
    (number("one_way_ns_median")):(number("rounds_other_regime")) \
    with table if (text("home") eq side || text("home") eq "both")
unset table
eval tables

ops = ""; cpus = ""; changed = 0
stats $rows using (ops = with(ops, strcol(1)), cpus = with(cpus, sprintf("%d", $2)), \
    changed = changed + ($5 > 0), 0) nooutput
found = cpus; rank(c) = real(c);
# Sorting words takes long for many; their order in the file is that of their numbers mostly.
if (words(cpus) <= 128) { eval sort_found; cpus = sorted }
n = words(cpus)
n_ops = words(ops)
side = n < 8 ? 360.0 : n < 40 ? 520.0 : 760.0
width = n_ops * (side + 150) + 20
height = side + 130
do for [format in "svg png"] {
    eval terminal(format, width, height)
    set output out."/heatmap.".format
    set multiplot
    unset key
    set cbtics format "%g" # a frame of words takes the tics away
    set palette defined (0 "#FFFFE5", 0.25 "#FEC44F", 0.6 "#D95F0E", 1 "#4A1486")
    do for [k = 1:n_ops] {
        op = word(ops, k)
        set lmargin at screen (70 + (k - 1) * (side + 150)) / width
        set rmargin at screen (70 + (k - 1) * (side + 150) + side - 40) / width
        set tmargin at screen 1 - 84 / height
        set bmargin at screen 1 - (84 + side - 40) / height
        set title op offset 0, -0.6 font ",12"
        set autoscale
        stats $rows using (strcol(1) eq op ? $4 : NaN) nooutput
        lowest = STATS_min; highest = STATS_max
        set cbrange [lowest < highest ? lowest : 0.9 * lowest:highest]
        set cblabel "one-way ns" offset -0.5, 0
        set xrange [0.5:n + 0.5]
        set yrange [n + 0.5:0.5]
        set xtics () scale 0
        set ytics () scale 0
        every_nth = n <= 32 ? 1 : n / 16
        do for [i = 1:n] {
            if ((i - 1) % every_nth == 0) {
                set xtics add (word(cpus, i) i)
                set ytics add (word(cpus, i) i)
            }
        }
        set xlabel "CPU" offset 0, 0.5
        set ylabel "CPU; the line is homed on its node" offset 0.5, 0
        set style fill solid noborder
        shade(v) = v >= lowest + 0.45 * (highest - lowest) ? 0xFFFFFF : 0x222222
        if (n <= 16) {
            plot $rows using (strcol(1) eq op ? at(cpus, sprintf("%d", $3)) : NaN): \
                    (at(cpus, sprintf("%d", $2))):(0.5):(0.5):4 with boxxyerror lc palette, \
                $rows using (strcol(1) eq op ? at(cpus, sprintf("%d", $3)) : NaN): \
                    (at(cpus, sprintf("%d", $2))):(sprintf("%.3g", $4)):(shade($4)) \
                    with labels font sized(9) tc rgb variable
        } else {
            plot $rows using (strcol(1) eq op ? at(cpus, sprintf("%d", $3)) : NaN): \
                (at(cpus, sprintf("%d", $2))):(0.5):(0.5):4 with boxxyerror lc palette
        }
    }
    eval legend_frame
    unset colorbox
    set label 1 "One-way latency of a line: half a round trip" \
        at screen 12 / width, screen 1 - 17 / height left font ",13"
    set label 2 run_label.(changed \
        ? sprintf(". %d of the cells were seen at another distance too", changed) : "") \
        at screen 12 / width, screen 1 - 38 / height left tc rgb grey
    plot [0:1] [0:1] NaN notitle
    unset label
    set colorbox
    set border 3
    set xtics nomirror out scale 0.5
    set ytics nomirror out scale 0.5
    unset multiplot
    unset output
}
