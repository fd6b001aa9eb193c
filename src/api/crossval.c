/* SPDX-License-Identifier: MIT */
#include "api/crossval.h"

#include <math.h>
#include <string.h>

#include "api/fold_cut.h"
#include "api/judge.h"

/* ---------------------------------------------------------------- set-up */

static enum cln_status read_labels(struct crossval *crossval, struct cln_error *err)
{
	const struct cln_config *config = crossval->config;
	const struct cln_table *table = crossval->table;
	const enum cln_status status =
	    label_find(&crossval->label, table, config->label, config->positive, config->weight, NULL, err);

	if (status != CLN_OK)
		return status;
	return labels_read(&crossval->all, table, &crossval->label,
			   config->weight ? table->columns[table_find(table, config->weight)].name : NULL, NULL, err);
}

static void forget(float *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		values[i] = NAN;
}

/* Room for what the models will say. */
static enum cln_status create_scores(struct crossval *crossval, struct cln_error *err)
{
	const size_t n = crossval->R * crossval->all.n;

	crossval->probabilities = mem_alloc(n, sizeof *crossval->probabilities, err);
	crossval->logits = crossval->probabilities ? mem_alloc(n, sizeof *crossval->logits, err) : NULL;
	crossval->thresholds = crossval->logits ? mem_alloc(crossval_fits(crossval), sizeof *crossval->thresholds, err) : NULL;
	if (!crossval->thresholds)
		return CLN_E_MEMORY;
	forget(crossval->probabilities, n);
	forget(crossval->logits, n);
	return CLN_OK;
}

enum cln_status crossval_create(struct crossval *crossval, struct cln_table *table, const struct cln_config *config,
				const struct crossval_folding *folding, struct cln_error *err)
{
	*crossval = (struct crossval){.table = table, .config = config};
	enum cln_status status = read_labels(crossval, err);

	if (status == CLN_OK)
		status = fold_cut(crossval, folding, err);
	if (status == CLN_OK)
		status = create_scores(crossval, err);
	if (status != CLN_OK)
		crossval_free(crossval);
	return status;
}

void crossval_free(struct crossval *crossval)
{
	label_free(&crossval->label);
	labelled_rows_free(&crossval->all);
	mem_free(crossval->fold_of_row);
	mem_free(crossval->probabilities);
	mem_free(crossval->logits);
	mem_free(crossval->thresholds);
	*crossval = (struct crossval){0};
}

/* ---------------------------------------------------------------- a fit */

static const uint32_t *folds_of(const struct crossval *crossval, size_t fit)
{
	return crossval->fold_of_row + fit / crossval->K * crossval->table->n_rows;
}

size_t crossval_rows_of(uint32_t *places, const struct crossval *crossval, size_t fit)
{
	const uint32_t *fold_of_row = folds_of(crossval, fit);
	size_t n = 0;

	for (size_t i = 0; i < crossval->all.n; i++)
		if (fold_of_row[crossval->all.rows[i]] == fit % crossval->K)
			places[n++] = (uint32_t)i;
	return n;
}

/* The rows that a fit leaves out, as a judge wants them. */
struct left_out {
	uint32_t *places;
	struct labelled_rows rows;
};

static void left_out_free(struct left_out *left_out)
{
	mem_free(left_out->places);
	labelled_rows_free(&left_out->rows);
}

static enum cln_status left_out_find(struct left_out *left_out, const struct crossval *crossval, size_t fit, struct cln_error *err)
{
	uint32_t *places = mem_alloc(crossval->all.n, sizeof *places, err);
	enum cln_status status;

	*left_out = (struct left_out){.places = places};
	if (!places)
		return CLN_E_MEMORY;
	status = labelled_rows_choose(&left_out->rows, &crossval->all, places, crossval_rows_of(places, crossval, fit), err);
	if (status != CLN_OK)
		left_out_free(left_out);
	return status;
}

/* The model's scores of the rows that it has not seen. */
static enum cln_status predict(struct crossval *crossval, size_t fit, const struct cln_model *model, struct cln_error *err)
{
	const size_t first = fit / crossval->K * crossval->all.n;
	struct left_out left_out;
	struct judged judged = {0};
	enum cln_status status = left_out_find(&left_out, crossval, fit, err);

