/* SPDX-License-Identifier: MIT
 * A dataset: features X, labels y and weights w of rows in memory, ready for the trainer (dataset.c); labels found in a table
 * (label.c); splits (dataset.c). */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "data/pipeline.h"

struct dataset {
	size_t n_rows, n_features;
	float *X;  /* n_rows x n_features, row-major */
	float *y;  /* 0 or 1 */
	float *w;  /* row weights, or NULL: all 1 */
	/* NULL, or the dataset is a part of another one's rows, and has their X, y and w: its row i is row rows[i] of these. */
	const uint32_t *rows;
	uint64_t id; /* of X: that of the dataset whose own it is, no other's in this process; 0: nobody gave one */
	struct area area; /* what X lies in: memory, or where it does not fit there, a scratch file */
};
enum cln_status dataset_create(struct dataset *dataset, size_t n_rows, size_t n_features, bool weighted,
			       struct cln_error *err) CLN_MUST_CHECK;
void dataset_free(struct dataset *dataset); /* not of a part */

/* Where row i lies in X, y and w. */
static inline size_t dataset_row(const struct dataset *dataset, size_t i) { return dataset->rows ? dataset->rows[i] : i; }

/* How rows will be read from now on: by mini-batches in any order, or one after the other. */
void dataset_expect(const struct dataset *dataset, bool at_random);

/* What the label column means. */
struct label {
	char *column;
	char *negative, *positive;   /* texts of the two values */
	bool positive_was_chosen;    /* by nobody: the greater value (as numbers where both are, else by bytes) */
};

/* Finds the two label values in the rows of a table (name = NULL: the last column that is not `weight`).  name and weight: names or
 * numbers, as the user writes them.
 * Rows of weight 0 do not count.  The text of a number is its shortest.  `positive` may be another text of the same number.
 * findings: NULL, or as labels_read has them; the label is then that of the first two values.
 * CLN_E_DATA: no such column, a single class, or a third value (its place and text). Rows with a missing label: see labels_read.
 * CLN_E_USAGE: `positive` is neither value, or the label is the weight. */
struct findings;
enum cln_status label_find(struct label *label, const struct cln_table *table, const char *name, const char *positive,
                           const char *weight, struct findings *findings, struct cln_error *err) CLN_MUST_CHECK;
void label_free(struct label *label);

/* Whether a text is that of the positive value, or of the same number. */
bool label_is_positive(const struct label *label, const char *text);

/* Rows of a table that can be learnt from or judged by, in ascending order: their numbers, labels (0/1) and weights. */
struct labelled_rows {
	const struct cln_table *table; /* lent */
	size_t n;
	uint32_t *rows;
	float *y, *w;                  /* w = NULL: all 1 */
	size_t n_dropped;              /* of weight 0, not among them */
};
void labelled_rows_free(struct labelled_rows *labelled);

/* part <- the n rows that stand at the chosen places. */
enum cln_status labelled_rows_choose(struct labelled_rows *part, const struct labelled_rows *labelled, const uint32_t *chosen,
                                     size_t n, struct cln_error *err) CLN_MUST_CHECK;

/* Both columns are found by their names alone; weight may be NULL.
 * A cell matches a label value by its bytes, else as a number, so that the column's type need not be that of the training table.
 * With findings (NULL: none), for colonnade check, all cells that cannot be used are added to them, labels that are missing
 * included, and rows that they call bad are passed over; the rows are those that remain.
 * CLN_E_DATA with the place: a missing or third label value, a missing, negative or non-numeric weight. */
enum cln_status labels_read(struct labelled_rows *labelled, const struct cln_table *table, const struct label *label,
                            const char *weight, struct findings *findings, struct cln_error *err) CLN_MUST_CHECK;

/* Counts how many of a label column's cells are negative, are positive, and are neither or missing, as labels_read takes them.
 * CLN_E_DATA: it was read as numbers that do not tell the two values apart.  counts: added to. */
enum cln_status labels_count(size_t counts[3], const struct column *column, size_t n_rows, const struct label *label,
			     struct cln_error *err) CLN_MUST_CHECK;

/* Splits 0 .. n-1 into two ascending lists so that `fraction` of each class (rounded to the nearest; of a class of two or more rows
 * at least one and never all, of a single row none; fraction = 0: none) falls into `second`.  Which ones: the first of a
 * permutation of the negative rows, then of the positive ones, keyed by (seed, RNG_SPLIT, part).
 * first and second: allocated, mem_free. */
enum cln_status split_stratified(uint32_t **first, size_t *n_first, uint32_t **second, size_t *n_second, const float *y, size_t n,
                                 double fraction, uint64_t seed, uint32_t part, struct cln_error *err) CLN_MUST_CHECK;

#endif
