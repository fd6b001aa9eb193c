/* SPDX-License-Identifier: MIT
 * Columns of numbers as ONNX (data/pipeline_read.c has the formulas): all are worked side by side, those with one transform
 * together. */
#include <math.h>
#include <string.h>

#include "model/export_onnx.h"

static bool is_number(const struct pipeline_column *column) { return column->n_features > 0 && column->type == COLUMN_NUMERIC; }

/* [1, n]: a number of each chosen column. */
static struct onnx_value row_of_chosen(struct onnx_columns *columns, float (*number)(const struct pipeline_column *column))
{
	for (size_t i = 0; i < columns->n_chosen; i++)
		columns->values[i] = number(columns->chosen[i]);
	return onnx_floats(columns->graph, columns->values, (size_t[]){1, columns->n_chosen}, 2);
}

static float impute_of(const struct pipeline_column *column) { return column->impute; }
static float center_of(const struct pipeline_column *column) { return column->center; }
static float half_center_of(const struct pipeline_column *column) { return column->center / 2; }
static float scale_of(const struct pipeline_column *column) { return column->scale; }
static float first_knot_of(const struct pipeline_column *column) { return column->knots[0]; }
static float last_knot_of(const struct pipeline_column *column) { return column->knots[column->n_knots - 1]; }
static float first_score_of(const struct pipeline_column *column) { return column->scores[0]; }
static float last_score_of(const struct pipeline_column *column) { return column->scores[column->n_knots - 1]; }

/* Chooses by `wanted`, and counts the place of each among all columns of numbers. */
static void choose(struct onnx_columns *columns, bool (*wanted)(const struct pipeline_column *column))
{
	int64_t at = 0;
	columns->n_chosen = 0;
	for (size_t c = 0; c < columns->pipeline->n_columns; c++) {
		const struct pipeline_column *column = &columns->pipeline->columns[c];
		if (!is_number(column))
			continue;
		if (wanted(column)) {
			columns->at[columns->n_chosen] = at;
			columns->chosen[columns->n_chosen++] = column;
		}
		at++;
	}
}

static struct onnx_value gather_chosen(struct onnx_columns *columns, struct onnx_value from)
{
	return onnx_gather(columns->graph, from, onnx_list(columns->graph, columns->at, columns->n_chosen), 1);
}

/* (x - C) S, where that is not finite of halves, within the limits. */
static struct onnx_value affine(struct onnx_columns *columns, struct onnx_value x)
{
	struct onnx_graph *g = columns->graph;
	const struct onnx_value S = row_of_chosen(columns, scale_of), half = onnx_float(g, 0.5f);
	const struct onnx_value z = onnx_2(g, "Mul", onnx_2(g, "Sub", x, row_of_chosen(columns, center_of)), S);
	const struct onnx_value of_halves = onnx_2(g, "Sub", onnx_2(g, "Mul", x, half), row_of_chosen(columns, half_center_of));
	const struct onnx_value other = onnx_2(g, "Mul", onnx_2(g, "Mul", of_halves, S), onnx_float(g, 2));
	const struct onnx_value overflow = onnx_2(g, "Or", onnx_1(g, "IsInf", z), onnx_1(g, "IsNaN", z));
	const struct onnx_value finite = onnx_3(g, "Where", overflow, other, z);
	return onnx_3(g, "Clip", finite, onnx_float(g, -PIPELINE_Z_MAX), onnx_float(g, PIPELINE_Z_MAX));
}

/* z / sqrt(1 + (z/3)^2) */
static struct onnx_value smooth_clip(struct onnx_columns *columns, struct onnx_value z)
{
	struct onnx_graph *g = columns->graph;
	const struct onnx_value third = onnx_2(g, "Div", z, onnx_float(g, 3));
	return onnx_2(g, "Div", z, onnx_1(g, "Sqrt", onnx_2(g, "Add", onnx_float(g, 1), onnx_2(g, "Mul", third, third))));
}

