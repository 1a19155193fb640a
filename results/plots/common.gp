# SPDX-License-Identifier: MIT
#
# What the scripts share: reading cells, lists of words, the title and the terminals. Not run
# by itself.
#
# How the CSV is read. gnuplot 5.4 has three habits that this file and the scripts work around:
#  - any function of strcol("name") stops the script where a row is too short to have that column,
#    while a bare one in a table is "nan". So whole_rows looks first whether the last line was torn
#    when the run was killed, and that line is left out;
#  - an empty last cell keeps the text of the row before. Nobody reads a file's last column here;
#  - a number that is missing must not become 0: num() makes it NaN, which is not drawn.

# What the environment asks for, GNUTERM, may be a window that cannot be had.
set terminal unknown

if (!exists("dir")) {
    print "usage: gnuplot -e \"dir='results/HOST/TIME'\" results/plots/layouts.gp"
    exit status 2
}
if (!exists("out")) { out = dir."/plots" }

# NAME.dat, which linebounce plot writes beside the pictures, ordered and labelled: the first block
# is the number of pictures and why there is none; then of each its file and texts, the labels of
# its entries, its panels and its marks. A script sets `picture`, its name, first.
if (!exists("data")) { data = dir."/plots" }
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
    longest = strlen(strcol(2)) > longest ? strlen(strcol(2)) : longest, 0) nooutput; \
    left = 26 + 8.7 * longest"
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

# The text of a cell as one word, "-" when empty: "shared uniform " -> "shared,uniform".
cell(s) = words(s) == 0 ? "-" : \
    word(s, 1).(words(s) > 1 ? ",".word(s, 2) : "").(words(s) > 2 ? ",".word(s, 3) : "")
num(s) = (cell(s) eq "-" || cell(s) eq "nan") ? NaN : real(s)
known(x) = x == x
# A column of a table in memory. A bare column("name") that is NaN there makes the whole expression
# undefined.
col(n) = num(strcol(n))

# Sets `rows` to the number of whole rows of `csv`, whose column `late` is one of the last but not
# the last.
whole_rows = "set datafile separator comma; set datafile columnheaders; \
    set table $late separator tab; plot csv using (strcol(late)):('end') with table; unset table; \
    rows = |$late|; rows = rows > 0 && word($late[rows], 1) eq 'nan' ? rows - 1 : rows"
# After the CSV has been read: tables in memory are parted by blanks.
tables = "unset datafile columnheaders; set datafile separator whitespace"

# Lists are words parted by spaces.
has(list, w) = strstrt(" ".list." ", " ".w." ") > 0
with(list, w) = has(list, w) ? list : (list eq "" ? w : list." ".w)
at(list, w) = words(list) == 0 ? 0 : (sum [i = 1:words(list)] (word(list, i) eq w ? i : 0))

# Parts of "a|b|c", from 1.
part(s, n) = n == 1 ? head(s) : part(tail(s), n - 1)
head(s) = strstrt(s, "|") ? s[1:strstrt(s, "|") - 1] : s
tail(s) = strstrt(s, "|") ? s[strstrt(s, "|") + 1:strlen(s)] : ""

# For the scripts that have no data of their own yet: the order in which layouts and scenarios are
# shown; others follow in the order of the file.
layouts_known = "pointer pointer-lock-aligned pointer-aligned pointer-256 embedded-roaming "\
    ."embedded embedded-split embedded-own-line padded refcount refcount-seq"
scenarios_known = "same-object neighbours observer mixed writers nested many store load increment "\
    ."fetch-add compare-and-swap read-write counters counters-sum ring guarded churn-slab "\
    ."churn-malloc"

locks_known = "rwsem40 rwsem32 refcount pthread_mutex pthread_rwlock"

# An entry is "layout|lock". Its label names the lock only where the picture has several of that
# layout.
locks_of(entries, l) = sum [i = 1:words(entries)] (head(word(entries, i)) eq l ? 1 : 0)
entry_label(entries, e) = locks_of(entries, head(e)) > 1 ? head(e).", ".part(e, 2) : head(e)

