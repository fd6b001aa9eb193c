/* SPDX-License-Identifier: MIT
 * A network as ONNX (nn/forward.c, kernels.h).  Its inputs E stand as they come about: features, periodic embeddings, values of
 * levels, piecewise embeddings; scale and the weights of layer 1 are put into that order. */
#include <string.h>

#include "model/export_onnx.h"

struct builder {
	struct onnx_graph *graph;
	const struct network *net;
	const struct onnx_features *features;
	float *front, *values;  /* network_get_front; room for any of its parts as the graph has it */
	float *W;               /* room for a layer, twice */
	size_t *row, *position; /* of E: the model's row of each input; the input of each feature */
	size_t n_rows;
};

/* ---------------------------------------------------------------- the front */

/* [n, N, 1]: features by the model's numbers, one a matrix. */
static struct onnx_value apart(struct builder *b, const uint32_t *numbers, size_t n, struct cln_error *err)
{
	struct onnx_graph *g = b->graph;
	int64_t *at = mem_alloc(n, sizeof *at, err);
	if (!at) {
		g->nodes.failed = true;
		g->nodes.refused = n * sizeof *at;
		return b->features->X;
	}
	for (size_t i = 0; i < n; i++)
		at[i] = (int64_t)b->position[numbers[i]];
	const struct onnx_value chosen = onnx_gather(g, b->features->X, onnx_list(g, at, n), 1);
	mem_free(at);
	const int64_t turned[] = {1, 0}, axis = 2;
	return onnx_2(g, "Unsqueeze", onnx_transpose(g, chosen, turned, 2), onnx_list(g, &axis, 1));
}

/* [N, n m] from [n, N, m]. */
static struct onnx_value together(struct onnx_graph *g, struct onnx_value a, size_t n_columns)
{
	const int64_t turned[] = {1, 0, 2}, shape[] = {-1, (int64_t)n_columns};
	return onnx_2(g, "Reshape", onnx_transpose(g, a, turned, 3), onnx_list(g, shape, 2));
}

/* cos 2 pi u with u = w x + phase, one rounding as a fused multiply-add has it: the product of two floats is exact in double. */
static struct onnx_value cosines(struct onnx_graph *g, struct onnx_value x, struct onnx_value w, struct onnx_value phase)
{
	const struct onnx_value product = onnx_2(g, "Mul", onnx_cast(g, x, ONNX_DOUBLE), onnx_cast(g, w, ONNX_DOUBLE));
	const struct onnx_value sum = onnx_2(g, "Add", product, onnx_cast(g, phase, ONNX_DOUBLE));
	const struct onnx_value most = onnx_float(g, 0x1p21f), least = onnx_float(g, -0x1p21f);
	const struct onnx_value u = onnx_3(g, "Clip", onnx_cast(g, sum, ONNX_FLOAT), least, most);
	const struct onnx_value r = onnx_2(g, "Sub", u, onnx_1(g, "Round", u));
	return onnx_1(g, "Cos", onnx_2(g, "Mul", r, onnx_float(g, 0x1.921fb6p2f)));
}

static const float *add_embeddings(struct builder *b, const float *front, struct onnx_value *part, struct cln_error *err)
{
	struct onnx_graph *g = b->graph;
	const size_t J = b->net->front.n_numbers, K = EMBEDDING_FREQUENCIES, O = EMBEDDING_OUTPUTS;
	const float *w = front, *phase = w + J * K, *V = phase + J * K, *bias = V + J * O * K;
	const size_t waves[] = {J, 1, K}, mixed[] = {J, K, O}, outputs[] = {J, 1, O};
	const struct onnx_value x = apart(b, b->net->front.numbers, J, err);
	for (size_t i = 0; i < J * K; i++)
		b->values[i] = phase[i] * 0x1.45f306p-3f; /* turns a radian */
	const struct onnx_value turns = onnx_floats(g, b->values, waves, 3);
	const struct onnx_value h = cosines(g, x, onnx_floats(g, w, waves, 3), turns);
	for (size_t j = 0; j < J; j++)
		for (size_t i = 0; i < O; i++)
			for (size_t k = 0; k < K; k++)
				b->values[(j * K + k) * O + i] = V[(j * O + i) * K + k];
	const struct onnx_value sum = onnx_2(g, "MatMul", h, onnx_floats(g, b->values, mixed, 3));
	*part = together(g, onnx_2(g, "Add", sum, onnx_floats(g, bias, outputs, 3)), J * O);
	for (size_t i = 0; i < J * O; i++)
		b->row[b->n_rows++] = b->net->n_features + i;
	return bias + J * O;
}

