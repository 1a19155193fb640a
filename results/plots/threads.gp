# SPDX-License-Identifier: MIT
#
# threads: ns/op and throughput against the number of threads, one panel a distance class.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/threads.gp
#
# Draws DIR/plots/threads.dat, which linebounce plot has written, into DIR/plots:
# threads-SCENARIO.svg and .png (of two roles threads-SCENARIO-ROLE) at the headline work,
# threads-SCENARIO-work1000 at every other pause, threads-SCENARIO-saturated at work 0. The class of
# a point is the farthest level among its threads, so curves of threads close together (compact,
# filled) go from panel to panel as they grow, and those far apart (scatter, hollow) begin in a far
# one; one thread alone stands at the start of each panel. The bars are 95 % intervals; a curve goes
# through the mean of several cases of so many threads. Only memory at its local home is drawn. More
# settings: see layouts.gp. Exit status 3: no case was measured with two numbers of threads.

load ARG0[1:strlen(ARG0) - strlen("threads.gp")]."common.gp"

picture = "threads"
blocks = 5
eval open_data

do for [k = 1:n_pictures] {
    eval next_picture("most = col(5), low_ns = col(6), high_ns = col(7), low_rate = col(8), \
        high_rate = col(9), note = strcol(10)")
    curves = more

    # Geometry in pixels.
    legend = larger(215, 60 + 8.7 * longest)
    width = larger(900, 85 + legend + 330 * n_panels)
    height = 760.0; left = 92; header = 84; gap = 34
    pitch = (width - legend - 10) / n_panels
    body = (height - header - gap - 60) / 2
    log_y = 1

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output file.".".format
        set multiplot; unset key
        do for [c = 1:n_panels] {
            stats dat index panels every ::c - 1::c - 1 using (name = strcol(2), 0) nooutput
            do for [half = 0:1] {
                top = header + half * (body + gap)
                eval frame(left + (c - 1) * pitch, c * pitch + 8, top, top + body)
                low = half == 0 ? low_ns : low_rate
                high = half == 0 ? high_ns : high_rate
                set title half == 0 ? name : "" offset 0, -0.6 font sized(12)
                set logscale x 2
                set xrange [0.8:most * 1.25]
                set xtics 1, 2 format "%g"
                eval y_axis
                if (c == 1) {
                    set ylabel half == 0 ? "ns/op, log scale" : "million ops a second, log scale"
                } else { unset ylabel }
                if (half == 1) { set xlabel "threads" offset 0, 0.5 } else { unset xlabel }
                at = half == 0 ? 5 : 8
                mine(e, f) = column(1) == c && column(2) == e && column(3) == f ? $4 : NaN
                plot for [f = 1:2] for [e = 1:n_entries] dat index curves using \
                        (mine(e, f)):5 + half with lines dt f lw 1.5 lc rgb colour(e) \
                        notitle, \
                    for [f = 1:2] for [e = 1:n_entries] dat index marks using \
                        (mine(e, f)):at:at + 1:at + 2 with yerrorbars pt 8 - f \
                        ps 0.6 + 0.2 * f lw 1 lc rgb colour(e) notitle
            }
        }
        eval legend_right(header)
        said = run_label.". ".note."."; eval titles
        plot [0:1] [0:1] NaN notitle, for [e = 1:n_entries] keyentry with linespoints lw 1.6 \
            pt 7 ps 0.7 lc rgb colour(e) title Entry[e]
        eval axes_again
        unset multiplot; unset output
    }
}
