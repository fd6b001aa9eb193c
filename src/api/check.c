/* SPDX-License-Identifier: MIT
 * colonnade check: the order of it, and what train would say. */
#include "api/check.h"

#include "api/rows.h"
#include "base/cpus.h"
#include "data/dataset.h"
#include "model/model.h"

#include <string.h>

void check_free(struct check_result *result)
{
	for (int f = 0; f < CHECK_FILES; f++) {
		cln_table_destroy(result->files[f].table);
		findings_free(&result->files[f].findings);
	}
	mem_free(result->columns);
	mem_free(result->fit);
	mem_free(result->label);
	mem_free(result->negative);
	mem_free(result->positive);
	mem_free(result->weight);
	text_free(&result->notes);
	*result = (struct check_result){0};
}

enum cln_status check_status(const struct check_result *result)
{
	for (int f = 0; f < CHECK_FILES; f++) {
		const struct check_file *file = &result->files[f];

		if (findings_total(&file->findings) > 0)
			return CLN_E_DATA;
		if (file->refused.code != CLN_OK)
			return file->refused.code;
	}
	for (size_t k = 0; k < result->n_fit; k++)
		if (result->fit[k].missing)
			return CLN_E_DATA;
	return result->refused.code;
}

/* ---------------------------------------------------------------- reading */

/* What is wrong with the data is told, not returned. */
static enum cln_status take_refusal(struct cln_error *refused, enum cln_status status, struct cln_error *why,
				    struct cln_error *err)
{
	if (status == CLN_E_DATA || status == CLN_E_USAGE) {
		*refused = *why;
		return CLN_OK;
	}
	if (status != CLN_OK && err)
		*err = *why;
	return status;
}

static enum cln_status read_file(struct check_file *file, const char *path, const struct check_task *task,
				 const struct cln_table *like, struct cln_error *err)
{
	struct cln_error why = {0};
	enum cln_status status;

	file->name = path;
	file->findings.most = task->most;
	if (task->model)
		status = rows_read_for_model(&file->table, path, task->read, task->model, &file->findings, &why);
	else if (like)
		status = rows_read_like_table(&file->table, path, task->read, like, &file->findings, &why);
	else
		status = rows_read_to_train(&file->table, path, task->read, task->init, task->config, &file->findings, &why);
	if (status == CLN_E_USAGE) /* of the options that say how to read */
		return error_set(err, status, "%s", why.message);
	if (status == CLN_E_DATA && file->findings.ended)
		return CLN_OK;
	return take_refusal(&file->refused, status, &why, err);
}

static enum cln_status read_files(struct check_result *result, const struct check_task *task, struct cln_error *err)
{
	const char *const more[] = {[CHECK_VALID] = task->valid, [CHECK_TEST] = task->test};
	enum cln_status status = read_file(&result->files[CHECK_DATA], task->data, task, NULL, err);

	for (int f = CHECK_VALID; f < CHECK_FILES && status == CLN_OK && result->files[CHECK_DATA].table && !task->model; f++)
		if (more[f])
			status = read_file(&result->files[f], more[f], task, result->files[CHECK_DATA].table, err);
	return status;
}

/* ---------------------------------------------------------------- labels */

static void count_label(struct check_result *result, const struct labelled_rows *labelled)
{
	for (size_t i = 0; i < labelled->n; i++) {
		const double w = labelled->w ? (double)labelled->w[i] : 1;

		if (labelled->y[i] > 0.5f)
			result->n_positive++;
		else
			result->n_negative++;
		result->weight_sum += w;
		result->weight_least = i == 0 || w < result->weight_least ? w : result->weight_least;
		result->weight_greatest = i == 0 || w > result->weight_greatest ? w : result->weight_greatest;
	}
}

/* The label's texts become the result's. */
static void take_label(struct check_result *result, struct label *label)
{
	result->label = label->column;
	result->negative = label->negative;
	result->positive = label->positive;
	result->positive_was_chosen = label->positive_was_chosen;
	*label = (struct label){0};
}

