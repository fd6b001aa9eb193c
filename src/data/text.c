/* SPDX-License-Identifier: MIT
 * UTF-8 by the table of well-formed byte sequences (Unicode 15, table 3-7). */
#include "data/text.h"

#include <string.h>

/* The length of the UTF-8 character at text, 0 where there is none (overlong forms, surrogates and numbers beyond U+10FFFF are none). */
static size_t utf8_length(const unsigned char *text, size_t length)
{
	static const struct {
		unsigned char low, high, second_low, second_high, n;
	} forms[] = {{0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
	             {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
	             {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (text[0] < forms[i].low || text[0] > forms[i].high)
			continue;
		size_t n = forms[i].n;
		if (n > length || (n > 1 && (text[1] < forms[i].second_low || text[1] > forms[i].second_high)))
			return 0;
		for (size_t k = 2; k < n; k++)
			if ((text[k] & 0xC0) != 0x80)
				return 0;
		return n;
	}
	return 0;
}

bool text_is_utf8(const char *text, size_t length)
{
	while (length) {
		uint64_t word;
		size_t n = sizeof word;
		if (length >= n) /* eight ASCII characters at once */
			memcpy(&word, text, n);
		if (length < n || (word & 0x8080808080808080u))
			n = utf8_length((const unsigned char *)text, length);
		if (n == 0)
			return false;
		text += n;
		length -= n;
	}
	return true;
}

void text_excerpt(char excerpt[EXCERPT], const char *text, size_t length)
{
	size_t used = 0;
	while (length && used < EXCERPT - 8) { /* room for a character, three points and the end */
		size_t n = utf8_length((const unsigned char *)text, length);
		bool printable = n > 1 || (n == 1 && *text >= ' ' && *text != 0x7F);
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
