/* SPDX-License-Identifier: MIT
 * What networks say of labelled rows, and how good it is. */
#ifndef API_JUDGE_H
#define API_JUDGE_H

#include "api/prepare.h"
#include "api/scores.h"
#include "api/threshold.h"
#include "train/metrics.h"

struct judged {
	size_t n;
	float *logits, *probabilities;
	const float *y, *w; /* w = NULL: all 1 */
	float *memory;      /* owned: logits, probabilities, and what of the others is not lent */
};

/* All rows of a dataset, by all networks.  y, and w in place of the dataset's, are lent. */
enum cln_status judge_dataset(struct judged *judged, const struct scorer *scorer, const struct dataset *dataset, const float *w,
			      struct cln_error *err) CLN_MUST_CHECK;

/* By those of the networks that left a fold out: at least one, which go to `chosen`. */
struct scorer scorer_of_fold(const struct network **chosen, const struct scorer *scorer, size_t fold, size_t n_folds);

/* The rows to validate on.  Where there are folds, every row of a fold by those of the networks, members 0 .. K-1, that left it
 * out; rows of folds that none did are not among them. */
enum cln_status judge_valid(struct judged *judged, const struct scorer *scorer, const struct prepared *data,
			    struct cln_error *err) CLN_MUST_CHECK;

/* Rows to judge a model by, of its label and weight columns; without the latter every row weighs 1.  CLN_E_DATA: they cannot be
 * read, or there is no row. */
enum cln_status judge_rows_read(struct labelled_rows *labelled, const struct cln_table *table, const struct cln_model *model,
				struct cln_error *err) CLN_MUST_CHECK;

/* These rows, by a whole model, calibrated.  y and w are lent by `labelled`; report may be NULL. */
enum cln_status judge_table(struct judged *judged, const struct labelled_rows *labelled, const struct cln_model *model,
			    int threads, struct cln_row_report *report,
			    struct cln_error *err) CLN_MUST_CHECK;

/* What the table has besides the model's columns, the label and the weight. */
void judge_report_extra(struct cln_row_report *report, const struct cln_model *model, const struct cln_table *table,
			const struct pipeline_reader *reader);

/* Fits the temperature to rows that were judged without one, and calibrates them. */
enum cln_status judged_calibrate(double *temperature, struct judged *judged, int threads, struct cln_error *err) CLN_MUST_CHECK;

/* Chooses the threshold where the config says so, else takes the config's. */
enum cln_status judged_choose_threshold(struct threshold_choice *choice, const struct judged *judged,
					const struct cln_config *config, struct cln_error *err) CLN_MUST_CHECK;

/* Rows of a table, and by what their features were made. */
struct judged_rows {
	const struct cln_table *table;
	const struct pipeline *pipeline;
	const uint32_t *rows; /* their numbers; NULL: 0 ... */
};

/* Whether n rows have logits (or probabilities) that are numbers: CLN_E_DATA names the first ten that have none by their places,
 * with the cell that gave the largest feature. */
enum cln_status judge_check_numbers(const float *logits, size_t n, const struct judged_rows *of,
				    struct cln_error *err) CLN_MUST_CHECK;

/* No rows: all zero. */
enum cln_status judged_measure(struct cln_metrics *metrics, const struct judged *judged, double threshold,
			       struct cln_error *err) CLN_MUST_CHECK;
void judged_free(struct judged *judged);

#endif
