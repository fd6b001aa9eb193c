/* SPDX-License-Identifier: MIT
 * Tables in memory.  Reading text is csv.c's; what cells mean for a network is the pipeline's. */
#include "data/table.h"

#include "base/io.h"
#include "base/number.h"
#include "base/utf8.h"
#include "data/dictionary.h"
#include "data/gaps.h"
#include "data/source.h"
#include "data/text.h"

#include <math.h>
#include <string.h>

enum cln_status table_create(struct cln_table **table, const char *source, size_t n_rows, size_t n_columns, struct cln_error *err)
{
	*table = NULL;
	if (n_rows > TABLE_MAX_ROWS)
		return error_set(err, CLN_E_DATA, "%s: %zu rows; at most %u can be used", source, n_rows, TABLE_MAX_ROWS);
	if (n_columns > TABLE_MAX_COLUMNS)
		return error_set(err, CLN_E_DATA, "%s: %zu columns; at most %u can be used", source, n_columns, TABLE_MAX_COLUMNS);
	struct cln_table *made = mem_alloc(1, sizeof *made, err);
	if (!made)
		return CLN_E_MEMORY;
	made->n_rows = n_rows;
	made->source = mem_copy(source, strlen(source), err);
	if (made->source)
		made->columns = mem_alloc(n_columns, sizeof *made->columns, err);
	if (!made->columns) {
		cln_table_destroy(made);
		return CLN_E_MEMORY;
	}
	made->n_columns = n_columns;
	*table = made;
	return CLN_OK;
}

static void column_free(struct column *column, const struct cln_table *table)
{
	mem_free(column->name);
	if (table->cells == CELLS_OWN) {
		mem_free(column->numbers);
		mem_free(column->codes);
	}
	mem_free(column->written);
	mem_free(column->levels);
	mem_free(column->level_bytes);
}

void cln_table_destroy(struct cln_table *table)
{
	if (!table)
		return;
	for (size_t c = 0; c < table->n_columns; c++)
		column_free(&table->columns[c], table);
	mem_free(table->columns);
	dictionary_free(&table->names);
	mem_free(table->breaks);
	if (table->text)
		source_close(table->text);
	mem_free(table->text);
	mem_free(table->missing);
	mem_free(table->source);
	area_free(&table->area);
	mem_free(table);
}

/* Of all columns.  Rows are written side by side in all of them: they are an odd number of cache lines apart, so that neighbours do
 * not share the sets of a cache, as columns of whole pages would.  false: more than can be addressed. */
static bool cells_bytes(size_t *bytes, struct cln_table *table, size_t n_columns)
{
	size_t lines = round_up(table->n_rows * sizeof(uint32_t), MEM_ALIGN) / MEM_ALIGN;
	table->cells = CELLS_LENT;
	return size_mul(&table->column_bytes, lines | 1, MEM_ALIGN) && size_mul(bytes, n_columns, table->column_bytes);
}

enum cln_status table_place_cells(struct cln_table *table, size_t n_columns, struct cln_error *err)
{
	size_t bytes;
	if (!cells_bytes(&bytes, table, n_columns))
		return error_set(err, CLN_E_MEMORY, "out of memory: %zu rows of %zu columns are more than can be addressed",
				 table->n_rows, n_columns);
	return area_create(&table->area, bytes, 0, err);
}

bool table_place_in_scratch(struct cln_table *table, size_t n_columns)
{
	size_t bytes;
	return cells_bytes(&bytes, table, n_columns) && area_create_scratch(&table->area, bytes);
}

void *table_cells(struct cln_table *table)
{
	char *cells = (char *)table->area.bytes + table->area_used;
	table->area_used += table->column_bytes;
	return cells;
}

enum cln_status column_set_levels(struct column *column, const char *const *texts, size_t n, struct cln_error *err)
{
	size_t bytes = 0; /* cannot overflow: the texts are in memory already, and distinct, so none is counted twice */
	for (size_t i = 0; i < n; i++)
		bytes += strlen(texts[i]) + 1;
	char **levels = mem_alloc(n, sizeof *levels, err);
	char *block = levels ? mem_alloc(bytes, 1, err) : NULL;
	if (!block) {
		mem_free(levels);
		return CLN_E_MEMORY;
	}
	column->levels = levels;
	column->level_bytes = block;
	column->n_levels = n;
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(texts[i]) + 1;
		memcpy(block, texts[i], length);
		levels[i] = block;
		block += length;
	}
	return CLN_OK;
}

/* ---------------------------------------------------------------- from memory */

