/* SPDX-License-Identifier: MIT
 * UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/* The bytes of the UTF-8 sequence that text[0..length), length > 0, begins with; 0 where there is none: cut short, overlong, a
 * surrogate, or above U+10FFFF. */
size_t utf8_sequence(const char *text, size_t length);

/* The bytes (1 or 2) of the control character that `text` begins with: what could steer a terminal (C0, DEL, C1); else 0. */
size_t utf8_control(const char *text);

/* Makes every control character a '?', in place, but those that `kept` holds. */
void utf8_make_visible(char *text, const char *kept);

/* Characters, which is what a terminal counts: bytes but those that go on with a sequence. */
size_t utf8_width(const char *text);

/* How many bytes of a text to show where no more than `most` are wanted, for "%.*s": all, or so few that no character is cut. */
int utf8_cut(const char *text, int most);

#endif
