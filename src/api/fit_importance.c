/* SPDX-License-Identifier: MIT */
#include "api/fit_importance.h"

#include "api/judge.h"
#include "api/shuffle.h"

#include <math.h>
#include <string.h>

/* Work is counted in multiply-adds.  A row costs what its networks have parameters and as much as ROW_WORK more; a training step
 * has three products for each that a prediction has; a repeat costs REPEAT_WORK whatever its rows (some microseconds). */
#define SHARE 0.02       /* of the training, ... */
#define MOST_WORK 1e11   /* ... no more than some seconds, in which no signal is looked for, ... */
#define WORK_OF_ROW 2e5  /* ... but at least this for each row that there is: some microseconds, ... */
#define LEAST_WORK 1e8   /* ... and no more of that: some milliseconds */
#define ROW_WORK 4096
#define REPEAT_WORK 3e5
#define MOST_REPEATS 10
#define FEWEST_ROWS 50 /* of more rows; else no importance is better than a poor one */

/* The rows that there are, and of these those that are looked at. */
struct choice {
	struct shuffle_part parts[CLN_MAX_ENSEMBLE];
	const struct network *networks[CLN_MAX_ENSEMBLE][CLN_MAX_ENSEMBLE]; /* of the parts' scorers */
	size_t n_parts;
	const struct dataset *from; /* whose X, y and w they are */
	const float *w_from;        /* its weights, or NULL */
	uint32_t *rows;             /* of X: all, fold by fold; of these the chosen ones */
	float *y, *w;
	size_t n, of, repeats;
};

static enum cln_rows rows_of(const struct prepared *data)
{
	return data->test.n_rows ? CLN_ROWS_TEST : data->valid_rows ? CLN_ROWS_VALID : CLN_ROWS_TRAIN;
}

/* ---------------------------------------------------------------- all rows */

static enum cln_status add_rows(struct choice *choice, const struct dataset *dataset, const struct scorer *scorer,
				struct cln_error *err)
{
	const size_t n = choice->of + dataset->n_rows;

	if (mem_grow((void **)&choice->rows, choice->of, n, sizeof *choice->rows, err) != CLN_OK)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < dataset->n_rows; i++)
		choice->rows[choice->of + i] = (uint32_t)dataset_row(dataset, i);
	choice->parts[choice->n_parts++] = (struct shuffle_part){.n = dataset->n_rows, .scorer = *scorer};
	choice->of = n;
	return CLN_OK;
}

/* Every fold, by those that left it out. */
static enum cln_status add_folds(struct choice *choice, const struct fit_importance *fit, struct cln_error *err)
{
	const size_t n_folds = prepared_folds(fit->data), K = fit->scorer->K;
	enum cln_status status = CLN_OK;

	for (size_t fold = 0; fold < n_folds && fold < K && status == CLN_OK; fold++) {
		const struct scorer scorer = scorer_of_fold(choice->networks[fold], fit->scorer, fold, n_folds);
		struct member_rows rows;

		status = prepared_member_rows(&rows, fit->data, fold, err);
		if (status != CLN_OK)
			break;
		status = add_rows(choice, &rows.valid, &scorer, err);
		member_rows_free(&rows);
	}
	choice->from = &fit->data->train;
	choice->w_from = fit->data->train_row_weights;
	return status;
}

static enum cln_status find_rows(struct choice *choice, enum cln_rows rows, const struct fit_importance *fit, struct cln_error *err)
{
	const struct prepared *data = fit->data;

	if (rows == CLN_ROWS_VALID && prepared_folds(data))
		return add_folds(choice, fit, err);
	choice->from = rows == CLN_ROWS_TEST ? &data->test : rows == CLN_ROWS_VALID ? &data->valid : &data->train;
	choice->w_from = rows == CLN_ROWS_TRAIN ? data->train_row_weights : choice->from->w;
	return add_rows(choice, choice->from, fit->scorer, err);
}

