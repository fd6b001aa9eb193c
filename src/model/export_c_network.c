/* SPDX-License-Identifier: MIT
 * The networks of an exported C file: their numbers as tables, and one forward pass of one row in the order of the kernels. */
#include <stdio.h>
#include <string.h>

#include "model/export_c.h"

#define ARRAY_NAME 48

/* ---------------------------------------------------------------- numbers */

static void add_indices(struct c_export *c, const char *name, const uint32_t *indices, size_t n)
{
	text_addf(c->out, "static const uint32_t %s[] = {", name);
	for (size_t i = 0; i < n; i++)
		text_addf(c->out, "%s%u", i == 0 ? "" : i % 16 ? ", " : ",\n\t", (unsigned)indices[i]);
	c_add(c, "};\n");
}

/* What all members share: sizes, and which features go into embeddings. */
static void add_shape(struct c_export *c, const struct network *net, size_t K)
{
	const struct front *front = &net->front;
	size_t widest = 0;
	for (size_t l = 0; l <= net->L; l++)
		widest = net->n[l] > widest ? net->n[l] : widest;
	text_addf(c->out, "\n/* ---- the network%s ---- */\n\n", K > 1 ? "s" : "");
	text_addf(c->out, "enum { NETWORKS = %zu, LAYERS = %zu, WIDEST = %zu };\n", K, net->L, widest);
	c_add(c, "static const size_t units[LAYERS + 1] = {");
	for (size_t l = 0; l <= net->L; l++)
		text_addf(c->out, "%s%zu", l ? ", " : "", net->n[l]);
	c_add(c, "};\n");
	if (front->n_numbers) {
		text_addf(c->out, "enum { NUMBERS = %zu, FREQUENCIES = %d, WAVES = %d };\n", front->n_numbers,
			  EMBEDDING_FREQUENCIES, EMBEDDING_OUTPUTS);
		add_indices(c, "embedded", front->numbers, front->n_numbers);
	}
	if (front->n_categories) {
		text_addf(c->out, "enum { TABLES = %zu, VALUES = %zu, FIRST_VALUE = %zu };\n", front->n_categories, front->values,
			  network_first_value(net));
		c_add(c, "static const uint32_t tables[TABLES][3] = { /* feature, rows, first row */\n");
		for (size_t i = 0; i < front->n_categories; i++)
			text_addf(c->out, "\t{%u, %u, %zu},\n", (unsigned)front->categories[i].feature,
				  (unsigned)front->categories[i].n_rows, front->categories[i].first_row);
		c_add(c, "};\n");
	}
	if (front->n_binned) {
		text_addf(c->out, "enum { BINNED = %zu, PIECES = %d, FIRST_PIECE = %zu };\n", front->n_binned, PIECEWISE_OUTPUTS,
			  network_piecewise_row(net));
		add_indices(c, "binned", front->binned, front->n_binned);
		add_indices(c, "first_edge", front->first_edge, front->n_binned + 1);
		c_add_floats(c->out, "edges", front->edges, front_edges(front));
	}
}

/* Network k's. */
static void add_array(struct c_export *c, const char *name, size_t k, const float *values, size_t n)
{
	char array[2 * ARRAY_NAME];
	snprintf(array, sizeof array, "%s_%zu", name, k);
	c_add_floats(c->out, array, values, n);
}

/* W[l] by inputs, so that the loop over units lies side by side; of one unit that is the same. */
static enum cln_status add_layer(struct c_export *c, const struct network *net, size_t k, size_t l, struct cln_error *err)
{
	const size_t n_out = net->n[l], n_in = net->n[l - 1];
	float *W = mem_alloc(n_out * n_in + n_out, sizeof *W, err);
	float *turned = W ? mem_alloc(n_out * n_in, sizeof *turned, err) : NULL;
	char name[ARRAY_NAME];
	if (turned) {
		network_get(net, l, W, W + n_out * n_in);
		for (size_t i = 0; i < n_out; i++)
			for (size_t j = 0; j < n_in; j++)
				turned[j * n_out + i] = W[i * n_in + j];
		snprintf(name, sizeof name, "W_%zu", l);
		add_array(c, name, k, turned, n_out * n_in);
		snprintf(name, sizeof name, "b_%zu", l);
		add_array(c, name, k, W + n_out * n_in, n_out);
	}
	mem_free(W);
	mem_free(turned);
	return turned ? CLN_OK : CLN_E_MEMORY;
}

/* In the order of network_get_front. */
static enum cln_status add_front(struct c_export *c, const struct network *net, size_t k, struct cln_error *err)
{
	const struct front *front = &net->front;
	const size_t J = front->n_numbers, K = EMBEDDING_FREQUENCIES, bins = front_edges(front) - front->n_binned;
	const struct {
		const char *name;
		size_t n;
	} arrays[] = {{"frequency", J * K}, {"phase", J * K}, {"V", J * EMBEDDING_OUTPUTS * K}, {"bias", J * EMBEDDING_OUTPUTS},
		      {"factors", front->scaling ? net->n[0] : 0}, {"values", front_levels(front) * front->values},
		      {"pieces", bins * PIECEWISE_OUTPUTS}, {"pieces_bias", front->n_binned * PIECEWISE_OUTPUTS}};
	float *values = mem_alloc(network_front_floats(net), sizeof *values, err), *next = values;
	if (!values)
		return CLN_E_MEMORY;
	network_get_front(net, values);
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; next += arrays[i++].n)
		if (arrays[i].n)
			add_array(c, arrays[i].name, k, next, arrays[i].n);
	for (size_t l = 1; l < net->L && front->parametric; next += net->n[l++]) {
		char name[ARRAY_NAME];
		snprintf(name, sizeof name, "alpha_%zu", l);
		add_array(c, name, k, next, net->n[l]);
	}
	mem_free(values);
	return CLN_OK;
}

