# SPDX-License-Identifier: MIT
#
# layouts: what an op costs in every layout, with its 95 % interval, one panel per scenario and
# role.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/layouts.gp
#
# Draws DIR/plots/layouts.dat, which linebounce plot has written, into DIR/plots:
#     layouts.svg, .png            net ns/op at the headline work
#     layouts-saturated.svg, .png  ns/op at work 0: saturated throughput, no headline
# A run with several placements, thread counts or regimes gets a picture of each; all but the first
# have that in their names: layouts-remote-8t.svg, layouts-l3-2t-regime1.svg.
#
# More settings, in the same -e: out='folder', data='folder of layouts.dat', host='name in the
# title', emulated=1 (says so in the title). Exit status 3: nothing to draw; 2: there is no .dat (in
# a folder from before there were any): linebounce plot DIR writes it.

load ARG0[1:strlen(ARG0) - strlen("layouts.gp")]."common.gp"

picture = "layouts"
eval open_data
array Text = ["baseline", "faster", "slower", "same", "unresolved", "faster, unfair", \
    "slower, unfair", "no verdict", "not slower"]
set style line 1 lc rgb dark pt 13 ps 1.5 lw 1.6
set style line 2 lc rgb green pt 7 ps 1.25 lw 1.6
set style line 3 lc rgb vermilion pt 9 ps 1.4 lw 1.6
set style line 4 lc rgb grey pt 5 ps 1.1 lw 1.6
set style line 5 lc rgb dark pt 6 ps 1.25 lw 1.6
set style line 6 lc rgb green pt 6 ps 1.25 lw 1.6
set style line 7 lc rgb vermilion pt 8 ps 1.4 lw 1.6
set style line 8 lc rgb grey pt 12 ps 1.4 lw 1.6
set style line 9 lc rgb green pt 4 ps 1.1 lw 1.6

do for [k = 1:n_pictures] {
    eval next_picture("unit = strcol(5)")
    array Seen[9] = [0, 0, 0, 0, 0, 0, 0, 0, 0]
    stats dat index marks using (Seen[int($3)] = 1, 0) nooutput
    seen = ""
    do for [c = 1:9] { if (Seen[c]) { seen = seen." ".c } }

    # Geometry in pixels.
    columns = n_panels < 3 ? n_panels : 3
    lines = (n_panels + columns - 1) / columns
    width = n_panels == 1 ? 900.0 : 1200.0
    pitch = (width - left - 12) / columns
    body = n_entries < 3 ? 22 * 3 : (lines > 1 ? 18.0 : 26) * n_entries
    above = 30.0; below = 26.0; header = 84.0; footer = 24.0
    height = header + lines * (above + body + below) + footer

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output file.".".format
        set multiplot; unset key
        do for [p = 1:n_panels] {
            row = (p - 1) / columns
            col = (p - 1) % columns
            first_column = col == 0
            set lmargin at screen (left + col * pitch) / width
            set rmargin at screen (left + (col + 1) * pitch - 22) / width
            top = header + row * (above + body + below) + above
            set tmargin at screen 1 - top / height
            set bmargin at screen 1 - (top + body) / height

            set autoscale
            unset logscale
            base = NaN
            stats dat index panels every ::p - 1::p - 1 using (name = strcol(2), \
                base = col(3), low = $4, high = $5, low_end = $6, high_end = $7, 0) nooutput
            # Below a ns a logarithm would spread out what is noise around 0.
            log_x = low > 1 && high > 20 * low
            set title name.(log_x ? ", log scale" : "") offset 0, -0.6 font ",12"
            if (log_x) {
                floor_x = low_end > low / 3 ? low_end * 0.8 : low / 3
                set logscale x
                set xrange [floor_x:high_end * 1.25]
                eval log_tics("x", floor_x, high_end * 1.25)
            } else {
                from = low_end < 0 ? low_end : 0
                to = high_end > 0 ? high_end : 0
                span = to > from ? to - from : 1
                floor_x = from < 0 ? from - 0.04 * span : 0
                set xrange [floor_x:from + 1.06 * span]
                set xtics step(span, n_panels == 1 ? 8 : 5) format "%g"
            }
            set xtics offset 0, 0.3
            eval entries_axis
            # The axis's name under the last panel of each column.
            if (p + columns > n_panels) { set xlabel unit offset 0, 0.7 } else { unset xlabel }
            clip(x) = x > floor_x ? x : floor_x
            if (known(base)) {
                set arrow 99 from first base, graph 0 to first base, graph 1 nohead \
                    lc rgb dark lw 1.2 dt 2 back
            }
            plot for [c in seen] dat index marks using ($1 == p && $3 == int(c) ? $4 : NaN):2: \
                    (clip($5)):6 with xerrorbars ls int(c) pt -1 notitle, \
                dat index marks using ($1 == p && $3 > 4 ? $4 : NaN):2 with points pt 7 ps 1.2 \
                    lc rgb "white" notitle, \
                for [c in seen] dat index marks using ($1 == p && $3 == int(c) ? $4 : NaN):2 \
                    with points ls int(c) notitle
            unset arrow
        }

        # The legend, in a strip of its own.
        eval legend_frame
        set tmargin at screen 1 - 52 / height
        set bmargin at screen 1 - 76 / height
        set key left top horizontal Left reverse samplen 0.5 \
            width (words(seen) > 6 ? -2 : 1) maxrows 1
        set label 1 title at screen 12 / width, screen 1 - 17 / height left font ",13"
        set label 2 run_label.". Mark: Hodges-Lehmann estimate; bar: its 95 % interval" \
            .(Seen[1] ? "; dashed: the baseline." : ".") \
            at screen 12 / width, screen 1 - 41 / height left tc rgb grey
        plot [0:1] [0:1] NaN notitle, \
            for [c in seen] keyentry with points ls int(c) title Text[int(c)]
        unset label
        set border 3
        set xtics nomirror out scale 0.5
        unset multiplot; unset output
    }
}
