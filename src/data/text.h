/* SPDX-License-Identifier: MIT
 * Texts of files: whether they are UTF-8, and how they are shown in messages. */
#ifndef DATA_TEXT_H
#define DATA_TEXT_H

#include "base/mem.h"

bool text_is_utf8(const char *text, size_t length);

/* What is wrong with a text that holds the byte 0. */
#define TEXT_HAS_NUL "a NUL byte (this is no UTF-8 text; UTF-16 can be converted: iconv -f UTF-16 -t UTF-8)"

/* The text as one printable line of valid UTF-8, cut with "..." behind it; other bytes become '?'. */
#define EXCERPT 64
void text_excerpt(char excerpt[EXCERPT], const char *text, size_t length);

/* A number for people: a whole one below 10^7 in all its digits, else its shortest text. */
#define TEXT_NUMBER 32
void text_number(char text[TEXT_NUMBER], float number);

/* Bytes of the byte order mark that the text begins with: 3, or 0 where there is none. */
size_t text_mark_length(const char *text, size_t length);

/* Leaves out the spaces and tabs at both ends. */
static inline void text_trim(const char **text, size_t *length)
{
	while (*length && ((*text)[*length - 1] == ' ' || (*text)[*length - 1] == '\t'))
		--*length;
	while (*length && (**text == ' ' || **text == '\t')) {
		++*text;
		--*length;
	}
}

/* The number that the text of a cell is, without the spaces around it (base/number.h); false where it is none. */
bool text_to_float(float *number, const char *text);
bool text_to_double(double *number, const char *text);

/* The index of a text in an ascending list; n where it is not there.  Exported C files have it too (model/shared_code.awk). */
size_t text_find(const char *const *texts, size_t n, const char *text);

#endif
