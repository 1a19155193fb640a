# SPDX-License-Identifier: MIT
#
# causes: what is behind the cost of an op, by layout, scenario and role: how long single ops took,
# how many waited for a line, and what the counters counted.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/causes.gp
#
# Reads DIR/summary.csv and writes into DIR/plots, which must exist:
#     causes.svg, .png            at the headline work
#     causes-work1000.svg, .png   at every other pause that was measured
#     causes-saturated.svg, .png  at work 0: saturated throughput
# Each line of panels is a scenario and role: the median and the 99th percentile of the timed ops'
# latency; the slow ones of 1000 timed ops; and for each of at most six events its count per op.
# Those six have the most values in the file (to a quarter of its rows); among equals come the
# events that tell of lines moving, then the user's own. What has no number is no bar but a word:
# for an event its state (not counted, not supported, unproved: it read 0, and so did the positive
# control). The last lines name the events that are not shown.
# A run with several placements, thread counts or regimes gets pictures of each; all but the first
# have that in their names: causes-remote-8t.svg, causes-l3-2t-regime1.svg.
#
# More settings, in the same -e: work=500 (another headline; default 200, else the least pause that
# was measured), out='folder', host='name in the title', emulated=1 (says so in the title).
# Exit status 3: the file has nothing to draw.

load ARG0[1:strlen(ARG0) - strlen("causes.gp")]."common.gp"

csv = dir."/summary.csv"
late = "unfair"
eval whole_rows
if (rows == 0) { print "causes: no rows in summary.csv"; exit status 3 }

# 1 group, 2 work, 3 panel, 4 entry, 5 timed ops, 6 and 7 latency p50 and p99, 8 slow ops per 1000,
# 9 events, 10 their counts per op, 11 their states
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
    (number("latency_samples")):(number("latency_p50_ns")):(number("latency_p99_ns")): \
    (number("slow_ops_per_kop")): \
    (joined(strcol("events"))):(joined(strcol("events_per_op"))):(joined(strcol("event_states"))) \
    with table if (text("layout") ne "-" && text("work_ns") ne "-")
unset table
eval tables
if (|$rows| == 0) { print "causes: no rows of layouts in summary.csv"; exit status 3 }

groups = ""; works = ""; events = ""; timed = 0; slow = 0
stats $rows using (groups = with(groups, strcol(1)), works = with(works, strcol(2)), \
    timed = timed || known(col(6)) || known(col(7)), slow = slow || known(col(8)), \
    events = strcol(9) eq "-" || strstrt(" ".events." ", " ".swapped(strcol(9), ";", " ")." ") \
        ? events : events." ".swapped(strcol(9), ";", " "), 0) nooutput

# Every event once, with the rows that have a value of it and the states of those that have none.
found = events; events = ""
do for [e in found] { events = with(events, e) }
all_events = swapped(events, " ", ";")
index_of(name) = strcol(9) eq all_events ? at(events, name) : field_at(strcol(9), name)
array Values[words(events) + 1]
array States[words(events) + 1]
do for [v = 1:words(events)] {
    e = word(events, v)
    n = 0; states = ""
    stats $rows using (i = index_of(e), i == 0 ? 0 : known(num(field(strcol(10), i))) \
        ? (n = n + 1, 0) : (states = with(states, field(strcol(11), i)), 0)) nooutput
    Values[v] = n
    States[v] = swapped(swapped(states, " ", "/"), "_", " ")
}
telling = "hitm_local hitm_remote hitm_far rfo_hitm rfo_hitm_remote invalidated"
rest = "l2_miss llc_miss l1d_miss order_clears lock_ops instructions cycles"
usual(e) = has(telling, e) ? at(telling, e) : \
    has(rest, e) ? 2000 + at(rest, e) : 1000 + at(events, e)
found = ""; over = ""; without = ""
do for [v = 1:words(events)] {
    if (Values[v] > 0) { found = with(found, word(events, v)) } else {
        without = without.(without eq "" ? "" : ", ").word(events, v) \
            .(States[v] eq "" ? "" : " (".States[v].")")
    }
}
# That a layout or two have none of an event decides nothing.
rank(e) = usual(e) - 1e6 * floor(4.0 * Values[at(events, e)] / |$rows| + 0.5)
eval sort_found
found = ""
do for [v = 1:words(sorted)] {
    if (v <= 6) { found = with(found, word(sorted, v)) } else {
        over = over.(over eq "" ? "" : ", ").word(sorted, v)
    }
}
rank(e) = usual(e)
eval sort_found
shown = sorted
n_events = words(shown)
if (!timed && !slow && n_events == 0) {
    print "causes: neither timed ops nor counted events in summary.csv"
    exit status 3
}
eval sort_groups
eval headline
eval sort_works

# The columns: 1 latency, 2 slow ops, 2 + v the v-th event.
columns = (timed ? "1 " : "").(slow ? "2 " : "")
do for [v = 1:n_events] { columns = columns.(2 + v)." " }
n_columns = words(columns)

