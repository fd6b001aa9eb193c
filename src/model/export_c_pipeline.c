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

static const char number_loop[] =
    "\nstatic void read_numbers(float *x, const struct colonnade_row *row)\n{\n\tsize_t i;\n\n"
    "\tfor (i = 0; i < sizeof numbers / sizeof *numbers; i++) {\n"
    "\t\tconst struct pipeline_column *column = &numbers[i];\n"
    "\t\tfloat value;\n\t\tbool missing;\n\n"
    "\t\tmemcpy(&value, (const char *)row + column->field, sizeof value);\n"
    "\t\tmissing = isnan(value);\n"
    "\t\tx[column->feature] = transform(column, missing ? column->impute : value);\n"
    "\t\tif (column->has_missing)\n\t\t\tx[column->feature + 1] = missing;\n\t}\n}\n";

static void add_numbers(struct c_export *c)
{
	const struct pipeline *pipeline = c->model->pipeline;
	c_add(c, "/* ---- the columns of numbers: gaps filled, scaled ---- */\n\n");
	c_need(c, "enum transform");
	c_add(c, "struct pipeline_column {\n\tsize_t field, feature; /* in struct colonnade_row; the column's first */\n"
		 "\tbool has_missing;      /* the feature behind it is 1 where the cell is missing */\n"
		 "\tenum transform transform;\n\tfloat impute, center, scale;\n"
		 "\tconst float *knots, *scores;\n\tsize_t n_knots;\n};\n\n");
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
	c_add(c, number_loop);
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

static const char category_types[] =
    "enum encoding {\n\tONE_HOT,    /* a feature a level, 1 or 0, then one that the rare levels share */\n"
    "\tTWO_VALUED, /* -1 for the first level, 1 for the second, 0 for any other text */\n"
    "\tNUMBERED    /* the level's number from 1 on; 0 for the rare ones and any other text */\n};\n\n"
    "struct category {\n\tsize_t field, feature, n_features;\n"
    "\tbool has_missing; /* the last feature is 1 where the cell is missing */\n\tenum encoding encoding;\n"
    "\tconst char *const *levels; /* ascending */\n\tsize_t n_levels;\n"
    "\tconst char *const *rare;\n\tsize_t n_rare;\n};\n\n";

static const char category_loop[] =
    "\n/* The index of a text in an ascending list; n where it is not there. */\n"
    "static size_t find_text(const char *const *texts, size_t n, const char *text)\n{\n\tsize_t low = 0, high = n;\n\n"
    "\twhile (low < high) {\n\t\tconst size_t middle = low + (high - low) / 2;\n"
    "\t\tconst int order = strcmp(texts[middle], text);\n\n\t\tif (order == 0)\n\t\t\treturn middle;\n"
    "\t\tif (order < 0)\n\t\t\tlow = middle + 1;\n\t\telse\n\t\t\thigh = middle;\n\t}\n\treturn n;\n}\n\n"
    "static void read_category(float *x, const struct category *column, const char *text)\n{\n\tsize_t slot, i;\n\n"
    "\tfor (i = 0; i < column->n_features; i++)\n\t\tx[i] = 0;\n"
    "\tif (!text || !*text) {\n\t\tif (column->has_missing)\n\t\t\tx[column->n_features - 1] = 1;\n\t\treturn;\n\t}\n"
    "\tslot = find_text(column->levels, column->n_levels, text);\n"
    "\tif (slot == column->n_levels && find_text(column->rare, column->n_rare, text) == column->n_rare)\n\t\treturn;\n"
    "\tif (column->encoding == ONE_HOT)\n\t\tx[slot] = 1;\n"
    "\telse if (column->encoding == TWO_VALUED)\n\t\tx[0] = slot == 0 ? -1.0f : 1.0f;\n"
    "\telse if (slot < column->n_levels)\n\t\tx[0] = (float)(slot + 1);\n}\n\n"
    "static void read_categories(float *x, const struct colonnade_row *row)\n{\n\tsize_t i;\n\n"
    "\tfor (i = 0; i < sizeof categories / sizeof *categories; i++) {\n\t\tconst char *text;\n\n"
    "\t\tmemcpy(&text, (const char *)row + categories[i].field, sizeof text);\n"
    "\t\tread_category(x + categories[i].feature, &categories[i], text);\n\t}\n}\n";

static void add_categories(struct c_export *c)
{
	const struct pipeline *pipeline = c->model->pipeline;
	c_add(c, "\n/* ---- the columns of texts ---- */\n\n");
	c_add(c, category_types);
	for (size_t i = 0; i < pipeline->n_columns; i++)
		if (pipeline->columns[i].n_features > 0 && pipeline->columns[i].type == COLUMN_CATEGORICAL)
			add_lists(c, i, &pipeline->columns[i]);
	c_add(c, "static const struct category categories[] = {\n");
	for (size_t i = 0; i < pipeline->n_columns; i++)
		if (pipeline->columns[i].n_features > 0 && pipeline->columns[i].type == COLUMN_CATEGORICAL)
			add_category(c, i, &pipeline->columns[i]);
	c_add(c, "};\n");
	c_add(c, category_loop);
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
