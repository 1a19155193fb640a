# SPDX-License-Identifier: MIT
#
# What ratio.gp and fairness.gp share: a value of each layout at every placement, one panel a
# scenario. Not run by itself; the caller sets `picture` (its name), `value`, `low`, `high` (columns
# of summary.csv; low and high may be the value again), `what`, `y_label` and `one` (where a line is
# drawn).

csv = dir."/summary.csv"
late = "unfair"
eval whole_rows
if (rows == 0) { print picture.": ".csv." has no rows"; exit status 3 }

# 1 placement, 2 work, 3 panel, 4 entry, 5-7 value with its ends
text(name) = cell(strcol(name))
number(name) = num(strcol(name))
set table $rows separator whitespace
plot csv every ::0::rows - 1 using \
    (where(text("placement"), text("home"))."|".text("distance")."|".text("threads")): \
    (text("work_ns")): \
    (text("scenario")."|".text("role")."|".text("writers")."|" \
        .text("objects")."|".text("access")): \
    (text("layout")."|".text("lock")):(number(value)):(number(low)):(number(high)) \
    with table if (text("layout") ne "-" && (text("windows_other_regime") eq "0" \
        || number("windows") >= number("windows_other_regime")))
unset table
eval tables
if (|$rows| == 0) { print picture.": ".csv." has no rows of layouts"; exit status 3 }

groups_most = 64
groups = ""; works = ""
stats $rows using (groups = with(groups, strcol(1)), works = with(works, strcol(2)), 0) nooutput
if (words(groups) < 2) { print picture.": ".csv." has one placement"; exit status 3 }
eval sort_groups
eval headline
n_groups = words(groups)

array Colour[11] = [dark, blue, vermilion, green, purple, orange, sky, yellow, grey, "#8C510A", \
    "#01665E"]
array Shape[11] = [7, 5, 9, 11, 13, 7, 5, 9, 11, 13, 7]
drawn = 0
do for [this_work in sprintf("%g %s", work, work == 0 ? "" : "0")] {
    panels = ""; entries = ""
    shown(w, x) = w ne "-" && real(w) == real(this_work) && known(x)
    set autoscale
    unset logscale
    stats $rows using (shown(strcol(2), col(5)) \
        ? (panels = with(panels, strcol(3)), entries = with(entries, strcol(4)), 0) : 0) nooutput
    if (panels eq "") { continue }
    eval sort_panels
    eval sort_entries
    n_panels = words(panels)
    n_entries = words(entries)
    room = 0.8 / n_entries

    columns = n_panels == 1 || n_groups > 12 ? 1 : 2
    lines = (n_panels + columns - 1) / columns
    width = columns == 1 ? (700.0 + 26 * n_groups) : 1200.0
    left = 74; above = 28; body = 230.0; below = n_groups > 12 ? 125 : 92; header = 60; legend = 190
    pitch = (width - legend) / columns
    height = header + lines * (above + body + below)
    name = picture_file(picture.work_suffix(real(this_work)))
    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output name.".".format
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
            set ylabel y_label offset 0.5, 0
            set autoscale
            unset logscale
            stats $rows using (strcol(3) eq word(panels, p) && shown(strcol(2), col(5)) \
                ? smaller(col(5), col(6)) : NaN) nooutput
            lowest = STATS_min < one ? STATS_min : one
            stats $rows using (strcol(3) eq word(panels, p) && shown(strcol(2), col(5)) \
                ? larger(col(5), col(7)) : NaN) nooutput
            highest = STATS_max > one ? STATS_max : one
            log_y = lowest > 0 && highest > 8 * lowest
            if (log_y) {
                set logscale y
                set yrange [lowest * 0.8:highest * 1.25]
                eval log_tics("y", lowest, highest)
            } else {
                span = highest > lowest ? highest - lowest : 1
                set yrange [lowest - 0.06 * span:highest + 0.06 * span]
                set ytics step(span, 6) format "%g"
            }
            set xrange [0.5:n_groups + 0.5]
            set xtics () scale 0
            do for [g = 1:n_groups] {
                set xtics add (sprintf("%s %st", part(word(groups, g), 1), \
                    part(word(groups, g), 3)) g)
            }
            set xtics rotate by 45 right offset 0, 0.2 font ",9"
            set arrow 1 from first 0.5, first one to first n_groups + 0.5, first one nohead \
                lc rgb grey dt 3 back
            place(s, e) = at(groups, s) - 0.4 + room * (e - 0.5)
            plot for [e = 1:n_entries] $rows using \
                (strcol(3) eq word(panels, p) && strcol(4) eq word(entries, e) \
                    && shown(strcol(2), col(5)) && at(groups, strcol(1)) > 0 \
                    ? place(strcol(1), e) : NaN):5: \
                (known(col(6)) ? $6 : $5):(known(col(7)) ? $7 : $5) \
                with yerrorbars pt Shape[(e - 1) % 11 + 1] ps 0.8 lc rgb Colour[(e - 1) % 11 + 1]
            unset arrow
        }
        eval legend_frame
        set label 1 what.", ".work_label(real(this_work)) \
            at screen 12 / width, screen 1 - 17 / height left font ",13"
        set label 2 run_label.". Bars: 95 % intervals." \
            at screen 12 / width, screen 1 - 38 / height left tc rgb grey
        set lmargin at screen (width - legend) / width
        set tmargin at screen 1 - (header + above) / height
        set key left top Left reverse samplen 0.5 spacing 1.1
        plot [0:1] [0:1] NaN notitle, for [e = 1:n_entries] keyentry with points \
            pt Shape[(e - 1) % 11 + 1] ps 1 lc rgb Colour[(e - 1) % 11 + 1] \
            title entry_label(entries, word(entries, e))
        unset label
        unset key
        set border 3
        set xtics norotate nomirror out scale 0.5 offset 0, 0 font ",11"
        set ytics nomirror out scale 0.5
        unset multiplot
        unset output
    }
    drawn = drawn + 1
}
if (drawn == 0) { print picture.": nothing was measured at two placements"; exit status 3 }