/* The labels of the other files: what is wrong with them. */
static enum cln_status check_labels(struct check_file *file, const struct label *label, const char *weight, struct cln_error *err)
{
	struct labelled_rows labelled = {0};
	struct cln_error why = {0};
	const enum cln_status status = labels_read(&labelled, file->table, label, weight, &file->findings, &why);

	labelled_rows_free(&labelled);
	return take_refusal(&file->refused, status, &why, err);
}

/* Columns that are numbers in DATA must be so in the other files. */
static enum cln_status check_types(struct check_result *result, struct check_file *file, struct cln_error *err)
{
	const struct cln_table *data = result->files[CHECK_DATA].table, *table = file->table;
	bool *texts = mem_alloc(table->n_columns, sizeof *texts, err);
	enum cln_status status = CLN_E_MEMORY;

	for (size_t c = 0; c < data->n_columns && texts; c++) {
		const struct column *column = &data->columns[c];
		const size_t other = column->ignored ? SIZE_MAX : table_find_cells(table, column->name);

		if (other != SIZE_MAX && column->type == COLUMN_NUMERIC &&
		    !(result->weight && strcmp(column->name, result->weight) == 0))
			texts[other] = table->columns[other].type == COLUMN_CATEGORICAL;
	}
	if (texts)
		status = check_texts(&file->findings, table, texts, "in DATA this column is numbers", err);
	mem_free(texts);
	return status;
}

static enum cln_status find_label(struct label *label, const struct check_task *task, struct check_file *data,
				  struct cln_error *err)
{
	const struct label *from = task->init ? &task->init->label : NULL;
	const struct cln_config *config = task->config;
	struct cln_error why = {0};
	enum cln_status status;

	if (from && table_find_name(data->table, from->column) == SIZE_MAX) /* which may look like another one's number */
		status = error_set(&why, CLN_E_DATA, "%s: there is no column \"%s\" for the label", data->table->source,
				   from->column);
	else
		status = label_find(label, data->table, from ? from->column : config->label,
				    from ? from->positive : config->positive, config->weight, &data->findings, &why);
	return take_refusal(&data->refused, status, &why, err);
}

/* Rows that remain once those with problems are gone, which were told before. */
static enum cln_status read_labelled(struct labelled_rows *labelled, struct check_result *result, const struct label *label,
				     const char *weight, struct cln_error *err)
{
	const struct check_file *data = &result->files[CHECK_DATA];
	struct findings again = {.most = 0, .bad_rows = data->findings.bad_rows};
	const enum cln_status status = labels_read(labelled, data->table, label, weight, &again, err);

	result->n_dropped = labelled->n_dropped;
	return status;
}

static enum cln_status look_at_labels(struct check_result *result, struct labelled_rows *labelled, const struct check_task *task,
				      struct cln_error *err)
{
	struct check_file *data = &result->files[CHECK_DATA];
	const char *weight = task->config->weight;
	struct label label = {0};
	enum cln_status status = find_label(&label, task, data, err);

	if (status != CLN_OK || !label.column)
		return status;
	const size_t column = weight ? table_find(data->table, weight) : SIZE_MAX;
	if (column != SIZE_MAX) {
		weight = data->table->columns[column].name;
		result->weight = mem_copy(weight, strlen(weight), err);
		status = result->weight ? CLN_OK : CLN_E_MEMORY;
	}
	for (int f = CHECK_VALID; f < CHECK_FILES && status == CLN_OK; f++) {
		if (result->files[f].table)
			status = check_labels(&result->files[f], &label, weight, err);
		if (status == CLN_OK && result->files[f].table)
			status = check_types(result, &result->files[f], err);
	}
	if (status == CLN_OK)
		status = read_labelled(labelled, result, &label, weight, err);
	if (status == CLN_OK)
		count_label(result, labelled);
	take_label(result, &label);
	return status;
}

/* ---------------------------------------------------------------- what train would do */

