/* SPDX-License-Identifier: MIT
 * A column cache to a table: structure, checksums, cells, and then what the options make of its columns. */
#include "data/cache.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/parallel.h"
#include "data/cache_layout.h"
#include "data/csv_parts.h"

/* The levels of a column, where it has texts. */
struct levels {
	float *numbers; /* NaN where a level is none */
	bool *is_text;  /* neither a number nor infinite */
	size_t n_texts, n_infinite;
};

/* What was met in a block of a column. */
struct met {
	size_t n_missing;
	size_t n_texts, first_text_row; /* cells whose level is a text */
};

struct cache_reader {
	const unsigned char *bytes;
	size_t length;
	const char *name;
	const struct cln_read_options *options;
	int threads;
	struct cache_layout layout;
	struct dictionary names;
	struct target *targets;
	struct levels *levels;
	struct met *met; /* n_columns x n_blocks */
	struct bad_cells bad;
	struct cln_table *table;
};

/* A column's name as messages show it. */
static const char *shown(char excerpt[EXCERPT], const struct cache_column *column)
{
	text_excerpt(excerpt, column->name, column->name_length);
	return excerpt;
}

/* ---------------------------------------------------------------- the directory */

static enum cln_status check_directory(const struct cache_reader *reader, struct cln_error *err)
{
	size_t at = reader->layout.checksum;
	if (io_crc64(0, reader->bytes, at) != cache_load64(reader->bytes + at))
		return cache_damaged(err, reader->name, "the checksum of its directory is wrong");
	return CLN_OK;
}

static enum cln_status read_names(struct cache_reader *reader, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	for (size_t c = 0; status == CLN_OK && c < reader->layout.n_columns; c++) {
		const struct cache_column *column = &reader->layout.columns[c];
		uint32_t code = 0;
		bool is_text = column->name_length > 0 && strnlen(column->name, column->name_length + 1) == column->name_length &&
			       text_is_utf8(column->name, column->name_length);
		if (is_text)
			status = dictionary_add(&reader->names, &code, column->name, column->name_length, (uint32_t)c, 1, err);
		if (status == CLN_OK && (!is_text || code != c))
			status = cache_damaged(err, reader->name, "column %zu has no name of its own", c + 1);
	}
	return status;
}

/* ---------------------------------------------------------------- levels */

static enum cln_status create_levels(struct levels *levels, const struct cache_column *column, struct cln_error *err)
{
	levels->numbers = mem_alloc(column->n_levels, sizeof *levels->numbers, err);
	levels->is_text = mem_alloc(column->n_levels, sizeof *levels->is_text, err);
	return levels->numbers && levels->is_text ? CLN_OK : CLN_E_MEMORY;
}

static void free_levels(struct levels *levels)
{
	mem_free(levels->numbers);
	mem_free(levels->is_text);
}

/* Goes through the texts; false where they are not what levels must be. */
static bool classify_levels(struct levels *levels, const struct cache_column *column)
{
	const char *text = column->levels, *before = NULL, *end = column->levels + column->level_bytes;
	for (size_t k = 0; k < column->n_levels; k++) {
		size_t length = strnlen(text, (size_t)(end - text));
		if (length == 0 || text + length == end || !text_is_utf8(text, length) || (before && strcmp(before, text) >= 0))
			return false;
		levels->numbers[k] = NAN;
		switch (cell_classify(&levels->numbers[k], text, length)) {
		case CELL_MISSING:
			return false;
		case CELL_NUMBER:
			break;
		case CELL_INFINITE:
			levels->n_infinite++;
			break;
		case CELL_TEXT:
			levels->is_text[k] = true;
			levels->n_texts++;
			break;
		}
		before = text;
		text += length + 1;
	}
	return text == end;
}

static enum cln_status read_levels(struct levels *levels, const struct cache_column *column, const char *name,
				   struct cln_error *err)
{
	char excerpt[EXCERPT];
	if (!(column->parts & CACHE_TEXTS))
		return CLN_OK;
	enum cln_status status = create_levels(levels, column, err);
	if (status != CLN_OK)
		return status;
	if (column->n_levels > CSV_MAX_LEVELS || column->level_bytes > CSV_MAX_LEVEL_BYTES || !classify_levels(levels, column))
		return cache_damaged(err, name, "the texts of column \"%s\" are not what they must be",
				     shown(excerpt, column));
	bool all_numbers = levels->n_texts == 0 && levels->n_infinite == 0;
	if (all_numbers != (column->parts & CACHE_NUMBERS))
		return cache_damaged(err, name, "column \"%s\" has the wrong parts", shown(excerpt, column));
	return CLN_OK;
}

