/* SPDX-License-Identifier: MIT
 * Plain numbers that are longer than eight characters, or formed otherwise than the last one of their column. */
#include "data/csv_plain.h"

#include <string.h>

#define ABOVE_POINT (0x7F - 0x76) /* beyond what digits are added: carries all but a 0 */

/* byte: of the point, counted from the first character; 8: there is none. */
static void set_word(struct plain_word *word, unsigned byte)
{
	uint64_t point = byte < 8 ? UINT64_C(1) << 8 * byte : 0, before = point ? point - 1 : 0;
	word->point = point * ('.' ^ '0');
	word->limits = ABOVE_DIGITS + point * ABOVE_POINT;
	word->before = before;
	word->behind = point ? ~(before << 8 | 0xFF) : ~UINT64_C(0);
}

void plain_shape_set(struct plain_shape *shape, unsigned n_behind)
{
	static const double powers[PLAIN_BYTES] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
						   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
	bool in_back = n_behind > 0 && n_behind < 8, in_front = n_behind >= 8;
	double power = powers[n_behind];
	set_word(&shape->back, in_back ? 7 - n_behind : 8);
	set_word(&shape->front, in_front ? 15 - n_behind : 8);
	shape->short_most = in_front ? 0 : 8;
	shape->power[0] = (float)power;
	shape->power[1] = -(float)power;
	shape->wide_power[0] = power;
	shape->wide_power[1] = -power;
	shape->front_unit = in_back ? 10000000 : 100000000;
}

/* Nine to sixteen characters of the shape's form.  The quotient of two exact doubles is rounded once, so that rounding it to float,
 * 29 bits shorter, is right unless it lies in the middle between two floats: the number itself may then lie on either side. */
static bool read_wide(float *number, const struct plain_shape *shape, const char *text, size_t length, bool negative)
{
	const uint64_t behind_float = (UINT64_C(1) << 29) - 1, midpoint = UINT64_C(1) << 28;
	uint64_t front, back, bits;
	if (!plain_word_read(&front, &shape->front, text, length - 8) ||
	    !plain_word_read(&back, &shape->back, text + length - 8, 8))
		return false;
	uint64_t digits = front * shape->front_unit + back;
	double quotient = (double)(int64_t)digits / shape->wide_power[negative];
	memcpy(&bits, &quotient, sizeof bits);
	if (digits > UINT64_C(1) << 53 || (bits & behind_float) == midpoint)
		return false;
	*number = (float)quotient;
	return true;
}

static bool read_expected(float *number, const struct plain_shape *shape, const char *text, size_t length, bool negative)
{
	return length > 8 ? read_wide(number, shape, text, length, negative)
			  : plain_short_number(number, shape, text, length, negative);
}

/* The digits behind the first point.  One that ends the number is not expected anywhere: such a number is not plain. */
static unsigned digits_behind(const char *text, size_t length)
{
	const char *point = memchr(text, '.', length);
	return point ? (unsigned)(text + length - point) - 1 : 0;
}

bool plain_other_number(float *number, struct plain_shape *shape, const char *text, size_t length, bool negative)
{
	if (length - 1 >= PLAIN_BYTES)
		return false;
	if (length > 8 && read_wide(number, shape, text, length, negative))
		return true;
	plain_shape_set(shape, digits_behind(text, length));
	return read_expected(number, shape, text, length, negative);
}
