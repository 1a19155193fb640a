# SPDX-License-Identifier: MIT
#
# onoff: does a lock spin or does it sleep? What the time of an op went into in the scenarios that
# block, writers and mixed, by layout and role.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/onoff.gp
#
# Reads DIR/summary.csv and writes into DIR/plots, which must exist:
#     onoff.svg, .png            at the headline work
#     onoff-work1000.svg, .png   at every other pause that was measured
#     onoff-saturated.svg, .png  at work 0: saturated throughput
# Each line of panels is a scenario and role. From left to right: the time of an op, pause included,
# as time on the CPU, asleep (off the CPU and not runnable) and preempted (runnable, not running),
# with the share off the CPU in figures; iterations of spinning per op by kind; sleeps, wake-ups,
# hand-offs and spins on readers that ran out of time, per 1000 ops, on a log axis where they differ
# much, with a place of its own for 0. Where the kernel did not say how long threads were runnable,
# the time off the CPU is one part. What was not measured is said in words, as is a layout that the
# scenario was not run with.
# A run with several placements, thread counts or regimes gets pictures of each; all but the first
# have that in their names: onoff-remote-8t.svg, onoff-l3-2t-regime1.svg.
#
# More settings, in the same -e: work=500 (another headline; default 200, else the least pause that
# was measured), out='folder', host='name in the title', emulated=1 (says so in the title).
# Exit status 3: the file has nothing to draw.

load ARG0[1:strlen(ARG0) - strlen("onoff.gp")]."common.gp"

csv = dir."/summary.csv"
late = "unfair"
eval whole_rows
if (rows == 0) { print "onoff: no rows in summary.csv"; exit status 3 }

# 1 group, 2 work, 3 panel, 4 entry, 5 on the CPU, 6 off it, 7 preempted (ns/op); 8-10 spins on the
# owner, in the queue, on readers per op; 11-14 sleeps, wake-ups, hand-offs, limits per 1000 ops
text(name) = cell(strcol(name))
number(name) = num(strcol(name))
# The C library's locks tell nobody what they do inside.
inside(name) = text("lock")[1:7] eq "pthread" ? NaN : number(name)
has_number(name) = known(number(name))
set table $rows separator whitespace
plot csv every ::0::rows - 1 using \
    (where(text("placement"), text("home"))."|".text("distance")."|" \
        .text("threads")."|".text("regime")): \
    (text("work_ns")): \
    (text("scenario")."|".text("role")."|".text("writers")."|" \
        .text("objects")."|".text("access")): \
    (text("layout")."|".text("lock")): \
    (number("cpu_ns_op_mean")):(number("off_cpu_ns_op_mean")):(number("preempted_ns_op_mean")): \
    (inside("spins_owner_per_op")):(inside("spins_queue_per_op")): \
    (inside("spins_reader_per_op")): \
    (inside("sleeps_per_kop")):(inside("wakes_per_kop")):(inside("handoffs_per_kop")): \
    (inside("spin_limits_per_kop")) with table \
    if (text("layout") ne "-" && text("work_ns") ne "-" && has("writers mixed", text("scenario")) \
        && (has_number("cpu_ns_op_mean") || has_number("spins_owner_per_op") \
            || has_number("spins_queue_per_op") || has_number("spins_reader_per_op") \
            || has_number("sleeps_per_kop") || has_number("wakes_per_kop") \
            || has_number("handoffs_per_kop") || has_number("spin_limits_per_kop")))
unset table
eval tables
if (|$rows| == 0) {
    print "onoff: no times or spins of writers or mixed in summary.csv"
    exit status 3
}

groups = ""
works = ""
stats $rows using (groups = with(groups, strcol(1)), works = with(works, strcol(2)), 0) nooutput
eval sort_groups
eval headline
eval sort_works

# Parts of the stacks, then the marks of the last column.
array Part[7] = ["on the CPU", "asleep", "preempted", "off the CPU", \
    "on the owner", "in the queue", "on readers"]
array Fill[7] = [blue, orange, dark, grey, vermilion, purple, sky]
array Event[4] = ["sleeps", "wakes", "hand-offs", "spin limits"]
array Colour[4] = [orange, green, dark, sky]
array Shape[4] = [7, 9, 13, 5]
array Panel[3] = ["time of an op", "spinning", "sleeping and waking"]
array Unit[3] = ["ns/op", "iterations per op", "per 1000 ops"]