	if (status != CLN_OK)
		return status;
	status = judge_table(&judged, &left_out.rows, model, crossval->config->threads, NULL, err);
	for (size_t i = 0; i < left_out.rows.n && status == CLN_OK; i++) {
		crossval->probabilities[first + left_out.places[i]] = judged.probabilities[i];
		crossval->logits[first + left_out.places[i]] = judged.logits[i];
	}
	judged_free(&judged);
	left_out_free(&left_out);
	return status;
}

enum cln_status crossval_fit(struct crossval *crossval, size_t fit, const struct cln_observer *observer, double *seconds,
			     struct cln_error *err)
{
	struct cln_config config = *crossval->config;
	struct cln_fit_summary summary;
	struct cln_model *model;

	config.fold_of_row = folds_of(crossval, fit);
	config.left_out = (uint32_t)(fit % crossval->K);
	enum cln_status status = cln_model_fit(&model, crossval->table, NULL, NULL, NULL, &config, observer, &summary, err);
	if (status != CLN_OK) {
		cln_model_destroy(model);
		return status;
	}
	*seconds = summary.seconds;
	crossval->thresholds[fit] = cln_model_threshold(model);
	status = predict(crossval, fit, model, err);
	cln_model_destroy(model);
	return status;
}

/* ---------------------------------------------------------------- measures */

enum cln_status crossval_measure_fit(struct cln_evaluation *evaluation, const struct crossval *crossval, size_t fit,
				     struct cln_error *err)
{
	const size_t first = fit / crossval->K * crossval->all.n;
	const struct cln_judging judging = {.replicates = 0, .seed = crossval->config->seed, .threads = crossval->config->threads};
	struct left_out left_out;
	enum cln_status status = left_out_find(&left_out, crossval, fit, err);

	if (status != CLN_OK)
		return status;
	float *scores = mem_alloc(left_out.rows.n, 2 * sizeof *scores, err), *logits = scores ? scores + left_out.rows.n : NULL;
	for (size_t i = 0; i < left_out.rows.n && scores; i++) {
		scores[i] = crossval->probabilities[first + left_out.places[i]];
		logits[i] = crossval->logits[first + left_out.places[i]];
	}
	status = scores ? cln_evaluate(evaluation, &(struct cln_scores){scores, logits, crossval->thresholds[fit]},
				       &(struct cln_labels){left_out.rows.y, left_out.rows.w, left_out.rows.n}, &judging, err)
			: CLN_E_MEMORY;
	mem_free(scores);
	left_out_free(&left_out);
	return status;
}

static double mean_threshold(const struct crossval *crossval)
{
	double sum = 0;

	for (size_t f = 0; f < crossval_fits(crossval); f++)
		sum += crossval->thresholds[f];
	return sum / (double)crossval_fits(crossval);
}

/* Means over repeats of one repeat are its values; of several the probabilities are averaged, and have no finer logits. */
enum cln_status crossval_measure(struct cln_evaluation *evaluation, const struct crossval *crossval,
				 const struct cln_judging *judging, struct cln_error *err)
{
	const size_t n = crossval->all.n;
	float *mean = mem_alloc(n, sizeof *mean, err);

	if (!mean)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < n; i++) {
		double sum = 0;
		for (size_t r = 0; r < crossval->R; r++)
			sum += (double)crossval->probabilities[r * n + i];
		mean[i] = (float)(sum / (double)crossval->R);
	}
	const struct cln_scores scores = {mean, crossval->R == 1 ? crossval->logits : NULL, mean_threshold(crossval)};
	const enum cln_status status =
	    cln_evaluate(evaluation, &scores, &(struct cln_labels){crossval->all.y, crossval->all.w, n}, judging, err);
	mem_free(mean);
	return status;
}

struct crossval_spread crossval_spread_of(const double *values, size_t n)
{
	struct crossval_spread spread = {0, NAN};
	double squares = 0;

	for (size_t i = 0; i < n; i++)
		spread.mean += values[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += (values[i] - spread.mean) * (values[i] - spread.mean);
	if (n > 1)
		spread.deviation = sqrt(squares / (double)(n - 1));
	return spread;
}
