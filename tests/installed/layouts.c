/* SPDX-License-Identifier: MIT */
#include <linebounce/layout.h>
#include <linebounce/topology.h>
#include <stdio.h>

int main(void)
{
    struct lb_topology *machine;
    struct lb_why why;

    if (lb_topology_load(NULL, &why, &machine)) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    printf("%d PUs\n", (int)machine->n_pus);
    lb_topology_destroy(machine);
    for (size_t i = 0; i < lb_n_layouts; i++)
        puts(lb_layouts[i].name);
    return 0;
}
