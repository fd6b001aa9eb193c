/* SPDX-License-Identifier: MIT
 * Permutation importance of columns whose features are in memory. */
#ifndef API_SHUFFLE_H
#define API_SHUFFLE_H

#include "api/judge.h"
#include "api/sample.h"

#define SHUFFLE_MOST_REPEATS 1000

/* Rows of X that the same networks judge: all of them, or those of a fold. */
struct shuffle_part {
	const uint32_t *rows;
	size_t n;
	struct scorer scorer;
};

struct shuffle_task {
	const struct pipeline *pipeline;
	const float *X;
	const struct shuffle_part *parts;
	size_t n_parts, n;  /* rows in all, in the order of the parts */
	const float *y, *w; /* of these; w may be NULL */
	const struct judged_rows *of; /* where these come from, for messages; NULL: they are 0 ... of none */
	size_t repeats;     /* 1 .. SHUFFLE_MOST_REPEATS */
	uint64_t seed;
	int threads;
};

/* importance: all but `of`, the gap and the contributions, which are set to NaN; columns in the order of the pipeline.
 * In repeat r of column c row i gets the cell of row pi(i), with pi the permutation of (seed, RNG_IMPORTANCE, r, 1 + c).
 *
 * The interval is value -+ 1.96 errors.  Let u_r(i) be what row i adds to the value in repeat r beyond its share, by its own
 * label: n w_i (d_i - mean of d) / W for the log loss, d_i the row's loss then less that before, and n times the difference of its
 * influences (delong_influence) for the AUC.  A row counts twice, with its label and with the cell that it gives away:
 *   a(i) = 1/R sum_r (u_r(i) + u_r(pi^-1(i))),   error^2 = (S - T / R) / n,
 * S the variance of a over the rows, T that of all u.  With u(i, j) = alpha_i + beta_j + epsilon_ij for a row i that gets the cell
 * of row j, S is Var(alpha + beta) + (Var alpha + Var beta + 2 Var epsilon) / R and T is Var alpha + Var beta + Var epsilon; what
 * is left is Var(alpha + beta) + Var epsilon / R: the chance of rows and of shuffles.  It is never less than the variance of the
 * repeats' values over R.
 * CLN_E_DATA: a logit is not a number; CLN_E_MEMORY. */
enum cln_status shuffle_compute(struct cln_importance **importance, const struct shuffle_task *task,
				struct cln_error *err) CLN_MUST_CHECK;

/* One without values, for these columns; NULL or not, cln_importance_destroy ends it. */
enum cln_status importance_create(struct cln_importance **importance, const struct pipeline_column *const *columns, size_t n,
				  struct cln_error *err) CLN_MUST_CHECK;

/* In the order of cln_importance.columns: the rise of the log loss, then the contribution, then the name. */
void importance_sort(struct cln_importance *importance);

#endif
