/* SPDX-License-Identifier: MIT
 * A loop over the eight replicates stands inside the one over the rows: what a row is like is read once for all of them, branches
 * on it go one way for all, and the compiler makes vectors of the eight. */
#include "api/replicates.h"

#include "base/rng.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define TOP_SHARE 0.1
#define MOST_KEPT ((size_t)1 << 20) /* rows: 8 MB */

/* How many of the 2^16 half-words give a count below k = 1 .. 8.  The counts' probabilities are those of a Poisson variable with
 * mean 1, to within 2.3 2^-16: so rounded that the mean is 1 exactly; the variance is 1.00025. */
#define MOST_COUNT 8
static const uint16_t below[MOST_COUNT] = {24111, 48219, 60273, 64291, 65296, 65497, 65530, 65535};

/* Compilers do not see that sixteen bits are enough for these comparisons. */
typedef uint16_t halves __attribute__((vector_size(2 * REPLICATES)));

static inline halves counts_of(halves bits)
{
	halves counts = {0};

	for (int k = 0; k < MOST_COUNT; k++)
		counts -= (halves)(bits >= below[k]); /* true is -1 */
	return counts;
}

unsigned replicates_count(uint16_t bits)
{
	return counts_of((halves){bits})[0];
}

/* Whose draws are wanted; NULL stands for the sample, every row once. */
struct draws {
	uint64_t seed;
	uint32_t group;
	struct replicates_counts *kept; /* of the first n_kept rows: written by the first pass, read by the second */
	size_t n_kept;
};

static inline halves draw_counts(const struct draws *draws, uint32_t row)
{
	uint32_t words[4];
	halves bits;

	rng_block(words, draws->seed, RNG_BOOTSTRAP, 0, draws->group, row, 0);
	memcpy(&bits, words, sizeof bits);
	return counts_of(bits);
}

/* The weights of row i in the replicates. */
static inline void draw(double v[restrict REPLICATES], const struct scored_rows *scored, size_t i, const struct draws *draws)
{
	const double w = (double)scored->rows[i].w;
	const halves counts = draws ? draw_counts(draws, scored->rows[i].row) : (halves){0} + 1;

	if (draws && i < draws->n_kept)
		for (int r = 0; r < REPLICATES; r++)
			draws->kept[i].counts[r] = (uint8_t)counts[r];
	for (int r = 0; r < REPLICATES; r++)
		v[r] = counts[r] * w;
}

/* The same once more. */
static inline void draw_again(double v[restrict REPLICATES], const struct scored_rows *scored, size_t i, const struct draws *draws)
{
	const double w = (double)scored->rows[i].w;

	if (!draws || i >= draws->n_kept) {
		draw(v, scored, i, draws);
		return;
	}
	for (int r = 0; r < REPLICATES; r++)
		v[r] = draws->kept[i].counts[r] * w;
}

/* ---------------------------------------------------------------- first pass: sums over rows */

struct totals {
	double cells[4][REPLICATES]; /* TN, FP, FN, TP: called + 2 positive */
	double loss[REPLICATES], brier[REPLICATES];
	double gaps[CALIBRATION_BINS][REPLICATES];
};

static void add_row(struct totals *restrict totals, const double v[restrict REPLICATES], const struct scored_row *row)
{
	double *restrict cell = totals->cells[row->called + 2 * row->positive], *restrict gap = totals->gaps[row->bin];
	const double d = (double)row->p - row->positive, square = d * d, loss = row->loss;

	for (int r = 0; r < REPLICATES; r++)
		cell[r] += v[r];
	for (int r = 0; r < REPLICATES; r++)
		gap[r] += v[r] * d;
	for (int r = 0; r < REPLICATES; r++)
		totals->loss[r] += v[r] * loss;
	for (int r = 0; r < REPLICATES; r++)
		totals->brier[r] += v[r] * square;
}

/* ---------------------------------------------------------------- second pass: the curves */

struct curves {
	double TP[REPLICATES], FP[REPLICATES];                 /* down to a score */
	double ordered[REPLICATES], precision[REPLICATES], top[REPLICATES];
	double highest[REPLICATES], lowest[REPLICATES];        /* of TP / P - FP / N */
	double per_P[REPLICATES], per_N[REPLICATES];           /* 1 / P, 1 / N; 0 where there is no such row */
	double cut[REPLICATES];                                /* weight of the first tenth */
	bool below_cut;                                        /* in all replicates */
};

/* The positives of a group before the cut: all, none, or where it lies within the group the share of it that is before. */
static void add_top(struct curves *curves, const double P[REPLICATES], const double N[REPLICATES])
{
	bool below_cut = true;

	for (int r = 0; r < REPLICATES; r++) {
		const double before = curves->TP[r] + curves->FP[r], room = curves->cut[r] - before, weight = P[r] + N[r];

		if (room > 0)
			curves->top[r] += room < weight ? P[r] * (room / weight) : P[r];
		below_cut = below_cut && room <= 0;
	}
	curves->below_cut = below_cut;
}

static inline double precision_of(double TP, double FP)
{
	const double called = TP + FP;

	return TP / (called > DBL_MIN ? called : DBL_MIN);
}

