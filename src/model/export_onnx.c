/* SPDX-License-Identifier: MIT
 * A model as an ONNX graph of standard operators, from the cells of a row to its probability and prediction. */
#include <float.h>
#include <string.h>

#include "base/number.h"
#include "model/export_onnx.h"

/* ---------------------------------------------------------------- names */

/* A name that no used column has: `wanted`, or that with as many '_' behind it as it takes. */
static enum cln_status free_name(char **name, const char *wanted, const char *const *names, size_t n, struct cln_error *err)
{
	struct text text = {0};
	bool found = true;
	text_addf(&text, "%s", wanted);
	while (found && !text.failed) {
		found = false;
		for (size_t c = 0; c < n && !found; c++)
			found = names[c] && strcmp(names[c], text.bytes) == 0;
		if (found)
			text_add(&text, "_", 1);
	}
	*name = text.bytes;
	return text_check(&text, err);
}

/* A beginning that no column's name has. */
static enum cln_status free_prefix(char **prefix, const char *const *names, size_t n, struct cln_error *err)
{
	struct text text = {0};
	bool found = true;
	text_addf(&text, "colonnade/");
	while (found && !text.failed) {
		found = false;
		for (size_t c = 0; c < n && !found; c++)
			found = names[c] && strncmp(names[c], text.bytes, text.length) == 0;
		if (found)
			text_add(&text, "/", 1);
	}
	*prefix = text.bytes;
	return text_check(&text, err);
}

struct names {
	const char **columns; /* lent by the pipeline; NULL: not used */
	char *unnamed;        /* ONNX has no empty name */
	char *prefix, *probability, *prediction;
};

static enum cln_status create_names(struct names *names, const struct pipeline *pipeline, struct cln_error *err)
{
	const size_t n = pipeline->n_columns;
	size_t empty = n;
	names->columns = mem_alloc(n, sizeof *names->columns, err);
	if (!names->columns)
		return CLN_E_MEMORY;
	for (size_t c = 0; c < n; c++) {
		if (pipeline->columns[c].n_features > 0)
			names->columns[c] = pipeline->columns[c].name;
		if (names->columns[c] && *names->columns[c] == '\0')
			empty = c;
	}
	enum cln_status status = CLN_OK;
	if (empty < n)
		status = free_name(&names->unnamed, "unnamed", names->columns, n, err);
	if (empty < n && status == CLN_OK)
		names->columns[empty] = names->unnamed;
	if (status == CLN_OK)
		status = free_prefix(&names->prefix, names->columns, n, err);
	if (status == CLN_OK)
		status = free_name(&names->probability, "probability", names->columns, n, err);
	if (status == CLN_OK)
		status = free_name(&names->prediction, "prediction", names->columns, n, err);
	return status;
}

static void free_names(struct names *names)
{
	mem_free(names->columns);
	mem_free(names->unnamed);
	mem_free(names->prefix);
	mem_free(names->probability);
	mem_free(names->prediction);
}

/* ---------------------------------------------------------------- from logits to the prediction */

/* log(sum), as api/scores.c has it. */
static struct onnx_value log_of_sum(struct onnx_graph *g, const struct onnx_value *terms, size_t n)
{
	const struct onnx_value sum = onnx_node(g, "Sum", terms, n, NULL);
	return onnx_1(g, "Log", onnx_2(g, "Max", sum, onnx_double(g, DBL_MIN)));
}

static struct onnx_value calibrated(struct onnx_graph *g, struct onnx_value logit, double T)
{
	return onnx_1(g, "Sigmoid", T == 1 ? logit : onnx_2(g, "Div", logit, onnx_double(g, T)));
}

/* In double: the sigmoid of one logit; or the mean of the members' probabilities, each rounded to float; or, with a temperature, by
 * way of the logit of the mean. */
static struct onnx_value probability_of(struct onnx_graph *g, const struct onnx_value *logits, size_t K, double T)
{
	struct onnx_value terms[CLN_MAX_ENSEMBLE], others[CLN_MAX_ENSEMBLE];
	if (K == 1)
		return calibrated(g, onnx_cast(g, logits[0], ONNX_DOUBLE), T);
	for (size_t k = 0; k < K; k++) {
		const struct onnx_value z = onnx_cast(g, logits[k], ONNX_DOUBLE);
		terms[k] = onnx_1(g, "Sigmoid", z);
		if (T == 1)
			terms[k] = onnx_cast(g, onnx_cast(g, terms[k], ONNX_FLOAT), ONNX_DOUBLE);
		else
			others[k] = onnx_1(g, "Sigmoid", onnx_1(g, "Neg", z));
	}
	if (T == 1)
		return onnx_2(g, "Div", onnx_node(g, "Sum", terms, K, NULL), onnx_double(g, (double)K));
	const struct onnx_value logit = onnx_2(g, "Sub", log_of_sum(g, terms, K), log_of_sum(g, others, K));
	return calibrated(g, onnx_cast(g, onnx_cast(g, logit, ONNX_FLOAT), ONNX_DOUBLE), T);
}

static void add_outputs(struct onnx_graph *g, const struct cln_model *model, struct onnx_value in_double, const struct names *names)
{
	const struct onnx_value p = onnx_cast(g, in_double, ONNX_FLOAT);
	const struct onnx_value threshold = onnx_double(g, model->threshold);
	const struct onnx_value positive = onnx_2(g, "GreaterOrEqual", onnx_cast(g, p, ONNX_DOUBLE), threshold);
	const struct onnx_value prediction = onnx_3(g, "Where", positive, onnx_string(g, model->label.positive),
						    onnx_string(g, model->label.negative));
	onnx_output(g, p, names->probability, ONNX_FLOAT, "the probability of the label's positive value");
	onnx_output(g, prediction, names->prediction, ONNX_STRING,
		    "the positive value where the probability is at least the threshold, else the negative one");
}

/* ---------------------------------------------------------------- all of it */

static enum cln_status end_graph(struct text *out, struct onnx_graph *graph, const struct cln_model *model, struct cln_error *err)
{
	char threshold[NUMBER_TEXT];
	const struct onnx_metadata metadata[] = {
	    {"colonnade_version", CLN_VERSION},      {"label", model->label.column},  {"negative", model->label.negative},
	    {"positive", model->label.positive}, {"threshold", threshold},
	};
	number_from_double(threshold, model->threshold);
	return onnx_graph_end(out, graph,
			      "Inputs are the columns of a table, [N, 1] each: a number that is missing is NaN, a text that is "
			      "missing is the empty string.",
			      metadata, sizeof metadata / sizeof *metadata, err);
}

enum cln_status export_onnx(struct text *out, const struct cln_model *model, struct cln_error *err)
{
	const struct network *networks[CLN_MAX_ENSEMBLE];
	const size_t K = model_networks(networks, model);
	struct onnx_value logits[CLN_MAX_ENSEMBLE];
	struct onnx_features features = {0};
	struct onnx_graph graph = {0};
	struct names names = {0};
	enum cln_status status = create_names(&names, model->pipeline, err);
	graph.prefix = names.prefix;
	if (status == CLN_OK)
		status = onnx_add_columns(&features, &graph, model->pipeline, names.columns, err);
	for (size_t k = 0; k < K && status == CLN_OK; k++)
		status = onnx_add_network(&logits[k], &graph, networks[k], &features, err);
	if (status == CLN_OK) {
		add_outputs(&graph, model, probability_of(&graph, logits, K, model_temperature(model)), &names);
		status = end_graph(out, &graph, model, err);
	}
	onnx_graph_free(&graph);
	onnx_features_free(&features);
	free_names(&names);
	return status;
}
