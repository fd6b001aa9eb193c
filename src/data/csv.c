/* SPDX-License-Identifier: MIT
 * Text to table: the order in which the parts do their work, and what they share. */
#include "base/memory.h"
#include "base/parallel.h"
#include "data/csv_parts.h"

#include <string.h>

#define LEAST_WINDOW ((size_t)1 << 16)
#define LARGEST_WINDOW ((size_t)1 << 19) /* with the pages that it is copied from it fits the second-level cache of one core */
#define WINDOWS_PER_THREAD 8 /* enough that threads end together */

/* ---------------------------------------------------------------- set-up */

static size_t choose_window_bytes(uint64_t size, int threads)
{
	uint64_t bytes = size / ((uint64_t)threads * WINDOWS_PER_THREAD);
	return bytes < LEAST_WINDOW ? LEAST_WINDOW : bytes > LARGEST_WINDOW ? LARGEST_WINDOW : (size_t)bytes;
}

static enum cln_status create_windows(struct reader *reader, int threads, size_t window_bytes, struct cln_error *err)
{
	uint64_t size = reader->source->size - reader->start;
	reader->window_bytes = window_bytes ? window_bytes : choose_window_bytes(size, threads);
	uint64_t n_windows = (size - 1) / reader->window_bytes + 1;
	if (n_windows > SIZE_MAX)
		return error_set(err, CLN_E_MEMORY, "%s is too large", reader->source->name);
	reader->n_windows = (size_t)n_windows;
	reader->n_workers = n_windows < (uint64_t)threads ? (int)n_windows : threads;
	reader->windows = mem_alloc(reader->n_windows, sizeof *reader->windows, err);
	reader->workers = mem_alloc((size_t)reader->n_workers, sizeof *reader->workers, err);
	return reader->windows && reader->workers ? CLN_OK : CLN_E_MEMORY;
}

static enum cln_status create_cursors(struct reader *reader, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	for (int w = 0; status == CLN_OK && w < reader->n_workers; w++)
		status = cursor_create(&reader->workers[w].cursor, reader->source, reader->separator,
				       reader->window_bytes + CSV_ROW_TAIL, err);
	return status;
}

static enum cln_status create_tallies(struct reader *reader, struct cln_error *err)
{
	for (int w = 0; w < reader->n_workers; w++) {
		struct worker *worker = &reader->workers[w];
		worker->tallies = mem_alloc(reader->n_columns, sizeof *worker->tallies, err);
		worker->shapes = mem_alloc(reader->n_columns, sizeof *worker->shapes, err);
		if (!worker->tallies || !worker->shapes)
			return CLN_E_MEMORY;
		for (size_t c = 0; c < reader->n_columns; c++)
			plain_shape_set(&worker->shapes[c], 0);
		if (reader->findings && !(worker->before = mem_alloc(reader->n_columns, sizeof *worker->before, err)))
			return CLN_E_MEMORY;
	}
	if (reader->findings)
		reader->findings->bad_rows = mem_alloc(reader->table->n_rows, 1, err);
	return reader->findings && !reader->findings->bad_rows ? CLN_E_MEMORY : CLN_OK;
}

static void free_dictionaries(struct reader *reader)
{
	for (int w = 0; reader->workers && w < reader->n_workers; w++) {
		struct worker *worker = &reader->workers[w];
		for (size_t k = 0; worker->dictionaries && k < reader->n_categories; k++)
			dictionary_free(&worker->dictionaries[k]);
		mem_free(worker->dictionaries);
		mem_free(worker->zero_codes);
		worker->dictionaries = NULL;
		worker->zero_codes = NULL;
	}
}

void csv_reader_free(struct reader *reader)
{
	free_dictionaries(reader);
	for (int w = 0; reader->workers && w < reader->n_workers; w++) {
		cursor_destroy(&reader->workers[w].cursor);
		mem_free(reader->workers[w].tallies);
		mem_free(reader->workers[w].shapes);
		mem_free(reader->workers[w].breaks);
		mem_free(reader->workers[w].found);
		mem_free(reader->workers[w].before);
	}
	mem_free(reader->workers);
	mem_free(reader->windows);
	mem_free(reader->targets);
	mem_free(reader->categories);
	dictionary_free(&reader->names);
	gaps_free(&reader->gaps);
	cln_table_destroy(reader->table);
}

/* ---------------------------------------------------------------- the table */

/* Cells of a column: numbers and codes have the same size, so that a column that turns out to be text keeps its block. */
static enum cln_status create_column(struct reader *reader, size_t c, struct cln_error *err)
{
	struct column *column = &reader->table->columns[c];
	struct target *target = &reader->targets[c];
	const struct dictionary_entry *name = &reader->names.entries[c];
	column->name = mem_copy(name->text, name->length, err);
	if (!column->name)
		return CLN_E_MEMORY;
	target_describe(column, target, reader->options);
	if (target->kind == TARGET_NUMBER)
		target->numbers = column->numbers = table_cells(reader->table);
	if (target->kind == TARGET_CATEGORY)
		target->codes = column->codes = table_cells(reader->table);
	return CLN_OK;
}

