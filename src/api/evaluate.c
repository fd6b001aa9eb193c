/* SPDX-License-Identifier: MIT
 * cln_model_predict and cln_model_evaluate: rows of a table through pipeline and network, a chunk at a time. */
#include <string.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "kernels/dispatch.h"
#include "model/model.h"
#include "train/metrics.h"
#include "train/predict.h"

/* Rows whose features are in memory at a time: 8 MB of them, in whole chunks of the forward pass. */
static size_t rows_at_a_time(size_t n_features)
{
	size_t rows = ((size_t)1 << 21) / n_features;

	return rows < 256 ? 256 : rows / 256 * 256;
}

static int threads_of(int threads) { return parallel_limit(threads > 0 ? threads : cln_threads_allowed(NULL)); }

/* What the table has besides the model's columns, the label and the weight. */
static size_t extra_columns(const struct cln_model *model, const struct cln_table *table, const struct pipeline_reader *reader)
{
	size_t n = pipeline_extra_columns(reader);

	for (size_t c = 0; c < table->n_columns; c++) {
		const struct column *column = &table->columns[c];

		if (n > 0 && (!column->ignored || column->not_asked_for) &&
		    (strcmp(column->name, model->label.column) == 0 || (model->weight && strcmp(column->name, model->weight) == 0)))
			n--;
	}
	return n;
}

/* logits[i] of table row rows[i] (rows = NULL: i).  X: room for rows_at_a_time rows of features. */
static enum cln_status logits_in_chunks(float *logits, float *X, const struct cln_model *model,
					const struct pipeline_reader *reader, const uint32_t *rows, size_t n_rows, int threads,
					struct cln_row_report *report, struct cln_error *err)
{
	size_t chunk = rows_at_a_time(model->pipeline->n_features);
	const struct kernels *kernels;
	enum cln_status status = kernels_select(&kernels, model->isa, err);

	for (size_t begin = 0; begin < n_rows && status == CLN_OK; begin += chunk) {
		size_t m = n_rows - begin < chunk ? n_rows - begin : chunk;

		status = pipeline_read(X, reader, rows ? rows + begin : NULL, begin, m, threads, report, err);
		if (status == CLN_OK)
			status = predict_logits(logits + begin, model->network, kernels, X, m, threads, err);
	}
	return status;
}

static enum cln_status compute_logits(float *logits, const struct cln_model *model, const struct cln_table *table,
				      const uint32_t *rows, size_t n_rows, int threads, struct cln_row_report *report,
				      struct cln_error *err)
{
	size_t n_features = model->pipeline->n_features, chunk = rows_at_a_time(n_features);
	struct cln_row_report own = {0};
	struct pipeline_reader *reader;
	float *X = NULL;
	enum cln_status status = pipeline_reader_create(&reader, model->pipeline, table, rows, n_rows, err);

	if (status != CLN_OK)
		return status;
	own.extra_columns = extra_columns(model, table, reader);
	X = mem_alloc(n_rows < chunk ? n_rows : chunk, n_features * sizeof *X, err);
	status = X ? logits_in_chunks(logits, X, model, reader, rows, n_rows, threads, &own, err) : CLN_E_MEMORY;
	if (report)
		*report = own;
	mem_free(X);
	pipeline_reader_destroy(reader);
	return status;
}

enum cln_status cln_model_predict(const struct cln_model *model, const struct cln_table *table, int threads, float *probabilities,
                                  struct cln_row_report *report, struct cln_error *err)
{
	enum cln_status status = compute_logits(probabilities, model, table, NULL, table->n_rows, threads_of(threads), report, err);

	for (size_t i = 0; status == CLN_OK && i < table->n_rows; i++)
		probabilities[i] = (float)dmath_sigmoid((double)probabilities[i]);
	return status;
}

enum cln_status cln_model_evaluate(const struct cln_model *model, const struct cln_table *table, int threads,
				   struct cln_metrics *metrics, struct cln_row_report *report, struct cln_error *err)
{
	uint32_t *rows;
	float *y, *w, *logits = NULL;
	size_t n_rows, n_dropped;
	enum cln_status status = labels_read(&rows, &y, &w, &n_rows, &n_dropped, table, &model->label, model->weight, err);

	*metrics = (struct cln_metrics){0};
	if (status != CLN_OK)
		return status;
	if (n_rows == 0)
		status = error_set(err, CLN_E_DATA, "%s: there is no row to evaluate", table->source);
	if (status == CLN_OK) {
		logits = mem_alloc(n_rows, sizeof *logits, err);
		status = logits ? CLN_OK : CLN_E_MEMORY;
	}
	if (status == CLN_OK)
		status = compute_logits(logits, model, table, rows, n_rows, threads_of(threads), report, err);
	if (status == CLN_OK)
		status = metrics_compute(metrics, logits, y, w, n_rows, model->threshold, err);
	mem_free(logits);
	mem_free(w);
	mem_free(y);
	mem_free(rows);
	return status;
}
