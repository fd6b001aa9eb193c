/* SPDX-License-Identifier: MIT
 * The pipeline of an exported C file: tables of columns, and the loops of data/pipeline_read.c over them. */
#include <stdio.h>
#include <string.h>

#include "model/export_c.h"

#define ARRAY_NAME 32

/* ---------------------------------------------------------------- numbers */

static void add_knots(struct c_export *c, size_t i, const struct pipeline_column *column)
{
	char name[ARRAY_NAME];
	snprintf(name, sizeof name, "knots_%zu", i);
	c_add_floats(c->out, name, column->knots, column->n_knots);
	snprintf(name, sizeof name, "scores_%zu", i);
	c_add_floats(c->out, name, column->scores, column->n_knots);
}

static void add_number(struct c_export *c, size_t i, const struct pipeline_column *column)
{
	static const char *const transforms[] = {
	    [TRANSFORM_NONE] = "TRANSFORM_NONE",
	    [TRANSFORM_STANDARDISE] = "TRANSFORM_STANDARDISE",
	    [TRANSFORM_ROBUST] = "TRANSFORM_ROBUST",
	    [TRANSFORM_QUANTILE] = "TRANSFORM_QUANTILE",
	};
	text_addf(c->out, "\t{offsetof(struct colonnade_row, %s), %zu, %s, %s, ", c->fields[i].name, column->first_feature,
		  column->has_missing ? "true" : "false", transforms[column->transform]);
	c_add_float(c->out, column->impute);
	c_add(c, ", ");
	c_add_float(c->out, column->center);
	c_add(c, ", ");
	c_add_float(c->out, column->scale);
	if (column->transform == TRANSFORM_QUANTILE)
		text_addf(c->out, ", knots_%zu, scores_%zu, %zu},\n", i, i, column->n_knots);
	else
		c_add(c, ", NULL, NULL, 0},\n");
}

static void add_numbers(struct c_export *c)
{
	const struct pipeline *pipeline = c->model->pipeline;
	c_add(c, "/* ---- the columns of numbers: gaps filled, scaled ---- */\n\n");
	c_need(c, "transform");
	c_add(c, "\n");
	for (size_t i = 0; i < pipeline->n_columns; i++)
		if (pipeline->columns[i].n_features > 0 && pipeline->columns[i].transform == TRANSFORM_QUANTILE)
			add_knots(c, i, &pipeline->columns[i]);
	c_add(c, "static const struct pipeline_column numbers[] = {\n");
	for (size_t i = 0; i < pipeline->n_columns; i++)
		if (pipeline->columns[i].n_features > 0 && pipeline->columns[i].type == COLUMN_NUMERIC)
			add_number(c, i, &pipeline->columns[i]);
	c_add(c, "};\n");
	c_add(c, "\n");
	c_need(c, "read_numbers");
}

/* ---------------------------------------------------------------- categories */

static void add_lists(struct c_export *c, size_t i, const struct pipeline_column *column)
{
	char name[ARRAY_NAME];
	snprintf(name, sizeof name, "levels_%zu", i);
	if (column->n_levels)
		c_add_strings(c->out, name, column->levels, column->n_levels);
	snprintf(name, sizeof name, "rare_%zu", i);
	if (column->n_rare)
		c_add_strings(c->out, name, column->rare, column->n_rare);
}

static void add_list(struct c_export *c, const char *name, size_t i, size_t n)
{
	if (n)
		text_addf(c->out, ", %s_%zu, %zu", name, i, n);
	else
		c_add(c, ", NULL, 0");
}

static void add_category(struct c_export *c, size_t i, const struct pipeline_column *column)
{
	text_addf(c->out, "\t{offsetof(struct colonnade_row, %s), %zu, %zu, %s, %s", c->fields[i].name, column->first_feature,
		  column->n_features, column->has_missing ? "true" : "false",
		  column->numbered ? "NUMBERED" : column->two_valued ? "TWO_VALUED" : "ONE_HOT");
	add_list(c, "levels", i, column->n_levels);
	add_list(c, "rare", i, column->n_rare);
	c_add(c, "},\n");
}

static void add_categories(struct c_export *c)
{
	const struct pipeline *pipeline = c->model->pipeline;
	c_add(c, "\n/* ---- the columns of texts ---- */\n\n");
	c_need(c, "struct category");
	c_add(c, "\n");
	for (size_t i = 0; i < pipeline->n_columns; i++)
		if (pipeline->columns[i].n_features > 0 && pipeline->columns[i].type == COLUMN_CATEGORICAL)
			add_lists(c, i, &pipeline->columns[i]);
	c_add(c, "static const struct category categories[] = {\n");
	for (size_t i = 0; i < pipeline->n_columns; i++)
		if (pipeline->columns[i].n_features > 0 && pipeline->columns[i].type == COLUMN_CATEGORICAL)
			add_category(c, i, &pipeline->columns[i]);
	c_add(c, "};\n");
	c_add(c, "\n");
	c_need(c, "read_categories");
}

static bool has_columns(const struct pipeline *pipeline, enum column_type type)
{
	for (size_t i = 0; i < pipeline->n_columns; i++)
		if (pipeline->columns[i].n_features > 0 && pipeline->columns[i].type == type)
			return true;
	return false;
}

void c_add_pipeline(struct c_export *c)
{
	const struct pipeline *pipeline = c->model->pipeline;
	const bool numbers = has_columns(pipeline, COLUMN_NUMERIC), categories = has_columns(pipeline, COLUMN_CATEGORICAL);
	if (numbers)
		add_numbers(c);
	if (categories)
		add_categories(c);
	text_addf(c->out, "\nenum { FEATURES = %zu };\n\n", pipeline->n_features);
	c_add(c, "static void features(float *x, const struct colonnade_row *row)\n{\n");
	c_add(c, numbers ? "\tread_numbers(x, row);\n" : "");
	c_add(c, categories ? "\tread_categories(x, row);\n" : "");
	c_add(c, "}\n");
}
