/* SPDX-License-Identifier: MIT */
#include "api/notes.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/check.h"
#include "api/nearly_numbers.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "data/text.h"

#define NOTE_TEXT 1024
#define NOTE_NAMES 8 /* columns that a sentence names; it counts the others */

void note(const struct cln_observer *observer, const char *format, ...)
{
	char sentence[NOTE_TEXT];
	va_list arguments;

	if (!observer || !observer->note)
		return;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	utf8_make_visible(sentence, "");
	observer->note(observer->context, sentence);
}

/* Names for one sentence: "a", "b" and 3 more. */
struct name_list {
	char text[NOTE_TEXT / 2];
	size_t length, n, n_named;
};

static void add_name(struct name_list *list, const char *name, const char *detail)
{
	size_t room = sizeof list->text - list->length;
	int length;

	list->n++;
	if (list->n_named == NOTE_NAMES || list->n_named < list->n - 1)
		return;
	length = snprintf(list->text + list->length, room, "%s\"%s\"%s", list->n_named ? ", " : "", name, detail);
	if (length > 0 && (size_t)length < room) {
		list->length += (size_t)length;
		list->n_named++;
	}
	list->text[list->length] = '\0';
}

static void note_names(const struct cln_observer *observer, struct name_list *list, const char *one, const char *many)
{
	char more[48] = "";

	if (list->n == 0)
		return;
	if (list->n > list->n_named)
		snprintf(more, sizeof more, " and %zu more", list->n - list->n_named);
	note(observer, "%s: %s%s", list->n > 1 ? many : one, list->text, more);
}

#define MOSTLY_MISSING 0.5

/* A column of texts that were probably meant as numbers, with the place of the first one: looking it up reads the file again, so
 * only the first column has that. */
static void note_nearly_numbers(const struct cln_observer *observer, const struct cln_table *table, size_t c,
				const struct nearly_numbers *nearly)
{
	const struct column *column = &table->columns[c];
	char place[TABLE_PLACE], text[EXCERPT];

	table_place(place, table, column->first_text_row, c);
	text_excerpt(text, nearly->text, strlen(nearly->text));
	if (2 * nearly->n_signed > nearly->n_texts)
		note(observer,
		     "%s: column \"%s\" is no column of numbers because of %zu cell%s, as \"%s\", that would be a number without "
		     "signs and commas; write numbers as plain ones",
		     place, column->name, nearly->n_signed, nearly->n_signed > 1 ? "s" : "", text);
	else
		note(observer,
		     "%s: column \"%s\" is taken as categories because of %zu cell%s that %s no number, most often \"%s\" (%zu); "
		     "if it stands for a gap, --missing names it; --numeric insists on numbers",
		     place, column->name, nearly->n_texts, nearly->n_texts > 1 ? "s" : "", nearly->n_texts > 1 ? "are" : "is",
		     text, nearly->n_frequent);
}

static void note_all_nearly_numbers(const struct cln_observer *observer, const struct cln_table *table, const bool *use)
{
	struct name_list others = {0};
	bool any = false;

	for (size_t c = 0; c < table->n_columns; c++) {
		const struct column *column = &table->columns[c];
		struct nearly_numbers nearly = {0};
		char text[EXCERPT], detail[EXCERPT + 32];

		if (use[c] || (!column->ignored && column_is_left_out(table, column)))
			nearly = nearly_numbers_of_table(table, column);
		if (nearly.n_texts == 0)
			continue;
		text_excerpt(text, nearly.text, strlen(nearly.text));
		snprintf(detail, sizeof detail, " (\"%s\": %zu)", text, nearly.n_frequent);
		if (any)
			add_name(&others, column->name, detail);
		else
			note_nearly_numbers(observer, table, c, &nearly);
		any = true;
	}
	note_names(observer, &others, "so is a column", "so are columns");
}

/* Every row has another text, or the next whole number: columns that tell rows apart and foretell nothing, unless the rows were
 * sorted by their labels.  Of such texts no new row has one; such numbers may be a time. */
#define ROWS_OF_A_COUNT 20   /* in fewer rows such columns are met by chance */
#define MOST_COUNTED 0x1p24f /* floats hold every whole number up to here */

static bool counts_rows(const struct column *column, size_t n_rows)
{
	size_t i = 1;

	while (i < n_rows && column->numbers[i] == column->numbers[i - 1] + 1 && column->numbers[i] < MOST_COUNTED)
		i++;
	return i == n_rows || (i > ROWS_OF_A_COUNT && column->numbers[i - 1] == MOST_COUNTED - 1);
}

bool column_is_left_out(const struct cln_table *table, const struct column *column)
{
	return column->type == COLUMN_CATEGORICAL && table->n_rows >= ROWS_OF_A_COUNT && column->n_levels == table->n_rows;
}

bool column_looks_like_identifier(const struct cln_table *table, const struct column *column)
{
	return column->type == COLUMN_NUMERIC && !column->type_was_given && table->n_rows >= ROWS_OF_A_COUNT &&
	       counts_rows(column, table->n_rows);
}

