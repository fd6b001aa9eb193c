/* SPDX-License-Identifier: MIT */
#include "api/scores.h"

#include <float.h>

#include "api/calibrate.h"
#include "api/score_ranks.h"
#include "base/dmath.h"
#include "base/parallel.h"

#define PIECE ((size_t)1 << 16) /* rows whose sums are in memory at a time: whole chunks of the forward pass */
#define BLOCK 4096              /* rows that a thread takes at a time */

/* The rows of a piece. */
struct sums {
	float *probabilities, *logits; /* logits may be NULL */
	float *z;                      /* of the member whose turn it is */
	double *rounded;               /* sum_k (float)sigmoid(z_k) */
	double *positive, *negative;   /* sum_k sigmoid(z_k), sum_k sigmoid(-z_k) */
	size_t n_rows, K;
	double temperature;
};

static size_t end_of_block(size_t block, size_t n_rows)
{
	return n_rows - block * BLOCK < BLOCK ? n_rows : (block + 1) * BLOCK;
}

static void for_rows(const struct scorer *scorer, struct sums *sums, void (*body)(void *sums, size_t block, int tid))
{
	const size_t n_blocks = (sums->n_rows + BLOCK - 1) / BLOCK;

	parallel_for(n_blocks > 1 ? scorer->threads : 1, n_blocks, body, sums);
}

/* With the row's probability in its place. */
static void set_scores(struct sums *sums, size_t i, float logit)
{
	if (sums->temperature != 1)
		calibrate_row(&sums->probabilities[i], &logit, sums->temperature);
	if (sums->logits)
		sums->logits[i] = logit;
}

/* One network: its probabilities take the place of its logits. */
static void single_body(void *argument, size_t block, int tid)
{
	struct sums *sums = argument;

	(void)tid;
	for (size_t i = block * BLOCK; i < end_of_block(block, sums->n_rows); i++) {
		const float z = sums->probabilities[i];

		sums->probabilities[i] = (float)dmath_sigmoid((double)z);
		set_scores(sums, i, z);
	}
}

static enum cln_status score_single(float *probabilities, float *logits, const struct scorer *scorer, const struct some_rows *some,
				    struct cln_error *err)
{
	struct sums sums = {
	    .probabilities = probabilities, .logits = logits, .n_rows = some->n, .temperature = scorer->temperature};
	enum cln_status status = predict_rows(probabilities, scorer->networks[0], scorer->kernels, some, scorer->threads, err);

	if (status == CLN_OK)
		for_rows(scorer, &sums, single_body);
	return status;
}

static void add_body(void *argument, size_t block, int tid)
{
	struct sums *sums = argument;

	(void)tid;
	for (size_t i = block * BLOCK; i < end_of_block(block, sums->n_rows); i++) {
		const double z = (double)sums->z[i], p = dmath_sigmoid(z);
		sums->rounded[i] += (double)(float)p;
		sums->positive[i] += p;
		sums->negative[i] += dmath_sigmoid(-z);
	}
}

/* A NaN stays one. */
static double log_of_sum(double sum)
{
	return dmath_log(sum < DBL_MIN ? DBL_MIN : sum);
}

static void mean_body(void *argument, size_t block, int tid)
{
	struct sums *sums = argument;

	(void)tid;
	for (size_t i = block * BLOCK; i < end_of_block(block, sums->n_rows); i++) {
		sums->probabilities[i] = (float)(sums->rounded[i] / (double)sums->K);
		if (sums->logits || sums->temperature != 1)
			set_scores(sums, i, (float)(log_of_sum(sums->positive[i]) - log_of_sum(sums->negative[i])));
	}
}

static enum cln_status score_piece(struct sums *sums, const struct scorer *scorer, const struct some_rows *piece,
				   struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t i = 0; i < sums->n_rows; i++)
		sums->rounded[i] = sums->positive[i] = sums->negative[i] = 0;
	for (size_t k = 0; k < scorer->K && status == CLN_OK; k++) {
		status = predict_rows(sums->z, scorer->networks[k], scorer->kernels, piece, scorer->threads, err);
		if (status == CLN_OK)
			for_rows(scorer, sums, add_body);
	}
	if (status == CLN_OK)
		for_rows(scorer, sums, mean_body);
	return status;
}

/* Rows [begin, begin + n). */
static struct some_rows piece_of(const struct some_rows *some, size_t begin, size_t n, size_t n_features)
{
	struct some_rows piece = *some;

	piece.n = n;
	if (some->rows)
		piece.rows += begin;
	else
		piece.X += begin * n_features;
	if (some->donors)
		piece.donors += begin;
	return piece;
}

static enum cln_status score_pieces(float *probabilities, float *logits, const struct scorer *scorer, const struct some_rows *some,
				    struct cln_error *err)
{
	const size_t n_rows = some->n, most = n_rows < PIECE ? n_rows : PIECE, n_features = scorer->networks[0]->n_features;
	double *memory = mem_alloc(most, 3 * sizeof *memory, err);
	float *z = memory ? mem_alloc(most, sizeof *z, err) : NULL;
	enum cln_status status = CLN_OK;

	if (!z) {
		mem_free(memory);
		return CLN_E_MEMORY;
	}
	struct sums sums = {.z = z,
			    .K = scorer->K,
			    .rounded = memory,
			    .positive = memory + most,
			    .negative = memory + 2 * most,
			    .temperature = scorer->temperature};

	for (size_t begin = 0; begin < n_rows && status == CLN_OK; begin += PIECE) {
		sums.n_rows = n_rows - begin < PIECE ? n_rows - begin : PIECE;
		sums.probabilities = probabilities + begin;
		sums.logits = logits ? logits + begin : NULL;
		const struct some_rows piece = piece_of(some, begin, sums.n_rows, n_features);
		status = score_piece(&sums, scorer, &piece, err);
	}
	mem_free(z);
	mem_free(memory);
	return status;
}

enum cln_status scores_here(float *probabilities, float *logits, const struct scorer *scorer, const struct some_rows *some,
			    struct cln_error *err)
{
	return scorer->K == 1 ? score_single(probabilities, logits, scorer, some, err)
			      : score_pieces(probabilities, logits, scorer, some, err);
}

enum cln_status scores_of_rows(float *probabilities, float *logits, const struct scorer *scorer, const struct some_rows *some,
			       struct cln_error *err)
{
	/* The other ranks are sent whole rows. */
	return !some->donors && score_ranks_pay(scorer, some->n)
		   ? score_ranks_compute(probabilities, logits, scorer, some, err)
		   : scores_here(probabilities, logits, scorer, some, err);
}

enum cln_status scores_compute(float *probabilities, float *logits, const struct scorer *scorer, const float *X, size_t n_rows,
			       struct cln_error *err)
{
	return scores_of_rows(probabilities, logits, scorer, &(struct some_rows){.X = X, .n = n_rows}, err);
}
