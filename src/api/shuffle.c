/* SPDX-License-Identifier: MIT */
#include "api/shuffle.h"

#include "api/delong.h"
#include "api/intervals.h"
#include "base/parallel.h"
#include "train/metrics.h"

#include <math.h>
#include <string.h>

#define AT_A_TIME 16 /* repeats whose scores are in memory */

enum { LOSS, AUC, N_VALUES };

/* One repeat. */
struct repeat {
	uint32_t *places;   /* row i gets the cell of row places[i], ... */
	uint32_t *donors;   /* ... which is this row of X */
	float *probabilities, *logits;
	double *u[N_VALUES];
	double value[N_VALUES];
	struct cln_error failed; /* code CLN_OK: all went well */
};

/* Sums over the repeats of a column. */
struct sums {
	double *a;             /* R times that of each row */
	double squares;        /* of u */
	double value, squares_of_values;
};

struct shuffling {
	const struct shuffle_task *task;
	uint32_t *rows;        /* of X: of all parts */
	double weight, positive_weight;
	struct repeat before;  /* the rows as they are: value, and the losses in u[LOSS], the influences in u[AUC] */
	struct repeat repeats[AT_A_TIME];
	struct sums sums[N_VALUES];
	size_t column, first;  /* of those under way: which column, and the first repeat's number */
	bool both;             /* classes are there */
};

/* ---------------------------------------------------------------- memory */

static enum cln_status repeat_create(struct repeat *repeat, size_t n, struct cln_error *err)
{
	repeat->places = mem_alloc(n, 2 * sizeof *repeat->places, err);
	repeat->probabilities = mem_alloc(n, 2 * sizeof *repeat->probabilities, err);
	repeat->u[LOSS] = mem_alloc(n, 2 * sizeof(double), err);
	if (!repeat->places || !repeat->probabilities || !repeat->u[LOSS])
		return CLN_E_MEMORY;
	repeat->donors = repeat->places + n;
	repeat->logits = repeat->probabilities + n;
	repeat->u[AUC] = repeat->u[LOSS] + n;
	return CLN_OK;
}

static void repeat_free(struct repeat *repeat)
{
	mem_free(repeat->places);
	mem_free(repeat->probabilities);
	mem_free(repeat->u[LOSS]);
}

static void free_all(struct shuffling *shuffling)
{
	repeat_free(&shuffling->before);
	for (size_t r = 0; r < AT_A_TIME; r++)
		repeat_free(&shuffling->repeats[r]);
	mem_free(shuffling->sums[LOSS].a);
	mem_free(shuffling->rows);
}

static enum cln_status create_all(struct shuffling *shuffling, struct cln_error *err)
{
	const struct shuffle_task *task = shuffling->task;
	const size_t n = task->n, R = task->repeats < AT_A_TIME ? task->repeats : AT_A_TIME;
	enum cln_status status = repeat_create(&shuffling->before, n, err);

	for (size_t r = 0; r < R && status == CLN_OK; r++)
		status = repeat_create(&shuffling->repeats[r], n, err);
	shuffling->rows = mem_alloc(n, sizeof *shuffling->rows, err);
	shuffling->sums[LOSS].a = mem_alloc(n, 2 * sizeof(double), err);
	if (status != CLN_OK || !shuffling->rows || !shuffling->sums[LOSS].a)
		return CLN_E_MEMORY;
	shuffling->sums[AUC].a = shuffling->sums[LOSS].a + n;
	for (size_t part = 0, at = 0; part < task->n_parts; at += task->parts[part++].n)
		memcpy(shuffling->rows + at, task->parts[part].rows, task->parts[part].n * sizeof *shuffling->rows);
	for (size_t i = 0; i < n; i++) {
		const double w = task->w ? (double)task->w[i] : 1;
		shuffling->weight += w;
		shuffling->positive_weight += task->y[i] > 0.5f ? w : 0;
	}
	shuffling->both = shuffling->positive_weight > 0 && shuffling->positive_weight < shuffling->weight;
	return CLN_OK;
}

/* ---------------------------------------------------------------- scores */

/* column: NULL for the rows as they are. */
static enum cln_status score(const struct repeat *repeat, const struct shuffling *shuffling, const struct pipeline_column *column,
			     struct cln_error *err)
{
	const struct shuffle_task *task = shuffling->task;
	enum cln_status status = CLN_OK;

	for (size_t part = 0, at = 0; part < task->n_parts && status == CLN_OK; at += task->parts[part++].n) {
		struct some_rows some = {.X = task->X, .rows = task->parts[part].rows, .n = task->parts[part].n};

		if (column) {
			some.donors = repeat->donors + at;
			some.first = column->first_feature;
			some.n_swapped = column->n_features;
		}
		status = scores_of_rows(repeat->probabilities + at, repeat->logits + at, &task->parts[part].scorer, &some, err);
	}
	if (status != CLN_OK)
		return status;
	return task->of && !column ? judge_check_numbers(repeat->logits, task->n, task->of, err)
				   : sample_check_logits(repeat->logits, task->n, task->of ? task->of->rows : NULL, err);
}

