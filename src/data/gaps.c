/* SPDX-License-Identifier: MIT */
#include "data/gaps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "data/text.h"

bool gap_by_default(const char *text, size_t length)
{
	static const char tokens[][8] = {"?",   "-",   ".",    "NA",   "N/A",  "#N/A", "#NA",  "<NA>", "na",  "n/a",   "NaN",
					 "nan", "NAN", "-nan", "-NaN", "null", "NULL", "Null", "None", "\\N", "#NULL!"};
	text_trim(&text, &length);
	if (length == 0)
		return true;
	if (length >= sizeof tokens[0] || !memchr("?-.N#<n\\", *text, 8))
		return false;
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
		if (memcmp(tokens[i], text, length) == 0 && tokens[i][length] == '\0')
			return true;
	return false;
}

/* The list's texts as they are written; a number in its shortest form, of which there is one for a value. */
static enum cln_status collect(struct gaps *gaps, char numbers[GAPS_MOST][NUMBER_TEXT], const char *list, struct cln_error *err)
{
	for (const char *item = list; *item;) {
		const size_t n = strcspn(item, ",");
		struct gap gap = {.text = item, .length = n};

		item += n + (item[n] == ',');
		text_trim(&gap.text, &gap.length);
		if (gap.length == 0)
			continue;
		if (gaps->n == GAPS_MOST)
			return error_set(err, CLN_E_USAGE, "--missing: more than %d texts", GAPS_MOST);
		gap.is_number = number_to_float(&gap.number, gap.text, gap.length);
		if (gap.is_number) {
			gap.number += 0.0f; /* -0 is 0 */
			gap.length = number_from_float(numbers[gaps->n], gap.number);
			gap.text = numbers[gaps->n];
		}
		gaps->gaps[gaps->n++] = gap;
	}
	return CLN_OK;
}

static int compare_gaps(const void *a, const void *b)
{
	const struct gap *x = a, *y = b;
	const int order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);

	return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* Writes the texts in their order, each once, into the list, which has room for them. */
static void write_list(struct gaps *gaps)
{
	const size_t n = gaps->n;
	char *to = gaps->list;

	gaps->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct gap gap = gaps->gaps[i];

		if (gaps->n > 0 && compare_gaps(&gap, &gaps->gaps[gaps->n - 1]) == 0)
			continue;
		if (gaps->n > 0)
			*to++ = ',';
		memcpy(to, gap.text, gap.length);
		gap.text = to;
		to += gap.length;
		gaps->gaps[gaps->n++] = gap;
	}
	*to = '\0';
}

enum cln_status gaps_create(struct gaps *gaps, const char *list, struct cln_error *err)
{
	char numbers[GAPS_MOST][NUMBER_TEXT];
	enum cln_status status;

	*gaps = (struct gaps){0};
	if (!list)
		return CLN_OK;
	if (!text_is_utf8(list, strlen(list)))
		return error_set(err, CLN_E_USAGE, "--missing: not valid UTF-8");
	status = collect(gaps, numbers, list, err);
	if (status == CLN_OK && gaps->n > 0 && !(gaps->list = mem_alloc(strlen(list) + sizeof numbers, 1, err)))
		status = CLN_E_MEMORY;
	if (status != CLN_OK)
		gaps_free(gaps); /* their texts are here, or in the list */
	if (gaps->n == 0)
		return status;
	qsort(gaps->gaps, gaps->n, sizeof *gaps->gaps, compare_gaps);
	write_list(gaps);
	return CLN_OK;
}

void gaps_free(struct gaps *gaps)
{
	mem_free(gaps->list);
	*gaps = (struct gaps){0};
}

static bool has_number(const struct gaps *gaps, float number)
{
	for (size_t i = 0; i < gaps->n; i++)
		if (gaps->gaps[i].is_number && gaps->gaps[i].number == number)
			return true;
	return false;
}

