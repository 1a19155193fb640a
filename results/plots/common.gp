# SPDX-License-Identifier: MIT
#
# What the scripts share: NAME.dat, axes, the title and the terminals. Not run by itself.

# What the environment asks for, GNUTERM, may be a window that cannot be had.
set terminal unknown

usage = "usage: gnuplot -e \"dir='results/HOST/TIME'\" results/plots/layouts.gp"
if (!exists("dir")) { print usage; exit status 2 }
if (!exists("out")) { out = dir."/plots" }
if (!exists("data")) { data = dir."/plots" }

# NAME.dat, which linebounce plot writes beside the pictures, ordered and labelled: the first block
# is the number of pictures and why there is none; then of each its file and texts, the labels of
# its entries, its panels and its marks. A script sets `picture`, its name, first.
open_data = "dat = data.'/'.picture.'.dat'; set datafile separator tab; \
    stats dat index 0 using (n_pictures = int($1), reason = strcol(2), 0) nooutput; \
    if (!exists('n_pictures')) { \
        print dat.' is missing: \"linebounce plot '.dir.'\" writes it'; exit status 2 }; \
    if (n_pictures == 0) { print reason; exit status 3 }"
# Sets file, title, n_panels, n_entries, what `texts` makes of the columns from the fifth, the
# blocks `panels`, `marks` and those behind (a script that has some says how many `blocks` there
# are), Entry[] by its number, and the room that entries need.
blocks = 4
next_picture(texts) = "set autoscale; unset logscale; head = blocks * (k - 1) + 1; \
    panels = head + 2; marks = head + 3; more = head + 4; \
    stats dat index head using (file = out.'/'.strcol(1), title = strcol(2), \
    n_panels = int($3), n_entries = int($4), ".texts.", 0) nooutput; array Entry[n_entries]; \
    longest = 0; stats dat index head + 1 using (Entry[int($1)] = strcol(2), \
    longest = larger(longest, strlen(strcol(2))), 0) nooutput; left = 26 + 8.7 * longest"
# The place of a panel, in pixels from the left and from above.
frame(from, to, top, bottom) = sprintf("set lmargin at screen %g; set rmargin at screen %g; \
    set tmargin at screen %g; set bmargin at screen %g", \
    from * 1.0 / width, to * 1.0 / width, 1 - top * 1.0 / height, 1 - bottom * 1.0 / height)
# The y axis of a panel whose values reach from `low` to `high`.
y_axis = "unset logscale y; if (log_y) { \
        set logscale y; set yrange [low * 0.8:high * 1.25]; eval log_tics('y', low, high) \
    } else { \
        span = high > low ? high - low : high != 0 ? 0.1 * abs(high) : 1; \
        set yrange [low - 0.07 * span:high + 0.07 * span]; set ytics step(span, 6) format '%g' }"
# The y axis of a panel: names of entries in the first column, a thin line for each.
entries_axis = "set yrange [0.4:n_entries + 0.6]; unset ytics; if (first_column) { \
    set ytics () scale 0; do for [e = 1:n_entries] { set ytics add (Entry[e] e) } }; \
    do for [e = 1:n_entries] { \
        set arrow e from graph 0, first e to graph 1, first e nohead ls 100 back }"

# A number that is missing must not become 0: it is NaN, which is not drawn. A bare column that is
# NaN would make the whole expression undefined.
col(n) = strcol(n) eq "NaN" ? NaN : real(strcol(n))
known(x) = x == x
or_zero(x) = known(x) ? x : 0
larger(a, b) = known(b) && (!known(a) || b > a) ? b : a
# A step that gives about n tics over a span: 1, 2 or 5 times a power of ten.
power(span, n) = 10 ** floor(log10(span / (n * 1.0)))
step(span, n) = span / (n * power(span, n)) > 5 ? 10 * power(span, n) : \
    span / (n * power(span, n)) > 2 ? 5 * power(span, n) : \
    span / (n * power(span, n)) > 1 ? 2 * power(span, n) : power(span, n)
# Tics of a log axis from `low` on (below it may be the place of 0): 1, 2 and 5 times the powers of
# ten, over more than 2.5 decades those alone.
log_tics_from(axis, low, high) = sprintf("do for [k = %d:%d] { do for [m in '%s'] { \
    if (int(m) * 10.0 ** k >= %g) { \
        set %stics add (gprintf('%%g', int(m) * 10.0 ** k) int(m) * 10.0 ** k) } } }; \
    unset m%stics", \
    floor(log10(low)) - 1, ceil(log10(high)), high > 300 * low ? "1" : "1 2 5", low, axis, axis)
