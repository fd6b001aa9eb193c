/* SPDX-License-Identifier: MIT
 * What most cells are, without a loop over their bytes: where the next separator or line end stands, and plain numbers. */
#ifndef DATA_CSV_PLAIN_H
#define DATA_CSV_PLAIN_H

#include "base/digits.h"

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

/* Where the point stands among eight characters.  Neighbours in a column mostly have it at the same place: then what follows from
 * it is at hand before it has been found. */
struct plain_shape {
	uint64_t points;         /* 0x80 in the byte of the point, or 0 */
	uint64_t before, behind; /* the bytes in front of the point and those behind it; all are behind none */
	double unit;             /* 10^-k for k digits behind the point */
};

static inline void plain_shape_set(struct plain_shape *shape, uint64_t points)
{
	static const double units[8] = {1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7};
	uint64_t before = points ? (points >> 7) - 1 : 0;
	*shape = (struct plain_shape){.points = points, .before = before, .behind = ~UINT64_C(0), .unit = 1};
	if (points) {
		shape->behind = ~(before << 8 | 0xFF);
		shape->unit = units[__builtin_clzll(points) >> 3];
	}
}

/* n characters, 1 to 8, of which 8 are readable: their digits as a number; the shape becomes theirs.  false where something else
 * than digits and a point is there. */
static inline bool plain_part(uint64_t *digits, struct plain_shape *shape, const char *text, size_t n)
{
	const uint64_t low_bits = EACH_BYTE * 0x7F;
	uint64_t word = eight_characters(text) << (64 - 8 * n); /* zeros in front are digits that count for nothing */
	uint64_t other = word ^ EACH_BYTE * ('.' ^ '0');
	uint64_t points = ~(((other & low_bits) + low_bits) | other | low_bits); /* 0x80 in the bytes of `other` that are 0 */
	points &= -points;                                                       /* a second one is no digit */
	if (points != shape->points)
		plain_shape_set(shape, points);
	word = (word & shape->behind) | (word & shape->before) << 8;
	*digits = eight_digits(word);
	return eight_are_digits(word);
}

/* Nine to sixteen characters, in two parts. */
static inline bool plain_parts(uint64_t *digits, double *unit, const char *text, size_t n)
{
	struct plain_shape front_shape, shape;
	uint64_t front;
	plain_shape_set(&front_shape, 0);
	plain_shape_set(&shape, 0);
	if (!plain_part(&front, &front_shape, text, n - 8) || !plain_part(digits, &shape, text + n - 8, 8) ||
	    (front_shape.points && shape.points))
		return false;
	*digits += front * (shape.points ? 10000000 : 100000000);
	*unit = front_shape.points ? front_shape.unit * 1e-8 : shape.unit;
	return *digits <= UINT64_C(1) << 53;
}

/* [-] digits [. digits], all of text[0 .. length), of which length + PLAIN_BYTES are readable; false where it is something else,
 * longer, or cannot be rounded here: number_to_float then decides.  shape: any that was set; best that of the last number of the
 * same column.
 * w 10^-k is the product of an exact double and one with a relative error of 2^-53 (1.6 2^-52 where it is itself a product), and is
 * rounded once more: in all it is wrong by less than 2^-51 of itself, at most 4 units of its last place.  Rounding it to float, 29
 * bits shorter, is then right unless a midpoint between two floats is within that of it: 2^-26 of all cases. */
static inline bool plain_number(float *number, struct plain_shape *shape, const char *text, size_t length)
{
	const uint64_t behind_float = (UINT64_C(1) << 29) - 1, midpoint = UINT64_C(1) << 28;
	uint32_t negative = *text == '-', float_bits;
	uint64_t digits, bits;
	double unit;
	text += negative;
	length -= negative;
	if (length - 1 < 8) {
		if (!plain_part(&digits, shape, text, length) || (length == 1 && shape->points))
			return false;
		unit = shape->unit;
	} else if (length - 1 >= PLAIN_BYTES || !plain_parts(&digits, &unit, text, length)) {
		return false;
	}
	double magnitude = (double)(int64_t)digits * unit;
	memcpy(&bits, &magnitude, sizeof bits);
	if ((bits & behind_float) - (midpoint - 4) <= 8)
		return false;
	float rounded = (float)magnitude;
	memcpy(&float_bits, &rounded, sizeof float_bits);
	float_bits |= negative << 31; /* no branch: nobody foretells signs */
	memcpy(number, &float_bits, sizeof float_bits);
	return true;
}

#endif