static const float *add_levels(struct builder *b, const float *front, struct onnx_value *parts)
{
	const struct front *shape = &b->net->front;
	const size_t d = shape->values;
	for (size_t c = 0; c < shape->n_categories; c++) {
		const size_t rows = shape->categories[c].n_rows;
		const struct onnx_value table = onnx_floats(b->graph, front, (size_t[]){rows, d}, 2);
		parts[c] = onnx_gather(b->graph, table, b->features->levels[c], 0);
		for (size_t i = 0; i < d; i++)
			b->row[b->n_rows++] = lookup_row(shape->categories, c, i, d, network_first_value(b->net));
		front += rows * d;
	}
	return front;
}

/* Bins of all numbers as if each had as many as the one with the most: those that it has not weigh nothing. */
static const float *add_pieces(struct builder *b, const float *front, struct onnx_value *part, struct cln_error *err)
{
	struct onnx_graph *g = b->graph;
	const struct front *shape = &b->net->front;
	const size_t P = shape->n_binned, O = PIECEWISE_OUTPUTS;
	const float *bias = front + (front_edges(shape) - P) * O;
	size_t most = 0;
	for (size_t j = 0; j < P; j++)
		if (shape->first_edge[j + 1] - shape->first_edge[j] - 1 > most)
			most = shape->first_edge[j + 1] - shape->first_edge[j] - 1;
	const size_t bins[] = {P, 1, most}, weights[] = {P, most, O}, outputs[] = {P, 1, O};
	float *left = b->values, *width = left + P * most, *W = width + P * most;
	for (size_t j = 0; j < P; j++)
		for (size_t k = 0; k < most; k++) {
			const size_t first = shape->first_edge[j], n = shape->first_edge[j + 1] - first - 1, at = j * most + k;
			const float *edge = shape->edges + first + k;
			left[at] = k < n ? edge[0] : 0;
			width[at] = k < n ? edge[1] - edge[0] : 1;
			for (size_t i = 0; i < O; i++)
				W[at * O + i] = k < n ? front[(first - j + k) * O + i] : 0;
		}
	const struct onnx_value x = apart(b, shape->binned, P, err);
	const struct onnx_value above = onnx_2(g, "Sub", x, onnx_floats(g, left, bins, 3));
	const struct onnx_value share = onnx_2(g, "Div", above, onnx_floats(g, width, bins, 3));
	const struct onnx_value held = onnx_3(g, "Clip", share, onnx_float(g, 0), onnx_float(g, 1));
	const struct onnx_value sum = onnx_2(g, "MatMul", held, onnx_floats(g, W, weights, 3));
	*part = together(g, onnx_2(g, "Add", sum, onnx_floats(g, bias, outputs, 3)), P * O);
	for (size_t i = 0; i < P * O; i++)
		b->row[b->n_rows++] = network_piecewise_row(b->net) + i;
	return bias + P * O;
}

/* A[0]; *alpha: what is behind its parameters. */
static struct onnx_value add_front(struct builder *b, struct onnx_value *parts, const float **alpha, struct cln_error *err)
{
	const struct front *shape = &b->net->front;
	const float *next = b->front, *scale = NULL;
	size_t n = 0;
	for (size_t i = 0; i < b->features->n; i++)
		b->row[b->n_rows++] = b->features->feature[i];
	if (b->features->n)
		parts[n++] = b->features->X;
	if (shape->n_numbers)
		next = add_embeddings(b, next, &parts[n++], err);
	if (shape->scaling) {
		scale = next;
		next += b->net->n[0];
	}
	next = add_levels(b, next, parts + n);
	n += shape->n_categories;
	if (shape->n_binned)
		next = add_pieces(b, next, &parts[n++], err);
	*alpha = next;
	const struct onnx_value E = onnx_concat(b->graph, parts, n);
	if (!scale)
		return E;
	for (size_t i = 0; i < b->n_rows; i++)
		b->values[i] = scale[b->row[i]];
	return onnx_2(b->graph, "Mul", E, onnx_floats(b->graph, b->values, (size_t[]){1, b->n_rows}, 2));
}

/* ---------------------------------------------------------------- the layers */

/* b + A W^T, with W as n[l] rows. */
static struct onnx_value product(struct builder *b, size_t l, struct onnx_value A)
{
	const size_t n_out = b->net->n[l], n_in = b->net->n[l - 1];
	float *W = b->W, *bias = W + n_out * n_in, *placed = bias + n_out;
	struct text attributes = {0};
	network_get(b->net, l, W, bias);
	for (size_t i = 0; i < n_out && l == 1; i++)
		for (size_t k = 0; k < n_in; k++)
			placed[i * n_in + k] = W[i * n_in + b->row[k]];
	const struct onnx_value weights = onnx_floats(b->graph, l == 1 ? placed : W, (size_t[]){n_out, n_in}, 2);
	const struct onnx_value biases = onnx_floats(b->graph, bias, &n_out, 1);
	onnx_attribute_int(&attributes, "transB", 1);
	return onnx_node(b->graph, "Gemm", (struct onnx_value[]){A, weights, biases}, 3, &attributes);
}

