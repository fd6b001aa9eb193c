/* SPDX-License-Identifier: MIT
 * cln_model_predict and cln_model_evaluate: rows of a table through pipeline and networks, a chunk at a time. */
#include "api/evaluate.h"

#include <string.h>

#include "api/judge.h"
#include "api/rows.h"
#include "base/cpus.h"
#include "kernels/dispatch.h"
#include "model/model.h"

/* Rows whose features are in memory at a time: 8 MB of them, in whole chunks of the forward pass. */
static size_t rows_at_a_time(size_t n_features)
{
	size_t rows = ((size_t)1 << 21) / n_features;

	return rows < 256 ? 256 : rows / 256 * 256;
}

static bool is_label_or_weight(const struct cln_model *model, const char *name)
{
	return strcmp(name, model->label.column) == 0 || (model->weight && strcmp(name, model->weight) == 0);
}

/* The label and the weight are columns that a pipeline does not know either. */
void judge_report_extra(struct cln_row_report *report, const struct cln_model *model, const struct cln_table *table,
			const struct pipeline_reader *reader)
{
	const size_t n_unknown = pipeline_extra_columns(reader), *unknown = pipeline_extra(reader);
	size_t n_named = 0;

	report->extra_columns = n_unknown;
	for (size_t c = 0; c < table->n_columns; c++) {
		const struct column *column = &table->columns[c];

		if (report->extra_columns > 0 && (!column->ignored || column->not_asked_for) &&
		    is_label_or_weight(model, column->name))
			report->extra_columns--;
	}
	for (size_t i = 0; i < n_unknown && i < PIPELINE_EXTRA && n_named < CLN_EXTRA_NAMED; i++)
		if (!is_label_or_weight(model, table->columns[unknown[i]].name))
			report->extra[n_named++] = unknown[i];
}

/* What is asked of a table: of row i or, where rows is not NULL, rows[i]. */
struct request {
	const struct cln_model *model;
	const struct cln_table *table;
	const uint32_t *rows;
	size_t n_rows;
	int threads;
	float *probabilities, *logits; /* logits may be NULL */
	bool may_be_nan;               /* else such rows are an error */
};

/* X: room for rows_at_a_time rows of features. */
static enum cln_status score_in_chunks(const struct request *request, float *X, const struct pipeline_reader *reader,
				       struct cln_row_report *report, struct cln_error *err)
{
	const struct network *networks[CLN_MAX_ENSEMBLE];
	const size_t chunk = rows_at_a_time(request->model->pipeline->n_features), n_rows = request->n_rows;
	struct scorer scorer = {
	    .networks = networks, .threads = request->threads, .temperature = model_temperature(request->model)};
	enum cln_status status = kernels_select(&scorer.kernels, request->model->isa, err);

	scorer.K = model_networks(networks, request->model);
	for (size_t begin = 0; begin < n_rows && status == CLN_OK; begin += chunk) {
		const size_t m = n_rows - begin < chunk ? n_rows - begin : chunk;
		const uint32_t *rows = request->rows ? request->rows + begin : NULL;

		status = pipeline_read(X, reader, rows, begin, m, request->threads, report, err);
		if (status == CLN_OK)
			status = scores_compute(request->probabilities + begin, request->logits ? request->logits + begin : NULL,
						&scorer, X, m, err);
	}
	return status;
}

static enum cln_status score(const struct request *request, struct cln_row_report *report, struct cln_error *err)
{
	const struct cln_model *model = request->model;
	const size_t n_rows = request->n_rows;
	size_t n_features = model->pipeline->n_features, chunk = rows_at_a_time(n_features);
	struct cln_row_report own = {0};
	struct pipeline_reader *reader;
	float *X = NULL;
	enum cln_status status = pipeline_reader_create(&reader, model->pipeline, request->table, request->rows, n_rows, err);

	if (status != CLN_OK)
		return status;
	judge_report_extra(&own, model, request->table, reader);
	X = mem_alloc(n_rows < chunk ? n_rows : chunk, n_features * sizeof *X, err);
	status = X ? score_in_chunks(request, X, reader, &own, err) : CLN_E_MEMORY;
	if (status == CLN_OK && !request->may_be_nan)
		status = judge_check_numbers(request->probabilities, n_rows,
					     &(struct judged_rows){request->table, model->pipeline, request->rows}, err);
	if (report)
		*report = own;
	mem_free(X);
	pipeline_reader_destroy(reader);
	return status;
}

enum cln_status evaluate_rows(float *probabilities, const struct cln_model *model, const struct cln_table *table,
			      struct cln_error *err)
{
	const struct request request = {.model = model,
					.table = table,
					.n_rows = table->n_rows,
					.threads = 1,
					.probabilities = probabilities,
					.may_be_nan = true};

	return score(&request, NULL, err);
}

enum cln_status cln_model_predict(const struct cln_model *model, const struct cln_table *table, int threads, float *probabilities,
                                  struct cln_row_report *report, struct cln_error *err)
{
	const struct request request = {.model = model,
					.table = table,
					.n_rows = table->n_rows,
					.threads = cpus_threads(threads),
					.probabilities = probabilities};

	return score(&request, report, err);
}

enum cln_status judge_rows_read(struct labelled_rows *labelled, const struct cln_table *table, const struct cln_model *model,
				struct cln_error *err)
{
	const char *weight = rows_missing_weight(table, model) ? NULL : model->weight;
	const enum cln_status status = labels_read(labelled, table, &model->label, weight, NULL, err);
	const bool dropped = status == CLN_OK && labelled->n_dropped > 0;

	if (status != CLN_OK || labelled->n > 0)
		return status;
	labelled_rows_free(labelled);
	if (dropped)
		return error_set(err, CLN_E_DATA, "%s: every row's weight is 0 (column \"%s\")", table->source, weight);
	return error_set(err, CLN_E_DATA, "%s: there is no row to evaluate", table->source);
}

enum cln_status judge_table(struct judged *judged, const struct labelled_rows *labelled, const struct cln_model *model,
			    int threads, struct cln_row_report *report, struct cln_error *err)
{
	const size_t n = labelled->n;
	struct request request = {
	    .model = model, .table = labelled->table, .rows = labelled->rows, .n_rows = n, .threads = cpus_threads(threads)};

	*judged = (struct judged){.n = n, .y = labelled->y, .w = labelled->w};
	judged->memory = mem_alloc(n, 2 * sizeof(float), err);
	if (!judged->memory)
		return CLN_E_MEMORY;
	judged->probabilities = request.probabilities = judged->memory;
	judged->logits = request.logits = judged->memory + n;
	return score(&request, report, err);
}

enum cln_status cln_model_evaluate(const struct cln_model *model, const struct cln_table *table, int threads,
				   struct cln_metrics *metrics, struct cln_row_report *report, struct cln_error *err)
{
	struct labelled_rows labelled = {0};
	struct judged judged = {0};
	enum cln_status status = judge_rows_read(&labelled, table, model, err);

	*metrics = (struct cln_metrics){0};
	if (status == CLN_OK)
		status = judge_table(&judged, &labelled, model, threads, report, err);
	if (status == CLN_OK)
		status = judged_measure(metrics, &judged, model->threshold, err);
	judged_free(&judged);
	labelled_rows_free(&labelled);
	return status;
}
