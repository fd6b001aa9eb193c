/* SPDX-License-Identifier: MIT
 * A model in the forms in which other programs use it, and the rows that an exported C file tests itself with. */
#include "model/export.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/evaluate.h"
#include "base/rng.h"

enum { SAMPLE_ROWS = 16, UNSEEN_TEXT = 32 };

/* ---------------------------------------------------------------- rows made up */

/* About where the training rows' numbers were, now and then far outside, or missing. */
static float sample_number(const struct pipeline_column *column, struct rng *rng)
{
	const bool by_knots = column->transform == TRANSFORM_QUANTILE;
	const float spread = by_knots ? column->knots[column->n_knots - 1] / 2 - column->knots[0] / 2
			     : column->transform == TRANSFORM_NONE ? 1 + fabsf(column->impute) : 1 / column->scale;
	const float normal = (float)rng_normal(rng);
	float value;

	switch (rng_below(rng, 5)) {
	case 0: return NAN;
	case 1: value = by_knots ? column->knots[rng_below(rng, column->n_knots)] : column->impute; break;
	case 2: value = column->impute + 30 * spread * normal; break;
	default:
		value = column->impute + spread * normal;
	}
	return isfinite(value) ? value : column->impute;
}

static bool is_level(const struct pipeline_column *column, const char *text)
{
	for (size_t i = 0; i < column->n_levels + column->n_rare; i++)
		if (strcmp(i < column->n_levels ? column->levels[i] : column->rare[i - column->n_levels], text) == 0)
			return true;
	return false;
}

/* A level, one in nine times `unseen`, likewise NULL for a missing cell. */
static const char *sample_text(const struct pipeline_column *column, const char *unseen, struct rng *rng)
{
	const size_t n = column->n_levels + column->n_rare;
	const uint64_t kind = rng_below(rng, 9), i = n ? rng_below(rng, n) : 0;
	const char *level = n == 0 ? "" : i < column->n_levels ? column->levels[i] : column->rare[i - column->n_levels];

	if (kind == 0 || !*level)
		return NULL;
	return kind == 1 ? unseen : level;
}

static int compare_texts(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* The cells of a column from their texts, NULL: missing. */
static enum cln_status set_texts(struct column *cells, const char *const texts[SAMPLE_ROWS], struct cln_error *err)
{
	const char *sorted[SAMPLE_ROWS];
	size_t n = 0, n_levels = 0;

	for (size_t i = 0; i < SAMPLE_ROWS; i++)
		if (texts[i])
			sorted[n++] = texts[i];
		else
			cells->n_missing++;
	qsort(sorted, n, sizeof *sorted, compare_texts);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(sorted[i], sorted[n_levels - 1]) != 0)
			sorted[n_levels++] = sorted[i];
	for (size_t i = 0; i < SAMPLE_ROWS; i++) {
		cells->codes[i] = LEVEL_MISSING;
		for (size_t k = 0; texts[i] && k < n_levels; k++)
			if (strcmp(sorted[k], texts[i]) == 0)
				cells->codes[i] = (uint32_t)k;
	}
	return column_set_levels(cells, sorted, n_levels, err);
}

static enum cln_status sample_column(struct column *cells, const struct pipeline_column *column, size_t c, struct cln_error *err)
{
	struct rng rng;

	cells->name = mem_copy(column->name, strlen(column->name), err);
	cells->type = column->type;
	if (!cells->name)
		return CLN_E_MEMORY;
	rng_start(&rng, 1, RNG_TEST, 0, (uint32_t)c);
	if (column->type == COLUMN_NUMERIC) {
		cells->numbers = mem_alloc(SAMPLE_ROWS, sizeof *cells->numbers, err);
		for (size_t i = 0; cells->numbers && i < SAMPLE_ROWS; i++)
			cells->numbers[i] = sample_number(column, &rng);
		return cells->numbers ? CLN_OK : CLN_E_MEMORY;
	}
	const char *texts[SAMPLE_ROWS];
	char unseen[UNSEEN_TEXT] = "a level never seen";

	for (unsigned i = 0; is_level(column, unseen); i++)
		snprintf(unseen, sizeof unseen, "a level never seen %u", i);
	for (size_t i = 0; i < SAMPLE_ROWS; i++)
		texts[i] = sample_text(column, unseen, &rng);
	cells->codes = mem_alloc(SAMPLE_ROWS, sizeof *cells->codes, err);
	return cells->codes ? set_texts(cells, texts, err) : CLN_E_MEMORY;
}

static enum cln_status sample_table(struct cln_table **table, const struct pipeline *pipeline, struct cln_error *err)
{
	size_t used = 0, next = 0;

	for (size_t c = 0; c < pipeline->n_columns; c++)
		used += pipeline->columns[c].n_features > 0;
	enum cln_status status = table_create(table, "memory", SAMPLE_ROWS, used, err);
	for (size_t c = 0; c < pipeline->n_columns && status == CLN_OK; c++)
		if (pipeline->columns[c].n_features > 0)
			status = sample_column(&(*table)->columns[next++], &pipeline->columns[c], c, err);
	return status;
}

/* ---------------------------------------------------------------- the forms */

static enum cln_status export_c_tested(struct text *out, const struct cln_model *model, struct cln_error *err)
{
	struct cln_table *table = NULL;
	float probabilities[SAMPLE_ROWS];
	enum cln_status status = sample_table(&table, model->pipeline, err);

	if (status == CLN_OK)
		status = evaluate_rows(probabilities, model, table, err);
	if (status == CLN_OK)
		status = export_c(out, model, &(struct export_sample){table, probabilities}, err);
	cln_table_destroy(table);
	return status;
}

enum cln_status cln_model_export(const struct cln_model *model, enum cln_export format, char **bytes, size_t *length,
				 struct cln_error *err)
{
	struct text out = {0};
	enum cln_status status;

	*bytes = NULL;
	*length = 0;
	switch (format) {
	case CLN_EXPORT_ONNX: status = export_onnx(&out, model, err); break;
	case CLN_EXPORT_C: status = export_c_tested(&out, model, err); break;
	case CLN_EXPORT_JSON: status = export_json(&out, model, err); break;
	default: return error_set(err, CLN_E_USAGE, "there is no export format number %d", (int)format);
	}
	if (status == CLN_OK) {
		*bytes = out.bytes;
		*length = out.length;
	} else {
		text_free(&out);
	}
	return status;
}
