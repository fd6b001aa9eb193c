/* SPDX-License-Identifier: MIT */
#include "api/delong.h"

#include <math.h>

struct classes {
	double P, N;
};

static void add_weight(struct classes *classes, const struct scored_row *row)
{
	if (row->positive)
		classes->P += (double)row->w;
	else
		classes->N += (double)row->w;
}

/* Rows [begin, *end) have one score; their weights. */
static struct classes group_at(size_t *end, const struct scored_row *rows, size_t begin)
{
	struct classes group = {0, 0};

	for (*end = begin;; ++*end) {
		add_weight(&group, &rows[*end]);
		if (rows[*end].last)
			break;
	}
	++*end;
	return group;
}

static double auc_of(const struct scored_rows *scored, struct classes all)
{
	struct classes above = {0, 0};
	double ordered = 0;

	for (size_t i = 0; i < scored->n;) {
		const struct classes group = group_at(&i, scored->rows, i);

		ordered += group.N * (above.P + group.P / 2);
		above.P += group.P;
		above.N += group.N;
	}
	return ordered / (all.P * all.N);
}

double delong_influence(double *influence, const struct scored_rows *scored)
{
	struct classes all = {0, 0}, above = {0, 0};

	for (size_t i = 0; i < scored->n; i++)
		add_weight(&all, &scored->rows[i]);
	const double auc = auc_of(scored, all);
	for (size_t begin = 0, end; begin < scored->n; begin = end) {
		const struct classes group = group_at(&end, scored->rows, begin);
		const double of_positive = ((all.N - above.N - group.N) + group.N / 2) / all.N;
		const double of_negative = (above.P + group.P / 2) / all.P;

		for (size_t i = begin; i < end; i++) {
			const struct scored_row *row = &scored->rows[i];

			influence[row->row] = row->positive ? (double)row->w * (of_positive - auc) / all.P
							    : (double)row->w * (of_negative - auc) / all.N;
		}
		above.P += group.P;
		above.N += group.N;
	}
	return auc;
}

double delong_error(const double *first, const double *second, const struct cln_labels *labels)
{
	double squares[2] = {0, 0}, rows[2] = {0, 0};

	for (size_t i = 0; i < labels->n; i++) {
		const double d = second ? first[i] - second[i] : first[i];
		const int positive = labels->y[i] > 0.5f;

		if (labels->w && !(labels->w[i] > 0))
			continue;
		squares[positive] += d * d;
		rows[positive]++;
	}
	if (rows[0] < 2 || rows[1] < 2)
		return NAN;
	return sqrt(squares[0] * rows[0] / (rows[0] - 1) + squares[1] * rows[1] / (rows[1] - 1));
}
