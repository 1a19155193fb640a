# SPDX-License-Identifier: MIT
#
# windows: every window of a run in order of time, to see drift, regimes and what was spoiled.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/windows.gp
#
# Reads DIR/samples.csv and writes DIR/plots/windows.svg and .png; DIR/plots must exist. From top to
# bottom: ns/op of the cases with work between ops, ns/op at work 0 (and of anchors and controls
# that have no work), and the round trip of one line between the case's PUs just before the window
# (of several pairs the slowest), on a log axis. A regime is a band of that round trip; a case is
# only compared within one. A cross is a spoiled window, on the lower edge where it has no number.
# Rows of windows that ran with armed breakpoints have no times and are left out, as are panels
# without data. Of more than 10000 rows every n-th good one is drawn, and the picture says so;
# spoiled ones all are.
#
# More settings, in the same -e: out='folder', host='name in the title', emulated=1 (says so in
# the title). Exit status 3: the run has nothing to draw.

load ARG0[1:strlen(ARG0) - strlen("windows.gp")]."common.gp"

csv = dir."/samples.csv"
late = "steal_ticks"
eval whole_rows
if (rows == 0) { print "windows: ".csv." has no rows"; exit status 3 }
nth = int((rows + 9999) / 10000)

# Scenarios have colours; what has no layout (empty, anchors, controls) is grey.
array Colour[8] = [blue, orange, green, purple, vermilion, sky, yellow, grey]
array Shape[8] = [7, 5, 9, 11, 13, 7, 5, 7]
colour_of(scenario, layout) = layout eq "-" || at(scenarios_known, scenario) == 0 ? 8 : \
    at(scenarios_known, scenario)

# A case of more than two threads has a round trip for each of several pairs, parted by ";". Halving
# the text keeps the recursion shallow.
middle(s) = (strlen(s) + 1) / 2
cut(s) = strstrt(s[middle(s):strlen(s)], ";") > 0 \
    ? middle(s) - 1 + strstrt(s[middle(s):strlen(s)], ";") : strstrt(s, ";")
halves(s, k) = larger(largest(s[1:k - 1]), largest(s[k + 1:strlen(s)]))
largest(s) = strstrt(s, ";") == 0 ? num(s) : halves(s, cut(s))

# 1 start in s, 2 colour, 3 whether spoiled, 4 panel of ns/op, 5 ns/op, 6 round trip, 7 window
text(name) = cell(strcol(name))
number(name) = num(strcol(name))
set table $rows separator whitespace
plot csv every ::0::rows - 1 using (number("start_ns") / 1e9): \
    (colour_of(text("scenario"), text("layout"))):(text("status") eq "ok" ? 0 : 1): \
    (known(number("work_ns")) && number("work_ns") > 0 ? 1 : 2):(number("ns_op")): \
    (largest(strcol("pingpong_before_ns"))):(number("window")) with table \
    if (known(number("start_ns")) \
        && (text("status") eq "spoiled" || text("status") eq "ok" && int($0) % nth == 0))
unset table
eval tables
if (|$rows| == 0) { print "windows: ".csv." has no timed row with a start"; exit status 3 }

# What there is to show.
end_s = 0
panels = ""; colours = ""; n_windows = 0; n_spoiled = 0; last = -1
counts(window) = known(window) && window != last
stats $rows using (end_s = $1 > end_s ? $1 : end_s, \
    panels = known(col(5)) ? with(panels, strcol(4)) : panels, \
    panels = known(col(6)) ? with(panels, "3") : panels, \
    colours = known(col(5)) ? with(colours, strcol(2)) : colours, \
    n_windows = n_windows + counts(col(7)), \
    n_spoiled = n_spoiled + (counts(col(7)) && $3 > 0), \
    last = known(col(7)) ? col(7) : last, 0) nooutput
