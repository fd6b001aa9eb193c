/* SPDX-License-Identifier: MIT */
#include "report/html.h"

#include "base/number.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define DASH "\xE2\x80\x93"
#define THIN_SPACE "\xE2\x80\xAF" /* that breaks no line */
#define NUMBER_SIZE 64

void html_add(struct text *page, const char *markup)
{
	text_add(page, markup, strlen(markup));
}

static const char *reference_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static bool is_noncharacter(const char *sequence, size_t n)
{
	return n == 3 && memcmp(sequence, "\xEF\xBF", 2) == 0 && (unsigned char)sequence[2] >= 0xBE;
}

void html_text(struct text *page, const char *text)
{
	for (size_t left = strlen(text), n; left > 0; text += n, left -= n) {
		const char *reference = reference_of(*text);
		const size_t control = *text == '\t' || *text == '\n' ? 0 : utf8_control(text);

		n = utf8_sequence(text, left);
		if (reference)
			html_add(page, reference);
		else if (n == 0 || control > 0 || is_noncharacter(text, n))
			html_add(page, REPLACEMENT);
		else
			text_add(page, text, n);
		n = control > n ? control : n ? n : 1;
	}
}

void html_name(struct text *page, const char *text)
{
	html_add(page, "<bdi>");
	html_text(page, text);
	html_add(page, "</bdi>");
}

/* ---------------------------------------------------------------- numbers */

/* Without a locale: the digits of value 10^digits, rounded, with a point among them. */
static void fixed_text(char text[NUMBER_SIZE], double value, int digits)
{
	unsigned long long scale = 1;

	if (!isfinite(value)) {
		snprintf(text, NUMBER_SIZE, DASH);
		return;
	}
	if (fabs(value) >= 1e9) {
		number_from_double(text, value);
		return;
	}
	for (int i = 0; i < digits; i++)
		scale *= 10;
	const unsigned long long scaled = (unsigned long long)floor(fabs(value) * (double)scale + 0.5);
	const char *sign = value < 0 && scaled > 0 ? "-" : "";
	int length = snprintf(text, NUMBER_SIZE, "%s%llu%s", sign, scaled / scale, digits > 0 ? "." : "");

	for (unsigned long long rest = scaled % scale; digits > 0; digits--, rest %= scale) {
		scale /= 10;
		text[length++] = (char)('0' + rest / scale);
	}
	text[length] = '\0';
}

void html_fixed(struct text *page, double value, int digits)
{
	char text[NUMBER_SIZE];

	fixed_text(text, value, digits);
	html_add(page, text);
}

void html_short(struct text *page, double value, int digits)
{
	char text[NUMBER_SIZE];

	fixed_text(text, value, digits);
	if (isfinite(value) && fabs(value) < 1e9 && strchr(text, '.')) {
		size_t length = strlen(text);
		while (text[length - 1] == '0')
			length--;
		text[text[length - 1] == '.' ? length - 1 : length] = '\0';
	}
	html_add(page, text);
}

void html_count(struct text *page, double value)
{
	char text[NUMBER_SIZE];

	/* Weights may be fractions. */
	fixed_text(text, value, value == floor(value) ? 0 : 2);
	if (!isfinite(value) || fabs(value) >= 1e9) {
		html_add(page, text);
		return;
	}
	const size_t whole = strcspn(text, ".");
	for (size_t i = 0; text[i]; i++) {
		if (i > 0 && i < whole && (whole - i) % 3 == 0 && text[i - 1] != '-')
			html_add(page, THIN_SPACE);
		text_add(page, text + i, 1);
	}
}

/* ---------------------------------------------------------------- tables and lists */

void html_row_begin(struct text *page, const char *heading)
{
	html_add(page, "<tr><th scope=\"row\">");
	html_text(page, heading);
	html_add(page, "</th>");
}

void html_cell_fixed(struct text *page, double value, int digits)
{
	html_add(page, "<td class=\"number\">");
	html_fixed(page, value, digits);
	html_add(page, "</td>");
}

void html_cell_count(struct text *page, double value)
{
	html_add(page, "<td class=\"number\">");
	html_count(page, value);
	html_add(page, "</td>");
}

void html_row_end(struct text *page)
{
	html_add(page, "</tr>\n");
}

void html_fact(struct text *page, const char *term, const char *text)
{
	html_add(page, "<div><dt>");
	html_text(page, term);
	html_add(page, "</dt><dd>");
	html_name(page, text);
	html_add(page, "</dd></div>\n");
}
