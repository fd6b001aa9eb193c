/* SPDX-License-Identifier: MIT
 * An ONNX graph under construction: constants, nodes, inputs and outputs, each a value with a name.  Knows onnx.proto and nothing
 * of models.  Memory that cannot be had shows in onnx_graph_end. */
#ifndef MODEL_ONNX_GRAPH_H
#define MODEL_ONNX_GRAPH_H

#include "model/protobuf.h"

#define ONNX_OPSET 13    /* ai.onnx; ONNX 1.8, 2020 */
#define ONNX_ML_OPSET 2  /* ai.onnx.ml */
#define ONNX_IR_VERSION 7

enum onnx_type { ONNX_FLOAT = 1, ONNX_INT64 = 7, ONNX_STRING = 8, ONNX_DOUBLE = 11 };

struct onnx_graph {
	struct text nodes, constants, inputs, outputs; /* fields of GraphProto */
	const char *prefix;                            /* of the names made here; lent */
	size_t n_values;
	bool has_ml; /* an operator of ai.onnx.ml is used */
};

/* An input of the graph by its name, which is lent, or one of the values made here by its number. */
struct onnx_value {
	const char *name;
	size_t number;
};

/* A constant with `n_dims` dimensions (none: a scalar), row-major. */
struct onnx_value onnx_floats(struct onnx_graph *graph, const float *values, const size_t *dims, size_t n_dims);
struct onnx_value onnx_doubles(struct onnx_graph *graph, const double *values, const size_t *dims, size_t n_dims);
struct onnx_value onnx_ints(struct onnx_graph *graph, const int64_t *values, const size_t *dims, size_t n_dims);
struct onnx_value onnx_string(struct onnx_graph *graph, const char *value);
static inline struct onnx_value onnx_float(struct onnx_graph *graph, float value) { return onnx_floats(graph, &value, NULL, 0); }
static inline struct onnx_value onnx_double(struct onnx_graph *graph, double value) { return onnx_doubles(graph, &value, NULL, 0); }
static inline struct onnx_value onnx_int(struct onnx_graph *graph, int64_t value) { return onnx_ints(graph, &value, NULL, 0); }
/* n numbers in one dimension. */
static inline struct onnx_value onnx_list(struct onnx_graph *graph, const int64_t *values, size_t n)
{
	return onnx_ints(graph, values, &n, 1);
}

/* Attributes of a node, one after the other into a text that onnx_node frees. */
void onnx_attribute_int(struct text *attributes, const char *name, int64_t value);
void onnx_attribute_float(struct text *attributes, const char *name, float value);
void onnx_attribute_ints(struct text *attributes, const char *name, const int64_t *values, size_t n);
void onnx_attribute_floats(struct text *attributes, const char *name, const float *values, size_t n);
void onnx_attribute_strings(struct text *attributes, const char *name, const char *const *values, size_t n);

/* A node with one output, which is returned.  attributes: NULL, or used up. */
struct onnx_value onnx_node(struct onnx_graph *graph, const char *op, const struct onnx_value *inputs, size_t n_inputs,
			    struct text *attributes);
struct onnx_value onnx_1(struct onnx_graph *graph, const char *op, struct onnx_value a);
struct onnx_value onnx_2(struct onnx_graph *graph, const char *op, struct onnx_value a, struct onnx_value b);
struct onnx_value onnx_3(struct onnx_graph *graph, const char *op, struct onnx_value a, struct onnx_value b, struct onnx_value c);
struct onnx_value onnx_cast(struct onnx_graph *graph, struct onnx_value a, enum onnx_type to);
struct onnx_value onnx_concat(struct onnx_graph *graph, const struct onnx_value *parts, size_t n); /* side by side */
struct onnx_value onnx_gather(struct onnx_graph *graph, struct onnx_value from, struct onnx_value at, int64_t axis);
struct onnx_value onnx_transpose(struct onnx_graph *graph, struct onnx_value a, const int64_t *order, size_t n);

/* An input or output of shape [N, 1]. */
struct onnx_value onnx_input(struct onnx_graph *graph, const char *name, enum onnx_type type, const char *description);
void onnx_output(struct onnx_graph *graph, struct onnx_value value, const char *name, enum onnx_type type, const char *description);

void onnx_graph_free(struct onnx_graph *graph);

/* Appends the whole ModelProto.  metadata: n pairs of key and value. */
struct onnx_metadata {
	const char *key, *value;
};
enum cln_status onnx_graph_end(struct text *out, struct onnx_graph *graph, const char *description,
			       const struct onnx_metadata *metadata, size_t n, struct cln_error *err) CLN_MUST_CHECK;

#endif
