# SPDX-License-Identifier: MIT
#
# offset: what an op costs by the distance of two threads' words, and by the offset of a lock.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/offset.gp
#
# Reads DIR/summary.csv and writes DIR/plots/offset.svg and .png; DIR/plots must exist. A panel for
# words and one for the lock's offset at each work, a curve an operation and role, with 95 %
# intervals; lines mark 64 and 128 bytes. More settings, in the same -e: out='folder', host='name in
# the title', emulated=1. Exit status 3: no case has an offset.

load ARG0[1:strlen(ARG0) - strlen("offset.gp")]."common.gp"

csv = dir."/summary.csv"
late = "unfair"
eval whole_rows
if (rows == 0) { print "offset: ".csv." has no rows"; exit status 3 }

# 1 kind (words or lock) and work, 2 operation, 3 offset, 4-6 ns/op
text(name) = cell(strcol(name))
number(name) = num(strcol(name))
set table $rows separator whitespace
plot csv every ::0::rows - 1 using \
    ((text("layout")[1:6] eq "apart-" ? "words" : "lock")."|".text("work_ns")): \
    (text("scenario").(text("role") eq "all" ? "" : ":".text("role")) \
        .(words(text("placement")) && text("threads") ne "2" ? ":".text("threads")."t" : "")): \
    (number("offset_bytes")):(number("ns_op_median")):(number("ns_op_ci95_lo")): \
    (number("ns_op_ci95_hi")) \
    with table if (text("offset_bytes") ne "-" && text("ns_op_median") ne "-" \
        && (text("windows_other_regime") eq "0" \
            || number("windows") >= number("windows_other_regime")))
unset table
eval tables
if (|$rows| == 0) { print "offset: ".csv." has no case with an offset"; exit status 3 }

panels = ""; entries = ""; low_offset = 1e300; most = 0
stats $rows using (panels = with(panels, strcol(1)), entries = with(entries, strcol(2)), \
    low_offset = $3 < low_offset ? $3 : low_offset, most = $3 > most ? $3 : most, 0) nooutput
found = panels
rank(p) = (part(p, 1) eq "lock") * 1e9 + (real(part(p, 2)) == 0 ? 1e8 : real(part(p, 2)))
eval sort_found
panels = sorted
n_panels = words(panels)
n_entries = words(entries)
array Colour[11] = [dark, grey, green, vermilion, blue, orange, purple, sky, yellow, "#8C510A", \
    "#01665E"]
array Shape[11] = [7, 5, 9, 11, 13, 7, 5, 9, 11, 13, 7]

columns = n_panels == 1 ? 1 : 2
lines = (n_panels + columns - 1) / columns
width = columns == 1 ? 900.0 : 1300.0
left = 74; above = 30; body = 320.0; below = 56; header = 60; legend = 200
pitch = (width - legend) / columns
height = header + lines * (above + body + below)
do for [format in "svg png"] {
    eval terminal(format, width, height)
    set output out."/offset.".format
    set multiplot
    unset key
    do for [p = 1:n_panels] {
        panel = word(panels, p)
        row = (p - 1) / columns
        column = (p - 1) % columns
        top = header + row * (above + body + below) + above
        set lmargin at screen (left + column * pitch) / width
        set rmargin at screen ((column + 1) * pitch - 10) / width
        set tmargin at screen 1 - top / height
        set bmargin at screen 1 - (top + body) / height
        set title (part(panel, 1) eq "words" ? "two threads' words, " : "a lock in its object, ") \
            .work_label(real(part(panel, 2))) offset 0, -0.6 font ",12"
        set autoscale
        unset logscale
        stats $rows using (strcol(1) eq panel ? smaller(col(4), col(5)) : NaN) nooutput
        lowest = STATS_min
        stats $rows using (strcol(1) eq panel ? larger(col(4), col(6)) : NaN) nooutput
        highest = STATS_max
        log_y = lowest > 0 && highest > 8 * lowest
        set logscale x 2
        set xrange [low_offset / 1.2:most * 1.2]
        set xtics 8, 2
        if (log_y) {
            set logscale y
            set yrange [lowest * 0.8:highest * 1.25]
            eval log_tics("y", lowest, highest)
        } else {
            span = highest > lowest ? highest - lowest : 1
            set yrange [lowest - 0.06 * span:highest + 0.06 * span]
            set ytics step(span, 6) format "%g"
        }
        set ylabel log_y ? "ns/op, log scale" : "ns/op" offset 0.5, 0
        set xlabel part(panel, 1) eq "words" ? "bytes apart" : "offset of the lock, bytes" \
            offset 0, 0.5
        do for [k = 0:1] {
            set arrow k + 1 from first 64 * (k + 1), graph 0 to first 64 * (k + 1), graph 1 nohead \
                lc rgb grey dt 3 back
        }
        # 1 operation, 2 offset, 3-5 ns/op: sorted, so that curves have no holes
        set table $curves separator whitespace
        plot for [e = 1:n_entries] $rows using (e):3:4:(known(col(5)) ? $5 : $4): \
            (known(col(6)) ? $6 : $4) \
            with table if (strcol(1) eq panel && strcol(2) eq word(entries, e))
        unset table
        plot for [e = 1:n_entries] $curves using ($1 == e ? $2 : NaN):3 \
                smooth unique with lines lw 1.4 lc rgb Colour[(e - 1) % 11 + 1], \
            for [e = 1:n_entries] $curves using ($1 == e ? $2 : NaN):3:4:5 \
                with yerrorbars pt Shape[(e - 1) % 11 + 1] ps 0.8 lc rgb Colour[(e - 1) % 11 + 1]
        unset arrow
    }
    eval legend_frame
    set label 1 "Cost of an op by distance" at screen 12 / width, screen 1 - 17 / height left \
        font ",13"
    set label 2 run_label.". Bars: 95 % intervals. Lines: 64 and 128 bytes." \
        at screen 12 / width, screen 1 - 38 / height left tc rgb grey
    set lmargin at screen (width - legend) / width
    set tmargin at screen 1 - (header + above) / height
    set key left top Left reverse samplen 1 spacing 1.1
    plot [0:1] [0:1] NaN notitle, for [e = 1:n_entries] keyentry with linespoints \
        pt Shape[(e - 1) % 11 + 1] ps 0.8 lc rgb Colour[(e - 1) % 11 + 1] title word(entries, e)
    unset label
    unset key
    set border 3
    set xtics nomirror out scale 0.5
    set ytics nomirror out scale 0.5
    unset multiplot
    unset output
}
