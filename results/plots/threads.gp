# SPDX-License-Identifier: MIT
#
# threads: ns/op and throughput against the number of threads, one panel a distance class.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/threads.gp
#
# Reads DIR/summary.csv and writes DIR/plots/threads-SCENARIO.svg and .png (of two roles
# threads-SCENARIO-ROLE), at the headline work, and threads-SCENARIO-saturated at work 0; DIR/plots
# must exist. The class of a point is the farthest level among its threads, so curves of threads
# close together (compact, filled) go from panel to panel as they grow, and those far apart
# (scatter, hollow) begin in a far one; one thread alone stands at the start of each panel. The bars
# are 95 % intervals. Only memory at its local home is drawn.
#
# More settings, in the same -e: work=500, out='folder', host='name in the title', emulated=1.
# Exit status 3: no case was measured with two numbers of threads.

load ARG0[1:strlen(ARG0) - strlen("threads.gp")]."common.gp"

csv = dir."/summary.csv"
late = "unfair"
eval whole_rows
if (rows == 0) { print "threads: ".csv." has no rows"; exit status 3 }

# 1 panel, 2 work, 3 entry, 4 class, 5 threads, 6 family, 7-9 ns/op
text(name) = cell(strcol(name))
number(name) = num(strcol(name))
family(p) = p[1:7] eq "scatter" ? "scatter" : "compact"
set table $rows separator whitespace
plot csv every ::0::rows - 1 using \
    (text("scenario")."|".text("role")."|".text("writers")."|" \
        .text("objects")."|".text("access")): \
    (text("work_ns")):(text("layout")."|".text("lock")):(text("distance")): \
    (number("threads")):(family(text("placement"))): \
    (number("ns_op_median")):(number("ns_op_ci95_lo")):(number("ns_op_ci95_hi")) \
    with table if (text("layout") ne "-" && has("local -", text("home")) \
        && (text("windows_other_regime") eq "0" \
            || number("windows") >= number("windows_other_regime")))
unset table
eval tables
if (|$rows| == 0) { print "threads: ".csv." has no rows of layouts"; exit status 3 }

panels_all = ""; works = ""; classes = ""; counts = ""
stats $rows using (panels_all = with(panels_all, strcol(1)), works = with(works, strcol(2)), \
    classes = strcol(4) eq "none" ? classes : with(classes, strcol(4)), \
    counts = with(counts, sprintf("%d", $5)), 0) nooutput
if (words(counts) < 2 || classes eq "") {
    print "threads: ".csv." has one number of threads"
    exit status 3
}
eval headline
panels = panels_all
eval sort_panels
found = classes; rank(c) = at("smt l2 l3 package remote", c); eval sort_found; classes = sorted

array Colour[11] = [dark, blue, vermilion, green, purple, orange, sky, yellow, grey, "#8C510A", \
    "#01665E"]