/* Whole numbers that may have been others in the file. */
bool column_is_rounded(const struct column *column, size_t n_rows)
{
	bool beyond = false;

	if (column->ignored || column->type != COLUMN_NUMERIC)
		return false;
	for (size_t i = 0; i < n_rows; i++) {
		const float x = column->numbers[i];

		if (!isnan(x) && x != floorf(x))
			return false;
		beyond = beyond || fabsf(x) >= MOST_COUNTED;
	}
	return beyond;
}

/* Whole numbers, few different ones, each in many rows: they may be counts, or codes, which only the user knows. */
#define FEWEST_CODES 3
#define MOST_CODES 32
#define ROWS_A_CODE 10
#define ROWS_LOOKED_AT ((size_t)1 << 16)

/* How many different numbers the first rows hold; 0 where one is not whole, or there are more than MOST_CODES. */
static size_t count_codes(const struct column *column, size_t n_rows)
{
	float codes[MOST_CODES];
	size_t n = 0;

	for (size_t i = 0; i < n_rows && i < ROWS_LOOKED_AT; i++) {
		const float x = column->numbers[i];
		size_t k = 0;

		if (isnan(x))
			continue;
		while (k < n && codes[k] != x)
			k++;
		if (k < n)
			continue;
		if (n == MOST_CODES || x != floorf(x))
			return 0;
		codes[n++] = x;
	}
	return n;
}

/* The numbers of a column that may be codes; 0: it has none. */
size_t column_may_be_codes(const struct cln_table *table, const struct column *column)
{
	size_t n;

	if (column->type != COLUMN_NUMERIC || column->type_was_given || table->n_rows < FEWEST_CODES * ROWS_A_CODE)
		return 0;
	if (column_is_rounded(column, table->n_rows))
		return 0;
	n = count_codes(column, table->n_rows);
	return n >= FEWEST_CODES && n * ROWS_A_CODE <= table->n_rows ? n : 0;
}

static void note_codes(const struct cln_observer *observer, const struct cln_table *table, const bool *use)
{
	struct name_list codes = {0};

	for (size_t c = 0; c < table->n_columns; c++) {
		const size_t n = use[c] ? column_may_be_codes(table, &table->columns[c]) : 0;
		char detail[32];

		snprintf(detail, sizeof detail, " (%zu)", n);
		if (n > 0)
			add_name(&codes, table->columns[c].name, detail);
	}
	note_names(observer, &codes, "a column of few whole numbers is taken as numbers; if they are codes, --categorical NAME",
		   "columns of few whole numbers are taken as numbers; those that are codes: --categorical NAME[,...]");
}

/* A table without a header has its first row as names, unnoticed. */
static void note_names_that_are_data(const struct cln_observer *observer, const struct cln_table *table)
{
	struct name_list names = {0};

	if (!table_names_are_data(table))
		return;
	for (size_t c = 0; c < table->n_columns; c++)
		add_name(&names, table->columns[c].name, "");
	note_names(observer, &names, "", "the first line looks like data, not names; --no-header reads it so");
}

void notes_of_table(const struct cln_observer *observer, const struct cln_table *table, const bool *use)
{
	struct name_list mostly_missing = {0}, left_out = {0}, identifiers = {0}, rounded = {0};

	if (!observer || !observer->note)
		return;
	note_names_that_are_data(observer, table);
	note_all_nearly_numbers(observer, table, use);
	for (size_t c = 0; c < table->n_columns; c++) {
		const struct column *column = &table->columns[c];
		double share = (double)column->n_missing / (double)table->n_rows;
		char detail[24];

		if (!use[c] && (column->ignored || !column_is_left_out(table, column)))
			continue;
		if (!use[c])
			add_name(&left_out, column->name, "");
		snprintf(detail, sizeof detail, " (%.3g %%)", 100 * share);
		if (share > MOSTLY_MISSING && column->n_missing < table->n_rows)
			add_name(&mostly_missing, column->name, detail);
		if (column_looks_like_identifier(table, column))
			add_name(&identifiers, column->name, "");
		if (!column->type_was_given && column_is_rounded(column, table->n_rows))
			add_name(&rounded, column->name, "");
	}
	note_names(observer, &mostly_missing, "a column is mostly missing", "columns that are mostly missing");
	note_names(observer, &left_out, "a column is left out, because it has another text in every row",
		   "columns are left out, because they have another text in every row");
	note_names(observer, &identifiers, "a column looks like an identifier of the rows (--ignore leaves it out)",
		   "columns that look like identifiers of the rows (--ignore leaves them out)");
	note_names(observer, &rounded,
		   "a column has whole numbers beyond 16777216, which are rounded; if they are keys or codes, --ignore or "
		   "--categorical",
		   "columns have whole numbers beyond 16777216, which are rounded; keys and codes: --ignore or --categorical");
	note_codes(observer, table, use);
}

static bool is_rounded_in(const struct cln_table *table, const char *name)
{
	const size_t c = table_find_cells(table, name);

	return c != SIZE_MAX && column_is_rounded(&table->columns[c], table->n_rows);
}

