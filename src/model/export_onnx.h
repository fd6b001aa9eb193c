/* SPDX-License-Identifier: MIT
 * The parts of an exported ONNX graph: columns to features, features to logits. */
#ifndef MODEL_EXPORT_ONNX_H
#define MODEL_EXPORT_ONNX_H

#include "model/export.h"
#include "model/onnx_graph.h"

/* What a row's cells become.  The features stand in an order of their own; layer 1's weights are put into the same. */
struct onnx_features {
	struct onnx_value X;        /* [N, n]; where n = 0: none */
	size_t n;
	size_t *feature;            /* n: the model's number of each */
	struct onnx_value *levels;  /* [N], int64: the levels' numbers of each of the network's categories */
	size_t n_levels;
};
void onnx_features_free(struct onnx_features *features);

/* The columns that are being worked: some columns of numbers, and lists as long as there are columns or features. */
struct onnx_columns {
	struct onnx_graph *graph;
	const struct pipeline *pipeline;
	const char *const *names;
	struct onnx_features *features;
	const struct pipeline_column **chosen;
	size_t n_chosen;
	int64_t *at;              /* of the chosen ones among all columns of numbers */
	struct onnx_value *parts; /* of X */
	size_t n_parts;
	float *values;
	int64_t *ints;
	const char **texts;
};

/* A part of X; the model's numbers of its features are put down by the caller, one after the other. */
static inline void onnx_add_part(struct onnx_columns *columns, struct onnx_value part)
{
	columns->parts[columns->n_parts++] = part;
}
static inline void onnx_add_feature(struct onnx_columns *columns, size_t feature)
{
	columns->features->feature[columns->features->n++] = feature;
}

/* Those of numbers, with their indicators. */
enum cln_status onnx_add_numbers(struct onnx_columns *columns, struct cln_error *err) CLN_MUST_CHECK;

/* names: of the inputs, a column each, NULL for those that are not used. */
enum cln_status onnx_add_columns(struct onnx_features *features, struct onnx_graph *graph, const struct pipeline *pipeline,
				 const char *const *names, struct cln_error *err) CLN_MUST_CHECK;

/* [N, 1]: Z[L] of one network. */
enum cln_status onnx_add_network(struct onnx_value *logit, struct onnx_graph *graph, const struct network *net,
				 const struct onnx_features *features, struct cln_error *err) CLN_MUST_CHECK;

#endif
