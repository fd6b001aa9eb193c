/* SPDX-License-Identifier: MIT */
#include "api/review.h"

#include "api/evaluation.h"

/* A curve on its way. */
struct curve {
	struct review_point *points;
	size_t n;
	double step, last;       /* the least way between two points, and where the last one was taken */
	struct review_point end; /* the last of all, taken or not */
	bool taken;
};

static void curve_add(struct curve *curve, double x, double y, double way)
{
	curve->end = (struct review_point){x, y};
	curve->taken = way - curve->last >= curve->step && curve->n < REVIEW_POINTS - 1;
	if (!curve->taken)
		return;
	curve->points[curve->n++] = curve->end;
	curve->last = way;
}

static void curve_end(struct curve *curve)
{
	if (curve->n > 0 && !curve->taken)
		curve->points[curve->n++] = curve->end;
}

/* Weights of the rows so far, and how many points both curves have in all. */
struct totals {
	double P, N;
	size_t n_roc, n_pr;
};

static struct totals sum_rows(const struct scored_rows *scored)
{
	struct totals totals = {.n_roc = 1};
	double before = 0;

	for (size_t i = 0; i < scored->n; i++) {
		const struct scored_row *row = &scored->rows[i];

		*(row->positive ? &totals.P : &totals.N) += (double)row->w;
		if (!row->last)
			continue;
		totals.n_roc++;
		totals.n_pr += totals.P > before;
		before = totals.P;
	}
	return totals;
}

static void draw_curves(struct review *review, const struct scored_rows *scored)
{
	const struct totals totals = sum_rows(scored);
	struct curve roc = {.points = review->roc, .step = totals.n_roc <= REVIEW_POINTS ? 0 : 2.0 / (REVIEW_POINTS - 1)};
	struct curve pr = {.points = review->pr, .step = totals.n_pr <= REVIEW_POINTS ? 0 : 1.0 / (REVIEW_POINTS - 1)};
	double TP = 0, FP = 0, before = 0;

	if (!(totals.P > 0) || !(totals.N > 0))
		return;
	curve_add(&roc, 0, 0, roc.step);
	roc.last = 0;
	pr.last = -pr.step;
	for (size_t i = 0; i < scored->n; i++) {
		const struct scored_row *row = &scored->rows[i];

		*(row->positive ? &TP : &FP) += (double)row->w;
		if (!row->last)
			continue;
		curve_add(&roc, FP / totals.N, TP / totals.P, FP / totals.N + TP / totals.P);
		if (TP > before)
			curve_add(&pr, TP / totals.P, TP / (TP + FP), TP / totals.P);
		before = TP;
	}
	curve_end(&roc);
	curve_end(&pr);
	review->n_roc = roc.n;
	review->n_pr = pr.n;
}

static size_t score_bin(float p)
{
	const int bin = (int)((double)p * REVIEW_SCORES);

	return (size_t)(bin < REVIEW_SCORES ? bin : REVIEW_SCORES - 1);
}

static void fill_bins(struct review *review, const struct scored_rows *scored)
{
	for (size_t i = 0; i < scored->n; i++) {
		const struct scored_row *row = &scored->rows[i];
		const double w = (double)row->w;

		review->bins[row->bin].weight += w;
		review->bins[row->bin].probability += w * (double)row->p;
		review->bins[row->bin].positive += row->positive ? w : 0;
		review->scores[row->positive][score_bin(row->p)] += w;
	}
	for (size_t b = 0; b < CALIBRATION_BINS; b++) {
		if (!(review->bins[b].weight > 0))
			continue;
		review->bins[b].probability /= review->bins[b].weight;
		review->bins[b].positive /= review->bins[b].weight;
	}
}

enum cln_status review_compute(struct review *review, const struct cln_scores *scores, const struct cln_labels *labels,
                               const struct cln_judging *judging, struct cln_error *err)
{
	struct cln_comparison comparison;
	struct scored_rows scored;
	const enum cln_status status = evaluation_compute(&comparison, &scored, scores, NULL, labels, judging, err);

	*review = (struct review){0};
	if (status != CLN_OK)
		return status;
	review->evaluation = comparison.first;
	draw_curves(review, &scored);
	fill_bins(review, &scored);
	scored_rows_free(&scored);
	return CLN_OK;
}
