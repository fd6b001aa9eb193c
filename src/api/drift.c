/* SPDX-License-Identifier: MIT */
#include "api/drift.h"

#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "data/order.h"
#include "data/text.h"

#define DECILES 10
#define OWN_LEVELS 19
#define PERCENTILE_99_9 3.0902323061678132 /* of the normal distribution */

static const struct cln_drift unknown = {NAN, NAN};

/* Wilson & Hilferty, The Distribution of Chi-Square, 1931: (chi^2 / k)^(1/3) is nearly normal. */
static double chi_squared_percentile(double k)
{
	const double variance = 2 / (9 * k), root = 1 - variance + PERCENTILE_99_9 * sqrt(variance);

	return k * root * root * root;
}

struct cln_drift drift_of_counts(const size_t *first, const size_t *second, size_t n_bins)
{
	double n = 0, m = 0, B = 0, psi = 0;

	for (size_t b = 0; b < n_bins; b++) {
		n += (double)first[b];
		m += (double)second[b];
		B += first[b] + second[b] > 0;
	}
	if (n == 0 || m == 0)
		return unknown;
	for (size_t b = 0; b < n_bins; b++) {
		const double p = ((double)first[b] + 0.5) / (n + B / 2), q = ((double)second[b] + 0.5) / (m + B / 2);

		if (first[b] + second[b] > 0)
			psi += (q - p) * (dmath_log(q) - dmath_log(p));
	}
	return (struct cln_drift){psi, B > 1 ? chi_squared_percentile(B - 1) * (1 / n + 1 / m) : 0};
}

/* ---------------------------------------------------------------- numbers */

/* Cuts in ascending order: bin b holds cuts[b - 1] <= x < cuts[b], and the last bin missing cells. */
struct cuts {
	size_t n;
	float x[DECILES];
};

static enum cln_status find_cuts(struct cuts *cuts, const float *x, const struct drift_rows *rows, struct cln_error *err)
{
	const struct order_sample sample = {x, rows->rows, NULL, rows->n};
	struct order_point points[DECILES + 1];
	size_t n_points, n_present = 0;

	cuts->n = 0;
	for (size_t i = 0; i < rows->n && n_present == 0; i++)
		n_present += !isnan(x[rows->rows[i]]);
	if (n_present == 0)
		return CLN_OK;
	enum cln_status status = order_points(points, &n_points, DECILES + 1, &sample, err);
	if (status != CLN_OK)
		return status;
	/* The least number bounds no bin; nor does the greatest, but where it is a decile or all numbers are there. */
	const struct order_point *greatest = &points[n_points - 1];
	const uint64_t all = greatest->below + greatest->at;
	uint64_t at_points = 0;
	for (size_t p = 0; p < n_points; p++)
		at_points += points[p].at;
	const bool bounds = at_points == all || DECILES * greatest->at >= all;
	for (size_t p = 1; p + !bounds < n_points; p++)
		cuts->x[cuts->n++] = points[p].x;
	if (cuts->n == 0 && n_points > 1) /* nine cells in ten are the least number: the others have a bin */
		cuts->x[cuts->n++] = nextafterf(points[0].x, INFINITY);
	return CLN_OK;
}

static void count_numbers(size_t counts[DRIFT_MOST_BINS], const struct cuts *cuts, const float *x, const struct drift_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		const float cell = x[rows->rows[i]];
		size_t b = 0;

		while (b < cuts->n && cell >= cuts->x[b])
			b++;
		counts[isnan(cell) ? DRIFT_MOST_BINS - 1 : b]++;
	}
}

/* ---------------------------------------------------------------- categories */

/* Bins of levels: 0 for all that have none of their own, and the last for missing cells. */
struct level_bins {
	const struct column *column;
	uint8_t *of_level;
};

static enum cln_status find_level_bins(struct level_bins *bins, const struct column *column, const struct drift_rows *rows,
                                       struct cln_error *err)
{
	size_t *counts = mem_alloc(column->n_levels, sizeof *counts, err);

	*bins = (struct level_bins){.column = column, .of_level = mem_alloc(column->n_levels, 1, err)};
	if (!counts || !bins->of_level) {
		mem_free(counts);
		return CLN_E_MEMORY;
	}
	for (size_t i = 0; i < rows->n; i++)
		if (column->codes[rows->rows[i]] != LEVEL_MISSING)
			counts[column->codes[rows->rows[i]]]++;
	for (uint8_t bin = 1; bin <= OWN_LEVELS; bin++) {
		size_t most = 0, of_most = 0;

		for (size_t level = 0; level < column->n_levels; level++)
			if (counts[level] > of_most) {
				most = level;
				of_most = counts[level];
			}
		if (of_most == 0)
			break;
		bins->of_level[most] = bin;
		counts[most] = 0;
	}
	mem_free(counts);
	return CLN_OK;
}

static uint8_t bin_of_text(const struct level_bins *bins, const char *text)
{
	const size_t n = bins->column->n_levels, level = text_find((const char *const *)bins->column->levels, n, text);

	return level < n ? bins->of_level[level] : 0;
}

/* The bins of another table's levels, by their texts. */
static enum cln_status count_levels(size_t counts[DRIFT_MOST_BINS], const struct level_bins *bins, const struct column *column,
                                    const struct drift_rows *rows, struct cln_error *err)
{
	uint8_t *of_level = mem_alloc(column->n_levels, 1, err);

	if (!of_level)
		return CLN_E_MEMORY;
	for (size_t level = 0; level < column->n_levels; level++)
		of_level[level] = bin_of_text(bins, column->levels[level]);
	for (size_t i = 0; i < rows->n; i++) {
		const uint32_t code = column->codes[rows->rows[i]];

		counts[code == LEVEL_MISSING ? DRIFT_MOST_BINS - 1 : of_level[code]]++;
	}
	mem_free(of_level);
	return CLN_OK;
}

/* ---------------------------------------------------------------- both */

enum cln_status drift_of_column(struct cln_drift *drift, size_t c, const struct drift_rows *first, const struct drift_rows *second,
                                struct cln_error *err)
{
	const struct column *column = &first->table->columns[c];
	size_t counts[2][DRIFT_MOST_BINS] = {{0}};
	struct level_bins bins = {0};
	struct cuts cuts;
	enum cln_status status;

	*drift = unknown;
	if (first->n == 0 || second->n == 0 || column->ignored)
		return CLN_OK;
	const size_t place = first->table == second->table ? c : table_find_cells(second->table, column->name);
	if (place == SIZE_MAX || second->table->columns[place].type != column->type)
		return CLN_OK;
	const struct column *other = &second->table->columns[place];
	if (column->type == COLUMN_NUMERIC) {
		status = find_cuts(&cuts, column->numbers, first, err);
		if (status != CLN_OK)
			return status;
		count_numbers(counts[0], &cuts, column->numbers, first);
		count_numbers(counts[1], &cuts, other->numbers, second);
	} else {
		status = find_level_bins(&bins, column, first, err);
		if (status == CLN_OK)
			status = count_levels(counts[0], &bins, column, first, err);
		if (status == CLN_OK)
			status = count_levels(counts[1], &bins, other, second, err);
		mem_free(bins.of_level);
		if (status != CLN_OK)
			return status;
	}
	*drift = drift_of_counts(counts[0], counts[1], DRIFT_MOST_BINS);
	return CLN_OK;
}
