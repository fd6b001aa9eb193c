/* SPDX-License-Identifier: MIT */
#include "data/novel.h"

#include <string.h>

enum cln_status novel_create(struct novel *novel, const struct pipeline *pipeline, struct cln_error *err)
{
	*novel = (struct novel){.pipeline = pipeline};
	novel->columns = mem_alloc(pipeline->n_columns, sizeof *novel->columns, err);
	return novel->columns ? CLN_OK : CLN_E_MEMORY;
}

void novel_free(struct novel *novel)
{
	mem_free(novel->columns);
	*novel = (struct novel){0};
}

static const struct column *find_column(const struct cln_table *table, const char *name)
{
	const size_t found = table_find_cells(table, name);

	return found == SIZE_MAX ? NULL : &table->columns[found];
}

#define BLOCK 64 /* numbers of which mostly none is outside: a compiler has them compared in vector lanes */

/* No comparison with NaN, a missing cell, is true. */
static inline size_t count_outside(const float *x, size_t n, float least, float greatest)
{
	size_t n_outside = 0;

	for (size_t i = 0; i < n; i++)
		n_outside += (x[i] < least) | (x[i] > greatest);
	return n_outside;
}

static void count_numbers(struct novel_column *count, const struct pipeline_column *learnt, const struct column *cells, size_t n)
{
	const float *x = cells->numbers, least = learnt->least, greatest = learnt->greatest;
	size_t i = 0;

	count->n_present += n - cells->n_missing;
	for (; learnt->has_range && n - i >= BLOCK; i += BLOCK) {
		int any = 0;

		for (size_t k = 0; k < BLOCK; k++)
			any |= (x[i + k] < least) | (x[i + k] > greatest);
		if (any)
			count->n_outside += count_outside(x + i, BLOCK, least, greatest);
	}
	if (learnt->has_range)
		count->n_outside += count_outside(x + i, n - i, least, greatest);
}

/* Rows of a column of texts, each level of which is marked or not. */
static void count_levels(size_t *n_marked, struct novel_column *count, const struct column *cells, const bool *marked, size_t n,
			 bool example)
{
	for (size_t i = 0; i < n; i++) {
		const uint32_t code = cells->codes[i];

		if (code == LEVEL_MISSING)
			continue;
		count->n_present++;
		if (!marked[code])
			continue;
		if (example && *n_marked == 0)
			text_excerpt(count->example, cells->levels[code], strlen(cells->levels[code]));
		++*n_marked;
	}
}

static bool is_outside(const struct pipeline_column *learnt, const char *text)
{
	float x;

	return learnt->has_range && text_to_float(&x, text) && (x < learnt->least || x > learnt->greatest);
}

static bool is_unseen(const struct pipeline_column *learnt, const char *text)
{
	return text_find((const char *const *)learnt->levels, learnt->n_levels, text) == learnt->n_levels &&
	       text_find((const char *const *)learnt->rare, learnt->n_rare, text) == learnt->n_rare;
}

static enum cln_status count_texts(struct novel_column *count, const struct pipeline_column *learnt, const struct column *cells,
				   size_t n, struct cln_error *err)
{
	const bool numeric = learnt->type == COLUMN_NUMERIC;
	bool *marked = mem_alloc(cells->n_levels, sizeof *marked, err);

	if (!marked)
		return CLN_E_MEMORY;
	for (size_t k = 0; k < cells->n_levels; k++)
		marked[k] = numeric ? is_outside(learnt, cells->levels[k]) : is_unseen(learnt, cells->levels[k]);
	count_levels(numeric ? &count->n_outside : &count->n_unseen, count, cells, marked, n, !numeric);
	mem_free(marked);
	return CLN_OK;
}

enum cln_status novel_add(struct novel *novel, const struct cln_table *table, bool texts, struct cln_error *err)
{
	enum cln_status status = CLN_OK;

	for (size_t c = 0; c < novel->pipeline->n_columns && status == CLN_OK; c++) {
		const struct pipeline_column *learnt = &novel->pipeline->columns[c];
		const struct column *cells = learnt->n_features ? find_column(table, learnt->name) : NULL;

		if (!cells || (learnt->type == COLUMN_CATEGORICAL && (!texts || cells->type == COLUMN_NUMERIC)))
			continue;
		if (cells->type == COLUMN_NUMERIC)
			count_numbers(&novel->columns[c], learnt, cells, table->n_rows);
		else
			status = count_texts(&novel->columns[c], learnt, cells, table->n_rows, err);
	}
	return status;
}
