# SPDX-License-Identifier: MIT
#
# offset: what an op costs by the distance of two threads' words, and by the offset of a lock.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/offset.gp
#
# Draws DIR/plots/offset.dat, which linebounce plot has written, into DIR/plots: offset.svg and
# .png. A panel for words and one for the lock's offset at each work, a curve an operation, role and
# placement, with 95 % intervals; lines mark 64 and 128 bytes. More settings: see layouts.gp. Exit
# status 3: no case has an offset.

load ARG0[1:strlen(ARG0) - strlen("offset.gp")]."common.gp"

picture = "offset"
eval open_data

do for [k = 1:n_pictures] {
    eval next_picture("least = col(5), most = col(6), note = strcol(7)")

    # Geometry in pixels.
    columns = n_panels == 1 ? 1 : 2
    lines = (n_panels + columns - 1) / columns
    legend = larger(200, 60 + 8.7 * longest)
    width = (columns == 1 ? 700.0 : 1100.0) + legend
    left = 74; above = 30; below = 56; header = 60
    body = larger(320.0, n_entries * 20.0 / lines - above - below)
    pitch = (width - legend) / columns
    height = header + lines * (above + body + below)

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output file.".".format
        set multiplot; unset key
        do for [p = 1:n_panels] {
            start = (p - 1) % columns * pitch
            top = header + (p - 1) / columns * (above + body + below) + above
            eval frame(start + left, start + pitch - 10, top, top + body)
            set autoscale; unset logscale
            stats dat index panels every ::p - 1::p - 1 using (name = strcol(2), \
                axis = strcol(3), low = col(4), high = col(5), 0) nooutput
            log_y = low > 0 && high > 8 * low
            set title name offset 0, -0.6 font sized(12)
            set logscale x 2
            set xrange [least / 1.2:most * 1.2]
            set xtics 8, 2 format "%g"
            eval y_axis
            set ylabel log_y ? "ns/op, log scale" : "ns/op" offset 0.5, 0
            set xlabel axis offset 0, 0.5
            do for [i = 1:2] {
                set arrow i from first 64 * i, graph 0 to first 64 * i, graph 1 nohead \
                    lc rgb grey dt 3 back
            }
            mine(e) = column(1) == p && column(2) == e ? $3 : NaN
            plot for [e = 1:n_entries] dat index marks using (mine(e)):4 with lines lw 1.4 \
                    lc rgb colour(e) notitle, \
                for [e = 1:n_entries] dat index marks using (mine(e)):4:5:6 with yerrorbars \
                    pt shape(e) ps 0.8 lc rgb colour(e) notitle
            unset arrow
        }
        eval legend_right(header + above)
        said = run_label.". ".note."."; eval titles
        plot [0:1] [0:1] NaN notitle, for [e = 1:n_entries] keyentry with linespoints \
            pt shape(e) ps 0.8 lc rgb colour(e) title Entry[e]
        eval axes_again
        unset multiplot; unset output
    }
}
