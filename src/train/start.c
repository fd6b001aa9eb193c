/* SPDX-License-Identifier: MIT */
#include "train/start.h"

#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "data/batch.h"
#include "nn/passes.h"

#define POINTS 5              /* rows that a bias is a mean over */
#define OWN_DEVIATION_ROWS 16 /* from so many different ones on a unit is fitted to its own deviation */

static float *W_at(struct network *net, size_t l, size_t i, size_t k)
{
	return &net->params[net->W_offset[l] + (i / PANEL * net->n[l - 1] + k) * PANEL + i % PANEL];
}

/* Weights from N(0, 1) in row-major order, biases 0. */
static void draw_weights(struct network *net, size_t l, struct rng *rng)
{
	for (size_t i = 0; i < net->n[l]; i++) {
		for (size_t k = 0; k < net->n[l - 1]; k++)
			*W_at(net, l, i, k) = (float)rng_normal(rng);
		net->params[net->b_offset[l] + i] = 0;
	}
}

/* The variance of m values that lie PANEL apart, by two passes in double. */
static double variance(const float *z, size_t m)
{
	double sum = 0, squares = 0;
	for (size_t s = 0; s < m; s++)
		sum += (double)z[s * PANEL];
	const double mean = sum / (double)m;
	for (size_t s = 0; s < m; s++)
		squares += ((double)z[s * PANEL] - mean) * ((double)z[s * PANEL] - mean);
	return squares / (double)m;
}

/* A unit's pre-activations in panels of ld columns. */
static const float *unit_of(const float *Z, size_t i, size_t ld)
{
	return Z + i / PANEL * ld * PANEL + i % PANEL;
}

static double mean_variance(const float *Z, size_t n_units, size_t m, size_t ld)
{
	double sum = 0;
	for (size_t i = 0; i < n_units; i++)
		sum += variance(unit_of(Z, i, ld), m);
	return sum / (double)n_units;
}

/* A weighted mean of the pre-activations z at POINTS of the m columns. */
static double mean_of_points(const float *z, size_t m, struct rng *rng)
{
	double sum = 0, weights = 0;
	for (int point = 0; point < POINTS; point++) {
		const double weight = -dmath_log1p(-rng_uniform(rng)), value = (double)z[rng_below(rng, m) * PANEL];
		sum += weight * value;
		weights += weight;
	}
	return weights > 0 ? sum / weights : 0;
}

/* Z: the layer's pre-activations without biases, panels of ld columns.  Over few different rows some of many units have hardly a
 * deviation of their own, which would make their weights hundreds of times as large as others': there all have the layer's. */
static void fit_layer(struct network *net, size_t l, const float *Z, size_t m, size_t ld, bool few, struct rng *rng)
{
	const double of_layer = few ? mean_variance(Z, net->n[l], m, ld) : 0;
	for (size_t i = 0; i < net->n[l]; i++) {
		const float *z = unit_of(Z, i, ld);
		const double square = few ? of_layer : variance(z, m);
		const double scale = 1 / (square > 0 ? sqrt(square) : 1);
		for (size_t k = 0; k < net->n[l - 1]; k++)
			*W_at(net, l, i, k) = (float)((double)*W_at(net, l, i, k) * scale);
		net->params[net->b_offset[l] + i] = (float)(-scale * mean_of_points(z, m, rng));
	}
}

/* Rows drawn with replacement, or all where there are no more. */
static size_t draw_rows(uint32_t rows[START_ROWS], const struct dataset *data, struct rng *rng)
{
	const size_t n_rows = data->n_rows, m = n_rows < START_ROWS ? n_rows : START_ROWS;
	for (size_t s = 0; s < m; s++)
		rows[s] = (uint32_t)dataset_row(data, n_rows <= START_ROWS ? s : rng_below(rng, n_rows));
	return m;
}

static bool same_features(const struct block_space *space, size_t n_features, size_t s, size_t t)
{
	bool same = true;
	for (size_t p = 0; p < panels_of(n_features) && same; p++) {
		const float *panel = space->E + p * space->ld * PANEL;
		same = memcmp(panel + s * PANEL, panel + t * PANEL, PANEL * sizeof *panel) == 0;
	}
	return same;
}

/* Whether there are fewer than OWN_DEVIATION_ROWS different rows among the m. */
static bool are_few(const struct block_space *space, size_t n_features, size_t m)
{
	size_t different[OWN_DEVIATION_ROWS], n = 0;
	for (size_t s = 0; s < m && n < OWN_DEVIATION_ROWS; s++) {
		size_t i = 0;
		while (i < n && !same_features(space, n_features, s, different[i]))
			i++;
		if (i == n)
			different[n++] = s;
	}
	return n < OWN_DEVIATION_ROWS;
}

enum cln_status start_from_data(struct network *net, const struct kernels *kernels, const struct dataset *data, uint64_t seed,
                                struct cln_error *err)
{
	uint32_t rows[START_ROWS];
	struct block_space space;
	struct rng rng;
	enum cln_status status = block_space_create(&space, net, START_ROWS, false, false, err);
	if (status != CLN_OK)
		return status;
	rng_start(&rng, seed, RNG_INIT, 1, 0);
	const size_t m = draw_rows(rows, data, &rng);
	batch_features(space.E, data->X, net->n_features, rows, m, space.ld);
	const bool few = are_few(&space, net->n_features, m);
	forward_front(net, kernels, &space, 0, m);
	for (size_t l = 1; l <= net->L; l++) {
		const struct share all = {0, panels_of(net->n[l]), 0, m};
		rng_start(&rng, seed, RNG_INIT, 1, (uint32_t)l);
		draw_weights(net, l, &rng);
		network_sync(net);
		preactivation_layer(net, kernels, &space, l, &all);
		fit_layer(net, l, space.A[l], m, space.ld, few, &rng);
		network_sync(net);
		forward_layer(net, kernels, &space, l, &all, NULL);
	}
	block_space_free(&space);
	return CLN_OK;
}
