/* SPDX-License-Identifier: MIT
 * Rows on their way out: how a table is read for a model, and its columns that stand beside the predictions. */
#ifndef API_ROWS_H
#define API_ROWS_H

#include "data/table.h"

/* The list for cln_read_options.categorical with which a table is read for a model: the columns that the model knows as categories
 * (so that "007" stays what it was in training) and the comma-separated `keep` (may be NULL: so that its cells stay as they were
 * written).  Freed with mem_free. */
enum cln_status rows_categorical(char **list, const struct cln_model *model, const char *keep,
				 struct cln_error *err) CLN_MUST_CHECK;

/* Columns whose cells are written as they were read. */
struct rows_kept {
	size_t n;
	const struct column **columns; /* of the table */
};

/* Finds the comma-separated names or numbers of `keep` in a table that was read as rows_categorical says, and gives those that the
 * model knows as numbers back to it as numbers.  CLN_E_USAGE: there is no such column. */
enum cln_status rows_keep(struct rows_kept *kept, struct cln_table *table, const struct cln_model *model, const char *keep,
			  struct cln_error *err) CLN_MUST_CHECK;
void rows_kept_free(struct rows_kept *kept);

/* Appends a cell by RFC 4180: in quotes where it holds a comma, a quote or a line end. */
void rows_add_cell(struct text *text, const char *cell);
/* Appends the names, or the cells of a row, each with a comma behind it. */
void rows_add_names(struct text *text, const struct rows_kept *kept);
void rows_add_cells(struct text *text, const struct rows_kept *kept, size_t row);

#endif
