/* SPDX-License-Identifier: MIT
 * Text to a column cache.  The text is read as it would be to train from it; columns of few different numbers are read a second
 * time for their texts, so that whatever is asked of the cache later can be answered as by the text. */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/parallel.h"
#include "data/cache.h"
#include "data/csv_parts.h"
#include "data/form.h"

/* ---------------------------------------------------------------- few different numbers */

#define SET_SLOTS ((size_t)2 * CSV_FEW_LEVELS) /* a power of two, at most half taken */
#define SET_FREE UINT32_MAX                    /* the bits of a NaN, which is no cell's */

struct counting {
	const struct cln_table *table;
	uint32_t *sets; /* SET_SLOTS a thread */
	bool *is_few;   /* a column */
};

/* Adds a number's bits; false where they were there. */
static bool add_bits(uint32_t *set, uint32_t bits)
{
	size_t slot = bits * 0x9E3779B1u >> 15; /* 2^32 / golden ratio; 17 bits are SET_SLOTS */
	for (; set[slot] != SET_FREE; slot = (slot + 1) % SET_SLOTS)
		if (set[slot] == bits)
			return false;
	set[slot] = bits;
	return true;
}
_Static_assert(SET_SLOTS == (size_t)1 << 17, "add_bits takes so many bits of its product");

static void count_body(void *argument, size_t c, int tid)
{
	const struct counting *counting = argument;
	const struct column *column = &counting->table->columns[c];
	uint32_t *set = counting->sets + (size_t)tid * SET_SLOTS;
	size_t n = 0;
	if (column->ignored || column->type != COLUMN_NUMERIC)
		return;
	for (size_t i = 0; i < SET_SLOTS; i++)
		set[i] = SET_FREE;
	for (size_t row = 0; row < counting->table->n_rows && n <= CSV_FEW_LEVELS; row++) {
		uint32_t bits;
		memcpy(&bits, &column->numbers[row], sizeof bits);
		if (!isnan(column->numbers[row]))
			n += add_bits(set, bits);
	}
	counting->is_few[c] = n <= CSV_FEW_LEVELS;
}

/* is_few[c]: the column is numeric and has few enough different numbers that its texts may be few too. */
static enum cln_status find_few(bool *is_few, const struct cln_table *table, int threads, struct cln_error *err)
{
	struct counting counting = {.table = table, .is_few = is_few};
	counting.sets = mem_alloc((size_t)threads, SET_SLOTS * sizeof *counting.sets, err);
	if (!counting.sets)
		return CLN_E_MEMORY;
	parallel_for(threads, table->n_columns, count_body, &counting);
	mem_free(counting.sets);
	return CLN_OK;
}

/* ---------------------------------------------------------------- texts of numbers */

/* The columns marked, read again as texts; *texts stays NULL where there are none. */
static enum cln_status read_texts(struct cln_table **texts, const struct cln_table *table, const bool *wanted,
				  const struct source *source, enum table_form form, const struct cln_read_options *options,
				  int threads, struct cln_error *err)
{
	const char **names = mem_alloc(2 * table->n_columns, sizeof *names, err), **exempt = names + table->n_columns;
	enum cln_status status = CLN_OK;
	size_t n = 0, n_exempt = 0;
	*texts = NULL;
	if (!names)
		return CLN_E_MEMORY;
	for (size_t c = 0; c < table->n_columns; c++) {
		if (wanted[c])
			names[n++] = table->columns[c].name;
		if (table->columns[c].exempt)
			exempt[n_exempt++] = table->columns[c].name;
	}
	struct cln_read_options read = {.missing = options->missing,
					.exempt = exempt,
					.n_exempt = n_exempt,
					.separator = options->separator,
					.no_header = options->no_header,
					.known_categories = names,
					.n_known_categories = n,
					.needed = names,
					.n_needed = n};
	if (n > 0)
		status = form_read(texts, form, source, &read, threads, true, err);
	if (status == CLN_OK && *texts && ((*texts)->n_rows != table->n_rows || (*texts)->n_columns != table->n_columns))
		status = error_set(err, CLN_E_IO, "%s changed while it was read", source->name);
	mem_free(names);
	return status;
}