drawn = 0
do for [p in panels] {
    do for [this_work in sprintf("%g %s", work, work == 0 ? "" : "0")] {
        entries = ""; mine_counts = ""
        mine(q, w) = q eq p && w ne "-" && real(w) == real(this_work)
        set autoscale
        unset logscale
        most = 0; low_ns = 1e300; top = 0; low_rate = 1e300; top_rate = 0
        rate(n, ns) = 1000.0 * n / ns
        stats $rows using (mine(strcol(1), strcol(2)) && known(col(7)) \
            ? (entries = with(entries, strcol(3)), \
               mine_counts = with(mine_counts, sprintf("%d", $5)), most = $5 > most ? $5 : most, \
               low_ns = smaller(smaller(low_ns, col(7)), col(8)), \
               top = larger(larger(top, col(7)), col(9)), \
               low_rate = smaller(smaller(low_rate, rate($5, col(7))), rate($5, col(9))), \
               top_rate = larger(larger(top_rate, rate($5, col(7))), rate($5, col(8))), 0) \
            : 0) nooutput
        if (words(mine_counts) < 2) { continue }
        eval sort_entries
        # 1 entry, 2 class, 3 family, 4 threads, 5-7 ns/op: sorted, so that curves have no holes.
        # One thread alone belongs to every curve of its entry.
        families = "compact scatter"
        n = words(classes)
        n_entries = words(entries)
        set table $curves separator whitespace
        plot for [e = 1:n_entries] for [c = 1:n] for [f = 1:2] $rows using (e):(c):(f):5:7:8:9 \
            with table if (mine(strcol(1), strcol(2)) && known(col(7)) \
                && strcol(3) eq word(entries, e) && (strcol(4) eq "none" \
                    || (strcol(4) eq word(classes, c) && strcol(6) eq word(families, f))))
        unset table
        width = 300.0 + 330 * n; width = width < 900 ? 900.0 : width
        height = 760.0; left = 92; header = 84; legend = 215; gap = 34
        pitch = (width - legend - 10) / n
        body = (height - header - gap - 60) / 2
        name = picture_file("threads-".part(p, 1) \
            .(part(p, 2) eq "all" || part(p, 2) eq "-" ? "" : "-".part(p, 2)) \
            .(part(p, 1) eq "many" ? "-".part(p, 4) : "").work_suffix(real(this_work)))
        do for [format in "svg png"] {
            eval terminal(format, width, height)
            set output name.".".format
            set multiplot
            unset key
            do for [c = 1:n] {
                class = word(classes, c)
                do for [half = 0:1] {
                    set lmargin at screen (left + (c - 1) * pitch) / width
                    set rmargin at screen (left + c * pitch - left + 8) / width
                    set tmargin at screen 1 - (header + half * (body + gap)) / height
                    set bmargin at screen 1 - (header + half * (body + gap) + body) / height
                    set title half == 0 ? class : "" font ",12" offset 0, -0.6
                    set logscale x 2
                    set logscale y
                    set xrange [0.8:most * 1.25]
                    set xtics 1, 2
                    if (half == 0) {
                        set yrange [low_ns * 0.8:top * 1.3]
                        eval log_tics("y", low_ns, top)
                    } else {
                        set yrange [low_rate * 0.8:top_rate * 1.3]
                        eval log_tics("y", low_rate, top_rate)
                    }
                    if (c == 1) {
                        set ylabel half == 0 ? "ns/op, log scale" \
                            : "million ops a second, log scale"
                    } else { unset ylabel }
                    if (half == 1) { set xlabel "threads" offset 0, 0.5 } else { unset xlabel }
                    y(ns, k) = half == 0 ? ns : rate(k, ns)
                    picked(a, b, d, e, f) = a == e && b == c && d == f
                    # A family that has one thread only has no curve.
                    plot for [f = 1:2] for [e = 1:n_entries] $curves using \
                            (picked($1, $2, $3, e, f) ? $4 : NaN):(y($5, $4)) \
                            smooth unique with lines lw 1.5 dt f lc rgb Colour[(e - 1) % 11 + 1], \
                        for [f = 1:2] for [e = 1:n_entries] $curves using \
                            (picked($1, $2, $3, e, f) ? $4 : NaN):(y($5, $4)): \
                            (y(half == 0 ? $6 : $7, $4)):(y(half == 0 ? $7 : $6, $4)) \
                            with yerrorbars pt 8 - f ps 0.6 + 0.2 * f lw 1 \
                            lc rgb Colour[(e - 1) % 11 + 1]
                }
            }
            eval legend_frame
            set label 1 panel_label(p)." against threads, ".work_label(real(this_work)) \
                at screen 12 / width, screen 1 - 17 / height left font ",13"
            set label 2 run_label.". Filled, full: close together (compact); hollow, dashed: far " \
                ."apart (scatter). Bars: 95 %." \
                at screen 12 / width, screen 1 - 38 / height left tc rgb grey
            set lmargin at screen (width - legend) / width
            set key left top Left reverse samplen 1.5 spacing 1.1
            set tmargin at screen 1 - header / height
            plot [0:1] [0:1] NaN notitle, for [e = 1:n_entries] keyentry with linespoints lw 1.6 \
                pt 7 ps 0.7 lc rgb Colour[(e - 1) % 11 + 1] \
                title entry_label(entries, word(entries, e))
            unset label
            unset key
            set border 3
            set xtics nomirror out scale 0.5
            set ytics nomirror out scale 0.5
            unset multiplot
            unset output
        }
        drawn = drawn + 1
    }
}
if (drawn == 0) { print "threads: no case has two numbers of threads"; exit status 3 }