static enum cln_status read_levels_body(void *argument, size_t c, int tid, struct cln_error *err)
{
	struct cache_reader *reader = argument;
	(void)tid;
	return read_levels(&reader->levels[c], &reader->layout.columns[c], reader->name, err);
}

/* ---------------------------------------------------------------- blocks */

/* NULL where the column lacks the part. */
static const uint32_t *cells_of(const struct cache_reader *reader, const struct cache_column *column, size_t part, size_t block)
{
	if (!(column->parts >> part & 1))
		return NULL;
	const void *section = reader->bytes + column->section[part];
	return (const uint32_t *)section + block * CACHE_BLOCK_ROWS;
}

/* Missing is one NaN, and nothing is infinite. */
static bool check_numbers(struct met *met, const uint32_t *cells, size_t n)
{
	const uint32_t exponent = 0x7F800000;
	size_t n_missing = 0, n_bad = 0;
	for (size_t i = 0; i < n; i++) {
		bool special = (cells[i] & exponent) == exponent;
		n_missing += special;
		n_bad += special && cells[i] != CACHE_MISSING_NUMBER;
	}
	met->n_missing = n_missing;
	return n_bad == 0;
}

static bool check_codes(struct met *met, const uint32_t *codes, size_t n, size_t n_levels, const struct levels *levels)
{
	for (size_t i = 0; i < n; i++) {
		if (codes[i] == LEVEL_MISSING) {
			met->n_missing++;
			continue;
		}
		if (codes[i] >= n_levels)
			return false;
		if (levels->is_text[codes[i]] && met->n_texts++ == 0)
			met->first_text_row = i;
	}
	return true;
}

/* Where a column has both, they say the same; codes are known to be in range. */
static bool check_both(const uint32_t *cells, const uint32_t *codes, size_t n, const struct levels *levels)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t bits = CACHE_MISSING_NUMBER;
		if (codes[i] != LEVEL_MISSING)
			memcpy(&bits, &levels->numbers[codes[i]], sizeof bits);
		if (cells[i] != bits)
			return false;
	}
	return true;
}

static bool check_cells(const struct cache_reader *reader, struct met *met, size_t c, size_t block)
{
	const struct cache_column *column = &reader->layout.columns[c];
	const uint32_t *numbers = cells_of(reader, column, 0, block), *codes = cells_of(reader, column, 1, block);
	size_t n = cache_block_rows(&reader->layout, block);
	struct met of_codes = {0};
	if (numbers && !check_numbers(met, numbers, n))
		return false;
	if (!codes)
		return true;
	if (!check_codes(&of_codes, codes, n, column->n_levels, &reader->levels[c]))
		return false;
	*met = of_codes;
	met->first_text_row += block * CACHE_BLOCK_ROWS;
	return !numbers || check_both(numbers, codes, n, &reader->levels[c]);
}

static enum cln_status check_block_body(void *argument, size_t item, int tid, struct cln_error *err)
{
	struct cache_reader *reader = argument;
	size_t c = item / reader->layout.n_blocks, block = item % reader->layout.n_blocks;
	const struct cache_column *column = &reader->layout.columns[c];
	size_t bytes = cache_block_rows(&reader->layout, block) * sizeof(uint32_t);
	char excerpt[EXCERPT];
	(void)tid;
	for (size_t part = 0; part < 2; part++)
		if ((column->parts >> part & 1) && io_crc64(0, cells_of(reader, column, part, block), bytes) !=
						       cache_load64(reader->bytes + column->checksums[part] + 8 * block))
			return cache_damaged(err, reader->name, "a checksum is wrong (column \"%s\", block %zu)",
					     shown(excerpt, column), block + 1);
	if (!check_cells(reader, &reader->met[item], c, block))
		return cache_damaged(err, reader->name, "column \"%s\" holds what no cell can be (block %zu)",
				     shown(excerpt, column), block + 1);
	return CLN_OK;
}

