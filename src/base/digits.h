/* SPDX-License-Identifier: MIT
 * Decimal digits eight at a time, in the bytes of a 64-bit word: the first character is in the lowest byte. */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define HIGHEST_BITS (EACH_BYTE * 0x80)
#define ABOVE_DIGITS (EACH_BYTE * 0x76) /* added, carries 10 and more into the highest bit of a byte */

/* Eight characters, each with '0' taken off by exclusive or: a digit becomes its value, and nothing else one below 10. */
static inline uint64_t eight_characters(const char *text)
{
	uint64_t word;
	memcpy(&word, text, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word ^ EACH_BYTE * '0';
}

/* What begins above 0x7F has the highest bit already.  A carry out of a byte only comes from one that is no digit, so that it hides
 * none. */
static inline bool eight_are_digits(uint64_t word)
{
	return (((word + ABOVE_DIGITS) | word) & HIGHEST_BITS) == 0;
}

/* Neighbours are joined to numbers of two digits in every other byte; the two products then put 10^6 p0 + 100 p2 and
 * 10^4 p1 + p3 into their upper halves. */
static inline uint64_t eight_digits(uint64_t word)
{
	const uint64_t pair = UINT64_C(0x000000FF000000FF);
	word = word * 10 + (word >> 8);
	uint64_t even = (word & pair) * (100 + (UINT64_C(1000000) << 32));
	uint64_t odd = (word >> 16 & pair) * (1 + (UINT64_C(10000) << 32));
	return (even + odd) >> 32;
}

#endif
