/* SPDX-License-Identifier: MIT
 * Cross-validation: the rows are cut into folds, and each is predicted by a model that learnt from all the others. */
#ifndef API_CROSSVAL_H
#define API_CROSSVAL_H

#include "data/dataset.h"

#define CROSSVAL_MAX_FITS 10000 /* folds x repeats */

/* How rows are cut. */
struct crossval_folding {
	size_t folds, repeats; /* of each cut, at least 2, and how often, at least 1: each repeat cuts anew */
	const char *group;     /* a column: rows with one value of it are in one fold; NULL: none */
	const char *column;    /* a column whose values are the folds, in place of `folds`; repeats is then 1; NULL: none */
};

struct crossval {
	struct cln_table *table;         /* lent; the columns that cut it are ignored from crossval_create on */
	const struct cln_config *config; /* lent */
	struct label label;
	struct labelled_rows all;        /* rows of a weight above 0 */
	size_t K, R;                     /* folds, repeats; fit f = 0 .. K R - 1 leaves fold f mod K of repeat f / K out */
	uint32_t *fold_of_row;           /* R times one for every row of the table; CROSSVAL_NONE: weight 0 */
	/* What the models said of the rows, R times all.n; NaN where no model has yet.  And each fit's threshold. */
	float *probabilities, *logits;
	double *thresholds;
};
#define CROSSVAL_NONE UINT32_MAX

/* CLN_E_USAGE: both columns are given, or one that cannot be; CLN_E_DATA: there is no such column, a cell of it is missing, or
 * there are too few rows, groups or values.  The texts of the columns must have been read (cln_read_options.known_categories). */
enum cln_status crossval_create(struct crossval *crossval, struct cln_table *table, const struct cln_config *config,
				const struct crossval_folding *folding, struct cln_error *err) CLN_MUST_CHECK;
void crossval_free(struct crossval *crossval);

static inline size_t crossval_fits(const struct crossval *crossval) { return crossval->K * crossval->R; }

/* Trains the model of a fit and has it predict the rows left out.  *seconds: the training's.  CLN_STOPPED: the observer's wish. */
enum cln_status crossval_fit(struct crossval *crossval, size_t fit, const struct cln_observer *observer, double *seconds,
			     struct cln_error *err) CLN_MUST_CHECK;

/* The rows that a fit leaves out: places in `all`, ascending; as many as returned, at most all.n. */
size_t crossval_rows_of(uint32_t *places, const struct crossval *crossval, size_t fit);

/* Measures of a fit's own rows, without intervals. */
enum cln_status crossval_measure_fit(struct cln_evaluation *evaluation, const struct crossval *crossval, size_t fit,
				     struct cln_error *err) CLN_MUST_CHECK;

/* Measures of all rows, each as predicted by models that had not seen it: the mean over repeats.  The threshold is the mean of the
 * fits'.  All fits must be done. */
enum cln_status crossval_measure(struct cln_evaluation *evaluation, const struct crossval *crossval,
				 const struct cln_judging *judging, struct cln_error *err) CLN_MUST_CHECK;

/* Mean and standard deviation (n - 1) over fits of a measure; NaN where one of them is undefined, or there is one alone. */
struct crossval_spread {
	double mean, deviation;
};
struct crossval_spread crossval_spread_of(const double *values, size_t n);

#endif