# A panel is "scenario|role|writers|objects|access".
panel_label(p) = part(p, 1).(part(p, 2) eq "all" || part(p, 2) eq "-" ? "" : ": ".part(p, 2)) \
    .(part(p, 1) eq "mixed" && part(p, 3) ne "-" \
        ? sprintf(" (%s writer%s)", part(p, 3), part(p, 3) eq "1" ? "" : "s") : "") \
    .(part(p, 1) eq "many" && part(p, 4) ne "-" \
        ? sprintf(" of %s%s", part(p, 4), part(p, 5) eq "-" ? "" : ", ".part(p, 5)) : "")

# A placement with its home where that is not local: pictures of both would be one otherwise.
where(placement, home) = home eq "-" || home eq "local" ? placement : placement.",".home

# A picture's file, without its ending. Cells are in its name, and cells may hold anything: what is
# no letter, digit or one of .,_~- becomes "_", so that the file lies in `out`.
f_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,_~-"
picture_file(name) = (f_text = "", sum [f_i = 1:(strlen(name) < 120 ? strlen(name) : 120)] \
    (f_text = f_text.(strstrt(f_letters, name[f_i:f_i]) > 0 ? name[f_i:f_i] : "_"), 0), \
    out."/".f_text)

# Where the threads were, from "placement|distance|threads".
group_label(g) = sprintf("placement %s%s, %s thread%s", part(g, 1), \
    part(g, 2) eq part(g, 1) || part(g, 2) eq "-" ? "" : " (".part(g, 2).")", \
    part(g, 3), part(g, 3) eq "1" ? "" : "s")

# What the names of all its pictures but those of the first group end in.
group_regime(g) = part(g, 4) eq "-" || part(g, 4) eq "0" ? "" : part(g, 4)
group_suffix(g) = sprintf("-%s-%st%s", part(g, 1), part(g, 3), \
    group_regime(g) eq "" ? "" : "-regime".group_regime(g))

# Ranks: layouts and scenarios as in `order`, a twin (A/A run) behind its original, few objects
# before many. Groups: local memory before other homes, pairs before other numbers of threads (a
# sweep has many of those, and one thread alone contends with nobody), near before far, few threads
# before many, regime 0 before 1. A group is "placement|distance|threads" or
# "placement|distance|threads|regime"; that of the lowest rank has the plain name for its picture.
or_zero(x) = known(x) ? x : 0
plain(l) = l[strlen(l):strlen(l)] eq "~" ? l[1:strlen(l) - 1] : l
entry_rank(e) = at(order, plain(head(e))) * 100 + (plain(head(e)) ne head(e)) * 50 \
    + at(locks_known, part(e, 2))
panel_rank(p) = at(order, head(p)) * 1e12 + at("lock read reader writer", part(p, 2)) * 1e11 \
    + or_zero(num(part(p, 4)))
group_rank(g) = (strstrt(part(g, 1), ",") > 0) * 1e9 + (or_zero(num(part(g, 3))) != 2) * 1e8 \
    + at("smt l2 l3 package remote none", part(g, 2)) * 1e6 \
    + or_zero(num(part(g, 3))) * 10 + or_zero(num(part(g, 4)))
# Sorts the list `found` into `sorted` by rank(), which the caller defines.
sort_found = "sorted = ''; do for [k = 1:words(found)] { least = ''; \
    do for [f in found] { \
        if (!has(sorted, f) && (least eq '' || rank(f) < rank(least))) { least = f } }; \
    sorted = with(sorted, least) }"

# Sorts `panels` and `entries` in the order in which they are shown.
sort_panels = "order = scenarios_known; do for [p in panels] { order = with(order, head(p)) }; \
    found = panels; rank(p) = panel_rank(p); eval sort_found; panels = sorted"
sort_entries = "order = layouts_known; \
    do for [e in entries] { order = with(order, plain(head(e))) }; \
    found = entries; rank(e) = entry_rank(e); eval sort_found; entries = sorted"
# A sweep has many: pictures of one placement each are drawn of the first `groups_most` then.
if (!exists("groups_most")) { groups_most = 6 }
sort_groups = "found = groups; rank(g) = group_rank(g); eval sort_found; groups = ''; \
    do for [k = 1:(words(sorted) < groups_most ? words(sorted) : groups_most)] { \
        groups = with(groups, word(sorted, k)) }"

# Sets `work`, unless the caller of the script has: 200 ns, else the least pause in `works`, else 0.
headline = "if (!exists('work')) { work = 0; do for [w in works] { \
    if (w ne '-' && real(w) > 0 && work != 200 \
        && (work == 0 || real(w) == 200 || real(w) < work)) { work = real(w) } } }"

