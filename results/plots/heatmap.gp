# SPDX-License-Identifier: MIT
#
# heatmap: one-way latency of a line between every pair of CPUs: half a round trip, by load and
# store and by compare-and-swap.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/heatmap.gp
#
# Draws DIR/plots/heatmap.dat, which linebounce plot has written, into DIR/plots: heatmap.svg and
# .png. Rows and columns are CPUs by the kernel's numbers; the line is homed on the node of the
# row's CPU. What was not measured stays blank. Up to 16 CPUs have the number in the cell. More
# settings: see layouts.gp. Exit status 3: nothing was measured.

load ARG0[1:strlen(ARG0) - strlen("heatmap.gp")]."common.gp"

picture = "heatmap"
eval open_data

do for [k = 1:n_pictures] {
    eval next_picture("note = strcol(5)")

    # Geometry in pixels.
    side = n_entries < 8 ? 360.0 : n_entries < 40 ? 520.0 : 760.0
    width = n_panels * (side + 150) + 20
    height = side + 130
    every_nth = n_entries <= 32 ? 1 : n_entries / 16

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output file.".".format
        set multiplot; unset key
        set cbtics format "%g" # a frame of words takes the tics away
        set palette defined (0 "#FFFFE5", 0.25 "#FEC44F", 0.6 "#D95F0E", 1 "#4A1486")
        do for [p = 1:n_panels] {
            start = 70 + (p - 1) * (side + 150)
            eval frame(start, start + side - 40, 84, 84 + side - 40)
            set autoscale
            stats dat index panels every ::p - 1::p - 1 using (name = strcol(2), low = col(3), \
                high = col(4), 0) nooutput
            set title name offset 0, -0.6 font sized(12)
            set cbrange [low < high ? low : 0.9 * low:high]
            set cblabel "one-way ns" offset -0.5, 0
            set xrange [0.5:n_entries + 0.5]
            set yrange [n_entries + 0.5:0.5]
            set xtics () scale 0
            set ytics () scale 0
            do for [i = 1:n_entries] {
                if ((i - 1) % every_nth == 0) {
                    set xtics add (Entry[i] i)
                    set ytics add (Entry[i] i)
                }
            }
            set xlabel "CPU" offset 0, 0.5
            set ylabel "CPU; the line is homed on its node" offset 0.5, 0
            set style fill solid noborder
            shade(v) = v >= low + 0.45 * (high - low) ? 0xFFFFFF : 0x222222
            mine(x) = column(1) == p ? x : NaN
            if (n_entries <= 16) {
                plot dat index marks using (mine($2)):3:(0.5):(0.5):4 with boxxyerror \
                        lc palette notitle, \
                    dat index marks using (mine($2)):3:5:(shade($4)) with labels \
                        font sized(9) tc rgb variable notitle
            } else {
                plot dat index marks using (mine($2)):3:(0.5):(0.5):4 with boxxyerror \
                    lc palette notitle
            }
        }
        eval legend_frame
        unset colorbox
        said = run_label.(strlen(note) ? ". ".note."." : ""); eval titles
        plot [0:1] [0:1] NaN notitle
        set colorbox
        eval axes_again
        unset multiplot; unset output
    }
}
