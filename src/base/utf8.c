/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>

/* The length that a first byte announces; 0 for continuations, for overlong forms of ASCII, and beyond the range. */
static size_t announced(unsigned lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xC2 || lead > 0xF4)
		return 0;
	return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

size_t utf8_sequence(const char *text, size_t length)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned lead = byte[0];
	size_t n = announced(lead);
	if (n <= 1)
		return n;
	if (n > length)
		return 0;
	/* The second byte decides on overlong forms, surrogates and the upper end. */
	unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
	unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((byte[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

size_t utf8_control(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	if (byte[0] == 0xC2 && byte[1] >= 0x80 && byte[1] < 0xA0)
		return 2;
	return (byte[0] > 0 && byte[0] < 0x20) || byte[0] == 0x7F;
}

void utf8_make_visible(char *text, const char *kept)
{
	char *to = text;
	while (*text) {
		size_t n = utf8_control(text);
		*to++ = n > 0 && !strchr(kept, *text) ? '?' : *text;
		text += n > 0 ? n : 1;
	}
	*to = '\0';
}

int utf8_cut(const char *text, int most)
{
	int length = (int)strnlen(text, (size_t)most + 1);

	if (length <= most)
		return length;
	for (length = most; length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80;)
		length--;
	return length;
}

size_t utf8_width(const char *text)
{
	size_t width = 0;
	for (; *text; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80;
	return width;
}