void notes_of_pipeline(const struct cln_observer *observer, const struct pipeline *pipeline, const struct cln_table *table)
{
	struct name_list constant = {0}, rare = {0}, numbered = {0}, by_quantiles = {0};
	bool some_are_not = false;

	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];
		char detail[48];

		if (column->numbered)
			snprintf(detail, sizeof detail, " (%zu, and %zu rare)", column->n_levels, column->n_rare);
		else
			snprintf(detail, sizeof detail, " (%zu of %zu)", column->n_rare, column->n_rare + column->n_levels);
		if (column->n_features == 0)
			add_name(&constant, column->name, is_rounded_in(table, column->name) ? " (as rounded)" : "");
		else if (column->numbered)
			add_name(&numbered, column->name, detail);
		else if (column->n_rare > 0)
			add_name(&rare, column->name, detail);
		else if (column->type == COLUMN_NUMERIC && column->transform == TRANSFORM_QUANTILE)
			add_name(&by_quantiles, column->name, "");
		else if (column->type == COLUMN_NUMERIC)
			some_are_not = true;
	}
	note_names(observer, &constant, "a column holds one value in all training rows and is left out",
	           "columns that hold one value in all training rows are left out");
	note_names(observer, &rare, "a column's rarer levels share one feature (--max-levels)",
	           "columns whose rarer levels share one feature (--max-levels)");
	note_names(observer, &numbered, "a column's levels have learned values (--one-hot-levels)",
	           "columns whose levels have learned values (--one-hot-levels)");
	if (some_are_not) /* else --scale asked for it, or all are like that */
		note_names(observer, &by_quantiles, "a column with heavy tails or one frequent value is scaled by its quantiles",
		           "columns with heavy tails or one frequent value are scaled by their quantiles");
}

void notes_of_kept(const struct cln_observer *observer, const struct pipeline *pipeline, const struct cln_table *table,
		   const bool *left_out)
{
	struct name_list kept = {0};

	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];
		if (column->n_features > 0 && !left_out[table_find_cells(table, column->name)])
			add_name(&kept, column->name, "");
	}
	note_names(observer, &kept, "a column is learnt from", "columns that are learnt from");
}

/* ---------------------------------------------------------------- leaks */

struct telling {
	const struct labelled_rows *train;
	const bool *use;
	bool *tells; /* a column each */
};

static enum cln_status ask_column(void *argument, size_t c, int tid, struct cln_error *err)
{
	const struct telling *telling = argument;

	(void)tid;
	if (!telling->use[c])
		return CLN_OK;
	return check_tells_label(&telling->tells[c], &telling->train->table->columns[c], telling->train, err);
}

static void note_tellers(const struct cln_observer *observer, const struct telling *telling)
{
	const struct cln_table *table = telling->train->table;
	struct name_list tellers = {0};

	for (size_t c = 0; c < table->n_columns; c++)
		if (telling->tells[c])
			add_name(&tellers, table->columns[c].name, "");
	note_names(observer, &tellers,
		   "a leak? A column tells the label of every training row; if it was made from the label, --ignore leaves it out",
		   "leaks? Columns tell the label of every training row; those that were made from it --ignore leaves out");
}

enum cln_status notes_of_tellers(const struct cln_observer *observer, const struct labelled_rows *train, const bool *use,
				 int threads, struct cln_error *err)
{
	struct telling telling = {train, use, mem_alloc(train->table->n_columns, sizeof *telling.tells, err)};
	enum cln_status status = telling.tells ? CLN_OK : CLN_E_MEMORY;

	if (status == CLN_OK)
		status = parallel_try(threads, train->table->n_columns, ask_column, &telling, err);
	if (status == CLN_OK)
		note_tellers(observer, &telling);
	mem_free(telling.tells);
	return status;
}

/* Not looked at: a file that fits into memory only without that, and columns of which rounding makes others the same. */
enum cln_status notes_of_shared(const struct cln_observer *observer, const struct cln_table *table, const struct cln_table *data,
				const bool *use, int threads, struct cln_error *err)
{
	char some[96] = "every row is a row";
	size_t n;

	if (!memory_holds(16 * (uint64_t)table->n_rows))
		return CLN_OK;
	for (size_t c = 0; c < data->n_columns; c++)
		if (use[c] && column_is_rounded(&data->columns[c], data->n_rows))
			return CLN_OK;
	enum cln_status status = check_shared(&n, table, data, use, threads, err);
	if (status != CLN_OK || !check_is_leak(n, table->n_rows))
		return status;
	if (n < table->n_rows)
		snprintf(some, sizeof some, "%zu of %zu rows %s", n, table->n_rows, n > 1 ? "are rows" : "is a row");
	note(observer, "%s: %s of %s too; what is measured on such rows does not show how well new ones are foretold",
	     table->source, some, data->source);
	return CLN_OK;
}

void notes_of_rows(const struct cln_observer *observer, const char *what, const struct cln_row_report *report)
{
	if (report->unseen_cells > 0)
		note(observer, "%zu cell%s of the %s rows hold%s a category that no training row has; it is encoded as zeros",
		     report->unseen_cells, report->unseen_cells > 1 ? "s" : "", what, report->unseen_cells > 1 ? "" : "s");
}