bool gaps_find(const struct gaps *gaps, const char *text, size_t length)
{
	float number;

	text_trim(&text, &length);
	for (size_t i = 0; i < gaps->n; i++)
		if (gaps->gaps[i].length == length && memcmp(gaps->gaps[i].text, text, length) == 0)
			return true;
	return number_to_float(&number, text, length) && has_number(gaps, number);
}

static bool any_number(const struct gaps *gaps)
{
	bool any = false;

	for (size_t i = 0; i < gaps->n; i++)
		any = any || gaps->gaps[i].is_number;
	return any;
}

static void give_list(struct cln_table *table, struct gaps *gaps)
{
	table->missing = gaps->list;
	gaps->list = NULL;
	gaps_free(gaps);
}

static bool is_gap_text(const struct column *column, const struct gaps *gaps, const char *text)
{
	const size_t length = strlen(text);

	return gap_by_default(text, length) || (!column->exempt && gaps_have(gaps, text, length));
}

static bool is_gap(const struct column *column, const struct gaps *gaps, size_t row)
{
	if (column->numbers)
		return has_number(gaps, column->numbers[row]);
	return column->codes && column->codes[row] != LEVEL_MISSING &&
	       is_gap_text(column, gaps, column->levels[column->codes[row]]);
}

/* Whether any of a column's texts, of which all are met, is a gap; of numbers it is not known. */
static bool may_have_gaps(const struct column *column, const struct gaps *gaps)
{
	bool may = column->numbers && !column->exempt && any_number(gaps);

	for (size_t k = 0; column->codes && k < column->n_levels && !may; k++)
		may = is_gap_text(column, gaps, column->levels[k]);
	return may;
}

static void settle_numbers(struct column *column, const struct gaps *gaps, size_t n_rows)
{
	for (size_t row = 0; row < n_rows; row++)
		if (has_number(gaps, column->numbers[row])) {
			column->numbers[row] = NAN;
			column->n_missing++;
		}
}

static enum cln_status settle_texts(struct column *column, const struct gaps *gaps, size_t n_rows, struct cln_error *err)
{
	column->written = mem_alloc(n_rows, sizeof *column->written, err);
	if (!column->written)
		return CLN_E_MEMORY;
	memcpy(column->written, column->codes, n_rows * sizeof *column->written);
	for (size_t row = 0; row < n_rows; row++)
		if (is_gap(column, gaps, row)) {
			column->codes[row] = LEVEL_MISSING;
			column->n_missing++;
		}
	return CLN_OK;
}

enum cln_status gaps_settle(struct cln_table *table, struct gaps *gaps, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t c = 0; c < table->n_columns && status == CLN_OK; c++) {
		struct column *column = &table->columns[c];

		if (!may_have_gaps(column, gaps))
			continue;
		if (column->numbers)
			settle_numbers(column, gaps, table->n_rows);
		else
			status = settle_texts(column, gaps, table->n_rows, err);
	}
	if (status == CLN_OK)
		give_list(table, gaps);
	return status;
}

static enum cln_status refuse(const struct cln_table *table, size_t row, size_t c, struct cln_error *err)
{
	char text[TABLE_CELL];

	table_cell(text, table, row, c);
	return error_set(err, CLN_E_DATA,
			 "%s, row %zu: \"%s\" in column \"%s\" is a gap by --missing, but a cell here (make the cache with "
			 "\"colonnade convert --missing\")",
			 table->source, row + 1, text, table->columns[c].name);
}

enum cln_status gaps_settle_lent(struct cln_table *table, struct gaps *gaps, struct cln_error *err)
{
	for (size_t c = 0; c < table->n_columns && gaps->n > 0; c++) {
		const struct column *column = &table->columns[c];

		if (column->exempt || !may_have_gaps(column, gaps))
			continue;
		for (size_t row = 0; row < table->n_rows; row++)
			if (is_gap(column, gaps, row))
				return refuse(table, row, c, err);
	}
	give_list(table, gaps);
	return CLN_OK;
}
