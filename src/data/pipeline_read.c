/* SPDX-License-Identifier: MIT
 * Applying a pipeline: columns of a table found by name, and rows of features made from their cells. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/parallel.h"
#include "data/findings.h"
#include "data/pipeline.h"
#include "data/text.h"

/* The slot of a level is the feature it sets among those of its column; of a two-valued column 0 or 1, its index. */
#define SLOT_UNSEEN UINT32_MAX

/* A level that is a number, for numeric cells where categories were learnt. */
struct number_level {
	float value;
	bool canonical; /* its text is the shortest one of the number */
	uint32_t slot;
};

struct column_reader {
	const struct pipeline_column *column;
	const struct column *cells;
	float *number_of_level;      /* numbers learnt, texts met: of each level of the table; NaN where it is no number */
	uint32_t *slot_of_level;     /* categories learnt, texts met */
	struct number_level *levels; /* categories learnt, numbers met: ascending by value, one a value */
	size_t n_levels;
};

struct pipeline_reader {
	const struct pipeline *pipeline;
	struct column_reader *columns; /* those that give features */
	size_t n_columns;
	size_t extra_columns, extra[PIPELINE_EXTRA]; /* columns that the pipeline does not know, and the first of them */
};

/* ---------------------------------------------------------------- columns by name */

struct named {
	const char *name;
	size_t index;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

/* The index of the first thing of that name in an ascending list; SIZE_MAX where there is none. */
static size_t named_find(const struct named *list, size_t n, const char *name)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(list[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && strcmp(list[low].name, name) == 0 ? list[low].index : SIZE_MAX;
}

static size_t list_table_columns(struct named *list, const struct cln_table *table)
{
	size_t n = 0;

	for (size_t c = 0; c < table->n_columns; c++)
		if (!table->columns[c].ignored)
			list[n++] = (struct named){table->columns[c].name, c};
	qsort(list, n, sizeof *list, compare_named);
	return n;
}

static size_t list_pipeline_columns(struct named *list, const struct pipeline *pipeline)
{
	for (size_t c = 0; c < pipeline->n_columns; c++)
		list[c] = (struct named){pipeline->columns[c].name, c};
	qsort(list, pipeline->n_columns, sizeof *list, compare_named);
	return pipeline->n_columns;
}

#define MISSING_NAMED 20 /* columns that an error lists by name */

static enum cln_status missing_columns(struct cln_error *err, const struct pipeline *pipeline, const struct cln_table *table,
                                       const struct named *list, size_t n)
{
	struct text names = {0};
	size_t n_missing = 0;

	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];

		if (column->n_features == 0 || named_find(list, n, column->name) != SIZE_MAX)
			continue;
		if (n_missing++ < MISSING_NAMED)
			text_addf(&names, "%s\"%s\"", n_missing > 1 ? ", " : "", column->name);
	}
	if (n_missing > MISSING_NAMED)
		text_addf(&names, " and %zu more", n_missing - MISSING_NAMED);
	error_set(err, CLN_E_DATA, "%s: %s that the model was trained on %s missing: %s%s", table->source,
		  n_missing > 1 ? "columns" : "a column", n_missing > 1 ? "are" : "is",
		  names.failed ? "(no memory for the names)" : names.bytes, table_names_hint(table));
	text_free(&names);
	return CLN_E_DATA;
}

/* Finds the cells of every column that gives features, and counts the columns of the table that the pipeline does not know. */
static enum cln_status bind_columns(struct pipeline_reader *reader, const struct cln_table *table, struct cln_error *err)
{
	const struct pipeline *pipeline = reader->pipeline;
	struct named *list = mem_alloc(table->n_columns, sizeof *list, err);
	struct named *known = mem_alloc(pipeline->n_columns, sizeof *known, err);
	enum cln_status status = CLN_E_MEMORY;
	size_t n, n_known;