order = panels; panels = ""
do for [p in "1 2 3"] { if (has(order, p)) { panels = with(panels, p) } }
order = colours; colours = ""
do for [c in "1 2 3 4 5 6 7 8"] { if (has(order, c)) { colours = with(colours, c) } }
n_panels = words(panels)
if (n_panels == 0) { print "windows: ".csv." has no numbers to draw"; exit status 3 }
size = |$rows| > 1000 ? 0.45 : 0.8
scale = end_s > 7200 ? 60.0 : 1.0
array Text[3] = ["work between ops", "work 0 (saturated throughput), anchors, controls", \
    "ping-pong just before the window, slowest pair"]
array Unit[3] = ["ns/op", "ns/op", "round trip, ns"]

width = 1200.0
left = 84; above = 28; below = 26; header = 84; footer = 22
body = n_panels == 1 ? 420.0 : n_panels == 2 ? 280.0 : 190.0
height = header + n_panels * (above + body + below) + footer

do for [format in "svg png"] {
    eval terminal(format, width, height)
    set output out."/windows.".format
    set multiplot
    unset key
    do for [i = 1:n_panels] {
        p = int(word(panels, i))
        set lmargin at screen left / width
        set rmargin at screen 1 - 16 / width
        top = header + (i - 1) * (above + body + below) + above
        set tmargin at screen 1 - top / height
        set bmargin at screen 1 - (top + body) / height
        set title Text[p] offset 0, -0.6 font ",12"
        value = p == 3 ? 6 : 5
        mine(q) = p == 3 || q == p

        # stats looks at the axes of the panel before, so they go first.
        set autoscale
        unset logscale
        stats $rows using (mine($4) ? column(value) : NaN) nooutput
        low = STATS_min; high = STATS_max
        log_y = low > 0 && (p == 3 || high > 4 * low)
        span = high > low ? high - low : (high != 0 ? 0.1 * abs(high) : 1)
        if (log_y) {
            set logscale y
            floor_y = high > 3 * low ? low * 0.8 : low * 0.5
            set yrange [floor_y:high > 3 * low ? high * 1.25 : high * 2]
            eval log_tics("y", low, high)
        } else {
            floor_y = low - 0.08 * span
            set yrange [floor_y:high + 0.08 * span]
            set ytics step(span, 4) format "%g"
        }
        set ylabel Unit[p].(log_y ? " (log)" : "") offset 0.5, 0
        set xrange [0:end_s > 0 ? end_s / scale * 1.01 : 1]
        set xtics auto format "%g" offset 0, 0.3
        if (i == n_panels) {
            set xlabel (scale > 1 ? "min" : "s")." since the start of the run" offset 0, 0.7
        } else { unset xlabel }
        plot for [c in colours] $rows using \
                (mine($4) && $3 == 0 && $2 == int(c) ? $1 / scale : NaN):value with points \
                pt (p == 3 ? 7 : Shape[int(c)]) ps size lc rgb (p == 3 ? grey : Colour[int(c)]), \
            $rows using (mine($4) && $3 == 1 ? $1 / scale : NaN): \
                (known(col(value)) ? col(value) : floor_y) \
                with points pt 2 ps 0.9 lw 1.3 lc rgb dark
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
    set key left top horizontal Left reverse samplen 0.5 width -0.5 maxrows 1
    set label 1 "Every window of the run: ".run_label \
        at screen 12 / width, screen 1 - 17 / height left font ",13"
    set label 2 sprintf("%d windows shown%s, of which %d spoiled.", n_windows, \
        nth == 1 ? "" : sprintf(" (1 good row of %d)", nth), n_spoiled) \
        at screen 12 / width, screen 1 - 41 / height left tc rgb grey
    plot [0:1] [0:1] NaN notitle, for [c in colours] keyentry with points pt Shape[int(c)] ps 1.1 \
        lc rgb Colour[int(c)] title (c eq "8" ? "no layout" : word(scenarios_known, int(c))), \
        for [i = 1:(n_spoiled > 0)] keyentry with points \
            pt 2 ps 1 lw 1.3 lc rgb dark title "spoiled"
    unset label
    unset key
    set border 3
    set xtics nomirror out scale 0.5
    set ytics nomirror out scale 0.5
    unset multiplot
    unset output
}
