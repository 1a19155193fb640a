#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The gnuplot scripts as a C table, for lb_plot_scripts of plot_private.h.
# Usage: sh embed.sh OUTPUT SCRIPT...
set -eu

output=$1
shift
{
    printf '#include "report/plot_private.h"\n\n#include <stddef.h>\n\n'
    n=0
    for script in "$@"; do
        printf 'static const unsigned char script_%d[] = {\n' "$n"
        od -A n -v -t u1 "$script" | sed 's,[0-9][0-9]*,&\,,g'
        printf '};\n'
        n=$((n + 1))
    done
    printf '\nconst struct lb_plot_script lb_plot_scripts[] = {\n'
    n=0
    for script in "$@"; do
        printf '    {"%s", script_%d, sizeof script_%d},\n' "${script##*/}" "$n" "$n"
        n=$((n + 1))
    done
    printf '    {NULL, NULL, 0},\n};\n'
} >"$output"