	if (!list || !known)
		goto done;
	n = list_table_columns(list, table);
	n_known = list_pipeline_columns(known, pipeline);
	for (size_t c = 0; c < table->n_columns; c++) {
		if (table->columns[c].ignored && !table->columns[c].not_asked_for)
			continue;
		if (named_find(known, n_known, table->columns[c].name) != SIZE_MAX)
			continue;
		if (reader->extra_columns < PIPELINE_EXTRA)
			reader->extra[reader->extra_columns] = c;
		reader->extra_columns++;
	}
	for (size_t c = 0; c < pipeline->n_columns; c++) {
		size_t found;

		if (pipeline->columns[c].n_features == 0)
			continue;
		found = named_find(list, n, pipeline->columns[c].name);
		if (found == SIZE_MAX) {
			status = missing_columns(err, pipeline, table, list, n);
			goto done;
		}
		reader->columns[reader->n_columns++] =
		    (struct column_reader){.column = &pipeline->columns[c], .cells = &table->columns[found]};
	}
	status = CLN_OK;
done:
	mem_free(known);
	mem_free(list);
	return status;
}

/* ---------------------------------------------------------------- columns of another type */

/* Texts where numbers were learnt, among the rows asked for. */
static void find_texts(struct bad_cells *bad, const struct column_reader *reader, const struct cln_table *table,
		       const uint32_t *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		size_t row = rows ? rows[i] : i;
		uint32_t code = reader->cells->codes[row];

		if (code != LEVEL_MISSING && isnan(reader->number_of_level[code]))
			bad_cells_add(bad, (struct bad_cell){row, (size_t)(reader->cells - table->columns)});
	}
}

static enum cln_status refuse_texts(const struct bad_cells *bad, const struct cln_table *table, struct cln_error *err)
{
	for (size_t i = 0; i < bad->n; i++) {
		const struct bad_cell *cell = &bad->cells[i];
		const struct column *column = &table->columns[cell->column];
		const char *level = column->levels[column->codes[cell->row]];
		char place[TABLE_PLACE], text[EXCERPT], name[EXCERPT];

		table_place(place, table, cell->row, cell->column);
		text_excerpt(text, level, strlen(level));
		text_excerpt(name, column->name, strlen(column->name));
		error_list_add(err, i, "%s: not a number (\"%s\", column \"%s\"; the model learnt this column as numbers)", place,
			       text, name);
	}
	return error_list_end(err, bad->n, bad->n_all);
}

static enum cln_status read_levels_as_numbers(struct column_reader *reader, struct cln_error *err)
{
	reader->number_of_level = mem_alloc(reader->cells->n_levels, sizeof *reader->number_of_level, err);
	if (!reader->number_of_level)
		return CLN_E_MEMORY;
	for (size_t k = 0; k < reader->cells->n_levels; k++)
		if (!text_to_float(&reader->number_of_level[k], reader->cells->levels[k]))
			reader->number_of_level[k] = NAN;
	return CLN_OK;
}

static uint32_t slot_of_text(const struct pipeline_column *column, const char *text)
{
	size_t k = text_find((const char *const *)column->levels, column->n_levels, text);

	if (k < column->n_levels)
		return (uint32_t)k;
	return text_find((const char *const *)column->rare, column->n_rare, text) < column->n_rare ? (uint32_t)column->n_levels
												   : SLOT_UNSEEN;
}

static enum cln_status find_slots(struct column_reader *reader, struct cln_error *err)
{
	reader->slot_of_level = mem_alloc(reader->cells->n_levels, sizeof *reader->slot_of_level, err);
	if (!reader->slot_of_level)
		return CLN_E_MEMORY;
	for (size_t k = 0; k < reader->cells->n_levels; k++)
		reader->slot_of_level[k] = slot_of_text(reader->column, reader->cells->levels[k]);
	return CLN_OK;
}

