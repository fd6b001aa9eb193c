/* SPDX-License-Identifier: MIT
 * The elements of a .npy file to the columns of a table: a window of them is in memory at a time.  A column is one thread's, so
 * that nothing depends on how many there are. */
#include "data/npy.h"

#include "base/number.h"
#include "base/parallel.h"
#include "data/csv_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WINDOW_BYTES ((size_t)1 << 20)
#define BAD_CODE (LEVEL_MISSING - 1) /* of a cell that cannot be used */

/* What a column of texts has met: its elements as they lie in the file. */
struct npy_column {
	struct dictionary elements;
	size_t n_bad; /* cells that cannot be used, of numbers too */
};

struct npy_reader {
	struct gaps gaps;
	const struct source *source;
	const struct npy *npy;
	struct npy_rows rows;
	const struct cln_read_options *options;
	bool few_texts;
	int threads;
	struct dictionary names;
	struct target *targets;
	struct npy_column *columns;
	size_t *read; /* the columns that are read */
	size_t n_read;
	char **buffers; /* a window each: one where rows lie together, one a thread where columns do */
	int n_buffers;
	struct cln_table *table;
};

/* Some elements of a column in memory. */
struct block {
	const char *bytes;
	size_t stride, row, n; /* row: of the table */
};

/* ---------------------------------------------------------------- one element */

static uint64_t load_bits(const struct npy *npy, const char *at)
{
	uint64_t bits = 0;
	memcpy(&bits, at, npy->item); /* the machine is little-endian: table.c */
	return npy->swapped ? __builtin_bswap64(bits) >> (64 - 8 * npy->item) : bits;
}

static int64_t sign_extend(uint64_t bits, size_t item)
{
	unsigned shift = (unsigned)(64 - 8 * item);
	return (int64_t)(bits << shift) >> shift;
}

static double double_of(const struct npy *npy, uint64_t bits)
{
	double wide;
	float narrow;
	uint32_t low = (uint32_t)bits;
	memcpy(&wide, &bits, sizeof wide);
	memcpy(&narrow, &low, sizeof narrow);
	return npy->item == 8 ? wide : (double)narrow;
}

/* NaN: missing; infinite: not to be used.  Each is rounded once. */
static float number_of(const struct npy *npy, uint64_t bits)
{
	switch (npy->kind) {
	case 'f':
		return (float)double_of(npy, bits);
	case 'i':
		return (float)sign_extend(bits, npy->item);
	case 'u':
		return (float)bits;
	default:
		return bits <= 1 ? (float)bits : INFINITY;
	}
}

/* The shortest text of an element; that of its float where the text would be rounded to another float, as may happen half way
 * between two of them. */
static size_t text_of(char text[NUMBER_TEXT], const struct npy *npy, uint64_t bits)
{
	float number = number_of(npy, bits), again;
	if (npy->kind == 'i')
		return (size_t)snprintf(text, NUMBER_TEXT, "%" PRId64, sign_extend(bits, npy->item));
	if (npy->kind != 'f')
		return (size_t)snprintf(text, NUMBER_TEXT, "%" PRIu64, bits);
	size_t length = npy->item == 8 ? number_from_double(text, double_of(npy, bits)) : number_from_float(text, number);
	if (isfinite(number) && number_to_float(&again, text, length) && again != number)
		length = number_from_float(text, number);
	return length;
}

/* ---------------------------------------------------------------- blocks */

static void store_numbers(const struct npy_reader *reader, size_t c, const struct block *block)
{
	struct column *column = &reader->table->columns[c];
	const char *at = block->bytes;
	size_t n_missing = 0, n_bad = 0;
	for (size_t i = 0; i < block->n; i++, at += block->stride) {
		float number = number_of(reader->npy, load_bits(reader->npy, at));
		n_missing += isnan(number) != 0;
		n_bad += isinf(number) != 0;
		column->numbers[block->row + i] = isnan(number) ? NAN : number; /* one NaN for all, whatever its payload was */
	}
	column->n_missing += n_missing;
	reader->columns[c].n_bad += n_bad;
}

/* A column with more is told, or given up, at the end. */
static size_t most_texts(const struct npy_reader *reader)
{
	return reader->few_texts ? CSV_FEW_LEVELS : CSV_MAX_LEVELS;
}

