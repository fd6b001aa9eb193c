/* SPDX-License-Identifier: MIT
 * What a model says of rows: the probabilities that its members average to, and their logits. */
#ifndef API_SCORES_H
#define API_SCORES_H

#include "kernels/kernels.h"
#include "nn/network.h"
#include "train/predict.h"

struct scorer {
	const struct network *const *networks; /* K >= 1 */
	size_t K;
	const struct kernels *kernels;
	int threads;
	double temperature; /* 1: none */
};

/* Of rows of X (n_features each), with z_k the logit that network k gives a row:
 *   probability = 1/K sum_k (float)sigmoid(z_k), summed in double in order of k and rounded once to float;
 *   logit = log(sum_k sigmoid(z_k)) - log(sum_k sigmoid(-z_k)), that of the mean, which neither rounds to infinity where the
 *   probability is nearly 0 or 1 nor leaves the 709 that a sum no less than DBL_MIN allows; with K = 1 it is z_1 itself.
 * With a temperature other than 1 both are then calibrated (calibrate_row).
 * logits: NULL where they are not wanted.  Rows are independent: the same bits for any threads and kernels. */
enum cln_status scores_of_rows(float *probabilities, float *logits, const struct scorer *scorer, const struct some_rows *some,
			       struct cln_error *err) CLN_MUST_CHECK;

/* The same by this process alone, whatever ranks there are. */
enum cln_status scores_here(float *probabilities, float *logits, const struct scorer *scorer, const struct some_rows *some,
			    struct cln_error *err) CLN_MUST_CHECK;

/* scores_of_rows of all rows of X. */
enum cln_status scores_compute(float *probabilities, float *logits, const struct scorer *scorer, const float *X, size_t n_rows,
			       struct cln_error *err) CLN_MUST_CHECK;

#endif