/* ---------------------------------------------------------------- those that are looked at */

static size_t most_networks(const struct choice *choice)
{
	size_t most = 1;

	for (size_t part = 0; part < choice->n_parts; part++)
		most = choice->parts[part].scorer.K > most ? choice->parts[part].scorer.K : most;
	return most;
}

/* As many rows as there are before a column is shuffled twice. */
static void choose_amount(struct choice *choice, const struct fit_importance *fit)
{
	const double params = (double)fit->scorer->networks[0]->n_params, a_row = params * (double)most_networks(choice) + ROW_WORK;
	const double learnt = SHARE * fit->rows_learnt * (3 * params + ROW_WORK);
	const double least = fmin(LEAST_WORK, WORK_OF_ROW * (double)choice->of);
	const double work = fmin(MOST_WORK, fmax(learnt, least)) / (double)sample_count(fit->data->pipeline);
	const double repeats = work / (REPEAT_WORK + (double)choice->of * a_row);
	const double rows = (work - REPEAT_WORK) / a_row;

	choice->repeats = repeats >= MOST_REPEATS ? MOST_REPEATS : repeats >= 1 ? (size_t)repeats : 1;
	choice->n = repeats >= 1 ? choice->of : rows >= FEWEST_ROWS ? (size_t)rows : 0;
}

/* The chosen rows of each part, and their labels. */
static enum cln_status draw(struct choice *choice, uint64_t seed, struct cln_error *err)
{
	uint32_t *drawn = mem_alloc(choice->of, sizeof *drawn, err);
	size_t next = 0, behind = 0;

	choice->y = mem_alloc(choice->n, sizeof *choice->y, err);
	choice->w = choice->w_from ? mem_alloc(choice->n, sizeof *choice->w, err) : NULL;
	if (!drawn || !choice->y || (choice->w_from && !choice->w)) {
		mem_free(drawn);
		return CLN_E_MEMORY;
	}
	sample_draw(drawn, choice->n, choice->of, seed);
	for (size_t part = 0; part < choice->n_parts; part++) {
		const size_t begin = next;

		behind += choice->parts[part].n;
		for (; next < choice->n && drawn[next] < behind; next++) {
			const uint32_t row = choice->rows[drawn[next]];

			choice->rows[next] = row;
			choice->y[next] = choice->from->y[row];
			if (choice->w)
				choice->w[next] = choice->w_from[row];
		}
		choice->parts[part].rows = choice->rows + begin;
		choice->parts[part].n = next - begin;
	}
	mem_free(drawn);
	return CLN_OK;
}

static void free_choice(struct choice *choice)
{
	mem_free(choice->rows);
	mem_free(choice->y);
	mem_free(choice->w);
	mem_free(choice);
}

enum cln_status fit_importance_compute(struct cln_importance **importance, enum cln_rows *rows, const struct fit_importance *fit,
				       struct cln_error *err)
{
	struct choice *choice = mem_alloc(1, sizeof *choice, err);

	*importance = NULL;
	*rows = rows_of(fit->data);
	if (!choice)
		return CLN_E_MEMORY;
	enum cln_status status = find_rows(choice, *rows, fit, err);
	if (status == CLN_OK)
		choose_amount(choice, fit);
	if (status == CLN_OK && choice->n > 0) {
		status = draw(choice, fit->seed, err);
		const struct shuffle_task task = {.pipeline = fit->data->pipeline,
						  .X = choice->from->X,
						  .parts = choice->parts,
						  .n_parts = choice->n_parts,
						  .n = choice->n,
						  .y = choice->y,
						  .w = choice->w,
						  .repeats = choice->repeats,
						  .seed = fit->seed,
						  .threads = fit->scorer->threads};
		if (status == CLN_OK)
			status = shuffle_compute(importance, &task, err);
		if (status == CLN_OK) {
			(*importance)->of = choice->of;
			importance_sort(*importance);
		}
	}
	free_choice(choice);
	return status;
}
