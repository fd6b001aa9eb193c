/* SPDX-License-Identifier: MIT
 * Whether a column's cells are distributed alike in two sets of rows: the population stability index over bins that the first set
 * gives.
 *   PSI = sum_b (q_b - p_b) ln(q_b / p_b),   p_b = (n_b + 1/2) / (n + B/2),   q_b likewise of the second set's m rows
 * over the B bins that are not empty in both.  The half rows keep an empty bin from making it infinite.
 * Bins of numbers: cut at the first set's deciles, or one a number where there are at most eleven; of categories: the first set's
 * 19 most frequent levels, each alone, and all others; and one for missing cells.  A row counts once, whatever its weight.
 * Where both sets come from one distribution PSI / (1/n + 1/m) is about chi-squared with B - 1 degrees of freedom (PSI is the sum
 * of both directions' relative entropies, whose first term is Pearson's): by_chance is its 99.9th percentile, by Wilson and
 * Hilferty's cube, times (1/n + 1/m).  Source: Yurdakul, Statistical Properties of Population Stability Index, 2018. */
#ifndef API_DRIFT_H
#define API_DRIFT_H

#include "data/table.h"

#define DRIFT_MOST_BINS 21

/* Rows of a table. */
struct drift_rows {
	const struct cln_table *table;
	const uint32_t *rows;
	size_t n;
};

/* Of column c of the first set's table, and the second's of the same name.  NaN where a set is empty, or the second table has no
 * such column or one of another type.  CLN_E_MEMORY. */
enum cln_status drift_of_column(struct cln_drift *drift, size_t c, const struct drift_rows *first, const struct drift_rows *second,
                                struct cln_error *err) CLN_MUST_CHECK;

/* The same of counts in bins. */
struct cln_drift drift_of_counts(const size_t *first, const size_t *second, size_t n_bins);

#endif
