/* SPDX-License-Identifier: MIT
 * A table before a training: all that is wrong with it, what its columns hold, what is suspicious, and how the training would be
 * sized.  Nothing is trained and nothing is written. */
#ifndef API_CHECK_H
#define API_CHECK_H

#include "base/json.h"
#include "base/utf8.h"
#include "data/findings.h"
#include "data/table.h"
#include "data/text.h"

/* What is to be checked; everything is lent.  model: whether the data fit it, and nothing about a training. */
struct check_task {
	const char *data, *valid, *test;    /* valid, test: NULL: none */
	const struct cln_read_options *read;
	const struct cln_config *config;
	const struct cln_model *init, *model; /* NULL: none */
	size_t most;                        /* problems of a file that are told one by one */
};

enum { CHECK_DATA, CHECK_VALID, CHECK_TEST, CHECK_FILES };

/* A file that was read. */
struct check_file {
	const char *name;          /* NULL: there is none */
	struct cln_table *table;   /* NULL: it cannot be read */
	struct findings findings;
	struct cln_error refused;  /* what is wrong beside them; code CLN_OK: nothing */
};

struct check_column {
	const char *name; /* lent by the table */
	enum cln_column_use use;
	bool categorical;
	size_t n_missing;
	size_t n_texts, n_signed; /* of a categorical column that is nearly_numbers: as there; else 0 */
	char text[EXCERPT];
	size_t n_text;            /* the most frequent of those, and its cells */
	size_t n_different;        /* levels of a categorical column */
	double least, median, greatest; /* of numbers; NaN: there are none */
	char frequent[EXCERPT];    /* the most frequent level ... */
	size_t n_frequent;         /* ... and how many cells hold it */
	bool constant, identifier;
	bool rounded;              /* whole numbers beyond 2^24: constant, too, is as rounded */
	bool left_out;             /* another text in every row, hence no feature: ignored, and described all the same */
	size_t codes;              /* different whole numbers that may be codes, else 0 */
	/* The column tells the label: all its numbers of one class are greater than those of the other, each of its levels is of
	 * one class alone, or it is missing in all rows of one class and in none of the other. */
	bool tells_label;
};

/* Rows of a file that are rows of DATA too, cell by cell of the features and the label. */
struct check_copies {
	size_t n;
	bool rounded;         /* among their cells are such as may differ in the file */
	size_t line, of_line; /* of the first of them, and of the first row of DATA that is the same; 0: not known */
};

/* How a column of a model is met; see data/novel.h. */
struct check_fit_column {
	const char *name; /* lent by the model */
	bool missing;     /* from the table */
	size_t n_present, n_outside, n_unseen;
	double least, greatest; /* of the training rows; NaN: not known */
	char unseen[EXCERPT];
};

struct check_result {
	struct check_file files[CHECK_FILES];
	size_t n_rows; /* of DATA without problems */
	struct check_column *columns;
	size_t n_columns;

	/* the label of these rows; column NULL: there is none that can be used */
	char *label, *negative, *positive;
	bool positive_was_chosen;
	size_t n_negative, n_positive, n_dropped; /* dropped: of weight 0 */
	char *weight; /* or NULL */
	double weight_sum, weight_least, weight_greatest;

	struct check_copies copies[CHECK_FILES]; /* of DATA: rows that stand in it before */

	/* what train would do; members 0: it would refuse */
	struct cln_error refused; /* with this; code CLN_OK: it would not, or was not asked */
	size_t members, epochs, folds, n_features, n_params, train_rows, valid_rows, test_rows, n_layers;
	size_t n[CLN_MAX_HIDDEN + 2];
	double table_bytes, feature_bytes, network_bytes;
	struct text notes; /* sentences of train, each ended by '\n' */

	struct check_fit_column *fit; /* of a model: those columns that it wants */
	size_t n_fit;
	size_t n_extra; /* columns that the model does not know, and the first of them */
	size_t extra[CLN_EXTRA_NAMED];
	size_t label_counts[3]; /* where the table has the model's label: negative, positive, missing or other; else 0 */
};

/* CLN_OK whatever is wrong with the data: check_status has that.  Else a file could not be opened or read, there was no memory, or
 * an option contradicts another.  check_free is allowed whatever was returned. */
enum cln_status check_run(struct check_result *result, const struct check_task *task, struct cln_error *err) CLN_MUST_CHECK;
void check_free(struct check_result *result);

/* CLN_OK: train, or with a model predict, would take the data.  CLN_E_DATA or CLN_E_USAGE: it would not. */
enum cln_status check_status(const struct check_result *result);

/* ---------------------------------------------------------------- parts of it (check_columns.c, check_copies.c, check_model.c) */

struct labelled_rows;
/* all: without labels.  chosen: a model has chosen its columns, so that none is left out. */
enum cln_status check_columns(struct check_result *result, const struct labelled_rows *all, const struct labelled_rows *labelled,
			      bool chosen, int threads, struct cln_error *err) CLN_MUST_CHECK;
/* Whether a column tells the label of these rows: see check_column. */
enum cln_status check_tells_label(bool *tells, const struct column *column, const struct labelled_rows *labelled,
				  struct cln_error *err) CLN_MUST_CHECK;
enum cln_status check_copies(struct check_result *result, int threads, struct cln_error *err) CLN_MUST_CHECK;
/* Whether so many shared rows are more than chance: one in twenty, and more. */
static inline bool check_is_leak(size_t n_shared, size_t n_rows) { return n_shared > 0 && 20 * n_shared >= n_rows; }
/* How many rows of a table stand in DATA too, by DATA's columns of `use` (an entry each), in 16 bytes a row. */
enum cln_status check_shared(size_t *n, const struct cln_table *table, const struct cln_table *data, const bool *use, int threads,
			     struct cln_error *err) CLN_MUST_CHECK;
/* Texts in columns that are to be numbers (numeric: an entry a column): train or predict refuse the first. */
enum cln_status check_texts(struct findings *findings, const struct cln_table *table, const bool *numeric, const char *hint,
			    struct cln_error *err) CLN_MUST_CHECK;
enum cln_status check_model(struct check_result *result, const struct check_task *task, struct cln_error *err) CLN_MUST_CHECK;

#endif
