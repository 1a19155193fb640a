/* SPDX-License-Identifier: MIT
 *
 * What names a case in the files of comparisons: the columns of samples.csv that tell it.
 */
#ifndef LB_KEY_COLUMNS_H
#define LB_KEY_COLUMNS_H

/* clang-format off */
#define LB_COMPARED_KEY \
    {"suite", "as in samples.csv, as all up to role"}, \
    {"scenario", "as in samples.csv"}, \
    {"layout", "as in samples.csv"}, \
    {"lock", "as in samples.csv"}, \
    {"placement", "as in samples.csv"}, \
    {"distance", "as in samples.csv"}, \
    {"home", "as in samples.csv"}, \
    {"threads", "as in samples.csv"}, \
    {"writers", "as in samples.csv"}, \
    {"every_ns", "as in samples.csv"}, \
    {"objects", "as in samples.csv"}, \
    {"access", "as in samples.csv"}, \
    {"touch", "as in samples.csv"}, \
    {"offset_bytes", "as in samples.csv"}, \
    {"work_ns", "as in samples.csv"}, \
    {"role", "as in samples.csv"}
/* clang-format on */

#endif
