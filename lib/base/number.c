/* SPDX-License-Identifier: MIT
 *
 * Numbers as text and back, the same whatever the locale.
 */
#include "number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every integer up to 2^64 stays in plain digits. */
#define MAX_PLAIN_EXPONENT 20
#define MIN_PLAIN_EXPONENT (-6)
#define MAX_DIGITS         17

static char *put(char *at, const char *digits, size_t n)
{
    memcpy(at, digits, n);
    return at + n;
}

static char *put_zeros(char *at, int n)
{
    while (n-- > 0)
        *at++ = '0';
    return at;
}

/* d1 d2 ... with the dot after the first digit moved by `exponent`. n has no trailing zeros. */
static void put_plain(char *at, const char *digits, int n, int exponent)
{
    int whole = exponent + 1;
    if (whole <= 0) {
        at = put(at, "0.", 2);
        at = put_zeros(at, -whole);
        at = put(at, digits, (size_t)n);
    } else if (whole >= n) {
        at = put(at, digits, (size_t)n);
        at = put_zeros(at, whole - n);
    } else {
        at = put(at, digits, (size_t)whole);
        *at++ = '.';
        at = put(at, digits + whole, (size_t)(n - whole));
    }
    *at = '\0';
}

static void put_scientific(char *at, const char *digits, int n, int exponent)
{
    *at++ = digits[0];
    if (n > 1) {
        *at++ = '.';
        at = put(at, digits + 1, (size_t)(n - 1));
    }
    snprintf(at, 8, "e%d", exponent);
}

void lb_number_format(double value, int digits, char text[LB_NUMBER_BYTES])
{
    /* Of printf's output only the digits and the exponent are taken: the radix between them is the
     * locale's and may have several bytes. */
    char printed[64], mantissa[MAX_DIGITS];
    snprintf(printed, sizeof printed, "%.*e", digits - 1, fabs(value));
    const char *e = strchr(printed, 'e');
    int n = 0;
    for (const char *p = printed; p < e && n < MAX_DIGITS; p++)
        if (*p >= '0' && *p <= '9')
            mantissa[n++] = *p;
    while (n > 1 && mantissa[n - 1] == '0')
        n--;
    int exponent = (int)strtol(e + 1, NULL, 10);

    if (value < 0)
        *text++ = '-';
    if (exponent >= MIN_PLAIN_EXPONENT && exponent <= MAX_PLAIN_EXPONENT)
        put_plain(text, mantissa, n, exponent);
    else
        put_scientific(text, mantissa, n, exponent);
}

void lb_number_format_exact(double value, char text[LB_NUMBER_BYTES])
{
    for (int digits = 15; digits <= MAX_DIGITS; digits++) {
        lb_number_format(value, digits, text);
        if (lb_number_parse(text) == value)
            return;
    }
}

double lb_number_parse(const char *text)
{
    /* strtod also takes spaces, hexadecimal, "inf" and "nan". */
    size_t length = strlen(text);
    if (length == 0 || strspn(text, "+-.0123456789eE") != length)
        return NAN;
    /* The C locale is a constant of the C library: making it costs no memory. */
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale)
        return NAN;
    char *end;
    double value = strtod_l(text, &end, c_locale);
    freelocale(c_locale);
    return *end == '\0' && isfinite(value) ? value : NAN;
}
