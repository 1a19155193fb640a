/* SPDX-License-Identifier: MIT
 *
 * c2c: what `perf c2c report --stdio` says of a running program: the lines that CPUs take from one
 * another, hottest first, and which offsets of each are loaded and stored to. What whatif asks for
 * by --read and --write is taken from it.
 */
#ifndef LINEBOUNCE_C2C_H
#define LINEBOUNCE_C2C_H

#include <linebounce/structure.h>

LB_BEGIN_C

/* Accesses to one offset of a line, by any code. */
struct lb_c2c_touch {
    uint16_t offset;     /* bytes from the line's start */
    bool read, written;  /* loads, stores were sampled there */
    double hitm, stores; /* per cent of the line's loads that met a modified line, of its stores */
};
#define LB_C2C_TOUCHES_MOST 64
struct lb_c2c_line {
    uint64_t address;
    uint64_t hitm, stores; /* samples: loads that met a line modified by another CPU (or, where the
                              report counts those, came from its cache); stores */
    struct lb_c2c_touch touches[LB_C2C_TOUCHES_MOST];
    size_t n_touches; /* by offset */
};
struct lb_c2c {
    char *source;
    struct lb_c2c_line *lines; /* as perf has ordered them: the hottest first */
    size_t n_lines;
    uint64_t hitm; /* of all of them */
};

/* Reads the report's Pareto table, with or without what stands around it, as perf from Linux 4.10
 * on prints it: with 4, 5 or 6 columns of shares. "-" is standard input. -EPROTO: there is no such
 * table in it; -EFBIG, -ENOMEM, and what reading says. */
int lb_c2c_read(const char *file, struct lb_why *why, struct lb_c2c **report);
void lb_c2c_destroy(struct lb_c2c *report);

/* The line as a structure of whole lines with a member "at_OFFSET" for each offset that is touched,
 * where nobody knows what lies there. -ENOMEM. */
int lb_c2c_structure(const struct lb_c2c_line *line, struct lb_why *why,
                     struct lb_structure **structure);

/* Where the line begins in a structure, in bytes: given, or LB_C2C_ANYWHERE for the one place where
 * every offset that is touched begins a member. -EINVAL with the reason: there is no such place, or
 * there are several. */
#define LB_C2C_ANYWHERE (-1)
int lb_c2c_place(const struct lb_c2c_line *line, const struct lb_structure *structure, long at,
                 struct lb_why *why, size_t *begin);

/* The members that are read, or written, parted by commas, the most contended first and at most
 * `most` of them, with the line's begin at `begin`; freed by the caller. -EINVAL: none is, or an
 * offset lies in no member; -ENOMEM. */
int lb_c2c_members(const struct lb_c2c_line *line, const struct lb_structure *structure,
                   size_t begin, bool written, size_t most, struct lb_why *why, char **members);

LB_END_C

#endif
