/* SPDX-License-Identifier: MIT */
#include "api/bins.h"

#include "data/bins.h"

#define SAMPLE_ROWS ((size_t)1 << 17) /* an edge is off by less than 0.5 % of the rows */
#define USUAL_BINS 48                 /* Gorishniy et al. 2024 */
#define ROWS_A_BIN 10                 /* fewer say nothing of a bin */

/* Rows to learn from, spread evenly over all of them, and one feature of theirs. */
struct sample {
	const struct prepared *prepared;
	float *column, *w; /* w NULL: all 1 */
	struct order_sample order;
};

static size_t row_of(const struct sample *sample, size_t i)
{
	return (size_t)((double)i * (double)sample->prepared->train_rows / (double)sample->order.n_rows);
}

static void sample_free(struct sample *sample)
{
	mem_free((void *)sample->order.rows);
	mem_free((void *)sample->order.units);
	mem_free(sample->column);
	mem_free(sample->w);
}

static enum cln_status sample_create(struct sample *sample, const struct prepared *prepared, struct cln_error *err)
{
	const size_t n = prepared->train_rows < SAMPLE_ROWS ? prepared->train_rows : SAMPLE_ROWS;
	const bool weighted = prepared->train_row_weights != NULL;
	uint32_t *rows = mem_alloc(n, sizeof *rows, err), *units = weighted && rows ? mem_alloc(n, sizeof *units, err) : NULL;

	*sample = (struct sample){.prepared = prepared, .column = rows ? mem_alloc(n, sizeof *sample->column, err) : NULL};
	sample->order = (struct order_sample){sample->column, rows, units, n};
	sample->w = weighted && units && sample->column ? mem_alloc(n, sizeof *sample->w, err) : NULL;
	if (!sample->column || (weighted && !sample->w)) {
		sample_free(sample);
		return CLN_E_MEMORY;
	}
	for (size_t i = 0; i < n; i++) {
		rows[i] = (uint32_t)i;
		if (weighted)
			sample->w[i] = prepared->train_row_weights[row_of(sample, i)];
	}
	if (weighted)
		order_units(units, sample->w, n);
	return CLN_OK;
}

/* The edges of one feature, behind those of the numbers before it. */
static enum cln_status add_number(struct front *front, float *edges, uint32_t *first_edge, uint32_t *binned, size_t feature,
				  size_t most, struct sample *sample, struct cln_error *err)
{
	const struct dataset *data = &sample->prepared->train;
	const size_t first = first_edge[front->n_binned];
	size_t n;

	for (size_t i = 0; i < sample->order.n_rows; i++)
		sample->column[i] = data->X[row_of(sample, i) * data->n_features + feature];
	const enum cln_status status = bins_choose(edges + first, &n, most, &sample->order, err);

	if (status != CLN_OK || n < 2)
		return status;
	binned[front->n_binned++] = (uint32_t)feature;
	first_edge[front->n_binned] = (uint32_t)(first + n);
	return CLN_OK;
}

static enum cln_status choose_all(struct front *front, bool (*wanted)(const struct pipeline *pipeline, size_t feature), size_t most,
				  struct sample *sample, struct cln_error *err)
{
	const struct pipeline *pipeline = sample->prepared->pipeline;
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
	for (size_t k = 0; k < n_features && status == CLN_OK; k++)
		if (wanted(pipeline, k))
			status = add_number(front, edges, first_edge, binned, k, most, sample, err);
	return status;
}

enum cln_status bins_of_numbers(struct front *front, const struct prepared *prepared,
				bool (*wanted)(const struct pipeline *pipeline, size_t feature), size_t most, struct cln_error *err)
{
	struct sample sample;
	enum cln_status status = sample_create(&sample, prepared, err);

	if (status != CLN_OK)
		return status;
	const size_t affordable = sample.order.n_rows / ROWS_A_BIN < 2 ? 2 : sample.order.n_rows / ROWS_A_BIN;
	const size_t usual = affordable < USUAL_BINS ? affordable : USUAL_BINS;

	status = choose_all(front, wanted, most ? most : usual, &sample, err);
	sample_free(&sample);
	return status;
}
