/* SPDX-License-Identifier: MIT
 * What every table that was read from text must keep, and that two readings of one text are the same. */
#ifndef FUZZ_CHECK_TABLE_H
#define FUZZ_CHECK_TABLE_H

#include "check_column.h"

static inline void check_table(const struct cln_table *table, size_t least_columns)
{
	FUZZ_REQUIRE(table->n_rows > 0 && table->n_columns >= least_columns);
	for (size_t c = 0; c < table->n_columns; c++)
		check_column(&table->columns[c], table->n_rows);
	for (size_t row = 1; row < table->n_rows; row++)
		FUZZ_REQUIRE(table_line(table, row - 1) < table_line(table, row));
}

static inline void check_same(const struct cln_table *a, const struct cln_table *b)
{
	FUZZ_REQUIRE(a->n_rows == b->n_rows && a->n_columns == b->n_columns && a->n_breaks == b->n_breaks);
	FUZZ_REQUIRE(a->n_breaks == 0 || memcmp(a->breaks, b->breaks, a->n_breaks * sizeof *a->breaks) == 0);
	FUZZ_REQUIRE(cln_table_fingerprint(a) == cln_table_fingerprint(b));
	for (size_t c = 0; c < a->n_columns; c++) {
		const struct column *x = &a->columns[c], *y = &b->columns[c];
		FUZZ_REQUIRE(x->ignored == y->ignored && x->type_was_given == y->type_was_given);
		FUZZ_REQUIRE(x->n_texts == y->n_texts && x->first_text_row == y->first_text_row && x->n_missing == y->n_missing);
	}
}

#endif
