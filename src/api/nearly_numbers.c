/* SPDX-License-Identifier: MIT */
#include "api/nearly_numbers.h"

#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "data/text.h"

#define LONGEST_NUMBER 64 /* bytes of one that is written by people */

/* The bytes of a sign of money or share that a text begins, or ends, with; 0: none. */
static size_t sign_length(const char *text, size_t n, bool at_end)
{
	static const char *const signs[] = {"$", "%", "\xC2\xA3", "\xC2\xA5", "\xE2\x82\xAC"};

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		const size_t length = strlen(signs[i]);

		if (n >= length && memcmp(at_end ? text + n - length : text, signs[i], length) == 0)
			return length;
	}
	return 0;
}

/* Copies a text without commas and apostrophes that three digits follow. */
static size_t without_thousands(char number[LONGEST_NUMBER], const char *text, size_t n)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		const bool separates = i > 0 && i + 3 < n && (text[i] == ',' || text[i] == '\'') &&
				       strspn(text + i + 1, "0123456789") >= 3;

		if (!separates)
			number[length++] = text[i];
	}
	return length;
}

/* "$42254", "-$1,234.50", "45.6 %". */
static bool is_number_but_for_a_sign(const char *text)
{
	char number[LONGEST_NUMBER];
	float x;
	size_t n;

	text += *text == '-';
	text += sign_length(text, strlen(text), false);
	text += strspn(text, " ");
	n = strlen(text);
	n -= sign_length(text, n, true);
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return n > 0 && n < sizeof number && number_to_float(&x, number, without_thousands(number, text, n));
}

struct nearly_numbers nearly_numbers_find(const struct column *column, const size_t *counts)
{
	struct nearly_numbers found = {0};
	size_t n_numbers = 0;

	for (size_t k = 0; k < column->n_levels && !column->type_was_given; k++) {
		const char *level = column->levels[k];
		float number;

		if (text_to_float(&number, level)) {
			n_numbers += counts[k];
			continue;
		}
		found.n_texts += counts[k];
		found.n_signed += is_number_but_for_a_sign(level) ? counts[k] : 0;
		if (counts[k] > found.n_frequent) {
			found.n_frequent = counts[k];
			found.text = level;
		}
	}
	return n_numbers + found.n_signed >= found.n_texts - found.n_signed ? found : (struct nearly_numbers){0};
}

struct nearly_numbers nearly_numbers_of_table(const struct cln_table *table, const struct column *column)
{
	struct nearly_numbers found = {0};
	size_t *counts;

	if (column->type != COLUMN_CATEGORICAL || column->type_was_given || column->n_texts == 0)
		return found;
	counts = mem_alloc(column->n_levels, sizeof *counts, NULL);
	for (size_t row = 0; counts && row < table->n_rows; row++)
		if (column->codes[row] != LEVEL_MISSING)
			counts[column->codes[row]]++;
	if (counts)
		found = nearly_numbers_find(column, counts);
	mem_free(counts);
	return found;
}
