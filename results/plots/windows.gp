# SPDX-License-Identifier: MIT
#
# windows: every window of a run in order of time, to see drift, regimes and what was spoiled.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/windows.gp
#
# Draws DIR/plots/windows.dat, which linebounce plot has written, into DIR/plots: windows.svg and
# .png. From top to bottom: ns/op of the cases with work between ops, ns/op at work 0 (and of
# anchors and controls that have no work), and the round trip of one line between the case's PUs
# just before the window (of several pairs the slowest), on a log axis. A regime is a band of that
# round trip; a case is only compared within one. A cross is a spoiled window, on the lower edge
# where it has no number. Rows of windows that ran with armed breakpoints have no times and are left
# out, as are panels without data. Of more than 10000 rows every n-th good one is drawn, and the
# picture says so; spoiled ones all are. More settings: see layouts.gp. Exit status 3: the run has
# nothing to draw.

load ARG0[1:strlen(ARG0) - strlen("windows.gp")]."common.gp"

picture = "windows"
eval open_data

do for [k = 1:n_pictures] {
    eval next_picture("end = col(5), axis = strcol(6), plain = int($7), n_rows = int($8), \
        n_spoiled = int($9), note = strcol(10)")
    title = title.": ".run_label
    size = n_rows > 1000 ? 0.45 : 0.8
    colour_of(e) = e == plain ? grey : colour(e + 1)
    shape_of(e) = e == plain ? 7 : shape(e)

    # Geometry in pixels; the legend takes as many lines as it needs.
    width = 1200.0
    left = 84; above = 28; below = 26; footer = 22
    pitch = 60 + 8.7 * larger(longest, 7)
    across = int((width - 24) / pitch)
    header = 84 + 24 * ((n_entries + (n_spoiled > 0) - 1) / across)
    body = n_panels == 1 ? 420.0 : n_panels == 2 ? 280.0 : 190.0
    height = header + n_panels * (above + body + below) + footer
    at_x(i) = (24 + (i - 1) % across * pitch) / width
    at_y(i) = 1 - (67 + 24 * ((i - 1) / across)) / height

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output file.".".format
        set multiplot; unset key
        do for [p = 1:n_panels] {
            top = header + (p - 1) * (above + body + below) + above
            eval frame(left, width - 16, top, top + body)
            set autoscale; unset logscale
            stats dat index panels every ::p - 1::p - 1 using (name = strcol(2), \
                unit = strcol(3), low = col(4), high = col(5), trips = int($6), 0) nooutput
            log_y = low > 0 && (trips || high > 4 * low)
            # A narrow band is no full height.
            if (log_y && high <= 3 * low) { low = low * 0.7; high = high * 1.4 }
            set title name offset 0, -0.6 font sized(12)
            eval y_axis
            edge = log_y ? low * 0.8 : low - 0.07 * span
            set ylabel unit.(log_y ? " (log)" : "") offset 0.5, 0
            set xrange [0:end > 0 ? end * 1.01 : 1]
            set xtics auto format "%g" offset 0, 0.3
            if (p == n_panels) { set xlabel axis offset 0, 0.7 } else { unset xlabel }
            good(e) = column(1) == p && $3 == 0 && (trips || column(2) == e) ? $4 : NaN
            bad(x) = column(1) == p && $3 == 1 ? x : NaN
            plot for [e = 1:trips ? 1 : n_entries] dat index marks using (good(e)):5 with points \
                    pt (trips ? 7 : shape_of(e)) ps size \
                    lc rgb (trips ? grey : colour_of(e)) notitle, \
                dat index marks using (bad($4)):(known(col(5)) ? col(5) : edge) with points \
                    pt 2 ps 0.9 lw 1.3 lc rgb dark notitle
        }

        # The legend, in a strip of its own.
        set label 1 title at screen 12 / width, screen 1 - 17 / height left font sized(13)
        set label 2 note."." at screen 12 / width, screen 1 - 41 / height left tc rgb grey
        do for [e = 1:n_entries] {
            set label 2 + e Entry[e] at screen at_x(e), screen at_y(e) left \
                offset character 1.1, 0 point pt shape_of(e) ps 1.1 lc rgb colour_of(e)
        }
        if (n_spoiled) {
            set label 3 + n_entries "spoiled" at screen at_x(n_entries + 1), \
                screen at_y(n_entries + 1) left offset character 1.1, 0 point pt 2 ps 1 lw 1.3 \
                lc rgb dark
        }
        eval legend_only
        unset multiplot; unset output
    }
}
