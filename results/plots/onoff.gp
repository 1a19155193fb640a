# SPDX-License-Identifier: MIT
#
# onoff: does a lock spin or does it sleep? What the time of an op went into in the scenarios that
# block, by layout and role.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/onoff.gp
#
# Draws DIR/plots/onoff.dat, which linebounce plot has written, into DIR/plots:
#     onoff.svg, .png            at the headline work
#     onoff-work1000.svg, .png   at every other pause that was measured
#     onoff-saturated.svg, .png  at work 0: saturated throughput
# Each line of panels is a scenario and role. From left to right: the time of an op, pause included,
# as time on the CPU, asleep (off the CPU and not runnable) and preempted (runnable, not running),
# with the share off the CPU in figures; iterations of spinning per op by kind; sleeps, wake-ups,
# hand-offs and spins on readers that ran out of time, per 1000 ops, on a log axis where they differ
# much, with a place of its own for 0. Where the kernel did not say how long threads were runnable,
# the time off the CPU is one part. More settings and the names of several pictures: see layouts.gp.

load ARG0[1:strlen(ARG0) - strlen("onoff.gp")]."common.gp"

picture = "onoff"
eval open_data

# Parts of the stacks, then the marks of the last column; where a part begins (0: at 0).
array Part = ["on the CPU", "asleep", "preempted", "off the CPU", "on the owner", \
    "in the queue", "on readers", "sleeps", "wakes", "hand-offs", "spin limits"]
array Fill = [blue, orange, dark, grey, vermilion, purple, sky, orange, green, dark, sky]
array Shape = [5, 5, 5, 5, 5, 5, 5, 7, 9, 13, 5]
array Start = [0, 3, 4, 3, 0, 7, 8]
array Panel = ["time of an op", "spinning", "sleeping and waking"]
array Unit = ["ns/op", "iterations per op", "per 1000 ops"]
begin(k) = Start[k] == 0 ? 0 : col(Start[k])

do for [k = 1:n_pictures] {
    eval next_picture("divided = int($5), undivided = int($6)")

    # Geometry in pixels.
    width = 1200.0
    pitch = (width - left - 12) / 3
    body = (n_entries < 3 ? 26.0 * 3 : n_panels > 1 ? 20.0 * n_entries : 26.0 * n_entries)
    above = 50.0; below = 26.0; header = 84.0; footer = 24.0
    height = header + n_panels * (above + body + below) + footer

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output file.".".format
        set multiplot
        unset key
        do for [q = 1:3 * n_panels] {
            p = (q + 2) / 3
            c = (q + 2) % 3 + 1
            first_column = c == 1
            start = left + (c - 1) * pitch
            set lmargin at screen start / width
            set rmargin at screen (start + pitch - 22) / width
            top = header + (p - 1) * (above + body + below) + above
            set tmargin at screen 1 - top / height
            set bmargin at screen 1 - (top + body) / height

            set autoscale
            unset logscale
            stats dat index panels every ::p - 1::p - 1 using (name = strcol(2), \
                biggest = col(2 + c), least = col(6), 0) nooutput
            most = biggest > 0 ? biggest : 1
            log_x = c == 3 && known(least) && biggest > 20 * least
            zero = log_x ? least / 4 : 0
            set title Panel[c].(log_x ? ", log scale" : "") offset 0, -0.6
            set xtics () format "%g"
            if (log_x) {
                set logscale x
                set xrange [zero / 1.5:most * 1.6]; set xtics add ("0" zero)
                eval log_tics_from("x", least / 1.6, most * 1.6)
            } else {
                set xrange [c == 3 ? -0.03 * most : 0:most * (c == 3 ? 1.06 : 1.24)]
                eval biggest > 0 ? "set xtics step(most * 1.2, 5)" : bare_tics(biggest)
            }
            set xtics offset 0, 0.3
            eval entries_axis
            if (first_column) {
                set label 1 name at screen 12 / width, screen 1 - (top - above + 14) / height \
                    left font sized(12)
            }
            if (p == n_panels) { set xlabel Unit[c] offset 0, 0.7 } else { unset xlabel }
            of(x) = column(1) == p ? x : NaN
            there(y, text) = column(1) == p && strlen(text) > 0 ? y : nowhere
            shown(x) = x == 0 ? zero : x
            if (c < 3) {
                plot for [i = 4 * c - 3:3 * c + 1] dat index marks using (of(col(i + 2))):2: \
                        (begin(i)):(of(col(i + 2))):($2 - 0.32):($2 + 0.32) \
                        with boxxyerror fs solid noborder fc rgb Fill[i] notitle, \
                    dat index marks using 2 * c + 12:(there($2, strcol(2 * c + 13))): \
                        (strcol(2 * c + 13)) @words_beside
            } else {
                plot for [i = 8:11] dat index marks using (of(shown(col(i + 2)))): \
                        ($2 + 0.3 - 0.2 * (i - 8)) with points pt Shape[i] ps 0.8 \
                        lc rgb Fill[i] notitle, \
                    dat index marks using (zero):(there($2, strcol(18))):(strcol(18)) @words_beside
            }
            unset arrow
            unset label
        }

        # The legend: of every column above it.
        set label 1 title at screen 12 / width, screen 1 - 17 / height left font sized(13)
        set label 2 run_label.". Means of all windows, pause included; %: " \
            ."share of the time off the CPU." \
            at screen 12 / width, screen 1 - 41 / height left tc rgb grey
        do for [i = 1:11] {
            if (i == 1 || i == 5 || i == 8) { x = left + ((i > 1) + (i > 5)) * pitch + 8 }
            if ((i == 2 || i == 3) && !divided || i == 4 && !undivided) { continue }
            set label 2 + i Part[i] at screen x / width, screen 1 - 67 / height left \
                font sized(10) offset character 1.1, 0 point pt Shape[i] ps 1.2 lc rgb Fill[i]
            x = x + 24 + 7.5 * strlen(Part[i])
        }
        eval legend_only
        unset label
        unset multiplot
        unset output
    }
}