static bool is_bent(const struct network *net) { return net->front.parametric && net->L > 1; }

static void add_type(struct c_export *c, const struct network *net)
{
	const struct front *front = &net->front;
	c_add(c, "\nstruct network {\n\tconst float *W[LAYERS], *b[LAYERS]; /* W: units[l] rows of units[l + 1] */\n");
	c_add(c, is_bent(net) ? "\tconst float *alpha[LAYERS - 1];\n" : "");
	c_add(c, front->n_numbers ? "\tconst float *frequency, *phase, *V, *bias;\n" : "");
	c_add(c, front->scaling ? "\tconst float *factors;\n" : "");
	c_add(c, front->n_categories ? "\tconst float *values;\n" : "");
	c_add(c, front->n_binned ? "\tconst float *pieces, *pieces_bias;\n" : "");
	c_add(c, "};\n");
}

static void add_pointers(struct c_export *c, const char *name, size_t last, size_t k)
{
	c_add(c, "{");
	for (size_t l = 1; l <= last; l++)
		text_addf(c->out, "%s%s_%zu_%zu", l > 1 ? ", " : "", name, l, k);
	c_add(c, "}, ");
}

static void add_table(struct c_export *c, const struct network *net, size_t K)
{
	const struct front *front = &net->front;
	c_add(c, "static const struct network networks[NETWORKS] = {\n");
	for (size_t k = 0; k < K; k++) {
		c_add(c, "\t{");
		add_pointers(c, "W", net->L, k);
		add_pointers(c, "b", net->L, k);
		if (is_bent(net))
			add_pointers(c, "alpha", net->L - 1, k);
		if (front->n_numbers)
			text_addf(c->out, "frequency_%zu, phase_%zu, V_%zu, bias_%zu, ", k, k, k, k);
		if (front->scaling)
			text_addf(c->out, "factors_%zu, ", k);
		if (front->n_categories)
			text_addf(c->out, "values_%zu, ", k);
		if (front->n_binned)
			text_addf(c->out, "pieces_%zu, pieces_bias_%zu, ", k, k);
		c_add(c, "},\n");
	}
	c_add(c, "};\n");
}

/* ---------------------------------------------------------------- the forward pass */

/* The layers' activation by the name of its function. */
static const char *response_name(enum cln_activation activation)
{
	static const char *const names[CLN_N_ACTIVATIONS] = {
	    [CLN_SIGMOID] = "respond_sigmoid", [CLN_TANH] = "respond_tanh", [CLN_RELU] = "respond_relu",
	    [CLN_LEAKY_RELU] = "respond_leaky_relu", [CLN_ELU] = "respond_elu", [CLN_SELU] = "respond_selu",
	    [CLN_GELU] = "respond_gelu", [CLN_SILU] = "respond_silu", [CLN_MISH] = "respond_mish",
	};
	return names[activation];
}

static void add_forward(struct c_export *c, const struct network *net)
{
	const struct front *front = &net->front;
	const char *g = response_name(net->activation);
	c_add(c, "\nstatic float logit(const struct network *net, const float *x)\n{\n\tfloat a[WIDEST], z[WIDEST];\n"
		 "\tsize_t l, i;\n\n\tmemcpy(a, x, FEATURES * sizeof *a);\n");
	c_add(c, front->n_numbers ? "\tembed(a, net);\n" : "");
	c_add(c, front->n_categories ? "\tlook_up(a, net);\n" : "");
	c_add(c, front->n_binned ? "\tpiecewise(a, net);\n" : "");
	c_add(c, front->scaling ? "\tfor (i = 0; i < units[0]; i++)\n\t\ta[i] *= net->factors[i];\n" : "");
	c_add(c, "\tfor (l = 0; l + 1 < LAYERS; l++) {\n\t\tpreactivation(z, net, a, l);\n"
		 "\t\tfor (i = 0; i < units[l + 1]; i++)\n");
	if (is_bent(net))
		text_addf(c->out, "\t\t\ta[i] = fmaf(net->alpha[l][i], %s(z[i]).A - z[i], z[i]);\n", g);
	else
		text_addf(c->out, "\t\t\ta[i] = %s(z[i]).A;\n", g);
	c_add(c, "\t}\n\tpreactivation(z, net, a, LAYERS - 1);\n\treturn z[0];\n}\n");
}

static void add_functions(struct c_export *c, const struct network *net)
{
	const struct front *front = &net->front;
	c_add(c, "\n");
	if (front->n_numbers)
		c_need(c, "embed");
	if (front->n_categories)
		c_need(c, "look_up");
	if (front->n_binned)
		c_need(c, "piecewise");
	c_need(c, "preactivation");
	c_need(c, response_name(net->activation));
	add_forward(c, net);
}

enum cln_status c_add_networks(struct c_export *c, struct cln_error *err)
{
	const struct network *networks[CLN_MAX_ENSEMBLE];
	const size_t K = model_networks(networks, c->model);
	enum cln_status status = CLN_OK;
	add_shape(c, networks[0], K);
	for (size_t k = 0; k < K && status == CLN_OK; k++) {
		for (size_t l = 1; l <= networks[k]->L && status == CLN_OK; l++)
			status = add_layer(c, networks[k], k, l, err);
		if (status == CLN_OK)
			status = add_front(c, networks[k], k, err);
	}
	add_type(c, networks[0]);
	add_table(c, networks[0], K);
	add_functions(c, networks[0]);
	return status;
}
