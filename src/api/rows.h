/* SPDX-License-Identifier: MIT
 * Rows from files: how a table is read for a training or a model, and its columns that stand beside the predictions. */
#ifndef API_ROWS_H
#define API_ROWS_H

#include "base/io.h"
#include "data/parts.h"

/* Reads a table for a model, or for two that are compared on it (second may be NULL): the label, the weight and what they make
 * features of; other columns are not looked at.  What they learnt as categories is read so here too, so that "007" stays what it
 * was in training, and so is the label.  options: what else is asked of the reader. */
enum cln_status rows_read_for_models(struct cln_table **table, const char *path, const struct cln_read_options *options,
				     const struct cln_model *first, const struct cln_model *second,
				     struct cln_error *err) CLN_MUST_CHECK;

/* The same for one model, whole.  Here and below with findings (data/findings.h; NULL: none) all that is wrong goes there, and
 * table_read_all says when *table is NULL. */
struct findings;
enum cln_status rows_read_for_model(struct cln_table **table, const char *path, const struct cln_read_options *options,
				    const struct cln_model *model, struct findings *findings,
				    struct cln_error *err) CLN_MUST_CHECK;

/* Reads a table to train on by a config, of which the label and the weight matter here, or for the model `init` to start from. */
enum cln_status rows_read_to_train(struct cln_table **table, const char *path, const struct cln_read_options *options,
				   const struct cln_model *init, const struct cln_config *config, struct findings *findings,
				   struct cln_error *err) CLN_MUST_CHECK;

/* Reads a table like one that was read with the same options: the lists of columns mean those that they mean there, wherever they
 * stand in this one and whether it has them or not. */
enum cln_status rows_read_like_table(struct cln_table **table, const char *path, const struct cln_read_options *options,
				     const struct cln_table *like, struct findings *findings,
				     struct cln_error *err) CLN_MUST_CHECK;

/* The model's weight column, where it has one and the table does not: every row weighs 1 then; else NULL. */
const char *rows_missing_weight(const struct cln_table *table, const struct cln_model *model);

/* Opens a text so that its rows are read the same way, some at a time (data/parts.h), for what needs features alone; ended with
 * rows_close. */
struct rows_reader {
	struct parts *parts;
	const char **categories, **needed; /* names of columns, which the parts' options refer to */
};
enum cln_status rows_open_for_model(struct rows_reader *reader, const char *path, const struct cln_read_options *options,
				    const struct cln_model *model, struct cln_error *err) CLN_MUST_CHECK;
void rows_close(struct rows_reader *reader);

/* cln_table_convert to a file that may be guarded. */
enum cln_status rows_convert(const char *path, const struct io_place *out, const struct cln_read_options *options,
			     struct cln_cache_summary *summary, struct cln_error *err) CLN_MUST_CHECK;

/* *list: as texts that stand for a missing cell are given, and then in the form that all lists of the same ones have; NULL: none.
 * *owned, to be freed with mem_free, is what it then points to. */
enum cln_status rows_settle_missing(const char **list, char **owned, struct cln_error *err) CLN_MUST_CHECK;

/* Columns whose cells are written as they were read. */
struct rows_kept {
	size_t n;
	const struct column **columns; /* of the table */
};

/* Finds the comma-separated names or numbers of `keep` in a table that was read with them as its `keep`, so that no cell was
 * rounded (the pipeline reads texts as numbers where numbers were learnt).  CLN_E_DATA: there is no such column. */
enum cln_status rows_keep(struct rows_kept *kept, const struct cln_table *table, const char *keep,
			  struct cln_error *err) CLN_MUST_CHECK;
void rows_kept_free(struct rows_kept *kept);

/* Appends a cell by RFC 4180: in quotes where it holds a comma, a quote or a line end. */
void rows_add_cell(struct text *text, const char *cell);
/* Appends the names, each with a comma behind it. */
void rows_add_names(struct text *text, const struct rows_kept *kept);

/* Rows of a table and what a model says of them, as lines of CSV: the kept cells, the probability, and the class. */
struct rows_predicted {
	const struct cln_model *model;
	const struct rows_kept *kept;
	const float *probabilities;
	size_t n_rows;
};

/* The lines in n texts, one behind the other, made by `threads` threads; each and the list are freed by rows_texts_free. */
struct rows_texts {
	struct text *texts;
	size_t n;
};
enum cln_status rows_format(struct rows_texts *lines, const struct rows_predicted *rows, int threads,
			    struct cln_error *err) CLN_MUST_CHECK;
void rows_texts_free(struct rows_texts *lines);

#endif