over_0(x) = x > 0 ? x : NaN
first_known(a, b, c) = known(a) ? a : known(b) ? b : or_zero(c)
missing(first) = known(first) ? "in part" : "not measured"

do for [g = 1:words(groups)] {
    group = word(groups, g)
    do for [w in works] {
        this_work = real(w)
        mine(v, s) = s eq group && real(v) == this_work

        set autoscale
        unset logscale
        panels = ""; entries = ""
        stats $rows using (mine(strcol(2), strcol(1)) \
            ? (panels = with(panels, strcol(3)), entries = with(entries, strcol(4)), 0) : 0) \
            nooutput
        if (panels eq "") { continue }
        eval sort_panels
        eval sort_entries
        n_panels = words(panels)
        n_entries = words(entries)

        # 1 panel, 2 y, 3-6 right ends of on the CPU, asleep, preempted, off the CPU undivided,
        # 7 share off the CPU, 8-10 right ends of the spins, 11-14 events. Clocks differ a little:
        # no part is below 0, and preempted is no more than all that is off the CPU.
        least(a, b) = a < b ? a : b
        parted(off, pre) = known(off) && known(pre)
        set table $marks
        plot $rows using (at(panels, strcol(3))):(n_entries - at(entries, strcol(4)) + 1): \
            (col(5)):(parted(col(6), col(7)) ? col(5) + col(6) - least(col(6), col(7)) : NaN): \
            (parted(col(6), col(7)) ? col(5) + col(6) : NaN): \
            (parted(col(6), col(7)) ? NaN : col(5) + col(6)): \
            (col(5) + col(6) > 0 ? 100 * col(6) / (col(5) + col(6)) : NaN): \
            (col(8)):(col(8) + col(9)):(col(8) + col(9) + col(10)): \
            (col(11)):(col(12)):(col(13)):(col(14)) \
            with table if (mine(strcol(2), strcol(1)))
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

        # Which parts there are, and the ends of every panel's axes.
        undivided = 0; divided = 0
        stats $marks using (undivided = undivided || known(col(6)), \
            divided = divided || known(col(5)), 0) nooutput
        array Most[3 * n_panels]; array Least[n_panels]
        do for [p = 1:n_panels] {
            most_time = NaN; most_spins = NaN; most_events = NaN; least_events = NaN
            stats $marks using ($1 != p ? 0 : ( \
                most_time = larger(larger(larger(most_time, col(3)), col(5)), col(6)), \
                most_spins = larger(larger(larger(most_spins, col(8)), col(9)), col(10)), \
                most_events = larger(larger(larger(larger(most_events, col(11)), col(12)), \
                    col(13)), col(14)), \
                least_events = smaller(smaller(smaller(smaller(least_events, over_0(col(11))), \
                    over_0(col(12))), over_0(col(13))), over_0(col(14))), 0)) nooutput
            Most[3 * p - 2] = most_time; Most[3 * p - 1] = most_spins; Most[3 * p] = most_events
            Least[p] = least_events
        }

        # Geometry in pixels.
        width = 1200.0
        longest = 0
        do for [e in entries] {
            length = strlen(entry_label(entries, e))
            longest = length > longest ? length : longest
        }
        left = 26 + 8.7 * longest
        pitch = (width - left - 12) / 3
        body = (n_entries < 3 ? 26.0 * 3 : n_panels > 1 ? 20.0 * n_entries : 26.0 * n_entries)
        above = 50.0; below = 26.0; header = 84.0; footer = 24.0
        height = header + n_panels * (above + body + below) + footer
        name = picture_file("onoff".work_suffix(this_work) \
            .(g == 1 ? "" : group_suffix(group)))

        do for [format in "svg png"] {
            eval terminal(format, width, height)
            set output name.".".format
            set multiplot
            unset key
            do for [q = 1:3 * n_panels] {
                p = (q + 2) / 3
                c = (q + 2) % 3 + 1
                start = left + (c - 1) * pitch
                set lmargin at screen start / width
                set rmargin at screen (start + pitch - 22) / width
                top = header + (p - 1) * (above + body + below) + above
                set tmargin at screen 1 - top / height
                set bmargin at screen 1 - (top + body) / height

                most = Most[q] > 0 ? Most[q] : 1
                log_x = c == 3 && known(Least[p]) && Most[q] > 20 * Least[p]
                set title Panel[c].(log_x ? ", log scale" : "") offset 0, -0.6
                set xtics () format "%g"
                if (log_x) {
                    zero = Least[p] / 4
                    set logscale x
                    set xrange [zero / 1.5:most * 1.6]
                    set xtics add ("0" zero)
                    eval log_tics_from("x", Least[p] / 1.6, most * 1.6)
                } else {
                    zero = 0
                    unset logscale x
                    set xrange [c == 3 ? -0.03 * most : 0:most * (c == 3 ? 1.06 : 1.24)]
                    eval Most[q] > 0 ? "set xtics step(most * 1.2, 5)" : bare_tics(Most[q])
                }
                set xtics offset 0, 0.3
                set yrange [0.4:n_entries + 0.6]
                unset ytics
                if (c == 1) {
                    set ytics () scale 0
                    do for [e = 1:n_entries] {
                        set ytics add (entry_label(entries, word(entries, e)) n_entries - e + 1)
                    }
                    set label 1 panel_label(word(panels, p)) at screen 12 / width, \
                        screen 1 - (top - above + 14) / height left font sized(12)
                }
                if (p == n_panels) { set xlabel Unit[c] offset 0, 0.7 } else { unset xlabel }
                do for [e = 1:n_entries] {
                    set arrow e from graph 0, first e to graph 1, first e nohead ls 100 back
                }
                of(x) = column(1) == p ? x : NaN
                there(y) = column(1) == p ? y : nowhere
                if (c == 1) {
                    plot for [k = 1:4] $marks using (of(col(k + 2))):2: \
                            (k == 1 ? 0 : k == 3 ? col(4) : col(3)):(of(col(k + 2))): \
                            ($2 - 0.32):($2 + 0.32) with boxxyerror fs solid noborder \
                            fc rgb Fill[k] notitle, \
                        $marks using (first_known(col(5), col(6), col(3))):(there($2)): \
                            (known(col(7)) ? sprintf("%.2g %%", col(7)) : missing(col(3))) \
                            @words_beside, \
                        $absent using (0):(there($2)):("not run") @words_beside
                }
                if (c == 2) {
                    plot for [k = 5:7] $marks using (of(col(k + 3))):2: \
                            (k == 5 ? 0 : col(k + 2)):(of(col(k + 3))): \
                            ($2 - 0.32):($2 + 0.32) with boxxyerror fs solid noborder \
                            fc rgb Fill[k] notitle, \
                        $marks using (first_known(col(10), col(9), col(8))):(there($2)): \
                            (known(col(10)) ? sprintf("%.3g", col(10)) : missing(col(8))) \
                            @words_beside
                }
                if (c == 3) {
                    shown(x) = x == 0 ? zero : x
                    plot for [k = 1:4] $marks using (of(shown(col(k + 10)))): \
                            ($2 + 0.3 - 0.2 * (k - 1)) with points pt Shape[k] ps 0.8 \
                            lc rgb Colour[k] notitle, \
                        $marks using (zero):(known(col(11)) || known(col(12)) || known(col(13)) \
                            || known(col(14)) ? nowhere : there($2)):("not measured") @words_beside
                }
                unset arrow
                unset label
            }

            # The legend: of every column above it.
            set label 1 "Spinning and sleeping, ".work_label(this_work).": " \
                .group_where(group) at screen 12 / width, screen 1 - 17 / height left font sized(13)
            set label 2 run_label.". Means of all windows, pause included; %: " \
                ."share of the time off the CPU." \
                at screen 12 / width, screen 1 - 41 / height left tc rgb grey
            n = 2
            do for [k = 1:11] {
                if (k == 1 || k == 5 || k == 8) {
                    x = left + (k == 1 ? 0 : k == 5 ? 1 : 2) * pitch + 8
                }
                if ((k == 2 || k == 3) && !divided || k == 4 && !undivided) { continue }
                entry = k < 8 ? Part[k] : Event[k - 7]
                n = n + 1
                set label n entry at screen x / width, screen 1 - 67 / height left \
                    font sized(10) offset character 1.1, 0 \
                    point pt (k < 8 ? 5 : Shape[k - 7]) ps 1.2 \
                    lc rgb (k < 8 ? Fill[k] : Colour[k - 7])
                x = x + 24 + 7.5 * strlen(entry)
            }
            eval legend_only
            unset label
            unset multiplot
            unset output
        }
    }
}