/* Copies column c of row-major cells; false where a cell is infinite, whose row is then in *bad. */
static bool column_copy(struct column *column, const float *cells, size_t n_rows, size_t n_columns, size_t c, size_t *bad)
{
	for (size_t i = 0; i < n_rows; i++) {
		float x = cells[i * n_columns + c];
		*bad = i;
		if (isinf(x))
			return false;
		column->numbers[i] = isnan(x) ? NAN : x; /* one NaN for all, whatever its payload was */
		column->n_missing += isnan(x);
	}
	return true;
}

/* Names must be distinct and valid UTF-8, since the model file refers to columns by name. */
static enum cln_status add_names(struct dictionary *seen, const char *const *names, size_t n, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	for (size_t c = 0; status == CLN_OK && c < n; c++) {
		size_t length = strlen(names[c]);
		uint32_t code;
		char excerpt[EXCERPT];
		text_excerpt(excerpt, names[c], length);
		if (length > UINT32_MAX || !text_is_utf8(names[c], length))
			status = error_set(err, CLN_E_DATA, "memory: the name of column %zu is not valid UTF-8 (\"%s\")", c + 1,
					   excerpt);
		else
			status = dictionary_add(seen, &code, names[c], length, (uint32_t)c, 1, err);
		if (status == CLN_OK && code != c)
			status = error_set(err, CLN_E_DATA, "memory: columns %u and %zu have the same name (\"%s\")", code + 1,
					   c + 1, excerpt);
	}
	return status;
}

enum cln_status cln_table_create(struct cln_table **table, const float *cells, size_t n_rows, size_t n_columns,
				 const char *const *names, struct cln_error *err)
{
	struct cln_table *made;
	enum cln_status status = table_create(&made, "memory", n_rows, n_columns, err);
	*table = NULL;
	if (status == CLN_OK)
		status = add_names(&made->names, names, n_columns, err);
	for (size_t c = 0; status == CLN_OK && c < n_columns; c++) {
		struct column *column = &made->columns[c];
		size_t bad = 0;
		column->name = mem_copy(names[c], strlen(names[c]), err);
		if (column->name)
			column->numbers = mem_alloc(n_rows, sizeof *column->numbers, err);
		if (!column->numbers)
			status = CLN_E_MEMORY;
		else if (!column_copy(column, cells, n_rows, n_columns, c, &bad))
			status = error_set(err, CLN_E_DATA, "memory: row %zu of column \"%s\" is infinite", bad + 1, column->name);
	}
	if (status == CLN_OK)
		*table = made;
	else
		cln_table_destroy(made);
	return status;
}

/* ---------------------------------------------------------------- looking things up */

size_t cln_table_rows(const struct cln_table *table)
{
	return table->n_rows;
}

size_t cln_table_columns(const struct cln_table *table)
{
	return table->n_columns;
}

const char *cln_table_column_name(const struct cln_table *table, size_t column)
{
	return column < table->n_columns ? table->columns[column].name : NULL;
}

/* A text of digits only as a number; 0 where it is none or too large. */
static size_t plain_number(const char *text)
{
	size_t n = 0;
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || n > TABLE_MAX_COLUMNS)
			return 0;
		n = 10 * n + (size_t)(*c - '0');
	}
	return n;
}

size_t table_find_name(const struct cln_table *table, const char *name)
{
	if (table->names.n > 0) {
		const uint32_t code = dictionary_find(&table->names, name, strlen(name));
		return code == UINT32_MAX ? SIZE_MAX : code;
	}
	for (size_t c = 0; c < table->n_columns; c++)
		if (strcmp(table->columns[c].name, name) == 0)
			return c;
	return SIZE_MAX;
}

size_t table_find_cells(const struct cln_table *table, const char *name)
{
	const size_t c = table_find_name(table, name);
	return c == SIZE_MAX || table->columns[c].ignored ? SIZE_MAX : c;
}

size_t table_find(const struct cln_table *table, const char *name_or_number)
{
	const size_t c = table_find_name(table, name_or_number);
	if (c != SIZE_MAX)
		return c;
	size_t number = plain_number(name_or_number);
	return number >= 1 && number <= table->n_columns ? number - 1 : SIZE_MAX;
}

#define FEWEST_EVEN 3      /* whole numbers that cells hardly have in equal steps by chance */
#define FEWEST_ASCENDING 5 /* ... or in ascending order */