static enum cln_status check_blocks(struct cache_reader *reader, struct cln_error *err)
{
	size_t n_items;
	if (!size_mul(&n_items, reader->layout.n_columns, reader->layout.n_blocks))
		return cache_damaged(err, reader->name, "there cannot be so many rows and columns");
	reader->met = mem_alloc(n_items, sizeof *reader->met, err);
	return reader->met ? parallel_try(reader->threads, n_items, check_block_body, reader, err) : CLN_E_MEMORY;
}

/* ---------------------------------------------------------------- what the options ask for */

static enum cln_status choose_targets(struct cache_reader *reader, struct cln_error *err)
{
	for (size_t c = 0; c < reader->layout.n_columns; c++)
		reader->targets[c].left_out = reader->layout.columns[c].parts == 0;
	enum cln_status status = targets_choose(reader->targets, &reader->names, reader->name, reader->options, err);
	for (size_t c = 0; status == CLN_OK && c < reader->layout.n_columns; c++) {
		const struct target *target = &reader->targets[c];
		char name[EXCERPT];
		shown(name, &reader->layout.columns[c]);
		bool has_texts = reader->layout.columns[c].parts & CACHE_TEXTS;
		if (target->kept && target->left_out)
			status = error_set(err, CLN_E_DATA, "--keep: column \"%s\" was left out when %s was made", name,
					   reader->name);
		else if (target->kind == TARGET_CATEGORY && !has_texts)
			status = error_set(err, CLN_E_DATA,
					   "%s: the texts of column \"%s\" are needed, and only its numbers were kept, since "
					   "there are more than %u different ones; make the cache again with --categorical for "
					   "this column",
					   reader->name, name, CSV_FEW_LEVELS);
	}
	return status;
}

/* Cells that are errors in the text too, as far as it is read the same way. */
static enum cln_status find_bad_cells(struct cache_reader *reader, size_t c, const bool *is_bad, struct cln_error *err)
{
	const struct cache_column *column = &reader->layout.columns[c];
	const uint32_t *codes = cells_of(reader, column, 1, 0);
	const size_t n_before = reader->bad.n_all;
	char name[EXCERPT];
	for (size_t row = 0; row < reader->layout.n_rows; row++)
		if (codes[row] != LEVEL_MISSING && is_bad[codes[row]])
			bad_cells_add(&reader->bad, (struct bad_cell){row, c});
	if (reader->bad.n_all > n_before)
		return CLN_OK;
	return cache_damaged(err, reader->name, "column \"%s\" has texts that no cell holds", shown(name, column));
}

/* Of a column that has them. */
static enum problem_kind kind_of_bad_cell(const struct cache_reader *reader, const struct bad_cell *cell, uint32_t level)
{
	const struct levels *levels = &reader->levels[cell->column];
	if (!reader->targets[cell->column].must_be_number && levels->n_texts > 0)
		return PROBLEM_COMMA;
	return levels->is_text[level] ? PROBLEM_NOT_NUMBER : PROBLEM_INFINITE;
}

static enum cln_status report_bad_cells(const struct cache_reader *reader, struct cln_error *err)
{
	for (size_t i = 0; i < reader->bad.n; i++) {
		const struct bad_cell *cell = &reader->bad.cells[i];
		const struct cache_column *column = &reader->layout.columns[cell->column];
		const uint32_t code = cells_of(reader, column, 1, 0)[cell->row];
		const char *level = column->levels, *wrong = "", *hint = "";
		char text[EXCERPT], name[EXCERPT];
		for (uint32_t k = 0; k < code; k++)
			level += strlen(level) + 1;
		text_excerpt(text, level, strlen(level));
		csv_name_problem(&wrong, &hint, reader->options, kind_of_bad_cell(reader, cell, code), text);
		error_list_add(err, i, "%s, row %zu: %s (\"%s\", column \"%s\"; %s)", reader->name, cell->row + 1, wrong, text,
			       shown(name, column), hint);
	}
	return reader->bad.n > 0 ? error_list_end(err, reader->bad.n, reader->bad.n_all) : CLN_OK;
}

