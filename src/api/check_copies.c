/* SPDX-License-Identifier: MIT
 * Rows that stand twice, found by 64-bit hashes of their cells: two different rows of 10^8 have the same with a chance of 1 in
 * 4000.  Columns that are left out, and the weight, do not count. */
#include "api/check.h"

#include "base/io.h"
#include "base/parallel.h"
#include "data/order.h"
#include "data/table.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 4096 /* rows that a thread hashes at a time */

struct hashed {
	uint64_t hash;
	uint32_t row;
	atomic_bool met; /* of the first of those with this hash: another table has it too */
};

/* The columns of a table that count, in the order of those of DATA. */
struct compared {
	const struct cln_table *table;
	const struct findings *findings;
	const struct column **columns; /* NULL: it has none of that name */
	uint64_t **level_hashes;       /* a column each; NULL: of numbers */
	size_t n_columns;
	struct hashed *rows;
	size_t n_rows;
};

/* Steele, Lea & Flood, Fast splittable pseudorandom number generators, 2014: every bit depends on every other. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

static uint64_t hash_cell(const struct compared *compared, size_t c, size_t row)
{
	const struct column *column = compared->columns[c];

	if (!column)
		return 1;
	if (column->type == COLUMN_NUMERIC)
		return isnan(column->numbers[row]) ? 2 : 3 + (uint64_t)order_key(column->numbers[row]);
	return column->codes[row] == LEVEL_MISSING ? 2 : compared->level_hashes[c][column->codes[row]];
}

static uint64_t hash_row(const struct compared *compared, size_t row)
{
	uint64_t hash = 0;

	for (size_t c = 0; c < compared->n_columns; c++)
		hash = mix(hash + UINT64_C(0x9E3779B97F4A7C15) + hash_cell(compared, c, row));
	return hash;
}

static void hash_rows(void *argument, size_t block, int tid)
{
	const struct compared *compared = argument;
	const size_t begin = block * BLOCK, end = compared->n_rows - begin < BLOCK ? compared->n_rows : begin + BLOCK;

	(void)tid;
	for (size_t i = begin; i < end; i++)
		compared->rows[i].hash = hash_row(compared, compared->rows[i].row);
}

static void compared_free(struct compared *compared)
{
	for (size_t c = 0; compared->level_hashes && c < compared->n_columns; c++)
		mem_free(compared->level_hashes[c]);
	mem_free(compared->level_hashes);
	mem_free(compared->columns);
	mem_free(compared->rows);
	*compared = (struct compared){0};
}

static enum cln_status hash_levels(uint64_t **hashes, const struct column *column, struct cln_error *err)
{
	*hashes = mem_alloc(column->n_levels, sizeof **hashes, err);
	if (!*hashes)
		return CLN_E_MEMORY;
	for (size_t k = 0; k < column->n_levels; k++) {
		const size_t length = strlen(column->levels[k]);

		(*hashes)[k] = mix(io_crc64(0, column->levels[k], length) + length);
	}
	return CLN_OK;
}

/* use: of the columns of DATA. */
static enum cln_status find_columns(struct compared *compared, const struct cln_table *data, const bool *use,
				    struct cln_error *err)
{
	compared->columns = mem_alloc(data->n_columns, sizeof *compared->columns, err);
	compared->level_hashes = mem_alloc(data->n_columns, sizeof *compared->level_hashes, err);
	if (!compared->columns || !compared->level_hashes)
		return CLN_E_MEMORY;
	for (size_t c = 0; c < data->n_columns; c++) {
		if (!use[c])
			continue;
		const size_t place = table_find_cells(compared->table, data->columns[c].name);
		const struct column *column = place == SIZE_MAX ? NULL : &compared->table->columns[place];
		compared->columns[compared->n_columns++] = column;
		if (column && column->type == COLUMN_CATEGORICAL &&
		    hash_levels(&compared->level_hashes[compared->n_columns - 1], column, err) != CLN_OK)
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

/* Its table, and findings where there are such, are given. */
static enum cln_status hash_table(struct compared *compared, const struct cln_table *data, const bool *use, int threads,
				  struct cln_error *err)
{
	enum cln_status status = find_columns(compared, data, use, err);

	if (status != CLN_OK)
		return status;
	compared->rows = mem_alloc(compared->table->n_rows, sizeof *compared->rows, err);
	if (!compared->rows)
		return CLN_E_MEMORY;
	for (size_t row = 0; row < compared->table->n_rows; row++)
		if (!findings_row_is_bad(compared->findings, row))
			compared->rows[compared->n_rows++].row = (uint32_t)row;
	parallel_for(threads, (compared->n_rows + BLOCK - 1) / BLOCK, hash_rows, compared);
	return CLN_OK;
}

static int compare_hashes(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static void sort_rows(struct compared *compared)
{
	if (compared->n_rows > 0)
		qsort(compared->rows, compared->n_rows, sizeof *compared->rows, compare_hashes);
}

/* The first row of a sorted list that has this hash; NULL: there is none. */
static struct hashed *find_hash(const struct compared *sorted, uint64_t hash)
{
	size_t low = 0, high = sorted->n_rows;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (sorted->rows[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sorted->n_rows && sorted->rows[low].hash == hash ? &sorted->rows[low] : NULL;
}

/* Of each group of the same rows all but the first. */
static void count_within(struct check_copies *copies, const struct compared *sorted)
{
	uint32_t row = UINT32_MAX, of_row = 0;

	for (size_t i = 1, first = 0; i < sorted->n_rows; i++) {
		if (sorted->rows[i].hash != sorted->rows[first].hash) {
			first = i;
			continue;
		}
		copies->n++;
		if (sorted->rows[i].row < row) {
			row = sorted->rows[i].row;
			of_row = sorted->rows[first].row;
		}
	}
	if (copies->n > 0) {
		copies->line = table_line(sorted->table, row);
		copies->of_line = table_line(sorted->table, of_row);
	}
}

static void count_across(struct check_copies *copies, const struct compared *other, const struct compared *sorted)
{
	for (size_t i = 0; i < other->n_rows; i++) {
		const struct hashed *same = find_hash(sorted, other->rows[i].hash);

		if (!same)
			continue;
		if (copies->n++ == 0) {
			copies->line = table_line(other->table, other->rows[i].row);
			copies->of_line = table_line(sorted->table, same->row);
		}
	}
}

static struct compared compared_file(const struct check_file *file)
{
	return (struct compared){.table = file->table, .findings = &file->findings};
}

static enum cln_status find_copies(struct check_result *result, const bool *use, int threads, struct cln_error *err)
{
	const struct cln_table *table = result->files[CHECK_DATA].table;
	struct compared data = compared_file(&result->files[CHECK_DATA]);
	bool rounded = false;
	enum cln_status status = hash_table(&data, table, use, threads, err);

	if (status == CLN_OK) {
		sort_rows(&data);
		count_within(&result->copies[CHECK_DATA], &data);
	}
	for (size_t f = CHECK_VALID; f < CHECK_FILES && status == CLN_OK; f++) {
		struct compared other = compared_file(&result->files[f]);

		if (!other.table)
			continue;
		status = hash_table(&other, table, use, threads, err);
		if (status == CLN_OK)
			count_across(&result->copies[f], &other, &data);
		compared_free(&other);
	}
	for (size_t c = 0; c < result->n_columns; c++)
		rounded = rounded || result->columns[c].rounded;
	for (size_t f = 0; f < CHECK_FILES; f++)
		result->copies[f].rounded = rounded && result->copies[f].n > 0;
	compared_free(&data);
	return status;
}

enum cln_status check_copies(struct check_result *result, int threads, struct cln_error *err)
{
	bool *use = mem_alloc(result->n_columns, sizeof *use, err);
	enum cln_status status;

	for (size_t c = 0; use && c < result->n_columns; c++)
		use[c] = result->columns[c].use == CLN_COLUMN_FEATURE || result->columns[c].use == CLN_COLUMN_LABEL;
	status = use ? find_copies(result, use, threads, err) : CLN_E_MEMORY;
	mem_free(use);
	return status;
}

/* ---------------------------------------------------------------- where a training asks */

/* Rows of DATA, and those of another table, sorted. */
struct meeting {
	struct compared data, other;
};

static void meet_rows(void *argument, size_t block, int tid)
{
	const struct meeting *meeting = argument;
	const size_t n = meeting->data.table->n_rows, begin = block * BLOCK, end = n - begin < BLOCK ? n : begin + BLOCK;

	(void)tid;
	for (size_t row = begin; row < end; row++) {
		struct hashed *same = find_hash(&meeting->other, hash_row(&meeting->data, row));

		if (same)
			atomic_store_explicit(&same->met, true, memory_order_relaxed);
	}
}

static size_t count_met(const struct compared *sorted)
{
	size_t n = 0;

	for (size_t i = 0, first = 0; i < sorted->n_rows; i++) {
		if (sorted->rows[i].hash != sorted->rows[first].hash)
			first = i;
		n += sorted->rows[first].met;
	}
	return n;
}

/* DATA, of which there may be much more, is neither sorted nor kept. */
enum cln_status check_shared(size_t *n, const struct cln_table *table, const struct cln_table *data, const bool *use, int threads,
			     struct cln_error *err)
{
	struct meeting meeting = {.data.table = data, .other.table = table};
	enum cln_status status = hash_table(&meeting.other, data, use, threads, err);

	*n = 0;
	if (status == CLN_OK)
		status = find_columns(&meeting.data, data, use, err);
	if (status == CLN_OK) {
		sort_rows(&meeting.other);
		parallel_for(threads, (data->n_rows + BLOCK - 1) / BLOCK, meet_rows, &meeting);
		*n = count_met(&meeting.other);
	}
	compared_free(&meeting.other);
	compared_free(&meeting.data);
	return status;
}