bool table_names_are_data(const struct cln_table *table)
{
	size_t n_numbers = 0, n_unread = 0, n_unread_numbers = 0;
	float last = -INFINITY, step = 0; /* of a column */
	size_t last_c = 0;
	bool ascending = true, even = true;
	for (size_t c = 0; c < table->n_columns; c++) {
		const struct column *column = &table->columns[c];
		const size_t length = strlen(column->name);
		float number;
		bool is_number = number_to_float(&number, column->name, length);
		if (!column->ignored && column->type == COLUMN_CATEGORICAL && column->n_texts > 0)
			continue;
		if (!column->ignored && !is_number && !gap_by_default(column->name, length))
			return false;
		n_unread += column->ignored;
		n_unread_numbers += column->ignored && is_number;
		if (!is_number)
			continue;
		const float slope = n_numbers > 0 ? (number - last) / (float)(c - last_c) : 0;
		if (n_numbers == 1)
			step = slope;
		even = even && slope == step;
		ascending = ascending && number > last && floorf(number) == number;
		last = number;
		last_c = c;
		n_numbers++;
	}
	const bool counting = n_numbers >= FEWEST_EVEN ? even : even && step <= 1;
	return n_numbers > 0 && !(ascending && (counting || n_numbers >= FEWEST_ASCENDING)) && 2 * n_unread_numbers >= n_unread;
}

const char *table_names_hint(const struct cln_table *table)
{
	return table_names_are_data(table) ? " (the first line looks like data: a table without a header wants --no-header)" : "";
}

size_t table_line(const struct cln_table *table, size_t row)
{
	size_t low = 0, high = table->n_breaks; /* breaks[0 .. low) begin at or before the row, breaks[high .. ) behind it */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (table->breaks[middle].row <= row)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? row + table->breaks[low - 1].offset : 0;
}

void table_cell(char text[TABLE_CELL], const struct cln_table *table, size_t row, size_t column)
{
	const struct column *from = &table->columns[column];
	char number[NUMBER_TEXT];
	const char *whole = "";
	if (from->codes && from->codes[row] != LEVEL_MISSING) {
		whole = from->levels[from->codes[row]];
	} else if (from->numbers && !isnan(from->numbers[row])) {
		number[number_from_float(number, from->numbers[row])] = '\0';
		whole = number;
	}
	const size_t length = (size_t)utf8_cut(whole, TABLE_CELL - 1);
	memcpy(text, whole, length);
	text[length] = '\0';
}

/* ---------------------------------------------------------------- fingerprint */

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "cells are summed up as they lie in memory: that needs a little-endian machine"
#endif

static uint64_t fingerprint_size(uint64_t crc, size_t size)
{
	uint64_t wide = size;
	return io_crc64(crc, &wide, sizeof wide);
}

/* Length first, so that no two lists of texts look alike. */
static uint64_t fingerprint_text(uint64_t crc, const char *text)
{
	size_t length = strlen(text);
	return io_crc64(fingerprint_size(crc, length), text, length);
}

#define FINGERPRINT_CELLS 8192 /* at a time: the checksum likes long runs */

/* Every missing number alike, whatever NaN stands for it. */
static uint64_t fingerprint_numbers(uint64_t crc, const float *numbers, size_t n_rows)
{
	uint32_t bits[FINGERPRINT_CELLS];
	for (size_t begin = 0; begin < n_rows; begin += FINGERPRINT_CELLS) {
		size_t n = n_rows - begin < FINGERPRINT_CELLS ? n_rows - begin : FINGERPRINT_CELLS;
		memcpy(bits, numbers + begin, n * sizeof *bits);
		for (size_t i = 0; i < n; i++)
			bits[i] = (bits[i] & 0x7FFFFFFF) > 0x7F800000 ? 0x7FC00000 : bits[i];
		crc = io_crc64(crc, bits, n * sizeof *bits);
	}
	return crc;
}

static uint64_t fingerprint_column(uint64_t crc, const struct column *column, size_t n_rows)
{
	uint32_t type = (uint32_t)column->type;
	crc = io_crc64(fingerprint_text(crc, column->name), &type, sizeof type);
	crc = fingerprint_size(crc, column->n_levels);
	for (size_t i = 0; i < column->n_levels; i++)
		crc = fingerprint_text(crc, column->levels[i]);
	if (column->codes)
		crc = io_crc64(crc, column->codes, n_rows * sizeof *column->codes);
	return column->numbers ? fingerprint_numbers(crc, column->numbers, n_rows) : crc;
}

uint64_t cln_table_fingerprint(const struct cln_table *table)
{
	uint64_t crc = fingerprint_size(0, table->n_rows);
	for (size_t c = 0; c < table->n_columns; c++)
		if (!table->columns[c].ignored)
			crc = fingerprint_column(crc, &table->columns[c], table->n_rows);
	return crc;
}
