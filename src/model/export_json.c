/* SPDX-License-Identifier: MIT
 * A model as one JSON object: the document of its file, and its weights as numbers that read back as the same floats. */
#include "model/document.h"
#include "model/export.h"

/* Values beginning at `values`, in rows of n_columns within an array of n_rows; n_rows = 0: one row without an array around it. */
static const float *write_rows(struct json_writer *json, const char *key, const float *values, size_t n_rows, size_t n_columns)
{
	if (n_rows)
		json_begin_array(json, key);
	for (size_t i = 0; i < (n_rows ? n_rows : 1); i++) {
		json_begin_array(json, n_rows ? NULL : key);
		for (size_t k = 0; k < n_columns; k++)
			document_write_float(json, *values++);
		json_end_array(json);
	}
	if (n_rows)
		json_end_array(json);
	return values;
}

/* In the order of network_get_front. */
static void write_front(struct json_writer *json, const struct network *net, const float *values)
{
	const struct front *front = &net->front;
	const size_t J = front->n_numbers, K = EMBEDDING_FREQUENCIES;
	if (J) {
		json_begin_object(json, "embedding");
		values = write_rows(json, "frequency", values, J, K);
		values = write_rows(json, "phase", values, J, K);
		json_begin_array(json, "weight");
		for (size_t j = 0; j < J; j++)
			values = write_rows(json, NULL, values, EMBEDDING_OUTPUTS, K);
		json_end_array(json);
		values = write_rows(json, "bias", values, J, EMBEDDING_OUTPUTS);
		json_end_object(json);
	}
	if (front->scaling)
		values = write_rows(json, "scale", values, 0, net->n[0]);
	if (front->n_categories) {
		json_begin_object(json, "category");
		values = write_rows(json, "weight", values, front_levels(front), front->values);
		json_end_object(json);
	}
	if (front->n_binned) {
		json_begin_object(json, "piecewise");
		values = write_rows(json, "weight", values, front_edges(front) - front->n_binned, PIECEWISE_OUTPUTS);
		values = write_rows(json, "bias", values, front->n_binned, PIECEWISE_OUTPUTS);
		json_end_object(json);
	}
	if (!front->parametric)
		return;
	json_begin_array(json, "alpha");
	for (size_t l = 1; l < net->L; l++)
		values = write_rows(json, NULL, values, 0, net->n[l]);
	json_end_array(json);
}

static enum cln_status write_network(struct json_writer *json, const struct network *net, struct cln_error *err)
{
	size_t most = network_front_floats(net);
	for (size_t l = 1; l <= net->L; l++)
		if (net->n[l] * (net->n[l - 1] + 1) > most)
			most = net->n[l] * (net->n[l - 1] + 1);
	float *values = mem_alloc(most, sizeof *values, err);
	if (!values)
		return CLN_E_MEMORY;
	json_begin_object(json, NULL);
	json_begin_array(json, "layers");
	for (size_t l = 1; l <= net->L; l++) {
		network_get(net, l, values, values + net->n[l] * net->n[l - 1]);
		json_begin_object(json, NULL);
		const float *b = write_rows(json, "weight", values, net->n[l], net->n[l - 1]);
		write_rows(json, "bias", b, 0, net->n[l]);
		json_end_object(json);
	}
	json_end_array(json);
	network_get_front(net, values);
	write_front(json, net, values);
	json_end_object(json);
	mem_free(values);
	return CLN_OK;
}

enum cln_status export_json(struct text *out, const struct cln_model *model, struct cln_error *err)
{
	const struct network *networks[CLN_MAX_ENSEMBLE];
	const size_t K = model_networks(networks, model);
	struct json_writer json = {.out = out};
	enum cln_status status = CLN_OK;
	json_begin_object(&json, NULL);
	document_write(&json, model);
	json_begin_array(&json, "networks");
	for (size_t k = 0; k < K && status == CLN_OK; k++)
		status = write_network(&json, networks[k], err);
	json_end_array(&json);
	json_end_object(&json);
	text_add(out, "\n", 1);
	return status == CLN_OK ? text_check(out, err) : status;
}
