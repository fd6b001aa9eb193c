/* SPDX-License-Identifier: MIT
 * Rows on their way out: how a table is read for a model, and its columns that stand beside the predictions. */
#ifndef API_ROWS_H
#define API_ROWS_H

#include "data/table.h"

/* What a table is told to read as categories (cln_read_options.known_categories), so that "007" stays what it was in training.
 * The names are lent by the model or the table. */
struct rows_categories {
	const char **names;
	size_t n;
};
enum cln_status rows_categories_of_model(struct rows_categories *categories, const struct cln_model *model,
					 struct cln_error *err) CLN_MUST_CHECK;
enum cln_status rows_categories_of_table(struct rows_categories *categories, const struct cln_table *table,
					 struct cln_error *err) CLN_MUST_CHECK;
void rows_categories_free(struct rows_categories *categories);

/* Columns whose cells are written as they were read. */
struct rows_kept {
	size_t n;
	const struct column **columns; /* of the table */
};

/* Finds the comma-separated names or numbers of `keep` in a table that was read with them as its `categorical`, so that no cell was
 * rounded (the pipeline reads texts as numbers where numbers were learnt).  CLN_E_USAGE: there is no such column. */
enum cln_status rows_keep(struct rows_kept *kept, const struct cln_table *table, const char *keep,
			  struct cln_error *err) CLN_MUST_CHECK;
void rows_kept_free(struct rows_kept *kept);

/* Appends a cell by RFC 4180: in quotes where it holds a comma, a quote or a line end. */
void rows_add_cell(struct text *text, const char *cell);
/* Appends the names, or the cells of a row, each with a comma behind it. */
void rows_add_names(struct text *text, const struct rows_kept *kept);
void rows_add_cells(struct text *text, const struct rows_kept *kept, size_t row);

#endif