/* ---- quantiles: the knots of all columns are one list, and each column looks for its place in its own stretch by halves */

struct knots {
	struct onnx_value knots, scores, first; /* [all], [all], [1, n]: where a column's begin */
	struct onnx_value last;                 /* [1, n]: index of its last one */
	size_t most;                            /* knots of a column */
	bool overflow;                          /* two neighbours are further apart than a float can say */
};

static struct knots list_knots(struct onnx_columns *columns)
{
	struct onnx_graph *g = columns->graph;
	struct knots list = {.most = 0};
	const size_t shape[] = {1, columns->n_chosen};
	size_t n = 0;
	for (size_t i = 0; i < columns->n_chosen; n += columns->chosen[i++]->n_knots)
		columns->ints[i] = (int64_t)n;
	list.first = onnx_ints(g, columns->ints, shape, 2);
	for (size_t i = 0; i < columns->n_chosen; i++) {
		const struct pipeline_column *column = columns->chosen[i];
		columns->ints[i] = (int64_t)column->n_knots - 1;
		list.most = column->n_knots > list.most ? column->n_knots : list.most;
		for (size_t k = 1; k < column->n_knots; k++)
			list.overflow |= !isfinite(column->knots[k] - column->knots[k - 1]);
	}
	list.last = onnx_ints(g, columns->ints, shape, 2);
	n = 0;
	for (size_t i = 0; i < columns->n_chosen; n += columns->chosen[i++]->n_knots)
		memcpy(columns->values + n, columns->chosen[i]->knots, columns->chosen[i]->n_knots * sizeof *columns->values);
	list.knots = onnx_floats(g, columns->values, &n, 1);
	n = 0;
	for (size_t i = 0; i < columns->n_chosen; n += columns->chosen[i++]->n_knots)
		memcpy(columns->values + n, columns->chosen[i]->scores, columns->chosen[i]->n_knots * sizeof *columns->values);
	list.scores = onnx_floats(g, columns->values, &n, 1);
	return list;
}

/* [N, n]: the greatest k with knots[k] <= x, but 0 below the first and one less than the last from there on. */
static struct onnx_value find_knot(struct onnx_graph *g, const struct knots *list, struct onnx_value x)
{
	struct onnx_value k = onnx_int(g, 0);
	size_t step = 1;
	while (2 * step < list->most)
		step *= 2;
	for (; step > 0; step /= 2) {
		const struct onnx_value next = onnx_2(g, "Add", k, onnx_int(g, (int64_t)step));
		const struct onnx_value at = onnx_2(g, "Add", list->first, onnx_2(g, "Min", next, list->last));
		const struct onnx_value below = onnx_2(g, "LessOrEqual", onnx_gather(g, list->knots, at, 0), x);
		k = onnx_3(g, "Where", onnx_2(g, "And", onnx_2(g, "LessOrEqual", next, list->last), below), next, k);
	}
	return onnx_2(g, "Min", k, onnx_2(g, "Sub", list->last, onnx_int(g, 1)));
}

/* (x - low) / (high - low) */
static struct onnx_value part_of_gap(struct onnx_graph *g, struct onnx_value x, struct onnx_value low, struct onnx_value high)
{
	return onnx_2(g, "Div", onnx_2(g, "Sub", x, low), onnx_2(g, "Sub", high, low));
}

