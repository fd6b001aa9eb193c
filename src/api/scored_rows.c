/* SPDX-License-Identifier: MIT */
#include "api/scored_rows.h"

#include "base/dmath.h"
#include "train/metrics.h"

#include <float.h>

/* A probability of 0 or 1 that is wrong would cost infinitely much; with 2^-52 in its place it is 36 nats, as in scikit-learn. */
static double loss_of_probability(double p, bool positive)
{
	const double least = DBL_EPSILON, q = p < least ? least : p > 1 - least ? 1 - least : p;

	return -dmath_log(positive ? q : 1 - q);
}

static uint8_t bin_of(double p)
{
	const int bin = (int)(p * CALIBRATION_BINS);

	return (uint8_t)(bin < CALIBRATION_BINS ? bin : CALIBRATION_BINS - 1);
}

static struct scored_row row_of(size_t i, const struct cln_scores *scores, const struct cln_labels *labels)
{
	const double p = (double)scores->probabilities[i];
	const bool positive = labels->y[i] > 0.5f;
	struct scored_row row = {.p = scores->probabilities[i],
				 .w = labels->w ? labels->w[i] : 1,
				 .row = (uint32_t)i,
				 .positive = positive,
				 .called = p >= scores->threshold,
				 .bin = bin_of(p)};

	if (scores->logits)
		row.loss = dmath_softplus(positive ? -(double)scores->logits[i] : (double)scores->logits[i]);
	else
		row.loss = loss_of_probability(p, positive);
	return row;
}

enum cln_status scored_rows_create(struct scored_rows *scored, const struct cln_scores *scores, const struct cln_labels *labels,
				   struct cln_error *err)
{
	const size_t n = labels->n;
	uint64_t *memory = mem_alloc(n, 2 * sizeof *memory, err);

	*scored = (struct scored_rows){.n = n};
	if (memory)
		scored->rows = mem_alloc(n, sizeof *scored->rows, err);
	if (!scored->rows) {
		mem_free(memory);
		return CLN_E_MEMORY;
	}
	const uint64_t *items = metrics_order(memory, scores->logits ? scores->logits : scores->probabilities, n);
	/* From the last item of the greatest score down; within equal scores upwards, for which a group's first item is sought. */
	for (size_t end = n, next = 0; end > 0;) {
		size_t begin = end - 1;

		while (begin > 0 && items[begin - 1] >> 32 == items[end - 1] >> 32)
			begin--;
		for (size_t i = begin; i < end; i++)
			scored->rows[next++] = row_of((uint32_t)items[i], scores, labels);
		scored->rows[next - 1].last = true;
		end = begin;
	}
	mem_free(memory);
	return CLN_OK;
}

void scored_rows_free(struct scored_rows *scored)
{
	mem_free(scored->rows);
	*scored = (struct scored_rows){0};
}
