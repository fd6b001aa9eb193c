/* SPDX-License-Identifier: MIT
 * Integrated gradients of a model's logit, column by column (Sundararajan, Taly & Yan, "Axiomatic attribution for deep networks",
 * ICML 2017), along the lines of train/path.h, on which all members of an ensemble are at the same place t:
 *   f = (log sum_k sigmoid(z_k) - log sum_k sigmoid(-z_k)) / T,   df/dz_k = s_k (1 / sum sigmoid(z) + 1 / sum sigmoid(-z)) / T
 * with s_k = sigmoid(z_k) sigmoid(-z_k), T the temperature; of a single network f = z / T.  A column's contribution is the integral
 * over t of sum_k df/dz_k times the part of dz_k/dt that belongs to what is made of the column, by the trapezoid rule. */
#ifndef API_ATTRIBUTE_H
#define API_ATTRIBUTE_H

#include "api/sample.h"
#include "train/path.h"

#define ATTRIBUTE_LEAST_STEPS 16
#define ATTRIBUTE_MOST_STEPS 16384
#define ATTRIBUTE_TOLERANCE 2e-4 /* of an explanation, times max(1, |f(row) - f(baseline)|) */

struct attribution_space;

struct attribution {
	size_t K;
	struct path paths[CLN_MAX_ENSEMBLE];
	double temperature;
	const struct pipeline_column **columns; /* those that give features, ... */
	size_t n_columns;                       /* ... whose contributions there are */
	float *baseline;                        /* features: pipeline_typical */
	size_t n_features;
	size_t at_a_time;                       /* points whose slopes are in memory */
	int threads;
	struct attribution_space *spaces;       /* one a thread */
};
enum cln_status attribution_create(struct attribution *attribution, const struct cln_model *model, int threads,
				   struct cln_error *err) CLN_MUST_CHECK;
void attribution_free(struct attribution *attribution);

/* One row, from its features: logit, gap, steps, tolerance and contributions, for which there is room.  *baseline: f there. */
enum cln_status attribution_explain(struct cln_explanation *explanation, double *baseline, const struct attribution *attribution,
				    const float *x, struct cln_error *err) CLN_MUST_CHECK;

/* Means over n rows of X by their weights (NULL: 1) of |contribution|, one a column, and of |gap|; 16 steps a row. */
enum cln_status attribution_means(double *contributions, double *gap, const struct attribution *attribution, const float *X,
				  const float *w, size_t n, struct cln_error *err) CLN_MUST_CHECK;

#endif