static struct onnx_value by_quantiles(struct onnx_columns *columns, struct onnx_value x)
{
	struct onnx_graph *g = columns->graph;
	const struct knots list = list_knots(columns);
	const struct onnx_value k = onnx_2(g, "Add", list.first, find_knot(g, &list, x));
	const struct onnx_value next = onnx_2(g, "Add", k, onnx_int(g, 1));
	const struct onnx_value low = onnx_gather(g, list.knots, k, 0), high = onnx_gather(g, list.knots, next, 0);
	const struct onnx_value s = onnx_gather(g, list.scores, k, 0), s_next = onnx_gather(g, list.scores, next, 0);
	struct onnx_value t = part_of_gap(g, x, low, high);
	if (list.overflow) {
		const struct onnx_value half = onnx_float(g, 0.5f);
		const struct onnx_value of_halves =
		    part_of_gap(g, onnx_2(g, "Mul", x, half), onnx_2(g, "Mul", low, half), onnx_2(g, "Mul", high, half));
		t = onnx_3(g, "Where", onnx_1(g, "IsInf", onnx_2(g, "Sub", high, low)), of_halves, t);
	}
	const struct onnx_value rise = onnx_2(g, "Mul", t, onnx_2(g, "Sub", s_next, s));
	const struct onnx_value z = onnx_2(g, "Min", onnx_2(g, "Add", s, rise), s_next);
	const struct onnx_value above = onnx_2(g, "Greater", x, row_of_chosen(columns, first_knot_of));
	const struct onnx_value from_first = onnx_3(g, "Where", above, z, row_of_chosen(columns, first_score_of));
	const struct onnx_value below = onnx_2(g, "Less", x, row_of_chosen(columns, last_knot_of));
	return onnx_3(g, "Where", below, from_first, row_of_chosen(columns, last_score_of));
}

/* ---- all of them */

static bool any(const struct pipeline_column *column) { return column != NULL; }
static bool has_missing(const struct pipeline_column *column) { return column->has_missing; }
static bool is_unscaled(const struct pipeline_column *column) { return column->transform == TRANSFORM_NONE; }
static bool is_standardised(const struct pipeline_column *column) { return column->transform == TRANSFORM_STANDARDISE; }
static bool is_robust(const struct pipeline_column *column) { return column->transform == TRANSFORM_ROBUST; }
static bool is_by_quantiles(const struct pipeline_column *column) { return column->transform == TRANSFORM_QUANTILE; }

/* The chosen columns' features, as they are or one behind. */
static void add_features(struct onnx_columns *columns, struct onnx_value part, size_t behind)
{
	onnx_add_part(columns, part);
	for (size_t i = 0; i < columns->n_chosen; i++)
		onnx_add_feature(columns, columns->chosen[i]->first_feature + behind);
}

static void add_transformed(struct onnx_columns *columns, struct onnx_value x, bool (*wanted)(const struct pipeline_column *column))
{
	choose(columns, wanted);
	if (columns->n_chosen == 0)
		return;
	struct onnx_value z = gather_chosen(columns, x);
	if (wanted == is_by_quantiles)
		z = by_quantiles(columns, z);
	else if (wanted != is_unscaled)
		z = affine(columns, z);
	if (wanted == is_robust)
		z = smooth_clip(columns, z);
	add_features(columns, z, 0);
}

enum cln_status onnx_add_numbers(struct onnx_columns *columns, struct cln_error *err)
{
	struct onnx_graph *g = columns->graph;
	choose(columns, any);
	const size_t n = columns->n_chosen;
	if (n == 0)
		return CLN_OK;
	struct onnx_value *inputs = mem_alloc(n, sizeof *inputs, err);
	if (!inputs)
		return CLN_E_MEMORY;
	size_t next = 0;
	for (size_t c = 0; c < columns->pipeline->n_columns; c++)
		if (is_number(&columns->pipeline->columns[c]))
			inputs[next++] = onnx_input(g, columns->names[c], ONNX_FLOAT, "a number; NaN where the cell is missing");
	const struct onnx_value raw = onnx_concat(g, inputs, n), missing = onnx_1(g, "IsNaN", raw);
	mem_free(inputs);
	const struct onnx_value x = onnx_3(g, "Where", missing, row_of_chosen(columns, impute_of), raw);
	add_transformed(columns, x, is_unscaled);
	add_transformed(columns, x, is_standardised);
	add_transformed(columns, x, is_robust);
	add_transformed(columns, x, is_by_quantiles);
	choose(columns, has_missing);
	if (columns->n_chosen > 0)
		add_features(columns, gather_chosen(columns, onnx_cast(g, missing, ONNX_FLOAT)), 1);
	return CLN_OK;
}
