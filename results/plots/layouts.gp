# SPDX-License-Identifier: MIT
#
# layouts: what an op costs in every layout, with its 95 % interval, one panel per scenario and
# role.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/layouts.gp
#
# Reads DIR/summary.csv and writes into DIR/plots, which must exist:
#     layouts.svg, .png            net ns/op at the headline work
#     layouts-saturated.svg, .png  ns/op at work 0: saturated throughput, no headline
# A run with several placements, thread counts or regimes gets a picture of each; all but the first
# have that in their names: layouts-remote-8t.svg, layouts-l3-2t-regime1.svg.
#
# More settings, in the same -e: work=500 (another headline; default 200, else the least pause that
# was measured), out='folder', host='name in the title', emulated=1 (says so in the title).
# Exit status 3: the file has nothing to draw.

load ARG0[1:strlen(ARG0) - strlen("layouts.gp")]."common.gp"

csv = dir."/summary.csv"
late = "unfair"
eval whole_rows
if (rows == 0) { print "layouts: ".csv." has no rows"; exit status 3 }

# 1 group, 2 work, 3 panel, 4 entry, 5-7 ns/op, 8-10 net ns/op, 11 baseline, 12 verdict, 13 unfair
text(name) = cell(strcol(name))
number(name) = num(strcol(name))
set table $rows separator whitespace
plot csv every ::0::rows - 1 using \
    (where(text("placement"), text("home"))."|".text("distance")."|" \
        .text("threads")."|".text("regime")): \
    (text("work_ns")): \
    (text("scenario")."|".text("role")."|".text("writers")."|" \
        .text("objects")."|".text("access")): \
    (text("layout")."|".text("lock")): \
    (number("ns_op_median")):(number("ns_op_ci95_lo")):(number("ns_op_ci95_hi")): \
    (number("net_ns_op_hl")):(number("net_ns_op_ci95_lo")):(number("net_ns_op_ci95_hi")): \
    (text("baseline")):(text("verdict")):(text("unfair")) with table if (text("layout") ne "-")
unset table
eval tables
if (|$rows| == 0) { print "layouts: ".csv." has no rows of layouts"; exit status 3 }

groups = ""
works = ""
stats $rows using (groups = with(groups, strcol(1)), works = with(works, strcol(2)), 0) nooutput
eval sort_groups
eval headline

# What a row's mark says. A win with very unequal shares is no bare "faster".
class(entry, compared_to, verdict, unfair) = \
    verdict eq "faster" ? (unfair eq "1" ? 6 : 2) : \
    verdict eq "slower" ? (unfair eq "1" ? 7 : 3) : \
    verdict eq "same" ? 4 : verdict eq "unresolved" ? 5 : \
    compared_to eq "-" && head(entry) eq base ? 1 : 8
array Text = ["baseline", "faster", "slower", "same", "unresolved", "faster, unfair", \
    "slower, unfair", "no verdict"]
set style line 1 lc rgb dark pt 13 ps 1.5 lw 1.6
set style line 2 lc rgb green pt 7 ps 1.25 lw 1.6
set style line 3 lc rgb vermilion pt 9 ps 1.4 lw 1.6
set style line 4 lc rgb grey pt 5 ps 1.1 lw 1.6
set style line 5 lc rgb dark pt 6 ps 1.25 lw 1.6
set style line 6 lc rgb green pt 6 ps 1.25 lw 1.6
set style line 7 lc rgb vermilion pt 8 ps 1.4 lw 1.6
set style line 8 lc rgb grey pt 12 ps 1.4 lw 1.6