/* ---------------------------------------------------------------- numbers of texts */

static bool read_levels(float *numbers, const struct column *column)
{
	for (size_t k = 0; k < column->n_levels; k++)
		if (cell_classify(&numbers[k], column->levels[k], strlen(column->levels[k])) != CELL_NUMBER)
			return false;
	return true;
}

/* The numbers of a column of texts, where all of them are; there is no area where not. */
static enum cln_status make_numbers(struct area *area, const struct column *column, size_t n_rows, struct cln_error *err)
{
	float *of_level = mem_alloc(column->n_levels, sizeof *of_level, err), *numbers;
	enum cln_status status = of_level ? CLN_OK : CLN_E_MEMORY;
	*area = (struct area){0};
	if (status == CLN_OK && read_levels(of_level, column))
		status = area_create(area, n_rows * sizeof *numbers, 0, err);
	numbers = area->bytes;
	for (size_t row = 0; numbers && row < n_rows; row++)
		numbers[row] = column->codes[row] == LEVEL_MISSING ? NAN : of_level[column->codes[row]];
	mem_free(of_level);
	return status;
}

/* What is written of every column: its numbers, its texts, or both.  made: numbers of columns that were read as texts. */
static enum cln_status collect_cells(struct cache_cells *cells, struct area *made, const struct cln_table *table,
				     const struct cln_table *texts, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	for (size_t c = 0; status == CLN_OK && c < table->n_columns; c++) {
		const struct column *column = &table->columns[c];
		const struct column *from = column->codes ? column : texts ? &texts->columns[c] : NULL;
		if (column->codes)
			status = make_numbers(&made[c], column, table->n_rows, err);
		cells[c] = (struct cache_cells){.name = column->name, .numbers = column->codes ? made[c].bytes : column->numbers};
		if (from && from->codes && !from->ignored) {
			cells[c].codes = from->codes;
			cells[c].levels = from->levels;
			cells[c].n_levels = from->n_levels;
		}
	}
	return status;
}

/* ---------------------------------------------------------------- files */

/* What exists already and is no cache might be the only copy of something. */
static enum cln_status check_out(const char *out, struct cln_error *err)
{
	struct source source = {.name = out};
	struct stat info;
	bool is_cache;
	if (strcmp(out, "-") == 0)
		return error_set(err, CLN_E_USAGE, "a column cache is a file that is mapped: it cannot be standard output");
	if (stat(out, &info) != 0 || info.st_size == 0 || !S_ISREG(info.st_mode))
		return CLN_OK; /* what cannot be replaced says so later */
	source.fd = io_not_stdin(open(out, O_RDONLY | O_CLOEXEC));
	if (source.fd < 0)
		return error_set_errno(err, CLN_E_IO, "cannot open %s", out);
	source.size = (uint64_t)info.st_size;
	enum cln_status status = cache_recognise(&is_cache, &source, err);
	source_close(&source);
	if (status == CLN_OK && !is_cache)
		return error_set(err, CLN_E_USAGE, "%s exists and is no column cache: remove it or choose another name", out);
	return status;
}

static enum cln_status find_form(enum table_form *form, const struct source *source, const struct cln_read_options *options,
				 struct cln_error *err)
{
	bool is_cache;
	enum cln_status status = cache_recognise(&is_cache, source, err);
	if (status == CLN_OK && is_cache)
		return error_set(err, CLN_E_USAGE, "%s is a column cache already", source->name);
	return status == CLN_OK ? form_find(form, source, true, options, err) : status;
}

