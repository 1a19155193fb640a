# SPDX-License-Identifier: MIT
#
# hosts: the same layouts on several hosts: net ns/op with its 95 % interval, one colour a host.
#
#     gnuplot -e "dirs=2; dir1='results/a/T'; host1='a'; dir2='results/b/T'; host2='b'; \
#         out='plots'" results/plots/hosts.gp
#
# Reads DIRn/summary.csv of each and writes OUT/hosts.svg and .png; OUT must exist. One panel a
# scenario and role; of each host the nearest pair of CPUs that it measured, at the headline work
# (work=500: another). Exit status 3: there is nothing to draw.

dir = dir1
load ARG0[1:strlen(ARG0) - strlen("hosts.gp")]."common.gp"

text(name) = cell(strcol(name))
number(name) = num(strcol(name))
far(d) = at("none smt l2 l3 package remote", d)
# 1 host, 2 group, 3 work, 4 panel, 5 entry, 6-8 net ns/op
set print $rows
do for [h = 1:dirs] {
    csv = value(sprintf("dir%d", h))."/summary.csv"
    late = "unfair"
    eval whole_rows
    undefine $one
    if (rows > 0) {
        set table $one separator whitespace
        plot csv every ::0::rows - 1 using \
            (text("distance")."|".text("threads")."|".text("placement")):(text("work_ns")): \
            (text("scenario")."|".text("role")."|".text("writers")."|" \
                .text("objects")."|".text("access")): \
            (text("layout")."|".text("lock")):(number("net_ns_op_hl")): \
            (number("net_ns_op_ci95_lo")):(number("net_ns_op_ci95_hi")) \
            with table if (text("layout") ne "-" && text("threads") eq "2" \
                && text("net_ns_op_hl") ne "-" \
                && has("local -", text("home")) && (text("windows_other_regime") eq "0" \
                    || number("windows") >= number("windows_other_regime")))
        unset table
        eval tables
        nearest = ""
        if (|$one| > 0) {
            stats $one using (nearest = nearest eq "" \
                || far(head(strcol(1))) < far(head(nearest)) ? strcol(1) : nearest, 0) nooutput
            do for [i = 1:|$one|] {
                if (word($one[i], 1) eq nearest) { print sprintf("%d %s", h, $one[i]) }
            }
        }
    }
}
unset print
eval tables
if (|$rows| == 0) { print "hosts: no host has a pair of threads"; exit status 3 }

works = ""
stats $rows using (works = with(works, strcol(3)), 0) nooutput
eval headline
panels = ""; entries = ""
shown(w, x) = w ne "-" && real(w) == work && known(x)
stats $rows using (shown(strcol(3), col(6)) \
    ? (panels = with(panels, strcol(4)), entries = with(entries, strcol(5)), 0) : 0) nooutput
if (panels eq "") { print "hosts: nothing at that work"; exit status 3 }
eval sort_panels
eval sort_entries
n_panels = words(panels)
n_entries = words(entries)
array Colour[8] = [blue, vermilion, green, purple, orange, sky, yellow, dark]
room = 0.8 / dirs

columns = n_panels == 1 ? 1 : 2
lines = (n_panels + columns - 1) / columns
width = columns == 1 ? 1000.0 : 1300.0
left = 74; above = 28; body = 230.0; below = 110; header = 60; legend = 190
pitch = (width - legend) / columns
height = header + lines * (above + body + below)
do for [format in "svg png"] {
    eval terminal(format, width, height)
    set output out."/hosts.".format
    set multiplot
    unset key
    do for [p = 1:n_panels] {
        row = (p - 1) / columns
        column = (p - 1) % columns
        top = header + row * (above + body + below) + above
        set lmargin at screen (left + column * pitch) / width
        set rmargin at screen ((column + 1) * pitch - 8) / width
        set tmargin at screen 1 - top / height
        set bmargin at screen 1 - (top + body) / height
        set title panel_label(word(panels, p)) offset 0, -0.6 font ",12"
        set ylabel "net ns/op" offset 0.5, 0
        set autoscale
        unset logscale
        stats $rows using (strcol(4) eq word(panels, p) && shown(strcol(3), col(6)) \
            ? smaller(col(6), col(7)) : NaN) nooutput
        lowest = STATS_min < 0 ? STATS_min : 0
        stats $rows using (strcol(4) eq word(panels, p) && shown(strcol(3), col(6)) \
            ? larger(col(6), col(8)) : NaN) nooutput
        highest = STATS_max
        span = highest > lowest ? highest - lowest : 1
        set yrange [lowest - 0.04 * span:highest + 0.08 * span]
        set ytics step(span, 6) format "%g"
        set xrange [0.5:n_entries + 0.5]
        set xtics () scale 0
        do for [e = 1:n_entries] {
            set xtics add (entry_label(entries, word(entries, e)) e)
        }
        set xtics rotate by 40 right offset 0, 0.2 font ",9"
        plot for [h = 1:dirs] $rows using \
            ($1 == h && strcol(4) eq word(panels, p) && shown(strcol(3), col(6)) \
                ? at(entries, strcol(5)) - 0.4 + room * (h - 0.5) : NaN):6: \
            (known(col(7)) ? $7 : $6):(known(col(8)) ? $8 : $6) \
            with yerrorbars pt 7 ps 0.9 lc rgb Colour[(h - 1) % 8 + 1]
    }
    eval legend_frame
    set label 1 sprintf("Net cost of an op on %d hosts, %s", dirs, work_label(work)) \
        at screen 12 / width, screen 1 - 17 / height left font ",13"
    set label 2 "Each host's nearest pair of CPUs. Bars: 95 % intervals." \
        .(exists("emulated") && emulated ? " EMULATED: timing means nothing." : "") \
        at screen 12 / width, screen 1 - 38 / height left tc rgb grey
    set lmargin at screen (width - legend) / width
    set tmargin at screen 1 - (header + above) / height
    set key left top Left reverse samplen 0.5 spacing 1.1
    plot [0:1] [0:1] NaN notitle, for [h = 1:dirs] keyentry with points pt 7 ps 1 \
        lc rgb Colour[(h - 1) % 8 + 1] title value(sprintf("host%d", h))
    unset label
    unset key
    set border 3
    set xtics norotate nomirror out scale 0.5 offset 0, 0 font ",11"
    set ytics nomirror out scale 0.5
    unset multiplot
    unset output
}
