/* SPDX-License-Identifier: MIT
 * The flat parameters of a network and their two orientations. */
#include "nn/network.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Offsets of every layer; false where a size does not fit. */
static bool lay_out(struct network *net, size_t *n_params_floats, size_t *n_Wt_floats)
{
	size_t params = 0, Wt = 0;
	net->n_params = 0;
	for (size_t l = 1; l <= net->L; l++) {
		const size_t out = panels_of(net->n[l]) * PANEL, in = panels_of(net->n[l - 1]) * PANEL;
		size_t weights, transposed;
		if (!size_mul(&weights, out, net->n[l - 1]) || !size_mul(&transposed, in, out))
			return false;
		net->W_offset[l] = params;
		if (!size_add(&params, params, weights))
			return false;
		net->b_offset[l] = params;
		if (!size_add(&params, params, out))
			return false;
		if (network_has_Wt(net, l)) {
			net->Wt_offset[l] = Wt;
			if (!size_add(&Wt, Wt, transposed))
				return false;
		}
		net->n_params += net->n[l] * net->n[l - 1] + net->n[l];
	}
	net->embedding_offset = params;
	if (!size_add(&params, params, net->front.n_numbers * EMBEDDING_FLOATS))
		return false;
	net->n_params += net->front.n_numbers * EMBEDDING_PARAMETERS;
	net->scale_offset = params;
	if (!size_add(&params, params, net->front.scaling ? panels_of(net->n[0]) * PANEL : 0))
		return false;
	net->n_params += net->front.scaling ? net->n[0] : 0;
	net->table_offset = params;
	net->table_floats = panels_of(front_levels(&net->front) * net->front.values) * PANEL;
	if (!size_add(&params, params, net->table_floats))
		return false;
	net->n_params += front_levels(&net->front) * net->front.values;
	net->piecewise_offset = params;
	if (!size_add(&params, params, front_edges(&net->front) * PANEL))
		return false;
	net->n_params += front_edges(&net->front) * PIECEWISE_OUTPUTS;
	for (size_t l = 1; l < net->L && net->front.parametric; l++) {
		net->alpha_offset[l] = params;
		if (!size_add(&params, params, panels_of(net->n[l]) * PANEL))
			return false;
		net->n_params += net->n[l];
	}
	*n_params_floats = params;
	*n_Wt_floats = Wt;
	return true;
}

/* Within the limits, so that no product of theirs can overflow. */
static bool fits(const struct front *front, size_t n_features)
{
	size_t levels = 0;
	if (front->n_numbers > n_features || front->n_categories > n_features)
		return false;
	for (size_t c = 0; c < front->n_categories; c++) {
		levels += front->categories[c].n_rows; /* at most 2^20 2^22 before it is seen */
		if (front->categories[c].n_rows < 1 || levels > NETWORK_MAX_LEVELS || front->categories[c].feature >= n_features)
			return false;
	}
	return front->n_categories == 0 || (front->values >= 1 && front->values <= LOOKUP_MAX_SIZE);
}

static void *copy_of(const void *from, size_t n, size_t size, struct cln_error *err)
{
	void *to = mem_alloc(n, size, err);
	if (to)
		memcpy(to, from, n * size);
	return to;
}

static enum cln_status take_bins(struct front *own, const struct front *front, struct cln_error *err)
{
	own->binned = copy_of(front->binned, front->n_binned, sizeof *front->binned, err);
	own->first_edge = copy_of(front->first_edge, front->n_binned + 1, sizeof *front->first_edge, err);
	own->edges = copy_of(front->edges, front_edges(front), sizeof *front->edges, err);
	if (!own->binned || !own->first_edge || !own->edges)
		return CLN_E_MEMORY;
	own->n_binned = front->n_binned;
	return CLN_OK;
}

static bool same_categories(const struct front *a, const struct front *b)
{
	if (a->n_categories != b->n_categories || a->values != b->values)
		return false;
	for (size_t c = 0; c < a->n_categories; c++)
		if (a->categories[c].feature != b->categories[c].feature || a->categories[c].n_rows != b->categories[c].n_rows)
			return false;
	return true;
}

static bool same_numbers(const void *a, const void *b, size_t n)
{
	return n == 0 || memcmp(a, b, n * sizeof(uint32_t)) == 0;
}

bool front_same(const struct front *a, const struct front *b)
{
	return a->parametric == b->parametric && a->scaling == b->scaling && a->n_numbers == b->n_numbers &&
	       a->n_binned == b->n_binned && same_numbers(a->numbers, b->numbers, a->n_numbers) &&
	       same_numbers(a->binned, b->binned, a->n_binned) &&
	       same_numbers(a->first_edge, b->first_edge, a->n_binned ? a->n_binned + 1 : 0) &&
	       same_categories(a, b);
}