/* By value; of equal ones the canonical text first, then the lower slot. */
static int compare_number_levels(const void *a, const void *b)
{
	const struct number_level *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	if (x->canonical != y->canonical)
		return x->canonical ? -1 : 1;
	return x->slot < y->slot ? -1 : x->slot > y->slot;
}

static void add_number_level(struct column_reader *reader, const char *text, size_t slot)
{
	char shortest[NUMBER_TEXT];
	float value;

	if (!text_to_float(&value, text))
		return;
	number_from_float(shortest, value);
	reader->levels[reader->n_levels++] = (struct number_level){value, strcmp(shortest, text) == 0, (uint32_t)slot};
}

static enum cln_status list_number_levels(struct column_reader *reader, struct cln_error *err)
{
	const struct pipeline_column *column = reader->column;
	size_t n = 0;

	reader->levels = mem_alloc(column->n_levels + column->n_rare, sizeof *reader->levels, err);
	if (!reader->levels)
		return CLN_E_MEMORY;
	for (size_t k = 0; k < column->n_levels; k++)
		add_number_level(reader, column->levels[k], k);
	for (size_t k = 0; k < column->n_rare; k++)
		add_number_level(reader, column->rare[k], column->n_levels);
	qsort(reader->levels, reader->n_levels, sizeof *reader->levels, compare_number_levels);
	for (size_t i = 0; i < reader->n_levels; i++) /* the first of every value stays */
		if (n == 0 || reader->levels[i].value != reader->levels[n - 1].value)
			reader->levels[n++] = reader->levels[i];
	reader->n_levels = n;
	return CLN_OK;
}

static uint32_t slot_of_number(const struct column_reader *reader, float value)
{
	size_t low = 0, high = reader->n_levels;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reader->levels[middle].value < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low < reader->n_levels && reader->levels[low].value == value ? reader->levels[low].slot : SLOT_UNSEEN;
}

/* ---------------------------------------------------------------- the reader */

static enum cln_status prepare_column(struct column_reader *reader, struct cln_error *err)
{
	bool numbers_met = reader->cells->type == COLUMN_NUMERIC;

	if (reader->column->type == COLUMN_CATEGORICAL)
		return numbers_met ? list_number_levels(reader, err) : find_slots(reader, err);
	return numbers_met ? CLN_OK : read_levels_as_numbers(reader, err);
}

static enum cln_status prepare_columns(struct pipeline_reader *reader, const struct cln_table *table, const uint32_t *rows,
				       size_t n_rows, struct cln_error *err)
{
	struct bad_cells bad = {.n = 0};
	enum cln_status status = CLN_OK;

	for (size_t c = 0; c < reader->n_columns && status == CLN_OK; c++) {
		status = prepare_column(&reader->columns[c], err);
		if (status == CLN_OK && reader->columns[c].number_of_level)
			find_texts(&bad, &reader->columns[c], table, rows, n_rows);
	}
	return status == CLN_OK && bad.n > 0 ? refuse_texts(&bad, table, err) : status;
}

enum cln_status pipeline_reader_create(struct pipeline_reader **reader, const struct pipeline *pipeline,
				       const struct cln_table *table, const uint32_t *rows, size_t n_rows, struct cln_error *err)
{
	struct pipeline_reader *new = mem_alloc(1, sizeof *new, err);
	enum cln_status status = CLN_E_MEMORY;

	*reader = NULL;
	if (!new)
		return CLN_E_MEMORY;
	new->pipeline = pipeline;
	new->columns = mem_alloc(pipeline->n_columns, sizeof *new->columns, err);
	if (new->columns)
		status = bind_columns(new, table, err);
	if (status == CLN_OK)
		status = prepare_columns(new, table, rows, rows ? n_rows : table->n_rows, err);
	if (status == CLN_OK)
		*reader = new;
	else
		pipeline_reader_destroy(new);
	return status;
}