/* Marks the levels with a decimal comma; true where the column would be numbers if those were points. */
static bool mark_commas(bool *is_comma, const struct cache_column *column, const struct levels *levels)
{
	const char *level = column->levels;
	bool any = false, others = false;
	for (size_t k = 0; k < column->n_levels; k++) {
		size_t length = strlen(level);
		is_comma[k] = cell_has_decimal_comma(level, length);
		any = any || is_comma[k];
		others = others || (!is_comma[k] && levels->is_text[k]);
		level += length + 1;
	}
	return any && !others;
}

/* A column that is to be numbers, or may be, and has texts that are none: the errors that the text would give. */
static enum cln_status check_texts(struct cache_reader *reader, size_t c, struct cln_error *err)
{
	const struct cache_column *column = &reader->layout.columns[c];
	const struct levels *levels = &reader->levels[c];
	bool any = reader->targets[c].must_be_number || levels->n_texts == 0;
	bool *is_bad = mem_alloc(column->n_levels, sizeof *is_bad, err);
	if (!is_bad)
		return CLN_E_MEMORY;
	for (size_t k = 0; any && k < column->n_levels; k++)
		is_bad[k] = isnan(levels->numbers[k]);
	any = any || mark_commas(is_bad, column, levels);
	enum cln_status status = any ? find_bad_cells(reader, c, is_bad, err) : CLN_OK;
	mem_free(is_bad);
	return status;
}

/* ---------------------------------------------------------------- the table */

/* Cells are lent by the file; nobody writes to those of a table. */
static void *lent_cells(const struct cache_reader *reader, const struct cache_column *column, size_t part)
{
	return (void *)(uintptr_t)cells_of(reader, column, part, 0);
}

static enum cln_status set_levels(struct column *column, const struct cache_column *from, struct cln_error *err)
{
	const char *level = from->levels;
	column->levels = mem_alloc(from->n_levels, sizeof *column->levels, err);
	if (!column->levels)
		return CLN_E_MEMORY;
	column->n_levels = from->n_levels;
	for (size_t k = 0; k < from->n_levels; k++) {
		column->levels[k] = (char *)(uintptr_t)level;
		level += strlen(level) + 1;
	}
	return CLN_OK;
}

static void sum_up(const struct cache_reader *reader, struct column *column, size_t c)
{
	const struct met *met = reader->met + c * reader->layout.n_blocks;
	for (size_t block = 0; block < reader->layout.n_blocks; block++) {
		column->n_missing += met[block].n_missing;
		if (column->type != COLUMN_CATEGORICAL)
			continue;
		if (column->n_texts == 0 && met[block].n_texts)
			column->first_text_row = met[block].first_text_row;
		column->n_texts += met[block].n_texts;
	}
}

static enum cln_status fill_column(struct cache_reader *reader, size_t c, struct cln_error *err)
{
	struct column *column = &reader->table->columns[c];
	const struct cache_column *from = &reader->layout.columns[c];
	const struct target *target = &reader->targets[c];
	bool numbers = target->kind == TARGET_NUMBER && (from->parts & CACHE_NUMBERS);
	column->name = mem_copy(from->name, from->name_length, err);
	if (!column->name)
		return CLN_E_MEMORY;
	target_describe(column, target, reader->options);
	if (column->ignored)
		return CLN_OK;
	if (target->kind == TARGET_NUMBER && !numbers) {
		enum cln_status status = check_texts(reader, c, err);
		if (status != CLN_OK)
			return status;
	}
	column->type = numbers ? COLUMN_NUMERIC : COLUMN_CATEGORICAL;
	sum_up(reader, column, c);
	if (numbers)
		column->numbers = lent_cells(reader, from, 0);
	else
		column->codes = lent_cells(reader, from, 1);
	return numbers ? CLN_OK : set_levels(column, from, err);
}

static enum cln_status fill_table(struct cache_reader *reader, struct cln_error *err)
{
	enum cln_status status =
	    table_create(&reader->table, reader->name, reader->layout.n_rows, reader->layout.n_columns, err);
	if (status == CLN_OK)
		reader->table->cells = CELLS_LENT;
	for (size_t c = 0; status == CLN_OK && c < reader->layout.n_columns; c++)
		status = fill_column(reader, c, err);
	return status == CLN_OK ? report_bad_cells(reader, err) : status;
}

