# SPDX-License-Identifier: MIT
#
# residues: what an op costs at each address modulo 64, for the layouts whose objects roam over the
# lines.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/residues.gp
#
# Draws DIR/plots/residues.dat, which linebounce plot has written, into DIR/plots: residues.svg and
# .png at the headline work, residues-work1000 at every other pause, residues-saturated at work 0.
# Shown are the scenarios in which thread 0's object says where all of them lie, and those layouts
# that were measured at more than one residue of the object (pointer, pointer-lock-aligned,
# embedded-roaming and a user's own that are not aligned to 64). A point is one good window,
# jittered sideways; a bar is the median of its column (of filled and hollow points apart). A hollow
# point: the words written under the locks of threads 0 and 1 lie on different lines; filled: they
# share one, or the case has no neighbours. More settings and the names of several pictures: see
# layouts.gp. Exit status 3: the run has nothing to draw.

load ARG0[1:strlen(ARG0) - strlen("residues.gp")]."common.gp"

picture = "residues"
blocks = 6
eval open_data

do for [k = 1:n_pictures] {
    eval next_picture("n_residues = int($5), note = strcol(6)")
    medians = more + 1
    array Residue[n_residues]
    stats dat index more using (Residue[int($1)] = strcol(2), 0) nooutput

    # Geometry in pixels. Residues stand at 1, 2, ...; the entries of one share 0.8 of the space.
    columns = n_panels == 1 ? 1 : 2
    lines = (n_panels + columns - 1) / columns
    width = n_panels == 1 ? 900.0 : 1200.0
    body = lines == 1 ? 400.0 : 290.0
    left = 78; above = 30; below = 30; header = 84; footer = 24
    pitch = (width - 10) / columns
    height = header + lines * (above + body + below) + footer
    room = 0.8 / n_entries
    place(residue, entry) = residue - 0.4 + room * (entry - 0.5)

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output file.".".format
        set multiplot; unset key
        do for [p = 1:n_panels] {
            start = (p - 1) % columns * pitch
            top = header + (p - 1) / columns * (above + body + below) + above
            eval frame(start + left, start + pitch - 12, top, top + body)
            set autoscale; unset logscale
            stats dat index panels every ::p - 1::p - 1 using (name = strcol(2), low = col(3), \
                high = col(4), 0) nooutput
            log_y = low > 0 && high > 20 * low
            set title name offset 0, -0.6 font sized(12)
            eval y_axis
            set ylabel log_y ? "ns/op, log scale" : "ns/op" offset 0.5, 0
            set xrange [0.5:n_residues + 0.5]
            set xtics () scale 0
            do for [r = 1:n_residues] { set xtics add (Residue[r] r) }
            set xtics offset 0, 0.3
            if (p + columns > n_panels) {
                set xlabel "address of thread 0's object modulo 64" offset 0, 0.7
            } else { unset xlabel }
            do for [r = 1:n_residues - 1] {
                set arrow r from first r + 0.5, graph 0 to first r + 0.5, graph 1 nohead ls 100 back
            }
            # The same jitter for every picture of the same file.
            jitter = rand(20260101)
            shift(n) = (rand(0) - 0.5) * room * 0.6
            mine(e, share) = $1 == p && $2 == e && $4 == share ? place($3, e) + shift(0) : NaN
            plot dat index medians using ($1 == p ? place($3, $2) - 0.42 * room : NaN):5: \
                    (0.84 * room):(0) with vectors nohead lw 2 lc rgb grey notitle, \
                for [share = 1:0:-1] for [e = 1:n_entries] dat index marks using \
                    (mine(e, share)):5 with points pt shape(e) - 1 + share ps 0.8 \
                    lc rgb colour(e + 1) notitle
            unset arrow
        }

        # The legend, in a strip of its own.
        eval legend_frame
        eval frame(0, width, 52, 76)
        set key left top horizontal Left reverse samplen 0.5 width 1 maxrows 1
        said = run_label.". ".note."."; eval titles
        plot [0:1] [0:1] NaN notitle, for [e = 1:n_entries] keyentry with points pt shape(e) \
            ps 1.2 lc rgb colour(e + 1) title Entry[e]
        eval axes_again
        unset multiplot; unset output
    }
}