void pipeline_reader_destroy(struct pipeline_reader *reader)
{
	if (!reader)
		return;
	for (size_t c = 0; c < reader->n_columns; c++) {
		mem_free(reader->columns[c].number_of_level);
		mem_free(reader->columns[c].slot_of_level);
		mem_free(reader->columns[c].levels);
	}
	mem_free(reader->columns);
	mem_free(reader);
}

size_t pipeline_extra_columns(const struct pipeline_reader *reader) { return reader->extra_columns; }

const size_t *pipeline_extra(const struct pipeline_reader *reader) { return reader->extra; }

const struct column *pipeline_cells(const struct pipeline_reader *reader, size_t i) { return reader->columns[i].cells; }

/* ---------------------------------------------------------------- rows */

#define READ_BLOCK 256 /* rows that a thread writes at a time: their features stay in its cache while it goes through the columns */

/* What a thread met; a cache line each. */
struct met {
	size_t missing_cells, unseen_cells;
	char padding[MEM_ALIGN - 2 * sizeof(size_t)];
};

struct read {
	const struct pipeline_reader *reader;
	float *X;
	const uint32_t *rows;
	size_t first, n_rows;
	struct met *met; /* a thread */
};

static size_t row_of(const struct read *read, size_t i) { return read->rows ? read->rows[i] : read->first + i; }

/* The greatest k with knots[k] <= x, where knots[0] <= x; without branches that depend on x. */
static size_t find_knot(const float *knots, size_t n, float x)
{
	size_t k = 0;

	while (n > 1) {
		size_t half = n / 2;

		k = knots[k + half] <= x ? k + half : k;
		n -= half;
	}
	return k;
}

/* The quotient of two differences is at most 1, also of denormal numbers, which a stored inverse width would not bear. */
static float score(const struct pipeline_column *column, float x)
{
	size_t last = column->n_knots - 1, k;
	float low, high, t, z;

	if (!(x > column->knots[0]))
		return column->scores[0];
	if (x >= column->knots[last])
		return column->scores[last];
	k = find_knot(column->knots, column->n_knots, x);
	low = column->knots[k];
	high = column->knots[k + 1];
	t = isfinite(high - low) ? (x - low) / (high - low) : (x / 2 - low / 2) / (high / 2 - low / 2);
	z = column->scores[k] + t * (column->scores[k + 1] - column->scores[k]);
	return z < column->scores[k + 1] ? z : column->scores[k + 1];
}

static float transform(const struct pipeline_column *column, float x)
{
	float z, third;

	if (column->transform == TRANSFORM_NONE)
		return x;
	if (column->transform == TRANSFORM_QUANTILE)
		return score(column, x);
	z = (x - column->center) * column->scale;
	if (!isfinite(z)) /* half of both is exact there, and their difference is a float */
		z = (x / 2 - column->center / 2) * column->scale * 2;
	z = z < -PIPELINE_Z_MAX ? -PIPELINE_Z_MAX : z > PIPELINE_Z_MAX ? PIPELINE_Z_MAX : z;
	if (column->transform == TRANSFORM_STANDARDISE)
		return z;
	third = z / 3;
	return z / sqrtf(1 + third * third);
}

void pipeline_typical(float *x, const struct pipeline *pipeline)
{
	memset(x, 0, pipeline->n_features * sizeof *x);
	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];

		if (column->n_features > 0 && column->type == COLUMN_NUMERIC)
			x[column->first_feature] = transform(column, column->impute);
	}
}

static float number_of_cell(const struct column_reader *reader, size_t row)
{
	if (!reader->number_of_level)
		return reader->cells->numbers[row];
	return reader->cells->codes[row] == LEVEL_MISSING ? NAN : reader->number_of_level[reader->cells->codes[row]];
}