static enum cln_status store_codes(const struct npy_reader *reader, size_t c, const struct block *block, struct cln_error *err)
{
	const struct npy *npy = reader->npy;
	struct column *column = &reader->table->columns[c];
	struct npy_column *met = &reader->columns[c];
	uint64_t before = 0;
	uint32_t code = BAD_CODE;
	enum cln_status status = CLN_OK;
	for (size_t i = 0; i < block->n && status == CLN_OK && met->elements.n <= most_texts(reader); i++) {
		uint64_t bits = load_bits(npy, block->bytes + i * block->stride);
		if (i == 0 || bits != before) {
			double value = npy->kind == 'f' ? double_of(npy, bits) : (double)number_of(npy, bits);
			code = isnan(value) ? LEVEL_MISSING : BAD_CODE;
			if (isfinite(value))
				status = dictionary_add(&met->elements, &code, (const char *)&bits, sizeof bits, 0, 0, err);
		}
		before = bits;
		column->codes[block->row + i] = code;
		column->n_missing += code == LEVEL_MISSING;
		met->n_bad += code == BAD_CODE;
	}
	return status;
}

static enum cln_status store(const struct npy_reader *reader, size_t c, const struct block *block, struct cln_error *err)
{
	if (reader->targets[c].kind == TARGET_CATEGORY)
		return store_codes(reader, c, block, err);
	store_numbers(reader, c, block);
	return CLN_OK;
}

/* ---------------------------------------------------------------- rows that lie together */

struct row_window {
	struct npy_reader *reader;
	size_t row, n; /* of the table */
};

static enum cln_status window_body(void *argument, size_t item, int tid, struct cln_error *err)
{
	const struct row_window *window = argument;
	const struct npy_reader *reader = window->reader;
	size_t c = reader->read[item], item_bytes = reader->npy->item;
	const struct block block = {.bytes = reader->buffers[0] + c * item_bytes,
				    .stride = reader->npy->n_columns * item_bytes,
				    .row = window->row,
				    .n = window->n};
	(void)tid;
	return store(reader, c, &block, err);
}

static enum cln_status read_by_rows(struct npy_reader *reader, struct cln_error *err)
{
	size_t row_bytes = reader->npy->n_columns * reader->npy->item;
	size_t most = row_bytes < WINDOW_BYTES ? WINDOW_BYTES / row_bytes : 1;
	enum cln_status status = CLN_OK;
	for (size_t row = 0; status == CLN_OK && row < reader->rows.n; row += most) {
		size_t left = reader->rows.n - row;
		struct row_window window = {reader, row, left < most ? left : most};
		uint64_t offset = reader->npy->data + (uint64_t)(reader->rows.first + row) * row_bytes;
		status = source_read(reader->source, reader->buffers[0], offset, window.n * row_bytes, err);
		if (status == CLN_OK)
			status = parallel_try(reader->threads, reader->n_read, window_body, &window, err);
	}
	return status;
}

/* ---------------------------------------------------------------- columns that lie together */

static enum cln_status column_body(void *argument, size_t item, int tid, struct cln_error *err)
{
	struct npy_reader *reader = argument;
	const struct npy *npy = reader->npy;
	size_t c = reader->read[item], most = WINDOW_BYTES / npy->item;
	enum cln_status status = CLN_OK;
	for (size_t row = 0; status == CLN_OK && row < reader->rows.n; row += most) {
		size_t left = reader->rows.n - row;
		const struct block block = {reader->buffers[tid], npy->item, row, left < most ? left : most};
		uint64_t offset = npy->data + ((uint64_t)c * npy->n_rows + reader->rows.first + row) * npy->item;
		status = source_read(reader->source, reader->buffers[tid], offset, block.n * npy->item, err);
		if (status == CLN_OK)
			status = store(reader, c, &block, err);
	}
	return status;
}

static enum cln_status read_by_columns(struct npy_reader *reader, struct cln_error *err)
{
	return parallel_try(reader->threads, reader->n_read, column_body, reader, err);
}

/* ---------------------------------------------------------------- texts */

/* The elements' texts, sorted, and the codes' places among them.  Two elements may share one (text_of). */
static enum cln_status settle_texts(struct npy_reader *reader, size_t c, uint32_t *level, struct cln_error *err)
{
	const struct dictionary *elements = &reader->columns[c].elements;
	struct dictionary texts = {0};
	enum cln_status status = CLN_OK;
	for (size_t i = 0; status == CLN_OK && i < elements->n; i++) {
		char text[NUMBER_TEXT];
		uint64_t bits;
		memcpy(&bits, elements->entries[i].text, sizeof bits);
		size_t length = text_of(text, reader->npy, bits);
		level[i] = LEVEL_MISSING;
		if (!target_marks_gaps(&reader->targets[c]) || !gaps_have(&reader->gaps, text, length))
			status = dictionary_add(&texts, &level[i], text, length, 0, 0, err);
	}
	uint32_t *rank = mem_alloc(texts.n, sizeof *rank, err);
	const char **sorted = mem_alloc(texts.n, sizeof *sorted, err);
	if (status == CLN_OK)
		status = rank && sorted ? dictionary_rank(&texts, rank, sorted, err) : CLN_E_MEMORY;
	if (status == CLN_OK)
		status = column_set_levels(&reader->table->columns[c], sorted, texts.n, err);
	for (size_t i = 0; status == CLN_OK && i < elements->n; i++)
		if (level[i] != LEVEL_MISSING)
			level[i] = rank[level[i]];
	mem_free(sorted);
	mem_free(rank);
	dictionary_free(&texts);
	return status;
}

