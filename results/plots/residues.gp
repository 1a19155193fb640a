# SPDX-License-Identifier: MIT
#
# residues: what an op costs at each address modulo 64, for the layouts whose objects roam over the
# lines.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/residues.gp
#
# Reads DIR/samples.csv and writes DIR/plots/residues.svg and .png; DIR/plots must exist. Shown are
# the scenarios same-object, neighbours and observer and those layouts that were measured at more
# than one residue of the object (pointer, pointer-lock-aligned, embedded-roaming and a user's own
# that are not aligned to 64). A point is one good window, jittered sideways; a bar is the median of
# its column (of filled and hollow points apart). A hollow point: the words written under the locks
# of threads 0 and 1 lie on different lines; filled: they share one, or the case has no neighbours.
# A run with several placements or thread counts gets a picture of each; all but the first have that
# in their names: residues-remote-8t.svg.
#
# More settings, in the same -e: work=500 (another pause; default 200, else the least that was
# measured, else 0), out='folder', host='name in the title', emulated=1 (says so in the title).
# Exit status 3: the run has nothing to draw.

load ARG0[1:strlen(ARG0) - strlen("residues.gp")]."common.gp"

csv = dir."/samples.csv"
late = "steal_ticks"
eval whole_rows
if (rows == 0) { print "residues: ".csv." has no rows"; exit status 3 }

# 1 group, 2 work, 3 panel, 4 entry, 5 ns/op, 6 residue of the object, 7 whether lines are shared
text(name) = cell(strcol(name))
number(name) = num(strcol(name))
set table $rows separator whitespace
plot csv every ::0::rows - 1 using \
    (where(text("placement"), text("home"))."|".text("distance")."|".text("threads")): \
    (text("work_ns")): \
    (text("scenario")."|".text("role")."|".text("writers")."|" \
        .text("objects")."|".text("access")): \
    (text("layout")."|".text("lock")):(number("ns_op")):(number("object_residue")): \
    (text("share_lines")) \
    with table if (text("status") eq "ok" && text("layout") ne "-" && text("ns_op") ne "-" \
        && text("object_residue") ne "-" \
        && has("same-object neighbours observer", text("scenario")))
unset table
eval tables
if (|$rows| == 0) {
    print "residues: ".csv." has no good window of same-object, neighbours or observer" \
        ." with a residue"
    exit status 3
}

groups = ""; works = ""
stats $rows using (groups = with(groups, strcol(1)), works = with(works, strcol(2)), 0) nooutput
eval sort_groups
eval headline

array Colour[8] = [blue, vermilion, green, purple, orange, sky, yellow, dark]
array Shape[8] = [7, 5, 9, 11, 13, 7, 5, 9]
array Hollow[8] = [6, 4, 8, 10, 12, 6, 4, 8]