static void read_numbers(const struct read *read, const struct column_reader *reader, size_t begin, size_t end, struct met *met)
{
	const struct pipeline_column *column = reader->column;
	size_t n_features = read->reader->pipeline->n_features;

	for (size_t i = begin; i < end; i++) {
		float *x = read->X + i * n_features + column->first_feature;
		float value = number_of_cell(reader, row_of(read, i));
		bool missing = isnan(value);

		x[0] = transform(column, missing ? column->impute : value);
		if (column->has_missing)
			x[1] = missing;
		met->missing_cells += missing;
	}
}

static bool slot_of_cell(uint32_t *slot, const struct column_reader *reader, size_t row)
{
	if (reader->slot_of_level) {
		uint32_t code = reader->cells->codes[row];

		if (code == LEVEL_MISSING)
			return false;
		*slot = reader->slot_of_level[code];
		return true;
	}
	if (isnan(reader->cells->numbers[row]))
		return false;
	*slot = slot_of_number(reader, reader->cells->numbers[row]);
	return true;
}

static void read_categories(const struct read *read, const struct column_reader *reader, size_t begin, size_t end, struct met *met)
{
	const struct pipeline_column *column = reader->column;
	size_t n_features = read->reader->pipeline->n_features;

	for (size_t i = begin; i < end; i++) {
		float *x = read->X + i * n_features + column->first_feature;
		uint32_t slot;

		memset(x, 0, column->n_features * sizeof *x);
		if (!slot_of_cell(&slot, reader, row_of(read, i))) {
			met->missing_cells++;
			if (column->has_missing)
				x[column->n_features - 1] = 1;
		} else if (slot == SLOT_UNSEEN) {
			met->unseen_cells++;
		} else if (column->numbered) {
			x[0] = slot < column->n_levels ? (float)(slot + 1) : 0;
		} else if (column->two_valued) {
			x[0] = slot == 0 ? -1 : 1;
		} else {
			x[slot] = 1;
		}
	}
}

static void read_body(void *argument, size_t item, int tid)
{
	const struct read *read = argument;
	size_t begin = item * READ_BLOCK, end = read->n_rows - begin < READ_BLOCK ? read->n_rows : begin + READ_BLOCK;

	for (size_t c = 0; c < read->reader->n_columns; c++) {
		const struct column_reader *reader = &read->reader->columns[c];

		if (reader->column->type == COLUMN_NUMERIC)
			read_numbers(read, reader, begin, end, &read->met[tid]);
		else
			read_categories(read, reader, begin, end, &read->met[tid]);
	}
}

enum cln_status pipeline_read(float *X, const struct pipeline_reader *reader, const uint32_t *rows, size_t first, size_t n_rows,
			      int threads, struct cln_row_report *report, struct cln_error *err)
{
	struct read read = {.reader = reader, .X = X, .rows = rows, .first = first, .n_rows = n_rows};

	read.met = mem_alloc((size_t)threads, sizeof *read.met, err);
	if (!read.met)
		return CLN_E_MEMORY;
	parallel_for(threads, (n_rows + READ_BLOCK - 1) / READ_BLOCK, read_body, &read);
	for (int t = 0; t < threads && report; t++) {
		report->missing_cells += read.met[t].missing_cells;
		report->unseen_cells += read.met[t].unseen_cells;
	}
	if (report)
		report->rows += n_rows;
	mem_free(read.met);
	return CLN_OK;
}

enum cln_status pipeline_apply(float *X, const struct pipeline *pipeline, const struct cln_table *table, const uint32_t *rows,
                               size_t n_rows, int threads, struct cln_row_report *report, struct cln_error *err)
{
	struct pipeline_reader *reader;
	enum cln_status status = pipeline_reader_create(&reader, pipeline, table, rows, n_rows, err);

	if (status != CLN_OK)
		return status;
	if (report)
		*report = (struct cln_row_report){.extra_columns = reader->extra_columns};
	status = pipeline_read(X, reader, rows, 0, n_rows, threads, report, err);
	pipeline_reader_destroy(reader);
	return status;
}