static enum cln_status take_front(struct network *net, const struct front *front, struct cln_error *err)
{
	if (!fits(front, net->n_features))
		return error_set(err, CLN_E_USAGE, "categories have 1 to %u levels in all, of 1 to %d values", NETWORK_MAX_LEVELS,
		                 LOOKUP_MAX_SIZE);
	uint32_t *numbers = mem_alloc(front->n_numbers, sizeof *numbers, err);
	struct category *categories = numbers ? mem_alloc(front->n_categories, sizeof *categories, err) : NULL;
	net->front = (struct front){
	    .numbers = numbers, .scaling = front->scaling, .parametric = front->parametric, .categories = categories};
	if (!categories)
		return CLN_E_MEMORY;
	for (size_t j = 0; j < front->n_numbers; j++)
		numbers[j] = front->numbers[j];
	for (size_t c = 0, row = 0; c < front->n_categories; c++) {
		categories[c] = front->categories[c];
		categories[c].first_row = row;
		row += categories[c].n_rows;
	}
	net->front.n_numbers = front->n_numbers;
	net->front.n_categories = front->n_categories;
	net->front.values = front->n_categories ? front->values : 0;
	net->n[0] += front_outputs(front);
	return front->n_binned ? take_bins(&net->front, front, err) : CLN_OK;
}

enum cln_status network_create(struct network **net, const size_t *n, size_t L, enum cln_activation activation,
				const struct front *front, struct cln_error *err)
{
	*net = NULL;
	if (L < 1 || L > NETWORK_MAX_LAYERS)
		return error_set(err, CLN_E_USAGE, "a network has 1 to %d layers, not %zu", NETWORK_MAX_LAYERS, L);
	for (size_t l = 0; l <= L; l++)
		if (n[l] < 1 || n[l] > NETWORK_MAX_UNITS)
			return error_set(err, CLN_E_USAGE, "a layer has 1 to %u units, not %zu", NETWORK_MAX_UNITS, n[l]);
	struct network *made = mem_alloc(1, sizeof *made, err);
	if (!made)
		return CLN_E_MEMORY;
	made->L = L;
	made->activation = activation;
	memcpy(made->n, n, (L + 1) * sizeof *n);
	made->n_features = n[0];
	const enum cln_status status = front ? take_front(made, front, err) : CLN_OK;
	if (status != CLN_OK) {
		network_destroy(made);
		return status;
	}
	if (!lay_out(made, &made->n_floats, &made->n_Wt)) {
		network_destroy(made);
		return error_set(err, CLN_E_MEMORY, "the network's parameters do not fit in memory");
	}
	made->params = mem_pages(made->n_floats + made->n_Wt, err);
	if (!made->params) {
		network_destroy(made);
		return CLN_E_MEMORY;
	}
	made->Wt = made->params + made->n_floats;
	*net = made;
	return CLN_OK;
}

enum cln_status network_clone(struct network **copy, const struct network *net, struct cln_error *err)
{
	size_t n[NETWORK_MAX_LAYERS + 1];
	memcpy(n, net->n, sizeof n);
	n[0] = net->n_features;
	enum cln_status status = network_create(copy, n, net->L, net->activation, &net->front, err);
	if (status != CLN_OK)
		return status;
	memcpy((*copy)->params, net->params, net->n_floats * sizeof(float));
	network_sync(*copy);
	return CLN_OK;
}

void front_free(struct front *front)
{
	mem_free((void *)front->numbers);
	mem_free((void *)front->categories);
	mem_free((void *)front->binned);
	mem_free((void *)front->first_edge);
	mem_free((void *)front->edges);
	*front = (struct front){0};
}

void network_destroy(struct network *net)
{
	if (!net)
		return;
	front_free(&net->front);
	mem_pages_free(net->params, net->n_floats + net->n_Wt);
	mem_free(net);
}

/* Where W[l](i, k) lies in the panels of params, and in those of Wt. */
static size_t W_index(const struct network *net, size_t l, size_t i, size_t k)
{
	return net->W_offset[l] + (i / PANEL * net->n[l - 1] + k) * PANEL + i % PANEL;
}

static size_t Wt_index(const struct network *net, size_t l, size_t i, size_t k)
{
	return net->Wt_offset[l] + (k / PANEL * panels_of(net->n[l]) * PANEL + i) * PANEL + k % PANEL;
}

void network_sync(struct network *net)
{
	for (size_t l = 1; l <= net->L; l++)
		for (size_t i = 0; i < net->n[l] && network_has_Wt(net, l); i++)
			for (size_t k = 0; k < net->n[l - 1]; k++)
				net->Wt[Wt_index(net, l, i, k)] = net->params[W_index(net, l, i, k)];
}