static void summarise(struct cln_cache_summary *summary, const struct cache_cells *cells, const struct cln_table *table,
		      uint64_t bytes)
{
	*summary = (struct cln_cache_summary){.rows = table->n_rows, .columns = table->n_columns, .bytes = bytes};
	for (size_t c = 0; c < table->n_columns; c++) {
		summary->left_out += !cells[c].numbers && !cells[c].codes;
		summary->numbers += cells[c].numbers != NULL;
		summary->texts += cells[c].codes && !cells[c].numbers;
		summary->numbers_alone += cells[c].numbers && !cells[c].codes;
	}
}

static enum cln_status write_table(const struct io_place *out, const struct cln_table *table, const struct cln_table *texts,
				   struct cln_cache_summary *summary, int threads, struct cln_error *err)
{
	struct cache_cells *cells = mem_alloc(table->n_columns, sizeof *cells, err);
	struct area *made = mem_alloc(table->n_columns, sizeof *made, err);
	uint64_t bytes = 0;
	enum cln_status status = cells && made ? collect_cells(cells, made, table, texts, err) : CLN_E_MEMORY;
	if (status == CLN_OK)
		status = cache_write(out, &bytes, cells, table->n_columns, table->n_rows, threads, err);
	if (status == CLN_OK && summary)
		summarise(summary, cells, table, bytes);
	for (size_t c = 0; made && c < table->n_columns; c++)
		area_free(&made[c]);
	mem_free(made);
	mem_free(cells);
	return status;
}

/* Other readers leave it to those who need the column to miss it. */
static enum cln_status check_column(const struct cln_table *table, const char *option, const char *name, struct cln_error *err)
{
	if (!name || !*name || table_find(table, name) != SIZE_MAX)
		return CLN_OK;
	return error_set(err, CLN_E_DATA, "%s: %s has no column \"%s\"", option, table->source, name);
}

static enum cln_status convert(const struct source *source, const struct io_place *out, const struct cln_read_options *options,
			       struct cln_cache_summary *summary, int threads, struct cln_error *err)
{
	struct cln_table *table = NULL, *texts = NULL;
	bool *is_few = NULL;
	enum table_form form;
	enum cln_status status = find_form(&form, source, options, err);
	if (status == CLN_OK)
		status = form_read(&table, form, source, options, threads, false, err);
	if (status == CLN_OK)
		status = check_column(table, "--label", options->label, err);
	if (status == CLN_OK)
		status = check_column(table, "--weight", options->weight, err);
	if (status == CLN_OK) {
		is_few = mem_alloc(table->n_columns, sizeof *is_few, err);
		status = is_few ? find_few(is_few, table, threads, err) : CLN_E_MEMORY;
	}
	if (status == CLN_OK)
		status = read_texts(&texts, table, is_few, source, form, options, threads, err);
	if (status == CLN_OK)
		status = write_table(out, table, texts, summary, threads, err);
	mem_free(is_few);
	cln_table_destroy(texts);
	cln_table_destroy(table);
	return status;
}

enum cln_status cache_convert(const char *path, const struct io_place *out, const struct cln_read_options *options,
			      struct cln_cache_summary *summary, struct cln_error *err)
{
	struct cln_read_options reading = options ? *options : (struct cln_read_options){0};
	struct source source = {.fd = -1};
	if (reading.threads < 0)
		return error_set(err, CLN_E_USAGE, "threads: %d is not a number of threads", reading.threads);
	reading.keep = NULL; /* a cache has numbers and levels, not how cells are written */
	int threads = cpus_threads(reading.threads);
	enum cln_status status = check_out(out->path, err);
	if (status == CLN_OK)
		status = source_open(&source, path, err);
	if (status == CLN_OK)
		status = convert(&source, out, &reading, summary, threads, err);
	source_close(&source);
	return status;
}

enum cln_status cln_table_convert(const char *path, const char *out, const struct cln_read_options *options,
				  struct cln_cache_summary *summary, struct cln_error *err)
{
	return cache_convert(path, &(struct io_place){.path = out}, options, summary, err);
}