/* ---------------------------------------------------------------- all together */

static enum cln_status create_arrays(struct cache_reader *reader, struct cln_error *err)
{
	size_t n = reader->layout.n_columns;
	reader->targets = mem_alloc(n, sizeof *reader->targets, err);
	reader->levels = mem_alloc(n, sizeof *reader->levels, err);
	return reader->targets && reader->levels ? CLN_OK : CLN_E_MEMORY;
}

static void reader_free(struct cache_reader *reader)
{
	for (size_t c = 0; reader->levels && c < reader->layout.n_columns; c++)
		free_levels(&reader->levels[c]);
	mem_free(reader->levels);
	mem_free(reader->targets);
	mem_free(reader->met);
	dictionary_free(&reader->names);
	cache_layout_free(&reader->layout);
	cln_table_destroy(reader->table);
}

enum cln_status cache_read_bytes(struct cln_table **table, const unsigned char *bytes, size_t length, const char *name,
				 const struct cln_read_options *options, int threads, struct cln_error *err)
{
	struct cache_reader reader = {.bytes = bytes, .length = length, .name = name, .options = options, .threads = threads};
	struct gaps gaps = {0};
	*table = NULL;
	enum cln_status status = cache_layout_find(&reader.layout, bytes, length, name, err);
	if (status == CLN_OK)
		status = check_directory(&reader, err);
	if (status == CLN_OK)
		status = create_arrays(&reader, err);
	if (status == CLN_OK)
		status = read_names(&reader, err);
	if (status == CLN_OK)
		status = parallel_try(threads, reader.layout.n_columns, read_levels_body, &reader, err);
	if (status == CLN_OK)
		status = check_blocks(&reader, err);
	if (status == CLN_OK)
		status = choose_targets(&reader, err);
	if (status == CLN_OK)
		status = fill_table(&reader, err);
	if (status == CLN_OK)
		status = gaps_create(&gaps, options->missing, err);
	if (status == CLN_OK)
		status = gaps_settle_lent(reader.table, &gaps, err);
	if (status == CLN_OK) {
		*table = reader.table;
		(*table)->names = reader.names;
		reader.table = NULL;
		reader.names = (struct dictionary){0};
	}
	gaps_free(&gaps);
	reader_free(&reader);
	return status;
}

/* ---------------------------------------------------------------- files */

enum cln_status cache_recognise(bool *is_cache, const struct source *source, struct cln_error *err)
{
	static const char magic[] = CACHE_MAGIC;
	const size_t half = CACHE_MAGIC_BYTES / 2;
	char bytes[CACHE_MAGIC_BYTES];
	size_t n = source->size < sizeof bytes ? (size_t)source->size : sizeof bytes;
	enum cln_status status = source_read(source, bytes, 0, n, err);
	*is_cache = false;
	if (status != CLN_OK || n == 0)
		return status;
	if (n < sizeof bytes)
		*is_cache = memcmp(bytes, magic, n) == 0;
	else
		*is_cache = memcmp(bytes, magic, half) == 0 || memcmp(bytes + half, magic + half, half) == 0;
	return CLN_OK;
}

/* The whole source as bytes: mapped where it is a file from its first byte on. */
static enum cln_status load(struct area *area, const struct source *source, struct cln_error *err)
{
	size_t length = (size_t)source->size;
	*area = (struct area){0};
	if (source->size > PTRDIFF_MAX)
		return error_set(err, CLN_E_MEMORY, "out of memory: %s has too many bytes", source->name);
	if (source->fd >= 0 && source->fd_offset == 0)
		return area_map(area, source->fd, length, source->name, err);
	enum cln_status status = area_create(area, length, 0, err);
	return status == CLN_OK ? source_read(source, area->bytes, 0, length, err) : status;
}

enum cln_status cache_read(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
			   int threads, struct cln_error *err)
{
	struct area area;
	*table = NULL;
	enum cln_status status = load(&area, source, err);
	if (status == CLN_OK)
		status = cache_read_bytes(table, area.bytes, area.length, source->name, options, threads, err);
	if (status == CLN_OK)
		(*table)->area = area;
	else
		area_free(&area);
	return status;
}
