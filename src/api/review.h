/* SPDX-License-Identifier: MIT
 * What a report draws of scored rows: all measures, points of the ROC and the precision-recall curve, the bins of the calibration
 * error, and how the scores are distributed in both classes. */
#ifndef API_REVIEW_H
#define API_REVIEW_H

#include "api/scored_rows.h"

#define REVIEW_POINTS 200
#define REVIEW_SCORES 20 /* bins of the probability, equally wide */

struct review_point {
	double x, y;
};

/* Rows count by their weights.  A curve has all its points where they are no more than REVIEW_POINTS; else, of the points in the
 * order of descending scores, those at which it has gone on by 1 / (REVIEW_POINTS - 1) of its length since the last one that was
 * taken, and the last: the length of the ROC curve is FPR + TPR, that of the other its recall.  The ROC curve begins at (0, 0). */
struct review {
	struct cln_evaluation evaluation;
	size_t n_roc, n_pr;                     /* 0: a class is absent */
	struct review_point roc[REVIEW_POINTS]; /* FPR, TPR */
	struct review_point pr[REVIEW_POINTS];  /* recall, precision: at the scores at which the recall grows */
	struct {
		double weight;                /* of its rows; the others are 0 where it is */
		double probability, positive; /* their mean, and the share that is positive */
	} bins[CALIBRATION_BINS];
	double scores[2][REVIEW_SCORES]; /* weights of the negative and of the positive rows */
};

/* Scores and labels are believed (see cln_evaluate), and there is a row.  CLN_E_MEMORY. */
enum cln_status review_compute(struct review *review, const struct cln_scores *scores, const struct cln_labels *labels,
                               const struct cln_judging *judging, struct cln_error *err) CLN_MUST_CHECK;

#endif
