/* SPDX-License-Identifier: MIT
 * Whether a table fits a model: its columns, their types, and cells that the training rows had nothing like. */
#include "api/check.h"

#include "base/utf8.h"
#include "data/novel.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A column that is to hold numbers; good: of each level whether it is one. */
struct texts {
	size_t column;
	bool *good;
};

static enum cln_status list_texts(struct texts *list, size_t *n, const struct cln_table *table, const bool *numeric,
				  struct cln_error *err)
{
	float number;

	for (size_t c = 0; c < table->n_columns; c++) {
		const struct column *cells = &table->columns[c];

		if (!numeric[c])
			continue;
		bool *good = mem_alloc(cells->n_levels, sizeof *good, err);
		if (!good)
			return CLN_E_MEMORY;
		for (size_t k = 0; k < cells->n_levels; k++)
			good[k] = text_to_float(&number, cells->levels[k]);
		list[(*n)++] = (struct texts){c, good};
	}
	return CLN_OK;
}

static const char not_a_number[] = "not a number";

static enum cln_status add_text(struct findings *findings, struct text_line *begin, const struct cln_table *table, size_t row,
				size_t c, const char *hint, struct cln_error *err)
{
	const char *name = table->columns[c].name;
	char sentence[512], text[TABLE_CELL];
	size_t line, field;

	table_find_place(&line, &field, begin, table, row, c);
	table_cell(text, table, row, c);
	snprintf(sentence, sizeof sentence, "%s (\"%.*s\", column \"%.*s\"; %s)", not_a_number, utf8_cut(text, 200), text,
		 utf8_cut(name, 200), name, hint);
	return findings_add(findings, not_a_number, line, field, sentence, err);
}

/* Row by row, so that of all columns' texts only those that are told have their places looked up. */
static enum cln_status add_texts(struct findings *findings, const struct cln_table *table, const struct texts *list, size_t n,
				 const char *hint, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	struct text_line begin = {0};
	size_t met = 0;

	for (size_t row = 0; n > 0 && row < table->n_rows; row++) {
		const bool bad = findings_row_is_bad(findings, row);

		for (size_t i = 0; i < n && !bad && status == CLN_OK; i++) {
			const uint32_t code = table->columns[list[i].column].codes[row];

			if (code != LEVEL_MISSING && !list[i].good[code] && met++ < findings->most)
				status = add_text(findings, &begin, table, row, list[i].column, hint, err);
		}
	}
	findings_count(findings, not_a_number, met);
	return status;
}

enum cln_status check_texts(struct findings *findings, const struct cln_table *table, const bool *numeric, const char *hint,
			    struct cln_error *err)
{
	struct texts *list = mem_alloc(table->n_columns, sizeof *list, err);
	size_t n = 0;
	enum cln_status status = list ? list_texts(list, &n, table, numeric, err) : CLN_E_MEMORY;

	if (status == CLN_OK)
		status = add_texts(findings, table, list, n, hint, err);
	while (n > 0)
		mem_free(list[--n].good);
	mem_free(list);
	return status;
}

/* texts: those of the table where the model has learnt numbers. */
static void list_columns(struct check_result *result, bool *texts, const struct pipeline *pipeline, const struct novel *novel)
{
	const struct cln_table *table = result->files[CHECK_DATA].table;

	for (size_t k = 0; k < pipeline->n_columns; k++) {
		const struct pipeline_column *learnt = &pipeline->columns[k];
		const struct novel_column *count = &novel->columns[k];
		struct check_fit_column *fit = &result->fit[result->n_fit];
		size_t c;

		if (learnt->n_features == 0)
			continue;
		c = table_find_cells(table, learnt->name);
		*fit = (struct check_fit_column){.name = learnt->name,
						 .missing = c == SIZE_MAX,
						 .n_present = count->n_present,
						 .n_outside = count->n_outside,
						 .n_unseen = count->n_unseen,
						 .least = learnt->has_range ? (double)learnt->least : NAN,
						 .greatest = learnt->has_range ? (double)learnt->greatest : NAN};
		memcpy(fit->unseen, count->example, sizeof fit->unseen);
		result->n_fit++;
		if (c != SIZE_MAX && learnt->type == COLUMN_NUMERIC)
			texts[c] = table->columns[c].type == COLUMN_CATEGORICAL;
	}
}

static enum cln_status fit_columns(struct check_result *result, const struct pipeline *pipeline, const struct novel *novel,
				   struct cln_error *err)
{
	struct check_file *data = &result->files[CHECK_DATA];
	bool *texts = mem_alloc(data->table->n_columns, sizeof *texts, err);
	enum cln_status status = CLN_E_MEMORY;

	result->fit = mem_alloc(pipeline->n_columns, sizeof *result->fit, err);
	if (texts && result->fit) {
		list_columns(result, texts, pipeline, novel);
		status = check_texts(&data->findings, data->table, texts, "the model learnt this column as numbers", err);
	}
	mem_free(texts);
	return status;
}

static void set_use(struct check_result *result, const char *name, enum cln_column_use use)
{
	const struct cln_table *table = result->files[CHECK_DATA].table;
	const size_t c = name ? table_find_name(table, name) : SIZE_MAX;

	if (c != SIZE_MAX && !table->columns[c].ignored)
		result->columns[c].use = use;
}

static void find_uses(struct check_result *result, const struct cln_model *model)
{
	const struct cln_table *table = result->files[CHECK_DATA].table;

	for (size_t c = 0; c < table->n_columns; c++)
		result->columns[c].use = CLN_COLUMN_IGNORED;
	for (size_t k = 0; k < model->pipeline->n_columns; k++)
		set_use(result, model->pipeline->columns[k].name, CLN_COLUMN_FEATURE);
	set_use(result, model->weight, CLN_COLUMN_WEIGHT);
	set_use(result, model->label.column, CLN_COLUMN_LABEL);
	for (size_t c = 0; c < table->n_columns; c++) {
		struct check_column *column = &result->columns[c];

		if (table->columns[c].ignored || column->use == CLN_COLUMN_FEATURE)
			continue;
		column->rounded = column->identifier = false; /* which are said of features alone */
		column->codes = 0;
		if (column->use != CLN_COLUMN_IGNORED)
			continue;
		if (result->n_extra < CLN_EXTRA_NAMED)
			result->extra[result->n_extra] = c;
		result->n_extra++;
	}
}

static enum cln_status count_labels(struct check_result *result, const struct cln_model *model, struct cln_error *err)
{
	const struct cln_table *table = result->files[CHECK_DATA].table;
	const size_t c = table_find_cells(table, model->label.column);

	if (c == SIZE_MAX)
		return CLN_OK;
	return labels_count(result->label_counts, &table->columns[c], table->n_rows, &model->label, err);
}

enum cln_status check_model(struct check_result *result, const struct check_task *task, struct cln_error *err)
{
	const struct cln_table *table = result->files[CHECK_DATA].table;
	const struct pipeline *pipeline = task->model->pipeline;
	struct novel novel;
	enum cln_status status = novel_create(&novel, pipeline, err);

	if (status == CLN_OK)
		status = novel_add(&novel, table, true, err);
	if (status == CLN_OK)
		status = fit_columns(result, pipeline, &novel, err);
	novel_free(&novel);
	if (status != CLN_OK)
		return status;
	find_uses(result, task->model);
	return count_labels(result, task->model, err);
}