/* Rows of one score, with P and N the weights of its positives and negatives. */
static void add_group(struct curves *restrict curves, const double P[restrict REPLICATES], const double N[restrict REPLICATES])
{
	if (!curves->below_cut)
		add_top(curves, P, N);
	for (int r = 0; r < REPLICATES; r++) {
		const double TP = curves->TP[r] + P[r], FP = curves->FP[r] + N[r];
		const double distance = TP * curves->per_P[r] - FP * curves->per_N[r];

		curves->ordered[r] += N[r] * (curves->TP[r] + P[r] / 2);
		curves->precision[r] += P[r] * precision_of(TP, FP);
		curves->highest[r] = distance > curves->highest[r] ? distance : curves->highest[r];
		curves->lowest[r] = distance < curves->lowest[r] ? distance : curves->lowest[r];
		curves->TP[r] = TP;
		curves->FP[r] = FP;
	}
}

/* The same of one row alone: half of it is not needed. */
static void add_positive(struct curves *restrict curves, const double v[restrict REPLICATES])
{
	static const double none[REPLICATES];

	if (!curves->below_cut)
		add_top(curves, v, none);
	for (int r = 0; r < REPLICATES; r++) {
		const double TP = curves->TP[r] + v[r], distance = TP * curves->per_P[r] - curves->FP[r] * curves->per_N[r];

		curves->precision[r] += v[r] * precision_of(TP, curves->FP[r]);
		curves->highest[r] = distance > curves->highest[r] ? distance : curves->highest[r];
		curves->TP[r] = TP;
	}
}

static void add_negative(struct curves *restrict curves, const double v[restrict REPLICATES])
{
	static const double none[REPLICATES];

	if (!curves->below_cut)
		add_top(curves, none, v);
	for (int r = 0; r < REPLICATES; r++) {
		const double FP = curves->FP[r] + v[r], distance = curves->TP[r] * curves->per_P[r] - FP * curves->per_N[r];

		curves->ordered[r] += v[r] * curves->TP[r];
		curves->lowest[r] = distance < curves->lowest[r] ? distance : curves->lowest[r];
		curves->FP[r] = FP;
	}
}

static void follow_curves(struct curves *curves, const struct scored_rows *scored, const struct draws *draws)
{
	for (size_t i = 0; i < scored->n; i++) {
		double classes[2][REPLICATES], v[REPLICATES]; /* N, P */

		draw_again(v, scored, i, draws);
		if (scored->rows[i].last) {
			(scored->rows[i].positive ? add_positive : add_negative)(curves, v);
			continue;
		}
		for (int r = 0; r < REPLICATES; r++)
			classes[0][r] = classes[1][r] = 0;
		for (;; draw_again(v, scored, ++i, draws)) {
			double *const sum = classes[scored->rows[i].positive];

			for (int r = 0; r < REPLICATES; r++)
				sum[r] += v[r];
			if (scored->rows[i].last)
				break;
		}
		add_group(curves, classes[1], classes[0]);
	}
}

/* ---------------------------------------------------------------- both */

static struct measure_sums sums_of_totals(const struct totals *totals, int r)
{
	struct measure_sums sums = {.TN = totals->cells[0][r],
				    .FP = totals->cells[1][r],
				    .FN = totals->cells[2][r],
				    .TP = totals->cells[3][r],
				    .loss = totals->loss[r],
				    .brier = totals->brier[r]};

	for (int b = 0; b < CALIBRATION_BINS; b++)
		sums.gap += fabs(totals->gaps[b][r]);
	return sums;
}

static void sum(struct measure_sums sums[REPLICATES], const struct scored_rows *scored, const struct draws *draws)
{
	struct totals totals = {0};
	struct curves curves = {0};
	double v[REPLICATES];

	for (size_t i = 0; i < scored->n; i++) {
		draw(v, scored, i, draws);
		add_row(&totals, v, &scored->rows[i]);
	}
	for (int r = 0; r < REPLICATES; r++) {
		sums[r] = sums_of_totals(&totals, r);
		const double P = sums[r].TP + sums[r].FN, N = sums[r].FP + sums[r].TN;

		curves.per_P[r] = P > 0 ? 1 / P : 0;
		curves.per_N[r] = N > 0 ? 1 / N : 0;
		curves.cut[r] = TOP_SHARE * (P + N);
	}
	follow_curves(&curves, scored, draws);
	for (int r = 0; r < REPLICATES; r++) {
		sums[r].ordered = curves.ordered[r];
		sums[r].precision = curves.precision[r];
		sums[r].distance = curves.highest[r] > -curves.lowest[r] ? curves.highest[r] : -curves.lowest[r];
		sums[r].top = curves.top[r];
	}
}

size_t replicates_kept(const struct scored_rows *scored)
{
	return scored->n < MOST_KEPT ? scored->n : MOST_KEPT;
}

void replicates_sum(struct measure_sums sums[REPLICATES], const struct scored_rows *scored, uint64_t seed, uint32_t group,
		    struct replicates_counts *kept)
{
	sum(sums, scored, &(struct draws){seed, group, kept, kept ? replicates_kept(scored) : 0});
}

void replicates_sum_sample(struct measure_sums *sums, const struct scored_rows *scored)
{
	struct measure_sums all[REPLICATES];

	sum(all, scored, NULL);
	*sums = all[0];
}
