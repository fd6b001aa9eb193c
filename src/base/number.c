/* SPDX-License-Identifier: MIT */
#include "base/number.h"

#include "base/digits.h"

#include <float.h>
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

/* Takes digits up to the first character that is none; w is right as long as they fit it. */
static inline const char *scan_digits(uint64_t *w, const char *p, const char *end)
{
	unsigned digit;
	for (uint64_t word; end - p >= 8 && eight_are_digits(word = eight_characters(p)); p += 8)
		*w = 100000000 * *w + eight_digits(word);
	for (; p < end && (digit = digit_of(*p)) <= 9; p++)
		*w = 10 * *w + digit;
	return p;
}

static inline bool scan(struct decimal *number, const char *text, size_t length)
{
	const char *p = text, *end = text + length;
	number->negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	uint64_t w = 0;
	number->digits = p;
	p = scan_digits(&w, p, end);
	size_t n_digits = (size_t)(p - number->digits), n_behind_point = 0;
	if (p < end && *p == '.') {
		const char *fraction = ++p;
		p = scan_digits(&w, p, end);
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

/* ---------------------------------------------------------------- writing */

/* w 10^(exponent + 1 - precision): a number rounded to `precision` digits, with its first digit at 10^exponent. */
struct rounded {
	uint64_t w;
	int precision, exponent;
};

/* A kind of numbers: significant bits, and the precisions that are tried. */
struct kind {
	int bits, least, most, most_fives;
	bool (*reads_back)(const char *text, size_t length, double magnitude);
};

static size_t copy(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	return n;
}

/* The digits of w without the zeros at its end; returns how many there are. */
static size_t write_digits(char digits[NUMBER_TEXT], uint64_t w)
{
	char reversed[NUMBER_TEXT];
	size_t n = 0;
	while (w >= 10 && w % 10 == 0)
		w /= 10;
	for (; w || n == 0; w /= 10)
		reversed[n++] = (char)('0' + w % 10);
	for (size_t i = 0; i < n; i++)
		digits[i] = reversed[n - 1 - i];
	return n;
}

static size_t write_exponent(char *text, int exponent)
{
	size_t n = 0;
	unsigned size = (unsigned)abs(exponent);
	text[n++] = 'e';
	text[n++] = exponent < 0 ? '-' : '+';
	if (size >= 100)
		text[n++] = (char)('0' + size / 100);
	text[n++] = (char)('0' + size / 10 % 10);
	text[n++] = (char)('0' + size % 10);
	return n;
}

/* What %.{precision}g writes in the C locale. */
static size_t layout(char text[NUMBER_TEXT], const struct rounded *number, bool negative)
{
	static const char zeros[] = "00000000000000000";
	char digits[NUMBER_TEXT];
	size_t n = write_digits(digits, number->w), length = 0, whole = (size_t)number->exponent + 1;
	if (negative)
		text[length++] = '-';
	if (number->exponent < -4 || number->exponent >= number->precision) {
		text[length++] = digits[0];
		if (n > 1)
			text[length++] = '.';
		length += copy(text + length, digits + 1, n - 1);
		length += write_exponent(text + length, number->exponent);
	} else if (number->exponent < 0) {
		length += copy(text + length, "0.000", 1 + (size_t)-number->exponent);
		length += copy(text + length, digits, n);
	} else if (n <= whole) {
		length += copy(text + length, digits, n);
		length += copy(text + length, zeros, whole - n);
	} else {
		length += copy(text + length, digits, whole);
		text[length++] = '.';
		length += copy(text + length, digits + whole, n - whole);
	}
	text[length] = '\0';
	return length;
}

static const uint64_t whole_ten_to[] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
    10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000};

#ifdef __SIZEOF_INT128__
/* m 2^e 10^k = (m unit) 2^-shift, all exact, with a whole part of kind->most digits.  A number that reads back as this one is less
 * than half a unit from it: the unit is the distance of its neighbours. */
struct scaled {
	unsigned __int128 value, unit;
	int shift;
	bool even, least_of_binade; /* the lower neighbour of the least is half as far */
};

/* k <= 44: 5^44 < 2^103. */
static unsigned __int128 five_to(int k)
{
	unsigned __int128 power = 1, square = 5;
	for (; k; k >>= 1, square *= square)
		if (k & 1)
			power *= square;
	return power;
}

/* false: out of the range in which 128 bits hold everything. */
static bool scale(struct scaled *scaled, int *exponent, double magnitude, const struct kind *kind)
{
	int e;
	uint64_t m = (uint64_t)ldexp(frexp(magnitude, &e), kind->bits);
	e -= kind->bits;
	*exponent = (int)floor((e + kind->bits - 1) * 0.30102999566398114); /* log10 2, rounded down: right, or one too small */
	for (;; ++*exponent) {
		int k = kind->most - 1 - *exponent, up = e + k;
		if (k < 0 || k > kind->most_fives)
			return false;
		scaled->unit = five_to(k) << (up > 0 ? up : 0);
		scaled->value = m * scaled->unit;
		scaled->shift = up > 0 ? 0 : -up;
		if (scaled->value >> scaled->shift < whole_ten_to[kind->most])
			break;
	}
	scaled->even = m % 2 == 0;
	scaled->least_of_binade = m == UINT64_C(1) << (kind->bits - 1);
	return true;
}

/* Rounds to `precision` digits, ties to even; whether it reads back as the same number. */
static bool round_scaled(struct rounded *number, const struct scaled *scaled, int precision, const struct kind *kind)
{
	unsigned __int128 step = (unsigned __int128)whole_ten_to[kind->most - precision] << scaled->shift;
	uint64_t w = (uint64_t)(scaled->value >> scaled->shift) / whole_ten_to[kind->most - precision];
	unsigned __int128 below = scaled->value - w * step, distance = below;
	bool up = 2 * below > step || (2 * below == step && w % 2 == 1);
	if (up)
		distance = step - below;
	distance *= !up && scaled->least_of_binade ? 4 : 2;
	number->w = w + up;
	number->precision = precision;
	return distance < scaled->unit || (distance == scaled->unit && scaled->even);
}

static bool round_exactly(struct rounded *number, double magnitude, const struct kind *kind)
{
	struct scaled scaled;
	int exponent, precision = kind->least;
	if (!scale(&scaled, &exponent, magnitude, kind))
		return false;
	while (!round_scaled(number, &scaled, precision, kind) && precision < kind->most)
		precision++;
	number->exponent = exponent + (number->w == whole_ten_to[number->precision]); /* 9.99 became 10.0 */
	return true;
}
#else
static bool round_exactly(struct rounded *number, double magnitude, const struct kind *kind)
{
	(void)number;
	(void)magnitude;
	(void)kind;
	return false;
}
#endif

/* The same by the C library, for any size.  snprintf puts the locale's decimal point between the first two digits, whatever bytes
 * it has; nothing else in the text is not a digit up to the 'e'. */
static void round_by_library(struct rounded *number, double magnitude, int precision)
{
	char text[2 * NUMBER_TEXT];
	snprintf(text, sizeof text, "%.*e", precision - 1, magnitude);
	const char *p = text;
	*number = (struct rounded){.precision = precision};
	for (; *p != 'e'; p++)
		if (digit_of(*p) <= 9)
			number->w = 10 * number->w + digit_of(*p);
	number->exponent = (int)strtol(p + 1, NULL, 10);
}

static size_t write_number(char text[NUMBER_TEXT], double value, const struct kind *kind)
{
	double magnitude = fabs(value);
	struct rounded number = {.precision = 1};
	if (!isfinite(value))
		return (size_t)snprintf(text, NUMBER_TEXT, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
	if (magnitude == 0 || round_exactly(&number, magnitude, kind))
		return layout(text, &number, signbit(value));
	for (int precision = kind->least;; precision++) {
		round_by_library(&number, magnitude, precision);
		size_t length = layout(text, &number, false);
		if (precision == kind->most || kind->reads_back(text, length, magnitude))
			return layout(text, &number, signbit(value));
	}
}

static bool double_reads_back(const char *text, size_t length, double magnitude)
{
	double back;
	return number_to_double(&back, text, length) && back == magnitude;
}

static bool float_reads_back(const char *text, size_t length, double magnitude)
{
	float back;
	return number_to_float(&back, text, length) && (double)back == magnitude;
}

/* most_fives: m 5^k < 2^127. */
size_t number_from_double(char text[NUMBER_TEXT], double value)
{
	static const struct kind kind = {DBL_MANT_DIG, 15, 17, 27, double_reads_back};
	return write_number(text, value, &kind);
}

size_t number_from_float(char text[NUMBER_TEXT], float value)
{
	static const struct kind kind = {FLT_MANT_DIG, 6, 9, 44, float_reads_back};
	return write_number(text, (double)value, &kind);
}