void network_get(const struct network *net, size_t l, float *W, float *b)
{
	for (size_t i = 0; i < net->n[l]; i++) {
		for (size_t k = 0; k < net->n[l - 1]; k++)
			W[i * net->n[l - 1] + k] = net->params[W_index(net, l, i, k)];
		b[i] = net->params[net->b_offset[l] + i];
	}
}

void network_set(struct network *net, size_t l, const float *W, const float *b)
{
	for (size_t i = 0; i < net->n[l]; i++) {
		for (size_t k = 0; k < net->n[l - 1]; k++)
			net->params[W_index(net, l, i, k)] = W[i * net->n[l - 1] + k];
		net->params[net->b_offset[l] + i] = b[i];
	}
}

size_t network_front_floats(const struct network *net)
{
	size_t n = net->front.n_numbers * EMBEDDING_PARAMETERS + (net->front.scaling ? net->n[0] : 0) +
	           front_levels(&net->front) * net->front.values + front_edges(&net->front) * PIECEWISE_OUTPUTS;
	for (size_t l = 1; l < net->L && net->front.parametric; l++)
		n += net->n[l];
	return n;
}

/* visit(where a stretch of n values lies in params, n), in the order of network_get_front. */
static void visit_front(const struct network *net, void (*visit)(void *context, size_t at, size_t n), void *context)
{
	const size_t stretches[][2] = {{0, EMBEDDING_FREQUENCIES},
	                               {EMBEDDING_FREQUENCIES, EMBEDDING_FREQUENCIES},
	                               {2 * EMBEDDING_FREQUENCIES, EMBEDDING_OUTPUTS * EMBEDDING_FREQUENCIES},
	                               {(2 + EMBEDDING_OUTPUTS) * EMBEDDING_FREQUENCIES, EMBEDDING_OUTPUTS}};
	for (size_t i = 0; i < sizeof stretches / sizeof *stretches; i++)
		for (size_t j = 0; j < net->front.n_numbers; j++)
			visit(context, net->embedding_offset + j * EMBEDDING_FLOATS + stretches[i][0], stretches[i][1]);
	if (net->front.scaling)
		visit(context, net->scale_offset, net->n[0]);
	if (net->front.n_categories)
		visit(context, net->table_offset, front_levels(&net->front) * net->front.values);
	for (int biases = 0; biases < 2; biases++) /* the bias has the panel before those of the bins */
		for (size_t j = 0; j < net->front.n_binned; j++)
			for (size_t e = net->front.first_edge[j]; e < net->front.first_edge[j + 1]; e++)
				if ((e == net->front.first_edge[j]) == (biases == 1))
					visit(context, net->piecewise_offset + e * PANEL, PIECEWISE_OUTPUTS);
	for (size_t l = 1; l < net->L && net->front.parametric; l++)
		visit(context, net->alpha_offset[l], net->n[l]);
}

struct front_copy {
	float *params, *to;
	const float *from;
};

static void get_stretch(void *context, size_t at, size_t n)
{
	struct front_copy *copy = context;
	memcpy(copy->to, copy->params + at, n * sizeof(float));
	copy->to += n;
}

static void set_stretch(void *context, size_t at, size_t n)
{
	struct front_copy *copy = context;
	memcpy(copy->params + at, copy->from, n * sizeof(float));
	copy->from += n;
}

void network_get_front(const struct network *net, float *values)
{
	visit_front(net, get_stretch, &(struct front_copy){.params = net->params, .to = values});
}

void network_set_front(struct network *net, const float *values)
{
	visit_front(net, set_stretch, &(struct front_copy){.params = net->params, .from = values});
}

/* The largest parameter of layer l by size, 0 for the front; infinity where one is not finite. */
static float largest_of_layer(const struct network *net, size_t l)
{
	const size_t begin = l ? net->W_offset[l] : net->embedding_offset;
	const size_t end = l ? net->b_offset[l] + panels_of(net->n[l]) * PANEL : net->n_floats;
	float largest = 0;
	for (size_t i = begin; i < end; i++) {
		const float size = fabsf(net->params[i]);
		if (!(size <= FLT_MAX))
			return INFINITY;
		if (size > largest)
			largest = size;
	}
	return largest;
}

bool network_is_finite(const struct network *net, const struct kernels *kernels, size_t *layer)
{
	if (isfinite(kernels->sum_squares(net->params, net->n_floats))) /* else some are very large at least */
		return true;
	for (size_t l = 0; l <= net->L; l++)
		if (isinf(largest_of_layer(net, l))) {
			*layer = l;
			return false;
		}
	return true;
}

size_t network_largest_layer(const struct network *net, float *largest)
{
	size_t layer = 1;
	*largest = largest_of_layer(net, 1);
	for (size_t l = 2; l <= net->L; l++) {
		const float size = largest_of_layer(net, l);
		if (size > *largest) {
			*largest = size;
			layer = l;
		}
	}
	return layer;
}
