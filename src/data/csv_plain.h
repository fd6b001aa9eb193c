/* SPDX-License-Identifier: MIT
 * What most cells are, without a loop over their bytes: where the next separator or line end stands, and plain numbers. */
#ifndef DATA_CSV_PLAIN_H
#define DATA_CSV_PLAIN_H

#include "base/digits.h"

#include <stdbool.h>
#include <stddef.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---------------------------------------------------------------- where fields end */

#define STOPS_BYTES 64

#ifdef __SSE2__
static inline uint64_t stops_of_16(const char *at, char separator)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i stops = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(separator));
	stops = _mm_or_si128(stops, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
	stops = _mm_or_si128(stops, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')));
	return (uint64_t)(unsigned)_mm_movemask_epi8(stops);
}

/* Bit i: at[i] is a separator, a line feed or a carriage return. */
static inline uint64_t stops_find(const char *at, char separator)
{
	return stops_of_16(at, separator) | stops_of_16(at + 16, separator) << 16 | stops_of_16(at + 32, separator) << 32 |
	       stops_of_16(at + 48, separator) << 48;
}
#else
static inline uint64_t stops_find(const char *at, char separator)
{
	uint64_t stops = 0;
	for (int i = 0; i < STOPS_BYTES; i++)
		stops |= (uint64_t)(at[i] == separator || at[i] == '\n' || at[i] == '\r') << i;
	return stops;
}
#endif

/* ---------------------------------------------------------------- numbers */

#define PLAIN_BYTES 16 /* of the longest number read here, its sign apart */

/* Eight characters of a number, of which at most one is the point. */
struct plain_word {
	uint64_t point;          /* what makes a 0 of the point by exclusive or, in its byte; 0: there is none */
	uint64_t limits;         /* added, carry into the highest bit of a byte that is no digit or, in its byte, no point */
	uint64_t before, behind; /* the bytes in front of the point and those behind it; all are behind none */
};

/* The form of numbers, by the digits behind their point.  Neighbours in a column mostly have the same: a point is not looked for
 * but expected where the last number had it, and what stands there or elsewhere is no point or no digit where that is wrong. */
struct plain_shape {
	struct plain_word back, front; /* the last eight characters, and those in front of them */
	size_t short_most;             /* characters of numbers that are in the back alone; 0 where the point is in front */
	float power[2];                /* 10^k for k digits behind the point, and -10^k */
	double wide_power[2];
	uint64_t front_unit; /* in units of the back */
};

/* Numbers with so many digits behind the point, up to 15; 0: without a point. */
void plain_shape_set(struct plain_shape *shape, unsigned n_behind);

/* n characters, 1 to 8, of which 8 are readable: their digits as a number.  false where they are not what was expected. */
static inline bool plain_word_read(uint64_t *digits, const struct plain_word *expected, const char *text, size_t n)
{
	uint64_t word = eight_characters(text) << (64 - 8 * n); /* zeros in front are digits that count for nothing */
	word ^= expected->point;
	if (((word + expected->limits) | word) & HIGHEST_BITS)
		return false;
	*digits = eight_digits((word & expected->behind) | (word & expected->before) << 8);
	return true;
}

/* Up to eight characters of the shape's form: up to seven digits and a point, so that the digits and the power of ten both are
 * exact floats and their quotient is rounded as it should be (Clinger, PLDI 1990); or eight digits, which are rounded by becoming a
 * float and divided by 1. */
static inline bool plain_short_number(float *number, const struct plain_shape *shape, const char *text, size_t length,
				      bool negative)
{
	uint64_t digits;
	if (length - 1 >= shape->short_most || !plain_word_read(&digits, &shape->back, text, length))
		return false;
	*number = (float)(int32_t)digits / shape->power[negative];
	return true;
}

/* What is longer, or not of the shape's form. */
bool plain_other_number(float *number, struct plain_shape *shape, const char *text, size_t length, bool negative);

/* [-] digits [. digits], all of text[0 .. length), of which length + PLAIN_BYTES are readable; false where it is something else,
 * longer, or cannot be rounded here: number_to_float then decides.  shape: any that was set; best that of the last number of the
 * same column; it becomes that of this one. */
static inline bool plain_number(float *number, struct plain_shape *shape, const char *text, size_t length)
{
	bool negative = *text == '-';
	text += negative;
	length -= negative;
	return plain_short_number(number, shape, text, length, negative) ||
	       plain_other_number(number, shape, text, length, negative);
}

#endif
