/* SPDX-License-Identifier: MIT */
#include "api/judge.h"

#include "api/calibrate.h"

#include <math.h>

enum cln_status judge_dataset(struct judged *judged, const struct scorer *scorer, const struct dataset *dataset, const float *w,
			      struct cln_error *err)
{
	const size_t n = dataset->n_rows;

	*judged = (struct judged){.n = n, .y = dataset->y, .w = w};
	if (n == 0)
		return CLN_OK;
	judged->memory = mem_alloc(n, 2 * sizeof(float), err);
	if (!judged->memory)
		return CLN_E_MEMORY;
	judged->probabilities = judged->memory;
	judged->logits = judged->memory + n;
	return scores_compute(judged->memory, judged->memory + n, scorer, dataset->X, n, err);
}

struct scorer scorer_of_fold(const struct network **chosen, const struct scorer *scorer, size_t fold, size_t n_folds)
{
	struct scorer of_fold = *scorer;

	of_fold.networks = chosen;
	of_fold.K = 0;
	for (size_t k = fold; k < scorer->K; k += n_folds)
		chosen[of_fold.K++] = scorer->networks[k];
	return of_fold;
}

/* Appends the rows of a fold.  n: how many there will be in all. */
static enum cln_status add_fold(struct judged *judged, const struct scorer *scorer, const struct dataset *valid, size_t n,
				struct cln_error *err)
{
	const struct some_rows rows = {.X = valid->X, .rows = valid->rows, .n = valid->n_rows};
	float *next = judged->memory + judged->n;

	for (size_t i = 0; i < valid->n_rows; i++) {
		next[2 * n + i] = valid->y[valid->rows[i]];
		if (valid->w)
			next[3 * n + i] = valid->w[valid->rows[i]];
	}
	judged->n += valid->n_rows;
	return scores_of_rows(next, next + n, scorer, &rows, err);
}

static enum cln_status judge_folds(struct judged *judged, const struct scorer *scorer, const struct prepared *data,
				   struct cln_error *err)
{
	const size_t n_folds = prepared_folds(data), n_judged = scorer->K < n_folds ? scorer->K : n_folds;
	const struct network *chosen[CLN_MAX_ENSEMBLE];
	enum cln_status status = CLN_OK;
	size_t n = 0;

	*judged = (struct judged){0};
	for (size_t fold = 0; fold < n_judged; fold++)
		n += data->train_rows - prepared_train_rows(data, fold);
	judged->memory = mem_alloc(n, 4 * sizeof(float), err);
	if (!judged->memory)
		return CLN_E_MEMORY;
	judged->probabilities = judged->memory;
	judged->logits = judged->memory + n;
	judged->y = judged->memory + 2 * n;
	judged->w = data->train_row_weights ? judged->memory + 3 * n : NULL;
	for (size_t fold = 0; fold < n_judged && status == CLN_OK; fold++) {
		const struct scorer of_fold = scorer_of_fold(chosen, scorer, fold, n_folds);
		struct member_rows rows;

		status = prepared_member_rows(&rows, data, fold, err);
		if (status != CLN_OK)
			break;
		status = add_fold(judged, &of_fold, &rows.valid, n, err);
		member_rows_free(&rows);
	}
	return status;
}

enum cln_status judge_valid(struct judged *judged, const struct scorer *scorer, const struct prepared *data, struct cln_error *err)
{
	return prepared_folds(data) ? judge_folds(judged, scorer, data, err)
				    : judge_dataset(judged, scorer, &data->valid, data->valid.w, err);
}

enum cln_status judged_calibrate(double *temperature, struct judged *judged, int threads, struct cln_error *err)
{
	enum cln_status status = calibrate_temperature(temperature, judged->logits, judged->y, judged->w, judged->n, threads, err);

	for (size_t i = 0; i < judged->n && status == CLN_OK && *temperature != 1; i++)
		calibrate_row(&judged->probabilities[i], &judged->logits[i], *temperature);
	return status;
}

enum cln_status judged_choose_threshold(struct threshold_choice *choice, const struct judged *judged,
					const struct cln_config *config, struct cln_error *err)
{
	*choice = (struct threshold_choice){.threshold = config->threshold};
	if (config->threshold_rule == CLN_THRESHOLD_GIVEN)
		return CLN_OK;
	return threshold_choose(choice, config, judged->probabilities, judged->y, judged->w, judged->n, err);
}

enum cln_status judged_measure(struct cln_metrics *metrics, const struct judged *judged, double threshold, struct cln_error *err)
{
	const struct scored scored = {judged->logits, judged->probabilities};

	*metrics = (struct cln_metrics){0};
	return judged->n ? metrics_of_scores(metrics, &scored, judged->y, judged->w, judged->n, threshold, err) : CLN_OK;
}

/* ---------------------------------------------------------------- rows without a logit */

/* Of the columns that give features the one that gives the largest by size; numbers of levels are none. */
static size_t largest_feature(const float *x, const struct pipeline *pipeline)
{
	size_t largest = 0, i = 0;
	float most = -1;

	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];

		for (size_t k = column->numbered; k < column->n_features; k++) {
			const float size = fabsf(x[column->first_feature + k]);
			if (size > most) {
				most = size;
				largest = i;
			}
		}
		i += column->n_features > 0;
	}
	return largest;
}

static void name_row(struct cln_error *err, size_t i, const struct cln_table *table, uint32_t row, const struct column *cells)
{
	const size_t column = (size_t)(cells - table->columns);
	char place[TABLE_PLACE], text[TABLE_CELL];

	table_place(place, table, row, column);
	table_cell(text, table, row, column);
	error_list_add(err, i,
		       "%s: the row's logit is not a number (\"%s\", column \"%s\"; the cell with its largest feature, most likely "
		       "too large for the network: a training with --scale standardise or robust bears it)",
		       place, text, cells->name);
}

/* rows: the first of n_all. */
static enum cln_status name_rows(const uint32_t *rows, size_t n, size_t n_all, const struct judged_rows *of, struct cln_error *err)
{
	const struct pipeline *pipeline = of->pipeline;
	const size_t n_features = pipeline->n_features;
	struct cln_row_report report = {0};
	struct pipeline_reader *reader;
	float *X = mem_alloc(n, n_features * sizeof *X, err);
	enum cln_status status = X ? pipeline_reader_create(&reader, pipeline, of->table, rows, n, err) : CLN_E_MEMORY;

	if (status == CLN_OK) {
		status = pipeline_read(X, reader, rows, 0, n, 1, &report, err);
		for (size_t i = 0; i < n && status == CLN_OK; i++)
			name_row(err, i, of->table, rows[i], pipeline_cells(reader, largest_feature(X + i * n_features, pipeline)));
		pipeline_reader_destroy(reader);
	}
	mem_free(X);
	return status == CLN_OK ? error_list_end(err, n, n_all) : status;
}

enum cln_status judge_check_numbers(const float *logits, size_t n, const struct judged_rows *of, struct cln_error *err)
{
	uint32_t first[ERRORS_TOLD];
	size_t n_first = 0, n_all = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isnan(logits[i]))
			continue;
		if (n_all++ < ERRORS_TOLD)
			first[n_first++] = of->rows ? of->rows[i] : (uint32_t)i;
	}
	return n_all ? name_rows(first, n_first, n_all, of, err) : CLN_OK;
}

void judged_free(struct judged *judged)
{
	mem_free(judged->memory);
	*judged = (struct judged){0};
}
