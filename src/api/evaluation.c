/* SPDX-License-Identifier: MIT */
#include "api/evaluation.h"

#include "api/delong.h"
#include "api/intervals.h"
#include "api/measures.h"
#include "base/cpus.h"
#include "base/parallel.h"
#include "train/metrics.h"

#include <math.h>

#define USUAL_REPLICATES 1000
#define LEAST_REPLICATES 200
#define USUAL_DRAWS 200000000 /* replicates times rows */

size_t evaluation_replicates(size_t n_rows)
{
	const size_t affordable = USUAL_DRAWS / (n_rows ? n_rows : 1);

	return affordable >= USUAL_REPLICATES ? USUAL_REPLICATES
	       : affordable > LEAST_REPLICATES ? affordable
					       : LEAST_REPLICATES;
}

/* One of the models that are judged. */
struct subject {
	const struct cln_scores *scores;
	struct cln_evaluation *evaluation;
	struct scored_rows rows;
	struct measure_sums sums;
	double *replicates; /* n_replicates x CLN_N_MEASURES */
	double *influence;  /* a row; NULL: a class is absent */
};

/* ---------------------------------------------------------------- the sample */

/* Log loss, AUC and accuracy as training reports them, to the bit: by the same function. */
static enum cln_status use_training_metrics(struct cln_evaluation *evaluation, const struct cln_scores *scores,
					    const struct cln_labels *labels, struct cln_error *err)
{
	struct cln_metrics metrics;
	const struct scored scored = {scores->logits, scores->probabilities};
	enum cln_status status = metrics_of_scores(&metrics, &scored, labels->y, labels->w, labels->n, scores->threshold, err);

	evaluation->measures[CLN_MEASURE_LOG_LOSS].value = metrics.log_loss;
	evaluation->measures[CLN_MEASURE_AUC].value = metrics.auc;
	evaluation->measures[CLN_MEASURE_ACCURACY].value = metrics.accuracy;
	return status;
}

static void set_values(struct cln_evaluation *evaluation, const struct measure_sums *sums)
{
	double values[CLN_N_MEASURES];

	measures_of_sums(values, sums);
	for (int m = 0; m < CLN_N_MEASURES; m++) {
		struct cln_estimate *estimate = &evaluation->measures[m];

		*estimate = (struct cln_estimate){.value = values[m], .low = NAN, .high = NAN};
		if (isnan(values[m]))
			estimate->reason = measures_reason((enum cln_measure)m, sums);
	}
	evaluation->positive_weight = sums->TP + sums->FN;
	evaluation->weight = evaluation->positive_weight + sums->TN + sums->FP;
}

static enum cln_status judge_sample(struct subject *subject, const struct cln_labels *labels, struct cln_error *err)
{
	struct cln_evaluation *evaluation = subject->evaluation;
	enum cln_status status = scored_rows_create(&subject->rows, subject->scores, labels, err);

	if (status != CLN_OK)
		return status;
	replicates_sum_sample(&subject->sums, &subject->rows);
	set_values(evaluation, &subject->sums);
	evaluation->rows = labels->n;
	evaluation->threshold = subject->scores->threshold;
	return subject->scores->logits ? use_training_metrics(evaluation, subject->scores, labels, err) : CLN_OK;
}

/* ---------------------------------------------------------------- DeLong */