/* The loss of each row in u[LOSS], its influence on the AUC in u[AUC], and the AUC. */
static enum cln_status judge(struct repeat *repeat, const struct shuffling *shuffling)
{
	const struct shuffle_task *task = shuffling->task;
	const struct cln_scores scores = {repeat->probabilities, repeat->logits, 0.5};
	const struct cln_labels labels = {task->y, task->w, task->n};
	struct scored_rows scored;
	enum cln_status status = scored_rows_create(&scored, &scores, &labels, &repeat->failed);

	if (status != CLN_OK)
		return status;
	for (size_t i = 0; i < scored.n; i++)
		repeat->u[LOSS][scored.rows[i].row] = scored.rows[i].loss;
	repeat->value[AUC] = shuffling->both ? delong_influence(repeat->u[AUC], &scored) : NAN;
	scored_rows_free(&scored);
	return CLN_OK;
}

/* ---------------------------------------------------------------- a repeat */

static void draw_body(void *argument, size_t r, int tid)
{
	struct shuffling *shuffling = argument;
	struct repeat *repeat = &shuffling->repeats[r];
	struct rng rng;

	(void)tid;
	rng_start(&rng, shuffling->task->seed, RNG_IMPORTANCE, (uint32_t)(shuffling->first + r), (uint32_t)shuffling->column + 1);
	rng_permutation(repeat->places, shuffling->task->n, &rng);
	for (size_t i = 0; i < shuffling->task->n; i++)
		repeat->donors[i] = shuffling->rows[repeat->places[i]];
}

static void compare_losses(struct repeat *repeat, const struct shuffling *shuffling)
{
	const float *w = shuffling->task->w;
	const double *before = shuffling->before.u[LOSS], W = shuffling->weight, n = (double)shuffling->task->n;
	double *u = repeat->u[LOSS], sum = 0;

	for (size_t i = 0; i < shuffling->task->n; i++) {
		u[i] -= before[i];
		sum += w ? (double)w[i] * u[i] : u[i];
	}
	repeat->value[LOSS] = sum / W;
	for (size_t i = 0; i < shuffling->task->n; i++)
		u[i] = n * (w ? (double)w[i] : 1) * (u[i] - repeat->value[LOSS]) / W;
}

static void compare_influences(struct repeat *repeat, const struct shuffling *shuffling)
{
	const double *before = shuffling->before.u[AUC], n = (double)shuffling->task->n;

	repeat->value[AUC] = shuffling->before.value[AUC] - repeat->value[AUC];
	for (size_t i = 0; i < shuffling->task->n; i++)
		repeat->u[AUC][i] = n * (before[i] - repeat->u[AUC][i]);
}

static void compare_body(void *argument, size_t r, int tid)
{
	struct shuffling *shuffling = argument;
	struct repeat *repeat = &shuffling->repeats[r];

	(void)tid;
	repeat->failed.code = judge(repeat, shuffling);
	if (repeat->failed.code != CLN_OK)
		return;
	compare_losses(repeat, shuffling);
	if (shuffling->both)
		compare_influences(repeat, shuffling);
}

static void add_repeat(struct sums *sums, const double *u, double value, const uint32_t *places, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sums->a[i] += u[i];
		sums->a[places[i]] += u[i];
		sums->squares += u[i] * u[i];
	}
	sums->value += value;
	sums->squares_of_values += value * value;
}

/* ---------------------------------------------------------------- a column */

static enum cln_status run_repeats(struct shuffling *shuffling, const struct pipeline_column *column, size_t n_repeats,
				   struct cln_error *err)
{
	const struct shuffle_task *task = shuffling->task;
	const int threads = task->n * n_repeats > 4096 ? task->threads : 1;
	enum cln_status status = CLN_OK;

	parallel_for(threads, n_repeats, draw_body, shuffling);
	for (size_t r = 0; r < n_repeats && status == CLN_OK; r++)
		status = score(&shuffling->repeats[r], shuffling, column, err);
	if (status != CLN_OK)
		return status;
	parallel_for(threads, n_repeats, compare_body, shuffling);
	for (size_t r = 0; r < n_repeats; r++) {
		const struct repeat *repeat = &shuffling->repeats[r];

		if (repeat->failed.code != CLN_OK) {
			if (err)
				*err = repeat->failed;
			return repeat->failed.code;
		}
		for (int v = 0; v < (shuffling->both ? N_VALUES : AUC); v++)
			add_repeat(&shuffling->sums[v], repeat->u[v], repeat->value[v], repeat->places, task->n);
	}
	return CLN_OK;
}