drawn = 0
do for [g = 1:words(groups)] {
    group = word(groups, g)
    do for [kind in "net saturated"] {
        this_work = kind eq "net" ? work : 0
        if (kind eq "net" && work == 0) { continue }

        # Net where the run knows it; the title says when it does not.
        mine(w, s) = s eq group && w ne "-" && real(w) == this_work
        n_net = 0
        stats $rows using \
            (n_net = n_net + (mine(strcol(2), strcol(1)) && known(col(8))), 0) nooutput
        first = kind eq "net" && n_net > 0 ? 8 : 5

        # Panels and entries that have a number, in the fixed order.
        shown(w, s, x) = mine(w, s) && known(x)
        panels = ""; entries = ""; bases = ""; most = 0
        stats $rows using (shown(strcol(2), strcol(1), col(first)) \
            ? (panels = with(panels, strcol(3)), entries = with(entries, strcol(4)), \
               bases = strcol(11) eq "-" ? bases : with(bases, strcol(11)), 0) : 0) nooutput
        if (panels eq "") { continue }
        eval sort_panels
        eval sort_entries
        # The baseline is what most rows are compared to; twins have their originals.
        base = ""
        do for [q in bases] {
            n = 0
            stats $rows using (n = n + (strcol(11) eq q && mine(strcol(2), strcol(1))), 0) nooutput
            if (n > most) { most = n; base = q }
        }
        n_panels = words(panels)
        n_entries = words(entries)

        # 1 panel, 2 y, 3 class, 4 x, 5 low, 6 high; a missing end of the interval is drawn as no
        # bar
        set table $marks
        plot $rows using (at(panels, strcol(3))):(n_entries - at(entries, strcol(4)) + 1): \
            (class(strcol(4), strcol(11), strcol(12), strcol(13))):(col(first)): \
            (known(col(first + 1)) ? col(first + 1) : col(first)): \
            (known(col(first + 2)) ? col(first + 2) : col(first)) \
            with table if (shown(strcol(2), strcol(1), col(first)))
        unset table

        set autoscale
        unset logscale
        unsorted = ""
        seen = ""
        stats $marks using (unsorted = with(unsorted, strcol(3)), 0) nooutput
        do for [c in "1 2 3 4 5 6 7 8"] { if (has(unsorted, c)) { seen = with(seen, c) } }

        # Geometry in pixels.
        columns = n_panels < 3 ? n_panels : 3
        lines = (n_panels + columns - 1) / columns
        width = n_panels == 1 ? 900.0 : 1200.0
        longest = 0
        do for [e in entries] {
            length = strlen(entry_label(entries, e))
            longest = length > longest ? length : longest
        }
        left = 26 + 8.7 * longest
        pitch = (width - left - 12) / columns
        body = n_entries < 3 ? 22 * 3 : (lines > 1 ? 18.0 : 26) * n_entries
        below = 26.0
        above = 30.0
        header = 84.0
        footer = 24.0
        height = header + lines * (above + body + below) + footer

        name = picture_file("layouts".(kind eq "net" ? "" : "-saturated") \
            .(g == 1 ? "" : group_suffix(group)))
        what = kind eq "saturated" ? "Saturated throughput (work 0) by layout" : \
            first == 8 ? sprintf("Net cost of an op by layout, work %g ns", this_work) : \
            sprintf("Cost of an op by layout, work %g ns included (no empty case to subtract)", \
                this_work)
        where = group_where(group)
        unit = first == 8 ? "net ns/op" : "ns/op"

        do for [format in "svg png"] {
            eval terminal(format, width, height)
            set output name.".".format
            set multiplot
            unset key
            do for [p = 1:n_panels] {
                row = (p - 1) / columns
                col = (p - 1) % columns
                set lmargin at screen (left + col * pitch) / width
                set rmargin at screen (left + (col + 1) * pitch - 22) / width
                top = header + row * (above + body + below) + above
                set tmargin at screen 1 - top / height
                set bmargin at screen 1 - (top + body) / height
                set title panel_label(word(panels, p)) offset 0, -0.6 font ",12"

                # stats looks at the axes of the panel before, so they go first.
                set autoscale
                unset logscale
                stats $marks using ($1 == p ? $4 : NaN) nooutput
                low = STATS_min; high = STATS_max
                stats $marks using ($1 == p ? $5 : NaN) nooutput
                low_end = STATS_min
                stats $marks using ($1 == p ? $6 : NaN) nooutput
                high_end = STATS_max
                base_x = NaN
                stats $marks using \
                    ($1 == p && $3 == 1 && !known(base_x) ? (base_x = $4, 0) : 0) nooutput
                # Below a ns a logarithm would spread out what is noise around 0.
                log_x = low > 1 && high > 20 * low
                if (log_x) {
                    set title panel_label(word(panels, p)).", log scale" \
                        offset 0, -0.6 font ",12"
                }
                if (log_x) {
                    floor_x = low_end > low / 3 ? low_end * 0.8 : low / 3
                    set logscale x
                    set xrange [floor_x:high_end * 1.25]
                    eval log_tics("x", floor_x, high_end * 1.25)
                } else {
                    unset logscale x
                    from = low_end < 0 ? low_end : 0
                    to = high_end > 0 ? high_end : 0
                    span = to > from ? to - from : 1
                    floor_x = from < 0 ? from - 0.04 * span : 0
                    set xrange [floor_x:from + 1.06 * span]
                    set xtics step(span, n_panels == 1 ? 8 : 5) format "%g"
                }
                set xtics offset 0, 0.3
                set yrange [0.4:n_entries + 0.6]
                unset ytics
                if (col == 0) {
                    set ytics () scale 0
                    do for [e = 1:n_entries] {
                        set ytics add (entry_label(entries, word(entries, e)) n_entries - e + 1)
                    }
                }
                do for [e = 1:n_entries] {
                    set arrow e from graph 0, first e to graph 1, first e nohead ls 100 back
                }
                # The axis's name under the last panel of each column.
                if (p + columns > n_panels) {
                    set xlabel unit offset 0, 0.7
                } else { unset xlabel }
                clip(x) = x > floor_x ? x : floor_x
                if (known(base_x)) {
                    set arrow 99 from first base_x, graph 0 to first base_x, graph 1 nohead \
                        lc rgb dark lw 1.2 dt 2 back
                }
                plot for [c = 1:8] $marks using ($1 == p && $3 == c ? $4 : NaN):2:(clip($5)):6 \
                        with xerrorbars ls c pt -1 notitle, \
                    $marks using ($1 == p && $3 > 4 ? $4 : NaN):2 with points pt 7 ps 1.2 \
                        lc rgb "white" notitle, \
                    for [c = 1:8] $marks using ($1 == p && $3 == c ? $4 : NaN):2 with points ls c \
                        notitle
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
            unset title
            set autoscale
            unset logscale
            set key left top horizontal Left reverse samplen 0.5 \
                width (words(seen) > 6 ? -2 : 1) maxrows 1
            set label 1 what.": ".where at screen 12 / width, screen 1 - 17 / height left font ",13"
            set label 2 run_label.". Mark: median; bar: its 95 % interval" \
                .(has(seen, "1") ? "; dashed: the baseline." : ".") \
                at screen 12 / width, screen 1 - 41 / height left tc rgb grey
            plot [0:1] [0:1] NaN notitle, \
                for [c in seen] keyentry with points ls int(c) title Text[int(c)]
            unset label
            unset key
            set border 3
            set xtics nomirror out scale 0.5
            unset multiplot
            unset output
        }
        drawn = drawn + 1
    }
}
if (drawn == 0) { print "layouts: ".csv." has no medians to draw"; exit status 3 }
