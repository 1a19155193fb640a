/* SPDX-License-Identifier: MIT */
#include <linebounce/layout.h>
#include <linebounce/stats.h>
#include <cstdio>

int main()
{
    const lb_layout *layout;
    lb_why why;
    char text[8192];

    if (lb_layout_find("embedded", &why, &layout) ||
        lb_layout_draw(layout, LB_LOCK_RWSEM40, text, sizeof text) < 0) {
        std::fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    std::puts(text);
}
