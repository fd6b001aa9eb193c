/* SPDX-License-Identifier: MIT
 * From tables to what the trainer takes: label, rows, split, pipeline fitted on the training rows, features. */
#ifndef API_PREPARE_H
#define API_PREPARE_H

#include "data/dataset.h"
#include "model/model.h"

struct folded;

struct prepared {
	struct label label;
	char *weight;                  /* name of the weight column, or NULL */
	bool *left_out;                /* a copy of the part's, or NULL */
	struct pipeline *pipeline;
	/* All rows to learn from.  Weights: class weights times row weights, mean 1; NULL where that makes all of them 1, and where
	 * there are folds, whose members have weights of their own. */
	struct dataset train;
	float *train_row_weights;      /* as in the table, for metrics; NULL: all 1 */
	struct dataset valid, test;    /* weights as in the table; n_rows = 0: there are none */
	struct folded *folded;         /* where the members of an ensemble validate on folds of `train`, else NULL */
	size_t train_rows, valid_rows; /* to learn from in all; to judge by, those of folds that a member leaves out */
	size_t dropped_rows;           /* of weight 0, of all tables */
	size_t numeric_columns, categorical_columns; /* that may become features */
	size_t missing_cells;          /* of those, in the training table */
	double positive_rate;          /* share of the training rows */
	struct cln_column_summary *columns; /* of the training table, for an observer's `column`; else NULL */
	size_t n_columns;
};

/* What is wanted of the tables where that is not all of it. */
struct prepare_part {
	const bool *left_out; /* an entry for each column of the training table, true for those not to become features; or NULL */
	size_t most_rows;     /* a sample of no more rows to train on, and none to test; 0: all of both */
};

/* valid, test, init may be NULL; where a table is NULL its fraction of the training table's rows is split off, the test rows first.
 * With config->ensemble above 1 the validation rows are folds instead, round(1 / valid_fraction) of them, at least 2.
 * init: its pipeline and label are taken.  part: NULL: all.  observer (may be NULL) is told by `note` what a user should know about
 * the data.  It, config and the tables are lent for the life of `prepared`.
 * CLN_E_DATA: the tables cannot be used; CLN_E_USAGE: the config does not fit them or init. */
enum cln_status prepare(struct prepared *prepared, const struct cln_table *train, const struct cln_table *valid,
			const struct cln_table *test, const struct cln_model *init, const struct cln_config *config,
			const struct prepare_part *part, int threads, const struct cln_observer *observer,
			struct cln_error *err) CLN_MUST_CHECK;
void prepared_free(struct prepared *prepared);

struct identity_sources;
/* The rows of a set, in its order: their table, from the sources, and their numbers in it, for mem_free.  The datasets do not keep
 * them, so the labels are read once more; sources and config must be those of `prepared`. */
enum cln_status prepared_table_rows(const struct cln_table **table, uint32_t **rows, enum cln_rows set,
				    const struct prepared *prepared, const struct identity_sources *sources,
				    const struct cln_config *config, struct cln_error *err) CLN_MUST_CHECK;

/* How many folds there are; 0: none.  Member k leaves out fold k mod prepared_folds. */
size_t prepared_folds(const struct prepared *prepared);

/* The rows to learn from where `fold` is left out. */
size_t prepared_train_rows(const struct prepared *prepared, size_t fold);

/* What a member learns from and validates on: parts of `train`, the rows outside of a fold and those in it, or where there are no
 * folds prepared.train and valid.  Features are lent; lists and weights are the member's own. */
struct member_rows {
	struct dataset train, valid;
	uint32_t *lists;  /* of their rows, or NULL */
	float *weights;   /* of train, or NULL */
};

/* Safe from several threads at a time. */
enum cln_status prepared_member_rows(struct member_rows *rows, const struct prepared *prepared, size_t fold,
				     struct cln_error *err) CLN_MUST_CHECK;
void member_rows_free(struct member_rows *rows);

#endif