# What a picture of a work has in its name.
work_suffix(w) = w == 0 ? "-saturated" : w == work ? "" : sprintf("-work%g", w)
work_label(w) = w == 0 ? "saturated throughput (work 0)" : sprintf("work %g ns", w)

# A step that gives about n tics over a span: 1, 2 or 5 times a power of ten.
power(span, n) = 10 ** floor(log10(span / (n * 1.0)))
step(span, n) = span / (n * power(span, n)) > 5 ? 10 * power(span, n) : \
    span / (n * power(span, n)) > 2 ? 5 * power(span, n) : \
    span / (n * power(span, n)) > 1 ? 2 * power(span, n) : power(span, n)

# The command for tics of a log axis: 1, 2 and 5 times the powers of ten, only 1 over more than 2.5
# decades.
log_tics(axis, low, high) = sprintf("set %stics () format '%%g'; unset m%stics; \
    do for [k = %d:%d] { do for [m in '%s'] { \
        set %stics add (gprintf('%%g', int(m) * 10.0 ** k) int(m) * 10.0 ** k) } }", \
    axis, axis, floor(log10(low)) - 1, ceil(log10(high)), high > 300 * low ? "1" : "1 2 5", axis)

# The same, but no tics below `low`: the place of 0 is there.
log_tics_from(axis, low, high) = sprintf("do for [k = %d:%d] { do for [m in '%s'] { \
    if (int(m) * 10.0 ** k >= %g) { \
        set %stics add (gprintf('%%g', int(m) * 10.0 ** k) int(m) * 10.0 ** k) } } }; \
    unset m%stics", \
    floor(log10(low)) - 1, ceil(log10(high)), high > 100 * low ? "1" : "1 2 5", low, axis, axis)

# Where there is nothing but 0 on the axis, or nothing at all: no scale to read anything from.
bare_tics(most) = "set xtics ('".(known(most) ? "0" : "")."' 0)"
larger(a, b) = known(b) && (!known(a) || b > a) ? b : a
smaller(a, b) = known(b) && (!known(a) || b < a) ? b : a

# The last two names of the path: host and time of the run.
run_name = ""
run_host = ""
do for [i = 1:strlen(dir)] {
    if (dir[i:i] eq "/") {
        if (i < strlen(dir)) { run_host = run_name; run_name = "" }
    } else { run_name = run_name.dir[i:i] }
}
if (exists("host")) { run_host = host }
run_label = (run_host eq "" ? "" : run_host.", ").run_name
if (exists("emulated") && emulated) { run_label = run_label." (EMULATED: timing means nothing)" }

# sans-serif is the one family that every viewer of an SVG has; the PNG takes what fontconfig gives
# when DejaVu Sans is missing, and libgd's png where there is no cairo.
png_terminal = has(GPVAL_TERMINALS, "pngcairo") ? "pngcairo" : "png"
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
# An empty plot for what is left to say.
legend_only = "set lmargin at screen 0; set rmargin at screen 1; \
    set tmargin at screen 1; set bmargin at screen 0; unset border; unset tics; unset xlabel; \
    unset ylabel; unset title; unset key; set autoscale; unset logscale; \
    plot [0:1] [0:1] NaN notitle; \
    set border 3; set xtics nomirror out scale 0.5; set ytics nomirror out scale 0.5"
# The same without a plot of its own: for a legend that is one.
legend_frame = legend_only[1:strstrt(legend_only, "plot [") - 1]
# The title and what is `said` below it.
titles = "set label 1 title at screen 12.0 / width, screen 1 - 17.0 / height left font sized(13); \
    set label 2 said at screen 12.0 / width, screen 1 - 38.0 / height left tc rgb grey"
# A legend of entries to the right of the panels, from `top` on; `legend` pixels wide.
legend_right(top) = sprintf("eval legend_frame; eval frame(width - legend, width, %g, height); \
    set key left top Left reverse samplen 1 spacing 1.1", top)
# What a legend has taken away.
axes_again = "unset label; unset key; set border 3; set ytics nomirror out scale 0.5; \
    set xtics norotate nomirror out scale 0.5 offset 0, 0 font ''"
set style line 100 lc rgb "#DDDDDD" lw 1 dt 1
set border 3 lc rgb dark
set tics nomirror out scale 0.5
