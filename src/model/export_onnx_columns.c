/* SPDX-License-Identifier: MIT
 * The pipeline as ONNX: its categories, and all columns together.  A column of texts becomes numbers by a LabelEncoder, the one
 * operator that takes them. */
#include "model/export_onnx.h"

void onnx_features_free(struct onnx_features *features)
{
	mem_free(features->feature);
	mem_free(features->levels);
	*features = (struct onnx_features){0};
}

static void free_columns(struct onnx_columns *columns)
{
	mem_free(columns->chosen);
	mem_free(columns->at);
	mem_free(columns->parts);
	mem_free(columns->values);
	mem_free(columns->ints);
	mem_free(columns->texts);
}

/* Room for any list that is made of one column or of one thing a column. */
static size_t longest_list(const struct pipeline *pipeline)
{
	size_t knots = 0, most = pipeline->n_features + pipeline->n_columns;
	for (size_t c = 0; c < pipeline->n_columns; c++) {
		const struct pipeline_column *column = &pipeline->columns[c];
		knots += column->n_knots;
		if (column->n_levels + column->n_rare + 1 > most)
			most = column->n_levels + column->n_rare + 1;
	}
	return knots > most ? knots : most;
}

static enum cln_status create_columns(struct onnx_columns *columns, struct cln_error *err)
{
	const size_t n = columns->pipeline->n_columns, longest = longest_list(columns->pipeline);
	columns->features->feature = mem_alloc(columns->pipeline->n_features, sizeof *columns->features->feature, err);
	columns->features->levels = mem_alloc(n, sizeof *columns->features->levels, err);
	columns->chosen = mem_alloc(n, sizeof *columns->chosen, err);
	columns->at = mem_alloc(n, sizeof *columns->at, err);
	columns->parts = mem_alloc(2 * n + 5, sizeof *columns->parts, err);
	columns->values = mem_alloc(longest, sizeof *columns->values, err);
	columns->ints = mem_alloc(longest, sizeof *columns->ints, err);
	columns->texts = mem_alloc(longest, sizeof *columns->texts, err);
	return columns->features->feature && columns->features->levels && columns->chosen && columns->at && columns->parts &&
	       columns->values && columns->ints && columns->texts ? CLN_OK : CLN_E_MEMORY;
}

/* ---------------------------------------------------------------- categories */

/* Texts and, in ints or values, what they become: levels, rare ones, the missing cell; returns how many.  The empty text is the
 * missing cell, whatever a forged file says. */
static size_t list_texts(struct onnx_columns *columns, const struct pipeline_column *column)
{
	size_t n = 0;
	for (size_t k = 0; k < column->n_levels; k++) {
		columns->ints[n] = column->numbered ? (int64_t)k + 1 : (int64_t)k;
		columns->values[n] = k == 0 ? -1 : 1; /* where there are two */
		columns->texts[n] = column->levels[k];
		n += *column->levels[k] != '\0';
	}
	for (size_t k = 0; k < column->n_rare; k++) {
		columns->ints[n] = column->numbered ? 0 : (int64_t)column->n_levels;
		columns->texts[n] = column->rare[k];
		n += *column->rare[k] != '\0';
	}
	if (column->has_missing && !column->numbered) {
		columns->ints[n] = (int64_t)column->n_features - 1;
		columns->texts[n++] = "";
	}
	return n;
}

/* Of the shape of the texts; other ones, the missing cell where it is not among them, become `other`. */
static struct onnx_value encode(struct onnx_columns *columns, struct onnx_value texts, size_t n, int64_t other)
{
	struct text attributes = {0};
	onnx_attribute_strings(&attributes, "keys_strings", columns->texts, n);
	onnx_attribute_ints(&attributes, "values_int64s", columns->ints, n);
	onnx_attribute_int(&attributes, "default_int64", other);
	return onnx_node(columns->graph, "LabelEncoder", &texts, 1, &attributes);
}

static struct onnx_value encode_float(struct onnx_columns *columns, struct onnx_value texts, size_t n)
{
	struct text attributes = {0};
	onnx_attribute_strings(&attributes, "keys_strings", columns->texts, n);
	onnx_attribute_floats(&attributes, "values_floats", columns->values, n);
	onnx_attribute_float(&attributes, "default_float", 0);
	return onnx_node(columns->graph, "LabelEncoder", &texts, 1, &attributes);
}

/* [N, features]: 1 where the number of a text is the feature's. */
static struct onnx_value one_hot(struct onnx_columns *columns, struct onnx_value number, size_t n_features)
{
	struct onnx_graph *g = columns->graph;
	for (size_t i = 0; i < n_features; i++)
		columns->ints[i] = (int64_t)i;
	const struct onnx_value all = onnx_ints(g, columns->ints, (size_t[]){1, n_features}, 2);
	return onnx_cast(g, onnx_2(g, "Equal", number, all), ONNX_FLOAT);
}

/* The level's number for the network's table, and a feature for the missing cell. */
static void add_numbered(struct onnx_columns *columns, const struct pipeline_column *column, struct onnx_value texts)
{
	struct onnx_graph *g = columns->graph;
	const struct onnx_value number = encode(columns, texts, list_texts(columns, column), 0);
	const int64_t all = -1;
	columns->features->levels[columns->features->n_levels++] = onnx_2(g, "Reshape", number, onnx_list(g, &all, 1));
	if (!column->has_missing)
		return;
	columns->texts[0] = "";
	columns->values[0] = 1;
	onnx_add_part(columns, encode_float(columns, texts, 1));
	onnx_add_feature(columns, column->first_feature + 1);
}

static void add_category(struct onnx_columns *columns, size_t c)
{
	const struct pipeline_column *column = &columns->pipeline->columns[c];
	const struct onnx_value texts =
	    onnx_input(columns->graph, columns->names[c], ONNX_STRING, "a text; the empty string where the cell is missing");
	if (column->numbered) {
		add_numbered(columns, column, texts);
		return;
	}
	const size_t n = list_texts(columns, column);
	if (column->two_valued)
		onnx_add_part(columns, encode_float(columns, texts, n));
	else
		onnx_add_part(columns, one_hot(columns, encode(columns, texts, n, -1), column->n_features));
	for (size_t i = 0; i < column->n_features; i++)
		onnx_add_feature(columns, column->first_feature + i);
}

enum cln_status onnx_add_columns(struct onnx_features *features, struct onnx_graph *graph, const struct pipeline *pipeline,
				 const char *const *names, struct cln_error *err)
{
	struct onnx_columns columns = {.graph = graph, .pipeline = pipeline, .names = names, .features = features};
	enum cln_status status = create_columns(&columns, err);
	if (status == CLN_OK)
		status = onnx_add_numbers(&columns, err);
	for (size_t c = 0; c < pipeline->n_columns && status == CLN_OK; c++)
		if (pipeline->columns[c].n_features > 0 && pipeline->columns[c].type == COLUMN_CATEGORICAL)
			add_category(&columns, c);
	if (status == CLN_OK && columns.n_parts > 0)
		features->X = onnx_concat(graph, columns.parts, columns.n_parts);
	free_columns(&columns);
	return status;
}
