/* SPDX-License-Identifier: MIT
 * Whether a table fits a model: its columns, their types, and cells that the training rows had nothing like. */
#include "api/check.h"

#include "base/utf8.h"
#include "data/novel.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum cln_status check_texts(struct findings *findings, const struct cln_table *table, size_t c, const char *hint,
			    struct cln_error *err)
{
	static const char kind[] = "not a number";
	const struct column *cells = &table->columns[c];
	bool *good = mem_alloc(cells->n_levels, sizeof *good, err);
	enum cln_status status = good ? CLN_OK : CLN_E_MEMORY;
	size_t n = 0;
	float number;

	for (size_t k = 0; k < cells->n_levels && good; k++)
		good[k] = text_to_float(&number, cells->levels[k]);
	for (size_t row = 0; row < table->n_rows && status == CLN_OK; row++) {
		char sentence[512], text[TABLE_CELL];
		size_t line, field;

		if (findings_row_is_bad(findings, row) || cells->codes[row] == LEVEL_MISSING || good[cells->codes[row]])
			continue;
		if (n++ >= findings->most)
			continue;
		table_find_place(&line, &field, table, row, c);
		table_cell(text, table, row, c);
		snprintf(sentence, sizeof sentence, "%s (\"%.*s\", column \"%.*s\"; %s)", kind, utf8_cut(text, 200), text,
			 utf8_cut(cells->name, 200), cells->name, hint);
		status = findings_add(findings, kind, line, field, sentence, err);
	}
	findings_count(findings, kind, n);
	mem_free(good);
	return status;
}

static enum cln_status fit_columns(struct check_result *result, const struct pipeline *pipeline, const struct novel *novel,
				   struct cln_error *err)
{
	struct check_file *data = &result->files[CHECK_DATA];
	enum cln_status status = CLN_OK;

	for (size_t k = 0; k < pipeline->n_columns && status == CLN_OK; k++) {
		const struct pipeline_column *learnt = &pipeline->columns[k];
		const struct novel_column *count = &novel->columns[k];
		struct check_fit_column *fit = &result->fit[result->n_fit];
		size_t c;

		if (learnt->n_features == 0)
			continue;
		c = table_find_cells(data->table, learnt->name);
		*fit = (struct check_fit_column){.name = learnt->name,
						 .missing = c == SIZE_MAX,
						 .n_present = count->n_present,
						 .n_outside = count->n_outside,
						 .n_unseen = count->n_unseen,
						 .least = learnt->has_range ? (double)learnt->least : NAN,
						 .greatest = learnt->has_range ? (double)learnt->greatest : NAN};
		memcpy(fit->unseen, count->example, sizeof fit->unseen);
		result->n_fit++;
		if (c != SIZE_MAX && learnt->type == COLUMN_NUMERIC && data->table->columns[c].type == COLUMN_CATEGORICAL)
			status = check_texts(&data->findings, data->table, c, "the model learnt this column as numbers",
					     err);
	}
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
	if (status == CLN_OK) {
		result->fit = mem_alloc(pipeline->n_columns, sizeof *result->fit, err);
		status = result->fit ? fit_columns(result, pipeline, &novel, err) : CLN_E_MEMORY;
	}
	novel_free(&novel);
	if (status != CLN_OK)
		return status;
	find_uses(result, task->model);
	return count_labels(result, task->model, err);
}
