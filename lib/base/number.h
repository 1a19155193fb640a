/* SPDX-License-Identifier: MIT
 *
 * Decimal numbers as files need them: a dot as the radix, whatever locale the process has set.
 */
#ifndef LB_NUMBER_H
#define LB_NUMBER_H

/* Holds any double with up to 17 digits. */
#define LB_NUMBER_BYTES 48

/* Writes a finite value with `digits` significant digits (1 to 17), without trailing zeros after
 * the dot. Plain digits from 1e-6 to 1e21, an exponent outside of that. Negative zero becomes 0. */
void lb_number_format(double value, int digits, char text[LB_NUMBER_BYTES]);

/* As above with the fewest digits, 15 to 17, that read back as the same double. */
void lb_number_format_exact(double value, char text[LB_NUMBER_BYTES]);

/* NaN when the text as a whole is not a decimal number. */
double lb_number_parse(const char *text);

#endif
