# SPDX-License-Identifier: MIT
#
# hosts: the same layouts on several hosts: net ns/op with its 95 % interval, one colour a host.
#
#     gnuplot -e "out='plots'" results/plots/hosts.gp
#
# Draws OUT/hosts.dat, which linebounce plot DIR... has written (OUT: its --out, else plots/ in the
# first folder), into OUT: hosts.svg and .png at the headline work, hosts-work1000 at every other
# pause, hosts-saturated at work 0. One panel a scenario and role; of each host the nearest pair of
# CPUs that it measured. More settings: see layouts.gp. Exit status 3: there is nothing to draw.

if (!exists("dir") && exists("out")) { dir = out; data = out }
load ARG0[1:strlen(ARG0) - strlen("hosts.gp")]."common.gp"

picture = "hosts"
blocks = 5
eval open_data

do for [k = 1:n_pictures] {
    eval next_picture("n_hosts = int($5), note = strcol(6)")
    array Host[n_hosts]
    longest_host = 0
    stats dat index more using (Host[int($1)] = strcol(2), \
        longest_host = larger(strlen(strcol(2)), longest_host), 0) nooutput

    # Geometry in pixels.
    columns = n_panels == 1 ? 1 : 2
    lines = (n_panels + columns - 1) / columns
    legend = larger(190, 44 + 8.7 * longest_host)
    width = (columns == 1 ? 810.0 : 1110.0) + legend
    left = 74; above = 28; body = 230.0; header = 60
    below = larger(80, 30 + 5 * longest)
    pitch = (width - legend) / columns
    height = header + lines * (above + body + below)
    room = 0.8 / n_hosts

    do for [format in "svg png"] {
        eval terminal(format, width, height)
        set output file.".".format
        set multiplot; unset key; small = sized(9)
        do for [p = 1:n_panels] {
            start = (p - 1) % columns * pitch
            top = header + (p - 1) / columns * (above + body + below) + above
            eval frame(start + left, start + pitch - 8, top, top + body)
            set autoscale; unset logscale
            stats dat index panels every ::p - 1::p - 1 using (name = strcol(2), low = col(3), \
                high = col(4), 0) nooutput
            log_y = 0
            set title name offset 0, -0.6 font sized(12)
            set ylabel "net ns/op" offset 0.5, 0
            eval y_axis
            set xrange [0.5:n_entries + 0.5]
            set xtics () scale 0 rotate by 40 right offset 0, 0.2 font small
            do for [e = 1:n_entries] { set xtics add (Entry[e] e) }
            plot for [h = 1:n_hosts] dat index marks using ($1 == p && $3 == h \
                    ? $2 - 0.4 + room * (h - 0.5) : NaN):4:5:6 with yerrorbars \
                pt shape(h) ps 0.9 lc rgb colour(h + 1) notitle
        }
        eval legend_right(header + above)
        said = note.".".(exists("emulated") && emulated ? " EMULATED: timing means nothing." : "")
        eval titles
        plot [0:1] [0:1] NaN notitle, for [h = 1:n_hosts] keyentry with points pt shape(h) ps 1 \
            lc rgb colour(h + 1) title Host[h]
        eval axes_again
        unset multiplot; unset output
    }
}
