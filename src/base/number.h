/* SPDX-License-Identifier: MIT
 * Decimal text to floats and back, correctly rounded and with '.' whatever the locale is. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* The shortest of %.15g .. %.17g (float: %.6g .. %.9g) that reads back as the same number; returns its length.  Values that are not
 * finite give "nan", "inf" and "-inf", which number_to_ refuses. */
#define NUMBER_TEXT 32
size_t number_from_double(char text[NUMBER_TEXT], double value);
size_t number_from_float(char text[NUMBER_TEXT], float value);

/* Reads all of text[0..length) as one decimal number, [+-] digits [. digits] [e [+-] digits] with a digit before or after the
 * point, of any length; rounded to nearest, ties to even, as strtod and strtof do it.  false (and *value untouched) on anything
 * else, spaces, hex, NaN and Inf included, and on numbers too large for the type.  A number too small for it gives 0 or a denormal.
 * Usual text takes a fast way: for a float up to 19 digits of any exponent, for a double up to 2^53 with exponents to 22. */
bool number_to_double(double *value, const char *text, size_t length);
bool number_to_float(float *value, const char *text, size_t length);

#endif
