/* SPDX-License-Identifier: MIT
 * The rules of a search over hyperparameters: what a trial's values are, how many epochs it is given, and which trials go on.  All
 * follow from the seed and from numbers, never from clocks or from who does the work. */
#ifndef API_SEARCH_H
#define API_SEARCH_H

#include "api/crossval.h"
#include "api/fit.h"
#include "base/rng.h"

/* ---------------------------------------------------------------- values */

/* From low to high, both included, low < high; logarithmic: low > 0, and equal ratios are equally likely, else equal differences.
 * whole: whole numbers, both ends among them. */
struct search_range {
	double low, high;
	bool logarithmic, whole;
};

/* The draws of one option in one trial (from 1).  They depend on nothing else, so that neither further options nor further trials
 * change them. */
void search_stream(struct rng *rng, uint64_t seed, const char *option, size_t trial);

/* A number of the range; of four significant digits, unless whole. */
double search_draw(struct rng *rng, const struct search_range *range);

/* ---------------------------------------------------------------- epochs */

/* Successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS
 * 2016): all trials are trained for a part of the epochs, the best of them, one of eta, for eta times as many, and so on; the last
 * rung has all epochs.  Every rung trains anew, because most schedules of the rate depend on the number of epochs. */
struct search_plan {
	size_t trials, eta, rungs;
};

/* rungs: as many as leave two trials on the last one and SEARCH_LEAST_EPOCHS on the first, where a trial has `epochs`.  eta = 0:
 * one rung. */
#define SEARCH_LEAST_EPOCHS 3
struct search_plan search_plan(size_t trials, size_t eta, size_t epochs);

/* Of a rung, from 0: trials on it, and the epochs of a trial that has `epochs` on the last one. */
size_t search_rung_trials(const struct search_plan *plan, size_t rung);
size_t search_rung_epochs(const struct search_plan *plan, size_t rung, size_t epochs);

/* The epochs that a fit with this config has, at most; n_rows: to choose them by, where they are auto (fit_rows_to_choose_by). */
size_t search_epochs(const struct cln_config *config, size_t n_rows);

/* ---------------------------------------------------------------- judging */

/* Before the first trial: whether there is a label, and as many folds as are asked for (0: none).  CLN_E_DATA, CLN_E_USAGE. */
enum cln_status search_check(struct cln_table *table, const struct cln_config *config, size_t folds,
			     struct cln_error *err) CLN_MUST_CHECK;

/* A trial on a rung.  value: of the metric, NaN where it is undefined; diverged: there is none. */
struct search_score {
	size_t trial;
	double value;
	bool diverged;
};

/* Best first: by the metric, then by the trial's number; undefined ones behind, diverged ones last. */
void search_rank(struct search_score *scores, size_t n, enum cln_metric metric);

/* The metric's value among a model's metrics. */
double search_value(const struct cln_metrics *metrics, enum cln_metric metric);

/* Means over n parts of what was judged; rows and weight are sums. */
struct cln_metrics search_mean(const struct cln_metrics *parts, size_t n);

/* Trains a trial without one of K folds, and has it predict that fold's rows.  *seconds: the training's.  CLN_STOPPED: the
 * observer's wish. */
enum cln_status search_fit_fold(struct cln_metrics *metrics, double *seconds, struct cln_table *table,
				const struct cln_config *config, size_t fold, size_t K, const struct cln_observer *observer,
				struct cln_error *err) CLN_MUST_CHECK;

#endif