static struct cln_estimate estimate(const struct sums *sums, size_t n_rows, size_t n_repeats)
{
	const double n = (double)n_rows, R = (double)n_repeats, value = sums->value / R;
	const double between = n_repeats > 1 ? fmax(0, sums->squares_of_values - R * value * value) / (R - 1) : 0;
	double S = 0;

	for (size_t i = 0; i < n_rows; i++)
		S += sums->a[i] * sums->a[i];
	S /= R * R * (n - 1);
	const double T = sums->squares / (R * (n - 1));
	const struct interval interval = interval_of_error(value, sqrt(fmax((S - T / R) / n, between / R)));
	return n_rows > 1 ? (struct cln_estimate){value, interval.low, interval.high, NULL}
			  : (struct cln_estimate){value, NAN, NAN, NULL};
}

static void clear_sums(struct shuffling *shuffling)
{
	for (int v = 0; v < N_VALUES; v++) {
		double *a = shuffling->sums[v].a;

		memset(a, 0, shuffling->task->n * sizeof *a);
		shuffling->sums[v] = (struct sums){.a = a};
	}
}

static enum cln_status shuffle_column(struct cln_column_importance *result, struct shuffling *shuffling,
				      const struct pipeline_column *column, struct cln_error *err)
{
	const size_t R = shuffling->task->repeats;
	enum cln_status status = CLN_OK;

	clear_sums(shuffling);
	for (shuffling->first = 0; shuffling->first < R && status == CLN_OK; shuffling->first += AT_A_TIME)
		status =
		    run_repeats(shuffling, column, R - shuffling->first < AT_A_TIME ? R - shuffling->first : AT_A_TIME, err);
	if (status != CLN_OK)
		return status;
	result->log_loss = estimate(&shuffling->sums[LOSS], shuffling->task->n, R);
	if (shuffling->both)
		result->auc = estimate(&shuffling->sums[AUC], shuffling->task->n, R);
	else
		result->auc = (struct cln_estimate){
		    NAN, NAN, NAN, shuffling->positive_weight > 0 ? "no row is negative" : "no row is positive"};
	return CLN_OK;
}

/* ---------------------------------------------------------------- all */

/* The rows as they are. */
static enum cln_status judge_before(struct shuffling *shuffling, struct cln_importance *importance, struct cln_error *err)
{
	const struct shuffle_task *task = shuffling->task;
	struct repeat *before = &shuffling->before;
	const struct scored scored = {before->logits, before->probabilities};
	struct cln_metrics metrics;
	enum cln_status status = score(before, shuffling, NULL, err);

	if (status != CLN_OK)
		return status;
	status = metrics_of_scores(&metrics, &scored, task->y, task->w, task->n, 0.5, err);
	if (status == CLN_OK && judge(before, shuffling) != CLN_OK) {
		if (err)
			*err = before->failed;
		status = before->failed.code;
	}
	*importance = (struct cln_importance){.rows = task->n,
					      .of = task->n,
					      .weight = shuffling->weight,
					      .positive_weight = shuffling->positive_weight,
					      .repeats = task->repeats,
					      .seed = task->seed,
					      .log_loss = metrics.log_loss,
					      .auc = metrics.auc,
					      .gap = NAN,
					      .n_columns = importance->n_columns,
					      .columns = importance->columns};
	return status;
}

enum cln_status shuffle_compute(struct cln_importance **importance, const struct shuffle_task *task, struct cln_error *err)
{
	const struct pipeline_column **columns = mem_alloc(task->pipeline->n_columns, sizeof *columns, err);
	struct shuffling *shuffling = columns ? mem_alloc(1, sizeof *shuffling, err) : NULL;
	enum cln_status status = CLN_E_MEMORY;

	*importance = NULL;
	if (!shuffling) {
		mem_free(columns);
		return CLN_E_MEMORY;
	}
	shuffling->task = task;
	const size_t n_columns = sample_columns(columns, task->pipeline);
	status = importance_create(importance, columns, n_columns, err);
	if (status == CLN_OK)
		status = create_all(shuffling, err);
	if (status == CLN_OK)
		status = judge_before(shuffling, *importance, err);
	for (size_t c = 0; c < n_columns && status == CLN_OK; c++) {
		shuffling->column = c;
		status = shuffle_column(&(*importance)->columns[c], shuffling, columns[c], err);
	}
	free_all(shuffling);
	mem_free(shuffling);
	mem_free(columns);
	if (status != CLN_OK) {
		cln_importance_destroy(*importance);
		*importance = NULL;
	}
	return status;
}
