/* SPDX-License-Identifier: MIT
 * From tables to what the trainer takes: label, rows, split, pipeline fitted on the training rows, features. */
#ifndef API_PREPARE_H
#define API_PREPARE_H

#include "data/dataset.h"
#include "model/model.h"

struct prepared {
	struct label label;
	char *weight;                  /* name of the weight column, or NULL */
	struct pipeline *pipeline;
	struct dataset train;          /* weights: class weights times row weights, mean 1; NULL where that makes all of them 1 */
	float *train_row_weights;      /* as in the table, for metrics; NULL: all 1 */
	struct dataset valid, test;    /* weights as in the table; n_rows = 0: there are none */
	size_t dropped_rows;           /* of weight 0, of all tables */
	size_t numeric_columns, categorical_columns; /* that may become features */
	size_t missing_cells;          /* of those, in the training table */
	double positive_rate;          /* share of the training rows */
};

/* valid, test, init may be NULL; where a table is NULL its fraction of the training table's rows is split off, the test rows first.
 * init: its pipeline and label are taken.  observer (may be NULL) is told what a user should know about the data.
 * CLN_E_DATA: the tables cannot be used; CLN_E_USAGE: the config does not fit them or init. */
enum cln_status prepare(struct prepared *prepared, const struct cln_table *train, const struct cln_table *valid,
			const struct cln_table *test, const struct cln_model *init, const struct cln_config *config, int threads,
			const struct cln_observer *observer, struct cln_error *err) CLN_MUST_CHECK;
void prepared_free(struct prepared *prepared);

#endif
