/* SPDX-License-Identifier: MIT
 * Initial weights: N(0, s^2), the variance chosen so that signals keep their size through the layers.
 *   Xavier  s^2 = 2 / (n_in + n_out)   Glorot & Bengio 2010: sigmoid, tanh, and the output layer
 *   He      s^2 = 2 / n_in             He et al. 2015: relu and its kin, which halve the variance
 *   LeCun   s^2 = 1 / n_in             LeCun et al. 1998; what selu's fixed point asks for (Klambauer et al. 2017)
 *   normal  s^2 = 1, biases too        the network of the derivation */
#include <math.h>

#include "base/dmath.h"
#include "nn/network.h"

#define PI 3.14159265358979323846

static enum cln_init init_of(enum cln_activation activation)
{
	switch (activation) {
	case CLN_SIGMOID:
	case CLN_TANH: return CLN_INIT_XAVIER;
	case CLN_SELU: return CLN_INIT_LECUN;
	default: return CLN_INIT_HE;
	}
}

static double deviation(enum cln_init init, size_t n_in, size_t n_out)
{
	switch (init) {
	case CLN_INIT_HE: return sqrt(2.0 / (double)n_in);
	case CLN_INIT_LECUN: return sqrt(1.0 / (double)n_in);
	case CLN_INIT_NORMAL: return 1.0;
	default: return sqrt(2.0 / (double)(n_in + n_out));
	}
}

/* W[l] in row-major order of (i, k), then b[l]: one stream a layer, so a layer's draws depend on no other layer. */
static void draw_layer(struct network *net, size_t l, enum cln_init init, uint64_t seed)
{
	struct rng rng;
	rng_start(&rng, seed, RNG_INIT, 0, (uint32_t)l);
	const size_t n_in = net->n[l - 1], n_out = net->n[l];
	const double s = deviation(init, n_in, n_out);
	for (size_t i = 0; i < n_out; i++)
		for (size_t k = 0; k < n_in; k++)
			net->params[net->W_offset[l] + (i / PANEL * n_in + k) * PANEL + i % PANEL] = (float)(s * rng_normal(&rng));
	for (size_t i = 0; i < n_out; i++)
		net->params[net->b_offset[l] + i] = init == CLN_INIT_NORMAL ? (float)rng_normal(&rng) : 0.0f;
}

/* The deviation of frequency k: from `scale` to scale * spread by equal factors. */
static double frequency_deviation(double scale, double spread, size_t k)
{
	return spread == 1 ? scale : scale * dmath_pow(spread, (double)k / (EMBEDDING_FREQUENCIES - 1));
}

void network_init_front(struct network *net, double scale, const double *spreads, uint64_t seed)
{
	struct rng rng;
	rng_start(&rng, seed, RNG_INIT, 0, 0);
	for (size_t j = 0; j < net->front.n_numbers; j++) {
		float *params = net->params + net->embedding_offset + j * EMBEDDING_FLOATS;
		for (size_t k = 0; k < EMBEDDING_FREQUENCIES; k++)
			*params++ = (float)(frequency_deviation(scale, spreads ? spreads[j] : 1, k) * rng_normal(&rng));
		for (size_t k = 0; k < EMBEDDING_FREQUENCIES; k++)
			*params++ = (float)(PI * (2 * rng_uniform(&rng) - 1));
		for (size_t e = 0; e < EMBEDDING_OUTPUTS * EMBEDDING_FREQUENCIES + EMBEDDING_OUTPUTS; e++)
			*params++ = (float)(rng_uniform(&rng) / 2 - 0.25);
	}
	for (size_t k = 0; net->front.scaling && k < net->n[0]; k++)
		net->params[net->scale_offset + k] = 1.0f;
	for (size_t i = 0; i < front_edges(&net->front) * PANEL; i++)
		net->params[net->piecewise_offset + i] = 0.0f;
	for (size_t l = 1; l < net->L && net->front.parametric; l++)
		for (size_t i = 0; i < net->n[l]; i++)
			net->params[net->alpha_offset[l] + i] = 1.0f;
}

void network_init_levels(struct network *net, double level_scale, uint64_t seed)
{
	struct rng rng;
	rng_start(&rng, seed, RNG_INIT, 2, 0);
	for (size_t c = 0; c < net->front.n_categories; c++) {
		const struct category *category = &net->front.categories[c];
		float *table = net->params + net->table_offset + category->first_row * net->front.values;
		for (size_t e = net->front.values; e < category->n_rows * net->front.values; e++)
			table[e] = (float)(level_scale * rng_normal(&rng));
	}
}

void network_init(struct network *net, enum cln_init init, uint64_t seed)
{
	for (size_t l = 1; l <= net->L; l++) {
		enum cln_init scheme = init;
		if (init == CLN_INIT_AUTO) /* the output layer's activation is the sigmoid of the loss */
			scheme = l < net->L ? init_of(net->activation) : CLN_INIT_XAVIER;
		draw_layer(net, l, scheme, seed);
	}
	network_sync(net);
}
