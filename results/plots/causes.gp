# SPDX-License-Identifier: MIT
#
# causes: what is behind the cost of an op, by layout, scenario and role.
#
#     gnuplot -e "dir='results/host/20260101T000000Z'" results/plots/causes.gp
#
# Draws DIR/plots/causes.dat, which linebounce plot has written, into DIR/plots: causes.svg and .png
# at the headline work, causes-work1000 at every other pause, causes-saturated at work 0. Each line
# of panels is a scenario and role: the median and the 99th percentile of the timed ops' latency;
# the slow ones of 1000 timed ops; and for each of at most six events its count per op. Those six
# have the most values in the file (to a quarter of its rows); among equals come the events that
# tell of lines moving, then the user's own. What has no number is no bar but a word: for an event
# its state (not counted, not supported, unproved: it read 0, and so did the positive control). The
# last lines name the events that are not shown. More settings and names: see layouts.gp.

load ARG0[1:strlen(ARG0) - strlen("causes.gp")]."common.gp"

picture = "causes"
eval open_data

array Text = ["latency p50", "p99", "slow ops", "events", "events, scaled from a part of the time"]
array Colour = [blue, vermilion, orange, blue, sky]
array Shape = [7, 9, 5, 5, 5]
# n cells from the k-th, as lines.
joined_lines(k, n) = n < 1 ? "" : n == 1 ? strcol(k) : strcol(k)."\n".joined_lines(k + 1, n - 1)
texts = "timed = int($5), slow = int($6), n_events = int($7), scaled = int($8), \
    head_lines = int($9), also_lines = int($10), also = joined_lines(11, also_lines)"

do for [k = 1:n_pictures] {
    eval next_picture(texts)
    n_columns = timed + slow + n_events

    # Geometry in pixels. Few columns: two scenarios stand side by side.
    across = n_columns <= 2 && n_panels > 1 ? 2 : 1
    lines = (n_panels + across - 1) / across
    gap = 34.0
    pitch = n_columns * across <= 4 ? (1200.0 - left - 12) / (n_columns * across) : 188.0
    pitch = n_columns * across == 1 && pitch > 700 ? 700.0 : pitch
    width = larger(left + pitch * n_columns * across + 12, 900.0)
    body = (n_entries < 3 ? 26.0 * 3 : (n_panels > 3 ? 18.0 : 22.0) * n_entries)
    above = 50.0 + 16 * (head_lines - 1); below = 26.0; header = 84.0
    footer = 26.0 + (also_lines ? 10 + 17 * also_lines : 0)
    height = header + lines * (above + body + below) + footer

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output file.".".format
        set multiplot; unset key
        do for [q = 1:n_panels * n_columns] {
            p = (q - 1) / n_columns + 1
            at_x = ((p - 1) % across) * n_columns + (q - 1) % n_columns
            start = left + at_x * pitch
            set lmargin at screen start / width
            set rmargin at screen (start + pitch - gap) / width
            top = header + (p - 1) / across * (above + body + below) + above
            set tmargin at screen 1 - top / height
            set bmargin at screen 1 - (top + body) / height

            set autoscale; unset logscale
            stats dat index panels every ::q - 1::q - 1 using (name = strcol(2), c = int($3), \
                most = col(4), low = col(5), caption = joined_lines(7, int($6)), 0) nooutput
            log_x = c == 1 && low > 0 && most > 20 * low
            set title caption.(log_x ? ", log scale" : "") offset 0, -0.6
            zero = log_x ? low * 0.7 : 0
            set xtics () format "%g"
            if (log_x) {
                set logscale x; set xrange [zero:most * 1.4]
                eval log_tics_from("x", zero, most * 1.4)
            } else {
                # Room for the figures beside the bars.
                room = most > 0 ? most * (c == 1 ? 1.06 : (pitch - gap) / (pitch - gap - 62)) : 1
                set xrange [0:room]
                eval most > 0 ? "set xtics step(room, pitch < 250 ? 3 : 5)" : bare_tics(most)
            }
            set xtics offset 0, 0.3; first_column = at_x == 0
            eval entries_axis
            if ((q - 1) % n_columns == 0) {
                set label 1 name at screen (at_x == 0 ? 12 : start) / width, \
                    screen 1 - (top - above + 14) / height left font sized(12)
            }
            unit = c == 1 ? "ns" : c == 2 ? "per 1000 timed ops" : "count per op"
            if (p + across > n_panels) { set xlabel unit offset 0, 0.7 } else { unset xlabel }
            mine(x) = column(1) == p && column(3) == c ? x : NaN
            there(y, text) = column(1) == p && column(3) == c && strlen(text) > 0 ? y : nowhere
            if (c == 1) {
                plot dat index marks using (known(col(5)) ? mine(col(4)) : NaN):2: \
                        (col(5) - col(4)):(0) with vectors nohead lw 2 lc rgb sky notitle, \
                    dat index marks using (mine(col(4))):2 with points pt 7 ps 1.1 \
                        lc rgb blue notitle, \
                    dat index marks using (mine(col(5))):2 with points pt 9 ps 1.2 \
                        lc rgb vermilion notitle, \
                    dat index marks using (zero):(there($2, strcol(7))):(strcol(7)) @words_beside
            } else {
                plot for [thin = 0:1] dat index marks using ($6 == thin ? mine(col(4)) : NaN):2: \
                        (0):(col(4)):($2 - 0.32):($2 + 0.32) with boxxyerror fs solid noborder \
                        fc rgb (c == 2 ? orange : thin ? sky : blue) notitle, \
                    dat index marks using (or_zero(col(4))):(there($2, strcol(7))):(strcol(7)) \
                        @words_beside
            }
            unset arrow; unset label
        }

        # The legend.
        set label 1 title at screen 12 / width, screen 1 - 17 / height left font sized(13)
        set label 2 run_label.(timed || slow ? ". Timed ops include their time-stamps" : "") \
            .(slow ? "; slow: it waited for a line." : ".") at screen 12 / width, \
            screen 1 - 41 / height left tc rgb grey
        x = 24
        do for [i = 1:5] {
            if (!(i < 3 ? timed : i == 3 ? slow : i == 4 ? n_events : scaled)) { continue }
            set label 2 + i Text[i] at screen x / width, screen 1 - 67 / height left \
                offset character 1.1, 0 point pt Shape[i] ps 1.2 lc rgb Colour[i]
            x = x + 36 + 8.4 * strlen(Text[i])
        }
        set label 8 also at screen 12 / width, screen (17 * also_lines - 6) / height \
            left font sized(10) tc rgb "#666666"
        eval legend_only
        unset label; unset multiplot; unset output
    }
}
