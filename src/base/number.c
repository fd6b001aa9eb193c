/* SPDX-License-Identifier: MIT */
#include "base/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "number.c needs IEEE arithmetic: do not compile with -ffast-math"
#endif

#define MAX_DIGITS 19             /* always fit a uint64_t */
#define EXPONENT_LIMIT (INT64_C(1) << 56) /* exponents saturate from here; no text is long enough to bring them back */

/* 10^22 = 2^22 5^22 is the last power of ten that a double holds exactly (5^22 < 2^53). */
#define EXACT_POWERS 22
static const double ten_to[EXACT_POWERS + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* +- w 10^exponent, where `exact`; else there are more digits than w holds, and the number is larger by less than a unit of w. */
struct decimal {
	uint64_t w;
	int64_t exponent;
	bool negative, exact;
	const char *digits, *end; /* the mantissa's text: digits and at most one point */
};

static inline unsigned digit_of(char c)
{
	return (unsigned)(unsigned char)c - '0';
}

/* More digits than w holds: takes the first 19 that count, and the place of the last of them. */
static void take_leading_digits(struct decimal *number)
{
	uint64_t w = 0;
	int taken = 0;
	bool behind_point = false;
	number->exact = true;
	for (const char *p = number->digits; p < number->end; p++) {
		if (*p == '.') {
			behind_point = true;
		} else if (taken < MAX_DIGITS) {
			w = 10 * w + digit_of(*p);
			taken += w != 0;
			number->exponent -= behind_point;
		} else {
			number->exact &= *p == '0';
			number->exponent += !behind_point;
		}
	}
	number->w = w;
}

/* [e [+-] digits] up to the end of the text. */
static bool scan_exponent(int64_t *exponent, const char *p, const char *end)
{
	*exponent = 0;
	if (p == end)
		return true;
	if (*p != 'e' && *p != 'E')
		return false;
	bool negative = ++p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end)
		return false;
	int64_t sum = 0;
	for (; p < end; p++) {
		unsigned digit = digit_of(*p);
		if (digit > 9)
			return false;
		if (sum < EXPONENT_LIMIT)
			sum = 10 * sum + digit;
	}
	*exponent = negative ? -sum : sum;
	return true;
}

static inline bool scan(struct decimal *number, const char *text, size_t length)
{
	const char *p = text, *end = text + length;
	number->negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	uint64_t w = 0;
	unsigned digit;
	number->digits = p;
	for (; p < end && (digit = digit_of(*p)) <= 9; p++)
		w = 10 * w + digit;
	size_t n_digits = (size_t)(p - number->digits), n_behind_point = 0;
	if (p < end && *p == '.') {
		const char *fraction = ++p;
		for (; p < end && (digit = digit_of(*p)) <= 9; p++)
			w = 10 * w + digit;
		n_behind_point = (size_t)(p - fraction);
		n_digits += n_behind_point;
	}
	number->end = p;
	if (n_digits == 0 || !scan_exponent(&number->exponent, p, end))
		return false;
	if (n_digits > MAX_DIGITS) {
		take_leading_digits(number);
		return true;
	}
	number->w = w;
	number->exact = true;
	number->exponent -= (int64_t)n_behind_point;
	return true;
}

/* The midpoint of two neighbouring doubles has at most 767 significant digits, so that 800 digits, and a last one that is not 0
 * where anything was cut, decide every rounding.  Written without a point, the text means the same in every locale. */
#define SLOW_DIGITS 800
#define SLOW_TEXT (SLOW_DIGITS + 16)
#define SLOW_EXPONENT 3000 /* with up to 801 digits beyond the range of double either way */

static void canonical_text(char text[SLOW_TEXT], const struct decimal *number)
{
	size_t n = 0;
	bool cut = false;
	for (const char *p = number->digits; p < number->end; p++) {
		if (*p == '.' || (*p == '0' && n == 0))
			continue;
		if (n < SLOW_DIGITS)
			text[n++] = *p;
		else
			cut |= *p != '0';
	}
	/* The exponent of w belongs to the last digit of w: that of the last digit kept here is less by those that w left out. */
	int64_t exponent = number->exponent;
	if (n > MAX_DIGITS)
		exponent -= (int64_t)n - MAX_DIGITS;
	if (cut) {
		text[n++] = '1';
		exponent--;
	}
	if (exponent > SLOW_EXPONENT)
		exponent = SLOW_EXPONENT;
	if (exponent < -SLOW_EXPONENT)
		exponent = -SLOW_EXPONENT;
	snprintf(text + n, SLOW_TEXT - n, "e%d", (int)exponent);
}

static bool finish_double(double *value, double magnitude, bool negative)
{
	if (isinf(magnitude))
		return false;
	*value = negative ? -magnitude : magnitude;
	return true;
}

static bool finish_float(float *value, float magnitude, bool negative)
{
	if (isinf(magnitude))
		return false;
	*value = negative ? -magnitude : magnitude;
	return true;
}

