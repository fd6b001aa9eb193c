/* SPDX-License-Identifier: MIT */
#include "data/batch.h"

#include <string.h>

#include "base/rng.h"
#include "base/panel.h"

void batch_order(uint32_t *order, size_t n_rows, uint64_t seed, uint32_t epoch)
{
	struct rng rng;

	rng_start(&rng, seed, RNG_SHUFFLE, epoch, 0);
	rng_permutation(order, n_rows, &rng);
}

void batch_order_of(uint32_t *order, const struct dataset *dataset, uint64_t seed, uint32_t epoch)
{
	batch_order(order, dataset->n_rows, seed, epoch);
	for (size_t i = 0; dataset->rows && i < dataset->n_rows; i++)
		order[i] = dataset->rows[order[i]];
}

/* The n < 16 floats of a last group, by copies of fixed length that may overlap: a call for each row would take longer. */
static inline void copy_rest(float *to, const float *from, size_t n)
{
	if (n >= 8) {
		memcpy(to, from, 8 * sizeof *to);
		memcpy(to + n - 8, from + n - 8, 8 * sizeof *to);
	} else if (n >= 4) {
		memcpy(to, from, 4 * sizeof *to);
		memcpy(to + n - 4, from + n - 4, 4 * sizeof *to);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = from[i];
	}
}

/* One row of X becomes one column of every panel: n_full whole groups of 16 floats, then a last group filled up with zeros. */
static void gather_column(float *A0, const float *x, size_t n, size_t ld)
{
	size_t n_full = n / PANEL, n_rest = n % PANEL;

	for (size_t p = 0; p < n_full; p++)
		memcpy(A0 + p * ld * PANEL, x + p * PANEL, PANEL * sizeof *A0);
	if (n_rest) {
		float *last = A0 + n_full * ld * PANEL;

		memset(last, 0, PANEL * sizeof *last);
		copy_rest(last, x + n_full * PANEL, n_rest);
	}
}

/* Rows lie anywhere: each is asked for that many rows before it is copied. */
#define ROWS_AHEAD 12

static inline void fetch_row(const float *x, size_t n)
{
	for (size_t k = 0; k < n; k += PANEL)
		__builtin_prefetch(x + k);
	__builtin_prefetch(x + n - 1);
}

void batch_features(float *A0, const float *X, size_t n_features, const uint32_t *order, size_t m, size_t ld)
{
	for (size_t s = 0; s < m && s < ROWS_AHEAD; s++)
		fetch_row(X + order[s] * n_features, n_features);
	for (size_t s = 0; s < m; s++) {
		if (s + ROWS_AHEAD < m)
			fetch_row(X + order[s + ROWS_AHEAD] * n_features, n_features);
		gather_column(A0 + s * PANEL, X + order[s] * n_features, n_features, ld);
	}
}

/* A disk gives many pages at a time faster than one after the other. */
static void prefetch(const struct dataset *dataset, const uint32_t *order, size_t m)
{
	size_t row_bytes = dataset->n_features * sizeof *dataset->X;

	for (size_t s = 0; s < m; s++)
		area_prefetch(&dataset->area, order[s] * row_bytes, row_bytes);
}

void batch_gather(float *A0, float *y, float *w, const struct dataset *dataset, const uint32_t *order, size_t m, size_t ld)
{
	if (dataset->area.kind == AREA_SCRATCH)
		prefetch(dataset, order, m);
	batch_features(A0, dataset->X, dataset->n_features, order, m, ld);
	for (size_t s = 0; s < m; s++)
		y[s] = dataset->y[order[s]];
	if (dataset->w)
		for (size_t s = 0; s < m; s++)
			w[s] = dataset->w[order[s]];
}

void batch_prefetch(const struct dataset *dataset, const uint32_t *order, size_t m)
{
	const size_t n = dataset->n_features;

	for (size_t s = 0; s < m; s++) {
		const float *x = dataset->X + order[s] * n;
		for (size_t k = 0; k < n; k += PANEL)
			__builtin_prefetch(x + k, 0, 2);
		__builtin_prefetch(x + n - 1, 0, 2);
		__builtin_prefetch(dataset->y + order[s], 0, 2);
		if (dataset->w)
			__builtin_prefetch(dataset->w + order[s], 0, 2);
	}
}

void batch_smooth(float *y, size_t m, double smoothing)
{
	const float keep = (float)(1 - smoothing), shift = (float)(smoothing / 2);

	for (size_t s = 0; s < m; s++)
		y[s] = y[s] * keep + shift;
}
