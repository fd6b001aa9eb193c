/* SPDX-License-Identifier: MIT
 * The measures of colonnade.h: of scores in memory, and of models on tables. */
#include "api/evaluate.h"
#include "api/evaluation.h"
#include "api/judge.h"
#include "base/utf8.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- what a caller may hand over */

static enum cln_status check_judging(const struct cln_judging *judging, struct cln_error *err)
{
	if (judging->replicates != CLN_AUTO && judging->replicates > EVALUATION_MOST_REPLICATES)
		return error_set(err, CLN_E_USAGE, "%zu replicates are asked for; at most %d can be had", judging->replicates,
				 EVALUATION_MOST_REPLICATES);
	if (judging->threads < 0 || judging->threads > 1024)
		return error_set(err, CLN_E_USAGE, "threads is %d; it must be a number from 0 to 1024", judging->threads);
	return CLN_OK;
}

static enum cln_status check_labels(const struct cln_labels *labels, struct cln_error *err)
{
	double weight = 0;

	if (labels->n == 0 || labels->n > TABLE_MAX_ROWS)
		return error_set(err, CLN_E_USAGE, "there are %zu rows to evaluate; it must be 1 to %u", labels->n, TABLE_MAX_ROWS);
	for (size_t i = 0; i < labels->n; i++) {
		const double y = (double)labels->y[i], w = labels->w ? (double)labels->w[i] : 1;

		if (y != 0 && y != 1)
			return error_set(err, CLN_E_DATA, "row %zu: the label is %g; it must be 0 or 1", i + 1, y);
		if (!(w >= 0) || isinf(w))
			return error_set(err, CLN_E_DATA, "row %zu: the weight is %g; it must be a number of at least 0", i + 1, w);
		weight += w;
	}
	return weight > 0 ? CLN_OK : error_set(err, CLN_E_DATA, "the weights of all %zu rows are 0", labels->n);
}

static enum cln_status check_scores(const struct cln_scores *scores, size_t n, struct cln_error *err)
{
	if (!(scores->threshold >= 0 && scores->threshold <= 1))
		return error_set(err, CLN_E_USAGE, "the threshold is %g; it must be a number from 0 to 1", scores->threshold);
	for (size_t i = 0; i < n; i++) {
		const double p = (double)scores->probabilities[i];

		if (!(p >= 0 && p <= 1))
			return error_set(err, CLN_E_DATA, "row %zu: the probability is %g; it must be a number from 0 to 1", i + 1,
					 p);
		if (scores->logits && isnan(scores->logits[i]))
			return error_set(err, CLN_E_DATA, "row %zu: the logit is not a number", i + 1);
	}
	return CLN_OK;
}

/* second may be NULL. */
static enum cln_status check_and_compute(struct cln_comparison *comparison, const struct cln_scores *first,
					 const struct cln_scores *second, const struct cln_labels *labels,
					 const struct cln_judging *judging, struct cln_error *err)
{
	enum cln_status status = check_judging(judging, err);

	if (status == CLN_OK)
		status = check_labels(labels, err);
	if (status == CLN_OK)
		status = check_scores(first, labels->n, err);
	if (status == CLN_OK && second)
		status = check_scores(second, labels->n, err);
	if (status == CLN_OK)
		status = evaluation_compute(comparison, NULL, first, second, labels, judging, err);
	if (status != CLN_OK)
		*comparison = (struct cln_comparison){0};
	return status;
}

enum cln_status cln_compare(struct cln_comparison *comparison, const struct cln_scores *first, const struct cln_scores *second,
			    const struct cln_labels *labels, const struct cln_judging *judging, struct cln_error *err)
{
	return check_and_compute(comparison, first, second, labels, judging, err);
}

enum cln_status cln_evaluate(struct cln_evaluation *evaluation, const struct cln_scores *scores, const struct cln_labels *labels,
			     const struct cln_judging *judging, struct cln_error *err)
{
	struct cln_comparison comparison;
	enum cln_status status = check_and_compute(&comparison, scores, NULL, labels, judging, err);

	*evaluation = comparison.first;
	return status;
}

/* ---------------------------------------------------------------- models and tables */

static enum cln_status check_same_label(const struct cln_model *model, const struct cln_model *second, struct cln_error *err)
{
	const struct label *a = &model->label, *b = &second->label;

	if (strcmp(a->column, b->column) == 0 && strcmp(a->negative, b->negative) == 0 && strcmp(a->positive, b->positive) == 0)
		return CLN_OK;
	return error_set(err, CLN_E_DATA,
			 "the models cannot be compared: one tells \"%.*s\" from \"%.*s\" in the column \"%.*s\", the other "
			 "\"%.*s\" from \"%.*s\" in \"%.*s\"",
			 utf8_cut(a->positive, 100), a->positive, utf8_cut(a->negative, 100), a->negative,
			 utf8_cut(a->column, 100), a->column, utf8_cut(b->positive, 100), b->positive,
			 utf8_cut(b->negative, 100), b->negative, utf8_cut(b->column, 100), b->column);
}

