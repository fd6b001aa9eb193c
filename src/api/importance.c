/* SPDX-License-Identifier: MIT
 * cln_model_importance and cln_model_explain: rows of a table, and what the columns do to a model's say of them. */
#include "api/attribute.h"
#include "api/shuffle.h"
#include "base/cpus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PASSES (3 * (ATTRIBUTE_LEAST_STEPS + 1)) /* of a row for its contributions: a way back costs twice a way forth */

/* ---------------------------------------------------------------- importance */

enum cln_status importance_create(struct cln_importance **importance, const struct pipeline_column *const *columns, size_t n,
				  struct cln_error *err)
{
	struct cln_importance *made = mem_alloc(1, sizeof *made, err);

	*importance = made;
	if (!made)
		return CLN_E_MEMORY;
	made->columns = mem_alloc(n, sizeof *made->columns, err);
	if (!made->columns)
		return CLN_E_MEMORY;
	made->n_columns = n;
	made->gap = NAN;
	for (size_t c = 0; c < n; c++) {
		made->columns[c].column = mem_copy(columns[c]->name, strlen(columns[c]->name), err);
		made->columns[c].contribution = NAN;
		if (!made->columns[c].column)
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

static int compare_columns(const void *a, const void *b)
{
	const struct cln_column_importance *x = a, *y = b;

	if (x->log_loss.value != y->log_loss.value)
		return x->log_loss.value > y->log_loss.value ? -1 : 1;
	if (x->contribution != y->contribution && !isnan(x->contribution) && !isnan(y->contribution))
		return x->contribution > y->contribution ? -1 : 1;
	return strcmp(x->column, y->column);
}

void importance_sort(struct cln_importance *importance)
{
	qsort(importance->columns, importance->n_columns, sizeof *importance->columns, compare_columns);
}

void cln_importance_destroy(struct cln_importance *importance)
{
	if (!importance)
		return;
	for (size_t c = 0; importance->columns && c < importance->n_columns; c++)
		mem_free((char *)importance->columns[c].column);
	mem_free(importance->columns);
	mem_free(importance);
}

static enum cln_status check_asked(const struct cln_asked *asked, struct cln_error *err)
{
	if (asked->repeats < 1 || asked->repeats > SHUFFLE_MOST_REPEATS)
		return error_set(err, CLN_E_USAGE, "%zu repeats; there must be 1 to %d", asked->repeats, SHUFFLE_MOST_REPEATS);
	return CLN_OK;
}

static enum cln_status shuffle(struct cln_importance **importance, const struct sample *sample, const struct cln_model *model,
			       const struct cln_table *table, const struct cln_asked *asked, struct cln_error *err)
{
	const struct judged_rows of = {table, model->pipeline, sample->rows};
	struct model_scorer made;
	enum cln_status status = sample_scorer(&made, model, cpus_threads(asked->threads), err);
	const struct shuffle_part part = {sample->order, sample->n, made.scorer};
	const struct shuffle_task task = {.pipeline = model->pipeline,
					  .X = sample->data.X,
					  .parts = &part,
					  .n_parts = 1,
					  .n = sample->n,
					  .y = sample->data.y,
					  .w = sample->data.w,
					  .of = &of,
					  .repeats = asked->repeats,
					  .seed = asked->seed,
					  .threads = made.scorer.threads};

	if (status == CLN_OK)
		status = shuffle_compute(importance, &task, err);
	if (status == CLN_OK)
		(*importance)->of = sample->of;
	return status;
}

static enum cln_status add_contributions(struct cln_importance *importance, const struct sample *sample,
					 const struct cln_model *model, int threads, struct cln_error *err)
{
	const size_t n = importance->n_columns;
	struct attribution attribution;
	double *means = mem_alloc(n, sizeof *means, err);
	enum cln_status status = means ? attribution_create(&attribution, model, cpus_threads(threads), err) : CLN_E_MEMORY;

	if (status == CLN_OK) {
		status =
		    attribution_means(means, &importance->gap, &attribution, sample->data.X, sample->data.w, sample->n, err);
		for (size_t c = 0; c < n && status == CLN_OK; c++)
			importance->columns[c].contribution = means[c];
		attribution_free(&attribution);
	}
	mem_free(means);
	return status;
}

enum cln_status cln_model_importance(const struct cln_model *model, const struct cln_table *table, const struct cln_asked *asked,
                                     struct cln_importance **importance, struct cln_row_report *report, struct cln_error *err)
{
	const double work = (double)(sample_count(model->pipeline) * asked->repeats) + PASSES;
	struct sample sample = {0};
	enum cln_status status = check_asked(asked, err);

	*importance = NULL;
	if (status == CLN_OK)
		status = sample_read(&sample, model, table, asked, work, true, err);
	if (status == CLN_OK)
		status = shuffle(importance, &sample, model, table, asked, err);
	if (status == CLN_OK)
		status = add_contributions(*importance, &sample, model, asked->threads, err);
	if (status == CLN_OK)
		importance_sort(*importance);
	if (report)
		*report = sample.report;
	sample_free(&sample);
	if (status != CLN_OK) {
		cln_importance_destroy(*importance);
		*importance = NULL;
	}
	return status;
}

/* ---------------------------------------------------------------- explanations */

void cln_explanations_destroy(struct cln_explanations *explanations)
{
	if (!explanations)
		return;
	for (size_t i = 0; explanations->rows && i < explanations->n_rows; i++) {
		struct cln_explanation *row = &explanations->rows[i];

		for (size_t c = 0; row->cells && c < explanations->n_columns; c++)
			mem_free(row->cells[c]);
		mem_free(row->cells);
		mem_free(row->contributions);
	}
	for (size_t c = 0; explanations->columns && c < explanations->n_columns; c++)
		mem_free((char *)explanations->columns[c]);
	mem_free(explanations->columns);
	mem_free(explanations->rows);
	mem_free(explanations);
}

static enum cln_status make_room(struct cln_explanations **explanations, const struct attribution *attribution, const size_t *rows,
				 size_t n_rows, struct cln_error *err)
{
	const size_t n = attribution->n_columns;
	struct cln_explanations *made = *explanations = mem_alloc(1, sizeof *made, err);

	if (!made)
		return CLN_E_MEMORY;
	made->columns = mem_alloc(n, sizeof *made->columns, err);
	made->rows = mem_alloc(n_rows, sizeof *made->rows, err);
	if (!made->columns || !made->rows)
		return CLN_E_MEMORY;
	made->n_columns = n;
	made->n_rows = n_rows;
	for (size_t c = 0; c < n; c++) {
		made->columns[c] = mem_copy(attribution->columns[c]->name, strlen(attribution->columns[c]->name), err);
		if (!made->columns[c])
			return CLN_E_MEMORY;
	}
	for (size_t i = 0; i < n_rows; i++) {
		made->rows[i].row = rows[i];
		made->rows[i].contributions = mem_alloc(n, sizeof(double), err);
		made->rows[i].cells = mem_alloc(n, sizeof(char *), err);
		if (!made->rows[i].contributions || !made->rows[i].cells)
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

static enum cln_status copy_cells(struct cln_explanation *explanation, const struct sample *sample, size_t n_columns,
				  const struct cln_table *table, struct cln_error *err)
{
	char text[TABLE_CELL];

	for (size_t c = 0; c < n_columns; c++) {
		table_cell(text, table, explanation->row, sample->cells[c]);
		explanation->cells[c] = mem_copy(text, strlen(text), err);
		if (!explanation->cells[c])
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

static enum cln_status explain(struct cln_explanations **explanations, const struct sample *sample, const struct cln_model *model,
			       const struct cln_table *table, const size_t *rows, int threads, struct cln_error *err)
{
	struct attribution attribution;
	enum cln_status status = attribution_create(&attribution, model, threads, err);

	if (status != CLN_OK)
		return status;
	status = make_room(explanations, &attribution, rows, sample->n, err);
	for (size_t i = 0; i < sample->n && status == CLN_OK; i++) {
		struct cln_explanation *row = &(*explanations)->rows[i];

		status = attribution_explain(row, &(*explanations)->baseline, &attribution,
					     sample->data.X + i * attribution.n_features, err);
		if (status == CLN_E_DATA && isnan(row->logit))
			status = judge_check_numbers(&(float){NAN}, 1,
						     &(struct judged_rows){table, model->pipeline, &sample->rows[i]}, err);
		if (status == CLN_OK)
			status = copy_cells(row, sample, attribution.n_columns, table, err);
	}
	attribution_free(&attribution);
	return status;
}

static enum cln_status read_rows(struct sample *sample, const struct cln_model *model, const struct cln_table *table,
				 const size_t *rows, size_t n_rows, int threads, struct cln_error *err)
{
	uint32_t *numbers = mem_alloc(n_rows, sizeof *numbers, err);
	enum cln_status status = numbers ? CLN_OK : CLN_E_MEMORY;

	for (size_t i = 0; i < n_rows && status == CLN_OK; i++) {
		if (rows[i] >= table->n_rows)
			status = error_set(err, CLN_E_USAGE, "there is no row %zu: %s has %zu", rows[i] + 1, table->source,
					   table->n_rows);
		else
			numbers[i] = (uint32_t)rows[i];
	}
	if (status == CLN_OK)
		status = sample_read_rows(sample, model, table, numbers, n_rows, threads, err);
	mem_free(numbers);
	return status;
}

enum cln_status cln_model_explain(const struct cln_model *model, const struct cln_table *table, const size_t *rows, size_t n_rows,
                                  int threads, struct cln_explanations **explanations, struct cln_row_report *report,
                                  struct cln_error *err)
{
	const int n_threads = cpus_threads(threads);
	struct sample sample = {0};
	enum cln_status status = read_rows(&sample, model, table, rows, n_rows, n_threads, err);

	*explanations = NULL;
	if (status == CLN_OK)
		status = explain(explanations, &sample, model, table, rows, n_threads, err);
	if (report)
		*report = sample.report;
	sample_free(&sample);
	if (status != CLN_OK) {
		cln_explanations_destroy(*explanations);
		*explanations = NULL;
	}
	return status;
}