drawn = 0
do for [g = 1:words(groups)] {
    group = word(groups, g)
    mine(w, s) = s eq group && w ne "-" && real(w) == work

    # Entries seen at two residues or more.
    set autoscale
    unset logscale
    pairs = ""; several = ""
    stats $rows using (mine(strcol(2), strcol(1)) \
        ? (pairs = with(pairs, sprintf("%s|%g", strcol(4), $6)), \
           several = with(several, strcol(4)), 0) : 0) nooutput
    entries = ""
    do for [e in several] {
        n = 0
        do for [q in pairs] { n = n + (part(q, 1)."|".part(q, 2) eq e) }
        if (n > 1) { entries = with(entries, e) }
    }
    eval sort_entries
    n_entries = words(entries)
    if (n_entries == 0) { continue }

    panels = ""; found_residues = ""
    stats $rows using (mine(strcol(2), strcol(1)) && has(entries, strcol(4)) \
        ? (panels = with(panels, strcol(3)), \
           found_residues = with(found_residues, sprintf("%g", $6)), 0) : 0) nooutput
    eval sort_panels
    n_panels = words(panels)
    residues = ""
    do for [r = 0:63] { if (has(found_residues, "".r)) { residues = with(residues, "".r) } }
    n_residues = words(residues)

    # Columns: the residues stand at 1, 2, ...; the entries of one residue share 0.8 of the space.
    room = 0.8 / n_entries
    place(residue, entry) = at(residues, sprintf("%g", residue)) - 0.4 \
        + room * (at(entries, entry) - 0.5)
    # 1 panel, 2 entry, 3 x, 4 ns/op, 5 whether lines are shared
    set table $marks
    plot $rows using (at(panels, strcol(3))):(at(entries, strcol(4))):(place($6, strcol(4))):5: \
        (strcol(7) eq "0" ? 0 : 1) \
        with table if (mine(strcol(2), strcol(1)) && has(entries, strcol(4)))
    unset table

    # 1 panel, 2 entry, 3 x, 4 median; those that share a line apart from those that do not
    set print $medians
    do for [p = 1:n_panels] {
        do for [e = 1:n_entries] {
            do for [r in residues] {
                do for [share = 0:1] {
                    x = place(real(r), word(entries, e))
                    picked(q, c, s) = q == p && s == share && abs(c - x) < 0.01
                    n = 0
                    stats $marks using (n = n + picked($1, $3, $5), 0) nooutput
                    if (n > 0) {
                        stats $marks using (picked($1, $3, $5) ? $4 : NaN) nooutput
                        print sprintf("%d %d %g %g", p, e, x, STATS_median)
                    }
                }
            }
        }
    }
    unset print

    columns = n_panels == 1 ? 1 : 2
    lines = (n_panels + columns - 1) / columns
    width = n_panels == 1 ? 900.0 : 1200.0
    body = lines == 1 ? 400.0 : 290.0
    left = 78; above = 30; below = 30; header = 84; footer = 24
    pitch = (width - 10) / columns
    height = header + lines * (above + body + below) + footer
    name = picture_file("residues".(g == 1 ? "" : group_suffix(group)))
    what = work > 0 ? sprintf("Cost of an op by the object's address, work %g ns included", work) \
        : "Cost of an op by the object's address, saturated throughput (work 0)"
    sharing = 0
    stats $marks using (sharing = sharing + ($5 == 0), 0) nooutput

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output name.".".format
        set multiplot
        unset key
        do for [p = 1:n_panels] {
            row = (p - 1) / columns
            col = (p - 1) % columns
            set lmargin at screen (left + col * pitch) / width
            set rmargin at screen ((col + 1) * pitch - 12) / width
            top = header + row * (above + body + below) + above
            set tmargin at screen 1 - top / height
            set bmargin at screen 1 - (top + body) / height
            set title panel_label(word(panels, p)) offset 0, -0.6 font ",12"

            # stats looks at the axes of the panel before, so they go first.
            set autoscale
            unset logscale
            stats $marks using ($1 == p ? $4 : NaN) nooutput
            low = STATS_min; high = STATS_max
            log_y = low > 0 && high > 20 * low
            span = high > low ? high - low : (high != 0 ? 0.1 * abs(high) : 1)
            if (log_y) {
                set logscale y
                set yrange [low * 0.8:high * 1.25]
                eval log_tics("y", low, high)
            } else {
                set yrange [low - 0.08 * span:high + 0.08 * span]
                set ytics step(span, 6) format "%g"
            }
            set ylabel log_y ? "ns/op, log scale" : "ns/op" offset 0.5, 0
            set xrange [0.5:n_residues + 0.5]
            set xtics () scale 0
            do for [r = 1:n_residues] { set xtics add (word(residues, r) r) }
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
            plot $medians using ($1 == p ? $3 - 0.42 * room : NaN):4:(0.84 * room):(0) \
                    with vectors nohead lw 2 lc rgb grey, \
                for [e = 1:n_entries] $marks using \
                    ($1 == p && $2 == e && $5 == 1 ? $3 + shift(0) : NaN):4 \
                    with points pt Shape[(e - 1) % 8 + 1] ps 0.8 lc rgb Colour[(e - 1) % 8 + 1], \
                for [e = 1:n_entries] $marks using \
                    ($1 == p && $2 == e && $5 == 0 ? $3 + shift(0) : NaN):4 \
                    with points pt Hollow[(e - 1) % 8 + 1] ps 0.8 lc rgb Colour[(e - 1) % 8 + 1]
            unset arrow
        }

        # The legend, in a strip of its own.
        set lmargin at screen 0
        set rmargin at screen 1
        set tmargin at screen 1 - 52 / height
        set bmargin at screen 1 - 76 / height
        unset border
        unset tics
        unset xlabel
        unset ylabel
        unset title
        set autoscale
        unset logscale
        set key left top horizontal Left reverse samplen 0.5 width 1 maxrows 1
        set label 1 what.": ".group_label(group) at screen 12 / width, screen 1 - 17 / height left \
            font ",13"
        set label 2 run_label.". Point: a window; bar: median." \
            .(sharing ? " Hollow: neighbouring locks' words are on different lines." : "") \
            at screen 12 / width, screen 1 - 41 / height left tc rgb grey
        plot [0:1] [0:1] NaN notitle, for [e = 1:n_entries] keyentry with points \
            pt Shape[(e - 1) % 8 + 1] ps 1.2 lc rgb Colour[(e - 1) % 8 + 1] \
            title entry_label(entries, word(entries, e))
        unset label
        unset key
        set border 3
        set xtics nomirror
        set ytics nomirror out scale 0.5
        unset multiplot
        unset output
    }
    drawn = drawn + 1
}
if (drawn == 0) {
    print "residues: no layout of ".csv." was measured at two residues of the object"
    exit status 3
}
