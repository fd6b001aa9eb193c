/* SPDX-License-Identifier: MIT */
#include "api/bins.h"

#include "data/bins.h"

#define SAMPLE_ROWS ((size_t)1 << 17) /* an edge is off by less than 0.5 % of the rows */
#define USUAL_BINS 48                 /* Gorishniy et al. 2024 */
#define ROWS_A_BIN 10                 /* fewer say nothing of a bin */

/* The edges of one feature of the sample, behind those of the numbers before it. */
static enum cln_status add_number(struct front *front, float *edges, uint32_t *first_edge, uint32_t *binned, size_t feature,
				  size_t most, const struct order_sample *sample, struct cln_error *err)
{
	const size_t first = first_edge[front->n_binned];
	size_t n;
	const enum cln_status status = bins_choose(edges + first, &n, most, sample, err);

	if (status != CLN_OK || n < 2)
		return status;
	binned[front->n_binned++] = (uint32_t)feature;
	first_edge[front->n_binned] = (uint32_t)(first + n);
	return CLN_OK;
}

static enum cln_status choose_all(struct front *front, const float *X, const struct pipeline *pipeline, size_t most,
				  struct order_sample *sample, float *column, struct cln_error *err)
{
	const size_t n_features = pipeline->n_features;
	uint32_t *binned = mem_alloc(n_features, sizeof *binned, err);
	enum cln_status status = CLN_OK;

	front->binned = binned;
	uint32_t *first_edge = binned ? mem_alloc(n_features + 1, sizeof *first_edge, err) : NULL;
	front->first_edge = first_edge;
	float *edges = first_edge ? mem_alloc(n_features * (most + 1), sizeof *edges, err) : NULL;
	front->edges = edges;
	if (!edges)
		return CLN_E_MEMORY;
	for (size_t k = 0; k < n_features && status == CLN_OK; k++) {
		if (!pipeline_feature_is_number(pipeline, k))
			continue;
		for (size_t i = 0; i < sample->n_rows; i++)
			column[i] = X[i * n_features + k];
		status = add_number(front, edges, first_edge, binned, k, most, sample, err);
	}
	return status;
}

enum cln_status bins_of_numbers(struct front *front, const struct prepared *prepared, size_t most, struct cln_error *err)
{
	float *X, *w;
	size_t n;
	enum cln_status status = prepared_sample(&X, &w, &n, SAMPLE_ROWS, prepared, err);

	if (status != CLN_OK)
		return status;
	float *column = mem_alloc(n, sizeof *column, err);
	uint32_t *rows = mem_alloc(n, sizeof *rows, err), *units = w ? mem_alloc(n, sizeof *units, err) : NULL;
	const size_t affordable = n / ROWS_A_BIN < 2 ? 2 : n / ROWS_A_BIN;
	const size_t chosen = affordable < USUAL_BINS ? affordable : USUAL_BINS;

	status = column && rows && (units || !w) ? CLN_OK : CLN_E_MEMORY;
	for (size_t i = 0; i < n && rows; i++)
		rows[i] = (uint32_t)i;
	if (w && units)
		order_units(units, w, n);
	struct order_sample sample = {column, rows, units, n};
	if (status == CLN_OK)
		status = choose_all(front, X, prepared->pipeline, most ? most : chosen, &sample, column, err);
	mem_free(units);
	mem_free(rows);
	mem_free(column);
	mem_free(w);
	mem_free(X);
	return status;
}
