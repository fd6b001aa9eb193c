/* SPDX-License-Identifier: MIT
 * What a pipeline is; pipeline_fit.c learns one, pipeline_read.c applies it. */
#include "data/pipeline.h"

#include <string.h>

static void texts_destroy(char **texts, size_t n)
{
	for (size_t i = 0; texts && i < n; i++)
		mem_free(texts[i]);
	mem_free(texts);
}

void pipeline_destroy(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	for (size_t c = 0; c < pipeline->n_columns; c++) {
		struct pipeline_column *column = &pipeline->columns[c];

		mem_free(column->name);
		mem_free(column->knots);
		mem_free(column->scores);
		texts_destroy(column->levels, column->n_levels);
		texts_destroy(column->rare, column->n_rare);
	}
	mem_free(pipeline->columns);
	mem_free(pipeline->missing);
	mem_free(pipeline);
}

static enum cln_status texts_clone(char ***copy, char *const *texts, size_t n, struct cln_error *err)
{
	*copy = mem_alloc(n, sizeof **copy, err);
	if (!*copy)
		return CLN_E_MEMORY;
	for (size_t i = 0; i < n; i++) {
		(*copy)[i] = mem_copy(texts[i], strlen(texts[i]), err);
		if (!(*copy)[i])
			return CLN_E_MEMORY;
	}
	return CLN_OK;
}

static enum cln_status floats_clone(float **copy, const float *floats, size_t n, struct cln_error *err)
{
	*copy = mem_alloc(n, sizeof **copy, err);
	if (!*copy)
		return CLN_E_MEMORY;
	if (n > 0)
		memcpy(*copy, floats, n * sizeof *floats);
	return CLN_OK;
}

static enum cln_status column_clone(struct pipeline_column *copy, const struct pipeline_column *column, struct cln_error *err)
{
	*copy = *column;
	copy->levels = copy->rare = NULL;
	copy->knots = copy->scores = NULL;
	copy->name = mem_copy(column->name, strlen(column->name), err);
	if (!copy->name || texts_clone(&copy->levels, column->levels, column->n_levels, err) != CLN_OK ||
	    texts_clone(&copy->rare, column->rare, column->n_rare, err) != CLN_OK ||
	    floats_clone(&copy->knots, column->knots, column->n_knots, err) != CLN_OK ||
	    floats_clone(&copy->scores, column->scores, column->n_knots, err) != CLN_OK)
		return CLN_E_MEMORY;
	return CLN_OK;
}

enum cln_status pipeline_clone(struct pipeline **copy, const struct pipeline *pipeline, struct cln_error *err)
{
	enum cln_status status = CLN_E_MEMORY;
	struct pipeline *to = mem_alloc(1, sizeof *to, err);

	*copy = NULL;
	if (!to)
		return CLN_E_MEMORY;
	to->n_features = pipeline->n_features;
	if (pipeline->missing)
		to->missing = mem_copy(pipeline->missing, strlen(pipeline->missing), err);
	if (pipeline->missing && !to->missing)
		goto done;
	to->columns = mem_alloc(pipeline->n_columns, sizeof *to->columns, err);
	if (!to->columns)
		goto done;
	to->n_columns = pipeline->n_columns;
	for (size_t c = 0; c < to->n_columns; c++)
		if (column_clone(&to->columns[c], &pipeline->columns[c], err) != CLN_OK)
			goto done;
	*copy = to;
	to = NULL;
	status = CLN_OK;
done:
	pipeline_destroy(to);
	return status;
}

/* The column that gives a feature: the first one that ends behind it. */
static const struct pipeline_column *column_of(const struct pipeline *pipeline, size_t feature)
{
	size_t low = 0, high = pipeline->n_columns - 1;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct pipeline_column *column = &pipeline->columns[middle];

		if (column->first_feature + column->n_features <= feature)
			low = middle + 1;
		else
			high = middle;
	}
	return &pipeline->columns[low];
}

bool pipeline_feature_is_number(const struct pipeline *pipeline, size_t feature)
{
	const struct pipeline_column *column = column_of(pipeline, feature);

	return column->type == COLUMN_NUMERIC && !column->two_valued && feature == column->first_feature;
}

bool pipeline_feature_is_by_quantiles(const struct pipeline *pipeline, size_t feature)
{
	return pipeline_feature_is_number(pipeline, feature) && column_of(pipeline, feature)->transform == TRANSFORM_QUANTILE;
}
