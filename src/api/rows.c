/* SPDX-License-Identifier: MIT */
#include "api/rows.h"

#include "base/json.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

/* Names lent by a model or a table: columns that are read as categories, and columns that are read at all. */
struct columns_wanted {
	const char **categories, **needed;
	size_t n_categories, n_needed;
};

static enum cln_status create_wanted(struct columns_wanted *wanted, size_t n, struct cln_error *err)
{
	*wanted = (struct columns_wanted){0};
	wanted->categories = mem_alloc(n, sizeof *wanted->categories, err);
	wanted->needed = mem_alloc(n, sizeof *wanted->needed, err);
	return wanted->categories && wanted->needed ? CLN_OK : CLN_E_MEMORY;
}

static void free_wanted(struct columns_wanted *wanted)
{
	mem_free(wanted->categories);
	mem_free(wanted->needed);
}

static void list_model_columns(struct columns_wanted *wanted, const struct cln_model *model, bool labelled)
{
	const struct pipeline *pipeline = model->pipeline;

	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];

		if (column->n_features > 0)
			wanted->needed[wanted->n_needed++] = column->name;
		if (column->type == COLUMN_CATEGORICAL)
			wanted->categories[wanted->n_categories++] = column->name;
	}
	if (labelled) {
		wanted->needed[wanted->n_needed++] = model->label.column;
		wanted->categories[wanted->n_categories++] = model->label.column;
		if (model->weight)
			wanted->needed[wanted->n_needed++] = model->weight;
	}
}

enum cln_status rows_read_for_model(struct cln_table **table, const char *path, const struct cln_read_options *options,
				    const struct cln_model *model, enum rows_wanted rows, struct cln_error *err)
{
	struct cln_read_options read = *options;
	struct columns_wanted wanted;
	enum cln_status status = create_wanted(&wanted, model->pipeline->n_columns + 2, err);

	*table = NULL;
	if (status == CLN_OK) {
		list_model_columns(&wanted, model, rows != ROWS_FEATURES);
		read.known_categories = wanted.categories;
		read.n_known_categories = wanted.n_categories;
		read.needed = rows == ROWS_WHOLE ? NULL : wanted.needed;
		read.n_needed = rows == ROWS_WHOLE ? 0 : wanted.n_needed;
		status = cln_table_read(table, path, &read, err);
	}
	free_wanted(&wanted);
	return status;
}

enum cln_status rows_read_like_table(struct cln_table **table, const char *path, const struct cln_read_options *options,
				     const struct cln_table *like, struct cln_error *err)
{
	struct cln_read_options read = *options;
	struct columns_wanted wanted;
	enum cln_status status = create_wanted(&wanted, like->n_columns, err);

	*table = NULL;
	for (size_t c = 0; status == CLN_OK && c < like->n_columns; c++) {
		const struct column *column = &like->columns[c];

		if (!column->ignored)
			wanted.needed[wanted.n_needed++] = column->name;
		if (column->type == COLUMN_CATEGORICAL)
			wanted.categories[wanted.n_categories++] = column->name;
	}
	if (status == CLN_OK) {
		read.categorical = read.numeric = read.ignore = read.label = read.weight = NULL;
		read.known_categories = wanted.categories;
		read.n_known_categories = wanted.n_categories;
		read.needed = wanted.needed;
		read.n_needed = wanted.n_needed;
		status = cln_table_read(table, path, &read, err);
	}
	free_wanted(&wanted);
	return status;
}

static enum cln_status keep_column(struct rows_kept *kept, const struct cln_table *table, const char *name, struct cln_error *err)
{
	size_t found = table_find(table, name);

	if (found == SIZE_MAX)
		return error_set(err, CLN_E_DATA, "--keep: %s has no column \"%s\"", table->source, name);
	kept->columns[kept->n++] = &table->columns[found];
	return CLN_OK;
}

enum cln_status rows_keep(struct rows_kept *kept, const struct cln_table *table, const char *keep, struct cln_error *err)
{
	char *names = mem_copy(keep, strlen(keep), err), *rest = names;
	enum cln_status status = CLN_OK;
	size_t n = 1;

	*kept = (struct rows_kept){0};
	if (!names)
		return CLN_E_MEMORY;
	for (const char *c = names; *c; c++)
		n += *c == ',';
	kept->columns = mem_alloc(n, sizeof *kept->columns, err);
	if (!kept->columns)
		status = CLN_E_MEMORY;
	for (size_t i = 0; status == CLN_OK && i < n; i++)
		status = keep_column(kept, table, strsep(&rest, ","), err);
	mem_free(names);
	if (status != CLN_OK)
		rows_kept_free(kept);
	return status;
}

void rows_kept_free(struct rows_kept *kept)
{
	mem_free(kept->columns);
	*kept = (struct rows_kept){0};
}

void rows_add_cell(struct text *text, const char *cell)
{
	if (!strpbrk(cell, ",\"\r\n")) {
		text_add(text, cell, strlen(cell));
		return;
	}
	text_add(text, "\"", 1);
	for (const char *c = cell; *c; c++)
		text_add(text, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
	text_add(text, "\"", 1);
}

void rows_add_names(struct text *text, const struct rows_kept *kept)
{
	for (size_t i = 0; i < kept->n; i++) {
		rows_add_cell(text, kept->columns[i]->name);
		text_add(text, ",", 1);
	}
}

static void add_kept_cell(struct text *text, const struct column *column, size_t row)
{
	char number[NUMBER_TEXT];

	if (column->codes) {
		uint32_t code = column->codes[row];
		rows_add_cell(text, code == LEVEL_MISSING ? "" : column->levels[code]);
	} else if (column->numbers && !isnan(column->numbers[row])) {
		text_add(text, number, number_from_float(number, column->numbers[row]));
	}
}

void rows_add_cells(struct text *text, const struct rows_kept *kept, size_t row)
{
	for (size_t i = 0; i < kept->n; i++) {
		add_kept_cell(text, kept->columns[i], row);
		text_add(text, ",", 1);
	}
}
