/* SPDX-License-Identifier: MIT */
#include "api/rows.h"

#include "base/json.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

enum cln_status rows_categories_of_model(struct rows_categories *categories, const struct cln_model *model, struct cln_error *err)
{
	const struct pipeline *pipeline = model->pipeline;

	*categories = (struct rows_categories){mem_alloc(pipeline->n_columns, sizeof *categories->names, err), 0};
	for (size_t c = 0; categories->names && c < pipeline->n_columns; c++)
		if (pipeline->columns[c].type == COLUMN_CATEGORICAL)
			categories->names[categories->n++] = pipeline->columns[c].name;
	return categories->names ? CLN_OK : CLN_E_MEMORY;
}

enum cln_status rows_categories_of_table(struct rows_categories *categories, const struct cln_table *table, struct cln_error *err)
{
	*categories = (struct rows_categories){mem_alloc(table->n_columns, sizeof *categories->names, err), 0};
	for (size_t c = 0; categories->names && c < table->n_columns; c++)
		if (table->columns[c].type == COLUMN_CATEGORICAL)
			categories->names[categories->n++] = table->columns[c].name;
	return categories->names ? CLN_OK : CLN_E_MEMORY;
}

void rows_categories_free(struct rows_categories *categories)
{
	mem_free(categories->names);
	*categories = (struct rows_categories){0};
}

static enum cln_status keep_column(struct rows_kept *kept, const struct cln_table *table, const char *name, struct cln_error *err)
{
	size_t found = table_find(table, name);

	if (found == SIZE_MAX)
		return error_set(err, CLN_E_USAGE, "--keep: %s has no column \"%s\"", table->source, name);
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
