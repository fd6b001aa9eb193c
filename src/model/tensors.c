/* SPDX-License-Identifier: MIT */
#include "model/tensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TENSOR_NAME 96
#define FRONT_TENSORS (8 + CLN_MAX_HIDDEN)

bool tensors_length(size_t *bytes, const struct architecture *architecture)
{
	const size_t *n = architecture->n, J = architecture->front.n_numbers;
	const size_t inputs = n[0] + front_outputs(&architecture->front); /* n[0], J and the others are at most 2^20 */
	size_t sum = J * EMBEDDING_PARAMETERS + (architecture->front.scaling ? inputs : 0), weights;
	sum += front_edges(&architecture->front) * PIECEWISE_OUTPUTS; /* they are in memory */
	for (size_t l = 1; l < architecture->L && architecture->front.parametric; l++)
		sum += n[l]; /* at most 2^20 each */
	bool fits = size_add(&sum, sum, front_levels(&architecture->front) * architecture->front.values); /* at most 2^22 x 64 */
	for (size_t l = 1; l <= architecture->L && fits; l++)
		fits = size_mul(&weights, n[l], l > 1 ? n[l - 1] : inputs) && size_add(&sum, sum, weights) &&
		       size_add(&sum, sum, n[l]);
	return fits && size_mul(bytes, sum, sizeof(float));
}

/* ---------------------------------------------------------------- which there are */

struct tensor {
	char name[TENSOR_NAME];
	size_t shape[3], n_dims, length;
};

static struct tensor make_tensor(const char *prefix, const char *name, const size_t *shape, size_t n_dims)
{
	struct tensor tensor = {.n_dims = n_dims, .length = 1};
	snprintf(tensor.name, TENSOR_NAME, "%s%s", prefix, name);
	for (size_t i = 0; i < n_dims; i++) {
		tensor.shape[i] = shape[i];
		tensor.length *= shape[i];
	}
	return tensor;
}

/* Layer l's weights and biases. */
static void layer_tensors(struct tensor tensors[2], const char *prefix, const struct network *net, size_t l)
{
	const size_t shape[2] = {net->n[l], net->n[l - 1]};
	char name[TENSOR_NAME];
	snprintf(name, sizeof name, "layers.%zu.weight", l - 1);
	tensors[0] = make_tensor(prefix, name, shape, 2);
	snprintf(name, sizeof name, "layers.%zu.bias", l - 1);
	tensors[1] = make_tensor(prefix, name, shape, 1);
}

/* The front's, in the order of network_get_front; returns how many. */
static size_t front_tensors(struct tensor tensors[FRONT_TENSORS], const char *prefix, const struct network *net)
{
	const size_t binned = net->front.n_binned, bins = front_edges(&net->front) - binned;
	const size_t J = net->front.n_numbers, K = EMBEDDING_FREQUENCIES;
	size_t n = 0;
	if (J) {
		tensors[n++] = make_tensor(prefix, "embedding.frequency", (size_t[]){J, K}, 2);
		tensors[n++] = make_tensor(prefix, "embedding.phase", (size_t[]){J, K}, 2);
		tensors[n++] = make_tensor(prefix, "embedding.weight", (size_t[]){J, EMBEDDING_OUTPUTS, K}, 3);
		tensors[n++] = make_tensor(prefix, "embedding.bias", (size_t[]){J, EMBEDDING_OUTPUTS}, 2);
	}
	if (net->front.scaling)
		tensors[n++] = make_tensor(prefix, "scale", net->n, 1);
	if (net->front.n_categories)
		tensors[n++] = make_tensor(prefix, "category.weight", (size_t[]){front_levels(&net->front), net->front.values}, 2);
	if (binned) {
		tensors[n++] = make_tensor(prefix, "piecewise.weight", (size_t[]){bins, PIECEWISE_OUTPUTS}, 2);
		tensors[n++] = make_tensor(prefix, "piecewise.bias", (size_t[]){binned, PIECEWISE_OUTPUTS}, 2);
	}
	for (size_t l = 1; l < net->L && net->front.parametric; l++) {
		char name[TENSOR_NAME];
		snprintf(name, sizeof name, "layers.%zu.alpha", l - 1);
		tensors[n++] = make_tensor(prefix, name, &net->n[l], 1);
	}
	return n;
}

/* ---------------------------------------------------------------- writing */

void tensors_declare(struct safetensors_writer *writer, const char *prefix, const struct network *net)
{
	struct tensor tensors[FRONT_TENSORS];
	for (size_t l = 1; l <= net->L; l++) {
		layer_tensors(tensors, prefix, net, l);
		for (size_t i = 0; i < 2; i++)
			safetensors_write_tensor(writer, tensors[i].name, tensors[i].shape, tensors[i].n_dims);
	}
	const size_t n = front_tensors(tensors, prefix, net);
	for (size_t i = 0; i < n; i++)
		safetensors_write_tensor(writer, tensors[i].name, tensors[i].shape, tensors[i].n_dims);
}

float *tensors_write(float *to, const struct network *net)
{
	for (size_t l = 1; l <= net->L; l++) {
		float *b = to + net->n[l] * net->n[l - 1];
		network_get(net, l, to, b);
		to = b + net->n[l];
	}
	network_get_front(net, to);
	return to + network_front_floats(net);
}

/* ---------------------------------------------------------------- reading */

/* The floats of some tensors, one after the other, from the file, where they may lie at any address. */
static enum cln_status take(float *values, const struct tensor *tensors, size_t n, bool finite, struct safetensors *file,
                            struct cln_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *data = NULL;
		const enum cln_status status =
		    safetensors_take(&data, file, tensors[i].name, tensors[i].shape, tensors[i].n_dims, err);
		if (status != CLN_OK)
			return status;
		memcpy(values, data, tensors[i].length * sizeof *values);
		for (size_t k = 0; finite && k < tensors[i].length; k++)
			if (!isfinite(values[k]))
				return error_set(err, CLN_E_DAMAGED, "%s has a value that is not a finite number",
				                 tensors[i].name);
		values += tensors[i].length;
	}
	return CLN_OK;
}

static enum cln_status read_layer(struct network *net, size_t l, const char *prefix, bool finite, struct safetensors *file,
                                  struct cln_error *err)
{
	struct tensor tensors[2];
	layer_tensors(tensors, prefix, net, l);
	float *W = mem_alloc(tensors[0].length + tensors[1].length, sizeof *W, err);
	if (!W)
		return CLN_E_MEMORY;
	const enum cln_status status = take(W, tensors, 2, finite, file, err);
	if (status == CLN_OK)
		network_set(net, l, W, W + tensors[0].length);
	mem_free(W);
	return status;
}

static enum cln_status read_front(struct network *net, const char *prefix, bool finite, struct safetensors *file,
                                  struct cln_error *err)
{
	struct tensor tensors[FRONT_TENSORS];
	const size_t n = front_tensors(tensors, prefix, net);
	if (n == 0)
		return CLN_OK;
	float *values = mem_alloc(network_front_floats(net), sizeof *values, err);
	if (!values)
		return CLN_E_MEMORY;
	const enum cln_status status = take(values, tensors, n, finite, file, err);
	if (status == CLN_OK)
		network_set_front(net, values);
	mem_free(values);
	return status;
}

enum cln_status tensors_read(struct network *net, const char *prefix, bool finite, struct safetensors *file, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	for (size_t l = 1; l <= net->L && status == CLN_OK; l++)
		status = read_layer(net, l, prefix, finite, file, err);
	return status == CLN_OK ? read_front(net, prefix, finite, file, err) : status;
}