/* A NaN stays one. */
static double within(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

static enum cln_status judge_auc(struct subject *subject, const struct cln_labels *labels, struct cln_error *err)
{
	struct cln_estimate *auc = &subject->evaluation->measures[CLN_MEASURE_AUC];

	if (isnan(auc->value))
		return CLN_OK;
	subject->influence = mem_alloc(labels->n, sizeof *subject->influence, err);
	if (!subject->influence)
		return CLN_E_MEMORY;
	delong_influence(subject->influence, &subject->rows);
	const struct interval interval = interval_of_error(auc->value, delong_error(subject->influence, NULL, labels));
	auc->low = within(interval.low, 0, 1);
	auc->high = within(interval.high, 0, 1);
	return CLN_OK;
}

/* ---------------------------------------------------------------- the bootstrap */

struct drawing {
	struct subject *subject;
	size_t n;
	uint64_t seed;
	struct replicates_counts *kept; /* n_kept a thread */
	size_t n_kept;
};

static void draw_body(void *argument, size_t group, int tid)
{
	const struct drawing *drawing = argument;
	struct subject *subject = drawing->subject;
	struct measure_sums sums[REPLICATES];

	replicates_sum(sums, &subject->rows, drawing->seed, (uint32_t)group, drawing->kept + (size_t)tid * drawing->n_kept);
	for (size_t r = 0; r < REPLICATES && group * REPLICATES + r < drawing->n; r++) {
		double *values = subject->replicates + (group * REPLICATES + r) * CLN_N_MEASURES;
		const double weight = sums[r].TP + sums[r].FP + sums[r].TN + sums[r].FN;

		measures_of_sums(values, &sums[r]);
		for (int m = CLN_MEASURE_TRUE_POSITIVES; m < CLN_N_MEASURES; m++) /* as if all replicates weighed the same */
			values[m] *= subject->evaluation->weight / weight;
	}
}

static enum cln_status draw_replicates(struct subject *subject, size_t n, const struct cln_judging *judging, struct cln_error *err)
{
	const size_t n_groups = (n + REPLICATES - 1) / REPLICATES;
	const int allowed = cpus_threads(judging->threads);
	const size_t threads = n_groups < (size_t)allowed ? n_groups : (size_t)allowed;
	struct drawing drawing = {
	    .subject = subject, .n = n, .seed = judging->seed, .n_kept = replicates_kept(&subject->rows)};

	subject->evaluation->replicates = n;
	subject->evaluation->seed = judging->seed;
	subject->replicates = mem_alloc(n, CLN_N_MEASURES * sizeof *subject->replicates, err);
	if (subject->replicates)
		drawing.kept = mem_alloc(threads * drawing.n_kept, sizeof *drawing.kept, err);
	if (!drawing.kept)
		return CLN_E_MEMORY;
	parallel_for((int)threads, n_groups, draw_body, &drawing);
	mem_free(drawing.kept);
	return CLN_OK;
}

/* Measures that are greatest or absolute values lie above the truth in every sample, by chance, and in a replicate, a sample of the
 * sample, once more: the percentiles are above it twice.  They are reflected about the sample's value, which takes both away (the
 * basic bootstrap: Davison & Hinkley, Bootstrap Methods, 1997, section 2.4). */
static bool is_biased(int measure)
{
	return measure == CLN_MEASURE_CALIBRATION_ERROR || measure == CLN_MEASURE_KS;
}

/* One measure's replicates, or the differences of two models'; value: the sample's. */
static void gather(double *values, const double *first, const double *second, size_t n, int m, double value)
{
	for (size_t b = 0; b < n; b++) {
		const size_t at = b * CLN_N_MEASURES + (size_t)m;
		const double replicate = second ? first[at] - second[at] : first[at];

		values[b] = is_biased(m) ? 2 * value - replicate : replicate;
	}
}

static void set_intervals(struct subject *subject, double *scratch)
{
	const size_t n = subject->evaluation->replicates;

	for (int m = 0; m < CLN_N_MEASURES; m++) {
		struct cln_estimate *estimate = &subject->evaluation->measures[m];

		if (m == CLN_MEASURE_AUC || isnan(estimate->value))
			continue;
		gather(scratch, subject->replicates, NULL, n, m, estimate->value);
		const struct interval interval = interval_of_replicates(scratch, n);
		estimate->low = is_biased(m) ? within(interval.low, 0, 1) : interval.low;
		estimate->high = is_biased(m) ? within(interval.high, 0, 1) : interval.high;
	}
}

/* ---------------------------------------------------------------- both models */

static void compare_auc(struct cln_difference *difference, const struct subject *first, const struct subject *second,
			const struct cln_labels *labels)
{
	if (!first->influence || !second->influence)
		return;
	const double error = delong_error(first->influence, second->influence, labels);
	const struct interval interval = interval_of_error(difference->value, error);

	difference->low = interval.low;
	difference->high = interval.high;
	difference->p_value = p_value_of_error(difference->value, error);
}

static void compare_subjects(struct cln_comparison *comparison, const struct subject *first, const struct subject *second,
			     const struct cln_labels *labels, double *scratch)
{
	const size_t n = comparison->first.replicates;

	for (int m = 0; m < CLN_N_MEASURES; m++) {
		struct cln_difference *difference = &comparison->differences[m];
		const double value = comparison->first.measures[m].value - comparison->second.measures[m].value;

		*difference = (struct cln_difference){value, NAN, NAN, NAN};
		if (isnan(value) || m == CLN_MEASURE_AUC)
			continue;
		gather(scratch, first->replicates, second->replicates, n, m, value);
		const struct interval interval = interval_of_replicates(scratch, n);
		difference->low = interval.low;
		difference->high = interval.high;
		difference->p_value = p_value_of_replicates(scratch, n);
	}
	compare_auc(&comparison->differences[CLN_MEASURE_AUC], first, second, labels);
}

static enum cln_status judge_subject(struct subject *subject, const struct cln_labels *labels, const struct cln_judging *judging,
				     double *scratch, size_t n_replicates, struct cln_error *err)
{
	enum cln_status status = judge_sample(subject, labels, err);

	if (status == CLN_OK)
		status = judge_auc(subject, labels, err);
	if (status == CLN_OK)
		status = draw_replicates(subject, n_replicates, judging, err);
	if (status == CLN_OK)
		set_intervals(subject, scratch);
	return status;
}

static void free_subject(struct subject *subject)
{
	scored_rows_free(&subject->rows);
	mem_free(subject->replicates);
	mem_free(subject->influence);
}

enum cln_status evaluation_compute(struct cln_comparison *comparison, struct scored_rows *sorted, const struct cln_scores *first,
				   const struct cln_scores *second, const struct cln_labels *labels,
				   const struct cln_judging *judging, struct cln_error *err)
{
	const size_t n = judging->replicates == CLN_AUTO ? evaluation_replicates(labels->n) : judging->replicates;
	struct subject one = {.scores = first, .evaluation = &comparison->first};
	struct subject two = {.scores = second, .evaluation = &comparison->second};
	double *scratch = mem_alloc(n, sizeof *scratch, err);
	enum cln_status status = scratch ? CLN_OK : CLN_E_MEMORY;

	*comparison = (struct cln_comparison){0};
	if (status == CLN_OK)
		status = judge_subject(&one, labels, judging, scratch, n, err);
	if (!sorted)
		scored_rows_free(&one.rows);
	if (status == CLN_OK && second)
		status = judge_subject(&two, labels, judging, scratch, n, err);
	if (status == CLN_OK && second)
		compare_subjects(comparison, &one, &two, labels, scratch);
	if (sorted) {
		*sorted = status == CLN_OK ? one.rows : (struct scored_rows){0};
		one.rows = status == CLN_OK ? (struct scored_rows){0} : one.rows;
	}
	free_subject(&one);
	free_subject(&two);
	mem_free(scratch);
	return status;
}