static enum cln_status too_many_texts(const struct npy_reader *reader, size_t c, struct cln_error *err)
{
	return error_set(err, CLN_E_DATA, "%s: column \"%s\" has more than %u different texts (leave it out with --ignore)",
			 reader->source->name, reader->table->columns[c].name, CSV_MAX_LEVELS);
}

static enum cln_status settle_column(struct npy_reader *reader, size_t c, struct cln_error *err)
{
	struct column *column = &reader->table->columns[c];
	const struct npy_column *met = &reader->columns[c];
	if (column->type != COLUMN_CATEGORICAL || met->n_bad > 0)
		return CLN_OK;
	column->ignored = reader->few_texts && met->elements.n > most_texts(reader);
	if (met->elements.n > most_texts(reader))
		return column->ignored ? CLN_OK : too_many_texts(reader, c, err);
	uint32_t *level = mem_alloc(met->elements.n, sizeof *level, err);
	enum cln_status status = level ? settle_texts(reader, c, level, err) : CLN_E_MEMORY;
	for (size_t row = 0; status == CLN_OK && row < reader->rows.n; row++)
		if (column->codes[row] != LEVEL_MISSING) {
			column->codes[row] = level[column->codes[row]];
			column->n_missing += column->codes[row] == LEVEL_MISSING;
		}
	mem_free(level);
	return status;
}

static enum cln_status settle_body(void *argument, size_t item, int tid, struct cln_error *err)
{
	struct npy_reader *reader = argument;
	(void)tid;
	return settle_column(reader, reader->read[item], err);
}

/* ---------------------------------------------------------------- cells that cannot be used */

static bool is_bad(const struct column *column, size_t row)
{
	return column->numbers ? isinf(column->numbers[row]) != 0 : column->codes[row] == BAD_CODE;
}

static enum cln_status report_cell(const struct npy_reader *reader, const struct bad_cell *cell, size_t i, struct cln_error *err)
{
	const struct npy *npy = reader->npy;
	size_t row = reader->rows.first + cell->row;
	uint64_t element = (uint64_t)row * npy->n_columns + cell->column;
	char bytes[8], text[NUMBER_TEXT];
	if (npy->columns)
		element = (uint64_t)cell->column * npy->n_rows + row;
	enum cln_status status = source_read(reader->source, bytes, npy->data + element * npy->item, npy->item, err);
	if (status != CLN_OK)
		return status;
	text[text_of(text, npy, load_bits(npy, bytes))] = '\0';
	error_list_add(err, i, "%s, row %zu: %s (\"%s\", column \"%zu\"; %s)", reader->source->name, row + 1,
		       npy->kind == 'b' ? "not a truth value" : "not a finite number", text, cell->column + 1,
		       npy->kind == 'b' ? "0 is false and 1 is true" : "the largest is 3.4e38; NaN means missing");
	return CLN_OK;
}

static enum cln_status report_bad_cells(const struct npy_reader *reader, struct cln_error *err)
{
	struct bad_cells bad = {.n = 0};
	enum cln_status status = CLN_OK;
	for (size_t i = 0; i < reader->n_read; i++) {
		size_t c = reader->read[i];
		for (size_t row = 0; reader->columns[c].n_bad > 0 && row < reader->rows.n; row++)
			if (is_bad(&reader->table->columns[c], row))
				bad_cells_add(&bad, (struct bad_cell){row, c});
	}
	for (size_t i = 0; i < bad.n && status == CLN_OK; i++)
		status = report_cell(reader, &bad.cells[i], i, err);
	return status == CLN_OK && bad.n > 0 ? error_list_end(err, bad.n, bad.n_all) : status;
}

/* ---------------------------------------------------------------- the table */

static enum cln_status choose_columns(struct npy_reader *reader, struct cln_error *err)
{
	size_t n = reader->npy->n_columns;
	if (n < 2 && csv_stands_alone(reader->options))
		return error_set(err, CLN_E_DATA, "%s: there is only one column", reader->source->name);
	enum cln_status status = targets_number_names(&reader->names, n, err);
	reader->targets = mem_alloc(n, sizeof *reader->targets, err);
	reader->columns = mem_alloc(n, sizeof *reader->columns, err);
	reader->read = mem_alloc(n, sizeof *reader->read, err);
	if (status == CLN_OK && (!reader->targets || !reader->columns || !reader->read))
		status = CLN_E_MEMORY;
	if (status == CLN_OK)
		status = targets_choose(reader->targets, &reader->names, reader->source->name, reader->options, err);
	for (size_t c = 0; status == CLN_OK && c < n; c++)
		if (reader->targets[c].kind != TARGET_SKIP)
			reader->read[reader->n_read++] = c;
	return status;
}