/* A text that leaves cells out may ask for any size: what fits nowhere is refused before a cell is touched. */
static enum cln_status place_cells(struct reader *reader, size_t n_columns, struct cln_error *err)
{
	struct cln_table *table = reader->table;
	double bytes = (double)table->n_rows * (double)n_columns * sizeof(float);
	if (!reader->form->sparse || (bytes < 0x1p63 && memory_holds((uint64_t)bytes)))
		return table_place_cells(table, n_columns, err);
	if (table_place_in_scratch(table, n_columns))
		return CLN_OK;
	return error_set(err, CLN_E_MEMORY,
			 "%s: %zu rows need %.6g GB, as every cell of %zu columns is held also where the text leaves it out; there "
			 "is so much neither in memory nor on the disk of scratch files",
			 table->source, table->n_rows, bytes / 1e9, n_columns);
}

static enum cln_status create_table(struct reader *reader, struct cln_error *err)
{
	const struct source *source = reader->source;
	uint64_t n_rows = reader->n_records - !reader->options->no_header;
	if (n_rows == 0)
		return error_set(err, CLN_E_DATA, "%s: there is a header, but no row below it", source->name);
	if (n_rows > TABLE_MAX_ROWS)
		return error_set(err, CLN_E_DATA, "%s: more than %u rows", source->name, TABLE_MAX_ROWS);
	size_t n_read = 0;
	for (size_t c = 0; c < reader->n_columns; c++)
		n_read += reader->targets[c].kind != TARGET_SKIP;
	enum cln_status status = table_create(&reader->table, source->name, (size_t)n_rows, reader->n_columns, err);
	if (status == CLN_OK)
		status = place_cells(reader, n_read, err);
	for (size_t c = 0; status == CLN_OK && c < reader->n_columns; c++)
		status = create_column(reader, c, err);
	if (status == CLN_OK)
		reader->table->separator = reader->separator;
	if (status == CLN_OK)
		reader->table->is_libsvm = reader->form->sparse;
	if (status == CLN_OK)
		reader->table->reopens = source->reopens;
	return status;
}

/* ---------------------------------------------------------------- sweeps */

/* Numbers the targets that become codes, and gives every worker a dictionary for each. */
static enum cln_status create_dictionaries(struct reader *reader, struct cln_error *err)
{
	reader->n_categories = 0;
	for (size_t c = 0; c < reader->n_columns; c++)
		if (reader->targets[c].kind == TARGET_CATEGORY) {
			reader->targets[c].category = reader->n_categories;
			reader->categories[reader->n_categories++] = c;
		}
	for (int w = 0; w < reader->n_workers; w++) {
		struct worker *worker = &reader->workers[w];
		worker->dictionaries = mem_alloc(reader->n_categories, sizeof *worker->dictionaries, err);
		worker->zero_codes = mem_alloc(reader->n_categories, sizeof *worker->zero_codes, err);
		if (!worker->dictionaries || !worker->zero_codes)
			return CLN_E_MEMORY;
		memset(worker->zero_codes, 0xFF, reader->n_categories * sizeof *worker->zero_codes);
	}
	return CLN_OK;
}

static enum cln_status sweep(struct reader *reader, struct cln_error *err)
{
	enum cln_status status = csv_sweep(reader, err);
	if (status == CLN_OK)
		status = csv_settle_levels(reader, err);
	free_dictionaries(reader);
	return status;
}

static struct tally add_tallies(const struct reader *reader, size_t c)
{
	struct tally sum = {0};
	for (int w = 0; w < reader->n_workers; w++) {
		const struct tally *tally = &reader->workers[w].tallies[c];
		sum.n_missing += tally->n_missing;
		sum.n_texts += tally->n_texts;
		sum.n_infinite += tally->n_infinite;
	}
	return sum;
}

/* Columns read as numbers that hold texts become the only targets of a second sweep, as categories; false: there are none. */
static bool retarget(struct reader *reader)
{
	bool any = false;
	for (size_t c = 0; c < reader->n_columns; c++) {
		struct target *target = &reader->targets[c];
		struct column *column = &reader->table->columns[c];
		bool late = target->kind == TARGET_NUMBER && !target->must_be_number && add_tallies(reader, c).n_texts;
		target->kind = late ? TARGET_CATEGORY : TARGET_SKIP;
		if (!late)
			continue;
		any = true;
		target->codes = column->codes = (void *)column->numbers;
		target->numbers = column->numbers = NULL;
		column->type = COLUMN_CATEGORICAL;
		for (int w = 0; w < reader->n_workers; w++)
			reader->workers[w].tallies[c] = (struct tally){0};
	}
	return any;
}