# 1-4 as above, 5 column, 6 value, 7 another (p99), 8 what stands there instead
word_of(s, x) = !known(x) && has("counted scaled", s) || s eq "" || s eq "-" ? "no_count" : s
set table $cells
plot $rows using (strcol(1)):(strcol(2)):(strcol(3)):(strcol(4)):(1):(col(6)):(col(7)): \
        (col(5) > 0 ? "too_few" : "not_timed") with table, \
    $rows using (strcol(1)):(strcol(2)):(strcol(3)):(strcol(4)):(2):(col(8)):(NaN): \
        (col(5) > 0 ? "no_threshold" : "not_timed") with table, \
    for [v = 1:n_events] $rows using (strcol(1)):(strcol(2)):(strcol(3)):(strcol(4)):(2 + v): \
        (i = index_of(word(shown, v)), x = num(field(strcol(10), i)), x):(NaN): \
        (word_of(field(strcol(11), i), x)) with table
unset table

do for [g = 1:words(groups)] {
    group = word(groups, g)
    do for [w in works] {
        this_work = real(w)
        mine(v, s) = s eq group && real(v) == this_work
        useful(p50, p99, s) = known(p50) || known(p99) || known(s)

        # Cases of which there is something to say, and all entries of them.
        set autoscale
        unset logscale
        panels = ""; entries = ""
        stats $rows using (mine(strcol(2), strcol(1)) \
            && (useful(col(6), col(7), col(8)) || n_events > 0 && strcol(9) ne "-") \
            ? (panels = with(panels, strcol(3)), entries = with(entries, strcol(4)), 0) : 0) \
            nooutput
        if (panels eq "") { continue }
        stats $rows using (mine(strcol(2), strcol(1)) && has(panels, strcol(3)) \
            ? (entries = with(entries, strcol(4)), 0) : 0) nooutput
        eval sort_panels
        eval sort_entries
        n_panels = words(panels)
        n_entries = words(entries)

        # 1 panel, 2 y, 3-6 column, value, another, word
        set table $marks
        plot $cells using (at(panels, strcol(3))):(n_entries - at(entries, strcol(4)) + 1): \
            5:(col(6)):(col(7)):(strcol(8)) \
            with table if (mine(strcol(2), strcol(1)) && has(panels, strcol(3)))
        unset table

        # Entries without a row: 1 panel, 2 y
        pairs = ""
        stats $marks using (pairs = with(pairs, sprintf("%d|%d", $1, $2)), 0) nooutput
        set print $absent
        print "0 0"
        do for [p = 1:n_panels] {
            do for [y = 1:n_entries] {
                if (!has(pairs, sprintf("%d|%d", p, y))) { print p, y }
            }
        }
        unset print

        scaled = 0
        stats $marks using (scaled = scaled || strcol(6) eq "scaled", 0) nooutput

        # Geometry in pixels. Few columns: two scenarios stand side by side.
        across = n_columns <= 2 && n_panels > 1 ? 2 : 1
        lines = (n_panels + across - 1) / across
        longest = 0
        do for [e in entries] {
            length = strlen(entry_label(entries, e))
            longest = length > longest ? length : longest
        }
        left = 26 + 8.7 * longest
        gap = 34.0
        pitch = n_columns * across <= 4 ? (1200.0 - left - 12) / (n_columns * across) : 188.0
        pitch = n_columns * across == 1 && pitch > 700 ? 700.0 : pitch
        width = left + pitch * n_columns * across + 12
        width = width < 900 ? 900.0 : width
        # Names of events may need several lines.
        letters = (pitch - gap) / 8.7
        head_lines = 1
        do for [e in shown] {
            length = lines_of(wrapped(e, letters))
            head_lines = length > head_lines ? length : head_lines
        }
        body = (n_entries < 3 ? 26.0 * 3 : (n_panels > 3 ? 18.0 : 22.0) * n_entries)
        above = 50.0 + 16 * (head_lines - 1); below = 26.0; header = 84.0
        also = over eq "" ? "" : "Counted but not shown: ".over."."
        also = also.(without eq "" ? "" : (also eq "" ? "" : " ")."No value: ".without.".")
        also = wrapped(also, int((width - 24) / 7.6))
        footer = 26.0 + (also eq "" ? 0 : 10 + 17 * lines_of(also))
        height = header + lines * (above + body + below) + footer
        name = picture_file("causes".work_suffix(this_work) \
            .(g == 1 ? "" : group_suffix(group)))

        do for [format in "svg png"] {
            eval terminal(format, width, height)
            set output name.".".format
            set multiplot
            unset key
            do for [q = 1:n_panels * n_columns] {
                p = (q - 1) / n_columns + 1
                k = (q - 1) % n_columns + 1
                c = int(word(columns, k))
                line = (p - 1) / across
                at_x = ((p - 1) % across) * n_columns + k - 1
                start = left + at_x * pitch
                set lmargin at screen start / width
                set rmargin at screen (start + pitch - gap) / width
                top = header + line * (above + body + below) + above
                set tmargin at screen 1 - top / height
                set bmargin at screen 1 - (top + body) / height

                # 1 y, 2 value, 3 another, 4 word; stats looks at the axes of the panel before.
                set table $now
                plot $marks using 2:(col(4)):(col(5)):(strcol(6)) with table if ($1 == p && $3 == c)
                unset table
                set autoscale
                unset logscale
                most = NaN; low = NaN
                stats $now using (most = larger(larger(most, col(2)), col(3)), \
                    low = smaller(smaller(low, col(2)), col(3)), 0) nooutput
                log_x = c == 1 && known(low) && low > 0 && most > 20 * low
                caption = c == 1 ? "latency".(log_x ? ", log scale" : "") : \
                    c == 2 ? "slow ops" : wrapped(word(shown, c - 2), letters)
                set title caption offset 0, -0.6
                zero = 0
                unset logscale x
                set xtics () format "%g"
                if (!known(most) || most == 0) {
                    set xrange [0:1]
                    eval bare_tics(most)
                } else {
                    if (log_x) {
                        zero = low * 0.7
                        set logscale x
                        set xrange [zero:most * 1.4]
                        eval log_tics_from("x", zero, most * 1.4)
                    } else {
                        # Room for the figures beside the bars.
                        room = c == 1 ? 1.06 : (pitch - gap) / (pitch - gap - 62)
                        set xrange [0:most * room]
                        set xtics step(most * room, pitch < 250 ? 3 : 5)
                    }
                }
                set xtics offset 0, 0.3
                set yrange [0.4:n_entries + 0.6]
                unset ytics
                if (at_x == 0) {
                    set ytics () scale 0
                    do for [e = 1:n_entries] {
                        set ytics add (entry_label(entries, word(entries, e)) n_entries - e + 1)
                    }
                }
                if (k == 1) {
                    set label 1 panel_label(word(panels, p)) at screen \
                        (at_x == 0 ? 12 : start) / width, screen 1 - (top - above + 14) / height \
                        left font sized(12)
                }
                if (p + across > n_panels) {
                    unit = c == 1 ? "ns" : c == 2 ? "per 1000 timed ops" : "count per op"
                    set xlabel unit offset 0, 0.7
                } else { unset xlabel }
                do for [e = 1:n_entries] {
                    set arrow e from graph 0, first e to graph 1, first e nohead ls 100 back
                }
                absent(y) = column(1) == p && k == 1 ? y : nowhere
                if (c == 1) {
                    plot $now using (known(col(3)) ? col(2) : NaN):1:(col(3) - col(2)):(0) \
                            with vectors nohead lw 2 lc rgb sky notitle, \
                        $now using (col(2)):1 with points pt 7 ps 1.1 lc rgb blue notitle, \
                        $now using (col(3)):1 with points pt 9 ps 1.2 lc rgb vermilion notitle, \
                        $now using (zero):(known(col(2)) || known(col(3)) ? nowhere : $1): \
                            (swapped(strcol(4), "_", " ")) @words_beside, \
                        $absent using (zero):(absent($2)):("not run") @words_beside
                } else {
                    plot for [thin = 0:1] $now using \
                            ((strcol(4) eq "scaled") == thin ? col(2) : NaN):1:(0):(col(2)): \
                            ($1 - 0.32):($1 + 0.32) with boxxyerror fs solid noborder \
                            fc rgb (c == 2 ? orange : thin ? sky : blue) notitle, \
                        $now using (or_zero(col(2))):1:(known(col(2)) \
                            ? sprintf("%.3g", col(2)) : swapped(strcol(4), "_", " ")) \
                            @words_beside, \
                        $absent using (0):(absent($2)):("not run") @words_beside
                }
                unset arrow
                unset label
            }

            # The legend.
            set label 1 "Behind the cost of an op, ".work_label(this_work).": ".group_where(group) \
                at screen 12 / width, screen 1 - 17 / height left font sized(13)
            set label 2 run_label.(timed || slow ? ". Timed ops include their time-stamps" \
                .(slow ? "; slow: it waited for a line." : ".") : ".") \
                at screen 12 / width, screen 1 - 41 / height left tc rgb grey
            array Text[5] = ["latency p50", "p99", "slow ops", "events", \
                "events, scaled from a part of the time"]
            array Colour[5] = [blue, vermilion, orange, blue, sky]
            array Shape[5] = [7, 9, 5, 5, 5]
            x = 24
            do for [k = 1:5] {
                if (k < 3 && !timed || k == 3 && !slow || k == 4 && n_events == 0 \
                    || k == 5 && !scaled) { continue }
                set label 2 + k Text[k] at screen x / width, screen 1 - 67 / height left \
                    offset character 1.1, 0 point pt Shape[k] ps 1.2 lc rgb Colour[k]
                x = x + 36 + 8.4 * strlen(Text[k])
            }
            if (also ne "") {
                set label 8 also at screen 12 / width, \
                    screen (17 * lines_of(also) - 6) / height left font sized(10) tc rgb "#666666"
            }
            eval legend_only
            unset label
            unset multiplot
            unset output
        }
    }
}