bool number_to_double(double *value, const char *text, size_t length)
{
	struct decimal number;
	if (!scan(&number, text, length))
		return false;
	if (number.w == 0)
		return finish_double(value, 0, number.negative);
	/* w and the power are exact, so that one rounding is all there is (Clinger, PLDI 1990). */
	if (number.exact && number.w <= UINT64_C(1) << 53 && number.exponent >= -EXACT_POWERS && number.exponent <= EXACT_POWERS) {
		double w = (double)number.w;
		double magnitude = number.exponent < 0 ? w / ten_to[-number.exponent] : w * ten_to[number.exponent];
		return finish_double(value, magnitude, number.negative);
	}
	char canonical[SLOW_TEXT];
	canonical_text(canonical, &number);
	return finish_double(value, strtod(canonical, NULL), number.negative);
}

/* w 10^exponent with a relative error below 2^-49: one rounding of w and one for each of at most four factors (2^-53 each), and
 * what more than 19 digits add (10^-18).  Exponents beyond FLOAT_LEAST and FLOAT_MOST make every float 0 or infinite. */
#define FLOAT_LEAST (-66)
#define FLOAT_MOST 39
#define APPROXIMATION 0x1p-49

static double approximate(uint64_t w, int exponent)
{
	double value = (double)w;
	for (; exponent < -EXACT_POWERS; exponent += EXACT_POWERS)
		value /= ten_to[EXACT_POWERS];
	for (; exponent > EXACT_POWERS; exponent -= EXACT_POWERS)
		value *= ten_to[EXACT_POWERS];
	return exponent < 0 ? value / ten_to[-exponent] : value * ten_to[exponent];
}

bool number_to_float(float *value, const char *text, size_t length)
{
	struct decimal number;
	if (!scan(&number, text, length))
		return false;
	if (number.w == 0 || number.exponent < FLOAT_LEAST) /* below 2^64 10^-67 < 2^-150 */
		return finish_float(value, 0, number.negative);
	if (number.exponent > FLOAT_MOST)
		return false;
	if (number.exponent == 0 && number.exact)
		return finish_float(value, (float)number.w, number.negative);
	/* Rounding is monotone: where both ends of the error's interval round to the same float, the number between them does
	 * too.  It holds for denormals and overflow alike, and fails only within 2^-48 of a midpoint between two floats. */
	double near = approximate(number.w, (int)number.exponent);
	float low = (float)(near - near * APPROXIMATION);
	float high = (float)(near + near * APPROXIMATION);
	if (low == high)
		return finish_float(value, low, number.negative);
	char canonical[SLOW_TEXT];
	canonical_text(canonical, &number);
	return finish_float(value, strtof(canonical, NULL), number.negative);
}

/* The digits and the exponent of d.ddd 10^exponent, as many digits as `precision` says.  snprintf puts the locale's decimal point
 * between the first two digits, whatever bytes it has; nothing else in the text is not a digit up to the 'e'. */
static int round_to_digits(char digits[NUMBER_TEXT], double magnitude, int precision)
{
	char text[2 * NUMBER_TEXT];
	snprintf(text, sizeof text, "%.*e", precision - 1, magnitude);
	const char *p = text;
	int n = 0;
	for (; *p != 'e'; p++)
		if (digit_of(*p) <= 9)
			digits[n++] = *p;
	digits[n] = '\0';
	return (int)strtol(p + 1, NULL, 10);
}

/* What %.{precision}g writes in the C locale. */
static size_t layout(char text[NUMBER_TEXT], const char *digits, int exponent, int precision, bool negative)
{
	int n = precision;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	const char *sign = negative ? "-" : "";
	int length;
	if (exponent < -4 || exponent >= precision)
		length = snprintf(text, NUMBER_TEXT, "%s%c%s%.*se%c%02d", sign, digits[0], n > 1 ? "." : "", n - 1, digits + 1,
		                  exponent < 0 ? '-' : '+', abs(exponent));
	else if (exponent < 0)
		length = snprintf(text, NUMBER_TEXT, "%s0.%.*s%.*s", sign, -exponent - 1, "000", n, digits);
	else if (n <= exponent + 1)
		length = snprintf(text, NUMBER_TEXT, "%s%.*s", sign, exponent + 1, digits);
	else
		length = snprintf(text, NUMBER_TEXT, "%s%.*s.%.*s", sign, exponent + 1, digits, n - exponent - 1,
		                  digits + exponent + 1);
	return (size_t)length;
}

static size_t not_finite(char text[NUMBER_TEXT], double value)
{
	return (size_t)snprintf(text, NUMBER_TEXT, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
}

size_t number_from_double(char text[NUMBER_TEXT], double value)
{
	if (!isfinite(value))
		return not_finite(text, value);
	for (int precision = 15;; precision++) {
		char digits[NUMBER_TEXT];
		int exponent = round_to_digits(digits, fabs(value), precision);
		size_t length = layout(text, digits, exponent, precision, signbit(value));
		double back;
		if (precision == 17 || (number_to_double(&back, text, length) && back == value))
			return length;
	}
}

size_t number_from_float(char text[NUMBER_TEXT], float value)
{
	if (!isfinite(value))
		return not_finite(text, (double)value);
	for (int precision = 6;; precision++) {
		char digits[NUMBER_TEXT];
		int exponent = round_to_digits(digits, fabs((double)value), precision);
		size_t length = layout(text, digits, exponent, precision, signbit(value));
		float back;
		if (precision == 9 || (number_to_float(&back, text, length) && back == value))
			return length;
	}
}