/* ---------------------------------------------------------------- the end */

/* The workers' breaks in the order of the rows. */
static enum cln_status collect_breaks(struct reader *reader, struct cln_error *err)
{
	struct cln_table *table = reader->table;
	size_t n = 0;
	for (int w = 0; w < reader->n_workers; w++)
		n += reader->workers[w].n_breaks;
	struct line_break *breaks = mem_alloc(n, sizeof *breaks, err);
	if (!breaks)
		return CLN_E_MEMORY;
	table->breaks = breaks;
	for (size_t i = 0; i < reader->n_windows; i++) {
		const struct window *window = &reader->windows[i];
		for (size_t k = 0; k < window->n_breaks; k++) {
			struct line_break next = reader->workers[window->worker].breaks[window->first_break + k];
			next.offset += reader->source->lines_between; /* rows are behind the head */
			if (table->n_breaks == 0 || breaks[table->n_breaks - 1].offset != next.offset)
				breaks[table->n_breaks++] = next;
		}
	}
	return CLN_OK;
}

static enum cln_status read_rows(struct reader *reader, struct cln_error *err)
{
	enum cln_status status = sweep(reader, err);
	if (status == CLN_OK)
		status = collect_breaks(reader, err);
	if (status == CLN_OK && retarget(reader)) {
		reader->second_sweep = true;
		reader->n_parsed = 0;
		status = create_dictionaries(reader, err);
		if (status == CLN_OK)
			status = sweep(reader, err);
	}
	for (size_t c = 0; status == CLN_OK && c < reader->n_columns; c++)
		reader->table->columns[c].n_missing = add_tallies(reader, c).n_missing;
	if (status == CLN_OK)
		status = gaps_settle(reader->table, &reader->gaps, err);
	if (status == CLN_OK)
		status = reader->findings ? csv_find_cells(reader, err) : csv_report_cells(reader, err);
	return status;
}

enum cln_status csv_prepare(struct reader *reader, int threads, size_t window_bytes, double growth, struct cln_error *err)
{
	enum cln_status status = gaps_create(&reader->gaps, reader->options->missing, err);
	if (status == CLN_OK)
		status = reader->form->start(reader, err);
	if (status == CLN_OK)
		status = create_windows(reader, threads, window_bytes, err);
	if (status == CLN_OK)
		status = create_cursors(reader, err);
	if (status == CLN_OK)
		status = reader->form->scan(reader, err);
	if (status == CLN_OK)
		status = reader->form->name_columns(reader, err);
	if (status == CLN_OK)
		status = reader->form->choose_targets(reader, err);
	reader->n_records = (uint64_t)((double)reader->n_records * growth);
	if (status == CLN_OK)
		status = create_table(reader, err);
	if (status == CLN_OK)
		status = create_tallies(reader, err);
	return status == CLN_OK ? create_dictionaries(reader, err) : status;
}

enum cln_status csv_read_rows(struct cln_table **table, struct reader *reader, struct cln_error *err)
{
	enum cln_status status = read_rows(reader, err);
	if (status == CLN_OK) {
		*table = reader->table;
		(*table)->names = reader->names;
		reader->table = NULL;
		reader->names = (struct dictionary){0};
	}
	return status;
}

enum cln_status csv_run(struct cln_table **table, struct reader *reader, int threads, size_t window_bytes, struct cln_error *err)
{
	*table = NULL;
	enum cln_status status = csv_prepare(reader, threads, window_bytes, 1, err);
	if (status == CLN_OK)
		status = csv_read_rows(table, reader, err);
	csv_reader_free(reader);
	return status;
}

static const struct text_form csv_form = {.start = csv_start,
					  .scan = csv_scan,
					  .name_columns = csv_read_header,
					  .choose_targets = csv_choose_targets,
					  .parse_window = csv_parse_window};

struct reader csv_reader(const struct source *source, const struct cln_read_options *options)
{
	return (struct reader){.form = &csv_form, .source = source, .options = options};
}

enum cln_status csv_read_source(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
				int threads, size_t window_bytes, struct cln_error *err)
{
	struct reader reader = csv_reader(source, options);
	return csv_run(table, &reader, threads, window_bytes, err);
}

enum cln_status csv_read_all(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
			     int threads, size_t window_bytes, struct findings *findings, struct cln_error *err)
{
	struct reader reader = csv_reader(source, options);
	reader.findings = findings;
	return csv_run(table, &reader, threads, window_bytes, err);
}

enum cln_status csv_read_few_texts(struct cln_table **table, const struct source *source, const struct cln_read_options *options,
				   int threads, struct cln_error *err)
{
	struct reader reader = csv_reader(source, options);
	reader.few_levels = true;
	return csv_run(table, &reader, threads, 0, err);
}
