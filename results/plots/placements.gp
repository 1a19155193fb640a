# SPDX-License-Identifier: MIT
#
# What ratio.gp and fairness.gp share: a value of each layout at every placement, one panel a
# scenario and role. Not run by itself; the caller sets `picture`, its name.

load here."common.gp"
blocks = 5
eval open_data

do for [k = 1:n_pictures] {
    eval next_picture("n_places = int($5), one = col(6), unit = strcol(7), note = strcol(8)")
    array Place[n_places]
    stats dat index more using (Place[int($1)] = strcol(2), 0) nooutput

    # Geometry in pixels.
    columns = n_panels == 1 || n_places > 12 ? 1 : 2
    lines = (n_panels + columns - 1) / columns
    legend = larger(190, 44 + 8.7 * longest)
    width = columns == 1 ? (510.0 + legend + 26 * n_places) : 1010.0 + legend
    left = 74; above = 28; body = 230.0; below = n_places > 12 ? 125 : 92; header = 60
    pitch = (width - legend) / columns
    height = header + lines * (above + body + below)
    room = 0.8 / n_entries

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output file.".".format
        set multiplot; unset key; small = sized(9)
        do for [p = 1:n_panels] {
            start = (p - 1) % columns * pitch
            top = header + (p - 1) / columns * (above + body + below) + above
            eval frame(start + left, start + pitch - 8, top, top + body)
            set autoscale; unset logscale
            stats dat index panels every ::p - 1::p - 1 using (name = strcol(2), low = col(3), \
                high = col(4), 0) nooutput
            log_y = low > 0 && high > 8 * low
            set title name offset 0, -0.6 font sized(12)
            set ylabel unit offset 0.5, 0
            eval y_axis
            set xrange [0.5:n_places + 0.5]
            set xtics () scale 0 rotate by 45 right offset 0, 0.2 font small
            do for [g = 1:n_places] { set xtics add (Place[g] g) }
            set arrow 1 from first 0.5, first one to first n_places + 0.5, first one nohead \
                lc rgb grey dt 3 back
            plot for [e = 1:n_entries] dat index marks using ($1 == p && $2 == e \
                    ? $3 - 0.4 + room * (e - 0.5) : NaN):4:5:6 with yerrorbars pt shape(e) \
                ps 0.8 lc rgb colour(e) notitle
            unset arrow
        }
        eval legend_right(header + above)
        said = run_label.". ".note."."; eval titles
        plot [0:1] [0:1] NaN notitle, for [e = 1:n_entries] keyentry with points \
            pt shape(e) ps 1 lc rgb colour(e) title Entry[e]
        eval axes_again
        unset multiplot; unset output
    }
}