static enum cln_status create_column(struct npy_reader *reader, size_t c, struct cln_error *err)
{
	struct column *column = &reader->table->columns[c];
	const struct target *target = &reader->targets[c];
	column->name = mem_copy(reader->names.entries[c].text, reader->names.entries[c].length, err);
	if (!column->name)
		return CLN_E_MEMORY;
	target_describe(column, target, reader->options);
	void *cells = column->ignored ? NULL : table_cells(reader->table);
	if (column->type == COLUMN_CATEGORICAL)
		column->codes = cells;
	else
		column->numbers = cells;
	return CLN_OK;
}

/* Bytes of a window: of at least a row where rows lie together, and of no more than there is. */
static size_t window_bytes(const struct npy_reader *reader)
{
	const struct npy *npy = reader->npy;
	size_t row_bytes = npy->n_columns * npy->item, all = reader->rows.n * (npy->columns ? npy->item : row_bytes);
	if (all < WINDOW_BYTES)
		return all;
	return npy->columns || row_bytes < WINDOW_BYTES ? WINDOW_BYTES : row_bytes;
}

static enum cln_status create_table(struct npy_reader *reader, struct cln_error *err)
{
	const struct npy *npy = reader->npy;
	enum cln_status status = table_create(&reader->table, reader->source->name, reader->rows.n, npy->n_columns, err);
	if (status == CLN_OK)
		status = table_place_cells(reader->table, reader->n_read, err);
	for (size_t c = 0; status == CLN_OK && c < npy->n_columns; c++)
		status = create_column(reader, c, err);
	reader->n_buffers = npy->columns ? reader->threads : 1;
	if (status == CLN_OK) {
		reader->buffers = mem_alloc((size_t)reader->n_buffers, sizeof *reader->buffers, err);
		status = reader->buffers ? CLN_OK : CLN_E_MEMORY;
	}
	for (int i = 0; status == CLN_OK && i < reader->n_buffers; i++) {
		reader->buffers[i] = mem_alloc(window_bytes(reader), 1, err);
		status = reader->buffers[i] ? CLN_OK : CLN_E_MEMORY;
	}
	return status;
}

static void reader_free(struct npy_reader *reader)
{
	for (size_t c = 0; reader->columns && c < reader->npy->n_columns; c++)
		dictionary_free(&reader->columns[c].elements);
	for (int i = 0; reader->buffers && i < reader->n_buffers; i++)
		mem_free(reader->buffers[i]);
	mem_free(reader->buffers);
	mem_free(reader->columns);
	mem_free(reader->targets);
	mem_free(reader->read);
	dictionary_free(&reader->names);
	gaps_free(&reader->gaps);
	cln_table_destroy(reader->table);
}

enum cln_status npy_read_rows(struct cln_table **table, const struct source *source, const struct npy *npy, struct npy_rows rows,
			      const struct cln_read_options *options, int threads, bool few_texts, struct cln_error *err)
{
	struct npy_reader reader = {
	    .source = source, .npy = npy, .rows = rows, .options = options, .few_texts = few_texts, .threads = threads};
	*table = NULL;
	enum cln_status status = gaps_create(&reader.gaps, options->missing, err);
	if (status == CLN_OK)
		status = choose_columns(&reader, err);
	if (status == CLN_OK)
		status = create_table(&reader, err);
	if (status == CLN_OK)
		status = npy->columns ? read_by_columns(&reader, err) : read_by_rows(&reader, err);
	if (status == CLN_OK)
		status = parallel_try(threads, reader.n_read, settle_body, &reader, err);
	if (status == CLN_OK)
		status = report_bad_cells(&reader, err);
	if (status == CLN_OK)
		status = gaps_settle(reader.table, &reader.gaps, err);
	if (status == CLN_OK) {
		*table = reader.table;
		(*table)->names = reader.names;
		reader.table = NULL;
		reader.names = (struct dictionary){0};
	}
	reader_free(&reader);
	return status;
}

enum cln_status npy_read(struct cln_table **table, const struct source *source, const struct cln_read_options *options, int threads,
			 bool few_texts, struct cln_error *err)
{
	struct npy npy;
	*table = NULL;
	enum cln_status status = npy_find(&npy, source, err);
	if (status != CLN_OK)
		return status;
	return npy_read_rows(table, source, &npy, (struct npy_rows){0, npy.n_rows}, options, threads, few_texts, err);
}
