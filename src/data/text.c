/* SPDX-License-Identifier: MIT */
#include "data/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"

bool text_is_utf8(const char *text, size_t length)
{
	while (length) {
		uint64_t word;
		size_t n = sizeof word;
		if (length >= n) /* eight ASCII characters at once */
			memcpy(&word, text, n);
		if (length < n || (word & 0x8080808080808080u))
			n = utf8_sequence(text, length);
		if (n == 0)
			return false;
		text += n;
		length -= n;
	}
	return true;
}

size_t text_mark_length(const char *text, size_t length)
{
	return length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

void text_excerpt(char excerpt[EXCERPT], const char *text, size_t length)
{
	size_t used = 0;
	while (length && used < EXCERPT - 8) { /* room for a character, three points and the end */
		size_t n = utf8_sequence(text, length);
		bool printable = n > 0 && *text && !utf8_control(text);
		if (!printable)
			n = 1;
		if (printable)
			memcpy(excerpt + used, text, n);
		else
			excerpt[used] = '?';
		used += n;
		text += n;
		length -= n;
	}
	memcpy(excerpt + used, "...", 3);
	excerpt[used + (length ? 3 : 0)] = '\0';
}

void text_number(char text[TEXT_NUMBER], float number)
{
	if (fabsf(number) < 1e7f && floorf(number) == number) {
		snprintf(text, TEXT_NUMBER, "%ld", (long)number);
		return;
	}
	number_from_float(text, number);
}

bool text_to_float(float *number, const char *text)
{
	size_t length = strlen(text);
	text_trim(&text, &length);
	return number_to_float(number, text, length);
}

bool text_to_double(double *number, const char *text)
{
	size_t length = strlen(text);
	text_trim(&text, &length);
	return number_to_double(number, text, length);
}

size_t text_find(const char *const *texts, size_t n, const char *text)
{
	size_t low = 0, high = n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = strcmp(texts[middle], text);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return n;
}