static enum cln_status choose(struct threshold_choice *choice, const struct judged *judged, const struct evaluate_task *task,
			      struct cln_error *err)
{
	enum cln_status status = judged_choose_threshold(choice, judged, task->choice, err);

	if (status == CLN_OK && task->choice->threshold_rule != CLN_THRESHOLD_GIVEN && !choice->possible)
		status = error_set(err, CLN_E_DATA, "%s: a threshold is chosen on rows of both classes, and there is one alone",
				   task->table->source);
	return status;
}

static struct cln_scores scores_of(const struct judged *judged, double threshold)
{
	return (struct cln_scores){judged->probabilities, judged->logits, threshold};
}

/* The rows are read, and both models have judged them. */
static enum cln_status measure(struct evaluate_result *result, const struct evaluate_task *task, const struct judged *first,
			       const struct judged *second, struct cln_error *err)
{
	const struct cln_labels labels = {first->y, first->w, first->n};
	enum cln_status status = CLN_OK;

	result->choice = (struct threshold_choice){.threshold = task->model->threshold};
	if (task->choice)
		status = choose(&result->choice, first, task, err);
	if (status != CLN_OK)
		return status;
	const struct cln_scores one = scores_of(first, result->choice.threshold);
	if (!task->second)
		return check_and_compute(&result->comparison, &one, NULL, &labels, &task->judging, err);
	const struct cln_scores two = scores_of(second, task->second->threshold);
	return check_and_compute(&result->comparison, &one, &two, &labels, &task->judging, err);
}

enum cln_status evaluate_models(struct evaluate_result *result, const struct evaluate_task *task, struct cln_error *err)
{
	struct labelled_rows labelled = {0};
	struct judged first = {0}, second = {0};
	enum cln_status status = task->second ? check_same_label(task->model, task->second, err) : CLN_OK;

	*result = (struct evaluate_result){0};
	if (status == CLN_OK)
		status = check_judging(&task->judging, err);
	if (status == CLN_OK)
		status = judge_rows_read(&labelled, task->table, task->model, err);
	if (status == CLN_OK)
		status = judge_table(&first, &labelled, task->model, task->judging.threads, &result->report, err);
	if (status == CLN_OK && task->second)
		status = judge_table(&second, &labelled, task->second, task->judging.threads, NULL, err);
	if (status == CLN_OK)
		status = measure(result, task, &first, &second, err);
	judged_free(&second);
	judged_free(&first);
	labelled_rows_free(&labelled);
	return status;
}

enum cln_status cln_model_compare(const struct cln_model *model, const struct cln_model *second, const struct cln_table *table,
				  const struct cln_judging *judging, struct cln_comparison *comparison,
				  struct cln_row_report *report, struct cln_error *err)
{
	const struct evaluate_task task = {.model = model, .second = second, .table = table, .judging = *judging};
	struct evaluate_result result;
	enum cln_status status = evaluate_models(&result, &task, err);

	*comparison = result.comparison;
	if (report)
		*report = result.report;
	return status;
}

enum cln_status cln_model_measure(const struct cln_model *model, const struct cln_table *table, const struct cln_judging *judging,
				  struct cln_evaluation *evaluation, struct cln_row_report *report, struct cln_error *err)
{
	struct cln_comparison comparison;
	enum cln_status status = cln_model_compare(model, NULL, table, judging, &comparison, report, err);

	*evaluation = comparison.first;
	return status;
}

/* ---------------------------------------------------------------- a new threshold */

/* Whether what lies there now is the model that was judged: it may have been trained anew meanwhile, and is not to be lost. */
static enum cln_status check_unchanged(const char *path, const struct cln_model *stored, const struct cln_model *model,
				       struct cln_error *err)
{
	char *old = NULL, *new = NULL;
	size_t old_length, new_length;
	enum cln_status status = model_encode(&old, &old_length, model, err);

	if (status == CLN_OK)
		status = model_encode(&new, &new_length, stored, err);
	if (status == CLN_OK && (old_length != new_length || memcmp(old, new, old_length) != 0))
		status = error_set(err, CLN_E_IO, "%s has changed since it was read: evaluate it again", path);
	mem_free(new);
	mem_free(old);
	return status;
}

enum cln_status evaluate_check_storable(const char *path, struct cln_error *err)
{
	return model_replaceable(path, err);
}

enum cln_status evaluate_store_threshold(const char *path, const struct cln_model *model, double threshold,
					 void (*guard)(const char *temporary), struct cln_error *err)
{
	struct cln_model *stored = NULL;
	enum cln_status status = cln_model_load(&stored, path, err);

	if (status == CLN_OK)
		status = check_unchanged(path, stored, model, err);
	if (status == CLN_OK)
		status = cln_model_set_threshold(stored, threshold, err);
	if (status == CLN_OK)
		status = model_replace(stored, path, guard, err);
	cln_model_destroy(stored);
	return status;
}
