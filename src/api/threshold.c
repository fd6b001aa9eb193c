/* SPDX-License-Identifier: MIT */
#include "api/threshold.h"

#include <math.h>

#include "base/mem.h"
#include "data/order.h"
#include "train/metrics.h"

/* The rows, cut in two by p. */
struct cut {
	const uint64_t *items; /* ascending; the last n_positive are called positive */
	size_t n, n_positive;
	double TP, FP, P, N; /* weights; P, N: of all positives and negatives */
};

static double value_of(const struct cut *cut, size_t i)
{
	return (double)order_value((uint32_t)(cut->items[i] >> 32));
}

/* Half-way to the next p below, so that rows like those at the cut fall on its sides in equal parts.  A double holds a number
 * between any two floats. */
static double threshold_at(const struct cut *cut)
{
	const size_t below = cut->n - cut->n_positive;
	const double low = below > 0 ? value_of(cut, below - 1) : 0, high = cut->n_positive > 0 ? value_of(cut, below) : 1;

	return low + (high - low) / 2;
}

static double precision_of(const struct cut *cut)
{
	return cut->TP / (cut->TP + cut->FP);
}

/* TP + FN = P. */
static double f_of(const struct cut *cut, double beta)
{
	const double square = beta * beta;

	return (1 + square) * cut->TP / (cut->TP + cut->FP + square * cut->P);
}

/* TP TN - FP FN, which is TP N - FP P.  Over P N, the same for every cut, it is Youden's index; of whole weights it is exact, so
 * that equally good cuts are equal. */
static double surplus_of(const struct cut *cut)
{
	return cut->TP * cut->N - cut->FP * cut->P;
}

/* The square of the MCC with its sign, times P N: roots would be rounded apart where cuts are equally good. */
static double mcc_of(const struct cut *cut)
{
	const double called = cut->TP + cut->FP, not_called = cut->P + cut->N - called, surplus = surplus_of(cut);

	return cut->n_positive < cut->n && called > 0 && not_called > 0 ? surplus * fabs(surplus) / (called * not_called) : 0;
}

/* What the rule wants to be great; -INFINITY where a cut is none that it may choose. */
static double merit_of(const struct cut *cut, const struct cln_config *config)
{
	if (config->threshold_rule == CLN_THRESHOLD_COST)
		return -(cut->FP * config->false_positive_cost + (cut->P - cut->TP) * config->false_negative_cost);
	if (cut->n_positive == 0)
		return -INFINITY;
	if (config->threshold_rule == CLN_THRESHOLD_F1)
		return f_of(cut, config->threshold_beta);
	if (config->threshold_rule == CLN_THRESHOLD_BALANCED_ACCURACY)
		return surplus_of(cut);
	if (config->threshold_rule == CLN_THRESHOLD_MCC)
		return mcc_of(cut);
	/* 0 to 1 where the precision is that asked for, else below 0, by the precision */
	return precision_of(cut) >= config->least_precision ? cut->TP / cut->P : precision_of(cut) - 2;
}

/* Calls positive the rows with the next p below, and all that are equal. */
static void widen(struct cut *cut, const float *y, const float *w)
{
	size_t i = cut->n - cut->n_positive;
	const uint64_t key = cut->items[i - 1] >> 32;

	for (; i > 0 && cut->items[i - 1] >> 32 == key; i--) {
		const size_t row = (uint32_t)cut->items[i - 1];
		const double weight = w ? (double)w[row] : 1;

		if (y[row] > 0.5f)
			cut->TP += weight;
		else
			cut->FP += weight;
	}
	cut->n_positive = cut->n - i;
}

static void keep(struct threshold_choice *choice, const struct cut *cut, bool met)
{
	choice->threshold = threshold_at(cut);
	choice->precision = precision_of(cut);
	choice->recall = cut->TP / cut->P;
	choice->f1 = f_of(cut, 1);
	choice->met = met;
}

static void choose(struct threshold_choice *choice, struct cut *cut, const struct cln_config *config, const float *y,
		   const float *w)
{
	const bool may_miss = config->threshold_rule == CLN_THRESHOLD_RECALL;
	double best = -INFINITY;

	if (value_of(cut, cut->n - 1) == 1) /* no threshold up to 1 calls it negative */
		widen(cut, y, w);
	for (;; widen(cut, y, w)) {
		const double merit = merit_of(cut, config);

		if (merit > best) {
			best = merit;
			keep(choice, cut, !may_miss || merit >= 0);
		}
		if (cut->n_positive == cut->n)
			return;
	}
}

/* The weights of both classes, in the order in which cuts sum them, so that none is ever missed by a rounding. */
static void sum_classes(struct cut *cut, const float *y, const float *w)
{
	struct cut all = *cut;

	while (all.n_positive < all.n)
		widen(&all, y, w);
	cut->P = all.TP;
	cut->N = all.FP;
}

enum cln_status threshold_choose(struct threshold_choice *choice, const struct cln_config *config, const float *p, const float *y,
				 const float *w, size_t n, struct cln_error *err)
{
	uint64_t *memory;
	struct cut cut = {.n = n};

	*choice = (struct threshold_choice){.threshold = 0.5, .precision = NAN, .recall = NAN, .f1 = NAN};
	for (size_t i = 0; i < n; i++)
		if (isnan(p[i]))
			return CLN_OK;
	memory = mem_alloc(n, 2 * sizeof *memory, err);
	if (!memory)
		return CLN_E_MEMORY;
	cut.items = metrics_order(memory, p, n);
	sum_classes(&cut, y, w);
	choice->possible = cut.P > 0 && cut.N > 0;
	if (choice->possible)
		choose(choice, &cut, config, y, w);
	mem_free(memory);
	return CLN_OK;
}