log_tics(axis, low, high) = \
    sprintf("set %stics () format '%%g'; ", axis).log_tics_from(axis, low / 2.0, high)
# Where there is nothing but 0 on the axis, or nothing at all: no scale to read anything from.
bare_tics(most) = "set xtics ('".(known(most) ? "0" : "")."' 0)"

# The last two names of the path: host and time of the run.
run_name = ""; run_host = ""
do for [i = 1:strlen(dir)] {
    if (dir[i:i] eq "/") {
        if (i < strlen(dir)) { run_host = run_name; run_name = "" }
    } else { run_name = run_name.dir[i:i] }
}
if (exists("host")) { run_host = host }
run_label = (run_host eq "" ? "" : run_host.", ").run_name
if (exists("emulated") && emulated) { run_label = run_label." (EMULATED: timing means nothing)" }

# sans-serif is the one family that every viewer of an SVG has; the PNG takes what fontconfig gives
# when DejaVu Sans is missing. libgd's has a palette: a quarter of the bytes of cairo's for a page.
png_terminal = strstrt(" ".GPVAL_TERMINALS." ", " png ") > 0 ? "png" : "pngcairo"
terminal(format, width, height) = format eq "svg" \
    ? sprintf("set terminal svg size %d,%d font 'sans-serif,15' background 'white' noenhanced", \
        width, height) \
    : sprintf("set terminal %s size %d,%d font 'DejaVu Sans,%g' background 'white' noenhanced", \
        png_terminal, width, height, png_terminal eq "png" ? 10.5 : 11)
# A font's size for the terminal of `format`, in points as the PNG has them.
sized(points) = sprintf(",%g", format eq "svg" ? points * 15 / 11.0 : points)

# Colours of Okabe and Ito, told apart by the colour-blind too. Shapes differ as well.
green = "#009E73"; vermilion = "#D55E00"; blue = "#0072B2"; sky = "#56B4E9"
orange = "#E69F00"; purple = "#CC79A7"; yellow = "#B8A800"; grey = "#777777"; dark = "#222222"
# Those of the curves of a picture, and their points.
array Colour[11] = [dark, blue, vermilion, green, purple, orange, sky, yellow, grey, "#8C510A", \
    "#01665E"]
colour(e) = Colour[(e - 1) % 11 + 1]
shape(e) = int(word("7 5 9 11 13", (e - 1) % 5 + 1))
# How words stand in a panel, beside a bar or in its place. Where there are none to be, they go to y
# `nowhere`, out of the range: gnuplot 5.4 falls over labels without any good point.
nowhere = -9
set style textbox opaque fillcolor "white" noborder margins 0.3, 0
words_beside = "with labels left boxed offset 0.8, 0 font sized(9) tc rgb '#666666' notitle"
# An empty plot for what is left to say: its frame, the same with the plot, and what it has taken
# away from those that come.
legend_frame = "set lmargin at screen 0; set rmargin at screen 1; \
    set tmargin at screen 1; set bmargin at screen 0; unset border; unset tics; unset xlabel; \
    unset ylabel; unset title; unset key; set autoscale; unset logscale; "
axes_again = "unset label; unset key; set border 3; set ytics nomirror out scale 0.5; \
    set xtics norotate nomirror out scale 0.5 offset 0, 0 font ''"
legend_only = legend_frame."plot [0:1] [0:1] NaN notitle; ".axes_again
# The title and what is `said` below it.
titles = "set label 1 title at screen 12.0 / width, screen 1 - 17.0 / height left font sized(13); \
    set label 2 said at screen 12.0 / width, screen 1 - 38.0 / height left tc rgb grey"
# A legend of entries to the right of the panels, from `top` on; `legend` pixels wide.
legend_right(top) = sprintf("eval legend_frame; eval frame(width - legend, width, %g, height); \
    set key left top Left reverse samplen 1 spacing 1.1", top)
set style line 100 lc rgb "#DDDDDD" lw 1 dt 1
set border 3 lc rgb dark; set tics nomirror out scale 0.5
