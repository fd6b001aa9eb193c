/* SPDX-License-Identifier: MIT
 * Columns of texts that were probably meant as numbers: at least half of their cells are numbers, or would be without a currency, a
 * percent sign or separators of thousands.  A gap that is marked by a text of its own makes categories of a whole column. */
#ifndef API_NEARLY_NUMBERS_H
#define API_NEARLY_NUMBERS_H

#include "data/table.h"

struct nearly_numbers {
	size_t n_texts;    /* cells that are no numbers; 0: the column is not like that */
	size_t n_signed;   /* of them those that would be without a sign */
	const char *text;  /* the most frequent of these texts (lent by the column) and its cells */
	size_t n_frequent;
};

/* counts: of the cells of each level. */
struct nearly_numbers nearly_numbers_find(const struct column *column, const size_t *counts);

/* The same by all cells of a table's column; none are found where there is no memory. */
struct nearly_numbers nearly_numbers_of_table(const struct cln_table *table, const struct column *column);

#endif
