/* SPDX-License-Identifier: MIT
 * The probability from which on a row is called positive, chosen on labelled rows. */
#ifndef API_THRESHOLD_H
#define API_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>

#include <colonnade.h>

struct threshold_choice {
	double threshold;             /* positive where p >= threshold */
	double precision, recall, f1; /* of these rows, there; a precision of NaN: no row is called positive */
	bool possible;                /* false: rows of one class alone, or a p that is NaN; the threshold is 1/2, the others NaN */
	bool met;                     /* false: no threshold has the precision asked for, so this is the one with the greatest */
};

/* By config->threshold_rule, which chooses; p in [0, 1], y (0/1), w (NULL: all 1): n < 2^32 rows.
 * With TP, FP and FN the weights of positives called positive, of negatives called so, and of positives missed:
 *   f1      the greatest (1 + b^2) TP / ((1 + b^2) TP + FP + b^2 FN), b = threshold_beta
 *   cost    the least  FP false_positive_cost + FN false_negative_cost
 *   recall  the greatest TP / (TP + FN) where TP / (TP + FP) >= least_precision
 *   balanced_accuracy  the greatest TP / P - FP / N, P and N the weights of the classes
 *   mcc     the greatest (TP N - FP P) / sqrt((TP + FP) (TN + FN)); 0 where all rows are called the same
 * of all ways to cut the rows by p, equal ones together; of equally good ones that which calls the fewest positive.  The threshold
 * lies half-way between the p on both sides of the cut, 0 and 1 standing beyond the last.  Sums in the order of p: the same bits
 * for any threads. */
enum cln_status threshold_choose(struct threshold_choice *choice, const struct cln_config *config, const float *p, const float *y,
				 const float *w, size_t n, struct cln_error *err) CLN_MUST_CHECK;

#endif