static bool on_start(void *context, const struct cln_fit_start *start)
{
	struct check_result *result = context;

	result->members = start->members;
	result->epochs = start->epochs;
	result->folds = start->folds;
	result->n_features = start->n_features;
	result->n_params = start->n_params;
	result->train_rows = start->train_rows;
	result->valid_rows = start->valid_rows;
	result->test_rows = start->test_rows;
	result->n_layers = start->n_layers;
	memcpy(result->n, start->n, (start->n_layers + 1) * sizeof *start->n);
	return true;
}

static void on_note(void *context, const char *sentence)
{
	struct check_result *result = context;

	text_addf(&result->notes, "%s\n", sentence);
}

#define BYTES_OF_A_PARAMETER 48.0 /* while a member is trained: both orientations, moments, gradients, the best so far */

static void estimate_memory(struct check_result *result)
{
	double rows = (double)(result->train_rows + result->test_rows);

	if (result->folds == 0)
		rows += (double)result->valid_rows;
	for (int f = 0; f < CHECK_FILES; f++) {
		const struct cln_table *table = result->files[f].table;

		for (size_t c = 0; table && c < table->n_columns; c++)
			result->table_bytes += table->columns[c].ignored ? 0 : 4 * (double)table->n_rows;
	}
	result->feature_bytes = 4 * rows * (double)result->n_features;
	result->network_bytes = BYTES_OF_A_PARAMETER * (double)result->n_params + 8 * (double)(result->n_params * result->members);
}

/* A fit that is given up before its first step has gone through all that can be refused. */
static enum cln_status try_train(struct check_result *result, const struct check_task *task, struct cln_error *err)
{
	const struct cln_observer observer = {.context = result, .dry = true, .start = on_start, .note = on_note};
	struct cln_model *model = NULL;
	struct cln_error why = {0};
	enum cln_status status = cln_model_fit(&model, result->files[CHECK_DATA].table, result->files[CHECK_VALID].table,
					       result->files[CHECK_TEST].table, task->init, task->config, &observer, NULL, &why);

	cln_model_destroy(model);
	if (status == CLN_STOPPED) {
		estimate_memory(result);
		return text_check(&result->notes, err);
	}
	return take_refusal(&result->refused, status, &why, err);
}

/* ---------------------------------------------------------------- the whole */

static enum cln_status look_at_columns(struct check_result *result, const struct labelled_rows *labelled, bool chosen, int threads,
				       struct cln_error *err)
{
	const struct check_file *data = &result->files[CHECK_DATA];
	uint32_t *rows;
	enum cln_status status = findings_good_rows(&rows, &result->n_rows, &data->findings, data->table->n_rows, err);
	const struct labelled_rows all = {.table = data->table, .n = result->n_rows, .rows = rows};

	if (status == CLN_OK)
		status = check_columns(result, &all, labelled, chosen, threads, err);
	mem_free(rows);
	return status;
}

static enum cln_status look_at_table(struct check_result *result, const struct check_task *task, int threads, struct cln_error *err)
{
	struct labelled_rows labelled = {0};
	enum cln_status status = task->model ? CLN_OK : look_at_labels(result, &labelled, task, err);

	if (status == CLN_OK)
		status = look_at_columns(result, &labelled, task->model || task->init, threads, err);
	if (status == CLN_OK)
		status = task->model ? check_model(result, task, err) : check_copies(result, threads, err);
	labelled_rows_free(&labelled);
	return status;
}

enum cln_status check_run(struct check_result *result, const struct check_task *task, struct cln_error *err)
{
	const int threads = cpus_threads(task->config->threads);
	enum cln_status status;

	*result = (struct check_result){0};
	status = read_files(result, task, err);
	if (status == CLN_OK && result->files[CHECK_DATA].table)
		status = look_at_table(result, task, threads, err);
	for (int f = 0; f < CHECK_FILES; f++)
		findings_settle(&result->files[f].findings);
	if (status == CLN_OK && !task->model && check_status(result) == CLN_OK)
		status = try_train(result, task, err);
	return status;
}