static struct onnx_value with_alpha(struct onnx_graph *g, const char *op, struct onnx_value z, float alpha)
{
	struct text attributes = {0};
	onnx_attribute_float(&attributes, "alpha", alpha);
	return onnx_node(g, op, &z, 1, &attributes);
}

static struct onnx_value selu(struct onnx_graph *g, struct onnx_value z)
{
	struct text attributes = {0};
	onnx_attribute_float(&attributes, "alpha", 1.6732632423543772f);
	onnx_attribute_float(&attributes, "gamma", 1.0507009873554805f);
	return onnx_node(g, "Selu", &z, 1, &attributes);
}

/* z (1 + erf(z / sqrt 2)) / 2 */
static struct onnx_value gelu(struct onnx_graph *g, struct onnx_value z)
{
	const struct onnx_value erf = onnx_1(g, "Erf", onnx_2(g, "Mul", z, onnx_float(g, 0x1.6a09e6p-1f)));
	const struct onnx_value Phi = onnx_2(g, "Mul", onnx_2(g, "Add", erf, onnx_float(g, 1)), onnx_float(g, 0.5f));
	return onnx_2(g, "Mul", z, Phi);
}

static struct onnx_value activate(struct onnx_graph *g, enum cln_activation activation, struct onnx_value z)
{
	switch (activation) {
	case CLN_SIGMOID: return onnx_1(g, "Sigmoid", z);
	case CLN_TANH: return onnx_1(g, "Tanh", z);
	case CLN_LEAKY_RELU: return with_alpha(g, "LeakyRelu", z, 0.01f);
	case CLN_ELU: return with_alpha(g, "Elu", z, 1);
	case CLN_SELU: return selu(g, z);
	case CLN_GELU: return gelu(g, z);
	case CLN_SILU: return onnx_2(g, "Mul", z, onnx_1(g, "Sigmoid", z));
	case CLN_MISH: return onnx_2(g, "Mul", z, onnx_1(g, "Tanh", onnx_1(g, "Softplus", z)));
	default: return onnx_1(g, "Relu", z);
	}
}

static struct onnx_value add_layers(struct builder *b, struct onnx_value A, const float *alpha)
{
	struct onnx_graph *g = b->graph;
	for (size_t l = 1; l < b->net->L; l++) {
		const struct onnx_value z = product(b, l, A);
		A = activate(g, b->net->activation, z);
		if (!b->net->front.parametric)
			continue;
		const struct onnx_value bend = onnx_floats(g, alpha, (size_t[]){1, b->net->n[l]}, 2);
		A = onnx_2(g, "Add", z, onnx_2(g, "Mul", bend, onnx_2(g, "Sub", A, z)));
		alpha += b->net->n[l];
	}
	return product(b, b->net->L, A);
}

/* ---------------------------------------------------------------- all of it */

static enum cln_status create_builder(struct builder *b, struct cln_error *err)
{
	const struct network *net = b->net;
	const struct front *front = &net->front;
	size_t widest_layer = 0, values = network_front_floats(net), padded = 0;
	for (size_t l = 1; l <= net->L; l++)
		if (net->n[l] * (2 * net->n[l - 1] + 1) > widest_layer)
			widest_layer = net->n[l] * (2 * net->n[l - 1] + 1);
	if (front->n_binned && !size_mul(&padded, front->n_binned, PIECEWISE_MAX_BINS * (2 + PIECEWISE_OUTPUTS)))
		return error_set(err, CLN_E_MEMORY, "out of memory for the bins of %zu numbers", front->n_binned);
	b->front = mem_alloc(values, sizeof *b->front, err);
	b->values = mem_alloc(values > padded ? values : padded, sizeof *b->values, err);
	b->W = mem_alloc(widest_layer, sizeof *b->W, err);
	b->row = mem_alloc(net->n[0], sizeof *b->row, err);
	b->position = mem_alloc(net->n_features, sizeof *b->position, err);
	if (!b->front || !b->values || !b->W || !b->row || !b->position)
		return CLN_E_MEMORY;
	network_get_front(net, b->front);
	for (size_t i = 0; i < b->features->n; i++)
		b->position[b->features->feature[i]] = i;
	return CLN_OK;
}

enum cln_status onnx_add_network(struct onnx_value *logit, struct onnx_graph *graph, const struct network *net,
				 const struct onnx_features *features, struct cln_error *err)
{
	struct builder b = {.graph = graph, .net = net, .features = features};
	struct onnx_value *parts = mem_alloc(net->front.n_categories + 3, sizeof *parts, err);
	enum cln_status status = parts ? create_builder(&b, err) : CLN_E_MEMORY;
	if (status == CLN_OK) {
		const float *alpha;
		const struct onnx_value A = add_front(&b, parts, &alpha, err);
		*logit = add_layers(&b, A, alpha);
	}
	mem_free(parts);
	mem_free(b.front);
	mem_free(b.values);
	mem_free(b.W);
	mem_free(b.row);
	mem_free(b.position);
	return status;
}
