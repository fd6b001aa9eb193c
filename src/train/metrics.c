/* SPDX-License-Identifier: MIT */
#include "train/metrics.h"

#include <math.h>

#include "base/dmath.h"
#include "data/order.h"

static double weight_of(const float *w, size_t j) { return w ? (double)w[j] : 1.0; }

/* A row for sorting: the score's order in the high half, its index in the low half. */
static uint64_t sort_item(float score, uint32_t row)
{
	return (uint64_t)order_key(score) << 32 | row;
}

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

/* Stable counting sort by the digit at `shift`. */
static void sort_pass(uint64_t *to, const uint64_t *from, size_t n, unsigned shift)
{
	size_t start[DIGITS] = {0}, sum = 0;

	for (size_t i = 0; i < n; i++)
		start[from[i] >> shift & (DIGITS - 1)]++;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t count = start[d];

		start[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[start[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

/* Three passes over the 32 bits of the key. */
uint64_t *metrics_order(uint64_t *items, const float *scores, size_t n)
{
	uint64_t *other = items + n;

	for (size_t j = 0; j < n; j++)
		items[j] = sort_item(scores[j], (uint32_t)j);
	sort_pass(other, items, n, 32);
	sort_pass(items, other, n, 32 + DIGIT_BITS);
	sort_pass(other, items, n, 32 + 2 * DIGIT_BITS);
	return other;
}

/* The share of pairs (positive, negative) that the logits put in order, ties counted half:
 *   AUC = sum over groups of equal logits  P_g (N_below + N_g / 2) / (P N),
 * with P and N sums of weights.  items: ascending. */
static double auc_of_sorted(const uint64_t *items, const float *y, const float *w, size_t n)
{
	double P = 0, N = 0, ordered = 0;

	for (size_t i = 0; i < n;) {
		uint64_t key = items[i] >> 32;
		double P_group = 0, N_group = 0;

		for (; i < n && items[i] >> 32 == key; i++) {
			size_t row = (uint32_t)items[i];

			if (y[row] > 0.5f)
				P_group += weight_of(w, row);
			else
				N_group += weight_of(w, row);
		}
		ordered += P_group * (N + N_group / 2);
		P += P_group;
		N += N_group;
	}
	return P > 0 && N > 0 ? ordered / (P * N) : NAN;
}

static enum cln_status auc_compute(double *auc, const float *logits, const float *y, const float *w, size_t n,
				   struct cln_error *err)
{
	uint64_t *items = mem_alloc(n, 2 * sizeof *items, err);

	if (!items)
		return CLN_E_MEMORY;
	*auc = auc_of_sorted(metrics_order(items, logits, n), y, w, n);
	mem_free(items);
	return CLN_OK;
}

enum cln_status metrics_of_scores(struct cln_metrics *metrics, const struct scored *scored, const float *y, const float *w,
                                  size_t n, double threshold, struct cln_error *err)
{
	const float *logits = scored->logits;
	double weight = 0, loss = 0, right = 0;
	bool ordered = true;

	for (size_t j = 0; j < n; j++) {
		double z = (double)logits[j], weight_j = weight_of(w, j);
		bool positive = y[j] > 0.5f;
		float probability = scored->probabilities ? scored->probabilities[j] : (float)dmath_sigmoid(z);

		weight += weight_j;
		loss += weight_j * dmath_softplus(positive ? -z : z); /* softplus(z) - z = softplus(-z), without the cancellation */
		if (((double)probability >= threshold) == positive)
			right += weight_j;
		ordered &= !isnan(z);
	}
	*metrics =
	    (struct cln_metrics){.rows = n, .weight = weight, .log_loss = loss / weight, .auc = NAN, .accuracy = right / weight};
	return ordered ? auc_compute(&metrics->auc, logits, y, w, n, err) : CLN_OK;
}

enum cln_status metrics_compute(struct cln_metrics *metrics, const float *logits, const float *y, const float *w, size_t n,
                                double threshold, struct cln_error *err)
{
	return metrics_of_scores(metrics, &(struct scored){logits, NULL}, y, w, n, threshold, err);
}

bool metrics_better(const struct cln_metrics *a, const struct cln_metrics *b, enum cln_metric metric)
{
	double value_a = metric == CLN_AUC ? a->auc : metric == CLN_ACCURACY ? a->accuracy : -a->log_loss;
	double value_b = metric == CLN_AUC ? b->auc : metric == CLN_ACCURACY ? b->accuracy : -b->log_loss;

	return !isnan(value_a) && (isnan(value_b) || value_a > value_b);
}
